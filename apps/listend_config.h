/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEND_CONFIG_H
#define ATOLL_APPS_LISTEND_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/hearing.h"
#include "apps/settings.h"
#include "audio/source.h"
#include "board/config.h"
#include "board/error.h"
#include "board/log.h"

/*
 * What atoll-listend is told to do: its configuration file, read, checked, and
 * completed; and what its command line puts in place of that.
 *
 *	struct listend_config *config = listend_config_load(path, NULL, &log, &err);
 *
 *	if (!config)
 *		atoll_log(&log, ATOLL_LOG_ERR, "%s", err.text);
 *	listend_config_free(config);
 *
 * Without a file everything has a value that works: any microphone, its mixer left as
 * it is, and the shipped model. Strings live as long as the configuration.
 */
#define LISTEND_MODELS_MAX 8

struct listend_model {
	char name[SETTINGS_NAME_BYTES]; /* in events */
	struct hearing_config hearing;
};

struct listend_config {
	struct atoll_sound_config sound;
	char what[320];              /* sound.what points here */
	const char *microphone;      /* what to match; NULL: a file that repeats */
	const char *mixer;           /* a preset, "board", or NULL: leave it */
	uint32_t models;             /* at least 1 */
	struct listend_model model[LISTEND_MODELS_MAX];
	const char *clock;           /* of an Edge TPU, NULL: as configured for all */
	struct settings_events events;
	uint32_t clients;            /* of the events socket */
	int64_t status_ms;           /* between two lines that tell how it goes; 0: none */
	struct atoll_config *file;   /* what the strings live in */
};

/* From the command line; NULL members leave the file's word. They must outlive
   every configuration made with them. */
struct listend_overrides {
	const char *microphone, *file, *model, *labels, *events;
};

/*
 * Read `path` and its drop-ins; a file that is not there is an empty one. Unknown
 * keys are told to `log` (NULL is allowed) and passed over. NULL with place, key and
 * why for a value that is wrong or values that do not go together.
 */
struct listend_config *listend_config_load(const char *path,
					   const struct listend_overrides *overrides,
					   const struct atoll_log *log,
					   struct atoll_error *err);
void listend_config_free(struct listend_config *config); /* NULL is allowed */

#endif
