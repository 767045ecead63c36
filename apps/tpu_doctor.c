/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atoll-tpu doctor: why an Edge TPU does not work, and what to do. One line for
 * everything that was looked at; the exit status is that of the first that is bad.
 */

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/options.h"
#include "apps/tpu.h"
#include "apps/tpu_owner.h"
#include "board/json.h"
#include "runtime/devices.h"
#include "runtime/edgetpu/device.h"
#include "runtime/edgetpu/firmware.h"
#include "runtime/fill.h"
#include "runtime/model.h"
#include "runtime/serve/serve.h"
#include "runtime/session.h"

/* The first trip point of the vendor's PCIe driver for the same chip. */
#define HOT_MILLIDEGREES 84800

/* Of the boot ROM's and the running chip's ids, as a udev rule names them. */
#define RULE_DFU "1a6e"
#define RULE_APPLICATION "18d1"

/* Exit statuses, above those of every command; the manual lists them. */
enum status {
	WELL = 0,
	LIBUSB = 10,     /* libusb cannot be used */
	NO_USB,          /* there is no USB on this machine */
	NO_DEVICE,       /* no Edge TPU is plugged in */
	PERMISSION,      /* its node may not be opened */
	BUSY,            /* another process has it */
	FIRMWARE,        /* it needs firmware, and there is none */
	SPEED,           /* its link is too slow to be used */
	BRING_UP,        /* it cannot be brought up */
	HEAT,            /* it is too hot */
	MODEL,           /* the model cannot be used */
	INFERENCE,       /* an inference fails */
	DAEMON,          /* atoll-tpud is there and cannot be used */
};

/* Room for "usb:1-1.4". */
#define ABOUT_TEXT (USB_PLACE_TEXT + 8)

struct doctor {
	const struct tpu_settings *settings;
	const char *model;       /* a compiled one to try, or NULL */
	struct usb_bus *bus;
	struct atoll_json json;
	int status;
};

enum verdict { OK, NOTE, BAD };

/* One line. `status` counts when it is bad, and the first that does. */
__attribute__((format(printf, 5, 6)))
static void say(struct doctor *d, enum verdict verdict, int status, const char *about,
		const char *format, ...)
{
	static const char *const words[] = { [OK] = "ok", [NOTE] = "note", [BAD] = "bad" };
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (verdict == BAD && d->status == WELL)
		d->status = status;
	if (!d->settings->wants_json) {
		printf("%-5s %s: %s\n", words[verdict], about, text);
		(void)fflush(stdout); /* some checks take seconds */
		return;
	}
	atoll_json_object(&d->json, NULL);
	atoll_json_string(&d->json, "verdict", words[verdict]);
	atoll_json_string(&d->json, "about", about);
	atoll_json_string(&d->json, "text", text);
	if (verdict == BAD)
		atoll_json_integer(&d->json, "status", status);
	atoll_json_end(&d->json);
}

/* The machine */

static bool is_empty_folder(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	bool is_empty = true;

	while (folder && is_empty && (entry = readdir(folder)))
		is_empty = entry->d_name[0] == '.';
	if (folder)
		(void)closedir(folder); /* only read */
	return is_empty;
}

static void look_for_usb(struct doctor *d)
{
	if (is_empty_folder("/sys/bus/usb/devices"))
		say(d, BAD, NO_USB, "usb", "this machine has no USB host; in a "
		    "container, give it /dev/bus/usb; on a board, enable the USB driver");
	else
		say(d, BAD, NO_DEVICE, "usb", "no Edge TPU is plugged in; use another "
		    "port, a data cable, a hub that gives 900 mA, and see if dmesg says "
		    "anything when it is plugged in");
}

/* Does a rule file of udev name both ids? */
static bool names_ids(const char *path)
{
	FILE *file = fopen(path, "re");
	bool has_dfu = false, has_application = false;
	char line[1024];

	while (file && fgets(line, sizeof(line), file)) {
		has_dfu = has_dfu || strstr(line, RULE_DFU);
		has_application = has_application || strstr(line, RULE_APPLICATION);
	}
	if (file)
		(void)fclose(file); /* only read */
	return has_dfu && has_application;
}

static bool has_rule(char found[], size_t room)
{
	static const char *const folders[] = {
		"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d",
		"/lib/udev/rules.d",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		DIR *folder = opendir(folders[i]);
		const struct dirent *entry;

		while (folder && (entry = readdir(folder))) {
			(void)snprintf(found, room, "%s/%s", folders[i], entry->d_name);
			if (entry->d_name[0] != '.' && names_ids(found)) {
				(void)closedir(folder); /* only read */
				return true;
			}
		}
		if (folder)
			(void)closedir(folder); /* only read */
	}
	return false;
}

/* A device */

static const char *name_of_group(gid_t id, char text[32])
{
	const struct group *group = getgrgid(id);

	if (group)
		(void)snprintf(text, 32, "%s", group->gr_name);
	else
		(void)snprintf(text, 32, "%u", id);
	return text;
}

