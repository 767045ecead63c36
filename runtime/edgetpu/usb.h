/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_USB_H
#define ATOLL_RUNTIME_EDGETPU_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * USB as the driver sees it: the seam behind which there is libusb, an emulator
 * in this process, or a recorder in a test.
 *
 *	struct usb_bus *bus = usb_bus_open(&err);
 *	struct usb_found found[USB_FOUND_MAX];
 *	uint32_t count;
 *	struct usb_device *usb;
 *
 *	r = bus->ops->list(bus, found, USB_FOUND_MAX, &count, &err);
 *	r = bus->ops->open(bus, &found[0].place, &usb, &err);
 *	r = usb->bus->ops->control(usb, &setup, data, 1000);
 *	usb->bus->ops->close(usb);
 *	bus->ops->free(bus);
 *
 * Nothing here has a thread of its own: completions are delivered by `wait`, on
 * the thread that calls it. A bus may be used by several threads, a device by one
 * at a time. All time is the bus's own, so that a deadline of seconds can pass at
 * once in a test.
 *
 * Failures are -ETIMEDOUT, -EPIPE (the endpoint is stalled), -ENODEV (the device
 * is gone, or a reset made another of it), -EOVERFLOW (the device sent more than
 * asked), -ECANCELED, -EACCES, -EBUSY (another process has it), -ENOMEM, else -EIO.
 */

/* The ids of an Edge TPU: in the boot ROM, which only takes firmware (DFU), and
   running it. */
#define USB_DFU_VENDOR 0x1a6e
#define USB_DFU_PRODUCT 0x089a
#define USB_APPLICATION_VENDOR 0x18d1
#define USB_APPLICATION_PRODUCT 0x9302

enum usb_speed { USB_SPEED_UNKNOWN, USB_LOW, USB_FULL, USB_HIGH, USB_SUPER };

/* Where a device is plugged in; stays the same over resets and new addresses. */
#define USB_PORTS_MAX 7
struct usb_place {
	uint8_t bus;
	uint8_t ports;               /* how many of `port` count */
	uint8_t port[USB_PORTS_MAX]; /* from the root hub on */
};

/* "1-1.4", as in /sys/bus/usb/devices. Returns `text`. */
#define USB_PLACE_TEXT 40
const char *usb_place_text(const struct usb_place *place, char text[USB_PLACE_TEXT]);
bool usb_place_read(const char *text, struct usb_place *place);
bool usb_place_equal(const struct usb_place *a, const struct usb_place *b);

struct usb_found {
	struct usb_place place;
	uint16_t vendor, product;
	uint8_t address;
	enum usb_speed speed;
};

#define USB_FOUND_MAX 32

struct usb_setup {
	uint8_t request_type; /* bmRequestType; bit 7: device to host */
	uint8_t request;
	uint16_t value, index, length;
};

/*
 * One transfer on an endpoint, in the caller's memory until `done` was called,
 * which happens exactly once for each that was submitted. `done` may submit
 * again, this one too.
 */
struct usb_transfer {
	uint8_t endpoint;      /* bit 7: in; 0x83 is an interrupt endpoint */
	uint8_t *data;
	uint32_t length;
	uint32_t timeout_ms;   /* 0: none, for standing reads */
	void (*done)(struct usb_transfer *transfer);
	void *context;

	/* Results, before `done`: */
	int status;            /* 0 or a negative errno */
	uint32_t actual;       /* bytes that were moved, also in failure */

	void *handle;          /* the bus's own; NULL before the first submit */
};

struct usb_bus {
	const struct usb_ops *ops;
};

struct usb_device {
	struct usb_bus *bus;
	struct usb_place place;
	enum usb_speed speed;
};

struct usb_ops {
	/* The Edge TPUs of both kinds, ordered by place: at most `room`. */
	int (*list)(struct usb_bus *bus, struct usb_found *found, uint32_t room,
		    uint32_t *count, struct atoll_error *err);
	int (*open)(struct usb_bus *bus, const struct usb_place *place,
		    struct usb_device **device, struct atoll_error *err);
	/* Not while transfers are out. */
	void (*close)(struct usb_device *device);
	int (*claim)(struct usb_device *device, uint8_t interface);
	int (*release)(struct usb_device *device, uint8_t interface);
	/* Of the port. 0: same device as before; -ENODEV: open it anew; -EBUSY:
	   another program has claimed it, and nothing was reset. */
	int (*reset)(struct usb_device *device);
	int (*clear_halt)(struct usb_device *device, uint8_t endpoint);
	/* Endpoint 0: how many bytes were moved, or a negative errno. */
	int (*control)(struct usb_device *device, const struct usb_setup *setup,
		       uint8_t *data, uint32_t timeout_ms);
	/* 0: `done` will be called. Otherwise it will not. */
	int (*submit)(struct usb_device *device, struct usb_transfer *transfer);
	/* Asks for an early end, usually with -ECANCELED; `done` still comes. */
	void (*cancel)(struct usb_device *device, struct usb_transfer *transfer);
	/* Until at least one `done` was called, or the time has passed, which is 0,
	   too; one of a transfer that was already over counts. Calls `done` from
	   nowhere else, and not from inside a `done`. */
	int (*wait)(struct usb_device *device, uint32_t timeout_ms);
	/* What belongs to a transfer, after its last `done` and before close. One
	   that was never submitted has nothing to forget. */
	void (*forget)(struct usb_device *device, struct usb_transfer *transfer);
	/* Bytes the transfers of a device may use, from memory the bus likes best;
	   zeroed, page-aligned. NULL when there is none. Given back before close. */
	void *(*alloc)(struct usb_device *device, size_t bytes);
	void (*dealloc)(struct usb_device *device, void *memory, size_t bytes);
	int64_t (*clock_ns)(struct usb_bus *bus);
	void (*sleep_ms)(struct usb_bus *bus, uint32_t ms);
	void (*free)(struct usb_bus *bus);
};

/* The buses of this machine, through libusb. */
struct usb_bus *usb_bus_open(struct atoll_error *err);

/* For sentences: "the endpoint stalled", "timed out", ... */
const char *usb_status_text(int status);
const char *usb_speed_text(enum usb_speed speed);

#endif
