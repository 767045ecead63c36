/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/lstm.h"

#include <math.h>
#include <string.h>

#include "runtime/kernels/floats.h"
#include "runtime/quant.h"

/* ActivationFunctionType goes on where enum activation ends. */
#define ACTIVATION_TANH 4

/* TFLite: keeps the deviation of a constant row away from 0. */
#define LEAST_VARIANCE 1e-8f

static const float *values(const struct atoll_tensor *tensor)
{
	return tensor ? tensor->data : NULL;
}

/* sums[r] += weights[r] . x, for each row of weights. */
static void add_product(const float *weights, const float *x, uint32_t rows, uint32_t columns,
			float *sums)
{
	for (uint32_t r = 0; r < rows; r++, weights += columns) {
		float sum = 0;

		for (uint32_t i = 0; i < columns; i++)
			sum += weights[i] * x[i];
		sums[r] += sum;
	}
}

/* To mean 0 and deviation 1, then by `factor`, then plus `bias`. */
static void normalize(const float *factor, const float *bias, uint32_t count, float *row)
{
	float sum = 0, squares = 0, mean, inverse;

	for (uint32_t i = 0; i < count; i++)
		sum += row[i];
	mean = sum / (float)count;
	for (uint32_t i = 0; i < count; i++)
		squares += (row[i] - mean) * (row[i] - mean);
	inverse = 1.0f / sqrtf(squares / (float)count + LEAST_VARIANCE);
	for (uint32_t i = 0; i < count; i++)
		row[i] = (row[i] - mean) * inverse * factor[i] + bias[i];
}

static void activate(int8_t activation, uint32_t count, const float *from, float *to)
{
	struct float_range range;

	if (activation == ACTIVATION_TANH) {
		for (uint32_t i = 0; i < count; i++)
			to[i] = tanhf(from[i]);
		return;
	}
	range = float_activation_range((enum activation)activation);
	for (uint32_t i = 0; i < count; i++)
		to[i] = clamp_float(from[i], range);
}

/* Everything of a gate up to its function. */
static void sum_gate(const struct lstm *lstm, enum lstm_gate gate, const float *x,
		     const float *h, const float *c, float *sums)
{
	const float *bias = values(lstm->tensor[LSTM_BIASES + gate]);
	const float *peephole = values(lstm_peephole(lstm, gate));
	uint32_t cells = lstm->cells;

	if (lstm->has_norms)
		memset(sums, 0, cells * sizeof(*sums));
	else
		memcpy(sums, bias, cells * sizeof(*sums));
	add_product(values(lstm->tensor[LSTM_X_WEIGHTS + gate]), x, cells, lstm->inputs, sums);
	add_product(values(lstm->tensor[LSTM_H_WEIGHTS + gate]), h, cells, lstm->outputs, sums);
	for (uint32_t i = 0; lstm->has_peepholes && peephole && i < cells; i++)
		sums[i] += peephole[i] * c[i];
	if (lstm->has_norms)
		normalize(values(lstm->tensor[LSTM_NORMS + gate]), bias, cells, sums);
}

static void open_gate(const struct lstm *lstm, enum lstm_gate gate, const float *x,
		      const float *h, const float *c, float *gates)
{
	sum_gate(lstm, gate, x, h, c, gates);
	for (uint32_t i = 0; i < lstm->cells; i++)
		gates[i] = 1.0f / (1.0f + expf(-gates[i]));
}

static void clip(float *row, uint32_t count, float limit)
{
	for (uint32_t i = 0; limit > 0 && i < count; i++)
		row[i] = fminf(fmaxf(row[i], -limit), limit);
}

static void update_cells(const struct lstm *lstm, const float *in, const float *forget,
			 const float *fresh, float *c)
{
	for (uint32_t i = 0; i < lstm->cells; i++) {
		float share = lstm->has_in ? in[i] : 1.0f - forget[i];
		float kept = forget[i] * c[i];

		c[i] = kept + fresh[i] * share;
	}
	clip(c, lstm->cells, lstm->cell_clip);
}

static void project(const struct lstm *lstm, const float *hidden, float *h)
{
	const float *bias = values(lstm->tensor[LSTM_PROJECTION_BIAS]);

	if (bias)
		memcpy(h, bias, lstm->outputs * sizeof(*h));
	else
		memset(h, 0, lstm->outputs * sizeof(*h));
	add_product(values(lstm->tensor[LSTM_PROJECTION]), hidden, lstm->outputs, lstm->cells,
		    h);
	clip(h, lstm->outputs, lstm->projection_clip);
}

static void step(const struct lstm *lstm, const void *x, void *h, void *c, void *scratch)
{
	uint32_t cells = lstm->cells;
	float *in = scratch, *forget = in + cells, *fresh = forget + cells;
	float *out = fresh + cells, *hidden = fresh;

	if (lstm->has_in)
		open_gate(lstm, LSTM_IN, x, h, c, in);
	open_gate(lstm, LSTM_FORGET, x, h, c, forget);
	sum_gate(lstm, LSTM_CELL, x, h, c, fresh);
	activate(lstm->activation, cells, fresh, fresh);
	update_cells(lstm, in, forget, fresh, c);
	open_gate(lstm, LSTM_OUT, x, h, c, out);
	activate(lstm->activation, cells, c, hidden);
	for (uint32_t i = 0; i < cells; i++)
		hidden[i] *= out[i];
	if (lstm->has_projection)
		project(lstm, hidden, h);
	else
		memcpy(h, hidden, cells * sizeof(*hidden));
}

int lstm_prepare_float(struct lstm *lstm, struct kernel_node *node,
		       struct kernel_setup *setup, struct atoll_error *err)
{
	int r = lstm_check_types(node, LSTM_X, LSTM_INPUTS, ATOLL_FLOAT32, err);

	(void)setup;
	if (r == 0)
		r = kernel_check_output(node, 0, KERNEL_TYPE(ATOLL_FLOAT32), err);
	if (r < 0)
		return r;
	if (lstm->activation < 0 || lstm->activation > ACTIVATION_TANH)
		return kernel_error(node, err, "activation %d; none, RELU, RELU_N1_TO_1, RELU6 "
				    "and TANH are supported", lstm->activation);
	lstm->step = step;
	node->scratch_bytes = LSTM_GATES * (size_t)lstm->cells * sizeof(float);
	return 0;
}
