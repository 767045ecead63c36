/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from a microphone that misbehaves in every way that ALSA can tell of. */
#include "audio/microphone.h"

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/fake_pcm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NS INT64_C(1000000000)

static struct fake_microphone *const fake = &fake_pcm.microphone[0];
static const struct atoll_microphone_config plain;

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
	assert_true(fake_pcm.watch_fd < 0 || fcntl(fake_pcm.watch_fd, F_GETFD) < 0);
	return 0;
}

static struct atoll_microphone *open_with(const struct atoll_microphone_config *config)
{
	struct atoll_error err = { 0 };
	struct atoll_microphone *microphone =
		microphone_open_on(&fake_pcm_system, config, NULL, &err);

	if (!microphone)
		fail_msg("%s", err.text);
	return microphone;
}

static void assert_refused(const struct atoll_microphone_config *config, int code,
			   const char *sentence)
{
	struct atoll_error err = { 0 };

	assert_null(microphone_open_on(&fake_pcm_system, config, NULL, &err));
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.code, code);
	assert_null(microphone_open_on(&fake_pcm_system, config, NULL, NULL));
}

/* The next frames, which are so many and the first of which has this number. */
static struct atoll_heard hears(struct atoll_microphone *microphone, uint32_t frames,
				uint64_t number)
{
	const struct pcm_form *form = &fake->form;
	uint32_t bytes = atoll_samples_bytes(form->samples);
	struct atoll_heard heard;

	assert_int_equal(atoll_microphone_next(microphone, 0, &heard), 0);
	assert_int_equal(heard.frames, frames);
	for (uint32_t i = 0; i < frames * form->channels; i++) {
		uint64_t expected = number + i / form->channels;

		if (memcmp((const char *)heard.data + i * bytes, &expected, bytes) != 0)
			fail_msg("sample %u is not that of frame %u", i, (unsigned)expected);
	}
	return heard;
}

static void hears_nothing(struct atoll_microphone *microphone)
{
	struct atoll_heard heard;

	assert_int_equal(atoll_microphone_next(microphone, 0, &heard), -ETIMEDOUT);
}

static void frames_are_lent_where_they_lie(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);
	struct atoll_microphone_form form = atoll_microphone_form(microphone);
	int64_t begun_ns = fake_pcm.now_ns;
	struct atoll_heard heard;

	(void)state;
	assert_true(form.is_mapped);
	assert_int_equal(form.period, 320);
	assert_int_equal(form.buffer, 8000);
	assert_int_equal(form.frames_most, 1600);
	hears_nothing(microphone);
	fake_pcm_sound(0, 320);
	heard = hears(microphone, 320, 0);
	assert_ptr_equal(heard.data, fake->ring);
	assert_true(heard.time_ns == begun_ns);
	assert_int_equal(heard.lost, 0);
	assert_int_equal(fake->taken, 0);
	hears_nothing(microphone);
	assert_int_equal(fake->taken, 320);
	fake_pcm_sound(0, 400);
	heard = hears(microphone, 400, 320);
	assert_true(heard.time_ns == begun_ns + 320 * NS / 16000);
	atoll_microphone_close(microphone);
}

static void frames_are_copied_where_memory_is_not_shared(void **state)
{
	struct atoll_microphone_config config = { .without_mmap = true };
	struct atoll_microphone *microphone;

	(void)state;
	for (int way = 0; way < 3; way++) {
		reset(NULL);
		fake->is_not_mappable = way == 0;
		fake->map_error = way == 1 ? -ENXIO : 0;
		microphone = open_with(way == 2 ? &config : &plain);
		assert_false(atoll_microphone_form(microphone).is_mapped);
		fake_pcm_sound(0, 7800);
		for (uint64_t number = 0; number < 6400; number += 1600)
			(void)hears(microphone, 1600, number);
		(void)hears(microphone, 1400, 6400);
		fake_pcm_sound(0, 500); /* across the end of the ring */
		(void)hears(microphone, 500, 7800);
		hears_nothing(microphone);
		atoll_microphone_close(microphone);
		is_clean(NULL);
	}
}

static void frames_across_the_end_of_the_ring_come_in_two_pieces(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);

	(void)state;
	fake_pcm_sound(0, 7800);
	for (uint64_t number = 0; number < 6400; number += 1600)
		(void)hears(microphone, 1600, number);
	(void)hears(microphone, 1400, 6400);
	fake_pcm_sound(0, 520);
	(void)hears(microphone, 200, 7800);
	(void)hears(microphone, 320, 8000);
	hears_nothing(microphone);
	atoll_microphone_close(microphone);
}

