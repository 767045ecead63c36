/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/port.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "board/clock.h"
#include "runtime/emulator/state.h"

#define NS_PER_MS 1000000
#define SETUP_BYTES 8
#define ADDRESS_MAX 127
#define HOUR_MS 3600000 /* of a control transfer that names no deadline */

int64_t timing_now(struct timing *timing)
{
	return timing->is_virtual ? atomic_load(&timing->now_ns) : atoll_clock_ns();
}

static void jump(struct timing *timing, int64_t to_ns)
{
	int_fast64_t now = atomic_load(&timing->now_ns);

	while (now < to_ns && !atomic_compare_exchange_weak(&timing->now_ns, &now, to_ns))
		;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t after_ms(int64_t now_ns, uint32_t ms)
{
	return ms ? now_ns + (int64_t)ms * NS_PER_MS : FOREVER;
}

/* The device has something that no transfer brought about. */
static void hear(void *context)
{
	struct port *port = context;

	(void)pthread_mutex_lock(&port->lock);
	port->news_ns = timing_now(port->timing);
	(void)pthread_cond_broadcast(&port->changed);
	(void)pthread_mutex_unlock(&port->lock);
}

void port_init(struct port *port, struct timing *timing, struct emulator *emulator,
	       uint8_t number)
{
	pthread_condattr_t monotonic;

	/* None of these can fail on Linux. */
	(void)pthread_mutex_init(&port->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&port->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	port->timing = timing;
	port->place = (struct usb_place){ .bus = 250, .ports = 1, .port = { number } };
	port->emulator = emulator;
	port->is_plugged = true;
	port->replug_ns = FOREVER;
	port->address = 1;
	emulator_on_change(emulator, hear, port);
}

void port_destroy(struct port *port)
{
	emulator_free(port->emulator);
	(void)pthread_cond_destroy(&port->changed);
	(void)pthread_mutex_destroy(&port->lock);
}

/* Hold the link for so many bytes, not before `from_ns`; until when. */
static int64_t occupy(struct port *port, int64_t from_ns, uint64_t bytes)
{
	uint64_t rate = port->timing->bytes_per_second;
	int64_t start = later(from_ns, port->link_free_ns);

	port->link_free_ns = start + (rate ? (int64_t)(bytes * 1000000000 / rate) : 0);
	return port->link_free_ns;
}

static void finish(struct ticket *ticket, int status, int64_t end_ns)
{
	ticket->transfer->status = status;
	if (ticket->is_short && ticket->transfer->endpoint & 0x80)
		ticket->transfer->actual /= 2;
	ticket->state = TICKET_OVER;
	ticket->done_ns = end_ns + ticket->slow_ns;
}

/* By what the device did: those of an endpoint end in the order of their submission,
   so one that is slow holds up the others. */
static void finish_in_turn(const struct port *port, struct ticket *ticket, int status,
			   int64_t end_ns)
{
	finish(ticket, status, end_ns + port->timing->latency_ns);
	for (const struct ticket *t = port->first; t != ticket; t = t->next)
		if (t->state == TICKET_OVER &&
		    t->transfer->endpoint == ticket->transfer->endpoint)
			ticket->done_ns = later(ticket->done_ns, t->done_ns);
}

/* True when something happened. */
static bool move_out(struct port *port, struct ticket *ticket, int64_t now)
{
	struct usb_transfer *transfer = ticket->transfer;
	int r;

	if (ticket->state == TICKET_WAITING) {
		ticket->moved_ns = occupy(port, ticket->submitted_ns, transfer->length);
		ticket->state = TICKET_MOVING;
	}
	if (now < ticket->moved_ns)
		return false;
	r = emulator_out(port->emulator, transfer->endpoint, transfer->data, transfer->length);
	if (r == -EAGAIN)
		return false;
	if (r == 0)
		transfer->actual = transfer->length;
	port->news_ns = ticket->moved_ns;
	finish_in_turn(port, ticket, r, ticket->moved_ns);
	return true;
}

static bool move_in(struct port *port, struct ticket *ticket)
{
	struct usb_transfer *transfer = ticket->transfer;
	int r = emulator_in(port->emulator, transfer->endpoint,
			    transfer->data + transfer->actual,
			    transfer->length - transfer->actual);
	int64_t start = later(ticket->submitted_ns, port->news_ns), end;

	if (r == -EAGAIN)
		return false;
	end = occupy(port, start, r < 0 ? 0 : (uint32_t)r);
	if (r > 0)
		transfer->actual += (uint32_t)r;
	if (r < 0)
		finish_in_turn(port, ticket, r, end);
	else if (transfer->actual == transfer->length ||
		 (uint32_t)r % emulator_packet(port->emulator, transfer->endpoint))
		finish_in_turn(port, ticket, 0, end);
	return true;
}

/* The first ticket of each endpoint that is not over gets its chance. */
static bool move(struct port *port, int64_t now)
{
	bool has_moved = false;
	uint32_t busy = 0;

	for (struct ticket *t = port->first; t; t = t->next) {
		uint32_t bit = emulator_halt_bit(t->transfer->endpoint);

		if (t->state == TICKET_OVER || busy & bit)
			continue;
		if (t->is_hung)
			; /* holds up the endpoint */
		else if (t->transfer->endpoint & 0x80)
			has_moved |= move_in(port, t);
		else
			has_moved |= move_out(port, t, now);
		if (t->state != TICKET_OVER)
			busy |= bit;
	}
	return has_moved;
}

void port_advance(struct port *port)
{
	int64_t now = timing_now(port->timing);

	if (!port->is_plugged) {
		if (now >= port->replug_ns)
			port_replug(port);
		return;
	}
	port->advanced_ns = now;
	while (move(port, now))
		;
	for (struct ticket *t = port->first; t; t = t->next)
		if (t->state != TICKET_OVER && now >= t->deadline_ns)
			finish(t, -ETIMEDOUT, now);
}

/* The next moment at which port_advance, or a listener, has something to do. */
static int64_t next_due(const struct port *port, bool is_listening)
{
	int64_t due = port->is_plugged ? FOREVER : port->replug_ns;

	for (struct ticket *t = port->first; t; t = t->next) {
		if (t->state == TICKET_OVER) {
			if (is_listening)
				due = sooner(due, t->done_ns);
			continue;
		}
		due = sooner(due, t->deadline_ns);
		/* One that the device did not take yet waits for something else. */
		if (t->state == TICKET_MOVING && t->moved_ns > port->advanced_ns)
			due = sooner(due, t->moved_ns);
	}
	return due;
}

void port_wait(struct port *port, int64_t until_ns, bool is_listening)
{
	int64_t now = timing_now(port->timing);
	int64_t due = sooner(until_ns, next_due(port, is_listening));
	struct timespec at = { .tv_sec = due / 1000000000, .tv_nsec = due % 1000000000 };

	if (due <= now)
		return;
	if (port->timing->is_virtual)
		jump(port->timing, due);
	else
		(void)pthread_cond_timedwait(&port->changed, &port->lock, &at);
}

/* A new transfer begins: what the script has for it. */
static struct fault_effect next_effect(struct port *port)
{
	uint64_t transfer = port->transfers++;
	struct fault_effect effect = { 0 };
	int64_t now = timing_now(port->timing);

	if (!port->script.count)
		return effect;
	effect = fault_take(&port->script, port->emulator, transfer);
	port->news_ns = now;
	if (effect.resets) {
		emulator_power_cycle(port->emulator);
		port_renew(port);
	}
	if (effect.unplugs)
		port_unplug(port, effect.replug_ms < 0 ? FOREVER :
			    now + (int64_t)effect.replug_ms * NS_PER_MS);
	return effect;
}

static void append(struct port *port, struct ticket *ticket)
{
	struct ticket **end = &port->first;

	while (*end)
		end = &(*end)->next;
	ticket->next = NULL;
	*end = ticket;
}

void port_submit(struct port *port, struct ticket *ticket, uint32_t timeout_ms)
{
	struct usb_transfer *transfer = ticket->transfer;
	int64_t now = timing_now(port->timing);
	struct fault_effect effect = next_effect(port);

	transfer->status = 0;
	transfer->actual = 0;
	ticket->state = TICKET_WAITING;
	ticket->number = port->submissions++;
	ticket->submitted_ns = now;
	ticket->deadline_ns = after_ms(now, timeout_ms);
	ticket->slow_ns = (int64_t)effect.slow_ms * NS_PER_MS;
	ticket->is_hung = effect.never_ends;
	ticket->is_short = effect.is_short;
	append(port, ticket);
	if (effect.unplugs || effect.resets) {
		finish(ticket, -ENODEV, now);
	} else if (effect.stalls) {
		emulator_halt(port->emulator, transfer->endpoint);
		finish(ticket, -EPIPE, now);
	}
	port_advance(port);
}

/* Time passes for the caller alone; false when the device went meanwhile. */
static bool pass(struct port *port, int64_t until_ns)
{
	uint32_t generation = port->generation;

	while (timing_now(port->timing) < until_ns && port->generation == generation) {
		port_wait(port, until_ns, false);
		port_advance(port);
	}
	return port->generation == generation;
}

int port_control(struct port *port, const struct usb_setup *setup, uint8_t *data,
		 uint32_t timeout_ms)
{
	int64_t now = timing_now(port->timing);
	int64_t deadline = after_ms(now, timeout_ms ? timeout_ms : HOUR_MS), end;
	struct fault_effect effect = next_effect(port);
	int r;

	if (effect.unplugs || effect.resets)
		return -ENODEV;
	if (effect.never_ends)
		return pass(port, deadline) ? -ETIMEDOUT : -ENODEV;
	port_advance(port);
	r = effect.stalls ? -EPIPE : emulator_control(port->emulator, setup, data);
	port->news_ns = now;
	end = occupy(port, now, SETUP_BYTES + (r < 0 ? 0 : (uint32_t)r)) +
	      port->timing->latency_ns + (int64_t)effect.slow_ms * NS_PER_MS;
	port_advance(port);
	if (!pass(port, sooner(end, deadline)))
		return -ENODEV;
	if (end > deadline)
		return -ETIMEDOUT;
	return effect.is_short && setup->request_type & 0x80 && r > 0 ? r / 2 : r;
}

void port_cancel(struct port *port, struct ticket *ticket, int status)
{
	if (ticket->state == TICKET_WAITING || ticket->state == TICKET_MOVING)
		finish(ticket, status, timing_now(port->timing));
}

void port_cancel_all(struct port *port, int status)
{
	for (struct ticket *t = port->first; t; t = t->next)
		port_cancel(port, t, status);
	(void)pthread_cond_broadcast(&port->changed);
}

struct ticket *port_next_over(struct port *port, const void *owner, uint64_t number)
{
	int64_t now = timing_now(port->timing);
	struct ticket *best = NULL;

	for (struct ticket *t = port->first; t; t = t->next)
		if (t->owner == owner && t->state == TICKET_OVER && t->done_ns <= now &&
		    t->number < number && (!best || t->done_ns < best->done_ns))
			best = t;
	if (best)
		port_drop(port, best);
	return best;
}

void port_drop(struct port *port, struct ticket *ticket)
{
	struct ticket **at = &port->first;

	while (*at && *at != ticket)
		at = &(*at)->next;
	if (*at)
		*at = ticket->next;
	ticket->state = TICKET_IDLE;
}

void port_renew(struct port *port)
{
	port_cancel_all(port, -ENODEV);
	port->generation++;
	port->claimant = NULL;
	port->address = port->address == ADDRESS_MAX ? 1 : (uint8_t)(port->address + 1);
	port->present_ns = timing_now(port->timing) + port->timing->plug_delay_ns;
}

void port_unplug(struct port *port, int64_t replug_ns)
{
	port->replug_ns = replug_ns;
	if (!port->is_plugged)
		return;
	port_renew(port);
	port->is_plugged = false;
}

void port_replug(struct port *port)
{
	if (port->is_plugged)
		return;
	port->is_plugged = true;
	port->replug_ns = FOREVER;
	port->present_ns = timing_now(port->timing);
	emulator_power_cycle(port->emulator);
}
