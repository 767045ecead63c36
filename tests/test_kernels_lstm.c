/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells of random size with every mix of the parts that may be left out, against
 * the same arithmetic written down step by step: the integer ones with wide
 * integers (the fixed-point functions have a test of their own), the float ones
 * in double.
 */
#include "tests/layer.h"

#include <math.h>
#include <string.h>

#include "runtime/kernels/fixed.h"
#include "runtime/schema/tflite.h"

#define MOST 9 /* inputs, cells, outputs */

enum { IN, FORGET, CELL, OUT, GATES };

static struct check_random dice = { 9 };

static int32_t any(int32_t low, int32_t high)
{
	return check_random_in(&dice, low, high);
}

static float between(double low, double high)
{
	return (float)(low + (high - low) * any(0, 1 << 20) / (1 << 20));
}

/* A cell as the test knows it. Numbers of float cells are in `real`. */
struct cell {
	bool is_float, is_sequence, is_time_major;
	bool has_in, has_peepholes, has_norms, has_projection, has_projection_bias;
	int32_t steps, batches, inputs, cells, outputs;
	float cell_clip, projection_clip;

	int8_t wx[GATES][MOST * MOST], wh[GATES][MOST * MOST], wp[MOST * MOST];
	int16_t peephole[GATES][MOST], norm[GATES][MOST];
	int32_t bias[GATES][MOST], bias_p[MOST];
	struct {
		float wx[GATES][MOST * MOST], wh[GATES][MOST * MOST], wp[MOST * MOST];
		float peephole[GATES][MOST], norm[GATES][MOST];
		float bias[GATES][MOST], bias_p[MOST];
	} real;

	float x_scale, h_scale, c_scale, hidden_scale, wp_scale;
	float wx_scale[GATES], wh_scale[GATES], peephole_scale[GATES], norm_scale[GATES];
	float between_scale[GATES];
	int32_t x_zero, h_zero, hidden_zero;

	/* What they are after each run; [batches] */
	int32_t h[3][MOST], c[3][MOST];
	double real_h[3][MOST], real_c[3][MOST];
};

static void fill_8(int8_t *to, int32_t count, float *real)
{
	for (int32_t i = 0; i < count; i++) {
		to[i] = (int8_t)any(-127, 127);
		real[i] = (float)to[i] / 200;
	}
}

static void fill_32(int32_t *to, int32_t count, int32_t limit, float *real)
{
	for (int32_t i = 0; i < count; i++) {
		to[i] = any(-limit, limit);
		real[i] = (float)to[i] / (float)limit;
	}
}

static void fill_16(int16_t *to, int32_t count, float *real)
{
	for (int32_t i = 0; i < count; i++) {
		to[i] = (int16_t)any(-32767, 32767);
		real[i] = (float)to[i] / 32768;
	}
}

static void draw_sizes(struct cell *cell, bool is_float)
{
	*cell = (struct cell){
		.is_float = is_float,
		.is_sequence = any(0, 3) > 0,
		.is_time_major = any(0, 1),
		.has_in = any(0, 1), .has_peepholes = any(0, 1), .has_norms = any(0, 2) == 0,
		.has_projection = any(0, 1), .has_projection_bias = any(0, 1),
		.steps = any(1, 4), .batches = any(1, 3), .inputs = any(1, MOST),
		.cells = any(1, MOST),
		.cell_clip = any(0, 2) ? 0 : 0.5f, .projection_clip = any(0, 2) ? 0 : 0.3f,
	};
	cell->outputs = cell->has_projection ? any(1, MOST) : cell->cells;
	if (!cell->is_sequence)
		cell->steps = 1;
}

