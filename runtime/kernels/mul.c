/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUL, DIV, FLOOR_DIV, FLOOR_MOD, SQUARED_DIFFERENCE, POW: two operands that
 * broadcast, and one output, all of one type.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/schema/tflite.h"

struct product {
	int32_t a_zero, b_zero, out_zero;
	struct multiplier a_scale, b_scale; /* SQUARED_DIFFERENCE */
	struct multiplier scale;
	struct quant_range range;
	struct float_range real_range;
};

/* TFLite: operands of SQUARED_DIFFERENCE gain 7 bits before they are scaled. */
#define SQUARE_SHIFT 7

static int32_t operand(int32_t x, int32_t zero, struct multiplier scale)
{
	return multiply_by_quantized((x - zero) * (1 << SQUARE_SHIFT), scale);
}

static int32_t squared(const struct product *p, int32_t a, int32_t b)
{
	int32_t d = operand(a, p->a_zero, p->a_scale) - operand(b, p->b_zero, p->b_scale);

	return quant_stored(multiply_by_quantized(d * d, p->scale), p->out_zero, p->range);
}

static int32_t multiplied(const struct product *p, int32_t a, int32_t b)
{
	return quant_stored(multiply_by_quantized((a - p->a_zero) * (b - p->b_zero),
						  p->scale), p->out_zero, p->range);
}

/* FLOOR_DIV, FLOOR_MOD: the quotient rounds down, the rest has the divisor's
   sign. INT_MIN / -1 wraps. The divisor is not 0, see run_checked. */
static int64_t floored_quotient(int64_t a, int64_t b)
{
	if (b == -1)
		return (int64_t)-(uint64_t)a;
	return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

static int64_t floored_rest(int64_t a, int64_t b)
{
	int64_t rest = b == -1 ? 0 : a % b;

	return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static float floored_rest_float(float a, float b)
{
	float rest = fmodf(a, b);

	return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/* Rows of elements x and y, with struct product *p at hand. */
#define ROW(name, type, result) \
	static void name(const void *context, const struct broadcast_row *row) \
	{ \
		const struct product *p = context; \
		const type *a = row->in[0], *b = row->in[1]; \
		type *out = row->out; \
		\
		(void)p; \
		for (size_t i = 0; i < row->count; i++) { \
			type x = a[i * row->step[0]], y = b[i * row->step[1]]; \
			\
			out[i] = (type)(result); \
		} \
	}

ROW(mul_u8, uint8_t, multiplied(p, x, y))
ROW(mul_i8, int8_t, multiplied(p, x, y))
ROW(mul_i16, int16_t, multiplied(p, x, y))
ROW(mul_i32, int32_t, clamp_i32((int32_t)((uint32_t)x * (uint32_t)y), p->range.low,
				p->range.high))
ROW(mul_i64, int64_t, (uint64_t)x * (uint64_t)y)
ROW(mul_f32, float, clamp_float(x * y, p->real_range))
ROW(div_i32, int32_t, clamp_i32((int32_t)(y == -1 ? -(uint32_t)x : (uint32_t)(x / y)),
				p->range.low, p->range.high))
ROW(div_f32, float, clamp_float(x / y, p->real_range))
ROW(floor_div_i32, int32_t, floored_quotient(x, y))
ROW(floor_div_i64, int64_t, floored_quotient(x, y))
ROW(floor_div_f32, float, floorf(x / y))
ROW(floor_mod_i32, int32_t, floored_rest(x, y))
ROW(floor_mod_i64, int64_t, floored_rest(x, y))
ROW(floor_mod_f32, float, floored_rest_float(x, y))
ROW(squared_i8, int8_t, squared(p, x, y))
ROW(squared_i32, int32_t, ((uint32_t)x - (uint32_t)y) * ((uint32_t)x - (uint32_t)y))
ROW(squared_f32, float, (x - y) * (x - y))
ROW(pow_f32, float, powf(x, y))

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   const struct broadcast_choice *choice, size_t choices, int8_t fused,
		   struct product **product, struct atoll_error *err)
{
	enum activation activation;
	broadcast_function *row;
	struct product *p;
	int r = broadcast_choose(node, 2, choice, choices, 0, &row, err);

	if (r == 0)
		r = kernel_activation(node, fused, &activation, err);
	if (r < 0)
		return r;
	p = kernel_alloc(setup, sizeof(*p));
	if (!p)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	p->a_zero = node->input[0]->quant.zero_point;
	p->b_zero = node->input[1]->quant.zero_point;
	p->out_zero = node->output[0]->quant.zero_point;
	p->real_range = float_activation_range(activation);
	p->range = whole_activation_range(activation);
	if (atoll_type_bytes(node->output[0]->type) < 4)
		p->range = quant_activation_range(activation, node->output[0]);
	*product = p;
	return broadcast_prepare(node, setup, row, p, err);
}

static int prepare_mul(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_UINT8, mul_u8 }, { ATOLL_INT8, mul_i8 }, { ATOLL_INT16, mul_i16 },
		{ ATOLL_INT32, mul_i32 }, { ATOLL_INT64, mul_i64 },
		{ ATOLL_FLOAT32, mul_f32 },
	};
	struct flatbuf_table options = node->op->options;
	int8_t fused = flatbuf_i8(options, MUL_FUSED_ACTIVATION, ACTIVATION_NONE);
	struct product *p;
	int r = prepare(node, setup, BROADCAST_CHOICES(rows), fused, &p, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	if (node->output[0]->type == ATOLL_INT64 && fused != ACTIVATION_NONE)
		return kernel_error(node, err, "int64 with a fused activation");
	if (node->output[0]->type == ATOLL_INT16 && (p->a_zero || p->b_zero || p->out_zero))
		return kernel_error(node, err, "int16 zero points must be 0");
	if (atoll_type_bytes(node->output[0]->type) < 4)
		/* TFLite: in float, and only then made a double. */
		p->scale = multiplier_from((double)(node->input[0]->quant.scale *
						    node->input[1]->quant.scale /
						    node->output[0]->quant.scale));
	return 0;
}

/* A divisor of 0 is known only while running. */
static int run_checked(const struct kernel_node *node, struct pool *pool)
{
	const struct atoll_tensor *divisor = node->input[1];
	const char *bytes = divisor->data;
	size_t width = atoll_type_bytes(divisor->type);

	for (size_t i = 0; i < divisor->elements; i++) {
		static const char zero[8];

		if (memcmp(bytes + i * width, zero, width) == 0)
			return -EDOM;
	}
	return broadcast_run(node, pool);
}

static int prepare_quotient(struct kernel_node *node, struct kernel_setup *setup,
			    const struct broadcast_choice *choice, size_t choices, int8_t fused,
			    struct atoll_error *err)
{
	struct product *p;
	int r = prepare(node, setup, choice, choices, fused, &p, err);

	if (r == 0 && node->output[0]->type != ATOLL_FLOAT32)
		node->run = run_checked;
	return r;
}

static int prepare_div(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_INT32, div_i32 }, { ATOLL_FLOAT32, div_f32 },
	};
	struct flatbuf_table options = node->op->options;

	return prepare_quotient(node, setup, BROADCAST_CHOICES(rows),
				flatbuf_i8(options, DIV_FUSED_ACTIVATION, ACTIVATION_NONE),
				err);
}

