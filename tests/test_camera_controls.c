/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's knobs: their names, what they take and what they say of the rest. */
#include "camera/controls.h"

#include "tests/check.h"
#include "tests/fake_v4l2.h"

#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

static const char *const exposures[] = { "Auto Mode", "Manual Mode", NULL,
					  "Aperture Priority Mode" };
static const int64_t frequencies[] = { 1, 50, 60 };

#define ID_TYPE_NAME(number, kind, said) \
	.id = (number), .type = V4L2_CTRL_TYPE_##kind, .name = (said)
#define RANGE(from, to, by, at_first, now) \
	.low = (from), .high = (to), .step = (by), .standard = (at_first), .value = (now)

/* As webcams have them, and what only makes sense to leave out. */
static const struct fake_control knobs[] = {
	{ ID_TYPE_NAME(V4L2_CID_USER_CLASS, CTRL_CLASS, "User Controls") },
	{ ID_TYPE_NAME(V4L2_CID_BRIGHTNESS, INTEGER, "Brightness"),
	  RANGE(-64, 64, 1, 0, 5) },
	{ ID_TYPE_NAME(V4L2_CID_CONTRAST, INTEGER, "Contrast"), RANGE(10, 100, 10, 50, 50) },
	{ ID_TYPE_NAME(V4L2_CID_AUTO_WHITE_BALANCE, BOOLEAN, "White Balance, Automatic"),
	  RANGE(0, 1, 1, 1, 1), .switches_off = V4L2_CID_WHITE_BALANCE_TEMPERATURE },
	{ ID_TYPE_NAME(V4L2_CID_GAMMA, INTEGER, "Gamma"), .flags = V4L2_CTRL_FLAG_DISABLED },
	{ ID_TYPE_NAME(V4L2_CID_DO_WHITE_BALANCE, BUTTON, "Do White Balance"),
	  .flags = V4L2_CTRL_FLAG_WRITE_ONLY },
	{ ID_TYPE_NAME(V4L2_CID_POWER_LINE_FREQUENCY, INTEGER_MENU,
		       " Power-Line  Frequency (Hz)"),
	  RANGE(0, 2, 1, 1, 1), .integers = frequencies },
	{ ID_TYPE_NAME(V4L2_CID_WHITE_BALANCE_TEMPERATURE, INTEGER,
		       "White Balance Temperature"), RANGE(2000, 6500, 1, 4000, 4000) },
	{ ID_TYPE_NAME(V4L2_CID_EXPOSURE_AUTO, MENU, "Auto Exposure"), RANGE(0, 3, 1, 3, 3),
	  .menu = exposures },
	{ ID_TYPE_NAME(V4L2_CID_PRIVACY, BOOLEAN, "Privacy"), RANGE(0, 1, 1, 0, 1),
	  .flags = V4L2_CTRL_FLAG_READ_ONLY },
	{ ID_TYPE_NAME(V4L2_CID_PRIVACY + 1, STRING, "Owner"), RANGE(2, 10, 2, 0, 0),
	  .text = "me" },
	{ ID_TYPE_NAME(V4L2_CID_PRIVACY + 2, U8, "Pan/Tilt"), RANGE(0, 255, 1, 0, 0),
	  .elements = 2 },
};

static int reset(void **state)
{
	(void)state;
	fake_v4l2_reset();
	memcpy(fake_v4l2.node[0].control, knobs, sizeof(knobs));
	return 0;
}

static int is_clean(void **state)
{
	(void)state;
	assert_int_equal(fake_v4l2.open_fds, 0);
	return 0;
}

static struct atoll_controls *open_fake(void)
{
	struct atoll_error err = { 0 };
	struct atoll_controls *controls =
		camera_controls_on(&fake_v4l2_device, "/dev/video0", &err);

	if (!controls)
		fail_msg("%s", err.text);
	return controls;
}

static const struct atoll_control *named(struct atoll_controls *controls, const char *name)
{
	for (size_t i = 0; i < atoll_controls_count(controls); i++) {
		const struct atoll_control *control = atoll_controls_at(controls, i);

		if (strcmp(control->name, name) == 0)
			return control;
	}
	fail_msg("no control %s", name);
	return NULL;
}

