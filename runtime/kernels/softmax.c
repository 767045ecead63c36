/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SOFTMAX and LOG_SOFTMAX over the last dimension.
 *
 *	uint8, int8   fixed point: e^(x - max) in Q0.31, their sum in Q12.19
 *	int16         two tables with straight lines, e^x and 1 / (1 + x)
 *	float32       as written, the sum in order
 */
#include <errno.h>
#include <float.h>
#include <math.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/kernels/fixed.h"
#include "runtime/schema/tflite.h"

/* 8-bit inputs. Differences from the maximum are scaled to Q5.26. */
#define SUM_WHOLE 12
#define DIFFERENCE_WHOLE 5

struct softmax_8 {
	bool is_signed;
	enum atoll_type out_type;
	int out_bits;
	struct quant_range range;
	int32_t exp[256];        /* of max - x, Q0.31 */
};

static int32_t max_8(const struct softmax_8 *s, const uint8_t *in, size_t count)
{
	uint8_t flip = s->is_signed ? 0x80 : 0, highest = 0;

	for (size_t i = 0; i < count; i++)
		if ((in[i] ^ flip) > highest)
			highest = in[i] ^ flip;
	return highest;
}

static void row_8(const void *context, const struct broadcast_row *row)
{
	const struct softmax_8 *s = context;
	const uint8_t *in = row->in[0];
	uint8_t flip = s->is_signed ? 0x80 : 0;
	int32_t highest = max_8(s, in, row->count);
	int32_t part, shift;
	int64_t sum = 0;
	int over;

	for (size_t i = 0; i < row->count; i++)
		sum += shift_right_rounded(s->exp[highest - (in[i] ^ flip)], SUM_WHOLE);
	part = fixed_reciprocal((int32_t)(sum < INT32_MAX ? sum : INT32_MAX),
				SUM_WHOLE, &over);
	shift = over + 31 - s->out_bits;
	for (size_t i = 0; i < row->count; i++) {
		int32_t share = multiply_high(part, s->exp[highest - (in[i] ^ flip)]);
		/* Beyond 31 bits less than half a step is left. */
		int32_t y = shift > 31 ? 0 : shift_right_rounded(share, shift);
		int32_t stored = quant_stored(y, s->range.low, s->range);

		if (s->out_type == ATOLL_INT16)
			((int16_t *)row->out)[i] = (int16_t)stored;
		else
			((uint8_t *)row->out)[i] = (uint8_t)stored;
	}
}

static void fill_exp(struct softmax_8 *s, struct multiplier by)
{
	/* TFLite: what is further below the maximum counts nothing. */
	double radius = floor(ldexp((1 << DIFFERENCE_WHOLE) - 1,
				    31 - DIFFERENCE_WHOLE - by.shift));

	for (int32_t below = 0; below < 256 && below <= radius; below++) {
		int32_t difference = shift_left_saturated(-below, by.shift);

		s->exp[below] = fixed_exp_32(multiply_high(difference, by.mantissa),
					     DIFFERENCE_WHOLE);
	}
}

static int check_output(const struct kernel_node *node, float scale, int32_t zero,
			struct atoll_error *err)
{
	const struct atoll_tensor *out = node->output[0];

	/* TFLite: one in a thousand off is still the same scale. */
	if (fabsf(out->quant.scale - scale) <= 0.001f * scale &&
	    out->quant.zero_point == zero)
		return 0;
	return kernel_error(node, err, "%s output of %s input: scale %g, zero point %d; "
			    "must be %g and %d", atoll_type_name(out->type),
			    atoll_type_name(node->input[0]->type),
			    (double)out->quant.scale, out->quant.zero_point,
			    (double)scale, zero);
}

static int prepare_8(struct kernel_node *node, struct kernel_setup *setup, float beta,
		     struct atoll_error *err)
{
	const struct atoll_tensor *in = node->input[0], *out = node->output[0];
	double scale = fmin((double)beta * (double)in->quant.scale *
			    (1 << (31 - DIFFERENCE_WHOLE)), 0x1p31 - 1);
	int bits = out->type == ATOLL_INT16 ? 16 : 8;
	struct quant_range range = quant_type_range(out->type);
	struct softmax_8 *s;
	int r = check_output(node, ldexpf(1, -bits), range.low, err);

	if (r < 0)
		return r;
	if (!(beta > 0) || !(scale > 1))
		return kernel_error(node, err, "beta %g times input scale %g is too small",
				    (double)beta, (double)in->quant.scale);
	s = kernel_alloc(setup, sizeof(*s));
	if (!s)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	s->is_signed = in->type == ATOLL_INT8;
	s->out_type = out->type;
	s->out_bits = bits;
	s->range = range;
	fill_exp(s, multiplier_from(scale));
	return broadcast_prepare_last(node, setup, row_8, s, err);
}

struct softmax_16 {
	struct multiplier by;
	int16_t exp[FIXED_TABLE_SAMPLES];     /* of -10 to 0 */
	int16_t part_of[FIXED_TABLE_SAMPLES]; /* 1 / (1 + x) of 0 to 1 */
};

/* TFLite: the range of the table of e^x, in all steps of int16. */
#define EXP_LOWEST (-10.0)
#define STEPS_16 65535.0

