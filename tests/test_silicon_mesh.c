/* SPDX-License-Identifier: Apache-2.0 */
/* Exchange between neighbours, on the emulated chip, by programs of ours. */
#include <stdio.h>

#include "tests/check.h"
#include "tests/silicon_script.h"

#define TILES 16
#define UNITS 6    /* that a tile gives */
#define FILL 0x80818283u

/* What an opcode moves, on a square of 4 x 4: columns to the east, rows to the south. */
static const struct way {
	uint32_t code;
	int columns, rows; /* from giver to taker */
	const char *from, *to;
	uint32_t side;     /* of the counters in; that of those out is the opposite one */
} ways[] = {
	{ 0x15, 0, 1, "north", "south", 0 },
	{ 0x16, -1, 0, "east", "west", 1 },
	{ 0x17, 0, -1, "south", "north", 2 },
	{ 0x18, 1, 0, "west", "east", 3 },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* The tile whose gifts this one gets, or -1. */
static int giver_of(const struct way *way, int tile)
{
	int column = tile % 4 - way->columns, row = tile / 4 - way->rows;

	return column < 0 || column > 3 || row < 0 || row > 3 ? -1 : row * 4 + column;
}

static uint32_t word(uint32_t tile, uint32_t unit)
{
	return 0x01000000u * (tile + 1) + unit;
}

/* Units 0 to 15 of some tiles, which nobody else has. */
static void mark(struct script *s, uint32_t tiles)
{
	for (uint32_t t = 0; t < TILES; t++) {
		uint32_t words[16];

		for (uint32_t i = 0; i < 16; i++)
			words[i] = word(t, i);
		if (tiles >> t & 1)
			script_narrow(s, 1u << t, 0, words, sizeof(words));
	}
}

/* Two columns of three rows, 4 units apart, to where they are 8 apart. */
static uint8_t *give(struct script *s, uint32_t code, uint32_t tiles)
{
	uint8_t *at = script_add(s, code, tiles);

	script_place(at, "from", 0, LOOPS({ 2, 1 }, { 3, 4 }));
	return at;
}

static uint8_t *get_also(uint8_t *at)
{
	script_place(at, "into", 100, LOOPS({ 2, 1 }, { 3, 8 }));
	return at;
}

static uint8_t *get(struct script *s, uint32_t code, uint32_t tiles)
{
	return get_also(script_add(s, code, tiles));
}

static uint8_t *exchange(struct script *s, uint32_t code, uint32_t tiles)
{
	return get_also(give(s, code, tiles));
}

static bool has_gift(const struct script *s, uint32_t tile, uint32_t giver)
{
	for (uint32_t row = 0; row < 3; row++) {
		const uint32_t words[2] = { word(giver, 4 * row), word(giver, 4 * row + 1) };

		if (!script_has(s, tile, 100 + 8 * row, words, sizeof(words)))
			return false;
	}
	return !silicon_unit(s->program, tile, 102);
}

static void each_tile_gets_what_its_neighbour_gives(void **state)
{
	static const uint32_t fill[2] = { FILL, FILL };

	(void)state;
	for (size_t w = 0; w < WAYS; w++) {
		struct script *s = script_new();
		uint32_t rim = 0;
		uint8_t *at;

		for (int t = 0; t < TILES; t++)
			rim |= (uint32_t)(giver_of(&ways[w], t) < 0) << t;
		mark(s, SCRIPT_ALL);
		exchange(s, ways[w].code, SCRIPT_ALL & ~rim);
		at = exchange(s, ways[w].code, rim);
		isa_set_bits(at, 727, 1, 1);
		isa_set_bits(at, 728, 32, FILL);
		script_run(s);
		for (int t = 0; t < TILES; t++) {
			int giver = giver_of(&ways[w], t);

			if (giver >= 0)
				assert_true(has_gift(s, (uint32_t)t, (uint32_t)giver));
			for (uint32_t row = 0; row < 3 && giver < 0; row++)
				assert_true(script_has(s, (uint32_t)t, 100 + 8 * row, fill,
						       sizeof(fill)));
		}
		script_free(s);
	}
}

static void a_tile_without_a_neighbour_and_a_fill_waits_for_ever(void **state)
{
	(void)state;
	for (size_t w = 0; w < WAYS; w++) {
		struct script *s = script_new();
		char why[80];
		uint32_t tile = 0;

		while (giver_of(&ways[w], (int)tile) >= 0)
			tile++;
		mark(s, 1u << tile);
		exchange(s, ways[w].code, 1u << tile);
		snprintf(why, sizeof(why), "tile %u waits for ever: nothing comes from the %s",
			 tile, ways[w].from);
		script_stops(s, why);
		script_free(s);
	}
}

static void what_nobody_takes_is_told(void **state)
{
	(void)state;
	for (size_t w = 0; w < WAYS; w++) {
		struct script *s = script_new();
		uint8_t *at = script_add(s, ways[w].code, 1u << 5);
		char why[80];

		script_place(at, "from", 0, LOOPS({ 1000, 1 }));
		snprintf(why, sizeof(why),
			 "tile 5 waits for ever: nobody takes what goes to the %s", ways[w].to);
		script_stops(s, why);
		script_free(s);
	}
}

/* Of 1000 units, more than are on their way at a time. */
static void what_goes_over_the_rim_is_lost(void **state)
{
	(void)state;
	for (size_t w = 0; w < WAYS; w++) {
		struct script *s = script_new();

		for (int t = 0; t < TILES; t++) {
			int column = t % 4 + ways[w].columns, row = t / 4 + ways[w].rows;

			if (column >= 0 && column < 4 && row >= 0 && row < 4)
				continue;
			script_place(script_add(s, ways[w].code, 1u << t), "from", 0,
				     LOOPS({ 1000, 1 }));
		}
		script_run(s);
		script_free(s);
	}
}

/* Zeros over the first 16 units, when the exchange is issued. */
static uint8_t *overwrite(struct script *s, uint32_t tile)
{
	uint8_t *at = script_add(s, 0x14, 1u << tile);

	script_place(at, "from", 40, LOOPS({ 1, 0 }));
	script_place(at, "into", 0, LOOPS({ 4, 1 }, { 4, 4 }));
	isa_set_bits(at, 870, 3, 7);
	return at;
}

static void a_tile_gives_no_sooner_than_it_waits_for(void **state)
{
	static const uint32_t zeros[64];

	(void)state;
	for (int has_wait = 0; has_wait < 2; has_wait++) {
		struct script *s = script_new();
		uint8_t *at;

		mark(s, 1 << 1);
		script_rows(s, 1 << 1, 40, zeros, sizeof(zeros));
		at = give(s, 0x15, 1 << 1);
		if (has_wait)
			script_wait(at, 0, SCRIPT_WIDE_NARROW, 1, 2, 1);
		get(s, 0x15, 1 << 5);
		script_make(overwrite(s, 1), 0, 1);
		script_run(s);
		/* Row k of the exchange is given when row k + 1 is overwritten. */
		for (uint32_t row = 0; row < 3; row++)
			assert_int_equal(script_has(s, 5, 100 + 8 * row, zeros, 8), has_wait);
		script_free(s);
	}
}

static void waits_grow_with_each_iteration(void **state)
{
	struct script *s = script_new();
	uint8_t *at;

	(void)state;
	mark(s, 1 << 1);
	script_rows(s, 1 << 1, 40, "", 1);
	at = give(s, 0x15, 1 << 1);
	script_wait(at, 0, SCRIPT_WIDE_NARROW, 1, 1, 2);
	get(s, 0x15, 1 << 5);
	script_make(overwrite(s, 1), 0, 1); /* 4 times: enough for 1 and 3, not for 5 */
	script_stops(s, "tile 1 waits for ever: wide to narrow is 4 and not 5");
	assert_non_null(silicon_unit(s->program, 5, 109));
	assert_null(silicon_unit(s->program, 5, 116));
	script_free(s);
}

static void a_tile_gets_no_sooner_than_it_has_room(void **state)
{
	(void)state;
	for (int has_wait = 0; has_wait < 2; has_wait++) {
		struct script *s = script_new();
		const uint32_t before = word(5, 0), gift = word(1, 0);
		const uint8_t *row;
		uint8_t *at;

		mark(s, 1 << 1 | 1 << 5);
		at = script_add(s, 0x15, 1 << 1);
		script_place(at, "from", 0, LOOPS({ 2, 1 }));
		at = script_add(s, 0x15, 1 << 5); /* over the units that are moved on */
		script_place(at, "into", 0, LOOPS({ 2, 1 }));
		if (has_wait)
			script_reuse(at, 0, SCRIPT_NARROW_WIDE, 1, 1, 0);
		at = script_add(s, 0x13, 1 << 5);
		script_place(at, "from", 14, LOOPS({ 15, -1 }));
		script_place(at, "into", 50, LOOPS({ 1, 0 }));
		isa_set_bits(at, 801, 3, 1);
		script_make(at, 0, 1);
		script_run(s);
		row = silicon_row(s->program, 5, 50);
		assert_non_null(row);
		assert_memory_equal(row + 4 * 14, has_wait ? &before : &gift, 4);
		assert_true(script_has(s, 5, 0, &gift, 4));
		script_free(s);
	}
}

static void what_is_given_and_got_is_counted(void **state)
{
	static const char *const names[] = { "north", "east", "south", "west" };

	(void)state;
	for (size_t w = 0; w < WAYS; w++) {
		for (uint32_t is_out = 0; is_out < 2; is_out++) {
			struct script *s = script_new();
			uint32_t side = (ways[w].side + 2 * is_out) % 4;
			uint8_t *at = exchange(s, ways[w].code, 1 << 5);
			char why[80];

			isa_set_bits(at, 727, 1, 1);
			script_make(at, 0, 1);  /* what is given: 3 rows */
			script_make(at, 1, 0);  /* what is got: 6 units */
			at = script_add(s, ways[w].code,
					1u << (5 + ways[w].columns + 4 * ways[w].rows));
			script_place(at, "into", 100, LOOPS({ UNITS, 1 }));
			script_ask(s, 5, is_out ? SCRIPT_NORTH_OUT + side :
						  SCRIPT_NORTH_IN + side);
			snprintf(why, sizeof(why), "tile 5 waits for ever: %s %s is %d and not 32767",
				 names[side], is_out ? "out" : "in", is_out ? 3 : 6);
			script_stops(s, why);
			script_free(s);
		}
	}
}

/* From tile 0 south to tile 4, and on to tile 5: five rows of two units, of which tile 4
   has room for two. */
static void a_tile_relays_through_a_buffer_of_two_parts(void **state)
{
	struct script *s = script_new();
	uint32_t words[10];
	uint8_t *at;

	(void)state;
	mark(s, 1);
	at = script_add(s, 0x15, 1);
	script_place(at, "from", 0, LOOPS({ 2, 1 }, { 5, 2 }));
	at = script_add(s, 0x15, 1 << 4);
	script_place(at, "into", 200, LOOPS({ 2, 1 }, { 5, 0 }));
	script_turn(at, "into", 1, 30);
	script_make(at, 1, 1);
	script_reuse(at, 0, SCRIPT_NORTH_OUT + 1, 1, -1, 1);
	at = script_add(s, 0x18, 1 << 4);
	script_place(at, "from", 200, LOOPS({ 2, 1 }, { 5, 0 }));
	script_turn(at, "from", 1, 30);
	script_make(at, 0, 1);
	script_wait(at, 0, SCRIPT_NORTH_IN, 1, 1, 1);
	at = script_add(s, 0x18, 1 << 5);
	script_place(at, "into", 100, LOOPS({ 10, 1 }));
	script_run(s);
	for (uint32_t i = 0; i < 10; i++)
		words[i] = word(0, i);
	assert_true(script_has(s, 5, 100, words, sizeof(words)));
	assert_true(script_has(s, 4, 200, &words[8], 8));
	assert_true(script_has(s, 4, 230, &words[6], 8));
	assert_null(silicon_unit(s->program, 4, 202));
	script_free(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tile_gets_what_its_neighbour_gives),
		cmocka_unit_test(a_tile_without_a_neighbour_and_a_fill_waits_for_ever),
		cmocka_unit_test(what_nobody_takes_is_told),
		cmocka_unit_test(what_goes_over_the_rim_is_lost),
		cmocka_unit_test(a_tile_gives_no_sooner_than_it_waits_for),
		cmocka_unit_test(waits_grow_with_each_iteration),
		cmocka_unit_test(a_tile_gets_no_sooner_than_it_has_room),
		cmocka_unit_test(what_is_given_and_got_is_counted),
		cmocka_unit_test(a_tile_relays_through_a_buffer_of_two_parts),
	};

	return CHECK_RUN(tests);
}
