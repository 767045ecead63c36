/* SPDX-License-Identifier: Apache-2.0 */
/* A source that is a microphone, with one that loses and leaves as it is told. */
#include "audio/sound_live.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/fake_pcm.h"

#define NS INT64_C(1000000000)

static struct fake_microphone *const fake = &fake_pcm.microphone[0];

static int reset(void **state)
{
	(void)state;
	fake_pcm_reset();
	return 0;
}

static int is_clean(void **state)
{
	(void)state;
	assert_int_equal(fake_pcm.opened, 0);
	return 0;
}

static struct atoll_microphone *open_fake(const struct atoll_microphone_config *config,
					  struct atoll_error *err)
{
	return microphone_open_on(&fake_pcm_system, config, NULL, err);
}

static struct atoll_sound *opened(struct atoll_sound_config config)
{
	struct atoll_error err;
	struct atoll_sound *sound = sound_open_on(open_fake, &config, &err);

	if (!sound)
		fail_msg("%s", err.text);
	return sound;
}

#define OPENED(...) opened((struct atoll_sound_config){ .what = "mic", __VA_ARGS__ })

static struct atoll_block next(struct atoll_sound *sound)
{
	struct atoll_block block;
	int r = atoll_sound_next(sound, 0, &block);

	if (r < 0)
		fail_msg("%s", r == -ETIMEDOUT ? "nothing came" : atoll_sound_error(sound)->text);
	return block;
}

/* Of a microphone at 16 kHz each sample is the number of its frame. */
static uint32_t number_of(float sample)
{
	return (uint32_t)lrintf(sample * 32768);
}

static void frames_at_16_khz_are_heard_as_they_are(void **state)
{
	struct atoll_sound *sound = OPENED(.channel = 1);
	int64_t start = fake_pcm.now_ns;
	struct atoll_block block;

	(void)state;
	assert_true(atoll_sound_is_live(sound));
	assert_string_equal(atoll_sound_name(sound), "Fake Microphone, 16000 Hz, 1 channel");
	assert_int_equal(atoll_sound_fd(sound), fake_pcm.watch_fd);
	assert_int_equal(atoll_sound_next(sound, 0, &block), -ETIMEDOUT);
	for (uint32_t i = 0; i < 50; i++) {
		fake_pcm_sound(0, 320);
		block = next(sound);
		assert_int_equal(block.count, 320);
		assert_int_equal(block.at, 320 * i);
		assert_int_equal(block.time_ns, start + 20000000 * i);
		assert_int_equal(number_of(block.sample[0]), 320 * i);
		assert_int_equal(number_of(block.sample[319]), 320 * i + 319);
		assert_false(block.is_after_gap);
	}
	assert_int_equal(atoll_sound_counts(sound).samples, 16000);
	assert_int_equal(atoll_sound_counts(sound).lost, 0);
	assert_int_equal(atoll_sound_next(sound, 0, &block), -ETIMEDOUT);
	atoll_sound_close(sound);
}

static void other_rates_keep_their_time(void **state)
{
	struct atoll_sound *sound = OPENED(.microphone = { .rate = 48000, .channels = 2 });
	int64_t start = fake_pcm.now_ns;
	uint64_t count = 0;

	(void)state;
	assert_string_equal(atoll_sound_name(sound), "Fake Microphone, 48000 Hz, 2 channels");
	for (uint32_t i = 0; i < 50; i++) {
		struct atoll_block block;
		int64_t error_ns;

		fake_pcm_sound(0, 960);
		block = next(sound);
		assert_int_equal(block.at, count);
		assert_false(block.is_after_gap);
		/* When it was taken, though it came a little later. */
		error_ns = block.time_ns - start - (int64_t)count * 62500;
		assert_true(error_ns >= -1000 && error_ns <= 1000);
		count += block.count;
	}
	assert_in_range(count, 15900, 15999);
	assert_int_equal(atoll_sound_counts(sound).samples, count);
	atoll_sound_close(sound);
}

