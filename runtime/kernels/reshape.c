/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes under another shape: RESHAPE, SQUEEZE, EXPAND_DIMS. */
#include <errno.h>
#include <inttypes.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

static int view_prepare(struct kernel_node *node, struct kernel_setup *setup,
			uint32_t rank, const int32_t *dims, struct atoll_error *err)
{
	struct moves *moves;
	int r = move_check(node, 0, 0, err);

	if (r == 0)
		r = kernel_set_shape(node, 0, rank, dims, err);
	if (r < 0)
		return r;
	moves = moves_new(node, setup, 1, err);
	if (!moves)
		return -ENOMEM;
	moves->item[0].move.run_bytes = node->input[0]->bytes;
	moves_finish(node);
	return 0;
}

/* The shape tensor wins over the option; old files have only the option. */
static int wanted_shape(const struct kernel_node *node, uint32_t *rank,
			int32_t dims[ATOLL_RANK_MAX], struct atoll_error *err)
{
	struct flatbuf_vector option;

	if (node->inputs == 2 && node->input[1])
		return kernel_constant_ints(node, 1, dims, ATOLL_RANK_MAX, rank, err);
	option = flatbuf_vector(node->op->options, RESHAPE_NEW_SHAPE);
	if (option.count > ATOLL_RANK_MAX)
		return kernel_error(node, err, "%u dimensions, at most %d are supported",
				    option.count, ATOLL_RANK_MAX);
	for (uint32_t i = 0; i < option.count; i++)
		dims[i] = flatbuf_vector_i32(option, i);
	*rank = option.count;
	return 0;
}

/* One dimension may be -1: what the others leave of the elements. */
static int settle_shape(const struct kernel_node *node, uint32_t rank, int32_t *dims,
			struct atoll_error *err)
{
	size_t elements = node->input[0]->elements, known = 1;
	char text[ATOLL_SHAPE_TEXT];
	int32_t *rest = NULL;

	for (uint32_t i = 0; i < rank; i++) {
		if (dims[i] == -1 && !rest)
			rest = &dims[i];
		else if (dims[i] < 0 ||
			 __builtin_mul_overflow(known, (size_t)dims[i], &known))
			goto does_not_fit;
	}
	if (rest) {
		if (known == 0 || elements % known != 0 ||
		    elements / known > INT32_MAX)
			goto does_not_fit;
		*rest = (int32_t)(elements / known);
	} else if (known != elements) {
		goto does_not_fit;
	}
	return 0;

does_not_fit:
	return kernel_error(node, err, "%zu elements into shape %s", elements,
			    atoll_shape_text(rank, dims, text));
}

static int reshape_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	int32_t dims[ATOLL_RANK_MAX];
	uint32_t rank;
	int r = kernel_check_counts(node, 1, 2, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, MOVE_TYPES, err);
	if (r == 0)
		r = wanted_shape(node, &rank, dims, err);
	if (r < 0)
		return r;
	/* TFLite: early converters wrote the shape of a scalar as one 0. */
	if (rank == 1 && dims[0] == 0 && node->input[0]->elements == 1)
		rank = 0;
	r = settle_shape(node, rank, dims, err);
	return r < 0 ? r : view_prepare(node, setup, rank, dims, err);
}

/* Bit d: dimension d goes. */
static int squeezed(const struct kernel_node *node, uint32_t *going,
		    struct atoll_error *err)
{
	struct flatbuf_vector list = flatbuf_vector(
		node->op->options, SQUEEZE_SQUEEZE_DIMS);
	const struct atoll_tensor *in = node->input[0];

	*going = 0;
	for (uint32_t d = 0; list.count == 0 && d < in->rank; d++)
		*going |= (uint32_t)(in->dims[d] == 1) << d;
	for (uint32_t i = 0; i < list.count; i++) {
		uint32_t d;
		int r = kernel_axis(node, flatbuf_vector_i32(list, i), in->rank, &d, err);

		if (r < 0)
			return r;
		if (in->dims[d] != 1)
			return kernel_error(node, err, "dimension %u is %" PRId32
					    ", only 1 can be dropped", d, in->dims[d]);
		*going |= 1u << d;
	}
	return 0;
}

static int squeeze_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	const struct atoll_tensor *in;
	int32_t dims[ATOLL_RANK_MAX];
	uint32_t going = 0, rank = 0;
	int r = kernel_check_counts(node, 1, 1, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, MOVE_TYPES, err);
	if (r == 0)
		r = squeezed(node, &going, err);
	if (r < 0)
		return r;
	in = node->input[0];
	for (uint32_t d = 0; d < in->rank; d++)
		if (!(going >> d & 1))
			dims[rank++] = in->dims[d];
	return view_prepare(node, setup, rank, dims, err);
}

static int expand_dims_prepare(struct kernel_node *node, struct kernel_setup *setup,
			       struct atoll_error *err)
{
	const struct atoll_tensor *in;
	int32_t dims[ATOLL_RANK_MAX + 1], wanted;
	uint32_t count, axis;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, MOVE_TYPES, err);
	if (r == 0)
		r = kernel_constant_ints(node, 1, &wanted, 1, &count, err);
	if (r < 0)
		return r;
	if (count != 1)
		return kernel_error(node, err, "input 1 has no axis in it");
	in = node->input[0];
	r = kernel_axis(node, wanted, in->rank + 1, &axis, err);
	if (r < 0)
		return r;
	for (uint32_t d = 0; d <= in->rank; d++)
		dims[d] = d < axis ? in->dims[d] : d == axis ? 1 : in->dims[d - 1];
	return view_prepare(node, setup, in->rank + 1, dims, err);
}

const struct kernel kernel_reshape = {
	.code = BUILTIN_RESHAPE,
	.version_max = 1,
	.types = MOVE_TYPE_NAMES,
	.prepare = reshape_prepare,
};

const struct kernel kernel_squeeze = {
	.code = BUILTIN_SQUEEZE,
	.version_max = 2,
	.types = MOVE_TYPE_NAMES,
	.prepare = squeeze_prepare,
};

const struct kernel kernel_expand_dims = {
	.code = BUILTIN_EXPAND_DIMS,
	.version_max = 1,
	.types = MOVE_TYPE_NAMES,
	.prepare = expand_dims_prepare,
};
