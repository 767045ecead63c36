/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weights in the order in which the device's multipliers take them.
 *
 *   block   groups, then zeros up to a multiple of 64 bytes
 *   group   scales, bias, zero points (those that there are, 4 bytes for each row),
 *           then the body; of a gate the body of the input, then the recurrent one
 *   body    [tap][block of 4 input channels][row][4 channels]
 *
 * A row is an output channel. A group has 64 rows, or all (in sixteens) when those are
 * fewer, or 4. The last one is full length too; what its rows beyond the last hold
 * depends on how far beyond they are:
 *
 *   up to a multiple of 4     as if the weights were 0; the scale of channel 0
 *   up to a multiple of 16    nothing but zeros
 *   the rest                  zeros, and scale 1
 *
 * A depthwise layer has groups of 4 rows, and its taps are 4 x 4 matrices with the
 * weights on the diagonal. All this was found by comparing models with what the vendor's
 * compiler made of them, and is exact to the byte for every layer of those.
 */
#include "runtime/compiler/blocks_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/kernels/window.h"
#include "runtime/schema/tflite.h"

#define GROUP_ROWS_MAX 64

/* Taps of one axis; keeps what a file asks for within reason. */
#define KERNEL_MAX 65535

/* One axis of the kernel. */
struct taps {
	struct window_axis axis;
	bool has_all; /* keeps also those that meet nothing but padding */
};

struct body {
	uint32_t inputs;             /* channels of a row */
	size_t row_step, tap_step;   /* in the model's weights; channels are neighbours */
	uint8_t zero, flip;
};

struct form {
	uint32_t rows, group_rows, groups;
	bool is_diagonal;
	struct taps y, x;
	uint32_t taps;               /* that are kept */
	uint32_t bodies;
	struct body body[2];
	uint32_t bias;               /* its place in the block's tensors */
	const float *scales;         /* [rows], of weights, NULL: one for all */
	float in_scale, out_scale;
	size_t table_bytes;          /* of each table of a group */
	size_t group_bytes;
};

static const struct atoll_tensor *input_of(const struct atoll_graph *graph, uint32_t op,
					   uint32_t input)
{
	return &graph->tensor[graph->op[op].input[input]];
}

static const struct atoll_tensor *weights_of(const struct atoll_graph *graph,
					     const struct compiler_block *block)
{
	return &graph->tensor[block->tensor[0]];
}

/* Does any window have this tap inside the image? */
static bool meets_image(const struct window_axis *axis, uint32_t tap)
{
	int64_t start = window_at(axis, 0, tap), stride = axis->stride;
	int64_t first = start < 0 ? (-start + stride - 1) / stride : 0;

	return first < axis->out && start + first * stride < axis->in;
}

static bool keeps(const struct taps *taps, uint32_t tap)
{
	return taps->has_all || meets_image(&taps->axis, tap);
}

/* How many are kept; all when it were none. */
static uint32_t settle_taps(struct taps *taps)
{
	uint32_t kept = 0;

	for (uint32_t k = 0; k < taps->axis.kernel; k++)
		kept += meets_image(&taps->axis, k);
	taps->has_all = kept == 0;
	return kept > 0 ? kept : taps->axis.kernel;
}

static int find_window(const struct atoll_graph *graph, uint32_t op,
		       const struct atoll_tensor *weights, struct window *window,
		       struct atoll_error *err)
{
	const struct kernel_node node = { .op = &graph->op[op] };
	struct flatbuf_table options = graph->op[op].options;
	bool is_depthwise = graph->op[op].code == BUILTIN_DEPTHWISE_CONV_2D;
	int32_t stride_y = is_depthwise ? flatbuf_i32(options, DEPTHWISE_CONV_2D_STRIDE_H, 0) :
					  flatbuf_i32(options, CONV_2D_STRIDE_H, 0);
	int32_t stride_x = is_depthwise ? flatbuf_i32(options, DEPTHWISE_CONV_2D_STRIDE_W, 0) :
					  flatbuf_i32(options, CONV_2D_STRIDE_W, 0);
	int32_t dilation_y = is_depthwise ?
		flatbuf_i32(options, DEPTHWISE_CONV_2D_DILATION_H, 1) :
		flatbuf_i32(options, CONV_2D_DILATION_H, 1);
	int32_t dilation_x = is_depthwise ?
		flatbuf_i32(options, DEPTHWISE_CONV_2D_DILATION_W, 1) :
		flatbuf_i32(options, CONV_2D_DILATION_W, 1);
	int8_t padding = is_depthwise ? flatbuf_i8(options, DEPTHWISE_CONV_2D_PADDING, 0) :
					flatbuf_i8(options, CONV_2D_PADDING, 0);

