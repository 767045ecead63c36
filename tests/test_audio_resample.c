/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/resample.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/sounds.h"

#define RATE_MAX 96000

static const uint32_t rates[] = { 8000, 11025, 22050, 32000, 44100, 48000, 96000 };

#define RATES (sizeof(rates) / sizeof(rates[0]))

/* A second of input and more than what becomes of it. */
static float in[RATE_MAX], out[17000], other[17000];

static struct atoll_resample *made(enum atoll_samples samples, uint32_t rate,
				   uint32_t channels, uint32_t channel)
{
	struct atoll_error err;
	struct atoll_resample *resample = atoll_resample_new(samples, rate, channels, channel,
							     &err);

	if (!resample)
		fail_msg("%s", err.text);
	return resample;
}

/* All of `in`, a second at `rate`, to its end. */
static uint32_t run_second(uint32_t rate, float *to)
{
	struct atoll_resample *resample = made(ATOLL_F32, rate, 1, 0);
	uint32_t count = atoll_resample_run(resample, in, rate, to);

	count += atoll_resample_finish(resample, to + count);
	atoll_resample_free(resample);
	return count;
}

static void at_16_khz_samples_pass_unchanged(void **state)
{
	struct atoll_resample *resample = made(ATOLL_S16, 16000, 1, 0);
	static int16_t frames[65536];
	static float floats[65536];

	(void)state;
	for (int i = 0; i < 65536; i++)
		frames[i] = (int16_t)(i - 32768);
	assert_int_equal(atoll_resample_most(resample, 65536), 65536);
	assert_int_equal(atoll_resample_run(resample, frames, 65536, floats), 65536);
	for (int i = 0; i < 65536; i++)
		assert_true(floats[i] == (float)frames[i] / 32768);
	assert_int_equal(atoll_resample_delay(resample), 0);
	assert_int_equal(atoll_resample_finish(resample, floats), 0);
	atoll_resample_free(resample);
	atoll_resample_free(NULL);
}

static void every_kind_of_samples_means_the_same(void **state)
{
	const float wanted[] = { 0, -1, 0.5f, -0.25f, 0.0078125f, -0.9921875f };
	uint8_t frames[6 * 4];

	(void)state;
	for (enum atoll_samples samples = ATOLL_S16; samples <= ATOLL_F32; samples++) {
		struct atoll_resample *resample = made(samples, 16000, 1, 0);
		uint8_t *at = frames;
		float got[6];

		for (int i = 0; i < 6; i++)
			at += sounds_encode(samples, wanted[i], at);
		assert_int_equal(atoll_resample_run(resample, frames, 6, got), 6);
		for (int i = 0; i < 6; i++)
			assert_true(got[i] == wanted[i]);
		atoll_resample_free(resample);
	}
}

static void of_24_bits_in_four_bytes_the_lower_three_count(void **state)
{
	struct atoll_resample *resample = made(ATOLL_S24, 16000, 1, 0);
	const uint8_t frames[] = { 0, 0, 0x40, 0x7F, 0, 0, 0xC0, 0 };
	float got[2];

	(void)state;
	assert_int_equal(atoll_resample_run(resample, frames, 2, got), 2);
	assert_true(got[0] == 0.5f && got[1] == -0.5f);
	atoll_resample_free(resample);
}

static void floats_that_are_no_sound_become_some(void **state)
{
	const float frames[] = { NAN, INFINITY, -INFINITY, 1e30f, -3, 0.75f };
	const float wanted[] = { 0, 1, -1, 1, -1, 0.75f };
	struct atoll_resample *resample = made(ATOLL_F32, 16000, 1, 0);
	float got[6];

	(void)state;
	assert_int_equal(atoll_resample_run(resample, frames, 6, got), 6);
	assert_memory_equal(got, wanted, sizeof(wanted));
	atoll_resample_free(resample);
	/* As loud as can be, and a step: the filter goes beyond, what comes out does not. */
	for (uint32_t i = 0; i < 48000; i++)
		in[i] = i / 100 % 2 ? 1 : -1;
	assert_int_equal(run_second(48000, out), 16000);
	for (uint32_t i = 0; i < 16000; i++)
		assert_true(out[i] >= -1 && out[i] <= 1);
}

