/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/turn.h"

#include <errno.h>
#include <time.h>

/* On the stack of the thread that waits. */
struct turn_waiter {
	struct turn_waiter *next;
	pthread_cond_t called;
	bool is_next;           /* the turn was handed over */
};

static struct timespec deadline(uint32_t timeout_ms)
{
	struct timespec end;

	(void)clock_gettime(CLOCK_MONOTONIC, &end); /* which every Linux has */
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	return end;
}

static struct turn_waiter **link_to(struct turn *turn, const struct turn_waiter *waiter)
{
	struct turn_waiter **at = &turn->first;

	while (*at != waiter)
		at = &(*at)->next;
	return at;
}

static int wait_for(struct turn *turn, uint32_t timeout_ms)
{
	const struct timespec end = deadline(timeout_ms);
	struct turn_waiter self = { .called = PTHREAD_COND_INITIALIZER };
	int r = 0;

	*link_to(turn, NULL) = &self;
	while (!self.is_next && r == 0)
		r = pthread_cond_clockwait(&self.called, &turn->lock, CLOCK_MONOTONIC, &end);
	if (!self.is_next)
		*link_to(turn, &self) = self.next;
	(void)pthread_cond_destroy(&self.called); /* nobody waits on it */
	return self.is_next ? 0 : -ETIMEDOUT;
}

int turn_take(struct turn *turn, uint32_t timeout_ms)
{
	int r = 0;

	pthread_mutex_lock(&turn->lock);
	if (turn->is_taken)
		r = wait_for(turn, timeout_ms);
	else
		turn->is_taken = true;
	pthread_mutex_unlock(&turn->lock);
	return r;
}

void turn_give(struct turn *turn)
{
	struct turn_waiter *next;

	pthread_mutex_lock(&turn->lock);
	next = turn->first;
	turn->is_taken = next;
	if (next) {
		turn->first = next->next;
		next->is_next = true;
		/* Under the lock: it is gone as soon as it may look. */
		pthread_cond_signal(&next->called);
	}
	pthread_mutex_unlock(&turn->lock);
}
