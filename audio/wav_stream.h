/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_WAV_STREAM_H
#define ATOLL_AUDIO_WAV_STREAM_H

#include "audio/wav.h"

/*
 * WAV files as source.c reads them, which must not wait longer than it was told.
 * Inside the room only.
 *
 *	if (wav_fd(wav) < 0 || is_readable(wav_fd(wav)))
 *		r = wav_read_some(wav, buffer, 1024);
 */

/* Samples without a header; `form` says what they are. */
struct atoll_wav *wav_open_raw(const char *path, const struct atoll_wav_form *form,
			       struct atoll_error *err);

/* What one look gives: frames, 0 at the end, -EAGAIN when not a whole frame was there,
   another negative errno. */
int wav_read_some(struct atoll_wav *wav, void *frames, uint32_t room);

/* Readable when wav_read_some would not wait; -1: it never does. */
int wav_fd(const struct atoll_wav *wav);

/* There is nothing more to read, without looking. */
bool wav_is_at_end(const struct atoll_wav *wav);

#endif
