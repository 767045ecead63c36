/* SPDX-License-Identifier: Apache-2.0 */
/* Turns of the engines, fences and what stands still, by programs of ours. */
#include "tests/check.h"
#include "tests/silicon_script.h"

#define LATE 700   /* the unit that is written behind a fence */

/* What a fence waits for, by its bits; those of 1 to 4 are one for now. */
static const struct { uint32_t bits, code; } engines[] = {
	{ 0x001, 0x01 }, { 0x01e, 0x10 }, { 0x01e, 0x11 }, { 0x01e, 0x12 }, { 0x01e, 0x14 },
	{ 0x020, 0x13 }, { 0x040, 0x15 }, { 0x080, 0x16 }, { 0x100, 0x17 }, { 0x200, 0x18 },
};
#define ENGINES (sizeof(engines) / sizeof(engines[0]))
#define EVERY 0x3ff

static struct script *new_row(void)
{
	struct script *s = script_new();

	script_rows(s, SCRIPT_ALL, 40, "a row", 6);
	return s;
}

/* Tile 3 waits for parameters, which nobody counts. */
static void add_waiting(struct script *s, uint32_t code)
{
	uint8_t *at = script_add(s, code, 1 << 3);

	if (code >= 0x15)
		script_place(at, "from", 5, LOOPS({ 1, 0 }));
	if (code == 0x10)
		isa_set_bits(at, 467, 16, 1);
	if (code == 0x11 || code == 0x12)
		script_reuse(at, 0, 1, 0, 9, 0);
	else
		script_wait(at, 0, 1, 0, 9, 0);
}

static uint8_t *add_fence(struct script *s, uint32_t tiles, uint32_t of, uint32_t counters)
{
	uint8_t *at = script_add(s, 0x1a, tiles);

	isa_set_bits(at, 44, 19, counters);
	isa_set_bits(at, 79, 10, of);
	return at;
}

/* As many units of tile t, each counted, and as many rows back. */
static void count(struct script *s, uint32_t tiles, uint32_t times)
{
	uint8_t *at = script_add(s, 0x14, tiles);

	script_place(at, "from", 40, LOOPS({ 1, 0 }));
	script_place(at, "into", LATE, LOOPS({ times, 1 }));
	isa_set_bits(at, 870, 3, 1);
	script_make(at, 0, 0);
	at = script_add(s, 0x13, tiles);
	script_place(at, "into", 50, LOOPS({ times, 1 }));
	script_place(at, "from", LATE, LOOPS({ times, 1 }));
	script_make(at, 0, 0);
}

static bool is_passed(uint32_t code, uint32_t tiles, uint32_t of)
{
	struct script *s = new_row();
	bool is;

	add_waiting(s, code);
	add_fence(s, tiles, of, 0);
	count(s, 1, 1);
	script_stops(s, "tile 3 waits for ever: parameters is 0 and not 9");
	is = silicon_unit(s->program, 0, LATE) != NULL;
	script_free(s);
	return is;
}

static void a_fence_waits_for_the_engines_that_it_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ENGINES; i++) {
		assert_false(is_passed(engines[i].code, SCRIPT_ALL, engines[i].bits));
		assert_true(is_passed(engines[i].code, SCRIPT_ALL, EVERY & ~engines[i].bits));
	}
}

static void a_fence_waits_for_the_tiles_that_it_names(void **state)
{
	(void)state;
	assert_false(is_passed(0x13, 1 << 3, EVERY));
	assert_true(is_passed(0x13, SCRIPT_ALL & ~(1 << 3), EVERY));
}

/* 5 of counter 11 and 1 of counter 13 on tiles 0 and 1, then a fence on tile 0. */
static void must_count(uint32_t cleared, uint32_t tile, uint32_t counter, const char *why)
{
	struct script *s = new_row();

	count(s, 3, 5);
	script_fence(s);
	add_fence(s, 1, EVERY, cleared);
	script_ask(s, tile, counter);
	script_stops(s, why);
	script_free(s);
}

static void a_fence_clears_the_counters_that_it_names(void **state)
{
	const uint32_t others = ~(UINT32_C(1) << SCRIPT_WIDE_NARROW);

	(void)state;
	must_count(0, 0, SCRIPT_WIDE_NARROW,
		   "tile 0 waits for ever: wide to narrow is 5 and not 32767");
	must_count(1 << SCRIPT_WIDE_NARROW, 0, SCRIPT_WIDE_NARROW,
		   "tile 0 waits for ever: wide to narrow is 0 and not 32767");
	must_count(others, 0, SCRIPT_WIDE_NARROW,
		   "tile 0 waits for ever: wide to narrow is 5 and not 32767");
	must_count(others, 0, SCRIPT_NARROW_WIDE,
		   "tile 0 waits for ever: narrow to wide is 0 and not 32767");
	must_count(1 << SCRIPT_WIDE_NARROW, 1, SCRIPT_WIDE_NARROW,
		   "tile 1 waits for ever: wide to narrow is 5 and not 32767");
}

