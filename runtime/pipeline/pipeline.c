/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pipeline/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board/clock.h"
#include "runtime/memory.h"
#include "runtime/pipeline/sets.h"
#include "runtime/pipeline/wires.h"

/*
 * One thread for each segment, a queue before each, and one more at the end:
 *
 *	push   queue 0   segment 0   queue 1   segment 1   queue 2   pop
 *
 * What goes along is a set of tensors, the same struct from push to pop. A segment
 * copies its inputs out of it, gives back the memory of those that nobody after it
 * reads, runs, and puts its outputs in. Copying happens outside the lock: a set that is
 * being filled by a push, or read by a pop, counts as one of its queue meanwhile.
 *
 * The end travels, too: a queue is closed when nothing more will be put into it, and a
 * segment whose queue is closed and empty closes the next. One that fails does the same,
 * and those before it stop, for nobody will take what they make.
 */
struct queue {
	struct set *first, **end;
	uint32_t count, max;    /* max 0: no limit */
	bool is_closed;
	pthread_cond_t filled;  /* or closed */
	pthread_cond_t emptied;
};

struct segment {
	struct atoll_pipeline *pipeline;
	struct atoll_session *session;
	uint32_t index;
	pthread_t thread;
	struct atoll_pipeline_stats stats;
};

struct atoll_pipeline {
	struct memory memory;
	struct wires wires;
	uint32_t segments, threads;
	struct segment *segment;     /* [segments] */

	pthread_mutex_t lock;        /* of all that follows, and of stats */
	pthread_condattr_t by_clock;
	struct queue *queue;         /* [segments + 1] */
	struct sets sets;
	uint32_t failed;             /* segments before this one stop; 0: none failed */
	struct atoll_error error;    /* of the first that failed */
	bool is_dropped;             /* all stop */
};

static void copy(void *to, const void *from, size_t bytes)
{
	if (bytes > 0)
		memcpy(to, from, bytes);
}

/* --- queues, under lock --- */

static bool is_full(const struct queue *queue)
{
	return queue->max > 0 && queue->count >= queue->max;
}

static void append(struct queue *queue, struct set *set)
{
	*queue->end = set;
	queue->end = &set->next;
	pthread_cond_signal(&queue->filled);
}

static struct set *take_first(struct queue *queue)
{
	struct set *set = queue->first;

	queue->first = set->next;
	if (!queue->first)
		queue->end = &queue->first;
	set->next = NULL;
	return set;
}

static void leave(struct queue *queue)
{
	queue->count--;
	pthread_cond_signal(&queue->emptied);
}

static void close_queue(struct queue *queue)
{
	queue->is_closed = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_cond_broadcast(&queue->emptied);
}

static void wake_all(struct atoll_pipeline *p)
{
	for (uint32_t q = 0; q <= p->segments; q++) {
		pthread_cond_broadcast(&p->queue[q].filled);
		pthread_cond_broadcast(&p->queue[q].emptied);
	}
}

/* NULL: no limit. */
static const struct timespec *deadline(int timeout_ms, struct timespec *time)
{
	int64_t end_ns = atoll_clock_ns() + (int64_t)timeout_ms * 1000000;

	if (timeout_ms < 0)
		return NULL;
	time->tv_sec = (time_t)(end_ns / 1000000000);
	time->tv_nsec = (long)(end_ns % 1000000000);
	return time;
}

/* False: the time is over. */
static bool wait_for(struct atoll_pipeline *p, pthread_cond_t *what,
		     const struct timespec *until)
{
	if (!until)
		return pthread_cond_wait(what, &p->lock) == 0;
	return pthread_cond_timedwait(what, &p->lock, until) != ETIMEDOUT;
}

/* --- segments --- */

static bool is_stopping(const struct segment *s)
{
	return s->pipeline->is_dropped || s->index < s->pipeline->failed;
}

/* NULL: there is nothing more to do. */
static struct set *next_set(struct segment *s)
{
	struct atoll_pipeline *p = s->pipeline;
	struct queue *queue = &p->queue[s->index];
	struct set *set = NULL;