static void draw_numbers(struct cell *cell)
{
	for (int gate = IN; gate < GATES; gate++) {
		fill_8(cell->wx[gate], cell->cells * cell->inputs, cell->real.wx[gate]);
		fill_8(cell->wh[gate], cell->cells * cell->outputs, cell->real.wh[gate]);
		fill_16(cell->peephole[gate], cell->cells, cell->real.peephole[gate]);
		fill_16(cell->norm[gate], cell->cells, cell->real.norm[gate]);
		fill_32(cell->bias[gate], cell->cells,
			cell->has_norms ? 10000000 : 10000, cell->real.bias[gate]);
		cell->wx_scale[gate] = between(0.002, 0.02);
		cell->wh_scale[gate] = between(0.002, 0.02);
		cell->peephole_scale[gate] = between(1e-5, 1e-4);
		cell->norm_scale[gate] = between(1e-5, 1e-4);
		cell->between_scale[gate] = between(1e-4, 1e-3);
	}
	fill_8(cell->wp, cell->outputs * cell->cells, cell->real.wp);
	fill_32(cell->bias_p, cell->outputs, 3000, cell->real.bias_p);
	cell->wp_scale = between(0.002, 0.02);
	cell->x_scale = between(0.005, 0.02);
	cell->h_scale = between(0.005, 0.02);
	cell->hidden_scale = between(0.005, 0.01);
	cell->c_scale = ldexpf(1, any(-14, -10));
	cell->x_zero = any(-128, 127);
	cell->h_zero = any(-20, 20);
	cell->hidden_zero = any(-20, 20);
	for (int b = 0; b < 3; b++)
		for (int i = 0; i < MOST; i++)
			cell->h[b][i] = cell->h_zero;
}

/* The same as a model */

static void add(struct single *s, int32_t tensor)
{
	s->input[s->op.inputs++] = tensor;
}

/* Rank 2, or 1 with columns 0; the float numbers instead for a float cell. */
static void constant(struct single *s, const struct cell *cell, enum atoll_type type,
		     int32_t rows, int32_t columns, float scale, const void *data,
		     const float *real)
{
	int32_t count = rows * (columns ? columns : 1);

	if (cell->is_float)
		type = ATOLL_FLOAT32;
	add(s, graph_tensor(&s->graph, &(struct atoll_builder_tensor){
		.name = "weights", .type = type, .rank = columns ? 2 : 1,
		.dims = { rows, columns }, .scale = cell->is_float ? 0 : scale,
		.data = cell->is_float ? real : data,
		.bytes = (size_t)count * atoll_type_bytes(type) }));
}

static void variable(struct single *s, const struct cell *cell, enum atoll_type type,
		     int32_t width, float scale, int32_t zero)
{
	add(s, graph_tensor(&s->graph, &(struct atoll_builder_tensor){
		.name = "state", .type = cell->is_float ? ATOLL_FLOAT32 : type,
		.rank = 2, .dims = { cell->batches, width },
		.scale = cell->is_float ? 0 : scale, .zero_point = cell->is_float ? 0 : zero,
		.is_variable = 1 }));
}

static void add_gates(struct single *s, const struct cell *c)
{
	for (int gate = IN; gate < GATES; gate++)
		if (gate == IN && !c->has_in)
			add(s, -1);
		else
			constant(s, c, ATOLL_INT8, c->cells, c->inputs, c->wx_scale[gate],
				 c->wx[gate], c->real.wx[gate]);
	for (int gate = IN; gate < GATES; gate++)
		if (gate == IN && !c->has_in)
			add(s, -1);
		else
			constant(s, c, ATOLL_INT8, c->cells, c->outputs, c->wh_scale[gate],
				 c->wh[gate], c->real.wh[gate]);
	for (int gate = IN; gate < GATES; gate++)
		if (gate != CELL && (!c->has_peepholes || (gate == IN && !c->has_in)))
			add(s, -1);
		else if (gate != CELL)
			constant(s, c, ATOLL_INT16, c->cells, 0, c->peephole_scale[gate],
				 c->peephole[gate], c->real.peephole[gate]);
	for (int gate = IN; gate < GATES; gate++)
		if (gate == IN && !c->has_in)
			add(s, -1);
		else
			constant(s, c, ATOLL_INT32, c->cells, 0, 0, c->bias[gate],
				 c->real.bias[gate]);
}

static void add_rest(struct single *s, const struct cell *c)
{
	if (c->has_projection)
		constant(s, c, ATOLL_INT8, c->outputs, c->cells, c->wp_scale, c->wp,
			 c->real.wp);
	else
		add(s, -1);
	if (c->has_projection && c->has_projection_bias)
		constant(s, c, ATOLL_INT32, c->outputs, 0, 0, c->bias_p, c->real.bias_p);
	else
		add(s, -1);
	variable(s, c, ATOLL_INT8, c->outputs, c->h_scale, c->h_zero);
	variable(s, c, ATOLL_INT16, c->cells, c->c_scale, 0);
	for (int gate = IN; c->has_norms && gate < GATES; gate++)
		if (gate == IN && !c->has_in)
			add(s, -1);
		else
			constant(s, c, ATOLL_INT16, c->cells, 0, c->norm_scale[gate],
				 c->norm[gate], c->real.norm[gate]);
}

