/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/features.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/block.h"
#include "audio/features_kind.h"

static const struct features_kind *const kinds[] = {
	[ATOLL_FEATURES_OWN] = &features_own,
	[ATOLL_FEATURES_CORAL] = &features_coral,
	[ATOLL_FEATURES_MLPERF] = &features_mlperf,
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A cosine transform (DCT-II, orthonormal but for its first coefficient, which is
   larger by the root of two): c[k] = sum of 2 L[n] cos(pi k (2n + 1) / 2N) / sqrt(2N). */
static void fill_cosines(struct atoll_features *features)
{
	const double n = features->kind->bands;

	for (int k = 0; k < FEATURES_COSINES; k++)
		for (int i = 0; i < (int)n; i++)
			features->cosine[k][i] =
				(float)(2 * cos(M_PI * k * (2 * i + 1) / (2 * n)) /
					sqrt(2 * n));
}

ATOLL_API struct atoll_features *atoll_features_new(enum atoll_features_kind kind,
						    struct atoll_error *err)
{
	struct atoll_features *features;
	struct mel_form form = { .bins = FFT_BINS(FEATURES_FFT),
				 .bin_hz = (double)ATOLL_SOUND_RATE / FEATURES_FFT };

	if (kind >= KINDS) {
		atoll_error_set(err, -EINVAL, "features: kind %u: is not known", kind);
		return NULL;
	}
	features = calloc(1, sizeof(*features));
	if (!features) {
		atoll_error_set(err, -ENOMEM, "features: %s: no memory",
				kinds[kind]->form.name);
		return NULL;
	}
	features->kind = kinds[kind];
	form.bands = kinds[kind]->bands;
	form.low_hz = kinds[kind]->low_hz;
	form.high_hz = kinds[kind]->high_hz;
	features->fft = fft_new(kinds[kind]->form.frame, FEATURES_FFT, err);
	features->mel = features->fft ? mel_new(&form, err) : NULL;
	if (!features->mel) {
		atoll_features_free(features);
		return NULL;
	}
	fill_cosines(features);
	atoll_features_reset(features);
	return features;
}

ATOLL_API void atoll_features_free(struct atoll_features *features)
{
	if (!features)
		return;
	fft_free(features->fft);
	mel_free(features->mel);
	free(features);
}

ATOLL_API struct atoll_features_form atoll_features_form(enum atoll_features_kind kind)
{
	return kind < KINDS ? kinds[kind]->form : (struct atoll_features_form){ .name = "" };
}

static bool fits(const struct atoll_features_form *form, uint32_t rank, const int32_t *dims)
{
	const int64_t wanted[] = { form->slices, form->bands };
	uint32_t found = 0;

	for (uint32_t i = 0; i < rank; i++)
		if (dims[i] != 1 && (found == 2 || dims[i] != wanted[found++]))
			return false;
	return found == 2;
}

ATOLL_API int atoll_features_find(uint32_t rank, const int32_t *dims, bool is_int8,
				  enum atoll_features_kind *kind)
{
	for (uint32_t i = 0; i < KINDS; i++)
		if (kinds[i]->form.is_signed == is_int8 && fits(&kinds[i]->form, rank, dims)) {
			*kind = (enum atoll_features_kind)i;
			return 0;
		}
	return -ENOTSUP;
}

/* The bands of one more slice, in the place of the oldest. */
static void add_slice(struct atoll_features *features)
{
	const struct features_kind *kind = features->kind;
	float *slice = features->slice[features->oldest];
	float peak = 0;

	fft_magnitudes(features->fft, features->sample, features->magnitude);
	mel_bands(features->mel, features->magnitude, slice);
	if (!kind->waits)
		for (uint32_t b = 0; b < kind->bands; b++)
			slice[b] = logf(slice[b] + kind->floor);
	for (uint32_t i = 0; i < kind->span; i++)
		peak = features->sample[i] > peak ? features->sample[i] : peak;
	features->peak[features->oldest] = peak;
	features->oldest = (features->oldest + 1) % kind->form.slices;
}

ATOLL_API uint32_t atoll_features_push(struct atoll_features *features, const float *sample,
				       uint32_t count)
{
	const uint32_t span = features->kind->span, hop = features->kind->form.hop;
	uint32_t slices = 0;

	while (count > 0) {
		const uint32_t room = span - features->samples;
		const uint32_t taken = count < room ? count : room;

		memcpy(features->sample + features->samples, sample, taken * sizeof(*sample));
		features->samples += taken;
		sample += taken;
		count -= taken;
		if (features->samples < span)
			break;
		add_slice(features);
		slices++;
		features->samples -= hop;
		memmove(features->sample, features->sample + hop,
			features->samples * sizeof(*features->sample));
	}
	return slices;
}

const float *features_slice(const struct atoll_features *features, uint32_t index)
{
	return features->slice[(features->oldest + index) % features->kind->form.slices];
}

void features_mean(const struct atoll_features *features, double *mean)
{
	const uint32_t slices = features->kind->form.slices, bands = features->kind->bands;

	for (uint32_t b = 0; b < bands; b++)
		mean[b] = 0;
	for (uint32_t i = 0; i < slices; i++) {
		const float *slice = features_slice(features, i);

		for (uint32_t b = 0; b < bands; b++)
			mean[b] += (double)slice[b];
	}
	for (uint32_t b = 0; b < bands; b++)
		mean[b] /= slices;
}

ATOLL_API void atoll_features_reals(const struct atoll_features *features, float *window)
{
	const struct features_kind *kind = features->kind;
	struct features_measure measure;

	kind->measure(features, &measure);
	for (uint32_t i = 0; i < kind->form.slices; i++)
		kind->row(features, &measure, features_slice(features, i),
			  window + (size_t)i * kind->form.bands);
}

/* What is not a number is the least. */
static int32_t stored(float real, float scale, int32_t zero_point, int32_t least)
{
	const double value = floor((double)real / (double)scale + 0.5) + zero_point;

	if (!(value > least))
		return least;
	return value < least + 255 ? (int32_t)value : least + 255;
}

ATOLL_API void atoll_features_window(const struct atoll_features *features, float scale,
				     int32_t zero_point, void *window)
{
	const struct features_kind *kind = features->kind;
	const int32_t least = kind->form.is_signed ? INT8_MIN : 0;
	float row[FEATURES_BANDS_MAX];
	uint8_t *byte = window;
	struct features_measure measure;

	if (!(scale > 0))
		scale = 1;
	kind->measure(features, &measure);
	for (uint32_t i = 0; i < kind->form.slices; i++) {
		kind->row(features, &measure, features_slice(features, i), row);
		for (uint32_t b = 0; b < kind->form.bands; b++)
			*byte++ = (uint8_t)stored(row[b], scale, zero_point, least);
	}
}

ATOLL_API void atoll_features_reset(struct atoll_features *features)
{
	const struct features_kind *kind = features->kind;
	const float silence = kind->waits ? 0 : logf(kind->floor);

	for (uint32_t i = 0; i < kind->form.slices; i++)
		for (uint32_t b = 0; b < kind->bands; b++)
			features->slice[i][b] = silence;
	memset(features->peak, 0, sizeof(features->peak));
	features->oldest = 0;
	features->samples = 0;
}