static void a_fence_sets_counters_to_what_it_says(void **state)
{
	struct script *s = new_row();

	(void)state;
	count(s, 3, 5);
	script_fence(s);
	isa_set_bits(add_fence(s, 1, EVERY, 1 << SCRIPT_WIDE_NARROW), 63, 16, 49);
	script_ask(s, 0, SCRIPT_WIDE_NARROW);
	script_stops(s, "tile 0 waits for ever: wide to narrow is 49 and not 32767");
	script_free(s);
}

/* Nothing behind a fence is looked at before it is passed. */
static void engines_go_on_side_by_side(void **state)
{
	struct script *s = new_row();

	(void)state;
	add_waiting(s, 0x13);
	script_add(s, 0x13, 1 << 3); /* behind it, on the same engine */
	count(s, 1 << 3 | 1, 4);
	script_stops(s, "tile 3 waits for ever: parameters is 0 and not 9");
	assert_non_null(silicon_unit(s->program, 3, LATE + 3));
	assert_null(silicon_row(s->program, 3, 0));
	assert_null(silicon_row(s->program, 3, 50));
	assert_non_null(silicon_row(s->program, 0, 50));
	script_free(s);
}

static void a_receiver_without_a_sender_is_told(void **state)
{
	(void)state;
	for (uint32_t code = 0x11; code < 0x13; code++) {
		struct script *s = new_row();

		script_add(s, code, 1 << 3);
		script_stops(s, "tile 3 waits for ever: nothing comes on the ring");
		script_free(s);
	}
}

/* Two rows into one, that says it is moved on. */
static void a_row_that_is_never_moved_on_is_told(void **state)
{
	struct script *s = new_row();
	uint8_t *at = script_add(s, 0x11, 1 << 3), rows[512] = { 0 };

	(void)state;
	script_place(at, "into", 60, LOOPS({ 2, 0 }));
	script_reuse(at, 0, SCRIPT_WIDE_NARROW, 0, 0, 0);
	script_send(s, 1 << 3, rows, sizeof(rows));
	script_stops(s, "tile 3 waits for ever: what was received before is not moved on");
	script_free(s);
}

static void a_sender_without_a_receiver_is_told(void **state)
{
	struct script *s = new_row();
	uint8_t *at = script_add(s, 0x10, 1 << 3);

	(void)state;
	script_place(at, "from", 40, LOOPS({ 100, 0 }));
	isa_set_bits(at, 467, 16, 1);
	script_stops(s, "tile 3 waits for ever: nobody takes what is on the ring");
	script_free(s);
}

static void a_sender_to_nobody_is_told(void **state)
{
	struct script *s = new_row();

	(void)state;
	script_add(s, 0x10, 1 << 3);
	script_stops(s, "it sends to nobody");
	script_free(s);
}

/* Tiles 4 and 8 exchange with each other, and each waits for the other to begin. */
static void exchanges_that_wait_for_each_other_are_told(void **state)
{
	struct script *s = new_row();
	uint8_t *at;

	(void)state;
	at = script_add(s, 0x15, 1 << 4 | 1 << 8);
	script_place(at, "from", 5, LOOPS({ 1, 0 }));
	script_wait(at, 0, SCRIPT_NORTH_IN + 2, 0, 1, 0);
	at = script_add(s, 0x17, 1 << 4 | 1 << 8);
	script_place(at, "into", 9, LOOPS({ 1, 0 }));
	script_make(at, 1, 0);
	script_stops(s, "tile 4 waits for ever: south in is 0 and not 1");
	script_free(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fence_waits_for_the_engines_that_it_names),
		cmocka_unit_test(a_fence_waits_for_the_tiles_that_it_names),
		cmocka_unit_test(a_fence_clears_the_counters_that_it_names),
		cmocka_unit_test(a_fence_sets_counters_to_what_it_says),
		cmocka_unit_test(engines_go_on_side_by_side),
		cmocka_unit_test(a_receiver_without_a_sender_is_told),
		cmocka_unit_test(a_row_that_is_never_moved_on_is_told),
		cmocka_unit_test(a_sender_without_a_receiver_is_told),
		cmocka_unit_test(a_sender_to_nobody_is_told),
		cmocka_unit_test(exchanges_that_wait_for_each_other_are_told),
	};

	return CHECK_RUN(tests);
}
