/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/replacement.h"

/* Read to the end; the size a file is said to have is only its size before that. */
static int read_all(struct small_file *file, int fd)
{
	ssize_t got = 1;

	while (got > 0 && file->size <= SMALL_FILE_BYTES) {
		got = read(fd, file->data + file->size, SMALL_FILE_BYTES + 1 - file->size);
		if (got < 0)
			return -errno;
		file->size += (size_t)got;
	}
	return file->size > SMALL_FILE_BYTES ? -EFBIG : 0;
}

static int read_open(struct small_file *file, int fd)
{
	struct stat status;
	int r;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	file->data = malloc(SMALL_FILE_BYTES + 2);
	if (!file->data)
		return -ENOMEM;
	r = read_all(file, fd);
	file->data[r < 0 ? 0 : file->size] = '\0';
	return r;
}

int small_file_read(struct small_file *file, const char *path, struct atoll_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;

	*file = (struct small_file){ .data = NULL };
	r = fd < 0 ? -errno : read_open(file, fd);
	if (fd >= 0)
		(void)close(fd); /* only read */
	if (r < 0) {
		small_file_free(file);
		atoll_error_set(err, r, "%s: %s", atoll_error_path(path), strerror(-r));
	}
	return r;
}

int small_file_write(const struct small_file *file, const char *path,
		     struct atoll_error *err)
{
	struct atoll_replacement replacement;
	int r = atoll_replacement_open(&replacement, path);

	if (r == 0) {
		(void)fwrite(file->data, 1, file->size, replacement.file); /* close tells */
		r = atoll_replacement_close(&replacement, 0);
	}
	if (r < 0)
		atoll_error_set(err, r, "%s: %s", atoll_error_path(path), strerror(-r));
	return r;
}

void small_file_free(struct small_file *file)
{
	free(file->data);
	*file = (struct small_file){ .data = NULL };
}
