/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/terminal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tests/check.h"

#define SAID_MAX (256 * 1024)

static struct {
	int outside, kept;
	uint32_t rows, columns;
	pthread_t reader;
	pthread_barrier_t begun;
	char said[SAID_MAX];
	size_t length;
} now;

/* Until a zero, which ends what is said. */
static void *read_all(void *data)
{
	char byte;

	(void)data;
	(void)pthread_barrier_wait(&now.begun);
	while (read(now.outside, &byte, 1) == 1 && byte != '\0')
		if (now.length < SAID_MAX)
			now.said[now.length++] = byte;
	return NULL;
}

void terminal_begin(uint32_t rows, uint32_t columns)
{
	const struct winsize size = {
		.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns,
	};
	struct termios modes;
	int inside;

	assert_true(rows <= TERMINAL_ROWS_MAX && columns <= TERMINAL_COLUMNS_MAX);
	now.outside = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(now.outside >= 0 && grantpt(now.outside) == 0 && unlockpt(now.outside) == 0);
	inside = open(ptsname(now.outside), O_RDWR | O_NOCTTY);
	assert_true(inside >= 0 && tcgetattr(inside, &modes) == 0);
	cfmakeraw(&modes);
	assert_int_equal(tcsetattr(inside, TCSANOW, &modes), 0);
	assert_int_equal(ioctl(inside, TIOCSWINSZ, &size), 0);
	now.rows = rows;
	now.columns = columns;
	now.length = 0;
	(void)fflush(stdout);
	now.kept = dup(STDOUT_FILENO);
	assert_true(now.kept >= 0 && dup2(inside, STDOUT_FILENO) >= 0);
	(void)close(inside);
	/* What a thread takes when it begins is not taken by what is tested. */
	assert_int_equal(pthread_barrier_init(&now.begun, NULL, 2), 0);
	assert_int_equal(pthread_create(&now.reader, NULL, read_all, NULL), 0);
	(void)pthread_barrier_wait(&now.begun);
}

static void put(struct terminal *terminal, uint32_t *row, uint32_t *column, char letter)
{
	if (*column == now.columns) {
		terminal->has_wrapped = true;
		return;
	}
	terminal->row[*row][(*column)++] = letter;
}

static void erase(struct terminal *terminal, uint32_t row, uint32_t column)
{
	memset(terminal->row[row] + column, ' ', TERMINAL_COLUMNS_MAX - column);
}

static void obey(struct terminal *terminal, const char *order, uint32_t *row, uint32_t *column)
{
	const unsigned long number = strtoul(order, NULL, 10);

	if (strcmp(order, "?25l") == 0 || strcmp(order, "?25h") == 0) {
		terminal->has_cursor = order[3] == 'h';
	} else if (strcmp(order, "K") == 0) {
		erase(terminal, *row, *column);
	} else if (strcmp(order, "J") == 0) {
		erase(terminal, *row, *column);
		for (uint32_t below = *row + 1; below < TERMINAL_ROWS_MAX; below++)
			erase(terminal, below, 0);
	} else if (order[strlen(order) - 1] == 'A' && number <= *row) {
		*row -= (uint32_t)number;
		terminal->drawings++;
	} else {
		terminal->is_odd = true;
	}
}

/* The order after an escape; how many bytes it has. */
static size_t read_order(const char *said, size_t left, char order[16])
{
	size_t length = 1;

	while (length < left && length < 16 && strchr("?0123456789;", said[length]))
		length++;
	(void)snprintf(order, 16, "%.*s", (int)length, said + 1);
	return length + 1;
}

static void understand(struct terminal *terminal)
{
	uint32_t row = 0, column = 0;
	char order[16];

	for (size_t i = 0; i < now.length; i++) {
		const char letter = now.said[i];

		if (letter == '\033' && i + 2 < now.length && now.said[i + 1] == '[') {
			i += read_order(now.said + i + 1, now.length - i - 1, order);
			obey(terminal, order, &row, &column);
		} else if (letter == '\r') {
			column = 0;
		} else if (letter == '\n') {
			column = 0;
			if (row + 1 < now.rows)
				row++;
			else
				terminal->has_scrolled = true;
		} else if (letter >= ' ' && letter <= '~') {
			put(terminal, &row, &column, letter);
		} else {
			terminal->is_odd = true;
		}
	}
}

void terminal_end(struct terminal *terminal)
{
	(void)fflush(stdout);
	assert_int_equal(write(STDOUT_FILENO, "", 1), 1);
	assert_int_equal(pthread_join(now.reader, NULL), 0);
	(void)pthread_barrier_destroy(&now.begun);
	assert_true(dup2(now.kept, STDOUT_FILENO) >= 0);
	(void)close(now.kept);
	(void)close(now.outside);
	*terminal = (struct terminal){ .has_cursor = true, .drawings = 1 };
	for (uint32_t i = 0; i < TERMINAL_ROWS_MAX; i++)
		memset(terminal->row[i], ' ', TERMINAL_COLUMNS_MAX);
	understand(terminal);
	for (uint32_t i = 0; i < TERMINAL_ROWS_MAX; i++) {
		char *end = terminal->row[i] + TERMINAL_COLUMNS_MAX;

		while (end > terminal->row[i] && end[-1] == ' ')
			*--end = '\0';
	}
}
