/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buses of this machine, through libusb.
 *
 * Each open device has a libusb context of its own, so that waiting for one never
 * delivers what belongs to another. What is over is first put aside, and `done`
 * is called from wait alone: libusb also handles events inside its synchronous
 * calls, and lets nobody make such calls from its callbacks.
 */
#include "runtime/edgetpu/usb.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <libusb-1.0/libusb.h>

#include "board/clock.h"
#include "runtime/edgetpu/usb_nodes.h"

#define NS_PER_MS INT64_C(1000000)

/* The one endpoint that is not bulk (usb.h). */
#define INTERRUPT_ENDPOINT 0x83

/* How long close waits for transfers that somebody forgot to wait for. */
#define CLOSE_MS 1000

/* After a change udev has so long to do its part; and whatever we believe, we look this
   often. */
#define SETTLE_MS 10000
#define TRUST_MS 30000

/* A transfer from its first submit until it is forgotten. */
struct job {
	struct libusb_transfer *libusb;
	struct usb_transfer *owner;
	struct device *device;
	bool is_out;
	struct job *next;      /* of all */
	struct job *next_over; /* of those that are over */
};

struct block {
	void *memory;
	bool is_mapped_by_libusb;
	struct block *next;
};

struct device {
	struct usb_device base; /* first: the pointer others have is ours */
	libusb_context *context;
	libusb_device_handle *handle;
	bool is_claimed;
	struct job *jobs;
	struct job *over, **over_end; /* `done` is due, oldest first */
	int is_any_over;              /* an int for libusb, which looks at it */
	struct block *blocks;
};

/* What was plugged in when we looked. */
struct sight {
	uint64_t sum;         /* of the nodes, before we looked last */
	int64_t changed_ms;   /* when it became that */
	int64_t scanned_ms;
	uint32_t count;
	struct usb_found found[USB_FOUND_MAX];
};

struct bus {
	struct usb_bus base;  /* first, as above */
	pthread_mutex_t lock; /* of what follows */
	struct sight sight;
};

static struct device *device_of(struct usb_device *usb)
{
	return (struct device *)usb;
}

/* What a call to libusb returned, as usb.h numbers failures. */
static int error_of(int r)
{
	switch (r) {
	case LIBUSB_ERROR_TIMEOUT: return -ETIMEDOUT;
	case LIBUSB_ERROR_PIPE: return -EPIPE;
	case LIBUSB_ERROR_NO_DEVICE: return -ENODEV;
	/* An interface, an endpoint or, after a reset, the whole device. */
	case LIBUSB_ERROR_NOT_FOUND: return -ENODEV;
	case LIBUSB_ERROR_OVERFLOW: return -EOVERFLOW;
	case LIBUSB_ERROR_ACCESS: return -EACCES;
	case LIBUSB_ERROR_BUSY: return -EBUSY;
	case LIBUSB_ERROR_NO_MEM: return -ENOMEM;
	default: return r < 0 ? -EIO : 0;
	}
}

/* How a transfer ended, likewise. */
static int status_of(enum libusb_transfer_status status)
{
	switch (status) {
	case LIBUSB_TRANSFER_COMPLETED: return 0;
	case LIBUSB_TRANSFER_TIMED_OUT: return -ETIMEDOUT;
	case LIBUSB_TRANSFER_CANCELLED: return -ECANCELED;
	case LIBUSB_TRANSFER_STALL: return -EPIPE;
	case LIBUSB_TRANSFER_NO_DEVICE: return -ENODEV;
	case LIBUSB_TRANSFER_OVERFLOW: return -EOVERFLOW;
	default: return -EIO;
	}
}

static enum usb_speed speed_of(libusb_device *device)
{
	switch (libusb_get_device_speed(device)) {
	case LIBUSB_SPEED_LOW: return USB_LOW;
	case LIBUSB_SPEED_FULL: return USB_FULL;
	case LIBUSB_SPEED_HIGH: return USB_HIGH;
	case LIBUSB_SPEED_SUPER:
	case LIBUSB_SPEED_SUPER_PLUS: return USB_SUPER;
	default: return USB_SPEED_UNKNOWN;
	}
}

