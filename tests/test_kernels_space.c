/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <string.h>

#include "runtime/schema/tflite.h"

static void depth_and_space_change_places(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < 60; round++) {
		enum atoll_type type = single_any_type(&random);
		bool to_depth = round % 2;
		int32_t b = check_random_in(&random, 1, 3), n = check_random_in(&random, 1, 2);
		int32_t h = check_random_in(&random, 1, 4), w = check_random_in(&random, 1, 4);
		int32_t c = check_random_in(&random, 1, 4), index[ATOLL_RANK_MAX] = { 0 };
		const int32_t wide[] = { n, h * b, w * b, c };
		const int32_t deep[] = { n, h, w, c * b * b };
		const struct atoll_tensor *picture, *cells;
		struct single s;

		single_new(&s, to_depth ? BUILTIN_SPACE_TO_DEPTH : BUILTIN_DEPTH_TO_SPACE,
			   to_depth ? OPTIONS_SPACE_TO_DEPTH : OPTIONS_DEPTH_TO_SPACE);
		single_input(&s, type, 4, to_depth ? wide : deep);
		single_output(&s, type);
		single_option(&s, to_depth ? SPACE_TO_DEPTH_BLOCK_SIZE :
					     DEPTH_TO_SPACE_BLOCK_SIZE, b);
		single_run(&s);
		picture = to_depth ? s.in[0] : s.out[0];
		cells = to_depth ? s.out[0] : s.in[0];
		single_assert_shape(picture, 4, wide);
		single_assert_shape(cells, 4, deep);
		do {
			int32_t y = index[1], x = index[2];
			int32_t at[] = { index[0], y / b, x / b,
					 (y % b * b + x % b) * c + index[3] };

			assert_memory_equal(single_at(picture, index), single_at(cells, at),
					    atoll_type_bytes(type));
		} while (single_next(picture, index));
		single_free(&s);
	}
}

/* One or two blocked dimensions, a frame around the picture. */
struct blocks {
	uint32_t rank;
	int32_t block[2], edge[2][2], cell[2], space[2], n, c;
};

static struct blocks any_blocks(struct check_random *random)
{
	struct blocks b = {
		.rank = (uint32_t)check_random_in(random, 1, 2),
		.n = check_random_in(random, 1, 2),
		.c = check_random_in(random, 1, 3),
	};

	for (uint32_t i = 0; i < b.rank; i++) {
		int32_t frame;

		b.block[i] = check_random_in(random, 1, 3);
		b.cell[i] = check_random_in(random, 1, 4);
		frame = b.block[i] * b.cell[i];
		b.edge[i][0] = check_random_in(random, 0, frame - 1);
		b.edge[i][1] = check_random_in(random, 0, frame - 1 - b.edge[i][0]);
		b.space[i] = frame - b.edge[i][0] - b.edge[i][1];
	}
	return b;
}

/* Each element of the batches is the one of the picture it stands for, or lies
   in the frame. */
static void check_batches(const struct blocks *b, const struct atoll_tensor *picture,
			  const struct atoll_tensor *batches, bool has_frame)
{
	size_t element = atoll_type_bytes(picture->type);
	int64_t zero = picture->type == ATOLL_UINT8 || picture->type == ATOLL_INT8 ? 3 : 0;
	int32_t index[ATOLL_RANK_MAX] = { 0 };

	do {
		int32_t place = index[0] / b->n, at[4] = { index[0] % b->n };
		bool is_inside = true;

		at[b->rank + 1] = index[b->rank + 1];
		for (uint32_t i = b->rank; i-- > 0; place /= b->block[i]) {
			at[i + 1] = index[i + 1] * b->block[i] + place % b->block[i] -
				    b->edge[i][0];
			is_inside &= at[i + 1] >= 0 && at[i + 1] < b->space[i];
		}
		if (is_inside)
			assert_memory_equal(single_at(batches, index),
					    single_at(picture, at), element);
		else if (has_frame)
			assert_memory_equal(single_at(batches, index), &zero, element);
	} while (single_next(batches, index));
}

