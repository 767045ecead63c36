/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_LAYER_H
#define ATOLL_RUNTIME_EDGETPU_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"
#include "runtime/flatbuf.h"
#include "runtime/memory.h"

/*
 * The layers of an executable, see package.h, out of verified tables.
 *
 *	r = edgetpu_layers_read(flatbuf_vector(executable, DARWINN_EXECUTABLE_INPUT_LAYERS),
 *				false, memory, &layer, &layers, err);
 *
 * Everything that tells where bytes are is checked. 0, -EINVAL or -ENOTSUP with a
 * sentence that begins with the layer, -ENOMEM.
 */
int edgetpu_layers_read(struct flatbuf_vector tables, bool is_output,
			struct memory *memory, struct edgetpu_layer **layer,
			uint32_t *layers, struct atoll_error *err);

/* Which outputs are the next values of which inputs; writes their `state_of`. */
int edgetpu_states_match(struct edgetpu_layer *output, uint32_t outputs,
			 const struct edgetpu_layer *input, uint32_t inputs,
			 struct atoll_error *err);

/* How an output with these dimensions, type and size is spread; fills its layout. */
int edgetpu_layout_read(struct flatbuf_table output, struct edgetpu_layer *layer,
			struct memory *memory, struct atoll_error *err);

/* The ranges of a TensorShape: how many, or -EINVAL when one is empty or there are
   more than 5. */
int edgetpu_shape_read(struct flatbuf_table shape, struct edgetpu_range range[5]);

/* Indices in a range. */
uint64_t edgetpu_extent(struct edgetpu_range range);

#endif
