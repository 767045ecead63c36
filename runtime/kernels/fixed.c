/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fixed.h"

#include <math.h>

/*
 * One text serves both widths: raws of 16 bits travel in 32, `bits` is a
 * constant at every call and everything is inlined into the functions below.
 * Constants are 32-bit raws, narrowed by `constant`.
 */

static inline int32_t high_raw(int bits)
{
	return bits == 32 ? INT32_MAX : INT16_MAX;
}

static inline int32_t constant(int bits, int32_t raw)
{
	return shift_right_rounded(raw, 32 - bits);
}

/* Whole bits of the factors add up. */
static inline int32_t multiply(int bits, int32_t a, int32_t b)
{
	return bits == 32 ? multiply_high(a, b) :
			    multiply_high_16((int16_t)a, (int16_t)b);
}

/* The same real number with n fewer whole bits. */
static inline int32_t drop_whole(int bits, int32_t a, int n)
{
	int32_t wide = shift_left_saturated(a, n);

	return bits == 32 ? wide : saturate_16(wide);
}

/* The same raw sum as in `bits` wide registers, without leaving them. */
static inline int32_t add_saturated(int bits, int32_t a, int32_t b)
{
	int64_t sum = (int64_t)a + b;
	int64_t high = high_raw(bits);

	return (int32_t)(sum > high ? high : sum < -high - 1 ? -high - 1 : sum);
}

/* e^a for -1/4 <= a < 0, Q0: four terms of the series around -1/8. */
static inline int32_t exp_of_quarter(int bits, int32_t a)
{
	int32_t at_eighth = constant(bits, 1895147668); /* e^(-1/8) */
	int32_t third = constant(bits, 715827883);
	int32_t x = a + (1 << (bits - 4));
	int32_t x2 = multiply(bits, x, x);
	int32_t x3 = multiply(bits, x2, x);
	int32_t x4 = multiply(bits, x2, x2);
	int32_t tail = multiply(bits, shift_right_rounded(x4, 2) + x3, third);
	int32_t rest = x + shift_right_rounded(tail + x2, 1);

	return add_saturated(bits, at_eighth, multiply(bits, at_eighth, rest));
}

static inline int32_t exp_raw(int bits, int32_t a, int whole)
{
	/* e^-(2^E) for E = -2 to 4. */
	static const int32_t powers[] = {
		1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242,
	};
	int fraction = bits - 1 - whole;
	int32_t quarter = 1 << (fraction - 2);
	int32_t low_part = (a & (quarter - 1)) - quarter;
	int32_t rest, result;

	if (a == 0)
		return high_raw(bits);
	if (whole > 5 && a < -(1 << (fraction + 5))) /* below -32 */
		return 0;
	rest = low_part - a;
	result = exp_of_quarter(bits, drop_whole(bits, low_part, whole));
	for (int e = -2; e <= 4 && e < whole; e++)
		if (rest >> (fraction + e) & 1)
			result = multiply(bits, result, constant(bits, powers[e + 2]));
	return result;
}

/* 2 / (1 + a) for 0 <= a <= One in Q0, as Q2: three Newton steps. */
static inline int32_t twice_reciprocal(int bits, int32_t a)
{
	int32_t half = (int32_t)(((int64_t)a + high_raw(bits) + 1) / 2);
	int32_t one = 1 << (bits - 3);
	int32_t x = constant(bits, 1515870810) +                   /* 48/17 */
		    multiply(bits, half, constant(bits, -1010580540)); /* -32/17 */

	for (int i = 0; i < 3; i++) {
		int32_t error = one - multiply(bits, half, x);

		x += drop_whole(bits, multiply(bits, x, error), 2);
	}
	return x;
}

/* 1 / (1 + a), Q0: half the above, so that one bit less is dropped. */
static inline int32_t reciprocal_of_one_plus(int bits, int32_t a)
{
	return drop_whole(bits, twice_reciprocal(bits, a), 1);
}

