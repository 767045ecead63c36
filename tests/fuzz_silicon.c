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
#include "tests/silicon_script.h"

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
	for (int i = 0; i < 2; i++) {
		silicon_round(program, i == 0 ? SILICON_ROUNDS_ONCE : SILICON_ROUNDS_TWICE);
		run(program, package->main, input);
	}
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

/* With the hints of two executables, and what infeeds bring. */
static void write_seed(const char *folder, const char *name,
		       const struct edgetpu_chunk chunk[2],
		       const struct edgetpu_hint hint[2][HINTS], const struct input *input)
{
	size_t size = HEAD_BYTES + (size_t)chunk[0].size + chunk[1].size + input->size;
	uint8_t *file = calloc(1, size), *at = file + HEAD_BYTES;

	must(file != NULL);
	for (int i = 0; i < 2; i++) {
		file[2 * i] = (uint8_t)chunk[i].size;
		file[2 * i + 1] = (uint8_t)(chunk[i].size >> 8);
		for (int k = 0; k < HINTS; k++)
			write_hint(file + 4 + (i * HINTS + k) * HINT_BYTES, &hint[i][k]);
		if (chunk[i].size > 0)
			memcpy(at, chunk[i].bytes, chunk[i].size);
		at += chunk[i].size;
	}
	memcpy(at, input->bytes, input->size);
	seeds_write(folder, name, file, size);
	free(file);
}

static void write_ours(const char *folder, const char *name, const struct ours *ours)
{
	struct edgetpu_hint hint[2][HINTS];
	uint8_t bytes[sizeof(ours->weights) + OURS_INPUTS];

	for (int i = 0; i < 2; i++)
		memcpy(hint[i], &ours->hint[i][1], sizeof(hint[i]));
	memcpy(bytes, ours->weights, sizeof(ours->weights));
	memcpy(bytes + sizeof(ours->weights), ours->input, OURS_INPUTS);
	write_seed(folder, name, ours->chunk, hint, &(struct input){ bytes, sizeof(bytes) });
}

static void write_script(const char *folder, const char *name, struct script *s)
{
	const struct edgetpu_chunk chunk[2] = {
		{ .bytes = s->code, .size = s->words * ISA_WORD_BYTES } };
	const struct edgetpu_hint hint[2][HINTS] = {
		{ { .kind = EDGETPU_INPUT, .size = s->input_bytes },
		  { .kind = EDGETPU_OUTPUT, .size = s->output_bytes } } };

	write_seed(folder, name, chunk, hint, &(struct input){ s->input, s->input_bytes });
	script_free(s);
}

/* Each tile to the next one in the south, through a buffer of two parts, and zeros. */
static struct script *new_exchange(void)
{
	struct script *s = script_new();
	uint8_t *at;

	isa_set_bits(script_scalar(s, 0x05), 12, 2, 1);
	script_narrow(s, SCRIPT_ALL, 0, (const uint8_t[24]){ "what is given to others" }, 24);
	at = script_add(s, 0x15, 0xfff0);
	for (int i = 0; i < 2; i++) {
		script_place(at, "from", 0, LOOPS({ 2, 1 }, { 3, 2 }));
		script_place(at, "into", 8, LOOPS({ 2, 1 }, { 3, 0 }));
		script_turn(at, "into", 1, 4);
		script_last(at, "into", 1, 2);
		script_wait(at, 0, SCRIPT_WIDE_NARROW, 0, 0, 0);
		script_reuse(at, 1, SCRIPT_NORTH_OUT + 2, 1, -1, 1);
		script_make(at, 0, 1);
		script_make(at, 1, 1);
		if (i == 0)
			at = script_add(s, 0x15, 0x000f);
	}
	isa_set_bits(at, 727, 1, 1);
	isa_set_bits(at, 728, 32, 0x80808080);
	return s;
}

/* Three pixels in two passes, of bytes, halves, or four bytes at a time. */
static struct script *new_sums(uint32_t mode)
{
	struct script *s = script_new();
	uint8_t *at, weights[4 * 256];

	for (size_t i = 0; i < sizeof(weights); i++)
		weights[i] = (uint8_t)(i * 7);
	script_rows(s, 1, 2046, weights, sizeof(weights));
	script_narrow(s, 1, 0, weights, 48);
	at = script_add(s, 0x01, 1);
	isa_set_bits(at, 62, 14, 1);
	isa_set_bits(at, 62 + 14, 14, 2);
	isa_set_bits(at, 62 + 28, 14, 1);
	script_place(at, "input", 2, LOOPS({ 2, 16 }, { 3, 44 }, { 2, 32 }));
	script_place(at, "weights", -8, LOOPS({ 2, 4 }, { 3, 0 }, { 2, 8 }));
	script_place(at, "sums", 240, LOOPS({ 2, 0 }, { 3, 4 }, { 2, 0 }));
	script_place(at, "output", 800, LOOPS({ 16, 16 }, { 3, 256 }));
	script_last(at, "output", 1, 5);
	script_make(at, 0, 1);
	script_make(at, 1, 2);
	isa_set_bits(at, 1846, 3, mode);
	isa_set_bits(at, 1854, 8, 120);
	isa_set_bits(at, 1870, 8, 130);
	isa_set_bits(at, 1942, 4, 15);
	isa_set_bits(at, 1949, 32, 0x3c000000);
	isa_set_bits(at, 1981, 32, 0x42fe0000);
	isa_set_bits(at, 2013, 32, 0xc3000000);
	isa_set_bits(at, 2045, 32, 17);
	isa_set_bits(at, 2077, 8, 128);
	return s;
}

/* A row to the core, in rows of 5 units to two tiles, and to the host. */
static struct script *new_core(void)
{
	struct script *s = script_new();
	uint8_t *at;

	script_rows(s, 1, 20, (const uint8_t[256]){ "what is collected" }, 256);
	at = script_scalar(s, 0x07);
	isa_set_bits(at, 43, 15, 63);
	isa_set_bits(at, 173, 2, 1);
	for (int i = 0; i < 2; i++) {
		at = script_add(s, 0x10, 1);
		script_place(at, "from", 20, LOOPS({ 1, 0 }));
		script_make(at, 1, 0);
		isa_set_bits(at, 483, 1, 1);
	}
	at = script_add(s, 0x11, 6);
	script_place(at, "into", 30, LOOPS({ 13, 1 }));
	at = script_scalar(s, 0x06);
	isa_set_bits(at, 12, 2, 2);
	isa_set_bits(at, 55, 20, 31);
	isa_set_bits(at, 75, 1, 1);
	isa_set_bits(at, 96, 20, 1);
	isa_set_bits(at, 320, 16, 1);
	isa_set_bits(at, 409, 16, 6);
	isa_set_bits(at, 434, 6, 4);
	at = script_scalar(s, 0x07);
	isa_set_bits(at, 43, 15, 31);
	isa_set_bits(at, 173, 2, 3);
	s->output_bytes = 256;
	return s;
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
	write_ours((*argv)[2], "dense", ours);
	scale_outputs(ours);
	write_ours((*argv)[2], "scaled", ours);
	ours_free(ours);
	write_script((*argv)[2], "exchange", new_exchange());
	write_script((*argv)[2], "sums", new_sums(0));
	write_script((*argv)[2], "bytes", new_sums(1));
	write_script((*argv)[2], "halves", new_sums(2));
	write_script((*argv)[2], "core", new_core());
	exit(0);
}
