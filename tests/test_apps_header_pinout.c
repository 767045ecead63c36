/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/header_pinout.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/folder.h"

static const char four_pins[] =
	"[board]\nid = board\nname = A board\n"
	"[gpiochip.soc]\nparent = 1000b000.pinctrl\n"
	"[header]\nrows = 2\ncolumns = 2\n"
	"[pins]\n"
	"1 = power 3.3V\n"
	"2 = gpio UTXD0 line=soc:1 role=uart.0.tx cautions=console\n"
	"3 = gpio EINT0 line=soc:2\n"
	"4 = ground GND\n"
	"[uart.0]\ndevice = 11005000.serial\npins = 2\nconsole = yes\n";

/* What is drawn of a board whose description is `text`. The caller frees it. */
static char *draw(const char *text, const char *title, const struct pinout_pin *now,
		  const struct pinout_style *style)
{
	const char *path = in_folder("board.conf");
	FILE *file = fopen(path, "w");
	struct atoll_error err = { 0 };
	struct atoll_board *board;
	struct atoll_header *header;
	char *drawing;
	size_t size;
	uint32_t lines, ends = 0;

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	board = atoll_board_load(path, &err);
	header = board ? atoll_header_open(board, &err) : NULL;
	if (!header)
		fail_msg("%s", err.text);
	file = open_memstream(&drawing, &size);
	lines = pinout_draw(file, title, header, now, style);
	assert_int_equal(fclose(file), 0);
	for (const char *end = drawing; (end = strchr(end, '\n')); end++)
		ends++;
	assert_int_equal(lines, ends);
	atoll_header_close(header);
	atoll_board_free(board);
	return drawing;
}

static const struct pinout_style plain = { .line_end = "\n" };

static void assert_drawing(const struct pinout_pin *now, const char *expected)
{
	char *drawing = draw(four_pins, "A board", now, &plain);

	assert_string_equal(drawing, expected);
	free(drawing);
}

static void a_header_without_hardware_is_drawn_all_the_same(void **state)
{
	(void)state;
	assert_drawing(NULL,
		"A board\n"
		"                                 +-----------+\n"
		"                      3.3V       | [ 1] ( 2) |!      UTXD0 uart.0.tx\n"
		"                gpio EINT0       | ( 3) ( 4) |       GND\n"
		"                                 +-----------+\n"
		"! console      2\n");
}

static void levels_directions_and_owners_are_told(void **state)
{
	const struct pinout_pin now[4] = {
		[1] = { .has_direction = true, .is_output = true, .owner = "serial" },
		[2] = { .has_direction = true, .has_level = true, .is_high = true },
	};
	const struct pinout_pin later[4] = {
		[1] = { .has_level = true },
		[2] = { .has_direction = true, .is_output = true, .owner = "somebody" },
	};

	(void)state;
	assert_drawing(now,
		"A board\n"
		"                                 +-----------+\n"
		"                      3.3V       | [ 1] ( 2) |!out   UTXD0 uart.0.tx <serial>\n"
		"                gpio EINT0  in 1 | ( 3) ( 4) |       GND\n"
		"                                 +-----------+\n"
		"! console      2\n");
	assert_drawing(later,
		"A board\n"
		"                                 +-----------+\n"
		"                      3.3V       | [ 1] ( 2) |!    0 UTXD0 uart.0.tx\n"
		"          <somebody> EINT0 out   | ( 3) ( 4) |       GND\n"
		"                                 +-----------+\n"
		"! console      2\n");
}

