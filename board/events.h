/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_EVENTS_H
#define ATOLL_BOARD_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "board/loop.h"

/*
 * A daemon's events for whoever listens: a UNIX stream socket that gives every
 * client one JSON object per line.
 *
 *	events = atoll_events_open(loop, "/run/atoll/visiond.sock", 32, &err);
 *	atoll_events_send(events, line, length);
 *	atoll_events_close(events);
 *
 * Nobody is waited for: a client that has not read when its socket is full is
 * dropped and counted, a client above the limit is turned away. Whoever stays gets
 * every line whole. What clients say is read and forgotten; one that only shuts
 * its own direction still listens. A new client first gets the line that was last
 * given to `greet`, if any: the state of things.
 *
 * All calls belong to the thread that runs the loop.
 */
struct atoll_events;

/* Replaces a socket nobody listens on; -EADDRINUSE when somebody does, -ENOTSOCK
   for another file. Mode 0660, the folder must exist. */
struct atoll_events *atoll_events_open(struct atoll_loop *loop, const char *path,
				       uint32_t clients_max, struct atoll_error *err);

/* Hangs up on everyone and removes the socket. NULL is allowed. */
void atoll_events_close(struct atoll_events *events);

/*
 * `line` of `length` bytes ends in a newline. Every client has it, in its socket,
 * when this returns. A socket holds some hundred short lines, and none that is
 * longer than about 200 KiB (net.core.wmem_default).
 */
void atoll_events_send(struct atoll_events *events, const char *line, size_t length);

/* A copy is kept for clients to come; length 0 greets nobody any more. -ENOMEM. */
int atoll_events_greet(struct atoll_events *events, const char *line, size_t length);

/* How many there are now, and how many were too slow since open. */
uint32_t atoll_events_clients(const struct atoll_events *events);
uint64_t atoll_events_dropped(const struct atoll_events *events);

#endif
