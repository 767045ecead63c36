/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/quant.h"
#include "runtime/schema/tflite.h"
#include "tests/exact.h"

#define ROWS 8

static void describe(struct single *s, enum atoll_type type, int32_t columns)
{
	single_new(s, BUILTIN_L2_NORMALIZATION, OPTIONS_L2_NORM);
	s->zero_point = type == ATOLL_UINT8 ? 120 : -7;
	single_input(s, type, 2, (int32_t[]){ ROWS, columns });
	s->scale = 0x1p-7f;
	s->zero_point = type == ATOLL_UINT8 ? 128 : 0;
	single_output(s, type);
}

static void eight_bits_are_near_the_real_ones(void **state)
{
	(void)state;
	for (int k = 0; k < 12; k++) {
		enum atoll_type type = k % 2 ? ATOLL_UINT8 : ATOLL_INT8;
		int32_t columns = 1 + 13 * k;
		struct single s;

		describe(&s, type, columns);
		single_run(&s);
		for (size_t i = 0; i < s.in[0]->elements; i++) {
			size_t first = i / (size_t)columns * (size_t)columns;
			double sum = 0, y, high = type == ATOLL_UINT8 ? 255 : 127;

			for (size_t j = first; j < first + (size_t)columns; j++)
				sum += pow((double)exact_difference(s.in[0], j), 2);
			y = 128 * (double)exact_difference(s.in[0], i) / sqrt(sum) +
			    s.out[0]->quant.zero_point;
			y = sum > 0 ? fmin(y, high) : s.out[0]->quant.zero_point;
			/* Rounded twice: first to halves of a step or finer ones
			   (int8), to 1/32 or finer ones (uint8). */
			assert_true(fabs((double)exact_at(s.out[0], i) - y) <
				    (type == ATOLL_INT8 ? 0.76 : 0.52));
		}
		single_free(&s);
	}
}

static void zeros_stay_zeros(void **state)
{
	struct single s;

	(void)state;
	describe(&s, ATOLL_UINT8, 5);
	single_open(&s);
	memset(s.in[0]->data, 120, s.in[0]->bytes);
	graph_run(&s.graph);
	for (size_t i = 0; i < s.in[0]->elements; i++)
		assert_int_equal(exact_at(s.out[0], i), 128);
	single_free(&s);

	describe(&s, ATOLL_FLOAT32, 5);
	single_open(&s);
	memset(s.in[0]->data, 0, s.in[0]->bytes);
	graph_run(&s.graph);
	assert_memory_equal(s.out[0]->data, s.in[0]->data, s.in[0]->bytes);
	single_free(&s);
}

/* The sum of squares leaves 31 bits and stops at the end. */
static void very_long_rows_do_not_overflow(void **state)
{
	struct single s;

	(void)state;
	describe(&s, ATOLL_INT8, 200000);
	single_open(&s);
	memset(s.in[0]->data, 127, s.in[0]->bytes);
	graph_run(&s.graph);
	for (size_t i = 0; i < s.in[0]->elements; i += 1000)
		assert_int_equal(exact_at(s.out[0], i), 0);
	single_free(&s);
}

static void floats_have_length_one(void **state)
{
	struct single s;

	(void)state;
	describe(&s, ATOLL_FLOAT32, 20);
	single_run(&s);
	for (size_t row = 0; row < ROWS; row++) {
		const float *in = (const float *)s.in[0]->data + 20 * row;
		const float *out = (const float *)s.out[0]->data + 20 * row;
		double sum = 0, length = 0;

		for (int i = 0; i < 20; i++) {
			sum += (double)out[i] * (double)out[i];
			length += (double)in[i] * (double)in[i];
		}
		assert_true(fabs(sum - 1) < 1e-5);
		assert_true(fabs((double)out[3] - (double)in[3] / sqrt(length)) < 1e-6);
	}
	single_free(&s);
}

static void what_cannot_be_normalized_is_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_L2_NORMALIZATION, OPTIONS_L2_NORM);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "uint8 output scale 0.5, zero point 3: must be 1/128 and 128");

	describe(&s, ATOLL_FLOAT32, 4);
	single_byte_option(&s, L2_NORM_FUSED_ACTIVATION, ACTIVATION_RELU);
	single_refused(&s, "L2_NORMALIZATION: fused activation 1, none is supported");

	describe(&s, ATOLL_INT16, 4);
	single_refused(&s, "type int16, supported: float32, uint8, int8");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_bits_are_near_the_real_ones),
		cmocka_unit_test(zeros_stay_zeros),
		cmocka_unit_test(very_long_rows_do_not_overflow),
		cmocka_unit_test(floats_have_length_one),
		cmocka_unit_test(what_cannot_be_normalized_is_refused),
	};
	return CHECK_RUN(tests);
}
