/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.c, program.c and recover.c: programs on emulated Edge TPUs, which are strict,
 * and what becomes of both when things go wrong. That every single transfer may fail
 * is tests/test_faults.c.
 */
#include "runtime/edgetpu/device.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/plugged.h"

static struct atoll_error err;

static struct edgetpu_device *open_with(struct plugged *tpu,
					const struct edgetpu_device_options *options)
{
	struct edgetpu_device *device = edgetpu_device_open(tpu->bus, &tpu->place, options, &err);

	if (!device)
		fail_msg("%s", err.text);
	return device;
}

static struct edgetpu_device *open_device(struct plugged *tpu)
{
	const struct edgetpu_device_options options = { .clock = EDGETPU_CLOCK_MAX,
							.firmware = plugged_firmware() };

	return open_with(tpu, &options);
}

static struct edgetpu_program *program_on(struct edgetpu_device *device,
					  const struct plugged_model *model)
{
	struct edgetpu_program *program = edgetpu_program_new(device, model->package, &err);

	if (!program)
		fail_msg("%s", err.text);
	return program;
}

static void run(struct edgetpu_program *program, struct plugged_model *model)
{
	if (edgetpu_program_run(program, plugged_tensors(model), &err) < 0)
		fail_msg("%s", err.text);
	plugged_check(model);
}

static void run_fails(struct edgetpu_program *program, struct plugged_model *model, int code,
		      const char *text)
{
	int r;

	err = (struct atoll_error){ 0 };
	r = edgetpu_program_run(program, plugged_tensors(model), &err);
	if (r != code || err.code != code || !strstr(err.text, text))
		fail_msg("%d, \"%s\" instead of %d, \"%s\"", r, err.text, code, text);
}

static struct edgetpu_device_state state_of(const struct edgetpu_device *device)
{
	struct edgetpu_device_state state;

	edgetpu_device_state(device, &state);
	return state;
}

static void expect_no_complaint(const struct plugged *tpu)
{
	assert_string_equal(emulator_complaint(tpu->emulator), "");
}

/* What nearly every test needs. */
struct scene {
	struct plugged_model model;
	struct plugged tpu;
	struct edgetpu_device *device;
	struct edgetpu_program *program;
};

static struct scene scene_of(enum compiled_sample sample)
{
	struct scene scene = { .model = plugged_sample(sample) };

	scene.tpu = plugged_new(&(struct emulator_options){ 0 }, true, 1, &scene.model);
	scene.device = open_device(&scene.tpu);
	scene.program = program_on(scene.device, &scene.model);
	return scene;
}

static void end(struct scene *scene)
{
	edgetpu_program_free(scene->program);
	edgetpu_device_close(scene->device);
	plugged_free(&scene->tpu);
	plugged_model_free(&scene->model);
}

/* --- running --- */

static void every_kind_of_program_runs_at_both_speeds(void **state)
{
	(void)state;
	for (enum compiled_sample sample = 0; sample < COMPILED_SAMPLES; sample++)
		for (enum usb_speed speed = USB_HIGH; speed <= USB_SUPER; speed++) {
			const struct emulator_options options = { .speed = speed };
			struct plugged_model model = plugged_sample(sample);
			struct plugged tpu = plugged_new(&options, true, 1, &model);
			struct edgetpu_device *device = open_device(&tpu);
			struct edgetpu_program *program = program_on(device, &model);

			for (int i = 0; i < 3; i++)
				run(program, &model);
			model.tensors.is_padded = true;
			run(program, &model);
			assert_int_equal(emulator_runs(tpu.emulator), 4);
			assert_int_equal(state_of(device).speed, speed);
			edgetpu_program_free(program);
			edgetpu_device_close(device);
			expect_no_complaint(&tpu);
			plugged_free(&tpu);
			plugged_model_free(&model);
		}
}

static void an_output_that_is_not_wanted_is_left_out(void **state)
{
	struct scene scene = scene_of(COMPILED_TILES);
	void *kept = scene.model.output[0];

	(void)state;
	scene.model.output[0] = NULL;
	assert_int_equal(edgetpu_program_run(scene.program, plugged_tensors(&scene.model), &err),
			 0);
	scene.model.output[0] = kept;
	memcpy(kept, scene.model.expected[0], scene.model.package->main->output[0].bytes);
	plugged_check(&scene.model);
	end(&scene);
}

static void a_run_allocates_nothing(void **state)
{
	struct scene scene = scene_of(COMPILED_TILES);
	unsigned long before;

	(void)state;
	run(scene.program, &scene.model); /* the bus remembers transfers from here on */
	before = allocations();
	for (int i = 0; i < 3; i++)
		assert_int_equal(edgetpu_program_run(scene.program, &scene.model.tensors, &err),
				 0);
	assert_int_equal(allocations(), before);
	end(&scene);
}

