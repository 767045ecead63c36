/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/layer.h"

#include <string.h>

#include "runtime/schema/tflite.h"

static struct check_random dice = { 3 };

static int32_t any(int32_t low, int32_t high)
{
	return check_random_in(&dice, low, high);
}

struct shape {
	int32_t batch, h, w, c, out_c, kernel_h, kernel_w, groups;
	int32_t stride_h, stride_w, dilation_h, dilation_w;
	enum padding padding;
};

static int32_t reach(int32_t kernel, int32_t dilation)
{
	return (kernel - 1) * dilation + 1;
}

static struct shape random_shape(void)
{
	struct shape s = {
		.batch = any(1, 2), .h = any(1, 9), .w = any(1, 9),
		.kernel_h = any(1, 4), .kernel_w = any(1, 4),
		.stride_h = any(1, 3), .stride_w = any(1, 3),
		.dilation_h = any(1, 2), .dilation_w = any(1, 2),
		.groups = any(0, 2) == 0 ? any(2, 3) : 1,
		.padding = any(0, 1) ? PADDING_VALID : PADDING_SAME,
	};

	s.c = any(1, 7) * s.groups;
	s.out_c = any(1, 9) * s.groups;
	if (any(0, 4) == 0) /* the shape that reads its input as it is */
		s.kernel_h = s.kernel_w = s.stride_h = s.stride_w = 1;
	if (reach(s.kernel_h, s.dilation_h) > s.h || reach(s.kernel_w, s.dilation_w) > s.w)
		s.padding = PADDING_SAME;
	return s;
}

static void add_options(struct single *s, const struct shape *shape, int8_t activation)
{
	single_byte_option(s, CONV_2D_PADDING, (int32_t)shape->padding);
	single_option(s, CONV_2D_STRIDE_H, shape->stride_h);
	single_option(s, CONV_2D_STRIDE_W, shape->stride_w);
	single_option(s, CONV_2D_DILATION_H, shape->dilation_h);
	single_option(s, CONV_2D_DILATION_W, shape->dilation_w);
	single_byte_option(s, CONV_2D_FUSED_ACTIVATION, activation);
}

static void build(struct layer *l, const struct shape *s)
{
	layer_input(l, 4, (int32_t[]){ s->batch, s->h, s->w, s->c });
	layer_filter(l, 4, (int32_t[]){ s->out_c, s->kernel_h, s->kernel_w,
					s->c / s->groups }, 0);
	layer_bias(l);
	layer_output(l);
	add_options(&l->s, s, l->activation);
}

static void expect_cell(struct layer *l, const struct shape *s, int32_t b, int32_t top,
			int32_t left, int32_t o)
{
	int32_t group_c = s->c / s->groups, first = o / (s->out_c / s->groups) * group_c;

	for (int32_t ky = 0; ky < s->kernel_h; ky++)
		for (int32_t kx = 0; kx < s->kernel_w; kx++)
			for (int32_t c = 0; c < group_c; c++) {
				int32_t y = top + ky * s->dilation_h;
				int32_t x = left + kx * s->dilation_w;

				if (y < 0 || y >= s->h || x < 0 || x >= s->w)
					continue;
				layer_add(l, (size_t)(((b * s->h + y) * s->w + x) * s->c +
						      first + c),
					  (size_t)(((o * s->kernel_h + ky) * s->kernel_w +
						    kx) * group_c + c));
			}
}

static void expect_all(struct layer *l, const struct shape *s)
{
	int32_t out_h, out_w, pad_h, pad_w;
	size_t at = 0;

	layer_window(s->padding == PADDING_SAME, s->h, reach(s->kernel_h, s->dilation_h),
		     s->stride_h, &out_h, &pad_h);
	layer_window(s->padding == PADDING_SAME, s->w, reach(s->kernel_w, s->dilation_w),
		     s->stride_w, &out_w, &pad_w);
	single_assert_shape(l->s.out[0], 4, (int32_t[]){ s->batch, out_h, out_w, s->out_c });
	for (int32_t b = 0; b < s->batch; b++)
		for (int32_t y = 0; y < out_h; y++)
			for (int32_t x = 0; x < out_w; x++)
				for (int32_t o = 0; o < s->out_c; o++) {
					expect_cell(l, s, b, y * s->stride_h - pad_h,
						    x * s->stride_w - pad_w, o);
					layer_expect(l, at++, (uint32_t)o);
				}
}

