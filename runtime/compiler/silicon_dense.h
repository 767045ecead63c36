/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_DENSE_H
#define ATOLL_RUNTIME_COMPILER_SILICON_DENSE_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/silicon_mac.h"
#include "runtime/compiler/silicon_words.h"

/*
 * The program of dense layers, one on the other's output, whose parameters are on the
 * chip already.
 *
 *	struct dense_layer layer = { .inputs = 256, .outputs = 256, .numbers = {
 *				     .has_factors = true, .scale = 1, ... } };
 *	struct words_program program;
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
	struct mac_numbers numbers;
	uint32_t row;
};

/* Rows that it takes of each tile, from layer->row on. */
uint32_t dense_rows(const struct dense_layer *layer);

/* Sizes that can be written: 0, or -ENOTSUP with a sentence. */
int dense_check(const struct dense_layer *layer, struct atoll_error *err);

/* -ENOMEM, -EINVAL for a layer that does not go on where the one before ended, or what
   dense_check says. */
int dense_write(const struct dense_layer *layer, uint32_t layers,
		struct words_program *program, struct atoll_error *err);

#endif
