/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_CONFIG_H
#define ATOLL_BOARD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * Configuration files: `key = value`, `#` comments, `[section]` lines where a
 * file needs them.
 *
 *	struct atoll_config *config = atoll_config_load(path, &err);
 *	int64_t port = 8080;
 *
 *	r = atoll_config_integer(config, "port", 1, 65535, &port, &err);
 *	while ((left = atoll_config_unread(config)))
 *		fprintf(stderr, "%s: %s?\n", left->place, left->key);
 *	atoll_config_free(config);
 *
 * After FILE come the drop-ins FILE.d/(*).conf in the order of their names; a
 * later value of a key replaces an earlier one, whole. A value may be empty and
 * may hold spaces and `=`; blanks around it are dropped; a `#` begins a comment
 * only at the start of a line or after a blank. Keys are letters, digits, '_',
 * '-' and '.'. A section's keys are asked for as "section.key", which may also be
 * said of sections with dots in them; a section ends with its file.
 *
 * Refused: files above 1 MiB, lines above 4096 bytes, more than 4096 settings,
 * keys above 128 bytes with their section, control characters, NUL among them.
 */
struct atoll_config;

struct atoll_config_entry {
	const char *key;   /* with its section in front */
	const char *value;
	char place[128];   /* "FILE:LINE" */
	size_t earlier;    /* line of the same file whose value this one replaced, or 0 */
};

/* A file that does not exist is an empty one; its drop-ins are still read. NULL
   with "FILE:LINE: why" for one that is wrong or cannot be read. */
struct atoll_config *atoll_config_load(const char *path, struct atoll_error *err);

/* The same from memory, which is not kept. `name` stands for the file in messages. */
struct atoll_config *atoll_config_load_bytes(const void *bytes, size_t size,
					     const char *name, struct atoll_error *err);

/* NULL is allowed. */
void atoll_config_free(struct atoll_config *config);

/*
 * Each writes `value` only when the key is there: 1, or 0 when it is not, or
 * -EINVAL with the place, the key, what was found and what is allowed. A text
 * lives as long as `config`. Numbers are decimal, whatever the locale. True is
 * "yes", "true", "on" or "1"; false is "no", "false", "off" or "0". Durations are
 * "250ms", "2s", "1.5s", "10min", "2h": a number with its unit, or 0.
 */
int atoll_config_text(struct atoll_config *config, const char *key, const char **value,
		      struct atoll_error *err);
int atoll_config_integer(struct atoll_config *config, const char *key, int64_t low,
			 int64_t high, int64_t *value, struct atoll_error *err);
int atoll_config_real(struct atoll_config *config, const char *key, double low,
		      double high, double *value, struct atoll_error *err);
int atoll_config_bool(struct atoll_config *config, const char *key, bool *value,
		      struct atoll_error *err);
int atoll_config_duration(struct atoll_config *config, const char *key, int64_t low_ms,
			  int64_t high_ms, int64_t *value_ms, struct atoll_error *err);

/* "1.5s" and the like as such, in whole milliseconds; -EINVAL for anything else.
   The command lines read them too. */
int atoll_duration_ms(const char *text, int64_t *value_ms);

/* Every entry in the order of the file, NULL past the end. */
const struct atoll_config_entry *atoll_config_at(const struct atoll_config *config,
						 size_t i);

/* The next entry nobody has asked for, once each; NULL when there is none left. */
const struct atoll_config_entry *atoll_config_unread(struct atoll_config *config);

#endif
