/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops for armv8.0; convert_plain.c says what they compute. scaled() is one
 * instruction, sqrdmulh.
 */
#include "camera/convert_loops.h"

#include <arm_neon.h>
#include <string.h>

/* --- mix --- */

/* 8 samples of each row: the difference in 1/128, scaled, and then a. */
static inline int16x8_t mixed(uint8x8_t a, uint8x8_t b, int16x8_t weight)
{
	int16x8_t way = vshlq_n_s16(vreinterpretq_s16_u16(vsubl_u8(b, a)), 7);

	return vaddq_s16(vreinterpretq_s16_u16(vshll_n_u8(a, 7)), vqrdmulhq_s16(way, weight));
}

/* 16 samples. */
static inline void mix_to(int16_t *out, uint8x16_t a, uint8x16_t b, int16x8_t weight)
{
	int16x8_t low = mixed(vget_low_u8(a), vget_low_u8(b), weight);
	int16x8_t high = mixed(vget_high_u8(a), vget_high_u8(b), weight);

	vst1q_s16(out, low);
	vst1q_s16(out + 8, high);
}

static void mix(int16_t *out, const uint8_t *a, const uint8_t *b, uint32_t samples,
		int16_t weight)
{
	int16x8_t w = vdupq_n_s16(weight);

	if (samples < 16) {
		convert_loops_plain.mix(out, a, b, samples, weight);
		return;
	}
	for (uint32_t i = 0;; i += 16) {
		/* The last vector ends where the row does, over what is done. */
		if (i > samples - 16)
			i = samples - 16;
		mix_to(out + i, vld1q_u8(a + i), vld1q_u8(b + i), w);
		if (i == samples - 16)
			return;
	}
}

static void mix_apart(int16_t *even, int16_t *odd, const uint8_t *a, const uint8_t *b,
		      uint32_t pairs, int16_t weight)
{
	int16x8_t w = vdupq_n_s16(weight);

	if (pairs < 16) {
		convert_loops_plain.mix_apart(even, odd, a, b, pairs, weight);
		return;
	}
	for (uint32_t i = 0;; i += 16) {
		uint8x16x2_t x, y;

		if (i > pairs - 16)
			i = pairs - 16;
		x = vld2q_u8(a + 2 * (size_t)i);
		y = vld2q_u8(b + 2 * (size_t)i);
		mix_to(even + i, x.val[0], y.val[0], w);
		mix_to(odd + i, x.val[1], y.val[1], w);
		if (i == pairs - 16)
			return;
	}
}

static void mix_together(int16_t *out, const uint8_t *const a[2], const uint8_t *const b[2],
			 uint32_t pairs, int16_t weight)
{
	int16x8_t w = vdupq_n_s16(weight);

	if (pairs < 8) {
		convert_loops_plain.mix_together(out, a, b, pairs, weight);
		return;
	}
	for (uint32_t i = 0;; i += 8) {
		int16x8x2_t x;

		if (i > pairs - 8)
			i = pairs - 8;
		x.val[0] = mixed(vld1_u8(a[0] + i), vld1_u8(b[0] + i), w);
		x.val[1] = mixed(vld1_u8(a[1] + i), vld1_u8(b[1] + i), w);
		vst2q_s16(out + 2 * (size_t)i, x);
		if (i == pairs - 8)
			return;
	}
}

/* --- pick --- */

static inline int16x8_t blended(int16x8_t first, int16x8_t second, int16x8_t twin)
{
	return vaddq_s16(first, vqrdmulhq_s16(vsubq_s16(second, first), twin));
}

/* Two samples, as one number. */
static inline int32_t two_at(const int16_t *sample)
{
	int32_t two;

	memcpy(&two, sample, sizeof(two));
	return two;
}

/* A sample and its follower for each of 4 places. */
static inline int16x8_t neighbours(const int16_t *row, const uint32_t *first)
{
	int32x4_t x = vdupq_n_s32(two_at(row + first[0]));

	x = vsetq_lane_s32(two_at(row + first[1]), x, 1);
	x = vsetq_lane_s32(two_at(row + first[2]), x, 2);
	x = vsetq_lane_s32(two_at(row + first[3]), x, 3);
	return vreinterpretq_s16_s32(x);
}

static void pick_one(int16_t *out, const int16_t *row, const struct convert_places *places)
{
	for (uint32_t i = 0; i < places->count; i += 8) {
		int16x8_t a = neighbours(row, places->first + i);
		int16x8_t b = neighbours(row, places->first + i + 4);
		/* Twice the same for each place; one of them is wanted. */
		int16x8_t twin = vuzp1q_s16(vld1q_s16(places->twin[i]),
					    vld1q_s16(places->twin[i + 4]));

		vst1q_s16(out + i, blended(vuzp1q_s16(a, b), vuzp2q_s16(a, b), twin));
	}
}

/* Two pairs, or a pixel and a sample more, for each of 2 places. */
static inline int32x4_t fours(const int16_t *a, const int16_t *b)
{
	return vreinterpretq_s32_s16(vcombine_s16(vld1_s16(a), vld1_s16(b)));
}

/* 4 pairs. */
static inline int16x8_t picked_pairs(const int16_t *row, const uint32_t *first,
				     const int16_t twin[4][2])
{
	int32x4_t a = fours(row + 2 * (size_t)first[0], row + 2 * (size_t)first[1]);
	int32x4_t b = fours(row + 2 * (size_t)first[2], row + 2 * (size_t)first[3]);

	return blended(vreinterpretq_s16_s32(vuzp1q_s32(a, b)),
		       vreinterpretq_s16_s32(vuzp2q_s32(a, b)), vld1q_s16(twin[0]));
}

