/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/exact.h"

#define COUNT 201

static double inverse_root(double x)
{
	return 1 / sqrt(x);
}

static double square(double x)
{
	return x * x;
}

static double negated(double x)
{
	return -x;
}

static double elu(double x)
{
	return x < 0 ? expm1(x) : x;
}

static double gelu(double x)
{
	return x * erfc(-x / sqrt(2)) / 2;
}

static const struct {
	uint32_t code;
	double (*function)(double x);
} functions[] = {
	{ BUILTIN_ABS, fabs },     { BUILTIN_CEIL, ceil },
	{ BUILTIN_COS, cos },      { BUILTIN_ELU, elu },
	{ BUILTIN_EXP, exp },      { BUILTIN_FLOOR, floor },
	{ BUILTIN_GELU, gelu },    { BUILTIN_LOG, log },
	{ BUILTIN_NEG, negated },  { BUILTIN_ROUND, rint },
	{ BUILTIN_SIN, sin },      { BUILTIN_SQRT, sqrt },
	{ BUILTIN_SQUARE, square }, { BUILTIN_RSQRT, inverse_root },
};

static void floats_follow_the_real_functions(void **state)
{
	(void)state;
	for (size_t f = 0; f < sizeof(functions) / sizeof(functions[0]); f++) {
		struct single s;

		single_new(&s, functions[f].code, OPTIONS_NONE);
		single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ COUNT });
		single_output(&s, ATOLL_FLOAT32);
		single_open(&s);
		/* Halves, so that ROUND meets ties. */
		for (int i = 0; i < COUNT; i++)
			((float *)s.in[0]->data)[i] = (float)(i - 100) / 8;
		graph_run(&s.graph);
		for (int i = 0; i < COUNT; i++) {
			double y = functions[f].function((i - 100) / 8.0);
			double got = (double)((const float *)s.out[0]->data)[i];

			assert_true((isnan(y) && isnan(got)) || got == y ||
				    fabs(got - y) <= 1e-6 * fabs(y) + 1e-8);
		}
		single_free(&s);
	}
}

static void gelu_has_an_approximate_form(void **state)
{
	struct single s;
	double farthest = 0;

	(void)state;
	single_new(&s, BUILTIN_GELU, OPTIONS_GELU);
	single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ COUNT });
	single_output(&s, ATOLL_FLOAT32);
	single_flag(&s, GELU_APPROXIMATE);
	single_open(&s);
	for (int i = 0; i < COUNT; i++)
		((float *)s.in[0]->data)[i] = (float)(i - 100) / 16;
	graph_run(&s.graph);
	for (int i = 0; i < COUNT; i++) {
		double got = (double)((const float *)s.out[0]->data)[i];

		farthest = fmax(farthest, fabs(got - gelu((i - 100) / 16.0)));
	}
	/* It is known to be this far off. */
	assert_true(farthest > 1e-4 && farthest < 5e-4);
	single_free(&s);
}

static void whole_numbers_are_negated_and_wrap(void **state)
{
	static const int32_t in[4] = { 5, -7, 0, INT32_MIN };
	static const int32_t sizes[4] = { 5, 7, 0, INT32_MIN };
	static const int32_t opposites[4] = { -5, 7, 0, INT32_MIN };
	struct single s;

	(void)state;
	for (int is_neg = 0; is_neg < 2; is_neg++) {
		single_new(&s, is_neg ? BUILTIN_NEG : BUILTIN_ABS, OPTIONS_NONE);
		single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
		single_output(&s, ATOLL_INT32);
		single_open(&s);
		memcpy(s.in[0]->data, in, sizeof(in));
		graph_run(&s.graph);
		assert_memory_equal(s.out[0]->data, is_neg ? opposites : sizes, sizeof(in));
		single_free(&s);
	}
	single_new(&s, BUILTIN_NEG, OPTIONS_NEG);
	single_input(&s, ATOLL_INT64, 1, (int32_t[]){ COUNT });
	single_output(&s, ATOLL_INT64);
	single_run(&s);
	for (size_t i = 0; i < COUNT; i++)
		assert_true((uint64_t)exact_at(s.out[0], i) ==
			    -(uint64_t)exact_at(s.in[0], i));
	single_free(&s);
}

