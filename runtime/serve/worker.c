/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock for the queue and for what all workers know of each other. A worker
 * sleeps until there is something for it: a request that was put into its hands,
 * programs to forget, its end. When it ends a run it looks into the queue itself,
 * so that a TPU does not wait for the owner's thread between two requests.
 *
 *	 owner                                worker
 *	 submit --> queue --> idle worker --> run --> done --> queue ...
 *	 tend   <-- eventfd <-- state changed, program let go, thread ended
 */
#include "runtime/serve/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board/clock.h"

#define PAUSE_LAST_MS 5000

static struct resident **find_resident(struct worker *worker, const struct program *program)
{
	struct resident **link = &worker->resident;

	while (*link && (*link)->program != program)
		link = &(*link)->next;
	return link;
}

static void let_go(struct worker *worker, struct resident **link)
{
	struct resident *resident = *link;

	*link = resident->next;
	worker->engine->ops->unload(worker->engine, resident->loaded);
	pthread_mutex_lock(&worker->crew->lock);
	worker->row.programs--;
	if (--resident->program->holders == 0 && resident->program->is_forgotten)
		worker_tell_owner(worker->crew);
	pthread_mutex_unlock(&worker->crew->lock);
	free(resident);
}

static bool is_forgotten(struct worker *worker, const struct program *program)
{
	bool is_so;

	pthread_mutex_lock(&worker->crew->lock);
	is_so = program->is_forgotten;
	pthread_mutex_unlock(&worker->crew->lock);
	return is_so;
}

static void let_forgotten_go(struct worker *worker)
{
	struct resident **link = &worker->resident;

	while (*link)
		if (is_forgotten(worker, (*link)->program))
			let_go(worker, link);
		else
			link = &(*link)->next;
}

static struct resident *load(struct worker *worker, struct program *program,
			     struct atoll_error *err)
{
	struct resident *resident = *find_resident(worker, program);

	if (resident)
		return resident;
	resident = calloc(1, sizeof(*resident));
	if (!resident) {
		(void)atoll_error_set(err, -ENOMEM, "%s: %s", worker->engine->name,
				      strerror(ENOMEM));
		return NULL;
	}
	resident->loaded = worker->engine->ops->load(worker->engine, program, err);
	if (!resident->loaded) {
		free(resident);
		return NULL;
	}
	resident->program = program;
	resident->next = worker->resident;
	worker->resident = resident;
	pthread_mutex_lock(&worker->crew->lock);
	program->holders++;
	worker->row.programs++;
	pthread_mutex_unlock(&worker->crew->lock);
	return resident;
}

/* The request in its hands, without the lock. False when the engine failed. */
static bool run(struct worker *worker, struct crew_request *request)
{
	const struct resident *resident = load(worker, request->program, &request->err);
	int64_t start = atoll_clock_ns();

	(void)snprintf(request->device, sizeof(request->device), "%s", worker->engine->name);
	if (!resident) {
		request->result = request->err.code;
		return true;
	}
	request->result = worker->engine->ops->run(worker->engine, resident->loaded,
						   &request->tensors, &request->err);
	request->run_ns = atoll_clock_ns() - start;
	return request->result == 0;
}

/* An engine that has failed is brought back before anything else. */
static void go_down(struct worker *worker, const struct atoll_error *err)
{
	worker->state = RISING;
	worker->token = 0;
	worker->row.failures++;
	serve_text(worker->row.why, sizeof(worker->row.why), err->text);
}

/* A second try elsewhere, for one that has not had it. */
static bool move_on(struct worker *worker, struct crew_request *request)
{
	struct crew *crew = worker->crew;
	bool is_first = request->barred == 0;

	request->barred |= worker->bit;
	if (!is_first || crew->is_stopping || !worker_has_place(crew, request))
		return false;
	crew->moved++;
	queue_push(&crew->queue, &request->queue, atoll_clock_ns());
	worker_rouse(crew, request);
	worker_wake_all(crew);
	return true;
}

