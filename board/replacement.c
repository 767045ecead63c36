/* SPDX-License-Identifier: Apache-2.0 */
#include "board/replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Names that are tried: what a process of the same number left behind when it was
   killed stays where it is. */
#define TRIES 16

/* The descriptor of a file that was not there before, beside `path`. */
static int create(const char *path, char **temporary)
{
	int r = -EEXIST;

	for (unsigned i = 0; r == -EEXIST && i < TRIES; i++) {
		if (asprintf(temporary, "%s.%ld-%u~", path, (long)getpid(), i) < 0)
			return -ENOMEM;
		r = open(*temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (r < 0) {
			r = -errno;
			free(*temporary);
		}
	}
	return r;
}

ATOLL_API int atoll_replacement_open(struct atoll_replacement *replacement, const char *path)
{
	char *temporary;
	int fd = create(path, &temporary);
	FILE *file;

	if (fd < 0)
		return fd;
	file = fdopen(fd, "wb");
	if (!file) {
		(void)close(fd); /* nothing was written */
		(void)unlink(temporary);
		free(temporary);
		return -ENOMEM;
	}
	*replacement = (struct atoll_replacement){
		.file = file, .path = path, .temporary = temporary };
	return 0;
}

/* Down to the disk, so that the name never shows half a file. */
static int settle(FILE *file)
{
	if (!ferror(file) && fflush(file) == 0 && fsync(fileno(file)) == 0)
		return 0;
	return errno ? -errno : -EIO;
}

/* The name too, or the power is lost and the old file is back. Nobody is worse off where a
   file system cannot do that. */
static void settle_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd); /* nothing was written through it */
	}
	free(folder);
}

ATOLL_API int atoll_replacement_close(struct atoll_replacement *replacement, int r)
{
	if (r == 0)
		r = settle(replacement->file);
	if (fclose(replacement->file) != 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(replacement->temporary, replacement->path) != 0)
		r = -errno;
	if (r < 0)
		(void)unlink(replacement->temporary); /* half a file helps nobody */
	else
		settle_folder(replacement->path);
	free(replacement->temporary);
	return r;
}
