/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_QUANT_H
#define ATOLL_RUNTIME_QUANT_H

#include <stdint.h>

#include "runtime/tensor.h"

/*
 * The integer arithmetic all quantized kernels share, rounding for rounding
 * that of the TFLite reference kernels.
 *
 *	struct multiplier scale = multiplier_from(in_scale * w_scale / out_scale);
 *	int32_t q = out_zero + multiply_by_quantized(acc, scale);
 *
 * Right shifts of negative numbers are arithmetic here, as gcc and clang define.
 */

/* A positive real number as mantissa * 2^(shift - 31), 2^30 <= mantissa. */
struct multiplier {
	int32_t mantissa; /* 0 when the number is 0 or too small to matter */
	int32_t shift;    /* > 0 shifts left before, < 0 right after multiplying */
};

struct multiplier multiplier_from(double value);

/* Saturating rounding doubling high multiply: round_half_up(a * b / 2^31). */
static inline int32_t multiply_high(int32_t a, int32_t b)
{
	if (a == INT32_MIN && b == INT32_MIN)
		return INT32_MAX;
	return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* x / 2^n rounded to nearest, ties away from zero; 0 <= n <= 31. */
static inline int32_t shift_right_rounded(int32_t x, int32_t n)
{
	int32_t mask = (int32_t)((UINT32_C(1) << n) - 1);
	int32_t threshold = (mask >> 1) + (x < 0);

	return (x >> n) + ((x & mask) > threshold);
}

/* x * 2^n, ends of the range where that does not fit; n >= 0. */
static inline int32_t shift_left_saturated(int32_t x, int32_t n)
{
	int64_t wide;

	if (x == 0)
		return 0;
	if (n > 31)
		return x < 0 ? INT32_MIN : INT32_MAX;
	wide = (int64_t)x * (INT64_C(1) << n);
	return wide < INT32_MIN ? INT32_MIN : wide > INT32_MAX ? INT32_MAX : (int32_t)wide;
}

/*
 * x * by, with the two roundings of the reference kernels. A left shift that
 * leaves 32 bits saturates; the reference leaves that case undefined.
 */
static inline int32_t multiply_by_quantized(int32_t x, struct multiplier by)
{
	if (by.shift > 0)
		return multiply_high(shift_left_saturated(x, by.shift), by.mantissa);
	return shift_right_rounded(multiply_high(x, by.mantissa), -by.shift);
}

/* The same for the 64-bit accumulators of int16 activations: one rounding. */
int32_t multiply_by_quantized_64(int64_t x, struct multiplier by);

static inline int32_t clamp_i32(int32_t x, int32_t low, int32_t high)
{
	return x < low ? low : x > high ? high : x;
}

/* Smallest and largest stored value of uint8, int8, int16 and int32. */
struct quant_range {
	int32_t low, high;
};

struct quant_range quant_type_range(enum atoll_type type);

/* clamp(scaled + zero): a result on its way into a tensor. */
static inline int32_t quant_stored(int32_t scaled, int32_t zero, struct quant_range range)
{
	int64_t stored = (int64_t)scaled + zero;

	/* In two steps compilers see two minima, not two jumps. */
	stored = stored < range.low ? range.low : stored;
	return (int32_t)(stored > range.high ? range.high : stored);
}

/* ActivationFunctionType of the model file. */
enum activation {
	ACTIVATION_NONE = 0,
	ACTIVATION_RELU = 1,
	ACTIVATION_RELU_N1_TO_1 = 2,
	ACTIVATION_RELU6 = 3,
};

/* Stored range that a fused activation leaves, for a quantized output. */
struct quant_range quant_activation_range(enum activation activation,
					  const struct atoll_tensor *output);

/* The same for int32 that is not quantized, a plain number. */
struct quant_range whole_activation_range(enum activation activation);

/* Real range that a fused activation leaves; NONE is all finite floats. */
struct float_range {
	float low, high;
};

struct float_range float_activation_range(enum activation activation);

/* NaN stays NaN. */
static inline float clamp_float(float x, struct float_range range)
{
	x = x < range.low ? range.low : x;
	return x > range.high ? range.high : x;
}

#endif
