/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/kernels.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/quant.h"
#include "runtime/schema/tflite.h"

/* One line per operator, by code, custom ones last. Each is defined as
   `const struct kernel kernel_<name>` in the file of its family. */
#define KERNELS(X) \
	X(add) \
	X(average_pool_2d) \
	X(concatenation) \
	X(conv_2d) \
	X(depthwise_conv_2d) \
	X(depth_to_space) \
	X(dequantize) \
	X(floor) \
	X(fully_connected) \
	X(l2_normalization) \
	X(logistic) \
	X(lstm) \
	X(max_pool_2d) \
	X(mul) \
	X(relu) \
	X(relu_n1_to_1) \
	X(relu6) \
	X(reshape) \
	X(resize_bilinear) \
	X(softmax) \
	X(space_to_depth) \
	X(tanh) \
	X(pad) \
	X(gather) \
	X(batch_to_space_nd) \
	X(space_to_batch_nd) \
	X(transpose) \
	X(mean) \
	X(sub) \
	X(div) \
	X(squeeze) \
	X(unidirectional_sequence_lstm) \
	X(strided_slice) \
	X(exp) \
	X(topk_v2) \
	X(split) \
	X(log_softmax) \
	X(cast) \
	X(prelu) \
	X(maximum) \
	X(arg_max) \
	X(minimum) \
	X(less) \
	X(neg) \
	X(padv2) \
	X(greater) \
	X(greater_equal) \
	X(less_equal) \
	X(select) \
	X(slice) \
	X(sin) \
	X(transpose_conv) \
	X(tile) \
	X(expand_dims) \
	X(equal) \
	X(not_equal) \
	X(log) \
	X(sum) \
	X(sqrt) \
	X(rsqrt) \
	X(shape) \
	X(pow) \
	X(arg_min) \
	X(reduce_prod) \
	X(reduce_max) \
	X(pack) \
	X(logical_or) \
	X(one_hot) \
	X(logical_and) \
	X(logical_not) \
	X(unpack) \
	X(reduce_min) \
	X(floor_div) \
	X(reduce_any) \
	X(square) \
	X(zeros_like) \
	X(fill) \
	X(floor_mod) \
	X(range) \
	X(resize_nearest_neighbor) \
	X(leaky_relu) \
	X(squared_difference) \
	X(mirror_pad) \
	X(abs) \
	X(split_v) \
	X(ceil) \
	X(reverse_v2) \
	X(gather_nd) \
	X(cos) \
	X(rank) \
	X(elu) \
	X(quantize) \
	X(round) \
	X(hard_swish) \
	X(select_v2) \
	X(batch_matmul) \
	X(broadcast_to) \
	X(reduce_all) \
	X(gelu) \
	X(relu_0_to_1) \
	X(detection_postprocess) \
	X(posenet_decoder)

#define DECLARE(name) extern const struct kernel kernel_##name;
#define ROW(name) &kernel_##name,

KERNELS(DECLARE)
static const struct kernel *const table[] = { KERNELS(ROW) };

const struct kernel *const *kernel_table(uint32_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

static bool serves(const struct kernel *kernel, const struct atoll_operator *op)
{
	if (kernel->code != op->code)
		return false;
	return op->code != BUILTIN_CUSTOM || strcmp(kernel->custom, op->name) == 0;
}

const struct kernel *kernel_find(const struct atoll_operator *op)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (serves(table[i], op))
			return table[i];
	return NULL;
}

