/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures made here, read back, and compared with what went in; damaged in
 * every way a file can be; and those of the test data, stretched to the bytes
 * others got from them.
 */
#include "camera/picture.h"

#include "tests/check.h"
#include "tests/pictures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jpeglib.h>

/* Small, and no multiple of a JPEG block or a BMP word. */
enum { WIDTH = 21, HEIGHT = 13, RGB_SIZE = WIDTH * HEIGHT * 3 };

/* A smooth picture without symmetry. */
static void paint(uint8_t rgb[RGB_SIZE])
{
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			*rgb++ = (uint8_t)(x * 12);
			*rgb++ = (uint8_t)(y * 19);
			*rgb++ = (uint8_t)(255 - x * 6 - y * 8);
		}
}

static void scatter(void *bytes, size_t size, uint64_t seed)
{
	struct check_random random = { seed };

	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = (uint8_t)check_random(&random);
}

/* Read `file`, which must work, and free it. */
static struct atoll_picture *load(struct pictures_file file)
{
	struct atoll_error err = { 0 };
	struct atoll_picture *picture =
		atoll_picture_load_bytes(file.bytes, file.size, 0, &err);

	if (!picture)
		fail_msg("%s", err.text);
	free(file.bytes);
	return picture;
}

static void assert_picture(const struct atoll_picture *picture, uint32_t width,
			   uint32_t height, const uint8_t *rgb)
{
	assert_int_equal(picture->width, width);
	assert_int_equal(picture->height, height);
	assert_memory_equal(picture->rgb, rgb, (size_t)width * height * 3);
}

/* The bytes must be refused with `code` and a sentence that holds `words`. */
static void assert_refused(const void *bytes, size_t size, int code, const char *words)
{
	struct atoll_error err = { 0 };

	assert_null(atoll_picture_load_bytes(bytes, size, 0, &err));
	if (err.code != code || !strstr(err.text, words) ||
	    strncmp(err.text, "picture: ", 9))
		fail_msg("wanted %d, \"%s\"; got %d, \"%s\"", code, words, err.code, err.text);
	assert_null(atoll_picture_load_bytes(bytes, size, 0, NULL));
}

static void refuse(struct pictures_file file, int code, const char *words)
{
	assert_refused(file.bytes, file.size, code, words);
	free(file.bytes);
}

/* --- JPEG --- */

static struct pictures_file plain_jpeg(bool is_progressive)
{
	uint8_t rgb[RGB_SIZE];

	paint(rgb);
	return pictures_jpeg(&(struct pictures_jpeg){
		.width = WIDTH, .height = HEIGHT, .samples = rgb,
		.is_progressive = is_progressive,
	});
}

/* What the library gives to those who ask for nothing special. */
static void decode_by_default(struct pictures_file file, uint8_t rgb[RGB_SIZE])
{
	struct jpeg_decompress_struct info;
	struct jpeg_error_mgr errors;

	info.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&info);
	jpeg_mem_src(&info, file.bytes, (unsigned long)file.size);
	(void)jpeg_read_header(&info, TRUE);
	(void)jpeg_start_decompress(&info);
	assert_int_equal(info.output_width * info.output_height *
			 (unsigned)info.output_components, RGB_SIZE);
	while (info.output_scanline < info.output_height) {
		JSAMPROW row = rgb + info.output_scanline * WIDTH * 3;

		(void)jpeg_read_scanlines(&info, &row, 1);
	}
	jpeg_destroy_decompress(&info);
}

static void a_jpeg_is_decoded_as_libjpeg_does_by_default(void **state)
{
	(void)state;
	for (int is_progressive = 0; is_progressive < 2; is_progressive++) {
		struct pictures_file file = plain_jpeg(is_progressive);
		uint8_t rgb[RGB_SIZE];
		struct atoll_picture *picture;

		decode_by_default(file, rgb);
		picture = load(file);
		assert_picture(picture, WIDTH, HEIGHT, rgb);
		atoll_picture_free(picture);
	}
}

static void a_jpeg_looks_like_what_was_painted(void **state)
{
	struct atoll_picture *picture = load(plain_jpeg(false));
	uint8_t rgb[RGB_SIZE];

	(void)state;
	paint(rgb);
	/* Chroma at half resolution and quality 95: close, not equal. */
	for (size_t i = 0; i < RGB_SIZE; i++)
		assert_in_range(picture->rgb[i] + 20 - rgb[i], 0, 40);
	atoll_picture_free(picture);
}

static void an_arithmetic_coded_jpeg_with_restarts_is_read(void **state)
{
	uint8_t rgb[RGB_SIZE];
	struct atoll_picture *plain = load(plain_jpeg(false)), *picture;

	(void)state;
	paint(rgb);
	picture = load(pictures_jpeg(&(struct pictures_jpeg){
		.width = WIDTH, .height = HEIGHT, .samples = rgb,
		.is_arithmetic = true, .restart = 1,
	}));
	assert_picture(picture, WIDTH, HEIGHT, plain->rgb);
	atoll_picture_free(picture);
	atoll_picture_free(plain);
}

static void a_grey_jpeg_has_three_equal_samples(void **state)
{
	uint8_t grey[WIDTH * HEIGHT];
	struct atoll_picture *picture;

	(void)state;
	for (size_t i = 0; i < sizeof(grey); i++)
		grey[i] = (uint8_t)(i % WIDTH * 12);
	picture = load(pictures_jpeg(&(struct pictures_jpeg){
		.width = WIDTH, .height = HEIGHT, .samples = grey, .ink = PICTURES_LIGHT,
	}));
	for (size_t i = 0; i < sizeof(grey); i++) {
		assert_in_range(picture->rgb[3 * i] + 8 - grey[i], 0, 16);
		assert_int_equal(picture->rgb[3 * i + 1], picture->rgb[3 * i]);
		assert_int_equal(picture->rgb[3 * i + 2], picture->rgb[3 * i]);
	}
	atoll_picture_free(picture);
}

static void assert_flat_cmyk(const struct pictures_jpeg *recipe, const uint8_t cmyk[4],
			     const uint8_t rgb[3])
{
	uint8_t samples[8 * 8 * 4];
	struct pictures_jpeg flat = *recipe;
	struct atoll_picture *picture;

	for (size_t i = 0; i < sizeof(samples); i++)
		samples[i] = cmyk[i % 4];
	flat.width = flat.height = 8;
	flat.samples = samples;
	picture = load(pictures_jpeg(&flat));
	for (size_t i = 0; i < 8 * 8 * 3; i++)
		assert_in_range(picture->rgb[i] + 2 - rgb[i % 3], 0, 4);
	atoll_picture_free(picture);
}

