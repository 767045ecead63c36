/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/legal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/graph.h"

#define NEWEST 14

/*
 * A model of one operator, operand by operand:
 *
 *	struct lone l = lone(BUILTIN_MEAN);
 *
 *	in(&l, DIMS(1, 8, 8, 4));
 *	ints(&l, DIMS(1, 2));
 *	out(&l, DIMS(1, 4));
 *	assert_mapped(&l);
 */
struct lone {
	struct graph g;
	struct atoll_builder_operator op;
	int32_t input[32], output[8];
	struct atoll_builder_option option[8];
	enum atoll_type type;      /* of tensors added from now on */
	float scale;
	struct compiler_graph graph;
	struct compiler_verdict verdict;
};

#define DIMS(...) sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t), \
	(const int32_t[]){ __VA_ARGS__ }

static struct lone lone(uint32_t code)
{
	return (struct lone){
		.g = graph_new(), .type = ATOLL_INT8, .scale = 0.5f,
		.op = { .code = code, .version = 1,
			.options_type = tflite_operator_options(code) },
	};
}

static struct atoll_builder_tensor shaped(const struct lone *l, size_t rank,
					  const int32_t *dims)
{
	bool has_scale = l->type == ATOLL_INT8 || l->type == ATOLL_UINT8 ||
			 l->type == ATOLL_INT16;
	struct atoll_builder_tensor tensor = {
		.name = "tensor", .type = l->type, .rank = (uint32_t)rank,
		.scale = has_scale ? l->scale : 0 };

	memcpy(tensor.dims, dims, rank * sizeof(*dims));
	return tensor;
}

static void add_input(struct lone *l, int32_t tensor)
{
	l->input[l->op.inputs++] = tensor;
}

/* An input that comes at run time. */
static void in(struct lone *l, size_t rank, const int32_t *dims)
{
	const struct atoll_builder_tensor tensor = shaped(l, rank, dims);

	add_input(l, graph_input(&l->g, &tensor));
}

/* A constant, filled with that byte. */
static void constant(struct lone *l, uint8_t byte, size_t rank, const int32_t *dims)
{
	struct atoll_builder_tensor tensor = shaped(l, rank, dims);
	void *data;

	tensor.bytes = atoll_type_bytes(l->type);
	for (size_t i = 0; i < rank; i++)
		tensor.bytes *= (size_t)dims[i];
	data = malloc(tensor.bytes);
	assert_non_null(data);
	memset(data, byte, tensor.bytes);
	tensor.data = data;
	add_input(l, graph_tensor(&l->g, &tensor));
	free(data);
}

/* Constant whole numbers, in one row. */
static void ints(struct lone *l, size_t count, const int32_t *values)
{
	const struct atoll_builder_tensor tensor = {
		.name = "numbers", .type = ATOLL_INT32, .rank = 1,
		.dims = { (int32_t)count }, .data = values,
		.bytes = count * sizeof(*values) };

	add_input(l, graph_tensor(&l->g, &tensor));
}

static void state(struct lone *l, enum atoll_type type, int32_t cells)
{
	const struct atoll_builder_tensor tensor = {
		.name = "state", .type = type, .rank = 2, .dims = { 1, cells },
		.scale = 0.5f, .is_variable = 1 };

	add_input(l, graph_tensor(&l->g, &tensor));
}

static void out(struct lone *l, size_t rank, const int32_t *dims)
{
	const struct atoll_builder_tensor tensor = shaped(l, rank, dims);

	l->output[l->op.outputs++] = graph_output(&l->g, &tensor);
}

static void byte_option(struct lone *l, uint16_t id, int32_t value)
{
	l->option[l->op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_I8, .id = id, .i = value };
}

static void option(struct lone *l, uint16_t id, int32_t value)
{
	l->option[l->op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_I32, .id = id, .i = value };
}

static void build(struct lone *l)
{
	struct atoll_error err;

	l->op.input = l->input;
	l->op.output = l->output;
	l->op.option = l->option;
	atoll_builder_operator(l->g.builder, &l->op);
	atoll_builder_inputs(l->g.builder, l->g.inputs, l->g.input);
	atoll_builder_outputs(l->g.builder, l->g.outputs, l->g.output);
	if (atoll_builder_finish(l->g.builder, &l->g.bytes, &l->g.size, &err) < 0)
		fail_msg("%s", err.text);
	l->g.model = atoll_model_load_bytes(l->g.bytes, l->g.size, "lone", &err);
	if (!l->g.model || compiler_graph_make(l->g.model, &l->graph, &err) < 0)
		fail_msg("%s", err.text);
}

/* May be asked for several runtime versions. */
static enum atoll_mapping judge(struct lone *l, int32_t runtime_version)
{
	if (!l->g.model)
		build(l);
	return compiler_is_legal(&l->graph, 0, runtime_version, &l->verdict);
}

