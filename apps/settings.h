/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_SETTINGS_H
#define ATOLL_APPS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/config.h"
#include "board/error.h"
#include "board/log.h"

/*
 * How daemons read their configuration, beside what board/config.h does.
 *
 *	char key[SETTINGS_KEY_BYTES];
 *
 *	if (settings_count(file, settings_key(key, "model.cards.", "top"), 1, 20,
 *			   &top, &err) < 0)
 *		return err.code;
 *	settings_pass_over(file, &log);
 *
 * As there, a value is written only when its key is there. All give 0 or -EINVAL
 * with the place, the key and why, unless they say something else.
 */
#define SETTINGS_KEY_BYTES 128

/* A section's name, "cards" of [model.cards]. */
#define SETTINGS_NAME_BYTES 32

/* Where a value came from, for messages. */
const char *settings_place(const struct atoll_config *file, const char *key);

/* -EINVAL with "PLACE: KEY: WHY". */
int settings_wrong(const struct atoll_config *file, const char *key, const char *why,
		   struct atoll_error *err);

/* `prefix` and `name` in one. */
const char *settings_key(char key[SETTINGS_KEY_BYTES], const char *prefix,
			 const char *name);

/* A whole number, and a real one of low to 1. */
int settings_count(struct atoll_config *file, const char *key, int64_t low, int64_t high,
		   uint32_t *value, struct atoll_error *err);
int settings_share(struct atoll_config *file, const char *key, double low, float *value,
		   struct atoll_error *err);

/* The names of the sections [KIND.NAME], "model" of [model.cards], in the order of the
   file; how many. */
int settings_sections(const struct atoll_config *file, const char *kind,
		      char (*name)[SETTINGS_NAME_BYTES], uint32_t room,
		      struct atoll_error *err);

/* Where the events socket is: `option` of the command line, else `events` of the
   file, else `usual`; NULL when that is "off". */
struct settings_events {
	const char *path;
	bool is_chosen;      /* not merely the usual place */
};

int settings_events(struct atoll_config *file, const char *option, const char *usual,
		    struct settings_events *events, struct atoll_error *err);

/* Both the same, or both NULL. */
bool settings_is_same(const char *a, const char *b);

/* What nobody has asked for is told to `log` (NULL is allowed). */
void settings_pass_over(struct atoll_config *file, const struct atoll_log *log);

#endif
