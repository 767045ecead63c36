/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/chip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/edgetpu/registers.h"
#include "tests/check.h"
#include "tests/fake_usb.h"

#define COUNT(lines) (sizeof(lines) / sizeof((lines)[0]))

static struct fake_usb fake;
static struct usb_device *usb;
static struct atoll_error err;

static int enter(void **state)
{
	(void)state;
	fake_usb_reset(&fake, USB_SUPER);
	usb = fake_usb_open(&fake);
	err = (struct atoll_error){ 0 };
	return 0;
}

static int leave(void **state)
{
	(void)state;
	fake.bus.ops->close(usb);
	return (int)fake.handles;
}

static void expect_text(const char *text)
{
	if (!strstr(err.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err.text);
}

/* As a published capture of a real device has it, from the address of each register
   to the value written; "high" is what it was set to. */
static void it_wakes_as_a_captured_device_was_woken(void **state)
{
	static const char *const lines[] = {
		"r 1a30c", "w 1a30c f0059", "r 1a314", "r 1a318",
		"r 1a318", "w 1a318 5085025c", "r 1a318", "r 44018",
		"w 4a000 1", "w 48788 7f", "r 48788", "w 40020 1e02",
		"r 1a314", "w 1a314 150000", "r 1a000",
		"w 4c148 f0", "w 4c160 0", "w 4c058 80",
		"w 44018 1", "w 44158 1", "w 44198 1", "w 441d8 1", "w 44218 1",
		"w 48788 7f", "r 48788",
		"w 400c0 1", "w 40150 1", "w 40110 1", "w 40250 1", "w 40298 1",
		"w 402e0 1", "w 40328 1", "w 40190 1", "w 401d0 1", "w 40210 1",
		"w 4c060 1", "w 4c070 1", "w 4c080 1", "w 4c090 1", "w 4c0a0 1",
		"r 1a0d4", "w 1a0d4 80000001", "r 1a704", "w 1a704 7f",
		"r 1a33c", "w 1a33c 3f", "w 1a500 1", "w 1a600 1", "w 1a558 3", "w 1a658 3",
		"r 1a0d8", "w 1a0d8 80000000",
	};

	(void)state;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_HIGH, &err), 0);
	fake_usb_expect(&fake, lines, COUNT(lines));
}

static void it_goes_to_sleep_in_the_reverse_of_that(void **state)
{
	static const char *const lines[] = {
		"w 4c070 0", "w 4c080 0", "w 4c090 0", "w 4c0a0 0",
		"r 1a0d4", "w 1a0d4 1", "r 1a704", "w 1a704 70007f",
		"r 1a33c", "w 1a33c c003f", "w 1a500 0", "w 1a600 0", "w 1a558 0", "w 1a658 0",
		"r 1a0d8", "w 1a0d8 0", "w 4c060 0",
		"w 44018 2", "w 44158 2", "w 44198 2", "w 441d8 2", "w 44218 2",
		"w 48788 7f", "r 48788",
		"w 400c0 2", "w 40150 2", "w 40110 2", "w 40250 2", "w 40298 2",
		"w 402e0 2", "w 40328 2", "w 40190 2", "w 401d0 2", "w 40210 2",
		"r 1a318", "w 1a318 c5005c", "r 1a318", "w 1907c f", "w 1907c 0",
	};

	(void)state;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), 0);
	fake.logged = 0;
	assert_int_equal(chip_sleep(usb, &err), 0);
	fake_usb_expect(&fake, lines, COUNT(lines));
}

static void a_chip_that_is_awake_is_put_to_sleep_first(void **state)
{
	static const char *const lines[] = {
		"r 1a30c", "w 1a30c f0059", "r 1a314",
		"r 1a318", "w 1a318 80c50410", "r 1a318", "w 1907c f", "w 1907c 0",
		"r 1a318", "w 1a318 850610", "r 1a318", "r 44018",
	};

	(void)state;
	fake_usb_set_register(&fake, 0x1a318, 0x80050410);
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), 0);
	fake.logged = COUNT(lines);
	fake_usb_expect(&fake, lines, COUNT(lines));
}

