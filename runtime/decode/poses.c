/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/decode/poses.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "runtime/decode/best.h"
#include "runtime/decode/outputs.h"

/* COCO's keypoints. */
enum {
	NOSE, LEFT_EYE, RIGHT_EYE, LEFT_EAR, RIGHT_EAR, LEFT_SHOULDER, RIGHT_SHOULDER,
	LEFT_ELBOW, RIGHT_ELBOW, LEFT_WRIST, RIGHT_WRIST, LEFT_HIP, RIGHT_HIP, LEFT_KNEE,
	RIGHT_KNEE, LEFT_ANKLE, RIGHT_ANKLE,
};

ATOLL_API const uint8_t atoll_pose_bone[ATOLL_POSE_BONES][2] = {
	{ NOSE, LEFT_EYE }, { NOSE, RIGHT_EYE },
	{ LEFT_EYE, LEFT_EAR }, { RIGHT_EYE, RIGHT_EAR },
	{ LEFT_SHOULDER, RIGHT_SHOULDER },
	{ LEFT_SHOULDER, LEFT_ELBOW }, { LEFT_ELBOW, LEFT_WRIST },
	{ RIGHT_SHOULDER, RIGHT_ELBOW }, { RIGHT_ELBOW, RIGHT_WRIST },
	{ LEFT_SHOULDER, LEFT_HIP }, { RIGHT_SHOULDER, RIGHT_HIP },
	{ LEFT_HIP, RIGHT_HIP },
	{ LEFT_HIP, LEFT_KNEE }, { LEFT_KNEE, LEFT_ANKLE },
	{ RIGHT_HIP, RIGHT_KNEE }, { RIGHT_KNEE, RIGHT_ANKLE },
};

ATOLL_API const char *atoll_pose_joint_name(uint32_t joint)
{
	static const char *const names[ATOLL_POSE_JOINTS] = {
		"nose", "left eye", "right eye", "left ear", "right ear",
		"left shoulder", "right shoulder", "left elbow", "right elbow",
		"left wrist", "right wrist", "left hip", "right hip", "left knee",
		"right knee", "left ankle", "right ankle",
	};

	return joint < ATOLL_POSE_JOINTS ? names[joint] : NULL;
}

static bool is_movenet(const struct atoll_session *session)
{
	const struct atoll_tensor *output = atoll_session_output(session, 0);

	return atoll_session_outputs(session) == 1 && output->type == ATOLL_FLOAT32 &&
	       output->rank == 4 && output->dims[0] == 1 && output->dims[1] == 1 &&
	       output->dims[2] == ATOLL_POSE_JOINTS && output->dims[3] == 3;
}

/* The input's size, which PoseNet's pixels are counted in. */
static bool read_size(const struct atoll_session *session, struct atoll_poses *poses)
{
	/* Only looked at: the session's inputs are its owner's to write. */
	const struct atoll_tensor *input =
		atoll_session_input((struct atoll_session *)(uintptr_t)session, 0);

	if (!input || input->rank != 4 || input->dims[1] < 1 || input->dims[2] < 1)
		return false;
	poses->height = input->dims[1];
	poses->width = input->dims[2];
	return true;
}

ATOLL_API int atoll_poses_find(const struct atoll_session *session,
			       struct atoll_poses *poses, struct atoll_error *err)
{
	const struct atoll_tensor *output[4];
	struct atoll_poses found = { 0 };
	char text[ATOLL_OUTPUTS_TEXT];

	if (is_movenet(session))
		found.place = atoll_session_output(session, 0);
	else if (decode_outputs_of(session, "PosenetDecoderOp", 4, output, NULL) == 0)
		found = (struct atoll_poses){ .place = output[0], .joint_score = output[1],
					      .score = output[2], .count = output[3] };
	else
		return atoll_error_set(err, -ENOTSUP, "outputs %s are not those of "
			"PosenetDecoderOp, nor float32 1x1x17x3 as MoveNet has",
			atoll_outputs_text(session, text));
	if (!read_size(session, &found))
		return atoll_error_set(err, -ENOTSUP, "input 0 is not a picture");
	*poses = found;
	return 0;
}

/* Pixel 0 lies half a pixel from the edge. */
static void read_posenet(const struct atoll_poses *poses, size_t i, struct atoll_pose *pose)
{
	const float *place = (const float *)poses->place->data + i * ATOLL_POSE_JOINTS * 2;
	const float *score = (const float *)poses->joint_score->data + i * ATOLL_POSE_JOINTS;

	pose->score = ((const float *)poses->score->data)[i];
	for (int k = 0; k < ATOLL_POSE_JOINTS; k++)
		pose->joint[k] = (struct atoll_joint){
			.y = (place[2 * k] + 0.5f) / (float)poses->height,
			.x = (place[2 * k + 1] + 0.5f) / (float)poses->width,
			.score = score[k],
		};
}

static void read_movenet(const struct atoll_poses *poses, struct atoll_pose *pose)
{
	const float *place = poses->place->data;
	float sum = 0;

	for (int k = 0; k < ATOLL_POSE_JOINTS; k++) {
		pose->joint[k] = (struct atoll_joint){
			.y = place[3 * k], .x = place[3 * k + 1], .score = place[3 * k + 2] };
		sum += pose->joint[k].score;
	}
	pose->score = sum / ATOLL_POSE_JOINTS;
}

static bool is_finite(const struct atoll_pose *pose)
{
	bool is = isfinite(pose->score);

	for (int k = 0; k < ATOLL_POSE_JOINTS; k++)
		is = is && isfinite(pose->joint[k].x) && isfinite(pose->joint[k].y) &&
		     isfinite(pose->joint[k].score);
	return is;
}

ATOLL_API uint32_t atoll_poses_read(const struct atoll_poses *poses, float threshold,
				    struct atoll_pose *pose, uint32_t room)
{
	float meant = poses->count ? *(const float *)poses->count->data : 1;
	size_t most = poses->score ? poses->score->elements : 1;
	struct best best = BEST(pose, room, score);

	for (size_t i = 0; i < most && (float)i < meant; i++) {
		struct atoll_pose candidate;

		if (poses->score)
			read_posenet(poses, i, &candidate);
		else
			read_movenet(poses, &candidate);
		if (is_finite(&candidate) && candidate.score >= threshold)
			best_offer(&best, &candidate);
	}
	return best.count;
}