/* Set one and see that the driver has `value` now. */
static void assert_sets(const char *name, const char *text, int64_t value)
{
	struct atoll_controls *controls = open_fake();
	struct atoll_error err = { 0 };

	if (atoll_controls_set(controls, name, text, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(named(controls, name)->value, value);
	atoll_controls_close(controls);
}

static void assert_refused(const char *name, const char *text, int code, const char *why)
{
	struct atoll_controls *controls = open_fake();
	struct atoll_error err = { 0 };

	assert_int_equal(atoll_controls_set(controls, name, text, &err), code);
	assert_int_equal(err.code, code);
	assert_string_equal(err.text, why);
	assert_int_equal(atoll_controls_set(controls, name, text, NULL), code);
	atoll_controls_close(controls);
}

static void names_are_in_small_letters_with_underscores(void **state)
{
	static const char *const names[] = {
		"brightness", "contrast", "white_balance_automatic", "do_white_balance",
		"power_line_frequency_hz", "white_balance_temperature", "auto_exposure",
		"privacy", "owner", "pan_tilt",
	};
	const size_t count = sizeof(names) / sizeof(names[0]);
	struct atoll_controls *controls = open_fake();

	(void)state;
	assert_int_equal(atoll_controls_count(controls), count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(atoll_controls_at(controls, i)->name, names[i]);
	assert_null(atoll_controls_at(controls, count));
	atoll_controls_close(controls);
}

static void values_are_read_when_asked(void **state)
{
	struct atoll_controls *controls = open_fake();
	const struct atoll_control *control = atoll_controls_at(controls, 0);

	(void)state;
	assert_int_equal(control->kind, ATOLL_CONTROL_INTEGER);
	assert_int_equal(control->low, -64);
	assert_int_equal(control->high, 64);
	assert_int_equal(control->standard, 0);
	assert_int_equal(control->value, 5);
	fake_v4l2.node[0].control[1].value = -7;
	assert_int_equal(atoll_controls_at(controls, 0)->value, -7);
	assert_string_equal(named(controls, "owner")->text, "me");
	assert_string_equal(named(controls, "brightness")->text, "");
	assert_int_equal(named(controls, "pan_tilt")->kind, ATOLL_CONTROL_OTHER);
	assert_int_equal(named(controls, "do_white_balance")->kind, ATOLL_CONTROL_BUTTON);
	assert_true(named(controls, "privacy")->is_read_only);
	atoll_controls_close(controls);
}

static void a_menu_has_the_choices_the_driver_has(void **state)
{
	struct atoll_controls *controls = open_fake();
	const struct atoll_control *menu = named(controls, "auto_exposure");

	(void)state;
	assert_int_equal(menu->choices, 3);
	assert_int_equal(menu->choice[2].value, 3);
	assert_string_equal(menu->choice[2].name, "Aperture Priority Mode");
	menu = named(controls, "power_line_frequency_hz");
	assert_int_equal(menu->choices, 3);
	assert_string_equal(menu->choice[1].name, "50");
	atoll_controls_close(controls);
}

static void each_kind_takes_what_fits(void **state)
{
	struct atoll_controls *controls;

	(void)state;
	assert_sets("brightness", "-64", -64);
	assert_sets("brightness", "0x10", 16);
	assert_sets("contrast", "30", 30);
	assert_sets("white_balance_automatic", "off", 0);
	assert_sets("white_balance_automatic", "1", 1);
	assert_sets("auto_exposure", "manual mode", 1);
	assert_sets("auto_exposure", "3", 3);
	assert_sets("power_line_frequency_hz", "60", 2);
	assert_sets("power_line_frequency_hz", "1", 0); /* a name before a number */
	controls = open_fake();
	assert_int_equal(atoll_controls_set(controls, "Do_White_Balance", "", NULL), 0);
	assert_int_equal(atoll_controls_set(controls, "owner", "you!", NULL), 0);
	assert_string_equal(named(controls, "owner")->text, "you!");
	atoll_controls_close(controls);
}

static void what_does_not_fit_is_refused_with_what_does(void **state)
{
	(void)state;
	assert_refused("zoom", "1", -ENOENT, "camera: /dev/video0: there is no control 'zoom'");
	assert_refused("brightness", "65", -ERANGE,
		       "camera: /dev/video0: brightness: 65 is not within -64 to 64");
	assert_refused("brightness", "bright", -EINVAL,
		       "camera: /dev/video0: brightness: 'bright' is not a number");
	assert_refused("brightness", "", -EINVAL,
		       "camera: /dev/video0: brightness: '' is not a number");
	assert_refused("brightness", "99999999999999999999", -EINVAL,
		       "camera: /dev/video0: brightness: '99999999999999999999' is not a number");
	assert_refused("contrast", "33", -ERANGE,
		       "camera: /dev/video0: contrast: 33 is not in steps of 10 from 10");
	assert_refused("white_balance_automatic", "2", -EINVAL,
		       "camera: /dev/video0: white_balance_automatic: '2' is neither on nor off");
	assert_refused("auto_exposure", "2", -EINVAL,
		       "camera: /dev/video0: auto_exposure: '2' is none of Auto Mode, "
		       "Manual Mode, Aperture Priority Mode");
	assert_refused("owner", "nobody in particular", -ERANGE,
		       "camera: /dev/video0: owner: 20 characters are not within 2 to 10 in the "
		       "driver's steps");
	assert_refused("owner", "you", -ERANGE,
		       "camera: /dev/video0: owner: 3 characters are not within 2 to 10 in the "
		       "driver's steps");
	assert_refused("pan_tilt", "1", -ENOTSUP,
		       "camera: /dev/video0: pan_tilt: a kind of value that cannot be set here");
}

static void what_cannot_be_set_now_says_so(void **state)
{
	(void)state;
	assert_refused("privacy", "off", -EACCES,
		       "camera: /dev/video0: privacy: can only be read");
	assert_refused("white_balance_temperature", "5000", -EACCES,
		       "camera: /dev/video0: white_balance_temperature: another control (an "
		       "automatic one?) rules it out");
	fake_v4l2.node[0].control[3].value = 0;
	assert_sets("white_balance_temperature", "5000", 5000);
	fake_v4l2.node[0].control[1].flags = V4L2_CTRL_FLAG_GRABBED;
	assert_refused("brightness", "1", -EBUSY,
		       "camera: /dev/video0: brightness: locked while the camera streams");
}

static void a_mask_is_a_number_without_sign(void **state)
{
	static const struct fake_control mask = {
		ID_TYPE_NAME(V4L2_CID_BRIGHTNESS, BITMASK, "Bitmask"),
		RANGE(0, (int32_t)0x80402010, 0, (int32_t)0x80002000, 0) };

	(void)state;
	fake_v4l2.node[0].control[1] = mask;
	assert_sets("bitmask", "0x80000010", 0x80000010);
	assert_refused("bitmask", "-1", -ERANGE,
		       "camera: /dev/video0: bitmask: -1 is not within 0 to 2151686160");
}

static void wide_numbers_are_kept_whole(void **state)
{
	static const struct fake_control wide = {
		ID_TYPE_NAME(V4L2_CID_BRIGHTNESS, INTEGER64, "Wide"),
		RANGE(INT64_MIN, INT64_MAX, 1, 0, 0) };

	(void)state;
	fake_v4l2.node[0].control[1] = wide;
	assert_sets("wide", "-9223372036854775808", INT64_MIN);
	assert_sets("wide", "5000000000", 5000000000);
}

static void a_device_without_controls_has_none(void **state)
{
	struct atoll_controls *controls;

	(void)state;
	memset(fake_v4l2.node[0].control, 0, sizeof(fake_v4l2.node[0].control));
	controls = open_fake();
	assert_int_equal(atoll_controls_count(controls), 0);
	atoll_controls_close(controls);
	atoll_controls_close(NULL);
}

static void a_device_that_leaves_gives_a_sentence(void **state)
{
	struct atoll_controls *controls = open_fake();
	struct atoll_error err = { 0 };

	(void)state;
	fake_v4l2_unplug(0);
	assert_int_equal(atoll_controls_at(controls, 0)->value, 0); /* the last known */
	assert_int_equal(atoll_controls_set(controls, "brightness", "1", &err), -ENODEV);
	assert_string_equal(err.text, "camera: /dev/video0: brightness: No such device");
	atoll_controls_close(controls);
	assert_null(camera_controls_on(&fake_v4l2_device, "/dev/video0", &err));
	assert_string_equal(err.text,
			    "camera: /dev/video0: controls: No such file or directory");
}

static void a_failed_open_leaves_nothing_behind(void **state)
{
	(void)state;
	for (unsigned step = 1;; step++) {
		struct atoll_controls *controls;

		reset(NULL);
		fake_v4l2.fails_at = step;
		controls = camera_controls_on(&fake_v4l2_device, "/dev/video0", NULL);
		atoll_controls_close(controls);
		assert_int_equal(fake_v4l2.open_fds, 0);
		if (fake_v4l2.calls < step)
			break;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, is_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(names_are_in_small_letters_with_underscores),
		TEST(values_are_read_when_asked),
		TEST(a_menu_has_the_choices_the_driver_has),
		TEST(each_kind_takes_what_fits),
		TEST(what_does_not_fit_is_refused_with_what_does),
		TEST(what_cannot_be_set_now_says_so),
		TEST(a_mask_is_a_number_without_sign),
		TEST(wide_numbers_are_kept_whole),
		TEST(a_device_without_controls_has_none),
		TEST(a_device_that_leaves_gives_a_sentence),
		TEST(a_failed_open_leaves_nothing_behind),
	};

	return CHECK_RUN(tests);
}