/* Told to sleep by whoever had it before, and still running. */
static void a_chip_that_did_not_fall_asleep_is_told_again(void **state)
{
	static const char *const lines[] = {
		"r 1a30c", "w 1a30c f0059", "r 1a314",
		"r 1a318", "w 1a318 c5005c", "r 1a318", "w 1907c f", "w 1907c 0",
		"r 1a318", "w 1a318 85025c", "r 1a318", "r 44018",
	};

	(void)state;
	fake_usb_set_register(&fake, 0x1a318, 0x00c5005c);
	fake_usb_set_register(&fake, 0x44018, 2);
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), 0);
	fake.logged = COUNT(lines);
	fake_usb_expect(&fake, lines, COUNT(lines));
}

static void clock_gating_by_hardware_is_left_before_sleep(void **state)
{
	static const char *const lines[] = {
		"r 1a30c", "w 1a30c f0059", "r 1a314", "r 1a314", "w 1a314 190000", "r 1a318",
	};

	(void)state;
	fake_usb_set_register(&fake, 0x1a314, 0x00150000);
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), 0);
	assert_int_equal(fake_usb_register(&fake, 0x1a314), 0x00150000);
	fake.logged = COUNT(lines);
	fake_usb_expect(&fake, lines, COUNT(lines));
}

static void each_clock_has_its_bits(void **state)
{
	static const uint32_t bits[] = {
		[EDGETPU_CLOCK_LOW] = 0xf, [EDGETPU_CLOCK_MEDIUM] = 0x6,
		[EDGETPU_CLOCK_HIGH] = 0x5, [EDGETPU_CLOCK_MAX] = 0x0,
	};

	(void)state;
	for (uint32_t i = 0; i < COUNT(bits); i++) {
		assert_int_equal(chip_wake(usb, (enum edgetpu_clock)i, &err), 0);
		assert_int_equal(fake_usb_register(&fake, 0x1a318) >> 28, bits[i]);
	}
	assert_int_equal(chip_wake(usb, (enum edgetpu_clock)4, &err), -EINVAL);
}

static void clocks_have_names(void **state)
{
	enum edgetpu_clock clock = EDGETPU_CLOCK_LOW;

	(void)state;
	assert_int_equal(edgetpu_clock_read("max", &clock), 0);
	assert_int_equal(clock, EDGETPU_CLOCK_MAX);
	assert_int_equal(edgetpu_clock_read("medium", &clock), 0);
	assert_string_equal(edgetpu_clock_text(clock), "medium");
	assert_int_equal(edgetpu_clock_read("fast", &clock), -EINVAL);
	assert_int_equal(clock, EDGETPU_CLOCK_MEDIUM);
	assert_string_equal(edgetpu_clock_text((enum edgetpu_clock)9), "?");
}

static void output_comes_in_smaller_chunks_on_usb_2(void **state)
{
	(void)state;
	assert_int_equal(chip_output_chunk(USB_SUPER), 1024);
	assert_int_equal(chip_output_chunk(USB_HIGH), 256);
	assert_int_equal(chip_output_chunk(USB_FULL), 256);
	usb->speed = USB_HIGH;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), 0);
	assert_int_equal(fake_usb_register(&fake, 0x4c058), 256 / 8);
}

static void a_transfer_that_fails_is_tried_five_times_in_all(void **state)
{
	uint32_t transfers;

	(void)state;
	fake.fail_at = fake.controls + 7, fake.fail_for = 4, fake.fail_with = -EPIPE;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), 0);

	fake.fail_at = fake.controls + 8, fake.fail_for = 5;
	transfers = fake.controls;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), -EPIPE);
	assert_int_equal(fake.controls - transfers, 8 + 5);
	expect_text("chip: ");
	expect_text("the endpoint stalled");
}