static void done(struct lone *l)
{
	compiler_graph_free(&l->graph);
	graph_free(&l->g);
}

static void assert_version_mapped(struct lone *l, int32_t runtime_version)
{
	if (judge(l, runtime_version) != ATOLL_MAPPED)
		fail_msg("%s", l->verdict.why);
	assert_string_equal(l->verdict.why, "");
	assert_null(l->verdict.advice);
}

static void assert_mapped(struct lone *l)
{
	assert_version_mapped(l, NEWEST);
	done(l);
}

static void assert_version(struct lone *l, int32_t runtime_version,
			   enum atoll_mapping mapping, const char *words)
{
	assert_int_equal(judge(l, runtime_version), mapping);
	if (!strstr(l->verdict.why, words))
		fail_msg("'%s' is not in '%s'", words, l->verdict.why);
}

static void assert_refused(struct lone *l, enum atoll_mapping mapping, const char *words)
{
	assert_version(l, NEWEST, mapping, words);
	done(l);
}

static void assert_limited(struct lone *l, const char *words)
{
	assert_refused(l, ATOLL_NOT_MAPPED_LIMIT, words);
}

/* One input, one output of the same shape. */
static struct lone plain(uint32_t code)
{
	struct lone l = lone(code);

	in(&l, DIMS(1, 8, 8, 4));
	out(&l, DIMS(1, 8, 8, 4));
	return l;
}

/* The statuses, in the order in which they are looked for */

static void an_operator_that_is_there_is_mapped(void **unused)
{
	struct lone l = plain(BUILTIN_RELU);

	(void)unused;
	assert_mapped(&l);
}

static void unknown_operators_are_not_supported(void **unused)
{
	struct lone l = plain(BUILTIN_LEAKY_RELU);

	(void)unused;
	judge(&l, NEWEST);
	assert_string_equal(l.verdict.advice, "use RELU, or PRELU with a constant alpha");
	assert_refused(&l, ATOLL_NOT_MAPPED_OPERATOR, "the Edge TPU has no LEAKY_RELU");
	l = plain(BUILTIN_GATHER);
	assert_refused(&l, ATOLL_NOT_MAPPED_OPERATOR, "the Edge TPU has no GATHER");
}

static void operators_come_with_runtime_versions(void **unused)
{
	static const struct {
		uint32_t code;
		int32_t since;
	} list[] = {
		{ BUILTIN_RSQRT, 14 }, { BUILTIN_TRANSPOSE, 14 }, { BUILTIN_REDUCE_MAX, 14 },
		{ BUILTIN_REDUCE_MIN, 14 }, { BUILTIN_SQUARED_DIFFERENCE, 14 },
		{ BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM, 14 }, { BUILTIN_QUANTIZE, 13 },
		{ BUILTIN_PACK, 13 }, { BUILTIN_EXPAND_DIMS, 13 }, { BUILTIN_PRELU, 13 },
		{ BUILTIN_SUM, 13 }, { BUILTIN_TRANSPOSE_CONV, 13 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct lone l = plain(list[i].code);
		char words[64];

		ints(&l, DIMS(1)); /* an axis, for those that want one */
		snprintf(words, sizeof(words), "came with runtime version %d", list[i].since);
		assert_version(&l, list[i].since - 1, ATOLL_NOT_MAPPED_OPERATOR, words);
		assert_true(judge(&l, list[i].since) != ATOLL_NOT_MAPPED_OPERATOR);
		done(&l);
	}
}

static void newer_versions_of_operators_are_not_understood(void **unused)
{
	struct lone l = lone(BUILTIN_RESIZE_NEAREST_NEIGHBOR);

	(void)unused;
	in(&l, DIMS(1, 8, 8, 4));
	ints(&l, DIMS(16, 16));
	out(&l, DIMS(1, 16, 16, 4));
	l.op.version = 3;
	judge(&l, NEWEST);
	assert_string_equal(l.verdict.advice,
			    "resize without half_pixel_centers and align_corners");
	assert_refused(&l, ATOLL_NOT_MAPPED_VERSION,
		       "version 3 of RESIZE_NEAREST_NEIGHBOR, 2 is understood");
}

static void versions_are_looked_at_before_types(void **unused)
{
	struct lone l = lone(BUILTIN_FULLY_CONNECTED);

	(void)unused;
	l.type = ATOLL_FLOAT32;
	in(&l, DIMS(1, 4));
	constant(&l, 0, DIMS(4, 4));
	out(&l, DIMS(1, 4));
	l.op.version = 9;
	assert_refused(&l, ATOLL_NOT_MAPPED_VERSION, "version 9 of FULLY_CONNECTED");
}

static void other_types_are_not_supported(void **unused)
{
	static const enum atoll_type types[] = { ATOLL_FLOAT32, ATOLL_INT32, ATOLL_INT64,
						 ATOLL_INT16, ATOLL_BOOL };

	(void)unused;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct lone l = lone(BUILTIN_ADD);
		char words[64];

		l.type = types[i];
		in(&l, DIMS(1, 4));
		in(&l, DIMS(1, 4));
		out(&l, DIMS(1, 4));
		snprintf(words, sizeof(words), "input 0 is %s", atoll_type_name(types[i]));
		assert_refused(&l, ATOLL_NOT_MAPPED_TYPE, words);
	}
}

