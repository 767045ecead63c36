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
#include "runtime/serve/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "board/clock.h"
#include "runtime/serve/serve.h"

#define WORKERS_MAX 32

/* Between attempts to bring an engine up. */
#define PAUSE_FIRST_MS 500
#define PAUSE_LAST_MS 5000

struct resident {
	struct resident *next;
	struct program *program;
	void *loaded;
};

struct worker {
	struct worker *next;
	struct crew *crew;
	struct engine *engine;
	pthread_t thread;
	pthread_cond_t wake;
	struct resident *resident;       /* the thread's */

	/* Under the crew's lock: */
	uint32_t bit;
	enum { RISING, READY, DOWN } state;
	bool is_leaving, is_over;
	bool has_forgotten;              /* programs to let go */
	struct crew_request *request;    /* in its hands */
	uint64_t token;                  /* of what it ran last */
	int64_t idle_since_ns, retry_ns;
	uint32_t pause_ms;
	struct serve_tpu row;            /* counters and words, for who asks */
	struct {                         /* what `changed` heard last */
		bool is_up, is_down;
		uint64_t failures;
	} told;
};

struct crew {
	int fd;
	void (*changed)(void *data, enum crew_news news, const struct serve_tpu *tpu);
	void *data;
	pthread_mutex_t lock;

	/* Under lock: */
	struct queue queue;
	struct worker *worker;
	uint32_t bits;                   /* in use */
	uint32_t running;
	bool is_stopping;
	struct program *forgotten;       /* some worker still has it */
	uint64_t requests, failures, moved;
	struct serve_wait wait[QUEUE_RANKS];
};

static struct crew_request *request_of(const struct queue_request *queue)
{
	return (struct crew_request *)(uintptr_t)queue; /* the first in it */
}

static void tell_owner(struct crew *crew)
{
	(void)eventfd_write(crew->fd, 1); /* full means it knows */
}

/* A TPU that can run it, or will be able to once it is up. */
static bool has_tpu(const struct crew *crew, const struct crew_request *request)
{
	const struct worker *worker;

	for (worker = crew->worker; worker; worker = worker->next)
		if (!worker->engine->is_cpu && !worker->is_leaving &&
		    worker->state != DOWN && !(worker->bit & request->barred))
			return true;
	return false;
}

/* Whether this worker may run this request, at some time. */
static bool suits(const struct worker *worker, const struct crew_request *request)
{
	if (worker->is_leaving || worker->state == DOWN || worker->bit & request->barred)
		return false;
	return !worker->engine->is_cpu ||
	       (request->program->twin && !has_tpu(worker->crew, request));
}

static bool may_take(const void *context, const struct queue_request *queue)
{
	return suits(context, request_of(queue));
}

static bool has_place(const struct crew *crew, const struct crew_request *request)
{
	const struct worker *worker;

	for (worker = crew->worker; worker; worker = worker->next)
		if (suits(worker, request))
			return true;
	return false;
}