static void a_transfer_cut_short_counts_as_failed(void **state)
{
	(void)state;
	fake.fail_at = fake.controls + 2, fake.fail_for = 5, fake.fail_with = 0;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), -EIO);
	expect_text("chip: read scu_ctrl_2 (0x1a314): ");
}

static void a_device_that_is_gone_is_asked_once(void **state)
{
	(void)state;
	fake.is_plugged = false;
	fake.controls = 0;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), -ENODEV);
	assert_int_equal(fake.controls, 1);
	expect_text("chip: read scu_ctrl_0 (0x1a30c): the device is gone");
	assert_int_equal(chip_sleep(usb, NULL), -ENODEV);
	assert_int_equal(fake.controls, 2);
}

static void every_single_failure_of_waking_is_told(void **state)
{
	uint32_t transfers;

	(void)state;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), 0);
	transfers = fake.controls;
	for (uint32_t i = 0; i < transfers; i++) {
		fake_usb_set_register(&fake, 0x1a318, 0x50c5025c);
		fake_usb_set_register(&fake, 0x1a314, 0x00110000);
		fake_usb_set_register(&fake, 0x44018, 0);
		fake.logged = 0;
		fake.fail_at = fake.controls + i, fake.fail_for = 5, fake.fail_with = -EIO;
		assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), -EIO);
		assert_int_equal(fake.logged, i);
		expect_text("failed on the bus");
	}
}

static void sleeping_goes_on_after_a_failure_and_tells_the_first(void **state)
{
	(void)state;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), 0);
	fake.fail_at = fake.controls + 1, fake.fail_for = 5, fake.fail_with = -EPIPE;
	fake.never_sleeps = true;
	assert_int_equal(chip_sleep(usb, &err), -EPIPE);
	expect_text("write top_level_int_1_control");
	assert_int_equal(fake_usb_register(&fake, 0x4c080), 1);
	assert_int_equal(fake_usb_register(&fake, 0x4c090), 0);
	assert_int_equal(fake_usb_register(&fake, 0x40210), 2);
}

static void sleeping_does_not_wait_for_one_that_does_not_answer(void **state)
{
	(void)state;
	fake.fail_at = fake.controls, fake.fail_for = UINT32_MAX, fake.fail_with = -ETIMEDOUT;
	assert_int_equal(chip_sleep(usb, &err), -ETIMEDOUT);
	assert_true(fake.time_ns <= INT64_C(5000000) * CHIP_CONTROL_MS);
}

static void a_chip_that_never_sleeps_or_wakes_is_given_up(void **state)
{
	(void)state;
	fake.never_wakes = true;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), -ETIMEDOUT);
	expect_text("scu_ctrl_3 (0x1a318) is still 0x85025c after 5000 ms");
	assert_true(fake.time_ns >= INT64_C(1000000) * CHIP_POLL_MS);
	assert_true(fake.time_ns <= INT64_C(1100000) * CHIP_POLL_MS);

	fake_usb_set_register(&fake, 0x1a318, 0x80050410);
	fake.logged = 0;
	fake.never_sleeps = true;
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), -ETIMEDOUT);
	expect_text("scu_ctrl_3");
}

static void another_chip_is_refused(void **state)
{
	(void)state;
	fake_usb_set_register(&fake, 0x1a000, 0x120005ac);
	assert_int_equal(chip_wake(usb, EDGETPU_CLOCK_MAX, &err), -EPROTO);
	expect_text("0x05ac");
	expect_text("0x089a");
}

