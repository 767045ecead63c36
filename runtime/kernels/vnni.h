/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_VNNI_H
#define ATOLL_RUNTIME_KERNELS_VNNI_H

#include <immintrin.h>

#include "runtime/kernels/x86.h"

/*
 * Sums to bytes with AVX-512: sixteen channels are one register, and four such
 * registers become one of bytes, in order. Included only by files that are
 * compiled for these instructions.
 */
INLINE __m512i multiply_add(__m512i acc, const struct columns *c)
{
	__m512i even = _mm512_mul_epi32(acc, _mm512_load_si512(c->mantissa));
	__m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(acc, 32),
				       _mm512_load_si512(c->odd_mantissa));

	even = _mm512_add_epi64(even, _mm512_load_si512(c->add.even));
	odd = _mm512_add_epi64(odd, _mm512_load_si512(c->add.odd));
	return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

/* See FINISH_CUT and FINISH_SIGNED. */
INLINE __m512i scale_cut(__m512i acc, const struct columns *c)
{
	return _mm512_srav_epi32(multiply_add(acc, c), _mm512_load_si512(c->shift));
}

INLINE __m512i scale_signed(__m512i acc, const struct columns *c)
{
	__m512i left = _mm512_sllv_epi32(acc, _mm512_load_si512(c->left));
	__m512i sign = _mm512_srlv_epi32(acc, _mm512_load_si512(c->sign));
	__m512i high = _mm512_sub_epi32(multiply_add(left, c), sign);

	return _mm512_srav_epi32(high, _mm512_load_si512(c->shift));
}

/* x * 2^shift, ends of the range where that does not fit; shift >= 0. */
INLINE __m512i shift_left_saturated_16(__m512i x, __m512i shift)
{
	__m512i shifted = _mm512_sllv_epi32(x, shift);
	__m512i end = _mm512_xor_si512(_mm512_srai_epi32(x, 31),
				       _mm512_set1_epi32(INT32_MAX));
	__mmask16 is_lost = _mm512_cmpneq_epi32_mask(_mm512_srav_epi32(shifted, shift), x);

	return _mm512_mask_mov_epi32(shifted, is_lost, end);
}

INLINE __m512i shift_right_rounded_16(__m512i x, __m512i n)
{
	__m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), n),
					_mm512_set1_epi32(1));
	__m512i threshold = _mm512_add_epi32(_mm512_srli_epi32(mask, 1),
					     _mm512_srli_epi32(x, 31));
	__mmask16 is_up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(x, mask), threshold);
	__m512i floor = _mm512_srav_epi32(x, n);

	return _mm512_mask_add_epi32(floor, is_up, floor, _mm512_set1_epi32(1));
}

INLINE __m512i multiply_high_16(__m512i x, const struct columns *c)
{
	__m512i half = _mm512_set1_epi64(1 << 30);
	__m512i even = _mm512_mul_epi32(x, _mm512_load_si512(c->mantissa));
	__m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32),
				       _mm512_load_si512(c->odd_mantissa));

	even = _mm512_slli_epi64(_mm512_add_epi64(even, half), 1);
	odd = _mm512_slli_epi64(_mm512_add_epi64(odd, half), 1);
	return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

INLINE __m512i scale_any(__m512i acc, const struct columns *c)
{
	__m512i none = _mm512_setzero_si512(), shift = _mm512_load_si512(c->shift);
	__m512i left = _mm512_max_epi32(shift, none);
	__m512i right = _mm512_max_epi32(_mm512_sub_epi32(none, shift), none);

	acc = multiply_high_16(shift_left_saturated_16(acc, left), c);
	return shift_right_rounded_16(acc, right);
}

/* round() of acc * scale, ties away from zero; what does not fit 32 bits ends
   at theirs. */