	pthread_mutex_lock(&p->lock);
	while (!queue->first && !(queue->is_closed && queue->count == 0) && !is_stopping(s))
		(void)wait_for(p, &queue->filled, NULL); /* until the end, or free */
	if (queue->first && !is_stopping(s)) {
		set = take_first(queue);
		leave(queue);
	}
	pthread_mutex_unlock(&p->lock);
	return set;
}

static void fail(struct segment *s, int r, const char *why)
{
	struct atoll_pipeline *p = s->pipeline;

	pthread_mutex_lock(&p->lock);
	if (p->failed == 0)
		atoll_error_set(&p->error, r, "segment %u: %s", s->index, why);
	if (p->failed < s->index + 1)
		p->failed = s->index + 1;
	wake_all(p);
	pthread_mutex_unlock(&p->lock);
}

static void copy_inputs(struct segment *s, struct set *set)
{
	struct atoll_pipeline *p = s->pipeline;

	for (uint32_t i = 0; i < atoll_session_inputs(s->session); i++) {
		struct atoll_tensor *input = atoll_session_input(s->session, i);

		copy(input->data, set->data[p->wires.end[s->index].input[i]], input->bytes);
	}
	pthread_mutex_lock(&p->lock);
	sets_end(&p->sets, set, s->index);
	pthread_mutex_unlock(&p->lock);
}

static bool run(struct segment *s)
{
	int64_t start_ns = atoll_clock_ns();
	int r = atoll_session_invoke(s->session);
	const char *why;

	if (r < 0) {
		why = atoll_session_error(s->session);
		fail(s, r, *why ? why : strerror(-r));
		return false;
	}
	pthread_mutex_lock(&s->pipeline->lock);
	s->stats.runs++;
	s->stats.time_ns += (uint64_t)(atoll_clock_ns() - start_ns);
	pthread_mutex_unlock(&s->pipeline->lock);
	return true;
}

static bool copy_outputs(struct segment *s, struct set *set)
{
	struct atoll_pipeline *p = s->pipeline;
	bool has_memory;

	pthread_mutex_lock(&p->lock);
	has_memory = sets_begin(&p->sets, set, s->index + 1);
	pthread_mutex_unlock(&p->lock);
	if (!has_memory) {
		fail(s, -ENOMEM, "out of memory");
		return false;
	}
	for (uint32_t i = 0; i < atoll_session_outputs(s->session); i++) {
		const struct atoll_tensor *output = atoll_session_output(s->session, i);

		copy(set->data[p->wires.end[s->index].output[i]], output->data, output->bytes);
	}
	return true;
}

static void hand_on(struct segment *s, struct set *set)
{
	struct atoll_pipeline *p = s->pipeline;
	struct queue *queue = &p->queue[s->index + 1];

	pthread_mutex_lock(&p->lock);
	while (is_full(queue) && !is_stopping(s))
		(void)wait_for(p, &queue->emptied, NULL); /* until popped, or free */
	if (!is_stopping(s)) {
		queue->count++;
		append(queue, set);
	}
	pthread_mutex_unlock(&p->lock);
}