static void a_word_of_warmth_is_acknowledged(void **state)
{
	static const char *const lines[] = {
		"r 1a0dc", "w 1a0dc a3ff0000", "w 4c0a8 0",
	};
	struct chip_trouble trouble;

	(void)state;
	fake_usb_set_register(&fake, 0x1a0dc, 0x83ff0000);
	assert_int_equal(chip_interrupt(usb, 0x10, &trouble, &err), 0);
	fake_usb_expect(&fake, lines, COUNT(lines));
	assert_int_equal(trouble.word, 0x10);
	assert_true(trouble.is_hot);
	assert_false(trouble.is_too_hot || trouble.is_fatal || trouble.is_bus ||
		     trouble.is_memory);
}

static void a_word_of_heat_is_acknowledged(void **state)
{
	static const char *const lines[] = {
		"r 1a0dc", "w 1a0dc 53ff0000", "w 4c078 0",
	};
	struct chip_trouble trouble;

	(void)state;
	fake_usb_set_register(&fake, 0x1a0dc, 0x43ff0000);
	assert_int_equal(chip_interrupt(usb, 0x02, &trouble, &err), 0);
	fake_usb_expect(&fake, lines, COUNT(lines));
	assert_true(trouble.is_too_hot);
	assert_false(trouble.is_hot);
}

static void bus_and_memory_errors_are_acknowledged(void **state)
{
	static const char *const lines[] = {
		"r 1a540", "r 1a544", "w 1a500 0", "w 1a500 1",
		"r 1a640", "w 1a600 0", "w 1a600 1", "r 1a644", "w 4c088 0",
		"r 1a704", "w 1a704 2007f", "r 1a33c", "w 1a33c 1003f", "w 4c098 0",
	};
	struct chip_trouble trouble;

	(void)state;
	fake_usb_set_register(&fake, 0x1a544, 1);
	fake_usb_set_register(&fake, 0x1a640, 1);
	fake_usb_set_register(&fake, 0x1a704, 0x0002007f);
	fake_usb_set_register(&fake, 0x1a33c, 0x0001003f);
	assert_int_equal(chip_interrupt(usb, 0x0c, &trouble, &err), 0);
	fake_usb_expect(&fake, lines, COUNT(lines));
	assert_true(trouble.is_bus && trouble.is_memory);
}

static void a_fatal_word_without_an_error_is_acknowledged(void **state)
{
	static const char *const lines[] = { "r 486f0", "w 4c068 0" };
	struct chip_trouble trouble;

	(void)state;
	assert_int_equal(chip_interrupt(usb, 0x01, &trouble, &err), 0);
	fake_usb_expect(&fake, lines, COUNT(lines));
	assert_false(trouble.is_fatal);
}

static void a_fatal_error_is_told_by_name(void **state)
{
	static const char *const lines[] = { "r 486f0", "r 48700" };
	struct chip_trouble trouble;

	(void)state;
	fake_usb_set_register(&fake, 0x486f0, 0x2001);
	fake_usb_set_register(&fake, 0x48700, 0x2000);
	assert_int_equal(chip_interrupt(usb, 0x13, &trouble, &err), -EIO);
	fake_usb_expect(&fake, lines, COUNT(lines));
	assert_true(trouble.is_fatal);
	assert_int_equal(trouble.error_status, 0x2001);
	assert_int_equal(trouble.first_error, 0x2000);
	assert_string_equal(err.text, "chip: fatal error 0x2001 (first 0x2000): inbound page "
				      "fault, DMA of no length");
	assert_int_equal(chip_interrupt(usb, 0x01, &trouble, NULL), -EIO);
}

static void a_word_that_cannot_be_looked_into_is_an_error(void **state)
{
	struct chip_trouble trouble;

	(void)state;
	for (uint32_t i = 0; i < 12; i++) {
		fake.fail_at = fake.controls + i, fake.fail_for = 5, fake.fail_with = -EPIPE;
		assert_int_equal(chip_interrupt(usb, 0x1f, &trouble, &err), -EPIPE);
		expect_text("the endpoint stalled");
	}
}

