/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_NEON_H
#define ATOLL_RUNTIME_KERNELS_NEON_H

#include <arm_neon.h>

#include "runtime/kernels/vector.h"

/*
 * What the NEON files share: the table's functions, and the way from 32-bit
 * sums to stored bytes.
 *
 *	struct scaling by = scaling_load(g->scale + n);
 *	struct stored_range range = stored_range(zero, low, high);
 *
 *	bytes = narrow(scale_any(sums[0], by), scale_any(sums[1], by), range);
 */

size_t neon_gemm_packed_bytes(const struct gemm *g);
void neon_gemm_pack(const struct gemm *g, const void *b, void *packed);
size_t neon_gemm_scratch_bytes(const struct gemm *g);
void neon_gemm_run(const struct gemm *g, const void *packed, const void *a,
		   size_t a_stride, void *out, size_t out_stride, uint32_t rows,
		   void *scratch);

size_t neon_depthwise_packed_bytes(const struct depthwise *d);
void neon_depthwise_pack(const struct depthwise *d, const void *filter, void *packed);
size_t neon_depthwise_scratch_bytes(const struct depthwise *d);
void neon_depthwise_run(const struct depthwise *d, const void *packed, const void *in,
			void *out, uint32_t first, uint32_t rows, void *scratch);

/* struct multiplier of four lanes, the shift split by direction. */
struct scaling {
	int32x4_t mantissa;
	int32x4_t left;  /* 0..32; shifting out every bit saturates */
	int32x4_t right; /* -31..0 */
};

static inline struct scaling scaling_split(int32x4_t mantissa, int32x4_t shift)
{
	int32x4_t zero = vdupq_n_s32(0);

	return (struct scaling){
		.mantissa = mantissa,
		.left = vminq_s32(vmaxq_s32(shift, zero), vdupq_n_s32(32)),
		.right = vminq_s32(shift, zero),
	};
}

static inline struct scaling scaling_load(const struct multiplier scale[4])
{
	int32x4x2_t pairs = vld2q_s32(&scale->mantissa);

	return scaling_split(pairs.val[0], pairs.val[1]);
}

static inline struct scaling scaling_same(struct multiplier by)
{
	return scaling_split(vdupq_n_s32(by.mantissa), vdupq_n_s32(by.shift));
}

/*
 * multiply_by_quantized in four lanes that do not shift left. srshl rounds ties
 * up; to round them away from zero, one is first taken from negative numbers that
 * are going to be shifted. That cannot overflow: sqrdmulh by a mantissa leaves
 * |x| < 2^31.
 */
static inline int32x4_t scale_right(int32x4_t x, struct scaling by)
{
	x = vqrdmulhq_s32(x, by.mantissa);
	x = vsraq_n_s32(x, vandq_s32(x, by.right), 31);
	return vrshlq_s32(x, by.right);
}

/* The same for any shift. */
static inline int32x4_t scale_any(int32x4_t x, struct scaling by)
{
	return scale_right(vqshlq_s32(x, by.left), by);
}

/* The same for lanes that all shift right by at least one, the usual case. */
static inline int32x4_t scale_down(int32x4_t x, struct scaling by)
{
	x = vqrdmulhq_s32(x, by.mantissa);
	return vrshlq_s32(vsraq_n_s32(x, x, 31), by.right);
}

struct stored_range {
	int16x8_t zero, low, high;
};

static inline struct stored_range stored_range(int32_t zero, int32_t low, int32_t high)
{
	return (struct stored_range){
		vdupq_n_s16((int16_t)zero),
		vdupq_n_s16((int16_t)low),
		vdupq_n_s16((int16_t)high),
	};
}

/* clamp(x + zero, low, high) as bytes of either type: what saturates on the way
   to 16 bits lies outside the range anyway. */
static inline uint8x8_t narrow(int32x4_t x0, int32x4_t x1, struct stored_range range)
{
	int16x8_t x = vqmovn_high_s32(vqmovn_s32(x0), x1);

	x = vqaddq_s16(x, range.zero);
	x = vminq_s16(vmaxq_s16(x, range.low), range.high);
	return vmovn_u16(vreinterpretq_u16_s16(x));
}

#endif
