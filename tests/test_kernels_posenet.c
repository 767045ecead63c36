/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/flatc.h"

/*
 * People are painted into the fields a PoseNet would give, as a network that
 * had learned perfectly: within REACH cells of a keypoint the heat falls off and
 * the offsets lead exactly to where they should.
 */
#define H 23
#define W 31
#define STRIDE 16
#define KEYPOINTS 17
#define EDGES 16
#define REACH 2
#define COLD -12.0f

#define OPTIONS "{ max_detections: 3, nms_radius: 8.0, score_threshold: 0.2, stride: 16 }"

/* The PersonLab tree over COCO keypoints, restated by name. */
enum { NOSE, L_EYE, R_EYE, L_EAR, R_EAR, L_SHOULDER, R_SHOULDER, L_ELBOW, R_ELBOW,
       L_WRIST, R_WRIST, L_HIP, R_HIP, L_KNEE, R_KNEE, L_ANKLE, R_ANKLE };

static const int tree[EDGES][2] = {
	{ NOSE, L_EYE }, { L_EYE, L_EAR }, { NOSE, R_EYE }, { R_EYE, R_EAR },
	{ NOSE, L_SHOULDER }, { L_SHOULDER, L_ELBOW }, { L_ELBOW, L_WRIST },
	{ L_SHOULDER, L_HIP }, { L_HIP, L_KNEE }, { L_KNEE, L_ANKLE },
	{ NOSE, R_SHOULDER }, { R_SHOULDER, R_ELBOW }, { R_ELBOW, R_WRIST },
	{ R_SHOULDER, R_HIP }, { R_HIP, R_KNEE }, { R_KNEE, R_ANKLE },
};

struct person {
	float at[KEYPOINTS][2]; /* y, x in pixels */
	float heat[KEYPOINTS];
	float slope;            /* what the heat loses per cell */
};

struct fields {
	float heat[H][W][KEYPOINTS];
	float near[H][W][2][KEYPOINTS];
	float far[H][W][2][2][EDGES]; /* along and against; down and right */
};

/* Upright, 250 pixels tall, its middle in the given column. */
static struct person standing(float x, float heat)
{
	static const float body[KEYPOINTS][2] = {
		{ 50.5f, 1 }, { 42, 10 }, { 41, -9 }, { 47.25f, 20 }, { 46, -19 },
		{ 83, 35 }, { 84, -34 }, { 125, 47 }, { 127, -46 }, { 165, 44 },
		{ 168, -41 }, { 170, 21 }, { 171, -20 }, { 230, 23 }, { 232, -24 },
		{ 297, 25 }, { 300, -22 },
	};
	struct person person = { .slope = 1 };

	for (int k = 0; k < KEYPOINTS; k++) {
		person.at[k][0] = body[k][0];
		person.at[k][1] = body[k][1] + x;
		person.heat[k] = heat;
	}
	return person;
}

static struct fields empty_fields(void)
{
	static struct fields fields;

	memset(&fields, 0, sizeof(fields));
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			for (int k = 0; k < KEYPOINTS; k++)
				fields.heat[y][x][k] = COLD;
	return fields;
}

/* Call for each cell around the keypoint. */
static void paint_around(struct fields *f, const struct person *p, int k, int y, int x)
{
	float dy = p->at[k][0] - (float)(y * STRIDE), dx = p->at[k][1] - (float)(x * STRIDE);

	f->heat[y][x][k] = p->heat[k] - p->slope * hypotf(dy, dx) / STRIDE;
	f->near[y][x][0][k] = dy;
	f->near[y][x][1][k] = dx;
	for (int e = 0; e < EDGES; e++)
		for (int back = 0; back < 2; back++) {
			int other = tree[e][!back];

			if (tree[e][back] != k)
				continue;
			f->far[y][x][back][0][e] = p->at[other][0] - p->at[k][0];
			f->far[y][x][back][1][e] = p->at[other][1] - p->at[k][1];
		}
}

