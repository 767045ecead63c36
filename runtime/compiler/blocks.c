/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which blocks an operator has. How they are laid out: blocks_rows.c, blocks_plain.c.
 */
#include "runtime/compiler/blocks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/compiler/blocks_inside.h"
#include "runtime/kernels/lstm.h"
#include "runtime/schema/tflite.h"

static const struct blocks_layout *const layouts[] = {
	[COMPILER_CONV] = &blocks_rows,
	[COMPILER_DEPTHWISE] = &blocks_rows,
	[COMPILER_SOFTMAX] = &blocks_softmax,
	[COMPILER_GATE] = &blocks_rows,
	[COMPILER_OPERAND] = &blocks_constant,
	[COMPILER_CONSTANT] = &blocks_constant,
};

/* The blocks of one operator, while they are found. */
struct finder {
	const struct atoll_graph *graph;
	uint32_t op;
	struct compiler_block *block;
	uint32_t blocks;
	struct atoll_error *err;
};

/* Of the operator's inputs; -1 when left out or not constant. */
static int32_t constant_input(const struct atoll_graph *graph, const struct atoll_operator *op,
			      uint32_t input)
{
	int32_t tensor = input < op->inputs ? op->input[input] : -1;

	return tensor >= 0 && graph->tensor[tensor].data && !graph->is_variable[tensor] ?
		tensor : -1;
}

static bool is_elementwise(const struct atoll_operator *op)
{
	switch (op->code) {
	case BUILTIN_ADD:
	case BUILTIN_SUB:
	case BUILTIN_MUL:
	case BUILTIN_MAXIMUM:
	case BUILTIN_MINIMUM:
	case BUILTIN_SQUARED_DIFFERENCE:
		return true;
	default:
		return false;
	}
}

static bool has_8_bits(const struct atoll_tensor *tensor)
{
	return tensor->type == ATOLL_INT8 || tensor->type == ATOLL_UINT8;
}

bool compiler_is_parameter(const struct atoll_graph *graph, uint32_t op, uint32_t input)
{
	const struct atoll_operator *it = &graph->op[op];

	if (it->input[input] < 0)
		return false;
	switch (it->code) {
	case BUILTIN_CONV_2D:
	case BUILTIN_DEPTHWISE_CONV_2D:
	case BUILTIN_FULLY_CONNECTED:
	case BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM:
	case BUILTIN_PRELU:
	case BUILTIN_TRANSPOSE_CONV: /* there the first is the shape of the output */
		return input > 0;
	default:
		/* One number for all is in the instructions. */
		if (is_elementwise(it))
			return graph->tensor[it->input[input]].elements > 1;
		/* Axes, sizes and paddings are whole numbers without a scale. */
		return has_8_bits(&graph->tensor[it->input[input]]) ||
		       graph->tensor[it->input[input]].type == ATOLL_INT16;
	}
}

static int refuse(const struct finder *finder, const struct atoll_tensor *tensor,
		  const char *why)
{
	char shape[ATOLL_SHAPE_TEXT];

	return atoll_error_set(finder->err, -EINVAL, "operator %" PRIu32 " (%s): tensor %.60s: "
			       "%s %s %s", finder->op, finder->graph->op[finder->op].name,
			       tensor->name, atoll_type_name(tensor->type),
			       atoll_shape_text(tensor->rank, tensor->dims, shape), why);
}

/* Sets block->bytes. */
static int measure(const struct finder *finder, struct compiler_block *block)
{
	uint64_t bytes = layouts[block->kind]->bytes(finder->graph, block);

	if (bytes == 0 || bytes > INT32_MAX)
		return atoll_error_set(finder->err, -EINVAL, "operator %" PRIu32 " (%s): a block "
				       "of %" PRIu64 " bytes of parameters", finder->op,
				       finder->graph->op[finder->op].name, bytes);
	block->bytes = (uint32_t)bytes;
	return 0;
}

static int add(struct finder *finder, const struct compiler_block *block)
{
	struct compiler_block *at = &finder->block[finder->blocks];

	if (finder->blocks == COMPILER_BLOCKS_MAX)
		return atoll_error_set(finder->err, -EINVAL, "operator %" PRIu32 " (%s): more "
				       "than %d constants", finder->op,
				       finder->graph->op[finder->op].name, COMPILER_BLOCKS_MAX);
	*at = *block;
	at->op = finder->op;
	finder->blocks++;
	return measure(finder, at);
}

/* One constant by itself. */
static int add_constant(struct finder *finder, enum compiler_block_kind kind, int32_t tensor)
{
	const struct atoll_tensor *it = &finder->graph->tensor[tensor];
	struct compiler_block block = {
		.kind = kind, .tensors = 1, .tensor = { tensor, -1, -1 },
		.is_never_cached = kind == COMPILER_OPERAND,
	};

	if (it->elements == 0 || atoll_type_bytes(it->type) == 0 || it->bytes > INT32_MAX)
		return refuse(finder, it, "cannot be laid out");
	return add(finder, &block);
}

