/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_POWER_WATCH_H
#define ATOLL_APPS_POWER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "board/description.h"

/*
 * How busy, how fast and how warm the machine is, again and again until it is told to
 * stop: drawn on a terminal, else a line each time.
 *
 *	struct power_watch watch = { .root = "", .board = board, .interval_ms = 1000 };
 *
 *	power_watch(&watch);
 */
struct power_watch {
	const char *root;
	const struct atoll_board *board;
	int64_t interval_ms;
	int64_t count;           /* times, 0: without end */
	bool wants_json;         /* an object each time */
};

void power_watch(const struct power_watch *watch);

#endif
