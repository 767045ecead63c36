/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_PANEL_H
#define ATOLL_APPS_PANEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * A block of lines that stays where it is on the terminal behind stdout.
 *
 *	struct panel *panel = panel_open();
 *
 *	if (panel_is_due(panel)) {
 *		panel_begin(panel);
 *		panel_put(panel, "%.1f a second", rate);
 *		panel_bar(panel, share, 30);
 *		panel_end_line(panel);
 *		panel_end(panel);
 *	}
 *	panel_hide(panel);                       before words on stderr
 *	panel_close(panel);
 *
 * Drawn in one write; never wider or higher than the terminal, so that nothing
 * scrolls or wraps: what does not fit is left out. The cursor is hidden in between.
 * Nothing is allocated after open.
 */
struct panel;

/* NULL when stdout is no terminal, or without memory. */
struct panel *panel_open(void);

/* Leave the block where it is, give the cursor back, free. NULL is allowed. */
void panel_close(struct panel *panel);

/* A tenth of a second after it was drawn, or hidden since: faster, numbers cannot
   be read. */
bool panel_is_due(const struct panel *panel);

/* When it was drawn last, by display_now_ms(); 0: not since it was hidden. */
double panel_drawn_ms(const struct panel *panel);

/* Around a drawing; begin also finds out how large the terminal is now. */
void panel_begin(struct panel *panel);
void panel_end(struct panel *panel);

uint32_t panel_columns(const struct panel *panel); /* that may be used */
uint32_t panel_rows(const struct panel *panel);

/* What fits into the rest of the line; what a terminal would take for an order
   becomes a question mark. */
void panel_put(struct panel *panel, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
uint32_t panel_left(const struct panel *panel); /* columns of this line */
/* Blanks, up to a column counted from the right end of the line. */
void panel_skip_to(struct panel *panel, uint32_t columns_left);
/* display_bar in at most `cells` columns, which it takes whatever its length. */
void panel_bar(struct panel *panel, double share, uint32_t cells);
void panel_end_line(struct panel *panel);

/* For whole lines that are drawn by others: write `lines` of them, each ended in
   PANEL_LINE_END, and say so. */
#define PANEL_LINE_END "\033[K\n"
FILE *panel_file(struct panel *panel);
void panel_add_lines(struct panel *panel, uint32_t lines);

/* Take the block off; the next drawing comes below whatever was written. NULL is
   allowed. */
void panel_hide(struct panel *panel);

#endif
