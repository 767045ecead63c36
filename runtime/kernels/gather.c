/* SPDX-License-Identifier: Apache-2.0 */
/* Places named by indices that may be known only while running: GATHER, GATHER_ND,
   ONE_HOT. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

#define INDEX_TYPES (KERNEL_TYPE(ATOLL_INT32) | KERNEL_TYPE(ATOLL_INT64))

static int64_t index_at(const struct atoll_tensor *tensor, size_t i)
{
	return tensor->type == ATOLL_INT32 ? ((const int32_t *)tensor->data)[i] :
		((const int64_t *)tensor->data)[i];
}

/*
 *	params   [batches][outer][length][run_bytes]
 *	indices  [batches][picks]
 *	output   [batches][outer][picks][run_bytes]
 */
struct gather {
	size_t batches, outer, picks, run_bytes;
	int64_t length;
};

static int gather_run(const struct kernel_node *node, struct pool *pool)
{
	const struct gather *g = node->prepared;
	const struct atoll_tensor *indices = node->input[1];
	const size_t slab = (size_t)g->length * g->run_bytes;
	const char *from = node->input[0]->data;
	char *to = node->output[0]->data;

	(void)pool;
	for (size_t i = 0; i < indices->elements; i++)
		if (index_at(indices, i) < 0 || index_at(indices, i) >= g->length)
			return -ERANGE;
	for (size_t batch = 0; batch < g->batches; batch++)
		for (size_t o = 0; o < g->outer; o++, from += slab)
			for (size_t i = 0; i < g->picks; i++, to += g->run_bytes)
				memcpy(to, from + (size_t)index_at(indices,
							batch * g->picks + i) *
						  g->run_bytes, g->run_bytes);
	return 0;
}

/* params[:axis] + indices[batch_dims:] + params[axis + 1:] */
static int gather_shape(const struct kernel_node *node, uint32_t axis,
			uint32_t batch_dims, struct atoll_error *err)
{
	const struct atoll_tensor *params = node->input[0], *indices = node->input[1];
	int32_t dims[2 * ATOLL_RANK_MAX];
	uint32_t rank = 0;

	for (uint32_t d = 0; d < axis; d++)
		dims[rank++] = params->dims[d];
	for (uint32_t d = batch_dims; d < indices->rank; d++)
		dims[rank++] = indices->dims[d];
	for (uint32_t d = axis + 1; d < params->rank; d++)
		dims[rank++] = params->dims[d];
	return kernel_set_shape(node, 0, rank, dims, err);
}

static int gather_prepare(struct kernel_node *node, struct kernel_setup *setup,
			  struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	int32_t batch_dims = flatbuf_i32(options, GATHER_BATCH_DIMS, 0);
	const struct atoll_tensor *params, *indices;
	struct gather *g;
	uint32_t axis, batch;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = kernel_check_input(node, 1, INDEX_TYPES, err);
	if (r == 0)
		r = kernel_axis(node, flatbuf_i32(options, GATHER_AXIS, 0),
				node->input[0]->rank, &axis, err);
	if (r < 0)
		return r;
	params = node->input[0];
	indices = node->input[1];
	batch = (uint32_t)(batch_dims < 0 ? batch_dims + (int32_t)indices->rank : batch_dims);
	if (batch > axis || batch > indices->rank ||
	    memcmp(params->dims, indices->dims, batch * sizeof(params->dims[0])) != 0)
		return kernel_error(node, err, "the first %d dimensions of both inputs must "
				    "be equal and come before axis %u", batch_dims, axis);
	r = gather_shape(node, axis, batch, err);
	if (r < 0)
		return r;

	g = kernel_alloc(setup, sizeof(*g));
	if (!g)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	g->batches = move_product(params->dims, 0, batch);
	g->outer = move_product(params->dims, batch, axis);
	g->length = params->dims[axis];
	g->picks = move_product(indices->dims, batch, indices->rank);
	g->run_bytes = move_product(params->dims, axis + 1, params->rank) *
		       atoll_type_bytes(params->type);
	node->prepared = g;
	node->run = gather_run;
	return 0;
}

/*
 *	params   [dim 0]...[dim tuple - 1][run_bytes]
 *	indices  [picks][tuple]
 *	output   [picks][run_bytes]
 */
struct gather_nd {
	size_t picks;
	uint32_t tuple;
	ptrdiff_t step[ATOLL_RANK_MAX];
	size_t run_bytes;
};

static int gather_nd_run(const struct kernel_node *node, struct pool *pool)
{
	const struct gather_nd *g = node->prepared;
	const struct atoll_tensor *params = node->input[0], *indices = node->input[1];
	char *to = node->output[0]->data;

	(void)pool;
	for (size_t i = 0; i < g->picks; i++, to += g->run_bytes) {
		const char *from = params->data;

		for (uint32_t k = 0; k < g->tuple; k++) {
			int64_t index = index_at(indices, i * g->tuple + k);

			if (index < 0 || index >= params->dims[k])
				return -ERANGE;
			from += index * g->step[k];
		}
		memcpy(to, from, g->run_bytes);
	}
	return 0;
}

