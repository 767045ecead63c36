/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISIOND_CONFIG_H
#define ATOLL_APPS_VISIOND_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/settings.h"
#include "apps/vision.h"
#include "apps/visiond_tracker.h"
#include "board/address.h"
#include "board/config.h"
#include "board/error.h"
#include "board/log.h"
#include "camera/source.h"

/*
 * What atoll-visiond is told to do: its configuration file, read, checked, and
 * completed; and what its command line puts in place of that.
 *
 *	struct visiond_config *config = visiond_config_load(path, NULL, &log, &err);
 *
 *	if (!config)
 *		atoll_log(&log, ATOLL_LOG_ERR, "%s", err.text);
 *	visiond_config_free(config);
 *
 * Without a file everything has a value that works: any camera, the shipped model,
 * a page for this machine alone. Strings live as long as the configuration.
 */
#define VISIOND_MODELS_MAX 8

struct visiond_model {
	char name[SETTINGS_NAME_BYTES]; /* in events and on the page */
	struct vision_config vision;
	struct visiond_habits habits;
	int64_t every_ms;            /* at most one look in this time, 0: all */
};

/* Where the page is served. */
struct visiond_listen {
	bool is_off;
	bool is_chosen;              /* rather than the usual place */
	struct atoll_address address;
};

struct visiond_config {
	struct atoll_source_config source;
	char what[320];              /* source.what points here */
	bool is_camera;              /* otherwise a file that repeats */
	uint32_t models;             /* at least 1 */
	struct visiond_model model[VISIOND_MODELS_MAX];
	struct settings_events events;
	struct visiond_listen listen;
	const char *token;           /* NULL: anyone who can connect may look */
	uint32_t viewers;
	uint32_t page_rate_mhz;      /* pictures for a viewer, thousandths per second */
	int page_quality;            /* of JPEG, 1 to 100 */
	struct atoll_config *file;   /* what the strings live in */
};

/* From the command line; NULL members leave the file's word. They must outlive
   every configuration made with them. */
struct visiond_overrides {
	const char *source, *model, *labels, *listen, *events;
};

/*
 * Read `path` and its drop-ins; a file that is not there is an empty one. Unknown
 * keys are told to `log` (NULL is allowed) and passed over. NULL with place, key and
 * why for a value that is wrong or values that do not go together.
 */
struct visiond_config *visiond_config_load(const char *path,
					   const struct visiond_overrides *overrides,
					   const struct atoll_log *log,
					   struct atoll_error *err);
void visiond_config_free(struct visiond_config *config); /* NULL is allowed */

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080", "*:8080" (all addresses of this
   machine) or "off"; port 0 is any that is free. -EINVAL with what is allowed. */
int visiond_listen_read(const char *text, struct visiond_listen *listen,
			struct atoll_error *err);

#endif
