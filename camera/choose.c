/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a camera's modes is the best for what was asked for. */
#include "camera/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

/* "YUYV, MJPG" of the formats there are, as many as have room. */
static void write_codes(const struct atoll_camera_mode *modes, int count, char *text,
			size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (int i = 0; i < count; i++) {
		bool has_room = used + sizeof(", ...") + sizeof(modes[i].code) < size;

		if (i && modes[i].fourcc == modes[i - 1].fourcc)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
					 has_room ? modes[i].code : "...");
		if (!has_room)
			return;
	}
}

int camera_choose(struct atoll_camera *camera, struct atoll_camera_mode *chosen,
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
	if (count == 0)
		return atoll_error_set(err, -ENOTSUP, "camera: %s: offers no format",
				       camera->node.path);
	return atoll_error_set(err, -ENOTSUP, "camera: %s: does not offer %s, only %s",
			       camera->node.path,
			       camera->config.pixels ?
			       atoll_pixels_name(camera->config.pixels) :
			       "a format that is known here",
			       codes);
}
