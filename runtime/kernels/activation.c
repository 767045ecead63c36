/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions with a corner or two, as operators of their own: RELU, RELU6,
 * RELU_N1_TO_1, RELU_0_TO_1, LEAKY_RELU, PRELU, HARD_SWISH. Quantized ones may
 * change scale and zero point on the way.
 */
#include <errno.h>
#include <math.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/kernels/fixed.h"
#include "runtime/kernels/table.h"
#include "runtime/schema/tflite.h"

/*
 *	v = x - in_zero
 *	out = clamp((v >= 0 ? v * above : v * below) + out_zero)
 *
 * RELU has two equal slopes, and its corner in the range.
 */
struct bend {
	int32_t in_zero, out_zero, alpha_zero;
	struct multiplier above, below;
	bool is_falling;               /* alpha < 0: `below` is its magnitude */
	struct quant_range range;
	struct float_range real_range;
	float alpha;
};

static int32_t negated(int32_t x)
{
	return x == INT32_MIN ? INT32_MAX : -x;
}

static int32_t bent(const void *context, int32_t x)
{
	const struct bend *bend = context;
	int32_t v = x - bend->in_zero;
	int32_t y = multiply_by_quantized(v, v < 0 ? bend->below : bend->above);

	if (v < 0 && bend->is_falling)
		y = negated(y);
	return quant_stored(y, bend->out_zero, bend->range);
}

/* multiply_by_quantized without a jump between left and right shifts. */
static int32_t scaled(int32_t x, struct multiplier by)
{
	int32_t left = by.shift > 0 ? by.shift : 0;

	return shift_right_rounded(multiply_high(shift_left_saturated(x, left),
						 by.mantissa), left - by.shift);
}

/* Signs come in no order: a jump by them costs more than all the rest. */
static int32_t bent_by(const struct bend *bend, int32_t x, int32_t alpha)
{
	int32_t v = x - bend->in_zero;
	const int32_t factor[2] = { 1, alpha - bend->alpha_zero };
	const struct multiplier *by[2] = { &bend->above, &bend->below };

	return quant_stored(scaled(v * factor[v < 0], *by[v < 0]), bend->out_zero,
			    bend->range);
}

/* Rows of elements x, and slopes alpha where there are two inputs. */
#define ROW(name, type, result) \
	static void name(const void *context, const struct broadcast_row *row) \
	{ \
		const struct bend *bend = context; \
		const type *in = row->in[0]; \
		type *out = row->out; \
		\
		(void)bend; \
		for (size_t i = 0; i < row->count; i++) { \
			type x = in[i]; \
			\
			out[i] = (type)(result); \
		} \
	}

#define ROW_BY(name, type, result) \
	static void name(const void *context, const struct broadcast_row *row) \
	{ \
		const struct bend *bend = context; \
		const type *in = row->in[0], *alphas = row->in[1]; \
		type *out = row->out; \
		\
		(void)bend; \
		for (size_t i = 0; i < row->count; i++) { \
			type x = in[i * row->step[0]], alpha = alphas[i * row->step[1]]; \
			\
			out[i] = (type)(result); \
		} \
	}

ROW(bend_i16, int16_t, bent(bend, x))
ROW(relu_f32, float, clamp_float(x, bend->real_range))
ROW(leaky_f32, float, x > 0 ? x : x * bend->alpha)
ROW(hard_swish_f32, float, x * fminf(6, fmaxf(0, x + 3)) / 6)
ROW_BY(prelu_u8, uint8_t, bent_by(bend, x, alpha))
ROW_BY(prelu_i8, int8_t, bent_by(bend, x, alpha))
ROW_BY(prelu_f32, float, x >= 0 ? x : x * alpha)

static struct bend *new_bend(const struct kernel_node *node, struct kernel_setup *setup,
			     struct atoll_error *err)
{
	struct bend *bend = kernel_alloc(setup, sizeof(*bend));

	if (!bend) {
		atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
		return NULL;
	}
	bend->in_zero = node->input[0]->quant.zero_point;
	bend->out_zero = node->output[0]->quant.zero_point;
	bend->range = quant_type_range(node->output[0]->type);
	return bend;
}

