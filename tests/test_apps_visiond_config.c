/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "apps/visiond_config.h"
#include "tests/conf.h"
#include "tests/folder.h"

static struct visiond_config *load_with(const char *text,
					const struct visiond_overrides *overrides,
					struct atoll_error *err)
{
	struct atoll_log log = conf_log_open();
	struct visiond_config *config =
		visiond_config_load(conf_write(text), overrides, &log, err);

	conf_log_close(&log);
	return config;
}

static struct visiond_config *load(const char *text)
{
	struct atoll_error err = { .text = "" };
	struct visiond_config *config = load_with(text, NULL, &err);

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
	struct visiond_config *config =
		visiond_config_load("/nowhere/at/all.conf", NULL, NULL, &err);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->source.what, "camera");
	assert_true(config->is_camera);
	assert_true(config->source.wants_newest && config->source.is_paced &&
		    config->source.repeats);
	assert_int_equal(config->models, 1);
	assert_string_equal(config->model[0].name, "cards");
	assert_non_null(strstr(config->model[0].vision.model_path, "cards.tflite"));
	assert_true(config->model[0].habits.disappear < config->model[0].habits.appear);
	assert_true(config->model[0].vision.threshold == config->model[0].habits.disappear);
	assert_string_equal(config->events.path, "/run/atoll/visiond.sock");
	assert_false(config->events.is_chosen);
	assert_true(config->listen.address.is_loopback && !config->listen.is_off);
	assert_int_equal(config->listen.address.in.sin_port, htons(8080));
	assert_null(config->token);
	assert_int_equal(config->viewers, 4);
	assert_int_equal(config->page_rate_mhz, 15000);
	visiond_config_free(config);
}

static void what_the_file_says_counts(void **state)
{
	struct visiond_config *config = load(
		"camera = Integrated Webcam\nsize = 1280x720\nrate = 14.985\npixels = mjpg\n"
		"events = /tmp/e.sock\nlisten = [::1]:99\ntoken = 0123456789abcdef\n"
		"viewers = 2\npage_rate = 5\npage_quality = 60\nappear = 0.9\nevery = 250ms\n"
		"[model.cards]\nfile = c.tflite\nlabels = c.txt\n"
		"[model.front.door]\nfile = d.tflite\nappear = 0.7\ndisappear = 0.5\n"
		"appear_results = 5\nappear_time = 1s\ndisappear_results = 7\n"
		"disappear_time = 2s\nchange = 0.1\nchange_overlap = 0.9\nchange_time = 3s\n"
		"ignore = wall, floor\n"
		"top = 9\nthreads = 2\nfit = letterbox\nevery = 0\n");

	(void)state;
	assert_string_equal(conf_said, "");
	assert_string_equal(config->source.what, "camera:Integrated Webcam");
	assert_int_equal(config->source.camera.width, 1280);
	assert_int_equal(config->source.camera.height, 720);
	assert_int_equal(config->source.camera.frame_rate_mhz, 14985);
	assert_int_equal(config->source.camera.pixels, ATOLL_PIXELS_JPEG);
	assert_string_equal(config->events.path, "/tmp/e.sock");
	assert_true(config->events.is_chosen);
	assert_int_equal(config->listen.address.any.sa_family, AF_INET6);
	assert_true(config->listen.address.is_loopback);
	assert_string_equal(config->token, "0123456789abcdef");
	assert_int_equal(config->viewers, 2);
	assert_int_equal(config->page_rate_mhz, 5000);
	assert_int_equal(config->page_quality, 60);
	assert_int_equal(config->models, 2);

	/* What is said of no model is said of all. */
	assert_string_equal(config->model[0].name, "cards");
	assert_string_equal(config->model[0].vision.model_path, "c.tflite");
	assert_string_equal(config->model[0].vision.labels_path, "c.txt");
	assert_true(config->model[0].habits.appear == 0.9f);
	assert_int_equal(config->model[0].every_ms, 250);

	assert_string_equal(config->model[1].name, "front.door");
	assert_true(config->model[1].habits.appear == 0.7f);
	assert_true(config->model[1].habits.disappear == 0.5f);
	assert_true(config->model[1].vision.threshold == 0.5f);
	assert_int_equal(config->model[1].habits.appear_results, 5);
	assert_int_equal(config->model[1].habits.appear_ms, 1000);
	assert_int_equal(config->model[1].habits.disappear_results, 7);
	assert_int_equal(config->model[1].habits.disappear_ms, 2000);
	assert_true(config->model[1].habits.change_score == 0.1f);
	assert_true(config->model[1].habits.change_overlap == 0.9f);
	assert_int_equal(config->model[1].habits.change_ms, 3000);
	assert_string_equal(config->model[1].habits.ignored, "wall, floor");
	assert_string_equal(config->model[0].habits.ignored, "nothing");
	assert_int_equal(config->model[1].vision.top, 9);
	assert_int_equal(config->model[1].vision.session.threads, 2);
	assert_int_equal(config->model[1].vision.fit, ATOLL_FIT_LETTERBOX);
	assert_int_equal(config->model[1].every_ms, 0);
	visiond_config_free(config);
}

static void a_file_that_repeats_takes_the_place_of_the_camera(void **state)
{
	struct visiond_config *config = load("source = /some/clip.mjpeg\n");

	(void)state;
	assert_string_equal(config->source.what, "/some/clip.mjpeg");
	assert_false(config->is_camera);
	visiond_config_free(config);
	refuse("camera = auto\nsource = clip.mjpeg\n", ":2: source: there is a camera already");
	config = load("camera = auto\n");
	assert_string_equal(config->source.what, "camera");
	visiond_config_free(config);
}