static void row_16(const void *context, const struct broadcast_row *row)
{
	const struct softmax_16 *s = context;
	const int16_t *in = row->in[0];
	int16_t *out = row->out, part;
	int32_t highest = INT16_MIN, bits, up;
	int64_t sum = 0;

	for (size_t i = 0; i < row->count; i++)
		highest = in[i] > highest ? in[i] : highest;
	for (size_t i = 0; i < row->count; i++) {
		int32_t below = multiply_by_quantized(in[i] - highest, s->by);

		out[i] = fixed_table_at(s->exp, (int16_t)quant_stored(
				below, INT16_MAX, quant_type_range(ATOLL_INT16)));
		sum += out[i];
	}
	sum = sum < INT32_MAX ? sum : INT32_MAX;
	/* sum = (1 + x) * 2^bits, x as the stored value of the second table. */
	up = __builtin_clz((uint32_t)sum);
	bits = 31 - up;
	part = fixed_table_at(s->part_of, saturate_16((int32_t)(
			(((sum << (up - 1)) + (1 << 13)) >> 14) - 3 * 32768)));
	for (size_t i = 0; i < row->count; i++)
		out[i] = (int16_t)clamp_i32((out[i] * part + (1 << (bits - 1))) >> bits,
					    0, INT16_MAX);
}

static double part_of_one_plus(double x)
{
	return 1 / (1 + x);
}

static int prepare_16(struct kernel_node *node, struct kernel_setup *setup, float beta,
		      struct atoll_error *err)
{
	struct softmax_16 *s;
	int r = check_output(node, 1 / 32768.0f, 0, err);

	if (r < 0)
		return r;
	if (!(beta > 0) || !isfinite(beta))
		return kernel_error(node, err, "beta %g is not positive", (double)beta);
	s = kernel_alloc(setup, sizeof(*s));
	if (!s)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	s->by = multiplier_from((double)(node->input[0]->quant.scale * beta) /
				(-EXP_LOWEST / STEPS_16));
	fixed_table_fill(s->exp, EXP_LOWEST, 0, 2, exp);
	fixed_table_fill(s->part_of, 0, 1, 2, part_of_one_plus);
	return broadcast_prepare_last(node, setup, row_16, s, err);
}

static float max_float(const float *in, size_t count)
{
	float highest = -FLT_MAX;

	for (size_t i = 0; i < count; i++)
		highest = in[i] > highest ? in[i] : highest;
	return highest;
}

static void row_float(const void *context, const struct broadcast_row *row)
{
	const float *in = row->in[0], *beta = context;
	float *out = row->out, highest = max_float(in, row->count), sum = 0;

	for (size_t i = 0; i < row->count; i++) {
		out[i] = expf((in[i] - highest) * *beta);
		sum += out[i];
	}
	for (size_t i = 0; i < row->count; i++)
		out[i] /= sum;
}

static void row_log_float(const void *context, const struct broadcast_row *row)
{
	const float *in = row->in[0];
	float *out = row->out, highest = max_float(in, row->count), sum = 0;

	(void)context;
	for (size_t i = 0; i < row->count; i++)
		sum += expf(in[i] - highest);
	for (size_t i = 0; i < row->count; i++)
		out[i] = in[i] - highest - logf(sum);
}

static int prepare_softmax(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	const uint32_t short_types = KERNEL_TYPE(ATOLL_UINT8) | KERNEL_TYPE(ATOLL_INT8);
	const uint32_t others = KERNEL_TYPE(ATOLL_INT16) | KERNEL_TYPE(ATOLL_FLOAT32);
	float beta = flatbuf_f32(node->op->options, SOFTMAX_BETA, 0);
	float *kept;
	uint32_t type;
	int r = kernel_check_counts(node, 1, 1, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, short_types | others, err);
	if (r < 0)
		return r;
	type = KERNEL_TYPE(node->input[0]->type);
	r = kernel_check_output(node, 0, type & short_types ?
				type | KERNEL_TYPE(ATOLL_INT16) : type, err);
	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	if (type & short_types)
		return prepare_8(node, setup, beta, err);
	if (type == KERNEL_TYPE(ATOLL_INT16))
		return prepare_16(node, setup, beta, err);
	kept = kernel_alloc(setup, sizeof(*kept));
	if (!kept)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	*kept = beta;
	return broadcast_prepare_last(node, setup, row_float, kept, err);
}

static int prepare_log_softmax(struct kernel_node *node, struct kernel_setup *setup,
			       struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = { { ATOLL_FLOAT32, row_log_float } };
	broadcast_function *row;
	int r = broadcast_choose(node, 1, BROADCAST_CHOICES(rows), 0, &row, err);

	return r < 0 ? r : broadcast_prepare_last(node, setup, row, NULL, err);
}

const struct kernel kernel_softmax = {
	.code = BUILTIN_SOFTMAX,
	.version_max = 3,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_softmax,
};

const struct kernel kernel_log_softmax = {
	.code = BUILTIN_LOG_SOFTMAX,
	.version_max = 1,
	.types = "float32",
	.prepare = prepare_log_softmax,
};