static void paint(struct fields *f, const struct person *p)
{
	for (int k = 0; k < KEYPOINTS; k++) {
		int y = (int)lroundf(p->at[k][0] / STRIDE);
		int x = (int)lroundf(p->at[k][1] / STRIDE);

		for (int v = y - REACH; v <= y + REACH; v++)
			for (int u = x - REACH; u <= x + REACH; u++)
				if (v >= 0 && v < H && u >= 0 && u < W)
					paint_around(f, p, k, v, u);
	}
}

static void new_posenet(struct single *s, bool is_quantized, const char *json)
{
	enum atoll_type type = is_quantized ? ATOLL_UINT8 : ATOLL_FLOAT32;
	size_t size;

	single_new(s, BUILTIN_CUSTOM, 0);
	s->op.custom = "PosenetDecoderOp";
	s->op.custom_options = flatc_binary(NULL, json, &size);
	s->op.custom_options_bytes = size;
	s->scale = 0.0625f;
	s->zero_point = 192;
	single_input(s, type, 4, (int32_t[]){ 1, H, W, KEYPOINTS });
	s->scale = 0.5f;
	s->zero_point = 128;
	single_input(s, type, 4, (int32_t[]){ 1, H, W, 2 * KEYPOINTS });
	s->scale = 1;
	single_input(s, type, 4, (int32_t[]){ 1, H, W, 4 * EDGES });
	for (int i = 0; i < 4; i++)
		single_output(s, ATOLL_FLOAT32);
}

static void free_posenet(struct single *s)
{
	free((void *)(uintptr_t)s->op.custom_options);
	single_free(s);
}

/* Feed the fields, quantized if the model is, and run. */
static void decode(struct single *s, const struct fields *fields)
{
	const float *values[] = { &fields->heat[0][0][0], &fields->near[0][0][0][0],
				  &fields->far[0][0][0][0][0] };

	for (uint32_t i = 0; i < 3; i++) {
		struct atoll_tensor *in = atoll_session_input(s->graph.session, i);

		for (size_t k = 0; k < in->elements; k++) {
			float q = roundf(values[i][k] / in->quant.scale) +
				  (float)in->quant.zero_point;

			if (in->type == ATOLL_FLOAT32)
				((float *)in->data)[k] = values[i][k];
			else
				((uint8_t *)in->data)[k] = (uint8_t)fminf(fmaxf(q, 0), 255);
		}
	}
	graph_run(&s->graph);
}

static int poses(const struct single *s)
{
	return (int)*(const float *)s->out[3]->data;
}

static void assert_pose(const struct single *s, int pose, const struct person *p,
			double tolerance)
{
	const float *at = (const float *)s->out[0]->data + pose * KEYPOINTS * 2;

	for (int k = 0; k < KEYPOINTS; k++) {
		if (fabs((double)(at[2 * k] - p->at[k][0])) > tolerance ||
		    fabs((double)(at[2 * k + 1] - p->at[k][1])) > tolerance)
			fail_msg("keypoint %d at %g, %g instead of %g, %g", k,
				 (double)at[2 * k], (double)at[2 * k + 1],
				 (double)p->at[k][0], (double)p->at[k][1]);
	}
}

static float mean_of(const float *scores)
{
	double sum = 0;

	for (int k = 0; k < KEYPOINTS; k++)
		sum += (double)scores[k];
	return (float)(sum / KEYPOINTS);
}

static void one_person_is_found_where_it_was_painted(void **state)
{
	struct person person = standing(240, 4);
	struct fields fields = empty_fields();
	const float *scores;
	struct single s;

	(void)state;
	paint(&fields, &person);
	new_posenet(&s, false, OPTIONS);
	single_open(&s);
	single_assert_shape(s.out[0], 4, (int32_t[]){ 1, 3, KEYPOINTS, 2 });
	single_assert_shape(s.out[1], 3, (int32_t[]){ 1, 3, KEYPOINTS });
	single_assert_shape(s.out[2], 2, (int32_t[]){ 1, 3 });
	single_assert_shape(s.out[3], 1, (int32_t[]){ 1 });
	decode(&s, &fields);
	assert_int_equal(poses(&s), 1);
	assert_pose(&s, 0, &person, 0.01);
	scores = s.out[1]->data;
	for (int k = 0; k < KEYPOINTS; k++)
		assert_true(scores[k] > 0.95f && scores[k] < 0.99f);
	assert_float_equal(*(float *)s.out[2]->data, mean_of(scores), 1e-6);
	free_posenet(&s);
}

