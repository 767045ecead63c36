/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <string.h>

#include "runtime/schema/tflite.h"

/* Random paddings up to `most`, and the output shape they make. */
static void any_paddings(struct check_random *random, uint32_t rank, int32_t *dims,
			 int32_t most, int32_t paddings[][2], int32_t *padded)
{
	single_any_dims(random, rank, dims);
	for (uint32_t d = 0; d < rank; d++) {
		int32_t limit = most < 0 ? dims[d] + most + 1 : most;

		paddings[d][0] = check_random_in(random, 0, limit);
		paddings[d][1] = check_random_in(random, 0, limit);
		padded[d] = dims[d] + paddings[d][0] + paddings[d][1];
	}
}

static void assert_padded(const struct single *s, int32_t paddings[][2],
			  const void *value)
{
	const struct atoll_tensor *in = s->in[0], *out = s->out[0];
	int32_t index[ATOLL_RANK_MAX] = { 0 };

	do {
		int32_t at[ATOLL_RANK_MAX];
		bool is_inside = true;

		for (uint32_t d = 0; d < in->rank; d++) {
			at[d] = index[d] - paddings[d][0];
			is_inside &= at[d] >= 0 && at[d] < in->dims[d];
		}
		assert_memory_equal(single_at(out, index),
				    is_inside ? single_at(in, at) : value,
				    atoll_type_bytes(in->type));
	} while (single_next(out, index));
}

static void pad_adds_real_zeros(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < 80; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5);
		int32_t dims[ATOLL_RANK_MAX], paddings[ATOLL_RANK_MAX][2];
		int32_t padded[ATOLL_RANK_MAX];
		int64_t zero;
		struct single s;

		any_paddings(&random, rank, dims, 2, paddings, padded);
		single_new(&s, BUILTIN_PAD, OPTIONS_PAD);
		single_input(&s, type, rank, dims);
		single_ints_of_shape(&s, 2, (int32_t[]){ (int32_t)rank, 2 }, paddings[0]);
		single_output(&s, type);
		single_run(&s);
		single_assert_shape(s.out[0], rank, padded);
		zero = type == ATOLL_UINT8 || type == ATOLL_INT8 ? 3 : 0;
		assert_padded(&s, paddings, &zero);
		single_free(&s);
	}
}

static void padv2_adds_the_given_value(void **state)
{
	struct check_random random = { 2 };

	(void)state;
	for (int round = 0; round < 80; round++) {
		enum atoll_type type = single_any_type(&random);
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5);
		int32_t dims[ATOLL_RANK_MAX], paddings[ATOLL_RANK_MAX][2];
		int32_t padded[ATOLL_RANK_MAX];
		struct single s;

		any_paddings(&random, rank, dims, 2, paddings, padded);
		single_new(&s, BUILTIN_PADV2, OPTIONS_PADV2);
		single_input(&s, type, rank, dims);
		single_ints_of_shape(&s, 2, (int32_t[]){ (int32_t)rank, 2 }, paddings[0]);
		/* Constant or known only while running. */
		s.is_constant = round % 2;
		single_input(&s, type, 0, NULL);
		single_output(&s, type);
		single_run(&s);
		single_assert_shape(s.out[0], rank, padded);
		assert_padded(&s, paddings, s.in[2]->data);
		single_free(&s);
	}
}

/* Walk to the index and turn back at the ends, with the end once or twice. */
static int32_t mirrored(int32_t index, int32_t length, bool is_symmetric)
{
	if (index < 0)
		return -index - is_symmetric;
	if (index >= length)
		return 2 * length - 2 - index + is_symmetric;
	return index;
}

static void mirror_pad_repeats_what_is_inside(void **state)
{
	struct check_random random = { 3 };

	(void)state;
	for (int round = 0; round < 120; round++) {
		enum atoll_type type = single_any_type(&random);
		bool is_symmetric = round % 2;
		uint32_t rank = (uint32_t)check_random_in(&random, 1, 5);
		int32_t dims[ATOLL_RANK_MAX], paddings[ATOLL_RANK_MAX][2];
		int32_t padded[ATOLL_RANK_MAX], index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		any_paddings(&random, rank, dims, is_symmetric ? -1 : -2, paddings, padded);
		single_new(&s, BUILTIN_MIRROR_PAD, OPTIONS_MIRROR_PAD);
		single_input(&s, type, rank, dims);
		single_ints_of_shape(&s, 2, (int32_t[]){ (int32_t)rank, 2 }, paddings[0]);
		single_output(&s, type);
		single_byte_option(&s, MIRROR_PAD_MODE, is_symmetric);
		single_run(&s);
		single_assert_shape(s.out[0], rank, padded);
		do {
			int32_t at[ATOLL_RANK_MAX];

			for (uint32_t d = 0; d < rank; d++)
				at[d] = mirrored(index[d] - paddings[d][0], dims[d],
						 is_symmetric);
			assert_memory_equal(single_at(s.out[0], index),
					    single_at(s.in[0], at), atoll_type_bytes(type));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void new_pad(struct single *s, uint32_t code, uint32_t count,
		    const int32_t *paddings)
{
	single_new(s, code, code == BUILTIN_MIRROR_PAD ? OPTIONS_MIRROR_PAD : OPTIONS_PAD);
	single_input(s, ATOLL_UINT8, 1, (int32_t[]){ 3 });
	single_ints(s, count, paddings);
	single_output(s, ATOLL_UINT8);
}

static void paddings_that_make_no_sense_are_refused(void **state)
{
	struct single s;

	(void)state;
	new_pad(&s, BUILTIN_PAD, 1, (int32_t[]){ 1 });
	single_refused(&s, "PAD: 1 paddings for 1 dimensions");
	new_pad(&s, BUILTIN_PAD, 2, (int32_t[]){ 1, -1 });
	single_refused(&s, "dimension 0: 3 padded by 1 and -1");
	new_pad(&s, BUILTIN_PAD, 2, (int32_t[]){ INT32_MAX, INT32_MAX });
	single_refused(&s, "dimension 0: 3 padded by 2147483647 and 2147483647");
	new_pad(&s, BUILTIN_MIRROR_PAD, 2, (int32_t[]){ 0, 3 });
	single_refused(&s, "MIRROR_PAD: dimension 0: 3 cannot be mirrored into 0 and 3");
	new_pad(&s, BUILTIN_MIRROR_PAD, 2, (int32_t[]){ 0, 3 });
	single_byte_option(&s, MIRROR_PAD_MODE, 2);
	single_refused(&s, "mode 2, expected 0 or 1");

	single_new(&s, BUILTIN_PADV2, OPTIONS_PADV2);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 3 });
	single_ints(&s, 2, (int32_t[]){ 0, 1 });
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "PADV2: 2 padding values, expected one");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pad_adds_real_zeros),
		cmocka_unit_test(padv2_adds_the_given_value),
		cmocka_unit_test(mirror_pad_repeats_what_is_inside),
		cmocka_unit_test(paddings_that_make_no_sense_are_refused),
	};

	return CHECK_RUN(tests);
}
