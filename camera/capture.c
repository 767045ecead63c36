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

#include "camera/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>

enum {
	DEFAULT_WIDTH = 640,
	DEFAULT_HEIGHT = 480,
	DEFAULT_RATE_MHZ = 30000,
	DEFAULT_BUFFERS = 4,
	BUFFERS_MIN = 2,
	BUFFERS_MAX = 8,
	/* A driver may take more than it was asked for (VIDEO_MAX_FRAME). */
	SLOTS_MAX = 32,
};

struct slot {
	void *data;
	size_t size;
	int dmabuf;   /* -1: none */
	bool is_out;  /* lent */
	bool is_owed; /* the driver would not have it back yet */
};

struct atoll_camera {
	const struct camera_device *device; /* the kernel's, or a test's */
	struct atoll_camera_config config;  /* as asked; match not kept */
	struct atoll_camera_node node;
	uint32_t ordinal; /* among the nodes of the same card and bus */
	int fd;           /* -1: closed */
	bool is_lost;     /* only reopen can help */

	struct slot slot[SLOTS_MAX];
	uint32_t slots, out, owed;
	uint32_t stream; /* how many there were: a frame's slot tells of which */

	struct v4l2_pix_format format;
	struct atoll_frame layout; /* what all frames of a stream share */
	uint32_t errors;           /* calls in a row that failed without a buffer */
	bool has_sequence;
	uint32_t sequence; /* of the last buffer */

	struct atoll_camera_info info;
	struct atoll_camera_counts counts;
};

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

static int ask(const struct atoll_camera *camera, unsigned long request, void *argument)
{
	return camera->device->ioctl(camera->fd, request, argument);
}

/*
 * How little a format costs to convert, the cheapest first: few bytes a pixel,
 * then as they come from most sensors; JPEG only for what does not fit through
 * the wire otherwise, grey only from cameras that have nothing else.
 */
static uint32_t cost_of(enum atoll_pixels pixels)
{
	static const enum atoll_pixels order[] = {
		ATOLL_PIXELS_NV12, ATOLL_PIXELS_YUYV, ATOLL_PIXELS_UYVY,
		ATOLL_PIXELS_YVYU, ATOLL_PIXELS_NV21, ATOLL_PIXELS_YU12,
		ATOLL_PIXELS_YV12, ATOLL_PIXELS_RGB24, ATOLL_PIXELS_BGR24,
		ATOLL_PIXELS_BGRX, ATOLL_PIXELS_XRGB, ATOLL_PIXELS_JPEG,
		ATOLL_PIXELS_GREY,
	};
	uint32_t i = 0;

	while (order[i] != pixels)
		i++;
	return i;
}

static bool is_within(uint32_t value, uint32_t low, uint32_t high, uint32_t step)
{
	return value >= low && value <= high && (step <= 1 || (value - low) % step == 0);
}

/* Whether the mode has the size and the rate that were asked for. What the driver
   does not list may be. */
static bool suits(const struct atoll_camera_mode *mode,
		  const struct atoll_camera_config *config)
{
	uint32_t fastest = 0;

	for (uint32_t i = 0; i < mode->rates; i++)
		if (mode->rate_mhz[i] > fastest)
			fastest = mode->rate_mhz[i];
	/* 29.97 will do for 30. */
	if (mode->rates && fastest < config->frame_rate_mhz - config->frame_rate_mhz / 100)
		return false;
	return mode->width == 0 ||
	       (is_within(config->width, mode->width_low, mode->width, mode->width_step) &&
		is_within(config->height, mode->height_low, mode->height,
			  mode->height_step));
}

/* Pixels as they come before those libv4l2 makes, then what suits before what has
   to be bent, then by cost. */
static const struct atoll_camera_mode *best_mode(const struct atoll_camera_mode *modes,
						 int count,
						 const struct atoll_camera_config *config)
{
	const struct atoll_camera_mode *best = NULL;
	uint32_t lowest = UINT32_MAX;

	for (int i = 0; i < count; i++) {
		const struct atoll_camera_mode *mode = &modes[i];
		uint32_t cost;

		if (!mode->pixels || (config->pixels && mode->pixels != config->pixels))
			continue;
		cost = (mode->is_converted ? 200U : 0U) + (suits(mode, config) ? 0U : 100U) +
		       cost_of(mode->pixels);
		if (cost < lowest) {
			lowest = cost;
			best = mode;
		}
	}
	return best;
}

/* "YUYV, MJPG" of the formats there are. */
static void write_codes(const struct atoll_camera_mode *modes, int count, char *text,
			size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (int i = 0; i < count && used < size; i++)
		if (i == 0 || modes[i].fourcc != modes[i - 1].fourcc)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
						 used ? ", " : "", modes[i].code);
}

static int choose_mode(struct atoll_camera *camera, struct atoll_camera_mode *chosen,
		       struct atoll_error *err)
{
	const struct atoll_camera_mode *best;
	struct atoll_camera_mode *modes;
	char codes[96];
	int count = camera_modes_of(camera->device, camera->fd, &modes, err);

