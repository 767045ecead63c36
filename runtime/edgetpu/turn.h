/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_TURN_H
#define ATOLL_RUNTIME_EDGETPU_TURN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A lock that threads get in the order in which they came.
 *
 *	struct turn turn = TURN_INITIALIZER;
 *
 *	r = turn_take(&turn, 60000);
 *	...
 *	turn_give(&turn);
 *
 * A mutex is usually won by the thread that just gave it back: one that runs its
 * model in a loop would keep all others out.
 */
struct turn {
	pthread_mutex_t lock;
	bool is_taken;              /* under lock, like the rest */
	struct turn_waiter *first;  /* in the order in which they came */
};

#define TURN_INITIALIZER { .lock = PTHREAD_MUTEX_INITIALIZER }

/* 0, or -ETIMEDOUT when others had it for so long. */
int turn_take(struct turn *turn, uint32_t timeout_ms);
void turn_give(struct turn *turn);

#endif