static void pick_two(int16_t *const out[2], const int16_t *row,
		     const struct convert_places *places)
{
	for (uint32_t i = 0; i < places->count; i += 8) {
		int16x8_t a = picked_pairs(row, places->first + i, places->twin + i);
		int16x8_t b = picked_pairs(row, places->first + i + 4, places->twin + i + 4);

		vst1q_s16(out[0] + i, vuzp1q_s16(a, b));
		vst1q_s16(out[1] + i, vuzp2q_s16(a, b));
	}
}

/* 2 pixels of 3 samples and one more. */
static inline int16x8_t picked_pixels(const int16_t *row, size_t step, const uint32_t *first,
				      const int16_t twin[2][2])
{
	const int16_t *a = row + first[0] * step, *b = row + first[1] * step;
	int16x8_t weights = vcombine_s16(vdup_n_s16(twin[0][0]), vdup_n_s16(twin[1][0]));

	return blended(vreinterpretq_s16_s32(fours(a, b)),
		       vreinterpretq_s16_s32(fours(a + step, b + step)), weights);
}

static void pick_three(int16_t *const out[3], const int16_t *row, uint32_t step,
		       const struct convert_places *places)
{
	for (uint32_t i = 0; i < places->count; i += 4) {
		int16x8_t a = picked_pixels(row, step, places->first + i, places->twin + i);
		int16x8_t b = picked_pixels(row, step, places->first + i + 2, places->twin + i + 2);
		/* First and third samples, second ones and the rest. */
		int16x8_t even = vuzp1q_s16(a, b), odd = vuzp2q_s16(a, b);

		vst1_s16(out[0] + i, vget_low_s16(vuzp1q_s16(even, even)));
		vst1_s16(out[1] + i, vget_low_s16(vuzp1q_s16(odd, odd)));
		vst1_s16(out[2] + i, vget_low_s16(vuzp2q_s16(even, even)));
	}
}

/* --- colour --- */

/* One output of 8 pixels. */
static inline uint8x8_t coloured(const int16x8_t in[3], int16x4_t factor, int16x8_t bias)
{
	int16x8_t sum = vaddq_s16(bias, vqrdmulhq_lane_s16(in[0], factor, 0));
	int16x8_t rest = vaddq_s16(vqrdmulhq_lane_s16(in[1], factor, 1),
				   vqrdmulhq_lane_s16(in[2], factor, 2));

	return vqshrun_n_s16(vaddq_s16(sum, rest), 5);
}

static inline int16x4_t factors(const struct convert_colours *colours, unsigned output)
{
	const int16_t *factor = colours->factor[output];

	return (int16x4_t){ factor[0], factor[1], factor[2], 0 };
}

static void colour_three(uint8_t *out, const int16_t *const in[3], uint32_t count,
			 const struct convert_colours *colours, uint8_t flip)
{
	int16x4_t red = factors(colours, 0), green = factors(colours, 1), blue = factors(colours, 2);
	int16x8_t bias[3] = { vdupq_n_s16(colours->bias[0]), vdupq_n_s16(colours->bias[1]),
			      vdupq_n_s16(colours->bias[2]) };
	const int16_t *a = in[0], *b = in[1], *c = in[2];
	uint8x8_t turn = vdup_n_u8(flip);
	uint8_t last[8 * 3];

	for (uint32_t i = 0; i < count; i += 8) {
		const int16x8_t x[3] = { vld1q_s16(a + i), vld1q_s16(b + i), vld1q_s16(c + i) };
		uint8x8x3_t pixels = { {
			veor_u8(coloured(x, red, bias[0]), turn),
			veor_u8(coloured(x, green, bias[1]), turn),
			veor_u8(coloured(x, blue, bias[2]), turn),
		} };

		if (count - i >= 8) {
			vst3_u8(out + 3 * (size_t)i, pixels);
		} else {
			vst3_u8(last, pixels);
			memcpy(out + 3 * (size_t)i, last, 3 * (size_t)(count - i));
		}
	}
}

static void colour_one(uint8_t *out, const int16_t *const in[3], uint32_t count,
		       const struct convert_colours *colours, uint8_t flip)
{
	int16x4_t factor = factors(colours, 0);
	int16x8_t bias = vdupq_n_s16(colours->bias[0]);
	uint8x8_t turn = vdup_n_u8(flip);
	uint8_t last[8];

	for (uint32_t i = 0; i < count; i += 8) {
		const int16x8_t x[3] = { vld1q_s16(in[0] + i), vld1q_s16(in[1] + i),
					 vld1q_s16(in[2] + i) };
		uint8x8_t bytes = veor_u8(coloured(x, factor, bias), turn);

		if (count - i >= 8) {
			vst1_u8(out + i, bytes);
		} else {
			vst1_u8(last, bytes);
			memcpy(out + i, last, count - i);
		}
	}
}

const struct convert_loops convert_loops_neon = {
	.mix = mix,
	.mix_apart = mix_apart,
	.mix_together = mix_together,
	.pick_one = pick_one,
	.pick_two = pick_two,
	.pick_three = pick_three,
	.colour_three = colour_three,
	.colour_one = colour_one,
};
