/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_REPLACEMENT_H
#define ATOLL_BOARD_REPLACEMENT_H

#include <stdio.h>

#include "board/error.h"

/*
 * A file that takes the place of another all at once: whoever opens the name gets the
 * whole old one or the whole new one, also after the power was lost in between.
 *
 *	struct atoll_replacement replacement;
 *	int r = atoll_replacement_open(&replacement, "words.txt");
 *
 *	if (r == 0) {
 *		fputs("lamp\n", replacement.file);
 *		r = atoll_replacement_close(&replacement, 0);
 *	}
 *	if (r < 0)
 *		fprintf(stderr, "words.txt: %s\n", strerror(-r));
 */
struct atoll_replacement {
	FILE *file;        /* to write to; whether that went well, close finds out */
	const char *path;
	char *temporary;   /* the file's name until then, in the same folder */
};

/*
 * A new and empty file with the rights that any new file gets; nothing is at `path`
 * yet, or what was. `path` is needed until close. 0 or a negative errno, after which
 * there is nothing to close.
 */
int atoll_replacement_open(struct atoll_replacement *replacement, const char *path);

/*
 * With `r` 0 the file goes down to the disk and gets its name, which does so, too; with a
 * negative errno, for what could not be written, it is thrown away and `path` stays as it
 * was, as when a step of this fails. The errno, `r` first, or 0.
 */
int atoll_replacement_close(struct atoll_replacement *replacement, int r);

#endif
