/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/exact.h"

#define COUNT 256

static const enum atoll_type integers[4] = {
	ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16, ATOLL_INT32,
};

/* int32 gets a scale too, which the helper gives to short types only. */
static int32_t tensor(struct single *s, bool is_input, enum atoll_type type, float scale,
		      int64_t zero)
{
	struct atoll_builder_tensor t = {
		.name = "it", .type = type, .rank = 1, .dims = { COUNT },
		.scale = scale, .zero_point = zero,
	};

	if (!is_input)
		return s->output[s->op.outputs++] = graph_output(&s->graph, &t);
	return s->input[s->op.inputs++] = graph_input(&s->graph, &t);
}

static int64_t any_zero(struct check_random *random, enum atoll_type type)
{
	return type == ATOLL_UINT8 ? check_random_in(random, 0, 255) :
	       type == ATOLL_INT8 ? check_random_in(random, -128, 127) :
				    check_random_in(random, -500, 500);
}

static float any_scale(struct check_random *random)
{
	return ldexpf((float)check_random_in(random, 500, 1000),
		      -check_random_in(random, 10, 18));
}

static void integers_change_scale_as_described(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 64; seed++) {
		struct check_random random = { seed + 1 };
		enum atoll_type from = integers[seed % 4], to = integers[seed / 4 % 4];
		float in = any_scale(&random), out = any_scale(&random);
		struct single s;

		single_new(&s, BUILTIN_QUANTIZE, OPTIONS_QUANTIZE);
		tensor(&s, true, from, in, any_zero(&random, from));
		tensor(&s, false, to, out, any_zero(&random, to));
		single_open(&s);
		single_fill(&s);
		for (int i = 0; i < COUNT && atoll_type_bytes(from) == 1; i++)
			((uint8_t *)s.in[0]->data)[i] = (uint8_t)i;
		graph_run(&s.graph);
		for (size_t i = 0; i < COUNT; i++) {
			int64_t v = exact_difference(s.in[0], i);

			v = v < INT32_MIN ? INT32_MIN : v > INT32_MAX ? INT32_MAX : v;
			v = exact_scaled(v, (double)in / (double)out);
			assert_int_equal(exact_at(s.out[0], i),
					 exact_stored(v, s.out[0]));
		}
		single_free(&s);
	}
}

static void the_other_sign_of_the_same_scale_flips_the_top_bit(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_QUANTIZE, OPTIONS_QUANTIZE);
	tensor(&s, true, ATOLL_INT8, 0.037f, -11);
	tensor(&s, false, ATOLL_UINT8, 0.037f, 117);
	single_run(&s);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(exact_at(s.out[0], i), exact_at(s.in[0], i) + 128);
	single_free(&s);
}

static void check_real(enum atoll_type type, float scale, int64_t zero)
{
	const float odd[6] = { NAN, INFINITY, -INFINITY, 3e38f, -3e38f, -0.0f };
	struct check_random random = { (uint64_t)type };
	struct single s;
	float *x;

	single_new(&s, BUILTIN_QUANTIZE, OPTIONS_QUANTIZE);
	tensor(&s, true, ATOLL_FLOAT32, 0, 0);
	tensor(&s, false, type, scale, zero);
	single_open(&s);
	x = s.in[0]->data;
	memcpy(x, odd, sizeof(odd));
	/* Every quarter of a step, and so all ties. */
	for (int i = 6; i < COUNT; i++)
		x[i] = scale * (float)check_random_in(&random, -1000, 1000) / 4;
	graph_run(&s.graph);
	for (size_t i = 0; i < COUNT; i++) {
		double steps = round((double)(x[i] / scale));

		steps = isnan(steps) ? -1e9 : fmin(fmax(steps, -1e9), 1e9);
		assert_int_equal(exact_at(s.out[0], i),
				 exact_stored((int64_t)steps, s.out[0]));
	}
	single_free(&s);
}

static void reals_are_rounded_halves_away_from_zero(void **state)
{
	(void)state;
	check_real(ATOLL_UINT8, 0.5f, 128);
	check_real(ATOLL_UINT8, 0.0123f, 3);
	check_real(ATOLL_INT8, 0.25f, -128);
	check_real(ATOLL_INT8, 3.7f, 127);
	check_real(ATOLL_INT16, 0.5f, 0);
	check_real(ATOLL_INT16, 0.0007f, -300);
}

