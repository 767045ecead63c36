/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/layer.h"

#include "runtime/schema/tflite.h"

static struct check_random dice = { 4 };

static int32_t any(int32_t low, int32_t high)
{
	return check_random_in(&dice, low, high);
}

struct shape {
	int32_t batch, h, w, c, multiplier, kernel_h, kernel_w;
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
		.batch = any(1, 2), .h = any(1, 9), .w = any(1, 9), .c = any(1, 40),
		.multiplier = any(0, 1) ? 1 : any(2, 4),
		.kernel_h = any(1, 4), .kernel_w = any(1, 4),
		.stride_h = any(1, 3), .stride_w = any(1, 3),
		.dilation_h = any(1, 2), .dilation_w = any(1, 2),
		.padding = any(0, 1) ? PADDING_VALID : PADDING_SAME,
	};

	if (any(0, 1)) /* the most common one */
		s.kernel_h = s.kernel_w = 3;
	if (reach(s.kernel_h, s.dilation_h) > s.h || reach(s.kernel_w, s.dilation_w) > s.w)
		s.padding = PADDING_SAME;
	return s;
}

static void build(struct layer *l, const struct shape *s)
{
	layer_input(l, 4, (int32_t[]){ s->batch, s->h, s->w, s->c });
	layer_filter(l, 4, (int32_t[]){ 1, s->kernel_h, s->kernel_w, s->c * s->multiplier }, 3);
	layer_bias(l);
	layer_output(l);
	single_byte_option(&l->s, DEPTHWISE_CONV_2D_PADDING, (int32_t)s->padding);
	single_option(&l->s, DEPTHWISE_CONV_2D_STRIDE_H, s->stride_h);
	single_option(&l->s, DEPTHWISE_CONV_2D_STRIDE_W, s->stride_w);
	single_option(&l->s, DEPTHWISE_CONV_2D_DILATION_H, s->dilation_h);
	single_option(&l->s, DEPTHWISE_CONV_2D_DILATION_W, s->dilation_w);
	single_byte_option(&l->s, DEPTHWISE_CONV_2D_FUSED_ACTIVATION, l->activation);
}

static void expect_cell(struct layer *l, const struct shape *s, int32_t b, int32_t top,
			int32_t left, int32_t o)
{
	int32_t out_c = s->c * s->multiplier;

	for (int32_t ky = 0; ky < s->kernel_h; ky++)
		for (int32_t kx = 0; kx < s->kernel_w; kx++) {
			int32_t y = top + ky * s->dilation_h, x = left + kx * s->dilation_w;

			if (y < 0 || y >= s->h || x < 0 || x >= s->w)
				continue;
			layer_add(l, (size_t)(((b * s->h + y) * s->w + x) * s->c +
					      o / s->multiplier),
				  (size_t)((ky * s->kernel_w + kx) * out_c + o));
		}
}

static void expect_all(struct layer *l, const struct shape *s)
{
	int32_t out_h, out_w, pad_h, pad_w, out_c = s->c * s->multiplier;
	size_t at = 0;

	layer_window(s->padding == PADDING_SAME, s->h, reach(s->kernel_h, s->dilation_h),
		     s->stride_h, &out_h, &pad_h);
	layer_window(s->padding == PADDING_SAME, s->w, reach(s->kernel_w, s->dilation_w),
		     s->stride_w, &out_w, &pad_w);
	single_assert_shape(l->s.out[0], 4, (int32_t[]){ s->batch, out_h, out_w, out_c });
	for (int32_t b = 0; b < s->batch; b++)
		for (int32_t y = 0; y < out_h; y++)
			for (int32_t x = 0; x < out_w; x++)
				for (int32_t o = 0; o < out_c; o++) {
					expect_cell(l, s, b, y * s->stride_h - pad_h,
						    x * s->stride_w - pad_w, o);
					layer_expect(l, at++, (uint32_t)o);
				}
}

static void one_random_shape(struct layer *l, enum atoll_type type)
{
	struct shape shape = random_shape();

	layer_new(l, &dice, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, type);
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

static void large_layers_equal_the_formula_on_any_number_of_threads(void **state)
{
	struct shape shape = { 2, 29, 37, 24, 1, 3, 3, 1, 1, 1, 1, PADDING_SAME };

	(void)state;
	for (uint32_t threads = 1; threads <= 5; threads += 2) {
		struct layer l;

		layer_new(&l, &dice, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D,
			  ATOLL_UINT8);
		build(&l, &shape);
		l.s.graph.options.threads = threads;
		layer_run(&l);
		expect_all(&l, &shape);
		single_free(&l.s);
	}
}

static void a_window_may_look_past_the_image_on_all_sides(void **state)
{
	struct shape shape = { 1, 2, 1, 17, 1, 4, 4, 1, 1, 3, 3, PADDING_SAME };

	(void)state;
	for (enum atoll_type type = ATOLL_UINT8; type <= ATOLL_INT8;
	     type += ATOLL_INT8 - ATOLL_UINT8) {
		struct layer l;

		layer_new(&l, &dice, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, type);
		build(&l, &shape);
		layer_run(&l);
		expect_all(&l, &shape);
		single_free(&l.s);
	}
}

static void dilation_far_past_the_image_takes_no_memory(void **state)
{
	struct shape shape = { 1, 3, 5, 3, 1, 2, 2, 1, 1, 1 << 28, 1 << 28, PADDING_SAME };
	struct layer l;

	(void)state;
	layer_new(&l, &dice, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, ATOLL_UINT8);
	build(&l, &shape);
	layer_run(&l);
	expect_all(&l, &shape);
	assert_true(atoll_session_plan(l.s.graph.session)->arena_bytes < 1 << 20);
	single_free(&l.s);
}

static void no_images_give_no_output(void **state)
{
	struct shape shape = { 0, 5, 5, 2, 1, 3, 3, 1, 1, 1, 1, PADDING_SAME };
	struct layer l;

	(void)state;
	layer_new(&l, &dice, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, ATOLL_INT8);
	build(&l, &shape);
	layer_run(&l);
	expect_all(&l, &shape);
	single_free(&l.s);
}

static void layers_that_do_not_fit_are_refused(void **state)
{
	struct layer l;

	(void)state;
	layer_new(&l, &dice, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, ATOLL_INT8);
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 1, 3, 3, 6 }, 3);
	layer_output(&l);
	single_refused(&l.s, "6 channels for 4 of the input");

	layer_new(&l, &dice, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, ATOLL_INT8);
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 2, 3, 3, 4 }, 3);
	layer_output(&l);
	single_refused(&l.s, "shape 2x3x3x4, expected 1xYxXxC");

	layer_new(&l, &dice, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, ATOLL_INT8);
	l.is_per_channel = true;
	layer_input(&l, 4, (int32_t[]){ 1, 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 1, 3, 3, 4 }, 1); /* along the wrong axis */
	layer_output(&l);
	single_refused(&l.s, "3 scales along dimension 1, expected 4 along 3");
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
		cmocka_unit_test(dilation_far_past_the_image_takes_no_memory),
		cmocka_unit_test(no_images_give_no_output),
		cmocka_unit_test(layers_that_do_not_fit_are_refused),
	};
	return CHECK_RUN(tests);
}
