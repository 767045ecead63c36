/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames made here, encoded, and read back by the reader of pictures, next to
 * what the two standards say of them in double precision.
 */
#include "camera/encode.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/folder.h"

/* No multiple of a JPEG block, but of a pair. */
enum { WIDTH = 38, HEIGHT = 21 };

static double within(double value, double low, double high)
{
	return fmin(fmax(value, low), high);
}

/* What a picture of R, G, B in 0..1 is stored as: Y, Cb, Cr. */
static void stored(const double rgb[3], enum atoll_matrix matrix, bool is_full,
		   uint8_t ycc[3])
{
	double red = matrix == ATOLL_MATRIX_BT709 ? 0.2126 : 0.299;
	double blue = matrix == ATOLL_MATRIX_BT709 ? 0.0722 : 0.114;
	double y = red * rgb[0] + (1 - red - blue) * rgb[1] + blue * rgb[2];
	double cb = (rgb[2] - y) / (2 - 2 * blue), cr = (rgb[0] - y) / (2 - 2 * red);

	ycc[0] = (uint8_t)lround(is_full ? 255 * y : 16 + 219 * y);
	ycc[1] = (uint8_t)lround(within(128 + (is_full ? 255 : 224) * cb, 0, 255));
	ycc[2] = (uint8_t)lround(within(128 + (is_full ? 255 : 224) * cr, 0, 255));
}

/* Smooth, and in corners black, blue, yellow and nearly white. */
static void colour_at(uint32_t x, uint32_t y, double rgb[3])
{
	rgb[0] = (double)x / (WIDTH - 1);
	rgb[1] = rgb[0] * 0.9;
	rgb[2] = (double)y / (HEIGHT - 1);
}

struct scene {
	struct atoll_frame frame;
	uint8_t *bytes;
};

/* Where a component of the pixel (x, y) lies; tests have their own idea. */
static uint8_t *sample_at(const struct atoll_frame *frame, unsigned c, uint32_t x, uint32_t y)
{
	static const int packed[][3] = {
		[ATOLL_PIXELS_YUYV] = { 0, 1, 3 },
		[ATOLL_PIXELS_UYVY] = { 1, 0, 2 },
		[ATOLL_PIXELS_YVYU] = { 0, 3, 1 },
	};
	size_t at;
	unsigned plane = 0;

	switch (frame->pixels) {
	case ATOLL_PIXELS_YUYV:
	case ATOLL_PIXELS_UYVY:
	case ATOLL_PIXELS_YVYU:
		at = (size_t)y * frame->stride[0] + (size_t)packed[frame->pixels][c] +
		     (c ? x / 2 * 4 : x * 2);
		break;
	case ATOLL_PIXELS_NV12:
	case ATOLL_PIXELS_NV21:
		plane = c > 0;
		at = c ? (size_t)(y / 2) * frame->stride[1] + x / 2 * 2 +
			 ((frame->pixels == ATOLL_PIXELS_NV12) == (c == 2)) :
			 (size_t)y * frame->stride[0] + x;
		break;
	default:
		plane = c;
		at = c ? (size_t)(y / 2) * frame->stride[c] + x / 2 :
			 (size_t)y * frame->stride[0] + x;
	}
	return (uint8_t *)(uintptr_t)(frame->plane[plane] + at);
}

static void paint_ycc(struct atoll_frame *frame)
{
	for (uint32_t y = 0; y < frame->height; y++)
		for (uint32_t x = 0; x < frame->width; x++) {
			double rgb[3];
			uint8_t ycc[3];

			colour_at(x, y, rgb);
			stored(rgb, frame->matrix, frame->is_full_range, ycc);
			for (unsigned c = 0; c < (frame->pixels == ATOLL_PIXELS_GREY ? 1 : 3); c++)
				*sample_at(frame, c, x, y) = ycc[c];
		}
}