static void signed_numbers_came_with_version_12(void **unused)
{
	struct lone l = plain(BUILTIN_RELU);

	(void)unused;
	assert_version(&l, 10, ATOLL_NOT_MAPPED_TYPE, "input 0 is int8");
	assert_version(&l, 11, ATOLL_NOT_MAPPED_TYPE, "input 0 is int8");
	assert_version_mapped(&l, 12);
	done(&l);
	l = lone(BUILTIN_RELU);
	l.type = ATOLL_UINT8;
	in(&l, DIMS(1, 4));
	out(&l, DIMS(1, 4));
	assert_version_mapped(&l, 10);
	done(&l);
}

/* Never mapped, but what logs complain about is the type. */
static void what_leaves_the_quantized_world_has_a_wrong_type(void **unused)
{
	struct lone l = lone(BUILTIN_DEQUANTIZE);

	(void)unused;
	in(&l, DIMS(1, 4));
	l.type = ATOLL_FLOAT32;
	out(&l, DIMS(1, 4));
	assert_refused(&l, ATOLL_NOT_MAPPED_TYPE, "output 0 is float32");
	l = lone(BUILTIN_CUSTOM);
	l.op.custom = "PosenetDecoderOp";
	in(&l, DIMS(1, 4));
	l.type = ATOLL_FLOAT32;
	out(&l, DIMS(1, 4));
	assert_refused(&l, ATOLL_NOT_MAPPED_TYPE, "output 0 is float32");
	l = lone(BUILTIN_ARG_MAX);
	in(&l, DIMS(1, 4));
	ints(&l, DIMS(1));
	l.type = ATOLL_INT64;
	out(&l, DIMS(1));
	assert_refused(&l, ATOLL_NOT_MAPPED_TYPE, "output 0 is int64");
	l = plain(BUILTIN_CUSTOM);
	l.op.custom = "Mystery";
	assert_refused(&l, ATOLL_NOT_MAPPED_OPERATOR, "the Edge TPU has no Mystery");
}

static void outer_dimensions_larger_than_1_have_the_wrong_rank(void **unused)
{
	struct lone l = lone(BUILTIN_RELU);

	(void)unused;
	in(&l, DIMS(2, 8, 8, 4));
	out(&l, DIMS(2, 8, 8, 4));
	assert_refused(&l, ATOLL_NOT_MAPPED_RANK, "input 0 is 2x8x8x4");
	l = lone(BUILTIN_RESHAPE);
	in(&l, DIMS(8, 8, 4));
	ints(&l, DIMS(1, 2, 4, 8, 4));
	out(&l, DIMS(1, 2, 4, 8, 4));
	assert_refused(&l, ATOLL_NOT_MAPPED_RANK, "output 0 is 1x2x4x8x4");
	l = lone(BUILTIN_RELU);
	in(&l, DIMS(1, 1, 8, 8, 4));
	out(&l, DIMS(1, 1, 8, 8, 4));
	assert_mapped(&l);
}

static struct lone conv(bool has_constant_weights, bool has_constant_bias)
{
	struct lone l = lone(BUILTIN_CONV_2D);

	in(&l, DIMS(1, 8, 8, 4));
	if (has_constant_weights)
		constant(&l, 1, DIMS(2, 3, 3, 4));
	else
		in(&l, DIMS(1, 3, 3, 4));
	if (has_constant_bias) {
		ints(&l, DIMS(1, 2));
	} else {
		in(&l, DIMS(2));
	}
	out(&l, DIMS(1, 8, 8, 2));
	option(&l, CONV_2D_STRIDE_W, 1);
	option(&l, CONV_2D_STRIDE_H, 1);
	return l;
}

static void computed_parameters_are_not_constant(void **unused)
{
	struct lone l = conv(true, true);

	(void)unused;
	assert_mapped(&l);
	l = conv(false, true);
	assert_refused(&l, ATOLL_NOT_MAPPED_NOT_CONSTANT, "input 1, tensor, is computed");
	l = conv(true, false);
	assert_refused(&l, ATOLL_NOT_MAPPED_NOT_CONSTANT, "input 2, tensor, is computed");
}

static struct lone dense(int32_t rows)
{
	struct lone l = lone(BUILTIN_FULLY_CONNECTED);

