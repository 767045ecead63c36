/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_POWER_HEAT_H
#define ATOLL_APPS_POWER_HEAT_H

#include <stdint.h>

#include "board/power.h"

/*
 * How far to slow something down for its temperature: a level at a time, no faster than
 * that can be felt, and back again only once it is well below where it began.
 *
 *	struct heat heat = { 0 };
 *
 *	every second:
 *	heat_feel(&rules, &heat, zone->millidegrees, now_ms);
 *	set_clock(usual - heat.steps);
 *
 *	    hot   ------+-------------------------  a level down, again after `hold`
 *	                 \     neither: as it is
 *	    cool  -----------------------+--------  a level up, again after `hold`
 *
 * Nothing is read and nothing is set here. A temperature that is not known changes
 * nothing.
 */
struct heat_rules {
	int32_t hot_mc, cool_mc; /* thousandths of a degree Celsius, cool below hot */
	int64_t hold_ms;         /* between one change and the next */
	uint32_t steps_max;
};

struct heat {
	uint32_t steps;          /* levels below the usual one */
	int64_t changed_ms;      /* when that changed, if it ever did */
	uint32_t changes;
};

void heat_feel(const struct heat_rules *rules, struct heat *heat, int32_t millidegrees,
	       int64_t now_ms);

#endif