static void stored_values_become_real_ones(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 13; seed++) {
		struct check_random random = { seed };
		enum atoll_type type = integers[seed % 3];
		struct single s;

		single_new(&s, BUILTIN_DEQUANTIZE, OPTIONS_DEQUANTIZE);
		tensor(&s, true, type, any_scale(&random), any_zero(&random, type));
		tensor(&s, false, ATOLL_FLOAT32, 0, 0);
		single_open(&s);
		single_fill(&s);
		graph_run(&s.graph);
		for (size_t i = 0; i < COUNT; i++) {
			float wanted = s.in[0]->quant.scale *
				       (float)exact_difference(s.in[0], i);

			assert_true(((const float *)s.out[0]->data)[i] == wanted);
		}
		single_free(&s);
	}
}

static void halves_are_widened(void **state)
{
	static const struct {
		uint16_t half;
		float real;
	} pairs[] = {
		{ 0x0000, 0 }, { 0x0001, 0x1p-24f }, { 0x03ff, 1023 * 0x1p-24f },
		{ 0x0400, 0x1p-14f }, { 0x3555, 0x1.554p-2f }, { 0x3c00, 1 },
		{ 0xc000, -2 }, { 0x7bff, 65504 }, { 0x7c00, INFINITY },
		{ 0xfc00, -INFINITY }, { 0x8001, -0x1p-24f },
	};
	const size_t count = sizeof(pairs) / sizeof(pairs[0]);
	struct single s;
	const float *out;

	(void)state;
	single_new(&s, BUILTIN_DEQUANTIZE, OPTIONS_DEQUANTIZE);
	tensor(&s, true, ATOLL_FLOAT16, 0, 0);
	tensor(&s, false, ATOLL_FLOAT32, 0, 0);
	single_open(&s);
	for (size_t i = 0; i < count; i++)
		((uint16_t *)s.in[0]->data)[i] = pairs[i].half;
	((uint16_t *)s.in[0]->data)[count] = 0x7e00;
	((uint16_t *)s.in[0]->data)[count + 1] = 0x8000;
	graph_run(&s.graph);
	out = s.out[0]->data;
	for (size_t i = 0; i < count; i++)
		assert_true(out[i] == pairs[i].real);
	assert_true(isnan(out[count]));
	assert_true(out[count + 1] == 0 && signbit(out[count + 1]));
	single_free(&s);
}

static void refuse(uint32_t code, enum atoll_type from, float from_scale,
		   enum atoll_type to, float to_scale, const char *words)
{
	struct single s;

	single_new(&s, code, OPTIONS_NONE);
	tensor(&s, true, from, from_scale, 0);
	tensor(&s, false, to, to_scale, 0);
	single_refused(&s, words);
}

static void pairs_without_a_form_are_refused(void **state)
{
	(void)state;
	refuse(BUILTIN_QUANTIZE, ATOLL_FLOAT32, 0, ATOLL_INT32, 1,
	       "QUANTIZE: output 0 (it): type int32, supported: uint8, int16, int8");
	refuse(BUILTIN_QUANTIZE, ATOLL_FLOAT32, 0, ATOLL_UINT8, 0,
	       "QUANTIZE: output (it): uint8 without a scale");
	refuse(BUILTIN_QUANTIZE, ATOLL_INT8, 0, ATOLL_UINT8, 1,
	       "QUANTIZE: input (it): int8 without a scale");
	refuse(BUILTIN_QUANTIZE, ATOLL_INT8, 1, ATOLL_FLOAT32, 0,
	       "QUANTIZE: output 0 (it): type float32");
	refuse(BUILTIN_DEQUANTIZE, ATOLL_INT8, 0, ATOLL_FLOAT32, 0,
	       "DEQUANTIZE: input (it): int8 without a scale");
	refuse(BUILTIN_DEQUANTIZE, ATOLL_INT8, 1, ATOLL_INT16, 1,
	       "DEQUANTIZE: output 0 (it): type int16, supported: float32");
	refuse(BUILTIN_DEQUANTIZE, ATOLL_INT64, 0, ATOLL_FLOAT32, 0,
	       "DEQUANTIZE: input 0 (it): type int64");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_change_scale_as_described),
		cmocka_unit_test(the_other_sign_of_the_same_scale_flips_the_top_bit),
		cmocka_unit_test(reals_are_rounded_halves_away_from_zero),
		cmocka_unit_test(stored_values_become_real_ones),
		cmocka_unit_test(halves_are_widened),
		cmocka_unit_test(pairs_without_a_form_are_refused),
	};
	return CHECK_RUN(tests);
}
