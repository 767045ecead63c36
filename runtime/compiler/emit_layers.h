/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_EMIT_LAYERS_H
#define ATOLL_RUNTIME_COMPILER_EMIT_LAYERS_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/graph.h"
#include "runtime/edgetpu/package.h"
#include "runtime/memory.h"

/*
 * Tensors that go into and come out of a part, as the device sees them.
 *
 *	r = emit_layer(graph, part->input[0], &in, &err);
 *	r = emit_output(graph, part->output[0], &memory, &out, &err);
 *
 * -EINVAL and -EFBIG with a sentence that names file, tensor and reason; -ENOMEM. Names
 * stay in the graph, the rest in `memory`.
 */
int emit_layer(const struct compiler_graph *graph, int32_t tensor, struct edgetpu_layer *layer,
	       struct atoll_error *err);

/* With shape and layout, which inputs do not have. */
int emit_output(const struct compiler_graph *graph, int32_t tensor, struct memory *memory,
		struct edgetpu_layer *layer, struct atoll_error *err);

#endif
