/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as instructions of the two executables of a package, with any hints: what
 * the emulated chip makes of them ends, with answers or with a sentence that names the
 * instruction.
 *
 *	[main u16][caching u16] [kind u8][size u16] for each of 4 hints, two of main first
 *	instructions of main, of caching, and what infeeds bring, zeros when it is short
 *
 *	fuzz_silicon --seeds DIR    write such files to start from
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/emulator/silicon.h"
#include "tests/seeds.h"
#include "tests/silicon_program.h"

#define HINTS 2 /* of an executable */
#define HINT_BYTES 3
#define HEAD_BYTES (2 + 2 + 2 * HINTS * HINT_BYTES)

/* Of a run; programs are small. */
#define STEPS_MAX (1u << 14)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

struct input {
	const uint8_t *bytes;
	size_t size;
};

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

/* The next bytes, in memory of just that size: who reads behind it is found. */
static uint8_t *take(struct input *input, size_t size)
{
	uint8_t *bytes = calloc(1, size + (size == 0));
	size_t there = size < input->size ? size : input->size;

	must(bytes != NULL);
	memcpy(bytes, input->bytes, there);
	input->bytes += there;
	input->size -= there;
	return bytes;
}

static int follow(struct emulator_program *program, const struct edgetpu_hint *hint,
		  struct input *input)
{
	bool is_out = hint->kind == EDGETPU_OUTPUT || hint->kind == EDGETPU_SCRATCH_IN;
	uint8_t *bytes;
	int r;

	if (hint->kind == EDGETPU_INTERRUPT || hint->kind == EDGETPU_FENCE ||
	    hint->kind == EDGETPU_INSTRUCTIONS)
		return 0;
	bytes = take(input, hint->size);
	r = is_out ? program->ops->outfeed(program, hint, 0, bytes) :
		     program->ops->infeed(program, hint, bytes);
	free(bytes);
	return r;
}

static void run(struct emulator_program *program, const struct edgetpu_executable *executable,
		struct input *input)
{
	struct silicon_report report;
	int r = program->ops->begin(program, executable);

	for (uint32_t i = 0; i < executable->hints && r == 0; i++)
		r = follow(program, &executable->hint[i], input);
	silicon_report(program, &report);
	must(report.executed <= report.instructions);
	must(report.steps <= STEPS_MAX + 1);
	must((r == 0 && report.why[0] == '\0') ||
	     (r < 0 && strncmp(report.why, "instruction ", 12) == 0));
}

static void run_all(const struct edgetpu_package *package, struct input *input)
{
	struct atoll_error err = { .text = "" };
	struct emulator_program *program = silicon_program(package, &err);

	must(program || strncmp(err.text, "silicon: ", 9) == 0);
	if (!program)
		return;
	silicon_limit(program, STEPS_MAX);
	if (package->caching)
		run(program, package->caching, input);
	for (int i = 0; i < 2; i++)
		run(program, package->main, input);
	program->ops->free(program);
}

static void read_hints(struct edgetpu_hint *hint, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < HINTS; i++, bytes += HINT_BYTES)
		hint[i] = (struct edgetpu_hint){
			.kind = (enum edgetpu_hint_kind)(bytes[0] % (EDGETPU_FENCE + 1)),
			.size = (uint32_t)(bytes[1] | bytes[2] << 8) };
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct edgetpu_executable executable[2];
	struct edgetpu_chunk chunk[2];
	struct edgetpu_hint hint[2][HINTS];
	struct input input;
	uint8_t *code[2];

	if (size < HEAD_BYTES)
		return 0;
	input = (struct input){ .bytes = bytes + HEAD_BYTES, .size = size - HEAD_BYTES };
	for (int i = 0; i < 2; i++) {
		uint32_t words = (uint32_t)(bytes[2 * i] | bytes[2 * i + 1] << 8) /
				 ISA_WORD_BYTES;

		code[i] = take(&input, (size_t)words * ISA_WORD_BYTES);
		chunk[i] = (struct edgetpu_chunk){ .bytes = code[i],
						   .size = words * ISA_WORD_BYTES };
		read_hints(hint[i], bytes + 4 + (size_t)i * HINTS * HINT_BYTES);
		executable[i] = (struct edgetpu_executable){
			.type = i == 0 ? EDGETPU_EXECUTION : EDGETPU_CACHING, .chunks = 1,
			.chunk = &chunk[i], .hints = HINTS, .hint = hint[i] };
	}
	if (chunk[0].size > 0) /* no package without */
		run_all(&(struct edgetpu_package){
			.main = &executable[0],
			.caching = chunk[1].size > 0 ? &executable[1] : NULL }, &input);
	free(code[0]);
	free(code[1]);
	return 0;
}

static void write_hint(uint8_t *at, const struct edgetpu_hint *hint)
{
	at[0] = (uint8_t)hint->kind;
	at[1] = (uint8_t)hint->size;
	at[2] = (uint8_t)(hint->size >> 8);
}

static void write_seed(const char *folder, const char *name, const struct ours *ours)
{
	uint32_t sizes[2] = { ours->chunk[0].size, ours->chunk[1].size };
	size_t size = HEAD_BYTES + (size_t)sizes[0] + sizes[1] + sizeof(ours->weights) +
		      sizeof(ours->input);
	uint8_t *file = calloc(1, size), *at = file + HEAD_BYTES;

	must(file != NULL);
	for (int i = 0; i < 2; i++) {
		file[2 * i] = (uint8_t)sizes[i];
		file[2 * i + 1] = (uint8_t)(sizes[i] >> 8);
		for (int k = 0; k < HINTS; k++)
			write_hint(file + 4 + (i * HINTS + k) * HINT_BYTES,
				   &ours->hint[i][k + 1]);
		memcpy(at, ours->chunk[i].bytes, sizes[i]);
		at += sizes[i];
	}
	memcpy(at, ours->weights, sizeof(ours->weights));
	memcpy(at + sizeof(ours->weights), ours->input, sizeof(ours->input));
	seeds_write(folder, name, file, size);
	free(file);
}

/* Zero points of single outputs are the weights, and so are biases and factors: a copy
   of the move to narrow memory, before it, takes row 4 there, three times. */
static void scale_outputs(struct ours *ours)
{
	const uint32_t words = isa_length(ours->to_narrow);
	uint8_t *at = ours->to_narrow, *mac = ours->mac + (size_t)words * ISA_WORD_BYTES;

	must(ours->words + words <= OURS_WORDS_MAX);
	memmove(at + (size_t)words * ISA_WORD_BYTES, at,
		ours->chunk[0].size - (size_t)(at - ours->code));
	ours->chunk[0].size += words * ISA_WORD_BYTES;
	isa_set_bits(at, 62, 16, 4);
	isa_set_bits(at, 78 + 17, 16, 2);
	isa_set_bits(at, 283 + 17, 16, 95);
	isa_set_bits(at, 655, 1, 0);
	isa_set_bits(at, 867, 1, 1);
	isa_set_bits(mac, 1853, 1, 1);
	isa_set_bits(mac, 1908, 13, 16);
	isa_set_bits(mac, 2093, 2, 3);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct ours *ours;

	if (!seeds_wanted(*argc, *argv))
		return 0;
	ours = ours_new(1);
	write_seed((*argv)[2], "dense", ours);
	scale_outputs(ours);
	write_seed((*argv)[2], "scaled", ours);
	ours_free(ours);
	exit(0);
}
