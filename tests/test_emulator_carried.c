/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that carry their graph: on an emulated chip, byte by byte, and then the
 * whole way from a session.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/compiler/compile.h"
#include "runtime/emulator/bus.h"
#include "runtime/emulator/program.h"
#include "runtime/serve/engine.h"
#include "runtime/session.h"
#include "tests/carry.h"
#include "tests/check.h"
#include "tests/daemon.h"
#include "tests/emulated.h"
#include "tests/folder.h"

static struct emulator_program *program_of(const struct carry *carry)
{
	struct atoll_error err;
	struct emulator_program *program =
		emulator_program_new(EMULATOR_BEST, &carry->package, NULL, &err);

	if (!program)
		fail_msg("%s", err.text);
	assert_string_equal(program->ops->grade, "carried");
	return program;
}

static void teach(struct emulated *tpu, const struct carry *carry)
{
	struct atoll_error err;

	if (emulator_teach(tpu->emulator, &carry->package, program_of(carry), &err) < 0)
		fail_msg("%s", err.text);
}

static int bring(struct emulated *tpu, const struct carry *carry)
{
	int r = emulated_item(tpu, EMULATED_INSTRUCTIONS, carry->chunk_bytes[1], 48);

	if (r == 0)
		r = emulated_item(tpu, EMULATED_PARAMETERS, carry->cached,
				  carry->caching.parameter_bytes);
	if (r == 0)
		emulated_event(tpu, 0);
	return r;
}

/* A run up to the answer: its bytes, or how it was refused. */
static int run(struct emulated *tpu, const struct carry *carry,
	       const uint8_t in[CARRY_INPUTS], uint8_t out[CARRY_OUTPUTS])
{
	uint8_t wire[112] = { 0 };
	int r = emulated_item(tpu, EMULATED_INSTRUCTIONS, carry->chunk_bytes[0], 48);

	memcpy(wire, in, CARRY_INPUTS);
	if (r == 0)
		r = emulated_item(tpu, EMULATED_INPUT, wire, sizeof(wire));
	if (r == 0 && carry->main.parameter_bytes > 0)
		r = emulated_item(tpu, EMULATED_PARAMETERS, carry->streamed,
				  carry->main.parameter_bytes);
	if (r < 0)
		return r;
	r = emulator_in(tpu->emulator, 0x81, wire, 16);
	if (r < 0)
		return r;
	assert_int_equal(r, 16);
	emulated_event(tpu, 0);
	memcpy(out, wire, CARRY_OUTPUTS);
	return 0;
}

static void assert_right(struct emulated *tpu, const struct carry *carry, uint32_t seed)
{
	uint8_t in[CARRY_INPUTS], out[CARRY_OUTPUTS], expected[CARRY_OUTPUTS];

	carry_fill(in, seed);
	carry_run(carry->model, in, expected);
	assert_int_equal(run(tpu, carry, in, out), 0);
	assert_memory_equal(out, expected, CARRY_OUTPUTS);
}

static struct emulated awake(void)
{
	struct emulated tpu = emulated_new(USB_SUPER);

	emulated_wake(&tpu);
	return tpu;
}

static void the_chip_computes_what_the_cpu_does(void **state)
{
	(void)state;
	for (enum carry_split split = CARRY_CACHED; split <= CARRY_STREAMED; split++) {
		struct carry *carry = carry_new(split, 1);
		struct emulated tpu = awake();

		teach(&tpu, carry);
		if (split != CARRY_STREAMED)
			assert_int_equal(bring(&tpu, carry), 0);
		for (uint32_t seed = 1; seed < 4; seed++)
			assert_right(&tpu, carry, seed);
		assert_int_equal(emulator_complaints(tpu.emulator), 0);
		emulated_free(&tpu);
		carry_free(carry);
	}
}

static void without_its_parameters_it_stops(void **state)
{
	struct carry *carry = carry_new(CARRY_CACHED, 1);
	struct emulated tpu = awake();
	uint8_t in[CARRY_INPUTS] = { 0 }, out[CARRY_OUTPUTS];

	(void)state;
	teach(&tpu, carry);
	assert_int_equal(run(&tpu, carry, in, out), -EAGAIN);
	assert_non_null(strstr(emulator_complaint(tpu.emulator),
			       "its parameters are not there"));
	emulated_free(&tpu);
	carry_free(carry);
}

