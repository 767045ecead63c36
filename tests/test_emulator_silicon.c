/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated chip that executes instructions: a program written here, bit by bit, and
 * what stops it; then compiled models (tests/golden.h tells which), whose parameters
 * must come to lie where their plans say, and whose answers must be those of the CPU.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/devices_inside.h"
#include "runtime/emulator/bus.h"
#include "runtime/emulator/silicon.h"
#include "runtime/isa/caching.h"
#include "runtime/isa/isa.h"
#include "tests/carry.h"
#include "tests/check.h"
#include "tests/emulated.h"
#include "tests/golden.h"
#include "tests/must.h"
#include "tests/silicon_program.h"

/* A program of ours */

static struct emulator_program *must_take(const struct edgetpu_package *package)
{
	struct atoll_error err;
	struct emulator_program *program =
		emulator_program_new(EMULATOR_SILICON, package, NULL, &err);

	if (!program)
		fail_msg("%s", err.text);
	assert_string_equal(program->ops->grade, "silicon");
	return program;
}

static void a_program_of_ours_gives_the_right_answer(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 9; seed++) {
		struct ours *ours = ours_new(seed);
		struct emulator_program *program = must_take(&ours->package);
		struct silicon_report report;
		uint8_t output[OURS_OUTPUTS];

		assert_int_equal(ours_bring(program, &ours->caching), 0);
		assert_memory_equal(silicon_row(program, 0, 4), ours->weights, 256);
		assert_memory_equal(silicon_row(program, 0, 5), ours->weights + 256, 256);
		assert_null(silicon_row(program, 0, 6));
		assert_null(silicon_row(program, 1, 4));
		for (int again = 0; again < 2; again++) {
			assert_int_equal(ours_run(program, ours, output), 0);
			for (uint32_t i = 0; i < OURS_OUTPUTS; i++)
				assert_int_equal(output[i], ours_expected(ours, i));
		}
		silicon_report(program, &report);
		assert_int_equal(report.executed, report.instructions);
		assert_string_equal(report.why, "");
		program->ops->free(program);
		ours_free(ours);
	}
}

/* What a run of a program says that does not come to its end. */
static void must_stop(const struct ours *ours, bool has_parameters, const char *why)
{
	struct emulator_program *program = must_take(&ours->package);
	struct silicon_report report;
	uint8_t output[OURS_OUTPUTS];

	if (has_parameters)
		assert_int_equal(ours_bring(program, &ours->caching), 0);
	assert_true(ours_run(program, ours, output) < 0);
	silicon_report(program, &report);
	assert_string_equal(report.why, why);
	assert_true(report.executed < report.instructions);
	program->ops->free(program);
}

/* The same after so many steps. */
static void must_stop_within(const struct ours *ours, uint64_t steps, const char *why)
{
	struct emulator_program *program = must_take(&ours->package);
	struct silicon_report report;
	uint8_t output[OURS_OUTPUTS];

	silicon_limit(program, steps);
	assert_int_equal(ours_bring(program, &ours->caching), 0);
	assert_true(ours_run(program, ours, output) < 0);
	silicon_report(program, &report);
	assert_string_equal(report.why, why);
	program->ops->free(program);
}

static void what_is_not_understood_stops_with_its_number(void **state)
{
	struct ours *ours = ours_new(1);

	(void)state;
	isa_set_bits(ours->mac, 6, 5, 0x02);
	must_stop(ours, true, "instruction 4 (op-02, word 18): opcode 0x02 is not understood");
	ours_free(ours);
}

static void an_opcode_of_unknown_length_is_refused_at_once(void **state)
{
	struct ours *ours = ours_new(1);
	struct atoll_error err = { .text = "" };

	(void)state;
	isa_set_bits(ours->mac, 6, 5, 0x1d);
	assert_null(silicon_program(&ours->package, &err));
	assert_string_equal(err.text, "silicon: main program: word 18: opcode 0x1d of unit 0 is "
			    "unknown");
	assert_null(silicon_program(&ours->package, NULL));
	ours_free(ours);
}

