/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/blocks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/package.h"
#include "runtime/kernels/lstm.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/graph.h"

/* One layer of weights, as odd as one likes. */
enum bias { NO_BIAS, ZERO_BIAS, SOME_BIAS };
enum scales { ONE_SCALE, EQUAL_SCALES, SCALES };

struct layer {
	uint32_t code;
	int32_t outputs, inputs;     /* channels */
	int32_t kernel_y, kernel_x;
	int32_t height, width;       /* of the image */
	int32_t dilation;
	enum atoll_type type;
	enum scales scales;
	enum bias bias;
};

#define WEIGHTS_MAX (1 << 18)
#define IN_SCALE 0.0235f
#define OUT_SCALE 0.0471f

static int32_t weights_tensor(struct graph *g, const struct layer *layer,
			      struct check_random *random)
{
	bool is_matrix = layer->code == BUILTIN_FULLY_CONNECTED;
	bool is_depthwise = layer->code == BUILTIN_DEPTHWISE_CONV_2D;
	struct atoll_builder_tensor tensor = {
		.name = "weights", .type = layer->type, .rank = is_matrix ? 2 : 4,
		.axis = is_depthwise ? 3 : 0,
	};
	static uint8_t bytes[WEIGHTS_MAX];
	float scales[1024];

	if (is_matrix) {
		tensor.dims[0] = layer->outputs;
		tensor.dims[1] = layer->inputs;
	} else {
		tensor.dims[0] = is_depthwise ? 1 : layer->outputs;
		tensor.dims[1] = layer->kernel_y;
		tensor.dims[2] = layer->kernel_x;
		tensor.dims[3] = is_depthwise ? layer->outputs : layer->inputs;
	}
	tensor.bytes = 1;
	for (uint32_t d = 0; d < tensor.rank; d++)
		tensor.bytes *= (size_t)tensor.dims[d];
	assert_true(tensor.bytes <= sizeof(bytes) && layer->outputs <= 1024);
	for (size_t i = 0; i < tensor.bytes; i++)
		bytes[i] = (uint8_t)check_random(random);
	for (int32_t i = 0; i < layer->outputs; i++)
		scales[i] = layer->scales == SCALES ?
			(float)check_random_in(random, 1, 1 << 20) * 1e-8f : 0.0037f;
	tensor.data = bytes;
	tensor.scale = 0.0037f;
	if (layer->type == ATOLL_UINT8)
		tensor.zero_point = 113;
	if (layer->scales != ONE_SCALE) {
		tensor.channels = (uint32_t)layer->outputs;
		tensor.scales = scales;
	}
	return graph_tensor(g, &tensor);
}

static int32_t bias_tensor(struct graph *g, const struct layer *layer,
			   struct check_random *random)
{
	int32_t bias[1024] = { 0 };

	for (int32_t i = 0; i < layer->outputs && layer->bias == SOME_BIAS; i++)
		bias[i] = (int32_t)check_random(random);
	return graph_tensor(g, &(const struct atoll_builder_tensor){
		.name = "bias", .type = ATOLL_INT32, .rank = 1, .dims = { layer->outputs },
		.data = bias, .bytes = (size_t)layer->outputs * sizeof(*bias) });
}

static void add_operator(struct graph *g, const struct layer *layer, const int32_t *input,
			 int32_t out)
{
	const struct atoll_builder_option conv[] = {
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_DILATION_W, .i = layer->dilation },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_DILATION_H, .i = layer->dilation },
	};
	const struct atoll_builder_option depthwise[] = {
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_STRIDE_H, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_DEPTH_MULTIPLIER,
		  .i = layer->outputs / layer->inputs },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_DILATION_W,
		  .i = layer->dilation },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_DILATION_H,
		  .i = layer->dilation },
	};
	uint32_t inputs = layer->bias == NO_BIAS ? 2 : 3;

	if (layer->code == BUILTIN_FULLY_CONNECTED)
		graph_operator(g, layer->code, OPTIONS_FULLY_CONNECTED, 0, NULL, inputs, input,
			       1, &out);
	else if (layer->code == BUILTIN_CONV_2D)
		graph_operator(g, layer->code, OPTIONS_CONV_2D, 4, conv, inputs, input, 1,
			       &out);
	else
		graph_operator(g, layer->code, OPTIONS_DEPTHWISE_CONV_2D, 5, depthwise, inputs,
			       input, 1, &out);
}

/* A model of this layer, loaded. */
static struct graph layer_graph(const struct layer *layer, uint32_t seed)
{
	struct graph g = graph_new();
	struct check_random random = { seed + 1 };
	struct atoll_builder_tensor tensor = {
		.name = "in", .type = layer->type, .rank = 4,
		.dims = { 1, layer->height, layer->width, layer->inputs },
		.scale = IN_SCALE, .zero_point = 7,
	};
	int32_t input[3], out;

