/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_PEER_H
#define ATOLL_RUNTIME_SERVE_PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/serve/crew.h"
#include "runtime/serve/protocol.h"
#include "runtime/serve/server.h"

/*
 * Inside the server: processes, and connections with what was loaded over them.
 * All of it belongs to the loop's thread but for what says otherwise.
 */
struct client {
	struct client *next;
	pid_t pid;
	uid_t uid;
	char name[16];
	uint32_t peers;          /* connections */
	uint32_t programs;       /* of them loaded, or being loaded */
	uint64_t bytes;
	struct queue_client queue;   /* under the crew's lock */
	uint64_t requests, failures; /* under the server's lock */
};

struct peer {
	struct peer *next;
	struct server *server;
	struct client *client;
	int fd;
	enum { PEER_NEW, PEER_LOADING, PEER_LOADED } state;
	uint32_t priority;           /* enum serve_priority */

	/* While it is loaded: what, and what for. */
	struct peer *next_load;
	struct program_source source;
	struct program *candidate;   /* the loader's thread made it */
	struct atoll_error err;      /* or says why not */
	uint64_t charged;            /* of its client's bytes */

	/* Once it is: */
	struct program *program;
	uint8_t *memory;             /* shared */
	size_t memory_bytes;
	void *pointer[SERVE_TENSORS_MAX]; /* into it: inputs, then outputs */
	struct crew_request request;
	uint64_t number;             /* of the request */

	/* Under the server's lock: */
	bool is_busy;                /* the crew has the request */
	bool is_gone;                /* who asked does not wait any more */
	struct peer *next_gone;
};

struct server {
	struct atoll_loop *loop;
	struct crew *crew;
	struct server_limits limits;
	void (*say)(void *data, enum atoll_log_level level, const char *text);
	void *data;
	struct atoll_listener *listener; /* NULL: none yet */
	struct client *client;
	uint32_t clients;
	struct peer *peer;
	struct program *program;         /* with users */
	struct background *loader;
	struct peer *loading;            /* in their order; the first is being loaded */
	int wake_fd;                     /* somebody of `gone` is not busy any more */
	int second;                      /* the timer's handle */
	int64_t begin_ns;
	uint64_t refused;                /* connections that said what they must not */
	uint64_t refused_told;
	int64_t refused_ns;              /* when it was told */

	pthread_mutex_t lock;
	struct peer *gone;               /* under lock: to be freed */
};

/* A connection; takes the fd. NULL when there is no memory, or the loop has none. */
struct peer *peer_new(struct server *server, int fd);

/* Hang up. A run that is under way ends first, into memory that is still there. */
void peer_end(struct peer *peer);
/* Those whose runs are over. */
void peer_bury_gone(struct server *server);

/* Called when there is something to read. */
void peer_read(void *data, uint32_t events);

/* In load.c. The job of the loader's thread, for the first of `loading`. */
int load_work(void *server);
/* Takes the descriptors. */
void load_begin(struct peer *peer, const struct serve_load *load, const int *fds,
		uint32_t count);
/* Not any more, if it has not begun. False: it is being loaded right now. */
bool load_cancel(struct peer *peer);
/* The loader has something for us. */
void load_end(void *data, uint32_t events);
/* Undo what was loaded. */
void load_release(struct peer *peer);

/* Answer REFUSED, of which the peer may make what it likes. */
void peer_refuse(struct peer *peer, int result, const char *text);
void server_say(struct server *server, enum atoll_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
