/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/serve/queue.h"

#include <stddef.h>

void queue_push(struct queue *queue, struct queue_request *request, int64_t now_ns)
{
	struct queue_request **link = &queue->first;

	if (request->since_ns == 0)
		request->since_ns = now_ns;
	while (*link && (*link)->since_ns <= request->since_ns)
		link = &(*link)->next;
	request->next = *link;
	*link = request;
	queue->waiting++;
}

bool queue_remove(struct queue *queue, struct queue_request *request)
{
	struct queue_request **link = &queue->first;

	while (*link && *link != request)
		link = &(*link)->next;
	if (!*link)
		return false;
	*link = request->next;
	request->next = NULL;
	queue->waiting--;
	return true;
}

static bool is_overdue(const struct queue *queue, const struct queue_request *request,
		       int64_t now_ns)
{
	return now_ns - request->since_ns > queue->patience_ns;
}

/* Those who take part in this turn. */
struct turn {
	const struct queue_taker *taker;
	int64_t now_ns;
	enum queue_rank rank;     /* this one and no other */
	bool is_for_overdue;      /* instead: all who have waited too long */
	bool is_for_group;        /* of those, only who finds its parameters there */
};

static bool takes_part(const struct queue *queue, const struct turn *turn,
		       const struct queue_request *request)
{
	const struct queue_taker *taker = turn->taker;

	if (taker->may && !taker->may(taker->context, request))
		return false;
	if (turn->is_for_overdue)
		return is_overdue(queue, request, turn->now_ns);
	return request->rank == turn->rank &&
	       (!turn->is_for_group || request->token == taker->token);
}

/* What is most urgent, and whether somebody less urgent has waited too long. */
static bool survey(const struct queue *queue, struct turn *turn)
{
	bool has_overdue = false;
	const struct queue_request *request;

	turn->rank = QUEUE_RANKS;
	for (request = queue->first; request; request = request->next)
		if (!turn->taker->may || turn->taker->may(turn->taker->context, request))
			if (request->rank < turn->rank)
				turn->rank = request->rank;
	for (request = queue->first; request; request = request->next)
		if (request->rank > turn->rank && is_overdue(queue, request, turn->now_ns) &&
		    (!turn->taker->may || turn->taker->may(turn->taker->context, request)))
			has_overdue = true;
	return has_overdue;
}

/* There are requests that would find their parameters on the chip, and nobody else
   of this rank has been passed over for too long. */
static bool may_group(const struct queue *queue, const struct turn *turn)
{
	bool has_some = false;
	const struct queue_request *request;

	if (turn->taker->token == 0)
		return false;
	for (request = queue->first; request; request = request->next) {
		if (!takes_part(queue, turn, request))
			continue;
		if (request->token == turn->taker->token)
			has_some = true;
		else if (turn->now_ns - request->since_ns > queue->group_ns)
			return false;
	}
	return has_some;
}

struct queue_request *queue_take(struct queue *queue, const struct queue_taker *taker,
				 int64_t now_ns)
{
	struct turn turn = { .taker = taker, .now_ns = now_ns };
	struct queue_request *best = NULL;

	turn.is_for_overdue = survey(queue, &turn) && !queue->was_overdue;
	if (turn.rank == QUEUE_RANKS)
		return NULL;
	turn.is_for_group = !turn.is_for_overdue && may_group(queue, &turn);
	for (struct queue_request *request = queue->first; request; request = request->next)
		if (takes_part(queue, &turn, request) &&
		    (!best || request->client->served < best->client->served))
			best = request;
	(void)queue_remove(queue, best); /* it is there */
	best->client->served = ++queue->turns;
	queue->was_overdue = turn.is_for_overdue;
	return best;
}
