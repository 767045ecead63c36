/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DECODE_POSES_H
#define ATOLL_RUNTIME_DECODE_POSES_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/session.h"

/*
 * People and their joints: the outputs of a PoseNet with its decoder operator, or
 * of MoveNet (one person).
 *
 *	struct atoll_poses poses;
 *	struct atoll_pose pose[10];
 *
 *	if (atoll_poses_find(session, &poses, &err) < 0)
 *		return fprintf(stderr, "%s\n", err.text), 1;
 *	found = atoll_poses_read(&poses, 0.2f, pose, 10);
 */
#define ATOLL_POSE_JOINTS 17
#define ATOLL_POSE_BONES 16

struct atoll_pose {
	float score;            /* MoveNet: the mean of the joints' */
	struct atoll_joint {
		float x, y;     /* 0..1 of the input's width and height; may lie a
				   little outside */
		float score;    /* how sure the model is that it can be seen */
	} joint[ATOLL_POSE_JOINTS]; /* in COCO's order, nose first */
};

/*
 * Which output is which; all float32. Of MoveNet there is only `place`.
 *
 *	             PoseNet           MoveNet
 *	place        [1][most][17][2]  [1][1][17][3]
 *	             y, x in pixels    y, x in 0..1, score
 *	joint_score  [1][most][17]
 *	score        [1][most]
 *	count        [1]
 */
struct atoll_poses {
	const struct atoll_tensor *place, *joint_score, *score, *count;
	int32_t width, height; /* of the input, pixels */
};

/* 0, or -ENOTSUP with what the outputs look like instead. Lives as long as the
   session. */
int atoll_poses_find(const struct atoll_session *session, struct atoll_poses *poses,
		     struct atoll_error *err);

/* Up to `room` poses of at least `threshold`, best first, equal ones in the
   operator's order. How many. Poses with something that is not a number are never
   among them. */
uint32_t atoll_poses_read(const struct atoll_poses *poses, float threshold,
			  struct atoll_pose *pose, uint32_t room);

/* "nose" .. "right ankle". NULL past the end. */
const char *atoll_pose_joint_name(uint32_t joint);

/* The two joints each bone joins. */
extern const uint8_t atoll_pose_bone[ATOLL_POSE_BONES][2];

#endif
