/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_MIXER_H
#define ATOLL_AUDIO_MIXER_H

#include "board/error.h"

/*
 * The mixer of a card, set as a board's description says, and only when asked.
 *
 *	r = atoll_mixer_apply("hw:0",
 *		"PGA Capture Volume=4; AIF TX Mux=Digital MIC", &err);
 *
 * Controls by their ALSA names, separated by semicolons; values are numbers, names of
 * an enumerated control's items, "on" and "off", or "75%" of a range. Controls that
 * share a name are all set, in all their channels. `amixer contents` shows both.
 *
 * Nothing is set unless all of them exist and fit; the sentence names the one that does
 * not: -ENOENT, -EINVAL, -EPERM for one that can only be read, or what ALSA said.
 */
int atoll_mixer_apply(const char *card, const char *preset, struct atoll_error *err);

#endif
