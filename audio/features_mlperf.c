/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keyword model of MLPerf Tiny hears (mlcommons/tiny): cepstra of one second,
 * after its samples were divided by the largest of them. The largest, not the one
 * furthest from zero: so it was trained.
 *
 * A spectrum grows with its samples, so the division waits until the window is known:
 * slices keep their bands as they are, and the largest sample of their span. Spans
 * reach 160 samples beyond their frames, and those of a window over 16000 samples:
 * that of a clip of one second is divided by the maximum of the clip, any other one
 * by that of the same second of a stream.
 */
#include "audio/features_kind.h"

#include <math.h>

static void take_measure(const struct atoll_features *features,
			 struct features_measure *measure)
{
	float peak = 0;

	for (uint32_t i = 0; i < features->kind->form.slices; i++)
		peak = features->peak[i] > peak ? features->peak[i] : peak;
	/* Silence stays what it is. */
	measure->gain = peak > 0 ? 1 / peak : 1;
}

static void make_row(const struct atoll_features *features,
		     const struct features_measure *measure, const float *slice, float *out)
{
	const uint32_t bands = features->kind->bands;
	float logs[FEATURES_BANDS_MAX];

	for (uint32_t b = 0; b < bands; b++)
		logs[b] = logf(slice[b] * measure->gain + features->kind->floor);
	for (uint32_t k = 0; k < FEATURES_COSINES; k++) {
		float sum = 0;

		for (uint32_t b = 0; b < bands; b++)
			sum += features->cosine[k][b] * logs[b];
		out[k] = sum;
	}
}

const struct features_kind features_mlperf = {
	.form = { "mlperf", .slices = 49, .bands = FEATURES_COSINES, .frame = 480, .hop = 320,
		  .is_signed = true },
	.span = 640,
	.bands = 40,
	.low_hz = 20,
	.high_hz = 4000,
	.floor = 1e-6f,
	.waits = true,
	.measure = take_measure,
	.row = make_row,
};