	if (count < 0) {
		(void)atoll_error_prefix(err, "camera: %s", camera->node.path);
		return count;
	}
	best = best_mode(modes, count, &camera->config);
	if (best)
		*chosen = *best;
	else
		write_codes(modes, count, codes, sizeof(codes));
	free(modes);
	if (best)
		return 0;
	return atoll_error_set(err, -ENOTSUP, "camera: %s: does not offer %s, only %s",
			       camera->node.path,
			       camera->config.pixels ?
			       atoll_pixels_name(camera->config.pixels) :
			       "a format that is known here",
			       *codes ? codes : "nothing");
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
	int r = ask(camera, VIDIOC_S_FMT, &format);

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
	int r = ask(camera, VIDIOC_S_PARM, &parameters);
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
 * does; the other encodings are BT.601 under several names.
 */
static void set_colours(struct atoll_frame *layout, const struct v4l2_pix_format *format)
{
	bool is_rgb = layout->pixels >= ATOLL_PIXELS_RGB24 &&
		      layout->pixels <= ATOLL_PIXELS_BGRX;
	uint32_t space = format->colorspace, encoding = format->ycbcr_enc;
	uint32_t range = format->quantization;

	if (space == V4L2_COLORSPACE_DEFAULT)
		space = V4L2_MAP_COLORSPACE_DEFAULT(false, false);
	if (encoding == V4L2_YCBCR_ENC_DEFAULT)
		encoding = V4L2_MAP_YCBCR_ENC_DEFAULT(space);
	if (range == V4L2_QUANTIZATION_DEFAULT)
		range = V4L2_MAP_QUANTIZATION_DEFAULT(is_rgb, space, encoding);
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

static struct v4l2_buffer buffer_at(uint32_t index)
{
	return (struct v4l2_buffer){
		.index = index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
}

static int map_slot(struct atoll_camera *camera, uint32_t i)
{
	struct v4l2_buffer buffer = buffer_at(i);
	struct slot *slot = &camera->slot[i];
	int r = ask(camera, VIDIOC_QUERYBUF, &buffer);

	if (r < 0)
		return r;
	r = camera->device->mmap(camera->fd, buffer.length, buffer.m.offset, &slot->data);
	if (r < 0)
		return r;
	*slot = (struct slot){ .data = slot->data, .size = buffer.length, .dmabuf = -1 };
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
	int r = ask(camera, VIDIOC_REQBUFS, &request);

	if (r >= 0 && (request.count < BUFFERS_MIN || request.count > SLOTS_MAX))
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

		if (camera->info.is_converted || ask(camera, VIDIOC_EXPBUF, &request) < 0)
			return;
		camera->slot[i].dmabuf = request.fd;
	}
}

static int queue(struct atoll_camera *camera, uint32_t index)
{
	struct v4l2_buffer buffer = buffer_at(index);

	return ask(camera, VIDIOC_QBUF, &buffer);
}

static int start_stream(struct atoll_camera *camera, struct atoll_error *err)
{
	enum v4l2_buf_type type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	int r = 0;

	for (uint32_t i = 0; i < camera->slots && r >= 0; i++)
		r = queue(camera, i);
	if (r < 0)
		return failed(camera, r, "queue buffers", err);
	r = ask(camera, VIDIOC_STREAMON, &type);
	if (r < 0)
		return failed(camera, r, "start streaming", err);
	return 0;
}

/* Back to nothing, from wherever start came to: a closed fd ends the stream in
   the kernel. */
static void stop(struct atoll_camera *camera)
{
	for (uint32_t i = 0; i < camera->slots; i++) {
		if (camera->slot[i].dmabuf >= 0)
			(void)camera->device->close(camera->slot[i].dmabuf);
		(void)camera->device->munmap(camera->slot[i].data, camera->slot[i].size);
	}
	if (camera->fd >= 0)
		(void)camera->device->close(camera->fd); /* nothing to be lost */
	camera->fd = -1;
	camera->slots = camera->out = camera->owed = 0;
	camera->is_lost = true;
}

/* From a node to a stream. */
static int start(struct atoll_camera *camera, struct atoll_error *err)
{
	struct atoll_camera_mode mode;
	int r = camera->device->open(camera->node.path);

	if (r < 0)
		return failed(camera, r, "open", err);
	camera->fd = r;
	r = choose_mode(camera, &mode, err);
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
	if (own->buffers < BUFFERS_MIN || own->buffers > BUFFERS_MAX)
		return atoll_error_set(err, -EINVAL, "camera: %u buffers are not within %d to %d",
				       own->buffers, BUFFERS_MIN, BUFFERS_MAX);
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
	return r < 0 ? r : start(camera, err);
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
	camera->fd = -1;
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
	stop(camera);
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

	stop(camera);
	r = find_again(camera, err);
	if (r == 0)
		r = start(camera, err);
	if (r < 0)
		stop(camera);
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
	struct slot *slot = &camera->slot[index];
	int r = queue(camera, index);

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
	const struct slot *slot = &camera->slot[buffer->index];
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
	return camera->stream * SLOTS_MAX + index;
}

/* One waiting frame: 0, -EAGAIN, -EIO, -ENODEV as for next. */
static int take(struct atoll_camera *camera, struct atoll_frame *frame)
{
	struct v4l2_buffer buffer = buffer_at(0);
	struct atoll_frame taken;
	int r = ask(camera, VIDIOC_DQBUF, &buffer);

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

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_and_take(struct atoll_camera *camera, int timeout_ms,
			 struct atoll_frame *frame)
{
	int64_t end_ms = timeout_ms > 0 ? now_ms() + timeout_ms : 0;
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
			left_ms = end_ms > now_ms() ? (int)(end_ms - now_ms()) : 0;
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
	uint32_t index = frame->slot % SLOTS_MAX;

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
	return camera->is_lost ? -1 : camera->fd;
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
