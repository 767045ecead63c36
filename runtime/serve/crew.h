/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_CREW_H
#define ATOLL_RUNTIME_SERVE_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/serve/engine.h"
#include "runtime/serve/program.h"
#include "runtime/serve/queue.h"
#include "runtime/serve/status.h"

/*
 * Workers, a thread for each TPU, that take requests from one queue.
 *
 *	struct crew *crew = crew_new(&settings, &err);
 *	struct worker *worker = crew_add(crew, engine, &err);
 *
 *	request.done = answer;
 *	crew_submit(crew, &request);            `answer` is called on some thread
 *	...
 *	crew_dismiss(crew, worker);             and it is gone after a crew_tend
 *	crew_stop(crew);
 *	crew_free(crew);
 *
 * A worker whose engine fails brings it back before it takes another request, and
 * meanwhile the others take them all. A request that failed with its engine is
 * tried once more on another, if there is one. A request that no engine can take,
 * now or once it is up, is answered at once.
 *
 * Everything but `done` happens on the thread of the owner, who calls crew_tend
 * whenever crew_fd is readable.
 */
struct crew;
struct worker;

/* An engine is there and works (again), has failed a request, cannot be brought
   up for now, or is no more. */
enum crew_news { CREW_UP, CREW_FAILED, CREW_DOWN, CREW_GONE };

struct crew_settings {
	uint32_t patience_ms;    /* see queue.h; 0: 100 */
	uint32_t group_ms;       /* 0: 20 */
	/* Something happened to a worker: during crew_tend. May be NULL. */
	void (*changed)(void *data, enum crew_news news, const struct serve_tpu *tpu);
	void *data;
};

struct crew_request {
	struct queue_request queue; /* client, rank; the rest is the crew's */
	struct program *program;
	struct engine_tensors tensors;
	/* On a worker's thread, or inside submit or stop: the request is the caller's
	   again, and the results are there. */
	void (*done)(struct crew_request *request);

	int result;
	struct atoll_error err;
	char device[48];
	int64_t waited_ns, run_ns;

	uint32_t barred;         /* the crew's: workers where it has failed */
};

struct crew *crew_new(const struct crew_settings *settings, struct atoll_error *err);

/* After stop. NULL is allowed. */
void crew_free(struct crew *crew);

void crew_set(struct crew *crew, uint32_t patience_ms, uint32_t group_ms);

/* The engine becomes the worker's, also in failure. At most 32 at a time. */
struct worker *crew_add(struct crew *crew, struct engine *engine, struct atoll_error *err);
/* It ends what it does, gives up its engine, and is never heard of again. */
void crew_dismiss(struct crew *crew, struct worker *worker);
struct engine *crew_engine(struct worker *worker);

void crew_submit(struct crew *crew, struct crew_request *request);
/* True: it has not begun, and `done` will not come. */
bool crew_cancel(struct crew *crew, struct crew_request *request);

/* The last user is gone; the crew frees it when no engine has it loaded. */
void crew_forget(struct crew *crew, struct program *program);

int crew_fd(const struct crew *crew);
void crew_tend(struct crew *crew);

/* What waits is answered with -ECONNRESET, what runs ends, then the engines go. */
void crew_stop(struct crew *crew);

/* Is there a worker that runs what carries its graph? */
bool crew_has_emulated(struct crew *crew);

/* How many workers, and the first `room` of them; the rest of `numbers` that the
   crew knows. */
uint32_t crew_status(struct crew *crew, struct serve_numbers *numbers,
		     struct serve_tpu *tpu, uint32_t room);
/* What only its lock keeps right. */
void crew_program(struct crew *crew, const struct program *program,
		  struct serve_program *row);

#endif
