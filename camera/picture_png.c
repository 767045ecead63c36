/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PNG through libpng, which turns every kind of picture into 8-bit RGBA; what
 * is transparent is then laid on white, as a page would show it.
 *
 * libpng does not expect us to return from an error. Everything that outlives
 * the jump is in `struct png_reader`, which belongs to the caller of the
 * function that called setjmp.
 */
#include "camera/picture_readers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#define SIGNATURE_SIZE 8

struct png_reader {
	png_structp png;
	png_infop info;
	jmp_buf failed;
	const uint8_t *next; /* first byte libpng has not asked for */
	size_t left;
	struct atoll_error *err;
	uint8_t *rows;      /* [kept][width][4] */
	uint32_t y, height; /* the row being read, of how many */
	int code;           /* of the failure */
};

static _Noreturn void fail(png_structp png, const char *why)
{
	struct png_reader *reader = png_get_error_ptr(png);

	reader->code = atoll_error_set(reader->err, -EBADMSG, "%s", why);
	if (reader->rows)
		atoll_error_prefix(reader->err, "row %u", reader->y);
	longjmp(reader->failed, 1);
}

/* Warnings are about chunks beside the picture. */
static void stay_silent(png_structp png, const char *why)
{
	(void)png;
	(void)why;
}

static void read_bytes(png_structp png, png_bytep out, size_t size)
{
	struct png_reader *reader = png_get_io_ptr(png);

	if (size > reader->left) {
		reader->code = atoll_error_set(reader->err, -EBADMSG,
					       "the file ends early: %u of %u rows are there",
					       reader->y, reader->height);
		longjmp(reader->failed, 1);
	}
	memcpy(out, reader->next, size);
	reader->next += size;
	reader->left -= size;
}

/*
 * The EXIF block may stand behind the picture data, where libpng would find it
 * only when all is read, so look for it first.
 *
 *   signature, then chunks: u32 size, 4 letters, data, u32 checksum
 */
static unsigned orientation_of(const struct picture_file *file)
{
	size_t at = SIGNATURE_SIZE;

	while (file->size - at >= 12) {
		const uint8_t *chunk = file->bytes + at;
		uint32_t size = png_get_uint_32(chunk);

		if (size > file->size - at - 12)
			break;
		if (!memcmp(chunk + 4, "eXIf", 4))
			return picture_exif_orientation(chunk + 8, size);
		at += 12 + (size_t)size;
	}
	return PICTURE_UPRIGHT;
}

static void ask_for_rgba(const struct png_reader *reader)
{
	png_set_expand(reader->png);
	png_set_scale_16(reader->png);
	png_set_gray_to_rgb(reader->png);
	png_set_add_alpha(reader->png, 255, PNG_FILLER_AFTER);
}

/* In place: three bytes out for four in. */
static void lay_on_white(uint8_t *row, uint32_t width)
{
	const uint8_t *rgba = row;

	for (uint32_t x = 0; x < width; x++, rgba += 4) {
		uint32_t alpha = rgba[3];

		for (unsigned c = 0; c < 3; c++)
			*row++ = picture_scale(rgba[c] * alpha + 255 * (255 - alpha),
					       255 * 255);
	}
}

static int decode(struct png_reader *reader, const struct picture_file *file,
		  struct atoll_picture *picture)
{
	const unsigned orientation = orientation_of(file);
	uint32_t width, kept;
	int passes, r;

	reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, fail,
					     stay_silent);
	reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
	if (!reader->info)
		return atoll_error_set(reader->err, -ENOMEM, "out of memory");

	png_set_read_fn(reader->png, reader, read_bytes);
	/* Our own limit is on the product of the sides. */
	png_set_user_limits(reader->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	/* Profiles, texts, times: not even looked at. */
	png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
	png_read_info(reader->png, reader->info);

	width = png_get_image_width(reader->png, reader->info);
	reader->height = png_get_image_height(reader->png, reader->info);
	r = picture_allocate(picture, width, reader->height, orientation,
			     file->pixels_max, reader->err);
	if (r < 0)
		return r;

	ask_for_rgba(reader);
	passes = png_set_interlace_handling(reader->png);
	png_read_update_info(reader->png, reader->info);
	/* Later passes fill in what earlier ones left out of the same row. */
	kept = passes > 1 ? reader->height : 1;
	reader->rows = calloc(kept, (size_t)width * 4);
	if (!reader->rows || png_get_rowbytes(reader->png, reader->info) != (size_t)width * 4)
		return atoll_error_set(reader->err, -ENOMEM, "out of memory");

	for (int pass = 1; pass <= passes; pass++)
		for (reader->y = 0; reader->y < reader->height; reader->y++) {
			uint8_t *row = reader->rows + (size_t)(reader->y % kept) * width * 4;

			png_read_row(reader->png, row, NULL);
			if (pass < passes)
				continue;
			lay_on_white(row, width);
			picture_put_row(picture, orientation, reader->y, row);
		}
	/* Not png_read_end: what follows the last row is not needed. */
	return 0;
}

static int decode_or_fail(struct png_reader *reader, const struct picture_file *file,
			  struct atoll_picture *picture)
{
	if (setjmp(reader->failed))
		return reader->code;
	return decode(reader, file, picture);
}

int picture_read_png(const struct picture_file *file,
		     struct atoll_picture *picture, struct atoll_error *err)
{
	struct png_reader reader = {
		.next = file->bytes,
		.left = file->size,
		.err = err,
	};
	int r = decode_or_fail(&reader, file, picture);

	png_destroy_read_struct(&reader.png, &reader.info, NULL);
	free(reader.rows);
	return r;
}
