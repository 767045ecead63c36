/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_SOUND_LIVE_H
#define ATOLL_AUDIO_SOUND_LIVE_H

#include "audio/source.h"

/*
 * The microphone behind a source; what it does, source.h says. Inside the room only.
 *
 *	live = sound_live_open(atoll_microphone_open, "auto", config, &err);
 */
struct sound_live;

/* How a microphone is opened: atoll_microphone_open, or a test's. */
typedef struct atoll_microphone *
sound_open_microphone(const struct atoll_microphone_config *config, struct atoll_error *err);

struct sound_live *sound_live_open(sound_open_microphone *open, const char *match,
				     const struct atoll_sound_config *config,
				     struct atoll_error *err);
void sound_live_close(struct sound_live *live); /* NULL is allowed */

int sound_live_next(struct sound_live *live, int timeout_ms, struct atoll_block *block,
		     struct atoll_error *err);
int sound_live_reopen(struct sound_live *live, struct atoll_error *err);
int sound_live_fd(const struct sound_live *live);
const char *sound_live_name(const struct sound_live *live);
struct atoll_sound_counts sound_live_counts(const struct sound_live *live);

/* As atoll_sound_open, with microphones of another kind. */
struct atoll_sound *sound_open_on(sound_open_microphone *open,
				  const struct atoll_sound_config *config,
				  struct atoll_error *err);

#endif
