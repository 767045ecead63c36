/* SPDX-License-Identifier: Apache-2.0 */
/* How a device becomes a stream of frames, step by step, and ends. */
#include "camera/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* "camera: PATH: STEP: WHY". */
static int failed(const struct atoll_camera *camera, int r, const char *step,
		  struct atoll_error *err)
{
	const char *path = camera->node.path;
	char holder[64];

	if (r == -EBUSY && camera_holder("/proc", path, holder, sizeof(holder)) == 0)
		return atoll_error_set(err, r, "camera: %s: %s: in use (%s)", path, step,
				       holder);
	if (r == -EBUSY)
		return atoll_error_set(err, r,
				       "camera: %s: %s: in use; 'fuser -v %s' may say by whom",
				       path, step, path);
	if (r == -ENOSPC) /* what the USB core says */
		return atoll_error_set(err, r, "camera: %s: %s: not enough USB bandwidth; "
				       "a smaller size, a lower rate or another port may help",
				       path, step);
	return atoll_error_set(err, r, "camera: %s: %s: %s", path, step, strerror(-r));
}

int camera_ask(const struct atoll_camera *camera, unsigned long request, void *argument)
{
	return camera->device->ioctl(camera->fd, request, argument);
}

/* Rows of a picture that lie in separate fields are not put together here. */
static bool is_split(const struct v4l2_pix_format *format)
{
	return format->field == V4L2_FIELD_ALTERNATE ||
	       format->field == V4L2_FIELD_SEQ_TB || format->field == V4L2_FIELD_SEQ_BT;
}

static int set_format(struct atoll_camera *camera, const struct atoll_camera_mode *mode,
		      struct atoll_error *err)
{
	struct v4l2_format format = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix = {
			.width = camera->config.width,
			.height = camera->config.height,
			.pixelformat = mode->fourcc,
			.field = V4L2_FIELD_NONE,
			.priv = V4L2_PIX_FMT_PRIV_MAGIC,
		},
	};
	const char *path = camera->node.path;
	int r = camera_ask(camera, VIDIOC_S_FMT, &format);

	if (r < 0)
		return failed(camera, r, "set format", err);
	if (format.fmt.pix.pixelformat != mode->fourcc)
		return atoll_error_set(err, -ENOTSUP,
				       "camera: %s: set format: offers %s but does not give it",
				       path, mode->code);
	if (is_split(&format.fmt.pix))
		return atoll_error_set(err, -ENOTSUP, "camera: %s: set format: interlaced in "
				       "separate fields, which is not supported", path);
	camera->format = format.fmt.pix;
	camera->info.pixels = mode->pixels;
	camera->info.is_converted = mode->is_converted;
	camera->info.width = format.fmt.pix.width;
	camera->info.height = format.fmt.pix.height;
	return 0;
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	return b ? common_divisor(b, a % b) : a;
}

/* Always asked for: left alone, drivers go on with what the last program wanted,
   or with whatever they were born with (vivid: 5 a second). */
static int set_rate(struct atoll_camera *camera, struct atoll_error *err)
{
	uint32_t rate = camera->config.frame_rate_mhz;
	uint32_t divisor = common_divisor(rate, 1000);
	struct v4l2_streamparm parameters = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.parm.capture.timeperframe = { 1000 / divisor, rate / divisor },
	};
	const struct v4l2_captureparm *capture = &parameters.parm.capture;
	int r = camera_ask(camera, VIDIOC_S_PARM, &parameters);
	uint64_t settled;

	camera->info.frame_rate_mhz = 0;
	if (r == -ENODEV || r == -EBUSY)
		return failed(camera, r, "set frame rate", err);
	if (r < 0 || !(capture->capability & V4L2_CAP_TIMEPERFRAME) ||
	    !capture->timeperframe.numerator)
		return 0; /* this one has no say in it */
	settled = UINT64_C(1000) * capture->timeperframe.denominator /
		  capture->timeperframe.numerator;
	camera->info.frame_rate_mhz = settled > UINT32_MAX ? 0 : (uint32_t)settled;
	return 0;
}

