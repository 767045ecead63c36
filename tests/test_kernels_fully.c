/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/layer.h"

#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"

static struct check_random dice = { 5 };

static int32_t any(int32_t low, int32_t high)
{
	return check_random_in(&dice, low, high);
}

static void begin(struct layer *l, enum atoll_type type)
{
	layer_new(l, &dice, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, type);
	l->is_float_scaled = l->is_exactly_scaled = true;
}

static void build(struct layer *l, int32_t rows, int32_t k, int32_t columns)
{
	layer_input(l, 2, (int32_t[]){ rows, k });
	layer_filter(l, 2, (int32_t[]){ columns, k }, 0);
	layer_bias(l);
	layer_output(l);
	single_byte_option(&l->s, FULLY_CONNECTED_FUSED_ACTIVATION, l->activation);
}

static void expect_all(struct layer *l, int32_t rows, int32_t k, int32_t columns)
{
	for (int32_t r = 0; r < rows; r++)
		for (int32_t c = 0; c < columns; c++) {
			for (int32_t i = 0; i < k; i++)
				layer_add(l, (size_t)(r * k + i), (size_t)(c * k + i));
			layer_expect(l, (size_t)(r * columns + c), (uint32_t)c);
		}
}

static void one_random_shape(struct layer *l, enum atoll_type type)
{
	int32_t rows = any(1, 5), k = any(1, 90), columns = any(1, 40);

	begin(l, type);
	if (type == ATOLL_INT8 && !l->is_per_channel)
		l->filter_zero = any(-5, 5);
	build(l, rows, k, columns);
	l->s.graph.options.threads = (uint32_t)any(1, 3);
	layer_run(l);
	single_assert_shape(l->s.out[0], 2, (int32_t[]){ rows, columns });
	expect_all(l, rows, k, columns);
}

static void uint8_equals_the_formula_over_random_shapes(void **state)
{
	(void)state;
	layer_repeat(ATOLL_UINT8, 80, one_random_shape);
}

static void int8_equals_the_formula_over_random_shapes(void **state)
{
	(void)state;
	layer_repeat(ATOLL_INT8, 80, one_random_shape);
}

static void int16_equals_the_formula_over_random_shapes(void **state)
{
	(void)state;
	layer_repeat(ATOLL_INT16, 60, one_random_shape);
}

static void float_adds_in_order_over_random_shapes(void **state)
{
	(void)state;
	layer_repeat(ATOLL_FLOAT32, 60, one_random_shape);
}

/* More weights than fit one part, more rows than fit one block. */
static void large_layers_equal_the_formula_on_any_number_of_threads(void **state)
{
	const int32_t rows = 35, k = 1000, columns = 260;

	(void)state;
	for (uint32_t threads = 1; threads <= 3; threads += 2) {
		struct layer l;

		begin(&l, ATOLL_INT8);
		l.has_bias = true;
		build(&l, rows, k, columns);
		l.s.graph.options.threads = threads;
		layer_run(&l);
		expect_all(&l, rows, k, columns);
		single_free(&l.s);
	}
}

static void the_last_dimension_alone_is_replaced_with_keep_num_dims(void **state)
{
	struct layer l;

	(void)state;
	begin(&l, ATOLL_INT8);
	layer_input(&l, 3, (int32_t[]){ 2, 3, 10 });
	layer_filter(&l, 2, (int32_t[]){ 7, 10 }, 0);
	layer_bias(&l);
	layer_output(&l);
	single_byte_option(&l.s, FULLY_CONNECTED_FUSED_ACTIVATION, l.activation);
	single_flag(&l.s, FULLY_CONNECTED_KEEP_NUM_DIMS);
	layer_run(&l);
	single_assert_shape(l.s.out[0], 3, (int32_t[]){ 2, 3, 7 });
	expect_all(&l, 6, 10, 7);
	single_free(&l.s);
}

static void images_are_taken_as_rows(void **state)
{
	struct layer l;

	(void)state;
	begin(&l, ATOLL_UINT8);
	layer_input(&l, 4, (int32_t[]){ 2, 3, 2, 5 });
	layer_filter(&l, 2, (int32_t[]){ 4, 30 }, 0);
	layer_bias(&l);
	layer_output(&l);
	single_byte_option(&l.s, FULLY_CONNECTED_FUSED_ACTIVATION, l.activation);
	layer_run(&l);
	single_assert_shape(l.s.out[0], 2, (int32_t[]){ 2, 4 });
	expect_all(&l, 2, 30, 4);
	single_free(&l.s);
}

static void constant_operands_make_a_constant_output(void **state)
{
	struct layer l;

	(void)state;
	begin(&l, ATOLL_UINT8);
	l.is_input_constant = l.is_constant = true;
	build(&l, 3, 17, 5);
	layer_run(&l);
	expect_all(&l, 3, 17, 5);
	single_free(&l.s);
}

/* Float input and int8 weights: the row, quantized and not. */

#define K 33
#define COLUMNS 9
#define ROWS 4

