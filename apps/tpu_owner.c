/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu: who has a device open. */
#include "apps/tpu.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODE_TEXT 32

/* Is one of the links in this folder to the node? */
static bool has_open(DIR *links, const char *node)
{
	struct dirent *entry;
	char target[NODE_TEXT];
	ssize_t length;

	while ((entry = readdir(links))) {
		length = readlinkat(dirfd(links), entry->d_name, target, sizeof(target));
		if (length == (ssize_t)strlen(node) &&
		    memcmp(target, node, (size_t)length) == 0)
			return true;
	}
	return false;
}

/* Programs may call themselves anything. */
static void read_name(int process, char *name, size_t size)
{
	int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, name, size - 1);

	if (fd >= 0)
		(void)close(fd); /* only read */
	name[length > 0 ? length : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	for (char *at = name; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';
}

/* Does this process, a folder of /proc, have the node open? */
static void look_into(int process, const char *node, int pid, struct tpu_owner *owner)
{
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *links = fd < 0 ? NULL : fdopendir(fd);

	if (!links) {
		if (fd >= 0)
			(void)close(fd); /* nothing was read */
		/* Either not ours to see or, rarely, gone since it was listed. */
		owner->is_all_seen = false;
		return;
	}
	if (has_open(links, node)) {
		owner->pid = pid;
		read_name(process, owner->name, sizeof(owner->name));
	}
	(void)closedir(links); /* only read */
}

void tpu_owner_find(const char *proc, const struct usb_found *found,
		    struct tpu_owner *owner)
{
	DIR *processes = opendir(proc);
	struct dirent *entry;
	char node[NODE_TEXT];

	*owner = (struct tpu_owner){ .is_all_seen = processes };
	if (!processes)
		return;
	(void)snprintf(node, sizeof(node), "/dev/bus/usb/%03u/%03u", found->place.bus,
		       found->address);
	while (owner->pid == 0 && (entry = readdir(processes))) {
		int pid = atoi(entry->d_name), process;

		if (pid <= 0 || pid == getpid())
			continue;
		process = openat(dirfd(processes), entry->d_name,
				 O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue; /* it has ended */
		look_into(process, node, pid, owner);
		(void)close(process); /* only looked */
	}
	(void)closedir(processes); /* only read */
}
