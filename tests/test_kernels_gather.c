/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <errno.h>
#include <string.h>

#include "runtime/schema/tflite.h"

/* Random indices below `limit` into input i, int32 or int64. */
static void fill_indices(struct single *s, uint32_t i, uint32_t graph_input,
			 int32_t limit)
{
	void *data = atoll_session_input(s->graph.session, graph_input)->data;

	for (size_t k = 0; k < s->in[i]->elements; k++) {
		int32_t index = check_random_in(&s->random, 0, limit - 1);

		if (s->in[i]->type == ATOLL_INT32)
			((int32_t *)data)[k] = index;
		else
			((int64_t *)data)[k] = index;
	}
}

static int32_t index_in(const struct atoll_tensor *indices, const int32_t *at)
{
	const char *place = single_at(indices, at);
	int32_t narrow;
	int64_t wide;

	if (indices->type == ATOLL_INT32) {
		memcpy(&narrow, place, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, place, sizeof(wide));
	return (int32_t)wide;
}

static void gather_picks_along_the_axis(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < 100; round++) {
		enum atoll_type type = single_any_type(&random);
		enum atoll_type index_type = round % 2 ? ATOLL_INT32 : ATOLL_INT64;
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 4);
		uint32_t axis = check_random(&random) % rank;
		uint32_t batch = check_random(&random) % (axis + 1);
		uint32_t more = (uint32_t)check_random_in(&random, 0, 2);
		int32_t dims[ATOLL_RANK_MAX], picks[ATOLL_RANK_MAX];
		int32_t shape[ATOLL_RANK_MAX], index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		single_any_dims(&random, rank, dims);
		single_any_dims(&random, batch + more, picks);
		memcpy(picks, dims, batch * sizeof(*dims));
		single_new(&s, BUILTIN_GATHER, OPTIONS_GATHER);
		single_input(&s, type, rank, dims);
		single_input(&s, index_type, batch + more, picks);
		single_output(&s, type);
		single_option(&s, GATHER_AXIS, (int32_t)axis - (round % 3 ? 0 : (int32_t)rank));
		single_option(&s, GATHER_BATCH_DIMS, (int32_t)batch);
		single_open(&s);
		single_fill(&s);
		fill_indices(&s, 1, 1, dims[axis]);
		graph_run(&s.graph);

		memcpy(shape, dims, axis * sizeof(*dims));
		memcpy(shape + axis, picks + batch, more * sizeof(*dims));
		memcpy(shape + axis + more, dims + axis + 1, (rank - axis - 1) * sizeof(*dims));
		single_assert_shape(s.out[0], rank + more - 1, shape);
		do {
			int32_t at[ATOLL_RANK_MAX], where[ATOLL_RANK_MAX];

			memcpy(where, index, batch * sizeof(*at));
			memcpy(where + batch, index + axis, more * sizeof(*at));
			memcpy(at, index, axis * sizeof(*at));
			at[axis] = index_in(s.in[1], where);
			memcpy(at + axis + 1, index + axis + more,
			       (rank - axis - 1) * sizeof(*at));
			assert_memory_equal(single_at(s.out[0], index),
					    single_at(s.in[0], at), atoll_type_bytes(type));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void gather_nd_picks_by_tuples(void **state)
{
	struct check_random random = { 2 };

	(void)state;
	for (int round = 0; round < 60; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 4);
		uint32_t tuple = (uint32_t)check_random_in(&random, 1, (int32_t)rank);
		uint32_t more = (uint32_t)check_random_in(&random, 0, 2);
		int32_t dims[ATOLL_RANK_MAX], picks[ATOLL_RANK_MAX], least = 5;
		int32_t index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		single_any_dims(&random, rank, dims);
		for (uint32_t d = 0; d < tuple; d++)
			least = dims[d] < least ? dims[d] : least;
		single_any_dims(&random, more, picks);
		picks[more] = (int32_t)tuple;
		single_new(&s, BUILTIN_GATHER_ND, OPTIONS_GATHER_ND);
		single_input(&s, type, rank, dims);
		single_input(&s, ATOLL_INT32, more + 1, picks);
		single_output(&s, type);
		single_open(&s);
		single_fill(&s);
		fill_indices(&s, 1, 1, least);
		graph_run(&s.graph);
		assert_int_equal(s.out[0]->rank, more + rank - tuple);
		do {
			int32_t at[ATOLL_RANK_MAX], where[ATOLL_RANK_MAX];

			memcpy(where, index, more * sizeof(*at));
			for (uint32_t k = 0; k < tuple; k++) {
				where[more] = (int32_t)k;
				at[k] = index_in(s.in[1], where);
			}
			memcpy(at + tuple, index + more, (rank - tuple) * sizeof(*at));
			assert_memory_equal(single_at(s.out[0], index),
					    single_at(s.in[0], at), atoll_type_bytes(type));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void an_index_outside_fails_the_run_and_only_it(void **state)
{
	static const int32_t wrong[] = { -1, 3, INT32_MIN, INT32_MAX };

	(void)state;
	for (uint32_t code = 0; code < 2; code++) {
		struct single s;
		int32_t *index;

		single_new(&s, code ? BUILTIN_GATHER_ND : BUILTIN_GATHER,
			   code ? OPTIONS_GATHER_ND : OPTIONS_GATHER);
		single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 3, 2 });
		single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 1 });
		single_output(&s, ATOLL_UINT8);
		single_open(&s);
		index = atoll_session_input(s.graph.session, 1)->data;
		for (size_t i = 0; i < 4; i++) {
			*index = wrong[i];
			assert_int_equal(atoll_session_invoke(s.graph.session), -ERANGE);
			*index = 2;
			assert_int_equal(atoll_session_invoke(s.graph.session), 0);
		}
		single_free(&s);
	}
}

