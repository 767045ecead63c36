/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_EMULATED_H
#define ATOLL_TESTS_EMULATED_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/package.h"
#include "runtime/emulator/emulator.h"

/*
 * What a host says to an Edge TPU, byte by byte, for tests of the emulated one.
 *
 *	struct emulated tpu = emulated_new(USB_SUPER);
 *
 *	emulated_wake(&tpu);
 *	emulated_item(&tpu, EMULATED_INSTRUCTIONS, bytes, size);
 *	emulated_event(&tpu, 0);
 *	emulated_free(&tpu);
 */
struct emulated {
	struct emulator *emulator;
};

enum { EMULATED_INSTRUCTIONS, EMULATED_INPUT, EMULATED_PARAMETERS };

struct emulated emulated_new(enum usb_speed speed);
void emulated_free(struct emulated *tpu);

int emulated_write32(struct emulated *tpu, uint32_t address, uint32_t value);
int emulated_write64(struct emulated *tpu, uint32_t address, uint64_t value);
/* Fail the test when the chip does not answer. */
uint32_t emulated_read32(struct emulated *tpu, uint32_t address);
uint64_t emulated_read64(struct emulated *tpu, uint32_t address);

/* As far as a run needs it: awake, single endpoint, chunks, all units running,
   interrupts enabled. And back to sleep. */
void emulated_wake(struct emulated *tpu);
void emulated_sleep(struct emulated *tpu);

/* An item as two transfers, header and payload; 0 or what the first that failed
   gave. */
int emulated_item(struct emulated *tpu, uint32_t tag, const void *bytes, uint32_t size);

/*
 * Two programs that were compiled together, one that was not, and one that keeps
 * nothing on the chip. Each package has
 * a caching executable, but for the last, and a main one:
 *
 *   main     instructions 0, input [0+64], output [0+1200], parameters [0+16],
 *            scratch in [0+64], fence, instructions 1, scratch out [0+64],
 *            output [1200+8], interrupt 0
 *   caching  instructions 0, parameters [0+32], parameters [32+16], interrupt 0
 */
enum { EMULATED_FIRST, EMULATED_TOGETHER, EMULATED_OTHER, EMULATED_ALONE, EMULATED_PACKAGES };
const struct edgetpu_package *emulated_package(int which);

/* From now on it computes what pattern_program does. */
void emulated_teach(struct emulated *tpu, const struct edgetpu_package *package);

/* All items of a caching run, or of a main run with its reads; fails the test when
   something is not as it should be with pattern_program. */
void emulated_cache(struct emulated *tpu, const struct edgetpu_package *package);
void emulated_run(struct emulated *tpu, const struct edgetpu_package *package);

/* Read the next event and check its number. */
void emulated_event(struct emulated *tpu, uint32_t interrupt);

#endif
