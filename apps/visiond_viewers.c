/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/visiond_viewers.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/clock.h"

#define SNAPSHOTS_MAX 2

/* Who gets no picture for this long is let go: the camera is away, and the page
   asks again when it is back. */
#define PATIENCE_NS INT64_C(10000000000)

/* Handed to libmicrohttpd at once at most. */
#define BLOCK_BYTES (64 * 1024)

#define BOUNDARY "next-picture"

/* Parts of what goes out next, one after another. */
struct piece {
	const void *bytes;
	size_t size;
};

struct viewer {
	struct visiond_viewers *viewers;
	enum visiond_view view;
	bool is_used;            /* under lock */
	bool is_waiting;         /* under lock: suspended */
	struct MHD_Connection *connection;
	int64_t waits_since_ns;

	/* Of libmicrohttpd's thread. */
	uint64_t seen;           /* number of the last picture or state */
	bool has_begun, has_jpeg;
	struct visiond_jpeg jpeg;
	char *text;              /* the state being sent */
	size_t text_room;
	char head[96];
	struct piece piece[3];
	uint32_t at, pieces;     /* [at, pieces) are still to be sent .. */
	size_t sent;             /* .. the first from here on */
};

struct visiond_viewers {
	struct visiond_picture *picture;
	pthread_mutex_t lock;
	bool is_stopping;                /* under lock, as all below */
	uint32_t count[VISIOND_VIEWS], most[VISIOND_VIEWS];
	char *state;
	size_t state_length, state_room;
	uint64_t state_number;
	uint32_t all;
	struct viewer viewer[];
};

uint32_t visiond_viewers_takers(uint32_t streams_max)
{
	return streams_max + SNAPSHOTS_MAX;
}

struct visiond_viewers *visiond_viewers_new(struct visiond_picture *picture,
					    uint32_t streams_max, struct atoll_error *err)
{
	uint32_t all = 2 * streams_max + SNAPSHOTS_MAX;
	struct visiond_viewers *viewers =
		calloc(1, sizeof(*viewers) + all * sizeof(viewers->viewer[0]));

	if (!viewers) {
		(void)atoll_error_set(err, -ENOMEM, "viewers: %s", strerror(ENOMEM));
		return NULL;
	}
	/* Cannot fail with default attributes on Linux. */
	(void)pthread_mutex_init(&viewers->lock, NULL);
	viewers->picture = picture;
	viewers->most[VISIOND_STREAM] = viewers->most[VISIOND_EVENTS] = streams_max;
	viewers->most[VISIOND_SNAPSHOT] = SNAPSHOTS_MAX;
	viewers->all = all;
	return viewers;
}

void visiond_viewers_free(struct visiond_viewers *viewers)
{
	if (!viewers)
		return;
	for (uint32_t i = 0; i < viewers->all; i++)
		free(viewers->viewer[i].text);
	free(viewers->state);
	(void)pthread_mutex_destroy(&viewers->lock);
	free(viewers);
}

static void add_piece(struct viewer *viewer, const void *bytes, size_t size)
{
	viewer->piece[viewer->pieces++] = (struct piece){ bytes, size };
}

static bool hold(char **text, size_t *room, const char *from, size_t length)
{
	if (length > *room) {
		char *larger = realloc(*text, length);

		if (!larger)
			return false;
		*text = larger;
		*room = length;
	}
	memcpy(*text, from, length);
	return true;
}

/* The boundary that ends a picture is sent with it, for browsers show a picture
   when they see its end. */
static bool load_picture(struct viewer *viewer)
{
	static const char between[] = "\r\n--" BOUNDARY "\r\n";
	const char *first = viewer->has_begun ? "" : between + 2; /* without its \r\n */
	int length;

	if (!visiond_picture_take(viewer->viewers->picture, viewer->seen, &viewer->jpeg))
		return false;
	viewer->has_jpeg = true;
	viewer->seen = viewer->jpeg.number;
	if (viewer->view == VISIOND_STREAM) {
		length = snprintf(viewer->head, sizeof(viewer->head),
				  "%sContent-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n",
				  first, viewer->jpeg.size);
		add_piece(viewer, viewer->head, (size_t)length);
	}
	add_piece(viewer, viewer->jpeg.bytes, viewer->jpeg.size);
	if (viewer->view == VISIOND_STREAM)
		add_piece(viewer, between, strlen(between));
	return true;
}

