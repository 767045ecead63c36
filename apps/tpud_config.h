/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TPUD_CONFIG_H
#define ATOLL_APPS_TPUD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "board/config.h"
#include "board/error.h"
#include "board/log.h"
#include "runtime/edgetpu/chip.h"
#include "runtime/serve/server.h"

/*
 * What atoll-tpud is told to do: its configuration file, read and checked; and what
 * its command line puts in place of that.
 *
 *	struct tpud_config *config = tpud_config_load(path, &overrides, &log, &err);
 *
 *	if (!config)
 *		atoll_log(&log, ATOLL_LOG_ERR, "%s", err.text);
 *	tpud_config_free(config);
 *
 * Without a file everything has a value that works.
 */
#define TPUD_EMULATORS_MAX 8

struct tpud_config {
	struct server_place place;
	bool is_place_chosen;        /* not merely the usual one */
	struct server_limits limits;
	uint32_t patience_ms, group_ms;
	bool has_cpu;
	uint32_t threads;            /* of the CPU, 0: as sessions choose */
	enum edgetpu_clock clock;
	const char *firmware;        /* NULL: where it is looked for */
	uint32_t emulators;          /* 0: real ones */
	struct atoll_config *file;   /* what the strings live in */
};

/* NULL and -1 leave the file's word. They must outlive every configuration. */
struct tpud_overrides {
	const char *socket;
	int emulators;
};

/*
 * Read `path` and its drop-ins; a file that is not there is an empty one. Unknown
 * keys are told to `log` and passed over. NULL with place, key and why.
 */
struct tpud_config *tpud_config_load(const char *path, const struct tpud_overrides *overrides,
				     const struct atoll_log *log, struct atoll_error *err);
void tpud_config_free(struct tpud_config *config); /* NULL is allowed */

#endif
