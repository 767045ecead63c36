/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/product.h"
#include "runtime/kernels/weights.h"
#include "runtime/kernels/window.h"
#include "runtime/schema/tflite.h"

/*
 * CONV_2D as a matrix product.
 *
 *   input    [batch][in_h][in_w][in_c]
 *   filter   [out_c][kernel_h][kernel_w][in_c / groups]
 *   bias     [out_c], or left out
 *   output   [batch][out_h][out_w][out_c]
 *
 * Output cells are numbered through, batch and all. A block of them is one item
 * of work: what their windows see is gathered into a panel, one row a cell,
 *
 *   panel    [rows][kernel_h][kernel_w][in_c / groups]
 *
 * with the real value 0 where a window is outside, and multiplied with the
 * filter. Where the panel would be the input itself (a 1x1 window at every
 * cell) nothing is gathered. Groups are convolved one after the other, each
 * with its part of the channels.
 */

/* A panel this large leaves room for weights in a first level cache. */
#define PANEL_BYTES 32768

/* Fewer rows load the weights too often, more gain nothing. Multiples of 24 go
   into the tiles of all vector tables without rest. */
#define ROWS_MIN 24
#define ROWS_MAX 240

/* Multiply-adds below which an item is not worth a thread. */
#define ITEM_WORK_MIN 65536

/* Taps times channels; keeps panels within what memory can hold. */
#define WINDOW_VALUES_MAX (1 << 24)

struct conv {
	struct weights weights;
	struct product product;
	struct window window;
	uint32_t groups;
	uint32_t cells;         /* output cells, all batches */
	uint32_t rows;          /* cells of an item */
	bool is_direct;
	bool is_quick;          /* windows inside the image are gathered in blocks */
	struct window_span inside_y, inside_x; /* the cells that have such windows */
	uint8_t fill;           /* byte of the real value 0 */
	size_t cell_bytes;      /* input cell, all groups */
	size_t group_bytes;     /* one group's part of it */
	size_t row_bytes;       /* of the panel */
	size_t out_cell_bytes;
	size_t panel_bytes;
	size_t thread_bytes;    /* panel and what the product wants */

	/* During run: */
	const uint8_t *in;
	uint8_t *out, *scratch;
};

/* `count` times the byte of the real value 0; mostly none. */
static uint8_t *fill(const struct conv *c, uint8_t *to, size_t count)
{
	if (count > 0)
		memset(to, c->fill, count);
	return to + count;
}

/* The taps of one row of a window, some of them perhaps outside. */
static uint8_t *gather_taps(const struct conv *c, const uint8_t *row, uint32_t x,
			    struct window_span taps, uint8_t *to)
{
	const struct window_axis *axis = &c->window.x;
	/* Neighbours are one piece. */
	uint32_t together = axis->dilation == 1 && c->groups == 1 ? taps.end - taps.first : 1;
	size_t bytes = together * c->group_bytes;

	to = fill(c, to, taps.first * c->group_bytes);
	for (uint32_t k = taps.first; k < taps.end; k += together, to += bytes)
		memcpy(to, row + (size_t)window_at(axis, x, k) * c->cell_bytes, bytes);
	return fill(c, to, (axis->kernel - taps.end) * c->group_bytes);
}

/* One row of the panel: the window of output cell (y, x) over `image`. */
static uint8_t *gather_window(const struct conv *c, const uint8_t *image, uint32_t y,
			      uint32_t x, uint8_t *to)
{
	const struct window_axis *rows = &c->window.y;
	size_t row_bytes = c->window.x.in * c->cell_bytes;
	size_t taps_bytes = c->window.x.kernel * c->group_bytes;
	struct window_span ys = window_inside(rows, y);
	struct window_span xs = window_inside(&c->window.x, x);

	to = fill(c, to, ys.first * taps_bytes);
	for (uint32_t k = ys.first; k < ys.end; k++)
		to = gather_taps(c, image + (size_t)window_at(rows, y, k) * row_bytes,
				 x, xs, to);
	return fill(c, to, (rows->kernel - ys.end) * taps_bytes);
}

#define BLOCK 16

/*
 * The same for `cells` neighbours whose windows are all inside, with rows that
 * are each one piece. Whole blocks are copied: both sides have room behind, and
 * what is written too far is written again.
 */
static uint8_t *gather_inside(const struct conv *c, const uint8_t *image, uint32_t y,
			      uint32_t x, uint32_t cells, uint8_t *to)
{
	uint32_t kernel_h = c->window.y.kernel;
	size_t row_bytes = c->window.x.in * c->cell_bytes;
	size_t taps_bytes = c->window.x.kernel * c->group_bytes;
	size_t down = c->window.y.dilation * row_bytes;
	size_t right = c->window.x.stride * c->cell_bytes;
	const uint8_t *from = image + (size_t)window_at(&c->window.y, y, 0) * row_bytes +
			      (size_t)window_at(&c->window.x, x, 0) * c->cell_bytes;

	for (uint32_t cell = 0; cell < cells; cell++, from += right) {
		const uint8_t *row = from;

		for (uint32_t k = 0; k < kernel_h; k++, row += down, to += taps_bytes)
			for (size_t i = 0; i < taps_bytes; i += BLOCK)
				memcpy(to + i, row + i, BLOCK);
	}
	return to;
}