	*window = (struct window){
		.y = { .kernel = (uint32_t)weights->dims[1], .stride = (uint32_t)stride_y,
		       .dilation = (uint32_t)dilation_y },
		.x = { .kernel = (uint32_t)weights->dims[2], .stride = (uint32_t)stride_x,
		       .dilation = (uint32_t)dilation_x },
	};
	return window_fit(&node, input_of(graph, op, 0), padding, window, err);
}

/* A kernel of one tap. */
static const struct taps one_tap = { .axis = { .kernel = 1 }, .has_all = true };

static void describe_weights(const struct atoll_tensor *weights, struct body *body)
{
	body->flip = blocks_flip(weights);
	body->zero = (uint8_t)weights->quant.zero_point ^ body->flip;
}

static void describe_conv(const struct atoll_graph *graph, const struct compiler_block *block,
			  struct form *form)
{
	const struct atoll_tensor *weights = weights_of(graph, block);
	bool is_depthwise = graph->op[block->op].code == BUILTIN_DEPTHWISE_CONV_2D;
	struct window window;

	/* Was checked when the block was made. */
	(void)find_window(graph, block->op, weights, &window, NULL);
	form->y.axis = window.y;
	form->x.axis = window.x;
	form->taps = settle_taps(&form->y) * settle_taps(&form->x);
	form->is_diagonal = block->kind == COMPILER_DEPTHWISE;
	form->rows = (uint32_t)weights->dims[is_depthwise ? 3 : 0];
	if (is_depthwise) { /* [1][y][x][rows] */
		form->body[0].inputs = 1;
		form->body[0].row_step = 1;
		form->body[0].tap_step = form->rows;
	} else { /* [rows][y][x][inputs] */
		form->body[0].inputs = (uint32_t)weights->dims[3];
		form->body[0].tap_step = form->body[0].inputs;
		form->body[0].row_step = (size_t)window.y.kernel * window.x.kernel *
					 form->body[0].inputs;
	}
}

/* [rows][inputs] */
static void describe_matrix(const struct atoll_tensor *weights, struct form *form,
			    struct body *body)
{
	form->rows = (uint32_t)weights->dims[0];
	body->inputs = (uint32_t)weights->dims[1];
	body->row_step = body->inputs;
	describe_weights(weights, body);
}

static uint32_t count_tables(uint32_t tables)
{
	return (uint32_t)__builtin_popcount(tables);
}

/* Few rows go together only in convolutions: a FULLY_CONNECTED of one row has 16. */
static uint32_t choose_group(const struct atoll_graph *graph,
			     const struct compiler_block *block, const struct form *form)
{
	uint32_t rows = (uint32_t)blocks_round(form->rows, 16);

	if (form->is_diagonal ||
	    (block->kind == COMPILER_CONV && form->rows <= 4 &&
	     graph->op[block->op].code != BUILTIN_FULLY_CONNECTED))
		return 4;
	return rows < GROUP_ROWS_MAX ? rows : GROUP_ROWS_MAX;
}

static struct form describe(const struct atoll_graph *graph, const struct compiler_block *block)
{
	const struct atoll_tensor *weights = weights_of(graph, block);
	const struct atoll_operator *op = &graph->op[block->op];
	struct form form = {
		.y = one_tap, .x = one_tap, .taps = 1, .bodies = 1, .bias = 1,
		.in_scale = graph->tensor[op->input[0]].quant.scale,
		.out_scale = graph->tensor[op->output[0]].quant.scale,
	};
	size_t width = 0;

