/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEND_LINES_H
#define ATOLL_APPS_LISTEND_LINES_H

#include <stdint.h>

#include "apps/lines.h"
#include "apps/listend_ear.h"

/*
 * What the daemon says to programs, with the keys of atoll-listend(8).
 *
 *	struct line line = listend_lines_word(lines, listener, word, start_ns);
 *
 *	atoll_events_send(events, line.bytes, line.length);
 */
struct line listend_lines_word(struct lines *lines, const struct listend_listener *listener,
			       const struct hearing_word *word, int64_t start_ns);

/* "microphone": it is back, or lost. */
struct line listend_lines_microphone(struct lines *lines, const struct listend_ear *ear);

/* "overrun": sound is lost, or is whole again. */
struct line listend_lines_loss(struct lines *lines, const struct listend_loss *loss);

/* "state": what there is, for those who begin to listen. */
struct line listend_lines_state(struct lines *lines, const struct listend_ear *ear);

/* "status": how it goes. */
struct listend_numbers {
	uint32_t clients;     /* of the events socket */
	uint64_t dropped;
	int64_t up_ms;
};

struct line listend_lines_status(struct lines *lines, const struct listend_ear *ear,
				 const struct listend_numbers *numbers);

#endif
