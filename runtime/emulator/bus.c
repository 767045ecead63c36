/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board/clock.h"
#include "runtime/emulator/port.h"

#define PAGE_BYTES 4096u
#define FIRST_NS 1000000000 /* a virtual clock starts here: 0 looks like "never" */

struct bus {
	struct usb_bus usb;         /* first: drivers know the bus by it */
	struct timing timing;
	pthread_mutex_t lock;
	struct port *port[USB_FOUND_MAX]; /* under lock; those that are there stay */
	uint32_t ports;             /* under lock */
	atomic_uint handles, transfers, claims, allocations;
};

struct handle {
	struct usb_device usb;      /* first */
	struct port *port;
	uint32_t generation;
	bool is_claimed;
};

static struct bus *bus_of(struct usb_bus *usb)
{
	return (struct bus *)usb;
}

static struct handle *handle_of(struct usb_device *usb)
{
	return (struct handle *)usb;
}

static void lock(struct port *port)
{
	(void)pthread_mutex_lock(&port->lock);
}

static void unlock(struct port *port)
{
	(void)pthread_mutex_unlock(&port->lock);
}

static uint32_t count_ports(struct bus *bus)
{
	uint32_t ports;

	(void)pthread_mutex_lock(&bus->lock);
	ports = bus->ports;
	(void)pthread_mutex_unlock(&bus->lock);
	return ports;
}

static struct port *find(struct bus *bus, const struct usb_place *place)
{
	uint32_t ports = count_ports(bus);

	for (uint32_t i = 0; i < ports; i++)
		if (usb_place_equal(&bus->port[i]->place, place))
			return bus->port[i];
	return NULL;
}

/* With the port's lock. */
static bool is_present(struct port *port)
{
	port_advance(port);
	return port->is_plugged && timing_now(port->timing) >= port->present_ns;
}

static bool is_alive(const struct handle *handle)
{
	return handle->port->is_plugged && handle->generation == handle->port->generation;
}

static int bus_list(struct usb_bus *usb, struct usb_found *found, uint32_t room,
		    uint32_t *count, struct atoll_error *err)
{
	struct bus *bus = bus_of(usb);
	uint32_t ports = count_ports(bus), n = 0;

	(void)err;
	for (uint32_t i = 0; i < ports && n < room; i++) {
		struct port *port = bus->port[i];

		lock(port);
		if (is_present(port))
			found[n++] = (struct usb_found){
				.place = port->place,
				.vendor = emulator_vendor(port->emulator),
				.product = emulator_product(port->emulator),
				.address = port->address,
				.speed = emulator_speed(port->emulator),
			};
		unlock(port);
	}
	*count = n;
	return 0;
}

static int bus_open(struct usb_bus *usb, const struct usb_place *place,
		    struct usb_device **device, struct atoll_error *err)
{
	struct bus *bus = bus_of(usb);
	struct port *port = find(bus, place);
	struct handle *handle = calloc(1, sizeof(*handle));
	char text[USB_PLACE_TEXT];
	int r = handle ? -ENODEV : -ENOMEM;

	if (handle && port) {
		lock(port);
		if (is_present(port)) {
			*handle = (struct handle){
				.usb = { .bus = usb, .place = *place,
					 .speed = emulator_speed(port->emulator) },
				.port = port,
				.generation = port->generation,
			};
			r = 0;
		}
		unlock(port);
	}
	if (r < 0) {
		free(handle);
		return atoll_error_set(err, r, "usb: %s: open: %s",
				       usb_place_text(place, text), usb_status_text(r));
	}
	atomic_fetch_add(&bus->handles, 1);
	*device = &handle->usb;
	return 0;
}

/* With the port's lock. */
static void let_go(struct handle *handle)
{
	if (handle->port->claimant == handle)
		handle->port->claimant = NULL;
	if (handle->is_claimed)
		atomic_fetch_sub(&bus_of(handle->usb.bus)->claims, 1);
	handle->is_claimed = false;
}

/* Transfers that are still out, against the rules, are not told to anybody; that
   they were not forgotten shows in the balance. */
static void bus_close(struct usb_device *device)
{
	struct handle *handle = handle_of(device);
	struct port *port = handle->port;

	lock(port);
	let_go(handle);
	for (struct ticket *t = port->first, *next; t; t = next) {
		next = t->next;
		if (t->owner == handle)
			port_drop(port, t);
	}
	unlock(port);
	atomic_fetch_sub(&bus_of(device->bus)->handles, 1);
	free(handle);
}

static int bus_claim(struct usb_device *device, uint8_t interface)
{
	struct handle *handle = handle_of(device);
	struct port *port = handle->port;
	int r = 0;

	lock(port);
	if (!is_alive(handle))
		r = -ENODEV;
	else if (interface != 0)
		r = -EIO;
	else if (port->claimant && port->claimant != handle)
		r = -EBUSY;
	else if (!handle->is_claimed)
		atomic_fetch_add(&bus_of(device->bus)->claims, 1);
	if (r == 0) {
		port->claimant = handle;
		handle->is_claimed = true;
	}
	unlock(port);
	return r;
}

