/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_RESAMPLE_H
#define ATOLL_AUDIO_RESAMPLE_H

#include <stdint.h>

#include "audio/microphone.h"
#include "board/error.h"

/*
 * Frames of any kind to the sound that the rest of the room works with.
 *
 *	struct atoll_resample *resample =
 *		atoll_resample_new(ATOLL_S16, 48000, 2, 0, &err);
 *	uint32_t count = atoll_resample_run(resample, frames, 960, out);
 *
 * speexdsp does the rates; at 16 kHz it is left out and samples pass unchanged.
 * Nothing is allocated after new.
 */
struct atoll_resample;

/* `channel` 0: the mean of all; else counted from 1. -EINVAL outside of them. */
struct atoll_resample *atoll_resample_new(enum atoll_samples samples, uint32_t rate,
					  uint32_t channels, uint32_t channel,
					  struct atoll_error *err);
void atoll_resample_free(struct atoll_resample *resample); /* NULL is allowed */

/* Samples written to `out`, which has room for atoll_resample_most(frames). */
uint32_t atoll_resample_run(struct atoll_resample *resample, const void *frames,
			    uint32_t count, float *out);
uint32_t atoll_resample_most(const struct atoll_resample *resample, uint32_t frames);

/* Samples by which the output is behind: the first one out is the first one in, but
   comes only when this much more went in. 0 at 16 kHz, 48 (3 ms) from above. */
uint32_t atoll_resample_delay(const struct atoll_resample *resample);

/* At the end: the samples that are still behind, for which `out` has room of two more
   than the delay. In all there were as many as last as long as the frames. Then as
   after reset. */
uint32_t atoll_resample_finish(struct atoll_resample *resample, float *out);

/* After a gap: forget what came before. */
void atoll_resample_reset(struct atoll_resample *resample);

#endif
