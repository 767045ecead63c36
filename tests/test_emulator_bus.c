/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "runtime/emulator/bus.h"
#include "tests/check.h"
#include "tests/emulated.h"

#define MS 1000000

/* A bus with one device, open and claimed, awake, and taught one program. */
struct plugged {
	struct usb_bus *bus;
	struct usb_place place;
	struct emulated tpu;
	struct usb_device *usb;
};

static struct plugged plug(struct emulator_bus_options options)
{
	struct plugged p = { .bus = emulator_bus_new(&options, NULL),
			     .tpu = emulated_new(USB_SUPER) };

	assert_non_null(p.bus);
	emulated_teach(&p.tpu, emulated_package(EMULATED_ALONE));
	emulated_wake(&p.tpu);
	p.place = emulator_bus_plug(p.bus, p.tpu.emulator, NULL);
	assert_int_equal(p.bus->ops->open(p.bus, &p.place, &p.usb, NULL), 0);
	assert_int_equal(p.bus->ops->claim(p.usb, 0), 0);
	return p;
}

static void assert_balanced(struct usb_bus *bus)
{
	struct emulator_bus_balance balance = emulator_bus_balance(bus);

	assert_int_equal(balance.handles, 0);
	assert_int_equal(balance.transfers, 0);
	assert_int_equal(balance.claims, 0);
	assert_int_equal(balance.allocations, 0);
}

static void unplug(struct plugged *p)
{
	p->bus->ops->close(p->usb);
	assert_balanced(p->bus);
	p->bus->ops->free(p->bus);
}

/* A transfer that remembers how often it was told to be over. */
struct letter {
	struct usb_transfer usb;
	int told;
};

static void tell(struct usb_transfer *transfer)
{
	((struct letter *)transfer)->told++;
}

static struct letter letter(uint8_t endpoint, void *data, uint32_t length, uint32_t timeout_ms)
{
	return (struct letter){ .usb = { .endpoint = endpoint, .data = data, .length = length,
					 .timeout_ms = timeout_ms, .done = tell } };
}

static void send(struct plugged *p, struct letter *letter)
{
	assert_int_equal(p->bus->ops->submit(p->usb, &letter->usb), 0);
}

static void forget(struct plugged *p, struct letter *letter)
{
	p->bus->ops->forget(p->usb, &letter->usb);
}

/* Until it is over; fails the test when that takes a minute. */
static int status_of(struct plugged *p, struct letter *letter)
{
	int64_t end = p->bus->ops->clock_ns(p->bus) + 60000ll * MS;

	while (!letter->told && p->bus->ops->clock_ns(p->bus) < end)
		assert_int_equal(p->bus->ops->wait(p->usb, 1000), 0);
	assert_int_equal(letter->told, 1);
	return letter->usb.status;
}

static const struct emulator_bus_options at_once = { .is_time_virtual = true };

/* Instructions and input of the program: it then has 1200 bytes for us. */
static uint8_t first_item[8 + 64], second_item[8 + 64];

static void write_items(void)
{
	first_item[0] = second_item[0] = 64;
	memcpy(first_item + 8, emulated_package(EMULATED_ALONE)->main->chunk->bytes, 64);
	second_item[4] = EMULATED_INPUT;
}

