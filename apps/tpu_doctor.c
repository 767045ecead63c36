/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atoll-tpu doctor: why an Edge TPU does not work, and what to do. Everything that
 * can be looked at is, and each device is tried unless something stands in the way.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/doctor.h"
#include "apps/tpu_owner.h"
#include "runtime/devices.h"
#include "runtime/edgetpu/device.h"
#include "runtime/edgetpu/firmware.h"
#include "runtime/fill.h"
#include "runtime/serve/serve.h"
#include "runtime/session.h"

/* Where sessions have their settings from (devices.h). */

/* The first trip point of the vendor's PCIe driver for the same chip. */
#define HOT_MILLIDEGREES 84800

/* Room for "usb:1-1.4". */
#define ABOUT_TEXT (USB_PLACE_TEXT + 8)

static bool is_emulated(const struct doctor *doctor)
{
	return strcmp(doctor->settings->device, "emu") == 0;
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

static void find_none(struct doctor *doctor)
{
	if (is_empty_folder("/sys/bus/usb/devices"))
		doctor_bad(doctor, DOCTOR_NO_USB, "usb",
			   "the kernel knows of no USB port: see what dmesg says about "
			   "USB, and if its driver is there (\"modprobe xhci_pci\" on a "
			   "PC); to a container give /sys and /dev/bus/usb");
	else
		doctor_bad(doctor, DOCTOR_NO_DEVICE, "usb", "no Edge TPU is plugged in: try "
			   "another port, a data cable, a hub with power of its own, and see "
			   "if dmesg says anything when it is plugged in");
}

/* What every program that opens an Edge TPU reads first. */
static void look_at_configuration(struct doctor *doctor)
{
	if (doctor->settings->config_error.code)
		doctor_bad(doctor, DOCTOR_CONFIGURATION, "configuration", "%s: correct it; no "
			   "program can use an Edge TPU until then",
			   doctor->settings->config_error.text);
}

static void look_at_model(struct doctor *doctor)
{
	struct atoll_error err;

	if (doctor->settings->rests == 0)
		return;
	if (tpu_model_load(&doctor->model, doctor->settings->rest[0], &err) == 0)
		doctor_good(doctor, "model", "%s is compiled for the Edge TPU",
			    doctor->model.model->path);
	else if (err.code == -ENOTSUP)
		doctor_bad(doctor, DOCTOR_MODEL, "model", "%s: name one that is and that this "
			   "version knows", err.text);
	else
		doctor_bad(doctor, DOCTOR_MODEL, "model", "%s: name another file", err.text);
}

/* A device */

/* By somebody whom we could not see. */
static void is_busy(struct doctor *doctor, const char *about)
{
	if (doctor->is_served)
		doctor_good(doctor, about, "another process has it, which atoll-tpud seems to "
			    "be: use it with --device=serve");
	else if (geteuid() == 0)
		doctor_bad(doctor, DOCTOR_BUSY, about,
			   "another process has it, which cannot be seen from here: stop "
			   "it in the container it runs in");
	else
		doctor_bad(doctor, DOCTOR_BUSY, about,
			   "another process has it: run \"atoll-tpu list\" as root to "
			   "see which, and stop it");
}

static bool is_free(struct doctor *doctor, const char *about, const struct usb_found *found)
{
	char node[TPU_NODE_TEXT];
	struct tpu_owner owner;
	uint32_t unseen = 0;
	bool is_owned = tpu_owner_find("/proc", tpu_node(found, node), &owner, &unseen);

	if (is_owned && strcmp(owner.name, "atoll-tpud") == 0) {
		doctor_good(doctor, about, "atoll-tpud (process %d) has it: use it with "
			    "--device=serve", owner.pid);
		return false;
	}
	if (is_owned) {
		doctor_bad(doctor, DOCTOR_BUSY, about,
			   "%s (process %d) has it: stop that program, or let atoll-tpud "
			   "share the device",
			   owner.name, owner.pid);
		return false;
	}
	if (unseen > 0)
		doctor_note(doctor, about, "%u processes of others could not be looked into: "
			    "run this as root to see if one of them has it", unseen);
	else
		doctor_good(doctor, about, "no other process has it");
	return true;
}

static bool has_firmware(struct doctor *doctor, const char *about,
			 const struct usb_found *found, struct edgetpu_firmware **firmware)
{
	struct atoll_error err;
	const char *next;

	*firmware = edgetpu_firmware_find(doctor->settings->config.firmware, &err);
	if (*firmware) {
		doctor_good(doctor, about, "firmware: %s", (*firmware)->origin);
		return true;
	}
	/* Where there is no file the sentence says how to get one. */
	next = err.code == -ENOENT ? "" :
		": run \"atoll-tpu firmware find\" to see what there is";
	if (!tpu_needs_firmware(found)) {
		doctor_note(doctor, about,
			    "it runs firmware, but after a loss of power it will need it "
			    "again: %s%s",
			    err.text, next);
		return true;
	}
	doctor_bad(doctor, DOCTOR_FIRMWARE, about, "%s%s", err.text, next);
	return false;
}

static void look_at_link(struct doctor *doctor, const char *about, enum usb_speed speed)
{
	const char *text = usb_speed_text(speed);

	switch (speed) {
	case USB_SUPER:
		doctor_good(doctor, about, "link: %s", text);
		break;
	case USB_HIGH:
		doctor_note(doctor, about,
			    "link: %s, a tenth of what USB 3 has: where large tensors "
			    "take long, use a USB 3 port and cable if there are",
			    text);
		break;
	case USB_SPEED_UNKNOWN:
		doctor_note(doctor, about, "link: of a speed that could not be seen");
		break;
	default:
		doctor_bad(doctor, DOCTOR_SPEED, about, "link: %s, far too slow: use another "
			   "cable, port or hub", text);
	}
}

static void look_at_temperature(struct doctor *doctor, const char *about,
				struct edgetpu_device *device)
{
	struct atoll_error err;
	int32_t millidegrees;

	if (edgetpu_device_temperature(device, &millidegrees, &err) < 0)
		doctor_bad(doctor, DOCTOR_BRING_UP, about,
			   "its temperature cannot be read: %s: take its power away for "
			   "a moment",
			   err.text);
	else if (millidegrees >= HOT_MILLIDEGREES)
		doctor_bad(doctor, DOCTOR_HEAT, about,
			   "%.1f degrees, too hot: let it cool down, give it air, or "
			   "set \"clock = medium\" in " EDGETPU_CONFIG_FILE,
			   millidegrees / 1e3);
	else
		doctor_good(doctor, about, "%.1f degrees", millidegrees / 1e3);
}

static void stays_down(struct doctor *doctor, const char *about, const struct atoll_error *why)
{
	if (why->code == -EBUSY)
		is_busy(doctor, about);
	else if (why->code == -EACCES)
		doctor_bad(doctor, DOCTOR_PERMISSION, about,
			   "%s: after a reset it became another device, see \"udev "
			   "rule\" above",
			   why->text);
	else
		doctor_bad(doctor, DOCTOR_BRING_UP, about,
			   "cannot be brought up: %s: take its power away for a moment "
			   "(unplug it); if that does not help, use another cable or port",
			   why->text);
}

static bool comes_up(struct doctor *doctor, const char *about, const struct usb_found *found,
		     const struct edgetpu_firmware *firmware)
{
	const struct edgetpu_device_options options = {
		.clock = doctor->settings->config.clock, .firmware = firmware };
	struct edgetpu_device_state state;
	struct atoll_error err;
	struct edgetpu_device *device =
		edgetpu_device_open(doctor->bus, &found->place, &options, &err);

	if (!device) {
		stays_down(doctor, about, &err);
		return false;
	}
	edgetpu_device_state(device, &state);
	doctor_good(doctor, about, "comes up, at clock %s and %s",
		    edgetpu_clock_text(state.clock), usb_speed_text(state.speed));
	look_at_temperature(doctor, about, device);
	edgetpu_device_close(device);
	return true;
}

/* The whole way that any program goes. */
static void try_model(struct doctor *doctor, const char *about,
		      const struct atoll_session_options *options)
{
	struct atoll_error err;
	struct atoll_session *session =
		atoll_session_open(doctor->model.model, options, &err);

	if (!session) {
		doctor_bad(doctor, DOCTOR_INFERENCE, about, "the model cannot be loaded: %s: "
			   "take the power of the device away for a moment; if that does not "
			   "help, try another model", err.text);
		return;
	}
	if (*atoll_session_error(session)) {
		doctor_bad(doctor, DOCTOR_INFERENCE, about, "the device was not asked: %s: try "
			   "another model", atoll_session_error(session));
		atoll_session_close(session);
		return;
	}
	for (uint32_t i = 0; i < atoll_session_inputs(session); i++)
		atoll_fill(ATOLL_FILL_LCG, i, atoll_session_input(session, i));
	if (atoll_session_invoke(session) == 0)
		doctor_good(doctor, about, "an inference took %.2f ms, with the parameters",
			    (double)atoll_session_plan(session)->run_ns / 1e6);
	else
		doctor_bad(doctor, DOCTOR_INFERENCE, about,
			   "an inference failed: %s: try again; if it fails again, use "
			   "another cable or port, or a lower --clock",
			   atoll_session_error(session));
	atoll_session_close(session);
}

static void infer(struct doctor *doctor, const char *about, const char *device)
{
	const struct atoll_devices_options devices = {
		.clock = edgetpu_clock_text(doctor->settings->config.clock) };
	struct atoll_session_options options = { .device = device, .threads = 1 };
	struct atoll_error err;

	options.devices = atoll_devices_new(&devices, &err);
	if (options.devices)
		try_model(doctor, about, &options);
	else
		doctor_note(doctor, about, "no inference: %s", err.text);
	atoll_devices_free(options.devices);
}

/* What stands in the way is told as far as it can be seen, all of it. */
static bool can_be_tried(struct doctor *doctor, const char *about,
			 const struct usb_found *found, struct edgetpu_firmware **firmware)
{
	bool may_open, is_mine, has_it;

	if (is_emulated(doctor))
		return true;
	may_open = doctor_may_open(doctor, about, found);
	is_mine = is_free(doctor, about, found);
	has_it = has_firmware(doctor, about, found, firmware);
	return may_open && is_mine && has_it;
}

static void look_at_device(struct doctor *doctor, const struct usb_found *found)
{
	struct edgetpu_firmware *firmware = NULL;
	char about[ABOUT_TEXT];

	tpu_name(doctor->settings->device, found, about);
	doctor_good(doctor, about, "an Edge TPU that %s firmware (%04x:%04x)",
		    tpu_needs_firmware(found) ? "waits for" : "runs", found->vendor,
		    found->product);
	look_at_link(doctor, about, found->speed);
	if (can_be_tried(doctor, about, found, &firmware) &&
	    comes_up(doctor, about, found, firmware)) {
		if (doctor->model.model)
			infer(doctor, about, about);
		else if (doctor->settings->rests == 0)
			doctor_note(doctor, about, "no inference was tried: name a compiled "
				    "model to have one");
	}
	edgetpu_firmware_free(firmware);
}

/* Of those that were found: the one that is named, or all. */
static void look_at_devices(struct doctor *doctor, const struct usb_found *found,
			    uint32_t count)
{
	const char *name = doctor->settings->device;
	const struct usb_found *one;
	struct atoll_error err;

	if (strcmp(name, "usb") == 0) {
		for (uint32_t i = 0; i < count; i++)
			look_at_device(doctor, &found[i]);
		return;
	}
	one = tpu_choose(name, found, count, &err);
	if (one)
		look_at_device(doctor, one);
	else
		doctor_bad(doctor, DOCTOR_NO_DEVICE, "usb",
			   "%s: name one of those that \"atoll-tpu list\" shows",
			   err.text);
}

static void look_at_bus(struct doctor *doctor)
{
	struct usb_found found[USB_FOUND_MAX];
	struct atoll_error err;
	uint32_t count = 0;

	doctor->bus = tpu_bus(doctor->settings->device, &err);
	if (!doctor->bus ||
	    doctor->bus->ops->list(doctor->bus, found, USB_FOUND_MAX, &count, &err) < 0) {
		doctor_bad(doctor, DOCTOR_LIBUSB, "libusb", "%s: run this again with "
			   "LIBUSB_DEBUG=4 to see why", err.text);
	} else {
		if (!is_emulated(doctor)) {
			doctor_good(doctor, "libusb", "works");
			doctor_look_at_rules(doctor);
		}
		if (count == 0)
			find_none(doctor);
		else
			look_at_devices(doctor, found, count);
	}
	if (doctor->bus)
		doctor->bus->ops->free(doctor->bus);
	doctor->bus = NULL;
}

static void look_at_all(struct doctor *doctor)
{
	look_at_model(doctor);
	look_at_bus(doctor);
	if (is_emulated(doctor))
		return;
	doctor_look_at_daemon(doctor);
	if (doctor->is_served && doctor->model.model)
		infer(doctor, "atoll-tpud", "serve");
}

int tpu_doctor(const struct tpu_settings *settings)
{
	struct doctor doctor = { .settings = settings, .json.file = stdout };

	doctor.socket = getenv("ATOLL_TPU_SOCKET");
	if (!doctor.socket)
		doctor.socket = SERVE_SOCKET;
	doctor.is_served = serve_is_there(doctor.socket);
	if (settings->wants_json)
		atoll_json_array(&doctor.json, NULL);
	look_at_configuration(&doctor);
	look_at_all(&doctor);
	if (settings->wants_json)
		atoll_json_end(&doctor.json);
	tpu_model_free(&doctor.model);
	return (int)doctor.status;
}
