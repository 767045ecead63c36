/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/decode/labels.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any classifier has outputs; keeps "4000000000: x" from asking for
   that much memory. */
#define INDEX_MAX 1000000

struct atoll_labels {
	char *text;        /* the file, lines ended by NULs */
	const char **name; /* [count], into text */
	uint32_t count;
};

static int read_text(const char *path, char **text, size_t *size, struct atoll_error *err)
{
	FILE *file = fopen(path, "rbe");
	size_t capacity = 0;
	ssize_t length;

	if (!file)
		return atoll_error_set(err, -errno, "labels: %s: %s", path, strerror(errno));
	*text = NULL;
	errno = 0;
	/* No file has a byte 0xff in its text, so this reads to the end. */
	length = getdelim(text, &capacity, 0xff, file);
	if (length < 0 && ferror(file)) {
		int r = atoll_error_set(err, errno ? -errno : -EIO, "labels: %s: %s", path,
					strerror(errno ? errno : EIO));
		(void)fclose(file);
		return r;
	}
	*size = length < 0 ? 0 : (size_t)length;
	(void)fclose(file); /* only read */
	if (*size == 0)
		return atoll_error_set(err, -EINVAL, "labels: %s: the file is empty", path);
	if (memchr(*text, 0, *size) || (unsigned char)(*text)[*size - 1] == 0xff)
		return atoll_error_set(err, -EINVAL, "labels: %s: not a text file", path);
	return 0;
}

/* "17  name", "17: name" or "17 name": the number and where the name begins. */
static bool split_number(const char *line, unsigned long *number, const char **name)
{
	char *end;

	if (!isdigit((unsigned char)*line))
		return false;
	*number = strtoul(line, &end, 10);
	if (*end != ':' && *end != ' ' && *end != '\t')
		return false;
	end += *end == ':';
	end += strspn(end, " \t");
	*name = end;
	return *end != '\0';
}

/* Cut the text into lines without their ends; returns how many. */
static uint32_t cut_lines(char *text, const char **line)
{
	uint32_t count = 0;
	char *rest = text, *next;

	while ((next = strsep(&rest, "\n"))) {
		next[strcspn(next, "\r")] = '\0';
		if (rest || *next) /* no line behind the last newline */
			line[count++] = next;
	}
	return count;
}

/* Blank lines aside; a file of nothing else is not numbered. */
static bool all_numbered(const char *const *line, uint32_t lines)
{
	unsigned long number;
	const char *name;
	bool has_numbers = false;

	for (uint32_t i = 0; i < lines; i++) {
		if (!*line[i])
			continue;
		if (!split_number(line[i], &number, &name))
			return false;
		has_numbers = true;
	}
	return has_numbers;
}

static int name_by_number(struct atoll_labels *labels, const char *path,
			  const char *const *line, uint32_t lines, struct atoll_error *err)
{
	unsigned long number, largest = 0;
	const char *name;

	for (uint32_t i = 0; i < lines; i++)
		if (*line[i] && split_number(line[i], &number, &name) && number > largest)
			largest = number;
	if (largest > INDEX_MAX)
		return atoll_error_set(err, -EINVAL, "labels: %s: index %lu is above %d",
				       path, largest, INDEX_MAX);
	labels->name = calloc(largest + 1, sizeof(*labels->name));
	if (!labels->name)
		return atoll_error_set(err, -ENOMEM, "labels: %s: out of memory", path);
	labels->count = (uint32_t)largest + 1;
	for (uint32_t i = 0; i < lines; i++) {
		if (!*line[i] || !split_number(line[i], &number, &name))
			continue;
		if (labels->name[number])
			return atoll_error_set(err, -EINVAL,
					       "labels: %s: line %u: index %lu has a name already",
					       path, i + 1, number);
		labels->name[number] = name;
	}
	return 0;
}

static int name_lines(struct atoll_labels *labels, const char *path, size_t size,
		      struct atoll_error *err)
{
	const char **line = calloc(size + 1, sizeof(*line));
	uint32_t lines;
	int r;

	if (!line)
		return atoll_error_set(err, -ENOMEM, "labels: %s: out of memory", path);
	/* Some editors put a byte order mark in front of UTF-8. */
	lines = cut_lines(labels->text + (strncmp(labels->text, "\ufeff", 3) == 0 ? 3 : 0),
			  line);
	if (!all_numbered(line, lines)) {
		labels->name = line;
		labels->count = lines;
		return 0;
	}
	r = name_by_number(labels, path, line, lines, err);
	free(line);
	return r;
}

ATOLL_API struct atoll_labels *atoll_labels_load(const char *path, struct atoll_error *err)
{
	struct atoll_labels *labels = calloc(1, sizeof(*labels));
	size_t size = 0;

	if (!labels) {
		atoll_error_set(err, -ENOMEM, "labels: %s: out of memory", path);
		return NULL;
	}
	if (read_text(path, &labels->text, &size, err) < 0 ||
	    name_lines(labels, path, size, err) < 0) {
		atoll_labels_free(labels);
		return NULL;
	}
	return labels;
}

ATOLL_API void atoll_labels_free(struct atoll_labels *labels)
{
	if (!labels)
		return;
	free(labels->name);
	free(labels->text);
	free(labels);
}

ATOLL_API uint32_t atoll_labels_count(const struct atoll_labels *labels)
{
	return labels ? labels->count : 0;
}

ATOLL_API const char *atoll_labels_name(const struct atoll_labels *labels, uint32_t index)
{
	return labels && index < labels->count ? labels->name[index] : NULL;
}
