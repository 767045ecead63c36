/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/kernels/floats.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/weights.h"
#include "runtime/kernels/window.h"
#include "runtime/schema/tflite.h"

/*
 * TRANSPOSE_CONV: what a convolution does to gradients, used to enlarge.
 *
 *   output_shape  [4] int32, constant
 *   filter        [out_c][kernel_h][kernel_w][in_c]
 *   input         [batch][in_h][in_w][in_c]
 *   bias          [out_c], or left out
 *   output        output_shape
 *
 * Each input cell is spread over a window of the output: tap k of input cell i
 * lands on output cell i * stride - pad + k. Here an output cell looks for what
 * lands on it instead, in the order of the input, so that cells are independent:
 *
 *	for (i, k) with i * stride - pad + k == o, i rising
 *		sum += input[i] * filter[k]
 *
 * Output rows are the items of work.
 */
struct layer {
	struct weights weights;
	struct window window;   /* over the output: `in` there, `out` is our input */
	uint32_t in_c, out_c, batches;

	/* Sum and finish all channels of one output cell. */
	void (*cell)(const struct layer *l, const void *image, uint32_t y, uint32_t x,
		     void *out);
	size_t in_image_bytes, out_cell_bytes;

	/* During run: */
	const uint8_t *in;
	const void *filter, *bias;
	uint8_t *out;
};

/* Input cells first <= i < end reach output cell o; its tap falls as i rises. */
static struct window_span sources(const struct window_axis *axis, uint32_t o)
{
	int64_t place = (int64_t)o + axis->pad;
	int64_t end = place / axis->stride + 1;
	int64_t first = place - axis->kernel + 1;

	first = first > 0 ? (first + axis->stride - 1) / axis->stride : 0;
	if (end > axis->out)
		end = axis->out;
	if (first > end)
		first = end;
	return (struct window_span){ (uint32_t)first, (uint32_t)end };
}

static uint32_t tap_of(const struct window_axis *axis, uint32_t o, uint32_t i)
{
	return (uint32_t)((int64_t)o + axis->pad - (int64_t)i * axis->stride);
}

/*
 * The loop over what lands on cell (y, x) of channel c: runs `body` with `in`,
 * the first channel of an input cell, and `by`, its filter values.
 */
#define FOR_EACH_SOURCE(type, filter_type, body)                                     \
	do {                                                                         \
		const struct window_axis *rows = &l->window.y, *columns = &l->window.x; \
		struct window_span ys = sources(rows, y), xs = sources(columns, x);  \
									             \
		for (uint32_t iy = ys.first; iy < ys.end; iy++) {                    \
			for (uint32_t ix = xs.first; ix < xs.end; ix++) {            \
				size_t cell = (size_t)iy * columns->out + ix;        \
				size_t tap = ((size_t)c * rows->kernel +             \
					      tap_of(rows, y, iy)) * columns->kernel + \
					     tap_of(columns, x, ix);                 \
				const type *in = (const type *)image + cell * l->in_c; \
				const filter_type *by =                              \
					(const filter_type *)l->filter + tap * l->in_c; \
									             \
				for (uint32_t i = 0; i < l->in_c; i++)               \
					body;                                        \
			}                                                            \
		}                                                                    \
	} while (0)

static uint8_t finish_8(const struct layer *l, uint32_t sum, uint32_t c)
{
	const struct weights *w = &l->weights;
	int32_t scaled;

	if (l->bias)
		sum += (uint32_t)((const int32_t *)l->bias)[c];
	scaled = multiply_by_quantized((int32_t)sum, w->scale[c]);
	return (uint8_t)(clamp_i32(scaled, w->range.low - w->out_zero,
				   w->range.high - w->out_zero) + w->out_zero);
}

static void cell_u8(const struct layer *l, const void *image, uint32_t y, uint32_t x,
		    void *out)
{
	int32_t in_zero = l->weights.in_zero, filter_zero = l->weights.filter_zero;

	for (uint32_t c = 0; c < l->out_c; c++) {
		uint32_t sum = 0;

		FOR_EACH_SOURCE(uint8_t, uint8_t,
				sum += (uint32_t)((in[i] - in_zero) * (by[i] - filter_zero)));
		((uint8_t *)out)[c] = finish_8(l, sum, c);
	}
}

static void cell_i8(const struct layer *l, const void *image, uint32_t y, uint32_t x,
		    void *out)
{
	int32_t in_zero = l->weights.in_zero;

	for (uint32_t c = 0; c < l->out_c; c++) {
		uint32_t sum = 0;

		FOR_EACH_SOURCE(int8_t, int8_t, sum += (uint32_t)((in[i] - in_zero) * by[i]));
		((uint8_t *)out)[c] = finish_8(l, sum, c);
	}
}

static void cell_16(const struct layer *l, const void *image, uint32_t y, uint32_t x,
		    void *out)
{
	for (uint32_t c = 0; c < l->out_c; c++) {
		int64_t sum = 0;

		FOR_EACH_SOURCE(int16_t, int8_t, sum += in[i] * by[i]);
		((int16_t *)out)[c] = weights_finish_16(&l->weights, sum, c);
	}
}

