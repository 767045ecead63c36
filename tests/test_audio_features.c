/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/features.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "tests/allocations.h"
#include "tests/check.h"

#define WINDOW_MAX (198 * 40)
#define SOUND_MAX 64000

static const enum atoll_features_kind kinds[] = {
	ATOLL_FEATURES_OWN, ATOLL_FEATURES_CORAL, ATOLL_FEATURES_MLPERF,
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Samples of a slice and what it waits for, and of a whole window. */
static uint32_t span_of(enum atoll_features_kind kind)
{
	return kind == ATOLL_FEATURES_MLPERF ? 640 : atoll_features_form(kind).frame;
}

static uint32_t window_samples(enum atoll_features_kind kind)
{
	const struct atoll_features_form form = atoll_features_form(kind);

	return (form.slices - 1) * form.hop + span_of(kind);
}

static uint32_t window_bytes(enum atoll_features_kind kind)
{
	const struct atoll_features_form form = atoll_features_form(kind);

	return form.slices * form.bands;
}

static struct atoll_features *new_features(enum atoll_features_kind kind)
{
	struct atoll_error err;
	struct atoll_features *features = atoll_features_new(kind, &err);

	if (!features)
		fail_msg("%s", err.text);
	return features;
}

/* Syllables: gliding tones that come and go over a little noise. */
static void speak(float *sample, uint32_t count, uint64_t seed)
{
	struct check_random random = { seed };
	double phase = 0;

	for (uint32_t i = 0; i < count; i++) {
		const double t = i / 16000.0;
		const double loudness = fmax(0, sin(2 * M_PI * 3.1 * t + (double)seed));
		const double noise = check_random_in(&random, -1000, 1000) / 1000.0;

		phase += 2 * M_PI * (180 + 60 * sin(2 * M_PI * 1.3 * t)) / 16000;
		sample[i] = (float)(0.3 * loudness *
				    (sin(phase) + 0.5 * sin(5 * phase) + 0.2 * sin(13 * phase)) +
				    0.002 * noise);
	}
}

/* --- in pieces --- */

static void a_slice_is_complete_with_its_last_sample(void **state)
{
	static float sound[SOUND_MAX];

	(void)state;
	for (uint32_t k = 0; k < KINDS; k++) {
		const uint32_t span = span_of(kinds[k]), hop = atoll_features_form(kinds[k]).hop;
		struct atoll_features *features = new_features(kinds[k]);

		assert_int_equal(atoll_features_push(features, sound, 0), 0);
		assert_int_equal(atoll_features_push(features, sound, span - 1), 0);
		assert_int_equal(atoll_features_push(features, sound, 1), 1);
		for (uint32_t i = 0; i < 5; i++) {
			assert_int_equal(atoll_features_push(features, sound, hop - 1), 0);
			assert_int_equal(atoll_features_push(features, sound, 1), 1);
		}
		assert_int_equal(atoll_features_push(features, sound, 7 * hop + 3), 7);
		atoll_features_free(features);
	}
}

/* The newest window of the sound so far, from its own samples alone. */
static void window_at_once(enum atoll_features_kind kind, const float *sound, uint32_t slices,
			   uint8_t *window)
{
	const struct atoll_features_form form = atoll_features_form(kind);
	const uint32_t known = slices < form.slices ? slices : form.slices;
	struct atoll_features *features = new_features(kind);

	if (known > 0)
		assert_int_equal(atoll_features_push(features,
						     sound + (slices - known) * form.hop,
						     (known - 1) * form.hop + span_of(kind)),
				 known);
	atoll_features_window(features, 0.1f, 3, window);
	atoll_features_free(features);
}

static void pieces_of_any_size_give_the_windows_of_the_whole_to_the_bit(void **state)
{
	static float sound[SOUND_MAX];
	static uint8_t window[WINDOW_MAX], wanted[WINDOW_MAX];
	struct check_random random = { 4 };

	(void)state;
	speak(sound, SOUND_MAX, 4);
	for (uint32_t k = 0; k < KINDS; k++) {
		const uint32_t hop = atoll_features_form(kinds[k]).hop, span = span_of(kinds[k]);
		struct atoll_features *features = new_features(kinds[k]);
		uint32_t slices = 0, at = 0;

		while (at < SOUND_MAX) {
			/* A few samples, a block, or more than a window. */
			uint32_t most = (const uint32_t[]){ 3, 400, 3000, 40000 }
					[check_random(&random) % 4];
			uint32_t count = check_random(&random) % (most + 1);

			count = count < SOUND_MAX - at ? count : SOUND_MAX - at;
			slices += atoll_features_push(features, sound + at, count);
			at += count;
			assert_int_equal(slices, at < span ? 0 : (at - span) / hop + 1);
			if (check_random(&random) % 16 != 0 && at < SOUND_MAX)
				continue;
			atoll_features_window(features, 0.1f, 3, window);
			window_at_once(kinds[k], sound, slices, wanted);
			assert_memory_equal(window, wanted, window_bytes(kinds[k]));
		}
		atoll_features_free(features);
	}
}

static void asking_twice_gives_the_same(void **state)
{
	static float sound[SOUND_MAX];
	static uint8_t first[WINDOW_MAX], second[WINDOW_MAX];

	(void)state;
	speak(sound, 20000, 5);
	for (uint32_t k = 0; k < KINDS; k++) {
		struct atoll_features *features = new_features(kinds[k]);

		atoll_features_push(features, sound, 20000);
		atoll_features_window(features, 0.1f, 3, first);
		atoll_features_window(features, 0.1f, 3, second);
		assert_memory_equal(first, second, window_bytes(kinds[k]));
		atoll_features_free(features);
	}
}

static void nothing_is_allocated_after_new(void **state)
{
	static float sound[SOUND_MAX], reals[WINDOW_MAX];
	static uint8_t window[WINDOW_MAX];

	(void)state;
	speak(sound, 40000, 6);
	for (uint32_t k = 0; k < KINDS; k++) {
		struct atoll_features *features = new_features(kinds[k]);
		unsigned long before = allocations();

		atoll_features_push(features, sound, 40000);
		atoll_features_reals(features, reals);
		atoll_features_window(features, 0.1f, 3, window);
		atoll_features_reset(features);
		assert_int_equal(allocations(), before);
		atoll_features_free(features);
	}
}

/* --- silence, gaps, loudness --- */

static void what_was_not_heard_is_silence(void **state)
{
	static const float silence[SOUND_MAX];
	static float sound[SOUND_MAX];
	static uint8_t window[WINDOW_MAX], wanted[WINDOW_MAX];

	(void)state;
	speak(sound, 8000, 7);
	for (uint32_t k = 0; k < KINDS; k++) {
		const uint32_t hop = atoll_features_form(kinds[k]).hop;
		struct atoll_features *features = new_features(kinds[k]);
		struct atoll_features *other = new_features(kinds[k]);

		/* Before anything, and with silence in front of a sound that begins
		   with silence itself. */
		atoll_features_window(features, 0.1f, 3, window);
		atoll_features_push(other, silence, window_samples(kinds[k]));
		atoll_features_window(other, 0.1f, 3, wanted);
		assert_memory_equal(window, wanted, window_bytes(kinds[k]));

		memset(sound, 0, 640 * sizeof(*sound));
		atoll_features_push(features, sound, 8000);
		atoll_features_reset(other);
		atoll_features_push(other, silence, 100 * hop);
		atoll_features_push(other, sound, 8000);
		atoll_features_window(features, 0.1f, 3, window);
		atoll_features_window(other, 0.1f, 3, wanted);
		assert_memory_equal(window, wanted, window_bytes(kinds[k]));
		atoll_features_free(features);
		atoll_features_free(other);
	}
}

static void silence_is_the_middle_of_a_normalised_window(void **state)
{
	static uint8_t grey[198 * 32];
	static int8_t window[49 * 40];
	struct atoll_features *features = new_features(ATOLL_FEATURES_CORAL);

	(void)state;
	atoll_features_window(features, 1, 0, grey);
	for (uint32_t i = 0; i < sizeof(grey); i++)
		assert_int_equal(grey[i], 127);
	atoll_features_free(features);
	features = new_features(ATOLL_FEATURES_OWN);
	atoll_features_window(features, 0.05f, -5, window);
	for (uint32_t i = 0; i < sizeof(window); i++)
		assert_int_equal(window[i], -5);
	atoll_features_free(features);
}

static void after_a_reset_nothing_of_before_is_heard(void **state)
{
	static float sound[SOUND_MAX];
	static uint8_t window[WINDOW_MAX], wanted[WINDOW_MAX];

	(void)state;
	speak(sound, 50000, 8);
	for (uint32_t k = 0; k < KINDS; k++) {
		struct atoll_features *features = new_features(kinds[k]);

		atoll_features_push(features, sound, 40123);
		atoll_features_reset(features);
		atoll_features_push(features, sound + 20000, 5000);
		atoll_features_window(features, 0.1f, 3, window);
		atoll_features_free(features);
		features = new_features(kinds[k]);
		atoll_features_push(features, sound + 20000, 5000);
		atoll_features_window(features, 0.1f, 3, wanted);
		assert_memory_equal(window, wanted, window_bytes(kinds[k]));
		atoll_features_free(features);
	}
}

/* Halves are exact. */
static void mlperf_hears_words_of_any_loudness_alike(void **state)
{
	static float sound[SOUND_MAX];
	static uint8_t loud[490], quiet[490];
	struct atoll_features *features = new_features(ATOLL_FEATURES_MLPERF);

	(void)state;
	speak(sound, 16000, 9);
	atoll_features_push(features, sound, 16000);
	atoll_features_window(features, 0.58f, 83, loud);
	atoll_features_reset(features);
	for (uint32_t i = 0; i < 16000; i++)
		sound[i] /= 64;
	atoll_features_push(features, sound, 16000);
	atoll_features_window(features, 0.58f, 83, quiet);
	assert_memory_equal(loud, quiet, sizeof(loud));
	atoll_features_free(features);
}

static void mlperf_divides_nothing_by_a_sound_that_is_never_above_zero(void **state)
{
	static float sound[SOUND_MAX];
	float above[490], below[490];
	struct atoll_features *features = new_features(ATOLL_FEATURES_MLPERF);

	(void)state;
	speak(sound, 16000, 14);
	for (uint32_t i = 0; i < 16000; i++)
		sound[i] = -fabsf(sound[i]);
	atoll_features_push(features, sound, 16000);
	atoll_features_reals(features, below);
	atoll_features_reset(features);
	sound[15999] = 1; /* in no frame */
	atoll_features_push(features, sound, 16000);
	atoll_features_reals(features, above);
	assert_memory_equal(above, below, sizeof(above));
	atoll_features_free(features);
}

static void a_click_counts_for_mlperf_as_long_as_it_is_in_the_window(void **state)
{
	static float sound[SOUND_MAX];
	float with[490], without[490];
	struct atoll_features *clicked = new_features(ATOLL_FEATURES_MLPERF);
	struct atoll_features *features = new_features(ATOLL_FEATURES_MLPERF);

	(void)state;
	speak(sound, 32000, 10);
	atoll_features_push(features, sound, 16320);
	sound[319] = 1; /* the last sample of the first hop */
	atoll_features_push(clicked, sound, 16000);
	atoll_features_reals(clicked, with);
	atoll_features_reals(features, without);
	/* The sum of logarithms tells the gain. */
	assert_true(with[480] < without[470] - 5);
	atoll_features_push(clicked, sound + 16000, 320);
	atoll_features_reals(clicked, with);
	assert_memory_equal(with, without, sizeof(with));
	atoll_features_free(features);
	atoll_features_free(clicked);
}

/* --- bytes --- */

static int8_t clamped(double value)
{
	return (int8_t)fmin(127, fmax(-128, value));
}

static void bytes_are_reals_by_scale_and_zero_point(void **state)
{
	static float sound[SOUND_MAX], reals[WINDOW_MAX];
	static int8_t window[WINDOW_MAX];
	struct atoll_features *features = new_features(ATOLL_FEATURES_OWN);
	bool low = false, high = false;

	(void)state;
	speak(sound, 16000, 11);
	atoll_features_push(features, sound, 16000);
	atoll_features_reals(features, reals);
	atoll_features_window(features, 0.01f, 20, window);
	for (uint32_t i = 0; i < 49 * 40; i++) {
		assert_int_equal(window[i], clamped(floor((double)reals[i] / (double)0.01f + 0.5) + 20));
		low = low || window[i] == -128;
		high = high || window[i] == 127;
	}
	assert_true(low && high);
	atoll_features_free(features);
}

static void a_tensor_without_a_scale_has_a_scale_of_one(void **state)
{
	static const float without[] = { 0, -1, NAN };
	static float sound[SOUND_MAX];
	static uint8_t window[WINDOW_MAX], wanted[WINDOW_MAX];
	struct atoll_features *features = new_features(ATOLL_FEATURES_CORAL);

	(void)state;
	speak(sound, 32000, 13);
	atoll_features_push(features, sound, 32000);
	atoll_features_window(features, 1, 0, wanted);
	for (uint32_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		atoll_features_window(features, without[i], 0, window);
		assert_memory_equal(window, wanted, sizeof(wanted));
	}
	atoll_features_free(features);
}

static void what_is_not_a_number_harms_no_longer_than_it_is_heard(void **state)
{
	static float sound[SOUND_MAX];
	static uint8_t window[WINDOW_MAX], wanted[WINDOW_MAX];
	static const uint8_t harmed[KINDS] = { 0x80, 3, 0x80 };

	(void)state;
	for (uint32_t k = 0; k < KINDS; k++) {
		const uint32_t samples = window_samples(kinds[k]);
		struct atoll_features *features = new_features(kinds[k]);

		speak(sound, SOUND_MAX, 12);
		atoll_features_push(features, sound + 6400, samples);
		atoll_features_window(features, 0.1f, 3, wanted);
		atoll_features_reset(features);
		sound[10] = NAN;
		sound[300] = INFINITY;
		sound[301] = -INFINITY;
		atoll_features_push(features, sound, 6400);
		atoll_features_window(features, 0.1f, 3, window);
		/* Of the 20th slice from the end, or of all by their means. */
		assert_int_equal(window[window_bytes(kinds[k]) * 30 / 49], harmed[k]);
		atoll_features_push(features, sound + 6400, samples);
		atoll_features_window(features, 0.1f, 3, window);
		assert_memory_equal(window, wanted, window_bytes(kinds[k]));
		atoll_features_free(features);
	}
}

/* --- which --- */

static void the_input_of_a_model_tells_its_features(void **state)
{
	enum atoll_features_kind kind;

	(void)state;
	assert_int_equal(atoll_features_find(3, (const int32_t[]){ 1, 198, 32 }, false, &kind), 0);
	assert_int_equal(kind, ATOLL_FEATURES_CORAL);
	assert_int_equal(atoll_features_find(4, (const int32_t[]){ 1, 49, 10, 1 }, true, &kind), 0);
	assert_int_equal(kind, ATOLL_FEATURES_MLPERF);
	assert_int_equal(atoll_features_find(4, (const int32_t[]){ 1, 49, 40, 1 }, true, &kind), 0);
	assert_int_equal(kind, ATOLL_FEATURES_OWN);
	assert_int_equal(atoll_features_find(2, (const int32_t[]){ 49, 40 }, true, &kind), 0);
	assert_int_equal(kind, ATOLL_FEATURES_OWN);
}

static void other_inputs_are_not_supported_and_touch_nothing(void **state)
{
	static const struct { uint32_t rank; int32_t dims[4]; bool is_int8; } other[] = {
		{ 4, { 1, 49, 10, 1 }, false }, { 3, { 1, 198, 32 }, true },
		{ 2, { 1, 1960 }, true }, { 4, { 1, 40, 49, 1 }, true },
		{ 4, { 2, 49, 10, 1 }, true }, { 4, { 1, 49, 10, 3 }, true },
		{ 4, { 1, 224, 224, 3 }, false }, { 2, { 1, 49 }, true },
		{ 2, { -49, -10 }, true }, { 1, { 1 }, true }, { 0, { 0 }, true },
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		enum atoll_features_kind kind = ATOLL_FEATURES_MLPERF;

		assert_int_equal(atoll_features_find(other[i].rank, other[i].dims,
						     other[i].is_int8, &kind), -ENOTSUP);
		assert_int_equal(kind, ATOLL_FEATURES_MLPERF);
	}
}

static void a_kind_that_is_not_known_is_refused(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_null(atoll_features_new((enum atoll_features_kind)KINDS, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_int_equal(atoll_features_form((enum atoll_features_kind)KINDS).slices, 0);
	atoll_features_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slice_is_complete_with_its_last_sample),
		cmocka_unit_test(pieces_of_any_size_give_the_windows_of_the_whole_to_the_bit),
		cmocka_unit_test(asking_twice_gives_the_same),
		cmocka_unit_test(nothing_is_allocated_after_new),
		cmocka_unit_test(what_was_not_heard_is_silence),
		cmocka_unit_test(silence_is_the_middle_of_a_normalised_window),
		cmocka_unit_test(after_a_reset_nothing_of_before_is_heard),
		cmocka_unit_test(mlperf_hears_words_of_any_loudness_alike),
		cmocka_unit_test(mlperf_divides_nothing_by_a_sound_that_is_never_above_zero),
		cmocka_unit_test(a_click_counts_for_mlperf_as_long_as_it_is_in_the_window),
		cmocka_unit_test(bytes_are_reals_by_scale_and_zero_point),
		cmocka_unit_test(a_tensor_without_a_scale_has_a_scale_of_one),
		cmocka_unit_test(what_is_not_a_number_harms_no_longer_than_it_is_heard),
		cmocka_unit_test(the_input_of_a_model_tells_its_features),
		cmocka_unit_test(other_inputs_are_not_supported_and_touch_nothing),
		cmocka_unit_test(a_kind_that_is_not_known_is_refused),
	};

	return CHECK_RUN(tests);
}
