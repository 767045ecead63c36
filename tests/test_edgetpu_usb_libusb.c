/* SPDX-License-Identifier: Apache-2.0 */
/* The ops over libusb, with a libusb of our own in its place: it counts what is
   out, and things happen when a test says so. */
#include "runtime/edgetpu/usb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libusb-1.0/libusb.h>

#include "tests/check.h"

struct libusb_context { int unused; };
struct libusb_device_handle { int unused; };
struct libusb_device {
	uint16_t vendor, product;
	uint8_t bus, ports, port[USB_PORTS_MAX], address;
	int speed, unreadable;
};

#define FLYING_MAX 16

static struct {
	struct libusb_device *device[8]; /* until NULL */
	int init_result, list_result, open_result, submit_result, event_result;
	int call_result;
	bool is_used;         /* by another program */
	int resets;    /* of all that only returns a number */
	int interruptions;  /* how often events are interrupted first */
	int has_no_memory;
	int contexts, handles, lists, transfers, mapped; /* out now */
	int events;         /* calls */
	uint8_t type;       /* of the last transfer */
	unsigned timeout_ms;
	struct { struct libusb_transfer *transfer; int is_over; } flying[FLYING_MAX];
	int count;
} fake;

int libusb_init(libusb_context **context)
{
	static struct libusb_context one;

	if (fake.init_result < 0)
		return fake.init_result;
	fake.contexts++;
	*context = &one;
	return 0;
}

void libusb_exit(libusb_context *context)
{
	(void)context;
	fake.contexts--;
}

ssize_t libusb_get_device_list(libusb_context *context, libusb_device ***list)
{
	ssize_t count = 0;

	(void)context;
	if (fake.list_result < 0)
		return fake.list_result;
	fake.lists++;
	*list = fake.device;
	while (fake.device[count])
		count++;
	return count;
}

void libusb_free_device_list(libusb_device **list, int lets_go)
{
	(void)list;
	assert_true(lets_go);
	fake.lists--;
}

int libusb_get_device_descriptor(libusb_device *device,
				 struct libusb_device_descriptor *descriptor)
{
	if (device->unreadable)
		return LIBUSB_ERROR_IO;
	descriptor->idVendor = device->vendor;
	descriptor->idProduct = device->product;
	return 0;
}

uint8_t libusb_get_bus_number(libusb_device *device) { return device->bus; }
uint8_t libusb_get_device_address(libusb_device *device) { return device->address; }
int libusb_get_device_speed(libusb_device *device) { return device->speed; }
const char *libusb_strerror(int code) { return code ? "as the test wished" : ""; }

int libusb_get_port_numbers(libusb_device *device, uint8_t *ports, int room)
{
	assert_true(device->ports <= room);
	memcpy(ports, device->port, device->ports);
	return device->ports;
}

int libusb_open(libusb_device *device, libusb_device_handle **handle)
{
	static struct libusb_device_handle one;

	(void)device;
	if (fake.open_result < 0)
		return fake.open_result;
	fake.handles++;
	*handle = &one;
	return 0;
}

void libusb_close(libusb_device_handle *handle)
{
	(void)handle;
	fake.handles--;
	fake.count = 0;
}

int libusb_claim_interface(libusb_device_handle *handle, int interface)
{
	(void)handle, (void)interface;
	return fake.is_used ? LIBUSB_ERROR_BUSY : fake.call_result;
}

int libusb_release_interface(libusb_device_handle *handle, int interface)
{
	(void)handle, (void)interface;
	return fake.call_result;
}

int libusb_reset_device(libusb_device_handle *handle)
{
	(void)handle;
	fake.resets++;
	return fake.call_result;
}

int libusb_clear_halt(libusb_device_handle *handle, unsigned char endpoint)
{
	(void)handle, (void)endpoint;
	return fake.call_result;
}

static void call_those_over(void)
{
	int kept = 0, count = fake.count;
	struct libusb_transfer *over[FLYING_MAX];
	int overs = 0;

	for (int i = 0; i < count; i++) {
		if (fake.flying[i].is_over)
			over[overs++] = fake.flying[i].transfer;
		else
			fake.flying[kept++] = fake.flying[i];
	}
	fake.count = kept;
	for (int i = 0; i < overs; i++)
		over[i]->callback(over[i]);
}

