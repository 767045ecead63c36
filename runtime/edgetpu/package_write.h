/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_PACKAGE_WRITE_H
#define ATOLL_RUNTIME_EDGETPU_PACKAGE_WRITE_H

#include <stddef.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"

/*
 * The options of an "edgetpu-custom-op", written: what edgetpu_package_read reads.
 *
 *	r = edgetpu_package_write(&package, &options, &bytes, &err);
 *	...
 *	free(options);
 *
 * Laid out as the vendor's compiler does: executables at multiples of 4096 from the
 * package's start and as long, parameters likewise inside them; main first in the
 * list, caching first in the file. Layouts are written where they are not flat; runs
 * and shapes of slices are found again when read. -EINVAL names what cannot be
 * written, -ENOMEM, -EFBIG.
 */
int edgetpu_package_write(const struct edgetpu_package *package, void **options,
			  size_t *bytes, struct atoll_error *err);

#endif