static void a_wait_that_is_never_over_is_told(void **state)
{
	struct ours *ours = ours_new(1);

	(void)state;
	isa_set_bits(ours->to_narrow, 623, 16, 3);
	must_stop(ours, true, "instruction 1 (wide-narrow, word 2): tile 0 waits for ever: "
		  "ring read A is 1 and not 3");
	ours_free(ours);
}

static void weights_that_never_came_are_missed(void **state)
{
	struct ours *ours = ours_new(1);

	(void)state;
	must_stop(ours, false, "instruction 4 (mac, word 18): tile 0: nothing is in wide row 4");
	ours_free(ours);
}

static void addresses_outside_of_memory_are_refused(void **state)
{
	struct ours *ours = ours_new(1);

	(void)state;
	isa_set_bits(ours->to_narrow, 62, 16, 2080);
	must_stop(ours, true, "instruction 1 (wide-narrow, word 2): tile 0: no row 2080 in wide "
		  "memory");
	ours_free(ours);
}

/* The first two units, a thousand times a million times, on tiles of which the first
   alone has what they wait for. */
static struct ours *new_endless(void)
{
	struct ours *ours = ours_new(1);

	isa_set_bits(ours->to_narrow, 12, 16, 0xffff);
	isa_set_bits(ours->to_narrow, 620, 3, 7);
	for (uint32_t d = 1; d < 4; d++) {
		isa_set_bits(ours->to_narrow, 78 + 33 * d + 17, 16, 1023);
		isa_set_bits(ours->to_narrow, 283 + 33 * d, 17, 0x1ffff);
		isa_set_bits(ours->to_narrow, 283 + 33 * d + 17, 16, 1023);
	}
	return ours;
}

static void a_program_cannot_run_for_ever(void **state)
{
	struct ours *ours = new_endless();

	(void)state;
	isa_set_bits(ours->receive, 12, 16, 0xffff);
	isa_set_bits(ours->send, 409, 16, 0xffff);
	must_stop_within(ours, 1000, "instruction 1 (wide-narrow, word 2): the program has "
			 "more than 1000 steps");
	ours_free(ours);
}

static void tiles_cannot_wait_for_ever_while_one_goes_on(void **state)
{
	struct ours *ours = new_endless();

	(void)state;
	must_stop_within(ours, 1000, "instruction 1 (wide-narrow, word 2): the program waits "
			 "more than 8000 times");
	ours_free(ours);
}

/* Of 8192 units of 8 bytes, 4 bytes at a time. */
static void what_is_sent_to_nobody_has_steps_as_well(void **state)
{
	struct ours *ours = ours_new(1);
	uint8_t *much = calloc(8192, OURS_INPUTS);
	struct emulator_program *program;
	struct silicon_report report;

	(void)state;
	assert_non_null(much);
	ours->hint[0][1].size = 8192 * OURS_INPUTS;
	program = must_take(&ours->package);
	silicon_limit(program, 1000);
	isa_set_bits(ours->send, 409, 16, 0);
	isa_set_bits(ours->send, 55, 20, 1023);
	isa_set_bits(ours->send, 75, 1, 1);
	isa_set_bits(ours->send, 96, 20, 7);
	isa_set_bits(ours->send, 434, 6, 0);
	assert_int_equal(program->ops->begin(program, &ours->main), 0);
	assert_true(program->ops->infeed(program, &ours->hint[0][1], much) < 0);
	silicon_report(program, &report);
	assert_string_equal(report.why, "instruction 2 (send, word 13): the program has more "
			    "than 1000 steps");
	assert_int_equal(report.steps, 1001);
	program->ops->free(program);
	ours_free(ours);
	free(much);
}

static void must_refuse(const struct ours *ours, const char *why)
{
	struct atoll_error err = { .text = "" };

	assert_null(silicon_program(&ours->package, &err));
	assert_string_equal(err.text, why);
}

