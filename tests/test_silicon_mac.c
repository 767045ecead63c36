/* SPDX-License-Identifier: Apache-2.0 */
/* What the emulated chip multiplies and accumulates, by programs of ours. */
#include <math.h>
#include <string.h>

#include "tests/check.h"
#include "tests/silicon_script.h"

#define OUTPUTS 64  /* of a full group */
#define ROW 4       /* of the first weights */
#define OUTPUT 1000 /* the first unit of outputs */
#define LANES 4     /* of a row, as weights and sums count them */
#define UNIT 4      /* bytes of narrow memory */

/* Small numbers around their zero points, 128. */
struct operands {
	uint8_t input[64];
	uint8_t weights[8][OUTPUTS * 4];
};

static struct script *new_operands(struct operands *o, uint32_t row)
{
	struct check_random random = { 5 };
	struct script *s = script_new();

	for (size_t i = 0; i < sizeof(o->input); i++)
		o->input[i] = (uint8_t)check_random_in(&random, 125, 131);
	for (size_t i = 0; i < sizeof(o->weights); i++)
		((uint8_t *)o->weights)[i] = (uint8_t)check_random_in(&random, 125, 131);
	script_narrow(s, 1, 0, o->input, sizeof(o->input));
	script_rows(s, 1, row, o->weights, sizeof(o->weights));
	return s;
}

static void set_float(uint8_t *at, uint32_t bit, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	isa_set_bits(at, bit, 32, bits);
}

/* Of groups of 4 `fours` outputs; counts of its loops, innermost first. */
static uint8_t *add_mac(struct script *s, uint32_t fours, const struct script_loop *loops)
{
	uint8_t *at = script_add(s, 0x01, 1);

	for (uint32_t i = 0; loops[i].count > 0; i++)
		isa_set_bits(at, 62 + 14 * i, 14, loops[i].count - 1);
	isa_set_bits(at, 1854, 8, 128);
	isa_set_bits(at, 1870, 8, 128);
	isa_set_bits(at, 1942, 4, fours - 1);
	set_float(at, 1949, 1);
	set_float(at, 1981, 127);
	set_float(at, 2013, -128);
	isa_set_bits(at, 2077, 8, 128);
	return at;
}

/* One sum of two units of input for each of 64 outputs. */
static uint8_t *add_dense(struct script *s)
{
	uint8_t *at = add_mac(s, 16, LOOPS({ 2, 0 }));

	script_place(at, "input", 0, LOOPS({ 2, 4 }));
	script_place(at, "weights", ROW * LANES, LOOPS({ 2, LANES }));
	script_place(at, "sums", 0, LOOPS({ 2, 0 }));
	script_place(at, "output", OUTPUT * UNIT, LOOPS({ 16, 4 }));
	return at;
}

/* Of `rows` rows of weights, and 4 bytes of input for each. */
static int32_t sum_of(const uint8_t *input, const uint8_t (*weights)[OUTPUTS * 4],
		      uint32_t rows, uint32_t output)
{
	int32_t sum = 0;

	for (uint32_t i = 0; i < 4 * rows; i++)
		sum += (input[i] - 128) * (weights[i / 4][4 * output + i % 4] - 128);
	return sum;
}

static uint8_t stored(int32_t value)
{
	return (uint8_t)((value < -128 ? -128 : value > 127 ? 127 : value) + 128);
}

static int32_t output_at(const struct script *s, uint32_t unit, uint32_t output)
{
	const uint8_t *is = silicon_unit(s->program, 0, unit + output / 4);

	return is ? is[output % 4] : -1;
}

static void must_be_dense(const struct script *s, const uint8_t *input,
			  const uint8_t (*weights)[OUTPUTS * 4], uint32_t unit)
{
	for (uint32_t o = 0; o < OUTPUTS; o++)
		assert_int_equal(output_at(s, unit, o), stored(sum_of(input, weights, 2, o)));
	assert_null(silicon_unit(s->program, 0, unit + OUTPUTS / 4));
}

