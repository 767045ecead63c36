/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of one number: ABS, CEIL, COS, ELU, EXP, FLOOR, GELU, LOG, NEG,
 * ROUND, RSQRT, SIN, SQRT, SQUARE. For float32 they are those of libm; ABS and
 * NEG also take int32 and int64, some have an int8 form.
 */
#include <errno.h>
#include <math.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/kernels/fixed.h"
#include "runtime/kernels/table.h"
#include "runtime/schema/tflite.h"

static float elu(float x)
{
	return x < 0 ? expm1f(x) : x;
}

static float gelu(float x)
{
	return x * 0.5f * erfcf(-x * 0.70710678f);
}

/* sqrt(2 / pi) and 0.044715 are those of the paper that proposed GELU. */
static float gelu_approximate(float x)
{
	return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}

#define ROW(name, type, result) \
	static void name(const void *context, const struct broadcast_row *row) \
	{ \
		const type *in = row->in[0]; \
		type *out = row->out; \
		\
		(void)context; \
		for (size_t i = 0; i < row->count; i++) { \
			type x = in[i]; \
			\
			out[i] = (type)(result); \
		} \
	}

ROW(abs_f32, float, fabsf(x))
ROW(abs_i32, int32_t, x < 0 ? -(uint32_t)x : (uint32_t)x)
ROW(ceil_f32, float, ceilf(x))
ROW(cos_f32, float, cosf(x))
ROW(elu_f32, float, elu(x))
ROW(exp_f32, float, expf(x))
ROW(floor_f32, float, floorf(x))
ROW(gelu_f32, float, gelu(x))
ROW(gelu_approximate_f32, float, gelu_approximate(x))
ROW(log_f32, float, logf(x))
ROW(neg_f32, float, -x)
ROW(neg_i32, int32_t, -(uint32_t)x)
ROW(neg_i64, int64_t, -(uint64_t)x)
ROW(round_f32, float, rintf(x)) /* halves to the even neighbour */
ROW(rsqrt_f32, float, 1 / sqrtf(x))
ROW(sin_f32, float, sinf(x))
ROW(sqrt_f32, float, sqrtf(x))
ROW(square_f32, float, x * x)

/* Rows for float32, and those for integers that some have. */
static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   broadcast_function *for_f32, broadcast_function *for_i32,
		   broadcast_function *for_i64, struct atoll_error *err)
{
	const struct broadcast_choice rows[] = {
		{ ATOLL_FLOAT32, for_f32 }, { ATOLL_INT32, for_i32 },
		{ ATOLL_INT64, for_i64 },
	};
	broadcast_function *row;
	int r = broadcast_choose(node, 1, rows, for_i64 ? 3 : for_i32 ? 2 : 1, 0, &row,
				 err);

	return r < 0 ? r : broadcast_prepare(node, setup, row, NULL, err);
}

/* A row for float32, and for int8 (and uint8 if wanted) a table of `function`. */
static int prepare_real(struct kernel_node *node, struct kernel_setup *setup,
			broadcast_function *for_f32, float (*function)(float x),
			bool takes_uint8, struct atoll_error *err)
{
	const struct broadcast_choice rows[] = {
		{ ATOLL_FLOAT32, for_f32 }, { ATOLL_INT8, NULL }, { ATOLL_UINT8, NULL },
	};
	broadcast_function *row;
	int r = broadcast_choose(node, 1, rows, takes_uint8 ? 3 : 2, 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	if (row)
		return broadcast_prepare(node, setup, row, NULL, err);
	return table_prepare_real(node, setup, function, err);
}

#define KERNEL(name, builtin, text, version, call) \
	static int prepare_##name(struct kernel_node *node, struct kernel_setup *setup, \
				  struct atoll_error *err) \
	{ \
		return call; \
	} \
	const struct kernel kernel_##name = { \
		.code = builtin, \
		.version_max = version, \
		.types = text, \
		.prepare = prepare_##name, \
	};

KERNEL(abs, BUILTIN_ABS, "int32 float32", 5,
       prepare(node, setup, abs_f32, abs_i32, NULL, err))
KERNEL(ceil, BUILTIN_CEIL, "float32", 1, prepare(node, setup, ceil_f32, NULL, NULL, err))
KERNEL(cos, BUILTIN_COS, "float32", 1, prepare(node, setup, cos_f32, NULL, NULL, err))
KERNEL(floor, BUILTIN_FLOOR, "float32", 1,
       prepare(node, setup, floor_f32, NULL, NULL, err))