	if (block->kind == COMPILER_GATE) {
		form.bodies = 2;
		form.bias = 2;
		describe_matrix(&graph->tensor[block->tensor[1]], &form, &form.body[1]);
		describe_matrix(weights, &form, &form.body[0]);
	} else if (op->code == BUILTIN_FULLY_CONNECTED) {
		describe_matrix(weights, &form, &form.body[0]);
	} else {
		describe_conv(graph, block, &form);
		describe_weights(weights, &form.body[0]);
	}
	if (weights->quant.channels > 1)
		form.scales = weights->quant.scales;
	form.group_rows = choose_group(graph, block, &form);
	form.groups = (uint32_t)((form.rows + (uint64_t)form.group_rows - 1) /
				 form.group_rows);
	for (uint32_t b = 0; b < form.bodies; b++)
		width += form.taps * blocks_round(form.body[b].inputs, 4);
	form.table_bytes = form.group_rows * sizeof(int32_t);
	form.group_bytes = count_tables(block->tables) * form.table_bytes +
			   form.group_rows * width;
	return form;
}

static uint64_t rows_bytes(const struct atoll_graph *graph, const struct compiler_block *block)
{
	struct form form = describe(graph, block);

	return blocks_round((uint64_t)form.groups * form.group_bytes, 64);
}

/* Rows that are there for the device: those up to a multiple of 4. */
static bool is_served(const struct form *form, uint32_t row)
{
	return row < blocks_round(form->rows, 4);
}

/* The factor from sums to outputs. In this order, each step rounded: other orders are
   wrong in the last bit now and then. */
static float row_scale(const struct form *form, uint32_t row)
{
	float product, inverse;

	if (!is_served(form, row))
		return row < blocks_round(form->rows, 16) ? 0.0f : 1.0f;
	product = form->in_scale * form->scales[row < form->rows ? row : 0];
	inverse = 1.0f / form->out_scale;
	return product * inverse;
}

static void write_scales(const struct form *form, uint32_t first, uint8_t *to)
{
	for (uint32_t r = 0; r < form->group_rows; r++) {
		float scale = row_scale(form, first + r);

		memcpy(to + r * sizeof(scale), &scale, sizeof(scale));
	}
}

static void write_bias(const struct form *form, uint32_t first, const uint8_t *bias,
		       uint8_t *to)
{
	uint32_t rows = form->rows - first;

	if (rows > form->group_rows)
		rows = form->group_rows;
	memcpy(to, bias + first * sizeof(int32_t), rows * sizeof(int32_t));
}

static void write_zeros(const struct form *form, uint32_t first, uint8_t *to)
{
	for (uint32_t r = 0; r < form->group_rows && is_served(form, first + r); r++)
		to[r * sizeof(int32_t)] = form->body[0].zero;
}

/* Over zeros. The place behind the tables. */
static uint8_t *write_tables(const struct form *form, const struct compiler_block *block,
			     uint32_t first, const void *const data[], uint8_t *to)
{
	if (block->tables & COMPILER_TABLE_SCALE) {
		write_scales(form, first, to);
		to += form->table_bytes;
	}
	if (block->tables & COMPILER_TABLE_BIAS) {
		write_bias(form, first, data[form->bias], to);
		to += form->table_bytes;
	}
	if (block->tables & COMPILER_TABLE_ZERO) {
		write_zeros(form, first, to);
		to += form->table_bytes;
	}
	return to;
}

static size_t body_bytes(const struct form *form, const struct body *body)
{
	return form->taps * blocks_round(body->inputs, 4) * form->group_rows;
}

/* Weight 0 for all channels of all rows that are served. */
static void clear_body(const struct form *form, const struct body *body, uint32_t first,
		       uint8_t *to)
{
	size_t pieces = body_bytes(form, body) / (4 * form->group_rows);
	size_t rows = 0;

	while (rows < form->group_rows && is_served(form, first + (uint32_t)rows))
		rows++;
	for (size_t i = 0; i < pieces; i++)
		memset(to + i * 4 * form->group_rows, body->zero, rows * 4);
}

struct tap {
	uint32_t given; /* in the model, plus one; 0 before the first */
	uint32_t kept;  /* among those kept, plus one */
};

