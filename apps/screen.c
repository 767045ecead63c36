/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/display.h"
#include "apps/panel.h"
#include "camera/convert.h"

#define MEAN_LOOKS 8      /* a mean follows over about so many */
#define LABEL_COLUMNS 20
#define THINGS_MAX 8      /* of a model, to keep the block small */
#define CLASSES_USUAL 3   /* as many as vision.h tells unless asked */
#define PICTURE_COLUMNS_MAX 64
#define OTHER_LINES 3     /* name, times, counts */

struct screen {
	struct panel *panel;
	double seen_ms;
	double between_ms, capture_ms;  /* means */
	double convert_ms[LIVE_MODELS_MAX], run_ms[LIVE_MODELS_MAX];
	uint64_t looks;

	uint32_t top;            /* things of each model, 0: as usual */
	bool has_picture;
	struct atoll_convert *convert;
	uint8_t *rgb;            /* [2 * cell_lines][cell_columns][3] */
	uint32_t cell_columns, cell_lines;
	bool has_cells;          /* of the last frame drawn */
};

struct screen *screen_open(uint32_t top, bool has_picture)
{
	struct screen *screen = calloc(1, sizeof(*screen));

	if (!screen)
		return NULL;
	screen->panel = panel_open();
	if (!screen->panel) {
		free(screen);
		return NULL;
	}
	screen->top = top;
	screen->has_picture = has_picture && display_has_colour();
	return screen;
}

void screen_hide(struct screen *screen)
{
	if (screen)
		panel_hide(screen->panel);
}

static void draw_head(struct screen *screen, const struct live_look *look)
{
	char speed[32] = "";

	if (screen->between_ms > 0)
		(void)snprintf(speed, sizeof(speed), "%.1f a second",
			       1e3 / screen->between_ms);
	panel_put(screen->panel, "%s  %ux%u %s  ", look->name, look->frame->width,
		  look->frame->height, atoll_pixels_name(look->frame->pixels));
	panel_skip_to(screen->panel, (uint32_t)strlen(speed));
	panel_put(screen->panel, "%s", speed);
	panel_end_line(screen->panel);
}

static void draw_thing(struct screen *screen, const struct vision_thing *thing)
{
	struct panel *panel = screen->panel;
	uint32_t after_label;

	panel_put(panel, "  %5.1f %%  ", 100 * (double)thing->score);
	after_label =
		panel_left(panel) > LABEL_COLUMNS ? panel_left(panel) - LABEL_COLUMNS : 0;
	panel_put(panel, "%s ", thing->label);
	panel_skip_to(panel, after_label);
	if (panel_left(panel) > 1)
		panel_bar(panel, (double)thing->score, panel_left(panel) - 1);
}

/* How many lines of things there is room for beneath each model. */
static uint32_t things_of(const struct screen *screen, const struct live_look *look,
			  uint32_t model)
{
	const bool has_classes = vision_kind(look->model[model]) == VISION_CLASSES;
	const uint32_t usual = has_classes ? CLASSES_USUAL : THINGS_MAX;
	const uint32_t asked = screen->top ? screen->top : usual;
	const uint32_t wanted = asked < THINGS_MAX ? asked : THINGS_MAX;
	const uint32_t names = look->models > 1 ? look->models : 0;
	const uint32_t fixed = OTHER_LINES + names;
	const uint32_t rows = panel_rows(screen->panel);
	const uint32_t room = rows > fixed ? (rows - fixed) / look->models : 0;

	return wanted < room ? wanted : room;
}

static void draw_model(struct screen *screen, const struct live_look *look, uint32_t model)
{
	const struct vision_result *result = vision_result(look->model[model]);
	const uint32_t things = things_of(screen, look, model);

	if (look->models > 1) {
		panel_put(screen->panel, "%s", vision_name(look->model[model]));
		panel_end_line(screen->panel);
	}
	for (uint32_t i = 0; i < things; i++) {
		if (i < result->things)
			draw_thing(screen, &result->thing[i]);
		panel_end_line(screen->panel);
	}
}

static void draw_feet(struct screen *screen, const struct live_look *look,
		      const struct atoll_source_counts *counts)
{
	double convert_ms = 0, run_ms = 0;

	for (uint32_t i = 0; i < look->models; i++) {
		convert_ms += screen->convert_ms[i];
		run_ms = run_ms > screen->run_ms[i] ? run_ms : screen->run_ms[i];
	}
	panel_put(screen->panel, "capture %.1f ms   convert %.2f ms   run %.2f ms",
		  screen->capture_ms, convert_ms, run_ms);
	panel_end_line(screen->panel);
	panel_put(screen->panel, "frames %" PRIu64 "   damaged %" PRIu64 "   missed %" PRIu64
		  "   skipped %" PRIu64, screen->looks, counts->damaged, counts->missed,
		  counts->skipped);
	panel_end_line(screen->panel);
}

