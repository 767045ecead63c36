/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SPREAD_H
#define ATOLL_RUNTIME_COMPILER_SPREAD_H

#include <stdbool.h>

#include "runtime/edgetpu/package.h"
#include "runtime/memory.h"

/*
 * How an output lies in the stream when the vendor's compiler placed it: cut into 4 x 4
 * tiles, which follow each other, and in each of them pixels of a multiple of 4 numbers.
 *
 *	struct edgetpu_layer layer = { .y = 33, .x = 33, .z = 19, .element = 1 };
 *
 *	if (!spread_output(&layer, &memory))
 *		return -ENOMEM;
 *
 * Sets size and layout (not its runs, which are found when it is read) from y, x, z and
 * element; the vectors live in `memory`. A single pixel is flat. False when out of
 * memory.
 */
bool spread_output(struct edgetpu_layer *layer, struct memory *memory);

#endif
