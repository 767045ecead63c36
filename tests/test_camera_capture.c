/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from a camera that misbehaves in every way drivers were seen to. */
#include "camera/capture.h"

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/fake_v4l2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/videodev2.h>

enum { YUYV_BYTES = 640 * 480 * 2 };

static struct fake_node *const node = &fake_v4l2.node[0];
static const struct atoll_camera_config plain;

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
	assert_int_equal(fake_v4l2.mappings, 0);
	return 0;
}

static struct atoll_camera *open_with(const struct atoll_camera_config *config)
{
	struct atoll_error err = { 0 };
	struct atoll_camera *camera = camera_open_on(&fake_v4l2_device, config, &err);

	if (!camera)
		fail_msg("%s", err.text);
	return camera;
}

static void assert_refused(const struct atoll_camera_config *config, int code,
			   const char *words)
{
	struct atoll_error err = { 0 };

	assert_null(camera_open_on(&fake_v4l2_device, config, &err));
	if (err.code != code || !strstr(err.text, words) || strncmp(err.text, "camera: ", 8))
		fail_msg("wanted %d, \"%s\"; got %d, \"%s\"", code, words, err.code, err.text);
	assert_null(camera_open_on(&fake_v4l2_device, config, NULL));
}

static struct atoll_frame next(struct atoll_camera *camera)
{
	struct atoll_frame frame;

	assert_int_equal(atoll_camera_next(camera, 0, &frame), 0);
	return frame;
}

static void a_frame_is_lent_and_taken_back(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;

	(void)state;
	assert_int_equal(node->queued, 4);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -ETIMEDOUT);
	node->sequence = 41;
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(frame.pixels, ATOLL_PIXELS_YUYV);
	assert_int_equal(frame.width, 640);
	assert_int_equal(frame.height, 480);
	assert_int_equal(frame.stride[0], 1280);
	assert_int_equal(frame.bytes, YUYV_BYTES);
	assert_int_equal(frame.plane[0][YUYV_BYTES - 1], 41);
	assert_int_equal(frame.sequence, 41);
	assert_true(frame.time_ns == INT64_C(7000041000));
	assert_int_equal(node->queued, 3);
	assert_int_equal(atoll_camera_release(camera, &frame), 0);
	assert_int_equal(node->queued, 4);
	assert_int_equal(atoll_camera_release(camera, &frame), -EINVAL);
	assert_int_equal(node->queued, 4);
	assert_int_equal(atoll_camera_counts(camera)->frames, 1);
	atoll_camera_close(camera);
}

static void frames_come_in_the_order_they_were_taken(void **state)
{
	struct atoll_camera *camera = open_with(&plain);

	(void)state;
	for (int round = 0; round < 5; round++) {
		struct atoll_frame frame[3];

		for (int i = 0; i < 3; i++)
			fake_v4l2_shoot(0);
		for (int i = 0; i < 3; i++) {
			frame[i] = next(camera);
			assert_int_equal(frame[i].sequence, round * 3 + i);
		}
		for (int i = 2; i >= 0; i--)
			assert_int_equal(atoll_camera_release(camera, &frame[i]), 0);
	}
	assert_int_equal(atoll_camera_counts(camera)->missed, 0);
	atoll_camera_close(camera);
}

static void newest_gives_older_back(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;

	(void)state;
	for (int i = 0; i < 3; i++)
		fake_v4l2_shoot(0);
	assert_int_equal(atoll_camera_newest(camera, 0, &frame), 0);
	assert_int_equal(frame.sequence, 2);
	assert_int_equal(node->queued, 3);
	assert_int_equal(atoll_camera_counts(camera)->frames, 1);
	assert_int_equal(atoll_camera_counts(camera)->skipped, 2);
	assert_int_equal(atoll_camera_newest(camera, 0, &frame), -ETIMEDOUT);
	atoll_camera_close(camera);
}

static void newest_passes_over_damaged_frames(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;

	(void)state;
	fake_v4l2_shoot(0);
	node->flags = V4L2_BUF_FLAG_ERROR;
	fake_v4l2_shoot(0);
	assert_int_equal(atoll_camera_newest(camera, 0, &frame), 0);
	assert_int_equal(frame.sequence, 0);
	assert_int_equal(atoll_camera_counts(camera)->damaged, 1);
	assert_int_equal(atoll_camera_counts(camera)->skipped, 0);
	assert_int_equal(node->queued, 3);
	atoll_camera_close(camera);
}

