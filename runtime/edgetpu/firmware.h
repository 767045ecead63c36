/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_FIRMWARE_H
#define ATOLL_RUNTIME_EDGETPU_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * The program that the chip's USB controller runs. It is the vendor's and not
 * ours to ship; it is looked for where it was imported or installed.
 *
 *	struct edgetpu_firmware *firmware = edgetpu_firmware_find(NULL, &err);
 *
 *	if (!firmware)
 *		puts(err.text);      says how to get it
 *	edgetpu_firmware_free(firmware);
 *
 * Only an image with one of the two published SHA-256 sums is taken.
 */
struct edgetpu_firmware {
	uint8_t *bytes;
	size_t size;
	bool is_multi_endpoint; /* for the mode that this driver does not use */
	char origin[128];       /* where it came from, for people */
};

/*
 * The single-endpoint image, for this driver uses no other. With `path`, or else
 * ATOLL_FIRMWARE, that file or nothing. Otherwise the first there is: a file named
 * EDGETPU_FIRMWARE_NAME in /etc/atoll/firmware, /var/lib/atoll/firmware,
 * /usr/lib/firmware/atoll or /usr/share/atoll/firmware, then the image inside an
 * installed libedgetpu.so.1. NULL with a sentence that says what to do.
 */
#define EDGETPU_FIRMWARE_NAME "apex_latest_single_ep.bin"
#define EDGETPU_FIRMWARE_FOLDER "/var/lib/atoll/firmware" /* for what is imported */
struct edgetpu_firmware *edgetpu_firmware_find(const char *path, struct atoll_error *err);

/*
 * Each file there is in those places, good or not, in their order, with its image,
 * which becomes visit's, or NULL and why not. Until `visit` returns true.
 */
struct edgetpu_firmware_visitor {
	bool (*visit)(void *data, const char *path, struct edgetpu_firmware *firmware,
		      const struct atoll_error *why);
	void *data;
};
void edgetpu_firmware_each(const struct edgetpu_firmware_visitor *visitor);

/* An image, or a file that has one inside, such as libedgetpu.so.1. Of two kinds the
   single-endpoint one; -ENODATA when there is none. */
struct edgetpu_firmware *edgetpu_firmware_read(const char *path, struct atoll_error *err);

/* Write it to FOLDER/EDGETPU_FIRMWARE_NAME: to a temporary file first, then renamed.
   Folders that are missing are made. -EINVAL for a multi-endpoint image. */
int edgetpu_firmware_store(const struct edgetpu_firmware *firmware, const char *folder,
			   struct atoll_error *err);

/* NULL is allowed. */
void edgetpu_firmware_free(struct edgetpu_firmware *firmware);

#endif
