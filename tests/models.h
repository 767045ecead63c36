/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_MODELS_H
#define ATOLL_TESTS_MODELS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Small models that use what the format has, for tests that want bytes to
 * damage and for the seeds of the fuzzer.
 *
 *	for (uint32_t i = 0; i < models_count(); i++) {
 *		bytes = models_build(i, &size);
 *		...
 *		free(bytes);
 *	}
 */
uint32_t models_count(void);

/* Ends the program when a model cannot be built: that is a mistake of ours. */
void *models_build(uint32_t which, size_t *size);

#endif
