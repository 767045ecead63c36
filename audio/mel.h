/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_MEL_H
#define ATOLL_AUDIO_MEL_H

#include <stdint.h>

#include "board/error.h"

/*
 * A spectrum in bands as wide as the ear has them: narrow below, wide above.
 *
 *	const struct mel_form form = { .bands = 32, .bins = 257, .bin_hz = 31.25,
 *				       .low_hz = 60, .high_hz = 3800 };
 *	struct mel *mel = mel_new(&form, &err);
 *
 *	mel_bands(mel, magnitude, band);
 *
 * The scale is 1127 ln(1 + f / 700). Bands are triangles on it that begin and end
 * at the tops of their neighbours, all edges at equal distances from low_hz to
 * high_hz. So what never changes, at 0 Hz, is in no band.
 */
struct mel_form {
	uint32_t bands, bins;
	double bin_hz;          /* from one bin to the next; bin 0 is at 0 Hz */
	double low_hz, high_hz; /* where the first band begins, where the last ends */
};

struct mel;

/* -EINVAL: without bands or bins, or edges that do not ascend from 0 on. */
struct mel *mel_new(const struct mel_form *form, struct atoll_error *err);
void mel_free(struct mel *mel); /* NULL is allowed */

/* magnitude[bins] to band[bands]: sums, each magnitude times its weight. */
void mel_bands(const struct mel *mel, const float *magnitude, float *band);

#endif
