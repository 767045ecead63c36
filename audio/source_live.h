/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_SOURCE_LIVE_H
#define ATOLL_AUDIO_SOURCE_LIVE_H

#include "audio/source.h"

/*
 * The microphone behind a source; what it does, source.h says. Inside the room only.
 *
 *	live = source_live_open(atoll_microphone_open, "auto", config, &err);
 */
struct source_live;

/* How a microphone is opened: atoll_microphone_open, or a test's. */
typedef struct atoll_microphone *
source_open_microphone(const struct atoll_microphone_config *config, struct atoll_error *err);

struct source_live *source_live_open(source_open_microphone *open, const char *match,
				     const struct atoll_sound_config *config,
				     struct atoll_error *err);
void source_live_close(struct source_live *live); /* NULL is allowed */

int source_live_next(struct source_live *live, int timeout_ms, struct atoll_block *block,
		     struct atoll_error *err);
int source_live_reopen(struct source_live *live, struct atoll_error *err);
int source_live_fd(const struct source_live *live);
const char *source_live_name(const struct source_live *live);
struct atoll_sound_counts source_live_counts(const struct source_live *live);

/* As atoll_sound_open, with microphones of another kind. */
struct atoll_sound *sound_open_on(source_open_microphone *open,
				  const struct atoll_sound_config *config,
				  struct atoll_error *err);

#endif
