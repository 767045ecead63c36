/* SPDX-License-Identifier: Apache-2.0 */
/* What the scalar core of the emulated chip sends and collects, by programs of ours. */
#include <string.h>

#include "tests/check.h"
#include "tests/silicon_script.h"

#define ROW_UNITS 64
enum { TO_CORE = 1, TO_HOST = 3 };

/* Unit k of all is k + 1; in rows of tile 0, from 20 on. */
static struct script *new_rows(uint32_t *units, uint32_t count)
{
	struct script *s = script_new();

	for (uint32_t i = 0; i < count; i++)
		units[i] = i + 1;
	script_rows(s, 1, 20, units, count * 4);
	return s;
}

/* `count` times 8 bytes to the host, or 4 to the core, `rounds` times over. */
static void collect(struct script *s, uint32_t to, uint32_t count, uint32_t rounds)
{
	uint8_t *at = script_scalar(s, 0x07);

	isa_set_bits(at, 43, 15, count - 1);
	isa_set_bits(at, 74, 15, rounds - 1);
	isa_set_bits(at, 173, 2, to);
}

static void give(struct script *s, uint32_t tile, uint32_t row, uint32_t rows)
{
	uint8_t *at = script_add(s, 0x10, 1u << tile);

	script_place(at, "from", (int32_t)row, LOOPS({ rows, 1 }));
	isa_set_bits(at, 483, 1, 1);
}

static void receive(struct script *s, uint32_t tiles, uint32_t row, uint32_t rows)
{
	script_place(script_add(s, 0x11, tiles), "into", (int32_t)row, LOOPS({ rows, 1 }));
}

/* Of what was collected, from the next block on: blocks, and a rest of a block if it is
   not 0, in rows of `row_units`. */
static uint8_t *send_again(struct script *s, uint32_t tiles, uint32_t block, uint32_t blocks,
			   uint32_t rest, uint32_t row_units)
{
	uint8_t *at = script_scalar(s, 0x06);

	isa_set_bits(at, 12, 2, 2);
	isa_set_bits(at, 55, 20, block - 1);
	isa_set_bits(at, 75, 1, 1);
	isa_set_bits(at, 96, 20, rest > 0 ? blocks : blocks - 1);
	if (rest > 0)
		isa_set_bits(at, 183, 20, rest - 1);
	isa_set_bits(at, 203, 1, rest > 0);
	isa_set_bits(at, 409, 16, tiles);
	isa_set_bits(at, 434, 6, row_units - 1);
	return at;
}

/* Units, and zeros to the end of a row. */
static void must_be_row(const struct script *s, uint32_t tile, uint32_t row,
			const uint32_t *units, uint32_t count)
{
	const uint8_t *is = silicon_row(s->program, tile, row);
	uint32_t all[ROW_UNITS] = { 0 };

	assert_non_null(is);
	memcpy(all, units, (size_t)count * 4);
	assert_memory_equal(is, all, sizeof(all));
}

static void what_the_core_collects_is_sent_again_in_shorter_rows(void **state)
{
	static const uint32_t lengths[] = { 1, 5, 8, 63, 64 };
	uint32_t units[100];
	uint8_t full[16 * 256];

	(void)state;
	memset(full, 0xff, sizeof(full));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint32_t n = lengths[i], rows = (100 + n - 1) / n;
		struct script *s = new_rows(units, 100);

		script_rows(s, 1 << 2, 300, full, sizeof(full)); /* of which nothing stays */
		collect(s, TO_CORE, 50, 2);
		give(s, 0, 20, 2);
		receive(s, 1 << 2 | 1 << 7, 400, rows);
		send_again(s, 1 << 2 | 1 << 7, 100, 1, 0, n);
		script_run(s);
		for (uint32_t r = 0; r < rows; r++) {
			uint32_t left = 100 - r * n < n ? 100 - r * n : n;

			must_be_row(s, 2, 400 + r, &units[r * n], left);
			must_be_row(s, 7, 400 + r, &units[r * n], left);
		}
		assert_null(silicon_row(s->program, 2, 400 + rows));
		assert_null(silicon_row(s->program, 3, 400));
		script_free(s);
	}
}

/* Of each block that is sent again, all tiles know; a rest is one as well. */
static void blocks_that_are_sent_again_are_counted(void **state)
{
	uint32_t units[128];
	struct script *s = new_rows(units, 128);

	(void)state;
	collect(s, TO_CORE, 128, 1);
	give(s, 0, 20, 2);
	receive(s, 2, 400, 7);
	send_again(s, 2, 32, 3, 8, 16); /* 104 units */
	script_ask(s, 9, SCRIPT_PRODUCER_A);
	script_stops(s, "tile 9 waits for ever: ring producer A is 4 and not 32767");
	must_be_row(s, 1, 405, &units[80], 16);
	must_be_row(s, 1, 406, &units[96], 8);
	script_free(s);
}

static void blocks_of_the_host_are_not_counted(void **state)
{
	static const uint8_t zeros[512];
	struct script *s = script_new();

	(void)state;
	script_rows(s, 1, 20, zeros, sizeof(zeros));
	script_ask(s, 9, SCRIPT_PRODUCER_A);
	script_stops(s, "tile 9 waits for ever: ring producer A is 0 and not 32767");
	script_free(s);
}

static void what_is_sent_next_begins_with_a_block(void **state)
{
	uint32_t units[192];
	struct script *s = new_rows(units, 192);

	(void)state;
	collect(s, TO_CORE, 64, 3);
	give(s, 0, 20, 3);
	receive(s, 2, 400, 3);
	for (uint32_t i = 0; i < 3; i++)
		send_again(s, 2, 64, 0, 40, 64);
	script_run(s);
	for (uint32_t i = 0; i < 3; i++)
		must_be_row(s, 1, 400 + i, &units[(size_t)64 * i], 40);
	script_free(s);
}

