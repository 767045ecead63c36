/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/builder.h"
#include "runtime/schema/tflite.h"

/* A tensor [rows][columns] of uint8 that is computed. */
static int32_t activation(struct atoll_builder *b, const char *name, int32_t rows,
			  int32_t columns)
{
	return atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = name, .type = ATOLL_UINT8, .rank = 2, .dims = { rows, columns },
		.scale = 0.5f, .zero_point = 128 });
}

/* An image [1][size][size][channels] of int8 that is computed. */
static int32_t image(struct atoll_builder *b, const char *name, int32_t size,
		     int32_t channels)
{
	return atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = name, .type = ATOLL_INT8, .rank = 4,
		.dims = { 1, size, size, channels }, .scale = 0.25f, .zero_point = -3 });
}

static int32_t int_list(struct atoll_builder *b, const char *name, int32_t count,
			const int32_t *values)
{
	return atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = name, .type = ATOLL_INT32, .rank = 1, .dims = { count },
		.data = values, .bytes = (size_t)count * sizeof(*values) });
}

static void ends(struct atoll_builder *b, int32_t in, int32_t out)
{
	atoll_builder_inputs(b, 1, &in);
	atoll_builder_outputs(b, 1, &out);
}

/* RELU, with nothing more than a graph needs. */
static void build_relu(struct atoll_builder *b)
{
	int32_t in = activation(b, "in", 1, 4), out = activation(b, "out", 1, 4);

	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_RELU, .inputs = 1, .input = &in,
		.outputs = 1, .output = &out });
	ends(b, in, out);
}

/* CONV_2D with one scale per channel, then RESHAPE with its shape twice. */
static void build_conv(struct atoll_builder *b)
{
	static const int8_t weights[2 * 3 * 3 * 1] = { 1, -2, 3, -4, 5, -6, 7, -8, 9 };
	static const int32_t biases[2] = { 100, -100 }, flat[2] = { 1, 18 };
	static const float scales[2] = { 0.5f, 0.125f }, bias_scales[2] = { 0.125f, 0.03125f };
	int32_t in = image(b, "in", 5, 1), middle = image(b, "middle", 3, 2);
	int32_t filter = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = "filter", .type = ATOLL_INT8, .rank = 4, .dims = { 2, 3, 3, 1 },
		.channels = 2, .scales = scales, .data = weights, .bytes = sizeof(weights) });
	int32_t bias = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = "bias", .type = ATOLL_INT32, .rank = 1, .dims = { 2 },
		.channels = 2, .scales = bias_scales, .data = biases, .bytes = sizeof(biases) });
	int32_t shape = int_list(b, "shape", 2, flat);
	int32_t out = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = "out", .type = ATOLL_INT8, .rank = 2, .dims = { 1, 18 },
		.scale = 0.25f, .zero_point = -3 });

	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_CONV_2D, .version = 3,
		.inputs = 3, .input = (int32_t[]){ in, filter, bias },
		.outputs = 1, .output = &middle, .options_type = OPTIONS_CONV_2D,
		.options = 5, .option = (struct atoll_builder_option[]){
			{ .kind = ATOLL_OPTION_I8, .id = CONV_2D_PADDING, .i = PADDING_VALID },
			{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_DILATION_W, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_DILATION_H, .i = 1 } } });
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_RESHAPE, .inputs = 2, .input = (int32_t[]){ middle, shape },
		.outputs = 1, .output = &out, .options_type = OPTIONS_RESHAPE,
		.options = 1, .option = &(struct atoll_builder_option){
			.kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE, .count = 2,
			.is = flat } });
	ends(b, in, out);
}

/* FULLY_CONNECTED without a bias, SOFTMAX, and an operator above code 127. */
static void build_dense(struct atoll_builder *b)
{
	static const uint8_t weights[3 * 4] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	int32_t in = activation(b, "in", 1, 4), middle = activation(b, "middle", 1, 3);
	int32_t filter = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = "weights", .type = ATOLL_UINT8, .rank = 2, .dims = { 3, 4 },
		.scale = 0.125f, .zero_point = 7, .data = weights, .bytes = sizeof(weights) });
	int32_t soft = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = "soft", .type = ATOLL_UINT8, .rank = 2, .dims = { 1, 3 },
		.scale = 1.0f / 256, .zero_point = 0 });
	int32_t shape = int_list(b, "shape", 2, (int32_t[]){ 2, 3 });
	int32_t out = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = "out", .type = ATOLL_UINT8, .rank = 2, .dims = { 2, 3 },
		.scale = 1.0f / 256, .zero_point = 0 });

	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_FULLY_CONNECTED, .inputs = 3,
		.input = (int32_t[]){ in, filter, -1 }, .outputs = 1, .output = &middle,
		.options_type = OPTIONS_FULLY_CONNECTED });
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_SOFTMAX, .inputs = 1, .input = &middle,
		.outputs = 1, .output = &soft, .options_type = OPTIONS_SOFTMAX,
		.options = 1, .option = &(struct atoll_builder_option){
			.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = 1 } });
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_BROADCAST_TO, .inputs = 2, .input = (int32_t[]){ soft, shape },
		.outputs = 1, .output = &out, .options_type = OPTIONS_BROADCAST_TO });
	ends(b, in, out);
}

/* A custom operator with options, intermediates and a variable. */
static void build_custom(struct atoll_builder *b)
{
	int32_t in = activation(b, "in", 1, 4), out = activation(b, "out", 1, 4);
	int32_t gate = activation(b, "gate", 1, 4);
	int32_t state = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = "state", .type = ATOLL_INT16, .rank = 2, .dims = { 1, 4 },
		.scale = 1.0f / 4096, .is_variable = 1 });

	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_CUSTOM, .custom = "Remember", .inputs = 2,
		.input = (int32_t[]){ in, state }, .outputs = 1, .output = &out,
		.intermediates = 2, .intermediate = (int32_t[]){ gate, -1 },
		.custom_options = "\x07\x04\x01", .custom_options_bytes = 3 });
	ends(b, in, out);
}

/* AVERAGE_POOL_2D over 1.6 billion pixels of no channels, which once took their time. */
static void build_empty(struct atoll_builder *b)
{
	int32_t in = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = "in", .type = ATOLL_UINT8, .rank = 4,
		.dims = { 1, 10, 160000000, 0 }, .scale = 1 });
	int32_t out = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = "out", .type = ATOLL_UINT8, .rank = 4,
		.dims = { 1, 10, 160000000, 0 }, .scale = 1 });

	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_AVERAGE_POOL_2D, .inputs = 1, .input = &in,
		.outputs = 1, .output = &out, .options_type = OPTIONS_POOL_2D,
		.options = 4, .option = (struct atoll_builder_option[]){
			{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_W, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_H, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_WIDTH, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_HEIGHT, .i = 1 } } });
	ends(b, in, out);
}

static void (*const builds[])(struct atoll_builder *) = {
	build_relu, build_conv, build_dense, build_custom, build_empty,
};

uint32_t models_count(void)
{
	return sizeof(builds) / sizeof(builds[0]);
}

void *models_build(uint32_t which, size_t *size)
{
	struct atoll_builder *b = atoll_builder_new("for tests");
	struct atoll_error err;
	void *bytes;

	if (!b)
		abort();
	builds[which](b);
	if (atoll_builder_finish(b, &bytes, size, &err) < 0) {
		fprintf(stderr, "model %u: %s\n", which, err.text);
		abort();
	}
	atoll_builder_free(b);
	return bytes;
}
