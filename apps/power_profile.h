/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_POWER_PROFILE_H
#define ATOLL_APPS_POWER_PROFILE_H

#include <stdbool.h>

#include "apps/power_config.h"

/*
 * A profile, done or shown.
 *
 *	r = power_profile_apply("", power_config_profile(config, "quiet"), &err);
 *
 * What this machine does not have is said and left out; what it refuses is an error.
 */
int power_profile_apply(const char *root, const struct power_profile *profile,
			struct atoll_error *err);

/* The default of programs and of atoll-tpud, -1 for none of ours; says when somebody
   else has the last word. */
int power_profile_clock(const char *root, int32_t level, struct atoll_error *err);

/* All of them, on stdout. */
void power_profile_list(const struct power_config *config, bool wants_json);

#endif
