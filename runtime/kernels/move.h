/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_MOVE_H
#define ATOLL_RUNTIME_KERNELS_MOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/kernels/kernels.h"

/*
 * Copying boxes of elements from one layout into another. Most operators that
 * only move data are this loop with the right steps:
 *
 *	for each (i, j, ...) below (dim[0].count, dim[1].count, ...)
 *		copy run_bytes from  from + from_start + i * dim[0].from + ...
 *		               to    to + to_start + i * dim[0].to + ...
 *
 * A transposition of [y][x] bytes, for example:
 *
 *	struct move m = { .run_bytes = 1 };
 *
 *	move_add(&m, columns, 1, rows);
 *	move_add(&m, rows, columns, 1);
 *	move_settle(&m);
 *	move_run(&m, from, to, pool);
 *
 * Steps are in bytes; 0 repeats, a negative one walks backwards.
 */
#define MOVE_RANK_MAX (2 * ATOLL_RANK_MAX)

struct move {
	size_t run_bytes;              /* contiguous on both sides */
	ptrdiff_t from_start, to_start;
	uint32_t rank;
	struct move_dim {
		size_t count;
		ptrdiff_t from, to;
	} dim[MOVE_RANK_MAX];
	bool turns;                    /* the last two dimensions are a plane
					  that changes rows for columns */
};

/* One more dimension, inside of those added before. */
void move_add(struct move *move, size_t count, ptrdiff_t from, ptrdiff_t to);

/* All dimensions are there: find the longest runs. */
void move_settle(struct move *move);

/* The regions must not overlap. */
void move_run(const struct move *move, const void *from, void *to,
	      struct pool *pool);

/* Bytes from one index to the next in each dimension, row-major. */
void move_steps(uint32_t rank, const int32_t *dims, size_t element_bytes,
		ptrdiff_t *steps);

/* dims[low] * ... * dims[high - 1], in elements */
size_t move_product(const int32_t *dims, uint32_t low, uint32_t high);

/*
 * For operators that are one or several moves and nothing else: make room for
 * `count` of them, to be filled in and settled, and have the node run them.
 * A node with one move of all bytes in order becomes a view in moves_finish.
 */
struct moves {
	uint32_t count;
	struct moves_item {
		uint32_t input, output;
		struct move move;
	} item[];
};

struct moves *moves_new(struct kernel_node *node, struct kernel_setup *setup,
			uint32_t count, struct atoll_error *err);
void moves_finish(struct kernel_node *node);

/* What every node prepared by moves_new runs. */
int moves_run(const struct kernel_node *node, struct pool *pool);

/* Types whose elements are whole bytes, as a mask for kernel_check_input. */
#define MOVE_TYPES \
	(KERNEL_TYPE(ATOLL_FLOAT32) | KERNEL_TYPE(ATOLL_FLOAT16) | \
	 KERNEL_TYPE(ATOLL_INT32) | KERNEL_TYPE(ATOLL_UINT8) | \
	 KERNEL_TYPE(ATOLL_INT64) | KERNEL_TYPE(ATOLL_BOOL) | \
	 KERNEL_TYPE(ATOLL_INT16) | KERNEL_TYPE(ATOLL_INT8) | \
	 KERNEL_TYPE(ATOLL_FLOAT64) | KERNEL_TYPE(ATOLL_UINT64) | \
	 KERNEL_TYPE(ATOLL_UINT32) | KERNEL_TYPE(ATOLL_UINT16) | \
	 KERNEL_TYPE(ATOLL_COMPLEX64) | KERNEL_TYPE(ATOLL_COMPLEX128))
#define MOVE_TYPE_NAMES "uint8 int8 int16 int32 int64 bool float32"

/*
 * Input i is there, output o has its type, and where the type is quantized
 * (8 and 16 bits) both mean the same numbers.
 */
int move_check(const struct kernel_node *node, uint32_t i, uint32_t o,
	       struct atoll_error *err);

/* The same for any two tensors: `tensor` holds the same kind of numbers as `as`. */
int move_check_like(const struct kernel_node *node, const struct atoll_tensor *tensor,
		    const struct atoll_tensor *as, struct atoll_error *err);

/* One value over and over; value_bytes is 1 to 16. */
void move_fill(void *to, size_t bytes, const void *value, size_t value_bytes);

/* Fill a tensor with the real 0, which quantized types store as the zero point. */
void move_fill_zero(const struct atoll_tensor *tensor);

#endif