static void damaged_frames_are_given_back_and_counted(void **state)
{
	static const struct { uint32_t bytes_used, flags; } bad[] = {
		{ 0, V4L2_BUF_FLAG_ERROR }, { YUYV_BYTES - 1, 0 },
		{ 1, 0 }, { YUYV_BYTES + 1, 0 }, { UINT32_MAX, 0 },
	};
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		node->bytes_used = bad[i].bytes_used;
		node->flags = bad[i].flags;
		fake_v4l2_shoot(0);
		assert_int_equal(atoll_camera_next(camera, 0, &frame), -EIO);
		assert_int_equal(node->queued, 4);
		assert_int_equal(atoll_camera_counts(camera)->damaged, i + 1);
	}
	node->bytes_used = node->flags = 0;
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(atoll_camera_counts(camera)->frames, 1);
	assert_int_equal(atoll_camera_counts(camera)->missed, 0);
	assert_int_equal(atoll_camera_counts(camera)->lost, 0);
	atoll_camera_close(camera);
}

static void a_jpeg_ends_at_its_end_marker(void **state)
{
	static const uint8_t whole[] = "\xff\xd8 a picture \xff\xd9";
	static const uint8_t filled[] = "\xff\xd8 a picture \xff\xd9 junk \0\0\0\0\0\0";
	struct atoll_camera_config config = { .pixels = ATOLL_PIXELS_JPEG };
	struct atoll_camera *camera = open_with(&config);
	struct atoll_frame frame;

	(void)state;
	assert_int_equal(atoll_camera_info(camera)->stride, 0);
	node->contents = whole;
	node->bytes_used = sizeof(whole) - 1;
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(frame.pixels, ATOLL_PIXELS_JPEG);
	assert_int_equal(frame.bytes, sizeof(whole) - 1);
	assert_memory_equal(frame.plane[0], whole, sizeof(whole) - 1);
	node->contents = filled;
	node->bytes_used = sizeof(filled) - 1;
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(frame.bytes, sizeof(whole) - 1);
	atoll_camera_close(camera);
}

static void a_jpeg_without_its_ends_is_damaged(void **state)
{
	static const struct { const char *bytes; uint32_t size; } bad[] = {
		{ "\xff\xd8 a picture", 12 }, { " a picture \xff\xd9", 13 },
		{ "\xff\xd9", 2 }, { "\xff\xd8\xd9", 3 }, { "\0\0\0\0\0\0", 6 },
		{ "\xff\xd8", 2 }, { "\xff", 1 },
	};
	struct atoll_camera_config config = { .pixels = ATOLL_PIXELS_JPEG };
	struct atoll_camera *camera = open_with(&config);
	struct atoll_frame frame;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		node->contents = bad[i].bytes;
		node->bytes_used = bad[i].size;
		fake_v4l2_shoot(0);
		assert_int_equal(atoll_camera_next(camera, 0, &frame), -EIO);
		assert_int_equal(node->queued, 4);
	}
	atoll_camera_close(camera);
}

static void sequence_gaps_are_missed_frames(void **state)
{
	static const uint32_t numbers[] = { 10, 11, 14, UINT32_MAX, 1, 1, 0, 2 };
	/* 12 and 13; a jump back; 0 after the largest; standing still; back; 1 */
	static const uint64_t missed[] = { 0, 0, 2, 2, 3, 3, 3, 4 };
	struct atoll_camera *camera = open_with(&plain);

	(void)state;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct atoll_frame frame;

		node->sequence = numbers[i];
		fake_v4l2_shoot(0);
		frame = next(camera);
		assert_int_equal(atoll_camera_counts(camera)->missed, missed[i]);
		assert_int_equal(atoll_camera_release(camera, &frame), 0);
	}
	atoll_camera_close(camera);
}

static void only_monotonic_stamps_are_times(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;

	(void)state;
	node->has_other_clock = true;
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_true(frame.time_ns == 0);
	atoll_camera_close(camera);
}

