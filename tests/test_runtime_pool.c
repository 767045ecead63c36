/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pool.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "tests/check.h"

#define ITEMS 1000

struct counts {
	uint32_t threads;
	atomic_uint of[ITEMS];
	atomic_uint strangers; /* calls with a thread number that does not exist */
};

static void count(void *context, uint32_t item, uint32_t thread)
{
	struct counts *counts = context;

	atomic_fetch_add(&counts->of[item], 1);
	if (thread >= counts->threads)
		atomic_fetch_add(&counts->strangers, 1);
}

static void every_item_is_done_once_by_a_thread_that_exists(void **state)
{
	static const uint32_t items[] = { 0, 1, 2, 3, 7, ITEMS };
	static struct counts counts;

	(void)state;
	for (uint32_t threads = 1; threads <= 5; threads++) {
		struct pool *pool = pool_new(threads, NULL);

		assert_non_null(pool);
		assert_int_equal(pool_threads(pool), threads);
		for (unsigned i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
			memset(&counts, 0, sizeof(counts));
			counts.threads = threads;
			pool_run(pool, count, &counts, items[i]);
			assert_int_equal(counts.strangers, 0);
			for (uint32_t k = 0; k < ITEMS; k++)
				assert_int_equal(counts.of[k], k < items[i]);
		}
		pool_free(pool);
	}
}

static void fill(void *context, uint32_t item, uint32_t thread)
{
	uint32_t *values = context;

	(void)thread;
	values[item] += item + 1; /* plain memory: the pool must order it */
}

static void a_job_sees_what_earlier_jobs_wrote(void **state)
{
	struct pool *pool = pool_new(3, NULL);
	uint32_t values[16] = { 0 };

	(void)state;
	assert_non_null(pool);
	for (uint32_t job = 1; job <= 3000; job++) {
		pool_run(pool, fill, values, 16);
		if (job % 100 == 0)
			for (uint32_t i = 0; i < 16; i++)
				assert_int_equal(values[i], job * (i + 1));
	}
	pool_free(pool);
}

static void threads_that_fell_asleep_come_back(void **state)
{
	struct pool *pool = pool_new(2, NULL);
	uint32_t values[16] = { 0 };

	(void)state;
	assert_non_null(pool);
	for (uint32_t job = 1; job <= 5; job++) {
		usleep(10000); /* far beyond the time they look for work */
		pool_run(pool, fill, values, 16);
		for (uint32_t i = 0; i < 16; i++)
			assert_int_equal(values[i], job * (i + 1));
	}
	pool_free(pool);
}

struct meeting {
	atomic_uint present;
};

static void meet(void *context, uint32_t item, uint32_t thread)
{
	struct meeting *meeting = context;

	(void)item;
	(void)thread;
	atomic_fetch_add(&meeting->present, 1);
	while (atomic_load(&meeting->present) < 2)
		usleep(100);
}

/* Ends only when two threads are inside at once; the alarm is for when not. */
static void two_items_can_wait_for_each_other(void **state)
{
	struct pool *pool = pool_new(2, NULL);
	struct meeting meeting = { 0 };

	(void)state;
	assert_non_null(pool);
	(void)alarm(60);
	pool_run(pool, meet, &meeting, 2);
	(void)alarm(0);
	assert_int_equal(meeting.present, 2);
	pool_free(pool);
}

static void pools_that_never_worked_end_as_well(void **state)
{
	(void)state;
	for (uint32_t threads = 1; threads <= 8; threads++) {
		struct pool *pool = pool_new(threads, NULL);

		assert_non_null(pool);
		pool_free(pool);
	}
	pool_free(NULL);
}

static void numbers_of_threads_that_make_no_sense_are_refused(void **state)
{
	static const uint32_t numbers[] = { 0, POOL_THREADS_MAX + 1, UINT32_MAX };
	struct atoll_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		memset(&err, 0, sizeof(err));
		assert_null(pool_new(numbers[i], &err));
		assert_int_equal(err.code, -EINVAL);
		assert_non_null(strstr(err.text, "must be 1 to 64"));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_is_done_once_by_a_thread_that_exists),
		cmocka_unit_test(a_job_sees_what_earlier_jobs_wrote),
		cmocka_unit_test(threads_that_fell_asleep_come_back),
		cmocka_unit_test(two_items_can_wait_for_each_other),
		cmocka_unit_test(pools_that_never_worked_end_as_well),
		cmocka_unit_test(numbers_of_threads_that_make_no_sense_are_refused),
	};

	return CHECK_RUN(tests);
}
