/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/devices.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/devices_inside.h"
#include "runtime/edgetpu/config.h"
#include "runtime/edgetpu/device.h"
#include "runtime/edgetpu/firmware.h"
#include "runtime/emulator/bus.h"
#include "runtime/emulator/emulator.h"
#include "runtime/emulator/program.h"
#include "runtime/serve/serve.h"
#include "runtime/tpu.h"

#define EMULATORS_MAX 8

/* An open device, as long as someone uses it. */
struct shared {
	struct tpu tpu;
	struct shared *next;
	struct atoll_devices *devices;
	struct usb_bus *bus;
	struct usb_place place;
	uint32_t users;
	char name[DEVICE_TEXT];          /* "usb:1-1.4", "emu:0" */
};

struct atoll_devices {
	pthread_mutex_t lock;            /* of all that follows */
	struct usb_bus *usb;             /* opened when first needed */
	bool is_usb_emulated;            /* in tests */
	/* A bus for each: its time is its own, and jumps for all that are on it. */
	struct { struct usb_bus *bus; struct usb_place place; } emulated[EMULATORS_MAX];
	struct edgetpu_firmware *firmware;
	struct shared *open;
	struct atoll_devices_options options;
	enum edgetpu_clock clock;
	char *firmware_path, *socket;    /* or NULL */
};

/* Names */

bool devices_next(const char **list, char name[DEVICE_TEXT])
{
	size_t length = strcspn(*list, ",");

	if (**list == '\0')
		return false;
	snprintf(name, DEVICE_TEXT, "%.*s", (int)length, *list);
	*list += length + ((*list)[length] == ',');
	return true;
}

/* The text after "usb:" and the like as a number of at most two digits. */
static bool is_index(const char *text, uint32_t *index)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 2 || text[digits] != '\0')
		return false;
	*index = (uint32_t)strtoul(text, NULL, 10);
	return true;
}