static void a_wrong_index_is_not_believed(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame, held;

	(void)state;
	fake_v4l2_shoot(0);
	held = next(camera);
	node->lies_once = true;
	node->index_lie = 4;
	fake_v4l2_shoot(0);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -EIO);
	node->lies_once = true;
	node->index_lie = 0; /* is out already */
	fake_v4l2_shoot(0);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -EIO);
	assert_int_equal(atoll_camera_counts(camera)->damaged, 2);
	assert_int_equal(atoll_camera_release(camera, &held), 0);
	atoll_camera_close(camera);
}

static void no_frame_comes_while_all_are_out(void **state)
{
	struct atoll_camera_config config = { .buffers = 2 };
	struct atoll_camera *camera = open_with(&config);
	struct atoll_frame first, second, frame;

	(void)state;
	fake_v4l2_shoot(0);
	fake_v4l2_shoot(0);
	first = next(camera);
	second = next(camera);
	assert_int_equal(atoll_camera_next(camera, -1, &frame), -ENOBUFS);
	assert_int_equal(atoll_camera_newest(camera, -1, &frame), -ENOBUFS);
	assert_int_equal(atoll_camera_release(camera, &first), 0);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -ETIMEDOUT);
	assert_int_equal(atoll_camera_release(camera, &second), 0);
	atoll_camera_close(camera);
}

static void a_buffer_the_driver_refuses_is_offered_again(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;

	(void)state;
	fake_v4l2_shoot(0);
	frame = next(camera);
	node->queue_errors = 1;
	assert_int_equal(atoll_camera_release(camera, &frame), -EINVAL);
	assert_int_equal(node->queued, 3);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -ETIMEDOUT);
	assert_int_equal(node->queued, 4);
	node->queue_errors = 100; /* until none is left */
	for (int i = 0; i < 4; i++) {
		fake_v4l2_shoot(0);
		frame = next(camera);
		assert_int_equal(atoll_camera_release(camera, &frame), -EINVAL);
	}
	assert_int_equal(atoll_camera_next(camera, -1, &frame), -ENODEV);
	atoll_camera_close(camera);
}

static void an_io_error_passes_or_ends_the_stream(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;

	(void)state;
	node->dequeue_errors = 2;
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -EIO);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -EIO);
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(atoll_camera_counts(camera)->damaged, 2);
	node->dequeue_errors = 100;
	for (int i = 0; i < 3; i++)
		assert_int_equal(atoll_camera_next(camera, 0, &frame), -EIO);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -ENODEV);
	assert_int_equal(atoll_camera_counts(camera)->lost, 1);
	atoll_camera_close(camera);
}

static void a_broken_stream_is_mended_in_place(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;

	(void)state;
	node->is_broken = true;
	assert_int_equal(atoll_camera_next(camera, -1, &frame), -ENODEV);
	assert_int_equal(atoll_camera_next(camera, -1, &frame), -ENODEV);
	assert_int_equal(atoll_camera_fd(camera), -1);
	assert_int_equal(atoll_camera_counts(camera)->lost, 1);
	assert_int_equal(atoll_camera_reopen(camera, NULL), 0);
	assert_true(atoll_camera_fd(camera) >= 0);
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(fake_v4l2.open_fds, 2);
	assert_int_equal(fake_v4l2.mappings, 4);
	atoll_camera_close(camera);
}

static void an_unplugged_camera_is_found_at_another_node(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame held, frame;
	struct atoll_error err = { 0 };

	(void)state;
	fake_v4l2_shoot(0);
	held = next(camera);
	fake_v4l2_unplug(0);
	assert_int_equal(atoll_camera_next(camera, 1000, &frame), -ENODEV);
	assert_int_equal(held.plane[0][0], 0); /* still there to be read */
	assert_int_equal(atoll_camera_release(camera, &held), 0);
	assert_int_equal(atoll_camera_reopen(camera, &err), -ENODEV);
	assert_string_equal(err.text, "camera: Fake Camera on usb-fake-1.2 is away");
	assert_int_equal(atoll_camera_fd(camera), -1);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -ENODEV);
	assert_int_equal(fake_v4l2.open_fds, 0);
	assert_int_equal(fake_v4l2.mappings, 0);

	fake_v4l2_plug(0, 2);
	assert_int_equal(atoll_camera_reopen(camera, &err), 0);
	assert_string_equal(atoll_camera_info(camera)->path, "/dev/video2");
	fake_v4l2.node[2].sequence = 1000;
	fake_v4l2_shoot(2);
	frame = next(camera);
	assert_int_equal(frame.sequence, 1000);
	assert_int_equal(atoll_camera_counts(camera)->frames, 2);
	assert_int_equal(atoll_camera_counts(camera)->missed, 0);
	assert_int_equal(atoll_camera_counts(camera)->lost, 1);
	atoll_camera_close(camera);
}

