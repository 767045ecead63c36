/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_CONV_CHAIN_H
#define ATOLL_TESTS_CONV_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/tensor.h"

/*
 * Models of convolutions, each on the output of the one before, of random numbers that
 * leave most outputs inside their range.
 *
 *	const struct conv_shape shape = { .outputs = 24, .kernel = 3, .stride = 1 };
 *	const struct conv_image image = { ATOLL_INT8, 16, 16, 8 };
 *	void *bytes = conv_chain(&image, &shape, 1, seed, &size);
 *
 *	free(bytes);
 */
struct conv_image {
	enum atoll_type type;             /* of all but the bias: int8, uint8 */
	uint32_t height, width, channels;
	/* Scales have few bits, and outputs powers of two: single precision has their
	   products and quotients as they are. */
	bool is_exact;
};

struct conv_shape {
	uint32_t outputs;                 /* of a depthwise one: as many as inputs */
	uint32_t kernel, stride;          /* both ways; padding is SAME */
	bool is_depthwise, is_per_channel, has_bias;
	int8_t activation;
	uint32_t dilation;                /* 0 is 1 */
};

/* The file, malloc'ed. */
void *conv_chain(const struct conv_image *image, const struct conv_shape *shape,
		 uint32_t layers, uint64_t seed, size_t *size);

#endif
