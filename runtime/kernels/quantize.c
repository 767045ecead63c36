/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUANTIZE and DEQUANTIZE: between real numbers and stored ones, and from one
 * scale to another.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/kernels/vector.h"
#include "runtime/schema/tflite.h"

#define INTEGERS (KERNEL_TYPE(ATOLL_UINT8) | KERNEL_TYPE(ATOLL_INT8) | \
		  KERNEL_TYPE(ATOLL_INT16) | KERNEL_TYPE(ATOLL_INT32))

struct quantize {
	const struct vector_ops *ops;
	enum atoll_type in_type, out_type;
	int32_t in_zero, out_zero;
	float out_scale;
	struct multiplier by;
	struct quant_range range;
};

static int32_t load(enum atoll_type type, const void *in, size_t i)
{
	switch (type) {
	case ATOLL_UINT8:
		return ((const uint8_t *)in)[i];
	case ATOLL_INT8:
		return ((const int8_t *)in)[i];
	case ATOLL_INT16:
		return ((const int16_t *)in)[i];
	default:
		return ((const int32_t *)in)[i];
	}
}

/* The low bits are right for either sign. */
static void store(enum atoll_type type, void *out, size_t i, int32_t stored)
{
	switch (atoll_type_bytes(type)) {
	case 1:
		((uint8_t *)out)[i] = (uint8_t)stored;
		break;
	case 2:
		((int16_t *)out)[i] = (int16_t)stored;
		break;
	default:
		((int32_t *)out)[i] = stored;
		break;
	}
}

static void row_real_to_8(const void *context, const struct broadcast_row *row)
{
	const struct quantize *q = context;

	q->ops->quantize_run(q->out_type == ATOLL_INT8, q->out_scale, q->out_zero,
			     row->in[0], row->out, row->count);
}

static void row_real_to_16(const void *context, const struct broadcast_row *row)
{
	const struct quantize *q = context;
	const float *in = row->in[0];
	int16_t *out = row->out;

	for (size_t i = 0; i < row->count; i++) {
		/* Far outside the type; fmaxf lets a NaN become the low end. */
		float steps = fminf(fmaxf(roundf(in[i] / q->out_scale), -1e6f), 1e6f);

		out[i] = (int16_t)quant_stored((int32_t)steps, q->out_zero, q->range);
	}
}

static void row_8_to_8(const void *context, const struct broadcast_row *row)
{
	const struct quantize *q = context;

	q->ops->requantize_run(q->in_type == ATOLL_INT8, q->in_zero, q->by,
			       q->out_type == ATOLL_INT8, q->out_zero,
			       row->in[0], row->out, row->count);
}

static void row_integers(const void *context, const struct broadcast_row *row)
{
	const struct quantize *q = context;

	for (size_t i = 0; i < row->count; i++) {
		int64_t v = (int64_t)load(q->in_type, row->in[0], i) - q->in_zero;
		int32_t narrow = (int32_t)(v < INT32_MIN ? INT32_MIN :
					   v > INT32_MAX ? INT32_MAX : v);

		store(q->out_type, row->out, i,
		      quant_stored(multiply_by_quantized(narrow, q->by), q->out_zero,
				   q->range));
	}
}

static int prepare_quantize(struct kernel_node *node, struct kernel_setup *setup,
			    struct atoll_error *err)
{
	const uint32_t real = KERNEL_TYPE(ATOLL_FLOAT32);
	const struct atoll_tensor *in, *out;
	broadcast_function *row;
	struct quantize *q;
	int r = kernel_check_counts(node, 1, 1, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, INTEGERS | real, err);
	if (r < 0)
		return r;
	in = node->input[0];
	out = node->output[0];
	r = kernel_check_output(node, 0, in->type == ATOLL_FLOAT32 ?
				INTEGERS & ~KERNEL_TYPE(ATOLL_INT32) : INTEGERS, err);
	if (r == 0)
		r = kernel_check_quantized(node, out, "output", err);
	if (r == 0 && in->type != ATOLL_FLOAT32)
		r = kernel_check_quantized(node, in, "input", err);
	if (r < 0)
		return r;
	q = kernel_alloc(setup, sizeof(*q));
	if (!q)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	*q = (struct quantize){
		.ops = vector_ops(setup->cpu),
		.in_type = in->type,
		.out_type = out->type,
		.in_zero = in->quant.zero_point,
		.out_zero = out->quant.zero_point,
		.out_scale = out->quant.scale,
		.range = quant_type_range(out->type),
	};
	if (in->type == ATOLL_FLOAT32) {
		row = out->type == ATOLL_INT16 ? row_real_to_16 : row_real_to_8;
	} else {
		bool is_short = atoll_type_bytes(in->type) == 1 &&
				atoll_type_bytes(out->type) == 1;

		q->by = multiplier_from((double)in->quant.scale /
					(double)out->quant.scale);
		row = is_short ? row_8_to_8 : row_integers;
	}
	return broadcast_prepare(node, setup, row, q, err);
}

