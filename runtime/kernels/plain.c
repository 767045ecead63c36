/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/vector.h"

#include <math.h>
#include <string.h>

/*
 * The table in C: what all other tables must equal, and what machines without
 * one of them use.
 *
 * One loop serves both signs. The bytes of an int8 become those of the uint8
 * that is 128 higher when their top bit is flipped; the zero point moves along,
 * so the differences that are multiplied stay the same:
 *
 *	byte ^ flip      0..255         flip is 0x80 for int8, 0 for uint8
 *	zero + flip      0..255
 *
 * Results need no such step: the low eight bits of an int32 are the stored byte
 * of either type.
 *
 * Sums are kept in uint32_t: those of a sane model fit 32 bits, and those of a
 * hostile one wrap, the same in every table whatever the order of adding.
 */

static uint8_t flip_of(bool is_signed)
{
	return is_signed ? 0x80 : 0;
}

/* clamp(scaled + zero, low, high) where the sum may not fit 32 bits. */
static uint8_t finish(int32_t scaled, int32_t zero, int32_t low, int32_t high)
{
	return (uint8_t)(clamp_i32(scaled, low - zero, high - zero) + zero);
}

/* Matrix product. Packed: [n][k] int16, b without its zero point. Scratch: one row
   of a, likewise. Compilers know how to multiply such rows. */

static size_t gemm_packed_bytes(const struct gemm *g)
{
	return (size_t)g->n * g->k * sizeof(int16_t);
}

static void widen(const uint8_t *from, uint8_t flip, int32_t zero, size_t count, int16_t *to)
{
	for (size_t i = 0; i < count; i++)
		to[i] = (int16_t)((from[i] ^ flip) - flip - zero);
}

static void gemm_pack(const struct gemm *g, const void *b, void *packed)
{
	widen(b, flip_of(g->is_signed), g->b_zero, (size_t)g->n * g->k, packed);
}

static size_t gemm_scratch_bytes(const struct gemm *g)
{
	return g->k * sizeof(int16_t);
}

static uint32_t dot(const int16_t *x, const int16_t *b, uint32_t k)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < k; i++)
		sum += (uint32_t)(x[i] * b[i]);
	return sum;
}

static int32_t scale_column(const struct gemm *g, int32_t acc, uint32_t column)
{
	double exact;

	if (!g->real_scale)
		return multiply_by_quantized(acc, g->scale[column]);
	exact = round((double)acc * g->real_scale[column]);
	return (int32_t)fmin(fmax(exact, INT32_MIN), INT32_MAX);
}

static void gemm_run(const struct gemm *g, const void *packed,
		     const void *a, size_t a_stride,
		     void *out, size_t out_stride, uint32_t rows, void *scratch)
{
	const int16_t *b = packed;
	const uint8_t *row = a;
	uint8_t *to = out;
	int16_t *x = scratch;

	for (uint32_t r = 0; r < rows; r++, row += a_stride, to += out_stride) {
		widen(row, flip_of(g->is_signed), g->a_zero, g->k, x);
		for (uint32_t n = 0; n < g->n; n++) {
			uint32_t acc = dot(x, b + (size_t)n * g->k, g->k);

			if (g->bias)
				acc += (uint32_t)g->bias[n];
			to[n] = finish(scale_column(g, (int32_t)acc, n),
				       g->out_zero, g->low, g->high);
		}
	}
}

/* Depthwise. Packed: the filter, flipped. Scratch: [out_c] uint32 sums. */

static size_t depthwise_packed_bytes(const struct depthwise *d)
{
	return (size_t)d->kernel_h * d->kernel_w * d->out_c;
}

static void depthwise_pack(const struct depthwise *d, const void *filter, void *packed)
{
	const uint8_t *from = filter;
	uint8_t *to = packed;
	uint8_t flip = flip_of(d->is_signed);

	for (size_t i = 0; i < depthwise_packed_bytes(d); i++)
		to[i] = from[i] ^ flip;
}

