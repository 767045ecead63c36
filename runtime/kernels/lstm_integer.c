/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/lstm.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/fixed.h"
#include "runtime/quant.h"

/*
 * The integer cell: int8 activations and weights, int16 gates and cell state.
 *
 *	gate sums    Q3.12, or in steps of an intermediate when normalized after
 *	gates        Q0.15
 *	cell state   a power of two, 2^-15 to 2^-9
 *	hidden       int8, its quantization is the fifth intermediate's
 *
 * Each contribution to a gate is scaled and saturated by itself, in the order x,
 * h, peephole, as TFLite does. Zero points are folded into biases beforehand.
 */

/* The fifth intermediate; the four before belong to the gates. */
#define HIDDEN 4
#define INTERMEDIATES 5

/* TFLite: the normalization works with 10 more bits than its input has. */
#define NORM_BITS 10

struct gate {
	const int8_t *x_weights, *h_weights;
	const int16_t *peephole, *norm;  /* or NULL */
	const int32_t *norm_bias;
	int32_t *x_bias, *h_bias;        /* with what the zero points bring */
	struct multiplier x_scale, h_scale, peephole_scale, norm_scale;
	int32_t least_variance;
};

struct cell {
	struct gate gate[LSTM_GATES];
	int whole;                       /* integer bits of the cell state */
	int16_t cell_clip;               /* 0: none */
	int8_t projection_clip;
	struct multiplier hidden_scale, projection_scale;
	int32_t hidden_zero, h_zero;
	int32_t *projection_bias;        /* [outputs] */
};

static int32_t dot(const int8_t *weights, const int8_t *x, uint32_t count)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += (uint32_t)(weights[i] * x[i]);
	return (int32_t)sum;
}

