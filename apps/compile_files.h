/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_FILES_H
#define ATOLL_APPS_COMPILE_FILES_H

#include "apps/compile.h"
#include "board/error.h"

/*
 * What atoll-compile writes, and under which names.
 *
 *	files_name(&item, "out");            out/cards_edgetpu.tflite and .log
 *	r = files_write(item, items, version, &err);
 */

/* The names of what becomes of item->path in `folder` (NULL: the current one), and
   their memory. -ENOMEM. */
int files_name(struct compile_item *item, const char *folder);
void files_free(struct compile_item *item);

/* "FOLDER/STEM" and the rest, the caller's to free; NULL: no memory. */
char *files_path(const char *folder, const char *stem, const char *rest);

/* The folder is made, not those above it. NULL is there. */
int files_make_folder(const char *folder, struct atoll_error *err);

/* Models and logs of all items: each whole, and all of them or none. */
int files_write(const struct compile_item *item, uint32_t items, const char *version,
		struct atoll_error *err);

/* One file of bytes, whole or not at all. */
int files_write_bytes(const char *path, const void *bytes, size_t size,
		      struct atoll_error *err);

#endif
