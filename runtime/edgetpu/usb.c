/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/usb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

ATOLL_API const char *usb_place_text(const struct usb_place *place,
				     char text[USB_PLACE_TEXT])
{
	int used;

	if (place->ports == 0) { /* a root hub, which is plugged in nowhere */
		(void)snprintf(text, USB_PLACE_TEXT, "usb%u", place->bus);
		return text;
	}
	used = snprintf(text, USB_PLACE_TEXT, "%u", place->bus);
	for (uint32_t i = 0; i < place->ports && i < USB_PORTS_MAX; i++)
		used += snprintf(text + used, USB_PLACE_TEXT - (size_t)used, "%c%u",
				 i == 0 ? '-' : '.', place->port[i]);
	return text;
}

/* 1 to 255, written as the kernel does; where it ends, or NULL. */
static const char *read_number(const char *text, uint8_t *number)
{
	uint32_t value = 0;

	if (*text == '0')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (uint32_t)(*text - '0');
		if (value > UINT8_MAX)
			return NULL;
	}
	*number = (uint8_t)value;
	return value ? text : NULL;
}

ATOLL_API bool usb_place_read(const char *text, struct usb_place *place)
{
	struct usb_place read = { 0 };

	text = read_number(text, &read.bus);
	for (char before = '-'; text && *text == before; before = '.') {
		if (read.ports == USB_PORTS_MAX)
			return false;
		text = read_number(text + 1, &read.port[read.ports++]);
	}
	if (!text || *text || read.ports == 0)
		return false;
	*place = read;
	return true;
}

ATOLL_API bool usb_place_equal(const struct usb_place *a, const struct usb_place *b)
{
	return a->bus == b->bus && a->ports == b->ports &&
	       memcmp(a->port, b->port, a->ports) == 0;
}

ATOLL_API const char *usb_status_text(int status)
{
	switch (status) {
	case 0: return "done";
	case -ETIMEDOUT: return "timed out";
	case -EPIPE: return "the endpoint stalled";
	case -ENODEV: return "the device is gone";
	case -EOVERFLOW: return "the device sent more than was asked for";
	case -ECANCELED: return "was cancelled";
	case -EACCES: return "no permission";
	case -EBUSY: return "another program is using the device";
	case -ENOMEM: return "out of memory";
	default: return "failed on the bus";
	}
}

ATOLL_API const char *usb_speed_text(enum usb_speed speed)
{
	switch (speed) {
	case USB_LOW: return "1.5 Mbit/s";
	case USB_FULL: return "12 Mbit/s";
	case USB_HIGH: return "480 Mbit/s";
	case USB_SUPER: return "5 Gbit/s";
	default: return "unknown speed";
	}
}
