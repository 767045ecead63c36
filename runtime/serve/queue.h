/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_QUEUE_H
#define ATOLL_RUNTIME_SERVE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whose turn it is. Requests wait here until a TPU takes the next one it may run.
 *
 *	struct queue queue = { .patience_ns = 100000000, .group_ns = 20000000 };
 *
 *	queue_push(&queue, &request, now_ns);
 *	next = queue_take(&queue, &(struct queue_taker){ .token = token }, now_ns);
 *
 * What comes first:
 *
 *	1. the highest priority that waits;
 *	2. but whoever has waited longer than `patience_ns` goes before that, in at
 *	   most every other turn, so that low priorities never starve and high ones
 *	   still feel it;
 *	3. among equals, programs whose parameters are on the chip already, unless
 *	   another has waited longer than `group_ns` because of that;
 *	4. among those, the client that was served the longest ago;
 *	5. and of that client, its oldest request.
 *
 * Nothing is allocated and no clock is read. Requests and clients are the
 * caller's memory.
 */

/* Smaller is more urgent. */
enum queue_rank { QUEUE_HIGH, QUEUE_NORMAL, QUEUE_LOW, QUEUE_RANKS };

struct queue_client {
	uint64_t served;         /* the turn it last got, 0: none */
};

struct queue_request {
	struct queue_client *client;
	enum queue_rank rank;
	uint64_t token;          /* equal ones share the chip's memory; 0: none */
	int64_t since_ns;        /* set by push, unless it is not 0 */
	struct queue_request *next;
};

struct queue {
	int64_t patience_ns, group_ns;
	struct queue_request *first; /* oldest first */
	uint32_t waiting;
	uint64_t turns;
	bool was_overdue;        /* the last turn went to one who had waited too long */
};

/* A request that was pushed before and took part in a turn keeps its place in time
   with the `since_ns` it has. */
void queue_push(struct queue *queue, struct queue_request *request, int64_t now_ns);

/* False when it does not wait (any more). */
bool queue_remove(struct queue *queue, struct queue_request *request);

struct queue_taker {
	uint64_t token;          /* what is on its chip, 0: nothing */
	/* Whether it may run this one; NULL: all. */
	bool (*may)(const void *context, const struct queue_request *request);
	const void *context;
};

/* Its turn now, and no longer in the queue; NULL when nothing waits that it may run. */
struct queue_request *queue_take(struct queue *queue, const struct queue_taker *taker,
				 int64_t now_ns);

#endif
