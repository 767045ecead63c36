/* SPDX-License-Identifier: Apache-2.0 */
/* What holds in every program that was ever seen. */
#include <errno.h>
#include <inttypes.h>

#include "runtime/isa/isa.h"

/* Numbers of instructions have 13 bits. */
#define NUMBERS 8192u

static bool is(const struct isa_instruction *instruction, enum isa_unit unit, uint8_t code)
{
	return instruction->opcode->unit == unit && instruction->opcode->code == code;
}

static uint32_t value(const struct isa_instruction *instruction, const char *name)
{
	return instruction->value[isa_slot(instruction->opcode, name)];
}

static uint64_t loop_product(const struct isa_instruction *instruction)
{
	const uint32_t *limit =
		&instruction->value[isa_slot(instruction->opcode, "loops")];
	uint64_t product = 1;

	for (uint32_t i = 0; i < ISA_LOOPS_MAX; i++)
		if (__builtin_mul_overflow(product, limit[i] + 1, &product))
			return UINT64_MAX;
	return product;
}

/* The weights are the third operand. */
static int check_mac(const struct isa_instruction *instruction, uint32_t word,
		     struct atoll_error *err)
{
	struct isa_access weights = { 0 };
	uint64_t loops = loop_product(instruction);

	(void)isa_access(instruction, 2, &weights);
	if (isa_iterations(&weights) == loops)
		return 0;
	return atoll_error_set(err, -EINVAL,
			       "word %" PRIu32 ": mac: loops over %" PRIu64
			       " steps, its weights over %" PRIu64, word, loops,
			       isa_iterations(&weights));
}

static int check_tiles(const struct isa_instruction *instruction, uint32_t word,
		       uint32_t *number, struct atoll_error *err)
{
	uint32_t stored = value(instruction, "number");

	if (stored != *number % NUMBERS)
		return atoll_error_set(err, -EINVAL,
				       "word %" PRIu32 ": %s: has number %" PRIu32
				       " where %" PRIu32 " follows", word,
				       instruction->opcode->name, stored,
				       *number % NUMBERS);
	*number = (*number + 1) % NUMBERS;
	return is(instruction, ISA_TILES, 0x01) ? check_mac(instruction, word, err) : 0;
}

/* The first word has the length without it and the last. */
static int check_frame(const struct isa_instruction *instruction, uint32_t word,
		       uint32_t words, struct atoll_error *err)
{
	bool is_first = is(instruction, ISA_SCALAR, 0x1e);
	bool is_last = is(instruction, ISA_SCALAR, 0x1f);

	if (is_first != (word == 0))
		return atoll_error_set(err, -EINVAL, "word %" PRIu32 ": %s: %s", word,
				       instruction->opcode->name,
				       is_first ? "in the middle of a stream" :
						  "a stream begins with another");
	if (is_last != (word == words - 1))
		return atoll_error_set(err, -EINVAL, "word %" PRIu32 ": %s: %s", word,
				       instruction->opcode->name,
				       is_last ? "in the middle of a stream" :
						 "a stream ends with another");
	if (is_first && value(instruction, "words") != words - 2)
		return atoll_error_set(err, -EINVAL,
				       "word 0: first: tells of %" PRIu32
				       " words between first and last, there are %" PRIu32,
				       value(instruction, "words"), words - 2);
	if (is_last && value(instruction, "end") != 1)
		return atoll_error_set(err, -EINVAL,
				       "word %" PRIu32 ": last: has %" PRIu32 " in place of 1",
				       word, value(instruction, "end"));
	return 0;
}

ATOLL_API int isa_check(const uint8_t *stream, uint32_t words, uint32_t *number,
			struct atoll_error *err)
{
	struct isa_instruction instruction;
	uint32_t word = 0;
	int r;

	if (words < 2)
		return atoll_error_set(err, -EINVAL,
				       "a stream has at least a first and a last word, "
				       "this one %" PRIu32, words);
	for (; word < words; word += instruction.opcode->words) {
		uint32_t end;

		r = isa_decode(stream, words, word, &instruction, err);
		if (r < 0)
			return r;
		end = word + instruction.opcode->words - 1;
		r = check_frame(&instruction, word == 0 ? 0 : end, words, err);
		if (r == 0 && instruction.opcode->unit == ISA_TILES)
			r = check_tiles(&instruction, word, number, err);
		if (r < 0)
			return r;
	}
	return 0;
}
