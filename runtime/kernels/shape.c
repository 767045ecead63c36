/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a tensor without its contents: SHAPE, RANK. */
#include "runtime/kernels/kernels.h"
#include "runtime/schema/tflite.h"

static int shape_run(const struct kernel_node *node, struct pool *pool)
{
	const struct atoll_tensor *in = node->input[0];
	struct atoll_tensor *out = node->output[0];

	(void)pool;
	for (uint32_t d = 0; d < in->rank; d++) {
		if (out->type == ATOLL_INT32)
			((int32_t *)out->data)[d] = in->dims[d];
		else
			((int64_t *)out->data)[d] = in->dims[d];
	}
	return 0;
}

static int shape_prepare(struct kernel_node *node, struct kernel_setup *setup,
			 struct atoll_error *err)
{
	int r = kernel_check_counts(node, 1, 1, 1, err);

	(void)setup;
	if (r == 0)
		r = kernel_check_input(node, 0, UINT32_MAX, err);
	/* The type of the output tensor says the same as the option. */
	if (r == 0)
		r = kernel_check_output(node, 0, KERNEL_TYPE(ATOLL_INT32) |
						 KERNEL_TYPE(ATOLL_INT64), err);
	if (r < 0)
		return r;
	node->run = shape_run;
	node->is_known = true;
	return kernel_set_shape(node, 0, 1, (int32_t[]){ (int32_t)node->input[0]->rank },
				err);
}

static int rank_run(const struct kernel_node *node, struct pool *pool)
{
	(void)pool;
	*(int32_t *)node->output[0]->data = (int32_t)node->input[0]->rank;
	return 0;
}

static int rank_prepare(struct kernel_node *node, struct kernel_setup *setup,
			struct atoll_error *err)
{
	int r = kernel_check_counts(node, 1, 1, 1, err);

	(void)setup;
	if (r == 0)
		r = kernel_check_input(node, 0, UINT32_MAX, err);
	if (r == 0)
		r = kernel_check_output(node, 0, KERNEL_TYPE(ATOLL_INT32), err);
	if (r < 0)
		return r;
	node->run = rank_run;
	node->is_known = true;
	return kernel_set_shape(node, 0, 0, NULL, err);
}

const struct kernel kernel_shape = {
	.code = BUILTIN_SHAPE,
	.version_max = 1,
	.types = "any, to int32 int64",
	.prepare = shape_prepare,
};

const struct kernel kernel_rank = {
	.code = BUILTIN_RANK,
	.version_max = 1,
	.types = "any, to int32",
	.prepare = rank_prepare,
};