/* Another size of cells than before: make room. */
static bool lay_cells(struct screen *screen, uint32_t columns, uint32_t lines)
{
	const struct atoll_convert_config config = {
		.width = columns, .height = 2 * lines, .channels = 3,
	};

	if (screen->convert && columns == screen->cell_columns && lines == screen->cell_lines)
		return true;
	atoll_convert_free(screen->convert);
	free(screen->rgb);
	screen->convert = atoll_convert_new(&config, NULL);
	screen->rgb = malloc((size_t)columns * 2 * lines * 3);
	screen->cell_columns = columns;
	screen->cell_lines = lines;
	return screen->convert && screen->rgb;
}

/* As large as leaves room for the lines below it. */
static bool make_cells(struct screen *screen, const struct live_look *look)
{
	const uint32_t rows = panel_rows(screen->panel);
	uint32_t columns = panel_columns(screen->panel), lines, below = OTHER_LINES;

	for (uint32_t i = 0; i < look->models; i++)
		below += things_of(screen, look, i) + (look->models > 1);
	columns = columns < PICTURE_COLUMNS_MAX ? columns : PICTURE_COLUMNS_MAX;
	lines = display_lines(look->frame, columns);
	while (lines + below > rows && columns > 1)
		lines = display_lines(look->frame, --columns);
	return lines + below <= rows && lay_cells(screen, columns, lines) &&
	       atoll_convert_run(screen->convert, look->frame, screen->rgb) == 0;
}

/* Of a frame that is gone, the cells it left. A drawing less is no loss. */
static void draw_picture(struct screen *screen, const struct live_look *look,
			 bool has_frame)
{
	if (has_frame)
		screen->has_cells = make_cells(screen, look);
	if (!screen->has_cells || screen->cell_lines > panel_rows(screen->panel))
		return;
	display_cells(panel_file(screen->panel), screen->rgb, screen->cell_columns,
		      screen->cell_lines, PANEL_LINE_END);
	panel_add_lines(screen->panel, screen->cell_lines);
}

static void draw(struct screen *screen, const struct live_look *look,
		 const struct atoll_source_counts *counts, bool has_frame)
{
	panel_begin(screen->panel);
	if (screen->has_picture)
		draw_picture(screen, look, has_frame);
	draw_head(screen, look);
	for (uint32_t i = 0; i < look->models; i++)
		draw_model(screen, look, i);
	draw_feet(screen, look, counts);
	panel_end(screen->panel);
}

static void follow(double *mean, double value, uint64_t looks)
{
	const double share = looks < MEAN_LOOKS ? 1.0 / (double)(looks + 1) : 1.0 / MEAN_LOOKS;

	*mean += share * (value - *mean);
}

static void keep_means(struct screen *screen, const struct live_look *look, double now_ms)
{
	if (screen->looks > 0)
		follow(&screen->between_ms, now_ms - screen->seen_ms, screen->looks - 1);
	screen->seen_ms = now_ms;
	follow(&screen->capture_ms, (double)look->capture_ns / 1e6, screen->looks);
	for (uint32_t i = 0; i < look->models; i++) {
		const struct vision_result *result = vision_result(look->model[i]);

		follow(&screen->convert_ms[i], (double)result->convert_ns / 1e6,
		       screen->looks);
		follow(&screen->run_ms[i], (double)result->run_ns / 1e6, screen->looks);
	}
	screen->looks++;
}

void screen_show(struct screen *screen, const struct live_look *look,
		 const struct atoll_source_counts *counts)
{
	if (!screen)
		return;
	keep_means(screen, look, display_now_ms());
	if (panel_is_due(screen->panel))
		draw(screen, look, counts, true);
}

void screen_end(struct screen *screen, const struct live_look *look,
		const struct atoll_source_counts *counts)
{
	if (!screen)
		return;
	if (panel_drawn_ms(screen->panel) < screen->seen_ms)
		draw(screen, look, counts, false);
	panel_close(screen->panel);
	atoll_convert_free(screen->convert);
	free(screen->rgb);
	free(screen);
}
