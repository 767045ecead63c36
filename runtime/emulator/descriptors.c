/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/state.h"

#include <errno.h>
#include <string.h>

/*
 * Standard requests. The descriptors of the application are those inside the
 * published firmware image. Those of the boot ROM are not public: what hosts look
 * for is an interface of class fe/01 without endpoints and a DFU functional
 * descriptor with a transfer size of 256.
 */

enum {
	GET_STATUS = 0, CLEAR_FEATURE = 1, SET_FEATURE = 3, GET_DESCRIPTOR = 6,
	GET_CONFIGURATION = 8, SET_CONFIGURATION = 9, GET_INTERFACE = 10,
	SET_INTERFACE = 11, SET_SEL = 48, SET_ISOCHRONOUS_DELAY = 49,
};
enum { DEVICE = 1, CONFIGURATION = 2, BOS = 15 };
enum { TO_DEVICE = 0, TO_INTERFACE = 1, TO_ENDPOINT = 2 };

#define HALT 0
/* Link power states of SuperSpeed: accepted, without effect. */
#define U1_ENABLE 48
#define U2_ENABLE 49

static const uint8_t application_high[] = {
	18, DEVICE, 0x00, 0x02, 0, 0, 0, 64, 0xd1, 0x18, 0x02, 0x93, 0x00, 0x01, 0, 0, 0, 1,
};
static const uint8_t application_super[] = {
	18, DEVICE, 0x10, 0x03, 0, 0, 0, 9, 0xd1, 0x18, 0x02, 0x93, 0x00, 0x01, 0, 0, 0, 1,
};
static const uint8_t dfu_high[] = {
	18, DEVICE, 0x00, 0x02, 0, 0, 0, 64, 0x6e, 0x1a, 0x9a, 0x08, 0x00, 0x01, 0, 0, 0, 1,
};
static const uint8_t dfu_super[] = {
	18, DEVICE, 0x10, 0x03, 0, 0, 0, 9, 0x6e, 0x1a, 0x9a, 0x08, 0x00, 0x01, 0, 0, 0, 1,
};

static const uint8_t application_configuration_high[] = {
	9, CONFIGURATION, 60, 0, 1, 1, 0, 0xc0, 0x31,
	9, 4, 0, 0, 6, 0xff, 0xff, 0xff, 0,
	7, 5, 0x01, 2, 0x00, 0x02, 0, /* bulk, 512 bytes */
	7, 5, 0x02, 2, 0x00, 0x02, 0,
	7, 5, 0x03, 2, 0x00, 0x02, 0,
	7, 5, 0x81, 2, 0x00, 0x02, 0,
	7, 5, 0x82, 2, 0x00, 0x02, 0,
	7, 5, 0x83, 3, 0x40, 0x00, 1, /* interrupt, 64 bytes */
};
static const uint8_t application_configuration_super[] = {
	9, CONFIGURATION, 96, 0, 1, 1, 0, 0xc0, 0x0c,
	9, 4, 0, 0, 6, 0xff, 0xff, 0xff, 0,
	7, 5, 0x01, 2, 0x00, 0x04, 0, 6, 48, 15, 0, 0, 0, /* bulk, 16 times 1024 */
	7, 5, 0x02, 2, 0x00, 0x04, 0, 6, 48, 15, 0, 0, 0,
	7, 5, 0x03, 2, 0x00, 0x04, 0, 6, 48, 15, 0, 0, 0,
	7, 5, 0x81, 2, 0x00, 0x04, 0, 6, 48, 15, 0, 0, 0,
	7, 5, 0x82, 2, 0x00, 0x04, 0, 6, 48, 15, 0, 0, 0,
	7, 5, 0x83, 3, 0x40, 0x00, 1, 6, 48, 0, 0, 4, 0,
};
/* 500 mA; in SuperSpeed's units of 8 mA that would be more than a port has. */
static const uint8_t dfu_configuration_high[] = {
	9, CONFIGURATION, 27, 0, 1, 1, 0, 0x80, 250,
	9, 4, 0, 0, 0, 0xfe, 1, 2, 0,
	9, 0x21, 0x07, 0xe8, 0x03, 0x00, 0x01, 0x10, 0x01, /* 1000 ms, 256 bytes */
};
static const uint8_t dfu_configuration_super[] = {
	9, CONFIGURATION, 27, 0, 1, 1, 0, 0x80, 62,
	9, 4, 0, 0, 0, 0xfe, 1, 2, 0,
	9, 0x21, 0x07, 0xe8, 0x03, 0x00, 0x01, 0x10, 0x01,
};
static const uint8_t bos[] = {
	5, BOS, 22, 0, 2,
	7, 16, 2, 2, 0, 0, 0,
	10, 16, 3, 0, 12, 0, 2, 0, 0, 0,
};

