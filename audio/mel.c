/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most weights are zero: a bin is on the rising side of one band and on the falling
 * side of the one before.
 *
 *	weight  1 |     /\      /\
 *	          |   /   \/  /    \      each band keeps the bins between its edges
 *	        0 |_/____/_\/________\__
 *	            edge 0 1   2     3
 */
#include "audio/mel.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct mel {
	uint32_t bands;
	float *weight; /* [bands][bins of the band], one after the other */
	struct { uint32_t first, count; } band[];
};

static double mel_of(double hz)
{
	return 1127 * log(1 + hz / 700);
}

/* Of a bin in a band; 0 or less: none. */
static double weight_of(const struct mel_form *form, uint32_t band, uint32_t bin)
{
	const double low = mel_of(form->low_hz);
	const double step = (mel_of(form->high_hz) - low) / (form->bands + 1);
	const double at = (mel_of(bin * form->bin_hz) - low) / step - band;

	return fmin(at, 2 - at);
}

static void weigh(struct mel *mel, const struct mel_form *form)
{
	float *weight = mel->weight;

	for (uint32_t b = 0; b < form->bands; b++)
		for (uint32_t k = 0; k < form->bins; k++) {
			const double w = weight_of(form, b, k);

			if (w <= 0)
				continue;
			if (mel->band[b].count++ == 0)
				mel->band[b].first = k;
			*weight++ = (float)w;
		}
}

struct mel *mel_new(const struct mel_form *form, struct atoll_error *err)
{
	struct mel *mel;

	if (form->bands < 1 || form->bands > 1000 || form->bins < 1 || !(form->bin_hz > 0) ||
	    !(form->low_hz >= 0) || !(form->high_hz > form->low_hz)) {
		atoll_error_set(err, -EINVAL,
				"mel: %u bands of %u bins from %g to %g Hz: "
				"is not possible",
				form->bands, form->bins, form->low_hz, form->high_hz);
		return NULL;
	}
	mel = calloc(1, sizeof(*mel) + form->bands * sizeof(mel->band[0]));
	if (!mel)
		goto no_memory;
	mel->bands = form->bands;
	/* No bin is in more than two bands. */
	mel->weight = calloc(form->bins, 2 * sizeof(*mel->weight));
	if (!mel->weight)
		goto no_memory;
	weigh(mel, form);
	return mel;

no_memory:
	atoll_error_set(err, -ENOMEM, "mel: %u bands: no memory", form->bands);
	mel_free(mel);
	return NULL;
}

void mel_free(struct mel *mel)
{
	if (!mel)
		return;
	free(mel->weight);
	free(mel);
}

void mel_bands(const struct mel *mel, const float *magnitude, float *band)
{
	const float *weight = mel->weight;

	for (uint32_t b = 0; b < mel->bands; b++) {
		const float *bin = magnitude + mel->band[b].first;
		float sum = 0;

		for (uint32_t k = 0; k < mel->band[b].count; k++)
			sum += *weight++ * bin[k];
		band[b] = sum;
	}
}
