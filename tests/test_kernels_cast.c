/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/exact.h"

/* More than the kernel takes at a time. */
#define COUNT 600

static const enum atoll_type types[9] = {
	ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16, ATOLL_INT32, ATOLL_INT64, ATOLL_BOOL,
	ATOLL_UINT16, ATOLL_UINT32, ATOLL_FLOAT32,
};

static void open_cast(struct single *s, enum atoll_type from, enum atoll_type to)
{
	single_new(s, BUILTIN_CAST, OPTIONS_CAST);
	single_input(s, from, 1, (int32_t[]){ COUNT });
	single_output(s, to);
	single_open(s);
	single_fill(s);
}

/* The element as the widest of its kind. */
static int64_t whole_at(const struct atoll_tensor *tensor, size_t i)
{
	switch (tensor->type) {
	case ATOLL_UINT16:
		return ((const uint16_t *)tensor->data)[i];
	case ATOLL_UINT32:
		return ((const uint32_t *)tensor->data)[i];
	default:
		return exact_at(tensor, i);
	}
}

/* x with the upper bits gone that `type` has no room for. */
static int64_t wrapped(int64_t x, enum atoll_type type)
{
	switch (type) {
	case ATOLL_UINT8:
		return (uint8_t)x;
	case ATOLL_INT8:
		return (int8_t)x;
	case ATOLL_UINT16:
		return (uint16_t)x;
	case ATOLL_INT16:
		return (int16_t)x;
	case ATOLL_UINT32:
		return (uint32_t)x;
	case ATOLL_INT32:
		return (int32_t)x;
	case ATOLL_BOOL:
		return x != 0;
	default:
		return x;
	}
}

static void integers_keep_their_value_or_their_low_bits(void **state)
{
	(void)state;
	for (int from = 0; from < 8; from++) {
		for (int to = 0; to < 8; to++) {
			struct single s;

			open_cast(&s, types[from], types[to]);
			graph_run(&s.graph);
			for (size_t i = 0; i < COUNT; i++)
				assert_int_equal(whole_at(s.out[0], i),
						 wrapped(whole_at(s.in[0], i), types[to]));
			single_free(&s);
		}
	}
}

static void integers_become_the_nearest_float(void **state)
{
	(void)state;
	for (int from = 0; from < 8; from++) {
		struct single s;

		open_cast(&s, types[from], ATOLL_FLOAT32);
		graph_run(&s.graph);
		for (size_t i = 0; i < COUNT; i++)
			assert_true(((const float *)s.out[0]->data)[i] ==
				    (float)whole_at(s.in[0], i));
		single_free(&s);
	}
}

/* The ends of each type of integers. */
static void ends(enum atoll_type type, double *low, double *high)
{
	int bits = 8 * (int)atoll_type_bytes(type);
	bool is_signed = type == ATOLL_INT8 || type == ATOLL_INT16 ||
			 type == ATOLL_INT32 || type == ATOLL_INT64;

	*low = is_signed ? -ldexp(1, bits - 1) : 0;
	*high = ldexp(1, is_signed ? bits - 1 : bits) - 1;
}

static void floats_are_cut_off_and_stop_at_the_ends(void **state)
{
	static const float odd[12] = {
		NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 2147483648.0f, -2147483648.0f,
		0.99f, -0.99f, 254.9f, -1.5f, 9223372036854775808.0f,
	};

	(void)state;
	for (int to = 0; to < 8; to++) {
		struct single s;
		double low, high;

		if (types[to] == ATOLL_BOOL)
			continue;
		open_cast(&s, ATOLL_FLOAT32, types[to]);
		memcpy(s.in[0]->data, odd, sizeof(odd));
		graph_run(&s.graph);
		ends(types[to], &low, &high);
		for (size_t i = 0; i < COUNT; i++) {
			double x = (double)((const float *)s.in[0]->data)[i];
			double wanted = isnan(x) ? 0 : trunc(fmin(fmax(x, low), high));

			assert_true((double)whole_at(s.out[0], i) == wanted);
		}
		single_free(&s);
	}
}

static void what_is_not_zero_is_true(void **state)
{
	static const float values[5] = { 0, -0.0f, 0.001f, NAN, -3 };
	static const uint8_t wanted[5] = { 0, 0, 1, 1, 1 };
	struct single s;

	(void)state;
	open_cast(&s, ATOLL_FLOAT32, ATOLL_BOOL);
	memcpy(s.in[0]->data, values, sizeof(values));
	graph_run(&s.graph);
	assert_memory_equal(s.out[0]->data, wanted, sizeof(wanted));
	single_free(&s);

	open_cast(&s, ATOLL_BOOL, ATOLL_INT32);
	((uint8_t *)s.in[0]->data)[0] = 7;
	graph_run(&s.graph);
	assert_int_equal(exact_at(s.out[0], 0), 1);
	single_free(&s);
}

static void floats_stay_as_they_are(void **state)
{
	struct single s;

	(void)state;
	open_cast(&s, ATOLL_FLOAT32, ATOLL_FLOAT32);
	graph_run(&s.graph);
	assert_memory_equal(s.out[0]->data, s.in[0]->data, s.in[0]->bytes);
	single_free(&s);
}

static void other_types_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_CAST, OPTIONS_CAST);
	single_input(&s, ATOLL_COMPLEX64, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_FLOAT32);
	single_refused(&s, "CAST: input 0 (it): type complex64, supported:");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_keep_their_value_or_their_low_bits),
		cmocka_unit_test(integers_become_the_nearest_float),
		cmocka_unit_test(floats_are_cut_off_and_stop_at_the_ends),
		cmocka_unit_test(what_is_not_zero_is_true),
		cmocka_unit_test(floats_stay_as_they_are),
		cmocka_unit_test(other_types_are_refused),
	};
	return CHECK_RUN(tests);
}
