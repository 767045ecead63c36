/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each row of the output:
 *
 *   two source rows --mix--> one --pick--> its samples --colour--> bytes --> store
 *    of each plane          along x                    R G B, grey
 *
 * The rows in between stay in the processor's nearest memory. Along y first: that
 * is plain vector work over whole rows, and the scattered reading along x is done
 * once rather than for both rows.
 */
#include "camera/convert.h"

#include "board/cpu.h"
#include "camera/convert_colours.h"
#include "camera/convert_jpeg.h"
#include "camera/convert_loops.h"
#include "camera/convert_places.h"
#include "camera/convert_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which part of the output the picture takes, and how much of the picture it shows. */
struct window {
	uint32_t left, top, width, height;
	double visible_x, visible_y; /* the middle of it, 0 to 1 */
};

struct atoll_convert {
	struct atoll_convert_config config;
	const struct convert_loops *loops;
	uint8_t flip; /* of the bits of each byte */
	struct convert_jpeg *jpeg;
	struct window window; /* of the last frame */

	/* For sources and windows like these. */
	struct convert_source prepared;
	struct window prepared_window;
	struct convert_places x[2], y[2];
	int16_t *mixed[2];  /* rows of the source */
	int16_t *picked[3]; /* and of the output */
	int16_t *rows;      /* where they are */
	uint8_t *bytes;     /* of one row, for FLOAT32 */
};

static const struct convert_loops *loops_of(enum cpu_level level)
{
	switch (level) {
#if defined(__x86_64__)
	case CPU_AVX2:
	case CPU_VNNI:
		return &convert_loops_avx2;
#elif defined(__aarch64__)
	case CPU_NEON:
		return &convert_loops_neon;
#endif
	default:
		return &convert_loops_plain;
	}
}

static int check(const struct atoll_convert_config *config, struct atoll_error *err)
{
	if (!config->width || !config->height || config->width > ATOLL_FRAME_SIDE_MAX ||
	    config->height > ATOLL_FRAME_SIDE_MAX)
		return atoll_error_set(err, -EINVAL, "convert: to %u x %u pixels: sides are 1 to %u",
				       config->width, config->height, ATOLL_FRAME_SIDE_MAX);
	if (config->channels != 1 && config->channels != 3)
		return atoll_error_set(err, -EINVAL, "convert: %u channels: there are 1 or 3",
				       config->channels);
	if (config->fit < ATOLL_FIT_STRETCH || config->fit > ATOLL_FIT_LETTERBOX)
		return atoll_error_set(err, -EINVAL, "convert: fit %d: unknown", (int)config->fit);
	if (config->store < ATOLL_STORE_UINT8 || config->store > ATOLL_STORE_FLOAT32)
		return atoll_error_set(err, -EINVAL, "convert: store %d: unknown",
				       (int)config->store);
	return 0;
}

ATOLL_API struct atoll_convert *atoll_convert_new(const struct atoll_convert_config *config,
						  struct atoll_error *err)
{
	struct atoll_convert *convert;
	enum cpu_level level;

	if (check(config, err) < 0)
		return NULL;
	if (cpu_level_choose(&level, err) < 0)
		return NULL;
	convert = calloc(1, sizeof(*convert));
	if (convert) {
		convert->config = *config;
		convert->loops = loops_of(level);
		convert->window = (struct window){ 0, 0, config->width, config->height, 1, 1 };
		convert->flip = config->store == ATOLL_STORE_INT8 ? 0x80 : 0;
		convert->bytes = malloc((size_t)config->width * config->channels);
	}
	if (convert && convert->bytes)
		return convert;
	atoll_convert_free(convert);
	atoll_error_set(err, -ENOMEM, "convert: out of memory");
	return NULL;
}

ATOLL_API void atoll_convert_free(struct atoll_convert *convert)
{
	if (!convert)
		return;
	for (unsigned i = 0; i < 2; i++) {
		convert_places_clear(&convert->x[i]);
		convert_places_clear(&convert->y[i]);
	}
	convert_jpeg_free(convert->jpeg);
	free(convert->rows);
	free(convert->bytes);
	free(convert);
}

