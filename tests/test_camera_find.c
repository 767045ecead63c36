/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several devices is meant, on boards with cameras, codecs and scalers. */
#include "camera/find.h"

#include "tests/check.h"
#include "tests/fake_v4l2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

static const uint32_t camera = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;

static void put(unsigned number, const char *card, const char *bus, uint32_t can)
{
	fake_v4l2.node[number] = (struct fake_node){
		.card = card, .bus = bus, .driver = "fake", .can = can, .owner = -1,
		.mode = { { .fourcc = V4L2_PIX_FMT_YUYV } },
	};
}

static void remove_all(void)
{
	for (unsigned i = 0; i < FAKE_NODES; i++)
		put(i, NULL, NULL, 0);
}

/* A board as they are: codec, camera of the board, scaler, a webcam. */
static int reset(void **state)
{
	(void)state;
	fake_v4l2_reset();
	put(0, "mtk-vcodec-dec", "platform:codec", V4L2_CAP_VIDEO_M2M_MPLANE);
	put(1, "CSI Camera", "platform:mipicsi", camera);
	put(2, "mtk-mdp", "platform:mdp",
	    V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_OUTPUT_MPLANE | V4L2_CAP_STREAMING);
	put(3, "HD Webcam", "usb-xhci-1.2", camera);
	return 0;
}

static int is_clean(void **state)
{
	(void)state;
	assert_int_equal(fake_v4l2.open_fds, 0);
	return 0;
}

