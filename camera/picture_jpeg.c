/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG through libjpeg-turbo, with its default (slow, exact) inverse DCT and
 * its smooth chroma upsampling: the settings everyone else's pictures are
 * decoded with, so that ours come out the same.
 *
 * The library reports by calling us and does not expect us to return from an
 * error. Everything that outlives the jump is in `struct jpeg_reader`, which
 * belongs to the caller of the function that called setjmp.
 */
#include "camera/picture_readers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
/* After it: which messages there are depends on what it defines. */
#include <jerror.h>

/*
 * Progressive files have about ten scans, and every one costs a walk over the
 * whole picture however short it is: a small file could keep us for hours.
 */
#define SCANS_MAX 100

struct jpeg_reader {
	struct jpeg_decompress_struct info;
	struct jpeg_source_mgr source;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf failed;
	struct atoll_picture *picture;
	struct atoll_error *err;
	uint8_t *row; /* [width][samples] as the library gives them */
	bool is_dry;  /* the decoder has looked past the end of the file */
	int code;     /* of the failure */
};

static int code_of(int message)
{
	switch (message) {
	case JERR_OUT_OF_MEMORY:
		return -ENOMEM;
	case JERR_BAD_PRECISION:
	case JERR_CCIR601_NOTIMPL:
	case JERR_CONVERSION_NOTIMPL:
	case JERR_FRACT_SAMPLE_NOTIMPL:
	case JERR_NOT_COMPILED:
	case JERR_SOF_UNSUPPORTED:
		return -ENOTSUP;
	default:
		return -EBADMSG;
	}
}

/* Give up with the library's own sentence. */
static _Noreturn void fail(j_common_ptr info)
{
	struct jpeg_reader *reader = info->client_data;
	char why[JMSG_LENGTH_MAX];

	reader->errors.format_message(info, why);
	reader->code = atoll_error_set(reader->err, code_of(reader->errors.msg_code),
				       "%s", why);
	if (reader->row)
		atoll_error_prefix(reader->err, "row %u", reader->info.output_scanline);
	longjmp(reader->failed, 1);
}

static _Noreturn void fail_short(struct jpeg_reader *reader)
{
	const struct jpeg_decompress_struct *info = &reader->info;

	reader->code = -EBADMSG;
	if (!reader->picture->rgb)
		atoll_error_set(reader->err, -EBADMSG,
				"the file ends early, before the first row");
	else if (jpeg_has_multiple_scans(&reader->info))
		atoll_error_set(reader->err, -EBADMSG,
				"the file ends early: detail is missing from scan %d on",
				info->input_scan_number);
	else
		atoll_error_set(reader->err, -EBADMSG,
				"the file ends early: %u of %u rows are there",
				info->output_scanline, info->image_height);
	longjmp(reader->failed, 1);
}

/*
 * Warnings (level -1) are of two kinds: samples were made up, which ends the
 * reading, and oddities without consequence, such as a few bytes between two
 * markers, as some cameras write them.
 */
static void warn(j_common_ptr info, int level)
{
	struct jpeg_reader *reader = info->client_data;

	if (level >= 0)
		return;
	switch (reader->errors.msg_code) {
	case JWRN_HIT_MARKER: /* a marker before the last sample */
		if (reader->is_dry)
			fail_short(reader);
		fail(info);
	case JWRN_ARITH_BAD_CODE:
	case JWRN_HUFF_BAD_CODE:
	case JWRN_MUST_RESYNC:
		fail(info);
	default:
		return;
	}
}

static void count_scans(j_common_ptr info)
{
	struct jpeg_reader *reader = info->client_data;

	if (reader->info.input_scan_number <= SCANS_MAX)
		return;
	reader->code = atoll_error_set(reader->err, -ENOTSUP,
				       "more than %d scans", SCANS_MAX);
	longjmp(reader->failed, 1);
}

/* The file is one buffer, there from the start: nothing to open or close. */
static void do_nothing(j_decompress_ptr info)
{
	(void)info;
}

/*
 * Past the end of the file. In a picture of one scan the decoder may merely
 * be looking ahead, which an end marker satisfies; if it needs the bits, it
 * will warn with JWRN_HIT_MARKER. Anywhere else the end has come too soon.
 */
static boolean look_past_end(j_decompress_ptr info)
{
	static const JOCTET end[] = { 0xff, JPEG_EOI };
	struct jpeg_reader *reader = info->client_data;

	if (!reader->picture->rgb || jpeg_has_multiple_scans(info))
		fail_short(reader);
	reader->is_dry = true;
	info->src->next_input_byte = end;
	info->src->bytes_in_buffer = sizeof(end);
	return TRUE;
}

static void skip(j_decompress_ptr info, long count)
{
	struct jpeg_source_mgr *source = info->src;

	if (count <= 0)
		return;
	if ((unsigned long)count > source->bytes_in_buffer)
		fail_short(info->client_data);
	source->next_input_byte += count;
	source->bytes_in_buffer -= (size_t)count;
}

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

static int decode(struct jpeg_reader *reader, const struct picture_file *file)
{
	struct jpeg_decompress_struct *info = &reader->info;
	unsigned orientation;
	int r;

	jpeg_create_decompress(info);
	info->src = &reader->source;
	info->progress = &reader->progress;
	jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
	(void)jpeg_read_header(info, TRUE);

	r = choose_colours(info, reader->err);
	if (r < 0)
		return r;
	orientation = orientation_of(info);
	r = picture_allocate(reader->picture, info->image_width, info->image_height,
			     orientation, file->pixels_max, reader->err);
	if (r < 0)
		return r;

	(void)jpeg_start_decompress(info);
	reader->row = calloc(info->output_width, (size_t)info->output_components);
	if (!reader->row)
		return atoll_error_set(reader->err, -ENOMEM, "out of memory");
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

static int decode_or_fail(struct jpeg_reader *reader, const struct picture_file *file)
{
	if (setjmp(reader->failed))
		return reader->code;
	return decode(reader, file);
}

int picture_read_jpeg(const struct picture_file *file,
		      struct atoll_picture *picture, struct atoll_error *err)
{
	struct jpeg_reader reader = {
		.source = {
			.next_input_byte = file->bytes,
			.bytes_in_buffer = file->size,
			.init_source = do_nothing,
			.fill_input_buffer = look_past_end,
			.skip_input_data = skip,
			.resync_to_restart = jpeg_resync_to_restart,
			.term_source = do_nothing,
		},
		.progress.progress_monitor = count_scans,
		.picture = picture,
		.err = err,
	};
	int r;

	reader.info.err = jpeg_std_error(&reader.errors);
	reader.info.client_data = &reader;
	reader.errors.error_exit = fail;
	reader.errors.emit_message = warn; /* and with it, nothing is printed */
	r = decode_or_fail(&reader, file);
	jpeg_destroy_decompress(&reader.info);
	free(reader.row);
	return r;
}
