/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TEACH_VARIANTS_H
#define ATOLL_APPS_TEACH_VARIANTS_H

#include <stdint.h>

/*
 * The same thing seen a little otherwise: turned, nearer, farther, moved, darker,
 * brighter. Learning from these beside each example makes more of a few.
 *
 *	for (i = 0; i < TEACH_VARIANTS; i++) {
 *		teach_variant(i, &image, out);
 *		learn(out);
 *	}
 */
#define TEACH_VARIANTS 9u /* the first is the picture itself */

struct teach_image {
	const uint8_t *bytes;    /* [height][width][channels] */
	uint32_t width, height, channels;
};

/* As many bytes into `out`, which is not the image. What comes in from beyond the edge
   looks like the edge. */
void teach_variant(uint32_t which, const struct teach_image *image, uint8_t *out);

#endif