static void paint_rgb(struct atoll_frame *frame)
{
	static const struct {
		uint8_t bytes, at[3];
	} places[] = {
		[ATOLL_PIXELS_RGB24] = { 3, { 0, 1, 2 } },
		[ATOLL_PIXELS_BGR24] = { 3, { 2, 1, 0 } },
		[ATOLL_PIXELS_XRGB] = { 4, { 1, 2, 3 } },
		[ATOLL_PIXELS_BGRX] = { 4, { 2, 1, 0 } },
	};

	for (uint32_t y = 0; y < frame->height; y++)
		for (uint32_t x = 0; x < frame->width; x++) {
			uint8_t *pixel = (uint8_t *)(uintptr_t)frame->plane[0] +
					 (size_t)y * frame->stride[0] +
					 (size_t)x * places[frame->pixels].bytes;
			double rgb[3];

			colour_at(x, y, rgb);
			for (unsigned c = 0; c < 3; c++)
				pixel[places[frame->pixels].at[c]] = (uint8_t)lround(255 * rgb[c]);
		}
}

/* In memory exactly as large as the frame, for sanitizers to watch. */
static struct scene scene_of(enum atoll_pixels pixels, enum atoll_matrix matrix, bool is_full,
			     uint32_t width, uint32_t height, uint32_t stride)
{
	static uint8_t large[64 * 1024];
	struct scene scene = { .frame = { .pixels = pixels, .width = width,
					  .height = height, .matrix = matrix,
					  .is_full_range = is_full } };

	assert_int_equal(atoll_frame_lay(&scene.frame, large, sizeof(large), stride), 0);
	scene.bytes = calloc(1, scene.frame.bytes);
	assert_non_null(scene.bytes);
	assert_int_equal(atoll_frame_lay(&scene.frame, scene.bytes, scene.frame.bytes, stride), 0);
	if (pixels >= ATOLL_PIXELS_RGB24)
		paint_rgb(&scene.frame);
	else
		paint_ycc(&scene.frame);
	return scene;
}

static struct atoll_picture *read_back(struct atoll_encoder *encoder,
				       const struct atoll_frame *frame, int quality)
{
	struct atoll_error err = { 0 };
	struct atoll_picture *picture;
	const uint8_t *jpeg;
	size_t size;

	assert_int_equal(atoll_encode_jpeg(encoder, frame, quality, &jpeg, &size), 0);
	picture = atoll_picture_load_bytes(jpeg, size, 0, &err);
	if (!picture)
		fail_msg("%s", err.text);
	assert_int_equal(picture->width, frame->width);
	assert_int_equal(picture->height, frame->height);
	return picture;
}

/*
 * Largest and mean distance from what was painted. Chroma shared by two or four
 * pixels and rounding to 8 bits leave a few steps at most.
 */
static void assert_looks_painted(const struct atoll_picture *picture, bool is_grey,
				 const char *name)
{
	const uint8_t *at = picture->rgb;
	double sum = 0;
	int worst = 0;

	for (uint32_t y = 0; y < picture->height; y++)
		for (uint32_t x = 0; x < picture->width; x++) {
			double rgb[3];

			colour_at(x, y, rgb);
			if (is_grey)
				rgb[0] = rgb[1] = rgb[2] =
					0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
			for (unsigned c = 0; c < 3; c++) {
				int away = abs(*at++ - (int)lround(255 * rgb[c]));

				sum += away;
				worst = away > worst ? away : worst;
			}
		}
	sum /= picture->width * picture->height * 3;
	if (worst > 16 || sum > 3.5)
		fail_msg("%s: %d steps away, %.2f on average", name, worst, sum);
}

static void every_format_reads_back_as_it_was_painted(void **state)
{
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);

	(void)state;
	for (unsigned i = ATOLL_PIXELS_YUYV; i < ATOLL_PIXELS_JPEG; i++) {
		struct scene scene = scene_of((enum atoll_pixels)i, ATOLL_MATRIX_BT601, true,
					      WIDTH, HEIGHT, 0);
		struct atoll_picture *picture = read_back(encoder, &scene.frame, 95);

		assert_looks_painted(picture, i == ATOLL_PIXELS_GREY,
				     atoll_pixels_name((enum atoll_pixels)i));
		atoll_picture_free(picture);
		free(scene.bytes);
	}
	atoll_encoder_free(encoder);
}