/* Bytes turned over on their way, one after the other: what the chip then says is
   nothing at all, or something else; where it is the same as ever, the byte stood for
   a factor that changes no sum here. */
static void damaged_parameters_never_go_unseen(void **state)
{
	struct carry *carry = carry_new(CARRY_STREAMED, 1);
	uint8_t in[CARRY_INPUTS], expected[CARRY_OUTPUTS], out[CARRY_OUTPUTS];
	uint32_t stops = 0, others = 0;

	(void)state;
	carry_fill(in, 5);
	carry_run(carry->model, in, expected);
	for (uint32_t at = 1; at < carry->main.parameter_bytes; at += 97) {
		struct emulated tpu = awake();
		uint8_t kept = carry->streamed[at];
		int r;

		teach(&tpu, carry);
		assert_right(&tpu, carry, 5);
		carry->streamed[at] = (uint8_t)(kept ^ 0x80);
		r = run(&tpu, carry, in, out);
		carry->streamed[at] = kept;
		if (r < 0) {
			/* Stopped, and says why. */
			assert_int_equal(r, -EAGAIN);
			assert_int_not_equal(emulated_read64(&tpu, 0x486f0), 0);
			stops++;
		} else {
			others += memcmp(out, expected, CARRY_OUTPUTS) != 0;
		}
		emulated_free(&tpu);
	}
	assert_true(stops > 0);
	assert_true(others > 0);
	carry_free(carry);
}

static void parameters_of_another_are_used_as_they_come(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1), *other = carry_new(CARRY_BOTH, 2);
	struct emulated tpu = awake();

	(void)state;
	teach(&tpu, carry);
	memcpy(other->chunk_bytes, carry->chunk_bytes, sizeof(carry->chunk_bytes));
	/* As if they had got mixed up on their way. */
	assert_int_equal(bring(&tpu, other), 0);
	assert_right(&tpu, other, 1);
	assert_int_equal(bring(&tpu, carry), 0);
	assert_right(&tpu, carry, 2);
	emulated_free(&tpu);
	carry_free(carry);
	carry_free(other);
}

static void whoever_loads_the_same_finds_its_parameters_there(void **state)
{
	struct carry *first = carry_new(CARRY_BOTH, 1), *second = carry_new(CARRY_BOTH, 1);
	struct emulated tpu = awake();

	(void)state;
	teach(&tpu, first);
	teach(&tpu, second);
	assert_int_equal(bring(&tpu, first), 0);
	assert_right(&tpu, first, 1);
	emulator_unteach(tpu.emulator, &first->package);
	assert_right(&tpu, second, 2);
	emulated_free(&tpu);
	carry_free(first);
	carry_free(second);
}

/* The same graph twice, with parameters of its own each: both stay on the chip. */
static void models_that_were_compiled_together_keep_theirs_side_by_side(void **state)
{
	struct carry *first = carry_new(CARRY_CACHED, 1), *second = carry_new(CARRY_CACHED, 2);
	struct carry *other = carry_new(CARRY_CACHED, 3);
	struct emulated tpu = awake();
	uint8_t in[CARRY_INPUTS] = { 0 }, out[CARRY_OUTPUTS];

	(void)state;
	other->main.token = other->caching.token = 78;
	teach(&tpu, first);
	teach(&tpu, second);
	teach(&tpu, other);
	assert_int_equal(bring(&tpu, first), 0);
	assert_int_equal(bring(&tpu, second), 0);
	for (uint32_t seed = 1; seed < 4; seed++) {
		assert_right(&tpu, first, seed);
		assert_right(&tpu, second, seed);
	}
	/* Another token drives them out. */
	assert_int_equal(bring(&tpu, other), 0);
	assert_right(&tpu, other, 1);
	assert_int_equal(run(&tpu, first, in, out), -EAGAIN);
	assert_non_null(strstr(emulator_complaint(tpu.emulator),
			       "its parameters are not there"));
	emulated_free(&tpu);
	carry_free(first);
	carry_free(second);
	carry_free(other);
}