/* In the group's list, though perhaps not yet in this login. */
static bool is_listed(gid_t id)
{
	const struct group *group = getgrgid(id);
	const struct passwd *me = getpwuid(geteuid());

	for (char **member = group && me ? group->gr_mem : NULL; member && *member; member++)
		if (strcmp(*member, me->pw_name) == 0)
			return true;
	return false;
}

static bool may_open(struct doctor *d, const char *about, const char *node)
{
	char group[32], rule[512];
	struct stat info;

	if (stat(node, &info) < 0) {
		say(d, BAD, PERMISSION, about, "%s is not there (%s); in a container, "
		    "give it /dev/bus/usb", node, strerror(errno));
		return false;
	}
	if (access(node, R_OK | W_OK) == 0) {
		say(d, OK, 0, about, "%s may be read and written", node);
		return true;
	}
	(void)name_of_group(info.st_gid, group);
	if ((info.st_mode & 0060) == 0060 && info.st_gid != 0 && is_listed(info.st_gid))
		say(d, BAD, PERMISSION, about, "%s is for the group %s, to which you were "
		    "added: log out and in again", node, group);
	else if ((info.st_mode & 0060) == 0060 && info.st_gid != 0)
		say(d, BAD, PERMISSION, about, "%s is for the group %s: run \"sudo adduser "
		    "$USER %s\", then log out and in again", node, group, group);
	else if (has_rule(rule, sizeof(rule)))
		say(d, BAD, PERMISSION, about, "%s is only root's though %s is there: "
		    "run \"sudo udevadm control --reload; sudo udevadm trigger\" or plug it "
		    "in again", node, rule);
	else
		say(d, BAD, PERMISSION, about, "%s is only root's, no udev rule names "
		    "1a6e:089a and 18d1:9302: install the package atoll-tools, or run as root",
		    node);
	return false;
}

static bool is_free(struct doctor *d, const char *about, const char *node)
{
	struct tpu_owner owner;
	uint32_t unseen = 0;
	bool is_owned = tpu_owner_find("/proc", node, &owner, &unseen);

	if (is_owned && strcmp(owner.name, "atoll-tpud") == 0) {
		say(d, OK, 0, about, "atoll-tpud (process %d) has it: use it with "
		    "--device=serve", owner.pid);
		return false;
	}
	if (is_owned) {
		say(d, BAD, BUSY, about, "%s (process %d) has it: stop that program, or "
		    "let atoll-tpud share the device", owner.name, owner.pid);
		return false;
	}
	if (unseen > 0)
		say(d, NOTE, 0, about, "could not see the open files of %u processes of "
		    "others; as root I could say whether one has it", unseen);
	else
		say(d, OK, 0, about, "no other process has it");
	return true;
}

static bool has_firmware(struct doctor *d, const char *about, const struct usb_found *found,
			 struct edgetpu_firmware **firmware)
{
	struct atoll_error err;

	*firmware = edgetpu_firmware_find(NULL, &err);
	if (*firmware) {
		say(d, OK, 0, about, "firmware: %s", (*firmware)->origin);
		return true;
	}
	if (found->vendor == USB_APPLICATION_VENDOR) {
		say(d, NOTE, 0, about, "it runs firmware now, and will need it again after a "
		    "loss of power: %s", err.text);
		return true;
	}
	say(d, BAD, FIRMWARE, about, "%s", err.text);
	return false;
}

static bool is_fast(struct doctor *d, const char *about, enum usb_speed speed)
{
	switch (speed) {
	case USB_SUPER:
		say(d, OK, 0, about, "link: %s", usb_speed_text(speed));
		return true;
	case USB_HIGH:
		say(d, NOTE, 0, about, "link: %s, about a tenth of what a USB 3 port moves; "
		    "large inputs will take longer than the inference", usb_speed_text(speed));
		return true;
	default:
		say(d, BAD, SPEED, about, "link: %s is too slow: use another cable, port "
		    "or hub", usb_speed_text(speed));
		return false;
	}
}

static void look_at_temperature(struct doctor *d, const char *about,
				struct edgetpu_device *device)
{
	struct atoll_error err;
	int32_t millidegrees;

	if (edgetpu_device_temperature(device, &millidegrees, &err) < 0)
		say(d, NOTE, 0, about, "temperature: %s", err.text);
	else if (millidegrees >= HOT_MILLIDEGREES)
		say(d, BAD, HEAT, about, "%.1f degrees: let it cool down, and use a lower "
		    "--clock or a fan", millidegrees / 1e3);
	else
		say(d, OK, 0, about, "%.1f degrees", millidegrees / 1e3);
}

static bool comes_up(struct doctor *d, const char *about, const struct usb_found *found,
		     const struct edgetpu_firmware *firmware)
{
	const struct edgetpu_device_options options = {
		.clock = d->settings->clock, .firmware = firmware };
	struct atoll_error err;
	struct edgetpu_device *device =
		edgetpu_device_open(d->bus, &found->place, &options, &err);

	if (!device) {
		say(d, BAD, BRING_UP, about, "cannot be brought up: %s; unplug it, wait "
		    "a moment, plug it in again", err.text);
		return false;
	}
	say(d, OK, 0, about, "brought up at clock %s", edgetpu_clock_text(options.clock));
	look_at_temperature(d, about, device);
	edgetpu_device_close(device);
	return true;
}

