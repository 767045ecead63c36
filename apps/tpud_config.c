/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/tpud_config.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "apps/settings.h"
#include "runtime/serve/serve.h"

#define MIB (UINT64_C(1) << 20)
#define MINUTE_MS 60000

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
		return settings_wrong(config->file, "group", "there is no such group", err);
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
		return settings_wrong(config->file, "mode", "not a mode as 0660", err);
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
		return settings_wrong(config->file, "socket", "empty", err);
	r = read_group(config, err);
	return r < 0 ? r : read_mode(config, err);
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
	if (settings_count(config->file, "clients", 1, 1000, &config->limits.clients,
			   err) < 0 ||
	    settings_count(config->file, "programs", 1, 1000, &config->limits.programs,
			   err) < 0 ||
	    settings_count(config->file, "memory_mib", 1, 65536, &memory_mib, err) < 0 ||
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
	    settings_count(config->file, "threads", 0, 64, &config->threads, err) < 0 ||
	    settings_count(config->file, "emulators", 0, TPUD_EMULATORS_MAX,
			   &config->emulators, err) < 0)
		return -EINVAL;
	if (clock && edgetpu_clock_read(clock, &config->clock) < 0)
		return settings_wrong(config->file, "clock", "not low, medium, high or max",
				      err);
	if (overrides->emulators >= 0)
		config->emulators = (uint32_t)overrides->emulators;
	return 0;
}

struct tpud_config *tpud_config_load(const char *path, const struct tpud_overrides *overrides,
				     const struct atoll_log *log, struct atoll_error *err)
{
	struct tpud_config *config = calloc(1, sizeof(*config));

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
	settings_pass_over(config->file, log);
	return config;
}

void tpud_config_free(struct tpud_config *config)
{
	if (!config)
		return;
	atoll_config_free(config->file);
	free(config);
}