static void another_camera_is_not_taken_for_the_one_that_left(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;

	(void)state;
	fake_v4l2.node[1] = fake_v4l2.node[0];
	fake_v4l2.node[1].bus = "usb-fake-1.3";
	fake_v4l2.node[2] = fake_v4l2.node[0];
	fake_v4l2.node[2].card = "Other";
	fake_v4l2.node[3] = fake_v4l2.node[0];
	fake_v4l2.node[3].can = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
	fake_v4l2_unplug(0);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -ENODEV);
	assert_int_equal(atoll_camera_reopen(camera, NULL), -ENODEV);
	atoll_camera_close(camera);
}

static void the_second_of_two_nodes_of_one_name_stays_the_second(void **state)
{
	struct atoll_camera_config config = { .match = "/dev/video1" };
	struct atoll_camera *camera;
	struct atoll_frame frame;

	(void)state;
	fake_v4l2.node[1] = fake_v4l2.node[0];
	camera = open_with(&config);
	fake_v4l2_unplug(1);
	assert_int_equal(atoll_camera_next(camera, 0, &frame), -ENODEV);
	assert_int_equal(atoll_camera_reopen(camera, NULL), -ENODEV);
	fake_v4l2_plug(1, 3);
	assert_int_equal(atoll_camera_reopen(camera, NULL), 0);
	assert_string_equal(atoll_camera_info(camera)->path, "/dev/video3");
	atoll_camera_close(camera);
}

static void frames_of_a_stream_that_ended_cannot_be_given_back(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame old, frame;

	(void)state;
	fake_v4l2_shoot(0);
	old = next(camera);
	assert_int_equal(atoll_camera_reopen(camera, NULL), 0);
	assert_int_equal(atoll_camera_release(camera, &old), -EINVAL);
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(atoll_camera_release(camera, &old), -EINVAL);
	assert_int_equal(atoll_camera_release(camera, &frame), 0);
	frame.slot = UINT32_MAX;
	assert_int_equal(atoll_camera_release(camera, &frame), -EINVAL);
	atoll_camera_close(camera);
}

static void a_failed_open_leaves_nothing_behind(void **state)
{
	const struct atoll_camera_config config = { .wants_dmabuf = true };
	unsigned failures = 0;

	(void)state;
	for (unsigned step = 1;; step++) {
		struct atoll_error err = { 0 };
		struct atoll_camera *camera;

		fake_v4l2_reset();
		node->exports = true;
		fake_v4l2.fails_at = step;
		camera = camera_open_on(&fake_v4l2_device, &config, &err);
		if (!camera) {
			failures++;
			assert_true(err.code < 0);
			assert_true(strncmp(err.text, "camera: ", 8) == 0);
		}
		atoll_camera_close(camera);
		assert_int_equal(fake_v4l2.open_fds, 0);
		assert_int_equal(fake_v4l2.mappings, 0);
		if (fake_v4l2.calls < step)
			break;
	}
	/* Two opens and looks, open, formats, format, buffers, 4 x (ask, map, queue),
	   start, watch. Sizes, rates and exports are offers. */
	assert_in_range(failures, 19, 40);
}

static void a_failed_reopen_leaves_nothing_behind(void **state)
{
	(void)state;
	for (unsigned step = 1;; step++) {
		struct atoll_camera *camera;
		bool is_done;
		int r;

		fake_v4l2_reset();
		camera = open_with(&plain);
		fake_v4l2.fails_at = fake_v4l2.calls + step;
		r = atoll_camera_reopen(camera, NULL);
		is_done = fake_v4l2.calls < fake_v4l2.fails_at;
		if (r < 0) {
			assert_int_equal(fake_v4l2.open_fds, 0);
			assert_int_equal(fake_v4l2.mappings, 0);
			assert_int_equal(atoll_camera_reopen(camera, NULL), 0);
		}
		atoll_camera_close(camera);
		if (is_done)
			break;
	}
}

