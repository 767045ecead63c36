/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/silicon_layer.h"

#include <errno.h>
#include <stdio.h>

#include "runtime/quant.h"
#include "runtime/schema/tflite.h"

/* As the device has them, without a sign. */
static int32_t zero_of(const struct atoll_tensor *tensor)
{
	return tensor->quant.zero_point + (tensor->type == ATOLL_INT8 ? 128 : 0);
}

/* Single precision, rounded after each step, is what the vendor's programs show; for
   the limits as well, which therefore are not always whole. */
static float scale_of(const struct atoll_tensor *input, const struct atoll_tensor *weights,
		      const struct atoll_tensor *output)
{
	float product = input->quant.scale * weights->quant.scale;
	float inverse = 1.0f / output->quant.scale;

	return product * inverse;
}

static float limit_of(const struct atoll_tensor *output, int32_t stored)
{
	float real = (float)(stored - output->quant.zero_point) * output->quant.scale;
	float inverse = 1.0f / output->quant.scale;

	return real * inverse;
}

static void set_numbers(const struct atoll_operator *op, const struct atoll_tensor *tensor,
			struct dense_layer *layer)
{
	const struct atoll_tensor *input = &tensor[op->input[0]];
	const struct atoll_tensor *weights = &tensor[op->input[1]];
	const struct atoll_tensor *output = &tensor[op->output[0]];
	int8_t activation = flatbuf_i8(op->options, FULLY_CONNECTED_FUSED_ACTIVATION, 0);
	struct quant_range range = quant_activation_range((enum activation)activation, output);

	layer->scale = layer->has_factors ? 1 : scale_of(input, weights, output);
	layer->lower = limit_of(output, range.low);
	layer->upper = limit_of(output, range.high);
	layer->weight_zero = layer->has_zeros ? 0 : (uint8_t)zero_of(weights);
	layer->input_zero = (uint8_t)zero_of(input);
	layer->output_zero = (uint8_t)zero_of(output);
}

static int set_sizes(const struct atoll_operator *op, const struct atoll_tensor *tensor,
		     struct dense_layer *layer, struct atoll_error *err)
{
	const struct atoll_tensor *input = &tensor[op->input[0]];
	const struct atoll_tensor *weights = &tensor[op->input[1]];
	const struct atoll_tensor *output = &tensor[op->output[0]];

	if (input->elements != (size_t)weights->dims[1] ||
	    output->elements != (size_t)weights->dims[0])
		return atoll_error_set(err, -ENOTSUP, "more than one row of input, not for "
				       "target silicon yet");
	layer->inputs = (uint32_t)weights->dims[1];
	layer->outputs = (uint32_t)weights->dims[0];
	return 0;
}

int silicon_layer(const struct compiler_graph *graph, uint32_t index,
		  struct dense_layer *layer, struct compiler_block *block,
		  struct atoll_error *err)
{
	const struct atoll_operator *op = &graph->graph->op[index];
	const struct atoll_tensor *tensor = graph->graph->tensor;
	struct compiler_block all[COMPILER_BLOCKS_MAX];
	uint32_t blocks = 0;
	int r;

	if (op->code != BUILTIN_FULLY_CONNECTED)
		return atoll_error_set(err, -ENOTSUP, "%.60s is not for target silicon yet",
				       op->name);
	if (compiler_is_constant(graph, op->input[0]))
		return atoll_error_set(err, -ENOTSUP, "its input is constant, not for target "
				       "silicon yet");
	r = compiler_blocks(graph->graph, index, all, &blocks, err);
	if (r < 0)
		return r;
	if (blocks != 1 || all[0].kind != COMPILER_CONV)
		return atoll_error_set(err, -ENOTSUP, "its weights have a form that is not "
				       "for target silicon yet");
	*block = all[0];
	*layer = (struct dense_layer){
		.has_factors = block->tables & COMPILER_TABLE_SCALE,
		.has_biases = block->tables & COMPILER_TABLE_BIAS,
		.has_zeros = block->tables & COMPILER_TABLE_ZERO,
	};
	r = set_sizes(op, tensor, layer, err);
	if (r < 0)
		return r;
	set_numbers(op, tensor, layer);
	return dense_check(layer, err);
}

/* Bytes are the same on the device, which knows no sign. */
static bool is_relabelled(const struct compiler_graph *graph, const struct atoll_operator *op)
{
	const struct atoll_tensor *in = &graph->graph->tensor[op->input[0]];
	const struct atoll_tensor *out = &graph->graph->tensor[op->output[0]];
	bool has_bytes = in->bytes == in->elements && out->bytes == out->elements;

	return has_bytes && in->quant.scale == out->quant.scale &&
	       zero_of(in) == zero_of(out) && !compiler_is_constant(graph, op->input[0]);
}

enum atoll_mapping silicon_is_legal(const struct compiler_graph *graph, uint32_t op,
				    struct compiler_verdict *verdict)
{
	bool is_dense = graph->graph->op[op].code == BUILTIN_FULLY_CONNECTED;
	struct compiler_block block;
	struct dense_layer layer;
	struct atoll_error err;

	if (graph->graph->op[op].code == BUILTIN_QUANTIZE &&
	    is_relabelled(graph, &graph->graph->op[op]))
		return ATOLL_MAPPED;
	if (silicon_layer(graph, op, &layer, &block, &err) == 0)
		return ATOLL_MAPPED;
	(void)snprintf(verdict->why, sizeof(verdict->why), "%.150s", err.text);
	verdict->advice = is_dense ? NULL : "compile it for target emulator, or like a model "
					    "of the vendor's";
	return is_dense ? ATOLL_NOT_MAPPED_LIMIT : ATOLL_NOT_MAPPED_OPERATOR;
}
