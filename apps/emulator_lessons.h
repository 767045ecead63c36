/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_EMULATOR_LESSONS_H
#define ATOLL_APPS_EMULATOR_LESSONS_H

#include "board/error.h"
#include "runtime/emulator/emulator.h"
#include "runtime/emulator/program.h"

/*
 * What emulated Edge TPUs are taught: compiled models and what their instructions
 * compute.
 *
 *	struct lessons *lessons = lessons_new();
 *
 *	r = lessons_add(lessons, "m_edgetpu.tflite,m.tflite", &err);
 *	r = lessons_teach(lessons, EMULATOR_BEST, tpu, &err);
 *	lessons_free(lessons);                  after the emulators
 */
struct lessons;

/* NULL: out of memory. */
struct lessons *lessons_new(void);

/* "COMPILED" answers bytes that can be foretold, "COMPILED,MODEL" what the model it
   was compiled from computes on the CPU: in the best grade. */
int lessons_add(struct lessons *lessons, const char *files, struct atoll_error *err);

int lessons_teach(const struct lessons *lessons, enum emulator_grade grade,
		  struct emulator *emulator, struct atoll_error *err);

void lessons_free(struct lessons *lessons); /* NULL is allowed */

#endif