	if (layer->code == BUILTIN_FULLY_CONNECTED) {
		tensor.rank = 2;
		tensor.dims[1] = layer->inputs;
	}
	input[0] = graph_input(&g, &tensor);
	input[1] = weights_tensor(&g, layer, &random);
	if (layer->bias != NO_BIAS)
		input[2] = bias_tensor(&g, layer, &random);
	tensor.name = "out";
	tensor.dims[tensor.rank - 1] = layer->outputs;
	tensor.scale = OUT_SCALE;
	out = graph_output(&g, &tensor);
	add_operator(&g, layer, input, out);
	graph_open(&g);
	return g;
}

static struct compiler_block only_block(const struct atoll_graph *graph, uint32_t op)
{
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	struct atoll_error err;
	uint32_t blocks;

	if (compiler_blocks(graph, op, block, &blocks, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(blocks, 1);
	assert_int_equal(block[0].op, op);
	return block[0];
}

/*
 * The layout once more, byte by byte: what belongs at `at`, from the rules as they
 * stand in blocks_rows.c. For images in which every tap meets something.
 */
static uint32_t round_up(uint32_t x, uint32_t n)
{
	return (x + n - 1) / n * n;
}

struct expected {
	const struct layer *layer;
	const uint8_t *weights;
	const int32_t *bias;
	const float *scales;
	uint32_t rows, group_rows, channels, taps, tables;
	bool is_diagonal;
	uint8_t flip, zero;
};

static uint32_t expected_word(const struct expected *e, uint32_t kind, uint32_t row)
{
	bool is_served = row < round_up(e->rows, 4);
	float scale;
	uint32_t word;

	if (kind == COMPILER_TABLE_BIAS)
		return row < e->rows ? (uint32_t)e->bias[row] : 0;
	if (kind == COMPILER_TABLE_ZERO)
		return is_served ? e->zero : 0;
	if (is_served) {
		volatile float product = IN_SCALE * e->scales[row < e->rows ? row : 0];
		volatile float inverse = 1 / OUT_SCALE;

		scale = product * inverse;
	} else {
		scale = row < round_up(e->rows, 16) ? 0 : 1;
	}
	memcpy(&word, &scale, sizeof(word));
	return word;
}

static uint8_t expected_weight(const struct expected *e, uint32_t row, uint32_t tap,
			       uint32_t i)
{
	bool is_depthwise = e->layer->code == BUILTIN_DEPTHWISE_CONV_2D;

	if (row >= round_up(e->rows, 4))
		return 0;
	if (row >= e->rows || (e->is_diagonal ? i != row % 4 : i >= e->channels))
		return e->zero;
	return (uint8_t)(e->flip ^ (is_depthwise ? e->weights[tap * e->rows + row] :
		e->weights[(row * e->taps + tap) * e->channels + i]));
}

static uint8_t expected_byte(const struct expected *e, uint32_t at)
{
	uint32_t depth = e->is_diagonal ? 4 : round_up(e->channels, 4);
	uint32_t table = e->group_rows * 4, body = e->taps * depth * e->group_rows;
	uint32_t tables = (uint32_t)__builtin_popcount(e->tables) * table;
	uint32_t group = at / (tables + body), first = group * e->group_rows;

	if (group >= (e->rows + e->group_rows - 1) / e->group_rows)
		return 0;
	at %= tables + body;
	for (uint32_t kind = 1; kind <= 4; kind *= 2) {
		if (!(e->tables & kind))
			continue;
		if (at < table)
			return (uint8_t)(expected_word(e, kind, first + at / 4) >>
					 at % 4 * 8);
		at -= table;
	}
	return expected_weight(e, first + at / 4 % e->group_rows,
			       at / (depth * e->group_rows),
			       at % (depth * e->group_rows) / (4 * e->group_rows) * 4 + at % 4);
}

static struct expected expect(const struct layer *layer, const struct atoll_graph *graph)
{
	const struct atoll_operator *op = &graph->op[0];
	const struct atoll_tensor *weights = &graph->tensor[op->input[1]];
	bool is_depthwise = layer->code == BUILTIN_DEPTHWISE_CONV_2D;
	bool is_matrix = layer->code == BUILTIN_FULLY_CONNECTED;
	struct expected e = {
		.layer = layer, .weights = weights->data, .scales = weights->quant.scales,
		.bias = layer->bias == NO_BIAS ? NULL : graph->tensor[op->input[2]].data,
		.rows = (uint32_t)layer->outputs,
		.channels = is_depthwise ? 1 : (uint32_t)layer->inputs,
		.taps = is_matrix ? 1 : (uint32_t)(layer->kernel_y * layer->kernel_x),
		.is_diagonal = is_depthwise && layer->inputs > 1,
		.flip = layer->type == ATOLL_INT8 ? 0x80 : 0,
	};

	e.zero = (uint8_t)weights->quant.zero_point ^ e.flip;
	e.group_rows = round_up(e.rows, 16) < 64 ? round_up(e.rows, 16) : 64;
	if (e.is_diagonal || (!is_matrix && e.rows <= 4))
		e.group_rows = 4;
	e.tables = (layer->scales == SCALES && e.rows > 1 ? COMPILER_TABLE_SCALE : 0u) |
		   (layer->bias == SOME_BIAS ? COMPILER_TABLE_BIAS : 0u) |
		   (layer->scales != ONE_SCALE && e.rows > 1 ? COMPILER_TABLE_ZERO : 0u);
	return e;
}

static uint8_t *write_block(const struct atoll_graph *graph, const struct compiler_block *block)
{
	uint8_t *bytes = malloc(block->bytes);

	assert_non_null(bytes);
	memset(bytes, 0x5a, block->bytes);
	compiler_block_write(graph, block, bytes);
	return bytes;
}

/* What read gives for each constant, in memory of its own. */
static int read_block(const struct atoll_graph *graph, const struct compiler_block *block,
		      const uint8_t *bytes, void *data[3], struct atoll_error *err)
{
	for (uint32_t i = 0; i < block->tensors; i++) {
		data[i] = malloc(graph->tensor[block->tensor[i]].bytes);
		assert_non_null(data[i]);
		memset(data[i], 0x33, graph->tensor[block->tensor[i]].bytes);
	}
	return compiler_block_read(graph, block, bytes, data, err);
}

static void free_data(const struct compiler_block *block, void *data[3])
{
	for (uint32_t i = 0; i < block->tensors; i++)
		free(data[i]);
}

static void assert_read_restores(const struct atoll_graph *graph,
				 const struct compiler_block *block, const uint8_t *bytes)
{
	struct atoll_error err;
	void *data[3];

	if (read_block(graph, block, bytes, data, &err) < 0)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < block->tensors; i++) {
		const struct atoll_tensor *tensor = &graph->tensor[block->tensor[i]];

		if (memcmp(data[i], tensor->data, tensor->bytes) != 0)
			fail_msg("%s is not restored", tensor->name);
	}
	free_data(block, data);
}

static void check_layer(const struct layer *layer, uint32_t seed)
{
	struct graph g = layer_graph(layer, seed);
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block = only_block(graph, 0);
	struct expected e = expect(layer, graph);
	uint8_t *bytes = write_block(graph, &block);

	assert_int_equal(block.kind, e.is_diagonal ? COMPILER_DEPTHWISE : COMPILER_CONV);
	assert_int_equal(block.tables, e.tables);
	assert_int_equal(block.tensors, layer->bias == NO_BIAS ? 1 : 2);
	assert_int_equal(block.bytes % 64, 0);
	for (uint32_t i = 0; i < block.bytes; i++)
		if (bytes[i] != expected_byte(&e, i))
			fail_msg("%d x %d: byte %u of %u is %02x, expected %02x",
				 layer->outputs, layer->inputs, i, block.bytes, bytes[i],
				 expected_byte(&e, i));
	assert_read_restores(graph, &block, bytes);
	free(bytes);
	graph_free(&g);
}

static const int32_t odd_outputs[] = { 1, 3, 4, 5, 17, 65 };
static const int32_t odd_inputs[] = { 1, 3, 5 };

static void check_all_tables(struct layer layer, uint32_t seed)
{
	for (int bias = NO_BIAS; bias <= SOME_BIAS; bias++)
		for (int scales = ONE_SCALE; scales <= SCALES; scales++) {
			layer.bias = (enum bias)bias;
			layer.scales = (enum scales)scales;
			layer.type = ATOLL_INT8;
			check_layer(&layer, seed++);
			if (scales == ONE_SCALE) {
				layer.type = ATOLL_UINT8;
				check_layer(&layer, seed++);
			}
		}
}

static void convolutions_of_any_size_are_laid_out_and_taken_apart(void **state)
{
	(void)state;
	for (size_t o = 0; o < sizeof(odd_outputs) / sizeof(*odd_outputs); o++)
		for (size_t i = 0; i < sizeof(odd_inputs) / sizeof(*odd_inputs); i++)
			check_all_tables((struct layer){
				.code = BUILTIN_CONV_2D, .outputs = odd_outputs[o],
				.inputs = odd_inputs[i], .kernel_y = 3, .kernel_x = 2,
				.height = 7, .width = 7,
				.dilation = odd_inputs[i] == 3 ? 2 : 1 },
				(uint32_t)(o * 100 + i * 10));
}

static void fully_connected_layers_are_convolutions_of_one_tap(void **state)
{
	(void)state;
	for (size_t o = 0; o < sizeof(odd_outputs) / sizeof(*odd_outputs); o++)
		for (size_t i = 0; i < sizeof(odd_inputs) / sizeof(*odd_inputs); i++)
			check_all_tables((struct layer){
				.code = BUILTIN_FULLY_CONNECTED, .outputs = odd_outputs[o],
				.inputs = odd_inputs[i] }, (uint32_t)(o * 100 + i));
}

static void depthwise_layers_have_their_weights_on_a_diagonal(void **state)
{
	(void)state;
	for (size_t o = 1; o < sizeof(odd_outputs) / sizeof(*odd_outputs); o++)
		check_all_tables((struct layer){
			.code = BUILTIN_DEPTHWISE_CONV_2D, .outputs = odd_outputs[o],
			.inputs = odd_outputs[o], .kernel_y = 3, .kernel_x = 3, .height = 5,
			.width = 6, .dilation = 1 }, (uint32_t)o);
}

static void a_depthwise_layer_of_one_input_is_a_convolution(void **state)
{
	(void)state;
	for (size_t o = 0; o < sizeof(odd_outputs) / sizeof(*odd_outputs); o++)
		check_all_tables((struct layer){
			.code = BUILTIN_DEPTHWISE_CONV_2D, .outputs = odd_outputs[o],
			.inputs = 1, .kernel_y = 3, .kernel_x = 3, .height = 5,
			.width = 6, .dilation = 1 }, (uint32_t)o);
}

static struct compiler_block block_of(const struct layer *layer)
{
	struct graph g = layer_graph(layer, 1);
	struct compiler_block block = only_block(&g.model->graph[0], 0);