	in(&l, DIMS(rows, 4));
	constant(&l, 1, DIMS(3, 4));
	add_input(&l, -1);
	out(&l, DIMS(rows, 3));
	return l;
}

static void several_rows_are_not_flat(void **unused)
{
	struct lone l = dense(1);

	(void)unused;
	assert_mapped(&l);
	l = dense(2);
	assert_refused(&l, ATOLL_NOT_MAPPED_NOT_FLAT, "output 0 is 2x3, more than one row");
	l = lone(BUILTIN_SOFTMAX);
	in(&l, DIMS(1, 2, 3));
	out(&l, DIMS(1, 2, 3));
	assert_refused(&l, ATOLL_NOT_MAPPED_NOT_FLAT, "output 0 is 1x2x3");
}

static struct lone strided_slice(int32_t stride, uint16_t mask, int32_t bits)
{
	struct lone l = lone(BUILTIN_STRIDED_SLICE);

	in(&l, DIMS(1, 8, 8, 4));
	ints(&l, DIMS(0, 0, 0, 0));
	ints(&l, DIMS(1, 8, 8, 4));
	ints(&l, DIMS(1, 1, stride, 1));
	out(&l, DIMS(1, 8, 8 / stride, 4));
	option(&l, mask, bits);
	return l;
}

static void strides_have_a_status_of_their_own(void **unused)
{
	struct lone l = strided_slice(1, STRIDED_SLICE_SHRINK_AXIS_MASK, 0);

	(void)unused;
	assert_mapped(&l);
	l = strided_slice(2, STRIDED_SLICE_SHRINK_AXIS_MASK, 0);
	assert_refused(&l, ATOLL_NOT_MAPPED_STRIDE, "stride 2 is 2");
	l = strided_slice(1, STRIDED_SLICE_ELLIPSIS_MASK, 1);
	assert_limited(&l, "ellipsis");
	l = strided_slice(1, STRIDED_SLICE_NEW_AXIS_MASK, 1);
	assert_limited(&l, "new axis");
}

static struct lone resize(uint32_t code, int32_t from, int32_t to, int32_t channels)
{
	struct lone l = lone(code);

	in(&l, DIMS(1, from, from, channels));
	ints(&l, DIMS(to, to));
	out(&l, DIMS(1, to, to, channels));
	return l;
}

static void fine_steps_are_not_precise_enough(void **unused)
{
	struct lone l = resize(BUILTIN_RESIZE_BILINEAR, 100, 301, 1);

	(void)unused;
	assert_version(&l, 12, ATOLL_NOT_MAPPED_INTERPOLATION,
		       "from 100x100 to 301x301 needs finer weights");
	assert_version(&l, 13, ATOLL_NOT_MAPPED_LIMIT, "from 100x100 to 301x301");
	done(&l);
	/* Nearest neighbours need no weights. */
	l = resize(BUILTIN_RESIZE_NEAREST_NEIGHBOR, 100, 301, 1);
	assert_mapped(&l);
	/* (301 - 1) / (101 - 1) is 3. */
	l = resize(BUILTIN_RESIZE_BILINEAR, 101, 301, 1);
	byte_option(&l, RESIZE_BILINEAR_ALIGN_CORNERS, 1);
	assert_mapped(&l);
}

/* Limits of size, on both sides of what is known */

static void resizing_is_limited_by_the_output(void **unused)
{
	static const int32_t mapped[][3] = {
		{ 33, 33, 19 }, { 6, 12, 64 }, { 12, 24, 32 }, { 24, 48, 24 }, { 64, 128, 32 },
	};
	struct lone l;

	(void)unused;
	for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++) {
		l = resize(BUILTIN_RESIZE_BILINEAR, mapped[i][0], mapped[i][1], mapped[i][2]);
		l.op.version = 3;
		assert_mapped(&l);
	}
	l = resize(BUILTIN_RESIZE_BILINEAR, 33, 513, 19);
	byte_option(&l, RESIZE_BILINEAR_ALIGN_CORNERS, 1);
	assert_limited(&l, "1x513x513x19 is too large for RESIZE_BILINEAR");
	l = resize(BUILTIN_RESIZE_BILINEAR, 256, 512, 32);
	assert_limited(&l, "1x512x512x32 is too large");
}

static struct lone mean(int32_t y, int32_t x, int32_t z, size_t axes, const int32_t *axis)
{
	struct lone l = lone(BUILTIN_MEAN);

	in(&l, DIMS(1, y, x, z));
	ints(&l, axes, axis);
	out(&l, DIMS(1, z));
	return l;
}

static void means_are_limited_by_their_pixels(void **unused)
{
	struct lone l = mean(64, 128, 3, DIMS(1, 2));

	(void)unused;
	assert_mapped(&l);
	l = mean(256, 128, 3, DIMS(1, 2));
	assert_limited(&l, "a mean over 32768 pixels");
	l = mean(256, 128, 3, DIMS(1));
	assert_mapped(&l);
}

