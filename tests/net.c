/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/net.h"

#include "runtime/schema/tflite.h"
#include "tests/check.h"

/* Any bytes; the lower half only, so that there is no overflow of any sum. */
static const uint8_t *some_bytes(uint32_t seed)
{
	static _Alignas(8) uint8_t bytes[4096];
	struct check_random random = { seed };

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)check_random_in(&random, 0, 127);
	return bytes;
}

static int32_t add_tensor(struct graph *g, const char *name, enum atoll_type type,
			  uint32_t rank, const int32_t *dims, float scale, const void *data)
{
	struct atoll_builder_tensor tensor = { .name = name, .type = type, .rank = rank,
					       .scale = scale, .data = data };

	tensor.bytes = data ? atoll_type_bytes(type) : 0;
	for (uint32_t d = 0; d < rank; d++) {
		tensor.dims[d] = dims[d];
		tensor.bytes *= (size_t)dims[d];
	}
	return graph_tensor(g, &tensor);
}

#define DIMS(...) sizeof((int32_t[]){ __VA_ARGS__ }) / 4, (const int32_t[]){ __VA_ARGS__ }

static int32_t image(struct graph *g, const char *name, float scale)
{
	return add_tensor(g, name, ATOLL_INT8, DIMS(1, 6, 6, 8), scale, NULL);
}

static int32_t first_weights(struct graph *g, const struct net *net)
{
	float scales[8];

	for (int i = 0; i < 8; i++)
		scales[i] = net->has_equal_scales ? 0.01f :
			    net->has_other_scales ? 0.02f - 0.001f * (float)i :
						    0.01f + 0.001f * (float)i;
	return graph_tensor(g, &(const struct atoll_builder_tensor){
		.name = "first/weights", .type = ATOLL_INT8, .rank = 4,
		.dims = { 8, 3, 3, 4 }, .channels = 8, .scales = scales,
		.data = some_bytes(net->seed + 1), .bytes = 8 * 9 * 4 });
}

static void add_first(struct graph *g, const struct net *net, int32_t in, int32_t out)
{
	const struct atoll_builder_option option[] = {
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = 1 },
		{ .kind = ATOLL_OPTION_I8, .id = CONV_2D_FUSED_ACTIVATION,
		  .i = net->activation },
	};
	const int32_t input[3] = { in, first_weights(g, net),
		add_tensor(g, "first/bias", ATOLL_INT32, DIMS(8), 0,
			   some_bytes(net->seed + 2)) };

	graph_operator(g, BUILTIN_CONV_2D, OPTIONS_CONV_2D, 3, option, 3, input, 1, &out);
}

static void add_deep(struct graph *g, const struct net *net, int32_t in, int32_t out)
{
	static const struct atoll_builder_option option[] = {
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_STRIDE_H, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_DEPTH_MULTIPLIER, .i = 1 },
	};
	const int32_t input[3] = { in,
		add_tensor(g, "deep/weights", ATOLL_INT8, DIMS(1, 3, 3, 8),
			   net->has_other_weights ? 0.02f : 0.01f, some_bytes(net->seed + 3)),
		add_tensor(g, "deep/bias", ATOLL_INT32, DIMS(8), 0,
			   some_bytes(net->seed + 4)) };

	graph_operator(g, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, 3, option, 3,
		       input, 1, &out);
}

/* 1x1, equal weights when `seed` is equal. */
static void add_small(struct graph *g, uint32_t seed, int32_t in, int32_t out)
{
	static const struct atoll_builder_option option[] = {
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = 1 },
	};
	const int32_t input[2] = { in,
		add_tensor(g, "small/weights", ATOLL_INT8, DIMS(8, 1, 1, 8), 0.01f,
			   some_bytes(seed)) };

	graph_operator(g, BUILTIN_CONV_2D, OPTIONS_CONV_2D, 2, option, 2, input, 1, &out);
}

