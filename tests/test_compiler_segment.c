/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/segment.h"

#include <errno.h>
#include <string.h>

#include "runtime/fill.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/graph.h"
#include "tests/sample.h"

#define SEGMENTS_MAX 4

/* Graphs are drawn with letters: a tensor each, "a>b" is ADD of a constant of 4 bytes,
   "a7>b" of one of 28, "ab>c" is ADD of two. */
static int32_t constant(struct graph *g, int32_t numbers)
{
	static const float ones[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };

	return graph_tensor(g, &(struct atoll_builder_tensor){
		.name = "ones", .type = ATOLL_FLOAT32, .rank = 2, .dims = { numbers, 1 },
		.data = ones, .bytes = (size_t)numbers * sizeof(*ones) });
}

static void operator(struct graph *g, const char *text)
{
	int32_t in[2] = { text[0] - 'a', text[1] - 'a' }, out = strchr(text, '>')[1] - 'a';

	if (text[1] == '>')
		in[1] = constant(g, 1);
	else if (text[1] >= '1' && text[1] <= '9')
		in[1] = constant(g, text[1] - '0');
	graph_operator(g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2, in, 1, &out);
}

static struct graph draw(const char *inputs, const char *outputs, const char *const *text)
{
	struct graph g = graph_new();
	struct atoll_error err;
	char last = 'a';

	for (const char *c = inputs; *c; c++)
		last = *c > last ? *c : last;
	for (const char *const *t = text; *t; t++)
		for (const char *c = *t; *c; c++)
			last = *c > last ? *c : last;
	for (char c = 'a'; c <= last; c++) {
		const char name[2] = { c, 0 };

		(void)graph_tensor(&g, &(struct atoll_builder_tensor){
			.name = name, .type = ATOLL_FLOAT32, .rank = 2, .dims = { 1, 4 } });
	}
	for (; *inputs; inputs++)
		g.input[g.inputs++] = *inputs - 'a';
	for (; *outputs; outputs++)
		g.output[g.outputs++] = *outputs - 'a';
	for (; *text; text++)
		operator(&g, *text);
	atoll_builder_inputs(g.builder, g.inputs, g.input);
	atoll_builder_outputs(g.builder, g.outputs, g.output);
	if (atoll_builder_finish(g.builder, &g.bytes, &g.size, &err) < 0)
		fail_msg("%s", err.text);
	g.model = atoll_model_load_bytes(g.bytes, g.size, "drawn", &err);
	if (!g.model)
		fail_msg("%s", err.text);
	return g;
}

#define DRAW(inputs, outputs, ...) \
	draw(inputs, outputs, (const char *const[]){ __VA_ARGS__, NULL })

static struct atoll_segments *segments_of(const struct atoll_model *model)
{
	struct atoll_error err;
	struct atoll_segments *segments = atoll_segments_new(model, &err);

	if (!segments)
		fail_msg("%s", err.text);
	return segments;
}

static struct atoll_model *cut(const struct atoll_segments *segments, uint32_t first,
			       uint32_t count)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_segments_cut(segments, first, count, &err);

	if (!model)
		fail_msg("%s", err.text);
	return model;
}

/* The names of tensors, one letter each. */
static void assert_letters(const struct atoll_graph *graph, uint32_t count,
			   const int32_t *tensor, const char *letters)
{
	char text[16] = "";

	for (uint32_t i = 0; i < count; i++)
		strcat(text, graph->tensor[tensor[i]].name);
	assert_string_equal(text, letters);
}

static void assert_ends(const struct atoll_model *model, const char *inputs,
			const char *outputs)
{
	const struct atoll_graph *graph = &model->graph[0];

	assert_letters(graph, graph->inputs, graph->input, inputs);
	assert_letters(graph, graph->outputs, graph->output, outputs);
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
	struct graph g = DRAW("a", "d", "a>b", "b>c", "c>d");

	(void)state;
	assert_order(&g, "012", 2);
	graph_free(&g);
}

