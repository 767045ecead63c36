/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <float.h>
#include <string.h>

#include "runtime/kernels/floats.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/vector.h"
#include "runtime/kernels/window.h"
#include "runtime/schema/tflite.h"

/*
 * AVERAGE_POOL_2D and MAX_POOL_2D.
 *
 *   input    [batch][in_h][in_w][channels]
 *   output   [batch][out_h][out_w][channels], same scale and zero point
 *
 * Cells outside the image take no part: they are not counted in an average.
 * Blocks of output rows are the items of work.
 */

/* What 8-bit sums in 32 bits allow. */
#define WINDOW_CELLS_MAX (1 << 23)

struct layer {
	const struct vector_ops *ops;
	struct average_pool shape; /* 8-bit averages */
	struct window window;
	struct quant_range range;
	struct float_range real_range;
	uint32_t channels, batches;
	uint32_t rows, blocks;     /* output rows of an item; items of an image */
	size_t in_image_bytes, out_image_bytes;

	/* Output rows [first, first + rows) of one image. */
	void (*pool)(const struct layer *l, const void *in, void *out,
		     uint32_t first, uint32_t rows, void *scratch);

	/* For all but 8-bit averages: */
	void (*take)(void *sums, const void *cell, uint32_t channels);
	void (*finish)(const struct layer *l, const void *sums, uint32_t cells, void *out);
	void *start;               /* what the sums of a window begin with */
	size_t start_bytes, cell_bytes;
	size_t thread_bytes;       /* 0: sums grow in the output */

	/* During run: */
	const uint8_t *in;
	uint8_t *out, *scratch;
};

static void average_8(const struct layer *l, const void *in, void *out,
		      uint32_t first, uint32_t rows, void *scratch)
{
	(void)scratch;
	l->ops->average_pool_run(&l->shape, in, out, first, rows);
}

/*
 * The other kinds: the cells of a window are taken in one after the other, all
 * channels of each side by side, and then finished. Sums of int16 have 64 bits
 * and stay in scratch, everything else grows where the result will be.
 */
#define DEFINE_MAX(suffix, type, clamped)                                          \
	static void take_max_##suffix(void *sums, const void *cell, uint32_t count)\
	{                                                                          \
		const type *x = cell;                                              \
		type *most = sums;                                                 \
									           \
		for (uint32_t c = 0; c < count; c++)                               \
			most[c] = x[c] > most[c] ? x[c] : most[c];                 \
	}                                                                          \
									           \
	static void finish_max_##suffix(const struct layer *l, const void *sums,   \
					uint32_t cells, void *out)                 \
	{                                                                          \
		const type *most = sums;                                           \
		type *to = out;                                                    \
									           \
		(void)cells;                                                       \
		for (uint32_t c = 0; c < l->channels; c++)                         \
			to[c] = (type)clamped;                                     \
	}

DEFINE_MAX(u8, uint8_t, clamp_i32(most[c], l->range.low, l->range.high))
DEFINE_MAX(i8, int8_t, clamp_i32(most[c], l->range.low, l->range.high))
DEFINE_MAX(16, int16_t, clamp_i32(most[c], l->range.low, l->range.high))
DEFINE_MAX(floats, float, clamp_float(most[c], l->real_range))

static void take_floats(void *sums, const void *cell, uint32_t count)
{
	const float *x = cell;
	float *sum = sums;

	for (uint32_t c = 0; c < count; c++)
		sum[c] += x[c];
}

static void finish_mean_floats(const struct layer *l, const void *sums, uint32_t cells,
			       void *out)
{
	const float *sum = sums;
	float *to = out;

	for (uint32_t c = 0; c < l->channels; c++)
		to[c] = clamp_float(sum[c] / (float)cells, l->real_range);
}

static void take_16(void *sums, const void *cell, uint32_t count)
{
	const int16_t *x = cell;
	int64_t *sum = sums;

	for (uint32_t c = 0; c < count; c++)
		sum[c] += x[c];
}

/* TFLite: half away from zero, on stored values. */
static void finish_mean_16(const struct layer *l, const void *sums, uint32_t cells,
			   void *out)
{
	const int64_t *sum = sums;
	int16_t *to = out;

	for (uint32_t c = 0; c < l->channels; c++) {
		int64_t half = sum[c] > 0 ? cells / 2 : -(int64_t)(cells / 2);

		to[c] = (int16_t)clamp_i32((int32_t)((sum[c] + half) / cells),
					   l->range.low, l->range.high);
	}
}