static void programs_have_a_largest_length_and_a_least(void **state)
{
	const uint32_t words = 65537;
	uint8_t *scalars = calloc(words, ISA_WORD_BYTES);
	struct emulator_program *program;
	struct ours *ours = ours_new(1);

	(void)state;
	assert_non_null(scalars);
	for (uint32_t i = 0; i < words; i++)
		isa_set_bits(scalars + (size_t)i * ISA_WORD_BYTES, 11, 1, ISA_SCALAR);
	ours->chunk[0] = (struct edgetpu_chunk){ .bytes = scalars,
						 .size = words * ISA_WORD_BYTES };
	must_refuse(ours, "silicon: main program: 65537 instructions, and not 1 to 65536");
	ours->chunk[0].size -= ISA_WORD_BYTES;
	program = must_take(&ours->package);
	program->ops->free(program);
	ours->main.chunks = 0;
	must_refuse(ours, "silicon: main program: 0 instructions, and not 1 to 65536");
	ours_free(ours);
	free(scalars);
}

static void what_the_host_moves_has_a_largest_size(void **state)
{
	struct ours *ours = ours_new(1);

	(void)state;
	for (int which = 0; which < 2; which++) {
		struct edgetpu_hint *hint = &ours->hint[which][1];
		uint32_t size = hint->size;

		for (int bits = 28; bits <= 32; bits += 2) {
			hint->size = (uint32_t)((UINT64_C(1) << bits) - 1);
			must_refuse(ours, "silicon: no memory for what the host sends and "
				    "fetches, 256 MiB is the most");
		}
		hint->size = size;
	}
	ours_free(ours);
}

static void what_the_host_does_otherwise_is_told(void **state)
{
	static const struct {
		enum edgetpu_hint_kind kind;
		bool is_out;
		const char *why;
	} wrong[] = {
		{ EDGETPU_OUTPUT, false, "the host sends what no stream takes" },
		{ EDGETPU_INTERRUPT, false, "the host sends what no stream takes" },
		{ EDGETPU_INPUT, true, "the host asks for what no stream gives" },
		{ EDGETPU_PARAMETERS, false, "the host sends more than it said" },
		{ EDGETPU_OUTPUT, true, "the host asks for more output than comes" },
		{ EDGETPU_SCRATCH_IN, true, "the host asks for more output than comes" },
	};
	struct ours *ours = ours_new(1);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct edgetpu_hint hint = { .kind = wrong[i].kind, .size = 8 };
		struct emulator_program *program = must_take(&ours->package);
		struct silicon_report report;
		uint8_t bytes[8] = { 0 };

		assert_int_equal(program->ops->begin(program, &ours->main), 0);
		if (wrong[i].is_out)
			assert_true(program->ops->outfeed(program, &hint, 0, bytes) < 0);
		else
			assert_true(program->ops->infeed(program, &hint, bytes) < 0);
		silicon_report(program, &report);
		assert_memory_equal(report.why, "instruction ", 12);
		assert_string_equal(strstr(report.why, "): ") + 3, wrong[i].why);
		program->ops->free(program);
	}
	ours_free(ours);
}

/* Whatever the bits are: it ends, with a sentence or an answer. */
static void damaged_programs_end(void **state)
{
	struct check_random random = { 9 };

	(void)state;
	for (int i = 0; i < 150; i++) {
		struct ours *ours = ours_new(1);
		struct emulator_program *program;
		struct silicon_report report;
		uint8_t output[OURS_OUTPUTS];
		uint32_t bit = check_random(&random) % (ours->words * 128);

		ours->code[bit / 8] = (uint8_t)(ours->code[bit / 8] ^ 1 << bit % 8);
		program = silicon_program(&ours->package, NULL);
		if (program) {
			assert_int_equal(ours_bring(program, &ours->caching), 0);
			if (ours_run(program, ours, output) < 0) {
				silicon_report(program, &report);
				assert_true(strlen(report.why) > 0);
			}
			program->ops->free(program);
		}
		ours_free(ours);
	}
}

