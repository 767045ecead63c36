/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_RUN_H
#define ATOLL_RUNTIME_EDGETPU_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/chip.h"
#include "runtime/edgetpu/package.h"
#include "runtime/edgetpu/usb.h"

/*
 * The endpoints of a chip that is awake, and programs walked over them.
 *
 *	struct run_line *line = run_line_open(usb, 6000, 8, &err);
 *	struct run_part part = { .executable = package->main,
 *				 .input = inputs, .output = outputs };
 *
 *	r = run_parts(line, &part, 1, &err);
 *	run_line_close(line);
 *
 * Everything a run needs is there when the line is open. All calls come from one
 * thread, and completions are delivered inside them. No call lasts longer than
 * the timeout after the last byte moved, and what acting on the chip's
 * interrupts takes.
 *
 * When anything fails the line is broken: every transfer has been taken back, and
 * all calls say what it was until run_line_mend or run_line_close.
 */
struct run_line;

/*
 * Standing reads are submitted: events, interrupts, and `reads` of output, each
 * one chunk as chip_wake set it. NULL with a sentence.
 */
struct run_line *run_line_open(struct usb_device *usb, uint32_t timeout_ms, uint32_t reads,
			       struct atoll_error *err);

/*
 * Take all transfers back and free the line; `usb` stays open. NULL is allowed.
 * -EBUSY when the bus does not give them back within RUN_REAP_MS: the line is
 * still there, since its memory is theirs, and may be closed again later.
 */
#define RUN_REAP_MS 2000
int run_line_close(struct run_line *line);

/* See to what came since the last run, without waiting. 0, or why it is broken. */
int run_line_check(struct run_line *line, struct atoll_error *err);

/*
 * When all that happened is that an endpoint stalled before the device had taken
 * or given anything: clear that, and the line is as new. Otherwise -EIO: only a
 * reset tells where in its streams the device is.
 */
int run_line_mend(struct run_line *line, struct atoll_error *err);

/* What goes where for one executable. */
struct run_sink {
	uint8_t *bytes;      /* NULL: dropped */
	size_t room;         /* what comes behind it is dropped */
};

struct run_part {
	const struct edgetpu_executable *executable;
	const uint8_t *const *input;   /* [inputs], size * executions bytes each, as
					  they are sent */
	const struct run_sink *output; /* [outputs] */
	uint8_t *scratch;              /* scratch_bytes */
};

/*
 * Walk the hints of each part, one part behind the other without a pause. 0 when
 * every byte went and came and every interrupt was announced. In failure outputs
 * hold what came until then.
 */
int run_parts(struct run_line *line, const struct run_part *part, uint32_t parts,
	      struct atoll_error *err);

/* Of the last run_parts, also in failure; times by the clock of the bus. */
struct run_report {
	int64_t sent_ns;      /* from the start until all was sent, 0: never */
	int64_t answered_ns;  /* until the first byte of output */
	int64_t run_ns;       /* until the end */
	uint64_t bytes_out, bytes_in;
};
const struct run_report *run_line_report(const struct run_line *line);

/* Complaints of the chip since the last time this was called. */
struct run_troubles {
	uint64_t heat_warnings, heat_shutdowns, fatal_errors;
};
struct run_troubles run_line_take_troubles(struct run_line *line);

#endif
