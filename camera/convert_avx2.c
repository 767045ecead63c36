/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops for AVX2; convert_plain.c says what they compute. scaled() is one
 * instruction, pmulhrsw.
 */
#include "camera/convert_loops.h"

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

static inline __m256i load(const void *from)
{
	return _mm256_loadu_si256(from);
}

static inline void store(void *to, __m256i x)
{
	_mm256_storeu_si256(to, x);
}

/* Of two vectors whose halves went separate ways: the quarters 0 2 1 3. */
static inline __m256i in_order(__m256i x)
{
	return _mm256_permute4x64_epi64(x, 0xd8);
}

/* --- mix --- */

/* a and b in 1/128. */
static inline __m256i mixed(__m256i a, __m256i b, __m256i weight)
{
	return _mm256_add_epi16(a, _mm256_mulhrs_epi16(_mm256_sub_epi16(b, a), weight));
}

/* 16 samples. */
static inline __m256i widened(const uint8_t *from)
{
	__m256i bytes = _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)from));

	return _mm256_slli_epi16(bytes, 7);
}

static void mix(int16_t *out, const uint8_t *a, const uint8_t *b, uint32_t samples,
		int16_t weight)
{
	__m256i w = _mm256_set1_epi16(weight);

	if (samples < 16) {
		convert_loops_plain.mix(out, a, b, samples, weight);
		return;
	}
	for (uint32_t i = 0;; i += 16) {
		/* The last vector ends where the row does, over what is done. */
		if (i > samples - 16)
			i = samples - 16;
		store(out + i, mixed(widened(a + i), widened(b + i), w));
		if (i == samples - 16)
			return;
	}
}

static inline __m256i even_bytes(__m256i x)
{
	return _mm256_srli_epi16(_mm256_slli_epi16(x, 8), 1);
}

static inline __m256i odd_bytes(__m256i x)
{
	return _mm256_slli_epi16(_mm256_srli_epi16(x, 8), 7);
}

static void mix_apart(int16_t *even, int16_t *odd, const uint8_t *a, const uint8_t *b,
		      uint32_t pairs, int16_t weight)
{
	__m256i w = _mm256_set1_epi16(weight);

	if (pairs < 16) {
		convert_loops_plain.mix_apart(even, odd, a, b, pairs, weight);
		return;
	}
	for (uint32_t i = 0;; i += 16) {
		__m256i x, y;

		if (i > pairs - 16)
			i = pairs - 16;
		x = load(a + 2 * (size_t)i);
		y = load(b + 2 * (size_t)i);
		store(even + i, mixed(even_bytes(x), even_bytes(y), w));
		store(odd + i, mixed(odd_bytes(x), odd_bytes(y), w));
		if (i == pairs - 16)
			return;
	}
}

static void mix_together(int16_t *out, const uint8_t *const a[2], const uint8_t *const b[2],
			 uint32_t pairs, int16_t weight)
{
	__m256i w = _mm256_set1_epi16(weight);

	if (pairs < 16) {
		convert_loops_plain.mix_together(out, a, b, pairs, weight);
		return;
	}
	for (uint32_t i = 0;; i += 16) {
		__m256i x, y, low, high;

		if (i > pairs - 16)
			i = pairs - 16;
		x = mixed(widened(a[0] + i), widened(b[0] + i), w);
		y = mixed(widened(a[1] + i), widened(b[1] + i), w);
		low = _mm256_unpacklo_epi16(x, y);
		high = _mm256_unpackhi_epi16(x, y);
		store(out + 2 * (size_t)i, _mm256_permute2x128_si256(low, high, 0x20));
		store(out + 2 * (size_t)i + 16, _mm256_permute2x128_si256(low, high, 0x31));
		if (i == pairs - 16)
			return;
	}
}

/* --- pick --- */

/* Two samples, as one number. */
static inline int32_t two_at(const int16_t *sample)
{
	int32_t two;

	memcpy(&two, sample, sizeof(two));
	return two;
}

/* A sample and its follower for each of 8 places. gather does the same, slowly on
   processors that guard it against leaks. */
static inline __m256i neighbours(const int16_t *row, const uint32_t *first)
{
	return _mm256_setr_epi32(two_at(row + first[0]), two_at(row + first[1]),
				 two_at(row + first[2]), two_at(row + first[3]),
				 two_at(row + first[4]), two_at(row + first[5]),
				 two_at(row + first[6]), two_at(row + first[7]));
}

static inline __m256i blended(__m256i neighbours, const int16_t pair[8][2])
{
	__m256i sum = _mm256_madd_epi16(neighbours, load(pair));

	return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(1 << 13)), 14);
}

