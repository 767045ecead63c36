/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_SERVER_H
#define ATOLL_RUNTIME_SERVE_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "board/error.h"
#include "board/log.h"
#include "board/loop.h"
#include "runtime/serve/crew.h"
#include "runtime/serve/status.h"

/*
 * The daemon's end of the socket: connections, whose they are, what they have
 * loaded, what they may.
 *
 *	struct server *server = server_new(loop, crew, &options, &err);
 *
 *	r = server_listen(server, &place, &err);
 *	status = atoll_loop_run(loop);
 *	server_free(server);
 *
 * A client is a process; it has a connection for each program that it has loaded.
 * Models are read and verified on a thread of the server's own, so that requests of
 * others go on. Everything else happens on the thread of the loop, but for the
 * answers to runs, which are sent from where they ran.
 *
 * Whatever a connection says that PROTOCOL.md does not have ends that connection.
 */
struct server;

struct server_limits {
	uint32_t clients;        /* processes, 0: 64 */
	uint32_t programs;       /* of one client, 0: 16 */
	uint64_t bytes;          /* shared with one client, 0: 256 MiB */
};

struct server_options {
	struct server_limits limits;
	/* A sentence for people; may be NULL. */
	void (*say)(void *data, enum atoll_log_level level, const char *text);
	void *data;
};

struct server_place {
	const char *path;
	mode_t mode;
	gid_t group;             /* (gid_t)-1: as it comes */
};

/* The crew must outlive the server. */
struct server *server_new(struct atoll_loop *loop, struct crew *crew,
			  const struct server_options *options, struct atoll_error *err);

/* Stops listening, then the crew, so that whoever waits is answered; hangs up on
   everyone. NULL is allowed. */
void server_free(struct server *server);

/* Also moves: those who are connected stay so. The old place is kept in failure. */
int server_listen(struct server *server, const struct server_place *place,
		  struct atoll_error *err);

/* For what comes from now on. */
void server_set_limits(struct server *server, const struct server_limits *limits);

/* One more connection, from elsewhere; the descriptor becomes the server's. */
int server_adopt(struct server *server, int fd);

/* How many processes are connected. */
uint32_t server_clients(const struct server *server);

struct serve_status *server_status(struct server *server);

#endif