static void one_random_shape(struct layer *l, enum atoll_type type)
{
	struct shape shape = random_shape();

	layer_new(l, &dice, BUILTIN_CONV_2D, OPTIONS_CONV_2D, type);
	build(l, &shape);
	l->s.graph.options.threads = (uint32_t)any(1, 3);
	layer_run(l);
	expect_all(l, &shape);
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

/* Panels of several blocks, for one and for many threads. */
static void large_layers_equal_the_formula_on_any_number_of_threads(void **state)
{
	struct shape shape = { 1, 23, 31, 9, 20, 3, 3, 1, 1, 1, 1, 1, PADDING_SAME };

	(void)state;
	for (uint32_t threads = 1; threads <= 5; threads += 2) {
		struct layer l;

		layer_new(&l, &dice, BUILTIN_CONV_2D, OPTIONS_CONV_2D, ATOLL_INT8);
		build(&l, &shape);
		l.s.graph.options.threads = threads;
		layer_run(&l);
		expect_all(&l, &shape);
		single_free(&l.s);
	}
}

static void a_window_may_look_past_the_image_on_all_sides(void **state)
{
	struct shape shape = { 1, 2, 1, 3, 4, 4, 4, 1, 1, 1, 3, 3, PADDING_SAME };
	struct layer l;

	(void)state;
	layer_new(&l, &dice, BUILTIN_CONV_2D, OPTIONS_CONV_2D, ATOLL_UINT8);
	build(&l, &shape);
	layer_run(&l);
	expect_all(&l, &shape);
	single_free(&l.s);
}

/* Output steps so small that the multiplier shifts out of 32 bits. */
static void huge_multipliers_saturate(void **state)
{
	struct shape shape = { 1, 3, 3, 2, 3, 1, 1, 1, 1, 1, 1, 1, PADDING_SAME };

	(void)state;
	for (int round = 0; round < 4; round++) {
		struct layer l;

		layer_new(&l, &dice, BUILTIN_CONV_2D, OPTIONS_CONV_2D, ATOLL_INT8);
		l.out_scale = round % 2 ? 1e-30f : 1e-12f;
		l.activation = 0;
		build(&l, &shape);
		layer_run(&l);
		expect_all(&l, &shape);
		single_free(&l.s);
	}
}

/* A sum that one of the two products of the scales rounds up and the other down:
   one close to a tie, if at all; 0 when there is none. */
static int32_t telling_sum(float in, float by, float out)
{
	double as_floats = (double)(in * by) / (double)out;
	double as_doubles = (double)in * (double)by / (double)out;

	for (int32_t n = 0; n < 120; n++)
		for (int32_t near = -2; near <= 2; near++) {
			int32_t sum = (int32_t)((n + 0.5) / as_doubles) + near;

			if (layer_scaled(sum, as_floats) != layer_scaled(sum, as_doubles))
				return sum;
		}
	return 0;
}

static void scales_are_multiplied_as_floats_for_uint8_and_doubles_for_int8(void **state)
{
	const enum atoll_type types[] = { ATOLL_UINT8, ATOLL_INT8 };
	struct shape shape = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, PADDING_SAME };

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct layer l;
		int32_t sum;

		layer_new(&l, &dice, BUILTIN_CONV_2D, OPTIONS_CONV_2D, types[i % 2]);
		l.has_round_scales = l.has_bias = false;
		l.activation = 0;
		l.in_zero = l.out_zero = 0;
		do {
			l.in_scale = (float)any(1000000, 9000000) / 1e9f;
			l.filter_scale[0] = (float)any(1000000, 9000000) / 1e9f;
			l.out_scale = l.in_scale * l.filter_scale[0] * (float)any(300000, 900000);
			sum = telling_sum(l.in_scale, l.filter_scale[0], l.out_scale);
		} while (sum == 0);
		layer_input(&l, 4, (int32_t[]){ 1, 1, 1, 1 });
		layer_filter(&l, 4, (int32_t[]){ 1, 1, 1, 1 }, 0);
		l.bias = l.s.op.inputs;
		single_constant(&l.s, &(struct atoll_builder_tensor){
			.name = "bias", .type = ATOLL_INT32, .rank = 1, .dims = { 1 },
			.scale = l.in_scale * l.filter_scale[0], .data = &sum,
			.bytes = sizeof(sum) });
		layer_output(&l);
		add_options(&l.s, &shape, 0);
		single_open(&l.s);
		l.has_bias = true;
		memset(l.s.in[0]->data, 0, 1);
		graph_run(&l.s.graph);
		layer_expect(&l, 0, 0);
		single_free(&l.s);
	}
}

