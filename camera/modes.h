/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_MODES_H
#define ATOLL_CAMERA_MODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "camera/frame.h"

/*
 * What a camera can do: its pixel formats, the sizes of each, the rates of each
 * size.
 *
 *	struct atoll_camera_mode *modes;
 *	int count = atoll_camera_modes("/dev/video0", &modes, &err);
 *
 *	for (int i = 0; i < count; i++)
 *		printf("%s %ux%u\n", modes[i].code, modes[i].width,
 *		       modes[i].height);
 *	free(modes);
 *
 * Works while the camera streams, here or in another program.
 */
#define ATOLL_CAMERA_RATES_MAX 32

/* One size of one format. */
struct atoll_camera_mode {
	uint32_t fourcc;          /* V4L2's number for the format, */
	char code[8];             /* the same to read: "YUYV", "Y16-BE" */
	char description[32];     /* as the driver says: "YUYV 4:2:2" */
	enum atoll_pixels pixels; /* NONE: not one of ours */
	bool is_converted;        /* libv4l2 makes it from another format */

	/* Pixels. 0: the driver lists no sizes. Where it offers a range, these are
	   the largest, below them the smallest; without a range they are equal. */
	uint32_t width, height;
	uint32_t width_low, height_low;
	uint32_t width_step, height_step;

	/* Thousandths of frames per second; 0 rates: the driver lists none. A range
	   has two, the lowest and the highest. */
	uint32_t rates;
	uint32_t rate_mhz[ATOLL_CAMERA_RATES_MAX];
	bool rates_are_range;
};

/*
 * All modes of the camera at `path`, in the driver's order, then those libv4l2
 * adds. Returns how many, -ENODEV, -ENOTSUP for a device that is no camera, or
 * what the driver said.
 */
int atoll_camera_modes(const char *path, struct atoll_camera_mode **modes,
		       struct atoll_error *err);

#endif
