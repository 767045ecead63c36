/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board/config.h"

static const char *place_of(const struct atoll_config *file, const char *key)
{
	const struct atoll_config_entry *entry;
	const char *place = "?";

	for (size_t i = 0; (entry = atoll_config_at(file, i)); i++)
		if (strcmp(entry->key, key) == 0)
			place = entry->place;
	return place;
}

static int read_clock(struct atoll_config *file, enum edgetpu_clock *clock,
		      struct atoll_error *err)
{
	const char *text = getenv("ATOLL_TPU_CLOCK"), *place = "ATOLL_TPU_CLOCK";
	int r;

	if (!text) {
		r = atoll_config_text(file, "clock", &text, err);
		if (r <= 0)
			return r;
		place = place_of(file, "clock");
	}
	if (edgetpu_clock_read(text, clock) == 0)
		return 0;
	return atoll_error_set(err, -EINVAL, "%s: clock %s: expected low, medium, high or max",
			       place, text);
}

static int read_firmware(struct atoll_config *file, char **firmware, struct atoll_error *err)
{
	const char *text;
	int r = atoll_config_text(file, "firmware", &text, err);

	if (r <= 0)
		return r;
	*firmware = strdup(text);
	return *firmware ? 0 : atoll_error_set(err, -ENOMEM, "out of memory");
}

ATOLL_API int edgetpu_config_read(const char *path, struct edgetpu_config *config,
				  struct atoll_error *err)
{
	struct atoll_config *file =
		atoll_config_load(path ? path : EDGETPU_CONFIG_FILE, err);
	enum edgetpu_clock clock = EDGETPU_CLOCK_MAX;
	int r = file ? read_clock(file, &clock, err) : -EINVAL;

	*config = (struct edgetpu_config){ .clock = EDGETPU_CLOCK_MAX };
	if (r == 0)
		r = read_firmware(file, &config->firmware, err);
	if (r == 0)
		config->clock = clock;
	atoll_config_free(file);
	return r;
}

ATOLL_API void edgetpu_config_free(struct edgetpu_config *config)
{
	free(config->firmware);
	*config = (struct edgetpu_config){ .clock = EDGETPU_CLOCK_MAX };
}
