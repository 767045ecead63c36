/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/kernels/fixed.h"
#include "runtime/schema/tflite.h"
#include "tests/exact.h"

static void beta_option(struct single *s, float beta)
{
	s->option[s->op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = beta };
}

static void open_softmax(struct single *s, enum atoll_type from, enum atoll_type to,
			 float in_scale, float beta, int32_t rows, int32_t columns)
{
	single_new(s, BUILTIN_SOFTMAX, OPTIONS_SOFTMAX);
	s->scale = in_scale;
	s->zero_point = 17;
	single_input(s, from, 2, (int32_t[]){ rows, columns });
	s->scale = from == ATOLL_INT16 ? 0x1p-15f : 0x1p-8f;
	s->zero_point = to == ATOLL_INT8 ? -128 : 0;
	if (to == ATOLL_INT16 && from != ATOLL_INT16) {
		struct atoll_builder_tensor out = {
			.name = "it", .type = to, .scale = 0x1p-16f, .zero_point = -32768,
		};

		s->output[s->op.outputs++] = graph_output(&s->graph, &out);
	} else {
		single_output(s, to);
	}
	beta_option(s, beta);
	single_open(s);
	single_fill(s);
}

static int64_t highest_of(const struct atoll_tensor *in, size_t first, size_t count)
{
	int64_t highest = exact_at(in, first);

	for (size_t i = 1; i < count; i++)
		highest = exact_at(in, first + i) > highest ? exact_at(in, first + i) :
							      highest;
	return highest;
}

/* e^(x - highest) in Q0.31 as described, without a table; 0 when too far below. */
static int32_t weight(int64_t below, double by)
{
	int exponent;

	(void)frexp(by, &exponent);
	if ((double)below < -floor(ldexp(31, 26 - exponent)))
		return 0;
	return fixed_exp_32((int32_t)exact_scaled(below, by), 5);
}

static void check_row(const struct single *s, float beta, size_t row, int out_bits)
{
	const struct atoll_tensor *in = s->in[0], *out = s->out[0];
	size_t count = (size_t)in->dims[1], first = row * count;
	double by = fmin((double)beta * (double)in->quant.scale * 0x1p26, 0x1p31 - 1);
	int64_t highest = highest_of(in, first, count), sum = 0;
	int32_t inverse;
	int over;

	for (size_t i = first; i < first + count; i++)
		sum += llround(ldexp(weight(exact_at(in, i) - highest, by), -12));
	inverse = fixed_reciprocal((int32_t)sum, 12, &over);
	for (size_t i = first; i < first + count; i++) {
		/* Both factors in Q0.31: exact_scaled takes one as a real number. */
		int64_t share = ((int64_t)inverse * weight(exact_at(in, i) - highest, by) +
				 (1 << 30)) >> 31;
		int64_t y = llround(ldexp((double)share, -(over + 31 - out_bits)));

		assert_int_equal(exact_at(out, i), exact_stored(y, out));
	}
}

static void eight_bits_equal_the_described_arithmetic(void **state)
{
	static const float scales[5] = { 0.0005f, 0.02f, 0.11f, 0.9f, 30 };

	(void)state;
	for (int k = 0; k < 20; k++) {
		enum atoll_type from = k % 2 ? ATOLL_UINT8 : ATOLL_INT8;
		enum atoll_type to = k % 4 < 2 ? from : ATOLL_INT16;
		float beta = k % 3 ? 1 : 0.4f;
		struct single s;

		open_softmax(&s, from, to, scales[k % 5], beta, 3, 1 + 50 * (k % 7));
		graph_run(&s.graph);
		for (size_t row = 0; row < 3; row++)
			check_row(&s, beta, row, to == ATOLL_INT16 ? 16 : 8);
		single_free(&s);
	}
}

/* The sum leaves 31 bits; a share of less than half a step is none. */
static void very_many_equal_inputs_get_nothing_each(void **state)
{
	static const int32_t counts[4] = { 256, 600, 2000, 10000 };
	static const int64_t shares[4] = { 1, 0, 0, 0 };
	struct single s;

	(void)state;
	for (int k = 0; k < 4; k++) {
		open_softmax(&s, ATOLL_UINT8, ATOLL_UINT8, 0.1f, 1, 1, counts[k]);
		memset(s.in[0]->data, 9, s.in[0]->bytes);
		graph_run(&s.graph);
		for (size_t i = 0; i < s.in[0]->elements; i++)
			assert_int_equal(exact_at(s.out[0], i), shares[k]);
		single_free(&s);
	}
}