static void what_a_run_moved_and_took_is_told(void **state)
{
	struct scene scene = scene_of(COMPILED_TILES);
	const struct edgetpu_package *package = scene.model.package;
	struct edgetpu_device_state before, after;

	(void)state;
	run(scene.program, &scene.model);
	before = state_of(scene.device);
	run(scene.program, &scene.model);
	after = state_of(scene.device);
	assert_int_equal(before.runs, 1);
	assert_int_equal(before.caching_runs, package->caching ? 1 : 0);
	assert_int_equal(after.runs, 2);
	assert_int_equal(after.caching_runs, before.caching_runs);
	assert_int_equal(after.failures, 0);
	assert_int_equal(after.bytes_out - before.bytes_out, edgetpu_bytes_out(package->main));
	assert_int_equal(after.bytes_in - before.bytes_in, edgetpu_bytes_in(package->main));
	assert_true(after.sent_ns <= after.run_ns);
	assert_true(after.answered_ns <= after.run_ns);
	assert_true(after.is_awake);
	assert_true(usb_place_equal(&after.place, &scene.tpu.place));
	end(&scene);
}

static void a_program_whose_transfers_are_not_known_is_refused(void **state)
{
	struct scene scene = scene_of(COMPILED_STATE);
	struct edgetpu_executable main = *scene.model.package->main;
	const struct edgetpu_package package = { .main = &main };
	struct edgetpu_program *program;

	(void)state;
	main.is_deterministic = false;
	main.name = "lstm";
	program = edgetpu_program_new(scene.device, &package, &err);
	assert_non_null(program);
	assert_int_equal(edgetpu_program_run(program, &scene.model.tensors, &err), -ENOTSUP);
	assert_string_equal(err.text, "Failed to execute request. Executable 'lstm' must have "
			    "fully deterministic DMA hints when DMA descriptors from device are "
			    "disabled.");
	edgetpu_program_free(program);
	end(&scene);
}

static void parameters_without_a_token_are_refused(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);
	struct edgetpu_executable caching = *scene.model.package->caching;
	const struct edgetpu_package package = { .main = scene.model.package->main,
						 .caching = &caching };

	(void)state;
	caching.token = 0;
	assert_null(edgetpu_program_new(scene.device, &package, &err));
	assert_int_equal(err.code, -EINVAL);
	end(&scene);
}

/* --- what stays on the chip --- */

struct several {
	struct plugged_model model[3];  /* A and B share a token, C has another */
	struct plugged tpu;
	struct edgetpu_device *device;
	struct edgetpu_program *program[3];
	struct plugged_model base;
};

static struct several several_of(bool is_time_virtual)
{
	struct several all = { .base = plugged_sample(COMPILED_FLAT) };

	all.model[0] = plugged_variant(&all.base, 0x7001);
	all.model[1] = plugged_variant(&all.base, 0x7002);
	all.model[2] = plugged_variant(&all.base, 0x7003);
	for (int i = 0; i < 2; i++) {
		((struct edgetpu_executable *)all.model[i].package->main)->token = 0x7777;
		((struct edgetpu_executable *)all.model[i].package->caching)->token = 0x7777;
	}
	all.tpu = plugged_new(&(struct emulator_options){ 0 }, is_time_virtual, 3, all.model);
	all.device = open_device(&all.tpu);
	for (int i = 0; i < 3; i++)
		all.program[i] = program_on(all.device, &all.model[i]);
	return all;
}

static void end_several(struct several *all)
{
	for (int i = 0; i < 3; i++)
		edgetpu_program_free(all->program[i]);
	edgetpu_device_close(all->device);
	plugged_free(&all->tpu);
	for (int i = 0; i < 3; i++)
		plugged_model_free(&all->model[i]);
	plugged_model_free(&all->base);
}

/* Letters are programs; upper case: its parameters have to be sent first. */
static void expect_caching(const char *runs)
{
	struct several all = several_of(true);

	for (; *runs; runs++) {
		int which = (*runs | 0x20) - 'a';
		uint64_t before = state_of(all.device).caching_runs;

		run(all.program[which], &all.model[which]);
		assert_int_equal(state_of(all.device).caching_runs - before,
				 *runs & 0x20 ? 0 : 1);
		assert_int_equal(state_of(all.device).token, which == 2 ? 0x7003 : 0x7777);
	}
	expect_no_complaint(&all.tpu);
	end_several(&all);
}

