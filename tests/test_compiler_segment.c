/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/segment.h"

#include <errno.h>

#include "tests/check.h"
#include "tests/drawn.h"

#define SEGMENTS_MAX 5

static struct atoll_segments *segments_of(const struct atoll_model *model)
{
	struct atoll_error err;
	struct atoll_segments *segments = atoll_segments_new(model, &err);

	if (!segments)
		fail_msg("%s", err.text);
	return segments;
}

static void assert_order(const struct graph *g, const char *order, uint32_t first_output)
{
	struct atoll_segments *segments = segments_of(g->model);
	char text[16] = "";

	for (uint32_t i = 0; i < atoll_segments_operators(segments); i++)
		text[i] = (char)('0' + atoll_segments_operator(segments, i));
	assert_string_equal(text, order);
	assert_int_equal(atoll_segments_first_output(segments), first_output);
	atoll_segments_free(segments);
}

static void a_chain_runs_in_its_order(void **state)
{
	struct graph g = DRAWN("a", "d", "a>b", "b>c", "c>d");

	(void)state;
	assert_order(&g, "012", 2);
	graph_free(&g);
}

static void the_newest_branch_is_followed_to_its_end(void **state)
{
	/*	a > b > c > d > g
	 *	     \> e > f >/      */
	struct graph g = DRAWN("a", "g", "a>b", "b>c", "c>d", "b>e", "e>f", "df>g");

	(void)state;
	assert_order(&g, "034125", 5);
	graph_free(&g);
}

static void outputs_nobody_reads_come_as_late_as_possible(void **state)
{
	struct graph g = DRAWN("a", "ce", "a>b", "b>c", "b>d", "d>e");

	(void)state;
	/* Two of them: the one that was ready first is behind. */
	assert_order(&g, "0213", 2);
	graph_free(&g);
}

static void of_several_beginnings_the_last_is_first(void **state)
{
	struct graph g = DRAWN("ab", "e", "a>c", "b>d", "cd>e");

	(void)state;
	assert_order(&g, "102", 2);
	graph_free(&g);
}

static void an_operator_that_reads_twice_waits_once(void **state)
{
	struct graph g = DRAWN("a", "c", "a>b", "bb>c");

	(void)state;
	assert_order(&g, "01", 1);
	graph_free(&g);
}

static void assert_balance(const struct graph *g, uint32_t n, const uint32_t *expected)
{
	struct atoll_segments *segments = segments_of(g->model);
	uint32_t count[SEGMENTS_MAX];
	struct atoll_error err;

	if (atoll_segments_balance(segments, n, count, &err) < 0)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(count[i], expected[i]);
	atoll_segments_free(segments);
}

static void segments_have_about_equal_parameters(void **state)
{
	/* 4, 8, 12, 4, 8, 12: 48 bytes, 24 + 1 for each of two. */
	struct graph g = DRAWN("a", "g", "a1>b", "b2>c", "c3>d", "d1>e", "e2>f", "f3>g");

	(void)state;
	assert_balance(&g, 1, (uint32_t[]){ 6 });
	assert_balance(&g, 2, (uint32_t[]){ 3, 3 });
	/* 16 + 1: 4 + 8, 12 + 4, the rest. */
	assert_balance(&g, 3, (uint32_t[]){ 2, 2, 2 });
	graph_free(&g);
}

static void a_segment_ends_before_what_would_be_too_much(void **state)
{
	/* 4, 36, 4: 22 + 1. */
	struct graph g = DRAWN("a", "d", "a1>b", "b9>c", "c1>d");

	(void)state;
	assert_balance(&g, 2, (uint32_t[]){ 1, 2 });
	graph_free(&g);
}

static void the_average_itself_is_not_too_much(void **state)
{
	/* Four times 4 bytes; 16 / 5 + 1 is 4. */
	struct graph g = DRAWN("a", "f", "a>b", "bb>c", "c>d", "d>e", "e>f");

	(void)state;
	assert_balance(&g, 5, (uint32_t[]){ 1, 1, 1, 1, 1 });
	graph_free(&g);
}

static void all_from_the_first_output_on_is_in_the_last(void **state)
{
	/* 4, 4, 36: the second would fit into the first segment, but is an output. */
	struct graph g = DRAWN("a", "cd", "a>b", "b>c", "b9>d");

	(void)state;
	assert_balance(&g, 2, (uint32_t[]){ 1, 2 });
	graph_free(&g);
	/* No parameters at all, and still one operator for each. */
	g = DRAWN("ab", "e", "ab>c", "cc>d", "dd>e");
	assert_balance(&g, 2, (uint32_t[]){ 2, 1 });
	assert_balance(&g, 3, (uint32_t[]){ 1, 1, 1 });
	graph_free(&g);
}

static void a_segment_without_operators_is_refused(void **state)
{
	struct graph g = DRAWN("a", "c", "a9>b", "b>c");
	struct atoll_segments *segments = segments_of(g.model);
	uint32_t count[SEGMENTS_MAX];
	struct atoll_error err;

	(void)state;
	assert_int_equal(atoll_segments_balance(segments, 2, count, &err), -EINVAL);
	assert_string_equal(err.text, "drawn: segment 0 of 2 would have no operators; "
			    "use fewer segments");
	assert_int_equal(atoll_segments_balance(segments, 0, count, NULL), -EINVAL);
	assert_int_equal(atoll_segments_balance(segments, 3, count, &err), -EINVAL);
	assert_string_equal(err.text, "drawn: 3 segments of 2 operators");
	atoll_segments_free(segments);
	graph_free(&g);
}

static void every_operator_has_one_place(void **state)
{
	struct graph g = DRAWN("a", "hig", "a>b", "b>c", "b>d", "cd>e", "e>f", "ef>g", "d>h",
			      "f>i");
	struct atoll_segments *segments = segments_of(g.model);
	bool is_seen[8] = { false };

	(void)state;
	for (uint32_t place = 0; place < 8; place++) {
		uint32_t op = atoll_segments_operator(segments, place);

		assert_true(op < 8 && !is_seen[op]);
		is_seen[op] = true;
	}
	atoll_segments_free(segments);
	graph_free(&g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_runs_in_its_order),
		cmocka_unit_test(the_newest_branch_is_followed_to_its_end),
		cmocka_unit_test(outputs_nobody_reads_come_as_late_as_possible),
		cmocka_unit_test(of_several_beginnings_the_last_is_first),
		cmocka_unit_test(an_operator_that_reads_twice_waits_once),
		cmocka_unit_test(segments_have_about_equal_parameters),
		cmocka_unit_test(a_segment_ends_before_what_would_be_too_much),
		cmocka_unit_test(the_average_itself_is_not_too_much),
		cmocka_unit_test(all_from_the_first_output_on_is_in_the_last),
		cmocka_unit_test(a_segment_without_operators_is_refused),
		cmocka_unit_test(every_operator_has_one_place),
	};

	return CHECK_RUN(tests);
}