/* False for what is no Edge TPU. */
static bool look_at(libusb_device *device, struct usb_found *found)
{
	struct libusb_device_descriptor descriptor;
	int ports;

	if (libusb_get_device_descriptor(device, &descriptor) < 0)
		return false;
	if (!(descriptor.idVendor == USB_DFU_VENDOR &&
	      descriptor.idProduct == USB_DFU_PRODUCT) &&
	    !(descriptor.idVendor == USB_APPLICATION_VENDOR &&
	      descriptor.idProduct == USB_APPLICATION_PRODUCT))
		return false;
	*found = (struct usb_found){
		.vendor = descriptor.idVendor,
		.product = descriptor.idProduct,
		.address = libusb_get_device_address(device),
		.speed = speed_of(device),
		.place.bus = libusb_get_bus_number(device),
	};
	ports = libusb_get_port_numbers(device, found->place.port, USB_PORTS_MAX);
	found->place.ports = ports > 0 ? (uint8_t)ports : 0;
	return ports > 0;
}

static int compare_places(const struct usb_place *a, const struct usb_place *b)
{
	if (a->bus != b->bus)
		return a->bus - b->bus;
	for (uint32_t i = 0; i < a->ports && i < b->ports; i++)
		if (a->port[i] != b->port[i])
			return a->port[i] - b->port[i];
	return a->ports - b->ports;
}

/* Among the others in their order, the last of too many left out; how many there
   are now. */
static uint32_t insert(struct usb_found *found, uint32_t count, uint32_t room,
		       const struct usb_found *one)
{
	uint32_t at = count;

	while (at > 0 && compare_places(&one->place, &found[at - 1].place) < 0)
		at--;
	if (at == room)
		return count;
	if (count == room)
		count--;
	memmove(&found[at + 1], &found[at], (count - at) * sizeof(*found));
	found[at] = *one;
	return count + 1;
}

/*
 * A context that knows what is plugged in now. One that was made earlier hears of
 * changes only from udevd, which containers and small systems do not have, and
 * maybe after us; a new one looks through sysfs itself.
 */
static int look_around(libusb_context **context, libusb_device ***devices,
		       struct atoll_error *err)
{
	ssize_t count;
	int r = libusb_init(context);

	if (r < 0)
		return atoll_error_set(err, error_of(r), "usb: libusb cannot start: %s",
				       libusb_strerror(r));
	count = libusb_get_device_list(*context, devices);
	if (count < 0) {
		libusb_exit(*context);
		*context = NULL;
		return atoll_error_set(err, error_of((int)count),
				       "usb: libusb cannot list devices: %s",
				       libusb_strerror((int)count));
	}
	return 0;
}

static int scan(struct sight *sight, struct atoll_error *err)
{
	libusb_context *context;
	libusb_device **devices;
	struct usb_found one;
	int r = look_around(&context, &devices, err);

	if (r < 0)
		return r;
	sight->count = 0;
	for (libusb_device **device = devices; *device; device++)
		if (look_at(*device, &one))
			sight->count = insert(sight->found, sight->count, USB_FOUND_MAX, &one);
	libusb_free_device_list(devices, 1);
	libusb_exit(context);
	return 0;
}

/* Whether what was seen last is what there is: nothing came or went since. A device has
   its node before udev is done with it, and libusb may leave it out until then. */
static bool is_known(struct sight *sight)
{
	const uint64_t sum = usb_nodes_sum("/dev/bus/usb");
	const int64_t now_ms = atoll_clock_ms();

	if (sum != sight->sum)
		sight->changed_ms = now_ms;
	sight->sum = sum;
	return sum != 0 && now_ms - sight->changed_ms > SETTLE_MS &&
	       now_ms - sight->scanned_ms < TRUST_MS;
}

