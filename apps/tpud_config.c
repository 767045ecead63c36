/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/tpud_config.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/serve/serve.h"

#define MIB (UINT64_C(1) << 20)
#define MINUTE_MS 60000

static int wrong(const struct tpud_config *config, struct atoll_error *err, const char *key,
		 const char *why)
{
	const struct atoll_config_entry *entry;
	const char *place = "the built-in value";

	for (size_t i = 0; (entry = atoll_config_at(config->file, i)); i++)
		if (strcmp(entry->key, key) == 0)
			place = entry->place;
	return atoll_error_set(err, -EINVAL, "%s: %s: %s", place, key, why);
}

static int read_group(struct tpud_config *config, struct atoll_error *err)
{
	const char *name = NULL;
	const struct group *group;
	int r = atoll_config_text(config->file, "group", &name, err);

	config->place.group = (gid_t)-1;
	if (r < 0 || !name || !*name)
		return r < 0 ? r : 0;
	group = getgrnam(name);
	if (!group)
		return wrong(config, err, "group", "there is no such group");
	config->place.group = group->gr_gid;
	return 0;
}

/* As chmod(1) takes it: three or four octal digits. */
static int read_mode(struct tpud_config *config, struct atoll_error *err)
{
	const char *text = NULL;
	unsigned long mode;
	char *end;
	int r = atoll_config_text(config->file, "mode", &text, err);

	config->place.mode = 0660;
	if (r <= 0)
		return r;
	mode = strtoul(text, &end, 8);
	if (strlen(text) < 3 || strlen(text) > 4 || *end || mode > 0777)
		return wrong(config, err, "mode", "not a mode as 0660");
	config->place.mode = (mode_t)mode;
	return 0;
}

static int read_socket(struct tpud_config *config, const struct tpud_overrides *overrides,
		       struct atoll_error *err)
{
	int r;

	config->place.path = SERVE_SOCKET;
	r = atoll_config_text(config->file, "socket", &config->place.path, err);
	if (r < 0)
		return r;
	config->is_place_chosen = r == 1 || overrides->socket;
	if (overrides->socket)
		config->place.path = overrides->socket;
	if (!*config->place.path)
		return wrong(config, err, "socket", "empty");
	r = read_group(config, err);
	return r < 0 ? r : read_mode(config, err);
}

static int read_count(struct tpud_config *config, const char *key, int64_t low, int64_t high,
		      uint32_t *value, struct atoll_error *err)
{
	int64_t number = 0;
	int r = atoll_config_integer(config->file, key, low, high, &number, err);

	if (r == 1)
		*value = (uint32_t)number;
	return r < 0 ? r : 0;
}

static int read_wait(struct tpud_config *config, const char *key, uint32_t *value_ms,
		     struct atoll_error *err)
{
	int64_t ms = 0;
	int r = atoll_config_duration(config->file, key, 1, MINUTE_MS, &ms, err);

	if (r == 1)
		*value_ms = (uint32_t)ms;
	return r < 0 ? r : 0;
}

static int read_limits(struct tpud_config *config, struct atoll_error *err)
{
	uint32_t memory_mib = 256;

	config->limits.clients = 64;
	config->limits.programs = 16;
	config->patience_ms = 100;
	config->group_ms = 20;
	if (read_count(config, "clients", 1, 1000, &config->limits.clients, err) < 0 ||
	    read_count(config, "programs", 1, 1000, &config->limits.programs, err) < 0 ||
	    read_count(config, "memory_mib", 1, 65536, &memory_mib, err) < 0 ||
	    read_wait(config, "patience", &config->patience_ms, err) < 0 ||
	    read_wait(config, "group_wait", &config->group_ms, err) < 0)
		return -EINVAL;
	config->limits.bytes = memory_mib * MIB;
	return 0;
}

static int read_devices(struct tpud_config *config, const struct tpud_overrides *overrides,
			struct atoll_error *err)
{
	const char *clock = NULL;

	config->clock = EDGETPU_CLOCK_MAX;
	config->has_cpu = true;
	if (atoll_config_text(config->file, "clock", &clock, err) < 0 ||
	    atoll_config_text(config->file, "firmware", &config->firmware, err) < 0 ||
	    atoll_config_bool(config->file, "cpu", &config->has_cpu, err) < 0 ||
	    read_count(config, "threads", 0, 64, &config->threads, err) < 0 ||
	    read_count(config, "emulators", 0, TPUD_EMULATORS_MAX, &config->emulators,
		       err) < 0)
		return -EINVAL;
	if (clock && edgetpu_clock_read(clock, &config->clock) < 0)
		return wrong(config, err, "clock", "not low, medium, high or max");
	if (overrides->emulators >= 0)
		config->emulators = (uint32_t)overrides->emulators;
	return 0;
}

struct tpud_config *tpud_config_load(const char *path, const struct tpud_overrides *overrides,
				     const struct atoll_log *log, struct atoll_error *err)
{
	struct tpud_config *config = calloc(1, sizeof(*config));
	const struct atoll_config_entry *left;

	if (!config) {
		(void)atoll_error_set(err, -ENOMEM, "%s: %s", path, strerror(ENOMEM));
		return NULL;
	}
	config->file = atoll_config_load(path, err);
	if (!config->file || read_socket(config, overrides, err) < 0 ||
	    read_limits(config, err) < 0 || read_devices(config, overrides, err) < 0) {
		tpud_config_free(config);
		return NULL;
	}
	while ((left = atoll_config_unread(config->file)))
		if (log)
			atoll_log(log, ATOLL_LOG_WARNING, "%s: %s: unknown, passed over",
				  left->place, left->key);
	return config;
}

void tpud_config_free(struct tpud_config *config)
{
	if (!config)
		return;
	atoll_config_free(config->file);
	free(config);
}
