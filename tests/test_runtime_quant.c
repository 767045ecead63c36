/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/quant.h"

#include <float.h>
#include <math.h>

#include "tests/check.h"

/*
 * The shared arithmetic against the same definitions in integers so wide that
 * nothing can overflow, over random numbers and the ends of their ranges.
 */
typedef __int128 wide;

#define ROUNDS 20000

static struct check_random dice = { 1 };

/* Often an end, a power of two or close to one. */
static int32_t any(void)
{
	static const int32_t ends[] = { INT32_MIN, INT32_MIN + 1, -1, 0, 1,
					INT32_MAX - 1, INT32_MAX };
	int32_t bit = (int32_t)(UINT32_C(1) << check_random_in(&dice, 0, 30));

	switch (check_random_in(&dice, 0, 3)) {
	case 0:
		return ends[check_random_in(&dice, 0, 6)];
	case 1:
		return bit + check_random_in(&dice, -1, 1);
	case 2:
		return -bit + check_random_in(&dice, -1, 1);
	default:
		return (int32_t)check_random(&dice);
	}
}

static wide power(int n)
{
	return (wide)1 << n;
}

/* Towards minus infinity. */
static wide floor_half(wide x, wide by)
{
	wide quotient = x / by;

	return x % by < 0 ? quotient - 1 : quotient;
}

static wide round_half_up(wide x, wide by)
{
	return floor_half(2 * x + by, 2 * by);
}

static wide round_half_away(wide x, wide by)
{
	return x < 0 ? -round_half_up(-x, by) : round_half_up(x, by);
}

static int32_t saturated(wide x)
{
	return x < INT32_MIN ? INT32_MIN : x > INT32_MAX ? INT32_MAX : (int32_t)x;
}

static void the_high_product_rounds_half_up_and_saturates(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int32_t a = any(), b = any();

		assert_int_equal(multiply_high(a, b),
				 saturated(round_half_up((wide)a * b, power(31))));
	}
	assert_int_equal(multiply_high(INT32_MIN, INT32_MIN), INT32_MAX);
	assert_int_equal(multiply_high(-1, 1 << 30), 0); /* -1/2 goes up */
}

static void a_right_shift_rounds_half_away_from_zero(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int32_t x = any(), n = check_random_in(&dice, 0, 31);

		assert_int_equal(shift_right_rounded(x, n),
				 round_half_away(x, power(n)));
	}
	assert_int_equal(shift_right_rounded(-3, 1), -2);
	assert_int_equal(shift_right_rounded(3, 1), 2);
	assert_int_equal(shift_right_rounded(INT32_MIN, 31), -1);
}

static void a_left_shift_ends_at_the_ends(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int32_t x = any(), n = check_random_in(&dice, 0, 40);

		assert_int_equal(shift_left_saturated(x, n), saturated(x * power(n)));
	}
	assert_int_equal(shift_left_saturated(1, 1000), INT32_MAX);
	assert_int_equal(shift_left_saturated(-1, 1000), INT32_MIN);
	assert_int_equal(shift_left_saturated(0, 1000), 0);
}

static struct multiplier any_multiplier(void)
{
	return (struct multiplier){ check_random_in(&dice, 1 << 30, INT32_MAX),
				    check_random_in(&dice, -31, 32) };
}

static void a_product_has_the_two_roundings_of_the_reference(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct multiplier by = any_multiplier();
		int32_t x = any();
		wide expected = x;

		if (by.shift > 0)
			expected = saturated(expected * power(by.shift));
		expected = saturated(round_half_up(expected * by.mantissa, power(31)));
		if (by.shift < 0)
			expected = round_half_away(expected, power(-by.shift));
		assert_int_equal(multiply_by_quantized(x, by), expected);
	}
}

static void a_product_is_at_most_one_from_the_real_one(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		double real = ldexp(check_random_in(&dice, 1, INT32_MAX),
				    check_random_in(&dice, -60, -32));
		int32_t x = any();
		double product = multiply_by_quantized(x, multiplier_from(real));

		assert_true(fabs(product - x * real) <= 1);
	}
}

