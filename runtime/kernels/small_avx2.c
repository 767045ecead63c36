/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/avx2.h"

#include <string.h>

/*
 * Pooling and elementwise loops with AVX2, 32 bytes at a time: four registers of
 * eight 32-bit lanes. Bytes are uint8 here, int8 flipped on the way in and out.
 */
#define AT_ONCE 32

static struct ending ending_in(bool is_signed, int32_t zero, int32_t low, int32_t high)
{
	uint8_t flip = flip_of(is_signed);

	return ending_of(&(struct finishing){ .out_zero = zero + flip, .low = low + flip,
					      .high = high + flip, .flip = flip });
}

/* Eight bytes as 32-bit differences from the zero point, both uint8 here. */
INLINE __m256i widen(const uint8_t *from, __m128i flip, __m256i zero)
{
	__m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)from);

	return _mm256_sub_epi32(_mm256_cvtepu8_epi32(_mm_xor_si128(bytes, flip)), zero);
}

/*
 * multiply_by_quantized of x * 2^left, which must be below 2^30 in size: as
 * FINISH_SIGNED in x86.h, with the doubling in the left shift.
 */
struct scaling {
	bool is_shift;       /* all of it is one exact shift to the left */
	__m256i left, right, sign, mantissa, add;
};

static struct scaling scaling_of(struct multiplier by, int left)
{
	int right = by.shift < 0 ? -by.shift : 0;
	int64_t half = right ? INT64_C(1) << (31 + right) : 0;

	left += by.shift > 0 ? by.shift : 0;
	if (by.mantissa == 1 << 30 && left > right)
		return (struct scaling){ .is_shift = true,
					 .left = _mm256_set1_epi32(left - 1 - right) };
	return (struct scaling){
		.left = _mm256_set1_epi32(left + 1),
		.right = _mm256_set1_epi32(right),
		.sign = _mm256_set1_epi32(right ? 31 : 32),
		.mantissa = _mm256_set1_epi32(by.mantissa),
		.add = _mm256_set1_epi64x((INT64_C(1) << 31) + half),
	};
}

INLINE __m256i scale(__m256i x, const struct scaling *s)
{
	__m256i even, odd, high;

	x = _mm256_sllv_epi32(x, s->left);
	if (s->is_shift)
		return x;
	even = _mm256_mul_epi32(x, s->mantissa);
	odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), s->mantissa);
	high = high_32(_mm256_add_epi64(even, s->add), _mm256_add_epi64(odd, s->add));
	high = _mm256_sub_epi32(high, _mm256_srlv_epi32(x, s->sign));
	return _mm256_srav_epi32(high, s->right);
}

/* Averages. */

#define POOL_GROUP 16

/* Sums below this are exact as float, and so is their quotient's whole part. */
#define EXACT_FLOAT (1 << 24)

/* sum / taps rounded half away from zero; the sum is of flipped bytes. */
INLINE __m256i mean(__m256i sum, int32_t taps, uint8_t flip)
{
	__m256i stored = _mm256_sub_epi32(sum, _mm256_set1_epi32(taps * flip));
	__m256i size = _mm256_add_epi32(_mm256_abs_epi32(stored),
					_mm256_set1_epi32(taps / 2));
	__m256 quotient = _mm256_div_ps(_mm256_cvtepi32_ps(size),
					_mm256_set1_ps((float)taps));

	return _mm256_sign_epi32(_mm256_cvttps_epi32(quotient), stored);
}

/* Up to sixteen channels of one output cell. */
static __m256i average_group(const struct average_pool *p, const uint8_t *in,
			     struct pool_span ys, struct pool_span xs, uint32_t channels,
			     const struct ending *end)
{
	__m128i flip = _mm_set1_epi8((char)flip_of(p->is_signed));
	int32_t taps = (int32_t)((ys.end - ys.begin) * (xs.end - xs.begin));
	__m256i none = _mm256_setzero_si256(), sums[4] = { none, none, none, none };
	uint8_t some[POOL_GROUP] = { 0 };

	for (uint32_t y = ys.begin; y < ys.end; y++) {
		for (uint32_t x = xs.begin; x < xs.end; x++) {
			const uint8_t *cell = in + ((size_t)y * p->in_w + x) * p->channels;

			if (channels < POOL_GROUP)
				cell = memcpy(some, cell, channels);
			sums[0] = _mm256_add_epi32(sums[0], widen(cell, flip, none));
			sums[1] = _mm256_add_epi32(sums[1], widen(cell + 8, flip, none));
		}
	}
	sums[0] = mean(sums[0], taps, flip_of(p->is_signed));
	sums[1] = mean(sums[1], taps, flip_of(p->is_signed));
	return narrow(sums[0], sums[1], sums[2], sums[3], end);
}

