/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/resample.h"

#include <errno.h>
#include <math.h>
#include <speex/speex_resampler.h>
#include <stdlib.h>
#include <string.h>

#include "audio/block.h"
#include "audio/wav.h"

/*
 * The least of speexdsp's that keeps 7 kHz, of which s and f still have some: measured
 * from 48000 Hz, 4 takes 0.41 dB from a tone there, 5 takes 0.23, 6 less than 0.01.
 * What is above 8 kHz it lowers by more than 100 dB. It is 3 ms late, 7 would be 4.
 */
#define QUALITY 6

/* Frames that are mixed at a time. */
#define PIECE 512u

typedef float take_sample(const uint8_t *bytes);

struct atoll_resample {
	SpeexResamplerState *state; /* NULL: the rate is right already */
	take_sample *take;
	uint32_t rate, channels;
	uint32_t first, mixed;      /* channels: which and how many are used */
	uint32_t sample_bytes, delay;
	uint64_t frames, samples;   /* in and out since new or reset */
	float piece[PIECE];         /* mono, at the rate of the input */
};

/*
 * Samples, little-endian, to -1..1.
 */

static uint32_t low_bytes(const uint8_t *bytes, unsigned count)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value |= (uint32_t)bytes[i] << 8 * i;
	return value;
}

static float take_u8(const uint8_t *bytes)
{
	return (float)(bytes[0] - 128) / 128;
}

static float take_s16(const uint8_t *bytes)
{
	return (float)(int16_t)low_bytes(bytes, 2) / 32768;
}

/* The lower three bytes, of a sample of three or four. */
static float take_s24(const uint8_t *bytes)
{
	return (float)((int32_t)(low_bytes(bytes, 3) << 8) >> 8) / 8388608;
}

static float take_s32(const uint8_t *bytes)
{
	return (float)(int32_t)low_bytes(bytes, 4) / 2147483648.0f;
}

static float limited(float sample)
{
	return fminf(fmaxf(sample, -1), 1);
}

/* What is not a number would stay in the filter, and is silence. */
static float take_f32(const uint8_t *bytes)
{
	uint32_t bits = low_bytes(bytes, 4);
	float sample;

	memcpy(&sample, &bits, sizeof(sample));
	return isnan(sample) ? 0 : limited(sample);
}

static take_sample *const takers[] = {
	[ATOLL_S16] = take_s16,
	[ATOLL_S24] = take_s24,
	[ATOLL_S24_3] = take_s24,
	[ATOLL_S32] = take_s32,
	[ATOLL_U8] = take_u8,
	[ATOLL_F32] = take_f32,
};

/* The chosen channel of each frame, or the mean of all. */
static void mix(const struct atoll_resample *resample, const uint8_t *frames, uint32_t count,
		float *mono)
{
	uint32_t frame_bytes = resample->channels * resample->sample_bytes;

	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *sample = frames + (size_t)i * frame_bytes +
					resample->first * resample->sample_bytes;
		float sum = 0;

		for (uint32_t j = 0; j < resample->mixed; j++)
			sum += resample->take(sample + j * resample->sample_bytes);
		mono[i] = sum / (float)resample->mixed;
	}
}

static int check(uint32_t rate, uint32_t channels, uint32_t channel, struct atoll_error *err)
{
	if (rate < ATOLL_WAV_RATE_MIN || rate > ATOLL_WAV_RATE_MAX)
		return atoll_error_set(err, -EINVAL,
				       "resample: %u samples a second; we take %u to %u",
				       rate, ATOLL_WAV_RATE_MIN, ATOLL_WAV_RATE_MAX);
	if (channels < 1 || channels > ATOLL_CHANNELS_MAX)
		return atoll_error_set(err, -EINVAL, "resample: %u channels; we take 1 to %u",
				       channels, ATOLL_CHANNELS_MAX);
	if (channel > channels)
		return atoll_error_set(err, -EINVAL,
				       "resample: channel %u is wanted, and there %s %u",
				       channel, channels == 1 ? "is" : "are", channels);
	return 0;
}

/* Without the silence that a filter begins with: its first sample is the first of the
   sound. Fails for no state. */