static void a_wide_product_rounds_once_and_saturates(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct multiplier by = any_multiplier();
		int64_t x = i % 3 ? any() : (int64_t)any() * any();
		wide mantissa = by.mantissa < 0x7fff0000 ?
			round_half_up(by.mantissa, power(16)) : 0x7fff;
		wide expected = by.shift < 15 ?
			round_half_up(x * mantissa, power(15 - by.shift)) :
			x * mantissa * power(by.shift - 15);

		assert_int_equal(multiply_by_quantized_64(x, by), saturated(expected));
	}
	assert_int_equal(multiply_by_quantized_64(INT64_MIN, multiplier_from(1e9)), INT32_MIN);
	assert_int_equal(multiply_by_quantized_64(INT64_MAX, multiplier_from(1e9)), INT32_MAX);
}

static void a_multiplier_is_the_nearest_of_31_bits(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		double real = ldexp(1 + check_random(&dice) * 0x1p-32,
				    check_random_in(&dice, -31, 30));
		struct multiplier by = multiplier_from(real);
		double near = ldexp(by.mantissa, by.shift - 31);

		assert_true(by.mantissa >= 1 << 30);
		assert_true(fabs(near - real) <= ldexp(0.5, by.shift - 31));
	}
}

static void powers_of_two_are_exact_multipliers(void **state)
{
	(void)state;
	for (int n = -32; n <= 31; n++) {
		struct multiplier by = multiplier_from(ldexp(1, n));

		assert_int_equal(by.mantissa, 1 << 30);
		assert_int_equal(by.shift, n + 1);
	}
}

static void just_below_a_power_of_two_the_mantissa_carries(void **state)
{
	struct multiplier by = multiplier_from(nextafter(1, 0));

	(void)state;
	assert_int_equal(by.mantissa, 1 << 30);
	assert_int_equal(by.shift, 1);
}

static void what_is_too_small_to_matter_is_zero(void **state)
{
	static const double small[] = { 0, 0x1p-33, 1e-30, DBL_MIN, 0x1p-1074 };

	(void)state;
	for (unsigned i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		struct multiplier by = multiplier_from(small[i]);

		assert_int_equal(by.mantissa, 0);
		assert_int_equal(by.shift, 0);
		assert_int_equal(multiply_by_quantized(INT32_MIN, by), 0);
	}
}

static void what_is_too_large_saturates_by_sign(void **state)
{
	static const double large[] = { 0x1p32, 1e30, DBL_MAX, INFINITY };

	(void)state;
	for (unsigned i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		struct multiplier by = multiplier_from(large[i]);

		assert_in_range(by.shift, 32, 32);
		assert_true(multiply_by_quantized(1, by) >= 1 << 29);
		assert_true(multiply_by_quantized(-1, by) <= -(1 << 29));
		assert_int_equal(multiply_by_quantized(0, by), 0);
		assert_int_equal(multiply_by_quantized_64(0, by), 0);
	}
}

static void a_stored_result_ends_at_its_range(void **state)
{
	struct quant_range range = { -128, 127 };

	(void)state;
	assert_int_equal(quant_stored(5, -3, range), 2);
	assert_int_equal(quant_stored(INT32_MAX, INT32_MAX, range), 127);
	assert_int_equal(quant_stored(INT32_MIN, INT32_MIN, range), -128);
}

static void types_have_their_ranges(void **state)
{
	(void)state;
	assert_int_equal(quant_type_range(ATOLL_UINT8).low, 0);
	assert_int_equal(quant_type_range(ATOLL_UINT8).high, 255);
	assert_int_equal(quant_type_range(ATOLL_INT8).low, -128);
	assert_int_equal(quant_type_range(ATOLL_INT8).high, 127);
	assert_int_equal(quant_type_range(ATOLL_INT16).low, -32768);
	assert_int_equal(quant_type_range(ATOLL_INT16).high, 32767);
	assert_int_equal(quant_type_range(ATOLL_INT32).low, INT32_MIN);
	assert_int_equal(quant_type_range(ATOLL_INT32).high, INT32_MAX);
}

static void check_range(enum activation activation, enum atoll_type type, float scale,
			int32_t zero, int32_t low, int32_t high)
{
	struct atoll_tensor output = {
		.type = type,
		.quant = { .channels = 1, .scale = scale, .zero_point = zero },
	};
	struct quant_range range = quant_activation_range(activation, &output);

	assert_int_equal(range.low, low);
	assert_int_equal(range.high, high);
}

