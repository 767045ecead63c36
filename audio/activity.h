/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_ACTIVITY_H
#define ATOLL_AUDIO_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Is anybody making a noise? So that a model need not run in a silent room.
 *
 *	struct atoll_activity activity = ATOLL_ACTIVITY;
 *
 *	if (atoll_activity_push(&activity, block.sample, block.count))
 *		run_the_model();
 *
 * Follows the level of the background and answers whether there was something louder
 * in the last `hold` of sound; unsure at first, it says yes. A noise that stays
 * becomes background after a while: a dB more in half a second. Rumble, which is
 * loud but says nothing, counts little.
 */
struct atoll_activity {
	float margin_db;        /* above the background, 4 */
	uint32_t hold_ms;       /* 1200 */
	/* Ours: */
	float floor_db;         /* of the background, once `frames` are known */
	float rumble[2];        /* what lies below speech, and the rest of that */
	double sum;             /* of squares in this frame */
	uint32_t counted;       /* samples in it */
	uint64_t frames;        /* before it */
	uint64_t heard;         /* number of the last one that was louder */
};

#define ATOLL_ACTIVITY { .margin_db = 4, .hold_ms = 1200 }

/* Is there something louder in these samples, or was there in the last `hold`? */
bool atoll_activity_push(struct atoll_activity *activity, const float *sample,
			 uint32_t count);

/* Of a piece: root mean square and peak, in dB of full scale, -120 at least. */
struct atoll_level { float rms_db, peak_db; };
struct atoll_level atoll_level_of(const float *sample, uint32_t count);

#endif