static void one_hot_lights_one_place(void **state)
{
	struct check_random random = { 3 };

	(void)state;
	for (int round = 0; round < 40; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 0, 3);
		uint32_t axis = check_random(&random) % (rank + 1);
		int32_t dims[ATOLL_RANK_MAX], index[ATOLL_RANK_MAX] = { 0 }, depth = 4;
		struct single s;

		single_any_dims(&random, rank, dims);
		single_new(&s, BUILTIN_ONE_HOT, OPTIONS_ONE_HOT);
		single_input(&s, ATOLL_INT32, rank, dims);
		single_ints_of_shape(&s, 0, NULL, &depth);
		single_input(&s, type, 0, NULL);
		single_input(&s, type, 0, NULL);
		single_output(&s, type);
		single_option(&s, ONE_HOT_AXIS,
			      (int32_t)axis - (round % 2 ? (int32_t)rank + 1 : 0));
		single_open(&s);
		single_fill(&s);
		/* One past the end, too: all stay off. */
		fill_indices(&s, 0, 0, depth + 1);
		graph_run(&s.graph);
		assert_int_equal(s.out[0]->dims[axis], depth);
		do {
			int32_t at[ATOLL_RANK_MAX];
			bool is_on;

			memcpy(at, index, axis * sizeof(*at));
			memcpy(at + axis, index + axis + 1, (rank - axis) * sizeof(*at));
			is_on = index_in(s.in[0], at) == index[axis];
			assert_memory_equal(single_at(s.out[0], index),
					    s.in[is_on ? 2 : 3]->data, atoll_type_bytes(type));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void shapes_that_do_not_fit_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_GATHER, OPTIONS_GATHER);
	single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 3, 2 });
	single_input(&s, ATOLL_INT32, 2, (int32_t[]){ 2, 1 });
	single_output(&s, ATOLL_UINT8);
	single_option(&s, GATHER_AXIS, 1);
	single_option(&s, GATHER_BATCH_DIMS, 1);
	single_refused(&s, "GATHER: the first 1 dimensions of both inputs must be equal");

	single_new(&s, BUILTIN_GATHER, OPTIONS_GATHER);
	single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 3, 2 });
	single_input(&s, ATOLL_FLOAT32, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "input 1 (it): type float32, supported: int32, int64");

	single_new(&s, BUILTIN_GATHER_ND, OPTIONS_GATHER_ND);
	single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 3, 2 });
	single_input(&s, ATOLL_INT32, 2, (int32_t[]){ 1, 3 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "GATHER_ND: index tuples of shape 1x3 for 2 dimensions");

	single_new(&s, BUILTIN_ONE_HOT, OPTIONS_ONE_HOT);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 2 });
	single_ints(&s, 1, (int32_t[]){ -1 });
	single_input(&s, ATOLL_UINT8, 0, NULL);
	single_input(&s, ATOLL_UINT8, 0, NULL);
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "ONE_HOT: depth -1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gather_picks_along_the_axis),
		cmocka_unit_test(gather_nd_picks_by_tuples),
		cmocka_unit_test(an_index_outside_fails_the_run_and_only_it),
		cmocka_unit_test(one_hot_lights_one_place),
		cmocka_unit_test(shapes_that_do_not_fit_are_refused),
	};

	return CHECK_RUN(tests);
}