int libusb_control_transfer(libusb_device_handle *handle, uint8_t request_type,
			    uint8_t request, uint16_t value, uint16_t index,
			    unsigned char *data, uint16_t length, unsigned timeout_ms)
{
	(void)handle, (void)request_type, (void)request, (void)value, (void)index;
	(void)data, (void)length;
	fake.timeout_ms = timeout_ms;
	call_those_over(); /* as the real one does while it waits */
	return fake.call_result;
}

struct libusb_transfer *libusb_alloc_transfer(int packets)
{
	assert_int_equal(packets, 0);
	fake.transfers++;
	return calloc(1, sizeof(struct libusb_transfer));
}

void libusb_free_transfer(struct libusb_transfer *transfer)
{
	for (int i = 0; i < fake.count; i++)
		assert_ptr_not_equal(fake.flying[i].transfer, transfer);
	fake.transfers--;
	free(transfer);
}

int libusb_submit_transfer(struct libusb_transfer *transfer)
{
	if (fake.submit_result < 0)
		return fake.submit_result;
	fake.type = transfer->type;
	fake.timeout_ms = transfer->timeout;
	assert_true(fake.count < FLYING_MAX);
	fake.flying[fake.count].transfer = transfer;
	fake.flying[fake.count++].is_over = 0;
	return 0;
}

/* The oldest transfer on this endpoint ends. */
static void end(uint8_t endpoint, enum libusb_transfer_status status, int actual)
{
	for (int i = 0; i < fake.count; i++) {
		struct libusb_transfer *transfer = fake.flying[i].transfer;

		if (transfer->endpoint != endpoint || fake.flying[i].is_over)
			continue;
		transfer->status = status;
		transfer->actual_length = actual;
		fake.flying[i].is_over = 1;
		return;
	}
	fail_msg("nothing is out on endpoint %#x", endpoint);
}

int libusb_cancel_transfer(struct libusb_transfer *transfer)
{
	for (int i = 0; i < fake.count; i++)
		if (fake.flying[i].transfer == transfer && !fake.flying[i].is_over) {
			transfer->status = LIBUSB_TRANSFER_CANCELLED;
			transfer->actual_length = 0;
			fake.flying[i].is_over = 1;
			return 0;
		}
	return LIBUSB_ERROR_NOT_FOUND;
}

int libusb_handle_events_timeout_completed(libusb_context *context, struct timeval *left,
					   int *completed)
{
	struct timespec pause = { left->tv_sec, left->tv_usec * 1000 };
	int count = fake.count;

	(void)context, (void)completed;
	fake.events++;
	if (fake.interruptions > 0) {
		fake.interruptions--;
		return LIBUSB_ERROR_INTERRUPTED;
	}
	if (fake.event_result < 0)
		return fake.event_result;
	call_those_over();
	if (fake.count == count)
		(void)nanosleep(&pause, NULL);
	return 0;
}

unsigned char *libusb_dev_mem_alloc(libusb_device_handle *handle, size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (bytes + page - 1) / page * page;
	unsigned char *memory;

	(void)handle;
	if (fake.has_no_memory)
		return NULL;
	fake.mapped++;
	memory = aligned_alloc(page, whole);
	return memory ? memset(memory, 0, whole) : NULL;
}

int libusb_dev_mem_free(libusb_device_handle *handle, unsigned char *memory, size_t bytes)
{
	(void)handle, (void)bytes;
	fake.mapped--;
	free(memory);
	return 0;
}

