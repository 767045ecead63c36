/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_VECTOR_H
#define ATOLL_RUNTIME_KERNELS_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/cpu.h"
#include "runtime/quant.h"

/*
 * The inner loops that carry the time, one table per instruction set.
 *
 *	const struct vector_ops *ops = vector_ops(setup->cpu);
 *	void *packed = kernel_alloc_packed(setup, ops->gemm_packed_bytes(&g), &filled);
 *
 *	if (!filled)
 *		ops->gemm_pack(&g, weights, packed);
 *	...
 *	ops->gemm_run(&g, packed, a, a_stride, out, out_stride, rows, scratch);
 *
 * Packed weights and scratch are aligned to 64 bytes. Each table gives the same
 * bytes as the plain one for all arguments, down to the last rounding; the tests
 * compare them over random shapes.
 */

/*
 * 8-bit matrix product and requantization. For each row r and column n:
 *
 *	acc = bias[n] + sum over k of (a[r][k] - a_zero) * (b[n][k] - b_zero)
 *	out[r][n] = clamp(multiply_by_quantized(acc, scale[n]) + out_zero, low, high)
 *
 * a, b and out are all int8 or all uint8. With `real_scale` the scaling is
 * round_half_away((double)acc * real_scale[n]) instead (FULLY_CONNECTED). Sums
 * wrap at 32 bits; what comes after them is exact, saturating where it leaves
 * 32 bits. The three zero points lie within the type.
 */
struct gemm {
	bool is_signed;
	uint32_t k, n;
	int32_t a_zero, b_zero, out_zero;
	int32_t low, high;             /* within the type */
	const int32_t *bias;           /* [n], or NULL for zeros */
	const struct multiplier *scale; /* [n] */
	const double *real_scale;      /* [n], or NULL: use `scale` */
};

/*
 * Depthwise convolution of one image, channels last. For each output cell:
 *
 *	acc = bias[c] + sum over taps inside the image of
 *	      (in[y * stride_h - pad_top + ky * dilation_h]
 *	         [x * stride_w - pad_left + kx * dilation_w][c / multiplier]
 *	       - in_zero) * (filter[ky][kx][c] - filter_zero)
 *	out[y][x][c] = clamp(multiply_by_quantized(acc, scale[c]) + out_zero, low, high)
 *
 * Scratch may be in proportion to the columns between the first and the last tap
 * of a row, times kernel_h and out_c, image or not.
 */
struct depthwise {
	bool is_signed;
	uint32_t in_h, in_w, in_c;
	uint32_t out_h, out_w, out_c;  /* out_c = in_c * multiplier */
	uint32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
	int32_t pad_top, pad_left;
	int32_t in_zero, filter_zero, out_zero;
	int32_t low, high;
	const int32_t *bias;           /* [out_c], or NULL for zeros */
	const struct multiplier *scale; /* [out_c] */
};

/* Average pooling of one image: sums of stored values, rounded half away from
   zero (TFLite: zero points play no part), then clamped. Every window has a cell
   inside, and at most 2^23 of them. */
struct average_pool {
	bool is_signed;
	uint32_t in_h, in_w, channels, out_h, out_w;
	uint32_t kernel_h, kernel_w, stride_h, stride_w;
	int32_t pad_top, pad_left;
	int32_t low, high;
};

/* The cells [begin, end) of one axis that the window of output `out` sees. */
struct pool_span {
	uint32_t begin, end;
};

static inline struct pool_span pool_span(uint32_t out, uint32_t stride, int32_t pad,
					 uint32_t kernel, uint32_t in)
{
	int64_t begin = (int64_t)out * stride - pad, end = begin + kernel;

	return (struct pool_span){ (uint32_t)(begin > 0 ? begin : 0),
				   (uint32_t)(end < in ? end : in) };
}

/* out = clamp(scale_out((a - a_zero) << 20 by scale_a  +- the same of b) + out_zero) */
struct add {
	bool is_signed;
	bool is_subtraction;
	int32_t a_zero, b_zero, out_zero;
	struct multiplier a_scale, b_scale, out_scale; /* shifts <= 0 */
	int32_t low, high;
};

struct vector_ops {
	const char *name;

	/* Packed weights: position independent, so that they can be cached. */
	size_t (*gemm_packed_bytes)(const struct gemm *g);
	void (*gemm_pack)(const struct gemm *g, const void *b, void *packed);
	/* Per thread. */
	size_t (*gemm_scratch_bytes)(const struct gemm *g);
	/* a [rows] of k bytes, a_stride apart; up to 64 bytes past the last row
	   may be read. out [rows] of n bytes, out_stride apart. */
	void (*gemm_run)(const struct gemm *g, const void *packed,
			 const void *a, size_t a_stride,
			 void *out, size_t out_stride, uint32_t rows,
			 void *scratch);

	size_t (*depthwise_packed_bytes)(const struct depthwise *d);
	void (*depthwise_pack)(const struct depthwise *d, const void *filter,
			       void *packed);
	size_t (*depthwise_scratch_bytes)(const struct depthwise *d);
	/* Output rows [first, first + rows) of one image; `in` and `out` are the
	   whole images. */
	void (*depthwise_run)(const struct depthwise *d, const void *packed,
			      const void *in, void *out,
			      uint32_t first, uint32_t rows, void *scratch);

	/* Output rows [first, first + rows) of one image. */
	void (*average_pool_run)(const struct average_pool *p, const void *in,
				 void *out, uint32_t first, uint32_t rows);

	/* `count` elements of a and b, equal shapes. */
	void (*add_run)(const struct add *s, const void *a, const void *b,
			void *out, size_t count);

	/* out = clamp(round_half_away(in / scale) + zero), uint8 or int8;
	   the division is float's. NaN gives the low end. */
	void (*quantize_run)(bool is_signed, float scale, int32_t zero,
			     const float *in, void *out, size_t count);

	/* out = clamp(multiply_by_quantized(in - in_zero, by) + out_zero) over
	   8-bit types of either sign (QUANTIZE from 8 bit to 8 bit). */
	void (*requantize_run)(bool in_is_signed, int32_t in_zero,
			       struct multiplier by, bool out_is_signed,
			       int32_t out_zero, const void *in, void *out,
			       size_t count);
};

const struct vector_ops *vector_ops(enum cpu_level level);

/* The tables; those of other architectures are not in the build. */
extern const struct vector_ops vector_plain;
#if defined(__x86_64__)
extern const struct vector_ops vector_avx2;
extern const struct vector_ops vector_vnni;
#elif defined(__aarch64__)
extern const struct vector_ops vector_neon;
#endif

#endif
