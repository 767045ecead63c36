/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/decode/classes.h"

#include <errno.h>

#include "runtime/decode/best.h"

static float real_value(const struct atoll_tensor *output, size_t i)
{
	int32_t stored;

	if (output->type == ATOLL_FLOAT32)
		return ((const float *)output->data)[i];
	stored = output->type == ATOLL_UINT8 ? ((const uint8_t *)output->data)[i] :
		((const int8_t *)output->data)[i];
	if (output->quant.channels == 0)
		return (float)stored;
	return output->quant.scale * (float)(stored - output->quant.zero_point);
}

ATOLL_API int atoll_classes_top(const struct atoll_tensor *output, float threshold,
				struct atoll_class *best, uint32_t room)
{
	struct best list = BEST(best, room, score);

	if (output->type != ATOLL_FLOAT32 && output->type != ATOLL_UINT8 &&
	    output->type != ATOLL_INT8)
		return -ENOTSUP;
	for (size_t i = 0; i < output->elements; i++) {
		struct atoll_class candidate = { (uint32_t)i, real_value(output, i) };

		if (candidate.score >= threshold)
			best_offer(&list, &candidate);
	}
	return (int)list.count;
}