static bool begins(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool is_usb_name(const char *name)
{
	struct usb_place place;
	uint32_t index;

	if (name[0] == ':')
		return is_index(name + 1, &index);
	return strcmp(name, "usb") == 0 ||
	       (begins(name, "usb:") && (is_index(name + 4, &index) ||
					 usb_place_read(name + 4, &place)));
}

static bool is_emulator_name(const char *name, uint32_t *index)
{
	*index = 0;
	return strcmp(name, "emu") == 0 ||
	       (begins(name, "emu:") && is_index(name + 4, index) && *index < EMULATORS_MAX);
}

static bool is_name(const char *name)
{
	uint32_t index;

	return strcmp(name, "cpu") == 0 || strcmp(name, "tpu") == 0 ||
	       strcmp(name, "serve") == 0 || is_usb_name(name) ||
	       is_emulator_name(name, &index);
}

int devices_check(const char *list, struct atoll_error *err)
{
	char name[DEVICE_TEXT];
	const char *at = list;

	if (*list == '\0')
		return atoll_error_set(err, -EINVAL, "device: none is named");
	while (devices_next(&at, name)) {
		if (begins(name, "pci"))
			return atoll_error_set(err, -ENOTSUP, "device %s: only Edge TPUs on "
					       "USB are supported", name);
		if (!is_name(name))
			return atoll_error_set(err, -ENODEV, "device %s: unknown; cpu, tpu, "
				"usb, usb:N, usb:BUS-PORT, serve and emu are known", name);
	}
	return 0;
}

bool devices_has_cpu(const char *list)
{
	char name[DEVICE_TEXT];

	while (devices_next(&list, name))
		if (strcmp(name, "cpu") == 0)
			return true;
	return false;
}

bool devices_are_emulated(const char *list)
{
	char name[DEVICE_TEXT];
	uint32_t index;

	while (devices_next(&list, name))
		if (!is_emulator_name(name, &index))
			return false;
	return true;
}

/* Opening and sharing; all with the lock held */

static struct shared *find_open(struct atoll_devices *devices, const struct usb_bus *bus,
				const struct usb_place *place)
{
	for (struct shared *shared = devices->open; shared; shared = shared->next)
		if (shared->bus == bus && usb_place_equal(&shared->place, place))
			return shared;
	return NULL;
}

static void leave(struct tpu *tpu)
{
	struct shared *shared = (struct shared *)tpu;
	struct atoll_devices *devices = shared->devices;

	pthread_mutex_lock(&devices->lock);
	if (--shared->users == 0) {
		struct shared **at = &devices->open;

		while (*at != shared)
			at = &(*at)->next;
		*at = shared->next;
		edgetpu_device_close(shared->tpu.device);
		free(shared);
	}
	pthread_mutex_unlock(&devices->lock);
}

/* The firmware matters only to a device without: what is wrong with ours is told
   when one turns up. */
static const struct edgetpu_firmware *firmware(struct atoll_devices *devices)
{
	if (!devices->firmware)
		devices->firmware = edgetpu_firmware_find(devices->firmware_path, NULL);
	return devices->firmware;
}

/* Emulated devices are told what the programs compute. */

static int teach(struct tpu *tpu, const struct edgetpu_package *package,
		 const struct atoll_model *twin, struct atoll_error *err)
{
	const struct shared *shared = (const struct shared *)tpu;
	struct emulator_program *program =
		emulator_program_new(EMULATOR_BEST, package, twin, err);

	if (!program)
		return -EINVAL;
	return emulator_teach(emulator_bus_at(shared->bus, &shared->place), package, program,
			      err);
}

static void unteach(struct tpu *tpu, const struct edgetpu_package *package)
{
	const struct shared *shared = (const struct shared *)tpu;

	emulator_unteach(emulator_bus_at(shared->bus, &shared->place), package);
}

static struct shared *open_device(struct atoll_devices *devices, struct usb_bus *bus,
				  const struct usb_place *place, const char *name,
				  struct atoll_error *err)
{
	struct edgetpu_device_options options = {
		.clock = devices->clock,
		.firmware = firmware(devices),
		.timeout_ms = devices->options.timeout_ms,
	};
	struct shared *shared = find_open(devices, bus, place);

	if (shared)
		return shared;
	shared = calloc(1, sizeof(*shared));
	if (!shared) {
		atoll_error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	snprintf(shared->name, sizeof(shared->name), "%s", name);
	shared->tpu.device = edgetpu_device_open(bus, place, &options, err);
	if (!shared->tpu.device) {
		atoll_error_prefix(err, "Error in device opening (%s)!", shared->name);
		free(shared);
		return NULL;
	}
	shared->tpu.name = shared->name;
	shared->tpu.leave = leave;
	if (bus != devices->usb || devices->is_usb_emulated) {
		shared->tpu.teach = teach;
		shared->tpu.unteach = unteach;
	}
	shared->devices = devices;
	shared->bus = bus;
	shared->place = *place;
	shared->next = devices->open;
	devices->open = shared;
	return shared;
}

static struct shared *open_usb(struct atoll_devices *devices, const struct usb_place *place,
			       struct atoll_error *err)
{
	char name[DEVICE_TEXT], text[USB_PLACE_TEXT];

	snprintf(name, sizeof(name), "usb:%s", usb_place_text(place, text));
	return open_device(devices, devices->usb, place, name, err);
}

static int list_usb(struct atoll_devices *devices, struct usb_found *found,
		    uint32_t *count, struct atoll_error *err)
{
	if (!devices->usb)
		devices->usb = usb_bus_open(err);
	if (!devices->usb)
		return -ENODEV;
	return devices->usb->ops->list(devices->usb, found, USB_FOUND_MAX, count, err);
}

/* One that no session here uses yet, the only one also if it is used. */
static struct shared *assign(struct atoll_devices *devices, const struct usb_found *found,
			     uint32_t count, struct atoll_error *err)
{
	struct atoll_error why = { 0 };
	uint32_t used = 0;

	if (count == 0) {
		atoll_error_set(err, -ENODEV, "No Edge TPU device detected! "
				"atoll-tpu doctor looks for the reason");
		return NULL;
	}
	if (count == 1)
		return open_usb(devices, &found[0].place, err);
	for (uint32_t i = 0; i < count; i++) {
		struct shared *shared;

		if (find_open(devices, devices->usb, &found[i].place)) {
			used++;
			continue;
		}
		shared = open_usb(devices, &found[i].place, why.code ? NULL : &why);
		if (shared)
			return shared;
	}
	if (used == count)
		atoll_error_set(err, -EBUSY, "Multiple Edge TPUs detected and all have been "
			"mapped to at least one model. If you want to share one Edge TPU "
			"with multiple models, specify `device_path` name.");
	else
		atoll_error_set(err, why.code, "%s", why.text);
	return NULL;
}

static struct shared *take_usb(struct atoll_devices *devices, const char *name,
			       struct atoll_error *err)
{
	struct usb_found found[USB_FOUND_MAX];
	const char *which = strchr(name, ':');
	struct usb_place place;
	uint32_t count = 0, index;

	if (list_usb(devices, found, &count, err) < 0)
		return NULL;
	if (!which)
		return assign(devices, found, count, err);
	which++;
	if (is_index(which, &index)) {
		if (index < count)
			return open_usb(devices, &found[index].place, err);
	} else if (usb_place_read(which, &place)) {
		for (index = 0; index < count; index++)
			if (usb_place_equal(&found[index].place, &place))
				return open_usb(devices, &place, err);
	}
	atoll_error_set(err, -ENODEV, "Path %s does not map to an Edge TPU device.", name);
	return NULL;
}

static int plug_emulator(struct atoll_devices *devices, uint32_t index,
			 struct atoll_error *err)
{
	struct usb_bus *bus = emulator_bus_new(
		&(struct emulator_bus_options){ .is_time_virtual = true }, err);
	struct usb_place place;

	if (!bus)
		return -ENOMEM;
	place = emulator_bus_plug(
		bus, emulator_new(&(struct emulator_options){ .speed = USB_SUPER }, err), err);
	if (place.ports == 0) {
		bus->ops->free(bus);
		return -ENOMEM;
	}
	devices->emulated[index].bus = bus;
	devices->emulated[index].place = place;
	return 0;
}

static struct shared *take_emulator(struct atoll_devices *devices, uint32_t index,
				    struct atoll_error *err)
{
	char name[DEVICE_TEXT];

	if (!devices->emulated[index].bus && plug_emulator(devices, index, err) < 0)
		return NULL;
	snprintf(name, sizeof(name), "emu:%u", index);
	return open_device(devices, devices->emulated[index].bus,
			   &devices->emulated[index].place, name, err);
}

/* Loading */

static struct backend_program *load_tpu(struct atoll_devices *devices, const char *name,
					const struct backend_part *part,
					struct atoll_error *err)
{
	struct backend_program *program;
	struct shared *shared;
	uint32_t index;

	if (!is_emulator_name(name, &index) && !devices->is_usb_emulated &&
	    tpu_check_real(name, part, err) < 0)
		return NULL;
	pthread_mutex_lock(&devices->lock);
	shared = is_emulator_name(name, &index) ? take_emulator(devices, index, err) :
		take_usb(devices, name, err);
	if (shared)
		shared->users++;
	pthread_mutex_unlock(&devices->lock);
	if (!shared)
		return NULL;
	program = tpu_load(&shared->tpu, part, err);
	if (!program)
		leave(&shared->tpu);
	return program;
}

static struct backend_program *load_serve(struct atoll_devices *devices,
					  const struct backend_part *part,
					  struct atoll_error *err)
{
	const struct serve_options options = {
		.socket = devices->socket,
		.priority = devices->options.priority,
	};

	return serve_load(&options, part, err);
}

struct backend_program *devices_load(struct atoll_devices *devices, const char *name,
				     const struct backend_part *part,
				     struct atoll_error *err)
{
	if (strcmp(name, "serve") == 0)
		return load_serve(devices, part, err);
	if (strcmp(name, "tpu") == 0)
		return serve_is_there(devices->socket) ? load_serve(devices, part, err) :
			load_tpu(devices, "usb", part, err);
	return load_tpu(devices, name, part, err);
}

void devices_use_emulators(struct atoll_devices *devices, struct usb_bus *bus)
{
	devices->usb = bus;
	devices->is_usb_emulated = true;
}

/* The registry itself */

static int copy_text(char **copy, const char *text, struct atoll_error *err)
{
	if (text && !(*copy = strdup(text)))
		return atoll_error_set(err, -ENOMEM, "out of memory");
	return 0;
}

/* What the caller says goes before what the administrator does. */
static int configure(struct atoll_devices *devices, struct atoll_error *err)
{
	const struct atoll_devices_options *options = &devices->options;
	const char *socket = options->socket ? options->socket : getenv("ATOLL_TPU_SOCKET");
	struct edgetpu_config config;
	int r = edgetpu_config_read(options->config, &config, err);

	if (r < 0)
		return r;
	devices->clock = config.clock;
	if (options->clock && edgetpu_clock_read(options->clock, &devices->clock) < 0)
		r = atoll_error_set(err, -EINVAL, "clock %s: expected low, medium, high or max",
				    options->clock);
	if (r == 0)
		r = copy_text(&devices->firmware_path,
			      options->firmware ? options->firmware : config.firmware, err);
	if (r == 0)
		r = copy_text(&devices->socket, socket, err);
	edgetpu_config_free(&config);
	return r;
}

ATOLL_API struct atoll_devices *
atoll_devices_new(const struct atoll_devices_options *options, struct atoll_error *err)
{
	struct atoll_devices *devices = calloc(1, sizeof(*devices));

	if (!devices) {
		atoll_error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	if (options)
		devices->options = *options;
	pthread_mutex_init(&devices->lock, NULL);
	if (configure(devices, err) < 0) {
		atoll_devices_free(devices);
		return NULL;
	}
	return devices;
}

ATOLL_API void atoll_devices_free(struct atoll_devices *devices)
{
	if (!devices)
		return;
	if (devices->usb)
		devices->usb->ops->free(devices->usb);
	for (uint32_t i = 0; i < EMULATORS_MAX; i++)
		if (devices->emulated[i].bus)
			devices->emulated[i].bus->ops->free(devices->emulated[i].bus);
	edgetpu_firmware_free(devices->firmware);
	pthread_mutex_destroy(&devices->lock);
	free(devices->firmware_path);
	free(devices->socket);
	free(devices);
}

static const char *bits_per_second(enum usb_speed speed)
{
	switch (speed) {
	case USB_LOW: return "1.5 Mbit/s";
	case USB_FULL: return "12 Mbit/s";
	case USB_HIGH: return "480 Mbit/s";
	case USB_SUPER: return "5 Gbit/s";
	default: return "unknown";
	}
}

ATOLL_API int atoll_devices_list(struct atoll_devices *devices, struct atoll_device *list,
				 uint32_t room, uint32_t *count, struct atoll_error *err)
{
	struct usb_found found[USB_FOUND_MAX];
	char text[USB_PLACE_TEXT];
	uint32_t n = 0;
	int r;

	pthread_mutex_lock(&devices->lock);
	r = list_usb(devices, found, &n, err);
	if (n > room)
		n = room;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		list[i] = (struct atoll_device){
			.vendor = found[i].vendor,
			.product = found[i].product,
			.has_firmware = found[i].vendor == USB_APPLICATION_VENDOR,
			.is_assigned = find_open(devices, devices->usb, &found[i].place),
			.speed = bits_per_second(found[i].speed),
		};
		snprintf(list[i].name, sizeof(list[i].name), "usb:%s",
			 usb_place_text(&found[i].place, text));
	}
	pthread_mutex_unlock(&devices->lock);
	*count = r == 0 ? n : 0;
	return r;
}