/*
 * From each keypoint the whole tree is reached, along the edges and against
 * them. Only one keypoint is above the threshold, so that no other can begin:
 * 0.74 is 1.05 in log odds, and the mean of 16 times 1 and once 6 is 0.747.
 */
static void any_keypoint_may_be_the_first(void **state)
{
	struct single s;

	(void)state;
	new_posenet(&s, false, "{ max_detections: 3, nms_radius: 8.0, "
		    "score_threshold: 0.74, stride: 16 }");
	single_open(&s);
	for (int first = 0; first < KEYPOINTS; first++) {
		struct person person = standing(200 + 5 * (float)first, 1);
		struct fields fields = empty_fields();

		person.heat[first] = 6;
		person.slope = 0;
		/* So far from the nose that `near` alone does not lead there. */
		person.at[L_EYE][1] += 90;
		person.at[R_EYE][1] -= 90;
		paint(&fields, &person);
		decode(&s, &fields);
		assert_int_equal(poses(&s), 1);
		assert_pose(&s, 0, &person, 0.01);
	}
	free_posenet(&s);
}

static void quantized_fields_give_the_same_pose_within_their_steps(void **state)
{
	struct person person = standing(240, 3.5f);
	struct fields fields = empty_fields();
	struct single s;

	(void)state;
	paint(&fields, &person);
	new_posenet(&s, true, OPTIONS);
	single_open(&s);
	decode(&s, &fields);
	assert_int_equal(poses(&s), 1);
	assert_pose(&s, 0, &person, 0.5);
	free_posenet(&s);
}

static void two_people_come_in_the_order_of_their_scores(void **state)
{
	struct person left = standing(90, 2), right = standing(370, 4);
	struct fields fields = empty_fields();
	const float *score;
	struct single s;

	(void)state;
	paint(&fields, &left);
	paint(&fields, &right);
	new_posenet(&s, false, OPTIONS);
	single_open(&s);
	decode(&s, &fields);
	assert_int_equal(poses(&s), 2);
	assert_pose(&s, 0, &right, 0.01);
	assert_pose(&s, 1, &left, 0.01);
	score = s.out[2]->data;
	assert_true(score[0] > score[1] && score[1] > 0.2f && score[2] == 0);
	free_posenet(&s);
}

/* Of two who stand on one spot with a foot, the fainter does not count it. */
static void a_shared_keypoint_counts_once(void **state)
{
	struct person left = standing(150, 2), right = standing(250, 4);
	struct fields fields = empty_fields();
	const float *scores;
	struct single s;

	(void)state;
	memcpy(left.at[L_ANKLE], right.at[R_ANKLE], sizeof(left.at[0]));
	memcpy(right.at[L_ANKLE], right.at[R_ANKLE], sizeof(left.at[0]));
	paint(&fields, &left);
	paint(&fields, &right);
	new_posenet(&s, false, OPTIONS);
	single_open(&s);
	decode(&s, &fields);
	assert_int_equal(poses(&s), 2);
	assert_pose(&s, 0, &right, 0.01);
	assert_pose(&s, 1, &left, 0.01);
	scores = (const float *)s.out[1]->data + KEYPOINTS;
	assert_float_equal(((float *)s.out[2]->data)[1],
			   mean_of(scores) - scores[L_ANKLE] / KEYPOINTS, 1e-6);
	free_posenet(&s);
}