static void a_graph_that_cannot_be_trusted_is_not_learnt(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);
	struct atoll_error err = { .text = "" };

	(void)state;
	carry->chunk_bytes[0][30]++;
	assert_null(emulator_program_new(EMULATOR_BEST, &carry->package, NULL, &err));
	assert_non_null(strstr(err.text, "named by another SHA-256"));
	assert_null(emulator_program_new(EMULATOR_BEST, &carry->package, NULL, NULL));
	carry_free(carry);
}

/* Sessions */

static char socket_path[96]; /* of a daemon, "" while there is none */

struct bench {
	struct carry *carry;
	void *bytes;
	struct atoll_model *model;
	struct atoll_devices *devices;
	struct atoll_session *session;
};

static struct bench new_bench(enum carry_split split)
{
	const struct atoll_devices_options options = {
		.socket = *socket_path ? socket_path : "/nowhere/tpu.sock",
		.config = "/dev/null" };
	struct bench b = { .carry = carry_new(split, 3) };
	struct atoll_error err = { .text = "" };

	b.model = carry_file(b.carry, &b.bytes);
	b.devices = atoll_devices_new(&options, &err);
	if (!b.devices)
		fail_msg("%s", err.text);
	return b;
}

static void open_on(struct bench *b, const char *device)
{
	const struct atoll_session_options options = {
		.device = device, .devices = b->devices, .threads = 1 };
	struct atoll_error err = { .text = "" };

	b->session = atoll_session_open(b->model, &options, &err);
	if (!b->session)
		fail_msg("%s: %s", device, err.text);
}

static void assert_session_right(struct bench *b, uint32_t seed)
{
	uint8_t in[CARRY_INPUTS], expected[CARRY_OUTPUTS];

	carry_fill(in, seed);
	carry_run(b->carry->model, in, expected);
	memcpy(atoll_session_input(b->session, 0)->data, in, CARRY_INPUTS);
	if (atoll_session_invoke(b->session) < 0)
		fail_msg("%s", atoll_session_error(b->session));
	assert_memory_equal(atoll_session_output(b->session, 0)->data, expected,
			    CARRY_OUTPUTS);
}

static void close_bench(struct bench *b)
{
	atoll_session_close(b->session);
	atoll_devices_free(b->devices);
	atoll_model_free(b->model);
	free(b->bytes);
	carry_free(b->carry);
}

static void an_emulated_device_needs_no_twin(void **state)
{
	(void)state;
	for (enum carry_split split = CARRY_CACHED; split <= CARRY_STREAMED; split++) {
		struct bench b = new_bench(split);

		open_on(&b, "emu");
		assert_string_equal(atoll_session_plan(b.session)->device, "emu:0");
		assert_string_equal(atoll_session_error(b.session), "");
		for (uint32_t seed = 1; seed < 4; seed++)
			assert_session_right(&b, seed);
		assert_string_equal(atoll_session_plan(b.session)->step[0].device, "emu:0");
		close_bench(&b);
	}
}

static void the_cpu_runs_it_without_a_word_when_asked(void **state)
{
	static const char *const lists[] = { "cpu", "cpu,tpu" };

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct bench b = new_bench(CARRY_BOTH);

		open_on(&b, lists[i]);
		assert_string_equal(atoll_session_error(b.session), "");
		assert_string_equal(atoll_session_plan(b.session)->device, "cpu");
		assert_session_right(&b, 1);
		close_bench(&b);
	}
}

static void no_real_device_is_asked_and_the_cpu_says_so(void **state)
{
	static const char *const lists[] = { "tpu,cpu", "tpu", "usb", "usb:1-1", ":0",
					     "usb,tpu" };

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct bench b = new_bench(CARRY_BOTH);

		open_on(&b, lists[i]);
		assert_string_equal(atoll_session_error(b.session),
			"compiled: compiled for emulated devices: the CPU runs it");
		assert_string_equal(atoll_session_plan(b.session)->device, "cpu");
		assert_session_right(&b, 1);
		close_bench(&b);
	}
}

