/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_TABLE_H
#define ATOLL_RUNTIME_KERNELS_TABLE_H

#include <stdint.h>

#include "runtime/kernels/kernels.h"

/*
 * Operators whose output byte depends on one input byte and nothing else: all
 * 256 answers are worked out in prepare.
 *
 *	static int32_t negated(const void *context, int32_t x)
 *	{
 *		return clamp_i32(-x, INT8_MIN, INT8_MAX);
 *	}
 *	...
 *	return table_prepare(node, setup, negated, NULL, err);
 *
 * Input 0 and output 0 are of 8-bit types; `result` is given stored values and
 * returns one that fits the output's type. It is not called after prepare.
 */
int table_prepare(struct kernel_node *node, struct kernel_setup *setup,
		  int32_t (*result)(const void *context, int32_t x),
		  const void *context, struct atoll_error *err);

/*
 * The same for a function of real numbers, in float all the way (TFLite). What
 * is not a number becomes the lowest stored value. Both tensors are quantized.
 */
int table_prepare_real(struct kernel_node *node, struct kernel_setup *setup,
		       float (*function)(float x), struct atoll_error *err);

#endif
