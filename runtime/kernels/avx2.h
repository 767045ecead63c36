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

/* The odd ones of a half at even places; the last lane is not theirs. */
INLINE __m256i load_odd(const int32_t *of, int half)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)(of + half * 8 + 1));
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
				       load_odd(c->mantissa, half));

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

/* FINISH_ANY and FINISH_REAL, for all sums of a tile; sum v belongs to half
   v % vectors of the columns. Not inlined: each would outweigh its caller. */
void avx2_scale_slowly(__m256i *acc, int count, int vectors, const struct columns *c,
		       enum finish finish);

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
		avx2_scale_slowly(copy, count, vectors, c, finish);
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