static void both_matrices_and_ranges_become_the_one_of_jpeg(void **state)
{
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		enum atoll_pixels pixels = i & 1 ? ATOLL_PIXELS_YUYV : ATOLL_PIXELS_NV12;
		struct scene scene = scene_of(pixels,
					      i & 2 ? ATOLL_MATRIX_BT709 : ATOLL_MATRIX_BT601,
					      i & 4, WIDTH, HEIGHT, 0);
		struct atoll_picture *picture = read_back(encoder, &scene.frame, 95);
		char name[32];

		(void)snprintf(name, sizeof(name), "%s, matrix %u, full %u",
			       atoll_pixels_name(pixels), i >> 1 & 1, i >> 2);
		assert_looks_painted(picture, false, name);
		atoll_picture_free(picture);
		free(scene.bytes);
	}
	atoll_encoder_free(encoder);
}

static void grey_of_limited_range_becomes_black_and_white(void **state)
{
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);
	static const uint8_t stored_luma[8] = { 0, 16, 16, 16, 235, 235, 235, 255 };
	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_GREY, .width = 8, .height = 1,
				     .matrix = ATOLL_MATRIX_BT709 };
	struct atoll_picture *picture;

	(void)state;
	assert_int_equal(atoll_frame_lay(&frame, stored_luma, sizeof(stored_luma), 0), 0);
	picture = read_back(encoder, &frame, 100);
	for (unsigned x = 0; x < 8; x++)
		assert_in_range(picture->rgb[3 * x] + 2, x < 4 ? 0 : 255, x < 4 ? 4 : 257);
	atoll_picture_free(picture);
	atoll_encoder_free(encoder);
}

/* One colour everywhere, so that nothing but arithmetic can be wrong. */
static void a_plain_colour_stays_that_colour(void **state)
{
	static const double colours[][3] = {
		{ 0, 0, 0 }, { 1, 1, 1 }, { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 },
		{ 0.5, 0.5, 0.5 }, { 0.8, 0.3, 0.1 }, { 0.1, 0.4, 0.9 },
	};
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);

	(void)state;
	for (unsigned i = 0; i < 4 * sizeof(colours) / sizeof(colours[0]); i++) {
		const double *rgb = colours[i / 4];
		enum atoll_matrix matrix = i & 1 ? ATOLL_MATRIX_BT709 : ATOLL_MATRIX_BT601;
		struct scene scene = scene_of(ATOLL_PIXELS_YUYV, matrix, i & 2, 16, 8, 0);
		struct atoll_picture *picture;
		uint8_t ycc[3];

		stored(rgb, matrix, i & 2, ycc);
		for (uint32_t at = 0; at < 128; at++)
			for (unsigned c = 0; c < 3; c++)
				*sample_at(&scene.frame, c, at % 16, at / 16) = ycc[c];
		picture = read_back(encoder, &scene.frame, 100);
		for (unsigned at = 0; at < 16 * 8 * 3; at++) {
			int away = picture->rgb[at] - (int)lround(255 * rgb[at % 3]);

			/* One step in 224 of Cb alone is 2.0 of blue. */
			if (abs(away) > 3)
				fail_msg("colour %u, kind %u: %d away", i / 4, i % 4, away);
		}
		atoll_picture_free(picture);
		free(scene.bytes);
	}
	atoll_encoder_free(encoder);
}

