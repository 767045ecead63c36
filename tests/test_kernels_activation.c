/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/exact.h"

/* Every 8-bit value, and as many of int16. */
#define COUNT 256

struct quant {
	float scale;
	int64_t zero_point;
};

/* One input with every 8-bit value, or spread over int16. */
static void every_value(struct single *s, uint32_t code, uint8_t options,
			enum atoll_type type, struct quant in, struct quant out)
{
	single_new(s, code, options);
	s->scale = in.scale;
	s->zero_point = in.zero_point;
	single_input(s, type, 2, (int32_t[]){ 2, COUNT / 2 });
	s->scale = out.scale;
	s->zero_point = out.zero_point;
	single_output(s, type);
}

static void fill_every_value(const struct atoll_tensor *in)
{
	for (int i = 0; i < COUNT; i++) {
		if (in->type == ATOLL_INT16)
			((int16_t *)in->data)[i] = (int16_t)(i * 257 - 32768);
		else
			((uint8_t *)in->data)[i] = (uint8_t)i;
	}
}

static const enum atoll_type types[3] = { ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16 };

static struct quant any_quant(struct check_random *random, enum atoll_type type)
{
	struct quant quant = {
		.scale = ldexpf((float)check_random_in(random, 500, 1000), -15),
		.zero_point = check_random_in(random, -100, 100),
	};

	if (type == ATOLL_UINT8)
		quant.zero_point += 128;
	return quant;
}

static void check_relu(uint32_t code, double low, double high, uint64_t seed)
{
	struct check_random random = { seed };
	enum atoll_type type = types[seed % 3];
	struct quant in = any_quant(&random, type), out = any_quant(&random, type);
	struct single s;

	every_value(&s, code, OPTIONS_NONE, type, in, out);
	single_open(&s);
	fill_every_value(s.in[0]);
	graph_run(&s.graph);
	for (size_t i = 0; i < COUNT; i++) {
		int64_t zero = s.out[0]->quant.zero_point;
		int64_t y = exact_stored(exact_scaled(exact_difference(s.in[0], i),
						      (double)(in.scale / out.scale)),
					 s.out[0]);
		int64_t lowest = zero + lround(low / (double)out.scale);
		int64_t highest = high < 0 ? INT32_MAX :
				  zero + lround(high / (double)out.scale);

		y = y < lowest ? lowest : y > highest ? highest : y;
		/* The ends themselves may be outside of the type. */
		assert_int_equal(exact_at(s.out[0], i), exact_stored(y - zero, s.out[0]));
	}
	single_free(&s);
}

static void quantized_relus_equal_the_described_arithmetic(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		check_relu(BUILTIN_RELU, 0, -1, seed);
		check_relu(BUILTIN_RELU6, 0, 6, seed);
		check_relu(BUILTIN_RELU_N1_TO_1, -1, 1, seed);
		check_relu(BUILTIN_RELU_0_TO_1, 0, 1, seed);
	}
}

static void check_leaky(float alpha, uint64_t seed)
{
	struct check_random random = { seed };
	enum atoll_type type = types[seed % 3];
	struct quant in = any_quant(&random, type), out = any_quant(&random, type);
	struct single s;

	every_value(&s, BUILTIN_LEAKY_RELU, OPTIONS_LEAKY_RELU, type, in, out);
	s.option[s.op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_F32, .id = LEAKY_RELU_ALPHA, .f = alpha };
	single_open(&s);
	fill_every_value(s.in[0]);
	graph_run(&s.graph);
	for (size_t i = 0; i < COUNT; i++) {
		int64_t v = exact_difference(s.in[0], i), y;

		if (v >= 0)
			y = exact_scaled(v, (double)(in.scale / out.scale));
		else
			y = exact_scaled(v, (double)(in.scale * fabsf(alpha) / out.scale));
		if (v < 0 && alpha < 0)
			y = -y;
		assert_int_equal(exact_at(s.out[0], i), exact_stored(y, s.out[0]));
	}
	single_free(&s);
}

static void quantized_leaky_relus_equal_the_described_arithmetic(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		check_leaky(0.1f, seed);
		check_leaky(-0.3f, seed);
		check_leaky(0, seed);
	}
	/* Slopes for which the multiplier does not fit, and saturates. */
	check_leaky(-1e30f, 3);
	check_leaky(1e30f, 4);
}

