/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/usb_nodes.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

/* FNV-1a, by its authors' numbers, then mixed so that sums of names tell them apart. */
static uint64_t hash(const char *bus, const char *node)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (; *bus; bus++)
		sum = (sum ^ (uint8_t)*bus) * UINT64_C(0x100000001b3);
	sum = (sum ^ '/') * UINT64_C(0x100000001b3);
	for (; *node; node++)
		sum = (sum ^ (uint8_t)*node) * UINT64_C(0x100000001b3);
	return (sum ^ sum >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint64_t sum_bus(const char *folder, const char *bus)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	uint64_t sum = 0;
	DIR *nodes;

	if (snprintf(path, sizeof(path), "%s/%s", folder, bus) >= (int)sizeof(path))
		return 0;
	nodes = opendir(path);
	while (nodes && (entry = readdir(nodes)))
		if (entry->d_name[0] != '.')
			sum += hash(bus, entry->d_name); /* in whatever order they come */
	if (nodes)
		(void)closedir(nodes); /* only read */
	return sum;
}

uint64_t usb_nodes_sum(const char *folder)
{
	const struct dirent *entry;
	uint64_t sum = 0;
	DIR *buses = opendir(folder);

	while (buses && (entry = readdir(buses)))
		if (entry->d_name[0] != '.')
			sum += sum_bus(folder, entry->d_name);
	if (buses)
		(void)closedir(buses); /* likewise */
	return sum;
}