static void sixteen_bits_are_near_the_real_ones(void **state)
{
	static const float scales[3] = { 0.00002f, 0.0001f, 0.001f };
	struct single s;

	(void)state;
	for (int k = 0; k < 3; k++) {
		open_softmax(&s, ATOLL_INT16, ATOLL_INT16, scales[k], 0.5f, 4, 37);
		graph_run(&s.graph);
		for (size_t row = 0; row < 4; row++) {
			double sum = 0;

			for (size_t i = 37 * row; i < 37 * (row + 1); i++)
				sum += exp(0.5 * (double)scales[k] *
					   (double)exact_at(s.in[0], i));
			for (size_t i = 37 * row; i < 37 * (row + 1); i++) {
				double y = exp(0.5 * (double)scales[k] *
					       (double)exact_at(s.in[0], i)) / sum;

				/* The table ends at e^-10: what is further down
				   still adds its 1.5 steps to the sum. */
				assert_true(fabs((double)exact_at(s.out[0], i) -
						 y * 32768) < 8 + 37 * 1.5);
			}
		}
		single_free(&s);
	}
}

/* A row of the same number shares alike in every form. */
static void sixteen_bits_share_alike(void **state)
{
	struct single s;

	(void)state;
	open_softmax(&s, ATOLL_INT16, ATOLL_INT16, 0.001f, 1, 2, 8);
	for (size_t i = 0; i < 16; i++)
		((int16_t *)s.in[0]->data)[i] = i < 8 ? INT16_MIN : INT16_MAX;
	graph_run(&s.graph);
	for (size_t i = 0; i < 16; i++)
		assert_in_range(exact_at(s.out[0], i), 4094, 4097);
	single_free(&s);
}

static void floats_add_up_to_one(void **state)
{
	struct single s;

	(void)state;
	for (int is_log = 0; is_log < 2; is_log++) {
		single_new(&s, is_log ? BUILTIN_LOG_SOFTMAX : BUILTIN_SOFTMAX,
			   is_log ? OPTIONS_LOG_SOFTMAX : OPTIONS_SOFTMAX);
		single_input(&s, ATOLL_FLOAT32, 3, (int32_t[]){ 2, 3, 11 });
		single_output(&s, ATOLL_FLOAT32);
		if (!is_log)
			beta_option(&s, 0.01f);
		single_run(&s);
		for (size_t row = 0; row < 6; row++) {
			const float *in = (const float *)s.in[0]->data + 11 * row;
			const float *out = (const float *)s.out[0]->data + 11 * row;
			double beta = is_log ? 1 : (double)0.01f, most = -1e9, sum = 0;

			for (int i = 0; i < 11; i++)
				most = fmax(most, (double)in[i]);
			for (int i = 0; i < 11; i++)
				sum += exp(beta * ((double)in[i] - most));
			for (int i = 0; i < 11; i++) {
				double y = beta * ((double)in[i] - most) - log(sum);
				double got = (double)out[i];

				y = is_log ? y : exp(y);
				assert_true(fabs(got - y) <= 1e-5 * fabs(y) + 1e-30);
			}
		}
		single_free(&s);
	}
}

static void refuse(enum atoll_type from, enum atoll_type to, float scale, int64_t zero,
		   float beta, const char *words)
{
	struct single s;

	single_new(&s, BUILTIN_SOFTMAX, OPTIONS_SOFTMAX);
	single_input(&s, from, 1, (int32_t[]){ 4 });
	s.scale = scale;
	s.zero_point = zero;
	single_output(&s, to);
	beta_option(&s, beta);
	single_refused(&s, words);
}

static void outputs_of_another_scale_are_refused(void **state)
{
	(void)state;
	refuse(ATOLL_UINT8, ATOLL_UINT8, 0x1p-7f, 0, 1,
	       "SOFTMAX: uint8 output of uint8 input: scale 0.0078125, zero point 0; "
	       "must be 0.00390625 and 0");
	refuse(ATOLL_INT8, ATOLL_INT8, 0x1p-8f, 0, 1, "must be 0.00390625 and -128");
	refuse(ATOLL_INT16, ATOLL_INT16, 0x1p-14f, 0, 1, "int16 output of int16 input");
	refuse(ATOLL_INT8, ATOLL_INT16, 0x1p-15f, 0, 1, "and -32768");
	refuse(ATOLL_UINT8, ATOLL_INT8, 0x1p-8f, -128, 1,
	       "output 0 (it): type int8, supported: uint8, int16");
}

static void a_beta_that_says_nothing_is_refused(void **state)
{
	(void)state;
	refuse(ATOLL_UINT8, ATOLL_UINT8, 0x1p-8f, 0, 0, "SOFTMAX: beta 0 times input scale");
	refuse(ATOLL_UINT8, ATOLL_UINT8, 0x1p-8f, 0, NAN, "SOFTMAX: beta nan");
	refuse(ATOLL_INT16, ATOLL_INT16, 0x1p-15f, 0, -1, "beta -1 is not positive");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_bits_equal_the_described_arithmetic),
		cmocka_unit_test(very_many_equal_inputs_get_nothing_each),
		cmocka_unit_test(sixteen_bits_are_near_the_real_ones),
		cmocka_unit_test(sixteen_bits_share_alike),
		cmocka_unit_test(floats_add_up_to_one),
		cmocka_unit_test(outputs_of_another_scale_are_refused),
		cmocka_unit_test(a_beta_that_says_nothing_is_refused),
	};
	return CHECK_RUN(tests);
}
