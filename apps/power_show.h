/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_POWER_SHOW_H
#define ATOLL_APPS_POWER_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "board/description.h"
#include "board/json.h"
#include "board/power.h"

/*
 * How fast and how warm the machine is, once.
 *
 *	struct atoll_board *board = power_board(root);
 *
 *	power_show(root, board, wants_json);
 *	atoll_board_free(board);
 */

/* The machine below `root`, or options_could_not. */
struct atoll_board *power_board(const char *root);

void power_show(const char *root, const struct atoll_board *board, bool wants_json);

/* The zone of this name; NULL, the one that stands in for the TPU, else the hottest.
   NULL when there is none. */
const struct atoll_zone *power_zone(const struct atoll_power *power, const char *name);

/* "61.5 C" or "unknown". */
#define POWER_DEGREES_BYTES 16
const char *power_degrees(int32_t millidegrees, char text[POWER_DEGREES_BYTES]);

/* Names and temperatures as an array "zones". */
void power_json_zones(struct atoll_json *json, const struct atoll_power *power);

#endif