	graph_free(&g);
	return block;
}

static void sizes_are_those_that_are_known(void **state)
{
	/* Printed by the vendor's compiler as memory used, 66.00KiB for the first. */
	static const struct { struct layer layer; uint32_t bytes; } known[] = {
		{ { .code = BUILTIN_FULLY_CONNECTED, .outputs = 256, .inputs = 256,
		    .type = ATOLL_INT8, .scales = SCALES }, 67584 },
		{ { .code = BUILTIN_FULLY_CONNECTED, .outputs = 512, .inputs = 512,
		    .type = ATOLL_INT8, .scales = SCALES }, 266240 },
		{ { .code = BUILTIN_CONV_2D, .outputs = 1001, .inputs = 256, .kernel_y = 1,
		    .kernel_x = 1, .height = 1, .width = 1, .dilation = 1,
		    .type = ATOLL_UINT8, .bias = SOME_BIAS }, 266240 },
		{ { .code = BUILTIN_CONV_2D, .outputs = 64, .inputs = 64, .kernel_y = 3,
		    .kernel_x = 3, .height = 9, .width = 9, .dilation = 1,
		    .type = ATOLL_INT8, .scales = EQUAL_SCALES, .bias = SOME_BIAS }, 37376 },
		/* All but the middle row of taps meet nothing but padding. */
		{ { .code = BUILTIN_CONV_2D, .outputs = 64, .inputs = 64, .kernel_y = 3,
		    .kernel_x = 3, .height = 1, .width = 9, .dilation = 1,
		    .type = ATOLL_INT8, .scales = EQUAL_SCALES, .bias = SOME_BIAS }, 12800 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		assert_int_equal(block_of(&known[i].layer).bytes, known[i].bytes);
}

static void taps_that_only_meet_padding_come_back_as_zero(void **state)
{
	struct layer layer = {
		.code = BUILTIN_CONV_2D, .outputs = 5, .inputs = 3, .kernel_y = 3,
		.kernel_x = 3, .height = 1, .width = 9, .dilation = 1, .type = ATOLL_UINT8,
		.bias = SOME_BIAS,
	};
	struct graph g = layer_graph(&layer, 3);
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block = only_block(graph, 0);
	const struct atoll_tensor *weights = &graph->tensor[block.tensor[0]];
	uint8_t *bytes = write_block(graph, &block), *restored;
	void *data[3];

	(void)state;
	assert_int_equal(read_block(graph, &block, bytes, data, NULL), 0);
	restored = data[0];
	for (size_t i = 0; i < weights->bytes; i++) {
		size_t row = i / (3 * 3) % 3;

		assert_int_equal(restored[i], row == 1 ? ((uint8_t *)weights->data)[i] : 113);
	}
	free_data(&block, data);
	free(bytes);
	graph_free(&g);
}

static void without_a_tap_that_meets_the_image_all_are_kept(void **state)
{
	/* Of 2 taps 3 apart over one cell one is before it and one behind. */
	const struct layer layer = {
		.code = BUILTIN_CONV_2D, .outputs = 4, .inputs = 4, .kernel_y = 2,
		.kernel_x = 1, .height = 1, .width = 1, .dilation = 3, .type = ATOLL_INT8,
	};
	struct graph g = layer_graph(&layer, 3);
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block = only_block(graph, 0);
	uint8_t *bytes = write_block(graph, &block);

	(void)state;
	assert_read_restores(graph, &block, bytes);
	free(bytes);
	graph_free(&g);
}

/* Every bit of a block either is contents or is looked after. */
static void no_damage_goes_unnoticed(void **state)
{
	const struct layer layer = {
		.code = BUILTIN_CONV_2D, .outputs = 21, .inputs = 3, .kernel_y = 1,
		.kernel_x = 2, .height = 3, .width = 3, .dilation = 1, .type = ATOLL_INT8,
		.scales = SCALES, .bias = SOME_BIAS,
	};
	struct graph g = layer_graph(&layer, 3);
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block = only_block(graph, 0);
	uint8_t *bytes = write_block(graph, &block);
	uint32_t refused = 0;

	(void)state;
	for (uint32_t i = 0; i < block.bytes; i++) {
		struct atoll_error err = { 0 };
		void *data[3];
		int r;

		bytes[i] ^= 0x10;
		r = read_block(graph, &block, bytes, data, &err);
		if (r < 0) {
			assert_int_equal(r, -EBADMSG);
			assert_int_equal(err.code, -EBADMSG);
			refused++;
		} else {
			bool is_seen = false;

			for (uint32_t t = 0; t < block.tensors; t++)
				is_seen |= memcmp(data[t], graph->tensor[block.tensor[t]].data,
						  graph->tensor[block.tensor[t]].bytes) != 0;
			assert_true(is_seen);
		}
		free_data(&block, data);
		bytes[i] ^= 0x10;
	}
	/* All but weights and bias. */
	assert_int_equal(refused, block.bytes - 21 * 3 * 2 - 21 * 4);
	free(bytes);
	graph_free(&g);
}

static void damage_is_told_with_its_place(void **state)
{
	const struct layer layer = {
		.code = BUILTIN_FULLY_CONNECTED, .outputs = 5, .inputs = 3,
		.type = ATOLL_INT8, .scales = SCALES, .bias = SOME_BIAS,
	};
	static const struct { uint32_t at; const char *words; } damages[] = {
		{ 2, "byte 2 of its parameters, in the scales, is" },
		{ 64 + 5 * 4, "byte 84 of its parameters, in the bias, is" },
		{ 128, "in the zero points, is 0x90 where the graph asks for 0x80" },
		{ 192 + 3, "in the weights" },
		{ 255 + 1, "in the padding" },
	};
	struct graph g = layer_graph(&layer, 3);
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block = only_block(graph, 0);
	uint8_t *bytes = write_block(graph, &block);

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct atoll_error err = { 0 };
		void *data[3];

		if (damages[i].at >= block.bytes)
			continue;
		bytes[damages[i].at] ^= 0x10;
		assert_int_equal(read_block(graph, &block, bytes, data, &err), -EBADMSG);
		if (!strstr(err.text, damages[i].words) ||
		    !strstr(err.text, "operator 0 (FULLY_CONNECTED)"))
			fail_msg("\"%s\" does not say \"%s\"", err.text, damages[i].words);
		bytes[damages[i].at] ^= 0x10;
		free_data(&block, data);
	}
	free(bytes);
	graph_free(&g);
}

static struct graph softmax_graph(int32_t entries)
{
	struct graph g = graph_new();
	const struct atoll_builder_option beta = { .kind = ATOLL_OPTION_F32,
						   .id = SOFTMAX_BETA, .f = 1 };
	int32_t in = graph_input(&g, &(const struct atoll_builder_tensor){
		.name = "in", .type = ATOLL_UINT8, .rank = 2, .dims = { 1, entries },
		.scale = 0.125f });
	int32_t out = graph_output(&g, &(const struct atoll_builder_tensor){
		.name = "out", .type = ATOLL_UINT8, .rank = 2, .dims = { 1, entries },
		.scale = 1 / 256.0f });

	graph_operator(&g, BUILTIN_SOFTMAX, OPTIONS_SOFTMAX, 1, &beta, 1, &in, 1, &out);
	graph_open(&g);
	return g;
}

static uint32_t softmax_bytes(int32_t entries)
{
	struct graph g = softmax_graph(entries);
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	uint32_t blocks, bytes;

	assert_int_equal(compiler_blocks(&g.model->graph[0], 0, block, &blocks, NULL), 0);
	bytes = blocks > 0 ? block[0].bytes : 0;
	graph_free(&g);
	return bytes;
}

static void a_softmax_has_words_for_the_rest_of_a_unit(void **state)
{
	struct graph g = softmax_graph(10);
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block = only_block(graph, 0);
	uint8_t *bytes = write_block(graph, &block);
	uint32_t word;
	float scale;

	(void)state;
	assert_int_equal(block.kind, COMPILER_SOFTMAX);
	assert_int_equal(block.tensors, 0);
	memcpy(&word, bytes + 2 * 64 + 2 * 4, 4); /* entry 10 is not there */
	assert_int_equal(word, 0x80000000);
	memcpy(&word, bytes + 2 * 64 + 4, 4);
	assert_int_equal(word, 0);
	memcpy(&scale, bytes + 6 * 64, 4);
	assert_true(scale == 0.125f);
	assert_read_restores(graph, &block, bytes);
	bytes[6 * 64] ^= 1;
	assert_int_equal(compiler_block_read(graph, &block, bytes, NULL, NULL), -EBADMSG);
	free(bytes);
	graph_free(&g);
	assert_int_equal(softmax_bytes(10), 576);
	assert_int_equal(softmax_bytes(1001), 48256);
	assert_int_equal(softmax_bytes(256), 0);
}

/* An operator on an image with one constant. */
static struct graph operand_graph(uint32_t code, enum atoll_type type, int32_t columns,
				  int32_t rows)
{
	struct graph g = graph_new();
	struct atoll_builder_tensor tensor = {
		.name = "in", .type = type, .rank = 4, .dims = { 1, 3, 5, 1 }, .scale = 0.5f,
	};
	int32_t input[2], out;
	uint8_t data[15];

	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 17);
	input[0] = graph_input(&g, &tensor);
	out = graph_output(&g, &tensor);
	tensor.name = "constant";
	tensor.rank = 3;
	tensor.dims[0] = rows;
	tensor.dims[1] = columns;
	tensor.dims[2] = 1;
	tensor.data = data;
	tensor.bytes = (size_t)(rows * columns);
	input[1] = graph_tensor(&g, &tensor);
	graph_operator(&g, code, code == BUILTIN_MUL ? OPTIONS_MUL : OPTIONS_ADD, 0, NULL, 2,
		       input, 1, &out);
	graph_open(&g);
	return g;
}

static void constant_operands_lie_as_they_are_without_sign(void **state)
{
	struct graph g = operand_graph(BUILTIN_MUL, ATOLL_INT8, 5, 3);
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block = only_block(graph, 0);
	uint8_t *bytes = write_block(graph, &block);

	(void)state;
	assert_int_equal(block.kind, COMPILER_OPERAND);
	assert_true(block.is_never_cached);
	assert_int_equal(block.bytes, 64);
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(bytes[i], i < 15 ? (uint8_t)(i * 17) ^ 0x80 : 0);
	assert_read_restores(graph, &block, bytes);
	bytes[15] = 1;
	{
		struct atoll_error err;
		void *data[3];

		assert_int_equal(read_block(graph, &block, bytes, data, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "in the padding"));
		free_data(&block, data);
	}
	free(bytes);
	graph_free(&g);
}

static void operands_of_one_number_are_in_the_program(void **state)
{
	struct graph g = operand_graph(BUILTIN_ADD, ATOLL_UINT8, 1, 1);
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	uint32_t blocks = 99;

	(void)state;
	assert_int_equal(compiler_blocks(graph, 0, block, &blocks, NULL), 0);
	assert_int_equal(blocks, 0);
	assert_false(compiler_is_parameter(graph, 0, 1));
	graph_free(&g);
}

/* Sizes and types of the inputs of an integer LSTM of 3 inputs and 5 cells. */
static struct atoll_builder_tensor lstm_tensor(uint32_t input, bool *is_there)
{
	struct atoll_builder_tensor tensor = { .name = "lstm", .type = ATOLL_INT8,
					       .rank = 2, .dims = { 5, 3 }, .scale = 0.01f };

