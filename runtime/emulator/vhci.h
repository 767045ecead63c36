/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_VHCI_H
#define ATOLL_RUNTIME_EMULATOR_VHCI_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/usb.h"

/*
 * The virtual USB hub of Linux (module vhci-hcd), to whose ports devices are
 * attached by handing over a socket that speaks USB/IP.
 *
 *	r = vhci_port(VHCI_ROOT, USB_HIGH, -1, &err);          a free one
 *	r = vhci_attach(VHCI_ROOT, r, fd, id, USB_HIGH, &err);
 *	close(fd);                                 the kernel has it now
 *
 * A port is left when the other end of the socket is closed. For root only.
 */
#define VHCI_ROOT "/sys/devices/platform/vhci_hcd.0"

/*
 * A port for a device of this speed that neither is in use nor still has a device
 * that the kernel is about to forget: `wanted`, or with -1 any. -EAGAIN when
 * `wanted` is not free yet, -EBUSY when there is none, -ENOENT without the module.
 */
int vhci_port(const char *root, enum usb_speed speed, int wanted, struct atoll_error *err);

/* `fd` is connected, and what it is to the server is usbip_server_id(). 0 or a
   negative errno. */
int vhci_attach(const char *root, int port, int fd, uint32_t id, enum usb_speed speed,
		struct atoll_error *err);

#endif
