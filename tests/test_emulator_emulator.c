/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/emulator/emulator.h"
#include "tests/check.h"
#include "tests/emulated.h"

static int ask(struct emulated *tpu, uint8_t type, uint8_t request, uint16_t value,
	       uint16_t index, uint16_t length, void *data)
{
	const struct usb_setup setup = { type, request, value, index, length };

	return emulator_control(tpu->emulator, &setup, data);
}

static int get_descriptor(struct emulated *tpu, uint16_t which, uint8_t *data, uint16_t length)
{
	return ask(tpu, 0x80, 6, (uint16_t)(which << 8), 0, length, data);
}

static struct emulated boot_rom(enum usb_speed speed)
{
	struct emulated tpu = { .emulator = emulator_new(
		&(struct emulator_options){ .speed = speed, .is_in_dfu = true }, NULL) };

	assert_non_null(tpu.emulator);
	return tpu;
}

static void each_personality_has_its_ids(void **state)
{
	(void)state;
	for (enum usb_speed speed = USB_HIGH; speed <= USB_SUPER; speed++) {
		struct emulated tpu[] = { emulated_new(speed), boot_rom(speed) };

		for (int i = 0; i < 2; i++) {
			uint8_t d[18];

			assert_int_equal(get_descriptor(&tpu[i], 1, d, sizeof(d)), 18);
			assert_int_equal(d[8] | d[9] << 8, emulator_vendor(tpu[i].emulator));
			assert_int_equal(d[10] | d[11] << 8,
					 emulator_product(tpu[i].emulator));
			assert_int_equal(d[3], speed == USB_SUPER ? 3 : 2);
			assert_int_equal(d[7], speed == USB_SUPER ? 9 : 64);
			assert_int_equal(emulator_vendor(tpu[i].emulator),
					 i ? USB_DFU_VENDOR : USB_APPLICATION_VENDOR);
			assert_int_equal(emulator_product(tpu[i].emulator),
					 i ? USB_DFU_PRODUCT : USB_APPLICATION_PRODUCT);
			emulated_free(&tpu[i]);
		}
	}
}

/* Every descriptor inside says its length; they fill the configuration exactly. */
static void configurations_hold_together(void **state)
{
	(void)state;
	for (enum usb_speed speed = USB_HIGH; speed <= USB_SUPER; speed++) {
		struct emulated tpu[] = { emulated_new(speed), boot_rom(speed) };

		for (int i = 0; i < 2; i++) {
			uint8_t d[512];
			int total = get_descriptor(&tpu[i], 2, d, sizeof(d));
			int endpoints = 0, at = 0;

			assert_int_equal(total, d[2] | d[3] << 8);
			assert_int_equal(get_descriptor(&tpu[i], 2, d, 9), 9);
			for (; at < total; at += d[at]) {
				assert_true(d[at] >= 2);
				endpoints += d[at + 1] == 5;
			}
			assert_int_equal(at, total);
			assert_int_equal(endpoints, i ? 0 : 6);
			emulated_free(&tpu[i]);
		}
	}
}

static void there_are_no_strings(void **state)
{
	struct emulated tpu = emulated_new(USB_SUPER);
	uint8_t d[8];

	(void)state;
	assert_int_equal(get_descriptor(&tpu, 3, d, sizeof(d)), -EPIPE);
	assert_int_equal(emulator_complaints(tpu.emulator), 0);
	emulated_free(&tpu);
}

static void a_host_may_configure_and_ask_for_the_status(void **state)
{
	struct emulated tpu = emulated_new(USB_HIGH);
	uint8_t d[2];

	(void)state;
	assert_int_equal(ask(&tpu, 0x00, 9, 1, 0, 0, NULL), 0);
	assert_int_equal(ask(&tpu, 0x00, 9, 2, 0, 0, NULL), -EPIPE);
	assert_int_equal(ask(&tpu, 0x80, 8, 0, 0, 1, d), 1);
	assert_int_equal(d[0], 1);
	assert_int_equal(ask(&tpu, 0x01, 11, 0, 0, 0, NULL), 0);
	assert_int_equal(ask(&tpu, 0x01, 11, 1, 0, 0, NULL), -EPIPE);
	assert_int_equal(ask(&tpu, 0x81, 10, 0, 0, 1, d), 1);
	assert_int_equal(ask(&tpu, 0x80, 0, 0, 0, 2, d), 2);
	assert_int_equal(d[0], 1);
	assert_int_equal(ask(&tpu, 0x82, 0, 0, 0x84, 2, d), -EPIPE);
	emulated_free(&tpu);
}

