/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of the scalar core that have a use in programs of dense layers. What stands in
 * lists of constants is the same in all programs at hand that have the instruction for
 * activations; its meaning is not known unless it is said.
 */
#include "runtime/compiler/silicon_scalar.h"

#include "runtime/compiler/silicon_tiles.h"

enum { CODE_REGISTER, CODE_HALT, CODE_WAIT = 4, CODE_OPEN, CODE_SEND, CODE_COLLECT,
       CODE_FIRST = 0x1e, CODE_LAST };

/*
 * A register is set to a number, or to the value of the register with that number. The
 * same word can hand one on to the host's DMA: a request is four of these and a fifth
 * word that sends it off.
 */
#define SET_OPERATION 54   /* 4 bits, all set */
#define SET_IS_NUMBER 59
#define SET_REGISTER 60    /* 4 bits */
#define HAND_ON 32         /* 4 bits */
#define HAND_ON_PLACE 36   /* 4 bits: which part of the request */
#define HAND_ON_REGISTER 49 /* 4 bits */
enum { HAND_ON_PART = 5, HAND_ON_END = 6 };

/* As they are used: 0 to 3 are addresses of parameters and scratch, 4 and 5 the first
   step of a request's address, 6 and 7 the second, 10 and 11 what layers have. */
enum { PARAMETERS_UPPER, PARAMETERS_LOWER, SCRATCH_UPPER, SCRATCH_LOWER, STEP_UPPER,
       STEP_LOWER, REQUEST_LOWER, REQUEST_UPPER, REQUEST_BYTES, REQUEST_KIND, LAYER_UPPER,
       LAYER_LOWER };

#define HALT_ALL 16        /* set in every halt */
#define NOTHINGS 4         /* words that do nothing, behind every halt */

static void assign(uint8_t *at, uint32_t to, bool is_number, uint32_t value)
{
	isa_set_bits(at, SET_OPERATION, 4, 15);
	isa_set_bits(at, SET_IS_NUMBER, 1, is_number);
	isa_set_bits(at, SET_REGISTER, 4, to);
	words_set(at, "immediate", value);
}

static uint8_t *add(struct words *words, uint32_t code)
{
	return words_add(words, ISA_SCALAR, code, 0);
}

static void set(struct words *words, uint32_t to, uint32_t number)
{
	assign(add(words, CODE_REGISTER), to, true, number);
}

static void copy(struct words *words, uint32_t to, uint32_t from)
{
	assign(add(words, CODE_REGISTER), to, false, from);
}

static uint8_t *hand_on(struct words *words, uint32_t place, uint32_t from)
{
	uint8_t *at = add(words, CODE_REGISTER);

	isa_set_bits(at, HAND_ON, 4, HAND_ON_PART);
	isa_set_bits(at, HAND_ON_PLACE, 4, place);
	isa_set_bits(at, HAND_ON_REGISTER, 4, from);
	return at;
}

void scalar_pass_address(struct words *words)
{
	copy(words, STEP_LOWER, LAYER_LOWER);
	copy(words, STEP_UPPER, LAYER_UPPER);
}

void scalar_request(struct words *words, enum scalar_request what, uint32_t bytes)
{
	copy(words, REQUEST_LOWER, STEP_LOWER);
	copy(words, REQUEST_UPPER, STEP_UPPER);
	(void)hand_on(words, 0, REQUEST_LOWER);
	assign(hand_on(words, 1, REQUEST_UPPER), REQUEST_BYTES, true, bytes);
	assign(hand_on(words, 2, REQUEST_BYTES), REQUEST_KIND, true, what);
	(void)hand_on(words, 3, REQUEST_KIND);
	isa_set_bits(add(words, CODE_REGISTER), HAND_ON, 4, HAND_ON_END);
}

uint32_t scalar_address(struct words *words)
{
	set(words, LAYER_UPPER, 0);
	set(words, LAYER_LOWER, 0);
	return words->words - 2;
}

/* Waits. For a fence they have the set of tiles twice. */
#define WAIT_TILES 12      /* 16 bits */
#define WAIT_FOR 32        /* 9 bits */
#define WAIT_TILES_DONE 73 /* 16 bits */
#define WAIT_ROWS 173      /* 16 bits */

void scalar_wait(struct words *words, enum scalar_wait wait)
{
	static const struct words_bits of_fence[] = {
		{ WAIT_TILES, 16, TILES_ALL }, { 57, 1, 1 },
		{ WAIT_TILES_DONE, 16, TILES_ALL },
	};
	static const uint32_t what_for[] = {
		[SCALAR_FENCE] = 0, [SCALAR_ENGINES] = 5, [SCALAR_INTAKE] = 4,
		[SCALAR_OPENER] = 1, [SCALAR_NOTHING] = 0,
	};
	uint8_t *at = add(words, CODE_WAIT);

	if (wait == SCALAR_FENCE)
		WORDS_PUT(at, of_fence);
	if (wait == SCALAR_INTAKE)
		isa_set_bits(at, 43, 13, 0x1fff);
	isa_set_bits(at, WAIT_FOR, 9, what_for[wait]);
	isa_set_bits(at, 248, 2, 3);
}

void scalar_wait_rows(struct words *words, uint32_t rows)
{
	static const struct words_bits constant[] = {
		{ WAIT_TILES, 16, TILES_ALL }, { WAIT_FOR, 9, 32 }, { 242, 1, 1 },
		{ 248, 2, 3 },
	};
	uint8_t *at = add(words, CODE_WAIT);

	WORDS_PUT(at, constant);
	isa_set_bits(at, WAIT_ROWS, 16, rows);
}