/* int8 inputs from their zero point to 127. */
static void open_root(struct single *s, uint32_t code, float in_scale, float out_scale,
		      int64_t zero)
{
	single_new(s, code, OPTIONS_NONE);
	s->scale = in_scale;
	s->zero_point = zero;
	single_input(s, ATOLL_INT8, 1, (int32_t[]){ (int32_t)(128 - zero) });
	s->scale = out_scale;
	s->zero_point = -128;
	single_output(s, ATOLL_INT8);
	single_open(s);
	for (int64_t x = zero; x < 128; x++)
		((int8_t *)s->in[0]->data)[x - zero] = (int8_t)x;
}

static void int8_roots_are_near_the_real_ones(void **state)
{
	struct single s;

	(void)state;
	open_root(&s, BUILTIN_RSQRT, 0.05f, 0.03f, -100);
	graph_run(&s.graph);
	assert_int_equal(exact_at(s.out[0], 0), 127);
	for (size_t i = 1; i < s.in[0]->elements; i++) {
		double x = (double)s.in[0]->quant.scale * (double)i;
		double y = fmin(1 / sqrt(x) / (double)s.out[0]->quant.scale - 128, 127);

		assert_true(fabs((double)exact_at(s.out[0], i) - y) < 0.51);
	}
	single_free(&s);

	/* Towards zero. */
	open_root(&s, BUILTIN_SQRT, 0.05f, 0.0141f, -100);
	graph_run(&s.graph);
	for (size_t i = 0; i < s.in[0]->elements; i++) {
		double x = (double)s.in[0]->quant.scale * (double)i;
		double y = floor(sqrt(x) / (double)s.out[0]->quant.scale + 1e-6) - 128;

		assert_int_equal(exact_at(s.out[0], i), (int64_t)fmin(y, 127));
	}
	single_free(&s);
}

static void int8_roots_of_negative_numbers_are_reported(void **state)
{
	struct single s;

	(void)state;
	for (int is_inverse = 0; is_inverse < 2; is_inverse++) {
		open_root(&s, is_inverse ? BUILTIN_RSQRT : BUILTIN_SQRT, 0.05f, 0.03f, -5);
		((int8_t *)s.in[0]->data)[3] = -6;
		assert_int_equal(atoll_session_invoke(s.graph.session), -EDOM);
		single_free(&s);
	}
}

static void scales_at_the_ends_stay_in_the_type(void **state)
{
	static const float scales[2] = { 1e-30f, 1e30f };
	struct single s;

	(void)state;
	for (int k = 0; k < 8; k++) {
		open_root(&s, k & 1 ? BUILTIN_RSQRT : BUILTIN_SQRT, scales[k >> 1 & 1],
			  scales[k >> 2], 0);
		graph_run(&s.graph);
		for (size_t i = 1; i < s.in[0]->elements; i++) {
			double x = (double)s.in[0]->quant.scale * (double)i;
			double y = (k & 1 ? 1 / sqrt(x) : sqrt(x)) /
				   (double)s.out[0]->quant.scale;

			assert_int_equal(exact_at(s.out[0], i), y > 1000 ? 127 : -128);
		}
		single_free(&s);
	}
}

static void types_without_a_form_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_FLOOR, OPTIONS_NONE);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "FLOOR: input 0 (it): type int32, supported: float32");
	single_new(&s, BUILTIN_ABS, OPTIONS_NONE);
	single_input(&s, ATOLL_INT64, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_INT64);
	single_refused(&s, "ABS: input 0 (it): type int64, supported: float32, int32");
	single_new(&s, BUILTIN_RSQRT, OPTIONS_NONE);
	s.scale = 0;
	single_input(&s, ATOLL_INT8, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "RSQRT: input (it): int8 without a scale");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(floats_follow_the_real_functions),
		cmocka_unit_test(gelu_has_an_approximate_form),
		cmocka_unit_test(whole_numbers_are_negated_and_wrap),
		cmocka_unit_test(int8_roots_are_near_the_real_ones),
		cmocka_unit_test(int8_roots_of_negative_numbers_are_reported),
		cmocka_unit_test(scales_at_the_ends_stay_in_the_type),
		cmocka_unit_test(types_without_a_form_are_refused),
	};
	return CHECK_RUN(tests);
}
