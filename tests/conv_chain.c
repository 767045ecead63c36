/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conv_chain.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/graph.h"

struct making {
	struct graph g;
	struct check_random random;
	enum atoll_type type;
	bool is_exact;
};

/* Between `low` and twice that, which is a power of two; of 8 bits when it is exact. */
static float any(struct making *making, float low)
{
	uint32_t parts = making->is_exact ? 1 << 7 : 1 << 20;

	return low + low * (float)(check_random(&making->random) % parts) / (float)parts;
}

static int32_t any_zero(struct making *making)
{
	return (int32_t)(check_random(&making->random) % 200) +
	       (making->type == ATOLL_INT8 ? -100 : 28);
}

/* Weights of one output. */
static uint32_t depth(const struct conv_shape *shape, uint32_t inputs)
{
	return shape->kernel * shape->kernel * (shape->is_depthwise ? 1 : inputs);
}

/* Sums of that many products, in the middle of the range. */
static float output_scale(const struct making *making, uint32_t products, float in,
			  float weights)
{
	float width = 1, scale = 1;

	while (width * width < (float)products)
		width++;
	if (!making->is_exact)
		return in * weights * width * 97.3f;
	while (scale > in * weights * width * 97.3f)
		scale /= 2;
	while (scale < in * weights * width * 97.3f)
		scale *= 2;
	return scale;
}

static int32_t add_weights(struct making *making, const struct conv_shape *shape,
			   uint32_t inputs, float scale)
{
	uint32_t count = shape->outputs * depth(shape, inputs);
	float *scales = calloc(shape->outputs, sizeof(*scales));
	uint8_t *data = malloc(count);
	int32_t kernel = (int32_t)shape->kernel, outputs = (int32_t)shape->outputs;
	struct atoll_builder_tensor tensor = {
		.name = "weights", .type = making->type, .rank = 4,
		.dims = { outputs, kernel, kernel, (int32_t)inputs },
		.scale = scale, .data = data, .bytes = count };
	int32_t index;

	assert_true(scales && data);
	for (uint32_t i = 0; i < count; i++)
		data[i] = (uint8_t)check_random(&making->random);
	for (uint32_t o = 0; o < shape->outputs; o++)
		scales[o] = scale / 4 * any(making, 2);
	if (shape->is_depthwise) {
		tensor.dims[0] = 1;
		tensor.dims[3] = outputs;
	}
	if (making->type == ATOLL_UINT8)
		tensor.zero_point = any_zero(making);
	if (shape->is_per_channel) {
		tensor.channels = shape->outputs;
		tensor.scales = scales;
		tensor.axis = shape->is_depthwise ? 3 : 0;
	}
	index = graph_tensor(&making->g, &tensor);
	free(scales);
	free(data);
	return index;
}

static int32_t add_bias(struct making *making, const struct conv_shape *shape)
{
	int32_t *data = calloc(shape->outputs, sizeof(*data)), index;

	assert_non_null(data);
	for (uint32_t o = 0; o < shape->outputs && shape->has_bias; o++)
		data[o] = (int32_t)(check_random(&making->random) % 60001) - 30000;
	index = graph_tensor(&making->g, &(struct atoll_builder_tensor){
		.name = "bias", .type = ATOLL_INT32, .rank = 1,
		.dims = { (int32_t)shape->outputs }, .data = data,
		.bytes = shape->outputs * sizeof(*data) });
	free(data);
	return index;
}

static void add_operator(struct making *making, const struct conv_shape *shape,
			 const int32_t operand[3], int32_t output)
{
	const int32_t stride = (int32_t)shape->stride;
	const int32_t dilation = shape->dilation > 0 ? (int32_t)shape->dilation : 1;
	const struct atoll_builder_option conv[] = {
		{ .id = CONV_2D_PADDING, .kind = ATOLL_OPTION_I8, .i = PADDING_SAME },
		{ .id = CONV_2D_STRIDE_W, .kind = ATOLL_OPTION_I32, .i = stride },
		{ .id = CONV_2D_STRIDE_H, .kind = ATOLL_OPTION_I32, .i = stride },
		{ .id = CONV_2D_FUSED_ACTIVATION, .kind = ATOLL_OPTION_I8,
		  .i = shape->activation },
		{ .id = CONV_2D_DILATION_W, .kind = ATOLL_OPTION_I32, .i = dilation },
		{ .id = CONV_2D_DILATION_H, .kind = ATOLL_OPTION_I32, .i = dilation },
	};
	const struct atoll_builder_option depthwise[] = {
		{ .id = DEPTHWISE_CONV_2D_PADDING, .kind = ATOLL_OPTION_I8, .i = PADDING_SAME },
		{ .id = DEPTHWISE_CONV_2D_STRIDE_W, .kind = ATOLL_OPTION_I32, .i = stride },
		{ .id = DEPTHWISE_CONV_2D_STRIDE_H, .kind = ATOLL_OPTION_I32, .i = stride },
		{ .id = DEPTHWISE_CONV_2D_DEPTH_MULTIPLIER, .kind = ATOLL_OPTION_I32, .i = 1 },
		{ .id = DEPTHWISE_CONV_2D_FUSED_ACTIVATION, .kind = ATOLL_OPTION_I8,
		  .i = shape->activation },
	};

	if (shape->is_depthwise)
		graph_operator(&making->g, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D,
			       5, depthwise, 3, operand, 1, &output);
	else
		graph_operator(&making->g, BUILTIN_CONV_2D, OPTIONS_CONV_2D, 6, conv, 3,
			       operand, 1, &output);
}

void *conv_chain(const struct conv_image *image, const struct conv_shape *shape,
		 uint32_t layers, uint64_t seed, size_t *size)
{
	struct making making = { .g = graph_new(), .random = { seed }, .type = image->type,
				 .is_exact = image->is_exact };
	struct atoll_builder_tensor tensor = {
		.name = "input", .type = image->type, .rank = 4,
		.dims = { 1, (int32_t)image->height, (int32_t)image->width,
			  (int32_t)image->channels },
		.scale = any(&making, 0x1p-6f), .zero_point = any_zero(&making) };
	int32_t at = graph_input(&making.g, &tensor);
	void *bytes;

	for (uint32_t l = 0; l < layers; l++) {
		uint32_t inputs = (uint32_t)tensor.dims[3];
		float scale = any(&making, 0x1p-8f);
		const int32_t operand[3] = { at, add_weights(&making, &shape[l], inputs, scale),
					     add_bias(&making, &shape[l]) };

		tensor.name = l + 1 < layers ? "middle" : "output";
		tensor.dims[1] = (tensor.dims[1] - 1) / (int32_t)shape[l].stride + 1;
		tensor.dims[2] = (tensor.dims[2] - 1) / (int32_t)shape[l].stride + 1;
		tensor.dims[3] = (int32_t)shape[l].outputs;
		tensor.scale = output_scale(&making, depth(&shape[l], inputs), tensor.scale,
					    scale);
		tensor.zero_point = any_zero(&making);
		at = l + 1 < layers ? graph_tensor(&making.g, &tensor) :
				      graph_output(&making.g, &tensor);
		add_operator(&making, &shape[l], operand, at);
	}
	graph_open(&making.g);
	bytes = malloc(making.g.size);
	assert_non_null(bytes);
	memcpy(bytes, making.g.bytes, making.g.size);
	*size = making.g.size;
	graph_free(&making.g);
	return bytes;
}
