/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/dense_chain.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"

static float any(struct check_random *random, float low, float high)
{
	return low + (high - low) * (float)(check_random(random) % 4096) / 4096;
}

static int32_t any_zero(struct check_random *random, enum atoll_type type)
{
	return (int32_t)(check_random(random) % 200) + (type == ATOLL_INT8 ? -100 : 28);
}

/* Sums of that many products, in the middle of the range. */
static float output_scale(const struct dense_shape *shape, float in, float weights)
{
	float width = 1;

	while (width * width < (float)shape->inputs)
		width++;
	return in * weights * width * 97.3f;
}

int32_t dense_weights(struct graph *g, struct check_random *random,
		      const struct dense_shape *shape, float scale)
{
	uint32_t count = shape->inputs * shape->outputs;
	float *scales = calloc(shape->outputs, sizeof(*scales));
	uint8_t *data = malloc(count);
	struct atoll_builder_tensor tensor = {
		.name = "weights", .type = shape->type, .rank = 2,
		.dims = { (int32_t)shape->outputs, (int32_t)shape->inputs },
		.scale = scale, .data = data, .bytes = count };
	int32_t index;

	assert_true(scales && data);
	for (uint32_t i = 0; i < count; i++)
		data[i] = (uint8_t)check_random(random);
	for (uint32_t o = 0; o < shape->outputs; o++)
		scales[o] = shape->has_equal_scales ? scale : scale * any(random, 0.3f, 1);
	if (shape->type == ATOLL_UINT8)
		tensor.zero_point = any_zero(random, ATOLL_UINT8);
	if (shape->is_per_channel) {
		tensor.channels = shape->outputs;
		tensor.scales = scales;
	}
	index = graph_tensor(g, &tensor);
	free(scales);
	free(data);
	return index;
}

static int32_t add_bias(struct graph *g, struct check_random *random,
			const struct dense_shape *shape)
{
	int32_t *data = calloc(shape->outputs, sizeof(*data)), index;

	assert_non_null(data);
	for (uint32_t o = 0; o < shape->outputs; o++)
		data[o] = (int32_t)(check_random(random) % 60001) - 30000;
	index = graph_tensor(g, &(struct atoll_builder_tensor){
		.name = "bias", .type = ATOLL_INT32, .rank = 1,
		.dims = { (int32_t)shape->outputs }, .data = data,
		.bytes = shape->outputs * sizeof(*data) });
	free(data);
	return index;
}

void *dense_chain(const struct dense_shape *shape, uint32_t layers, uint64_t seed,
		  size_t *size)
{
	struct check_random random = { seed };
	struct graph g = graph_new();
	struct atoll_builder_tensor tensor = {
		.name = "input", .type = shape[0].type, .rank = 2,
		.dims = { 1, (int32_t)shape[0].inputs }, .scale = any(&random, 0.01f, 0.05f),
		.zero_point = any_zero(&random, shape[0].type) };
	int32_t at = graph_input(&g, &tensor);
	void *bytes;

	for (uint32_t l = 0; l < layers; l++) {
		const struct atoll_builder_option option = {
			.id = FULLY_CONNECTED_FUSED_ACTIVATION, .kind = ATOLL_OPTION_I8,
			.i = shape[l].activation };
		float scale = any(&random, 0.002f, 0.02f);
		int32_t operand[3] = { at, dense_weights(&g, &random, &shape[l], scale), -1 };

		if (shape[l].has_bias)
			operand[2] = add_bias(&g, &random, &shape[l]);
		tensor.name = l + 1 < layers ? "middle" : "output";
		tensor.dims[1] = (int32_t)shape[l].outputs;
		tensor.scale = output_scale(&shape[l], tensor.scale, scale);
		tensor.zero_point = any_zero(&random, shape[l].type);
		at = l + 1 < layers ? graph_tensor(&g, &tensor) : graph_output(&g, &tensor);
		graph_operator(&g, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 1,
			       &option, 3, operand, 1, &at);
	}
	graph_open(&g);
	bytes = malloc(g.size);
	assert_non_null(bytes);
	memcpy(bytes, g.bytes, g.size);
	*size = g.size;
	graph_free(&g);
	return bytes;
}