struct dequantize {
	int32_t zero;
	float scale;
	float table[256]; /* by stored byte */
};

static void row_8_to_real(const void *context, const struct broadcast_row *row)
{
	const struct dequantize *d = context;
	const uint8_t *in = row->in[0];
	float *out = row->out;

	for (size_t i = 0; i < row->count; i++)
		out[i] = d->table[in[i]];
}

/* The product of a float and such an integer is exact in a double. */
static float real_value(const struct dequantize *d, int32_t stored)
{
	return (float)((double)d->scale * (double)(stored - d->zero));
}

static void row_16_to_real(const void *context, const struct broadcast_row *row)
{
	const struct dequantize *d = context;
	const int16_t *in = row->in[0];
	float *out = row->out;

	for (size_t i = 0; i < row->count; i++)
		out[i] = real_value(d, in[i]);
}

/* IEEE half: 1 sign, 5 exponent (bias 15), 10 fraction. */
static float widened(uint16_t half)
{
	int exponent = half >> 10 & 31;
	int fraction = half & 1023;
	float size;

	if (exponent == 31)
		size = fraction ? NAN : INFINITY;
	else if (exponent == 0)
		size = ldexpf((float)fraction, -24);
	else
		size = ldexpf((float)(fraction + 1024), exponent - 25);
	return half & 0x8000 ? -size : size;
}

static void row_half_to_real(const void *context, const struct broadcast_row *row)
{
	const uint16_t *in = row->in[0];
	float *out = row->out;

	(void)context;
	for (size_t i = 0; i < row->count; i++)
		out[i] = widened(in[i]);
}

static int prepare_dequantize(struct kernel_node *node, struct kernel_setup *setup,
			      struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_UINT8, row_8_to_real }, { ATOLL_INT8, row_8_to_real },
		{ ATOLL_INT16, row_16_to_real }, { ATOLL_FLOAT16, row_half_to_real },
	};
	const struct atoll_tensor *in;
	broadcast_function *row;
	struct dequantize *d;
	int r = broadcast_choose(node, 1, BROADCAST_CHOICES(rows),
				 KERNEL_TYPE(ATOLL_FLOAT32), &row, err);

	if (r < 0)
		return r;
	in = node->input[0];
	if (in->type == ATOLL_FLOAT16)
		return broadcast_prepare(node, setup, row, NULL, err);
	r = kernel_check_quantized(node, in, "input", err);
	if (r < 0)
		return r;
	d = kernel_alloc(setup, sizeof(*d));
	if (!d)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	d->zero = in->quant.zero_point;
	d->scale = in->quant.scale;
	for (int32_t byte = 0; byte < 256; byte++)
		d->table[byte] = real_value(d, in->type == ATOLL_INT8 ? (int8_t)byte : byte);
	return broadcast_prepare(node, setup, row, d, err);
}

const struct kernel kernel_quantize = {
	.code = BUILTIN_QUANTIZE,
	.version_max = 3,
	.types = "float32 to uint8 int8 int16; uint8 int8 int16 int32 to each other",
	.prepare = prepare_quantize,
};

const struct kernel kernel_dequantize = {
	.code = BUILTIN_DEQUANTIZE,
	.version_max = 5,
	.types = "uint8 int8 int16 float16",
	.prepare = prepare_dequantize,
};