/*
 * How Y, Cb and Cr were made, by the rules of linux/videodev2.h for what the
 * driver leaves open. BT.2020 and SMPTE 240M weigh the colours nearly as BT.709
 * does; the other encodings are BT.601 under several names. Grey has no rule of its
 * own; sensors without colours, and vivid, use all values for it, as for RGB.
 */
static void set_colours(struct atoll_frame *layout, const struct v4l2_pix_format *format)
{
	bool is_like_rgb = layout->pixels >= ATOLL_PIXELS_GREY &&
			   layout->pixels <= ATOLL_PIXELS_BGRX;
	uint32_t space = format->colorspace, encoding = format->ycbcr_enc;
	uint32_t range = format->quantization;

	if (space == V4L2_COLORSPACE_DEFAULT)
		space = V4L2_MAP_COLORSPACE_DEFAULT(false, false);
	if (encoding == V4L2_YCBCR_ENC_DEFAULT)
		encoding = V4L2_MAP_YCBCR_ENC_DEFAULT(space);
	if (range == V4L2_QUANTIZATION_DEFAULT)
		range = V4L2_MAP_QUANTIZATION_DEFAULT(is_like_rgb, space, encoding);
	layout->is_full_range = range == V4L2_QUANTIZATION_FULL_RANGE;
	switch (encoding) {
	case V4L2_YCBCR_ENC_709:
	case V4L2_YCBCR_ENC_XV709:
	case V4L2_YCBCR_ENC_BT2020:
	case V4L2_YCBCR_ENC_BT2020_CONST_LUM:
	case V4L2_YCBCR_ENC_SMPTE240M: layout->matrix = ATOLL_MATRIX_BT709; break;
	default: layout->matrix = ATOLL_MATRIX_BT601; break;
	}
}

/*
 * How a whole frame lies in the smallest of the buffers. Some drivers leave the
 * stride out, others give for planar formats what all planes need together; then
 * the rows follow each other without gaps.
 */
static int lay_frames(struct atoll_camera *camera, struct atoll_error *err)
{
	struct atoll_frame layout = {
		.pixels = camera->info.pixels,
		.width = camera->info.width,
		.height = camera->info.height,
	};
	size_t size = camera->slot[0].size;
	int r;

	for (uint32_t i = 1; i < camera->slots; i++)
		if (camera->slot[i].size < size)
			size = camera->slot[i].size;
	set_colours(&layout, &camera->format);
	camera->info.stride = layout.pixels == ATOLL_PIXELS_JPEG ? 0 :
		camera->format.bytesperline;
	camera->layout = layout;
	r = atoll_frame_lay(&layout, camera->slot[0].data, size, camera->info.stride);
	if (r < 0)
		r = atoll_frame_lay(&layout, camera->slot[0].data, size, 0);
	if (r < 0)
		return atoll_error_set(err, -ENOTSUP, "camera: %s: set format: %u x %u %s do "
				       "not fit the driver's %zu bytes", camera->node.path,
				       layout.width, layout.height,
				       atoll_pixels_name(layout.pixels), size);
	camera->info.stride = layout.stride[0];
	return 0;
}

