/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/layer.h"

#include <math.h>

#include "runtime/schema/tflite.h"

static struct check_random dice = { 6 };

static int32_t any(int32_t low, int32_t high)
{
	return check_random_in(&dice, low, high);
}

struct shape {
	int32_t batch, h, w, c, kernel_h, kernel_w, stride_h, stride_w;
	enum padding padding;
	int8_t activation;
};

static struct shape random_shape(void)
{
	struct shape s = {
		.batch = any(1, 2), .h = any(1, 9), .w = any(1, 9), .c = any(1, 70),
		.kernel_h = any(1, 5), .kernel_w = any(1, 5),
		.stride_h = any(1, 6), .stride_w = any(1, 6),
		.padding = any(0, 1) ? PADDING_VALID : PADDING_SAME,
		.activation = (int8_t)any(0, 3),
	};

	if (s.kernel_h > s.h || s.kernel_w > s.w)
		s.padding = PADDING_SAME;
	return s;
}

static void build(struct single *s, uint32_t code, enum atoll_type type,
		  const struct shape *shape)
{
	layer_any_cpu(&dice);
	single_new(s, code, OPTIONS_POOL_2D);
	s->random.state = check_random(&dice);
	s->scale = (float)any(1, 100) / 1000;
	s->zero_point = type == ATOLL_UINT8 ? any(0, 255) : any(-128, 127);
	single_input(s, type, 4, (int32_t[]){ shape->batch, shape->h, shape->w, shape->c });
	single_output(s, type);
	single_byte_option(s, POOL_2D_PADDING, (int32_t)shape->padding);
	single_option(s, POOL_2D_STRIDE_H, shape->stride_h);
	single_option(s, POOL_2D_STRIDE_W, shape->stride_w);
	single_option(s, POOL_2D_FILTER_HEIGHT, shape->kernel_h);
	single_option(s, POOL_2D_FILTER_WIDTH, shape->kernel_w);
	single_byte_option(s, POOL_2D_FUSED_ACTIVATION, shape->activation);
}

static double value(const struct atoll_tensor *tensor, size_t i)
{
	switch (tensor->type) {
	case ATOLL_UINT8:
		return ((const uint8_t *)tensor->data)[i];
	case ATOLL_INT8:
		return ((const int8_t *)tensor->data)[i];
	case ATOLL_INT16:
		return ((const int16_t *)tensor->data)[i];
	default:
		return (double)((const float *)tensor->data)[i];
	}
}

struct window {
	double sum, most;
	int count;
};

static struct window look(const struct atoll_tensor *in, const struct shape *s, int32_t b,
			  int32_t top, int32_t left, int32_t c)
{
	struct window window = { 0, -1e30, 0 };

	for (int32_t y = top; y < top + s->kernel_h; y++)
		for (int32_t x = left; x < left + s->kernel_w; x++) {
			double v;

			if (y < 0 || y >= s->h || x < 0 || x >= s->w)
				continue;
			v = value(in, (size_t)(((b * s->h + y) * s->w + x) * s->c + c));
			window.sum += v;
			window.most = fmax(window.most, v);
			window.count++;
		}
	return window;
}

/* Averages of stored values go to the nearest one, ties away from 0. Floats here
   are small whole numbers: their sums are exact. */
static double expected(const struct single *s, const struct shape *shape, bool is_max,
		       struct window window)
{
	enum atoll_type type = s->in[0]->type;
	double result = is_max ? window.most : window.sum / window.count;
	int64_t low, high;

	if (type == ATOLL_FLOAT32) {
		static const double floors[] = { -1e30, 0, -1, 0 };
		static const double ceilings[] = { 1e30, 1e30, 1, 6 };

		return (double)(float)fmin(fmax(result, floors[shape->activation]),
					   ceilings[shape->activation]);
	}
	layer_range(type, shape->activation, s->scale,
		    type == ATOLL_INT16 ? 0 : (int32_t)s->zero_point, &low, &high);
	return fmax(fmin(round(result), (double)high), (double)low);
}

