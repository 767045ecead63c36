/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_MEMORY_H
#define ATOLL_RUNTIME_MEMORY_H

#include <stddef.h>

/*
 * Aligned blocks that are freed together.
 *
 *	struct memory memory = { 0 };
 *	void *weights = memory_take(&memory, 1000);
 *
 *	memory_free(&memory);
 */
#define MEMORY_ALIGNMENT 64

/* Readable bytes behind every block, for kernels that load whole vectors. */
#define MEMORY_MARGIN 64

struct memory {
	struct memory_block *newest;
};

/* Zeroed. NULL when out of memory. */
void *memory_take(struct memory *memory, size_t bytes);

void memory_free(struct memory *memory);

#endif
