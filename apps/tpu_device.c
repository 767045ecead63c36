/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu: from what the command line calls a device to the device. */
#include "apps/tpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "apps/tpu_owner.h"
#include "runtime/carried.h"
#include "runtime/emulator/bus.h"

static bool is_emulator(const char *name)
{
	return strcmp(name, "emu") == 0;
}

/* What is behind "usb:" or ":", else NULL. */
static const char *after_colon(const char *name)
{
	if (strncmp(name, "usb", 3) == 0)
		name += 3;
	return *name == ':' ? name + 1 : NULL;
}

/* "1": the second one, counting by place. */
static bool read_index(const char *text, uint32_t *index)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits])
		return false;
	*index = (uint32_t)strtoul(text, NULL, 10);
	return true;
}

void tpu_check_name(const char *name)
{
	const char *which = after_colon(name);
	struct usb_place place;
	uint32_t index;

	if (is_emulator(name) || strcmp(name, "usb") == 0 ||
	    (which && (read_index(which, &index) ||
		       (*name == 'u' && usb_place_read(which, &place)))))
		return;
	options_wrong("'%s' is not a device such as usb, usb:1, usb:1-1.4 or emu", name);
}

/* One emulated device that has its firmware. */
static struct usb_bus *emulate(struct atoll_error *err)
{
	const struct emulator_bus_options options = { 0 };
	const struct emulator_options tpu = { .speed = USB_SUPER };
	struct usb_bus *bus = emulator_bus_new(&options, err);

	if (!bus || emulator_bus_plug(bus, emulator_new(&tpu, err), err).ports)
		return bus;
	bus->ops->free(bus);
	return NULL;
}

struct usb_bus *tpu_bus(const char *name, struct atoll_error *err)
{
	return is_emulator(name) ? emulate(err) : usb_bus_open(err);
}

void tpu_name(const char *device, const struct usb_found *found,
	      char name[USB_PLACE_TEXT + 8])
{
	char text[USB_PLACE_TEXT];

	if (is_emulator(device))
		strcpy(name, "emu");
	else
		(void)snprintf(name, USB_PLACE_TEXT + 8, "usb:%s",
			       usb_place_text(&found->place, text));
}

bool tpu_needs_firmware(const struct usb_found *found)
{
	return found->vendor == USB_DFU_VENDOR && found->product == USB_DFU_PRODUCT;
}

const char *tpu_node(const struct usb_found *found, char text[TPU_NODE_TEXT])
{
	(void)snprintf(text, TPU_NODE_TEXT, "/dev/bus/usb/%03u/%03u", found->place.bus,
		       found->address);
	return text;
}

const struct usb_found *tpu_choose(const char *name, const struct usb_found *found,
				   uint32_t count, struct atoll_error *err)
{
	const char *which = after_colon(name);
	struct usb_place place;
	uint32_t index = 0;

	if (count == 0) {
		(void)atoll_error_set(err, -ENODEV, "%s: there is no Edge TPU on USB", name);
		return NULL;
	}
	if (which && usb_place_read(which, &place)) {
		for (uint32_t i = 0; i < count; i++)
			if (usb_place_equal(&found[i].place, &place))
				return &found[i];
		(void)atoll_error_set(err, -ENODEV, "%s: there is no Edge TPU here; atoll-tpu "
				      "list shows where there is one", name);
		return NULL;
	}
	if (which)
		(void)read_index(which, &index); /* as tpu_check_name has seen */
	if (index < count)
		return &found[index];
	(void)atoll_error_set(err, -ENODEV, "%s: there %s %u, and the first is usb:0", name,
			      count == 1 ? "is only" : "are only", count);
	return NULL;
}

struct tpu_device tpu_find(const struct tpu_settings *settings)
{
	const char *name = settings->rests ? settings->rest[0] : settings->device;
	struct usb_found found[USB_FOUND_MAX];
	struct tpu_device tpu = { 0 };
	struct atoll_error err;
	const struct usb_found *chosen = NULL;
	uint32_t count;

	tpu_check_name(name);
	tpu.bus = tpu_bus(name, &err);
	if (tpu.bus && tpu.bus->ops->list(tpu.bus, found, USB_FOUND_MAX, &count, &err) == 0)
		chosen = tpu_choose(name, found, count, &err);
	if (!chosen)
		options_could_not("%s", err.text);
	tpu.found = *chosen;
	tpu_name(name, &tpu.found, tpu.name);
	return tpu;
}

static _Noreturn void is_in_use(const struct tpu_device *tpu)
{
	char node[TPU_NODE_TEXT];
	struct tpu_owner owner;
	uint32_t unseen;

	if (tpu_owner_find("/proc", tpu_node(&tpu->found, node), &owner, &unseen))
		options_could_not("%s: is in use by %s (%d)", tpu->name, owner.name,
				  owner.pid);
	options_could_not("%s: is in use by another program%s", tpu->name,
			  unseen ? "; root could see by which" : "");
}

void tpu_open(struct tpu_device *tpu, const struct tpu_settings *settings)
{
	struct edgetpu_device_options options = { .clock = settings->config.clock };
	struct atoll_error err;

	if (settings->config_error.code)
		options_could_not("%s", settings->config_error.text);
	tpu->firmware = edgetpu_firmware_find(settings->config.firmware, &err);
	if (!tpu->firmware && tpu_needs_firmware(&tpu->found))
		options_could_not("%s: %s", tpu->name, err.text);
	options.firmware = tpu->firmware;
	tpu->device = edgetpu_device_open(tpu->bus, &tpu->found.place, &options, &err);
	if (!tpu->device && err.code == -EBUSY)
		is_in_use(tpu);
	if (!tpu->device)
		options_could_not("%s", err.text);
}

int tpu_accepts(const char *name, const struct edgetpu_package *package,
		struct atoll_error *err)
{
	if (is_emulator(name) || !carried_is(package))
		return 0;
	return atoll_error_set(err, -ENOTSUP, "device %s: the model was compiled for emulated "
			       "devices, with a graph in place of instructions", name);
}

int tpu_teach(const struct tpu_device *tpu, const struct edgetpu_package *package,
	      struct atoll_error *err)
{
	struct emulator_program *program;

	if (!is_emulator(tpu->name))
		return 0;
	program = emulator_program_new(EMULATOR_BEST, package, NULL, err);
	return !program ? -EINVAL :
		emulator_teach(emulator_bus_at(tpu->bus, &tpu->found.place), package, program,
			       err);
}

void tpu_close(struct tpu_device *tpu)
{
	edgetpu_device_close(tpu->device);
	edgetpu_firmware_free(tpu->firmware);
	tpu->bus->ops->free(tpu->bus);
	*tpu = (struct tpu_device){ 0 };
}
