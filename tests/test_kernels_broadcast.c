/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/exact.h"

#define ROUNDS 100

/* The element of `in` that stands at `index` of a shape of `rank`. */
static int64_t stretched(const struct atoll_tensor *in, uint32_t rank,
			 const int32_t *index)
{
	size_t at = 0;

	for (uint32_t d = 0; d < in->rank; d++) {
		int32_t i = index[rank - in->rank + d];

		at = at * (size_t)in->dims[d] + (size_t)(in->dims[d] == 1 ? 0 : i);
	}
	return exact_at(in, at);
}

/* Drop leading dimensions and make some of the rest 1. */
static uint32_t shrink(struct check_random *random, uint32_t rank, const int32_t *dims,
		       int32_t *smaller)
{
	uint32_t drop = check_random(random) % (rank + 1);

	if (check_random(random) % 3)
		drop = 0;
	for (uint32_t d = drop; d < rank; d++)
		smaller[d - drop] = check_random(random) % 3 ? dims[d] : 1;
	return rank - drop;
}

static void two_operands_stretch_into_one_shape(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t rank = (uint32_t)check_random_in(&random, 0, 6);
		int32_t dims[ATOLL_RANK_MAX], one[ATOLL_RANK_MAX];
		int32_t index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		single_any_dims(&random, rank, dims);
		single_new(&s, BUILTIN_SUB, OPTIONS_SUB);
		if (round % 2)
			single_input(&s, ATOLL_INT32, rank, dims);
		single_input(&s, ATOLL_INT32, shrink(&random, rank, dims, one), one);
		if (round % 2 == 0)
			single_input(&s, ATOLL_INT32, rank, dims);
		single_output(&s, ATOLL_INT32);
		single_run(&s);
		single_assert_shape(s.out[0], rank, dims);
		do {
			int64_t a = stretched(s.in[0], rank, index);
			int64_t b = stretched(s.in[1], rank, index);
			int32_t got;

			memcpy(&got, single_at(s.out[0], index), sizeof(got));
			assert_int_equal(got, (int32_t)(uint32_t)(a - b));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void both_operands_may_stretch(void **state)
{
	int32_t index[ATOLL_RANK_MAX] = { 0 };
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_INT32, 4, (int32_t[]){ 3, 1, 4, 1 });
	single_input(&s, ATOLL_INT32, 3, (int32_t[]){ 5, 1, 2 });
	single_output(&s, ATOLL_INT32);
	single_run(&s);
	single_assert_shape(s.out[0], 4, (int32_t[]){ 3, 5, 4, 2 });
	do {
		int64_t sum = stretched(s.in[0], 4, index) + stretched(s.in[1], 4, index);
		int32_t got;

		memcpy(&got, single_at(s.out[0], index), sizeof(got));
		assert_int_equal(got, (int32_t)(uint32_t)sum);
	} while (single_next(s.out[0], index));
	single_free(&s);
}

static void three_operands_stretch_into_one_shape(void **state)
{
	struct check_random random = { 3 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		enum atoll_type type = single_any_type(&random);
		int32_t dims[ATOLL_RANK_MAX], one[ATOLL_RANK_MAX];
		int32_t index[ATOLL_RANK_MAX] = { 0 };
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5);
		struct single s;

		single_any_dims(&random, rank, dims);
		single_new(&s, BUILTIN_SELECT_V2, OPTIONS_SELECT_V2);
		single_input(&s, ATOLL_BOOL, shrink(&random, rank, dims, one), one);
		single_input(&s, type, shrink(&random, rank, dims, one), one);
		single_input(&s, type, rank, dims);
		single_output(&s, type);
		single_run(&s);
		single_assert_shape(s.out[0], rank, dims);
		do {
			bool is_true = stretched(s.in[0], rank, index);
			const struct atoll_tensor *from = s.in[is_true ? 1 : 2];
			size_t width = atoll_type_bytes(type);
			int32_t at[ATOLL_RANK_MAX] = { 0 };

			for (uint32_t d = 0; d < from->rank; d++)
				if (from->dims[d] != 1)
					at[d] = index[rank - from->rank + d];
			assert_memory_equal(single_at(s.out[0], index),
					    single_at(from, at), width);
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void long_rows_and_threads_change_nothing(void **state)
{
	static uint8_t once[3 * 5000 * 7];
	struct single s;

	(void)state;
	for (uint32_t threads = 1; threads <= 4; threads++) {
		single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
		s.graph.options.threads = threads;
		single_input(&s, ATOLL_UINT8, 3, (int32_t[]){ 3, 5000, 7 });
		single_input(&s, ATOLL_UINT8, 3, (int32_t[]){ 3, 1, 1 });
		single_output(&s, ATOLL_UINT8);
		single_run(&s);
		assert_int_equal(s.out[0]->bytes, sizeof(once));
		if (threads == 1)
			memcpy(once, s.out[0]->data, sizeof(once));
		assert_memory_equal(s.out[0]->data, once, sizeof(once));
		single_free(&s);
	}
}

static void empty_operands_give_an_empty_result(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_INT32, 2, (int32_t[]){ 0, 3 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 3 });
	single_output(&s, ATOLL_INT32);
	single_run(&s);
	single_assert_shape(s.out[0], 2, (int32_t[]){ 0, 3 });
	single_free(&s);

	single_new(&s, BUILTIN_SOFTMAX, OPTIONS_SOFTMAX);
	single_input(&s, ATOLL_FLOAT32, 2, (int32_t[]){ 4, 0 });
	single_output(&s, ATOLL_FLOAT32);
	single_run(&s);
	single_assert_shape(s.out[0], 2, (int32_t[]){ 4, 0 });
	single_free(&s);
}

static void shapes_that_do_not_fit_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_INT32, 2, (int32_t[]){ 4, 3 });
	single_input(&s, ATOLL_INT32, 2, (int32_t[]){ 4, 2 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "ADD: shapes 4x3 and 4x2 do not broadcast");
}

static void a_wrong_number_of_operands_is_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "ADD: 1 inputs, expected 2");
}

static void operands_of_different_types_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "type float32, supported: int32");

	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_INT16);
	single_refused(&s, "type int16, supported: int32");
}

static void a_last_dimension_is_needed_where_one_is_walked(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_LOG_SOFTMAX, OPTIONS_LOG_SOFTMAX);
	single_input(&s, ATOLL_FLOAT32, 0, NULL);
	single_output(&s, ATOLL_FLOAT32);
	single_refused(&s, "is a scalar");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_operands_stretch_into_one_shape),
		cmocka_unit_test(both_operands_may_stretch),
		cmocka_unit_test(three_operands_stretch_into_one_shape),
		cmocka_unit_test(long_rows_and_threads_change_nothing),
		cmocka_unit_test(empty_operands_give_an_empty_result),
		cmocka_unit_test(shapes_that_do_not_fit_are_refused),
		cmocka_unit_test(a_wrong_number_of_operands_is_refused),
		cmocka_unit_test(operands_of_different_types_are_refused),
		cmocka_unit_test(a_last_dimension_is_needed_where_one_is_walked),
	};
	return CHECK_RUN(tests);
}
