/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/teach_project.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/teach_variants.h"
#include "tests/check.h"
#include "tests/folder.h"

#define SIZE 3

static const struct atoll_model extractor = {
	.path = "x", .bytes = (const uint8_t *)"model", .size = 5,
};

static struct teach_project *begin(enum teach_method method)
{
	struct teach_project *project = teach_project_new(folder, method, &extractor, SIZE,
							  NULL);

	assert_non_null(project);
	return project;
}

static struct teach_project *save_and_load(struct teach_project *project)
{
	struct atoll_error err;

	if (teach_project_save(project, &err) < 0)
		fail_msg("%s", err.text);
	teach_project_free(project);
	project = teach_project_load(folder, &err);
	if (!project)
		fail_msg("%s", err.text);
	return project;
}

static void add(struct teach_project *project, const char *label, const char *path,
		const float *x, uint32_t count)
{
	struct atoll_error err;

	if (teach_project_add(project, label, path, x, count, &err) < 0)
		fail_msg("%s", err.text);
}

static void what_was_added_is_there_the_next_time(void **state)
{
	static const float x[3][SIZE] = { { 0.1f, -2, 3e-9f }, { 1, 2, 3 }, { 4, 5, 6 } };
	struct teach_project *project = begin(TEACH_REGRESSION);
	char digest[ATOLL_DIGEST_TEXT];

	(void)state;
	memcpy(digest, project->digest, sizeof(digest));
	assert_int_equal(teach_project_keep(project, "nothing", NULL), 0);
	add(project, "light bulb", "a b.jpg", x[0], 2);
	add(project, "key", "one\ntwo.jpg", x[2], 1);
	project = save_and_load(project);
	assert_int_equal(project->method, TEACH_REGRESSION);
	assert_string_equal(project->digest, digest);
	assert_int_equal(project->size, SIZE);
	assert_int_equal(project->classes, 3);
	assert_int_equal(project->kept, 1);
	assert_string_equal(project->label[0], "nothing");
	assert_string_equal(project->label[1], "light bulb");
	assert_int_equal(project->pictures, 2);
	assert_string_equal(project->picture[0].path, "a b.jpg");
	assert_string_equal(project->picture[1].path, "one?two.jpg");
	assert_int_equal(project->rows, 3);
	assert_memory_equal(project->x, x, sizeof(x));
	assert_int_equal(project->row_class[1], 1);
	assert_int_equal(project->row_class[2], 2);
	assert_int_equal(teach_project_pictures(project, 0), 0);
	assert_int_equal(teach_project_pictures(project, 2), 1);
	teach_project_free(project);
}

static void there_is_room_for_many(void **state)
{
	struct teach_project *project = begin(TEACH_IMPRINTING);
	float x[SIZE] = { 0 };

	(void)state;
	for (int i = 0; i < 500; i++) {
		char label[32];

		(void)snprintf(label, sizeof(label), "class %d", i % 50);
		x[0] = (float)i;
		add(project, label, "p", x, 1);
	}
	project = save_and_load(project);
	assert_int_equal(project->classes, 50);
	assert_int_equal(project->rows, 500);
	assert_true(project->x[499 * SIZE] == 499);
	assert_int_equal(project->row_class[499], 49);
	teach_project_free(project);
}

static void saving_removes_what_was_learnt(void **state)
{
	struct teach_project *project = begin(TEACH_IMPRINTING);
	FILE *file = fopen(in_folder("learnt.tflite"), "w");

	(void)state;
	assert_int_equal(fclose(file), 0);
	project = save_and_load(project);
	assert_int_not_equal(access(in_folder("learnt.tflite"), F_OK), 0);
	teach_project_free(project);
}