/* Under lock. The JSON brings its newline, an empty line ends an event. */
static bool load_state(struct viewer *viewer)
{
	static const char first[] = "retry: 2000\ndata: ", later[] = "data: ";
	const char *head = viewer->has_begun ? later : first;
	struct visiond_viewers *viewers = viewer->viewers;

	if (viewers->state_number == viewer->seen ||
	    !hold(&viewer->text, &viewer->text_room, viewers->state, viewers->state_length))
		return false;
	viewer->seen = viewers->state_number;
	add_piece(viewer, head, strlen(head));
	add_piece(viewer, viewer->text, viewers->state_length);
	add_piece(viewer, "\n", 1);
	return true;
}

/* The next thing to be sent, or why there is none: suspended (0) or the end. */
static ssize_t load(struct viewer *viewer)
{
	struct visiond_viewers *viewers = viewer->viewers;
	ssize_t r = 1;

	if (viewer->has_jpeg)
		visiond_picture_release(viewers->picture, &viewer->jpeg);
	viewer->has_jpeg = false;
	if (viewer->view == VISIOND_SNAPSHOT && viewer->has_begun)
		return MHD_CONTENT_READER_END_OF_STREAM;
	viewer->at = viewer->pieces = 0;
	viewer->sent = 0;

	(void)pthread_mutex_lock(&viewers->lock);
	if (viewers->is_stopping) {
		r = MHD_CONTENT_READER_END_OF_STREAM;
	} else if (viewer->view == VISIOND_EVENTS ?
			   load_state(viewer) : load_picture(viewer)) {
		viewer->has_begun = true;
		viewer->waits_since_ns = 0;
	} else if (viewer->waits_since_ns &&
		   atoll_clock_ns() - viewer->waits_since_ns > PATIENCE_NS) {
		r = viewer->view == VISIOND_SNAPSHOT ? MHD_CONTENT_READER_END_WITH_ERROR :
						       MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		if (!viewer->waits_since_ns)
			viewer->waits_since_ns = atoll_clock_ns();
		viewer->is_waiting = true;
		MHD_suspend_connection(viewer->connection);
		r = 0;
	}
	(void)pthread_mutex_unlock(&viewers->lock);
	return r;
}

/* libmicrohttpd's thread has room for up to `room` bytes. */
static ssize_t fill(void *data, uint64_t position, char *bytes, size_t room)
{
	struct viewer *viewer = data;
	size_t filled = 0;

	(void)position;
	if (viewer->at == viewer->pieces) {
		ssize_t r = load(viewer);

		if (r <= 0)
			return r;
	}
	while (filled < room && viewer->at < viewer->pieces) {
		const struct piece *piece = &viewer->piece[viewer->at];
		size_t size = piece->size - viewer->sent;

		if (size > room - filled)
			size = room - filled;
		memcpy(bytes + filled, (const char *)piece->bytes + viewer->sent, size);
		filled += size;
		viewer->sent += size;
		if (viewer->sent == piece->size) {
			viewer->at++;
			viewer->sent = 0;
		}
	}
	return (ssize_t)filled;
}

/* The connection is gone, or its response over. */
static void leave(void *data)
{
	struct viewer *viewer = data;
	struct visiond_viewers *viewers = viewer->viewers;

	if (viewer->has_jpeg)
		visiond_picture_release(viewers->picture, &viewer->jpeg);
	if (viewer->view != VISIOND_EVENTS)
		visiond_picture_watch(viewers->picture, false);
	(void)pthread_mutex_lock(&viewers->lock);
	viewers->count[viewer->view]--;
	viewer->is_used = false;
	(void)pthread_mutex_unlock(&viewers->lock);
}

