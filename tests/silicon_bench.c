/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/silicon_bench.h"

#include <stdlib.h>

#include "runtime/devices_inside.h"
#include "runtime/emulator/bus.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/must.h"

const struct atoll_compile_options silicon_bench_options = {
	.target = ATOLL_TARGET_SILICON, .has_many_parts = true, .token = SILICON_BENCH_TOKEN };

static void teach(struct silicon_bench *b)
{
	const struct atoll_graph *graph = &b->model->graph[0];
	struct atoll_error err;
	struct usb_bus *bus = emulator_bus_new(
		&(struct emulator_bus_options){ .is_time_virtual = true }, &err);
	struct emulator *emulator = emulator_new(&(struct emulator_options){ 0 }, &err);

	assert_non_null(bus);
	assert_non_null(emulator);
	for (const struct atoll_operator *op = edgetpu_next_compiled(graph, NULL); op;
	     op = edgetpu_next_compiled(graph, op)) {
		assert_true(b->parts < SILICON_BENCH_PARTS);
		b->package[b->parts] = compiled_read(op->custom_options,
						   op->custom_options_bytes);
		b->program[b->parts] = silicon_program(b->package[b->parts], &err);
		if (!b->program[b->parts])
			fail_msg("%s", err.text);
		assert_int_equal(emulator_teach(emulator, b->package[b->parts],
						b->program[b->parts], &err), 0);
		b->parts++;
	}
	assert_int_not_equal(emulator_bus_plug(bus, emulator, &err).ports, 0);
	devices_use_emulators(b->devices, bus);
}

struct silicon_bench silicon_bench_new(void *bytes, size_t size)
{
	struct silicon_bench b = { .bytes = bytes, .size = size, .devices = must_have_devices() };
	struct atoll_error err;

	b.twin = atoll_model_load_bytes(bytes, size, "made.tflite", &err);
	if (!b.twin)
		fail_msg("%s", err.text);
	b.compiled = must_compile(&(struct atoll_compile_job){ .model = b.twin }, 1,
				  &silicon_bench_options);
	b.model = must_load_compiled(&b.compiled->model[0]);
	teach(&b);
	b.session = must_open(b.model, &(struct atoll_session_options){
		.device = "usb", .devices = b.devices, .threads = 1 });
	b.cpu = must_open(b.twin, &(struct atoll_session_options){ .device = "cpu",
								   .threads = 1 });
	return b;
}

void silicon_bench_free(struct silicon_bench *b)
{
	atoll_session_close(b->session);
	atoll_session_close(b->cpu);
	atoll_devices_free(b->devices);
	for (uint32_t i = 0; i < b->parts; i++)
		edgetpu_package_free(b->package[i]);
	atoll_model_free(b->model);
	atoll_compiled_free(b->compiled);
	atoll_model_free(b->twin);
	free(b->bytes);
}

static void must_invoke(struct atoll_session *session, const struct silicon_bench *b)
{
	struct silicon_report report;
	const char *why = "";

	if (atoll_session_invoke(session) == 0)
		return;
	for (uint32_t i = 0; i < b->parts && !*why; i++) {
		silicon_report(b->program[i], &report);
		why = report.why;
	}
	fail_msg("%s (%s)", atoll_session_error(session), why);
}

void silicon_bench_invoke(struct silicon_bench *b)
{
	must_invoke(b->session, b);
	must_invoke(b->cpu, b);
}