static void means_over_channels_need_fours_and_version_13(void **unused)
{
	struct lone l = mean(8, 8, 4, DIMS(-1));

	(void)unused;
	assert_version(&l, 12, ATOLL_NOT_MAPPED_LIMIT, "a mean over z");
	assert_version_mapped(&l, 13);
	done(&l);
	l = mean(8, 8, 6, DIMS(3));
	assert_limited(&l, "a mean over 6 channels");
	l = mean(8, 8, 4, DIMS(0, 1));
	assert_limited(&l, "along the batch");
}

static struct lone reshape(size_t from_rank, const int32_t *from, size_t to_rank,
			   const int32_t *to)
{
	struct lone l = lone(BUILTIN_RESHAPE);

	in(&l, from_rank, from);
	ints(&l, to_rank, to);
	out(&l, to_rank, to);
	return l;
}

static void reshapes_of_much_data_are_refused(void **unused)
{
	struct lone l = reshape(DIMS(1, 32, 32, 255), DIMS(1, 1024, 3, 85));

	(void)unused;
	assert_mapped(&l);
	l = reshape(DIMS(1, 48, 48, 255), DIMS(1, 2304, 3, 85));
	assert_limited(&l, "1x48x48x255 is too large for RESHAPE");
	/* Nothing moves. */
	l = reshape(DIMS(1, 48, 48, 255), DIMS(48, 48, 255));
	assert_mapped(&l);
}

static void transposes_of_much_data_are_refused(void **unused)
{
	struct lone l = lone(BUILTIN_TRANSPOSE);

	(void)unused;
	in(&l, DIMS(1, 64, 2100));
	ints(&l, DIMS(0, 2, 1));
	out(&l, DIMS(1, 2100, 64));
	assert_mapped(&l);
	l = lone(BUILTIN_TRANSPOSE);
	in(&l, DIMS(1, 3, 224, 224));
	ints(&l, DIMS(0, 2, 3, 1));
	out(&l, DIMS(1, 224, 224, 3));
	assert_limited(&l, "1x3x224x224 is too large for TRANSPOSE");
}

static struct lone concatenation(int32_t rows, int32_t more, int32_t channels)
{
	struct lone l = lone(BUILTIN_CONCATENATION);

	in(&l, DIMS(1, rows, channels));
	in(&l, DIMS(1, more, channels));
	out(&l, DIMS(1, rows + more, channels));
	option(&l, CONCATENATION_AXIS, 1);
	return l;
}

static void concatenations_of_much_data_are_refused(void **unused)
{
	struct lone l = concatenation(1083, 834, 91);

	(void)unused;
	assert_mapped(&l);
	l = concatenation(2352, 735, 85);
	assert_limited(&l, "1x3087x85 is too large for CONCATENATION");
	l = lone(BUILTIN_CONCATENATION);
	in(&l, DIMS(1, 73, 73, 64));
	in(&l, DIMS(1, 73, 73, 96));
	out(&l, DIMS(1, 73, 73, 160));
	option(&l, CONCATENATION_AXIS, 3);
	assert_mapped(&l);
}

/* Conditions of single operators */

static struct lone padded(uint8_t byte, bool has_third)
{
	struct lone l = lone(BUILTIN_CONCATENATION);

	in(&l, DIMS(1, 4));
	constant(&l, byte, DIMS(1, 4));
	if (has_third)
		in(&l, DIMS(1, 4));
	out(&l, DIMS(1, has_third ? 12 : 8));
	option(&l, CONCATENATION_AXIS, 1);
	return l;
}

static void constants_are_appended_only_as_padding(void **unused)
{
	struct lone l = padded(0, false);

	(void)unused;
	assert_mapped(&l);
	l = padded(7, false);
	assert_limited(&l, "input 1 is constant, but not zero");
	l = padded(0, true);
	assert_limited(&l, "input 1 is constant, and there are 3 inputs");
}

static void activations_are_not_fused_into_pools(void **unused)
{
	static const uint32_t codes[] = { BUILTIN_AVERAGE_POOL_2D, BUILTIN_MAX_POOL_2D };
	struct lone l;

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		l = plain(codes[i]);
		assert_mapped(&l);
		l = plain(codes[i]);
		byte_option(&l, POOL_2D_FUSED_ACTIVATION, 1);
		assert_limited(&l, "it has a fused activation");
	}
	l = concatenation(4, 4, 4);
	byte_option(&l, CONCATENATION_FUSED_ACTIVATION, 1);
	assert_limited(&l, "it has a fused activation");
}

static struct lone dilated(int32_t x, int32_t y)
{
	struct lone l = conv(true, true);

	option(&l, CONV_2D_DILATION_W, x);
	option(&l, CONV_2D_DILATION_H, y);
	return l;
}

