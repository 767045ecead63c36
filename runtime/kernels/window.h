/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_WINDOW_H
#define ATOLL_RUNTIME_KERNELS_WINDOW_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/kernels/kernels.h"

/*
 * Windows that slide over images: convolutions and pooling.
 *
 *	struct window window = {
 *		.y = { .kernel = 3, .stride = 2, .dilation = 1 },
 *		.x = { .kernel = 3, .stride = 2, .dilation = 1 },
 *	};
 *	struct window_span taps;
 *
 *	r = window_fit(node, input, PADDING_SAME, &window, err);
 *	...
 *	taps = window_inside(&window.y, y);
 *	for (uint32_t k = taps.first; k < taps.end; k++)
 *		use_row(window_at(&window.y, y, k));
 *
 * Rows and columns are treated alike, one axis each. Tap k of window o looks at
 * cell o * stride - pad + k * dilation, which may lie outside the image.
 */
struct window_axis {
	uint32_t kernel, stride, dilation; /* given */
	uint32_t in, out;                  /* cells; out is the count of windows */
	int32_t pad;                       /* cells missing before the first */
};

struct window {
	struct window_axis y, x;
};

/*
 * Check the given values against an image [batch][y][x][channel] and work out
 * the rest. The padding is an enum padding of the model format. -EINVAL with a
 * sentence for values no window can have, or one too large for the image.
 */
int window_fit(const struct kernel_node *node, const struct atoll_tensor *image,
	       int8_t padding, struct window *window, struct atoll_error *err);

/* All cells that windows look at, in and outside, fit int32. */
static inline int32_t window_at(const struct window_axis *axis, uint32_t o, uint32_t k)
{
	return (int32_t)(o * axis->stride) - axis->pad + (int32_t)(k * axis->dilation);
}

/* The taps of window o that are inside: first <= k < end, perhaps none. */
struct window_span {
	uint32_t first, end;
};

struct window_span window_inside(const struct window_axis *axis, uint32_t o);

/*
 * How many output rows of one image make an item of work where every channel of
 * every tap is looked at: an item for each thread, unless that makes them tiny.
 * More items share out better but lay out the rows around each of them again.
 */
uint32_t window_share(const struct window *window, uint32_t channels, uint32_t images,
		      uint32_t threads);

#endif
