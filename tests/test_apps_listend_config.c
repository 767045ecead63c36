/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

#include "apps/listend_config.h"
#include "tests/conf.h"
#include "tests/folder.h"

static struct listend_config *load_with(const char *text,
					const struct listend_overrides *overrides,
					struct atoll_error *err)
{
	struct atoll_log log = conf_log_open();
	struct listend_config *config =
		listend_config_load(conf_write(text), overrides, &log, err);

	conf_log_close(&log);
	return config;
}

static struct listend_config *load(const char *text)
{
	struct atoll_error err = { .text = "" };
	struct listend_config *config = load_with(text, NULL, &err);

	if (!config)
		fail_msg("%s", err.text);
	return config;
}

static void refuse(const char *text, const char *sentence)
{
	struct atoll_error err = { .code = 0 };

	assert_null(load_with(text, NULL, &err));
	conf_assert_refused(text, &err, sentence);
}

static void without_a_file_everything_has_a_value_that_works(void **state)
{
	struct atoll_error err;
	struct listend_config *config =
		listend_config_load("/nowhere/at/all.conf", NULL, NULL, &err);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->sound.what, "mic:auto");
	assert_string_equal(config->microphone, "auto");
	assert_true(config->sound.is_paced && config->sound.repeats);
	assert_null(config->mixer);
	assert_int_equal(config->sound.channel, 0);
	assert_int_equal(config->sound.microphone.period_ms, 50);
	assert_int_equal(config->models, 1);
	assert_string_equal(config->model[0].name, "keywords");
	assert_non_null(strstr(config->model[0].hearing.model_path, "keywords.tflite"));
	assert_true(config->model[0].hearing.threshold == 0);
	assert_true(config->model[0].hearing.is_gated);
	assert_int_equal(config->model[0].hearing.session.threads, 1);
	assert_string_equal(config->events.path, "/run/atoll/listend.sock");
	assert_false(config->events.is_chosen);
	assert_int_equal(config->clients, 32);
	assert_int_equal(config->status_ms, 60000);
	listend_config_free(config);
}

static void what_the_file_says_counts(void **state)
{
	struct listend_config *config = load(
		"microphone = USB Microphone\nrate = 48000\nchannels = 2\nchannel = 2\n"
		"mixer = PGA Capture Volume=4; AIF TX Mux=Digital MIC\nclock = low\n"
		"events = /tmp/e.sock\nclients = 3\nstatus = 5s\n"
		"threshold = 0.8\nhop = 200ms\ngate = no\nsmoothing = 300ms\n"
		"[model.keywords]\nwords = w.txt\n"
		"[model.voice.commands]\nfile = v.tflite\nlabels = v.txt\ntwin = t.tflite\n"
		"device = usb\nthreads = 2\nthreshold = 0.5\nthresholds = yes 0.9\nhop = 50ms\n"
		"gate = yes\n");
	const struct hearing_config *first = &config->model[0].hearing;
	const struct hearing_config *second = &config->model[1].hearing;

	(void)state;
	assert_string_equal(conf_said, "");
	assert_string_equal(config->sound.what, "mic:USB Microphone");
	assert_int_equal(config->sound.microphone.rate, 48000);
	assert_int_equal(config->sound.microphone.channels, 2);
	assert_int_equal(config->sound.channel, 2);
	assert_string_equal(config->mixer, "PGA Capture Volume=4; AIF TX Mux=Digital MIC");
	assert_string_equal(config->clock, "low");
	assert_string_equal(config->events.path, "/tmp/e.sock");
	assert_true(config->events.is_chosen);
	assert_int_equal(config->clients, 3);
	assert_int_equal(config->status_ms, 5000);
	assert_int_equal(config->models, 2);

	/* What is said of no model is said of all. */
	assert_string_equal(config->model[0].name, "keywords");
	assert_string_equal(first->words_path, "w.txt");
	assert_true(first->threshold == 0.8f);
	assert_null(first->thresholds);
	assert_int_equal(first->hop_ms, 200);
	assert_int_equal(first->smoothing_ms, 300);
	assert_false(first->is_gated);

	assert_string_equal(config->model[1].name, "voice.commands");
	assert_string_equal(second->model_path, "v.tflite");
	assert_string_equal(second->labels_path, "v.txt");
	assert_string_equal(second->twin_path, "t.tflite");
	assert_string_equal(second->session.device, "usb");
	assert_int_equal(second->session.threads, 2);
	assert_true(second->threshold == 0.5f);
	assert_string_equal(second->thresholds, "yes 0.9");
	assert_int_equal(second->hop_ms, 50);
	assert_int_equal(second->smoothing_ms, 300);
	assert_true(second->is_gated);
	listend_config_free(config);
}

static void a_file_that_repeats_takes_the_place_of_the_microphone(void **state)
{
	struct listend_config *config = load("source = /some/clip.wav\n");

	(void)state;
	assert_string_equal(config->sound.what, "/some/clip.wav");
	assert_null(config->microphone);
	listend_config_free(config);
	refuse("microphone = auto\nsource = c.wav\n", ":2: source: there is a microphone already");
}