static const struct usb_place stick_place = { .bus = 1, .ports = 2, .port = { 1, 4 } };
static struct libusb_device
	stick = { 0x18d1, 0x9302, 1, 2, { 1, 4 }, 7, LIBUSB_SPEED_SUPER, 0 },
	bare = { 0x1a6e, 0x089a, 1, 1, { 2 }, 9, LIBUSB_SPEED_HIGH, 0 },
	deep = { 0x18d1, 0x9302, 1, 3, { 1, 4, 1 }, 3, LIBUSB_SPEED_SUPER_PLUS, 0 },
	far_one = { 0x18d1, 0x9302, 2, 1, { 1 }, 2, LIBUSB_SPEED_UNKNOWN, 0 },
	mouse = { 0x046d, 0xc077, 1, 1, { 1 }, 5, LIBUSB_SPEED_LOW, 0 },
	mixed = { 0x18d1, 0x089a, 1, 1, { 3 }, 6, LIBUSB_SPEED_HIGH, 0 },
	hub = { 0x18d1, 0x9302, 1, 0, { 0 }, 1, LIBUSB_SPEED_HIGH, 0 },
	silent = { 0x18d1, 0x9302, 1, 1, { 5 }, 8, LIBUSB_SPEED_HIGH, 1 };

static struct usb_bus *bus;
static struct usb_device *usb;

static void open_stick(void)
{
	struct atoll_error err;

	if (bus->ops->open(bus, &stick_place, &usb, &err) < 0)
		fail_msg("%s", err.text);
}

static int enter(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.device[0] = &mouse;
	fake.device[1] = &stick;
	usb = NULL;
	bus = usb_bus_open(NULL);
	return bus ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	if (usb)
		bus->ops->close(usb);
	bus->ops->free(bus);
	return fake.contexts || fake.handles || fake.lists || fake.transfers || fake.mapped;
}

/* A transfer that keeps count. */
static int dones, order[8];

static void count_done(struct usb_transfer *transfer)
{
	order[dones++] = transfer->endpoint;
}

static struct usb_transfer transfer_on(uint8_t endpoint)
{
	static uint8_t data[64];

	dones = 0;
	return (struct usb_transfer){
		.endpoint = endpoint, .data = data, .length = sizeof(data),
		.timeout_ms = 500, .done = count_done,
	};
}

static void both_kinds_are_listed_by_place(void **state)
{
	struct libusb_device *const all[] = { &far_one, &silent, &deep, &mouse, &bare, &hub,
					      &stick };
	struct usb_found found[USB_FOUND_MAX];
	uint32_t count = 99;

	(void)state;
	memcpy(fake.device, all, sizeof(all));
	assert_int_equal(bus->ops->list(bus, found, USB_FOUND_MAX, &count, NULL), 0);
	assert_int_equal(count, 4);
	assert_int_equal(found[0].address, stick.address);
	assert_int_equal(found[1].address, deep.address);
	assert_int_equal(found[2].address, bare.address);
	assert_int_equal(found[3].address, far_one.address);
	assert_int_equal(found[2].vendor, USB_DFU_VENDOR);
	assert_int_equal(found[2].product, USB_DFU_PRODUCT);
	assert_int_equal(found[0].speed, USB_SUPER);
	assert_int_equal(found[1].speed, USB_SUPER);
	assert_int_equal(found[2].speed, USB_HIGH);
	assert_int_equal(found[3].speed, USB_SPEED_UNKNOWN);
	assert_true(usb_place_equal(&found[0].place, &stick_place));
}

