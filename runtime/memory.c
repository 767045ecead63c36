/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/memory.h"

#include <stdlib.h>
#include <string.h>

/* Stands in front of each block and keeps its alignment. */
struct memory_block {
	_Alignas(MEMORY_ALIGNMENT) struct memory_block *older;
};

void *memory_take(struct memory *memory, size_t bytes)
{
	struct memory_block *block;
	size_t whole;

	if (__builtin_add_overflow(bytes, sizeof(*block) + MEMORY_MARGIN, &whole) ||
	    whole > memory->left ||
	    posix_memalign((void **)&block, MEMORY_ALIGNMENT, whole) != 0)
		return NULL;
	memory->left -= whole;
	memset(block, 0, whole);
	block->older = memory->newest;
	memory->newest = block;
	return block + 1;
}

void memory_free(struct memory *memory)
{
	struct memory_block *block = memory->newest;

	while (block) {
		struct memory_block *older = block->older;

		free(block);
		block = older;
	}
	memory->newest = NULL;
}
