/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ADD, SUB.
 *
 *	a, b    broadcast; uint8, int8, int16 with one scale each,
 *	        int32, int64, float32
 *	out     like them
 *
 * Quantized operands are first scaled to half of what the coarser one means,
 * with 20 (8 bit) or 15 (16 bit) more bits, then added and scaled again.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/kernels/vector.h"
#include "runtime/schema/tflite.h"

struct sum {
	const struct vector_ops *ops;
	struct add add;        /* the quantized types */
	bool is_subtraction;   /* what follows is for the others */
	struct quant_range range;
	int32_t a_shift, b_shift; /* of powers of two */
	struct float_range real_range;
};

/* Bytes of one operand next to each other, repeated when it stretches. */
#define PIECE 512

static const uint8_t *spread(const struct broadcast_row *row, uint32_t k, size_t i,
			     uint8_t piece[PIECE], size_t count)
{
	const uint8_t *in = row->in[k];

	if (row->step[k] == 1)
		return in + i;
	memset(piece, *in, count);
	return piece;
}

static void row_8(const void *context, const struct broadcast_row *row)
{
	const struct sum *sum = context;
	uint8_t a[PIECE], b[PIECE], *out = row->out;

	if (row->step[0] == 1 && row->step[1] == 1) {
		sum->ops->add_run(&sum->add, row->in[0], row->in[1], out, row->count);
		return;
	}
	for (size_t i = 0; i < row->count; i += PIECE) {
		size_t count = row->count - i < PIECE ? row->count - i : PIECE;

		sum->ops->add_run(&sum->add, spread(row, 0, i, a, count),
				  spread(row, 1, i, b, count), out + i, count);
	}
}

/* A difference of 65535 still has room for the 15 bits. */
static int32_t operand_16(int16_t x, int32_t zero, struct multiplier scale)
{
	return multiply_by_quantized((x - zero) * (1 << 15), scale);
}

static void row_16(const void *context, const struct broadcast_row *row)
{
	const struct sum *sum = context;
	const struct add *add = &sum->add;
	const int16_t *a = row->in[0], *b = row->in[1];
	int16_t *out = row->out;

	for (size_t i = 0; i < row->count; i++) {
		int32_t x = operand_16(a[i * row->step[0]], add->a_zero, add->a_scale);
		int32_t y = operand_16(b[i * row->step[1]], add->b_zero, add->b_scale);
		int32_t total = add->is_subtraction ? x - y : x + y;

		out[i] = (int16_t)quant_stored(
			multiply_by_quantized(total, add->out_scale), add->out_zero,
			sum->range);
	}
}

/* All scales are powers of two: the finer operand is shifted to the output's. */
static void row_16_shifted(const void *context, const struct broadcast_row *row)
{
	const struct sum *sum = context;
	const int16_t *a = row->in[0], *b = row->in[1];
	int16_t *out = row->out;

	for (size_t i = 0; i < row->count; i++) {
		int32_t x = shift_right_rounded(a[i * row->step[0]], sum->a_shift);
		int32_t y = shift_right_rounded(b[i * row->step[1]], sum->b_shift);
		int32_t total = sum->is_subtraction ? x - y : x + y;

		out[i] = (int16_t)clamp_i32(total, sum->range.low, sum->range.high);
	}
}

/* Sums that do not fit wrap around. */
static void row_32(const void *context, const struct broadcast_row *row)
{
	const struct sum *sum = context;
	const uint32_t *a = row->in[0], *b = row->in[1];
	int32_t *out = row->out;

	for (size_t i = 0; i < row->count; i++) {
		uint32_t x = a[i * row->step[0]], y = b[i * row->step[1]];

		out[i] = clamp_i32((int32_t)(sum->is_subtraction ? x - y : x + y),
				   sum->range.low, sum->range.high);
	}
}

static void row_64(const void *context, const struct broadcast_row *row)
{
	const struct sum *sum = context;
	const uint64_t *a = row->in[0], *b = row->in[1];
	uint64_t *out = row->out;

	for (size_t i = 0; i < row->count; i++) {
		uint64_t x = a[i * row->step[0]], y = b[i * row->step[1]];

		out[i] = sum->is_subtraction ? x - y : x + y;
	}
}

static void row_float(const void *context, const struct broadcast_row *row)
{
	const struct sum *sum = context;
	const float *a = row->in[0], *b = row->in[1];
	float *out = row->out;

	for (size_t i = 0; i < row->count; i++) {
		float x = a[i * row->step[0]], y = b[i * row->step[1]];

		out[i] = clamp_float(sum->is_subtraction ? x - y : x + y, sum->real_range);
	}
}

/* TFLite: the quotients are double's, of scales that are float's. */
static int set_multipliers(const struct kernel_node *node, struct sum *sum, int bits,
			   struct atoll_error *err)
{
	const struct atoll_quant *a = &node->input[0]->quant;
	const struct atoll_quant *b = &node->input[1]->quant;
	const struct atoll_quant *out = &node->output[0]->quant;
	double common = 2 * fmax((double)a->scale, (double)b->scale);
	double steps = (double)(1 << bits) * (double)out->scale;

