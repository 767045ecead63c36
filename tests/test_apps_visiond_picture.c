/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "apps/visiond_picture.h"
#include "camera/picture.h"
#include "tests/allocations.h"

#define WIDTH 64
#define HEIGHT 48

static struct visiond_picture *picture;
static int ready_fd;

static void on_ready(void *data)
{
	assert_ptr_equal(data, &ready_fd);
	(void)eventfd_write(ready_fd, 1);
}

/* Was there a new picture within so long? */
static bool is_ready(int timeout_ms)
{
	struct pollfd item = { .fd = ready_fd, .events = POLLIN };
	eventfd_t count;

	return poll(&item, 1, timeout_ms) == 1 && eventfd_read(ready_fd, &count) == 0;
}

static int begin(void **state)
{
	(void)state;
	ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	picture = visiond_picture_new(2, on_ready, &ready_fd, NULL);
	if (!picture)
		return -1;
	visiond_picture_set(picture, 1000000, 80); /* as fast as they come */
	return 0;
}

static int end(void **state)
{
	(void)state;
	visiond_picture_free(picture);
	return close(ready_fd);
}

/* A grey frame in which every pixel has `value`; the bytes are one frame's at a
   time, like those of a camera. */
static const struct atoll_frame *grey(uint8_t value)
{
	static uint8_t bytes[WIDTH * HEIGHT];
	static struct atoll_frame frame;

	memset(bytes, value, sizeof(bytes));
	frame = (struct atoll_frame){
		.pixels = ATOLL_PIXELS_GREY, .width = WIDTH, .height = HEIGHT,
		.is_full_range = true,
	};
	assert_int_equal(atoll_frame_lay(&frame, bytes, sizeof(bytes), 0), 0);
	return &frame;
}

static void offer(uint8_t value)
{
	/* The last one may still be in the encoder's hands, and the next is due only
	   a millisecond later: what is not taken is offered again. */
	for (int i = 0; i < 2000; i++) {
		visiond_picture_offer(picture, grey(value));
		if (is_ready(1))
			return;
	}
	fail_msg("no picture");
}

/* What one pixel of a JPEG is, give or take. */
static uint8_t value_of(const struct visiond_jpeg *jpeg)
{
	struct atoll_error err = { .text = "" };
	struct atoll_picture *read = atoll_picture_load_bytes(jpeg->bytes, jpeg->size, 0, &err);
	uint8_t value;

	if (!read)
		fail_msg("%s", err.text);
	assert_int_equal(read->width, WIDTH);
	assert_int_equal(read->height, HEIGHT);
	value = read->rgb[0];
	atoll_picture_free(read);
	return value;
}

static void assert_near(int value, int expected)
{
	assert_in_range(value, expected - 3, expected + 3);
}

static void nothing_is_encoded_while_nobody_watches(void **state)
{
	struct visiond_jpeg jpeg;

	(void)state;
	for (int i = 0; i < 20; i++)
		visiond_picture_offer(picture, grey(100));
	assert_false(is_ready(20));
	assert_false(visiond_picture_take(picture, 0, &jpeg));
	visiond_picture_watch(picture, true);
	offer(100);
	visiond_picture_watch(picture, false);
	for (int i = 0; i < 20; i++)
		visiond_picture_offer(picture, grey(100));
	assert_false(is_ready(20));
	assert_int_equal(visiond_picture_count(picture), 1);
}

static void a_taker_gets_the_newest_and_each_once(void **state)
{
	struct visiond_jpeg jpeg;

	(void)state;
	visiond_picture_watch(picture, true);
	offer(50);
	offer(200);
	assert_true(visiond_picture_take(picture, 0, &jpeg));
	assert_near(value_of(&jpeg), 200);
	assert_int_equal(jpeg.number, 2);
	visiond_picture_release(picture, &jpeg);
	assert_false(visiond_picture_take(picture, 2, &jpeg));
	offer(80);
	assert_true(visiond_picture_take(picture, 2, &jpeg));
	assert_near(value_of(&jpeg), 80);
	visiond_picture_release(picture, &jpeg);
}