static void add_float_option(struct single *s, uint16_t id, float value)
{
	s->option[s->op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_F32, .id = id, .f = value };
}

static void add_options(struct single *s, const struct cell *c)
{
	single_byte_option(s, c->is_sequence ? UNIDIRECTIONAL_SEQUENCE_LSTM_FUSED_ACTIVATION :
			   LSTM_FUSED_ACTIVATION, 4);
	add_float_option(s, c->is_sequence ? UNIDIRECTIONAL_SEQUENCE_LSTM_CELL_CLIP :
			 LSTM_CELL_CLIP, c->cell_clip);
	add_float_option(s, c->is_sequence ? UNIDIRECTIONAL_SEQUENCE_LSTM_PROJ_CLIP :
			 LSTM_PROJ_CLIP, c->projection_clip);
	if (c->is_sequence && c->is_time_major)
		single_flag(s, UNIDIRECTIONAL_SEQUENCE_LSTM_TIME_MAJOR);
}

static void build(struct single *s, const struct cell *c, int32_t intermediate[5])
{
	struct atoll_builder_tensor x = {
		.name = "x", .type = c->is_float ? ATOLL_FLOAT32 : ATOLL_INT8,
		.rank = c->is_sequence ? 3 : 2, .dims = { c->batches, c->steps, c->inputs },
		.scale = c->is_float ? 0 : c->x_scale, .zero_point = c->is_float ? 0 : c->x_zero,
	};
	struct atoll_builder_tensor out = {
		.name = "out", .type = x.type, .scale = c->is_float ? 0 : c->h_scale,
		.zero_point = c->is_float ? 0 : c->h_zero,
	};

	if (c->is_sequence)
		single_new(s, BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM,
			   OPTIONS_UNIDIRECTIONAL_SEQUENCE_LSTM);
	else
		single_new(s, BUILTIN_LSTM, OPTIONS_LSTM);
	if (!c->is_sequence) {
		x.dims[1] = c->inputs;
	} else if (c->is_time_major) {
		x.dims[0] = c->steps;
		x.dims[1] = c->batches;
	}
	add(s, graph_input(&s->graph, &x));
	add_gates(s, c);
	add_rest(s, c);
	add_options(s, c);
	s->output[s->op.outputs++] = graph_output(&s->graph, &out);
	if (c->is_float)
		return;
	for (int i = 0; i < 5; i++)
		intermediate[i] = graph_tensor(&s->graph, &(struct atoll_builder_tensor){
			.name = "between", .type = i < 4 ? ATOLL_INT16 : ATOLL_INT8,
			.scale = i < 4 ? c->between_scale[i] : c->hidden_scale,
			.zero_point = i < 4 ? 0 : c->hidden_zero });
	s->op.intermediates = 5;
	s->op.intermediate = intermediate;
}

/* The integer cell, step by step */

static int32_t within(int64_t x, int32_t low, int32_t high)
{
	return (int32_t)(x < low ? low : x > high ? high : x);
}

static int32_t to_16(int64_t x)
{
	return within(x, -32768, 32767);
}

static int64_t dot(const int8_t *w, const int32_t *x, int32_t x_zero, int32_t count)
{
	int64_t sum = 0;

	for (int32_t i = 0; i < count; i++)
		sum += w[i] * (x[i] - x_zero);
	return sum;
}

