/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_CONV_INSIDE_H
#define ATOLL_RUNTIME_COMPILER_SILICON_CONV_INSIDE_H

#include "runtime/compiler/silicon_conv.h"
#include "runtime/compiler/silicon_image.h"

/*
 * How much of everything a convolution takes, and where its input arrives: what the
 * program has to know, and decides whether it can be written.
 *
 *	r = conv_fit(layer, layers, image, &arrival, &err);
 */
#define CONV_SIDE 4                 /* tiles of an image */
#define CONV_UNIT_BYTES 4           /* of narrow memory */
#define CONV_ROW_BYTES 256          /* of wide memory */

/* Rows behind those of parameters, for what is on its way from and to the host. */
#define CONV_STAGE_ROW 2048
#define CONV_STAGE_ROWS 32

static inline uint32_t conv_up(uint32_t x, uint32_t by)
{
	return (x + by - 1) / by;
}

/* Groups of outputs, and fours in each. */
uint32_t conv_groups(const struct conv_layer *layer);
uint32_t conv_group_fours(const struct conv_layer *layer);

/* Four at a time that are added up for an output, of one tap. */
uint32_t conv_tap_steps(const struct conv_layer *layer);

/* Rows of one group, where the multipliers take them; of all groups while they wait; and
   of those that are there at a time. */
uint32_t conv_group_rows(const struct conv_layer *layer);
uint32_t conv_kept_rows(const struct conv_layer *layer);
uint32_t conv_work_rows(const struct conv_layer *layer);

/* The block of a layer whose groups are of 4. */
uint32_t conv_narrow_bytes(const struct conv_layer *layer);

/* Pixels of the host's are copied to 4 channels where they have less. */
bool conv_is_packed(const struct conv_layer *layer);

uint64_t conv_input_bytes(const struct conv_layer *layer);
uint32_t conv_output_units(const struct image *image); /* of a tile */

/* How the host's image comes to a tile: units of each row of its part, from where to
   where, and behind all of it. */
struct conv_arrival {
	uint32_t part, pitch, to, end;
};

/* Checks all, and places images. -ENOTSUP, -EINVAL with a sentence. */
int conv_fit(const struct conv_layer *layer, uint32_t layers, struct image *image,
	     struct conv_arrival *arrival, struct atoll_error *err);

#endif
