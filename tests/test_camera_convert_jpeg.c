/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Motion-JPEG frames through the converter: made here with every subsampling,
 * decoded to planes by libjpeg as anyone would, and worked out in double from there.
 */
#include "camera/convert.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/pictures.h"

/* --- making files --- */

struct recipe {
	uint32_t width, height;
	J_COLOR_SPACE colours; /* JCS_YCbCr, JCS_RGB, JCS_GRAYSCALE */
	int h, v;              /* of the first component; the others have 1 */
	bool is_progressive, has_own_codes;
	unsigned seed;
};

/* Smooth enough to be a picture, with an edge in it. */
static void paint(uint8_t *row, const struct recipe *recipe, uint32_t y, unsigned samples)
{
	for (uint32_t x = 0; x < recipe->width; x++)
		for (unsigned c = 0; c < samples; c++) {
			double value = 128 + 80 * sin(x * 0.07 + c + recipe->seed) *
					     cos(y * 0.05 - c);

			if (x > recipe->width / 2 && c == 0)
				value += 40;
			*row++ = (uint8_t)fmin(fmax(value, 0), 255);
		}
}

static struct pictures_file file_of(const struct recipe *recipe)
{
	struct jpeg_compress_struct info;
	struct jpeg_error_mgr errors;
	unsigned char *bytes = NULL;
	unsigned long size = 0;
	int samples = recipe->colours == JCS_GRAYSCALE ? 1 : 3;
	uint8_t *row = malloc((size_t)recipe->width * 3);

	assert_non_null(row);
	info.err = jpeg_std_error(&errors);
	jpeg_create_compress(&info);
	jpeg_mem_dest(&info, &bytes, &size);
	info.image_width = recipe->width;
	info.image_height = recipe->height;
	info.input_components = samples;
	info.in_color_space = recipe->colours;
	jpeg_set_defaults(&info);
	jpeg_set_colorspace(&info, recipe->colours);
	jpeg_set_quality(&info, 90, TRUE);
	info.comp_info[0].h_samp_factor = recipe->h ? recipe->h : 1;
	info.comp_info[0].v_samp_factor = recipe->v ? recipe->v : 1;
	info.optimize_coding = recipe->has_own_codes;
	if (recipe->is_progressive)
		jpeg_simple_progression(&info);
	jpeg_start_compress(&info, TRUE);
	for (uint32_t y = 0; y < recipe->height; y++) {
		JSAMPROW rows = row;

		paint(row, recipe, y, (unsigned)samples);
		(void)jpeg_write_scanlines(&info, &rows, 1);
	}
	jpeg_finish_compress(&info);
	jpeg_destroy_compress(&info);
	free(row);
	return (struct pictures_file){ bytes, size };
}

/* Without the segments of one kind: 0xc4 Huffman tables, 0xdb quantization. */
static void cut_segments(struct pictures_file *file, uint8_t marker)
{
	size_t at = 2;

	while (file->bytes[at + 1] != 0xda) {
		size_t length = 2 + (size_t)(file->bytes[at + 2] << 8 | file->bytes[at + 3]);

		if (file->bytes[at + 1] == marker) {
			memmove(file->bytes + at, file->bytes + at + length,
				file->size - at - length);
			file->size -= length;
		} else {
			at += length;
		}
	}
}

/* As V4L2 gives them: in a block of exactly its size, with the driver's opinion of
   how large it is. */
static struct atoll_frame frame_of(struct pictures_file file)
{
	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_JPEG, .width = 640, .height = 480 };

	assert_int_equal(atoll_frame_lay(&frame, file.bytes, file.size, 0), 0);
	return frame;
}

/* --- what it should be --- */

struct planes {
	uint8_t *at[3];
	uint32_t stride[3], width[3], height[3];
	int components;
	bool is_rgb;
};

static struct planes decode(struct pictures_file file, unsigned eighths)
{
	struct jpeg_decompress_struct info;
	struct jpeg_error_mgr errors;
	struct planes planes = { .components = 0 };
	uint32_t calls = 0;

