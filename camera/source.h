/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_SOURCE_H
#define ATOLL_CAMERA_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "camera/capture.h"
#include "camera/frame.h"

/*
 * One door for everything that has frames, so that a program works the same on a
 * camera and on a file.
 *
 *	struct atoll_source_config config = { .what = argv[1] };
 *	struct atoll_source *source = atoll_source_open(&config, &err);
 *
 *	while ((r = atoll_source_next(source, -1, &frame)) != -ENODATA) {
 *		if (r < 0) {
 *			fprintf(stderr, "%s\n", atoll_source_error(source)->text);
 *			continue;
 *		}
 *		look_at(&frame);
 *		atoll_source_release(source, &frame);
 *	}
 *	atoll_source_close(source);
 *
 * `what` is one of
 *
 *	camera, camera:MATCH  live, MATCH as atoll_camera_find reads it
 *	a picture file        one frame (RGB24)
 *	a folder              its picture files by name, one frame each
 *	a video file          Y4M, or MJPEG (JPEG pictures one after another)
 *	-                     standard input: any of the files above
 *
 * What a file is, its first bytes say; only a file of JPEGs is a picture unless
 * its name ends in .mjpeg or .mjpg, and on standard input a video when a second
 * picture follows. A file called "camera" can be given as ./camera. In a folder
 * what is no picture is passed over, as are names that begin with a dot.
 *
 * A source belongs to one thread at a time.
 */
struct atoll_source;

struct atoll_source_config {
	const char *what;     /* needed only during open */
	struct atoll_camera_config camera; /* of a live source; its match is not
					      used */
	bool wants_newest;    /* live or paced: older waiting frames are given
				 back unread, latency before throughput */
	bool is_paced;        /* files run at their own rate, as a camera would, or
				 at the camera's frame_rate_mhz when that is set,
				 or at ATOLL_SOURCE_RATE_MHZ; otherwise as fast as
				 they are asked */
	bool repeats;         /* files begin again at their end */
	uint64_t pixels_max;  /* per picture, 0: ATOLL_PICTURE_PIXELS_MAX */
};

/* For files that do not say their rate: what most cameras give. */
#define ATOLL_SOURCE_RATE_MHZ 30000

struct atoll_source_counts {
	uint64_t frames, damaged, missed, skipped, lost; /* as of a camera */
};

/* NULL when there is no such camera or file, or it is of no kind named above. */
struct atoll_source *atoll_source_open(const struct atoll_source_config *config,
				       struct atoll_error *err);

/* NULL is allowed. Frames still out die with it. */
void atoll_source_close(struct atoll_source *source);

/*
 * Lend a frame. Returns 0; -ETIMEDOUT after `timeout_ms` (negative: no limit);
 * -ENODATA at the end; -ENODEV when the camera went away (reopen); any other
 * negative errno for one frame or file that is damaged and was skipped: call
 * again. `frame` is written only on 0. A file's source has one frame out at most
 * and says -EBUSY to more.
 */
int atoll_source_next(struct atoll_source *source, int timeout_ms,
		      struct atoll_frame *frame);
int atoll_source_release(struct atoll_source *source, const struct atoll_frame *frame);

/* As atoll_camera_reopen; -ENOTSUP for files. */
int atoll_source_reopen(struct atoll_source *source, struct atoll_error *err);

/* The sentence of the last next that failed, other than by -ETIMEDOUT. */
const struct atoll_error *atoll_source_error(const struct atoll_source *source);

/* What the last frame is called: the picture's or video's path, the camera's
   card. Lives until the next call of next. */
const char *atoll_source_name(const struct atoll_source *source);

/* For an epoll loop, readable when next would not wait (a paced file has a timer
   behind it); -1 for a source that never waits and for a camera that is away. */
int atoll_source_fd(const struct atoll_source *source);

/* Is it a camera? */
bool atoll_source_is_live(const struct atoll_source *source);

/* Are they frames of one camera or one video, rather than pictures of their own?
   Standard input says so from its first frame on. */
bool atoll_source_is_stream(const struct atoll_source *source);

/* Frames per second in thousandths: the pace of a paced source; else what the
   camera or the file says, 0 when it does not. */
uint32_t atoll_source_frame_rate_mhz(const struct atoll_source *source);

/* NULL for files. */
struct atoll_camera *atoll_source_camera(struct atoll_source *source);

/* Since open. */
struct atoll_source_counts atoll_source_counts(const struct atoll_source *source);

#endif
