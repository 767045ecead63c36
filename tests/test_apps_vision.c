/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/vision.h"
#include "camera/draw.h"
#include "camera/encode.h"
#include "runtime/schema/tflite.h"
#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/flatc.h"
#include "tests/graph.h"

/*
 * Small models whose answer can be read off the picture: the brightest channel's
 * number is the class.
 *
 *	classes  the mean of the picture's R, G and B are the scores
 *	boxes    a box for each cell of 8 x 8
 *	mask     the class of each pixel
 *	poses    17 pixels in a row are y, x and score of the joints
 */

static char folder[] = "/tmp/atoll-test-vision-XXXXXX";
static char model_path[64], labels_path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(model_path, sizeof(model_path), "%s/toy.tflite", folder);
	(void)snprintf(labels_path, sizeof(labels_path), "%s/toy_labels.txt", folder);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	(void)unlink(model_path); /* not every test makes them */
	(void)unlink(labels_path);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void write_labels(const char *text)
{
	write_file(labels_path, text, strlen(text));
}

/* Models */

static struct atoll_builder_tensor tensor(enum atoll_type type, uint32_t rank,
					  const int32_t *dims)
{
	struct atoll_builder_tensor t = { .name = "t", .type = type, .rank = rank };

	memcpy(t.dims, dims, rank * sizeof(*dims));
	return t;
}

static void save(struct graph *g)
{
	graph_open(g);
	write_file(model_path, g->bytes, g->size);
	graph_free(g);
}

static void reshape(struct graph *g, int32_t from, int32_t to, uint32_t rank,
		    const int32_t *dims)
{
	const struct atoll_builder_option shape = {
		.kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE, .count = rank, .is = dims };

	graph_operator(g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 1, &shape, 1, &from, 1, &to);
}

/* A model that gives its input back in another shape. */
static void save_reshaped(enum atoll_type type, const int32_t *in_dims, uint32_t rank,
			  const int32_t *dims)
{
	struct graph g = graph_new();
	struct atoll_builder_tensor in = tensor(type, 4, in_dims);
	struct atoll_builder_tensor out = tensor(type, rank, dims);
	int32_t from = graph_input(&g, &in);

	reshape(&g, from, graph_output(&g, &out), rank, dims);
	save(&g);
}

static void save_classes(void)
{
	const struct atoll_builder_option options[] = {
		{ .kind = ATOLL_OPTION_I8, .id = POOL_2D_PADDING, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_H, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_WIDTH, .i = 4 },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_HEIGHT, .i = 4 },
	};
	struct graph g = graph_new();
	struct atoll_builder_tensor in =
		tensor(ATOLL_UINT8, 4, (int32_t[]){ 1, 4, 4, 3 });
	struct atoll_builder_tensor out =
		tensor(ATOLL_UINT8, 4, (int32_t[]){ 1, 1, 1, 3 });
	int32_t from, to;

	in.scale = out.scale = 1 / 255.0f;
	from = graph_input(&g, &in);
	to = graph_output(&g, &out);
	graph_operator(&g, BUILTIN_AVERAGE_POOL_2D, OPTIONS_POOL_2D, 5, options, 1, &from, 1,
		       &to);
	save(&g);
}

#define CELLS 8

static int32_t anchors(struct graph *g)
{
	static float anchor[CELLS * CELLS][4];
	struct atoll_builder_tensor t =
		tensor(ATOLL_FLOAT32, 2, (int32_t[]){ CELLS * CELLS, 4 });

	for (int i = 0; i < CELLS * CELLS; i++) {
		anchor[i][0] = ((float)(i / CELLS) + 0.5f) / CELLS;
		anchor[i][1] = ((float)(i % CELLS) + 0.5f) / CELLS;
		anchor[i][2] = anchor[i][3] = 1.0f / CELLS;
	}
	t.data = anchor;
	t.bytes = sizeof(anchor);
	return graph_tensor(g, &t);
}

/* Boxes of 0 against their anchors: the anchors themselves. */
static int32_t encodings(struct graph *g)
{
	static const uint8_t zeros[CELLS * CELLS * 4];
	struct atoll_builder_tensor t =
		tensor(ATOLL_UINT8, 3, (int32_t[]){ 1, CELLS * CELLS, 4 });

	t.scale = 1;
	t.data = zeros;
	t.bytes = sizeof(zeros);
	return graph_tensor(g, &t);
}

static void save_boxes(void)
{
	const int32_t scores_dims[] = { 1, CELLS * CELLS, 3 };
	struct graph g = graph_new();
	struct atoll_builder_tensor in =
		tensor(ATOLL_UINT8, 4, (int32_t[]){ 1, CELLS, CELLS, 3 });
	struct atoll_builder_tensor scores = tensor(ATOLL_UINT8, 3, scores_dims);
	int32_t input[3], output[4], from;
	struct atoll_builder_operator op = {
		.code = BUILTIN_CUSTOM, .custom = "TFLite_Detection_PostProcess",
		.inputs = 3, .input = input, .outputs = 4, .output = output,
	};
	void *options = flatc_binary(NULL, "{ max_detections: 64, "
		"max_classes_per_detection: 1, num_classes: 3, nms_score_threshold: -1.0, "
		"nms_iou_threshold: 0.5, y_scale: 1.0, x_scale: 1.0, h_scale: 1.0, "
		"w_scale: 1.0 }", &op.custom_options_bytes);

	in.scale = scores.scale = 1 / 255.0f;
	from = graph_input(&g, &in);
	input[0] = encodings(&g);
	input[1] = graph_tensor(&g, &scores);
	input[2] = anchors(&g);
	for (int i = 0; i < 4; i++)
		output[i] = graph_output(&g, &(struct atoll_builder_tensor){
			.type = ATOLL_FLOAT32 });
	reshape(&g, from, input[1], 3, scores_dims);
	op.custom_options = options;
	atoll_builder_operator(g.builder, &op);
	save(&g);
	free(options);
}