/* Input [2][128], alpha [128]. */
static void check_prelu(uint64_t seed)
{
	struct check_random random = { seed };
	enum atoll_type type = types[seed % 2];
	struct quant in = any_quant(&random, type), out = any_quant(&random, type);
	struct quant alpha = any_quant(&random, type);
	struct single s;

	single_new(&s, BUILTIN_PRELU, OPTIONS_NONE);
	s.scale = in.scale;
	s.zero_point = in.zero_point;
	single_input(&s, type, 2, (int32_t[]){ 2, COUNT / 2 });
	s.scale = alpha.scale;
	s.zero_point = alpha.zero_point;
	s.is_constant = true;
	single_input(&s, type, 1, (int32_t[]){ COUNT / 2 });
	s.scale = out.scale;
	s.zero_point = out.zero_point;
	single_output(&s, type);
	single_open(&s);
	fill_every_value(s.in[0]);
	graph_run(&s.graph);
	for (size_t i = 0; i < COUNT; i++) {
		int64_t v = exact_difference(s.in[0], i);
		int64_t a = exact_difference(s.in[1], i % (COUNT / 2));
		int64_t y = v >= 0 ?
			exact_scaled(v, (double)(in.scale / out.scale)) :
			exact_scaled(v * a, (double)(in.scale * alpha.scale / out.scale));

		assert_int_equal(exact_at(s.out[0], i), exact_stored(y, s.out[0]));
	}
	single_free(&s);
}

static void quantized_prelus_equal_the_described_arithmetic(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		check_prelu(seed);
}

/* a * b in Q0.15, halves up. */
static int64_t high_16(int64_t a, int64_t b)
{
	int64_t y = (int64_t)floor((double)(a * b + (1 << 14)) / 32768);

	return y > 32767 ? 32767 : y;
}

static int64_t within_16(int64_t x)
{
	return x < -32768 ? -32768 : x > 32767 ? 32767 : x;
}

/* A real number as mantissa (15 bits, from 31 rounded ones) and exponent. */
static int64_t narrow(double by, int *exponent)
{
	int64_t mantissa = llround(frexp(by, exponent) * 0x1p31);

	return mantissa >= 0x7fff0000 ? 0x7fff : (mantissa + (1 << 15)) / (1 << 16);
}

static int64_t hard_swish(const struct atoll_tensor *in, const struct atoll_tensor *out,
			  size_t i)
{
	float scale = 1.0f / 128.0f * in->quant.scale;
	int out_exponent, relu_exponent;
	int64_t out_mantissa = narrow((double)(scale / out->quant.scale), &out_exponent);
	int64_t relu_mantissa = narrow((double)(scale / (3.0f / 32768.0f)),
				       &relu_exponent);
	int64_t high = exact_difference(in, i) * 128;
	int64_t scaled = high_16(high, out_mantissa);
	int64_t part = high;

	for (int k = 1; k < relu_exponent; k++)
		part = within_16(2 * part);
	part = high_16(part, relu_mantissa);
	if (relu_exponent > 0)
		part = within_16(2 * part);
	if (relu_exponent < 0)
		part = llround(ldexp((double)part, relu_exponent));
	part = (part + 32768) / 2;
	return exact_stored(llround(ldexp((double)(part * scaled / 32768), out_exponent)),
			    out);
}

static void quantized_hard_swish_equals_the_described_arithmetic(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct check_random random = { seed };
		enum atoll_type type = types[seed % 2];
		struct quant in = any_quant(&random, type), out = any_quant(&random, type);
		struct single s;

		in.scale *= ldexpf(1, (int)(seed % 12) - 4);
		every_value(&s, BUILTIN_HARD_SWISH, OPTIONS_HARD_SWISH, type, in, out);
		if (in.scale / 128 >= out.scale) {
			single_refused(&s, "HARD_SWISH: output scale");
			continue;
		}
		single_open(&s);
		fill_every_value(s.in[0]);
		graph_run(&s.graph);
		for (size_t i = 0; i < COUNT; i++)
			assert_int_equal(exact_at(s.out[0], i),
					 hard_swish(s.in[0], s.out[0], i));
		single_free(&s);
	}
}

static const float reals[8] = { -4, -2.5f, -0.5f, 0, 0.25f, 1.5f, 5, 7 };

