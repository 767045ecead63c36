/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/decode/labels.h"
#include "tests/check.h"

/* A file of these bytes, which is gone once it was read. */
static struct atoll_labels *load_bytes(const char *bytes, size_t size,
				       struct atoll_error *err)
{
	char path[] = "/tmp/atoll-labels-XXXXXX";
	int fd = mkstemp(path);
	struct atoll_labels *labels;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	labels = atoll_labels_load(path, err);
	unlink(path);
	/* Sentences without the random part of the name can be compared. */
	if (!labels && strstr(err->text, path))
		memcpy(strstr(err->text, path) + strlen(path) - 6, "123456", 6);
	return labels;
}

static struct atoll_labels *load(const char *text)
{
	struct atoll_error err;
	struct atoll_labels *labels = load_bytes(text, strlen(text), &err);

	if (!labels)
		fail_msg("%s", err.text);
	return labels;
}

static void assert_refused(const char *bytes, size_t size, int code, const char *why)
{
	struct atoll_error err;
	char sentence[200];

	(void)snprintf(sentence, sizeof(sentence),
		       "labels: /tmp/atoll-labels-123456: %s", why);
	assert_null(load_bytes(bytes, size, &err));
	assert_int_equal(err.code, code);
	assert_string_equal(err.text, sentence);
}

/* The names in order, "-" for none, separated by "|". */
static void assert_names(const char *text, const char *expected)
{
	struct atoll_labels *labels = load(text);
	char all[1000] = "";

	for (uint32_t i = 0; i < atoll_labels_count(labels); i++) {
		const char *name = atoll_labels_name(labels, i);

		strcat(all, i ? "|" : "");
		strcat(all, name ? name : "-");
	}
	assert_string_equal(all, expected);
	atoll_labels_free(labels);
}

static void lines_name_the_outputs_in_order(void **state)
{
	(void)state;
	assert_names("cat\ndog\nbird\n", "cat|dog|bird");
	assert_names("tench, Tinca tinca\nice cream\n", "tench, Tinca tinca|ice cream");
	assert_names("K\xc3\xa4se\n\xe7\x8c\xab\n", "K\xc3\xa4se|\xe7\x8c\xab");
}

static void the_last_line_needs_no_end(void **state)
{
	(void)state;
	assert_names("cat\ndog", "cat|dog");
	assert_names("cat", "cat");
}

static void ends_of_lines_from_windows_are_no_part_of_names(void **state)
{
	(void)state;
	assert_names("cat\r\ndog\r\n", "cat|dog");
	assert_names("0 cat\r\n1 dog\r\n", "cat|dog");
}

static void a_byte_order_mark_is_no_part_of_the_first_name(void **state)
{
	(void)state;
	assert_names("\xef\xbb\xbf" "cat\ndog\n", "cat|dog");
	assert_names("\xef\xbb\xbf" "1 dog\n0 cat\n", "cat|dog");
	assert_names("\xef\xbb\n", "\xef\xbb");
}

static void a_blank_line_is_the_place_of_an_output_too(void **state)
{
	(void)state;
	assert_names("cat\n\ndog\n", "cat||dog");
	assert_names("\n", "");
}

static void numbered_lines_are_read_by_number(void **state)
{
	(void)state;
	assert_names("0  cat\n1  dog\n", "cat|dog");
	assert_names("1: dog\n0: cat\n", "cat|dog");
	assert_names("0\tcat\n1:dog\n", "cat|dog");
	assert_names("2 bird\n\n0 cat\n", "cat|-|bird");
	assert_names("007 bond\n", "-|-|-|-|-|-|-|bond");
}

static void one_line_without_a_number_and_all_are_plain(void **state)
{
	(void)state;
	assert_names("0 cat\ndog\n", "0 cat|dog");
	assert_names("0 cat\n1\n", "0 cat|1");
	assert_names("0 cat\n1x dog\n", "0 cat|1x dog");
	assert_names("-1 cat\n", "-1 cat");
	assert_names(" 1 cat\n", " 1 cat");
}

static void past_the_end_there_is_no_name(void **state)
{
	struct atoll_labels *labels = load("cat\ndog\n");

	(void)state;
	assert_non_null(atoll_labels_name(labels, 1));
	assert_null(atoll_labels_name(labels, 2));
	assert_null(atoll_labels_name(labels, UINT32_MAX));
	atoll_labels_free(labels);
}

static void no_labels_have_no_names(void **state)
{
	(void)state;
	assert_int_equal(atoll_labels_count(NULL), 0);
	assert_null(atoll_labels_name(NULL, 0));
	atoll_labels_free(NULL);
}

static void a_file_that_is_not_text_is_refused(void **state)
{
	(void)state;
	assert_refused("", 0, -EINVAL, "the file is empty");
	assert_refused("cat\0dog\n", 8, -EINVAL, "not a text file");
	assert_refused("\0", 1, -EINVAL, "not a text file");
	assert_refused("cat\n\xff\xfe\n", 7, -EINVAL, "not a text file");
}

static void an_index_named_twice_is_refused(void **state)
{
	const char *twice = "0 cat\n1 dog\n\n1 bird\n";

	(void)state;
	assert_refused(twice, strlen(twice), -EINVAL,
		       "line 4: index 1 has a name already");
}

static void an_index_that_no_model_has_is_refused(void **state)
{
	(void)state;
	assert_names("5 cat\n", "-|-|-|-|-|cat");
	assert_refused("1000001 cat\n", 12, -EINVAL, "index 1000001 is above 1000000");
	assert_refused("99999999999999999999999 cat\n", 28, -EINVAL,
		       "index 18446744073709551615 is above 1000000");
}

static void a_file_that_cannot_be_read_is_said_to_be_so(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_null(atoll_labels_load("/nowhere/labels.txt", &err));
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text,
			    "labels: /nowhere/labels.txt: No such file or directory");
	assert_null(atoll_labels_load("/", &err));
	assert_int_equal(err.code, -EISDIR);
	assert_string_equal(err.text, "labels: /: Is a directory");
	assert_null(atoll_labels_load("/", NULL));
}

static void the_names_of_imagenet_are_all_there(void **state)
{
	struct atoll_error err;
	struct atoll_labels *labels =
		atoll_labels_load(check_data_path("models/imagenet_labels.txt"), &err);

	(void)state;
	assert_non_null(labels);
	assert_int_equal(atoll_labels_count(labels), 1001);
	assert_string_equal(atoll_labels_name(labels, 0), "background");
	assert_string_equal(atoll_labels_name(labels, 1), "tench, Tinca tinca");
	assert_non_null(atoll_labels_name(labels, 1000));
	atoll_labels_free(labels);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_name_the_outputs_in_order),
		cmocka_unit_test(the_last_line_needs_no_end),
		cmocka_unit_test(ends_of_lines_from_windows_are_no_part_of_names),
		cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_name),
		cmocka_unit_test(a_blank_line_is_the_place_of_an_output_too),
		cmocka_unit_test(numbered_lines_are_read_by_number),
		cmocka_unit_test(one_line_without_a_number_and_all_are_plain),
		cmocka_unit_test(past_the_end_there_is_no_name),
		cmocka_unit_test(no_labels_have_no_names),
		cmocka_unit_test(a_file_that_is_not_text_is_refused),
		cmocka_unit_test(an_index_named_twice_is_refused),
		cmocka_unit_test(an_index_that_no_model_has_is_refused),
		cmocka_unit_test(a_file_that_cannot_be_read_is_said_to_be_so),
		cmocka_unit_test(the_names_of_imagenet_are_all_there),
	};

	return CHECK_RUN(tests);
}
