/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_DEVICE_H
#define ATOLL_RUNTIME_EDGETPU_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/chip.h"
#include "runtime/edgetpu/package.h"
#include "runtime/edgetpu/usb.h"

/*
 * One Edge TPU: kept awake, given programs, brought back when it fails.
 *
 *	struct edgetpu_device *device =
 *		edgetpu_device_open(bus, &place, &options, &err);
 *	struct edgetpu_program *program =
 *		edgetpu_program_new(device, package, &err);
 *
 *	r = edgetpu_program_run(program, &(struct edgetpu_tensors){
 *		.input = inputs, .output = outputs }, &err);
 *	edgetpu_program_free(program);
 *	edgetpu_device_close(device);
 *
 * Any number of programs share the device, each from a thread of its own if you
 * like: runs take turns, first come, first served. Parameters stay on the chip
 * between runs as long as the programs allow it. Nothing waits without a deadline,
 * and nothing is allocated by a run, but for bringing the device back.
 *
 * When a transfer fails, its run fails, with a sentence that names the transfer.
 * What the chip holds is forgotten then. The next run brings the device back first.
 * After a stall before the device had taken anything its endpoints are cleared;
 * otherwise the port is reset; a device that is gone is looked for at its place on
 * the bus for 3 s and opened anew, with firmware if it has none. An attempt that
 * fails is told to its run; the next one is made no earlier than after a pause that
 * grows from 0.1 s to 5 s, and runs in between fail at once. What failed between
 * runs, such as a cable pulled out and put back, fails no run when it can be mended.
 */
struct edgetpu_device;
struct edgetpu_program;

struct edgetpu_device_options {
	enum edgetpu_clock clock;
	const struct edgetpu_firmware *firmware; /* or NULL; must outlive the device */
	bool downloads_always;
	uint32_t timeout_ms;     /* of each transfer, 0: 6000 */
	uint32_t reads_queued;   /* standing reads of output, 0: 32 */
};

/* NULL when it cannot be brought up now. `options` NULL: all zero, clock max. */
struct edgetpu_device *edgetpu_device_open(struct usb_bus *bus,
					   const struct usb_place *place,
					   const struct edgetpu_device_options *options,
					   struct atoll_error *err);

/* The chip goes to sleep. No program may be left. NULL is allowed, and a device
   that is gone or does not answer. */
void edgetpu_device_close(struct edgetpu_device *device);

/* The package must outlive the program. */
struct edgetpu_program *edgetpu_program_new(struct edgetpu_device *device,
					    const struct edgetpu_package *package,
					    struct atoll_error *err);
void edgetpu_program_free(struct edgetpu_program *program);

/*
 * Tensors of one inference, in the order of the package's layers. Plain layers
 * (relayout.h) are sent from and received into this memory directly, others by
 * way of the program's own; none of it is changed but the outputs.
 */
struct edgetpu_tensors {
	const void *const *input;   /* [inputs] of layer.bytes each */
	void *const *output;        /* [outputs] states too, NULL for one not wanted */
	bool is_padded;             /* layer.size bytes may be read at each input */
};

/*
 * In failure outputs hold whatever came. A sentence names the transfer that failed,
 * "edge TPU at 1-1.4: sending parameters [0+566912] of the caching run: the endpoint
 * stalled". Besides the failures of usb.h: -EPROTO when the device says what it
 * should not, -EIO when the chip reports an error, -ENOTSUP for a program whose
 * transfers the device would have to announce, -EBUSY when others never gave it back.
 */
int edgetpu_program_run(struct edgetpu_program *program,
			const struct edgetpu_tensors *tensors, struct atoll_error *err);

/* Takes effect when the device is next awakened, which this makes the next run do. */
void edgetpu_device_set_clock(struct edgetpu_device *device, enum edgetpu_clock clock);

/* Wakes it when needed. Thousandths of a degree. */
int edgetpu_device_temperature(struct edgetpu_device *device, int32_t *millidegrees,
			       struct atoll_error *err);

/* Reset and bring up again now, whatever state it is in. */
int edgetpu_device_reset(struct edgetpu_device *device, struct atoll_error *err);

struct edgetpu_device_state {
	struct usb_place place;
	enum usb_speed speed;
	enum edgetpu_clock clock;
	bool is_awake;              /* false after a failure, until it is back */
	uint64_t token;             /* of the parameters on the chip, 0: none */
	uint64_t runs, failures, caching_runs; /* runs: that succeeded */
	uint64_t bytes_out, bytes_in;
	uint64_t halts_cleared, resets, reopens, downloads; /* recovery, counted */
	uint64_t heat_warnings, heat_shutdowns, fatal_errors;
	/* The last run: from its start until all was sent, until the device had
	   everything computed and the first output came, until the end. */
	uint64_t sent_ns, answered_ns, run_ns;
};

/* Does not wait for a run. */
void edgetpu_device_state(const struct edgetpu_device *device,
			  struct edgetpu_device_state *state);

#endif
