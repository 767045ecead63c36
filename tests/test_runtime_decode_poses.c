/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/decode/poses.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/graph.h"

#define MOST 3
#define JOINTS ATOLL_POSE_JOINTS

/* A PoseNet's outputs without a session, of an input of 100 rows and 200 columns. */
struct outputs {
	float place[MOST][JOINTS][2], joint_score[MOST][JOINTS], score[MOST], count;
	struct atoll_tensor tensor[4];
	struct atoll_poses poses;
};

static void lay(struct outputs *o)
{
	const size_t elements[] = { MOST * JOINTS * 2, MOST * JOINTS, MOST, 1 };
	float *const data[] = { &o->place[0][0][0], &o->joint_score[0][0], o->score,
				&o->count };

	for (int i = 0; i < 4; i++)
		o->tensor[i] = (struct atoll_tensor){ .name = "", .type = ATOLL_FLOAT32,
			.elements = elements[i], .bytes = 4 * elements[i], .data = data[i] };
	o->poses = (struct atoll_poses){
		.place = &o->tensor[0], .joint_score = &o->tensor[1],
		.score = &o->tensor[2], .count = &o->tensor[3],
		.width = 200, .height = 100 };
}

/* Three people, the second the surest; joint k of person p in column 10 p + k. */
static struct outputs *three(struct outputs *o)
{
	*o = (struct outputs){ .score = { 0.25f, 0.75f, 0.25f }, .count = 3 };
	for (int p = 0; p < MOST; p++)
		for (int k = 0; k < JOINTS; k++) {
			o->place[p][k][0] = (float)(50 + k);
			o->place[p][k][1] = (float)(10 * p + k);
			o->joint_score[p][k] = (float)k / 16;
		}
	lay(o);
	return o;
}

static void pixels_become_parts_of_the_input(void **state)
{
	struct atoll_pose pose[MOST];
	struct outputs o;

	(void)state;
	three(&o)->count = 1;
	o.place[0][0][0] = 0; /* the middle of the first row's and column's pixels */
	o.place[0][0][1] = 0;
	o.place[0][16][0] = 99;
	o.place[0][16][1] = 199;
	assert_int_equal(atoll_poses_read(&o.poses, 0, pose, MOST), 1);
	assert_float_equal(pose[0].joint[0].y, 0.005, 1e-6);
	assert_float_equal(pose[0].joint[0].x, 0.0025, 1e-6);
	assert_float_equal(pose[0].joint[16].y, 0.995, 1e-6);
	assert_float_equal(pose[0].joint[16].x, 0.9975, 1e-6);
	assert_float_equal(pose[0].joint[4].y, 0.545, 1e-6);
	assert_float_equal(pose[0].joint[4].x, 0.0225, 1e-6);
	assert_true(pose[0].joint[4].score == 0.25f);
	assert_true(pose[0].score == 0.25f);
}

static void the_surest_pose_comes_first_and_equal_ones_stay_in_order(void **state)
{
	struct atoll_pose pose[MOST];
	struct outputs o;

	(void)state;
	assert_int_equal(atoll_poses_read(&three(&o)->poses, 0, pose, MOST), 3);
	assert_float_equal(pose[0].joint[0].x, 10.5 / 200, 1e-6);
	assert_float_equal(pose[1].joint[0].x, 0.5 / 200, 1e-6);
	assert_float_equal(pose[2].joint[0].x, 20.5 / 200, 1e-6);
	assert_int_equal(atoll_poses_read(&o.poses, 0.5f, pose, MOST), 1);
	assert_int_equal(atoll_poses_read(&o.poses, 0, pose, 2), 2);
	assert_int_equal(atoll_poses_read(&o.poses, 0, NULL, 0), 0);
}

