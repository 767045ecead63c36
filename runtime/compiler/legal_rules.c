/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operators of the Edge TPU: since which runtime version, up to which version of
 * the operator, and on what conditions. The table and the conditions are those that the
 * vendor publishes as the requirements of models; what logs and compiled models show
 * beyond them is marked where it stands.
 */
#include "runtime/compiler/legal_rules.h"

#include <inttypes.h>

#include "runtime/quant.h"
#include "runtime/schema/tflite.h"

#define BIT(i) (UINT32_C(1) << (i))

/* Weights and what else a LSTM stores; 18 and 19 are its states. */
#define LSTM_CONSTANTS (BIT(24) - BIT(1) - BIT(18) - BIT(19))

/* The vendor's documentation, for SOFTMAX. */
#define SOFTMAX_MAX 16000

/* Weights are stored with 8 bits and with scales. */
static enum atoll_mapping check_weights(const struct legal_question *question, uint32_t i)
{
	const struct atoll_tensor *weights = legal_input(question, i);

	if (weights && (weights->type == ATOLL_UINT8 || weights->type == ATOLL_INT8) &&
	    weights->quant.scale > 0)
		return ATOLL_MAPPED;
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "quantize the weights to 8 bits", "input %" PRIu32
			    ", the weights, has no 8-bit numbers", i);
}

static enum atoll_mapping check_bias(const struct legal_question *question, uint32_t i)
{
	const struct atoll_tensor *bias = legal_input(question, i);

	if (!bias || bias->type == ATOLL_INT32)
		return ATOLL_MAPPED;
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "quantize the bias to int32", "input %" PRIu32
			    ", the bias, is %s", i, atoll_type_name(bias->type));
}

static enum atoll_mapping check_dilation(const struct legal_question *question,
					 int32_t x, int32_t y)
{
	if (x == y)
		return ATOLL_MAPPED;
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "dilate by the same factor in x and y",
			    "dilated by %" PRId32 " in x and %" PRId32 " in y", x, y);
}

static enum atoll_mapping check_conv(const struct legal_question *question)
{
	const struct atoll_operator *op = question->op;
	enum atoll_mapping mapping = check_weights(question, 1);
	int64_t channels = legal_box_of(legal_input(question, 0)).z;

	if (mapping == ATOLL_MAPPED)
		mapping = check_bias(question, 2);
	if (mapping == ATOLL_MAPPED && legal_box_of(legal_input(question, 1)).z != channels)
		mapping = legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				       "convolve all channels, or split them first",
				       "its filters see only %" PRId64 " of %" PRId64
				       " channels", legal_box_of(legal_input(question, 1)).z,
				       channels);
	if (mapping != ATOLL_MAPPED)
		return mapping;
	return check_dilation(question, flatbuf_i32(op->options, CONV_2D_DILATION_W, 1),
			      flatbuf_i32(op->options, CONV_2D_DILATION_H, 1));
}

static enum atoll_mapping check_depthwise(const struct legal_question *question)
{
	const struct atoll_operator *op = question->op;
	int32_t x = flatbuf_i32(op->options, DEPTHWISE_CONV_2D_DILATION_W, 1);
	int32_t y = flatbuf_i32(op->options, DEPTHWISE_CONV_2D_DILATION_H, 1);
	enum atoll_mapping mapping = check_weights(question, 1);

	if (mapping == ATOLL_MAPPED)
		mapping = check_bias(question, 2);
	if (mapping != ATOLL_MAPPED)
		return mapping;
	if (question->runtime_version < 13 && (x > 1 || y > 1))
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				    "ask for runtime version 13 or newer",
				    "dilated, which came with runtime version 13");
	return check_dilation(question, x, y);
}

static enum atoll_mapping check_transpose_conv(const struct legal_question *question)
{
	enum atoll_mapping mapping = check_weights(question, 1);

	return mapping == ATOLL_MAPPED ? check_bias(question, 3) : mapping;
}

static enum atoll_mapping check_flat(const struct legal_question *question)
{
	const struct atoll_tensor *out = legal_output(question, 0);
	char shape[ATOLL_SHAPE_TEXT];

	if (out->rank == 0 || out->elements == (size_t)out->dims[out->rank - 1])
		return ATOLL_MAPPED;
	return legal_refuse(question, ATOLL_NOT_MAPPED_NOT_FLAT,
			    "use it on one row; for many, use a 1x1 convolution",
			    "output 0 is %s, more than one row",
			    atoll_shape_text(out->rank, out->dims, shape));
}

static enum atoll_mapping check_fully_connected(const struct legal_question *question)
{
	enum atoll_mapping mapping = check_weights(question, 1);

	if (mapping == ATOLL_MAPPED)
		mapping = check_bias(question, 2);
	if (mapping != ATOLL_MAPPED)
		return mapping;
	if (flatbuf_i8(question->op->options, FULLY_CONNECTED_WEIGHTS_FORMAT, 0) !=
	    WEIGHTS_DEFAULT)
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				    "convert the model without shuffling weights",
				    "its weights are shuffled");
	return check_flat(question);
}

