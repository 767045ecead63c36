/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of two, and choosing by it: LESS, LESS_EQUAL, GREATER, GREATER_EQUAL,
 * EQUAL, NOT_EQUAL, LOGICAL_AND, LOGICAL_OR, LOGICAL_NOT, MAXIMUM, MINIMUM,
 * SELECT, SELECT_V2. Operands broadcast.
 */
#include <errno.h>
#include <string.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/schema/tflite.h"

/*
 * TFLite: 8-bit operands are compared as multiples of 1/256 of the real 1, so
 * real numbers nearer to each other than that may count as equal.
 */
struct scales {
	int32_t a_zero, b_zero;
	struct multiplier a_scale, b_scale;
};

static int32_t scaled(int32_t x, int32_t zero, struct multiplier scale)
{
	return multiply_by_quantized((x - zero) * 256, scale);
}

/* Rows of elements x and y of `type`, with struct scales *s at hand. */
#define ROW(name, type, out_type, result) \
	static void name(const void *context, const struct broadcast_row *row) \
	{ \
		const struct scales *s = context; \
		const type *a = row->in[0], *b = row->in[1]; \
		out_type *out = row->out; \
		\
		(void)s; \
		for (size_t i = 0; i < row->count; i++) { \
			type x = a[i * row->step[0]], y = b[i * row->step[1]]; \
			\
			out[i] = result; \
		} \
	}

#define SCALED(sign) (scaled(x, s->a_zero, s->a_scale) sign \
		      scaled(y, s->b_zero, s->b_scale))

