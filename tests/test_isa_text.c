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
	is_told_as(true, "fence  tiles none  number 4  sets none  to 0  engines none");
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

static void counters_have_names(void **state)
{
	(void)state;
	begin(ISA_TILES, 0x1a);
	isa_set_bits(bytes, 44, 19, 1u << 3 | 3u << 6 | 7u << 11);
	isa_set_bits(bytes, 79, 10, 0x3c1);
	is_told_as(false, "fence  sets north-in,west-in,north-out,wide-narrow..narrow-wide"
			  "  engines 0,6-9");
}

/* Until its counter is there, before which iterations, and whether it is for room. */
static void a_wait_is_told_as_one(void **state)
{
	(void)state;
	begin(ISA_TILES, 0x12);
	isa_set_bits(bytes, 335, 1, 1);
	isa_set_bits(bytes, 336, 3, 1);
	isa_set_bits(bytes, 339, 5, 11);
	isa_set_bits(bytes, 344, 2, 3);
	isa_set_bits(bytes, 346, 16, (uint32_t)-96);
	isa_set_bits(bytes, 362, 16, 96);
	isa_set_bits(bytes, 378, 2, 3);
	isa_set_bits(bytes, 339 + 41, 5, 20);
	isa_set_bits(bytes, 362 + 41, 16, (uint32_t)-2);
	isa_set_bits(bytes, 378 + 41, 1, 1);
	is_told_as(false, "receive-b  into wide 0  makes ring-read-b at loop 1  "
			  "wait wide-narrow >= -96 + 96 k at loop 3 for reuse  "
			  "wait counter-20 >= 0 - 2 k at loop 0");
	isa_set_bits(bytes, 378 + 41, 1, 0);
	isa_set_bits(bytes, 335, 1, 0);
	is_told_as(false, "receive-b  into wide 0  makes ring-read-b at loop 1 (off)  "
			  "wait wide-narrow >= -96 + 96 k at loop 3 for reuse  "
			  "wait counter-20 >= 0 - 2 k at loop 0 (off)");
}

static void a_buffer_tells_when_it_turns_and_what_is_in_front(void **state)
{
	(void)state;
	begin(ISA_TILES, 0x11);
	isa_set_bits(bytes, 62, 16, 2030);
	isa_set_bits(bytes, 78, 17, 1);
	isa_set_bits(bytes, 95, 16, 8);
	isa_set_bits(bytes, 210, 4, 1);
	isa_set_bits(bytes, 214, 2, 1);
	isa_set_bits(bytes, 216, 17, 9);
	isa_set_bits(bytes, 233, 16, 4);
	isa_set_bits(bytes, 249, 2, 2);
	isa_set_bits(bytes, 251, 16, 4);
	isa_set_bits(bytes, 267, 1, 1);
	isa_set_bits(bytes, 268, 2, 1);
	isa_set_bits(bytes, 270, 16, 2046);
	isa_set_bits(bytes, 286, 16, 1);
	isa_set_bits(bytes, 302, 16, 2047);
	isa_set_bits(bytes, 318, 17, 3);
	is_told_as(false, "receive-a  into wide 2030 (9, 1) turns at loop 1, parts of 9 "
			  "last 5 at loop 2  lead 2046 (2) to 2047 step 3 at loop 1");
	is_told_as(true, "receive-a  tiles none  number 0  newer 0  into wide 2030 (9, 1) "
			 "turns at loop 1, parts of 9 last 5 at loop 2 uses 0 skips 4  "
			 "lead 2046 (2) to 2047 step 3 at loop 1");
}

static void the_core_tells_units_of_a_stream(void **state)
{
	(void)state;
	begin(ISA_SCALAR, 0x06);
	isa_set_bits(bytes, 12, 2, 1);
	isa_set_bits(bytes, 14, 20, 88);
	isa_set_bits(bytes, 34, 21, 1);
	isa_set_bits(bytes, 55, 20, 1023);
	isa_set_bits(bytes, 75, 21, (uint32_t)-1023 + 1024);
	isa_set_bits(bytes, 96, 20, 2);
	isa_set_bits(bytes, 320, 16, 89);
	isa_set_bits(bytes, 409, 16, 0xf0);
	isa_set_bits(bytes, 434, 6, 63);
	is_told_as(false, "send  of 1  from stream 88 (1024, 1) (3, 1024)  nth 89  to 4-7  "
			  "row-units 64");
}

