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
 * in the last `hold` of sound; unsure at first, it says yes.
 */
struct atoll_activity {
	float margin_db;        /* above the background, 6 */
	uint32_t hold_ms;       /* 1200 */
	/* Ours: */
	float floor_db;         /* of the background; 0: not known yet */
	double sum;
	uint32_t counted, quiet;
	uint64_t heard;
};

#define ATOLL_ACTIVITY { .margin_db = 6, .hold_ms = 1200 }

bool atoll_activity_push(struct atoll_activity *activity, const float *sample,
			 uint32_t count);

/* Of a piece: root mean square and peak, in dB of full scale, -120 at least. */
struct atoll_level { float rms_db, peak_db; };
struct atoll_level atoll_level_of(const float *sample, uint32_t count);

#endif