/* Three pixels of 16 channels, 8 channels at a time. */
static void sums_are_in_wide_memory_between_two_passes(void **state)
{
	static const uint32_t rows[] = { 60, 2043, 2064 };

	(void)state;
	for (int b = 0; b < 3; b++) {
		struct operands o;
		struct script *s = new_operands(&o, ROW);
		uint8_t *at = add_mac(s, 16, LOOPS({ 2, 0 }, { 3, 0 }, { 2, 0 }));

		script_place(at, "input", 0, LOOPS({ 2, 4 }, { 3, 16 }, { 2, 8 }));
		script_place(at, "weights", ROW * LANES,
			     LOOPS({ 2, LANES }, { 3, 0 }, { 2, 2 * LANES }));
		script_place(at, "sums", 0, LOOPS({ 2, 0 }, { 3, LANES }, { 2, 0 }));
		isa_set_bits(at, 1260, 14, rows[b] * LANES);
		script_place(at, "output", OUTPUT * UNIT, LOOPS({ 16, 4 }, { 3, 64 }));
		script_run(s);
		for (uint32_t i = 0; i < 3 * OUTPUTS; i++) {
			const uint8_t *pixel = o.input + i / OUTPUTS * 16;
			const uint8_t *kept = silicon_row(s->program, 0, rows[b] + i / OUTPUTS);
			int32_t half = sum_of(pixel, o.weights, 2, i % OUTPUTS);

			assert_int_equal(output_at(s, OUTPUT, i),
					 stored(sum_of(pixel, o.weights, 4, i % OUTPUTS)));
			assert_non_null(kept);
			assert_memory_equal(kept + i % OUTPUTS * 4, &half, 4);
		}
		script_free(s);
	}
}

static void a_last_group_of_outputs_is_smaller(void **state)
{
	struct operands o;
	struct script *s = new_operands(&o, ROW);
	uint8_t *at = add_mac(s, 16, LOOPS({ 2, 0 }, { 2, 0 }));

	(void)state;
	script_place(at, "input", 0, LOOPS({ 2, 4 }, { 2, 0 }));
	script_place(at, "weights", ROW * LANES, LOOPS({ 2, LANES }, { 2, 2 * LANES }));
	script_place(at, "sums", 0, LOOPS({ 2, 0 }, { 2, 0 }));
	script_place(at, "output", OUTPUT * UNIT, LOOPS({ 16, 4 }, { 2, 64 }));
	script_last(at, "output", 1, 5);
	script_run(s);
	for (uint32_t i = 0; i < OUTPUTS + 20; i++)
		assert_int_equal(output_at(s, OUTPUT, i),
				 stored(sum_of(o.input, &o.weights[i / OUTPUTS * 2], 2,
					       i % OUTPUTS)));
	assert_null(silicon_unit(s->program, 0, OUTPUT + 21));
	script_free(s);
}

/* For each output of three groups. */
struct scaling {
	struct { float factor[OUTPUTS]; int32_t bias[OUTPUTS]; } group[3];
	int32_t zeros[2][OUTPUTS]; /* what groups take in turns */
};

static void bring_scaling(struct script *s, struct scaling *scaling)
{
	struct check_random random = { 6 };

	for (uint32_t i = 0; i < 3 * OUTPUTS; i++) {
		scaling->group[i / OUTPUTS].factor[i % OUTPUTS] =
			1.0f / (float)(1 << check_random_in(&random, 0, 5));
		scaling->group[i / OUTPUTS].bias[i % OUTPUTS] =
			check_random_in(&random, -100, 100);
	}
	for (uint32_t i = 0; i < 2 * OUTPUTS; i++)
		scaling->zeros[i / OUTPUTS][i % OUTPUTS] = check_random_in(&random, 120, 136);
	script_rows(s, 1, 30, scaling, sizeof(*scaling));
	script_rows(s, 1, 2056, scaling->zeros[1], sizeof(scaling->zeros[1]));
}

/* The rows of a group to the bank whose turn it is: there are two, so the third waits
   for the mac to be done with the first. */
static void move_scaling(struct script *s, uint32_t group)
{
	uint8_t *at = script_add(s, 0x14, 1);

	script_place(at, "from", (int32_t)(30 + 2 * group), LOOPS({ 2, 1 }));
	script_place(at, "into", 0, LOOPS({ 32, 1 }, { 2, 64 }));
	isa_set_bits(at, 867, 1, 1);
	isa_set_bits(at, 870, 3, 1);
	script_make(at, 0, 2);
	script_wait(at, 0, 1, 2, (int32_t)group - 1, 0);
}

