/* SPDX-License-Identifier: Apache-2.0 */
/* Moves between the memories of a tile, on the emulated chip, by programs of ours. */
#include <string.h>

#include "tests/check.h"
#include "tests/silicon_script.h"

#define ROWS 6
#define ROW_UNITS 64

/* Unit k of row r is 1000 r + k + 1, in rows 20 to 25 and in narrow memory from 0 on. */
struct known {
	uint32_t row[ROWS][ROW_UNITS];
};

static struct script *new_known(struct known *known)
{
	struct script *s = script_new();

	for (uint32_t r = 0; r < ROWS; r++)
		for (uint32_t k = 0; k < ROW_UNITS; k++)
			known->row[r][k] = 1000 * r + k + 1;
	script_rows(s, 1, 20, known, sizeof(*known));
	script_narrow(s, 1, 0, known, sizeof(*known));
	return s;
}

/* Rows from 20 on to units from 1000 on; a row ends with `row_loop`. */
static uint8_t *to_narrow(struct script *s, uint32_t row_loop, const struct script_loop *loops)
{
	uint8_t *at = script_add(s, 0x14, 1);

	script_place(at, "from", 20, LOOPS({ ROWS, 1 }));
	script_place(at, "into", 1000, loops);
	isa_set_bits(at, 870, 3, row_loop);
	return at;
}

/* Units from 0 on to rows from 100 on. */
static uint8_t *to_wide(struct script *s, uint32_t row_loop, const struct script_loop *loops)
{
	uint8_t *at = script_add(s, 0x13, 1);

	script_place(at, "from", 0, loops);
	script_place(at, "into", 100, LOOPS({ ROWS, 1 }));
	isa_set_bits(at, 801, 3, row_loop);
	return at;
}

static bool is_row(const struct script *s, uint32_t row, const uint32_t *units, uint32_t count)
{
	const uint8_t *is = silicon_row(s->program, 0, row);

	return is && memcmp(is, units, (size_t)count * 4) == 0;
}

static void a_row_to_narrow_ends_with_the_loop_that_is_named(void **state)
{
	struct known known;

	(void)state;
	for (uint32_t loop = 1; loop < 4; loop++) {
		struct script *s = new_known(&known);

		to_narrow(s, loop, LOOPS({ 3, 1 }, { 2, 10 }, { 2, 100 }));
		script_run(s);
		for (uint32_t i = 0; i < 4; i++) {
			/* So many of these rounds are in one row. */
			uint32_t rounds = 1u << (loop - 1);

			assert_true(script_has(s, 0, 1000 + i % 2 * 10 + i / 2 * 100,
					       &known.row[i / rounds][i % rounds * 3], 12));
		}
		assert_null(silicon_unit(s->program, 0, 1003));
		script_free(s);
	}
}

static void a_row_to_wide_ends_with_the_loop_that_is_named(void **state)
{
	struct known known;

	(void)state;
	for (uint32_t loop = 1; loop < 4; loop++) {
		struct script *s = new_known(&known);

		to_wide(s, loop, LOOPS({ 3, 1 }, { 2, 64 }, { 2, 128 }));
		script_run(s);
		for (uint32_t i = 0; i < 4; i++) {
			uint32_t rounds = 1u << (loop - 1);
			const uint8_t *row = silicon_row(s->program, 0, 100 + i / rounds);

			assert_non_null(row);
			assert_memory_equal(row + i % rounds * 12, known.row[i], 12);
		}
		assert_null(silicon_row(s->program, 0, 100 + 4 / (1u << (loop - 1))));
		script_free(s);
	}
}

static void a_row_that_is_full_ends_in_any_case(void **state)
{
	struct known known;
	struct script *s = new_known(&known);

	(void)state;
	to_narrow(s, 7, LOOPS({ 2, 1 }, { 50, 2 }));
	to_wide(s, 7, LOOPS({ 2, 1 }, { 50, 2 }));
	script_run(s);
	assert_true(script_has(s, 0, 1000, &known, 400));
	assert_null(silicon_unit(s->program, 0, 1100));
	assert_true(is_row(s, 100, known.row[0], 64));
	assert_true(is_row(s, 101, known.row[1], 36));
	assert_null(silicon_row(s->program, 0, 102));
	script_free(s);
}

