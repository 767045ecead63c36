/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_DEVICE_INSIDE_H
#define ATOLL_RUNTIME_EDGETPU_DEVICE_INSIDE_H

#include <pthread.h>

#include "runtime/edgetpu/attach.h"
#include "runtime/edgetpu/device.h"
#include "runtime/edgetpu/run.h"
#include "runtime/edgetpu/turn.h"

/*
 * What device.c (the device), recover.c (how it is brought back) and program.c (what
 * runs on it) share. A device is in one of three states, and device_make_ready brings
 * it to the first:
 *
 *	awake    `usb` and `line` are there, the line is whole
 *	broken   something failed: the line is there and says what, or it is not
 *	gone     `usb` is NULL
 */
struct edgetpu_device {
	struct usb_bus *bus;
	struct edgetpu_device_options options;
	char name[USB_PLACE_TEXT];

	struct turn turn;               /* who has it may use what follows */
	struct usb_device *usb;
	struct run_line *line;
	uint64_t token;                 /* of the parameters on the chip, 0: none */
	uint64_t residency;             /* grows when they are forgotten */
	uint32_t pause_ms;              /* before the next attempt to bring it back */
	int64_t next_try_ns;
	struct atoll_error last_failure; /* of such an attempt */

	pthread_mutex_t lock;           /* held for moments */
	enum edgetpu_clock clock_wanted; /* under lock */
	struct edgetpu_device_state state; /* under lock */
};

/* The numbers that others may read at any time are changed between these two. */
struct edgetpu_device_state *device_lock_state(struct edgetpu_device *device);
void device_unlock_state(struct edgetpu_device *device);

enum edgetpu_clock device_clock_wanted(struct edgetpu_device *device);

/* Returns the code of `why`, with the name of the device before its sentence. */
int device_fail(const struct edgetpu_device *device, const struct atoll_error *why,
		struct atoll_error *err);

/* For one user at a time: 0 when it is that one's turn and the device is ready. All
   that follows is for who has it. */
int device_take(struct edgetpu_device *device, struct atoll_error *err);
void device_give(struct edgetpu_device *device);

void device_forget_parameters(struct edgetpu_device *device);
void device_mark_not_awake(struct edgetpu_device *device);

/* What the line has to tell goes into the state: of the chip, and of a run. */
void device_count_troubles(struct edgetpu_device *device);
void device_account(struct edgetpu_device *device, int r, bool is_caching);

/* From nothing, or from what is open, to awake; `report` may be NULL. */
int device_attach(struct edgetpu_device *device, bool downloads_always, uint32_t patience_ms,
		  struct attach_report *report, struct atoll_error *err);
int device_wake(struct edgetpu_device *device, struct atoll_error *err);

/* And back: without a line, and without `usb`. -EBUSY when the bus keeps transfers. */
int device_end_line(struct edgetpu_device *device, struct atoll_error *err);
int device_let_go(struct edgetpu_device *device, struct atoll_error *err);

/* Whole and awake with the clock that is wanted, by the cheapest way there is. */
int device_make_ready(struct edgetpu_device *device, struct atoll_error *err);
/* Reset and opened anew, whatever it was. */
int device_bring_back(struct edgetpu_device *device, struct atoll_error *err);

#endif
