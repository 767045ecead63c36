/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/isa/isa.h"
#include "tests/check.h"

static struct isa_instruction decode(uint8_t *bytes, enum isa_unit unit, uint32_t code)
{
	struct isa_instruction instruction;

	isa_set_bits(bytes, 6, 5, code);
	isa_set_bits(bytes, 11, 1, unit);
	assert_int_equal(isa_decode(bytes, ISA_WORDS_MAX, 0, &instruction, NULL), 0);
	return instruction;
}

/* Addresses in the order of the loops, by increments alone, as the chip does it. */
static int64_t address_after(const uint8_t *bytes, uint32_t steps)
{
	uint32_t at[4] = { 0 };
	int64_t address = isa_bits(bytes, 62, 16);

	while (steps-- > 0)
		for (uint32_t d = 0; d < 4; d++) {
			if (at[d] < isa_bits(bytes, 78 + 33 * d + 17, 16)) {
				at[d]++;
				address += isa_signed_bits(bytes, 78 + 33 * d, 17);
				break;
			}
			at[d] = 0;
		}
	return address;
}

static void strides_visit_what_increments_visit(void **state)
{
	static const struct { uint32_t count; int32_t stride; } loop[4] = {
		{ 3, 5 }, { 4, -7 }, { 1, 0 }, { 2, 100 },
	};
	uint8_t bytes[ISA_WORDS_MAX * ISA_WORD_BYTES] = { 0 };
	struct isa_instruction instruction = decode(bytes, ISA_TILES, 0x11);
	struct isa_access access;
	uint32_t step = 0;

	(void)state;
	assert_true(isa_access(&instruction, 0, &access));
	assert_int_equal(access.loops, 4);
	access.base = 1000;
	for (uint32_t d = 0; d < 4; d++) {
		access.loop[d].count = loop[d].count;
		access.loop[d].stride = loop[d].stride;
	}
	isa_set_access(&instruction, &access);
	isa_encode(&instruction, bytes);
	for (int32_t d3 = 0; d3 < 2; d3++)
		for (int32_t d1 = 0; d1 < 4; d1++)
			for (int32_t d0 = 0; d0 < 3; d0++)
				assert_int_equal(address_after(bytes, step++),
						 1000 + 100 * d3 - 7 * d1 + 5 * d0);
	assert_int_equal(step, isa_iterations(&access));
}

/* As compilers store it: 65 rows from row 3 on, nothing else. */
static void an_unused_loop_has_stride_0(void **state)
{
	uint8_t bytes[ISA_WORDS_MAX * ISA_WORD_BYTES] = { 0 };
	struct isa_instruction instruction;
	struct isa_access access;

	(void)state;
	isa_set_bits(bytes, 62, 16, 3);
	isa_set_bits(bytes, 78, 17, 1);
	isa_set_bits(bytes, 95, 16, 64);
	for (uint32_t d = 1; d < 4; d++)
		isa_set_bits(bytes, 78 + 33 * d, 17, (1u << 17) - 64);
	instruction = decode(bytes, ISA_TILES, 0x11);
	assert_true(isa_access(&instruction, 0, &access));
	assert_int_equal(access.field->memory, ISA_WIDE);
	assert_int_equal(access.base, 3);
	assert_int_equal(access.loop[0].count, 65);
	assert_int_equal(access.loop[0].stride, 1);
	for (uint32_t d = 1; d < 4; d++) {
		assert_int_equal(access.loop[d].count, 1);
		assert_int_equal(access.loop[d].stride, 0);
	}
	assert_false(isa_access(&instruction, 1, &access));
}

static void any_increments_come_back_from_their_strides(void **state)
{
	struct check_random random = { .state = 3 };
	const struct isa_opcode *opcode;

	(void)state;
	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++)
		for (uint32_t round = 0; round < 100; round++) {
			uint8_t bytes[ISA_WORDS_MAX * ISA_WORD_BYTES];
			struct isa_instruction before, after;
			struct isa_access access;

			for (size_t b = 0; b < sizeof(bytes); b++)
				bytes[b] = (uint8_t)check_random(&random);
			before = decode(bytes, opcode->unit, opcode->code);
			after = before;
			for (uint32_t k = 0; isa_access(&before, k, &access); k++)
				isa_set_access(&after, &access);
			assert_memory_equal(after.value, before.value,
					    isa_values(opcode) * sizeof(before.value[0]));
		}
}

static void a_base_may_be_in_the_last_rows(void **state)
{
	uint8_t bytes[ISA_WORDS_MAX * ISA_WORD_BYTES] = { 0 };
	struct isa_instruction instruction;
	struct isa_access access;

	(void)state;
	isa_set_bits(bytes, 957, 14, 2079 * 4);
	instruction = decode(bytes, ISA_TILES, 0x01);
	assert_true(isa_access(&instruction, 2, &access));
	assert_string_equal(access.field->name, "weights");
	assert_int_equal(access.base, 2079 * 4);
	assert_true(isa_access(&instruction, 3, &access));
	assert_false(isa_access(&instruction, 4, &access));
}

/* Bytes of narrow memory: a base of 18 bits, and behind it steps of 19. */
static void arithmetic_counts_bytes(void **state)
{
	uint8_t bytes[ISA_WORDS_MAX * ISA_WORD_BYTES] = { 0 };
	struct isa_instruction instruction;
	struct isa_access access;

	(void)state;
	isa_set_bits(bytes, 191, 18, (1u << 18) - 4);
	isa_set_bits(bytes, 209, 19, (1u << 19) - 4);
	isa_set_bits(bytes, 228, 18, (1u << 18) - 1);
	instruction = decode(bytes, ISA_TILES, 0x01);
	assert_true(isa_access(&instruction, 0, &access));
	assert_int_equal(access.base, (1 << 18) - 4);
	assert_int_equal(access.loop[0].count, 1 << 18);
	assert_int_equal(access.loop[0].stride, -4);
	assert_int_equal(access.loop[1].count, 1);
}

static void too_many_iterations_are_not_counted(void **state)
{
	struct isa_access access = { .loops = 4 };

	(void)state;
	for (uint32_t d = 0; d < 4; d++)
		access.loop[d].count = 65536;
	assert_true(isa_iterations(&access) == UINT64_MAX);
	access.loops = 3;
	assert_true(isa_iterations(&access) == UINT64_C(1) << 48);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(strides_visit_what_increments_visit),
		cmocka_unit_test(an_unused_loop_has_stride_0),
		cmocka_unit_test(any_increments_come_back_from_their_strides),
		cmocka_unit_test(a_base_may_be_in_the_last_rows),
		cmocka_unit_test(arithmetic_counts_bytes),
		cmocka_unit_test(too_many_iterations_are_not_counted),
	};
	return CHECK_RUN(tests);
}
