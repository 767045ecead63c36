/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/modes.h"

#include "camera/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

/* Drivers say where their lists end; one that does not is stopped here. */
enum { FORMATS_MAX = 512, SIZES_MAX = 256, MODES_MAX = 16384 };

/* Four letters, the last ones often blanks; the top bit means big-endian. */
static void write_code(uint32_t fourcc, char code[8])
{
	size_t length = 0;

	for (uint32_t i = 0; i < 4; i++) {
		char letter = (char)(fourcc >> 8 * i & 0x7f);

		if (letter > ' ' && letter < 0x7f)
			code[length++] = letter;
	}
	(void)snprintf(code + length, 8 - length, "%s", fourcc >> 31 ? "-BE" : "");
}

struct list {
	const struct camera_device *device;
	int fd;
	struct atoll_camera_mode *mode;
	size_t count, room;
};

static struct atoll_camera_mode *append(struct list *list,
					const struct atoll_camera_mode *mode)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		void *more = room > MODES_MAX ? NULL :
			realloc(list->mode, room * sizeof(*list->mode));

		if (!more)
			return NULL;
		list->mode = more;
		list->room = room;
	}
	list->mode[list->count] = *mode;
	return &list->mode[list->count++];
}

static uint32_t rate_mhz(struct v4l2_fract interval)
{
	uint64_t rate = interval.numerator ?
		UINT64_C(1000) * interval.denominator / interval.numerator : 0;

	return rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
}

static void read_rates(const struct list *list, struct atoll_camera_mode *mode)
{
	struct v4l2_frmivalenum interval = {
		.pixel_format = mode->fourcc,
		.width = mode->width,
		.height = mode->height,
	};

	while (mode->rates < ATOLL_CAMERA_RATES_MAX &&
	       list->device->ioctl(list->fd, VIDIOC_ENUM_FRAMEINTERVALS, &interval) >= 0) {
		if (interval.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
			mode->rates_are_range = true;
			mode->rates = 2; /* the longest interval is the lowest rate */
			mode->rate_mhz[0] = rate_mhz(interval.stepwise.max);
			mode->rate_mhz[1] = rate_mhz(interval.stepwise.min);
			return;
		}
		mode->rate_mhz[mode->rates++] = rate_mhz(interval.discrete);
		interval.index++;
	}
}

static void set_size(struct atoll_camera_mode *mode, const struct v4l2_frmsizeenum *size)
{
	if (size->type == V4L2_FRMSIZE_TYPE_DISCRETE) {
		mode->width = mode->width_low = size->discrete.width;
		mode->height = mode->height_low = size->discrete.height;
		return;
	}
	mode->width = size->stepwise.max_width;
	mode->height = size->stepwise.max_height;
	mode->width_low = size->stepwise.min_width;
	mode->height_low = size->stepwise.min_height;
	mode->width_step = size->stepwise.step_width;
	mode->height_step = size->stepwise.step_height;
}

static int read_sizes(struct list *list, const struct atoll_camera_mode *format)
{
	struct v4l2_frmsizeenum size = { .pixel_format = format->fourcc };
	struct atoll_camera_mode *mode;

	while (size.index < SIZES_MAX &&
	       list->device->ioctl(list->fd, VIDIOC_ENUM_FRAMESIZES, &size) >= 0) {
		mode = append(list, format);
		if (!mode)
			return -ENOMEM;
		set_size(mode, &size);
		read_rates(list, mode);
		if (size.type != V4L2_FRMSIZE_TYPE_DISCRETE)
			return 0;
		size.index++;
	}
	return size.index || append(list, format) ? 0 : -ENOMEM;
}

int camera_modes_of(const struct camera_device *device, int fd,
		    struct atoll_camera_mode **modes, struct atoll_error *err)
{
	struct list list = { .device = device, .fd = fd };
	struct v4l2_fmtdesc format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	int r = 0;

	while (format.index < FORMATS_MAX &&
	       (r = device->ioctl(fd, VIDIOC_ENUM_FMT, &format)) >= 0) {
		struct atoll_camera_mode mode = {
			.fourcc = format.pixelformat,
			.is_converted = format.flags & V4L2_FMT_FLAG_EMULATED,
		};

		write_code(mode.fourcc, mode.code);
		mode.pixels = atoll_pixels_by_name(mode.code);
		camera_copy_text(mode.description, sizeof(mode.description),
				 format.description, sizeof(format.description));
		if (read_sizes(&list, &mode) < 0) {
			free(list.mode);
			return atoll_error_set(err, -ENOMEM, "list formats: out of memory");
		}
		format.index++;
	}
	if (format.index == 0 && r < 0 && r != -EINVAL) { /* -EINVAL: the end */
		free(list.mode);
		return atoll_error_set(err, r, "list formats: %s", strerror(-r));
	}
	*modes = list.mode;
	return (int)list.count;
}

int camera_modes_on(const struct camera_device *device, const char *path,
		    struct atoll_camera_mode **modes, struct atoll_error *err)
{
	struct atoll_camera_node node;
	int fd, r = camera_find_on(device, path, NULL, &node, err);

	if (r < 0)
		return r;
	if (!node.captures)
		return atoll_error_set(err, -ENOTSUP, "camera: %s (%s) %s", node.path,
				       node.card, node.why);
	fd = device->open(node.path);
	if (fd < 0)
		return atoll_error_set(err, fd, "camera: %s: open: %s", node.path,
				       strerror(-fd));
	device->assist(fd);
	r = camera_modes_of(device, fd, modes, err);
	if (r < 0)
		(void)atoll_error_prefix(err, "camera: %s", node.path);
	(void)device->close(fd); /* nothing was changed */
	return r;
}

ATOLL_API int atoll_camera_modes(const char *path, struct atoll_camera_mode **modes,
				 struct atoll_error *err)
{
	return camera_modes_on(&camera_device_real, path, modes, err);
}
