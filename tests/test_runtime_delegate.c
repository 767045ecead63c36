/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/devices_inside.h"
#include "runtime/emulator/bus.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/graph.h"

/* A compiled model of ours, an emulated TPU that can be broken, and a session. */
struct bench {
	struct usb_bus *bus;
	struct usb_place place;
	struct atoll_devices *devices;
	void *bytes;
	struct atoll_model *model;
	struct graph twin;
	struct atoll_session *session;
};

/* in[20] to out[16]: the same numbers but the last four. */
static struct graph new_twin(void)
{
	const int32_t begin[] = { 0, 0, 0, 0 }, size[] = { 1, 1, 1, 16 };
	struct atoll_builder_tensor row = { .name = "in", .type = ATOLL_UINT8, .rank = 4,
		.dims = { 1, 1, 1, 20 }, .scale = 0.5f, .zero_point = 128 };
	struct atoll_builder_tensor ints = { .name = "begin", .type = ATOLL_INT32, .rank = 1,
		.dims = { 4 }, .data = begin, .bytes = sizeof(begin) };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &row), from = graph_tensor(&g, &ints), to, out;

	ints.name = "size";
	ints.data = size;
	to = graph_tensor(&g, &ints);
	row.name = "out";
	row.dims[3] = 16;
	out = graph_output(&g, &row);
	graph_operator(&g, BUILTIN_SLICE, 0, 0, NULL, 3, (const int32_t[]){ in, from, to },
		       1, &out);
	graph_open(&g);
	return g;
}

static struct bench new_bench(enum compiled_sample which)
{
	struct bench b = { 0 };
	struct atoll_error err = { 0 };
	size_t size;

	b.bytes = compiled_model(compiled_sample(which), &size);
	b.model = atoll_model_load_bytes(b.bytes, size, "compiled", &err);
	if (!b.model)
		fail_msg("%s", err.text);
	b.twin = new_twin();
	b.bus = emulator_bus_new(
		&(struct emulator_bus_options){ .is_time_virtual = true }, &err);
	assert_non_null(b.bus);
	b.place = emulator_bus_plug(b.bus, emulator_new(&(struct emulator_options){ 0 }, &err), &err);
	assert_int_not_equal(b.place.ports, 0);
	b.devices = atoll_devices_new(NULL, &err);
	assert_non_null(b.devices);
	devices_use_emulators(b.devices, b.bus);
	return b;
}

static void open_on(struct bench *b, const char *device, bool has_twin)
{
	const struct atoll_session_options options = {
		.device = device, .devices = b->devices, .threads = 1,
		.twin = has_twin ? b->twin.model : NULL };
	struct atoll_error err = { 0 };

	b->session = atoll_session_open(b->model, &options, &err);
	if (!b->session)
		fail_msg("%s", err.text);
}

static void free_bench(struct bench *b)
{
	atoll_session_close(b->session);
	assert_int_equal(emulator_bus_balance(b->bus).handles, 0);
	atoll_devices_free(b->devices);
	atoll_model_free(b->model);
	graph_free(&b->twin);
	free(b->bytes);
}

static void break_device(struct bench *b, const char *script)
{
	struct fault_script faults;
	struct atoll_error err;

	if (fault_script_read(script, &faults, &err) < 0)
		fail_msg("%s", err.text);
	emulator_bus_set_faults(b->bus, &b->place, &faults);
}

static void set_input(struct bench *b)
{
	uint8_t *in = atoll_session_input(b->session, 0)->data;

	for (uint8_t i = 0; i < 20; i++)
		in[i] = (uint8_t)(100 + i);
}

static void assert_twin_output(const struct bench *b)
{
	const uint8_t *out = atoll_session_output(b->session, 0)->data;

	for (uint8_t i = 0; i < 16; i++)
		assert_int_equal(out[i], 100 + i);
}

static const char *device_of_step(const struct bench *b)
{
	return atoll_session_plan(b->session)->step[0].device;
}

static void an_emulated_device_answers_the_pattern(void **state)
{
	struct bench b = new_bench(COMPILED_FLAT);
	const uint8_t *out;

	(void)state;
	open_on(&b, "usb", false);
	out = atoll_session_output(b.session, 0)->data;
	assert_int_equal(atoll_session_invoke(b.session), 0);
	for (uint8_t i = 0; i < 16; i++)
		assert_int_equal(out[i], (uint8_t)(13 * i + 5));
	assert_string_equal(device_of_step(&b), "usb:250-1");
	free_bench(&b);
}

static void with_a_twin_it_answers_the_truth(void **state)
{
	struct bench b = new_bench(COMPILED_FLAT);

	(void)state;
	open_on(&b, "usb", true);
	for (int run = 0; run < 3; run++) {
		set_input(&b);
		memset(atoll_session_output(b.session, 0)->data, 0, 16);
		assert_int_equal(atoll_session_invoke(b.session), 0);
		assert_twin_output(&b);
	}
	free_bench(&b);
}