static void with_little_room_the_first_places_are_listed(void **state)
{
	struct libusb_device *const all[] = { &far_one, &deep, &mixed, &bare, &stick };
	struct usb_found found[3] = { [2].address = 111 };
	uint32_t count;

	(void)state;
	memcpy(fake.device, all, sizeof(all));
	assert_int_equal(bus->ops->list(bus, found, 2, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_int_equal(found[0].address, stick.address);
	assert_int_equal(found[1].address, deep.address);
	assert_int_equal(found[2].address, 111);
	assert_int_equal(bus->ops->list(bus, found, 0, &count, NULL), 0);
	assert_int_equal(count, 0);
}

static void a_library_that_cannot_list_is_an_error(void **state)
{
	struct usb_found found[1];
	struct atoll_error err;
	uint32_t count = 5;

	(void)state;
	fake.init_result = LIBUSB_ERROR_NO_MEM;
	assert_int_equal(bus->ops->list(bus, found, 1, &count, &err), -ENOMEM);
	assert_string_equal(err.text, "usb: libusb cannot start: as the test wished");
	fake.init_result = 0;
	fake.list_result = LIBUSB_ERROR_IO;
	assert_int_equal(bus->ops->list(bus, found, 1, &count, &err), -EIO);
	assert_string_equal(err.text, "usb: libusb cannot list devices: as the test wished");
	assert_int_equal(count, 5);
}

static void a_device_knows_where_it_is(void **state)
{
	(void)state;
	open_stick();
	assert_true(usb_place_equal(&usb->place, &stick_place));
	assert_int_equal(usb->speed, USB_SUPER);
	assert_ptr_equal(usb->bus, bus);
}

static void each_failed_open_leaves_nothing_behind_and_says_why(void **state)
{
	const struct usb_place mouse_place = { .bus = 1, .ports = 1, .port = { 1 } };
	struct atoll_error err;

	(void)state;
	assert_int_equal(bus->ops->open(bus, &mouse_place, &usb, &err), -ENODEV);
	assert_string_equal(err.text, "usb:1-1: there is no Edge TPU here");
	fake.open_result = LIBUSB_ERROR_ACCESS;
	assert_int_equal(bus->ops->open(bus, &stick_place, &usb, &err), -EACCES);
	assert_string_equal(err.text, "usb:1-1.4: no permission for /dev/bus/usb/001/007; "
			    "join the group plugdev, or see atoll-tpu(1) about the udev rule");
	fake.open_result = LIBUSB_ERROR_NO_DEVICE;
	assert_int_equal(bus->ops->open(bus, &stick_place, &usb, &err), -ENODEV);
	assert_string_equal(err.text, "usb:1-1.4: cannot be opened: the device is gone");
	fake.open_result = LIBUSB_ERROR_BUSY;
	assert_int_equal(bus->ops->open(bus, &stick_place, &usb, NULL), -EBUSY);
	fake.list_result = LIBUSB_ERROR_NO_MEM;
	assert_int_equal(bus->ops->open(bus, &stick_place, &usb, &err), -ENOMEM);
	fake.init_result = LIBUSB_ERROR_OTHER;
	assert_int_equal(bus->ops->open(bus, &stick_place, &usb, &err), -EIO);
	assert_null(usb);
	assert_int_equal(fake.contexts, 0);
	assert_int_equal(fake.lists, 0);
}

static void what_calls_return_is_an_errno(void **state)
{
	static const struct { int libusb, errnum; } pairs[] = {
		{ 0, 0 },
		{ LIBUSB_ERROR_TIMEOUT, -ETIMEDOUT },
		{ LIBUSB_ERROR_PIPE, -EPIPE },
		{ LIBUSB_ERROR_NO_DEVICE, -ENODEV },
		{ LIBUSB_ERROR_NOT_FOUND, -ENODEV },
		{ LIBUSB_ERROR_OVERFLOW, -EOVERFLOW },
		{ LIBUSB_ERROR_ACCESS, -EACCES },
		{ LIBUSB_ERROR_BUSY, -EBUSY },
		{ LIBUSB_ERROR_NO_MEM, -ENOMEM },
		{ LIBUSB_ERROR_IO, -EIO },
		{ LIBUSB_ERROR_INVALID_PARAM, -EIO },
		{ LIBUSB_ERROR_OTHER, -EIO },
	};
	const struct usb_setup setup = { .request_type = 0xc0, .length = 8 };
	uint8_t data[8];

	(void)state;
	open_stick();
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		fake.call_result = pairs[i].libusb;
		assert_int_equal(bus->ops->claim(usb, 0), pairs[i].errnum);
		assert_int_equal(bus->ops->release(usb, 0), pairs[i].errnum);
		assert_int_equal(bus->ops->reset(usb), pairs[i].errnum);
		assert_int_equal(bus->ops->clear_halt(usb, 0x81), pairs[i].errnum);
		assert_int_equal(bus->ops->control(usb, &setup, data, 100), pairs[i].errnum);
	}
	fake.call_result = 8;
	assert_int_equal(bus->ops->control(usb, &setup, data, 100), 8);
	assert_int_equal(fake.timeout_ms, 100);
	assert_int_equal(bus->ops->control(usb, &setup, data, 0), 8);
	assert_int_equal(fake.timeout_ms, 1); /* libusb's 0 would be for ever */
}

static void what_another_program_uses_is_not_reset(void **state)
{
	(void)state;
	open_stick();
	fake.is_used = true;
	assert_int_equal(bus->ops->reset(usb), -EBUSY);
	assert_int_equal(fake.resets, 0);
	fake.is_used = false;
	assert_int_equal(bus->ops->claim(usb, 0), 0);
	fake.is_used = true; /* by us */
	assert_int_equal(bus->ops->reset(usb), 0);
	assert_int_equal(fake.resets, 1);
}

static void how_a_transfer_ended_is_an_errno(void **state)
{
	static const struct { enum libusb_transfer_status libusb; int errnum; } pairs[] = {
		{ LIBUSB_TRANSFER_COMPLETED, 0 },
		{ LIBUSB_TRANSFER_ERROR, -EIO },
		{ LIBUSB_TRANSFER_TIMED_OUT, -ETIMEDOUT },
		{ LIBUSB_TRANSFER_CANCELLED, -ECANCELED },
		{ LIBUSB_TRANSFER_STALL, -EPIPE },
		{ LIBUSB_TRANSFER_NO_DEVICE, -ENODEV },
		{ LIBUSB_TRANSFER_OVERFLOW, -EOVERFLOW },
	};
	struct usb_transfer transfer = transfer_on(0x81);

	(void)state;
	open_stick();
	for (int i = 0; i < (int)(sizeof(pairs) / sizeof(pairs[0])); i++) {
		transfer.status = 1;
		assert_int_equal(bus->ops->submit(usb, &transfer), 0);
		end(0x81, pairs[i].libusb, i);
		assert_int_equal(bus->ops->wait(usb, 1000), 0);
		assert_int_equal(dones, i + 1);
		assert_int_equal(transfer.status, pairs[i].errnum);
		assert_int_equal(transfer.actual, i);
	}
	assert_int_equal(fake.transfers, 1); /* the same one each time */
	bus->ops->forget(usb, &transfer);
	assert_null(transfer.handle);
	assert_int_equal(fake.transfers, 0);
	bus->ops->forget(usb, &transfer);
}

static void endpoints_have_their_types(void **state)
{
	struct usb_transfer out = transfer_on(0x01), word = transfer_on(0x83);

	(void)state;
	open_stick();
	assert_int_equal(bus->ops->submit(usb, &out), 0);
	assert_int_equal(fake.type, LIBUSB_TRANSFER_TYPE_BULK);
	assert_int_equal(fake.timeout_ms, 500);
	word.timeout_ms = 0;
	assert_int_equal(bus->ops->submit(usb, &word), 0);
	assert_int_equal(fake.type, LIBUSB_TRANSFER_TYPE_INTERRUPT);
	assert_int_equal(fake.timeout_ms, 0);
	end(0x01, LIBUSB_TRANSFER_COMPLETED, 64);
	end(0x83, LIBUSB_TRANSFER_COMPLETED, 4);
	assert_int_equal(bus->ops->wait(usb, 1000), 0);
	assert_int_equal(dones, 2);
	bus->ops->forget(usb, &out);
	bus->ops->forget(usb, &word);
}

/* Even when libusb notices an end elsewhere. */
static void done_is_called_from_wait_alone_in_order(void **state)
{
	const struct usb_setup setup = { .request_type = 0x40 };
	struct usb_transfer first = transfer_on(0x82), second = transfer_on(0x81);

	(void)state;
	open_stick();
	assert_int_equal(bus->ops->submit(usb, &second), 0);
	assert_int_equal(bus->ops->submit(usb, &first), 0);
	end(0x82, LIBUSB_TRANSFER_COMPLETED, 16);
	assert_int_equal(bus->ops->control(usb, &setup, NULL, 100), 0);
	end(0x81, LIBUSB_TRANSFER_COMPLETED, 64);
	assert_int_equal(bus->ops->control(usb, &setup, NULL, 100), 0);
	assert_int_equal(dones, 0);
	assert_int_equal(bus->ops->wait(usb, 0), 0);
	assert_int_equal(fake.events, 0); /* nothing to wait for */
	assert_int_equal(dones, 2);
	assert_int_equal(order[0], 0x82);
	assert_int_equal(order[1], 0x81);
	bus->ops->forget(usb, &first);
	bus->ops->forget(usb, &second);
}

static void submit_again(struct usb_transfer *transfer)
{
	const struct usb_setup setup = { .request_type = 0x40 };

	count_done(transfer);
	assert_int_equal(bus->ops->submit(usb, transfer), 0);
	end(transfer->endpoint, LIBUSB_TRANSFER_COMPLETED, 1);
	assert_int_equal(bus->ops->control(usb, &setup, NULL, 100), 0);
}

static void done_may_submit_again_and_its_end_is_told_by_the_next_wait(void **state)
{
	struct usb_transfer transfer = transfer_on(0x81);

	(void)state;
	open_stick();
	transfer.done = submit_again;
	assert_int_equal(bus->ops->submit(usb, &transfer), 0);
	end(0x81, LIBUSB_TRANSFER_COMPLETED, 1);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(bus->ops->wait(usb, 1000), 0);
		assert_int_equal(dones, i);
	}
	transfer.done = count_done;
	assert_int_equal(bus->ops->wait(usb, 1000), 0);
	assert_int_equal(fake.transfers, 1);
	bus->ops->forget(usb, &transfer);
}