static void a_frame_costs_no_allocation(void **state)
{
	struct atoll_camera *camera = open_with(&plain);
	struct atoll_frame frame;
	unsigned long before;

	(void)state;
	node->shoots_by_itself = true;
	before = allocations();
	for (int i = 0; i < 50; i++) {
		assert_int_equal(atoll_camera_next(camera, -1, &frame), 0);
		assert_int_equal(atoll_camera_release(camera, &frame), 0);
		assert_int_equal(atoll_camera_newest(camera, 1000, &frame), 0);
		assert_int_equal(atoll_camera_release(camera, &frame), 0);
	}
	node->flags = V4L2_BUF_FLAG_ERROR;
	assert_int_equal(atoll_camera_next(camera, -1, &frame), -EIO);
	assert_int_equal(allocations(), before);
	atoll_camera_close(camera);
}

/* Open, and say what was settled on. */
static enum atoll_pixels choice(struct atoll_camera_config config)
{
	struct atoll_camera *camera = open_with(&config);
	enum atoll_pixels pixels = atoll_camera_info(camera)->pixels;

	atoll_camera_close(camera);
	return pixels;
}

static void the_format_is_the_best_that_has_size_and_rate(void **state)
{
	static const struct fake_mode converted[FAKE_MODES] = {
		FAKE_MODE(SBGGR8, 640, 480, 30000),
		FAKE_EMULATED(RGB24, 640, 480, 30000),
		FAKE_EMULATED(YUV420, 640, 480, 30000),
	};
	static const struct fake_mode grey[FAKE_MODES] = {
		FAKE_MODE(GREY, 640, 480, 30000),
		FAKE_EMULATED(RGB24, 640, 480, 30000),
		{ .fourcc = V4L2_PIX_FMT_UYVY },
		FAKE_MODE(NV12, 320, 240, 29970),
	};

	(void)state;
	assert_int_equal(choice(plain), ATOLL_PIXELS_YUYV);
	assert_int_equal(choice((struct atoll_camera_config){ .width = 1280, .height = 720 }),
			 ATOLL_PIXELS_JPEG);
	assert_int_equal(choice((struct atoll_camera_config){
		.width = 1280, .height = 720, .frame_rate_mhz = 10000 }), ATOLL_PIXELS_YUYV);
	assert_int_equal(choice((struct atoll_camera_config){ .frame_rate_mhz = 60000 }),
			 ATOLL_PIXELS_YUYV);
	assert_int_equal(choice((struct atoll_camera_config){ .width = 99, .height = 9 }),
			 ATOLL_PIXELS_YUYV);
	assert_int_equal(choice((struct atoll_camera_config){ .pixels = ATOLL_PIXELS_RGB24 }),
			 ATOLL_PIXELS_RGB24);
	memcpy(node->mode, converted, sizeof(converted));
	assert_int_equal(choice(plain), ATOLL_PIXELS_YU12);
	memcpy(node->mode, grey, sizeof(grey));
	assert_int_equal(choice(plain), ATOLL_PIXELS_UYVY);
	assert_int_equal(choice((struct atoll_camera_config){ .width = 320, .height = 240 }),
			 ATOLL_PIXELS_NV12);
	node->mode[2].fourcc = 0;
	assert_int_equal(choice(plain), ATOLL_PIXELS_GREY);
}

static void what_was_settled_can_be_read(void **state)
{
	struct atoll_camera_config config = { .pixels = ATOLL_PIXELS_RGB24,
					      .frame_rate_mhz = 12500, .buffers = 3 };
	struct atoll_camera *camera = open_with(&config);
	const struct atoll_camera_info *info = atoll_camera_info(camera);

	(void)state;
	assert_string_equal(info->path, "/dev/video0");
	assert_string_equal(info->card, "Fake Camera");
	assert_string_equal(info->bus, "usb-fake-1.2");
	assert_string_equal(info->driver, "fake");
	assert_int_equal(info->width, 640);
	assert_int_equal(info->stride, 640 * 3);
	assert_int_equal(info->frame_rate_mhz, 12500);
	assert_int_equal(info->buffers, 3);
	assert_true(info->is_converted);
	atoll_camera_close(camera);
}

static void the_rate_is_always_asked_for(void **state)
{
	struct atoll_camera *camera;

	(void)state;
	node->rate_mhz = 5000;
	camera = open_with(&plain);
	assert_int_equal(node->rate_mhz, 30000);
	assert_int_equal(atoll_camera_info(camera)->frame_rate_mhz, 30000);
	atoll_camera_close(camera);
	node->has_no_rate = true;
	camera = open_with(&plain);
	assert_int_equal(atoll_camera_info(camera)->frame_rate_mhz, 0);
	atoll_camera_close(camera);
}

