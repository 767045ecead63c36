/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/kernels/floats.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/product.h"
#include "runtime/kernels/vector.h"
#include "runtime/kernels/weights.h"
#include "runtime/kernels/window.h"
#include "runtime/schema/tflite.h"

/*
 * DEPTHWISE_CONV_2D: every channel has filters of its own, `multiplier` of them.
 *
 *   input    [batch][in_h][in_w][in_c]
 *   filter   [1][kernel_h][kernel_w][out_c], out_c = in_c * multiplier
 *   bias     [out_c], or left out
 *   output   [batch][out_h][out_w][out_c]
 *
 * Blocks of output rows are the items of work. The option depth_multiplier says
 * again what the shapes say and is not looked at.
 */

/*
 * Vector tables lay out all that a row of windows reaches over. Where dilation
 * goes so far past the image that this is mostly padding, the plain one needs no
 * such memory. Layers of real models have a hundredth of this.
 */
#define REACHED_VALUES_MAX (1 << 23)

struct layer {
	struct weights weights;
	const struct vector_ops *ops;
	struct depthwise shape;  /* of the 8-bit loops */
	struct window window;
	uint32_t in_c, out_c, multiplier;
	uint32_t batches;
	uint32_t rows;           /* output rows of an item */
	uint32_t blocks;         /* items of one image */
	size_t in_image_bytes, out_image_bytes;
	const void *filter;      /* as the loops want it: packed for 8 bit */
	size_t packed_bytes;     /* 0 for the other types */
	size_t thread_bytes;
	void (*convolve)(const struct layer *l, const void *in, void *out,
			 uint32_t first, uint32_t rows, void *scratch);

	/* During run: */
	const uint8_t *in;
	uint8_t *out, *scratch;
};

static void convolve_8(const struct layer *l, const void *in, void *out,
		       uint32_t first, uint32_t rows, void *scratch)
{
	l->ops->depthwise_run(&l->shape, l->filter, in, out, first, rows, scratch);
}

/* Sums of all channels of output cell (y, x), taps in order. */
static void sum_floats(const struct layer *l, const float *in, uint32_t y, uint32_t x,
		       float *sums)
{
	const struct window *w = &l->window;
	struct window_span ys = window_inside(&w->y, y), xs = window_inside(&w->x, x);

	memset(sums, 0, l->out_c * sizeof(*sums));
	for (uint32_t ky = ys.first; ky < ys.end; ky++) {
		size_t row = (size_t)window_at(&w->y, y, ky) * w->x.in;

		for (uint32_t kx = xs.first; kx < xs.end; kx++) {
			const float *cell = in + (row + (size_t)window_at(&w->x, x, kx)) *
						 l->in_c;
			const float *filter = (const float *)l->filter +
				((size_t)ky * w->x.kernel + kx) * l->out_c;

			for (uint32_t c = 0, o = 0; c < l->in_c; c++)
				for (uint32_t m = 0; m < l->multiplier; m++, o++)
					sums[o] += cell[c] * filter[o];
		}
	}
}

static void convolve_floats(const struct layer *l, const void *in, void *out,
			    uint32_t first, uint32_t rows, void *scratch)
{
	const float *bias = weights_bias(&l->weights);
	float *sums = scratch, *to = (float *)out + (size_t)first * l->window.x.out * l->out_c;

	for (uint32_t y = first; y < first + rows; y++) {
		for (uint32_t x = 0; x < l->window.x.out; x++) {
			sum_floats(l, in, y, x, sums);
			for (uint32_t c = 0; c < l->out_c; c++)
				*to++ = clamp_float(bias ? sums[c] + bias[c] : sums[c],
						    l->weights.real_range);
		}
	}
}

static void sum_16(const struct layer *l, const int16_t *in, uint32_t y, uint32_t x,
		   int64_t *sums)
{
	const struct window *w = &l->window;
	struct window_span ys = window_inside(&w->y, y), xs = window_inside(&w->x, x);

	memset(sums, 0, l->out_c * sizeof(*sums));
	for (uint32_t ky = ys.first; ky < ys.end; ky++) {
		size_t row = (size_t)window_at(&w->y, y, ky) * w->x.in;

		for (uint32_t kx = xs.first; kx < xs.end; kx++) {
			const int16_t *cell = in + (row + (size_t)window_at(&w->x, x, kx)) *
						   l->in_c;
			const int8_t *filter = (const int8_t *)l->filter +
				((size_t)ky * w->x.kernel + kx) * l->out_c;

			for (uint32_t c = 0, o = 0; c < l->in_c; c++)
				for (uint32_t m = 0; m < l->multiplier; m++, o++)
					sums[o] += cell[c] * filter[o];
		}
	}
}

