/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/neon.h"

#include <string.h>

/*
 * Average pooling and the elementwise loops for armv8.0, and the table.
 *
 * All work on 16 bytes at a time. The end of an array that is shorter goes
 * through a copy of that size.
 */

#define LANES 16

static struct stored_range type_range(bool is_signed, int32_t zero)
{
	struct quant_range range = quant_type_range(is_signed ? ATOLL_INT8 : ATOLL_UINT8);

	return stored_range(zero, range.low, range.high);
}

/* 16 results as bytes. */
static inline void store(uint8_t *out, const int32x4_t x[4], struct stored_range range)
{
	vst1q_u8(out, vcombine_u8(narrow(x[0], x[1], range), narrow(x[2], x[3], range)));
}

/* Average pooling. */

struct window {
	const uint8_t *first; /* its top left cell */
	uint32_t rows, columns;
	size_t cell_bytes, row_bytes;
};

/* 16 bits hold the sum of so many bytes. */
#define BYTES_IN_16_BITS 257

/* sum[channel] of bytes ^ flip over the window, for 16 channels. */
static void sum_window(const struct window *window, size_t channel, uint8x16_t flip,
		       uint32x4_t sum[4])
{
	const uint8_t *row = window->first + channel;

	for (int i = 0; i < 4; i++)
		sum[i] = vdupq_n_u32(0);
	for (uint32_t y = 0; y < window->rows; y++, row += window->row_bytes) {
		const uint8_t *cell = row;

		for (uint32_t left = window->columns, step; left; left -= step) {
			uint16x8_t low = vdupq_n_u16(0), high = vdupq_n_u16(0);

			step = left < BYTES_IN_16_BITS ? left : BYTES_IN_16_BITS;
			for (uint32_t x = 0; x < step; x++, cell += window->cell_bytes) {
				uint8x16_t bytes = veorq_u8(vld1q_u8(cell), flip);

				low = vaddw_u8(low, vget_low_u8(bytes));
				high = vaddw_high_u8(high, bytes);
			}
			sum[0] = vaddw_u16(sum[0], vget_low_u16(low));
			sum[1] = vaddw_high_u16(sum[1], low);
			sum[2] = vaddw_u16(sum[2], vget_low_u16(high));
			sum[3] = vaddw_high_u16(sum[3], high);
		}
	}
}

/*
 * Division by `taps` as a multiplication: x / taps = x * factor >> shift, with
 * factor = floor(2^shift / taps) + 1 and shift = 31 + floor(log2(taps)).
 *
 * factor is too large by at most 1, in units of 1 / taps at most `taps`; the
 * quotient is still exact while x * taps < 2^shift. As x < 256 * taps, that holds
 * for taps < 2^22.
 */
#define POOL_TAPS_MAX ((1u << 22) - 1)

struct divisor {
	uint32x2_t factor;
	int64x2_t shift; /* negative: to the right */
	uint32x4_t half;
};

static struct divisor divisor_from(uint32_t taps)
{
	int shift = 62 - __builtin_clz(taps);

	return (struct divisor){
		vdup_n_u32((uint32_t)((UINT64_C(1) << shift) / taps) + 1),
		vdupq_n_s64(-shift),
		vdupq_n_u32(taps / 2),
	};
}

/* Quotients rounded half away from zero. */
static int32x4_t divide(int32x4_t x, const struct divisor *by)
{
	int32x4_t sign = vshrq_n_s32(x, 31), quotient;
	uint32x4_t size = vaddq_u32(vreinterpretq_u32_s32(vabsq_s32(x)), by->half);
	uint64x2_t low = vmull_u32(vget_low_u32(size), by->factor);
	uint64x2_t high = vmull_u32(vget_high_u32(size), by->factor);

	quotient = vreinterpretq_s32_u32(vcombine_u32(vmovn_u64(vshlq_u64(low, by->shift)),
						      vmovn_u64(vshlq_u64(high, by->shift))));
	return vsubq_s32(veorq_s32(quotient, sign), sign);
}