/* On the wire, up to the answer: its bytes, or how it was refused. */
static int run_on_chip(struct emulated *tpu, const struct ours *ours,
		       uint8_t output[OURS_OUTPUTS])
{
	int r = emulated_item(tpu, EMULATED_INSTRUCTIONS, ours->caching_code,
			      ours->chunk[1].size);

	if (r == 0)
		r = emulated_item(tpu, EMULATED_PARAMETERS, ours->weights,
				  sizeof(ours->weights));
	if (r == 0)
		r = emulated_item(tpu, EMULATED_INSTRUCTIONS, ours->code, ours->chunk[0].size);
	if (r == 0)
		r = emulated_item(tpu, EMULATED_INPUT, ours->input, OURS_INPUTS);
	return r < 0 ? r : emulator_in(tpu->emulator, 0x81, output, OURS_OUTPUTS);
}

static struct emulated teach(const struct ours *ours)
{
	struct emulated tpu = emulated_new(USB_SUPER);

	assert_int_equal(emulator_teach(tpu.emulator, &ours->package, must_take(&ours->package),
					NULL), 0);
	emulated_wake(&tpu);
	return tpu;
}

static void a_chip_of_this_grade_answers_on_the_wire(void **state)
{
	struct ours *ours = ours_new(1);
	struct emulated tpu = teach(ours);
	uint8_t output[OURS_OUTPUTS];

	(void)state;
	assert_int_equal(run_on_chip(&tpu, ours, output), OURS_OUTPUTS);
	for (uint32_t i = 0; i < OURS_OUTPUTS; i++)
		assert_int_equal(output[i], ours_expected(ours, i));
	assert_int_equal(emulator_complaints(tpu.emulator), 0);
	emulated_free(&tpu);
	ours_free(ours);
}

#define FATAL_STATUS 0x4c068

static void where_a_program_stops_the_chip_has_a_fatal_error(void **state)
{
	struct ours *ours = ours_new(1);
	struct emulated tpu;
	uint8_t output[OURS_OUTPUTS];

	(void)state;
	isa_set_bits(ours->mac, 6, 5, 0x02);
	tpu = teach(ours);
	assert_int_equal(emulated_read64(&tpu, FATAL_STATUS), 0);
	assert_int_equal(run_on_chip(&tpu, ours, output), -EAGAIN);
	assert_int_equal(emulated_read64(&tpu, FATAL_STATUS), 1);
	assert_string_equal(emulator_complaint(tpu.emulator), "ours: instruction 4 (op-02, "
			    "word 18): opcode 0x02 is not understood");
	assert_int_equal(emulator_complaints(tpu.emulator), 1);
	emulated_free(&tpu);
	ours_free(ours);
}

static void a_graph_in_place_of_instructions_is_refused(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);
	struct atoll_error err = { .text = "" };

	(void)state;
	assert_null(emulator_program_new(EMULATOR_SILICON, &carry->package, NULL, &err));
	assert_string_equal(err.text, "silicon: it carries a graph in place of instructions");
	carry_free(carry);
}

/* Compiled models */

static char *models;

static struct edgetpu_package *package_of(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);
	struct atoll_error err;
	struct edgetpu_package *package = NULL;

	if (op)
		package = edgetpu_package_read(op->custom_options, op->custom_options_bytes,
					       &err);
	if (op && !package)
		fail_msg("%s", err.text);
	return package;
}

/* The block's units, row by row. */
static bool is_in_place(const struct emulator_program *program,
			const struct isa_caching_block *block, const uint8_t *bytes)
{
	uint32_t tile = (uint32_t)__builtin_ctz(block->tiles), left = block->units;

	for (uint32_t i = 0; i < isa_caching_rows(block); i++) {
		uint32_t units = left < block->lanes ? left : block->lanes;
		const uint8_t *row = silicon_row(program, tile, block->row + i);

		if (!row || memcmp(row, bytes, (size_t)units * ISA_CACHING_UNIT_BYTES) != 0)
			return false;
		bytes += (size_t)units * ISA_CACHING_UNIT_BYTES;
		left -= units;
	}
	return true;
}

