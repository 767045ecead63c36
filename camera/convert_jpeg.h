/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAMERA_CONVERT_JPEG_H
#define CAMERA_CONVERT_JPEG_H

#include <stddef.h>
#include <stdint.h>

#include "camera/convert_source.h"

/*
 * JPEG frames to planes, as they are stored: no colours are converted and nothing
 * is stretched.
 *
 *	r = convert_jpeg_begin(jpeg, bytes, size, &width, &height);
 *	if (r == 0)
 *		r = convert_jpeg_decode(jpeg, 4, false, &source);
 *
 * A frame is decoded the same whatever came before. Memory is kept from frame to
 * frame, libjpeg's too, except for progressive files.
 */
struct convert_jpeg;

/* NULL when out of memory. */
struct convert_jpeg *convert_jpeg_new(void);

/* NULL is allowed. */
void convert_jpeg_free(struct convert_jpeg *jpeg);

/*
 * Read up to the first row; `bytes` are needed until decode returns. Returns 0,
 * -ENOTSUP for other colours than grey, YCbCr and RGB and for what libjpeg does
 * not know, -EINVAL for sides out of range, -EBADMSG or -ENOMEM.
 */
int convert_jpeg_begin(struct convert_jpeg *jpeg, const void *bytes, size_t size,
		       uint32_t *width, uint32_t *height);

/* Decode at `eighths` of its size, 1 to 8, rounded up; luma alone where that is a
   component. The planes are valid until the next begin. */
int convert_jpeg_decode(struct convert_jpeg *jpeg, unsigned eighths, bool is_luma_enough,
			struct convert_source *source);

#endif