static void normalize(const struct cell *c, int gate, int32_t *row)
{
	int64_t sum = 0, squares = 0, mean, variance;
	int32_t n = c->cells;
	struct multiplier inverse;

	for (int32_t i = 0; i < n; i++) {
		sum += row[i];
		squares += row[i] * row[i];
	}
	mean = sum * 1024 / n;
	variance = (squares * (1048576 / n) - mean * mean) / 1048576;
	if (variance < 1)
		variance = 10000 * c->norm_scale[gate] < 1 ? 1 :
			(int64_t)(10000 * c->norm_scale[gate]);
	inverse = fixed_inverse_sqrt((int32_t)variance);
	for (int32_t i = 0; i < n; i++) {
		int64_t v = multiply_by_quantized((int32_t)(row[i] * 1024 - mean), inverse);

		v = v * c->norm[gate][i] + c->bias[gate][i];
		v = (v + (v > 0 ? 512 : -512)) / 1024;
		row[i] = to_16(layer_scaled(v, (double)c->norm_scale[gate] * 4096));
	}
}

static void sum_gate(const struct cell *c, int gate, const int32_t *x, const int32_t *h,
		     const int32_t *state, int32_t *sums)
{
	float step = c->has_norms ? c->between_scale[gate] : 1.0f / 4096;
	float of_x = c->wx_scale[gate] * c->x_scale / step;
	float of_h = c->wh_scale[gate] * c->h_scale / step;
	float of_c = (float)((double)c->c_scale * (double)c->peephole_scale[gate] /
			     (double)step);

	for (int32_t i = 0; i < c->cells; i++) {
		int64_t sum = dot(c->wx[gate] + i * c->inputs, x, c->x_zero, c->inputs);

		if (!c->has_norms)
			sum += c->bias[gate][i];
		sums[i] = to_16(layer_scaled(sum, (double)of_x));
		sum = dot(c->wh[gate] + i * c->outputs, h, c->h_zero, c->outputs);
		sums[i] = to_16((int64_t)layer_scaled(sum, (double)of_h) + sums[i]);
		if (c->has_peepholes && gate != CELL)
			sums[i] = to_16((int64_t)layer_scaled(c->peephole[gate][i] * state[i],
							      (double)of_c) + sums[i]);
	}
	if (c->has_norms)
		normalize(c, gate, sums);
}

/* x / 2^n to the nearest, ties away from 0. */
static int32_t shifted(int64_t x, int n)
{
	return (int32_t)lround((double)x / (double)(INT64_C(1) << n));
}

static void project(const struct cell *c, const int32_t *hidden, int32_t *h)
{
	float step = c->wp_scale * c->hidden_scale / c->h_scale;
	int32_t limit = within((int64_t)(c->projection_clip / c->h_scale), 0, 127);

	for (int32_t r = 0; r < c->outputs; r++) {
		/* Stored minus their zero point: it is added here. */
		int64_t sum = dot(c->wp + r * c->cells, hidden, -c->hidden_zero, c->cells);

		if (c->has_projection_bias)
			sum += c->bias_p[r];
		h[r] = within((int64_t)layer_scaled(sum, (double)step) + c->h_zero, -128, 127);
		if (limit > 0)
			h[r] = within(h[r], -limit, limit);
	}
}

static void integer_step(const struct cell *c, const int32_t *x, int32_t *h, int32_t *state)
{
	int32_t sums[GATES][MOST], hidden[MOST];
	int32_t limit = within((int64_t)(c->cell_clip / c->c_scale), 0, 32767);
	int exponent = ilogbf(c->c_scale);
	float step = (float)(1.0 / 32768 / (double)c->hidden_scale / 32768);
	int32_t zero = c->has_projection ? -c->hidden_zero : c->hidden_zero;

	for (int gate = IN; gate < OUT; gate++)
		if (gate != IN || c->has_in)
			sum_gate(c, gate, x, h, state, sums[gate]);
	for (int32_t i = 0; i < c->cells; i++) {
		int32_t forget = fixed_logistic_16((int16_t)sums[FORGET][i], 3);
		int32_t in = c->has_in ? fixed_logistic_16((int16_t)sums[IN][i], 3) :
			32767 - forget;
		int32_t fresh = fixed_tanh_16((int16_t)sums[CELL][i], 3);

		state[i] = to_16(shifted((int64_t)forget * state[i], 15) +
				 shifted((int64_t)in * fresh, 30 + exponent));
		if (limit > 0)
			state[i] = within(state[i], -limit, limit);
	}
	sum_gate(c, OUT, x, h, state, sums[OUT]);
	for (int32_t i = 0; i < c->cells; i++) {
		int32_t out = fixed_logistic_16((int16_t)sums[OUT][i], 3);
		int32_t t = fixed_tanh_16((int16_t)state[i], 15 + exponent);

		hidden[i] = within((int64_t)layer_scaled(out * t, (double)step) + zero,
				   -128, 127);
	}
	if (c->has_projection)
		project(c, hidden, h);
	else
		memcpy(h, hidden, sizeof(hidden));
}