static void a_halt_is_seen_and_cleared(void **state)
{
	struct emulated tpu = emulated_new(USB_HIGH);
	uint8_t d[2], event[16];

	(void)state;
	assert_int_equal(ask(&tpu, 0x02, 3, 0, 0x82, 0, NULL), 0);
	assert_int_equal(emulator_in(tpu.emulator, 0x82, event, 16), -EPIPE);
	assert_int_equal(ask(&tpu, 0x82, 0, 0, 0x82, 2, d), 2);
	assert_int_equal(d[0], 1);
	assert_int_equal(ask(&tpu, 0x02, 1, 0, 0x82, 0, NULL), 0);
	assert_int_equal(emulator_in(tpu.emulator, 0x82, event, 16), -EAGAIN);
	assert_int_equal(emulator_clear_halt(tpu.emulator, 0x84), -EPIPE);
	emulated_free(&tpu);
}

static int block(struct emulated *tpu, uint16_t number, const uint8_t *bytes, uint16_t size)
{
	return ask(tpu, 0x21, 1, number, 0, size, (void *)bytes);
}

static void assert_dfu_status(struct emulated *tpu, int status, int dfu_state)
{
	uint8_t d[6];

	assert_int_equal(ask(tpu, 0xa1, 3, 0, 0, 6, d), 6);
	assert_int_equal(d[0], status);
	assert_int_equal(d[4], dfu_state);
}

#define IMAGE_BYTES 600

static void download(struct emulated *tpu, const uint8_t *image)
{
	uint16_t number = 0;

	for (uint16_t at = 0; at < IMAGE_BYTES; at = (uint16_t)(at + 256)) {
		uint16_t n = (uint16_t)(IMAGE_BYTES - at < 256 ? IMAGE_BYTES - at : 256);

		assert_int_equal(block(tpu, number++, image + at, n), n);
		assert_dfu_status(tpu, 0, 5);
	}
	assert_int_equal(block(tpu, number, NULL, 0), 0);
	assert_dfu_status(tpu, 0, 2);
}

static void firmware_goes_in_and_comes_back_padded(void **state)
{
	struct emulated tpu = boot_rom(USB_SUPER);
	uint8_t image[IMAGE_BYTES], expected[32768] = { 0 }, d[256];

	(void)state;
	for (int i = 0; i < IMAGE_BYTES; i++)
		expected[i] = image[i] = (uint8_t)(i * 11 + 3);
	download(&tpu, image);
	for (uint16_t n = 0; n < 128; n++) {
		assert_int_equal(ask(&tpu, 0xa1, 2, n, 0, 256, d), 256);
		assert_memory_equal(d, expected + 256 * n, 256);
	}
	assert_int_equal(ask(&tpu, 0xa1, 2, 128, 0, 256, d), 0);
	assert_dfu_status(&tpu, 0, 2);
	assert_int_equal(ask(&tpu, 0xa1, 2, 0, 0, 256, d), 256);
	assert_int_equal(emulator_complaints(tpu.emulator), 0);
	emulated_free(&tpu);
}

static void only_a_complete_download_changes_the_personality(void **state)
{
	struct emulated tpu = boot_rom(USB_SUPER);
	const uint8_t image[IMAGE_BYTES] = { 1 };

	(void)state;
	assert_false(emulator_reset(tpu.emulator));
	assert_int_equal(block(&tpu, 0, image, 256), 256);
	assert_false(emulator_reset(tpu.emulator));
	assert_int_equal(emulator_vendor(tpu.emulator), USB_DFU_VENDOR);
	download(&tpu, image);
	assert_true(emulator_reset(tpu.emulator));
	assert_int_equal(emulator_vendor(tpu.emulator), USB_APPLICATION_VENDOR);
	assert_false(emulator_reset(tpu.emulator));
	assert_int_equal(ask(&tpu, 0x21, 0, 100, 0, 0, NULL), 0); /* DETACH */
	assert_true(emulator_reset(tpu.emulator));
	assert_int_equal(emulator_vendor(tpu.emulator), USB_DFU_VENDOR);
	download(&tpu, image);
	assert_true(emulator_reset(tpu.emulator));
	emulator_power_cycle(tpu.emulator);
	assert_int_equal(emulator_vendor(tpu.emulator), USB_DFU_VENDOR);
	assert_int_equal(emulator_complaints(tpu.emulator), 0);
	emulated_free(&tpu);
}

