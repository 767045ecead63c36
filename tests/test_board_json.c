/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "board/json.h"
#include "tests/check.h"

/* What was written since the last call of written(). */
static struct atoll_json json;
static char *text;
static size_t length;

static struct atoll_json *begin(void)
{
	json = (struct atoll_json){ .file = open_memstream(&text, &length) };
	assert_non_null(json.file);
	return &json;
}

static const char *written(void)
{
	static char copy[4096];

	assert_int_equal(fclose(json.file), 0);
	assert_true(length < sizeof(copy));
	memcpy(copy, text, length + 1);
	free(text);
	return copy;
}

static const char *string(const char *value)
{
	atoll_json_string(begin(), NULL, value);
	return written();
}

static const char *real(double value)
{
	atoll_json_real(begin(), NULL, value);
	return written();
}

static void the_example_of_the_header_comes_out_as_printed_there(void **state)
{
	const int32_t box[] = { 1, 2, 3, 4 };

	(void)state;
	begin();
	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "label", "key");
	atoll_json_real(&json, "score", 0.97);
	atoll_json_array(&json, "box");
	for (int i = 0; i < 4; i++)
		atoll_json_integer(&json, NULL, box[i]);
	atoll_json_end(&json);
	atoll_json_end(&json);
	assert_string_equal(written(),
			    "{\"label\":\"key\",\"score\":0.97,\"box\":[1,2,3,4]}\n");
}

static void commas_stand_between_items_of_every_level_only(void **state)
{
	(void)state;
	begin();
	atoll_json_array(&json, NULL);
	atoll_json_object(&json, NULL);
	atoll_json_end(&json);
	atoll_json_array(&json, NULL);
	atoll_json_array(&json, NULL);
	atoll_json_end(&json);
	atoll_json_bool(&json, NULL, true);
	atoll_json_end(&json);
	atoll_json_bool(&json, NULL, false);
	atoll_json_end(&json);
	assert_string_equal(written(), "[{},[[],true],false]\n");
}

static void each_outermost_value_gets_a_line_of_its_own(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 2; i++) {
		atoll_json_object(&json, NULL);
		atoll_json_integer(&json, "n", i);
		atoll_json_end(&json);
	}
	assert_string_equal(written(), "{\"n\":0}\n{\"n\":1}\n");
}

static void levels_nest_as_deep_as_promised(void **state)
{
	char expected[2 * ATOLL_JSON_DEPTH_MAX + 2] = "";

	(void)state;
	begin();
	for (int i = 0; i < ATOLL_JSON_DEPTH_MAX; i++)
		atoll_json_array(&json, NULL);
	for (int i = 0; i < ATOLL_JSON_DEPTH_MAX; i++)
		atoll_json_end(&json);
	memset(expected, '[', ATOLL_JSON_DEPTH_MAX);
	memset(expected + ATOLL_JSON_DEPTH_MAX, ']', ATOLL_JSON_DEPTH_MAX);
	strcat(expected, "\n");
	assert_string_equal(written(), expected);
}

static void what_json_forbids_in_strings_is_escaped(void **state)
{
	(void)state;
	assert_string_equal(string("say \"no\" \\ /"), "\"say \\\"no\\\" \\\\ /\"");
	assert_string_equal(string("a\nb\tc\x01\x1f\x7f"),
			    "\"a\\u000ab\\u0009c\\u0001\\u001f\x7f\"");
	assert_string_equal(string(""), "\"\"");
	assert_string_equal(string(NULL), "null");
}

static void keys_are_escaped_like_values(void **state)
{
	(void)state;
	begin();
	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "a\"b", "c");
	atoll_json_end(&json);
	assert_string_equal(written(), "{\"a\\\"b\":\"c\"}\n");
}

static void good_utf8_is_left_as_it_is(void **state)
{
	/* The first and last character of each length, and both neighbours of
	   the surrogates. */
	const char *good = "\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 "
			   "\xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf";
	char expected[64];

	(void)state;
	(void)snprintf(expected, sizeof(expected), "\"%s\"", good);
	assert_string_equal(string(good), expected);
}