static void hybrid(struct layer *l, bool is_asymmetric)
{
	begin(l, ATOLL_FLOAT32);
	l->has_bias = l->is_constant = true;
	l->activation = 0;
	layer_input(l, 2, (int32_t[]){ ROWS, K });
	l->type = ATOLL_INT8;
	layer_filter(l, 2, (int32_t[]){ COLUMNS, K }, 0);
	l->type = ATOLL_FLOAT32;
	layer_bias(l);
	layer_output(l);
	if (is_asymmetric)
		single_flag(&l->s, FULLY_CONNECTED_ASYMMETRIC_QUANTIZE_INPUTS);
	single_open(&l->s);
	for (int i = 0; i < ROWS * K; i++)
		((float *)l->s.in[0]->data)[i] =
			(float)any(is_asymmetric ? -100 : -1000, 1000) / 313;
	memset(l->s.in[0]->data, 0, K * sizeof(float)); /* a row of nothing */
	graph_run(&l->s.graph);
}

/* The result with exact inputs, and how far rounding them may lead away. */
static void expect_about(const struct layer *l, int row, int column, double step)
{
	const float *x = (const float *)l->s.in[0]->data + row * K;
	const int8_t *w = (const int8_t *)l->s.in[1]->data + column * K;
	double scale = (double)l->filter_scale[l->is_per_channel ? column : 0];
	double sum = (double)((const float *)l->s.in[2]->data)[column], slack = 1e-5;

	for (int i = 0; i < K; i++) {
		sum += (double)x[i] * w[i] * scale;
		slack += step * 0.51 * fabs(w[i] * scale);
	}
	if (fabs(sum - (double)((const float *)l->s.out[0]->data)[row * COLUMNS + column]) >
	    slack)
		fail_msg("row %d column %d: %g, expected about %g", row, column,
			 (double)((const float *)l->s.out[0]->data)[row * COLUMNS + column],
			 sum);
}

static void float_rows_are_quantized_for_int8_weights(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		struct layer l;

		hybrid(&l, round % 2);
		for (int r = 0; r < ROWS; r++) {
			const float *x = (const float *)l.s.in[0]->data + r * K;
			double low = 0, high = 0;

			for (int i = 0; i < K; i++) {
				low = fmin(low, (double)x[i]);
				high = fmax(high, (double)x[i]);
			}
			for (int c = 0; c < COLUMNS; c++)
				expect_about(&l, r, c, round % 2 ? (high - low) / 255 * 2 :
						       fmax(high, -low) / 127);
		}
		single_free(&l.s);
	}
}

/* Whole multiples of 1/127 of the largest are quantized without loss. */
static void float_rows_that_fit_the_steps_are_exact(void **state)
{
	struct layer l;
	float *x;

	(void)state;
	hybrid(&l, false);
	x = l.s.in[0]->data;
	for (int i = 0; i < ROWS * K; i++)
		x[i] = (float)(i % K == 0 ? 127 : any(-127, 127)) / 4;
	graph_run(&l.s.graph);
	for (int r = 0; r < ROWS; r++)
		for (int c = 0; c < COLUMNS; c++)
			expect_about(&l, r, c, 0);
	single_free(&l.s);
}

static void layers_that_do_not_fit_are_refused(void **state)
{
	struct layer l;

	(void)state;
	begin(&l, ATOLL_INT8);
	layer_input(&l, 2, (int32_t[]){ 3, 10 });
	layer_filter(&l, 2, (int32_t[]){ 4, 7 }, 0);
	layer_output(&l);
	single_refused(&l.s, "30 values are no rows of 7");

	begin(&l, ATOLL_INT8);
	layer_input(&l, 2, (int32_t[]){ 3, 10 });
	layer_filter(&l, 3, (int32_t[]){ 4, 10, 1 }, 0);
	layer_output(&l);
	single_refused(&l.s, "expected two dimensions");

	begin(&l, ATOLL_INT8);
	build(&l, 2, 3, 4);
	single_byte_option(&l.s, FULLY_CONNECTED_WEIGHTS_FORMAT, 1);
	single_refused(&l.s, "weights format 1");

	begin(&l, ATOLL_INT8);
	layer_input(&l, 2, (int32_t[]){ 6, 5 });
	layer_filter(&l, 2, (int32_t[]){ 4, 10 }, 0);
	layer_output(&l);
	single_flag(&l.s, FULLY_CONNECTED_KEEP_NUM_DIMS);
	single_refused(&l.s, "as keep_num_dims wants");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(uint8_equals_the_formula_over_random_shapes),
		cmocka_unit_test(int8_equals_the_formula_over_random_shapes),
		cmocka_unit_test(int16_equals_the_formula_over_random_shapes),
		cmocka_unit_test(float_adds_in_order_over_random_shapes),
		cmocka_unit_test(large_layers_equal_the_formula_on_any_number_of_threads),
		cmocka_unit_test(the_last_dimension_alone_is_replaced_with_keep_num_dims),
		cmocka_unit_test(images_are_taken_as_rows),
		cmocka_unit_test(constant_operands_make_a_constant_output),
		cmocka_unit_test(float_rows_are_quantized_for_int8_weights),
		cmocka_unit_test(float_rows_that_fit_the_steps_are_exact),
		cmocka_unit_test(layers_that_do_not_fit_are_refused),
	};
	return CHECK_RUN(tests);
}