static void begin(struct atoll_resample *resample)
{
	resample->frames = 0;
	resample->samples = 0;
	if (resample->state)
		(void)speex_resampler_skip_zeros(resample->state);
}

ATOLL_API struct atoll_resample *atoll_resample_new(enum atoll_samples samples, uint32_t rate,
						    uint32_t channels, uint32_t channel,
						    struct atoll_error *err)
{
	struct atoll_resample *resample;

	if (check(rate, channels, channel, err) < 0)
		return NULL;
	resample = calloc(1, sizeof(*resample));
	if (resample && rate != ATOLL_SOUND_RATE)
		resample->state =
			speex_resampler_init(1, rate, ATOLL_SOUND_RATE, QUALITY, NULL);
	if (!resample || (rate != ATOLL_SOUND_RATE && !resample->state)) {
		atoll_error_set(err, -ENOMEM, "resample: out of memory");
		free(resample);
		return NULL;
	}
	resample->take = takers[samples];
	resample->rate = rate;
	resample->channels = channels;
	resample->first = channel > 0 ? channel - 1 : 0;
	resample->mixed = channel > 0 ? 1 : channels;
	resample->sample_bytes = atoll_samples_bytes(samples);
	if (resample->state)
		resample->delay =
			(uint32_t)speex_resampler_get_output_latency(resample->state);
	begin(resample);
	return resample;
}

ATOLL_API void atoll_resample_free(struct atoll_resample *resample)
{
	if (!resample)
		return;
	if (resample->state)
		speex_resampler_destroy(resample->state);
	free(resample);
}

/* Through the filter, with room in `out` for whatever comes. A sound that is as loud
   as can be gets a little louder there. */
static uint32_t filter(struct atoll_resample *resample, const float *mono, uint32_t count,
		       float *out, uint32_t room)
{
	uint32_t taken = 0, given = 0;

	while (taken < count && given < room) {
		spx_uint32_t in = count - taken, fresh = room - given;

		/* Fails for no state. */
		(void)speex_resampler_process_float(resample->state, 0, mono + taken, &in,
						    out + given, &fresh);
		taken += in;
		given += fresh;
	}
	for (uint32_t i = 0; i < given; i++)
		out[i] = limited(out[i]);
	return given;
}

ATOLL_API uint32_t atoll_resample_run(struct atoll_resample *resample, const void *frames,
				      uint32_t count, float *out)
{
	uint32_t frame_bytes = resample->channels * resample->sample_bytes;
	uint32_t room = atoll_resample_most(resample, count), given = 0;
	const uint8_t *from = frames;

	resample->frames += count;
	if (!resample->state) {
		mix(resample, from, count, out);
		given = count;
	}
	for (uint32_t done = 0, piece; resample->state && done < count; done += piece) {
		piece = count - done < PIECE ? count - done : PIECE;
		mix(resample, from + (size_t)done * frame_bytes, piece, resample->piece);
		given += filter(resample, resample->piece, piece, out + given, room - given);
	}
	resample->samples += given;
	return given;
}

/* Of `frames` frames, rounded up. */
static uint64_t samples_of(const struct atoll_resample *resample, uint64_t frames)
{
	return (frames * ATOLL_SOUND_RATE + resample->rate - 1) / resample->rate;
}

/* Where in the filter the next sample lies moves by less than one sample. */
ATOLL_API uint32_t atoll_resample_most(const struct atoll_resample *resample, uint32_t frames)
{
	return (uint32_t)samples_of(resample, frames) + (resample->state ? 1 : 0);
}

ATOLL_API uint32_t atoll_resample_finish(struct atoll_resample *resample, float *out)
{
	uint32_t left = (uint32_t)(samples_of(resample, resample->frames) - resample->samples);
	uint32_t given = 0;

	memset(resample->piece, 0, sizeof(resample->piece));
	while (given < left)
		given += filter(resample, resample->piece, PIECE, out + given, left - given);
	atoll_resample_reset(resample);
	return left;
}

ATOLL_API uint32_t atoll_resample_delay(const struct atoll_resample *resample)
{
	return resample->delay;
}

ATOLL_API void atoll_resample_reset(struct atoll_resample *resample)
{
	if (resample->state)
		(void)speex_resampler_reset_mem(resample->state); /* fails for no state */
	begin(resample);
}
