/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of random bytes and sizes against the numbers of camera/convert.h worked
 * out one by one in double, and every instruction set against plain C. Planes lie
 * in blocks of exactly their size, so that sanitizers see the first byte too many.
 */
#include "camera/convert.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "camera/picture.h"
#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/pictures.h"

/* --- frames --- */

enum { RANDOM, EXTREMES }; /* bytes: any; 0 and 255 */

/* One component: sample x of row y is at[y * stride + x * step]. */
struct component {
	const uint8_t *at;
	size_t stride, step;
	uint32_t width, height;
};

struct picture {
	struct atoll_frame frame;
	uint8_t *block[3];
	struct component component[3];
	unsigned components; /* 3, or 1 for grey */
	bool is_rgb;
};

static uint8_t *block_of(size_t size, struct check_random *random, int kind)
{
	uint8_t *block = malloc(size);

	assert_non_null(block);
	for (size_t i = 0; i < size; i++) {
		uint32_t number = check_random(random);

		block[i] = (uint8_t)(kind == EXTREMES ? (number & 1) * 255 : number);
	}
	return block;
}

static void add_plane(struct picture *picture, unsigned i, uint32_t row_bytes, uint32_t rows,
		      struct check_random *random, int kind)
{
	uint32_t gap = check_random(random) % 2 ? check_random(random) % 40 : 0;
	size_t size = (size_t)(row_bytes + gap) * (rows - 1) + row_bytes;

	picture->block[i] = block_of(size, random, kind);
	picture->frame.plane[i] = picture->block[i];
	picture->frame.stride[i] = row_bytes + gap;
	picture->frame.bytes += size;
}

static void add_component(struct picture *picture, unsigned plane, uint32_t skip,
			  uint32_t step, uint32_t width, uint32_t height)
{
	picture->component[picture->components++] = (struct component){
		.at = picture->block[plane] + skip,
		.stride = picture->frame.stride[plane],
		.step = step,
		.width = width,
		.height = height,
	};
}

/* Where in a macropixel or pixel the three components begin. */
static void add_packed(struct picture *picture, const uint32_t skip[3], uint32_t pixel_bytes,
		       struct check_random *random, int kind)
{
	uint32_t width = picture->frame.width, height = picture->frame.height;
	bool is_yuv = pixel_bytes == 2;

	add_plane(picture, 0, width * pixel_bytes, height, random, kind);
	add_component(picture, 0, skip[0], pixel_bytes, width, height);
	for (unsigned i = 1; i < 3; i++)
		add_component(picture, 0, skip[i], is_yuv ? 4 : pixel_bytes,
			      is_yuv ? width / 2 : width, height);
	picture->is_rgb = !is_yuv;
}

static void add_planes(struct picture *picture, bool is_paired, unsigned cb,
		       struct check_random *random, int kind)
{
	uint32_t width = picture->frame.width, height = picture->frame.height;
	uint32_t half = (width + 1) / 2, rows = (height + 1) / 2;

	add_plane(picture, 0, width, height, random, kind);
	add_component(picture, 0, 0, 1, width, height);
	if (is_paired) {
		add_plane(picture, 1, 2 * half, rows, random, kind);
		add_component(picture, 1, cb, 2, half, rows);
		add_component(picture, 1, 1 - cb, 2, half, rows);
		return;
	}
	for (unsigned i = 1; i < 3; i++) {
		add_plane(picture, i, half, rows, random, kind);
		add_component(picture, i, 0, 1, half, rows);
	}
}

static struct picture picture_of(enum atoll_pixels pixels, uint32_t width, uint32_t height,
				 struct check_random *random, int kind)
{
	struct picture picture = {
		.frame = {
			.pixels = pixels, .width = width, .height = height,
			.matrix = check_random(random) % 2 ? ATOLL_MATRIX_BT709
							   : ATOLL_MATRIX_BT601,
			.is_full_range = check_random(random) % 2,
		},
	};

