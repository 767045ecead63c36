/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_PORT_H
#define ATOLL_RUNTIME_EMULATOR_PORT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/usb.h"
#include "runtime/emulator/bus.h"
#include "runtime/emulator/emulator.h"
#include "runtime/emulator/faults.h"

/*
 * One port of an emulated bus, with the device in it and the transfers that are
 * out there. bus.c is what drivers see; port.c moves the bytes.
 *
 * The link is one resource: a transfer of n bytes holds it for n / bytes_per_second,
 * in either direction. An output transfer reaches the device when its last byte has
 * passed; an input transfer begins when the device has something.
 */
struct timing {
	bool is_virtual;
	atomic_int_fast64_t now_ns;    /* virtual */
	uint64_t bytes_per_second;
	int64_t latency_ns, plug_delay_ns;
};

int64_t timing_now(struct timing *timing);

#define FOREVER INT64_MAX

enum ticket_state {
	TICKET_IDLE,     /* not submitted */
	TICKET_WAITING,  /* for its turn, or for the device */
	TICKET_MOVING,   /* out: on the link until moved_ns */
	TICKET_OVER,     /* to be told at done_ns */
};

/* What a port knows of a transfer: usb_transfer.handle. */
struct ticket {
	struct ticket *next;           /* in order of submission */
	struct usb_transfer *transfer;
	const void *owner;             /* the handle it was submitted through */
	enum ticket_state state;
	uint64_t number;
	int64_t submitted_ns, deadline_ns, moved_ns, done_ns;
	int64_t slow_ns;               /* by a fault, as are: */
	bool is_hung, is_short;
};

struct port {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct timing *timing;
	struct usb_place place;
	struct emulator *emulator;

	/* under lock */
	bool is_plugged;
	int64_t present_ns;            /* listed from then on */
	int64_t replug_ns;             /* FOREVER: nobody will */
	uint8_t address;
	uint32_t generation;           /* of the device; handles of older ones are dead */
	const void *claimant;
	struct ticket *first;
	uint64_t submissions;
	int64_t link_free_ns;
	int64_t advanced_ns;           /* as far as port_advance has come */
	int64_t news_ns;               /* when the device last had something new */
	struct fault_script script;
	uint64_t transfers;            /* counted for the script */
};

void port_init(struct port *port, struct timing *timing, struct emulator *emulator,
	       uint8_t number);
void port_destroy(struct port *port);

/* All below with the lock held. */

/* What is due by now; replugging too. */
void port_advance(struct port *port);
/* Until something is due, or `until_ns`; the lock is released meanwhile. What waits
   to be told counts as due when `is_listening`. */
void port_wait(struct port *port, int64_t until_ns, bool is_listening);

void port_submit(struct port *port, struct ticket *ticket, uint32_t timeout_ms);
int port_control(struct port *port, const struct usb_setup *setup, uint8_t *data,
		 uint32_t timeout_ms);
void port_cancel(struct port *port, struct ticket *ticket, int status);
void port_cancel_all(struct port *port, int status);
/* The next that is over and was submitted through `owner` no later than `number`,
   taken from the list; NULL: none. */
struct ticket *port_next_over(struct port *port, const void *owner, uint64_t number);
void port_drop(struct port *port, struct ticket *ticket);

/* The device is another one now (ids, address): handles are dead. */
void port_renew(struct port *port);
void port_unplug(struct port *port, int64_t replug_ns);
void port_replug(struct port *port);

#endif
