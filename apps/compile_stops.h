/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_STOPS_H
#define ATOLL_APPS_COMPILE_STOPS_H

#include <stdint.h>

#include "board/error.h"

/*
 * Names of tensors as --intermediate-tensors has them: "a,b" for one model, "a,b:c" for
 * two, the second with c alone.
 *
 *	struct stops *stops = stops_new("a,b:c", 2, &err);
 *
 *	job.stop = stops_names(stops, 1, &job.stops);
 *	stops_free(stops);
 *
 * Of one model the names may have colons in them.
 */
struct stops;

/* NULL with a sentence when there are not as many lists as models, or a name is empty.
   A list may be. */
struct stops *stops_new(const char *text, uint32_t models, struct atoll_error *err);
void stops_free(struct stops *stops); /* NULL is allowed */

/* NULL and none for NULL. */
const char *const *stops_names(const struct stops *stops, uint32_t model, uint32_t *count);

#endif