static void what_lies_behind_the_count_is_not_read(void **state)
{
	static const struct {
		float count;
		uint32_t found;
	} cases[] = {
		{ 0, 0 }, { 2, 2 }, { 3, 3 }, { 4, 3 }, { INFINITY, 3 }, { -1, 0 },
		{ NAN, 0 },
	};
	struct atoll_pose pose[MOST];
	struct outputs o;

	(void)state;
	three(&o);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		o.count = cases[i].count;
		assert_int_equal(atoll_poses_read(&o.poses, 0, pose, MOST), cases[i].found);
	}
}

static void assert_left_out(struct outputs *o, float *number, float value)
{
	struct atoll_pose pose[MOST];
	float before = *number;

	*number = value;
	assert_int_equal(atoll_poses_read(&o->poses, 0, pose, MOST), 2);
	assert_true(pose[0].score == 0.25f);
	*number = before;
}

static void a_pose_with_something_that_is_no_number_is_left_out(void **state)
{
	struct outputs o;

	(void)state;
	three(&o);
	assert_left_out(&o, &o.score[1], NAN);
	assert_left_out(&o, &o.joint_score[1][16], NAN);
	assert_left_out(&o, &o.place[1][0][0], INFINITY);
	assert_left_out(&o, &o.place[1][16][1], NAN);
}

/* MoveNet: down, right and score, as parts of the input already. */
static void movenet_has_one_person_whose_score_is_the_mean(void **state)
{
	float values[JOINTS][3];
	struct atoll_tensor place = {
		.name = "", .type = ATOLL_FLOAT32, .elements = JOINTS * 3, .data = values };
	const struct atoll_poses poses = { .place = &place, .width = 192, .height = 192 };
	struct atoll_pose pose[2];

	(void)state;
	for (int k = 0; k < JOINTS; k++) {
		values[k][0] = 0.5f;
		values[k][1] = (float)k / 32;
		values[k][2] = (float)k / 16;
	}
	assert_int_equal(atoll_poses_read(&poses, 0.5f, pose, 2), 1);
	assert_true(pose[0].score == 0.5f);
	for (int k = 0; k < JOINTS; k++) {
		assert_true(pose[0].joint[k].y == 0.5f);
		assert_true(pose[0].joint[k].x == (float)k / 32);
		assert_true(pose[0].joint[k].score == (float)k / 16);
	}
	assert_int_equal(atoll_poses_read(&poses, 0.51f, pose, 2), 0);
	values[3][1] = NAN;
	assert_int_equal(atoll_poses_read(&poses, 0, pose, 2), 0);
}

/* The joints that bones lead to from `joint`, a bit for each. */
static uint32_t reached_from(int joint)
{
	uint32_t reached = 1u << joint;

	for (int round = 0; round < ATOLL_POSE_BONES; round++)
		for (int b = 0; b < ATOLL_POSE_BONES; b++) {
			uint32_t ends = 1u << atoll_pose_bone[b][0] |
					1u << atoll_pose_bone[b][1];

			if (reached & ends)
				reached |= ends;
		}
	return reached;
}

/* No bone joins a face to its shoulders. */
static void joints_have_names_and_bones_join_a_face_and_a_body(void **state)
{
	(void)state;
	assert_string_equal(atoll_pose_joint_name(0), "nose");
	assert_string_equal(atoll_pose_joint_name(9), "left wrist");
	assert_string_equal(atoll_pose_joint_name(16), "right ankle");
	assert_null(atoll_pose_joint_name(17));
	assert_int_equal(reached_from(0), 0x0001f);
	assert_int_equal(reached_from(5), 0x1ffe0);
}

/* A model that hands its input through as an output of this shape. */
static int find_in(enum atoll_type type, uint32_t rank, const int32_t *dims,
		   struct atoll_poses *poses, struct atoll_error *err)
{
	struct atoll_builder_tensor in = { .type = type, .rank = 4, .dims = { 1, 3, 17, 1 } };
	struct atoll_builder_tensor out = { .type = type, .rank = rank };
	const struct atoll_builder_option shape[] = {
		{ .kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE, .count = rank,
		  .is = dims },
	};
	struct graph g = graph_new();
	int32_t from, to;
	int r;