static void a_send_of_what_was_not_collected_is_told(void **state)
{
	uint32_t units[64];
	struct script *s = new_rows(units, 64);

	(void)state;
	collect(s, TO_CORE, 64, 1);
	give(s, 0, 20, 1);
	script_fence(s);
	send_again(s, 2, 64, 0, 40, 64);
	send_again(s, 2, 64, 0, 1, 64);
	script_stops(s, "it waits for ever: the host has no more bytes, or no tile takes them");
	script_free(s);
}

/* Rows of the image that two sends share: units of 8 bytes here. */
static void a_send_of_the_host_begins_before_the_end_of_the_last(void **state)
{
	uint32_t units[64];
	struct script *s = script_new();

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		units[i] = i + 1;
	receive(s, 1, 400, 3);
	script_send(s, 1, units, 160);                            /* 0 to 19 of 8 bytes */
	isa_set_bits(script_send(s, 1, &units[40], 64), 14, 20, 12);
	isa_set_bits(script_send(s, 1, &units[56], 32), 14, 20, 20);
	script_run(s);
	must_be_row(s, 0, 400, &units[0], 40);
	must_be_row(s, 0, 401, &units[24], 16);
	must_be_row(s, 0, 402, &units[40], 8);
	script_free(s);
}

/* Of two inputs; the second begins before the end of what the first send brings. */
static void sends_count_from_what_is_opened(void **state)
{
	uint32_t units[64];
	struct script *s = script_new();

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		units[i] = i + 1;
	s->first_bytes = 96;
	receive(s, 1, 400, 2);
	isa_set_bits(script_scalar(s, 0x05), 12, 2, 1);
	script_send(s, 1, units, 80);
	isa_set_bits(script_scalar(s, 0x05), 12, 2, 1);
	isa_set_bits(script_send(s, 1, &units[20], 80), 14, 20, 2);
	s->input_bytes += 32;
	memcpy(s->input, units, s->input_bytes);
	script_run(s);
	must_be_row(s, 0, 400, &units[0], 20);
	must_be_row(s, 0, 401, &units[24 + 4], 20);
	script_free(s);
}

static void more_inputs_than_the_host_has_cannot_be_opened(void **state)
{
	struct script *s = script_new();

	(void)state;
	for (int i = 0; i < 2; i++)
		isa_set_bits(script_scalar(s, 0x05), 12, 2, 1);
	script_stops(s, "it opens more than the host sends");
	script_free(s);
}

/* 640 bytes in two and a half rows, and 64 of another tile. */
static void the_host_collects_several_rows_in_order(void **state)
{
	uint32_t units[192], other[16];
	struct script *s = new_rows(units, 192);

	(void)state;
	for (uint32_t i = 0; i < 16; i++)
		other[i] = 5000 + i;
	script_rows(s, 1 << 3, 20, other, sizeof(other));
	s->output_bytes = 640 + 64;
	collect(s, TO_HOST, 40, 2);
	give(s, 0, 20, 3);
	script_fence(s);
	collect(s, TO_HOST, 8, 1);
	give(s, 3, 20, 1);
	script_run(s);
	assert_memory_equal(s->output, units, 640);
	assert_memory_equal(s->output + 640, other, 64);
	script_free(s);
}

static void more_output_than_the_host_takes_is_told(void **state)
{
	uint32_t units[192];
	struct script *s = new_rows(units, 192);

	(void)state;
	s->output_bytes = 512;
	collect(s, TO_HOST, 65, 1);
	give(s, 0, 20, 3);
	script_stops(s, "more output than there is room for");
	script_free(s);
}

static void what_is_sent_and_collected_otherwise_is_told(void **state)
{
	uint32_t units[64];

	(void)state;
	for (uint32_t to = 0; to < 3; to += 2) {
		struct script *s = new_rows(units, 64);

		collect(s, to, 1, 1);
		script_stops(s, "where it collects to is not understood");
		script_free(s);
	}
	for (uint32_t of = 0; of < 4; of += 3) {
		struct script *s = new_rows(units, 64);

		isa_set_bits(script_scalar(s, 0x06), 12, 2, of);
		script_stops(s, of == 3 ? "what it sends is not understood" :
			     "it waits for ever: the host has no more bytes, or no tile "
			     "takes them");
		script_free(s);
	}
}

static void a_collect_that_gets_nothing_is_told(void **state)
{
	uint32_t units[64];
	struct script *s = new_rows(units, 64);

	(void)state;
	collect(s, TO_CORE, 65, 1);
	give(s, 0, 20, 1);
	script_stops(s, "it waits for ever: no tile gives it any output");
	script_free(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_core_collects_is_sent_again_in_shorter_rows),
		cmocka_unit_test(blocks_that_are_sent_again_are_counted),
		cmocka_unit_test(blocks_of_the_host_are_not_counted),
		cmocka_unit_test(what_is_sent_next_begins_with_a_block),
		cmocka_unit_test(a_send_of_what_was_not_collected_is_told),
		cmocka_unit_test(a_send_of_the_host_begins_before_the_end_of_the_last),
		cmocka_unit_test(sends_count_from_what_is_opened),
		cmocka_unit_test(more_inputs_than_the_host_has_cannot_be_opened),
		cmocka_unit_test(the_host_collects_several_rows_in_order),
		cmocka_unit_test(more_output_than_the_host_takes_is_told),
		cmocka_unit_test(what_is_sent_and_collected_otherwise_is_told),
		cmocka_unit_test(a_collect_that_gets_nothing_is_told),
	};

	return CHECK_RUN(tests);
}
