/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/dfu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/fake_usb.h"

static struct fake_usb fake;
static struct usb_device *usb;
static struct atoll_error err;
static uint8_t image[1000];
static struct edgetpu_firmware firmware;

static int enter(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	fake_usb_reset(&fake, USB_HIGH);
	fake.is_dfu = true;
	fake.memory_bytes = 2048;
	usb = fake_usb_open(&fake);
	fake.claims = 0;
	err = (struct atoll_error){ 0 };
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)check_random(&random);
	firmware = (struct edgetpu_firmware){ .bytes = image, .size = sizeof(image) };
	return 0;
}

/* Whatever happened, nothing is claimed any more. */
static int leave(void **state)
{
	(void)state;
	if (fake.claims)
		return -1;
	fake.bus.ops->close(usb);
	return (int)fake.handles;
}

static void expect_failure(int r, const char *text)
{
	int result = dfu_download(usb, &firmware, &err);

	if (result != r || !strstr(err.text, text))
		fail_msg("%d, \"%s\" instead of %d, \"%s\"", result, err.text, r, text);
}

static void an_image_is_sent_in_blocks_and_read_back(void **state)
{
	static const char *const lines[] = {
		"descriptor 2", "claim 0",
		"download 0 256", "status", "download 1 256", "status",
		"download 2 256", "status", "download 3 232", "status",
		"download 4 0", "status",
		"upload 0", "upload 1", "upload 2", "upload 3", "upload 4", "upload 5",
		"upload 6", "upload 7", "upload 8",
		"release 0",
	};

	(void)state;
	assert_int_equal(dfu_download(usb, &firmware, &err), 0);
	fake_usb_expect(&fake, lines, sizeof(lines) / sizeof(lines[0]));
	assert_int_equal(fake.loaded, sizeof(image));
	assert_memory_equal(fake.memory, image, sizeof(image));
}

static void the_device_says_how_large_blocks_are(void **state)
{
	(void)state;
	fake.transfer_low = 64, fake.transfer_high = 0;
	fake.memory_bytes = sizeof(image) + 8;
	assert_int_equal(dfu_download(usb, &firmware, &err), 0);
	assert_string_equal(fake_usb_log(&fake, 2), "download 0 64");
	assert_memory_equal(fake.memory, image, sizeof(image));
}

static void blocks_of_any_size_end_where_the_image_ends(void **state)
{
	(void)state;
	for (uint32_t size = 255; size <= 257; size++) {
		firmware.size = size;
		fake.logged = 0;
		assert_int_equal(dfu_download(usb, &firmware, &err), 0);
		assert_int_equal(fake.loaded, size);
		assert_memory_equal(fake.memory, image, size);
	}
}

static void a_busy_device_is_asked_again(void **state)
{
	(void)state;
	fake.busy = 3;
	assert_int_equal(dfu_download(usb, &firmware, &err), 0);
	assert_int_equal(fake.time_ns, INT64_C(30000000)); /* 10 ms each, as it asked for */
}

static void a_device_that_stays_busy_is_given_up(void **state)
{
	(void)state;
	fake.busy = UINT32_MAX;
	expect_failure(-ETIMEDOUT, "dfu: block 0: status: timed out");
	assert_true(fake.time_ns <= INT64_C(15010000000));
}

static void a_device_that_does_not_answer_is_given_up(void **state)
{
	(void)state;
	fake.fail_at = fake.controls + 12, fake.fail_for = 10, fake.fail_with = -ETIMEDOUT;
	expect_failure(-ETIMEDOUT, "dfu: block 1: read back: timed out");
	assert_true(fake.time_ns <= INT64_C(6000000000));
}

static void a_refused_block_is_named(void **state)
{
	(void)state;
	fake.fail_at = fake.controls + 5, fake.fail_for = 1, fake.fail_with = -EPIPE;
	expect_failure(-EPIPE, "dfu: block 2: send: the endpoint stalled");
	assert_string_equal(fake_usb_log(&fake, fake.logged - 1), "release 0");
}

