/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/power_watch.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/lines.h"
#include "apps/options.h"
#include "apps/panel.h"
#include "apps/plot.h"
#include "apps/power_show.h"
#include "apps/stop.h"
#include "board/clock.h"
#include "board/json.h"
#include "board/power.h"

/* Warmer than any room to hotter than any limit of a chip. */
#define COOL_C 20
#define HOT_C 110

/* Of what is drawn. */
#define ZONES_SHOWN 4
#define ROWS_MAX 4
#define NAME_CELLS 16
#define VALUE_CELLS 10

struct moment {
	struct atoll_power power;
	double busy;             /* share of the time since the last one, or NAN */
	double mhz;              /* of the fastest CPU, or NAN */
};

struct drawing {
	struct plot busy, mhz, zone[ZONES_SHOWN];
};

static double fastest_mhz(const struct atoll_power *power)
{
	uint32_t khz = 0;

	for (uint32_t i = 0; i < power->cpus; i++)
		khz = power->cpu[i].khz > khz ? power->cpu[i].khz : khz;
	return khz > 0 ? khz / 1000.0 : NAN;
}

static double most_mhz(const struct atoll_power *power)
{
	uint32_t khz = 0;

	for (uint32_t i = 0; i < power->cpus; i++)
		khz = power->cpu[i].khz_most > khz ? power->cpu[i].khz_most : khz;
	return khz > 0 ? khz / 1000.0 : 1;
}

/* `last` is the moment before, none when its time is not known. */
static void look(const struct power_watch *watch, const struct atoll_power *last,
		 struct moment *now)
{
	struct atoll_error err;
	double counted_s;

	if (atoll_power_read(watch->root, watch->board, &now->power, &err) < 0)
		options_could_not("%s", err.text);
	now->mhz = fastest_mhz(&now->power);
	counted_s = now->power.counted_s - last->counted_s;
	now->busy = last->counted_s > 0 && counted_s > 0 ?
		1 - (now->power.idle_s - last->idle_s) / counted_s : NAN;
	/* The kernel's idle time may go back a little (proc_stat(5)). */
	if (now->busy < 0)
		now->busy = 0;
	if (now->busy > 1)
		now->busy = 1;
}

static const char *known(double value, const char *unit, int digits, char text[32])
{
	if (isnan(value))
		(void)snprintf(text, 32, "unknown");
	else
		(void)snprintf(text, 32, "%.*f %s", digits, value, unit);
	return text;
}

/* On a terminal */

/* Its name and value beside the lowest row; of several, the uppermost stays free, so
   that plots do not touch. */
static void draw_item(struct panel *panel, const struct plot *plot, const char *label,
		      const char *value, uint32_t rows)
{
	const uint32_t free_rows = rows > 1;

	for (uint32_t row = 0; row < rows; row++) {
		const bool is_last = row == rows - 1;

		panel_put(panel, "%-*.*s%*s  ", NAME_CELLS, NAME_CELLS - 1,
			  is_last ? label : "", VALUE_CELLS, is_last ? value : "");
		if (row >= free_rows)
			plot_draw(plot, panel, row - free_rows, rows - free_rows);
		panel_end_line(panel);
	}
}

static double degrees(const struct atoll_zone *zone)
{
	return zone->millidegrees == ATOLL_POWER_UNKNOWN ? NAN : zone->millidegrees / 1000.0;
}

static uint32_t zones_of(const struct atoll_power *power)
{
	return power->zones < ZONES_SHOWN ? power->zones : ZONES_SHOWN;
}

static void draw(struct panel *panel, struct drawing *drawing, const struct moment *now)
{
	const uint32_t zones = zones_of(&now->power);
	uint32_t rows;
	char text[32];

	panel_begin(panel);
	rows = panel_rows(panel) / (zones + 2);
	rows = rows < 1 ? 1 : rows > ROWS_MAX ? ROWS_MAX : rows;
	draw_item(panel, &drawing->busy, "busy", known(100 * now->busy, "%", 0, text), rows);
	draw_item(panel, &drawing->mhz, "CPU", known(now->mhz, "MHz", 0, text), rows);
	for (uint32_t i = 0; i < zones; i++)
		draw_item(panel, &drawing->zone[i], now->power.zone[i].name,
			  known(degrees(&now->power.zone[i]), "C", 1, text), rows);
	panel_end(panel);
}

static struct drawing *drawing_new(const struct moment *now)
{
	struct drawing *drawing = calloc(1, sizeof(*drawing));

	if (!drawing)
		options_could_not("out of memory");
	drawing->busy = plot_new(0, 1);
	drawing->mhz = plot_new(0, most_mhz(&now->power));
	for (int i = 0; i < ZONES_SHOWN; i++)
		drawing->zone[i] = plot_new(COOL_C, HOT_C);
	return drawing;
}

static void keep(struct drawing *drawing, const struct moment *now)
{
	plot_push(&drawing->busy, now->busy);
	plot_push(&drawing->mhz, now->mhz);
	for (uint32_t i = 0; i < zones_of(&now->power); i++)
		plot_push(&drawing->zone[i], degrees(&now->power.zone[i]));
}

/* Elsewhere */

static void write_line(const struct moment *now)
{
	const struct atoll_power *power = &now->power;
	char text[32];

	printf("busy %s", known(100 * now->busy, "%", 1, text));
	printf("  CPU %s", known(now->mhz, "MHz", 0, text));
	for (uint32_t i = 0; i < power->zones; i++)
		printf("  %s %s", power->zone[i].name,
		       known(degrees(&power->zone[i]), "C", 1, text));
	if (power->cooling_max > 0)
		printf("  slowed down by %u of %u", power->cooling, power->cooling_max);
	printf("\n");
}

static void write_json(const struct moment *now)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	lines_stamp(&json, atoll_clock_ns());
	atoll_json_real(&json, "busy_share", now->busy);
	atoll_json_real(&json, "mhz", now->mhz);
	power_json_zones(&json, &now->power);
	atoll_json_integer(&json, "slowed_down", now->power.cooling);
	atoll_json_end(&json);
}

/* False: told to stop. */
static bool wait_until(int64_t time_ms)
{
	struct pollfd stop = { .fd = stop_fd(), .events = POLLIN };
	int64_t left_ms;

	while (!stop_wanted() && (left_ms = time_ms - atoll_clock_ms()) > 0)
		(void)poll(&stop, 1, (int)left_ms); /* again, should it not be so late yet */
	return !stop_wanted();
}

void power_watch(const struct power_watch *watch)
{
	struct panel *panel = watch->wants_json ? NULL : panel_open();
	struct atoll_power last = { 0 };
	struct drawing *drawing = NULL;
	int64_t due_ms = atoll_clock_ms();
	struct moment now;

	stop_begin();
	for (int64_t i = 0; watch->count == 0 || i < watch->count; i++) {
		if (i > 0 && !wait_until(due_ms += watch->interval_ms))
			break;
		look(watch, &last, &now);
		if (!drawing)
			drawing = drawing_new(&now);
		keep(drawing, &now);
		if (panel)
			draw(panel, drawing, &now);
		else
			watch->wants_json ? write_json(&now) : write_line(&now);
		if (fflush(stdout) != 0)
			break; /* options_end tells */
		last = now.power;
	}
	stop_end();
	panel_close(panel);
	free(drawing);
}