static void arithmetic_tells_loops_operands_and_numbers(void **state)
{
	(void)state;
	begin(ISA_TILES, 0x01);
	isa_set_bits(bytes, 12, 16, 0xf);
	isa_set_bits(bytes, 62, 14, 8);
	isa_set_bits(bytes, 76, 14, 255);
	isa_set_bits(bytes, 90, 14, 3);
	isa_set_bits(bytes, 191, 18, 1056);
	isa_set_bits(bytes, 957, 14, 8300);
	isa_set_bits(bytes, 971, 15, 4);
	isa_set_bits(bytes, 986, 14, 8);
	isa_set_bits(bytes, 1949, 32, 0x3f000000);
	isa_set_bits(bytes, 1981, 32, 0x437f0000);
	isa_set_bits(bytes, 2013, 32, 0xc3000000);
	isa_set_bits(bytes, 1854, 8, 121);
	isa_set_bits(bytes, 1870, 8, 146);
	isa_set_bits(bytes, 2077, 8, 3);
	isa_set_bits(bytes, 1586, 16, 7);
	isa_set_bits(bytes, 1578, 5, 14);
	isa_set_bits(bytes, 1583, 3, 2);
	isa_set_bits(bytes, 1618, 1, 1);
	isa_set_bits(bytes, 1563, 1, 1);
	isa_set_bits(bytes, 1564, 4, 2);
	isa_set_bits(bytes, 1936, 4, 15);
	is_told_as(false,
		   "mac  tiles 0-3  loops (9, 256, 4)\n"
		   "\tinput narrow 1056\n"
		   "\toutput narrow 0\n"
		   "\tweights wide 8300 (9, 4)\n"
		   "\tsums wide 0\n"
		   "\tmakes activations at loop 2  wait ring-read-a >= 7 at loop 2  scale 0.5  "
		   "lower -128  upper 255  weight-zero 121  input-zero 146  output-zero 3  "
		   "last-outputs 61  outputs 1");
}

static void a_guess_is_told_as_one(void **state)
{
	(void)state;
	begin(ISA_SCALAR, 0x02);
	is_told_as(false, "branch?");
	begin(ISA_TILES, 0x05);
	is_told_as(false, "op-05?  loops? (1)\n"
			  "\tinput narrow 0\n"
			  "\toutput narrow 0\n"
			  "\tweights wide 0\n"
			  "\tsums wide 0\n"
			  "\tscale? 0");
}

static void all_means_zeros_and_residue_too(void **state)
{
	(void)state;
	begin(ISA_SCALAR, 0x00);
	isa_set_bits(bytes, 70, 32, 16384);
	isa_set_bits(bytes, 12, 8, 0xa1);
	is_told_as(false, "scalar  immediate 16384");
	is_told_as(true, "scalar  if 0  if-register 0  if-sense 0  hand-on 0  hand-on-place 0  "
			 "hand-on-register 0  operation? 0  is-immediate 0  register 0  "
			 "immediate 16384\n"
			 "\tresidue 3 bits 0xa1000");
}

static void a_constant_that_is_another_is_told_with_all(void **state)
{
	(void)state;
	begin(ISA_SCALAR, 0x05);
	for (uint32_t bit = 130; bit < 240; bit++)
		isa_set_bits(bytes, bit, 1, 1);
	isa_set_bits(bytes, 174, 1, 0);
	{
		struct isa_instruction instruction;

		assert_int_equal(isa_decode(bytes, 2, 0, &instruction, NULL), 0);
		(void)isa_text(&instruction, true, text, sizeof(text));
		assert_non_null(strstr(text, "  bits 174 to 174: ones 0"));
		assert_null(strstr(text, "bits 215"));
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
		cmocka_unit_test(counters_have_names),
		cmocka_unit_test(a_wait_is_told_as_one),
		cmocka_unit_test(a_buffer_tells_when_it_turns_and_what_is_in_front),
		cmocka_unit_test(the_core_tells_units_of_a_stream),
		cmocka_unit_test(arithmetic_tells_loops_operands_and_numbers),
		cmocka_unit_test(a_guess_is_told_as_one),
		cmocka_unit_test(all_means_zeros_and_residue_too),
		cmocka_unit_test(a_constant_that_is_another_is_told_with_all),
		cmocka_unit_test(any_instruction_fits_and_a_short_buffer_keeps_its_end),
	};
	return CHECK_RUN(tests);
}
