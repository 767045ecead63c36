/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_VIDEO_READERS_H
#define ATOLL_CAMERA_VIDEO_READERS_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "camera/frame.h"
#include "camera/video_input.h"

/*
 * What the readers of the two kinds of video share. Each `next` finds a frame at
 * the start of the window and tells how many bytes it took, to be passed over
 * before the next one; -EBADMSG with a sentence has already passed over what is
 * damaged; -ENODATA at the end.
 */
struct video_y4m {
	struct atoll_frame layout; /* of every frame, but for the bytes */
	uint32_t rate_mhz;
	size_t frame_size;         /* in the file, without its header */
	bool is_422;               /* three planes in the file, YUYV outside */
	uint8_t *pairs;            /* the frame as YUYV */
	bool is_lost;              /* look for the next FRAME */
};

/* Takes the first line of the file. */
int video_y4m_open(struct video_y4m *y4m, struct video_input *input,
		   struct atoll_error *err);
void video_y4m_close(struct video_y4m *y4m);
int video_y4m_next(struct video_y4m *y4m, struct video_input *input,
		   struct atoll_frame *frame, size_t *taken, struct atoll_error *err);

int video_mjpeg_next(struct video_input *input, struct atoll_frame *frame,
		     size_t *taken, struct atoll_error *err);

#endif
