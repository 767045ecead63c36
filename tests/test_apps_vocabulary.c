/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/vocabulary.h"

static char folder[] = "/tmp/vocabulary_XXXXXX";
static char model[64], labels[64], thresholds[64];

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct vocabulary_config config(const char *list, float threshold)
{
	return (struct vocabulary_config){
		.model_path = model,
		.classes = 4,
		.threshold = threshold,
		.thresholds = list,
	};
}

static void expect(const char *list, float threshold, float yes, float lights, float no)
{
	const struct vocabulary_config all = config(list, threshold);
	struct atoll_error err = { .text = "" };
	struct vocabulary *vocabulary = vocabulary_load(&all, &err);

	if (!vocabulary)
		fail_msg("%s", err.text);
	assert_false(vocabulary_is_word(vocabulary, 0));
	assert_true(vocabulary_threshold(vocabulary, 1) == yes);
	assert_true(vocabulary_threshold(vocabulary, 2) == lights);
	assert_true(vocabulary_threshold(vocabulary, 3) == no);
	vocabulary_free(vocabulary);
}

static void refuse(const char *list, const char *why)
{
	const struct vocabulary_config all = config(list, 0);
	struct atoll_error err = { .text = "" };

	assert_null(vocabulary_load(&all, &err));
	assert_int_equal(err.code, -EINVAL);
	if (!strstr(err.text, why))
		fail_msg("'%s' says '%s', not '%s'", list, err.text, why);
}

static void a_word_s_own_threshold_is_above_all_others(void **state)
{
	(void)state;
	expect(NULL, 0, 0.7f, 0.7f, 0.7f);
	expect("yes 0.8", 0, 0.8f, 0.7f, 0.7f);
	expect("yes 0.8", 0.6f, 0.8f, 0.6f, 0.6f);
	write_text(thresholds, "* 0.5\nyes 0.55\nno 0.9\n");
	expect(NULL, 0, 0.55f, 0.5f, 0.9f);
	expect("yes 0.8", 0, 0.8f, 0.5f, 0.9f);
	expect("yes 0.8", 0.6f, 0.8f, 0.6f, 0.6f);
	assert_int_equal(unlink(thresholds), 0);
}

static void words_may_have_spaces_and_blanks_around_them(void **state)
{
	(void)state;
	expect("  lights on   0.25 ,no\t0.75", 0, 0.7f, 0.25f, 0.75f);
}

static void a_list_that_makes_no_sense_is_refused(void **state)
{
	(void)state;
	refuse("perhaps 0.8", "thresholds: 'perhaps' is no word of the model");
	refuse("silence 0.8", "thresholds: 'silence' is no word of the model");
	refuse("yes", "thresholds: 'yes' is not 'word 0.7'");
	refuse("yes 0.8,", "thresholds: '' is not");
	refuse("yes 0.8, no 0", "thresholds: 'no 0' is not");
	refuse("yes 1.5", "thresholds: 'yes 1.5' is not");
	refuse("yes high", "thresholds: 'yes high' is not");
	refuse("", "thresholds: '' is not");
}

static int make_files(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(model, sizeof(model), "%s/m.tflite", folder);
	(void)snprintf(labels, sizeof(labels), "%s/m_labels.txt", folder);
	(void)snprintf(thresholds, sizeof(thresholds), "%s/m_thresholds.txt", folder);
	write_text(labels, "silence\nyes\nlights on\nno\n");
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	return unlink(labels) < 0 || rmdir(folder) < 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_s_own_threshold_is_above_all_others),
		cmocka_unit_test(words_may_have_spaces_and_blanks_around_them),
		cmocka_unit_test(a_list_that_makes_no_sense_is_refused),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_files, remove_files) != 0;
}
