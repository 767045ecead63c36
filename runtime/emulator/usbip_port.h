/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_USBIP_PORT_H
#define ATOLL_RUNTIME_EMULATOR_USBIP_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/emulator/emulator.h"
#include "runtime/emulator/faults.h"
#include "runtime/emulator/usbip_wire.h"

/*
 * The port an emulated device is plugged into: transfers wait here until the
 * device moves them. Knows neither sockets nor the clock.
 *
 *	usbip_port_submit(port, packet);
 *	due_ns = usbip_port_run(port, now_ns);      look again then at the latest
 *	while ((packet = usbip_port_take(port)))
 *		send(packet->bytes, packet->size);
 */
struct usbip_port;

/* A transfer on its way in, its answer on the way out; malloc'ed. */
struct usbip_packet {
	struct usbip_packet *next;
	struct usbip_header header;
	size_t size;              /* of the answer, in bytes[] */
	/* The port's: */
	uint32_t actual;          /* bytes moved so far */
	bool is_moved;            /* to be answered at due_ns */
	int64_t due_ns;
	struct fault_effect effect;
	uint8_t bytes[];          /* USBIP_HEADER_BYTES, then the data */
};

/* NULL: out of memory. With room for the data of the header's length. */
struct usbip_packet *usbip_packet_new(const struct usbip_header *header);

/* The emulator stays the caller's. `bytes_per_second` 0: no delay. */
struct usbip_port *usbip_port_new(struct emulator *emulator, uint64_t bytes_per_second);
void usbip_port_free(struct usbip_port *port); /* NULL is allowed */

/* The packet becomes the port's. */
void usbip_port_submit(struct usbip_port *port, struct usbip_packet *packet);

/* The transfer of this number, the caller's again; NULL when it has ended, or never
   was. */
struct usbip_packet *usbip_port_unlink(struct usbip_port *port, uint32_t sequence);

/* Free all that wait. */
void usbip_port_clear(struct usbip_port *port);

/* Move what can be moved now. Returns when to look again, INT64_MAX: whenever
   something is submitted. */
int64_t usbip_port_run(struct usbip_port *port, int64_t now_ns);

/* The next answer, the caller's from now on; NULL: none. */
struct usbip_packet *usbip_port_take(struct usbip_port *port);

/*
 * What goes wrong from now on; NULL: nothing. Transfers are counted from here, and
 * from power-on: those of the kernel too, which reads descriptors and selects a
 * configuration whenever it finds a device.
 */
void usbip_port_set_faults(struct usbip_port *port, const struct fault_script *script);
uint64_t usbip_port_transfers(const struct usbip_port *port);

/* A fault wants the device to leave: true once for each, with the time until it
   comes back, -1 for never. */
bool usbip_port_is_pulled(struct usbip_port *port, int32_t *back_ms);

/* Power gone and back; nothing may wait. */
void usbip_port_power_cycle(struct usbip_port *port);

#endif
