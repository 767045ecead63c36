/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/product.h"
#include "runtime/kernels/weights.h"
#include "runtime/schema/tflite.h"

/*
 * BATCH_MATMUL: matrix products of all pairs of matrices in a and b, whose
 * leading dimensions broadcast.
 *
 *   a        [...][m][k], or [...][k][m] with adj_x
 *   b        [...][k][n], or [...][n][k] with adj_y
 *   output   [...][m][n]
 *
 * A product wants rows of a and rows of k values of b; matrices that lie the
 * other way are turned first. The pairs are done one after the other, each
 * shared out by blocks of rows.
 */

/* Rows of an item, which read b together. */
#define ROWS 32

struct matmul {
	struct weights weights;
	struct product product;
	uint32_t m, k, n;
	uint32_t rank;                  /* of the leading dimensions */
	int32_t dims[ATOLL_RANK_MAX];   /* the output's */
	uint32_t pairs;
	bool is_a_turned, is_b_turned;
	size_t type_bytes;
	size_t a_bytes, b_bytes, out_bytes; /* one matrix */
	size_t a_scratch, b_scratch;        /* for a copy of it, or 0 */
	size_t thread_bytes;

	/* During run: */
	const uint8_t *a;
	uint8_t *out, *scratch;
};

static void multiply_item(void *context, uint32_t item, uint32_t thread)
{
	const struct matmul *p = context;
	uint32_t first = item * ROWS;
	uint32_t rows = p->m - first < ROWS ? p->m - first : ROWS;
	size_t a_stride = p->k * p->type_bytes, out_stride = p->n * p->type_bytes;

	product_run(&p->product, 0, p->a + first * a_stride, a_stride,
		    p->out + first * out_stride, out_stride, rows,
		    p->scratch + thread * p->thread_bytes);
}

/* to[columns][rows] = from[rows][columns] */
static void turn(const uint8_t *from, uint8_t *to, uint32_t rows, uint32_t columns,
		 size_t bytes)
{
	for (uint32_t c = 0; c < columns; c++)
		for (uint32_t r = 0; r < rows; r++, to += bytes)
			memcpy(to, from + ((size_t)r * columns + c) * bytes, bytes);
}

/* Which of its matrices a tensor brings to pair `pair`. */
static size_t matrix_of(const struct matmul *p, const struct atoll_tensor *tensor,
			uint32_t pair)
{
	size_t index = 0, stride = 1;

	for (uint32_t i = 0; i < p->rank; i++) {
		uint32_t dim = p->rank - 1 - i;
		uint32_t at = pair % (uint32_t)p->dims[dim];

		pair /= (uint32_t)p->dims[dim];
		if (i + 2 >= tensor->rank)
			continue;
		if (tensor->dims[tensor->rank - 3 - i] != 1)
			index += at * stride;
		stride *= (size_t)tensor->dims[tensor->rank - 3 - i];
	}
	return index;
}

/* Matrix of a as rows of k, with readable bytes behind the last. */
static const uint8_t *rows_of_a(const struct matmul *p, const uint8_t *a, uint8_t *copy)
{
	if (p->a_scratch == 0)
		return a;
	if (p->is_a_turned)
		turn(a, copy, p->k, p->m, p->type_bytes);
	else
		memcpy(copy, a, p->a_bytes);
	return copy;
}

static int run(const struct kernel_node *node, struct pool *pool)
{
	const struct atoll_tensor *a = node->input[0], *b = node->input[1];
	struct matmul *p = node->prepared;
	uint8_t *a_copy = node->scratch, *b_copy = a_copy + p->a_scratch;
	uint8_t *packing = b_copy + p->b_scratch;
	size_t packed = SIZE_MAX;

	p->scratch = packing + product_packing_bytes(&p->product);
	p->out = node->output[0]->data;
	for (uint32_t pair = 0; pair < p->pairs; pair++, p->out += p->out_bytes) {
		size_t matrix = matrix_of(p, b, pair);
		const uint8_t *from = (const uint8_t *)b->data + matrix * p->b_bytes;

		if (matrix != packed && p->is_b_turned)
			turn(from, b_copy, p->k, p->n, p->type_bytes);
		if (matrix != packed)
			product_begin(&p->product, p->is_b_turned ? b_copy : from, packing);
		packed = matrix;
		p->a = rows_of_a(p, (const uint8_t *)a->data +
				 matrix_of(p, a, pair) * p->a_bytes, a_copy);
		pool_run(pool, multiply_item, p, (p->m + ROWS - 1) / ROWS);
	}
	return 0;
}