static void less_than_a_period_is_waited_for(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);
	int64_t before_ns;
	struct atoll_heard heard;

	(void)state;
	fake_pcm_sound(0, 319);
	before_ns = fake_pcm.now_ns;
	fake->interruptions = 3; /* by signals */
	assert_int_equal(atoll_microphone_next(microphone, 250, &heard), -ETIMEDOUT);
	assert_true(fake_pcm.now_ns == before_ns + NS / 4);
	fake_pcm_sound(0, 1);
	(void)hears(microphone, 320, 0);
	atoll_microphone_close(microphone);
}

static void waking_for_nothing_neither_spins_nor_lasts(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);
	int64_t before_ns = fake_pcm.now_ns;
	struct atoll_heard heard;

	(void)state;
	fake->wakes_for_nothing = true;
	assert_int_equal(atoll_microphone_next(microphone, 100, &heard), -ETIMEDOUT);
	assert_true(fake_pcm.now_ns - before_ns >= NS / 10);
	assert_true(fake_pcm.now_ns - before_ns <= NS / 5);
	hears_nothing(microphone);
	fake_pcm_sound(0, 5);
	(void)hears(microphone, 5, 0);
	atoll_microphone_close(microphone);
}

static void an_overrun_is_counted_and_tells_what_was_lost(void **state)
{
	struct atoll_microphone_config config = { .without_mmap = true };

	(void)state;
	for (int way = 0; way < 2; way++) {
		struct atoll_microphone *microphone = open_with(way ? &config : &plain);
		struct atoll_heard heard;

		fake_pcm_sound(0, 320);
		(void)hears(microphone, 320, 0);
		fake_pcm_sound(0, 10000); /* into room for 8000 */
		hears_nothing(microphone);
		assert_int_equal(atoll_microphone_overruns(microphone), 1);
		assert_int_equal(fake->starts, 2);
		fake_pcm_sound(0, 320);
		heard = hears(microphone, 320, 0);
		assert_int_equal(heard.lost, 10000);
		fake_pcm_sound(0, 320);
		heard = hears(microphone, 320, 320);
		assert_int_equal(heard.lost, 0);
		atoll_microphone_close(microphone);
		fake->starts = 0;
	}
}

static void any_number_of_overruns_is_survived(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);

	(void)state;
	for (uint64_t i = 0; i < 50; i++) {
		fake_pcm_sound(0, 9000);
		hears_nothing(microphone);
		fake_pcm_sound(0, 320);
		assert_int_equal(hears(microphone, 320, 0).lost, 9000);
	}
	assert_int_equal(atoll_microphone_overruns(microphone), 50);
	atoll_microphone_close(microphone);
}

static void what_was_lost_before_the_first_frame_is_told_too(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);

	(void)state;
	fake_pcm_sound(0, 9000);
	hears_nothing(microphone);
	fake_pcm_sound(0, 320);
	assert_int_equal(hears(microphone, 320, 0).lost, 9000);
	atoll_microphone_close(microphone);
}

static void an_overrun_while_frames_are_lent_is_found_when_they_come_back(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);

	(void)state;
	fake_pcm_sound(0, 4000);
	(void)hears(microphone, 1600, 0);
	fake_pcm_sound(0, 4800); /* 2400 were still waiting */
	hears_nothing(microphone);
	fake_pcm_sound(0, 400);
	assert_int_equal(hears(microphone, 400, 0).lost, 2400 + 4800);
	assert_int_equal(atoll_microphone_overruns(microphone), 1);
	atoll_microphone_close(microphone);
}

static void a_gap_is_never_nothing(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);

	(void)state;
	fake_pcm_sound(0, 320);
	(void)hears(microphone, 320, 0);
	fake_pcm_sound(0, 8000);
	fake_pcm.now_ns -= NS / 2; /* whatever clock that was */
	hears_nothing(microphone);
	fake_pcm_sound(0, 320);
	assert_int_equal(hears(microphone, 320, 0).lost, 1);
	atoll_microphone_close(microphone);
}