/* All from input `first` to `last`, last included. */
static int add_constants(struct finder *finder, enum compiler_block_kind kind, uint32_t first,
			 uint32_t last)
{
	const struct atoll_operator *op = &finder->graph->op[finder->op];
	int r = 0;

	for (uint32_t i = first; i <= last && i < op->inputs && r == 0; i++) {
		int32_t tensor = constant_input(finder->graph, op, i);

		if (tensor >= 0 && compiler_is_parameter(finder->graph, finder->op, i))
			r = add_constant(finder, kind, tensor);
	}
	return r;
}

static bool is_zero(const struct atoll_tensor *tensor)
{
	const uint8_t *bytes = tensor->data;

	for (size_t i = 0; i < tensor->bytes; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static bool has_different_scales(const struct atoll_quant *quant)
{
	for (uint32_t i = 1; i < quant->channels; i++)
		if (quant->scales[i] != quant->scales[0])
			return true;
	return false;
}

/* Bits that follow from weights and bias (-1: none). */
static uint32_t choose_tables(const struct finder *finder, int32_t weights, int32_t bias)
{
	const struct atoll_tensor *tensor = finder->graph->tensor;
	const struct atoll_quant *quant = &tensor[weights].quant;

	return (has_different_scales(quant) ? COMPILER_TABLE_SCALE : 0u) |
	       (bias >= 0 && !is_zero(&tensor[bias]) ? COMPILER_TABLE_BIAS : 0u) |
	       (quant->channels > 1 ? COMPILER_TABLE_ZERO : 0u);
}

static int add_rows(struct finder *finder, struct compiler_block *block, int32_t bias)
{
	int r;

	if (bias >= 0)
		block->tensor[block->tensors++] = bias;
	block->tables = choose_tables(finder, block->tensor[0], bias);
	block->op = finder->op;
	r = blocks_rows_check(finder->graph, block, finder->err);
	return r < 0 ? r : add(finder, block);
}

/* Channels of the input; of a matrix those of its weights. */
static int32_t input_channels(const struct atoll_graph *graph, const struct atoll_operator *op)
{
	const struct atoll_tensor *in = &graph->tensor[op->input[0]];

	return in->rank > 0 ? in->dims[in->rank - 1] : 1;
}

/*
 * Are these weights ones whose layout is known? Of layers in groups and of depthwise
 * ones with several outputs for an input it is not; one input alone is a convolution.
 */
static bool is_known(const struct finder *finder, const struct atoll_tensor *weights,
		     enum compiler_block_kind *kind)
{
	const struct atoll_operator *op = &finder->graph->op[finder->op];
	int32_t channels = input_channels(finder->graph, op);

	*kind = COMPILER_CONV;
	if (!has_8_bits(weights))
		return false;
	if (op->code == BUILTIN_FULLY_CONNECTED)
		return weights->rank == 2;
	if (weights->rank != 4)
		return false;
	if (op->code == BUILTIN_CONV_2D || channels == 1)
		return op->code != BUILTIN_CONV_2D || weights->dims[3] == channels;
	*kind = COMPILER_DEPTHWISE;
	return weights->dims[3] == channels;
}

static int find_layer(struct finder *finder)
{
	const struct atoll_operator *op = &finder->graph->op[finder->op];
	int32_t weights = constant_input(finder->graph, op, 1);
	int32_t bias = constant_input(finder->graph, op, 2);
	struct compiler_block block = { .tensors = 1, .tensor = { weights, -1, -1 } };

	if (weights < 0 || (op->inputs > 2 && op->input[2] >= 0 && bias < 0))
		return atoll_error_set(finder->err, -EINVAL, "operator %" PRIu32 " (%s): its "
				       "%s not constant", finder->op, op->name,
				       weights < 0 ? "weights are" : "bias is");
	if (!is_known(finder, &finder->graph->tensor[weights], &block.kind))
		return add_constants(finder, COMPILER_CONSTANT, 1, op->inputs);
	return add_rows(finder, &block, bias);
}

static int find_softmax(struct finder *finder)
{
	const struct atoll_operator *op = &finder->graph->op[finder->op];
	const struct atoll_tensor *logits = &finder->graph->tensor[op->input[0]];
	const struct compiler_block block = { .kind = COMPILER_SOFTMAX,
					      .tensor = { -1, -1, -1 } };

	/* Whole units need no words to say which entries are there. */
	if (logits->rank == 0 || input_channels(finder->graph, op) % 4 == 0)
		return 0;
	return add(finder, &block);
}

static int find_gate(struct finder *finder, const struct atoll_operator *op, uint32_t gate)
{
	int32_t x = constant_input(finder->graph, op, LSTM_X_WEIGHTS + gate);
	int32_t h = constant_input(finder->graph, op, LSTM_H_WEIGHTS + gate);
	int32_t bias = constant_input(finder->graph, op, LSTM_BIASES + gate);
	struct compiler_block block = { .kind = COMPILER_GATE, .tensors = 2,
					.tensor = { x, h, -1 } };

	if (x < 0 && gate == LSTM_IN) /* coupled with the forget gate */
		return 0;
	if (x < 0 || h < 0)
		return atoll_error_set(finder->err, -EINVAL, "operator %" PRIu32 " (%s): weights "
				       "of gate %" PRIu32 " are not constant", finder->op,
				       op->name, gate);
	return add_rows(finder, &block, bias);
}

/* The gates, then peepholes, projection and normalizations. */
static int find_lstm(struct finder *finder)
{
	const struct atoll_operator *op = &finder->graph->op[finder->op];
	int r = 0;

	for (uint32_t gate = 0; gate < LSTM_GATES && r == 0; gate++)
		r = find_gate(finder, op, gate);
	if (r == 0)
		r = add_constants(finder, COMPILER_CONSTANT, LSTM_PEEPHOLES, LSTM_BIASES - 1);
	if (r == 0)
		r = add_constants(finder, COMPILER_CONSTANT, LSTM_PROJECTION,
				  LSTM_PROJECTION_BIAS);
	if (r == 0)
		r = add_constants(finder, COMPILER_CONSTANT, LSTM_NORMS, LSTM_INPUTS - 1);
	return r;
}

/* Constants of element-wise operators are activations to the device. */
static int find_operands(struct finder *finder)
{
	const struct atoll_graph *graph = finder->graph;
	const struct atoll_operator *op = &graph->op[finder->op];
	int r = 0;

	for (uint32_t i = 0; i < op->inputs && r == 0; i++) {
		int32_t tensor = constant_input(graph, op, i);

		if (tensor >= 0 && compiler_is_parameter(graph, finder->op, i))
			r = add_constant(finder, has_8_bits(&graph->tensor[tensor]) ?
					 COMPILER_OPERAND : COMPILER_CONSTANT, tensor);
	}
	return r;
}

/* Scales of both are looked at. */
static int check_ends(const struct finder *finder)
{
	const struct atoll_operator *op = &finder->graph->op[finder->op];

	if (op->inputs == 0 || op->input[0] < 0 || op->outputs == 0 || op->output[0] < 0)
		return atoll_error_set(finder->err, -EINVAL, "operator %" PRIu32 " (%s): its "
				       "input or output is left out", finder->op, op->name);
	return 0;
}

static int find(struct finder *finder)
{
	const struct atoll_operator *op = &finder->graph->op[finder->op];
	int r = check_ends(finder);

	if (r < 0)
		return r;
	switch (op->code) {
	case BUILTIN_CONV_2D:
	case BUILTIN_DEPTHWISE_CONV_2D:
	case BUILTIN_FULLY_CONNECTED:
		return find_layer(finder);
	case BUILTIN_SOFTMAX:
		return find_softmax(finder);
	case BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM:
		return find_lstm(finder);
	default:
		if (is_elementwise(op))
			return find_operands(finder);
		return add_constants(finder, COMPILER_CONSTANT, 0, op->inputs - 1);
	}
}

int compiler_blocks(const struct atoll_graph *graph, uint32_t op,
		    struct compiler_block block[COMPILER_BLOCKS_MAX], uint32_t *blocks,
		    struct atoll_error *err)
{
	struct finder finder = { .graph = graph, .op = op, .block = block, .err = err };
	int r = find(&finder);

	if (r == 0)
		*blocks = finder.blocks;
	return r;
}

void compiler_block_write(const struct atoll_graph *graph, const struct compiler_block *block,
			  uint8_t *to)
{
	const void *data[3] = { NULL };

	for (uint32_t i = 0; i < block->tensors; i++)
		data[i] = graph->tensor[block->tensor[i]].data;
	layouts[block->kind]->write(graph, block, data, to);
}

/* What was taken out, laid out again, has to be what was there. */
int compiler_block_read(const struct atoll_graph *graph, const struct compiler_block *block,
			const uint8_t *from, void *const data[], struct atoll_error *err)
{
	const struct blocks_layout *layout = layouts[block->kind];
	const void *contents[3] = { NULL };
	uint8_t *again = malloc(block->bytes);
	uint32_t at = 0;

	if (!again)
		return atoll_error_set(err, -ENOMEM, "operator %" PRIu32 ": no memory for %" PRIu32
				       " bytes of parameters", block->op, block->bytes);
	for (uint32_t i = 0; i < block->tensors; i++)
		contents[i] = data[i];
	layout->read(graph, block, from, data);
	layout->write(graph, block, contents, again);
	if (memcmp(again, from, block->bytes) == 0) {
		free(again);
		return 0;
	}
	while (again[at] == from[at])
		at++;
	(void)atoll_error_set(err, -EBADMSG, "operator %" PRIu32 " (%s): byte %" PRIu32 " of its "
			      "parameters, in the %s, is 0x%02x where the graph asks for 0x%02x",
			      block->op, graph->op[block->op].name, at,
			      layout->what(graph, block, at), from[at], again[at]);
	free(again);
	return -EBADMSG;
}
