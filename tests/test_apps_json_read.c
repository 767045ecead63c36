/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/json_read.h"

static struct json_value whole(const char *text)
{
	return json_read(text, strlen(text));
}

static void members_of_an_object_are_found_by_name(void **state)
{
	struct json_value line = whole(" {\"event\" : \"word\",\"word\":\"stop\", "
				       "\"score\":0.875,\"id\":-12 ,\"taught\":true} \n");
	char text[16] = "before";
	int64_t integer = 0;
	double real = 0;

	(void)state;
	assert_int_equal(line.kind, JSON_IS_OBJECT);
	assert_true(json_read_text(json_read_member(line, "word"), text, sizeof(text)));
	assert_string_equal(text, "stop");
	assert_true(json_read_real(json_read_member(line, "score"), &real));
	assert_true(real == 0.875);
	assert_true(json_read_integer(json_read_member(line, "id"), &integer));
	assert_int_equal(integer, -12);
	assert_int_equal(json_read_member(line, "taught").kind, JSON_IS_BOOL);
	assert_int_equal(json_read_member(line, "labe").kind, JSON_IS_NONE);
	assert_int_equal(json_read_member(line, "stop").kind, JSON_IS_NONE);
}

static void of_two_members_of_a_name_the_first_counts(void **state)
{
	struct json_value line = whole("{\"a\":\"1\",\"a\":\"2\"}");
	char text[4];

	(void)state;
	assert_true(json_read_text(json_read_member(line, "a"), text, sizeof(text)));
	assert_string_equal(text, "1");
}

static void an_array_is_walked_item_by_item(void **state)
{
	struct json_value item = json_read_first(whole("[ 1 ,[2,3],{\"a\":4},\"x\"]"));
	const enum json_kind kinds[] = {
		JSON_IS_NUMBER, JSON_IS_ARRAY, JSON_IS_OBJECT, JSON_IS_STRING };

	(void)state;
	for (size_t i = 0; i < 4; i++, item = json_read_next(item))
		assert_int_equal(item.kind, kinds[i]);
	assert_int_equal(item.kind, JSON_IS_NONE);
	assert_int_equal(json_read_next(item).kind, JSON_IS_NONE);
	assert_int_equal(json_read_first(whole("[]")).kind, JSON_IS_NONE);
	assert_int_equal(json_read_first(whole("{}")).kind, JSON_IS_NONE);
	assert_int_equal(json_read_member(whole("{}"), "a").kind, JSON_IS_NONE);
	assert_int_equal(json_read_member(whole("[1]"), "a").kind, JSON_IS_NONE);
}

static void text_is_told_without_its_escapes(void **state)
{
	char text[64];

	(void)state;
	assert_true(json_read_text(whole("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC"
				    "\\ud83d\\ude80\xc3\xa9\""), text, sizeof(text)));
	assert_string_equal(text, "a\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x80\xc3\xa9");
	assert_true(json_read_text(json_read_member(whole("{\"\\u0061b\":\"\"}"), "ab"), text, 1));
	assert_string_equal(text, "");
}

static void text_that_is_none_or_does_not_fit_is_not_written(void **state)
{
	static const char *const wrong[] = {
		"\"\\u0000\"", "\"\\ud83d\"", "\"\\ude80\"", "\"\\ud83d\\u0041\"",
		"\"\\ud83dx\"", "\"abcd\"", "\"abc\\n\"", "\"\\ud83d\\ude80\"", "1", "null", "[]",
	};
	char text[5];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		strcpy(text, "old");
		assert_int_not_equal(whole(wrong[i]).kind, JSON_IS_NONE);
		assert_false(json_read_text(whole(wrong[i]), text, 4));
		assert_string_equal(text, "old");
	}
	assert_true(json_read_text(whole("\"\\ud83d\\ude80\""), text, 5));
}

static void numbers_are_read_as_far_as_they_can_be(void **state)
{
	int64_t integer = 7;
	double real = 7;

	(void)state;
	assert_true(json_read_real(whole("-0.5e-1"), &real) && real == -0.05);
	assert_true(json_read_real(whole("1E2"), &real) && real == 100);
	assert_true(json_read_integer(whole("9223372036854775807"), &integer));
	assert_true(integer == INT64_MAX);
	assert_false(json_read_integer(whole("9223372036854775808"), &integer));
	assert_false(json_read_integer(whole("1.0"), &integer));
	assert_false(json_read_integer(whole("1e1"), &integer));
	assert_false(json_read_integer(whole("\"1\""), &integer));
	assert_false(json_read_real(whole("1e999"), &real));
	assert_false(json_read_real(whole("0.1234567890123456789012345678901234567890"
				     "123456789012345678901234567890"), &real));
	assert_true(integer == INT64_MAX && real == 100);
}