/* --- what there is to read --- */

static const struct convert_source formats[ATOLL_PIXELS_COUNT] = {
	[ATOLL_PIXELS_YUYV] = { .layout = CONVERT_PACKED },
	[ATOLL_PIXELS_UYVY] = { .layout = CONVERT_PACKED, .is_chroma_first = true },
	[ATOLL_PIXELS_YVYU] = { .layout = CONVERT_PACKED, .is_reversed = true },
	[ATOLL_PIXELS_NV12] = { .layout = CONVERT_PAIRED },
	[ATOLL_PIXELS_NV21] = { .layout = CONVERT_PAIRED, .is_reversed = true },
	[ATOLL_PIXELS_YU12] = { .layout = CONVERT_PLANAR },
	[ATOLL_PIXELS_YV12] = { .layout = CONVERT_PLANAR },
	[ATOLL_PIXELS_GREY] = { .layout = CONVERT_ONE },
	[ATOLL_PIXELS_RGB24] = { .layout = CONVERT_PIXELS, .is_rgb = true, .step = 3 },
	[ATOLL_PIXELS_BGR24] = { .layout = CONVERT_PIXELS, .is_rgb = true, .step = 3,
				 .is_reversed = true },
	[ATOLL_PIXELS_XRGB] = { .layout = CONVERT_PIXELS, .is_rgb = true, .step = 4,
				.skip = 1 },
	[ATOLL_PIXELS_BGRX] = { .layout = CONVERT_PIXELS, .is_rgb = true, .step = 4,
				.is_reversed = true },
};

static int source_of_frame(struct convert_source *source, const struct atoll_frame *frame)
{
	if (!frame->width || !frame->height || frame->width > ATOLL_FRAME_SIDE_MAX ||
	    frame->height > ATOLL_FRAME_SIDE_MAX)
		return -EINVAL;
	*source = formats[frame->pixels];
	if (source->layout == CONVERT_PACKED && frame->width % 2)
		return -EINVAL;
	memcpy(source->plane, frame->plane, sizeof(source->plane));
	memcpy(source->stride, frame->stride, sizeof(source->stride));
	source->width[CONVERT_LUMA] = frame->width;
	source->height[CONVERT_LUMA] = frame->height;
	if (source->layout != CONVERT_ONE && source->layout != CONVERT_PIXELS) {
		source->width[CONVERT_CHROMA] = (frame->width + 1) / 2;
		source->height[CONVERT_CHROMA] = source->layout == CONVERT_PACKED
						 ? frame->height
						 : (frame->height + 1) / 2;
	}
	source->matrix = frame->matrix;
	source->is_full_range = frame->is_full_range;
	return 0;
}

/* --- where it goes --- */

static uint32_t shortened(uint32_t side, uint32_t by, uint32_t of)
{
	uint64_t rounded = ((uint64_t)side * by + of / 2) / of;

	return rounded ? (uint32_t)rounded : 1;
}

static struct window window_of(const struct atoll_convert_config *config, uint32_t width,
			       uint32_t height)
{
	struct window window = { 0, 0, config->width, config->height, 1, 1 };
	uint64_t wide = (uint64_t)width * config->height;
	uint64_t high = (uint64_t)height * config->width;

	switch (config->fit) {
	case ATOLL_FIT_CROP:
		if (wide > high)
			window.visible_x = (double)high / (double)wide;
		else
			window.visible_y = (double)wide / (double)high;
		break;
	case ATOLL_FIT_LETTERBOX:
		if (wide > high)
			window.height = shortened(config->width, height, width);
		else
			window.width = shortened(config->height, width, height);
		window.left = (config->width - window.width) / 2;
		window.top = (config->height - window.height) / 2;
		break;
	case ATOLL_FIT_STRETCH:
		break;
	}
	return window;
}

