/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_WALK_H
#define ATOLL_RUNTIME_EDGETPU_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/run.h"

/*
 * The hints of programs, walked: what is to be sent next, where what comes belongs,
 * and whether that is all. Knows nothing of USB.
 *
 *	walk_begin(&walk, part, parts);
 *	while (!walk_is_over(&walk)) {
 *		if (walk_may_send(&walk, is_sending))
 *			send(walk_next(&walk, header, &length), length);
 *		...
 *		surplus = walk_take_output(&walk, bytes, count);
 *		is_expected = walk_take_interrupt(&walk, tag);
 *	}
 *
 * Two cursors go over the hints of all parts: `out` stands at the next thing to
 * send, `in` at the outfeed that is being filled. What the device says comes by
 * itself; what we may say depends on where `in` stands.
 */
struct walk_cursor {
	uint32_t part, hint;    /* part == parts is the end */
	uint32_t done;          /* bytes of it */
	bool has_header;        /* out: the header was sent */
};

#define WALK_INTERRUPTS 4

struct walk {
	const struct run_part *part;
	uint32_t parts;         /* all zero between runs: nothing is expected */
	struct walk_cursor out, in;
	uint32_t awaited[WALK_INTERRUPTS]; /* in all parts */
	uint32_t passed[WALK_INTERRUPTS];  /* by `out` */
	uint32_t arrived[WALK_INTERRUPTS];
};

/* The parts must outlive the walk. */
void walk_begin(struct walk *walk, const struct run_part *part, uint32_t parts);

/* Everything was handed out, and everything has come. */
bool walk_is_over(const struct walk *walk);
/* Everything was handed out. */
bool walk_is_sent(const struct walk *walk);

/*
 * True: walk_next has something that may be sent now. Nothing is sent while the
 * device still has output for us: its two directions share a path inside, and it
 * may get stuck. `is_sending`: something sent before is still under way, which
 * fences wait for.
 */
bool walk_may_send(struct walk *walk, bool is_sending);

/* The next piece, a header or up to 1 MiB of payload; valid as long as `header`, which
   has the former, and the parts. */
#define WALK_HEADER_BYTES 8
const uint8_t *walk_next(struct walk *walk, uint8_t header[WALK_HEADER_BYTES],
			 uint32_t *length);

/* Output is one stream: what one outfeed leaves belongs to the next. Returns how many
   bytes no outfeed is left for. */
uint32_t walk_take_output(struct walk *walk, const uint8_t *bytes, uint32_t count);

/* False when nothing waits for an event with this tag. */
bool walk_take_interrupt(struct walk *walk, uint32_t tag);

/* For sentences, returning `text`: a piece of this length that was next when `out` was
   `at`, 'the header of input "image" [0+49152]', and what did not come, 'output bytes 0
   to 1024 of "boxes"', at most a chunk of it. */
#define WALK_TEXT 128
const char *walk_piece_text(const struct walk *walk, const struct walk_cursor *at,
			    uint32_t length, char text[WALK_TEXT]);
const char *walk_due_text(const struct walk *walk, uint32_t chunk, char text[WALK_TEXT]);

#endif
