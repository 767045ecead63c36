/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SILICON_BENCH_H
#define ATOLL_TESTS_SILICON_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/compiler/compile.h"
#include "runtime/edgetpu/package.h"
#include "runtime/emulator/silicon.h"
#include "runtime/session.h"

/*
 * A model compiled for silicon: a session whose device executes its programs, and one on
 * the CPU.
 *
 *	struct silicon_bench b = silicon_bench_new(bytes, size);
 *
 *	... fill the inputs of b.session and b.cpu
 *	silicon_bench_invoke(&b);
 *	... compare their outputs
 *	silicon_bench_free(&b);
 */
#define SILICON_BENCH_PARTS 64
#define SILICON_BENCH_TOKEN UINT64_C(0x5111c011)

struct silicon_bench {
	void *bytes;
	size_t size;
	struct atoll_model *twin, *model;
	struct atoll_compiled *compiled;
	uint32_t parts;
	struct edgetpu_package *package[SILICON_BENCH_PARTS];
	struct emulator_program *program[SILICON_BENCH_PARTS]; /* the emulator's */
	struct atoll_devices *devices;
	struct atoll_session *session, *cpu;
};

/* How they are compiled: with many parts. */
extern const struct atoll_compile_options silicon_bench_options;

/* `bytes` become the bench's. Ends the test when something does not work. */
struct silicon_bench silicon_bench_new(void *bytes, size_t size);
void silicon_bench_free(struct silicon_bench *b);

/* Both, or the test ends with what the chip says. */
void silicon_bench_invoke(struct silicon_bench *b);

#endif
