/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"

#define ROUNDS 80

/* One element as a number. */
static double number(const struct atoll_tensor *tensor, const int32_t *index)
{
	const char *at = single_at(tensor, index);
	int16_t i16;
	int32_t i32;
	int64_t i64;
	float f32;

	switch (tensor->type) {
	case ATOLL_UINT8:
	case ATOLL_BOOL:
		return *(const uint8_t *)at;
	case ATOLL_INT8:
		return *(const int8_t *)at;
	case ATOLL_INT16:
		memcpy(&i16, at, sizeof(i16));
		return i16;
	case ATOLL_INT32:
		memcpy(&i32, at, sizeof(i32));
		return i32;
	case ATOLL_INT64:
		memcpy(&i64, at, sizeof(i64));
		return (double)i64;
	default:
		memcpy(&f32, at, sizeof(f32));
		return (double)f32;
	}
}

struct shape {
	uint32_t rank, going; /* bit d: dimension d is reduced */
	int32_t dims[ATOLL_RANK_MAX];
	bool keeps;
};

static struct shape any_shape(struct check_random *random)
{
	struct shape shape = { .rank = (uint32_t)check_random_in(random, 1, 5) };

	single_any_dims(random, shape.rank, shape.dims);
	shape.going = check_random(random) % (1u << shape.rank);
	shape.keeps = check_random(random) % 2;
	return shape;
}

/* Some axes from the end, one of them twice. */
static void new_reduction(struct single *s, uint32_t code, enum atoll_type type,
			  const struct shape *shape)
{
	int32_t axes[2 * ATOLL_RANK_MAX];
	uint32_t count = 0;

	single_new(s, code, OPTIONS_REDUCER);
	single_input(s, type, shape->rank, shape->dims);
	for (uint32_t d = 0; d < shape->rank; d++)
		if (shape->going >> d & 1)
			axes[count++] = (int32_t)d - (d % 2 ? (int32_t)shape->rank : 0);
	if (count > 0)
		axes[count++] = axes[0];
	single_ints(s, count, axes);
	if (shape->keeps)
		single_flag(s, REDUCER_KEEP_DIMS);
}

/* Where element `index` of the input ends up. */
static void target(const struct shape *shape, const int32_t *index, int32_t *at)
{
	uint32_t rank = 0;

	for (uint32_t d = 0; d < shape->rank; d++) {
		if (!(shape->going >> d & 1))
			at[rank++] = index[d];
		else if (shape->keeps)
			at[rank++] = 0;
	}
}

/* Call `merge` with each input element that belongs to output element `to`. */
static double merged(const struct single *s, const struct shape *shape,
		     const int32_t *to, double start, double (*merge)(double, double),
		     int32_t *count)
{
	int32_t index[ATOLL_RANK_MAX] = { 0 }, at[ATOLL_RANK_MAX] = { 0 };
	double result = start;

	*count = 0;
	do {
		target(shape, index, at);
		if (memcmp(at, to, s->out[0]->rank * sizeof(*at)) != 0)
			continue;
		result = merge(result, number(s->in[0], index));
		++*count;
	} while (single_next(s->in[0], index));
	return result;
}

static double plus(double a, double b)
{
	return a + b;
}

static double times(double a, double b)
{
	return a * b;
}