static void constant_operands_make_a_constant_output(void **state)
{
	(void)state;
	for (int round = 0; round < 8; round++) {
		struct shape shape = random_shape();
		struct layer l;

		layer_new(&l, &dice, BUILTIN_CONV_2D, OPTIONS_CONV_2D, ATOLL_UINT8);
		l.is_input_constant = l.is_constant = true;
		build(&l, &shape);
		layer_run(&l);
		expect_all(&l, &shape);
		single_free(&l.s);
	}
}

static void no_images_give_no_output(void **state)
{
	struct shape shape = { 0, 5, 5, 2, 3, 3, 3, 1, 1, 1, 1, 1, PADDING_SAME };
	struct layer l;

	(void)state;
	layer_new(&l, &dice, BUILTIN_CONV_2D, OPTIONS_CONV_2D, ATOLL_INT8);
	build(&l, &shape);
	layer_run(&l);
	expect_all(&l, &shape);
	single_free(&l.s);
}

/* A good layer, but for what the caller changes before it is refused. */
static const struct shape good = { 1, 6, 6, 4, 8, 3, 3, 1, 1, 1, 1, 1, PADDING_VALID };

static void begin(struct layer *l, enum atoll_type type)
{
	layer_new(l, &dice, BUILTIN_CONV_2D, OPTIONS_CONV_2D, type);
	l->has_bias = l->is_constant = true;
}

static void shapes_that_do_not_fit_are_refused(void **state)
{
	struct shape shape = good;
	struct layer l;

	(void)state;
	begin(&l, ATOLL_INT8);
	shape.c = 5;
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 5 });
	layer_filter(&l, 4, (int32_t[]){ 8, 3, 3, 4 }, 0);
	layer_output(&l);
	add_options(&l.s, &shape, 0);
	single_refused(&l.s, "4 channels for 5 of the input");

	begin(&l, ATOLL_INT8);
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 7, 3, 3, 2 }, 0);
	layer_output(&l);
	add_options(&l.s, &shape, 0);
	single_refused(&l.s, "7 outputs in 2 groups");

	begin(&l, ATOLL_INT8);
	layer_input(&l, 3, (int32_t[]){ 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 8, 3, 3, 4 }, 0);
	layer_output(&l);
	add_options(&l.s, &shape, 0);
	single_refused(&l.s, "3 dimensions, expected 4");

	begin(&l, ATOLL_INT8);
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 8, 3, 3, 4 }, 0);
	l.channels = 7;
	layer_bias(&l);
	layer_output(&l);
	add_options(&l.s, &shape, 0);
	single_refused(&l.s, "7 values for 8 channels");
}

static void windows_that_do_not_fit_are_refused(void **state)
{
	struct shape shape = good;
	struct layer l;

	(void)state;
	begin(&l, ATOLL_UINT8);
	shape.kernel_h = 7;
	build(&l, &shape);
	single_refused(&l.s, "rows: a window of 7 does not fit into 6");

	begin(&l, ATOLL_UINT8);
	shape = good;
	shape.dilation_w = 3;
	build(&l, &shape);
	single_refused(&l.s, "columns: a window of 7 does not fit into 6");

	begin(&l, ATOLL_UINT8);
	shape = good;
	shape.stride_w = 0;
	build(&l, &shape);
	single_refused(&l.s, "stride 0");

	begin(&l, ATOLL_UINT8);
	shape = good;
	shape.dilation_h = -1;
	build(&l, &shape);
	single_refused(&l.s, "dilation -1");

	begin(&l, ATOLL_UINT8);
	shape = good;
	shape.padding = (enum padding)2;
	build(&l, &shape);
	single_refused(&l.s, "padding 2");
}