static void expect_all(const struct single *s, const struct shape *shape, bool is_max)
{
	int32_t out_h, out_w, pad_h, pad_w;
	size_t at = 0;

	layer_window(shape->padding == PADDING_SAME, shape->h, shape->kernel_h,
		     shape->stride_h, &out_h, &pad_h);
	layer_window(shape->padding == PADDING_SAME, shape->w, shape->kernel_w,
		     shape->stride_w, &out_w, &pad_w);
	single_assert_shape(s->out[0], 4, (int32_t[]){ shape->batch, out_h, out_w, shape->c });
	for (int32_t b = 0; b < shape->batch; b++)
		for (int32_t y = 0; y < out_h; y++)
			for (int32_t x = 0; x < out_w; x++)
				for (int32_t c = 0; c < shape->c; c++, at++) {
					struct window window = look(s->in[0], shape, b,
						y * shape->stride_h - pad_h,
						x * shape->stride_w - pad_w, c);
					double wanted = expected(s, shape, is_max, window);

					if (value(s->out[0], at) != wanted)
						fail_msg("output %zu is %g, not %g", at,
							 value(s->out[0], at), wanted);
				}
}

static void random_shapes(uint32_t code)
{
	static const enum atoll_type types[] = {
		ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16, ATOLL_FLOAT32,
	};

	for (int round = 0; round < 160; round++) {
		struct shape shape = random_shape();
		struct single s;

		build(&s, code, types[round % 4], &shape);
		s.graph.options.threads = (uint32_t)any(1, 3);
		single_run(&s);
		expect_all(&s, &shape, code == BUILTIN_MAX_POOL_2D);
		single_free(&s);
	}
}

static void averages_round_half_away_from_zero_over_random_shapes(void **state)
{
	(void)state;
	random_shapes(BUILTIN_AVERAGE_POOL_2D);
}

static void maxima_are_those_of_the_cells_inside_over_random_shapes(void **state)
{
	(void)state;
	random_shapes(BUILTIN_MAX_POOL_2D);
}

static void large_windows_and_layers_are_shared_among_threads(void **state)
{
	struct shape shapes[] = {
		{ 1, 60, 50, 33, 3, 3, 1, 1, PADDING_SAME, 0 },
		{ 1, 40, 40, 33, 40, 40, 1, 1, PADDING_VALID, 0 },
	};

	(void)state;
	for (int i = 0; i < 2; i++)
		for (int32_t code = 0; code < 2; code++) {
			struct single s;

			build(&s, code ? BUILTIN_MAX_POOL_2D : BUILTIN_AVERAGE_POOL_2D,
			      ATOLL_INT8, &shapes[i]);
			s.graph.options.threads = 3;
			single_run(&s);
			expect_all(&s, &shapes[i], code);
			single_free(&s);
		}
}

static void no_images_give_no_output(void **state)
{
	struct shape shape = { 0, 5, 5, 2, 3, 3, 1, 1, PADDING_SAME, 0 };
	struct single s;

	(void)state;
	build(&s, BUILTIN_AVERAGE_POOL_2D, ATOLL_UINT8, &shape);
	single_run(&s);
	expect_all(&s, &shape, false);
	single_free(&s);
}

static void layers_that_do_not_fit_are_refused(void **state)
{
	struct shape shape = { 1, 5, 5, 2, 6, 3, 1, 1, PADDING_VALID, 0 };
	struct single s;

	(void)state;
	build(&s, BUILTIN_MAX_POOL_2D, ATOLL_UINT8, &shape);
	single_refused(&s, "rows: a window of 6 does not fit into 5");

	shape.kernel_h = 0;
	build(&s, BUILTIN_MAX_POOL_2D, ATOLL_UINT8, &shape);
	single_refused(&s, "window 0");

	shape.kernel_h = 1 << 20;
	shape.kernel_w = 1 << 4;
	shape.padding = PADDING_SAME;
	build(&s, BUILTIN_AVERAGE_POOL_2D, ATOLL_UINT8, &shape);
	single_refused(&s, "window of 16777216 cells");

	single_new(&s, BUILTIN_AVERAGE_POOL_2D, OPTIONS_POOL_2D);
	single_input(&s, ATOLL_UINT8, 4, (int32_t[]){ 1, 5, 5, 2 });
	s.zero_point = 4;
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "must be equal");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(averages_round_half_away_from_zero_over_random_shapes),
		cmocka_unit_test(maxima_are_those_of_the_cells_inside_over_random_shapes),
		cmocka_unit_test(large_windows_and_layers_are_shared_among_threads),
		cmocka_unit_test(no_images_give_no_output),
		cmocka_unit_test(layers_that_do_not_fit_are_refused),
	};
	return CHECK_RUN(tests);
}
