/* SPDX-License-Identifier: Apache-2.0 */
/* Where the largest or smallest elements are: ARG_MAX, ARG_MIN, TOPK_V2. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

#define NUMBER_TYPES \
	(KERNEL_TYPE(ATOLL_UINT8) | KERNEL_TYPE(ATOLL_INT8) | \
	 KERNEL_TYPE(ATOLL_INT16) | KERNEL_TYPE(ATOLL_INT32) | \
	 KERNEL_TYPE(ATOLL_INT64) | KERNEL_TYPE(ATOLL_FLOAT32))
#define NUMBER_TYPE_NAMES "uint8 int8 int16 int32 int64 float32"

/* Elements looked at by one item of work. */
#define SHARED_ELEMENTS (64 * 1024)

/*
 *	input   [outer][length][inner]
 *	output  [outer][inner]
 */
struct arg {
	size_t outer, inner, outer_per_item;
	int32_t length;
	/* NULL: find_byte, after these bits made the wanted number the largest int8 */
	int32_t (*find)(const void *first, ptrdiff_t step, int32_t length);
	uint8_t flip;
};

/* The first of the best of `length` elements, `step` elements apart. */
#define FIND(name, type, is_better) \
	static int32_t name(const void *first, ptrdiff_t step, int32_t length) \
	{ \
		const type *x = first; \
		type best = *x; \
		int32_t found = 0; \
		\
		for (int32_t i = 1; i < length; i++) { \
			x += step; \
			if (*x is_better best) { \
				best = *x; \
				found = i; \
			} \
		} \
		return found; \
	}

FIND(max_u8, uint8_t, >)
FIND(max_i8, int8_t, >)
FIND(max_i16, int16_t, >)
FIND(max_i32, int32_t, >)
FIND(max_i64, int64_t, >)
FIND(max_f32, float, >)
FIND(min_u8, uint8_t, <)
FIND(min_i8, int8_t, <)
FIND(min_i16, int16_t, <)
FIND(min_i32, int32_t, <)
FIND(min_i64, int64_t, <)
FIND(min_f32, float, <)

/*
 * 8-bit numbers side by side: their maximum without branches, then its first
 * place, for which the C library has something faster than any loop of ours.
 */
static int32_t find_byte(const uint8_t *x, int32_t length, uint8_t flip)
{
	int8_t best = INT8_MIN;

	for (int32_t i = 0; i < length; i++) {
		int8_t number = (int8_t)(x[i] ^ flip);

		best = number > best ? number : best;
	}
	return (int32_t)((const uint8_t *)memchr(x, (uint8_t)best ^ flip, (size_t)length) - x);
}

static int32_t find(const struct arg *arg, const void *first)
{
	if (!arg->find)
		return find_byte(first, arg->length, arg->flip);
	return arg->find(first, (ptrdiff_t)arg->inner, arg->length);
}

struct share {
	const struct arg *arg;
	const struct atoll_tensor *in, *out;
};

static void find_some(void *context, uint32_t item, uint32_t thread)
{
	const struct share *share = context;
	const struct arg *arg = share->arg;
	const size_t element = atoll_type_bytes(share->in->type);
	size_t low = item * arg->outer_per_item, high = low + arg->outer_per_item;

	(void)thread;
	if (high > arg->outer)
		high = arg->outer;
	for (size_t o = low; o < high; o++) {
		const char *slab = (const char *)share->in->data +
				   o * (size_t)arg->length * arg->inner * element;

		for (size_t i = 0; i < arg->inner; i++) {
			int32_t found = find(arg, slab + i * element);
			size_t to = o * arg->inner + i;

			if (share->out->type == ATOLL_INT32)
				((int32_t *)share->out->data)[to] = found;
			else
				((int64_t *)share->out->data)[to] = found;
		}
	}
}

static int arg_run(const struct kernel_node *node, struct pool *pool)
{
	const struct arg *arg = node->prepared;
	struct share share = { arg, node->input[0], node->output[0] };

	if (share.out->elements > 0)
		pool_run(pool, find_some, &share,
			 (uint32_t)((arg->outer + arg->outer_per_item - 1) /
				    arg->outer_per_item));
	return 0;
}

