/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/quant.h"
#include "runtime/schema/tflite.h"
#include "tests/exact.h"

/* Operands [5][64] and [64], so that one of them stretches. */
#define ROWS 5
#define COLUMNS 64

static float any_scale(struct check_random *random)
{
	return ldexpf((float)check_random_in(random, 500, 1000), -check_random_in(random, 8, 20));
}

static void describe(struct single *s, struct check_random *random, enum atoll_type type)
{
	s->scale = any_scale(random);
	s->zero_point = type == ATOLL_UINT8 ? check_random_in(random, 0, 255) :
					      check_random_in(random, -128, 127);
}

/* The sum of two stored values as the format's description has it. */
static int64_t summed(const struct single *s, int64_t a, int64_t b, bool subtracts,
		      int bits)
{
	double as = (double)s->in[0]->quant.scale, bs = (double)s->in[1]->quant.scale;
	double common = 2 * (as > bs ? as : bs);
	int64_t x = exact_scaled(a * (1 << bits), as / common);
	int64_t y = exact_scaled(b * (1 << bits), bs / common);
	double back = common / ((1 << bits) * (double)s->out[0]->quant.scale);

	return exact_stored(exact_scaled(subtracts ? x - y : x + y, back), s->out[0]);
}

/* What a fused RELU6 leaves of a stored value. */
static int64_t relu6(const struct atoll_tensor *out, int64_t stored)
{
	const struct atoll_quant *quant = &out->quant;
	int64_t low = quant->zero_point;
	int64_t high = quant->zero_point + (int64_t)roundf(6 / quant->scale);

	stored = stored < low ? low : stored;
	return stored > high ? high : stored;
}

static void check_sums(enum atoll_type type, bool subtracts, bool is_clamped, int bits,
		       uint64_t seed)
{
	struct check_random random = { seed };
	struct single s;

	single_new(&s, subtracts ? BUILTIN_SUB : BUILTIN_ADD,
		   subtracts ? OPTIONS_SUB : OPTIONS_ADD);
	describe(&s, &random, type);
	single_input(&s, type, 2, (int32_t[]){ ROWS, COLUMNS });
	describe(&s, &random, type);
	if (seed % 3 == 0)
		single_input(&s, type, 2, (int32_t[]){ ROWS, COLUMNS });
	else if (seed % 3 == 1)
		single_input(&s, type, 1, (int32_t[]){ COLUMNS });
	else
		single_input(&s, type, 2, (int32_t[]){ ROWS, 1 });
	describe(&s, &random, type);
	s.scale += 1e-3f; /* coarse enough for the operands */
	single_output(&s, type);
	if (is_clamped)
		single_byte_option(&s, ADD_FUSED_ACTIVATION, ACTIVATION_RELU6);
	s.option[s.op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_BOOL, .id = ADD_POT_SCALE_INT16, .i = 0 };
	single_run(&s);
	for (size_t i = 0; i < ROWS * COLUMNS; i++) {
		size_t at = seed % 3 == 0 ? i : seed % 3 == 1 ? i % COLUMNS : i / COLUMNS;
		int64_t sum = summed(&s, exact_difference(s.in[0], i),
				     exact_difference(s.in[1], at), subtracts, bits);

		assert_int_equal(exact_at(s.out[0], i),
				 is_clamped ? relu6(s.out[0], sum) : sum);
	}
	single_free(&s);
}

static void quantized_sums_equal_the_described_arithmetic(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		enum atoll_type type = seed % 2 ? ATOLL_UINT8 : ATOLL_INT8;

		check_sums(type, false, seed % 5 == 0, 20, seed);
		check_sums(type, true, seed % 5 == 1, 20, seed);
		check_sums(ATOLL_INT16, seed % 2, seed % 5 == 2, 15, seed);
	}
}

/* int16 with powers of two as scales: out = RDP(a) + b, saturated. */
static void powers_of_two_are_shifted(void **state)
{
	const float scales[2] = { 0x1p-14f, 0x1p-11f };
	struct single s;

	(void)state;
	for (int finer = 0; finer < 2; finer++) {
		single_new(&s, BUILTIN_SUB, OPTIONS_SUB);
		for (int i = 0; i < 2; i++) {
			s.scale = scales[i != finer];
			single_input(&s, ATOLL_INT16, 1, (int32_t[]){ 1000 });
		}
		s.scale = scales[1];
		single_output(&s, ATOLL_INT16);
		single_run(&s);
		for (size_t i = 0; i < 1000; i++) {
			double v[2] = { (double)exact_at(s.in[0], i),
					(double)exact_at(s.in[1], i) };
			double sum;

			v[finer] = round(v[finer] / 8);
			sum = fmin(fmax(v[0] - v[1], -32768), 32767);
			assert_int_equal(exact_at(s.out[0], i), (int64_t)sum);
		}
		single_free(&s);
	}
}