static void without_a_daemon_the_cpu_says_why(void **state)
{
	struct bench b = new_bench(CARRY_BOTH);

	(void)state;
	open_on(&b, "serve");
	if (!strstr(atoll_session_error(b.session),
		    "compiled for emulated devices: the CPU runs it ("))
		fail_msg("%s", atoll_session_error(b.session));
	assert_session_right(&b, 1);
	close_bench(&b);
}

/* The whole way: our compiler, a session, the emulated chip; `capacity` is for both. */
static void compile_two(uint64_t capacity, struct carry *const carry[2],
			struct atoll_session *session[2], struct atoll_compiled **compiled,
			struct atoll_model *model[2], struct atoll_devices *devices)
{
	const struct atoll_session_options options = {
		.device = "emu", .devices = devices, .threads = 1 };
	const struct atoll_compile_options how = { .capacity = capacity };
	struct atoll_compile_job job[2] = { { .model = carry[0]->model },
					    { .model = carry[1]->model } };
	struct atoll_error err = { .text = "" };

	*compiled = atoll_compile(job, 2, &how, NULL, &err);
	if (!*compiled)
		fail_msg("%s", err.text);
	for (int i = 0; i < 2; i++) {
		model[i] = atoll_model_load_bytes((*compiled)->model[i].bytes,
						  (*compiled)->model[i].size, "ours", &err);
		session[i] = model[i] ? atoll_session_open(model[i], &options, &err) : NULL;
		if (!session[i])
			fail_msg("%s", err.text);
	}
}

static void what_our_compiler_made_gives_the_answers_of_the_cpu(void **state)
{
	static const uint64_t capacities[] = { 8 << 20, 9000, 640 };
	struct carry *carry[2] = { carry_new(CARRY_CACHED, 1), carry_new(CARRY_CACHED, 2) };

	(void)state;
	for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
		struct bench b = new_bench(CARRY_CACHED);
		struct atoll_compiled *compiled;
		struct atoll_session *session[2];
		struct atoll_model *model[2];
		uint8_t in[CARRY_INPUTS], expected[CARRY_OUTPUTS];

		compile_two(capacities[c], carry, session, &compiled, model, b.devices);
		if (capacities[c] < 8 << 20)
			assert_true(compiled->model[1].streamed_bytes > 1000);
		for (uint32_t seed = 0; seed < 6; seed++) {
			struct atoll_session *turn = session[seed % 2];

			carry_fill(in, seed);
			carry_run(carry[seed % 2]->model, in, expected);
			memcpy(atoll_session_input(turn, 0)->data, in, CARRY_INPUTS);
			if (atoll_session_invoke(turn) < 0)
				fail_msg("%s", atoll_session_error(turn));
			assert_memory_equal(atoll_session_output(turn, 0)->data, expected,
					    CARRY_OUTPUTS);
		}
		for (int i = 0; i < 2; i++) {
			atoll_session_close(session[i]);
			atoll_model_free(model[i]);
		}
		atoll_compiled_free(compiled);
		close_bench(&b);
	}
	carry_free(carry[0]);
	carry_free(carry[1]);
}

/* Two sessions at one daemon, on one emulated device. */
static void a_daemon_with_emulated_devices_runs_it(void **state)
{
	struct atoll_session *sessions[2];
	struct daemon *daemon;
	struct bench b;

	(void)state;
	(void)snprintf(socket_path, sizeof(socket_path), "%s/tpu.sock", folder);
	daemon = daemon_start(socket_path, &(struct daemon_options){ .tpus = 1 });
	b = new_bench(CARRY_BOTH);
	for (int i = 0; i < 2; i++) {
		open_on(&b, i == 0 ? "tpu,cpu" : "serve");
		assert_string_equal(atoll_session_error(b.session), "");
		assert_string_equal(atoll_session_plan(b.session)->device, "serve");
		sessions[i] = b.session;
	}
	for (uint32_t seed = 1; seed < 5; seed++) {
		b.session = sessions[seed % 2];
		assert_session_right(&b, seed);
		assert_string_equal(atoll_session_plan(b.session)->step[0].device,
				    "serve:emu:250-1");
	}
	b.session = NULL;
	atoll_session_close(sessions[0]);
	atoll_session_close(sessions[1]);
	close_bench(&b);
	daemon_stop(daemon);
	socket_path[0] = '\0';
}

