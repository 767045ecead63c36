/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/decode/classes.h"
#include "tests/check.h"

static struct atoll_tensor row(enum atoll_type type, void *data, size_t elements)
{
	return (struct atoll_tensor){
		.name = "scores", .type = type, .rank = 2,
		.dims = { 1, (int32_t)elements }, .elements = elements,
		.bytes = elements * atoll_type_bytes(type), .data = data,
	};
}

static struct atoll_tensor quantized(enum atoll_type type, void *data, size_t elements,
				     float scale, int32_t zero_point)
{
	struct atoll_tensor tensor = row(type, data, elements);

	tensor.quant = (struct atoll_quant){
		.channels = 1, .scale = scale, .zero_point = zero_point };
	return tensor;
}

static void the_best_come_first_as_real_values(void **state)
{
	uint8_t bytes[] = { 10, 138, 0, 74, 34 };
	int8_t chars[] = { -118, 10, -128, -54, -94 };
	float floats[] = { 0.0390625f, 0.5390625f, 0, 0.2890625f, 0.1328125f };
	struct atoll_tensor outputs[] = {
		quantized(ATOLL_UINT8, bytes, 5, 1 / 256.0f, 0),
		quantized(ATOLL_INT8, chars, 5, 1 / 256.0f, -128),
		row(ATOLL_FLOAT32, floats, 5),
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct atoll_class best[3];

		assert_int_equal(atoll_classes_top(&outputs[i], 0, best, 3), 3);
		assert_int_equal(best[0].index, 1);
		assert_true(best[0].score == 138 / 256.0f);
		assert_int_equal(best[1].index, 3);
		assert_true(best[1].score == 74 / 256.0f);
		assert_int_equal(best[2].index, 4);
		assert_true(best[2].score == 34 / 256.0f);
	}
}

static void scores_without_a_scale_are_the_stored_numbers(void **state)
{
	int8_t chars[] = { -5, 7 };
	struct atoll_tensor output = row(ATOLL_INT8, chars, 2);
	struct atoll_class best[2];

	(void)state;
	assert_int_equal(atoll_classes_top(&output, -10, best, 2), 2);
	assert_true(best[0].score == 7);
	assert_true(best[1].score == -5);
}

static void equal_scores_are_told_by_index(void **state)
{
	uint8_t bytes[] = { 3, 9, 3, 9, 9, 3 };
	struct atoll_tensor output = row(ATOLL_UINT8, bytes, 6);
	struct atoll_class best[4];
	const uint32_t expected[] = { 1, 3, 4, 0 };

	(void)state;
	assert_int_equal(atoll_classes_top(&output, 0, best, 4), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(best[i].index, expected[i]);
}

static void scores_below_the_threshold_are_left_out(void **state)
{
	float floats[] = { 0.1f, 0.5f, 0.49f, 0.9f };
	struct atoll_tensor output = row(ATOLL_FLOAT32, floats, 4);
	struct atoll_class best[4];

	(void)state;
	assert_int_equal(atoll_classes_top(&output, 0.5f, best, 4), 2);
	assert_int_equal(best[0].index, 3);
	assert_int_equal(best[1].index, 1); /* exactly at it */
	assert_int_equal(atoll_classes_top(&output, 0.91f, best, 4), 0);
	assert_int_equal(atoll_classes_top(&output, -INFINITY, best, 4), 4);
}

static void there_may_be_fewer_classes_than_room(void **state)
{
	uint8_t bytes[] = { 1, 2 };
	struct atoll_tensor output = row(ATOLL_UINT8, bytes, 2);
	struct atoll_class best[10];

	(void)state;
	assert_int_equal(atoll_classes_top(&output, 0, best, 10), 2);
	assert_int_equal(best[0].index, 1);
	output.elements = 0;
	assert_int_equal(atoll_classes_top(&output, 0, best, 10), 0);
}

static void no_room_is_no_class(void **state)
{
	uint8_t bytes[] = { 1, 2 };
	struct atoll_tensor output = row(ATOLL_UINT8, bytes, 2);

	(void)state;
	assert_int_equal(atoll_classes_top(&output, 0, NULL, 0), 0);
}

static void what_is_not_a_number_is_no_class(void **state)
{
	float floats[] = { NAN, 0.5f, NAN, INFINITY, NAN };
	struct atoll_tensor output = row(ATOLL_FLOAT32, floats, 5);
	struct atoll_class best[5];

	(void)state;
	assert_int_equal(atoll_classes_top(&output, -INFINITY, best, 5), 2);
	assert_int_equal(best[0].index, 3);
	assert_int_equal(best[1].index, 1);
}

static void other_types_are_refused(void **state)
{
	int32_t ints[] = { 1, 2 };
	struct atoll_class best[2];

	(void)state;
	for (int type = 0; type <= ATOLL_INT4 + 1; type++) {
		struct atoll_tensor output = row((enum atoll_type)type, ints, 2);
		int is_fine = type == ATOLL_FLOAT32 || type == ATOLL_UINT8 ||
			      type == ATOLL_INT8;

		assert_int_equal(atoll_classes_top(&output, 0, best, 2),
				 is_fine ? 2 : -ENOTSUP);
	}
}

struct ranked {
	uint8_t value;
	uint32_t index;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return x->index < y->index ? -1 : 1;
}

static void it_is_the_beginning_of_a_full_sort(void **state)
{
	struct check_random random = { 5 };
	uint8_t bytes[300];
	struct ranked ranked[300];
	struct atoll_class best[40];
	struct atoll_tensor output = row(ATOLL_UINT8, bytes, 300);

	(void)state;
	for (int round = 0; round < 50; round++) {
		for (uint32_t i = 0; i < 300; i++) {
			bytes[i] = (uint8_t)check_random(&random);
			ranked[i] = (struct ranked){ bytes[i], i };
		}
		qsort(ranked, 300, sizeof(ranked[0]), by_rank);
		assert_int_equal(atoll_classes_top(&output, 0, best, 40), 40);
		for (int i = 0; i < 40; i++)
			assert_int_equal(best[i].index, ranked[i].index);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_come_first_as_real_values),
		cmocka_unit_test(scores_without_a_scale_are_the_stored_numbers),
		cmocka_unit_test(equal_scores_are_told_by_index),
		cmocka_unit_test(scores_below_the_threshold_are_left_out),
		cmocka_unit_test(there_may_be_fewer_classes_than_room),
		cmocka_unit_test(no_room_is_no_class),
		cmocka_unit_test(what_is_not_a_number_is_no_class),
		cmocka_unit_test(other_types_are_refused),
		cmocka_unit_test(it_is_the_beginning_of_a_full_sort),
	};

	return CHECK_RUN(tests);
}