/* The matrices' own dimensions, and that they fit. */
static int check_matrices(const struct kernel_node *node, struct matmul *p,
			  struct flatbuf_table options, struct atoll_error *err)
{
	const struct atoll_tensor *a = node->input[0], *b = node->input[1];
	bool adj_x = flatbuf_bool(options, BATCH_MATMUL_ADJ_X, false);
	bool adj_y = flatbuf_bool(options, BATCH_MATMUL_ADJ_Y, false);
	char a_text[ATOLL_SHAPE_TEXT], b_text[ATOLL_SHAPE_TEXT];

	if (a->rank < 2 || b->rank < 2)
		return kernel_error(node, err, "inputs have %u and %u dimensions, expected "
				    "2 or more", a->rank, b->rank);
	p->m = (uint32_t)a->dims[a->rank - (adj_x ? 1 : 2)];
	p->k = (uint32_t)a->dims[a->rank - (adj_x ? 2 : 1)];
	p->n = (uint32_t)b->dims[b->rank - (adj_y ? 2 : 1)];
	if (p->k != (uint32_t)b->dims[b->rank - (adj_y ? 1 : 2)] || p->k == 0)
		return kernel_error(node, err, "shapes %s and %s%s%s do not fit",
				    atoll_shape_text(a->rank, a->dims, a_text),
				    atoll_shape_text(b->rank, b->dims, b_text),
				    adj_x ? ", adj_x" : "", adj_y ? ", adj_y" : "");
	if (p->m > INT32_MAX - ROWS)
		return kernel_error(node, err, "%u rows", p->m);
	p->is_a_turned = adj_x;
	p->is_b_turned = !adj_y;
	return 0;
}

static int set_shape(const struct kernel_node *node, struct matmul *p,
		     struct atoll_error *err)
{
	struct atoll_tensor a = *node->input[0], b = *node->input[1];
	int r;

	a.rank -= 2;
	b.rank -= 2;
	r = kernel_broadcast(node, &a, &b, &p->rank, p->dims, err);
	if (r < 0)
		return r;
	p->dims[p->rank] = (int32_t)p->m;
	p->dims[p->rank + 1] = (int32_t)p->n;
	r = kernel_set_shape(node, 0, p->rank + 2, p->dims, err);
	if (r < 0)
		return r;
	if (p->m > 0 && node->output[0]->elements / p->m / p->n > UINT32_MAX)
		return kernel_error(node, err, "more than %u matrices", UINT32_MAX);
	p->pairs = p->m > 0 ? (uint32_t)(node->output[0]->elements / p->m / p->n) : 0;
	return 0;
}

static void plan_scratch(struct kernel_node *node, struct matmul *p, uint32_t threads)
{
	p->type_bytes = atoll_type_bytes(p->weights.type);
	p->a_bytes = (size_t)p->m * p->k * p->type_bytes;
	p->b_bytes = (size_t)p->k * p->n * p->type_bytes;
	p->out_bytes = (size_t)p->m * p->n * p->type_bytes;
	if (p->is_a_turned || node->input[0]->data)
		p->a_scratch = product_align(p->a_bytes + 64);
	if (p->is_b_turned)
		p->b_scratch = product_align(p->b_bytes);
	p->thread_bytes = product_scratch_bytes(&p->product);
	node->scratch_bytes = p->a_scratch + p->b_scratch +
			      product_packing_bytes(&p->product) + threads * p->thread_bytes;
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	struct weights_roles roles = { .input = 0, .filter = 1, .bias = 2,
				       .is_float_scaled = true };
	struct matmul *p = kernel_alloc(setup, sizeof(*p));
	int r;

	if (!p)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = kernel_check_counts(node, 2, 2, 1, err);
	for (uint32_t i = 0; i < 2 && r == 0; i++)
		r = kernel_check_input(node, i, KERNEL_TYPE(ATOLL_INT8) |
				       KERNEL_TYPE(ATOLL_FLOAT32), err);
	if (r == 0)
		r = check_matrices(node, p, options, err);
	if (r < 0)
		return r;
	roles.axis = node->input[1]->rank - (p->is_b_turned ? 1 : 2);
	r = weights_prepare(&p->weights, node, setup, &roles, err);
	if (r == 0)
		r = set_shape(node, p, err);
	if (r < 0)
		return r;
	/* Several matrices take turns in the packed place, constant or not. */
	p->weights.is_constant = false;
	/* TFLite: nothing is clamped here, not even infinities. */
	p->weights.real_range = (struct float_range){ -INFINITY, INFINITY };
	r = product_prepare(&p->product, &p->weights, setup, p->k, p->n, p->n, err);
	if (r < 0)
		return r;
	plan_scratch(node, p, setup->threads);
	node->prepared = p;
	node->run = run;
	return 0;
}

const struct kernel kernel_batch_matmul = {
	.code = BUILTIN_BATCH_MATMUL,
	.version_max = 4,
	.types = "int8 float32",
	.prepare = prepare,
};
