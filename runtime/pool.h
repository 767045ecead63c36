/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_POOL_H
#define ATOLL_RUNTIME_POOL_H

#include <stdint.h>

#include "board/error.h"

/*
 * Threads that share out the items of one job at a time.
 *
 *	struct pool *pool = pool_new(2, &err);
 *
 *	pool_run(pool, convolve_rows, &work, rows);
 *	pool_free(pool);
 *
 * pool_run stands for this loop, in no particular order, on all threads:
 *
 *	for (uint32_t item = 0; item < items; item++)
 *		task(context, item, thread);
 *
 * The caller is thread 0 and works too. Nothing is allocated after pool_new.
 * A pool belongs to one session; two calls of pool_run never overlap.
 */
struct pool;

#define POOL_THREADS_MAX 64

/* `threads` counts the caller, 1 to POOL_THREADS_MAX. */
struct pool *pool_new(uint32_t threads, struct atoll_error *err);

/* Stop and join. NULL is allowed. */
void pool_free(struct pool *pool);

uint32_t pool_threads(const struct pool *pool);

void pool_run(struct pool *pool,
	      void (*task)(void *context, uint32_t item, uint32_t thread),
	      void *context, uint32_t items);

#endif
