/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_DOCTOR_H
#define ATOLL_APPS_DOCTOR_H

#include <stdbool.h>

#include "apps/tpu.h"
#include "board/json.h"

/*
 * What the parts of atoll-tpu doctor share: its findings, one line each.
 *
 *	struct doctor doctor = { .settings = settings, .json.file = stdout };
 *
 *	doctor_good(&doctor, "libusb", "works");
 *	doctor_bad(&doctor, DOCTOR_BUSY, "usb:1-1", "%s has it: stop it", owner.name);
 *	return doctor.status;
 *
 * Where something is not as it should be the sentence is the cause, a colon, and
 * what to do next.
 */

/* Exit statuses, above those of every command; the manual lists them. */
enum doctor_status {
	DOCTOR_WELL = 0,
	DOCTOR_LIBUSB = 10,     /* libusb cannot be used */
	DOCTOR_NO_USB,          /* there is no USB on this machine */
	DOCTOR_NO_DEVICE,       /* no Edge TPU is plugged in */
	DOCTOR_PERMISSION,      /* its node may not be opened */
	DOCTOR_BUSY,            /* another process has it */
	DOCTOR_FIRMWARE,        /* it needs firmware, and there is none */
	DOCTOR_SPEED,           /* its link is far too slow */
	DOCTOR_BRING_UP,        /* it cannot be brought up */
	DOCTOR_HEAT,            /* it is too hot */
	DOCTOR_MODEL,           /* the model cannot be used */
	DOCTOR_INFERENCE,       /* an inference fails */
	DOCTOR_DAEMON,          /* atoll-tpud is there and cannot be used */
	DOCTOR_CONFIGURATION,   /* a configuration file is wrong */
};

struct doctor {
	const struct tpu_settings *settings;
	struct usb_bus *bus;
	struct tpu_model model;    /* a compiled one to try, or nothing */
	const char *socket;        /* of atoll-tpud */
	bool is_served;            /* somebody listens there */
	struct atoll_json json;
	enum doctor_status status; /* of the first finding that is bad */
};

/* `about` is what was looked at: "usb:1-1.4", "libusb". */
void doctor_good(struct doctor *doctor, const char *about, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Not wrong, but good to know: also what could not be seen. */
void doctor_note(struct doctor *doctor, const char *about, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void doctor_bad(struct doctor *doctor, enum doctor_status status, const char *about,
		const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Who may use what (doctor_rights.c).
 */

/* Whether udev is told to let anyone but root use Edge TPUs. */
void doctor_look_at_rules(struct doctor *doctor);

/* May we open the node of this device? */
bool doctor_may_open(struct doctor *doctor, const char *about, const struct usb_found *found);

/* Somebody listens at atoll-tpud's socket, or why we cannot talk to it. */
void doctor_look_at_daemon(struct doctor *doctor);

#endif