/* Rows for int16 and float; 8-bit types make a table of `bent`. */
static int prepare_bend(struct kernel_node *node, struct kernel_setup *setup,
			broadcast_function *row, const struct bend *bend,
			struct atoll_error *err)
{
	if (atoll_type_bytes(node->input[0]->type) == 1)
		return table_prepare(node, setup, bent, bend, err);
	return broadcast_prepare(node, setup, row, bend, err);
}

/* TFLite: the quotient of scales is float's. */
static struct multiplier slope(const struct kernel_node *node, float by)
{
	return multiplier_from((double)(node->input[0]->quant.scale * by /
					node->output[0]->quant.scale));
}

static int prepare_relu(struct kernel_node *node, struct kernel_setup *setup,
			enum activation low, enum activation high,
			struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_UINT8, NULL }, { ATOLL_INT8, NULL }, { ATOLL_INT16, bend_i16 },
		{ ATOLL_FLOAT32, relu_f32 },
	};
	broadcast_function *row;
	struct bend *bend;
	int r = broadcast_choose(node, 1, BROADCAST_CHOICES(rows), 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	bend = new_bend(node, setup, err);
	if (!bend)
		return -ENOMEM;
	bend->real_range.low = float_activation_range(low).low;
	bend->real_range.high = float_activation_range(high).high;
	if (node->input[0]->type != ATOLL_FLOAT32) {
		bend->above = bend->below = slope(node, 1);
		bend->range.low = quant_activation_range(low, node->output[0]).low;
		bend->range.high = quant_activation_range(high, node->output[0]).high;
	}
	return prepare_bend(node, setup, row, bend, err);
}

static int prepare_relu_only(struct kernel_node *node, struct kernel_setup *setup,
			     struct atoll_error *err)
{
	return prepare_relu(node, setup, ACTIVATION_RELU, ACTIVATION_RELU, err);
}

static int prepare_relu6(struct kernel_node *node, struct kernel_setup *setup,
			 struct atoll_error *err)
{
	return prepare_relu(node, setup, ACTIVATION_RELU6, ACTIVATION_RELU6, err);
}

static int prepare_relu_n1_to_1(struct kernel_node *node, struct kernel_setup *setup,
				struct atoll_error *err)
{
	return prepare_relu(node, setup, ACTIVATION_RELU_N1_TO_1,
			    ACTIVATION_RELU_N1_TO_1, err);
}

static int prepare_relu_0_to_1(struct kernel_node *node, struct kernel_setup *setup,
			       struct atoll_error *err)
{
	return prepare_relu(node, setup, ACTIVATION_RELU, ACTIVATION_RELU_N1_TO_1, err);
}

static int prepare_leaky_relu(struct kernel_node *node, struct kernel_setup *setup,
			      struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_UINT8, NULL }, { ATOLL_INT8, NULL }, { ATOLL_INT16, bend_i16 },
		{ ATOLL_FLOAT32, leaky_f32 },
	};
	float alpha = flatbuf_f32(node->op->options, LEAKY_RELU_ALPHA, 0);
	broadcast_function *row;
	struct bend *bend;
	int r = broadcast_choose(node, 1, BROADCAST_CHOICES(rows), 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	if (!isfinite(alpha))
		return kernel_error(node, err, "alpha %g", (double)alpha);
	bend = new_bend(node, setup, err);
	if (!bend)
		return -ENOMEM;
	bend->alpha = alpha;
	if (node->input[0]->type != ATOLL_FLOAT32) {
		bend->above = slope(node, 1);
		bend->below = slope(node, fabsf(alpha));
		bend->is_falling = alpha < 0;
	}
	return prepare_bend(node, setup, row, bend, err);
}

static int prepare_prelu(struct kernel_node *node, struct kernel_setup *setup,
			 struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_UINT8, prelu_u8 }, { ATOLL_INT8, prelu_i8 },
		{ ATOLL_FLOAT32, prelu_f32 },
	};
	broadcast_function *row;
	struct bend *bend;
	int r = broadcast_choose(node, 2, BROADCAST_CHOICES(rows), 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	bend = new_bend(node, setup, err);
	if (!bend)
		return -ENOMEM;
	bend->alpha_zero = node->input[1]->quant.zero_point;
	if (node->input[0]->type != ATOLL_FLOAT32) {
		bend->above = slope(node, 1);
		bend->below = slope(node, node->input[1]->quant.scale);
	}
	return broadcast_prepare(node, setup, row, bend, err);
}

