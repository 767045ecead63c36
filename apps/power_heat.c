/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/power_heat.h"

#include <stdbool.h>

static void change(struct heat *heat, uint32_t steps, int64_t now_ms)
{
	heat->steps = steps;
	heat->changed_ms = now_ms;
	heat->changes++;
}

void heat_feel(const struct heat_rules *rules, struct heat *heat, int32_t millidegrees,
	       int64_t now_ms)
{
	/* The first time there is nothing to wait for. */
	const bool is_held =
		heat->changes > 0 && now_ms - heat->changed_ms < rules->hold_ms;

	if (millidegrees == ATOLL_POWER_UNKNOWN || is_held)
		return;
	if (millidegrees >= rules->hot_mc && heat->steps < rules->steps_max)
		change(heat, heat->steps + 1, now_ms);
	else if (millidegrees <= rules->cool_mc && heat->steps > 0)
		change(heat, heat->steps - 1, now_ms);
}