static int gather_nd_prepare(struct kernel_node *node, struct kernel_setup *setup,
			     struct atoll_error *err)
{
	const struct atoll_tensor *params, *indices;
	int32_t dims[2 * ATOLL_RANK_MAX];
	struct gather_nd *g;
	uint32_t tuple, rank = 0;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = kernel_check_input(node, 1, INDEX_TYPES, err);
	if (r < 0)
		return r;
	params = node->input[0];
	indices = node->input[1];
	if (indices->rank == 0 || indices->dims[indices->rank - 1] > (int32_t)params->rank)
		return kernel_error(node, err, "index tuples of shape %s for %u dimensions",
				    atoll_shape_text(indices->rank, indices->dims,
						     (char[ATOLL_SHAPE_TEXT]){ 0 }),
				    params->rank);
	tuple = (uint32_t)indices->dims[indices->rank - 1];
	for (uint32_t d = 0; d + 1 < indices->rank; d++)
		dims[rank++] = indices->dims[d];
	for (uint32_t d = tuple; d < params->rank; d++)
		dims[rank++] = params->dims[d];
	r = kernel_set_shape(node, 0, rank, dims, err);
	if (r < 0)
		return r;

	g = kernel_alloc(setup, sizeof(*g));
	if (!g)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	g->picks = move_product(indices->dims, 0, indices->rank - 1);
	g->tuple = tuple;
	g->run_bytes = move_product(params->dims, tuple, params->rank) *
		       atoll_type_bytes(params->type);
	move_steps(params->rank, params->dims, atoll_type_bytes(params->type), g->step);
	node->prepared = g;
	node->run = gather_nd_run;
	return 0;
}

/*
 * ONE_HOT(indices, depth, on, off): a new dimension of `depth` in which the
 * place named by the index is on. Indices outside leave all off.
 *
 *	indices [outer][inner]      output [outer][depth][inner]
 */
struct one_hot {
	size_t inner;
	int32_t depth;
};

static int one_hot_run(const struct kernel_node *node, struct pool *pool)
{
	const struct one_hot *h = node->prepared;
	const struct atoll_tensor *indices = node->input[0];
	struct atoll_tensor *out = node->output[0];
	size_t element = atoll_type_bytes(out->type);
	char *to = out->data;

	(void)pool;
	move_fill(to, out->bytes, node->input[3]->data, element);
	for (size_t i = 0; i < indices->elements; i++) {
		int64_t index = index_at(indices, i);
		size_t at;

		if (index < 0 || index >= h->depth)
			continue;
		at = (i / h->inner * (size_t)h->depth + (size_t)index) * h->inner +
		     i % h->inner;
		memcpy(to + at * element, node->input[2]->data, element);
	}
	return 0;
}

static int one_hot_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	const struct atoll_tensor *indices;
	int32_t dims[ATOLL_RANK_MAX + 1], wanted, depth = 0;
	uint32_t axis, count;
	struct one_hot *h;
	int r = kernel_check_counts(node, 4, 4, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, INDEX_TYPES, err);
	if (r == 0)
		r = kernel_constant_ints(node, 1, &depth, 1, &count, err);
	if (r == 0)
		r = move_check(node, 2, 0, err);
	if (r == 0)
		r = move_check(node, 3, 0, err);
	if (r < 0)
		return r;
	if (count != 1 || depth < 0)
		return kernel_error(node, err, "depth %" PRId32, depth);
	if (node->input[2]->elements != 1 || node->input[3]->elements != 1)
		return kernel_error(node, err, "%zu and %zu values for on and off, "
				    "expected one each", node->input[2]->elements,
				    node->input[3]->elements);
	indices = node->input[0];
	wanted = flatbuf_i32(node->op->options, ONE_HOT_AXIS, 0);
	r = kernel_axis(node, wanted, indices->rank + 1, &axis, err);
	if (r < 0)
		return r;
	for (uint32_t d = 0; d <= indices->rank; d++)
		dims[d] = d < axis ? indices->dims[d] : d == axis ? depth :
			indices->dims[d - 1];
	r = kernel_set_shape(node, 0, indices->rank + 1, dims, err);
	if (r < 0)
		return r;
	h = kernel_alloc(setup, sizeof(*h));
	if (!h)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	h->inner = move_product(indices->dims, axis, indices->rank);
	h->depth = depth;
	node->prepared = h;
	node->run = one_hot_run;
	return 0;
}

const struct kernel kernel_gather = {
	.code = BUILTIN_GATHER,
	.version_max = 7,
	.types = MOVE_TYPE_NAMES,
	.prepare = gather_prepare,
};

const struct kernel kernel_gather_nd = {
	.code = BUILTIN_GATHER_ND,
	.version_max = 5,
	.types = MOVE_TYPE_NAMES,
	.prepare = gather_nd_prepare,
};

const struct kernel kernel_one_hot = {
	.code = BUILTIN_ONE_HOT,
	.version_max = 1,
	.types = MOVE_TYPE_NAMES,
	.prepare = one_hot_prepare,
};
