/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAMERA_CONVERT_SOURCE_H
#define CAMERA_CONVERT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "camera/frame.h"

/*
 * What convert reads: the planes of a frame, or those a JPEG was decoded to.
 * Plane 0 is luma, or whole pixels of RGB; the others, if any, are of one size.
 */
enum convert_layout {
	CONVERT_ONE,      /* plane 0 alone: luma */
	CONVERT_PACKED,   /* plane 0 alone: luma, chroma, luma, other chroma */
	CONVERT_PAIRED,   /* plane 1 of pairs */
	CONVERT_PLANAR,   /* planes 1 and 2 */
	CONVERT_PIXELS,   /* plane 0 alone: `step` bytes for each pixel */
};

/* Of what there is one for plane 0 and one for the others. */
enum { CONVERT_LUMA, CONVERT_CHROMA };

struct convert_source {
	enum convert_layout layout;
	const uint8_t *plane[3];
	uint32_t stride[3];
	uint32_t width[2], height[2]; /* samples; of CHROMA 0 when there is none */
	uint32_t step;           /* PIXELS: 3 or 4 */
	uint32_t skip;           /* PIXELS: bytes before the first that counts */
	bool is_chroma_first;    /* PACKED: chroma, luma, other chroma, luma */
	bool is_rgb;             /* its samples are R, G and B */
	bool is_reversed;        /* B before R, or Cr before Cb */
	bool is_full_range;      /* the next two of no meaning for RGB */
	enum atoll_matrix matrix;
};

#endif
