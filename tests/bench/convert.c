/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A camera's frame to 224x224 packed RGB, by our converter and by Debian's libyuv
 * (with libjpeg-turbo for Motion-JPEG), in one process and one thread, by turns.
 *
 *	[ATOLL_CPU=avx2] build/tests/bench/convert
 *
 * There is more than one way through libyuv; all that make sense are tried, and the
 * ratio is to the fastest. Its filter takes the same four samples that we take
 * (kFilterBilinear), in 8 bits. Ways marked * bring chroma to half the resolution of
 * the output only, a sample for two pixels, and do less than we.
 *
 * The way for Motion-JPEG that libyuv itself has is MJPGToI420. The others are ours
 * with libyuv behind: libjpeg-turbo to planes of a part of the size.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jpeglib.h>
#include <libyuv/convert.h>
#include <libyuv/convert_argb.h>
#include <libyuv/convert_from_argb.h>
#include <libyuv/planar_functions.h>
#include <libyuv/scale.h>
#include <libyuv/scale_argb.h>
#include <libyuv/scale_uv.h>

#include "camera/convert.h"

enum { SIDE = 224, HALF = SIDE / 2, WIDTH_MAX = 1280, HEIGHT_MAX = 720 };

static void stop(const char *what)
{
	fprintf(stderr, "convert: %s\n", what);
	exit(1);
}

/* What they need on the way, taken once as ours is. */
static struct {
	uint8_t plane[3][WIDTH_MAX * HEIGHT_MAX];
	uint8_t small[3][SIDE * SIDE];
	uint8_t argb[WIDTH_MAX * HEIGHT_MAX * 4];
	uint8_t small_argb[SIDE * SIDE * 4];
	uint8_t rgb[SIDE * SIDE * 3];
} theirs;

static uint8_t ours[SIDE * SIDE * 3];

/* --- theirs, 640x480 --- */

static void shrink(unsigned i, int stride, int width, int height, int to_width, int to_height)
{
	ScalePlane(theirs.plane[i], stride, width, height, theirs.small[i], to_width, to_width,
		   to_height, kFilterBilinear);
}

static void yuyv_by_planes_at_half(const struct atoll_frame *frame)
{
	int w = (int)frame->width, h = (int)frame->height;

	YUY2ToI422(frame->plane[0], 2 * w, theirs.plane[0], w, theirs.plane[1], w / 2,
		   theirs.plane[2], w / 2, w, h);
	shrink(0, w, w, h, SIDE, SIDE);
	shrink(1, w / 2, w / 2, h, HALF, SIDE);
	shrink(2, w / 2, w / 2, h, HALF, SIDE);
	I422ToRAW(theirs.small[0], SIDE, theirs.small[1], HALF, theirs.small[2], HALF,
		  theirs.rgb, SIDE * 3, SIDE, SIDE);
}

static void yuyv_by_planes(const struct atoll_frame *frame)
{
	int w = (int)frame->width, h = (int)frame->height;

	YUY2ToI422(frame->plane[0], 2 * w, theirs.plane[0], w, theirs.plane[1], w / 2,
		   theirs.plane[2], w / 2, w, h);
	shrink(0, w, w, h, SIDE, SIDE);
	shrink(1, w / 2, w / 2, h, SIDE, SIDE);
	shrink(2, w / 2, w / 2, h, SIDE, SIDE);
	I444ToRAW(theirs.small[0], SIDE, theirs.small[1], SIDE, theirs.small[2], SIDE,
		  theirs.rgb, SIDE * 3, SIDE, SIDE);
}

static void shrink_argb(int width, int height)
{
	ARGBScale(theirs.argb, width * 4, width, height, theirs.small_argb, SIDE * 4, SIDE, SIDE,
		  kFilterBilinear);
	ARGBToRAW(theirs.small_argb, SIDE * 4, theirs.rgb, SIDE * 3, SIDE, SIDE);
}

static void yuyv_by_argb(const struct atoll_frame *frame)
{
	int w = (int)frame->width, h = (int)frame->height;

	YUY2ToARGB(frame->plane[0], 2 * w, theirs.argb, 4 * w, w, h);
	shrink_argb(w, h);
}

static void nv12_by_planes_at_half(const struct atoll_frame *frame)
{
	int w = (int)frame->width, h = (int)frame->height;

	NV12Scale(frame->plane[0], w, frame->plane[1], w, w, h, theirs.small[0], SIDE,
		  theirs.small[1], SIDE, SIDE, SIDE, kFilterBilinear);
	NV12ToRAW(theirs.small[0], SIDE, theirs.small[1], SIDE, theirs.rgb, SIDE * 3, SIDE, SIDE);
}

