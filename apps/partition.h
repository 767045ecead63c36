/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_PARTITION_H
#define ATOLL_APPS_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/compiler/segment.h"
#include "runtime/devices.h"
#include "runtime/model.h"

/* What the parts of atoll-partition hand to each other. */
#define PARTITION_SEGMENTS_MAX 64

/* The command line, checked. */
struct partition_settings {
	const char *model_path, *folder;
	uint32_t segments;

	/* Cut as told: */
	const char *prefix;
	uint32_t count[PARTITION_SEGMENTS_MAX]; /* operators of each segment */

	/* Cut by measuring: */
	const char *compiler;
	int64_t threshold_ns, lower_ns, upper_ns;
	uint32_t step, compiler_step;
	uint32_t devices;
	const char *device[PARTITION_SEGMENTS_MAX]; /* the last is for all behind it, too */
};

/* The model with its order of execution. */
struct partition_model {
	struct atoll_model *model;
	struct atoll_segments *segments;
};

/* "FOLDER/STEM_segment_I_of_N" and the ending; the caller's to free, NULL: no memory. */
char *partition_path(const char *folder, const char *stem, uint32_t segment,
		     uint32_t segments, const char *ending);

/* Operators from a place on as a file of their own. */
int partition_write(const struct partition_model *model, uint32_t first, uint32_t count,
		    const char *path, struct atoll_error *err);

/* The folder is made, not those above it. */
int partition_make_folder(const char *folder, struct atoll_error *err);

/* Cut by measuring, into a folder that is there: the exit status. */
int partition_profile(const struct partition_settings *settings,
		      const struct partition_model *model);

#endif