static void a_daemon_without_leaves_it_to_the_session(void **state)
{
	struct daemon *daemon;
	struct bench b;

	(void)state;
	(void)snprintf(socket_path, sizeof(socket_path), "%s/tpu.sock", folder);
	daemon = daemon_start(socket_path, &(struct daemon_options){ .has_cpu = true });
	b = new_bench(CARRY_BOTH);
	open_on(&b, "serve");
	assert_string_equal(atoll_session_error(b.session),
			    "compiled: compiled for emulated devices: the CPU runs it");
	assert_string_equal(atoll_session_plan(b.session)->device, "cpu");
	assert_session_right(&b, 1);
	close_bench(&b);
	daemon_stop(daemon);
	socket_path[0] = '\0';
}

/* The daemon's worker for a TPU that nobody teaches. */
static void a_real_device_of_a_daemon_gets_nothing(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);
	struct program program = { .package = &carry->package, .is_carried = true };
	struct atoll_error err = { .text = "" };
	struct usb_bus *bus = emulator_bus_new(&(struct emulator_bus_options){ 0 }, &err);
	const struct emulator_options options = { .speed = USB_SUPER };
	struct usb_place place = emulator_bus_plug(bus, emulator_new(&options, &err), &err);
	struct engine *engine = engine_tpu_new(&(struct engine_tpu_options){
		.bus = bus, .place = place, .name = "usb:1-1" }, &err);

	(void)state;
	assert_non_null(engine);
	assert_int_equal(engine->ops->raise(engine, &err), 0);
	emulator_bus_set_faults(bus, &place, NULL); /* count anew */
	assert_null(engine->ops->load(engine, &program, &err));
	assert_string_equal(err.text, "usb:1-1: compiled for emulated devices, with a graph in "
			    "place of instructions");
	assert_int_equal(emulator_bus_transfers(bus, &place), 0);
	engine->ops->free(engine);
	bus->ops->free(bus);
	carry_free(carry);
}

static void a_graph_that_cannot_be_trusted_is_not_run_anywhere(void **state)
{
	static const char *const lists[] = { "tpu,cpu", "cpu", "emu", "usb" };
	struct bench b = new_bench(CARRY_BOTH);

	(void)state;
	atoll_model_free(b.model);
	free(b.bytes);
	b.carry->chunk_bytes[0][30]++;
	b.model = carry_file(b.carry, &b.bytes);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct atoll_session_options options = {
			.device = lists[i], .devices = b.devices };
		struct atoll_error err = { .text = "" };

		assert_null(atoll_session_open(b.model, &options, &err));
		assert_string_equal(err.text, "compiled: operator 0: carried graph: main "
				    "executable: named by another SHA-256");
	}
	close_bench(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chip_computes_what_the_cpu_does),
		cmocka_unit_test(without_its_parameters_it_stops),
		cmocka_unit_test(damaged_parameters_never_go_unseen),
		cmocka_unit_test(parameters_of_another_are_used_as_they_come),
		cmocka_unit_test(whoever_loads_the_same_finds_its_parameters_there),
		cmocka_unit_test(
			models_that_were_compiled_together_keep_theirs_side_by_side),
		cmocka_unit_test(a_graph_that_cannot_be_trusted_is_not_learnt),
		cmocka_unit_test(an_emulated_device_needs_no_twin),
		cmocka_unit_test(the_cpu_runs_it_without_a_word_when_asked),
		cmocka_unit_test(no_real_device_is_asked_and_the_cpu_says_so),
		cmocka_unit_test(without_a_daemon_the_cpu_says_why),
		cmocka_unit_test(what_our_compiler_made_gives_the_answers_of_the_cpu),
		IN_FOLDER(a_daemon_with_emulated_devices_runs_it),
		IN_FOLDER(a_daemon_without_leaves_it_to_the_session),
		cmocka_unit_test(a_real_device_of_a_daemon_gets_nothing),
		cmocka_unit_test(a_graph_that_cannot_be_trusted_is_not_run_anywhere),
	};

	return CHECK_RUN(tests);
}