/* A set that is dropped because all stop is freed with the pipeline. */
static void *work(void *argument)
{
	struct segment *s = argument;
	struct atoll_pipeline *p = s->pipeline;
	struct set *set;
	bool is_fine = true;

	while (is_fine && (set = next_set(s)) != NULL) {
		copy_inputs(s, set);
		is_fine = run(s) && copy_outputs(s, set);
		if (is_fine)
			hand_on(s, set);
	}
	pthread_mutex_lock(&p->lock);
	close_queue(&p->queue[s->index + 1]);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* --- making and freeing --- */

static int make_queues(struct atoll_pipeline *p, const struct atoll_pipeline_options *options)
{
	p->queue = memory_take(&p->memory, (p->segments + 1) * sizeof(*p->queue));
	if (!p->queue)
		return -ENOMEM;
	for (uint32_t q = 0; q <= p->segments; q++) {
		struct queue *queue = &p->queue[q];

		queue->end = &queue->first;
		queue->max = 1;
		pthread_cond_init(&queue->filled, &p->by_clock);
		pthread_cond_init(&queue->emptied, &p->by_clock);
	}
	p->queue[0].max = options ? options->input_max : 0;
	p->queue[p->segments].max = options ? options->output_max : 0;
	return 0;
}

/* A queue without a limit begins as if it were for one. */
static int make_sets(struct atoll_pipeline *p)
{
	uint32_t *room = memory_take(&p->memory, (p->segments + 1) * sizeof(*room));

	if (!room)
		return -ENOMEM;
	for (uint32_t q = 0; q <= p->segments; q++)
		room[q] = p->queue[q].max ? p->queue[q].max : 1;
	return sets_make(&p->sets, &p->wires, p->segments, room, &p->memory);
}

static int take_memory(struct atoll_pipeline *p, struct atoll_session *const *session,
		       const struct atoll_pipeline_options *options, struct atoll_error *err)
{
	int r = wires_make(&p->wires, session, p->segments, &p->memory, err);

	if (r < 0)
		return r;
	p->segment = memory_take(&p->memory, p->segments * sizeof(*p->segment));
	if (!p->segment || make_queues(p, options) < 0 || make_sets(p) < 0)
		return atoll_error_set(err, -ENOMEM, "pipeline: out of memory");
	return 0;
}

static int start_threads(struct atoll_pipeline *p, struct atoll_session *const *session,
			 struct atoll_error *err)
{
	for (uint32_t s = 0; s < p->segments; s++) {
		struct segment *segment = &p->segment[s];
		int r;

		segment->pipeline = p;
		segment->session = session[s];
		segment->index = s;
		r = pthread_create(&segment->thread, NULL, work, segment);
		if (r != 0)
			return atoll_error_set(err, -r, "pipeline: thread of segment %u: %s", s,
					       strerror(r));
		p->threads++;
	}
	return 0;
}

ATOLL_API struct atoll_pipeline *
atoll_pipeline_new(struct atoll_session *const *session, uint32_t segments,
		   const struct atoll_pipeline_options *options, struct atoll_error *err)
{
	struct atoll_pipeline *p;

	if (segments == 0) {
		atoll_error_set(err, -EINVAL, "pipeline: at least one segment expected");
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		atoll_error_set(err, -ENOMEM, "pipeline: out of memory");
		return NULL;
	}
	p->memory = MEMORY_UNLIMITED;
	p->segments = segments;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&p->by_clock);
	pthread_condattr_setclock(&p->by_clock, CLOCK_MONOTONIC);
	if (take_memory(p, session, options, err) == 0 && start_threads(p, session, err) == 0)
		return p;
	atoll_pipeline_free(p);
	return NULL;
}

/* Also what was made half. */
ATOLL_API void atoll_pipeline_free(struct atoll_pipeline *p)
{
	if (!p)
		return;
	if (p->queue) {
		pthread_mutex_lock(&p->lock);
		p->is_dropped = true;
		wake_all(p);
		pthread_mutex_unlock(&p->lock);
		for (uint32_t s = 0; s < p->threads; s++)
			pthread_join(p->segment[s].thread, NULL);
		for (uint32_t q = 0; q <= p->segments; q++) {
			pthread_cond_destroy(&p->queue[q].filled);
			pthread_cond_destroy(&p->queue[q].emptied);
		}
	}
	pthread_condattr_destroy(&p->by_clock);
	pthread_mutex_destroy(&p->lock);
	memory_free(&p->memory);
	free(p);
}

/* --- the two ends --- */

ATOLL_API uint32_t atoll_pipeline_inputs(const struct atoll_pipeline *p)
{
	return atoll_session_inputs(p->segment[0].session);
}

ATOLL_API uint32_t atoll_pipeline_outputs(const struct atoll_pipeline *p)
{
	return atoll_session_outputs(p->segment[p->segments - 1].session);
}

static int tell_failure(const struct atoll_pipeline *p, struct atoll_error *err)
{
	return atoll_error_set(err, p->error.code, "%s", p->error.text);
}