static void cmyk_inks_become_light_in_both_conventions(void **state)
{
	/* Adobe's: what is left of the light. 200 * 128 / 255 = 100. */
	static const uint8_t left[4] = { 200, 100, 255, 128 };
	static const uint8_t ink[4] = { 55, 155, 0, 127 };
	static const uint8_t rgb[3] = { 100, 50, 128 };

	(void)state;
	assert_flat_cmyk(&(struct pictures_jpeg){ .ink = PICTURES_CMYK }, left, rgb);
	assert_flat_cmyk(&(struct pictures_jpeg){ .ink = PICTURES_YCCK }, left, rgb);
	assert_flat_cmyk(&(struct pictures_jpeg){ .ink = PICTURES_CMYK,
						  .is_without_adobe = true }, ink, rgb);
}

static void a_jpeg_of_unknown_colours_is_refused(void **state)
{
	static const uint8_t samples[8 * 8 * 2];

	(void)state;
	refuse(pictures_jpeg(&(struct pictures_jpeg){
		.width = 8, .height = 8, .samples = samples, .ink = PICTURES_TWO,
	}), -ENOTSUP, "2 components");
}

static void a_jpeg_of_very_many_scans_is_refused(void **state)
{
	static const uint8_t samples[16 * 16] = { 1, 255, 3, 200 };

	(void)state;
	refuse(pictures_jpeg(&(struct pictures_jpeg){
		.width = 16, .height = 16, .samples = samples,
		.ink = PICTURES_LIGHT, .has_scan_per_bit = true,
	}), -ENOTSUP, "more than 100 scans");
}

/* Where the first stored row and column are seen, as EXIF defines 1 to 8. */
static const struct {
	char row, column;
} seen[9] = {
	[1] = { 't', 'l' }, [2] = { 't', 'r' }, [3] = { 'b', 'r' }, [4] = { 'b', 'l' },
	[5] = { 'l', 't' }, [6] = { 'r', 't' }, [7] = { 'r', 'b' }, [8] = { 'l', 'b' },
};

static void place(char side, int distance, int width, int height, int *x, int *y)
{
	switch (side) {
	case 't': *y = distance; break;
	case 'b': *y = height - 1 - distance; break;
	case 'l': *x = distance; break;
	default:  *x = width - 1 - distance; break;
	}
}

static void assert_turned(const struct atoll_picture *picture, unsigned orientation,
			  const uint8_t *stored)
{
	int width = orientation < 5 ? WIDTH : HEIGHT;
	int height = orientation < 5 ? HEIGHT : WIDTH;

	assert_int_equal(picture->width, width);
	assert_int_equal(picture->height, height);
	for (int i = 0; i < WIDTH * HEIGHT; i++) {
		int x = -1, y = -1;

		place(seen[orientation].row, i / WIDTH, width, height, &x, &y);
		place(seen[orientation].column, i % WIDTH, width, height, &x, &y);
		assert_memory_equal(picture->rgb + 3 * (y * width + x), stored + 3 * i, 3);
	}
}

static void a_jpeg_is_turned_upright_from_each_orientation(void **state)
{
	struct atoll_picture *upright = load(plain_jpeg(false));
	uint8_t rgb[RGB_SIZE], exif[PICTURES_EXIF_SIZE];

	(void)state;
	paint(rgb);
	for (unsigned i = 2; i < 18; i++) {
		struct atoll_picture *picture;

		pictures_exif(exif, i / 2, i % 2);
		picture = load(pictures_jpeg(&(struct pictures_jpeg){
			.width = WIDTH, .height = HEIGHT, .samples = rgb,
			.exif = exif, .exif_size = sizeof(exif),
		}));
		assert_turned(picture, i / 2, upright->rgb);
		atoll_picture_free(picture);
	}
	atoll_picture_free(upright);
}

/* A picture stored upside down, and an EXIF block that may fail to say so. */
static void assert_noticed(bool is_noticed, const uint8_t *exif, size_t size)
{
	struct atoll_picture *upright = load(plain_jpeg(false)), *picture;
	uint8_t rgb[RGB_SIZE];

	paint(rgb);
	picture = load(pictures_jpeg(&(struct pictures_jpeg){
		.width = WIDTH, .height = HEIGHT, .samples = rgb,
		.exif = exif, .exif_size = size,
	}));
	assert_turned(picture, is_noticed ? 3 : 1, upright->rgb);
	atoll_picture_free(picture);
	atoll_picture_free(upright);
}

static void exif_that_makes_no_sense_is_passed_over(void **state)
{
	/* Order, 42, where the directory is; entries; tag, type, count, value. */
	static const char matters[] = "yyyyyyyy" "nn" "yyyynnnnyy" "nnnnnn";
	uint8_t exif[PICTURES_EXIF_SIZE];

	(void)state;
	for (size_t i = 0; i < PICTURES_EXIF_SIZE; i++) {
		pictures_exif(exif, 3, false);
		assert_noticed(i >= 20, exif, i);
		exif[i] = 0xee;
		assert_noticed(matters[i] == 'n', exif, sizeof(exif));
	}
	pictures_exif(exif, 0, false);
	assert_noticed(false, exif, sizeof(exif));
	pictures_exif(exif, 9, false);
	assert_noticed(false, exif, sizeof(exif));
}

static void a_jpeg_cut_anywhere_says_what_is_missing(void **state)
{
	struct pictures_file file = plain_jpeg(false);
	struct atoll_picture *whole, *picture;

	(void)state;
	for (size_t size = 3; size < file.size - 2; size++)
		assert_refused(file.bytes, size, -EBADMSG, "the file ends early");
	whole = atoll_picture_load_bytes(file.bytes, file.size, 0, NULL);
	assert_non_null(whole);
	/* All pixels are there; only the end marker is cut. */
	for (size_t size = file.size - 2; size < file.size; size++) {
		picture = atoll_picture_load_bytes(file.bytes, size, 0, NULL);
		assert_non_null(picture);
		assert_picture(picture, WIDTH, HEIGHT, whole->rgb);
		atoll_picture_free(picture);
	}
	atoll_picture_free(whole);
	free(file.bytes);
}

static void a_progressive_jpeg_cut_anywhere_says_what_is_missing(void **state)
{
	struct pictures_file file = plain_jpeg(true);

	(void)state;
	for (size_t size = 3; size < file.size; size++)
		assert_refused(file.bytes, size, -EBADMSG, "the file ends early");
	free(file.bytes);
}

