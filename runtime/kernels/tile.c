/* SPDX-License-Identifier: Apache-2.0 */
/* The same elements over and over: TILE, BROADCAST_TO. */
#include <errno.h>
#include <inttypes.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

/*
 * Input dimensions, aligned with the last of the output's, each as often as it
 * fits into its output dimension.
 */
static int repeat(struct kernel_node *node, struct kernel_setup *setup,
		  struct atoll_error *err)
{
	const struct atoll_tensor *in = node->input[0], *out = node->output[0];
	struct moves *moves = moves_new(node, setup, 1, err);
	size_t element = atoll_type_bytes(in->type);
	ptrdiff_t in_step[ATOLL_RANK_MAX], out_step[ATOLL_RANK_MAX];
	struct move *move;

	if (!moves)
		return -ENOMEM;
	move = &moves->item[0].move;
	move->run_bytes = element;
	move_steps(in->rank, in->dims, element, in_step);
	move_steps(out->rank, out->dims, element, out_step);
	if (out->bytes == 0)
		move_add(move, 0, 0, 0);
	for (uint32_t o = 0; out->bytes > 0 && o < out->rank; o++) {
		bool is_new = o < out->rank - in->rank;
		uint32_t i = o - (out->rank - in->rank);
		int32_t length = is_new ? 1 : in->dims[i];

		move_add(move, (size_t)(out->dims[o] / length), 0, out_step[o] * length);
		if (!is_new)
			move_add(move, (size_t)length, in_step[i], out_step[o]);
	}
	moves_finish(node);
	return 0;
}

static int tile_prepare(struct kernel_node *node, struct kernel_setup *setup,
			struct atoll_error *err)
{
	int32_t times[ATOLL_RANK_MAX], dims[ATOLL_RANK_MAX];
	const struct atoll_tensor *in;
	uint32_t count;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = kernel_constant_ints(node, 1, times, ATOLL_RANK_MAX, &count, err);
	if (r < 0)
		return r;
	in = node->input[0];
	if (count != in->rank)
		return kernel_error(node, err, "%u multiples for %u dimensions", count,
				    in->rank);
	for (uint32_t d = 0; d < in->rank; d++)
		if (times[d] < 0 ||
		    __builtin_mul_overflow(times[d], in->dims[d], &dims[d]))
			return kernel_error(node, err, "dimension %u: %" PRId32
					    " times %" PRId32, d, in->dims[d],
					    times[d]);
	r = kernel_set_shape(node, 0, in->rank, dims, err);
	return r < 0 ? r : repeat(node, setup, err);
}

static int broadcast_to_prepare(struct kernel_node *node, struct kernel_setup *setup,
				struct atoll_error *err)
{
	char from[ATOLL_SHAPE_TEXT], to[ATOLL_SHAPE_TEXT];
	int32_t dims[ATOLL_RANK_MAX];
	const struct atoll_tensor *in;
	uint32_t rank;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = kernel_constant_ints(node, 1, dims, ATOLL_RANK_MAX, &rank, err);
	if (r < 0)
		return r;
	in = node->input[0];
	for (uint32_t i = 1; i <= in->rank; i++) {
		int32_t length = in->dims[in->rank - i];

		if (i > rank || (length != 1 && length != dims[rank - i]))
			return kernel_error(node, err, "shape %s does not broadcast to %s",
				atoll_shape_text(in->rank, in->dims, from),
				atoll_shape_text(rank, dims, to));
	}
	r = kernel_set_shape(node, 0, rank, dims, err);
	return r < 0 ? r : repeat(node, setup, err);
}

const struct kernel kernel_tile = {
	.code = BUILTIN_TILE,
	.version_max = 3,
	.types = MOVE_TYPE_NAMES,
	.prepare = tile_prepare,
};

const struct kernel kernel_broadcast_to = {
	.code = BUILTIN_BROADCAST_TO,
	.version_max = 3,
	.types = MOVE_TYPE_NAMES,
	.prepare = broadcast_to_prepare,
};