/* The window of output cell (y, x): how many cells it saw. */
static uint32_t take_window(const struct layer *l, const uint8_t *in, uint32_t y,
			    uint32_t x, void *sums)
{
	const struct window *w = &l->window;
	struct window_span ys = window_inside(&w->y, y), xs = window_inside(&w->x, x);

	for (uint32_t ky = ys.first; ky < ys.end; ky++) {
		size_t row = (size_t)window_at(&w->y, y, ky) * w->x.in;

		for (uint32_t kx = xs.first; kx < xs.end; kx++)
			l->take(sums, in + (row + (size_t)window_at(&w->x, x, kx)) *
					   l->cell_bytes, l->channels);
	}
	return (ys.end - ys.first) * (xs.end - xs.first);
}

static void pool_cells(const struct layer *l, const void *in, void *out,
		       uint32_t first, uint32_t rows, void *scratch)
{
	uint8_t *to = (uint8_t *)out + (size_t)first * l->window.x.out * l->cell_bytes;

	for (uint32_t y = first; y < first + rows; y++) {
		for (uint32_t x = 0; x < l->window.x.out; x++, to += l->cell_bytes) {
			void *sums = l->thread_bytes ? scratch : to;
			uint32_t cells;

			memcpy(sums, l->start, l->start_bytes);
			cells = take_window(l, in, y, x, sums);
			l->finish(l, sums, cells, to);
		}
	}
}

static void pool_item(void *context, uint32_t item, uint32_t thread)
{
	const struct layer *l = context;
	uint32_t image = item / l->blocks, first = item % l->blocks * l->rows;
	uint32_t left = l->window.y.out - first;

	l->pool(l, l->in + image * l->in_image_bytes, l->out + image * l->out_image_bytes,
		first, left < l->rows ? left : l->rows,
		l->scratch + thread * l->thread_bytes);
}

static int run(const struct kernel_node *node, struct pool *pool)
{
	struct layer *l = node->prepared;

	l->in = node->input[0]->data;
	l->out = node->output[0]->data;
	l->scratch = node->scratch;
	pool_run(pool, pool_item, l, l->batches * l->blocks);
	return 0;
}

static int check_quantization(const struct kernel_node *node, struct atoll_error *err)
{
	int r;

	if (node->input[0]->type == ATOLL_FLOAT32)
		return 0;
	r = kernel_check_quantized(node, node->input[0], "input", err);
	if (r == 0)
		r = kernel_check_quantized(node, node->output[0], "output", err);
	if (r == 0)
		r = kernel_check_same_quant(node, node->input[0], node->output[0], err);
	return r;
}

static int fit_window(const struct kernel_node *node, struct flatbuf_table options,
		      struct layer *l, struct atoll_error *err)
{
	const struct atoll_tensor *input = node->input[0];
	int64_t cells;
	int r;

	l->window = (struct window){
		.y = { .kernel = flatbuf_u32(options, POOL_2D_FILTER_HEIGHT, 0),
		       .stride = flatbuf_u32(options, POOL_2D_STRIDE_H, 0),
		       .dilation = 1 },
		.x = { .kernel = flatbuf_u32(options, POOL_2D_FILTER_WIDTH, 0),
		       .stride = flatbuf_u32(options, POOL_2D_STRIDE_W, 0),
		       .dilation = 1 },
	};
	r = window_fit(node, input, flatbuf_i8(options, POOL_2D_PADDING, 0), &l->window, err);
	if (r < 0)
		return r;
	cells = (int64_t)l->window.y.kernel * l->window.x.kernel;
	if (cells > WINDOW_CELLS_MAX)
		return kernel_error(node, err, "window of %lld cells, at most %d",
				    (long long)cells, WINDOW_CELLS_MAX);
	return kernel_set_shape(node, 0, 4, (int32_t[]){
		input->dims[0], (int32_t)l->window.y.out, (int32_t)l->window.x.out,
		input->dims[3] }, err);
}