static void groups_take_banks_and_zero_points_in_turns(void **state)
{
	struct operands o;
	struct script *s = new_operands(&o, ROW);
	struct scaling scaling;
	uint8_t *at;

	(void)state;
	bring_scaling(s, &scaling);
	for (uint32_t group = 0; group < 3; group++)
		move_scaling(s, group);
	at = add_mac(s, 16, LOOPS({ 2, 0 }, { 3, 0 }));
	script_place(at, "input", 0, LOOPS({ 2, 4 }, { 3, 0 }));
	script_place(at, "weights", ROW * LANES, LOOPS({ 2, LANES }, { 3, 2 * LANES }));
	script_place(at, "sums", 0, LOOPS({ 2, 0 }, { 3, 0 }));
	script_place(at, "output", OUTPUT * UNIT, LOOPS({ 16, 4 }, { 3, 64 }));
	script_wait(at, 0, SCRIPT_WIDE_SCALING, 1, 1, 1);
	script_make(at, 1, 1);
	isa_set_bits(at, 1853, 1, 1);
	isa_set_bits(at, 1908, 14, 36 * LANES);
	isa_set_bits(at, 1884, 14, 2056 * LANES);
	isa_set_bits(at, 2093, 2, 3);
	script_run(s);
	for (uint32_t i = 0; i < 3 * OUTPUTS; i++) {
		uint32_t group = i / OUTPUTS, output = i % OUTPUTS;
		int32_t sum = scaling.group[group].bias[output];

		for (uint32_t k = 0; k < 8; k++)
			sum += (o.input[k] - 128) *
			       (o.weights[2 * group + k / 4][4 * output + k % 4] -
				scaling.zeros[group % 2][output]);
		assert_int_equal(output_at(s, OUTPUT, i), stored((int32_t)roundf(
			(float)sum * scaling.group[group].factor[output])));
	}
	script_free(s);
}

/* All rows that moves reach: a base has 14 bits. */
static void weights_are_in_any_row(void **state)
{
	(void)state;
	for (uint32_t row = 2044; row < 2052; row++) {
		struct operands o;
		struct script *s = new_operands(&o, row - row % 4);
		uint8_t *at = add_dense(s);

		script_place(at, "weights", 0, LOOPS({ 2, LANES }));
		isa_set_bits(at, 957, 14, row * LANES);
		script_run(s);
		must_be_dense(s, o.input, &o.weights[row % 4], OUTPUT);
		script_free(s);
	}
}

static void a_byte_of_input_has_one_weight_for_each_output(void **state)
{
	struct operands o;
	struct script *s = new_operands(&o, ROW);
	uint8_t *at = add_mac(s, 16, LOOPS({ 7, 0 }));

	(void)state;
	isa_set_bits(at, 1846, 3, 1);
	script_place(at, "input", 5, LOOPS({ 7, 1 })); /* bytes 5 to 11 */
	script_place(at, "weights", ROW * LANES + 1, LOOPS({ 7, 1 }));
	script_place(at, "sums", 0, LOOPS({ 7, 0 }));
	script_place(at, "output", OUTPUT * UNIT, LOOPS({ 16, 4 }));
	script_run(s);
	for (uint32_t i = 0; i < OUTPUTS; i++) {
		const uint8_t *lanes = o.weights[0] + OUTPUTS;
		int32_t sum = 0;

		for (uint32_t k = 0; k < 7; k++)
			sum += (o.input[5 + k] - 128) * (lanes[k * OUTPUTS + i] - 128);
		assert_int_equal(output_at(s, OUTPUT, i), stored(sum));
	}
	script_free(s);
}

static void two_bytes_of_input_have_signed_weights_of_16_bits(void **state)
{
	struct operands o;
	struct script *s = new_operands(&o, ROW);
	struct check_random random = { 7 };
	int16_t weights[3][OUTPUTS][2];
	uint8_t *at;

	(void)state;
	for (uint32_t i = 0; i < 3 * OUTPUTS * 2; i++)
		((int16_t *)weights)[i] = (int16_t)check_random_in(&random, -32768, 32767);
	script_rows(s, 1, 50, weights, sizeof(weights));
	at = add_mac(s, 16, LOOPS({ 3, 0 }));
	isa_set_bits(at, 1846, 3, 2);
	isa_set_bits(at, 1854, 8, 0);
	set_float(at, 1949, 1.0f / 1024);
	script_place(at, "input", 3, LOOPS({ 3, 2 })); /* bytes 3 to 8 */
	script_place(at, "weights", 50 * LANES, LOOPS({ 3, LANES }));
	script_place(at, "sums", 0, LOOPS({ 3, 0 }));
	script_place(at, "output", OUTPUT * UNIT, LOOPS({ 16, 4 }));
	script_run(s);
	for (uint32_t i = 0; i < OUTPUTS; i++) {
		int32_t sum = 0;

		for (uint32_t k = 0; k < 6; k++)
			sum += (o.input[3 + k] - 128) * weights[k / 2][i][k % 2];
		assert_int_equal(output_at(s, OUTPUT, i),
				 stored((int32_t)roundf((float)sum / 1024)));
	}
	script_free(s);
}

