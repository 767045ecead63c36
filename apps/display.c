/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/display.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_CELLS 30
#define PROGRESS_AFTER_MS 500

double display_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool takes_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void put_bar(FILE *file, double share, uint32_t cells)
{
	static const char *const eighths[] = {
		"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589",
	};
	uint32_t length;

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	length = (uint32_t)(share * 8 * cells + 0.5);
	for (uint32_t i = 0; i < length / 8; i++)
		fputs(takes_utf8() ? "\u2588" : "#", file);
	if (takes_utf8())
		fputs(eighths[length % 8], file);
}

void display_bar(double share, uint32_t cells)
{
	put_bar(stdout, share, cells);
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
	put_bar(stderr, (double)progress->done / progress->all, PROGRESS_CELLS);
	progress->is_shown = true;
}

void display_progress_hide(struct display_progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}

/* Two pixels, one above the other, in one character. */
static void put_cell(const uint8_t *upper, const uint8_t *lower)
{
	printf("\033[38;2;%u;%u;%um\033[48;2;%u;%u;%um\u2580", upper[0], upper[1],
	       upper[2], lower[0], lower[1], lower[2]);
}

void display_picture(const struct atoll_picture *picture, uint32_t columns)
{
	/* A character is about twice as high as wide: two pixels fill it. */
	uint64_t wanted = (uint64_t)columns * picture->height / picture->width;
	uint32_t rows = (uint32_t)(wanted + 1) / 2 * 2;
	uint8_t *rgb;

	if (!isatty(STDOUT_FILENO) || !takes_utf8())
		return;
	rows = rows < 2 ? 2 : rows > 2 * columns ? 2 * columns : rows;
	rgb = malloc((size_t)columns * rows * 3);
	if (!rgb || atoll_picture_resize(picture, columns, rows, rgb) < 0) {
		free(rgb);
		return; /* a drawing less is no loss */
	}
	for (uint32_t y = 0; y < rows; y += 2) {
		for (uint32_t x = 0; x < columns; x++)
			put_cell(rgb + 3 * ((size_t)y * columns + x),
				 rgb + 3 * ((size_t)(y + 1) * columns + x));
		fputs("\033[0m\n", stdout);
	}
	free(rgb);
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
