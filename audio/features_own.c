/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the model in apps/models/keywords hears: one second, each band less its own
 * mean, so that neither loudness nor the colour of the microphone counts.
 */
#include "audio/features_kind.h"

static void take_measure(const struct atoll_features *features,
			 struct features_measure *measure)
{
	features_mean(features, measure->mean);
}

static void make_row(const struct atoll_features *features,
		     const struct features_measure *measure, const float *slice, float *out)
{
	for (uint32_t b = 0; b < features->kind->bands; b++)
		out[b] = (float)((double)slice[b] - measure->mean[b]);
}

const struct features_kind features_own = {
	.form = { "own", .slices = 49, .bands = 40, .frame = 480, .hop = 320,
		  .is_signed = true },
	.span = 480,
	.bands = 40,
	.low_hz = 60,
	.high_hz = 3800,
	.floor = 1e-3f,
	.measure = take_measure,
	.row = make_row,
};
