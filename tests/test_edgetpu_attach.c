/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/check.h"
#include "tests/fake_usb.h"

static struct fake_usb fake;
static struct atoll_error err;
static struct attach_report report;
static uint8_t image[100];
static struct edgetpu_firmware firmware = { .bytes = image, .size = sizeof(image) };
static struct attach_options options;

static int enter(void **state)
{
	(void)state;
	fake_usb_reset(&fake, USB_HIGH);
	fake.memory_bytes = 256;
	err = (struct atoll_error){ 0 };
	report = (struct attach_report){ 0 };
	options = (struct attach_options){ .firmware = &firmware };
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 7);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	return (int)(fake.handles + fake.claims);
}

/* Attached, claimed, and let go again. */
static void attach(void)
{
	struct usb_device *usb = NULL;

	if (attach_open(&fake.bus, &fake_usb_place, &options, &usb, &report, &err) < 0)
		fail_msg("%s", err.text);
	assert_non_null(usb);
	assert_int_equal(fake.handles, 1);
	assert_int_equal(fake.claims, 1);
	assert_false(fake.is_dfu);
	assert_string_equal(fake_usb_log(&fake, fake.logged - 1), "claim 0");
	usb->bus->ops->close(usb);
	fake.logged--; /* that was us */
}

static void expect_failure(int r, const char *text)
{
	struct usb_device *usb = NULL;
	int result = attach_open(&fake.bus, &fake_usb_place, &options, &usb, &report, &err);

	if (result != r || !strstr(err.text, text))
		fail_msg("%d, \"%s\" instead of %d, \"%s\"", result, err.text, r, text);
	assert_null(usb);
	assert_int_equal(fake.handles, 0);
}

static void expect_report(uint32_t resets, uint32_t downloads, uint32_t tries)
{
	assert_int_equal(report.resets, resets);
	assert_int_equal(report.downloads, downloads);
	assert_int_equal(report.tries, tries);
}

#define EXPECT(...) \
	do { \
		static const char *const lines[] = { __VA_ARGS__ }; \
		fake_usb_expect(&fake, lines, sizeof(lines) / sizeof(lines[0])); \
	} while (0)

#define DOWNLOAD \
	"descriptor 2", "claim 0", "download 0 100", "status", "download 1 0", "status", \
	"upload 0", "upload 1", "release 0", "reset", "close"

static void a_device_that_another_program_uses_is_left_alone(void **state)
{
	(void)state;
	fake.is_used = true;
	expect_failure(-EBUSY, "another program uses it");
	EXPECT("open application", "descriptor 1", "reset", "close");
	expect_report(0, 0, 1);
}

static void a_running_device_is_reset_and_claimed(void **state)
{
	(void)state;
	attach();
	EXPECT("open application", "descriptor 1", "reset", "close",
	       "open application", "claim 0");
	expect_report(1, 0, 1);
	assert_true(fake.time_ns >= INT64_C(500000000));
}

static void a_device_in_its_boot_rom_gets_firmware(void **state)
{
	(void)state;
	fake.is_dfu = true;
	fake.away_ms = 3000;
	attach();
	EXPECT("open DFU", "descriptor 1", "reset", "close",
	       "open DFU", DOWNLOAD,
	       "open application", "claim 0");
	expect_report(2, 1, 1);
	assert_memory_equal(fake.memory, image, sizeof(image));
}

static void a_running_device_gets_firmware_too_when_asked(void **state)
{
	(void)state;
	options.downloads_always = true;
	attach();
	EXPECT("open application", "descriptor 1", "claim 0", "detach 100", "release 0",
	       "reset", "close",
	       "open DFU", DOWNLOAD,
	       "open application", "claim 0");
	expect_report(2, 1, 1);
}

static void without_firmware_the_sentence_says_where_to_get_it(void **state)
{
	(void)state;
	options.firmware = NULL;
	fake.is_dfu = true;
	expect_failure(-ENOENT, "edge TPU at 3-1.4: no firmware for it: run \"atoll-tpu firmware "
				"import FILE\"");
	expect_report(0, 0, 1);

	fake.is_dfu = false;
	options.downloads_always = true;
	expect_failure(-ENOENT, "no firmware");
	assert_false(fake.is_detached);

	fake.logged = 0;
	options.downloads_always = false;
	attach();
}

static void firmware_for_several_endpoints_is_not_sent(void **state)
{
	(void)state;
	firmware.is_multi_endpoint = true;
	fake.is_dfu = true;
	expect_failure(-EINVAL, "several endpoints");
	firmware.is_multi_endpoint = false;
}

static void nothing_is_waited_for_where_there_is_nothing(void **state)
{
	(void)state;
	fake.is_plugged = false;
	expect_failure(-ENODEV, "edge TPU at 3-1.4: ");
	assert_int_equal(fake.time_ns, 0);
	expect_report(0, 0, 1);
}

