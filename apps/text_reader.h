/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TEXT_READER_H
#define ATOLL_APPS_TEXT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "board/error.h"

/*
 * Text files of our own, line by line.
 *
 *	struct text_reader reader;
 *
 *	if (text_reader_open(&reader, path, &err) < 0)
 *		return -1;
 *	while (r == 0 && text_reader_next(&reader))
 *		r = use(reader.line) ? 0 : text_reader_wrong(&reader, "not so", &err);
 *	r = text_reader_close(&reader, r, &err);
 */
struct text_reader {
	const char *path;
	FILE *file;
	char *line;      /* without its end; may be changed */
	size_t capacity;
	unsigned number; /* of the line, from 1 */
};

/* 0, or a negative errno and "PATH: why"; then there is nothing to close. `path` must
   live as long as the reader. */
int text_reader_open(struct text_reader *reader, const char *path, struct atoll_error *err);

/* False: there is no further line. */
bool text_reader_next(struct text_reader *reader);

/* -EINVAL and "PATH:LINE: why". */
int text_reader_wrong(const struct text_reader *reader, const char *why,
		      struct atoll_error *err);

/* Exactly `count` finite numbers with blanks between them. */
bool text_reader_floats(const struct text_reader *reader, float *to, uint32_t count);

/* `r`, or, if that is 0, what went wrong in reading. */
int text_reader_close(struct text_reader *reader, int r, struct atoll_error *err);

#endif