static void parameters_stay_until_another_token_comes(void **state)
{
	(void)state;
	expect_caching("Aaa");
	expect_caching("ACAa");
	expect_caching("ABab");
	expect_caching("ABCBA");
}

static void two_programs_of_one_package_do_not_share_parameters(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);
	struct edgetpu_program *second = program_on(scene.device, &scene.model);

	(void)state;
	run(scene.program, &scene.model);
	run(second, &scene.model);
	run(scene.program, &scene.model);
	assert_int_equal(state_of(scene.device).caching_runs, 2);
	edgetpu_program_free(second);
	end(&scene);
}

static void a_failure_forgets_the_parameters_of_all(void **state)
{
	struct several all = several_of(true);

	(void)state;
	run(all.program[0], &all.model[0]);
	run(all.program[1], &all.model[1]);
	plugged_faults(&all.tpu, "no-event@0");
	run_fails(all.program[0], &all.model[0], -ETIMEDOUT, "interrupt");
	assert_int_equal(state_of(all.device).token, 0);
	assert_false(state_of(all.device).is_awake);
	run(all.program[0], &all.model[0]);
	run(all.program[1], &all.model[1]);
	assert_int_equal(state_of(all.device).caching_runs, 4);
	end_several(&all);
}

/* --- coming back --- */

static void a_stall_of_the_first_transfer_is_cleared_without_a_reset(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);
	struct edgetpu_device_state now;

	(void)state;
	plugged_faults(&scene.tpu, "stall@0");
	run_fails(scene.program, &scene.model, -EPIPE,
		  "edge TPU at 250-1: sending the header of instructions 0 [0+");
	run(scene.program, &scene.model);
	now = state_of(scene.device);
	assert_int_equal(now.halts_cleared, 1);
	assert_int_equal(now.resets, 0);
	assert_int_equal(now.reopens, 0);
	assert_int_equal(now.failures, 1);
	end(&scene);
}

static void a_run_that_was_begun_and_failed_leads_to_a_reset(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);
	struct edgetpu_device_state now;

	(void)state;
	plugged_faults(&scene.tpu, "timeout@3");
	run_fails(scene.program, &scene.model, -ETIMEDOUT, "sending parameters [0+");
	run(scene.program, &scene.model);
	now = state_of(scene.device);
	assert_int_equal(now.halts_cleared, 0);
	assert_int_equal(now.resets, 1);
	assert_int_equal(now.reopens, 1);
	assert_int_equal(now.downloads, 0);
	assert_true(now.is_awake);
	end(&scene);
}

static void pulled_out_and_put_back_it_gets_its_firmware_and_runs(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);
	struct edgetpu_device_state now;

	(void)state;
	run(scene.program, &scene.model);
	plugged_faults(&scene.tpu, "unplug@2+900");
	run_fails(scene.program, &scene.model, -ENODEV, "the device is gone");
	run(scene.program, &scene.model);
	now = state_of(scene.device);
	assert_int_equal(now.downloads, 1);
	assert_int_equal(now.reopens, 1);
	assert_int_equal(now.caching_runs, 2);
	end(&scene);
}

static void a_device_that_was_replugged_between_runs_is_not_even_missed(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);

	(void)state;
	run(scene.program, &scene.model);
	emulator_bus_unplug(scene.tpu.bus, &scene.tpu.place);
	emulator_bus_replug(scene.tpu.bus, &scene.tpu.place);
	run(scene.program, &scene.model);
	assert_int_equal(state_of(scene.device).failures, 0);
	assert_int_equal(state_of(scene.device).downloads, 1);
	end(&scene);
}

static void attempts_to_find_a_device_become_rare_and_cheap(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);
	struct usb_bus *bus = scene.tpu.bus;
	int64_t start_ns;

	(void)state;
	emulator_bus_unplug(bus, &scene.tpu.place);
	start_ns = bus->ops->clock_ns(bus);
	run_fails(scene.program, &scene.model, -ENODEV, "no Edge TPU is there");
	assert_true(bus->ops->clock_ns(bus) - start_ns < INT64_C(10000000000));
	for (uint32_t pause_ms = 100; pause_ms <= 12800; pause_ms *= 2) {
		uint32_t expected_ms = pause_ms < 5000 ? pause_ms : 5000;

		start_ns = bus->ops->clock_ns(bus);
		run_fails(scene.program, &scene.model, -ENODEV, "next attempt in");
		assert_int_equal(bus->ops->clock_ns(bus), start_ns);
		bus->ops->sleep_ms(bus, expected_ms - 1);
		run_fails(scene.program, &scene.model, -ENODEV, "next attempt in 1 ms");
		bus->ops->sleep_ms(bus, 1);
		run_fails(scene.program, &scene.model, -ENODEV, "no Edge TPU is there");
		assert_null(strstr(err.text, "next attempt"));
	}
	emulator_bus_replug(bus, &scene.tpu.place);
	bus->ops->sleep_ms(bus, 5000);
	run(scene.program, &scene.model);
	end(&scene);
}

