/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"

#define ROUNDS 40

/* Element `index` of the whole is in the piece that `where` falls into. */
static void assert_pieces(const struct atoll_tensor *whole,
			  const struct atoll_tensor *const *piece, uint32_t axis)
{
	size_t element = atoll_type_bytes(whole->type);
	int32_t index[ATOLL_RANK_MAX] = { 0 };

	do {
		int32_t at[ATOLL_RANK_MAX];
		uint32_t p = 0;

		memcpy(at, index, sizeof(at));
		while (at[axis] >= piece[p]->dims[axis])
			at[axis] -= piece[p++]->dims[axis];
		assert_memory_equal(single_at(whole, index), single_at(piece[p], at), element);
	} while (single_next(whole, index));
}

static void concatenation_lays_inputs_side_by_side(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5);
		uint32_t axis = check_random(&random) % rank;
		int32_t dims[ATOLL_RANK_MAX], length = 0, count;
		struct single s;

		single_new(&s, BUILTIN_CONCATENATION, OPTIONS_CONCATENATION);
		single_any_dims(&random, rank, dims);
		count = check_random_in(&random, 1, 6);
		for (int32_t i = 0; i < count; i++) {
			dims[axis] = check_random_in(&random, 1, 5);
			length += dims[axis];
			single_input(&s, type, rank, dims);
		}
		single_output(&s, type);
		/* Half of them count the axis from the end. */
		single_option(&s, CONCATENATION_AXIS,
			      (int32_t)axis - (round % 2 ? (int32_t)rank : 0));
		single_run(&s);
		dims[axis] = length;
		single_assert_shape(s.out[0], rank, dims);
		assert_pieces(s.out[0], s.in, axis);
		single_free(&s);
	}
}

static void concatenation_of_uint8_rescales(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_CONCATENATION, OPTIONS_CONCATENATION);
	s.scale = 0.031f;
	s.zero_point = 7;
	single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 3, 200 });
	s.scale = 0.017f;
	s.zero_point = 200;
	single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 3, 100 });
	s.scale = 0.02f;
	s.zero_point = 100;
	single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 3, 50 });
	single_output(&s, ATOLL_UINT8);
	single_option(&s, CONCATENATION_AXIS, 1);
	single_run(&s);
	for (int row = 0; row < 3; row++) {
		const uint8_t *out = (const uint8_t *)s.out[0]->data + 350 * row;

		for (int i = 0; i < 350; i++) {
			int input = i < 200 ? 0 : i < 300 ? 1 : 2;
			int first = input == 0 ? 0 : input == 1 ? 200 : 300;
			const struct atoll_tensor *in = s.in[input];
			int x = ((const uint8_t *)in->data)[in->dims[1] * row + i - first];
			double real = (double)in->quant.scale * (x - in->quant.zero_point);
			double y = real / (double)s.out[0]->quant.scale + 100;

			y = fmin(fmax(y, 0), 255);
			/* Rounded to nearest; a tie may fall to either side. */
			assert_true(fabs(out[i] - y) <= 0.5001);
		}
	}
	single_free(&s);
}

static void pack_and_unpack_are_each_others_opposite(void **state)
{
	struct check_random random = { 2 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 0, 4);
		uint32_t axis = check_random(&random) % (rank + 1);
		int32_t dims[ATOLL_RANK_MAX], whole[ATOLL_RANK_MAX];
		int32_t index[ATOLL_RANK_MAX] = { 0 }, count;
		bool packs = round % 2;
		const struct atoll_tensor *all, *const *part;
		struct single s;

		count = check_random_in(&random, 1, 5);
		single_any_dims(&random, rank, dims);
		memcpy(whole, dims, axis * sizeof(*dims));
		whole[axis] = count;
		memcpy(whole + axis + 1, dims + axis, (rank - axis) * sizeof(*dims));

		single_new(&s, packs ? BUILTIN_PACK : BUILTIN_UNPACK,
			   packs ? OPTIONS_PACK : OPTIONS_UNPACK);
		for (int32_t i = 0; i < (packs ? count : 1); i++)
			single_input(&s, type, packs ? rank : rank + 1, packs ? dims : whole);
		for (int32_t i = 0; i < (packs ? 1 : count); i++)
			single_output(&s, type);
		single_option(&s, packs ? PACK_AXIS : UNPACK_AXIS,
			      (int32_t)axis - (round % 4 < 2 ? (int32_t)rank + 1 : 0));
		single_option(&s, packs ? PACK_VALUES_COUNT : UNPACK_NUM, count);
		single_run(&s);

		all = packs ? s.out[0] : s.in[0];
		part = packs ? s.in : s.out;
		single_assert_shape(all, rank + 1, whole);
		single_assert_shape(part[0], rank, dims);
		do {
			int32_t at[ATOLL_RANK_MAX];

			memcpy(at, index, axis * sizeof(*at));
			memcpy(at + axis, index + axis + 1, (rank - axis) * sizeof(*at));
			assert_memory_equal(single_at(all, index),
					    single_at(part[index[axis]], at),
					    atoll_type_bytes(type));
		} while (single_next(all, index));
		single_free(&s);
	}
}

