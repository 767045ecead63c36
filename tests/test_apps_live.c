/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/live.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/options.h"
#include "tests/allocations.h"
#include "tests/check.h"

#define MODEL "apps/models/cards/cards.tflite"

/* A video of two grey frames, for each test. */
static char video[32];

static int write_video(void **state)
{
	const int fd = mkstemp(strcpy(video, "/tmp/atoll-live-XXXXXX"));
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	(void)state;
	if (!file)
		return -1;
	fprintf(file, "YUV4MPEG2 W64 H48 F1000:1 Cmono\n");
	for (int frame = 0; frame < 2; frame++) {
		fprintf(file, "FRAME\n");
		for (int i = 0; i < 64 * 48; i++)
			putc(64 + 128 * frame, file);
	}
	return fclose(file);
}

static int remove_video(void **state)
{
	(void)state;
	return unlink(video);
}

static void *read_all(void *data)
{
	char bytes[4096];

	while (read(*(int *)data, bytes, sizeof(bytes)) > 0)
		;
	return NULL;
}

/* How often memory is taken while `for_ms` of the video, a frame each, are looked
   at with stdout in `out`. */
static unsigned long allocations_in(struct live_config config, int64_t for_ms, int out)
{
	char *what = video;
	const int kept = dup(STDOUT_FILENO), kept_err = dup(STDERR_FILENO);
	const int null = open("/dev/null", O_WRONLY);
	unsigned long before;
	int status;

	config.for_ms = for_ms;
	config.what = &what;
	config.whats = 1;
	(void)fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0);
	before = allocations();
	status = live_run(&config);
	before = allocations() - before;
	(void)fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0 && dup2(kept_err, STDERR_FILENO) >= 0);
	(void)close(kept);
	(void)close(kept_err);
	(void)close(null);
	assert_int_equal(status, EXIT_SUCCESS);
	return before;
}

static struct live_config looking(void)
{
	return (struct live_config){
		.accepts = 1u << VISION_CLASSES,
		.model_path = { MODEL, MODEL },
		.models = 2,
		.source.repeats = true,
		.vision.session.threads = 1,
	};
}

static void need_model(void)
{
	if (access(MODEL, R_OK) != 0) {
		print_message("# skipped: %s is not there\n", MODEL);
		skip();
	}
}

static void nothing_is_allocated_per_frame(void **state)
{
	struct live_config config = looking();
	const int null = open("/dev/null", O_WRONLY);

	(void)state;
	need_model();
	(void)allocations_in(config, 20, null); /* what a program takes only once */
	for (int i = 0; i < 2; i++) {
		const unsigned long few = allocations_in(config, 20, null);

		assert_true(few > 0);
		assert_int_equal(allocations_in(config, 200, null), few);
		config.wants_json = true;
	}
	(void)close(null);
}

/* With a picture, too, which is drawn ten times a second. */
static void nothing_is_allocated_per_frame_on_a_terminal(void **state)
{
	struct live_config config = looking();
	const int outside = posix_openpt(O_RDWR | O_NOCTTY);
	unsigned long few;
	pthread_t reader;
	int inside;

	(void)state;
	need_model();
	assert_true(outside >= 0 && grantpt(outside) == 0 && unlockpt(outside) == 0);
	inside = open(ptsname(outside), O_RDWR | O_NOCTTY);
	assert_true(inside >= 0);
	assert_int_equal(pthread_create(&reader, NULL, read_all, (void *)&outside), 0);
	config.wants_show = true;
	(void)allocations_in(config, 20, inside); /* what a program takes only once */
	few = allocations_in(config, 150, inside);
	assert_int_equal(allocations_in(config, 600, inside), few);
	(void)close(inside); /* ends the reader */
	assert_int_equal(pthread_join(reader, NULL), 0);
	(void)close(outside);
}

static struct live_config read_line(int argc, char **argv)
{
	struct live_config config = { .usual_model = "usual" };