static void a_cut_jpeg_counts_its_rows(void **state)
{
	static uint8_t rgb[64 * 64 * 3];
	struct pictures_file file;
	struct atoll_error err;
	unsigned rows, all;

	(void)state;
	scatter(rgb, sizeof(rgb), 5);
	file = pictures_jpeg(&(struct pictures_jpeg){
		.width = 64, .height = 64, .samples = rgb });
	assert_null(atoll_picture_load_bytes(file.bytes, file.size / 2, 0, &err));
	assert_int_equal(sscanf(err.text, "picture: JPEG: the file ends early: %u of %u rows",
				&rows, &all), 2);
	assert_int_equal(all, 64);
	assert_in_range(rows, 8, 48);
	free(file.bytes);
}

/* The size in the frame header, 5 bytes behind its marker. */
static void declare_jpeg_size(struct pictures_file file, uint16_t width, uint16_t height)
{
	size_t at = 2;

	while (file.bytes[at + 1] != 0xc0)
		at += 2 + (size_t)(file.bytes[at + 2] << 8 | file.bytes[at + 3]);
	file.bytes[at + 5] = (uint8_t)(height >> 8);
	file.bytes[at + 6] = (uint8_t)height;
	file.bytes[at + 7] = (uint8_t)(width >> 8);
	file.bytes[at + 8] = (uint8_t)width;
}

static void a_jpeg_of_impossible_size_is_refused(void **state)
{
	struct pictures_file file = plain_jpeg(false);

	(void)state;
	declare_jpeg_size(file, 65500, 65500);
	assert_refused(file.bytes, file.size, -EFBIG, "65500 x 65500 pixels: the limit");
	declare_jpeg_size(file, 0, 13);
	assert_refused(file.bytes, file.size, -EBADMSG, "JPEG: ");
	declare_jpeg_size(file, 21, 0);
	assert_refused(file.bytes, file.size, -EBADMSG, "JPEG: ");
	free(file.bytes);
}

/* --- PNG --- */

/* Sample `i` of a row packed as PNG has them, 16 bits rounded to 8. */
static uint32_t sample_at(const uint8_t *row, size_t i, int depth)
{
	uint32_t byte;

	if (depth == 16)
		return (uint32_t)((row[2 * i] << 8 | row[2 * i + 1]) * 255 + 32767) / 65535;
	byte = row[i * (size_t)depth / 8];
	return byte >> (8 - (size_t)depth - i * (size_t)depth % 8) & ((1U << depth) - 1);
}

static uint8_t on_white(uint32_t value, uint32_t alpha)
{
	return (uint8_t)(255.0 + ((double)value - 255.0) * alpha / 255.0 + 0.5);
}

/* The pixel at `x` of a packed row, by the definition of each colour type. */
static void expect_pixel(const struct pictures_png *recipe, const uint8_t *row, size_t x,
			 uint8_t rgb[3])
{
	int depth = recipe->depth;
	uint32_t scale = depth < 8 ? 255U / ((1U << depth) - 1) : 1;
	bool is_grey = recipe->colour == PICTURES_GREY || recipe->colour == PICTURES_GREY_ALPHA;
	size_t samples = (is_grey ? 1U : 3U) + (recipe->colour >= PICTURES_GREY_ALPHA ? 1U : 0U);
	uint32_t alpha = 255;

	if (recipe->colour == PICTURES_PALETTE) {
		uint32_t index = sample_at(row, x, depth);

		if (recipe->alphas && index < (uint32_t)recipe->alpha_count)
			alpha = recipe->alphas[index];
		for (unsigned c = 0; c < 3; c++)
			rgb[c] = on_white(recipe->palette[3 * index + c], alpha);
		return;
	}
	if (recipe->colour >= PICTURES_GREY_ALPHA)
		alpha = sample_at(row, x * samples + samples - 1, depth);
	if (recipe->clear) {
		bool is_clear = true;

		for (size_t s = 0; s < samples; s++)
			is_clear = is_clear && sample_at(row, x * samples + s, depth) ==
						       recipe->clear[s];
		alpha = is_clear ? 0 : 255;
	}
	for (unsigned c = 0; c < 3; c++)
		rgb[c] = on_white(scale * sample_at(row, x * samples + (is_grey ? 0 : c), depth),
				  alpha);
}

static void assert_png(const struct pictures_png *recipe)
{
	size_t row_bytes = pictures_png_row_bytes(recipe->width, recipe->colour, recipe->depth);
	struct atoll_picture *picture = load(pictures_png(recipe));
	uint8_t rgb[RGB_SIZE];

	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		expect_pixel(recipe, recipe->rows + i / WIDTH * row_bytes, i % WIDTH, rgb + 3 * i);
	assert_picture(picture, WIDTH, HEIGHT, rgb);
	atoll_picture_free(picture);
}

static void every_png_colour_type_and_depth_is_read(void **state)
{
	static const struct {
		int colour, depth;
	} kinds[] = {
		{ PICTURES_GREY, 1 }, { PICTURES_GREY, 2 }, { PICTURES_GREY, 4 },
		{ PICTURES_GREY, 8 }, { PICTURES_GREY, 16 },
		{ PICTURES_RGB, 8 }, { PICTURES_RGB, 16 },
		{ PICTURES_PALETTE, 1 }, { PICTURES_PALETTE, 2 },
		{ PICTURES_PALETTE, 4 }, { PICTURES_PALETTE, 8 },
		{ PICTURES_GREY_ALPHA, 8 }, { PICTURES_GREY_ALPHA, 16 },
		{ PICTURES_RGBA, 8 }, { PICTURES_RGBA, 16 },
	};
	uint8_t rows[WIDTH * HEIGHT * 8], palette[256 * 3];

	(void)state;
	scatter(palette, sizeof(palette), 1);
	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		scatter(rows, sizeof(rows), i);
		assert_png(&(struct pictures_png){
			.width = WIDTH, .height = HEIGHT, .colour = kinds[i / 2].colour,
			.depth = kinds[i / 2].depth, .is_interlaced = i % 2,
			.rows = rows, .palette = palette,
		});
	}
}

