/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/silicon_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPCODE 6      /* 5 bits */
#define UNIT 11
#define ROOM_LEAST 1024

/* Of a wait, behind its loop. */
#define COUNTER_BITS 5
#define NUMBER_BITS 16

static bool make_room(struct words *words, uint32_t more)
{
	uint32_t room = words->room * 2 > ROOM_LEAST ? words->room * 2 : ROOM_LEAST;
	uint8_t *bytes;

	if (words->is_lost || words->words + more <= words->room)
		return !words->is_lost;
	bytes = realloc(words->bytes, (size_t)room * ISA_WORD_BYTES);
	if (!bytes)
		return false;
	words->bytes = bytes;
	words->room = room;
	return true;
}

uint8_t *words_add(struct words *words, enum isa_unit unit, uint32_t code, uint16_t tiles)
{
	uint8_t *at = words->spare;
	uint32_t length;

	memset(at, 0, sizeof(words->spare));
	isa_set_bits(at, OPCODE, 5, code);
	isa_set_bits(at, UNIT, 1, unit);
	if (unit == ISA_TILES) {
		words_set(at, "tiles", tiles);
		words_set(at, "number", words->number++);
	}
	length = isa_length(at);
	words->is_lost = !make_room(words, length);
	if (words->is_lost)
		return at;
	at = words->bytes + (size_t)words->words * ISA_WORD_BYTES;
	memcpy(at, words->spare, (size_t)length * ISA_WORD_BYTES);
	words->words += length;
	return at;
}

void words_set(uint8_t *at, const char *field, uint32_t value)
{
	const struct isa_opcode *opcode = isa_opcode(at);

	for (uint32_t i = 0; i < opcode->fields; i++) {
		const struct isa_field *it = &opcode->field[i];

		if (strcmp(it->name, field) != 0)
			continue;
		isa_set_bits(at, it->from, it->width, value - (it->kind == ISA_LESS_ONE));
		return;
	}
}

void words_put(uint8_t *at, const struct words_bits *bits, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		isa_set_bits(at, bits[i].from, bits[i].width, bits[i].value);
}

void words_loops(uint8_t *at, uint32_t access, int32_t base, uint32_t loops,
		 const struct words_loop *loop)
{
	struct isa_instruction instruction;
	struct isa_access it;

	if (isa_decode(at, isa_length(at), 0, &instruction, NULL) < 0 ||
	    !isa_access(&instruction, access, &it))
		return;
	it.base = base;
	for (uint32_t d = 0; d < it.loops; d++) {
		it.loop[d].count = d < loops ? loop[d].count : 1;
		it.loop[d].stride = d < loops ? loop[d].stride : 0;
	}
	isa_set_access(&instruction, &it);
	isa_encode(&instruction, at);
}

void words_wait(uint8_t *at, const struct words_waits *waits, uint32_t nth,
		const struct words_until *until)
{
	uint32_t pitch = COUNTER_BITS + waits->loop_bits + 2u * NUMBER_BITS + 1u +
			 (uint32_t)waits->has_reuse;
	uint32_t bit = waits->from + nth * pitch;
	uint32_t numbers = bit + COUNTER_BITS + waits->loop_bits;

	isa_set_bits(at, bit, COUNTER_BITS, until->counter);
	isa_set_bits(at, bit + COUNTER_BITS, waits->loop_bits, until->loop);
	isa_set_bits(at, numbers, NUMBER_BITS, (uint32_t)until->start);
	isa_set_bits(at, numbers + NUMBER_BITS, NUMBER_BITS, (uint32_t)until->step);
	isa_set_bits(at, numbers + 2 * NUMBER_BITS, 1, 1);
	if (waits->has_reuse)
		isa_set_bits(at, numbers + 2 * NUMBER_BITS + 1, 1, until->is_reuse);
}

int words_end(struct words *words, struct words_program *program, struct atoll_error *err)
{
	int r = 0;

	if (words->is_lost)
		r = atoll_error_set(err, -ENOMEM, "silicon: no memory for the program");
	else if (words->number > WORDS_NUMBERS)
		r = atoll_error_set(err, -EFBIG, "silicon: %u instructions for tiles: "
				    "numbers have 13 bits", words->number);
	if (r < 0) {
		free(words->bytes);
		return r;
	}
	program->bytes = words->bytes;
	program->size = words->words * ISA_WORD_BYTES;
	return 0;
}