void scalar_begin(struct words *words)
{
	static const struct words_bits everything[] = {
		{ WAIT_TILES, 16, TILES_ALL }, { WAIT_FOR, 9, 0x1ff }, { 57, 1, 1 },
		{ WAIT_TILES_DONE, 16, TILES_ALL }, { 246, 5, 31 },
	};

	(void)add(words, CODE_FIRST);
	tiles_fence(words, TILES_FENCE_FIRST);
	WORDS_PUT(add(words, CODE_WAIT), everything);
	set(words, PARAMETERS_LOWER, 0);
	set(words, PARAMETERS_UPPER, 0);
	set(words, SCRATCH_LOWER, 0);
	set(words, SCRATCH_UPPER, 0);
	scalar_wait(words, SCALAR_ENGINES);
}

/*
 * Streams. Sizes of activations have 14 bits where those of parameters have 10, and
 * their constants follow from that. A stream of one unit has no loops: that was seen for
 * parameters, and is only guessed for activations.
 */
#define UNITS_BITS 14
#define UNITS_LAST 0x3fff
#define OPEN_UNITS (128 + 14)
#define OPEN_UNITS_LEFT (128 + 31)
#define SEND_UNITS 183
#define SEND_UNITS_LEFT 205

/* What is sent, and how much of it to a row. */
#define SEND_SOURCE 12
enum source { ACTIVATIONS = 1, KEPT };
#define WIDE_ROW_BYTES 256
#define KEPT_ROW_BYTES 16

static void put_units(uint8_t *at, uint32_t units_bit, uint32_t left_bit, uint32_t units)
{
	isa_set_bits(at, units_bit, UNITS_BITS, units - 1);
	isa_set_bits(at, left_bit, UNITS_BITS, UNITS_LAST - (units - 1));
}

void scalar_open(struct words *words, uint32_t units)
{
	static const struct words_bits always[] = {
		{ 12, 1, 1 } /* activations */, { 28, 1, 1 }, { 121, 1, 1 }, { 124, 1, 1 },
		{ 140, 1, 1 }, { 174, 1, 1 }, { 178, 1, 1 }, { 199, 1, 1 }, { 215, 1, 1 },
	};
	static const struct words_bits loops[] = {
		{ 44, UNITS_BITS, UNITS_LAST }, { 59, 1, 1 }, { 73, 2, 3 }, { 90, 1, 1 },
		{ 104, 2, 3 }, { 157, 1, 1 },
	};
	uint8_t *at = add(words, CODE_OPEN);

	WORDS_PUT(at, always);
	if (units == 1)
		return;
	WORDS_PUT(at, loops);
	put_units(at, OPEN_UNITS, OPEN_UNITS_LEFT, units);
}

static void send(struct words *words, enum source source, uint32_t start, uint32_t units,
		 uint16_t to, uint32_t row_bytes)
{
	static const struct words_bits always[] = {
		{ 34, 1, 1 }, { 157, 1, 1 }, { 160, 1, 1 }, { 176, 1, 1 }, { 311, 1, 1 },
		{ 336, 1, 1 }, { 352, 1, 1 }, { 392, 1, 1 },
	};
	static const struct words_bits loops[] = {
		{ 55, UNITS_BITS, UNITS_LAST }, { 75, 1, 1 }, { 89, 7, 127 }, { 116, 1, 1 },
		{ 130, 7, 127 }, { 203, 1, 1 },
	};
	uint8_t *at = add(words, CODE_SEND);

	WORDS_PUT(at, always);
	isa_set_bits(at, SEND_SOURCE, 2, source);
	words_set(at, "from", start);
	words_set(at, "nth", start + 1);
	words_set(at, "to", to);
	words_set(at, "row-units", row_bytes / 4);
	if (units == 1)
		return;
	WORDS_PUT(at, loops);
	put_units(at, SEND_UNITS, SEND_UNITS_LEFT, units);
}

void scalar_send(struct words *words, uint32_t start, uint32_t units, uint16_t to)
{
	send(words, ACTIVATIONS, start, units, to, WIDE_ROW_BYTES);
}

void scalar_send_kept(struct words *words, uint32_t start, uint32_t units, uint16_t to)
{
	send(words, KEPT, start, units, to, KEPT_ROW_BYTES);
}

#define COLLECT_UNITS 43    /* 15 bits, less 1 */
#define COLLECT_TO 173      /* 2 bits */
enum { TO_CORE = 1, TO_HOST = 3 };

static void collect(struct words *words, uint32_t units, uint32_t to)
{
	uint8_t *at = add(words, CODE_COLLECT);

	isa_set_bits(at, COLLECT_UNITS, 15, units - 1);
	isa_set_bits(at, COLLECT_TO, 2, to);
	isa_set_bits(at, 222, 7, 127);
}

void scalar_collect(struct words *words, uint32_t units)
{
	collect(words, units, TO_HOST);
}

void scalar_keep(struct words *words, uint32_t units)
{
	collect(words, units, TO_CORE);
}

void scalar_end(struct words *words)
{
	set(words, STEP_UPPER, 0);
	set(words, STEP_LOWER, 0);
	scalar_request(words, SCALAR_INTERRUPT, 0);
	isa_set_bits(add(words, CODE_HALT), HALT_ALL, 1, 1);
	for (int i = 0; i < NOTHINGS; i++)
		(void)add(words, CODE_REGISTER);
	words_set(add(words, CODE_LAST), "end", 1);
	if (!words->is_lost)
		words_set(words->bytes, "words", words->words - 2);
}
