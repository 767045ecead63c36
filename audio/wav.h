/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_WAV_H
#define ATOLL_AUDIO_WAV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/microphone.h"
#include "board/error.h"

/*
 * WAV files: PCM of 8, 16, 24 and 32 bits and float, plain or extensible headers.
 *
 *	struct atoll_wav *wav = atoll_wav_open("yes.wav", &err);
 *
 *	printf("%u Hz\n", atoll_wav_form(wav).rate);
 *	while ((r = atoll_wav_read(wav, buffer, 1024)) > 0)
 *		use(buffer, r);
 *	atoll_wav_close(wav);
 *
 * Read as they come, so that a pipe will do. A file that ends before its header
 * says is read to its end. Other formats, and headers that lie, give a sentence.
 */
struct atoll_wav;

#define ATOLL_WAV_RATE_MIN 1000u
#define ATOLL_WAV_RATE_MAX 384000u

struct atoll_wav_form {
	enum atoll_samples samples;
	uint32_t rate;           /* 1000 to 384000 */
	uint32_t channels;       /* 1 to 8 */
	uint64_t frames;         /* as the header says; 0: not known */
};

/* "-" is standard input, of which the header is awaited. NULL: -ENOTSUP for what is no
   WAV file or coded otherwise, -EBADMSG for a header that lies. */
struct atoll_wav *atoll_wav_open(const char *path, struct atoll_error *err);
/* The bytes must stay until close. */
struct atoll_wav *atoll_wav_open_bytes(const void *bytes, size_t size,
				       struct atoll_error *err);
void atoll_wav_close(struct atoll_wav *wav); /* NULL is allowed */
/* What the header says. */
struct atoll_wav_form atoll_wav_form(const struct atoll_wav *wav);

/* Frames read, fewer than there is room for only at the end or before a failure; 0 at
   the end, or a negative errno. */
int atoll_wav_read(struct atoll_wav *wav, void *frames, uint32_t room);
/* At the end: how many frames the header promised that never came. */
uint64_t atoll_wav_missing(const struct atoll_wav *wav);
/* Back to the first frame; -ESPIPE for a pipe. */
int atoll_wav_rewind(struct atoll_wav *wav);

/* A 16-bit mono file at 16 kHz, whole: temporary file, then renamed. */
int atoll_wav_write(const char *path, const float *sample, size_t count,
		    struct atoll_error *err);

#endif
