/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_EXECUTABLE_WRITE_H
#define ATOLL_RUNTIME_EDGETPU_EXECUTABLE_WRITE_H

#include "runtime/edgetpu/package.h"
#include "runtime/flatwrite.h"

/* Executables and what is in them lie at multiples of this from the package's start. */
#define EDGETPU_PAGE 4096

/*
 * One executable as a FlatBuffer of its own, a multiple of EDGETPU_PAGE long, its
 * parameters at such a multiple. Its hints must name chunks and layers that exist.
 *
 *	struct flatwrite file = edgetpu_executable_write(package->main);
 *
 *	if (file.error == 0)
 *		use(file.bytes, file.size);
 *	free(file.bytes);
 */
struct flatwrite edgetpu_executable_write(const struct edgetpu_executable *executable);

#endif