static void one_that_does_not_come_back_is_waited_for_ten_seconds(void **state)
{
	(void)state;
	fake.is_lost_in_reset = true;
	expect_failure(-ENODEV, "ms after a reset");
	assert_true(fake.time_ns >= INT64_C(10000000000));
	assert_true(fake.time_ns <= INT64_C(11000000000));
}

static void what_the_list_remembers_is_not_taken_for_what_is_there(void **state)
{
	(void)state;
	fake.is_dfu = true;
	fake.away_ms = 2000;
	fake.is_stale = true;
	attach();
	expect_report(2, 1, 1);
}

static void rights_that_come_late_are_waited_for(void **state)
{
	(void)state;
	fake.open_with = -EACCES;
	fake.opens_that_fail_after_resets = 4;
	fake.is_dfu = true;
	attach();
	expect_report(2, 1, 1);

	fake.opens_that_fail_after_resets = 1000;
	expect_failure(-EACCES, "ms after a reset: it does not open");

	/* As found, there is nothing to wait for. */
	fake.time_ns = fake.back_ns = 0;
	expect_failure(-EACCES, "edge TPU at 3-1.4: it does not open");
	assert_int_equal(fake.time_ns, 0);
}

static void a_failed_download_is_made_again_after_a_reset(void **state)
{
	(void)state;
	fake.is_dfu = true;
	fake.fail_at = 4, fake.fail_for = 1, fake.fail_with = -EPIPE;
	attach();
	expect_report(3, 1, 2);
	assert_memory_equal(fake.memory, image, sizeof(image));
}

static void firmware_that_was_not_verified_never_runs(void **state)
{
	(void)state;
	fake.is_dfu = true;
	fake.wrong_uploads = 1;
	attach();
	EXPECT("open DFU", "descriptor 1", "reset", "close",
	       "open DFU", "descriptor 2", "claim 0", "download 0 100", "status",
	       "download 1 0", "status", "upload 0", "release 0", "reset", "close",
	       "open application", "claim 0", "detach 100", "release 0", "reset", "close",
	       "open DFU", DOWNLOAD,
	       "open application", "claim 0");
	expect_report(4, 1, 2);
}

static void three_failures_are_enough(void **state)
{
	(void)state;
	fake.is_dfu = true;
	fake.wrong_uploads = 100;
	expect_failure(-EIO, "dfu: block 0: does not read back");
	assert_int_equal(report.tries, 3);
	assert_int_equal(report.downloads, 0);
	assert_true(fake.is_dfu);
}

static void patience_is_limited(void **state)
{
	(void)state;
	fake.is_dfu = true;
	fake.fail_for = UINT32_MAX, fake.fail_with = -ETIMEDOUT;
	options.patience_ms = 1200;
	expect_failure(-ETIMEDOUT, "not ready after 2 resets");
	assert_int_equal(report.resets, 2);
}

static void an_interface_in_use_is_told_at_once(void **state)
{
	(void)state;
	fake.claim_with = -EBUSY;
	expect_failure(-EBUSY, "claim interface 0: another program");
	expect_report(1, 0, 1);
}

static void a_stranger_is_left_alone(void **state)
{
	(void)state;
	fake.vendor = 0x1234;
	expect_failure(-ENOTSUP, "1234:9302 is not an Edge TPU");
}

static void low_speed_is_refused_and_full_speed_is_not(void **state)
{
	(void)state;
	fake.speed = USB_LOW;
	expect_failure(-ENOTSUP, "low speed");
	fake.speed = USB_FULL;
	fake.logged = 0;
	attach();
}

static void every_single_failure_is_survived(void **state)
{
	uint32_t transfers;

	(void)state;
	fake.is_dfu = true;
	attach();
	transfers = fake.controls;
	assert_true(transfers >= 8);
	for (uint32_t i = 0; i < transfers; i++) {
		fake.logged = 0;
		fake.controls = 0;
		fake.is_dfu = true;
		fake.fail_at = i, fake.fail_for = 1, fake.fail_with = i % 2 ? -EPIPE : -ENODEV;
		attach();
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(a_device_that_another_program_uses_is_left_alone),
		test(a_running_device_is_reset_and_claimed),
		test(a_device_in_its_boot_rom_gets_firmware),
		test(a_running_device_gets_firmware_too_when_asked),
		test(without_firmware_the_sentence_says_where_to_get_it),
		test(firmware_for_several_endpoints_is_not_sent),
		test(nothing_is_waited_for_where_there_is_nothing),
		test(one_that_does_not_come_back_is_waited_for_ten_seconds),
		test(what_the_list_remembers_is_not_taken_for_what_is_there),
		test(rights_that_come_late_are_waited_for),
		test(a_failed_download_is_made_again_after_a_reset),
		test(firmware_that_was_not_verified_never_runs),
		test(three_failures_are_enough),
		test(patience_is_limited),
		test(an_interface_in_use_is_told_at_once),
		test(a_stranger_is_left_alone),
		test(low_speed_is_refused_and_full_speed_is_not),
		test(every_single_failure_is_survived),
	};

	return CHECK_RUN(tests);
}