static void a_download_in_disorder_is_refused_until_cleared(void **state)
{
	struct emulated tpu = boot_rom(USB_SUPER);
	const uint8_t image[IMAGE_BYTES] = { 1 };

	(void)state;
	assert_int_equal(block(&tpu, 0, image, 256), 256);
	assert_int_equal(block(&tpu, 1, image, 256), -EPIPE); /* nobody asked for the status */
	assert_int_equal(emulator_complaints(tpu.emulator), 1);
	assert_dfu_status(&tpu, 0x0f, 10);
	assert_int_equal(block(&tpu, 0, image, 256), -EPIPE);
	assert_int_equal(ask(&tpu, 0x21, 4, 0, 0, 0, NULL), 0); /* CLRSTATUS */
	assert_int_equal(block(&tpu, 0, image, 256), 256);
	assert_dfu_status(&tpu, 0, 5);
	assert_int_equal(block(&tpu, 2, image, 256), -EPIPE);
	assert_non_null(strstr(emulator_complaint(tpu.emulator), "block 2 instead of 1"));
	assert_int_equal(ask(&tpu, 0x21, 4, 0, 0, 0, NULL), 0);
	assert_int_equal(block(&tpu, 0, NULL, 0), -EPIPE);
	assert_int_equal(ask(&tpu, 0x21, 4, 0, 0, 0, NULL), 0);
	download(&tpu, image);
	emulated_free(&tpu);
}

static void an_image_that_is_too_long_is_refused(void **state)
{
	struct emulated tpu = boot_rom(USB_SUPER);
	const uint8_t bytes[512] = { 1 };

	(void)state;
	assert_int_equal(block(&tpu, 0, bytes, 512), -EPIPE);
	assert_int_equal(ask(&tpu, 0x21, 4, 0, 0, 0, NULL), 0);
	for (uint16_t i = 0; i < 128; i++) {
		assert_int_equal(block(&tpu, i, bytes, 256), 256);
		assert_dfu_status(&tpu, 0, 5);
	}
	assert_int_equal(block(&tpu, 128, bytes, 256), -EPIPE);
	assert_non_null(strstr(emulator_complaint(tpu.emulator), "more than 32768 bytes"));
	emulated_free(&tpu);
}

static void the_boot_rom_knows_nothing_else(void **state)
{
	struct emulated tpu = boot_rom(USB_SUPER);
	uint8_t d[16];

	(void)state;
	assert_int_equal(ask(&tpu, 0xc0, 1, 0xa318, 1, 4, d), -EPIPE);
	assert_int_equal(emulator_out(tpu.emulator, 0x01, d, 8), -EPIPE);
	assert_int_equal(emulator_in(tpu.emulator, 0x82, d, 16), -EPIPE);
	assert_int_equal(emulator_complaints(tpu.emulator), 3);
	emulated_free(&tpu);
	tpu = emulated_new(USB_SUPER);
	assert_int_equal(block(&tpu, 0, d, 16), -EPIPE);
	assert_int_equal(emulator_complaints(tpu.emulator), 1);
	emulated_free(&tpu);
}

