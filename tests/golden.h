/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_GOLDEN_H
#define ATOLL_TESTS_GOLDEN_H

#include <stdint.h>

#include "runtime/tensor.h"

/*
 * What the TFLite reference kernels gave. The folders come from the environment:
 *
 *	MODELS   <model>.tflite                     default $ATOLL_TEST_DATA/models
 *	GOLDEN   <model>/<inputs>/reference/index.json, output<k>.bin
 *	         inputs/<picture>_<W>x<H>.bin       for input sets img-<picture>
 *	         ops/<case>/model.tflite, input<k>.bin, reference/...
 *	                                            default $ATOLL_TEST_DATA/golden
 *
 *	char *path = golden_text("%s/%s.tflite", models, name);
 *
 *	golden_fill("img-cat", k, atoll_session_input(session, k));
 *	...
 *	if (golden_difference(folder, k, atoll_session_output(session, k)) >= 0)
 *		fail();
 *
 * Strings are malloc'ed. What cannot be read fails the test.
 */
char *golden_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

char *golden_models(void);
char *golden_folder(void);

/* Call `each` for every entry of a folder, in the order of their names. */
void golden_each(const char *folder,
		 void (*each)(const char *folder, const char *name, void *context),
		 void *context);

/* Input k of a set: "pattern", "lcg", "img-cat", or a folder of input<k>.bin. */
void golden_fill(const char *inputs, uint32_t k, struct atoll_tensor *tensor);

/*
 * The first element of output k that is not as in folder/output<k>.bin, or -1.
 * Integers must be equal. Floats may differ by 1e-5 of the larger magnitude:
 * libm's last bit is not the same everywhere.
 */
long golden_difference(const char *folder, uint32_t k, const struct atoll_tensor *output);

#endif
