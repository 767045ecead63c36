/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from whatever there is to a device that is ready, in turns: open it,
 * see what it is, do what takes it further, which ends in a reset of the port.
 *
 *	boot ROM, as found ----- reset ------> boot ROM, clean
 *	boot ROM, clean -------- download ---> application
 *	application, as found -- reset ------> application, clean
 *	                    \--- detach -----> boot ROM, clean     (if asked to)
 *	application, clean ----- claim ------> ready
 */
#include "runtime/edgetpu/attach.h"

#include <errno.h>

#include "runtime/edgetpu/dfu.h"

#define NS_PER_MS 1000000

#define PATIENCE_MS 30000
#define CONTROL_MS 1000

/* Independent drivers wait 0.5 to 0.6 s after a reset. */
#define SETTLE_MS 500
#define LOOK_MS 100
/* About 3 s were seen after a download. Until OTHER_MS only what we expect to come
   back is taken: a list may still have what has already gone. */
#define OTHER_MS 5000
#define COME_BACK_MS 10000

/* What fails is tried again after a reset. A try takes at most five turns. */
#define TRIES 3
#define TURNS (5 * TRIES)

#define GET_DESCRIPTOR 6
#define TYPE_DEVICE 1
#define DEVICE_BYTES 18

enum personality { ANY, BOOT_ROM, APPLICATION };

struct attach {
	struct usb_bus *bus;
	struct usb_place place;
	const struct attach_options *options;
	struct attach_report *report;
	struct usb_device *usb;       /* NULL while closed */
	enum personality expected;    /* after the last reset */
	bool is_clean;                /* since a reset of ours */
	bool must_load;               /* firmware, before it may run */
	int64_t end_ns;
};

static int64_t clock_ms(const struct attach *attach)
{
	return attach->bus->ops->clock_ns(attach->bus) / NS_PER_MS;
}

static bool is_late(const struct attach *attach)
{
	return attach->bus->ops->clock_ns(attach->bus) >= attach->end_ns;
}

static enum personality identify(uint32_t vendor, uint32_t product)
{
	if (vendor == USB_DFU_VENDOR && product == USB_DFU_PRODUCT)
		return BOOT_ROM;
	if (vendor == USB_APPLICATION_VENDOR && product == USB_APPLICATION_PRODUCT)
		return APPLICATION;
	return ANY;
}

/* 0, -ENODEV when there is nothing, or why the bus cannot be listed. */
static int look(const struct attach *attach, enum personality *who, struct atoll_error *err)
{
	struct usb_found found[USB_FOUND_MAX];
	uint32_t count = 0;
	int r = attach->bus->ops->list(attach->bus, found, USB_FOUND_MAX, &count, err);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < count; i++) {
		if (!usb_place_equal(&found[i].place, &attach->place))
			continue;
		*who = identify(found[i].vendor, found[i].product);
		return 0;
	}
	return atoll_error_set(err, -ENODEV, "no Edge TPU is there");
}

/* One look at what is there and, unless something else is expected, opening it. */
static int try_open(struct attach *attach, int64_t waited_ms, enum personality *who,
		    struct atoll_error *err)
{
	int r = look(attach, who, err);

	if (r < 0)
		return r;
	if (attach->expected != ANY && attach->expected != *who && waited_ms < OTHER_MS)
		return atoll_error_set(err, -ENODEV, "not yet what it should become");
	return attach->bus->ops->open(attach->bus, &attach->place, &attach->usb, err);
}

/*
 * Nothing is waited for that was not reset: it is there or it is not. After a reset
 * the device first vanishes, then it is listed but not ready, then it is ready but
 * udev has not yet given us the right to use it: each of them passes.
 */
static int find(struct attach *attach, enum personality *who, struct atoll_error *err)
{
	int64_t start_ms = clock_ms(attach), waited_ms;
	struct atoll_error why;
	int r;

	if (!attach->is_clean)
		return try_open(attach, 0, who, err);
	attach->bus->ops->sleep_ms(attach->bus, SETTLE_MS);
	for (;;) {
		waited_ms = clock_ms(attach) - start_ms;
		r = try_open(attach, waited_ms, who, &why);
		if (r == 0)
			return 0;
		if (waited_ms >= COME_BACK_MS || is_late(attach))
			return atoll_error_set(err, r, "%d ms after a reset: %s",
					       (int)waited_ms, why.text);
		attach->bus->ops->sleep_ms(attach->bus, LOOK_MS);
	}
}

static void close_device(struct attach *attach)
{
	if (attach->usb)
		attach->bus->ops->close(attach->usb);
	attach->usb = NULL;
}

/* Whether it worked shows in what comes back, says the vendor's runtime, and does
   not look at the answer either. -EBUSY when it was not even tried. */
static int reset_and_close(struct attach *attach, enum personality expected)
{
	int r = attach->bus->ops->reset(attach->usb);

	if (r == -EBUSY)
		return r;
	attach->report->resets++;
	attach->is_clean = true;
	attach->expected = expected;
	close_device(attach);
	return 0;
}

static int reset_or_say(struct attach *attach, enum personality expected,
			struct atoll_error *err)
{
	if (reset_and_close(attach, expected) == 0)
		return 0;
	return atoll_error_set(err, -EBUSY, "another program uses it");
}

static int check_speed(const struct attach *attach, struct atoll_error *err)
{
	if (attach->usb->speed == USB_LOW)
		return atoll_error_set(err, -ENOTSUP, "connected at low speed, which is too slow");
	return 0;
}

