/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include "runtime/schema/tflite.h"

static void shuffle(struct check_random *random, uint32_t rank, int32_t *perm)
{
	for (uint32_t i = 0; i < rank; i++) {
		uint32_t other = check_random(random) % (i + 1);

		perm[i] = perm[other];
		perm[other] = (int32_t)i;
	}
}

static void output_dimension_i_is_input_dimension_perm_i(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < 100; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 6);
		int32_t dims[ATOLL_RANK_MAX], perm[ATOLL_RANK_MAX] = { 0 };
		int32_t shape[ATOLL_RANK_MAX], index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		single_any_dims(&random, rank, dims);
		shuffle(&random, rank, perm);
		single_new(&s, BUILTIN_TRANSPOSE, OPTIONS_TRANSPOSE);
		single_input(&s, type, rank, dims);
		single_ints(&s, rank, perm);
		single_output(&s, type);
		single_run(&s);
		for (uint32_t i = 0; i < rank; i++)
			shape[i] = dims[perm[i]];
		single_assert_shape(s.out[0], rank, shape);
		do {
			int32_t at[ATOLL_RANK_MAX];

			for (uint32_t i = 0; i < rank; i++)
				at[perm[i]] = index[i];
			assert_memory_equal(single_at(s.out[0], index),
					    single_at(s.in[0], at), atoll_type_bytes(type));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void something_else_than_a_permutation_is_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_TRANSPOSE, OPTIONS_TRANSPOSE);
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 2, 3 });
	single_ints(&s, 2, (int32_t[]){ 1, 1 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "TRANSPOSE: dimension 1 is twice in the permutation");

	single_new(&s, BUILTIN_TRANSPOSE, OPTIONS_TRANSPOSE);
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 2, 3 });
	single_ints(&s, 1, (int32_t[]){ 0 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "a permutation of 1 for 2 dimensions");

	single_new(&s, BUILTIN_TRANSPOSE, OPTIONS_TRANSPOSE);
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 2, 3 });
	single_ints(&s, 2, (int32_t[]){ 0, 2 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "axis 2 of 2 dimensions");

	single_new(&s, BUILTIN_TRANSPOSE, OPTIONS_TRANSPOSE);
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 2, 3 });
	single_ints(&s, 2, (int32_t[]){ 0, 1 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "type uint8, expected int8");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_dimension_i_is_input_dimension_perm_i),
		cmocka_unit_test(something_else_than_a_permutation_is_refused),
	};

	return CHECK_RUN(tests);
}