	switch (pixels) {
	case ATOLL_PIXELS_YUYV:
		add_packed(&picture, (const uint32_t[]){ 0, 1, 3 }, 2, random, kind);
		break;
	case ATOLL_PIXELS_UYVY:
		add_packed(&picture, (const uint32_t[]){ 1, 0, 2 }, 2, random, kind);
		break;
	case ATOLL_PIXELS_YVYU:
		add_packed(&picture, (const uint32_t[]){ 0, 3, 1 }, 2, random, kind);
		break;
	case ATOLL_PIXELS_RGB24:
		add_packed(&picture, (const uint32_t[]){ 0, 1, 2 }, 3, random, kind);
		break;
	case ATOLL_PIXELS_BGR24:
		add_packed(&picture, (const uint32_t[]){ 2, 1, 0 }, 3, random, kind);
		break;
	case ATOLL_PIXELS_XRGB:
		add_packed(&picture, (const uint32_t[]){ 1, 2, 3 }, 4, random, kind);
		break;
	case ATOLL_PIXELS_BGRX:
		add_packed(&picture, (const uint32_t[]){ 2, 1, 0 }, 4, random, kind);
		break;
	case ATOLL_PIXELS_NV12:
	case ATOLL_PIXELS_NV21:
		add_planes(&picture, true, pixels == ATOLL_PIXELS_NV21, random, kind);
		break;
	case ATOLL_PIXELS_YU12:
	case ATOLL_PIXELS_YV12:
		add_planes(&picture, false, 0, random, kind);
		break;
	default:
		add_plane(&picture, 0, width, height, random, kind);
		add_component(&picture, 0, 0, 1, width, height);
	}
	return picture;
}

static void picture_drop(struct picture *picture)
{
	for (unsigned i = 0; i < 3; i++)
		free(picture->block[i]);
}

/* --- the model: exact numbers --- */

/* Along one axis: `window` outputs from `start` on show the middle `shown` of a
   frame's `side` pixels. */
struct axis {
	uint32_t start, window, side;
	double shown;
};

static void axes_of(const struct atoll_convert_config *config, uint32_t width,
		    uint32_t height, struct axis *x, struct axis *y)
{
	double ratio = (double)config->width / config->height;

	*x = (struct axis){ 0, config->width, width, width };
	*y = (struct axis){ 0, config->height, height, height };
	if (config->fit == ATOLL_FIT_CROP) {
		x->shown = fmin(width, height * ratio);
		y->shown = fmin(height, width / ratio);
	} else if (config->fit == ATOLL_FIT_LETTERBOX) {
		double fitting = fmin((double)config->width / width,
				      (double)config->height / height);

		x->window = (uint32_t)fmax(1, floor(width * fitting + 0.5 + 1e-9));
		y->window = (uint32_t)fmax(1, floor(height * fitting + 0.5 + 1e-9));
		x->start = (config->width - x->window) / 2;
		y->start = (config->height - y->window) / 2;
	}
}

/* Where output o lies among `in` samples that cover the whole side. */
static double place(const struct axis *axis, uint32_t in, uint32_t o)
{
	double pixel = (axis->side - axis->shown) / 2 +
		       (o - axis->start + 0.5) * axis->shown / axis->window;
	double p = pixel * in / axis->side - 0.5;

	return fmin(fmax(p, 0), in - 1);
}

static double sample_at(const struct component *component, double x, double y)
{
	uint32_t x0 = (uint32_t)x, y0 = (uint32_t)y;
	double sum = 0;

	for (uint32_t i = 0; i < 4; i++) {
		uint32_t column = x0 + i % 2, row = y0 + i / 2;
		double weight = (i % 2 ? x - x0 : 1 - (x - x0)) * (i / 2 ? y - y0 : 1 - (y - y0));

		if (weight > 0)
			sum += weight * component->at[row * component->stride +
						      column * component->step];
	}
	return sum;
}

/* ITU-R BT.601 and BT.709: what Y is made of, solved for R, G and B. */
static void exact_colour(const struct atoll_frame *frame, const double in[3], double out[3])
{
	double kr = frame->matrix == ATOLL_MATRIX_BT709 ? 0.2126 : 0.299;
	double kb = frame->matrix == ATOLL_MATRIX_BT709 ? 0.0722 : 0.114;
	double y = frame->is_full_range ? in[0] : (in[0] - 16) * 255 / 219;
	double cb = (in[1] - 128) * (frame->is_full_range ? 1 : 255.0 / 224);
	double cr = (in[2] - 128) * (frame->is_full_range ? 1 : 255.0 / 224);

	out[0] = y + 2 * (1 - kr) * cr;
	out[2] = y + 2 * (1 - kb) * cb;
	out[1] = (y - kr * out[0] - kb * out[2]) / (1 - kr - kb);
}

