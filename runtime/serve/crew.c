/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's side: who is hired, asked and dismissed. */
#include "runtime/serve/crew.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "board/clock.h"
#include "runtime/serve/serve.h"
#include "runtime/serve/worker.h"

ATOLL_API struct crew *crew_new(const struct crew_settings *settings, struct atoll_error *err)
{
	struct crew *crew = calloc(1, sizeof(*crew));

	if (!crew) {
		(void)atoll_error_set(err, -ENOMEM, "workers: %s", strerror(ENOMEM));
		return NULL;
	}
	crew->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (crew->fd < 0) {
		(void)atoll_error_set(err, -errno, "workers: eventfd: %s", strerror(errno));
		free(crew);
		return NULL;
	}
	(void)pthread_mutex_init(&crew->lock, NULL); /* cannot fail on Linux */
	crew->changed = settings->changed;
	crew->data = settings->data;
	crew_set(crew, settings->patience_ms, settings->group_ms);
	return crew;
}

ATOLL_API void crew_free(struct crew *crew)
{
	if (!crew)
		return;
	crew_stop(crew);
	(void)pthread_mutex_destroy(&crew->lock); /* nobody is left */
	(void)close(crew->fd); /* nothing to lose */
	free(crew);
}

ATOLL_API void crew_set(struct crew *crew, uint32_t patience_ms, uint32_t group_ms)
{
	pthread_mutex_lock(&crew->lock);
	crew->queue.patience_ns = (patience_ms ? patience_ms : 100) * INT64_C(1000000);
	crew->queue.group_ns = (group_ms ? group_ms : 20) * INT64_C(1000000);
	pthread_mutex_unlock(&crew->lock);
}

