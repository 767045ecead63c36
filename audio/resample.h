/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_RESAMPLE_H
#define ATOLL_AUDIO_RESAMPLE_H

#include <stdint.h>

#include "audio/microphone.h"
#include "board/error.h"

/*
 * Frames of any kind to the sound that the rest of the room works with.
 *
 *	struct atoll_resample *resample = atoll_resample_new(ATOLL_S16, 48000, 2, 0, &err);
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

/* Samples of sound by which the output lags behind the input. */
uint32_t atoll_resample_delay(const struct atoll_resample *resample);

/* After a gap: forget what came before. */
void atoll_resample_reset(struct atoll_resample *resample);

#endif
