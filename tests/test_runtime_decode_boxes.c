/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/decode/boxes.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/flatc.h"
#include "tests/graph.h"

#define MOST 4

/* Outputs without a session. */
struct outputs {
	float place[MOST][4], index[MOST], score[MOST], count;
	struct atoll_tensor tensor[4];
	struct atoll_boxes boxes;
};

static void lay(struct outputs *o)
{
	const size_t elements[] = { MOST * 4, MOST, MOST, 1 };
	float *const data[] = { &o->place[0][0], o->index, o->score, &o->count };

	for (int i = 0; i < 4; i++)
		o->tensor[i] = (struct atoll_tensor){ .name = "", .type = ATOLL_FLOAT32,
			.elements = elements[i], .bytes = 4 * elements[i], .data = data[i] };
	o->boxes = (struct atoll_boxes){ .place = &o->tensor[0], .index = &o->tensor[1],
					 .score = &o->tensor[2], .count = &o->tensor[3] };
}

/* All four are fine, the third is the best. */
static struct outputs *four(struct outputs *o)
{
	*o = (struct outputs){
		.place = { { 0.1f, 0.2f, 0.3f, 0.4f }, { 0, 0, 1, 1 },
			   { -0.05f, 0.5f, 0.5f, 1.02f }, { 0.6f, 0.6f, 0.7f, 0.7f } },
		.index = { 16, 0, 89, 3 },
		.score = { 0.5f, 0.25f, 0.75f, 0.5f },
		.count = 4,
	};
	lay(o);
	return o;
}

static void the_best_box_comes_first_and_equal_ones_stay_in_order(void **state)
{
	static const uint32_t index[] = { 89, 16, 3, 0 };
	struct atoll_box box[MOST];
	struct outputs o;

	(void)state;
	assert_int_equal(atoll_boxes_read(&four(&o)->boxes, 0, box, MOST), 4);
	for (int i = 0; i < MOST; i++)
		assert_int_equal(box[i].index, index[i]);
	assert_true(box[0].top == -0.05f && box[0].left == 0.5f);
	assert_true(box[0].bottom == 0.5f && box[0].right == 1.02f);
	assert_true(box[0].score == 0.75f);
}

static void there_are_never_more_than_there_is_room_for(void **state)
{
	struct atoll_box box[3] = { { .index = 7 }, { .index = 7 }, { .index = 7 } };
	struct outputs o;

	(void)state;
	assert_int_equal(atoll_boxes_read(&four(&o)->boxes, 0, box, 2), 2);
	assert_int_equal(box[0].index, 89);
	assert_int_equal(box[1].index, 16);
	assert_int_equal(box[2].index, 7);
	assert_int_equal(atoll_boxes_read(&o.boxes, 0, NULL, 0), 0);
}

static void scores_below_the_threshold_are_left_out(void **state)
{
	struct atoll_box box[MOST];
	struct outputs o;

	(void)state;
	assert_int_equal(atoll_boxes_read(&four(&o)->boxes, 0.5f, box, MOST), 3);
	assert_int_equal(atoll_boxes_read(&o.boxes, 0.51f, box, MOST), 1);
	assert_int_equal(atoll_boxes_read(&o.boxes, 0.76f, box, MOST), 0);
	assert_int_equal(atoll_boxes_read(&o.boxes, NAN, box, MOST), 0);
}

static void what_lies_behind_the_count_is_not_read(void **state)
{
	static const struct {
		float count;
		uint32_t found;
	} cases[] = {
		{ 0, 0 }, { 1, 1 }, { 3, 3 }, { 4, 4 }, { 5, 4 }, { 1e30f, 4 },
		{ INFINITY, 4 }, { -1, 0 }, { -INFINITY, 0 }, { NAN, 0 },
	};
	struct atoll_box box[MOST];
	struct outputs o;

	(void)state;
	four(&o);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		o.count = cases[i].count;
		assert_int_equal(atoll_boxes_read(&o.boxes, 0, box, MOST), cases[i].found);
	}
}

/* One number of the second box is changed; the other three stay. */
static void assert_left_out(float *number, float value, struct outputs *o)
{
	struct atoll_box box[MOST];
	float before = *number;

	*number = value;
	assert_int_equal(atoll_boxes_read(&o->boxes, 0, box, MOST), 3);
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(box[i].index, 0);
	*number = before;
}

static void what_is_not_a_number_is_no_box(void **state)
{
	struct outputs o;

	(void)state;
	four(&o);
	for (int edge = 0; edge < 4; edge++) {
		assert_left_out(&o.place[1][edge], NAN, &o);
		assert_left_out(&o.place[1][edge], INFINITY, &o);
		assert_left_out(&o.place[1][edge], -INFINITY, &o);
	}
	assert_left_out(&o.score[1], NAN, &o);
	assert_left_out(&o.index[1], NAN, &o);
}

static void boxes_turned_inside_out_are_none(void **state)
{
	struct outputs o;

	(void)state;
	four(&o);
	assert_left_out(&o.place[1][0], 1.5f, &o); /* top below bottom */
	assert_left_out(&o.place[1][3], -0.5f, &o);
	assert_left_out(&o.place[1][2], 0, &o);    /* nothing in between */
	assert_left_out(&o.place[1][1], 1, &o);
}