static void weights_in_front_of_all_rows_are_refused(void **state)
{
	struct operands o;
	struct script *s = new_operands(&o, 0);
	uint8_t *at = add_dense(s);

	(void)state;
	isa_set_bits(at, 1942, 4, 3); /* so that they are in one row */
	script_place(at, "output", OUTPUT * UNIT, LOOPS({ 4, 4 }));
	script_place(at, "weights", 0, LOOPS({ 2, -1 }));
	script_stops(s, "tile 0: no row -1 in wide memory");
	script_free(s);
}

static void other_modes_are_refused(void **state)
{
	struct operands o;

	(void)state;
	for (uint32_t mode = 3; mode < 8; mode++) {
		struct script *s = new_operands(&o, ROW);
		char why[] = "mode 0 is not understood";

		isa_set_bits(add_dense(s), 1846, 3, mode);
		why[5] = (char)('0' + mode);
		script_stops(s, why);
		script_free(s);
	}
}

static void one_bias_is_for_all_outputs(void **state)
{
	struct operands o;
	struct script *s = new_operands(&o, ROW);

	(void)state;
	isa_set_bits(add_dense(s), 2045, 32, (uint32_t)-37);
	script_run(s);
	for (uint32_t i = 0; i < OUTPUTS; i++)
		assert_int_equal(output_at(s, OUTPUT, i),
				 stored(sum_of(o.input, o.weights, 2, i) - 37));
	script_free(s);
}

static void inputs_begin_at_any_byte(void **state)
{
	(void)state;
	for (int32_t byte = 0; byte < 9; byte++) {
		struct operands o;
		struct script *s = new_operands(&o, ROW);

		script_place(add_dense(s), "input", byte, LOOPS({ 2, 4 }));
		script_run(s);
		must_be_dense(s, o.input + byte, o.weights, OUTPUT);
		script_free(s);
	}
}

static void bases_reach_all_of_narrow_memory(void **state)
{
	static const uint32_t from[] = { 16384 + 3, 49152 + 3 }, to[] = { 49152, 32768 + 5 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct operands o;
		struct script *s = new_operands(&o, ROW);
		uint8_t *at;

		script_narrow(s, 1, from[i], o.input, sizeof(o.input));
		script_narrow(s, 1, 0, "nothing of it", 12);
		at = add_mac(s, 8, LOOPS({ 2, 0 }, { 2, 0 }));
		script_place(at, "input", (int32_t)(from[i] * UNIT),
			     LOOPS({ 2, 4 }, { 2, 0 }));
		script_place(at, "weights", ROW * LANES, LOOPS({ 2, LANES }, { 2, 2 }));
		script_place(at, "sums", 0, LOOPS({ 2, 0 }, { 2, 0 }));
		script_place(at, "output", (int32_t)(to[i] * UNIT),
			     LOOPS({ 8, 4 }, { 2, 32 }));
		script_run(s);
		must_be_dense(s, o.input, o.weights, to[i]);
		script_free(s);
	}
}

/* Three groups, of inputs in turns 40 bytes apart, to outputs 1024 bytes apart. */
static void inputs_and_outputs_are_buffers_of_two_parts(void **state)
{
	struct operands o;
	struct script *s = new_operands(&o, ROW);
	uint8_t *at = add_mac(s, 16, LOOPS({ 2, 0 }, { 3, 0 }));

	(void)state;
	script_place(at, "input", 0, LOOPS({ 2, 4 }, { 3, 4 }));
	script_turn(at, "input", 1, 40);
	script_place(at, "weights", ROW * LANES, LOOPS({ 2, LANES }, { 3, 0 }));
	script_turn(at, "weights", 1, 2 * LANES);
	script_place(at, "sums", 0, LOOPS({ 2, 0 }, { 3, 0 }));
	script_place(at, "output", OUTPUT * UNIT, LOOPS({ 16, 4 }, { 3, 64 }));
	script_turn(at, "output", 1, 1024);
	script_run(s);
	for (uint32_t i = 0; i < 3 * OUTPUTS; i++) {
		uint32_t group = i / OUTPUTS, turn = group % 2;

		assert_int_equal(output_at(s, OUTPUT + turn * 1024 / 4, i),
				 stored(sum_of(o.input + 4 * group + 40 * turn,
					       &o.weights[2 * turn], 2, i % OUTPUTS)));
	}
	assert_null(silicon_unit(s->program, 0, OUTPUT + 16));
	script_free(s);
}

