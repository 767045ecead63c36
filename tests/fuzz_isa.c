/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a stream of instructions: what is decoded is encoded to the same
 * bytes, its strides give its increments back, its text fits; checks end.
 *
 *	fuzz_isa --seeds DIR    write an instruction of each opcode to start from
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/isa/isa.h"
#include "tests/seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static void try(const struct isa_instruction *instruction, const uint8_t *bytes)
{
	uint8_t again[ISA_WORDS_MAX * ISA_WORD_BYTES];
	struct isa_instruction other = *instruction;
	struct isa_access access;
	char text[ISA_TEXT];

	isa_encode(instruction, again);
	must(memcmp(again, bytes, (size_t)instruction->opcode->words * ISA_WORD_BYTES) == 0);
	for (uint32_t i = 0; isa_access(instruction, i, &access); i++) {
		(void)isa_iterations(&access);
		isa_set_access(&other, &access);
	}
	must(memcmp(other.value, instruction->value,
		    isa_values(other.opcode) * sizeof(other.value[0])) == 0);
	must(isa_text(instruction, true, text, sizeof(text)) < sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint32_t words = (uint32_t)(size / ISA_WORD_BYTES), word = 0, number = 0;
	struct isa_instruction instruction;
	struct atoll_error err;

	while (isa_decode(bytes, words, word, &instruction, &err) == 0) {
		try(&instruction, bytes + (size_t)word * ISA_WORD_BYTES);
		word += instruction.opcode->words;
	}
	must(err.text[0] != '\0');
	(void)isa_check(bytes, words, &number, &err);
	return 0;
}

/* A stream with one of each. */
static void write_seed(const char *folder)
{
	uint8_t stream[256 * ISA_WORD_BYTES] = { 0 };
	const struct isa_opcode *opcode;
	uint32_t word = 0, number = 0;

	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++) {
		uint8_t *bytes = stream + (size_t)word * ISA_WORD_BYTES;

		isa_set_bits(bytes, 6, 5, opcode->code);
		isa_set_bits(bytes, 11, 1, opcode->unit);
		if (opcode->unit == ISA_TILES)
			isa_set_bits(bytes, opcode->code == 0x1a ? 28 : 46, 13, number++);
		word += opcode->words;
	}
	seeds_write(folder, "each", stream, (size_t)word * ISA_WORD_BYTES);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (!seeds_wanted(*argc, *argv))
		return 0;
	write_seed((*argv)[2]);
	exit(0);
}
