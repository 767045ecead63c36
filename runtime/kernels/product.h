/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_PRODUCT_H
#define ATOLL_RUNTIME_KERNELS_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/vector.h"
#include "runtime/kernels/weights.h"

/*
 * Rows of activations times rows of weights, for all types, with bias, scaling
 * and clamp: what CONV_2D, FULLY_CONNECTED and BATCH_MATMUL have in common.
 *
 *	prepare   r = product_prepare(&p, &weights, setup, k, columns, err);
 *	          node->scratch_bytes = product_packing_bytes(&p) +
 *				        threads * product_scratch_bytes(&p);
 *
 *	run       product_begin(&p, node->scratch);
 *	          product_run(&p, part, a, a_stride, out, out_stride, rows, own);
 *
 * The columns are cut into parts of equal size (the last may be smaller): the
 * groups of a convolution, or pieces that threads share out. Each part is
 * packed by itself and may be run by itself.
 */
struct product {
	const struct weights *weights;
	const struct vector_ops *ops;
	uint32_t k;             /* products in a sum */
	uint32_t columns;       /* of all parts */
	uint32_t part_columns, parts;
	size_t part_bytes;      /* packed */
	const void *packed;     /* [parts]; set by prepare when constant */
	const void *bias;       /* set by begin */
};

/*
 * The filter is [columns][k] in memory. When it is constant it is packed here
 * and its bytes in the file are done with.
 */
int product_prepare(struct product *p, const struct weights *weights,
		    struct kernel_setup *setup, uint32_t k, uint32_t columns,
		    uint32_t part_columns, struct atoll_error *err);

/* Scratch for weights that are packed in each run, 0 when they are constant. */
size_t product_packing_bytes(const struct product *p);

/* Scratch for each thread. */
size_t product_scratch_bytes(const struct product *p);

/* Once per run, before the threads: pack `filter` if that has not been done. */
void product_begin(struct product *p, const void *filter, void *packing);

/*
 * Strides are in bytes. `out` is where column 0 of the first row goes, whatever
 * the part. Up to 64 bytes behind the last row of `a` may be read.
 */
void product_run(const struct product *p, uint32_t part, const void *a, size_t a_stride,
		 void *out, size_t out_stride, uint32_t rows, void *scratch);

/* Round up so that what follows is aligned as tensors are. */
static inline size_t product_align(size_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

#endif