static void a_sleep_is_waited_for_and_told(void **state)
{
	static const int resumes[] = { 0, -ENOSYS };
	struct atoll_heard heard;

	(void)state;
	for (int way = 0; way < 2; way++) {
		struct atoll_microphone *microphone = open_with(&plain);
		int64_t asleep_ns;

		fake_pcm_sound(0, 320);
		(void)hears(microphone, 320, 0);
		fake->is_suspended = true;
		fake->resume_error = resumes[way];
		fake->naps = 30; /* of 10 ms */
		asleep_ns = fake_pcm.now_ns;
		assert_int_equal(atoll_microphone_next(microphone, 200, &heard), -ETIMEDOUT);
		assert_int_equal(atoll_microphone_next(microphone, 200, &heard), -ETIMEDOUT);
		assert_int_equal(fake->naps, 0);
		assert_false(fake->is_suspended);
		assert_int_equal(fake->starts, way ? 2 : 1);
		assert_int_equal(atoll_microphone_overruns(microphone), 1);
		asleep_ns = fake_pcm.now_ns - asleep_ns;
		assert_true(asleep_ns >= 400 * NS / 1000 && asleep_ns <= 420 * NS / 1000);
		fake_pcm_sound(0, 320);
		heard = hears(microphone, 320, way ? 0 : 320);
		assert_int_equal(heard.lost, asleep_ns * 16000 / NS);
		atoll_microphone_close(microphone);
		fake->starts = 0;
	}
}

static void an_error_is_told_and_what_follows_is_heard(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);
	struct atoll_heard heard;

	(void)state;
	fake_pcm_sound(0, 320);
	fake->errors = 1;
	assert_int_equal(atoll_microphone_next(microphone, 0, &heard), -EIO);
	assert_int_equal(atoll_microphone_overruns(microphone), 0);
	fake_pcm_sound(0, 320);
	assert_int_equal(hears(microphone, 320, 0).lost, 320);
	atoll_microphone_close(microphone);
}

static void errors_without_end_are_the_end(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);
	struct atoll_heard heard;
	int times = 0;

	(void)state;
	fake->errors = UINT32_MAX;
	while (atoll_microphone_next(microphone, 0, &heard) == -EIO)
		times++;
	assert_int_equal(times, 8);
	assert_int_equal(atoll_microphone_next(microphone, 0, &heard), -ENODEV);
	atoll_microphone_close(microphone);
}

static void overruns_without_a_frame_between_them_are_the_end(void **state)
{
	struct atoll_microphone_config config = { .period_ms = 20, .buffer_ms = 40 };
	struct atoll_microphone *microphone = open_with(&config);
	struct atoll_heard heard;
	int r = -ETIMEDOUT;

	(void)state;
	for (int i = 0; i < 20 && r == -ETIMEDOUT; i++) {
		fake_pcm_sound(0, 1000);
		r = atoll_microphone_next(microphone, 0, &heard);
	}
	assert_int_equal(r, -ENODEV);
	assert_int_equal(atoll_microphone_overruns(microphone), 8);
	atoll_microphone_close(microphone);
}

static void a_start_that_fails_after_an_overrun_is_the_end(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);
	struct atoll_heard heard;

	(void)state;
	fake->start_error = -EIO;
	fake_pcm_sound(0, 9000);
	assert_int_equal(atoll_microphone_next(microphone, 0, &heard), -ENODEV);
	assert_int_equal(fake_pcm.opened, 0);
	atoll_microphone_close(microphone);
}

static void a_microphone_that_was_pulled_out_is_let_go_at_once(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);
	struct atoll_microphone_config config = { 0 };
	struct atoll_heard heard;

	(void)state;
	fake_pcm_sound(0, 320);
	(void)hears(microphone, 320, 0);
	assert_true(atoll_microphone_fd(microphone) >= 0);
	fake_pcm_unplug(0);
	assert_int_equal(atoll_microphone_next(microphone, -1, &heard), -ENODEV);
	assert_int_equal(atoll_microphone_next(microphone, -1, &heard), -ENODEV);
	assert_int_equal(fake_pcm.opened, 0);
	assert_int_equal(atoll_microphone_fd(microphone), -1);

	config.match = atoll_microphone_form(microphone).again;
	assert_string_equal(config.match, "hw:Fake,0");
	assert_refused(&config, -ENODEV,
		       "microphone: hw:Fake,0: open: there is no such device");
	fake_pcm_plug(0, 3);
	atoll_microphone_close(open_with(&config));
	atoll_microphone_close(microphone);
}

