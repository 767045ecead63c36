/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_TERMINAL_H
#define ATOLL_TESTS_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A terminal behind stdout, and what somebody before it would see.
 *
 *	struct terminal seen;
 *
 *	terminal_begin(12, 60);
 *	draw();
 *	terminal_end(&seen);
 *	assert_string_equal(seen.row[0], "level  ####");
 *
 * Understands what apps/panel.c says and nothing more: letters, returns, newlines,
 * up, and the erasing of the rest of a line or of all below.
 */
#define TERMINAL_ROWS_MAX 32
#define TERMINAL_COLUMNS_MAX 128

struct terminal {
	/* Ends of rows that are blank are left out. */
	char row[TERMINAL_ROWS_MAX][TERMINAL_COLUMNS_MAX + 1];
	uint32_t drawings;   /* times the cursor went up, and one */
	bool has_cursor;
	bool has_wrapped, has_scrolled;
	bool is_odd;         /* something else was said to it */
};

void terminal_begin(uint32_t rows, uint32_t columns);

/* stdout is again what it was. */
void terminal_end(struct terminal *terminal);

#endif