static void the_command_line_has_the_last_word(void **state)
{
	const struct visiond_overrides overrides = {
		.source = "clip.y4m", .model = "m.tflite", .labels = "l.txt",
		.listen = "127.0.0.2:0", .events = "off",
	};
	struct atoll_error err;
	struct visiond_config *config = load_with(
		"camera = x\nlisten = nonsense\nevents = /e\n[model.a]\nfile = a\n"
		"[model.b]\nfile = b\n", &overrides, &err);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->source.what, "clip.y4m");
	assert_int_equal(config->models, 1);
	assert_string_equal(config->model[0].vision.model_path, "m.tflite");
	assert_string_equal(config->model[0].vision.labels_path, "l.txt");
	assert_null(config->events.path);
	assert_true(config->listen.address.is_loopback);
	assert_int_equal(config->listen.address.in.sin_port, 0);
	visiond_config_free(config);
}

static void unknown_keys_are_told_with_their_place_and_passed_over(void **state)
{
	struct visiond_config *config = load("\ncolour = blue\n[model.cards]\nsmell = 1\n");
	char expected[256];

	(void)state;
	(void)snprintf(expected, sizeof(expected),
		       "test: %s:2: colour: unknown, passed over\n"
		       "test: %s:4: model.cards.smell: unknown, passed over\n",
		       in_folder("d.conf"), in_folder("d.conf"));
	assert_string_equal(conf_said, expected);
	visiond_config_free(config);
}

static void a_wrong_value_is_refused_with_its_place(void **state)
{
	(void)state;
	refuse("size = 640\n", ":1: size: not a size as 640x480");
	refuse("size = 640x\n", ":1: size: ");
	refuse("size = 640x480x3\n", ":1: size: ");
	refuse("size = 4x4\n", ":1: size: ");
	refuse("\nrate = fast\n", ":2: rate");
	refuse("pixels = plaid\n", ":1: pixels: not a format");
	refuse("appear = 2\n", ":1: appear");
	refuse("appear = 0.3\n", "disappear: above the score at which things appear");
	refuse("disappear = 0.9\n", ":1: disappear: above the score");
	refuse("[model.cards]\nfit = tight\n", ":2: model.cards.fit: not stretch");
	refuse("[model.x]\ntop = 3\n", "model x: no file is given");
	refuse("[model.a-name-that-is-far-too-long-to-be-one]\nfile = x\n",
	       ":2: a model's name has at most 31 characters");
	refuse("viewers = 0\n", ":1: viewers");
	refuse("page_quality = 101\n", ":1: page_quality");
	refuse("what\n", ":1");
}

static void more_models_than_there_is_room_for_are_refused(void **state)
{
	char text[1024] = "";

	(void)state;
	for (int i = 0; i <= VISIOND_MODELS_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "[model.m%d]\nfile = x\n", i);
	refuse(text, ":18: more than 8 models");
}

static void an_address_that_others_can_reach_needs_a_token(void **state)
{
	struct visiond_config *config;

	(void)state;
	refuse("viewers = 1\nlisten = 0.0.0.0:8080\n", ":2: listen: 0.0.0.0:8080 can be "
	       "reached from other machines: that needs a token");
	refuse("listen = *:8080\n", "needs a token");
	refuse("listen = [::]:8080\n", "needs a token");
	refuse("listen = 192.0.2.1:8080\n", "needs a token");
	config = load("listen = *:8080\ntoken = 0123456789abcdef\n");
	assert_false(config->listen.address.is_loopback);
	assert_true(config->listen.is_chosen);
	visiond_config_free(config);
	config = load("viewers = 1\n");
	assert_true(config->listen.address.is_loopback);
	assert_false(config->listen.is_chosen);
	visiond_config_free(config);
	config = load("listen = off\n");
	assert_true(config->listen.is_off);
	visiond_config_free(config);
}

static void a_token_is_long_and_plain(void **state)
{
	(void)state;
	refuse("token = short\n", ":1: token: not 16 to 128 letters");
	refuse("token =\n", ":1: token: ");
	refuse("token = 0123456789abcde&\n", ":1: token: ");
	refuse("token = 0123456789 abcdef\n", ":1: token: ");
}

static void a_page_may_be_off(void **state)
{
	struct visiond_listen listen;
	struct atoll_error err;

	(void)state;
	assert_int_equal(visiond_listen_read("off", &listen, &err), 0);
	assert_true(listen.is_off);
	assert_int_equal(visiond_listen_read("[::1]:0", &listen, &err), 0);
	assert_false(listen.is_off);
	assert_int_equal(visiond_listen_read("OFF", &listen, &err), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_everything_has_a_value_that_works),
		cmocka_unit_test(what_the_file_says_counts),
		cmocka_unit_test(a_file_that_repeats_takes_the_place_of_the_camera),
		cmocka_unit_test(the_command_line_has_the_last_word),
		cmocka_unit_test(unknown_keys_are_told_with_their_place_and_passed_over),
		cmocka_unit_test(a_wrong_value_is_refused_with_its_place),
		cmocka_unit_test(more_models_than_there_is_room_for_are_refused),
		cmocka_unit_test(an_address_that_others_can_reach_needs_a_token),
		cmocka_unit_test(a_token_is_long_and_plain),
		cmocka_unit_test(a_page_may_be_off),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, folder_make, folder_remove) != 0;
}