static void a_mixer_is_left_alone_unless_told_otherwise(void **state)
{
	struct listend_config *config = load("mixer = none\n");

	(void)state;
	assert_null(config->mixer);
	listend_config_free(config);
	config = load("mixer = board\n");
	assert_string_equal(config->mixer, "board");
	listend_config_free(config);
}

static void sound_is_taken_as_often_as_the_fastest_model_runs(void **state)
{
	struct listend_config *config = load("hop = 30ms\n[model.keywords]\nhop = 1s\n");

	(void)state;
	assert_int_equal(config->sound.microphone.period_ms, 50);
	listend_config_free(config);
	config = load("hop = 30ms\n[model.a]\nfile = a\n[model.b]\nfile = b\nhop = 20ms\n");
	assert_int_equal(config->sound.microphone.period_ms, 20);
	listend_config_free(config);
}

static void the_command_line_has_the_last_word(void **state)
{
	const struct listend_overrides file = {
		.file = "clip.wav", .model = "m.tflite", .labels = "l.txt", .events = "off",
	};
	const struct listend_overrides microphone = { .microphone = "hw:1,0" };
	const char text[] = "microphone = x\nevents = /e\nhop = 50ms\n[model.a]\nfile = a\n"
			    "words = w\nhop = 20ms\n[model.b]\nfile = b\n";
	struct atoll_error err;
	struct listend_config *config = load_with(text, &file, &err);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->sound.what, "clip.wav");
	assert_null(config->microphone);
	assert_int_equal(config->models, 1);
	assert_string_equal(config->model[0].name, "model");
	assert_string_equal(config->model[0].hearing.model_path, "m.tflite");
	assert_string_equal(config->model[0].hearing.labels_path, "l.txt");
	/* Words were taught to another model. */
	assert_null(config->model[0].hearing.words_path);
	assert_int_equal(config->model[0].hearing.hop_ms, 50);
	assert_null(config->events.path);
	listend_config_free(config);

	config = load_with("source = c.wav\n", &microphone, &err);
	assert_non_null(config);
	assert_string_equal(config->sound.what, "mic:hw:1,0");
	assert_string_equal(config->microphone, "hw:1,0");
	listend_config_free(config);
}

static void unknown_keys_are_told_with_their_place_and_passed_over(void **state)
{
	struct listend_config *config = load("\ncolour = blue\n[model.keywords]\nsmell = 1\n");
	char expected[256];

	(void)state;
	(void)snprintf(expected, sizeof(expected),
		       "test: %s:2: colour: unknown, passed over\n"
		       "test: %s:4: model.keywords.smell: unknown, passed over\n",
		       in_folder("d.conf"), in_folder("d.conf"));
	assert_string_equal(conf_said, expected);
	listend_config_free(config);
}

static void a_wrong_value_is_refused_with_its_place(void **state)
{
	(void)state;
	refuse("\nrate = fast\n", ":2: rate");
	refuse("rate = 100\n", ":1: rate");
	refuse("channels = 9\n", ":1: channels");
	refuse("channel = 0\n", ":1: channel");
	refuse("channels = 2\nchannel = 3\n", ":2: channel: above the number of channels");
	refuse("threshold = 0\n", ":1: threshold");
	refuse("threshold = 1.1\n", ":1: threshold");
	refuse("hop = 10ms\n", ":1: hop");
	refuse("hop = 100\n", ":1: hop");
	refuse("gate = perhaps\n", ":1: gate");
	refuse("clock = fast\n", ":1: clock: not low, medium, high or max");
	refuse("clients = 0\n", ":1: clients");
	refuse("status = 2d\n", ":1: status");
	refuse("[model.x]\nhop = 50ms\n", "model x: no file is given");
	refuse("[model.keywords]\nthreads = many\n", ":2: model.keywords.threads");
	refuse("what\n", ":1");
}

static void a_name_too_long_for_a_source_is_refused(void **state)
{
	char text[1024] = "microphone = ";

	(void)state;
	memset(text + strlen(text), 'x', 400);
	refuse(text, ":1: microphone: too long");
}

static void more_models_than_there_is_room_for_are_refused(void **state)
{
	char text[1024] = "";

	(void)state;
	for (int i = 0; i <= LISTEND_MODELS_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "[model.m%d]\nfile = x\n", i);
	refuse(text, ":18: more than 8 models");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_everything_has_a_value_that_works),
		cmocka_unit_test(what_the_file_says_counts),
		cmocka_unit_test(a_file_that_repeats_takes_the_place_of_the_microphone),
		cmocka_unit_test(a_mixer_is_left_alone_unless_told_otherwise),
		cmocka_unit_test(sound_is_taken_as_often_as_the_fastest_model_runs),
		cmocka_unit_test(the_command_line_has_the_last_word),
		cmocka_unit_test(unknown_keys_are_told_with_their_place_and_passed_over),
		cmocka_unit_test(a_wrong_value_is_refused_with_its_place),
		cmocka_unit_test(a_name_too_long_for_a_source_is_refused),
		cmocka_unit_test(more_models_than_there_is_room_for_are_refused),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, folder_make, folder_remove) != 0;
}
