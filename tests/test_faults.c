/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fault sweep: an Edge TPU is opened, given its firmware, and runs twice, while
 * one transfer goes wrong; every transfer in turn, in every way there is.
 *
 * A request then fails within its deadline and with a sentence, or gives the right
 * bytes; the request after it succeeds; and in the end nothing is left. Time is that
 * of the emulated bus. `make check` takes samples, ATOLL_FAULTS=all every transfer.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/plugged.h"

/* Transfers tried of each course and kind of fault when not all are. */
#define SAMPLES 60

/* A transfer has 6 s, one to a register five tries. A request may have to wait for
   one of each, a reset and a download. */
#define REQUEST_LIMIT_S 60

/* Until a device that was pulled out is back (emulator/faults.h: 500 ms). */
#define BACK_MS 1000

struct course {
	const char *name;
	struct plugged_model *model;
	struct emulator_options options;
	uint64_t transfers;  /* when nothing goes wrong */
};

struct play {
	const struct course *course;
	struct plugged tpu;
	struct edgetpu_device *device;
	char fault[48];      /* for sentences */
	uint32_t failures;
};

static uint64_t cases;
static int64_t longest_ns;

static int64_t now_ns(const struct play *play)
{
	return play->tpu.bus->ops->clock_ns(play->tpu.bus);
}

/* How a request ended; what it must not do fails the test. */
static bool is_done(struct play *play, const char *request, int r, int64_t start_ns,
		    const struct atoll_error *err)
{
	int64_t took_ns = now_ns(play) - start_ns;

	if (took_ns > longest_ns)
		longest_ns = took_ns;
	if (took_ns > INT64_C(1000000000) * REQUEST_LIMIT_S)
		fail_msg("%s, %s: %s took %lld ms", play->course->name, play->fault, request,
			 (long long)took_ns / 1000000);
	if (r == 0)
		return true;
	if (err->code != r || !err->text[0])
		fail_msg("%s, %s: %s: %d without a sentence", play->course->name, play->fault,
			 request, r);
	if (play->failures++)
		fail_msg("%s, %s: %s after a failure: %s", play->course->name, play->fault,
			 request, err->text);
	return false;
}

static bool try_open(struct play *play)
{
	const struct edgetpu_device_options options = { .clock = EDGETPU_CLOCK_MAX,
							.firmware = plugged_firmware() };
	struct atoll_error err = { 0 };
	int64_t start_ns = now_ns(play);

	play->device = edgetpu_device_open(play->tpu.bus, &play->tpu.place, &options, &err);
	return is_done(play, "open", play->device ? 0 : err.code ? err.code : -EIO, start_ns,
		       &err);
}

static bool try_run(struct play *play, struct edgetpu_program *program)
{
	struct plugged_model *model = play->course->model;
	const struct edgetpu_tensors *tensors = plugged_tensors(model);
	struct atoll_error err = { 0 };
	int64_t start_ns = now_ns(play);
	int r = edgetpu_program_run(program, tensors, &err);

	if (r == 0 && !plugged_is_right(model))
		fail_msg("%s, %s: wrong bytes", play->course->name, play->fault);
	return is_done(play, "run", r, start_ns, &err);
}

/* Everything once; how many transfers that were. */
static uint64_t go(const struct course *course, const struct fault *fault, const char *name)
{
	struct fault_script script = { .count = fault ? 1 : 0 };
	struct play play = { .course = course };
	struct edgetpu_program *program;
	uint64_t transfers;

	if (fault)
		script.fault[0] = *fault;
	(void)snprintf(play.fault, sizeof(play.fault), "%s@%llu", name,
		       fault ? (unsigned long long)fault->transfer : 0);
	play.tpu = plugged_new(&course->options, true, 1, course->model);
	emulator_bus_set_faults(play.tpu.bus, &play.tpu.place, &script);

	if (!try_open(&play)) {
		play.tpu.bus->ops->sleep_ms(play.tpu.bus, BACK_MS);
		assert_true(try_open(&play));
	}
	program = edgetpu_program_new(play.device, course->model->package, NULL);
	assert_non_null(program);
	for (int i = 0; i < 2; i++)
		if (!try_run(&play, program))
			assert_true(try_run(&play, program));
	transfers = emulator_bus_transfers(play.tpu.bus, &play.tpu.place);
	if (!fault)
		assert_string_equal(emulator_complaint(play.tpu.emulator), "");
	edgetpu_program_free(program);
	edgetpu_device_close(play.device);
	plugged_free(&play.tpu);
	return transfers;
}

/* Odd and of no common measure with anything, and each kind begins elsewhere, so
   that samples fall on every phase of a course. */
