/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A camera has a few buffers that the driver and the program pass to and fro:
 *
 *	         QBUF               picture taken             DQBUF
 *	ours ------------> driver's ------------> waiting ------------> out
 *	 ^                                                               |
 *	 +---------------------------- release --------------------------+
 *
 * The driver is trusted to be present, not to be right: what it says about a
 * buffer is compared with what was mapped before anybody looks at a byte.
 */
#include "camera/capture.h"

#include "board/clock.h"
#include "camera/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
	DEFAULT_WIDTH = 640,
	DEFAULT_HEIGHT = 480,
	DEFAULT_RATE_MHZ = 30000,
	DEFAULT_BUFFERS = 4,
	BUFFERS_MAX = 8,
};

static bool is_same(const struct atoll_camera_node *a, const struct atoll_camera_node *b)
{
	return a->captures && b->captures && strcmp(a->card, b->card) == 0 &&
	       strcmp(a->bus, b->bus) == 0;
}

/* Some cameras have several capturing nodes under one name: which one was it? */
static int count_siblings(struct atoll_camera *camera, struct atoll_error *err)
{
	struct atoll_camera_node *nodes;
	int count = camera_list_on(camera->device, &nodes, err);

	if (count < 0)
		return count;
	for (int i = 0; i < count && strcmp(nodes[i].path, camera->node.path) != 0; i++)
		camera->ordinal += is_same(&nodes[i], &camera->node);
	free(nodes);
	return 0;
}

static int read_config(struct atoll_camera *camera,
		       const struct atoll_camera_config *config, struct atoll_error *err)
{
	struct atoll_camera_config *own = &camera->config;

	*own = *config;
	own->match = NULL;
	if (!own->buffers)
		own->buffers = DEFAULT_BUFFERS;
	if (!own->width)
		own->width = DEFAULT_WIDTH;
	if (!own->height)
		own->height = DEFAULT_HEIGHT;
	if (!own->frame_rate_mhz)
		own->frame_rate_mhz = DEFAULT_RATE_MHZ;
	if (own->buffers < CAMERA_BUFFERS_MIN || own->buffers > BUFFERS_MAX)
		return atoll_error_set(err, -EINVAL, "camera: %u buffers are not within %d to %d",
				       own->buffers, CAMERA_BUFFERS_MIN, BUFFERS_MAX);
	return 0;
}

static int open_node(struct atoll_camera *camera, const struct atoll_camera_config *config,
		     const struct atoll_camera_node *node, struct atoll_error *err)
{
	int r = read_config(camera, config, err);

	if (r < 0)
		return r;
	camera->node = *node;
	if (!node->captures)
		return atoll_error_set(err, -ENOTSUP, "camera: %s (%s) %s", node->path,
				       node->card, node->why);
	r = count_siblings(camera, err);
	return r < 0 ? r : camera_start(camera, err);
}

static struct atoll_camera *open_on(const struct camera_device *device,
				    const struct atoll_camera_config *config,
				    const struct atoll_camera_node *node,
				    struct atoll_error *err)
{
	struct atoll_camera *camera = calloc(1, sizeof(*camera));

	if (!camera) {
		atoll_error_set(err, -ENOMEM, "camera: %s: out of memory", node->path);
		return NULL;
	}
	camera->device = device;
	camera->fd = camera->watch_fd = -1;
	camera->info = (struct atoll_camera_info){
		.path = camera->node.path,
		.card = camera->node.card,
		.bus = camera->node.bus,
		.driver = camera->node.driver,
	};
	if (open_node(camera, config, node, err) < 0) {
		atoll_camera_close(camera);
		return NULL;
	}
	return camera;
}

struct atoll_camera *camera_open_on(const struct camera_device *device,
				    const struct atoll_camera_config *config,
				    struct atoll_error *err)
{
	struct atoll_camera_node node;

	if (camera_find_on(device, config->match, NULL, &node, err) < 0)
		return NULL;
	return open_on(device, config, &node, err);
}

ATOLL_API struct atoll_camera *atoll_camera_open(const struct atoll_camera_config *config,
						 struct atoll_error *err)
{
	struct atoll_camera_node node;

	if (atoll_camera_find(config->match, &node, err) < 0)
		return NULL;
	return open_on(&camera_device_real, config, &node, err);
}

ATOLL_API void atoll_camera_close(struct atoll_camera *camera)
{
	if (!camera)
		return;
	camera_stop(camera);
	free(camera);
}

