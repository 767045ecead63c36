/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/microphone.h"

static const struct {
	const char *name;
	uint32_t bytes;
} kinds[] = {
	[ATOLL_S16] = { "S16", 2 },
	[ATOLL_S24] = { "S24", 4 },
	[ATOLL_S24_3] = { "S24_3", 3 },
	[ATOLL_S32] = { "S32", 4 },
	[ATOLL_U8] = { "U8", 1 },
	[ATOLL_F32] = { "F32", 4 },
};

ATOLL_API uint32_t atoll_samples_bytes(enum atoll_samples samples)
{
	return kinds[samples].bytes;
}

ATOLL_API const char *atoll_samples_name(enum atoll_samples samples)
{
	return kinds[samples].name;
}