static void choose_find(struct arg *arg, enum atoll_type type, bool is_max)
{
	switch (type) {
	case ATOLL_UINT8:
		arg->flip = is_max ? 0x80 : 0x7f;
		arg->find = arg->inner == 1 ? NULL : is_max ? max_u8 : min_u8;
		break;
	case ATOLL_INT8:
		arg->flip = is_max ? 0 : 0xff;
		arg->find = arg->inner == 1 ? NULL : is_max ? max_i8 : min_i8;
		break;
	case ATOLL_INT16:
		arg->find = is_max ? max_i16 : min_i16;
		break;
	case ATOLL_INT32:
		arg->find = is_max ? max_i32 : min_i32;
		break;
	case ATOLL_INT64:
		arg->find = is_max ? max_i64 : min_i64;
		break;
	default:
		arg->find = is_max ? max_f32 : min_f32;
	}
}

static int arg_prepare(struct kernel_node *node, struct kernel_setup *setup,
		       bool is_max, struct atoll_error *err)
{
	int32_t dims[ATOLL_RANK_MAX], wanted;
	const struct atoll_tensor *in;
	uint32_t axis, count, rank = 0;
	struct arg *arg;
	size_t per_outer;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, NUMBER_TYPES, err);
	/* The type of the output tensor says the same as the option. */
	if (r == 0)
		r = kernel_check_output(node, 0, KERNEL_TYPE(ATOLL_INT32) |
						 KERNEL_TYPE(ATOLL_INT64), err);
	if (r == 0)
		r = kernel_constant_ints(node, 1, &wanted, 1, &count, err);
	if (r < 0)
		return r;
	if (count != 1)
		return kernel_error(node, err, "input 1 has no axis in it");
	in = node->input[0];
	r = kernel_axis(node, wanted, in->rank, &axis, err);
	if (r < 0)
		return r;
	for (uint32_t d = 0; d < in->rank; d++)
		if (d != axis)
			dims[rank++] = in->dims[d];
	r = kernel_set_shape(node, 0, rank, dims, err);
	if (r < 0)
		return r;
	if (node->output[0]->elements > 0 && in->dims[axis] == 0)
		return kernel_error(node, err, "input (%s): nothing to choose from",
				    in->name);

	arg = kernel_alloc(setup, sizeof(*arg));
	if (!arg)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	arg->outer = move_product(in->dims, 0, axis);
	arg->inner = move_product(in->dims, axis + 1, in->rank);
	arg->length = in->dims[axis];
	per_outer = (size_t)arg->length * arg->inner;
	arg->outer_per_item = per_outer < SHARED_ELEMENTS ?
		SHARED_ELEMENTS / (per_outer + 1) + 1 : 1;
	choose_find(arg, in->type, is_max);
	node->prepared = arg;
	node->run = arg_run;
	return 0;
}

static int arg_max_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	return arg_prepare(node, setup, true, err);
}

static int arg_min_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	return arg_prepare(node, setup, false, err);
}

/*
 * TOPK_V2 keeps the places of the best so far in a heap with the worst of them
 * on top, and at the end takes the heap apart, which sorts it.
 */
struct top {
	size_t rows;
	int32_t length, k;
	bool (*beats)(const void *row, int32_t a, int32_t b);
};

/* Element a comes before b: it is larger, or equal and further ahead. */
#define BEATS(name, type) \
	static bool name(const void *row, int32_t a, int32_t b) \
	{ \
		const type *x = row; \
		\
		return x[a] > x[b] || (!(x[a] < x[b]) && a < b); \
	}

BEATS(beats_u8, uint8_t)
BEATS(beats_i8, int8_t)
BEATS(beats_i16, int16_t)
BEATS(beats_i32, int32_t)
BEATS(beats_i64, int64_t)
BEATS(beats_f32, float)

/* `place` goes in on top of a heap of n and sinks until all below are better. */
static void sink(const struct top *top, const void *row, int32_t *heap, int32_t n,
		 int32_t hole, int32_t place)
{
	for (;;) {
		int32_t child = 2 * hole + 1;

		if (child >= n)
			break;
		if (child + 1 < n && top->beats(row, heap[child], heap[child + 1]))
			child++;
		if (!top->beats(row, place, heap[child]))
			break;
		heap[hole] = heap[child];
		hole = child;
	}
	heap[hole] = place;
}