/* A gap is told once, and numbers of samples go on as if nothing was lost. */
static void after_an_overrun_the_numbers_jump(uint32_t rate)
{
	struct atoll_sound *sound = OPENED(.microphone = { .rate = rate });
	int64_t start = fake_pcm.now_ns, error_ns;
	struct atoll_sound_counts counts;
	struct atoll_block block;
	uint64_t end;

	fake_pcm_sound(0, rate / 50);
	block = next(sound);
	end = block.at + block.count;
	fake_pcm_sound(0, rate * 2); /* more than any buffer holds, and nobody reads */
	assert_int_equal(atoll_sound_next(sound, 0, &block), -ETIMEDOUT);
	fake_pcm_sound(0, rate / 50);
	block = next(sound);
	assert_true(block.is_after_gap);
	assert_in_range(block.at, 16000 * 2, 16000 * 2 + 640);
	error_ns = block.time_ns - start - (int64_t)block.at * 62500;
	assert_true(error_ns > -100000 && error_ns < 100000);
	counts = atoll_sound_counts(sound);
	assert_int_equal(counts.overruns, 1);
	assert_int_equal(counts.lost, block.at - end);
	assert_int_equal(counts.samples + counts.lost, block.at + block.count);
	fake_pcm_sound(0, rate / 50);
	end = block.at + block.count;
	block = next(sound);
	assert_false(block.is_after_gap);
	assert_int_equal(block.at, end);
	atoll_sound_close(sound);
}

static void what_an_overrun_lost_is_a_gap_at_16_khz(void **state)
{
	(void)state;
	after_an_overrun_the_numbers_jump(16000);
}

static void what_an_overrun_lost_is_a_gap_at_other_rates(void **state)
{
	(void)state;
	after_an_overrun_the_numbers_jump(48000);
	after_an_overrun_the_numbers_jump(44100);
	after_an_overrun_the_numbers_jump(8000);
}

static void a_failure_is_told_and_the_next_sound_comes(void **state)
{
	struct atoll_sound *sound = OPENED(.channel = 0);
	struct atoll_block block;

	(void)state;
	fake->errors = 1;
	assert_int_equal(atoll_sound_next(sound, 0, &block), -EIO);
	assert_non_null(strstr(atoll_sound_error(sound)->text,
			       "Fake Microphone, 16000 Hz, 1 channel: "));
	fake_pcm_sound(0, 320);
	assert_true(next(sound).is_after_gap);
	atoll_sound_close(sound);
}

/* 100 ms, away for three seconds, back with another rate. */
static void a_microphone_that_left_comes_back(void **state)
{
	struct atoll_sound *sound;
	struct atoll_sound_counts counts;
	struct atoll_block block;
	struct atoll_error err;
	int64_t start, error_ns;

	(void)state;
	fake->offer[0].rate_min = fake->offer[0].rate_max = 48000;
	sound = OPENED(.channel = 1);
	start = fake_pcm.now_ns;
	fake_pcm_sound(0, 4800);
	block = next(sound);
	fake_pcm_unplug(0);
	assert_int_equal(atoll_sound_next(sound, 0, &block), -ENODEV);
	assert_string_equal(atoll_sound_error(sound)->text,
			    "Fake Microphone, 48000 Hz, 1 channel: the microphone went away");
	assert_int_equal(fake_pcm.opened, 0);
	assert_int_equal(atoll_sound_fd(sound), -1);
	assert_int_equal(atoll_sound_next(sound, -1, &block), -ENODEV);
	assert_int_equal(atoll_sound_reopen(sound, &err), -ENODEV);
	assert_int_equal(atoll_sound_reopen(sound, NULL), -ENODEV);
	fake_pcm.now_ns += 3 * NS;
	fake_pcm_plug(0, 4);
	fake->offer[0].rate_min = fake->offer[0].rate_max = 32000;
	assert_int_equal(atoll_sound_reopen(sound, &err), 0);
	assert_int_equal(atoll_sound_reopen(sound, &err), 0); /* it is there */
	assert_string_equal(atoll_sound_name(sound), "Fake Microphone, 32000 Hz, 1 channel");
	assert_int_equal(atoll_sound_fd(sound), fake_pcm.watch_fd);
	fake_pcm_sound(0, 640);
	block = next(sound);
	assert_true(block.is_after_gap);
	assert_in_range(block.at, 16000 * 31 / 10 - 2, 16000 * 31 / 10 + 2);
	error_ns = block.time_ns - start - (int64_t)block.at * 62500;
	assert_true(error_ns > -200000 && error_ns < 200000);
	counts = atoll_sound_counts(sound);
	assert_int_equal(counts.returns, 1);
	assert_int_equal(counts.samples + counts.lost, block.at + block.count);
	fake_pcm_sound(0, 640);
	assert_false(next(sound).is_after_gap);
	atoll_sound_close(sound);
}