/* To ask libusb, once a second, takes a thread and hundreds of files of sysfs. */
static int list(struct usb_bus *usb, struct usb_found *found, uint32_t room,
		uint32_t *count, struct atoll_error *err)
{
	struct bus *bus = (struct bus *)usb;
	struct sight *sight = &bus->sight;
	int r = 0;

	pthread_mutex_lock(&bus->lock);
	if (!is_known(sight)) {
		r = scan(sight, err);
		sight->scanned_ms = r < 0 ? -TRUST_MS : atoll_clock_ms();
	}
	if (r == 0) {
		*count = sight->count < room ? sight->count : room;
		memcpy(found, sight->found, *count * sizeof(*found));
	}
	pthread_mutex_unlock(&bus->lock);
	return r;
}

static int could_not_open(int r, const struct usb_found *found, struct atoll_error *err)
{
	char text[USB_PLACE_TEXT];
	const char *place = usb_place_text(&found->place, text);

	if (r == -EACCES)
		return atoll_error_set(err, r, "usb:%s: no permission for /dev/bus/usb/%03u/%03u; "
				       "join the group plugdev, or see atoll-tpu(1) about the "
				       "udev rule", place, found->place.bus, found->address);
	return atoll_error_set(err, r, "usb:%s: cannot be opened: %s", place,
			       usb_status_text(r));
}

static int open_among(struct device *device, libusb_device **devices,
		      const struct usb_place *place, struct atoll_error *err)
{
	struct usb_found found;
	char text[USB_PLACE_TEXT];
	int r;

	while (*devices && !(look_at(*devices, &found) &&
			     usb_place_equal(&found.place, place)))
		devices++;
	if (!*devices)
		return atoll_error_set(err, -ENODEV, "usb:%s: there is no Edge TPU here",
				       usb_place_text(place, text));
	device->base.place = found.place;
	device->base.speed = found.speed;
	r = error_of(libusb_open(*devices, &device->handle));
	return r < 0 ? could_not_open(r, &found, err) : 0;
}

static void close_device(struct usb_device *usb);

static int open_device(struct usb_bus *bus, const struct usb_place *place,
		       struct usb_device **usb, struct atoll_error *err)
{
	struct device *device = calloc(1, sizeof(*device));
	libusb_device **devices;
	int r;

	if (!device)
		return atoll_error_set(err, -ENOMEM, "usb: out of memory");
	device->base.bus = bus;
	device->over_end = &device->over;
	r = look_around(&device->context, &devices, err);
	if (r == 0) {
		r = open_among(device, devices, place, err);
		libusb_free_device_list(devices, 1);
	}
	if (r < 0) {
		close_device(&device->base);
		return r;
	}
	*usb = &device->base;
	return 0;
}

static bool is_any_out(const struct device *device)
{
	for (const struct job *job = device->jobs; job; job = job->next)
		if (job->is_out)
			return true;
	return false;
}

/* Handle what happens, for at most so long; 0 or what libusb says. */
static int handle_events(struct device *device, int64_t left_ns, int *is_over)
{
	const int64_t left_us = left_ns > 0 ? (left_ns + 999) / 1000 : 0;
	struct timeval left = { .tv_sec = left_us / 1000000, .tv_usec = left_us % 1000000 };
	int r = libusb_handle_events_timeout_completed(device->context, &left, is_over);

	return r == LIBUSB_ERROR_INTERRUPTED ? 0 : r;
}

/* Nothing is out when the driver keeps its promise. When it does not, the kernel
   must not write into memory that is used anew. */
static void call_back(struct device *device)
{
	const int64_t end_ns = atoll_clock_ns() + CLOSE_MS * NS_PER_MS;

	for (struct job *job = device->jobs; job; job = job->next)
		if (job->is_out)
			(void)libusb_cancel_transfer(job->libusb); /* over already */
	while (is_any_out(device)) {
		int64_t left_ns = end_ns - atoll_clock_ns();

		if (left_ns <= 0 || handle_events(device, left_ns, NULL) < 0)
			return;
	}
}