/*
 * HARD_SWISH on 8 bits: x * relu6(x + 3) / 6, in 16-bit arithmetic.
 *
 *	high      x with 7 more bits
 *	by_out    scales `high` to the output, but for its shift
 *	by_relu   scales `high` so that 3 is 2^15
 */
struct hard_swish {
	int32_t in_zero, out_zero;
	struct multiplier by_out, by_relu;
	struct quant_range range;
};

static int16_t upper_half(int32_t mantissa)
{
	return (int16_t)(mantissa >= 0x7fff0000 ? 0x7fff : (mantissa + (1 << 15)) >> 16);
}

/* (x + 3) / 6 between 0 and 1, Q0.15. */
static int32_t relu_part(int16_t high, struct multiplier by)
{
	int16_t x = high;

	if (by.shift > 0)
		x = saturate_16(shift_left_saturated(x, by.shift - 1));
	x = multiply_high_16(x, upper_half(by.mantissa));
	if (by.shift > 0)
		x = saturate_16(x * 2);
	if (by.shift < 0)
		x = shift_right_rounded_16(x, -by.shift);
	return (x + 32768) >> 1;
}

static int32_t hard_swish(const void *context, int32_t x)
{
	const struct hard_swish *swish = context;
	int16_t high = (int16_t)((x - swish->in_zero) * 128);
	int32_t scaled = multiply_high_16(high, upper_half(swish->by_out.mantissa));
	int32_t y = relu_part(high, swish->by_relu) * scaled / (1 << 15);

	return quant_stored(shift_right_rounded(y, -swish->by_out.shift),
			    swish->out_zero, swish->range);
}

static int prepare_hard_swish(struct kernel_node *node, struct kernel_setup *setup,
			      struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_UINT8, NULL }, { ATOLL_INT8, NULL },
		{ ATOLL_FLOAT32, hard_swish_f32 },
	};
	struct hard_swish swish;
	broadcast_function *row;
	float high_scale;
	int r = broadcast_choose(node, 1, BROADCAST_CHOICES(rows), 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	if (row)
		return broadcast_prepare(node, setup, row, NULL, err);
	high_scale = 1.0f / 128.0f * node->input[0]->quant.scale;
	swish = (struct hard_swish){
		.in_zero = node->input[0]->quant.zero_point,
		.out_zero = node->output[0]->quant.zero_point,
		.by_out = multiplier_from((double)(high_scale /
						   node->output[0]->quant.scale)),
		.by_relu = multiplier_from((double)(high_scale / (3.0f / 32768.0f))),
		.range = quant_type_range(node->output[0]->type),
	};
	if (swish.by_out.shift > 0)
		return kernel_error(node, err, "output scale %g is too small for input "
				    "scale %g", (double)node->output[0]->quant.scale,
				    (double)node->input[0]->quant.scale);
	return table_prepare(node, setup, hard_swish, &swish, err);
}

const struct kernel kernel_relu = {
	.code = BUILTIN_RELU,
	.version_max = 3,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_relu_only,
};

const struct kernel kernel_relu6 = {
	.code = BUILTIN_RELU6,
	.version_max = 3,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_relu6,
};

const struct kernel kernel_relu_n1_to_1 = {
	.code = BUILTIN_RELU_N1_TO_1,
	.version_max = 1,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_relu_n1_to_1,
};

const struct kernel kernel_relu_0_to_1 = {
	.code = BUILTIN_RELU_0_TO_1,
	.version_max = 1,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_relu_0_to_1,
};

const struct kernel kernel_leaky_relu = {
	.code = BUILTIN_LEAKY_RELU,
	.version_max = 2,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_leaky_relu,
};

const struct kernel kernel_prelu = {
	.code = BUILTIN_PRELU,
	.version_max = 1,
	.types = "uint8 int8 float32",
	.prepare = prepare_prelu,
};

const struct kernel kernel_hard_swish = {
	.code = BUILTIN_HARD_SWISH,
	.version_max = 1,
	.types = "uint8 int8 float32",
	.prepare = prepare_hard_swish,
};
