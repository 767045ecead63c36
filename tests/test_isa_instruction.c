/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/isa/isa.h"
#include "tests/check.h"

#define BYTES_MAX (ISA_WORDS_MAX * ISA_WORD_BYTES)

static void set_opcode(uint8_t *bytes, enum isa_unit unit, uint32_t code)
{
	isa_set_bits(bytes, 6, 5, code);
	isa_set_bits(bytes, 11, 1, unit);
}

static void any_bytes_come_back_as_they_were(void **state)
{
	struct check_random random = { .state = 9 };
	const struct isa_opcode *opcode;

	(void)state;
	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++)
		for (uint32_t round = 0; round < 100; round++) {
			uint8_t bytes[BYTES_MAX], again[BYTES_MAX];
			size_t size = (size_t)opcode->words * ISA_WORD_BYTES;
			struct isa_instruction instruction;

			for (size_t b = 0; b < size; b++)
				bytes[b] = (uint8_t)check_random(&random);
			set_opcode(bytes, opcode->unit, opcode->code);
			assert_int_equal(isa_decode(bytes, opcode->words, 0, &instruction,
						    NULL), 0);
			isa_encode(&instruction, again);
			assert_memory_equal(again, bytes, size);
		}
}

static void values_are_what_the_bits_say(void **state)
{
	uint8_t bytes[BYTES_MAX] = { 0 };
	struct isa_instruction instruction;
	const struct isa_opcode *opcode;
	int slot;

	(void)state;
	set_opcode(bytes, ISA_TILES, 0x01);
	isa_set_bits(bytes, 12, 16, 0x810f);
	isa_set_bits(bytes, 46, 13, 8191);
	isa_set_bits(bytes, 62 + 14 * 2, 14, 255);
	isa_set_bits(bytes, 957, 14, 8300);
	isa_set_bits(bytes, 1949, 32, 0x3f800000);
	assert_int_equal(isa_decode(bytes, ISA_WORDS_MAX, 0, &instruction, NULL), 0);
	opcode = instruction.opcode;
	assert_string_equal(opcode->name, "mac");
	assert_int_equal(instruction.value[isa_slot(opcode, "tiles")], 0x810f);
	assert_int_equal(instruction.value[isa_slot(opcode, "number")], 8191);
	slot = isa_slot(opcode, "loops");
	assert_int_equal(isa_number(&opcode->field[2], instruction.value[slot]), 1);
	assert_int_equal(isa_number(&opcode->field[2], instruction.value[slot + 2]), 256);
	assert_true(isa_real(instruction.value[isa_slot(opcode, "scale")]) == 1.0f);
	for (uint32_t f = 0; f < opcode->fields; f++)
		if (strcmp(opcode->field[f].name, "weights") == 0)
			assert_int_equal(isa_number(&opcode->field[f], instruction.value[
					 isa_slot(opcode, "weights")]), 8300);
	assert_int_equal(isa_slot(opcode, "no such field"), -1);
}

static void what_no_field_covers_is_the_residue(void **state)
{
	uint8_t bytes[BYTES_MAX] = { 0 };
	struct isa_instruction instruction;

	(void)state;
	set_opcode(bytes, ISA_TILES, 0x1a);
	isa_set_bits(bytes, 12, 16, 0xffff);
	isa_set_bits(bytes, 28, 13, 77);
	assert_int_equal(isa_decode(bytes, 1, 0, &instruction, NULL), 0);
	assert_int_equal(isa_residue(&instruction), 0);
	isa_set_bits(bytes, 101, 3, 5);
	isa_set_bits(bytes, 127, 1, 1);
	assert_int_equal(isa_decode(bytes, 1, 0, &instruction, NULL), 0);
	assert_int_equal(isa_residue(&instruction), 3);
}

static void a_value_that_is_too_wide_touches_no_neighbour(void **state)
{
	uint8_t bytes[BYTES_MAX] = { 0 };
	struct isa_instruction instruction;

	(void)state;
	set_opcode(bytes, ISA_TILES, 0x1a);
	assert_int_equal(isa_decode(bytes, 1, 0, &instruction, NULL), 0);
	instruction.value[isa_slot(instruction.opcode, "number")] = UINT32_MAX;
	isa_encode(&instruction, bytes);
	assert_int_equal(isa_bits(bytes, 28, 13), 8191);
	assert_int_equal(isa_bits(bytes, 41, 32), 0);
	assert_int_equal(isa_bits(bytes, 12, 16), 0);
}

static void a_refusal_names_word_and_reason(void **state)
{
	uint8_t stream[20 * ISA_WORD_BYTES] = { 0 };
	struct isa_instruction instruction;
	struct atoll_error err;

	(void)state;
	set_opcode(stream + 3 * ISA_WORD_BYTES, ISA_SCALAR, 0x1b);
	assert_int_equal(isa_decode(stream, 20, 3, &instruction, &err), -EINVAL);
	assert_string_equal(err.text, "word 3: opcode 0x1b of unit 1 is unknown");
	set_opcode(stream + 4 * ISA_WORD_BYTES, ISA_TILES, 0x01);
	assert_int_equal(isa_decode(stream, 20, 4, &instruction, &err), -EINVAL);
	assert_string_equal(err.text,
			    "word 4: mac: has 17 words, the stream ends after 16");
	assert_int_equal(isa_decode(stream, 20, 20, &instruction, &err), -EINVAL);
	assert_string_equal(err.text, "word 20: the stream ended before it");
	assert_int_equal(isa_decode(stream, 20, UINT32_MAX, &instruction, NULL), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_come_back_as_they_were),
		cmocka_unit_test(values_are_what_the_bits_say),
		cmocka_unit_test(what_no_field_covers_is_the_residue),
		cmocka_unit_test(a_value_that_is_too_wide_touches_no_neighbour),
		cmocka_unit_test(a_refusal_names_word_and_reason),
	};
	return CHECK_RUN(tests);
}