static void shifts_in_two_places_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	s.scale = 0x1p-14f;
	single_input(&s, ATOLL_INT16, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_INT16, 1, (int32_t[]){ 4 });
	s.scale = 0x1p-12f;
	single_output(&s, ATOLL_INT16);
	single_refused(&s, "one must be the output's");
}

static void whole_numbers_wrap_and_are_clamped(void **state)
{
	static const int32_t a[4] = { INT32_MAX, INT32_MIN, 5, -5 };
	static const int32_t b[4] = { 1, -1, 4, 1 };
	static const int32_t sums[4] = { INT32_MIN, INT32_MAX, 9, -4 };
	static const int32_t clamped[4] = { 0, 6, 6, 0 };
	struct single s;

	(void)state;
	for (int is_clamped = 0; is_clamped < 2; is_clamped++) {
		single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
		single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
		single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 4 });
		single_output(&s, ATOLL_INT32);
		if (is_clamped)
			single_byte_option(&s, ADD_FUSED_ACTIVATION, ACTIVATION_RELU6);
		single_open(&s);
		memcpy(s.in[0]->data, a, sizeof(a));
		memcpy(s.in[1]->data, b, sizeof(b));
		graph_run(&s.graph);
		assert_memory_equal(s.out[0]->data, is_clamped ? clamped : sums,
				    sizeof(sums));
		single_free(&s);
	}
}

static void long_numbers_are_added_whole(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_SUB, OPTIONS_SUB);
	single_input(&s, ATOLL_INT64, 1, (int32_t[]){ 100 });
	single_input(&s, ATOLL_INT64, 1, (int32_t[]){ 100 });
	single_output(&s, ATOLL_INT64);
	single_run(&s);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal((uint64_t)exact_at(s.out[0], i),
				 (uint64_t)exact_at(s.in[0], i) -
				 (uint64_t)exact_at(s.in[1], i));
	single_free(&s);
}

static void floats_are_clamped_and_nan_stays(void **state)
{
	static const float a[4] = { 1.5f, 7, NAN, -INFINITY };
	static const float b[4] = { 1, 1, 1, 1 };
	struct single s;
	const float *out;

	(void)state;
	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_FLOAT32);
	single_byte_option(&s, ADD_FUSED_ACTIVATION, ACTIVATION_RELU_N1_TO_1);
	single_open(&s);
	memcpy(s.in[0]->data, a, sizeof(a));
	memcpy(s.in[1]->data, b, sizeof(b));
	graph_run(&s.graph);
	out = s.out[0]->data;
	assert_true(out[0] == 1 && out[1] == 1 && isnan(out[2]) && out[3] == -1);
	single_free(&s);
}

static void what_cannot_be_added_is_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	s.scale = 1;
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	s.scale = 1e-7f;
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "ADD: output scale 1e-07 is too small");

	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	s.scale = 0;
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "uint8 without a scale");

	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_BOOL, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_BOOL, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_BOOL);
	single_refused(&s, "type bool, supported: float32, int32, uint8");

	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_INT64, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_INT64, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_INT64);
	single_byte_option(&s, ADD_FUSED_ACTIVATION, ACTIVATION_RELU);
	single_refused(&s, "int64 with a fused activation");

	single_new(&s, BUILTIN_ADD, OPTIONS_ADD);
	single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ 4 });
	single_output(&s, ATOLL_FLOAT32);
	single_byte_option(&s, ADD_FUSED_ACTIVATION, 4);
	single_refused(&s, "fused activation 4");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantized_sums_equal_the_described_arithmetic),
		cmocka_unit_test(powers_of_two_are_shifted),
		cmocka_unit_test(shifts_in_two_places_are_refused),
		cmocka_unit_test(whole_numbers_wrap_and_are_clamped),
		cmocka_unit_test(long_numbers_are_added_whole),
		cmocka_unit_test(floats_are_clamped_and_nan_stays),
		cmocka_unit_test(what_cannot_be_added_is_refused),
	};
	return CHECK_RUN(tests);
}