/* How many cells from (y, x) on may be gathered so, to the end of their row. */
static uint32_t cells_inside(const struct conv *c, uint32_t y, uint32_t x)
{
	if (!c->is_quick || y < c->inside_y.first || y >= c->inside_y.end ||
	    x < c->inside_x.first || x >= c->inside_x.end)
		return 0;
	return c->inside_x.end - x;
}

static void gather(const struct conv *c, uint32_t first, uint32_t rows, uint32_t group,
		   uint8_t *panel)
{
	uint32_t out_h = c->window.y.out, out_w = c->window.x.out;
	size_t image_bytes = (size_t)c->window.y.in * c->window.x.in * c->cell_bytes;
	const uint8_t *image = c->in + group * c->group_bytes +
			       first / out_w / out_h * image_bytes;
	uint32_t y = first / out_w % out_h, x = first % out_w;

	while (rows > 0) {
		uint32_t cells = cells_inside(c, y, x);

		if (cells > rows)
			cells = rows;
		if (cells > 0)
			panel = gather_inside(c, image, y, x, cells, panel);
		else
			panel = gather_window(c, image, y, x, panel);
		cells += cells == 0;
		rows -= cells;
		x += cells;
		if (x < out_w)
			continue;
		x = 0;
		if (++y < out_h)
			continue;
		y = 0;
		image += image_bytes;
	}
}

static void convolve(void *context, uint32_t item, uint32_t thread)
{
	const struct conv *c = context;
	uint32_t first = item * c->rows;
	uint32_t rows = c->cells - first < c->rows ? c->cells - first : c->rows;
	uint8_t *panel = c->scratch + thread * c->thread_bytes;
	uint8_t *out = c->out + first * c->out_cell_bytes;

	for (uint32_t group = 0; group < c->groups; group++) {
		const uint8_t *a = panel;
		size_t a_stride = c->row_bytes;

		if (c->is_direct) {
			a = c->in + first * c->cell_bytes + group * c->group_bytes;
			a_stride = c->cell_bytes;
		} else {
			gather(c, first, rows, group, panel);
		}
		product_run(&c->product, group, a, a_stride, out, c->out_cell_bytes,
			    rows, panel + c->panel_bytes);
	}
}

static int run(const struct kernel_node *node, struct pool *pool)
{
	struct conv *c = node->prepared;

	c->in = node->input[0]->data;
	c->out = node->output[0]->data;
	c->scratch = (uint8_t *)node->scratch + product_packing_bytes(&c->product);
	product_begin(&c->product, node->input[1]->data, node->scratch);
	pool_run(pool, convolve, c, (c->cells + c->rows - 1) / c->rows);
	return 0;
}

static int check_shapes(const struct kernel_node *node, struct conv *c,
			struct atoll_error *err)
{
	const struct atoll_tensor *input = node->input[0], *filter = node->input[1];
	char text[ATOLL_SHAPE_TEXT];

	if (input->rank != 4)
		return kernel_error(node, err, "input (%s): %u dimensions, expected 4",
				    input->name, input->rank);
	if (filter->rank != 4 || filter->elements == 0)
		return kernel_error(node, err, "filter (%s): shape %s, expected four "
				    "dimensions above 0", filter->name,
				    atoll_shape_text(filter->rank, filter->dims, text));
	if (input->dims[3] == 0 || input->dims[3] % filter->dims[3] != 0)
		return kernel_error(node, err, "filter (%s): %d channels for %d of the input",
				    filter->name, filter->dims[3], input->dims[3]);
	c->groups = (uint32_t)(input->dims[3] / filter->dims[3]);
	if ((uint32_t)filter->dims[0] % c->groups != 0)
		return kernel_error(node, err, "filter (%s): %d outputs in %u groups",
				    filter->name, filter->dims[0], c->groups);
	if (filter->elements / (size_t)filter->dims[0] > WINDOW_VALUES_MAX)
		return kernel_error(node, err, "filter (%s): shape %s, a window has at "
				    "most %d values", filter->name,
				    atoll_shape_text(filter->rank, filter->dims, text),
				    WINDOW_VALUES_MAX);
	return 0;
}

static int fit_window(const struct kernel_node *node, struct flatbuf_table options,
		      struct conv *c, struct atoll_error *err)
{
	const struct atoll_tensor *input = node->input[0], *filter = node->input[1];
	int r;