INLINE __m256i scale_real_8(__m256i acc, const double *scale)
{
	__m512d x = _mm512_mul_pd(_mm512_cvtepi32_pd(acc), _mm512_load_pd(scale));
	__m512d whole = _mm512_roundscale_pd(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
	__m512d rest = _mm512_abs_pd(_mm512_sub_pd(x, whole));
	__mmask8 is_up = _mm512_cmp_pd_mask(rest, _mm512_set1_pd(0.5), _CMP_GE_OQ);
	__m512d one = _mm512_or_pd(_mm512_and_pd(x, _mm512_set1_pd(-0.0)),
				   _mm512_set1_pd(1.0));

	whole = _mm512_mask_add_pd(whole, is_up, whole, one);
	whole = _mm512_max_pd(whole, _mm512_set1_pd(INT32_MIN));
	whole = _mm512_min_pd(whole, _mm512_set1_pd(INT32_MAX));
	return _mm512_cvttpd_epi32(whole);
}

INLINE __m512i scale_real(__m512i acc, const struct columns *c)
{
	__m256i low = scale_real_8(_mm512_castsi512_si256(acc), c->real);
	__m256i high = scale_real_8(_mm512_extracti64x4_epi64(acc, 1), c->real + 8);

	return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* The rare two, for all sums of a tile; lane i of sum v belongs to columns
   16 (v % vectors) + i. Not inlined: each would outweigh its caller. */
static __attribute__((noinline, unused)) void
scale_slowly(__m512i *acc, int count, int vectors, const struct columns *c,
	     enum finish finish)
{
	for (int i = 0; i < count; i++) {
		if (finish == FINISH_ANY)
			acc[i] = scale_any(acc[i], c + i % vectors);
		else
			acc[i] = scale_real(acc[i], c + i % vectors);
	}
}

/* `finish` is the same all through a layer, so the branches are foretold. */
INLINE void scale_all(__m512i *acc, const int count, const int vectors,
		      const struct columns *c, enum finish finish)
{
	if (finish == FINISH_CUT) {
		UNROLL for (int i = 0; i < count; i++)
			acc[i] = scale_cut(acc[i], c + i % vectors);
	} else if (finish == FINISH_SIGNED) {
		UNROLL for (int i = 0; i < count; i++)
			acc[i] = scale_signed(acc[i], c + i % vectors);
	} else {
		__m512i copy[24]; /* so that `acc` can stay in registers */

		UNROLL for (int i = 0; i < count; i++)
			copy[i] = acc[i];
		scale_slowly(copy, count, vectors, c, finish);
		UNROLL for (int i = 0; i < count; i++)
			acc[i] = copy[i];
	}
}

struct ending {
	__m512i zero; /* 16 bit */
	__m512i low, high, flip;
};

INLINE struct ending ending_of(const struct finishing *f)
{
	return (struct ending){
		_mm512_set1_epi16((int16_t)f->out_zero),
		_mm512_set1_epi8((char)f->low),
		_mm512_set1_epi8((char)f->high),
		_mm512_set1_epi8((char)f->flip),
	};
}

/* Add the zero point, clamp and narrow: what saturates at 16 bits is far outside
   of bytes. Bytes 16 v + i are lane i of scaled sum v. */
INLINE __m512i narrow(__m512i s0, __m512i s1, __m512i s2, __m512i s3,
		      const struct ending *end)
{
	/* Packing works in quarters of a register: it leaves 4 bytes of each. */
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13,
						2, 6, 10, 14, 3, 7, 11, 15);
	__m512i s01 = _mm512_adds_epi16(_mm512_packs_epi32(s0, s1), end->zero);
	__m512i s23 = _mm512_adds_epi16(_mm512_packs_epi32(s2, s3), end->zero);
	__m512i bytes = _mm512_packus_epi16(s01, s23);

	bytes = _mm512_min_epu8(_mm512_max_epu8(bytes, end->low), end->high);
	return _mm512_permutexvar_epi32(order, _mm512_xor_si512(bytes, end->flip));
}

/* The lowest `count` of 64 lanes, at most all. */
INLINE __mmask64 lanes(uint64_t count)
{
	return count < 64 ? (UINT64_C(1) << count) - 1 : ~UINT64_C(0);
}

/*
 * Store 64 bytes as rows, or cells, of 16 * vectors columns each: as many as
 * there are, and of each the columns that there are.
 */
INLINE void store_rows(uint8_t *out, size_t stride, __m512i bytes, const int vectors,
		       uint32_t rows, __mmask64 columns)
{
	__m128i quarter[4] = {
		_mm512_castsi512_si128(bytes),
		_mm512_extracti32x4_epi32(bytes, 1),
		_mm512_extracti32x4_epi32(bytes, 2),
		_mm512_extracti32x4_epi32(bytes, 3),
	};

	if (vectors > 2) {
		_mm512_mask_storeu_epi8(out, columns, bytes);
	} else if (vectors == 2) {
		_mm256_mask_storeu_epi8(out, (__mmask32)columns,
					_mm512_castsi512_si256(bytes));
		if (rows > 1)
			_mm256_mask_storeu_epi8(out + stride, (__mmask32)columns,
						_mm512_extracti64x4_epi64(bytes, 1));
	} else {
		UNROLL for (uint32_t r = 0; r < 4; r++) {
			if (r < rows)
				_mm_mask_storeu_epi8(out + r * stride,
						     (__mmask16)columns, quarter[r]);
		}
	}
}

#endif
