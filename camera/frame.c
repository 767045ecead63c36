/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/frame.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* How the planes of a format relate to plane 0; its codes in linux/videodev2.h. */
struct layout {
	const char *name;
	const char *codes[4]; /* beside the name, NULL behind the last */
	uint8_t pixel_bytes;  /* in plane 0 */
	uint8_t chroma_planes;
	uint8_t chroma_bytes; /* for each two pixels of a row, in each such plane */
	bool is_in_pairs;     /* two pixels share chroma within plane 0 */
};

static const struct layout layouts[ATOLL_PIXELS_COUNT] = {
	[ATOLL_PIXELS_NONE] = { .name = "none" },
	[ATOLL_PIXELS_YUYV] = { .name = "YUYV", .pixel_bytes = 2, .is_in_pairs = true },
	[ATOLL_PIXELS_UYVY] = { .name = "UYVY", .pixel_bytes = 2, .is_in_pairs = true },
	[ATOLL_PIXELS_YVYU] = { .name = "YVYU", .pixel_bytes = 2, .is_in_pairs = true },
	[ATOLL_PIXELS_NV12] = { .name = "NV12", .pixel_bytes = 1,
				.chroma_planes = 1, .chroma_bytes = 2 },
	[ATOLL_PIXELS_NV21] = { .name = "NV21", .pixel_bytes = 1,
				.chroma_planes = 1, .chroma_bytes = 2 },
	[ATOLL_PIXELS_YU12] = { .name = "YU12", .pixel_bytes = 1,
				.chroma_planes = 2, .chroma_bytes = 1 },
	[ATOLL_PIXELS_YV12] = { .name = "YV12", .pixel_bytes = 1,
				.chroma_planes = 2, .chroma_bytes = 1 },
	[ATOLL_PIXELS_GREY] = { .name = "GREY", .pixel_bytes = 1 },
	[ATOLL_PIXELS_RGB24] = { .name = "RGB24", .codes = { "RGB3" }, .pixel_bytes = 3 },
	[ATOLL_PIXELS_BGR24] = { .name = "BGR24", .codes = { "BGR3" }, .pixel_bytes = 3 },
	/* Filled, with alpha, and from before V4L2 told these apart. */
	[ATOLL_PIXELS_XRGB] = { .name = "XRGB", .codes = { "BX24", "BA24", "RGB4" },
				.pixel_bytes = 4 },
	[ATOLL_PIXELS_BGRX] = { .name = "BGRX", .codes = { "XR24", "AR24", "BGR4" },
				.pixel_bytes = 4 },
	[ATOLL_PIXELS_JPEG] = { .name = "JPEG", .codes = { "MJPG" } },
};

static bool is_known(enum atoll_pixels pixels)
{
	return pixels > ATOLL_PIXELS_NONE && pixels < ATOLL_PIXELS_COUNT;
}

/* Bytes up to the end of the last row: what would follow it is nobody's. */
static uint64_t plane_bytes(uint32_t stride, uint32_t rows, uint32_t row_bytes)
{
	return (uint64_t)stride * (rows - 1) + row_bytes;
}

/* Fill in strides and planes by their distance from `data`; returns their end. */
static uint64_t lay_planes(struct atoll_frame *frame, const struct layout *layout,
			   const uint8_t *data, size_t size)
{
	uint32_t chroma_row = (frame->width + 1) / 2 * layout->chroma_bytes;
	uint32_t chroma_rows = (frame->height + 1) / 2;
	uint32_t stride = frame->stride[0];
	uint64_t at = (uint64_t)stride * frame->height;
	uint64_t end = plane_bytes(stride, frame->height,
				   frame->width * layout->pixel_bytes);

	/* Pairs have the stride of Y, which may be a byte short of an odd row;
	   single samples half of it. */
	if (layout->chroma_bytes == 1)
		stride = stride / 2 + stride % 2;
	else if (stride < chroma_row)
		stride = chroma_row;
	frame->plane[0] = data;
	for (unsigned i = 1; i <= layout->chroma_planes; i++) {
		end = at + plane_bytes(stride, chroma_rows, chroma_row);
		if (end > size)
			break;
		frame->plane[i] = data + at;
		frame->stride[i] = stride;
		at += (uint64_t)stride * chroma_rows;
	}
	return end;
}

ATOLL_API int atoll_frame_lay(struct atoll_frame *frame, const void *data, size_t size,
			      uint32_t stride)
{
	const struct layout *layout;
	struct atoll_frame laid = *frame;
	uint32_t row_bytes;
	uint64_t end;

	if (!is_known(frame->pixels) || !frame->width || !frame->height ||
	    frame->width > ATOLL_FRAME_SIDE_MAX || frame->height > ATOLL_FRAME_SIDE_MAX)
		return -EINVAL;
	layout = &layouts[frame->pixels];
	if (layout->is_in_pairs && frame->width % 2)
		return -EINVAL;
	row_bytes = frame->width * layout->pixel_bytes;
	if (frame->pixels == ATOLL_PIXELS_JPEG)
		stride = 0;
	else if (!stride)
		stride = row_bytes;
	if (stride < row_bytes)
		return -EINVAL;

	memset(laid.plane, 0, sizeof(laid.plane));
	memset(laid.stride, 0, sizeof(laid.stride));
	laid.stride[0] = stride;
	if (frame->pixels == ATOLL_PIXELS_JPEG) {
		laid.plane[0] = data;
		end = size ? size : 1;
	} else {
		end = lay_planes(&laid, layout, data, size);
	}
	if (end > size)
		return -EMSGSIZE;
	laid.bytes = (size_t)end;
	if (frame->pixels == ATOLL_PIXELS_YV12) {
		const uint8_t *red = laid.plane[1];

		laid.plane[1] = laid.plane[2];
		laid.plane[2] = red;
	}
	*frame = laid;
	return 0;
}

ATOLL_API const char *atoll_pixels_name(enum atoll_pixels pixels)
{
	return layouts[is_known(pixels) ? pixels : ATOLL_PIXELS_NONE].name;
}

static bool goes_by(const struct layout *layout, const char *name)
{
	if (strcasecmp(name, layout->name) == 0)
		return true;
	for (const char *const *code = layout->codes; *code; code++)
		if (strcasecmp(name, *code) == 0)
			return true;
	return false;
}

ATOLL_API enum atoll_pixels atoll_pixels_by_name(const char *name)
{
	for (unsigned i = ATOLL_PIXELS_NONE + 1; i < ATOLL_PIXELS_COUNT; i++)
		if (goes_by(&layouts[i], name))
			return (enum atoll_pixels)i;
	return ATOLL_PIXELS_NONE;
}
