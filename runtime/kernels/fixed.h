/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_FIXED_H
#define ATOLL_RUNTIME_KERNELS_FIXED_H

#include <stdint.h>

#include "runtime/quant.h"

/*
 * Functions of real numbers in integers, bit for bit those of the TFLite
 * reference kernels (its softmax, LSTM, normalization).
 *
 *	int16_t gate = ...;                             Q3.12, -8 to 8
 *	int16_t open = fixed_logistic_16(gate, 3);      Q0.15, 0 to 1
 *
 * Qk.n is a signed raw integer of W bits, k of them whole and n = W - 1 - k
 * fraction: raw / 2^n. `whole` below is the k of the argument, 0 to W - 4.
 * Results are Q0, where One is the largest raw value.
 */

/* e^a for a <= 0. */
int32_t fixed_exp_32(int32_t a, int whole);
int16_t fixed_exp_16(int16_t a, int whole);

/* 1 / (1 + e^-a). */
int32_t fixed_logistic_32(int32_t a, int whole);
int16_t fixed_logistic_16(int16_t a, int whole);

/* tanh(a). */
int32_t fixed_tanh_32(int32_t a, int whole);
int16_t fixed_tanh_16(int16_t a, int whole);

/*
 * 1 / x for x > 0 with `whole` integer bits, as result * 2^-*over, the result
 * in Q0 between 1/2 and One.
 */
int32_t fixed_reciprocal(int32_t x, int whole, int *over);

/* The multiplier that stands for 1 / sqrt(v), v >= 0; v 0 is taken for 1. Its
   mantissa may be smaller than 2^30, as that of the reference kernels. */
struct multiplier fixed_inverse_sqrt(int32_t v);

/* The 16-bit relatives of multiply_high and shift_right_rounded (n <= 15). */
static inline int16_t multiply_high_16(int16_t a, int16_t b)
{
	if (a == INT16_MIN && b == INT16_MIN)
		return INT16_MAX;
	return (int16_t)((a * b + (1 << 14)) >> 15);
}

static inline int16_t shift_right_rounded_16(int16_t x, int32_t n)
{
	return (int16_t)shift_right_rounded(x, n);
}

static inline int16_t saturate_16(int32_t x)
{
	return (int16_t)clamp_i32(x, INT16_MIN, INT16_MAX);
}

/*
 * A function of all int16 values as 513 samples, one for each step of 128, with
 * straight lines between. The samples are bent a little so that the error at
 * the ends of a line balances the one in its middle.
 *
 *	low, high   what the values -32768 and 32767 mean
 *	out_span    what 65535 steps of the result mean
 */
#define FIXED_TABLE_SAMPLES 513

void fixed_table_fill(int16_t table[FIXED_TABLE_SAMPLES], double low, double high,
		      double out_span, double (*function)(double x));

static inline int16_t fixed_table_at(const int16_t table[FIXED_TABLE_SAMPLES],
				     int16_t x)
{
	const int16_t *line = table + 256 + (x >> 7);

	return (int16_t)(line[0] + (((line[1] - line[0]) * (x & 127) + 64) >> 7));
}

#endif