static void drop(struct job *job)
{
	struct job **at = &job->device->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	libusb_free_transfer(job->libusb);
	free(job);
}

/* Also undoes a half-done open. Transfers that could not be called back are freed
   only after the handle is closed, which ends them in the kernel. */
static void close_device(struct usb_device *usb)
{
	struct device *device = device_of(usb);

	call_back(device);
	if (device->handle)
		libusb_close(device->handle);
	while (device->jobs)
		drop(device->jobs);
	if (device->context)
		libusb_exit(device->context);
	free(device);
}

static int claim(struct usb_device *usb, uint8_t interface)
{
	struct device *device = device_of(usb);
	int r = error_of(libusb_claim_interface(device->handle, interface));

	device->is_claimed = device->is_claimed || r == 0;
	return r;
}

static int release(struct usb_device *usb, uint8_t interface)
{
	struct device *device = device_of(usb);

	device->is_claimed = false;
	return error_of(libusb_release_interface(device->handle, interface));
}

/* The kernel lets anybody reset a device under the hands of whoever uses it. */
static int reset(struct usb_device *usb)
{
	struct device *device = device_of(usb);
	bool is_for_now = !device->is_claimed;
	int r;

	if (is_for_now && libusb_claim_interface(device->handle, 0) == LIBUSB_ERROR_BUSY)
		return -EBUSY;
	r = error_of(libusb_reset_device(device->handle));
	if (is_for_now)
		(void)libusb_release_interface(device->handle, 0); /* gone with the device */
	return r;
}

static int clear_halt(struct usb_device *usb, uint8_t endpoint)
{
	return error_of(libusb_clear_halt(device_of(usb)->handle, endpoint));
}

/* 0 would be no deadline to libusb. */
static int control(struct usb_device *usb, const struct usb_setup *setup, uint8_t *data,
		   uint32_t timeout_ms)
{
	int r = libusb_control_transfer(device_of(usb)->handle, setup->request_type,
					setup->request, setup->value, setup->index, data,
					setup->length, timeout_ms ? timeout_ms : 1);

	return r < 0 ? error_of(r) : r;
}

static void LIBUSB_CALL put_aside(struct libusb_transfer *libusb)
{
	struct job *job = libusb->user_data;
	struct device *device = job->device;

	job->is_out = false;
	job->next_over = NULL;
	*device->over_end = job;
	device->over_end = &job->next_over;
	device->is_any_over = true;
}

static struct job *job_new(struct device *device, struct usb_transfer *owner)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->libusb = libusb_alloc_transfer(0);
	if (!job->libusb) {
		free(job);
		return NULL;
	}
	job->device = device;
	job->owner = owner;
	job->next = device->jobs;
	device->jobs = job;
	return job;
}

static int submit(struct usb_device *usb, struct usb_transfer *transfer)
{
	struct device *device = device_of(usb);
	struct job *job = transfer->handle;
	int r;

	if (transfer->length > INT_MAX)
		return -EIO;
	if (!job)
		job = job_new(device, transfer);
	if (!job)
		return -ENOMEM;
	transfer->handle = job;
	libusb_fill_bulk_transfer(job->libusb, device->handle, transfer->endpoint,
				  transfer->data, (int)transfer->length, put_aside, job,
				  transfer->timeout_ms);
	if (transfer->endpoint == INTERRUPT_ENDPOINT)
		job->libusb->type = LIBUSB_TRANSFER_TYPE_INTERRUPT;
	job->is_out = true;
	r = libusb_submit_transfer(job->libusb);
	if (r < 0)
		job->is_out = false;
	return error_of(r);
}

static void cancel(struct usb_device *usb, struct usb_transfer *transfer)
{
	struct job *job = transfer->handle;

	(void)usb;
	if (job && job->is_out)
		(void)libusb_cancel_transfer(job->libusb); /* fails when it is over */
}

