/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_RUN_H
#define ATOLL_APPS_COMPILE_RUN_H

#include "apps/compile.h"
#include "apps/compile_stops.h"

/*
 * One compilation, from models to files and reports, in a process that is ended when it
 * takes too long.
 *
 *	struct compile_run run = {
 *		.settings = &settings, .options = settings.options,
 *		.items = 1, .item = &item,
 *	};
 *
 *	if (run_load(&run, &item) && run_compile(&run))
 *		...
 *
 * What went wrong was said when these return false.
 */
struct compile_run {
	const struct compile_settings *settings;
	struct atoll_compile_options options;
	uint32_t items;
	struct compile_item *item;
	const struct stops *stops;   /* for each item, or NULL */
	FILE *page;                  /* of the HTML, flushed, or NULL */
	uint32_t operators_max;      /* 0: all; set by run_compile when it searches */
};

/* The model of item->path, which is then the caller's to free. */
bool run_load(const struct compile_run *run, struct compile_item *item);

bool run_compile(struct compile_run *run);

/* Are there the lines of the vendor's compiler on stdout? */
bool run_reports(const struct compile_settings *settings);

#endif