static void what_is_too_long_is_cut(void **state)
{
	static const struct pinout_pin now[4] = {
		[1] = { .owner = "a-rather-long-name-of-somebody" },
		[2] = { .owner = "a-rather-long-name-of-somebody" },
	};
	char title[200], *drawing, *line;

	(void)state;
	memset(title, 'x', sizeof(title) - 1);
	title[sizeof(title) - 1] = '\0';
	drawing = draw(four_pins, title, now, &plain);
	assert_non_null(strstr(drawing, "uart.0.tx <a-rather~\n"));
	assert_non_null(strstr(drawing, "\n<a-rather-long-name~ EINT0"));
	for (line = strtok(drawing, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= PINOUT_COLUMNS);
	free(drawing);
}

/* Anybody may call himself what he likes when he takes a line. */
static void an_owner_does_not_steer_the_terminal(void **state)
{
	static const struct pinout_pin now[4] = { [2] = { .owner = "a\033[2J\nb\xff" } };
	char *drawing = draw(four_pins, "\033c", now, &plain);

	(void)state;
	assert_null(strchr(drawing, '\033'));
	assert_non_null(strstr(drawing, " <a?[2J?b?> EINT0"));
	free(drawing);
}

/* Without escapes, in place. */
static void take_colours_off(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\033')
			text = strchr(text, 'm');
		else
			*to++ = *text;
	}
	*to = '\0';
}

static void colours_change_nothing_else(void **state)
{
	static const struct pinout_pin now[4] = {
		[1] = { .has_direction = true, .owner = "serial" },
		[2] = { .has_direction = true, .has_level = true, .is_high = true },
	};
	const struct pinout_style coloured = { .has_colour = true, .line_end = "\n" };
	char *without = draw(four_pins, "A board", now, &plain);
	char *with = draw(four_pins, "A board", now, &coloured);

	(void)state;
	assert_non_null(strstr(with, "\033[30;43m[ 1]\033[0m"));
	assert_non_null(strstr(with, "\033[30;46m( 2)\033[0m"));
	take_colours_off(with);
	assert_string_equal(with, without);
	free(with);
	free(without);
}

static void boxes_have_lines_where_a_terminal_has_them(void **state)
{
	const struct pinout_style boxes = { .has_boxes = true, .line_end = "\n" };
	char *drawing = draw(four_pins, "A board", NULL, &boxes);

	(void)state;
	assert_non_null(strstr(drawing, "\u250c\u2500\u2500\u2500"));
	assert_non_null(strstr(drawing, "\u2502 [ 1] ( 2) \u2502"));
	assert_null(strchr(drawing, '+'));
	free(drawing);
}

static void lines_end_as_they_are_told(void **state)
{
	const struct pinout_style panel = { .line_end = "\033[K\n" };
	char *drawing = draw(four_pins, "A board", NULL, &panel);

	(void)state;
	assert_non_null(strstr(drawing, "A board\033[K\n"));
	assert_non_null(strstr(drawing, "GND\033[K\n"));
	free(drawing);
}

static void a_single_row_of_pins_is_drawn_downwards(void **state)
{
	static const char text[] =
		"[board]\nid = board\nname = A board\n"
		"[gpiochip.soc]\nparent = 1000b000.pinctrl\n"
		"[header]\nrows = 3\ncolumns = 1\n"
		"[pins]\n"
		"1 = power 3.3V\n"
		"2 = gpio EINT0 line=soc:2\n"
		"3 = ground GND\n";
	static const struct pinout_pin now[3] = {
		[1] = { .has_direction = true, .is_output = true, .has_level = true },
	};
	char *drawing = draw(text, "A board", now, &plain);

	(void)state;
	assert_string_equal(drawing,
		"A board\n"
		"+------+\n"
		"| [ 1] |       3.3V\n"
		"| ( 2) | out 0 EINT0 gpio\n"
		"| ( 3) |       GND\n"
		"+------+\n");
	free(drawing);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(a_header_without_hardware_is_drawn_all_the_same),
		IN_FOLDER(levels_directions_and_owners_are_told),
		IN_FOLDER(what_is_too_long_is_cut),
		IN_FOLDER(an_owner_does_not_steer_the_terminal),
		IN_FOLDER(colours_change_nothing_else),
		IN_FOLDER(boxes_have_lines_where_a_terminal_has_them),
		IN_FOLDER(lines_end_as_they_are_told),
		IN_FOLDER(a_single_row_of_pins_is_drawn_downwards),
	};

	return CHECK_RUN(tests);
}
