/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_DENSE_CHAIN_H
#define ATOLL_TESTS_DENSE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/check.h"
#include "tests/graph.h"

/*
 * Models of dense layers, each on the output of the one before, of random numbers that
 * leave most outputs inside their range.
 *
 *	const struct dense_shape shape = { .type = ATOLL_INT8, .inputs = 20, .outputs = 30 };
 *	void *bytes = dense_chain(&shape, 1, seed, &size);
 *
 *	free(bytes);
 */
struct dense_shape {
	enum atoll_type type;             /* of all but the bias: int8, uint8 */
	uint32_t inputs, outputs;
	bool is_per_channel, has_equal_scales, has_bias;
	int8_t activation;
};

/* The file, malloc'ed. */
void *dense_chain(const struct dense_shape *shape, uint32_t layers, uint64_t seed,
		  size_t *size);

/* Weights alone, as a constant of the graph. */
int32_t dense_weights(struct graph *g, struct check_random *random,
		      const struct dense_shape *shape, float scale);

#endif
