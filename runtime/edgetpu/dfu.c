/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests, states and the functional descriptor are those of USB Device Firmware
 * Upgrade 1.1. The boot ROM differs in two ways: after the last block it is idle
 * again instead of manifesting, and it reads back its whole code memory, which is
 * larger than the image.
 */
#include "runtime/edgetpu/dfu.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define NS_PER_MS 1000000

#define TO_INTERFACE 0x21 /* bmRequestType: class, interface */
#define FROM_INTERFACE 0xa1

enum { DETACH = 0, DNLOAD = 1, UPLOAD = 2, GETSTATUS = 3 };
enum { DFU_IDLE = 2, DNLOAD_SYNC = 3, DNLOAD_BUSY = 4, DNLOAD_IDLE = 5 };

#define STATUS_BYTES 6

/* What the vendor's runtime asks for: a header and 512 bytes. */
#define CONFIGURATION_BYTES 521
#define GET_DESCRIPTOR 6
#define TYPE_CONFIGURATION 2
#define TYPE_INTERFACE 4
#define TYPE_FUNCTIONAL 0x21
#define CLASS_APPLICATION 0xfe
#define SUBCLASS_DFU 1

/* The boot ROM says 256; anything above is used up to this. Below the least that
   endpoint 0 of any device takes it would be nonsense. */
#define BLOCK_MAX 4096
#define BLOCK_MIN 8

/* The controller is an 8051, whose code memory ends there. */
#define MEMORY_MAX 65536

/* Drivers of real devices finish in well under a second. */
#define DOWNLOAD_MS 15000
#define TRANSFER_MS 6000
#define DESCRIPTOR_MS 1000
#define DETACH_MS 100

struct dfu {
	struct usb_device *usb;
	uint8_t interface;
	uint32_t block_bytes;
	int64_t end_ns;
};

static int request(const struct dfu *dfu, uint8_t type, uint8_t number, uint16_t value,
		   uint8_t *data, uint16_t length)
{
	const struct usb_setup setup = {
		.request_type = type,
		.request = number,
		.value = value,
		.index = dfu->interface,
		.length = length,
	};
	struct usb_bus *bus = dfu->usb->bus;
	int64_t left_ms = (dfu->end_ns - bus->ops->clock_ns(bus)) / NS_PER_MS;

	if (left_ms <= 0)
		return -ETIMEDOUT;
	return bus->ops->control(dfu->usb, &setup, data,
				 left_ms < TRANSFER_MS ? (uint32_t)left_ms : TRANSFER_MS);
}

/* Into `dfu`: which interface it is, and how large its blocks are. */
static int read_configuration(struct dfu *dfu, const uint8_t *bytes, size_t size,
			      struct atoll_error *err)
{
	bool has_interface = false;

	for (size_t at = 0; at + 2 <= size; at += bytes[at]) {
		const uint8_t *item = bytes + at;

		if (item[0] < 2 || item[0] > size - at)
			return atoll_error_set(err, -EPROTO,
					       "dfu: configuration: descriptor at byte %zu of "
					       "%zu is %u bytes long", at, size, item[0]);
		if (item[1] == TYPE_INTERFACE && item[0] >= 9 && item[4] == 0 &&
		    item[5] == CLASS_APPLICATION && item[6] == SUBCLASS_DFU) {
			dfu->interface = item[2];
			has_interface = true;
		} else if (item[1] == TYPE_FUNCTIONAL && item[0] >= 9) {
			dfu->block_bytes = (uint32_t)(item[5] | item[6] << 8);
		}
	}
	if (!has_interface)
		return atoll_error_set(err, -EPROTO, "dfu: configuration: no DFU interface");
	if (dfu->block_bytes < BLOCK_MIN)
		return atoll_error_set(err, -EPROTO, "dfu: configuration: transfer size %u",
				       (unsigned)dfu->block_bytes);
	if (dfu->block_bytes > BLOCK_MAX)
		dfu->block_bytes = BLOCK_MAX;
	return 0;
}

static int find_interface(struct dfu *dfu, struct atoll_error *err)
{
	uint8_t bytes[CONFIGURATION_BYTES];
	const struct usb_setup setup = {
		.request_type = 0x80,
		.request = GET_DESCRIPTOR,
		.value = TYPE_CONFIGURATION << 8,
		.length = sizeof(bytes),
	};
	struct usb_device *usb = dfu->usb;
	int r = usb->bus->ops->control(usb, &setup, bytes, DESCRIPTOR_MS);

	if (r < 0)
		return atoll_error_set(err, r, "dfu: read configuration: %s",
				       usb_status_text(r));
	return read_configuration(dfu, bytes, (size_t)r, err);
}

/* After block `block`: until the device has digested it. */
static int check_state(const struct dfu *dfu, uint32_t block, uint8_t wanted,
		       struct atoll_error *err)
{
	struct usb_bus *bus = dfu->usb->bus;
	uint8_t status[STATUS_BYTES];
	uint32_t pause_ms;
	int r;