/* 4 times 0.12499 is below the middle, and 3.99968 / 8 is not when 4 / 8 is rounded. All
   but sums of four bytes are rounded once in any case. */
static void sums_are_rounded_once_or_twice(void **state)
{
	static const uint8_t numbers[8] = { 127, 124, 129, 132, 131, 125, 140, 116 };
	static const struct {
		enum silicon_rounding rounding;
		uint32_t mode, weight_bytes;
		int32_t expected[8];
	} cases[] = {
		{ SILICON_ROUNDS_ONCE, 0, 4, { 0, 0, 0, 0, 0, 0, 1, -1 } },
		{ SILICON_ROUNDS_TWICE, 0, 4, { 0, -1, 0, 1, 0, 0, 2, -2 } },
		{ SILICON_ROUNDS_TWICE, 1, 1, { 0, 0, 0, 0, 0, 0, 1, -1 } },
	};
	uint8_t row[OUTPUTS * 4];

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct script *s = script_new();
		uint8_t *at;

		memset(row, 128, sizeof(row));
		for (uint32_t i = 0; i < 8; i++)
			row[cases[c].weight_bytes * i] = numbers[i];
		s->rounding = cases[c].rounding;
		script_rows(s, 1, ROW, row, sizeof(row));
		script_narrow(s, 1, 0, (const uint8_t[]){ 129, 128, 128, 128 }, 4);
		at = add_mac(s, 2, LOOPS({ 1, 0 }));
		isa_set_bits(at, 1846, 3, cases[c].mode);
		set_float(at, 1949, 0.12499f);
		script_place(at, "weights", ROW * LANES, LOOPS({ 1, 0 }));
		script_place(at, "output", OUTPUT * UNIT, LOOPS({ 2, 4 }));
		script_run(s);
		for (uint32_t i = 0; i < 8; i++)
			assert_int_equal(output_at(s, OUTPUT, i), stored(cases[c].expected[i]));
		script_free(s);
	}
}

/* 16384 times in each of 8 loops, and as many sums. */
static void loops_that_nobody_can_count_are_refused(void **state)
{
	static const char *const accesses[] = { "input", "weights", "sums" };
	struct script *s = script_new();
	uint8_t *at = add_mac(s, 1, LOOPS({ 16384, 0 }, { 16384, 0 }, { 16384, 0 },
					  { 16384, 0 }, { 16384, 0 }, { 16384, 0 },
					  { 16384, 0 }, { 16384, 0 }));

	(void)state;
	for (int i = 0; i < 3; i++)
		script_place(at, accesses[i], 0,
			     LOOPS({ 16384, 4 }, { 16384, 4 }, { 16384, 4 }, { 16384, 4 },
				   { 16384, 4 }, { 16384, 4 }, { 16384, 4 }, { 16384, 4 }));
	script_stops(s, "its loops go round more often than can be counted");
	script_free(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_in_wide_memory_between_two_passes),
		cmocka_unit_test(a_last_group_of_outputs_is_smaller),
		cmocka_unit_test(groups_take_banks_and_zero_points_in_turns),
		cmocka_unit_test(weights_are_in_any_row),
		cmocka_unit_test(a_byte_of_input_has_one_weight_for_each_output),
		cmocka_unit_test(two_bytes_of_input_have_signed_weights_of_16_bits),
		cmocka_unit_test(weights_in_front_of_all_rows_are_refused),
		cmocka_unit_test(other_modes_are_refused),
		cmocka_unit_test(one_bias_is_for_all_outputs),
		cmocka_unit_test(inputs_begin_at_any_byte),
		cmocka_unit_test(bases_reach_all_of_narrow_memory),
		cmocka_unit_test(inputs_and_outputs_are_buffers_of_two_parts),
		cmocka_unit_test(sums_are_rounded_once_or_twice),
		cmocka_unit_test(loops_that_nobody_can_count_are_refused),
	};

	return CHECK_RUN(tests);
}