static void check_reals(uint32_t code, uint8_t options, float alpha, const float *wanted)
{
	struct single s;

	single_new(&s, code, options);
	single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ 8 });
	if (code == BUILTIN_PRELU)
		single_input(&s, ATOLL_FLOAT32, 0, NULL);
	single_output(&s, ATOLL_FLOAT32);
	if (code == BUILTIN_LEAKY_RELU)
		s.option[s.op.options++] = (struct atoll_builder_option){
			.kind = ATOLL_OPTION_F32, .id = LEAKY_RELU_ALPHA, .f = alpha };
	single_open(&s);
	memcpy(s.in[0]->data, reals, sizeof(reals));
	if (code == BUILTIN_PRELU)
		*(float *)s.in[1]->data = alpha;
	graph_run(&s.graph);
	for (int i = 0; i < 8; i++)
		assert_true(((const float *)s.out[0]->data)[i] == wanted[i]);
	single_free(&s);
}

static void floats_are_bent_where_they_should(void **state)
{
	(void)state;
	check_reals(BUILTIN_RELU, OPTIONS_NONE, 0,
		    (float[]){ 0, 0, 0, 0, 0.25f, 1.5f, 5, 7 });
	check_reals(BUILTIN_RELU6, OPTIONS_NONE, 0,
		    (float[]){ 0, 0, 0, 0, 0.25f, 1.5f, 5, 6 });
	check_reals(BUILTIN_RELU_N1_TO_1, OPTIONS_NONE, 0,
		    (float[]){ -1, -1, -0.5f, 0, 0.25f, 1, 1, 1 });
	check_reals(BUILTIN_RELU_0_TO_1, OPTIONS_NONE, 0,
		    (float[]){ 0, 0, 0, 0, 0.25f, 1, 1, 1 });
	check_reals(BUILTIN_LEAKY_RELU, OPTIONS_LEAKY_RELU, 0.5f,
		    (float[]){ -2, -1.25f, -0.25f, 0, 0.25f, 1.5f, 5, 7 });
	check_reals(BUILTIN_PRELU, OPTIONS_NONE, -2,
		    (float[]){ 8, 5, 1, 0, 0.25f, 1.5f, 5, 7 });
	check_reals(BUILTIN_HARD_SWISH, OPTIONS_HARD_SWISH, 0,
		    (float[]){ 0, -2.5f * 0.5f / 6, -0.5f * 2.5f / 6, 0, 0.25f * 3.25f / 6,
			       1.5f * 4.5f / 6, 5, 7 });
}

static void an_alpha_that_is_no_number_is_refused(void **state)
{
	struct single s;

	(void)state;
	every_value(&s, BUILTIN_LEAKY_RELU, OPTIONS_LEAKY_RELU, ATOLL_INT8,
		    (struct quant){ 1, 0 }, (struct quant){ 1, 0 });
	s.option[s.op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_F32, .id = LEAKY_RELU_ALPHA, .f = NAN };
	single_refused(&s, "LEAKY_RELU: alpha nan");
}

static void types_without_a_form_are_refused(void **state)
{
	struct single s;

	(void)state;
	every_value(&s, BUILTIN_RELU, OPTIONS_NONE, ATOLL_INT32, (struct quant){ 1, 0 },
		    (struct quant){ 1, 0 });
	single_refused(&s, "RELU: input 0 (it): type int32, supported:");
	every_value(&s, BUILTIN_HARD_SWISH, OPTIONS_HARD_SWISH, ATOLL_INT16,
		    (struct quant){ 1, 0 }, (struct quant){ 1, 0 });
	single_refused(&s, "HARD_SWISH: input 0 (it): type int16, supported:");
	every_value(&s, BUILTIN_RELU6, OPTIONS_NONE, ATOLL_INT8, (struct quant){ 0, 0 },
		    (struct quant){ 1, 0 });
	single_refused(&s, "RELU6: input (it): int8 without a scale");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantized_relus_equal_the_described_arithmetic),
		cmocka_unit_test(quantized_leaky_relus_equal_the_described_arithmetic),
		cmocka_unit_test(quantized_prelus_equal_the_described_arithmetic),
		cmocka_unit_test(quantized_hard_swish_equals_the_described_arithmetic),
		cmocka_unit_test(floats_are_bent_where_they_should),
		cmocka_unit_test(an_alpha_that_is_no_number_is_refused),
		cmocka_unit_test(types_without_a_form_are_refused),
	};
	return CHECK_RUN(tests);
}
