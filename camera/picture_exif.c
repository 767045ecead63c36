/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one fact we want from an EXIF block, which is a small TIFF file:
 *
 *   0  "II" little or "MM" big endian
 *   2  u16 42
 *   4  u32 where the first directory is
 *   directory: u16 entries, then for each entry 12 bytes
 *      0  u16 tag, u16 type, u32 count, value (a u16 lies in its first 2 bytes)
 */
#include "camera/picture_readers.h"

#include <string.h>

#define ENTRY_SIZE 12
#define TAG_ORIENTATION 0x0112 /* TIFF 6.0 and EXIF: Orientation */
#define TYPE_SHORT 3

struct tiff {
	const uint8_t *bytes;
	size_t size;
	int is_big_endian;
};

/* Reading past the end gives 0, which no field below takes for an answer. */
static uint32_t number_at(const struct tiff *tiff, size_t at, unsigned bytes)
{
	uint32_t value = 0;

	if (at > tiff->size || tiff->size - at < bytes)
		return 0;
	for (unsigned i = 0; i < bytes; i++) {
		unsigned next = tiff->is_big_endian ? i : bytes - 1 - i;

		value = value << 8 | tiff->bytes[at + next];
	}
	return value;
}

unsigned picture_exif_orientation(const uint8_t *exif, size_t size)
{
	struct tiff tiff = { .bytes = exif, .size = size };
	size_t directory;
	uint32_t entries;

	if (size < 8 || (memcmp(exif, "II", 2) && memcmp(exif, "MM", 2)))
		return PICTURE_UPRIGHT;
	tiff.is_big_endian = exif[0] == 'M';
	if (number_at(&tiff, 2, 2) != 42)
		return PICTURE_UPRIGHT;

	directory = number_at(&tiff, 4, 4);
	entries = number_at(&tiff, directory, 2);
	for (uint32_t i = 0; i < entries; i++) {
		size_t at = directory + 2 + (size_t)i * ENTRY_SIZE;
		uint32_t orientation;

		if (number_at(&tiff, at, 2) != TAG_ORIENTATION)
			continue;
		orientation = number_at(&tiff, at + 8, 2);
		if (number_at(&tiff, at + 2, 2) != TYPE_SHORT ||
		    orientation < 1 || orientation > 8)
			break;
		return orientation;
	}
	return PICTURE_UPRIGHT;
}