static void sizes_down_to_one_pixel_and_gaps_between_rows_are_read_right(void **state)
{
	static const enum atoll_pixels all[] = {
		ATOLL_PIXELS_NV12, ATOLL_PIXELS_YU12, ATOLL_PIXELS_GREY, ATOLL_PIXELS_BGRX,
		ATOLL_PIXELS_YUYV,
	};
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);

	(void)state;
	for (uint32_t width = 1; width <= 18; width++)
		for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]) - width % 2; i++) {
			/* Grey says what it looks like by BT.601 alone. */
			enum atoll_matrix matrix = all[i] == ATOLL_PIXELS_GREY ?
						   ATOLL_MATRIX_BT601 : ATOLL_MATRIX_BT709;
			struct scene scene = scene_of(all[i], matrix, false, width,
						      19 - width, 100);
			struct atoll_picture *picture = read_back(encoder, &scene.frame, 95);

			assert_looks_painted(picture, all[i] == ATOLL_PIXELS_GREY,
					     atoll_pixels_name(all[i]));
			atoll_picture_free(picture);
			free(scene.bytes);
		}
	atoll_encoder_free(encoder);
}

static void a_jpeg_frame_comes_back_as_it_is(void **state)
{
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);
	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_JPEG, .width = 1, .height = 1 };
	const uint8_t *jpeg;
	size_t size;

	(void)state;
	assert_int_equal(atoll_frame_lay(&frame, "any bytes", 9, 0), 0);
	assert_int_equal(atoll_encode_jpeg(encoder, &frame, 80, &jpeg, &size), 0);
	assert_ptr_equal(jpeg, frame.plane[0]);
	assert_int_equal(size, 9);
	atoll_encoder_free(encoder);
}

static void what_cannot_be_encoded_is_refused(void **state)
{
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);
	struct scene scene = scene_of(ATOLL_PIXELS_YUYV, ATOLL_MATRIX_BT601, true, 4, 4, 0);
	struct atoll_frame frame = scene.frame;
	const uint8_t *jpeg;
	size_t size;

	(void)state;
	assert_int_equal(atoll_encode_jpeg(encoder, &frame, 0, &jpeg, &size), -EINVAL);
	assert_int_equal(atoll_encode_jpeg(encoder, &frame, 101, &jpeg, &size), -EINVAL);
	frame.pixels = ATOLL_PIXELS_NONE;
	assert_int_equal(atoll_encode_jpeg(encoder, &frame, 80, &jpeg, &size), -ENOTSUP);
	frame.pixels = ATOLL_PIXELS_COUNT;
	assert_int_equal(atoll_encode_jpeg(encoder, &frame, 80, &jpeg, &size), -ENOTSUP);
	frame = scene.frame;
	frame.width = 3;
	assert_int_equal(atoll_encode_jpeg(encoder, &frame, 80, &jpeg, &size), -EINVAL);
	frame.width = 0;
	assert_int_equal(atoll_encode_jpeg(encoder, &frame, 80, &jpeg, &size), -EINVAL);
	frame.width = ATOLL_FRAME_SIDE_MAX + 1;
	assert_int_equal(atoll_encode_jpeg(encoder, &frame, 80, &jpeg, &size), -EINVAL);
	free(scene.bytes);
	atoll_encoder_free(encoder);
}

static void from_the_second_frame_on_nothing_is_allocated(void **state)
{
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);

	(void)state;
	for (unsigned i = ATOLL_PIXELS_YUYV; i < ATOLL_PIXELS_JPEG; i++) {
		struct scene scene = scene_of((enum atoll_pixels)i, ATOLL_MATRIX_BT709, false,
					      WIDTH, HEIGHT, 0);
		const uint8_t *jpeg;
		unsigned long before;
		size_t size;

		assert_int_equal(atoll_encode_jpeg(encoder, &scene.frame, 85, &jpeg, &size), 0);
		before = allocations();
		for (unsigned repeat = 0; repeat < 3; repeat++)
			assert_int_equal(atoll_encode_jpeg(encoder, &scene.frame, 85, &jpeg,
							   &size), 0);
		assert_int_equal(allocations(), before);
		free(scene.bytes);
	}
	atoll_encoder_free(encoder);
}