static void without_firmware_it_says_how_to_get_it(void **state)
{
	struct plugged_model model = plugged_sample(COMPILED_FLAT);
	struct plugged tpu = plugged_new(&(struct emulator_options){ 0 }, true, 1, &model);
	struct edgetpu_device *device = open_with(&tpu, NULL);
	struct edgetpu_program *program = program_on(device, &model);

	(void)state;
	plugged_faults(&tpu, "reset@1");
	run_fails(program, &model, -ENODEV, "the device is gone");
	run_fails(program, &model, -ENOENT, "firmware");
	edgetpu_program_free(program);
	edgetpu_device_close(device);
	plugged_free(&tpu);
	plugged_model_free(&model);
}

static void a_failed_open_leaves_nothing_behind(void **state)
{
	const struct edgetpu_device_options options = { .firmware = plugged_firmware() };
	struct plugged tpu = plugged_new(&(struct emulator_options){ 0 }, true, 0, NULL);
	struct usb_place nowhere = tpu.place;

	(void)state;
	plugged_faults(&tpu, "no-wake!");
	assert_null(edgetpu_device_open(tpu.bus, &tpu.place, &options, &err));
	assert_non_null(strstr(err.text, "edge TPU at 250-1: chip: "));
	nowhere.port[0] = 99;
	assert_null(edgetpu_device_open(tpu.bus, &nowhere, &options, &err));
	assert_int_equal(err.code, -ENODEV);
	plugged_free(&tpu);
}

static void closing_works_on_a_device_that_is_gone_or_broken(void **state)
{
	static const char *const faults[] = { "unplug@1+-1", "no-event@0", "stall@2" };

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct scene scene = scene_of(COMPILED_FLAT);

		plugged_faults(&scene.tpu, faults[i]);
		assert_true(edgetpu_program_run(scene.program, &scene.model.tensors, &err) < 0);
		end(&scene);
	}
	edgetpu_device_close(NULL);
	edgetpu_program_free(NULL);
}

static void a_reset_on_request_brings_everything_up_again(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);

	(void)state;
	run(scene.program, &scene.model);
	assert_int_equal(edgetpu_device_reset(scene.device, &err), 0);
	assert_int_equal(state_of(scene.device).resets, 1);
	assert_int_equal(state_of(scene.device).token, 0);
	assert_true(state_of(scene.device).is_awake);
	run(scene.program, &scene.model);
	assert_int_equal(state_of(scene.device).caching_runs, 2);
	end(&scene);
}

/* --- heat, clock, and several at once --- */

static void complaints_of_the_chip_are_counted(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);

	(void)state;
	plugged_faults(&scene.tpu, "hot@2 too-hot@4");
	run(scene.program, &scene.model);
	plugged_faults(&scene.tpu, "fatal@1");
	run_fails(scene.program, &scene.model, -EIO, "edge TPU at 250-1: chip: fatal error");
	assert_int_equal(state_of(scene.device).heat_warnings, 1);
	assert_int_equal(state_of(scene.device).heat_shutdowns, 1);
	assert_int_equal(state_of(scene.device).fatal_errors, 1);
	run(scene.program, &scene.model);
	end(&scene);
}

/* The top bits of scu_ctrl_3, as the emulated chip has them. */
static uint32_t clock_of(struct plugged *tpu)
{
	const struct usb_setup setup = { .request_type = 0xc0, .request = 1, .value = 0xa318,
					 .index = 1, .length = 4 };
	uint8_t bytes[4];

	assert_int_equal(emulator_control(tpu->emulator, &setup, bytes), 4);
	return bytes[3] >> 4;
}

static void another_clock_is_there_at_the_next_run(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);

	(void)state;
	run(scene.program, &scene.model);
	assert_int_equal(clock_of(&scene.tpu), 0);
	edgetpu_device_set_clock(scene.device, EDGETPU_CLOCK_LOW);
	assert_int_equal(clock_of(&scene.tpu), 0);
	assert_int_equal(state_of(scene.device).clock, EDGETPU_CLOCK_MAX);
	run(scene.program, &scene.model);
	assert_int_equal(clock_of(&scene.tpu), 0xf);
	assert_int_equal(state_of(scene.device).clock, EDGETPU_CLOCK_LOW);
	assert_int_equal(state_of(scene.device).caching_runs, 2);
	assert_int_equal(state_of(scene.device).resets, 0);
	run(scene.program, &scene.model);
	assert_int_equal(state_of(scene.device).caching_runs, 2);
	expect_no_complaint(&scene.tpu);
	end(&scene);
}

