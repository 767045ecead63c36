/* SPDX-License-Identifier: Apache-2.0 */
#include "board/process.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "board/error.h"

ATOLL_API void atoll_process_name(const char *proc, long pid, char *name, size_t size)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%ld/comm", proc, pid);
	file = fopen(path, "re");
	if (!file || !fgets(name, (int)size, file))
		(void)snprintf(name, size, "one that ended");
	if (file)
		(void)fclose(file); /* only read */
	name[strcspn(name, "\n")] = '\0';
	for (char *at = name; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';
}
