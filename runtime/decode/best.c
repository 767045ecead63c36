/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/decode/best.h"

#include <string.h>

static float score_of(const struct best *best, const void *item)
{
	float score;

	memcpy(&score, (const char *)item + best->score_at, sizeof(score));
	return score;
}

void best_offer(struct best *best, const void *candidate)
{
	const size_t bytes = best->bytes;
	float score = score_of(best, candidate);
	uint32_t at = best->count;

	while (at > 0 && score_of(best, best->item + (at - 1) * bytes) < score)
		at--;
	if (at == best->room)
		return;
	if (best->count < best->room)
		best->count++;
	memmove(best->item + (at + 1) * bytes, best->item + at * bytes,
		(best->count - at - 1) * bytes);
	memcpy(best->item + at * bytes, candidate, bytes);
}
