/* SPDX-License-Identifier: Apache-2.0 */
/* Which worker gets which request, and which request nobody can have. */
#include "runtime/serve/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "board/clock.h"

struct crew_request *worker_request(const struct queue_request *queue)
{
	return (struct crew_request *)(uintptr_t)queue; /* the first in it */
}

void worker_tell_owner(struct crew *crew)
{
	(void)eventfd_write(crew->fd, 1); /* full means it knows */
}

/* A graph in place of instructions is nothing for a real one. */
static bool understands(const struct worker *worker, const struct program *program)
{
	return !program->is_carried || worker->engine->is_emulated;
}

bool worker_has_emulated(const struct crew *crew)
{
	const struct worker *worker;

	for (worker = crew->worker; worker; worker = worker->next)
		if (worker->engine->is_emulated && !worker->is_leaving)
			return true;
	return false;
}

/* A TPU that can run it, or will be able to once it is up. */
static bool has_tpu(const struct crew *crew, const struct crew_request *request)
{
	const struct worker *worker;

	for (worker = crew->worker; worker; worker = worker->next)
		if (!worker->is_cpu && understands(worker, request->program) &&
		    !worker->is_leaving && worker->state != DOWN &&
		    !(worker->bit & request->barred))
			return true;
	return false;
}

/* Whether this worker may run this request, at some time. */
static bool suits(const struct worker *worker, const struct crew_request *request)
{
	if (worker->is_leaving || worker->state == DOWN || worker->bit & request->barred)
		return false;
	if (!worker->is_cpu)
		return understands(worker, request->program);
	return request->program->twin && !has_tpu(worker->crew, request);
}

static bool may_take(const void *context, const struct queue_request *queue)
{
	return suits(context, worker_request(queue));
}

bool worker_has_place(const struct crew *crew, const struct crew_request *request)
{
	const struct worker *worker;

	for (worker = crew->worker; worker; worker = worker->next)
		if (suits(worker, request))
			return true;
	return false;
}

/* Take the next request into the worker's hands. */
bool worker_take(struct worker *worker)
{
	struct crew *crew = worker->crew;
	const struct queue_taker taker = {
		.token = worker->token, .may = may_take, .context = worker };
	int64_t now = atoll_clock_ns();
	struct queue_request *next = queue_take(&crew->queue, &taker, now);
	struct serve_wait *wait;

	if (!next)
		return false;
	worker->request = worker_request(next);
	crew->running++;
	worker->request->waited_ns = now - next->since_ns;
	wait = &crew->wait[next->rank];
	wait->requests++;
	wait->total_ns += (uint64_t)worker->request->waited_ns;
	if (wait->longest_ns < (uint64_t)worker->request->waited_ns)
		wait->longest_ns = (uint64_t)worker->request->waited_ns;
	return true;
}

static bool is_idle(const struct worker *worker)
{
	return worker->state == READY && !worker->request && !worker->is_leaving;
}

/* Of two idle workers: the one with the parameters on its chip, or with none, so
   that none are driven out; or who has been idle for longer. */
static bool is_better(const struct worker *a, const struct worker *b, uint64_t token)
{
	bool a_has = token != 0 && a->token == token, b_has = token != 0 && b->token == token;

	if (a_has != b_has)
		return a_has;
	if ((a->token == 0) != (b->token == 0))
		return a->token == 0;
	return a->idle_since_ns < b->idle_since_ns;
}

/* A request has come into the queue: wake one who can run it. */
void worker_rouse(struct crew *crew, const struct crew_request *request)
{
	struct worker *best = NULL;

	for (struct worker *worker = crew->worker; worker; worker = worker->next)
		if (is_idle(worker) && suits(worker, request) &&
		    (!best || is_better(worker, best, request->queue.token)))
			best = worker;
	if (best && worker_take(best))
		pthread_cond_signal(&best->wake);
}

static const struct worker *first_down(const struct crew *crew)
{
	const struct worker *worker;

	for (worker = crew->worker; worker; worker = worker->next)
		if (!worker->is_cpu && worker->state == DOWN && worker->row.why[0])
			return worker;
	return NULL;
}

/* Why nobody runs it; what went wrong before is the better answer. */
void worker_explain(const struct crew *crew, struct crew_request *request)
{
	const struct worker *down = first_down(crew);

	if (crew->is_stopping)
		request->result = atoll_error_set(&request->err, -ECONNRESET,
						  "atoll-tpud is being stopped");
	else if (request->barred)
		request->result = request->err.code;
	else if (request->program->is_carried && !worker_has_emulated(crew))
		request->result = atoll_error_set(&request->err, -ENOTSUP,
						  "no emulated Edge TPU: " PROGRAM_IS_CARRIED);
	else if (down)
		request->result = atoll_error_set(&request->err, -ENODEV, "%s",
						  down->row.why);
	else
		request->result = atoll_error_set(&request->err, -ENODEV,
						  "no Edge TPU is plugged in");
}

/* Requests that nobody can take any more, as a list. */
static struct queue_request *homeless(struct crew *crew)
{
	struct queue_request *request = crew->queue.first, *list = NULL;

	while (request) {
		struct queue_request *next = request->next;

		if (!worker_has_place(crew, worker_request(request))) {
			(void)queue_remove(&crew->queue, request); /* it is there */
			worker_explain(crew, worker_request(request));
			crew->requests++;
			crew->failures++;
			request->next = list;
			list = request;
		}
		request = next;
	}
	return list;
}

static void answer_all(struct queue_request *list)
{
	while (list) {
		struct queue_request *next = list->next;

		list->next = NULL;
		worker_request(list)->done(worker_request(list));
		list = next;
	}
}

/* Who may run what has changed: the CPU may have to step in. */
void worker_wake_all(struct crew *crew)
{
	for (struct worker *worker = crew->worker; worker; worker = worker->next)
		pthread_cond_signal(&worker->wake);
}

/* The lock is held before and after, not while requests are answered. */
void worker_settle(struct crew *crew)
{
	struct queue_request *list = homeless(crew);

	worker_wake_all(crew);
	worker_tell_owner(crew);
	if (!list)
		return;
	pthread_mutex_unlock(&crew->lock);
	answer_all(list);
	pthread_mutex_lock(&crew->lock);
}
