/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/isa/isa.h"
#include "tests/check.h"

static uint8_t bytes[ISA_WORDS_MAX * ISA_WORD_BYTES];
static char text[ISA_TEXT];

static void begin(enum isa_unit unit, uint32_t code)
{
	memset(bytes, 0, sizeof(bytes));
	isa_set_bits(bytes, 6, 5, code);
	isa_set_bits(bytes, 11, 1, unit);
}

static void is_told_as(bool wants_all, const char *expected)
{
	struct isa_instruction instruction;

	assert_int_equal(isa_decode(bytes, ISA_WORDS_MAX, 0, &instruction, NULL), 0);
	assert_int_equal(isa_text(&instruction, wants_all, text, sizeof(text)),
			 strlen(expected));
	assert_string_equal(text, expected);
}

static void tiles_are_a_set(void **state)
{
	(void)state;
	begin(ISA_TILES, 0x1a);
	isa_set_bits(bytes, 12, 16, 0x010f);
	isa_set_bits(bytes, 28, 13, 4);
	is_told_as(false, "fence  tiles 0-3,8  number 4");
	isa_set_bits(bytes, 12, 16, 0xffff);
	is_told_as(false, "fence  tiles 0-15  number 4");
	isa_set_bits(bytes, 12, 16, 0x8001);
	is_told_as(false, "fence  tiles 0,15  number 4");
	isa_set_bits(bytes, 12, 16, 0);
	is_told_as(true, "fence  tiles none  number 4");
}

static void a_move_tells_memory_row_and_loops(void **state)
{
	(void)state;
	begin(ISA_TILES, 0x10);
	isa_set_bits(bytes, 12, 16, 1u << 5);
	isa_set_bits(bytes, 46, 13, 9);
	isa_set_bits(bytes, 62, 16, 40);
	isa_set_bits(bytes, 78, 17, 1);
	isa_set_bits(bytes, 95, 16, 63);
	isa_set_bits(bytes, 111, 17, 100 - 63);
	isa_set_bits(bytes, 128, 16, 2);
	isa_set_bits(bytes, 467, 16, 0x00ff);
	is_told_as(false, "ring-send  tiles 5  number 9  from wide 40 (64, 1) (3, 100)  to 0-7");
}

static void arithmetic_tells_loops_operands_and_numbers(void **state)
{
	(void)state;
	begin(ISA_TILES, 0x01);
	isa_set_bits(bytes, 12, 16, 0xf);
	isa_set_bits(bytes, 62, 14, 8);
	isa_set_bits(bytes, 76, 14, 255);
	isa_set_bits(bytes, 90, 14, 3);
	isa_set_bits(bytes, 190, 17, 1056);
	isa_set_bits(bytes, 957, 13, 8192 - 16);
	isa_set_bits(bytes, 971, 15, 4);
	isa_set_bits(bytes, 986, 14, 8);
	isa_set_bits(bytes, 1949, 32, 0x3f000000);
	isa_set_bits(bytes, 1981, 32, 0x437f0000);
	isa_set_bits(bytes, 2013, 32, 0xc3000000);
	isa_set_bits(bytes, 1854, 8, 121);
	isa_set_bits(bytes, 1870, 8, 146);
	isa_set_bits(bytes, 2077, 8, 3);
	isa_set_bits(bytes, 1586, 16, 7);
	isa_set_bits(bytes, 1583, 3, 2);
	is_told_as(false,
		   "mac  tiles 0-3  number 0  loops (9, 256, 4)\n"
		   "\tinput narrow 1056\n"
		   "\toutput narrow 0\n"
		   "\tweights wide -16 (9, 4)\n"
		   "\tsums wide 0\n"
		   "\tscale 0.5  lower -128  upper 255  weight-zero 121  input-zero 146  "
		   "output-zero 3  receiver 0  await-weights 7  at-loop 2  await-outputs 0  "
		   "at-output-loop 0  last-fours 1  fours 1");
}

static void a_guess_is_told_as_one(void **state)
{
	(void)state;
	begin(ISA_SCALAR, 0x02);
	is_told_as(false, "branch?");
	begin(ISA_TILES, 0x05);
	is_told_as(false, "op-05?  tiles none  number 0  loops? (1)\n"
			  "\tinput narrow 0\n"
			  "\toutput narrow 0\n"
			  "\tweights wide 0\n"
			  "\tsums wide 0\n"
			  "\tscale? 0  output-zero? 0");
}

static void all_means_zeros_and_residue_too(void **state)
{
	(void)state;
	begin(ISA_SCALAR, 0x00);
	isa_set_bits(bytes, 70, 32, 16384);
	isa_set_bits(bytes, 12, 8, 0xa1);
	is_told_as(false, "scalar  immediate 16384");
	is_told_as(true, "scalar  if 0  if-register 0  if-sense 0  immediate 16384\n"
			 "\tresidue 3 bits 0xa1000");
}

static void a_constant_that_is_another_is_told_with_all(void **state)
{
	(void)state;
	begin(ISA_SCALAR, 0x05);
	for (uint32_t bit = 130; bit < 240; bit++)
		isa_set_bits(bytes, bit, 1, 1);
	isa_set_bits(bytes, 157, 1, 0);
	{
		struct isa_instruction instruction;

		assert_int_equal(isa_decode(bytes, 2, 0, &instruction, NULL), 0);
		(void)isa_text(&instruction, true, text, sizeof(text));
		assert_non_null(strstr(text, "  bits 157 to 157: ones 0"));
		assert_null(strstr(text, "bits 136"));
		(void)isa_text(&instruction, false, text, sizeof(text));
		assert_null(strstr(text, "ones"));
	}
}

static void any_instruction_fits_and_a_short_buffer_keeps_its_end(void **state)
{
	const struct isa_opcode *opcode;
	struct isa_instruction instruction;

	(void)state;
	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++) {
		char little[16];

		memset(bytes, 0xff, sizeof(bytes));
		isa_set_bits(bytes, 6, 5, opcode->code);
		isa_set_bits(bytes, 11, 1, opcode->unit);
		assert_int_equal(isa_decode(bytes, ISA_WORDS_MAX, 0, &instruction, NULL), 0);
		assert_true(isa_text(&instruction, true, text, sizeof(text)) < sizeof(text) / 2);
		assert_true(isa_text(&instruction, true, little, sizeof(little)) >=
			    sizeof(little));
		assert_memory_equal(little, text, sizeof(little) - 1);
		assert_int_equal(little[sizeof(little) - 1], '\0');
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_are_a_set),
		cmocka_unit_test(a_move_tells_memory_row_and_loops),
		cmocka_unit_test(arithmetic_tells_loops_operands_and_numbers),
		cmocka_unit_test(a_guess_is_told_as_one),
		cmocka_unit_test(all_means_zeros_and_residue_too),
		cmocka_unit_test(a_constant_that_is_another_is_told_with_all),
		cmocka_unit_test(any_instruction_fits_and_a_short_buffer_keeps_its_end),
	};
	return CHECK_RUN(tests);
}