	sum->add = (struct add){
		.is_signed = node->output[0]->type != ATOLL_UINT8,
		.is_subtraction = sum->is_subtraction,
		.a_zero = a->zero_point,
		.b_zero = b->zero_point,
		.out_zero = out->zero_point,
		.a_scale = multiplier_from((double)a->scale / common),
		.b_scale = multiplier_from((double)b->scale / common),
		.out_scale = multiplier_from(common / steps),
		.low = sum->range.low,
		.high = sum->range.high,
	};
	if (sum->add.out_scale.shift > 0)
		return kernel_error(node, err, "output scale %g is too small for "
				    "input scales %g and %g", (double)out->scale,
				    (double)a->scale, (double)b->scale);
	return 0;
}

/* Is the scale 2^exponent, as near as TFLite asks for? */
static bool power_of_two(float scale, int *exponent)
{
	double exact = log2((double)scale);

	*exponent = (int)round(exact);
	return fabs(exact - *exponent) < 1e-3;
}

/*
 * Old int16 models: powers of two, no zero points. One operand must have the
 * scale of the output and the other at most that.
 */
static bool shifts_apply(const struct kernel_node *node, struct sum *sum)
{
	int a, b, out;

	if (node->input[0]->quant.zero_point || node->input[1]->quant.zero_point ||
	    node->output[0]->quant.zero_point)
		return false;
	if (!power_of_two(node->input[0]->quant.scale, &a) ||
	    !power_of_two(node->input[1]->quant.scale, &b) ||
	    !power_of_two(node->output[0]->quant.scale, &out))
		return false;
	sum->a_shift = out - a;
	sum->b_shift = out - b;
	return true;
}

static int prepare_16(struct kernel_node *node, struct sum *sum, bool wants_shifts,
		      broadcast_function **row, struct atoll_error *err)
{
	if (!wants_shifts || !shifts_apply(node, sum))
		return set_multipliers(node, sum, 15, err);
	if (sum->a_shift < 0 || sum->b_shift < 0 ||
	    (sum->a_shift != 0 && sum->b_shift != 0))
		return kernel_error(node, err, "int16 scales %g and %g: one must be the "
				    "output's %g and the other not above it",
				    (double)node->input[0]->quant.scale,
				    (double)node->input[1]->quant.scale,
				    (double)node->output[0]->quant.scale);
	/* Beyond 16 bits nothing is left of an int16 but its rounding. */
	sum->a_shift = clamp_i32(sum->a_shift, 0, 31);
	sum->b_shift = clamp_i32(sum->b_shift, 0, 31);
	*row = row_16_shifted;
	return 0;
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   bool is_subtraction, int8_t fused, bool wants_shifts,
		   struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_UINT8, row_8 }, { ATOLL_INT8, row_8 }, { ATOLL_INT16, row_16 },
		{ ATOLL_INT32, row_32 }, { ATOLL_INT64, row_64 },
		{ ATOLL_FLOAT32, row_float },
	};
	const struct atoll_tensor *out;
	enum activation activation;
	broadcast_function *row;
	struct sum *sum;
	int r = broadcast_choose(node, 2, BROADCAST_CHOICES(rows), 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r == 0)
		r = kernel_activation(node, fused, &activation, err);
	if (r < 0)
		return r;
	sum = kernel_alloc(setup, sizeof(*sum));
	if (!sum)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	out = node->output[0];
	sum->ops = vector_ops(setup->cpu);
	sum->is_subtraction = is_subtraction;
	sum->real_range = float_activation_range(activation);
	sum->range = whole_activation_range(activation);
	if (atoll_type_bytes(out->type) < 4)
		sum->range = quant_activation_range(activation, out);
	if (out->type == ATOLL_INT64 && activation != ACTIVATION_NONE)
		return kernel_error(node, err, "int64 with a fused activation");
	if (out->type == ATOLL_INT16)
		r = prepare_16(node, sum, wants_shifts, &row, err);
	else if (atoll_type_bytes(out->type) == 1)
		r = set_multipliers(node, sum, 20, err);
	return r < 0 ? r : broadcast_prepare(node, setup, row, sum, err);
}

static int prepare_add(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;

	return prepare(node, setup, false,
		       flatbuf_i8(options, ADD_FUSED_ACTIVATION, ACTIVATION_NONE),
		       flatbuf_bool(options, ADD_POT_SCALE_INT16, true), err);
}

static int prepare_sub(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;

	return prepare(node, setup, true,
		       flatbuf_i8(options, SUB_FUSED_ACTIVATION, ACTIVATION_NONE),
		       flatbuf_bool(options, SUB_POT_SCALE_INT16, true), err);
}

const struct kernel kernel_add = {
	.code = BUILTIN_ADD,
	.version_max = 5,
	.types = "uint8 int8 int16 int32 int64 float32",
	.prepare = prepare_add,
};

const struct kernel kernel_sub = {
	.code = BUILTIN_SUB,
	.version_max = 5,
	.types = "uint8 int8 int16 int32 int64 float32",
	.prepare = prepare_sub,
};
