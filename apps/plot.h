/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_PLOT_H
#define ATOLL_APPS_PLOT_H

#include <stdint.h>

#include "apps/panel.h"

/*
 * How a value has gone, as columns in a block of lines: the latest at the right end.
 *
 *	struct plot plot = plot_new(20, 100);
 *
 *	plot_push(&plot, 61.5);                  now and then
 *	for (row = 0; row < 3; row++) {
 *		panel_put(panel, "%-20s", row == 0 ? "cpu-thermal" : "");
 *		plot_draw(&plot, panel, row, 3);
 *		panel_end_line(panel);
 *	}
 *
 * A value at or below the lower end is no column, one at the upper end or above a whole
 * one. What is not known (NAN) is a gap.
 */
#define PLOT_MOMENTS 512

struct plot {
	double low, high;
	double value[PLOT_MOMENTS]; /* the i-th that was pushed is in i % PLOT_MOMENTS */
	uint64_t pushed;
};

struct plot plot_new(double low, double high);
void plot_push(struct plot *plot, double value);

/* Of `rows` rows, 0 the uppermost, one: as wide as what is left of the line. */
void plot_draw(const struct plot *plot, struct panel *panel, uint32_t row, uint32_t rows);

#endif