/* Noise at the highest quality takes more than the byte a pixel set aside. */
static void a_jpeg_larger_than_expected_is_whole(void **state)
{
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);
	struct check_random random = { 7 };
	static uint8_t noise[64 * 64 * 3];
	struct atoll_picture *picture, *back;
	struct atoll_frame frame;
	const uint8_t *jpeg;
	size_t size;
	double away = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)check_random(&random);
	picture = atoll_picture_new(64, 64, noise, NULL);
	frame = atoll_picture_frame(picture);
	assert_int_equal(atoll_encode_jpeg(encoder, &frame, 100, &jpeg, &size), 0);
	assert_true(size > 64 * 64);
	back = atoll_picture_load_bytes(jpeg, size, 0, NULL);
	assert_non_null(back);
	for (size_t i = 0; i < sizeof(noise); i++)
		away += abs(back->rgb[i] - noise[i]);
	assert_true(away / sizeof(noise) < 2);
	atoll_picture_free(back);
	atoll_picture_free(picture);
	atoll_encoder_free(encoder);
}

static void a_new_picture_is_a_copy_or_black(void **state)
{
	static uint8_t rgb[2 * 3 * 3] = { 1, 2, 3, 4 }, zeros[sizeof(rgb)];
	struct atoll_picture *copy = atoll_picture_new(2, 3, rgb, NULL);
	struct atoll_picture *black = atoll_picture_new(2, 3, NULL, NULL);
	struct atoll_error err = { 0 };

	(void)state;
	assert_memory_equal(copy->rgb, rgb, sizeof(rgb));
	assert_ptr_not_equal(copy->rgb, rgb);
	assert_memory_equal(black->rgb, zeros, sizeof(rgb));
	assert_int_equal(black->width, 2);
	assert_int_equal(black->height, 3);
	atoll_picture_free(copy);
	atoll_picture_free(black);
	assert_null(atoll_picture_new(0, 3, NULL, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_null(atoll_picture_new(UINT32_MAX, UINT32_MAX, NULL, &err));
	assert_int_equal(err.code, -ENOMEM);
}

/* --- files --- */

static void a_frame_becomes_a_picture_of_its_own_size(void **state)
{
	static const uint8_t yuv[] = { 16, 128, 235, 128, 81, 90, 81, 240 };
	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_YUYV, .width = 4, .height = 1 };
	struct atoll_error err = { 0 };
	struct atoll_picture *picture;

	(void)state;
	assert_int_equal(atoll_frame_lay(&frame, yuv, sizeof(yuv), 0), 0);
	picture = atoll_picture_of_frame(&frame, &err);
	assert_non_null(picture);
	assert_int_equal(picture->width, 4);
	assert_int_equal(picture->height, 1);
	/* BT.601: pure red is Y 81, Cb 90, Cr 240, and comes out one step off. */
	assert_in_range(picture->rgb[9], 253, 255);
	assert_in_range(picture->rgb[10], 0, 1);
	assert_in_range(picture->rgb[11], 0, 1);
	atoll_picture_free(picture);
	frame.pixels = ATOLL_PIXELS_JPEG; /* which these bytes are not */
	assert_null(atoll_picture_of_frame(&frame, &err));
	assert_int_equal(err.code, -EBADMSG);
	frame.width = 0;
	assert_null(atoll_picture_of_frame(&frame, NULL));
}

static struct atoll_picture *painted(void)
{
	struct scene scene = scene_of(ATOLL_PIXELS_RGB24, ATOLL_MATRIX_BT601, true,
				      WIDTH, HEIGHT, 0);
	struct atoll_picture *picture = atoll_picture_new(WIDTH, HEIGHT, scene.bytes, NULL);

	free(scene.bytes);
	assert_non_null(picture);
	return picture;
}

static void a_saved_png_reads_back_equal(void **state)
{
	struct atoll_picture *picture = painted(), *back;

	(void)state;
	assert_int_equal(atoll_picture_save(picture, in_folder("a.PNG"), NULL), 0);
	back = atoll_picture_load(in_folder("a.PNG"), 0, NULL);
	assert_non_null(back);
	assert_int_equal(back->width, WIDTH);
	assert_int_equal(back->height, HEIGHT);
	assert_memory_equal(back->rgb, picture->rgb, WIDTH * HEIGHT * 3);
	atoll_picture_free(back);
	atoll_picture_free(picture);
	assert_int_equal(folder_count(), 1);
}

static void a_saved_jpeg_reads_back_close(void **state)
{
	struct atoll_picture *picture = painted(), *back;

	(void)state;
	assert_int_equal(atoll_picture_save(picture, in_folder("a.jpg"), NULL), 0);
	back = atoll_picture_load(in_folder("a.jpg"), 0, NULL);
	assert_non_null(back);
	assert_looks_painted(back, false, "saved");
	atoll_picture_free(back);
	atoll_picture_free(picture);
	assert_int_equal(folder_count(), 1);
}

static void saving_replaces_a_file_and_leaves_nothing_beside_it(void **state)
{
	struct atoll_picture *picture = painted();
	struct stat there;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(atoll_picture_save(picture, in_folder("a.png"), NULL), 0);
	assert_int_equal(stat(in_folder("a.png"), &there), 0);
	assert_int_equal(there.st_mode & 0400, 0400);
	atoll_picture_free(picture);
	assert_int_equal(folder_count(), 1);
}

static void a_picture_that_cannot_be_saved_says_why_and_leaves_nothing(void **state)
{
	struct atoll_picture *picture = painted();
	struct atoll_error err = { 0 };

	(void)state;
	assert_int_equal(atoll_picture_save(picture, in_folder("a.gif"), &err), -EINVAL);
	assert_non_null(strstr(err.text, "a.gif"));
	assert_non_null(strstr(err.text, ".png"));
	assert_int_equal(atoll_picture_save(picture, in_folder("not/there.png"), &err), -ENOENT);
	assert_non_null(strstr(err.text, "not/there.png"));
	/* A folder of that name cannot be replaced by a file. */
	assert_int_equal(mkdir(in_folder("b.jpeg"), 0700), 0);
	assert_true(atoll_picture_save(picture, in_folder("b.jpeg"), &err) < 0);
	assert_int_equal(rmdir(in_folder("b.jpeg")), 0);
	assert_int_equal(folder_count(), 0);
	/* Wider than the formats can say: JPEG ends at 65535, we at frames' sides. */
	picture->width = ATOLL_FRAME_SIDE_MAX + 1;
	assert_int_equal(atoll_picture_save(picture, in_folder("c.jpg"), &err), -EINVAL);
	picture->width = WIDTH;
	assert_int_equal(folder_count(), 0);
	atoll_picture_free(picture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_reads_back_as_it_was_painted),
		cmocka_unit_test(both_matrices_and_ranges_become_the_one_of_jpeg),
		cmocka_unit_test(grey_of_limited_range_becomes_black_and_white),
		cmocka_unit_test(a_plain_colour_stays_that_colour),
		cmocka_unit_test(sizes_down_to_one_pixel_and_gaps_between_rows_are_read_right),
		cmocka_unit_test(a_jpeg_frame_comes_back_as_it_is),
		cmocka_unit_test(what_cannot_be_encoded_is_refused),
		cmocka_unit_test(from_the_second_frame_on_nothing_is_allocated),
		cmocka_unit_test(a_jpeg_larger_than_expected_is_whole),
		cmocka_unit_test(a_new_picture_is_a_copy_or_black),
		cmocka_unit_test(a_frame_becomes_a_picture_of_its_own_size),
		IN_FOLDER(a_saved_png_reads_back_equal),
		IN_FOLDER(a_saved_jpeg_reads_back_close),
		IN_FOLDER(saving_replaces_a_file_and_leaves_nothing_beside_it),
		IN_FOLDER(a_picture_that_cannot_be_saved_says_why_and_leaves_nothing),
	};

	return CHECK_RUN(tests);
}
