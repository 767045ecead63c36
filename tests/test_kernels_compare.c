/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/exact.h"

#define COUNT 200

static const struct {
	uint32_t code;
	uint8_t options;
	bool less, equal, greater; /* the answers */
} comparisons[6] = {
	{ BUILTIN_LESS, OPTIONS_LESS, true, false, false },
	{ BUILTIN_LESS_EQUAL, OPTIONS_LESS_EQUAL, true, true, false },
	{ BUILTIN_GREATER, OPTIONS_GREATER, false, false, true },
	{ BUILTIN_GREATER_EQUAL, OPTIONS_GREATER_EQUAL, false, true, true },
	{ BUILTIN_EQUAL, OPTIONS_EQUAL, false, true, false },
	{ BUILTIN_NOT_EQUAL, OPTIONS_NOT_EQUAL, true, false, true },
};

static bool answer(int c, double difference)
{
	return difference < 0 ? comparisons[c].less :
	       difference > 0 ? comparisons[c].greater : comparisons[c].equal;
}

static void check_numbers(int c, enum atoll_type type)
{
	const struct atoll_tensor *a, *b;
	struct single s;

	single_new(&s, comparisons[c].code, comparisons[c].options);
	single_input(&s, type, 1, (int32_t[]){ COUNT });
	single_input(&s, type, 1, (int32_t[]){ COUNT });
	single_output(&s, ATOLL_BOOL);
	single_open(&s);
	single_fill(&s);
	a = s.in[0];
	b = s.in[1];
	/* The same number in every other place. */
	for (size_t i = 0; i < COUNT; i += 2)
		memcpy((char *)b->data + i * atoll_type_bytes(type),
		       (const char *)a->data + i * atoll_type_bytes(type),
		       atoll_type_bytes(type));
	graph_run(&s.graph);
	for (size_t i = 0; i < COUNT; i++) {
		double x = type == ATOLL_FLOAT32 ? (double)((float *)a->data)[i] :
						   (double)exact_at(a, i);
		double y = type == ATOLL_FLOAT32 ? (double)((float *)b->data)[i] :
						   (double)exact_at(b, i);

		assert_int_equal(exact_at(s.out[0], i), answer(c, x - y));
	}
	single_free(&s);
}

static void numbers_are_compared(void **state)
{
	static const enum atoll_type types[5] = {
		ATOLL_INT16, ATOLL_INT32, ATOLL_INT64, ATOLL_FLOAT32, ATOLL_BOOL,
	};

	(void)state;
	for (int c = 0; c < 6; c++)
		for (int t = 0; t < 5; t++)
			check_numbers(c, types[t]);
}

static void nothing_compares_with_nan_but_not_equal(void **state)
{
	(void)state;
	for (int c = 0; c < 6; c++) {
		struct single s;

		single_new(&s, comparisons[c].code, comparisons[c].options);
		single_input(&s, ATOLL_FLOAT32, 0, NULL);
		single_input(&s, ATOLL_FLOAT32, 0, NULL);
		single_output(&s, ATOLL_BOOL);
		single_open(&s);
		*(float *)s.in[0]->data = NAN;
		*(float *)s.in[1]->data = NAN;
		graph_run(&s.graph);
		assert_int_equal(exact_at(s.out[0], 0),
				 comparisons[c].code == BUILTIN_NOT_EQUAL);
		single_free(&s);
	}
}

static void quantized_numbers_are_compared_in_steps_of_a_256th(void **state)
{
	(void)state;
	for (int c = 0; c < 6; c++) {
		enum atoll_type type = c % 2 ? ATOLL_UINT8 : ATOLL_INT8;
		float scales[2] = { 0.013f, c < 3 ? 0.4f : 2.5f };
		struct single s;

		single_new(&s, comparisons[c].code, comparisons[c].options);
		for (int i = 0; i < 2; i++) {
			s.scale = scales[i];
			s.zero_point = 20 + 50 * i;
			single_input(&s, type, 1, (int32_t[]){ COUNT });
		}
		single_output(&s, ATOLL_BOOL);
		single_run(&s);
		for (size_t i = 0; i < COUNT; i++) {
			int64_t x = exact_scaled(256 * exact_difference(s.in[0], i),
						 (double)scales[0]);
			int64_t y = exact_scaled(256 * exact_difference(s.in[1], i),
						 (double)scales[1]);

			assert_int_equal(exact_at(s.out[0], i), answer(c, (double)(x - y)));
		}
		single_free(&s);
	}
}