static void add_last(struct graph *g, const struct net *net, int32_t in)
{
	int32_t outputs = 5 + net->outputs;
	static const int32_t zeros[16] = { 0 }, shape[2] = { 1, 6 * 6 * 8 };
	int32_t flat = add_tensor(g, "flat", ATOLL_INT8, DIMS(1, 6 * 6 * 8), 0.04f, NULL);
	int32_t input[3] = { in, add_tensor(g, "shape", ATOLL_INT32, DIMS(2), 0, shape), -1 };
	int32_t out = graph_output(g, &(const struct atoll_builder_tensor){
		.name = "out", .type = ATOLL_INT8, .rank = 2, .dims = { 1, outputs },
		.scale = 0.1f });

	graph_operator(g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 0, NULL, 2, input, 1, &flat);
	input[0] = flat;
	input[1] = add_tensor(g, "last/weights", ATOLL_INT8, DIMS(outputs, 6 * 6 * 8),
			      0.01f, some_bytes(net->seed + 7));
	if (net->bias != NO_BIAS)
		input[2] = add_tensor(g, "last/bias", ATOLL_INT32, DIMS(outputs), 0,
				      net->bias == ZERO_BIAS ? (const void *)zeros :
							       some_bytes(net->seed + 8));
	graph_operator(g, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 0, NULL,
		       net->bias == NO_BIAS ? 2 : 3, input, 1, &out);
}

/* What comes between the convolutions. */
static int32_t add_middle(struct graph *g, const struct net *net, int32_t deep, int32_t first)
{
	int8_t number = (int8_t)(17 + net->number);
	int32_t bright = image(g, "bright", 0.04f), more = image(g, "more", 0.04f);
	int32_t bent = image(g, "bent", 0.04f);
	int32_t input[2] = { deep,
		add_tensor(g, "bright/image", ATOLL_INT8, DIMS(6, 6, 8), 0.01f,
			   some_bytes(net->seed + 5)) };

	graph_operator(g, BUILTIN_MUL, OPTIONS_MUL, 0, NULL, 2, input, 1, &bright);
	input[0] = net->reads_first ? first : bright;
	input[1] = graph_tensor(g, &(const struct atoll_builder_tensor){
		.name = "number", .type = ATOLL_INT8, .scale = 0.1f, .data = &number,
		.bytes = 1 });
	graph_operator(g, net->is_sub ? BUILTIN_SUB : BUILTIN_ADD,
		       net->is_sub ? OPTIONS_SUB : OPTIONS_ADD, 0, NULL, 2, input, 1, &more);
	input[0] = more;
	input[1] = add_tensor(g, "bent/alpha", ATOLL_INT8, DIMS(1, 1, 8), 0.01f,
			      some_bytes(net->prelu_seed + 99));
	graph_operator(g, BUILTIN_PRELU, OPTIONS_NONE, 0, NULL, 2, input, 1, &bent);
	return bent;
}

struct graph net_build(const struct net *net)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &(const struct atoll_builder_tensor){
		.name = net->in_name ? net->in_name : "in", .type = ATOLL_INT8, .rank = 4,
		.dims = { 1, 6, 6, 4 }, .scale = 0.02f });
	int32_t first = image(&g, "first", net->has_other_first ? 0.05f : 0.04f);
	int32_t deep, bent, twice, thrice;

	deep = graph_tensor(&g, &(const struct atoll_builder_tensor){
		.name = "deep", .type = ATOLL_INT8, .rank = 4, .dims = { 1, 6, 6, 8 },
		.scale = 0.04f, .zero_point = net->has_other_deep ? 4 : 3 });
	add_first(&g, net, in, first);
	add_deep(&g, net, first, deep);
	bent = add_middle(&g, net, deep, first);
	twice = graph_output(&g, &(const struct atoll_builder_tensor){
		.name = "twice", .type = ATOLL_INT8, .rank = 4, .dims = { 1, 6, 6, 8 },
		.scale = 0.04f });
	thrice = image(&g, "thrice", 0.04f);
	add_small(&g, 1000 + net->seed, bent, twice);
	/* The same weights in what was compiled. */
	add_small(&g, 1000 + net->seed * 2, twice, thrice);
	add_last(&g, net, net->is_short ? twice : thrice);
	graph_open(&g);
	return g;
}