/* As found, nothing but the device itself says what it is. */
static int read_ids(const struct attach *attach, enum personality *who,
		    struct atoll_error *err)
{
	uint8_t bytes[DEVICE_BYTES];
	const struct usb_setup setup = {
		.request_type = 0x80,
		.request = GET_DESCRIPTOR,
		.value = TYPE_DEVICE << 8,
		.length = sizeof(bytes),
	};
	int r = attach->bus->ops->control(attach->usb, &setup, bytes, CONTROL_MS);
	unsigned vendor, product;

	if (r < 0)
		return atoll_error_set(err, r, "read descriptor: %s", usb_status_text(r));
	if (r != DEVICE_BYTES || bytes[0] != DEVICE_BYTES || bytes[1] != TYPE_DEVICE)
		return atoll_error_set(err, -EPROTO, "read descriptor: %d bytes that are none", r);
	vendor = (unsigned)(bytes[8] | bytes[9] << 8);
	product = (unsigned)(bytes[10] | bytes[11] << 8);
	*who = identify(vendor, product);
	if (*who == ANY)
		return atoll_error_set(err, -ENOTSUP, "%04x:%04x is not an Edge TPU", vendor,
				       product);
	return 0;
}

/* Before anything is done to a device that cannot be finished. */
static int check_firmware(const struct attach *attach, struct atoll_error *err)
{
	const struct edgetpu_firmware *firmware = attach->options->firmware;

	if (!firmware)
		return atoll_error_set(err, -ENOENT,
				       "no firmware for it: run \"atoll-tpu firmware import FILE\"");
	if (firmware->is_multi_endpoint)
		return atoll_error_set(err, -EINVAL,
				       "firmware from %s is for several endpoints, this driver "
				       "uses one", atoll_error_path(firmware->origin));
	return 0;
}

static int download(struct attach *attach, struct atoll_error *err)
{
	int r = dfu_download(attach->usb, attach->options->firmware, err);

	if (r < 0)
		return r;
	attach->report->downloads++;
	attach->must_load = false;
	return reset_or_say(attach, APPLICATION, err);
}

static int detach(struct attach *attach, struct atoll_error *err)
{
	int r = dfu_detach(attach->usb, err);

	if (r < 0)
		return r;
	return reset_or_say(attach, BOOT_ROM, err);
}

static int claim(const struct attach *attach, struct atoll_error *err)
{
	int r = attach->bus->ops->claim(attach->usb, 0);

	if (r < 0)
		return atoll_error_set(err, r, "claim interface 0: %s", usb_status_text(r));
	return 1;
}

/*
 * What takes a device that is open further: 1 when it is ready. What was a boot ROM
 * and did not get all of its firmware from us, verified, is not let run: a reset
 * starts whatever the boot ROM has.
 */
static int advance(struct attach *attach, enum personality who, struct atoll_error *err)
{
	int r;

	if (who == BOOT_ROM)
		attach->must_load = true;
	r = attach->must_load ? check_firmware(attach, err) : 0;
	if (r < 0)
		return r;
	if (who == APPLICATION && attach->must_load)
		return detach(attach, err);
	if (!attach->is_clean)
		return reset_or_say(attach, who, err);
	return who == BOOT_ROM ? download(attach, err) : claim(attach, err);
}

/* One turn: 1 when the device is ready, 0 when it came further. */
static int turn(struct attach *attach, struct atoll_error *err)
{
	enum personality who;
	int r = find(attach, &who, err);

	if (r == 0)
		r = check_speed(attach, err);
	if (r == 0 && !attach->is_clean)
		r = read_ids(attach, &who, err);
	return r < 0 ? r : advance(attach, who, err);
}

/* What another try would not change; find has waited enough on its own. */
static bool is_final(const struct attach *attach, int r)
{
	return !attach->usb || r == -ENOENT || r == -EINVAL || r == -ENOTSUP ||
	       r == -EACCES || r == -EBUSY || r == -ENOMEM;
}

/* The device is open and ready (0), or closed. */
static int bring(struct attach *attach, struct atoll_error *err)
{
	int tries = 1, r;

	attach->report->tries++;
	for (int i = 0; i < TURNS; i++) {
		if (is_late(attach))
			return atoll_error_set(err, -ETIMEDOUT, "not ready after %d resets", i);
		r = turn(attach, err);
		if (r == 1)
			return 0;
		if (r == 0)
			continue;
		if (is_final(attach, r) || tries++ == TRIES) {
			close_device(attach);
			return r;
		}
		attach->report->tries++;
		if (reset_and_close(attach, ANY) < 0) {
			close_device(attach);
			return r;
		}
	}
	return atoll_error_set(err, -EIO, "not ready after %d resets", TURNS);
}

int attach_open(struct usb_bus *bus, const struct usb_place *place,
		const struct attach_options *options, struct usb_device **usb,
		struct attach_report *report, struct atoll_error *err)
{
	struct attach_report unread = { 0 };
	struct attach attach = {
		.bus = bus,
		.place = *place,
		.options = options,
		.report = report ? report : &unread,
		.must_load = options->downloads_always,
	};
	uint32_t patience_ms = options->patience_ms ? options->patience_ms : PATIENCE_MS;
	char text[USB_PLACE_TEXT];
	struct atoll_error why;
	int r;

	attach.end_ns = bus->ops->clock_ns(bus) + (int64_t)patience_ms * NS_PER_MS;
	r = bring(&attach, &why);
	if (r < 0)
		return atoll_error_set(err, r, "edge TPU at %s: %s", usb_place_text(place, text),
				       why.text);
	*usb = attach.usb;
	return 0;
}
