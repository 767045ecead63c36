/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_CACHE_H
#define ATOLL_RUNTIME_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "board/cpu.h"
#include "runtime/model.h"

/*
 * Packed weights kept on disk from one run to the next.
 *
 *	struct cache *cache = cache_open(folder, model, level);
 *
 *	packed = cache_next(cache, bytes);
 *	if (!packed)
 *		packed = ...pack them...;
 *	cache_store(cache, blocks, count);      when something was packed
 *	cache_close(cache);                     at the very end
 *
 * A cache only saves time: whatever is wrong with it (missing, not private,
 * of another version, cut short, damaged), it gives nothing and says nothing.
 */
struct cache;

/* NULL when out of memory or when the folder is not one that only this user can
   enter (mode 0700, same owner); it is made when its parent exists. */
struct cache *cache_open(const char *folder, const struct atoll_model *model,
			 enum cpu_level level);

/* Unmaps what cache_next gave. NULL is allowed. */
void cache_close(struct cache *cache);

/* The next block, 64-byte aligned and read-only, in the order in which they were
   stored; NULL when the file does not hold it in this size, and from then on.
   NULL is allowed. */
const void *cache_next(struct cache *cache, size_t bytes);

/* Every block of the file was asked for, in its size. */
bool cache_is_complete(const struct cache *cache);

/* Write the file anew, whole or not at all. */
struct cache_block {
	const void *data;
	size_t bytes;
};

void cache_store(struct cache *cache, const struct cache_block *blocks, size_t count);

#endif
