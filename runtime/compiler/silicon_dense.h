/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_DENSE_H
#define ATOLL_RUNTIME_COMPILER_SILICON_DENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"

/*
 * The program of dense layers, one on the other's output, whose parameters are on the
 * chip already.
 *
 *	struct dense_layer layer = { .inputs = 256, .outputs = 256, .has_factors = true,
 *				     .has_zeros = true, .scale = 1, ... };
 *	struct dense_program program;
 *
 *	if (dense_write(&layer, 1, &program, &err) == 0)
 *		use(program.bytes, program.size);
 *	free(program.bytes);
 *
 * Outputs are cut into groups of 64, group g is computed by tile g mod 16; its tables
 * and weights lie there from row `row` on, those of groups 16 and more behind those of
 * 16 groups less. For 256 x 256 and 512 x 512 that is, bit for bit, what the vendor's
 * compiler writes; parts that only other sizes have were read from its programs of other
 * kinds, and no such program was tried on a chip.
 */
#define DENSE_GROUP 64              /* outputs, or bytes of input */

/* Of layers in a program. Since there are only so many rows for weights, numbers of
   instructions and places in narrow memory do not run out before that. */
#define DENSE_LAYERS_MAX 32

struct dense_layer {
	uint32_t inputs, outputs;
	/* Tables in front of the weights, in this order. */
	bool has_factors, has_biases, has_zeros;
	uint32_t row;
	float scale;                /* when there are no factors; else 1 */
	float lower, upper;         /* of what is rounded, without zero point */
	uint8_t weight_zero;        /* when there are no zeros; else 0 */
	uint8_t input_zero, output_zero;
};

struct dense_program {
	uint8_t *bytes;             /* malloc'ed */
	uint32_t size;
	/* Words whose immediates are the upper halves of addresses; those of the lower
	   ones follow. */
	uint32_t input_word, output_word;
	uint32_t narrow_bytes;      /* of each tile */
};

static inline uint32_t dense_tables(const struct dense_layer *layer)
{
	return (uint32_t)layer->has_factors + layer->has_biases + layer->has_zeros;
}

/* Rows that it takes of each tile, from layer->row on. */
uint32_t dense_rows(const struct dense_layer *layer);

/* Sizes that can be written: 0, or -ENOTSUP with a sentence. */
int dense_check(const struct dense_layer *layer, struct atoll_error *err);

/* -ENOMEM, -EINVAL for a layer that does not go on where the one before ended, or what
   dense_check says. */
int dense_write(const struct dense_layer *layer, uint32_t layers,
		struct dense_program *program, struct atoll_error *err);

#endif