static void what_is_transparent_in_a_png_is_white(void **state)
{
	static const uint8_t alphas[] = { 0, 1, 77, 254 };
	static const uint16_t grey[1] = { 3 }, rgb[3] = { 10, 20, 30 };
	uint8_t rows[WIDTH * HEIGHT * 3], palette[256 * 3];

	(void)state;
	scatter(palette, sizeof(palette), 1);
	scatter(rows, sizeof(rows), 2);
	assert_png(&(struct pictures_png){
		.width = WIDTH, .height = HEIGHT, .colour = PICTURES_PALETTE, .depth = 4,
		.rows = rows, .palette = palette, .alphas = alphas, .alpha_count = 4,
	});
	assert_png(&(struct pictures_png){
		.width = WIDTH, .height = HEIGHT, .colour = PICTURES_GREY, .depth = 4,
		.rows = rows, .clear = grey,
	});
	for (size_t i = 0; i < 3; i++)
		rows[9 + i] = (uint8_t)rgb[i];
	assert_png(&(struct pictures_png){
		.width = WIDTH, .height = HEIGHT, .colour = PICTURES_RGB, .depth = 8,
		.rows = rows, .clear = rgb,
	});
}

static void every_16_bit_sample_is_rounded_to_nearest(void **state)
{
	static uint8_t rows[256 * 256 * 2];
	struct atoll_picture *picture;

	(void)state;
	for (size_t i = 0; i < 65536; i++) {
		rows[2 * i] = (uint8_t)(i >> 8);
		rows[2 * i + 1] = (uint8_t)i;
	}
	picture = load(pictures_png(&(struct pictures_png){
		.width = 256, .height = 256, .colour = PICTURES_GREY, .depth = 16, .rows = rows,
	}));
	for (size_t i = 0; i < 65536; i++)
		assert_int_equal(picture->rgb[3 * i], (i * 255 + 32767) / 65535);
	atoll_picture_free(picture);
}

static void a_png_is_turned_upright_wherever_its_exif_stands(void **state)
{
	uint8_t rgb[RGB_SIZE], exif[PICTURES_EXIF_SIZE];

	(void)state;
	paint(rgb);
	for (unsigned i = 4; i < 36; i++) {
		struct atoll_picture *picture;

		pictures_exif(exif, i / 4, false);
		picture = load(pictures_png(&(struct pictures_png){
			.width = WIDTH, .height = HEIGHT, .colour = PICTURES_RGB, .depth = 8,
			.rows = rgb, .exif = exif, .exif_size = sizeof(exif),
			.is_exif_last = i % 2, .is_interlaced = i / 2 % 2,
		}));
		assert_turned(picture, i / 4, rgb);
		atoll_picture_free(picture);
	}
}

static struct pictures_file plain_png(bool is_interlaced)
{
	uint8_t rgb[RGB_SIZE];

	paint(rgb);
	return pictures_png(&(struct pictures_png){
		.width = WIDTH, .height = HEIGHT, .colour = PICTURES_RGB, .depth = 8,
		.rows = rgb, .is_interlaced = is_interlaced,
	});
}

static void a_png_cut_anywhere_says_what_is_missing(void **state)
{
	(void)state;
	for (int is_interlaced = 0; is_interlaced < 2; is_interlaced++) {
		struct pictures_file file = plain_png(is_interlaced);

		/* The last chunk, 12 bytes, says nothing but that it is the last. */
		for (size_t size = 8; size < file.size - 12; size++)
			assert_refused(file.bytes, size, -EBADMSG, "the file ends early");
		for (size_t size = file.size - 12; size < file.size; size++) {
			struct atoll_picture *picture =
				atoll_picture_load_bytes(file.bytes, size, 0, NULL);

			assert_non_null(picture);
			atoll_picture_free(picture);
		}
		free(file.bytes);
	}
}

static void no_flipped_bit_in_a_png_changes_the_picture_unnoticed(void **state)
{
	struct pictures_file file = plain_png(false);
	uint8_t rgb[RGB_SIZE];

	(void)state;
	paint(rgb);
	for (size_t bit = 0; bit < file.size * 8; bit++) {
		struct atoll_picture *picture;

		file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		picture = atoll_picture_load_bytes(file.bytes, file.size, 0, NULL);
		file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (picture)
			assert_picture(picture, WIDTH, HEIGHT, rgb);
		atoll_picture_free(picture);
	}
	free(file.bytes);
}

static void declare_png_size(struct pictures_file file, uint32_t width, uint32_t height)
{
	for (unsigned i = 0; i < 4; i++) {
		file.bytes[16 + i] = (uint8_t)(width >> (24 - 8 * i));
		file.bytes[20 + i] = (uint8_t)(height >> (24 - 8 * i));
	}
	pictures_png_seal(file.bytes + 8);
}

static void a_png_of_impossible_size_is_refused(void **state)
{
	struct pictures_file file = plain_png(false);

	(void)state;
	declare_png_size(file, INT32_MAX, INT32_MAX);
	assert_refused(file.bytes, file.size, -EFBIG,
		       "2147483647 x 2147483647 pixels: the limit is 67108864");
	declare_png_size(file, 8193, 8192);
	assert_refused(file.bytes, file.size, -EFBIG, "8193 x 8192 pixels");
	declare_png_size(file, 0, 13);
	assert_refused(file.bytes, file.size, -EBADMSG, "PNG: ");
	declare_png_size(file, 21, 0);
	assert_refused(file.bytes, file.size, -EBADMSG, "PNG: ");
	declare_png_size(file, UINT32_MAX, 1);
	assert_refused(file.bytes, file.size, -EBADMSG, "PNG: ");
	declare_png_size(file, 21, 14); /* a row more than there is */
	assert_refused(file.bytes, file.size, -EBADMSG, "row 13");
	free(file.bytes);
}

/* --- BMP --- */

static struct pictures_file bmp_24(int32_t height)
{
	enum { STRIDE = (WIDTH * 3 + 3) / 4 * 4 };
	uint8_t rgb[RGB_SIZE], rows[HEIGHT * STRIDE];

	paint(rgb);
	scatter(rows, sizeof(rows), 3);
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			for (int c = 0; c < 3; c++)
				rows[(height < 0 ? y : HEIGHT - 1 - y) * STRIDE + 3 * x + c] =
					rgb[3 * (y * WIDTH + x) + 2 - c];
	return pictures_bmp(&(struct pictures_bmp){
		.width = WIDTH, .height = height, .header_size = 40, .bits = 24,
		.rows = rows, .rows_size = sizeof(rows),
	});
}

static void a_24_bit_bmp_is_read_either_way_up(void **state)
{
	uint8_t rgb[RGB_SIZE];

	(void)state;
	paint(rgb);
	for (int32_t height = -HEIGHT; height <= HEIGHT; height += 2 * HEIGHT) {
		struct atoll_picture *picture = load(bmp_24(height));

		assert_picture(picture, WIDTH, HEIGHT, rgb);
		atoll_picture_free(picture);
	}
}

