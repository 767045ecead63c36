/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAMERA_CONVERT_LOOPS_H
#define CAMERA_CONVERT_LOOPS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The inner loops of convert, one table for each instruction set. Each of them
 * does one step for one row of the output:
 *
 *	loops->mix(mixed, above, below, width, weight);   two source rows
 *	loops->pick_one(luma, mixed, &places);            its samples along x
 *	loops->colour_three(out, picked, &colours, 0);    bytes
 *
 * Mixed and picked samples are 0..255 in 1/128, 0 to 32640. Every sum is rounded
 * half up, in every table alike, so that all give the same bytes:
 *
 *	scaled(x, w) = (x * w + 2^14) >> 15
 *
 * The largest errors, in steps of a byte: a weight is off by 2^-15 of at most 255
 * and its product rounded to 1/128, once along y and once along x: 0.024. With the
 * coefficients of 16 bits, kept in 1/8192 and rounded to 1/32, a colour is off by
 * less than 0.2 before it is rounded to a byte.
 */

/* Rows of mixed and picked samples, and the arrays of places, are so long that
   reading and writing whole vectors of this many samples stays inside. */
#define CONVERT_LANES 32

/* The number of samples with room for what vectors touch beyond them. */
#define CONVERT_ROOM(samples) ((((size_t)(samples)) + 2 * CONVERT_LANES - 1) & \
			       ~(size_t)(CONVERT_LANES - 1))

/*
 * Where the outputs along an axis are taken from: output o is sample first[o],
 * and of the way to the sample behind it as much as the weight says. Where there
 * is none behind it the weight is 0.
 */
struct convert_places {
	uint32_t count;     /* outputs */
	uint32_t low, high; /* samples low to high - 1 take part */
	uint32_t *first;
	int16_t (*pair)[2]; /* 1/16384: what the sample and its follower count */
	int16_t (*twin)[2]; /* 1/32768: what the follower counts, twice */
};

/* out = clamp((bias + the sum of scaled(factor, sample)) >> 5), bias in 1/32 and
   with what rounding needs; a factor of 8192 is 1. A row for each output byte. */
struct convert_colours {
	int16_t factor[3][3];
	int16_t bias[3];
};

struct convert_loops {
	/* Two source rows to one: a + (b - a) * weight / 32768. */
	void (*mix)(int16_t *out, const uint8_t *a, const uint8_t *b, uint32_t samples,
		    int16_t weight);
	/* The same for rows of pairs, whose halves go apart. */
	void (*mix_apart)(int16_t *even, int16_t *odd, const uint8_t *a, const uint8_t *b,
			  uint32_t pairs, int16_t weight);
	/* The same for two planes, whose samples come together as pairs. */
	void (*mix_together)(int16_t *out, const uint8_t *const a[2],
			     const uint8_t *const b[2], uint32_t pairs, int16_t weight);

	/* Samples, pairs, or `step` (3 or 4) of which three are wanted, along x, to a
	   row for each of them. */
	void (*pick_one)(int16_t *out, const int16_t *row, const struct convert_places *places);
	void (*pick_two)(int16_t *const out[2], const int16_t *row,
			 const struct convert_places *places);
	void (*pick_three)(int16_t *const out[3], const int16_t *row, uint32_t step,
			   const struct convert_places *places);

	/* Three picked rows to [count][3] or [count] bytes, `flip` turning bits over
	   (0x80 for int8). Nothing is written behind them. */
	void (*colour_three)(uint8_t *out, const int16_t *const in[3], uint32_t count,
			     const struct convert_colours *colours, uint8_t flip);
	void (*colour_one)(uint8_t *out, const int16_t *const in[3], uint32_t count,
			   const struct convert_colours *colours, uint8_t flip);
};

static inline int16_t convert_scaled(int32_t x, int32_t weight)
{
	return (int16_t)((x * weight + (1 << 14)) >> 15);
}

extern const struct convert_loops convert_loops_plain;
#if defined(__x86_64__)
extern const struct convert_loops convert_loops_avx2;
#elif defined(__aarch64__)
extern const struct convert_loops convert_loops_neon;
#endif

#endif
