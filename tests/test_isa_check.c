/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runtime/isa/isa.h"
#include "tests/check.h"

#define WORDS 21

/* first, fence 5, mac 6, halt, last. */
struct program {
	uint8_t byte[WORDS * ISA_WORD_BYTES];
};

enum { FENCE = 1, MAC = 2, HALT = 19, LAST = 20 };

static uint8_t *at(struct program *program, uint32_t word)
{
	return program->byte + word * ISA_WORD_BYTES;
}

static void put(struct program *program, uint32_t word, enum isa_unit unit, uint32_t code)
{
	isa_set_bits(at(program, word), 6, 5, code);
	isa_set_bits(at(program, word), 11, 1, unit);
}

static struct program sound(void)
{
	struct program program = { 0 };

	put(&program, 0, ISA_SCALAR, 0x1e);
	isa_set_bits(at(&program, 0), 26, 32, WORDS - 2);
	put(&program, FENCE, ISA_TILES, 0x1a);
	isa_set_bits(at(&program, FENCE), 28, 13, 5);
	put(&program, MAC, ISA_TILES, 0x01);
	isa_set_bits(at(&program, MAC), 46, 13, 6);
	isa_set_bits(at(&program, MAC), 62, 14, 8);
	isa_set_bits(at(&program, MAC), 971 + 15 + 29, 14, 8);
	put(&program, HALT, ISA_SCALAR, 0x01);
	put(&program, LAST, ISA_SCALAR, 0x1f);
	isa_set_bits(at(&program, LAST), 26, 32, 1);
	return program;
}

static void is_refused(const struct program *program, uint32_t words, const char *sentence)
{
	struct atoll_error err;
	uint32_t number = 5;

	assert_int_equal(isa_check(program->byte, words, &number, &err), -EINVAL);
	assert_string_equal(err.text, sentence);
}

static void a_sound_stream_passes_and_numbers_run_on(void **state)
{
	struct program program = sound();
	uint32_t number = 5;

	(void)state;
	assert_int_equal(isa_check(program.byte, WORDS, &number, NULL), 0);
	assert_int_equal(number, 7);
}

static void numbers_start_again_behind_8191(void **state)
{
	struct program program = sound();
	uint32_t number = 8191;

	(void)state;
	isa_set_bits(at(&program, FENCE), 28, 13, 8191);
	isa_set_bits(at(&program, MAC), 46, 13, 0);
	assert_int_equal(isa_check(program.byte, WORDS, &number, NULL), 0);
	assert_int_equal(number, 1);
}

static void a_wrong_frame_is_told(void **state)
{
	struct program program = sound();

	(void)state;
	is_refused(&program, 1, "a stream has at least a first and a last word, this one 1");
	is_refused(&program, 10, "word 0: first: tells of 19 words between first and last, "
		   "there are 8");
	isa_set_bits(at(&program, 0), 26, 32, WORDS - 3);
	is_refused(&program, WORDS - 1, "word 19: halt: a stream ends with another");
	put(&program, HALT, ISA_SCALAR, 0x1e);
	isa_set_bits(at(&program, 0), 26, 32, WORDS - 2);
	is_refused(&program, WORDS, "word 19: first: in the middle of a stream");
	put(&program, HALT, ISA_SCALAR, 0x1f);
	is_refused(&program, WORDS, "word 19: last: in the middle of a stream");
	program = sound();
	put(&program, 0, ISA_SCALAR, 0x00);
	is_refused(&program, WORDS, "word 0: scalar: a stream begins with another");
	program = sound();
	isa_set_bits(at(&program, LAST), 26, 32, 2);
	is_refused(&program, WORDS, "word 20: last: has 2 in place of 1");
}

static void a_number_that_does_not_follow_is_told(void **state)
{
	struct program program = sound();

	(void)state;
	isa_set_bits(at(&program, MAC), 46, 13, 7);
	is_refused(&program, WORDS, "word 2: mac: has number 7 where 6 follows");
}

static void loops_that_miss_the_weights_are_told(void **state)
{
	struct program program = sound();

	(void)state;
	isa_set_bits(at(&program, MAC), 62 + 14, 14, 1);
	is_refused(&program, WORDS, "word 2: mac: loops over 18 steps, its weights over 9");
}

static void an_unknown_word_is_told(void **state)
{
	struct program program = sound();

	(void)state;
	put(&program, HALT, ISA_TILES, 0x1f);
	is_refused(&program, WORDS, "word 19: opcode 0x1f of unit 0 is unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_stream_passes_and_numbers_run_on),
		cmocka_unit_test(numbers_start_again_behind_8191),
		cmocka_unit_test(a_wrong_frame_is_told),
		cmocka_unit_test(a_number_that_does_not_follow_is_told),
		cmocka_unit_test(loops_that_miss_the_weights_are_told),
		cmocka_unit_test(an_unknown_word_is_told),
	};
	return CHECK_RUN(tests);
}