static void at_most_max_detections_are_given(void **state)
{
	struct person left = standing(90, 2), right = standing(370, 4);
	struct fields fields = empty_fields();
	struct single s;

	(void)state;
	paint(&fields, &left);
	paint(&fields, &right);
	new_posenet(&s, false, "{ max_detections: 1, nms_radius: 8.0, "
		    "score_threshold: 0.2, stride: 16 }");
	single_open(&s);
	decode(&s, &fields);
	assert_int_equal(poses(&s), 1);
	assert_pose(&s, 0, &right, 0.01);
	free_posenet(&s);
}

static void without_people_all_is_zero(void **state)
{
	struct person person = standing(240, 4);
	struct fields fields = empty_fields(), nobody = fields;
	struct single s;

	(void)state;
	paint(&fields, &person);
	new_posenet(&s, false, OPTIONS);
	single_open(&s);
	decode(&s, &fields);
	decode(&s, &nobody);
	for (int o = 0; o < 4; o++)
		for (size_t i = 0; i < s.out[o]->elements; i++)
			assert_true(((const float *)s.out[o]->data)[i] == 0);
	free_posenet(&s);
}

/* A foot out of the picture ends at its edge. */
static void poses_stay_in_the_picture(void **state)
{
	struct person person = standing(10, 4);
	struct fields fields = empty_fields();
	const float *at;
	struct single s;

	(void)state;
	paint(&fields, &person);
	new_posenet(&s, false, OPTIONS);
	single_open(&s);
	decode(&s, &fields);
	assert_true(poses(&s) >= 1);
	at = s.out[0]->data;
	for (int k = 0; k < KEYPOINTS; k++) {
		assert_true(at[2 * k] >= 0 && at[2 * k] <= (H - 1) * STRIDE);
		assert_true(at[2 * k + 1] >= 0 && at[2 * k + 1] <= (W - 1) * STRIDE);
	}
	free_posenet(&s);
}

static void fields_that_are_no_numbers_do_no_harm(void **state)
{
	struct fields fields = empty_fields();
	float *all = &fields.heat[0][0][0];
	struct single s;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(float); i++)
		all[i] = (float[]){ NAN, INFINITY, -INFINITY, 1e30f, 3 }[i % 5];
	new_posenet(&s, false, OPTIONS);
	single_open(&s);
	decode(&s, &fields);
	assert_in_range(poses(&s), 0, 3);
	free_posenet(&s);
}

static void refused_with(const char *json, const char *words)
{
	struct single s;
	const void *options;

	new_posenet(&s, false, json);
	options = s.op.custom_options;
	single_refused(&s, words);
	free((void *)(uintptr_t)options);
}

static void options_that_make_no_sense_are_refused(void **state)
{
	struct single s;
	const void *options;

	(void)state;
	refused_with("{ max_detections: 3, nms_radius: 8.0, score_threshold: 0.2 }",
		     "PosenetDecoderOp: option stride is missing");
	refused_with("{ max_detections: 3, nms_radius: 8.0, score_threshold: 0.2, stride: 0 }",
		     "option stride is 0, expected 1 to 1024");
	refused_with("{ max_detections: 3, nms_radius: -8.0, score_threshold: 0.2, stride: 8 }",
		     "option nms_radius is -8");

	new_posenet(&s, false, OPTIONS);
	options = s.op.custom_options;
	s.input[1] = s.input[0];
	single_refused(&s, "input 1 (it): shape 1x23x31x17, expected 1 x height x width x 34");
	free((void *)(uintptr_t)options);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_person_is_found_where_it_was_painted),
		cmocka_unit_test(any_keypoint_may_be_the_first),
		cmocka_unit_test(quantized_fields_give_the_same_pose_within_their_steps),
		cmocka_unit_test(two_people_come_in_the_order_of_their_scores),
		cmocka_unit_test(a_shared_keypoint_counts_once),
		cmocka_unit_test(at_most_max_detections_are_given),
		cmocka_unit_test(without_people_all_is_zero),
		cmocka_unit_test(poses_stay_in_the_picture),
		cmocka_unit_test(fields_that_are_no_numbers_do_no_harm),
		cmocka_unit_test(options_that_make_no_sense_are_refused),
	};

	return CHECK_RUN(tests);
}