static void assert_bmp(const struct pictures_bmp *recipe, uint32_t width, uint32_t height,
		       const uint8_t *rgb)
{
	struct atoll_picture *picture = load(pictures_bmp(recipe));

	assert_picture(picture, width, height, rgb);
	atoll_picture_free(picture);
}

static void palette_bmps_of_1_4_and_8_bits_are_read(void **state)
{
	/* Blue, green, red, spare: 0 orange, 1 teal, 2 violet. */
	static const uint8_t windows[] = { 10, 120, 250, 0, 90, 80, 5, 9, 200, 30, 130, 1 };
	static const uint8_t os2[] = { 10, 120, 250, 90, 80, 5 };
	static const uint8_t bits_1[4] = { 0x50 }, bits_4[4] = { 0x01, 0x21 };
	static const uint8_t bits_8[4] = { 0, 1, 2, 1 };
	static const uint8_t two[] = { 250, 120, 10, 5, 80, 90, 250, 120, 10, 5, 80, 90 };
	static const uint8_t three[] = { 250, 120, 10, 5, 80, 90, 130, 30, 200, 5, 80, 90 };
	struct pictures_bmp recipe = {
		.width = 4, .height = 1, .header_size = 40, .palette = windows,
		.palette_size = sizeof(windows), .rows_size = 4,
	};

	(void)state;
	recipe.bits = 1;
	recipe.rows = bits_1;
	assert_bmp(&recipe, 4, 1, two);
	recipe.bits = 4;
	recipe.rows = bits_4;
	assert_bmp(&recipe, 4, 1, three);
	recipe.bits = 8;
	recipe.rows = bits_8;
	assert_bmp(&recipe, 4, 1, three);
	recipe.colours = 3;
	assert_bmp(&recipe, 4, 1, three);
	recipe.header_size = 124;
	assert_bmp(&recipe, 4, 1, three);
	recipe.colours = 2;
	recipe.palette_size = 8;
	refuse(pictures_bmp(&recipe), -EBADMSG, "a pixel has colour 2 of a palette of 2");

	recipe.header_size = 12;
	recipe.bits = 1;
	recipe.palette = os2;
	recipe.palette_size = sizeof(os2);
	recipe.rows = bits_1;
	assert_bmp(&recipe, 4, 1, two);
}

static void bmp_pixels_of_16_and_32_bits_go_by_their_masks(void **state)
{
	/* 5-5-5: 31 16 1, then 0 0 31; 16 of 31 is 131.6 of 255. */
	static const uint8_t usual_16[] = { 0x01, 0x7e, 0x1f, 0x00 };
	static const uint8_t rgb_555[] = { 255, 132, 8, 0, 0, 255 };
	/* 5-6-5: 31 32 1; 32 of 63 is 129.5. */
	static const uint8_t wide_green[] = { 0x01, 0xfc, 0, 0 };
	static const uint8_t rgb_565[] = { 255, 130, 8 };
	static const uint8_t usual_32[] = { 1, 2, 3, 0, 4, 5, 6, 128 };
	static const uint8_t rgb_32[] = { 3, 2, 1, 6, 5, 4 };
	/* 10 bits each: 1023, 512, 0. */
	static const uint8_t deep[] = { 0xff, 0x03, 0x08, 0 };
	static const uint8_t rgb_deep[] = { 255, 128, 0 };
	struct pictures_bmp recipe = { .width = 2, .height = 1, .header_size = 40 };

	(void)state;
	recipe.bits = 16;
	recipe.rows = usual_16;
	recipe.rows_size = 4;
	assert_bmp(&recipe, 2, 1, rgb_555);
	recipe.bits = 32;
	recipe.rows = usual_32;
	recipe.rows_size = 8;
	assert_bmp(&recipe, 2, 1, rgb_32);

	recipe.compression = PICTURES_MASKS;
	memcpy(recipe.masks, (uint32_t[]){ 0xff, 0xff00, 0xff0000 }, 12);
	assert_bmp(&recipe, 2, 1, (const uint8_t[]){ 1, 2, 3, 4, 5, 6 });
	recipe.width = 1;
	recipe.header_size = 108;
	recipe.rows = deep;
	recipe.rows_size = 4;
	memcpy(recipe.masks, (uint32_t[]){ 0x3ff, 0x3ff << 10, 0x3ff << 20 }, 12);
	assert_bmp(&recipe, 1, 1, rgb_deep);
	recipe.masks[1] = 0;
	assert_bmp(&recipe, 1, 1, (const uint8_t[]){ 255, 0, 0 });
	recipe.masks[1] = 0x5000;
	refuse(pictures_bmp(&recipe), -ENOTSUP, "bit mask 0x5000 has gaps");

	recipe.bits = 16;
	recipe.rows = wide_green;
	memcpy(recipe.masks, (uint32_t[]){ 0xf800, 0x07e0, 0x001f }, 12);
	assert_bmp(&recipe, 1, 1, rgb_565);
}

static void bmp_kinds_we_do_not_read_are_named(void **state)
{
	static const uint8_t rows[64];
	struct pictures_bmp recipe = {
		.width = 2, .height = 2, .header_size = 40, .bits = 8,
		.rows = rows, .rows_size = sizeof(rows), .compression = PICTURES_RLE8,
	};

	(void)state;
	refuse(pictures_bmp(&recipe), -ENOTSUP, "run-length compressed");
	recipe.compression = 4; /* a JPEG inside */
	refuse(pictures_bmp(&recipe), -ENOTSUP, "compression 4");
	recipe.compression = PICTURES_MASKS;
	refuse(pictures_bmp(&recipe), -EBADMSG, "bit masks for 8 bits a pixel");
	recipe.compression = PICTURES_PLAIN;
	recipe.bits = 2;
	refuse(pictures_bmp(&recipe), -ENOTSUP, "2 bits a pixel");
	recipe.header_size = 16;
	refuse(pictures_bmp(&recipe), -ENOTSUP, "a header of 16 bytes");
	recipe.header_size = 40;
	recipe.bits = 24;
	recipe.width = -2;
	refuse(pictures_bmp(&recipe), -EBADMSG, "a width of -2 pixels");
}

