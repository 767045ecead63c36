/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/vnni.h"

/*
 * The ways from sums to bytes that few layers need: multiply_by_quantized step by
 * step, and real scales.
 */

/* x * 2^shift, ends of the range where that does not fit; shift >= 0. */
static __m512i shift_left_lanes(__m512i x, __m512i shift)
{
	__m512i shifted = _mm512_sllv_epi32(x, shift);
	__m512i end = _mm512_xor_si512(_mm512_srai_epi32(x, 31),
				       _mm512_set1_epi32(INT32_MAX));
	__mmask16 is_lost = _mm512_cmpneq_epi32_mask(_mm512_srav_epi32(shifted, shift), x);

	return _mm512_mask_mov_epi32(shifted, is_lost, end);
}

static __m512i shift_right_lanes(__m512i x, __m512i n)
{
	__m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), n),
					_mm512_set1_epi32(1));
	__m512i threshold = _mm512_add_epi32(_mm512_srli_epi32(mask, 1),
					     _mm512_srli_epi32(x, 31));
	__mmask16 is_up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(x, mask), threshold);
	__m512i floor = _mm512_srav_epi32(x, n);

	return _mm512_mask_add_epi32(floor, is_up, floor, _mm512_set1_epi32(1));
}

static __m512i multiply_high_lanes(__m512i x, const struct columns *c)
{
	__m512i half = _mm512_set1_epi64(1 << 30);
	__m512i even = _mm512_mul_epi32(x, _mm512_load_si512(c->mantissa));
	__m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32),
				       _mm512_loadu_si512(c->mantissa + 1));

	even = _mm512_slli_epi64(_mm512_add_epi64(even, half), 1);
	odd = _mm512_slli_epi64(_mm512_add_epi64(odd, half), 1);
	return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

static __m512i scale_any(__m512i acc, const struct columns *c)
{
	__m512i none = _mm512_setzero_si512(), shift = _mm512_load_si512(c->shift);
	__m512i left = _mm512_max_epi32(shift, none);
	__m512i right = _mm512_max_epi32(_mm512_sub_epi32(none, shift), none);

	acc = multiply_high_lanes(shift_left_lanes(acc, left), c);
	return shift_right_lanes(acc, right);
}

/* round() of acc * scale, ties away from zero; what does not fit 32 bits ends
   at theirs. */
static __m256i scale_real_8(__m256i acc, const double *scale)
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

static __m512i scale_real(__m512i acc, const struct columns *c)
{
	__m256i low = scale_real_8(_mm512_castsi512_si256(acc), c->real);
	__m256i high = scale_real_8(_mm512_extracti64x4_epi64(acc, 1), c->real + 8);

	return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

void vnni_scale_slowly(__m512i *acc, int count, int vectors, const struct columns *c,
		       enum finish finish)
{
	for (int i = 0; i < count; i++) {
		if (finish == FINISH_ANY)
			acc[i] = scale_any(acc[i], c + i % vectors);
		else
			acc[i] = scale_real(acc[i], c + i % vectors);
	}
}
