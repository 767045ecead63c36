/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_CAPTURE_H
#define ATOLL_CAMERA_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "camera/frame.h"

/*
 * Frames from one V4L2 capture device, without copying.
 *
 *	struct atoll_camera_config config = { .match = "auto", .width = 640,
 *					      .height = 480 };
 *	struct atoll_camera *camera = atoll_camera_open(&config, &err);
 *	struct atoll_frame frame;
 *
 *	while (camera && atoll_camera_next(camera, 1000, &frame) == 0) {
 *		look_at(&frame);
 *		atoll_camera_release(camera, &frame);
 *	}
 *	atoll_camera_close(camera);
 *
 * A camera belongs to one thread at a time; two cameras share nothing.
 * All memory is taken in open and reopen; next and release never allocate.
 */
struct atoll_camera;

struct atoll_camera_config {
	const char *match;      /* which one, as atoll_camera_find reads it;
				   needed only during open. NULL: "auto" */
	enum atoll_pixels pixels; /* NONE: what the driver has and converts best */
	uint32_t width, height; /* pixels, 0 for 640x480; the driver may settle
				   on others */
	uint32_t frame_rate_mhz; /* thousandths of frames per second, 0 for
				   30000; the driver may settle on another */
	uint32_t buffers;       /* frames that may be out at once, 2 to 8; 0: 4 */
	bool wants_dmabuf;      /* export each buffer, for atoll_camera_dmabuf */
};

/* What came of it. Strings live as long as the camera. */
struct atoll_camera_info {
	const char *path, *card, *bus, *driver;
	enum atoll_pixels pixels;
	uint32_t width, height, stride;
	uint32_t frame_rate_mhz; /* 0: the driver does not say */
	uint32_t buffers;
	bool is_converted;       /* libv4l2 makes these pixels from others */
};

struct atoll_camera_counts {
	uint64_t frames;      /* lent */
	uint64_t damaged;     /* marked bad by the driver or short, given back */
	uint64_t missed;      /* sequence numbers never seen */
	uint64_t skipped;     /* given back unread because a newer one was there */
	uint64_t lost;        /* times the device went away */
};

/*
 * Find a device and start streaming. Returns NULL and fills `err`: -ENODEV when
 * nothing matches, -ENOTSUP for a device that does not capture or offers none of
 * our pixels, -EBUSY when someone else streams from it, or what the driver said.
 */
struct atoll_camera *atoll_camera_open(const struct atoll_camera_config *config,
				       struct atoll_error *err);

/* Stop and free. Frames still out die with it. NULL is allowed. */
void atoll_camera_close(struct atoll_camera *camera);

/*
 * Lend the oldest waiting frame, or the newest one, giving older ones back.
 * Returns 0, -ETIMEDOUT after `timeout_ms` (negative: no limit), -EIO for one
 * damaged frame (counted and given back: call again), -ENOBUFS when all frames
 * are out, or -ENODEV when the device went away or its stream ended in an error
 * that only reopen can mend. `frame` is written only on 0.
 */
int atoll_camera_next(struct atoll_camera *camera, int timeout_ms,
		      struct atoll_frame *frame);
int atoll_camera_newest(struct atoll_camera *camera, int timeout_ms,
			struct atoll_frame *frame);

/* Give a frame back. Returns 0, -EINVAL for a frame that is not out, or what the
   driver said; then it is offered again by the next next. */
int atoll_camera_release(struct atoll_camera *camera, const struct atoll_frame *frame);

/*
 * After -ENODEV: look for the same device (bus and card), whatever its node is
 * called now, and stream as before. Returns 0, -ENODEV while it is away, or why
 * it cannot be used (-EACCES while its node is new): try again when
 * atoll_camera_watch's fd is readable, or once a second. Frames still out die
 * with the call; each frame says what its size and pixels are.
 */
int atoll_camera_reopen(struct atoll_camera *camera, struct atoll_error *err);

/* For poll or an epoll loop: readable when next would not wait, also when it would
   say -ENODEV. Not to be closed; the next reopen closes it and changes it. -1
   while the device is away. */
int atoll_camera_fd(const struct atoll_camera *camera);

/* Both live as long as the camera; they change with next and reopen. */
const struct atoll_camera_info *atoll_camera_info(const struct atoll_camera *camera);
const struct atoll_camera_counts *atoll_camera_counts(const struct atoll_camera *camera);

/* The DMABUF behind a frame that is out, for another device to read: an fd that
   belongs to the camera, or -ENOTSUP when not asked for or not offered. */
int atoll_camera_dmabuf(const struct atoll_camera *camera, const struct atoll_frame *frame);

/* An fd that becomes readable when device nodes come or go (inotify on /dev);
   read and forget what is in it. The caller closes it. Negative errno. */
int atoll_camera_watch(void);

#endif