static void a_bmp_of_impossible_size_is_refused(void **state)
{
	static const uint8_t rows[64];
	struct pictures_bmp recipe = {
		.header_size = 40, .bits = 24, .rows = rows, .rows_size = sizeof(rows),
	};

	(void)state;
	recipe.width = 0, recipe.height = 5;
	refuse(pictures_bmp(&recipe), -EBADMSG, "0 x 5 pixels");
	recipe.width = 5, recipe.height = 0;
	refuse(pictures_bmp(&recipe), -EBADMSG, "5 x 0 pixels");
	recipe.width = INT32_MAX, recipe.height = INT32_MIN;
	refuse(pictures_bmp(&recipe), -EFBIG, "2147483647 x 2147483648 pixels");
	recipe.width = 1, recipe.height = 1 << 26;
	refuse(pictures_bmp(&recipe), -EBADMSG, "16 of 67108864 rows are there");
}

static void a_bmp_cut_anywhere_says_what_is_missing(void **state)
{
	struct pictures_file file = bmp_24(HEIGHT);
	struct atoll_picture *picture;

	(void)state;
	/* One byte fills up each row of 63; the last row can do without. */
	for (size_t size = 2; size < file.size - 1; size++)
		assert_refused(file.bytes, size, -EBADMSG, "the file ends early");
	assert_refused(file.bytes, file.size - 2, -EBADMSG, "12 of 13 rows are there");
	picture = atoll_picture_load_bytes(file.bytes, file.size - 1, 0, NULL);
	assert_non_null(picture);
	atoll_picture_free(picture);
	free(file.bytes);
}

/* --- PPM --- */

static void ppm_and_pgm_are_read_with_any_maximum(void **state)
{
	static const struct {
		const char *header;
		uint8_t samples[12];
		size_t size;
		uint8_t rgb[6];
	} files[] = {
		{ "P6 2 1 255\n", { 1, 2, 3, 250, 251, 252 }, 6, { 1, 2, 3, 250, 251, 252 } },
		{ "P6\n# two pixels\n2 1#255\n#\r 255 ", { 1, 2, 3, 4, 5, 6 }, 6,
		  { 1, 2, 3, 4, 5, 6 } },
		{ "P5\n2 1\n255\n", { 7, 9 }, 2, { 7, 7, 7, 9, 9, 9 } },
		/* 3 of 7 is 109.3 of 255; 9 of 7 is taken for 7. */
		{ "P5 2 1 7\n", { 3, 9 }, 2, { 109, 109, 109, 255, 255, 255 } },
		{ "P6 1 2 65535\n", { 255, 255, 128, 0, 0, 255, 0, 128, 0, 129, 1, 0 }, 12,
		  { 255, 128, 1, 0, 1, 1 } },
		{ "P5 1 2 256\n", { 1, 0, 0, 128 }, 4, { 255, 255, 255, 128, 128, 128 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct atoll_picture *picture =
			load(pictures_ppm(files[i].header, files[i].samples, files[i].size));

		assert_int_equal(picture->width * picture->height, 2);
		assert_memory_equal(picture->rgb, files[i].rgb, 6);
		atoll_picture_free(picture);
	}
}

static void ppm_headers_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *header;
		int code;
		const char *words;
	} headers[] = {
		{ "P3 1 1 255 1 2 3", -ENOTSUP, "PPM: P3, samples as text" },
		{ "P4 8 1 x", -ENOTSUP, "PBM: P4, one bit a pixel" },
		{ "P6", -EBADMSG, "before its width" },
		{ "P6 # 1 1 255 ...", -EBADMSG, "before its width" },
		{ "P6 1", -EBADMSG, "before its height" },
		{ "P6 1 1", -EBADMSG, "before its maximum" },
		{ "P6 1 1 255", -EBADMSG, "0 of 1 rows are there" },
		{ "P6 -1 1 255 ...", -EBADMSG, "width: not a number" },
		{ "P6 1 1 0 ...", -EBADMSG, "a maximum of 0" },
		{ "P6 1 1 65536 ...", -EBADMSG, "a maximum of 65536" },
		{ "P6 1 1 255x...", -EBADMSG, "no blank before the samples" },
		{ "P6 0 1 255 ...", -EBADMSG, "0 x 1 pixels" },
		{ "P6 1 0 255 ...", -EBADMSG, "1 x 0 pixels" },
		{ "P6 4294967296 1 255 ...", -EBADMSG, "width: too large a number" },
		{ "P6 4294967295 4294967295 65535 ...", -EFBIG, "pixels: the limit" },
		{ "P6 1 2 255 ...", -EBADMSG, "1 of 2 rows are there" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		refuse(pictures_ppm(headers[i].header, NULL, 0), headers[i].code,
		       headers[i].words);
}

/* --- all of them --- */

static void a_flipped_bit_gives_a_picture_or_a_sentence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PICTURES_SAMPLES; i++) {
		struct pictures_file file = pictures_sample(i);

		for (size_t bit = 0; bit < file.size * 8; bit++) {
			struct atoll_error err = { 0 };
			struct atoll_picture *picture;

			file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			picture = atoll_picture_load_bytes(file.bytes, file.size, 1 << 16, &err);
			file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_true(picture ? err.code == 0 : err.code < 0);
			if (!picture)
				assert_true(strlen(err.text) > strlen("picture: "));
			atoll_picture_free(picture);
		}
		free(file.bytes);
	}
}

static void the_limit_is_the_callers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PICTURES_SAMPLES; i++) {
		struct pictures_file file = pictures_sample(i);
		struct atoll_picture *picture = load(pictures_sample(i));
		uint64_t pixels = (uint64_t)picture->width * picture->height;
		struct atoll_error err = { 0 };

		atoll_picture_free(picture);
		picture = atoll_picture_load_bytes(file.bytes, file.size, pixels, &err);
		assert_non_null(picture);
		atoll_picture_free(picture);
		assert_null(atoll_picture_load_bytes(file.bytes, file.size, pixels - 1, &err));
		assert_int_equal(err.code, -EFBIG);
		free(file.bytes);
	}
}

static void what_is_no_picture_is_refused(void **state)
{
	(void)state;
	assert_refused("", 0, -ENOTSUP, "picture: empty");
	assert_refused(NULL, 0, -ENOTSUP, "picture: empty");
	assert_refused("GIF89a", 6, -ENOTSUP, "neither JPEG, PNG, BMP nor PPM");
	assert_refused("P", 1, -ENOTSUP, "neither");
	assert_refused("P9 1 1 255 abc", 14, -ENOTSUP, "neither");
	assert_refused("BM", 2, -EBADMSG, "BMP: the file ends early");
	assert_refused("\xff\xd8\xff", 3, -EBADMSG, "JPEG: the file ends early");
	assert_refused("\x89PNG\r\n\x1a\n", 8, -EBADMSG, "PNG: the file ends early");
}