/* With ARG_MAX the output holds indices, without it scores. */
static void save_mask(int32_t height, int32_t width, bool has_indices)
{
	const int32_t dims[] = { 1, height, width, 3 }, axis = 3;
	const struct atoll_builder_option type = {
		.kind = ATOLL_OPTION_I8, .id = ARG_MAX_OUTPUT_TYPE, .i = ATOLL_INT32 };
	struct atoll_builder_tensor axes = tensor(ATOLL_INT32, 1, (int32_t[]){ 1 });
	struct atoll_builder_tensor in = tensor(ATOLL_UINT8, 4, dims);
	struct atoll_builder_tensor out = tensor(ATOLL_INT32, 3, dims);
	struct graph g = graph_new();
	int32_t input[2], to;

	if (!has_indices) {
		graph_free(&g);
		save_reshaped(ATOLL_UINT8, dims, 4, dims);
		return;
	}
	axes.data = &axis;
	axes.bytes = sizeof(axis);
	input[0] = graph_input(&g, &in);
	input[1] = graph_tensor(&g, &axes);
	to = graph_output(&g, &out);
	graph_operator(&g, BUILTIN_ARG_MAX, OPTIONS_ARG_MAX, 1, &type, 2, input, 1, &to);
	save(&g);
}

static void save_poses(void)
{
	const int32_t dims[] = { 1, 1, ATOLL_POSE_JOINTS, 3 };

	save_reshaped(ATOLL_FLOAT32, dims, 4, dims);
}

static void save_index_mask(void)
{
	save_mask(6, 8, true);
}

static void (*const save_kind[])(void) = {
	[VISION_CLASSES] = save_classes, [VISION_BOXES] = save_boxes,
	[VISION_POSES] = save_poses, [VISION_MASK] = save_index_mask,
};

static struct vision *open_with(struct vision_config config)
{
	struct atoll_error err;
	struct vision *vision;

	config.model_path = model_path;
	config.session.threads = 1;
	vision = vision_open(&config, &err);
	if (!vision)
		fail_msg("%s", err.text);
	return vision;
}

static struct vision *open_plain(void)
{
	return open_with((struct vision_config){ 0 });
}

/* Pictures */

static struct atoll_picture *black(uint32_t width, uint32_t height)
{
	struct atoll_picture *picture = atoll_picture_new(width, height, NULL, NULL);

	assert_non_null(picture);
	return picture;
}

static void fill(struct atoll_picture *picture, uint32_t left, uint32_t top,
		 uint32_t right, uint32_t bottom, uint8_t red, uint8_t green, uint8_t blue)
{
	for (uint32_t y = top; y < bottom; y++)
		for (uint32_t x = left; x < right; x++)
			memcpy(&picture->rgb[3 * ((size_t)y * picture->width + x)],
			       ((uint8_t[]){ red, green, blue }), 3);
}

static const struct vision_result *look(struct vision *vision,
					const struct atoll_picture *picture)
{
	struct atoll_frame frame = atoll_picture_frame(picture);
	struct atoll_error err;

	if (vision_look(vision, &frame, &err) < 0)
		fail_msg("%s", err.text);
	return vision_result(vision);
}

/* What arrives at the model: an input of one pixel is handed out as scores. */
static void assert_arrives(enum atoll_type type, int32_t channels, const float *expected)
{
	struct atoll_picture *picture = black(5, 3);
	const int32_t in[] = { 1, 1, 1, channels }, out[] = { 1, channels };
	const struct vision_result *result;
	struct vision *vision;

	fill(picture, 0, 0, 5, 3, 255, 64, 0);
	save_reshaped(type, in, 2, out);
	vision = open_with((struct vision_config){ .threshold = -1000 });
	result = look(vision, picture);
	assert_int_equal(result->kind, VISION_CLASSES);
	assert_int_equal(result->things, channels);
	for (uint32_t i = 0; i < result->things; i++)
		assert_float_equal(result->thing[i].score,
				   expected[result->thing[i].index], 1e-6);
	vision_close(vision);
	atoll_picture_free(picture);
}

static void each_type_of_input_gets_what_its_models_are_used_to(void **state)
{
	(void)state;
	assert_arrives(ATOLL_UINT8, 3, (float[]){ 255, 64, 0 });
	assert_arrives(ATOLL_INT8, 3, (float[]){ 127, -64, -128 });
	assert_arrives(ATOLL_FLOAT32, 3, (float[]){ 1, 64 / 127.5f - 1, -1 });
}

/* 0.299 of 255 and 0.587 of 64 */
static void grey_inputs_get_the_luma(void **state)
{
	(void)state;
	assert_arrives(ATOLL_UINT8, 1, (float[]){ 114 });
	assert_arrives(ATOLL_INT8, 1, (float[]){ 114 - 128 });
}

static void each_kind_is_known_by_its_outputs(void **state)
{
	(void)state;
	for (int kind = VISION_CLASSES; kind <= VISION_MASK; kind++) {
		struct vision *vision;

		save_kind[kind]();
		vision = open_plain();
		assert_int_equal(vision_kind(vision), kind);
		assert_int_equal(vision_result(vision)->kind, kind);
		assert_int_equal(vision_result(vision)->things, 0);
		assert_string_equal(vision_name(vision), "toy");
		vision_close(vision);
	}
}

static void assert_refused(const char *words)
{
	const struct vision_config config = { .model_path = model_path };
	struct atoll_error err;

	assert_null(vision_open(&config, &err));
	if (!strstr(err.text, words) || !strstr(err.text, "toy.tflite: "))
		fail_msg("\"%s\" does not tell of \"%s\"", err.text, words);
}