static void dilation_is_the_same_in_both_directions(void **unused)
{
	struct lone l = dilated(2, 2);

	(void)unused;
	assert_version_mapped(&l, 12);
	assert_mapped(&l);
	l = dilated(2, 1);
	assert_limited(&l, "dilated by 2 in x and 1 in y");
}

static struct lone depthwise(int32_t x, int32_t y)
{
	struct lone l = lone(BUILTIN_DEPTHWISE_CONV_2D);

	in(&l, DIMS(1, 8, 8, 4));
	constant(&l, 1, DIMS(1, 3, 3, 4));
	ints(&l, DIMS(1, 2, 3, 4));
	out(&l, DIMS(1, 8, 8, 4));
	option(&l, DEPTHWISE_CONV_2D_DILATION_W, x);
	option(&l, DEPTHWISE_CONV_2D_DILATION_H, y);
	return l;
}

static void depthwise_dilation_came_with_version_13(void **unused)
{
	struct lone l = depthwise(2, 2);

	(void)unused;
	assert_version(&l, 12, ATOLL_NOT_MAPPED_LIMIT, "dilated, which came with");
	assert_mapped(&l);
	l = depthwise(1, 1);
	assert_version_mapped(&l, 12);
	done(&l);
	l = depthwise(1, 2);
	assert_limited(&l, "dilated by 1 in x and 2 in y");
}

static void convolutions_see_all_channels(void **unused)
{
	struct lone l = lone(BUILTIN_CONV_2D);

	(void)unused;
	in(&l, DIMS(1, 8, 8, 4));
	constant(&l, 1, DIMS(2, 3, 3, 2));
	out(&l, DIMS(1, 8, 8, 2));
	assert_limited(&l, "its filters see only 2 of 4 channels");
}

static void weights_and_biases_have_their_types(void **unused)
{
	struct lone l = lone(BUILTIN_CONV_2D);

	(void)unused;
	in(&l, DIMS(1, 8, 8, 4));
	l.type = ATOLL_FLOAT32;
	constant(&l, 0, DIMS(2, 3, 3, 4));
	l.type = ATOLL_INT8;
	out(&l, DIMS(1, 8, 8, 2));
	assert_limited(&l, "input 1, the weights, has no 8-bit numbers");
	l = lone(BUILTIN_FULLY_CONNECTED);
	in(&l, DIMS(1, 4));
	constant(&l, 1, DIMS(3, 4));
	constant(&l, 1, DIMS(3));
	out(&l, DIMS(1, 3));
	assert_limited(&l, "input 2, the bias, is int8");
}

static void shuffled_weights_are_refused(void **unused)
{
	struct lone l = dense(1);

	(void)unused;
	byte_option(&l, FULLY_CONNECTED_WEIGHTS_FORMAT, WEIGHTS_SHUFFLED_4X16_INT8);
	assert_limited(&l, "its weights are shuffled");
}

static void softmax_takes_16000_elements(void **unused)
{
	struct lone l = lone(BUILTIN_SOFTMAX);

	(void)unused;
	in(&l, DIMS(1, 16000));
	out(&l, DIMS(1, 16000));
	assert_mapped(&l);
	l = lone(BUILTIN_SOFTMAX);
	in(&l, DIMS(1, 16001));
	out(&l, DIMS(1, 16001));
	assert_limited(&l, "16001 elements");
}

static void padding_stays_off_the_batch_and_once_off_z(void **unused)
{
	static const int32_t in_x[8] = { 0, 0, 0, 0, 1, 1, 0, 0 };
	static const int32_t in_z[8] = { 0, 0, 0, 0, 0, 0, 0, 4 };
	static const int32_t in_batch[8] = { 0, 1, 0, 0, 0, 0, 0, 0 };
	const int32_t *const list[] = { in_x, in_z, in_batch };
	struct lone l[3];

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		l[i] = lone(BUILTIN_PAD);
		in(&l[i], DIMS(1, 8, 8, 4));
		ints(&l[i], 8, list[i]);
		out(&l[i], DIMS(1, 8, 8, 4));
	}
	assert_version_mapped(&l[0], 12);
	assert_version(&l[1], 12, ATOLL_NOT_MAPPED_LIMIT, "padding in z");
	assert_version_mapped(&l[1], 13);
	assert_version(&l[2], NEWEST, ATOLL_NOT_MAPPED_LIMIT, "along the batch");
	for (size_t i = 0; i < 3; i++)
		done(&l[i]);
}

