/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/plot.h"

#include <math.h>

#include "apps/display.h"

struct plot plot_new(double low, double high)
{
	return (struct plot){ .low = low, .high = high };
}

void plot_push(struct plot *plot, double value)
{
	plot->value[plot->pushed++ % PLOT_MOMENTS] = value;
}

/* How high the column is, in eighths of a row; one that is there is seen. */
static uint32_t eighths_of(const struct plot *plot, double value, uint32_t rows)
{
	const double share = (value - plot->low) / (plot->high - plot->low);
	uint32_t eighths;

	if (isnan(share) || share <= 0)
		return 0;
	eighths = (uint32_t)lround((share < 1 ? share : 1) * 8 * rows);
	return eighths > 0 ? eighths : 1;
}

static const char *cell(uint32_t eighths)
{
	static const char *const blocks[] = {
		" ",	  "\u2581", "\u2582", "\u2583", "\u2584",
		"\u2585", "\u2586", "\u2587", "\u2588",
	};
	static const char *const plain[] = { " ", ".", ".", ".", ":", ":", ":", "#", "#" };

	return (display_takes_utf8() ? blocks : plain)[eighths];
}

void plot_draw(const struct plot *plot, struct panel *panel, uint32_t row, uint32_t rows)
{
	const uint32_t columns = panel_left(panel), below = 8 * (rows - 1 - row);
	uint64_t known = plot->pushed < PLOT_MOMENTS ? plot->pushed : PLOT_MOMENTS;

	known = known < columns ? known : columns;
	panel_skip_to(panel, (uint32_t)known);
	for (uint64_t i = plot->pushed - known; i < plot->pushed; i++) {
		const uint32_t high = eighths_of(plot, plot->value[i % PLOT_MOMENTS], rows);
		const uint32_t here = high < below ? 0 : high - below;

		panel_put(panel, "%s", cell(here < 8 ? here : 8));
	}
}
