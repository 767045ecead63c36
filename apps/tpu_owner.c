/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu: who has a device open. */
#include "apps/tpu_owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/process.h"

/* Longer links lead elsewhere. */
#define NODE_TEXT 64

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

/* Does this process, a folder of /proc, have the node open? 0 or 1, or -1 when that
   is not ours to see. */
static int look_into(int process, const char *node)
{
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *links = fd < 0 ? NULL : fdopendir(fd);
	bool has_it;

	if (!links) {
		if (fd >= 0)
			(void)close(fd); /* nothing was read */
		return -1;
	}
	has_it = has_open(links, node);
	(void)closedir(links); /* only read */
	return has_it;
}

bool tpu_owner_find(const char *proc, const char *node, struct tpu_owner *owner,
		    uint32_t *unseen)
{
	DIR *processes = opendir(proc);
	struct dirent *entry;

	*owner = (struct tpu_owner){ 0 };
	*unseen = processes ? 0 : 1;
	while (processes && owner->pid == 0 && (entry = readdir(processes))) {
		int pid = atoi(entry->d_name), process, r;

		if (pid <= 0 || pid == getpid())
			continue;
		process = openat(dirfd(processes), entry->d_name,
				 O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue; /* it has ended */
		r = look_into(process, node);
		*unseen += r < 0 ? 1 : 0;
		if (r > 0) {
			owner->pid = pid;
			atoll_process_name(proc, pid, owner->name, sizeof(owner->name));
		}
		(void)close(process); /* only looked */
	}
	if (processes)
		(void)closedir(processes); /* only read */
	return owner->pid;
}
