/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_PARTITION_COMPILER_H
#define ATOLL_APPS_PARTITION_COMPILER_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"

/*
 * A compiler for the Edge TPU, ours or the vendor's, as a program that is started.
 *
 *	const struct compiler compiler = {
 *		.program = "edgetpu_compiler", .words = "/tmp/x/words", .search_step = 1 };
 *	struct compiler_answer answer;
 *
 *	r = compiler_run(&compiler, "a.tflite", "out", 0, &answer, &err);
 *	if (r == 0 && answer.is_compiled)
 *		load("out/a_edgetpu.tflite");
 *
 * It is told to take over less when it cannot take all. Of what it says only the lines
 * that have not changed between its versions are read.
 */
struct compiler {
	const char *program;     /* looked for in PATH when it is a mere name */
	const char *words;       /* a file for what it says, overwritten each time */
	uint32_t search_step;    /* operators it takes over less at a time */
};

struct compiler_answer {
	bool is_compiled;
	char why[128];           /* its sentence, when it is not; may be "" */
	char off_chip[24];       /* "0.00B": parameters sent for every run; of the last
				    model it told of, "" when it did not */
};

/*
 * `segments` 0: in one piece. Files are made in `folder`, as the compiler names them. 0,
 * also when it refuses the model; -EINTR when the user wants to stop (apps/stop.h),
 * -ETIMEDOUT, or why it could not be run.
 */
int compiler_run(const struct compiler *compiler, const char *model_path, const char *folder,
		 uint32_t segments, struct compiler_answer *answer, struct atoll_error *err);

/* What it said, by its lines; is_compiled is left alone. */
int compiler_read(const char *words_path, struct compiler_answer *answer,
		  struct atoll_error *err);

#endif