static int32_t wrapping_sum(int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* a + b kept in int16, where a may be anything. */
static int16_t add_to_16(int32_t a, int16_t b)
{
	return saturate_16(clamp_i32(a, 4 * INT16_MIN, 4 * INT16_MAX) + b);
}

/* sums[r] += scaled (weights[r] . x + bias[r]), for each row of weights. */
static void add_product(const int8_t *weights, const int8_t *x, const int32_t *bias,
			struct multiplier scale, uint32_t rows, uint32_t columns,
			int16_t *sums)
{
	for (uint32_t r = 0; r < rows; r++, weights += columns) {
		int32_t sum = wrapping_sum(dot(weights, x, columns), bias[r]);

		sums[r] = add_to_16(multiply_by_quantized(sum, scale), sums[r]);
	}
}

/* The row's mean, with NORM_BITS more bits, and 1 / its deviation. */
static struct multiplier measure(const struct gate *gate, const int16_t *row, uint32_t count,
				 int32_t *mean)
{
	/* TFLite: the square of 2^NORM_BITS over the count, rounded down first. */
	const int64_t square = INT64_C(1) << 2 * NORM_BITS;
	int64_t sum = 0, squares = 0, variance;

	for (uint32_t i = 0; i < count; i++) {
		sum += row[i];
		squares += row[i] * row[i];
	}
	*mean = (int32_t)(sum * (1 << NORM_BITS) / count);
	variance = (squares * (square / count) - (int64_t)*mean * *mean) / square;
	return fixed_inverse_sqrt(variance < 1 ? gate->least_variance : (int32_t)variance);
}

/* To mean 0 and deviation 1, by the gate's factors, plus its bias: Q3.12. */
static void normalize(const struct gate *gate, uint32_t count, int16_t *row)
{
	const int64_t half = 1 << (NORM_BITS - 1);
	int32_t mean;
	struct multiplier inverse = measure(gate, row, count, &mean);
	struct multiplier scale = gate->norm_scale;

	scale.shift += 12;
	for (uint32_t i = 0; i < count; i++) {
		int32_t centred = row[i] * (1 << NORM_BITS) - mean;
		int64_t value = (int64_t)multiply_by_quantized(centred, inverse) *
				gate->norm[i] + gate->norm_bias[i];

		value = (value > 0 ? value + half : value - half) / (1 << NORM_BITS);
		row[i] = saturate_16(multiply_by_quantized((int32_t)value, scale));
	}
}

/* Everything of a gate up to its function. */
static void sum_gate(const struct lstm *lstm, enum lstm_gate which, const int8_t *x,
		     const int8_t *h, const int16_t *c, int16_t *sums)
{
	const struct gate *gate = &((const struct cell *)lstm->cell)->gate[which];
	uint32_t cells = lstm->cells;

	memset(sums, 0, cells * sizeof(*sums));
	add_product(gate->x_weights, x, gate->x_bias, gate->x_scale, cells, lstm->inputs,
		    sums);
	add_product(gate->h_weights, h, gate->h_bias, gate->h_scale, cells, lstm->outputs,
		    sums);
	for (uint32_t i = 0; gate->peephole && i < cells; i++)
		sums[i] = add_to_16(multiply_by_quantized(gate->peephole[i] * c[i],
							  gate->peephole_scale), sums[i]);
	if (gate->norm)
		normalize(gate, cells, sums);
}

static void open_gate(const struct lstm *lstm, enum lstm_gate which, const int8_t *x,
		      const int8_t *h, const int16_t *c, int16_t *gates)
{
	sum_gate(lstm, which, x, h, c, gates);
	for (uint32_t i = 0; i < lstm->cells; i++)
		gates[i] = fixed_logistic_16(gates[i], 3);
}

static void update_cells(const struct lstm *lstm, const int16_t *in, const int16_t *forget,
			 const int16_t *fresh, int16_t *c)
{
	const struct cell *cell = lstm->cell;
	int fresh_shift = 15 + cell->whole; /* Q0.30 to the cell state */

	for (uint32_t i = 0; i < lstm->cells; i++) {
		int32_t share = lstm->has_in ? in[i] : INT16_MAX - forget[i];
		int16_t kept = (int16_t)shift_right_rounded(forget[i] * c[i], 15);
		int16_t added = (int16_t)shift_right_rounded(share * fresh[i], fresh_shift);

		c[i] = saturate_16(kept + added);
		if (cell->cell_clip > 0)
			c[i] = (int16_t)clamp_i32(c[i], -cell->cell_clip, cell->cell_clip);
	}
}

/*
 * TFLite: without a projection the hidden values are the output, zero point and
 * all. With one they are stored the other way round, minus the zero point, and
 * the projection's bias makes up for it.
 */
static void hide(const struct lstm *lstm, const int16_t *out, const int16_t *c,
		 int8_t *hidden)
{
	const struct cell *cell = lstm->cell;
	int32_t zero = lstm->has_projection ? -cell->hidden_zero : cell->hidden_zero;

	for (uint32_t i = 0; i < lstm->cells; i++) {
		int32_t product = out[i] * fixed_tanh_16(c[i], cell->whole);
		int32_t scaled = multiply_by_quantized(product, cell->hidden_scale);

		hidden[i] = (int8_t)(clamp_i32(scaled, INT8_MIN - zero, INT8_MAX - zero) +
				     zero);
	}
}

static void project(const struct lstm *lstm, const int8_t *hidden, int8_t *h)
{
	const struct cell *cell = lstm->cell;
	const int8_t *weights = lstm->tensor[LSTM_PROJECTION]->data;
	int32_t zero = cell->h_zero, limit = cell->projection_clip;

	for (uint32_t r = 0; r < lstm->outputs; r++, weights += lstm->cells) {
		int32_t sum = wrapping_sum(dot(weights, hidden, lstm->cells),
					   cell->projection_bias[r]);
		int32_t scaled = multiply_by_quantized(sum, cell->projection_scale);

		scaled = clamp_i32(scaled, INT8_MIN - zero, INT8_MAX - zero) + zero;
		h[r] = (int8_t)(limit > 0 ? clamp_i32(scaled, -limit, limit) : scaled);
	}
}

static void step(const struct lstm *lstm, const void *x, void *h, void *c, void *scratch)
{
	uint32_t cells = lstm->cells;
	int16_t *in = scratch, *forget = in + cells, *fresh = forget + cells;
	int16_t *out = fresh + cells;
	int8_t *hidden = (int8_t *)(out + cells);

	if (lstm->has_in)
		open_gate(lstm, LSTM_IN, x, h, c, in);
	open_gate(lstm, LSTM_FORGET, x, h, c, forget);
	sum_gate(lstm, LSTM_CELL, x, h, c, fresh);
	for (uint32_t i = 0; i < cells; i++)
		fresh[i] = fixed_tanh_16(fresh[i], 3);
	update_cells(lstm, in, forget, fresh, c);
	open_gate(lstm, LSTM_OUT, x, h, c, out);
	if (!lstm->has_projection) {
		hide(lstm, out, c, h);
	} else {
		hide(lstm, out, c, hidden);
		project(lstm, hidden, h);
	}
}

/* Preparing */

static int check_types(const struct kernel_node *node, struct atoll_error *err)
{
	static const struct {
		uint32_t first, count;
		enum atoll_type type;
	} rows[] = {
		{ LSTM_X, LSTM_PEEPHOLES, ATOLL_INT8 },
		{ LSTM_PEEPHOLES, 3, ATOLL_INT16 },
		{ LSTM_BIASES, LSTM_GATES, ATOLL_INT32 },
		{ LSTM_PROJECTION, 1, ATOLL_INT8 },
		{ LSTM_PROJECTION_BIAS, 1, ATOLL_INT32 },
		{ LSTM_H_STATE, 1, ATOLL_INT8 },
		{ LSTM_C_STATE, 1, ATOLL_INT16 },
		{ LSTM_NORMS, LSTM_GATES, ATOLL_INT16 },
	};
	int r = kernel_check_output(node, 0, KERNEL_TYPE(ATOLL_INT8), err);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && r == 0; i++)
		r = lstm_check_types(node, rows[i].first, rows[i].count, rows[i].type, err);
	return r;
}

