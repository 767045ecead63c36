/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_CONVERT_H
#define ATOLL_CAMERA_CONVERT_H

#include <stdint.h>

#include "board/error.h"
#include "camera/frame.h"

/*
 * A frame becomes the bytes of a model's input, in one pass: cut, scaled,
 * coloured and stored as the model wants them.
 *
 *	struct atoll_convert_config config = { .width = 224, .height = 224,
 *					       .channels = 3 };
 *	struct atoll_convert *convert = atoll_convert_new(&config, &err);
 *
 *	r = atoll_convert_run(convert, &frame, input);    for each frame
 *	atoll_convert_free(convert);
 *
 * What it computes, plane by plane: along an axis of `in` source and `out`
 * output pixels, output pixel o lies at
 *
 *	p = (o + 0.5) * in / out - 0.5, kept within 0 and in - 1
 *
 * and is mixed of the two samples around p (bilinear, no averaging of what falls
 * between), first Y, Cb and Cr each on its own plane, then coloured with the
 * frame's matrix and range, rounded, and kept within 0..255. Of a crop, p runs
 * through the cut part, which may begin between two samples. Grey output is Y
 * stretched to full range; of RGB it is the luma of BT.601. Every instruction
 * set gives the same bytes, at most 1 away from the exact real number rounded.
 *
 * JPEG frames (grey, YCbCr of any subsampling, RGB) have the size that they say
 * themselves. They are decoded at the smallest of 1/8, 1/4, 3/8, 1/2 and 1/1 of it
 * that is not below what the picture takes of the output, then scaled by the same
 * rule. Huffman tables that are missing are the standard ones.
 */
struct atoll_convert;

enum atoll_fit {
	ATOLL_FIT_STRETCH,   /* the whole frame onto the whole output */
	ATOLL_FIT_CROP,      /* its largest centred part of the output's shape */
	ATOLL_FIT_LETTERBOX, /* the whole frame in the middle, bars around it */
};

enum atoll_store {
	ATOLL_STORE_UINT8,   /* the byte */
	ATOLL_STORE_INT8,    /* the byte - 128 */
	ATOLL_STORE_FLOAT32, /* byte * scale + offset */
};

struct atoll_convert_config {
	uint32_t width, height; /* of the output, pixels */
	uint32_t channels;      /* 3: R G B; 1: grey */
	enum atoll_fit fit;
	uint8_t bar;            /* byte value of a letterbox's bars */
	enum atoll_store store;
	float scale, offset;    /* of FLOAT32 */
};

/* NULL with -EINVAL for sides of 0 or above ATOLL_FRAME_SIDE_MAX or other
   channels, -ENOMEM, or the sentence for a wrong ATOLL_CPU. */
struct atoll_convert *atoll_convert_new(const struct atoll_convert_config *config,
					struct atoll_error *err);

/* NULL is allowed. */
void atoll_convert_free(struct atoll_convert *convert);

/*
 * Write [height][width][channels] values to `out`. Prepares itself for the
 * format and size of the first frame, and again when they change; nothing is
 * allocated for frames like the one before, unless they are progressive JPEGs.
 *
 * Returns 0, -ENOTSUP for pixels it cannot read (a JPEG of CMYK, say), -EINVAL for
 * sides out of range or a JPEG of more than ATOLL_PICTURE_PIXELS_MAX, -EBADMSG for
 * a JPEG that is damaged, or -ENOMEM. `out` is of no meaning after a failure.
 */
int atoll_convert_run(struct atoll_convert *convert, const struct atoll_frame *frame,
		      void *out);

/*
 * Where a point of the output, 0..1 along each side, lies in the last frame, 0..1
 * along each of its sides; outside that range for a point on a bar. For boxes.
 */
void atoll_convert_point(const struct atoll_convert *convert, float *x, float *y);

#endif
