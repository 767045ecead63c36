/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ten_minutes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/block.h"
#include "audio/wav.h"
#include "tests/check.h"

#define CLIP "apps/models/keywords/demo/words.wav"

enum { PERIOD = TEN_MINUTES_S / TEN_MINUTES_WORDS * ATOLL_SOUND_RATE, NEAR_MS = 500 };

/* Where the words lie in the clip. */
static const struct { const char *name; uint32_t begin_ms, end_ms; } spoken[] = {
	{ "yes", 1100, 1750 }, { "seven", 2847, 3427 }, { "left", 4400, 4800 },
	{ "stop", 5899, 6489 }, { "three", 7534, 8100 }, { "go", 9123, 9533 },
};

enum { SPOKEN = sizeof(spoken) / sizeof(*spoken), AROUND = 30 };

struct clip {
	float sample[20 * ATOLL_SOUND_RATE];
	uint32_t count;
};

static void read_clip(struct clip *clip)
{
	struct atoll_error err;
	struct atoll_wav *wav = atoll_wav_open(CLIP, &err);
	static int16_t frames[20 * ATOLL_SOUND_RATE];
	int count;

	clip->count = 0;
	if (!wav)
		fail_msg("%s", err.text);
	assert_int_equal(atoll_wav_form(wav).rate, ATOLL_SOUND_RATE);
	while ((count = atoll_wav_read(wav, frames, ATOLL_SOUND_RATE)) > 0) {
		assert_in_range(clip->count + (uint32_t)count, 1, 20 * ATOLL_SOUND_RATE);
		for (int i = 0; i < count; i++)
			clip->sample[clip->count++] = frames[i] / 32768.0f;
	}
	atoll_wav_close(wav);
}

/* Many people at once, far away: the clip backwards, from eight places. */
static void add_murmur(float *sound, const struct clip *clip)
{
	uint32_t at[8];

	for (uint32_t k = 0; k < 8; k++)
		at[k] = clip->count / 8 * k + 977 * k * k;
	for (uint32_t i = 0; i < TEN_MINUTES_S * ATOLL_SOUND_RATE; i++)
		for (uint32_t k = 0; k < 8; k++) {
			/* Each at a pace of its own. */
			uint32_t from = (uint32_t)((uint64_t)(i + at[k]) * (88 + 3 * k) / 100 %
						   clip->count);

			sound[i] += 0.02f * clip->sample[clip->count - 1 - from];
		}
}

/* One of them, nearby: a stretch of two seconds of the clip backwards. */
static void add_speech(float *sound, const struct clip *clip, struct check_random *random)
{
	const uint32_t length = 2 * ATOLL_SOUND_RATE;
	const uint32_t from = (uint32_t)check_random_in(random, 0,
							(int32_t)(clip->count - length));

	for (uint32_t i = 0; i < length; i++)
		sound[i] += 0.5f * clip->sample[clip->count - 1 - from - i];
}

/* A word of the clip, faded in and out of what is around it. */
static void add_word(float *sound, const struct clip *clip, uint32_t which, float gain,
		     float pace)
{
	const float begin = (float)(spoken[which].begin_ms - AROUND) * 16;
	const float end = (float)(spoken[which].end_ms + AROUND) * 16;
	const uint32_t count = (uint32_t)((end - begin) / pace);

	for (uint32_t i = 0; i < count; i++) {
		float at = begin + (float)i * pace;
		uint32_t k = (uint32_t)at;
		uint32_t edge = i < count - i ? i : count - i;
		float fade = fminf((float)edge / (AROUND * 16), 1);

		sound[i] += gain * fade * (clip->sample[k] + (at - (float)k) *
					   (clip->sample[k + 1] - clip->sample[k]));
	}
}

float *ten_minutes(struct spoken_word truth[TEN_MINUTES_WORDS])
{
	float *sound = calloc(TEN_MINUTES_S * ATOLL_SOUND_RATE, sizeof(*sound));
	struct check_random random = { 60 };
	static struct clip clip;

	assert_non_null(sound);
	read_clip(&clip);
	add_murmur(sound, &clip);
	for (uint32_t i = 0; i < TEN_MINUTES_WORDS; i++) {
		const uint32_t which = i % SPOKEN;
		const uint32_t at = i * PERIOD +
			(uint32_t)check_random_in(&random, 2, 5) * ATOLL_SOUND_RATE +
			(uint32_t)check_random_in(&random, 0, ATOLL_SOUND_RATE);
		const float gain = (float)check_random_in(&random, 40, 120) / 100;
		const float pace = (float)check_random_in(&random, 93, 107) / 100;

		add_word(sound + at - AROUND * 16, &clip, which, gain, pace);
		truth[i] = (struct spoken_word){
			.name = spoken[which].name, .start_ms = at / 16,
			.end_ms = at / 16 + (int64_t)((float)(spoken[which].end_ms -
							      spoken[which].begin_ms) / pace),
		};
		/* Well behind it. */
		add_speech(sound + i * PERIOD + PERIOD * 3 / 4, &clip, &random);
	}
	return sound;
}

struct spoken_word *ten_minutes_find(struct spoken_word truth[TEN_MINUTES_WORDS],
				     const char *name, int64_t start_ms)
{
	for (uint32_t i = 0; i < TEN_MINUTES_WORDS; i++)
		if (!truth[i].is_found && strcmp(truth[i].name, name) == 0 &&
		    llabs(truth[i].start_ms - start_ms) <= NEAR_MS) {
			truth[i].is_found = true;
			return &truth[i];
		}
	return NULL;
}