/* The nodes that are there now, for the one that was ours. */
static int find_again(struct atoll_camera *camera, struct atoll_error *err)
{
	struct atoll_camera_node *nodes, found = { 0 };
	int count = camera_list_on(camera->device, &nodes, err);
	uint32_t before = 0;

	if (count < 0)
		return count;
	for (int i = 0; i < count; i++)
		if (is_same(&nodes[i], &camera->node) && before++ == camera->ordinal)
			found = nodes[i];
	free(nodes);
	if (!found.captures)
		return atoll_error_set(err, -ENODEV, "camera: %s on %s is away",
				       camera->node.card, camera->node.bus);
	camera->node = found;
	return 0;
}

ATOLL_API int atoll_camera_reopen(struct atoll_camera *camera, struct atoll_error *err)
{
	int r;

	camera_stop(camera);
	r = find_again(camera, err);
	if (r == 0)
		r = camera_start(camera, err);
	if (r < 0)
		camera_stop(camera);
	return r;
}

static int lose(struct atoll_camera *camera)
{
	if (!camera->is_lost)
		camera->counts.lost++;
	camera->is_lost = true;
	return -ENODEV;
}

/* Pass a buffer to the driver; one that it refuses is offered again before the
   next is taken. */
static int give_back(struct atoll_camera *camera, uint32_t index)
{
	struct camera_slot *slot = &camera->slot[index];
	int r = camera_queue(camera, index);

	camera->owed -= slot->is_owed;
	slot->is_owed = r < 0;
	camera->owed += slot->is_owed;
	return r;
}

static void offer_again(struct atoll_camera *camera)
{
	for (uint32_t i = 0; i < camera->slots && camera->owed; i++)
		if (camera->slot[i].is_owed)
			(void)give_back(camera, i); /* it keeps count */
}

/*
 * A call that brought no buffer. EIO may pass (V4L2 names a lost signal), unless
 * poll sees the stream broken too; and as such a call may still have taken a
 * buffer from the driver without saying which, there are none left after as many
 * as there are.
 */
static int damaged_without_buffer(struct atoll_camera *camera)
{
	if (++camera->errors >= camera->slots)
		return lose(camera);
	camera->counts.damaged++;
	return -EIO;
}

static void count_missed(struct atoll_camera *camera, uint32_t sequence)
{
	uint32_t gap = sequence - camera->sequence - 1;

	/* Numbers that stand still or go back count nothing. */
	if (camera->has_sequence && gap < INT32_MAX)
		camera->counts.missed += gap;
	camera->has_sequence = true;
	camera->sequence = sequence;
}