static void what_is_not_json_is_nothing(void **state)
{
	static const char *const wrong[] = {
		"", " ", "{", "}", "[", "]", "{]", "[}", "[1", "[1,", "[1,]", "[,1]", "[1 2]",
		"{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{\"a\" 1}",
		"{\"a\":1 \"b\":2}", "\"", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
		"\"\n\"", "\"\t\"", "tru", "truE", "nul", "falsee", "01", "1.", ".5", "-", "+1",
		"1e", "1e+", "--1", "1 2", "{} {}", "NaN", "Infinity", "'a'", "\xff", "{\"a\":\xff}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct json_value value = whole(wrong[i]);

		if (value.kind != JSON_IS_NONE)
			fail_msg("'%s' is taken for JSON", wrong[i]);
		assert_int_equal(json_read_member(value, "a").kind, JSON_IS_NONE);
		assert_int_equal(json_read_first(value).kind, JSON_IS_NONE);
	}
	assert_int_equal(json_read("\"\\\0\"", 4).kind, JSON_IS_NONE);
	assert_int_equal(json_read("1\0", 2).kind, JSON_IS_NONE);
}

static void what_is_nested_too_deep_is_nothing(void **state)
{
	char text[4096];

	(void)state;
	memset(text, '[', sizeof(text));
	assert_int_equal(json_read(text, sizeof(text)).kind, JSON_IS_NONE);
	memset(text + JSON_READ_DEPTH_MAX, ']', JSON_READ_DEPTH_MAX);
	assert_int_equal(json_read(text, 2 * JSON_READ_DEPTH_MAX).kind, JSON_IS_ARRAY);
	memset(text, '[', JSON_READ_DEPTH_MAX + 1);
	memset(text + JSON_READ_DEPTH_MAX + 1, ']', JSON_READ_DEPTH_MAX + 1);
	assert_int_equal(json_read(text, 2 * JSON_READ_DEPTH_MAX + 2).kind, JSON_IS_NONE);
}

/* Any bytes, changed in places: jansson says the same, each in memory of its own so
   that a step too far would be seen. */
static void another_reader_takes_the_same_for_json(void **state)
{
	static const char seed[] = "{\"a\":[1,-2.5e3,true,null],\"b\":{\"c\":\"\\u00e9x\\n\"}}";
	static const char with[] = "{}[]\",:0e.-\\u tn";
	struct check_random random = { 7 };
	unsigned taken = 0;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		size_t length = (size_t)check_random_in(&random, 1, sizeof(seed) - 1);
		int changes = check_random_in(&random, 0, 3);
		char *bytes = malloc(length);
		json_t *other;
		bool is_json;

		if (turn % 2)
			length = sizeof(seed) - 1, bytes = realloc(bytes, length);
		memcpy(bytes, seed, length);
		while (changes-- > 0)
			bytes[check_random_in(&random, 0, (int32_t)length - 1)] =
				with[check_random_in(&random, 0, sizeof(with) - 2)];
		is_json = json_read(bytes, length).kind != JSON_IS_NONE;
		other = json_loadb(bytes, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		if (is_json != (other != NULL))
			fail_msg("%.*s: %s", (int)length, bytes, is_json ? "taken" : "not taken");
		taken += is_json;
		json_decref(other);
		free(bytes);
	}
	assert_true(taken > 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_of_an_object_are_found_by_name),
		cmocka_unit_test(of_two_members_of_a_name_the_first_counts),
		cmocka_unit_test(an_array_is_walked_item_by_item),
		cmocka_unit_test(text_is_told_without_its_escapes),
		cmocka_unit_test(text_that_is_none_or_does_not_fit_is_not_written),
		cmocka_unit_test(numbers_are_read_as_far_as_they_can_be),
		cmocka_unit_test(what_is_not_json_is_nothing),
		cmocka_unit_test(what_is_nested_too_deep_is_nothing),
		cmocka_unit_test(another_reader_takes_the_same_for_json),
	};

	return CHECK_RUN(tests);
}