	info.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&info);
	jpeg_mem_src(&info, file.bytes, (unsigned long)file.size);
	(void)jpeg_read_header(&info, TRUE);
	info.raw_data_out = TRUE;
	info.scale_num = eighths;
	info.scale_denom = 8;
	info.out_color_space = info.jpeg_color_space;
	(void)jpeg_start_decompress(&info);
	planes.components = info.num_components;
	planes.is_rgb = info.jpeg_color_space == JCS_RGB;
	for (int i = 0; i < info.num_components; i++) {
		const jpeg_component_info *c = &info.comp_info[i];

		planes.stride[i] = c->width_in_blocks * (uint32_t)c->DCT_scaled_size + 64;
		planes.width[i] = c->downsampled_width;
		planes.height[i] = c->downsampled_height;
		planes.at[i] = calloc(planes.stride[i],
				      info.total_iMCU_rows * (size_t)(c->v_samp_factor *
								      c->DCT_scaled_size));
		assert_non_null(planes.at[i]);
	}
	for (; info.output_scanline < info.output_height; calls++) {
		JSAMPROW row[3][64];
		JSAMPARRAY rows[3] = { row[0], row[1], row[2] };

		for (int i = 0; i < info.num_components; i++) {
			const jpeg_component_info *c = &info.comp_info[i];
			uint32_t count = (uint32_t)(c->v_samp_factor * c->DCT_scaled_size);

			for (uint32_t y = 0; y < count; y++)
				row[i][y] = planes.at[i] +
					    (size_t)(calls * count + y) * planes.stride[i];
		}
		(void)jpeg_read_raw_data(&info, rows, 64);
	}
	jpeg_destroy_decompress(&info);
	return planes;
}

static void drop(struct planes *planes)
{
	for (int i = 0; i < 3; i++)
		free(planes->at[i]);
}

static double between(double a, double b, double to_b)
{
	return a + (b - a) * to_b;
}

/* Output o of `out` along an axis of `in` samples. */
static double place(uint32_t o, uint32_t out, uint32_t in)
{
	return fmin(fmax((o + 0.5) * in / out - 0.5, 0), in - 1);
}

static double sample(const struct planes *planes, int i, double x, double y)
{
	uint32_t x0 = (uint32_t)x, y0 = (uint32_t)y;
	uint32_t x1 = x0 + 1 < planes->width[i] ? x0 + 1 : x0;
	uint32_t y1 = y0 + 1 < planes->height[i] ? y0 + 1 : y0;
	const uint8_t *upper = planes->at[i] + (size_t)y0 * planes->stride[i];
	const uint8_t *lower = planes->at[i] + (size_t)y1 * planes->stride[i];

	return between(between(upper[x0], upper[x1], x - x0),
		       between(lower[x0], lower[x1], x - x0), y - y0);
}

/* JFIF 1.02: full-range BT.601. */
static void exact_pixel(const struct planes *planes, const struct atoll_convert_config *config,
			uint32_t x, uint32_t y, double rgb[3])
{
	double in[3] = { 0, 128, 128 };

	for (int i = 0; i < planes->components; i++)
		in[i] = sample(planes, i, place(x, config->width, planes->width[i]),
			       place(y, config->height, planes->height[i]));
	if (planes->is_rgb) {
		memcpy(rgb, in, sizeof(in));
		if (config->channels == 1)
			rgb[0] = 0.299 * in[0] + 0.587 * in[1] + 0.114 * in[2];
	} else if (config->channels == 1) {
		rgb[0] = in[0];
	} else {
		rgb[0] = in[0] + 1.402 * (in[2] - 128);
		rgb[1] = in[0] - 0.344136 * (in[1] - 128) - 0.714136 * (in[2] - 128);
		rgb[2] = in[0] + 1.772 * (in[1] - 128);
	}
}

static struct atoll_convert *convert_of(const struct atoll_convert_config *config)
{
	struct atoll_error err = { 0 };
	struct atoll_convert *convert = atoll_convert_new(config, &err);

	if (!convert)
		fail_msg("%s", err.text);
	return convert;
}

static uint8_t *output_of(const struct atoll_convert_config *config)
{
	uint8_t *out = malloc((size_t)config->width * config->height * config->channels);

	assert_non_null(out);
	return out;
}

