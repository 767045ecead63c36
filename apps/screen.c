/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/screen.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "apps/display.h"
#include "camera/convert.h"

#define PERIOD_MS 100     /* faster, numbers cannot be read */
#define MEAN_LOOKS 8      /* a mean follows over about so many */
#define LABEL_COLUMNS 20
#define THINGS_MAX 8      /* of a model, to keep the block small */
#define CLASSES_USUAL 3   /* as many as vision.h tells unless asked */
#define PICTURE_COLUMNS_MAX 64
#define OTHER_LINES 3     /* name, times, counts */
#define TEXT_MAX 512

/* Enough for the largest picture, about 42 bytes a cell, and the lines: what does
   not fit is written a little earlier, no more. */
#define BUFFER_BYTES (128 * 1024)

struct screen {
	FILE *file;              /* the terminal, written one block at a time */
	uint32_t columns, rows;  /* that may be used */
	uint32_t lines;          /* on the terminal now, the cursor below them */
	uint32_t left;           /* columns of the current line */
	bool is_begun;           /* the cursor is hidden */

	double drawn_ms, seen_ms;
	double between_ms, capture_ms;  /* means */
	double convert_ms[LIVE_MODELS_MAX], run_ms[LIVE_MODELS_MAX];
	uint64_t looks;

	uint32_t top;            /* things of each model, 0: as usual */
	bool has_picture;
	struct atoll_convert *convert;
	uint8_t *rgb;            /* [2 * cell_lines][cell_columns][3] */
	uint32_t cell_columns, cell_lines;
	bool has_cells;          /* of the last frame drawn */

	char buffer[BUFFER_BYTES];
};

struct screen *screen_open(uint32_t top, bool has_picture)
{
	struct screen *screen;
	int fd;

	if (!isatty(STDOUT_FILENO))
		return NULL;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return NULL;
	fd = dup(STDOUT_FILENO);
	screen->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!screen->file) {
		if (fd >= 0)
			(void)close(fd);
		free(screen);
		return NULL;
	}
	(void)setvbuf(screen->file, screen->buffer, _IOFBF, sizeof(screen->buffer));
	screen->top = top;
	screen->has_picture = has_picture && display_has_colour();
	return screen;
}

static void go_to_top(struct screen *screen)
{
	if (screen->lines > 0)
		fprintf(screen->file, "\r\033[%uA", screen->lines);
	screen->lines = 0;
}

void screen_hide(struct screen *screen)
{
	if (!screen)
		return;
	go_to_top(screen);
	fputs("\033[J", screen->file);
	(void)fflush(screen->file);
	screen->drawn_ms = 0;
}

/* One column and one line stay free, so that no terminal wraps or scrolls. */
static void measure(struct screen *screen)
{
	struct winsize size = { 0 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size); /* 0 where it does not say */
	screen->columns = size.ws_col > 1 ? size.ws_col - 1u : 79;
	screen->rows = size.ws_row > 1 ? size.ws_row - 1u : 23;
}

/* What fits of `text`; labels and names come from files and devices, and must not
   steer the terminal. */
static void put_text(struct screen *screen, const char *text)
{
	mbstate_t state = { 0 };

	while (*text) {
		wchar_t letter;
		size_t bytes = mbrtowc(&letter, text, MB_LEN_MAX, &state);
		int width = 1;

		if (bytes == (size_t)-1 || bytes == (size_t)-2 || !iswprint((wint_t)letter)) {
			memset(&state, 0, sizeof(state));
			bytes = bytes > MB_LEN_MAX ? 1 : bytes;
			letter = L'?';
		} else {
			width = wcwidth(letter);
		}
		if (width < 0 || (uint32_t)width > screen->left)
			return;
		if (letter == L'?')
			fputc('?', screen->file);
		else
			fwrite(text, 1, bytes, screen->file);
		screen->left -= (uint32_t)width;
		text += bytes;
	}
}

__attribute__((format(printf, 2, 3)))
static void put(struct screen *screen, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut where it is too long */
	va_end(args);
	put_text(screen, text);
}

/* Blanks up to a column from the right end of the line. */
static void skip_to(struct screen *screen, uint32_t columns_left)
{
	for (; screen->left > columns_left; screen->left--)
		fputc(' ', screen->file);
}

static void begin_line(struct screen *screen)
{
	screen->left = screen->lines < screen->rows ? screen->columns : 0;
}

static void end_line(struct screen *screen)
{
	if (screen->lines == screen->rows)
		return; /* the terminal is full */
	fputs("\033[K\n", screen->file);
	screen->lines++;
}

