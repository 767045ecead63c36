/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_PRESET_H
#define ATOLL_APPS_PRESET_H

#include "board/error.h"

/*
 * The mixer of a microphone's card, set before it is opened.
 *
 *	r = preset_apply("board", "auto", &err);
 *
 * `preset` is one of audio/mixer.h, or "board": the one that this board's description
 * has in audio.0.mixer. `match` is of a microphone, as audio/microphone.h reads it.
 * -ENODEV when that is not there, -ENOENT when the description has none.
 */
int preset_apply(const char *preset, const char *match, struct atoll_error *err);

#endif
