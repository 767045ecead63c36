/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_PCM_H
#define ATOLL_AUDIO_PCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/microphone.h"
#include "board/description.h"
#include "board/error.h"

/*
 * Where this room ends and ALSA begins: what the files here ask of capture devices,
 * and their entrances for tests that bring devices of their own (tests/fake_pcm.h).
 * Inside the room only.
 */

/* A capture device on a card, or what is known of one. */
struct pcm_entry {
	int card, device;         /* -1: not known, or there is none */
	char id[32], name[96], driver[32]; /* of the card */
	char pcm[96];             /* of the device */
	int trouble;              /* what looking at it said, a negative errno; 0 */
};

/* What each of its properties can be, though not in all combinations. */
struct pcm_offer {
	uint32_t rate_min, rate_max, channels_min, channels_max;
	uint32_t formats;         /* 1u << enum atoll_samples */
	bool is_mappable, is_readable; /* with the channels of a frame side by side */
};

struct pcm_form {
	enum atoll_samples samples;
	uint32_t rate, channels;
	bool is_mapped;
	uint32_t period, buffer;  /* frames */
};

struct pcm; /* an open device */

/*
 * Each call returns 0 or more, or a negative errno: -EPIPE after an overrun, -ESTRPIPE
 * while suspended, -ENODEV once the device is gone. None waits but `wait` and `pause`.
 */
struct pcm_system {
	/* At most `room` of the capture devices there are; how many there are. Cards that
	   cannot be looked at are one entry, with a trouble and no device. */
	int (*list)(struct pcm_entry *list, uint32_t room);
	int (*open)(const char *name, struct pcm **pcm);
	void (*close)(struct pcm *pcm);
	/* What an open device is; of no card: -1, and empty. */
	int (*describe)(struct pcm *pcm, struct pcm_entry *entry);
	int (*offer)(struct pcm *pcm, struct pcm_offer *offer);
	/* Whether samples, rate and channels can be had together. */
	bool (*fits)(struct pcm *pcm, const struct pcm_form *form);
	/* Period and buffer as near as it gets. May be tried again with another form. */
	int (*set_up)(struct pcm *pcm, struct pcm_form *form);
	/* From the beginning, whatever state it is in. */
	int (*start)(struct pcm *pcm);
	/* After a suspend, where it was; -EAGAIN: still suspended; -ENOSYS: start it. */
	int (*resume)(struct pcm *pcm);
	/* Frames that wait, and when the first was taken; 0: not known. */
	int (*waiting)(struct pcm *pcm, int64_t *first_ns);
	/* At most `frames` of them, in shared memory, until `take`. */
	int (*view)(struct pcm *pcm, const void **data, uint32_t frames);
	int (*take)(struct pcm *pcm, uint32_t frames);
	/* At most `frames` of them, copied; 0: none wait. */
	int (*read)(struct pcm *pcm, void *data, uint32_t frames);
	/* 1 when a period waits, 0 after `timeout_ms` (negative: no limit), -EAGAIN
	   when it was woken for nothing, -EINTR, -EIO when `waiting` says more. */
	int (*wait)(struct pcm *pcm, int timeout_ms);
	/* A descriptor for other people's loops, readable when wait would not. */
	int (*watch)(struct pcm *pcm);
	void (*pause)(int ms);
	int64_t (*now_ns)(void); /* of the clock that stamps frames */
	/* Who has the device: "NAME, process ID"; -ENOENT: nobody we may see. */
	int (*holder)(int card, int device, char *text, size_t size);
};

extern const struct pcm_system pcm_alsa;

/* Whom files like /proc/asound/card0/pcm0c/sub0/status name, below `proc`. */
int pcm_holder(const char *proc, int card, int device, char *text, size_t size);

/* What the board's description says of its microphone. */
struct microphone_described {
	const char *match;        /* a card's id or a part of its name; NULL: nothing */
	const char *capture;      /* the number of its device; NULL: the first */
};

/* What the board's description says, when `match` leaves it to it; lives as long as the
   board, which is to be freed and may be NULL. */
struct atoll_board *microphone_board(const char *match,
				     struct microphone_described *described);

/* As the door's, on devices of `system`. */
int microphones_list_on(const struct pcm_system *system, struct atoll_microphone_found *list,
			uint32_t room, uint32_t *count, struct atoll_error *err);
int microphone_find_on(const struct pcm_system *system, const char *match,
		       const struct microphone_described *described,
		       struct atoll_microphone_found *found, struct atoll_error *err);
struct atoll_microphone *microphone_open_on(
	const struct pcm_system *system, const struct atoll_microphone_config *config,
	const struct microphone_described *described, struct atoll_error *err);

/* Which device is meant, by the name that opens it, without a look at it. */
int microphone_pick(const struct pcm_system *system, const char *match,
		    const struct microphone_described *described, char *device, size_t size,
		    struct pcm_entry *entry, struct atoll_error *err);

/* "in use (arecord, process 12)" and the like, of what open said. */
void microphone_trouble(const struct pcm_system *system, const struct pcm_entry *entry, int r,
			char *text, size_t size);

/* The samples, rate and channels that suit the config best; period, buffer and mapping
   as it wants them. */
int microphone_choose(const struct pcm_system *system, struct pcm *pcm, const char *device,
		      const struct atoll_microphone_config *config, struct pcm_form *form,
		      struct atoll_error *err);

#endif