static void nv12_by_planes(const struct atoll_frame *frame)
{
	int w = (int)frame->width, h = (int)frame->height;

	ScalePlane(frame->plane[0], w, w, h, theirs.small[0], SIDE, SIDE, SIDE, kFilterBilinear);
	UVScale(frame->plane[1], w, w / 2, h / 2, theirs.argb, SIDE * 2, SIDE, SIDE,
		kFilterBilinear);
	SplitUVPlane(theirs.argb, SIDE * 2, theirs.small[1], SIDE, theirs.small[2], SIDE, SIDE,
		     SIDE);
	I444ToRAW(theirs.small[0], SIDE, theirs.small[1], SIDE, theirs.small[2], SIDE,
		  theirs.rgb, SIDE * 3, SIDE, SIDE);
}

static void nv12_by_argb(const struct atoll_frame *frame)
{
	int w = (int)frame->width, h = (int)frame->height;

	NV12ToARGB(frame->plane[0], w, frame->plane[1], w, theirs.argb, 4 * w, w, h);
	shrink_argb(w, h);
}

/* --- theirs, Motion-JPEG --- */

/* libyuv's own door: decoded at full size. */
static void jpeg_by_libyuv(const struct atoll_frame *frame)
{
	int w = (int)frame->width, h = (int)frame->height;

	if (MJPGToI420(frame->plane[0], frame->bytes, theirs.plane[0], w, theirs.plane[1], w / 2,
		       theirs.plane[2], w / 2, w, h, w, h) != 0)
		stop("libyuv cannot read the picture");
	shrink(0, w, w, h, SIDE, SIDE);
	shrink(1, w / 2, w / 2, h / 2, HALF, HALF);
	shrink(2, w / 2, w / 2, h / 2, HALF, HALF);
	I420ToRAW(theirs.small[0], SIDE, theirs.small[1], HALF, theirs.small[2], HALF,
		  theirs.rgb, SIDE * 3, SIDE, SIDE);
}

static struct jpeg_decompress_struct info;
static struct jpeg_error_mgr errors;

static void begin_jpeg(const struct atoll_frame *frame, unsigned eighths, J_COLOR_SPACE colours,
		       bool is_raw)
{
	jpeg_mem_src(&info, frame->plane[0], (unsigned long)frame->bytes);
	(void)jpeg_read_header(&info, TRUE);
	info.scale_num = eighths;
	info.scale_denom = 8;
	info.out_color_space = colours;
	info.raw_data_out = is_raw;
	(void)jpeg_start_decompress(&info);
}

/* At half the size, to what libyuv scales as pixels. */
static void jpeg_by_argb(const struct atoll_frame *frame)
{
	begin_jpeg(frame, 4, JCS_EXT_BGRX, false);
	while (info.output_scanline < info.output_height) {
		JSAMPROW row = theirs.argb +
			       (size_t)info.output_scanline * info.output_width * 4;

		(void)jpeg_read_scanlines(&info, &row, 1);
	}
	(void)jpeg_finish_decompress(&info);
	shrink_argb((int)info.output_width, (int)info.output_height);
}

/* The same to planes of 4:2:2. */
static void jpeg_to_planes(const struct atoll_frame *frame, unsigned eighths, int chroma)
{
	JSAMPROW row[3][DCTSIZE];
	JSAMPARRAY rows[3] = { row[0], row[1], row[2] };
	int width, height;

	begin_jpeg(frame, eighths, JCS_YCbCr, true);
	width = (int)info.output_width;
	height = (int)info.output_height;
	while (info.output_scanline < info.output_height) {
		for (unsigned i = 0; i < 3; i++)
			for (unsigned y = 0; y < eighths; y++)
				row[i][y] = theirs.plane[i] +
					    (size_t)(info.output_scanline + y) *
					    (info.output_width / (i ? 2 : 1));
		(void)jpeg_read_raw_data(&info, rows, DCTSIZE);
	}
	(void)jpeg_finish_decompress(&info);
	shrink(0, width, width, height, SIDE, SIDE);
	for (unsigned i = 1; i < 3; i++)
		shrink(i, width / 2, width / 2, height, chroma, SIDE);
	if (chroma == HALF)
		I422ToRAW(theirs.small[0], SIDE, theirs.small[1], HALF, theirs.small[2], HALF,
			  theirs.rgb, SIDE * 3, SIDE, SIDE);
	else
		I444ToRAW(theirs.small[0], SIDE, theirs.small[1], SIDE, theirs.small[2], SIDE,
			  theirs.rgb, SIDE * 3, SIDE, SIDE);
}

