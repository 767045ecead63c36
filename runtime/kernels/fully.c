/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/floats.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/product.h"
#include "runtime/kernels/weights.h"
#include "runtime/schema/tflite.h"

/*
 * FULLY_CONNECTED.
 *
 *   input    any shape, taken as [rows][k]
 *   filter   [columns][k]
 *   bias     [columns], or left out
 *   output   [rows][columns], or the input's shape with its last dimension
 *            replaced (keep_num_dims)
 *
 * Items of work are blocks of rows by parts of the columns. Float inputs with
 * int8 weights (models quantized in their weights only) go their own way, at
 * the end of the file.
 */

/* Weights of a part: enough to keep a thread busy. */
#define PART_BYTES 131072
#define PART_ROUND 64

/* Rows of an item, which read its weights together. */
#define ROWS 32

struct fully {
	struct weights weights;
	struct product product;
	uint32_t rows;
	size_t row_bytes, out_row_bytes, thread_bytes;
	size_t copy_bytes; /* of a constant input: it may not be read over its end */

	/* During run: */
	const uint8_t *in;
	uint8_t *out, *scratch;
};

static void multiply_item(void *context, uint32_t item, uint32_t thread)
{
	const struct fully *f = context;
	uint32_t first = item / f->product.parts * ROWS;
	uint32_t rows = f->rows - first < ROWS ? f->rows - first : ROWS;

	product_run(&f->product, item % f->product.parts,
		    f->in + first * f->row_bytes, f->row_bytes,
		    f->out + first * f->out_row_bytes, f->out_row_bytes,
		    rows, f->scratch + thread * f->thread_bytes);
}

static int run(const struct kernel_node *node, struct pool *pool)
{
	struct fully *f = node->prepared;

	f->in = node->input[0]->data;
	f->out = node->output[0]->data;
	f->scratch = (uint8_t *)node->scratch + product_packing_bytes(&f->product);
	product_begin(&f->product, node->input[1]->data, node->scratch);
	if (f->copy_bytes > 0) {
		f->in = memcpy(f->scratch, f->in, node->input[0]->bytes);
		f->scratch += f->copy_bytes;
	}
	pool_run(pool, multiply_item, f, (f->rows + ROWS - 1) / ROWS * f->product.parts);
	return 0;
}

static uint32_t part_columns(uint32_t columns, size_t k_bytes)
{
	size_t most = PART_BYTES / k_bytes / PART_ROUND * PART_ROUND;

	if (most < PART_ROUND)
		most = PART_ROUND;
	return columns < most ? columns : (uint32_t)most;
}

static int check_shapes(const struct kernel_node *node, struct flatbuf_table options,
			struct atoll_error *err)
{
	const struct atoll_tensor *input = node->input[0], *filter = node->input[1];
	char text[ATOLL_SHAPE_TEXT];
	int8_t format = flatbuf_i8(options, FULLY_CONNECTED_WEIGHTS_FORMAT, 0);

	if (format != WEIGHTS_DEFAULT)
		return kernel_error(node, err, "weights format %d; only the default, "
				    "unshuffled, is supported", format);
	if (filter->rank != 2 || filter->elements == 0)
		return kernel_error(node, err, "filter (%s): shape %s, expected two "
				    "dimensions above 0", filter->name,
				    atoll_shape_text(filter->rank, filter->dims, text));
	if (input->elements % (size_t)filter->dims[1] != 0)
		return kernel_error(node, err, "input (%s): %zu values are no rows of %d",
				    input->name, input->elements, filter->dims[1]);
	if (input->elements / (size_t)filter->dims[1] > INT32_MAX / ROWS)
		return kernel_error(node, err, "input (%s): more than %d rows",
				    input->name, INT32_MAX / ROWS);
	return 0;
}

static int set_shape(const struct kernel_node *node, struct flatbuf_table options,
		     struct atoll_error *err)
{
	const struct atoll_tensor *input = node->input[0], *filter = node->input[1];
	int32_t dims[ATOLL_RANK_MAX];
	uint32_t last = input->rank - 1;

	if (!flatbuf_bool(options, FULLY_CONNECTED_KEEP_NUM_DIMS, false))
		return kernel_set_shape(node, 0, 2, (int32_t[]){
			(int32_t)(input->elements / (size_t)filter->dims[1]),
			filter->dims[0] }, err);
	if (input->rank == 0 || input->dims[last] != filter->dims[1])
		return kernel_error(node, err, "input (%s): last dimension is not the "
				    "filter's %d, as keep_num_dims wants",
				    input->name, filter->dims[1]);
	memcpy(dims, input->dims, sizeof(dims));
	dims[last] = filter->dims[0];
	return kernel_set_shape(node, 0, input->rank, dims, err);
}