static void what_is_taken_stays_as_it_is(void **state)
{
	struct visiond_jpeg first, second, third;

	(void)state;
	visiond_picture_watch(picture, true);
	offer(10);
	assert_true(visiond_picture_take(picture, 0, &first));
	offer(120);
	assert_true(visiond_picture_take(picture, 1, &second));
	for (int i = 0; i < 10; i++)
		offer((uint8_t)(200 + i));
	assert_near(value_of(&first), 10);
	assert_near(value_of(&second), 120);
	visiond_picture_release(picture, &first);
	assert_true(visiond_picture_take(picture, 2, &third));
	assert_near(value_of(&third), 209);
	assert_near(value_of(&second), 120);
	visiond_picture_release(picture, &second);
	visiond_picture_release(picture, &third);
}

static void jpeg_frames_pass_as_they_are(void **state)
{
	static const uint8_t bytes[] = { 0xff, 0xd8, 1, 2, 3, 0xff, 0xd9 };
	const struct atoll_frame frame = {
		.pixels = ATOLL_PIXELS_JPEG, .width = WIDTH, .height = HEIGHT,
		.plane = { bytes }, .bytes = sizeof(bytes),
	};
	struct visiond_jpeg jpeg;

	(void)state;
	visiond_picture_watch(picture, true);
	visiond_picture_offer(picture, &frame);
	assert_true(is_ready(0)); /* at once: there was nothing to encode */
	assert_true(visiond_picture_take(picture, 0, &jpeg));
	assert_int_equal(jpeg.size, sizeof(bytes));
	assert_memory_equal(jpeg.bytes, bytes, sizeof(bytes));
	visiond_picture_release(picture, &jpeg);
}

static void no_more_are_made_than_the_rate_allows(void **state)
{
	static const uint8_t bytes[] = { 0xff, 0xd8, 0xff, 0xd9 };
	const struct atoll_frame frame = {
		.pixels = ATOLL_PIXELS_JPEG, .width = WIDTH, .height = HEIGHT,
		.plane = { bytes }, .bytes = sizeof(bytes),
	};

	(void)state;
	visiond_picture_set(picture, 100, 80); /* one in ten seconds */
	visiond_picture_watch(picture, true);
	for (int i = 0; i < 100; i++)
		visiond_picture_offer(picture, &frame);
	assert_int_equal(visiond_picture_count(picture), 1);
}

static void a_frame_that_cannot_be_encoded_is_counted(void **state)
{
	struct atoll_frame frame = *grey(1);

	(void)state;
	frame.pixels = ATOLL_PIXELS_NONE;
	visiond_picture_watch(picture, true);
	visiond_picture_offer(picture, &frame);
	for (int i = 0; i < 1000 && visiond_picture_failures(picture) == 0; i++)
		(void)usleep(1000);
	assert_int_equal(visiond_picture_failures(picture), 1);
	assert_int_equal(visiond_picture_count(picture), 0);
	offer(90); /* and the next one is fine */
}

static void pictures_take_no_memory_once_there_were_some(void **state)
{
	struct visiond_jpeg jpeg;
	uint64_t seen = 0;
	unsigned long before;

	(void)state;
	visiond_picture_watch(picture, true);
	for (int i = 0; i < 10; i++)
		offer(7);
	before = allocations();
	for (int i = 0; i < 10; i++) {
		offer(7);
		assert_true(visiond_picture_take(picture, seen, &jpeg));
		seen = jpeg.number;
		visiond_picture_release(picture, &jpeg);
	}
	assert_int_equal(allocations(), before);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(nothing_is_encoded_while_nobody_watches),
		test(a_taker_gets_the_newest_and_each_once),
		test(what_is_taken_stays_as_it_is),
		test(jpeg_frames_pass_as_they_are),
		test(no_more_are_made_than_the_rate_allows),
		test(a_frame_that_cannot_be_encoded_is_counted),
		test(pictures_take_no_memory_once_there_were_some),
	};

	return CHECK_RUN(tests);
}
