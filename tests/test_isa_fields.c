/* SPDX-License-Identifier: Apache-2.0 */
/* That the tables are sound: a field that overlaps another would be found nowhere else. */
#include <string.h>

#include "runtime/isa/isa.h"
#include "tests/check.h"

static void each_opcode_is_found_by_its_first_word(void **state)
{
	const struct isa_opcode *opcode;

	(void)state;
	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++) {
		uint8_t word[ISA_WORD_BYTES] = { 0 };

		isa_set_bits(word, 6, 5, opcode->code);
		isa_set_bits(word, 11, 1, opcode->unit);
		assert_ptr_equal(isa_opcode(word), opcode);
		assert_int_equal(isa_length(word), opcode->words);
		assert_in_range(opcode->words, 1, ISA_WORDS_MAX);
		assert_in_range(isa_values(opcode), 1, ISA_VALUES_MAX);
	}
}

/* Marks the bits of a field; true when one of them was marked. */
static bool overlaps(uint8_t *taken, uint32_t from, uint32_t width)
{
	bool is_taken = isa_bits(taken, from, width) != 0;

	isa_set_bits(taken, from, width, UINT32_MAX);
	return is_taken;
}

static void fields_lie_inside_and_apart(void **state)
{
	const struct isa_opcode *opcode;

	(void)state;
	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++) {
		uint8_t taken[ISA_WORDS_MAX * ISA_WORD_BYTES] = { 0 };

		assert_false(overlaps(taken, 6, 6));
		for (uint32_t f = 0; f < opcode->fields; f++) {
			const struct isa_field *field = &opcode->field[f];

			assert_in_range(field->width, 1, 32);
			assert_true(field->times > 0);
			for (uint32_t k = 0; k < field->times; k++) {
				uint32_t from = field->from + k * field->pitch;

				if (from + field->width > 128u * opcode->words ||
				    overlaps(taken, from, field->width))
					fail_msg("%s: %s at %u", opcode->name, field->name,
						 from);
			}
		}
	}
}

static void fields_have_names_of_their_own_and_sources(void **state)
{
	const struct isa_opcode *opcode;

	(void)state;
	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++) {
		assert_true(*opcode->name && *opcode->use);
		for (uint32_t f = 0; f < opcode->fields; f++) {
			const struct isa_field *field = &opcode->field[f];

			assert_int_not_equal(field->source, ISA_NO_SOURCE);
			for (uint32_t g = 0; g < f; g++)
				if (field->kind != ISA_ONES &&
				    strcmp(field->name, opcode->field[g].name) == 0)
					fail_msg("%s: two %s", opcode->name, field->name);
		}
	}
}

static void a_base_is_followed_by_its_steps_and_counts(void **state)
{
	const struct isa_opcode *opcode;
	uint32_t bases = 0;

	(void)state;
	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++)
		for (uint32_t f = 0; f < opcode->fields; f++) {
			const struct isa_field *field = &opcode->field[f];

			if (field->memory == ISA_NO_MEMORY)
				continue;
			assert_true(f + 2 < opcode->fields);
			assert_in_range(field[1].times, 1, ISA_LOOPS_MAX);
			assert_int_equal(field[1].times, field[2].times);
			assert_int_equal(field[1].kind, ISA_SIGNED);
			assert_int_equal(field[2].kind, ISA_LESS_ONE);
			assert_int_equal(field[2].from, field[1].from + field[1].width);
			bases++;
		}
	assert_true(bases > 0);
}

/* Text takes a group for granted: its names begin alike, and all are as often. */
static void a_group_has_all_its_members(void **state)
{
	static const uint8_t least[] = { [ISA_NEST] = 6, [ISA_LEAD] = 6, [ISA_MAKES] = 2,
					 [ISA_WAITS] = 5 };
	const struct isa_opcode *opcode;
	uint32_t groups = 0;

	(void)state;
	for (uint32_t i = 0; (opcode = isa_opcode_at(i)); i++)
		for (uint32_t f = 0; f < opcode->fields; f++) {
			const struct isa_field *field = &opcode->field[f];
			size_t alike = strcspn(field->name, "-");

			if (field->group == ISA_ALONE)
				continue;
			assert_in_range(field->members, least[field->group],
					least[field->group] + (field->group == ISA_WAITS));
			assert_true(f + field->members <= opcode->fields);
			for (uint32_t m = 1; m < field->members; m++) {
				assert_int_equal(field[m].times, field->times);
				assert_int_equal(field[m].group, ISA_ALONE);
				assert_memory_equal(field[m].name, field->name, alike);
			}
			if (field->group == ISA_NEST)
				assert_true(f >= 3 && field[-3].memory != ISA_NO_MEMORY);
			groups++;
		}
	assert_true(groups > 0);
}

static void an_unknown_opcode_has_no_length(void **state)
{
	uint8_t word[ISA_WORD_BYTES] = { 0 };

	(void)state;
	isa_set_bits(word, 6, 5, 0x1b);
	assert_null(isa_opcode(word));
	assert_int_equal(isa_length(word), 0);
	isa_set_bits(word, 11, 1, 1);
	assert_int_equal(isa_length(word), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_opcode_is_found_by_its_first_word),
		cmocka_unit_test(fields_lie_inside_and_apart),
		cmocka_unit_test(fields_have_names_of_their_own_and_sources),
		cmocka_unit_test(a_base_is_followed_by_its_steps_and_counts),
		cmocka_unit_test(a_group_has_all_its_members),
		cmocka_unit_test(an_unknown_opcode_has_no_length),
	};
	return CHECK_RUN(tests);
}
