/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Through libjpeg-turbo, with its default inverse DCT. Its object is kept from frame
 * to frame, and with it the tables of the last file: that is how it reads files
 * without any. As the Motion-JPEG of many cameras leaves out the Huffman tables, but
 * means those of ITU-T T.81 annex K, these are put back before each frame;
 * quantization tables are made useless instead.
 */
#include "camera/convert_jpeg.h"

#include "camera/jpeg_input.h"
#include "camera/jpeg_memory.h"
#include "camera/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Some cameras leave a few before a marker; more of them, and the frame is damaged. */
#define EXTRA_BYTES_MAX 16

struct convert_jpeg {
	struct jpeg_input input;
	struct jpeg_memory memory;
	JHUFF_TBL standard_dc[2], standard_ac[2];
	uint8_t *planes;
	size_t planes_size;
};

/* --- tables --- */

/* The library has the tables of annex K for those who write files. */
static void learn_standard_tables(struct convert_jpeg *jpeg,
				  struct jpeg_compress_struct *writer)
{
	jpeg_create_compress(writer);
	writer->input_components = 3;
	writer->in_color_space = JCS_YCbCr;
	jpeg_set_defaults(writer);
	for (unsigned i = 0; i < 2; i++) {
		jpeg->standard_dc[i] = *writer->dc_huff_tbl_ptrs[i];
		jpeg->standard_ac[i] = *writer->ac_huff_tbl_ptrs[i];
	}
}

static void put_back(struct jpeg_decompress_struct *info, JHUFF_TBL **table,
		     const JHUFF_TBL *standard)
{
	if (!*table)
		*table = jpeg_alloc_huff_table((j_common_ptr)info);
	**table = *standard;
}

static void forget_tables(struct convert_jpeg *jpeg)
{
	static const JHUFF_TBL no_codes;
	struct jpeg_decompress_struct *info = &jpeg->input.info;

	for (unsigned i = 0; i < NUM_HUFF_TBLS; i++) {
		put_back(info, &info->dc_huff_tbl_ptrs[i], i < 2 ? &jpeg->standard_dc[i] : &no_codes);
		put_back(info, &info->ac_huff_tbl_ptrs[i], i < 2 ? &jpeg->standard_ac[i] : &no_codes);
	}
	for (unsigned i = 0; i < NUM_QUANT_TBLS; i++)
		if (info->quant_tbl_ptrs[i])
			memset(info->quant_tbl_ptrs[i], 0, sizeof(JQUANT_TBL));
}

/* No step of a table that was in the file is 0. To be asked once the last scan has
   begun. */
static bool has_tables(const struct jpeg_decompress_struct *info)
{
	for (int i = 0; i < info->num_components; i++) {
		const JQUANT_TBL *table = info->comp_info[i].quant_table;

		if (!table || !table->quantval[0])
			return false;
	}
	return true;
}

/* --- life --- */

static int create(struct convert_jpeg *jpeg, struct jpeg_compress_struct *writer)
{
	if (setjmp(jpeg->input.failed))
		return jpeg->input.err.code;
	learn_standard_tables(jpeg, writer);
	jpeg_create_decompress(&jpeg->input.info);
	jpeg_memory_keep(&jpeg->memory, (j_common_ptr)&jpeg->input.info);
	return 0;
}

struct convert_jpeg *convert_jpeg_new(void)
{
	struct convert_jpeg *jpeg = calloc(1, sizeof(*jpeg));
	struct jpeg_compress_struct writer = { 0 };
	int r;

	if (!jpeg)
		return NULL;
	jpeg->input.extra_max = EXTRA_BYTES_MAX;
	jpeg_input_set(&jpeg->input);
	writer.err = &jpeg->input.errors;
	writer.client_data = &jpeg->input;
	r = create(jpeg, &writer);
	jpeg_destroy_compress(&writer);
	if (r == 0)
		return jpeg;
	convert_jpeg_free(jpeg);
	return NULL;
}

void convert_jpeg_free(struct convert_jpeg *jpeg)
{
	if (!jpeg)
		return;
	jpeg_destroy_decompress(&jpeg->input.info);
	jpeg_memory_free(&jpeg->memory);
	free(jpeg->planes);
	free(jpeg);
}

/* --- frames --- */

static int check(const struct jpeg_decompress_struct *info)
{
	const jpeg_component_info *component = info->comp_info;

	if (info->image_width > ATOLL_FRAME_SIDE_MAX || info->image_height > ATOLL_FRAME_SIDE_MAX ||
	    (uint64_t)info->image_width * info->image_height > ATOLL_PICTURE_PIXELS_MAX)
		return -EINVAL;
	switch (info->jpeg_color_space) {
	case JCS_GRAYSCALE:
		return 0;
	case JCS_RGB:
	case JCS_YCbCr:
		return component[1].h_samp_factor == component[2].h_samp_factor &&
		       component[1].v_samp_factor == component[2].v_samp_factor ? 0 : -ENOTSUP;
	default:
		return -ENOTSUP;
	}
}

static int read_header(struct convert_jpeg *jpeg)
{
	if (setjmp(jpeg->input.failed))
		return jpeg->input.err.code;
	forget_tables(jpeg);
	(void)jpeg_read_header(&jpeg->input.info, TRUE);
	return check(&jpeg->input.info);
}