static void convolve_16(const struct layer *l, const void *in, void *out,
			uint32_t first, uint32_t rows, void *scratch)
{
	int64_t *sums = scratch;
	int16_t *to = (int16_t *)out + (size_t)first * l->window.x.out * l->out_c;

	for (uint32_t y = first; y < first + rows; y++) {
		for (uint32_t x = 0; x < l->window.x.out; x++) {
			sum_16(l, in, y, x, sums);
			for (uint32_t c = 0; c < l->out_c; c++)
				*to++ = weights_finish_16(&l->weights, sums[c], c);
		}
	}
}

static void convolve_item(void *context, uint32_t item, uint32_t thread)
{
	const struct layer *l = context;
	uint32_t image = item / l->blocks, first = item % l->blocks * l->rows;
	uint32_t left = l->window.y.out - first;

	l->convolve(l, l->in + image * l->in_image_bytes, l->out + image * l->out_image_bytes,
		    first, left < l->rows ? left : l->rows,
		    l->scratch + thread * l->thread_bytes);
}

static int run(const struct kernel_node *node, struct pool *pool)
{
	struct layer *l = node->prepared;

	l->in = node->input[0]->data;
	l->out = node->output[0]->data;
	l->scratch = node->scratch;
	if (l->packed_bytes == 0) {
		l->filter = node->input[1]->data;
	} else if (!l->weights.is_constant) {
		l->shape.bias = weights_bias(&l->weights);
		l->ops->depthwise_pack(&l->shape, node->input[1]->data, node->scratch);
		l->filter = node->scratch;
		l->scratch += product_align(l->packed_bytes);
	}
	pool_run(pool, convolve_item, l, l->batches * l->blocks);
	return 0;
}

static int check_shapes(const struct kernel_node *node, struct layer *l,
			struct atoll_error *err)
{
	const struct atoll_tensor *input = node->input[0], *filter = node->input[1];
	char text[ATOLL_SHAPE_TEXT];

	if (input->rank != 4)
		return kernel_error(node, err, "input (%s): %u dimensions, expected 4",
				    input->name, input->rank);
	if (filter->rank != 4 || filter->dims[0] != 1 || filter->elements == 0)
		return kernel_error(node, err, "filter (%s): shape %s, expected 1xYxXxC",
				    filter->name,
				    atoll_shape_text(filter->rank, filter->dims, text));
	if (input->dims[3] == 0 || filter->dims[3] % input->dims[3] != 0)
		return kernel_error(node, err, "filter (%s): %d channels for %d of the input",
				    filter->name, filter->dims[3], input->dims[3]);
	l->in_c = (uint32_t)input->dims[3];
	l->out_c = (uint32_t)filter->dims[3];
	l->multiplier = l->out_c / l->in_c;
	return 0;
}

static int fit_window(const struct kernel_node *node, struct flatbuf_table options,
		      struct layer *l, struct atoll_error *err)
{
	const struct atoll_tensor *input = node->input[0], *filter = node->input[1];
	int r;

	l->window = (struct window){
		.y = { .kernel = (uint32_t)filter->dims[1],
		       .stride = flatbuf_u32(options, DEPTHWISE_CONV_2D_STRIDE_H, 0),
		       .dilation = flatbuf_u32(options, DEPTHWISE_CONV_2D_DILATION_H, 1) },
		.x = { .kernel = (uint32_t)filter->dims[2],
		       .stride = flatbuf_u32(options, DEPTHWISE_CONV_2D_STRIDE_W, 0),
		       .dilation = flatbuf_u32(options, DEPTHWISE_CONV_2D_DILATION_W, 1) },
	};
	r = window_fit(node, input, flatbuf_i8(options, DEPTHWISE_CONV_2D_PADDING, 0),
		       &l->window, err);
	if (r < 0)
		return r;
	return kernel_set_shape(node, 0, 4, (int32_t[]){
		input->dims[0], (int32_t)l->window.y.out, (int32_t)l->window.x.out,
		(int32_t)l->out_c }, err);
}