static void pick_one(int16_t *out, const int16_t *row, const struct convert_places *places)
{
	for (uint32_t i = 0; i < places->count; i += 16) {
		__m256i low = blended(neighbours(row, places->first + i), places->pair + i);
		__m256i high = blended(neighbours(row, places->first + i + 8),
				       places->pair + i + 8);

		store(out + i, in_order(_mm256_packs_epi32(low, high)));
	}
}

static inline __m256i four_at(const int16_t *a, const int16_t *b, const int16_t *c,
			      const int16_t *d)
{
	__m128i low = _mm_unpacklo_epi64(_mm_loadl_epi64((const void *)a),
					 _mm_loadl_epi64((const void *)b));
	__m128i high = _mm_unpacklo_epi64(_mm_loadl_epi64((const void *)c),
					  _mm_loadl_epi64((const void *)d));

	return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* The even or odd 32-bit parts of two vectors. */
static inline __m256i every_other(__m256i a, __m256i b, bool is_odd)
{
	__m256 x = _mm256_castsi256_ps(a), y = _mm256_castsi256_ps(b);

	return _mm256_castps_si256(is_odd ? _mm256_shuffle_ps(x, y, 0xdd)
					  : _mm256_shuffle_ps(x, y, 0x88));
}

/* 8 pairs. */
static inline __m256i picked_pairs(const int16_t *row, const uint32_t *first,
				   const int16_t twin[8][2])
{
	__m256i a = four_at(row + 2 * (size_t)first[0], row + 2 * (size_t)first[1],
			    row + 2 * (size_t)first[4], row + 2 * (size_t)first[5]);
	__m256i b = four_at(row + 2 * (size_t)first[2], row + 2 * (size_t)first[3],
			    row + 2 * (size_t)first[6], row + 2 * (size_t)first[7]);

	return mixed(every_other(a, b, false), every_other(a, b, true), load(twin));
}

/* Samples are not negative. */
static inline __m256i halves(__m256i a, __m256i b, bool is_upper)
{
	__m256i mask = _mm256_set1_epi32(0xffff);

	if (is_upper)
		return in_order(_mm256_packus_epi32(_mm256_srli_epi32(a, 16),
						    _mm256_srli_epi32(b, 16)));
	return in_order(_mm256_packus_epi32(_mm256_and_si256(a, mask),
					    _mm256_and_si256(b, mask)));
}

static void pick_two(int16_t *const out[2], const int16_t *row,
		     const struct convert_places *places)
{
	for (uint32_t i = 0; i < places->count; i += 16) {
		__m256i a = picked_pairs(row, places->first + i, places->twin + i);
		__m256i b = picked_pairs(row, places->first + i + 8, places->twin + i + 8);

		store(out[0] + i, halves(a, b, false));
		store(out[1] + i, halves(a, b, true));
	}
}

/* 4 pixels of 3 samples and one more: those of places 0, 1 and 4, 5. */
static inline __m256i picked_pixels(const int16_t *row, size_t step, const uint32_t *first,
				    const int16_t twin[6][2])
{
	const int16_t *at[4] = {
		row + first[0] * step, row + first[1] * step,
		row + first[4] * step, row + first[5] * step,
	};
	/* w0 w0 w1 w1, each for two samples */
	__m128i low = _mm_loadl_epi64((const void *)twin[0]);
	__m128i high = _mm_loadl_epi64((const void *)twin[4]);
	__m256i weights = _mm256_inserti128_si256(
		_mm256_castsi128_si256(_mm_unpacklo_epi32(low, low)),
		_mm_unpacklo_epi32(high, high), 1);

	return mixed(four_at(at[0], at[1], at[2], at[3]),
		     four_at(at[0] + step, at[1] + step, at[2] + step, at[3] + step), weights);
}

/* 8 pixels, sample by sample: [0] the first of each and the second of each in the two
   halves of both lanes, [1] the third. */
static inline void pick_eight(__m256i sample[2], const int16_t *row, size_t step,
			      const uint32_t *first, const int16_t twin[8][2])
{
	__m256i a = picked_pixels(row, step, first, twin);         /* 0 1 4 5 */
	__m256i b = picked_pixels(row, step, first + 2, twin + 2); /* 2 3 6 7 */
	/* 0 2 of each sample, then 1 3; 4 6 and 5 7 in the upper lane */
	__m256i low = _mm256_unpacklo_epi16(a, b), high = _mm256_unpackhi_epi16(a, b);

	sample[0] = _mm256_unpacklo_epi16(low, high);
	sample[1] = _mm256_unpackhi_epi16(low, high);
}

static void pick_three(int16_t *const out[3], const int16_t *row, uint32_t step,
		       const struct convert_places *places)
{
	for (uint32_t i = 0; i < places->count; i += 16) {
		__m256i a[2], b[2];

		pick_eight(a, row, step, places->first + i, places->twin + i);
		pick_eight(b, row, step, places->first + i + 8, places->twin + i + 8);
		store(out[0] + i, in_order(_mm256_unpacklo_epi64(a[0], b[0])));
		store(out[1] + i, in_order(_mm256_unpackhi_epi64(a[0], b[0])));
		store(out[2] + i, in_order(_mm256_unpacklo_epi64(a[1], b[1])));
	}
}

/* --- colour --- */

/* One output of 16 pixels, in 16 bits: still to be clamped. */
static inline __m256i coloured(const __m256i in[3], const int16_t factor[3], int16_t bias)
{
	__m256i sum = _mm256_set1_epi16(bias);

	for (unsigned c = 0; c < 3; c++)
		sum = _mm256_add_epi16(sum,
			_mm256_mulhrs_epi16(in[c], _mm256_set1_epi16(factor[c])));
	return _mm256_srai_epi16(sum, 5);
}

/* 16 pixels of 3 bytes, and 4 bytes more. */
static inline void store_pixels(uint8_t *out, __m256i red, __m256i green, __m256i blue,
				__m256i flip)
{
	const __m256i zip = _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15,
					     0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
	const __m256i close = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,
					       0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
	__m256i rg = _mm256_shuffle_epi8(_mm256_packus_epi16(red, green), zip);
	__m256i bb = _mm256_shuffle_epi8(_mm256_packus_epi16(blue, blue), zip);
	/* Pixels 0..3 and 8..11, 4..7 and 12..15, of four bytes. */
	__m256i low = _mm256_xor_si256(_mm256_unpacklo_epi16(rg, bb), flip);
	__m256i high = _mm256_xor_si256(_mm256_unpackhi_epi16(rg, bb), flip);

	low = _mm256_shuffle_epi8(low, close);
	high = _mm256_shuffle_epi8(high, close);
	_mm_storeu_si128((void *)out, _mm256_castsi256_si128(low));
	_mm_storeu_si128((void *)(out + 12), _mm256_castsi256_si128(high));
	_mm_storeu_si128((void *)(out + 24), _mm256_extracti128_si256(low, 1));
	_mm_storeu_si128((void *)(out + 36), _mm256_extracti128_si256(high, 1));
}

static inline void colour_pixels(uint8_t *out, const int16_t *const in[3], size_t i,
				 const struct convert_colours *colours, __m256i flip)
{
	const __m256i x[3] = { load(in[0] + i), load(in[1] + i), load(in[2] + i) };

	store_pixels(out, coloured(x, colours->factor[0], colours->bias[0]),
		     coloured(x, colours->factor[1], colours->bias[1]),
		     coloured(x, colours->factor[2], colours->bias[2]), flip);
}

static void colour_three(uint8_t *out, const int16_t *const in[3], uint32_t count,
			 const struct convert_colours *colours, uint8_t flip)
{
	__m256i turn = _mm256_set1_epi8((char)flip);
	uint8_t last[16 * 3 + 4];
	uint32_t i;

	/* One pixel more must follow: see store_pixels. */
	for (i = 0; i + 18 <= count; i += 16)
		colour_pixels(out + 3 * (size_t)i, in, i, colours, turn);
	for (; i < count; i += 16) {
		uint32_t left = count - i < 16 ? count - i : 16;

		colour_pixels(last, in, i, colours, turn);
		memcpy(out + 3 * (size_t)i, last, 3 * (size_t)left);
	}
}

static void colour_one(uint8_t *out, const int16_t *const in[3], uint32_t count,
		       const struct convert_colours *colours, uint8_t flip)
{
	__m128i turn = _mm_set1_epi8((char)flip);
	uint8_t last[16];

	for (uint32_t i = 0; i < count; i += 16) {
		const __m256i x[3] = { load(in[0] + i), load(in[1] + i), load(in[2] + i) };
		__m256i grey = coloured(x, colours->factor[0], colours->bias[0]);
		__m128i bytes = _mm_xor_si128(_mm_packus_epi16(_mm256_castsi256_si128(grey),
					      _mm256_extracti128_si256(grey, 1)), turn);

		if (count - i >= 16) {
			_mm_storeu_si128((void *)(out + i), bytes);
		} else {
			_mm_storeu_si128((void *)last, bytes);
			memcpy(out + i, last, count - i);
		}
	}
}

const struct convert_loops convert_loops_avx2 = {
	.mix = mix,
	.mix_apart = mix_apart,
	.mix_together = mix_together,
	.pick_one = pick_one,
	.pick_two = pick_two,
	.pick_three = pick_three,
	.colour_three = colour_three,
	.colour_one = colour_one,
};
