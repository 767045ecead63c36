/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/exact.h"

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
	enum atoll_type type;
	double (*function)(double x);
	float in_scale;
	int64_t in_zero;
	float out_scale;
	int64_t out_zero;
} cases[] = {
	{ BUILTIN_ELU, ATOLL_INT8, elu, 0.05f, 10, 0.04f, -100 },
	{ BUILTIN_EXP, ATOLL_INT8, exp, 0.03f, 0, 0.2f, -128 },
	{ BUILTIN_LOG, ATOLL_INT8, log, 0.1f, -50, 0.02f, 3 },
	{ BUILTIN_GELU, ATOLL_INT8, gelu, 0.04f, 9, 0.03f, -110 },
	{ BUILTIN_GELU, ATOLL_UINT8, gelu, 0.04f, 130, 0.03f, 10 },
	/* Where most of the answers saturate. */
	{ BUILTIN_EXP, ATOLL_INT8, exp, 1, 0, 1e-20f, 0 },
	{ BUILTIN_ELU, ATOLL_INT8, elu, 1e30f, 0, 1e-30f, 0 },
};

static void all_256_values_are_rounded_to_nearest(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		bool is_signed = cases[k].type == ATOLL_INT8;
		struct single s;

		single_new(&s, cases[k].code, OPTIONS_NONE);
		s.scale = cases[k].in_scale;
		s.zero_point = cases[k].in_zero;
		single_input(&s, cases[k].type, 1, (int32_t[]){ 256 });
		s.scale = cases[k].out_scale;
		s.zero_point = cases[k].out_zero;
		single_output(&s, cases[k].type);
		single_open(&s);
		for (int i = 0; i < 256; i++)
			((uint8_t *)s.in[0]->data)[i] = (uint8_t)i;
		graph_run(&s.graph);
		for (size_t i = 0; i < 256; i++) {
			double low = is_signed ? -128 : 0, high = low + 255;
			double x = (double)s.in[0]->quant.scale *
				   (double)exact_difference(s.in[0], i);
			double y = cases[k].function(x) / (double)s.out[0]->quant.scale +
				   s.out[0]->quant.zero_point;

			/* The logarithm of a negative number is the lowest. */
			y = isnan(y) ? low : fmin(fmax(y, low), high);
			assert_true(fabs((double)exact_at(s.out[0], i) - y) <= 0.5001);
		}
		single_free(&s);
	}
}

static void long_inputs_are_looked_up_in_any_number_of_threads(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_RELU, OPTIONS_NONE);
	s.graph.options.threads = 3;
	single_input(&s, ATOLL_UINT8, 3, (int32_t[]){ 3, 9000, 2 });
	single_output(&s, ATOLL_UINT8);
	single_run(&s);
	for (size_t i = 0; i < s.in[0]->elements; i++) {
		int64_t x = exact_at(s.in[0], i);

		assert_int_equal(exact_at(s.out[0], i), x < 3 ? 3 : x);
	}
	single_free(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_256_values_are_rounded_to_nearest),
		cmocka_unit_test(long_inputs_are_looked_up_in_any_number_of_threads),
	};
	return CHECK_RUN(tests);
}