static void overruns_are_counted_over_its_lives(void **state)
{
	struct atoll_sound *sound = OPENED(.channel = 0);
	struct atoll_block block;

	(void)state;
	for (int i = 0; i < 2; i++) {
		fake_pcm_sound(0, 32000);
		assert_int_equal(atoll_sound_next(sound, 0, &block), -ETIMEDOUT);
		fake_pcm_unplug(0);
		assert_int_equal(atoll_sound_next(sound, 0, &block), -ENODEV);
		assert_int_equal(atoll_sound_counts(sound).overruns, (uint32_t)i + 1);
		fake_pcm_plug(0, 0);
		assert_int_equal(atoll_sound_reopen(sound, NULL), 0);
	}
	assert_int_equal(atoll_sound_counts(sound).overruns, 2);
	assert_int_equal(atoll_sound_counts(sound).returns, 2);
	atoll_sound_close(sound);
}

static void what_cannot_be_opened_says_why(void **state)
{
	static const struct {
		const char *what, *part;
		uint32_t channel;
		int code;
	} cases[] = {
		{ "mic:Nobody", "Nobody", 0, -ENODEV },
		{ "mic:", "microphone", 0, -ENODEV },
		{ "mic:Fake", "Fake Microphone: resample: channel 2 is wanted", 2, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct atoll_sound_config config = { .what = cases[i].what,
						     .channel = cases[i].channel };
		struct atoll_error err = { 0 };

		assert_null(sound_open_on(open_fake, &config, &err));
		assert_int_equal(err.code, cases[i].code);
		if (!strstr(err.text, cases[i].part))
			fail_msg("'%s' does not tell of '%s'", err.text, cases[i].part);
		assert_null(sound_open_on(open_fake, &config, NULL));
	}
}

static void blocks_are_heard_without_allocating(void **state)
{
	struct atoll_sound *sound = OPENED(.microphone = { .rate = 44100, .channels = 2 });
	unsigned long before = allocations();
	struct atoll_block block;

	(void)state;
	for (int i = 0; i < 50; i++) {
		fake_pcm_sound(0, i % 10 ? 882 : 88200);
		(void)atoll_sound_next(sound, 0, &block);
	}
	assert_int_equal(allocations() - before, 0);
	atoll_sound_close(sound);
}

#define LIVE(test) cmocka_unit_test_setup_teardown(test, reset, is_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(frames_at_16_khz_are_heard_as_they_are),
		LIVE(other_rates_keep_their_time),
		LIVE(what_an_overrun_lost_is_a_gap_at_16_khz),
		LIVE(what_an_overrun_lost_is_a_gap_at_other_rates),
		LIVE(a_failure_is_told_and_the_next_sound_comes),
		LIVE(a_microphone_that_left_comes_back),
		LIVE(overruns_are_counted_over_its_lives),
		LIVE(what_cannot_be_opened_says_why),
		LIVE(blocks_are_heard_without_allocating),
	};

	return CHECK_RUN(tests);
}