static void truth_follows_its_tables(void **state)
{
	static const uint8_t a[4] = { 0, 0, 1, 2 }, b[4] = { 0, 1, 0, 1 };
	static const struct {
		uint32_t code;
		uint8_t options;
		uint8_t wanted[4];
	} tables[3] = {
		{ BUILTIN_LOGICAL_AND, OPTIONS_LOGICAL_AND, { 0, 0, 0, 1 } },
		{ BUILTIN_LOGICAL_OR, OPTIONS_LOGICAL_OR, { 0, 1, 1, 1 } },
		{ BUILTIN_LOGICAL_NOT, OPTIONS_LOGICAL_NOT, { 1, 1, 0, 0 } },
	};

	(void)state;
	for (int k = 0; k < 3; k++) {
		struct single s;

		single_new(&s, tables[k].code, tables[k].options);
		single_input(&s, ATOLL_BOOL, 1, (int32_t[]){ 4 });
		if (tables[k].code != BUILTIN_LOGICAL_NOT)
			single_input(&s, ATOLL_BOOL, 1, (int32_t[]){ 4 });
		single_output(&s, ATOLL_BOOL);
		single_open(&s);
		memcpy(s.in[0]->data, a, sizeof(a));
		if (s.op.inputs == 2)
			memcpy(s.in[1]->data, b, sizeof(b));
		graph_run(&s.graph);
		assert_memory_equal(s.out[0]->data, tables[k].wanted, 4);
		single_free(&s);
	}
}

static void extremes_are_picked_in_every_type(void **state)
{
	(void)state;
	for (int k = 0; k < 12; k++) {
		enum atoll_type type = single_types[k / 2];
		bool is_maximum = k % 2;
		struct single s;

		if (type == ATOLL_BOOL)
			type = ATOLL_FLOAT32;
		single_new(&s, is_maximum ? BUILTIN_MAXIMUM : BUILTIN_MINIMUM,
			   OPTIONS_MAXIMUM_MINIMUM);
		single_input(&s, type, 1, (int32_t[]){ COUNT });
		single_input(&s, type, 1, (int32_t[]){ COUNT });
		single_output(&s, type);
		single_run(&s);
		for (size_t i = 0; i < COUNT; i++) {
			if (type == ATOLL_FLOAT32) {
				double x = (double)((float *)s.in[0]->data)[i];
				double y = (double)((float *)s.in[1]->data)[i];

				assert_true((double)((float *)s.out[0]->data)[i] ==
					    (is_maximum ? fmax(x, y) : fmin(x, y)));
			} else {
				int64_t x = exact_at(s.in[0], i), y = exact_at(s.in[1], i);
				bool takes_first = is_maximum ? x > y : x < y;

				assert_int_equal(exact_at(s.out[0], i),
						 takes_first ? x : y);
			}
		}
		single_free(&s);
	}
}

/* One condition for all, for each element, or for each first index. */
static void select_takes_conditions_of_three_shapes(void **state)
{
	(void)state;
	for (int k = 0; k < 3; k++) {
		struct single s;

		single_new(&s, BUILTIN_SELECT, OPTIONS_SELECT);
		if (k == 0)
			single_input(&s, ATOLL_BOOL, 0, NULL);
		else if (k == 1)
			single_input(&s, ATOLL_BOOL, 2, (int32_t[]){ 4, 6 });
		else
			single_input(&s, ATOLL_BOOL, 1, (int32_t[]){ 4 });
		single_input(&s, ATOLL_INT16, 2, (int32_t[]){ 4, 6 });
		single_input(&s, ATOLL_INT16, 2, (int32_t[]){ 4, 6 });
		single_output(&s, ATOLL_INT16);
		single_run(&s);
		single_assert_shape(s.out[0], 2, (int32_t[]){ 4, 6 });
		for (size_t i = 0; i < 24; i++) {
			size_t at = k == 0 ? 0 : k == 1 ? i : i / 6;

			assert_int_equal(exact_at(s.out[0], i),
					 exact_at(s.in[exact_at(s.in[0], at) ? 1 : 2], i));
		}
		single_free(&s);
	}
}

static void what_does_not_fit_together_is_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_MAXIMUM, OPTIONS_MAXIMUM_MINIMUM);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	s.scale = 0.25f;
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "scales 0.5 and 0.25, zero points 3 and 3 must be equal");

	single_new(&s, BUILTIN_LESS, OPTIONS_LESS);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "LESS: output 0 (it): type int32, supported: bool");

	single_new(&s, BUILTIN_SELECT, OPTIONS_SELECT);
	single_input(&s, ATOLL_BOOL, 1, (int32_t[]){ 3 });
	single_input(&s, ATOLL_INT32, 2, (int32_t[]){ 4, 3 });
	single_input(&s, ATOLL_INT32, 2, (int32_t[]){ 4, 3 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "SELECT: the condition (it) has neither the shape");

	single_new(&s, BUILTIN_SELECT_V2, OPTIONS_SELECT_V2);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "SELECT_V2: input 0 (it): type uint8, supported: bool");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_compared),
		cmocka_unit_test(nothing_compares_with_nan_but_not_equal),
		cmocka_unit_test(quantized_numbers_are_compared_in_steps_of_a_256th),
		cmocka_unit_test(truth_follows_its_tables),
		cmocka_unit_test(extremes_are_picked_in_every_type),
		cmocka_unit_test(select_takes_conditions_of_three_shapes),
		cmocka_unit_test(what_does_not_fit_together_is_refused),
	};
	return CHECK_RUN(tests);
}