static struct viewer *take_place(struct visiond_viewers *viewers, enum visiond_view view)
{
	struct viewer *viewer = NULL;

	(void)pthread_mutex_lock(&viewers->lock);
	if (viewers->count[view] < viewers->most[view] && !viewers->is_stopping) {
		viewer = viewers->viewer;
		while (viewer->is_used) /* there is one: all is the sum of most */
			viewer++;
		*viewer = (struct viewer){
			.viewers = viewers,
			.view = view,
			.is_used = true,
			.text = viewer->text,
			.text_room = viewer->text_room,
		};
		viewers->count[view]++;
	}
	(void)pthread_mutex_unlock(&viewers->lock);
	return viewer;
}

struct MHD_Response *visiond_viewers_join(struct visiond_viewers *viewers,
					  enum visiond_view view,
					  struct MHD_Connection *connection)
{
	static const char *const types[VISIOND_VIEWS] = {
		[VISIOND_STREAM] = ("multipart/x-mixed-replace; boundary=" BOUNDARY),
		[VISIOND_SNAPSHOT] = "image/jpeg",
		[VISIOND_EVENTS] = "text/event-stream",
	};
	struct viewer *viewer = take_place(viewers, view);
	struct MHD_Response *response;

	if (!viewer)
		return NULL;
	viewer->connection = connection;
	if (view != VISIOND_EVENTS) {
		/* What was encoded for someone else some time ago is not wanted. */
		viewer->seen = visiond_picture_count(viewers->picture);
		visiond_picture_watch(viewers->picture, true);
	}
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, fill,
						     viewer, leave);
	if (!response) {
		leave(viewer);
		return NULL;
	}
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, types[view]) !=
	    MHD_YES) {
		MHD_destroy_response(response); /* calls leave */
		return NULL;
	}
	return response;
}

/* Under lock. */
static void wake(struct visiond_viewers *viewers, enum visiond_view view)
{
	for (uint32_t i = 0; i < viewers->all; i++) {
		struct viewer *viewer = &viewers->viewer[i];

		if (!viewer->is_used || !viewer->is_waiting || viewer->view != view)
			continue;
		viewer->is_waiting = false;
		MHD_resume_connection(viewer->connection);
	}
}

void visiond_viewers_wake(struct visiond_viewers *viewers, enum visiond_view view)
{
	(void)pthread_mutex_lock(&viewers->lock);
	wake(viewers, view);
	(void)pthread_mutex_unlock(&viewers->lock);
}

void visiond_viewers_state(struct visiond_viewers *viewers, const char *json,
			   size_t length)
{
	(void)pthread_mutex_lock(&viewers->lock);
	if (hold(&viewers->state, &viewers->state_room, json, length)) {
		viewers->state_length = length;
		viewers->state_number++;
		wake(viewers, VISIOND_EVENTS);
	}
	(void)pthread_mutex_unlock(&viewers->lock);
}

struct MHD_Response *visiond_viewers_last_state(struct visiond_viewers *viewers)
{
	struct MHD_Response *response = NULL;

	(void)pthread_mutex_lock(&viewers->lock);
	if (viewers->state_number > 0)
		response = MHD_create_response_from_buffer(
			viewers->state_length, viewers->state, MHD_RESPMEM_MUST_COPY);
	(void)pthread_mutex_unlock(&viewers->lock);
	return response;
}

void visiond_viewers_stop(struct visiond_viewers *viewers)
{
	(void)pthread_mutex_lock(&viewers->lock);
	viewers->is_stopping = true;
	for (enum visiond_view view = 0; view < VISIOND_VIEWS; view++)
		wake(viewers, view);
	(void)pthread_mutex_unlock(&viewers->lock);
}

uint32_t visiond_viewers_count(struct visiond_viewers *viewers, enum visiond_view view)
{
	uint32_t count;

	(void)pthread_mutex_lock(&viewers->lock);
	count = viewers->count[view];
	(void)pthread_mutex_unlock(&viewers->lock);
	return count;
}
