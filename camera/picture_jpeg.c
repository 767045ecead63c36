/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG through libjpeg-turbo, with its default (slow, exact) inverse DCT and
 * its smooth chroma upsampling: the settings everyone else's pictures are
 * decoded with, so that ours come out the same.
 */
#include "camera/picture_readers.h"

#include "camera/jpeg_input.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct jpeg_reader {
	struct jpeg_input input;
	struct atoll_picture *picture;
	uint8_t *row; /* [width][samples] as the library gives them */
};

/* EXIF travels in an APP1 segment that begins with this name. */
static unsigned orientation_of(const struct jpeg_decompress_struct *info)
{
	static const char exif[6] = "Exif\0";

	for (jpeg_saved_marker_ptr m = info->marker_list; m; m = m->next)
		if (m->data_length > sizeof(exif) && !memcmp(m->data, exif, sizeof(exif)))
			return picture_exif_orientation(m->data + sizeof(exif),
							m->data_length - sizeof(exif));
	return PICTURE_UPRIGHT;
}

/* libjpeg turns grey and YCbCr into RGB itself, and YCCK into CMYK. */
static int choose_colours(struct jpeg_decompress_struct *info, struct atoll_error *err)
{
	switch (info->jpeg_color_space) {
	case JCS_GRAYSCALE:
	case JCS_RGB:
	case JCS_YCbCr:
		info->out_color_space = JCS_RGB;
		return 0;
	case JCS_CMYK:
	case JCS_YCCK:
		info->out_color_space = JCS_CMYK;
		return 0;
	default:
		return atoll_error_set(err, -ENOTSUP, "%d components of unknown colour",
				       info->num_components);
	}
}

/*
 * Ink to light, in place: each ink takes its share of what black leaves over.
 * Adobe's programs, and with them nearly all of the world's CMYK files, store
 * what is left rather than what is printed, and mark the file as theirs.
 */
static void rgb_from_cmyk(uint8_t *row, uint32_t width, bool is_adobe)
{
	const uint8_t inverse = is_adobe ? 0 : 255;
	const uint8_t *cmyk = row;

	for (uint32_t x = 0; x < width; x++, cmyk += 4) {
		uint32_t light = cmyk[3] ^ inverse;

		for (unsigned c = 0; c < 3; c++)
			*row++ = picture_scale((cmyk[c] ^ inverse) * light, 255 * 255);
	}
}

static int decode(struct jpeg_reader *reader, const struct picture_file *file,
		  struct atoll_error *err)
{
	struct jpeg_decompress_struct *info = &reader->input.info;
	unsigned orientation;
	int r;

	jpeg_create_decompress(info);
	jpeg_input_begin(&reader->input, file->bytes, file->size);
	jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
	(void)jpeg_read_header(info, TRUE);

	r = choose_colours(info, err);
	if (r < 0)
		return r;
	orientation = orientation_of(info);
	r = picture_allocate(reader->picture, info->image_width, info->image_height,
			     orientation, file->pixels_max, err);
	if (r < 0)
		return r;

	reader->input.is_decoding = true;
	(void)jpeg_start_decompress(info);
	reader->input.has_rows = true;
	reader->row = calloc(info->output_width, (size_t)info->output_components);
	if (!reader->row)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	for (uint32_t y = 0; y < info->output_height; y++) {
		(void)jpeg_read_scanlines(info, &reader->row, 1);
		if (info->out_color_space == JCS_CMYK)
			rgb_from_cmyk(reader->row, info->output_width,
				      info->saw_Adobe_marker);
		picture_put_row(reader->picture, orientation, y, reader->row);
	}
	/* Not jpeg_finish_decompress: what follows the last row is not needed. */
	return 0;
}

static int decode_or_fail(struct jpeg_reader *reader, const struct picture_file *file,
			  struct atoll_error *err)
{
	if (setjmp(reader->input.failed))
		return atoll_error_set(err, reader->input.err.code, "%s",
				       reader->input.err.text);
	return decode(reader, file, err);
}

int picture_read_jpeg(const struct picture_file *file,
		      struct atoll_picture *picture, struct atoll_error *err)
{
	struct jpeg_reader reader = {
		.input.extra_max = INT_MAX,
		.picture = picture,
	};
	int r;

	jpeg_input_set(&reader.input);
	r = decode_or_fail(&reader, file, err);
	jpeg_destroy_decompress(&reader.input.info);
	free(reader.row);
	return r;
}
