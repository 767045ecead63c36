/* SPDX-License-Identifier: Apache-2.0 */
#include "board/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS " \t\n"

/* The group that may, beside root. */
static bool find_group(const char *path, mode_t right, char *name, size_t room)
{
	struct stat info;
	struct group group, *found = NULL;
	char memory[4096];

	if (stat(path, &info) < 0 || !(info.st_mode & right) || info.st_gid == 0 ||
	    getgrgid_r(info.st_gid, &group, memory, sizeof(memory), &found) != 0 || !found)
		return false;
	return snprintf(name, room, "%s", group.gr_name) < (int)room;
}

static int refuse(const char *path, int r, mode_t right, struct atoll_error *err)
{
	const char *shown = atoll_error_path(path);
	char group[64];

	if (r == -EACCES && find_group(path, right, group, sizeof(group)))
		return atoll_error_set(err, r,
				       "%s: %s; it is for root and the group %s", shown,
				       strerror(-r), group);
	if (r == -EACCES)
		return atoll_error_set(err, r, "%s: %s; it is for root", shown, strerror(-r));
	return atoll_error_set(err, r, "%s: %s", shown, strerror(-r));
}

int sysfs_path(char path[SYSFS_PATH_BYTES], const char *folder, const char *name,
	       struct atoll_error *err)
{
	if (snprintf(path, SYSFS_PATH_BYTES, "%s/%s", folder, name) < SYSFS_PATH_BYTES)
		return 0;
	return atoll_error_set(err, -ENAMETOOLONG, "%s: %s", atoll_error_path(folder),
			       strerror(ENAMETOOLONG));
}

/* A pipe or a terminal in the place of a file could be waited for. */
static int open_file(const char *path, int flags, mode_t right, struct atoll_error *err)
{
	int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat info;

	if (fd < 0)
		return refuse(path, -errno, right, err);
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		return fd;
	(void)close(fd); /* nothing was done with it */
	return refuse(path, S_ISDIR(info.st_mode) ? -EISDIR : -ENXIO, right, err);
}

/* All of it, or -EFBIG; a driver may give it in pieces. */
static int read_all(int fd, char *text, size_t room)
{
	size_t length = 0;

	while (length < room) {
		ssize_t got = read(fd, text + length, room - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return (int)length;
		length += (size_t)got;
	}
	return -EFBIG;
}

static bool is_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		const unsigned char letter = (unsigned char)text[i];

		if ((letter < ' ' && letter != '\n' && letter != '\t') || letter == 0x7f)
			return false;
	}
	return true;
}

/* In place; the length that is left. */
static int trim(char *text)
{
	const size_t before = strspn(text, BLANKS);
	size_t length = strlen(text + before);

	while (length > 0 && strchr(BLANKS, text[before + length - 1]))
		length--;
	memmove(text, text + before, length);
	text[length] = '\0';
	return (int)length;
}

/* How much of it there is to keep: -EFBIG, more than there is room for; -EBADMSG. */
static int look_at(const char *text, int length, size_t room, bool wants_line)
{
	const char *end = NULL;

	if (length < 0 && length != -EFBIG)
		return length;
	if (wants_line)
		end = memchr(text, '\n', length < 0 ? room : (size_t)length);
	if (end)
		length = (int)(end - text);
	return length >= 0 && !is_text(text, (size_t)length) ? -EBADMSG : length;
}

static int read_text(const char *folder, const char *name, char *text, size_t room,
		     bool wants_line, struct atoll_error *err)
{
	char path[SYSFS_PATH_BYTES];
	int fd, length, r = sysfs_path(path, folder, name, err);

	text[0] = '\0';
	if (r < 0)
		return r;
	fd = open_file(path, O_RDONLY, S_IRGRP, err);
	if (fd < 0)
		return fd;
	length = look_at(text, read_all(fd, text, room), room, wants_line);
	(void)close(fd); /* only read */
	text[length < 0 ? 0 : length] = '\0';
	return length < 0 ? refuse(path, length, S_IRGRP, err) : trim(text);
}

int sysfs_text(const char *folder, const char *name, char *text, size_t room,
	       struct atoll_error *err)
{
	return read_text(folder, name, text, room, false, err);
}

int sysfs_line(const char *folder, const char *name, char *text, size_t room,
	       struct atoll_error *err)
{
	return read_text(folder, name, text, room, true, err);
}

int sysfs_number(const char *folder, const char *name, int64_t low, int64_t high,
		 int64_t *value, struct atoll_error *err)
{
	char text[32], path[SYSFS_PATH_BYTES], *end;
	int64_t number;
	int r = sysfs_text(folder, name, text, sizeof(text), err);

	if (r < 0)
		return r;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (end != text && !*end && !errno && number >= low && number <= high) {
		*value = number;
		return 0;
	}
	r = sysfs_path(path, folder, name, err);
	return r < 0 ? r
		     : atoll_error_set(err, -EBADMSG,
				       "%s: '%s' is no number within %" PRId64
				       " to %" PRId64,
				       atoll_error_path(path), text, low, high);
}

int sysfs_put(const char *folder, const char *name, const char *text,
	      struct atoll_error *err)
{
	const size_t length = strlen(text);
	char path[SYSFS_PATH_BYTES];
	ssize_t put;
	int fd, r = sysfs_path(path, folder, name, err);

	if (r < 0)
		return r;
	fd = open_file(path, O_WRONLY | O_TRUNC, S_IWGRP, err);
	if (fd < 0)
		return fd;
	do
		put = write(fd, text, length);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		r = -errno;
	else if ((size_t)put != length)
		r = -EIO; /* a driver takes a value whole or not at all */
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r < 0 ? refuse(path, r, S_IWGRP, err) : 0;
}

int sysfs_put_number(const char *folder, const char *name, uint64_t value,
		     struct atoll_error *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	return sysfs_put(folder, name, text, err);
}

int sysfs_list(const char *folder, const char *prefix, char (*name)[SYSFS_NAME_BYTES],
	       uint32_t room, struct atoll_error *err)
{
	struct dirent **entry;
	int found = scandir(folder, &entry, NULL, versionsort), r = -errno;
	uint32_t count = 0;

	if (found < 0 && (r == -ENOENT || r == -ENOTDIR))
		return 0;
	if (found < 0)
		return refuse(folder, r, S_IRGRP, err);
	for (int i = 0; i < found; i++) {
		const char *shown = entry[i]->d_name;

		if (count < room && shown[0] != '.' && strlen(shown) < SYSFS_NAME_BYTES &&
		    strncmp(shown, prefix, strlen(prefix)) == 0)
			strcpy(name[count++], shown);
		free(entry[i]);
	}
	free(entry);
	return (int)count;
}