/* How many eighths of a JPEG are enough for the window. libjpeg-turbo could do the
   others too, but no faster than the whole. */
static unsigned eighths_of_jpeg(const struct window *window, uint32_t width, uint32_t height)
{
	static const unsigned parts[] = { 1, 2, 3, 4, 8 };
	const unsigned *part = parts;

	while (*part < 8 && ((width * *part + 7) / 8 < window->width ||
			     (height * *part + 7) / 8 < window->height))
		part++;
	return *part;
}

static int source_of_jpeg(struct atoll_convert *convert, struct convert_source *source,
			  const struct atoll_frame *frame)
{
	uint32_t width, height;
	int r;

	if (!convert->jpeg)
		convert->jpeg = convert_jpeg_new();
	if (!convert->jpeg)
		return -ENOMEM;
	r = convert_jpeg_begin(convert->jpeg, frame->plane[0], frame->bytes, &width, &height);
	if (r < 0)
		return r;
	convert->window = window_of(&convert->config, width, height);
	return convert_jpeg_decode(convert->jpeg, eighths_of_jpeg(&convert->window, width, height),
				   convert->config.channels == 1, source);
}

/* --- preparations --- */

static bool is_alike(const struct convert_source *a, const struct convert_source *b)
{
	return a->layout == b->layout && a->step == b->step &&
	       memcmp(a->width, b->width, sizeof(a->width)) == 0 &&
	       memcmp(a->height, b->height, sizeof(a->height)) == 0;
}

/* All rows in one piece: two mixed ones and three picked ones. */
static int set_rows(struct atoll_convert *convert, const struct convert_source *source)
{
	size_t step = source->step ? source->step : 1;
	size_t luma = CONVERT_ROOM(source->width[CONVERT_LUMA] * step);
	size_t chroma = CONVERT_ROOM((size_t)source->width[CONVERT_CHROMA] * 2);
	size_t out = CONVERT_ROOM(convert->config.width);
	int16_t *rows = aligned_alloc(sizeof(int16_t[CONVERT_LANES]),
				      sizeof(int16_t) * (luma + chroma + 3 * out));

	if (!rows)
		return -ENOMEM;
	memset(rows, 0, sizeof(int16_t) * (luma + chroma + 3 * out));
	free(convert->rows);
	convert->rows = rows;
	convert->mixed[CONVERT_LUMA] = rows;
	convert->mixed[CONVERT_CHROMA] = rows + luma;
	for (unsigned i = 0; i < 3; i++)
		convert->picked[i] = rows + luma + chroma + i * out;
	return 0;
}

static int prepare(struct atoll_convert *convert, const struct convert_source *source)
{
	const struct window *window = &convert->window;
	int r = 0;

	if (is_alike(&convert->prepared, source) &&
	    memcmp(&convert->prepared_window, window, sizeof(*window)) == 0)
		return 0;
	/* Not prepared for anything, should this fail. */
	convert->prepared = (struct convert_source){ 0 };
	for (unsigned i = 0; i < 2 && source->width[i] && r == 0; i++) {
		r = convert_places_set(&convert->x[i], source->width[i], window->width,
				       window->visible_x);
		if (r == 0)
			r = convert_places_set(&convert->y[i], source->height[i],
					       window->height, window->visible_y);
	}
	if (r == 0)
		r = set_rows(convert, source);
	if (r < 0)
		return r;
	convert->prepared = *source;
	convert->prepared_window = *window;
	return 0;
}

/* --- rows --- */

/* The two rows of a plane that row `y` of the window is mixed of. The lower one may
   not be there; then its weight is 0. */
struct rows {
	const uint8_t *a, *b;
	int16_t weight;
};

static struct rows rows_at(const struct convert_source *source, unsigned plane,
			   const struct convert_places *places, uint32_t y)
{
	struct rows rows = {
		.a = source->plane[plane] + (size_t)source->stride[plane] * places->first[y],
		.weight = places->twin[y][0],
	};

	rows.b = rows.weight ? rows.a + source->stride[plane] : rows.a;
	return rows;
}

