/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_PLUG_H
#define ATOLL_RUNTIME_SERVE_PLUG_H

#include "board/error.h"
#include "runtime/serve/crew.h"

/*
 * Edge TPUs that come and go: one worker for each that is plugged in.
 *
 *	struct plug *plug = plug_new(crew, &tpu, &err);
 *
 *	every second: plug_look(plug);
 *	plug_free(plug);
 *
 * A place that is empty is given up only when it stays so, since a reset or new
 * firmware takes a device off the bus for a moment.
 */
struct plug;

/* `tpu` is for all of them, but for the place; `name` is what stands before it, as
   "usb" for "usb:1-1.4", and must outlive the plug. */
struct plug *plug_new(struct crew *crew, const struct engine_tpu_options *tpu,
		      struct atoll_error *err);

/* Before the crew is stopped: workers stay. NULL is allowed. */
void plug_free(struct plug *plug);

/* 0, or why the bus cannot be looked at; workers are left as they are then. */
int plug_look(struct plug *plug, struct atoll_error *err);

void plug_set_clock(struct plug *plug, enum edgetpu_clock clock);

#endif
