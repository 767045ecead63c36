/* SPDX-License-Identifier: Apache-2.0 */
#include "board/config_lines.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far above what people write, far below what would hurt. */
#define FILE_BYTES_MAX (1 << 20)
#define LINE_BYTES_MAX 4096

struct reading {
	size_t longest;
	atoll_config_take *take;
	void *data;
	size_t files; /* so far, this one among them */
};

/* Tabs are the only control characters that have a place in a line. */
static int check_line(const char *bytes, size_t length, size_t longest,
		      struct atoll_error *err)
{
	if (length > longest)
		return atoll_error_set(err, -EINVAL, "longer than %zu bytes", longest);
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return atoll_error_set(err, -EINVAL, "byte 0x%02x is not text", byte);
	}
	return 0;
}

static int read_bytes(struct reading *reading, const char *bytes, size_t size,
		      const char *name, struct atoll_error *err)
{
	struct atoll_config_line line = { .file = ++reading->files };
	const char *end = bytes + size;
	char text[LINE_BYTES_MAX + 1];

	name = atoll_error_path(name);
	if (size > FILE_BYTES_MAX)
		return atoll_error_set(err, -EFBIG, "%s: larger than 1 MiB", name);
	while (bytes < end) {
		const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t whole = (size_t)((stop ? stop : end) - bytes), length = whole;
		int r;

		if (length > 0 && bytes[length - 1] == '\r')
			length--;
		line.text = NULL;
		line.number++;
		(void)snprintf(line.place, sizeof(line.place), "%s:%zu", name, line.number);
		if (check_line(bytes, length, reading->longest, err) == 0) {
			line.text = memcpy(text, bytes, length);
			text[length] = '\0';
		}
		r = reading->take(reading->data, &line, err);
		if (r < 0)
			return r;
		bytes += whole + (stop != NULL);
	}
	return 0;
}

static int read_file(struct reading *reading, const char *path, struct atoll_error *err)
{
	const char *name = atoll_error_path(path);
	FILE *file = fopen(path, "re");
	char *bytes;
	size_t size;
	int r;

	if (!file && errno == ENOENT)
		return 0;
	if (!file)
		return atoll_error_set(err, -errno, "%s: %s", name, strerror(errno));
	bytes = malloc(FILE_BYTES_MAX + 1);
	if (!bytes) {
		r = atoll_error_set(err, -ENOMEM, "%s: %s", name, strerror(ENOMEM));
		goto done;
	}
	size = fread(bytes, 1, FILE_BYTES_MAX + 1, file);
	if (ferror(file))
		r = atoll_error_set(err, -errno, "%s: %s", name, strerror(errno));
	else
		r = read_bytes(reading, bytes, size, path, err);
done:
	free(bytes);
	(void)fclose(file); /* only read */
	return r;
}

static int is_drop_in(const struct dirent *file)
{
	const char *dot = strrchr(file->d_name, '.');

	return file->d_name[0] != '.' && dot && strcmp(dot, ".conf") == 0;
}

/* By bytes: the order must not hang on somebody's locale, as alphasort's does. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_in(struct reading *reading, const char *folder, const char *name,
			struct atoll_error *err)
{
	char *path;
	int r;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return atoll_error_set(err, -ENOMEM, "%s: %s", name, strerror(ENOMEM));
	r = read_file(reading, path, err);
	free(path);
	return r;
}

static int read_drop_ins(struct reading *reading, const char *folder, struct atoll_error *err)
{
	struct dirent **files;
	int count = scandir(folder, &files, is_drop_in, by_name);
	int r = 0;

	if (count < 0 && errno == ENOENT)
		return 0;
	if (count < 0)
		return atoll_error_set(err, -errno, "%s: %s", atoll_error_path(folder),
				       strerror(errno));
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = read_drop_in(reading, folder, files[i]->d_name, err);
		free(files[i]);
	}
	free(files);
	return r;
}

ATOLL_API int atoll_config_lines(const char *path, size_t longest, atoll_config_take *take,
				 void *data, struct atoll_error *err)
{
	struct reading reading = { .longest = longest, .take = take, .data = data };
	struct atoll_error unread;
	char *folder;
	int r;

	err = err ? err : &unread;
	if (longest > LINE_BYTES_MAX || asprintf(&folder, "%s.d", path) < 0) {
		r = longest > LINE_BYTES_MAX ? -EINVAL : -ENOMEM;
		return atoll_error_set(err, r, "%s: %s", atoll_error_path(path), strerror(-r));
	}
	r = read_file(&reading, path, err);
	if (r == 0)
		r = read_drop_ins(&reading, folder, err);
	free(folder);
	return r;
}

ATOLL_API int atoll_config_lines_bytes(const void *bytes, size_t size, const char *name,
				       size_t longest, atoll_config_take *take, void *data,
				       struct atoll_error *err)
{
	struct reading reading = { .longest = longest, .take = take, .data = data };
	struct atoll_error unread;

	err = err ? err : &unread;
	if (longest > LINE_BYTES_MAX)
		return atoll_error_set(err, -EINVAL, "%s: lines of %zu bytes",
				       atoll_error_path(name), longest);
	return read_bytes(&reading, bytes, size, name, err);
}
