/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BMP, little endian throughout:
 *
 *    0  "BM", u32 size, u32 0, u32 where the pixels are
 *   14  u32 size of this header, 12 (OS/2) or 40 and more (Windows)
 *       12:  u16 width, u16 height, u16 1, u16 bits
 *       40:  i32 width, i32 height (negative: rows top to bottom), u16 1,
 *            u16 bits, u32 compression, 12 bytes, u32 colours, u32
 *   54  with compression by bit masks: u32 red, u32 green, u32 blue
 *       palette: blue, green, red and, in Windows' form, a byte to spare
 *       rows: bottom to top, each filled up to a multiple of 4 bytes
 *
 * The sizes of file and picture data in the headers are often wrong and are
 * not needed; nothing here looks at them.
 */
#include "camera/picture_readers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define FILE_HEADER_SIZE 14
#define OS2_HEADER_SIZE 12
#define WINDOWS_HEADER_SIZE 40
#define MASKS_AT (FILE_HEADER_SIZE + WINDOWS_HEADER_SIZE)
#define MASKS_SIZE 12

/* As in the header's field `compression`. */
enum { PLAIN = 0, RLE8 = 1, RLE4 = 2, MASKS = 3, MASKS_WITH_ALPHA = 6 };

struct channel {
	uint32_t mask, shift;
	uint32_t max; /* mask >> shift; 0 for a channel that is not there */
};

struct bmp {
	const struct picture_file *file;
	uint32_t width, height, bits, compression, colours;
	bool is_top_down;
	size_t pixels_at, palette_at;
	uint32_t entry_size;       /* of the palette, bytes */
	uint64_t stride;           /* bytes from one row to the next */
	struct channel channel[3]; /* red, green, blue; for 16 and 32 bits */
};

static uint32_t u16_at(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8;
}

static uint32_t u32_at(const uint8_t *bytes)
{
	return u16_at(bytes) | u16_at(bytes + 2) << 16;
}

static int read_os2_header(struct bmp *bmp)
{
	const uint8_t *header = bmp->file->bytes + FILE_HEADER_SIZE;

	bmp->width = u16_at(header + 4);
	bmp->height = u16_at(header + 6);
	bmp->bits = u16_at(header + 10);
	bmp->entry_size = 3;
	return 0;
}

static int read_windows_header(struct bmp *bmp, struct atoll_error *err)
{
	const uint8_t *header = bmp->file->bytes + FILE_HEADER_SIZE;
	int32_t width = (int32_t)u32_at(header + 4);
	int32_t height = (int32_t)u32_at(header + 8);

	if (width < 0)
		return atoll_error_set(err, -EBADMSG, "a width of %d pixels", width);
	bmp->width = (uint32_t)width;
	bmp->is_top_down = height < 0;
	bmp->height = height < 0 ? 0 - (uint32_t)height : (uint32_t)height;
	bmp->bits = u16_at(header + 14);
	bmp->compression = u32_at(header + 16);
	bmp->colours = u32_at(header + 32);
	bmp->entry_size = 4;
	return 0;
}

static int read_headers(struct bmp *bmp, struct atoll_error *err)
{
	const struct picture_file *file = bmp->file;
	uint32_t size;

	if (file->size < FILE_HEADER_SIZE + OS2_HEADER_SIZE)
		return atoll_error_set(err, -EBADMSG, "the file ends early, in its headers");
	bmp->pixels_at = u32_at(file->bytes + 10);
	size = u32_at(file->bytes + FILE_HEADER_SIZE);
	if (size > file->size - FILE_HEADER_SIZE)
		return atoll_error_set(err, -EBADMSG,
				       "the file ends early, in a header of %u bytes", size);
	bmp->palette_at = FILE_HEADER_SIZE + (size_t)size;
	if (size == OS2_HEADER_SIZE)
		return read_os2_header(bmp);
	if (size >= WINDOWS_HEADER_SIZE)
		return read_windows_header(bmp, err);
	return atoll_error_set(err, -ENOTSUP, "a header of %u bytes", size);
}

static int check_kind(const struct bmp *bmp, struct atoll_error *err)
{
	switch (bmp->bits) {
	case 1: case 4: case 8: case 16: case 24: case 32:
		break;
	default:
		return atoll_error_set(err, -ENOTSUP, "%u bits a pixel", bmp->bits);
	}
	switch (bmp->compression) {
	case PLAIN:
		return 0;
	case RLE8:
	case RLE4:
		return atoll_error_set(err, -ENOTSUP,
				       "run-length compressed: save it uncompressed, or as PNG");
	case MASKS:
	case MASKS_WITH_ALPHA:
		if (bmp->bits == 16 || bmp->bits == 32)
			return 0;
		return atoll_error_set(err, -EBADMSG, "bit masks for %u bits a pixel",
				       bmp->bits);
	default:
		return atoll_error_set(err, -ENOTSUP, "compression %u", bmp->compression);
	}
}

static int set_channel(struct channel *channel, uint32_t mask, struct atoll_error *err)
{
	channel->mask = mask;
	channel->shift = mask ? (uint32_t)__builtin_ctz(mask) : 0;
	channel->max = mask >> channel->shift;
	if (channel->max & (channel->max + 1))
		return atoll_error_set(err, -ENOTSUP, "bit mask %#x has gaps", mask);
	return 0;
}