static void a_failed_run_names_model_operator_and_transfer_and_the_next_works(void **state)
{
	struct bench b = new_bench(COMPILED_FLAT);

	(void)state;
	open_on(&b, "usb", true);
	set_input(&b);
	assert_string_equal(atoll_session_error(b.session), "");
	break_device(&b, "timeout@3");
	assert_int_equal(atoll_session_invoke(b.session), -ETIMEDOUT);
	if (strncmp(atoll_session_error(b.session), "compiled: operator 0: ", 22) != 0 ||
	    !strstr(atoll_session_error(b.session), "timed out"))
		fail_msg("%s", atoll_session_error(b.session));
	assert_int_equal(atoll_session_invoke(b.session), 0);
	assert_twin_output(&b);
	free_bench(&b);
}

static void the_cpu_takes_over_while_a_device_fails(void **state)
{
	struct bench b = new_bench(COMPILED_FLAT);

	(void)state;
	open_on(&b, "usb,cpu", true);
	set_input(&b);
	break_device(&b, "stall@*");
	for (int run = 0; run < 3; run++) {
		memset(atoll_session_output(b.session, 0)->data, 0, 16);
		assert_int_equal(atoll_session_invoke(b.session), 0);
		assert_twin_output(&b);
		assert_string_equal(device_of_step(&b), "cpu");
		assert_string_not_equal(atoll_session_error(b.session), "");
	}
	emulator_bus_set_faults(b.bus, &b.place, NULL);
	b.bus->ops->sleep_ms(b.bus, 10000); /* longer than any pause between tries */
	/* The cheapest repair is tried first and may not be enough. */
	for (int run = 0; run < 2; run++) {
		memset(atoll_session_output(b.session, 0)->data, 0, 16);
		assert_int_equal(atoll_session_invoke(b.session), 0);
		assert_twin_output(&b);
	}
	assert_string_equal(device_of_step(&b), "usb:250-1");
	free_bench(&b);
}

static void without_any_device_the_cpu_runs_the_twin_from_the_start(void **state)
{
	struct bench b = new_bench(COMPILED_FLAT);

	(void)state;
	emulator_bus_unplug(b.bus, &b.place);
	open_on(&b, "usb,cpu", true);
	set_input(&b);
	assert_int_equal(atoll_session_invoke(b.session), 0);
	assert_twin_output(&b);
	assert_string_equal(atoll_session_plan(b.session)->device, "cpu");
	free_bench(&b);
}

static void a_twin_of_something_else_is_refused(void **state)
{
	struct bench b = new_bench(COMPILED_TILES);
	const struct atoll_session_options options = {
		.device = "usb,cpu", .devices = b.devices, .twin = b.twin.model };
	struct atoll_error err = { 0 };

	(void)state;
	assert_null(atoll_session_open(b.model, &options, &err));
	if (strncmp(err.text, "compiled: operator 0: ", 22) != 0)
		fail_msg("%s", err.text);
	free_bench(&b);
}

static void pictures_with_signs_and_tiles_come_through(void **state)
{
	struct bench b = new_bench(COMPILED_TILES);

	(void)state;
	open_on(&b, "usb", false);
	assert_int_equal(atoll_session_invoke(b.session), 0);
	assert_int_equal(atoll_session_invoke(b.session), 0);
	free_bench(&b);
}

/* Inputs of a run are the outputs of the last one, in the session's variables. */
static void states_are_kept_in_their_tensors(void **state)
{
	struct bench b = new_bench(COMPILED_STATE);
	const struct atoll_tensor *variable = NULL;
	bool has_changed = false;

	(void)state;
	open_on(&b, "usb", false);
	for (uint32_t i = 0; !variable; i++) {
		assert_non_null(atoll_session_tensor(b.session, i));
		if (b.model->graph[0].is_variable[i])
			variable = atoll_session_tensor(b.session, i);
	}
	for (size_t i = 0; i < variable->bytes; i++)
		assert_int_equal(((const uint8_t *)variable->data)[i], 0);
	assert_int_equal(atoll_session_invoke(b.session), 0);
	for (size_t i = 0; i < variable->bytes; i++)
		has_changed = has_changed || ((const uint8_t *)variable->data)[i] != 0;
	assert_true(has_changed);
	atoll_session_reset(b.session);
	assert_int_equal(((const uint8_t *)variable->data)[0], 0);
	free_bench(&b);
}

static void a_run_allocates_nothing(void **state)
{
	struct bench b = new_bench(COMPILED_FLAT);
	unsigned long before;

	(void)state;
	open_on(&b, "usb", true);
	for (int run = 0; run < 2; run++)
		assert_int_equal(atoll_session_invoke(b.session), 0);
	before = allocations();
	for (int run = 0; run < 10; run++)
		assert_int_equal(atoll_session_invoke(b.session), 0);
	assert_int_equal(allocations() - before, 0);
	free_bench(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_emulated_device_answers_the_pattern),
		cmocka_unit_test(with_a_twin_it_answers_the_truth),
		cmocka_unit_test(a_failed_run_names_model_operator_and_transfer_and_the_next_works),
		cmocka_unit_test(the_cpu_takes_over_while_a_device_fails),
		cmocka_unit_test(without_any_device_the_cpu_runs_the_twin_from_the_start),
		cmocka_unit_test(a_twin_of_something_else_is_refused),
		cmocka_unit_test(pictures_with_signs_and_tiles_come_through),
		cmocka_unit_test(states_are_kept_in_their_tensors),
		cmocka_unit_test(a_run_allocates_nothing),
	};

	return CHECK_RUN(tests);
}
