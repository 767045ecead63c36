/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TPU_H
#define ATOLL_APPS_TPU_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/config.h"
#include "runtime/edgetpu/device.h"
#include "runtime/edgetpu/firmware.h"
#include "runtime/edgetpu/package.h"
#include "runtime/edgetpu/usb.h"
#include "runtime/model.h"

/*
 * The commands of atoll-tpu. Each takes what its command line said and returns the
 * exit status.
 */
struct tpu_settings {
	const char *device;        /* "usb", "usb:1", ":1", "usb:1-1.4" or "emu" */
	struct edgetpu_config config; /* with what --clock says */
	struct atoll_error config_error; /* code 0: it could be read */
	const char *folder;        /* firmware import: into which */
	uint32_t runs;             /* bench */
	bool wants_json;
	char **rest;               /* what follows the command, */
	int rests;                 /* so many */
};

int tpu_list(const struct tpu_settings *settings);
int tpu_info(const struct tpu_settings *settings);
int tpu_firmware(const struct tpu_settings *settings);
int tpu_reset(const struct tpu_settings *settings);
int tpu_bench(const struct tpu_settings *settings);
int tpu_doctor(const struct tpu_settings *settings);

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

/* The bus of such a device; NULL with a sentence. */
struct usb_bus *tpu_bus(const char *name, struct atoll_error *err);

/* The one of those found that is called so; NULL with a sentence. */
const struct usb_found *tpu_choose(const char *name, const struct usb_found *found,
				   uint32_t count, struct atoll_error *err);

/* What people call what was found there. */
void tpu_name(const char *device, const struct usb_found *found,
	      char name[USB_PLACE_TEXT + 8]);

bool tpu_needs_firmware(const struct usb_found *found);

/* Its node of usbfs, "/dev/bus/usb/001/007". */
#define TPU_NODE_TEXT 24
const char *tpu_node(const struct usb_found *found, char text[TPU_NODE_TEXT]);

struct tpu_device tpu_find(const struct tpu_settings *settings);

/* Reset, with firmware, awake. Not when another program uses it, who would notice. */
void tpu_open(struct tpu_device *tpu, const struct tpu_settings *settings);

/* 0, or -ENOTSUP: no real device gets a package that carries a graph. To be asked before
   the device is touched. */
int tpu_accepts(const char *name, const struct edgetpu_package *package,
		struct atoll_error *err);

/* What an emulated device has to know of a program it is to run; nothing for a
   real one. */
int tpu_teach(const struct tpu_device *tpu, const struct edgetpu_package *package,
	      struct atoll_error *err);

void tpu_close(struct tpu_device *tpu);

/* A compiled model, and what it has for the device (tpu_model.c). */
struct tpu_model {
	struct atoll_model *model;
	struct edgetpu_package *package;
};

/* 0, or a negative errno and a sentence: -ENOTSUP for what is not compiled. */
int tpu_model_load(struct tpu_model *model, const char *path, struct atoll_error *err);
void tpu_model_free(struct tpu_model *model); /* all NULL is allowed */

#endif
