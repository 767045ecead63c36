/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"

static const enum atoll_type types[] = {
	ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16, ATOLL_INT32, ATOLL_INT64, ATOLL_FLOAT32,
};

static double number(const struct atoll_tensor *tensor, const int32_t *index)
{
	const char *at = single_at(tensor, index);

	switch (tensor->type) {
	case ATOLL_UINT8:
		return *(const uint8_t *)at;
	case ATOLL_INT8:
		return *(const int8_t *)at;
	case ATOLL_INT16:
		return *(const int16_t *)(const void *)at;
	case ATOLL_INT32:
		return *(const int32_t *)(const void *)at;
	case ATOLL_INT64:
		return (double)*(const int64_t *)(const void *)at;
	default:
		return (double)*(const float *)(const void *)at;
	}
}

/* Few different values, so that there are ties. */
static void fill_with_ties(struct single *s)
{
	struct atoll_tensor *in = atoll_session_input(s->graph.session, 0);
	size_t element = atoll_type_bytes(in->type);

	for (size_t i = 0; i < in->elements; i++) {
		int32_t value = check_random_in(&s->random, -4, 4);
		int64_t wide = in->type == ATOLL_UINT8 ? 128 + 30 * value : 30 * value;
		float real = (float)value;

		if (in->type == ATOLL_FLOAT32)
			memcpy((char *)in->data + i * element, &real, element);
		else
			memcpy((char *)in->data + i * element, &wide, element);
	}
}

static void arg_max_and_arg_min_name_the_first(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < 150; round++) {
		enum atoll_type type = types[check_random(&random) % 6];
		bool is_max = round % 2;
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 4);
		uint32_t axis = check_random(&random) % rank, out_rank = 0;
		int32_t dims[ATOLL_RANK_MAX], index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		single_any_dims(&random, rank, dims);
		dims[axis] = check_random_in(&random, 1, 20);
		single_new(&s, is_max ? BUILTIN_ARG_MAX : BUILTIN_ARG_MIN,
			   is_max ? OPTIONS_ARG_MAX : OPTIONS_ARG_MIN);
		single_input(&s, type, rank, dims);
		single_ints_of_shape(&s, 0, NULL,
			(int32_t[]){ (int32_t)axis - (round % 3 ? (int32_t)rank : 0) });
		single_output(&s, round % 4 < 2 ? ATOLL_INT32 : ATOLL_INT64);
		single_open(&s);
		fill_with_ties(&s);
		graph_run(&s.graph);
		out_rank = s.out[0]->rank;
		assert_int_equal(out_rank, rank - 1);
		do {
			int32_t at[ATOLL_RANK_MAX], best = 0;
			double extreme = is_max ? -INFINITY : INFINITY;

			memcpy(at, index, axis * sizeof(*at));
			memcpy(at + axis + 1, index + axis, (rank - axis - 1) * sizeof(*at));
			for (at[axis] = 0; at[axis] < dims[axis]; at[axis]++) {
				double v = number(s.in[0], at);

				if (is_max ? v > extreme : v < extreme) {
					extreme = v;
					best = at[axis];
				}
			}
			assert_int_equal((int)number(s.out[0], index), best);
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void every_byte_is_ordered(void **state)
{
	static const enum atoll_type bytes[] = { ATOLL_UINT8, ATOLL_INT8 };

	(void)state;
	for (int t = 0; t < 4; t++) {
		bool is_max = t % 2, is_signed = t / 2;
		uint8_t *in;
		struct single s;

		single_new(&s, is_max ? BUILTIN_ARG_MAX : BUILTIN_ARG_MIN, 0);
		single_input(&s, bytes[is_signed], 2, (int32_t[]){ 65536, 2 });
		single_ints(&s, 1, (int32_t[]){ 1 });
		single_output(&s, ATOLL_INT32);
		s.graph.options.threads = 3;
		single_open(&s);
		in = atoll_session_input(s.graph.session, 0)->data;
		for (int i = 0; i < 65536; i++) {
			in[2 * i] = (uint8_t)(i >> 8);
			in[2 * i + 1] = (uint8_t)i;
		}
		graph_run(&s.graph);
		for (int i = 0; i < 65536; i++) {
			int a = is_signed ? (int8_t)(i >> 8) : i >> 8;
			int b = is_signed ? (int8_t)i : i & 255;

			assert_int_equal(((const int32_t *)s.out[0]->data)[i],
					 is_max ? b > a : b < a);
		}
		single_free(&s);
	}
}

static void a_nan_never_beats_a_number(void **state)
{
	struct single s;
	float *in;

	(void)state;
	single_new(&s, BUILTIN_ARG_MAX, OPTIONS_ARG_MAX);
	single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ 3 });
	single_ints(&s, 1, (int32_t[]){ 0 });
	single_output(&s, ATOLL_INT32);
	single_open(&s);
	in = atoll_session_input(s.graph.session, 0)->data;
	in[0] = 1;
	in[1] = NAN;
	in[2] = 2;
	graph_run(&s.graph);
	assert_int_equal(*(int32_t *)s.out[0]->data, 2);
	single_free(&s);
}

