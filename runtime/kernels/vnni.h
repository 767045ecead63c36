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
				       _mm512_loadu_si512(c->mantissa + 1));

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

/* FINISH_ANY and FINISH_REAL, for all sums of a tile; lane i of sum v belongs to
   columns 16 (v % vectors) + i. Not inlined: each would outweigh its caller. */
void vnni_scale_slowly(__m512i *acc, int count, int vectors, const struct columns *c,
		       enum finish finish);

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
		vnni_scale_slowly(copy, count, vectors, c, finish);
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