static void a_chip_that_refuses_sleep_once_needs_no_reset_for_another_clock(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);

	(void)state;
	run(scene.program, &scene.model);
	plugged_faults(&scene.tpu, "no-sleep");
	edgetpu_device_set_clock(scene.device, EDGETPU_CLOCK_LOW);
	run(scene.program, &scene.model);
	assert_int_equal(clock_of(&scene.tpu), 0xf);
	assert_int_equal(state_of(scene.device).resets, 0);
	expect_no_complaint(&scene.tpu);
	end(&scene);
}

static void the_temperature_can_be_had_between_runs(void **state)
{
	struct scene scene = scene_of(COMPILED_FLAT);
	int32_t millidegrees;

	(void)state;
	emulator_set_temperature(scene.tpu.emulator, 51050);
	assert_int_equal(edgetpu_device_temperature(scene.device, &millidegrees, &err), 0);
	assert_int_equal(millidegrees, 51050);
	run(scene.program, &scene.model);

	plugged_faults(&scene.tpu, "unplug@0");
	assert_int_equal(edgetpu_device_temperature(scene.device, &millidegrees, &err), -ENODEV);
	assert_int_equal(edgetpu_device_temperature(scene.device, &millidegrees, &err), 0);
	run(scene.program, &scene.model);
	end(&scene);
}

#define ROUNDS 40

struct user {
	struct edgetpu_program *program;
	struct plugged_model *model;
	struct atoll_error err;
	uint32_t right;
	pthread_t thread;
};

static void *use(void *context)
{
	struct user *user = context;

	for (uint32_t i = 0; i < ROUNDS; i++)
		if (edgetpu_program_run(user->program, plugged_tensors(user->model),
					&user->err) == 0)
			user->right += plugged_is_right(user->model);
	return NULL;
}

static void threads_share_a_device(void **state)
{
	struct several all = several_of(false);
	struct user user[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		user[i] = (struct user){ .program = all.program[i], .model = &all.model[i] };
		assert_int_equal(pthread_create(&user[i].thread, NULL, use, &user[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(user[i].thread, NULL), 0);
		assert_string_equal(user[i].err.text, "");
		assert_int_equal(user[i].right, ROUNDS);
	}
	assert_int_equal(state_of(all.device).runs, 3 * ROUNDS);
	expect_no_complaint(&all.tpu);
	end_several(&all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_program_runs_at_both_speeds),
		cmocka_unit_test(an_output_that_is_not_wanted_is_left_out),
		cmocka_unit_test(a_run_allocates_nothing),
		cmocka_unit_test(what_a_run_moved_and_took_is_told),
		cmocka_unit_test(a_program_whose_transfers_are_not_known_is_refused),
		cmocka_unit_test(parameters_without_a_token_are_refused),
		cmocka_unit_test(parameters_stay_until_another_token_comes),
		cmocka_unit_test(two_programs_of_one_package_do_not_share_parameters),
		cmocka_unit_test(a_failure_forgets_the_parameters_of_all),
		cmocka_unit_test(a_stall_of_the_first_transfer_is_cleared_without_a_reset),
		cmocka_unit_test(a_run_that_was_begun_and_failed_leads_to_a_reset),
		cmocka_unit_test(pulled_out_and_put_back_it_gets_its_firmware_and_runs),
		cmocka_unit_test(a_device_that_was_replugged_between_runs_is_not_even_missed),
		cmocka_unit_test(attempts_to_find_a_device_become_rare_and_cheap),
		cmocka_unit_test(without_firmware_it_says_how_to_get_it),
		cmocka_unit_test(a_failed_open_leaves_nothing_behind),
		cmocka_unit_test(closing_works_on_a_device_that_is_gone_or_broken),
		cmocka_unit_test(a_reset_on_request_brings_everything_up_again),
		cmocka_unit_test(complaints_of_the_chip_are_counted),
		cmocka_unit_test(another_clock_is_there_at_the_next_run),
		cmocka_unit_test(a_chip_that_refuses_sleep_once_needs_no_reset_for_another_clock),
		cmocka_unit_test(the_temperature_can_be_had_between_runs),
		cmocka_unit_test(threads_share_a_device),
	};
	return CHECK_RUN(tests);
}
