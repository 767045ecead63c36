/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/kernels/lstm.h"
#include "runtime/schema/tflite.h"
#include "tests/block.h"
#include "tests/check.h"
#include "tests/graph.h"

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
	struct compiler_block block = block_only(graph, 0);
	uint8_t *bytes = block_write(graph, &block);
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
	block_assert_restored(graph, &block, bytes);
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
	struct compiler_block block = block_only(graph, 0);
	uint8_t *bytes = block_write(graph, &block);

	(void)state;
	assert_int_equal(block.kind, COMPILER_OPERAND);
	assert_true(block.is_never_cached);
	assert_int_equal(block.bytes, 64);
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(bytes[i], i < 15 ? (uint8_t)(i * 17) ^ 0x80 : 0);
	block_assert_restored(graph, &block, bytes);
	bytes[15] = 1;
	{
		struct atoll_error err;
		void *data[3];

		assert_int_equal(block_read(graph, &block, bytes, data, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "in the padding"));
		block_free_data(&block, data);
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
		uint8_t *bytes = block_write(graph, &block[i]);

		assert_int_equal(block[i].kind, i < 4 ? COMPILER_GATE : COMPILER_CONSTANT);
		/* 16 rows: bias, 3 inputs in 4 bytes, 5 cells in 8. */
		assert_int_equal(block[i].bytes, i < 4 ? 16 * (4 + 4 + 8) : 64);
		block_assert_restored(graph, &block[i], bytes);
		free(bytes);
	}
	assert_true(compiler_is_parameter(graph, 0, LSTM_PEEPHOLES));
	assert_false(compiler_is_parameter(graph, 0, LSTM_PROJECTION));
	graph_free(&g);
}

/* A layer of 3 inputs and 5 outputs. */
static struct graph dense_graph(void)
{
	static const uint8_t weights[15] = { 1, 2, 3 };
	static const int32_t bias[5] = { 4, 5, 6 };
	struct graph g = graph_new();
	struct atoll_builder_tensor tensor = { .name = "tensor", .type = ATOLL_INT8,
					       .rank = 2, .dims = { 1, 3 }, .scale = 0.5f };
	int32_t input[3], out;

	input[0] = graph_input(&g, &tensor);
	tensor.dims[1] = 5;
	out = graph_output(&g, &tensor);
	tensor.dims[0] = 5;
	tensor.dims[1] = 3;
	tensor.data = weights;
	tensor.bytes = sizeof(weights);
	input[1] = graph_tensor(&g, &tensor);
	input[2] = graph_tensor(&g, &(const struct atoll_builder_tensor){
		.name = "bias", .type = ATOLL_INT32, .rank = 1, .dims = { 5 },
		.data = bias, .bytes = sizeof(bias) });
	graph_operator(&g, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 0, NULL, 3, input,
		       1, &out);
	graph_open(&g);
	return g;
}

static void what_is_not_constant_is_refused(void **state)
{
	struct graph g = dense_graph();
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_softmax_has_words_for_the_rest_of_a_unit),
		cmocka_unit_test(constant_operands_lie_as_they_are_without_sign),
		cmocka_unit_test(operands_of_one_number_are_in_the_program),
		cmocka_unit_test(an_lstm_has_a_block_for_each_gate_and_the_rest_as_it_is),
		cmocka_unit_test(what_is_not_constant_is_refused),
	};
	return CHECK_RUN(tests);
}