static enum atoll_mapping check_softmax(const struct legal_question *question)
{
	size_t elements = legal_output(question, 0)->elements;
	enum atoll_mapping mapping = check_flat(question);

	if (mapping != ATOLL_MAPPED || elements <= SOFTMAX_MAX)
		return mapping;
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "leave SOFTMAX out; the order of the scores stays the same",
			    "%zu elements, at most %d are supported", elements, SOFTMAX_MAX);
}

/* Each operator keeps its fused activation under another id. */
static enum atoll_mapping check_unfused(const struct legal_question *question, uint16_t id)
{
	if (flatbuf_i8(question->op->options, id, ACTIVATION_NONE) == ACTIVATION_NONE)
		return ATOLL_MAPPED;
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "put the activation into an operator of its own",
			    "it has a fused activation");
}

static enum atoll_mapping check_pool(const struct legal_question *question)
{
	return check_unfused(question, POOL_2D_FUSED_ACTIVATION);
}

static enum atoll_mapping check_concatenation(const struct legal_question *question)
{
	enum atoll_mapping mapping = check_unfused(question, CONCATENATION_FUSED_ACTIVATION);

	return mapping == ATOLL_MAPPED ? legal_concatenation(question) : mapping;
}

static enum atoll_mapping check_prelu(const struct legal_question *question)
{
	const struct atoll_tensor *alpha = legal_input(question, 1);
	char shape[ATOLL_SHAPE_TEXT];

	if (alpha->rank == 0 || alpha->elements == (size_t)alpha->dims[alpha->rank - 1])
		return check_weights(question, 1);
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "share alpha between x and y: shared_axes=[1, 2] in Keras",
			    "alpha is %s, only the last dimension may be larger than 1",
			    atoll_shape_text(alpha->rank, alpha->dims, shape));
}

static enum atoll_mapping check_quantize(const struct legal_question *question)
{
	if (legal_input(question, 0)->type != ATOLL_FLOAT32)
		return ATOLL_MAPPED;
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "give the model 8-bit inputs (inference_input_type)",
			    "input 0 is float32");
}

/* Four gates and nothing else: the only form seen in compiled models. Cells with a
   coupled gate, peepholes, projection or normalization are left to the CPU. */
static enum atoll_mapping check_lstm(const struct legal_question *question)
{
	static const struct {
		uint32_t first, last;
		bool is_wanted;
		const char *name;
	} list[] = {
		{ 1, 8, true, "a gate of its own for each of input, forget, cell and output" },
		{ 9, 11, false, "peepholes" },
		{ 12, 15, true, "a bias for each gate" },
		{ 16, 17, false, "a projection" },
		{ 20, 23, false, "layer normalization" },
	};

	for (size_t k = 0; k < sizeof(list) / sizeof(list[0]); k++)
		for (uint32_t i = list[k].first; i <= list[k].last; i++)
			if ((legal_input(question, i) != NULL) != list[k].is_wanted)
				return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
					"use a plain LSTM", "it has %s%s",
					list[k].is_wanted ? "not " : "", list[k].name);
	for (uint32_t i = 1; i <= 8; i++) {
		enum atoll_mapping mapping = check_weights(question, i);

		if (mapping != ATOLL_MAPPED)
			return mapping;
	}
	return ATOLL_MAPPED;
}

/*
 * Versions: what TensorFlow of 2021, which the vendor's last compiler is made of,
 * writes for 8 bits. Seen: FULLY_CONNECTED 9 and RESIZE_NEAREST_NEIGHBOR 3 refused,
 * RESIZE_BILINEAR 3 mapped.
 *
 * TILE is not in the vendor's table, but it is mapped in one of its own models, which
 * asks for runtime version 12.
 *
 * Those at the end are never mapped, but logs say that the type is unsupported: types
 * are looked at first.
 */