static void describe_shape(struct layer *l, bool is_signed)
{
	const struct window_axis *y = &l->window.y, *x = &l->window.x;

	l->shape = (struct average_pool){
		.is_signed = is_signed,
		.in_h = y->in, .in_w = x->in, .channels = l->channels,
		.out_h = y->out, .out_w = x->out,
		.kernel_h = y->kernel, .kernel_w = x->kernel,
		.stride_h = y->stride, .stride_w = x->stride,
		.pad_top = y->pad, .pad_left = x->pad,
		.low = l->range.low, .high = l->range.high,
	};
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   struct layer **layer, struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	uint32_t types = KERNEL_TYPE(ATOLL_UINT8) | KERNEL_TYPE(ATOLL_INT8) |
			 KERNEL_TYPE(ATOLL_INT16) | KERNEL_TYPE(ATOLL_FLOAT32);
	struct layer *l = kernel_alloc(setup, sizeof(*l));
	enum activation activation;
	int r;

	if (!l)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = kernel_check_counts(node, 1, 1, 1, err);
	if (r == 0)
		r = kernel_check_input(node, 0, types, err);
	if (r == 0)
		r = kernel_check_output(node, 0, KERNEL_TYPE(node->input[0]->type), err);
	if (r == 0)
		r = check_quantization(node, err);
	if (r == 0)
		r = kernel_activation(node, flatbuf_i8(options, POOL_2D_FUSED_ACTIVATION, 0),
				      &activation, err);
	if (r == 0)
		r = fit_window(node, options, l, err);
	if (r < 0)
		return r;
	l->ops = vector_ops(setup->cpu);
	l->channels = (uint32_t)node->input[0]->dims[3];
	l->batches = (uint32_t)node->input[0]->dims[0];
	l->in_image_bytes = l->batches ? node->input[0]->bytes / l->batches : 0;
	l->out_image_bytes = l->batches ? node->output[0]->bytes / l->batches : 0;
	l->real_range = float_activation_range(activation);
	if (node->input[0]->type != ATOLL_FLOAT32)
		l->range = quant_activation_range(activation, node->output[0]);
	l->cell_bytes = l->channels * atoll_type_bytes(node->input[0]->type);
	l->pool = pool_cells;
	l->rows = window_share(&l->window, l->channels, l->batches, setup->threads);
	l->blocks = (l->window.y.out + l->rows - 1) / l->rows;
	node->prepared = l;
	node->run = run;
	*layer = l;
	return 0;
}

/* A cell whose channels all have the value that starts a maximum or a sum. */
static int set_start(struct layer *l, struct kernel_setup *setup, const void *value,
		     size_t bytes, struct atoll_error *err)
{
	l->start_bytes = l->channels * bytes;
	l->start = kernel_alloc(setup, l->start_bytes);
	if (!l->start)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	for (uint32_t c = 0; c < l->channels; c++)
		memcpy((uint8_t *)l->start + c * bytes, value, bytes);
	return 0;
}

static int prepare_average(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	struct layer *l;
	int r = prepare(node, setup, &l, err);

	if (r < 0)
		return r;
	switch (node->input[0]->type) {
	case ATOLL_FLOAT32:
		l->take = take_floats;
		l->finish = finish_mean_floats;
		return set_start(l, setup, &(float){ 0 }, sizeof(float), err);
	case ATOLL_INT16:
		l->take = take_16;
		l->finish = finish_mean_16;
		l->thread_bytes = (l->channels * sizeof(int64_t) + 63) / 64 * 64;
		node->scratch_bytes = setup->threads * l->thread_bytes;
		return set_start(l, setup, &(int64_t){ 0 }, sizeof(int64_t), err);
	default:
		l->pool = average_8;
		describe_shape(l, node->input[0]->type == ATOLL_INT8);
		return 0;
	}
}

static int prepare_max(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	struct layer *l;
	int r = prepare(node, setup, &l, err);

	if (r < 0)
		return r;
	switch (node->input[0]->type) {
	case ATOLL_FLOAT32:
		l->take = take_max_floats;
		l->finish = finish_max_floats;
		return set_start(l, setup, &(float){ -FLT_MAX }, sizeof(float), err);
	case ATOLL_INT16:
		l->take = take_max_16;
		l->finish = finish_max_16;
		return set_start(l, setup, &(int16_t){ INT16_MIN }, sizeof(int16_t), err);
	case ATOLL_INT8:
		l->take = take_max_i8;
		l->finish = finish_max_i8;
		return set_start(l, setup, &(int8_t){ INT8_MIN }, sizeof(int8_t), err);
	default:
		l->take = take_max_u8;
		l->finish = finish_max_u8;
		return set_start(l, setup, &(uint8_t){ 0 }, sizeof(uint8_t), err);
	}
}

const struct kernel kernel_average_pool_2d = {
	.code = BUILTIN_AVERAGE_POOL_2D,
	.version_max = 3,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_average,
};

const struct kernel kernel_max_pool_2d = {
	.code = BUILTIN_MAX_POOL_2D,
	.version_max = 3,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_max,
};
