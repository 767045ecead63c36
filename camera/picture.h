/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_PICTURE_H
#define ATOLL_CAMERA_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * Still pictures: JPEG, PNG, BMP and PPM files to rows of RGB bytes.
 *
 *	struct atoll_picture *cat = atoll_picture_load("cat.jpg", 0, &err);
 *	static uint8_t input[224 * 224 * 3];
 *
 *	if (cat && atoll_picture_resize(cat, 224, 224, input) == 0)
 *		look_at(input);
 *	atoll_picture_free(cat);
 *
 * What a file is, its first bytes say, never its name:
 *
 *	JPEG  baseline and progressive; grey, colour, CMYK (as printed on
 *	      white paper); turned upright as its EXIF orientation asks
 *	PNG   every colour type and depth, interlaced or not; transparency
 *	      shows white behind it; turned upright as its eXIf chunk asks
 *	BMP   1 to 32 bits, palette or bit masks, either way up; the fourth
 *	      byte of a pixel is not taken for transparency; not compressed
 *	PPM   P6 and its grey sibling P5, any maximum up to 65535
 *
 * Samples are taken as stored: no gamma and no colour profile is applied, as
 * models were trained on pictures read that way. Wider samples are scaled and
 * rounded to 8 bits. Where the file is damaged or ends before its last pixel
 * there is no picture, and the error says how far it went.
 *
 * These functions share nothing; any thread may call them at any time.
 */

/*
 * The largest picture read unless the caller says otherwise: 64 Mpixel, more
 * than the cameras of telephones make, and 192 MiB as RGB.
 */
#define ATOLL_PICTURE_PIXELS_MAX (UINT64_C(64) << 20)

struct atoll_picture {
	uint8_t *rgb;           /* [height][width][3], rows top to bottom,
				   without gaps; the picture's */
	uint32_t width, height; /* pixels, at least 1, once upright */
};

/*
 * Read the picture file `path`, or standard input when it is "-". At most
 * `pixels_max` pixels, or ATOLL_PICTURE_PIXELS_MAX when it is 0; a file that
 * declares more is refused before memory is taken for it.
 *
 * Returns NULL and fills `err` with -ENOTSUP for a file that is none of the
 * above, -EBADMSG for one that is damaged or ends early, -EFBIG for one above
 * the limit, -ENOMEM, or what open and read had to say.
 */
struct atoll_picture *atoll_picture_load(const char *path, uint64_t pixels_max,
					 struct atoll_error *err);

/* The same for a file of `size` bytes that is in memory already. */
struct atoll_picture *atoll_picture_load_bytes(const void *bytes, size_t size,
					       uint64_t pixels_max,
					       struct atoll_error *err);

/* NULL is allowed. */
void atoll_picture_free(struct atoll_picture *picture);

/*
 * Stretch the whole picture to [height][width][3] bytes at `rgb`, which the
 * caller brings. Each output pixel is a mix of the four source pixels around
 * its centre (bilinear, no averaging of what falls between): along an axis
 * of `in` source and `out` output pixels, output pixel o lies at
 *
 *	p = (o + 0.5) * in / out - 0.5, kept within 0 and in - 1
 *
 * Mixed in double, first along x, then y, rounded half up: what the models of
 * this family were evaluated with, to the bit.
 *
 * Returns 0, -EINVAL when a side is 0, or -ENOMEM.
 */
int atoll_picture_resize(const struct atoll_picture *picture, uint32_t width,
			 uint32_t height, uint8_t *rgb);

#endif
