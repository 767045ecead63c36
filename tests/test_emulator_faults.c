/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/emulator/bus.h"
#include "runtime/emulator/faults.h"
#include "tests/check.h"
#include "tests/emulated.h"

static struct fault_script read_script(const char *text)
{
	struct fault_script script;
	struct atoll_error err;

	if (fault_script_read(text, &script, &err) < 0)
		fail_msg("%s", err.text);
	return script;
}

static void every_word_is_read(void **state)
{
	static const struct { const char *text; struct fault fault; } words[] = {
		{ "stall@17", { .kind = FAULT_STALL, .transfer = 17 } },
		{ "timeout@0", { .kind = FAULT_TIMEOUT } },
		{ "short@*", { .kind = FAULT_SHORT, .is_any = true } },
		{ "unplug@3", { .kind = FAULT_UNPLUG, .transfer = 3, .extra_ms = 500 } },
		{ "unplug@3+2000", { .kind = FAULT_UNPLUG, .transfer = 3, .extra_ms = 2000 } },
		{ "unplug@3+-1", { .kind = FAULT_UNPLUG, .transfer = 3, .extra_ms = -1 } },
		{ "reset@18446744073709551615",
		  { .kind = FAULT_RESET, .transfer = UINT64_MAX } },
		{ "fatal@1", { .kind = FAULT_FATAL, .transfer = 1 } },
		{ "hot@1", { .kind = FAULT_HOT, .transfer = 1 } },
		{ "too-hot@1", { .kind = FAULT_TOO_HOT, .transfer = 1 } },
		{ "no-event@1", { .kind = FAULT_NO_EVENT, .transfer = 1 } },
		{ "verify", { .kind = FAULT_VERIFY } },
		{ "no-sleep!", { .kind = FAULT_NO_SLEEP, .is_always = true } },
		{ "no-wake", { .kind = FAULT_NO_WAKE } },
		{ "slow@1+50", { .kind = FAULT_SLOW, .transfer = 1, .extra_ms = 50 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct fault_script script = read_script(words[i].text);
		const struct fault *fault = &script.fault[0];

		assert_int_equal(script.count, 1);
		assert_int_equal(fault->kind, words[i].fault.kind);
		assert_int_equal(fault->transfer, words[i].fault.transfer);
		assert_int_equal(fault->extra_ms, words[i].fault.extra_ms);
		assert_int_equal(fault->is_any, words[i].fault.is_any);
		assert_int_equal(fault->is_always, words[i].fault.is_always);
		assert_int_equal(strncmp(words[i].text, fault_kind_name(fault->kind),
					 strlen(fault_kind_name(fault->kind))), 0);
	}
}

static void a_script_is_words_with_blanks_between(void **state)
{
	struct fault_script script = read_script("  stall@1\tverify\n no-wake  ");

	(void)state;
	assert_int_equal(script.count, 3);
	assert_int_equal(script.fault[2].kind, FAULT_NO_WAKE);
	script = read_script("");
	assert_int_equal(script.count, 0);
}

static void a_wrong_word_is_named_with_what_is_allowed(void **state)
{
	static const char *const wrong[] = {
		"stal@1", "stall", "stall@", "stall@x", "stall@1x", "stall@-1", "stall@1+5",
		"stall@18446744073709551616", "stall@1!", "slow@1", "slow@1+", "slow@1+-1",
		"slow@1+99999999", "verify@1", "verify!!", "verifyy", "@1", "!",
		"unplug@1+-2", "stall@**",
	};
	struct fault_script script = { .count = 7 };
	struct atoll_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(fault_script_read(wrong[i], &script, &err), -EINVAL);
		assert_non_null(strstr(err.text, wrong[i]));
		assert_non_null(strstr(err.text, "no-wake"));
	}
	assert_int_equal(fault_script_read("stall@000000000000000000000000000000000000000001",
					   &script, &err), -EINVAL);
	assert_int_equal(script.count, 7); /* written only on success */
}

static void a_script_has_an_end(void **state)
{
	struct fault_script script;
	struct atoll_error err;
	char text[FAULTS_MAX * 7 + 16] = "";

	(void)state;
	for (int i = 0; i < FAULTS_MAX; i++)
		strcat(text, "verify ");
	assert_int_equal(fault_script_read(text, &script, &err), 0);
	strcat(text, "verify ");
	assert_int_equal(fault_script_read(text, &script, &err), -EINVAL);
}

/* One device on a bus, open and claimed, awake unless in its boot ROM. */
struct faulty {
	struct usb_bus *bus;
	struct usb_place place;
	struct emulated tpu;
	struct usb_device *usb;
};

static struct faulty plug(const char *text)
{
	struct fault_script script = read_script(text);
	struct faulty f = {
		.bus = emulator_bus_new(&(struct emulator_bus_options){
			.is_time_virtual = true }, NULL),
		.tpu = emulated_new(USB_SUPER),
	};

	emulated_teach(&f.tpu, emulated_package(EMULATED_ALONE));
	emulated_wake(&f.tpu);
	f.place = emulator_bus_plug(f.bus, f.tpu.emulator, NULL);
	assert_int_equal(f.bus->ops->open(f.bus, &f.place, &f.usb, NULL), 0);
	assert_int_equal(f.bus->ops->claim(f.usb, 0), 0);
	emulator_bus_set_faults(f.bus, &f.place, &script);
	return f;
}

static void unplug(struct faulty *f)
{
	f->bus->ops->close(f->usb);
	f->bus->ops->free(f->bus);
}

static int ask(struct faulty *f, uint32_t timeout_ms)
{
	const struct usb_setup setup = { 0x80, 6, 0x0100, 0, 18 };
	uint8_t data[18];

	return f->bus->ops->control(f->usb, &setup, data, timeout_ms);
}

static void tell(struct usb_transfer *transfer)
{
	*(bool *)transfer->context = true;
}

/* One transfer from beginning to end. */
static struct usb_transfer carry(struct faulty *f, uint8_t endpoint, void *data,
				 uint32_t length, uint32_t timeout_ms)
{
	bool is_over = false;
	struct usb_transfer transfer = { .endpoint = endpoint, .data = data, .length = length,
					 .timeout_ms = timeout_ms, .done = tell,
					 .context = &is_over };

	assert_int_equal(f->bus->ops->submit(f->usb, &transfer), 0);
	for (int i = 0; i < 100 && !is_over; i++)
		assert_int_equal(f->bus->ops->wait(f->usb, 1000), 0);
	assert_true(is_over);
	f->bus->ops->forget(f->usb, &transfer);
	return transfer;
}

static struct usb_transfer send_instructions(struct faulty *f)
{
	uint8_t item[8 + 64] = { 64 };

	memcpy(item + 8, emulated_package(EMULATED_ALONE)->main->chunk->bytes, 64);
	return carry(f, 0x01, item, sizeof(item), 1000);
}

static struct usb_transfer send_input(struct faulty *f)
{
	uint8_t item[8 + 64] = { 64, 0, 0, 0, EMULATED_INPUT };

	return carry(f, 0x01, item, sizeof(item), 1000);
}

static void transfers_are_counted_from_the_script_on(void **state)
{
	struct faulty f = plug("");
	uint8_t word[4];

	(void)state;
	assert_int_equal(emulator_bus_transfers(f.bus, &f.place), 0);
	assert_int_equal(ask(&f, 1000), 18);
	assert_int_equal(send_instructions(&f).status, 0);
	assert_int_equal(carry(&f, 0x83, word, 4, 10).status, -ETIMEDOUT);
	assert_int_equal(emulator_bus_transfers(f.bus, &f.place), 3);
	emulator_bus_set_faults(f.bus, &f.place, NULL);
	assert_int_equal(emulator_bus_transfers(f.bus, &f.place), 0);
	unplug(&f);
}

static void a_stall_hits_one_transfer(void **state)
{
	struct faulty f = plug("stall@1 stall@3");

	(void)state;
	assert_int_equal(ask(&f, 1000), 18);
	assert_int_equal(ask(&f, 1000), -EPIPE);
	assert_int_equal(ask(&f, 1000), 18);
	assert_int_equal(send_instructions(&f).status, -EPIPE);
	assert_int_equal(send_instructions(&f).status, -EPIPE); /* until it is cleared */
	assert_int_equal(f.bus->ops->clear_halt(f.usb, 0x01), 0);
	assert_int_equal(send_instructions(&f).status, 0);
	assert_int_equal(emulator_complaints(f.tpu.emulator), 0);
	unplug(&f);
}

static void a_timeout_takes_as_long_as_it_may(void **state)
{
	struct faulty f = plug("timeout@0 timeout@1");
	int64_t start = f.bus->ops->clock_ns(f.bus);

	(void)state;
	assert_int_equal(ask(&f, 1000), -ETIMEDOUT);
	assert_int_equal(send_instructions(&f).status, -ETIMEDOUT);
	assert_int_equal(f.bus->ops->clock_ns(f.bus) - start, 2000000000);
	assert_int_equal(ask(&f, 1000), 18);
	assert_int_equal(send_input(&f).status, -EPIPE); /* the instructions never came */
	unplug(&f);
}

static void a_short_read_loses_half(void **state)
{
	struct faulty f = plug("short@0 short@3");
	uint8_t data[1024];
	struct usb_transfer read;

	(void)state;
	assert_int_equal(ask(&f, 1000), 9);
	assert_int_equal(send_instructions(&f).status, 0);
	assert_int_equal(send_input(&f).status, 0);
	read = carry(&f, 0x81, data, sizeof(data), 1000);
	assert_int_equal(read.status, 0);
	assert_int_equal(read.actual, 512);
	assert_int_equal(carry(&f, 0x81, data, sizeof(data), 1000).actual, 1200 - 1024);
	unplug(&f);
}

static uint32_t listed(struct faulty *f, struct usb_found *found)
{
	uint32_t count;

	assert_int_equal(f->bus->ops->list(f->bus, found, 1, &count, NULL), 0);
	return count;
}

static void a_device_that_is_pulled_out_comes_back_without_firmware(void **state)
{
	struct faulty f = plug("unplug@0+2000");
	struct usb_found found;

	(void)state;
	assert_int_equal(ask(&f, 1000), -ENODEV);
	assert_int_equal(listed(&f, &found), 0);
	f.bus->ops->sleep_ms(f.bus, 1999);
	assert_int_equal(listed(&f, &found), 0);
	f.bus->ops->sleep_ms(f.bus, 1);
	assert_int_equal(listed(&f, &found), 1);
	assert_int_equal(found.vendor, USB_DFU_VENDOR);
	unplug(&f);
}

static void a_device_that_is_gone_for_good_stays_away(void **state)
{
	struct faulty f = plug("unplug@0+-1");
	struct usb_found found;

	(void)state;
	assert_int_equal(send_instructions(&f).status, -ENODEV);
	f.bus->ops->sleep_ms(f.bus, 4000000);
	assert_int_equal(listed(&f, &found), 0);
	emulator_bus_replug(f.bus, &f.place);
	assert_int_equal(listed(&f, &found), 1);
	unplug(&f);
}

static void a_power_glitch_leads_to_the_boot_rom(void **state)
{
	struct faulty f = plug("reset@1");
	struct usb_found found;

	(void)state;
	assert_int_equal(ask(&f, 1000), 18);
	assert_int_equal(send_instructions(&f).status, -ENODEV);
	assert_int_equal(listed(&f, &found), 1);
	assert_int_equal(found.product, USB_DFU_PRODUCT);
	unplug(&f);
}

static void interrupt_words_come_when_told(void **state)
{
	static const struct { const char *text; uint32_t word; } words[] = {
		{ "hot@0", 0x10 }, { "too-hot@0", 0x02 }, { "fatal@0", 0x01 },
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct faulty f = plug(words[i].text);
		uint8_t word[4];

		assert_int_equal(carry(&f, 0x83, word, 4, 1000).status, 0);
		assert_int_equal(word[0], words[i].word);
		assert_int_equal(carry(&f, 0x83, word, 4, 1000).status, -ETIMEDOUT);
		unplug(&f);
	}
}

/* The program's run, all of it but for the event. */
static void run(struct faulty *f)
{
	static const uint32_t outputs[] = { 1200, 64, 8 };
	const struct edgetpu_executable *main = emulated_package(EMULATED_ALONE)->main;
	uint8_t item[8 + 64] = { 16, 0, 0, 0, EMULATED_PARAMETERS }, data[2048];

	assert_int_equal(send_instructions(f).status, 0);
	assert_int_equal(send_input(f).status, 0);
	assert_int_equal(carry(f, 0x81, data, 2048, 1000).actual, outputs[0]);
	memcpy(item + 8, main->parameters, 16);
	assert_int_equal(carry(f, 0x01, item, 8 + 16, 1000).status, 0);
	assert_int_equal(carry(f, 0x81, data, 1024, 1000).actual, outputs[1]);
	memset(item, 0, 8);
	item[0] = 32;
	memcpy(item + 8, main->chunk[1].bytes, 32);
	assert_int_equal(carry(f, 0x01, item, 8 + 32, 1000).status, 0);
	assert_int_equal(send_input(f).status, 0);
	assert_int_equal(carry(f, 0x81, data, 1024, 1000).actual, outputs[2]);
}

static void the_event_of_one_run_is_lost(void **state)
{
	struct faulty f = plug("no-event@2");
	uint8_t event[16];

	(void)state;
	run(&f);
	assert_int_equal(carry(&f, 0x82, event, 16, 1000).status, -ETIMEDOUT);
	run(&f);
	assert_int_equal(carry(&f, 0x82, event, 16, 1000).status, 0);
	assert_int_equal(emulator_runs(f.tpu.emulator), 2);
	unplug(&f);
}

static void slow_is_later(void **state)
{
	struct faulty f = plug("slow@0+50 slow@2+70");
	int64_t start = f.bus->ops->clock_ns(f.bus);

	(void)state;
	assert_int_equal(ask(&f, 1000), 18);
	assert_int_equal(ask(&f, 1000), 18);
	assert_int_equal(f.bus->ops->clock_ns(f.bus) - start, 50000000);
	assert_int_equal(send_instructions(&f).status, 0);
	assert_int_equal(f.bus->ops->clock_ns(f.bus) - start, 120000000);
	emulator_bus_set_faults(f.bus, &f.place, &(struct fault_script){ .count = 1,
		.fault = { { .kind = FAULT_SLOW, .is_any = true, .extra_ms = 2000 } } });
	assert_int_equal(ask(&f, 1000), -ETIMEDOUT);
	assert_int_equal(ask(&f, 1000), -ETIMEDOUT);
	unplug(&f);
}

/* 1200 bytes come for two reads, of which the first is slow. */
static void what_is_slow_holds_up_what_follows_on_its_endpoint(void **state)
{
	struct faulty f = plug("slow@2+50");
	uint8_t data[2][1024], word[4];
	bool is_over[2] = { false };
	struct usb_transfer read[2];

	(void)state;
	assert_int_equal(send_instructions(&f).status, 0);
	assert_int_equal(send_input(&f).status, 0);
	for (int i = 0; i < 2; i++) {
		read[i] = (struct usb_transfer){ .endpoint = 0x81, .data = data[i],
						 .length = sizeof(data[i]), .done = tell,
						 .context = &is_over[i] };
		assert_int_equal(f.bus->ops->submit(f.usb, &read[i]), 0);
	}
	assert_int_equal(carry(&f, 0x83, word, sizeof(word), 49).status, -ETIMEDOUT);
	assert_false(is_over[0] || is_over[1]);
	assert_int_equal(carry(&f, 0x83, word, sizeof(word), 1).status, -ETIMEDOUT);
	assert_true(is_over[0] && is_over[1]);
	assert_int_equal(read[0].actual, 1024);
	assert_int_equal(read[1].actual, 1200 - 1024);
	for (int i = 0; i < 2; i++)
		f.bus->ops->forget(f.usb, &read[i]);
	unplug(&f);
}

static void a_chip_may_not_fall_asleep_or_wake_up_once_or_ever(void **state)
{
	static const struct { const char *text; bool sleeps[2], wakes[2]; } cases[] = {
		{ "no-sleep", { false, true }, { true, true } },
		{ "no-sleep!", { false, false }, { true, true } },
		{ "no-wake", { true, true }, { false, true } },
		{ "no-wake!", { true, true }, { false, false } },
	};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct faulty f = plug(cases[i].text);

		for (int k = 0; k < 2; k++) {
			emulated_write32(&f.tpu, 0x1a318, 0x00c50000);
			assert_int_equal(emulated_read32(&f.tpu, 0x1a318) >> 8 & 3,
					 cases[i].sleeps[k] ? 2 : 0);
			emulated_write32(&f.tpu, 0x1a318, 0x00850000);
			assert_int_equal(emulated_read32(&f.tpu, 0x1a318) >> 8 & 3,
					 cases[i].wakes[k] ? 0 : 2);
		}
		unplug(&f);
	}
}

