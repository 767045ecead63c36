/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames to JPEG through libjpeg-turbo.
 *
 *   YUV  --samples--> rows of Y, Cb, Cr --stretch or turn--> jpeg_write_raw_data
 *   RGB  ------------------------------------------------> jpeg_write_scanlines
 *   JPEG  as it is
 *
 * A JPEG file (JFIF) is always BT.601 and uses all of 0..255; cameras mostly send
 * BT.601 or BT.709 within 16..235. The numbers are those of the two standards.
 *
 * The library reports by calling us and does not expect us to return from an
 * error. Everything that outlives the jump is in the encoder.
 */
#include "camera/encode.h"

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "camera/jpeg_memory.h"
#include "camera/samples.h"

/* From here on a sample of chroma for every pixel of an RGB frame: whoever asks
   for as much does not want drawn lines to bleed. */
#define FINE_QUALITY 90

/* Rows of Y that go in at a time: two blocks of chroma at half its resolution. */
#define ROWS_MAX (2 * DCTSIZE)

/* How full-range BT.601 is made of another YCbCr, in 1/65536. */
struct turn {
	int32_t zero; /* of Y, as stored */
	int32_t y, y_cb, y_cr, cb_cb, cb_cr, cr_cb, cr_cr;
};

struct atoll_encoder {
	struct jpeg_compress_struct info;
	struct jpeg_memory memory;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr destination;
	jmp_buf failed;
	uint8_t *jpeg;
	size_t capacity;
	uint8_t *rows; /* [ROWS_MAX][width] of Y, of Cb, of Cr, whole blocks */
	size_t rows_size;
	uint8_t stretch_luma[256], stretch_chroma[256]; /* BT.601, limited range */
	struct turn turn[2];                            /* BT.709, [is_full_range] */
};