static uint8_t byte(double value)
{
	return (uint8_t)fmin(fmax(floor(value + 0.5), 0), 255);
}

static void exact_pixel(const struct picture *picture, uint32_t channels, const struct axis *ax,
			const struct axis *ay, uint32_t x, uint32_t y, uint8_t out[3])
{
	double in[3] = { 0, 128, 128 }, rgb[3];

	for (unsigned c = 0; c < picture->components; c++) {
		const struct component *component = &picture->component[c];

		in[c] = sample_at(component, place(ax, component->width, x),
				  place(ay, component->height, y));
	}
	if (!picture->is_rgb && channels == 1)
		in[1] = in[2] = 128;
	if (picture->is_rgb)
		memcpy(rgb, in, sizeof(rgb));
	else
		exact_colour(&picture->frame, in, rgb);
	if (channels == 1)
		rgb[0] = picture->is_rgb ? 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
					 : rgb[0];
	for (uint32_t c = 0; c < channels; c++)
		out[c] = byte(rgb[c]);
}

/* --- comparing --- */

static const char *const levels[] = { "plain", "neon", "avx2", "vnni" };

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* NULL when this machine does not have it. */
static struct atoll_convert *convert_at(const char *level,
					const struct atoll_convert_config *config)
{
	struct atoll_error err = { 0 };
	struct atoll_convert *convert;

	assert_int_equal(setenv("ATOLL_CPU", level, 1), 0);
	convert = atoll_convert_new(config, &err);
	assert_int_equal(unsetenv("ATOLL_CPU"), 0);
	if (!convert && err.code != -ENOTSUP)
		fail_msg("%s", err.text);
	return convert;
}

static struct atoll_convert *convert_of(const struct atoll_convert_config *config)
{
	struct atoll_error err = { 0 };
	struct atoll_convert *convert = atoll_convert_new(config, &err);

	if (!convert)
		fail_msg("%s", err.text);
	return convert;
}

static size_t bytes_of(const struct atoll_convert_config *config)
{
	return (size_t)config->width * config->height * config->channels *
	       (config->store == ATOLL_STORE_FLOAT32 ? sizeof(float) : 1);
}

static void describe(char text[160], const struct picture *picture,
		     const struct atoll_convert_config *config)
{
	(void)snprintf(text, 160, "%s %ux%u matrix %d full %d to %ux%ux%u fit %d",
		       atoll_pixels_name(picture->frame.pixels), picture->frame.width,
		       picture->frame.height, (int)picture->frame.matrix,
		       (int)picture->frame.is_full_range, config->width, config->height,
		       config->channels, (int)config->fit);
}

static void assert_near(const struct picture *picture,
			const struct atoll_convert_config *config, const uint8_t *out)
{
	struct axis ax, ay;
	char text[160];

	describe(text, picture, config);
	axes_of(config, picture->frame.width, picture->frame.height, &ax, &ay);
	for (uint32_t y = 0; y < config->height; y++)
		for (uint32_t x = 0; x < config->width; x++, out += config->channels) {
			uint8_t want[3] = { config->bar, config->bar, config->bar };

			if (x - ax.start < ax.window && y - ay.start < ay.window)
				exact_pixel(picture, config->channels, &ax, &ay, x, y, want);
			for (uint32_t c = 0; c < config->channels; c++)
				if (abs(out[c] - want[c]) > 1)
					fail_msg("%s: pixel %u,%u channel %u: %d, exactly %d",
						 text, x, y, c, out[c], want[c]);
		}
}

