/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <string.h>

#include "runtime/schema/tflite.h"

static void shape_is_known_before_the_first_run(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_SHAPE, OPTIONS_SHAPE);
	single_input(&s, ATOLL_UINT8, 3, (int32_t[]){ 2, 3, 4 });
	single_output(&s, ATOLL_INT32);
	single_open(&s);
	single_assert_shape(s.out[0], 1, (int32_t[]){ 3 });
	assert_memory_equal(s.out[0]->data, ((int32_t[]){ 2, 3, 4 }), 12);
	assert_string_equal(atoll_session_plan(s.graph.session)->step[0].device, "known");
	single_free(&s);

	single_new(&s, BUILTIN_SHAPE, OPTIONS_SHAPE);
	single_input(&s, ATOLL_FLOAT32, 2, (int32_t[]){ 5, 6 });
	single_output(&s, ATOLL_INT64);
	single_open(&s);
	assert_memory_equal(s.out[0]->data, ((int64_t[]){ 5, 6 }), 16);
	single_free(&s);
}

static void rank_is_a_scalar(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_RANK, OPTIONS_RANK);
	single_input(&s, ATOLL_UINT8, 3, (int32_t[]){ 2, 3, 4 });
	single_output(&s, ATOLL_INT32);
	single_open(&s);
	single_assert_shape(s.out[0], 0, NULL);
	assert_int_equal(*(int32_t *)s.out[0]->data, 3);
	single_free(&s);
}

/* What converters write for reshape(x, [shape(x)[0], 6]). */
static void a_chain_from_shape_to_reshape_is_known_at_open(void **state)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &(struct atoll_builder_tensor){
		.name = "in", .type = ATOLL_FLOAT32, .rank = 3, .dims = { 4, 2, 3 } });
	int32_t shape = graph_tensor(&g, &(struct atoll_builder_tensor){
		.name = "shape", .type = ATOLL_INT32, .rank = 1, .dims = { 3 } });
	int32_t first = graph_tensor(&g, &(struct atoll_builder_tensor){
		.name = "first", .type = ATOLL_INT32 });
	int32_t wanted = graph_tensor(&g, &(struct atoll_builder_tensor){
		.name = "wanted", .type = ATOLL_INT32, .rank = 1, .dims = { 2 } });
	int32_t out = graph_output(&g, &(struct atoll_builder_tensor){
		.name = "out", .type = ATOLL_FLOAT32, .rank = 2, .dims = { 1, 6 } });
	int32_t number[3];

	(void)state;
	for (int32_t i = 0; i < 2; i++)
		number[i] = graph_tensor(&g, &(struct atoll_builder_tensor){
			.name = "number", .type = ATOLL_INT32, .rank = 1, .dims = { 1 },
			.data = &i, .bytes = sizeof(i) });
	number[2] = graph_tensor(&g, &(struct atoll_builder_tensor){
		.name = "six", .type = ATOLL_INT32, .data = &(int32_t){ 6 }, .bytes = 4 });
	graph_operator(&g, BUILTIN_SHAPE, OPTIONS_SHAPE, 0, NULL, 1, &in, 1, &shape);
	graph_operator(&g, BUILTIN_STRIDED_SLICE, OPTIONS_STRIDED_SLICE, 1,
		&(struct atoll_builder_option){ .kind = ATOLL_OPTION_I32,
			.id = STRIDED_SLICE_SHRINK_AXIS_MASK, .i = 1 },
		4, (int32_t[]){ shape, number[0], number[1], number[1] }, 1, &first);
	graph_operator(&g, BUILTIN_PACK, OPTIONS_PACK, 1,
		&(struct atoll_builder_option){ .kind = ATOLL_OPTION_I32,
			.id = PACK_VALUES_COUNT, .i = 2 },
		2, (int32_t[]){ first, number[2] }, 1, &wanted);
	graph_operator(&g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 0, NULL,
		2, (int32_t[]){ in, wanted }, 1, &out);
	graph_open(&g);
	single_assert_shape(graph_info(&g, out), 2, (int32_t[]){ 4, 6 });
	for (uint32_t i = 0; i < 3; i++)
		assert_string_equal(atoll_session_plan(g.session)->step[i].device, "known");
	graph_free(&g);
}

static void a_shape_of_another_type_is_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_SHAPE, OPTIONS_SHAPE);
	single_input(&s, ATOLL_UINT8, 1, (int32_t[]){ 2 });
	single_output(&s, ATOLL_FLOAT32);
	single_refused(&s, "SHAPE: output 0 (it): type float32, supported: int32, int64");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shape_is_known_before_the_first_run),
		cmocka_unit_test(rank_is_a_scalar),
		cmocka_unit_test(a_chain_from_shape_to_reshape_is_known_at_open),
		cmocka_unit_test(a_shape_of_another_type_is_refused),
	};

	return CHECK_RUN(tests);
}