struct descriptor { const uint8_t *bytes; size_t size; };
#define OF(bytes) ((struct descriptor){ bytes, sizeof(bytes) })

/* Size 0: there is none. */
static struct descriptor find(const struct emulator *emulator, uint16_t value)
{
	bool is_super = emulator->options.speed == USB_SUPER;

	if (value & 0xff) /* each kind but strings exists once */
		return (struct descriptor){ 0 };
	switch (value >> 8) {
	case DEVICE:
		if (emulator->is_application)
			return is_super ? OF(application_super) : OF(application_high);
		return is_super ? OF(dfu_super) : OF(dfu_high);
	case CONFIGURATION:
		if (!emulator->is_application)
			return is_super ? OF(dfu_configuration_super) :
					  OF(dfu_configuration_high);
		return is_super ? OF(application_configuration_super) :
				  OF(application_configuration_high);
	case BOS:
		return is_super ? OF(bos) : (struct descriptor){ 0 };
	default: /* no strings, no qualifier */
		return (struct descriptor){ 0 };
	}
}

static int answer(const struct usb_setup *setup, uint8_t *data, const void *bytes,
		  size_t size)
{
	size_t n = size < setup->length ? size : setup->length;

	if (n)
		memcpy(data, bytes, n);
	return (int)n;
}

static bool has_endpoint(const struct emulator *emulator, uint16_t endpoint)
{
	return endpoint == 0 || endpoint == 0x80 ||
	       (emulator->is_application && endpoint <= 0xff &&
		emulator_halt_bit((uint8_t)endpoint));
}

static int get_status(const struct emulator *emulator, const struct usb_setup *setup,
		      uint8_t *data)
{
	uint8_t status[2] = { 0 };

	switch (setup->request_type & 0x1f) {
	case TO_DEVICE:
		status[0] = emulator->is_application; /* self powered */
		break;
	case TO_INTERFACE:
		if (setup->index)
			return -EPIPE;
		break;
	case TO_ENDPOINT:
		if (!has_endpoint(emulator, setup->index))
			return -EPIPE;
		status[0] = !!(emulator->halted & emulator_halt_bit((uint8_t)setup->index));
		break;
	default:
		return -EPIPE;
	}
	return answer(setup, data, status, sizeof(status));
}

static int set_feature(struct emulator *emulator, const struct usb_setup *setup, bool is_set)
{
	uint32_t bit;

	switch (setup->request_type & 0x1f) {
	case TO_DEVICE:
		return emulator->options.speed == USB_SUPER &&
		       (setup->value == U1_ENABLE || setup->value == U2_ENABLE) ? 0 : -EPIPE;
	case TO_INTERFACE: /* function suspend */
		return emulator->options.speed == USB_SUPER && setup->value == 0 ? 0 : -EPIPE;
	case TO_ENDPOINT:
		if (setup->value != HALT || !has_endpoint(emulator, setup->index))
			return -EPIPE;
		bit = emulator_halt_bit((uint8_t)setup->index);
		if (is_set) {
			emulator->halted |= bit;
		} else {
			emulator->halted &= ~bit;
			if (setup->index == 0x01)
				emulator_drop_item(emulator);
		}
		return 0;
	default:
		return -EPIPE;
	}
}

int emulator_standard(struct emulator *emulator, const struct usb_setup *setup, uint8_t *data)
{
	struct descriptor descriptor;
	const uint8_t zero = 0;

	switch (setup->request) {
	case GET_DESCRIPTOR:
		descriptor = find(emulator, setup->value);
		if (!descriptor.size || setup->request_type != 0x80)
			return -EPIPE;
		return answer(setup, data, descriptor.bytes, descriptor.size);
	case GET_STATUS:
		return get_status(emulator, setup, data);
	case CLEAR_FEATURE:
	case SET_FEATURE:
		return set_feature(emulator, setup, setup->request == SET_FEATURE);
	case GET_CONFIGURATION:
		return answer(setup, data, &emulator->configuration, 1);
	case SET_CONFIGURATION:
		if (setup->value > 1)
			return -EPIPE;
		emulator->configuration = (uint8_t)setup->value;
		emulator->halted = 0;
		return 0;
	case GET_INTERFACE:
		return setup->index ? -EPIPE : answer(setup, data, &zero, 1);
	case SET_INTERFACE:
		if (setup->index || setup->value)
			return -EPIPE;
		emulator->halted = 0;
		return 0;
	case SET_SEL:
	case SET_ISOCHRONOUS_DELAY:
		return emulator->options.speed == USB_SUPER ? setup->length : -EPIPE;
	default:
		return -EPIPE;
	}
}