struct v4l2_buffer camera_buffer(uint32_t index)
{
	return (struct v4l2_buffer){
		.index = index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
}

static int map_slot(struct atoll_camera *camera, uint32_t i)
{
	struct v4l2_buffer buffer = camera_buffer(i);
	struct camera_slot *slot = &camera->slot[i];
	int r = camera_ask(camera, VIDIOC_QUERYBUF, &buffer);

	if (r < 0)
		return r;
	r = camera->device->mmap(camera->fd, buffer.length, buffer.m.offset, &slot->data);
	if (r < 0)
		return r;
	*slot = (struct camera_slot){ .data = slot->data, .size = buffer.length, .dmabuf = -1 };
	camera->slots++;
	return 0;
}

static int map_slots(struct atoll_camera *camera, struct atoll_error *err)
{
	struct v4l2_requestbuffers request = {
		.count = camera->config.buffers,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
	int r = camera_ask(camera, VIDIOC_REQBUFS, &request);

	if (r >= 0 && (request.count < CAMERA_BUFFERS_MIN || request.count > CAMERA_SLOTS_MAX))
		return atoll_error_set(err, -ENOMEM, "camera: %s: ask for buffers: got %u of %u",
				       camera->node.path, request.count,
				       camera->config.buffers);
	if (r < 0)
		return failed(camera, r, "ask for buffers", err);
	for (uint32_t i = 0; i < request.count; i++) {
		r = map_slot(camera, i);
		if (r < 0)
			return failed(camera, r, "map buffers", err);
	}
	camera->info.buffers = camera->slots;
	return 0;
}

/* An offer: what cannot be exported can still be looked at. Not what libv4l2
   converts, as the driver's buffers hold something else then. */
static void export_slots(struct atoll_camera *camera)
{
	for (uint32_t i = 0; i < camera->slots; i++) {
		struct v4l2_exportbuffer request = {
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
			.index = i,
			.flags = O_RDONLY | O_CLOEXEC,
		};

		if (camera->info.is_converted || camera_ask(camera, VIDIOC_EXPBUF, &request) < 0)
			return;
		camera->slot[i].dmabuf = request.fd;
	}
}

int camera_queue(struct atoll_camera *camera, uint32_t index)
{
	struct v4l2_buffer buffer = camera_buffer(index);

	return camera_ask(camera, VIDIOC_QBUF, &buffer);
}

static int start_stream(struct atoll_camera *camera, struct atoll_error *err)
{
	enum v4l2_buf_type type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	int r = 0;

	for (uint32_t i = 0; i < camera->slots && r >= 0; i++)
		r = camera_queue(camera, i);
	if (r < 0)
		return failed(camera, r, "queue buffers", err);
	r = camera_ask(camera, VIDIOC_STREAMON, &type);
	if (r < 0)
		return failed(camera, r, "start streaming", err);
	r = camera->device->watch(camera->fd);
	if (r < 0)
		return failed(camera, r, "watch for frames", err);
	camera->watch_fd = r;
	camera->is_watched = false;
	return 0;
}

/* A closed fd ends the stream in the kernel. */
void camera_stop(struct atoll_camera *camera)
{
	for (uint32_t i = 0; i < camera->slots; i++) {
		if (camera->slot[i].dmabuf >= 0)
			(void)camera->device->close(camera->slot[i].dmabuf);
		(void)camera->device->munmap(camera->slot[i].data, camera->slot[i].size);
	}
	if (camera->watch_fd >= 0)
		(void)camera->device->close(camera->watch_fd); /* nothing in it */
	if (camera->fd >= 0)
		(void)camera->device->close(camera->fd); /* nothing to be lost */
	camera->fd = camera->watch_fd = -1;
	camera->slots = camera->out = camera->owed = 0;
	camera->is_lost = true;
}

int camera_start(struct atoll_camera *camera, struct atoll_error *err)
{
	struct atoll_camera_mode mode;
	int r = camera->device->open(camera->node.path);

	if (r < 0)
		return failed(camera, r, "open", err);
	camera->fd = r;
	camera->device->assist(camera->fd);
	r = camera_choose(camera, &mode, err);
	if (r == 0)
		r = set_format(camera, &mode, err);
	if (r == 0)
		r = set_rate(camera, err);
	if (r == 0)
		r = map_slots(camera, err);
	if (r == 0)
		r = lay_frames(camera, err);
	if (r == 0 && camera->config.wants_dmabuf)
		export_slots(camera);
	if (r == 0)
		r = start_stream(camera, err);
	if (r < 0)
		return r;
	camera->stream++;
	camera->errors = 0;
	camera->has_sequence = false;
	camera->is_lost = false;
	return 0;
}
