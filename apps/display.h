/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_DISPLAY_H
#define ATOLL_APPS_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "camera/frame.h"
#include "runtime/session.h"

/*
 * What programs draw on a terminal, and leave out elsewhere.
 *
 *	struct display_progress progress = display_progress_begin("pictures", 200);
 *
 *	for (i = 0; i < 200; i++) {
 *		display_progress_hide(&progress);
 *		puts(result);
 *		display_progress_step(&progress);
 *	}
 *	display_progress_hide(&progress);
 */

/* A bar on stderr once the work has taken half a second; nothing when stderr is
   not a terminal. */
struct display_progress {
	const char *what;   /* plural: "pictures" */
	uint32_t done, all;
	double start_ms;
	bool is_terminal, is_shown;
};

struct display_progress display_progress_begin(const char *what, uint32_t all);
void display_progress_step(struct display_progress *progress);

/* Take the bar off the line, before something else is written there and at the
   end. */
void display_progress_hide(struct display_progress *progress);

/* A horizontal bar of up to `cells` characters for a share of 0..1, in eighths
   of a cell; plain '#' where the locale's characters are not UTF-8. Returns the
   number of characters. */
uint32_t display_bar(FILE *file, double share, uint32_t cells);

/* Are the locale's characters UTF-8? */
bool display_takes_utf8(void);

/* Milliseconds on a clock that only goes forward. */
double display_now_ms(void);

/*
 * [2 * lines][columns][3] bytes of RGB in colour, two rows to a line (24-bit ANSI
 * colours and half blocks); each line ends in `line_end`.
 */
void display_cells(FILE *file, const uint8_t *rgb, uint32_t columns, uint32_t lines,
		   const char *line_end);

/* How many lines a frame takes that is `columns` wide; at least 1, and never more
   than columns. */
uint32_t display_lines(const struct atoll_frame *frame, uint32_t columns);

/* The frame in such cells, `columns` wide. Draws nothing when stdout is not a
   terminal that takes UTF-8. */
void display_picture(const struct atoll_frame *frame, uint32_t columns);

/* Can stdout show such cells? */
bool display_has_colour(void);

/* Mean time of each operator over the runs so far, on stderr. */
void display_profile(const struct atoll_session_plan *plan);

#endif