/* Plain C is near the exact numbers, and all others equal to it. */
static void assert_converted(const struct picture *picture,
			     const struct atoll_convert_config *config)
{
	size_t size = bytes_of(config);
	uint8_t *plain = malloc(size), *other = malloc(size);
	char text[160];

	assert_non_null(plain);
	assert_non_null(other);
	describe(text, picture, config);
	for (size_t i = 0; i < LEVELS; i++) {
		struct atoll_convert *convert = convert_at(levels[i], config);
		uint8_t *out = i == 0 ? plain : other;

		if (!convert)
			continue;
		memset(out, 0xa5, size);
		assert_int_equal(atoll_convert_run(convert, &picture->frame, out), 0);
		if (i > 0 && memcmp(plain, other, size) != 0)
			fail_msg("%s: %s differs from plain", text, levels[i]);
		atoll_convert_free(convert);
	}
	if (config->store == ATOLL_STORE_UINT8)
		assert_near(picture, config, plain);
	free(plain);
	free(other);
}

static bool is_packed_yuv(enum atoll_pixels pixels)
{
	return pixels == ATOLL_PIXELS_YUYV || pixels == ATOLL_PIXELS_UYVY ||
	       pixels == ATOLL_PIXELS_YVYU;
}

/* Small ones often: that is where ends and middles meet. */
static uint32_t some_side(struct check_random *random, uint32_t most)
{
	uint32_t kind = check_random(random) % 4;

	return 1 + check_random(random) % (kind == 0 ? 3 : kind == 1 ? 20 : most);
}

static void try_at_random(enum atoll_pixels pixels, int kind, struct check_random *random)
{
	uint32_t width = some_side(random, 150), height = some_side(random, 60);
	struct atoll_convert_config config = {
		.width = some_side(random, 100),
		.height = some_side(random, 40),
		.channels = check_random(random) % 3 ? 3 : 1,
		.fit = (enum atoll_fit)(check_random(random) % 3),
		.bar = (uint8_t)check_random(random),
	};
	struct picture picture;

	if (is_packed_yuv(pixels))
		width += width % 2;
	picture = picture_of(pixels, width, height, random, kind);
	assert_converted(&picture, &config);
	picture_drop(&picture);
}

static void every_format_is_at_most_a_step_from_the_exact_numbers(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (unsigned pixels = ATOLL_PIXELS_YUYV; pixels < ATOLL_PIXELS_JPEG; pixels++)
		for (unsigned i = 0; i < 40; i++)
			try_at_random((enum atoll_pixels)pixels, i % 2, &random);
}

static void extreme_ratios_are_no_different(void **state)
{
	static const struct {
		uint32_t width, height, out_width, out_height;
	} sizes[] = {
		{ 2, 2, 300, 3 }, { 2, 2, 3, 300 }, { 4000, 2, 3, 2 }, { 2, 4000, 2, 3 },
		{ 2, 1, 1, 1 }, { 16384, 1, 1, 1 }, { 2, 16384, 1, 2 }, { 2, 1, 1000, 1 },
		{ 640, 3, 224, 224 }, { 6, 480, 224, 5 },
	};
	struct check_random random = { 2 };

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned fit = 0; fit < 3; fit++) {
			unsigned pixels = ATOLL_PIXELS_YUYV + (3 * i + fit) % 12;
			struct picture picture =
				picture_of((enum atoll_pixels)pixels, sizes[i].width,
					   sizes[i].height, &random, EXTREMES);
			const struct atoll_convert_config config = {
				.width = sizes[i].out_width, .height = sizes[i].out_height,
				.channels = 3, .fit = (enum atoll_fit)fit,
			};

			assert_converted(&picture, &config);
			picture_drop(&picture);
		}
}

static void frames_of_their_size_keep_their_bytes(void **state)
{
	static const enum atoll_pixels kinds[] = { ATOLL_PIXELS_RGB24, ATOLL_PIXELS_BGRX };
	const struct atoll_convert_config config = { .width = 37, .height = 11, .channels = 3 };
	struct check_random random = { 3 };
	uint8_t out[37 * 11 * 3];

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct picture picture = picture_of(kinds[k], 37, 11, &random, RANDOM);
		struct atoll_convert *convert = convert_of(&config);

		assert_int_equal(atoll_convert_run(convert, &picture.frame, out), 0);
		for (size_t i = 0; i < sizeof(out); i++) {
			const struct component *c = &picture.component[i % 3];

			assert_int_equal(out[i], c->at[i / 3 / 37 * c->stride + i / 3 % 37 * c->step]);
		}
		atoll_convert_free(convert);
		picture_drop(&picture);
	}
}

