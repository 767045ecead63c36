/* SPDX-License-Identifier: Apache-2.0 */
/* Who keeps a device busy, as far as /proc lets us see. */
#include "camera/device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether one of the files that `process`, a folder of /proc, has open is `path`. */
static bool has_open(int proc, const char *process, const char *path)
{
	char name[NAME_MAX + 8], target[PATH_MAX];
	struct dirent *entry;
	bool is_found = false;
	ssize_t length;
	DIR *folder;
	int fd;

	(void)snprintf(name, sizeof(name), "%s/fd", process);
	fd = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		if (fd >= 0)
			(void)close(fd); /* only looked */
		return false;
	}
	while (!is_found && (entry = readdir(folder))) {
		length = readlinkat(fd, entry->d_name, target, sizeof(target) - 1);
		target[length < 0 ? 0 : length] = '\0';
		is_found = strcmp(target, path) == 0;
	}
	(void)closedir(folder); /* likewise */
	return is_found;
}

static void read_name(int proc, const char *process, char name[32])
{
	char path[NAME_MAX + 8];
	ssize_t length = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/comm", process);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, name, 31);
		(void)close(fd); /* likewise */
	}
	name[length < 0 ? 0 : length] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

int camera_holder(const char *proc, const char *path, char *text, size_t size)
{
	DIR *folder = opendir(proc);
	struct dirent *entry;
	char name[32];
	int r = -ENOENT;

	if (!folder)
		return -ENOENT;
	while (r < 0 && (entry = readdir(folder))) {
		const char *process = entry->d_name;

		if (strspn(process, "0123456789") != strlen(process) ||
		    strtol(process, NULL, 10) == getpid() ||
		    !has_open(dirfd(folder), process, path))
			continue;
		read_name(dirfd(folder), process, name);
		(void)snprintf(text, size, "%s, process %s", name, process);
		r = 0;
	}
	(void)closedir(folder); /* likewise */
	return r;
}