static void a_label_is_a_line_of_its_own(void **state)
{
	struct teach_project *project = begin(TEACH_IMPRINTING);
	const float x[SIZE] = { 0 };
	struct atoll_error err;
	char label[TEACH_LABEL_MAX + 2];

	(void)state;
	memset(label, 'a', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	assert_int_equal(teach_project_add(project, label, "p", x, 1, &err), -EINVAL);
	assert_string_equal(err.text, "label 'aaaaaaaaaaaaaaaaaaaa...': 201 bytes, at least 1, "
			    "at most 200");
	assert_int_equal(teach_project_add(project, "", "p", x, 1, &err), -EINVAL);
	assert_int_equal(teach_project_add(project, "a\nb", "p", x, 1, &err), -EINVAL);
	assert_int_equal(teach_project_add(project, " a", "p", x, 1, &err), -EINVAL);
	assert_int_equal(project->classes, 0);
	assert_int_equal(project->pictures, 0);
	teach_project_free(project);
}

static void a_file_that_is_not_as_it_should_be_is_told_by_line(void **state)
{
#define HEAD "atoll-teach 1\nmethod imprinting\nmodel 12ab\nsize 3\n"
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", ":1: not the examples of atoll-teach" },
		{ "atoll-teach 2\n", ":1: not the examples of atoll-teach" },
		{ "atoll-teach 1\nmethod magic\n", ":2: no method that is known" },
		{ "atoll-teach 1\n", ":2: no method that is known" },
		{ "atoll-teach 1\nmethod imprinting\nmodel X\n", ":3: no model" },
		{ "atoll-teach 1\nmethod imprinting\nmodel 1\nsize 0\n", ":4: no size" },
		{ "atoll-teach 1\nmethod imprinting\nmodel 1\nsize 65537\n", ":4: no size" },
		{ HEAD "1 2 3\n", ":5: not as many numbers as the size says" },
		{ HEAD "picture a\n", ":5: not 'picture LABEL', a tab and a path" },
		{ HEAD "picture a\tb\n1 2\n", ":6: not as many numbers as the size says" },
		{ HEAD "picture a\tb\n1 2 3 4\n", ":6: not as many numbers as the size says" },
		{ HEAD "picture a\tb\n1 2 inf\n", ":6: not as many numbers as the size says" },
		{ HEAD "picture a\tb\n1 2 3\nkept c\n",
		  ":7: kept classes come before all pictures" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FILE *file = fopen(in_folder("examples.txt"), "w");
		struct atoll_error err;
		char expected[160];

		assert_true(fputs(cases[i].text, file) >= 0);
		assert_int_equal(fclose(file), 0);
		assert_null(teach_project_load(folder, &err));
		assert_int_equal(err.code, -EINVAL);
		(void)snprintf(expected, sizeof(expected), "%s%s", in_folder("examples.txt"),
			       cases[i].why);
		assert_string_equal(err.text, expected);
	}
	assert_int_equal(unlink(in_folder("examples.txt")), 0);
	assert_null(teach_project_load(folder, NULL));
}

static void a_full_disk_leaves_the_examples_as_they_were(void **state)
{
	const float x[SIZE] = { 1, 2, 3 };
	struct teach_project *project = begin(TEACH_IMPRINTING);
	struct atoll_error err;

	(void)state;
	add(project, "a", "b", x, 1);
	project = save_and_load(project);
	for (int i = 0; i < 1000; i++)
		add(project, "a", "b", x, 1);
	folder_limit(1000);
	assert_int_equal(teach_project_save(project, &err), -EFBIG);
	folder_limit_end();
	teach_project_free(project);
	project = teach_project_load(folder, NULL);
	assert_int_equal(project->pictures, 1);
	teach_project_free(project);
}

/* Variants, which a project's rows are of. */

static void the_first_variant_is_the_image_itself(void **state)
{
	struct check_random dice = { 9 };
	uint8_t bytes[7 * 5 * 3], out[7 * 5 * 3];
	const struct teach_image image = { bytes, 7, 5, 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)check_random(&dice);
	teach_variant(0, &image, out);
	assert_memory_equal(out, bytes, sizeof(bytes));
	for (uint32_t i = 1; i < TEACH_VARIANTS; i++) {
		teach_variant(i, &image, out);
		assert_memory_not_equal(out, bytes, sizeof(bytes));
	}
}

static void variants_of_a_plain_image_differ_in_light_alone(void **state)
{
	static const uint8_t expected[TEACH_VARIANTS] = {
		200, 200, 200, 200, 200, 150, 250, 200, 170,
	};
	uint8_t bytes[9 * 9], out[9 * 9];
	const struct teach_image image = { bytes, 9, 9, 1 };

	(void)state;
	memset(bytes, 200, sizeof(bytes));
	for (uint32_t i = 0; i < TEACH_VARIANTS; i++) {
		teach_variant(i, &image, out);
		for (size_t k = 0; k < sizeof(out); k++)
			assert_int_equal(out[k], expected[i]);
	}
}

static void one_pixel_has_variants_too(void **state)
{
	uint8_t bytes[3] = { 10, 20, 250 }, out[3];
	const struct teach_image image = { bytes, 1, 1, 3 };

	(void)state;
	teach_variant(6, &image, out);
	assert_int_equal(out[0], 13); /* 12.5 */
	assert_int_equal(out[2], 255);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(what_was_added_is_there_the_next_time),
		IN_FOLDER(there_is_room_for_many),
		IN_FOLDER(saving_removes_what_was_learnt),
		IN_FOLDER(a_label_is_a_line_of_its_own),
		IN_FOLDER(a_file_that_is_not_as_it_should_be_is_told_by_line),
		IN_FOLDER(a_full_disk_leaves_the_examples_as_they_were),
		cmocka_unit_test(the_first_variant_is_the_image_itself),
		cmocka_unit_test(variants_of_a_plain_image_differ_in_light_alone),
		cmocka_unit_test(one_pixel_has_variants_too),
	};

	return CHECK_RUN(tests);
}
