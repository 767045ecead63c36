/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * One word says everything about the current job:
 *
 *	[ number of the job | open | workers inside ]
 *	  bits 17..63         16     0..15
 *
 * Workers enter an open job and take items until none is left. The caller works
 * too; when it finds no items left it closes the job, so that a worker that
 * wakes up late stays out, and waits only for those inside.
 */
#define INSIDE_MASK UINT64_C(0xffff)
#define OPEN        (UINT64_C(1) << 16)
#define JOB         (UINT64_C(1) << 17)

/*
 * The operators of one inference follow each other within microseconds, while
 * waking a sleeping thread takes tens of them: look for the next job this many
 * times before going to sleep. About 100 us on the x86 machines we measured.
 */
#define LOOKS_BEFORE_SLEEP 2000

/*
 * The items [first, end) that a thread has still to do, as first << 32 | end. A
 * thread takes its own from the front: with every operator that is about the same
 * part of the picture, whose data its cache still holds. Who has none left takes
 * from the back of the others.
 */
struct span {
	_Alignas(64) atomic_ullong items;
};

struct worker {
	struct pool *pool;
	uint32_t index;
	pthread_t thread;
};

struct pool {
	uint32_t started; /* workers that exist; the caller is one more thread */

	void (*task)(void *context, uint32_t item, uint32_t thread);
	void *context;
	_Alignas(64) atomic_ullong job;
	struct span span[POOL_THREADS_MAX]; /* by thread */

	pthread_mutex_t lock;
	pthread_cond_t wake;
	atomic_uint sleepers; /* changed under lock */
	atomic_bool is_stopping;

	struct worker worker[];
};

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static unsigned long long items_between(uint32_t first, uint32_t end)
{
	return (unsigned long long)first << 32 | end;
}

/* One item off the front or the back; false when there is none. */
static bool take_item(struct span *span, bool from_front, uint32_t *item)
{
	unsigned long long items = atomic_load(&span->items), rest;
	uint32_t first, end;

	do {
		first = (uint32_t)(items >> 32);
		end = (uint32_t)items;
		if (first >= end)
			return false;
		*item = from_front ? first : end - 1;
		rest = from_front ? items_between(first + 1, end) :
			items_between(first, end - 1);
	} while (!atomic_compare_exchange_weak(&span->items, &items, rest));
	return true;
}

static void do_items(struct pool *pool, uint32_t thread)
{
	uint32_t threads = pool_threads(pool), item;

	for (uint32_t i = 0; i < threads; i++)
		while (take_item(&pool->span[(thread + i) % threads], i == 0, &item))
			pool->task(pool->context, item, thread);
}

/* The same number for each thread, one more or less. */
static void share_out(struct pool *pool, uint32_t items)
{
	uint32_t threads = pool_threads(pool);

	for (uint32_t i = 0; i < threads; i++) {
		uint32_t first = (uint32_t)((uint64_t)items * i / threads);
		uint32_t end = (uint32_t)((uint64_t)items * (i + 1) / threads);

		atomic_store(&pool->span[i].items, items_between(first, end));
	}
}

/* Enter the job unless it is closed or was `seen` before. */
static bool enter(struct pool *pool, uint64_t *seen)
{
	unsigned long long job = atomic_load(&pool->job);

	while ((job & OPEN) && job / JOB != *seen) {
		if (atomic_compare_exchange_weak(&pool->job, &job, job + 1)) {
			*seen = job / JOB;
			return true;
		}
	}
	return false;
}

static bool has_news(struct pool *pool, uint64_t seen)
{
	unsigned long long job = atomic_load(&pool->job);

	return ((job & OPEN) && job / JOB != seen) || atomic_load(&pool->is_stopping);
}

static void wait_for_news(struct pool *pool, uint64_t seen)
{
	for (unsigned i = 0; i < LOOKS_BEFORE_SLEEP; i++) {
		if (has_news(pool, seen))
			return;
		relax();
	}
	pthread_mutex_lock(&pool->lock);
	atomic_fetch_add(&pool->sleepers, 1);
	while (!has_news(pool, seen))
		pthread_cond_wait(&pool->wake, &pool->lock);
	atomic_fetch_sub(&pool->sleepers, 1);
	pthread_mutex_unlock(&pool->lock);
}

static void *work(void *argument)
{
	struct worker *self = argument;
	struct pool *pool = self->pool;
	uint64_t seen = 0;

	while (!atomic_load(&pool->is_stopping)) {
		if (enter(pool, &seen)) {
			do_items(pool, self->index);
			atomic_fetch_sub(&pool->job, 1);
		}
		wait_for_news(pool, seen);
	}
	return NULL;
}

static void wake_sleepers(struct pool *pool)
{
	if (atomic_load(&pool->sleepers) == 0)
		return;
	pthread_mutex_lock(&pool->lock);
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

void pool_run(struct pool *pool,
	      void (*task)(void *context, uint32_t item, uint32_t thread),
	      void *context, uint32_t items)
{
	unsigned long long job;

	if (pool->started == 0 || items < 2) {
		for (uint32_t item = 0; item < items; item++)
			task(context, item, 0);
		return;
	}
	pool->task = task;
	pool->context = context;
	share_out(pool, items);
	job = atomic_load(&pool->job) / JOB + 1;
	atomic_store(&pool->job, job * JOB | OPEN);
	wake_sleepers(pool);

	do_items(pool, 0);
	atomic_fetch_and(&pool->job, ~OPEN);
	for (unsigned looks = 0; atomic_load(&pool->job) & INSIDE_MASK; looks++) {
		if (looks < LOOKS_BEFORE_SLEEP)
			relax();
		else
			sched_yield(); /* more threads than processors */
	}
}

uint32_t pool_threads(const struct pool *pool)
{
	return pool->started + 1;
}

struct pool *pool_new(uint32_t threads, struct atoll_error *err)
{
	size_t bytes = sizeof(struct pool) + (threads - 1) * sizeof(struct worker);
	struct pool *pool;

	if (threads < 1 || threads > POOL_THREADS_MAX) {
		atoll_error_set(err, -EINVAL, "threads: %u: must be 1 to %d",
				threads, POOL_THREADS_MAX);
		return NULL;
	}
	if (posix_memalign((void **)&pool, _Alignof(struct pool), bytes) != 0) {
		atoll_error_set(err, -ENOMEM, "threads: out of memory");
		return NULL;
	}
	memset(pool, 0, bytes);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);

	while (pool->started < threads - 1) {
		struct worker *worker = &pool->worker[pool->started];
		int r;

		*worker = (struct worker){ .pool = pool, .index = pool->started + 1 };
		r = pthread_create(&worker->thread, NULL, work, worker);
		if (r != 0) {
			atoll_error_set(err, -r, "threads: start number %u: %s",
					pool->started + 2, strerror(r));
			pool_free(pool);
			return NULL;
		}
		pool->started++;
	}
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	atomic_store(&pool->is_stopping, true);
	wake_sleepers(pool);
	for (uint32_t i = 0; i < pool->started; i++)
		pthread_join(pool->worker[i].thread, NULL);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
