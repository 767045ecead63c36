/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_v4l2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

enum { FDS = 64, FIRST_FD = 1000, STALE = -1, NO_DEVICE = -2 };

struct fake_v4l2 fake_v4l2;

/* Which node an fd belongs to, or STALE once that was unplugged. */
static struct {
	bool is_open;
	int node;
} fds[FDS];

void fake_v4l2_reset(void)
{
	fake_v4l2 = (struct fake_v4l2){ .fails_with = -EIO };
	memset(fds, 0, sizeof(fds));
	fake_v4l2.node[0] = (struct fake_node){
		.card = "Fake Camera",
		.bus = "usb-fake-1.2",
		.driver = "fake",
		.can = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING,
		.mode = {
			FAKE_MODE(YUYV, 640, 480, 30000, 15000),
			FAKE_MODE(YUYV, 1280, 720, 10000),
			FAKE_MODE(MJPEG, 640, 480, 30000),
			FAKE_MODE(MJPEG, 1280, 720, 30000),
			FAKE_EMULATED(RGB24, 640, 480, 30000),
		},
		.colorspace = V4L2_COLORSPACE_SRGB,
		.field = V4L2_FIELD_NONE,
		.owner = -1,
	};
	for (int i = 1; i < FAKE_NODES; i++)
		fake_v4l2.node[i].owner = -1;
}

static bool fails(void)
{
	return ++fake_v4l2.calls == fake_v4l2.fails_at;
}

static int new_fd(int node)
{
	for (int i = 0; i < FDS; i++)
		if (!fds[i].is_open) {
			fds[i].is_open = true;
			fds[i].node = node;
			fake_v4l2.open_fds++;
			return FIRST_FD + i;
		}
	return -EMFILE;
}

/* NULL for what is not open or not there any more. */
static struct fake_node *node_of(int fd)
{
	int i = fd - FIRST_FD;

	if (i < 0 || i >= FDS || !fds[i].is_open || fds[i].node < 0)
		return NULL;
	return &fake_v4l2.node[fds[i].node];
}

static int fake_open(const char *path)
{
	unsigned number;

	if (sscanf(path, "/dev/video%u", &number) != 1 || number >= FAKE_NODES)
		return -ENOENT;
	if (fake_v4l2.node[number].open_error)
		return fake_v4l2.node[number].open_error;
	if (!fake_v4l2.node[number].card)
		return -ENOENT;
	return fails() ? fake_v4l2.fails_with : new_fd((int)number);
}

static void fake_assist(int fd)
{
	(void)fd; /* what is emulated is on the list of modes anyway */
}

/* Without the memory: that is unmapped separately. */
static void end_stream(struct fake_node *node)
{
	node->is_streaming = node->is_broken = false;
	node->buffers = node->queued = node->waiting = 0;
	node->owner = -1;
	memset(node->buffer, 0, sizeof(node->buffer));
}

static int fake_close(int fd)
{
	struct fake_node *node = node_of(fd);
	int i = fd - FIRST_FD;

	if (i < 0 || i >= FDS || !fds[i].is_open)
		return -EBADF;
	if (node && node->owner == fd)
		end_stream(node);
	fds[i].is_open = false;
	fake_v4l2.open_fds--;
	return 0;
}

static uint32_t bits_of(uint32_t fourcc)
{
	switch (fourcc) {
	case V4L2_PIX_FMT_NV12:
	case V4L2_PIX_FMT_YUV420: return 12;
	case V4L2_PIX_FMT_RGB24: return 24;
	case V4L2_PIX_FMT_GREY: return 8;
	case V4L2_PIX_FMT_MJPEG: return 4;
	default: return 16;
	}
}

static uint32_t row_bytes(const struct fake_node *node)
{
	switch (node->fourcc) {
	case V4L2_PIX_FMT_NV12:
	case V4L2_PIX_FMT_YUV420:
	case V4L2_PIX_FMT_GREY: return node->width;
	case V4L2_PIX_FMT_MJPEG: return 0;
	default: return node->width * bits_of(node->fourcc) / 8;
	}
}

