/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/display.h"

#include "board/clock.h"
#include "camera/convert.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_CELLS 30
#define PROGRESS_AFTER_MS 500

double display_now_ms(void)
{
	return (double)atoll_clock_ns() / 1e6;
}

bool display_takes_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

uint32_t display_bar(FILE *file, double share, uint32_t cells)
{
	static const char *const eighths[] = {
		"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589",
	};
	uint32_t length;

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	length = (uint32_t)(share * 8 * cells + 0.5);
	for (uint32_t i = 0; i < length / 8; i++)
		fputs(display_takes_utf8() ? "\u2588" : "#", file);
	if (display_takes_utf8())
		fputs(eighths[length % 8], file);
	return length / 8 + (display_takes_utf8() && length % 8);
}

struct display_progress display_progress_begin(const char *what, uint32_t all)
{
	return (struct display_progress){
		.what = what,
		.all = all,
		.start_ms = display_now_ms(),
		.is_terminal = isatty(STDERR_FILENO),
	};
}

void display_progress_step(struct display_progress *progress)
{
	progress->done++;
	if (!progress->is_terminal || progress->all < 2 ||
	    display_now_ms() - progress->start_ms < PROGRESS_AFTER_MS)
		return;
	(void)fflush(stdout);
	fprintf(stderr, "\r\033[K%u of %u %s ", progress->done, progress->all,
		progress->what);
	display_bar(stderr, (double)progress->done / progress->all, PROGRESS_CELLS);
	progress->is_shown = true;
}

void display_progress_hide(struct display_progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}

/* Two pixels, one above the other, in one character. */
static void put_cell(FILE *file, const uint8_t *upper, const uint8_t *lower)
{
	fprintf(file, "\033[38;2;%u;%u;%um\033[48;2;%u;%u;%um\u2580", upper[0], upper[1],
		upper[2], lower[0], lower[1], lower[2]);
}

void display_cells(FILE *file, const uint8_t *rgb, uint32_t columns, uint32_t lines,
		   const char *line_end)
{
	for (uint32_t y = 0; y < 2 * lines; y += 2) {
		for (uint32_t x = 0; x < columns; x++)
			put_cell(file, rgb + 3 * ((size_t)y * columns + x),
				 rgb + 3 * ((size_t)(y + 1) * columns + x));
		fprintf(file, "\033[0m%s", line_end);
	}
}

/* A character is about twice as high as wide: two pixels fill it. */
uint32_t display_lines(const struct atoll_frame *frame, uint32_t columns)
{
	uint64_t rows = (uint64_t)columns * frame->height / frame->width;
	uint64_t lines = (rows + 1) / 2;

	return (uint32_t)(lines < 1 ? 1 : lines > columns ? columns : lines);
}

bool display_has_colour(void)
{
	return isatty(STDOUT_FILENO) && display_takes_utf8();
}

void display_picture(const struct atoll_frame *frame, uint32_t columns)
{
	const uint32_t lines = display_lines(frame, columns);
	const struct atoll_convert_config config = {
		.width = columns, .height = 2 * lines, .channels = 3,
	};
	struct atoll_convert *convert;
	uint8_t *rgb;

	if (!display_has_colour())
		return;
	convert = atoll_convert_new(&config, NULL);
	rgb = malloc((size_t)columns * 2 * lines * 3);
	/* A drawing less is no loss. */
	if (convert && rgb && atoll_convert_run(convert, frame, rgb) == 0)
		display_cells(stdout, rgb, columns, lines, "\n");
	free(rgb);
	atoll_convert_free(convert);
}

static double mean_ms(const struct atoll_session_step *step)
{
	return step->runs ? (double)step->time_ns / (double)step->runs / 1e6 : 0;
}

void display_profile(const struct atoll_session_plan *plan)
{
	double sum = 0;

	for (uint32_t i = 0; i < plan->steps; i++)
		sum += mean_ms(&plan->step[i]);
	(void)fflush(stdout);
	fprintf(stderr, "%5s %-28s %-6s %10s %7s\n", "step", "operator", "device",
		"ms", "share");
	for (uint32_t i = 0; i < plan->steps; i++)
		fprintf(stderr, "%5u %-28s %-6s %10.4f %6.1f%%\n", i, plan->step[i].name,
			plan->step[i].device, mean_ms(&plan->step[i]),
			sum > 0 ? 100 * mean_ms(&plan->step[i]) / sum : 0);
	fprintf(stderr, "%5s %-28s %-6s %10.4f\n", "", "all", "", sum);
}
