/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_OVERLAY_LIST_H
#define ATOLL_APPS_OVERLAY_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "board/error.h"

/*
 * The list of overlays that the boot loader applies, /boot/overlays.txt:
 *
 *	# a comment
 *	overlay=i2c-1 spi
 *
 * Every byte that is not a name stays as it is: comments, other lines, line ends.
 *
 *	struct overlay_list *list = overlay_list_load("/boot/overlays.txt", &err);
 *
 *	if (overlay_list_add(list, "spi", &err) == 0)
 *		overlay_list_save(list, &err);
 *	overlay_list_free(list);
 *
 * The boot loader takes the file as an environment (U-Boot, "env import -t"): blanks
 * before a name do not matter, blanks around "=" do, and of two lines the last counts.
 */
struct overlay_list;

/* NULL and a sentence: no such file, not text, longer than a list can be. */
struct overlay_list *overlay_list_load(const char *path, struct atoll_error *err);
void overlay_list_free(struct overlay_list *list); /* NULL is allowed */

/* NULL past the last; until the next change. */
const char *overlay_list_name(const struct overlay_list *list, size_t i);
bool overlay_list_has(const struct overlay_list *list, const char *name);

/* At the end, and wherever it is; 0 or -ENOMEM with a sentence. */
int overlay_list_add(struct overlay_list *list, const char *name, struct atoll_error *err);
int overlay_list_remove(struct overlay_list *list, const char *name,
			struct atoll_error *err);

/*
 * Take the place of the file, all at once, which is PATH.bak from then on; 0, or a
 * negative errno and a sentence, and the file is as it was.
 */
int overlay_list_save(struct overlay_list *list, struct atoll_error *err);

#endif