static int prepare_product(struct kernel_node *node, struct kernel_setup *setup,
			   const struct weights_roles *roles, struct flatbuf_table options,
			   struct atoll_error *err)
{
	const struct atoll_tensor *input = node->input[0];
	struct fully *f = kernel_alloc(setup, sizeof(*f));
	size_t type_bytes = atoll_type_bytes(input->type);
	uint32_t k, columns;
	int r;

	if (!f)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = weights_prepare(&f->weights, node, setup, roles, err);
	if (r == 0)
		r = check_shapes(node, options, err);
	if (r == 0)
		r = set_shape(node, options, err);
	if (r < 0)
		return r;
	k = (uint32_t)node->input[1]->dims[1];
	columns = (uint32_t)node->input[1]->dims[0];
	r = product_prepare(&f->product, &f->weights, setup, k, columns,
			    part_columns(columns, k * type_bytes), err);
	if (r < 0)
		return r;
	f->rows = (uint32_t)(input->elements / k);
	f->row_bytes = k * type_bytes;
	f->out_row_bytes = columns * type_bytes;
	f->thread_bytes = product_scratch_bytes(&f->product);
	if (input->data)
		f->copy_bytes = product_align(input->bytes + 64);
	node->prepared = f;
	node->run = run;
	node->scratch_bytes = product_packing_bytes(&f->product) + f->copy_bytes +
			      setup->threads * f->thread_bytes;
	return 0;
}

/*
 * Float input, int8 weights. TFLite quantizes each row of the input on the fly,
 *
 *	scale = max |x| / 127, q = round(x / scale)
 *
 * or with asymmetric_quantize_inputs over the range from its lowest to its
 * highest value with a zero point, and adds sum(q * w) * scale * filter_scale
 * to the bias.
 */
struct hybrid {
	uint32_t rows, k, columns;
	bool is_asymmetric;
	struct float_range range;
};

/* A row quantized: differences from the zero point, and what one step is. */
struct quantized_row {
	int16_t *x; /* [k] */
	float scale;
};

static int32_t nearest(float x, int32_t low, int32_t high)
{
	return (int32_t)fminf(fmaxf(roundf(x), (float)low), (float)high);
}

static void quantize_symmetric(const float *in, uint32_t k, struct quantized_row *row)
{
	float most = 0, inverse;

	for (uint32_t i = 0; i < k; i++)
		most = fmaxf(most, fabsf(in[i]));
	inverse = most > 0 ? 127.0f / most : 0;
	row->scale = most > 0 ? most / 127.0f : 1;
	for (uint32_t i = 0; i < k; i++)
		row->x[i] = (int16_t)nearest(in[i] * inverse, -127, 127);
}

/* The zero point from the end of the range that loses less by it. */
static int32_t choose_zero(double low, double high, double scale)
{
	double from_low = INT8_MIN - low / scale;
	double from_high = INT8_MAX - high / scale;
	double low_error = -INT8_MIN + fabs(low / scale);
	double high_error = INT8_MAX + fabs(high / scale);
	double zero = low_error < high_error ? from_low : from_high;

	return (int32_t)fmin(fmax(round(zero), INT8_MIN), INT8_MAX);
}

static void quantize_asymmetric(const float *in, uint32_t k, struct quantized_row *row)
{
	float low = 0, high = 0, inverse;
	int32_t zero;

	for (uint32_t i = 0; i < k; i++) {
		low = fminf(low, in[i]);
		high = fmaxf(high, in[i]);
	}
	row->scale = (float)(((double)high - (double)low) / UINT8_MAX);
	if (!(row->scale > 0) || !isfinite(row->scale)) {
		memset(row->x, 0, k * sizeof(*row->x));
		row->scale = 1;
		return;
	}
	zero = choose_zero((double)low, (double)high,
			   ((double)high - (double)low) / UINT8_MAX);
	inverse = 1.0f / row->scale;
	for (uint32_t i = 0; i < k; i++)
		row->x[i] = (int16_t)(nearest((float)zero + in[i] * inverse,
					      INT8_MIN, INT8_MAX) - zero);
}

