/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/samples.h"

#include <string.h>

/* A component's first byte in its plane, and the way to the next. */
struct place {
	uint8_t plane, first, step;
};

struct layout {
	uint8_t components;
	uint8_t columns, rows; /* pixels that share a sample of chroma */
	struct place place[3]; /* Y, Cb, Cr */
};

static const struct layout layouts[ATOLL_PIXELS_COUNT] = {
	[ATOLL_PIXELS_YUYV] = { 3, 2, 1, { { 0, 0, 2 }, { 0, 1, 4 }, { 0, 3, 4 } } },
	[ATOLL_PIXELS_UYVY] = { 3, 2, 1, { { 0, 1, 2 }, { 0, 0, 4 }, { 0, 2, 4 } } },
	[ATOLL_PIXELS_YVYU] = { 3, 2, 1, { { 0, 0, 2 }, { 0, 3, 4 }, { 0, 1, 4 } } },
	[ATOLL_PIXELS_NV12] = { 3, 2, 2, { { 0, 0, 1 }, { 1, 0, 2 }, { 1, 1, 2 } } },
	[ATOLL_PIXELS_NV21] = { 3, 2, 2, { { 0, 0, 1 }, { 1, 1, 2 }, { 1, 0, 2 } } },
	[ATOLL_PIXELS_YU12] = { 3, 2, 2, { { 0, 0, 1 }, { 1, 0, 1 }, { 2, 0, 1 } } },
	[ATOLL_PIXELS_YV12] = { 3, 2, 2, { { 0, 0, 1 }, { 1, 0, 1 }, { 2, 0, 1 } } },
	[ATOLL_PIXELS_GREY] = { 1, 1, 1, { { 0, 0, 1 } } },
};

unsigned camera_samples_of(const struct atoll_frame *frame,
			   struct camera_samples samples[3])
{
	const struct layout *layout;

	if ((unsigned)frame->pixels >= ATOLL_PIXELS_COUNT)
		return 0;
	layout = &layouts[frame->pixels];
	for (unsigned c = 0; c < layout->components; c++) {
		const struct place *place = &layout->place[c];
		uint32_t columns = c ? layout->columns : 1;
		uint32_t rows = c ? layout->rows : 1;

		samples[c] = (struct camera_samples){
			.first = frame->plane[place->plane] + place->first,
			.step = place->step,
			.stride = frame->stride[place->plane],
			.width = (frame->width + columns - 1) / columns,
			.height = (frame->height + rows - 1) / rows,
			.columns = columns,
			.rows = rows,
		};
	}
	return layout->components;
}

void camera_samples_row(const struct camera_samples *samples, uint32_t y, uint8_t *out)
{
	const uint8_t *in = samples->first + y * samples->stride;

	if (samples->step == 1) {
		memcpy(out, in, samples->width);
		return;
	}
	for (uint32_t x = 0; x < samples->width; x++)
		out[x] = in[x * samples->step];
}
