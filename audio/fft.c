/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/fft.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <kissfft/kiss_fftr.h>

struct fft {
	uint32_t frame, size;
	kiss_fftr_cfg transform;
	kiss_fft_cpx *spectrum; /* [FFT_BINS(size)] */
	float *weight;          /* [frame] */
	float *weighted;        /* [size], zeros behind the frame */
};

/* Of a power of two kissfft needs no memory on the way. */
struct fft *fft_new(uint32_t frame, uint32_t size, struct atoll_error *err)
{
	struct fft *fft;

	if (size < 4 || size > 1u << 20 || (size & (size - 1)) != 0 || frame == 0 ||
	    frame > size) {
		atoll_error_set(err, -EINVAL, "fft: %u samples in a transform of %u: is not "
				"possible", frame, size);
		return NULL;
	}
	fft = calloc(1, sizeof(*fft));
	if (!fft)
		goto no_memory;
	fft->frame = frame;
	fft->size = size;
	fft->transform = kiss_fftr_alloc((int)size, 0, NULL, NULL);
	fft->spectrum = calloc(FFT_BINS(size), sizeof(*fft->spectrum));
	fft->weight = calloc(frame, sizeof(*fft->weight));
	fft->weighted = calloc(size, sizeof(*fft->weighted));
	if (!fft->transform || !fft->spectrum || !fft->weight || !fft->weighted)
		goto no_memory;
	for (uint32_t i = 0; i < frame; i++)
		fft->weight[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / frame));
	return fft;

no_memory:
	atoll_error_set(err, -ENOMEM, "fft: %u samples: no memory", size);
	fft_free(fft);
	return NULL;
}

void fft_free(struct fft *fft)
{
	if (!fft)
		return;
	kiss_fftr_free(fft->transform);
	free(fft->spectrum);
	free(fft->weight);
	free(fft->weighted);
	free(fft);
}

void fft_magnitudes(struct fft *fft, const float *sample, float *magnitude)
{
	for (uint32_t i = 0; i < fft->frame; i++)
		fft->weighted[i] = sample[i] * fft->weight[i];
	kiss_fftr(fft->transform, fft->weighted, fft->spectrum);
	for (uint32_t i = 0; i < FFT_BINS(fft->size); i++) {
		const kiss_fft_cpx bin = fft->spectrum[i];

		magnitude[i] = sqrtf(bin.r * bin.r + bin.i * bin.i);
	}
}
