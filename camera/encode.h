/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_ENCODE_H
#define ATOLL_CAMERA_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "camera/frame.h"
#include "camera/picture.h"

/*
 * Frames and pictures to JPEG and PNG.
 *
 *	struct atoll_encoder *encoder = atoll_encoder_new(&err);
 *	const uint8_t *jpeg;
 *	size_t size;
 *
 *	if (atoll_encode_jpeg(encoder, &frame, 80, &jpeg, &size) == 0)
 *		send(viewer, jpeg, size, 0);
 *	atoll_encoder_free(encoder);
 *
 * The encoder keeps its memory: a frame like the one before allocates nothing. YUV
 * frames go in without a detour through RGB, with the chroma they have; they are
 * turned into what JPEG means by YUV, BT.601 at full range. Of RGB every pixel keeps
 * its colour from quality 90 on, four share one below.
 *
 * An encoder belongs to one thread at a time.
 */
struct atoll_encoder;

/* NULL with -ENOMEM. */
struct atoll_encoder *atoll_encoder_new(struct atoll_error *err);

/* NULL is allowed. */
void atoll_encoder_free(struct atoll_encoder *encoder);

/*
 * `quality` 1 to 100 as libjpeg counts it. A JPEG frame comes back as it is.
 * The bytes live until the next call, or as long as such a frame. -ENOTSUP for
 * pixels it does not know, -EINVAL for sides or a quality out of range, -ENOMEM.
 */
int atoll_encode_jpeg(struct atoll_encoder *encoder, const struct atoll_frame *frame,
		      int quality, const uint8_t **jpeg, size_t *size);

/* The frame as RGB, for drawing. NULL with -EBADMSG for a damaged JPEG, -ENOMEM. */
struct atoll_picture *atoll_picture_of_frame(const struct atoll_frame *frame,
					     struct atoll_error *err);

/* A copy that can be drawn upon; all zero when `rgb` is NULL. */
struct atoll_picture *atoll_picture_new(uint32_t width, uint32_t height,
					const uint8_t *rgb, struct atoll_error *err);

/* The picture as a frame (RGB24): a view that lives as long as the picture. */
struct atoll_frame atoll_picture_frame(const struct atoll_picture *picture);

/*
 * Write a file, PNG or JPEG (quality 90) by the ending of its name: to a
 * temporary name beside it first and then renamed, so that a reader never sees
 * half of it. -EINVAL for another ending, or what the file system said.
 */
int atoll_picture_save(const struct atoll_picture *picture, const char *path,
		       struct atoll_error *err);

#endif