static void registers_begin_as_they_were_found(void **state)
{
	static const struct { uint32_t address, value; } initial[] = {
		{ 0x1a000, 0x89a }, { 0x1a30c, 0x000f0959 }, { 0x1a314, 0x00110000 },
		{ 0x1a318, 0x50c5025c }, { 0x1a704, 0x0070007f }, { 0x1a33c, 0x000c003f },
		{ 0x1a0d4, 1 }, { 0x1a0d8, 0 }, { 0x1a0dc, 0x03ff0000 }, { 0x1a500, 0 },
	};
	struct emulated tpu = emulated_new(USB_SUPER);

	(void)state;
	for (size_t i = 0; i < sizeof(initial) / sizeof(initial[0]); i++)
		assert_int_equal(emulated_read32(&tpu, initial[i].address), initial[i].value);
	emulated_free(&tpu);
	tpu.emulator = emulator_new(
		&(struct emulator_options){ .is_fresh = true, .is_clock_gated = true }, NULL);
	assert_int_equal(emulated_read32(&tpu, 0x1a318), 0x80050410);
	assert_int_equal(emulated_read32(&tpu, 0x1a314), 0x00150000);
	assert_int_equal(emulated_read64(&tpu, 0x44018), 0); /* awake */
	emulated_free(&tpu);
}

/* Values of the vendor's runtime, asleep after use and from reset. */
static void the_power_state_follows(void **state)
{
	struct emulated tpu = emulated_new(USB_SUPER);

	(void)state;
	emulated_write32(&tpu, 0x1a318, 0x0085025c);
	assert_int_equal(emulated_read32(&tpu, 0x1a318), 0x00850004);
	emulated_write64(&tpu, 0x44018, 1);
	emulated_write32(&tpu, 0x1a318, 0x00c50004);
	assert_int_equal(emulated_read32(&tpu, 0x1a318), 0x00c5025c);
	emulated_write32(&tpu, 0x1a318, 0x0085025c);
	assert_int_equal(emulated_read64(&tpu, 0x44018), 0);
	emulated_free(&tpu);
	tpu.emulator = emulator_new(&(struct emulator_options){ .is_fresh = true }, NULL);
	emulated_write32(&tpu, 0x1a318, 0x80c50410);
	assert_int_equal(emulated_read32(&tpu, 0x1a318), 0x80c50658);
	emulated_write32(&tpu, 0x1a318, 0x00850658);
	assert_int_equal(emulated_read32(&tpu, 0x1a318), 0x00850400);
	assert_int_equal(emulator_complaints(tpu.emulator), 0);
	emulated_free(&tpu);
}

static void a_register_is_used_in_its_width_and_while_it_is_there(void **state)
{
	static const struct { uint32_t address; uint8_t request; uint16_t length; } wrong[] = {
		{ 0x1a318, 0, 8 }, { 0x44018, 1, 4 }, { 0x44018, 0, 4 }, { 0x1a31a, 1, 4 },
		{ 0x20000, 1, 4 }, { 0x50000, 0, 8 }, { 0x44018, 2, 8 },
	};
	struct emulated tpu = emulated_new(USB_SUPER);
	uint8_t d[8] = { 0 };

	(void)state;
	assert_int_equal(emulated_write64(&tpu, 0x44018, 1), -EPIPE);
	assert_non_null(strstr(emulator_complaint(tpu.emulator), "0x44018: write of 64 bits: "
							       "the core is asleep"));
	emulated_wake(&tpu);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint16_t value = (uint16_t)wrong[i].address;
		uint16_t index = (uint16_t)(wrong[i].address >> 16);

		assert_int_equal(ask(&tpu, 0xc0, wrong[i].request, value, index,
				     wrong[i].length, d), -EPIPE);
		assert_int_equal(emulator_complaints(tpu.emulator), 2 + 2 * i);
		assert_int_equal(ask(&tpu, 0x40, wrong[i].request, value, index,
				     wrong[i].length, d), -EPIPE);
	}
	emulated_free(&tpu);
}

