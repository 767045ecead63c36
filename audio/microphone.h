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
 * Frames are as the device gives them; source.h makes 16 kHz of any of them.
 */
enum atoll_samples { ATOLL_S16, ATOLL_S24, ATOLL_S24_3, ATOLL_S32, ATOLL_U8, ATOLL_F32 };

/* Bytes of one sample: 2, 4 (the lower three count), 3, 4, 1, 4. Little-endian. */
uint32_t atoll_samples_bytes(enum atoll_samples samples);
const char *atoll_samples_name(enum atoll_samples samples);

struct atoll_microphone_config {
	const char *match;       /* needed only during open; NULL: "auto" */
	uint32_t rate;           /* 0: 16000 if it can, else the best it has */
	uint32_t channels;       /* 0: as few as it has */
	uint32_t period_ms;      /* 0: 20; how often it wakes us */
	uint32_t buffer_ms;      /* 0: 500; how late we may be */
	bool without_mmap;       /* read, even where memory could be shared */
};

struct atoll_heard {
	const void *data;        /* interleaved, a view that ends with the next call */
	uint32_t frames;
	int64_t time_ns;         /* when the first was taken, CLOCK_MONOTONIC */
	uint64_t lost;           /* frames, right before these */
};

struct atoll_microphone;

/* NULL when there is none, it is busy, or cannot record; a sentence says which and
   by whom. */
struct atoll_microphone *atoll_microphone_open(const struct atoll_microphone_config *config,
					       struct atoll_error *err);
void atoll_microphone_close(struct atoll_microphone *microphone); /* NULL is allowed */

/* 0; -ETIMEDOUT; -ENODEV when it is gone; -EIO and so on for what was lost: call
   again. Overruns are recovered and told as `lost`. */
int atoll_microphone_next(struct atoll_microphone *microphone, int timeout_ms,
			  struct atoll_heard *heard);
int atoll_microphone_fd(const struct atoll_microphone *microphone);

struct atoll_microphone_form {
	enum atoll_samples samples;
	uint32_t rate, channels;
	const char *device;      /* "hw:1,0" */
	const char *name;        /* of the card: "USB Microphone" */
	const char *id;          /* of the card, which stays over unplugging: "Microphone" */
	bool is_mapped;
};
struct atoll_microphone_form atoll_microphone_form(const struct atoll_microphone *microphone);
uint64_t atoll_microphone_overruns(const struct atoll_microphone *microphone);

/* All capture devices. */
struct atoll_microphone_found {
	char device[32];         /* "hw:1,0" */
	char id[32], name[96];   /* of the card */
	char pcm[96];            /* of the device: "USB Audio" */
	bool is_microphone;      /* not a loopback, HDMI, or the monitor of an output */
	uint32_t rate_min, rate_max, channels_min, channels_max;
	uint32_t formats;        /* 1u << enum atoll_samples */
	char trouble[96];        /* why it cannot be opened now; "" */
};

int atoll_microphones_list(struct atoll_microphone_found *list, uint32_t room,
			   uint32_t *count, struct atoll_error *err);

/* "auto": the first that is a microphone, the board's own first when its
   description names one; else a device ("hw:1,0", "plughw:Mic", "default"), a card's
   id or number, or a part of a card's name, whatever its case. */
int atoll_microphone_find(const char *match, struct atoll_microphone_found *found,
			  struct atoll_error *err);

/* inotify on /dev/snd, readable when cards come or go; -1: none. The caller closes. */
int atoll_microphone_watch(void);

#endif
