/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/segment.h"

#include <errno.h>
#include <string.h>

#include "runtime/fill.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/drawn.h"
#include "tests/sample.h"

#define SEGMENTS_MAX 4

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

static void assert_ends(const struct atoll_model *model, const char *inputs,
			const char *outputs)
{
	const struct atoll_graph *graph = &model->graph[0];

	drawn_assert(graph, graph->inputs, graph->input, inputs);
	drawn_assert(graph, graph->outputs, graph->output, outputs);
}

static void outputs_stand_in_the_order_of_the_next_inputs(void **state)
{
	struct graph g = DRAWN("a", "f", "a>c", "c>b", "bc>d", "bc>e", "de>f");
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
	struct graph g = DRAWN("a", "e", "a>b", "b>c", "c>d", "bd>e");
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
	struct graph g = DRAWN("eba", "dca", "a>c", "bc>d");
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
	struct graph g = DRAWN("a", "c", "a>b", "b>c");
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
	drawn_load(&g, "named");
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

static void segments_of_a_drawing_give_what_the_whole_gives(void **state)
{
	struct graph g = DRAWN("iba", "dcah", "a>c", "bc>d", "d>e", "ce>f", "f>g", "bg>h");

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
		cmocka_unit_test(outputs_stand_in_the_order_of_the_next_inputs),
		cmocka_unit_test(a_tensor_may_skip_a_segment),
		cmocka_unit_test(the_first_has_all_inputs_and_the_last_all_outputs),
		cmocka_unit_test(places_that_are_not_there_are_refused),
		cmocka_unit_test(tensors_between_segments_need_names_of_their_own),
		cmocka_unit_test(a_state_stays_in_one_segment),
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