/* Take the next request into the worker's hands. */
static bool take(struct worker *worker)
{
	struct crew *crew = worker->crew;
	const struct queue_taker taker = {
		.token = worker->token, .may = may_take, .context = worker };
	int64_t now = atoll_clock_ns();
	struct queue_request *next = queue_take(&crew->queue, &taker, now);
	struct serve_wait *wait;

	if (!next)
		return false;
	worker->request = request_of(next);
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
static void rouse(struct crew *crew, const struct crew_request *request)
{
	struct worker *best = NULL;

	for (struct worker *worker = crew->worker; worker; worker = worker->next)
		if (is_idle(worker) && suits(worker, request) &&
		    (!best || is_better(worker, best, request->queue.token)))
			best = worker;
	if (best && take(best))
		pthread_cond_signal(&best->wake);
}

static const struct worker *first_down(const struct crew *crew)
{
	const struct worker *worker;

	for (worker = crew->worker; worker; worker = worker->next)
		if (!worker->engine->is_cpu && worker->state == DOWN && worker->row.why[0])
			return worker;
	return NULL;
}

/* Why nobody runs it; what went wrong before is the better answer. */
static void explain(const struct crew *crew, struct crew_request *request)
{
	const struct worker *down = first_down(crew);

	if (crew->is_stopping)
		request->result = atoll_error_set(&request->err, -ECONNRESET,
						  "atoll-tpud is being stopped");
	else if (request->barred)
		request->result = request->err.code;
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

		if (!has_place(crew, request_of(request))) {
			(void)queue_remove(&crew->queue, request); /* it is there */
			explain(crew, request_of(request));
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
		request_of(list)->done(request_of(list));
		list = next;
	}
}

/* Who may run what has changed: the CPU may have to step in. */
static void wake_all(struct crew *crew)
{
	for (struct worker *worker = crew->worker; worker; worker = worker->next)
		pthread_cond_signal(&worker->wake);
}

/* The lock is held before and after, not while requests are answered. */
static void settle(struct crew *crew)
{
	struct queue_request *list = homeless(crew);

	wake_all(crew);
	tell_owner(crew);
	if (!list)
		return;
	pthread_mutex_unlock(&crew->lock);
	answer_all(list);
	pthread_mutex_lock(&crew->lock);
}

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
		tell_owner(worker->crew);
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
	if (!is_first || crew->is_stopping || !has_place(crew, request))
		return false;
	crew->moved++;
	queue_push(&crew->queue, &request->queue, atoll_clock_ns());
	rouse(crew, request);
	wake_all(crew);
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
		tell_owner(crew);
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
		worker->pause_ms = PAUSE_FIRST_MS;
	} else {
		worker->state = DOWN;
		serve_text(worker->row.why, sizeof(worker->row.why), err.text);
		worker->retry_ns = atoll_clock_ns() + worker->pause_ms * INT64_C(1000000);
		worker->pause_ms = worker->pause_ms * 2 < PAUSE_LAST_MS ?
				   worker->pause_ms * 2 : PAUSE_LAST_MS;
	}
	settle(crew);
}

static void pause_until_retry(struct worker *worker)
{
	const struct timespec until = { .tv_sec = worker->retry_ns / 1000000000,
					.tv_nsec = worker->retry_ns % 1000000000 };

	(void)pthread_cond_timedwait(&worker->wake, &worker->crew->lock, &until);
	if (atoll_clock_ns() >= worker->retry_ns) {
		worker->state = RISING;
		tell_owner(worker->crew);
	}
}

static void forget_some(struct worker *worker)
{
	worker->has_forgotten = false;
	pthread_mutex_unlock(&worker->crew->lock);
	let_forgotten_go(worker);
	pthread_mutex_lock(&worker->crew->lock);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
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
		else if (!take(worker)) {
			worker->idle_since_ns = atoll_clock_ns();
			pthread_cond_wait(&worker->wake, &crew->lock);
		}
	}
	pthread_mutex_unlock(&crew->lock);
	while (worker->resident)
		let_go(worker, &worker->resident);
	worker->engine->ops->free(worker->engine);
	pthread_mutex_lock(&crew->lock);
	worker->is_over = true;
	tell_owner(crew);
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

static void *start_work(void *argument)
{
	struct worker *worker = argument;

	/* For people who look at threads; the first 15 characters. */
	char name[16];

	serve_text(name, sizeof(name), worker->engine->name);
	(void)pthread_setname_np(pthread_self(), name);
	return work(worker);
}

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
	worker->pause_ms = PAUSE_FIRST_MS;
	serve_text(worker->row.name, sizeof(worker->row.name), engine->name);
	init_wake(&worker->wake);
	pthread_mutex_lock(&crew->lock);
	worker->bit = ~crew->bits & (crew->bits + 1); /* the lowest that is free */
	crew->bits |= worker->bit;
	worker->next = crew->worker;
	crew->worker = worker;
	r = pthread_create(&worker->thread, NULL, start_work, worker);
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
	settle(crew);
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
	has_one = !crew->is_stopping && has_place(crew, request);
	if (has_one) {
		queue_push(&crew->queue, &request->queue, atoll_clock_ns());
		rouse(crew, request);
	} else {
		explain(crew, request);
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
	wake_all(crew);
	tell_owner(crew);
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
	settle(crew);
	while (crew->worker) {
		struct worker *worker = crew->worker;

		pthread_mutex_unlock(&crew->lock);
		join(worker);
		pthread_mutex_lock(&crew->lock);
	}
	pthread_mutex_unlock(&crew->lock);
	free_unheld(crew);
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
