/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_LAYER_WRITE_H
#define ATOLL_RUNTIME_EDGETPU_LAYER_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/edgetpu/package.h"
#include "runtime/flatwrite.h"

/*
 * Layers as tables, behind the offset at `slot`: what edgetpu_layers_read reads.
 *
 *	edgetpu_layers_write(&file, field.slot, executable->input, executable->inputs,
 *			     false);
 */
void edgetpu_layers_write(struct flatwrite *file, size_t slot,
			  const struct edgetpu_layer *layer, uint32_t layers, bool is_output);

#endif
