/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_MICROPHONE_H
#define ATOLL_AUDIO_MICROPHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"

/*
 * Microphones, through ALSA: which there are, and what they hear.
 *
 *	struct atoll_microphone_config config = { .match = "auto" };
 *	struct atoll_microphone *microphone = atoll_microphone_open(&config, &err);
 *	struct atoll_heard heard;
 *
 *	while (atoll_microphone_next(microphone, 1000, &heard) == 0)
 *		use(heard.data, heard.frames);
 *	atoll_microphone_close(microphone);
 *
 * Frames are as the device gives them; source.h makes 16 kHz of any of them. Nothing
 * is allocated between open and close. A microphone belongs to one thread at a time;
 * two of them share nothing.
 */
enum atoll_samples { ATOLL_S16, ATOLL_S24, ATOLL_S24_3, ATOLL_S32, ATOLL_U8, ATOLL_F32 };

/* Bytes of one sample: 2, 4 (the lower three count), 3, 4, 1, 4. Little-endian. */
uint32_t atoll_samples_bytes(enum atoll_samples samples);
/* "S16", "S24", "S24_3", "S32", "U8", "F32". */
const char *atoll_samples_name(enum atoll_samples samples);

/* More channels than this, nobody needs to hear a word. */
#define ATOLL_CHANNELS_MAX 8

struct atoll_microphone_config {
	const char *match;       /* needed only during open; NULL: "auto" */
	uint32_t rate;           /* 0: 16000 if it can, else the best it has */
	uint32_t channels;       /* 0: as few as it has */
	uint32_t period_ms;      /* 0: 20; how often it wakes us, 1 to 1000 */
	uint32_t buffer_ms;      /* 0: 500; how late we may be, at least two periods */
	bool without_mmap;       /* read, even where memory could be shared */
};

struct atoll_heard {
	const void *data;        /* interleaved, a view that ends with the next call */
	uint32_t frames;         /* at most those of 100 ms, or one period */
	int64_t time_ns;         /* when the first was taken, CLOCK_MONOTONIC */
	uint64_t lost;           /* frames, right before these, by the clock: the time a
				    machine slept is not in them */
};

struct atoll_microphone;

/* NULL when there is none, it is busy, or cannot record; a sentence says which and
   by whom. -ENODEV: it may come yet; -EBUSY, -EACCES; -EEXIST: several fit. */
struct atoll_microphone *atoll_microphone_open(const struct atoll_microphone_config *config,
					       struct atoll_error *err);
void atoll_microphone_close(struct atoll_microphone *microphone); /* NULL is allowed */

/*
 * 0; -ETIMEDOUT after timeout_ms (negative: no limit); -ENODEV when it is gone, for
 * good: close it and open form.again; -EIO and so on when something broke and was
 * started again: call again. Overruns and sleeps of the machine are recovered and told
 * as `lost`.
 */
int atoll_microphone_next(struct atoll_microphone *microphone, int timeout_ms,
			  struct atoll_heard *heard);

/*
 * For an epoll loop: readable when next may not wait. It stays so until next, with a
 * timeout of 0, has said -ETIMEDOUT. Do not close it; -1 once the microphone is gone.
 */
int atoll_microphone_fd(const struct atoll_microphone *microphone);

/* What was settled. The strings live as long as the microphone. */
struct atoll_microphone_form {
	enum atoll_samples samples;
	uint32_t rate, channels;
	const char *device;      /* "hw:1,0" */
	const char *again;       /* "hw:Microphone,0": a match that finds it when it comes
				    back under another number */
	const char *name;        /* of the card: "USB Microphone"; `device` without one */
	const char *id;          /* of the card, which stays over unplugging: "Microphone" */
	bool is_mapped;
	uint32_t period, buffer; /* frames, as the device has them */
	uint32_t frames_most;    /* that next gives at once */
};
struct atoll_microphone_form atoll_microphone_form(const struct atoll_microphone *microphone);

/* Times that it had to be started anew because we were late, or the machine slept. */
uint64_t atoll_microphone_overruns(const struct atoll_microphone *microphone);

/* A capture device. */
struct atoll_microphone_found {
	char device[64];         /* "hw:1,0" */
	char id[32], name[96];   /* of the card; empty where there is none */
	char pcm[96];            /* of the device: "USB Audio" */
	bool is_microphone;      /* not a loopback, HDMI, or the monitor of an output */
	uint32_t rate_min, rate_max, channels_min, channels_max; /* 0 when in trouble */
	uint32_t formats;        /* 1u << enum atoll_samples */
	char trouble[96];        /* why it cannot be opened now; "" */
};

/* All capture devices, by number; `count` is how many there are, which may be more than
   there was room for. No sound at all is no error. */
int atoll_microphones_list(struct atoll_microphone_found *list, uint32_t room,
			   uint32_t *count, struct atoll_error *err);

/*
 * The device meant by `match`:
 *
 *	NULL, "auto"     the one that the board's description names, if it is there;
 *	                 else the first that is a microphone
 *	"1"              the first of card 1
 *	"Microphone"     of the card with this id, or else of the only card whose name
 *	                 has this in it, whatever the case
 *	"hw:1,0", "plughw:Mic", "default", ...
 *	                 that device, as ALSA reads it
 *
 * 0, also when it is in trouble; -ENODEV, or -EEXIST when several cards fit.
 */
int atoll_microphone_find(const char *match, struct atoll_microphone_found *found,
			  struct atoll_error *err);

/*
 * An inotify that is readable when devices come or go; -1: none. The caller closes, and
 * after it was readable takes a new one, since the folder of the devices itself may
 * have come.
 */
int atoll_microphone_watch(void);

#endif