static void check_places(const struct emulator_program *program,
			 const struct edgetpu_executable *caching, const char *name)
{
	const uint8_t *bytes = caching->parameters;
	struct isa_caching_plan plan;
	struct silicon_report report;
	struct atoll_error err;
	uint32_t right = 0;

	if (isa_caching_read(caching->chunk->bytes, caching->chunk->size, &plan, &err) < 0)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < plan.blocks; i++) {
		right += is_in_place(program, &plan.block[i], bytes);
		bytes += (size_t)plan.block[i].units * ISA_CACHING_UNIT_BYTES;
	}
	silicon_report(program, &report);
	printf("# isa: %s: caching: executed %u of %u instructions, %u of %u blocks in place\n",
	       name, report.executed, report.instructions, right, plan.blocks);
	assert_int_equal(right, plan.blocks);
	assert_int_equal(report.executed, report.instructions);
	isa_caching_free(&plan);
}

static void look_at(const char *folder, const char *file, void *context)
{
	size_t length = strlen(file), end = strlen("_edgetpu.tflite");
	struct edgetpu_package *package;
	struct emulator_program *program;
	struct atoll_model *model;
	char *path;

	if (length < end || strcmp(file + length - end, "_edgetpu.tflite") != 0)
		return;
	path = golden_text("%s/%s", folder, file);
	model = must_load(path);
	package = package_of(model);
	if (package && package->caching) {
		program = must_take(package);
		assert_int_equal(ours_bring(program, package->caching), 0);
		check_places(program, package->caching, file);
		program->ops->free(program);
		(*(uint32_t *)context)++;
	}
	edgetpu_package_free(package);
	atoll_model_free(model);
	free(path);
}

static void parameters_of_compiled_models_come_to_their_places(void **state)
{
	uint32_t programs = 0;

	(void)state;
	(void)check_data_path("models");
	golden_each(models, look_at, &programs);
	assert_true(programs > 0);
}

/* A session whose device executes. */
struct bench {
	char *path[2];
	struct atoll_model *model, *twin;
	struct edgetpu_package *package;
	struct emulator_program *program; /* the emulator's */
	struct atoll_devices *devices;
	struct atoll_session *session, *cpu;
};

static struct bench new_bench(const char *name)
{
	struct bench b = { .path = { golden_text("%s/%s_edgetpu.tflite", models, name),
				     golden_text("%s/%s.tflite", models, name) } };
	struct emulator *emulator;
	struct atoll_error err;
	struct usb_bus *bus;

	b.model = must_load(b.path[0]);
	b.twin = must_load(b.path[1]);
	b.package = package_of(b.model);
	b.program = must_take(b.package);
	bus = emulator_bus_new(&(struct emulator_bus_options){ .is_time_virtual = true }, &err);
	emulator = emulator_new(&(struct emulator_options){ 0 }, &err);
	assert_non_null(bus);
	assert_int_equal(emulator_teach(emulator, b.package, b.program, &err), 0);
	assert_int_not_equal(emulator_bus_plug(bus, emulator, &err).ports, 0);
	b.devices = must_have_devices();
	devices_use_emulators(b.devices, bus);
	b.session = must_open(b.model, &(struct atoll_session_options){
		.device = "usb", .devices = b.devices, .threads = 1 });
	b.cpu = must_open(b.twin, &(struct atoll_session_options){
		.device = "cpu", .threads = 1 });
	return b;
}

static void free_bench(struct bench *b)
{
	atoll_session_close(b->session);
	atoll_session_close(b->cpu);
	atoll_devices_free(b->devices);
	edgetpu_package_free(b->package);
	atoll_model_free(b->model);
	atoll_model_free(b->twin);
	free(b->path[0]);
	free(b->path[1]);
}

static void must_invoke(struct atoll_session *session)
{
	if (atoll_session_invoke(session) < 0)
		fail_msg("%s", atoll_session_error(session));
}