static void units_in_front_of_a_row_are_put_elsewhere_once(void **state)
{
	struct known known;
	struct script *s = new_known(&known);
	uint8_t *at = to_narrow(s, 1, LOOPS({ 4, 1 }, { 3, 10 }));

	(void)state;
	isa_set_bits(at, 542, 1, 1);
	isa_set_bits(at, 543, 3, 1);     /* is not what repeats it */
	isa_set_bits(at, 546, 16, 2000);
	isa_set_bits(at, 562, 16, 5 - 1);
	script_run(s);
	assert_true(script_has(s, 0, 2000, &known.row[0][0], 20));
	assert_null(silicon_unit(s->program, 0, 2005));
	assert_true(script_has(s, 0, 1000, &known.row[0][5], 16));
	assert_true(script_has(s, 0, 1010, &known.row[1][0], 16));
	assert_true(script_has(s, 0, 1020, &known.row[2][0], 16));
	script_free(s);
}

/* Two tables of 2 rows at 300, in turns, each in front of 3 rows. */
static uint8_t *receive_with_tables(struct script *s, uint32_t loop)
{
	uint8_t *at = script_add(s, 0x11, 2);

	script_place(at, "into", 400, LOOPS({ 3, 1 }, { 3, 10 }));
	isa_set_bits(at, 267, 1, 1);
	isa_set_bits(at, 268, 2, loop);
	isa_set_bits(at, 270, 16, 300);
	isa_set_bits(at, 286, 16, 2 - 1);
	isa_set_bits(at, 302, 16, 303);
	isa_set_bits(at, 318, 16, 2);
	return at;
}

/* Rows that all begin with another number, from 1 on. */
static uint8_t *send_numbers(struct script *s, uint32_t tiles, uint32_t rows)
{
	uint32_t row[16][ROW_UNITS] = { { 0 } };

	for (uint32_t i = 0; i < rows; i++)
		row[i][0] = i + 1;
	return script_send(s, tiles, row, rows * (uint32_t)sizeof(row[0]));
}

static uint32_t number_in(const struct script *s, uint32_t row)
{
	const uint8_t *is = silicon_row(s->program, 1, row);
	uint32_t number = 0;

	if (is)
		memcpy(&number, is, sizeof(number));
	return number;
}

static void tables_are_received_in_front_of_each_iteration_in_turns(void **state)
{
	static const uint32_t places[] = { 300, 301, 400, 401, 402, 302, 303, 410, 411, 412,
					   300, 301, 420, 421, 422 };
	struct script *s = script_new();

	(void)state;
	receive_with_tables(s, 1);
	send_numbers(s, 2, 15);
	script_run(s);
	for (uint32_t i = 2; i < 15; i++)
		assert_int_equal(number_in(s, places[i]), i + 1);
	assert_int_equal(number_in(s, 300), 11);
	assert_int_equal(number_in(s, 301), 12);
	script_free(s);
}

static void a_table_of_no_loop_is_received_once(void **state)
{
	struct script *s = script_new();

	(void)state;
	receive_with_tables(s, 0);
	send_numbers(s, 2, 11);
	script_run(s);
	assert_int_equal(number_in(s, 300), 1);
	assert_int_equal(number_in(s, 301), 2);
	assert_int_equal(number_in(s, 302), 0);
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(number_in(s, 400 + i / 3 * 10 + i % 3), i + 3);
	script_free(s);
}

static void a_last_iteration_is_shorter_or_longer(void **state)
{
	static const uint32_t counts[] = { 1, 2, 4, 6, 9 };
	struct known known;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct script *s = new_known(&known);
		uint8_t *at = to_narrow(s, 1, LOOPS({ 4, 1 }, { 3, 10 }));

		script_last(at, "into", 1, counts[i]);
		script_make(at, 0, 0);
		at = to_narrow(s, 1, LOOPS({ 4, 1 }, { 3, 10 }));
		script_place(at, "into", 1500, LOOPS({ 4, 1 }, { 3, 10 }));
		script_run(s);
		assert_true(script_has(s, 0, 1000, known.row[0], 16));
		assert_null(silicon_unit(s->program, 0, 1004));
		assert_true(script_has(s, 0, 1010, known.row[1], 16));
		assert_null(silicon_unit(s->program, 0, 1014));
		assert_true(script_has(s, 0, 1020, known.row[2], 4 * counts[i]));
		assert_null(silicon_unit(s->program, 0, 1020 + counts[i]));
		assert_true(script_has(s, 0, 1520, known.row[2], 16));
		script_free(s);
	}
}

