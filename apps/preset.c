/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/preset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audio/microphone.h"
#include "audio/mixer.h"
#include "board/description.h"

static int apply_of_board(const char *card, struct atoll_error *err)
{
	struct atoll_board *board = atoll_board_detect(NULL, err);
	const char *preset;
	int r;

	if (!board)
		return err->code;
	preset = atoll_board_get(board, "audio.0.mixer");
	r = preset ? atoll_mixer_apply(card, preset, err) :
		atoll_error_set(err, -ENOENT, "mixer: %s: its description has no preset",
				atoll_board_name(board));
	atoll_board_free(board);
	return r;
}

int preset_apply(const char *preset, const char *match, struct atoll_error *err)
{
	struct atoll_microphone_found found;
	char card[64];
	int r = atoll_microphone_find(match, &found, err);

	if (r < 0)
		return r;
	if (!*found.id)
		return atoll_error_set(err, -ENOTSUP, "mixer: %s: no card of its own",
				       found.device);
	(void)snprintf(card, sizeof(card), "hw:%s", found.id); /* ids are shorter */
	return strcmp(preset, "board") == 0 ? apply_of_board(card, err) :
		atoll_mixer_apply(card, preset, err);
}