static void models_of_no_kind_are_refused_with_what_they_are(void **state)
{
	const int32_t dims[] = { 1, 2, 3, 3 }, flat[] = { 2, 9 };

	(void)state;
	save_reshaped(ATOLL_INT32, dims, 2, flat);
	assert_refused("toy.tflite: input t: int32 cannot take a picture; "
		       "uint8, int8 and float32 can");
	save_reshaped(ATOLL_UINT8, (int32_t[]){ 2, 1, 3, 3 }, 2, flat);
	assert_refused("toy.tflite: input t: shape 2x1x3x3 is not that of a picture, "
		       "1 x height x width x 3 or 1");
	save_reshaped(ATOLL_UINT8, (int32_t[]){ 1, 1, 3, 4 }, 2, (int32_t[]){ 1, 12 });
	assert_refused("toy.tflite: input t: shape 1x1x3x4 is not that of a picture");
	save_reshaped(ATOLL_UINT8, dims, 2, flat);
	assert_refused("toy.tflite: outputs uint8 2x9 are neither classes, boxes, poses nor "
		       "a mask");
}

static void two_inputs_are_one_too_many(void **state)
{
	struct graph g = graph_new();
	struct atoll_builder_tensor t = tensor(ATOLL_UINT8, 4, (int32_t[]){ 1, 2, 2, 3 });
	int32_t in[2], out;

	(void)state;
	t.scale = 1;
	in[0] = graph_input(&g, &t);
	in[1] = graph_input(&g, &t);
	out = graph_output(&g, &t);
	graph_operator(&g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2, in, 1, &out);
	save(&g);
	assert_refused("toy.tflite: 2 inputs, a vision model has one");
}

static void a_file_that_is_no_model_is_refused(void **state)
{
	(void)state;
	write_file(model_path, "no model", 8);
	assert_refused("toy.tflite");
}

static void classes_come_with_the_names_beside_the_model(void **state)
{
	struct atoll_picture *picture = black(16, 12);
	const struct vision_result *result;
	struct vision *vision;

	(void)state;
	save_classes();
	write_labels("red\ngreen\nblue\n");
	vision = open_with((struct vision_config){ .threshold = 0.1f });
	assert_null(vision_warning(vision));
	fill(picture, 0, 0, 16, 12, 51, 204, 0);
	result = look(vision, picture);
	assert_int_equal(result->things, 2);
	assert_string_equal(result->thing[0].label, "green");
	assert_true(result->thing[0].has_label);
	assert_int_equal(result->thing[0].index, 1);
	assert_float_equal(result->thing[0].score, 0.8, 1e-6);
	assert_string_equal(result->thing[1].label, "red");
	assert_true(result->convert_ns > 0 && result->run_ns > 0);
	assert_null(result->mask);
	vision_close(vision);
	atoll_picture_free(picture);
}

static void classes_without_names_have_numbers(void **state)
{
	struct atoll_picture *picture = black(4, 4);
	const struct vision_result *result;
	struct vision *vision;

	(void)state;
	save_classes();
	write_labels("0 red\n2 blue\n");
	fill(picture, 0, 0, 4, 4, 0, 255, 128);
	vision = open_plain();
	result = look(vision, picture);
	assert_int_equal(result->things, 3);
	assert_string_equal(result->thing[0].label, "class 1");
	assert_false(result->thing[0].has_label);
	assert_string_equal(result->thing[1].label, "blue");
	vision_close(vision);

	(void)unlink(labels_path);
	vision = open_with((struct vision_config){ .top = 1 });
	result = look(vision, picture);
	assert_int_equal(result->things, 1);
	assert_string_equal(result->thing[0].label, "class 1");
	vision_close(vision);
	atoll_picture_free(picture);
}

static void labels_that_may_be_told_are_known(void **state)
{
	struct vision *vision;

	(void)state;
	save_classes();
	write_labels("0 red\n2 blue\n");
	vision = open_plain();
	assert_true(vision_knows(vision, "red"));
	assert_true(vision_knows(vision, "class 1"));
	assert_true(vision_knows(vision, "blue"));
	assert_false(vision_knows(vision, "Red"));
	assert_false(vision_knows(vision, "class 2")); /* it is called blue */
	assert_false(vision_knows(vision, "class 3"));
	vision_close(vision);
	save_poses();
	vision = open_plain();
	assert_true(vision_knows(vision, "person"));
	assert_false(vision_knows(vision, "red"));
	vision_close(vision);
	save_boxes();
	vision = open_plain();
	assert_true(vision_knows(vision, "red"));
	assert_true(vision_knows(vision, "class 89"));
	vision_close(vision);
}

static void more_or_fewer_names_than_classes_are_worth_a_warning(void **state)
{
	struct vision *vision;
	char sentence[128];

	(void)state;
	save_classes();
	write_labels("red\ngreen\n");
	vision = open_plain();
	(void)snprintf(sentence, sizeof(sentence), "labels: %s: 2 names for 3 classes",
		       labels_path);
	assert_string_equal(vision_warning(vision), sentence);
	vision_close(vision);
	save_mask(4, 4, false);
	vision = open_plain();
	assert_string_equal(vision_warning(vision), sentence);
	vision_close(vision);
	save_mask(4, 4, true); /* indices do not say how many there are */
	vision = open_plain();
	assert_null(vision_warning(vision));
	vision_close(vision);
}

static void labels_asked_for_must_be_there(void **state)
{
	struct vision_config config = { .model_path = model_path,
					.labels_path = "/nowhere/labels.txt" };
	struct atoll_error err;

	(void)state;
	save_classes();
	assert_null(vision_open(&config, &err));
	assert_string_equal(err.text, "labels: /nowhere/labels.txt: No such file or directory");
	write_labels("");
	config.labels_path = NULL;
	assert_null(vision_open(&config, &err));
	assert_non_null(strstr(err.text, "the file is empty"));
}