void avx2_average_pool_run(const struct average_pool *p, const void *in, void *out,
			   uint32_t first, uint32_t rows)
{
	struct ending end = ending_in(p->is_signed, 0, p->low, p->high);
	uint8_t *to = (uint8_t *)out + (size_t)first * p->out_w * p->channels;

	if ((uint64_t)p->kernel_h * p->kernel_w >= EXACT_FLOAT / (UINT8_MAX + 1)) {
		vector_plain.average_pool_run(p, in, out, first, rows);
		return;
	}
	for (uint32_t y = first; y < first + rows; y++) {
		struct pool_span ys = pool_span(y, p->stride_h, p->pad_top, p->kernel_h, p->in_h);

		for (uint32_t x = 0; x < p->out_w; x++, to += p->channels) {
			struct pool_span xs = pool_span(x, p->stride_w, p->pad_left, p->kernel_w,
						p->in_w);

			for (uint32_t c = 0; c < p->channels; c += POOL_GROUP) {
				uint32_t channels = least(p->channels - c, POOL_GROUP);
				__m256i bytes = average_group(p, (const uint8_t *)in + c,
							      ys, xs, channels, &end);

				store_some(to + c, _mm256_castsi256_si128(bytes), channels);
			}
		}
	}
}

/* Sums and differences. */

/* TFLite: both operands gain 20 bits of room before they are scaled. */
#define ADD_SHIFT 20

struct operand {
	__m128i flip;
	__m256i zero;
	struct scaling by;
};

static struct operand operand_of(bool is_signed, int32_t zero, struct multiplier by,
				 int left)
{
	uint8_t flip = flip_of(is_signed);

	return (struct operand){ _mm_set1_epi8((char)flip), _mm256_set1_epi32(zero + flip),
				 scaling_of(by, left) };
}

struct sum {
	struct operand a, b;
	bool is_subtraction;
	struct scaling out_scale;
	struct ending end;
};

INLINE void add_32(const struct sum *s, const uint8_t *a, const uint8_t *b, uint8_t *out)
{
	__m256i sums[4];

	UNROLL for (int i = 0; i < 4; i++) {
		__m256i x = scale(widen(a + i * 8, s->a.flip, s->a.zero), &s->a.by);
		__m256i y = scale(widen(b + i * 8, s->b.flip, s->b.zero), &s->b.by);

		x = s->is_subtraction ? _mm256_sub_epi32(x, y) : _mm256_add_epi32(x, y);
		sums[i] = scale(x, &s->out_scale);
	}
	_mm256_storeu_si256((__m256i *)(void *)out,
			    narrow(sums[0], sums[1], sums[2], sums[3], &s->end));
}

void avx2_add_run(const struct add *s, const void *a, const void *b, void *out,
		  size_t count)
{
	const struct sum sum = {
		.a = operand_of(s->is_signed, s->a_zero, s->a_scale, ADD_SHIFT),
		.b = operand_of(s->is_signed, s->b_zero, s->b_scale, ADD_SHIFT),
		.is_subtraction = s->is_subtraction,
		.out_scale = scaling_of(s->out_scale, 0),
		.end = ending_in(s->is_signed, s->out_zero, s->low, s->high),
	};
	const uint8_t *from_a = a, *from_b = b;
	uint8_t some_a[AT_ONCE] = { 0 }, some_b[AT_ONCE] = { 0 }, some_out[AT_ONCE];
	uint8_t *to = out;
	size_t i = 0;

	for (; i + AT_ONCE <= count; i += AT_ONCE)
		add_32(&sum, from_a + i, from_b + i, to + i);
	if (i == count)
		return;
	memcpy(some_a, from_a + i, count - i);
	memcpy(some_b, from_b + i, count - i);
	add_32(&sum, some_a, some_b, some_out);
	memcpy(to + i, some_out, count - i);
}