static void an_activation_narrows_the_stored_range(void **state)
{
	(void)state;
	check_range(ACTIVATION_NONE, ATOLL_INT8, 0.1f, 3, -128, 127);
	check_range(ACTIVATION_RELU, ATOLL_INT8, 0.1f, 3, 3, 127);
	check_range(ACTIVATION_RELU6, ATOLL_INT8, 0.1f, 3, 3, 63);
	check_range(ACTIVATION_RELU_N1_TO_1, ATOLL_INT8, 0.1f, 3, -7, 13);
	check_range(ACTIVATION_RELU, ATOLL_UINT8, 0.1f, 128, 128, 255);
	check_range(ACTIVATION_RELU6, ATOLL_UINT8, 6 / 255.0f, 0, 0, 255);
	/* 6 / 4 and -1 / 0.4 lie halfway */
	check_range(ACTIVATION_RELU6, ATOLL_UINT8, 4, 0, 0, 2);
	check_range(ACTIVATION_RELU_N1_TO_1, ATOLL_INT8, 0.4f, 0, -3, 3);
}

static void an_activation_never_widens_the_type(void **state)
{
	(void)state;
	check_range(ACTIVATION_RELU6, ATOLL_UINT8, 0.001f, 10, 10, 255);
	check_range(ACTIVATION_RELU_N1_TO_1, ATOLL_INT8, FLT_MIN, 0, -128, 127);
	check_range(ACTIVATION_RELU6, ATOLL_INT8, 0x1p-149f, -128, -128, 127);
	check_range(ACTIVATION_RELU6, ATOLL_INT8, FLT_MAX, 5, 5, 5);
}

static void activations_of_plain_numbers_need_no_scale(void **state)
{
	(void)state;
	assert_int_equal(whole_activation_range(ACTIVATION_NONE).low, INT32_MIN);
	assert_int_equal(whole_activation_range(ACTIVATION_RELU).low, 0);
	assert_int_equal(whole_activation_range(ACTIVATION_RELU6).high, 6);
	assert_int_equal(whole_activation_range(ACTIVATION_RELU_N1_TO_1).low, -1);
	assert_true(float_activation_range(ACTIVATION_RELU6).high == 6);
	assert_true(float_activation_range(ACTIVATION_RELU).high == FLT_MAX);
	assert_true(float_activation_range(ACTIVATION_NONE).low == -FLT_MAX);
	assert_true(float_activation_range(ACTIVATION_RELU_N1_TO_1).low == -1);
}

static void clamped_floats_lose_infinities_and_keep_nan(void **state)
{
	struct float_range all = float_activation_range(ACTIVATION_NONE);

	(void)state;
	assert_true(clamp_float(INFINITY, all) == FLT_MAX);
	assert_true(clamp_float(-INFINITY, all) == -FLT_MAX);
	assert_true(isnan(clamp_float(NAN, all)));
	assert_true(clamp_float(0.5f, all) == 0.5f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_high_product_rounds_half_up_and_saturates),
		cmocka_unit_test(a_right_shift_rounds_half_away_from_zero),
		cmocka_unit_test(a_left_shift_ends_at_the_ends),
		cmocka_unit_test(a_product_has_the_two_roundings_of_the_reference),
		cmocka_unit_test(a_product_is_at_most_one_from_the_real_one),
		cmocka_unit_test(a_wide_product_rounds_once_and_saturates),
		cmocka_unit_test(a_multiplier_is_the_nearest_of_31_bits),
		cmocka_unit_test(powers_of_two_are_exact_multipliers),
		cmocka_unit_test(just_below_a_power_of_two_the_mantissa_carries),
		cmocka_unit_test(what_is_too_small_to_matter_is_zero),
		cmocka_unit_test(what_is_too_large_saturates_by_sign),
		cmocka_unit_test(a_stored_result_ends_at_its_range),
		cmocka_unit_test(types_have_their_ranges),
		cmocka_unit_test(an_activation_narrows_the_stored_range),
		cmocka_unit_test(an_activation_never_widens_the_type),
		cmocka_unit_test(activations_of_plain_numbers_need_no_scale),
		cmocka_unit_test(clamped_floats_lose_infinities_and_keep_nan),
	};

	return CHECK_RUN(tests);
}