/* Let `fd` lead to `other`. Returns where it led before, for restore. */
static int divert(int fd, int other)
{
	int kept = dup(fd);

	assert_true(kept >= 0);
	assert_true(dup2(other, fd) >= 0);
	return kept;
}

static void restore(int fd, int kept)
{
	assert_true(dup2(kept, fd) >= 0);
	(void)close(kept);
}

static void damaged_files_print_nothing(void **state)
{
	char path[] = "/tmp/atoll-test-XXXXXX";
	int silence = mkstemp(path), kept;
	struct stat written;

	(void)state;
	assert_true(silence >= 0);
	kept = divert(STDERR_FILENO, silence);
	for (unsigned i = 0; i < 4; i++) {
		struct pictures_file file = pictures_sample(i);

		for (size_t at = 20; at < file.size; at += 3) {
			file.bytes[at] ^= 0xff;
			atoll_picture_free(atoll_picture_load_bytes(file.bytes, file.size,
								    1 << 16, NULL));
		}
		free(file.bytes);
	}
	restore(STDERR_FILENO, kept);
	assert_int_equal(fstat(silence, &written), 0);
	assert_int_equal(written.st_size, 0);
	(void)close(silence);
	(void)unlink(path);
}

/* --- files and standard input --- */

/* A PPM of 300 x 400 pixels, more than one piece of reading, in a file. */
enum { FILE_WIDTH = 300, FILE_HEIGHT = 400 };

static uint8_t file_rgb[FILE_WIDTH * FILE_HEIGHT * 3];

static int write_file(char *path)
{
	static const char header[] = "P6 300 400 255\n";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	scatter(file_rgb, sizeof(file_rgb), 4);
	assert_int_equal(write(fd, header, sizeof(header) - 1), sizeof(header) - 1);
	assert_int_equal(write(fd, file_rgb, sizeof(file_rgb)), sizeof(file_rgb));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void a_picture_is_read_from_a_file_and_from_standard_input(void **state)
{
	char path[] = "/tmp/atoll-test-XXXXXX";
	int fd = write_file(path), kept;
	struct atoll_picture *picture = atoll_picture_load(path, 0, NULL);

	(void)state;
	assert_non_null(picture);
	assert_picture(picture, FILE_WIDTH, FILE_HEIGHT, file_rgb);
	atoll_picture_free(picture);

	kept = divert(STDIN_FILENO, fd);
	picture = atoll_picture_load("-", 0, NULL);
	restore(STDIN_FILENO, kept);
	assert_non_null(picture);
	assert_picture(picture, FILE_WIDTH, FILE_HEIGHT, file_rgb);
	atoll_picture_free(picture);
	(void)close(fd);
	(void)unlink(path);
}

static void a_failure_names_the_file(void **state)
{
	char path[] = "/tmp/atoll-test-XXXXXX";
	int fd = write_file(path);
	struct atoll_error err;
	char words[64];

	(void)state;
	assert_null(atoll_picture_load(path, 1000, &err));
	assert_int_equal(err.code, -EFBIG);
	(void)snprintf(words, sizeof(words), "picture: %s: PPM: 300 x 400 pixels", path);
	assert_int_equal(strncmp(err.text, words, strlen(words)), 0);
	(void)close(fd);
	(void)unlink(path);

	assert_null(atoll_picture_load(path, 0, &err));
	assert_int_equal(err.code, -ENOENT);
	assert_non_null(strstr(err.text, path));
	assert_null(atoll_picture_load("/", 0, &err));
	assert_int_equal(err.code, -EISDIR);
	assert_string_equal(err.text, "picture: /: read: Is a directory");
}

static void a_file_without_end_is_not_read_to_its_end(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_null(atoll_picture_load("/dev/zero", 0, &err));
	assert_int_equal(err.code, -ENOTSUP);
}

static void a_picture_file_larger_than_its_pixels_could_be_is_refused(void **state)
{
	char path[] = "/tmp/atoll-test-XXXXXX";
	int fd = mkstemp(path);
	struct atoll_error err;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "P6 1 1 255\n", 11), 11);
	assert_int_equal(ftruncate(fd, 17 << 20), 0); /* a hole */
	assert_null(atoll_picture_load(path, 1, &err));
	assert_int_equal(err.code, -EFBIG);
	(void)close(fd);
	(void)unlink(path);
}

/* --- resize --- */

/* The convention as its definition reads, one pixel at a time. */
static uint8_t resized(const struct atoll_picture *picture, uint32_t width, uint32_t height,
		       uint32_t x, uint32_t y, unsigned c)
{
	double px = (x + 0.5) * picture->width / width - 0.5;
	double py = (y + 0.5) * picture->height / height - 0.5;
	double row[2];
	uint32_t ix, iy;

	px = px < 0 ? 0 : px > picture->width - 1 ? picture->width - 1 : px;
	py = py < 0 ? 0 : py > picture->height - 1 ? picture->height - 1 : py;
	ix = (uint32_t)px, iy = (uint32_t)py;
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t at = iy + i < picture->height ? iy + i : iy;
		const uint8_t *left = picture->rgb + ((size_t)at * picture->width + ix) * 3 + c;
		const uint8_t *right = ix + 1 < picture->width ? left + 3 : left;

		row[i] = *left * (1 - (px - ix)) + *right * (px - ix);
	}
	return (uint8_t)(row[0] * (1 - (py - iy)) + row[1] * (py - iy) + 0.5);
}

static void resizing_follows_the_definition_for_all_shapes(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 3, 7, 16, 33 };
	static uint8_t rgb[33 * 33 * 3], out[33 * 33 * 3];

	(void)state;
	scatter(rgb, sizeof(rgb), 7);
	for (unsigned i = 0; i < 6 * 6 * 6 * 6; i++) {
		struct atoll_picture picture = { rgb, sizes[i % 6], sizes[i / 6 % 6] };
		uint32_t width = sizes[i / 36 % 6], height = sizes[i / 216];

		assert_int_equal(atoll_picture_resize(&picture, width, height, out), 0);
		for (uint32_t k = 0; k < width * height * 3; k++)
			if (out[k] != resized(&picture, width, height, k / 3 % width,
					      k / 3 / width, k % 3))
				fail_msg("%u x %u to %u x %u: byte %u", picture.width,
					 picture.height, width, height, k);
	}
}

