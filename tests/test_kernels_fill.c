/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <string.h>

#include "runtime/schema/tflite.h"

static void fill_repeats_one_value_of_any_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < 7; i++) {
		size_t element = atoll_type_bytes(single_types[i]);
		struct single s;

		single_new(&s, BUILTIN_FILL, OPTIONS_FILL);
		single_ints(&s, 2, (int32_t[]){ 3, 5 });
		single_input(&s, single_types[i], 0, NULL);
		single_output(&s, single_types[i]);
		single_run(&s);
		single_assert_shape(s.out[0], 2, (int32_t[]){ 3, 5 });
		for (size_t k = 0; k < 15; k++)
			assert_memory_equal((const char *)s.out[0]->data + k * element,
					    s.in[1]->data, element);
		single_free(&s);
	}
}

static void zeros_like_has_the_shape_and_no_contents(void **state)
{
	static const int32_t zeros[6];
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_ZEROS_LIKE, OPTIONS_ZEROS_LIKE);
	single_input(&s, ATOLL_INT32, 2, (int32_t[]){ 2, 3 });
	single_output(&s, ATOLL_INT32);
	single_run(&s);
	single_assert_shape(s.out[0], 2, (int32_t[]){ 2, 3 });
	assert_memory_equal(s.out[0]->data, zeros, sizeof(zeros));
	single_free(&s);
}

static void constant(struct single *s, enum atoll_type type, const void *value)
{
	single_constant(s, &(struct atoll_builder_tensor){
		.name = "number", .type = type, .data = value,
		.bytes = atoll_type_bytes(type) });
}

static void new_range(struct single *s, enum atoll_type type, const void *start,
		      const void *limit, const void *delta)
{
	single_new(s, BUILTIN_RANGE, OPTIONS_RANGE);
	constant(s, type, start);
	constant(s, type, limit);
	constant(s, type, delta);
	single_output(s, type);
}

static void range_counts_up_to_the_limit(void **state)
{
	struct single s;

	(void)state;
	new_range(&s, ATOLL_INT32, &(int32_t){ 3 }, &(int32_t){ 10 }, &(int32_t){ 2 });
	single_open(&s);
	single_assert_shape(s.out[0], 1, (int32_t[]){ 4 });
	assert_memory_equal(s.out[0]->data, ((int32_t[]){ 3, 5, 7, 9 }), 16);
	single_free(&s);

	new_range(&s, ATOLL_INT64, &(int64_t){ 1 }, &(int64_t){ -3 }, &(int64_t){ -2 });
	single_open(&s);
	single_assert_shape(s.out[0], 1, (int32_t[]){ 2 });
	assert_memory_equal(s.out[0]->data, ((int64_t[]){ 1, -1 }), 16);
	single_free(&s);

	new_range(&s, ATOLL_FLOAT32, &(float){ 0 }, &(float){ 1 }, &(float){ 0.25f });
	single_open(&s);
	single_assert_shape(s.out[0], 1, (int32_t[]){ 4 });
	assert_memory_equal(s.out[0]->data, ((float[]){ 0, 0.25f, 0.5f, 0.75f }), 16);
	single_free(&s);

	new_range(&s, ATOLL_INT32, &(int32_t){ 3 }, &(int32_t){ 3 }, &(int32_t){ 1 });
	single_open(&s);
	single_assert_shape(s.out[0], 1, (int32_t[]){ 0 });
	single_free(&s);
}

static void what_cannot_be_filled_is_refused(void **state)
{
	struct single s;

	(void)state;
	new_range(&s, ATOLL_INT32, &(int32_t){ 3 }, &(int32_t){ 5 }, &(int32_t){ 0 });
	single_refused(&s, "RANGE: from 3 to 5 in steps of 0");

	single_new(&s, BUILTIN_FILL, OPTIONS_FILL);
	single_ints(&s, 1, (int32_t[]){ 3 });
	single_input(&s, ATOLL_INT8, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "FILL: 2 values, expected one");

	single_new(&s, BUILTIN_FILL, OPTIONS_FILL);
	single_ints(&s, 1, (int32_t[]){ -3 });
	single_input(&s, ATOLL_INT8, 0, NULL);
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "dimension 0 is -3");

	/* Its 0 would be the stored one, which is not the real one. */
	single_new(&s, BUILTIN_ZEROS_LIKE, OPTIONS_ZEROS_LIKE);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "ZEROS_LIKE: input 0 (it): type uint8");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fill_repeats_one_value_of_any_type),
		cmocka_unit_test(zeros_like_has_the_shape_and_no_contents),
		cmocka_unit_test(range_counts_up_to_the_limit),
		cmocka_unit_test(what_cannot_be_filled_is_refused),
	};

	return CHECK_RUN(tests);
}
