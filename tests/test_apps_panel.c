/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/panel.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/terminal.h"

static void draw_two_lines(struct panel *panel, const char *first, const char *second)
{
	panel_begin(panel);
	panel_put(panel, "%s", first);
	panel_end_line(panel);
	panel_put(panel, "%s", second);
	panel_end_line(panel);
	panel_end(panel);
}

static void there_is_none_where_stdout_is_no_terminal(void **state)
{
	const int kept = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);
	struct panel *panel;

	(void)state;
	(void)fflush(stdout);
	assert_true(dup2(null, STDOUT_FILENO) >= 0);
	panel = panel_open();
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	(void)close(kept);
	(void)close(null);
	assert_null(panel);
	panel_hide(panel);
	panel_close(panel);
}

static void a_drawing_takes_the_place_of_the_one_before(void **state)
{
	struct terminal seen;
	struct panel *panel;

	(void)state;
	terminal_begin(8, 40);
	panel = panel_open();
	assert_non_null(panel);
	draw_two_lines(panel, "a long first line", "one");
	draw_two_lines(panel, "short", "two");
	panel_close(panel);
	terminal_end(&seen);
	assert_string_equal(seen.row[0], "short");
	assert_string_equal(seen.row[1], "two");
	assert_string_equal(seen.row[2], "");
	assert_int_equal(seen.drawings, 2);
	assert_true(seen.has_cursor && !seen.is_odd);
}

static void the_cursor_is_hidden_meanwhile(void **state)
{
	struct terminal seen;
	struct panel *panel;

	(void)state;
	terminal_begin(8, 40);
	panel = panel_open();
	draw_two_lines(panel, "a", "b");
	terminal_end(&seen);
	assert_false(seen.has_cursor);
	panel_close(panel);
}

static void what_does_not_fit_is_left_out(void **state)
{
	struct terminal seen;
	struct panel *panel;

	(void)state;
	terminal_begin(4, 20);
	panel = panel_open();
	panel_begin(panel);
	assert_int_equal(panel_columns(panel), 19);
	assert_int_equal(panel_rows(panel), 3);
	for (int i = 0; i < 5; i++) {
		panel_put(panel, "%d of more than there is room for", i);
		panel_bar(panel, 1, 10);
		panel_end_line(panel);
	}
	panel_end(panel);
	panel_close(panel);
	terminal_end(&seen);
	assert_string_equal(seen.row[0], "0 of more than ther");
	assert_string_equal(seen.row[2], "2 of more than ther");
	assert_string_equal(seen.row[3], "");
	assert_false(seen.has_wrapped);
}

static void columns_are_kept_beside_bars(void **state)
{
	struct terminal seen;
	struct panel *panel;

	(void)state;
	terminal_begin(4, 31);
	panel = panel_open();
	panel_begin(panel);
	panel_put(panel, "ab");
	panel_skip_to(panel, 25);
	assert_int_equal(panel_left(panel), 25);
	panel_bar(panel, 0.5, 10);
	assert_int_equal(panel_left(panel), 15);
	panel_put(panel, "|");
	panel_bar(panel, 7, 100);
	assert_int_equal(panel_left(panel), 0);
	panel_end_line(panel);
	panel_end(panel);
	panel_close(panel);
	terminal_end(&seen);
	assert_string_equal(seen.row[0], "ab   #####     |##############");
}

static void a_name_does_not_steer_the_terminal(void **state)
{
	struct terminal seen;
	struct panel *panel;

	(void)state;
	terminal_begin(8, 40);
	panel = panel_open();
	draw_two_lines(panel, "a\033[2Jb\nc\xff" "d", "e");
	panel_close(panel);
	terminal_end(&seen);
	assert_string_equal(seen.row[0], "a?[2Jb?c?d");
	assert_string_equal(seen.row[1], "e");
	assert_false(seen.is_odd);
}

static void words_come_where_a_hidden_one_was_and_the_next_below_them(void **state)
{
	struct terminal seen;
	struct panel *panel;

	(void)state;
	terminal_begin(8, 40);
	panel = panel_open();
	assert_true(panel_is_due(panel));
	draw_two_lines(panel, "first", "second");
	assert_true(panel_drawn_ms(panel) > 0);
	panel_hide(panel);
	assert_true(panel_is_due(panel));
	assert_true(panel_drawn_ms(panel) == 0);
	puts("words");
	(void)fflush(stdout);
	draw_two_lines(panel, "first again", "second again");
	panel_close(panel);
	terminal_end(&seen);
	assert_string_equal(seen.row[0], "words");
	assert_string_equal(seen.row[1], "first again");
	assert_string_equal(seen.row[2], "second again");
	assert_string_equal(seen.row[3], "");
}

static void nothing_is_allocated_per_drawing(void **state)
{
	struct terminal seen;
	struct panel *panel;
	unsigned long before;

	(void)state;
	terminal_begin(8, 40);
	panel = panel_open();
	draw_two_lines(panel, "a", "b");
	before = allocations();
	for (int i = 0; i < 10; i++)
		draw_two_lines(panel, "a", "b");
	before = allocations() - before;
	panel_close(panel);
	terminal_end(&seen);
	assert_int_equal(before, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_none_where_stdout_is_no_terminal),
		cmocka_unit_test(a_drawing_takes_the_place_of_the_one_before),
		cmocka_unit_test(the_cursor_is_hidden_meanwhile),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(columns_are_kept_beside_bars),
		cmocka_unit_test(a_name_does_not_steer_the_terminal),
		cmocka_unit_test(words_come_where_a_hidden_one_was_and_the_next_below_them),
		cmocka_unit_test(nothing_is_allocated_per_drawing),
	};

	return CHECK_RUN(tests);
}
