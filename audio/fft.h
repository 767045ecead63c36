/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_FFT_H
#define ATOLL_AUDIO_FFT_H

#include <stdint.h>

#include "board/error.h"

/*
 * How much of each frequency is in a frame.
 *
 *	struct fft *fft = fft_new(400, 512, &err);
 *	float magnitude[FFT_BINS(512)];
 *
 *	fft_magnitudes(fft, sample, magnitude);
 *
 * The frame is weighted with a periodic Hann window, 0.5 - 0.5 cos(2 pi n / frame),
 * and followed by zeros up to the size of the transform, which is kissfft's, in
 * single precision. Bin k is at k * rate / size Hz.
 */
struct fft;

#define FFT_BINS(size) ((size) / 2 + 1)

/* -EINVAL: a size that is not a power of two, from 4 on, or less than the frame. */
struct fft *fft_new(uint32_t frame, uint32_t size, struct atoll_error *err);
void fft_free(struct fft *fft); /* NULL is allowed */

/* sample[frame] to magnitude[FFT_BINS(size)], not divided by anything. */
void fft_magnitudes(struct fft *fft, const float *sample, float *magnitude);

#endif
