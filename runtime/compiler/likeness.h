/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_LIKENESS_H
#define ATOLL_RUNTIME_COMPILER_LIKENESS_H

#include "board/error.h"
#include "runtime/compiler/partition.h"
#include "runtime/model.h"

/*
 * Would the same instructions do for two graphs? They do when nothing differs but what
 * is in blocks of parameters.
 *
 *	r = likeness_check(&model->graph[0], &part, &twin->graph[0], &err);
 *
 * The operators of the part must have the same numbers in both. In instructions there
 * are operators with their options, shapes, types, the scales of all activations, the
 * scales and zero points of weights (scales of channels only where those are all equal),
 * constants that are no parameters, and which tables a block has. 0, -ENOMEM, or -EINVAL
 * with a sentence for the first difference:
 *
 *	operator 3 (CONV_2D): input 1 (weights): scale 0.5, compiled with 0.25
 */
int likeness_check(const struct atoll_graph *graph, const struct compiler_part *part,
		   const struct atoll_graph *twin, struct atoll_error *err);

#endif
