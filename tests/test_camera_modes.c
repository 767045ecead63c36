/* SPDX-License-Identifier: Apache-2.0 */
/* What a camera can do, as drivers list it and as they fail to. */
#include "camera/modes.h"

#include "tests/check.h"
#include "tests/fake_v4l2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

static int reset(void **state)
{
	(void)state;
	fake_v4l2_reset();
	return 0;
}

static int is_clean(void **state)
{
	(void)state;
	assert_int_equal(fake_v4l2.open_fds, 0);
	return 0;
}

static int read_modes(struct atoll_camera_mode **modes)
{
	struct atoll_error err = { 0 };
	int count = camera_modes_on(&fake_v4l2_device, "/dev/video0", modes, &err);

	if (count < 0)
		fail_msg("%s", err.text);
	return count;
}

static void every_size_of_every_format_is_listed(void **state)
{
	struct atoll_camera_mode *modes;

	(void)state;
	assert_int_equal(read_modes(&modes), 5);
	assert_string_equal(modes[0].code, "YUYV");
	assert_string_equal(modes[0].description, "a format");
	assert_int_equal(modes[0].pixels, ATOLL_PIXELS_YUYV);
	assert_int_equal(modes[0].width, 640);
	assert_int_equal(modes[0].width_low, 640);
	assert_int_equal(modes[0].height, 480);
	assert_int_equal(modes[0].rates, 2);
	assert_int_equal(modes[0].rate_mhz[0], 30000);
	assert_int_equal(modes[0].rate_mhz[1], 15000);
	assert_false(modes[0].rates_are_range);
	assert_int_equal(modes[1].width, 1280);
	assert_int_equal(modes[2].pixels, ATOLL_PIXELS_JPEG);
	assert_string_equal(modes[2].code, "MJPG");
	assert_false(modes[2].is_converted);
	assert_true(modes[4].is_converted);
	free(modes);
}

static void a_range_has_its_ends(void **state)
{
	struct fake_mode *mode = fake_v4l2.node[0].mode;
	struct atoll_camera_mode *modes;

	(void)state;
	mode[0].width_low = 32;
	mode[0].height_low = 16;
	mode[0].rate_mhz[1] = 1000;
	mode[0].has_rate_range = true;
	mode[1].fourcc = 0;
	assert_int_equal(read_modes(&modes), 1);
	assert_int_equal(modes->width_low, 32);
	assert_int_equal(modes->width, 640);
	assert_int_equal(modes->width_step, 2);
	assert_int_equal(modes->height_low, 16);
	assert_int_equal(modes->height, 480);
	assert_true(modes->rates_are_range);
	assert_int_equal(modes->rates, 2);
	assert_int_equal(modes->rate_mhz[0], 1000);
	assert_int_equal(modes->rate_mhz[1], 30000);
	free(modes);
}

static void a_format_without_sizes_is_one_mode(void **state)
{
	static const struct fake_mode bare[FAKE_MODES] = {
		{ .fourcc = V4L2_PIX_FMT_GREY }, { .fourcc = V4L2_PIX_FMT_Y16_BE },
	};
	struct atoll_camera_mode *modes;

	(void)state;
	memcpy(fake_v4l2.node[0].mode, bare, sizeof(bare));
	assert_int_equal(read_modes(&modes), 2);
	assert_int_equal(modes[0].width, 0);
	assert_int_equal(modes[0].rates, 0);
	assert_string_equal(modes[1].code, "Y16-BE");
	assert_int_equal(modes[1].pixels, ATOLL_PIXELS_NONE);
	free(modes);
}

static void the_three_names_of_a_pixel_with_a_spare_byte_are_one(void **state)
{
	static const struct fake_mode wide[FAKE_MODES] = {
		{ .fourcc = V4L2_PIX_FMT_XBGR32 }, { .fourcc = V4L2_PIX_FMT_ABGR32 },
		{ .fourcc = V4L2_PIX_FMT_BGR32 }, { .fourcc = V4L2_PIX_FMT_XRGB32 },
		{ .fourcc = V4L2_PIX_FMT_ARGB32 }, { .fourcc = V4L2_PIX_FMT_RGB32 },
	};
	struct atoll_camera_mode *modes;

	(void)state;
	memcpy(fake_v4l2.node[0].mode, wide, sizeof(wide));
	assert_int_equal(read_modes(&modes), 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(modes[i].pixels,
				 i < 3 ? ATOLL_PIXELS_BGRX : ATOLL_PIXELS_XRGB);
	free(modes);
}

static void what_is_no_camera_is_not_asked(void **state)
{
	struct atoll_camera_mode *modes;
	struct atoll_error err = { 0 };

	(void)state;
	fake_v4l2.node[0].can = V4L2_CAP_VIDEO_M2M;
	assert_int_equal(camera_modes_on(&fake_v4l2_device, "/dev/video0", &modes, &err),
			 -ENOTSUP);
	assert_string_equal(err.text, "camera: /dev/video0 (Fake Camera) converts from memory "
			    "to memory");
	assert_int_equal(camera_modes_on(&fake_v4l2_device, "/dev/video1", &modes, &err),
			 -ENODEV);
}

static void a_failing_device_gives_a_sentence_and_keeps_nothing(void **state)
{
	(void)state;
	for (unsigned step = 1;; step++) {
		struct atoll_camera_mode *modes;
		struct atoll_error err = { 0 };
		int r;

		fake_v4l2_reset();
		fake_v4l2.fails_at = step;
		r = camera_modes_on(&fake_v4l2_device, "/dev/video0", &modes, &err);
		assert_int_equal(fake_v4l2.open_fds, 0);
		if (r >= 0)
			free(modes);
		else
			assert_true(strncmp(err.text, "camera: /dev/video0", 19) == 0);
		assert_true(step > 4 || r == -EIO); /* open, ask, open, formats */
		if (fake_v4l2.calls < step)
			break;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, is_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_size_of_every_format_is_listed),
		TEST(a_range_has_its_ends),
		TEST(a_format_without_sizes_is_one_mode),
		TEST(the_three_names_of_a_pixel_with_a_spare_byte_are_one),
		TEST(what_is_no_camera_is_not_asked),
		TEST(a_failing_device_gives_a_sentence_and_keeps_nothing),
	};

	return CHECK_RUN(tests);
}
