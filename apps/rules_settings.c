/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules_inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int rules_find_source(const struct rules *rules, const char *name)
{
	for (uint32_t i = 0; i < rules->feeds; i++)
		if (strcmp(rules->feed[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int keep(char *kept, size_t room, const char *key, const char *value,
		struct atoll_error *err)
{
	if (!*value)
		return atoll_error_set(err, -EINVAL, "%s: nothing is behind the =", key);
	if (strlen(value) >= room)
		return atoll_error_set(err, -EINVAL, "%s: '%.40s...' is longer than %zu bytes",
				       key, value, room - 1);
	(void)snprintf(kept, room, "%s", value);
	return 0;
}

/* A socket that events come from, new or elsewhere. */
static int set_source(struct rules *rules, const char *name, const char *path,
		      struct atoll_error *err)
{
	const char *const letters =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	int found = rules_find_source(rules, name);
	struct rules_feed *feed;

	if (!*name || name[strspn(name, letters)] || strlen(name) >= RULES_NAME_BYTES ||
	    strcmp(name, "pin") == 0)
		return atoll_error_set(err, -EINVAL,
			"'%.40s' is no name for a source: up to %d letters, digits, '_' and '-', not pin",
			name, RULES_NAME_BYTES - 1);
	if (found < 0 && rules->feeds == RULES_SOURCES_MAX)
		return atoll_error_set(err, -EINVAL, "more than %d sources", RULES_SOURCES_MAX);
	feed = &rules->feed[found < 0 ? rules->feeds : (uint32_t)found];
	if (keep(feed->path, sizeof(feed->path), "source", path, err) < 0)
		return -EINVAL;
	if (found < 0) {
		(void)snprintf(feed->name, sizeof(feed->name), "%s", name);
		rules->feeds++;
	}
	return 0;
}

static int set_truth(bool *truth, const char *key, const char *value, struct atoll_error *err)
{
	*truth = strcmp(value, "yes") == 0;
	if (!*truth && strcmp(value, "no") != 0)
		return atoll_error_set(err, -EINVAL, "%s: '%.40s' is neither yes nor no", key,
				       value);
	return 0;
}

static int set(struct rules *rules, const char *key, const char *value,
	       struct atoll_error *err)
{
	if (strncmp(key, "source", 6) == 0 && strchr(" \t", key[6]))
		return set_source(rules, key + 6 + strspn(key + 6, " \t"), value, err);
	if (strcmp(key, "control") == 0) {
		rules->settings.control = rules->control;
		return keep(rules->control, sizeof(rules->control), key, value, err);
	}
	if (strcmp(key, "group") == 0) {
		rules->settings.group = rules->group;
		return keep(rules->group, sizeof(rules->group), key, value, err);
	}
	if (strcmp(key, "takeover") == 0)
		return set_truth(&rules->settings.may_take, key, value, err);
	if (strcmp(key, "software_pwm") == 0)
		return set_truth(&rules->accepts_software_pwm, key, value, err);
	return atoll_error_set(err, -EINVAL,
		"'%.40s' is no setting: control, group, source NAME, software_pwm or takeover",
		key);
}

/* Without the blanks at both ends; writes into `text`. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	for (length = strlen(text); length > 0 && strchr(" \t", text[length - 1]);)
		text[--length] = '\0';
	return text;
}

int rules_parse_setting(struct rules *rules, char *line, char *equals,
			struct atoll_error *err)
{
	*equals = '\0';
	for (char *at = equals + 1; (at = strchr(at, '#')); at++)
		if (at == equals + 1 || strchr(" \t", at[-1])) {
			*at = '\0';
			break;
		}
	return set(rules, trim(line), trim(equals + 1), err);
}
