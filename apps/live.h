/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LIVE_H
#define ATOLL_APPS_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/vision.h"
#include "camera/source.h"

/*
 * Frames from a source through one or more models until something says stop: the
 * body of atoll-classify and atoll-detect, which differ only in what they accept
 * and how they show it.
 *
 *	struct live_config live;
 *
 *	live_defaults(&live);
 *	while ((c = getopt_long(...)) != -1)
 *		if (!live_option(&live, c, optarg))
 *			... the program's own options
 *	return options_end(live_run(&live));
 */
#define LIVE_MODELS_MAX 8
#define LIVE_SOURCES_MAX 65536

struct live_config {
	bool (*accepts)(enum vision_kind kind); /* else the model is refused */
	struct vision_config model[LIVE_MODELS_MAX];
	uint32_t models;
	struct atoll_source_config source;      /* `what` is set per source */
	char **what;                            /* pictures, folders, videos, "camera" */
	int whats;
	int64_t every_ms;      /* at most one result in this time, 0: all */
	int64_t for_ms;        /* stop after this time, 0: never */
	char *until_label;     /* stop at a result with this label .. */
	float until_score;     /* .. and more than this score */
	const char *snapshot_label; /* save a picture when this label appears */
	const char *snapshot_folder; /* default "." */
	bool wants_json, wants_show, wants_profile;
};

#endif
