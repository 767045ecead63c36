/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_EMULATOR_H
#define ATOLL_RUNTIME_EMULATOR_EMULATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"
#include "runtime/edgetpu/usb.h"
#include "runtime/emulator/program.h"

/*
 * The device side of an Edge TPU on USB: boot ROM, registers, endpoints. Strict:
 * a host that does what a real chip would not bear gets a stall, and a sentence
 * in the log of complaints.
 *
 *	struct emulator *tpu = emulator_new(&(struct emulator_options){
 *		.speed = USB_SUPER }, &err);
 *
 *	r = emulator_teach(tpu, package, pattern_program(package), &err);
 *	r = emulator_control(tpu, &setup, data);
 *	r = emulator_out(tpu, 0x01, bytes, size);
 *	r = emulator_in(tpu, 0x81, room, sizeof(room));
 *	emulator_free(tpu);
 *
 * It knows nothing of hosts or time: bus.h plugs it into this process, usbip.h into
 * a kernel. What a stream of instructions computes is the matter of the programs it
 * was taught. Any thread may call, for it has one lock; programs are run under it.
 */
struct emulator;

struct emulator_options {
	enum usb_speed speed;       /* USB_HIGH or USB_SUPER; unknown means super */
	bool is_in_dfu;             /* just plugged in: needs firmware */
	bool is_fresh;              /* awake as after power-on, not asleep after use */
	bool is_clock_gated;        /* found in hardware clock gating */
	int32_t millidegrees;       /* of the temperature sensor, 0: 40000 */
};

struct emulator *emulator_new(const struct emulator_options *options, struct atoll_error *err);
void emulator_free(struct emulator *emulator); /* NULL is allowed */

/*
 * From now on the instructions of this package mean `program`, which becomes the
 * emulator's, also in failure. The package must outlive it. NULL for `program` is
 * out of memory.
 */
int emulator_teach(struct emulator *emulator, const struct edgetpu_package *package,
		   struct emulator_program *program, struct atoll_error *err);

/* Forget the programs of this package. */
void emulator_unteach(struct emulator *emulator, const struct edgetpu_package *package);

/* Endpoint 0, standard requests too: bytes moved, or -EPIPE for a stall. */
int emulator_control(struct emulator *emulator, const struct usb_setup *setup, uint8_t *data);

/* Bulk out: all of it is taken (0), or -EPIPE; -EAGAIN: not now, offer it again
   later (a device that hangs says so for ever). */
int emulator_out(struct emulator *emulator, uint8_t endpoint, const uint8_t *bytes,
		 uint32_t size);

/*
 * Bulk or interrupt in: bytes given, -EAGAIN when there is nothing yet, -EPIPE, or
 * -EOVERFLOW when the device sent a packet that is longer than what is left of
 * `room`. As on a real bus, a transfer is complete when it is full or ends in a
 * packet that is not full; until then, ask again for the rest.
 */
int emulator_in(struct emulator *emulator, uint8_t endpoint, uint8_t *bytes, uint32_t room);

/* Bytes of a full packet on this endpoint. */
uint32_t emulator_packet(const struct emulator *emulator, uint8_t endpoint);

/* A reset of the port: runs, events and parameters are gone, registers stay. True
   when it came back as another device (new ids). */
bool emulator_reset(struct emulator *emulator);
/* Power gone and back: firmware and everything else forgotten. */
void emulator_power_cycle(struct emulator *emulator);
/* The endpoint works again, and 0x01 expects a header. A run under way still is:
   only sleep or a reset ends it. 0, or -EPIPE when there is no such endpoint. */
int emulator_clear_halt(struct emulator *emulator, uint8_t endpoint);

uint16_t emulator_vendor(const struct emulator *emulator);
uint16_t emulator_product(const struct emulator *emulator);
enum usb_speed emulator_speed(const struct emulator *emulator);

/* Raise an interrupt word on endpoint 0x83, with what belongs to it in registers. */
#define EMULATOR_FATAL 0x01
#define EMULATOR_THERMAL_SHUTDOWN 0x02
#define EMULATOR_THERMAL_WARNING 0x10
void emulator_interrupt(struct emulator *emulator, uint32_t word);
void emulator_set_temperature(struct emulator *emulator, int32_t millidegrees);

/* Protocol errors so far, and the last one in words ("" when none), until the next. */
uint64_t emulator_complaints(const struct emulator *emulator);
const char *emulator_complaint(const struct emulator *emulator);

/* Inferences completed. */
uint64_t emulator_runs(const struct emulator *emulator);

#endif