static void stamps_that_cannot_be_are_replaced(void **state)
{
	static const int64_t errors_ns[] = { NS, -3 * NS, -1000 * NS, INT64_MAX / 2 };
	struct atoll_microphone *microphone = open_with(&plain);
	int64_t begun_ns = fake_pcm.now_ns;
	uint64_t number = 0;

	(void)state;
	for (int i = 0; i < 5; i++, number += 320) {
		fake->has_no_stamp = i == 4;
		fake->stamp_error_ns = i < 4 ? errors_ns[i] : 0;
		fake_pcm_sound(0, 320);
		assert_true(hears(microphone, 320, number).time_ns ==
			    begun_ns + (int64_t)number * NS / 16000);
	}
	fake->has_no_stamp = false;
	fake->stamp_error_ns = -1000; /* a good one */
	fake_pcm_sound(0, 320);
	assert_true(hears(microphone, 320, number).time_ns ==
		    begun_ns + (int64_t)number * NS / 16000 - 1000);
	atoll_microphone_close(microphone);
}

static void more_than_was_asked_for_is_not_believed(void **state)
{
	struct atoll_microphone *microphone = open_with(&plain);
	struct atoll_heard heard;

	(void)state;
	fake->view_lie = 1;
	fake_pcm_sound(0, 320);
	assert_int_equal(atoll_microphone_next(microphone, 0, &heard), -EPROTO);
	atoll_microphone_close(microphone);
}

static void a_period_costs_no_allocation(void **state)
{
	struct atoll_microphone_config config = { .without_mmap = true };

	(void)state;
	for (int way = 0; way < 2; way++) {
		struct atoll_microphone *microphone = open_with(way ? &config : &plain);
		unsigned long before = allocations();
		struct atoll_heard heard;

		for (int i = 0; i < 50; i++) {
			fake_pcm_sound(0, i == 20 ? 9000 : 320);
			while (atoll_microphone_next(microphone, 0, &heard) == 0)
				;
		}
		assert_int_equal(allocations(), before);
		assert_int_equal(atoll_microphone_overruns(microphone), 1);
		atoll_microphone_close(microphone);
	}
}

static void a_failed_open_leaves_nothing_behind(void **state)
{
	struct atoll_microphone *microphone = NULL;
	unsigned steps = 0;

	(void)state;
	while (!microphone) {
		struct atoll_error err = { 0 };

		reset(NULL);
		fake_pcm.fails_at = ++steps;
		/* Without it, memory that cannot be shared is copied. */
		fake->is_not_mappable = true;
		microphone = microphone_open_on(&fake_pcm_system, &plain, NULL, &err);
		if (microphone)
			break;
		assert_int_equal(err.code, -EIO);
		assert_non_null(strstr(err.text, "microphone: "));
		assert_non_null(strstr(err.text, "Input/output error"));
		is_clean(NULL);
	}
	assert_int_equal(steps, 7); /* list, open, offer, set up, start, watch */
	atoll_microphone_close(microphone);
}