/* The float cell in double */

static double real_gate(const struct cell *c, int gate, const double *x, const double *h,
			const double *state, int32_t i)
{
	double sum = c->has_norms ? 0 : (double)c->real.bias[gate][i];

	for (int32_t k = 0; k < c->inputs; k++)
		sum += (double)c->real.wx[gate][i * c->inputs + k] * x[k];
	for (int32_t k = 0; k < c->outputs; k++)
		sum += (double)c->real.wh[gate][i * c->outputs + k] * h[k];
	if (c->has_peepholes && gate != CELL)
		sum += (double)c->real.peephole[gate][i] * state[i];
	return sum;
}

static void real_gates(const struct cell *c, int gate, const double *x, const double *h,
		       const double *state, double *sums)
{
	double mean = 0, variance = 0;

	for (int32_t i = 0; i < c->cells; i++) {
		sums[i] = real_gate(c, gate, x, h, state, i);
		mean += sums[i] / c->cells;
	}
	for (int32_t i = 0; i < c->cells; i++)
		variance += (sums[i] - mean) * (sums[i] - mean) / c->cells;
	for (int32_t i = 0; i < c->cells; i++) {
		if (c->has_norms)
			sums[i] = (sums[i] - mean) / sqrt(variance + 1e-8) *
				  (double)c->real.norm[gate][i] +
				  (double)c->real.bias[gate][i];
		sums[i] = gate == CELL ? tanh(sums[i]) : 1 / (1 + exp(-sums[i]));
	}
}

static double real_within(double x, double limit)
{
	return limit > 0 ? fmin(fmax(x, -limit), limit) : x;
}

static void real_step(const struct cell *c, const double *x, double *h, double *state)
{
	double gate[GATES][MOST], hidden[MOST];

	for (int g = IN; g < OUT; g++)
		real_gates(c, g, x, h, state, gate[g]);
	for (int32_t i = 0; i < c->cells; i++) {
		double in = c->has_in ? gate[IN][i] : 1 - gate[FORGET][i];

		state[i] = real_within(gate[FORGET][i] * state[i] + in * gate[CELL][i],
				       (double)c->cell_clip);
	}
	real_gates(c, OUT, x, h, state, gate[OUT]);
	for (int32_t i = 0; i < c->cells; i++)
		hidden[i] = gate[OUT][i] * tanh(state[i]);
	for (int32_t r = 0; r < c->outputs; r++) {
		double sum = c->has_projection_bias ? (double)c->real.bias_p[r] : 0;

		for (int32_t i = 0; c->has_projection && i < c->cells; i++)
			sum += (double)c->real.wp[r * c->cells + i] * hidden[i];
		h[r] = c->has_projection ? real_within(sum, (double)c->projection_clip) :
					   hidden[r];
	}
}

/* Comparing */

static void expect_step(struct cell *cell, const struct single *s, int32_t b, int32_t t)
{
	int32_t row = cell->is_time_major && cell->is_sequence ?
		t * cell->batches + b : b * cell->steps + t;
	int32_t x[MOST];
	double real_x[MOST];

	for (int32_t i = 0; i < cell->inputs; i++) {
		if (cell->is_float)
			real_x[i] = (double)((float *)s->in[0]->data)[row * cell->inputs + i];
		else
			x[i] = ((int8_t *)s->in[0]->data)[row * cell->inputs + i];
	}
	if (cell->is_float)
		real_step(cell, real_x, cell->real_h[b], cell->real_c[b]);
	else
		integer_step(cell, x, cell->h[b], cell->c[b]);
	for (int32_t i = 0; i < cell->outputs; i++) {
		int32_t at = row * cell->outputs + i;

		if (cell->is_float)
			assert_true(fabs((double)((float *)s->out[0]->data)[at] -
					 cell->real_h[b][i]) < 1e-4);
		else
			assert_int_equal(((int8_t *)s->out[0]->data)[at], cell->h[b][i]);
	}
}

