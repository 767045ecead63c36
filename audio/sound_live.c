/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of a microphone, and the samples made of them:
 *
 *	frames     |--------------|--------------|   lost   |------------|
 *	samples    |-------------|-------------|            |-----------|
 *	           stretch                                  stretch
 *
 * A stretch is what was heard without a gap. In it samples have the times of the frames
 * they were made of, though they come a little later, for that is how the filter works.
 * What it still holds when a gap comes is lost with it.
 */
#include "audio/sound_live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/resample.h"
#include "board/clock.h"

#define NS_PER_S 1e9

struct sound_live {
	sound_open_microphone *open;
	struct atoll_microphone_config config; /* but for its match */
	uint32_t channel;

	struct atoll_microphone *microphone;  /* NULL: away */
	struct atoll_microphone_form form;    /* its strings are the microphone's */
	char again[64], name[160];
	struct atoll_resample *resample;
	float *out;

	uint64_t first;          /* number of the first sample of this stretch */
	uint64_t frames, samples; /* of this stretch, in and out */
	int64_t end_ns;          /* when what was heard last ended */
	bool is_back;            /* nothing was heard yet since it came back */
	bool has_gap;            /* before the next sample */
	struct atoll_sound_counts counts;
	uint64_t overruns_before; /* of the microphones that went away */
};

static uint64_t samples_of_ns(int64_t time_ns)
{
	const double samples = (double)time_ns / NS_PER_S * ATOLL_SOUND_RATE;

	return time_ns > 0 ? (uint64_t)(samples + 0.5) : 0;
}

static uint64_t samples_of(const struct sound_live *live, uint64_t frames)
{
	return (frames * ATOLL_SOUND_RATE + live->form.rate / 2) / live->form.rate;
}

/* Begin anew, `lost` samples after the frames that were heard. */
static void begin_stretch(struct sound_live *live, uint64_t lost)
{
	uint64_t told = live->first + live->samples;

	live->first += samples_of(live, live->frames) + lost;
	if (live->first < told)
		live->first = told; /* rounded */
	live->counts.lost += live->first - told;
	live->frames = 0;
	live->samples = 0;
	atoll_resample_reset(live->resample);
}

static void pass_gap(struct sound_live *live, const struct atoll_heard *heard)
{
	if (live->is_back)
		begin_stretch(live, samples_of_ns(heard->time_ns - live->end_ns));
	else if (heard->lost > 0)
		begin_stretch(live, samples_of(live, heard->lost));
	live->has_gap |= live->is_back || heard->lost > 0;
	live->is_back = false;
}

/* How much earlier or later the next sample was taken than the next frame. */
static int64_t ahead_ns(const struct sound_live *live)
{
	return (int64_t)(((double)live->samples / ATOLL_SOUND_RATE -
			  (double)live->frames / live->form.rate) * NS_PER_S);
}

/* 1 when no sample came of it yet. */
static int take(struct sound_live *live, const struct atoll_heard *heard,
		struct atoll_block *block)
{
	int64_t time_ns;
	uint32_t count;

	pass_gap(live, heard);
	time_ns = heard->time_ns + ahead_ns(live);
	count = atoll_resample_run(live->resample, heard->data, heard->frames, live->out);
	live->end_ns = heard->time_ns +
		       (int64_t)((double)heard->frames / live->form.rate * NS_PER_S);
	live->frames += heard->frames;
	if (count == 0)
		return 1;
	*block = (struct atoll_block){
		.sample = live->out,
		.count = count,
		.at = live->first + live->samples,
		.time_ns = time_ns,
		.is_after_gap = live->has_gap,
	};
	live->has_gap = false;
	live->samples += count;
	live->counts.samples += count;
	return 0;
}

static void let_go(struct sound_live *live)
{
	live->overruns_before += atoll_microphone_overruns(live->microphone);
	atoll_microphone_close(live->microphone);
	live->microphone = NULL;
}

static int left_ms(int64_t end_ns)
{
	int64_t left_ns = end_ns - atoll_clock_ns();

	if (end_ns == INT64_MAX)
		return -1;
	return left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0;
}