static void the_newest_branch_is_followed_to_its_end(void **state)
{
	/*	a > b > c > d > g
	 *	     \> e > f >/      */
	struct graph g = DRAW("a", "g", "a>b", "b>c", "c>d", "b>e", "e>f", "df>g");

	(void)state;
	assert_order(&g, "034125", 5);
	graph_free(&g);
}

static void outputs_nobody_reads_come_as_late_as_possible(void **state)
{
	struct graph g = DRAW("a", "ce", "a>b", "b>c", "b>d", "d>e");

	(void)state;
	/* Two of them: the one that was ready first is behind. */
	assert_order(&g, "0213", 2);
	graph_free(&g);
}

static void of_several_beginnings_the_last_is_first(void **state)
{
	struct graph g = DRAW("ab", "e", "a>c", "b>d", "cd>e");

	(void)state;
	assert_order(&g, "102", 2);
	graph_free(&g);
}

static void an_operator_that_reads_twice_waits_once(void **state)
{
	struct graph g = DRAW("a", "c", "a>b", "bb>c");

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
	struct graph g = DRAW("a", "g", "a1>b", "b2>c", "c3>d", "d1>e", "e2>f", "f3>g");

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
	struct graph g = DRAW("a", "d", "a1>b", "b9>c", "c1>d");

	(void)state;
	assert_balance(&g, 2, (uint32_t[]){ 1, 2 });
	graph_free(&g);
}

static void all_from_the_first_output_on_is_in_the_last(void **state)
{
	/* 4, 4, 36: the second would fit into the first segment, but is an output. */
	struct graph g = DRAW("a", "cd", "a>b", "b>c", "b9>d");

	(void)state;
	assert_balance(&g, 2, (uint32_t[]){ 1, 2 });
	graph_free(&g);
	/* No parameters at all, and still one operator for each. */
	g = DRAW("ab", "e", "ab>c", "cc>d", "dd>e");
	assert_balance(&g, 2, (uint32_t[]){ 2, 1 });
	assert_balance(&g, 3, (uint32_t[]){ 1, 1, 1 });
	graph_free(&g);
}