/* Shorter when both outer loops are at their last, or the outermost is. */
static void which_iterations_are_last_is_said_by_a_loop(void **state)
{
	struct known known;

	(void)state;
	for (uint32_t loop = 1; loop < 3; loop++) {
		struct script *s = new_known(&known);
		uint8_t *at = to_narrow(s, 1, LOOPS({ 4, 1 }, { 2, 10 }, { 2, 100 }));

		script_last(at, "into", loop, 2);
		script_run(s);
		assert_non_null(silicon_unit(s->program, 0, 1003));
		assert_non_null(silicon_unit(s->program, 0, 1013));
		assert_int_equal(silicon_unit(s->program, 0, 1103) != NULL, loop == 1);
		assert_non_null(silicon_unit(s->program, 0, 1111));
		assert_null(silicon_unit(s->program, 0, 1112));
		script_free(s);
	}
}

static void a_receiver_has_a_shorter_last_iteration_too(void **state)
{
	struct script *s = script_new();
	uint8_t *at = script_add(s, 0x11, 2);

	(void)state;
	script_place(at, "into", 400, LOOPS({ 3, 1 }, { 3, 10 }));
	script_last(at, "into", 1, 1);
	send_numbers(s, 2, 7);
	script_run(s);
	assert_int_equal(number_in(s, 412), 6);
	assert_int_equal(number_in(s, 420), 7);
	assert_int_equal(number_in(s, 421), 0);
	script_free(s);
}

static void buffers_of_two_parts_are_taken_in_turns(void **state)
{
	struct known known;
	struct script *s = new_known(&known);
	uint8_t *at = script_add(s, 0x14, 1);

	(void)state;
	/* From rows 20, 23, 20: one row and three further, in turns. */
	script_place(at, "from", 20, LOOPS({ 1, 0 }, { 3, 0 }));
	script_turn(at, "from", 1, 3);
	script_place(at, "into", 1000, LOOPS({ 2, 1 }, { 3, 2 }));
	isa_set_bits(at, 870, 3, 1);
	/* Into units 2000, 2030, 2000 and on, two further each time. */
	at = to_narrow(s, 1, LOOPS({ 2, 1 }, { 3, 2 }));
	script_place(at, "into", 2000, LOOPS({ 2, 1 }, { 3, 2 }));
	script_turn(at, "into", 1, 30);
	/* Into rows 100, 104, 102, 106. */
	at = to_wide(s, 1, LOOPS({ 2, 1 }, { 4, 64 }));
	script_place(at, "into", 100, LOOPS({ 1, 0 }, { 4, 1 }));
	script_turn(at, "into", 1, 3);
	script_run(s);
	assert_true(script_has(s, 0, 1000, known.row[0], 8));
	assert_true(script_has(s, 0, 1002, known.row[3], 8));
	assert_true(script_has(s, 0, 1004, known.row[0], 8));
	assert_true(script_has(s, 0, 2000, known.row[0], 8));
	assert_null(silicon_unit(s->program, 0, 2002));
	assert_true(script_has(s, 0, 2032, known.row[1], 8));
	assert_true(script_has(s, 0, 2004, known.row[2], 8));
	for (uint32_t i = 0; i < 4; i++)
		assert_true(is_row(s, 100 + i + i % 2 * 3, known.row[i], 2));
	assert_null(silicon_row(s->program, 0, 101));
	script_free(s);
}

static void receivers_and_senders_have_buffers_of_two_parts(void **state)
{
	static const uint32_t rows[] = { 400, 411, 402, 413 };
	struct script *s = script_new();
	uint8_t *at = script_add(s, 0x11, 1);

	(void)state;
	script_place(at, "into", 400, LOOPS({ 1, 0 }, { 4, 1 }));
	script_turn(at, "into", 1, 10);
	send_numbers(s, 1, 4);
	script_fence(s);
	at = script_add(s, 0x12, 2); /* from tile 0, by the other receiver */
	script_place(at, "into", 400, LOOPS({ 4, 1 }));
	at = script_add(s, 0x10, 1);
	script_place(at, "from", 400, LOOPS({ 1, 0 }, { 4, 1 }));
	script_turn(at, "from", 1, 10);
	isa_set_bits(at, 466, 1, 1);
	isa_set_bits(at, 467, 16, 2);
	script_run(s);
	for (uint32_t i = 0; i < 4; i++) {
		assert_non_null(silicon_row(s->program, 0, rows[i]));
		assert_int_equal(silicon_row(s->program, 0, rows[i])[0], i + 1);
		assert_int_equal(number_in(s, 400 + i), i + 1);
	}
	script_free(s);
}

