/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISIOND_PICTURE_H
#define ATOLL_APPS_VISIOND_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "camera/frame.h"

/*
 * The newest picture as a JPEG, for whoever watches: between the thread that has
 * frames, which must not wait, and those that send.
 *
 *	loop thread     offer(frame) -- copied, at most `rate` a second and only
 *	                                while someone watches
 *	encoder thread  frame -> JPEG, unless it was one; then calls `ready`
 *	other threads   take(newer than seen) ... release
 *
 * A taken JPEG stays as it is until released, however many newer ones there are.
 * Memory grows with the first pictures of a size and is then kept.
 */
struct visiond_picture;

struct visiond_jpeg {
	const uint8_t *bytes;
	size_t size;
	uint64_t number; /* counts from 1 */
	uint32_t slot;   /* ours */
};

/* `ready` is called from the encoder's or the offering thread when there is a
   newer one. `takers_max` JPEGs can be out at once. */
struct visiond_picture *visiond_picture_new(uint32_t takers_max,
					    void (*ready)(void *data), void *data,
					    struct atoll_error *err);
void visiond_picture_free(struct visiond_picture *picture); /* NULL is allowed */

/* From the next picture on. */
void visiond_picture_set(struct visiond_picture *picture, uint32_t rate_mhz, int quality);

/* The frame may be given back as soon as this returns. */
void visiond_picture_offer(struct visiond_picture *picture, const struct atoll_frame *frame);

/* Any thread: one more or one fewer who wants pictures. */
void visiond_picture_watch(struct visiond_picture *picture, bool watches);

/* The newest JPEG, if it is newer than number `seen` (0: any). */
bool visiond_picture_take(struct visiond_picture *picture, uint64_t seen,
			  struct visiond_jpeg *jpeg);
void visiond_picture_release(struct visiond_picture *picture,
			     const struct visiond_jpeg *jpeg);

/* JPEGs made so far, and pictures that could not be encoded. */
uint64_t visiond_picture_count(struct visiond_picture *picture);
uint64_t visiond_picture_failures(struct visiond_picture *picture);

#endif
