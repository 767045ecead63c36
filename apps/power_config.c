/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/power_config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS 3600000

/* Governors that follow the load, the one that knows the scheduler first. The last of
   them is what intel_pstate calls the same. */
#define FOLLOWING "schedutil ondemand conservative powersave"

/* Edge TPU clocks are those of the vendor's two libraries, 250 and 500 MHz, and one
   below. */
static const struct power_profile built_in[] = {
	{ "quiet", "conservative " FOLLOWING, 0, 50, EDGETPU_CLOCK_MEDIUM },
	{ "balanced", FOLLOWING, 0, 100, EDGETPU_CLOCK_HIGH },
	{ "max", "performance", 0, 100, EDGETPU_CLOCK_MAX },
};
#define BUILT_IN (sizeof(built_in) / sizeof(built_in[0]))

static struct power_profile *find_profile(struct power_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->profiles; i++)
		if (strcmp(config->profile[i].name, name) == 0)
			return &config->profile[i];
	return NULL;
}

const struct power_profile *power_config_profile(const struct power_config *config,
						 const char *name)
{
	return find_profile((struct power_config *)config, name); /* not changed there */
}

static int read_percent(struct atoll_config *file, const char *key, int32_t *percent,
			struct atoll_error *err)
{
	int64_t value = *percent;
	int r = atoll_config_integer(file, key, 0, 100, &value, err);

	*percent = (int32_t)value;
	return r < 0 ? r : 0;
}

/* `level` as it was when there is no such key. */
static int read_clock(struct atoll_config *file, const char *key, int32_t *level,
		      struct atoll_error *err)
{
	enum edgetpu_clock clock;
	const char *text;
	int r = atoll_config_text(file, key, &text, err);

	if (r <= 0)
		return r;
	if (edgetpu_clock_read(text, &clock) < 0)
		return settings_wrong(file, key, "not low, medium, high or max", err);
	*level = (int32_t)clock;
	return 0;
}

static int read_profile(struct atoll_config *file, struct power_profile *profile,
			struct atoll_error *err)
{
	char prefix[SETTINGS_KEY_BYTES / 2], key[SETTINGS_KEY_BYTES];

	(void)snprintf(prefix, sizeof(prefix), "profile.%s.", profile->name);
	if (atoll_config_text(file, settings_key(key, prefix, "governor"), &profile->governors,
			      err) < 0 ||
	    read_percent(file, settings_key(key, prefix, "cpu_least"), &profile->cpu_least,
			 err) < 0 ||
	    read_percent(file, settings_key(key, prefix, "cpu_most"), &profile->cpu_most,
			 err) < 0 ||
	    read_clock(file, settings_key(key, prefix, "tpu_clock"), &profile->tpu_clock,
		       err) < 0)
		return -EINVAL;
	if (profile->governors && !*profile->governors)
		profile->governors = NULL;
	if ((profile->cpu_least < 0) != (profile->cpu_most < 0))
		return atoll_error_set(err, -EINVAL, "profile %s: cpu_least and cpu_most go "
				       "together", profile->name);
	if (profile->cpu_least > profile->cpu_most)
		return atoll_error_set(err, -EINVAL, "profile %s: cpu_least is above cpu_most",
				       profile->name);
	return 0;
}

/* One of a name that is there already changes what it says. */
static int read_profiles(struct power_config *config, struct atoll_error *err)
{
	char name[POWER_PROFILES_MAX - BUILT_IN][SETTINGS_NAME_BYTES];
	int count = settings_sections(config->file, "profile", name,
				      POWER_PROFILES_MAX - BUILT_IN, err);
	int r = count < 0 ? count : 0;

	memcpy(config->profile, built_in, sizeof(built_in));
	config->profiles = BUILT_IN;
	for (int i = 0; i < count && r == 0; i++) {
		struct power_profile *profile = find_profile(config, name[i]);

		if (!profile) {
			profile = &config->profile[config->profiles++];
			*profile = (struct power_profile){
				.cpu_least = -1, .cpu_most = -1, .tpu_clock = -1 };
			strcpy(profile->name, name[i]);
		}
		r = read_profile(config->file, profile, err);
	}
	return r;
}

static int read_boot(struct power_config *config, struct atoll_error *err)
{
	const char *name;
	int r = atoll_config_text(config->file, "profile", &name, err);

	if (r <= 0)
		return r;
	config->boot = find_profile(config, name);
	if (config->boot)
		return 0;
	return settings_wrong(config->file, "profile", "there is no such profile", err);
}

static int read_degrees(struct atoll_config *file, const char *key, int32_t *mc,
			struct atoll_error *err)
{
	double degrees = *mc / 1000.0;
	int r = atoll_config_real(file, key, 0, 150, &degrees, err);

	*mc = (int32_t)lround(degrees * 1000);
	return r < 0 ? r : 0;
}

/* From where to where: well below the 95 degrees at which the kernel slows down the CPU
   of a Dev Board Mini, by the vendor's device tree. */
static int read_heat(struct power_config *config, struct atoll_error *err)
{
	int32_t lowest = EDGETPU_CLOCK_LOW;

	config->hot_mc = 85000;
	config->cool_mc = 75000;
	config->hold_ms = 30000;
	if (atoll_config_text(config->file, "govern.zone", &config->zone, err) < 0 ||
	    read_degrees(config->file, "govern.hot", &config->hot_mc, err) < 0 ||
	    read_degrees(config->file, "govern.cool", &config->cool_mc, err) < 0 ||
	    atoll_config_duration(config->file, "govern.hold", 1000, HOUR_MS, &config->hold_ms,
				  err) < 0 ||
	    read_clock(config->file, "govern.lowest", &lowest, err) < 0)
		return -EINVAL;
	config->lowest = (enum edgetpu_clock)lowest;
	if (config->cool_mc >= config->hot_mc)
		return settings_wrong(config->file, "govern.cool",
				      "not below govern.hot", err);
	return 0;
}

struct power_config *power_config_load(const char *path, const struct atoll_log *log,
				       struct atoll_error *err)
{
	struct power_config *config = calloc(1, sizeof(*config));

	if (!config) {
		(void)atoll_error_set(err, -ENOMEM, "%s: %s", path, strerror(ENOMEM));
		return NULL;
	}
	config->file = atoll_config_load(path, err);
	if (!config->file || read_profiles(config, err) < 0 || read_boot(config, err) < 0 ||
	    read_heat(config, err) < 0) {
		power_config_free(config);
		return NULL;
	}
	settings_pass_over(config->file, log);
	return config;
}

void power_config_free(struct power_config *config)
{
	if (!config)
		return;
	atoll_config_free(config->file);
	free(config);
}