static void nothing_works_along_the_batch(void **unused)
{
	static const uint32_t reducers[] = { BUILTIN_SUM, BUILTIN_REDUCE_MAX,
					     BUILTIN_REDUCE_MIN };
	struct lone l;

	(void)unused;
	for (size_t i = 0; i < 3; i++)
		for (int32_t axis = 0; axis < 2; axis++) {
			l = lone(reducers[i]);
			in(&l, DIMS(1, 8, 8, 4));
			ints(&l, 1, &axis);
			out(&l, DIMS(1, 8, 8, 4));
			if (axis == 0)
				assert_limited(&l, "along the batch");
			else
				assert_mapped(&l);
		}
	l = lone(BUILTIN_SPLIT);
	ints(&l, DIMS(0));
	in(&l, DIMS(1, 8, 8, 4));
	out(&l, DIMS(1, 8, 8, 4));
	assert_limited(&l, "along the batch");
	l = lone(BUILTIN_SPLIT);
	ints(&l, DIMS(-1));
	in(&l, DIMS(1, 8, 8, 4));
	out(&l, DIMS(1, 8, 8, 2));
	out(&l, DIMS(1, 8, 8, 2));
	assert_mapped(&l);
	l = lone(BUILTIN_PACK);
	in(&l, DIMS(8, 8, 4));
	out(&l, DIMS(1, 8, 8, 4));
	assert_limited(&l, "along the batch");
	l = lone(BUILTIN_PACK);
	in(&l, DIMS(1, 17));
	in(&l, DIMS(1, 17));
	out(&l, DIMS(1, 17, 2));
	option(&l, PACK_AXIS, 2);
	assert_mapped(&l);
}

static void squeezing_inside_came_with_version_13(void **unused)
{
	struct lone l = lone(BUILTIN_SQUEEZE);

	(void)unused;
	in(&l, DIMS(1, 8, 1, 4));
	out(&l, DIMS(8, 4));
	assert_version(&l, 12, ATOLL_NOT_MAPPED_LIMIT, "more than dimensions in front");
	assert_mapped(&l);
	l = lone(BUILTIN_SQUEEZE);
	in(&l, DIMS(1, 1, 8, 4));
	out(&l, DIMS(8, 4));
	assert_version_mapped(&l, 12);
	done(&l);
}

static struct lone prelu(size_t rank, const int32_t *alpha)
{
	struct lone l = lone(BUILTIN_PRELU);

	in(&l, DIMS(1, 8, 8, 4));
	constant(&l, 1, rank, alpha);
	out(&l, DIMS(1, 8, 8, 4));
	return l;
}

static void alpha_is_shared_by_all_pixels(void **unused)
{
	struct lone l = prelu(DIMS(1, 1, 4));

	(void)unused;
	assert_mapped(&l);
	l = prelu(DIMS(8, 8, 4));
	assert_limited(&l, "alpha is 8x8x4");
}

static struct lone quantize(enum atoll_type from, enum atoll_type to)
{
	struct lone l = lone(BUILTIN_QUANTIZE);

	l.type = from;
	in(&l, DIMS(1, 4));
	l.type = to;
	out(&l, DIMS(1, 4));
	return l;
}

static void quantizing_starts_from_numbers_that_are_quantized(void **unused)
{
	struct lone l = quantize(ATOLL_UINT8, ATOLL_INT8);

	(void)unused;
	assert_mapped(&l);
	l = quantize(ATOLL_INT16, ATOLL_INT8);
	assert_mapped(&l);
	l = quantize(ATOLL_FLOAT32, ATOLL_INT8);
	assert_limited(&l, "input 0 is float32");
	l = quantize(ATOLL_INT8, ATOLL_INT16);
	assert_refused(&l, ATOLL_NOT_MAPPED_TYPE, "output 0 is int16");
}

static void activations_have_one_scale(void **unused)
{
	struct lone l = lone(BUILTIN_RELU);

	(void)unused;
	l.scale = 0;
	in(&l, DIMS(1, 4));
	out(&l, DIMS(1, 4));
	assert_limited(&l, "tensor has no scale");
}

static void tiling_spreads_a_single_pixel(void **unused)
{
	struct lone l = lone(BUILTIN_TILE);

	(void)unused;
	in(&l, DIMS(1, 1, 1, 128));
	ints(&l, DIMS(1, 33, 33, 1));
	out(&l, DIMS(1, 33, 33, 128));
	assert_mapped(&l);
	l = lone(BUILTIN_TILE);
	in(&l, DIMS(1, 1, 1, 128));
	ints(&l, DIMS(1, 1, 1, 2));
	out(&l, DIMS(1, 1, 1, 256));
	assert_limited(&l, "more than a single pixel");
}

/* `left_out` is an input of the four gates that is not there; `extra` one that is. */
static struct lone lstm(int32_t left_out, int32_t extra)
{
	struct lone l = lone(BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM);

	in(&l, DIMS(1, 3, 4));
	for (int32_t i = 1; i < 24; i++) {
		if (i == left_out)
			add_input(&l, -1);
		else if (i == 18)
			state(&l, ATOLL_INT8, 2);
		else if (i == 19)
			state(&l, ATOLL_INT16, 2);
		else if (i >= 12 && i <= 15)
			ints(&l, DIMS(1, 2));
		else if (i <= 8 || i == extra)
			constant(&l, 1, DIMS(2, i <= 4 ? 4 : 2));
		else
			add_input(&l, -1);
	}
	out(&l, DIMS(1, 3, 2));
	return l;
}

