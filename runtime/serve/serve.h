/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_SERVE_H
#define ATOLL_RUNTIME_SERVE_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/backend.h"

/*
 * A program on a TPU that atoll-tpud owns; PROTOCOL.md tells what goes over the
 * socket.
 *
 *	struct serve_options options = { .socket = "/run/atoll/tpu.sock" };
 *	struct backend_program *program = serve_load(&options, &part, &err);
 *
 *	r = program->ops->run(program, &err);
 *	program->ops->free(program);
 *
 * Inputs and outputs are memory shared with the daemon: nothing is copied. A
 * daemon that goes away fails the run under way with -ECONNRESET; the next run
 * connects and loads again, so long as the socket is there, and keeps the
 * tensors' memory.
 */
struct serve_options {
	const char *socket;      /* NULL: SERVE_SOCKET */
	uint32_t priority;       /* enum serve_priority */
	uint32_t timeout_ms;     /* for an answer, 0: 30000 */
};

#define SERVE_SOCKET "/run/atoll/tpu.sock"

enum serve_priority { SERVE_NORMAL, SERVE_HIGH, SERVE_LOW };

struct backend_program *serve_load(const struct serve_options *options,
				   const struct backend_part *part,
				   struct atoll_error *err);

/* Whether a daemon listens there. */
bool serve_is_there(const char *socket);

#endif
