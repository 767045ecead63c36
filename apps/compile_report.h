/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_REPORT_H
#define ATOLL_APPS_COMPILE_REPORT_H

#include "apps/compile.h"
#include "runtime/compiler/estimate.h"

/*
 * What atoll-compile says, line for line as the vendor's compiler, version 16: scripts
 * all over the world read it.
 *
 *	report_version(stdout, "16.0.384591198");
 *	report_timer(stdout, 180);
 *	report_models(stdout, item, items, 12, false);
 *	report_end(stdout, REPORT_GOOD);
 */
void report_version(FILE *file, const char *version);
void report_timer(FILE *file, uint32_t seconds);

/* How long it took, and each item, with the table of its operators or without. */
void report_models(FILE *file, const struct compile_item *item, uint32_t items,
		   int64_t took_ms, bool shows_operations);

/* The lines of --search-delegate; of the first `operators` of the graph, those tensors
   that others need are named, unless they are all. */
void report_search(FILE *file, uint32_t step);
void report_attempt(FILE *file, const struct atoll_graph *graph, uint32_t operators);

/* A whole .log file. */
void report_log(FILE *file, const char *version, const struct compile_item *item);

/* A line of our own for each bus, behind what is above. */
void report_estimate(FILE *file, const struct compile_item *item,
		     const struct atoll_estimate *estimate);

/* Why there is no model. `graph` is NULL when it could not even be read. */
void report_failure(FILE *file, const char *path, const struct atoll_graph *graph,
		    enum atoll_compile_failure failure);

enum report_end { REPORT_GOOD, REPORT_FAILED, REPORT_TIMEOUT };
void report_end(FILE *file, enum report_end end);

/* "66.00KiB": the largest unit of which there is one. */
#define REPORT_SIZE_TEXT 24
const char *report_size(uint64_t bytes, char text[REPORT_SIZE_TEXT]);

/* Operators of a kind: "CONV_2D", all that are custom as "CUSTOM". */
const char *report_operator(const struct atoll_operator *op);

#endif
