/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/layer.h"

#include "runtime/schema/tflite.h"

static struct check_random dice = { 8 };

static int32_t any(int32_t low, int32_t high)
{
	return check_random_in(&dice, low, high);
}

/* a [a1][a0][m][k] and b [b1][b0][k][n], the leading ones equal or 1. */
struct shape {
	int32_t a1, a0, b1, b0, m, k, n;
	bool adj_x, adj_y;
};

static struct shape random_shape(void)
{
	struct shape s = {
		.a1 = any(1, 3), .a0 = any(1, 3), .m = any(1, 40), .k = any(1, 20),
		.n = any(1, 12), .adj_x = any(0, 1), .adj_y = any(0, 1),
	};

	s.b1 = any(0, 1) ? 1 : s.a1;
	s.b0 = any(0, 1) ? 1 : s.a0;
	if (any(0, 3) == 0)
		s.a0 = 1;
	return s;
}

static int32_t higher(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static void begin(struct layer *l, enum atoll_type type)
{
	layer_new(l, &dice, BUILTIN_BATCH_MATMUL, OPTIONS_BATCH_MATMUL, type);
	l->is_float_scaled = true;
	l->is_per_channel = l->has_bias = false;
	l->activation = 0;
	if (type == ATOLL_INT8)
		l->filter_zero = any(-128, 127);
	l->is_constant = any(0, 1);
	l->is_input_constant = any(0, 5) == 0;
}

static void build(struct layer *l, const struct shape *s)
{
	layer_input(l, 4, (int32_t[]){ s->a1, s->a0, s->adj_x ? s->k : s->m,
				       s->adj_x ? s->m : s->k });
	layer_filter(l, 4, (int32_t[]){ s->b1, s->b0, s->adj_y ? s->n : s->k,
					s->adj_y ? s->k : s->n }, s->adj_y ? 2 : 3);
	layer_output(l);
	if (s->adj_x)
		single_flag(&l->s, BATCH_MATMUL_ADJ_X);
	if (s->adj_y)
		single_flag(&l->s, BATCH_MATMUL_ADJ_Y);
}

static void expect_matrix(struct layer *l, const struct shape *s, int32_t a, int32_t b,
			  size_t *at)
{
	for (int32_t m = 0; m < s->m; m++)
		for (int32_t n = 0; n < s->n; n++) {
			for (int32_t k = 0; k < s->k; k++)
				layer_add(l, (size_t)(a * s->m * s->k +
						(s->adj_x ? k * s->m + m : m * s->k + k)),
					  (size_t)(b * s->k * s->n +
						(s->adj_y ? n * s->k + k : k * s->n + n)));
			layer_expect(l, (*at)++, (uint32_t)n);
		}
}

static void expect_all(struct layer *l, const struct shape *s)
{
	int32_t outer = higher(s->a1, s->b1), inner = higher(s->a0, s->b0);
	size_t at = 0;

	single_assert_shape(l->s.out[0], 4, (int32_t[]){ outer, inner, s->m, s->n });
	for (int32_t i = 0; i < outer; i++)
		for (int32_t j = 0; j < inner; j++)
			expect_matrix(l, s, (s->a1 == 1 ? 0 : i) * s->a0 +
					    (s->a0 == 1 ? 0 : j),
				      (s->b1 == 1 ? 0 : i) * s->b0 + (s->b0 == 1 ? 0 : j), &at);
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

static void int8_equals_the_formula_over_random_shapes(void **state)
{
	(void)state;
	layer_repeat(ATOLL_INT8, 60, one_random_shape);
}

static void float_adds_in_order_over_random_shapes(void **state)
{
	(void)state;
	layer_repeat(ATOLL_FLOAT32, 60, one_random_shape);
}

static void ranks_may_differ(void **state)
{
	struct layer l;
	size_t at = 0;

	(void)state;
	begin(&l, ATOLL_INT8);
	layer_input(&l, 3, (int32_t[]){ 3, 2, 5 });
	layer_filter(&l, 2, (int32_t[]){ 5, 4 }, 1);
	layer_output(&l);
	layer_run(&l);
	single_assert_shape(l.s.out[0], 3, (int32_t[]){ 3, 2, 4 });
	for (size_t r = 0; r < 6; r++)
		for (uint32_t n = 0; n < 4; n++) {
			for (size_t k = 0; k < 5; k++)
				layer_add(&l, r * 5 + k, k * 4 + n);
			layer_expect(&l, at++, n);
		}
	single_free(&l.s);
}

static void matrices_that_do_not_fit_are_refused(void **state)
{
	struct layer l;

	(void)state;
	begin(&l, ATOLL_INT8);
	layer_input(&l, 2, (int32_t[]){ 3, 4 });
	layer_filter(&l, 2, (int32_t[]){ 5, 4 }, 1);
	layer_output(&l);
	single_refused(&l.s, "shapes 3x4 and 5x4 do not fit");

	begin(&l, ATOLL_INT8);
	layer_input(&l, 3, (int32_t[]){ 2, 3, 4 });
	layer_filter(&l, 3, (int32_t[]){ 3, 4, 5 }, 2);
	layer_output(&l);
	single_refused(&l.s, "do not broadcast");

	begin(&l, ATOLL_INT8);
	layer_input(&l, 1, (int32_t[]){ 4 });
	layer_filter(&l, 2, (int32_t[]){ 4, 5 }, 1);
	layer_output(&l);
	single_refused(&l.s, "expected 2 or more");

	begin(&l, ATOLL_UINT8);
	layer_input(&l, 2, (int32_t[]){ 3, 4 });
	layer_filter(&l, 2, (int32_t[]){ 4, 5 }, 1);
	layer_output(&l);
	single_refused(&l.s, "type uint8, supported: float32, int8");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(int8_equals_the_formula_over_random_shapes),
		cmocka_unit_test(float_adds_in_order_over_random_shapes),
		cmocka_unit_test(ranks_may_differ),
		cmocka_unit_test(matrices_that_do_not_fit_are_refused),
	};
	return CHECK_RUN(tests);
}
