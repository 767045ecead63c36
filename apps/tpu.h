/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TPU_H
#define ATOLL_APPS_TPU_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/device.h"
#include "runtime/edgetpu/firmware.h"
#include "runtime/edgetpu/usb.h"

/*
 * The commands of atoll-tpu. Each takes what its command line said and returns the
 * exit status.
 */
struct tpu_settings {
	const char *device;        /* "usb", "usb:1", ":1", "usb:1-1.4" or "emu" */
	enum edgetpu_clock clock;
	const char *folder;        /* firmware import: into which */
	bool wants_json;
	char **rest;               /* what follows the command, */
	int rests;                 /* so many */
};

int tpu_list(const struct tpu_settings *settings);
int tpu_info(const struct tpu_settings *settings);
int tpu_firmware(const struct tpu_settings *settings);
int tpu_reset(const struct tpu_settings *settings);

/*
 * The device that is meant (tpu_device.c).
 *
 *	struct tpu_device tpu = tpu_find(settings);
 *
 *	tpu_open(&tpu, settings);
 *	edgetpu_device_temperature(tpu.device, &millidegrees, &err);
 *	tpu_close(&tpu);
 *
 * What goes wrong on the way ends the program with a sentence.
 */
struct tpu_device {
	struct usb_bus *bus;
	struct usb_found found;
	char name[USB_PLACE_TEXT + 8];     /* "usb:1-1.4", or "emu" */
	struct edgetpu_firmware *firmware; /* or NULL */
	struct edgetpu_device *device;     /* NULL until it is open */
};

/* Is it a device, there or not? With options_wrong when it is none. */
void tpu_check_name(const char *name);

/* The bus of such a device. */
struct usb_bus *tpu_bus(const char *name);

/* What people call what was found there. */
void tpu_name(const char *device, const struct usb_found *found,
	      char name[USB_PLACE_TEXT + 8]);

bool tpu_needs_firmware(const struct usb_found *found);

struct tpu_device tpu_find(const struct tpu_settings *settings);

/* Reset, with firmware, awake. Not when another program uses it, who would notice. */
void tpu_open(struct tpu_device *tpu, const struct tpu_settings *settings);

void tpu_close(struct tpu_device *tpu);

/*
 * Who has a device open (tpu_owner.c): a program with its node of usbfs. Without
 * privileges only the user's own programs can be looked into.
 *
 *	tpu_owner_find("/proc", &found, &owner);
 *	if (owner.pid)
 *		printf("%s (%d)\n", owner.name, owner.pid);
 */
struct tpu_owner {
	int pid;            /* 0: nobody that could be seen */
	char name[32];
	bool is_all_seen;   /* or some programs could not be looked into */
};

/* Programs other than this one, as in `proc`. */
void tpu_owner_find(const char *proc, const struct usb_found *found,
		    struct tpu_owner *owner);

#endif