static void split_cuts_equal_parts(void **state)
{
	struct check_random random = { 3 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5);
		uint32_t axis = check_random(&random) % rank;
		int32_t dims[ATOLL_RANK_MAX], count = check_random_in(&random, 1, 4);
		struct single s;

		single_any_dims(&random, rank, dims);
		dims[axis] *= count;
		single_new(&s, BUILTIN_SPLIT, OPTIONS_SPLIT);
		single_ints_of_shape(&s, 0, NULL,
			(int32_t[]){ (int32_t)axis - (round % 2 ? (int32_t)rank : 0) });
		single_input(&s, type, rank, dims);
		for (int32_t i = 0; i < count; i++)
			single_output(&s, type);
		single_option(&s, SPLIT_NUM_SPLITS, count);
		single_run(&s);
		dims[axis] /= count;
		single_assert_shape(s.out[count - 1], rank, dims);
		assert_pieces(s.in[1], s.out, axis);
		single_free(&s);
	}
}

static void split_v_cuts_the_given_lengths(void **state)
{
	struct check_random random = { 4 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5);
		uint32_t axis = check_random(&random) % rank;
		int32_t dims[ATOLL_RANK_MAX], length[5], whole = 0;
		uint32_t count = (uint32_t)check_random_in(&random, 1, 5);
		struct single s;

		for (uint32_t i = 0; i < count; i++)
			whole += length[i] = check_random_in(&random, i > 0 ? 0 : 1, 4);
		if (round % 3 == 0)
			length[check_random(&random) % count] = -1;
		single_any_dims(&random, rank, dims);
		dims[axis] = whole;
		single_new(&s, BUILTIN_SPLIT_V, OPTIONS_SPLIT_V);
		single_input(&s, type, rank, dims);
		single_ints(&s, count, length);
		single_ints(&s, 1, (int32_t[]){ (int32_t)axis });
		for (uint32_t i = 0; i < count; i++)
			single_output(&s, type);
		single_run(&s);
		assert_pieces(s.in[0], s.out, axis);
		single_free(&s);
	}
}

static void pieces_that_do_not_fit_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_CONCATENATION, OPTIONS_CONCATENATION);
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 2, 3 });
	single_input(&s, ATOLL_INT8, 2, (int32_t[]){ 3, 2 });
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "CONCATENATION: inputs of shape 2x3 and 3x2 along axis 0");

	single_new(&s, BUILTIN_CONCATENATION, OPTIONS_CONCATENATION);
	single_input(&s, ATOLL_INT8, 1, (int32_t[]){ 2 });
	s.scale = 0.25f;
	single_output(&s, ATOLL_INT8);
	single_refused(&s, "scales 0.5 and 0.25");

	single_new(&s, BUILTIN_CONCATENATION, OPTIONS_CONCATENATION);
	single_input(&s, ATOLL_INT8, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_INT8);
	single_byte_option(&s, CONCATENATION_FUSED_ACTIVATION, 1);
	single_refused(&s, "fused activation 1, none is supported");

	single_new(&s, BUILTIN_CONCATENATION, OPTIONS_CONCATENATION);
	single_input(&s, ATOLL_INT8, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_INT8);
	single_option(&s, CONCATENATION_AXIS, -2);
	single_refused(&s, "axis -2 of 1 dimensions");

	single_new(&s, BUILTIN_PACK, OPTIONS_PACK);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 2 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 3 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "inputs 0 and 1 differ in shape");

	single_new(&s, BUILTIN_UNPACK, OPTIONS_UNPACK);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 3 });
	single_output(&s, ATOLL_INT32);
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "2 outputs of 3 along axis 0");

	single_new(&s, BUILTIN_SPLIT, OPTIONS_SPLIT);
	single_ints(&s, 1, (int32_t[]){ 0 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 3 });
	single_output(&s, ATOLL_INT32);
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "3 along axis 0 do not split into 2 equal parts");

	single_new(&s, BUILTIN_SPLIT_V, OPTIONS_SPLIT_V);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 5 });
	single_ints(&s, 2, (int32_t[]){ 2, 2 });
	single_ints(&s, 1, (int32_t[]){ 0 });
	single_output(&s, ATOLL_INT32);
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "sizes add up to 4, not 5");

	single_new(&s, BUILTIN_SPLIT_V, OPTIONS_SPLIT_V);
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 5 });
	single_ints(&s, 2, (int32_t[]){ -1, -1 });
	single_ints(&s, 1, (int32_t[]){ 0 });
	single_output(&s, ATOLL_INT32);
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "size 1 is -1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(concatenation_lays_inputs_side_by_side),
		cmocka_unit_test(concatenation_of_uint8_rescales),
		cmocka_unit_test(pack_and_unpack_are_each_others_opposite),
		cmocka_unit_test(split_cuts_equal_parts),
		cmocka_unit_test(split_v_cuts_the_given_lengths),
		cmocka_unit_test(pieces_that_do_not_fit_are_refused),
	};

	return CHECK_RUN(tests);
}
