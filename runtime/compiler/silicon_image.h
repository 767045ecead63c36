/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_IMAGE_H
#define ATOLL_RUNTIME_COMPILER_SILICON_IMAGE_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/silicon_conv.h"

/*
 * Where the images between layers lie in narrow memory, in units of 4 bytes. A tile has
 * its part of an image, with a rim of what the next layer needs around it.
 *
 *	struct image image[CONV_LAYERS_MAX + 1];
 *	uint32_t end;
 *
 *	r = image_place(layer, layers, image, &end, &err);
 *	... image[0] is the input, image[i + 1] what layer i makes
 *
 * They take turns in two places, since no layer needs but one before it.
 */
struct image {
	uint32_t height, width;  /* pixels of a tile, without the rim */
	uint32_t pixel;          /* units */
	uint32_t above, below, left, right; /* pixels of the rim: 0 or 1 */
	uint32_t base;           /* of the rim */
};

/* From a row of pixels to the next. */
uint32_t image_pitch(const struct image *image);

/* The first pixel inside the rim. */
uint32_t image_inside(const struct image *image);

/* That the base of a mac names in narrow memory: it has 17 bits, for halves of a byte. */
#define IMAGE_UNITS_MAX 16384

/* `end` is behind all of them. -ENOTSUP with a sentence when they do not fit. */
int image_place(const struct conv_layer *layer, uint32_t layers, struct image *image,
		uint32_t *end, struct atoll_error *err);

#endif