static void a_channel_is_chosen_or_all_are_mixed(void **state)
{
	const int16_t frames[] = { 4096, 8192, -16384, 0, 0, 32767, 300, 400, 500 };
	const float mean[] = { -4096.0f / 3, 32767.0f / 3, 400 };

	(void)state;
	for (uint32_t channel = 0; channel <= 3; channel++) {
		struct atoll_resample *resample = made(ATOLL_S16, 16000, 3, channel);
		float got[3];

		assert_int_equal(atoll_resample_run(resample, frames, 3, got), 3);
		for (uint32_t i = 0; i < 3; i++) {
			float wanted = channel ? frames[3 * i + channel - 1] : mean[i];

			assert_true(fabsf(got[i] * 32768 - wanted) < 0.01f);
		}
		atoll_resample_free(resample);
	}
}

static void tones_keep_their_level_up_to_7_khz(void **state)
{
	static const double tones[] = { 50, 440, 1000, 2500, 4000, 6000, 7000 };

	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		for (size_t j = 0; j < sizeof(tones) / sizeof(tones[0]); j++) {
			double db;

			if (tones[j] > 0.4375 * rates[i])
				continue; /* as 7 of 16 kHz */
			sounds_tone(in, rates[i], rates[i], tones[j], 0.5);
			(void)run_second(rates[i], out);
			db = sounds_tone_db(out + 2000, 12000, 16000, tones[j]);
			if (fabs(db - 20 * log10(0.5)) > 0.1)
				fail_msg("%u Hz: a tone of %.0f Hz is at %.2f dB", rates[i],
					 tones[j], db);
		}
	}
}

static void tones_above_8_khz_do_not_come_back_as_others(void **state)
{
	static const double tones[] = { 8100, 8500, 9000, 10000, 12000, 15000, 20000, 31000 };

	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		for (size_t j = 0; j < sizeof(tones) / sizeof(tones[0]); j++) {
			double db;

			if (tones[j] >= 0.5 * rates[i])
				continue;
			sounds_tone(in, rates[i], rates[i], tones[j], 1);
			(void)run_second(rates[i], out);
			db = sounds_db(out + 2000, 12000);
			if (db > -50)
				fail_msg("%u Hz: of a tone of %.0f Hz %.1f dB are left",
					 rates[i], tones[j], db);
		}
	}
}

static void what_is_slower_gets_no_tones_above_its_own(void **state)
{
	(void)state;
	sounds_tone(in, 8000, 8000, 3000, 1);
	(void)run_second(8000, out);
	assert_true(sounds_tone_db(out + 2000, 12000, 16000, 5000) < -50);
}

/* Where a click comes out, between the samples, by the balance of its neighbours. */
static double click_at(uint32_t count)
{
	double sum = 0, moment = 0;

	for (uint32_t i = 0; i < count; i++) {
		sum += out[i];
		moment += (double)i * out[i];
	}
	return moment / sum;
}

static void a_click_is_where_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		uint32_t at = rates[i] / 5;

		memset(in, 0, sizeof(in));
		in[at] = 1;
		assert_int_equal(run_second(rates[i], out), 16000);
		assert_true(fabs(click_at(16000) - (double)at * 16000 / rates[i]) < 0.5);
	}
}

static void the_output_is_as_late_as_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		struct atoll_resample *resample = made(ATOLL_F32, rates[i], 1, 0);
		uint32_t delay = atoll_resample_delay(resample), given, left;

		assert_in_range(delay, 1, 16000 / 50);
		given = atoll_resample_run(resample, in, rates[i], out);
		assert_in_range(given, 16000 - delay - 1, 16000 - delay + 1);
		left = atoll_resample_finish(resample, out);
		assert_int_equal(given + left, 16000);
		assert_true(left <= delay + 2);
		/* Sounds shorter than the filter are not lost in it. */
		assert_int_equal(atoll_resample_run(resample, in, 10, out), 0);
		assert_int_equal(atoll_resample_finish(resample, out),
				 (10 * 16000 + rates[i] - 1) / rates[i]);
		assert_int_equal(atoll_resample_finish(resample, out), 0);
		atoll_resample_free(resample);
	}
}

