/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEN_METER_H
#define ATOLL_APPS_LISTEN_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/panel.h"
#include "audio/block.h"

/*
 * How loud it is, so that an eye can follow.
 *
 *	struct listen_meter meter = LISTEN_METER;
 *
 *	listen_meter_push(&meter, &block);       for each block
 *	listen_meter_draw(&meter, panel);        now and then
 *
 *	  level  ###########################              -21 dB   peak -9 dB
 *
 * Rises at once, falls by 30 dB a second; peaks stay for a second before they fall.
 * Measured in sound, not by the clock: the same blocks give the same numbers.
 */
struct listen_meter {
	float level_db, peak_db; /* of full scale, -120 at least */
	uint32_t peak_age;       /* samples since the peak */
	uint32_t clipped_age;    /* samples since it was louder than can be told */
};

#define LISTEN_METER \
	{ .level_db = -120, .peak_db = -120, .clipped_age = UINT32_MAX }

void listen_meter_push(struct listen_meter *meter, const struct atoll_block *block);

/* Within the last second, a sample at full scale. */
bool listen_meter_is_clipped(const struct listen_meter *meter);

/* A line of the panel; 0 dB is its right end, -60 dB its left. */
void listen_meter_draw(const struct listen_meter *meter, struct panel *panel);

#endif
