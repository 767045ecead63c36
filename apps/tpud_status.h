/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TPUD_STATUS_H
#define ATOLL_APPS_TPUD_STATUS_H

#include <stdio.h>

#include "runtime/serve/status.h"

/*
 * How a daemon is, for people or as one JSON object.
 *
 *	tpud_status_text(stdout, status);
 *	tpud_status_json(stdout, status);
 */
void tpud_status_text(FILE *file, const struct serve_status *status);
void tpud_status_json(FILE *file, const struct serve_status *status);

#endif