static int bus_release(struct usb_device *device, uint8_t interface)
{
	struct handle *handle = handle_of(device);
	int r;

	lock(handle->port);
	r = !is_alive(handle) ? -ENODEV : interface != 0 || !handle->is_claimed ? -EIO : 0;
	let_go(handle);
	unlock(handle->port);
	return r;
}

static int bus_reset(struct usb_device *device)
{
	struct handle *handle = handle_of(device);
	struct port *port = handle->port;
	int r = -ENODEV;

	lock(port);
	if (port->claimant && port->claimant != handle) {
		r = -EBUSY;
	} else if (is_alive(handle)) {
		port_advance(port);
		if (emulator_reset(port->emulator)) {
			port_renew(port);
		} else {
			port_cancel_all(port, -ECANCELED);
			r = 0;
		}
	}
	unlock(port);
	return r;
}

static int bus_clear_halt(struct usb_device *device, uint8_t endpoint)
{
	struct handle *handle = handle_of(device);
	struct port *port = handle->port;
	int r = -ENODEV;

	lock(port);
	if (is_alive(handle)) {
		r = emulator_clear_halt(port->emulator, endpoint);
		port_advance(port);
	}
	unlock(port);
	return r;
}

static int bus_control(struct usb_device *device, const struct usb_setup *setup, uint8_t *data,
		       uint32_t timeout_ms)
{
	struct handle *handle = handle_of(device);
	struct port *port = handle->port;
	int r = -ENODEV;

	lock(port);
	if (is_alive(handle))
		r = port_control(port, setup, data, timeout_ms);
	unlock(port);
	return r;
}

static int bus_submit(struct usb_device *device, struct usb_transfer *transfer)
{
	struct handle *handle = handle_of(device);
	struct port *port = handle->port;
	struct ticket *ticket = transfer->handle;
	int r = 0;

	if (!ticket) {
		ticket = calloc(1, sizeof(*ticket));
		if (!ticket)
			return -ENOMEM;
		atomic_fetch_add(&bus_of(device->bus)->transfers, 1);
		transfer->handle = ticket;
	}
	lock(port);
	if (!is_alive(handle)) {
		r = -ENODEV;
	} else if (port->claimant != handle || ticket->state != TICKET_IDLE) {
		r = port->claimant && port->claimant != handle ? -EBUSY : -EIO;
	} else {
		ticket->transfer = transfer;
		ticket->owner = handle;
		port_submit(port, ticket, transfer->timeout_ms);
	}
	unlock(port);
	return r;
}

static void bus_cancel(struct usb_device *device, struct usb_transfer *transfer)
{
	struct port *port = handle_of(device)->port;

	if (!transfer->handle)
		return;
	lock(port);
	port_cancel(port, transfer->handle, -ECANCELED);
	unlock(port);
}

/* What is over is told; not what the telling brings about. True: something was. */
static bool tell(struct port *port, const struct handle *handle)
{
	uint64_t number = port->submissions;
	struct ticket *ticket;
	bool has_told = false;

	for (;;) {
		ticket = port_next_over(port, handle, number);
		if (!ticket)
			return has_told;
		unlock(port);
		ticket->transfer->done(ticket->transfer);
		has_told = true;
		lock(port);
	}
}

static int bus_wait(struct usb_device *device, uint32_t timeout_ms)
{
	struct handle *handle = handle_of(device);
	struct port *port = handle->port;
	int64_t until = timing_now(port->timing) + (int64_t)timeout_ms * 1000000;

	lock(port);
	for (;;) {
		port_advance(port);
		if (tell(port, handle) || timing_now(port->timing) >= until)
			break;
		port_wait(port, until, true);
	}
	unlock(port);
	return 0;
}

static void bus_forget(struct usb_device *device, struct usb_transfer *transfer)
{
	struct port *port = handle_of(device)->port;

	if (!transfer->handle)
		return;
	lock(port);
	port_drop(port, transfer->handle);
	unlock(port);
	free(transfer->handle);
	transfer->handle = NULL;
	atomic_fetch_sub(&bus_of(device->bus)->transfers, 1);
}

static void *bus_alloc(struct usb_device *device, size_t bytes)
{
	size_t whole = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	void *memory = whole >= bytes && whole ? aligned_alloc(PAGE_BYTES, whole) : NULL;

	if (!memory)
		return NULL;
	memset(memory, 0, whole);
	atomic_fetch_add(&bus_of(device->bus)->allocations, 1);
	return memory;
}

static void bus_dealloc(struct usb_device *device, void *memory, size_t bytes)
{
	(void)bytes;
	if (!memory)
		return;
	free(memory);
	atomic_fetch_sub(&bus_of(device->bus)->allocations, 1);
}

static int64_t bus_clock_ns(struct usb_bus *usb)
{
	return timing_now(&bus_of(usb)->timing);
}