static uint32_t frame_bytes(const struct fake_node *node)
{
	uint32_t row = node->stride > row_bytes(node) && row_bytes(node) ?
		node->stride : row_bytes(node);

	if (node->size_image)
		return node->size_image;
	if (!row)
		return node->width * node->height / 2;
	return row * node->height * bits_of(node->fourcc) / (row_bytes(node) * 8 / node->width);
}

static int query_capability(struct fake_node *node, struct v4l2_capability *capability)
{
	(void)snprintf((char *)capability->card, sizeof(capability->card), "%s", node->card);
	(void)snprintf((char *)capability->bus_info, sizeof(capability->bus_info), "%s",
		       node->bus);
	(void)snprintf((char *)capability->driver, sizeof(capability->driver), "%s",
		       node->driver);
	capability->capabilities = node->can | V4L2_CAP_DEVICE_CAPS | V4L2_CAP_META_CAPTURE;
	capability->device_caps = node->can;
	return 0;
}

/* The `index`th mode of a format, or of the first of each when fourcc is 0. */
static const struct fake_mode *mode_at(const struct fake_node *node, uint32_t fourcc,
				       uint32_t index)
{
	for (int i = 0; i < FAKE_MODES && node->mode[i].fourcc; i++) {
		const struct fake_mode *mode = &node->mode[i];

		if (fourcc ? mode->fourcc != fourcc : i && mode->fourcc == mode[-1].fourcc)
			continue;
		if (index-- == 0)
			return mode;
	}
	return NULL;
}

static int enumerate_formats(struct fake_node *node, struct v4l2_fmtdesc *format)
{
	const struct fake_mode *mode = mode_at(node, 0, format->index);

	if (!mode)
		return -EINVAL;
	format->pixelformat = mode->fourcc;
	format->flags = mode->is_emulated ? V4L2_FMT_FLAG_EMULATED : 0;
	(void)snprintf((char *)format->description, sizeof(format->description), "a format");
	return 0;
}

static int enumerate_sizes(struct fake_node *node, struct v4l2_frmsizeenum *size)
{
	const struct fake_mode *mode = mode_at(node, size->pixel_format, size->index);

	if (!mode || !mode->width)
		return -EINVAL;
	if (mode->width_low) {
		size->type = V4L2_FRMSIZE_TYPE_STEPWISE;
		size->stepwise = (struct v4l2_frmsize_stepwise){
			mode->width_low, mode->width, 2, mode->height_low, mode->height, 2,
		};
		return 0;
	}
	size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
	size->discrete.width = mode->width;
	size->discrete.height = mode->height;
	return 0;
}

static int enumerate_rates(struct fake_node *node, struct v4l2_frmivalenum *interval)
{
	const struct fake_mode *mode;

	for (uint32_t i = 0; (mode = mode_at(node, interval->pixel_format, i)); i++)
		if (mode->width == interval->width && mode->height == interval->height)
			break;
	if (!mode || interval->index >= 4 || !mode->rate_mhz[interval->index])
		return -EINVAL;
	if (mode->has_rate_range) {
		interval->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
		interval->stepwise.min = (struct v4l2_fract){ 1000, mode->rate_mhz[0] };
		interval->stepwise.max = (struct v4l2_fract){ 1000, mode->rate_mhz[1] };
		return 0;
	}
	interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	interval->discrete.numerator = 1000;
	interval->discrete.denominator = mode->rate_mhz[interval->index];
	return 0;
}

