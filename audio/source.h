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
 *	a WAV file       PCM of 8 to 32 bits or float, any rate, 1 to 8 channels; also
 *	                 a pipe by its name
 *	-                standard input: the same
 *
 * A file called "mic" can be given as ./mic. Files run as fast as they are asked
 * unless they are paced. Open waits for the header of a pipe; nothing else waits longer
 * than it is told. Nothing is allocated between open, or reopen, and close. A source
 * belongs to one thread at a time.
 */
struct atoll_sound;

struct atoll_sound_config {
	const char *what;        /* needed only during open */
	struct atoll_microphone_config microphone; /* of a live source, but for its match */
	uint32_t channel;        /* 0: all of them mixed; else counted from 1 */
	bool is_paced;           /* files run in real time, as a microphone would */
	bool repeats;            /* files begin again at their end, without a pause */
	/* Samples of a file or standard input without a header; channels 0: one; rate 0:
	   it is a WAV file. */
	struct { uint32_t rate, channels; enum atoll_samples samples; } raw;
};

struct atoll_sound_counts {
	uint64_t samples;        /* given out, at 16 kHz */
	uint64_t overruns;       /* of a microphone */
	uint64_t lost;           /* by which `at` jumped, in all */
	uint64_t returns;        /* times it came back after it was away */
	uint64_t missing;        /* that a file's header promised and did not come, at
				    16 kHz; known at its end */
};

/* NULL with the sentence of the microphone or of the file that could not be opened. */
struct atoll_sound *atoll_sound_open(const struct atoll_sound_config *config,
				     struct atoll_error *err);
void atoll_sound_close(struct atoll_sound *sound); /* NULL is allowed */

/*
 * The next piece, of at most 100 ms or one period of the microphone. 0; -ETIMEDOUT after
 * timeout_ms (negative: no limit); -ENODATA at the end; -ENODEV when the microphone went
 * away (reopen); any other negative errno for something that was lost: call again.
 * `block` is written only on 0.
 */
int atoll_sound_next(struct atoll_sound *sound, int timeout_ms, struct atoll_block *block);

/*
 * For a loop, readable when next, with a timeout of 0, would not say -ETIMEDOUT; a
 * microphone's stays readable until it has said so. -1 for files that never wait and
 * for a microphone that is away; it has another one when it is back. Do not close it.
 */
int atoll_sound_fd(const struct atoll_sound *sound);

/* After -ENODEV: the same microphone again, by its card's name; -ENODEV: not yet.
   -ENOTSUP for files. The time it was away counts as lost. */
int atoll_sound_reopen(struct atoll_sound *sound, struct atoll_error *err);

/* The sentence behind the last negative errno of next other than -ETIMEDOUT. */
const struct atoll_error *atoll_sound_error(const struct atoll_sound *sound);

/* Is it a microphone? */
bool atoll_sound_is_live(const struct atoll_sound *sound);
/* "USB Microphone, 48000 Hz, 2 channels", the file's name. */
const char *atoll_sound_name(const struct atoll_sound *sound);
struct atoll_sound_counts atoll_sound_counts(const struct atoll_sound *sound);

#endif