/* Chroma of 128 must leave no tint, at any size and in any standard. */
static void grey_stays_grey_and_black_and_white_are_reached(void **state)
{
	const struct atoll_convert_config config = { .width = 19, .height = 2, .channels = 3 };
	struct atoll_convert *convert = convert_of(&config);
	uint8_t bytes[4 * 2 * 2], out[19 * 2 * 3];

	(void)state;
	for (unsigned kind = 0; kind < 4; kind++)
		for (int luma = 0; luma < 256; luma++) {
			struct atoll_frame frame = {
				.pixels = ATOLL_PIXELS_YUYV, .width = 4, .height = 2,
				.matrix = kind % 2 ? ATOLL_MATRIX_BT709 : ATOLL_MATRIX_BT601,
				.is_full_range = kind / 2,
			};
			uint8_t grey = byte(kind / 2 ? luma : (luma - 16) * 255.0 / 219);

			for (size_t i = 0; i < sizeof(bytes); i++)
				bytes[i] = (uint8_t)(i % 2 ? 128 : luma);
			assert_int_equal(atoll_frame_lay(&frame, bytes, sizeof(bytes), 0), 0);
			assert_int_equal(atoll_convert_run(convert, &frame, out), 0);
			for (size_t i = 0; i < sizeof(out); i++)
				assert_int_equal(out[i], out[0]);
			assert_in_range(out[0] + 1, grey, grey + 2);
			if (kind / 2 || luma <= 16 || luma >= 235)
				assert_int_equal(out[0], grey);
		}
	atoll_convert_free(convert);
}

static void signed_bytes_and_floats_are_the_same_bytes_in_other_clothes(void **state)
{
	struct check_random random = { 4 };
	struct atoll_convert_config config = {
		.width = 21, .height = 9, .channels = 3, .fit = ATOLL_FIT_LETTERBOX,
		.bar = 114, .scale = 1 / 127.5f, .offset = -1,
	};
	uint8_t bytes[21 * 9 * 3];
	int8_t shifted[21 * 9 * 3];
	float floats[21 * 9 * 3];

	(void)state;
	for (unsigned channels = 1; channels <= 3; channels += 2)
		for (size_t l = 0; l < LEVELS; l++) {
			struct picture picture = picture_of(ATOLL_PIXELS_NV12, 64, 48, &random, RANDOM);
			void *const out[] = { bytes, shifted, floats };

			config.channels = channels;
			for (unsigned store = 0; store < 3; store++) {
				struct atoll_convert *convert;

				config.store = (enum atoll_store)store;
				convert = convert_at(levels[l], &config);
				if (convert)
					assert_int_equal(atoll_convert_run(convert, &picture.frame,
									   out[store]), 0);
				atoll_convert_free(convert);
			}
			for (size_t i = 0; i < 21u * 9 * channels; i++) {
				float want = (float)bytes[i] * config.scale;

				want += config.offset;
				assert_int_equal(shifted[i], bytes[i] - 128);
				assert_true(floats[i] == want);
			}
			picture_drop(&picture);
		}
}

static void a_letterbox_has_its_bars_and_a_crop_none(void **state)
{
	uint8_t white[8 * 4], out[12 * 12];
	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_GREY, .width = 8, .height = 4,
				     .is_full_range = true };
	struct atoll_convert_config config = { .width = 12, .height = 12, .channels = 1,
					       .bar = 7 };

	(void)state;
	memset(white, 255, sizeof(white));
	assert_int_equal(atoll_frame_lay(&frame, white, sizeof(white), 0), 0);
	for (unsigned fit = 0; fit < 3; fit++) {
		struct atoll_convert *convert;

		config.fit = (enum atoll_fit)fit;
		convert = convert_of(&config);
		memset(out, 0xa5, sizeof(out));
		assert_int_equal(atoll_convert_run(convert, &frame, out), 0);
		for (unsigned y = 0; y < 12; y++)
			for (unsigned x = 0; x < 12; x++)
				assert_int_equal(out[12 * y + x],
						 fit == ATOLL_FIT_LETTERBOX && (y < 3 || y >= 9)
							 ? 7 : 255);
		atoll_convert_free(convert);
	}
}

