/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_STREAM_H
#define ATOLL_CAMERA_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/videodev2.h>

#include "board/error.h"
#include "camera/capture.h"
#include "camera/device.h"

/*
 * The inside of a camera, shared by those who set it up (start.c, choose.c) and those
 * who take frames from it (capture.c). Inside the room only.
 */

/* A driver may take more buffers than it was asked for (VIDEO_MAX_FRAME). */
enum { CAMERA_BUFFERS_MIN = 2, CAMERA_SLOTS_MAX = 32 };

struct camera_slot {
	void *data;
	size_t size;
	int dmabuf;   /* -1: none */
	bool is_out;  /* lent */
	bool is_owed; /* the driver would not have it back yet */
};

struct atoll_camera {
	const struct camera_device *device; /* the kernel's, or a test's */
	struct atoll_camera_config config;  /* as asked; match not kept */
	struct atoll_camera_node node;
	uint32_t ordinal; /* among the nodes of the same card and bus */
	int fd, watch_fd; /* -1: closed */
	bool is_watched;  /* for good: watch_fd needs no renewal */
	bool is_lost;     /* only reopen can help */

	struct camera_slot slot[CAMERA_SLOTS_MAX];
	uint32_t slots, out, owed;
	uint32_t stream; /* how many there were: a frame's slot tells of which */

	struct v4l2_pix_format format;
	struct atoll_frame layout; /* what all frames of a stream share */
	uint32_t errors;           /* calls in a row that failed without a buffer */
	bool has_sequence;
	uint32_t sequence; /* of the last buffer */

	struct atoll_camera_info info;
	struct atoll_camera_counts counts;
};

/* From camera->node to frames that arrive. On failure whatever was begun is there
   for stop. */
int camera_start(struct atoll_camera *camera, struct atoll_error *err);

/* Back to nothing, from wherever start came to. */
void camera_stop(struct atoll_camera *camera);

/* The mode that suits camera->config best. */
int camera_choose(struct atoll_camera *camera, struct atoll_camera_mode *chosen,
		  struct atoll_error *err);

/* An ioctl. */
int camera_ask(const struct atoll_camera *camera, unsigned long request, void *argument);

/* What VIDIOC_QUERYBUF, QBUF and DQBUF want to be asked with. */
struct v4l2_buffer camera_buffer(uint32_t index);

int camera_queue(struct atoll_camera *camera, uint32_t index);

#endif