/* What the engine says of itself goes where others can read it. */
static void note(struct worker *worker, const struct serve_tpu *row)
{
	worker->row.speed_mbit = row->speed_mbit;
	worker->row.clock = row->clock;
	worker->row.millidegrees = row->millidegrees;
	worker->row.has_temperature = row->has_temperature;
	worker->row.recoveries = row->recoveries;
	worker->row.token = row->token;
}

static void work_off(struct worker *worker)
{
	struct crew *crew = worker->crew;
	struct crew_request *request = worker->request;
	uint64_t token = request->queue.token;
	struct serve_tpu row = { .state = 0 };
	bool is_right, is_answered;

	pthread_mutex_unlock(&crew->lock);
	is_right = run(worker, request);
	pthread_mutex_lock(&crew->lock);
	worker->request = NULL;
	crew->running--;
	worker->row.runs++;
	worker->row.busy_ns += (uint64_t)request->run_ns;
	if (is_right) {
		worker->token = token;
		request->program->runs += request->result == 0;
	} else {
		go_down(worker, &request->err);
		worker_tell_owner(crew);
	}
	is_answered = is_right || !move_on(worker, request);
	if (is_answered) {
		crew->requests++;
		crew->failures += request->result < 0;
	}
	pthread_mutex_unlock(&crew->lock);
	if (is_answered)
		request->done(request);
	worker->engine->ops->look(worker->engine, &row);
	pthread_mutex_lock(&crew->lock);
	note(worker, &row);
}

static void bring_up(struct worker *worker)
{
	struct crew *crew = worker->crew;
	struct serve_tpu row = { .state = 0 };
	struct atoll_error err;
	int r;

	pthread_mutex_unlock(&crew->lock);
	r = worker->engine->ops->raise(worker->engine, &err);
	worker->engine->ops->look(worker->engine, &row);
	pthread_mutex_lock(&crew->lock);
	note(worker, &row);
	if (r == 0) {
		worker->state = READY;
		worker->pause_ms = WORKER_PAUSE_MS;
	} else {
		worker->state = DOWN;
		serve_text(worker->row.why, sizeof(worker->row.why), err.text);
		worker->retry_ns = atoll_clock_ns() + worker->pause_ms * INT64_C(1000000);
		worker->pause_ms = worker->pause_ms * 2 < PAUSE_LAST_MS ?
				   worker->pause_ms * 2 : PAUSE_LAST_MS;
	}
	worker_settle(crew);
}

static void pause_until_retry(struct worker *worker)
{
	const struct timespec until = { .tv_sec = worker->retry_ns / 1000000000,
					.tv_nsec = worker->retry_ns % 1000000000 };

	(void)pthread_cond_timedwait(&worker->wake, &worker->crew->lock, &until);
	if (atoll_clock_ns() >= worker->retry_ns) {
		worker->state = RISING;
		worker_tell_owner(worker->crew);
	}
}

static void forget_some(struct worker *worker)
{
	worker->has_forgotten = false;
	pthread_mutex_unlock(&worker->crew->lock);
	let_forgotten_go(worker);
	pthread_mutex_lock(&worker->crew->lock);
}

static void work(struct worker *worker)
{
	struct crew *crew = worker->crew;

	pthread_mutex_lock(&crew->lock);
	for (;;) {
		if (worker->request)
			work_off(worker);
		else if (worker->is_leaving)
			break;
		else if (worker->has_forgotten)
			forget_some(worker);
		else if (worker->state == RISING)
			bring_up(worker);
		else if (worker->state == DOWN)
			pause_until_retry(worker);
		else if (!worker_take(worker)) {
			worker->idle_since_ns = atoll_clock_ns();
			pthread_cond_wait(&worker->wake, &crew->lock);
		}
	}
	pthread_mutex_unlock(&crew->lock);
}

void *worker_thread(void *argument)
{
	struct worker *worker = argument;
	struct crew *crew = worker->crew;
	char name[16]; /* for people who look at threads */

	serve_text(name, sizeof(name), worker->engine->name);
	(void)pthread_setname_np(pthread_self(), name);
	work(worker);
	while (worker->resident)
		let_go(worker, &worker->resident);
	worker->engine->ops->free(worker->engine);
	pthread_mutex_lock(&crew->lock);
	worker->is_over = true;
	worker_tell_owner(crew);
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}
