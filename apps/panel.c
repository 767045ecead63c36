/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/panel.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "apps/display.h"

#define PERIOD_MS 100
#define TEXT_MAX 512

/* Enough for the largest picture, about 42 bytes a cell, and the lines: what does
   not fit is written a little earlier, no more. */
#define BUFFER_BYTES (128 * 1024)

struct panel {
	FILE *file;              /* the terminal, written one block at a time */
	uint32_t columns, rows;  /* that may be used */
	uint32_t lines;          /* on the terminal now, the cursor below them */
	uint32_t left;           /* columns of the current line */
	bool is_begun;           /* the cursor is hidden */
	double drawn_ms;
	char buffer[BUFFER_BYTES];
};

struct panel *panel_open(void)
{
	struct panel *panel;
	int fd;

	if (!isatty(STDOUT_FILENO))
		return NULL;
	panel = calloc(1, sizeof(*panel));
	if (!panel)
		return NULL;
	fd = dup(STDOUT_FILENO);
	panel->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!panel->file) {
		if (fd >= 0)
			(void)close(fd);
		free(panel);
		return NULL;
	}
	(void)setvbuf(panel->file, panel->buffer, _IOFBF, sizeof(panel->buffer));
	return panel;
}

void panel_close(struct panel *panel)
{
	if (!panel)
		return;
	if (panel->is_begun)
		fputs("\033[?25h", panel->file);
	(void)fclose(panel->file); /* a terminal that is gone takes nothing with it */
	free(panel);
}

bool panel_is_due(const struct panel *panel)
{
	return display_now_ms() - panel->drawn_ms >= PERIOD_MS;
}

double panel_drawn_ms(const struct panel *panel)
{
	return panel->drawn_ms;
}

uint32_t panel_columns(const struct panel *panel)
{
	return panel->columns;
}

uint32_t panel_rows(const struct panel *panel)
{
	return panel->rows;
}

uint32_t panel_left(const struct panel *panel)
{
	return panel->left;
}

FILE *panel_file(struct panel *panel)
{
	return panel->file;
}

static void begin_line(struct panel *panel)
{
	panel->left = panel->lines < panel->rows ? panel->columns : 0;
}

void panel_add_lines(struct panel *panel, uint32_t lines)
{
	panel->lines += lines;
	begin_line(panel);
}

static void go_to_top(struct panel *panel)
{
	if (panel->lines > 0)
		fprintf(panel->file, "\r\033[%uA", panel->lines);
	panel->lines = 0;
}

void panel_hide(struct panel *panel)
{
	if (!panel)
		return;
	go_to_top(panel);
	fputs("\033[J", panel->file);
	(void)fflush(panel->file);
	panel->drawn_ms = 0;
}

/* One column and one line stay free, so that no terminal wraps or scrolls. */
static void measure(struct panel *panel)
{
	struct winsize size = { 0 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size); /* 0 where it does not say */
	panel->columns = size.ws_col > 1 ? size.ws_col - 1u : 79;
	panel->rows = size.ws_row > 1 ? size.ws_row - 1u : 23;
}

void panel_begin(struct panel *panel)
{
	measure(panel);
	if (!panel->is_begun)
		fputs("\033[?25l", panel->file);
	panel->is_begun = true;
	panel->drawn_ms = display_now_ms();
	go_to_top(panel);
	begin_line(panel);
}

void panel_end(struct panel *panel)
{
	fputs("\033[J", panel->file);
	(void)fflush(panel->file);
}

/* What fits of `text`; labels and names come from files and devices, and must not
   steer the terminal. */
static void put_text(struct panel *panel, const char *text)
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
		if (width < 0 || (uint32_t)width > panel->left)
			return;
		if (letter == L'?')
			fputc('?', panel->file);
		else
			fwrite(text, 1, bytes, panel->file);
		panel->left -= (uint32_t)width;
		text += bytes;
	}
}

void panel_put(struct panel *panel, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut where it is too long */
	va_end(args);
	put_text(panel, text);
}

void panel_skip_to(struct panel *panel, uint32_t columns_left)
{
	for (; panel->left > columns_left; panel->left--)
		fputc(' ', panel->file);
}

void panel_bar(struct panel *panel, double share, uint32_t cells)
{
	uint32_t used;

	cells = cells < panel->left ? cells : panel->left;
	used = display_bar(panel->file, share, cells);
	panel->left -= used;
	panel_skip_to(panel, panel->left - (cells - used));
}

void panel_end_line(struct panel *panel)
{
	if (panel->lines < panel->rows) { /* else the terminal is full */
		fputs(PANEL_LINE_END, panel->file);
		panel->lines++;
	}
	begin_line(panel);
}
