/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DECODE_MASK_H
#define ATOLL_RUNTIME_DECODE_MASK_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/tensor.h"

/*
 * Which class each pixel belongs to, from a segmentation model.
 *
 *	if (atoll_mask_size(output, &width, &height, &classes, &err) == 0)
 *		mask = malloc((size_t)width * height);
 *	atoll_mask_read(output, mask);
 *
 * Reads [1][height][width] class indices (int32, int64, uint8, as ARG_MAX gives
 * them) and [1][height][width][classes] scores (uint8, int8, float32).
 */

/* `classes` is 0 when the output holds indices and does not say. -ENOTSUP for
   other outputs and for more than 256 classes. */
int atoll_mask_size(const struct atoll_tensor *output, uint32_t *width, uint32_t *height,
		    uint32_t *classes, struct atoll_error *err);

/* [height][width] classes into `mask`; equal scores go to the first, indices
   below 0 and above 255 are 255, NaN is never the best. */
void atoll_mask_read(const struct atoll_tensor *output, uint8_t *mask);

#endif