static void rows_with_gaps_keep_their_stride(void **state)
{
	struct atoll_camera *camera;
	struct atoll_frame frame;

	(void)state;
	node->stride = 1344;
	camera = open_with(&plain);
	assert_int_equal(atoll_camera_info(camera)->stride, 1344);
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(frame.stride[0], 1344);
	atoll_camera_close(camera);
}

static void strides_that_cannot_be_true_are_taken_for_none(void **state)
{
	static const struct fake_mode planar[FAKE_MODES] = {
		FAKE_MODE(YUV420, 640, 480, 30000),
	};
	struct atoll_camera *camera;

	(void)state;
	node->hides_stride = true;
	camera = open_with(&plain);
	assert_int_equal(atoll_camera_info(camera)->stride, 1280);
	atoll_camera_close(camera);

	node->hides_stride = false;
	node->stride = 100;
	camera = open_with(&plain);
	assert_int_equal(atoll_camera_info(camera)->stride, 1280);
	atoll_camera_close(camera);

	memcpy(node->mode, planar, sizeof(planar));
	node->stride = 640 * 3 / 2; /* what a row of all planes takes */
	node->size_image = 640 * 480 * 3 / 2;
	camera = open_with(&plain);
	assert_int_equal(atoll_camera_info(camera)->stride, 640);
	atoll_camera_close(camera);
}

static void a_frame_larger_than_its_buffer_is_refused(void **state)
{
	(void)state;
	node->size_image = YUYV_BYTES - 1;
	assert_refused(&plain, -ENOTSUP, "640 x 480 YUYV do not fit the driver's 614399 bytes");
}