/* The edges of a box in pixels of a picture, a tenth of a pixel apart at most. */
static void assert_box(const struct vision_thing *thing,
		       const struct atoll_picture *picture, double left, double top,
		       double right, double bottom)
{
	const double width = picture->width, height = picture->height;

	assert_true(fabs((double)thing->left * width - left) < 0.1);
	assert_true(fabs((double)thing->top * height - top) < 0.1);
	assert_true(fabs((double)thing->right * width - right) < 0.1);
	assert_true(fabs((double)thing->bottom * height - bottom) < 0.1);
}

/*
 * In 160 x 80 pixels a cell of the stretched input is 20 x 10; of the middle 80 x
 * 80 it is 10 x 10; and of the whole with bars above and below 20 x 20.
 */
static void boxes_lie_in_the_frame_however_it_is_fitted(void **state)
{
	struct atoll_picture *picture = black(160, 80);
	struct vision_config config = { .threshold = 0.9f };
	const struct vision_result *result;
	struct vision *vision;

	(void)state;
	save_boxes();
	write_labels("red\ngreen\nblue\n");
	fill(picture, 60, 20, 80, 40, 0, 255, 0);
	for (config.fit = ATOLL_FIT_STRETCH; config.fit <= ATOLL_FIT_LETTERBOX; config.fit++) {
		vision = open_with(config);
		result = look(vision, picture);
		assert_true(result->things > 0);
		assert_string_equal(result->thing[0].label, "green");
		if (config.fit == ATOLL_FIT_STRETCH) {
			assert_int_equal(result->things, 2);
			assert_box(&result->thing[0], picture, 60, 20, 80, 30);
			assert_box(&result->thing[1], picture, 60, 30, 80, 40);
		} else if (config.fit == ATOLL_FIT_CROP) {
			assert_int_equal(result->things, 4);
			assert_box(&result->thing[0], picture, 60, 20, 70, 30);
			assert_box(&result->thing[3], picture, 70, 30, 80, 40);
		} else {
			assert_int_equal(result->things, 1);
			assert_box(&result->thing[0], picture, 60, 20, 80, 40);
		}
		vision_close(vision);
	}
	atoll_picture_free(picture);
}

/* Two of the eight rows of cells are bars above, two below. */
static void what_is_seen_on_a_bar_is_not_in_the_frame(void **state)
{
	struct atoll_picture *picture = black(160, 80);
	const struct vision_result *result;
	struct vision *vision;

	(void)state;
	save_boxes();
	vision = open_with((struct vision_config){ .top = 64, .fit = ATOLL_FIT_LETTERBOX });
	result = look(vision, picture);
	assert_int_equal(result->things, 32);
	for (uint32_t i = 0; i < 32; i++) {
		assert_true(result->thing[i].top >= 0 && result->thing[i].bottom <= 1);
		assert_true(result->thing[i].bottom > result->thing[i].top);
	}
	vision_close(vision);
	atoll_picture_free(picture);
}

/* A mask of 8 x 4 over pictures twice as wide, the left half red, the right blue. */
static void masks_lie_over_the_frame_however_it_is_fitted(void **state)
{
	static const char *const expected[] = {
		[ATOLL_FIT_STRETCH] = "00002222" "00002222" "00002222" "00002222",
		/* A quarter on both sides is not seen. */
		[ATOLL_FIT_CROP] = "..0022.." "..0022.." "..0022.." "..0022..",
		[ATOLL_FIT_LETTERBOX] = "00002222" "00002222" "00002222" "00002222",
	};
	struct atoll_picture *picture = black(320, 80);
	struct vision_config config = { 0 };

	(void)state;
	fill(picture, 0, 0, 160, 80, 255, 0, 0);
	fill(picture, 160, 0, 320, 80, 0, 0, 255);
	save_mask(4, 8, true);
	for (config.fit = ATOLL_FIT_STRETCH; config.fit <= ATOLL_FIT_LETTERBOX; config.fit++) {
		struct vision *vision = open_with(config);
		const struct vision_result *result = look(vision, picture);
		char text[33] = "";

		assert_int_equal(result->mask_width, 8);
		assert_int_equal(result->mask_height, 4);
		for (int i = 0; i < 32; i++)
			text[i] = result->mask[i] == VISION_MASK_NOTHING ? '.' :
				(char)('0' + result->mask[i]);
		assert_string_equal(text, expected[config.fit]);
		assert_int_equal(result->things, 2);
		vision_close(vision);
	}
	atoll_picture_free(picture);
}

static void the_share_of_a_mask_is_that_of_the_frame(void **state)
{
	struct atoll_picture *picture = black(8, 4);
	const struct vision_result *result;
	struct vision *vision;

	(void)state;
	save_mask(4, 8, false);
	write_labels("red\ngreen\nblue\n");
	fill(picture, 0, 0, 8, 4, 0, 255, 0);
	fill(picture, 0, 0, 2, 4, 255, 0, 0);
	vision = open_plain();
	result = look(vision, picture);
	assert_int_equal(result->things, 2);
	assert_string_equal(result->thing[0].label, "green");
	assert_true(result->thing[0].score == 0.75f);
	assert_string_equal(result->thing[1].label, "red");
	assert_true(result->thing[1].score == 0.25f);
	vision_close(vision);
	vision = open_with((struct vision_config){ .threshold = 0.3f });
	assert_int_equal(look(vision, picture)->things, 1);
	vision_close(vision);
	atoll_picture_free(picture);
}