static void mix_packed(struct atoll_convert *convert, const struct convert_source *source,
		       uint32_t y)
{
	struct rows rows = rows_at(source, 0, &convert->y[CONVERT_LUMA], y);
	const struct convert_places *luma = &convert->x[CONVERT_LUMA];
	const struct convert_places *chroma = &convert->x[CONVERT_CHROMA];
	/* Of pairs of one luma and one chroma; chroma comes in pairs itself. */
	uint32_t low = luma->low < 2 * chroma->low ? luma->low : 2 * chroma->low;
	uint32_t high = luma->high > 2 * chroma->high ? luma->high : 2 * chroma->high;
	int16_t *even = convert->mixed[source->is_chroma_first ? CONVERT_CHROMA : CONVERT_LUMA] + low;
	int16_t *odd = convert->mixed[source->is_chroma_first ? CONVERT_LUMA : CONVERT_CHROMA] + low;

	convert->loops->mix_apart(even, odd, rows.a + 2 * (size_t)low, rows.b + 2 * (size_t)low,
				  high - low, rows.weight);
}

/* Plane 0 of luma, or of pixels. */
static void mix_first(struct atoll_convert *convert, const struct convert_source *source,
		      uint32_t y)
{
	struct rows rows = rows_at(source, 0, &convert->y[CONVERT_LUMA], y);
	const struct convert_places *places = &convert->x[CONVERT_LUMA];
	size_t step = source->step ? source->step : 1;
	size_t low = places->low * step;

	convert->loops->mix(convert->mixed[CONVERT_LUMA] + low, rows.a + low, rows.b + low,
			    (uint32_t)(places->high * step - low), rows.weight);
}

static void mix_paired(struct atoll_convert *convert, const struct convert_source *source,
		       uint32_t y)
{
	struct rows rows = rows_at(source, 1, &convert->y[CONVERT_CHROMA], y);
	const struct convert_places *places = &convert->x[CONVERT_CHROMA];
	size_t low = 2 * (size_t)places->low;

	convert->loops->mix(convert->mixed[CONVERT_CHROMA] + low, rows.a + low, rows.b + low,
			    2 * (places->high - places->low), rows.weight);
}

static void mix_planar(struct atoll_convert *convert, const struct convert_source *source,
		       uint32_t y)
{
	struct rows one = rows_at(source, 1, &convert->y[CONVERT_CHROMA], y);
	struct rows two = rows_at(source, 2, &convert->y[CONVERT_CHROMA], y);
	const struct convert_places *places = &convert->x[CONVERT_CHROMA];
	const uint8_t *a[2] = { one.a + places->low, two.a + places->low };
	const uint8_t *b[2] = { one.b + places->low, two.b + places->low };

	convert->loops->mix_together(convert->mixed[CONVERT_CHROMA] + 2 * (size_t)places->low, a, b,
				     places->high - places->low, one.weight);
}

static void mix(struct atoll_convert *convert, const struct convert_source *source,
		uint32_t y, bool has_chroma)
{
	if (source->layout == CONVERT_PACKED) {
		mix_packed(convert, source, y);
		return;
	}
	mix_first(convert, source, y);
	if (has_chroma && source->layout == CONVERT_PAIRED)
		mix_paired(convert, source, y);
	else if (has_chroma)
		mix_planar(convert, source, y);
}

static void pick(struct atoll_convert *convert, const struct convert_source *source,
		 bool has_chroma)
{
	const struct convert_loops *loops = convert->loops;

	if (source->layout == CONVERT_PIXELS) {
		loops->pick_three(convert->picked, convert->mixed[CONVERT_LUMA] + source->skip,
				  source->step, &convert->x[CONVERT_LUMA]);
		return;
	}
	loops->pick_one(convert->picked[0], convert->mixed[CONVERT_LUMA], &convert->x[CONVERT_LUMA]);
	if (has_chroma)
		loops->pick_two(convert->picked + 1, convert->mixed[CONVERT_CHROMA],
				&convert->x[CONVERT_CHROMA]);
}

