/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the program to the plan. Only what makes up the plan is taken out of the
 * bits; then the program of this plan is written, and has to be the one that was read.
 */
#include "runtime/isa/caching_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/isa/bits.h"

struct program {
	const uint8_t *bytes;
	uint32_t words;
	uint32_t end;                    /* the word of the last fence */
	const struct caching_form *form;
};

/* The first instruction by which the forms differ: behind the addresses in those of
   today, the address itself in the old one. */
#define TELLING_WORD 6

static const uint8_t *at_word(const struct program *program, uint32_t word)
{
	return program->bytes + (size_t)word * ISA_WORD_BYTES;
}

static bool is_word(const uint8_t *at, const struct caching_word *word)
{
	uint64_t low = isa_bits(at, 0, 32) | (uint64_t)isa_bits(at, 32, 32) << 32;
	uint64_t high = isa_bits(at, 64, 32) | (uint64_t)isa_bits(at, 96, 32) << 32;

	return low == word->low && high == word->high;
}

/* Of a first word: opcode 0x1e of the scalar core; a receiver: 0x11 of tiles; a
   sender: 0x06 of the scalar core. Bits 6 to 11. */
#define KIND_FIRST 0x3e
#define KIND_RECEIVE 0x11
#define KIND_SEND 0x26

static uint32_t kind_at(const struct program *program, uint32_t word)
{
	return isa_bits(at_word(program, word), 6, 6);
}

static int find_form(struct program *program, struct isa_caching_plan *plan,
		     struct atoll_error *err)
{
	uint32_t fixed;

	if (kind_at(program, 0) != KIND_FIRST)
		return atoll_error_set(err, -EINVAL,
				       "caching: word 0: no program begins like this");
	for (uint32_t i = 0; i < ISA_CACHING_FORMS; i++) {
		const struct caching_form *form = caching_form((enum isa_caching_form)i);

		if (is_word(at_word(program, TELLING_WORD), &form->head[TELLING_WORD])) {
			plan->form = (enum isa_caching_form)i;
			program->form = form;
		}
	}
	if (!program->form)
		return atoll_error_set(err, -EINVAL,
				       "caching: word %u: begins like no caching program "
				       "that is known", TELLING_WORD);
	fixed = program->form->heads + program->form->tails;
	if (program->words < fixed + CACHING_BLOCK_WORDS ||
	    (program->words - fixed) % CACHING_BLOCK_WORDS)
		return atoll_error_set(err, -EINVAL,
				       "caching: word %u: the program ends, and no number of "
				       "blocks makes it that long", program->words);
	plan->blocks = (program->words - fixed) / CACHING_BLOCK_WORDS;
	program->end = program->words - program->form->tails;
	return 0;
}

static uint32_t read_units(const uint8_t *send)
{
	if (!isa_bits(send, SEND_IS_LONG, 1))
		return 1;
	return isa_bits(send, SEND_THOUSANDS, 3) * CACHING_RUN + 1 +
	       (isa_bits(send, SEND_HAS_REST, 1) ? isa_bits(send, SEND_REST, 10) :
						   CACHING_RUN - 1);
}

/* Fields wider than a plan has room for are cut; they are found when the program is
   written again. */
static struct isa_caching_block read_block(const uint8_t *receive, const uint8_t *send)
{
	struct isa_caching_block block = {
		.tiles = (uint16_t)isa_bits(receive, RECEIVE_TILES, 16),
		.row = (uint16_t)isa_bits(receive, RECEIVE_BASE, 16),
		.units = read_units(send),
		.lanes = (uint8_t)(isa_bits(send, SEND_LANES, 2) + 1),
	};

	if (isa_bits(receive, RECEIVE_HAS_TABLES, 1)) {
		block.row = (uint16_t)isa_bits(receive, RECEIVE_TABLES_ROW, 16);
		block.tables = (uint8_t)isa_bits(receive, RECEIVE_TABLES_ROWS, 8);
	}
	return block;
}

/* How many receivers stand here in a row; -EINVAL unless as many senders follow. */
static int count_layer(const struct program *program, uint32_t word, struct atoll_error *err)
{
	uint32_t count = 0, send;

	for (uint32_t at = word; at < program->end && kind_at(program, at) == KIND_RECEIVE;
	     at += CACHING_RECEIVE_WORDS)
		count++;
	if (!count)
		return atoll_error_set(err, -EINVAL,
				       "caching: word %u: no receive instruction, with which "
				       "a layer would begin", word);
	send = word + count * CACHING_RECEIVE_WORDS;
	for (uint32_t i = 0; i < count; i++, send += CACHING_SEND_WORDS)
		if (send >= program->end || kind_at(program, send) != KIND_SEND)
			return atoll_error_set(err, -EINVAL,
					       "caching: word %u: send instruction %u of %u "
					       "is missing", send, i + 1, count);
	return (int)count;
}

