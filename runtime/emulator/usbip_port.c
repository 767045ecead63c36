/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/usbip_port.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/emulator/state.h"

/* The link may run ahead of the clock by so much: timers are not finer. */
#define AHEAD_NS 1000000

/* Reading the device descriptor: a standard request of chapter 9 of USB. */
#define FROM_DEVICE 0x80
#define GET_DESCRIPTOR 6
#define DEVICE_DESCRIPTOR 0x0100

struct usbip_port {
	struct emulator *emulator;
	uint64_t bytes_per_second;
	int64_t free_ns;              /* when the link has carried all so far */
	struct usbip_packet *waiting, **last; /* in order of arrival */
	struct usbip_packet *over, **last_over;
	struct fault_script script;
	uint64_t transfers;
	bool is_pulled;
	int32_t back_ms;
};

struct usbip_packet *usbip_packet_new(const struct usbip_header *header)
{
	struct usbip_packet *packet =
		malloc(sizeof(*packet) + USBIP_HEADER_BYTES + header->length);

	if (packet)
		*packet = (struct usbip_packet){ .header = *header };
	return packet;
}

static void add(struct usbip_packet ***last, struct usbip_packet *packet)
{
	packet->next = NULL;
	**last = packet;
	*last = &packet->next;
}

/* Take out what `link` points at. */
static struct usbip_packet *take(struct usbip_packet **link, struct usbip_packet ***last)
{
	struct usbip_packet *packet = *link;

	*link = packet->next;
	if (*last == &packet->next)
		*last = link;
	return packet;
}

struct usbip_port *usbip_port_new(struct emulator *emulator, uint64_t bytes_per_second)
{
	struct usbip_port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->emulator = emulator;
	port->bytes_per_second = bytes_per_second;
	port->last = &port->waiting;
	port->last_over = &port->over;
	return port;
}

void usbip_port_free(struct usbip_port *port)
{
	if (!port)
		return;
	usbip_port_clear(port);
	free(port);
}

void usbip_port_clear(struct usbip_port *port)
{
	while (port->waiting)
		free(take(&port->waiting, &port->last));
	while (port->over)
		free(take(&port->over, &port->last_over));
}

struct usbip_packet *usbip_port_unlink(struct usbip_port *port, uint32_t sequence)
{
	struct usbip_packet **link = &port->waiting;

	while (*link && (*link)->header.sequence != sequence)
		link = &(*link)->next;
	return *link ? take(link, &port->last) : NULL;
}

/* --- what goes wrong --- */

static void begin(struct usbip_port *port, struct usbip_packet *packet)
{
	const struct usbip_header *header = &packet->header;
	struct fault_effect *effect = &packet->effect;

	*effect = fault_take(&port->script, port->emulator, port->transfers++);
	if (effect->stalls)
		emulator_halt(port->emulator,
			      (uint8_t)(header->endpoint | (header->is_in ? 0x80 : 0)));
	if (effect->unplugs || effect->resets) {
		port->is_pulled = true;
		port->back_ms = effect->resets ? 0 : effect->replug_ms;
	}
}

void usbip_port_set_faults(struct usbip_port *port, const struct fault_script *script)
{
	port->script = script ? *script : (struct fault_script){ .count = 0 };
	port->transfers = 0;
	fault_begin(&port->script, port->emulator);
}

uint64_t usbip_port_transfers(const struct usbip_port *port)
{
	return port->transfers;
}

bool usbip_port_is_pulled(struct usbip_port *port, int32_t *back_ms)
{
	bool is_pulled = port->is_pulled;

	port->is_pulled = false;
	*back_ms = port->back_ms;
	return is_pulled;
}

void usbip_port_power_cycle(struct usbip_port *port)
{
	emulator_power_cycle(port->emulator);
	port->transfers = 0;
	port->free_ns = 0;
}

/* --- transfers --- */

void usbip_port_submit(struct usbip_port *port, struct usbip_packet *packet)
{
	begin(port, packet);
	add(&port->last, packet);
}

/*
 * The kernel resets a port and then reads the beginning of the device descriptor,
 * to learn how long packets on endpoint 0 may be: 64 bytes by the newer scheme, 8
 * by the older and from SuperSpeed devices (hub_port_init() in
 * drivers/usb/core/hub.c, from 2.6 to 6.12). It never tells vhci-hcd's other end of
 * the reset itself.
 */
static bool follows_reset(const struct usb_setup *setup)
{
	return setup->request_type == FROM_DEVICE && setup->request == GET_DESCRIPTOR &&
	       setup->value == DEVICE_DESCRIPTOR && (setup->length == 8 || setup->length == 64);
}

/* Each of these: 0 when it is over, -EAGAIN: not now, or how it failed. */

