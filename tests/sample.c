/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sample.h"

#include <stdlib.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"

#define ACTIVATION_SCALE 0.05f
#define WEIGHT_SCALE 0.02f
#define ZERO_POINT 128

static struct check_random noise;

/* A constant of random bytes: weights around their zero point, small biases. */
static int32_t constant(struct graph *g, enum atoll_type type, uint32_t rank,
			const int32_t *dims)
{
	struct atoll_builder_tensor tensor = {
		.name = "weights", .type = type, .rank = rank,
		.scale = type == ATOLL_UINT8 ? WEIGHT_SCALE :
			WEIGHT_SCALE * ACTIVATION_SCALE,
		.zero_point = type == ATOLL_UINT8 ? ZERO_POINT : 0,
		.bytes = atoll_type_bytes(type),
	};
	size_t elements;
	uint8_t *data;
	int32_t index;

	for (uint32_t i = 0; i < rank; i++) {
		tensor.dims[i] = dims[i];
		tensor.bytes *= (size_t)dims[i];
	}
	elements = tensor.bytes / atoll_type_bytes(type);
	data = malloc(tensor.bytes);
	assert_non_null(data);
	for (size_t i = 0; i < elements; i++)
		if (type == ATOLL_UINT8)
			data[i] = (uint8_t)check_random_in(&noise, 78, 178);
		else
			((int32_t *)(void *)data)[i] =
				check_random_in(&noise, -1000, 1000);
	tensor.data = data;
	index = graph_tensor(g, &tensor);
	free(data);
	return index;
}

static struct atoll_builder_tensor activation(uint32_t rank, const int32_t *dims)
{
	struct atoll_builder_tensor tensor = {
		.name = "activation", .type = ATOLL_UINT8, .rank = rank,
		.scale = ACTIVATION_SCALE, .zero_point = ZERO_POINT,
	};

	for (uint32_t i = 0; i < rank; i++)
		tensor.dims[i] = dims[i];
	return tensor;
}

static int32_t tensor_4d(struct graph *g, int32_t size, int32_t channels)
{
	struct atoll_builder_tensor tensor =
		activation(4, (const int32_t[]){ 1, size, size, channels });

	return graph_tensor(g, &tensor);
}

static struct atoll_builder_option option(uint16_t id, int32_t value, int is_byte)
{
	return (struct atoll_builder_option){
		.kind = is_byte ? ATOLL_OPTION_I8 : ATOLL_OPTION_I32, .id = id, .i = value };
}

/* SAME padding, RELU6. */
static int32_t conv(struct graph *g, int32_t in, int32_t in_channels, int32_t kernel,
		    int32_t stride, int32_t out_size, int32_t out_channels)
{
	const struct atoll_builder_option options[] = {
		option(CONV_2D_STRIDE_W, stride, 0),
		option(CONV_2D_STRIDE_H, stride, 0),
		option(CONV_2D_FUSED_ACTIVATION, 3, 1),
	};
	const int32_t filter[] = { out_channels, kernel, kernel, in_channels };
	int32_t out = tensor_4d(g, out_size, out_channels);

	graph_operator(g, BUILTIN_CONV_2D, OPTIONS_CONV_2D, 3, options, 3,
		       (const int32_t[]){ in, constant(g, ATOLL_UINT8, 4, filter),
					  constant(g, ATOLL_INT32, 1, &out_channels) },
		       1, &out);
	return out;
}

static int32_t depthwise(struct graph *g, int32_t in, int32_t size, int32_t channels)
{
	const struct atoll_builder_option options[] = {
		option(DEPTHWISE_CONV_2D_STRIDE_W, 1, 0),
		option(DEPTHWISE_CONV_2D_STRIDE_H, 1, 0),
		option(DEPTHWISE_CONV_2D_DEPTH_MULTIPLIER, 1, 0),
	};
	const int32_t filter[] = { 1, 3, 3, channels };
	int32_t out = tensor_4d(g, size, channels);

	graph_operator(g, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, 3, options,
		       3, (const int32_t[]){ in, constant(g, ATOLL_UINT8, 4, filter),
					     constant(g, ATOLL_INT32, 1, &channels) },
		       1, &out);
	return out;
}

static int32_t average_pool(struct graph *g, int32_t in, int32_t size, int32_t channels)
{
	const struct atoll_builder_option options[] = {
		option(POOL_2D_PADDING, 1, 1), /* VALID */
		option(POOL_2D_STRIDE_W, 2, 0),
		option(POOL_2D_STRIDE_H, 2, 0),
		option(POOL_2D_FILTER_WIDTH, 2, 0),
		option(POOL_2D_FILTER_HEIGHT, 2, 0),
	};
	int32_t out = tensor_4d(g, size / 2, channels);

	graph_operator(g, BUILTIN_AVERAGE_POOL_2D, OPTIONS_POOL_2D, 5, options, 1, &in, 1,
		       &out);
	return out;
}

static int32_t flatten(struct graph *g, int32_t in, int32_t elements)
{
	const int32_t dims[] = { 1, elements };
	const struct atoll_builder_option options[] = {
		{ .kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE, .count = 2, .is = dims },
	};
	struct atoll_builder_tensor tensor = activation(2, dims);
	int32_t out = graph_tensor(g, &tensor);

	graph_operator(g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 1, options, 1, &in, 1, &out);
	return out;
}

struct graph sample_classifier(void)
{
	struct graph g = graph_new();
	struct atoll_builder_tensor input = activation(4, (const int32_t[]){ 1, 24, 24, 3 });
	struct atoll_builder_tensor scores = activation(2, (const int32_t[]){ 1, 10 });
	const int32_t classes = 10;
	int32_t at, weights[3], out;

	noise.state = 6;
	at = graph_input(&g, &input);
	at = conv(&g, at, 3, 3, 2, 12, 16);
	at = depthwise(&g, at, 12, 16);
	at = conv(&g, at, 16, 1, 1, 12, 24);
	at = average_pool(&g, at, 12, 24);
	at = flatten(&g, at, 6 * 6 * 24);
	weights[0] = at;
	weights[1] = constant(&g, ATOLL_UINT8, 2, (const int32_t[]){ 10, 6 * 6 * 24 });
	weights[2] = constant(&g, ATOLL_INT32, 1, &classes);
	out = graph_output(&g, &scores);
	graph_operator(&g, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 0, NULL, 3,
		       weights, 1, &out);
	return g;
}