static int prepare_floor_div(struct kernel_node *node, struct kernel_setup *setup,
			     struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_INT32, floor_div_i32 }, { ATOLL_INT64, floor_div_i64 },
		{ ATOLL_FLOAT32, floor_div_f32 },
	};

	return prepare_quotient(node, setup, BROADCAST_CHOICES(rows), ACTIVATION_NONE, err);
}

static int prepare_floor_mod(struct kernel_node *node, struct kernel_setup *setup,
			     struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_INT32, floor_mod_i32 }, { ATOLL_INT64, floor_mod_i64 },
		{ ATOLL_FLOAT32, floor_mod_f32 },
	};

	return prepare_quotient(node, setup, BROADCAST_CHOICES(rows), ACTIVATION_NONE, err);
}

static int prepare_squared_difference(struct kernel_node *node, struct kernel_setup *setup,
				      struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = {
		{ ATOLL_INT8, squared_i8 }, { ATOLL_INT32, squared_i32 },
		{ ATOLL_FLOAT32, squared_f32 },
	};
	const struct atoll_quant *a, *b, *out;
	struct product *p;
	double common;
	int r = prepare(node, setup, BROADCAST_CHOICES(rows), ACTIVATION_NONE, &p, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0 || node->output[0]->type != ATOLL_INT8)
		return r;
	a = &node->input[0]->quant;
	b = &node->input[1]->quant;
	out = &node->output[0]->quant;
	common = 2 * fmax((double)a->scale, (double)b->scale);
	p->a_scale = multiplier_from((double)a->scale / common);
	p->b_scale = multiplier_from((double)b->scale / common);
	p->scale = multiplier_from(common * common /
				   ((1 << 2 * SQUARE_SHIFT) * (double)out->scale));
	return 0;
}

static int prepare_pow(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	static const struct broadcast_choice rows[] = { { ATOLL_FLOAT32, pow_f32 } };
	struct product *p;

	return prepare(node, setup, BROADCAST_CHOICES(rows), ACTIVATION_NONE, &p, err);
}

const struct kernel kernel_mul = {
	.code = BUILTIN_MUL,
	.version_max = 7,
	.types = "uint8 int8 int16 int32 int64 float32",
	.prepare = prepare_mul,
};

const struct kernel kernel_div = {
	.code = BUILTIN_DIV,
	.version_max = 2,
	.types = "int32 float32",
	.prepare = prepare_div,
};

const struct kernel kernel_floor_div = {
	.code = BUILTIN_FLOOR_DIV,
	.version_max = 3,
	.types = "int32 int64 float32",
	.prepare = prepare_floor_div,
};

const struct kernel kernel_floor_mod = {
	.code = BUILTIN_FLOOR_MOD,
	.version_max = 2,
	.types = "int32 int64 float32",
	.prepare = prepare_floor_mod,
};

const struct kernel kernel_squared_difference = {
	.code = BUILTIN_SQUARED_DIFFERENCE,
	.version_max = 2,
	.types = "int8 int32 float32",
	.prepare = prepare_squared_difference,
};

const struct kernel kernel_pow = {
	.code = BUILTIN_POW,
	.version_max = 1,
	.types = "float32",
	.prepare = prepare_pow,
};