	memcpy(out.dims, dims, rank * sizeof(*dims));
	from = graph_input(&g, &in);
	to = graph_output(&g, &out);
	graph_operator(&g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 1, shape, 1, &from, 1, &to);
	graph_open(&g);
	r = atoll_poses_find(g.session, poses, err);
	if (r == 0) {
		assert_ptr_equal(poses->place, graph_info(&g, to));
		assert_null(poses->score);
	}
	graph_free(&g);
	return r;
}

static void movenet_is_known_by_the_shape_of_its_output(void **state)
{
	struct atoll_poses poses = { 0 };
	struct atoll_error err;

	(void)state;
	assert_int_equal(find_in(ATOLL_FLOAT32, 4, (int32_t[]){ 1, 1, 17, 3 }, &poses, NULL),
			 0);
	assert_int_equal(poses.height, 3);
	assert_int_equal(poses.width, 17);
	assert_int_equal(find_in(ATOLL_FLOAT32, 4, (int32_t[]){ 1, 17, 1, 3 }, &poses, &err),
			 -ENOTSUP);
	assert_string_equal(err.text, "outputs float32 1x17x1x3 are not those of "
			    "PosenetDecoderOp, nor float32 1x1x17x3 as MoveNet has");
	assert_int_equal(find_in(ATOLL_INT32, 4, (int32_t[]){ 1, 1, 17, 3 }, &poses, &err),
			 -ENOTSUP);
	assert_int_equal(find_in(ATOLL_FLOAT32, 2, (int32_t[]){ 1, 51 }, &poses, &err),
			 -ENOTSUP);
}

static struct atoll_session *open_file(const char *file, struct atoll_model **model)
{
	struct atoll_error err;
	struct atoll_session *session;

	*model = atoll_model_load(check_data_path("models/%s", file), &err);
	assert_non_null(*model);
	session = atoll_session_open(*model, NULL, &err);
	assert_non_null(session);
	return session;
}

static void posenet_is_known_by_its_operator(void **state)
{
	struct atoll_model *model;
	struct atoll_session *session =
		open_file("posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite", &model);
	struct atoll_poses poses;

	(void)state;
	assert_int_equal(atoll_poses_find(session, &poses, NULL), 0);
	assert_int_equal(poses.width, 481);
	assert_int_equal(poses.height, 353);
	assert_int_equal(poses.place->rank, 4);
	assert_int_equal(poses.place->dims[2], JOINTS);
	assert_int_equal(poses.joint_score->dims[2], JOINTS);
	assert_int_equal(poses.score->elements, poses.place->dims[1]);
	assert_int_equal(poses.count->elements, 1);
	atoll_session_close(session);
	atoll_model_free(model);
}

static void the_published_movenet_is_known(void **state)
{
	struct atoll_model *model;
	struct atoll_session *session =
		open_file("movenet_single_pose_lightning_ptq.tflite", &model);
	struct atoll_poses poses;

	(void)state;
	assert_int_equal(atoll_poses_find(session, &poses, NULL), 0);
	assert_null(poses.count);
	atoll_session_close(session);
	atoll_model_free(model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pixels_become_parts_of_the_input),
		cmocka_unit_test(the_surest_pose_comes_first_and_equal_ones_stay_in_order),
		cmocka_unit_test(what_lies_behind_the_count_is_not_read),
		cmocka_unit_test(a_pose_with_something_that_is_no_number_is_left_out),
		cmocka_unit_test(movenet_has_one_person_whose_score_is_the_mean),
		cmocka_unit_test(joints_have_names_and_bones_join_a_face_and_a_body),
		cmocka_unit_test(movenet_is_known_by_the_shape_of_its_output),
		cmocka_unit_test(posenet_is_known_by_its_operator),
		cmocka_unit_test(the_published_movenet_is_known),
	};

	return CHECK_RUN(tests);
}
