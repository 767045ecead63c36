/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_FLOATS_H
#define ATOLL_RUNTIME_KERNELS_FLOATS_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/quant.h"

/*
 * Matrix product of floats. For each row r and column n, in this order and
 * without fused multiply-add, so that results are the same everywhere:
 *
 *	sum = 0
 *	for (i = 0; i < k; i++)
 *		sum += a[r][i] * b[n][i];
 *	out[r][n] = clamp(sum + bias[n], range)
 *
 * The columns are independent, so several go side by side in vector registers:
 * b is packed as [n / 8][k][8], the last block padded with zeros.
 */
struct float_product {
	uint32_t k, n;
	const float *bias;      /* [n], or NULL for zeros */
	struct float_range range;
};

size_t float_product_packed_bytes(const struct float_product *p);

/* b [n][k], at any address. */
void float_product_pack(const struct float_product *p, const void *b, float *packed);

/* Strides are in floats. */
void float_product_run(const struct float_product *p, const float *packed,
		       const float *a, size_t a_stride,
		       float *out, size_t out_stride, uint32_t rows);

#endif