static void check_golden(struct bench *b, const char *name, const char *inputs)
{
	char *golden = golden_folder();
	char *folder = golden_text("%s/%s/%s/reference", golden, name, inputs);

	golden_fill(inputs, 0, atoll_session_input(b->session, 0));
	must_invoke(b->session);
	assert_int_equal(golden_difference(folder, 0, atoll_session_output(b->session, 0)), -1);
	free(folder);
	free(golden);
}

/* Random inputs, against the CPU: elements that are off by one are counted. */
static uint32_t count_off_by_one(struct bench *b, uint32_t runs, uint32_t *elements)
{
	const struct atoll_tensor *a = atoll_session_output(b->session, 0);
	const struct atoll_tensor *c = atoll_session_output(b->cpu, 0);
	struct atoll_tensor *in = atoll_session_input(b->session, 0);
	struct check_random random = { 3 };
	uint32_t off = 0;

	assert_int_equal(in->bytes, atoll_session_input(b->cpu, 0)->bytes);
	for (uint32_t r = 0; r < runs; r++) {
		for (size_t i = 0; i < in->bytes; i++)
			((uint8_t *)in->data)[i] = (uint8_t)check_random(&random);
		memcpy(atoll_session_input(b->cpu, 0)->data, in->data, in->bytes);
		must_invoke(b->session);
		must_invoke(b->cpu);
		for (size_t i = 0; i < a->bytes; i++) {
			int d = ((uint8_t *)a->data)[i] - ((uint8_t *)c->data)[i];

			assert_true(abs(d) <= 1);
			off += d != 0;
		}
		*elements += (uint32_t)a->bytes;
	}
	return off;
}

static void dense_layers_give_the_golden_answers(void **state)
{
	static const char *const names[] = { "dense_256", "dense_512" };

	(void)state;
	(void)check_data_path("golden");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bench b = new_bench(names[i]);
		struct silicon_report report;
		uint32_t elements = 0, off;

		assert_string_equal(atoll_session_plan(b.session)->device, "usb:250-1");
		check_golden(&b, names[i], "pattern");
		check_golden(&b, names[i], "lcg");
		off = count_off_by_one(&b, 100, &elements);
		silicon_report(b.program, &report);
		printf("# isa: %s: executed %u of %u instructions, layers equal 1 of 1, "
		       "off by one %u of %u elements of random inputs\n", names[i],
		       report.executed, report.instructions, off, elements);
		assert_int_equal(report.executed, report.instructions);
		assert_true(off * 1000 <= elements);
		free_bench(&b);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_of_ours_gives_the_right_answer),
		cmocka_unit_test(what_is_not_understood_stops_with_its_number),
		cmocka_unit_test(an_opcode_of_unknown_length_is_refused_at_once),
		cmocka_unit_test(a_wait_that_is_never_over_is_told),
		cmocka_unit_test(weights_that_never_came_are_missed),
		cmocka_unit_test(addresses_outside_of_memory_are_refused),
		cmocka_unit_test(a_program_cannot_run_for_ever),
		cmocka_unit_test(tiles_cannot_wait_for_ever_while_one_goes_on),
		cmocka_unit_test(what_is_sent_to_nobody_has_steps_as_well),
		cmocka_unit_test(programs_have_a_largest_length_and_a_least),
		cmocka_unit_test(what_the_host_moves_has_a_largest_size),
		cmocka_unit_test(what_the_host_does_otherwise_is_told),
		cmocka_unit_test(damaged_programs_end),
		cmocka_unit_test(a_chip_of_this_grade_answers_on_the_wire),
		cmocka_unit_test(where_a_program_stops_the_chip_has_a_fatal_error),
		cmocka_unit_test(a_graph_in_place_of_instructions_is_refused),
		cmocka_unit_test(parameters_of_compiled_models_come_to_their_places),
		cmocka_unit_test(dense_layers_give_the_golden_answers),
	};
	int r;

	models = golden_models();
	r = CHECK_RUN(tests);
	free(models);
	return r;
}
