/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * Greedy by size: the largest block first, each into the tightest gap between
 * the blocks already placed whose lives touch its own. For the models we know
 * the result is the lower bound (the largest sum of blocks alive at one step)
 * or within a few percent of it.
 */

static int larger_first(const void *a, const void *b)
{
	const struct plan_block *x = *(struct plan_block *const *)a;
	const struct plan_block *y = *(struct plan_block *const *)b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	/* Same memory for same model: do not leave ties to the sort. */
	return x < y ? -1 : x > y;
}

static int lower_first(const void *a, const void *b)
{
	const struct plan_block *x = *(struct plan_block *const *)a;
	const struct plan_block *y = *(struct plan_block *const *)b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool meet(const struct plan_block *a, const struct plan_block *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* `neighbour` are the placed blocks alive with this one, by offset. */
static size_t tightest_gap(struct plan_block *const *neighbour, uint32_t count,
			   size_t bytes)
{
	size_t end = 0, best = SIZE_MAX, best_offset = 0;

	for (uint32_t i = 0; i < count; i++) {
		size_t start = neighbour[i]->offset;
		size_t after = start + neighbour[i]->bytes;

		if (start >= end && start - end >= bytes && start - end < best) {
			best = start - end;
			best_offset = end;
		}
		if (after > end)
			end = after;
	}
	return best == SIZE_MAX ? end : best_offset;
}

static int round_up_sizes(struct plan_block *blocks, uint32_t count)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		size_t over = blocks[i].bytes % PLAN_ALIGNMENT;

		if (over && __builtin_add_overflow(blocks[i].bytes,
						   PLAN_ALIGNMENT - over,
						   &blocks[i].bytes))
			return -ENOMEM;
		if (__builtin_add_overflow(sum, blocks[i].bytes, &sum))
			return -ENOMEM;
	}
	return 0;
}

int plan_pack(struct plan_block *blocks, uint32_t count, size_t *arena_bytes)
{
	struct plan_block **by_size, **neighbour;
	size_t arena = 0;
	int r = round_up_sizes(blocks, count);

	if (r < 0)
		return r;
	by_size = calloc(2 * (size_t)count + 1, sizeof(struct plan_block *));
	if (!by_size)
		return -ENOMEM;
	neighbour = by_size + count;
	for (uint32_t i = 0; i < count; i++)
		by_size[i] = &blocks[i];
	qsort(by_size, count, sizeof(*by_size), larger_first);

	for (uint32_t i = 0; i < count; i++) {
		struct plan_block *block = by_size[i];
		uint32_t neighbours = 0;

		for (uint32_t k = 0; k < i; k++)
			if (meet(by_size[k], block))
				neighbour[neighbours++] = by_size[k];
		qsort(neighbour, neighbours, sizeof(struct plan_block *), lower_first);
		block->offset = tightest_gap(neighbour, neighbours, block->bytes);
		if (block->offset + block->bytes > arena)
			arena = block->offset + block->bytes;
	}
	free(by_size);
	*arena_bytes = arena;
	return 0;
}