	*is_there = true;
	if (input == LSTM_X) {
		tensor.rank = 3;
		tensor.dims[0] = 1;
		tensor.dims[1] = 2;
		tensor.dims[2] = 3;
	} else if (input >= LSTM_H_WEIGHTS && input < LSTM_PEEPHOLES) {
		tensor.dims[1] = 5;
	} else if (input >= LSTM_PEEPHOLES && input < LSTM_BIASES) {
		tensor.type = ATOLL_INT16;
		tensor.rank = 1;
	} else if (input >= LSTM_BIASES && input < LSTM_PROJECTION) {
		tensor.type = ATOLL_INT32;
		tensor.rank = 1;
		tensor.scale = 0;
	} else if (input == LSTM_H_STATE || input == LSTM_C_STATE) {
		tensor.dims[0] = 1;
		tensor.dims[1] = 5;
		tensor.is_variable = 1;
		if (input == LSTM_C_STATE) {
			tensor.type = ATOLL_INT16;
			tensor.scale = 1 / 4096.0f;
		}
	} else if (input > LSTM_C_STATE || input == LSTM_PROJECTION ||
		   input == LSTM_PROJECTION_BIAS) {
		*is_there = false;
	}
	return tensor;
}

static struct graph lstm_graph(void)
{
	struct graph g = graph_new();
	struct check_random random = { 9 };
	int32_t input[LSTM_INPUTS], out, intermediate[5];
	uint8_t bytes[128];