static bool next_tap(const struct form *form, struct tap *tap)
{
	uint32_t width = form->x.axis.kernel, taps = form->y.axis.kernel * width;

	while (tap->given < taps) {
		uint32_t i = tap->given++;

		if (keeps(&form->y, i / width) && keeps(&form->x, i % width)) {
			tap->kept++;
			return true;
		}
	}
	return false;
}

/* The first channel of a row at a tap: in the groups from this body of the first on,
   and in the model. */
static size_t place(const struct form *form, const struct body *body, struct tap tap,
		    uint32_t row)
{
	uint32_t r = row % form->group_rows;
	size_t pieces = blocks_round(body->inputs, 4) / 4;

	return row / form->group_rows * form->group_bytes +
	       ((tap.kept - 1) * pieces * form->group_rows + r) * 4 +
	       (form->is_diagonal ? r : 0);
}

static size_t place_in_model(const struct body *body, struct tap tap, uint32_t row)
{
	return row * body->row_step + (tap.given - 1) * body->tap_step;
}

/* From a row's channel 0 to channel i. */
static size_t channel(const struct form *form, uint32_t i)
{
	return (size_t)i / 4 * 4 * form->group_rows + i % 4;
}

static void write_weights(const struct form *form, const struct body *body,
			  const uint8_t *weights, uint8_t *to)
{
	struct tap tap = { 0 };

	while (next_tap(form, &tap))
		for (uint32_t row = 0; row < form->rows; row++) {
			const uint8_t *from = weights + place_in_model(body, tap, row);
			uint8_t *at = to + place(form, body, tap, row);

			for (uint32_t i = 0; i < body->inputs; i++)
				at[channel(form, i)] = from[i] ^ body->flip;
		}
}

static void read_weights(const struct form *form, const struct body *body,
			 const uint8_t *from, uint8_t *weights)
{
	struct tap tap = { 0 };

	while (next_tap(form, &tap))
		for (uint32_t row = 0; row < form->rows; row++) {
			const uint8_t *at = from + place(form, body, tap, row);
			uint8_t *to = weights + place_in_model(body, tap, row);

			for (uint32_t i = 0; i < body->inputs; i++)
				to[i] = at[channel(form, i)] ^ body->flip;
		}
}

static void rows_write(const struct atoll_graph *graph, const struct compiler_block *block,
		       const void *const data[], uint8_t *to)
{
	struct form form = describe(graph, block);
	size_t bodies = count_tables(block->tables) * form.table_bytes;

	memset(to, 0, block->bytes);
	for (uint32_t g = 0; g < form.groups; g++) {
		uint32_t first = g * form.group_rows;
		uint8_t *at = write_tables(&form, block, first, data,
					   to + g * form.group_bytes);

		for (uint32_t b = 0; b < form.bodies; b++) {
			clear_body(&form, &form.body[b], first, at);
			at += body_bytes(&form, &form.body[b]);
		}
	}
	for (uint32_t b = 0; b < form.bodies; b++) {
		write_weights(&form, &form.body[b], data[b], to + bodies);
		bodies += body_bytes(&form, &form.body[b]);
	}
}

static void read_bias(const struct form *form, const struct compiler_block *block,
		      const uint8_t *from, uint8_t *bias)
{
	if (!(block->tables & COMPILER_TABLE_BIAS)) {
		memset(bias, 0, form->rows * sizeof(int32_t));
		return;
	}
	if (block->tables & COMPILER_TABLE_SCALE)
		from += form->table_bytes;
	for (uint32_t row = 0; row < form->rows; row++)
		memcpy(bias + row * sizeof(int32_t),
		       from + row / form->group_rows * form->group_bytes +
			       row % form->group_rows * sizeof(int32_t),
		       sizeof(int32_t));
}