static void a_wait_ends_when_its_time_has_passed(void **state)
{
	struct usb_transfer transfer = transfer_on(0x81);
	int64_t start_ns;

	(void)state;
	open_stick();
	assert_int_equal(bus->ops->submit(usb, &transfer), 0);
	start_ns = bus->ops->clock_ns(bus);
	assert_int_equal(bus->ops->wait(usb, 5), 0);
	assert_true(bus->ops->clock_ns(bus) - start_ns >= 5000000);
	assert_int_equal(dones, 0);
	fake.events = 0;
	assert_int_equal(bus->ops->wait(usb, 0), 0);
	assert_int_equal(fake.events, 1); /* it looked, at least */
	end(0x81, LIBUSB_TRANSFER_COMPLETED, 64);
	assert_int_equal(bus->ops->wait(usb, 0), 0);
	assert_int_equal(dones, 1);
	bus->ops->forget(usb, &transfer);
}

static void a_wait_that_is_interrupted_goes_on(void **state)
{
	struct usb_transfer transfer = transfer_on(0x81);

	(void)state;
	open_stick();
	assert_int_equal(bus->ops->submit(usb, &transfer), 0);
	end(0x81, LIBUSB_TRANSFER_COMPLETED, 64);
	fake.interruptions = 3;
	assert_int_equal(bus->ops->wait(usb, 1000), 0);
	assert_int_equal(dones, 1);
	fake.event_result = LIBUSB_ERROR_OTHER;
	assert_int_equal(bus->ops->wait(usb, 1000), -EIO);
	bus->ops->forget(usb, &transfer);
}

