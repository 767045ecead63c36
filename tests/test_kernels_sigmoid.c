/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/exact.h"

static double logistic(double x)
{
	return 1 / (1 + exp(-x));
}

/* All 65536 values, or all 256 twice. */
#define ROWS 2

static void open_all(struct single *s, uint32_t code, enum atoll_type type,
		     float in_scale, int64_t in_zero, float out_scale, int64_t out_zero)
{
	int32_t columns = type == ATOLL_INT16 ? 32768 : 128;

	single_new(s, code, OPTIONS_NONE);
	s->scale = in_scale;
	s->zero_point = in_zero;
	single_input(s, type, 2, (int32_t[]){ ROWS, columns });
	s->scale = out_scale;
	s->zero_point = out_zero;
	single_output(s, type);
	single_open(s);
	for (size_t i = 0; i < s->in[0]->elements; i++) {
		if (type == ATOLL_INT16)
			((uint16_t *)s->in[0]->data)[i] = (uint16_t)i;
		else
			((uint8_t *)s->in[0]->data)[i] = (uint8_t)i;
	}
	graph_run(&s->graph);
}

/* The farthest that a stored output is from the real one, in steps. */
static double worst(const struct single *s, double (*function)(double))
{
	const struct atoll_tensor *in = s->in[0], *out = s->out[0];
	double farthest = 0;

	for (size_t i = 0; i < in->elements; i++) {
		double x = (double)in->quant.scale * (double)exact_difference(in, i);
		double y = function(x) / (double)out->quant.scale +
			   out->quant.zero_point;
		double high = out->type == ATOLL_UINT8 ? 255 :
			      out->type == ATOLL_INT8 ? 127 : 32767;

		y = fmin(y, high);
		farthest = fmax(farthest, fabs((double)exact_at(out, i) - y));
	}
	return farthest;
}

static void eight_bits_are_rounded_to_nearest(void **state)
{
	static const float scales[4] = { 0.003f, 0.02f, 0.1f, 1.3f };
	struct single s;

	(void)state;
	for (int k = 0; k < 4; k++) {
		open_all(&s, BUILTIN_LOGISTIC, ATOLL_UINT8, scales[k], 99, 0x1p-8f, 0);
		assert_true(worst(&s, logistic) < 0.5001);
		single_free(&s);
		open_all(&s, BUILTIN_LOGISTIC, ATOLL_INT8, scales[k], -9, 0x1p-8f, -128);
		assert_true(worst(&s, logistic) < 0.5001);
		single_free(&s);
		open_all(&s, BUILTIN_TANH, ATOLL_UINT8, scales[k], 130, 0x1p-7f, 128);
		assert_true(worst(&s, tanh) < 0.5001);
		single_free(&s);
		open_all(&s, BUILTIN_TANH, ATOLL_INT8, scales[k], 17, 0x1p-7f, 0);
		assert_true(worst(&s, tanh) < 0.5001);
		single_free(&s);
	}
}

/* Straight lines over steps of 1/24 are this near; the far ends of TANH stop at
   the last sample, e^-10.6. */
static void sixteen_bits_follow_the_real_functions(void **state)
{
	/* The powers of two that are met exactly, and others. */
	static const float scales[5] = { 0x1p-12f, 0x1p-11f, 0x1p-10f, 0.0007f, 0.00003f };
	struct single s;

	(void)state;
	for (int k = 0; k < 5; k++) {
		open_all(&s, BUILTIN_LOGISTIC, ATOLL_INT16, scales[k], 0, 0x1p-15f, 0);
		assert_true(worst(&s, logistic) < 3);
		single_free(&s);
		open_all(&s, BUILTIN_TANH, ATOLL_INT16, scales[k], 0, 0x1p-15f, 0);
		assert_true(worst(&s, tanh) < 4);
		single_free(&s);
	}
}

/* At scale 2^-12, as the reference kernels have them. */
static void sixteen_bits_keep_known_values(void **state)
{
	struct single s;

	(void)state;
	open_all(&s, BUILTIN_LOGISTIC, ATOLL_INT16, 0x1p-12f, 0, 0x1p-15f, 0);
	assert_int_equal(exact_at(s.out[0], 0), 16384);
	assert_int_equal(exact_at(s.out[0], 32767), 32757);
	assert_int_equal(exact_at(s.out[0], 32768), 11);
	single_free(&s);
	open_all(&s, BUILTIN_TANH, ATOLL_INT16, 0x1p-12f, 0, 0x1p-15f, 0);
	assert_int_equal(exact_at(s.out[0], 0), 0);
	assert_int_equal(exact_at(s.out[0], 32767), 32767);
	assert_int_equal(exact_at(s.out[0], 32768), -32767);
	single_free(&s);
}

