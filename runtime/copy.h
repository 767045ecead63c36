/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COPY_H
#define ATOLL_RUNTIME_COPY_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/builder.h"
#include "runtime/memory.h"
#include "runtime/model.h"

/*
 * Tensors and operators of a model that loaded, as the builder takes them.
 *
 *	struct memory memory = MEMORY_UNLIMITED;
 *	struct atoll_builder_tensor tensor = copy_tensor(&model->graph[0], 3);
 *	struct atoll_builder_operator op;
 *
 *	atoll_builder_tensor(builder, &tensor);
 *	if (copy_operator(&model->graph[0].op[0], &memory, &op, &err) == 0)
 *		atoll_builder_operator(builder, &op);
 *	memory_free(&memory);
 *
 * Copies refer to the model, and to lists in `memory`; tensors of an operator have the
 * model's numbers until the caller gives it other lists.
 */
struct atoll_builder_tensor copy_tensor(const struct atoll_graph *graph, uint32_t index);

/* -ENOMEM, or -EINVAL for options that the builder has no words for. */
int copy_operator(const struct atoll_operator *op, struct memory *memory,
		  struct atoll_builder_operator *copy, struct atoll_error *err);

#endif