/* The size asked for where there is such a mode, else the format's first. */
static int set_format(struct fake_node *node, struct v4l2_pix_format *pix)
{
	const struct fake_mode *mode, *chosen = mode_at(node, pix->pixelformat, 0);

	if (node->is_busy)
		return -EBUSY;
	if (!chosen)
		chosen = mode_at(node, 0, 0);
	for (uint32_t i = 0; (mode = mode_at(node, chosen->fourcc, i)); i++)
		if (mode->width == pix->width && mode->height == pix->height)
			chosen = mode;
	node->fourcc = node->gives_fourcc ? node->gives_fourcc : chosen->fourcc;
	node->width = chosen->width ? chosen->width : pix->width;
	node->height = chosen->width ? chosen->height : pix->height;
	*pix = (struct v4l2_pix_format){
		.width = node->width,
		.height = node->height,
		.pixelformat = node->fourcc,
		.field = node->field,
		.bytesperline = node->hides_stride ? 0 :
			node->stride ? node->stride : row_bytes(node),
		.sizeimage = node->size_image ? 0 : frame_bytes(node),
		.colorspace = node->colorspace,
		.ycbcr_enc = node->encoding,
		.quantization = node->quantization,
		.priv = V4L2_PIX_FMT_PRIV_MAGIC,
	};
	return 0;
}

static int set_rate(struct fake_node *node, struct v4l2_captureparm *capture)
{
	if (node->has_no_rate)
		return -ENOTTY;
	node->rate_mhz = capture->timeperframe.denominator * 1000 /
			 capture->timeperframe.numerator;
	capture->capability = V4L2_CAP_TIMEPERFRAME;
	return 0;
}

static int request_buffers(struct fake_node *node, int fd,
			   struct v4l2_requestbuffers *request)
{
	if (node->is_busy || (node->owner >= 0 && node->owner != fd))
		return -EBUSY;
	if (request->count > FAKE_BUFFERS)
		request->count = FAKE_BUFFERS;
	node->buffers = request->count;
	node->owner = fd;
	return 0;
}

static int query_buffer(struct fake_node *node, struct v4l2_buffer *buffer)
{
	if (buffer->index >= node->buffers)
		return -EINVAL;
	buffer->length = frame_bytes(node);
	buffer->m.offset = buffer->index;
	return 0;
}

static int export_buffer(struct fake_node *node, struct v4l2_exportbuffer *request)
{
	if (!node->exports || request->index >= node->buffers)
		return -ENOTTY;
	request->fd = new_fd(NO_DEVICE);
	return request->fd < 0 ? request->fd : 0;
}

static int queue_buffer(struct fake_node *node, const struct v4l2_buffer *buffer)
{
	if (buffer->index >= node->buffers ||
	    node->buffer[buffer->index].state != FAKE_IDLE)
		return -EINVAL;
	if (node->queue_errors > 0) {
		node->queue_errors--;
		return -EINVAL;
	}
	node->buffer[buffer->index].state = FAKE_QUEUED;
	node->buffer[buffer->index].turn = node->turn++;
	node->queued++;
	return 0;
}

/* The buffer that has been in `state` the longest, or -1. */
static int oldest(const struct fake_node *node, int state)
{
	int found = -1;

	for (int i = 0; i < (int)node->buffers; i++)
		if ((int)node->buffer[i].state == state &&
		    (found < 0 || node->buffer[i].turn < node->buffer[found].turn))
			found = i;
	return found;
}

