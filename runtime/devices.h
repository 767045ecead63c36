/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DEVICES_H
#define ATOLL_RUNTIME_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"

/*
 * The accelerators a process uses, shared by its sessions.
 *
 *	#include <atoll/runtime/devices.h>
 *	#include <atoll/runtime/session.h>
 *
 *	struct atoll_devices *devices = atoll_devices_new(NULL, &err);
 *	struct atoll_session_options options = { .device = "usb",
 *						 .devices = devices };
 *	struct atoll_session *one = atoll_session_open(first, &options, &err);
 *	struct atoll_session *two = atoll_session_open(second, &options, &err);
 *	...
 *	atoll_devices_free(devices);          after the sessions
 *
 * A device is opened when the first session needs it and closed with the last.
 * Sessions without a `devices` have one each to themselves, and so cannot share a
 * TPU with each other. Any thread may call.
 *
 * Which device, in a list with commas the first that can be had:
 *
 *	cpu         no accelerator
 *	tpu         an Edge TPU: through atoll-tpud when it runs, else as "usb"
 *	usb         an Edge TPU on USB that no session here uses yet; when there is
 *	            just one, that one, shared
 *	usb:1, :1   the second one, counting by place on the bus
 *	usb:1-1.4   the one plugged in there, as in /sys/bus/usb/devices
 *	serve       through atoll-tpud
 *	emu, emu:1  an emulated one in this process: the first, the second, to emu:7
 */
struct atoll_devices;

struct atoll_devices_options {
	const char *clock;       /* "low", "medium", "high", "max"; NULL: ATOLL_TPU_CLOCK,
				    else `clock` of the configuration, else max */
	const char *firmware;    /* file; NULL: `firmware` of the configuration, else
				    where firmware is looked for */
	const char *socket;      /* of atoll-tpud; NULL: ATOLL_TPU_SOCKET, else
				    /run/atoll/tpu.sock */
	const char *config;      /* file; NULL: /etc/atoll/tpu.conf */
	uint32_t timeout_ms;     /* of each transfer, 0: 6000 */
	uint32_t priority;       /* at the daemon: 0 normal, 1 high, 2 low */
};

/* Does not touch any device yet. `options` NULL means all zero; copied. */
struct atoll_devices *atoll_devices_new(const struct atoll_devices_options *options,
					struct atoll_error *err);

/* No session may be left. NULL is allowed. */
void atoll_devices_free(struct atoll_devices *devices);

/* The Edge TPUs on this machine's USB. */
struct atoll_device {
	char name[48];           /* "usb:1-1.4": stable while it stays plugged in there */
	uint16_t vendor, product;
	bool has_firmware;
	bool is_assigned;        /* a session here uses it */
	const char *speed;       /* "480 Mbit/s" */
};

/* Those plugged in now, at most `room` of them; `count` is how many are in `list`. 0, or
   a negative errno when USB cannot be asked. */
int atoll_devices_list(struct atoll_devices *devices, struct atoll_device *list,
		       uint32_t room, uint32_t *count, struct atoll_error *err);

#endif