struct entry {
	double value;
	int32_t place;
};

static int by_value_then_place(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void topk_sorts_descending_with_ties_in_order(void **state)
{
	struct check_random random = { 2 };

	(void)state;
	for (int round = 0; round < 80; round++) {
		enum atoll_type type = types[check_random(&random) % 6];
		int32_t rows = check_random_in(&random, 1, 4);
		int32_t length = check_random_in(&random, 1, 40);
		int32_t k = check_random_in(&random, 1, length);
		struct entry entries[40];
		struct single s;

		single_new(&s, BUILTIN_TOPK_V2, OPTIONS_TOPK_V2);
		single_input(&s, type, 2, (int32_t[]){ rows, length });
		single_ints_of_shape(&s, 0, NULL, &k);
		single_output(&s, type);
		single_output(&s, ATOLL_INT32);
		single_open(&s);
		fill_with_ties(&s);
		graph_run(&s.graph);
		single_assert_shape(s.out[1], 2, (int32_t[]){ rows, k });
		for (int32_t row = 0; row < rows; row++) {
			for (int32_t i = 0; i < length; i++)
				entries[i] = (struct entry){
					number(s.in[0], (int32_t[]){ row, i }), i };
			qsort(entries, (size_t)length, sizeof(entries[0]), by_value_then_place);
			for (int32_t i = 0; i < k; i++) {
				const int32_t at[] = { row, i };

				assert_true(number(s.out[0], at) == entries[i].value);
				assert_int_equal((int)number(s.out[1], at), entries[i].place);
			}
		}
		single_free(&s);
	}
}

static void what_cannot_be_searched_is_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_ARG_MAX, OPTIONS_ARG_MAX);
	single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 2, 0 });
	single_ints(&s, 1, (int32_t[]){ 1 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "ARG_MAX: input (it): nothing to choose from");

	single_new(&s, BUILTIN_ARG_MIN, OPTIONS_ARG_MIN);
	single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 2, 2 });
	single_ints(&s, 1, (int32_t[]){ -3 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "ARG_MIN: axis -3 of 2 dimensions");

	single_new(&s, BUILTIN_TOPK_V2, OPTIONS_TOPK_V2);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 2 });
	single_ints(&s, 1, (int32_t[]){ 3 });
	single_output(&s, ATOLL_UINT8);
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "TOPK_V2: the first 3 of 2");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(arg_max_and_arg_min_name_the_first),
		cmocka_unit_test(every_byte_is_ordered),
		cmocka_unit_test(a_nan_never_beats_a_number),
		cmocka_unit_test(topk_sorts_descending_with_ties_in_order),
		cmocka_unit_test(what_cannot_be_searched_is_refused),
	};

	return CHECK_RUN(tests);
}
