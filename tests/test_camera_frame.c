/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/frame.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <string.h>

#include "tests/check.h"

static uint8_t memory[64];

static struct atoll_frame frame_of(enum atoll_pixels pixels, uint32_t width, uint32_t height)
{
	return (struct atoll_frame){ .pixels = pixels, .width = width, .height = height };
}

/* Planes as distances from `memory`, -1 for none. */
struct want {
	enum atoll_pixels pixels;
	uint32_t width, height, stride;
	int plane[3];
	uint32_t strides[3];
	size_t bytes;
};

static void assert_laid(const struct want *want)
{
	struct atoll_frame frame = frame_of(want->pixels, want->width, want->height);

	assert_int_equal(atoll_frame_lay(&frame, memory, want->bytes, want->stride), 0);
	assert_int_equal(frame.bytes, want->bytes);
	for (unsigned i = 0; i < 3; i++) {
		if (want->plane[i] < 0)
			assert_null(frame.plane[i]);
		else
			assert_ptr_equal(frame.plane[i], memory + want->plane[i]);
		assert_int_equal(frame.stride[i], want->strides[i]);
	}
	frame = frame_of(want->pixels, want->width, want->height);
	assert_int_equal(atoll_frame_lay(&frame, memory, want->bytes - 1, want->stride),
			 -EMSGSIZE);
	assert_null(frame.plane[0]);
	assert_int_equal(frame.bytes, 0);
}

