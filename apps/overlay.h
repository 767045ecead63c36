/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_OVERLAY_H
#define ATOLL_APPS_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * What a compiled device-tree overlay does to the pads of a MediaTek SoC.
 *
 *	struct overlay spi, other;
 *
 *	if (overlay_read(&spi, "/usr/share/atoll/overlays", "spi", &err) == 0)
 *		printf("%s sets pad %u, which is pin %u\n", spi.name, spi.pads[0],
 *		       spi.pins[0]);
 *	if (overlay_clash(&spi, &other) >= 0)
 *		puts("not both");
 */
#define OVERLAY_NAME_BYTES 64
#define OVERLAY_PADS 32

struct overlay {
	char name[OVERLAY_NAME_BYTES]; /* of the file, without ".dtbo" */
	char function[64];             /* what it is for, "" when it does not say so */
	uint32_t count;                /* of pads */
	uint32_t pads[OVERLAY_PADS];   /* as GPIOs are numbered */
	uint32_t pins[OVERLAY_PADS];   /* of the header, each of the pad in its place;
					  0: it does not say so */
};

struct overlays {
	struct overlay *each;          /* by name */
	uint32_t count;
};

/* Can a file of a list that is separated by spaces be called so? */
bool overlay_is_name(const char *name);

/* FOLDER/NAME.dtbo, whoever wrote it. 0, or a negative errno and a sentence: -ENOENT,
   -EINVAL for what is no overlay. */
int overlay_read(struct overlay *overlay, const char *folder, const char *name,
		 struct atoll_error *err);

/* The same from memory, 8-byte aligned; the sentence does not name it. */
int overlay_read_bytes(struct overlay *overlay, const char *name, const void *bytes,
		       size_t size, struct atoll_error *err);

/* All in a folder; likewise. */
int overlays_read(struct overlays *overlays, const char *folder, struct atoll_error *err);
void overlays_free(struct overlays *overlays);

/* The place in `a` of the first pad that both set, or -1. */
int overlay_clash(const struct overlay *a, const struct overlay *b);

#endif
