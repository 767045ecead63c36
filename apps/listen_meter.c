/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listen_meter.h"

#include <stdio.h>

#include "audio/activity.h"

#define FALL_DB 30.0f             /* a second */
#define HOLD ATOLL_SOUND_RATE     /* samples */
#define BOTTOM_DB (-60.0f)
#define LEAST_DB (-120.0f)

/* The largest number of 16 bits that is not full scale lies below this. */
#define CLIPPED_DB (-0.0003f)

static float fallen(float from_db, float to_db, uint32_t samples)
{
	const float low = from_db - FALL_DB * (float)samples / ATOLL_SOUND_RATE;

	return to_db > low ? to_db : low;
}

static uint32_t older(uint32_t age, uint32_t samples)
{
	return age > UINT32_MAX - samples ? UINT32_MAX : age + samples;
}

void listen_meter_push(struct listen_meter *meter, const struct atoll_block *block)
{
	const struct atoll_level level = atoll_level_of(block->sample, block->count);

	meter->level_db = fallen(meter->level_db, level.rms_db, block->count);
	meter->peak_age = older(meter->peak_age, block->count);
	meter->clipped_age = older(meter->clipped_age, block->count);
	if (level.peak_db >= CLIPPED_DB)
		meter->clipped_age = 0;
	if (level.peak_db >= meter->peak_db) {
		meter->peak_db = level.peak_db;
		meter->peak_age = 0;
	} else if (meter->peak_age > HOLD) {
		meter->peak_db = fallen(meter->peak_db, level.peak_db, block->count);
	}
	meter->level_db = meter->level_db < LEAST_DB ? LEAST_DB : meter->level_db;
	meter->peak_db = meter->peak_db < LEAST_DB ? LEAST_DB : meter->peak_db;
}

bool listen_meter_is_clipped(const struct listen_meter *meter)
{
	return meter->clipped_age < HOLD;
}

void listen_meter_draw(const struct listen_meter *meter, struct panel *panel)
{
	char numbers[64];
	int length = snprintf(numbers, sizeof(numbers), "  %4.0f dB   peak %4.0f dB%s",
			      (double)meter->level_db, (double)meter->peak_db,
			      listen_meter_is_clipped(meter) ? "  too loud" : "");

	panel_put(panel, "  level  ");
	if (panel_left(panel) > (uint32_t)length)
		panel_bar(panel, (double)(1 - meter->level_db / BOTTOM_DB),
			  panel_left(panel) - (uint32_t)length);
	panel_put(panel, "%s", numbers);
	panel_end_line(panel);
}
