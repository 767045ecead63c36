/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *settings_place(const struct atoll_config *file, const char *key)
{
	const struct atoll_config_entry *entry;
	const char *place = "the built-in value";

	for (size_t i = 0; (entry = atoll_config_at(file, i)); i++)
		if (strcmp(entry->key, key) == 0)
			place = entry->place;
	return place;
}

int settings_wrong(const struct atoll_config *file, const char *key, const char *why,
		   struct atoll_error *err)
{
	return atoll_error_set(err, -EINVAL, "%s: %s: %s", settings_place(file, key), key,
			       why);
}

const char *settings_key(char key[SETTINGS_KEY_BYTES], const char *prefix, const char *name)
{
	(void)snprintf(key, SETTINGS_KEY_BYTES, "%s%s", prefix, name);
	return key;
}

int settings_count(struct atoll_config *file, const char *key, int64_t low, int64_t high,
		   uint32_t *value, struct atoll_error *err)
{
	int64_t integer = 0;
	int r = atoll_config_integer(file, key, low, high, &integer, err);

	if (r == 1)
		*value = (uint32_t)integer;
	return r < 0 ? r : 0;
}

int settings_share(struct atoll_config *file, const char *key, double low, float *value,
		   struct atoll_error *err)
{
	double real = 0;
	int r = atoll_config_real(file, key, low, 1, &real, err);

	if (r == 1)
		*value = (float)real;
	return r < 0 ? r : 0;
}

/* The part of a "KIND.NAME.key" between the first dot and the last, or NULL. */
static const char *section_named(const char *key, const char *kind, size_t *length)
{
	const char *name, *dot;

	if (strncmp(key, kind, strlen(kind)) != 0 || key[strlen(kind)] != '.')
		return NULL;
	name = key + strlen(kind) + 1;
	dot = strrchr(name, '.');
	if (!dot || dot == name)
		return NULL;
	*length = (size_t)(dot - name);
	return name;
}

static bool is_known(char (*known)[SETTINGS_NAME_BYTES], uint32_t count, const char *name,
		     size_t length)
{
	for (uint32_t i = 0; i < count; i++)
		if (strlen(known[i]) == length && memcmp(known[i], name, length) == 0)
			return true;
	return false;
}

int settings_sections(const struct atoll_config *file, const char *kind,
		      char (*name)[SETTINGS_NAME_BYTES], uint32_t room,
		      struct atoll_error *err)
{
	const struct atoll_config_entry *entry;
	uint32_t count = 0;

	for (size_t i = 0; (entry = atoll_config_at(file, i)); i++) {
		size_t length = 0;
		const char *found = section_named(entry->key, kind, &length);

		if (!found || is_known(name, count, found, length))
			continue;
		if (count == room)
			return atoll_error_set(err, -EINVAL, "%s: more than %u %ss",
					       entry->place, room, kind);
		if (length >= SETTINGS_NAME_BYTES)
			return atoll_error_set(err, -EINVAL,
					       "%s: a %s's name has at most %d characters",
					       entry->place, kind, SETTINGS_NAME_BYTES - 1);
		memcpy(name[count], found, length);
		name[count++][length] = '\0';
	}
	return (int)count;
}

int settings_events(struct atoll_config *file, const char *option, const char *usual,
		    struct settings_events *events, struct atoll_error *err)
{
	const char *path = usual;
	int r = atoll_config_text(file, "events", &path, err);

	if (r < 0)
		return r;
	events->is_chosen = r == 1 || option;
	if (option)
		path = option;
	events->path = strcmp(path, "off") == 0 ? NULL : path;
	return 0;
}

bool settings_is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

void settings_pass_over(struct atoll_config *file, const struct atoll_log *log)
{
	const struct atoll_config_entry *left;

	while ((left = atoll_config_unread(file)))
		if (log)
			atoll_log(log, ATOLL_LOG_WARNING, "%s: %s: unknown, passed over",
				  left->place, left->key);
}
