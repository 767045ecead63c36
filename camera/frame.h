/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_FRAME_H
#define ATOLL_CAMERA_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * One picture of a stream, as its source has it: pixels in the source's own
 * format, in memory the source owns.
 *
 *	uint8_t bytes[640 * 480 * 3 / 2];
 *	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_NV12,
 *				     .width = 640, .height = 480 };
 *
 *	if (atoll_frame_lay(&frame, bytes, sizeof(bytes), 0) == 0)
 *		look_at(frame.plane[1], frame.stride[1]);
 *
 * Names and layouts are those of V4L2 (linux/videodev2.h); a name lists bytes
 * in the order in which they lie in memory.
 */
enum atoll_pixels {
	ATOLL_PIXELS_NONE,  /* in a request: whatever suits best */
	ATOLL_PIXELS_YUYV,  /* [height][width / 2] of Y0 Cb Y1 Cr */
	ATOLL_PIXELS_UYVY,  /* Cb Y0 Cr Y1 */
	ATOLL_PIXELS_YVYU,  /* Y0 Cr Y1 Cb */
	ATOLL_PIXELS_NV12,  /* plane of Y, then [height / 2] rows of Cb Cr pairs */
	ATOLL_PIXELS_NV21,  /* the same with Cr Cb */
	ATOLL_PIXELS_YU12,  /* plane of Y, then quarter planes of Cb, of Cr */
	ATOLL_PIXELS_YV12,  /* plane of Y, then of Cr, of Cb */
	ATOLL_PIXELS_GREY,  /* [height][width] of Y */
	ATOLL_PIXELS_RGB24, /* R G B */
	ATOLL_PIXELS_BGR24, /* B G R */
	ATOLL_PIXELS_XRGB,  /* a byte of no meaning (or alpha), R G B */
	ATOLL_PIXELS_BGRX,  /* B G R and such a byte */
	ATOLL_PIXELS_JPEG,  /* one whole JPEG file in plane[0], stride 0 */
	ATOLL_PIXELS_COUNT,
};

/* How Y, Cb and Cr were made of R, G and B: ITU-R BT.601 or BT.709. */
enum atoll_matrix {
	ATOLL_MATRIX_BT601,
	ATOLL_MATRIX_BT709,
};

/* Wider or higher frames are refused everywhere. */
#define ATOLL_FRAME_SIDE_MAX 16384

/* A view: valid until the frame is given back to the source it came from. */
struct atoll_frame {
	enum atoll_pixels pixels;
	uint32_t width, height;  /* pixels */
	const uint8_t *plane[3]; /* first byte of the top row; for YU12 and YV12
				    always Y, Cb, Cr in this order */
	uint32_t stride[3];      /* bytes from one row of the plane to the next */
	size_t bytes;            /* all planes with the gaps between; JPEG: the file */
	enum atoll_matrix matrix; /* of no meaning for RGB and JPEG */
	bool is_full_range;      /* Y and C use 0..255, not 16..235 and 16..240 */
	uint32_t sequence;       /* counts what the source saw: a gap means frames
				    were lost before they came here */
	int64_t time_ns;         /* CLOCK_MONOTONIC when it was taken; 0: not known */
	uint32_t slot;           /* the source's own mark */
};

/*
 * Point the planes of `frame`, whose pixels, width and height are set, into
 * `size` bytes at `data` laid out as V4L2 lays them out, `stride` bytes from one
 * row of plane 0 to the next (0: no gaps), and set `bytes` to what they take.
 * Chroma of odd sides is rounded up, but formats that store pixels in pairs are
 * refused when the width is odd.
 *
 * Returns 0, -EINVAL for sides that are 0, too large, or odd where they must not
 * be and for a stride shorter than a row, or -EMSGSIZE when `size` is too small.
 * The frame is written only on 0.
 */
int atoll_frame_lay(struct atoll_frame *frame, const void *data, size_t size,
		    uint32_t stride);

/* "YUYV", "JPEG"; "none" for the rest. Never NULL. */
const char *atoll_pixels_name(enum atoll_pixels pixels);

/* By that name in either case, or V4L2's code ("MJPG", "RGB3"); NONE when
   unknown. */
enum atoll_pixels atoll_pixels_by_name(const char *name);

#endif
