/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/plot.h"

#include <math.h>
#include <stdio.h>

#include "tests/check.h"
#include "tests/terminal.h"

static struct terminal seen;

static void draw(const struct plot *plot, uint32_t rows, uint32_t columns)
{
	struct panel *panel;

	terminal_begin(12, columns + 1); /* one column is never used */
	panel = panel_open();
	panel_begin(panel);
	for (uint32_t row = 0; row < rows; row++) {
		panel_put(panel, "|");
		plot_draw(plot, panel, row, rows);
		panel_end_line(panel);
	}
	panel_end(panel);
	panel_close(panel);
	terminal_end(&seen);
	assert_false(seen.has_wrapped || seen.has_scrolled);
}

static void the_latest_is_at_the_right(void **state)
{
	struct plot plot = plot_new(0, 1);

	(void)state;
	plot_push(&plot, 1);
	plot_push(&plot, 0);
	plot_push(&plot, 0.5);
	draw(&plot, 1, 11);
	assert_string_equal(seen.row[0], "|       # :");
}

static void a_column_fills_rows_from_below(void **state)
{
	struct plot plot = plot_new(20, 120);

	(void)state;
	plot_push(&plot, 20);
	plot_push(&plot, 45);
	plot_push(&plot, 70);
	plot_push(&plot, 120);
	plot_push(&plot, 500);
	plot_push(&plot, -5);
	plot_push(&plot, 20.01);
	draw(&plot, 2, 8);
	assert_string_equal(seen.row[0], "|   ##");
	assert_string_equal(seen.row[1], "| :### .");
}

static void what_is_not_known_is_a_gap(void **state)
{
	struct plot plot = plot_new(0, 1);

	(void)state;
	plot_push(&plot, 1);
	plot_push(&plot, NAN);
	plot_push(&plot, 1);
	draw(&plot, 2, 4);
	assert_string_equal(seen.row[0], "|# #");
	assert_string_equal(seen.row[1], "|# #");
}

static void what_does_not_fit_is_forgotten_from_the_left(void **state)
{
	struct plot plot = plot_new(0, 1);

	(void)state;
	plot_push(&plot, 1);
	for (int i = 0; i < 2 * PLOT_MOMENTS; i++)
		plot_push(&plot, i % 2);
	draw(&plot, 1, 6);
	assert_string_equal(seen.row[0], "|# # #");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_is_at_the_right),
		cmocka_unit_test(a_column_fills_rows_from_below),
		cmocka_unit_test(what_is_not_known_is_a_gap),
		cmocka_unit_test(what_does_not_fit_is_forgotten_from_the_left),
	};

	return CHECK_RUN(tests);
}