/* FNV-1a over the outputs for all inputs. */
static uint32_t digest(const struct atoll_tensor *out)
{
	const uint8_t *bytes = out->data;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < out->bytes; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

/* Each digest was computed apart from the kernel, by the described arithmetic in
   integers without limit. */
static void sixteen_bits_keep_every_value(void **state)
{
	static const struct {
		uint32_t code;
		float scale;
		uint32_t digest;
	} known[4] = {
		{ BUILTIN_LOGISTIC, 0x1p-12f, 0xfaf49619 },
		{ BUILTIN_LOGISTIC, 0.0004f, 0x33d25ef6 },
		{ BUILTIN_TANH, 0x1p-12f, 0xe333c2a9 },
		{ BUILTIN_TANH, 0x1p-11f, 0xc0a0c7d1 },
	};
	struct single s;

	(void)state;
	for (int k = 0; k < 4; k++) {
		open_all(&s, known[k].code, ATOLL_INT16, known[k].scale, 0, 0x1p-15f, 0);
		assert_int_equal(digest(s.out[0]), known[k].digest);
		single_free(&s);
	}
}

static void a_huge_input_scale_makes_a_step(void **state)
{
	struct single s;

	(void)state;
	open_all(&s, BUILTIN_LOGISTIC, ATOLL_INT16, 1e9f, 0, 0x1p-15f, 0);
	for (size_t i = 0; i < s.in[0]->elements; i++) {
		int64_t x = exact_at(s.in[0], i);

		assert_int_equal(exact_at(s.out[0], i),
				 x > 0 ? 32767 : x < 0 ? 1 : 16384);
	}
	single_free(&s);
}

static void floats_follow_the_real_functions(void **state)
{
	struct single s;

	(void)state;
	for (int is_tanh = 0; is_tanh < 2; is_tanh++) {
		single_new(&s, is_tanh ? BUILTIN_TANH : BUILTIN_LOGISTIC, OPTIONS_NONE);
		single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ 401 });
		single_output(&s, ATOLL_FLOAT32);
		single_open(&s);
		for (int i = 0; i < 401; i++)
			((float *)s.in[0]->data)[i] = (float)(i - 200) / 8;
		graph_run(&s.graph);
		for (int i = 0; i < 401; i++) {
			double x = (i - 200) / 8.0;
			/* Below -9 the reference leaves the denominator out. */
			double y = is_tanh ? tanh(x) : x < -9 ? exp(x) : logistic(x);
			double got = (double)((const float *)s.out[0]->data)[i];

			assert_true(fabs(got - y) <= 1e-6 * fabs(y));
		}
		single_free(&s);
	}
}

static void refuse(uint32_t code, enum atoll_type type, float out_scale, int64_t out_zero,
		   const char *words)
{
	struct single s;

	single_new(&s, code, OPTIONS_NONE);
	single_input(&s, type, 1, (int32_t[]){ 4 });
	s.scale = out_scale;
	s.zero_point = out_zero;
	single_output(&s, type);
	single_refused(&s, words);
}

static void outputs_of_another_scale_are_refused(void **state)
{
	(void)state;
	refuse(BUILTIN_LOGISTIC, ATOLL_UINT8, 0x1p-7f, 0,
	       "LOGISTIC: uint8 output scale 0.0078125, zero point 0: must be 1/256 and 0");
	refuse(BUILTIN_LOGISTIC, ATOLL_INT8, 0x1p-8f, 0, "must be 1/256 and -128");
	refuse(BUILTIN_TANH, ATOLL_INT16, 0x1p-14f, 0, "must be 1/32768");
	refuse(BUILTIN_TANH, ATOLL_INT8, 0, 0, "output (it): int8 without a scale");
	refuse(BUILTIN_TANH, ATOLL_INT32, 1, 0, "type int32, supported:");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_bits_are_rounded_to_nearest),
		cmocka_unit_test(sixteen_bits_follow_the_real_functions),
		cmocka_unit_test(sixteen_bits_keep_known_values),
		cmocka_unit_test(sixteen_bits_keep_every_value),
		cmocka_unit_test(a_huge_input_scale_makes_a_step),
		cmocka_unit_test(floats_follow_the_real_functions),
		cmocka_unit_test(outputs_of_another_scale_are_refused),
	};
	return CHECK_RUN(tests);
}
