/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_HEADER_PINOUT_H
#define ATOLL_APPS_HEADER_PINOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "board/header.h"

/*
 * A header as a drawing of lines: how its pins lie on the board, what each is, and how
 * it stands.
 *
 *	struct pinout_pin now[40] = { 0 };
 *	const struct pinout_style style = { .line_end = "\n" };
 *
 *	now[15] = (struct pinout_pin){ .has_level = true, .is_high = true };
 *	lines = pinout_draw(stdout, "Virtual board", header, now, &style);
 *
 *	                  +-----------+
 *	            3.3 V | [ 1] ( 2) | 5 V
 *	     gpio EINT11  | (15) (16) |     1 EINT0    gpio
 *
 * Where the levels come from is the caller's: nothing here knows of hardware. No line
 * is wider than PINOUT_COLUMNS, so that none wraps on a terminal of 80. Letters that
 * are not plain ASCII, and what a terminal would take for an order, become question
 * marks.
 */
#define PINOUT_COLUMNS 79

struct pinout_pin {
	bool has_direction, is_output;
	bool has_level, is_high;
	char owner[32];      /* who has the line; empty: nobody, or not known */
};

struct pinout_style {
	bool has_colour;     /* what a terminal takes for colours */
	bool has_boxes;      /* UTF-8's lines rather than ASCII's */
	const char *line_end;
};

/* `now` has an entry for each pin, that of pin N at N - 1; NULL: nothing is known.
   Returns how many lines it wrote. */
uint32_t pinout_draw(FILE *file, const char *title, const struct atoll_header *header,
		     const struct pinout_pin *now, const struct pinout_style *style);

#endif