int sound_live_next(struct sound_live *live, int timeout_ms, struct atoll_block *block,
		     struct atoll_error *err)
{
	int64_t end_ns = timeout_ms < 0 ? INT64_MAX :
			 atoll_clock_ns() + (int64_t)timeout_ms * 1000000;
	struct atoll_heard heard;
	int r = 1;

	while (r == 1) {
		r = -ENODEV;
		if (live->microphone)
			r = atoll_microphone_next(live->microphone, left_ms(end_ns), &heard);
		if (r == 0)
			r = take(live, &heard, block);
	}
	if (r == -ENODEV) {
		if (live->microphone)
			let_go(live);
		return atoll_error_set(err, r, "%s: the microphone went away", live->name);
	}
	if (r < 0 && r != -ETIMEDOUT)
		return atoll_error_set(err, r, "%s: %s", live->name, strerror(-r));
	return r;
}

/* For the frames that this microphone gives. */
static int make_room(struct sound_live *live, const struct atoll_microphone_form *form,
		     struct atoll_error *err)
{
	struct atoll_resample *resample =
		atoll_resample_new(form->samples, form->rate, form->channels,
				   live->channel, err);
	float *out;

	if (!resample)
		return atoll_error_prefix(err, "%s", form->name);
	out = calloc(atoll_resample_most(resample, form->frames_most), sizeof(*out));
	if (!out) {
		atoll_resample_free(resample);
		return atoll_error_set(err, -ENOMEM, "source: out of memory");
	}
	atoll_resample_free(live->resample);
	free(live->out);
	live->resample = resample;
	live->out = out;
	return 0;
}

static int open_microphone(struct sound_live *live, const char *match, struct atoll_error *err)
{
	struct atoll_microphone_config config = live->config;
	struct atoll_microphone *microphone;
	struct atoll_microphone_form form;
	int r;

	config.match = match;
	microphone = live->open(&config, err);
	if (!microphone)
		return err->code;
	form = atoll_microphone_form(microphone);
	r = make_room(live, &form, err);
	if (r < 0) {
		atoll_microphone_close(microphone);
		return r;
	}
	live->microphone = microphone;
	live->form = form;
	(void)snprintf(live->again, sizeof(live->again), "%s", form.again);
	(void)snprintf(live->name, sizeof(live->name), "%s, %u Hz, %u channel%s", form.name,
		       form.rate, form.channels, form.channels == 1 ? "" : "s");
	return 0;
}

int sound_live_reopen(struct sound_live *live, struct atoll_error *err)
{
	struct atoll_error own;
	char again[sizeof(live->again)];
	int r;

	if (live->microphone)
		return 0;
	/* What is still in the filter, its old rate included, ends here. */
	if (!live->is_back)
		begin_stretch(live, 0);
	live->is_back = true;
	memcpy(again, live->again, sizeof(again));
	r = open_microphone(live, again, &own);
	if (r == 0)
		live->counts.returns++;
	else if (err)
		*err = own;
	return r;
}

struct sound_live *sound_live_open(sound_open_microphone *open, const char *match,
				     const struct atoll_sound_config *config,
				     struct atoll_error *err)
{
	struct sound_live *live = calloc(1, sizeof(*live));
	struct atoll_error own;

	if (!live) {
		atoll_error_set(err, -ENOMEM, "source: out of memory");
		return NULL;
	}
	live->open = open;
	live->config = config->microphone;
	live->channel = config->channel;
	if (open_microphone(live, match, &own) == 0)
		return live;
	if (err)
		*err = own;
	sound_live_close(live);
	return NULL;
}

void sound_live_close(struct sound_live *live)
{
	if (!live)
		return;
	atoll_microphone_close(live->microphone);
	atoll_resample_free(live->resample);
	free(live->out);
	free(live);
}

int sound_live_fd(const struct sound_live *live)
{
	return live->microphone ? atoll_microphone_fd(live->microphone) : -1;
}

const char *sound_live_name(const struct sound_live *live)
{
	return live->name;
}

struct atoll_sound_counts sound_live_counts(const struct sound_live *live)
{
	struct atoll_sound_counts counts = live->counts;

	counts.overruns = live->overruns_before;
	if (live->microphone)
		counts.overruns += atoll_microphone_overruns(live->microphone);
	return counts;
}