static void average_cell(const struct average_pool *p, const struct window *window,
			 uint8_t *out)
{
	uint8_t flip = p->is_signed ? 0x80 : 0;
	uint32_t taps = window->rows * window->columns;
	int32x4_t excess = vdupq_n_s32((int32_t)(taps * flip));
	struct stored_range range = stored_range(0, p->low, p->high);
	struct divisor divisor = divisor_from(taps);

	for (size_t c = 0; c < p->channels; c += LANES) {
		uint32x4_t sum[4];
		int32x4_t mean[4];

		/* A last group that is short begins earlier. */
		if (c > p->channels - (size_t)LANES)
			c = p->channels - (size_t)LANES;
		sum_window(window, c, vdupq_n_u8(flip), sum);
		for (int i = 0; i < 4; i++)
			mean[i] = divide(vsubq_s32(vreinterpretq_s32_u32(sum[i]), excess),
					 &divisor);
		store(out + c, mean, range);
	}
}

static void average_pool_run(const struct average_pool *p, const void *in, void *out,
			     uint32_t first, uint32_t rows)
{
	uint8_t *to = (uint8_t *)out + (size_t)first * p->out_w * p->channels;

	if (p->channels < LANES || (uint64_t)p->kernel_h * p->kernel_w > POOL_TAPS_MAX) {
		vector_plain.average_pool_run(p, in, out, first, rows);
		return;
	}
	for (uint32_t y = first; y < first + rows; y++) {
		struct pool_span ys = pool_span(y, p->stride_h, p->pad_top, p->kernel_h, p->in_h);

		for (uint32_t x = 0; x < p->out_w; x++, to += p->channels) {
			struct pool_span xs = pool_span(x, p->stride_w, p->pad_left,
						p->kernel_w, p->in_w);
			size_t cell = (size_t)ys.begin * p->in_w + xs.begin;
			struct window window = {
				.first = (const uint8_t *)in + cell * p->channels,
				.rows = ys.end - ys.begin,
				.columns = xs.end - xs.begin,
				.cell_bytes = p->channels,
				.row_bytes = (size_t)p->in_w * p->channels,
			};

			average_cell(p, &window, to);
		}
	}
}

/*
 * Elementwise. The top bit of int8 is flipped, which makes it the uint8 that is
 * 128 higher, so that the loops need not ask for the type.
 */
struct source {
	uint8x16_t flip;
	int16x8_t zero;
};

static struct source source_of(bool is_signed, int32_t zero)
{
	return (struct source){
		vdupq_n_u8(is_signed ? 0x80 : 0),
		vdupq_n_s16((int16_t)(is_signed ? zero + 128 : zero)),
	};
}

/* 16 bytes, less their zero point. */
static inline int16x8x2_t widen(const uint8_t *from, struct source source)
{
	uint8x16_t bytes = veorq_u8(vld1q_u8(from), source.flip);
	int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes)));
	int16x8_t high = vreinterpretq_s16_u16(vmovl_high_u8(bytes));

	return (int16x8x2_t){ { vsubq_s16(low, source.zero),
				vsubq_s16(high, source.zero) } };
}

struct add_terms {
	struct source a, b;
	struct scaling a_scale, b_scale, out_scale;
	struct stored_range range;
};

/* (byte - zero) << 20, scaled. Six of the twenty bits fit before the widening. */
static inline void addends(const uint8_t *from, struct source source,
			   struct scaling by, int32x4_t x[4])
{
	int16x8x2_t wide = widen(from, source);

	for (int i = 0; i < 2; i++) {
		int16x8_t shifted = vshlq_n_s16(wide.val[i], 6);

		x[2 * i] = scale_right(vshll_n_s16(vget_low_s16(shifted), 14), by);
		x[2 * i + 1] = scale_right(vshll_high_n_s16(shifted, 14), by);
	}
}

static inline void add_16(const struct add_terms *terms, bool is_subtraction,
			  const uint8_t *a, const uint8_t *b, uint8_t *out)
{
	int32x4_t x[4], y[4];

	addends(a, terms->a, terms->a_scale, x);
	addends(b, terms->b, terms->b_scale, y);
	for (int i = 0; i < 4; i++) {
		x[i] = is_subtraction ? vsubq_s32(x[i], y[i]) : vaddq_s32(x[i], y[i]);
		x[i] = scale_right(x[i], terms->out_scale);
	}
	store(out, x, terms->range);
}

