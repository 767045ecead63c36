/* SPDX-License-Identifier: Apache-2.0 */
/* TRANSPOSE: output dimension i is input dimension perm[i]. */
#include <errno.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

/* The permutation as 0..rank-1, each once. */
static int read_permutation(const struct kernel_node *node,
			    uint32_t from[ATOLL_RANK_MAX], struct atoll_error *err)
{
	uint32_t rank = node->input[0]->rank, count, seen = 0;
	int32_t perm[ATOLL_RANK_MAX];
	int r = kernel_constant_ints(node, 1, perm, ATOLL_RANK_MAX, &count, err);

	if (r < 0)
		return r;
	if (count != rank)
		return kernel_error(node, err, "a permutation of %u for %u dimensions",
				    count, rank);
	for (uint32_t i = 0; i < rank; i++) {
		r = kernel_axis(node, perm[i], rank, &from[i], err);
		if (r < 0)
			return r;
		if (seen & 1u << from[i])
			return kernel_error(node, err,
					    "dimension %u is twice in the permutation",
					    from[i]);
		seen |= 1u << from[i];
	}
	return 0;
}

static int transpose_prepare(struct kernel_node *node, struct kernel_setup *setup,
			     struct atoll_error *err)
{
	uint32_t from[ATOLL_RANK_MAX];
	int32_t dims[ATOLL_RANK_MAX];
	ptrdiff_t in_step[ATOLL_RANK_MAX], out_step[ATOLL_RANK_MAX];
	const struct atoll_tensor *in;
	struct moves *moves;
	size_t element;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = read_permutation(node, from, err);
	if (r < 0)
		return r;
	in = node->input[0];
	for (uint32_t i = 0; i < in->rank; i++)
		dims[i] = in->dims[from[i]];
	r = kernel_set_shape(node, 0, in->rank, dims, err);
	if (r < 0)
		return r;

	moves = moves_new(node, setup, 1, err);
	if (!moves)
		return -ENOMEM;
	element = atoll_type_bytes(in->type);
	move_steps(in->rank, in->dims, element, in_step);
	move_steps(in->rank, dims, element, out_step);
	moves->item[0].move.run_bytes = element;
	for (uint32_t i = 0; i < in->rank; i++)
		move_add(&moves->item[0].move, (size_t)dims[i], in_step[from[i]],
			 out_step[i]);
	moves_finish(node);
	return 0;
}

const struct kernel kernel_transpose = {
	.code = BUILTIN_TRANSPOSE,
	.version_max = 6,
	.types = MOVE_TYPE_NAMES,
	.prepare = transpose_prepare,
};