static void init_wake(pthread_cond_t *wake)
{
	pthread_condattr_t attributes;

	/* None of these can fail on Linux. */
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(wake, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

static void bury(struct worker *worker)
{
	struct crew *crew = worker->crew;
	struct worker **link = &crew->worker;

	while (*link && *link != worker)
		link = &(*link)->next;
	if (*link)
		*link = worker->next;
	crew->bits &= ~worker->bit;
	(void)pthread_cond_destroy(&worker->wake); /* nobody waits */
	free(worker);
}

ATOLL_API struct worker *crew_add(struct crew *crew, struct engine *engine, struct atoll_error *err)
{
	struct worker *worker = crew->bits == UINT32_MAX ? NULL : calloc(1, sizeof(*worker));
	struct worker **link = &crew->worker;
	int r;

	if (!worker) {
		(void)atoll_error_set(err, -ENOMEM, "%s: %s", engine->name,
				      crew->bits == UINT32_MAX ? "there are 32 already" :
				      strerror(ENOMEM));
		engine->ops->free(engine);
		return NULL;
	}
	worker->crew = crew;
	worker->engine = engine;
	worker->is_cpu = engine->is_cpu;
	worker->pause_ms = WORKER_PAUSE_MS;
	serve_text(worker->row.name, sizeof(worker->row.name), engine->name);
	init_wake(&worker->wake);
	pthread_mutex_lock(&crew->lock);
	worker->bit = ~crew->bits & (crew->bits + 1); /* the lowest that is free */
	crew->bits |= worker->bit;
	while (*link)
		link = &(*link)->next;
	*link = worker;
	r = pthread_create(&worker->thread, NULL, worker_thread, worker);
	if (r != 0)
		bury(worker);
	pthread_mutex_unlock(&crew->lock);
	if (r == 0)
		return worker;
	(void)atoll_error_set(err, -r, "%s: thread: %s", engine->name, strerror(r));
	engine->ops->free(engine);
	return NULL;
}

ATOLL_API void crew_dismiss(struct crew *crew, struct worker *worker)
{
	pthread_mutex_lock(&crew->lock);
	worker->is_leaving = true;
	worker_settle(crew);
	pthread_mutex_unlock(&crew->lock);
}

struct engine *crew_engine(struct worker *worker)
{
	return worker->engine;
}

void crew_submit(struct crew *crew, struct crew_request *request)
{
	bool has_one;

	request->err = (struct atoll_error){ .code = 0 };
	request->result = 0;
	request->device[0] = '\0';
	request->waited_ns = 0;
	request->run_ns = 0;
	request->barred = 0;
	request->queue.token = request->program->token;
	request->queue.since_ns = 0;
	pthread_mutex_lock(&crew->lock);
	has_one = !crew->is_stopping && worker_has_place(crew, request);
	if (has_one) {
		queue_push(&crew->queue, &request->queue, atoll_clock_ns());
		worker_rouse(crew, request);
	} else {
		worker_explain(crew, request);
		crew->requests++;
		crew->failures++;
	}
	pthread_mutex_unlock(&crew->lock);
	if (!has_one)
		request->done(request);
}

bool crew_cancel(struct crew *crew, struct crew_request *request)
{
	bool was_waiting;

	pthread_mutex_lock(&crew->lock);
	was_waiting = queue_remove(&crew->queue, &request->queue);
	pthread_mutex_unlock(&crew->lock);
	return was_waiting;
}

void crew_forget(struct crew *crew, struct program *program)
{
	pthread_mutex_lock(&crew->lock);
	program->is_forgotten = true;
	program->next_forgotten = crew->forgotten;
	crew->forgotten = program;
	for (struct worker *worker = crew->worker; worker; worker = worker->next)
		worker->has_forgotten = true;
	worker_wake_all(crew);
	worker_tell_owner(crew);
	pthread_mutex_unlock(&crew->lock);
}

int crew_fd(const struct crew *crew)
{
	return crew->fd;
}

static struct program *take_unheld(struct crew *crew)
{
	struct program **link = &crew->forgotten, *program;

	while (*link && (*link)->holders > 0)
		link = &(*link)->next_forgotten;
	program = *link;
	if (program)
		*link = program->next_forgotten;
	return program;
}

static void free_unheld(struct crew *crew)
{
	struct program *program;

	do {
		pthread_mutex_lock(&crew->lock);
		program = take_unheld(crew);
		pthread_mutex_unlock(&crew->lock);
		program_free(program);
	} while (program);
}

static uint32_t state_of(const struct worker *worker)
{
	if (worker->request)
		return SERVE_TPU_BUSY;
	return worker->state == DOWN ? SERVE_TPU_DOWN :
	       worker->state == RISING ? SERVE_TPU_RISING : SERVE_TPU_IDLE;
}

/* One thing that the owner has not heard of this worker. */
static bool has_news(struct worker *worker, enum crew_news *news)
{
	if (worker->is_over) {
		*news = CREW_GONE;
	} else if (worker->row.failures > worker->told.failures) {
		worker->told.failures = worker->row.failures;
		worker->told.is_up = false;
		*news = CREW_FAILED;
	} else if (worker->state == DOWN && !worker->told.is_down) {
		worker->told.is_up = false;
		worker->told.is_down = true;
		*news = CREW_DOWN;
	} else if (worker->state == READY && !worker->told.is_up) {
		worker->told.is_up = true;
		worker->told.is_down = false;
		*news = CREW_UP;
	} else {
		return false;
	}
	return true;
}

/* The next worker with news; one that is over is taken out. */
static struct worker *next_news(struct crew *crew, enum crew_news *news,
				struct serve_tpu *row)
{
	struct worker *worker;

	pthread_mutex_lock(&crew->lock);
	for (worker = crew->worker; worker; worker = worker->next)
		if (has_news(worker, news))
			break;
	if (worker) {
		*row = worker->row;
		row->state = state_of(worker);
	}
	pthread_mutex_unlock(&crew->lock);
	return worker;
}

static void join(struct worker *worker)
{
	struct crew *crew = worker->crew;

	(void)pthread_join(worker->thread, NULL); /* it says that it is over */
	pthread_mutex_lock(&crew->lock);
	bury(worker);
	pthread_mutex_unlock(&crew->lock);
}

ATOLL_API void crew_tend(struct crew *crew)
{
	struct serve_tpu row;
	enum crew_news news;
	struct worker *worker;
	eventfd_t count;

	(void)eventfd_read(crew->fd, &count); /* nothing to read is fine */
	free_unheld(crew);
	while ((worker = next_news(crew, &news, &row))) {
		if (news == CREW_GONE)
			join(worker);
		if (crew->changed)
			crew->changed(crew->data, news, &row);
	}
}

void crew_stop(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->is_stopping = true;
	for (struct worker *worker = crew->worker; worker; worker = worker->next)
		worker->is_leaving = true;
	worker_settle(crew);
	while (crew->worker) {
		struct worker *worker = crew->worker;

		pthread_mutex_unlock(&crew->lock);
		join(worker);
		pthread_mutex_lock(&crew->lock);
	}
	pthread_mutex_unlock(&crew->lock);
	free_unheld(crew);
}

bool crew_has_emulated(struct crew *crew)
{
	bool has_one;

	pthread_mutex_lock(&crew->lock);
	has_one = worker_has_emulated(crew);
	pthread_mutex_unlock(&crew->lock);
	return has_one;
}

uint32_t crew_status(struct crew *crew, struct serve_numbers *numbers,
		     struct serve_tpu *tpu, uint32_t room)
{
	uint32_t count = 0;

	pthread_mutex_lock(&crew->lock);
	for (struct worker *worker = crew->worker; worker; worker = worker->next, count++)
		if (count < room) {
			tpu[count] = worker->row;
			tpu[count].state = state_of(worker);
		}
	numbers->waiting = crew->queue.waiting;
	numbers->running = crew->running;
	numbers->requests = crew->requests;
	numbers->failures = crew->failures;
	numbers->moved = crew->moved;
	numbers->wait[SERVE_NORMAL] = crew->wait[QUEUE_NORMAL];
	numbers->wait[SERVE_HIGH] = crew->wait[QUEUE_HIGH];
	numbers->wait[SERVE_LOW] = crew->wait[QUEUE_LOW];
	pthread_mutex_unlock(&crew->lock);
	return count;
}

void crew_program(struct crew *crew, const struct program *program,
		  struct serve_program *row)
{
	pthread_mutex_lock(&crew->lock);
	row->holders = program->holders;
	row->runs = program->runs;
	pthread_mutex_unlock(&crew->lock);
}
