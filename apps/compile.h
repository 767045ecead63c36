/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_H
#define ATOLL_APPS_COMPILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/compiler/compile.h"
#include "runtime/model.h"

/* What the parts of atoll-compile hand to each other. */

/* The command line, checked. Everything lives as long as the program. */
struct compile_settings {
	const char *version;         /* for the first line of reports and logs */
	uint32_t models;
	char *const *path;           /* [models] as given */
	const char *folder;          /* for what is written; NULL: the current one */
	struct atoll_compile_options options;
	const char *like_path, *twin_path;
	const char *stops;           /* lists of tensors as given, or NULL */
	uint32_t segments;           /* 0: not cut */
	bool searches;
	uint32_t search_step;
	uint32_t timeout_s;
	bool shows_operations, is_check, wants_estimate, wants_json;
	const char *page_path;       /* of the HTML, or NULL */
};

/* One model of a run: where it comes from, where it goes, and what became of it. */
struct compile_item {
	const char *path;            /* as given */
	const struct atoll_model *model;
	char *output_path, *log_path;
	const struct atoll_compiled_model *compiled;
	uint64_t others_bytes;       /* that other models of the run keep on the chip */
	const char *warning;         /* of the target, or NULL */
};

#endif
