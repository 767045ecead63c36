/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISIOND_VIEWERS_H
#define ATOLL_APPS_VISIOND_VIEWERS_H

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

#include "apps/visiond_picture.h"
#include "board/error.h"

/*
 * Those who are being sent something without end: pictures, or what is seen.
 *
 *	joined = visiond_viewers_join(viewers, VISIOND_STREAM, &response);
 *	...
 *	visiond_viewers_state(viewers, json, length);        any thread
 *	visiond_viewers_wake(viewers, VISIOND_STREAM);       any thread
 *	...
 *	visiond_viewers_stop(viewers);     before the daemon is stopped
 *	visiond_viewers_free(viewers);     after it
 *
 * A viewer with nothing new to be sent is suspended, and costs nothing until it is
 * woken. A new picture or state begins only where the one before has gone out
 * whole; what came in between is never sent to that viewer.
 */
enum visiond_view {
	VISIOND_STREAM,   /* multipart/x-mixed-replace of JPEG */
	VISIOND_SNAPSHOT, /* one JPEG */
	VISIOND_EVENTS,   /* text/event-stream */
	VISIOND_VIEWS,
};

struct visiond_viewers;

/* At most `streams_max` streams, as many listeners, and a few snapshots. The
   picture must outlive it. */
struct visiond_viewers *visiond_viewers_new(struct visiond_picture *picture,
					    uint32_t streams_max, struct atoll_error *err);
void visiond_viewers_free(struct visiond_viewers *viewers); /* NULL is allowed */

/* JPEGs that can be out at once, for visiond_picture_new. */
uint32_t visiond_viewers_takers(uint32_t streams_max);

/* A response that sends it, to be queued; NULL when there are too many already or no
   memory is left. */
struct MHD_Response *visiond_viewers_join(struct visiond_viewers *viewers,
					  enum visiond_view view,
					  struct MHD_Connection *connection);

/* What is seen: one line of JSON with its newline. Copied. */
void visiond_viewers_state(struct visiond_viewers *viewers, const char *json,
			   size_t length);

/* The last state, once; NULL when there is none yet or no memory is left. */
struct MHD_Response *visiond_viewers_last_state(struct visiond_viewers *viewers);

/* There is news of the kind. Also due once a second without any, for those who
   wait for something that does not come. */
void visiond_viewers_wake(struct visiond_viewers *viewers, enum visiond_view view);

/* Everyone's response ends, nobody is suspended from now on. */
void visiond_viewers_stop(struct visiond_viewers *viewers);

uint32_t visiond_viewers_count(struct visiond_viewers *viewers, enum visiond_view view);

#endif
