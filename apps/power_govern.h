/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_POWER_GOVERN_H
#define ATOLL_APPS_POWER_GOVERN_H

#include <stdbool.h>

#include "apps/power_clock.h"
#include "apps/power_config.h"
#include "apps/power_heat.h"
#include "apps/service.h"
#include "board/description.h"

/*
 * The thermal governor: lowers the default clock of Edge TPUs while it is too hot.
 *
 *	struct power_govern govern = { .root = "", .board = board, .config = config };
 *
 *	govern.service = service_begin("atoll-power", &power_govern_calls, &govern);
 *	status = service_run(&govern.service);
 *
 * What it says goes into a drop-in of its own, which goes when it is cool again, when the
 * program ends, and when the next one begins, should this one have been killed.
 */
struct power_govern {
	struct service service;
	const char *root;
	const struct atoll_board *board;
	struct power_config *config; /* taken over; the caller frees what is there then */
	/* Ours: */
	struct heat_rules rules;
	struct heat heat;
	enum edgetpu_clock usual[POWER_CLOCK_USERS];
	char zone[32];               /* the last one that was felt */
	int32_t millidegrees;
	char trouble[sizeof(((struct atoll_error *)NULL)->text)]; /* that goes on */
	bool is_lost;                /* there is no such zone any more, which was told */
};

extern const struct service_calls power_govern_calls;

#endif