/* Hold every output element against `merge` over its input elements. */
static void check_merge(uint32_t code, const enum atoll_type *types, size_t type_count,
			double start, double (*merge)(double, double))
{
	struct check_random random = { code };

	for (int round = 0; round < ROUNDS; round++) {
		enum atoll_type type = types[check_random(&random) % type_count];
		struct shape shape = any_shape(&random);
		int32_t index[ATOLL_RANK_MAX] = { 0 }, count;
		struct single s;

		new_reduction(&s, code, type, &shape);
		single_output(&s, type);
		single_run(&s);
		do
			assert_true(number(s.out[0], index) ==
				    merged(&s, &shape, index, start, merge, &count));
		while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void reduce_max_and_min_find_the_extremes(void **state)
{
	static const enum atoll_type types[] = {
		ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16, ATOLL_INT32, ATOLL_INT64,
		ATOLL_FLOAT32,
	};

	(void)state;
	check_merge(BUILTIN_REDUCE_MAX, types, 6, -INFINITY, fmax);
	check_merge(BUILTIN_REDUCE_MIN, types, 6, INFINITY, fmin);
}

/* The floats are whole numbers, so that every order gives the same sum. */
static void sums_of_plain_numbers_are_exact(void **state)
{
	static const enum atoll_type real[] = { ATOLL_FLOAT32 };

	(void)state;
	check_merge(BUILTIN_SUM, real, 1, 0, plus);
}

static void sums_of_integers_wrap_around(void **state)
{
	struct shape shape = { .rank = 2, .dims = { 2, 3 }, .going = 1 };
	const int32_t in[] = { INT32_MAX, 5, -7, 1, 6, 7 };
	const int32_t wanted[] = { INT32_MIN, 11, 0 };
	struct single s;

	(void)state;
	new_reduction(&s, BUILTIN_SUM, ATOLL_INT32, &shape);
	single_output(&s, ATOLL_INT32);
	single_open(&s);
	memcpy(atoll_session_input(s.graph.session, 0)->data, in, sizeof(in));
	graph_run(&s.graph);
	assert_memory_equal(s.out[0]->data, wanted, sizeof(wanted));
	single_free(&s);
}

static void reduce_prod_multiplies(void **state)
{
	struct shape shape = { .rank = 2, .dims = { 2, 3 }, .going = 2 };
	const float in[] = { 2, 3, 4, -1, 0.5f, 8 }, wanted[] = { 24, -4 };
	struct single s;

	(void)state;
	new_reduction(&s, BUILTIN_REDUCE_PROD, ATOLL_FLOAT32, &shape);
	single_output(&s, ATOLL_FLOAT32);
	single_open(&s);
	memcpy(atoll_session_input(s.graph.session, 0)->data, in, sizeof(in));
	graph_run(&s.graph);
	assert_memory_equal(s.out[0]->data, wanted, sizeof(wanted));
	single_free(&s);
}

static double either(double a, double b)
{
	return a != 0 || b != 0;
}

static void reduce_any_and_all_are_or_and_and(void **state)
{
	static const enum atoll_type types[] = { ATOLL_BOOL };

	(void)state;
	check_merge(BUILTIN_REDUCE_ANY, types, 1, 0, either);
	check_merge(BUILTIN_REDUCE_ALL, types, 1, 1, times);
}

/*
 * The arithmetic of the reference, restated with division: multiplier
 * m * 2^(e - 31), doubled product rounded half up, then ties away from zero.
 */
static int32_t scaled(int64_t x, int64_t m, int e)
{
	int64_t v, half;

	if (e > 0)
		x *= INT64_C(1) << e;
	v = (x * m + (INT64_C(1) << 30)) >> 31;
	if (e >= 0)
		return (int32_t)v;
	half = INT64_C(1) << (-e - 1);
	return (int32_t)((v < 0 ? v - half : v + half) / (INT64_C(1) << -e));
}

static int32_t quantized_result(const struct single *s, double sum, int32_t count,
				bool is_mean)
{
	const struct atoll_quant *in = &s->in[0]->quant, *out = &s->out[0]->quant;
	int32_t low = s->out[0]->type == ATOLL_UINT8 ? 0 :
		      s->out[0]->type == ATOLL_INT8 ? INT8_MIN : INT16_MIN;
	int32_t high = low + (s->out[0]->type == ATOLL_INT16 ? UINT16_MAX : UINT8_MAX);
	int64_t x = (int64_t)sum - (int64_t)in->zero_point * count, m;
	int e, up;
	int64_t y;

	m = llround(ldexp(frexp((double)in->scale / (double)out->scale, &e), 31));
	if (is_mean) {
		up = (int)floor(log2(count));
		up = up > 32 ? 32 : up;
		up = up > 31 + e ? 31 + e : up;
		m = (m << up) / count;
		e -= up;
	}
	y = (int64_t)scaled(x, m, e) + out->zero_point;
	return (int32_t)(y < low ? low : y > high ? high : y);
}

static void quantized_sums_and_means_follow_the_reference(void **state)
{
	static const enum atoll_type types[] = { ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16 };
	struct check_random random = { 5 };

	(void)state;
	for (int round = 0; round < 3 * ROUNDS; round++) {
		enum atoll_type type = types[round % 3];
		bool is_mean = check_random(&random) % 2;
		struct shape shape = any_shape(&random);
		int32_t index[ATOLL_RANK_MAX] = { 0 }, count;
		struct single s;

		new_reduction(&s, is_mean ? BUILTIN_MEAN : BUILTIN_SUM, type, &shape);
		s.scale = (float)check_random_in(&random, 100, 3000) / 1000;
		s.zero_point = check_random_in(&random, 0, 100);
		single_output(&s, type);
		single_run(&s);
		do {
			double sum = merged(&s, &shape, index, 0, plus, &count);

			assert_int_equal((int32_t)number(s.out[0], index),
					 quantized_result(&s, sum, count, is_mean));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void float_means_divide_the_sum(void **state)
{
	struct check_random random = { 6 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct shape shape = any_shape(&random);
		int32_t index[ATOLL_RANK_MAX] = { 0 }, count;
		struct single s;

		new_reduction(&s, BUILTIN_MEAN, ATOLL_FLOAT32, &shape);
		single_output(&s, ATOLL_FLOAT32);
		single_run(&s);
		do {
			double sum = merged(&s, &shape, index, 0, plus, &count);

			assert_true(number(s.out[0], index) ==
				    (double)((float)sum / (float)count));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

/* The shift of the multiplier is at its end already and must not go further. */
static void a_mean_far_below_one_step_is_zero(void **state)
{
	struct shape shape = { .rank = 1, .dims = { 1000 }, .going = 1 };
	struct single s;

	(void)state;
	new_reduction(&s, BUILTIN_MEAN, ATOLL_UINT8, &shape);
	s.scale = 1e9f;
	single_output(&s, ATOLL_UINT8);
	single_run(&s);
	assert_int_equal(*(uint8_t *)s.out[0]->data, 3);
	single_free(&s);
}

static void what_cannot_be_reduced_is_refused(void **state)
{
	struct shape shape = { .rank = 2, .dims = { 2, 3 }, .going = 1 };
	struct shape empty = { .rank = 2, .dims = { 0, 3 }, .going = 1 };
	struct shape large = { .rank = 1, .dims = { 1 << 24 }, .going = 1 };
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_MEAN, OPTIONS_REDUCER);
	single_input(&s, ATOLL_UINT8, 2, shape.dims);
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "MEAN: axis 2 of 2 dimensions");

	new_reduction(&s, BUILTIN_MEAN, ATOLL_INT32, &shape);
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "type int32, supported: uint8, int8, int16, float32");

	new_reduction(&s, BUILTIN_MEAN, ATOLL_UINT8, &shape);
	s.scale = 0;
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "output (it): uint8 without a scale");

	new_reduction(&s, BUILTIN_REDUCE_MAX, ATOLL_UINT8, &shape);
	s.scale = 0.25f;
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "REDUCE_MAX: it and it: scales 0.25 and 0.5");

	new_reduction(&s, BUILTIN_REDUCE_ANY, ATOLL_UINT8, &shape);
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "type uint8, supported: bool");

	new_reduction(&s, BUILTIN_SUM, ATOLL_FLOAT32, &empty);
	single_output(&s, ATOLL_FLOAT32);
	single_refused(&s, "nothing to merge, a dimension is 0");

	new_reduction(&s, BUILTIN_SUM, ATOLL_UINT8, &large);
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "sums of 16777216 elements of type uint8 could leave 32 bits");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reduce_max_and_min_find_the_extremes),
		cmocka_unit_test(sums_of_plain_numbers_are_exact),
		cmocka_unit_test(sums_of_integers_wrap_around),
		cmocka_unit_test(reduce_prod_multiplies),
		cmocka_unit_test(reduce_any_and_all_are_or_and_and),
		cmocka_unit_test(quantized_sums_and_means_follow_the_reference),
		cmocka_unit_test(float_means_divide_the_sum),
		cmocka_unit_test(a_mean_far_below_one_step_is_zero),
		cmocka_unit_test(what_cannot_be_reduced_is_refused),
	};

	return CHECK_RUN(tests);
}
