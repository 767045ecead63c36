/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_VIDEO_H
#define ATOLL_CAMERA_VIDEO_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "camera/frame.h"

/*
 * Video files: YUV4MPEG2 (.y4m: 4:2:0, 4:2:2 and grey of 8 bits) and MJPEG
 * (.mjpeg: JPEG files one after another), read and written frame by frame.
 *
 *	struct atoll_video *video = atoll_video_open("clip.y4m", &err);
 *
 *	while ((r = atoll_video_next(video, &frame)) == 0)
 *		look_at(&frame);          lives until the next call
 *	atoll_video_close(video);
 *
 *	struct atoll_video_writer *writer =
 *		atoll_video_create("out.mjpeg", 30000, &err);
 *
 *	atoll_video_write(writer, &frame, &err);
 *	atoll_video_finish(writer, &err);
 *
 * Y4M frames of 4:2:0 come as YU12, of 4:2:2 as YUYV (which is the only one that is
 * copied, to put its samples in this order), of grey as GREY. They are BT.601 at
 * limited range; the header word XCOLORRANGE=FULL says full range, and XATOLL=BT709,
 * ours, the other matrix. Interlaced frames are given as they are, both fields in one.
 *
 * A frame that is damaged is skipped, in MJPEG by looking for where the next picture
 * begins; whether what is in a JPEG can be decoded, only its decoder can say. JPEGs
 * above 16 MiB count as damaged.
 *
 * Nothing is allocated for frames like those before. A video belongs to one thread
 * at a time.
 */
struct atoll_video;

/* "-" is standard input. -ENOTSUP for a file that is neither (with what to do about
   an AVI) or of other samples, -EBADMSG for one whose header is damaged. */
struct atoll_video *atoll_video_open(const char *path, struct atoll_error *err);

/* The same for bytes in memory, which must outlive it. */
struct atoll_video *atoll_video_open_bytes(const void *bytes, size_t size,
					   struct atoll_error *err);

/* NULL is allowed. */
void atoll_video_close(struct atoll_video *video);

/* 0; -ENODATA at the end; -EBADMSG for one damaged frame, skipped: call again;
   or what read said. The frame lives until the next call. */
int atoll_video_next(struct atoll_video *video, struct atoll_frame *frame);

/* Back to the first frame. -ESPIPE for what cannot be read twice. */
int atoll_video_rewind(struct atoll_video *video);

/* Thousandths of frames per second; 0 when the file does not say (MJPEG). */
uint32_t atoll_video_frame_rate_mhz(const struct atoll_video *video);

/* The sentence of the last failure. */
const struct atoll_error *atoll_video_error(const struct atoll_video *video);

/*
 * Writing. The name's ending chooses: .y4m or .mjpeg (.mjpg). Y4M takes YUYV and
 * its siblings, NV12, NV21, YU12, YV12 and GREY without loss of a sample (4:2:2,
 * 4:2:0 or grey), MJPEG takes JPEG frames as they are and every other format
 * through the encoder. All frames of a file have the size and pixels of its
 * first. "-" writes MJPEG to standard output.
 */
struct atoll_video_writer;

/* NULL with -EINVAL for another ending, or what the file system said. */
struct atoll_video_writer *atoll_video_create(const char *path, uint32_t frame_rate_mhz,
					      struct atoll_error *err);
/* One frame more; a negative errno with why it cannot be written. */
int atoll_video_write(struct atoll_video_writer *writer, const struct atoll_frame *frame,
		      struct atoll_error *err);

/* Close it; the file is whole only when this says 0. NULL is allowed. */
int atoll_video_finish(struct atoll_video_writer *writer, struct atoll_error *err);

#endif