/* 1/8 needs no transform: what is left is reading the bits. */
static void jpeg_bits(const struct atoll_frame *frame)
{
	begin_jpeg(frame, 1, JCS_GRAYSCALE, false);
	while (info.output_scanline < info.output_height) {
		JSAMPROW row = theirs.plane[0];

		(void)jpeg_read_scanlines(&info, &row, 1);
	}
	(void)jpeg_finish_decompress(&info);
}

static void jpeg_by_planes_at_half(const struct atoll_frame *frame)
{
	jpeg_to_planes(frame, 4, HALF);
}

static void jpeg_by_planes(const struct atoll_frame *frame)
{
	jpeg_to_planes(frame, 4, SIDE);
}

static void jpeg_by_smaller_planes(const struct atoll_frame *frame)
{
	jpeg_to_planes(frame, 3, SIDE);
}

/* --- frames --- */

/* Shapes, slopes and the noise of a sensor. */
static uint8_t scene(uint32_t x, uint32_t y, unsigned component, uint32_t *noise)
{
	double u = x / 1280.0, v = y / 720.0;
	double value = 128 + 60 * sin(9 * u + 4 * v + component) + 30 * cos(31 * u * v + component);

	*noise = *noise * 1664525 + 1013904223;
	if (fmod(floor(u * 12) + floor(v * 7), 3) == component)
		value -= 40;
	value += (double)(*noise >> 29) - 3.5;
	return (uint8_t)fmin(fmax(value, 16), 235);
}

static uint8_t pixels[WIDTH_MAX * HEIGHT_MAX * 3];

/* A byte of a 640x480 frame of either format, by where it lies. */
static uint8_t byte_at(enum atoll_pixels kind, uint32_t i, uint32_t *noise)
{
	uint32_t x = i % 640, y = i / 640;

	if (kind == ATOLL_PIXELS_YUYV)
		return scene(i / 2 % 640 * 2, i / 1280 * 3 / 2, i % 2 * (1 + i / 2 % 2), noise);
	if (y < 480)
		return scene(x * 2, y * 3 / 2, 0, noise);
	return scene(x * 2, (y - 480) * 3, 1 + i % 2, noise);
}

static struct atoll_frame frame_of(enum atoll_pixels kind)
{
	struct atoll_frame frame = { .pixels = kind, .width = 640, .height = 480 };
	uint32_t noise = 1;

	if (atoll_frame_lay(&frame, pixels, sizeof(pixels), 0) < 0)
		stop("cannot lay a frame");
	for (uint32_t i = 0; i < frame.bytes; i++)
		pixels[i] = byte_at(kind, i, &noise);
	return frame;
}

/* 4:2:2 with the standard tables: what cameras send. */
static struct atoll_frame jpeg_frame(int quality)
{
	struct jpeg_compress_struct writer;
	uint32_t noise = 1;
	unsigned char *bytes = NULL;
	unsigned long size = 0;
	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_JPEG, .width = 1280, .height = 720 };

	for (uint32_t i = 0; i < 1280 * 720 * 3; i++)
		pixels[i] = scene(i / 3 % 1280, i / 3840, i % 3, &noise);
	writer.err = jpeg_std_error(&errors);
	jpeg_create_compress(&writer);
	jpeg_mem_dest(&writer, &bytes, &size);
	writer.image_width = 1280;
	writer.image_height = 720;
	writer.input_components = 3;
	writer.in_color_space = JCS_YCbCr;
	jpeg_set_defaults(&writer);
	jpeg_set_quality(&writer, quality, TRUE);
	writer.comp_info[0].v_samp_factor = 1;
	jpeg_start_compress(&writer, TRUE);
	while (writer.next_scanline < writer.image_height) {
		JSAMPROW row = pixels + (size_t)writer.next_scanline * 3840;

		(void)jpeg_write_scanlines(&writer, &row, 1);
	}
	jpeg_finish_compress(&writer);
	jpeg_destroy_compress(&writer);
	frame.plane[0] = bytes;
	frame.bytes = size;
	return frame;
}

/* --- measuring --- */

#define ROUNDS 101
#define ROUND_NS 1e6

struct route {
	const char *name;
	void (*run)(const struct atoll_frame *frame); /* NULL: ours */
	unsigned calls;                               /* in a round */
	double ns[ROUNDS];                            /* of one call */
};