/* 0.4 for boxes, 0.2 for poses, a hundredth of a mask; of classes all. */
static void the_usual_threshold_is_that_of_the_kind(void **state)
{
	static const struct {
		enum vision_kind kind;
		uint8_t below, above; /* of the brightest channel */
	} cases[] = {
		{ VISION_CLASSES, 0, 0 }, { VISION_BOXES, 101, 103 },
		{ VISION_POSES, 152, 154 },
	};
	struct atoll_picture *picture = black(8, 8);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t below = cases[i].below, above = cases[i].above;
		struct vision *vision;

		save_kind[cases[i].kind]();
		vision = open_with((struct vision_config){
			.threshold = VISION_THRESHOLD_USUAL });
		fill(picture, 0, 0, 8, 8, below, below, below);
		assert_int_equal(look(vision, picture)->things > 0,
				 cases[i].kind == VISION_CLASSES);
		fill(picture, 0, 0, 8, 8, above, above, above);
		assert_true(look(vision, picture)->things > 0);
		vision_close(vision);
	}
	atoll_picture_free(picture);
}

static void a_hundredth_of_a_mask_is_usually_told(void **state)
{
	struct atoll_picture *picture = black(20, 10);
	struct vision *vision;

	(void)state;
	save_mask(10, 20, true);
	vision = open_with((struct vision_config){ .threshold = VISION_THRESHOLD_USUAL });
	fill(picture, 0, 0, 1, 1, 0, 255, 0); /* one of 200 pixels */
	fill(picture, 4, 4, 6, 5, 0, 0, 255); /* two */
	assert_int_equal(look(vision, picture)->things, 2);
	assert_int_equal(vision_result(vision)->thing[1].index, 2);
	vision_close(vision);
	atoll_picture_free(picture);
}

/* Joints as pixels: y, x and score as bytes of -1..1. */
static struct atoll_picture *person(void)
{
	struct atoll_picture *picture = black(ATOLL_POSE_JOINTS, 1);

	for (uint32_t k = 0; k < ATOLL_POSE_JOINTS; k++) /* the middle, unseen */
		fill(picture, k, 0, k + 1, 1, 191, 191, 128);
	fill(picture, 0, 0, 1, 1, 153, 166, 255); /* 0.2, 0.302 */
	fill(picture, 1, 0, 2, 1, 179, 204, 230); /* 0.404, 0.6 */
	return picture;
}

static void a_pose_is_boxed_in_by_the_joints_that_are_seen(void **state)
{
	struct atoll_picture *picture = person();
	const struct vision_thing *thing;
	struct vision *vision;

	(void)state;
	save_poses();
	vision = open_plain();
	assert_int_equal(look(vision, picture)->things, 1);
	thing = &vision_result(vision)->thing[0];
	assert_string_equal(thing->label, "person");
	assert_true(thing->has_label);
	assert_non_null(thing->pose);
	assert_float_equal(thing->pose->joint[0].y, 0.2, 0.001);
	assert_float_equal(thing->pose->joint[0].x, 0.302, 0.001);
	assert_float_equal(thing->pose->joint[0].score, 1, 0.001);
	assert_float_equal(thing->score, (1 + 0.804 + 15 * 0.0039) / 17, 0.001);
	assert_float_equal(thing->top, 0.2, 0.001);
	assert_float_equal(thing->left, 0.302, 0.001);
	assert_float_equal(thing->bottom, 0.404, 0.001);
	assert_float_equal(thing->right, 0.6, 0.001);
	fill(picture, 0, 0, 2, 1, 255, 255, 128); /* none is seen */
	(void)look(vision, picture);
	assert_float_equal(thing->top, 0.498, 0.001);
	assert_float_equal(thing->right, 1, 0.001);
	vision_close(vision);
	atoll_picture_free(picture);
}

/* The input is 17 x 1: of 17 x 3 pixels the middle row is seen, from 1/3 to 2/3. */
static void joints_lie_in_the_frame(void **state)
{
	struct atoll_picture *row = person(), *picture = black(ATOLL_POSE_JOINTS, 3);
	const struct atoll_pose *pose;
	struct vision *vision;

	(void)state;
	memcpy(picture->rgb + 3 * ATOLL_POSE_JOINTS, row->rgb, 3 * ATOLL_POSE_JOINTS);
	save_poses();
	vision = open_with((struct vision_config){ .fit = ATOLL_FIT_CROP });
	pose = look(vision, picture)->thing[0].pose;
	assert_float_equal(pose->joint[0].y, (1 + 0.2) / 3, 0.001);
	assert_float_equal(pose->joint[0].x, 0.302, 0.001);
	vision_close(vision);
	atoll_picture_free(picture);
	atoll_picture_free(row);
}

static void in_the_background_the_answer_is_the_same(void **state)
{
	struct atoll_picture *picture = black(16, 12);
	struct atoll_frame frame = atoll_picture_frame(picture);
	struct vision *vision;
	struct atoll_error err;
	struct pollfd item;

	(void)state;
	save_classes();
	vision = open_plain();
	item = (struct pollfd){ .fd = vision_fd(vision), .events = POLLIN };
	for (int round = 0; round < 3; round++) {
		fill(picture, 0, 0, 16, 12, 0, (uint8_t)(51 * (round + 1)), 0);
		assert_int_equal(poll(&item, 1, 0), 0);
		assert_int_equal(vision_start(vision, &frame, &err), 0);
		/* The frame may go: it has been read. */
		fill(picture, 0, 0, 16, 12, 255, 0, 255);
		assert_int_equal(poll(&item, 1, 10000), 1);
		assert_int_equal(vision_finish(vision, &err), 0);
		assert_int_equal(vision_result(vision)->thing[0].index, 1);
		assert_float_equal(vision_result(vision)->thing[0].score,
				   0.2f * (float)(round + 1), 1e-6);
	}
	vision_close(vision);
	atoll_picture_free(picture);
}