static void bus_sleep_ms(struct usb_bus *usb, uint32_t ms)
{
	struct timing *timing = &bus_of(usb)->timing;
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	if (timing->is_virtual)
		atomic_fetch_add(&timing->now_ns, (int64_t)ms * 1000000);
	else
		while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR)
			;
}

static void bus_free(struct usb_bus *usb)
{
	struct bus *bus = bus_of(usb);

	if (!bus)
		return;
	for (uint32_t i = 0; i < bus->ports; i++) {
		port_destroy(bus->port[i]);
		free(bus->port[i]);
	}
	(void)pthread_mutex_destroy(&bus->lock);
	free(bus);
}

static const struct usb_ops bus_ops = {
	.list = bus_list,
	.open = bus_open,
	.close = bus_close,
	.claim = bus_claim,
	.release = bus_release,
	.reset = bus_reset,
	.clear_halt = bus_clear_halt,
	.control = bus_control,
	.submit = bus_submit,
	.cancel = bus_cancel,
	.wait = bus_wait,
	.forget = bus_forget,
	.alloc = bus_alloc,
	.dealloc = bus_dealloc,
	.clock_ns = bus_clock_ns,
	.sleep_ms = bus_sleep_ms,
	.free = bus_free,
};

ATOLL_API struct usb_bus *emulator_bus_new(const struct emulator_bus_options *options,
					   struct atoll_error *err)
{
	struct bus *bus = calloc(1, sizeof(*bus));

	if (!bus) {
		atoll_error_set(err, -ENOMEM, "emulator: no memory for a bus");
		return NULL;
	}
	bus->usb.ops = &bus_ops;
	(void)pthread_mutex_init(&bus->lock, NULL); /* cannot fail on Linux */
	bus->timing.is_virtual = options->is_time_virtual;
	bus->timing.bytes_per_second = options->bytes_per_second;
	bus->timing.latency_ns = (int64_t)options->latency_us * 1000;
	bus->timing.plug_delay_ns = (int64_t)options->plug_delay_ms * 1000000;
	atomic_init(&bus->timing.now_ns, FIRST_NS);
	return &bus->usb;
}

ATOLL_API struct usb_place emulator_bus_plug(struct usb_bus *usb, struct emulator *emulator,
					     struct atoll_error *err)
{
	struct bus *bus = bus_of(usb);
	struct port *port = calloc(1, sizeof(*port));
	struct usb_place place = { 0 };

	if (!emulator) { /* whoever could not make it has said why */
		free(port);
		return place;
	}
	(void)pthread_mutex_lock(&bus->lock);
	if (port && bus->ports < USB_FOUND_MAX) {
		port_init(port, &bus->timing, emulator, (uint8_t)(bus->ports + 1));
		place = port->place;
		bus->port[bus->ports++] = port;
	}
	(void)pthread_mutex_unlock(&bus->lock);
	if (place.ports)
		return place;
	atoll_error_set(err, port ? -ENOSPC : -ENOMEM, "emulator: %s",
			port ? "all ports of the bus are taken" : "no memory for a port");
	free(port);
	emulator_free(emulator);
	return place;
}

ATOLL_API void emulator_bus_unplug(struct usb_bus *usb, const struct usb_place *place)
{
	struct port *port = find(bus_of(usb), place);

	if (!port)
		return;
	lock(port);
	port_unplug(port, FOREVER);
	unlock(port);
}

ATOLL_API void emulator_bus_replug(struct usb_bus *usb, const struct usb_place *place)
{
	struct port *port = find(bus_of(usb), place);

	if (!port)
		return;
	lock(port);
	port_replug(port);
	unlock(port);
}

ATOLL_API struct emulator *emulator_bus_at(struct usb_bus *usb, const struct usb_place *place)
{
	struct port *port = find(bus_of(usb), place);

	return port ? port->emulator : NULL;
}

ATOLL_API void emulator_bus_set_faults(struct usb_bus *usb, const struct usb_place *place,
				       const struct fault_script *script)
{
	struct port *port = find(bus_of(usb), place);

	if (!port)
		return;
	lock(port);
	port->script = script ? *script : (struct fault_script){ 0 };
	port->transfers = 0;
	fault_begin(&port->script, port->emulator);
	unlock(port);
}

ATOLL_API uint64_t emulator_bus_transfers(struct usb_bus *usb, const struct usb_place *place)
{
	struct port *port = find(bus_of(usb), place);
	uint64_t transfers = 0;

	if (port) {
		lock(port);
		transfers = port->transfers;
		unlock(port);
	}
	return transfers;
}

ATOLL_API struct emulator_bus_balance emulator_bus_balance(struct usb_bus *usb)
{
	struct bus *bus = bus_of(usb);

	return (struct emulator_bus_balance){
		.handles = atomic_load(&bus->handles),
		.transfers = atomic_load(&bus->transfers),
		.claims = atomic_load(&bus->claims),
		.allocations = atomic_load(&bus->allocations),
	};
}
