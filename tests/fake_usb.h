/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_FAKE_USB_H
#define ATOLL_TESTS_FAKE_USB_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/usb.h"

/*
 * A bus with one Edge TPU at 3-1.4, for what is done by control transfers alone:
 * registers that keep what was written, firmware that is taken and read back, and
 * failures where a test wants them. Writes down what it was asked for and counts
 * what is out. Time is its own: it passes in sleep_ms and in transfers that time
 * out.
 *
 *	struct fake_usb fake;
 *
 *	fake_usb_reset(&fake, USB_SUPER);
 *	fake.fail_at = 3, fake.fail_for = 1, fake.fail_with = -EPIPE;
 *	... fake.bus, fake_usb_place, fake_usb_open(&fake)
 *	assert_string_equal(fake_usb_log(&fake, 0), "w 4a000 1");
 *
 * Lines of the log are "open DFU", "open application", "close", "reset",
 * "claim 0", "release 0", "r 1a318", "w 1a318 850004" (as hex), "detach 100",
 * "download 0 256", "status", "upload 0", "descriptor 1", "descriptor 2". It ends
 * when it is full.
 */
#define FAKE_USB_LOG_MAX 600
#define FAKE_USB_REGISTERS_MAX 128
#define FAKE_USB_MEMORY 32768

extern const struct usb_place fake_usb_place;

struct fake_usb {
	struct usb_bus bus;           /* first: what others have points here */
	int64_t time_ns;
	enum usb_speed speed;

	/* The device. */
	bool is_plugged;
	bool is_dfu;
	int64_t back_ns;              /* when it is on the bus again, after a reset */
	bool was_dfu;                 /* what the list says until then, if is_stale */

	/* Its registers. */
	struct { uint32_t address; uint64_t value; } registers[FAKE_USB_REGISTERS_MAX];
	uint32_t registers_used;
	bool never_sleeps, never_wakes;
	uint32_t measurement;         /* of the temperature sensor once it is on */

	/* Its firmware. */
	uint8_t memory[FAKE_USB_MEMORY];
	uint32_t loaded;              /* bytes so far */
	uint8_t state, status;        /* what GETSTATUS says next */
	uint32_t busy;                /* how often it says so before it is done */
	bool is_complete, is_detached;
	uint8_t transfer_low, transfer_high; /* of the functional descriptor */
	uint32_t wrong_uploads;       /* the first byte of so many is another */
	uint32_t memory_bytes;        /* that are read back */
	uint8_t interface_class;

	/* What goes wrong. */
	uint32_t fail_at, fail_for;   /* control transfers, counted from 0 */
	int fail_with;                /* 0: cut short by a byte */
	uint32_t controls;
	int open_with, claim_with, list_with; /* 0 or a negative errno */
	uint32_t opens_that_fail, opens_that_fail_after_resets;
	uint32_t away_ms;             /* after a reset that changes what it is */
	bool is_stale;                /* the list shows for that time what was there */
	bool is_lost_in_reset;        /* never comes back */
	bool is_used;                 /* by another program */
	uint16_t vendor;              /* in the descriptor, instead of the right one */

	/* What is out, and what was asked for. */
	uint32_t handles, claims, lists;
	char log[FAKE_USB_LOG_MAX][24];
	uint32_t logged;
};

/* An application-mode device, asleep after use, as a captured one was. */
void fake_usb_reset(struct fake_usb *fake, enum usb_speed speed);

/* Opened and claimed, with an empty log; fails the test otherwise. */
struct usb_device *fake_usb_open(struct fake_usb *fake);

const char *fake_usb_log(const struct fake_usb *fake, uint32_t line);

/* Fails the test, with both lines, unless the log is exactly this. */
void fake_usb_expect(const struct fake_usb *fake, const char *const *lines, uint32_t count);

uint64_t fake_usb_register(const struct fake_usb *fake, uint32_t address);
void fake_usb_set_register(struct fake_usb *fake, uint32_t address, uint64_t value);

#endif
