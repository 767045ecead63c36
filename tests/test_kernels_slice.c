/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <string.h>

#include "runtime/schema/tflite.h"

#define ROUNDS 60

static void slice_cuts_a_box(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5);
		int32_t dims[ATOLL_RANK_MAX], begin[ATOLL_RANK_MAX], size[ATOLL_RANK_MAX];
		int32_t index[ATOLL_RANK_MAX] = { 0 }, given[ATOLL_RANK_MAX];
		struct single s;

		single_any_dims(&random, rank, dims);
		for (uint32_t d = 0; d < rank; d++) {
			begin[d] = check_random_in(&random, 0, dims[d] - 1);
			size[d] = check_random_in(&random, 1, dims[d] - begin[d]);
			given[d] = size[d];
			if (size[d] == dims[d] - begin[d] && round % 2)
				given[d] = -1;
		}
		single_new(&s, BUILTIN_SLICE, OPTIONS_SLICE);
		single_input(&s, type, rank, dims);
		single_ints(&s, rank, begin);
		single_ints(&s, rank, given);
		single_output(&s, type);
		single_run(&s);
		single_assert_shape(s.out[0], rank, size);
		do {
			int32_t at[ATOLL_RANK_MAX];

			for (uint32_t d = 0; d < rank; d++)
				at[d] = begin[d] + index[d];
			assert_memory_equal(single_at(s.out[0], index),
					    single_at(s.in[0], at), atoll_type_bytes(type));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

/* Python's range(begin, end, stride) over a dimension, as [b:e:s] reads it. */
static int32_t picked(int32_t length, int32_t b, int32_t e, int32_t stride,
		      bool no_begin, bool no_end, int32_t *picks)
{
	int32_t count = 0;

	if (b < 0)
		b += length;
	if (e < 0)
		e += length;
	if (no_begin)
		b = stride > 0 ? 0 : length - 1;
	if (no_end)
		e = stride > 0 ? length : -1;
	if (stride > 0) {
		for (int32_t i = b < 0 ? 0 : b; i < e && i < length; i += stride)
			picks[count++] = i;
	} else {
		for (int32_t i = b >= length ? length - 1 : b; i > e && i >= 0; i += stride)
			picks[count++] = i;
	}
	return count;
}

static void strided_slice_picks_as_python_does(void **state)
{
	struct check_random random = { 2 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 4);
		int32_t dims[ATOLL_RANK_MAX], b[4], e[4], stride[4], picks[4][8];
		int32_t shape[4], index[ATOLL_RANK_MAX] = { 0 };
		int32_t no_begin = check_random_in(&random, 0, 15);
		int32_t no_end = check_random_in(&random, 0, 15);
		struct single s;

		single_any_dims(&random, rank, dims);
		for (uint32_t d = 0; d < rank; d++) {
			b[d] = check_random_in(&random, -dims[d] - 2, dims[d] + 2);
			e[d] = check_random_in(&random, -dims[d] - 2, dims[d] + 2);
			stride[d] = check_random_in(&random, 1, 3) *
				    (check_random(&random) % 2 ? 1 : -1);
			shape[d] = picked(dims[d], b[d], e[d], stride[d],
					  no_begin >> d & 1, no_end >> d & 1, picks[d]);
		}
		single_new(&s, BUILTIN_STRIDED_SLICE, OPTIONS_STRIDED_SLICE);
		single_input(&s, type, rank, dims);
		single_ints(&s, rank, b);
		single_ints(&s, rank, e);
		single_ints(&s, rank, stride);
		single_output(&s, type);
		single_option(&s, STRIDED_SLICE_BEGIN_MASK, no_begin);
		single_option(&s, STRIDED_SLICE_END_MASK, no_end);
		single_run(&s);
		single_assert_shape(s.out[0], rank, shape);
		if (s.out[0]->elements > 0) do {
			int32_t at[ATOLL_RANK_MAX];

			for (uint32_t d = 0; d < rank; d++)
				at[d] = picks[d][index[d]];
			assert_memory_equal(single_at(s.out[0], index),
					    single_at(s.in[0], at), atoll_type_bytes(type));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

/* x[1, ..., newaxis, ::2] of 3x2x2x5 */
static void strided_slice_knows_ellipsis_new_axis_and_shrink(void **state)
{
	int32_t index[ATOLL_RANK_MAX] = { 0 };
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_STRIDED_SLICE, OPTIONS_STRIDED_SLICE);
	single_input(&s, ATOLL_INT16, 4, (int32_t[]){ 3, 2, 2, 5 });
	single_ints(&s, 4, (int32_t[]){ 1, 77, 77, 0 });
	single_ints(&s, 4, (int32_t[]){ 77, 77, 77, 0 });
	single_ints(&s, 4, (int32_t[]){ 1, 77, 77, 2 });
	single_output(&s, ATOLL_INT16);
	single_option(&s, STRIDED_SLICE_SHRINK_AXIS_MASK, 1);
	single_option(&s, STRIDED_SLICE_ELLIPSIS_MASK, 2);
	single_option(&s, STRIDED_SLICE_NEW_AXIS_MASK, 4);
	single_option(&s, STRIDED_SLICE_END_MASK, 8);
	single_run(&s);
	single_assert_shape(s.out[0], 4, (int32_t[]){ 2, 2, 1, 3 });
	do {
		int32_t at[] = { 1, index[0], index[1], 2 * index[3] };

		assert_memory_equal(single_at(s.out[0], index), single_at(s.in[0], at), 2);
	} while (single_next(s.out[0], index));
	single_free(&s);
}

/* x[2:2+2] of 7 */
static void strided_slice_takes_ends_as_offsets(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_STRIDED_SLICE, OPTIONS_STRIDED_SLICE);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 7 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_ints(&s, 1, (int32_t[]){ 1 });
	single_output(&s, ATOLL_UINT8);
	single_flag(&s, STRIDED_SLICE_OFFSET);
	single_run(&s);
	single_assert_shape(s.out[0], 1, (int32_t[]){ 2 });
	assert_memory_equal(s.out[0]->data, (const char *)s.in[0]->data + 2, 2);
	single_free(&s);
}

static void reverse_turns_the_named_axes(void **state)
{
	struct check_random random = { 3 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5), axes = 0;
		uint32_t turned = check_random(&random) % (1u << rank);
		int32_t dims[ATOLL_RANK_MAX], axis[ATOLL_RANK_MAX];
		int32_t index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		single_any_dims(&random, rank, dims);
		for (uint32_t d = 0; d < rank; d++)
			if (turned >> d & 1)
				axis[axes++] = (int32_t)d - (round % 2 ? (int32_t)rank : 0);
		if (axes == 0)
			continue;
		single_new(&s, BUILTIN_REVERSE_V2, OPTIONS_REVERSE_V2);
		single_input(&s, type, rank, dims);
		single_ints(&s, axes, axis);
		single_output(&s, type);
		single_run(&s);
		single_assert_shape(s.out[0], rank, dims);
		do {
			int32_t at[ATOLL_RANK_MAX];

			for (uint32_t d = 0; d < rank; d++)
				at[d] = turned >> d & 1 ? dims[d] - 1 - index[d] : index[d];
			assert_memory_equal(single_at(s.out[0], index),
					    single_at(s.in[0], at), atoll_type_bytes(type));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void new_strided_slice(struct single *s, int32_t begin, int32_t stride)
{
	single_new(s, BUILTIN_STRIDED_SLICE, OPTIONS_STRIDED_SLICE);
	single_input(s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_ints(s, 1, (int32_t[]){ begin });
	single_ints(s, 1, (int32_t[]){ 2 });
	single_ints(s, 1, (int32_t[]){ stride });
	single_output(s, ATOLL_UINT8);
}

/* The fuzzer found the product of such a stride with the bytes it strides over. */
static void a_stride_that_is_never_taken_may_be_larger_than_memory(void **state)
{
	const int32_t none[] = { 0, 0, 0 }, all[] = { 1, 1 << 20, 1 << 20 };
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_STRIDED_SLICE, OPTIONS_STRIDED_SLICE);
	single_input(&s, ATOLL_FLOAT32, 3, all);
	single_ints(&s, 3, none);
	single_ints(&s, 3, all);
	single_ints(&s, 3, (int32_t[]){ INT32_MAX, 1, 1 });
	single_output(&s, ATOLL_FLOAT32);
	single_refused(&s, "no memory for");
}

static void boxes_outside_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_SLICE, OPTIONS_SLICE);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_ints(&s, 1, (int32_t[]){ 3 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "SLICE: dimension 0: 2 from 3 on, there are 4");

	single_new(&s, BUILTIN_SLICE, OPTIONS_SLICE);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_ints(&s, 1, (int32_t[]){ -1 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "dimension 0: 2 from -1 on");

	single_new(&s, BUILTIN_SLICE, OPTIONS_SLICE);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_ints(&s, 2, (int32_t[]){ 0, 0 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "2 begins and 1 sizes for 1 dimensions");

	new_strided_slice(&s, 0, 0);
	single_refused(&s, "STRIDED_SLICE: stride 0 is 0");

	new_strided_slice(&s, 4, 1);
	single_option(&s, STRIDED_SLICE_SHRINK_AXIS_MASK, 1);
	single_refused(&s, "index 4 of 4");

	single_new(&s, BUILTIN_REVERSE_V2, OPTIONS_REVERSE_V2);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_ints(&s, 1, (int32_t[]){ 1 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "axis 1 of 1 dimensions");
}

static void a_shape_known_only_while_running_is_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_SLICE, OPTIONS_SLICE);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 4 });
	single_input(&s, ATOLL_INT32, 1, (int32_t[]){ 1 });
	single_ints(&s, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "known only while running");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(slice_cuts_a_box),
		cmocka_unit_test(strided_slice_picks_as_python_does),
		cmocka_unit_test(strided_slice_knows_ellipsis_new_axis_and_shrink),
		cmocka_unit_test(strided_slice_takes_ends_as_offsets),
		cmocka_unit_test(reverse_turns_the_named_axes),
		cmocka_unit_test(a_stride_that_is_never_taken_may_be_larger_than_memory),
		cmocka_unit_test(boxes_outside_are_refused),
		cmocka_unit_test(a_shape_known_only_while_running_is_refused),
	};

	return CHECK_RUN(tests);
}