/* Into 8 bits. */

/* roundf(x / scale), at most a million away from 0; NaN is far below. */
INLINE __m256i steps_of(const float *from, __m256 by)
{
	__m256 sign = _mm256_set1_ps(-0.0f);
	__m256 x = _mm256_div_ps(_mm256_loadu_ps(from), by);
	__m256 whole = _mm256_round_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
	__m256 rest = _mm256_andnot_ps(sign, _mm256_sub_ps(x, whole));
	__m256 is_up = _mm256_cmp_ps(rest, _mm256_set1_ps(0.5f), _CMP_GE_OQ);
	__m256 one = _mm256_or_ps(_mm256_and_ps(x, sign), _mm256_set1_ps(1));

	whole = _mm256_add_ps(whole, _mm256_and_ps(one, is_up));
	whole = _mm256_max_ps(whole, _mm256_set1_ps(-1e6f)); /* the second if one is NaN */
	whole = _mm256_min_ps(whole, _mm256_set1_ps(1e6f));
	return _mm256_cvttps_epi32(whole);
}

INLINE void quantize_32(const float *from, __m256 by, const struct ending *end,
			uint8_t *to)
{
	__m256i steps[4];

	UNROLL for (int i = 0; i < 4; i++)
		steps[i] = steps_of(from + i * 8, by);
	_mm256_storeu_si256((__m256i *)(void *)to,
			    narrow(steps[0], steps[1], steps[2], steps[3], end));
}

static struct ending whole_range(bool is_signed, int32_t zero)
{
	return is_signed ? ending_in(true, zero, INT8_MIN, INT8_MAX) :
			   ending_in(false, zero, 0, UINT8_MAX);
}

void avx2_quantize_run(bool is_signed, float scale_by, int32_t zero, const float *in,
		       void *out, size_t count)
{
	struct ending end = whole_range(is_signed, zero);
	__m256 by = _mm256_set1_ps(scale_by);
	float some[AT_ONCE] = { 0 };
	uint8_t *to = out, some_out[AT_ONCE];
	size_t i = 0;

	for (; i + AT_ONCE <= count; i += AT_ONCE)
		quantize_32(in + i, by, &end, to + i);
	if (i == count)
		return;
	memcpy(some, in + i, (count - i) * sizeof(*in));
	quantize_32(some, by, &end, some_out);
	memcpy(to + i, some_out, count - i);
}

INLINE void requantize_32(const struct operand *o, const struct ending *end,
			  const uint8_t *from, uint8_t *to)
{
	__m256i x[4];

	UNROLL for (int i = 0; i < 4; i++)
		x[i] = scale(widen(from + i * 8, o->flip, o->zero), &o->by);
	_mm256_storeu_si256((__m256i *)(void *)to,
			    narrow(x[0], x[1], x[2], x[3], end));
}

/* Differences of bytes have 8 bits and a sign; this many more are below 2^30. */
#define LEFT_MAX 21

void avx2_requantize_run(bool in_is_signed, int32_t in_zero, struct multiplier by,
			 bool out_is_signed, int32_t out_zero, const void *in, void *out,
			 size_t count)
{
	const struct operand o = operand_of(in_is_signed, in_zero, by, 0);
	const struct ending end = whole_range(out_is_signed, out_zero);
	uint8_t some[AT_ONCE] = { 0 }, some_out[AT_ONCE];
	const uint8_t *from = in;
	uint8_t *to = out;
	size_t i = 0;

	if (by.shift > LEFT_MAX) {
		vector_plain.requantize_run(in_is_signed, in_zero, by, out_is_signed,
					    out_zero, in, out, count);
		return;
	}
	for (; i + AT_ONCE <= count; i += AT_ONCE)
		requantize_32(&o, &end, from + i, to + i);
	if (i == count)
		return;
	memcpy(some, from + i, count - i);
	requantize_32(&o, &end, some, some_out);
	memcpy(to + i, some_out, count - i);
}