static void devices_are_listed_by_place(void **state)
{
	struct usb_bus *bus = emulator_bus_new(&at_once, NULL);
	struct usb_found found[4];
	char text[USB_PLACE_TEXT];
	uint32_t count;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(emulator_bus_plug(bus, emulated_new(USB_HIGH).emulator,
						   NULL).ports, 1);
	assert_int_equal(bus->ops->list(bus, found, 2, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_int_equal(bus->ops->list(bus, found, 4, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_string_equal(usb_place_text(&found[2].place, text), "250-3");
	assert_int_equal(found[2].vendor, USB_APPLICATION_VENDOR);
	assert_int_equal(found[2].speed, USB_HIGH);
	assert_ptr_not_equal(emulator_bus_at(bus, &found[0].place),
			     emulator_bus_at(bus, &found[1].place));
	bus->ops->free(bus);
}

static void a_bus_has_32_ports(void **state)
{
	struct usb_bus *bus = emulator_bus_new(&at_once, NULL);
	struct atoll_error err = { 0 };

	(void)state;
	for (int i = 0; i < USB_FOUND_MAX; i++)
		assert_int_equal(emulator_bus_plug(bus, emulated_new(USB_HIGH).emulator,
						   NULL).ports, 1);
	assert_int_equal(emulator_bus_plug(bus, emulated_new(USB_HIGH).emulator,
					   &err).ports, 0);
	assert_int_equal(err.code, -ENOSPC);
	assert_int_equal(emulator_bus_plug(bus, NULL, &err).ports, 0);
	bus->ops->free(bus);
}

static void an_empty_port_cannot_be_opened(void **state)
{
	struct usb_bus *bus = emulator_bus_new(&at_once, NULL);
	const struct usb_place nowhere = { .bus = 250, .ports = 1, .port = { 9 } };
	struct usb_device *usb;
	struct atoll_error err;

	(void)state;
	assert_int_equal(bus->ops->open(bus, &nowhere, &usb, &err), -ENODEV);
	assert_non_null(strstr(err.text, "250-9"));
	assert_null(emulator_bus_at(bus, &nowhere));
	bus->ops->free(bus);
}

static void an_interface_belongs_to_one(void **state)
{
	struct plugged p = plug(at_once);
	struct usb_device *other;
	uint8_t data[16];
	struct letter read = letter(0x82, data, sizeof(data), 0);

	(void)state;
	assert_int_equal(p.bus->ops->open(p.bus, &p.place, &other, NULL), 0);
	assert_int_equal(p.bus->ops->claim(other, 0), -EBUSY);
	assert_int_equal(p.bus->ops->submit(other, &read.usb), -EBUSY);
	assert_int_equal(p.bus->ops->release(p.usb, 0), 0);
	assert_int_equal(p.bus->ops->submit(other, &read.usb), -EIO);
	assert_int_equal(p.bus->ops->claim(other, 0), 0);
	assert_int_equal(p.bus->ops->claim(p.usb, 0), -EBUSY);
	p.bus->ops->forget(other, &read.usb);
	p.bus->ops->close(other);
	assert_int_equal(p.bus->ops->claim(p.usb, 1), -EIO);
	assert_int_equal(p.bus->ops->claim(p.usb, 0), 0);
	unplug(&p);
}

static void the_balance_shows_what_was_not_let_go(void **state)
{
	struct plugged p = plug(at_once);
	uint8_t data[16];
	struct letter read = letter(0x82, data, sizeof(data), 0);
	struct emulator_bus_balance balance;
	uint8_t *memory = p.bus->ops->alloc(p.usb, 5000);

	(void)state;
	send(&p, &read);
	balance = emulator_bus_balance(p.bus);
	assert_int_equal(balance.handles, 1);
	assert_int_equal(balance.transfers, 1);
	assert_int_equal(balance.claims, 1);
	assert_int_equal(balance.allocations, 1);
	assert_int_equal((uintptr_t)memory % 4096, 0);
	assert_int_equal(memory[4999], 0);
	p.bus->ops->dealloc(p.usb, memory, 5000);
	p.bus->ops->cancel(p.usb, &read.usb);
	assert_int_equal(status_of(&p, &read), -ECANCELED);
	forget(&p, &read);
	unplug(&p);
}

static void a_read_waits_until_the_device_has_something(void **state)
{
	struct plugged p = plug(at_once);
	uint8_t data[1024];
	struct letter read = letter(0x81, data, sizeof(data), 0);
	struct letter first = letter(0x01, first_item, sizeof(first_item), 1000);
	struct letter second = letter(0x01, second_item, sizeof(second_item), 1000);

	(void)state;
	send(&p, &read);
	send(&p, &first);
	assert_int_equal(status_of(&p, &first), 0);
	assert_int_equal(read.told, 0);
	send(&p, &second);
	assert_int_equal(status_of(&p, &read), 0);
	assert_int_equal(read.usb.actual, 1024);
	assert_int_equal(data[0], 5);
	assert_int_equal(second.usb.actual, sizeof(second_item));
	forget(&p, &read);
	forget(&p, &first);
	forget(&p, &second);
	unplug(&p);
}

static void resubmit(struct usb_transfer *transfer)
{
	struct plugged *p = transfer->context;

	tell(transfer);
	if (transfer->status == 0)
		assert_int_equal(p->bus->ops->submit(p->usb, transfer), 0);
}

static void a_transfer_may_be_submitted_again_when_it_is_told(void **state)
{
	struct plugged p = plug(at_once);
	uint8_t data[1024];
	struct letter read = letter(0x81, data, sizeof(data), 0);
	struct letter first = letter(0x01, first_item, sizeof(first_item), 0);
	struct letter second = letter(0x01, second_item, sizeof(second_item), 0);

	(void)state;
	read.usb.done = resubmit;
	read.usb.context = &p;
	send(&p, &read);
	send(&p, &first);
	send(&p, &second);
	for (int i = 0; i < 9 && read.told < 2; i++)
		assert_int_equal(p.bus->ops->wait(p.usb, 10), 0);
	assert_int_equal(read.told, 2);
	assert_int_equal(read.usb.actual, 0); /* submitted for the third time */
	p.bus->ops->cancel(p.usb, &read.usb);
	for (int i = 0; i < 9 && read.told < 3; i++)
		assert_int_equal(p.bus->ops->wait(p.usb, 10), 0);
	assert_int_equal(read.told, 3);
	assert_int_equal(read.usb.status, -ECANCELED);
	forget(&p, &read);
	forget(&p, &first);
	forget(&p, &second);
	unplug(&p);
}

static void a_read_times_out_when_nothing_comes(void **state)
{
	struct plugged p = plug(at_once);
	int64_t start = p.bus->ops->clock_ns(p.bus);
	uint8_t data[16];
	struct letter read = letter(0x82, data, sizeof(data), 250);

	(void)state;
	send(&p, &read);
	assert_int_equal(status_of(&p, &read), -ETIMEDOUT);
	assert_int_equal(p.bus->ops->clock_ns(p.bus) - start, 250 * MS);
	forget(&p, &read);
	unplug(&p);
}

static void virtual_time_jumps_to_the_deadline_of_a_wait(void **state)
{
	struct plugged p = plug(at_once);
	int64_t start = p.bus->ops->clock_ns(p.bus);

	(void)state;
	assert_int_equal(p.bus->ops->wait(p.usb, 6000), 0);
	p.bus->ops->sleep_ms(p.bus, 4000);
	assert_int_equal(p.bus->ops->clock_ns(p.bus) - start, 10000ll * MS);
	unplug(&p);
}

/* 72 bytes take 72 us at 1 MB/s; then completions are 10 us late. */
static void the_link_is_held_for_the_length_of_a_transfer(void **state)
{
	struct plugged p = plug((struct emulator_bus_options){
		.is_time_virtual = true, .bytes_per_second = 1000000, .latency_us = 10 });
	int64_t start = p.bus->ops->clock_ns(p.bus);
	uint8_t data[1024];
	struct letter first = letter(0x01, first_item, sizeof(first_item), 0);
	struct letter second = letter(0x01, second_item, sizeof(second_item), 0);
	struct letter read = letter(0x81, data, sizeof(data), 0);
	struct letter rest = letter(0x81, data, sizeof(data), 0);

	(void)state;
	send(&p, &read);
	send(&p, &rest);
	send(&p, &first);
	send(&p, &second);
	assert_int_equal(status_of(&p, &first), 0);
	assert_int_equal(p.bus->ops->clock_ns(p.bus) - start, 72000 + 10000);
	assert_int_equal(status_of(&p, &second), 0);
	assert_int_equal(p.bus->ops->clock_ns(p.bus) - start, 144000 + 10000);
	assert_int_equal(status_of(&p, &rest), 0);
	assert_int_equal(read.told, 1);
	assert_int_equal(rest.usb.actual, 1200 - 1024);
	assert_int_equal(p.bus->ops->clock_ns(p.bus) - start, (144 + 1200 + 10) * 1000);
	forget(&p, &first);
	forget(&p, &second);
	forget(&p, &read);
	forget(&p, &rest);
	unplug(&p);
}

static void control_takes_its_time_too(void **state)
{
	struct plugged p = plug((struct emulator_bus_options){
		.is_time_virtual = true, .bytes_per_second = 1000000, .latency_us = 10 });
	const struct usb_setup setup = { 0x80, 6, 0x0100, 0, 18 };
	int64_t start = p.bus->ops->clock_ns(p.bus);
	uint8_t data[18];

	(void)state;
	assert_int_equal(p.bus->ops->control(p.usb, &setup, data, 1000), 18);
	assert_int_equal(p.bus->ops->clock_ns(p.bus) - start, (8 + 18 + 10) * 1000);
	unplug(&p);
}

static void an_unplugged_device_ends_everything(void **state)
{
	struct plugged p = plug(at_once);
	const struct usb_setup setup = { 0x80, 6, 0x0100, 0, 18 };
	uint8_t data[64];
	struct letter reads[] = { letter(0x81, data, 64, 0), letter(0x82, data, 64, 0),
				  letter(0x83, data, 64, 0) };
	struct usb_found found;
	uint32_t count;

	(void)state;
	for (int i = 0; i < 3; i++)
		send(&p, &reads[i]);
	emulator_bus_unplug(p.bus, &p.place);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(status_of(&p, &reads[i]), -ENODEV);
		assert_int_equal(p.bus->ops->submit(p.usb, &reads[i].usb), -ENODEV);
		forget(&p, &reads[i]);
	}
	assert_int_equal(p.bus->ops->control(p.usb, &setup, data, 1000), -ENODEV);
	assert_int_equal(p.bus->ops->reset(p.usb), -ENODEV);
	assert_int_equal(p.bus->ops->list(p.bus, &found, 1, &count, NULL), 0);
	assert_int_equal(count, 0);
	emulator_bus_replug(p.bus, &p.place);
	assert_int_equal(p.bus->ops->list(p.bus, &found, 1, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(found.vendor, USB_DFU_VENDOR); /* it lost its firmware */
	assert_int_equal(p.bus->ops->control(p.usb, &setup, data, 1000), -ENODEV);
	unplug(&p);
}

static void a_reset_keeps_the_handle_unless_the_ids_change(void **state)
{
	struct plugged p = plug((struct emulator_bus_options){ .is_time_virtual = true,
							       .plug_delay_ms = 300 });
	const struct usb_setup detach = { 0x21, 0, 100, 0, 0 };
	uint8_t data[16];
	struct letter read = letter(0x82, data, 16, 0);
	struct usb_found found;
	uint32_t count;

	(void)state;
	send(&p, &read);
	assert_int_equal(p.bus->ops->reset(p.usb), 0);
	assert_int_equal(status_of(&p, &read), -ECANCELED);
	read.told = 0;
	send(&p, &read); /* still claimed */
	assert_int_equal(p.bus->ops->control(p.usb, &detach, NULL, 1000), 0);
	assert_int_equal(p.bus->ops->reset(p.usb), -ENODEV);
	assert_int_equal(status_of(&p, &read), -ENODEV);
	p.bus->ops->list(p.bus, &found, 1, &count, NULL);
	assert_int_equal(count, 0);
	p.bus->ops->sleep_ms(p.bus, 300);
	p.bus->ops->list(p.bus, &found, 1, &count, NULL);
	assert_int_equal(count, 1);
	assert_int_equal(found.product, USB_DFU_PRODUCT);
	forget(&p, &read);
	unplug(&p);
}

static void a_stalled_endpoint_works_again_when_cleared(void **state)
{
	struct plugged p = plug(at_once);
	uint8_t junk[8] = { 0xff };
	struct letter wrong = letter(0x01, junk, sizeof(junk), 0);
	struct letter first = letter(0x01, first_item, sizeof(first_item), 0);

	(void)state;
	send(&p, &wrong);
	assert_int_equal(status_of(&p, &wrong), -EPIPE);
	send(&p, &first);
	assert_int_equal(status_of(&p, &first), -EPIPE);
	assert_int_equal(p.bus->ops->clear_halt(p.usb, 0x01), 0);
	first.told = 0;
	send(&p, &first);
	assert_int_equal(status_of(&p, &first), 0);
	forget(&p, &wrong);
	forget(&p, &first);
	unplug(&p);
}

static void what_a_stopped_core_does_not_take_waits(void **state)
{
	struct plugged p = plug(at_once);
	uint8_t word[4];
	struct letter first = letter(0x01, first_item, sizeof(first_item), 100);
	struct letter interrupt = letter(0x83, word, 4, 0);

	(void)state;
	send(&p, &interrupt);
	emulator_interrupt(p.tpu.emulator, EMULATOR_FATAL);
	send(&p, &first);
	assert_int_equal(status_of(&p, &interrupt), 0);
	assert_int_equal(word[0], 1);
	assert_int_equal(status_of(&p, &first), -ETIMEDOUT);
	assert_int_equal(first.usb.actual, 0);
	forget(&p, &first);
	forget(&p, &interrupt);
	unplug(&p);
}

static void *heat(void *context)
{
	emulator_interrupt(context, EMULATOR_THERMAL_WARNING);
	return NULL;
}

/* In real time: the waiter sleeps until another thread makes news. */
static void news_from_another_thread_end_a_wait(void **state)
{
	struct plugged p = plug((struct emulator_bus_options){ 0 });
	uint8_t word[4];
	struct letter interrupt = letter(0x83, word, 4, 0);
	pthread_t thread;

	(void)state;
	send(&p, &interrupt);
	assert_int_equal(pthread_create(&thread, NULL, heat, p.tpu.emulator), 0);
	assert_int_equal(p.bus->ops->wait(p.usb, 60000), 0);
	assert_int_equal(interrupt.told, 1);
	assert_int_equal(word[0], EMULATOR_THERMAL_WARNING);
	assert_int_equal(pthread_join(thread, NULL), 0);
	forget(&p, &interrupt);
	unplug(&p);
}

struct troublemaker {
	struct usb_bus *bus;
	struct usb_place place;
	atomic_bool is_over;
};

static void *pull_and_push(void *context)
{
	struct troublemaker *trouble = context;

	for (int i = 0; i < 300; i++) {
		emulator_bus_unplug(trouble->bus, &trouble->place);
		emulator_bus_replug(trouble->bus, &trouble->place);
		trouble->bus->ops->sleep_ms(trouble->bus, 0);
	}
	atomic_store(&trouble->is_over, true);
	return NULL;
}

/* As much as a device that is pulled out all the time lets through. */
static uint32_t use_a_little(struct usb_bus *bus, const struct usb_place *place)
{
	const struct usb_setup setup = { 0x80, 6, 0x0100, 0, 18 };
	struct usb_device *usb;
	uint8_t data[64];
	struct letter reads[2] = { letter(0x82, data, 16, 5), letter(0x83, data, 4, 5) };
	uint32_t out = 0, answers = 0;

	if (bus->ops->open(bus, place, &usb, NULL) < 0)
		return 0;
	answers += bus->ops->control(usb, &setup, data, 1000) == 18;
	if (bus->ops->claim(usb, 0) == 0)
		for (int i = 0; i < 2; i++)
			out += bus->ops->submit(usb, &reads[i].usb) == 0;
	for (int i = 0; i < 10 && reads[0].told + reads[1].told < (int)out; i++)
		assert_int_equal(bus->ops->wait(usb, 1000), 0);
	assert_int_equal(reads[0].told + reads[1].told, out);
	for (int i = 0; i < 2; i++)
		bus->ops->forget(usb, &reads[i].usb);
	bus->ops->close(usb);
	return answers;
}

static void a_device_may_be_pulled_out_at_any_moment(void **state)
{
	struct usb_bus *bus = emulator_bus_new(&(struct emulator_bus_options){ 0 }, NULL);
	struct troublemaker trouble = { .bus = bus };
	struct usb_place calm = emulator_bus_plug(bus, emulated_new(USB_SUPER).emulator, NULL);
	pthread_t thread;

	(void)state;
	trouble.place = emulator_bus_plug(bus, emulated_new(USB_SUPER).emulator, NULL);
	assert_int_equal(pthread_create(&thread, NULL, pull_and_push, &trouble), 0);
	while (!atomic_load(&trouble.is_over)) {
		(void)use_a_little(bus, &trouble.place);
		assert_int_equal(use_a_little(bus, &calm), 1);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(use_a_little(bus, &trouble.place), 1);
	assert_balanced(bus);
	bus->ops->free(bus);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_are_listed_by_place),
		cmocka_unit_test(a_bus_has_32_ports),
		cmocka_unit_test(an_empty_port_cannot_be_opened),
		cmocka_unit_test(an_interface_belongs_to_one),
		cmocka_unit_test(the_balance_shows_what_was_not_let_go),
		cmocka_unit_test(a_read_waits_until_the_device_has_something),
		cmocka_unit_test(a_transfer_may_be_submitted_again_when_it_is_told),
		cmocka_unit_test(a_read_times_out_when_nothing_comes),
		cmocka_unit_test(virtual_time_jumps_to_the_deadline_of_a_wait),
		cmocka_unit_test(the_link_is_held_for_the_length_of_a_transfer),
		cmocka_unit_test(control_takes_its_time_too),
		cmocka_unit_test(an_unplugged_device_ends_everything),
		cmocka_unit_test(a_reset_keeps_the_handle_unless_the_ids_change),
		cmocka_unit_test(a_stalled_endpoint_works_again_when_cleared),
		cmocka_unit_test(what_a_stopped_core_does_not_take_waits),
		cmocka_unit_test(news_from_another_thread_end_a_wait),
		cmocka_unit_test(a_device_may_be_pulled_out_at_any_moment),
	};

	write_items();
	return CHECK_RUN(tests);
}
