/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "camera/source_files.h"

struct atoll_source {
	struct atoll_camera *camera; /* one of the two */
	struct source_files *files;
	bool wants_newest;
	struct atoll_error err;      /* of the last next that failed */
};

/* What follows "camera" in "camera" and "camera:MATCH"; NULL for anything else. */
static const char *camera_match(const char *what)
{
	if (strcmp(what, "camera") == 0)
		return "auto";
	return strncmp(what, "camera:", strlen("camera:")) == 0 ?
		what + strlen("camera:") : NULL;
}

ATOLL_API struct atoll_source *atoll_source_open(const struct atoll_source_config *config,
						 struct atoll_error *err)
{
	struct atoll_source *source = calloc(1, sizeof(*source));
	const char *match = camera_match(config->what);

	if (!source) {
		atoll_error_set(err, -ENOMEM, "source: out of memory");
		return NULL;
	}
	source->wants_newest = config->wants_newest;
	if (match) {
		struct atoll_camera_config camera = config->camera;

		camera.match = match;
		source->camera = atoll_camera_open(&camera, err);
	} else {
		source->files = source_files_open(config, err);
	}
	if (source->camera || source->files)
		return source;
	free(source);
	return NULL;
}

ATOLL_API void atoll_source_close(struct atoll_source *source)
{
	if (!source)
		return;
	atoll_camera_close(source->camera);
	source_files_close(source->files);
	free(source);
}

static int next_of_camera(struct atoll_source *source, int timeout_ms,
			  struct atoll_frame *frame)
{
	const char *card = atoll_camera_info(source->camera)->card;
	int r = source->wants_newest ?
		atoll_camera_newest(source->camera, timeout_ms, frame) :
		atoll_camera_next(source->camera, timeout_ms, frame);

	if (r == -EIO)
		return atoll_error_set(&source->err, r, "%s: a damaged frame", card);
	if (r == -ENODEV)
		return atoll_error_set(&source->err, r, "%s: the camera went away", card);
	if (r < 0 && r != -ETIMEDOUT)
		return atoll_error_set(&source->err, r, "%s: %s", card, strerror(-r));
	return r;
}

ATOLL_API int atoll_source_next(struct atoll_source *source, int timeout_ms,
				struct atoll_frame *frame)
{
	return source->camera ? next_of_camera(source, timeout_ms, frame) :
		source_files_next(source->files, timeout_ms, frame, &source->err);
}

ATOLL_API int atoll_source_release(struct atoll_source *source, const struct atoll_frame *frame)
{
	return source->camera ? atoll_camera_release(source->camera, frame) :
		source_files_release(source->files, frame);
}

ATOLL_API int atoll_source_reopen(struct atoll_source *source, struct atoll_error *err)
{
	if (!source->camera)
		return atoll_error_set(err, -ENOTSUP, "%s: a file does not come back",
				       atoll_source_name(source));
	return atoll_camera_reopen(source->camera, err);
}

ATOLL_API const struct atoll_error *atoll_source_error(const struct atoll_source *source)
{
	return &source->err;
}

ATOLL_API const char *atoll_source_name(const struct atoll_source *source)
{
	return source->camera ? atoll_camera_info(source->camera)->card :
		source_files_name(source->files);
}

ATOLL_API int atoll_source_fd(const struct atoll_source *source)
{
	return source->camera ? atoll_camera_fd(source->camera) :
		source_files_fd(source->files);
}

ATOLL_API bool atoll_source_is_live(const struct atoll_source *source)
{
	return source->camera != NULL;
}

ATOLL_API bool atoll_source_is_stream(const struct atoll_source *source)
{
	return source->camera || source_files_is_video(source->files);
}

ATOLL_API uint32_t atoll_source_frame_rate_mhz(const struct atoll_source *source)
{
	return source->camera ? atoll_camera_info(source->camera)->frame_rate_mhz :
		source_files_rate_mhz(source->files);
}

ATOLL_API struct atoll_camera *atoll_source_camera(struct atoll_source *source)
{
	return source->camera;
}

ATOLL_API struct atoll_source_counts atoll_source_counts(const struct atoll_source *source)
{
	const struct atoll_camera_counts *counts;

	if (source->files)
		return source_files_counts(source->files);
	counts = atoll_camera_counts(source->camera);
	return (struct atoll_source_counts){
		.frames = counts->frames,
		.damaged = counts->damaged,
		.missed = counts->missed,
		.skipped = counts->skipped,
		.lost = counts->lost,
	};
}
