/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <string.h>

#include "runtime/schema/tflite.h"

/* Every output element is the input element at its index modulo the lengths,
   trailing dimensions aligned. */
static void assert_repeated(const struct single *s)
{
	const struct atoll_tensor *in = s->in[0], *out = s->out[0];
	int32_t index[ATOLL_RANK_MAX] = { 0 };

	do {
		int32_t at[ATOLL_RANK_MAX];

		for (uint32_t d = 0; d < in->rank; d++)
			at[d] = index[d + out->rank - in->rank] % in->dims[d];
		assert_memory_equal(single_at(out, index), single_at(in, at),
				    atoll_type_bytes(in->type));
	} while (single_next(out, index));
}

static void tile_repeats_each_dimension(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < 60; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5);
		int32_t dims[ATOLL_RANK_MAX], times[ATOLL_RANK_MAX];
		struct single s;

		single_any_dims(&random, rank, dims);
		for (uint32_t d = 0; d < rank; d++)
			times[d] = check_random_in(&random, 1, 3);
		single_new(&s, BUILTIN_TILE, OPTIONS_TILE);
		single_input(&s, type, rank, dims);
		single_ints(&s, rank, times);
		single_output(&s, type);
		single_run(&s);
		for (uint32_t d = 0; d < rank; d++)
			dims[d] *= times[d];
		single_assert_shape(s.out[0], rank, dims);
		assert_repeated(&s);
		single_free(&s);
	}
}

static void tile_by_zero_is_empty(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_TILE, OPTIONS_TILE);
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 2, 3 });
	single_ints(&s, 2, (int32_t[]){ 2, 0 });
	single_output(&s, ATOLL_INT8);
	single_run(&s);
	single_assert_shape(s.out[0], 2, (int32_t[]){ 4, 0 });
	single_free(&s);
}

static void broadcast_to_stretches_ones_and_adds_dimensions(void **state)
{
	struct check_random random = { 2 };

	(void)state;
	for (int round = 0; round < 60; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 0, 4);
		uint32_t more = (uint32_t)check_random_in(&random, rank ? 0 : 1, 2);
		int32_t dims[ATOLL_RANK_MAX], wanted[ATOLL_RANK_MAX];
		struct single s;

		single_any_dims(&random, rank + more, wanted);
		for (uint32_t d = 0; d < rank; d++)
			dims[d] = check_random(&random) % 2 ? 1 : wanted[d + more];
		single_new(&s, BUILTIN_BROADCAST_TO, OPTIONS_BROADCAST_TO);
		single_input(&s, type, rank, dims);
		single_ints(&s, rank + more, wanted);
		single_output(&s, type);
		single_run(&s);
		single_assert_shape(s.out[0], rank + more, wanted);
		assert_repeated(&s);
		single_free(&s);
	}
}

static void shapes_that_do_not_match_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_TILE, OPTIONS_TILE);
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 2, 3 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "TILE: 1 multiples for 2 dimensions");

	single_new(&s, BUILTIN_TILE, OPTIONS_TILE);
	single_input(&s, ATOLL_INT8, 1, (int32_t[]){ 3 });
	single_ints(&s, 1, (int32_t[]){ 1 << 30 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "dimension 0: 3 times 1073741824");

	single_new(&s, BUILTIN_TILE, OPTIONS_TILE);
	single_input(&s, ATOLL_INT8, 1, (int32_t[]){ 3 });
	single_ints(&s, 1, (int32_t[]){ -1 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "dimension 0: 3 times -1");

	single_new(&s, BUILTIN_BROADCAST_TO, OPTIONS_BROADCAST_TO);
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 2, 3 });
	single_ints(&s, 2, (int32_t[]){ 4, 3 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "BROADCAST_TO: shape 2x3 does not broadcast to 4x3");

	single_new(&s, BUILTIN_BROADCAST_TO, OPTIONS_BROADCAST_TO);
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 1, 3 });
	single_ints(&s, 1, (int32_t[]){ 3 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "shape 1x3 does not broadcast to 3");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tile_repeats_each_dimension),
		cmocka_unit_test(tile_by_zero_is_empty),
		cmocka_unit_test(broadcast_to_stretches_ones_and_adds_dimensions),
		cmocka_unit_test(shapes_that_do_not_match_are_refused),
	};

	return CHECK_RUN(tests);
}
