/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pictures.h"

#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

static void append(struct pictures_file *file, const void *bytes, size_t size)
{
	file->bytes = realloc(file->bytes, file->size + size + 1);
	assert_non_null(file->bytes);
	if (size)
		memcpy(file->bytes + file->size, bytes, size);
	file->size += size;
}

static void append_le(struct pictures_file *file, uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * i);

		append(file, &byte, 1);
	}
}

static void put_be(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

void pictures_exif(uint8_t exif[PICTURES_EXIF_SIZE], unsigned orientation,
		   bool is_big_endian)
{
	/* Order, 42, directory at 8; one entry: 0x112, short, 1; no more. */
	static const uint8_t big[PICTURES_EXIF_SIZE] = {
		'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1,
	};
	static const uint8_t little[PICTURES_EXIF_SIZE] = {
		'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0,
	};

	memcpy(exif, is_big_endian ? big : little, PICTURES_EXIF_SIZE);
	exif[is_big_endian ? 19 : 18] = (uint8_t)orientation;
}

static void choose_colours(struct jpeg_compress_struct *info, enum pictures_ink ink)
{
	static const struct {
		J_COLOR_SPACE given, stored;
		int samples;
	} colours[] = {
		[PICTURES_YCC] = { JCS_RGB, JCS_YCbCr, 3 },
		[PICTURES_LIGHT] = { JCS_GRAYSCALE, JCS_GRAYSCALE, 1 },
		[PICTURES_CMYK] = { JCS_CMYK, JCS_CMYK, 4 },
		[PICTURES_YCCK] = { JCS_CMYK, JCS_YCCK, 4 },
		[PICTURES_TWO] = { JCS_UNKNOWN, JCS_UNKNOWN, 2 },
	};

	info->input_components = colours[ink].samples;
	info->in_color_space = colours[ink].given;
	jpeg_set_defaults(info);
	jpeg_set_colorspace(info, colours[ink].stored);
}

/* Each AC coefficient alone, and in three steps of precision: 1 + 3 * 42. */
static int script_scan_per_bit(jpeg_scan_info *scans)
{
	int count = 0;

	scans[count++] = (jpeg_scan_info){ .comps_in_scan = 1 };
	for (int k = 1; k <= 42; k++)
		for (int bit = 2; bit >= 0; bit--)
			scans[count++] = (jpeg_scan_info){
				.comps_in_scan = 1, .Ss = k, .Se = k,
				.Ah = bit == 2 ? 0 : bit + 1, .Al = bit,
			};
	return count;
}

struct pictures_file pictures_jpeg(const struct pictures_jpeg *recipe)
{
	struct jpeg_compress_struct info;
	struct jpeg_error_mgr errors;
	jpeg_scan_info scans[127];
	unsigned char *bytes = NULL;
	unsigned long size = 0;

	info.err = jpeg_std_error(&errors);
	jpeg_create_compress(&info);
	jpeg_mem_dest(&info, &bytes, &size);
	info.image_width = recipe->width;
	info.image_height = recipe->height;
	choose_colours(&info, recipe->ink);
	jpeg_set_quality(&info, 95, TRUE);
	if (recipe->is_progressive)
		jpeg_simple_progression(&info);
	if (recipe->has_scan_per_bit) {
		info.num_scans = script_scan_per_bit(scans);
		info.scan_info = scans;
	}
	info.arith_code = recipe->is_arithmetic;
	info.restart_interval = recipe->restart;
	if (recipe->is_without_adobe)
		info.write_Adobe_marker = FALSE;
	jpeg_start_compress(&info, TRUE);
	if (recipe->exif) {
		uint8_t segment[256] = "Exif\0";

		assert_true(recipe->exif_size <= sizeof(segment) - 6);
		memcpy(segment + 6, recipe->exif, recipe->exif_size);
		jpeg_write_marker(&info, JPEG_APP0 + 1, segment,
				  (unsigned)recipe->exif_size + 6);
	}
	for (uint32_t y = 0; y < recipe->height; y++) {
		size_t at = (size_t)y * recipe->width * (size_t)info.input_components;
		JSAMPROW row = (JSAMPROW)(uintptr_t)(recipe->samples + at);

		(void)jpeg_write_scanlines(&info, &row, 1);
	}
	jpeg_finish_compress(&info);
	jpeg_destroy_compress(&info);
	return (struct pictures_file){ bytes, size };
}

/* CRC-32 as PNG and Ethernet have it, one bit at a time. */
static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

void pictures_png_seal(uint8_t *chunk)
{
	size_t size = png_get_uint_32(chunk);

	put_be(chunk + 8 + size, crc_of(chunk + 4, size + 4));
}

size_t pictures_png_row_bytes(uint32_t width, int colour, int depth)
{
	static const size_t samples[] = { 1, 0, 3, 1, 2, 0, 4 };

	return (width * samples[colour] * (size_t)depth + 7) / 8;
}

static void write_png(png_structp png, png_bytep bytes, size_t size)
{
	append(png_get_io_ptr(png), bytes, size);
}

static void flush_png(png_structp png)
{
	(void)png;
}

/* An eXIf chunk behind the first chunk (IHDR, 25 bytes) or before the last. */
static void add_exif(struct pictures_file *file, const struct pictures_png *recipe)
{
	struct pictures_file with = { 0 };
	size_t at = recipe->is_exif_last ? file->size - 12 : 8 + 25;
	uint8_t chunk[256] = { 0 };

	assert_true(recipe->exif_size <= sizeof(chunk) - 12);
	put_be(chunk, (uint32_t)recipe->exif_size);
	memcpy(chunk + 4, "eXIf", 4);
	memcpy(chunk + 8, recipe->exif, recipe->exif_size);
	pictures_png_seal(chunk);
	append(&with, file->bytes, at);
	append(&with, chunk, recipe->exif_size + 12);
	append(&with, file->bytes + at, file->size - at);
	free(file->bytes);
	*file = with;
}

static void add_colours(png_structp png, png_infop info, const struct pictures_png *recipe)
{
	png_color_16 clear = { 0 };
	png_color palette[256];

	if (recipe->colour == PICTURES_PALETTE) {
		memcpy(palette, recipe->palette, (size_t)3 << recipe->depth);
		png_set_PLTE(png, info, palette, 1 << recipe->depth);
		if (recipe->alphas)
			png_set_tRNS(png, info, recipe->alphas, recipe->alpha_count, NULL);
	} else if (recipe->clear) {
		clear.gray = clear.red = recipe->clear[0];
		if (recipe->colour == PICTURES_RGB) {
			clear.green = recipe->clear[1];
			clear.blue = recipe->clear[2];
		}
		png_set_tRNS(png, info, NULL, 0, &clear);
	}
}

struct pictures_file pictures_png(const struct pictures_png *recipe)
{
	size_t row_bytes = pictures_png_row_bytes(recipe->width, recipe->colour, recipe->depth);
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	uint8_t **rows = calloc(recipe->height, sizeof(*rows));
	struct pictures_file file = { 0 };

	assert_non_null(rows);
	for (uint32_t y = 0; y < recipe->height; y++)
		rows[y] = (uint8_t *)(uintptr_t)(recipe->rows + y * row_bytes);
	png_set_write_fn(png, &file, write_png, flush_png);
	png_set_IHDR(png, info, recipe->width, recipe->height, recipe->depth,
		     recipe->colour,
		     recipe->is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	add_colours(png, info, recipe);
	png_write_info(png, info);
	png_write_image(png, rows);
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	free(rows);
	if (recipe->exif)
		add_exif(&file, recipe);
	return file;
}

struct pictures_file pictures_bmp(const struct pictures_bmp *recipe)
{
	bool has_masks_behind = recipe->compression == PICTURES_MASKS &&
				recipe->header_size == 40;
	uint32_t pixels_at = 14 + recipe->header_size + (has_masks_behind ? 12 : 0) +
			     (uint32_t)recipe->palette_size;
	struct pictures_file file = { 0 };

	append(&file, "BM", 2);
	append_le(&file, pixels_at + (uint32_t)recipe->rows_size, 4);
	append_le(&file, 0, 4);
	append_le(&file, pixels_at, 4);
	append_le(&file, recipe->header_size, 4);
	if (recipe->header_size == 12) {
		append_le(&file, (uint32_t)recipe->width, 2);
		append_le(&file, (uint32_t)recipe->height, 2);
		append_le(&file, 1, 2);
		append_le(&file, recipe->bits, 2);
	} else {
		append_le(&file, (uint32_t)recipe->width, 4);
		append_le(&file, (uint32_t)recipe->height, 4);
		append_le(&file, 1, 2);
		append_le(&file, recipe->bits, 2);
		append_le(&file, recipe->compression, 4);
		append_le(&file, 0, 4);
		append_le(&file, 2835, 4); /* 72 dots an inch, per metre */
		append_le(&file, 2835, 4);
		append_le(&file, recipe->colours, 4);
		append_le(&file, 0, 4);
		if (recipe->compression == PICTURES_MASKS)
			for (unsigned c = 0; c < 3; c++)
				append_le(&file, recipe->masks[c], 4);
		while (file.size < 14 + recipe->header_size)
			append_le(&file, 0, 1);
	}
	append(&file, recipe->palette, recipe->palette_size);
	append(&file, recipe->rows, recipe->rows_size);
	return file;
}

struct pictures_file pictures_ppm(const char *header, const void *samples, size_t size)
{
	struct pictures_file file = { 0 };

	append(&file, header, strlen(header));
	append(&file, samples, size);
	return file;
}

#define SAMPLE_WIDTH 21
#define SAMPLE_HEIGHT 13

struct pictures_file pictures_sample(unsigned i)
{
	static const uint8_t palette[] = { 10, 120, 250, 0, 90, 80, 5, 9 }, bits[4] = { 0x50 };
	uint8_t rgb[SAMPLE_HEIGHT * (SAMPLE_WIDTH + 1) * 3];
	bool is_odd = i % 2;

	for (size_t k = 0; k < sizeof(rgb); k++)
		rgb[k] = (uint8_t)(k * 5 + k / 7 * 3);
	switch (i) {
	case 0:
	case 1:
		return pictures_jpeg(&(struct pictures_jpeg){
			.width = SAMPLE_WIDTH, .height = SAMPLE_HEIGHT, .samples = rgb,
			.is_progressive = is_odd });
	case 2:
	case 3:
		return pictures_png(&(struct pictures_png){
			.width = SAMPLE_WIDTH, .height = SAMPLE_HEIGHT,
			.colour = PICTURES_RGB, .depth = 8, .rows = rgb,
			.is_interlaced = is_odd });
	case 4: /* rows of whole 32-bit words, so 63 bytes and one more */
		return pictures_bmp(&(struct pictures_bmp){
			.width = SAMPLE_WIDTH, .height = SAMPLE_HEIGHT, .header_size = 40,
			.bits = 24, .rows = rgb, .rows_size = SAMPLE_HEIGHT * 64 });
	case 5:
		return pictures_bmp(&(struct pictures_bmp){
			.width = 4, .height = 1, .header_size = 40, .bits = 1, .colours = 2,
			.palette = palette, .palette_size = 8, .rows = bits, .rows_size = 4 });
	default:
		return pictures_ppm("P6 21 13 255\n", rgb,
				    SAMPLE_HEIGHT * SAMPLE_WIDTH * 3);
	}
}
