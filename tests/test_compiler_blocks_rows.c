/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of any size against the layout said once more, byte by byte. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/compiler/compile.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/block.h"
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

static void check_layer(const struct layer *layer, uint32_t seed)
{
	struct graph g = layer_graph(layer, seed);
	const struct atoll_graph *graph = &g.model->graph[0];
	struct compiler_block block = block_only(graph, 0);
	struct expected e = expect(layer, graph);
	uint8_t *bytes = block_write(graph, &block);

	assert_int_equal(block.kind, e.is_diagonal ? COMPILER_DEPTHWISE : COMPILER_CONV);
	assert_int_equal(block.tables, e.tables);
	assert_int_equal(block.tensors, layer->bias == NO_BIAS ? 1 : 2);
	assert_int_equal(block.bytes % 64, 0);
	for (uint32_t i = 0; i < block.bytes; i++)
		if (bytes[i] != expected_byte(&e, i))
			fail_msg("%d x %d: byte %u of %u is %02x, expected %02x",
				 layer->outputs, layer->inputs, i, block.bytes, bytes[i],
				 expected_byte(&e, i));
	block_assert_restored(graph, &block, bytes);
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
	struct compiler_block block = block_only(&g.model->graph[0], 0);

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
	struct compiler_block block = block_only(graph, 0);
	const struct atoll_tensor *weights = &graph->tensor[block.tensor[0]];
	uint8_t *bytes = block_write(graph, &block), *restored;
	void *data[3];

	(void)state;
	assert_int_equal(block_read(graph, &block, bytes, data, NULL), 0);
	restored = data[0];
	for (size_t i = 0; i < weights->bytes; i++) {
		size_t row = i / (3 * 3) % 3;

		assert_int_equal(restored[i], row == 1 ? ((uint8_t *)weights->data)[i] : 113);
	}
	block_free_data(&block, data);
	free(bytes);
	graph_free(&g);
}

/* Its weights are larger than all that is sent. */
static void a_layer_of_few_taps_gives_the_same_on_an_emulated_device(void **state)
{
	const struct layer layer = {
		.code = BUILTIN_CONV_2D, .outputs = 16, .inputs = 16, .kernel_y = 5,
		.kernel_x = 3, .height = 1, .width = 9, .dilation = 1, .type = ATOLL_INT8,
		.scales = SCALES, .bias = SOME_BIAS,
	};
	struct graph g = layer_graph(&layer, 3);
	const struct atoll_compile_job job = { .model = g.model };
	struct atoll_compiled *compiled = atoll_compile(&job, 1, NULL, NULL, NULL);
	const struct atoll_tensor *out = atoll_session_output(g.session, 0);
	struct check_random random = { 5 };
	struct atoll_session *session;
	struct atoll_model *model;
	uint8_t *in = atoll_session_input(g.session, 0)->data;

	(void)state;
	assert_non_null(compiled);
	assert_int_equal(compiled->model[0].cached_bytes, 16 * (3 * 4 + 3 * 16));
	model = atoll_model_load_bytes(compiled->model[0].bytes, compiled->model[0].size,
				       "compiled", NULL);
	assert_non_null(model);
	session = atoll_session_open(model, &(const struct atoll_session_options){
		.device = "emu" }, NULL);
	assert_non_null(session);
	for (int i = 0; i < 9 * 16; i++)
		in[i] = (uint8_t)check_random(&random);
	memcpy(atoll_session_input(session, 0)->data, in, 9 * 16);
	assert_int_equal(atoll_session_invoke(session), 0);
	graph_run(&g);
	assert_memory_equal(atoll_session_output(session, 0)->data, out->data, out->bytes);
	atoll_session_close(session);
	atoll_model_free(model);
	atoll_compiled_free(compiled);
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
	struct compiler_block block = block_only(graph, 0);
	uint8_t *bytes = block_write(graph, &block);

	(void)state;
	block_assert_restored(graph, &block, bytes);
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
	struct compiler_block block = block_only(graph, 0);
	uint8_t *bytes = block_write(graph, &block);
	uint32_t refused = 0;

	(void)state;
	for (uint32_t i = 0; i < block.bytes; i++) {
		struct atoll_error err = { 0 };
		void *data[3];
		int r;

		bytes[i] ^= 0x10;
		r = block_read(graph, &block, bytes, data, &err);
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
		block_free_data(&block, data);
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
	struct compiler_block block = block_only(graph, 0);
	uint8_t *bytes = block_write(graph, &block);

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct atoll_error err = { 0 };
		void *data[3];

		if (damages[i].at >= block.bytes)
			continue;
		bytes[damages[i].at] ^= 0x10;
		assert_int_equal(block_read(graph, &block, bytes, data, &err), -EBADMSG);
		if (!strstr(err.text, damages[i].words) ||
		    !strstr(err.text, "operator 0 (FULLY_CONNECTED)"))
			fail_msg("\"%s\" does not say \"%s\"", err.text, damages[i].words);
		bytes[damages[i].at] ^= 0x10;
		block_free_data(&block, data);
	}
	free(bytes);
	graph_free(&g);
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
		cmocka_unit_test(a_layer_of_few_taps_gives_the_same_on_an_emulated_device),
		cmocka_unit_test(without_a_tap_that_meets_the_image_all_are_kept),
		cmocka_unit_test(no_damage_goes_unnoticed),
		cmocka_unit_test(damage_is_told_with_its_place),
	};
	return CHECK_RUN(tests);
}
