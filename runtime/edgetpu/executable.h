/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_EXECUTABLE_H
#define ATOLL_RUNTIME_EDGETPU_EXECUTABLE_H

#include "board/error.h"
#include "runtime/edgetpu/package.h"
#include "runtime/flatbuf.h"
#include "runtime/memory.h"

/*
 * One executable of a package out of its verified table: its layers, chunks of
 * instructions, and hints, each checked against the others.
 *
 *	r = edgetpu_executable_read(table, &executable, memory, err);
 *
 * 0, -EINVAL or -ENOTSUP with a sentence that begins with the wrong part, -ENOMEM.
 */
int edgetpu_executable_read(struct flatbuf_table table, struct edgetpu_executable *executable,
			    struct memory *memory, struct atoll_error *err);

#endif