	c->window = (struct window){
		.y = { .kernel = (uint32_t)filter->dims[1],
		       .stride = flatbuf_u32(options, CONV_2D_STRIDE_H, 0),
		       .dilation = flatbuf_u32(options, CONV_2D_DILATION_H, 1) },
		.x = { .kernel = (uint32_t)filter->dims[2],
		       .stride = flatbuf_u32(options, CONV_2D_STRIDE_W, 0),
		       .dilation = flatbuf_u32(options, CONV_2D_DILATION_W, 1) },
	};
	r = window_fit(node, input, flatbuf_i8(options, CONV_2D_PADDING, 0), &c->window, err);
	if (r < 0)
		return r;
	r = kernel_set_shape(node, 0, 4, (int32_t[]){
		input->dims[0], (int32_t)c->window.y.out, (int32_t)c->window.x.out,
		filter->dims[0] }, err);
	if (r < 0)
		return r;
	if (node->output[0]->elements / (size_t)filter->dims[0] > INT32_MAX)
		return kernel_error(node, err, "more than %d output cells", INT32_MAX);
	return 0;
}

/* Every output cell's window is one cell of the input, the same one. A constant
   input has no readable bytes behind it. */
static bool reads_input_as_it_is(const struct window *w, const struct atoll_tensor *input)
{
	return w->y.kernel == 1 && w->x.kernel == 1 && w->y.stride == 1 &&
	       w->x.stride == 1 && !input->data;
}

/* The outputs whose windows have every tap inside: one run of them. */
static struct window_span outputs_inside(const struct window_axis *axis)
{
	struct window_span span = { 0, axis->out }, taps;

	while (span.first < span.end) {
		taps = window_inside(axis, span.first);
		if (taps.first == 0)
			break;
		span.first++;
	}
	while (span.end > span.first) {
		taps = window_inside(axis, span.end - 1);
		if (taps.end == axis->kernel)
			break;
		span.end--;
	}
	return span;
}

/* Cells of an item: as the panel allows, but enough items for all threads. */
static uint32_t choose_rows(const struct conv *c, uint32_t threads)
{
	uint64_t work = (uint64_t)c->product.k * c->product.columns;
	size_t rows = PANEL_BYTES / c->row_bytes;
	uint64_t share = c->cells / (2 * threads) + 1;

	if (threads > 1 && rows > share)
		rows = share;
	if (rows < ITEM_WORK_MIN / work)
		rows = ITEM_WORK_MIN / work;
	rows = (rows + ROWS_MIN / 2) / ROWS_MIN * ROWS_MIN;
	return rows < ROWS_MIN ? ROWS_MIN : rows > ROWS_MAX ? ROWS_MAX : (uint32_t)rows;
}

static void plan_work(const struct kernel_node *node, struct conv *c, uint32_t threads)
{
	const struct atoll_tensor *input = node->input[0], *output = node->output[0];
	size_t type_bytes = atoll_type_bytes(input->type);

	c->cells = (uint32_t)(output->elements / c->product.columns);
	c->cell_bytes = (size_t)input->dims[3] * type_bytes;
	c->group_bytes = c->cell_bytes / c->groups;
	c->row_bytes = c->product.k * type_bytes;
	c->out_cell_bytes = c->product.columns * type_bytes;
	c->fill = (uint8_t)c->weights.in_zero;
	c->is_direct = reads_input_as_it_is(&c->window, input);
	/* A constant input has no readable bytes behind it. */
	c->is_quick = !input->data && c->groups == 1 && c->window.x.dilation == 1;
	c->inside_y = outputs_inside(&c->window.y);
	c->inside_x = outputs_inside(&c->window.x);
	c->rows = choose_rows(c, threads);
	if (!c->is_direct) /* and the bytes a product may read too many */
		c->panel_bytes = product_align(c->rows * c->row_bytes) + 64;
	c->thread_bytes = c->panel_bytes + product_scratch_bytes(&c->product);
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	struct conv *c = kernel_alloc(setup, sizeof(*c));
	struct weights_roles roles = { .input = 0, .filter = 1, .bias = 2, .axis = 0 };
	uint32_t k, columns;
	int r;

	if (!c)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = kernel_check_counts(node, 2, 3, 1, err);
	if (r == 0)
		r = kernel_activation(node, flatbuf_i8(options, CONV_2D_FUSED_ACTIVATION, 0),
				      &roles.activation, err);
	if (r == 0)
		r = weights_prepare(&c->weights, node, setup, &roles, err);
	if (r == 0)
		r = check_shapes(node, c, err);
	if (r == 0)
		r = fit_window(node, options, c, err);
	if (r < 0)
		return r;
	columns = c->weights.channels;
	k = (uint32_t)(c->weights.filter->elements / columns);
	r = product_prepare(&c->product, &c->weights, setup, k, columns,
			    columns / c->groups, err);
	if (r < 0)
		return r;
	plan_work(node, c, setup->threads);
	node->prepared = c;
	node->scratch_bytes = product_packing_bytes(&c->product) +
			      setup->threads * c->thread_bytes;
	node->run = run;
	return 0;
}

const struct kernel kernel_conv_2d = {
	.code = BUILTIN_CONV_2D,
	.version_max = 8,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare,
};
