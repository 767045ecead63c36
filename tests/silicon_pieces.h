/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SILICON_PIECES_H
#define ATOLL_TESTS_SILICON_PIECES_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/package.h"
#include "runtime/isa/isa.h"

/*
 * The instructions of a program that compute, as pieces of layers.
 *
 *	struct silicon_piece *piece;
 *	uint32_t pieces = silicon_pieces(package->main, &piece);
 *	uint32_t at[ISA_LOOPS_MAX] = { 0 };
 *
 *	do
 *		look_at(at[0], at[1], ...);     of piece->output's loops
 *	while (silicon_piece_next(piece, at));
 *	free(piece);
 */
#define SILICON_NO_LAYER UINT32_MAX

/* What tells layers apart. */
struct silicon_numbers {
	float scale, lower, upper;
	uint32_t weight_zero, input_zero, output_zero;
};

struct silicon_piece {
	uint32_t nth, number;        /* in the executable; among those of tiles */
	uint32_t layer;              /* SILICON_NO_LAYER at first */
	uint16_t tiles;
	uint32_t depth;              /* steps to an output */
	struct silicon_numbers numbers;
	struct isa_access output;    /* strides as they count, without flags */
	uint8_t pixel_loops;         /* a bit for each loop that goes over pixels, and how */
	uint32_t pixels;             /* many those are on each tile: when its layer is known */
};

/* How many, and them in *piece, to be freed. Copies and fills are left out. Ends with the
   first instruction that is not known; ends the program when there is no memory. */
uint32_t silicon_pieces(const struct edgetpu_executable *main, struct silicon_piece **piece);

/* To the next iteration; false when all is at 0 again. */
bool silicon_piece_next(const struct silicon_piece *piece, uint32_t at[ISA_LOOPS_MAX]);

#endif
