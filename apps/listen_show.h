/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEN_SHOW_H
#define ATOLL_APPS_LISTEN_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/hearing.h"
#include "apps/listen_meter.h"
#include "audio/source.h"

/*
 * What a microphone hears, steady on the terminal behind stdout.
 *
 *	struct listen_show *show = listen_show_open();
 *
 *	listen_show_word(show, word);            for each word
 *	listen_show_moment(show, &moment);       for each block
 *	listen_show_hide(show);                  before words on stderr
 *	listen_show_close(show, &moment);
 *
 *	USB Microphone, 16000 Hz, 1 channel                           1:03
 *	  level  ########################              -21 dB   peak   -9 dB
 *
 *	   98.8 %  yes                 ######################################
 *	    0.3 %  unknown
 *	    0.1 %  no
 *	    0.1 %  go
 *
 *	heard  1:02 yes   0:58 stop   0:41 go
 *	words 3   runs 310   saved 317   overruns 0   lost 0.0 s
 *
 * Nothing is allocated after open. All accept NULL for a show.
 */
struct listen_show;

#define LISTEN_BARS 4u

struct listen_moment {
	const char *name;        /* of the microphone */
	int64_t at_ms;           /* since the beginning */
	const struct listen_meter *meter;
	struct { const char *label; float score; } bar[LISTEN_BARS]; /* best first */
	uint32_t bars;           /* 0: it is quiet, or nothing was heard yet */
	bool is_away;
	struct hearing_counts hearing;
	struct atoll_sound_counts sound;
};

/* NULL when stdout is no terminal, or without memory. */
struct listen_show *listen_show_open(void);
void listen_show_word(struct listen_show *show, const struct hearing_word *word);
void listen_show_moment(struct listen_show *show, const struct listen_moment *moment);
void listen_show_hide(struct listen_show *show);
/* Draw it once more, as it is now, and leave it there. */
void listen_show_close(struct listen_show *show, const struct listen_moment *moment);

#endif