static void pieces_of_any_size_give_the_same_to_the_bit(void **state)
{
	struct check_random random = { 3 };

	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		struct atoll_resample *resample = made(ATOLL_F32, rates[i], 1, 0);
		uint32_t count = 0;

		sounds_noise(in, rates[i], i, 0.8f);
		(void)run_second(rates[i], out);
		for (uint32_t done = 0, piece; done < rates[i]; done += piece) {
			uint32_t got;

			piece = (uint32_t)check_random_in(&random, 0, i % 2 ? 30 : 3000);
			if (piece > rates[i] - done)
				piece = rates[i] - done;
			got = atoll_resample_run(resample, in + done, piece, other + count);
			assert_true(got <= atoll_resample_most(resample, piece));
			count += got;
		}
		count += atoll_resample_finish(resample, other + count);
		assert_int_equal(count, 16000);
		assert_memory_equal(out, other, 16000 * sizeof(float));
		atoll_resample_free(resample);
	}
}

static void after_a_reset_nothing_is_left_of_what_was(void **state)
{
	struct atoll_resample *resample = made(ATOLL_F32, 44100, 1, 0);
	uint32_t count;

	(void)state;
	sounds_noise(in, 44100, 1, 1);
	(void)atoll_resample_run(resample, in, 1234, out);
	atoll_resample_reset(resample);
	sounds_tone(in, 44100, 44100, 300, 0.5);
	(void)run_second(44100, out);
	count = atoll_resample_run(resample, in, 44100, other);
	count += atoll_resample_finish(resample, other + count);
	assert_int_equal(count, 16000);
	assert_memory_equal(out, other, 16000 * sizeof(float));
	atoll_resample_free(resample);
}

static void what_cannot_be_is_refused_with_a_reason(void **state)
{
	static const struct {
		uint32_t rate, channels, channel;
		const char *part;
	} cases[] = {
		{ 0, 1, 0, "0 samples a second" },
		{ 999, 1, 0, "999 samples a second" },
		{ 384001, 1, 0, "384001 samples a second" },
		{ 16000, 0, 0, "0 channels" },
		{ 16000, 9, 0, "9 channels" },
		{ 16000, 1, 2, "channel 2 is wanted, and there is 1" },
		{ 48000, 4, 5, "channel 5 is wanted, and there are 4" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct atoll_error err = { 0 };

		assert_null(atoll_resample_new(ATOLL_S16, cases[i].rate, cases[i].channels,
					       cases[i].channel, &err));
		assert_int_equal(err.code, -EINVAL);
		if (!strstr(err.text, cases[i].part))
			fail_msg("'%s' does not tell of '%s'", err.text, cases[i].part);
	}
}

static void nothing_is_allocated_after_new(void **state)
{
	struct atoll_resample *resample = made(ATOLL_F32, 44100, 1, 0);
	unsigned long before = allocations();

	(void)state;
	for (int i = 0; i < 20; i++)
		(void)atoll_resample_run(resample, in, 4000, out);
	(void)atoll_resample_finish(resample, out);
	(void)atoll_resample_run(resample, in, 4000, out);
	atoll_resample_reset(resample);
	assert_int_equal(allocations() - before, 0);
	atoll_resample_free(resample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_16_khz_samples_pass_unchanged),
		cmocka_unit_test(every_kind_of_samples_means_the_same),
		cmocka_unit_test(of_24_bits_in_four_bytes_the_lower_three_count),
		cmocka_unit_test(floats_that_are_no_sound_become_some),
		cmocka_unit_test(a_channel_is_chosen_or_all_are_mixed),
		cmocka_unit_test(tones_keep_their_level_up_to_7_khz),
		cmocka_unit_test(tones_above_8_khz_do_not_come_back_as_others),
		cmocka_unit_test(what_is_slower_gets_no_tones_above_its_own),
		cmocka_unit_test(a_click_is_where_it_was),
		cmocka_unit_test(the_output_is_as_late_as_told),
		cmocka_unit_test(pieces_of_any_size_give_the_same_to_the_bit),
		cmocka_unit_test(after_a_reset_nothing_is_left_of_what_was),
		cmocka_unit_test(what_cannot_be_is_refused_with_a_reason),
		cmocka_unit_test(nothing_is_allocated_after_new),
	};

	return CHECK_RUN(tests);
}
