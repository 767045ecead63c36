/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "apps/listen.h"
#include "apps/options.h"
#include "tests/check.h"

static struct listen_config read_line(int argc, char **argv)
{
	struct listen_config config = {
		.hearing = { .model_path = "share/keywords.tflite", .is_gated = true },
	};

	optind = 0; /* glibc: begin anew */
	listen_options(&config, argc, argv, "help\n");
	return config;
}

#define READ_LINE(...) \
	read_line((int)(sizeof((const char *[]){ "test", ##__VA_ARGS__ }) / sizeof(char *)), \
		  (char *[]){ "test", ##__VA_ARGS__, NULL })

static void without_files_it_is_the_microphone(void **state)
{
	const struct listen_config config = READ_LINE("--rate=48000", "--channels=2");

	(void)state;
	assert_string_equal(config.microphone, "auto");
	assert_int_equal(config.whats, 0);
	assert_int_equal(config.sound.microphone.rate, 48000);
	assert_int_equal(config.sound.microphone.channels, 2);
	assert_int_equal(config.sound.raw.rate, 0);
}

static void files_are_no_microphones(void **state)
{
	const struct listen_config config = READ_LINE("a.wav", "-", "b.wav");

	(void)state;
	assert_null(config.microphone);
	assert_int_equal(config.whats, 3);
	assert_string_equal(config.what[2], "b.wav");
}

static void a_rate_of_standard_input_makes_it_raw(void **state)
{
	struct listen_config config = READ_LINE("-");

	(void)state;
	assert_int_equal(config.sound.raw.rate, 0);
	config = READ_LINE("--rate=22050", "-");
	assert_int_equal(config.sound.raw.rate, 22050);
	assert_int_equal(config.sound.raw.channels, 1);
	assert_int_equal(config.sound.raw.samples, ATOLL_S16);
	assert_int_equal(config.sound.microphone.rate, 0);
	config = READ_LINE("--rate=44100", "--channels=2", "--samples=f32", "-");
	assert_int_equal(config.sound.raw.rate, 44100);
	assert_int_equal(config.sound.raw.channels, 2);
	assert_int_equal(config.sound.raw.samples, ATOLL_F32);
}

static void the_model_is_the_usual_one_unless_named(void **state)
{
	struct listen_config config = READ_LINE("a.wav");

	(void)state;
	assert_string_equal(config.hearing.model_path, "share/keywords.tflite");
	assert_true(config.hearing.is_gated);
	config = READ_LINE("-m", "other.tflite", "--no-gate", "--hop=40ms", "--threshold=0.8",
			   "-l", "names", "--twin=t", "-d", "cpu", "-t2", "a.wav");
	assert_string_equal(config.hearing.model_path, "other.tflite");
	assert_string_equal(config.hearing.labels_path, "names");
	assert_string_equal(config.hearing.twin_path, "t");
	assert_string_equal(config.hearing.session.device, "cpu");
	assert_int_equal(config.hearing.session.threads, 2);
	assert_int_equal(config.hearing.hop_ms, 40);
	assert_float_equal(config.hearing.threshold, 0.8, 1e-6);
	assert_false(config.hearing.is_gated);
}

static void a_lesson_has_five_examples_unless_told(void **state)
{
	struct listen_config config = READ_LINE("--teach=lamp");

	(void)state;
	assert_string_equal(config.teach, "lamp");
	assert_int_equal(config.examples, 5);
	config = READ_LINE("--teach=lamp", "--examples=3", "a.wav");
	assert_int_equal(config.examples, 3);
}

static void taught_words_lie_where_the_user_keeps_data(void **state)
{
	struct listen_config config = READ_LINE("a.wav");
	char *path;

	(void)state;
	assert_int_equal(setenv("HOME", "/home/me", 1), 0);
	assert_int_equal(setenv("XDG_DATA_HOME", "/data", 1), 0);
	path = listen_words_path(&config);
	assert_string_equal(path, "/data/atoll/keywords.words");
	free(path);
	assert_int_equal(setenv("XDG_DATA_HOME", "not/absolute", 1), 0);
	path = listen_words_path(&config);
	assert_string_equal(path, "/home/me/.local/share/atoll/keywords.words");
	free(path);
	assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
	config = READ_LINE("-m", "other.model", "a.wav");
	path = listen_words_path(&config);
	assert_string_equal(path, "/home/me/.local/share/atoll/other.model.words");
	free(path);
	config = READ_LINE("--words=mine", "a.wav");
	path = listen_words_path(&config);
	assert_string_equal(path, "mine");
	free(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_files_it_is_the_microphone),
		cmocka_unit_test(files_are_no_microphones),
		cmocka_unit_test(a_rate_of_standard_input_makes_it_raw),
		cmocka_unit_test(the_model_is_the_usual_one_unless_named),
		cmocka_unit_test(a_lesson_has_five_examples_unless_told),
		cmocka_unit_test(taught_words_lie_where_the_user_keeps_data),
	};

	options_begin("test_apps_listen_options");
	return CHECK_RUN(tests);
}
