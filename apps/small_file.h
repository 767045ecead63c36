/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_SMALL_FILE_H
#define ATOLL_APPS_SMALL_FILE_H

#include <stddef.h>

#include "board/error.h"

/*
 * A file that fits into memory, whole.
 *
 *	struct small_file file;
 *
 *	if (small_file_read(&file, "/boot/overlays.txt", &err) == 0)
 *		small_file_write(&file, "/boot/overlays.txt.bak", &err);
 *	small_file_free(&file);
 *
 * All give 0, or a negative errno and "PATH: why".
 */
#define SMALL_FILE_BYTES 65536

struct small_file {
	char *data;   /* with a NUL behind it; NULL after a failure */
	size_t size;
};

/* -EFBIG above SMALL_FILE_BYTES, -EINVAL for what is no file; nothing is waited for. */
int small_file_read(struct small_file *file, const char *path, struct atoll_error *err);

/* In the place of what was at `path`, all at once. */
int small_file_write(const struct small_file *file, const char *path,
		     struct atoll_error *err);

void small_file_free(struct small_file *file); /* NULL data is allowed */

#endif