/* Everything that has a scale has one, and the intermediates are there. */
static int check_quantization(const struct kernel_node *node, const struct lstm *lstm,
			      struct atoll_error *err)
{
	int r = kernel_check_quantized(node, node->output[0], "output", err);

	for (uint32_t i = 0; i < LSTM_INPUTS && r == 0; i++)
		if (lstm->tensor[i] && lstm->tensor[i]->type != ATOLL_INT32)
			r = kernel_check_quantized(node, lstm->tensor[i], "input", err);
	if (r < 0)
		return r;
	if (node->intermediates != INTERMEDIATES)
		return kernel_error(node, err, "%u intermediates, expected %d",
				    node->intermediates, INTERMEDIATES);
	for (uint32_t i = 0; i < INTERMEDIATES && r == 0; i++) {
		bool is_used = i == HIDDEN ||
			(lstm->has_norms && lstm_has_gate(lstm, (enum lstm_gate)i));

		if (is_used && !node->intermediate[i])
			return kernel_error(node, err, "intermediate %u is left out", i);
		if (is_used)
			r = kernel_check_quantized(node, node->intermediate[i],
						   "intermediate", err);
	}
	return r;
}

static float scale_of(const struct atoll_tensor *tensor)
{
	return tensor->quant.scale;
}

/* TFLite: quotients of scales are floats. A value no scale gives counts as 0. */
static struct multiplier scale_from(float value)
{
	return isfinite(value) ? multiplier_from((double)value) :
		(struct multiplier){ 0, 0 };
}

/* bias (or 0) + factor * the sum of each row of weights. */
static int32_t *fold_zero(struct kernel_setup *setup, const struct atoll_tensor *weights,
			  const struct atoll_tensor *bias, int32_t factor)
{
	uint32_t rows = (uint32_t)weights->dims[0], columns = (uint32_t)weights->dims[1];
	int32_t *folded = kernel_alloc(setup, rows * sizeof(*folded));
	const int8_t *w = weights->data;

	for (uint32_t r = 0; folded && r < rows; r++, w += columns) {
		int64_t sum = 0;

		for (uint32_t i = 0; i < columns; i++)
			sum += w[i];
		folded[r] = (int32_t)(factor * sum);
		if (bias)
			folded[r] = wrapping_sum(folded[r], ((const int32_t *)bias->data)[r]);
	}
	return folded;
}

static int prepare_gate(const struct lstm *lstm, const struct kernel_node *node,
			struct kernel_setup *setup, enum lstm_gate which,
			struct gate *gate)
{
	const struct atoll_tensor *x = lstm->tensor[LSTM_X], *h = lstm->tensor[LSTM_H_STATE];
	const struct atoll_tensor *wx = lstm->tensor[LSTM_X_WEIGHTS + which];
	const struct atoll_tensor *wh = lstm->tensor[LSTM_H_WEIGHTS + which];
	const struct atoll_tensor *bias = lstm->tensor[LSTM_BIASES + which];
	const struct atoll_tensor *peephole = lstm_peephole(lstm, which);
	const struct atoll_tensor *norm = lstm->tensor[LSTM_NORMS + which];
	float step_of_sums = lstm->has_norms ? scale_of(node->intermediate[which]) : 0x1p-12f;