static void the_sensor_is_started_once(void **state)
{
	static const char *const first[] = {
		"r 1a0dc", "r 1a0d0", "w 1a0d0 c80", "r 1a0d8", "w 1a0d8 80000007",
		"r 1a0dc", "w 1a0dc 3ff0001", "r 1a0dc",
	};
	static const char *const second[] = { "r 1a0dc", "r 1a0dc" };
	int32_t millidegrees = 0;

	(void)state;
	fake_usb_set_register(&fake, 0x1a0d0, 0x0fff0000);
	fake_usb_set_register(&fake, 0x1a0d8, 0x80000000);
	fake.measurement = 504;
	assert_int_equal(chip_temperature(usb, &millidegrees, &err), 0);
	fake_usb_expect(&fake, first, COUNT(first));
	assert_int_equal(millidegrees, 40050); /* (662 - 504) * 250 + 550 */
	assert_true(fake.time_ns >= 100000);

	fake.logged = 0;
	fake_usb_set_register(&fake, 0x1a0dc, 0x02a60001);
	assert_int_equal(chip_temperature(usb, &millidegrees, &err), 0);
	fake_usb_expect(&fake, second, COUNT(second));
	assert_int_equal(millidegrees, -3450); /* 678 */
}

static void a_sensor_that_measures_nothing_is_an_error(void **state)
{
	int32_t millidegrees = 7;

	(void)state;
	fake.measurement = 0x3ff;
	assert_int_equal(chip_temperature(usb, &millidegrees, &err), -ETIMEDOUT);
	expect_text("omc0_dc (0x1a0dc) is still 0x3ff0001");
	expect_text("should not be");
	assert_int_equal(millidegrees, 7);
	fake.fail_at = fake.controls, fake.fail_for = 5, fake.fail_with = -EIO;
	assert_int_equal(chip_temperature(usb, &millidegrees, &err), -EIO);
	assert_int_equal(millidegrees, 7);
}

static void registers_have_one_address_and_one_name_each(void **state)
{
	static const struct { uint32_t address; const char *text; } all[] = {
#define X(name, address, text) { address, text },
		CHIP_REGISTERS(X)
#undef X
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		assert_string_equal(chip_register_name(all[i].address), all[i].text);
		assert_int_equal(all[i].address % (chip_register_is_wide(all[i].address) ? 8 : 4),
				 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(all[i].text, all[k].text);
	}
	assert_string_equal(chip_register_name(0x12345), "register");
}

#define test(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(it_wakes_as_a_captured_device_was_woken),
		test(it_goes_to_sleep_in_the_reverse_of_that),
		test(a_chip_that_is_awake_is_put_to_sleep_first),
		test(a_chip_that_did_not_fall_asleep_is_told_again),
		test(clock_gating_by_hardware_is_left_before_sleep),
		test(each_clock_has_its_bits),
		test(clocks_have_names),
		test(output_comes_in_smaller_chunks_on_usb_2),
		test(a_transfer_that_fails_is_tried_five_times_in_all),
		test(a_transfer_cut_short_counts_as_failed),
		test(a_device_that_is_gone_is_asked_once),
		test(every_single_failure_of_waking_is_told),
		test(sleeping_goes_on_after_a_failure_and_tells_the_first),
		test(sleeping_does_not_wait_for_one_that_does_not_answer),
		test(a_chip_that_never_sleeps_or_wakes_is_given_up),
		test(another_chip_is_refused),
		test(a_word_of_warmth_is_acknowledged),
		test(a_word_of_heat_is_acknowledged),
		test(bus_and_memory_errors_are_acknowledged),
		test(a_fatal_word_without_an_error_is_acknowledged),
		test(a_fatal_error_is_told_by_name),
		test(a_word_that_cannot_be_looked_into_is_an_error),
		test(the_sensor_is_started_once),
		test(a_sensor_that_measures_nothing_is_an_error),
		test(registers_have_one_address_and_one_name_each),
	};

	return CHECK_RUN(tests);
}