static void sweep_kind(const struct course *course, enum fault_kind kind)
{
	static const int32_t extra_ms[FAULT_KINDS] = { [FAULT_UNPLUG] = 500, [FAULT_SLOW] = 50 };
	const char *wanted = getenv("ATOLL_FAULTS");
	bool is_all = wanted && strcmp(wanted, "all") == 0;
	bool has_place = kind != FAULT_VERIFY && kind != FAULT_NO_SLEEP && kind != FAULT_NO_WAKE;
	uint64_t end = has_place ? course->transfers : 1;
	uint64_t stride = is_all || end <= SAMPLES ? 1 : (end / SAMPLES) | 1;

	for (uint64_t at = is_all ? 0 : (uint64_t)kind * 5 % stride; at < end; at += stride) {
		const struct fault fault = { .kind = kind, .transfer = at,
					     .extra_ms = extra_ms[kind] };

		(void)go(course, &fault, fault_kind_name(kind));
		cases++;
	}
}

static uint32_t count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	uint32_t count = 0;

	assert_non_null(tasks);
	while (readdir(tasks))
		count++;
	closedir(tasks);
	return count;
}

static void sweep(const char *name, struct plugged_model *model,
		  const struct emulator_options *options)
{
	struct course course = { .name = name, .model = model, .options = *options };
	uint32_t threads = count_threads();

	course.transfers = go(&course, NULL, "no fault");
	for (enum fault_kind kind = 0; kind < FAULT_KINDS; kind++)
		sweep_kind(&course, kind);
	assert_int_equal(count_threads(), threads);
	plugged_model_free(model);
}

/* Requests fail, in time, as long as it lasts; and soon afterwards all is well. */
static void what_never_ends_fails_every_request_in_time(void **state)
{
	static const char *const scripts[] = {
		"stall@*", "timeout@*", "short@*", "unplug@*", "reset@*", "fatal@*",
		"no-sleep! timeout@9", "no-wake! stall@9", "unplug@9+-1",
	};
	struct plugged_model model = plugged_sample(COMPILED_FLAT);
	const struct course course = { .name = "for ever", .model = &model };

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct play play = { .course = &course };
		struct edgetpu_program *program;

		(void)snprintf(play.fault, sizeof(play.fault), "%s", scripts[i]);
		play.tpu = plugged_new(&course.options, true, 1, &model);
		assert_true(try_open(&play));
		program = edgetpu_program_new(play.device, model.package, NULL);
		assert_non_null(program);
		assert_true(try_run(&play, program));

		plugged_faults(&play.tpu, scripts[i]);
		for (int k = 0; k < 5; k++, cases++) {
			play.failures = 0;
			(void)try_run(&play, program);
			play.tpu.bus->ops->sleep_ms(play.tpu.bus, 700);
		}
		assert_int_equal(play.failures, 1);

		plugged_faults(&play.tpu, "");
		emulator_bus_replug(play.tpu.bus, &play.tpu.place);
		play.tpu.bus->ops->sleep_ms(play.tpu.bus, 5000);
		play.failures = 0;
		assert_true(try_run(&play, program));
		edgetpu_program_free(program);
		edgetpu_device_close(play.device);
		plugged_free(&play.tpu);
	}
	plugged_model_free(&model);
}

static void a_small_program_survives_every_fault(void **state)
{
	const struct emulator_options options = { .speed = USB_SUPER, .is_fresh = true };
	struct plugged_model model = plugged_sample(COMPILED_FLAT);

	(void)state;
	sweep("one output", &model, &options);
}

static void one_with_scratch_and_fences_survives_every_fault_on_usb_2(void **state)
{
	const struct emulator_options options = { .speed = USB_HIGH, .is_in_dfu = true };
	struct plugged_model model = plugged_sample(COMPILED_TILES);

	(void)state;
	sweep("tiles", &model, &options);
}

static void mobilenet_survives_every_fault(void **state)
{
	const struct emulator_options options = { .speed = USB_SUPER, .is_in_dfu = true };
	struct plugged_model model = plugged_file("mobilenet_v1_0.25_128_quant");

	(void)state;
	sweep("mobilenet", &model, &options);
}

static void movenet_survives_every_fault(void **state)
{
	const struct emulator_options options = { .speed = USB_SUPER, .is_in_dfu = true };
	struct plugged_model model = plugged_file("movenet_single_pose_lightning_ptq");

	(void)state;
	sweep("movenet", &model, &options);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_never_ends_fails_every_request_in_time),
		cmocka_unit_test(a_small_program_survives_every_fault),
		cmocka_unit_test(one_with_scratch_and_fences_survives_every_fault_on_usb_2),
		cmocka_unit_test(mobilenet_survives_every_fault),
		cmocka_unit_test(movenet_survives_every_fault),
	};
	int failed = CHECK_RUN(tests);

	printf("# faults: %llu cases, the longest request took %lld ms\n",
	       (unsigned long long)cases, (long long)longest_ns / 1000000);
	return failed;
}
