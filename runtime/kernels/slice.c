/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boxes cut out of a tensor, forwards or backwards: SLICE, STRIDED_SLICE,
 * REVERSE_V2.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

/* Which elements of each input dimension: begin, begin + stride, ... */
struct range {
	int64_t begin, stride, count;
};

/* Copy the elements picked in each dimension of input 0, in that order. */
static int cut(struct kernel_node *node, struct kernel_setup *setup,
	       const struct range *range, struct atoll_error *err)
{
	const struct atoll_tensor *in = node->input[0];
	struct moves *moves = moves_new(node, setup, 1, err);
	size_t element = atoll_type_bytes(in->type);
	ptrdiff_t from[ATOLL_RANK_MAX];
	struct move *move;
	size_t to;

	if (!moves)
		return -ENOMEM;
	move = &moves->item[0].move;
	move->run_bytes = element;
	move_steps(in->rank, in->dims, element, from);
	to = node->output[0]->bytes;
	for (uint32_t d = 0; to > 0 && d < in->rank; d++) {
		/* A stride that is never taken may be larger than memory. */
		ptrdiff_t step = range[d].count > 1 ? range[d].stride * from[d] : 0;

		to /= (size_t)range[d].count;
		move->from_start += range[d].begin * from[d];
		move_add(move, (size_t)range[d].count, step, (ptrdiff_t)to);
	}
	if (node->output[0]->bytes == 0)
		move_add(move, 0, 0, 0);
	moves_finish(node);
	return 0;
}

static int slice_prepare(struct kernel_node *node, struct kernel_setup *setup,
			 struct atoll_error *err)
{
	int32_t begin[ATOLL_RANK_MAX], size[ATOLL_RANK_MAX];
	struct range range[ATOLL_RANK_MAX];
	const struct atoll_tensor *in;
	uint32_t begins, sizes;
	int r = kernel_check_counts(node, 3, 3, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = kernel_constant_ints(node, 1, begin, ATOLL_RANK_MAX, &begins, err);
	if (r == 0)
		r = kernel_constant_ints(node, 2, size, ATOLL_RANK_MAX, &sizes, err);
	if (r < 0)
		return r;
	in = node->input[0];
	if (begins != in->rank || sizes != in->rank)
		return kernel_error(node, err, "%u begins and %u sizes for %u dimensions",
				    begins, sizes, in->rank);
	for (uint32_t d = 0; d < in->rank; d++) {
		if (size[d] == -1 && begin[d] <= in->dims[d])
			size[d] = in->dims[d] - begin[d];
		if (begin[d] < 0 || size[d] < 0 ||
		    (int64_t)begin[d] + size[d] > in->dims[d])
			return kernel_error(node, err, "dimension %u: %" PRId32 " from %"
					    PRId32 " on, there are %" PRId32, d,
					    size[d], begin[d], in->dims[d]);
		range[d] = (struct range){ begin[d], 1, size[d] };
	}
	r = kernel_set_shape(node, 0, in->rank, size, err);
	return r < 0 ? r : cut(node, setup, range, err);
}

/* The operands of STRIDED_SLICE: entry i of each list, bit i of each mask. */
struct strided {
	uint32_t entries;
	int32_t begin[2 * ATOLL_RANK_MAX], end[2 * ATOLL_RANK_MAX];
	int32_t stride[2 * ATOLL_RANK_MAX];
	uint32_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
	bool ends_are_offsets; /* from the beginning of the range */
};

static int read_strided(const struct kernel_node *node, struct strided *s,
			struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	const uint32_t room = 2 * ATOLL_RANK_MAX;
	uint32_t ends, strides;
	int r = kernel_constant_ints(node, 1, s->begin, room, &s->entries, err);

	if (r == 0)
		r = kernel_constant_ints(node, 2, s->end, room, &ends, err);
	if (r == 0)
		r = kernel_constant_ints(node, 3, s->stride, room, &strides, err);
	if (r < 0)
		return r;
	if (ends != s->entries || strides != s->entries)
		return kernel_error(node, err, "%u begins, %u ends and %u strides",
				    s->entries, ends, strides);
	s->begin_mask = flatbuf_u32(options, STRIDED_SLICE_BEGIN_MASK, 0);
	s->end_mask = flatbuf_u32(options, STRIDED_SLICE_END_MASK, 0);
	s->ellipsis_mask = flatbuf_u32(options, STRIDED_SLICE_ELLIPSIS_MASK, 0);
	s->new_axis_mask = flatbuf_u32(options, STRIDED_SLICE_NEW_AXIS_MASK, 0);
	s->shrink_axis_mask = flatbuf_u32(options, STRIDED_SLICE_SHRINK_AXIS_MASK, 0);
	s->ends_are_offsets = flatbuf_bool(options, STRIDED_SLICE_OFFSET, false);
	return 0;
}

/* How many input dimensions the entries name, leaving out an ellipsis. */
static uint32_t named_dimensions(const struct strided *s)
{
	uint32_t named = 0;

	for (uint32_t i = 0; i < s->entries; i++)
		named += !((s->ellipsis_mask | s->new_axis_mask) >> i & 1);
	return named;
}

static int64_t into(int64_t index, int64_t length, int64_t low, int64_t high)
{
	if (index < 0)
		index += length;
	return index < low ? low : index > high ? high : index;
}

/* Entry i picks from a dimension of `length`. */
static int pick(const struct kernel_node *node, const struct strided *s, uint32_t i,
		int64_t length, struct range *range, struct atoll_error *err)
{
	int64_t stride = s->stride[i];
	int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? length : length - 1;
	int64_t begin = into(s->begin[i], length, low, high);
	int64_t end = s->end[i];

	if (stride == 0)
		return kernel_error(node, err, "stride %u is 0", i);
	if (s->begin_mask >> i & 1)
		begin = stride > 0 ? 0 : length - 1;
	if (s->shrink_axis_mask >> i & 1) {
		if (begin < 0 || begin >= length)
			return kernel_error(node, err, "index %" PRId32 " of %" PRId64,
					    s->begin[i], length);
		*range = (struct range){ begin, 1, 1 };
		return 0;
	}
	if (s->ends_are_offsets)
		end += begin;
	end = into(end, length, low, high);
	if (s->end_mask >> i & 1)
		end = stride > 0 ? length : -1;
	range->begin = begin;
	range->stride = stride;
	range->count = stride > 0 ? (end - begin + stride - 1) / stride :
		(begin - end - stride - 1) / -stride;
	if (range->count < 0)
		range->count = 0;
	return 0;
}

/*
 * Walk the entries: each names the next input dimension, stands for a new
 * output dimension of 1, or (an ellipsis, or the end of the list) for as many
 * whole dimensions as the others leave.
 */
static int walk_entries(const struct kernel_node *node, const struct strided *s,
			struct range *range, uint32_t *out_rank, int32_t *out_dims,
			struct atoll_error *err)
{
	const struct atoll_tensor *in = node->input[0];
	uint32_t named = named_dimensions(s), unnamed = in->rank - named, d = 0, o = 0;