#define COMPARISON(name, sign) \
	ROW(name##_u8, uint8_t, uint8_t, SCALED(sign)) \
	ROW(name##_i8, int8_t, uint8_t, SCALED(sign)) \
	ROW(name##_i16, int16_t, uint8_t, x sign y) \
	ROW(name##_i32, int32_t, uint8_t, x sign y) \
	ROW(name##_i64, int64_t, uint8_t, x sign y) \
	ROW(name##_f32, float, uint8_t, x sign y) \
	ROW(name##_bool, uint8_t, uint8_t, (x != 0) sign (y != 0)) \
	static const struct broadcast_choice name##_rows[] = { \
		{ ATOLL_UINT8, name##_u8 }, { ATOLL_INT8, name##_i8 }, \
		{ ATOLL_INT16, name##_i16 }, { ATOLL_INT32, name##_i32 }, \
		{ ATOLL_INT64, name##_i64 }, { ATOLL_FLOAT32, name##_f32 }, \
		{ ATOLL_BOOL, name##_bool }, \
	};

COMPARISON(less, <)
COMPARISON(less_equal, <=)
COMPARISON(greater, >)
COMPARISON(greater_equal, >=)
COMPARISON(equal, ==)
COMPARISON(not_equal, !=)

static int check_8(const struct kernel_node *node, struct scales *s,
		   struct atoll_error *err)
{
	int r = kernel_check_quantized(node, node->input[0], "input 0", err);

	if (r == 0)
		r = kernel_check_quantized(node, node->input[1], "input 1", err);
	if (r < 0)
		return r;
	s->a_zero = node->input[0]->quant.zero_point;
	s->b_zero = node->input[1]->quant.zero_point;
	s->a_scale = multiplier_from((double)node->input[0]->quant.scale);
	s->b_scale = multiplier_from((double)node->input[1]->quant.scale);
	return 0;
}

static int prepare_comparison(struct kernel_node *node, struct kernel_setup *setup,
			      const struct broadcast_choice *choice, size_t choices,
			      struct atoll_error *err)
{
	broadcast_function *row;
	struct scales *s;
	int r = broadcast_choose(node, 2, choice, choices, KERNEL_TYPE(ATOLL_BOOL), &row,
				 err);

	if (r < 0)
		return r;
	s = kernel_alloc(setup, sizeof(*s));
	if (!s)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	if (node->input[0]->type == ATOLL_UINT8 || node->input[0]->type == ATOLL_INT8)
		r = check_8(node, s, err);
	return r < 0 ? r : broadcast_prepare(node, setup, row, s, err);
}

#define COMPARISON_KERNEL(name, builtin, version) \
	static int prepare_##name(struct kernel_node *node, struct kernel_setup *setup, \
				  struct atoll_error *err) \
	{ \
		return prepare_comparison(node, setup, BROADCAST_CHOICES(name##_rows), \
					  err); \
	} \
	const struct kernel kernel_##name = { \
		.code = builtin, \
		.version_max = version, \
		.types = "uint8 int8 int16 int32 int64 float32 bool", \
		.prepare = prepare_##name, \
	};

COMPARISON_KERNEL(less, BUILTIN_LESS, 3)
COMPARISON_KERNEL(less_equal, BUILTIN_LESS_EQUAL, 3)
COMPARISON_KERNEL(greater, BUILTIN_GREATER, 3)
COMPARISON_KERNEL(greater_equal, BUILTIN_GREATER_EQUAL, 3)
COMPARISON_KERNEL(equal, BUILTIN_EQUAL, 4)
COMPARISON_KERNEL(not_equal, BUILTIN_NOT_EQUAL, 4)

ROW(row_and, uint8_t, uint8_t, x && y)
ROW(row_or, uint8_t, uint8_t, x || y)

static void row_not(const void *context, const struct broadcast_row *row)
{
	const uint8_t *in = row->in[0];
	uint8_t *out = row->out;

	(void)context;
	for (size_t i = 0; i < row->count; i++)
		out[i] = !in[i];
}

static int prepare_logical(struct kernel_node *node, struct kernel_setup *setup,
			   uint32_t inputs, broadcast_function *function,
			   struct atoll_error *err)
{
	const struct broadcast_choice rows[] = { { ATOLL_BOOL, function } };
	broadcast_function *row;
	int r = broadcast_choose(node, inputs, BROADCAST_CHOICES(rows), 0, &row, err);

	return r < 0 ? r : broadcast_prepare(node, setup, row, NULL, err);
}

static int prepare_and(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	return prepare_logical(node, setup, 2, row_and, err);
}

static int prepare_or(struct kernel_node *node, struct kernel_setup *setup,
		      struct atoll_error *err)
{
	return prepare_logical(node, setup, 2, row_or, err);
}

static int prepare_not(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	return prepare_logical(node, setup, 1, row_not, err);
}

const struct kernel kernel_logical_and = {
	.code = BUILTIN_LOGICAL_AND,
	.version_max = 1,
	.types = "bool",
	.prepare = prepare_and,
};

const struct kernel kernel_logical_or = {
	.code = BUILTIN_LOGICAL_OR,
	.version_max = 1,
	.types = "bool",
	.prepare = prepare_or,
};

const struct kernel kernel_logical_not = {
	.code = BUILTIN_LOGICAL_NOT,
	.version_max = 1,
	.types = "bool",
	.prepare = prepare_not,
};

/* MAXIMUM and MINIMUM look at stored values: all scales are the same. The second
   operand wins against a NaN, as in TFLite. */
#define EXTREME(name, sign) \
	ROW(name##_u8, uint8_t, uint8_t, x sign y ? x : y) \
	ROW(name##_i8, int8_t, int8_t, x sign y ? x : y) \
	ROW(name##_i16, int16_t, int16_t, x sign y ? x : y) \
	ROW(name##_i32, int32_t, int32_t, x sign y ? x : y) \
	ROW(name##_i64, int64_t, int64_t, x sign y ? x : y) \
	ROW(name##_f32, float, float, x sign y ? x : y) \
	static const struct broadcast_choice name##_rows[] = { \
		{ ATOLL_UINT8, name##_u8 }, { ATOLL_INT8, name##_i8 }, \
		{ ATOLL_INT16, name##_i16 }, { ATOLL_INT32, name##_i32 }, \
		{ ATOLL_INT64, name##_i64 }, { ATOLL_FLOAT32, name##_f32 }, \
	};

EXTREME(maximum, >)
EXTREME(minimum, <)

static int prepare_extreme(struct kernel_node *node, struct kernel_setup *setup,
			   const struct broadcast_choice *choice, size_t choices,
			   struct atoll_error *err)
{
	broadcast_function *row;
	int r = broadcast_choose(node, 2, choice, choices, 0, &row, err);

	for (uint32_t i = 0; i < 2 && r == 0; i++)
		r = kernel_check_same_quant(node, node->input[i], node->output[0], err);
	return r < 0 ? r : broadcast_prepare(node, setup, row, NULL, err);
}

static int prepare_maximum(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	return prepare_extreme(node, setup, BROADCAST_CHOICES(maximum_rows), err);
}

static int prepare_minimum(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	return prepare_extreme(node, setup, BROADCAST_CHOICES(minimum_rows), err);
}

const struct kernel kernel_maximum = {
	.code = BUILTIN_MAXIMUM,
	.version_max = 4,
	.types = "uint8 int8 int16 int32 int64 float32",
	.prepare = prepare_maximum,
};

const struct kernel kernel_minimum = {
	.code = BUILTIN_MINIMUM,
	.version_max = 4,
	.types = "uint8 int8 int16 int32 int64 float32",
	.prepare = prepare_minimum,
};

/* SELECT: elements of the second input where the first is true, else of the
   third. They are only moved, so their width is all that matters. */
#define SELECTION(name, type) \
	static void name(const void *context, const struct broadcast_row *row) \
	{ \
		const uint8_t *condition = row->in[0]; \
		const type *a = row->in[1], *b = row->in[2]; \
		type *out = row->out; \
		\
		(void)context; \
		for (size_t i = 0; i < row->count; i++) \
			out[i] = condition[i * row->step[0]] ? \
				a[i * row->step[1]] : b[i * row->step[2]]; \
	}

SELECTION(select_1, uint8_t)
SELECTION(select_2, uint16_t)
SELECTION(select_4, uint32_t)
SELECTION(select_8, uint64_t)

static broadcast_function *selection_of(enum atoll_type type)
{
	switch (atoll_type_bytes(type)) {
	case 1:
		return select_1;
	case 2:
		return select_2;
	case 4:
		return select_4;
	default:
		return select_8;
	}
}

static int check_selection(const struct kernel_node *node, struct atoll_error *err)
{
	const uint32_t types =
		KERNEL_TYPE(ATOLL_UINT8) | KERNEL_TYPE(ATOLL_INT8) |
		KERNEL_TYPE(ATOLL_INT16) | KERNEL_TYPE(ATOLL_INT32) |
		KERNEL_TYPE(ATOLL_INT64) | KERNEL_TYPE(ATOLL_FLOAT32) |
		KERNEL_TYPE(ATOLL_BOOL);
	int r = kernel_check_counts(node, 3, 3, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, KERNEL_TYPE(ATOLL_BOOL), err);
	if (r == 0)
		r = kernel_check_output(node, 0, types, err);
	for (uint32_t i = 1; i < 3 && r == 0; i++) {
		r = kernel_check_input(node, i, KERNEL_TYPE(node->output[0]->type), err);
		if (r == 0)
			r = kernel_check_same_quant(node, node->input[i],
						    node->output[0], err);
	}
	return r;
}

static int prepare_select_v2(struct kernel_node *node, struct kernel_setup *setup,
			     struct atoll_error *err)
{
	int r = check_selection(node, err);

	return r < 0 ? r : broadcast_prepare(node, setup,
					     selection_of(node->output[0]->type), NULL,
					     err);
}

static bool same_shape(const struct atoll_tensor *a, const struct atoll_tensor *b)
{
	return a->rank == b->rank &&
	       memcmp(a->dims, b->dims, a->rank * sizeof(a->dims[0])) == 0;
}

/* The older SELECT: equal shapes, or one condition for each first index. */
static int prepare_select(struct kernel_node *node, struct kernel_setup *setup,
			  struct atoll_error *err)
{
	const struct atoll_tensor *shape[3];
	struct atoll_tensor condition;
	int r = check_selection(node, err);

	if (r < 0)
		return r;
	condition = *node->input[0];
	shape[0] = &condition;
	shape[1] = node->input[1];
	shape[2] = node->input[2];
	if (!same_shape(shape[1], shape[2]))
		return kernel_error(node, err, "inputs 1 and 2 have different shapes");
	if (condition.rank == 1 && shape[1]->rank > 1) {
		condition.rank = shape[1]->rank;
		for (uint32_t i = 1; i < condition.rank; i++)
			condition.dims[i] = 1;
	}
	if (condition.elements != 1 && !same_shape(&condition, shape[1]) &&
	    (node->input[0]->rank != 1 || condition.dims[0] != shape[1]->dims[0]))
		return kernel_error(node, err, "the condition (%s) has neither the shape "
				    "of input 1 nor its first dimension",
				    condition.name);
	return broadcast_prepare_shapes(node, setup, shape,
					selection_of(node->output[0]->type), NULL, err);
}

const struct kernel kernel_select = {
	.code = BUILTIN_SELECT,
	.version_max = 3,
	.types = "uint8 int8 int16 int32 int64 float32 bool",
	.prepare = prepare_select,
};

const struct kernel kernel_select_v2 = {
	.code = BUILTIN_SELECT_V2,
	.version_max = 2,
	.types = "uint8 int8 int16 int32 int64 float32 bool",
	.prepare = prepare_select_v2,
};
