/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <string.h>

#include "runtime/schema/tflite.h"

/* Run, and expect the input's bytes under the given shape. */
static void assert_view(struct single *s, uint32_t rank, const int32_t *dims)
{
	single_run(s);
	single_assert_shape(s->out[0], rank, dims);
	assert_int_equal(s->out[0]->bytes, s->in[0]->bytes);
	assert_memory_equal(s->out[0]->data, s->in[0]->data, s->in[0]->bytes);
	single_free(s);
}

static void new_reshape(struct single *s, enum atoll_type type)
{
	single_new(s, BUILTIN_RESHAPE, OPTIONS_RESHAPE);
	single_input(s, type, 3, (int32_t[]){ 2, 3, 4 });
}

static void option_shape(struct single *s, uint32_t count, const int32_t *dims)
{
	s->option[s->op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE, .count = count,
		.is = dims };
}

static void reshape_keeps_bytes_of_all_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < 7; i++) {
		struct single s;

		new_reshape(&s, single_types[i]);
		single_ints(&s, 2, (int32_t[]){ 6, 4 });
		single_output(&s, single_types[i]);
		assert_view(&s, 2, (int32_t[]){ 6, 4 });
	}
}

static void reshape_infers_one_dimension(void **state)
{
	struct single s;

	(void)state;
	new_reshape(&s, ATOLL_INT8);
	single_ints(&s, 3, (int32_t[]){ 4, -1, 2 });
	single_output(&s, ATOLL_INT8);
	assert_view(&s, 3, (int32_t[]){ 4, 3, 2 });
}

static void reshape_of_old_files_has_its_shape_in_the_options(void **state)
{
	struct single s;

	(void)state;
	new_reshape(&s, ATOLL_UINT8);
	single_output(&s, ATOLL_UINT8);
	option_shape(&s, 2, (int32_t[]){ -1, 12 });
	assert_view(&s, 2, (int32_t[]){ 2, 12 });
}

static void the_shape_tensor_wins_over_the_options(void **state)
{
	struct single s;

	(void)state;
	new_reshape(&s, ATOLL_UINT8);
	single_ints(&s, 1, (int32_t[]){ 24 });
	single_output(&s, ATOLL_UINT8);
	option_shape(&s, 2, (int32_t[]){ 2, 12 });
	assert_view(&s, 1, (int32_t[]){ 24 });
}

static void the_options_of_another_operator_are_not_a_shape(void **state)
{
	struct single s;

	(void)state;
	new_reshape(&s, ATOLL_UINT8);
	single_output(&s, ATOLL_UINT8);
	s.op.options_type = OPTIONS_SQUEEZE;
	option_shape(&s, 1, (int32_t[]){ 24 });
	single_refused(&s, "24 elements into shape scalar");
}

static void one_element_may_become_a_scalar(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_RESHAPE, OPTIONS_RESHAPE);
	single_input(&s, ATOLL_FLOAT32, 2, (int32_t[]){ 1, 1 });
	single_output(&s, ATOLL_FLOAT32);
	option_shape(&s, 1, (int32_t[]){ 0 });
	assert_view(&s, 0, NULL);
}

static void squeeze_drops_ones(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_SQUEEZE, OPTIONS_SQUEEZE);
	single_input(&s, ATOLL_INT16, 5, (int32_t[]){ 1, 2, 1, 3, 1 });
	single_output(&s, ATOLL_INT16);
	assert_view(&s, 2, (int32_t[]){ 2, 3 });

	single_new(&s, BUILTIN_SQUEEZE, OPTIONS_SQUEEZE);
	single_input(&s, ATOLL_INT16, 5, (int32_t[]){ 1, 2, 1, 3, 1 });
	single_output(&s, ATOLL_INT16);
	option_shape(&s, 2, (int32_t[]){ 0, -1 });
	assert_view(&s, 3, (int32_t[]){ 2, 1, 3 });
}

static void expand_dims_adds_a_one(void **state)
{
	static const int32_t wanted[3][3] = { { 1, 2, 3 }, { 2, 1, 3 }, { 2, 3, 1 } };

	(void)state;
	for (int32_t axis = -3; axis < 3; axis++) {
		struct single s;

		single_new(&s, BUILTIN_EXPAND_DIMS, OPTIONS_EXPAND_DIMS);
		single_input(&s, ATOLL_FLOAT32, 2, (int32_t[]){ 2, 3 });
		single_ints_of_shape(&s, 0, NULL, &axis);
		single_output(&s, ATOLL_FLOAT32);
		assert_view(&s, 3, wanted[(axis + 3) % 3]);
	}
}

static void views_share_memory_unless_all_tensors_are_kept(void **state)
{
	struct single s;

	(void)state;
	for (int keeps = 0; keeps < 2; keeps++) {
		new_reshape(&s, ATOLL_UINT8);
		single_ints(&s, 1, (int32_t[]){ 24 });
		single_output(&s, ATOLL_UINT8);
		s.graph.options.keeps_tensors = keeps;
		single_run(&s);
		/* An input that is overwritten while it is read would show here. */
		assert_memory_equal(s.out[0]->data, s.in[0]->data, 24);
		if (keeps)
			assert_ptr_not_equal(s.out[0]->data, s.in[0]->data);
		single_free(&s);
	}
}

static void shapes_that_do_not_fit_are_refused(void **state)
{
	static const struct { int32_t dims[2]; const char *words; } wrong[] = {
		{ { 5, 5 }, "RESHAPE: 24 elements into shape 5x5" },
		{ { -1, 5 }, "24 elements into shape -1x5" },
		{ { -1, -1 }, "24 elements into shape -1x-1" },
		{ { -2, 12 }, "24 elements into shape -2x12" },
		{ { 0, -1 }, "24 elements into shape 0x-1" },
	};
	struct single s;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		new_reshape(&s, ATOLL_UINT8);
		single_ints(&s, 2, wrong[i].dims);
		single_output(&s, ATOLL_UINT8);
		single_refused(&s, wrong[i].words);
	}

	single_new(&s, BUILTIN_SQUEEZE, OPTIONS_SQUEEZE);
	single_input(&s, ATOLL_INT16, 2, (int32_t[]){ 1, 2 });
	single_output(&s, ATOLL_INT16);
	option_shape(&s, 1, (int32_t[]){ 1 });
	single_refused(&s, "SQUEEZE: dimension 1 is 2, only 1 can be dropped");

	single_new(&s, BUILTIN_EXPAND_DIMS, OPTIONS_EXPAND_DIMS);
	single_input(&s, ATOLL_INT16, 2, (int32_t[]){ 1, 2 });
	single_ints(&s, 1, (int32_t[]){ 3 });
	single_output(&s, ATOLL_INT16);
	single_refused(&s, "EXPAND_DIMS: axis 3 of 3 dimensions");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reshape_keeps_bytes_of_all_types),
		cmocka_unit_test(reshape_infers_one_dimension),
		cmocka_unit_test(reshape_of_old_files_has_its_shape_in_the_options),
		cmocka_unit_test(the_shape_tensor_wins_over_the_options),
		cmocka_unit_test(the_options_of_another_operator_are_not_a_shape),
		cmocka_unit_test(one_element_may_become_a_scalar),
		cmocka_unit_test(squeeze_drops_ones),
		cmocka_unit_test(expand_dims_adds_a_one),
		cmocka_unit_test(views_share_memory_unless_all_tensors_are_kept),
		cmocka_unit_test(shapes_that_do_not_fit_are_refused),
	};

	return CHECK_RUN(tests);
}