static void expect_run(struct cell *cell, const struct single *s)
{
	for (int32_t b = 0; b < cell->batches; b++) {
		for (int32_t t = 0; t < cell->steps; t++)
			expect_step(cell, s, b, t);
		for (int32_t i = 0; i < cell->cells && !cell->is_float; i++)
			assert_int_equal(((int16_t *)s->in[19]->data)[b * cell->cells + i],
					 cell->c[b][i]);
	}
}

static void fill_input(struct single *s, const struct cell *cell)
{
	for (size_t i = 0; i < s->in[0]->elements; i++) {
		if (cell->is_float)
			((float *)s->in[0]->data)[i] = between(-2, 2);
		else
			((int8_t *)s->in[0]->data)[i] = (int8_t)any(-128, 127);
	}
}

static void random_cells(bool is_float)
{
	for (int round = 0; round < 100; round++) {
		int32_t intermediate[5];
		struct cell cell;
		struct single s;

		draw_sizes(&cell, is_float);
		draw_numbers(&cell);
		build(&s, &cell, intermediate);
		single_open(&s);
		for (int run = 0; run < 3; run++) {
			fill_input(&s, &cell);
			graph_run(&s.graph);
			expect_run(&cell, &s);
		}
		single_free(&s);
	}
}

static void integer_cells_equal_the_formula_and_keep_their_state(void **state)
{
	(void)state;
	random_cells(false);
}

static void float_cells_equal_the_formula_and_keep_their_state(void **state)
{
	(void)state;
	random_cells(true);
}

/* The smallest cell that has everything, changed by the caller and refused. */
static struct cell whole_cell(void)
{
	struct cell cell;

	do
		draw_sizes(&cell, false);
	while (!cell.is_sequence);
	cell.has_in = cell.has_peepholes = cell.has_norms = cell.has_projection = true;
	cell.inputs = 3;
	cell.cells = 4;
	cell.outputs = 2;
	cell.batches = 1;
	draw_numbers(&cell);
	return cell;
}

static void cells_that_do_not_fit_are_refused(void **state)
{
	struct cell cell = whole_cell();
	int32_t intermediate[5];
	struct single s;

	(void)state;
	cell.c_scale = 0.003f;
	build(&s, &cell, intermediate);
	single_refused(&s, "scale 0.003 is no power of two");

	cell = whole_cell();
	build(&s, &cell, intermediate);
	s.op.intermediates = 4;
	single_refused(&s, "4 intermediates, expected 5");

	build(&s, &cell, intermediate);
	s.input[6] = s.input[2]; /* recurrent weights [4][3] instead of [4][2] */
	single_refused(&s, "input 6 (weights): shape 4x3, expected 4x2");

	build(&s, &cell, intermediate);
	s.input[14] = -1;
	single_refused(&s, "input 14 is left out");

	build(&s, &cell, intermediate);
	s.input[19] = s.input[18];
	single_refused(&s, "input 19 (state): 2 values, expected 1 of 4");

	build(&s, &cell, intermediate);
	s.input[16] = -1;
	single_refused(&s, "4 cells and 2 outputs without a projection");

	build(&s, &cell, intermediate);
	s.input[18] = s.input[20];
	single_refused(&s, "a constant cannot keep state");
}

static void kinds_without_a_description_are_refused(void **state)
{
	struct cell cell = whole_cell();
	int32_t intermediate[5];
	struct single s;

	(void)state;
	build(&s, &cell, intermediate);
	single_flag(&s, UNIDIRECTIONAL_SEQUENCE_LSTM_DIAGONAL_RECURRENT_TENSORS);
	single_refused(&s, "diagonal recurrent weights");

	cell.is_sequence = false;
	cell.steps = 1;
	build(&s, &cell, intermediate);
	single_byte_option(&s, LSTM_KERNEL_TYPE, LSTM_KERNEL_BASIC);
	single_refused(&s, "kernel type 1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(integer_cells_equal_the_formula_and_keep_their_state),
		cmocka_unit_test(float_cells_equal_the_formula_and_keep_their_state),
		cmocka_unit_test(cells_that_do_not_fit_are_refused),
		cmocka_unit_test(kinds_without_a_description_are_refused),
	};
	return CHECK_RUN(tests);
}
