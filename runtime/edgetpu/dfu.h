/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_DFU_H
#define ATOLL_RUNTIME_EDGETPU_DFU_H

#include "board/error.h"
#include "runtime/edgetpu/firmware.h"
#include "runtime/edgetpu/usb.h"

/*
 * Firmware into a device that has none (USB DFU 1.1, and what the boot ROM makes
 * of it).
 *
 *	r = dfu_download(usb, firmware, &err);
 *	bus->ops->reset(usb);                    it comes back as another device
 *
 * Finds and claims the DFU interface, sends the image in blocks, reads it back
 * and compares, and releases the interface. An error names the block.
 */
int dfu_download(struct usb_device *usb, const struct edgetpu_firmware *firmware,
		 struct atoll_error *err);

/* A running device back into its boot ROM, at the next reset. */
int dfu_detach(struct usb_device *usb, struct atoll_error *err);

#endif