int kernel_error(const struct kernel_node *node, struct atoll_error *err,
		 const char *format, ...)
{
	char why[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return atoll_error_set(err, -EINVAL, "%s: %s", node->op->name, why);
}

int kernel_activation(const struct kernel_node *node, int8_t value,
		      enum activation *activation, struct atoll_error *err)
{
	if (value < ACTIVATION_NONE || value > ACTIVATION_RELU6)
		return kernel_error(node, err, "fused activation %d; none, RELU, "
				    "RELU_N1_TO_1 and RELU6 are supported", value);
	*activation = (enum activation)value;
	return 0;
}

int kernel_check_counts(const struct kernel_node *node, uint32_t inputs_low,
			uint32_t inputs_high, uint32_t outputs,
			struct atoll_error *err)
{
	if (node->inputs < inputs_low || node->inputs > inputs_high) {
		if (inputs_low == inputs_high)
			return kernel_error(node, err, "%u inputs, expected %u",
					    node->inputs, inputs_low);
		return kernel_error(node, err, "%u inputs, expected %u to %u",
				    node->inputs, inputs_low, inputs_high);
	}
	if (node->outputs != outputs)
		return kernel_error(node, err, "%u outputs, expected %u",
				    node->outputs, outputs);
	return 0;
}

static int check_type(const struct kernel_node *node, const char *what, uint32_t i,
		      const struct atoll_tensor *tensor, uint32_t type_mask,
		      struct atoll_error *err)
{
	char supported[128] = "";
	size_t used = 0;

	if (type_mask & KERNEL_TYPE(tensor->type))
		return 0;
	for (unsigned type = 0; type < 32 && used < sizeof(supported); type++)
		if (type_mask & KERNEL_TYPE(type))
			used += (size_t)snprintf(supported + used,
					sizeof(supported) - used, "%s%s",
					used ? ", " : "",
					atoll_type_name((enum atoll_type)type));
	return kernel_error(node, err, "%s %u (%s): type %s, supported: %s", what, i,
			    tensor->name, atoll_type_name(tensor->type), supported);
}

int kernel_check_input(const struct kernel_node *node, uint32_t i,
		       uint32_t type_mask, struct atoll_error *err)
{
	if (i >= node->inputs || !node->input[i])
		return kernel_error(node, err, "input %u is left out", i);
	return check_type(node, "input", i, node->input[i], type_mask, err);
}

int kernel_check_output(const struct kernel_node *node, uint32_t i,
			uint32_t type_mask, struct atoll_error *err)
{
	return check_type(node, "output", i, node->output[i], type_mask, err);
}

int kernel_check_quantized(const struct kernel_node *node,
			   const struct atoll_tensor *tensor, const char *what,
			   struct atoll_error *err)
{
	const struct atoll_quant *quant = &tensor->quant;
	struct quant_range range = quant_type_range(tensor->type);

	if (quant->channels == 0)
		return kernel_error(node, err, "%s (%s): %s without a scale", what,
				    tensor->name, atoll_type_name(tensor->type));
	if (quant->channels > 1)
		return kernel_error(node, err, "%s (%s): %u scales, expected one",
				    what, tensor->name, quant->channels);
	if (!(quant->scale > 0) || !isfinite(quant->scale))
		return kernel_error(node, err, "%s (%s): scale %g is not positive",
				    what, tensor->name, (double)quant->scale);
	if (quant->zero_point < range.low || quant->zero_point > range.high)
		return kernel_error(node, err,
				    "%s (%s): zero point %" PRId32 " is outside %s", what,
				    tensor->name, quant->zero_point,
				    atoll_type_name(tensor->type));
	return 0;
}

int kernel_check_same_quant(const struct kernel_node *node,
			    const struct atoll_tensor *a,
			    const struct atoll_tensor *b, struct atoll_error *err)
{
	/* Bitwise equal scales are meant: the data is moved, not rescaled. */
	if (memcmp(&a->quant.scale, &b->quant.scale, sizeof(float)) == 0 &&
	    a->quant.zero_point == b->quant.zero_point)
		return 0;
	return kernel_error(node, err,
			    "%s and %s: scales %g and %g, zero points %" PRId32
			    " and %" PRId32 " must be equal",
			    a->name, b->name, (double)a->quant.scale,
			    (double)b->quant.scale, a->quant.zero_point,
			    b->quant.zero_point);
}

int kernel_set_shape(const struct kernel_node *node, uint32_t i, uint32_t rank,
		     const int32_t *dims, struct atoll_error *err)
{
	int r = atoll_tensor_reshape(node->output[i], rank, dims, err);

	if (r < 0)
		atoll_error_prefix(err, "%s: output %u", node->op->name, i);
	return r;
}

int kernel_broadcast(const struct kernel_node *node, const struct atoll_tensor *a,
		     const struct atoll_tensor *b, uint32_t *rank,
		     int32_t dims[ATOLL_RANK_MAX], struct atoll_error *err)
{
	char a_text[ATOLL_SHAPE_TEXT], b_text[ATOLL_SHAPE_TEXT];
	uint32_t n = a->rank > b->rank ? a->rank : b->rank;

	for (uint32_t i = 1; i <= n; i++) {
		int32_t of_a = i <= a->rank ? a->dims[a->rank - i] : 1;
		int32_t of_b = i <= b->rank ? b->dims[b->rank - i] : 1;

		if (of_a != of_b && of_a != 1 && of_b != 1)
			return kernel_error(node, err, "shapes %s and %s do not broadcast",
				atoll_shape_text(a->rank, a->dims, a_text),
				atoll_shape_text(b->rank, b->dims, b_text));
		dims[n - i] = of_a == 1 ? of_b : of_a;
	}
	*rank = n;
	return 0;
}

static int64_t constant_int(const struct atoll_tensor *tensor, size_t i)
{
	int32_t narrow;
	int64_t wide;

	if (tensor->type == ATOLL_INT32) {
		memcpy(&narrow, (const char *)tensor->data + 4 * i, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, (const char *)tensor->data + 8 * i, sizeof(wide));
	return wide;
}

int kernel_constant_ints(const struct kernel_node *node, uint32_t i,
			 int32_t *values, uint32_t room, uint32_t *count,
			 struct atoll_error *err)
{
	const struct atoll_tensor *tensor;
	int r = kernel_check_input(node, i, KERNEL_TYPE(ATOLL_INT32) |
					    KERNEL_TYPE(ATOLL_INT64), err);

	if (r < 0)
		return r;
	tensor = node->input[i];
	if (!tensor->data)
		return kernel_error(node, err,
				    "input %u (%s) is known only while running, "
				    "a constant is supported", i, tensor->name);
	if (tensor->elements > room)
		return kernel_error(node, err, "input %u (%s): %zu values, at most %u",
				    i, tensor->name, tensor->elements, room);
	for (size_t k = 0; k < tensor->elements; k++) {
		int64_t value = constant_int(tensor, k);

		if (value < INT32_MIN || value > INT32_MAX)
			return kernel_error(node, err,
					    "input %u (%s): %" PRId64 " is out of range",
					    i, tensor->name, value);
		values[k] = (int32_t)value;
	}
	*count = (uint32_t)tensor->elements;
	return 0;
}

int kernel_axis(const struct kernel_node *node, int32_t axis, uint32_t rank,
		uint32_t *index, struct atoll_error *err)
{
	int64_t positive = axis < 0 ? (int64_t)axis + rank : axis;

	if (positive < 0 || positive >= rank)
		return kernel_error(node, err, "axis %" PRId32 " of %u dimensions",
				    axis, rank);
	*index = (uint32_t)positive;
	return 0;
}
