/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_DEPTHWISE_X86_H
#define ATOLL_RUNTIME_KERNELS_DEPTHWISE_X86_H

#include "runtime/kernels/x86.h"

/*
 * What both depthwise convolutions for x86 do before they multiply.
 *
 * Instructions there add several products within each 32-bit lane. A lane is
 * made a channel, and its products are neighbours in a column of the window: two
 * rows of it with AVX2, four with VNNI. For each output row, the input rows it
 * sees are laid side by side in lines of lanes, a channel each,
 *
 *	row 0   a b c d ...         line 0   0a 1a | 0b 1b | 0c 1c | 0d 1d | ...
 *	row 1   a b c d ...         line 1   2a  . | 2b  . | 2c  . | 2d  . | ...
 *	row 2   a b c d ...
 *
 * with the zero point where the window is outside. Then, whatever the stride,
 * for a register of channels
 *
 *	acc = bias + sum over lines and kx of
 *	      line[x * stride + kx * dilation] . weights[line][kx]
 *
 * Where the lines have room for rows below the window, they serve several output
 * rows, each with the weights moved down by so many rows: two of a 3x3 window.
 * Where one cell has fewer than sixteen channels and the window moves one cell
 * at a time, the sixteen lanes of a step hold several cells. With a single input
 * channel and several outputs of it, one lane of a line goes to all of the step.
 */
struct lines {
	uint32_t cells;      /* in the 16 lanes of a step */
	uint32_t groups;     /* of 16 channels */
	uint32_t steps;      /* to cover an output row */
	uint32_t pitch;      /* lanes from one column of a line to the next */
	uint32_t step_lanes; /* from one step to the next */
	uint32_t tap_lanes;  /* from kx to kx + 1 */
	uint32_t columns;    /* in a line */
	uint32_t count;      /* lines */
	uint32_t taps;       /* count * kernel_w */
	uint32_t height;     /* rows in a line */
	uint32_t at_once;    /* output rows that the lines serve */
	uint32_t rows;       /* of the image that they need for it */
	size_t lanes;        /* of a line */
	bool is_spread;      /* one input channel, several outputs of it */
	bool is_expanded;    /* several of each: rows are repeated first */
	uint8_t flip;        /* makes input bytes what is multiplied */
	uint8_t zero;        /* their zero point then */
};

/* Input bytes are multiplied as byte ^ flip. */
struct lines lines_of(const struct depthwise *d, uint32_t height, uint8_t flip);

/* For lines_lay, aligned to 64 bytes. */
size_t lines_scratch_bytes(const struct depthwise *d, const struct lines *l);

/* Where tap (ky, kx) of the output row `row` of those at once is: which tap of
   the lines, and in it which byte or number of a lane. */
static inline size_t lines_tap(const struct depthwise *d, const struct lines *l,
			       uint32_t row, uint32_t ky, uint32_t kx, uint32_t *place)
{
	uint32_t at = row * d->stride_h + ky;

	*place = at % l->height;
	return (size_t)(at / l->height) * d->kernel_w + kx;
}

/*
 * Stands for
 *
 *	for (i = 0; i < count; i++)
 *		to[i] = rows[0][i] ^ flip beside rows[1][i] ^ flip beside ...
 *
 * where a row that is NULL is all l->zero. What stands for rows from `used` on
 * does not matter. At most 63 lanes more may be written, and no byte past the
 * rows read.
 */
typedef void lines_interleave(const struct lines *l, const uint8_t *const *rows,
			      uint32_t used, size_t count, uint32_t *to);

/* The lines of output rows y, y + 1, ... as many as go at once, one line after
   the other from `scratch` on. */
void lines_lay(const struct depthwise *d, const struct lines *l,
	       lines_interleave *interleave, const uint8_t *in, uint32_t y, void *scratch);

#endif