static size_t depthwise_scratch_bytes(const struct depthwise *d)
{
	return d->out_c * sizeof(uint32_t);
}

/* Add one tap: every channel of one input cell by its filter values. */
static void add_tap(const struct depthwise *d, const uint8_t *cell,
		    const uint8_t *filter, uint32_t *acc)
{
	uint8_t flip = flip_of(d->is_signed);
	int32_t in_zero = d->in_zero + flip, filter_zero = d->filter_zero + flip;
	uint32_t multiplier;

	if (d->out_c == d->in_c) {
		for (uint32_t c = 0; c < d->out_c; c++)
			acc[c] += (uint32_t)(((cell[c] ^ flip) - in_zero) *
					     (filter[c] - filter_zero));
		return;
	}
	multiplier = d->out_c / d->in_c;
	for (uint32_t c = 0; c < d->in_c; c++) {
		int32_t x = (cell[c] ^ flip) - in_zero;

		for (uint32_t m = 0; m < multiplier; m++)
			*acc++ += (uint32_t)(x * (*filter++ - filter_zero));
	}
}

static void add_taps(const struct depthwise *d, const uint8_t *in,
		     const uint8_t *filter, int64_t top, int64_t left, uint32_t *acc)
{
	for (uint32_t ky = 0; ky < d->kernel_h; ky++) {
		int64_t y = top + (int64_t)ky * d->dilation_h;

		if (y < 0 || y >= d->in_h)
			continue;
		for (uint32_t kx = 0; kx < d->kernel_w; kx++) {
			int64_t x = left + (int64_t)kx * d->dilation_w;

			if (x < 0 || x >= d->in_w)
				continue;
			add_tap(d, in + (size_t)(y * d->in_w + x) * d->in_c,
				filter + ((size_t)ky * d->kernel_w + kx) * d->out_c, acc);
		}
	}
}

static void depthwise_run(const struct depthwise *d, const void *packed,
			  const void *in, void *out,
			  uint32_t first, uint32_t rows, void *scratch)
{
	uint32_t *acc = scratch;
	uint8_t *to = (uint8_t *)out + (size_t)first * d->out_w * d->out_c;

	for (uint32_t y = first; y < first + rows; y++) {
		for (uint32_t x = 0; x < d->out_w; x++, to += d->out_c) {
			if (d->bias)
				memcpy(acc, d->bias, d->out_c * sizeof(*acc));
			else
				memset(acc, 0, d->out_c * sizeof(*acc));
			add_taps(d, in, packed,
				 (int64_t)y * d->stride_h - d->pad_top,
				 (int64_t)x * d->stride_w - d->pad_left, acc);
			for (uint32_t c = 0; c < d->out_c; c++)
				to[c] = finish(multiply_by_quantized((int32_t)acc[c],
								     d->scale[c]),
					       d->out_zero, d->low, d->high);
		}
	}
}

/* Pooling. Channels go in groups whose sums fit a few vector registers. */

#define POOL_GROUP 64

static void average_group(const struct average_pool *p, const uint8_t *in, uint8_t *out,
			  struct pool_span ys, struct pool_span xs, uint32_t channels)
{
	uint8_t flip = flip_of(p->is_signed);
	int32_t taps = (int32_t)((ys.end - ys.begin) * (xs.end - xs.begin));
	uint32_t sum[POOL_GROUP] = { 0 };

	for (uint32_t y = ys.begin; y < ys.end; y++) {
		for (uint32_t x = xs.begin; x < xs.end; x++) {
			const uint8_t *cell = in + ((size_t)y * p->in_w + x) * p->channels;

			for (uint32_t c = 0; c < channels; c++)
				sum[c] += cell[c] ^ flip;
		}
	}
	for (uint32_t c = 0; c < channels; c++) {
		int32_t stored = (int32_t)sum[c] - taps * flip;
		int32_t mean = (stored + (stored > 0 ? taps / 2 : -(taps / 2))) / taps;

		out[c] = (uint8_t)clamp_i32(mean, p->low, p->high);
	}
}

