/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_ALSA_H
#define ATOLL_AUDIO_ALSA_H

#include <stddef.h>

#include <alsa/asoundlib.h>

/*
 * libasound as a library should use it: without a word, and without leaving anything
 * behind. Inside the room only.
 *
 *	struct alsa alsa;
 *	int r = alsa_begin(&alsa);
 *
 *	if (r == 0)
 *		r = snd_pcm_open_lconf(&pcm, name, SND_PCM_STREAM_CAPTURE, 0, alsa.config);
 *	alsa_end(&alsa);
 */
struct alsa {
	snd_local_error_handler_t spoke; /* what to put back */
	snd_config_t *config;
	snd_config_update_t *update;
};

/*
 * Be silent in this thread, and read ALSA's configuration into memory of our own:
 * what snd_pcm_open keeps is global, and grows stale or is freed under whoever uses
 * it, as the program decides. Ends with alsa_end also after it failed.
 */
int alsa_begin(struct alsa *alsa);
void alsa_end(struct alsa *alsa);

/*
 * Silence alone, for what needs no configuration. libasound tells on stderr what it
 * finds remarkable, though the errno comes back as well. Its error handler is one for
 * the whole program, and the program's to set. But the one that it has when nobody set
 * any, asks first for a handler of this thread.
 */
snd_local_error_handler_t alsa_hush(void);
void alsa_unhush(snd_local_error_handler_t spoke);

/*
 * Whether a card is there and may be used: 0, -ENOENT, -EACCES and so on. libasound tells
 * a card that may not be opened from none only when it has opened it before.
 */
int alsa_reach_card(int card);

/* What libasound says, or -EACCES when it finds no card, and there is one that may not be
   opened. */
int alsa_why_no_card(int r);

/* CONFIG_SND_MAX_CARDS of the kernel at its highest. */
enum { ALSA_CARDS_MAX = 256 };

/* What a driver says, with what would do something to a terminal replaced: a USB
   device calls itself what it likes. */
void alsa_copy_text(char *to, size_t size, const char *said);

#endif
