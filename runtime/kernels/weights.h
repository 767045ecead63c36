/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_WEIGHTS_H
#define ATOLL_RUNTIME_KERNELS_WEIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/kernels/kernels.h"
#include "runtime/quant.h"

/*
 * What operators with weights have in common: an input, a filter with one or
 * many scales, perhaps a bias, an output, and the numbers that lead from sums
 * of products to the output's stored values.
 *
 *	struct weights_roles roles = { .input = 0, .filter = 1, .bias = 2,
 *				       .axis = 0, .activation = ACTIVATION_RELU };
 *
 *	r = weights_prepare(weights, node, setup, &roles, err);
 *
 * Supported are
 *
 *	input and output   filter   bias
 *	uint8              uint8    int32
 *	int8               int8     int32          filter per tensor or channel
 *	int16              int8     int64, int32   likewise; zero points 0
 *	float32            float32  float32
 */
struct weights_roles {
	uint32_t input, filter, bias; /* which input of the node is what */
	uint32_t axis;                /* dimension of the filter that makes outputs */
	enum activation activation;
	bool is_float_scaled;         /* TFLite: one weight scale is multiplied with
					 the input's as floats, in uint8 always */
	bool is_exactly_scaled;       /* 8-bit sums are scaled as doubles */
};

struct weights {
	const struct atoll_tensor *input, *filter, *bias, *output; /* bias or NULL */
	enum atoll_type type;         /* of input and output */
	uint32_t channels;            /* of the output */
	bool is_constant;             /* filter and bias are */
	int32_t in_zero, filter_zero, out_zero;
	struct multiplier *scale;     /* [channels]; NULL for floats */
	double *real_scale;           /* [channels]; where is_exactly_scaled */
	struct quant_range range;     /* of stored outputs */
	struct float_range real_range;
};

/*
 * Check types, quantization and the bias; shapes of input and filter are the
 * caller's matter, but the filter must have the axis.
 */
int weights_prepare(struct weights *weights, const struct kernel_node *node,
		    struct kernel_setup *setup, const struct weights_roles *roles,
		    struct atoll_error *err);

/* Of the type that the table above says; NULL for zeros. While running, or
   earlier when is_constant. */
const void *weights_bias(const struct weights *weights);

/* int16 sums are kept in 64 bits, unless an int32 bias says otherwise. */
bool weights_sum_in_64(const struct weights *weights);

/* The stored values of sums of int16 activations. */
int16_t weights_finish_16(const struct weights *weights, int64_t sum, uint32_t channel);

#endif