static int control(struct faulty *f, uint8_t type, uint8_t request, uint16_t value,
		   uint16_t length, uint8_t *data)
{
	const struct usb_setup setup = { type, request, value, 0, length };

	return f->bus->ops->control(f->usb, &setup, data, 1000);
}

/* Block 0 as it is read back. */
static uint8_t read_back(struct faulty *f)
{
	uint8_t data[256];

	assert_int_equal(control(f, 0xa1, 2, 0, 256, data), 256);
	return data[0];
}

static void firmware_is_read_back_wrongly_once(void **state)
{
	struct faulty f = plug("");
	const struct fault_script script = read_script("verify");

	(void)state;
	assert_int_equal(control(&f, 0x21, 0, 100, 0, NULL), 0);
	assert_int_equal(f.bus->ops->reset(f.usb), -ENODEV);
	f.bus->ops->close(f.usb);
	assert_int_equal(f.bus->ops->open(f.bus, &f.place, &f.usb, NULL), 0);
	assert_int_equal(f.bus->ops->claim(f.usb, 0), 0);
	emulator_bus_set_faults(f.bus, &f.place, &script);
	assert_int_not_equal(read_back(&f), 0);
	assert_int_equal(read_back(&f), 0);
	unplug(&f);
}

static void no_script_is_no_fault(void **state)
{
	struct faulty f = plug("stall@* no-sleep!");

	(void)state;
	assert_int_equal(ask(&f, 1000), -EPIPE);
	emulator_bus_set_faults(f.bus, &f.place, NULL);
	assert_int_equal(ask(&f, 1000), 18);
	emulated_sleep(&f.tpu);
	unplug(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_read),
		cmocka_unit_test(a_script_is_words_with_blanks_between),
		cmocka_unit_test(a_wrong_word_is_named_with_what_is_allowed),
		cmocka_unit_test(a_script_has_an_end),
		cmocka_unit_test(transfers_are_counted_from_the_script_on),
		cmocka_unit_test(a_stall_hits_one_transfer),
		cmocka_unit_test(a_timeout_takes_as_long_as_it_may),
		cmocka_unit_test(a_short_read_loses_half),
		cmocka_unit_test(a_device_that_is_pulled_out_comes_back_without_firmware),
		cmocka_unit_test(a_device_that_is_gone_for_good_stays_away),
		cmocka_unit_test(a_power_glitch_leads_to_the_boot_rom),
		cmocka_unit_test(interrupt_words_come_when_told),
		cmocka_unit_test(the_event_of_one_run_is_lost),
		cmocka_unit_test(slow_is_later),
		cmocka_unit_test(what_is_slow_holds_up_what_follows_on_its_endpoint),
		cmocka_unit_test(a_chip_may_not_fall_asleep_or_wake_up_once_or_ever),
		cmocka_unit_test(firmware_is_read_back_wrongly_once),
		cmocka_unit_test(no_script_is_no_fault),
	};

	return CHECK_RUN(tests);
}
