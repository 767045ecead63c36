/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every stream of every compiled model of a folder (tests/golden.h): that it can be
 * decoded and encoded again to the same bytes, that what holds in all programs holds
 * in it, and how much of it is not understood.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/edgetpu/package.h"
#include "runtime/isa/isa.h"
#include "tests/check.h"
#include "tests/golden.h"

#define OPCODES_MAX 32

/* Of one opcode: how often it is, and which bits of the residue are ever set. */
struct tally {
	const struct isa_opcode *opcode;
	uint32_t count;
	uint8_t residue[ISA_WORDS_MAX * ISA_WORD_BYTES];
};

static struct {
	struct tally tally[OPCODES_MAX];
	uint32_t streams, identical, words, instructions, programs;
	uint32_t macs, same_inputs; /* whose input has as many steps as the loops */
	uint32_t constants, other_constants; /* in programs that bring parameters */
} all;

static char *models;

static void count(const struct isa_instruction *instruction)
{
	struct tally *tally = all.tally;

	while (tally->opcode && tally->opcode != instruction->opcode)
		tally++;
	tally->opcode = instruction->opcode;
	tally->count++;
	for (size_t i = 0; i < (size_t)instruction->opcode->words * ISA_WORD_BYTES; i++)
		tally->residue[i] |= instruction->residue[i];
	all.instructions++;
}

static void count_inputs(const struct isa_instruction *instruction)
{
	struct isa_access input = { 0 }, weights = { 0 };

	if (strcmp(instruction->opcode->name, "mac") != 0)
		return;
	assert_true(isa_access(instruction, 0, &input) && isa_access(instruction, 2, &weights));
	all.macs++;
	all.same_inputs += isa_iterations(&input) == isa_iterations(&weights);
}

static void count_constants(const struct isa_instruction *instruction)
{
	const uint32_t *value = instruction->value;

	for (uint32_t i = 0; i < instruction->opcode->fields; i++) {
		const struct isa_field *field = &instruction->opcode->field[i];

		if (field->kind == ISA_ONES) {
			all.constants++;
			all.other_constants += *value != UINT32_MAX >> (32 - field->width);
		}
		value += field->times;
	}
}

/* Is the stream the same after decode and encode? */
static bool comes_back(const struct edgetpu_chunk *chunk, bool is_caching)
{
	uint8_t *again = malloc(chunk->size);
	uint32_t words = chunk->size / ISA_WORD_BYTES;
	struct isa_instruction instruction;
	struct atoll_error err;
	bool is_same;

	assert_non_null(again);
	for (uint32_t word = 0; word < words; word += instruction.opcode->words) {
		if (isa_decode(chunk->bytes, words, word, &instruction, &err) < 0)
			fail_msg("%s", err.text);
		isa_encode(&instruction, again + (size_t)word * ISA_WORD_BYTES);
		count(&instruction);
		count_inputs(&instruction);
		if (is_caching)
			count_constants(&instruction);
	}
	is_same = memcmp(again, chunk->bytes, chunk->size) == 0;
	free(again);
	all.words += words;
	return is_same;
}

static void look_at_program(const struct edgetpu_executable *executable, const char *file)
{
	struct atoll_error err;
	uint32_t number = 0;

	all.programs++;
	for (uint32_t i = 0; i < executable->chunks; i++) {
		const struct edgetpu_chunk *chunk = &executable->chunk[i];

		all.streams++;
		all.identical += comes_back(chunk, executable->type == EDGETPU_CACHING);
		if (isa_check(chunk->bytes, chunk->size / ISA_WORD_BYTES, &number, &err) < 0)
			fail_msg("%s: %s", file, err.text);
	}
}

static void look_at_operators(const struct atoll_model *model, const char *file)
{
	const struct atoll_operator *op = NULL;

	while ((op = edgetpu_next_compiled(&model->graph[0], op))) {
		struct atoll_error err;
		struct edgetpu_package *package = edgetpu_package_read(
			op->custom_options, op->custom_options_bytes, &err);

		if (!package)
			fail_msg("%s: %s", file, err.text);
		if (package->caching)
			look_at_program(package->caching, file);
		look_at_program(package->main, file);
		edgetpu_package_free(package);
	}
}

static void look_at(const char *folder, const char *file, void *context)
{
	static const char ending[] = "_edgetpu.tflite";
	size_t length = strlen(file);
	struct atoll_model *model;
	struct atoll_error err;
	char *path;

	(void)context;
	if (length < strlen(ending) || strcmp(file + length - strlen(ending), ending) != 0)
		return;
	path = golden_text("%s/%s", folder, file);
	model = atoll_model_load(path, &err);
	if (!model)
		fail_msg("%s", err.text);
	look_at_operators(model, file);
	atoll_model_free(model);
	free(path);
}

static uint32_t bits_set(const uint8_t *bytes, uint32_t bits)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < bits; i++)
		sum += isa_bits(bytes, i, 1);
	return sum;
}

static uint32_t bits_named(const struct isa_opcode *opcode)
{
	uint32_t sum = 6; /* opcode and unit */

	for (uint32_t i = 0; i < opcode->fields; i++)
		sum += (uint32_t)opcode->field[i].width * opcode->field[i].times;
	return sum;
}

static void print_opcode(const struct isa_opcode *opcode)
{
	const struct tally *tally = all.tally;

	while (tally->opcode && tally->opcode != opcode)
		tally++;
	printf("# %u 0x%02x %-12s %12" PRIu32 " %7" PRIu32 " %6" PRIu32 " of %4u %8" PRIu32 "\n",
	       opcode->unit, opcode->code, opcode->name, tally->count, isa_values(opcode),
	       bits_named(opcode), 128u * opcode->words,
	       bits_set(tally->residue, 128u * opcode->words));
}

static void print_all(void)
{
	const struct isa_opcode *opcode;

	printf("# isa: %" PRIu32 " of %" PRIu32 " streams identical\n"
	       "# isa: %" PRIu32 " programs, %" PRIu32 " words, %" PRIu32 " instructions\n"
	       "# isa: %" PRIu32 " of %" PRIu32 " inputs of macs have the steps of its loops\n"
	       "# isa: %" PRIu32 " of %" PRIu32 " constants of caching programs as expected\n"
	       "# opcode              instructions  fields  bits named  residue\n",
	       all.identical, all.streams, all.programs, all.words, all.instructions,
	       all.same_inputs, all.macs, all.constants - all.other_constants, all.constants);
	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++)
		print_opcode(opcode);
	fflush(stdout);
}

static void every_stream_comes_back_and_passes_the_checks(void **state)
{
	(void)state;
	golden_each(models, look_at, NULL);
	if (all.streams == 0)
		skip();
	print_all();
	assert_int_equal(all.identical, all.streams);
}

static void constants_of_caching_programs_are_constant(void **state)
{
	(void)state;
	if (all.constants == 0)
		skip();
	assert_int_equal(all.other_constants, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stream_comes_back_and_passes_the_checks),
		cmocka_unit_test(constants_of_caching_programs_are_constant),
	};
	int r;

	models = golden_models();
	if (access(models, R_OK) < 0) {
		printf("1..0 # SKIP no models in %s\n", models);
		free(models);
		return 77;
	}
	r = CHECK_RUN(tests);
	free(models);
	return r;
}
