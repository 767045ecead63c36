/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAMERA_SAMPLES_H
#define CAMERA_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "camera/frame.h"

/*
 * Where the samples of one component of a YUV frame lie, whatever the format:
 * sample x of row y is at first[y * stride + x * step].
 *
 *	struct camera_samples samples[3];
 *
 *	if (camera_samples_of(&frame, samples) == 3)
 *		average(&samples[1]);         Cb
 */
struct camera_samples {
	const uint8_t *first;
	size_t step, stride;    /* bytes to the next in the row, to the next row */
	uint32_t width, height; /* samples */
	uint32_t columns, rows; /* pixels of the frame for each of them: 1 or 2 */
};

/* Fill in Y, Cb, Cr and return 3; Y alone and return 1 for GREY; 0 for a format
   without any. */
unsigned camera_samples_of(const struct atoll_frame *frame,
			   struct camera_samples samples[3]);

/* All of row y, side by side at `out`. */
void camera_samples_row(const struct camera_samples *samples, uint32_t y, uint8_t *out);

#endif
