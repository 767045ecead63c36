/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_JSON_H
#define ATOLL_APPS_COMPILE_JSON_H

#include "apps/compile.h"
#include "runtime/compiler/estimate.h"

/*
 * A compilation as one JSON object on a line.
 *
 *	compile_json(stdout, settings, item, estimate, items, compiled->token, 12);
 *
 * `estimate` [items], or NULL.
 */
void compile_json(FILE *file, const struct compile_settings *settings,
		  const struct compile_item *item, const struct atoll_estimate *estimate,
		  uint32_t items, uint64_t token, int64_t took_ms);

/* One that failed: {"failure":"not quantized","error":"..."}. */
void compile_json_failure(FILE *file, const char *failure, const char *error);

/* "not quantized", ... */
const char *compile_json_kind(enum atoll_compile_failure failure);

#endif