static inline int32_t logistic_raw(int bits, int32_t a, int whole)
{
	if (a == 0)
		return 1 << (bits - 2);
	if (a > 0)
		return reciprocal_of_one_plus(bits, exp_raw(bits, -a, whole));
	return high_raw(bits) - reciprocal_of_one_plus(bits, exp_raw(bits, a, whole));
}

/* (1 - x) / (1 + x) with x = e^(-2|a|); twice a is a with one more whole bit. */
static inline int32_t tanh_raw(int bits, int32_t a, int whole)
{
	int32_t one = 1 << (bits - 3);
	int32_t x, size;

	if (a == 0)
		return 0;
	x = exp_raw(bits, a < 0 ? a : -a, whole + 1);
	size = drop_whole(bits, twice_reciprocal(bits, x) - one, 2);
	return a < 0 ? -size : size;
}

int32_t fixed_exp_32(int32_t a, int whole)
{
	return exp_raw(32, a, whole);
}

int16_t fixed_exp_16(int16_t a, int whole)
{
	return (int16_t)exp_raw(16, a, whole);
}

int32_t fixed_logistic_32(int32_t a, int whole)
{
	return logistic_raw(32, a, whole);
}

int16_t fixed_logistic_16(int16_t a, int whole)
{
	return (int16_t)logistic_raw(16, a, whole);
}

int32_t fixed_tanh_32(int32_t a, int whole)
{
	return tanh_raw(32, a, whole);
}

int16_t fixed_tanh_16(int16_t a, int whole)
{
	return (int16_t)tanh_raw(16, a, whole);
}

int32_t fixed_reciprocal(int32_t x, int whole, int *over)
{
	int zeros = __builtin_clz((uint32_t)x);

	/* The leading bit goes: what is left is a of 1 + a. */
	*over = whole - zeros;
	return reciprocal_of_one_plus(
		32, (int32_t)(((uint32_t)x << zeros) - (UINT32_C(1) << 31)));
}

/* Newton's x = x * (3 - v * x * x) / 2 on v scaled into Q3. */
struct multiplier fixed_inverse_sqrt(int32_t v)
{
	const int32_t three_halves = (1 << 28) + (1 << 27);
	int32_t input, half, x = 1 << 28;
	int shift = 11, pairs;

	if (v <= 1)
		return (struct multiplier){ INT32_MAX, 0 };
	for (; v >= 1 << 29; v /= 4)
		shift++;
	pairs = (__builtin_clz((uint32_t)v) - 1) / 2 - 1;
	shift -= pairs;
	input = (v << 2 * pairs) >> 1;
	half = shift_right_rounded(input, 1);

	for (int i = 0; i < 5; i++) {
		int32_t x3 = drop_whole(32, multiply_high(multiply_high(x, x), x), 6);

		x = drop_whole(32, multiply_high(three_halves, x) -
					   multiply_high(half, x3), 3);
	}
	x = multiply_high(x, 1518500250); /* sqrt(1/2) */
	if (shift < 0)
		return (struct multiplier){ x << -shift, 0 };
	return (struct multiplier){ x, -shift };
}

void fixed_table_fill(int16_t table[FIXED_TABLE_SAMPLES], double low, double high,
		      double out_span, double (*function)(double x))
{
	const int steps = FIXED_TABLE_SAMPLES - 1;
	double step = (high - low) / steps;
	double scale = 65536 / out_span;

	for (int i = 0; i < steps; i++) {
		double here = round(function(low + i * step) * scale);
		double next = function(low + (i + 1) * step) * scale;
		double middle = round(function(low + i * step + step / 2) * scale);
		double bend = round((round((next + here) / 2) - middle) / 2);

		table[i] = (int16_t)fmin(fmax(here - bend, INT16_MIN), INT16_MAX);
	}
	table[steps] = (int16_t)fmin(fmax(round(function(high) * scale), INT16_MIN),
				     INT16_MAX);
}
