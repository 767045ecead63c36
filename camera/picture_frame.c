/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

ATOLL_API struct atoll_picture *
atoll_picture_new(uint32_t width, uint32_t height, const uint8_t *rgb,
		  struct atoll_error *err)
{
	struct atoll_picture *picture = NULL;
	size_t size;

	if (!width || !height) {
		atoll_error_set(err, -EINVAL, "picture: %u x %u pixels: nothing to see",
				width, height);
		return NULL;
	}
	if (!__builtin_mul_overflow((uint64_t)width * height, 3, &size))
		picture = calloc(1, sizeof(*picture));
	if (picture) {
		*picture = (struct atoll_picture){ calloc(size, 1), width, height };
		if (picture->rgb && rgb)
			memcpy(picture->rgb, rgb, size);
		if (picture->rgb)
			return picture;
	}
	atoll_error_set(err, -ENOMEM, "picture: %u x %u pixels: out of memory", width, height);
	atoll_picture_free(picture);
	return NULL;
}

ATOLL_API struct atoll_frame atoll_picture_frame(const struct atoll_picture *picture)
{
	return (struct atoll_frame){
		.pixels = ATOLL_PIXELS_RGB24,
		.width = picture->width,
		.height = picture->height,
		.plane = { picture->rgb },
		.stride = { picture->width * 3 },
		.bytes = (size_t)picture->width * picture->height * 3,
	};
}
