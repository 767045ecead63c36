/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <math.h>

#include "runtime/kernels/fixed.h"

/*
 * The functions are held against libm; what they may be off by was measured
 * over all raws (16 bits) or a dense sweep (32). Their exact bits are those of
 * digests that were computed apart from them, by the arithmetic as TFLite
 * defines it in integers without limit.
 */

static double real(int64_t raw, int fraction)
{
	return ldexp((double)raw, -fraction);
}

static double logistic(double x)
{
	return 1 / (1 + exp(-x));
}

/* In units of the last bit. */
static double worst_16(int16_t (*function)(int16_t, int), double (*wanted)(double),
		       int whole, int high)
{
	double worst = 0;

	for (int raw = INT16_MIN; raw <= high; raw++) {
		double x = real(raw, 15 - whole);
		double got = real(function((int16_t)raw, whole), 15);

		worst = fmax(worst, fabs(got - wanted(x)));
	}
	return worst * 32768;
}

static double worst_32(int32_t (*function)(int32_t, int), double (*wanted)(double),
		       int whole, int32_t high)
{
	double worst = 0;

	for (int64_t raw = INT32_MIN; raw <= high; raw += 655211) {
		double x = real(raw, 31 - whole);
		double got = real(function((int32_t)raw, whole), 31);

		worst = fmax(worst, fabs(got - wanted(x)));
	}
	return worst;
}

static void sixteen_bits_follow_the_real_functions(void **state)
{
	(void)state;
	for (int whole = 0; whole <= 9; whole++) {
		assert_true(worst_16(fixed_exp_16, exp, whole, 0) < 2);
		assert_true(worst_16(fixed_logistic_16, logistic, whole, INT16_MAX) < 7);
		assert_true(worst_16(fixed_tanh_16, tanh, whole, INT16_MAX) < 12.1);
	}
}

static void thirty_two_bits_follow_the_real_functions(void **state)
{
	(void)state;
	for (int whole = 0; whole <= 12; whole++) {
		assert_true(worst_32(fixed_exp_32, exp, whole, 0) < 2.5e-7);
		assert_true(worst_32(fixed_logistic_32, logistic, whole, INT32_MAX) < 1e-7);
		assert_true(worst_32(fixed_tanh_32, tanh, whole, INT32_MAX) < 1.5e-7);
	}
}

/* FNV-1a. */
static void digest(uint32_t *hash, int32_t value)
{
	for (int i = 0; i < 4; i++)
		*hash = (*hash ^ ((uint32_t)value >> 8 * i & 255)) * 16777619u;
}

static void every_bit_stays_as_it_was(void **state)
{
	uint32_t short_hash = 2166136261u, long_hash = 2166136261u;

	(void)state;
	for (int whole = 0; whole <= 4; whole++) {
		for (int raw = INT16_MIN; raw <= INT16_MAX; raw++) {
			digest(&short_hash, fixed_exp_16((int16_t)(raw < 0 ? raw : 0), whole));
			digest(&short_hash, fixed_logistic_16((int16_t)raw, whole));
			digest(&short_hash, fixed_tanh_16((int16_t)raw, whole));
		}
	}
	for (int64_t raw = INT32_MIN; raw <= INT32_MAX; raw += 655211) {
		int over;

		digest(&long_hash, fixed_exp_32((int32_t)(raw < 0 ? raw : 0), 5));
		digest(&long_hash, fixed_reciprocal((int32_t)(raw < 0 ? 1 : raw + 1), 12,
						    &over));
		digest(&long_hash, over);
		digest(&long_hash, fixed_inverse_sqrt((int32_t)(raw < 0 ? 7 : raw)).mantissa);
	}
	assert_int_equal(short_hash, 0x1639e904);
	assert_int_equal(long_hash, 0xb81f3dd9);
}

static void zero_is_exact(void **state)
{
	(void)state;
	assert_int_equal(fixed_exp_16(0, 3), INT16_MAX);
	assert_int_equal(fixed_exp_32(0, 5), INT32_MAX);
	assert_int_equal(fixed_logistic_16(0, 3), 1 << 14);
	assert_int_equal(fixed_logistic_32(0, 3), 1 << 30);
	assert_int_equal(fixed_tanh_16(0, 3), 0);
	assert_int_equal(fixed_tanh_32(0, 3), 0);
}

static void tanh_is_odd_and_exp_below_minus_32_is_zero(void **state)
{
	(void)state;
	for (int raw = 1; raw <= INT16_MAX; raw++)
		assert_int_equal(fixed_tanh_16((int16_t)raw, 3),
				 -fixed_tanh_16((int16_t)-raw, 3));
	assert_int_equal(fixed_exp_32(-33 * (1 << 24), 7), 0);
	assert_int_equal(fixed_exp_32(INT32_MIN, 7), 0);
	assert_int_equal(fixed_exp_16(INT16_MIN, 6), 0);
}

static void a_reciprocal_and_its_shift_make_one_over_x(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int32_t x = (int32_t)(check_random(&random) >> (1 + i % 30));
		int over;
		int32_t got;

		if (x == 0)
			continue;
		got = fixed_reciprocal(x, 12, &over);
		assert_true(fabs(real(got, 31 + over) * real(x, 19) - 1) < 2e-7);
	}
}

static void an_inverse_root_times_the_root_is_one(void **state)
{
	struct check_random random = { 2 };

	(void)state;
	assert_int_equal(fixed_inverse_sqrt(0).mantissa, INT32_MAX);
	assert_int_equal(fixed_inverse_sqrt(1).shift, 0);
	for (int i = 0; i < 20000; i++) {
		int32_t v = (int32_t)(check_random(&random) >> (1 + i % 29)) | 2;
		struct multiplier by = fixed_inverse_sqrt(v);
		double got = ldexp(by.mantissa, by.shift - 31);

		assert_true(by.shift <= 0);
		assert_true(fabs(got * sqrt(v) - 1) < 2e-6);
	}
}

static double straight(double x)
{
	return x;
}

static void a_table_of_a_straight_line_gives_it_back(void **state)
{
	int16_t table[FIXED_TABLE_SAMPLES];

	(void)state;
	fixed_table_fill(table, -1, 1, 2, straight);
	for (int x = INT16_MIN; x <= INT16_MAX; x++) {
		int got = fixed_table_at(table, (int16_t)x);

		assert_in_range(got - x + 1, 0, 2);
	}
}

static void a_table_of_exp_follows_exp(void **state)
{
	int16_t table[FIXED_TABLE_SAMPLES];

	(void)state;
	fixed_table_fill(table, -10, 0, 2, exp);
	for (int x = INT16_MIN; x <= INT16_MAX; x++) {
		double wanted = exp((x - 32767) * 10 / 65535.0) * 32767.5;

		/* 5 of it because 65536 steps stand where 65535 are. */
		assert_true(fabs(fixed_table_at(table, (int16_t)x) - wanted) < 6);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_bits_follow_the_real_functions),
		cmocka_unit_test(thirty_two_bits_follow_the_real_functions),
		cmocka_unit_test(every_bit_stays_as_it_was),
		cmocka_unit_test(zero_is_exact),
		cmocka_unit_test(tanh_is_odd_and_exp_below_minus_32_is_zero),
		cmocka_unit_test(a_reciprocal_and_its_shift_make_one_over_x),
		cmocka_unit_test(an_inverse_root_times_the_root_is_one),
		cmocka_unit_test(a_table_of_a_straight_line_gives_it_back),
		cmocka_unit_test(a_table_of_exp_follows_exp),
	};
	return CHECK_RUN(tests);
}