	gate->x_weights = wx->data;
	gate->h_weights = wh->data;
	gate->x_scale = scale_from(scale_of(wx) * scale_of(x) / step_of_sums);
	gate->h_scale = scale_from(scale_of(wh) * scale_of(h) / step_of_sums);
	gate->x_bias = fold_zero(setup, wx, lstm->has_norms ? NULL : bias,
				 -x->quant.zero_point);
	gate->h_bias = fold_zero(setup, wh, NULL, -h->quant.zero_point);
	if (lstm->has_peepholes && peephole) {
		double product = (double)scale_of(lstm->tensor[LSTM_C_STATE]) *
				 (double)scale_of(peephole);

		gate->peephole = peephole->data;
		gate->peephole_scale = scale_from((float)(product / (double)step_of_sums));
	}
	if (lstm->has_norms) {
		gate->norm = norm->data;
		gate->norm_bias = bias->data;
		gate->norm_scale = scale_from(scale_of(norm));
		/* TFLite: what stands in for a variance of 0. */
		gate->least_variance = (int32_t)fminf(fmaxf(10000 * scale_of(norm), 1), 1e9f);
	}
	return gate->x_bias && gate->h_bias ? 0 : -ENOMEM;
}

/* The cell state's scale is 2^(whole - 15). */
static int prepare_state(const struct lstm *lstm, const struct kernel_node *node,
			 struct cell *cell, struct atoll_error *err)
{
	const struct atoll_tensor *c = lstm->tensor[LSTM_C_STATE];
	int exponent;
	float fraction = frexpf(scale_of(c), &exponent);
	float limit;

	cell->whole = exponent - 1 + 15;
	if (fraction != 0.5f || cell->whole < 0 || cell->whole > 6)
		return kernel_error(node, err, "cell state (%s): scale %g is no power of two "
				    "from 2^-15 to 2^-9", c->name, (double)scale_of(c));
	limit = fminf(lstm->cell_clip / scale_of(c), INT16_MAX);
	cell->cell_clip = (int16_t)limit;
	limit = fminf(lstm->projection_clip / scale_of(node->output[0]), INT8_MAX);
	cell->projection_clip = (int8_t)limit;
	return 0;
}

static int prepare_output(const struct lstm *lstm, const struct kernel_node *node,
			  struct kernel_setup *setup, struct cell *cell)
{
	const struct atoll_tensor *hidden = node->intermediate[HIDDEN];
	const struct atoll_tensor *h = lstm->tensor[LSTM_H_STATE];
	const struct atoll_tensor *projection = lstm->tensor[LSTM_PROJECTION];

	cell->hidden_zero = hidden->quant.zero_point;
	cell->h_zero = h->quant.zero_point;
	cell->hidden_scale = scale_from((float)(0x1p-15 / (double)scale_of(hidden) * 0x1p-15));
	if (!lstm->has_projection)
		return 0;
	cell->projection_scale = scale_from(scale_of(projection) * scale_of(hidden) /
					    scale_of(h));
	cell->projection_bias = fold_zero(setup, projection,
					  lstm->tensor[LSTM_PROJECTION_BIAS],
					  cell->hidden_zero);
	return cell->projection_bias ? 0 : -ENOMEM;
}

int lstm_prepare_integer(struct lstm *lstm, struct kernel_node *node,
			 struct kernel_setup *setup, struct atoll_error *err)
{
	struct cell *cell = kernel_alloc(setup, sizeof(*cell));
	int r = check_types(node, err);

	if (r == 0)
		r = check_quantization(node, lstm, err);
	if (r == 0 && cell)
		r = prepare_state(lstm, node, cell, err);
	if (r < 0)
		return r;
	r = cell ? prepare_output(lstm, node, setup, cell) : -ENOMEM;
	for (enum lstm_gate which = LSTM_IN; which < LSTM_GATES && r == 0; which++)
		if (lstm_has_gate(lstm, which))
			r = prepare_gate(lstm, node, setup, which, &cell->gate[which]);
	if (r < 0)
		return atoll_error_set(err, r, "out of memory");
	lstm->cell = cell;
	lstm->step = step;
	node->scratch_bytes = lstm->cells * (LSTM_GATES * sizeof(int16_t) + sizeof(int8_t));
	return 0;
}