/* --- the output --- */

static void store_floats(const struct atoll_convert *convert, float *out,
			 const uint8_t *bytes, size_t count)
{
	float scale = convert->config.scale, offset = convert->config.offset;

	for (size_t i = 0; i < count; i++)
		out[i] = (float)bytes[i] * scale + offset;
}

/* Values from `first` on in the output, counted over all of it. */
static void fill_bar(const struct atoll_convert *convert, void *out, size_t first,
		     size_t count)
{
	const struct atoll_convert_config *config = &convert->config;

	if (config->store != ATOLL_STORE_FLOAT32) {
		memset((uint8_t *)out + first, config->bar ^ convert->flip, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		((float *)out)[first + i] = (float)config->bar * config->scale + config->offset;
}

static void colour(const struct atoll_convert *convert, uint8_t *out,
		   const struct convert_colours *colours)
{
	const int16_t *const in[3] = { convert->picked[0], convert->picked[1],
				       convert->picked[2] };

	if (convert->config.channels == 3)
		convert->loops->colour_three(out, in, convert->window.width, colours,
					     convert->flip);
	else
		convert->loops->colour_one(out, in, convert->window.width, colours,
					   convert->flip);
}

static void run(struct atoll_convert *convert, const struct convert_source *source, void *out)
{
	const struct window *window = &convert->window;
	bool is_grey = convert->config.channels == 1;
	bool has_chroma = source->width[CONVERT_CHROMA] && (!is_grey || source->is_rgb);
	struct convert_colours colours = convert_colours_of(source, is_grey);
	size_t row = (size_t)convert->config.width * convert->config.channels;
	size_t left = (size_t)window->left * convert->config.channels;
	size_t shown = (size_t)window->width * convert->config.channels;
	size_t at = window->top * row;

	fill_bar(convert, out, 0, at);
	for (uint32_t y = 0; y < window->height; y++, at += row) {
		bool is_float = convert->config.store == ATOLL_STORE_FLOAT32;

		mix(convert, source, y, has_chroma);
		pick(convert, source, has_chroma);
		colour(convert, is_float ? convert->bytes : (uint8_t *)out + at + left, &colours);
		if (is_float)
			store_floats(convert, (float *)out + at + left, convert->bytes, shown);
		fill_bar(convert, out, at, left);
		fill_bar(convert, out, at + left + shown, row - left - shown);
	}
	fill_bar(convert, out, at, convert->config.height * row - at);
}

ATOLL_API int atoll_convert_run(struct atoll_convert *convert, const struct atoll_frame *frame,
				void *out)
{
	struct convert_source source;
	int r;

	if (frame->pixels <= ATOLL_PIXELS_NONE || frame->pixels >= ATOLL_PIXELS_COUNT)
		return -ENOTSUP;
	if (frame->pixels == ATOLL_PIXELS_JPEG) {
		r = source_of_jpeg(convert, &source, frame);
	} else {
		r = source_of_frame(&source, frame);
		if (r == 0)
			convert->window = window_of(&convert->config, frame->width, frame->height);
	}
	if (r == 0)
		r = prepare(convert, &source);
	if (r == 0)
		run(convert, &source, out);
	return r;
}

ATOLL_API void atoll_convert_point(const struct atoll_convert *convert, float *x, float *y)
{
	const struct window *window = &convert->window;
	double in_x = ((double)*x * convert->config.width - window->left) / window->width;
	double in_y = ((double)*y * convert->config.height - window->top) / window->height;

	*x = (float)(0.5 + (in_x - 0.5) * window->visible_x);
	*y = (float)(0.5 + (in_y - 0.5) * window->visible_y);
}
