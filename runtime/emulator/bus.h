/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_BUS_H
#define ATOLL_RUNTIME_EMULATOR_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/usb.h"
#include "runtime/emulator/emulator.h"
#include "runtime/emulator/faults.h"

/*
 * Emulated Edge TPUs in this process, behind the same ops as libusb.
 *
 *	struct usb_bus *bus = emulator_bus_new(&(struct emulator_bus_options){
 *		.is_time_virtual = true }, &err);
 *	struct usb_place place = emulator_bus_plug(bus, tpu, &err);
 *
 *	use bus->ops as with a real one
 *	bus->ops->free(bus);             the emulators with it
 *
 * Any thread may plug and unplug. With virtual time a wait jumps to the next
 * thing that happens, or to its deadline, and sleeping takes no time; it jumps for
 * all devices of the bus, so one thread is best with it.
 *
 * A reset that keeps the ids ends transfers with -ECANCELED and keeps the handle
 * and its claim. Bulk and interrupt transfers without a claim are refused (-EIO).
 */
struct emulator_bus_options {
	bool is_time_virtual;
	uint64_t bytes_per_second;  /* of each device's link, 0: no delay. 40e6 is
				       about what bulk transfers reach on USB 2 */
	uint32_t latency_us;        /* from the end of a transfer to its completion */
	uint32_t plug_delay_ms;     /* from a reset that changes the ids to the new
				       device, 0: at once */
};

struct usb_bus *emulator_bus_new(const struct emulator_bus_options *options,
				 struct atoll_error *err);

/* The emulator becomes the bus's, also in failure; NULL: `err` says why already. Its
   place is 250-1, 250-2, ...; ports == 0 in failure. */
struct usb_place emulator_bus_plug(struct usb_bus *bus, struct emulator *emulator,
				   struct atoll_error *err);

/* Pull it out: transfers end with -ENODEV. Put it back: powered on anew. */
void emulator_bus_unplug(struct usb_bus *bus, const struct usb_place *place);
void emulator_bus_replug(struct usb_bus *bus, const struct usb_place *place);

struct emulator *emulator_bus_at(struct usb_bus *bus, const struct usb_place *place);

/* What goes wrong from now on at this device; NULL: nothing. Copied. */
void emulator_bus_set_faults(struct usb_bus *bus, const struct usb_place *place,
			     const struct fault_script *script);

/* Transfers of any kind that were started at this device since it was plugged in
   or since the last set_faults: what a script counts by. */
uint64_t emulator_bus_transfers(struct usb_bus *bus, const struct usb_place *place);

/* What is out now: open handles, transfers, claimed interfaces, memory. All 0
   when the driver has let go of everything. */
struct emulator_bus_balance { uint32_t handles, transfers, claims, allocations; };
struct emulator_bus_balance emulator_bus_balance(struct usb_bus *bus);

#endif
