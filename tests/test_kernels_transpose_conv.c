/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/layer.h"

#include "runtime/schema/tflite.h"

static struct check_random dice = { 7 };

static int32_t any(int32_t low, int32_t high)
{
	return check_random_in(&dice, low, high);
}

struct shape {
	int32_t batch, h, w, c;      /* of the input */
	int32_t out_h, out_w, out_c;
	int32_t kernel_h, kernel_w, stride_h, stride_w;
	enum padding padding;
};

/* An output size that belongs to `in` cells. */
static int32_t any_output(enum padding padding, int32_t in, int32_t kernel, int32_t stride)
{
	int32_t spare = any(0, stride - 1);

	return padding == PADDING_SAME ? in * stride - spare :
					 (in - 1) * stride + kernel + spare;
}

static struct shape random_shape(void)
{
	struct shape s = {
		.batch = any(1, 2), .h = any(1, 5), .w = any(1, 5), .c = any(1, 9),
		.out_c = any(1, 6), .kernel_h = any(1, 5), .kernel_w = any(1, 5),
		.stride_h = any(1, 3), .stride_w = any(1, 3),
		.padding = any(0, 1) ? PADDING_VALID : PADDING_SAME,
	};

	s.out_h = any_output(s.padding, s.h, s.kernel_h, s.stride_h);
	s.out_w = any_output(s.padding, s.w, s.kernel_w, s.stride_w);
	return s;
}

static void build(struct layer *l, const struct shape *s)
{
	single_ints(&l->s, 4, (int32_t[]){ s->batch, s->out_h, s->out_w, s->out_c });
	layer_filter(l, 4, (int32_t[]){ s->out_c, s->kernel_h, s->kernel_w, s->c }, 0);
	layer_input(l, 4, (int32_t[]){ s->batch, s->h, s->w, s->c });
	layer_bias(l);
	layer_output(l);
	single_byte_option(&l->s, TRANSPOSE_CONV_PADDING, (int32_t)s->padding);
	single_option(&l->s, TRANSPOSE_CONV_STRIDE_H, s->stride_h);
	single_option(&l->s, TRANSPOSE_CONV_STRIDE_W, s->stride_w);
	single_byte_option(&l->s, TRANSPOSE_CONV_FUSED_ACTIVATION, l->activation);
}

/* Where tap k of input cell i lands, in both directions at once, is (oy, ox). */
static void expect_cell(struct layer *l, const struct shape *s, int32_t b, int32_t oy,
			int32_t ox, int32_t o, int32_t pad_h, int32_t pad_w)
{
	for (int32_t y = 0; y < s->h; y++)
		for (int32_t x = 0; x < s->w; x++)
			for (int32_t c = 0; c < s->c; c++) {
				int32_t ky = oy - (y * s->stride_h - pad_h);
				int32_t kx = ox - (x * s->stride_w - pad_w);

				if (ky < 0 || ky >= s->kernel_h || kx < 0 || kx >= s->kernel_w)
					continue;
				layer_add(l, (size_t)(((b * s->h + y) * s->w + x) * s->c + c),
					  (size_t)(((o * s->kernel_h + ky) * s->kernel_w +
						    kx) * s->c + c));
			}
}

static void expect_all(struct layer *l, const struct shape *s)
{
	int32_t h, w, pad_h, pad_w;
	size_t at = 0;

	layer_window(s->padding == PADDING_SAME, s->out_h, s->kernel_h, s->stride_h, &h, &pad_h);
	layer_window(s->padding == PADDING_SAME, s->out_w, s->kernel_w, s->stride_w, &w, &pad_w);
	single_assert_shape(l->s.out[0], 4,
			    (int32_t[]){ s->batch, s->out_h, s->out_w, s->out_c });
	for (int32_t b = 0; b < s->batch; b++)
		for (int32_t y = 0; y < s->out_h; y++)
			for (int32_t x = 0; x < s->out_w; x++)
				for (int32_t o = 0; o < s->out_c; o++) {
					expect_cell(l, s, b, y, x, o, pad_h, pad_w);
					layer_expect(l, at++, (uint32_t)o);
				}
}

static void begin(struct layer *l, enum atoll_type type)
{
	layer_new(l, &dice, BUILTIN_TRANSPOSE_CONV, OPTIONS_TRANSPOSE_CONV, type);
}

static void one_random_shape(struct layer *l, enum atoll_type type)
{
	struct shape shape = random_shape();

	begin(l, type);
	build(l, &shape);
	l->s.graph.options.threads = (uint32_t)any(1, 3);
	layer_run(l);
	expect_all(l, &shape);
}

static void uint8_equals_the_formula_over_random_shapes(void **state)
{
	(void)state;
	layer_repeat(ATOLL_UINT8, 60, one_random_shape);
}

static void int8_equals_the_formula_over_random_shapes(void **state)
{
	(void)state;
	layer_repeat(ATOLL_INT8, 60, one_random_shape);
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

static void layers_that_do_not_fit_are_refused(void **state)
{
	struct shape good = { 1, 3, 3, 2, 6, 6, 4, 2, 2, 2, 2, PADDING_SAME }, shape = good;
	struct layer l;

	(void)state;
	begin(&l, ATOLL_UINT8);
	shape.out_h = 7;
	build(&l, &shape);
	single_refused(&l.s, "belongs to an input of 4x3 cells, not 3x3");

	begin(&l, ATOLL_UINT8);
	shape = good;
	shape.stride_h = 0;
	build(&l, &shape);
	single_refused(&l.s, "stride 0");

	begin(&l, ATOLL_UINT8);
	single_ints(&l.s, 4, (int32_t[]){ 1, 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 4, 2, 2, 3 }, 0);
	layer_input(&l, 4, (int32_t[]){ 1, 3, 3, 2 });
	layer_output(&l);
	single_refused(&l.s, "shape 4x2x2x3 for 2 input channels");

	begin(&l, ATOLL_UINT8);
	single_ints(&l.s, 4, (int32_t[]){ 1, 6, 6, 5 });
	layer_filter(&l, 4, (int32_t[]){ 4, 2, 2, 2 }, 0);
	layer_input(&l, 4, (int32_t[]){ 1, 3, 3, 2 });
	layer_output(&l);
	single_refused(&l.s, "output shape 1x6x6x5 for 1 images and 4 channels");

	begin(&l, ATOLL_UINT8);
	single_ints(&l.s, 3, (int32_t[]){ 6, 6, 4 });
	layer_filter(&l, 4, (int32_t[]){ 4, 2, 2, 2 }, 0);
	layer_input(&l, 4, (int32_t[]){ 1, 3, 3, 2 });
	layer_output(&l);
	single_refused(&l.s, "output shape of 3 dimensions");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(uint8_equals_the_formula_over_random_shapes),
		cmocka_unit_test(int8_equals_the_formula_over_random_shapes),
		cmocka_unit_test(int16_equals_the_formula_over_random_shapes),
		cmocka_unit_test(float_adds_in_order_over_random_shapes),
		cmocka_unit_test(layers_that_do_not_fit_are_refused),
	};
	return CHECK_RUN(tests);
}