static void one_look_at_a_time(void **state)
{
	struct atoll_picture *picture = black(4, 4);
	struct atoll_frame frame = atoll_picture_frame(picture);
	struct vision *vision;
	struct atoll_error err;

	(void)state;
	save_classes();
	vision = open_plain();
	assert_int_equal(vision_finish(vision, &err), -EINVAL);
	assert_string_equal(err.text, "toy: nothing was started");
	assert_int_equal(vision_start(vision, &frame, &err), 0);
	assert_int_equal(vision_start(vision, &frame, &err), -EBUSY);
	assert_int_equal(vision_look(vision, &frame, &err), -EBUSY);
	assert_string_equal(err.text, "toy: is still looking at a frame");
	assert_int_equal(vision_finish(vision, &err), 0);
	assert_int_equal(vision_finish(vision, &err), -EINVAL);
	assert_int_equal(vision_start(vision, &frame, &err), 0);
	vision_close(vision); /* waits */
	atoll_picture_free(picture);
}

static void a_frame_that_cannot_be_read_leaves_the_last_result(void **state)
{
	static const uint8_t noise[] = { 0xff, 0xd8, 0xff, 0, 1, 2 };
	const struct atoll_frame damaged = {
		.pixels = ATOLL_PIXELS_JPEG, .width = 64, .height = 48,
		.plane = { noise }, .bytes = sizeof(noise) };
	struct atoll_picture *picture = black(4, 4);
	struct vision *vision;
	struct atoll_error err;

	(void)state;
	fill(picture, 0, 0, 4, 4, 0, 0, 255);
	save_classes();
	vision = open_plain();
	(void)look(vision, picture);
	assert_int_equal(vision_look(vision, &damaged, &err), -EBADMSG);
	assert_string_equal(err.text, "toy: frame of 64x48 JPEG: Bad message");
	assert_int_equal(vision_start(vision, &damaged, &err), -EBADMSG);
	assert_int_equal(vision_finish(vision, &err), -EINVAL);
	assert_int_equal(vision_result(vision)->things, 3);
	assert_int_equal(vision_result(vision)->thing[0].index, 2);
	(void)look(vision, picture);
	vision_close(vision);
	atoll_picture_free(picture);
}

static void looking_takes_no_memory(void **state)
{
	struct atoll_picture *picture = black(64, 48);
	struct atoll_frame frame = atoll_picture_frame(picture);

	(void)state;
	fill(picture, 10, 10, 40, 30, 255, 200, 250);
	for (int kind = VISION_CLASSES; kind <= VISION_MASK; kind++) {
		struct vision *vision;
		unsigned long before;

		save_kind[kind]();
		vision = open_with((struct vision_config){ .top = 30 });
		(void)look(vision, picture);
		assert_int_equal(vision_start(vision, &frame, NULL), 0);
		assert_int_equal(vision_finish(vision, NULL), 0);
		before = allocations();
		for (int i = 0; i < 3; i++) {
			(void)look(vision, picture);
			assert_int_equal(vision_start(vision, &frame, NULL), 0);
			assert_int_equal(vision_finish(vision, NULL), 0);
		}
		assert_int_equal(allocations(), before);
		vision_close(vision);
	}
	atoll_picture_free(picture);
}

/* Telling and drawing, from results made by hand. */

