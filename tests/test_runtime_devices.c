/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/devices.h"
#include "runtime/devices_inside.h"
#include "runtime/emulator/bus.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/compiled.h"

/* Devices over a bus with so many emulated TPUs, and a model for them. */

struct desk {
	struct atoll_devices *devices;
	struct usb_bus *bus;
	struct usb_place place[4];
	void *bytes;
	struct atoll_model *model;
};

static struct desk new_desk(uint32_t tpus)
{
	struct desk desk = { 0 };
	struct atoll_error err = { 0 };
	size_t size;

	desk.bytes = compiled_model(compiled_sample(COMPILED_FLAT), &size);
	desk.model = atoll_model_load_bytes(desk.bytes, size, "flat", &err);
	if (!desk.model)
		fail_msg("%s", err.text);
	desk.bus = emulator_bus_new(
		&(struct emulator_bus_options){ .is_time_virtual = true }, &err);
	assert_non_null(desk.bus);
	for (uint32_t i = 0; i < tpus; i++) {
		struct emulator *tpu =
			emulator_new(&(struct emulator_options){ .speed = USB_SUPER }, &err);

		assert_non_null(tpu);
		desk.place[i] = emulator_bus_plug(desk.bus, tpu, &err);
		assert_int_not_equal(desk.place[i].ports, 0);
	}
	desk.devices = atoll_devices_new(NULL, &err);
	if (!desk.devices)
		fail_msg("%s", err.text);
	devices_use_emulators(desk.devices, desk.bus);
	return desk;
}

static void free_desk(struct desk *desk)
{
	struct emulator_bus_balance balance = emulator_bus_balance(desk->bus);

	assert_int_equal(balance.handles, 0);
	assert_int_equal(balance.transfers, 0);
	assert_int_equal(balance.claims, 0);
	assert_int_equal(balance.allocations, 0);
	atoll_devices_free(desk->devices);
	atoll_model_free(desk->model);
	free(desk->bytes);
}

static struct atoll_session *open_on(struct desk *desk, const char *device,
				     struct atoll_error *err)
{
	const struct atoll_session_options options = {
		.device = device, .devices = desk->devices, .threads = 1 };

	return atoll_session_open(desk->model, &options, err);
}

static struct atoll_session *must_open(struct desk *desk, const char *device)
{
	struct atoll_error err = { 0 };
	struct atoll_session *session = open_on(desk, device, &err);

	if (!session)
		fail_msg("%s", err.text);
	return session;
}

static void assert_refused(struct desk *desk, const char *device, const char *words)
{
	struct atoll_error err = { 0 };
	struct atoll_session *session = open_on(desk, device, &err);

	assert_null(session);
	if (!strstr(err.text, words))
		fail_msg("%s: '%s' does not say '%s'", device, err.text, words);
}

static const char *device_of(const struct atoll_session *session)
{
	return atoll_session_plan(session)->device;
}

static void names_are_checked_before_anything_is_opened(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_int_equal(devices_check("cpu", &err), 0);
	assert_int_equal(devices_check("tpu,cpu", &err), 0);
	assert_int_equal(devices_check("usb:3,:0,usb:1-1.4,emu:7,serve", &err), 0);
	assert_int_equal(devices_check("", &err), -EINVAL);
	assert_int_equal(devices_check("gpu", &err), -ENODEV);
	assert_string_equal(err.text, "device gpu: unknown; cpu, tpu, usb, usb:N, "
			    "usb:BUS-PORT, serve and emu are known");
	assert_int_equal(devices_check("cpu,,tpu", &err), -ENODEV);
	assert_int_equal(devices_check("usb:", &err), -ENODEV);
	assert_int_equal(devices_check("usb:1-", &err), -ENODEV);
	assert_int_equal(devices_check("emu:8", &err), -ENODEV);
	assert_int_equal(devices_check("pci:0", &err), -ENOTSUP);
	assert_string_equal(err.text, "device pci:0: only Edge TPUs on USB are supported");
}

static void one_device_is_shared_by_all_sessions(void **state)
{
	struct desk desk = new_desk(1);
	struct atoll_session *a = must_open(&desk, "usb"), *b = must_open(&desk, "usb");

	(void)state;
	assert_string_equal(device_of(a), "usb:250-1");
	assert_string_equal(device_of(b), "usb:250-1");
	assert_int_equal(atoll_session_invoke(a), 0);
	assert_int_equal(atoll_session_invoke(b), 0);
	assert_int_equal(emulator_bus_balance(desk.bus).handles, 1);
	atoll_session_close(a);
	assert_int_equal(atoll_session_invoke(b), 0);
	atoll_session_close(b);
	free_desk(&desk);
}

static void each_of_several_devices_goes_to_one_session(void **state)
{
	struct desk desk = new_desk(2);
	struct atoll_session *a = must_open(&desk, "usb"), *b = must_open(&desk, "usb");
	struct atoll_session *shared;

	(void)state;
	assert_string_equal(device_of(a), "usb:250-1");
	assert_string_equal(device_of(b), "usb:250-2");
	assert_refused(&desk, "usb", "Multiple Edge TPUs detected and all have been mapped to "
		       "at least one model.");
	shared = must_open(&desk, "usb:1");
	assert_string_equal(device_of(shared), "usb:250-2");
	atoll_session_close(a);
	a = must_open(&desk, "usb");
	assert_string_equal(device_of(a), "usb:250-1");
	atoll_session_close(a);
	atoll_session_close(b);
	atoll_session_close(shared);
	free_desk(&desk);
}