static int dequeue_buffer(struct fake_node *node, struct v4l2_buffer *buffer)
{
	int i = oldest(node, FAKE_WAITING);

	if (node->is_broken)
		return -EIO;
	if (!node->is_streaming)
		return -EINVAL;
	if (node->dequeue_errors > 0) {
		node->dequeue_errors--;
		return -EIO;
	}
	if (i < 0)
		return -EAGAIN;
	node->buffer[i].state = FAKE_IDLE;
	node->waiting--;
	buffer->index = node->lies_once ? node->index_lie : (uint32_t)i;
	node->lies_once = false;
	buffer->bytesused = node->buffer[i].bytes_used;
	buffer->sequence = node->buffer[i].sequence;
	buffer->flags = node->buffer[i].flags | (node->buffer[i].has_other_clock ?
		V4L2_BUF_FLAG_TIMESTAMP_COPY : V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
	buffer->timestamp.tv_sec = 7;
	buffer->timestamp.tv_usec = buffer->sequence;
	return 0;
}

/* The control `id`, or the one with the next larger number. */
static const struct fake_control *control_at(const struct fake_node *node, uint32_t id,
					     bool wants_next)
{
	const struct fake_control *found = NULL;

	for (int i = 0; i < FAKE_CONTROLS && node->control[i].id; i++) {
		const struct fake_control *control = &node->control[i];

		if (wants_next ? control->id > id && (!found || control->id < found->id) :
		    control->id == id)
			found = control;
	}
	return found;
}

static uint32_t flags_of(const struct fake_node *node, const struct fake_control *control)
{
	for (int i = 0; i < FAKE_CONTROLS && node->control[i].id; i++)
		if (node->control[i].switches_off == control->id && node->control[i].value)
			return control->flags | V4L2_CTRL_FLAG_INACTIVE;
	return control->flags;
}

static int query_control(struct fake_node *node, struct v4l2_query_ext_ctrl *query)
{
	const uint32_t next = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
	const struct fake_control *control =
		control_at(node, query->id & ~next, query->id & next);

	if (!control)
		return -EINVAL;
	*query = (struct v4l2_query_ext_ctrl){
		.id = control->id,
		.type = control->type,
		.minimum = control->low,
		.maximum = control->high,
		.step = (uint64_t)control->step,
		.default_value = control->standard,
		.flags = flags_of(node, control),
		.elems = control->elements ? control->elements : 1,
		.nr_of_dims = control->elements > 1,
	};
	(void)snprintf(query->name, sizeof(query->name), "%s", control->name);
	return 0;
}

static int query_menu(struct fake_node *node, struct v4l2_querymenu *item)
{
	const struct fake_control *control = control_at(node, item->id, false);

	if (!control || item->index > control->high)
		return -EINVAL;
	if (control->integers) {
		item->value = control->integers[item->index];
		return 0;
	}
	if (!control->menu[item->index])
		return -EINVAL;
	(void)snprintf((char *)item->name, sizeof(item->name), "%s",
		       control->menu[item->index]);
	return 0;
}

static int get_control(struct fake_node *node, struct v4l2_ext_controls *list)
{
	struct v4l2_ext_control *value = list->controls;
	const struct fake_control *control = control_at(node, value->id, false);

	if (!control || list->count != 1)
		return -EINVAL;
	if (control->type == V4L2_CTRL_TYPE_STRING) {
		if (value->size <= strlen(control->text))
			return -ENOSPC;
		memcpy(value->string, control->text, strlen(control->text) + 1);
	} else if (control->type == V4L2_CTRL_TYPE_INTEGER64) {
		value->value64 = control->value;
	} else {
		value->value = (int32_t)control->value;
	}
	return 0;
}

static int set_control(struct fake_node *node, struct v4l2_ext_controls *list)
{
	struct v4l2_ext_control *value = list->controls;
	struct fake_control *control =
		(struct fake_control *)control_at(node, value->id, false);

	if (!control || list->count != 1)
		return -EINVAL;
	if (control->type == V4L2_CTRL_TYPE_STRING)
		memcpy(control->text, value->string, value->size);
	else if (control->type == V4L2_CTRL_TYPE_INTEGER64)
		control->value = value->value64;
	else
		control->value = value->value;
	return 0;
}

static int fake_ioctl(int fd, unsigned long request, void *argument)
{
	struct fake_node *node = node_of(fd);

	if (!node)
		return -ENODEV;
	if (fails())
		return fake_v4l2.fails_with;
	switch (request) {
	case VIDIOC_QUERYCAP: return query_capability(node, argument);
	case VIDIOC_ENUM_FMT: return enumerate_formats(node, argument);
	case VIDIOC_ENUM_FRAMESIZES: return enumerate_sizes(node, argument);
	case VIDIOC_ENUM_FRAMEINTERVALS: return enumerate_rates(node, argument);
	case VIDIOC_S_FMT:
		return set_format(node, &((struct v4l2_format *)argument)->fmt.pix);
	case VIDIOC_S_PARM:
		return set_rate(node, &((struct v4l2_streamparm *)argument)->parm.capture);
	case VIDIOC_REQBUFS: return request_buffers(node, fd, argument);
	case VIDIOC_QUERYBUF: return query_buffer(node, argument);
	case VIDIOC_EXPBUF: return export_buffer(node, argument);
	case VIDIOC_QBUF: return queue_buffer(node, argument);
	case VIDIOC_DQBUF: return dequeue_buffer(node, argument);
	case VIDIOC_STREAMON: node->is_streaming = true; return 0;
	case VIDIOC_QUERY_EXT_CTRL: return query_control(node, argument);
	case VIDIOC_QUERYMENU: return query_menu(node, argument);
	case VIDIOC_G_EXT_CTRLS: return get_control(node, argument);
	case VIDIOC_S_EXT_CTRLS: return set_control(node, argument);
	default: return -ENOTTY;
	}
}

static int fake_mmap(int fd, size_t size, int64_t offset, void **data)
{
	struct fake_node *node = node_of(fd);

	if (!node || offset < 0 || offset >= node->buffers || size != frame_bytes(node))
		return -EINVAL;
	if (fails())
		return fake_v4l2.fails_with;
	*data = node->buffer[offset].data = malloc(size);
	if (!*data)
		return -ENOMEM;
	fake_v4l2.mappings++;
	return 0;
}

static int fake_munmap(void *data, size_t size)
{
	(void)size;
	free(data);
	fake_v4l2.mappings--;
	return 0;
}

static int fake_poll(int fd, int timeout_ms)
{
	struct fake_node *node = node_of(fd);

	if (!node || node->is_broken)
		return -EIO;
	if (!node->waiting && timeout_ms && node->shoots_by_itself)
		(void)fake_v4l2_shoot((unsigned)(node - fake_v4l2.node));
	return node->waiting || node->dequeue_errors > 0;
}

static int fake_watch(int fd)
{
	if (!node_of(fd))
		return -EBADF;
	return fails() ? fake_v4l2.fails_with : new_fd(NO_DEVICE);
}

static bool fake_renew(int watch_fd, int fd)
{
	fake_v4l2.renewals++;
	return watch_fd >= FIRST_FD && node_of(fd) && !node_of(fd)->waiting;
}

const struct camera_device fake_v4l2_device = {
	.open = fake_open,
	.assist = fake_assist,
	.close = fake_close,
	.ioctl = fake_ioctl,
	.mmap = fake_mmap,
	.munmap = fake_munmap,
	.poll = fake_poll,
	.watch = fake_watch,
	.renew = fake_renew,
};

bool fake_v4l2_shoot(unsigned number)
{
	struct fake_node *node = &fake_v4l2.node[number];
	uint32_t whole = frame_bytes(node);
	int i = oldest(node, FAKE_QUEUED);

	if (i < 0) {
		node->sequence++; /* it sees it and has nowhere to put it */
		return false;
	}
	node->queued--;
	node->waiting++;
	node->buffer[i].state = FAKE_WAITING;
	node->buffer[i].turn = node->turn++;
	node->buffer[i].bytes_used = node->bytes_used ? node->bytes_used : whole;
	node->buffer[i].flags = node->flags;
	node->buffer[i].has_other_clock = node->has_other_clock;
	node->buffer[i].sequence = node->sequence;
	if (node->contents)
		memcpy(node->buffer[i].data, node->contents, node->bytes_used);
	else
		memset(node->buffer[i].data, (int)(node->sequence & 0xff), whole);
	node->sequence++;
	return true;
}

void fake_v4l2_unplug(unsigned number)
{
	struct fake_node *node = &fake_v4l2.node[number];

	for (int i = 0; i < FDS; i++)
		if (fds[i].is_open && fds[i].node == (int)number)
			fds[i].node = STALE;
	end_stream(node);
	node->open_error = -ENOENT;
}

void fake_v4l2_plug(unsigned from, unsigned to)
{
	struct fake_node node = fake_v4l2.node[from];

	node.open_error = 0;
	if (from != to)
		fake_v4l2.node[from] = (struct fake_node){ .owner = -1 };
	fake_v4l2.node[to] = node;
}
