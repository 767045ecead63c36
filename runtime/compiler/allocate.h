/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_ALLOCATE_H
#define ATOLL_RUNTIME_COMPILER_ALLOCATE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/compiler/blocks.h"
#include "runtime/compiler/graph.h"
#include "runtime/compiler/partition.h"

/*
 * Which blocks stay on the chip.
 *
 *	struct compiler_load load[2] = {
 *		{ .blocks = n, .block = first, .is_cached = flags },
 *		{ .blocks = m, .block = second, .is_cached = more_flags },
 *	};
 *
 *	left = compiler_allocate(load, 2, capacity, false);
 *
 * Depthwise layers first, then the rest from the largest block to the smallest, each
 * that still fits. All models are one pool, or each has what those before it left.
 */
struct compiler_load {
	uint32_t blocks;
	const struct compiler_block *block; /* [blocks] in their order */
	bool *is_cached;                    /* [blocks] the answer */
};

/* Bytes that are left over. */
uint64_t compiler_allocate(struct compiler_load *load, uint32_t loads, uint64_t capacity,
			   bool is_in_order);

/*
 * Bytes for parameters that a part leaves on the chip: 8 MiB less what its activations
 * need. An estimate, see the sources' comment.
 */
uint64_t compiler_capacity(const struct compiler_graph *graph, const struct compiler_part *part);

/* Bytes of a tile's narrow memory that the part's activations take at their peak. */
uint32_t compiler_narrow_bytes(const struct compiler_graph *graph,
			       const struct compiler_part *part);

#endif