	optind = 1;
	live_options(&config, argc, argv, "");
	return config;
}
#define READ_LINE(...) \
	read_line((int)(sizeof((char *[]){ "p", __VA_ARGS__ }) / sizeof(char *)), \
		  (char *[]){ "p", __VA_ARGS__, NULL })

static void the_first_argument_is_the_model(void **state)
{
	struct live_config config = READ_LINE("model", "a", "b");

	(void)state;
	assert_int_equal(config.models, 1);
	assert_string_equal(config.model_path[0], "model");
	assert_int_equal(config.whats, 2);
	assert_string_equal(config.what[0], "a");
	assert_null(config.camera);
}

static void models_named_by_options_leave_all_arguments_to_pictures(void **state)
{
	struct live_config config = READ_LINE("--model=x", "-m", "y", "a");

	(void)state;
	assert_int_equal(config.models, 2);
	assert_string_equal(config.model_path[1], "y");
	assert_int_equal(config.whats, 1);
	assert_string_equal(config.what[0], "a");
}

static void beside_a_camera_all_arguments_are_models(void **state)
{
	struct live_config config = READ_LINE("x", "--camera", "auto", "y");

	(void)state;
	assert_string_equal(config.camera, "auto");
	assert_int_equal(config.models, 2);
	assert_string_equal(config.model_path[0], "x");
	assert_string_equal(config.model_path[1], "y");
	assert_int_equal(config.whats, 0);
}

static void a_camera_alone_has_the_usual_model(void **state)
{
	struct live_config config = READ_LINE("--camera=auto");

	(void)state;
	assert_int_equal(config.models, 1);
	assert_string_equal(config.model_path[0], "usual");
}

static void labels_follow_the_order_of_the_models(void **state)
{
	struct live_config config = READ_LINE("-l", "1", "-m", "x", "-l", "2", "-m", "y", "a");

	(void)state;
	assert_string_equal(config.labels_path[0], "1");
	assert_string_equal(config.labels_path[1], "2");
}

static void a_sight_is_a_label_and_a_score(void **state)
{
	char until[] = "a>b>0.8", snapshot[] = "light bulb";
	struct live_config config = READ_LINE("--until", until, "--snapshot-on", snapshot,
					      "m", "a");

	(void)state;
	assert_string_equal(config.until.label, "a>b");
	assert_true(config.until.score > 0.79f && config.until.score < 0.81f);
	assert_string_equal(config.snapshot.label, "light bulb");
	assert_true(config.snapshot.score > 0.49f && config.snapshot.score < 0.51f);
}

static void sizes_rates_and_times_are_read_with_their_units(void **state)
{
	struct live_config config = READ_LINE("--size=1280x720", "--rate=29.97", "--every=1.5s",
					      "--for=2min", "m", "a");

	(void)state;
	assert_int_equal(config.source.camera.width, 1280);
	assert_int_equal(config.source.camera.height, 720);
	assert_int_equal(config.source.camera.frame_rate_mhz, 29970);
	assert_int_equal(config.every_ms, 1500);
	assert_int_equal(config.for_ms, 120000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_argument_is_the_model),
		cmocka_unit_test(models_named_by_options_leave_all_arguments_to_pictures),
		cmocka_unit_test(beside_a_camera_all_arguments_are_models),
		cmocka_unit_test(a_camera_alone_has_the_usual_model),
		cmocka_unit_test(labels_follow_the_order_of_the_models),
		cmocka_unit_test(a_sight_is_a_label_and_a_score),
		cmocka_unit_test(sizes_rates_and_times_are_read_with_their_units),
		cmocka_unit_test_setup_teardown(nothing_is_allocated_per_frame, write_video,
						remove_video),
		cmocka_unit_test_setup_teardown(nothing_is_allocated_per_frame_on_a_terminal,
						write_video, remove_video),
	};

	options_begin("test_apps_live");
	return CHECK_RUN(tests);
}