static void multiply_row(const struct kernel_node *node, const struct quantized_row *row,
			 float *out)
{
	const struct hybrid *h = node->prepared;
	const struct atoll_quant *quant = &node->input[1]->quant;
	const int8_t *w = node->input[1]->data;
	const char *bias = node->inputs > 2 && node->input[2] ? node->input[2]->data : NULL;

	for (uint32_t n = 0; n < h->columns; n++, w += h->k) {
		float scale = quant->channels > 1 ? quant->scales[n] : quant->scale;
		float result = 0;
		uint32_t sum = 0;

		for (uint32_t i = 0; i < h->k; i++)
			sum += (uint32_t)(row->x[i] * w[i]);
		if (bias)
			memcpy(&result, bias + n * sizeof(float), sizeof(result));
		result += (float)(int32_t)sum * (row->scale * scale);
		out[n] = clamp_float(result, h->range);
	}
}

static int run_hybrid(const struct kernel_node *node, struct pool *pool)
{
	const struct hybrid *h = node->prepared;
	struct quantized_row row = { .x = node->scratch };
	float *out = node->output[0]->data;
	const char *in = node->input[0]->data;

	(void)pool; /* what such models lack is not threads but quantization */
	for (uint32_t r = 0; r < h->rows; r++, out += h->columns) {
		const float *x = (const float *)(const void *)in + (size_t)r * h->k;

		if (h->is_asymmetric)
			quantize_asymmetric(x, h->k, &row);
		else
			quantize_symmetric(x, h->k, &row);
		multiply_row(node, &row, out);
	}
	return 0;
}

static int check_hybrid(const struct kernel_node *node, struct atoll_error *err)
{
	const struct atoll_tensor *filter = node->input[1];
	const struct atoll_tensor *bias = node->inputs > 2 ? node->input[2] : NULL;
	int r = kernel_check_output(node, 0, KERNEL_TYPE(ATOLL_FLOAT32), err);

	if (r == 0 && bias)
		r = kernel_check_input(node, 2, KERNEL_TYPE(ATOLL_FLOAT32), err);
	if (r == 0 && filter->quant.channels <= 1)
		r = kernel_check_quantized(node, filter, "filter", err);
	if (r < 0)
		return r;
	if (filter->rank != 2 || (filter->quant.channels > 1 &&
				  (filter->quant.axis != 0 ||
				   filter->quant.channels != (uint32_t)filter->dims[0])))
		return kernel_error(node, err, "filter (%s): scales do not fit the shape",
				    filter->name);
	if (bias && bias->elements != (size_t)filter->dims[0])
		return kernel_error(node, err, "bias (%s): %zu values for %d channels",
				    bias->name, bias->elements, filter->dims[0]);
	return 0;
}

static int prepare_hybrid(struct kernel_node *node, struct kernel_setup *setup,
			  const struct weights_roles *roles, struct flatbuf_table options,
			  struct atoll_error *err)
{
	struct hybrid *h = kernel_alloc(setup, sizeof(*h));
	int r;

	if (!h)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = check_hybrid(node, err);
	if (r == 0)
		r = check_shapes(node, options, err);
	if (r == 0)
		r = set_shape(node, options, err);
	if (r < 0)
		return r;
	h->k = (uint32_t)node->input[1]->dims[1];
	h->columns = (uint32_t)node->input[1]->dims[0];
	h->rows = (uint32_t)(node->input[0]->elements / h->k);
	h->is_asymmetric = flatbuf_bool(options, FULLY_CONNECTED_ASYMMETRIC_QUANTIZE_INPUTS,
					false);
	h->range = float_activation_range(roles->activation);
	node->prepared = h;
	node->run = run_hybrid;
	node->scratch_bytes = h->k * sizeof(int16_t);
	return 0;
}

static bool is_hybrid(const struct kernel_node *node)
{
	return node->input[0] && node->input[0]->type == ATOLL_FLOAT32 &&
	       node->input[1] && node->input[1]->type == ATOLL_INT8;
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	struct weights_roles roles = { .input = 0, .filter = 1, .bias = 2, .axis = 0,
				       .is_float_scaled = true, .is_exactly_scaled = true };
	int r = kernel_check_counts(node, 2, 3, 1, err);

	if (r == 0)
		r = kernel_activation(node, flatbuf_i8(options,
					FULLY_CONNECTED_FUSED_ACTIVATION, 0),
				      &roles.activation, err);
	if (r < 0)
		return r;
	if (is_hybrid(node))
		return prepare_hybrid(node, setup, &roles, options, err);
	return prepare_product(node, setup, &roles, options, err);
}

const struct kernel kernel_fully_connected = {
	.code = BUILTIN_FULLY_CONNECTED,
	.version_max = 12,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare,
};
