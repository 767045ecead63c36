/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/decode/classes.h"

#include <errno.h>
#include <string.h>

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

/* Keep `best` sorted; behind equals, so that the lower index stays in front. */
static void insert(struct atoll_class *best, uint32_t *count, uint32_t room,
		   struct atoll_class candidate)
{
	uint32_t at = *count;

	while (at > 0 && best[at - 1].score < candidate.score)
		at--;
	if (at == room)
		return;
	if (*count < room)
		(*count)++;
	memmove(&best[at + 1], &best[at], (*count - at - 1) * sizeof(*best));
	best[at] = candidate;
}

ATOLL_API int atoll_classes_top(const struct atoll_tensor *output, float threshold,
				struct atoll_class *best, uint32_t room)
{
	uint32_t count = 0;

	if (output->type != ATOLL_FLOAT32 && output->type != ATOLL_UINT8 &&
	    output->type != ATOLL_INT8)
		return -ENOTSUP;
	for (size_t i = 0; i < output->elements && room > 0; i++) {
		struct atoll_class candidate = { (uint32_t)i, real_value(output, i) };

		if (candidate.score >= threshold)
			insert(best, &count, room, candidate);
	}
	return (int)count;
}