static void assert_decoded(const struct recipe *recipe, const struct atoll_convert_config *config,
			   unsigned eighths)
{
	struct pictures_file file = file_of(recipe);
	struct planes planes = decode(file, eighths);
	struct atoll_convert *convert = convert_of(config);
	struct atoll_frame frame = frame_of(file);
	uint8_t *out = output_of(config), *at = out;

	assert_int_equal(atoll_convert_run(convert, &frame, out), 0);
	for (uint32_t y = 0; y < config->height; y++)
		for (uint32_t x = 0; x < config->width; x++, at += config->channels) {
			double rgb[3];

			exact_pixel(&planes, config, x, y, rgb);
			for (uint32_t c = 0; c < config->channels; c++) {
				int want = (int)fmin(fmax(floor(rgb[c] + 0.5), 0), 255);

				if (abs(at[c] - want) > 1)
					fail_msg("%ux%u, %d:%d, at %u eighths: pixel %u,%u channel %u: %d, exactly %d",
						 recipe->width, recipe->height, recipe->h, recipe->v,
						 eighths, x, y, c, at[c], want);
			}
		}
	free(out);
	atoll_convert_free(convert);
	drop(&planes);
	free(file.bytes);
}

/* --- decoding --- */

static const struct recipe kinds[] = {
	{ .width = 75, .height = 53, .colours = JCS_YCbCr, .h = 1, .v = 1 }, /* 4:4:4 */
	{ .width = 75, .height = 53, .colours = JCS_YCbCr, .h = 2, .v = 1 }, /* 4:2:2 */
	{ .width = 75, .height = 53, .colours = JCS_YCbCr, .h = 2, .v = 2 }, /* 4:2:0 */
	{ .width = 75, .height = 53, .colours = JCS_YCbCr, .h = 1, .v = 2 }, /* 4:4:0 */
	{ .width = 75, .height = 53, .colours = JCS_YCbCr, .h = 4, .v = 1 }, /* 4:1:1 */
	{ .width = 75, .height = 53, .colours = JCS_YCbCr, .h = 2, .v = 1,
	  .is_progressive = true },
	{ .width = 75, .height = 53, .colours = JCS_GRAYSCALE },
	{ .width = 75, .height = 53, .colours = JCS_RGB },
	{ .width = 1, .height = 1, .colours = JCS_YCbCr, .h = 2, .v = 2 },
	{ .width = 16, .height = 400, .colours = JCS_YCbCr, .h = 2, .v = 1 },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void every_subsampling_is_at_most_a_step_from_the_exact_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (uint32_t channels = 1; channels <= 3; channels += 2)
			assert_decoded(&kinds[i], &(struct atoll_convert_config){
				.width = kinds[i].width, .height = 60, .channels = channels }, 8);
}

