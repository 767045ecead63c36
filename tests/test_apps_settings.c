/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <string.h>

#include "apps/settings.h"
#include "tests/conf.h"

static struct atoll_config *load(const char *text)
{
	struct atoll_error err = { .text = "" };
	struct atoll_config *file = atoll_config_load_bytes(text, strlen(text), "d.conf", &err);

	if (!file)
		fail_msg("%s", err.text);
	return file;
}

static void a_wrong_value_is_told_with_the_place_it_was_said_last(void **state)
{
	struct atoll_config *file = load("top = 3\n\ntop = 4\n");
	struct atoll_error err;

	(void)state;
	assert_int_equal(settings_wrong(file, "top", "too few", &err), -EINVAL);
	assert_string_equal(err.text, "d.conf:3: top: too few");
	assert_int_equal(settings_wrong(file, "low", "too low", &err), -EINVAL);
	assert_string_equal(err.text, "the built-in value: low: too low");
	atoll_config_free(file);
}

static void numbers_are_written_only_when_their_key_is_there(void **state)
{
	struct atoll_config *file = load("a.top = 3\na.share = 0.5\nbad = 1.5\n");
	char key[SETTINGS_KEY_BYTES];
	struct atoll_error err;
	uint32_t top = 7;
	float share = 0.25f;

	(void)state;
	assert_int_equal(settings_count(file, "top", 1, 9, &top, &err), 0);
	assert_int_equal(settings_share(file, "share", 0, &share, &err), 0);
	assert_int_equal(top, 7);
	assert_true(share == 0.25f);
	assert_int_equal(settings_count(file, settings_key(key, "a.", "top"), 1, 9, &top,
					&err), 0);
	assert_int_equal(settings_share(file, settings_key(key, "a.", "share"), 0, &share,
					&err), 0);
	assert_int_equal(top, 3);
	assert_true(share == 0.5f);
	assert_int_equal(settings_count(file, "a.top", 4, 9, &top, &err), -EINVAL);
	assert_int_equal(settings_share(file, "bad", 0, &share, &err), -EINVAL);
	assert_int_equal(top, 3);
	atoll_config_free(file);
}

static void models_are_named_once_in_the_order_of_the_file(void **state)
{
	struct atoll_config *file = load("x = 1\n[model.b]\nfile = b\n[model.front.door]\n"
					 "file = d\n[other]\nfile = o\n[model.b]\ntop = 3\n");
	char name[3][SETTINGS_NAME_BYTES];
	struct atoll_error err;

	(void)state;
	assert_int_equal(settings_sections(file, "model", name, 3, &err), 2);
	assert_string_equal(name[0], "b");
	assert_string_equal(name[1], "front.door");
	assert_int_equal(settings_sections(file, "model", name, 1, &err), -EINVAL);
	assert_string_equal(err.text, "d.conf:5: more than 1 models");
	atoll_config_free(file);

	file = load("[model.a-name-that-is-far-too-long-to-be-one]\nfile = x\n");
	assert_int_equal(settings_sections(file, "model", name, 3, &err), -EINVAL);
	assert_string_equal(err.text, "d.conf:2: a model's name has at most 31 characters");
	atoll_config_free(file);
}

static void events_are_at_the_usual_place_unless_somebody_says_otherwise(void **state)
{
	struct atoll_config *file = load("");
	struct settings_events events;
	struct atoll_error err;

	(void)state;
	assert_int_equal(settings_events(file, NULL, "/run/x", &events, &err), 0);
	assert_string_equal(events.path, "/run/x");
	assert_false(events.is_chosen);
	atoll_config_free(file);

	file = load("events = /e\n");
	assert_int_equal(settings_events(file, NULL, "/run/x", &events, &err), 0);
	assert_string_equal(events.path, "/e");
	assert_true(events.is_chosen);
	assert_int_equal(settings_events(file, "off", "/run/x", &events, &err), 0);
	assert_null(events.path);
	assert_true(events.is_chosen);
	atoll_config_free(file);
}

static void what_nobody_asked_for_is_told_with_its_place(void **state)
{
	struct atoll_config *file = load("top = 3\ncolour = blue\n");
	struct atoll_log log = conf_log_open();
	uint32_t top;

	(void)state;
	assert_int_equal(settings_count(file, "top", 1, 9, &top, NULL), 0);
	settings_pass_over(file, &log);
	conf_log_close(&log);
	assert_string_equal(conf_said, "test: d.conf:2: colour: unknown, passed over\n");
	settings_pass_over(file, NULL);
	atoll_config_free(file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_value_is_told_with_the_place_it_was_said_last),
		cmocka_unit_test(numbers_are_written_only_when_their_key_is_there),
		cmocka_unit_test(models_are_named_once_in_the_order_of_the_file),
		cmocka_unit_test(events_are_at_the_usual_place_unless_somebody_says_otherwise),
		cmocka_unit_test(what_nobody_asked_for_is_told_with_its_place),
	};

	return CHECK_RUN(tests);
}
