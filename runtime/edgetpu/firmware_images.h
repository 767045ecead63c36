/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_FIRMWARE_IMAGES_H
#define ATOLL_RUNTIME_EDGETPU_FIRMWARE_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/firmware.h"

/*
 * Looking for firmware, given what to look for and where: the inside of
 * firmware.h, for tests with images of their own.
 *
 *	static const struct firmware_image mine[] = { { 1000, false, "3b07..." } };
 *
 *	firmware = firmware_read(path, &(struct firmware_known){ mine, 1 }, &err);
 */
struct firmware_image {
	uint32_t size;
	bool is_multi_endpoint;
	const char *sha256; /* 64 digits, small letters */
};

struct firmware_known {
	const struct firmware_image *image; /* the smallest first */
	uint32_t images;
};

/* As in firmware.h; `root` goes before each place that is looked at unless a path
   is given. */
struct edgetpu_firmware *firmware_find(const char *root, const char *path,
				       const struct firmware_known *known,
				       struct atoll_error *err);
void firmware_each(const char *root, const struct firmware_known *known,
		   const struct edgetpu_firmware_visitor *visitor);
struct edgetpu_firmware *firmware_read(const char *path, const struct firmware_known *known,
				       struct atoll_error *err);

#endif