static void large_files_are_decoded_just_large_enough(void **state)
{
	static const struct {
		uint32_t width, height;
		unsigned eighths;
	} outputs[] = {
		{ 160, 120, 8 }, { 81, 20, 8 }, { 20, 61, 8 }, { 80, 60, 4 }, { 61, 45, 4 },
		{ 60, 45, 3 }, { 41, 1, 3 }, { 40, 30, 2 }, { 20, 15, 1 }, { 1, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
		for (int v = 1; v <= 2; v++)
			assert_decoded(&(struct recipe){ .width = 160, .height = 120,
							 .colours = JCS_YCbCr, .h = 2, .v = v },
				       &(struct atoll_convert_config){
					.width = outputs[i].width, .height = outputs[i].height,
					.channels = 3 },
				       outputs[i].eighths);
}

/* The driver's 640x480 does not matter: what is cut is the file's. */
static void the_files_own_size_is_cut(void **state)
{
	const struct atoll_convert_config config = { .width = 30, .height = 30, .channels = 3,
						     .fit = ATOLL_FIT_CROP };
	struct pictures_file file = file_of(&(struct recipe){
		.width = 90, .height = 30, .colours = JCS_YCbCr });
	struct atoll_convert *convert = convert_of(&config);
	struct atoll_frame frame = frame_of(file);
	uint8_t out[30 * 30 * 3];
	float x = 0, y = 0;

	(void)state;
	assert_int_equal(atoll_convert_run(convert, &frame, out), 0);
	atoll_convert_point(convert, &x, &y);
	assert_true(fabsf(x - 1.0f / 3) < 1e-6f);
	assert_true(y == 0);
	atoll_convert_free(convert);
	free(file.bytes);
}

/* --- tables --- */

static void assert_same(struct atoll_convert *convert, struct pictures_file file,
			const uint8_t *want, size_t size)
{
	struct atoll_frame frame = frame_of(file);
	uint8_t *out = malloc(size);

	assert_non_null(out);
	assert_int_equal(atoll_convert_run(convert, &frame, out), 0);
	assert_memory_equal(out, want, size);
	free(out);
}

static void frames_without_huffman_tables_mean_the_standard_ones(void **state)
{
	const struct atoll_convert_config config = { .width = 64, .height = 48, .channels = 3 };
	struct recipe recipe = { .width = 64, .height = 48, .colours = JCS_YCbCr, .h = 2, .v = 1 };
	struct pictures_file whole = file_of(&recipe), bare = file_of(&recipe), other;
	struct atoll_convert *convert = convert_of(&config);
	struct atoll_frame frame = frame_of(whole);
	uint8_t want[64 * 48 * 3], out[64 * 48 * 3];

	(void)state;
	cut_segments(&bare, 0xc4);
	assert_true(bare.size < whole.size);
	recipe.has_own_codes = true;
	recipe.seed = 5;
	other = file_of(&recipe);

	assert_int_equal(atoll_convert_run(convert, &frame, want), 0);
	atoll_convert_free(convert);
	convert = convert_of(&config);
	assert_same(convert, bare, want, sizeof(want));
	/* Not those of the frame before. */
	frame = frame_of(other);
	assert_int_equal(atoll_convert_run(convert, &frame, out), 0);
	assert_same(convert, bare, want, sizeof(want));
	atoll_convert_free(convert);
	free(whole.bytes);
	free(bare.bytes);
	free(other.bytes);
}

static void a_frame_without_quantization_tables_is_damaged_whatever_came_before(void **state)
{
	const struct atoll_convert_config config = { .width = 64, .height = 48, .channels = 3 };
	const struct recipe recipe = { .width = 64, .height = 48, .colours = JCS_YCbCr };
	struct pictures_file whole = file_of(&recipe), bare = file_of(&recipe);
	struct atoll_convert *convert = convert_of(&config);
	struct atoll_frame frame, damaged;
	uint8_t out[64 * 48 * 3];

	(void)state;
	cut_segments(&bare, 0xdb);
	frame = frame_of(whole);
	damaged = frame_of(bare);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(atoll_convert_run(convert, &damaged, out), -EBADMSG);
		assert_int_equal(atoll_convert_run(convert, &frame, out), 0);
	}
	atoll_convert_free(convert);
	free(whole.bytes);
	free(bare.bytes);
}

/* --- damage --- */

/* stderr becomes a file until the end; returns what to hand back. */
static int hush(FILE **heard)
{
	int kept = dup(STDERR_FILENO);

	*heard = tmpfile();
	assert_true(kept >= 0);
	assert_non_null(*heard);
	assert_true(dup2(fileno(*heard), STDERR_FILENO) >= 0);
	return kept;
}

static long said(FILE *heard, int kept)
{
	long size;

	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	assert_int_equal(fseek(heard, 0, SEEK_END), 0);
	size = ftell(heard);
	(void)close(kept);
	(void)fclose(heard);
	return size;
}

static void a_frame_cut_anywhere_is_damaged_and_nothing_is_said(void **state)
{
	const struct atoll_convert_config config = { .width = 40, .height = 30, .channels = 3 };
	struct atoll_convert *convert = convert_of(&config);
	uint8_t out[40 * 30 * 3], want[40 * 30 * 3];
	FILE *heard;
	int kept = hush(&heard);

	(void)state;
	for (int is_progressive = 0; is_progressive < 2; is_progressive++) {
		struct pictures_file file = file_of(&(struct recipe){
			.width = 40, .height = 30, .colours = JCS_YCbCr, .h = 2, .v = 1,
			.is_progressive = is_progressive });
		struct atoll_frame frame = frame_of(file);

		assert_int_equal(atoll_convert_run(convert, &frame, want), 0);
		for (size_t size = 0; size + 2 < file.size; size++) {
			struct pictures_file cut = { malloc(size + !size), size };

			assert_non_null(cut.bytes);
			memcpy(cut.bytes, file.bytes, size);
			frame.plane[0] = cut.bytes;
			frame.bytes = size;
			assert_int_equal(atoll_convert_run(convert, &frame, out), -EBADMSG);
			free(cut.bytes);
		}
		/* And the next one is as if nothing had happened. */
		assert_same(convert, file, want, sizeof(want));
		free(file.bytes);
	}
	assert_int_equal(said(heard, kept), 0);
	atoll_convert_free(convert);
}

static size_t scan_of(struct pictures_file file)
{
	size_t at = 2;

	while (file.bytes[at + 1] != 0xda)
		at += 2 + (size_t)(file.bytes[at + 2] << 8 | file.bytes[at + 3]);
	return at + 2 + (size_t)(file.bytes[at + 2] << 8 | file.bytes[at + 3]);
}

static void a_frame_with_a_hole_in_its_middle_is_damaged(void **state)
{
	const struct atoll_convert_config config = { .width = 160, .height = 120, .channels = 3 };
	struct pictures_file file = file_of(&(struct recipe){
		.width = 160, .height = 120, .colours = JCS_YCbCr, .h = 2, .v = 1 });
	struct atoll_convert *convert = convert_of(&config);
	size_t scan = scan_of(file), middle = (scan + file.size) / 2;
	uint8_t *out = output_of(&config);
	struct atoll_frame frame;

	(void)state;
	/* As from a USB packet that was lost. */
	memmove(file.bytes + middle, file.bytes + middle + 300, file.size - middle - 300);
	file.size -= 300;
	frame = frame_of(file);
	assert_int_equal(atoll_convert_run(convert, &frame, out), -EBADMSG);
	free(out);
	atoll_convert_free(convert);
	free(file.bytes);
}

/* Before its end marker, as some cameras write them. */
static void a_few_bytes_of_no_meaning_are_passed_over_but_not_many(void **state)
{
	const struct atoll_convert_config config = { .width = 40, .height = 30, .channels = 3 };
	struct pictures_file file = file_of(&(struct recipe){
		.width = 40, .height = 30, .colours = JCS_YCbCr });
	struct atoll_convert *convert = convert_of(&config);
	uint8_t out[40 * 30 * 3], want[40 * 30 * 3];
	struct atoll_frame frame = frame_of(file);

	(void)state;
	assert_int_equal(atoll_convert_run(convert, &frame, want), 0);
	for (size_t extra = 1; extra < 100; extra *= 3) {
		struct pictures_file longer = { calloc(file.size + extra, 1), file.size + extra };

		assert_non_null(longer.bytes);
		memcpy(longer.bytes, file.bytes, file.size - 2);
		memcpy(longer.bytes + longer.size - 2, file.bytes + file.size - 2, 2);
		frame = frame_of(longer);
		assert_int_equal(atoll_convert_run(convert, &frame, out),
				 extra < 10 ? 0 : -EBADMSG);
		if (extra < 10)
			assert_memory_equal(out, want, sizeof(out));
		free(longer.bytes);
	}
	atoll_convert_free(convert);
	free(file.bytes);
}

static void what_follows_the_file_or_lacks_its_end_marker_does_no_harm(void **state)
{
	const struct atoll_convert_config config = { .width = 40, .height = 30, .channels = 3 };
	struct pictures_file file = file_of(&(struct recipe){
		.width = 40, .height = 30, .colours = JCS_YCbCr });
	struct pictures_file longer = { calloc(file.size + 500, 1), file.size + 500 };
	struct pictures_file shorter = { file.bytes, file.size - 2 };
	struct atoll_convert *convert = convert_of(&config);
	struct atoll_frame frame = frame_of(file);
	uint8_t want[40 * 30 * 3];

	(void)state;
	assert_non_null(longer.bytes);
	memcpy(longer.bytes, file.bytes, file.size);
	assert_int_equal(atoll_convert_run(convert, &frame, want), 0);
	assert_same(convert, longer, want, sizeof(want));
	assert_same(convert, shorter, want, sizeof(want));
	atoll_convert_free(convert);
	free(longer.bytes);
	free(file.bytes);
}

/* --- refusals --- */

static void assert_refused(struct pictures_file file, int code)
{
	const struct atoll_convert_config config = { .width = 8, .height = 8, .channels = 3 };
	struct atoll_convert *convert = convert_of(&config);
	struct atoll_frame frame = frame_of(file);
	uint8_t out[8 * 8 * 3];

	assert_int_equal(atoll_convert_run(convert, &frame, out), code);
	atoll_convert_free(convert);
	free(file.bytes);
}

static void inks_and_unknown_colours_are_refused(void **state)
{
	static const uint8_t samples[16 * 16 * 4];

	(void)state;
	assert_refused(pictures_jpeg(&(struct pictures_jpeg){
		.width = 16, .height = 16, .samples = samples, .ink = PICTURES_CMYK }), -ENOTSUP);
	assert_refused(pictures_jpeg(&(struct pictures_jpeg){
		.width = 16, .height = 16, .samples = samples, .ink = PICTURES_YCCK }), -ENOTSUP);
	assert_refused(pictures_jpeg(&(struct pictures_jpeg){
		.width = 16, .height = 16, .samples = samples, .ink = PICTURES_TWO }), -ENOTSUP);
}

static void a_file_of_very_many_scans_is_refused(void **state)
{
	static const uint8_t samples[16 * 16] = { 1, 255, 3, 200 };

	(void)state;
	assert_refused(pictures_jpeg(&(struct pictures_jpeg){
		.width = 16, .height = 16, .samples = samples, .ink = PICTURES_LIGHT,
		.has_scan_per_bit = true }), -ENOTSUP);
}

/* The header is enough to see that. */
static void a_file_that_says_it_is_huge_is_refused(void **state)
{
	static const uint16_t sides[][2] = { { 16385, 8 }, { 8, 16385 }, { 16384, 16384 } };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct pictures_file file = file_of(&(struct recipe){
			.width = 8, .height = 8, .colours = JCS_YCbCr });
		size_t at = 2;

		while (file.bytes[at + 1] != 0xc0)
			at += 2 + (size_t)(file.bytes[at + 2] << 8 | file.bytes[at + 3]);
		file.bytes[at + 5] = (uint8_t)(sides[i][1] >> 8);
		file.bytes[at + 6] = (uint8_t)sides[i][1];
		file.bytes[at + 7] = (uint8_t)(sides[i][0] >> 8);
		file.bytes[at + 8] = (uint8_t)sides[i][0];
		assert_refused(file, -EINVAL);
	}
}

