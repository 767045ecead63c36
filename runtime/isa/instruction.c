/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to values and residue, and back: both walk the same table. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/isa/isa.h"

uint32_t isa_length(const uint8_t *word)
{
	const struct isa_opcode *opcode = isa_opcode(word);

	return opcode ? opcode->words : 0;
}

uint32_t isa_values(const struct isa_opcode *opcode)
{
	uint32_t values = 0;

	for (uint32_t i = 0; i < opcode->fields; i++)
		values += opcode->field[i].times;
	return values;
}

int isa_slot(const struct isa_opcode *opcode, const char *name)
{
	int slot = 0;

	for (uint32_t i = 0; i < opcode->fields; i++) {
		if (strcmp(opcode->field[i].name, name) == 0)
			return slot;
		slot += opcode->field[i].times;
	}
	return -1;
}

int64_t isa_number(const struct isa_field *field, uint32_t stored)
{
	uint32_t sign = UINT32_C(1) << (field->width - 1);

	switch (field->kind) {
	case ISA_SIGNED:
		return (int32_t)((stored ^ sign) - sign);
	case ISA_LESS_ONE:
		return (int64_t)stored + 1;
	default:
		return stored;
	}
}

float isa_real(uint32_t stored)
{
	float real;

	memcpy(&real, &stored, sizeof(real));
	return real;
}

static int find(const uint8_t *stream, uint32_t words, uint32_t word,
		const struct isa_opcode **opcode, struct atoll_error *err)
{
	const uint8_t *bytes;

	if (word >= words)
		return atoll_error_set(err, -EINVAL,
				       "word %" PRIu32 ": the stream ended before it", word);
	bytes = stream + (size_t)word * ISA_WORD_BYTES;
	*opcode = isa_opcode(bytes);
	if (!*opcode)
		return atoll_error_set(err, -EINVAL,
				       "word %" PRIu32 ": opcode 0x%02" PRIx32
				       " of unit %" PRIu32 " is unknown", word,
				       isa_bits(bytes, 6, 5), isa_bits(bytes, 11, 1));
	if ((*opcode)->words > words - word)
		return atoll_error_set(err, -EINVAL,
				       "word %" PRIu32 ": %s: has %u words, the stream ends "
				       "after %" PRIu32, word, (*opcode)->name,
				       (*opcode)->words, words - word);
	return 0;
}

ATOLL_API int isa_decode(const uint8_t *stream, uint32_t words, uint32_t word,
			 struct isa_instruction *instruction, struct atoll_error *err)
{
	const struct isa_opcode *opcode = NULL;
	const uint8_t *bytes;
	uint32_t slot = 0;
	int r = find(stream, words, word, &opcode, err);

	if (r < 0)
		return r;
	bytes = stream + (size_t)word * ISA_WORD_BYTES;
	instruction->opcode = opcode;
	memcpy(instruction->residue, bytes, (size_t)opcode->words * ISA_WORD_BYTES);
	isa_set_bits(instruction->residue, 6, 6, 0);
	for (uint32_t i = 0; i < opcode->fields; i++) {
		const struct isa_field *field = &opcode->field[i];

		for (uint32_t k = 0; k < field->times; k++) {
			uint32_t from = field->from + k * field->pitch;

			instruction->value[slot++] = isa_bits(bytes, from, field->width);
			isa_set_bits(instruction->residue, from, field->width, 0);
		}
	}
	return 0;
}

void isa_encode(const struct isa_instruction *instruction, uint8_t *bytes)
{
	const struct isa_opcode *opcode = instruction->opcode;
	uint32_t slot = 0;

	memcpy(bytes, instruction->residue, (size_t)opcode->words * ISA_WORD_BYTES);
	isa_set_bits(bytes, 6, 5, opcode->code);
	isa_set_bits(bytes, 11, 1, opcode->unit);
	for (uint32_t i = 0; i < opcode->fields; i++) {
		const struct isa_field *field = &opcode->field[i];

		for (uint32_t k = 0; k < field->times; k++)
			isa_set_bits(bytes, field->from + k * field->pitch, field->width,
				     instruction->value[slot++]);
	}
}

uint32_t isa_residue(const struct isa_instruction *instruction)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < 128u * instruction->opcode->words; i++)
		bits += isa_bits(instruction->residue, i, 1);
	return bits;
}