static const struct legal_rule rules[] = {
	{ BUILTIN_ADD, 10, 2, 0, NULL },
	{ BUILTIN_AVERAGE_POOL_2D, 10, 2, 0, check_pool },
	{ BUILTIN_CONCATENATION, 10, 2, 0, check_concatenation },
	{ BUILTIN_CONV_2D, 10, 3, BIT(1) | BIT(2), check_conv },
	{ BUILTIN_DEPTHWISE_CONV_2D, 10, 3, BIT(1) | BIT(2), check_depthwise },
	{ BUILTIN_EXPAND_DIMS, 13, 1, BIT(1), NULL },
	{ BUILTIN_FULLY_CONNECTED, 10, 6, BIT(1) | BIT(2), check_fully_connected },
	{ BUILTIN_L2_NORMALIZATION, 10, 2, 0, NULL },
	{ BUILTIN_LOGISTIC, 10, 2, 0, NULL },
	{ BUILTIN_MAXIMUM, 10, 2, 0, NULL },
	{ BUILTIN_MAX_POOL_2D, 10, 2, 0, check_pool },
	{ BUILTIN_MEAN, 10, 2, BIT(1), legal_mean },
	{ BUILTIN_MINIMUM, 10, 2, 0, NULL },
	{ BUILTIN_MUL, 10, 2, 0, NULL },
	{ BUILTIN_PACK, 13, 2, 0, legal_pack },
	{ BUILTIN_PAD, 10, 2, BIT(1), legal_pad },
	{ BUILTIN_PRELU, 13, 1, BIT(1), check_prelu },
	{ BUILTIN_QUANTIZE, 13, 2, 0, check_quantize },
	{ BUILTIN_REDUCE_MAX, 14, 2, BIT(1), legal_reduce },
	{ BUILTIN_REDUCE_MIN, 14, 2, BIT(1), legal_reduce },
	{ BUILTIN_RELU, 10, 2, 0, NULL },
	{ BUILTIN_RELU6, 10, 2, 0, NULL },
	{ BUILTIN_RELU_N1_TO_1, 10, 2, 0, NULL },
	{ BUILTIN_RESHAPE, 10, 1, BIT(1), legal_reshape },
	{ BUILTIN_RESIZE_BILINEAR, 10, 3, BIT(1), legal_resize },
	{ BUILTIN_RESIZE_NEAREST_NEIGHBOR, 10, 2, BIT(1), legal_resize },
	{ BUILTIN_RSQRT, 14, 2, 0, NULL },
	{ BUILTIN_SLICE, 10, 2, BIT(1) | BIT(2), NULL },
	{ BUILTIN_SOFTMAX, 10, 2, 0, check_softmax },
	{ BUILTIN_SPACE_TO_DEPTH, 10, 2, 0, NULL },
	{ BUILTIN_SPLIT, 10, 3, BIT(0), legal_split },
	{ BUILTIN_SQUARED_DIFFERENCE, 14, 2, 0, NULL },
	{ BUILTIN_SQUEEZE, 10, 1, 0, legal_squeeze },
	{ BUILTIN_STRIDED_SLICE, 10, 3, BIT(1) | BIT(2) | BIT(3), legal_strided_slice },
	{ BUILTIN_SUB, 10, 2, 0, NULL },
	{ BUILTIN_SUM, 13, 2, BIT(1), legal_reduce },
	{ BUILTIN_TANH, 10, 2, 0, NULL },
	{ BUILTIN_TILE, 10, 2, BIT(1), legal_tile },
	{ BUILTIN_TRANSPOSE, 14, 2, BIT(1), legal_transpose },
	{ BUILTIN_TRANSPOSE_CONV, 13, 3, BIT(0) | BIT(1) | BIT(3), check_transpose_conv },
	{ BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM, 14, 2, LSTM_CONSTANTS, check_lstm },

	{ BUILTIN_ARG_MAX, LEGAL_NEVER, INT32_MAX, 0, NULL },
	{ BUILTIN_ARG_MIN, LEGAL_NEVER, INT32_MAX, 0, NULL },
	{ BUILTIN_CAST, LEGAL_NEVER, INT32_MAX, 0, NULL },
	{ BUILTIN_CUSTOM, LEGAL_NEVER, INT32_MAX, 0, NULL },
	{ BUILTIN_DEQUANTIZE, LEGAL_NEVER, INT32_MAX, 0, NULL },
	{ BUILTIN_PADV2, LEGAL_NEVER, INT32_MAX, 0, NULL },
};

const struct legal_rule *legal_rule_of(uint32_t code)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].code == code)
			return &rules[i];
	return NULL;
}

const char *legal_substitute(uint32_t code)
{
	switch (code) {
	case BUILTIN_LEAKY_RELU: case BUILTIN_ELU:
		return "use RELU, or PRELU with a constant alpha";
	case BUILTIN_HARD_SWISH: case BUILTIN_GELU:
		return "use RELU6, or LOGISTIC and MUL";
	case BUILTIN_DIV:
		return "multiply by the reciprocal (MUL)";
	case BUILTIN_SQUARE:
		return "multiply it by itself (MUL)";
	case BUILTIN_SQRT:
		return "use RSQRT, which runtime version 14 has";
	case BUILTIN_PADV2:
		return "pad with zero (PAD)";
	case BUILTIN_SPLIT_V: case BUILTIN_UNPACK: case BUILTIN_GATHER:
		return "use SPLIT, or STRIDED_SLICE with constant bounds";
	case BUILTIN_DEPTH_TO_SPACE:
		return "use TRANSPOSE_CONV or RESIZE_BILINEAR";
	case BUILTIN_BATCH_MATMUL:
		return "use FULLY_CONNECTED or a 1x1 convolution, when one operand is "
		       "constant";
	case BUILTIN_BIDIRECTIONAL_SEQUENCE_LSTM: case BUILTIN_LSTM:
		return "use UNIDIRECTIONAL_SEQUENCE_LSTM";
	default:
		return NULL;
	}
}
