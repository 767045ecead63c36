/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors made from a few numbers: FILL, ZEROS_LIKE, RANGE. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

static int fill_run(const struct kernel_node *node, struct pool *pool)
{
	struct atoll_tensor *out = node->output[0];

	(void)pool;
	move_fill(out->data, out->bytes, node->input[1]->data,
		  atoll_type_bytes(out->type));
	return 0;
}

static int fill_prepare(struct kernel_node *node, struct kernel_setup *setup,
			struct atoll_error *err)
{
	int32_t dims[ATOLL_RANK_MAX];
	uint32_t rank;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	(void)setup;
	if (r == 0)
		r = move_check(node, 1, 0, err);
	if (r == 0)
		r = kernel_constant_ints(node, 0, dims, ATOLL_RANK_MAX, &rank, err);
	if (r < 0)
		return r;
	if (node->input[1]->elements != 1)
		return kernel_error(node, err, "%zu values, expected one",
				    node->input[1]->elements);
	node->run = fill_run;
	return kernel_set_shape(node, 0, rank, dims, err);
}

static int zeros_run(const struct kernel_node *node, struct pool *pool)
{
	(void)pool;
	memset(node->output[0]->data, 0, node->output[0]->bytes);
	return 0;
}

static int zeros_prepare(struct kernel_node *node, struct kernel_setup *setup,
			 struct atoll_error *err)
{
	/* Types in which all bits 0 is the number 0. */
	const uint32_t types = KERNEL_TYPE(ATOLL_FLOAT32) | KERNEL_TYPE(ATOLL_INT32) |
			       KERNEL_TYPE(ATOLL_INT64) | KERNEL_TYPE(ATOLL_BOOL);
	int r = kernel_check_counts(node, 1, 1, 1, err);

	(void)setup;
	if (r == 0)
		r = kernel_check_input(node, 0, types, err);
	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r < 0)
		return r;
	node->run = zeros_run;
	node->is_known = true;
	return kernel_set_shape(node, 0, node->input[0]->rank, node->input[0]->dims, err);
}

/* One number of any of RANGE's types. */
static double number(const struct atoll_tensor *tensor)
{
	int32_t i32;
	int64_t i64;
	float f32;

	switch (tensor->type) {
	case ATOLL_INT32:
		memcpy(&i32, tensor->data, sizeof(i32));
		return i32;
	case ATOLL_INT64:
		memcpy(&i64, tensor->data, sizeof(i64));
		return (double)i64;
	default:
		memcpy(&f32, tensor->data, sizeof(f32));
		return (double)f32;
	}
}

static int range_run(const struct kernel_node *node, struct pool *pool)
{
	const void *start = node->input[0]->data, *delta = node->input[2]->data;
	struct atoll_tensor *out = node->output[0];

	(void)pool;
	for (size_t i = 0; i < out->elements; i++) {
		if (out->type == ATOLL_INT32) {
			const int32_t *from = start, *step = delta;

			((int32_t *)out->data)[i] = (int32_t)(*from + *step * (int64_t)i);
		} else if (out->type == ATOLL_INT64) {
			const int64_t *from = start, *step = delta;

			((int64_t *)out->data)[i] =
				(int64_t)((uint64_t)*from + (uint64_t)*step * i);
		} else {
			const float *from = start, *step = delta;

			((float *)out->data)[i] = *from + *step * (float)i;
		}
	}
	return 0;
}

static int range_prepare(struct kernel_node *node, struct kernel_setup *setup,
			 struct atoll_error *err)
{
	const uint32_t types = KERNEL_TYPE(ATOLL_FLOAT32) | KERNEL_TYPE(ATOLL_INT32) |
			       KERNEL_TYPE(ATOLL_INT64);
	double operand[3], count;
	int r = kernel_check_counts(node, 3, 3, 1, err);

	(void)setup;
	for (uint32_t i = 0; i < 3 && r == 0; i++) {
		r = kernel_check_input(node, i, types, err);
		if (r == 0)
			r = move_check(node, i, 0, err);
		if (r < 0)
			return r;
		if (!node->input[i]->data || node->input[i]->elements != 1)
			return kernel_error(node, err, "input %u (%s): one constant number "
					    "is supported", i, node->input[i]->name);
		operand[i] = number(node->input[i]);
	}
	if (r < 0)
		return r;
	count = ceil((operand[1] - operand[0]) / operand[2]);
	if (!(fabs(count) <= INT32_MAX))
		return kernel_error(node, err, "from %g to %g in steps of %g", operand[0],
				    operand[1], operand[2]);
	node->run = range_run;
	return kernel_set_shape(node, 0, 1, (int32_t[]){ (int32_t)fmax(count, 0) }, err);
}

const struct kernel kernel_fill = {
	.code = BUILTIN_FILL,
	.version_max = 4,
	.types = MOVE_TYPE_NAMES,
	.prepare = fill_prepare,
};

const struct kernel kernel_zeros_like = {
	.code = BUILTIN_ZEROS_LIKE,
	.version_max = 1,
	.types = "int32 int64 bool float32",
	.prepare = zeros_prepare,
};

const struct kernel kernel_range = {
	.code = BUILTIN_RANGE,
	.version_max = 2,
	.types = "int32 int64 float32",
	.prepare = range_prepare,
};
