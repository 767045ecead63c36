/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_CONFIG_LINES_H
#define ATOLL_BOARD_CONFIG_LINES_H

#include <stddef.h>

#include "board/error.h"

/*
 * The lines of a configuration file and of its drop-ins, for those who know what they
 * mean: board/config.h (`key = value`), and the rules of atoll-headerd.
 *
 *	static int print(void *data, struct atoll_config_line *line,
 *			 struct atoll_error *err)
 *	{
 *		if (!line->text)
 *			return atoll_error_prefix(err, "%s", line->place);
 *		printf("%s: %s\n", line->place, line->text);
 *		return 0;
 *	}
 *
 *	r = atoll_config_lines("/etc/atoll/headerd.conf", 1023, print, NULL, &err);
 *
 * After FILE come the drop-ins FILE.d/(*).conf in the order of their names. A file that
 * does not exist has no lines. Refused: files above 1 MiB.
 */
struct atoll_config_line {
	char *text;      /* NUL-terminated, may be written into; NULL where a line is none:
	                    it is longer than allowed, or holds a control character other
	                    than a tab, and the error says so */
	char place[128]; /* "FILE:NUMBER" */
	size_t number;   /* from 1 in each file */
	size_t file;     /* likewise: which one it is */
};

/* What to do with a line, until the first negative return. There is always an `err`. */
typedef int atoll_config_take(void *data, struct atoll_config_line *line,
			      struct atoll_error *err);

/* Lines of up to `longest` bytes, at most 4096. 0, what `take` returned, or a negative
   errno with "FILE: why". */
int atoll_config_lines(const char *path, size_t longest, atoll_config_take *take, void *data,
		       struct atoll_error *err);

/* The same from memory. `name` stands for the file in messages. */
int atoll_config_lines_bytes(const void *bytes, size_t size, const char *name, size_t longest,
			     atoll_config_take *take, void *data, struct atoll_error *err);

#endif
