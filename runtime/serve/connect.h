/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_CONNECT_H
#define ATOLL_RUNTIME_SERVE_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/serve/protocol.h"

/*
 * The client's end of the socket.
 *
 *	int fd = connect_daemon(NULL, 0, &err);
 *
 *	r = connect_exchange(fd, &ask, sizeof(ask), NULL, 0, &got, &err);
 *	if (r == 0 && got.message.head.kind != SERVE_STATE)
 *		r = connect_wrong_answer(&got, &err);
 */
#define CONNECT_TIMEOUT_MS 30000

/* A descriptor that waits for at most so long at each call; `path` NULL: the usual
   one, `timeout_ms` 0: CONNECT_TIMEOUT_MS. Or a negative errno with a sentence. */
int connect_daemon(const char *path, uint32_t timeout_ms, struct atoll_error *err);

/*
 * Say one thing and hear one. -EPIPE: it could not be said, the daemon is gone;
 * -ECONNRESET: it went while it had the request; -ETIMEDOUT: no answer.
 */
int connect_exchange(int fd, const void *message, size_t bytes, const int *fds,
		     uint32_t count, struct serve_received *got, struct atoll_error *err);

/* REFUSED in its own words, -EPROTO for anything else. */
int connect_wrong_answer(struct serve_received *got, struct atoll_error *err);

#endif