static void an_enabled_interrupt_comes_and_is_acknowledged_with_0(void **state)
{
	struct emulated tpu = emulated_new(USB_SUPER);
	uint8_t word[4];

	(void)state;
	emulated_wake(&tpu);
	emulated_write64(&tpu, 0x4c0a0, 0);
	emulator_interrupt(tpu.emulator, EMULATOR_THERMAL_WARNING);
	assert_int_equal(emulator_in(tpu.emulator, 0x83, word, 4), -EAGAIN);
	emulated_write64(&tpu, 0x4c0a0, 1);
	assert_int_equal(emulator_in(tpu.emulator, 0x83, word, 4), 4);
	assert_int_equal(word[0], 0x10);
	assert_int_equal(emulator_in(tpu.emulator, 0x83, word, 4), -EAGAIN);
	emulated_write64(&tpu, 0x4c0a8, 1);
	assert_int_equal(emulated_read64(&tpu, 0x4c0a8), 1);
	emulated_write64(&tpu, 0x4c0a8, 0);
	assert_int_equal(emulated_read64(&tpu, 0x4c0a8), 0);
	emulated_free(&tpu);
}

/* As in the recorded conversations. */
static void heat_is_seen_in_its_register_until_cleared(void **state)
{
	struct emulated tpu = emulated_new(USB_SUPER);

	(void)state;
	emulated_wake(&tpu);
	emulator_interrupt(tpu.emulator, EMULATOR_THERMAL_SHUTDOWN);
	assert_int_equal(emulated_read32(&tpu, 0x1a0dc), 0x43ff0000);
	emulated_write32(&tpu, 0x1a0dc, 0x53ff0000);
	assert_int_equal(emulated_read32(&tpu, 0x1a0dc), 0x03ff0000);
	emulator_interrupt(tpu.emulator, EMULATOR_THERMAL_WARNING);
	assert_int_equal(emulated_read32(&tpu, 0x1a0dc), 0x83ff0000);
	emulated_write32(&tpu, 0x1a0dc, 0xa3ff0000);
	assert_int_equal(emulated_read32(&tpu, 0x1a0dc), 0x03ff0000);
	emulated_free(&tpu);
}

static void the_sensor_measures_when_it_has_clock_and_power(void **state)
{
	struct emulated tpu = emulated_new(USB_SUPER);

	(void)state;
	emulator_set_temperature(tpu.emulator, 45550);
	emulated_write32(&tpu, 0x1a0dc, 1);
	assert_int_equal(emulated_read32(&tpu, 0x1a0dc) >> 16 & 0x3ff, 0x3ff);
	emulated_write32(&tpu, 0x1a0d0, 0xc80);
	emulated_write32(&tpu, 0x1a0d8, 7);
	assert_int_equal(emulated_read32(&tpu, 0x1a0dc) >> 16 & 0x3ff, 662 - 180);
	emulated_write32(&tpu, 0x1a0dc, 0);
	assert_int_equal(emulated_read32(&tpu, 0x1a0dc) >> 16 & 0x3ff, 0x3ff);
	emulated_free(&tpu);
}

static void the_chip_id_cannot_be_overwritten(void **state)
{
	struct emulated tpu = emulated_new(USB_SUPER);

	(void)state;
	emulated_write32(&tpu, 0x1a000, 0xffffffff);
	assert_int_equal(emulated_read32(&tpu, 0x1a000), 0x00ff089a);
	emulated_free(&tpu);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_personality_has_its_ids),
		cmocka_unit_test(configurations_hold_together),
		cmocka_unit_test(there_are_no_strings),
		cmocka_unit_test(a_host_may_configure_and_ask_for_the_status),
		cmocka_unit_test(a_halt_is_seen_and_cleared),
		cmocka_unit_test(firmware_goes_in_and_comes_back_padded),
		cmocka_unit_test(only_a_complete_download_changes_the_personality),
		cmocka_unit_test(a_download_in_disorder_is_refused_until_cleared),
		cmocka_unit_test(an_image_that_is_too_long_is_refused),
		cmocka_unit_test(the_boot_rom_knows_nothing_else),
		cmocka_unit_test(registers_begin_as_they_were_found),
		cmocka_unit_test(the_power_state_follows),
		cmocka_unit_test(a_register_is_used_in_its_width_and_while_it_is_there),
		cmocka_unit_test(an_enabled_interrupt_comes_and_is_acknowledged_with_0),
		cmocka_unit_test(heat_is_seen_in_its_register_until_cleared),
		cmocka_unit_test(the_sensor_measures_when_it_has_clock_and_power),
		cmocka_unit_test(the_chip_id_cannot_be_overwritten),
	};

	return CHECK_RUN(tests);
}
