/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_MAC_H
#define ATOLL_RUNTIME_COMPILER_SILICON_MAC_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/compiler/silicon_words.h"

/*
 * What is the same in every multiply-accumulate: constants, numbers, and where tables
 * are. Its loops belong to the layer.
 *
 *	uint8_t *at = mac_add(&words, tiles);
 *
 *	words_loops(at, MAC_INPUT, ...);        and MAC_OUTPUT, MAC_WEIGHTS, MAC_SUMS
 *	mac_counts(at, 2, 1);
 *	mac_put(at, &numbers, fours, row, 1);
 */
struct mac_numbers {
	/* Tables in front of the weights, in this order. */
	bool has_factors, has_biases, has_zeros;
	float scale;                /* when there are no factors; else 1 */
	float lower, upper;         /* of what is rounded, without zero point */
	uint8_t weight_zero;        /* when there are no zeros; else 0 */
	uint8_t input_zero, output_zero;
};

/* The accesses. */
enum { MAC_INPUT, MAC_OUTPUT, MAC_WEIGHTS, MAC_SUMS };

static inline uint32_t mac_tables(const struct mac_numbers *numbers)
{
	return (uint32_t)numbers->has_factors + numbers->has_biases + numbers->has_zeros;
}

uint8_t *mac_add(struct words *words, uint16_t tiles);

/* At which of their loops outputs and weights are counted. */
void mac_counts(uint8_t *at, uint32_t output_loop, uint32_t weight_loop);

/* Behind all loops: `fours` of outputs, from tables that begin at `row`; factors and
   biases are waited for at `loop`. */
void mac_put(uint8_t *at, const struct mac_numbers *numbers, uint32_t fours, uint32_t row,
	     uint32_t loop);

/* The same of a copy: four bytes of input become four of output, by the weights of one
   step. These lie from the first row on that is behind those of parameters. */
#define MAC_COPY_ROW 2048
void mac_put_copy(uint8_t *at);

#endif
