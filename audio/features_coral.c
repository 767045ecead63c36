/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Coral's keyword spotter hears (google-coral/project-keyword-spotter): about two
 * seconds, each band in deviations from its own mean. Its slices are said to be 30
 * times the logarithm above that of the floor; neither the factor nor the distance
 * outlives the normalisation.
 */
#include "audio/features_kind.h"

#include <math.h>

/* A grey of 127.5 is the mean, black and white are three deviations away. */
static void take_measure(const struct atoll_features *features,
			 struct features_measure *measure)
{
	const uint32_t slices = features->kind->form.slices, bands = features->kind->bands;
	double squares[FEATURES_BANDS_MAX] = { 0 };

	features_mean(features, measure->mean);
	for (uint32_t i = 0; i < slices; i++) {
		const float *slice = features_slice(features, i);

		for (uint32_t b = 0; b < bands; b++) {
			const double away = (double)slice[b] - measure->mean[b];

			squares[b] += away * away;
		}
	}
	for (uint32_t b = 0; b < bands; b++) {
		const double deviation = sqrt(squares[b] / slices);

		measure->factor[b] = deviation > 0 ? 127.5 / (3 * deviation) : 0;
	}
}

/* Whole numbers from 0 to 255, as the model was trained. */
static void make_row(const struct atoll_features *features,
		     const struct features_measure *measure, const float *slice, float *out)
{
	for (uint32_t b = 0; b < features->kind->bands; b++) {
		const double grey =
			((double)slice[b] - measure->mean[b]) * measure->factor[b] + 127.5;

		/* What is not a number is black. */
		out[b] = !(grey > 0) ? 0 : grey < 255 ? (float)(uint8_t)grey : 255;
	}
}

const struct features_kind features_coral = {
	.form = { "coral", .slices = 198, .bands = 32, .frame = 400, .hop = 160 },
	.span = 400,
	.bands = 32,
	.low_hz = 60,
	.high_hz = 3800,
	.floor = 1e-3f,
	.measure = take_measure,
	.row = make_row,
};