static void every_single_failure_is_told(void **state)
{
	uint32_t transfers;

	(void)state;
	assert_int_equal(dfu_download(usb, &firmware, &err), 0);
	transfers = fake.controls;
	for (uint32_t i = 0; i < transfers; i++) {
		fake.logged = 0;
		fake.fail_at = fake.controls + i, fake.fail_for = 1, fake.fail_with = -EIO;
		expect_failure(-EIO, "failed on the bus");
		assert_int_equal(fake.claims, 0);
	}
}

static void a_bad_status_is_told(void **state)
{
	(void)state;
	fake.status = 3;
	expect_failure(-EPROTO, "dfu: block 0: status 3 in state 5, should be 0 in 5");
}

static void what_reads_back_wrongly_is_told(void **state)
{
	(void)state;
	fake.wrong_uploads = 1;
	expect_failure(-EIO, "dfu: block 0: does not read back as it was sent");
	assert_string_equal(fake_usb_log(&fake, fake.logged - 1), "release 0");
}

static void what_reads_back_too_short_is_told(void **state)
{
	(void)state;
	fake.memory_bytes = 999;
	expect_failure(-EIO, "dfu: block 3: read back ends at byte 999 of 1000");
}

static void what_reads_back_without_end_is_told(void **state)
{
	(void)state;
	fake.memory_bytes = UINT32_MAX;
	fake.transfer_high = 4; /* fewer lines for the log */
	expect_failure(-EPROTO, "dfu: block 64: read back: it has no end");
}

static void a_configuration_without_the_interface_is_told(void **state)
{
	(void)state;
	fake.interface_class = 0xff;
	expect_failure(-EPROTO, "no DFU interface");
	fake.interface_class = 0xfe;
	fake.transfer_high = 0;
	expect_failure(-EPROTO, "transfer size 0");
}

static void an_interface_of_another_program_is_told(void **state)
{
	(void)state;
	fake.claim_with = -EBUSY;
	expect_failure(-EBUSY, "dfu: claim interface 0: another program");
	assert_int_equal(dfu_detach(usb, &err), -EBUSY);
}

static void an_image_of_no_or_too_many_bytes_is_not_sent(void **state)
{
	(void)state;
	firmware.size = 0;
	expect_failure(-EINVAL, "0 bytes");
	firmware.size = 65537;
	expect_failure(-EINVAL, "65537 bytes");
	assert_int_equal(fake.logged, 0);
}

static void a_running_device_is_told_to_detach(void **state)
{
	static const char *const lines[] = { "claim 0", "detach 100", "release 0" };

	(void)state;
	fake.is_dfu = false;
	assert_int_equal(dfu_detach(usb, &err), 0);
	fake_usb_expect(&fake, lines, 3);

	fake.fail_at = fake.controls, fake.fail_for = 1, fake.fail_with = -EPIPE;
	assert_int_equal(dfu_detach(usb, &err), -EPIPE);
	assert_string_equal(err.text, "dfu: detach: the endpoint stalled");
}

#define test(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(an_image_is_sent_in_blocks_and_read_back),
		test(the_device_says_how_large_blocks_are),
		test(blocks_of_any_size_end_where_the_image_ends),
		test(a_busy_device_is_asked_again),
		test(a_device_that_stays_busy_is_given_up),
		test(a_device_that_does_not_answer_is_given_up),
		test(a_refused_block_is_named),
		test(every_single_failure_is_told),
		test(a_bad_status_is_told),
		test(what_reads_back_wrongly_is_told),
		test(what_reads_back_too_short_is_told),
		test(what_reads_back_without_end_is_told),
		test(a_configuration_without_the_interface_is_told),
		test(an_interface_of_another_program_is_told),
		test(an_image_of_no_or_too_many_bytes_is_not_sent),
		test(a_running_device_is_told_to_detach),
	};

	return CHECK_RUN(tests);
}