static void a_submit_that_fails_calls_nobody(void **state)
{
	struct usb_transfer transfer = transfer_on(0x01);

	(void)state;
	open_stick();
	fake.submit_result = LIBUSB_ERROR_NO_DEVICE;
	assert_int_equal(bus->ops->submit(usb, &transfer), -ENODEV);
	fake.submit_result = LIBUSB_ERROR_NO_MEM; /* usbfs has a limit */
	assert_int_equal(bus->ops->submit(usb, &transfer), -ENOMEM);
	transfer.length = UINT32_MAX;
	assert_int_equal(bus->ops->submit(usb, &transfer), -EIO);
	bus->ops->cancel(usb, &transfer);
	assert_int_equal(bus->ops->wait(usb, 0), 0);
	assert_int_equal(dones, 0);
	bus->ops->forget(usb, &transfer);
}

static void a_cancelled_transfer_is_done_too(void **state)
{
	struct usb_transfer transfer = transfer_on(0x81);

	(void)state;
	open_stick();
	bus->ops->cancel(usb, &transfer); /* was never submitted */
	assert_int_equal(bus->ops->submit(usb, &transfer), 0);
	bus->ops->cancel(usb, &transfer);
	bus->ops->cancel(usb, &transfer);
	assert_int_equal(dones, 0);
	assert_int_equal(bus->ops->wait(usb, 1000), 0);
	assert_int_equal(dones, 1);
	assert_int_equal(transfer.status, -ECANCELED);
	bus->ops->cancel(usb, &transfer);
	bus->ops->forget(usb, &transfer);
}

