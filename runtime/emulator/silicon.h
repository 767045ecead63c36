/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_SILICON_H
#define ATOLL_RUNTIME_EMULATOR_SILICON_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/emulator/program.h"

/*
 * The instructions of the package, executed one by one: grade "silicon".
 *
 *	struct emulator_program *program = silicon_program(package, &err);
 *	struct silicon_report report;
 *
 *	r = emulator_teach(emulator, package, program, &err);
 *	...
 *	silicon_report(program, &report);
 *	printf("%u of %u: %s\n", report.executed, report.instructions, report.why);
 *
 * It knows as much as compiled models tell, and stops with a sentence where that ends.
 * A run moves whenever bytes come or are asked for, and allocates nothing. What it can
 * do of a program, and how certain each reading is: ../isa/README.md.
 */
struct emulator_program *silicon_program(const struct edgetpu_package *package,
					 struct atoll_error *err);

/*
 * How a sum becomes a byte is the one thing that programs do not tell. Once: times the
 * factor in single precision, and rounded to the nearest. Twice, as the reference kernels
 * of TensorFlow Lite do: to 31 bits behind the point of the factor's mantissa, and again
 * when shifted right; with this, layers are those of the CPU to the last bit.
 */
enum silicon_rounding { SILICON_ROUNDS_ONCE, SILICON_ROUNDS_TWICE };
void silicon_round(struct emulator_program *program, enum silicon_rounding rounding);

/* Runs may have so many steps, SILICON_STEPS_MAX when nothing is said, and stop then:
   after seconds, or half a minute where all of them multiply. */
#define SILICON_STEPS_MAX (UINT64_C(1) << 27)
void silicon_limit(struct emulator_program *program, uint64_t steps);

/* Of the run under way, or the last one. */
struct silicon_report {
	uint32_t instructions; /* of the executable */
	uint32_t executed;     /* by all their tiles */
	uint64_t steps;        /* of loops, on all tiles */
	const char *why;       /* it stopped, or cannot go on; "" */
};
void silicon_report(const struct emulator_program *program, struct silicon_report *report);

/* 256 bytes of a tile's wide memory; NULL when nothing was ever written there. */
const uint8_t *silicon_row(const struct emulator_program *program, uint32_t tile,
			   uint32_t row);

/* 4 bytes of a tile's narrow memory; NULL when nothing was written there in this run. */
const uint8_t *silicon_unit(const struct emulator_program *program, uint32_t tile,
			    uint32_t unit);

/*
 * Call `done` whenever a tile is done with an instruction, before anything else moves:
 * what it wrote is still there. `nth` counts the instructions of the executable from 0,
 * through all its chunks. NULL: no longer.
 */
void silicon_watch(struct emulator_program *program,
		   void (*done)(void *data, uint32_t tile, uint32_t nth), void *data);

#endif