static int64_t stamp_ns(const struct v4l2_buffer *buffer)
{
	/* Drivers may also copy a stamp or use clocks of their own. */
	if ((buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) !=
	    V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
		return 0;
	return (int64_t)buffer->timestamp.tv_sec * 1000000000 +
	       (int64_t)buffer->timestamp.tv_usec * 1000;
}

/*
 * The size of the JPEG file in these bytes, 0 when it is not whole: it starts with
 * SOI and ends with EOI (ITU-T T.81, annex B). Cameras fill up what follows, most
 * with zeros, some with a few bytes of anything.
 */
static size_t jpeg_size(const uint8_t *data, size_t size)
{
	enum { SOI_AND_EOI = 4, LITTER = 64 };
	size_t lowest;

	while (size && data[size - 1] == 0)
		size--;
	if (size < SOI_AND_EOI || data[0] != 0xff || data[1] != 0xd8)
		return 0;
	lowest = size > SOI_AND_EOI + LITTER ? size - LITTER : SOI_AND_EOI;
	for (; size >= lowest; size--)
		if (data[size - 2] == 0xff && data[size - 1] == 0xd9)
			return size;
	return 0;
}

static bool lay(const struct atoll_camera *camera, const struct v4l2_buffer *buffer,
		struct atoll_frame *frame)
{
	const struct camera_slot *slot = &camera->slot[buffer->index];
	size_t size = buffer->bytesused;

	if (buffer->flags & V4L2_BUF_FLAG_ERROR || size > slot->size)
		return false;
	*frame = camera->layout;
	if (frame->pixels == ATOLL_PIXELS_JPEG)
		size = jpeg_size(slot->data, size);
	return atoll_frame_lay(frame, slot->data, size, camera->info.stride) == 0;
}

/* A frame's mark: its slot, and which stream that was a slot of. */
static uint32_t mark(const struct atoll_camera *camera, uint32_t index)
{
	return camera->stream * CAMERA_SLOTS_MAX + index;
}

/* One waiting frame: 0, -EAGAIN, -EIO, -ENODEV as for next. */
static int take(struct atoll_camera *camera, struct atoll_frame *frame)
{
	struct v4l2_buffer buffer = camera_buffer(0);
	struct atoll_frame taken;
	int r = camera_ask(camera, VIDIOC_DQBUF, &buffer);

	if (!camera->is_watched)
		camera->is_watched = camera->device->renew(camera->watch_fd, camera->fd);
	if (r == -EAGAIN)
		return r;
	if (r == -EIO && camera->device->poll(camera->fd, 0) >= 0)
		return damaged_without_buffer(camera);
	if (r < 0)
		return lose(camera);
	if (buffer.index >= camera->slots || camera->slot[buffer.index].is_out)
		return damaged_without_buffer(camera);
	camera->errors = 0;
	count_missed(camera, buffer.sequence);
	if (!lay(camera, &buffer, &taken)) {
		camera->counts.damaged++;
		(void)give_back(camera, buffer.index); /* it keeps count */
		return -EIO;
	}
	taken.sequence = buffer.sequence;
	taken.time_ns = stamp_ns(&buffer);
	taken.slot = mark(camera, buffer.index);
	camera->slot[buffer.index].is_out = true;
	camera->out++;
	*frame = taken;
	return 0;
}

static int wait_and_take(struct atoll_camera *camera, int timeout_ms,
			 struct atoll_frame *frame)
{
	int64_t end_ms = timeout_ms > 0 ? atoll_clock_ms() + timeout_ms : 0;
	int r, left_ms = timeout_ms;

	if (camera->is_lost)
		return -ENODEV;
	if (camera->out == camera->slots)
		return -ENOBUFS; /* the driver has none to fill */
	offer_again(camera);
	if (camera->out + camera->owed == camera->slots)
		return lose(camera);
	while ((r = take(camera, frame)) == -EAGAIN) {
		r = camera->device->poll(camera->fd, left_ms);
		if (r == 0)
			return -ETIMEDOUT;
		if (r < 0 && r != -EINTR)
			return lose(camera);
		if (timeout_ms > 0)
			left_ms = end_ms > atoll_clock_ms() ? (int)(end_ms - atoll_clock_ms()) : 0;
	}
	return r;
}

ATOLL_API int atoll_camera_next(struct atoll_camera *camera, int timeout_ms,
				struct atoll_frame *frame)
{
	int r = wait_and_take(camera, timeout_ms, frame);

	if (r == 0)
		camera->counts.frames++;
	return r;
}

ATOLL_API int atoll_camera_newest(struct atoll_camera *camera, int timeout_ms,
				  struct atoll_frame *frame)
{
	struct atoll_frame newest, newer;
	int r = wait_and_take(camera, timeout_ms, &newest);

	if (r < 0)
		return r;
	/* At most once around: a source may be faster than we are. */
	for (uint32_t i = 1; i < camera->slots && camera->out < camera->slots; i++) {
		r = take(camera, &newer);
		if (r == -EIO)
			continue;
		if (r < 0)
			break; /* the next call will say why */
		(void)atoll_camera_release(camera, &newest); /* it keeps count */
		camera->counts.skipped++;
		newest = newer;
	}
	camera->counts.frames++;
	*frame = newest;
	return 0;
}

/* Which slot a frame that is out lies in, or -EINVAL. */
static int slot_of(const struct atoll_camera *camera, const struct atoll_frame *frame)
{
	uint32_t index = frame->slot % CAMERA_SLOTS_MAX;

	if (index >= camera->slots || frame->slot != mark(camera, index) ||
	    !camera->slot[index].is_out)
		return -EINVAL;
	return (int)index;
}

ATOLL_API int atoll_camera_release(struct atoll_camera *camera,
				   const struct atoll_frame *frame)
{
	int index = slot_of(camera, frame);

	if (index < 0)
		return index;
	camera->slot[index].is_out = false;
	camera->out--;
	return camera->is_lost ? 0 : give_back(camera, (uint32_t)index);
}

ATOLL_API int atoll_camera_fd(const struct atoll_camera *camera)
{
	return camera->is_lost ? -1 : camera->watch_fd;
}

ATOLL_API const struct atoll_camera_info *atoll_camera_info(const struct atoll_camera *camera)
{
	return &camera->info;
}

ATOLL_API const struct atoll_camera_counts *
atoll_camera_counts(const struct atoll_camera *camera)
{
	return &camera->counts;
}

ATOLL_API int atoll_camera_dmabuf(const struct atoll_camera *camera,
				  const struct atoll_frame *frame)
{
	int index = slot_of(camera, frame), fd;

	if (index < 0)
		return index;
	fd = camera->slot[index].dmabuf;
	return fd >= 0 ? fd : -ENOTSUP;
}

ATOLL_API int atoll_camera_watch(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), r;

	/* A new node is usable only once udev has set its permissions. */
	if (fd < 0 || inotify_add_watch(fd, "/dev", IN_CREATE | IN_DELETE | IN_ATTRIB) < 0) {
		r = -errno;
		if (fd >= 0)
			(void)close(fd); /* nothing in it */
		return r;
	}
	return fd;
}
