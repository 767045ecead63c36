/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_USBIP_H
#define ATOLL_RUNTIME_EMULATOR_USBIP_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "board/loop.h"
#include "runtime/emulator/emulator.h"
#include "runtime/emulator/faults.h"

/*
 * Emulated devices for a kernel: a USB/IP server, version 1.1.1. Linux (vhci-hcd)
 * attaches a device of it as one of its own, and every program on that machine
 * sees a USB device.
 *
 *	struct usbip_server *server = usbip_server_new(loop, &(struct usbip_options){
 *		.tell = on_news }, &err);
 *
 *	r = usbip_server_add(server, tpu, &err);         "1-1"
 *	r = usbip_server_listen(server, fd, &err);       usbip attach -r HOST -b 1-1
 *	r = usbip_server_adopt(server, 0, fd, &err);     or a socket vhci has the other end of
 *	status = atoll_loop_run(loop);
 *	usbip_server_free(server);
 *
 * A device has one importer at a time. What one sends that is no USB/IP ends its
 * connection, and is counted; other connections do not notice.
 *
 * USB/IP has no word for the reset of a port. But Linux, and nobody else, reads
 * just 8 or 64 bytes of the device descriptor, always right after one; so such a
 * read is taken for the reset (and a program that reads all 18 is not).
 */
struct usbip_server;

#define USBIP_DEVICES_MAX 16

struct usbip_options {
	uint64_t bytes_per_second;  /* of each device's link, 0: no delay */
	/* Each may be NULL. A sentence for people: who comes and goes, what the
	   host does wrong. */
	void (*tell)(void *data, const char *sentence);
	/* A device that had left can be imported again. */
	void (*on_plug)(void *data, uint32_t device);
	void *data;
};

/* `loop` must outlive it. */
struct usbip_server *usbip_server_new(struct atoll_loop *loop,
				      const struct usbip_options *options,
				      struct atoll_error *err);

/* Connections end, the emulators with them. NULL is allowed. */
void usbip_server_free(struct usbip_server *server);

/* The emulator becomes the server's. Its number, from 0 (its name is 1-1 then), or
   a negative errno. */
int usbip_server_add(struct usbip_server *server, struct emulator *emulator,
		     struct atoll_error *err);

/* Serve who connects to this socket, which becomes the server's. */
int usbip_server_listen(struct usbip_server *server, int fd, struct atoll_error *err);

/* Serve this connection as if it had imported the device, which nobody else may
   have at the time (-EBUSY). The socket becomes the server's, also in failure. */
int usbip_server_adopt(struct usbip_server *server, uint32_t device, int fd,
		       struct atoll_error *err);

/* Pull it out: its importer is disconnected. Put it back: powered on anew. */
void usbip_server_unplug(struct usbip_server *server, uint32_t device);
void usbip_server_replug(struct usbip_server *server, uint32_t device);

/* What goes wrong from now on, counted from now; NULL: nothing. Copied. */
void usbip_server_set_faults(struct usbip_server *server, uint32_t device,
			     const struct fault_script *script);

/* Still the server's; heat it, for example, from the thread of the loop. */
struct emulator *usbip_server_emulator(struct usbip_server *server, uint32_t device);

/* What vhci-hcd wants to know of it. */
uint32_t usbip_server_id(const struct usbip_server *server, uint32_t device);

struct usbip_state {
	char busid[8];
	bool is_plugged, is_imported;
	uint64_t transfers;     /* since it was plugged in or faults were set */
};
struct usbip_state usbip_server_state(const struct usbip_server *server, uint32_t device);

uint32_t usbip_server_devices(const struct usbip_server *server);
uint32_t usbip_server_connections(const struct usbip_server *server);

/* Connections that were ended for what they sent. */
uint64_t usbip_server_complaints(const struct usbip_server *server);

#endif