/* leave() counts what is left. */
static void close_calls_back_what_is_still_out(void **state)
{
	struct usb_transfer first = transfer_on(0x81), second = transfer_on(0x82);

	(void)state;
	open_stick();
	assert_int_equal(bus->ops->submit(usb, &first), 0);
	assert_int_equal(bus->ops->submit(usb, &second), 0);
	bus->ops->close(usb);
	usb = NULL;
	assert_int_equal(dones, 0);
	assert_int_equal(fake.transfers, 0);
}

static void close_ends_even_when_transfers_do_not(void **state)
{
	struct usb_transfer transfer = transfer_on(0x81);

	(void)state;
	open_stick();
	assert_int_equal(bus->ops->submit(usb, &transfer), 0);
	fake.event_result = LIBUSB_ERROR_IO;
	bus->ops->close(usb);
	usb = NULL;
	assert_int_equal(fake.transfers, 0);
}

static void memory_is_zeroed_aligned_and_goes_back_where_it_came_from(void **state)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const size_t bytes = 5000;
	uint8_t *memory[3];

	(void)state;
	open_stick();
	for (int i = 0; i < 3; i++) {
		fake.has_no_memory = i == 1;
		memory[i] = bus->ops->alloc(usb, bytes);
		assert_non_null(memory[i]);
		assert_int_equal((uintptr_t)memory[i] % page, 0);
		for (size_t j = 0; j < bytes; j++)
			assert_int_equal(memory[i][j], 0);
		memset(memory[i], 0xff, bytes);
	}
	assert_int_equal(fake.mapped, 2);
	bus->ops->dealloc(usb, memory[1], bytes);
	assert_int_equal(fake.mapped, 2);
	bus->ops->dealloc(usb, memory[0], bytes);
	bus->ops->dealloc(usb, memory[2], bytes);
	assert_int_equal(fake.mapped, 0);
	bus->ops->dealloc(usb, NULL, bytes);
	assert_null(bus->ops->alloc(usb, 0));
	fake.has_no_memory = 1;
	assert_null(bus->ops->alloc(usb, SIZE_MAX));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(both_kinds_are_listed_by_place),
		TEST(with_little_room_the_first_places_are_listed),
		TEST(a_library_that_cannot_list_is_an_error),
		TEST(a_device_knows_where_it_is),
		TEST(each_failed_open_leaves_nothing_behind_and_says_why),
		TEST(what_calls_return_is_an_errno),
		TEST(what_another_program_uses_is_not_reset),
		TEST(how_a_transfer_ended_is_an_errno),
		TEST(endpoints_have_their_types),
		TEST(done_is_called_from_wait_alone_in_order),
		TEST(done_may_submit_again_and_its_end_is_told_by_the_next_wait),
		TEST(a_wait_ends_when_its_time_has_passed),
		TEST(a_wait_that_is_interrupted_goes_on),
		TEST(a_submit_that_fails_calls_nobody),
		TEST(a_cancelled_transfer_is_done_too),
		TEST(close_calls_back_what_is_still_out),
		TEST(close_ends_even_when_transfers_do_not),
		TEST(memory_is_zeroed_aligned_and_goes_back_where_it_came_from),
	};
	return CHECK_RUN(tests);
}