	for (uint32_t i = 0; i < LSTM_INPUTS; i++) {
		bool is_there;
		struct atoll_builder_tensor tensor = lstm_tensor(i, &is_there);

		input[i] = -1;
		if (!is_there)
			continue;
		if (i == LSTM_X) {
			input[i] = graph_input(&g, &tensor);
			continue;
		}
		for (size_t b = 0; b < sizeof(bytes); b++)
			bytes[b] = (uint8_t)check_random(&random);
		if (!tensor.is_variable) {
			tensor.data = bytes;
			tensor.bytes = (size_t)tensor.dims[0] *
				       (tensor.rank > 1 ? (size_t)tensor.dims[1] : 1) *
				       atoll_type_bytes(tensor.type);
		}
		input[i] = graph_tensor(&g, &tensor);
	}
	for (int i = 0; i < 5; i++)
		intermediate[i] = graph_tensor(&g, &(const struct atoll_builder_tensor){
			.name = "between", .type = i < 4 ? ATOLL_INT16 : ATOLL_INT8,
			.rank = 1, .dims = { 0 }, .scale = 0.01f });
	out = graph_output(&g, &(const struct atoll_builder_tensor){
		.name = "out", .type = ATOLL_INT8, .rank = 3, .dims = { 1, 2, 5 },
		.scale = 0.01f });
	atoll_builder_operator(g.builder, &(const struct atoll_builder_operator){
		.code = BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM, .version = 1,
		.inputs = LSTM_INPUTS, .input = input, .outputs = 1, .output = &out,
		.intermediates = 5, .intermediate = intermediate,
		.options_type = OPTIONS_UNIDIRECTIONAL_SEQUENCE_LSTM });
	graph_open(&g);
	return g;
}

static void an_lstm_has_a_block_for_each_gate_and_the_rest_as_it_is(void **state)
{
	struct graph g = lstm_graph();
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	struct atoll_error err;
	uint32_t blocks;

	(void)state;
	if (compiler_blocks(graph, 0, block, &blocks, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(blocks, 4 + 3);
	for (uint32_t i = 0; i < blocks; i++) {
		uint8_t *bytes = write_block(graph, &block[i]);

		assert_int_equal(block[i].kind, i < 4 ? COMPILER_GATE : COMPILER_CONSTANT);
		/* 16 rows: bias, 3 inputs in 4 bytes, 5 cells in 8. */
		assert_int_equal(block[i].bytes, i < 4 ? 16 * (4 + 4 + 8) : 64);
		assert_read_restores(graph, &block[i], bytes);
		free(bytes);
	}
	assert_true(compiler_is_parameter(graph, 0, LSTM_PEEPHOLES));
	assert_false(compiler_is_parameter(graph, 0, LSTM_PROJECTION));
	graph_free(&g);
}

static void what_is_not_constant_is_refused(void **state)
{
	const struct layer layer = {
		.code = BUILTIN_FULLY_CONNECTED, .outputs = 5, .inputs = 3,
		.type = ATOLL_INT8, .bias = SOME_BIAS,
	};
	struct graph g = layer_graph(&layer, 3);
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	const struct atoll_graph *graph = &g.model->graph[0];
	struct atoll_error err;
	uint32_t blocks;

	(void)state;
	graph->tensor[graph->op[0].input[2]].data = NULL;
	assert_int_equal(compiler_blocks(graph, 0, block, &blocks, &err), -EINVAL);
	assert_string_equal(err.text,
			    "operator 0 (FULLY_CONNECTED): its bias is not constant");
	graph->tensor[graph->op[0].input[1]].data = NULL;
	assert_int_equal(compiler_blocks(graph, 0, block, &blocks, &err), -EINVAL);
	assert_string_equal(err.text,
			    "operator 0 (FULLY_CONNECTED): its weights are not constant");
	graph_free(&g);
}

/* A model and what the vendor's compiler made of it. */
struct pair {
	struct atoll_model *source, *compiled;
	struct edgetpu_package *package;
};

static struct atoll_model *load(const char *path)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(path, &err);

	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static struct pair pair_open(const char *source, const char *compiled)
{
	const struct atoll_operator *op;
	struct atoll_error err;
	struct pair pair = {
		.source = load(check_data_path("models/%s.tflite", source)),
		.compiled = load(check_data_path("models/%s_edgetpu.tflite", compiled)),
	};

	op = edgetpu_next_compiled(&pair.compiled->graph[0], NULL);
	assert_non_null(op);
	pair.package = edgetpu_package_read(op->custom_options, op->custom_options_bytes,
					    &err);
	if (!pair.package)
		fail_msg("%s", err.text);
	return pair;
}

static void pair_close(struct pair *pair)
{
	edgetpu_package_free(pair->package);
	atoll_model_free(pair->compiled);
	atoll_model_free(pair->source);
}

/* Takes the block out of what is not yet covered; fails when it is not there. */
static void cover(const struct compiler_block *block, const uint8_t *bytes,
		  const struct edgetpu_executable *executable, uint8_t *is_covered)
{
	for (uint32_t at = 0; at + block->bytes <= executable->parameter_bytes; at += 64)
		if (!is_covered[at / 64] &&
		    memcmp(executable->parameters + at, bytes, block->bytes) == 0) {
			memset(is_covered + at / 64, 1, block->bytes / 64);
			return;
		}
	fail_msg("operator %u: its block of %u bytes is not in the vendor's %u", block->op,
		 block->bytes, executable->parameter_bytes);
}

static bool has_layout(const struct compiler_block *block)
{
	return block->kind == COMPILER_CONV || block->kind == COMPILER_DEPTHWISE ||
	       block->kind == COMPILER_SOFTMAX || block->kind == COMPILER_GATE;
}

/* The blocks of all layers; the bytes of the caching vector that they cover. */
static uint32_t cover_layers(const struct pair *pair, uint32_t *layers)
{
	const struct atoll_graph *graph = &pair->source->graph[0];
	const struct edgetpu_executable *caching = pair->package->caching;
	uint8_t *is_covered = calloc(caching->parameter_bytes / 64 + 1, 1);
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	uint32_t covered = 0, blocks;

	assert_non_null(is_covered);
	*layers = 0;
	for (uint32_t op = 0; op < graph->operators; op++) {
		assert_int_equal(compiler_blocks(graph, op, block, &blocks, NULL), 0);
		for (uint32_t i = 0; i < blocks; i++) {
			uint8_t *bytes = write_block(graph, &block[i]);

			if (has_layout(&block[i])) {
				cover(&block[i], bytes, caching, is_covered);
				++*layers;
			}
			assert_read_restores(graph, &block[i], bytes);
			free(bytes);
		}
	}
	for (uint32_t i = 0; i < caching->parameter_bytes / 64; i++)
		covered += is_covered[i] * 64u;
	free(is_covered);
	return covered;
}

static void check_pair(const char *source, const char *compiled, uint32_t layers,
		       uint32_t bytes, uint32_t of)
{
	struct pair pair = pair_open(source, compiled);
	uint32_t found;

	assert_int_equal(pair.package->caching->parameter_bytes, of);
	assert_int_equal(cover_layers(&pair, &found), bytes);
	assert_int_equal(found, layers);
	pair_close(&pair);
}

static void dense_models_are_covered(void **state)
{
	(void)state;
	check_pair("dense_256", "dense_256", 1, 67584, 67584);
	check_pair("dense_512", "dense_512", 1, 266240, 266240);
}

static void deeplab_is_covered(void **state)
{
	(void)state;
	check_pair("deeplab_mobilenet_edgetpu_slim_cityscapes_quant",
		   "deeplab_mobilenet_edgetpu_slim_cityscapes_quant", 62, 2654784, 2654784);
}

static void movenet_is_covered(void **state)
{
	(void)state;
	check_pair("movenet_single_pose_lightning_ptq", "movenet_single_pose_lightning_ptq",
		   74, 2862656, 2862656);
}

static void posenet_is_covered(void **state)
{
	(void)state;
	check_pair("posenet_mobilenet_v1_075_353_481_16_quant_decoder",
		   "posenet_mobilenet_v1_075_353_481_16_quant_decoder", 31, 1444608, 1444608);
}

static void mobilenet_is_covered_alone_and_in_company(void **state)
{
	(void)state;
	check_pair("mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.25_128_quant", 29, 566912,
		   566912);
	check_pair("mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.25_128_quant_cocompiled_"
		   "with_mobilenet_v1_0.5_160_quant", 29, 566912, 566912);
}

/* The rest of this vector moves data between channels while the loop is unrolled. */
static void of_an_lstm_gates_and_classifier_are_covered(void **state)
{
	(void)state;
	check_pair("keras_lstm_mnist_ptq", "keras_lstm_mnist_ptq", 6, 16256, 43968);
}

static void movenet_has_its_constant_image_behind_64_bytes(void **state)
{
	struct pair pair = pair_open("movenet_single_pose_lightning_ptq",
				     "movenet_single_pose_lightning_ptq");
	const struct atoll_graph *graph = &pair.source->graph[0];
	const struct edgetpu_executable *main = pair.package->main;
	struct compiler_block block = only_block(graph, 87);
	uint8_t *bytes = write_block(graph, &block);

	(void)state;
	assert_int_equal(block.kind, COMPILER_OPERAND);
	assert_int_equal(main->parameter_bytes, 64 + 2304);
	assert_int_equal(block.bytes, 2304);
	assert_memory_equal(main->parameters + 64, bytes, 2304);
	free(bytes);
	/* SUB has three numbers, MUL and SUB behind it one each. */
	assert_int_equal(only_block(graph, 2).bytes, 64);
	pair_close(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(convolutions_of_any_size_are_laid_out_and_taken_apart),
		cmocka_unit_test(fully_connected_layers_are_convolutions_of_one_tap),
		cmocka_unit_test(depthwise_layers_have_their_weights_on_a_diagonal),
		cmocka_unit_test(a_depthwise_layer_of_one_input_is_a_convolution),
		cmocka_unit_test(sizes_are_those_that_are_known),
		cmocka_unit_test(taps_that_only_meet_padding_come_back_as_zero),
		cmocka_unit_test(without_a_tap_that_meets_the_image_all_are_kept),
		cmocka_unit_test(no_damage_goes_unnoticed),
		cmocka_unit_test(damage_is_told_with_its_place),
		cmocka_unit_test(a_softmax_has_words_for_the_rest_of_a_unit),
		cmocka_unit_test(constant_operands_lie_as_they_are_without_sign),
		cmocka_unit_test(operands_of_one_number_are_in_the_program),
		cmocka_unit_test(an_lstm_has_a_block_for_each_gate_and_the_rest_as_it_is),
		cmocka_unit_test(what_is_not_constant_is_refused),
		cmocka_unit_test(dense_models_are_covered),
		cmocka_unit_test(deeplab_is_covered),
		cmocka_unit_test(movenet_is_covered),
		cmocka_unit_test(posenet_is_covered),
		cmocka_unit_test(mobilenet_is_covered_alone_and_in_company),
		cmocka_unit_test(of_an_lstm_gates_and_classifier_are_covered),
		cmocka_unit_test(movenet_has_its_constant_image_behind_64_bytes),
	};
	return CHECK_RUN(tests);
}
