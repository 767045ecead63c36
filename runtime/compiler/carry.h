/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_CARRY_H
#define ATOLL_RUNTIME_COMPILER_CARRY_H

#include <stddef.h>

#include "board/error.h"
#include "runtime/compiler/emit.h"

/*
 * The graph of a part as packages carry it, see runtime/carried.h.
 *
 *	r = carry_graph(input, &bytes, &size, &err);
 *	...
 *	free(bytes);
 */
int carry_graph(const struct emit_input *input, void **bytes, size_t *size,
		struct atoll_error *err);

#endif
