/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/avx2.h"

/*
 * The ways from sums to bytes that few layers need: multiply_by_quantized step by
 * step, and real scales.
 */

/* x * 2^shift, ends of the range where that does not fit; shift >= 0. */
static __m256i shift_left_lanes(__m256i x, __m256i shift)
{
	__m256i shifted = _mm256_sllv_epi32(x, shift);
	__m256i end = _mm256_xor_si256(_mm256_srai_epi32(x, 31),
				       _mm256_set1_epi32(INT32_MAX));
	__m256i is_kept = _mm256_cmpeq_epi32(_mm256_srav_epi32(shifted, shift), x);

	return _mm256_blendv_epi8(end, shifted, is_kept);
}

static __m256i shift_right_lanes(__m256i x, __m256i n)
{
	__m256i one = _mm256_set1_epi32(1);
	__m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, n), one);
	__m256i threshold = _mm256_add_epi32(_mm256_srli_epi32(mask, 1),
					     _mm256_srli_epi32(x, 31));
	__m256i is_up = _mm256_cmpgt_epi32(_mm256_and_si256(x, mask), threshold);

	return _mm256_sub_epi32(_mm256_srav_epi32(x, n), is_up);
}

static __m256i multiply_high_lanes(__m256i x, const struct columns *c, int half)
{
	__m256i add = _mm256_set1_epi64x(1 << 30);
	__m256i even = _mm256_mul_epi32(x, load_half(c->mantissa, half));
	__m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32),
				       load_odd(c->mantissa, half));

	return high_32(_mm256_slli_epi64(_mm256_add_epi64(even, add), 1),
		       _mm256_slli_epi64(_mm256_add_epi64(odd, add), 1));
}

static __m256i scale_any(__m256i acc, const struct columns *c, int half)
{
	__m256i none = _mm256_setzero_si256(), shift = load_half(c->shift, half);
	__m256i left = _mm256_max_epi32(shift, none);
	__m256i right = _mm256_max_epi32(_mm256_sub_epi32(none, shift), none);

	acc = multiply_high_lanes(shift_left_lanes(acc, left), c, half);
	return shift_right_lanes(acc, right);
}

/* round() of acc * scale, ties away from zero; what does not fit 32 bits ends
   at theirs. */
static __m128i scale_real_4(__m128i acc, const double *scale)
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

static __m256i scale_real(__m256i acc, const struct columns *c, int half)
{
	const double *scale = c->real + half * 8;
	__m128i low = scale_real_4(_mm256_castsi256_si128(acc), scale);
	__m128i high = scale_real_4(_mm256_extracti128_si256(acc, 1), scale + 4);

	return _mm256_set_m128i(high, low);
}

void avx2_scale_slowly(__m256i *acc, int count, int vectors, const struct columns *c,
		       enum finish finish)
{
	for (int i = 0; i < count; i++) {
		if (finish == FINISH_ANY)
			acc[i] = scale_any(acc[i], c, i % vectors);
		else
			acc[i] = scale_real(acc[i], c, i % vectors);
	}
}
