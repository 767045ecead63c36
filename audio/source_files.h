/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_SOURCE_FILES_H
#define ATOLL_AUDIO_SOURCE_FILES_H

#include "audio/source.h"

/*
 * The files and pipes behind a source; what each does, source.h says. Inside the room
 * only.
 *
 *	r = source_files_next(files, timeout_ms, &block, &err);
 */
struct source_files;

struct source_files *source_files_open(const struct atoll_sound_config *config,
				       struct atoll_error *err);
void source_files_close(struct source_files *files); /* NULL is allowed */

/* `err` is written also on -ENODATA. */
int source_files_next(struct source_files *files, int timeout_ms, struct atoll_block *block,
		      struct atoll_error *err);
int source_files_fd(const struct source_files *files);
const char *source_files_name(const struct source_files *files);
struct atoll_sound_counts source_files_counts(const struct source_files *files);

#endif