static void take_top(const struct top *top, const void *row, int32_t *heap)
{
	for (int32_t i = 0; i < top->k; i++)
		heap[i] = i;
	for (int32_t i = top->k / 2; i-- > 0;)
		sink(top, row, heap, top->k, i, heap[i]);
	for (int32_t i = top->k; i < top->length; i++)
		if (top->beats(row, i, heap[0]))
			sink(top, row, heap, top->k, 0, i);
	for (int32_t n = top->k - 1; n > 0; n--) {
		int32_t place = heap[n];

		heap[n] = heap[0];
		sink(top, row, heap, n, 0, place);
	}
}

static int top_run(const struct kernel_node *node, struct pool *pool)
{
	const struct top *top = node->prepared;
	const size_t element = atoll_type_bytes(node->input[0]->type);
	const char *row = node->input[0]->data;
	char *values = node->output[0]->data;
	int32_t *places = node->output[1]->data;

	(void)pool;
	if (top->k == 0)
		return 0;
	for (size_t r = 0; r < top->rows; r++) {
		take_top(top, row, places);
		for (int32_t i = 0; i < top->k; i++, values += element)
			memcpy(values, row + (size_t)places[i] * element, element);
		row += (size_t)top->length * element;
		places += top->k;
	}
	return 0;
}

static void choose_beats(struct top *top, enum atoll_type type)
{
	switch (type) {
	case ATOLL_UINT8:
		top->beats = beats_u8;
		break;
	case ATOLL_INT8:
		top->beats = beats_i8;
		break;
	case ATOLL_INT16:
		top->beats = beats_i16;
		break;
	case ATOLL_INT32:
		top->beats = beats_i32;
		break;
	case ATOLL_INT64:
		top->beats = beats_i64;
		break;
	default:
		top->beats = beats_f32;
	}
}

static int top_prepare(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	int32_t dims[ATOLL_RANK_MAX], k = 0;
	const struct atoll_tensor *in;
	struct top *top;
	uint32_t count;
	int r = kernel_check_counts(node, 2, 2, 2, err);

	if (r == 0)
		r = kernel_check_input(node, 0, NUMBER_TYPES, err);
	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = kernel_check_output(node, 1, KERNEL_TYPE(ATOLL_INT32), err);
	if (r == 0)
		r = kernel_constant_ints(node, 1, &k, 1, &count, err);
	if (r < 0)
		return r;
	in = node->input[0];
	if (in->rank == 0 || count != 1 || k < 0 || k > in->dims[in->rank - 1])
		return kernel_error(node, err, "the first %" PRId32 " of %" PRId32, k,
				    in->rank ? in->dims[in->rank - 1] : 1);
	memcpy(dims, in->dims, sizeof(dims));
	dims[in->rank - 1] = k;
	for (uint32_t o = 0; o < 2; o++) {
		r = kernel_set_shape(node, o, in->rank, dims, err);
		if (r < 0)
			return r;
	}
	top = kernel_alloc(setup, sizeof(*top));
	if (!top)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	top->rows = move_product(in->dims, 0, in->rank - 1);
	top->length = in->dims[in->rank - 1];
	top->k = k;
	choose_beats(top, in->type);
	node->prepared = top;
	node->run = top_run;
	return 0;
}

const struct kernel kernel_arg_max = {
	.code = BUILTIN_ARG_MAX,
	.version_max = 3,
	.types = NUMBER_TYPE_NAMES,
	.prepare = arg_max_prepare,
};

const struct kernel kernel_arg_min = {
	.code = BUILTIN_ARG_MIN,
	.version_max = 3,
	.types = NUMBER_TYPE_NAMES,
	.prepare = arg_min_prepare,
};

const struct kernel kernel_topk_v2 = {
	.code = BUILTIN_TOPK_V2,
	.version_max = 3,
	.types = NUMBER_TYPE_NAMES,
	.prepare = top_prepare,
};