static void bytes_that_are_not_utf8_are_replaced_one_by_one(void **state)
{
	(void)state;
	/* Alone, overlong, surrogate, too large, never valid. */
	assert_string_equal(string("\x80"), "\"\\ufffd\"");
	assert_string_equal(string("\xc0\x80"), "\"\\ufffd\\ufffd\"");
	assert_string_equal(string("\xe0\x9f\xbf"), "\"\\ufffd\\ufffd\\ufffd\"");
	assert_string_equal(string("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
	assert_string_equal(string("\xf4\x90\x80\x80"),
			    "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	assert_string_equal(string("a\xff" "b"), "\"a\\ufffdb\"");
}

static void a_character_cut_off_by_the_end_is_replaced(void **state)
{
	(void)state;
	assert_string_equal(string("\xc3"), "\"\\ufffd\"");
	assert_string_equal(string("\xe2\x82"), "\"\\ufffd\\ufffd\"");
	assert_string_equal(string("\xf0\x9f\x90"), "\"\\ufffd\\ufffd\\ufffd\"");
	assert_string_equal(string("\xe2\"x"), "\"\\ufffd\\\"x\"");
}

static void integers_are_written_whole(void **state)
{
	(void)state;
	begin();
	atoll_json_array(&json, NULL);
	atoll_json_integer(&json, NULL, INT64_MIN);
	atoll_json_integer(&json, NULL, 0);
	atoll_json_integer(&json, NULL, INT64_MAX);
	atoll_json_end(&json);
	assert_string_equal(written(), "[-9223372036854775808,0,9223372036854775807]\n");
}

static void reals_take_the_digits_a_float_needs(void **state)
{
	(void)state;
	assert_string_equal(real(0), "0");
	assert_string_equal(real(0.5), "0.5");
	assert_string_equal(real(-1), "-1");
	assert_string_equal(real((double)0.1f), "0.1");
	assert_string_equal(real((double)(1.0f / 3)), "0.33333334");
	assert_string_equal(real(16777216), "16777216");
	assert_string_equal(real(10), "10");
	assert_string_equal(real(-640000), "-640000");
	assert_string_equal(real(1e9), "1e+09");
	assert_string_equal(real(1e-9), "1e-09");
}

static void every_float_can_be_read_back(void **state)
{
	struct check_random random = { 1 };
	const float edges[] = { FLT_MAX, -FLT_MAX, FLT_MIN, FLT_TRUE_MIN, FLT_EPSILON };

	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		assert_true(strtof(real((double)edges[i]), NULL) == edges[i]);
	for (int i = 0; i < 20000; i++) {
		uint32_t bits = check_random(&random);
		float value;

		memcpy(&value, &bits, sizeof(value));
		if (isfinite(value))
			assert_true(strtof(real((double)value), NULL) == value);
	}
}

static void what_is_not_finite_is_null(void **state)
{
	(void)state;
	assert_string_equal(real((double)NAN), "null");
	assert_string_equal(real((double)INFINITY), "null");
	assert_string_equal(real((double)-INFINITY), "null");
}

static void a_locale_with_a_decimal_comma_changes_nothing(void **state)
{
	static const char *const names[] = {
		"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "es_ES.UTF-8", "ps_AF.UTF-8",
	};
	const char *found = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !found; i++)
		found = setlocale(LC_NUMERIC, names[i]);
	if (!found) {
		print_message("# skipped: no locale with a decimal comma is installed\n");
		skip();
	}
	begin();
	atoll_json_array(&json, NULL);
	atoll_json_real(&json, NULL, -0.25);
	atoll_json_real(&json, NULL, 1.5e-10);
	atoll_json_real(&json, NULL, 3);
	atoll_json_end(&json);
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(written(), "[-0.25,1.5e-10,3]\n");
}

static void a_full_disk_is_left_to_the_file(void **state)
{
	struct atoll_json full = { .file = fopen("/dev/full", "w") };

	(void)state;
	if (!full.file) {
		print_message("# skipped: there is no /dev/full\n");
		skip();
	}
	atoll_json_array(&full, NULL);
	atoll_json_end(&full);
	assert_int_equal(fflush(full.file), EOF);
	assert_true(ferror(full.file));
	(void)fclose(full.file); /* fails, as it must */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_header_comes_out_as_printed_there),
		cmocka_unit_test(commas_stand_between_items_of_every_level_only),
		cmocka_unit_test(each_outermost_value_gets_a_line_of_its_own),
		cmocka_unit_test(levels_nest_as_deep_as_promised),
		cmocka_unit_test(what_json_forbids_in_strings_is_escaped),
		cmocka_unit_test(keys_are_escaped_like_values),
		cmocka_unit_test(good_utf8_is_left_as_it_is),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_one_by_one),
		cmocka_unit_test(a_character_cut_off_by_the_end_is_replaced),
		cmocka_unit_test(integers_are_written_whole),
		cmocka_unit_test(reals_take_the_digits_a_float_needs),
		cmocka_unit_test(every_float_can_be_read_back),
		cmocka_unit_test(what_is_not_finite_is_null),
		cmocka_unit_test(a_locale_with_a_decimal_comma_changes_nothing),
		cmocka_unit_test(a_full_disk_is_left_to_the_file),
	};

	return CHECK_RUN(tests);
}