static void indices_no_label_file_could_have_are_left_out(void **state)
{
	struct atoll_box box[MOST];
	struct outputs o;

	(void)state;
	four(&o);
	assert_left_out(&o.index[1], -1, &o);
	assert_left_out(&o.index[1], 1e30f, &o);
	assert_left_out(&o.index[1], INFINITY, &o);
	assert_left_out(&o.index[1], ATOLL_BOX_INDEX_MAX + 1, &o);
	o.index[1] = ATOLL_BOX_INDEX_MAX;
	assert_int_equal(atoll_boxes_read(&o.boxes, 0, box, MOST), 4);
	assert_int_equal(box[3].index, ATOLL_BOX_INDEX_MAX);
}

/*
 * The operator with two anchors, codes and scores as inputs, its four outputs
 * listed in any order, and perhaps another output beside them.
 */
static void new_detector(struct graph *g, const int *order, int outputs)
{
	static const float anchors[] = { 0.25f, 0.25f, 0.5f, 0.5f,  0.5f, 0.75f, 0.2f, 0.1f };
	int32_t in[3], out[4];
	struct atoll_builder_operator op = {
		.code = BUILTIN_CUSTOM, .custom = "TFLite_Detection_PostProcess",
		.inputs = 3, .input = in, .outputs = 4, .output = out,
	};
	void *options = flatc_binary(NULL, "{ max_detections: 5, "
		"max_classes_per_detection: 1, num_classes: 2, nms_score_threshold: 0.1, "
		"nms_iou_threshold: 0.5, y_scale: 1.0, x_scale: 1.0, h_scale: 1.0, "
		"w_scale: 1.0 }", &op.custom_options_bytes);

	*g = graph_new();
	in[0] = graph_input(g, &(struct atoll_builder_tensor){
		.type = ATOLL_FLOAT32, .rank = 3, .dims = { 1, 2, 4 } });
	in[1] = graph_input(g, &(struct atoll_builder_tensor){
		.type = ATOLL_FLOAT32, .rank = 3, .dims = { 1, 2, 2 } });
	in[2] = graph_tensor(g, &(struct atoll_builder_tensor){
		.type = ATOLL_FLOAT32, .rank = 2, .dims = { 2, 4 }, .data = anchors,
		.bytes = sizeof(anchors) });
	for (int i = 0; i < 4; i++)
		out[i] = graph_tensor(g, &(struct atoll_builder_tensor){
			.type = ATOLL_FLOAT32 });
	for (int i = 0; i < outputs; i++)
		g->output[g->outputs++] = out[order[i]];
	op.custom_options = options;
	atoll_builder_operator(g->builder, &op);
	graph_open(g);
	free(options);
}

static void outputs_are_known_by_their_operator_in_any_order(void **state)
{
	static const float scores[] = { 0.25f, 0.5f, 0.75f, 0.125f };
	static const int orders[][4] = {
		{ 0, 1, 2, 3 }, { 2, 0, 3, 1 }, { 3, 2, 1, 0 }, { 1, 2, 0, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct atoll_boxes boxes;
		struct atoll_box box[5];
		struct graph g;

		new_detector(&g, orders[i], 4);
		assert_int_equal(atoll_boxes_find(g.session, &boxes, NULL), 0);
		memset(graph_data(&g, g.input[0]), 0, 8 * sizeof(float));
		memcpy(graph_data(&g, g.input[1]), scores, sizeof(scores));
		graph_run(&g);
		assert_int_equal(atoll_boxes_read(&boxes, 0.1f, box, 5), 2);
		assert_int_equal(box[0].index, 0);
		assert_int_equal(box[1].index, 1);
		assert_true(box[0].score == 0.75f && box[1].score == 0.5f);
		assert_float_equal(box[0].top, 0.4, 1e-6);
		assert_float_equal(box[0].left, 0.7, 1e-6);
		assert_float_equal(box[0].bottom, 0.6, 1e-6);
		assert_float_equal(box[0].right, 0.8, 1e-6);
		graph_free(&g);
	}
}

static void other_outputs_are_refused_and_described(void **state)
{
	static const int order[] = { 0, 1, 3 };
	struct atoll_boxes boxes, untouched;
	struct atoll_error err;
	struct graph g;

	(void)state;
	memset(&boxes, 1, sizeof(boxes));
	untouched = boxes;
	new_detector(&g, order, 3);
	assert_int_equal(atoll_boxes_find(g.session, &boxes, &err), -ENOTSUP);
	assert_string_equal(err.text, "outputs float32 1x5x4, float32 1x5, float32 1 are "
			    "not those of TFLite_Detection_PostProcess");
	assert_memory_equal(&boxes, &untouched, sizeof(boxes));
	graph_free(&g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_box_comes_first_and_equal_ones_stay_in_order),
		cmocka_unit_test(there_are_never_more_than_there_is_room_for),
		cmocka_unit_test(scores_below_the_threshold_are_left_out),
		cmocka_unit_test(what_lies_behind_the_count_is_not_read),
		cmocka_unit_test(what_is_not_a_number_is_no_box),
		cmocka_unit_test(boxes_turned_inside_out_are_none),
		cmocka_unit_test(indices_no_label_file_could_have_are_left_out),
		cmocka_unit_test(outputs_are_known_by_their_operator_in_any_order),
		cmocka_unit_test(other_outputs_are_refused_and_described),
	};

	return CHECK_RUN(tests);
}
