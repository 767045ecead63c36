/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L2_NORMALIZATION: each last dimension divided by its length. Quantized
 * outputs count 1/128 around 128 (uint8) or 0 (int8).
 */
#include <errno.h>
#include <math.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/kernels/fixed.h"
#include "runtime/schema/tflite.h"

struct norm {
	bool is_signed;
	int32_t in_zero, out_zero;
	struct quant_range range;
};

static int32_t difference(const struct norm *norm, uint8_t byte)
{
	return (norm->is_signed ? (int8_t)byte : byte) - norm->in_zero;
}

static struct multiplier inverse_length(const struct norm *norm, const uint8_t *in,
					size_t count)
{
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += difference(norm, in[i]) * difference(norm, in[i]);
	return fixed_inverse_sqrt((int32_t)(sum < INT32_MAX ? sum : INT32_MAX));
}

/* TFLite: the factor 128 goes into the number for uint8, into the shift for int8,
   which rounds differently. */
static void row_8(const void *context, const struct broadcast_row *row)
{
	const struct norm *norm = context;
	const uint8_t *in = row->in[0];
	struct multiplier by = inverse_length(norm, in, row->count);
	int32_t factor = norm->is_signed ? 1 : 128;
	uint8_t *out = row->out;

	if (norm->is_signed)
		by.shift += 7;
	for (size_t i = 0; i < row->count; i++) {
		int32_t y = multiply_by_quantized(factor * difference(norm, in[i]), by);

		out[i] = (uint8_t)quant_stored(y, norm->out_zero, norm->range);
	}
}

static void row_float(const void *context, const struct broadcast_row *row)
{
	const float *in = row->in[0];
	float *out = row->out, sum = 0, length;

	(void)context;
	for (size_t i = 0; i < row->count; i++)
		sum += in[i] * in[i];
	/* TFLite: so that zeros stay zeros. */
	length = fmaxf(sqrtf(sum), 1e-6f);
	for (size_t i = 0; i < row->count; i++)
		out[i] = in[i] / length;
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_UINT8, row_8 }, { ATOLL_INT8, row_8 }, { ATOLL_FLOAT32, row_float },
	};
	int8_t fused = flatbuf_i8(node->op->options,
				  L2_NORM_FUSED_ACTIVATION, ACTIVATION_NONE);
	const struct atoll_tensor *out;
	broadcast_function *row;
	struct norm *norm;
	int r = broadcast_choose(node, 1, BROADCAST_CHOICES(rows), 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	if (fused != ACTIVATION_NONE)
		return kernel_error(node, err, "fused activation %d, none is supported",
				    fused);
	out = node->output[0];
	if (out->type == ATOLL_FLOAT32)
		return broadcast_prepare_last(node, setup, row, NULL, err);
	norm = kernel_alloc(setup, sizeof(*norm));
	if (!norm)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	norm->is_signed = out->type == ATOLL_INT8;
	norm->in_zero = node->input[0]->quant.zero_point;
	norm->out_zero = norm->is_signed ? 0 : 128;
	norm->range = quant_type_range(out->type);
	if (out->quant.scale != 1 / 128.0f || out->quant.zero_point != norm->out_zero)
		return kernel_error(node, err, "%s output scale %g, zero point %d: must be "
				    "1/128 and %d", atoll_type_name(out->type),
				    (double)out->quant.scale, out->quant.zero_point,
				    norm->out_zero);
	return broadcast_prepare_last(node, setup, row, norm, err);
}

const struct kernel kernel_l2_normalization = {
	.code = BUILTIN_L2_NORMALIZATION,
	.version_max = 2,
	.types = "uint8 int8 float32",
	.prepare = prepare,
};