static uint8_t clamp(int32_t value)
{
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void fill_stretch(struct atoll_encoder *encoder)
{
	for (int32_t i = 0; i < 256; i++) {
		encoder->stretch_luma[i] = clamp(((i - 16) * 255 + 219 / 2) / 219);
		encoder->stretch_chroma[i] =
			clamp(((i - 128) * 255 + 128 * 224 + 224 / 2) / 224);
	}
}

/*
 * With Y in 0..1 and Cb, Cr in -1/2..1/2, both standards say
 *
 *	R = Y + 2 (1 - red) Cr        Y = red R + green G + blue B
 *	B = Y + 2 (1 - blue) Cb
 *
 * and differ in the weights. Decode by BT.709's, encode by BT.601's.
 */
static void fill_turn(struct turn *turn, bool is_full_range)
{
	const double red = 0.2126, blue = 0.0722, green = 1 - red - blue;
	const double red_cr = 2 * (1 - red), blue_cb = 2 * (1 - blue);
	const double y_cb = 0.114 * blue_cb - 0.587 * blue_cb * blue / green;
	const double y_cr = 0.299 * red_cr - 0.587 * red_cr * red / green;
	const double luma = 65536 * (is_full_range ? 1 : 255.0 / 219);
	const double chroma = 65536 * (is_full_range ? 1 : 255.0 / 224);

	*turn = (struct turn){
		.zero = is_full_range ? 0 : 16,
		.y = (int32_t)luma,
		.y_cb = (int32_t)(chroma * y_cb),
		.y_cr = (int32_t)(chroma * y_cr),
		.cb_cb = (int32_t)(chroma * (blue_cb - y_cb) / 1.772),
		.cb_cr = (int32_t)(chroma * -y_cr / 1.772),
		.cr_cb = (int32_t)(chroma * -y_cb / 1.402),
		.cr_cr = (int32_t)(chroma * (red_cr - y_cr) / 1.402),
	};
}

/* --- what libjpeg calls --- */

static _Noreturn void fail(j_common_ptr info)
{
	struct atoll_encoder *encoder = info->client_data;

	longjmp(encoder->failed, 1);
}

static void stay_silent(j_common_ptr info, int level)
{
	(void)info;
	(void)level;
}

static void begin_output(j_compress_ptr info)
{
	struct atoll_encoder *encoder = info->client_data;

	encoder->destination.next_output_byte = encoder->jpeg;
	encoder->destination.free_in_buffer = encoder->capacity;
}

/* The buffer is full, whatever `free_in_buffer` says: twice as large. */
static boolean extend_output(j_compress_ptr info)
{
	struct atoll_encoder *encoder = info->client_data;
	size_t used = encoder->capacity;
	uint8_t *jpeg = realloc(encoder->jpeg, used * 2);

	if (!jpeg)
		longjmp(encoder->failed, 1);
	encoder->jpeg = jpeg;
	encoder->capacity = used * 2;
	encoder->destination.next_output_byte = jpeg + used;
	encoder->destination.free_in_buffer = used;
	return TRUE;
}

/* Before the first frame of a size: more than one takes at most qualities. */
static bool keep_output(struct atoll_encoder *encoder, size_t size)
{
	uint8_t *jpeg;

	if (size <= encoder->capacity)
		return true;
	jpeg = realloc(encoder->jpeg, size);
	if (!jpeg)
		return false;
	encoder->jpeg = jpeg;
	encoder->capacity = size;
	return true;
}

static void end_output(j_compress_ptr info)
{
	(void)info;
}

/* --- YUV --- */

static bool keep_rows(struct atoll_encoder *encoder, size_t size)
{
	uint8_t *rows;

	if (size <= encoder->rows_size)
		return true;
	rows = realloc(encoder->rows, size);
	if (!rows)
		return false;
	encoder->rows = rows;
	encoder->rows_size = size;
	return true;
}

/* One turn of jpeg_write_raw_data: a row of whole blocks of each component. */
struct band {
	unsigned components;
	uint32_t width[3], rows[3];
	uint8_t *first[3];
	JSAMPROW row[3][ROWS_MAX];
};

static void stretch(uint8_t *restrict row, uint32_t width, const uint8_t *restrict table)
{
	for (uint32_t x = 0; x < width; x++)
		row[x] = table[row[x]];
}

/*
 * In place, two pixels of each of `lines` rows of Y (`pitch` apart) with the
 * chroma they share.
 */
static void turn_rows(const struct turn *turn, uint8_t *luma, size_t pitch, uint32_t lines,
		      uint8_t *blue, uint8_t *red, uint32_t pairs)
{
	const int32_t half = 1 << 15;

	for (uint32_t x = 0; x < pairs; x++) {
		int32_t cb = blue[x] - 128, cr = red[x] - 128;
		int32_t shift = turn->y_cb * cb + turn->y_cr * cr + half -
				turn->y * turn->zero;

		for (uint32_t line = 0; line < lines; line++) {
			uint8_t *pair = luma + line * pitch + 2 * (size_t)x;

			pair[0] = clamp((turn->y * pair[0] + shift) >> 16);
			pair[1] = clamp((turn->y * pair[1] + shift) >> 16);
		}
		blue[x] = clamp(((turn->cb_cb * cb + turn->cb_cr * cr + half) >> 16) + 128);
		red[x] = clamp(((turn->cr_cb * cb + turn->cr_cr * cr + half) >> 16) + 128);
	}
}

static void colour_band(const struct atoll_encoder *encoder, const struct atoll_frame *frame,
			const struct band *band)
{
	if (frame->matrix == ATOLL_MATRIX_BT709 && band->components == 3) {
		const struct turn *turn = &encoder->turn[frame->is_full_range];
		uint32_t lines = band->rows[0] / band->rows[1];

		for (uint32_t y = 0; y < band->rows[1]; y++)
			turn_rows(turn, band->row[0][y * lines], band->width[0], lines,
				  band->row[1][y], band->row[2][y], band->width[1]);
	} else if (!frame->is_full_range) {
		for (unsigned c = 0; c < band->components; c++)
			stretch(band->first[c], band->width[c] * band->rows[c],
				c ? encoder->stretch_chroma : encoder->stretch_luma);
	}
}

/* Rows from `y` on; where the frame ends, its last row and column go on. */
static void fill_plane(uint8_t *out, uint32_t width, uint32_t rows,
		       const struct camera_samples *samples, uint32_t y)
{
	for (uint32_t end = y + rows; y < end; y++, out += width) {
		if (y >= samples->height) {
			memcpy(out, out - width, width);
			continue;
		}
		camera_samples_row(samples, y, out);
		memset(out + samples->width, out[samples->width - 1],
		       width - samples->width);
	}
}

/* Make room for a band of the frame that libjpeg has been told of. */
static int lay_band(struct atoll_encoder *encoder, struct band *band)
{
	uint8_t *at;

	*band = (struct band){ .components = (unsigned)encoder->info.num_components };
	for (unsigned c = 0; c < band->components; c++) {
		const jpeg_component_info *component = &encoder->info.comp_info[c];
		uint32_t block = (uint32_t)encoder->info.comp_info[0].h_samp_factor * DCTSIZE;
		uint32_t blocks = (encoder->info.image_width + block - 1) / block;

		band->width[c] = blocks * (uint32_t)component->h_samp_factor * DCTSIZE;
		band->rows[c] = (uint32_t)component->v_samp_factor * DCTSIZE;
	}
	if (!keep_rows(encoder, 3 * ROWS_MAX * (size_t)band->width[0]))
		return -ENOMEM;
	at = encoder->rows;
	for (unsigned c = 0; c < band->components; c++) {
		band->first[c] = at;
		for (uint32_t y = 0; y < band->rows[c]; y++, at += band->width[c])
			band->row[c][y] = at;
	}
	return 0;
}

static int write_samples(struct atoll_encoder *encoder, const struct atoll_frame *frame,
			 const struct camera_samples samples[3])
{
	struct jpeg_compress_struct *info = &encoder->info;
	struct band band;
	JSAMPARRAY rows[3] = { band.row[0], band.row[1], band.row[2] };

	if (lay_band(encoder, &band) < 0)
		return -ENOMEM;
	info->raw_data_in = TRUE;
	jpeg_start_compress(info, TRUE);
	while (info->next_scanline < info->image_height) {
		for (unsigned c = 0; c < band.components; c++)
			fill_plane(band.first[c], band.width[c], band.rows[c], &samples[c],
				   info->next_scanline / samples[c].rows);
		colour_band(encoder, frame, &band);
		(void)jpeg_write_raw_data(info, rows, band.rows[0]);
	}
	jpeg_finish_compress(info);
	return 0;
}

/* --- RGB --- */

static J_COLOR_SPACE space_of(enum atoll_pixels pixels)
{
	switch (pixels) {
	case ATOLL_PIXELS_RGB24:
		return JCS_EXT_RGB;
	case ATOLL_PIXELS_BGR24:
		return JCS_EXT_BGR;
	case ATOLL_PIXELS_XRGB:
		return JCS_EXT_XRGB;
	case ATOLL_PIXELS_BGRX:
		return JCS_EXT_BGRX;
	default:
		return JCS_UNKNOWN;
	}
}

static int write_pixels(struct atoll_encoder *encoder, const struct atoll_frame *frame)
{
	struct jpeg_compress_struct *info = &encoder->info;

	jpeg_start_compress(info, TRUE);
	while (info->next_scanline < info->image_height) {
		size_t at = (size_t)info->next_scanline * frame->stride[0];
		/* libjpeg only reads, but does not say so. */
		JSAMPROW row = (JSAMPROW)(uintptr_t)(frame->plane[0] + at);

		(void)jpeg_write_scanlines(info, &row, 1);
	}
	jpeg_finish_compress(info);
	return 0;
}

/* --- both --- */

/* Tell libjpeg what comes; the settings beside these are its defaults. */
static void describe(struct jpeg_compress_struct *info, const struct atoll_frame *frame,
		     const struct camera_samples *samples, unsigned components, int quality)
{
	bool is_fine = !components && quality >= FINE_QUALITY;

	info->image_width = frame->width;
	info->image_height = frame->height;
	info->in_color_space = components == 3 ? JCS_YCbCr :
			       components == 1 ? JCS_GRAYSCALE : space_of(frame->pixels);
	info->input_components = components ? (int)components :
		frame->pixels == ATOLL_PIXELS_XRGB || frame->pixels == ATOLL_PIXELS_BGRX ? 4 : 3;
	jpeg_set_defaults(info);
	jpeg_set_quality(info, quality, TRUE);
	if (components == 3) {
		info->comp_info[0].h_samp_factor = (int)samples[1].columns;
		info->comp_info[0].v_samp_factor = (int)samples[1].rows;
	} else if (is_fine) {
		info->comp_info[0].h_samp_factor = 1;
		info->comp_info[0].v_samp_factor = 1;
	}
}

static int encode(struct atoll_encoder *encoder, const struct atoll_frame *frame, int quality)
{
	struct camera_samples samples[3];
	unsigned components = camera_samples_of(frame, samples);

	if (!components && space_of(frame->pixels) == JCS_UNKNOWN)
		return -ENOTSUP;
	if (components && samples[0].step == 2 && frame->width % 2)
		return -EINVAL;
	if (!keep_output(encoder, (size_t)frame->width * frame->height))
		return -ENOMEM;
	describe(&encoder->info, frame, samples, components, quality);
	return components ? write_samples(encoder, frame, samples) :
			    write_pixels(encoder, frame);
}

/* The only thing libjpeg can fail of here is memory: all else was checked. */
static int encode_or_fail(struct atoll_encoder *encoder, const struct atoll_frame *frame,
			  int quality)
{
	if (setjmp(encoder->failed)) {
		jpeg_abort_compress(&encoder->info);
		return -ENOMEM;
	}
	return encode(encoder, frame, quality);
}

ATOLL_API int atoll_encode_jpeg(struct atoll_encoder *encoder,
				const struct atoll_frame *frame, int quality,
				const uint8_t **jpeg, size_t *size)
{
	int r;

	if (frame->pixels == ATOLL_PIXELS_JPEG) {
		*jpeg = frame->plane[0];
		*size = frame->bytes;
		return 0;
	}
	if (!frame->width || !frame->height || frame->width > ATOLL_FRAME_SIDE_MAX ||
	    frame->height > ATOLL_FRAME_SIDE_MAX || quality < 1 || quality > 100)
		return -EINVAL;
	r = encode_or_fail(encoder, frame, quality);
	if (r < 0)
		return r;
	*jpeg = encoder->jpeg;
	*size = (size_t)(encoder->destination.next_output_byte - encoder->jpeg);
	return 0;
}

/* --- its life --- */

static int create_or_fail(struct atoll_encoder *encoder)
{
	if (setjmp(encoder->failed))
		return -ENOMEM;
	jpeg_create_compress(&encoder->info);
	jpeg_memory_keep(&encoder->memory, (j_common_ptr)&encoder->info);
	return 0;
}

ATOLL_API struct atoll_encoder *atoll_encoder_new(struct atoll_error *err)
{
	struct atoll_encoder *encoder = calloc(1, sizeof(*encoder));

	if (!encoder) {
		atoll_error_set(err, -ENOMEM, "encoder: out of memory");
		return NULL;
	}
	encoder->info.err = jpeg_std_error(&encoder->errors);
	encoder->info.client_data = encoder;
	encoder->errors.error_exit = fail;
	encoder->errors.emit_message = stay_silent;
	encoder->destination.init_destination = begin_output;
	encoder->destination.empty_output_buffer = extend_output;
	encoder->destination.term_destination = end_output;
	if (create_or_fail(encoder) < 0) {
		atoll_error_set(err, -ENOMEM, "encoder: out of memory");
		atoll_encoder_free(encoder);
		return NULL;
	}
	encoder->info.dest = &encoder->destination;
	fill_stretch(encoder);
	fill_turn(&encoder->turn[false], false);
	fill_turn(&encoder->turn[true], true);
	return encoder;
}

ATOLL_API void atoll_encoder_free(struct atoll_encoder *encoder)
{
	if (!encoder)
		return;
	jpeg_destroy_compress(&encoder->info);
	jpeg_memory_free(&encoder->memory);
	free(encoder->jpeg);
	free(encoder->rows);
	free(encoder);
}
