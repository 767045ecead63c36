/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_KERNELS_H
#define ATOLL_RUNTIME_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/cpu.h"
#include "board/error.h"
#include "runtime/model.h"
#include "runtime/pool.h"
#include "runtime/quant.h"
#include "runtime/tensor.h"

/*
 * The operators: one struct kernel each, in a table.
 *
 *	const struct kernel *kernel = kernel_find(op);
 *
 *	kernel->prepare(&node, setup, &err)   once: check types and shapes, give
 *	                                      the outputs their shapes, work out
 *	                                      multipliers, pack weights
 *	node.run(&node, pool)                 per inference: read inputs, write
 *	                                      outputs, allocate nothing
 *
 * During prepare a tensor has data exactly when its contents are constant;
 * input shapes are final. During run every tensor has data, 64-byte aligned
 * unless it lies in the model file, and 64 bytes past the end of any tensor
 * that is not constant may be read (never written, their content is unknown).
 */
struct kernel_node {
	const struct atoll_operator *op;
	uint32_t inputs, outputs, intermediates;
	struct atoll_tensor *const *input;        /* NULL entry: left out */
	struct atoll_tensor *const *output;
	struct atoll_tensor *const *intermediate; /* quantization only, no data */

	/* Set by prepare: */
	int (*run)(const struct kernel_node *node, struct pool *pool);
	void *prepared;       /* the kernel's own, from kernel_alloc */
	size_t scratch_bytes; /* wanted during run, 0 for none */
	bool is_view;         /* output 0 has the bytes of input 0 and may share
				 its memory; run still copies when it does not */
	bool is_known;        /* outputs follow from shapes alone (SHAPE, RANK):
				 run may be called at once, inputs without data */

	void *scratch;        /* during run: 64-byte aligned */
};

/* What prepare may ask of the session. */
struct kernel_setup {
	enum cpu_level cpu;
	uint32_t threads;     /* most threads the pool will have */
	void *session;        /* for the functions below */
};

/* Zeroed, 64-byte aligned, lives as long as the node. NULL when out of memory. */
void *kernel_alloc(struct kernel_setup *setup, size_t bytes);

/*
 * Like kernel_alloc, for packed weights and other things that depend on the
 * model and the instruction set alone and hold no pointers. When *is_filled
 * comes back true the contents are those of an earlier run (a cache on disk)
 * and must be left alone.
 */
void *kernel_alloc_packed(struct kernel_setup *setup, size_t bytes, bool *is_filled);

/* The file's own bytes of this constant will not be read again by this node. */
void kernel_done_with(struct kernel_setup *setup, const struct atoll_tensor *constant);

struct kernel {
	uint32_t code;        /* BuiltinOperator */
	const char *custom;   /* custom_code when `code` is 32, else NULL */
	int32_t version_max;  /* newest operator version whose features we have */
	const char *types;    /* for people: "uint8 int8 int16 float32" */
	int (*prepare)(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err);
};

/* NULL when there is none. Does not look at the version. */
const struct kernel *kernel_find(const struct atoll_operator *op);

/* All of them, in the order of their codes, custom ones last. */
const struct kernel *const *kernel_table(uint32_t *count);

/*
 * Help for prepare. Each returns 0 or -EINVAL with a sentence that begins with
 * the operator's name, such as "ADD: input 1: type float32, expected uint8";
 * the session puts the operator's place in front.
 */

/* The fused activation in an option's byte; NONE to RELU6 are supported. */
int kernel_activation(const struct kernel_node *node, int8_t value,
		      enum activation *activation, struct atoll_error *err);

/* Between low and high inputs (left-out ones at the end count as absent). */
int kernel_check_counts(const struct kernel_node *node, uint32_t inputs_low,
			uint32_t inputs_high, uint32_t outputs,
			struct atoll_error *err);

/* Input i is there (not left out) and has one of the types in the mask. */
#define KERNEL_TYPE(t) (1u << (t))
int kernel_check_input(const struct kernel_node *node, uint32_t i,
		       uint32_t type_mask, struct atoll_error *err);
int kernel_check_output(const struct kernel_node *node, uint32_t i,
			uint32_t type_mask, struct atoll_error *err);

/* Input i is quantized with one positive, finite scale (8 and 16 bit types). */
int kernel_check_quantized(const struct kernel_node *node,
			   const struct atoll_tensor *tensor, const char *what,
			   struct atoll_error *err);

/* Both have equal scale and zero point, as data that is only moved must. */
int kernel_check_same_quant(const struct kernel_node *node,
			    const struct atoll_tensor *a,
			    const struct atoll_tensor *b, struct atoll_error *err);

/* The operator's name and a sentence of the caller's own; returns -EINVAL. */
int kernel_error(const struct kernel_node *node, struct atoll_error *err,
		 const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Give output i its shape. */
int kernel_set_shape(const struct kernel_node *node, uint32_t i, uint32_t rank,
		     const int32_t *dims, struct atoll_error *err);

/* Broadcast two shapes into one (trailing dimensions aligned, 1 stretches). */
int kernel_broadcast(const struct kernel_node *node, const struct atoll_tensor *a,
		     const struct atoll_tensor *b, uint32_t *rank,
		     int32_t dims[ATOLL_RANK_MAX], struct atoll_error *err);

/*
 * The constant int32 or int64 values of input i (axes, sizes, paddings, ...),
 * at most `room` of them, narrowed to int32. -EINVAL when the input is left
 * out, not constant, of another type, too long or does not fit.
 */
int kernel_constant_ints(const struct kernel_node *node, uint32_t i,
			 int32_t *values, uint32_t room, uint32_t *count,
			 struct atoll_error *err);

/* Turn an axis of -rank..rank-1 into 0..rank-1. */
int kernel_axis(const struct kernel_node *node, int32_t axis, uint32_t rank,
		uint32_t *index, struct atoll_error *err);

#endif
