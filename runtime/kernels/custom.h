/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_CUSTOM_H
#define ATOLL_RUNTIME_KERNELS_CUSTOM_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/flexbuf.h"
#include "runtime/kernels/kernels.h"

/*
 * What the custom operators have in common: options in a FlexBuffers map, and
 * inputs that are read as real numbers, quantized or not.
 *
 *	struct custom_options options;
 *	int32_t stride;
 *
 *	r = custom_options_open(node, &options, err);
 *	if (r == 0)
 *		r = custom_int(&options, "stride", 1, 64, &stride, err);
 */
struct custom_options {
	const struct kernel_node *node;
	struct flexbuf_value map;
};

int custom_options_open(const struct kernel_node *node, struct custom_options *options,
			struct atoll_error *err);

/*
 * The option as a number from low to high. Returns 0, -ENOENT without a
 * sentence when it is absent, -EINVAL with one for anything else.
 */
int custom_int(const struct custom_options *options, const char *key, int32_t low,
	       int32_t high, int32_t *value, struct atoll_error *err);
int custom_float(const struct custom_options *options, const char *key, float low,
		 float high, float *value, struct atoll_error *err);

/* -EINVAL and a sentence for an absent one too. */
int custom_required_int(const struct custom_options *options, const char *key,
			int32_t low, int32_t high, int32_t *value,
			struct atoll_error *err);
int custom_required_float(const struct custom_options *options, const char *key,
			  float low, float high, float *value, struct atoll_error *err);

/* Types that custom_numbers can read. */
#define CUSTOM_NUMBER_TYPES \
	(KERNEL_TYPE(ATOLL_UINT8) | KERNEL_TYPE(ATOLL_INT8) | KERNEL_TYPE(ATOLL_FLOAT32))

/* Input i is there, one of those types, and quantized with one scale unless float. */
int custom_check_numbers(const struct kernel_node *node, uint32_t i,
			 struct atoll_error *err);

/* A tensor as real numbers, each times `factor`. */
struct custom_numbers {
	const void *data;
	enum atoll_type type;
	float scale;
	int32_t zero_point;
};

struct custom_numbers custom_numbers(const struct atoll_tensor *tensor, float factor);

static inline float custom_number(const struct custom_numbers *numbers, size_t i)
{
	switch (numbers->type) {
	case ATOLL_UINT8:
		return (float)(((const uint8_t *)numbers->data)[i] - numbers->zero_point) *
		       numbers->scale;
	case ATOLL_INT8:
		return (float)(((const int8_t *)numbers->data)[i] - numbers->zero_point) *
		       numbers->scale;
	default:
		return ((const float *)numbers->data)[i] * numbers->scale;
	}
}

#endif
