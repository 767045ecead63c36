/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_PLAN_H
#define ATOLL_RUNTIME_PLAN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Packing memory blocks that live for a while into one arena.
 *
 *	struct plan_block blocks[] = {
 *		{ .bytes = 100, .first = 0, .last = 1 },
 *		{ .bytes = 200, .first = 1, .last = 2 },
 *		{ .bytes = 100, .first = 2, .last = 3 },
 *	};
 *
 *	plan_pack(blocks, 3, &arena_bytes);    the third reuses the first's place
 */
#define PLAN_ALIGNMENT 64

struct plan_block {
	size_t bytes;
	uint32_t first, last; /* steps at which the block is in use, inclusive */
	size_t offset;        /* result, a multiple of PLAN_ALIGNMENT */
};

/*
 * Give each block an offset such that blocks in use at the same step do not
 * overlap. Returns 0 and the arena's size, -ENOMEM when there is no memory for
 * the work or the size cannot be expressed.
 */
int plan_pack(struct plan_block *blocks, uint32_t count, size_t *arena_bytes);

#endif
