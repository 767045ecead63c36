/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/likeness.h"

#include <errno.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/net.h"

static const struct net usual = { .seed = 0 };

/* Of all operators. */
static int check(const struct net *net, const struct net *compiled, struct atoll_error *err)
{
	struct graph here = net_build(net), there = net_build(compiled);
	uint32_t op[64], operators = here.model->graph[0].operators;
	int r;

	assert_in_range(operators, 1, 64);
	for (uint32_t i = 0; i < operators; i++)
		op[i] = i;
	r = likeness_check(&here.model->graph[0],
			   &(const struct compiler_part){ .operators = operators, .op = op },
			   &there.model->graph[0], err);
	graph_free(&here);
	graph_free(&there);
	return r;
}

static void assert_differs(const struct net *net, const struct net *compiled,
			   const char *words)
{
	struct atoll_error err = { 0 };

	assert_int_equal(check(net, compiled, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	assert_int_equal(check(net, compiled, NULL), -EINVAL);
}

static void contents_of_parameters_may_differ(void **state)
{
	const struct net other = { .seed = 20, .prelu_seed = 3, .in_name = "inn",
				   .has_other_scales = true };
	struct atoll_error err;

	(void)state;
	if (check(&usual, &usual, &err) < 0 || check(&other, &usual, &err) < 0)
		fail_msg("%s", err.text);
}

static const struct difference {
	struct net net;
	const char *words;
} differences[] = {
	{ { .has_other_first = true }, "operator 0 (CONV_2D): output 0 (first): scale "
	  "0.0500000007, compiled with 0.0399999991" },
	{ { .has_other_deep = true }, "operator 1 (DEPTHWISE_CONV_2D): output 0 (deep): "
	  "zero point 4, compiled with 3" },
	{ { .has_other_weights = true }, "operator 1 (DEPTHWISE_CONV_2D): input 1 "
	  "(deep/weights): scale 0.0199999996, compiled with 0.00999999978" },
	{ { .has_equal_scales = true }, "operator 0 (CONV_2D): input 1 (first/weights): "
	  "scale 0.00999999978, compiled with" },
	{ { .number = 1 }, "operator 3 (ADD): input 1 (number): another constant, which is "
	  "in the instructions" },
	{ { .is_sub = true }, "operator 3 (SUB): compiled as ADD" },
	{ { .activation = 1 }, "operator 0 (CONV_2D): option fused_activation is 1, compiled "
	  "with 0" },
	{ { .outputs = 1 }, "operator 8 (FULLY_CONNECTED): input 1 (last/weights): 6x288, "
	  "compiled as 5x288" },
	{ { .bias = ZERO_BIAS }, "operator 8 (FULLY_CONNECTED): its weights have no bias "
	  "that is not 0, compiled with one" },
	{ { .bias = NO_BIAS }, "operator 8 (FULLY_CONNECTED): 2 inputs, compiled with 3" },
	{ { .reads_first = true }, "operator 3 (ADD): input 0 (first): comes from elsewhere, "
	  "compiled as bright" },
	{ { .is_short = true }, "operator 7 (RESHAPE): input 0 (twice): comes from elsewhere, "
	  "compiled as thrice" },
};

static void the_first_difference_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(differences) / sizeof(*differences); i++)
		assert_differs(&differences[i].net, &usual, differences[i].words);
}

/* The other way round for what has two sides. */
static void a_table_that_was_not_there_has_no_place(void **state)
{
	const struct net without_bias = { .bias = ZERO_BIAS };
	const struct net equal = { .has_equal_scales = true };

	(void)state;
	assert_differs(&usual, &without_bias, "operator 8 (FULLY_CONNECTED): its weights have "
		       "a bias that is not 0, compiled without");
	assert_differs(&usual, &equal, "operator 0 (CONV_2D): its weights have a table of "
		       "scales, compiled without");
}

static void an_operator_more_is_told(void **state)
{
	struct graph here = net_build(&usual), there = net_build(&usual);
	const uint32_t op[] = { 8 };
	struct atoll_graph shorter = there.model->graph[0];
	struct atoll_error err;

	(void)state;
	shorter.operators = 8;
	assert_int_equal(likeness_check(&here.model->graph[0],
			 &(const struct compiler_part){ .operators = 1, .op = op }, &shorter,
			 &err), -EINVAL);
	assert_string_equal(err.text, "operator 8 (FULLY_CONNECTED): there were 8 when it was "
			    "compiled");
	graph_free(&here);
	graph_free(&there);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(contents_of_parameters_may_differ),
		cmocka_unit_test(the_first_difference_is_told),
		cmocka_unit_test(a_table_that_was_not_there_has_no_place),
		cmocka_unit_test(an_operator_more_is_told),
	};
	return CHECK_RUN(tests);
}
