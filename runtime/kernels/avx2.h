/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_AVX2_H
#define ATOLL_RUNTIME_KERNELS_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "runtime/kernels/x86.h"

/*
 * Sums to bytes with AVX2: eight channels are one register, half of a struct
 * columns, and four such registers become one of bytes, in order. Included only
 * by files that are compiled for these instructions.
 */

INLINE __m256i load_half(const int32_t *of, int half)
{
	return _mm256_load_si256((const __m256i *)(const void *)(of + half * 8));
}

INLINE __m256i load_half_64(const int64_t *of, int half)
{
	return _mm256_load_si256((const __m256i *)(const void *)(of + half * 4));
}

/* The high 32 bits of two products of four, as eight lanes. */
INLINE __m256i high_32(__m256i even, __m256i odd)
{
	return _mm256_blend_epi32(_mm256_shuffle_epi32(even, 0xf5), odd, 0xaa);
}

INLINE __m256i multiply_add(__m256i acc, const struct columns *c, int half)
{
	__m256i even = _mm256_mul_epi32(acc, load_half(c->mantissa, half));
	__m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(acc, 32),
				       load_half(c->odd_mantissa, half));

	return high_32(_mm256_add_epi64(even, load_half_64(c->add.even, half)),
		       _mm256_add_epi64(odd, load_half_64(c->add.odd, half)));
}

/* See FINISH_CUT and FINISH_SIGNED. */
INLINE __m256i scale_cut(__m256i acc, const struct columns *c, int half)
{
	return _mm256_srav_epi32(multiply_add(acc, c, half), load_half(c->shift, half));
}

INLINE __m256i scale_signed(__m256i acc, const struct columns *c, int half)
{
	__m256i left = _mm256_sllv_epi32(acc, load_half(c->left, half));
	__m256i sign = _mm256_srlv_epi32(acc, load_half(c->sign, half));
	__m256i high = _mm256_sub_epi32(multiply_add(left, c, half), sign);

	return _mm256_srav_epi32(high, load_half(c->shift, half));
}

/* x * 2^shift, ends of the range where that does not fit; shift >= 0. */
INLINE __m256i shift_left_saturated_8(__m256i x, __m256i shift)
{
	__m256i shifted = _mm256_sllv_epi32(x, shift);
	__m256i end = _mm256_xor_si256(_mm256_srai_epi32(x, 31),
				       _mm256_set1_epi32(INT32_MAX));
	__m256i is_kept = _mm256_cmpeq_epi32(_mm256_srav_epi32(shifted, shift), x);

	return _mm256_blendv_epi8(end, shifted, is_kept);
}

INLINE __m256i shift_right_rounded_8(__m256i x, __m256i n)
{
	__m256i one = _mm256_set1_epi32(1);
	__m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, n), one);
	__m256i threshold = _mm256_add_epi32(_mm256_srli_epi32(mask, 1),
					     _mm256_srli_epi32(x, 31));
	__m256i is_up = _mm256_cmpgt_epi32(_mm256_and_si256(x, mask), threshold);

	return _mm256_sub_epi32(_mm256_srav_epi32(x, n), is_up);
}

/* multiply_high: the mantissas of odd lanes are in even lanes of `odd`. */
INLINE __m256i multiply_high_8(__m256i x, __m256i mantissa, __m256i odd)
{
	__m256i half = _mm256_set1_epi64x(1 << 30);
	__m256i low = _mm256_mul_epi32(x, mantissa);
	__m256i high = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), odd);

	return high_32(_mm256_slli_epi64(_mm256_add_epi64(low, half), 1),
		       _mm256_slli_epi64(_mm256_add_epi64(high, half), 1));
}

INLINE __m256i scale_any(__m256i acc, const struct columns *c, int half)
{
	__m256i none = _mm256_setzero_si256(), shift = load_half(c->shift, half);
	__m256i left = _mm256_max_epi32(shift, none);
	__m256i right = _mm256_max_epi32(_mm256_sub_epi32(none, shift), none);

	acc = multiply_high_8(shift_left_saturated_8(acc, left),
			      load_half(c->mantissa, half), load_half(c->odd_mantissa, half));
	return shift_right_rounded_8(acc, right);
}

/* round() of acc * scale, ties away from zero; what does not fit 32 bits ends
   at theirs. */
