/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <string.h>

#include "apps/lines.h"

static void a_line_is_one_object_with_its_newline(void **state)
{
	struct lines *lines = lines_new();
	struct atoll_json *json = lines_begin(lines);
	struct line line;

	(void)state;
	atoll_json_string(json, "event", "a\nb");
	line = lines_end(lines);
	assert_int_equal(line.length, strlen("{\"event\":\"a\\u000ab\"}\n"));
	assert_memory_equal(line.bytes, "{\"event\":\"a\\u000ab\"}\n", line.length);
	lines_free(lines);
}

static void a_short_line_after_a_long_one_is_short(void **state)
{
	struct lines *lines = lines_new();
	struct atoll_json *json = lines_begin(lines);
	struct line line;

	(void)state;
	for (int i = 0; i < 10000; i++)
		atoll_json_integer(json, "number", i);
	assert_true(lines_end(lines).length > 100000);
	atoll_json_bool(lines_begin(lines), "is_short", true);
	line = lines_end(lines);
	assert_int_equal(line.length, strlen("{\"is_short\":true}\n"));
	assert_memory_equal(line.bytes, "{\"is_short\":true}\n", line.length);
	lines_free(lines);
}

static void a_stamp_is_universal_time_and_the_clock_that_was_given(void **state)
{
	const char shape[] = "{\"time\":\"dddd-dd-ddTdd:dd:dd.dddZ\",\"monotonic_ns\":17}\n";
	struct lines *lines = lines_new();
	struct line line;

	(void)state;
	lines_stamp(lines_begin(lines), 17);
	line = lines_end(lines);
	assert_int_equal(line.length, strlen(shape));
	for (size_t i = 0; i < line.length; i++)
		if (shape[i] == 'd' && i < strlen("{\"time\":\"dddd-dd-ddTdd:dd:dd.ddd"))
			assert_in_range(line.bytes[i], '0', '9');
		else
			assert_int_equal(line.bytes[i], shape[i]);
	lines_free(lines);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_one_object_with_its_newline),
		cmocka_unit_test(a_short_line_after_a_long_one_is_short),
		cmocka_unit_test(a_stamp_is_universal_time_and_the_clock_that_was_given),
	};

	return CHECK_RUN(tests);
}