static inline __attribute__((always_inline))
void add_all(const struct add_terms *terms, bool is_subtraction, const uint8_t *a,
	     const uint8_t *b, uint8_t *out, size_t count)
{
	uint8_t last[3][LANES] = { 0 };
	size_t i = 0;

	for (; i + LANES <= count; i += LANES)
		add_16(terms, is_subtraction, a + i, b + i, out + i);
	memcpy(last[0], a + i, count - i);
	memcpy(last[1], b + i, count - i);
	add_16(terms, is_subtraction, last[0], last[1], last[2]);
	memcpy(out + i, last[2], count - i);
}

static void add_run(const struct add *s, const void *a, const void *b, void *out,
		    size_t count)
{
	const struct add_terms terms = {
		source_of(s->is_signed, s->a_zero), source_of(s->is_signed, s->b_zero),
		scaling_same(s->a_scale), scaling_same(s->b_scale),
		scaling_same(s->out_scale),
		stored_range(s->out_zero, s->low, s->high),
	};

	if (s->is_subtraction)
		add_all(&terms, true, a, b, out, count);
	else
		add_all(&terms, false, a, b, out, count);
}

/* fcvta rounds half away from zero and saturates; it makes NaN 0, so those are
   put at the low end by hand. */
static inline void quantize_16(float32x4_t scale, const float *in, uint8_t *out,
			       struct stored_range range)
{
	int32x4_t lowest = vdupq_n_s32(INT32_MIN), x[4];

	for (int i = 0; i < 4; i++) {
		float32x4_t steps = vdivq_f32(vld1q_f32(in + 4 * i), scale);

		x[i] = vbslq_s32(vceqq_f32(steps, steps), vcvtaq_s32_f32(steps), lowest);
	}
	store(out, x, range);
}

static void quantize_run(bool is_signed, float scale, int32_t zero, const float *in,
			 void *out, size_t count)
{
	struct stored_range range = type_range(is_signed, zero);
	float32x4_t by = vdupq_n_f32(scale);
	float last[LANES] = { 0 };
	uint8_t *to = out, last_out[LANES];
	size_t i = 0;

	for (; i + LANES <= count; i += LANES)
		quantize_16(by, in + i, to + i, range);
	memcpy(last, in + i, (count - i) * sizeof(*in));
	quantize_16(by, last, last_out, range);
	memcpy(to + i, last_out, count - i);
}

static inline void requantize_16(struct source source, struct scaling by,
				 const uint8_t *in, uint8_t *out,
				 struct stored_range range)
{
	int16x8x2_t wide = widen(in, source);
	int32x4_t x[4];

	for (int i = 0; i < 2; i++) {
		x[2 * i] = scale_any(vmovl_s16(vget_low_s16(wide.val[i])), by);
		x[2 * i + 1] = scale_any(vmovl_high_s16(wide.val[i]), by);
	}
	store(out, x, range);
}

static void requantize_run(bool in_is_signed, int32_t in_zero, struct multiplier by,
			   bool out_is_signed, int32_t out_zero, const void *in, void *out,
			   size_t count)
{
	struct stored_range range = type_range(out_is_signed, out_zero);
	struct source source = source_of(in_is_signed, in_zero);
	struct scaling scaling = scaling_same(by);
	const uint8_t *from = in;
	uint8_t *to = out, last[2][LANES] = { 0 };
	size_t i = 0;

	for (; i + LANES <= count; i += LANES)
		requantize_16(source, scaling, from + i, to + i, range);
	memcpy(last[0], from + i, count - i);
	requantize_16(source, scaling, last[0], last[1], range);
	memcpy(to + i, last[1], count - i);
}

const struct vector_ops vector_neon = {
	.name = "neon",
	.gemm_packed_bytes = neon_gemm_packed_bytes,
	.gemm_pack = neon_gemm_pack,
	.gemm_scratch_bytes = neon_gemm_scratch_bytes,
	.gemm_run = neon_gemm_run,
	.depthwise_packed_bytes = neon_depthwise_packed_bytes,
	.depthwise_pack = neon_depthwise_pack,
	.depthwise_scratch_bytes = neon_depthwise_scratch_bytes,
	.depthwise_run = neon_depthwise_run,
	.average_pool_run = average_pool_run,
	.add_run = add_run,
	.quantize_run = quantize_run,
	.requantize_run = requantize_run,
};
