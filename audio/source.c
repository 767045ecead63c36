/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audio/sound_files.h"
#include "audio/sound_live.h"

struct atoll_sound {
	struct sound_live *live;   /* one of the two */
	struct sound_files *files;
	struct atoll_error err;     /* of the last next that failed */
};

/* What follows "mic" in "mic" and "mic:MATCH"; NULL for anything else. */
static const char *microphone_match(const char *what)
{
	if (strcmp(what, "mic") == 0)
		return "auto";
	return strncmp(what, "mic:", strlen("mic:")) == 0 ? what + strlen("mic:") : NULL;
}

struct atoll_sound *sound_open_on(sound_open_microphone *open,
				  const struct atoll_sound_config *config,
				  struct atoll_error *err)
{
	struct atoll_sound *sound = calloc(1, sizeof(*sound));
	const char *match = microphone_match(config->what);

	if (!sound) {
		atoll_error_set(err, -ENOMEM, "source: out of memory");
		return NULL;
	}
	if (match)
		sound->live = sound_live_open(open, match, config, err);
	else
		sound->files = sound_files_open(config, err);
	if (sound->live || sound->files)
		return sound;
	free(sound);
	return NULL;
}

ATOLL_API struct atoll_sound *atoll_sound_open(const struct atoll_sound_config *config,
					       struct atoll_error *err)
{
	return sound_open_on(atoll_microphone_open, config, err);
}

ATOLL_API void atoll_sound_close(struct atoll_sound *sound)
{
	if (!sound)
		return;
	sound_live_close(sound->live);
	sound_files_close(sound->files);
	free(sound);
}

ATOLL_API int atoll_sound_next(struct atoll_sound *sound, int timeout_ms,
			       struct atoll_block *block)
{
	return sound->live ? sound_live_next(sound->live, timeout_ms, block, &sound->err) :
		sound_files_next(sound->files, timeout_ms, block, &sound->err);
}

ATOLL_API int atoll_sound_fd(const struct atoll_sound *sound)
{
	return sound->live ? sound_live_fd(sound->live) : sound_files_fd(sound->files);
}

ATOLL_API int atoll_sound_reopen(struct atoll_sound *sound, struct atoll_error *err)
{
	if (sound->live)
		return sound_live_reopen(sound->live, err);
	return atoll_error_set(err, -ENOTSUP, "%s: a file does not come back",
			       atoll_error_path(sound_files_name(sound->files)));
}

ATOLL_API const struct atoll_error *atoll_sound_error(const struct atoll_sound *sound)
{
	return &sound->err;
}

ATOLL_API bool atoll_sound_is_live(const struct atoll_sound *sound)
{
	return sound->live != NULL;
}

ATOLL_API const char *atoll_sound_name(const struct atoll_sound *sound)
{
	return sound->live ? sound_live_name(sound->live) : sound_files_name(sound->files);
}

ATOLL_API struct atoll_sound_counts atoll_sound_counts(const struct atoll_sound *sound)
{
	return sound->live ? sound_live_counts(sound->live) : sound_files_counts(sound->files);
}