static void planes_lie_as_v4l2_lays_them(void **state)
{
	static const struct want wants[] = {
		{ ATOLL_PIXELS_YUYV, 4, 3, 0, { 0, -1, -1 }, { 8, 0, 0 }, 24 },
		{ ATOLL_PIXELS_UYVY, 2, 1, 0, { 0, -1, -1 }, { 4, 0, 0 }, 4 },
		{ ATOLL_PIXELS_YVYU, 2, 2, 0, { 0, -1, -1 }, { 4, 0, 0 }, 8 },
		{ ATOLL_PIXELS_NV12, 4, 4, 0, { 0, 16, -1 }, { 4, 4, 0 }, 24 },
		{ ATOLL_PIXELS_NV21, 4, 2, 0, { 0, 8, -1 }, { 4, 4, 0 }, 12 },
		{ ATOLL_PIXELS_YU12, 4, 4, 0, { 0, 16, 20 }, { 4, 2, 2 }, 24 },
		{ ATOLL_PIXELS_YV12, 4, 4, 0, { 0, 20, 16 }, { 4, 2, 2 }, 24 },
		{ ATOLL_PIXELS_GREY, 5, 3, 0, { 0, -1, -1 }, { 5, 0, 0 }, 15 },
		{ ATOLL_PIXELS_RGB24, 3, 2, 0, { 0, -1, -1 }, { 9, 0, 0 }, 18 },
		{ ATOLL_PIXELS_BGR24, 1, 1, 0, { 0, -1, -1 }, { 3, 0, 0 }, 3 },
		{ ATOLL_PIXELS_XRGB, 3, 2, 0, { 0, -1, -1 }, { 12, 0, 0 }, 24 },
		{ ATOLL_PIXELS_BGRX, 1, 2, 0, { 0, -1, -1 }, { 4, 0, 0 }, 8 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
		assert_laid(&wants[i]);
}

static void gaps_lie_between_rows_but_not_behind_the_last(void **state)
{
	static const struct want wants[] = {
		{ ATOLL_PIXELS_YUYV, 4, 3, 10, { 0, -1, -1 }, { 10, 0, 0 }, 28 },
		{ ATOLL_PIXELS_NV12, 4, 4, 6, { 0, 24, -1 }, { 6, 6, 0 }, 34 },
		{ ATOLL_PIXELS_YU12, 4, 4, 6, { 0, 24, 30 }, { 6, 3, 3 }, 35 },
		{ ATOLL_PIXELS_YV12, 4, 4, 6, { 0, 30, 24 }, { 6, 3, 3 }, 35 },
		{ ATOLL_PIXELS_GREY, 5, 3, 8, { 0, -1, -1 }, { 8, 0, 0 }, 21 },
		{ ATOLL_PIXELS_RGB24, 3, 2, 12, { 0, -1, -1 }, { 12, 0, 0 }, 21 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
		assert_laid(&wants[i]);
}

static void chroma_of_odd_sides_is_rounded_up(void **state)
{
	static const struct want wants[] = {
		{ ATOLL_PIXELS_NV12, 3, 3, 0, { 0, 9, -1 }, { 3, 4, 0 }, 17 },
		{ ATOLL_PIXELS_NV12, 3, 3, 4, { 0, 12, -1 }, { 4, 4, 0 }, 20 },
		{ ATOLL_PIXELS_YU12, 3, 3, 0, { 0, 9, 13 }, { 3, 2, 2 }, 17 },
		{ ATOLL_PIXELS_YV12, 1, 1, 0, { 0, 2, 1 }, { 1, 1, 1 }, 3 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
		assert_laid(&wants[i]);
}

static void a_jpeg_is_all_that_is_there(void **state)
{
	struct atoll_frame frame = frame_of(ATOLL_PIXELS_JPEG, 640, 480);

	(void)state;
	assert_int_equal(atoll_frame_lay(&frame, memory, 17, 99), 0);
	assert_ptr_equal(frame.plane[0], memory);
	assert_int_equal(frame.stride[0], 0);
	assert_int_equal(frame.bytes, 17);
	assert_int_equal(atoll_frame_lay(&frame, memory, 0, 0), -EMSGSIZE);
}

static void assert_refused(enum atoll_pixels pixels, uint32_t width, uint32_t height,
			   uint32_t stride)
{
	struct atoll_frame frame = frame_of(pixels, width, height), before = frame;

	assert_int_equal(atoll_frame_lay(&frame, memory, SIZE_MAX, stride), -EINVAL);
	assert_memory_equal(&frame, &before, sizeof(frame));
}

static void sides_and_strides_that_cannot_be_are_refused(void **state)
{
	static const enum atoll_pixels in_pairs[] = {
		ATOLL_PIXELS_YUYV, ATOLL_PIXELS_UYVY, ATOLL_PIXELS_YVYU,
	};

	(void)state;
	for (unsigned i = 0; i < ATOLL_PIXELS_COUNT; i++) {
		assert_refused((enum atoll_pixels)i, 0, 2, 0);
		assert_refused((enum atoll_pixels)i, 2, 0, 0);
		assert_refused((enum atoll_pixels)i, ATOLL_FRAME_SIDE_MAX + 2, 2, 0);
		assert_refused((enum atoll_pixels)i, 2, ATOLL_FRAME_SIDE_MAX + 1, 0);
		assert_refused((enum atoll_pixels)i, UINT32_MAX, UINT32_MAX, 0);
		if (i != ATOLL_PIXELS_JPEG)
			assert_refused((enum atoll_pixels)i, 4, 2, 3);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_refused(in_pairs[i], 3, 2, 0);
	assert_refused(ATOLL_PIXELS_NONE, 2, 2, 0);
	assert_refused(ATOLL_PIXELS_COUNT, 2, 2, 0);
	assert_refused(ATOLL_PIXELS_RGB24, 4, 2, 11);
	assert_refused(ATOLL_PIXELS_YUYV, 4, 2, 7);
}

static void the_largest_strides_do_not_wrap(void **state)
{
	struct atoll_frame frame =
		frame_of(ATOLL_PIXELS_YU12, ATOLL_FRAME_SIDE_MAX, ATOLL_FRAME_SIDE_MAX);

	(void)state;
	assert_int_equal(atoll_frame_lay(&frame, memory, sizeof(memory), UINT32_MAX), -EMSGSIZE);
	assert_null(frame.plane[0]);
}

static void what_is_no_layout_is_left_alone(void **state)
{
	struct atoll_frame frame = frame_of(ATOLL_PIXELS_GREY, 2, 2);

	(void)state;
	frame.sequence = 7;
	frame.time_ns = 8;
	frame.slot = 9;
	frame.matrix = ATOLL_MATRIX_BT709;
	frame.is_full_range = true;
	frame.plane[2] = memory;
	assert_int_equal(atoll_frame_lay(&frame, memory, 4, 0), 0);
	assert_int_equal(frame.sequence, 7);
	assert_int_equal(frame.time_ns, 8);
	assert_int_equal(frame.slot, 9);
	assert_int_equal(frame.matrix, ATOLL_MATRIX_BT709);
	assert_true(frame.is_full_range);
	assert_null(frame.plane[2]);
}

static void each_format_is_found_by_its_name_in_either_case(void **state)
{
	(void)state;
	for (unsigned i = 1; i < ATOLL_PIXELS_COUNT; i++) {
		const char *name = atoll_pixels_name((enum atoll_pixels)i);
		char small[16] = { 0 };

		for (size_t c = 0; name[c]; c++)
			small[c] = (char)(name[c] >= 'A' && name[c] <= 'Z' ? name[c] + 32
									   : name[c]);
		assert_int_equal(atoll_pixels_by_name(name), i);
		assert_int_equal(atoll_pixels_by_name(small), i);
	}
	assert_string_equal(atoll_pixels_name(ATOLL_PIXELS_YUYV), "YUYV");
	assert_string_equal(atoll_pixels_name(ATOLL_PIXELS_JPEG), "JPEG");
	assert_string_equal(atoll_pixels_name(ATOLL_PIXELS_NONE), "none");
	assert_string_equal(atoll_pixels_name(ATOLL_PIXELS_COUNT), "none");
}

static void v4l2_codes_are_names_too(void **state)
{
	static const struct {
		uint32_t code;
		enum atoll_pixels pixels;
	} known[] = {
		{ V4L2_PIX_FMT_YUYV, ATOLL_PIXELS_YUYV },
		{ V4L2_PIX_FMT_UYVY, ATOLL_PIXELS_UYVY },
		{ V4L2_PIX_FMT_YVYU, ATOLL_PIXELS_YVYU },
		{ V4L2_PIX_FMT_NV12, ATOLL_PIXELS_NV12 },
		{ V4L2_PIX_FMT_NV21, ATOLL_PIXELS_NV21 },
		{ V4L2_PIX_FMT_YUV420, ATOLL_PIXELS_YU12 },
		{ V4L2_PIX_FMT_YVU420, ATOLL_PIXELS_YV12 },
		{ V4L2_PIX_FMT_GREY, ATOLL_PIXELS_GREY },
		{ V4L2_PIX_FMT_RGB24, ATOLL_PIXELS_RGB24 },
		{ V4L2_PIX_FMT_BGR24, ATOLL_PIXELS_BGR24 },
		{ V4L2_PIX_FMT_XRGB32, ATOLL_PIXELS_XRGB },
		{ V4L2_PIX_FMT_ARGB32, ATOLL_PIXELS_XRGB },
		{ V4L2_PIX_FMT_RGB32, ATOLL_PIXELS_XRGB },
		{ V4L2_PIX_FMT_XBGR32, ATOLL_PIXELS_BGRX },
		{ V4L2_PIX_FMT_ABGR32, ATOLL_PIXELS_BGRX },
		{ V4L2_PIX_FMT_BGR32, ATOLL_PIXELS_BGRX },
		{ V4L2_PIX_FMT_JPEG, ATOLL_PIXELS_JPEG },
		{ V4L2_PIX_FMT_MJPEG, ATOLL_PIXELS_JPEG },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char name[5] = { 0 };

		for (unsigned c = 0; c < 4; c++)
			name[c] = (char)(known[i].code >> 8 * c);
		assert_int_equal(atoll_pixels_by_name(name), known[i].pixels);
	}
}

static void an_unknown_name_is_none(void **state)
{
	(void)state;
	assert_int_equal(atoll_pixels_by_name(""), ATOLL_PIXELS_NONE);
	assert_int_equal(atoll_pixels_by_name("none"), ATOLL_PIXELS_NONE);
	assert_int_equal(atoll_pixels_by_name("YUY"), ATOLL_PIXELS_NONE);
	assert_int_equal(atoll_pixels_by_name("YUYV "), ATOLL_PIXELS_NONE);
	assert_int_equal(atoll_pixels_by_name("H264"), ATOLL_PIXELS_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(planes_lie_as_v4l2_lays_them),
		cmocka_unit_test(gaps_lie_between_rows_but_not_behind_the_last),
		cmocka_unit_test(chroma_of_odd_sides_is_rounded_up),
		cmocka_unit_test(a_jpeg_is_all_that_is_there),
		cmocka_unit_test(sides_and_strides_that_cannot_be_are_refused),
		cmocka_unit_test(the_largest_strides_do_not_wrap),
		cmocka_unit_test(what_is_no_layout_is_left_alone),
		cmocka_unit_test(each_format_is_found_by_its_name_in_either_case),
		cmocka_unit_test(v4l2_codes_are_names_too),
		cmocka_unit_test(an_unknown_name_is_none),
	};

	return CHECK_RUN(tests);
}