/* Those that are over now; `done` may submit them again. */
static void deliver(struct device *device)
{
	struct job *job = device->over, *next;

	device->over = NULL;
	device->over_end = &device->over;
	device->is_any_over = false;
	for (; job; job = next) {
		struct usb_transfer *transfer = job->owner;

		next = job->next_over;
		transfer->status = status_of(job->libusb->status);
		transfer->actual = (uint32_t)job->libusb->actual_length;
		transfer->done(transfer);
	}
}

static int wait_for_any(struct usb_device *usb, uint32_t timeout_ms)
{
	struct device *device = device_of(usb);
	int64_t left_ns = timeout_ms * NS_PER_MS;
	const int64_t end_ns = atoll_clock_ns() + left_ns;
	int r = 0;

	do {
		if (!device->is_any_over)
			r = handle_events(device, left_ns, &device->is_any_over);
		left_ns = end_ns - atoll_clock_ns();
	} while (!device->is_any_over && r == 0 && left_ns > 0);
	if (!device->is_any_over)
		return error_of(r);
	deliver(device);
	return 0;
}

static void forget(struct usb_device *usb, struct usb_transfer *transfer)
{
	(void)usb;
	if (transfer->handle)
		drop(transfer->handle);
	transfer->handle = NULL;
}

/* The kernel's buffers, into which controllers write directly, or any. There may
   be none of the former: usbfs has a limit, and wants them in one piece. */
static void *alloc(struct usb_device *usb, size_t bytes)
{
	struct device *device = device_of(usb);
	struct block *block = bytes ? calloc(1, sizeof(*block)) : NULL;

	if (!block)
		return NULL;
	block->memory = libusb_dev_mem_alloc(device->handle, bytes);
	block->is_mapped_by_libusb = block->memory;
	if (!block->memory)
		block->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block->memory == MAP_FAILED) {
		free(block);
		return NULL;
	}
	block->next = device->blocks;
	device->blocks = block;
	return block->memory;
}

static void dealloc(struct usb_device *usb, void *memory, size_t bytes)
{
	struct device *device = device_of(usb);
	struct block **at = &device->blocks, *block;

	while (*at && (*at)->memory != memory)
		at = &(*at)->next;
	block = *at;
	if (!block)
		return; /* NULL, which came from no memory */
	*at = block->next;
	if (block->is_mapped_by_libusb)
		(void)libusb_dev_mem_free(device->handle, memory, bytes); /* cannot fail */
	else
		(void)munmap(memory, bytes);
	free(block);
}

static int64_t clock_ns(struct usb_bus *bus)
{
	(void)bus;
	return atoll_clock_ns();
}

static void sleep_ms(struct usb_bus *bus, uint32_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS };

	(void)bus;
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void free_bus(struct usb_bus *usb)
{
	struct bus *bus = (struct bus *)usb;

	(void)pthread_mutex_destroy(&bus->lock); /* nobody holds it */
	free(bus);
}

static const struct usb_ops ops = {
	.list = list,
	.open = open_device,
	.close = close_device,
	.claim = claim,
	.release = release,
	.reset = reset,
	.clear_halt = clear_halt,
	.control = control,
	.submit = submit,
	.cancel = cancel,
	.wait = wait_for_any,
	.forget = forget,
	.alloc = alloc,
	.dealloc = dealloc,
	.clock_ns = clock_ns,
	.sleep_ms = sleep_ms,
	.free = free_bus,
};

ATOLL_API struct usb_bus *usb_bus_open(struct atoll_error *err)
{
	struct bus *bus = calloc(1, sizeof(*bus));

	if (!bus) {
		atoll_error_set(err, -ENOMEM, "usb: out of memory");
		return NULL;
	}
	(void)pthread_mutex_init(&bus->lock, NULL); /* cannot fail on Linux */
	bus->base.ops = &ops;
	return &bus->base;
}