static void resizing_mixes_neighbours_and_rounds_half_up(void **state)
{
	static uint8_t two[] = { 0, 1, 255, 100, 2, 255 };
	static const uint8_t four[] = { 0, 1, 255, 25, 1, 255, 75, 2, 255, 100, 2, 255 };
	static const uint8_t one[] = { 50, 2, 255 };
	const struct atoll_picture picture = { two, 2, 1 };
	uint8_t out[12];

	(void)state;
	assert_int_equal(atoll_picture_resize(&picture, 4, 1, out), 0);
	assert_memory_equal(out, four, sizeof(four));
	assert_int_equal(atoll_picture_resize(&picture, 1, 1, out), 0);
	assert_memory_equal(out, one, sizeof(one));
	assert_int_equal(atoll_picture_resize(&picture, 2, 1, out), 0);
	assert_memory_equal(out, two, sizeof(two));
}

static void resizing_to_nothing_is_refused(void **state)
{
	static uint8_t rgb[3];
	const struct atoll_picture picture = { rgb, 1, 1 };

	(void)state;
	assert_int_equal(atoll_picture_resize(&picture, 0, 1, rgb), -EINVAL);
	assert_int_equal(atoll_picture_resize(&picture, 1, 0, rgb), -EINVAL);
}

static void the_golden_inputs_come_out_of_the_golden_pictures(void **state)
{
	static const struct {
		const char *picture, *name;
		uint32_t width, height;
	} inputs[] = {
		{ "bird.bmp", "bird", 128, 128 }, { "bird.bmp", "bird", 192, 192 },
		{ "bird.bmp", "bird", 224, 224 }, { "bird.bmp", "bird", 481, 353 },
		{ "bird.bmp", "bird", 513, 513 }, { "cat.bmp", "cat", 128, 128 },
		{ "cat.bmp", "cat", 224, 224 }, { "hot_dog.jpg", "hot_dog", 128, 128 },
		{ "hot_dog.jpg", "hot_dog", 224, 224 }, { "parrot.jpg", "parrot", 128, 128 },
		{ "parrot.jpg", "parrot", 192, 192 }, { "parrot.jpg", "parrot", 224, 224 },
		{ "parrot.jpg", "parrot", 481, 353 }, { "parrot.jpg", "parrot", 513, 513 },
		{ "sunflower.bmp", "sunflower", 128, 128 },
		{ "sunflower.bmp", "sunflower", 224, 224 },
	};
	static uint8_t out[513 * 513 * 3];

	(void)state;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		struct atoll_error err = { 0 };
		struct atoll_picture *picture = atoll_picture_load(
			check_data_path("images/%s", inputs[i].picture), 0, &err);
		uint8_t *golden;
		size_t size;

		if (!picture)
			fail_msg("%s", err.text);
		golden = check_read(check_data_path("golden/inputs/%s_%ux%u.bin", inputs[i].name,
						    inputs[i].width, inputs[i].height), &size);
		assert_int_equal(size, inputs[i].width * inputs[i].height * 3);
		assert_int_equal(atoll_picture_resize(picture, inputs[i].width,
						      inputs[i].height, out), 0);
		assert_memory_equal(out, golden, size);
		free(golden);
		atoll_picture_free(picture);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jpeg_is_decoded_as_libjpeg_does_by_default),
		cmocka_unit_test(a_jpeg_looks_like_what_was_painted),
		cmocka_unit_test(an_arithmetic_coded_jpeg_with_restarts_is_read),
		cmocka_unit_test(a_grey_jpeg_has_three_equal_samples),
		cmocka_unit_test(cmyk_inks_become_light_in_both_conventions),
		cmocka_unit_test(a_jpeg_of_unknown_colours_is_refused),
		cmocka_unit_test(a_jpeg_of_very_many_scans_is_refused),
		cmocka_unit_test(a_jpeg_is_turned_upright_from_each_orientation),
		cmocka_unit_test(exif_that_makes_no_sense_is_passed_over),
		cmocka_unit_test(a_jpeg_cut_anywhere_says_what_is_missing),
		cmocka_unit_test(a_progressive_jpeg_cut_anywhere_says_what_is_missing),
		cmocka_unit_test(a_cut_jpeg_counts_its_rows),
		cmocka_unit_test(a_jpeg_of_impossible_size_is_refused),
		cmocka_unit_test(every_png_colour_type_and_depth_is_read),
		cmocka_unit_test(what_is_transparent_in_a_png_is_white),
		cmocka_unit_test(every_16_bit_sample_is_rounded_to_nearest),
		cmocka_unit_test(a_png_is_turned_upright_wherever_its_exif_stands),
		cmocka_unit_test(a_png_cut_anywhere_says_what_is_missing),
		cmocka_unit_test(no_flipped_bit_in_a_png_changes_the_picture_unnoticed),
		cmocka_unit_test(a_png_of_impossible_size_is_refused),
		cmocka_unit_test(a_24_bit_bmp_is_read_either_way_up),
		cmocka_unit_test(palette_bmps_of_1_4_and_8_bits_are_read),
		cmocka_unit_test(bmp_pixels_of_16_and_32_bits_go_by_their_masks),
		cmocka_unit_test(bmp_kinds_we_do_not_read_are_named),
		cmocka_unit_test(a_bmp_of_impossible_size_is_refused),
		cmocka_unit_test(a_bmp_cut_anywhere_says_what_is_missing),
		cmocka_unit_test(ppm_and_pgm_are_read_with_any_maximum),
		cmocka_unit_test(ppm_headers_that_make_no_sense_are_refused),
		cmocka_unit_test(a_flipped_bit_gives_a_picture_or_a_sentence),
		cmocka_unit_test(the_limit_is_the_callers),
		cmocka_unit_test(what_is_no_picture_is_refused),
		cmocka_unit_test(damaged_files_print_nothing),
		cmocka_unit_test(a_picture_is_read_from_a_file_and_from_standard_input),
		cmocka_unit_test(a_failure_names_the_file),
		cmocka_unit_test(a_file_without_end_is_not_read_to_its_end),
		cmocka_unit_test(a_picture_file_larger_than_its_pixels_could_be_is_refused),
		cmocka_unit_test(resizing_follows_the_definition_for_all_shapes),
		cmocka_unit_test(resizing_mixes_neighbours_and_rounds_half_up),
		cmocka_unit_test(resizing_to_nothing_is_refused),
		cmocka_unit_test(the_golden_inputs_come_out_of_the_golden_pictures),
	};

	return CHECK_RUN(tests);
}
