/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_FEATURES_KIND_H
#define ATOLL_AUDIO_FEATURES_KIND_H

#include "audio/features.h"
#include "audio/fft.h"
#include "audio/mel.h"

/*
 * What the kinds of features have in common, and what each brings of its own.
 *
 *	samples ... [======== span ========]          a slice needs these
 *	                  [======== span ========]    the next one, a hop later
 *	slice       the first `frame` samples: spectrum, bands, logarithms
 *	window      measure(), then row() for each of the newest slices
 */
enum {
	FEATURES_FFT = 512,
	FEATURES_SPAN_MAX = 640,
	FEATURES_SLICES_MAX = 198,
	FEATURES_BANDS_MAX = 40,
	FEATURES_COSINES = 10,
};

/* What all rows of a window share. Double: a deviation is the root of a sum of
   small squares, and the bytes that come of it are cut, not rounded. */
struct features_measure {
	double mean[FEATURES_BANDS_MAX], factor[FEATURES_BANDS_MAX];
	float gain;
};

struct features_kind {
	struct atoll_features_form form;
	uint32_t span;           /* samples until a slice is complete, >= frame */
	uint32_t bands;          /* of the spectrum; form.bands is what is made of them */
	double low_hz, high_hz;
	float floor;             /* logarithms are of band + floor */
	bool waits;              /* logarithms are taken in row, once the gain is known */
	void (*measure)(const struct atoll_features *features,
			struct features_measure *measure);
	void (*row)(const struct atoll_features *features,
		    const struct features_measure *measure, const float *slice, float *out);
};

struct atoll_features {
	const struct features_kind *kind;
	struct fft *fft;
	struct mel *mel;
	float sample[FEATURES_SPAN_MAX];
	uint32_t samples;        /* of the slice to come, < span */
	float magnitude[FFT_BINS(FEATURES_FFT)];
	float slice[FEATURES_SLICES_MAX][FEATURES_BANDS_MAX]; /* a ring */
	float peak[FEATURES_SLICES_MAX]; /* the largest sample of each slice's span */
	uint32_t oldest;
	float cosine[FEATURES_COSINES][FEATURES_BANDS_MAX];
};

extern const struct features_kind features_own, features_coral, features_mlperf;

/* [bands] of the spectrum as kept; 0 is the oldest of the window. */
const float *features_slice(const struct atoll_features *features, uint32_t index);

/* The mean of each band over the window. */
void features_mean(const struct atoll_features *features, double *mean);

#endif
