/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_PROGRAM_H
#define ATOLL_RUNTIME_EMULATOR_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"
#include "runtime/model.h"

/*
 * What a program is to the emulated chip, and what it computes. The emulator
 * walks the hints of the executable whose instructions came in and asks:
 *
 *	program->ops->begin(program, executable);
 *	program->ops->infeed(program, hint, bytes);        input, parameters, scratch
 *	program->ops->outfeed(program, hint, nth, bytes);  output, scratch
 *
 * Grades so far: `pattern` answers bytes that a test can foretell, `twin` runs the
 * CPU model the package was compiled from, `carried` the graph that the package brings
 * along, `silicon` (silicon.h) the instructions themselves, as far as they are known.
 * Who teaches the emulator chooses.
 */
struct emulator_program;

struct emulator_program_ops {
	const char *grade;
	/* Computes with whatever parameters come. Of others the chip takes only those
	   of their package. */
	bool takes_any_parameters;
	/* A run of `executable` begins. Each 0, or a negative errno: the chip then
	   reports a fatal error. */
	int (*begin)(struct emulator_program *program,
		     const struct edgetpu_executable *executable);
	/* `hint->size` bytes for what the hint names. */
	int (*infeed)(struct emulator_program *program, const struct edgetpu_hint *hint,
		      const uint8_t *bytes);
	/* The same from it; `nth` counts the outfeeds of the run from 0. */
	int (*outfeed)(struct emulator_program *program, const struct edgetpu_hint *hint,
		       uint32_t nth, uint8_t *bytes);
	/* A program with these ops has brought onto the chip what this one would bring.
	   NULL when that makes no difference. */
	void (*share)(struct emulator_program *program, const struct emulator_program *from);
	/* What was wrong when one of these failed, for people. NULL: it has no words. */
	const char *(*why)(const struct emulator_program *program);
	void (*free)(struct emulator_program *program);
};

struct emulator_program {
	const struct emulator_program_ops *ops;
};

/*
 * Byte j of the k-th outfeed of a run is (13 j + 5 + 29 k) mod 256, whatever came
 * in; so the traces of the vendor's runtime were made. NULL: out of memory.
 */
struct emulator_program *pattern_program(const struct edgetpu_package *package);

/*
 * The true result: `part` is the part of the CPU model that the compiler took
 * over (extract.h), with the inputs and outputs of the package in its order. Must
 * outlive the program. NULL with a sentence when the two do not fit.
 */
struct emulator_program *twin_program(const struct edgetpu_package *package,
				      const struct atoll_model *part,
				      struct atoll_error *err);

/*
 * The graph in the package, computed with the parameters that are really transferred;
 * damaged ones are a fatal error of the chip, or give another result. A run allocates
 * memory when they are others than in the run before. NULL with a sentence when there
 * is no graph (carried.h), or it cannot be computed.
 */
struct emulator_program *carried_program(const struct edgetpu_package *package,
					 struct atoll_error *err);

enum emulator_grade {
	EMULATOR_BEST,    /* carried, for instructions of our own silicon, with a `twin` that
			     is not NULL twin, or pattern */
	EMULATOR_SILICON, /* silicon: experimental, the `twin` makes no difference */
};

/* NULL with a sentence when the package is none for that grade. */
struct emulator_program *emulator_program_new(enum emulator_grade grade,
					      const struct edgetpu_package *package,
					      const struct atoll_model *twin,
					      struct atoll_error *err);

#endif
