/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_SOURCE_FILES_H
#define ATOLL_CAMERA_SOURCE_FILES_H

#include "board/error.h"
#include "camera/frame.h"
#include "camera/source.h"

/*
 * The frames of picture and video files, one file after another: what stands
 * behind a source that is no camera. The functions do what their namesakes in
 * camera/source.h say.
 *
 *	files = source_files_open(config, &err);
 *	r = source_files_next(files, 1000, &frame, &err);
 *	source_files_close(files);
 */
struct source_files;

struct source_files *source_files_open(const struct atoll_source_config *config,
				       struct atoll_error *err);
void source_files_close(struct source_files *files);

int source_files_next(struct source_files *files, int timeout_ms,
		      struct atoll_frame *frame, struct atoll_error *err);
int source_files_release(struct source_files *files, const struct atoll_frame *frame);

const char *source_files_name(const struct source_files *files);
bool source_files_is_video(const struct source_files *files);
int source_files_fd(const struct source_files *files);
uint32_t source_files_rate_mhz(const struct source_files *files);
struct atoll_source_counts source_files_counts(const struct source_files *files);

#endif
