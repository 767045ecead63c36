/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_usb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define NS_PER_MS 1000000

#define POWER 0x1a318u
#define SENSOR 0x1a0dcu

const struct usb_place fake_usb_place = { .bus = 3, .ports = 2, .port = { 1, 4 } };

struct handle {
	struct usb_device usb; /* first */
	bool is_dead;
};

static struct fake_usb *fake_of(struct usb_bus *bus)
{
	return (struct fake_usb *)bus;
}

static struct handle *handle_of(struct usb_device *usb)
{
	return (struct handle *)usb;
}

__attribute__((format(printf, 2, 3))) static void note(struct fake_usb *fake,
						       const char *format, ...)
{
	va_list args;

	if (fake->logged == FAKE_USB_LOG_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(fake->log[fake->logged++], sizeof(fake->log[0]), format, args);
	va_end(args);
}

uint64_t fake_usb_register(const struct fake_usb *fake, uint32_t address)
{
	for (uint32_t i = 0; i < fake->registers_used; i++)
		if (fake->registers[i].address == address)
			return fake->registers[i].value;
	return 0;
}

void fake_usb_set_register(struct fake_usb *fake, uint32_t address, uint64_t value)
{
	uint32_t i = 0;

	while (i < fake->registers_used && fake->registers[i].address != address)
		i++;
	assert_true(i < FAKE_USB_REGISTERS_MAX);
	if (i == fake->registers_used)
		fake->registers_used++;
	fake->registers[i].address = address;
	fake->registers[i].value = value;
}

/* The state of power follows what was asked for, and a core that sleeps forgets; the
   sensor measures when on. */
static void write_register(struct fake_usb *fake, uint32_t address, uint64_t value)
{
	uint64_t force = value >> 22 & 3;

	if (address == POWER && force == 3 && !fake->never_sleeps) {
		value = (value & ~UINT64_C(0x300)) | 0x200;
		for (uint32_t i = 0; i < fake->registers_used; i++)
			if (fake->registers[i].address >= 0x40000)
				fake->registers[i].value = 0;
	}
	if (address == POWER && force == 2 && !fake->never_wakes)
		value &= ~UINT64_C(0x300);
	if (address == SENSOR && value & 1)
		value = (value & ~UINT64_C(0x03ff0000)) | (uint64_t)fake->measurement << 16;
	fake_usb_set_register(fake, address, value);
}

static int access_register(struct fake_usb *fake, const struct usb_setup *setup,
			   uint8_t *data)
{
	uint32_t address = (uint32_t)setup->index << 16 | setup->value;
	uint64_t value = 0;

	/* Each half of the chip has its own width. */
	if (setup->length != (address < 0x40000 ? 4 : 8) ||
	    setup->request != (address < 0x40000 ? 1 : 0))
		return -EPIPE;
	if (setup->request_type == 0xc0) {
		note(fake, "r %" PRIx32, address);
		value = fake_usb_register(fake, address);
		for (int i = 0; i < setup->length; i++)
			data[i] = (uint8_t)(value >> 8 * i);
		return setup->length;
	}
	for (int i = setup->length - 1; i >= 0; i--)
		value = value << 8 | data[i];
	note(fake, "w %" PRIx32 " %" PRIx64, address, value);
	write_register(fake, address, value);
	return setup->length;
}

static int describe(struct fake_usb *fake, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t device[18] = { 18, 1, 0, 2, 0, 0, 0, 64, 0xd1, 0x18, 0x02, 0x93, 0, 1, 0, 0, 0, 1 };
	uint8_t configuration[27] = {
		9, 2, 27, 0, 1, 1, 0, 0x80, 0xfa,
		9, 4, 0, 0, 0, fake->interface_class, 1, 2, 0,
		9, 0x21, 7, 0xe8, 3, fake->transfer_low, fake->transfer_high, 0x10, 1,
	};
	size_t size = setup->value == 0x100 ? sizeof(device) : sizeof(configuration);

	note(fake, "descriptor %u", setup->value >> 8);
	if (fake->is_dfu) {
		memcpy(device + 8, (const uint8_t[]){ 0x6e, 0x1a, 0x9a, 0x08 }, 4);
		assert_true(setup->value == 0x100 || setup->length == 521);
	}
	if (fake->vendor)
		memcpy(device + 8, &fake->vendor, 2); /* on little-endian machines */
	memcpy(data, setup->value == 0x100 ? device : configuration, size);
	return (int)size;
}

static int take_block(struct fake_usb *fake, const struct usb_setup *setup,
		      const uint8_t *data)
{
	note(fake, "download %u %u", setup->value, setup->length);
	if (setup->value == 0)
		fake->loaded = 0;
	fake->is_complete = setup->length == 0;
	fake->state = setup->length ? 5 : 2;
	assert_true(fake->loaded + setup->length <= FAKE_USB_MEMORY);
	if (setup->length)
		memcpy(fake->memory + fake->loaded, data, setup->length);
	fake->loaded += setup->length;
	return setup->length;
}

static int give_block(struct fake_usb *fake, const struct usb_setup *setup, uint8_t *data)
{
	uint32_t at = (uint32_t)setup->value * setup->length;
	uint32_t size = at < fake->memory_bytes ? fake->memory_bytes - at : 0;

	note(fake, "upload %u", setup->value);
	size = size < setup->length ? size : setup->length;
	for (uint32_t i = 0; i < size; i++)
		data[i] = at + i < FAKE_USB_MEMORY ? fake->memory[at + i] : 0;
	if (size && fake->wrong_uploads) {
		fake->wrong_uploads--;
		data[0] ^= 1;
	}
	return (int)size;
}

static int upgrade(struct fake_usb *fake, const struct usb_setup *setup, uint8_t *data)
{
	assert_int_equal(setup->index, 0);
	if (setup->request == 0) {
		note(fake, "detach %u", setup->value);
		fake->is_detached = true;
		return 0;
	}
	assert_true(fake->is_dfu);
	assert_int_equal(fake->claims, 1);
	if (setup->request == 1)
		return take_block(fake, setup, data);
	if (setup->request == 2)
		return give_block(fake, setup, data);
	assert_int_equal(setup->request, 3);
	note(fake, "status");
	memcpy(data, (const uint8_t[]){ fake->status, 10, 0, 0, fake->state, 0 }, 6);
	if (fake->busy) {
		fake->busy--;
		data[4] = 4;
	}
	return 6;
}

static int control(struct usb_device *usb, const struct usb_setup *setup, uint8_t *data,
		   uint32_t timeout_ms)
{
	struct fake_usb *fake = fake_of(usb->bus);
	uint32_t nth = fake->controls++;

	assert_true(timeout_ms > 0);
	if (handle_of(usb)->is_dead || !fake->is_plugged)
		return -ENODEV;
	if (nth >= fake->fail_at && nth - fake->fail_at < fake->fail_for) {
		if (fake->fail_with == -ETIMEDOUT)
			fake->time_ns += (int64_t)timeout_ms * NS_PER_MS;
		return fake->fail_with ? fake->fail_with : setup->length - 1;
	}
	switch (setup->request_type) {
	case 0x80: return describe(fake, setup, data);
	case 0x21:
	case 0xa1: return upgrade(fake, setup, data);
	default: return access_register(fake, setup, data);
	}
}

static int list(struct usb_bus *bus, struct usb_found *found, uint32_t room, uint32_t *count,
		struct atoll_error *err)
{
	struct fake_usb *fake = fake_of(bus);
	bool is_away = fake->time_ns < fake->back_ns;
	bool is_dfu = is_away ? fake->was_dfu : fake->is_dfu;

	fake->lists++;
	if (fake->list_with)
		return atoll_error_set(err, fake->list_with, "the list is lost");
	assert_true(room > 1);
	/* Somebody else's, next door. */
	found[0] = (struct usb_found){ .place = { .bus = 3, .ports = 1, .port = { 1 } },
		.vendor = USB_APPLICATION_VENDOR, .product = USB_APPLICATION_PRODUCT };
	*count = 1;
	if (!fake->is_plugged || (is_away && !fake->is_stale))
		return 0;
	found[(*count)++] = (struct usb_found){
		.place = fake_usb_place,
		.vendor = is_dfu ? USB_DFU_VENDOR : USB_APPLICATION_VENDOR,
		.product = is_dfu ? USB_DFU_PRODUCT : USB_APPLICATION_PRODUCT,
		.speed = fake->speed,
	};
	return 0;
}

static int open_device(struct usb_bus *bus, const struct usb_place *place,
		       struct usb_device **usb, struct atoll_error *err)
{
	struct fake_usb *fake = fake_of(bus);
	struct handle *handle;

	assert_true(usb_place_equal(place, &fake_usb_place));
	if (fake->time_ns < fake->back_ns)
		return atoll_error_set(err, -ENODEV, "it was there a moment ago");
	if (fake->opens_that_fail) {
		fake->opens_that_fail--;
		return atoll_error_set(err, fake->open_with, "it does not open");
	}
	note(fake, "open %s", fake->is_dfu ? "DFU" : "application");
	handle = calloc(1, sizeof(*handle));
	assert_non_null(handle);
	handle->usb = (struct usb_device){ .bus = bus, .place = *place, .speed = fake->speed };
	fake->handles++;
	*usb = &handle->usb;
	return 0;
}

static void close_device(struct usb_device *usb)
{
	struct fake_usb *fake = fake_of(usb->bus);

	note(fake, "close");
	fake->handles--;
	fake->claims = 0;
	free(handle_of(usb));
}

static int claim(struct usb_device *usb, uint8_t interface)
{
	struct fake_usb *fake = fake_of(usb->bus);

	note(fake, "claim %u", interface);
	if (fake->claim_with)
		return fake->claim_with;
	fake->claims++;
	return 0;
}

static int release(struct usb_device *usb, uint8_t interface)
{
	struct fake_usb *fake = fake_of(usb->bus);

	note(fake, "release %u", interface);
	assert_true(fake->claims > 0);
	fake->claims--;
	return 0;
}

static int reset(struct usb_device *usb)
{
	struct fake_usb *fake = fake_of(usb->bus);
	bool was_dfu = fake->is_dfu;

	note(fake, "reset");
	if (!fake->is_plugged)
		return -ENODEV;
	if (fake->is_used)
		return -EBUSY;
	fake->opens_that_fail = fake->opens_that_fail_after_resets;
	if (was_dfu && fake->is_complete)
		fake->is_dfu = false;
	if (!was_dfu && fake->is_detached)
		fake->is_dfu = true;
	fake->is_complete = fake->is_detached = false;
	if (fake->is_lost_in_reset)
		fake->is_plugged = false;
	if (fake->is_dfu == was_dfu)
		return 0;
	fake->was_dfu = was_dfu;
	fake->back_ns = fake->time_ns + (int64_t)fake->away_ms * NS_PER_MS;
	handle_of(usb)->is_dead = true;
	return -ENODEV;
}

static int64_t clock_ns(struct usb_bus *bus)
{
	return fake_of(bus)->time_ns;
}

static void sleep_ms(struct usb_bus *bus, uint32_t ms)
{
	fake_of(bus)->time_ns += (int64_t)ms * NS_PER_MS;
}

void fake_usb_reset(struct fake_usb *fake, enum usb_speed speed)
{
	static const struct usb_ops ops = {
		.list = list, .open = open_device, .close = close_device, .claim = claim,
		.release = release, .reset = reset, .control = control,
		.clock_ns = clock_ns, .sleep_ms = sleep_ms,
	};

	*fake = (struct fake_usb){
		.bus.ops = &ops, .speed = speed, .is_plugged = true,
		.transfer_high = 1, .interface_class = 0xfe,
		.memory_bytes = FAKE_USB_MEMORY, .measurement = 500,
	};
	fake_usb_set_register(fake, 0x1a000, 0x0000089a);
	fake_usb_set_register(fake, 0x1a30c, 0x000f0959);
	fake_usb_set_register(fake, 0x1a314, 0x00110000);
	fake_usb_set_register(fake, 0x1a318, 0x50c5025c);
	fake_usb_set_register(fake, 0x1a704, 0x0070007f);
	fake_usb_set_register(fake, 0x1a33c, 0x000c003f);
	fake_usb_set_register(fake, 0x1a0d4, 0x00000001);
	fake_usb_set_register(fake, 0x1a0dc, 0x03ff0000);
}

struct usb_device *fake_usb_open(struct fake_usb *fake)
{
	struct usb_device *usb = NULL;

	assert_int_equal(fake->bus.ops->open(&fake->bus, &fake_usb_place, &usb, NULL), 0);
	assert_int_equal(fake->bus.ops->claim(usb, 0), 0);
	fake->logged = 0;
	return usb;
}

const char *fake_usb_log(const struct fake_usb *fake, uint32_t line)
{
	return line < fake->logged ? fake->log[line] : "nothing";
}

void fake_usb_expect(const struct fake_usb *fake, const char *const *lines, uint32_t count)
{
	for (uint32_t i = 0; i < count || i < fake->logged; i++) {
		const char *wanted = i < count ? lines[i] : "nothing";

		if (strcmp(fake_usb_log(fake, i), wanted) != 0)
			fail_msg("line %u is \"%s\", should be \"%s\"", (unsigned)i,
				 fake_usb_log(fake, i), wanted);
	}
}
