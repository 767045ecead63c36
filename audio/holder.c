/* SPDX-License-Identifier: Apache-2.0 */
/* Who keeps a capture device busy, as the kernel tells everybody. */
#include "audio/pcm.h"

#include <errno.h>
#include <stdio.h>

#include "board/process.h"

/* The "owner_pid" of one of the device's streams; 0 when it is closed. */
static int owner_of(const char *path, unsigned *owner)
{
	char line[80];
	FILE *file = fopen(path, "re");

	*owner = 0;
	if (!file)
		return -ENOENT;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "owner_pid : %u", owner) == 1)
			break;
	(void)fclose(file); /* only looked */
	return 0;
}

int pcm_holder(const char *proc, int card, int device, char *text, size_t size)
{
	unsigned owner = 0;
	char path[256], name[32];

	for (unsigned stream = 0; !owner; stream++) {
		(void)snprintf(path, sizeof(path),
			       "%s/asound/card%d/pcm%dc/sub%u/status", proc, card,
			       device, stream);
		if (owner_of(path, &owner) < 0)
			return -ENOENT;
	}
	atoll_process_name(proc, (long)owner, name, sizeof(name));
	(void)snprintf(text, size, "%s, process %u", name, owner);
	return 0;
}