/* The whole way that any program goes. */
static void infer(struct doctor *d, const char *about, const char *name)
{
	const struct atoll_devices_options device_options = {
		.clock = edgetpu_clock_text(d->settings->clock) };
	struct atoll_session_options options = { .device = name, .threads = 1 };
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(d->model, &err);
	struct atoll_session *session = NULL;

	if (!model) {
		say(d, BAD, MODEL, about, "%s", err.text);
		return;
	}
	options.devices = atoll_devices_new(&device_options, &err);
	if (options.devices)
		session = atoll_session_open(model, &options, &err);
	if (!session) {
		say(d, BAD, err.code == -ENOTSUP ? MODEL : INFERENCE, about, "%s",
		    err.text);
	} else {
		for (uint32_t i = 0; i < atoll_session_inputs(session); i++)
			atoll_fill(ATOLL_FILL_LCG, i, atoll_session_input(session, i));
		if (atoll_session_invoke(session) < 0)
			say(d, BAD, INFERENCE, about, "%s", atoll_session_error(session));
		else
			say(d, OK, 0, about, "an inference took %.2f ms",
			    (double)atoll_session_plan(session)->run_ns / 1e6);
	}
	atoll_session_close(session);
	atoll_devices_free(options.devices);
	atoll_model_free(model);
}

static void look_at_device(struct doctor *d, const struct usb_found *found)
{
	bool is_emulated = strcmp(d->settings->device, "emu") == 0;
	char about[ABOUT_TEXT], node[TPU_NODE_TEXT];
	struct edgetpu_firmware *firmware = NULL;

	tpu_name(d->settings->device, found, about);
	say(d, OK, 0, about, "an Edge TPU %s (%04x:%04x)", tpu_needs_firmware(found) ?
	    "that waits for firmware" : "that runs firmware", found->vendor, found->product);
	(void)tpu_node(found, node);
	if (is_fast(d, about, found->speed) &&
	    (is_emulated || (may_open(d, about, node) && is_free(d, about, node) &&
			     has_firmware(d, about, found, &firmware))) &&
	    comes_up(d, about, found, firmware)) {
		if (d->model)
			infer(d, about, about);
		else
			say(d, NOTE, 0, about, "no inference was tried: name a compiled model "
			    "to have one");
	}
	edgetpu_firmware_free(firmware);
}

static void look_at_bus(struct doctor *d)
{
	struct usb_found found[USB_FOUND_MAX];
	const struct usb_found *one;
	struct atoll_error err;
	uint32_t count = 0;

	if (d->bus->ops->list(d->bus, found, USB_FOUND_MAX, &count, &err) < 0) {
		say(d, BAD, LIBUSB, "libusb", "%s", err.text);
		return;
	}
	say(d, OK, 0, "libusb", "works");
	if (count == 0) {
		look_for_usb(d);
	} else if (strcmp(d->settings->device, "usb") == 0) {
		for (uint32_t i = 0; i < count; i++)
			look_at_device(d, &found[i]);
	} else {
		one = tpu_choose(d->settings->device, found, count, &err);
		if (one)
			look_at_device(d, one);
		else
			say(d, BAD, NO_DEVICE, "usb", "%s", err.text);
	}
}

static void look_at_daemon(struct doctor *d)
{
	const char *socket = getenv("ATOLL_TPU_SOCKET");

	if (!socket)
		socket = SERVE_SOCKET;
	if (access(socket, F_OK) < 0)
		return;
	if (serve_is_there(socket))
		say(d, OK, 0, "atoll-tpud", "answers on %s", socket);
	else if (access(socket, W_OK) < 0)
		say(d, BAD, DAEMON, "atoll-tpud", "%s may not be used by you: run \"sudo adduser "
		    "$USER atoll\", then log out and in again", socket);
	else
		say(d, BAD, DAEMON, "atoll-tpud", "nobody answers on %s: run \"sudo systemctl "
		    "restart atoll-tpud\", or remove the file", socket);
}

int tpu_doctor(const struct tpu_settings *settings)
{
	struct doctor d = { .settings = settings, .json.file = stdout,
			    .model = settings->rests ? settings->rest[0] : NULL };
	struct atoll_error err;

	if (settings->wants_json)
		atoll_json_array(&d.json, NULL);
	d.bus = tpu_bus(settings->device, &err);
	if (d.bus)
		look_at_bus(&d);
	else
		say(&d, BAD, LIBUSB, "libusb", "%s", err.text);
	look_at_daemon(&d);
	if (settings->wants_json)
		atoll_json_end(&d.json);
	if (d.bus)
		d.bus->ops->free(d.bus);
	return d.status;
}