static void bytes_that_are_no_file_are_damaged(void **state)
{
	struct check_random random = { 8 };

	(void)state;
	for (size_t size = 1; size < 200; size += 33) {
		struct pictures_file file = { malloc(size), size };

		assert_non_null(file.bytes);
		for (size_t i = 0; i < size; i++)
			file.bytes[i] = (uint8_t)check_random(&random);
		assert_refused(file, -EBADMSG);
	}
}

/* --- memory --- */

static void frames_like_the_one_before_take_no_memory(void **state)
{
	const struct atoll_convert_config config = { .width = 64, .height = 48, .channels = 3 };

	(void)state;
	for (int h = 1; h <= 2; h++) {
		struct pictures_file file = file_of(&(struct recipe){
			.width = 160, .height = 120, .colours = JCS_YCbCr, .h = h, .v = 1 });
		struct atoll_convert *convert = convert_of(&config);
		struct atoll_frame frame = frame_of(file);
		uint8_t out[64 * 48 * 3];
		unsigned long before = 0;

		/* libjpeg's memory has its size after the first. */
		for (unsigned i = 0; i < 5; i++) {
			if (i == 2)
				before = allocations();
			assert_int_equal(atoll_convert_run(convert, &frame, out), 0);
		}
		assert_int_equal(allocations(), before);
		atoll_convert_free(convert);
		free(file.bytes);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_subsampling_is_at_most_a_step_from_the_exact_numbers),
		cmocka_unit_test(large_files_are_decoded_just_large_enough),
		cmocka_unit_test(the_files_own_size_is_cut),
		cmocka_unit_test(frames_without_huffman_tables_mean_the_standard_ones),
		cmocka_unit_test(a_frame_without_quantization_tables_is_damaged_whatever_came_before),
		cmocka_unit_test(a_frame_cut_anywhere_is_damaged_and_nothing_is_said),
		cmocka_unit_test(a_frame_with_a_hole_in_its_middle_is_damaged),
		cmocka_unit_test(a_few_bytes_of_no_meaning_are_passed_over_but_not_many),
		cmocka_unit_test(what_follows_the_file_or_lacks_its_end_marker_does_no_harm),
		cmocka_unit_test(inks_and_unknown_colours_are_refused),
		cmocka_unit_test(a_file_of_very_many_scans_is_refused),
		cmocka_unit_test(a_file_that_says_it_is_huge_is_refused),
		cmocka_unit_test(bytes_that_are_no_file_are_damaged),
		cmocka_unit_test(frames_like_the_one_before_take_no_memory),
	};

	return CHECK_RUN(tests);
}