/* --- points --- */

static void assert_point(const struct atoll_convert *convert, float x, float y, float want_x,
			 float want_y)
{
	atoll_convert_point(convert, &x, &y);
	assert_true(fabsf(x - want_x) < 1e-5f);
	assert_true(fabsf(y - want_y) < 1e-5f);
}

static void points_of_the_output_are_found_in_the_frame(void **state)
{
	struct check_random random = { 5 };
	struct picture wide = picture_of(ATOLL_PIXELS_YUYV, 64, 48, &random, RANDOM);
	struct atoll_convert_config config = { .width = 32, .height = 32, .channels = 3 };
	static uint8_t out[32 * 32 * 3];

	(void)state;
	for (unsigned fit = 0; fit < 3; fit++) {
		struct atoll_convert *convert;

		config.fit = (enum atoll_fit)fit;
		convert = convert_of(&config);
		assert_point(convert, 0.25f, 0.75f, 0.25f, 0.75f);
		assert_int_equal(atoll_convert_run(convert, &wide.frame, out), 0);
		assert_point(convert, 0.5f, 0.5f, 0.5f, 0.5f);
		switch (config.fit) {
		case ATOLL_FIT_STRETCH:
			assert_point(convert, 0.25f, 1, 0.25f, 1);
			break;
		case ATOLL_FIT_CROP: /* 48 of 64 columns */
			assert_point(convert, 0, 0, 0.125f, 0);
			assert_point(convert, 1, 1, 0.875f, 1);
			break;
		default: /* 24 of 32 rows */
			assert_point(convert, 0, 0.125f, 0, 0);
			assert_point(convert, 1, 0.875f, 1, 1);
			assert_point(convert, 1, 0, 1, -1.0f / 6);
		}
		atoll_convert_free(convert);
	}
	picture_drop(&wide);
}

/* --- memory --- */

static void frames_like_the_one_before_take_no_memory(void **state)
{
	const struct atoll_convert_config config = { .width = 40, .height = 30, .channels = 3,
						     .store = ATOLL_STORE_FLOAT32 };
	struct check_random random = { 6 };
	static float out[40 * 30 * 3];

	(void)state;
	for (unsigned pixels = ATOLL_PIXELS_YUYV; pixels < ATOLL_PIXELS_JPEG; pixels++) {
		struct picture picture = picture_of((enum atoll_pixels)pixels, 66, 50, &random, RANDOM);
		struct atoll_convert *convert = convert_of(&config);
		unsigned long before;

		assert_int_equal(atoll_convert_run(convert, &picture.frame, out), 0);
		before = allocations();
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(atoll_convert_run(convert, &picture.frame, out), 0);
		assert_int_equal(allocations(), before);
		atoll_convert_free(convert);
		picture_drop(&picture);
	}
}

static void one_converter_takes_frames_of_any_kind_by_turns(void **state)
{
	const struct atoll_convert_config config = { .width = 25, .height = 14, .channels = 3,
						     .fit = ATOLL_FIT_CROP };
	struct atoll_convert *kept = convert_of(&config);
	struct check_random random = { 7 };
	uint8_t out[25 * 14 * 3], fresh[25 * 14 * 3];

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		unsigned pixels = ATOLL_PIXELS_YUYV + check_random(&random) % 12;
		uint32_t width = 2 + check_random(&random) % 3 * 22;
		struct picture picture = picture_of((enum atoll_pixels)pixels, width, 30, &random, RANDOM);
		struct atoll_convert *convert = convert_of(&config);

		assert_int_equal(atoll_convert_run(kept, &picture.frame, out), 0);
		assert_int_equal(atoll_convert_run(convert, &picture.frame, fresh), 0);
		assert_memory_equal(out, fresh, sizeof(out));
		atoll_convert_free(convert);
		picture_drop(&picture);
	}
	atoll_convert_free(kept);
}

/* --- refusals --- */

