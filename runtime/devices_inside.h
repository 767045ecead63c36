/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DEVICES_INSIDE_H
#define ATOLL_RUNTIME_DEVICES_INSIDE_H

#include <stdbool.h>

#include "board/error.h"
#include "runtime/backend.h"
#include "runtime/devices.h"
#include "runtime/edgetpu/usb.h"

/*
 * Devices as sessions see them.
 *
 *	const char *at = "tpu,cpu";
 *	char name[DEVICE_TEXT];
 *
 *	if (devices_check(at, &err) < 0)
 *		return err.code;
 *	while (devices_next(&at, name))
 *		program = devices_load(devices, name, &part, &err);
 */
#define DEVICE_TEXT 48

/* The next name of a list with commas; false at its end. */
bool devices_next(const char **list, char name[DEVICE_TEXT]);

/* Every name is one that there is; the devices are not looked for. */
int devices_check(const char *list, struct atoll_error *err);

/* Is "cpu" in the list? */
bool devices_has_cpu(const char *list);

/* Are there none but emulated ones of this process in it? */
bool devices_are_emulated(const char *list);

/* The compiled part on the device of this name, which is opened or shared. */
struct backend_program *devices_load(struct atoll_devices *devices, const char *name,
				     const struct backend_part *part,
				     struct atoll_error *err);

/* Tests bring a bus of emulators, which then is this machine's USB and belongs to
   the devices. */
void devices_use_emulators(struct atoll_devices *devices, struct usb_bus *bus);

#endif
