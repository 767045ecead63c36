/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_CONV_H
#define ATOLL_RUNTIME_COMPILER_SILICON_CONV_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/silicon_mac.h"
#include "runtime/compiler/silicon_words.h"

/*
 * The program of convolutions, one on the other's output, whose parameters are on the
 * chip already.
 *
 *	struct conv_layer layer = { .height = 16, .width = 16, .inputs = 8, .outputs = 24,
 *				    .kernel = 3, .stride = 1, .numbers = { ... } };
 *	struct words_program program;
 *
 *	conv_place(&layer, 1, 0);
 *	if (conv_write(&layer, 1, &program, &err) == 0)
 *		use(program.bytes, program.size);
 *	free(program.bytes);
 *
 * Images are cut into 4 x 4 tiles. Of the first one, pixels of less than 4 channels become
 * pixels of 4. What a tile needs of its neighbours' parts they give
 * it before each layer, so that every tile computes all channels of its part. Groups of 64
 * outputs lie on tile g mod 16 from row `row` on, as those of dense layers do, and are
 * sent to all tiles when their turn comes. Groups of 4 lie on tile 0, and go through the
 * core, which makes a row of wide memory of each 16 bytes of theirs.
 */
#define CONV_LAYERS_MAX 32       /* of layers in a program */

struct conv_layer {
	uint32_t height, width;  /* of the input */
	uint32_t inputs, outputs; /* channels */
	uint32_t kernel, stride; /* 1 or 3, 1 or 2, both ways; padding is SAME */
	bool is_depthwise;
	struct mac_numbers numbers;
	uint32_t row, work_row;  /* conv_place */
};

/* How its block is cut: 16 bytes to a step where groups are of 4. */
bool conv_is_narrow(const struct conv_layer *layer);

/* Give them their rows, from `row` of each tile on: one behind the other, and behind all
   of them those where the weights of the layer that is computed are. How many together. */
uint32_t conv_place(struct conv_layer *layer, uint32_t layers, uint32_t row);

/* Sizes that can be written, alone and together: 0, or -ENOTSUP with a sentence. */
int conv_check(const struct conv_layer *layer, uint32_t layers, struct atoll_error *err);

/* -ENOMEM, -EFBIG, -EINVAL for a layer that does not go on where the one before ended, or
   what conv_check says. */
int conv_write(const struct conv_layer *layer, uint32_t layers, struct words_program *program,
	       struct atoll_error *err);

#endif
