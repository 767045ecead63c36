/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LINES_H
#define ATOLL_APPS_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "board/events.h"
#include "board/json.h"

/*
 * What daemons say to programs: one JSON object per line, as in atoll-events(7).
 *
 *	struct lines *lines = lines_new();
 *	struct atoll_json *json = lines_begin(lines);
 *	struct line line;
 *
 *	atoll_json_string(json, "event", "camera");
 *	lines_stamp(json, atoll_clock_ns());
 *	line = lines_end(lines);
 *	lines_send(events, line);
 *	lines_free(lines);
 *
 * Each line lives until the next one is begun. Memory grows with the longest line
 * and is then kept.
 */
struct lines;

struct line {
	const char *bytes; /* with its newline */
	size_t length;     /* 0: no memory was left */
};

struct lines *lines_new(void); /* NULL: no memory */
void lines_free(struct lines *lines); /* NULL is allowed */

struct atoll_json *lines_begin(struct lines *lines);
struct line lines_end(struct lines *lines);

/* To all who listen, and to those who begin to from now on; to nobody where `events` is
   NULL. A line that there was no memory for is left out. */
void lines_send(struct atoll_events *events, struct line line);
void lines_greet(struct atoll_events *events, struct line line);

/* Room for "2026-11-21T05:22:21.123Z", and more for years the compiler imagines. */
#define LINES_TIME_BYTES 64

/* Now, in universal time. */
const char *lines_time(char text[LINES_TIME_BYTES]);

/* The keys that all events have: "time", which is now, and "monotonic_ns". */
void lines_stamp(struct atoll_json *json, int64_t monotonic_ns);

#endif
