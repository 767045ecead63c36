/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/teach_view.h"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"
#include "tests/terminal.h"

static const struct atoll_model extractor = {
	.path = "x", .bytes = (const uint8_t *)"model", .size = 5,
};

static uint8_t pixels[4 * 4 * 3];

static struct atoll_frame make_frame(void)
{
	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_RGB24, .width = 4, .height = 4 };

	assert_int_equal(atoll_frame_lay(&frame, pixels, sizeof(pixels), 0), 0);
	return frame;
}

static void add(struct teach_project *project, const char *label, int count)
{
	const float x[1] = { 1 };

	for (; count > 0; count--)
		assert_int_equal(teach_project_add(project, label, "p", x, 1, NULL), 0);
}

static struct terminal seen;

static void show(const struct teach_project *project, uint32_t rows, uint32_t columns)
{
	const struct atoll_frame frame = make_frame();
	struct teach_view *view;

	terminal_begin(rows, columns + 1); /* one column is never used */
	view = teach_view_open();
	teach_view_show(view, project, &frame, "key: 2 of 5, the next in 0.7 s");
	teach_view_close(view);
	terminal_end(&seen);
	assert_false(seen.has_wrapped);
	assert_false(seen.has_scrolled);
	assert_true(seen.has_cursor);
}

static void it_counts_the_examples_of_each_class(void **state)
{
	struct teach_project *project = teach_project_new("f", TEACH_IMPRINTING, &extractor, 1,
							  NULL);

	(void)state;
	assert_int_equal(teach_project_keep(project, "of the base", NULL), 0);
	add(project, "bell", 4);
	add(project, "key", 2);
	show(project, 12, 41);
	assert_string_equal(seen.row[0], "key: 2 of 5, the next in 0.7 s");
	assert_string_equal(seen.row[1], "bell                ################ 4");
	assert_string_equal(seen.row[2], "key                 ########         2");
	assert_string_equal(seen.row[3], "");
	teach_project_free(project);
}

static void of_many_classes_the_last_are_shown(void **state)
{
	struct teach_project *project = teach_project_new("f", TEACH_IMPRINTING, &extractor, 1,
							  NULL);

	(void)state;
	for (int i = 0; i < 30; i++) {
		char label[32];

		(void)snprintf(label, sizeof(label), "class %d", i);
		add(project, label, 1);
	}
	show(project, 20, 60);
	assert_int_equal(strncmp(seen.row[1], "class 18 ", 9), 0);
	assert_int_equal(strncmp(seen.row[12], "class 29 ", 9), 0);
	assert_string_equal(seen.row[13], "");
	show(project, 5, 12); /* no room to speak of */
	teach_project_free(project);
}

static void without_a_terminal_there_is_none(void **state)
{
	(void)state;
	teach_view_show(NULL, NULL, NULL, NULL);
	teach_view_hide(NULL);
	teach_view_close(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_counts_the_examples_of_each_class),
		cmocka_unit_test(of_many_classes_the_last_are_shown),
		cmocka_unit_test(without_a_terminal_there_is_none),
	};

	return CHECK_RUN(tests);
}