static const struct vector_ops *choose_table(const struct layer *l, enum cpu_level cpu)
{
	const struct window_axis *x = &l->window.x;
	uint64_t columns = (uint64_t)x->out * x->stride +
			   (uint64_t)(x->kernel - 1) * x->dilation;
	uint64_t column_values = (uint64_t)l->window.y.kernel * l->out_c;

	if (columns > REACHED_VALUES_MAX || column_values > REACHED_VALUES_MAX ||
	    columns * column_values > REACHED_VALUES_MAX)
		return &vector_plain;
	return vector_ops(cpu);
}

static void describe_shape(struct layer *l)
{
	const struct weights *w = &l->weights;
	const struct window_axis *y = &l->window.y, *x = &l->window.x;

	l->shape = (struct depthwise){
		.is_signed = w->type == ATOLL_INT8,
		.in_h = y->in, .in_w = x->in, .in_c = l->in_c,
		.out_h = y->out, .out_w = x->out, .out_c = l->out_c,
		.kernel_h = y->kernel, .kernel_w = x->kernel,
		.stride_h = y->stride, .stride_w = x->stride,
		.dilation_h = y->dilation, .dilation_w = x->dilation,
		.pad_top = y->pad, .pad_left = x->pad,
		.in_zero = w->in_zero, .filter_zero = w->filter_zero,
		.out_zero = w->out_zero,
		.low = w->range.low, .high = w->range.high,
		.bias = w->is_constant ? weights_bias(w) : NULL,
		.scale = w->scale,
	};
}

static void choose_loops(struct layer *l)
{
	switch (l->weights.type) {
	case ATOLL_FLOAT32:
		l->convolve = convolve_floats;
		l->thread_bytes = product_align(l->out_c * sizeof(float));
		break;
	case ATOLL_INT16:
		l->convolve = convolve_16;
		l->thread_bytes = product_align(l->out_c * sizeof(int64_t));
		break;
	default:
		l->convolve = convolve_8;
		l->packed_bytes = l->ops->depthwise_packed_bytes(&l->shape);
		l->thread_bytes = product_align(l->ops->depthwise_scratch_bytes(&l->shape));
	}
}

static int pack_constant(struct layer *l, struct kernel_setup *setup,
			 struct atoll_error *err)
{
	bool is_filled;
	void *packed = kernel_alloc_packed(setup, l->packed_bytes, &is_filled);

	if (!packed)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	if (!is_filled)
		l->ops->depthwise_pack(&l->shape, l->weights.filter->data, packed);
	l->filter = packed;
	kernel_done_with(setup, l->weights.filter);
	return 0;
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	struct weights_roles roles = { .input = 0, .filter = 1, .bias = 2, .axis = 3 };
	struct layer *l = kernel_alloc(setup, sizeof(*l));
	int r;

	if (!l)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = kernel_check_counts(node, 2, 3, 1, err);
	if (r == 0)
		r = kernel_activation(node,
				      flatbuf_i8(options, DEPTHWISE_CONV_2D_FUSED_ACTIVATION, 0),
				      &roles.activation, err);
	if (r == 0)
		r = weights_prepare(&l->weights, node, setup, &roles, err);
	if (r == 0)
		r = check_shapes(node, l, err);
	if (r == 0)
		r = fit_window(node, options, l, err);
	if (r < 0)
		return r;
	l->ops = choose_table(l, setup->cpu);
	l->batches = (uint32_t)node->input[0]->dims[0];
	l->in_image_bytes = l->batches ? node->input[0]->bytes / l->batches : 0;
	l->out_image_bytes = l->batches ? node->output[0]->bytes / l->batches : 0;
	describe_shape(l);
	choose_loops(l);
	l->rows = window_share(&l->window, l->out_c, l->batches, setup->threads);
	l->blocks = (l->window.y.out + l->rows - 1) / l->rows;
	node->prepared = l;
	node->run = run;
	node->scratch_bytes = setup->threads * l->thread_bytes;
	if (l->packed_bytes > 0 && l->weights.is_constant)
		return pack_constant(l, setup, err);
	node->scratch_bytes += product_align(l->packed_bytes);
	return 0;
}

const struct kernel kernel_depthwise_conv_2d = {
	.code = BUILTIN_DEPTHWISE_CONV_2D,
	.version_max = 7,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare,
};