static void lstms_have_four_gates_and_nothing_else(void **unused)
{
	struct lone l = lstm(-1, -1);

	(void)unused;
	assert_mapped(&l);
	l = lstm(1, -1);
	assert_limited(&l, "it has not a gate of its own");
	l = lstm(-1, 9);
	assert_limited(&l, "it has peepholes");
	l = lstm(-1, 16);
	assert_limited(&l, "it has a projection");
	l = lstm(-1, 20);
	assert_limited(&l, "it has layer normalization");
}

/* Pairs of one operator and its answer, for all without a condition. */
static void plain_operators_are_mapped_from_the_beginning(void **unused)
{
	static const uint32_t one[] = {
		BUILTIN_LOGISTIC, BUILTIN_TANH, BUILTIN_RELU, BUILTIN_RELU6,
		BUILTIN_RELU_N1_TO_1, BUILTIN_L2_NORMALIZATION, BUILTIN_SPACE_TO_DEPTH,
	};
	static const uint32_t two[] = {
		BUILTIN_ADD, BUILTIN_SUB, BUILTIN_MUL, BUILTIN_MAXIMUM, BUILTIN_MINIMUM,
	};
	struct lone l;

	(void)unused;
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		l = plain(one[i]);
		assert_version_mapped(&l, 12);
		done(&l);
	}
	for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++) {
		l = lone(two[i]);
		l.type = ATOLL_UINT8;
		in(&l, DIMS(1, 8, 8, 4));
		constant(&l, 3, DIMS(4));
		out(&l, DIMS(1, 8, 8, 4));
		assert_version_mapped(&l, 10);
		done(&l);
	}
	l = lone(BUILTIN_SLICE);
	in(&l, DIMS(1, 8, 8, 4));
	ints(&l, DIMS(0, 0, 0, 0));
	ints(&l, DIMS(1, 4, 4, 4));
	out(&l, DIMS(1, 4, 4, 4));
	assert_version_mapped(&l, 12);
	done(&l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_operator_that_is_there_is_mapped),
		cmocka_unit_test(unknown_operators_are_not_supported),
		cmocka_unit_test(operators_come_with_runtime_versions),
		cmocka_unit_test(newer_versions_of_operators_are_not_understood),
		cmocka_unit_test(versions_are_looked_at_before_types),
		cmocka_unit_test(other_types_are_not_supported),
		cmocka_unit_test(signed_numbers_came_with_version_12),
		cmocka_unit_test(what_leaves_the_quantized_world_has_a_wrong_type),
		cmocka_unit_test(outer_dimensions_larger_than_1_have_the_wrong_rank),
		cmocka_unit_test(computed_parameters_are_not_constant),
		cmocka_unit_test(several_rows_are_not_flat),
		cmocka_unit_test(strides_have_a_status_of_their_own),
		cmocka_unit_test(fine_steps_are_not_precise_enough),
		cmocka_unit_test(resizing_is_limited_by_the_output),
		cmocka_unit_test(means_are_limited_by_their_pixels),
		cmocka_unit_test(means_over_channels_need_fours_and_version_13),
		cmocka_unit_test(reshapes_of_much_data_are_refused),
		cmocka_unit_test(transposes_of_much_data_are_refused),
		cmocka_unit_test(concatenations_of_much_data_are_refused),
		cmocka_unit_test(constants_are_appended_only_as_padding),
		cmocka_unit_test(activations_are_not_fused_into_pools),
		cmocka_unit_test(dilation_is_the_same_in_both_directions),
		cmocka_unit_test(depthwise_dilation_came_with_version_13),
		cmocka_unit_test(convolutions_see_all_channels),
		cmocka_unit_test(weights_and_biases_have_their_types),
		cmocka_unit_test(shuffled_weights_are_refused),
		cmocka_unit_test(softmax_takes_16000_elements),
		cmocka_unit_test(padding_stays_off_the_batch_and_once_off_z),
		cmocka_unit_test(nothing_works_along_the_batch),
		cmocka_unit_test(squeezing_inside_came_with_version_13),
		cmocka_unit_test(alpha_is_shared_by_all_pixels),
		cmocka_unit_test(quantizing_starts_from_numbers_that_are_quantized),
		cmocka_unit_test(activations_have_one_scale),
		cmocka_unit_test(tiling_spreads_a_single_pixel),
		cmocka_unit_test(lstms_have_four_gates_and_nothing_else),
		cmocka_unit_test(plain_operators_are_mapped_from_the_beginning),
	};

	return CHECK_RUN(tests);
}