static int move_control(struct usbip_port *port, struct usbip_packet *packet)
{
	const struct usb_setup *setup = &packet->header.setup;
	int r;

	if (follows_reset(setup))
		(void)emulator_reset(port->emulator); /* the descriptor says the rest */
	r = emulator_control(port->emulator, setup, packet->bytes + USBIP_HEADER_BYTES);
	packet->actual = r < 0 ? 0 : (uint32_t)r;
	return r < 0 ? r : 0;
}

static int move_in(struct usbip_port *port, struct usbip_packet *packet)
{
	const struct usbip_header *header = &packet->header;
	uint8_t endpoint = (uint8_t)(header->endpoint | 0x80);
	int r;

	do {
		r = emulator_in(port->emulator, endpoint,
				packet->bytes + USBIP_HEADER_BYTES + packet->actual,
				header->length - packet->actual);
		if (r < 0)
			return r;
		packet->actual += (uint32_t)r;
	} while (packet->actual < header->length &&
		 (uint32_t)r % emulator_packet(port->emulator, endpoint) == 0);
	return 0;
}

static int move_out(struct usbip_port *port, struct usbip_packet *packet)
{
	const struct usbip_header *header = &packet->header;
	int r = emulator_out(port->emulator, (uint8_t)header->endpoint,
			     packet->bytes + USBIP_HEADER_BYTES, header->length);

	if (r == 0)
		packet->actual = header->length;
	return r;
}

static int move(struct usbip_port *port, struct usbip_packet *packet)
{
	if (packet->effect.never_ends)
		return -EAGAIN;
	if (packet->effect.stalls)
		return -EPIPE;
	if (packet->header.endpoint == 0)
		return move_control(port, packet);
	return packet->header.is_in ? move_in(port, packet) : move_out(port, packet);
}

/* How long the link is busy with it, and what else delays it. */
static int64_t due_ns(struct usbip_port *port, const struct usbip_packet *packet,
		      int64_t now_ns)
{
	if (port->bytes_per_second) {
		if (port->free_ns < now_ns)
			port->free_ns = now_ns;
		port->free_ns += (int64_t)(packet->actual * UINT64_C(1000000000) /
					   port->bytes_per_second);
		now_ns = port->free_ns - AHEAD_NS;
	}
	return now_ns + (int64_t)packet->effect.slow_ms * 1000000;
}

static void answer(struct usbip_port *port, struct usbip_packet *packet, int status,
		   int64_t now_ns)
{
	const struct usbip_header *header = &packet->header;

	packet->due_ns = due_ns(port, packet, now_ns);
	packet->is_moved = true;
	if (header->is_in) {
		if (packet->effect.is_short)
			packet->actual /= 2;
		if (status == 0 && packet->actual < header->length && header->is_short_wrong)
			status = -EREMOTEIO;
	}
	packet->size = USBIP_HEADER_BYTES + (header->is_in ? packet->actual : 0);
	usbip_write_submitted(packet->bytes, header->sequence, status, packet->actual);
}

/* Endpoint 0 is one, whatever the direction. */
static uint32_t endpoint_bit(const struct usbip_header *header)
{
	return UINT32_C(1) << (header->endpoint & 15) <<
	       (header->is_in && header->endpoint ? 16 : 0);
}

/* Once over all that wait; transfers of an endpoint end in their order. True when
   the device was given or gave something, so that others may go on. */
static bool run_once(struct usbip_port *port, int64_t now_ns, int64_t *next_ns)
{
	struct usbip_packet **link = &port->waiting;
	uint32_t busy = 0;
	bool has_moved = false;

	*next_ns = INT64_MAX;
	while (*link) {
		struct usbip_packet *packet = *link;
		uint32_t bit = endpoint_bit(&packet->header);
		int r = -EAGAIN;

		if (!(busy & bit) && !packet->is_moved) {
			r = move(port, packet);
			if (r != -EAGAIN) {
				answer(port, packet, r, now_ns);
				has_moved = true;
			}
		}
		if (!(busy & bit) && packet->is_moved && packet->due_ns <= now_ns) {
			add(&port->last_over, take(link, &port->last));
			continue;
		}
		if (!(busy & bit) && packet->is_moved && packet->due_ns < *next_ns)
			*next_ns = packet->due_ns;
		busy |= bit;
		link = &packet->next;
	}
	return has_moved;
}

int64_t usbip_port_run(struct usbip_port *port, int64_t now_ns)
{
	int64_t next_ns;

	while (run_once(port, now_ns, &next_ns))
		;
	return next_ns;
}

struct usbip_packet *usbip_port_take(struct usbip_port *port)
{
	return port->over ? take(&port->over, &port->last_over) : NULL;
}