static void what_cannot_be_configured_is_refused_with_a_sentence(void **state)
{
	static const struct {
		struct atoll_convert_config config;
		const char *words;
	} wrong[] = {
		{ { .width = 0, .height = 2, .channels = 3 }, "0 x 2" },
		{ { .width = 2, .height = 0, .channels = 3 }, "2 x 0" },
		{ { .width = 16385, .height = 2, .channels = 3 }, "16385" },
		{ { .width = 2, .height = 16385, .channels = 3 }, "16385" },
		{ { .width = 2, .height = 2, .channels = 2 }, "2 channels" },
		{ { .width = 2, .height = 2, .channels = 0 }, "0 channels" },
		{ { .width = 2, .height = 2, .channels = 3, .fit = (enum atoll_fit)3 }, "fit 3" },
		{ { .width = 2, .height = 2, .channels = 3, .store = (enum atoll_store)3 },
		  "store 3" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct atoll_error err = { 0 };

		assert_null(atoll_convert_new(&wrong[i].config, &err));
		assert_int_equal(err.code, -EINVAL);
		assert_non_null(strstr(err.text, wrong[i].words));
	}
	atoll_convert_free(NULL);
}

static void a_wrong_wish_for_instructions_is_refused(void **state)
{
	const struct atoll_convert_config config = { .width = 2, .height = 2, .channels = 3 };
	struct atoll_error err = { 0 };

	(void)state;
	assert_int_equal(setenv("ATOLL_CPU", "abacus", 1), 0);
	assert_null(atoll_convert_new(&config, &err));
	assert_int_equal(unsetenv("ATOLL_CPU"), 0);
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, "abacus"));
}

static void frames_that_cannot_be_are_refused(void **state)
{
	const struct atoll_convert_config config = { .width = 2, .height = 2, .channels = 3 };
	struct atoll_convert *convert = convert_of(&config);
	static const uint8_t bytes[64];
	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_YUYV, .width = 4, .height = 2,
				     .plane = { bytes }, .stride = { 8 }, .bytes = 16 };
	uint8_t out[12];

	(void)state;
	assert_int_equal(atoll_convert_run(convert, &frame, out), 0);
	frame.width = 3;
	assert_int_equal(atoll_convert_run(convert, &frame, out), -EINVAL);
	frame.width = 0;
	assert_int_equal(atoll_convert_run(convert, &frame, out), -EINVAL);
	frame.width = 16386;
	assert_int_equal(atoll_convert_run(convert, &frame, out), -EINVAL);
	frame.width = 4;
	frame.height = 0;
	assert_int_equal(atoll_convert_run(convert, &frame, out), -EINVAL);
	frame.height = 16385;
	assert_int_equal(atoll_convert_run(convert, &frame, out), -EINVAL);
	frame.height = 2;
	frame.pixels = ATOLL_PIXELS_NONE;
	assert_int_equal(atoll_convert_run(convert, &frame, out), -ENOTSUP);
	frame.pixels = ATOLL_PIXELS_COUNT;
	assert_int_equal(atoll_convert_run(convert, &frame, out), -ENOTSUP);
	atoll_convert_free(convert);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_is_at_most_a_step_from_the_exact_numbers),
		cmocka_unit_test(extreme_ratios_are_no_different),
		cmocka_unit_test(frames_of_their_size_keep_their_bytes),
		cmocka_unit_test(grey_stays_grey_and_black_and_white_are_reached),
		cmocka_unit_test(signed_bytes_and_floats_are_the_same_bytes_in_other_clothes),
		cmocka_unit_test(a_letterbox_has_its_bars_and_a_crop_none),
		cmocka_unit_test(points_of_the_output_are_found_in_the_frame),
		cmocka_unit_test(frames_like_the_one_before_take_no_memory),
		cmocka_unit_test(one_converter_takes_frames_of_any_kind_by_turns),
		cmocka_unit_test(what_cannot_be_configured_is_refused_with_a_sentence),
		cmocka_unit_test(a_wrong_wish_for_instructions_is_refused),
		cmocka_unit_test(frames_that_cannot_be_are_refused),
	};

	return CHECK_RUN(tests);
}