/* A place in the first queue, and a set for it. */
static int begin_push(struct atoll_pipeline *p, int timeout_ms, struct set **set,
		      struct atoll_error *err)
{
	struct queue *queue = &p->queue[0];
	struct timespec time;
	const struct timespec *until = deadline(timeout_ms, &time);
	bool is_late = false;

	while (is_full(queue) && !queue->is_closed && !p->failed && !is_late)
		is_late = !wait_for(p, &queue->emptied, until);
	if (p->failed)
		return tell_failure(p, err);
	if (queue->is_closed)
		return atoll_error_set(err, -EPIPE, "pipeline was turned off before");
	if (is_full(queue))
		return atoll_error_set(err, -ETIMEDOUT, "pipeline: no room within %d ms",
				       timeout_ms);
	*set = sets_take(&p->sets);
	if (!*set)
		return atoll_error_set(err, -ENOMEM, "pipeline: out of memory");
	if (!sets_begin(&p->sets, *set, 0)) {
		sets_give(&p->sets, *set);
		return atoll_error_set(err, -ENOMEM, "pipeline: out of memory");
	}
	queue->count++;
	return 0;
}

ATOLL_API int atoll_pipeline_push(struct atoll_pipeline *p, const void *const *input,
				  int timeout_ms, struct atoll_error *err)
{
	struct set *set = NULL;
	int r;

	pthread_mutex_lock(&p->lock);
	r = begin_push(p, timeout_ms, &set, err);
	pthread_mutex_unlock(&p->lock);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < atoll_pipeline_inputs(p); i++) {
		uint32_t w = p->wires.end[0].input[i];

		copy(set->data[w], input[i], p->wires.wire[w].bytes);
	}
	pthread_mutex_lock(&p->lock);
	append(&p->queue[0], set);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

/* 1 and a set that still counts as one of the last queue, 0, or an error. */
static int begin_pop(struct atoll_pipeline *p, int timeout_ms, struct set **set,
		     struct atoll_error *err)
{
	struct queue *queue = &p->queue[p->segments];
	struct timespec time;
	const struct timespec *until = deadline(timeout_ms, &time);
	bool is_late = false;

	while (!queue->first && !queue->is_closed && !is_late)
		is_late = !wait_for(p, &queue->filled, until);
	if (queue->first) {
		*set = take_first(queue);
		return 1;
	}
	if (queue->is_closed)
		return p->failed ? tell_failure(p, err) : 0;
	return atoll_error_set(err, -ETIMEDOUT, "pipeline: nothing came within %d ms",
			       timeout_ms);
}

ATOLL_API int atoll_pipeline_pop(struct atoll_pipeline *p, void *const *output, int timeout_ms,
				 struct atoll_error *err)
{
	struct set *set = NULL;
	int r;

	pthread_mutex_lock(&p->lock);
	r = begin_pop(p, timeout_ms, &set, err);
	pthread_mutex_unlock(&p->lock);
	if (r <= 0)
		return r;
	for (uint32_t i = 0; i < atoll_pipeline_outputs(p); i++) {
		uint32_t w = p->wires.end[p->segments - 1].output[i];

		copy(output[i], set->data[w], p->wires.wire[w].bytes);
	}
	pthread_mutex_lock(&p->lock);
	sets_give(&p->sets, set);
	leave(&p->queue[p->segments]);
	pthread_mutex_unlock(&p->lock);
	return 1;
}

ATOLL_API void atoll_pipeline_end(struct atoll_pipeline *p)
{
	pthread_mutex_lock(&p->lock);
	close_queue(&p->queue[0]);
	pthread_mutex_unlock(&p->lock);
}

ATOLL_API struct atoll_pipeline_stats atoll_pipeline_stats(struct atoll_pipeline *p,
							   uint32_t segment)
{
	struct atoll_pipeline_stats stats = { 0 };

	if (segment >= p->segments)
		return stats;
	pthread_mutex_lock(&p->lock);
	stats = p->segment[segment].stats;
	pthread_mutex_unlock(&p->lock);
	return stats;
}
