/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_SOURCE_H
#define ATOLL_AUDIO_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/block.h"
#include "audio/microphone.h"
#include "board/error.h"

/*
 * One door for everything that can be listened to.
 *
 *	struct atoll_sound_config config = { .what = argv[1] };
 *	struct atoll_sound *sound = atoll_sound_open(&config, &err);
 *
 *	while ((r = atoll_sound_next(sound, -1, &block)) != -ENODATA)
 *		if (r == 0)
 *			listen_to(&block);
 *	atoll_sound_close(sound);
 *
 * `what` is one of
 *
 *	mic, mic:MATCH   live, MATCH as atoll_microphone_find reads it
 *	a WAV file       PCM of 8 to 32 bits or float, any rate, 1 to 8 channels
 *	-                standard input: a WAV file, or raw samples when `raw` says so
 *
 * A file called "mic" can be given as ./mic. Files run as fast as they are asked
 * unless they are paced. A source belongs to one thread at a time.
 */
struct atoll_sound;

struct atoll_sound_config {
	const char *what;        /* needed only during open */
	struct atoll_microphone_config microphone; /* of a live source, but for its match */
	uint32_t channel;        /* 0: all of them mixed; else counted from 1 */
	bool is_paced;           /* files run in real time, as a microphone would */
	bool repeats;            /* files begin again at their end */
	/* Samples on standard input without a header; rate 0: it is a WAV file. */
	struct { uint32_t rate, channels; enum atoll_samples samples; } raw;
};

struct atoll_sound_counts {
	uint64_t samples;        /* given out, at 16 kHz */
	uint64_t overruns, lost; /* of a microphone; lost in samples at 16 kHz */
	uint64_t returns;        /* times it came back after it was away */
};

struct atoll_sound *atoll_sound_open(const struct atoll_sound_config *config,
				     struct atoll_error *err);
void atoll_sound_close(struct atoll_sound *sound); /* NULL is allowed */

/*
 * The next piece, of at most 100 ms. 0; -ETIMEDOUT after timeout_ms (negative: no
 * limit); -ENODATA at the end; -ENODEV when the microphone went away (reopen);
 * any other negative errno for something that was lost: call again.
 */
int atoll_sound_next(struct atoll_sound *sound, int timeout_ms, struct atoll_block *block);

/* Readable when next would not wait; -1 for files that never wait. */
int atoll_sound_fd(const struct atoll_sound *sound);

/* After -ENODEV: the same microphone again, by its card's name; -ENODEV: not yet. */
int atoll_sound_reopen(struct atoll_sound *sound, struct atoll_error *err);

/* The sentence behind the last negative errno of next. */
const struct atoll_error *atoll_sound_error(const struct atoll_sound *sound);

bool atoll_sound_is_live(const struct atoll_sound *sound);
/* "USB Microphone, 48000 Hz, 2 channels", the file's name. */
const char *atoll_sound_name(const struct atoll_sound *sound);
struct atoll_sound_counts atoll_sound_counts(const struct atoll_sound *sound);

#endif