static void colours_are_those_the_driver_says(void **state)
{
	static const struct {
		uint32_t space, encoding, range;
		enum atoll_matrix matrix;
		bool is_full_range;
	} rules[] = {
		{ V4L2_COLORSPACE_DEFAULT, 0, 0, ATOLL_MATRIX_BT601, false },
		{ V4L2_COLORSPACE_SRGB, 0, 0, ATOLL_MATRIX_BT601, false },
		{ V4L2_COLORSPACE_SMPTE170M, 0, 0, ATOLL_MATRIX_BT601, false },
		{ V4L2_COLORSPACE_JPEG, 0, 0, ATOLL_MATRIX_BT601, true },
		{ V4L2_COLORSPACE_REC709, 0, 0, ATOLL_MATRIX_BT709, false },
		{ V4L2_COLORSPACE_BT2020, 0, 0, ATOLL_MATRIX_BT709, false },
		{ V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_709, 0, ATOLL_MATRIX_BT709, false },
		{ V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_601, V4L2_QUANTIZATION_FULL_RANGE,
		  ATOLL_MATRIX_BT601, true },
		{ V4L2_COLORSPACE_JPEG, 0, V4L2_QUANTIZATION_LIM_RANGE, ATOLL_MATRIX_BT601,
		  false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct atoll_camera *camera;
		struct atoll_frame frame;

		node->colorspace = rules[i].space;
		node->encoding = rules[i].encoding;
		node->quantization = rules[i].range;
		camera = open_with(&plain);
		fake_v4l2_shoot(0);
		frame = next(camera);
		assert_int_equal(frame.matrix, rules[i].matrix);
		assert_int_equal(frame.is_full_range, rules[i].is_full_range);
		atoll_camera_close(camera);
	}
}

static void grey_and_rgb_use_all_values_unless_told_otherwise(void **state)
{
	static const struct fake_mode modes[FAKE_MODES] = {
		FAKE_MODE(GREY, 640, 480, 30000),
		FAKE_MODE(RGB24, 640, 480, 30000),
	};

	(void)state;
	memcpy(node->mode, modes, sizeof(modes));
	for (int i = 0; i < 4; i++) {
		struct atoll_camera_config config = {
			.pixels = i % 2 ? ATOLL_PIXELS_RGB24 : ATOLL_PIXELS_GREY,
		};
		struct atoll_camera *camera;
		struct atoll_frame frame;

		node->quantization = i < 2 ? V4L2_QUANTIZATION_DEFAULT :
				     V4L2_QUANTIZATION_LIM_RANGE;
		camera = open_with(&config);
		fake_v4l2_shoot(0);
		frame = next(camera);
		assert_int_equal(frame.is_full_range, i < 2);
		atoll_camera_close(camera);
	}
}

static void what_a_camera_cannot_do_is_said(void **state)
{
	struct atoll_camera_config config = { .pixels = ATOLL_PIXELS_NV12 };

	(void)state;
	assert_refused(&config, -ENOTSUP,
		       "camera: /dev/video0: does not offer NV12, only YUYV, MJPG, RGB3");
	config = (struct atoll_camera_config){ .buffers = 9 };
	assert_refused(&config, -EINVAL, "9 buffers are not within 2 to 8");
	node->field = V4L2_FIELD_ALTERNATE;
	assert_refused(&plain, -ENOTSUP, "interlaced in separate fields");
	node->field = V4L2_FIELD_NONE;
	node->gives_fourcc = V4L2_PIX_FMT_GREY;
	assert_refused(&plain, -ENOTSUP, "offers YUYV but does not give it");
	node->mode[0].fourcc = 0;
	assert_refused(&plain, -ENOTSUP, "camera: /dev/video0: offers no format");
	node->mode[0].fourcc = V4L2_PIX_FMT_SBGGR8;
	node->mode[1].fourcc = 0;
	assert_refused(&plain, -ENOTSUP, "does not offer a format that is known here, only BA81");
	node->can = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
	config = (struct atoll_camera_config){ .match = "/dev/video0" };
	assert_refused(&config, -ENOTSUP,
		       "(Fake Camera) is multi-planar, which is not supported");
}

static void a_busy_camera_says_what_to_do(void **state)
{
	(void)state;
	node->is_busy = true;
	assert_refused(&plain, -EBUSY, "camera: /dev/video0: set format: in use");
}

static void the_holder_of_a_device_is_named(void **state)
{
	char folder[] = "/tmp/atoll-proc-XXXXXX", path[64], text[64];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/4711", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/4711/fd", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(camera_holder(folder, "/dev/video0", text, sizeof(text)), -ENOENT);
	(void)snprintf(path, sizeof(path), "%s/4711/comm", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("cheese\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(path, sizeof(path), "%s/4711/fd/7", folder);
	assert_int_equal(symlink("/dev/video0", path), 0);
	assert_int_equal(camera_holder(folder, "/dev/video0", text, sizeof(text)), 0);
	assert_string_equal(text, "cheese, process 4711");
	assert_int_equal(camera_holder(folder, "/dev/video", text, sizeof(text)), -ENOENT);
	assert_int_equal(camera_holder("/nowhere", "/dev/video0", text, 64), -ENOENT);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/4711/comm", folder);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/4711/fd", folder);
	assert_int_equal(rmdir(path), 0);
	(void)snprintf(path, sizeof(path), "%s/4711", folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void a_dmabuf_belongs_to_a_frame_that_is_out(void **state)
{
	struct atoll_camera_config config = { .wants_dmabuf = true };
	struct atoll_camera *camera;
	struct atoll_frame frame;

	(void)state;
	node->exports = true;
	camera = open_with(&config);
	assert_int_equal(fake_v4l2.open_fds, 6); /* also device and watch */
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_true(atoll_camera_dmabuf(camera, &frame) > 0);
	assert_int_equal(atoll_camera_release(camera, &frame), 0);
	assert_int_equal(atoll_camera_dmabuf(camera, &frame), -EINVAL);
	atoll_camera_close(camera);

	config.pixels = ATOLL_PIXELS_RGB24; /* libv4l2's, not the driver's */
	camera = open_with(&config);
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(atoll_camera_dmabuf(camera, &frame), -ENOTSUP);
	atoll_camera_close(camera);

	node->exports = false;
	config.pixels = ATOLL_PIXELS_NONE;
	camera = open_with(&config);
	fake_v4l2_shoot(0);
	frame = next(camera);
	assert_int_equal(atoll_camera_dmabuf(camera, &frame), -ENOTSUP);
	atoll_camera_close(camera);
}

static void frames_still_out_die_with_the_camera(void **state)
{
	struct atoll_camera *camera = open_with(&plain);

	(void)state;
	fake_v4l2_shoot(0);
	fake_v4l2_shoot(0);
	(void)next(camera);
	(void)next(camera);
	atoll_camera_close(camera);
	atoll_camera_close(NULL);
}

static void the_watch_is_renewed_until_no_frame_was_waiting(void **state)
{
	struct atoll_camera *camera = open_with(&plain);

	(void)state;
	fake_v4l2_shoot(0);
	fake_v4l2_shoot(0);
	(void)next(camera);
	assert_int_equal(fake_v4l2.renewals, 1);
	(void)next(camera);
	assert_int_equal(fake_v4l2.renewals, 2);
	fake_v4l2_shoot(0);
	(void)next(camera);
	assert_int_equal(fake_v4l2.renewals, 2);
	atoll_camera_close(camera);
}

static void two_cameras_share_nothing(void **state)
{
	struct atoll_camera_config config = { .match = "/dev/video1" };
	struct atoll_camera *first = open_with(&plain), *second;
	struct atoll_frame frame;

	(void)state;
	fake_v4l2.node[1] = (struct fake_node){ .owner = -1, .card = "Second",
						.bus = "platform:second", .driver = "fake",
						.can = node->can,
						.mode = { { .fourcc = V4L2_PIX_FMT_GREY } } };
	second = open_with(&config);
	fake_v4l2_shoot(1);
	assert_int_equal(atoll_camera_next(first, 0, &frame), -ETIMEDOUT);
	frame = next(second);
	assert_int_equal(frame.pixels, ATOLL_PIXELS_GREY);
	fake_v4l2_unplug(1);
	assert_int_equal(atoll_camera_next(second, 0, &frame), -ENODEV);
	fake_v4l2_shoot(0);
	frame = next(first);
	atoll_camera_close(second);
	assert_int_equal(atoll_camera_release(first, &frame), 0);
	atoll_camera_close(first);
}

static void nodes_can_be_watched(void **state)
{
	int fd = atoll_camera_watch();

	(void)state;
	if (fd < 0) /* no inotify under user-mode emulation */
		skip();
	assert_int_equal(close(fd), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, is_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_frame_is_lent_and_taken_back),
		TEST(frames_come_in_the_order_they_were_taken),
		TEST(newest_gives_older_back),
		TEST(newest_passes_over_damaged_frames),
		TEST(damaged_frames_are_given_back_and_counted),
		TEST(a_jpeg_ends_at_its_end_marker),
		TEST(a_jpeg_without_its_ends_is_damaged),
		TEST(sequence_gaps_are_missed_frames),
		TEST(only_monotonic_stamps_are_times),
		TEST(a_wrong_index_is_not_believed),
		TEST(no_frame_comes_while_all_are_out),
		TEST(a_buffer_the_driver_refuses_is_offered_again),
		TEST(an_io_error_passes_or_ends_the_stream),
		TEST(a_broken_stream_is_mended_in_place),
		TEST(an_unplugged_camera_is_found_at_another_node),
		TEST(another_camera_is_not_taken_for_the_one_that_left),
		TEST(the_second_of_two_nodes_of_one_name_stays_the_second),
		TEST(frames_of_a_stream_that_ended_cannot_be_given_back),
		TEST(a_failed_open_leaves_nothing_behind),
		TEST(a_failed_reopen_leaves_nothing_behind),
		TEST(a_frame_costs_no_allocation),
		TEST(the_format_is_the_best_that_has_size_and_rate),
		TEST(what_was_settled_can_be_read),
		TEST(the_rate_is_always_asked_for),
		TEST(rows_with_gaps_keep_their_stride),
		TEST(strides_that_cannot_be_true_are_taken_for_none),
		TEST(a_frame_larger_than_its_buffer_is_refused),
		TEST(colours_are_those_the_driver_says),
		TEST(grey_and_rgb_use_all_values_unless_told_otherwise),
		TEST(what_a_camera_cannot_do_is_said),
		TEST(a_busy_camera_says_what_to_do),
		TEST(the_holder_of_a_device_is_named),
		TEST(a_dmabuf_belongs_to_a_frame_that_is_out),
		TEST(frames_still_out_die_with_the_camera),
		TEST(the_watch_is_renewed_until_no_frame_was_waiting),
		TEST(two_cameras_share_nothing),
		TEST(nodes_can_be_watched),
	};

	return CHECK_RUN(tests);
}
