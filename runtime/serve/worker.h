/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_WORKER_H
#define ATOLL_RUNTIME_SERVE_WORKER_H

#include <pthread.h>

#include "runtime/serve/crew.h"

/*
 * Inside the crew: what its owner and its workers share, and who may run what.
 * Everything that is called here needs the crew's lock.
 */

/* Between attempts to bring an engine up: at first, twice that, ... (worker.c) */
#define WORKER_PAUSE_MS 500

struct resident {
	struct resident *next;
	struct program *program;
	void *loaded;
};

struct worker {
	struct worker *next;
	struct crew *crew;
	struct engine *engine;           /* the thread's too, which frees it */
	bool is_cpu;
	pthread_t thread;
	pthread_cond_t wake;
	struct resident *resident;       /* the thread's */

	/* Under the crew's lock: */
	uint32_t bit;                    /* one of 32, in requests that failed here */
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

struct crew_request *worker_request(const struct queue_request *queue);
void worker_tell_owner(struct crew *crew);

/* Whether somebody can run it, now or once it is up. */
bool worker_has_place(const struct crew *crew, const struct crew_request *request);
/* One that runs what carries its graph. */
bool worker_has_emulated(const struct crew *crew);
/* A request has come into the queue: one who can run it is woken. */
void worker_rouse(struct crew *crew, const struct crew_request *request);
/* The next request comes into the worker's hands, if there is one for it. */
bool worker_take(struct worker *worker);
/* Why nobody runs it becomes its result. */
void worker_explain(const struct crew *crew, struct crew_request *request);
/* Who may run what has changed: requests that nobody can take any more are answered,
   for which the lock is let go for a moment. */
void worker_settle(struct crew *crew);
/* Each looks for something to do. */
void worker_wake_all(struct crew *crew);

/* The thread, which is given its worker. */
void *worker_thread(void *worker);

#endif
