/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/quant.h"
#include "runtime/schema/tflite.h"
#include "tests/exact.h"

#define COUNT 400

/* A model of two operands and an output of one type and scale each. */
static void two_operands(struct single *s, uint32_t code, uint8_t options,
			 enum atoll_type type, const float *scales)
{
	struct check_random random = { code + (uint64_t)type };

	single_new(s, code, options);
	for (int i = 0; i < 2; i++) {
		s->scale = scales[i];
		s->zero_point = type == ATOLL_UINT8 ? check_random_in(&random, 0, 255) :
						      check_random_in(&random, -128, 127);
		single_input(s, type, 1, (int32_t[]){ COUNT });
	}
	s->scale = scales[2];
	single_output(s, type);
}

static void fill_floats(const struct atoll_tensor *tensor, struct check_random *random)
{
	for (size_t i = 0; i < tensor->elements; i++)
		((float *)tensor->data)[i] =
			(float)check_random_in(random, -1000, 1000) / 64;
}

static void quantized_products_equal_the_described_arithmetic(void **state)
{
	static const enum atoll_type types[3] = { ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16 };
	static const float scales[4][3] = {
		{ 0.01f, 0.02f, 0.0123f }, { 1.7f, 0.4f, 0.9f },
		{ 0.003f, 0.0041f, 0.00007f }, { 0.6f, 0.55f, 0.001f },
	};

	(void)state;
	for (int t = 0; t < 3; t++) {
		for (int k = 0; k < 4; k++) {
			struct single s;
			double by;

			two_operands(&s, BUILTIN_MUL, OPTIONS_MUL, types[t], scales[k]);
			single_run(&s);
			by = (double)(scales[k][0] * scales[k][1] / scales[k][2]);
			for (size_t i = 0; i < COUNT; i++) {
				int64_t product = exact_difference(s.in[0], i) *
						  exact_difference(s.in[1], i);

				assert_int_equal(exact_at(s.out[0], i),
						 exact_stored(exact_scaled(product, by),
							      s.out[0]));
			}
			single_free(&s);
		}
	}
}

/* Such files exist: the output scale is so small that everything saturates. */
static void a_multiplier_beyond_32_bits_saturates(void **state)
{
	static const float scales[3] = { 0.5f, 0.5f, 1e-35f };
	struct single s;

	(void)state;
	two_operands(&s, BUILTIN_MUL, OPTIONS_MUL, ATOLL_UINT8, scales);
	single_run(&s);
	for (size_t i = 0; i < COUNT; i++) {
		int64_t product = exact_difference(s.in[0], i) *
				  exact_difference(s.in[1], i);

		if (product != 0)
			assert_int_equal(exact_at(s.out[0], i), product > 0 ? 255 : 0);
		else
			assert_int_equal(exact_at(s.out[0], i),
					 s.out[0]->quant.zero_point);
	}
	single_free(&s);
}

static void squared_differences_equal_the_described_arithmetic(void **state)
{
	static const float scales[3][3] = {
		{ 0.01f, 0.02f, 0.0123f }, { 0.4f, 0.4f, 0.9f }, { 0.3f, 0.0041f, 0.1f },
	};

	(void)state;
	for (int k = 0; k < 3; k++) {
		double a = (double)scales[k][0], b = (double)scales[k][1];
		double common = 2 * (a > b ? a : b);
		double back = common * common / (0x1p14 * (double)scales[k][2]);
		struct single s;

		two_operands(&s, BUILTIN_SQUARED_DIFFERENCE, OPTIONS_SQUARED_DIFFERENCE,
			     ATOLL_INT8, scales[k]);
		single_run(&s);
		for (size_t i = 0; i < COUNT; i++) {
			int64_t d = exact_scaled(exact_difference(s.in[0], i) * 128,
						 a / common) -
				    exact_scaled(exact_difference(s.in[1], i) * 128,
						 b / common);

			assert_int_equal(exact_at(s.out[0], i),
					 exact_stored(exact_scaled(d * d, back),
						      s.out[0]));
		}
		single_free(&s);
	}
}

/* Floats in, and what they should give, in double. */
static void check_floats(uint32_t code, uint8_t options, double (*wanted)(double, double))
{
	static const float scales[3] = { 0 };
	struct check_random random = { code };
	struct single s;

	two_operands(&s, code, options, ATOLL_FLOAT32, scales);
	single_open(&s);
	fill_floats(s.in[0], &random);
	fill_floats(s.in[1], &random);
	graph_run(&s.graph);
	for (size_t i = 0; i < COUNT; i++) {
		double a = (double)((const float *)s.in[0]->data)[i];
		double b = (double)((const float *)s.in[1]->data)[i];
		double got = (double)((const float *)s.out[0]->data)[i];
		double y = wanted(a, b);

		assert_true((isnan(y) && isnan(got)) || got == y ||
			    fabs(got - y) <= 1e-6 * fabs(y));
	}
	single_free(&s);
}

