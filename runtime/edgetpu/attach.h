/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_ATTACH_H
#define ATOLL_RUNTIME_EDGETPU_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/firmware.h"
#include "runtime/edgetpu/usb.h"

/*
 * From a place on the bus to a device that is open, claimed and runs the
 * application firmware, whatever it was doing before.
 *
 *	struct attach_report report;
 *
 *	r = attach_open(bus, &place, &options, &usb, &report, &err);
 *	...
 *	bus->ops->release(usb, 0);
 *	bus->ops->close(usb);
 *
 * A device that runs is reset, which ends whatever a killed program left half
 * done. One in its boot ROM gets the firmware, which is read back and compared.
 * What fails on the way is tried again after a reset, three times in all. Nothing
 * is begun after options.patience_ms; what is under way then, a download at worst,
 * ends within 15 s of its own.
 */
struct attach_options {
	const struct edgetpu_firmware *firmware; /* NULL: a device without is an error
						    that says how to get it */
	bool downloads_always;   /* also to a device that runs */
	uint32_t patience_ms;    /* 0: 30000 */
};

struct attach_report {
	uint32_t resets, downloads, tries; /* counted up, also in failure; the
					      first try is one */
};

/* `report` may be NULL. Where there is nothing now, that is told at once. */
int attach_open(struct usb_bus *bus, const struct usb_place *place,
		const struct attach_options *options, struct usb_device **usb,
		struct attach_report *report, struct atoll_error *err);

#endif
