/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_POWER_CONFIG_H
#define ATOLL_APPS_POWER_CONFIG_H

#include <stdint.h>

#include "apps/settings.h"
#include "board/config.h"
#include "board/error.h"
#include "board/log.h"
#include "runtime/edgetpu/chip.h"

/*
 * What atoll-power is told: profiles, which one the machine begins with, and when it is
 * too hot.
 *
 *	struct power_config *config = power_config_load("/etc/atoll/power.conf", &log, &err);
 *	const struct power_profile *quiet = power_config_profile(config, "quiet");
 *
 *	power_config_free(config);
 *
 * Without a file there are three profiles and no word on the others.
 */
#define POWER_PROFILES_MAX 16

/* What is not said is left as it is. */
struct power_profile {
	char name[SETTINGS_NAME_BYTES];
	const char *governors;     /* blanks between; the first that is there. NULL */
	int32_t cpu_least, cpu_most; /* percent of the way from the least speed to the
				      most; -1 */
	int32_t tpu_clock;         /* enum edgetpu_clock, -1 */
};

struct power_config {
	struct power_profile profile[POWER_PROFILES_MAX];
	uint32_t profiles;
	const struct power_profile *boot; /* NULL: none */
	const char *zone;          /* NULL: the one that stands in for the TPU, or the
				      hottest */
	int32_t hot_mc, cool_mc;
	int64_t hold_ms;
	enum edgetpu_clock lowest; /* that heat leads to */
	struct atoll_config *file; /* what the strings live in */
};

/* Unknown keys are told to `log` and passed over. NULL with place, key and why. */
struct power_config *power_config_load(const char *path, const struct atoll_log *log,
				       struct atoll_error *err);
void power_config_free(struct power_config *config); /* NULL is allowed */

/* NULL: there is none of that name. */
const struct power_profile *power_config_profile(const struct power_config *config,
						 const char *name);

#endif