static void unknown_activations_are_refused(void **state)
{
	struct layer l;

	(void)state;
	begin(&l, ATOLL_INT8);
	l.activation = 4;
	build(&l, &good);
	single_refused(&l.s, "fused activation 4");
}

static void scales_that_do_not_fit_are_refused(void **state)
{
	struct layer l;

	(void)state;
	begin(&l, ATOLL_UINT8); /* the bias must have input times filter */
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 4 });
	l.out_scale = l.in_scale * l.filter_scale[0];
	layer_filter(&l, 4, (int32_t[]){ 8, 3, 3, 4 }, 0);
	l.in_scale *= 1.03f;
	layer_bias(&l);
	layer_output(&l);
	add_options(&l.s, &good, 0);
	single_refused(&l.s, "bias");

	begin(&l, ATOLL_INT8);
	l.is_per_channel = true;
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 8, 3, 3, 4 }, 3); /* along the wrong axis */
	layer_output(&l);
	add_options(&l.s, &good, 0);
	single_refused(&l.s, "4 scales along dimension 3, expected 8 along 0");

	begin(&l, ATOLL_INT8);
	l.is_per_channel = false;
	l.filter_zero = 2;
	build(&l, &good);
	single_refused(&l.s, "int8 with zero point 2");

	begin(&l, ATOLL_INT16);
	l.in_zero = 1;
	build(&l, &good);
	single_refused(&l.s, "zero point");

	begin(&l, ATOLL_INT16);
	l.out_scale = 1e-12f;
	build(&l, &good);
	single_refused(&l.s, "int16 allows 128");
}

static void types_that_do_not_fit_are_refused(void **state)
{
	struct layer l;

	(void)state;
	begin(&l, ATOLL_UINT8);
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 4 });
	l.type = ATOLL_INT8;
	l.filter_zero = 0;
	layer_filter(&l, 4, (int32_t[]){ 8, 3, 3, 4 }, 0);
	l.type = ATOLL_UINT8;
	layer_output(&l);
	add_options(&l.s, &good, 0);
	single_refused(&l.s, "type int8, supported: uint8");

	begin(&l, ATOLL_INT8);
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 8, 3, 3, 4 }, 0);
	l.type = ATOLL_FLOAT32;
	layer_bias(&l);
	l.type = ATOLL_INT8;
	layer_output(&l);
	add_options(&l.s, &good, 0);
	single_refused(&l.s, "type float32, supported: int32");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(uint8_equals_the_formula_over_random_shapes),
		cmocka_unit_test(int8_equals_the_formula_over_random_shapes),
		cmocka_unit_test(int16_equals_the_formula_over_random_shapes),
		cmocka_unit_test(float_adds_in_order_over_random_shapes),
		cmocka_unit_test(large_layers_equal_the_formula_on_any_number_of_threads),
		cmocka_unit_test(a_window_may_look_past_the_image_on_all_sides),
		cmocka_unit_test(huge_multipliers_saturate),
		cmocka_unit_test(
			scales_are_multiplied_as_floats_for_uint8_and_doubles_for_int8),
		cmocka_unit_test(constant_operands_make_a_constant_output),
		cmocka_unit_test(no_images_give_no_output),
		cmocka_unit_test(shapes_that_do_not_fit_are_refused),
		cmocka_unit_test(windows_that_do_not_fit_are_refused),
		cmocka_unit_test(unknown_activations_are_refused),
		cmocka_unit_test(scales_that_do_not_fit_are_refused),
		cmocka_unit_test(types_that_do_not_fit_are_refused),
	};
	return CHECK_RUN(tests);
}
