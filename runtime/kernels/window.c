/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/window.h"

#include <inttypes.h>

#include "runtime/schema/tflite.h"

/* Keeps every position an int32. */
#define CELLS_MAX ((1 << 30) - 1)

/* Taps times channels below which an item is not worth a thread. */
#define ITEM_WORK_MIN 65536

/* From the first tap to the last, in cells. */
static int64_t reach(const struct window_axis *axis)
{
	return (int64_t)(axis->kernel - 1) * axis->dilation + 1;
}

static int fit_axis(const struct kernel_node *node, const char *name, int32_t cells,
		    int8_t padding, struct window_axis *axis, struct atoll_error *err)
{
	const uint32_t most = CELLS_MAX;
	int64_t missing;

	if (axis->kernel - 1 >= most || axis->stride - 1 >= most ||
	    axis->dilation - 1 >= most)
		return kernel_error(node, err, "%s: window %" PRId32 ", stride %" PRId32
				    ", dilation %" PRId32 ": each is from 1 to %d", name,
				    (int32_t)axis->kernel, (int32_t)axis->stride,
				    (int32_t)axis->dilation, CELLS_MAX);
	if (cells > CELLS_MAX || reach(axis) > CELLS_MAX)
		return kernel_error(node, err, "%s: %" PRId32 " cells under a window of %"
				    PRId64 ", at most %d", name, cells, reach(axis),
				    CELLS_MAX);
	axis->in = (uint32_t)cells;
	if (padding == PADDING_SAME) {
		axis->out = (axis->in + axis->stride - 1) / axis->stride;
		missing = (axis->out - INT64_C(1)) * axis->stride + reach(axis) - cells;
		axis->pad = missing > 0 ? (int32_t)(missing / 2) : 0;
		return 0;
	}
	if (reach(axis) > cells && cells > 0)
		return kernel_error(node, err, "%s: a window of %" PRId64 " does not fit "
				    "into %" PRId32 " cells", name, reach(axis), cells);
	axis->out = cells == 0 ? 0 :
		(uint32_t)((cells - reach(axis)) / axis->stride + 1);
	axis->pad = 0;
	return 0;
}

int window_fit(const struct kernel_node *node, const struct atoll_tensor *image,
	       int8_t padding, struct window *window, struct atoll_error *err)
{
	int r;

	if (image->rank != 4)
		return kernel_error(node, err, "image (%s): %u dimensions, expected 4",
				    image->name, image->rank);
	if (padding != PADDING_SAME && padding != PADDING_VALID)
		return kernel_error(node, err, "padding %d is neither SAME nor VALID",
				    padding);
	r = fit_axis(node, "rows", image->dims[1], padding, &window->y, err);
	if (r < 0)
		return r;
	return fit_axis(node, "columns", image->dims[2], padding, &window->x, err);
}

struct window_span window_inside(const struct window_axis *axis, uint32_t o)
{
	int64_t start = window_at(axis, o, 0), step = axis->dilation;
	int64_t first = start < 0 ? -start : 0;
	int64_t end = start < axis->in ? axis->in - start : 0;

	if (step > 1) { /* divisions cost more than the rest */
		first = (first + step - 1) / step;
		end = (end + step - 1) / step;
	}
	if (end > axis->kernel)
		end = axis->kernel;
	if (first > end)
		first = end;
	return (struct window_span){ (uint32_t)first, (uint32_t)end };
}

uint32_t window_share(const struct window *window, uint32_t channels, uint32_t images,
		      uint32_t threads)
{
	const struct window_axis *y = &window->y, *x = &window->x;
	uint64_t cells = (uint64_t)x->out * channels;
	uint64_t taps = (uint64_t)y->kernel * x->kernel;
	/* Larger factors are large enough, and their product might not fit. */
	uint64_t row_work = cells < ITEM_WORK_MIN && taps < ITEM_WORK_MIN ?
		cells * taps + 1 : ITEM_WORK_MIN;
	uint64_t rows = ((uint64_t)y->out * images + threads - 1) / threads;

	if (threads == 1 || rows > y->out)
		rows = y->out;
	if (rows < ITEM_WORK_MIN / row_work)
		rows = ITEM_WORK_MIN / row_work;
	return rows < 1 ? 1 : (uint32_t)rows;
}