static void rows_read(const struct atoll_graph *graph, const struct compiler_block *block,
		      const uint8_t *from, void *const data[])
{
	struct form form = describe(graph, block);
	size_t bodies = count_tables(block->tables) * form.table_bytes;

	for (uint32_t b = 0; b < form.bodies; b++) {
		const struct atoll_tensor *weights = &graph->tensor[block->tensor[b]];

		/* Weights that are not kept. */
		memset(data[b], weights->quant.zero_point, weights->bytes);
		read_weights(&form, &form.body[b], from + bodies, data[b]);
		bodies += body_bytes(&form, &form.body[b]);
	}
	if (block->tensors > form.bias)
		read_bias(&form, block, from, data[form.bias]);
}

static const char *rows_what(const struct atoll_graph *graph,
			     const struct compiler_block *block, size_t at)
{
	static const char *const names[] = { "scales", "bias", "zero points" };
	struct form form = describe(graph, block);
	size_t end = 0;

	if (at >= form.groups * form.group_bytes)
		return "padding";
	at %= form.group_bytes;
	for (uint32_t t = 0; t < 3; t++) {
		end += block->tables & 1u << t ? form.table_bytes : 0;
		if (at < end)
			return names[t];
	}
	return "weights";
}

const struct blocks_layout blocks_rows = {
	.bytes = rows_bytes, .write = rows_write, .read = rows_read, .what = rows_what,
};

static int refuse(const struct atoll_graph *graph, const struct compiler_block *block,
		  const struct atoll_tensor *tensor, struct atoll_error *err, const char *why)
{
	char shape[ATOLL_SHAPE_TEXT];

	return atoll_error_set(err, -EINVAL, "operator %" PRIu32 " (%s): tensor %.60s: %s "
			       "%s %s", block->op, graph->op[block->op].name, tensor->name,
			       atoll_type_name(tensor->type),
			       atoll_shape_text(tensor->rank, tensor->dims, shape), why);
}

static int check_matrix(const struct atoll_graph *graph, const struct compiler_block *block,
			const struct atoll_tensor *weights, uint32_t rank,
			struct atoll_error *err)
{
	if (weights->type != ATOLL_INT8 && weights->type != ATOLL_UINT8)
		return refuse(graph, block, weights, err, "has not 8 bits");
	if (weights->rank != rank || weights->elements == 0 || weights->elements > INT32_MAX ||
	    (rank == 4 && (weights->dims[1] > KERNEL_MAX || weights->dims[2] > KERNEL_MAX)) ||
	    (graph->op[block->op].code == BUILTIN_DEPTHWISE_CONV_2D && weights->dims[0] != 1))
		return refuse(graph, block, weights, err, "has not the shape of weights");
	return 0;
}

int blocks_rows_check(const struct atoll_graph *graph, const struct compiler_block *block,
		      struct atoll_error *err)
{
	const struct atoll_operator *op = &graph->op[block->op];
	const struct atoll_tensor *weights = weights_of(graph, block);
	bool is_matrix = block->kind == COMPILER_GATE || op->code == BUILTIN_FULLY_CONNECTED;
	uint32_t bodies = block->kind == COMPILER_GATE ? 2 : 1;
	uint32_t axis = op->code == BUILTIN_DEPTHWISE_CONV_2D ? 3 : 0;
	struct window window;
	int r = 0;

	for (uint32_t b = 0; b < bodies && r == 0; b++)
		r = check_matrix(graph, block, &graph->tensor[block->tensor[b]],
				 is_matrix ? 2 : 4, err);
	if (r < 0)
		return r;
	if (bodies == 2 && graph->tensor[block->tensor[1]].dims[0] != weights->dims[0])
		return refuse(graph, block, &graph->tensor[block->tensor[1]], err,
			      "has not as many rows as the weights of the input");
	if (weights->quant.channels > 1 &&
	    (bodies == 2 || weights->quant.channels != (uint32_t)weights->dims[axis] ||
	     weights->quant.axis != axis))
		return refuse(graph, block, weights, err, "has scales along another axis");
	if (block->tensors > bodies) {
		const struct atoll_tensor *bias = &graph->tensor[block->tensor[bodies]];

		if (bias->type != ATOLL_INT32 ||
		    bias->elements != (size_t)weights->dims[axis])
			return refuse(graph, block, bias, err, "is no bias of the weights");
	}
	return is_matrix ? 0 : find_window(graph, block->op, weights, &window, err);
}
