/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/turn.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/check.h"

#define THREADS 4
#define ROUNDS 200

struct crowd {
	struct turn turn;
	uint32_t rounds[THREADS];   /* whose turn it is may count */
	atomic_uint waiting;
	uint32_t order[THREADS], ordered;
};

struct member {
	struct crowd *crowd;
	uint32_t number;
	pthread_t thread;
};

static void free_it_is_taken_and_taken_it_is_waited_for(void **state)
{
	struct turn turn = TURN_INITIALIZER;

	(void)state;
	assert_int_equal(turn_take(&turn, 0), 0);
	assert_int_equal(turn_take(&turn, 0), -ETIMEDOUT);
	assert_int_equal(turn_take(&turn, 20), -ETIMEDOUT);
	turn_give(&turn);
	assert_int_equal(turn_take(&turn, 0), 0);
	turn_give(&turn);
}

static void *wait_and_sign(void *context)
{
	struct member *member = context;
	struct crowd *crowd = member->crowd;

	atomic_fetch_add(&crowd->waiting, 1);
	if (turn_take(&crowd->turn, 60000) < 0)
		return NULL;
	crowd->order[crowd->ordered++] = member->number;
	turn_give(&crowd->turn);
	return NULL;
}

/* Waiters of the turn, once each of them is in the queue. */
static void wait_for_queue(struct crowd *crowd, uint32_t length)
{
	bool is_long_enough;

	do {
		sched_yield();
		pthread_mutex_lock(&crowd->turn.lock);
		is_long_enough = crowd->turn.first && atomic_load(&crowd->waiting) == length;
		pthread_mutex_unlock(&crowd->turn.lock);
	} while (!is_long_enough);
}

static void it_goes_to_whoever_came_first(void **state)
{
	struct crowd crowd = { .turn = TURN_INITIALIZER };
	struct member member[2];

	(void)state;
	assert_int_equal(turn_take(&crowd.turn, 0), 0);
	for (uint32_t i = 0; i < 2; i++) {
		member[i] = (struct member){ .crowd = &crowd, .number = i };
		assert_int_equal(pthread_create(&member[i].thread, NULL, wait_and_sign,
						&member[i]), 0);
		wait_for_queue(&crowd, i + 1);
		/* The second signs in before it waits; give it a moment to do so, which
		   only makes the test find more. */
		for (int k = 0; i == 1 && k < 100; k++)
			sched_yield();
	}
	turn_give(&crowd.turn);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(member[i].thread, NULL), 0);
	assert_int_equal(crowd.ordered, 2);
	assert_int_equal(crowd.order[0], 0);
	assert_int_equal(crowd.order[1], 1);
	assert_int_equal(turn_take(&crowd.turn, 0), 0);
}

static void *take_often(void *context)
{
	struct member *member = context;
	struct crowd *crowd = member->crowd;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t sum = 0;

		/* Some give up, which must not lose the turn of others. */
		if (turn_take(&crowd->turn, member->number == 0 ? 0 : 60000) < 0)
			continue;
		for (uint32_t k = 0; k < THREADS; k++)
			sum += crowd->rounds[k];
		if (sum == crowd->ordered)
			crowd->rounds[member->number]++;
		crowd->ordered++;
		turn_give(&crowd->turn);
	}
	return NULL;
}

static void only_one_has_it_at_a_time(void **state)
{
	struct crowd crowd = { .turn = TURN_INITIALIZER };
	struct member member[THREADS];
	uint32_t sum = 0;

	(void)state;
	for (uint32_t i = 0; i < THREADS; i++) {
		member[i] = (struct member){ .crowd = &crowd, .number = i };
		assert_int_equal(pthread_create(&member[i].thread, NULL, take_often,
						&member[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(member[i].thread, NULL), 0);
	for (uint32_t i = 0; i < THREADS; i++)
		sum += crowd.rounds[i];
	assert_int_equal(sum, crowd.ordered);
	for (uint32_t i = 1; i < THREADS; i++)
		assert_int_equal(crowd.rounds[i], ROUNDS);
	assert_int_equal(turn_take(&crowd.turn, 0), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_it_is_taken_and_taken_it_is_waited_for),
		cmocka_unit_test(it_goes_to_whoever_came_first),
		cmocka_unit_test(only_one_has_it_at_a_time),
	};
	return CHECK_RUN(tests);
}
