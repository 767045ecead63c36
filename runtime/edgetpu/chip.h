/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_CHIP_H
#define ATOLL_RUNTIME_EDGETPU_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/firmware.h"
#include "runtime/edgetpu/usb.h"

/*
 * The chip's registers, put into words: waking it, its clock, its complaints,
 * its temperature, and back to sleep.
 *
 *	r = chip_wake(usb, EDGETPU_CLOCK_MAX, &err);
 *	run(usb);
 *	chip_sleep(usb, &err);
 *
 * `usb` is open, claimed, and runs the application firmware. Every call is
 * bounded: each control transfer by CHIP_CONTROL_MS and five tries, each wait for
 * a register by CHIP_POLL_MS. Errors name the register.
 */
enum edgetpu_clock {
	EDGETPU_CLOCK_LOW,     /*  62.5 MHz */
	EDGETPU_CLOCK_MEDIUM,  /* 125 */
	EDGETPU_CLOCK_HIGH,    /* 250 */
	EDGETPU_CLOCK_MAX,     /* 500 */
};

#define CHIP_CONTROL_MS 6000
#define CHIP_POLL_MS 5000

/* "low", "medium", "high", "max"; reading one: 0 or -EINVAL. */
const char *edgetpu_clock_text(enum edgetpu_clock clock);
int edgetpu_clock_read(const char *text, enum edgetpu_clock *clock);

int chip_wake(struct usb_device *usb, enum edgetpu_clock clock, struct atoll_error *err);

/* The device stays in application mode, asleep. Goes on after a failed step, unless
   the device no longer answers, so that as much as possible is switched off; the
   first error is returned. */
int chip_sleep(struct usb_device *usb, struct atoll_error *err);

/* Bytes of one chunk of output, as chip_wake sets it for the speed: 256 or 1024. */
uint32_t chip_output_chunk(enum usb_speed speed);

/*
 * Act on the word of the interrupt endpoint, as the vendor's runtime does. What
 * the chip complained of goes into `trouble`. 0, -EIO with a sentence naming the
 * bits of the error status when the chip cannot go on, or why a register failed.
 */
struct chip_trouble {
	uint32_t word;
	bool is_fatal, is_hot, is_too_hot, is_bus, is_memory;
	uint64_t error_status, first_error;  /* with is_fatal */
};
int chip_interrupt(struct usb_device *usb, uint32_t word, struct chip_trouble *trouble,
		   struct atoll_error *err);

/* Thousandths of a degree Celsius. */
int chip_temperature(struct usb_device *usb, int32_t *millidegrees, struct atoll_error *err);

#endif