int convert_jpeg_begin(struct convert_jpeg *jpeg, const void *bytes, size_t size,
		       uint32_t *width, uint32_t *height)
{
	int r;

	jpeg_abort_decompress(&jpeg->input.info);
	jpeg_input_begin(&jpeg->input, bytes, size);
	r = read_header(jpeg);
	*width = jpeg->input.info.image_width;
	*height = jpeg->input.info.image_height;
	return r;
}

/*
 * Luma alone comes as rows of a picture, for then the library leaves out what chroma
 * costs; everything else as blocks of each component.
 */
static void describe(const struct jpeg_decompress_struct *info, struct convert_source *source)
{
	*source = (struct convert_source){
		.layout = info->raw_data_out ? CONVERT_PLANAR : CONVERT_ONE,
		.is_rgb = info->jpeg_color_space == JCS_RGB,
		.is_full_range = true,
		.matrix = ATOLL_MATRIX_BT601,
	};
	if (!info->raw_data_out) {
		source->width[0] = info->output_width;
		source->height[0] = info->output_height;
		return;
	}
	for (int i = 0; i < 2; i++) {
		source->width[i] = info->comp_info[i].downsampled_width;
		source->height[i] = info->comp_info[i].downsampled_height;
	}
}

/* What one call of jpeg_read_raw_data gives of a component: whole blocks. */
static uint32_t rows_of(const struct jpeg_decompress_struct *info, int i)
{
	const jpeg_component_info *component = &info->comp_info[i];

	return (uint32_t)component->v_samp_factor * (uint32_t)component->DCT_scaled_size;
}

static uint32_t columns_of(const struct jpeg_decompress_struct *info, int i)
{
	const jpeg_component_info *component = &info->comp_info[i];

	return component->width_in_blocks * (uint32_t)component->DCT_scaled_size;
}

/* Vector instructions write rows in such pieces. */
#define PIECE 64

static int set_planes(struct convert_jpeg *jpeg, struct convert_source *source)
{
	const struct jpeg_decompress_struct *info = &jpeg->input.info;
	size_t at[3], size = 0;
	int planes = info->raw_data_out ? 3 : 1;

	for (int i = 0; i < planes; i++) {
		size_t columns = info->raw_data_out ? columns_of(info, i) : info->output_width;
		size_t rows = info->raw_data_out ? (size_t)rows_of(info, i) * info->total_iMCU_rows
						 : info->output_height;

		source->stride[i] = (uint32_t)((columns + PIECE - 1) / PIECE * PIECE);
		at[i] = size;
		size += source->stride[i] * rows;
	}
	if (size > jpeg->planes_size) {
		uint8_t *larger = aligned_alloc(PIECE, size);

		if (!larger)
			return -ENOMEM;
		free(jpeg->planes);
		jpeg->planes = larger;
		jpeg->planes_size = size;
	}
	for (int i = 0; i < planes; i++)
		source->plane[i] = jpeg->planes + at[i];
	return 0;
}

static uint8_t *row_at(struct convert_jpeg *jpeg, const struct convert_source *source, int i,
		       size_t y)
{
	return jpeg->planes + (source->plane[i] - jpeg->planes) + y * source->stride[i];
}

static void read_luma(struct convert_jpeg *jpeg, const struct convert_source *source)
{
	struct jpeg_decompress_struct *info = &jpeg->input.info;

	while (info->output_scanline < info->output_height) {
		JSAMPROW row = row_at(jpeg, source, 0, info->output_scanline);

		(void)jpeg_read_scanlines(info, &row, 1);
	}
}

static void read_planes(struct convert_jpeg *jpeg, const struct convert_source *source)
{
	struct jpeg_decompress_struct *info = &jpeg->input.info;
	JSAMPROW row[3][MAX_SAMP_FACTOR * DCTSIZE];
	JSAMPARRAY rows[3] = { row[0], row[1], row[2] };
	JDIMENSION lines = (JDIMENSION)(info->max_v_samp_factor * info->min_DCT_scaled_size);

	for (size_t done = 0; info->output_scanline < info->output_height; done++) {
		for (int i = 0; i < 3; i++)
			for (uint32_t y = 0; y < rows_of(info, i); y++)
				row[i][y] = row_at(jpeg, source, i, done * rows_of(info, i) + y);
		(void)jpeg_read_raw_data(info, rows, lines);
	}
}

static int decode(struct convert_jpeg *jpeg, unsigned eighths, bool is_luma_enough,
		  struct convert_source *source)
{
	struct jpeg_decompress_struct *info = &jpeg->input.info;
	bool is_luma = info->jpeg_color_space == JCS_GRAYSCALE ||
		       (info->jpeg_color_space == JCS_YCbCr && is_luma_enough);
	int r;

	info->scale_num = eighths;
	info->scale_denom = 8;
	info->out_color_space = is_luma ? JCS_GRAYSCALE : info->jpeg_color_space;
	info->raw_data_out = !is_luma;
	jpeg->input.is_decoding = true;
	(void)jpeg_start_decompress(info);
	describe(info, source);
	r = set_planes(jpeg, source);
	if (r < 0)
		return r;
	if (is_luma)
		read_luma(jpeg, source);
	else
		read_planes(jpeg, source);
	if (!has_tables(info))
		return -EBADMSG;
	(void)jpeg_finish_decompress(info);
	return 0;
}

int convert_jpeg_decode(struct convert_jpeg *jpeg, unsigned eighths, bool is_luma_enough,
			struct convert_source *source)
{
	if (setjmp(jpeg->input.failed))
		return jpeg->input.err.code;
	return decode(jpeg, eighths, is_luma_enough, source);
}