static void draw_head(struct screen *screen, const struct live_look *look)
{
	char speed[32] = "";

	if (screen->between_ms > 0)
		(void)snprintf(speed, sizeof(speed), "%.1f a second",
			       1e3 / screen->between_ms);
	begin_line(screen);
	put(screen, "%s  %ux%u %s  ", look->name, look->frame->width, look->frame->height,
	    atoll_pixels_name(look->frame->pixels));
	if (screen->left > strlen(speed))
		skip_to(screen, (uint32_t)strlen(speed));
	put(screen, "%s", speed);
	end_line(screen);
}

static void draw_thing(struct screen *screen, const struct vision_thing *thing)
{
	uint32_t after_label;

	put(screen, "  %5.1f %%  ", 100 * (double)thing->score);
	after_label = screen->left > LABEL_COLUMNS ? screen->left - LABEL_COLUMNS : 0;
	put(screen, "%s ", thing->label);
	skip_to(screen, after_label);
	if (screen->left > 1)
		display_bar(screen->file, (double)thing->score, screen->left - 1);
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
	const uint32_t room = screen->rows > fixed ? (screen->rows - fixed) / look->models : 0;

	return wanted < room ? wanted : room;
}

static void draw_model(struct screen *screen, const struct live_look *look, uint32_t model)
{
	const struct vision_result *result = vision_result(look->model[model]);
	const uint32_t things = things_of(screen, look, model);

	if (look->models > 1) {
		begin_line(screen);
		put(screen, "%s", vision_name(look->model[model]));
		end_line(screen);
	}
	for (uint32_t i = 0; i < things; i++) {
		begin_line(screen);
		if (i < result->things)
			draw_thing(screen, &result->thing[i]);
		end_line(screen);
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
	begin_line(screen);
	put(screen, "capture %.1f ms   convert %.2f ms   run %.2f ms", screen->capture_ms,
	    convert_ms, run_ms);
	end_line(screen);
	begin_line(screen);
	put(screen, "frames %" PRIu64 "   damaged %" PRIu64 "   missed %" PRIu64
	    "   skipped %" PRIu64, screen->looks, counts->damaged, counts->missed,
	    counts->skipped);
	end_line(screen);
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
	uint32_t columns = screen->columns, lines, below = OTHER_LINES;

	for (uint32_t i = 0; i < look->models; i++)
		below += things_of(screen, look, i) + (look->models > 1);
	columns = columns < PICTURE_COLUMNS_MAX ? columns : PICTURE_COLUMNS_MAX;
	lines = display_lines(look->frame, columns);
	while (lines + below > screen->rows && columns > 1)
		lines = display_lines(look->frame, --columns);
	return lines + below <= screen->rows && lay_cells(screen, columns, lines) &&
	       atoll_convert_run(screen->convert, look->frame, screen->rgb) == 0;
}

/* Of a frame that is gone, the cells it left. A drawing less is no loss. */
static void draw_picture(struct screen *screen, const struct live_look *look,
			 bool has_frame)
{
	if (has_frame)
		screen->has_cells = make_cells(screen, look);
	if (!screen->has_cells || screen->cell_lines > screen->rows)
		return;
	display_cells(screen->file, screen->rgb, screen->cell_columns, screen->cell_lines,
		      "\033[K\n");
	screen->lines += screen->cell_lines;
}

static void draw(struct screen *screen, const struct live_look *look,
		 const struct atoll_source_counts *counts, bool has_frame)
{
	measure(screen);
	if (!screen->is_begun)
		fputs("\033[?25l", screen->file);
	screen->is_begun = true;
	go_to_top(screen);
	if (screen->has_picture)
		draw_picture(screen, look, has_frame);
	draw_head(screen, look);
	for (uint32_t i = 0; i < look->models; i++)
		draw_model(screen, look, i);
	draw_feet(screen, look, counts);
	fputs("\033[J", screen->file);
	(void)fflush(screen->file);
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

		follow(&screen->convert_ms[i], (double)result->convert_ns / 1e6, screen->looks);
		follow(&screen->run_ms[i], (double)result->run_ns / 1e6, screen->looks);
	}
	screen->looks++;
}

void screen_show(struct screen *screen, const struct live_look *look,
		 const struct atoll_source_counts *counts)
{
	const double now_ms = display_now_ms();

	if (!screen)
		return;
	keep_means(screen, look, now_ms);
	if (now_ms - screen->drawn_ms < PERIOD_MS)
		return;
	screen->drawn_ms = now_ms;
	draw(screen, look, counts, true);
}

void screen_end(struct screen *screen, const struct live_look *look,
		const struct atoll_source_counts *counts)
{
	if (!screen)
		return;
	if (screen->drawn_ms < screen->seen_ms)
		draw(screen, look, counts, false);
	fputs("\033[?25h", screen->file);
	(void)fclose(screen->file); /* a terminal that is gone takes nothing with it */
	atoll_convert_free(screen->convert);
	free(screen->rgb);
	free(screen);
}
