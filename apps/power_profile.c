/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/power_profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "apps/options.h"
#include "apps/power_clock.h"
#include "board/json.h"
#include "board/power.h"

/* Is the first word of `word` one of `words`? */
static bool is_one_of(const char *word, const char *words)
{
	const size_t length = strcspn(word, " ");

	for (; *words; words += strcspn(words, " "), words += strspn(words, " "))
		if (strcspn(words, " ") == length && memcmp(word, words, length) == 0)
			return true;
	return false;
}

/* The first of the profile's that this kernel has; of one that does not tell, the
   first. False: none. */
static bool choose_governor(const char *root, const char *wanted, char *governor, size_t room)
{
	struct atoll_power power;
	const char *there = "";

	if (atoll_power_read(root, NULL, &power, NULL) == 0 && power.cpus > 0)
		there = power.cpu[0].governors;
	for (; *wanted; wanted += strcspn(wanted, " "), wanted += strspn(wanted, " "))
		if (!*there || is_one_of(wanted, there))
			return snprintf(governor, room, "%.*s", (int)strcspn(wanted, " "),
					wanted) < (int)room;
	return false;
}

static int set_governor(const char *root, const char *wanted, struct atoll_error *err)
{
	char governor[24];

	if (choose_governor(root, wanted, governor, sizeof(governor)))
		return atoll_power_governor(root, governor, err);
	options_say("no governor of '%s' is there; it stays as it is", wanted);
	return 0;
}

int power_profile_clock(const char *root, int32_t level, struct atoll_error *err)
{
	struct power_clock clock;
	int r = 0;

	for (enum power_clock_user user = 0; user < POWER_CLOCK_USERS && r == 0; user++) {
		r = level < 0 ? power_clock_remove(root, user, POWER_CLOCK_SET, err) :
				power_clock_put(root, user, POWER_CLOCK_SET,
						(enum edgetpu_clock)level, err);
		if (r == 0)
			r = power_clock_read(root, user, &clock, err);
		if (r == 0 && level >= 0 && !strstr(clock.place, POWER_CLOCK_SET))
			options_say("the TPU clock is %s all the same, by %s",
				    edgetpu_clock_text(clock.level), clock.place);
	}
	return r < 0 ? r : power_clock_tell(root, err);
}

int power_profile_apply(const char *root, const struct power_profile *profile,
			struct atoll_error *err)
{
	int r = 0;

	if (profile->governors)
		r = set_governor(root, profile->governors, err);
	if (r == 0 && profile->cpu_most >= 0)
		r = atoll_power_shares(root, profile->cpu_least / 100.0,
				       profile->cpu_most / 100.0, err);
	if (r == -ENOENT) {
		options_say("%s; left out", err->text);
		r = 0;
	}
	if (r == 0 && profile->tpu_clock >= 0)
		r = power_profile_clock(root, profile->tpu_clock, err);
	return r;
}

static const char *clock_name(const struct power_profile *profile)
{
	return profile->tpu_clock < 0 ? NULL :
		edgetpu_clock_text((enum edgetpu_clock)profile->tpu_clock);
}

static void list_text(const struct power_profile *profile, bool is_boot)
{
	const char *clock = clock_name(profile);
	char speed[32] = "as it is";

	if (profile->cpu_most >= 0)
		(void)snprintf(speed, sizeof(speed), "%d to %d %%", profile->cpu_least,
			       profile->cpu_most);
	printf("%-12s CPU %s, TPU clock %s%s\n", profile->name, speed,
	       clock ? clock : "as it is", is_boot ? "; at boot" : "");
	printf("%-12s governor %s\n", "",
	       profile->governors ? profile->governors : "as it is");
}

static void json_percent(struct atoll_json *json, const char *key, int32_t percent)
{
	if (percent < 0)
		atoll_json_string(json, key, NULL);
	else
		atoll_json_integer(json, key, percent);
}

static void list_json(struct atoll_json *json, const struct power_profile *profile,
		      bool is_boot)
{
	atoll_json_object(json, NULL);
	atoll_json_string(json, "name", profile->name);
	atoll_json_string(json, "governor", profile->governors);
	json_percent(json, "cpu_least", profile->cpu_least);
	json_percent(json, "cpu_most", profile->cpu_most);
	atoll_json_string(json, "tpu_clock", clock_name(profile));
	atoll_json_bool(json, "at_boot", is_boot);
	atoll_json_end(json);
}

void power_profile_list(const struct power_config *config, bool wants_json)
{
	struct atoll_json json = { .file = stdout };

	if (wants_json)
		atoll_json_array(&json, NULL);
	for (uint32_t i = 0; i < config->profiles; i++) {
		const struct power_profile *profile = &config->profile[i];

		if (wants_json)
			list_json(&json, profile, profile == config->boot);
		else
			list_text(profile, profile == config->boot);
	}
	if (wants_json)
		atoll_json_end(&json);
}