	for (;;) {
		r = request(dfu, FROM_INTERFACE, GETSTATUS, 0, status, STATUS_BYTES);
		if (r != STATUS_BYTES) {
			r = r < 0 ? r : -EPROTO;
			return atoll_error_set(err, r, "dfu: block %u: status: %s",
					       (unsigned)block, usb_status_text(r));
		}
		if (status[0] == 0 && status[4] == wanted)
			return 0;
		if (status[0] != 0 || (status[4] != DNLOAD_SYNC && status[4] != DNLOAD_BUSY))
			return atoll_error_set(err, -EPROTO,
					       "dfu: block %u: status %u in state %u, should be "
					       "0 in %u", (unsigned)block, status[0], status[4],
					       wanted);
		/* At least 1: time must pass. */
		pause_ms = (uint32_t)(status[1] | status[2] << 8 | status[3] << 16);
		bus->ops->sleep_ms(bus, pause_ms == 0 ? 1 :
				   pause_ms > TRANSFER_MS ? TRANSFER_MS : pause_ms);
	}
}

static int send_block(const struct dfu *dfu, uint32_t block, uint8_t *bytes, uint32_t size,
		      struct atoll_error *err)
{
	int r = request(dfu, TO_INTERFACE, DNLOAD, (uint16_t)block, bytes, (uint16_t)size);

	if (r != (int)size) {
		r = r < 0 ? r : -EIO;
		return atoll_error_set(err, r, "dfu: block %u: send: %s", (unsigned)block,
				       usb_status_text(r));
	}
	return check_state(dfu, block, size ? DNLOAD_IDLE : DFU_IDLE, err);
}

static int send(const struct dfu *dfu, const struct edgetpu_firmware *firmware,
		struct atoll_error *err)
{
	uint32_t block = 0;
	size_t at, size;
	int r;

	for (at = 0; at < firmware->size; at += size, block++) {
		size = firmware->size - at;
		if (size > dfu->block_bytes)
			size = dfu->block_bytes;
		r = send_block(dfu, block, firmware->bytes + at, (uint32_t)size, err);
		if (r < 0)
			return r;
	}
	return send_block(dfu, block, NULL, 0, err); /* that was all */
}

/* To the end of the device's memory, the first bytes of which are the image. */
static int verify(const struct dfu *dfu, const struct edgetpu_firmware *firmware,
		  struct atoll_error *err)
{
	uint8_t bytes[BLOCK_MAX];
	size_t at = 0, wanted;
	uint32_t block = 0;
	int r;

	do {
		r = request(dfu, FROM_INTERFACE, UPLOAD, (uint16_t)block, bytes,
			    (uint16_t)dfu->block_bytes);
		if (r < 0)
			return atoll_error_set(err, r, "dfu: block %u: read back: %s",
					       (unsigned)block, usb_status_text(r));
		if ((size_t)block * dfu->block_bytes + (size_t)r > MEMORY_MAX)
			return atoll_error_set(err, -EPROTO,
					       "dfu: block %u: read back: it has no end",
					       (unsigned)block);
		wanted = firmware->size - at < (size_t)r ? firmware->size - at : (size_t)r;
		if (memcmp(bytes, firmware->bytes + at, wanted) != 0)
			return atoll_error_set(err, -EIO,
					       "dfu: block %u: does not read back as it was "
					       "sent", (unsigned)block);
		at += wanted;
		block++;
	} while (r == (int)dfu->block_bytes);

	if (at < firmware->size)
		return atoll_error_set(err, -EIO, "dfu: block %u: read back ends at byte %zu of "
				       "%zu", (unsigned)block - 1, at, firmware->size);
	return 0;
}

static int claim(struct usb_device *usb, uint8_t interface, struct atoll_error *err)
{
	int r = usb->bus->ops->claim(usb, interface);

	if (r < 0)
		atoll_error_set(err, r, "dfu: claim interface %u: %s", interface,
				usb_status_text(r));
	return r;
}

int dfu_download(struct usb_device *usb, const struct edgetpu_firmware *firmware,
		 struct atoll_error *err)
{
	struct usb_bus *bus = usb->bus;
	struct dfu dfu = { .usb = usb };
	int r;

	if (firmware->size == 0 || firmware->size > MEMORY_MAX)
		return atoll_error_set(err, -EINVAL, "dfu: a firmware of %zu bytes",
				       firmware->size);
	r = find_interface(&dfu, err);
	if (r < 0)
		return r;
	r = claim(usb, dfu.interface, err);
	if (r < 0)
		return r;

	dfu.end_ns = bus->ops->clock_ns(bus) + (int64_t)DOWNLOAD_MS * NS_PER_MS;
	r = send(&dfu, firmware, err);
	if (r == 0)
		r = verify(&dfu, firmware, err);
	(void)bus->ops->release(usb, dfu.interface); /* closing or the reset does it too */
	return r;
}

int dfu_detach(struct usb_device *usb, struct atoll_error *err)
{
	struct usb_bus *bus = usb->bus;
	struct dfu dfu = {
		.usb = usb,
		.end_ns = bus->ops->clock_ns(bus) + (int64_t)TRANSFER_MS * NS_PER_MS,
	};
	int r = claim(usb, 0, err);

	if (r < 0)
		return r;
	r = request(&dfu, TO_INTERFACE, DETACH, DETACH_MS, NULL, 0);
	if (r < 0)
		atoll_error_set(err, r, "dfu: detach: %s", usb_status_text(r));
	(void)bus->ops->release(usb, 0); /* closing or the reset does it too */
	return r < 0 ? r : 0;
}