static double product(double a, double b)
{
	return a * b;
}

static double quotient(double a, double b)
{
	return a / b;
}

static double floored(double a, double b)
{
	return floor((double)((float)a / (float)b));
}

static double rest(double a, double b)
{
	return a - b * floor(a / b);
}

static double squared(double a, double b)
{
	return (a - b) * (a - b);
}

static void floats_follow_the_real_functions(void **state)
{
	(void)state;
	check_floats(BUILTIN_MUL, OPTIONS_MUL, product);
	check_floats(BUILTIN_DIV, OPTIONS_DIV, quotient);
	check_floats(BUILTIN_FLOOR_DIV, OPTIONS_FLOOR_DIV, floored);
	check_floats(BUILTIN_FLOOR_MOD, OPTIONS_FLOOR_MOD, rest);
	check_floats(BUILTIN_SQUARED_DIFFERENCE, OPTIONS_SQUARED_DIFFERENCE, squared);
	check_floats(BUILTIN_POW, OPTIONS_POW, pow);
}

/* Nine pairs of int32, with every combination of signs and the one overflow. */
static const int32_t dividends[9] = { 7, -7, 7, -7, 6, -6, INT32_MIN, INT32_MIN, 0 };
static const int32_t divisors[9] = { 2, 2, -2, -2, 3, -3, -1, 2, 5 };

static void check_division(uint32_t code, uint8_t options, const int32_t *wanted)
{
	struct single s;

	single_new(&s, code, options);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 9 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 9 });
	single_output(&s, ATOLL_INT32);
	single_open(&s);
	memcpy(s.in[0]->data, dividends, sizeof(dividends));
	memcpy(s.in[1]->data, divisors, sizeof(divisors));
	graph_run(&s.graph);
	assert_memory_equal(s.out[0]->data, wanted, sizeof(dividends));
	((int32_t *)s.in[1]->data)[4] = 0;
	assert_int_equal(atoll_session_invoke(s.graph.session), -EDOM);
	single_free(&s);
}

static void whole_quotients_round_as_named_and_zero_is_reported(void **state)
{
	static const int32_t quotients[9] = {
		3, -3, -3, 3, 2, 2, INT32_MIN, INT32_MIN / 2, 0 };
	static const int32_t floors[9] = {
		3, -4, -4, 3, 2, 2, INT32_MIN, INT32_MIN / 2, 0 };
	static const int32_t rests[9] = { 1, 1, -1, -1, 0, 0, 0, 0, 0 };

	(void)state;
	check_division(BUILTIN_DIV, OPTIONS_DIV, quotients);
	check_division(BUILTIN_FLOOR_DIV, OPTIONS_FLOOR_DIV, floors);
	check_division(BUILTIN_FLOOR_MOD, OPTIONS_FLOOR_MOD, rests);
}

static void whole_products_wrap_and_are_clamped(void **state)
{
	static const int32_t a[3] = { INT32_MAX, 3, -3 }, b[3] = { 2, 4, 4 };
	static const int32_t wanted[3] = { 0, 6, 0 };
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_MUL, OPTIONS_MUL);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 3 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 3 });
	single_output(&s, ATOLL_INT32);
	single_byte_option(&s, MUL_FUSED_ACTIVATION, ACTIVATION_RELU6);
	single_open(&s);
	memcpy(s.in[0]->data, a, sizeof(a));
	memcpy(s.in[1]->data, b, sizeof(b));
	graph_run(&s.graph);
	assert_memory_equal(s.out[0]->data, wanted, sizeof(wanted));
	single_free(&s);
}

static void what_cannot_be_multiplied_is_refused(void **state)
{
	static const float scales[3] = { 0.5f, 0.5f, 0 };
	struct single s;

	(void)state;
	two_operands(&s, BUILTIN_MUL, OPTIONS_MUL, ATOLL_INT8, scales);
	single_refused(&s, "MUL: output (it): int8 without a scale");
	two_operands(&s, BUILTIN_DIV, OPTIONS_DIV, ATOLL_UINT8, scales);
	single_refused(&s, "DIV: input 0 (it): type uint8, supported: float32, int32");
	two_operands(&s, BUILTIN_SQUARED_DIFFERENCE, OPTIONS_SQUARED_DIFFERENCE,
		     ATOLL_INT8, scales);
	single_refused(&s, "SQUARED_DIFFERENCE: output (it): int8 without a scale");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantized_products_equal_the_described_arithmetic),
		cmocka_unit_test(a_multiplier_beyond_32_bits_saturates),
		cmocka_unit_test(squared_differences_equal_the_described_arithmetic),
		cmocka_unit_test(floats_follow_the_real_functions),
		cmocka_unit_test(whole_quotients_round_as_named_and_zero_is_reported),
		cmocka_unit_test(whole_products_wrap_and_are_clamped),
		cmocka_unit_test(what_cannot_be_multiplied_is_refused),
	};
	return CHECK_RUN(tests);
}