static void units_go_to_quarters_of_a_row_in_turns(void **state)
{
	struct known known;
	struct script *s = new_known(&known);
	uint8_t *at = to_wide(s, 1, LOOPS({ 64, 1 }, { 2, 64 }));

	(void)state;
	isa_set_bits(at, 799, 2, 1);
	at = to_wide(s, 1, LOOPS({ 6, 1 })); /* and begin anew with a row that is not full */
	script_place(at, "into", 110, LOOPS({ 1, 0 }));
	isa_set_bits(at, 799, 2, 1);
	script_run(s);
	for (uint32_t i = 0; i < 128; i++) {
		const uint8_t *row = silicon_row(s->program, 0, 100 + i / 64);

		assert_non_null(row);
		assert_memory_equal(row + (size_t)4 * (i % 4 * 16 + i % 64 / 4),
				    &known.row[i / 64][i % 64], 4);
	}
	assert_memory_equal(silicon_row(s->program, 0, 110) + 4, &known.row[0][4], 4);
	assert_memory_equal(silicon_row(s->program, 0, 110) + 68, &known.row[0][5], 4);
	script_free(s);
}

static void other_pieces_of_rows_are_refused(void **state)
{
	struct known known;
	struct script *s = new_known(&known);

	(void)state;
	isa_set_bits(to_wide(s, 1, LOOPS({ 64, 1 })), 799, 2, 2);
	script_stops(s, "rows in pieces are not understood");
	script_free(s);
}

/* 5 rows through one, each moved on unit by unit, which takes longer than to receive it. */
static void a_row_is_not_received_over_one_that_is_not_moved_on(void **state)
{
	(void)state;
	for (int is_kept = 1; is_kept >= 0; is_kept--) {
		struct script *s = script_new();
		uint8_t *at = script_add(s, 0x14, 2);
		uint32_t right = 0;

		script_place(at, "from", 500, LOOPS({ 1, 0 }, { 5, 0 }));
		script_place(at, "into", 0, LOOPS({ 8, 1 }, { 5, 8 }));
		script_wait(at, 0, SCRIPT_READ_A, 1, 1, 1);
		isa_set_bits(at, 870, 3, 1);
		at = script_add(s, 0x11, 2);
		script_place(at, "into", 500, LOOPS({ 1, 0 }, { 5, 0 }));
		script_make(at, 0, 1);
		if (is_kept) /* over at once, but it says who uses these rows */
			script_reuse(at, 0, SCRIPT_WIDE_NARROW, 1, -9, 0);
		send_numbers(s, 2, 5);
		script_run(s);
		for (uint32_t i = 0; i < 5; i++) {
			const uint32_t number = i + 1;

			right += script_has(s, 1, 8 * i, &number, 4);
		}
		if (is_kept)
			assert_int_equal(right, 5);
		else
			assert_true(right < 5);
		script_free(s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_to_narrow_ends_with_the_loop_that_is_named),
		cmocka_unit_test(a_row_to_wide_ends_with_the_loop_that_is_named),
		cmocka_unit_test(a_row_that_is_full_ends_in_any_case),
		cmocka_unit_test(units_in_front_of_a_row_are_put_elsewhere_once),
		cmocka_unit_test(tables_are_received_in_front_of_each_iteration_in_turns),
		cmocka_unit_test(a_table_of_no_loop_is_received_once),
		cmocka_unit_test(a_last_iteration_is_shorter_or_longer),
		cmocka_unit_test(which_iterations_are_last_is_said_by_a_loop),
		cmocka_unit_test(a_receiver_has_a_shorter_last_iteration_too),
		cmocka_unit_test(buffers_of_two_parts_are_taken_in_turns),
		cmocka_unit_test(receivers_and_senders_have_buffers_of_two_parts),
		cmocka_unit_test(units_go_to_quarters_of_a_row_in_turns),
		cmocka_unit_test(other_pieces_of_rows_are_refused),
		cmocka_unit_test(a_row_is_not_received_over_one_that_is_not_moved_on),
	};

	return CHECK_RUN(tests);
}
