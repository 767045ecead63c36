/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/overlay_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/small_file.h"

#define KEY "overlay="
#define BLANKS " \t"

#define NAMES 256

struct overlay_list {
	char *path;
	struct small_file old, text;  /* as read, and as it is to be */
	bool has_line;           /* one begins with KEY; */
	size_t from, to;         /* its names are there in text */
	char *words;             /* the same, each with a NUL behind it */
	const char *name[NAMES + 1];
};

/* A line ends before its line end, "\r" and blanks that nobody sees included. */
static size_t end_of_value(const char *text, size_t from, size_t end)
{
	while (end > from && strchr(BLANKS "\r\n", text[end - 1]))
		end--;
	return end;
}

/* Find the line that counts, the last. */
static void find_line(struct overlay_list *list)
{
	const char *text = list->text.data;
	size_t next;

	list->has_line = false;
	for (size_t at = 0; at < list->text.size; at = next) {
		size_t begin = at + strspn(text + at, BLANKS);

		next = at + strcspn(text + at, "\n");
		next += next < list->text.size;
		if (strncmp(text + begin, KEY, strlen(KEY)) != 0)
			continue;
		list->has_line = true;
		list->from = begin + strlen(KEY);
		list->from += strspn(text + list->from, BLANKS);
		list->to = end_of_value(text, list->from, next);
	}
}

/* Look at the text again. */
static int settle(struct overlay_list *list, struct atoll_error *err)
{
	char *rest;
	size_t i = 0;

	find_line(list);
	free(list->words);
	list->words = list->has_line ?
		strndup(list->text.data + list->from, list->to - list->from) : strdup("");
	if (!list->words)
		return atoll_error_set(err, -ENOMEM, "%s: %s", list->path, strerror(ENOMEM));
	for (char *word = strtok_r(list->words, BLANKS "\r", &rest); word;
	     word = strtok_r(NULL, BLANKS "\r", &rest)) {
		if (i == NAMES)
			return atoll_error_set(err, -E2BIG, "%s: more than %d overlays",
					       atoll_error_path(list->path), NAMES);
		list->name[i++] = word;
	}
	list->name[i] = NULL;
	return 0;
}

static int load(struct overlay_list *list, const char *path, struct atoll_error *err)
{
	int r = small_file_read(&list->old, path, err);

	if (r < 0)
		return r;
	if (strlen(list->old.data) != list->old.size)
		return atoll_error_set(err, -EINVAL, "%s: not text", atoll_error_path(path));
	list->path = strdup(path);
	list->text = (struct small_file){ strdup(list->old.data), list->old.size };
	if (!list->path || !list->text.data)
		return atoll_error_set(err, -ENOMEM, "%s: %s", path, strerror(ENOMEM));
	return settle(list, err);
}

struct overlay_list *overlay_list_load(const char *path, struct atoll_error *err)
{
	struct overlay_list *list = calloc(1, sizeof(*list));

	if (!list)
		atoll_error_set(err, -ENOMEM, "%s: %s", path, strerror(ENOMEM));
	if (list && load(list, path, err) < 0) {
		overlay_list_free(list);
		list = NULL;
	}
	return list;
}

void overlay_list_free(struct overlay_list *list)
{
	if (!list)
		return;
	free(list->path);
	small_file_free(&list->old);
	small_file_free(&list->text);
	free(list->words);
	free(list);
}

const char *overlay_list_name(const struct overlay_list *list, size_t i)
{
	return i < NAMES ? list->name[i] : NULL;
}

bool overlay_list_has(const struct overlay_list *list, const char *name)
{
	for (size_t i = 0; list->name[i]; i++)
		if (strcmp(list->name[i], name) == 0)
			return true;
	return false;
}

/* Put `words` in the place of `length` bytes at `at`. */
static int put(struct overlay_list *list, size_t at, size_t length, const char *words,
	       struct atoll_error *err)
{
	char *data;
	int size = asprintf(&data, "%.*s%s%s", (int)at, list->text.data, words,
			    list->text.data + at + length);

	if (size < 0)
		return atoll_error_set(err, -ENOMEM, "%s: %s", list->path, strerror(ENOMEM));
	free(list->text.data);
	list->text = (struct small_file){ data, (size_t)size };
	return settle(list, err);
}

int overlay_list_add(struct overlay_list *list, const char *name, struct atoll_error *err)
{
	size_t end = list->text.size;
	const char *before;
	char *words;
	int r;

	if (list->has_line)
		before = list->to > list->from ? " " : "";
	else
		before = end && list->text.data[end - 1] != '\n' ? "\n" KEY : KEY;
	if (asprintf(&words, "%s%s%s", before, name, list->has_line ? "" : "\n") < 0)
		return atoll_error_set(err, -ENOMEM, "%s: %s", list->path, strerror(ENOMEM));
	r = put(list, list->has_line ? list->to : end, 0, words, err);
	free(words);
	return r;
}

/* The bytes that go with a name: itself, and what is between it and its neighbour. */
static bool find_name(const struct overlay_list *list, const char *name, size_t *at,
		      size_t *length)
{
	const char *text = list->text.data;
	size_t begin, end;

	for (begin = list->from; begin < list->to; begin = end) {
		begin += strspn(text + begin, BLANKS "\r");
		end = begin + strcspn(text + begin, BLANKS "\r\n");
		if (end - begin != strlen(name) || strncmp(text + begin, name, end - begin) != 0)
			continue;
		if (begin == list->from && end < list->to)
			end += strspn(text + end, BLANKS "\r");
		while (begin > list->from && strchr(BLANKS "\r", text[begin - 1]))
			begin--;
		*at = begin;
		*length = end - begin;
		return true;
	}
	return false;
}

int overlay_list_remove(struct overlay_list *list, const char *name,
			struct atoll_error *err)
{
	size_t at, length;
	int r = 0;

	while (r == 0 && list->has_line && find_name(list, name, &at, &length))
		r = put(list, at, length, "", err);
	return r;
}

int overlay_list_save(struct overlay_list *list, struct atoll_error *err)
{
	char *backup;
	int r;

	if (asprintf(&backup, "%s.bak", list->path) < 0)
		return atoll_error_set(err, -ENOMEM, "%s: %s", list->path, strerror(ENOMEM));
	r = small_file_write(&list->old, backup, err);
	free(backup);
	return r < 0 ? r : small_file_write(&list->text, list->path, err);
}
