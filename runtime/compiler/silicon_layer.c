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

static int8_t activation_of(const struct atoll_operator *op)
{
	switch (op->code) {
	case BUILTIN_CONV_2D:
		return flatbuf_i8(op->options, CONV_2D_FUSED_ACTIVATION, 0);
	case BUILTIN_DEPTHWISE_CONV_2D:
		return flatbuf_i8(op->options, DEPTHWISE_CONV_2D_FUSED_ACTIVATION, 0);
	default:
		return flatbuf_i8(op->options, FULLY_CONNECTED_FUSED_ACTIVATION, 0);
	}
}

static struct mac_numbers numbers_of(const struct atoll_operator *op,
				     const struct atoll_tensor *tensor, uint32_t tables)
{
	const struct atoll_tensor *input = &tensor[op->input[0]];
	const struct atoll_tensor *weights = &tensor[op->input[1]];
	const struct atoll_tensor *output = &tensor[op->output[0]];
	struct quant_range range =
		quant_activation_range((enum activation)activation_of(op), output);
	struct mac_numbers numbers = {
		.has_factors = tables & COMPILER_TABLE_SCALE,
		.has_biases = tables & COMPILER_TABLE_BIAS,
		.has_zeros = tables & COMPILER_TABLE_ZERO,
		.lower = limit_of(output, range.low), .upper = limit_of(output, range.high),
		.input_zero = (uint8_t)zero_of(input), .output_zero = (uint8_t)zero_of(output),
	};

	numbers.scale = numbers.has_factors ? 1 : scale_of(input, weights, output);
	numbers.weight_zero = numbers.has_zeros ? 0 : (uint8_t)zero_of(weights);
	return numbers;
}

static int set_dense(const struct atoll_operator *op, const struct atoll_tensor *tensor,
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
	return dense_check(layer, err);
}

/* Strides and dilations both ways, and padding. */
struct steps {
	int32_t stride[2], dilation[2];
	int8_t padding;
};

static struct steps steps_of(const struct atoll_operator *op)
{
	struct flatbuf_table options = op->options;

	if (op->code == BUILTIN_CONV_2D)
		return (struct steps){
			.stride = { flatbuf_i32(options, CONV_2D_STRIDE_H, 0),
				    flatbuf_i32(options, CONV_2D_STRIDE_W, 0) },
			.dilation = { flatbuf_i32(options, CONV_2D_DILATION_H, 1),
				      flatbuf_i32(options, CONV_2D_DILATION_W, 1) },
			.padding = flatbuf_i8(options, CONV_2D_PADDING, 0) };
	return (struct steps){
		.stride = { flatbuf_i32(options, DEPTHWISE_CONV_2D_STRIDE_H, 0),
			    flatbuf_i32(options, DEPTHWISE_CONV_2D_STRIDE_W, 0) },
		.dilation = { flatbuf_i32(options, DEPTHWISE_CONV_2D_DILATION_H, 1),
			      flatbuf_i32(options, DEPTHWISE_CONV_2D_DILATION_W, 1) },
		.padding = flatbuf_i8(options, DEPTHWISE_CONV_2D_PADDING, 0) };
}

static int set_conv(const struct atoll_operator *op, const struct atoll_tensor *tensor,
		    struct conv_layer *layer, struct atoll_error *err)
{
	const struct atoll_tensor *input = &tensor[op->input[0]];
	const struct atoll_tensor *weights = &tensor[op->input[1]];
	const struct atoll_tensor *output = &tensor[op->output[0]];
	struct steps steps = steps_of(op);

	if (input->rank != 4 || weights->rank != 4 || output->rank != 4 || input->dims[0] != 1)
		return atoll_error_set(err, -ENOTSUP, "more than one image, not for target "
				       "silicon yet");
	if (weights->dims[1] != weights->dims[2] || steps.stride[0] != steps.stride[1])
		return atoll_error_set(err, -ENOTSUP, "its kernel or stride is not square, "
				       "not for target silicon yet");
	if (steps.dilation[0] != 1 || steps.dilation[1] != 1)
		return atoll_error_set(err, -ENOTSUP, "its kernel is dilated, not for target "
				       "silicon yet");
	if (weights->dims[1] > 1 && steps.padding != PADDING_SAME)
		return atoll_error_set(err, -ENOTSUP, "its padding is not SAME, not for target "
				       "silicon yet");
	layer->height = (uint32_t)input->dims[1];
	layer->width = (uint32_t)input->dims[2];
	layer->inputs = (uint32_t)input->dims[3];
	layer->outputs = (uint32_t)output->dims[3];
	layer->kernel = (uint32_t)weights->dims[1];
	layer->stride = (uint32_t)steps.stride[0];
	layer->is_depthwise = op->code == BUILTIN_DEPTHWISE_CONV_2D;
	return conv_check(layer, 1, err);
}

bool silicon_is_layer(const struct compiler_graph *graph, uint32_t op)
{
	uint32_t code = graph->graph->op[op].code;

	return code == BUILTIN_FULLY_CONNECTED || code == BUILTIN_CONV_2D ||
	       code == BUILTIN_DEPTHWISE_CONV_2D;
}

static bool has_block(const struct atoll_operator *op, const struct compiler_block *block)
{
	return block->kind == (op->code == BUILTIN_DEPTHWISE_CONV_2D ? COMPILER_DEPTHWISE :
			       COMPILER_CONV);
}

int silicon_layer(const struct compiler_graph *graph, uint32_t index,
		  struct silicon_mapped *mapped, struct atoll_error *err)
{
	const struct atoll_operator *op = &graph->graph->op[index];
	const struct atoll_tensor *tensor = graph->graph->tensor;
	struct compiler_block all[COMPILER_BLOCKS_MAX];
	uint32_t blocks = 0;
	int r;

	if (!silicon_is_layer(graph, index))
		return atoll_error_set(err, -ENOTSUP, "%.60s is not for target silicon yet",
				       op->name);
	if (compiler_is_constant(graph, op->input[0]))
		return atoll_error_set(err, -ENOTSUP, "its input is constant, not for target "
				       "silicon yet");
	r = compiler_blocks(graph->graph, index, all, &blocks, err);
	if (r < 0)
		return r;
	if (blocks != 1 || !has_block(op, &all[0]))
		return atoll_error_set(err, -ENOTSUP, "its weights have a form that is not "
				       "for target silicon yet");
	*mapped = (struct silicon_mapped){
		.is_conv = op->code != BUILTIN_FULLY_CONNECTED, .block = all[0] };
	mapped->dense.numbers = mapped->conv.numbers =
		numbers_of(op, tensor, mapped->block.tables);
	return mapped->is_conv ? set_conv(op, tensor, &mapped->conv, err) :
				 set_dense(op, tensor, &mapped->dense, err);
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
	struct silicon_mapped mapped;
	struct atoll_error err;
	bool is_layer = silicon_is_layer(graph, op);

	if (graph->graph->op[op].code == BUILTIN_QUANTIZE &&
	    is_relabelled(graph, &graph->graph->op[op]))
		return ATOLL_MAPPED;
	if (silicon_layer(graph, op, &mapped, &err) == 0)
		return ATOLL_MAPPED;
	(void)snprintf(verdict->why, sizeof(verdict->why), "%.150s", err.text);
	verdict->advice = is_layer ? NULL : "compile it for target emulator, or like a model "
					    "of the vendor's";
	return is_layer ? ATOLL_NOT_MAPPED_LIMIT : ATOLL_NOT_MAPPED_OPERATOR;
}
