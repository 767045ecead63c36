/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/kernels/move.h"
#include "runtime/pool.h"

/* Room around what may be touched, to see what must not be. */
#define ROOM (256 * 1024)

/* The loop of move.h, one byte at a time. */
static void move_plainly(const struct move *move, uint32_t d, const uint8_t *from,
			 uint8_t *to)
{
	if (d == move->rank) {
		for (size_t i = 0; i < move->run_bytes; i++)
			to[i] = from[i];
		return;
	}
	for (size_t i = 0; i < move->dim[d].count; i++)
		move_plainly(move, d + 1, from + (ptrdiff_t)i * move->dim[d].from,
			     to + (ptrdiff_t)i * move->dim[d].to);
}

/* Dimensions as given, neither joined nor settled. */
static void add_plainly(struct move *move, size_t count, ptrdiff_t from, ptrdiff_t to)
{
	move->dim[move->rank++] = (struct move_dim){ count, from, to };
}

static void check_move(struct check_random *random, struct pool *pool, uint32_t rank,
		       const size_t *count, const ptrdiff_t *from, const ptrdiff_t *to,
		       size_t run_bytes)
{
	static uint8_t in[ROOM], wanted[ROOM], got[ROOM];
	struct move plain = { .run_bytes = run_bytes }, move = plain;

	for (uint32_t d = 0; d < rank; d++) {
		add_plainly(&plain, count[d], from[d], to[d]);
		move_add(&move, count[d], from[d], to[d]);
		/* Walking backwards begins at the end. */
		if (from[d] < 0)
			plain.from_start -= from[d] * (ptrdiff_t)(count[d] - 1);
	}
	move.from_start = plain.from_start;
	move_settle(&move);
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)check_random(random);
	memset(wanted, 0xa5, sizeof(wanted));
	memset(got, 0xa5, sizeof(got));
	move_plainly(&plain, 0, in + plain.from_start, wanted);
	move_run(&move, in, got, pool);
	assert_memory_equal(got, wanted, sizeof(got));
}

/* Output steps are row-major, input dimensions in any order and direction. */
static void random_move(struct check_random *random, struct pool *pool, int32_t longest)
{
	uint32_t rank = (uint32_t)check_random_in(random, 0, 5), order[5];
	size_t run_bytes = (size_t[]){ 1, 2, 3, 4, 8, 16, 19 }[check_random(random) % 7];
	size_t count[5];
	ptrdiff_t from[5], to[5], step = (ptrdiff_t)run_bytes;

	for (uint32_t d = 0; d < rank; d++) {
		count[d] = (size_t)check_random_in(random, 1, longest);
		order[d] = d;
	}
	for (uint32_t d = rank; d-- > 0; step *= (ptrdiff_t)count[d])
		to[d] = step;
	for (uint32_t d = rank; d > 1; d--) {
		uint32_t other = check_random(random) % d, kept = order[d - 1];

		order[d - 1] = order[other];
		order[other] = kept;
	}
	step = (ptrdiff_t)run_bytes;
	for (uint32_t i = 0; i < rank; i++) {
		uint32_t d = order[i];

		from[d] = check_random(random) % 8 == 0 ? 0 :
			check_random(random) % 4 == 0 ? -step : step;
		step *= (ptrdiff_t)count[d];
	}
	if (step <= ROOM)
		check_move(random, pool, rank, count, from, to, run_bytes);
}

static void any_box_arrives_as_the_plain_loop_puts_it(void **state)
{
	struct check_random random = { 1 };
	struct pool *pool = pool_new(1, NULL);

	(void)state;
	for (int round = 0; round < 300; round++)
		random_move(&random, pool, 7);
	pool_free(pool);
}

static void large_boxes_are_shared_without_a_difference(void **state)
{
	struct check_random random = { 2 };
	struct pool *pool = pool_new(3, NULL);

	(void)state;
	for (int round = 0; round < 30; round++) {
		size_t rows = (size_t)check_random_in(&random, 300, 500);
		size_t columns = (size_t)check_random_in(&random, 300, 500);
		ptrdiff_t row = (ptrdiff_t)rows, column = (ptrdiff_t)columns;

		/* A transposition, and a copy that keeps every second byte. */
		check_move(&random, pool, 2, (size_t[]){ columns, rows },
			   (ptrdiff_t[]){ 1, column }, (ptrdiff_t[]){ row, 1 }, 1);
		check_move(&random, pool, 1, (size_t[]){ 128 * 1024 },
			   (ptrdiff_t[]){ 2 }, (ptrdiff_t[]){ 1 }, 1);
	}
	pool_free(pool);
}

static void what_is_contiguous_becomes_one_run(void **state)
{
	struct move move = { .run_bytes = 4 };

	(void)state;
	move_add(&move, 2, 60, 60);
	move_add(&move, 5, 12, 12);
	move_add(&move, 1, 99, 7);
	move_add(&move, 3, 4, 4);
	move_settle(&move);
	assert_int_equal(move.rank, 0);
	assert_int_equal(move.run_bytes, 120);
}

static void an_empty_dimension_moves_nothing(void **state)
{
	struct pool *pool = pool_new(1, NULL);
	struct move move = { .run_bytes = 4 };
	char to[8] = "before";

	(void)state;
	move_add(&move, 3, 4, 4);
	move_add(&move, 0, 4, 4);
	move_settle(&move);
	move_run(&move, NULL, to, pool);
	assert_string_equal(to, "before");
	pool_free(pool);
}

static void a_fill_repeats_the_whole_value(void **state)
{
	(void)state;
	for (size_t width = 1; width <= 16; width *= 2)
		for (size_t count = 0; count < 40; count++) {
			const char value[16] = "0123456789abcdef";
			char to[16 * 40 + 1];

			memset(to, '-', sizeof(to));
			move_fill(to, width * count, value, width);
			for (size_t i = 0; i < width * count; i++)
				assert_int_equal(to[i], value[i % width]);
			assert_int_equal(to[width * count], '-');
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_box_arrives_as_the_plain_loop_puts_it),
		cmocka_unit_test(large_boxes_are_shared_without_a_difference),
		cmocka_unit_test(what_is_contiguous_becomes_one_run),
		cmocka_unit_test(an_empty_dimension_moves_nothing),
		cmocka_unit_test(a_fill_repeats_the_whole_value),
	};

	return CHECK_RUN(tests);
}
