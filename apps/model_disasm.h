/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_MODEL_DISASM_H
#define ATOLL_APPS_MODEL_DISASM_H

#include <stdbool.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * The programs of compiled operators, instruction by instruction, on stdout.
 *
 *	if (model_disasm(&model->graph[0], false, &err) < 0)
 *		options_say("%s: %s", path, err.text);
 *
 * `wants_all` adds all fields and the bits that no field covers. -EINVAL with a
 * sentence at the first operator that cannot be read and the first instruction that
 * is not known; what came before it has been printed. -ENODATA when nothing in the
 * graph was compiled.
 */
int model_disasm(const struct atoll_graph *graph, bool wants_all, struct atoll_error *err);

#endif
