/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_MUST_H
#define ATOLL_TESTS_MUST_H

#include "runtime/compiler/compile.h"
#include "runtime/session.h"

/*
 * What a test needs before it can begin: each does as the function it is named after,
 * or fails the test with the sentence.
 *
 *	struct atoll_model *model = must_load("apps/models/cards/cards.tflite");
 *	struct atoll_session *session = must_open(model, NULL);
 */
struct atoll_model *must_load(const char *path);
struct atoll_session *must_open(const struct atoll_model *model,
				const struct atoll_session_options *options);
struct atoll_devices *must_have_devices(void);
struct atoll_compiled *must_compile(const struct atoll_compile_job *job, uint32_t jobs,
				    const struct atoll_compile_options *options);

/* The file that was compiled; the bytes stay where they are. */
struct atoll_model *must_load_compiled(const struct atoll_compiled_model *compiled);

#endif
