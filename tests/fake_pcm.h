/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_FAKE_PCM_H
#define ATOLL_TESTS_FAKE_PCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/pcm.h"

/*
 * Microphones without ALSA: as many forms, refusals and lies as a test wants, and a
 * count of everything that is open.
 *
 *	fake_pcm_reset();                    one microphone, hw:0,0
 *	microphone = microphone_open_on(&fake_pcm_system, &config, NULL, NULL);
 *	fake_pcm_sound(0, 320);
 *	assert_int_equal(atoll_microphone_next(microphone, 0, &heard), 0);
 *
 * Time passes only in sound, in waiting and in pauses, which take none really. Every
 * sample of a frame is the frame's number since the device was started. The ring is
 * malloc'ed, so that sanitizers see who reads beyond it.
 */
enum { FAKE_MICROPHONES = 5, FAKE_OFFERS = 4 };

/* Forms that can be had, all combinations of these. */
struct fake_offer {
	uint32_t formats; /* 1u << enum atoll_samples; 0 ends the list */
	uint32_t rate_min, rate_max, channels_min, channels_max;
};

struct fake_microphone {
	/* What it is. No id: nothing is there. */
	const char *id, *name, *driver, *pcm;
	int card, device;
	const char *alias;       /* a name of ALSA's configuration that opens it, too */
	struct fake_offer offer[FAKE_OFFERS];
	bool is_not_mappable, is_not_readable;
	uint32_t period, buffer; /* whatever was asked for; 0: as asked */
	const char *holder;      /* who is said to have it */

	/* How it misbehaves. */
	int trouble;             /* what looking at its card says */
	int open_error, start_error, set_up_error;
	int map_error;           /* of a set-up that maps */
	int resume_error;        /* -EAGAIN so many times: */
	uint32_t naps;           /* then whatever resume_error else would be */
	uint32_t errors;         /* so many times it says -EIO when asked what waits */
	uint32_t interruptions;  /* so many times waiting says -EINTR */
	bool wakes_for_nothing;
	bool has_no_stamp;
	int64_t stamp_error_ns;
	uint32_t view_lie;       /* frames a view has more than were asked for */

	/* Ours. */
	uint32_t opened;         /* how often at the moment */
	bool is_running, is_overrun, is_suspended;
	struct pcm_form form;
	uint8_t *ring;           /* [form.buffer] frames */
	uint32_t frame_bytes;
	uint64_t written, taken; /* frames since it was started */
	int64_t last_ns;         /* when the last was written */
	uint32_t starts;
};

extern struct fake_pcm {
	struct fake_microphone microphone[FAKE_MICROPHONES];
	unsigned calls;          /* of the system so far */
	unsigned fails_at;       /* this call fails, 0: none does */
	int fails_with;
	unsigned opened;
	int watch_fd;            /* the last that was given */
	int64_t now_ns;
} fake_pcm;

extern const struct pcm_system fake_pcm_system;

/* One microphone, 8 to 48 kHz, one or two channels, S16 or S32. */
void fake_pcm_reset(void);

/* So many frames' time passes, with sound. */
void fake_pcm_sound(unsigned i, uint32_t frames);

/* It leaves; who has it open still has to close it. It comes back as card `card`. */
void fake_pcm_unplug(unsigned i);
void fake_pcm_plug(unsigned i, int card);

#endif