static int read_masks(struct bmp *bmp, struct atoll_error *err)
{
	static const uint32_t usual_16[3] = { 0x7c00, 0x03e0, 0x001f };
	static const uint32_t usual_32[3] = { 0xff0000, 0x00ff00, 0x0000ff };
	const uint32_t *usual = bmp->bits == 16 ? usual_16 : usual_32;

	if (bmp->compression != PLAIN && bmp->file->size < MASKS_AT + MASKS_SIZE)
		return atoll_error_set(err, -EBADMSG, "the file ends early, in its bit masks");
	for (unsigned c = 0; c < 3; c++) {
		uint32_t mask = bmp->compression == PLAIN ? usual[c] :
				u32_at(bmp->file->bytes + MASKS_AT + 4 * c);
		int r = set_channel(&bmp->channel[c], mask, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * How many colours there really are: what the header says (0 for all), what an
 * index can name, what lies between headers and pixels, whichever is least.
 */
static void count_colours(struct bmp *bmp)
{
	uint32_t nameable = UINT32_C(1) << bmp->bits;
	size_t end = bmp->pixels_at < bmp->file->size ? bmp->pixels_at : bmp->file->size;
	size_t room = end > bmp->palette_at ? (end - bmp->palette_at) / bmp->entry_size : 0;

	if (bmp->colours == 0 || bmp->colours > nameable)
		bmp->colours = nameable;
	if (bmp->colours > room)
		bmp->colours = (uint32_t)room;
}

/* Every row must be there; the filling after the last one need not. */
static int check_rows(struct bmp *bmp, struct atoll_error *err)
{
	uint64_t row_bits = (uint64_t)bmp->width * bmp->bits;
	uint64_t row_bytes = (row_bits + 7) / 8;
	uint64_t left = bmp->file->size > bmp->pixels_at ?
			bmp->file->size - bmp->pixels_at : 0;
	uint64_t rows;

	bmp->stride = (row_bits + 31) / 32 * 4;
	rows = left / bmp->stride + (left % bmp->stride >= row_bytes);
	if (rows < bmp->height)
		return atoll_error_set(err, -EBADMSG,
				       "the file ends early: %u of %u rows are there",
				       (uint32_t)rows, bmp->height);
	return 0;
}

static int unpack_indexed(const struct bmp *bmp, const uint8_t *stored, uint8_t *rgb,
			  struct atoll_error *err)
{
	const uint8_t *palette = bmp->file->bytes + bmp->palette_at;
	const uint32_t in_byte = 8 / bmp->bits;

	for (uint32_t x = 0; x < bmp->width; x++, rgb += 3) {
		uint32_t byte = stored[x / in_byte];
		uint32_t index = byte >> (8 - bmp->bits * (x % in_byte + 1)) &
				 ((1U << bmp->bits) - 1);
		const uint8_t *entry = palette + (size_t)index * bmp->entry_size;

		if (index >= bmp->colours)
			return atoll_error_set(err, -EBADMSG,
					       "a pixel has colour %u of a palette of %u",
					       index, bmp->colours);
		rgb[0] = entry[2];
		rgb[1] = entry[1];
		rgb[2] = entry[0];
	}
	return 0;
}

static void unpack_masked(const struct bmp *bmp, const uint8_t *stored, uint8_t *rgb)
{
	const size_t size = bmp->bits / 8;

	for (uint32_t x = 0; x < bmp->width; x++, stored += size) {
		uint32_t pixel = size == 2 ? u16_at(stored) : u32_at(stored);

		for (unsigned c = 0; c < 3; c++) {
			const struct channel *channel = &bmp->channel[c];
			uint32_t value = (pixel & channel->mask) >> channel->shift;

			*rgb++ = channel->max == 255 ? (uint8_t)value :
				 channel->max ? picture_scale(value, channel->max) : 0;
		}
	}
}

static void unpack_24(const struct bmp *bmp, const uint8_t *stored, uint8_t *rgb)
{
	for (uint32_t x = 0; x < bmp->width; x++, stored += 3) {
		*rgb++ = stored[2];
		*rgb++ = stored[1];
		*rgb++ = stored[0];
	}
}

static int unpack_row(const struct bmp *bmp, const uint8_t *stored, uint8_t *rgb,
		      struct atoll_error *err)
{
	if (bmp->bits <= 8)
		return unpack_indexed(bmp, stored, rgb, err);
	if (bmp->bits == 24)
		unpack_24(bmp, stored, rgb);
	else
		unpack_masked(bmp, stored, rgb);
	return 0;
}

int picture_read_bmp(const struct picture_file *file,
		     struct atoll_picture *picture, struct atoll_error *err)
{
	struct bmp bmp = { .file = file };
	int r = read_headers(&bmp, err);

	if (r == 0)
		r = check_kind(&bmp, err);
	if (r == 0 && (bmp.bits == 16 || bmp.bits == 32))
		r = read_masks(&bmp, err);
	if (r == 0 && bmp.bits <= 8)
		count_colours(&bmp);
	if (r == 0)
		r = picture_allocate(picture, bmp.width, bmp.height, PICTURE_UPRIGHT,
				     file->pixels_max, err);
	if (r == 0)
		r = check_rows(&bmp, err);

	for (uint32_t y = 0; r == 0 && y < bmp.height; y++) {
		uint32_t row = bmp.is_top_down ? y : bmp.height - 1 - y;

		r = unpack_row(&bmp, file->bytes + bmp.pixels_at + y * bmp.stride,
			       picture->rgb + (size_t)row * bmp.width * 3, err);
	}
	return r;
}
