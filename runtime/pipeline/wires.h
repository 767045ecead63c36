/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_PIPELINE_WIRES_H
#define ATOLL_RUNTIME_PIPELINE_WIRES_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/memory.h"
#include "runtime/session.h"

/*
 * Which tensor goes from where to where in a pipeline.
 *
 *	push   queue 0   segment 0   queue 1   segment 1   queue 2   pop
 *
 *	struct wires wires;
 *
 *	r = wires_make(&wires, session, 2, &memory, &err);
 *	w = wires.end[1].input[0];         the wire that brings this input
 *
 * A wire is one tensor from where it is made to the last who reads it. Everything lives
 * in `memory`; names are those of the sessions' models.
 */
struct wire {
	const char *name;
	size_t bytes;
	uint32_t from;       /* the first queue it is in: 0 when it was pushed */
	uint32_t to;         /* the last; segments: it is popped */
};

struct wires {
	uint32_t wires;
	struct wire *wire;   /* [wires], those that are pushed first */
	/* [segments] the wire of each input and output of its session */
	struct wire_ends { uint32_t *input, *output; } *end;
};

/* 0, or -EINVAL or -ENOMEM with a sentence. */
int wires_make(struct wires *wires, struct atoll_session *const *session, uint32_t segments,
	       struct memory *memory, struct atoll_error *err);

#endif