static void cell_floats(const struct layer *l, const void *image, uint32_t y, uint32_t x,
			void *out)
{
	const float *bias = l->bias;

	for (uint32_t c = 0; c < l->out_c; c++) {
		float sum = 0;

		FOR_EACH_SOURCE(float, float, sum += in[i] * by[i]);
		((float *)out)[c] = clamp_float(bias ? sum + bias[c] : sum,
						l->weights.real_range);
	}
}

static void convolve_row(void *context, uint32_t item, uint32_t thread)
{
	const struct layer *l = context;
	uint32_t width = l->window.x.in, y = item % l->window.y.in;
	const uint8_t *image = l->in + item / l->window.y.in * l->in_image_bytes;
	uint8_t *out = l->out + (size_t)item * width * l->out_cell_bytes;

	(void)thread;
	for (uint32_t x = 0; x < width; x++, out += l->out_cell_bytes)
		l->cell(l, image, y, x, out);
}

static int run(const struct kernel_node *node, struct pool *pool)
{
	struct layer *l = node->prepared;

	l->in = node->input[2]->data;
	l->filter = node->input[1]->data;
	l->bias = weights_bias(&l->weights);
	l->out = node->output[0]->data;
	pool_run(pool, convolve_row, l, l->batches * l->window.y.in);
	return 0;
}

static int check_shapes(const struct kernel_node *node, const int32_t shape[4],
			struct atoll_error *err)
{
	const struct atoll_tensor *filter = node->input[1], *input = node->input[2];
	char text[ATOLL_SHAPE_TEXT];

	if (input->rank != 4 || filter->rank != 4)
		return kernel_error(node, err, "input and filter have %u and %u dimensions, "
				    "expected 4 each", input->rank, filter->rank);
	if (filter->elements == 0 || filter->dims[3] != input->dims[3])
		return kernel_error(node, err, "filter (%s): shape %s for %d input channels",
				    filter->name,
				    atoll_shape_text(filter->rank, filter->dims, text),
				    input->dims[3]);
	if (shape[0] != input->dims[0] || shape[3] != filter->dims[0])
		return kernel_error(node, err, "output shape %s for %d images and %d "
				    "channels", atoll_shape_text(4, shape, text),
				    input->dims[0], filter->dims[0]);
	return 0;
}

static int fit_window(const struct kernel_node *node, struct flatbuf_table options,
		      struct window *window, struct atoll_error *err)
{
	const struct atoll_tensor *filter = node->input[1], *input = node->input[2];
	int r;

	*window = (struct window){
		.y = { .kernel = (uint32_t)filter->dims[1], .dilation = 1,
		       .stride = flatbuf_u32(options, TRANSPOSE_CONV_STRIDE_H, 0) },
		.x = { .kernel = (uint32_t)filter->dims[2], .dilation = 1,
		       .stride = flatbuf_u32(options, TRANSPOSE_CONV_STRIDE_W, 0) },
	};
	r = window_fit(node, node->output[0], flatbuf_i8(options, TRANSPOSE_CONV_PADDING, 0),
		       window, err);
	if (r < 0)
		return r;
	if (window->y.out != (uint32_t)input->dims[1] ||
	    window->x.out != (uint32_t)input->dims[2])
		return kernel_error(node, err, "the output shape belongs to an input of "
				    "%ux%u cells, not %dx%d", window->y.out, window->x.out,
				    input->dims[1], input->dims[2]);
	return 0;
}

static void choose_loops(struct layer *l)
{
	switch (l->weights.type) {
	case ATOLL_FLOAT32:
		l->cell = cell_floats;
		break;
	case ATOLL_INT16:
		l->cell = cell_16;
		break;
	case ATOLL_INT8:
		l->cell = cell_i8;
		break;
	default:
		l->cell = cell_u8;
	}
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	struct weights_roles roles = { .input = 2, .filter = 1, .bias = 3, .axis = 0 };
	struct layer *l = kernel_alloc(setup, sizeof(*l));
	uint32_t count = 0;
	int32_t shape[4];
	int r;

	if (!l)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = kernel_check_counts(node, 3, 4, 1, err);
	if (r == 0)
		r = kernel_activation(node, flatbuf_i8(options,
					TRANSPOSE_CONV_FUSED_ACTIVATION, 0),
				      &roles.activation, err);
	if (r == 0)
		r = kernel_constant_ints(node, 0, shape, 4, &count, err);
	if (r == 0 && count != 4)
		r = kernel_error(node, err, "output shape of %u dimensions", count);
	if (r == 0)
		r = weights_prepare(&l->weights, node, setup, &roles, err);
	if (r == 0)
		r = check_shapes(node, shape, err);
	if (r == 0)
		r = kernel_set_shape(node, 0, 4, shape, err);
	if (r == 0)
		r = fit_window(node, options, &l->window, err);
	if (r < 0)
		return r;
	l->in_c = (uint32_t)node->input[2]->dims[3];
	l->out_c = l->weights.channels;
	l->batches = (uint32_t)shape[0];
	l->in_image_bytes = l->batches ? node->input[2]->bytes / l->batches : 0;
	l->out_cell_bytes = l->out_c * atoll_type_bytes(l->weights.type);
	choose_loops(l);
	node->prepared = l;
	node->run = run;
	return 0;
}

const struct kernel kernel_transpose_conv = {
	.code = BUILTIN_TRANSPOSE_CONV,
	.version_max = 5,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare,
};