static void a_segment_without_operators_is_refused(void **state)
{
	struct graph g = DRAW("a", "c", "a9>b", "b>c");
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

static void outputs_stand_in_the_order_of_the_next_inputs(void **state)
{
	struct graph g = DRAW("a", "f", "a>c", "c>b", "bc>d", "bc>e", "de>f");
	struct atoll_segments *segments = segments_of(g.model);
	struct atoll_model *first = cut(segments, 0, 2), *second = cut(segments, 2, 3);

	(void)state;
	assert_ends(first, "a", "bc");
	assert_ends(second, "bc", "f");
	assert_int_equal(first->graph[0].operators, 2);
	assert_int_equal(second->graph[0].operators, 3);
	/* Two constants, b, c, d, e, f: constants come along, the rest does not. */
	assert_int_equal(second->graph[0].tensors, 5);
	assert_string_equal(first->graph[0].name, g.model->graph[0].name);
	atoll_model_free(first);
	atoll_model_free(second);
	atoll_segments_free(segments);
	graph_free(&g);
}

static void a_tensor_may_skip_a_segment(void **state)
{
	struct graph g = DRAW("a", "e", "a>b", "b>c", "c>d", "bd>e");
	struct atoll_segments *segments = segments_of(g.model);
	struct atoll_model *model[4];

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		model[i] = cut(segments, i, 1);
	assert_ends(model[0], "a", "b");
	assert_ends(model[1], "b", "c");
	assert_ends(model[2], "c", "d");
	assert_ends(model[3], "bd", "e");
	for (uint32_t i = 0; i < 4; i++)
		atoll_model_free(model[i]);
	atoll_segments_free(segments);
	graph_free(&g);
}

static void the_first_has_all_inputs_and_the_last_all_outputs(void **state)
{
	/* e is read by nobody, b in the second; c and a are outputs before the end. */
	struct graph g = DRAW("eba", "dca", "a>c", "bc>d");
	struct atoll_segments *segments = segments_of(g.model);
	struct atoll_model *first = cut(segments, 0, 1), *second = cut(segments, 1, 1);

	(void)state;
	assert_ends(first, "eba", "c");
	assert_ends(second, "abc", "dca");
	atoll_model_free(first);
	atoll_model_free(second);
	atoll_segments_free(segments);
	graph_free(&g);
}

static void places_that_are_not_there_are_refused(void **state)
{
	struct graph g = DRAW("a", "c", "a>b", "b>c");
	struct atoll_segments *segments = segments_of(g.model);
	struct atoll_error err;

	(void)state;
	assert_null(atoll_segments_cut(segments, 0, 0, &err));
	assert_null(atoll_segments_cut(segments, 3, 1, &err));
	assert_null(atoll_segments_cut(segments, 1, UINT32_MAX, &err));
	assert_null(atoll_segments_cut(segments, 1, 2, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, "drawn: 2 operators from place 1 of 2");
	atoll_segments_free(segments);
	graph_free(&g);
}

/* Two operators in a row, the tensor between them with that name. */
static struct graph named(const char *name, bool is_variable)
{
	struct atoll_builder_tensor tensor = {
		.name = "in", .type = ATOLL_FLOAT32, .rank = 2, .dims = { 1, 4 } };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &tensor), middle, out, state;
	struct atoll_error err;

	tensor.name = name;
	middle = graph_tensor(&g, &tensor);
	tensor.name = "out";
	out = graph_output(&g, &tensor);
	tensor.name = "state";
	tensor.is_variable = 1;
	state = is_variable ? graph_tensor(&g, &tensor) : in;
	graph_operator(&g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2, (int32_t[]){ in, state }, 1,
		       &middle);
	graph_operator(&g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2,
		       (int32_t[]){ middle, is_variable ? state : middle }, 1, &out);
	atoll_builder_inputs(g.builder, g.inputs, g.input);
	atoll_builder_outputs(g.builder, g.outputs, g.output);
	assert_int_equal(atoll_builder_finish(g.builder, &g.bytes, &g.size, &err), 0);
	g.model = atoll_model_load_bytes(g.bytes, g.size, "named", &err);
	assert_non_null(g.model);
	return g;
}

static void assert_refused(struct graph g, const char *words)
{
	struct atoll_segments *segments = segments_of(g.model);
	struct atoll_error err;

	assert_null(atoll_segments_cut(segments, 0, 1, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, words);
	/* Both in one is fine: nothing crosses. */
	atoll_model_free(cut(segments, 0, 2));
	atoll_segments_free(segments);
	graph_free(&g);
}

static void tensors_between_segments_need_names_of_their_own(void **state)
{
	(void)state;
	assert_refused(named("", false),
		       "named: tensor 1 : goes from segment to segment, but has no name");
	assert_refused(named("out", false),
		       "named: tensor 1 out: goes from segment to segment, but another has "
		       "its name");
}

static void a_state_stays_in_one_segment(void **state)
{
	(void)state;
	assert_refused(named("middle", true),
		       "named: tensor 3 state: keeps a state that two segments use");
}

/* Running: segments one after the other, found by names */

struct running {
	uint32_t segments;
	struct atoll_model *model[SEGMENTS_MAX];
	struct atoll_session *session[SEGMENTS_MAX];
};

static struct atoll_session *open_session(const struct atoll_model *model)
{
	const struct atoll_session_options options = { .device = "cpu", .threads = 1 };
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(model, &options, &err);

	if (!session)
		fail_msg("%s", err.text);
	return session;
}

/* The newest tensor of that name that was computed before a segment. */
static const struct atoll_tensor *find(struct running *running, uint32_t segment,
				       const char *name)
{
	for (uint32_t s = segment; s-- > 0;)
		for (uint32_t i = 0; i < atoll_session_outputs(running->session[s]); i++)
			if (strcmp(atoll_session_output(running->session[s], i)->name,
				   name) == 0)
				return atoll_session_output(running->session[s], i);
	for (uint32_t i = 0; i < atoll_session_inputs(running->session[0]); i++)
		if (strcmp(atoll_session_input(running->session[0], i)->name, name) == 0)
			return atoll_session_input(running->session[0], i);
	fail_msg("%s is not there", name);
	return NULL;
}

static void run(struct running *running, uint32_t segment)
{
	struct atoll_session *session = running->session[segment];

	for (uint32_t i = 0; segment > 0 && i < atoll_session_inputs(session); i++) {
		struct atoll_tensor *input = atoll_session_input(session, i);
		const struct atoll_tensor *from = find(running, segment, input->name);

		assert_int_equal(from->bytes, input->bytes);
		memcpy(input->data, from->data, from->bytes);
	}
	assert_int_equal(atoll_session_invoke(session), 0);
}

/* Every output of the whole model, byte for byte. */
static void compare(const struct atoll_model *whole, struct running *running)
{
	struct atoll_session *session = open_session(whole);
	struct atoll_session *last = running->session[running->segments - 1];

	assert_int_equal(atoll_session_inputs(session),
			 atoll_session_inputs(running->session[0]));
	for (uint32_t i = 0; i < atoll_session_inputs(session); i++) {
		atoll_fill(ATOLL_FILL_LCG, i, atoll_session_input(session, i));
		atoll_fill(ATOLL_FILL_LCG, i, atoll_session_input(running->session[0], i));
	}
	assert_int_equal(atoll_session_invoke(session), 0);
	for (uint32_t s = 0; s < running->segments; s++)
		run(running, s);
	assert_int_equal(atoll_session_outputs(last), atoll_session_outputs(session));
	for (uint32_t i = 0; i < atoll_session_outputs(session); i++) {
		const struct atoll_tensor *a = atoll_session_output(session, i);
		const struct atoll_tensor *b = atoll_session_output(last, i);

		assert_string_equal(a->name, b->name);
		assert_int_equal(a->bytes, b->bytes);
		assert_memory_equal(a->data, b->data, a->bytes);
	}
	atoll_session_close(session);
}

static bool is_among(const struct atoll_model *model, const char *name)
{
	const struct atoll_graph *graph = &model->graph[0];

	for (uint32_t i = 0; i < graph->inputs; i++)
		if (strcmp(graph->tensor[graph->input[i]].name, name) == 0)
			return true;
	return false;
}

/* Outputs of one that the next reads stand in the order of its inputs, and everything
   that comes out of a segment is read by a later one. */
static void assert_chained(const struct running *running)
{
	for (uint32_t s = 0; s + 1 < running->segments; s++) {
		const struct atoll_graph *graph = &running->model[s]->graph[0];
		const struct atoll_graph *next = &running->model[s + 1]->graph[0];
		uint32_t at = 0;

		for (uint32_t i = 0; i < graph->outputs; i++) {
			const char *name = graph->tensor[graph->output[i]].name;
			bool is_read = false;

			for (uint32_t later = s + 1; later < running->segments; later++)
				is_read = is_read || is_among(running->model[later], name);
			assert_true(is_read);
			if (!is_among(running->model[s + 1], name))
				continue;
			while (at < next->inputs &&
			       strcmp(next->tensor[next->input[at]].name, name) != 0)
				at++;
			assert_true(at < next->inputs);
		}
	}
}

/* Cut a model into n and run it; false when the rule finds no operators for one. */
static bool cut_and_run(const struct atoll_model *model, uint32_t n)
{
	struct atoll_segments *segments = segments_of(model);
	struct running running = { .segments = n };
	uint32_t count[SEGMENTS_MAX], first = 0, operators = 0;
	bool is_possible = atoll_segments_balance(segments, n, count, NULL) == 0;

	for (uint32_t s = 0; is_possible && s < n; s++) {
		running.model[s] = cut(segments, first, count[s]);
		running.session[s] = open_session(running.model[s]);
		assert_int_equal(running.model[s]->graph[0].operators, count[s]);
		operators += count[s];
		first += count[s];
	}
	if (is_possible) {
		assert_int_equal(operators, model->graph[0].operators);
		assert_chained(&running);
		compare(model, &running);
	}
	for (uint32_t s = 0; s < n; s++) {
		atoll_session_close(running.session[s]);
		atoll_model_free(running.model[s]);
	}
	atoll_segments_free(segments);
	return is_possible;
}

static void every_operator_has_one_place(void **state)
{
	struct graph g = DRAW("a", "hig", "a>b", "b>c", "b>d", "cd>e", "e>f", "ef>g", "d>h",
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

static void segments_of_a_drawing_give_what_the_whole_gives(void **state)
{
	struct graph g = DRAW("iba", "dcah", "a>c", "bc>d", "d>e", "ce>f", "f>g", "bg>h");

	(void)state;
	assert_true(cut_and_run(g.model, 1));
	assert_true(cut_and_run(g.model, 2));
	assert_true(cut_and_run(g.model, 3));
	graph_free(&g);
}

static void segments_of_a_classifier_give_what_the_whole_gives(void **state)
{
	struct graph g = sample_classifier();

	(void)state;
	graph_open(&g);
	/* All its tensors have one name. */
	assert_true(cut_and_run(g.model, 1));
	graph_free(&g);
}

static void run_shared(const char *name, const char *possible)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(check_data_path("models/%s.tflite", name),
						     &err);

	if (!model)
		fail_msg("%s", err.text);
	for (uint32_t n = 2; n <= SEGMENTS_MAX; n++)
		assert_int_equal(cut_and_run(model, n), possible[n - 2] == 'y');
	atoll_model_free(model);
}

/* The classifier's 260 KB are more than a quarter of all: what comes before them would
   have to be in three. */
static void mobilenet_v1_cannot_be_four(void **state)
{
	(void)state;
	run_shared("mobilenet_v1_0.25_128_quant", "yyn");
}

static void mobilenet_v2_runs_in_segments(void **state)
{
	(void)state;
	run_shared("mobilenet_v2_1.0_224_quant", "yyy");
}

static void movenet_runs_in_segments(void **state)
{
	(void)state;
	run_shared("movenet_single_pose_lightning_ptq", "yyy");
}

static void posenet_runs_in_segments(void **state)
{
	(void)state;
	run_shared("posenet_mobilenet_v1_075_353_481_16_quant_decoder", "yyy");
}

/* Its states are the last segment's own. */
static void an_lstm_runs_in_segments(void **state)
{
	(void)state;
	run_shared("keras_lstm_mnist_ptq", "ynn");
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
		cmocka_unit_test(all_from_the_first_output_on_is_in_the_last),
		cmocka_unit_test(a_segment_without_operators_is_refused),
		cmocka_unit_test(outputs_stand_in_the_order_of_the_next_inputs),
		cmocka_unit_test(a_tensor_may_skip_a_segment),
		cmocka_unit_test(the_first_has_all_inputs_and_the_last_all_outputs),
		cmocka_unit_test(places_that_are_not_there_are_refused),
		cmocka_unit_test(tensors_between_segments_need_names_of_their_own),
		cmocka_unit_test(a_state_stays_in_one_segment),
		cmocka_unit_test(every_operator_has_one_place),
		cmocka_unit_test(segments_of_a_drawing_give_what_the_whole_gives),
		cmocka_unit_test(segments_of_a_classifier_give_what_the_whole_gives),
		cmocka_unit_test(mobilenet_v1_cannot_be_four),
		cmocka_unit_test(mobilenet_v2_runs_in_segments),
		cmocka_unit_test(movenet_runs_in_segments),
		cmocka_unit_test(posenet_runs_in_segments),
		cmocka_unit_test(an_lstm_runs_in_segments),
	};

	return CHECK_RUN(tests);
}