static int read_blocks(const struct program *program, struct isa_caching_plan *plan,
		       struct atoll_error *err)
{
	uint32_t word = program->form->heads, index = 0;

	while (index < plan->blocks) {
		int r, blocks = count_layer(program, word, err);
		uint32_t send;

		if (blocks < 0)
			return blocks;
		send = word + (uint32_t)blocks * CACHING_RECEIVE_WORDS;
		for (int i = 0; i < blocks; i++, index++) {
			plan->block[index] = read_block(at_word(program, word),
							at_word(program, send));
			plan->block[index].begins_layer = i == 0;
			r = caching_check_block(plan, index, err);
			if (r < 0) {
				atoll_error_prefix(err, "caching: word %u", word);
				return r;
			}
			word += CACHING_RECEIVE_WORDS;
			send += CACHING_SEND_WORDS;
		}
		word = send;
	}
	return 0;
}

static const char *part_name(const struct program *program, uint32_t word)
{
	uint32_t opener = program->form->heads - 2;

	if (word == 0)
		return "length";
	if (word < opener)
		return word == program->form->length_word ? "bytes to fetch" : "setup";
	if (word < program->form->heads)
		return "opening of the stream";
	if (word >= program->end)
		return "end";
	/* Both have as many words, and each list has as many of one as of the other. */
	word -= (word - program->form->heads) % CACHING_RECEIVE_WORDS;
	return kind_at(program, word) == KIND_RECEIVE ? "receive instruction" :
							"send instruction";
}

static int compare(const struct program *program, const struct isa_caching_plan *plan,
		   struct atoll_error *err)
{
	uint8_t *bytes;
	uint32_t at = 0;
	size_t size;
	int r = isa_caching_write(plan, &bytes, &size, err);

	if (r < 0)
		return r;
	while (at < size && bytes[at] == program->bytes[at])
		at++;
	if (at < size)
		r = atoll_error_set(err, -EINVAL,
				    "caching: word %u: %s: byte %u is 0x%02x: 0x%02x is what "
				    "goes with the blocks", at / ISA_WORD_BYTES,
				    part_name(program, at / ISA_WORD_BYTES),
				    at % ISA_WORD_BYTES, program->bytes[at], bytes[at]);
	free(bytes);
	return r;
}

int isa_caching_read(const void *bytes, size_t size, struct isa_caching_plan *plan,
		     struct atoll_error *err)
{
	struct program program = { .bytes = bytes };
	struct isa_caching_plan found = { .block = NULL };
	int r;

	if (size % ISA_WORD_BYTES)
		return atoll_error_set(err, -EINVAL, "caching: word %zu: %zu bytes of 16",
				       size / ISA_WORD_BYTES, size % ISA_WORD_BYTES);
	if (size / ISA_WORD_BYTES <= TELLING_WORD)
		return atoll_error_set(err, -EINVAL,
				       "caching: word %zu: the program ends before it has "
				       "begun", size / ISA_WORD_BYTES);
	/* More than every block there can be, and all around them. */
	if (size / ISA_WORD_BYTES > (ISA_CACHING_BLOCKS_MAX + 8) * CACHING_BLOCK_WORDS)
		return atoll_error_set(err, -EINVAL,
				       "caching: word %u: goes on: a program has at most %u "
				       "blocks", (ISA_CACHING_BLOCKS_MAX + 8) *
				       CACHING_BLOCK_WORDS, ISA_CACHING_BLOCKS_MAX);
	program.words = (uint32_t)(size / ISA_WORD_BYTES);
	r = find_form(&program, &found, err);
	if (r < 0)
		return r;
	found.block = calloc(found.blocks, sizeof(*found.block));
	if (!found.block)
		return atoll_error_set(err, -ENOMEM, "caching: no memory for %u blocks",
				       found.blocks);
	r = read_blocks(&program, &found, err);
	if (r == 0)
		r = compare(&program, &found, err);
	if (r < 0) {
		isa_caching_free(&found);
		return r;
	}
	*plan = found;
	return 0;
}
