/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_X86_H
#define ATOLL_RUNTIME_KERNELS_X86_H

#include <stdint.h>

#include "runtime/kernels/vector.h"

/*
 * What the AVX2 and AVX-512 files share: the way from 32-bit sums to stored
 * bytes, sixteen channels at a time.
 *
 * The two roundings of multiply_by_quantized become one 64-bit sum when the
 * multiplier shifts right by n >= 1. With m the mantissa,
 *
 *	rounded up      v = floor((acc * m + 2^30) / 2^31)
 *	ties away       floor((v + 2^(n-1) - (v < 0)) / 2^n)
 *
 * Constants move through the floors, so that all but (v < 0) is in one addend:
 *
 *	FINISH_CUT      high32(acc * m + 2^30 + 2^(30+n)) >> (n - 1)
 *	FINISH_SIGNED   (high32(2 * acc * m + 2^31 + 2^(31+n)) - (acc < 0)) >> n
 *
 * (v < 0) and (acc < 0) differ only where v is 0, which rounds to 0 either way.
 * FINISH_CUT leaves the term out: it is for layers whose `low` is the zero point
 * or more (ReLU), where all that is below 0 ends at `low`. The other also does
 * n <= 0, as high32(2^(1-n) * acc * m + 2^31), with the term off. Its left shift
 * must lose nothing; layers with sums too large for it take FINISH_ANY, which
 * follows multiply_by_quantized step by step. FINISH_REAL is for real scales.
 */
enum finish {
	FINISH_CUT,
	FINISH_SIGNED,
	FINISH_ANY,
	FINISH_REAL,
};

#define COLUMNS 16

/* Constants of sixteen neighbours; unused ones at the end are zero. */
struct columns {
	int32_t bias[COLUMNS];         /* what the sum starts from */
	int32_t mantissa[COLUMNS];     /* odd ones are loaded from [1] on, where they
					  stand at even places */
	union {
		struct { /* FINISH_CUT, FINISH_SIGNED */
			int64_t even[COLUMNS / 2], odd[COLUMNS / 2];
		} add;
		double real[COLUMNS]; /* FINISH_REAL */
	};
	int32_t shift[COLUMNS]; /* right; FINISH_ANY: as in struct multiplier */
	int32_t left[COLUMNS];  /* FINISH_SIGNED: before multiplying */
	int32_t sign[COLUMNS];  /* FINISH_SIGNED: 31 to subtract (acc < 0), else 32 */
};

/* What a packed block begins with, 64 bytes. */
struct packed_head {
	uint32_t finish;
	uint32_t unused[15];
};

/* The requantization of gemm and depthwise in common terms: those of uint8,
   from which int8 is one flip of the top bit away. */
struct finishing {
	uint32_t n;
	int32_t out_zero, low, high;
	uint8_t flip;
	const struct multiplier *scale;
	const double *real_scale;
};

struct finishing gemm_finishing(const struct gemm *g);
struct finishing depthwise_finishing(const struct depthwise *d);

/* `products` is how many byte products a sum has. */
enum finish finish_choose(const struct finishing *f, uint64_t products,
			  const int32_t *bias);

/* All but the bias, of lane `i`, from the scale of `column`. */
void columns_set(struct columns *to, uint32_t i, const struct finishing *f,
		 enum finish finish, uint32_t column);

static inline uint32_t ceil_div(uint32_t a, uint32_t b)
{
	return a / b + (a % b != 0);
}

static inline uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* 0x80 turns int8 into the uint8 that is 128 higher, and back. */
static inline uint8_t flip_of(bool is_signed)
{
	return is_signed ? 0x80 : 0;
}

/* Kernels are written once, with their sizes as parameters that are constants
   where they are called; so unrolled, arrays of sums are registers. */
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* avx2 */
size_t avx2_gemm_packed_bytes(const struct gemm *g);
void avx2_gemm_pack(const struct gemm *g, const void *b, void *packed);
size_t avx2_gemm_scratch_bytes(const struct gemm *g);
void avx2_gemm_run(const struct gemm *g, const void *packed, const void *a,
		   size_t a_stride, void *out, size_t out_stride, uint32_t rows,
		   void *scratch);

size_t avx2_depthwise_packed_bytes(const struct depthwise *d);
void avx2_depthwise_pack(const struct depthwise *d, const void *filter, void *packed);
size_t avx2_depthwise_scratch_bytes(const struct depthwise *d);
void avx2_depthwise_run(const struct depthwise *d, const void *packed, const void *in,
			void *out, uint32_t first, uint32_t rows, void *scratch);

void avx2_average_pool_run(const struct average_pool *p, const void *in, void *out,
			   uint32_t first, uint32_t rows);
void avx2_add_run(const struct add *s, const void *a, const void *b, void *out,
		  size_t count);
void avx2_quantize_run(bool is_signed, float scale, int32_t zero, const float *in,
		       void *out, size_t count);
void avx2_requantize_run(bool in_is_signed, int32_t in_zero, struct multiplier by,
			 bool out_is_signed, int32_t out_zero, const void *in, void *out,
			 size_t count);

/* AVX-512 with VNNI */
size_t vnni_gemm_packed_bytes(const struct gemm *g);
void vnni_gemm_pack(const struct gemm *g, const void *b, void *packed);
size_t vnni_gemm_scratch_bytes(const struct gemm *g);
void vnni_gemm_run(const struct gemm *g, const void *packed, const void *a,
		   size_t a_stride, void *out, size_t out_stride, uint32_t rows,
		   void *scratch);

size_t vnni_depthwise_packed_bytes(const struct depthwise *d);
void vnni_depthwise_pack(const struct depthwise *d, const void *filter, void *packed);
size_t vnni_depthwise_scratch_bytes(const struct depthwise *d);
void vnni_depthwise_run(const struct depthwise *d, const void *packed, const void *in,
			void *out, uint32_t first, uint32_t rows, void *scratch);

#endif