INLINE __m128i scale_real_4(__m128i acc, const double *scale)
{
	__m256d sign = _mm256_set1_pd(-0.0);
	__m256d x = _mm256_mul_pd(_mm256_cvtepi32_pd(acc), _mm256_load_pd(scale));
	__m256d whole = _mm256_round_pd(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
	__m256d rest = _mm256_andnot_pd(sign, _mm256_sub_pd(x, whole));
	__m256d is_up = _mm256_cmp_pd(rest, _mm256_set1_pd(0.5), _CMP_GE_OQ);
	__m256d one = _mm256_or_pd(_mm256_and_pd(x, sign), _mm256_set1_pd(1.0));

	whole = _mm256_add_pd(whole, _mm256_and_pd(one, is_up));
	whole = _mm256_max_pd(whole, _mm256_set1_pd(INT32_MIN));
	whole = _mm256_min_pd(whole, _mm256_set1_pd(INT32_MAX));
	return _mm256_cvttpd_epi32(whole);
}

INLINE __m256i scale_real(__m256i acc, const struct columns *c, int half)
{
	const double *scale = c->real + half * 8;
	__m128i low = scale_real_4(_mm256_castsi256_si128(acc), scale);
	__m128i high = scale_real_4(_mm256_extracti128_si256(acc, 1), scale + 4);

	return _mm256_set_m128i(high, low);
}

/* The rare two, for all sums of a tile; sum v belongs to half v % vectors of the
   columns. Not inlined: each would outweigh its caller. */
static __attribute__((noinline, unused)) void
scale_slowly(__m256i *acc, int count, int vectors, const struct columns *c,
	     enum finish finish)
{
	for (int i = 0; i < count; i++) {
		if (finish == FINISH_ANY)
			acc[i] = scale_any(acc[i], c, i % vectors);
		else
			acc[i] = scale_real(acc[i], c, i % vectors);
	}
}

/* `finish` is the same all through a layer, so the branches are foretold. */
INLINE void scale_all(__m256i *acc, const int count, const int vectors,
		      const struct columns *c, enum finish finish)
{
	if (finish == FINISH_CUT) {
		UNROLL for (int i = 0; i < count; i++)
			acc[i] = scale_cut(acc[i], c, i % vectors);
	} else if (finish == FINISH_SIGNED) {
		UNROLL for (int i = 0; i < count; i++)
			acc[i] = scale_signed(acc[i], c, i % vectors);
	} else {
		__m256i copy[12]; /* so that `acc` can stay in registers */

		UNROLL for (int i = 0; i < count; i++)
			copy[i] = acc[i];
		scale_slowly(copy, count, vectors, c, finish);
		UNROLL for (int i = 0; i < count; i++)
			acc[i] = copy[i];
	}
}

struct ending {
	__m256i zero; /* 16 bit */
	__m256i low, high, flip;
};

INLINE struct ending ending_of(const struct finishing *f)
{
	return (struct ending){
		_mm256_set1_epi16((int16_t)f->out_zero),
		_mm256_set1_epi8((char)f->low),
		_mm256_set1_epi8((char)f->high),
		_mm256_set1_epi8((char)f->flip),
	};
}

/* Add the zero point, clamp and narrow: what saturates at 16 bits is far outside
   of bytes. Bytes 8 v + i are lane i of scaled sum v. */
INLINE __m256i narrow(__m256i s0, __m256i s1, __m256i s2, __m256i s3,
		      const struct ending *end)
{
	/* Packing works in halves of a register: it leaves 4 bytes of each. */
	const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	__m256i s01 = _mm256_adds_epi16(_mm256_packs_epi32(s0, s1), end->zero);
	__m256i s23 = _mm256_adds_epi16(_mm256_packs_epi32(s2, s3), end->zero);
	__m256i bytes = _mm256_packus_epi16(s01, s23);

	bytes = _mm256_min_epu8(_mm256_max_epu8(bytes, end->low), end->high);
	return _mm256_permutevar8x32_epi32(_mm256_xor_si256(bytes, end->flip), order);
}

/* The first `count` of 16 bytes. */
INLINE void store_some(uint8_t *to, __m128i bytes, uint32_t count)
{
	uint8_t all[16];

	if (count >= 16) {
		_mm_storeu_si128((__m128i *)(void *)to, bytes);
		return;
	}
	_mm_storeu_si128((__m128i *)(void *)all, bytes);
	memcpy(to, all, count);
}

/*
 * Store 32 bytes as rows, or cells, of 8 * vectors columns each: as many as
 * there are, and `columns` of each.
 */
INLINE void store_rows(uint8_t *out, size_t stride, __m256i bytes, const int vectors,
		       uint32_t rows, uint32_t columns)
{
	__m128i low = _mm256_castsi256_si128(bytes);
	__m128i high = _mm256_extracti128_si256(bytes, 1);

	if (vectors == 2) {
		store_some(out, low, columns);
		if (rows > 1)
			store_some(out + stride, high, columns);
		return;
	}
	UNROLL for (uint32_t r = 0; r < 4; r++) {
		__m128i pair = r < 2 ? low : high;

		if (r < rows)
			store_some(out + r * stride,
				   r % 2 ? _mm_srli_si128(pair, 8) : pair, columns);
	}
}

#endif