static void devices_are_named_by_number_and_by_place(void **state)
{
	static const char *const names[][2] = {
		{ "usb:0", "usb:250-1" }, { ":1", "usb:250-2" },
		{ "usb:250-2", "usb:250-2" }, { "usb:7,usb:250-1", "usb:250-1" },
	};
	struct desk desk = new_desk(2);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct atoll_session *session = must_open(&desk, names[i][0]);

		assert_string_equal(device_of(session), names[i][1]);
		atoll_session_close(session);
	}
	assert_refused(&desk, "usb:2", "Path usb:2 does not map to an Edge TPU device.");
	assert_refused(&desk, "usb:250-3", "Path usb:250-3 does not map to an Edge TPU device.");
	free_desk(&desk);
}

static void without_a_device_the_doctor_is_recommended(void **state)
{
	struct desk desk = new_desk(0);

	(void)state;
	assert_refused(&desk, "usb", "No Edge TPU device detected! atoll-tpu doctor");
	assert_refused(&desk, "usb,cpu", "No Edge TPU device detected!");
	assert_refused(&desk, "cpu", "compiled for the Edge TPU, which device cpu is not; run "
		       "the model it was compiled from");
	free_desk(&desk);
}

static void a_device_that_does_not_open_is_passed_over(void **state)
{
	struct desk desk = new_desk(2);
	struct fault_script faults;
	struct atoll_session *session;

	(void)state;
	assert_int_equal(fault_script_read("stall@*", &faults, NULL), 0);
	emulator_bus_set_faults(desk.bus, &desk.place[0], &faults);
	assert_refused(&desk, "usb:0", "Error in device opening (usb:250-1)!");
	session = must_open(&desk, "usb");
	assert_string_equal(device_of(session), "usb:250-2");
	atoll_session_close(session);
	free_desk(&desk);
}

static void devices_are_listed_with_who_uses_them(void **state)
{
	struct desk desk = new_desk(2);
	struct atoll_session *session = must_open(&desk, "usb:1");
	struct atoll_device list[4];
	uint32_t count;

	(void)state;
	assert_int_equal(atoll_devices_list(desk.devices, list, 4, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "usb:250-1");
	assert_false(list[0].is_assigned);
	assert_true(list[0].has_firmware);
	assert_string_equal(list[0].speed, "5 Gbit/s");
	assert_true(list[1].is_assigned);
	atoll_session_close(session);
	assert_int_equal(atoll_devices_list(desk.devices, list, 1, &count, NULL), 0);
	assert_int_equal(count, 1);
	free_desk(&desk);
}

static void emulated_devices_are_there_when_asked_for(void **state)
{
	struct desk desk = new_desk(0);
	struct atoll_session *a = must_open(&desk, "emu"), *b = must_open(&desk, "emu:1");

	(void)state;
	assert_string_equal(device_of(a), "emu:0");
	assert_string_equal(device_of(b), "emu:1");
	assert_int_equal(atoll_session_invoke(a), 0);
	assert_int_equal(atoll_session_invoke(b), 0);
	atoll_session_close(a);
	atoll_session_close(b);
	free_desk(&desk);
}

static struct atoll_devices *devices_configured(const char *text, struct atoll_error *err)
{
	char path[] = "/tmp/atoll-devices-XXXXXX";
	int fd = mkstemp(path);
	struct atoll_devices *devices;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
	devices = atoll_devices_new(&(struct atoll_devices_options){ .config = path }, err);
	assert_int_equal(unlink(path), 0);
	return devices;
}

static void the_clock_comes_from_options_environment_and_configuration(void **state)
{
	struct atoll_error err;
	struct atoll_devices *devices = devices_configured("clock = low\n", &err);

	(void)state;
	assert_non_null(devices);
	atoll_devices_free(devices);
	assert_null(devices_configured("# ours\nclock = fast\n", &err));
	assert_non_null(strstr(err.text, ":2: clock fast: expected low, medium, high or max"));
	assert_null(atoll_devices_new(&(struct atoll_devices_options){ .clock = "9" }, &err));
	assert_int_equal(setenv("ATOLL_TPU_CLOCK", "medium", 1), 0);
	devices = devices_configured("clock = fast\n", &err);
	assert_non_null(devices);
	atoll_devices_free(devices);
	assert_int_equal(unsetenv("ATOLL_TPU_CLOCK"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_checked_before_anything_is_opened),
		cmocka_unit_test(one_device_is_shared_by_all_sessions),
		cmocka_unit_test(each_of_several_devices_goes_to_one_session),
		cmocka_unit_test(devices_are_named_by_number_and_by_place),
		cmocka_unit_test(without_a_device_the_doctor_is_recommended),
		cmocka_unit_test(a_device_that_does_not_open_is_passed_over),
		cmocka_unit_test(devices_are_listed_with_who_uses_them),
		cmocka_unit_test(emulated_devices_are_there_when_asked_for),
		cmocka_unit_test(the_clock_comes_from_options_environment_and_configuration),
	};

	return CHECK_RUN(tests);
}
