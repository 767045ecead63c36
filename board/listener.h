/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_LISTENER_H
#define ATOLL_BOARD_LISTENER_H

#include <sys/types.h>

#include "board/error.h"

/*
 * A UNIX socket with a name in the file system, where clients knock.
 *
 *	struct atoll_listener *door = atoll_listener_open(
 *		&(struct atoll_listener_options){
 *			.path = "/run/atoll/tpu.sock", .type = SOCK_SEQPACKET,
 *			.mode = 0660, .group = (gid_t)-1 }, &err);
 *
 *	watch atoll_listener_fd(door), and for each time it is readable:
 *	fd = atoll_listener_accept(door);
 *	atoll_listener_close(door);
 */
struct atoll_listener;

struct atoll_listener_options {
	const char *path;  /* below an existing folder */
	int type;          /* SOCK_STREAM, SOCK_SEQPACKET */
	mode_t mode;       /* of the socket's name, whatever the umask */
	gid_t group;       /* (gid_t)-1: the one it gets by itself */
};

/*
 * Nobody gets in before mode and group are right. Replaces a socket nobody listens
 * on. NULL with "PATH: why"; -EADDRINUSE when another program serves it, -ENOTSOCK
 * for a file that is something else.
 */
struct atoll_listener *atoll_listener_open(const struct atoll_listener_options *options,
					   struct atoll_error *err);

/* Removes the name, unless it has become another's. NULL is allowed. */
void atoll_listener_close(struct atoll_listener *listener);

/* Readable when somebody knocks. Not to be closed. */
int atoll_listener_fd(const struct atoll_listener *listener);

/* A client's socket, which does not block and is the caller's; or a negative errno,
   after which it is worth waiting again. With no descriptor left the client is
   turned away, since it would knock for ever. */
int atoll_listener_accept(struct atoll_listener *listener);

#endif
