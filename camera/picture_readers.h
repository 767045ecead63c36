/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAMERA_PICTURE_READERS_H
#define CAMERA_PICTURE_READERS_H

#include <stddef.h>
#include <stdint.h>

#include "camera/picture.h"

/*
 * What the readers of picture formats have in common. Each is given the bytes
 * of a file and an empty picture, and does three things:
 *
 *	learn width and height      from bytes it has checked
 *	picture_allocate            refuses what is above the limit
 *	picture_put_row             once for every stored row, in any order
 *
 * A reader that fails leaves in the picture what it had; the caller frees it
 * and puts the names of file and format in front of the sentence.
 */
struct picture_file {
	const uint8_t *bytes;
	size_t size;
	uint64_t pixels_max;
};

int picture_read_jpeg(const struct picture_file *file,
		      struct atoll_picture *picture, struct atoll_error *err);
int picture_read_png(const struct picture_file *file,
		     struct atoll_picture *picture, struct atoll_error *err);
int picture_read_bmp(const struct picture_file *file,
		     struct atoll_picture *picture, struct atoll_error *err);
int picture_read_ppm(const struct picture_file *file,
		     struct atoll_picture *picture, struct atoll_error *err);

/*
 * How a stored picture lies relative to the upright one, numbered as in EXIF:
 * 1 upright, 3 upside down, 6 and 8 on its right and left side, and the
 * even or odd neighbour of each as seen in a mirror. 5 to 8 swap the sides.
 */
enum { PICTURE_UPRIGHT = 1 };

/*
 * The orientation in an EXIF block, `size` bytes that begin with "II" or "MM".
 * PICTURE_UPRIGHT when it is absent or makes no sense.
 */
unsigned picture_exif_orientation(const uint8_t *exif, size_t size);

/*
 * Memory for a picture stored as `width` by `height` pixels in `orientation`.
 * Returns 0, -EBADMSG when a side is 0, -EFBIG above `pixels_max`, or -ENOMEM.
 */
int picture_allocate(struct atoll_picture *picture, uint32_t width,
		     uint32_t height, unsigned orientation, uint64_t pixels_max,
		     struct atoll_error *err);

/* Put stored row `y`, `rgb[width][3]`, to where it belongs when upright. */
void picture_put_row(struct atoll_picture *picture, unsigned orientation,
		     uint32_t y, const uint8_t *rgb);

/* `value` of 0 to `max` as 0 to 255, rounded to nearest. `max` is not 0. */
static inline uint8_t picture_scale(uint32_t value, uint32_t max)
{
	return (uint8_t)(((uint64_t)value * 255 + max / 2) / max);
}

#endif
