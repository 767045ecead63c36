/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_ARCHIVE_H
#define ATOLL_RUNTIME_COMPILER_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The zip archive that may stand behind a model, with labels and other files that its
 * metadata names.
 *
 *	size_t begin = archive_find(model->bytes, model->size);
 *
 *	memcpy(file + size, model->bytes + begin, model->size - begin);
 *	archive_move(file + size, model->size - begin, size);
 */

/* Where it begins; `size` when there is none that can be moved. */
size_t archive_find(const uint8_t *bytes, size_t size);

/* Let the offsets in a copy of what was found count from the start of a file in which
   the copy lies at `offset`. The file is below 4 GiB. */
void archive_move(uint8_t *archive, size_t size, size_t offset);

#endif
