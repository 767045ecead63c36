/* SPDX-License-Identifier: Apache-2.0 */
#include "board/error.h"

#include <errno.h>
#include <string.h>

#include "tests/check.h"

static struct atoll_error err;

/* `length` times the same letter. */
static const char *long_text(char letter, size_t length)
{
	static char text[1000];

	memset(text, letter, length);
	text[length] = '\0';
	return text;
}

static void an_error_keeps_code_and_sentence(void **state)
{
	(void)state;
	assert_int_equal(atoll_error_set(&err, -EINVAL, "tensor %d: %s", 3, "odd"), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, "tensor 3: odd");
}

static void who_wants_no_sentence_still_gets_the_code(void **state)
{
	(void)state;
	assert_int_equal(atoll_error_set(NULL, -ENOMEM, "%s", "unheard"), -ENOMEM);
	assert_int_equal(atoll_error_prefix(NULL, "file"), 0);
}

static void the_longest_sentence_that_fits_is_whole(void **state)
{
	(void)state;
	atoll_error_set(&err, -EIO, "%s", long_text('x', sizeof(err.text) - 1));
	assert_string_equal(err.text, long_text('x', sizeof(err.text) - 1));
}

static void a_longer_sentence_keeps_its_beginning_and_shows_the_cut(void **state)
{
	size_t last = sizeof(err.text) - 1;

	(void)state;
	atoll_error_set(&err, -EIO, "%s", long_text('x', sizeof(err.text)));
	assert_int_equal(strlen(err.text), last);
	assert_memory_equal(err.text, long_text('x', last - 3), last - 3);
	assert_string_equal(err.text + last - 3, "...");
}

static void a_prefix_goes_in_front_and_keeps_the_code(void **state)
{
	(void)state;
	atoll_error_set(&err, -ENOENT, "open: no such file");
	assert_int_equal(atoll_error_prefix(&err, "model: %s", "cards.tflite"), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "model: cards.tflite: open: no such file");
}

static void a_prefix_that_is_too_much_shows_the_cut(void **state)
{
	size_t last = sizeof(err.text) - 1;

	(void)state;
	atoll_error_set(&err, -EIO, "%s", long_text('y', 100));
	atoll_error_prefix(&err, "%s", long_text('x', 100));
	assert_int_equal(strlen(err.text), last);
	assert_memory_equal(err.text + 98, "xx: yy", 6);
	assert_string_equal(err.text + last - 3, "...");
}

static void a_long_path_is_told_by_its_end(void **state)
{
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path));
	strcpy(path + sizeof(path) - 21, "/models/cards.tflite");
	assert_string_equal(atoll_error_path(path), "/models/cards.tflite");
	assert_string_equal(atoll_error_path("models/cards.tflite"), "models/cards.tflite");
	/* Without a slash there, what fits of the end. */
	assert_int_equal(strlen(atoll_error_path(long_text('y', 180))), 64);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_keeps_code_and_sentence),
		cmocka_unit_test(who_wants_no_sentence_still_gets_the_code),
		cmocka_unit_test(the_longest_sentence_that_fits_is_whole),
		cmocka_unit_test(a_longer_sentence_keeps_its_beginning_and_shows_the_cut),
		cmocka_unit_test(a_prefix_goes_in_front_and_keeps_the_code),
		cmocka_unit_test(a_prefix_that_is_too_much_shows_the_cut),
		cmocka_unit_test(a_long_path_is_told_by_its_end),
	};

	return CHECK_RUN(tests);
}
