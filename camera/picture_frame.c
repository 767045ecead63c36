/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "camera/convert.h"

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

ATOLL_API struct atoll_picture *atoll_picture_of_frame(const struct atoll_frame *frame,
						       struct atoll_error *err)
{
	const struct atoll_convert_config same_size = {
		.width = frame->width, .height = frame->height, .channels = 3,
	};
	struct atoll_convert *convert = atoll_convert_new(&same_size, err);
	struct atoll_picture *picture = convert ?
		atoll_picture_new(frame->width, frame->height, NULL, err) : NULL;
	int r = picture ? atoll_convert_run(convert, frame, picture->rgb) : 0;

	atoll_convert_free(convert);
	if (r == 0)
		return picture;
	atoll_error_set(err, r, "frame of %s, %u x %u pixels: %s",
			atoll_pixels_name(frame->pixels), frame->width, frame->height,
			strerror(-r));
	atoll_picture_free(picture);
	return NULL;
}
