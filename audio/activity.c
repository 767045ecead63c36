/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sound without what lies below speech, in frames of 20 ms; the floor falls fast
 * to what is quieter and rises slowly to what is louder, so that it lies below nearly
 * all frames of a background and is lifted by a word of a second by 2 dB only.
 */
#include "audio/activity.h"

#include <math.h>

#include "audio/block.h"
#include "board/error.h"

#define FRAME_MS 20u
#define FRAME (ATOLL_SOUND_RATE * FRAME_MS / 1000)

/* Silence, to be not deceived by zeros: below the last bit of 16. */
#define QUIETEST_DB (-96.0f)
#define LEAST_DB (-120.0f)

/* Of the way to the next sample: a corner at 150 Hz, twice. */
#define RUMBLE 0.0572f

/* For each frame: 2 dB a second; a fifth of the way. */
#define RISE_DB 0.04f
#define FALL 0.2f

static float decibels(double power, float least)
{
	return power > 0 ? fmaxf(10 * log10f((float)power), least) : least;
}

static void end_frame(struct atoll_activity *activity)
{
	float level = decibels(activity->sum / FRAME, QUIETEST_DB);

	if (activity->frames == 0)
		activity->floor_db = level;
	else if (level < activity->floor_db)
		activity->floor_db += FALL * (level - activity->floor_db);
	else
		activity->floor_db = fminf(activity->floor_db + RISE_DB, level);
	if (level > activity->floor_db + activity->margin_db)
		activity->heard = activity->frames;
	activity->frames++;
	activity->sum = 0;
	activity->counted = 0;
}

ATOLL_API bool atoll_activity_push(struct atoll_activity *activity, const float *sample,
				   uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		/* NaN would stay for ever. */
		float x = isfinite(sample[i]) ? sample[i] : 0;

		for (int k = 0; k < 2; k++) {
			activity->rumble[k] += RUMBLE * (x - activity->rumble[k]);
			x -= activity->rumble[k];
		}
		activity->sum += (double)x * (double)x;
		if (++activity->counted == FRAME)
			end_frame(activity);
	}
	/* Frame 0 counts as heard: unsure at first. */
	return (activity->frames - activity->heard) * FRAME_MS <= activity->hold_ms;
}

ATOLL_API struct atoll_level atoll_level_of(const float *sample, uint32_t count)
{
	double sum = 0, peak = 0;

	for (uint32_t i = 0; i < count; i++) {
		double square = (double)sample[i] * (double)sample[i];

		sum += square;
		peak = fmax(peak, square);
	}
	return (struct atoll_level){
		.rms_db = decibels(count > 0 ? sum / count : 0, LEAST_DB),
		.peak_db = decibels(peak, LEAST_DB),
	};
}