static void assert_json(const struct vision_result *result, const char *expected)
{
	struct atoll_json json = { 0 };
	char *text = NULL;
	size_t size;

	json.file = open_memstream(&text, &size);
	assert_non_null(json.file);
	atoll_json_object(&json, NULL);
	vision_json(result, &json);
	atoll_json_end(&json);
	assert_int_equal(fclose(json.file), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void each_kind_has_its_json(void **state)
{
	struct atoll_pose pose = { .score = 0.5f };
	struct vision_thing thing[] = {
		{ .label = "cat", .has_label = true, .index = 3, .score = 0.75f,
		  .top = 0.25f, .left = 0, .bottom = 1, .right = 0.5f },
		{ .label = "class 7", .index = 7, .score = 0.125f, .bottom = 1, .right = 1 },
	};
	struct vision_result result = { .thing = thing, .things = 2 };

	(void)state;
	assert_json(&result, "{\"classes\":[{\"index\":3,\"label\":\"cat\",\"score\":0.75},"
		    "{\"index\":7,\"score\":0.125}]}\n");
	result.kind = VISION_MASK;
	assert_json(&result, "{\"mask\":[{\"index\":3,\"label\":\"cat\",\"score\":0.75},"
		    "{\"index\":7,\"score\":0.125}]}\n");
	result.kind = VISION_BOXES;
	assert_json(&result, "{\"boxes\":[{\"index\":3,\"label\":\"cat\",\"score\":0.75,"
		    "\"box\":[0.25,0,1,0.5]},{\"index\":7,\"score\":0.125,"
		    "\"box\":[0,0,1,1]}]}\n");
	result.things = 0;
	assert_json(&result, "{\"boxes\":[]}\n");
	result.kind = VISION_POSES;
	result.things = 1;
	thing[0].pose = &pose;
	pose.joint[16] = (struct atoll_joint){ .x = 0.5f, .y = 0.75f, .score = 1 };
	for (int k = 0; k < ATOLL_POSE_JOINTS - 1; k++)
		pose.joint[k].score = 0.25f;
#define J(name) "{\"name\":\"" name "\",\"x\":0,\"y\":0,\"score\":0.25},"
	assert_json(&result, "{\"poses\":[{\"index\":3,\"label\":\"cat\",\"score\":0.75,"
		    "\"box\":[0.25,0,1,0.5],\"joints\":[" J("nose") J("left eye")
		    J("right eye") J("left ear") J("right ear") J("left shoulder")
		    J("right shoulder") J("left elbow") J("right elbow") J("left wrist")
		    J("right wrist") J("left hip") J("right hip") J("left knee")
		    J("right knee") J("left ankle") "{\"name\":\"right ankle\",\"x\":0.5,"
		    "\"y\":0.75,\"score\":1}]}]}\n");
#undef J
}

static bool is_ink(const struct atoll_picture *picture, uint32_t x, uint32_t y,
		   struct atoll_ink ink)
{
	const uint8_t *at = &picture->rgb[3 * ((size_t)y * picture->width + x)];

	return at[0] == ink.red && at[1] == ink.green && at[2] == ink.blue;
}

static const struct atoll_ink none = { 0, 0, 0 };

/* Edges in the colour of the class; the name's plate above; the inside is kept. */
static void a_box_is_drawn_around_and_named_above(void **state)
{
	const struct vision_thing thing = {
		.label = "cat", .has_label = true, .index = 3, .score = 0.75f,
		.top = 0.25f, .left = 0.25f, .bottom = 0.75f, .right = 0.5f };
	const struct vision_result result = {
		.kind = VISION_BOXES, .thing = &thing, .things = 1 };
	struct atoll_picture *picture = black(400, 240);
	struct atoll_ink ink = atoll_ink_for(3);

	(void)state;
	vision_draw(&result, picture);
	for (uint32_t x = 101; x < 199; x++)
		assert_true(is_ink(picture, x, 179, ink));
	for (uint32_t y = 61; y < 179; y++) {
		assert_true(is_ink(picture, 100, y, ink));
		assert_true(is_ink(picture, 199, y, ink));
		assert_true(is_ink(picture, 150, y, none) || y < 66 || y > 174);
		assert_true(is_ink(picture, 95, y, none));
		assert_true(is_ink(picture, 204, y, none));
	}
	assert_true(is_ink(picture, 100, 51, ink)); /* the plate's corner */
	assert_true(is_ink(picture, 100, 45, none));
	atoll_picture_free(picture);
}

/* A name has no room above a box at the top nor right of one at the edge. */
static void names_stay_in_the_picture(void **state)
{
	const struct vision_thing thing = {
		.label = "a rather long name", .has_label = true, .index = 1, .score = 1,
		.top = 0, .left = 0.95f, .bottom = 1, .right = 1 };
	const struct vision_result result = {
		.kind = VISION_BOXES, .thing = &thing, .things = 1 };
	struct atoll_picture *picture = black(240, 240);
	uint32_t plate = 24 * ATOLL_DRAW_CELL_WIDTH; /* "a rather long name 100 %" */
	struct atoll_ink ink = atoll_ink_for(1);

	(void)state;
	vision_draw(&result, picture);
	assert_true(is_ink(picture, 240 - plate, 0, ink));
	assert_true(is_ink(picture, 240 - plate - 1, 0, none));
	atoll_picture_free(picture);
}

static void classes_are_named_in_the_corner(void **state)
{
	const struct vision_thing thing[] = {
		{ .label = "one", .index = 1, .score = 0.5f },
		{ .label = "two", .index = 2, .score = 12.5f },
	};
	const struct vision_result result = {
		.kind = VISION_CLASSES, .thing = thing, .things = 2 };
	struct atoll_picture *picture = black(320, 240);

	(void)state;
	vision_draw(&result, picture);
	assert_true(is_ink(picture, 0, 0, atoll_ink_for(1)));
	assert_true(is_ink(picture, 0, ATOLL_DRAW_CELL_HEIGHT, atoll_ink_for(2)));
	for (uint32_t y = 2 * ATOLL_DRAW_CELL_HEIGHT; y < 240; y++)
		for (uint32_t x = 0; x < 320; x++)
			assert_true(is_ink(picture, x, y, none));
	atoll_picture_free(picture);
}

static void a_mask_is_tinted_but_not_its_background(void **state)
{
	static const uint8_t mask[] = { 0, 5, 5, 0 };
	const struct vision_thing thing[] = {
		{ .label = "background", .has_label = true, .score = 0.5f },
		{ .label = "cat", .has_label = true, .index = 5, .score = 0.5f },
	};
	const struct vision_result result = {
		.kind = VISION_MASK, .thing = thing, .things = 2,
		.mask = mask, .mask_width = 4, .mask_height = 1 };
	struct atoll_picture *picture = black(400, 300);

	(void)state;
	vision_draw(&result, picture);
	assert_true(is_ink(picture, 50, 299, none));
	assert_false(is_ink(picture, 150, 299, none));
	assert_false(is_ink(picture, 250, 299, none));
	assert_true(is_ink(picture, 350, 299, none));
	assert_true(is_ink(picture, 0, ATOLL_DRAW_CELL_HEIGHT, atoll_ink_for(5)));
	atoll_picture_free(picture);
}

static void a_skeleton_joins_what_is_seen(void **state)
{
	struct atoll_pose pose = { .score = 0.5f };
	const struct vision_thing thing = {
		.label = "person", .has_label = true, .score = 0.5f, .pose = &pose,
		.top = 0.5f, .left = 0.5f, .bottom = 0.75f, .right = 0.75f };
	const struct vision_result result = {
		.kind = VISION_POSES, .thing = &thing, .things = 1 };
	struct atoll_picture *picture = black(400, 400);
	struct atoll_ink ink = atoll_ink_for(0);

	(void)state;
	pose.joint[13] = (struct atoll_joint){ .x = 0.5f, .y = 0.5f, .score = 1 };
	pose.joint[15] = (struct atoll_joint){ .x = 0.5f, .y = 0.75f, .score = 1 };
	pose.joint[14] = (struct atoll_joint){ .x = 1e30f, .y = -1e30f, .score = 1 };
	pose.joint[16] = (struct atoll_joint){ .x = 0.75f, .y = 0.75f, .score = 0.1f };
	vision_draw(&result, picture);
	for (uint32_t y = 200; y <= 300; y++)
		assert_true(is_ink(picture, 200, y, ink));
	assert_true(is_ink(picture, 300, 300, none));
	atoll_picture_free(picture);
}

static void any_result_can_be_drawn_on_any_picture(void **state)
{
	struct check_random random = { 9 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct atoll_picture *picture =
			black((uint32_t)check_random_in(&random, 1, 60),
			      (uint32_t)check_random_in(&random, 1, 60));
		static const uint8_t mask[] = { 1, 2, 3, 255, 7, 0 };
		struct vision_thing thing[30];
		struct atoll_pose pose[30];
		struct vision_result result = {
			.kind = (enum vision_kind)(round % 4), .thing = thing, .things = 30,
			.mask = mask, .mask_width = 3, .mask_height = 2 };

		for (uint32_t i = 0; i < 30; i++) {
			float *edge[] = { &thing[i].top, &thing[i].left, &thing[i].bottom,
					  &thing[i].right };

			thing[i] = (struct vision_thing){ .index = i, .pose = &pose[i],
				.label = i % 2 ? "Gr\u00fc\u00dfe, \u4e16\u754c, a name "
						 "longer than any line of any picture" : "",
				.score = (float)check_random_in(&random, -1000, 1000) / 100 };
			for (int e = 0; e < 4; e++)
				*edge[e] = (float)check_random_in(&random, 0, 100) / 100;
			for (int k = 0; k < ATOLL_POSE_JOINTS; k++)
				pose[i].joint[k] = (struct atoll_joint){
					.x = (float)check_random_in(&random, -300, 300) / 100,
					.y = (float)check_random_in(&random, -300, 300) / 100,
					.score = (float)check_random_in(&random, 0, 10) / 10 };
		}
		vision_draw(&result, picture);
		atoll_picture_free(picture);
	}
}

/* Other people's model and pictures. */
static void the_published_classifier_names_the_published_pictures(void **state)
{
	static const struct {
		const char *file, *label;
	} cases[] = {
		{ "cat.bmp", "cat" }, { "hot_dog.jpg", "hotdog" }, { "parrot.jpg", "macaw" },
		{ "bird.bmp", "chickadee" }, { "sunflower.bmp", "daisy" },
	};
	struct vision_config config = {
		.model_path = check_data_path("models/mobilenet_v2_1.0_224_quant.tflite"),
		.labels_path = check_data_path("models/imagenet_labels.txt") };
	struct vision *vision = vision_open(&config, NULL);

	(void)state;
	assert_non_null(vision);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct atoll_picture *picture =
			atoll_picture_load(check_data_path("images/%s", cases[i].file), 0, NULL);

		assert_non_null(picture);
		if (!strstr(look(vision, picture)->thing[0].label, cases[i].label))
			fail_msg("%s is %s", cases[i].file,
				 vision_result(vision)->thing[0].label);
		atoll_picture_free(picture);
	}
	vision_close(vision);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_of_input_gets_what_its_models_are_used_to),
		cmocka_unit_test(grey_inputs_get_the_luma),
		cmocka_unit_test(each_kind_is_known_by_its_outputs),
		cmocka_unit_test(models_of_no_kind_are_refused_with_what_they_are),
		cmocka_unit_test(two_inputs_are_one_too_many),
		cmocka_unit_test(a_file_that_is_no_model_is_refused),
		cmocka_unit_test_teardown(classes_come_with_the_names_beside_the_model,
					  remove_files),
		cmocka_unit_test_teardown(classes_without_names_have_numbers, remove_files),
		cmocka_unit_test_teardown(labels_that_may_be_told_are_known, remove_files),
		cmocka_unit_test_teardown(more_or_fewer_names_than_classes_are_worth_a_warning,
					  remove_files),
		cmocka_unit_test_teardown(labels_asked_for_must_be_there, remove_files),
		cmocka_unit_test_teardown(boxes_lie_in_the_frame_however_it_is_fitted,
					  remove_files),
		cmocka_unit_test(what_is_seen_on_a_bar_is_not_in_the_frame),
		cmocka_unit_test(masks_lie_over_the_frame_however_it_is_fitted),
		cmocka_unit_test_teardown(the_share_of_a_mask_is_that_of_the_frame,
					  remove_files),
		cmocka_unit_test(the_usual_threshold_is_that_of_the_kind),
		cmocka_unit_test(a_hundredth_of_a_mask_is_usually_told),
		cmocka_unit_test(a_pose_is_boxed_in_by_the_joints_that_are_seen),
		cmocka_unit_test(joints_lie_in_the_frame),
		cmocka_unit_test(in_the_background_the_answer_is_the_same),
		cmocka_unit_test(one_look_at_a_time),
		cmocka_unit_test(a_frame_that_cannot_be_read_leaves_the_last_result),
		cmocka_unit_test_teardown(looking_takes_no_memory, remove_files),
		cmocka_unit_test(each_kind_has_its_json),
		cmocka_unit_test(a_box_is_drawn_around_and_named_above),
		cmocka_unit_test(names_stay_in_the_picture),
		cmocka_unit_test(classes_are_named_in_the_corner),
		cmocka_unit_test(a_mask_is_tinted_but_not_its_background),
		cmocka_unit_test(a_skeleton_joins_what_is_seen),
		cmocka_unit_test(any_result_can_be_drawn_on_any_picture),
		cmocka_unit_test(the_published_classifier_names_the_published_pictures),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder) != 0;
}