static void space_and_batches_change_places(void **state)
{
	struct check_random random = { 2 };

	(void)state;
	for (int round = 0; round < 80; round++) {
		enum atoll_type type = single_any_type(&random);
		struct blocks b = any_blocks(&random);
		bool to_batches = round % 2;
		int32_t wide[4] = { b.n }, deep[4] = { b.n };
		struct single s;

		for (uint32_t i = 0; i < b.rank; i++) {
			wide[i + 1] = b.space[i];
			deep[i + 1] = b.cell[i];
			deep[0] *= b.block[i];
		}
		wide[b.rank + 1] = deep[b.rank + 1] = b.c;
		single_new(&s, to_batches ? BUILTIN_SPACE_TO_BATCH_ND :
					    BUILTIN_BATCH_TO_SPACE_ND, 0);
		single_input(&s, type, b.rank + 2, to_batches ? wide : deep);
		single_ints(&s, b.rank, b.block);
		single_ints_of_shape(&s, 2, (int32_t[]){ (int32_t)b.rank, 2 }, b.edge[0]);
		single_output(&s, type);
		single_run(&s);
		single_assert_shape(s.out[0], b.rank + 2, to_batches ? deep : wide);
		check_batches(&b, to_batches ? s.in[0] : s.out[0],
			      to_batches ? s.out[0] : s.in[0], to_batches);
		single_free(&s);
	}
}

static void blocks_that_do_not_fit_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_SPACE_TO_DEPTH, OPTIONS_SPACE_TO_DEPTH);
	single_input(&s, ATOLL_INT8, 4, (int32_t[]){ 1, 4, 5, 1 });
	single_output(&s, ATOLL_INT8);
	single_option(&s, SPACE_TO_DEPTH_BLOCK_SIZE, 2);
	single_refused(&s, "SPACE_TO_DEPTH: 4x5x1 in blocks of 2");

	single_new(&s, BUILTIN_SPACE_TO_DEPTH, OPTIONS_SPACE_TO_DEPTH);
	single_input(&s, ATOLL_INT8, 4, (int32_t[]){ 1, 4, 5, 1 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "block size 0");

	single_new(&s, BUILTIN_DEPTH_TO_SPACE, OPTIONS_DEPTH_TO_SPACE);
	single_input(&s, ATOLL_INT8, 4, (int32_t[]){ 1, 4, 5, 6 });
	single_output(&s, ATOLL_INT8);
	single_option(&s, DEPTH_TO_SPACE_BLOCK_SIZE, 2);
	single_refused(&s, "DEPTH_TO_SPACE: 4x5x6 into blocks of 2");

	single_new(&s, BUILTIN_DEPTH_TO_SPACE, OPTIONS_DEPTH_TO_SPACE);
	single_input(&s, ATOLL_INT8, 3, (int32_t[]){ 4, 5, 4 });
	single_output(&s, ATOLL_INT8);
	single_option(&s, DEPTH_TO_SPACE_BLOCK_SIZE, 2);
	single_refused(&s, "input of 3 dimensions, expected 4");

	single_new(&s, BUILTIN_SPACE_TO_BATCH_ND, 0);
	single_input(&s, ATOLL_INT8, 3, (int32_t[]){ 1, 5, 1 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_ints(&s, 2, (int32_t[]){ 0, 0 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "SPACE_TO_BATCH_ND: dimension 1: 5 in blocks of 2");

	single_new(&s, BUILTIN_BATCH_TO_SPACE_ND, 0);
	single_input(&s, ATOLL_INT8, 3, (int32_t[]){ 3, 5, 1 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_ints(&s, 2, (int32_t[]){ 0, 0 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "BATCH_TO_SPACE_ND: 3 batches for blocks of 2");

	single_new(&s, BUILTIN_BATCH_TO_SPACE_ND, 0);
	single_input(&s, ATOLL_INT8, 3, (int32_t[]){ 2, 1, 1 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_ints(&s, 2, (int32_t[]){ 2, 1 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "dimension 1: -1 after cropping");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_and_space_change_places),
		cmocka_unit_test(space_and_batches_change_places),
		cmocka_unit_test(blocks_that_do_not_fit_are_refused),
	};

	return CHECK_RUN(tests);
}