KERNEL(neg, BUILTIN_NEG, "int32 int64 float32", 1,
       prepare(node, setup, neg_f32, neg_i32, neg_i64, err))
KERNEL(round, BUILTIN_ROUND, "float32", 1,
       prepare(node, setup, round_f32, NULL, NULL, err))
KERNEL(sin, BUILTIN_SIN, "float32", 1, prepare(node, setup, sin_f32, NULL, NULL, err))
KERNEL(square, BUILTIN_SQUARE, "float32", 1,
       prepare(node, setup, square_f32, NULL, NULL, err))
KERNEL(elu, BUILTIN_ELU, "int8 float32", 1,
       prepare_real(node, setup, elu_f32, elu, false, err))
KERNEL(exp, BUILTIN_EXP, "int8 float32", 2,
       prepare_real(node, setup, exp_f32, expf, false, err))
KERNEL(log, BUILTIN_LOG, "int8 float32", 2,
       prepare_real(node, setup, log_f32, logf, false, err))

static int prepare_gelu(struct kernel_node *node, struct kernel_setup *setup,
			struct atoll_error *err)
{
	bool is_approximate = flatbuf_bool(node->op->options, GELU_APPROXIMATE, false);

	return prepare_real(node, setup, is_approximate ? gelu_approximate_f32 : gelu_f32,
			    is_approximate ? gelu_approximate : gelu, true, err);
}

const struct kernel kernel_gelu = {
	.code = BUILTIN_GELU,
	.version_max = 2,
	.types = "uint8 int8 float32",
	.prepare = prepare_gelu,
};

/* Roots on int8. Negative numbers have none; run looks for them first. */
struct root {
	const struct atoll_quant *in, *out;
	struct multiplier by; /* RSQRT */
};

/* TFLite: the root of a table entry has 20 more bits until it is scaled. */
#define ROOT_SHIFT 20

static int32_t inverse_root(const void *context, int32_t x)
{
	const struct root *root = context;
	int32_t v = x - root->in->zero_point;
	struct multiplier of_v, by = root->by;
	int32_t y;

	if (v <= 0)
		return INT8_MAX;
	of_v = fixed_inverse_sqrt(v);
	of_v.shift += ROOT_SHIFT;
	by.shift -= ROOT_SHIFT;
	if (by.shift < -31) /* too small to matter */
		by = (struct multiplier){ 0, 0 };
	y = multiply_by_quantized(multiply_by_quantized(1, of_v), by);
	return quant_stored(y, root->out->zero_point, quant_type_range(ATOLL_INT8));
}

/* TFLite: rounded towards zero, unlike everything else. */
static int32_t truncated_root(const void *context, int32_t x)
{
	const struct root *root = context;
	int32_t v = x - root->in->zero_point;
	float y;

	if (v < 0)
		return INT8_MIN;
	y = sqrtf(root->in->scale * (float)v) / root->out->scale;
	return quant_stored((int32_t)fminf(y, 1e6f), root->out->zero_point,
			    quant_type_range(ATOLL_INT8));
}

static int run_root(const struct kernel_node *node, struct pool *pool)
{
	const struct atoll_tensor *in = node->input[0];
	const int8_t *x = in->data;

	for (size_t i = 0; i < in->elements; i++)
		if (x[i] < in->quant.zero_point)
			return -EDOM;
	return broadcast_run(node, pool);
}

static int prepare_root(struct kernel_node *node, struct kernel_setup *setup,
			broadcast_function *for_f32,
			int32_t (*for_i8)(const void *context, int32_t x),
			struct atoll_error *err)
{
	const struct broadcast_choice rows[] = {
		{ ATOLL_FLOAT32, for_f32 }, { ATOLL_INT8, NULL },
	};
	broadcast_function *row;
	struct root root;
	int r = broadcast_choose(node, 1, BROADCAST_CHOICES(rows), 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	if (row)
		return broadcast_prepare(node, setup, row, NULL, err);
	root.in = &node->input[0]->quant;
	root.out = &node->output[0]->quant;
	root.by = multiplier_from(1.0 / (double)(sqrtf(root.in->scale) * root.out->scale));
	r = table_prepare(node, setup, for_i8, &root, err);
	if (r == 0)
		node->run = run_root;
	return r;
}

KERNEL(rsqrt, BUILTIN_RSQRT, "int8 float32", 2,
       prepare_root(node, setup, rsqrt_f32, inverse_root, err))
KERNEL(sqrt, BUILTIN_SQRT, "int8 float32", 2,
       prepare_root(node, setup, sqrt_f32, truncated_root, err))