static void what_needs_least_conversion_is_chosen(void **state)
{
	enum { S16 = 1U << ATOLL_S16, S24 = 1U << ATOLL_S24, S32 = 1U << ATOLL_S32,
	       S24_3 = 1U << ATOLL_S24_3, U8 = 1U << ATOLL_U8, F32 = 1U << ATOLL_F32 };
	static const struct {
		struct fake_offer offer[FAKE_OFFERS];
		struct atoll_microphone_config config;
		const char *form;
	} cases[] = {
		{ { { S16 | S32, 8000, 192000, 1, 32 } }, { 0 }, "16000 1 S16" },
		{ { { S16, 48000, 48000, 2, 2 } }, { 0 }, "48000 2 S16" },
		{ { { S16, 44100, 44100, 1, 1 }, { S16, 48000, 48000, 2, 2 } }, { 0 },
		  "48000 2 S16" },
		{ { { S16, 32000, 48000, 1, 1 } }, { 0 }, "32000 1 S16" },
		{ { { S16, 44100, 44100, 1, 2 }, { S16, 8000, 8000, 1, 2 } }, { 0 },
		  "44100 1 S16" },
		{ { { S16, 8000, 8000, 1, 1 }, { S16, 11025, 11025, 1, 1 } }, { 0 },
		  "11025 1 S16" },
		/* 16 kHz only with eight channels and 24 bits: still no rate to change */
		{ { { S16, 48000, 48000, 1, 2 }, { S24_3, 16000, 16000, 8, 8 } }, { 0 },
		  "16000 8 S24_3" },
		{ { { U8, 16000, 16000, 1, 1 }, { F32, 16000, 16000, 1, 1 } }, { 0 },
		  "16000 1 F32" },
		{ { { U8 | S24, 16000, 16000, 1, 1 } }, { 0 }, "16000 1 S24" },
		/* Rates that nobody lists. */
		{ { { S32, 12345, 12345, 4, 4 } }, { 0 }, "12345 4 S32" },
		{ { { S16, 8000, 48000, 1, 2 } }, { .rate = 44100 }, "44100 1 S16" },
		{ { { S16, 8000, 48000, 1, 2 } }, { .channels = 2 }, "16000 2 S16" },
		{ { { S16, 8000, 16000, 1, 1 }, { S16, 48000, 48000, 2, 2 } },
		  { .channels = 2 }, "48000 2 S16" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct atoll_microphone_form form;
		struct atoll_microphone *microphone;
		char text[48];

		memcpy(fake->offer, cases[i].offer, sizeof(fake->offer));
		microphone = open_with(&cases[i].config);
		form = atoll_microphone_form(microphone);
		snprintf(text, sizeof(text), "%u %u %s", form.rate, form.channels,
			 atoll_samples_name(form.samples));
		assert_string_equal(text, cases[i].form);
		fake_pcm_sound(0, form.period);
		(void)hears(microphone, form.period, 0);
		atoll_microphone_close(microphone);
	}
}

static void what_cannot_be_had_is_named(void **state)
{
	static const struct fake_offer odd = { 1U << ATOLL_S16, 8000, 8000, 1, 1 };

	(void)state;
	assert_refused(&(struct atoll_microphone_config){ .rate = 96000 }, -ENOTSUP,
		       "microphone: hw:0,0: does not give 96000 Hz, only 8000 to 48000");
	assert_refused(&(struct atoll_microphone_config){ .channels = 4 }, -ENOTSUP,
		       "microphone: hw:0,0: does not give 4 channels, only 1 to 2");
	assert_refused(&(struct atoll_microphone_config){ .channels = 9 }, -EINVAL,
		       "microphone: 9 channels are more than 8");
	assert_refused(&(struct atoll_microphone_config){ .period_ms = 2000 }, -EINVAL,
		       "microphone: periods of 2000 ms in a buffer of 0 ms are more than 1000 "
		       "and 10000");
	fake->offer[1] = odd;
	fake->offer[0].rate_min = 48000;
	fake->offer[0].channels_min = 2;
	assert_refused(&(struct atoll_microphone_config){ .rate = 48000, .channels = 1 },
		       -ENOTSUP, "microphone: hw:0,0: does not give 48000 Hz and 1 channels "
		       "together (0: any)");
	fake->offer[1] = (struct fake_offer){ 0 };
	fake->offer[0].channels_min = fake->offer[0].channels_max = 32;
	assert_refused(&plain, -ENOTSUP,
		       "microphone: hw:0,0: gives 32 channels at least; 8 are "
		       "the most here");
	fake->offer[0].formats = 0;
	assert_refused(&plain, -ENOTSUP,
		       "microphone: hw:0,0: none of its formats is known here; "
		       "ALSA's plughw may convert them");
	fake->is_not_mappable = fake->is_not_readable = true;
	assert_refused(&plain, -ENOTSUP,
		       "microphone: hw:0,0: gives each channel apart, which is "
		       "not supported; ALSA's plughw may join them");
}

static void who_has_it_is_told(void **state)
{
	(void)state;
	fake->open_error = -EBUSY;
	assert_refused(&plain, -EBUSY, "microphone: hw:0,0 (Fake Microphone): open: in use by "
		       "another program");
	fake->holder = "arecord, process 42";
	assert_refused(&plain, -EBUSY, "microphone: hw:0,0 (Fake Microphone): open: in use "
		       "(arecord, process 42)");
	fake->open_error = -EACCES;
	assert_refused(&plain, -EACCES, "microphone: hw:0,0 (Fake Microphone): open: no "
		       "permission; is the user in the group audio?");
	fake->open_error = 0;
	fake->set_up_error = -EBUSY;
	assert_refused(&plain, -EBUSY, "microphone: hw:0,0 (Fake Microphone): set up: in use "
		       "(arecord, process 42)");
}

static void periods_are_what_the_device_makes_of_them(void **state)
{
	struct atoll_microphone_config config = { .period_ms = 100, .buffer_ms = 50 };
	struct atoll_microphone *microphone = open_with(&config);

	(void)state;
	assert_int_equal(atoll_microphone_form(microphone).period, 1600);
	assert_int_equal(atoll_microphone_form(microphone).buffer, 3200);
	atoll_microphone_close(microphone);
	fake->period = 2048;
	fake->buffer = 4096;
	microphone = open_with(&plain);
	assert_int_equal(atoll_microphone_form(microphone).period, 2048);
	assert_int_equal(atoll_microphone_form(microphone).frames_most, 2048);
	fake_pcm_sound(0, 2047);
	hears_nothing(microphone);
	fake_pcm_sound(0, 2);
	(void)hears(microphone, 2048, 0);
	atoll_microphone_close(microphone);
	fake->buffer = 1024;
	assert_refused(&plain, -EPROTO,
		       "microphone: hw:0,0: set up: periods of 2048 frames in a buffer "
		       "of 1024");
	fake->period = 0;
	assert_refused(&plain, -EPROTO,
		       "microphone: hw:0,0: set up: periods of 0 frames in a buffer of 1024");
}

static void what_was_settled_can_be_read(void **state)
{
	struct atoll_microphone_config config = { .match = "plugfake" };
	struct atoll_microphone_form form;
	struct atoll_microphone *microphone;

	(void)state;
	fake->alias = "plugfake";
	microphone = open_with(&config);
	form = atoll_microphone_form(microphone);
	assert_string_equal(form.device, "plugfake");
	assert_string_equal(form.again, "plugfake");
	assert_string_equal(form.name, "Fake Microphone");
	assert_string_equal(form.id, "Fake");
	atoll_microphone_close(microphone);
}

static void samples_have_a_size_and_a_name(void **state)
{
	(void)state;
	assert_int_equal(atoll_samples_bytes(ATOLL_S16), 2);
	assert_int_equal(atoll_samples_bytes(ATOLL_S24), 4);
	assert_int_equal(atoll_samples_bytes(ATOLL_S24_3), 3);
	assert_int_equal(atoll_samples_bytes(ATOLL_S32), 4);
	assert_int_equal(atoll_samples_bytes(ATOLL_U8), 1);
	assert_int_equal(atoll_samples_bytes(ATOLL_F32), 4);
	assert_string_equal(atoll_samples_name(ATOLL_S24_3), "S24_3");
	assert_string_equal(atoll_samples_name(ATOLL_F32), "F32");
}

static void nothing_is_closed_without_harm(void **state)
{
	(void)state;
	atoll_microphone_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, is_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(frames_are_lent_where_they_lie),
		TEST(frames_are_copied_where_memory_is_not_shared),
		TEST(frames_across_the_end_of_the_ring_come_in_two_pieces),
		TEST(less_than_a_period_is_waited_for),
		TEST(waking_for_nothing_neither_spins_nor_lasts),
		TEST(an_overrun_is_counted_and_tells_what_was_lost),
		TEST(any_number_of_overruns_is_survived),
		TEST(what_was_lost_before_the_first_frame_is_told_too),
		TEST(an_overrun_while_frames_are_lent_is_found_when_they_come_back),
		TEST(a_gap_is_never_nothing),
		TEST(a_sleep_is_waited_for_and_told),
		TEST(an_error_is_told_and_what_follows_is_heard),
		TEST(errors_without_end_are_the_end),
		TEST(overruns_without_a_frame_between_them_are_the_end),
		TEST(a_start_that_fails_after_an_overrun_is_the_end),
		TEST(a_microphone_that_was_pulled_out_is_let_go_at_once),
		TEST(stamps_that_cannot_be_are_replaced),
		TEST(more_than_was_asked_for_is_not_believed),
		TEST(a_period_costs_no_allocation),
		TEST(a_failed_open_leaves_nothing_behind),
		TEST(what_needs_least_conversion_is_chosen),
		TEST(what_cannot_be_had_is_named),
		TEST(who_has_it_is_told),
		TEST(periods_are_what_the_device_makes_of_them),
		TEST(what_was_settled_can_be_read),
		TEST(samples_have_a_size_and_a_name),
		TEST(nothing_is_closed_without_harm),
	};

	return CHECK_RUN(tests);
}
