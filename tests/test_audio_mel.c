/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/mel.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "tests/check.h"

#define BINS 257
#define BIN_HZ 31.25

static const struct mel_form forms[] = {
	{ .bands = 32, .bins = BINS, .bin_hz = BIN_HZ, .low_hz = 60, .high_hz = 3800 },
	{ .bands = 40, .bins = BINS, .bin_hz = BIN_HZ, .low_hz = 20, .high_hz = 4000 },
	{ .bands = 40, .bins = BINS, .bin_hz = BIN_HZ, .low_hz = 0, .high_hz = 8000 },
	{ .bands = 1, .bins = BINS, .bin_hz = BIN_HZ, .low_hz = 300, .high_hz = 3000 },
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

static void assert_near(double value, double wanted, double tolerance)
{
	if (!(fabs(value - wanted) <= tolerance))
		fail_msg("%.9g, not %.9g", value, wanted);
}

static struct mel *new_mel(const struct mel_form *form)
{
	struct atoll_error err;
	struct mel *mel = mel_new(form, &err);

	if (!mel)
		fail_msg("%s", err.text);
	return mel;
}

static double mel_of(double hz)
{
	return 1127 * log(1 + hz / 700);
}

static double hz_of(double mel)
{
	return 700 * (exp(mel / 1127) - 1);
}

static double edge_mel(const struct mel_form *form, uint32_t edge)
{
	const double low = mel_of(form->low_hz), high = mel_of(form->high_hz);

	return low + (high - low) * edge / (form->bands + 1);
}

/* By the definition: the lower of two slopes, if it is above nothing. */
static double plain_weight(const struct mel_form *form, uint32_t band, uint32_t bin)
{
	const double left = edge_mel(form, band), top = edge_mel(form, band + 1);
	const double right = edge_mel(form, band + 2), at = mel_of(bin * form->bin_hz);

	if (bin == 0)
		return 0;
	return fmax(0, fmin((at - left) / (top - left), (right - at) / (right - top)));
}

static void each_bin_counts_as_its_triangle_says(void **state)
{
	float magnitude[BINS] = { 0 }, band[40];

	(void)state;
	for (uint32_t i = 0; i < FORMS; i++) {
		struct mel *mel = new_mel(&forms[i]);

		for (uint32_t k = 0; k < BINS; k++) {
			magnitude[k] = 1;
			mel_bands(mel, magnitude, band);
			magnitude[k] = 0;
			for (uint32_t b = 0; b < forms[i].bands; b++)
				assert_near((double)band[b], plain_weight(&forms[i], b, k),
					    1e-6);
		}
		mel_free(mel);
	}
}

static void neighbours_share_what_is_between_their_tops(void **state)
{
	const struct mel_form *form = &forms[1];
	struct mel *mel = new_mel(form);
	float magnitude[BINS] = { 0 }, band[40];

	(void)state;
	for (uint32_t k = 0; k < BINS; k++) {
		const double hz = k * form->bin_hz;
		float sum = 0;

		if (hz < hz_of(edge_mel(form, 1)) || hz > hz_of(edge_mel(form, form->bands)))
			continue;
		magnitude[k] = 1;
		mel_bands(mel, magnitude, band);
		magnitude[k] = 0;
		for (uint32_t b = 0; b < form->bands; b++)
			sum += band[b];
		assert_near((double)sum, 1, 1e-6);
	}
	mel_free(mel);
}

static void what_never_changes_and_what_is_too_high_belongs_to_no_band(void **state)
{
	struct mel *mel = new_mel(&forms[0]);
	float magnitude[BINS] = { 0 }, band[32];

	(void)state;
	magnitude[0] = 1000;
	for (uint32_t k = 122; k < BINS; k++)
		magnitude[k] = 1000; /* from 3812.5 Hz on */
	mel_bands(mel, magnitude, band);
	for (uint32_t b = 0; b < 32; b++)
		assert_true(band[b] == 0);
	mel_free(mel);
}

static void a_band_narrower_than_a_bin_may_hear_nothing(void **state)
{
	const struct mel_form form = { .bands = 100, .bins = 9, .bin_hz = 1000,
				       .low_hz = 0, .high_hz = 8000 };
	struct mel *mel = new_mel(&form);
	float magnitude[9], band[100];
	uint32_t hear = 0;

	(void)state;
	for (uint32_t k = 0; k < 9; k++)
		magnitude[k] = 1;
	mel_bands(mel, magnitude, band);
	for (uint32_t b = 0; b < 100; b++)
		hear += band[b] > 0;
	assert_in_range(hear, 1, 2 * 8);
	mel_free(mel);
}

static void forms_that_are_not_possible_are_refused(void **state)
{
	static const struct mel_form wrong[] = {
		{ .bands = 0, .bins = 9, .bin_hz = 1, .low_hz = 1, .high_hz = 2 },
		{ .bands = 1001, .bins = 9, .bin_hz = 1, .low_hz = 1, .high_hz = 2 },
		{ .bands = 4, .bins = 0, .bin_hz = 1, .low_hz = 1, .high_hz = 2 },
		{ .bands = 4, .bins = 9, .bin_hz = 0, .low_hz = 1, .high_hz = 2 },
		{ .bands = 4, .bins = 9, .bin_hz = 1, .low_hz = -1, .high_hz = 2 },
		{ .bands = 4, .bins = 9, .bin_hz = 1, .low_hz = 2, .high_hz = 2 },
		{ .bands = 4, .bins = 9, .bin_hz = 1, .low_hz = 1, .high_hz = NAN },
	};
	struct atoll_error err;

	(void)state;
	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(mel_new(&wrong[i], &err));
		assert_int_equal(err.code, -EINVAL);
	}
	mel_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bin_counts_as_its_triangle_says),
		cmocka_unit_test(neighbours_share_what_is_between_their_tops),
		cmocka_unit_test(what_never_changes_and_what_is_too_high_belongs_to_no_band),
		cmocka_unit_test(a_band_narrower_than_a_bin_may_hear_nothing),
		cmocka_unit_test(forms_that_are_not_possible_are_refused),
	};

	return CHECK_RUN(tests);
}