static double now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_ns(const struct route *route, struct atoll_convert *convert,
		      const struct atoll_frame *frame, unsigned calls)
{
	double start = now_ns();

	for (unsigned i = 0; i < calls; i++)
		if (route->run)
			route->run(frame);
		else if (atoll_convert_run(convert, frame, ours) != 0)
			stop("cannot convert");
	return (now_ns() - start) / calls;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_ms(struct route *route)
{
	qsort(route->ns, ROUNDS, sizeof(route->ns[0]), compare);
	return route->ns[ROUNDS / 2] / 1e6;
}

/* Did both make the same picture? What they differ by, on average: theirs has 8 bits
   on the way, and puts chroma elsewhere. */
static double difference(void)
{
	double sum = 0;

	for (size_t i = 0; i < sizeof(ours); i++)
		sum += abs(ours[i] - theirs.rgb[i]);
	return sum / (double)sizeof(ours);
}

/* routes[0] is ours. */
static void compete(const char *name, struct atoll_convert *convert,
		    const struct atoll_frame *frame, struct route *routes, unsigned count)
{
	double best = INFINITY, mine;

	for (unsigned r = 0; r < count; r++) {
		double first = time_ns(&routes[r], convert, frame, 3);

		routes[r].calls = (unsigned)(ROUND_NS / first) + 1;
	}
	for (unsigned i = 0; i < ROUNDS; i++)
		for (unsigned r = 0; r < count; r++)
			routes[r].ns[i] = time_ns(&routes[r], convert, frame, routes[r].calls);

	mine = median_ms(&routes[0]);
	for (unsigned r = 1; r < count; r++)
		best = fmin(best, median_ms(&routes[r]));
	printf("%-15s ours %.3f ms, theirs %.3f ms, ratio %.2f (goal: at most 0.8)\n", name, mine,
	       best, mine / best);
	for (unsigned r = 1; r < count; r++) {
		double ms = median_ms(&routes[r]);

		routes[r].run(frame);
		printf("  %-34s %.3f ms, ratio %.2f, %.1f from ours\n", routes[r].name, ms,
		       mine / ms, difference());
	}
}

#define COUNT(array) (unsigned)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
	static struct route yuyv[] = {
		{ .name = "ours" },
		{ .name = "to I422, scaled, to RAW *", .run = yuyv_by_planes_at_half },
		{ .name = "to I422, scaled as I444, to RAW", .run = yuyv_by_planes },
		{ .name = "to ARGB, scaled, to RAW", .run = yuyv_by_argb },
	};
	static struct route nv12[] = {
		{ .name = "ours" },
		{ .name = "scaled as NV12, to RAW *", .run = nv12_by_planes_at_half },
		{ .name = "scaled as I444, to RAW", .run = nv12_by_planes },
		{ .name = "to ARGB, scaled, to RAW", .run = nv12_by_argb },
	};
	static struct route jpeg[] = {
		{ .name = "ours" },
		{ .name = "MJPGToI420, scaled, to RAW *", .run = jpeg_by_libyuv },
		{ .name = "at 1/2 to ARGB, scaled, to RAW", .run = jpeg_by_argb },
		{ .name = "at 1/2 to I422, scaled, to RAW *", .run = jpeg_by_planes_at_half },
		{ .name = "the same scaled as I444", .run = jpeg_by_planes },
		{ .name = "the same at 3/8", .run = jpeg_by_smaller_planes },
	};
	static struct route bits = { .run = jpeg_bits };
	const struct atoll_convert_config config = { .width = SIDE, .height = SIDE, .channels = 3 };
	struct atoll_error err;
	struct atoll_convert *convert = atoll_convert_new(&config, &err);
	struct atoll_frame frame;

	if (!convert)
		stop(err.text);
	frame = frame_of(ATOLL_PIXELS_YUYV);
	compete("YUYV 640x480", convert, &frame, yuyv, COUNT(yuyv));
	frame = frame_of(ATOLL_PIXELS_NV12);
	compete("NV12 640x480", convert, &frame, nv12, COUNT(nv12));

	frame = jpeg_frame(80);
	info.err = &errors;
	jpeg_create_decompress(&info);
	compete("MJPEG 1280x720", convert, &frame, jpeg, COUNT(jpeg));
	(void)time_ns(&bits, convert, &frame, 1);
	for (unsigned i = 0; i < ROUNDS; i++)
		bits.ns[i] = time_ns(&bits, convert, &frame, 1);
	printf("  %zu KB, of which libjpeg-turbo reads the bits alone in %.3f ms\n",
	       frame.bytes / 1000, median_ms(&bits));
	jpeg_destroy_decompress(&info);
	free((void *)(uintptr_t)frame.plane[0]);
	atoll_convert_free(convert);
	return 0;
}