	if (named > in->rank)
		return kernel_error(node, err, "%u of %u dimensions are named", named,
				    in->rank);
	for (uint32_t i = 0; i <= s->entries; i++) {
		int r;

		if (i == s->entries || s->ellipsis_mask >> i & 1) {
			for (; unnamed > 0 && o < ATOLL_RANK_MAX; unnamed--, d++, o++) {
				range[d] = (struct range){ 0, 1, in->dims[d] };
				out_dims[o] = in->dims[d];
			}
			if (unnamed > 0)
				goto too_many;
			continue;
		}
		if (s->new_axis_mask >> i & 1) {
			if (o == ATOLL_RANK_MAX)
				goto too_many;
			out_dims[o++] = 1;
			continue;
		}
		r = pick(node, s, i, in->dims[d], &range[d], err);
		if (r < 0)
			return r;
		if (!(s->shrink_axis_mask >> i & 1)) {
			if (o == ATOLL_RANK_MAX)
				goto too_many;
			out_dims[o++] = (int32_t)range[d].count;
		}
		d++;
	}
	*out_rank = o;
	return 0;

too_many:
	return kernel_error(node, err, "more than %d output dimensions", ATOLL_RANK_MAX);
}

static int strided_slice_prepare(struct kernel_node *node, struct kernel_setup *setup,
				 struct atoll_error *err)
{
	struct range range[ATOLL_RANK_MAX];
	struct strided s;
	int32_t dims[ATOLL_RANK_MAX];
	uint32_t rank = 0;
	int r = kernel_check_counts(node, 4, 4, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = read_strided(node, &s, err);
	if (r == 0)
		r = walk_entries(node, &s, range, &rank, dims, err);
	if (r == 0)
		r = kernel_set_shape(node, 0, rank, dims, err);
	return r < 0 ? r : cut(node, setup, range, err);
}

static int reverse_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	int32_t axes[ATOLL_RANK_MAX];
	struct range range[ATOLL_RANK_MAX];
	const struct atoll_tensor *in;
	uint32_t count, axis;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = kernel_constant_ints(node, 1, axes, ATOLL_RANK_MAX, &count, err);
	if (r < 0)
		return r;
	in = node->input[0];
	for (uint32_t d = 0; d < in->rank; d++)
		range[d] = (struct range){ 0, 1, in->dims[d] };
	for (uint32_t i = 0; i < count; i++) {
		r = kernel_axis(node, axes[i], in->rank, &axis, err);
		if (r < 0)
			return r;
		range[axis] = (struct range){ in->dims[axis] - 1, -1, in->dims[axis] };
	}
	r = kernel_set_shape(node, 0, in->rank, in->dims, err);
	return r < 0 ? r : cut(node, setup, range, err);
}

const struct kernel kernel_slice = {
	.code = BUILTIN_SLICE,
	.version_max = 6,
	.types = MOVE_TYPE_NAMES,
	.prepare = slice_prepare,
};

const struct kernel kernel_strided_slice = {
	.code = BUILTIN_STRIDED_SLICE,
	.version_max = 8,
	.types = MOVE_TYPE_NAMES,
	.prepare = strided_slice_prepare,
};

const struct kernel kernel_reverse_v2 = {
	.code = BUILTIN_REVERSE_V2,
	.version_max = 3,
	.types = MOVE_TYPE_NAMES,
	.prepare = reverse_prepare,
};
