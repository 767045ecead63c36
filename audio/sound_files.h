/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_SOUND_FILES_H
#define ATOLL_AUDIO_SOUND_FILES_H

#include "audio/source.h"

/*
 * The files and pipes behind a source; what each does, source.h says. Inside the room
 * only.
 *
 *	r = sound_files_next(files, timeout_ms, &block, &err);
 */
struct sound_files;

struct sound_files *sound_files_open(const struct atoll_sound_config *config,
				       struct atoll_error *err);
void sound_files_close(struct sound_files *files); /* NULL is allowed */

/* `err` is written also on -ENODATA. */
int sound_files_next(struct sound_files *files, int timeout_ms, struct atoll_block *block,
		      struct atoll_error *err);
int sound_files_fd(const struct sound_files *files);
const char *sound_files_name(const struct sound_files *files);
struct atoll_sound_counts sound_files_counts(const struct sound_files *files);

#endif