static void average_pool_run(const struct average_pool *p, const void *in, void *out,
			     uint32_t first, uint32_t rows)
{
	uint8_t *to = (uint8_t *)out + (size_t)first * p->out_w * p->channels;

	for (uint32_t y = first; y < first + rows; y++) {
		struct pool_span ys = pool_span(y, p->stride_h, p->pad_top, p->kernel_h, p->in_h);

		for (uint32_t x = 0; x < p->out_w; x++, to += p->channels) {
			struct pool_span xs = pool_span(x, p->stride_w, p->pad_left,
						p->kernel_w, p->in_w);

			for (uint32_t c = 0; c < p->channels; c += POOL_GROUP) {
				uint32_t left = p->channels - c;

				average_group(p, (const uint8_t *)in + c, to + c, ys, xs,
					      left < POOL_GROUP ? left : POOL_GROUP);
			}
		}
	}
}

/* Elementwise. */

/* TFLite: both operands gain 20 bits of room before they are scaled. */
#define ADD_SHIFT 20

static int32_t addend(uint8_t byte, int32_t zero, struct multiplier scale)
{
	return multiply_by_quantized((byte - zero) * (1 << ADD_SHIFT), scale);
}

static void add_run(const struct add *s, const void *a, const void *b, void *out,
		    size_t count)
{
	const uint8_t *from_a = a, *from_b = b;
	uint8_t *to = out, flip = flip_of(s->is_signed);
	int32_t a_zero = s->a_zero + flip, b_zero = s->b_zero + flip;

	for (size_t i = 0; i < count; i++) {
		int32_t x = addend(from_a[i] ^ flip, a_zero, s->a_scale);
		int32_t y = addend(from_b[i] ^ flip, b_zero, s->b_scale);
		int32_t sum = s->is_subtraction ? x - y : x + y;

		to[i] = finish(multiply_by_quantized(sum, s->out_scale),
			       s->out_zero, s->low, s->high);
	}
}

static void quantize_run(bool is_signed, float scale, int32_t zero, const float *in,
			 void *out, size_t count)
{
	struct quant_range range = quant_type_range(is_signed ? ATOLL_INT8 : ATOLL_UINT8);
	uint8_t *to = out;

	for (size_t i = 0; i < count; i++) {
		/* Far outside both types; fmaxf lets a NaN become the low end. */
		float steps = fminf(fmaxf(roundf(in[i] / scale), -1e6f), 1e6f);

		to[i] = finish((int32_t)steps, zero, range.low, range.high);
	}
}

static void requantize_run(bool in_is_signed, int32_t in_zero, struct multiplier by,
			   bool out_is_signed, int32_t out_zero, const void *in, void *out,
			   size_t count)
{
	struct quant_range range = quant_type_range(out_is_signed ? ATOLL_INT8 : ATOLL_UINT8);
	uint8_t *to = out, flip = flip_of(in_is_signed);
	const uint8_t *from = in;

	for (size_t i = 0; i < count; i++)
		to[i] = finish(multiply_by_quantized((from[i] ^ flip) - flip - in_zero, by),
			       out_zero, range.low, range.high);
}

const struct vector_ops vector_plain = {
	.name = "plain",
	.gemm_packed_bytes = gemm_packed_bytes,
	.gemm_pack = gemm_pack,
	.gemm_scratch_bytes = gemm_scratch_bytes,
	.gemm_run = gemm_run,
	.depthwise_packed_bytes = depthwise_packed_bytes,
	.depthwise_pack = depthwise_pack,
	.depthwise_scratch_bytes = depthwise_scratch_bytes,
	.depthwise_run = depthwise_run,
	.average_pool_run = average_pool_run,
	.add_run = add_run,
	.quantize_run = quantize_run,
	.requantize_run = requantize_run,
};
