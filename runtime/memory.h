/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_MEMORY_H
#define ATOLL_RUNTIME_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Aligned blocks that are freed together.
 *
 *	struct memory memory = MEMORY_UNLIMITED;
 *	void *weights = memory_take(&memory, 1000);
 *
 *	memory_free(&memory);
 */
#define MEMORY_ALIGNMENT 64

/* Readable bytes behind every block, for kernels that load whole vectors. */
#define MEMORY_MARGIN 64

struct memory {
	struct memory_block *newest;
	size_t left; /* bytes that may still be taken */
};

#define MEMORY_UNLIMITED ((struct memory){ .left = SIZE_MAX })

/* Zeroed. NULL when out of memory or past the limit. */
void *memory_take(struct memory *memory, size_t bytes);

void memory_free(struct memory *memory);

#endif