static void assert_found(const char *match, const char *described, const char *path)
{
	struct atoll_camera_node node = { 0 };
	struct atoll_error err = { 0 };

	if (camera_find_on(&fake_v4l2_device, match, described, &node, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(node.path, path);
}

static void assert_not_found(const char *match, int code, const char *text)
{
	struct atoll_camera_node node = { .path = "untouched" };
	struct atoll_error err = { 0 };

	assert_int_equal(camera_find_on(&fake_v4l2_device, match, NULL, &node, &err), code);
	assert_string_equal(err.text, text);
	assert_int_equal(err.code, code);
	assert_string_equal(node.path, "untouched");
	assert_int_equal(camera_find_on(&fake_v4l2_device, match, NULL, &node, NULL), code);
}

static void cameras_come_first_each_kind_by_number(void **state)
{
	static const char *const paths[] = {
		"/dev/video1", "/dev/video3", "/dev/video0", "/dev/video2",
	};
	struct atoll_camera_node *nodes;

	(void)state;
	assert_int_equal(camera_list_on(&fake_v4l2_device, &nodes, NULL), 4);
	for (int i = 0; i < 4; i++)
		assert_string_equal(nodes[i].path, paths[i]);
	assert_string_equal(nodes[0].card, "CSI Camera");
	assert_string_equal(nodes[0].bus, "platform:mipicsi");
	assert_string_equal(nodes[0].driver, "fake");
	assert_true(nodes[0].captures && !nodes[0].is_converter && !nodes[0].why);
	assert_true(!nodes[2].captures && nodes[2].is_converter);
	assert_string_equal(nodes[3].why, "converts from memory to memory");
	free(nodes);
}

static void each_node_says_why_it_is_no_camera(void **state)
{
	static const struct { uint32_t can; const char *why; } kinds[] = {
		{ camera, NULL },
		{ camera | V4L2_CAP_VIDEO_OUTPUT, NULL }, /* a loopback */
		{ V4L2_CAP_VIDEO_CAPTURE, "does not stream into memory" },
		{ V4L2_CAP_VIDEO_M2M, "converts from memory to memory" },
		{ V4L2_CAP_VIDEO_CAPTURE_MPLANE, "is multi-planar, which is not supported" },
		{ V4L2_CAP_META_CAPTURE, "gives metadata only" },
		{ V4L2_CAP_VIDEO_OUTPUT, "puts video out, does not take it in" },
		{ V4L2_CAP_VIDEO_OUTPUT_MPLANE, "puts video out, does not take it in" },
		{ V4L2_CAP_VBI_CAPTURE, "does not take in video" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct atoll_camera_node *nodes;

		remove_all();
		put(2, "Card", "bus", kinds[i].can);
		assert_int_equal(camera_list_on(&fake_v4l2_device, &nodes, NULL), 1);
		assert_int_equal(nodes->captures, !kinds[i].why);
		if (kinds[i].why)
			assert_string_equal(nodes->why, kinds[i].why);
		free(nodes);
	}
}

static void a_node_that_cannot_be_opened_is_listed(void **state)
{
	struct atoll_camera_node *nodes;

	(void)state;
	remove_all();
	fake_v4l2.node[0].open_error = -EACCES;
	fake_v4l2.node[1].open_error = -EBUSY;
	fake_v4l2.node[2].open_error = -ENODEV;
	fake_v4l2.node[3].open_error = -EMFILE;
	assert_int_equal(camera_list_on(&fake_v4l2_device, &nodes, NULL), 4);
	assert_string_equal(nodes[0].why, "no permission; is the user in the group video?");
	assert_string_equal(nodes[1].why, "in use by another program");
	assert_string_equal(nodes[2].why, "there is no device behind it");
	assert_string_equal(nodes[3].why, "cannot be opened");
	free(nodes);
	assert_not_found("auto", -ENODEV,
			 "camera: auto: there is no camera; /dev/video0 no permission; is the "
			 "user in the group video?; atoll-camera list shows the others");
	assert_not_found("/dev/video0", -EACCES,
			 "camera: /dev/video0: no permission; is the user in the group video?");
}

static void auto_is_the_described_one_then_usb_then_the_first(void **state)
{
	(void)state;
	assert_found("auto", "mipicsi", "/dev/video1");
	assert_found(NULL, "csi cam", "/dev/video1");
	assert_found("auto", NULL, "/dev/video3");
	assert_found(NULL, "not there", "/dev/video3");
	put(3, NULL, NULL, 0);
	assert_found("auto", NULL, "/dev/video1");
	assert_found("auto", "not there", "/dev/video1");
	put(1, NULL, NULL, 0);
	assert_not_found("auto", -ENODEV,
			 "camera: auto: there is no camera; /dev/video0 converts from memory to "
			 "memory; atoll-camera list shows the others");
	remove_all();
	assert_not_found(NULL, -ENODEV, "camera: auto: there is no camera");
}

static void a_part_of_card_or_bus_is_enough(void **state)
{
	(void)state;
	assert_found("webcam", NULL, "/dev/video3");
	assert_found("XHCI-1", "mipicsi", "/dev/video3");
	assert_found("CSI", NULL, "/dev/video1");
}

static void several_that_fit_are_listed(void **state)
{
	(void)state;
	assert_not_found("cam", -EEXIST,
			 "camera: 'cam' fits 2: /dev/video1 (CSI Camera), /dev/video3 (HD Webcam)");
	put(1, "HD Webcam", "usb-xhci-1.3", camera);
	assert_not_found("HD Webcam", -EEXIST,
			 "camera: 'HD Webcam' fits 2: /dev/video1 (HD Webcam), /dev/video3 (HD Webcam)");
	assert_found("1.3", NULL, "/dev/video1");
}

static void what_there_is_instead_is_listed(void **state)
{
	(void)state;
	assert_not_found("scanner", -ENODEV,
			 "camera: 'scanner' fits none of /dev/video1 (CSI Camera), "
			 "/dev/video3 (HD Webcam)");
	assert_not_found("mdp", -ENODEV, "camera: 'mdp': /dev/video2 (mtk-mdp) converts from "
			 "memory to memory");
	remove_all();
	assert_not_found("mdp", -ENODEV, "camera: mdp: there is no camera");
}

static void a_path_is_that_node_whatever_it_is(void **state)
{
	struct atoll_camera_node node;

	(void)state;
	assert_found("/dev/video1", "webcam", "/dev/video1");
	assert_int_equal(camera_find_on(&fake_v4l2_device, "/dev/video2", NULL, &node, NULL), 0);
	assert_false(node.captures);
	assert_not_found("/dev/video9", -ENODEV, "camera: /dev/video9: there is no such node");
	assert_not_found("/dev/null/x", -ENODEV, "camera: /dev/null/x: there is no such node");
	fake_v4l2.fails_at = fake_v4l2.calls + 2;
	assert_int_equal(camera_find_on(&fake_v4l2_device, "/dev/video1", NULL, &node, NULL),
			 -EIO);
}

static void a_long_card_is_cut_and_ends(void **state)
{
	struct atoll_camera_node node;

	(void)state;
	put(0, "0123456789012345678901234567890123456789", "b", camera);
	fake_v4l2.node[0].driver = "0123456789012345678";
	assert_int_equal(camera_find_on(&fake_v4l2_device, "/dev/video0", NULL, &node, NULL), 0);
	assert_int_equal(strlen(node.card), 31);
	assert_int_equal(strlen(node.driver), 15);
}

static void a_name_does_nothing_to_a_terminal(void **state)
{
	struct atoll_camera_node node;

	(void)state;
	put(0, "\033[2JCam\n\177 \303\251", "b", camera);
	assert_int_equal(camera_find_on(&fake_v4l2_device, "/dev/video0", NULL, &node, NULL), 0);
	assert_string_equal(node.card, "?[2JCam?? \303\251");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, is_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(cameras_come_first_each_kind_by_number),
		TEST(each_node_says_why_it_is_no_camera),
		TEST(a_node_that_cannot_be_opened_is_listed),
		TEST(auto_is_the_described_one_then_usb_then_the_first),
		TEST(a_part_of_card_or_bus_is_enough),
		TEST(several_that_fit_are_listed),
		TEST(what_there_is_instead_is_listed),
		TEST(a_path_is_that_node_whatever_it_is),
		TEST(a_long_card_is_cut_and_ends),
		TEST(a_name_does_nothing_to_a_terminal),
	};

	return CHECK_RUN(tests);
}
