/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/package.h"
#include "runtime/fill.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/graph.h"
#include "tests/sample.h"

/* Small graphs of float rows: four numbers are easy to follow. */

#define ROW 4

static const struct atoll_builder_tensor float_row = {
	.name = "row", .type = ATOLL_FLOAT32, .rank = 2, .dims = { 1, ROW },
};

static int32_t constant_row(struct graph *g, float value)
{
	const float values[ROW] = { value, value, value, value };
	struct atoll_builder_tensor tensor = float_row;

	tensor.data = values;
	tensor.bytes = sizeof(values);
	return graph_tensor(g, &tensor);
}

static void add(struct graph *g, int32_t a, int32_t b, int32_t out)
{
	graph_operator(g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2,
		       (const int32_t[]){ a, b }, 1, &out);
}

static void reshape(struct graph *g, int32_t in, int32_t out, uint32_t rank,
		    const int32_t *dims)
{
	const struct atoll_builder_option shape = {
		.kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE, .count = rank, .is = dims };

	graph_operator(g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 1, &shape, 1, &in, 1, &out);
}

static void set_row(struct graph *g, int32_t tensor, float value)
{
	for (int i = 0; i < ROW; i++)
		((float *)graph_data(g, tensor))[i] = value + (float)i;
}

static void assert_row(struct graph *g, int32_t tensor, float value)
{
	for (int i = 0; i < ROW; i++)
		assert_true(((float *)graph_data(g, tensor))[i] == value + (float)i);
}

/* in + 1 + 1 + ... over `adds` operators; at[0] is in, at[adds] out. */
static struct graph chain(int adds, int32_t *at)
{
	struct graph g = graph_new();
	int32_t one = constant_row(&g, 1);

	g.options.keeps_tensors = false;
	at[0] = graph_input(&g, &float_row);
	for (int i = 1; i <= adds; i++) {
		at[i] = i < adds ? graph_tensor(&g, &float_row) :
			graph_output(&g, &float_row);
		add(&g, at[i - 1], one, at[i]);
	}
	return g;
}

static void a_run_computes_outputs_from_inputs(void **state)
{
	int32_t at[4];
	struct graph g = chain(3, at);

	(void)state;
	graph_open(&g);
	assert_int_equal(atoll_session_inputs(g.session), 1);
	assert_int_equal(atoll_session_outputs(g.session), 1);
	set_row(&g, at[0], 10);
	graph_run(&g);
	assert_row(&g, at[3], 13);
	assert_ptr_equal(atoll_session_output(g.session, 0)->data, graph_data(&g, at[3]));
	graph_free(&g);
}

static void inputs_are_still_there_after_a_run(void **state)
{
	int32_t at[7];
	struct graph g = chain(6, at);

	(void)state;
	graph_open(&g);
	set_row(&g, at[0], -3);
	for (int i = 0; i < 3; i++) {
		graph_run(&g);
		assert_row(&g, at[0], -3);
		assert_row(&g, at[6], 3);
	}
	graph_free(&g);
}

static void tensors_with_separate_lives_share_memory(void **state)
{
	int32_t at[21];
	struct graph g = chain(20, at);
	size_t shared;

	(void)state;
	graph_open(&g);
	shared = atoll_session_plan(g.session)->arena_bytes;
	/* Input, and two of the others alive at a time, 64 bytes each. */
	assert_true(shared <= 3 * 64);
	atoll_session_close(g.session);

	g.options.keeps_tensors = true;
	g.session = atoll_session_open(g.model, &g.options, NULL);
	assert_non_null(g.session);
	assert_true(atoll_session_plan(g.session)->arena_bytes >= 21 * 64);
	set_row(&g, at[0], 0);
	graph_run(&g);
	for (int i = 0; i <= 20; i++)
		assert_row(&g, at[i], (float)i);
	graph_free(&g);
}

/* in -> ADD -> RESHAPE -> RESHAPE -> ADD -> out */
static struct graph views(bool keeps_tensors, int32_t *at)
{
	const int32_t column[] = { ROW, 1 }, row[] = { 1, ROW };
	struct atoll_builder_tensor shaped = float_row;
	struct graph g = graph_new();
	int32_t one = constant_row(&g, 1);

	memcpy(shaped.dims, column, sizeof(column));
	g.options.keeps_tensors = keeps_tensors;
	at[0] = graph_input(&g, &float_row);
	at[1] = graph_tensor(&g, &float_row);
	at[2] = graph_tensor(&g, &shaped);
	at[3] = graph_tensor(&g, &float_row);
	at[4] = graph_output(&g, &float_row);
	add(&g, at[0], one, at[1]);
	reshape(&g, at[1], at[2], 2, column);
	reshape(&g, at[2], at[3], 2, row);
	add(&g, at[3], one, at[4]);
	graph_open(&g);
	set_row(&g, at[0], 5);
	graph_run(&g);
	assert_row(&g, at[4], 7);
	return g;
}

static void views_share_memory_unless_all_tensors_are_kept(void **state)
{
	int32_t at[5];
	struct graph g = views(false, at);

	(void)state;
	assert_ptr_equal(graph_data(&g, at[1]), graph_data(&g, at[2]));
	assert_ptr_equal(graph_data(&g, at[1]), graph_data(&g, at[3]));
	assert_ptr_not_equal(graph_data(&g, at[0]), graph_data(&g, at[1]));
	graph_free(&g);

	g = views(true, at);
	assert_ptr_not_equal(graph_data(&g, at[1]), graph_data(&g, at[2]));
	assert_ptr_not_equal(graph_data(&g, at[2]), graph_data(&g, at[3]));
	assert_row(&g, at[1], 6);
	assert_row(&g, at[2], 6);
	assert_row(&g, at[3], 6);
	graph_free(&g);
}

static void a_view_of_an_input_may_be_the_output(void **state)
{
	const int32_t column[] = { ROW, 1 };
	struct atoll_builder_tensor shaped = float_row;
	struct graph g = graph_new();
	int32_t in, out;

	(void)state;
	memcpy(shaped.dims, column, sizeof(column));
	g.options.keeps_tensors = false;
	in = graph_input(&g, &float_row);
	out = graph_output(&g, &shaped);
	reshape(&g, in, out, 2, column);
	graph_open(&g);
	set_row(&g, in, 2);
	graph_run(&g);
	assert_row(&g, out, 2);
	assert_row(&g, in, 2);
	graph_free(&g);
}

static void an_input_may_be_an_output_as_it_is(void **state)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &float_row);

	(void)state;
	g.output[g.outputs++] = in;
	graph_open(&g);
	set_row(&g, in, 8);
	graph_run(&g);
	assert_row(&g, in, 8);
	assert_ptr_equal(atoll_session_output(g.session, 0)->data,
			 atoll_session_input(g.session, 0)->data);
	graph_free(&g);
}

static void operators_on_constants_are_done_at_open(void **state)
{
	struct graph g = graph_new();
	int32_t one = constant_row(&g, 1), two = constant_row(&g, 2);
	int32_t in = graph_input(&g, &float_row);
	int32_t three = graph_tensor(&g, &float_row), five = graph_tensor(&g, &float_row);
	int32_t out = graph_output(&g, &float_row);
	const struct atoll_session_plan *plan;

	(void)state;
	add(&g, one, two, three);
	add(&g, three, two, five);
	add(&g, five, in, out);
	g.options.is_profiled = true;
	graph_open(&g);
	plan = atoll_session_plan(g.session);
	assert_string_equal(plan->step[0].device, "known");
	assert_string_equal(plan->step[1].device, "known");
	assert_string_equal(plan->step[2].device, "cpu");
	assert_int_equal(plan->constant_bytes, 2 * ROW * sizeof(float));
	assert_true(((float *)graph_data(&g, five))[3] == 5);
	set_row(&g, in, 0);
	graph_run(&g);
	assert_row(&g, out, 5);
	assert_int_equal(plan->step[0].runs, 0);
	assert_int_equal(plan->step[2].runs, 1);
	graph_free(&g);
}

static void shapes_are_known_at_open(void **state)
{
	const struct atoll_builder_tensor picture = {
		.name = "picture", .type = ATOLL_UINT8, .rank = 4, .dims = { 1, 5, 7, 3 } };
	const struct atoll_builder_tensor shape = {
		.name = "shape", .type = ATOLL_INT32, .rank = 1, .dims = { 4 } };
	const struct atoll_builder_option type = {
		.kind = ATOLL_OPTION_I8, .id = SHAPE_OUT_TYPE, .i = ATOLL_INT32 };
	const int32_t expected[] = { 1, 5, 7, 3 };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &picture), out = graph_output(&g, &shape);

	(void)state;
	graph_operator(&g, BUILTIN_SHAPE, OPTIONS_SHAPE, 1, &type, 1, &in, 1, &out);
	graph_open(&g);
	assert_string_equal(atoll_session_plan(g.session)->step[0].device, "known");
	assert_memory_equal(graph_data(&g, out), expected, sizeof(expected));
	graph_run(&g);
	assert_memory_equal(graph_data(&g, out), expected, sizeof(expected));
	graph_free(&g);
}

/* sum += in */
static void variables_keep_their_value_until_reset(void **state)
{
	struct atoll_builder_tensor variable = float_row;
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &float_row), sum;

	(void)state;
	variable.is_variable = 1;
	sum = graph_output(&g, &variable);
	add(&g, sum, in, sum);
	for (int keeps = 0; keeps < 2; keeps++) {
		g.options.keeps_tensors = keeps;
		if (keeps == 0)
			graph_open(&g);
		else
			g.session = atoll_session_open(g.model, &g.options, NULL);
		for (int i = 0; i < ROW; i++)
			((float *)graph_data(&g, in))[i] = 1;
		for (int run = 1; run <= 3; run++) {
			graph_run(&g);
			assert_true(((float *)graph_data(&g, sum))[0] == (float)run);
		}
		atoll_session_reset(g.session);
		assert_true(((float *)graph_data(&g, sum))[ROW - 1] == 0);
		graph_run(&g);
		assert_true(((float *)graph_data(&g, sum))[ROW - 1] == 1);
		if (keeps == 0)
			atoll_session_close(g.session);
	}
	graph_free(&g);
}

/* sum += in, then out = sum + 1 + 1 + ... in memory that comes and goes. */
static void nothing_else_is_put_where_a_variable_lives(void **state)
{
	struct atoll_builder_tensor variable = float_row;
	struct graph g = graph_new();
	int32_t one = constant_row(&g, 1), in = graph_input(&g, &float_row), sum, at;

	(void)state;
	variable.is_variable = 1;
	g.options.keeps_tensors = false;
	sum = graph_tensor(&g, &variable);
	add(&g, sum, in, sum);
	at = sum;
	for (int i = 0; i < 5; i++) {
		int32_t next = i < 4 ? graph_tensor(&g, &float_row) :
			graph_output(&g, &float_row);

		add(&g, at, one, next);
		at = next;
	}
	graph_open(&g);
	for (int i = 0; i < ROW; i++)
		((float *)graph_data(&g, in))[i] = 10;
	for (int run = 1; run <= 3; run++) {
		graph_run(&g);
		assert_true(((float *)graph_data(&g, at))[0] == (float)(10 * run + 5));
	}
	graph_free(&g);
}

static void a_fresh_int8_variable_is_the_real_zero(void **state)
{
	const struct atoll_builder_tensor row = {
		.name = "row", .type = ATOLL_INT8, .rank = 1, .dims = { ROW },
		.scale = 0.5f, .zero_point = -20 };
	struct atoll_builder_tensor variable = row;
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &row), sum;
	const int8_t zero[ROW] = { -20, -20, -20, -20 }, two[ROW] = { -16, -16, -16, -16 };
	const int8_t four[ROW] = { -12, -12, -12, -12 };

	(void)state;
	variable.is_variable = 1;
	sum = graph_output(&g, &variable);
	add(&g, sum, in, sum);
	graph_open(&g);
	assert_memory_equal(graph_data(&g, sum), zero, ROW);
	memcpy(graph_data(&g, in), two, ROW);
	graph_run(&g);
	graph_run(&g);
	assert_memory_equal(graph_data(&g, sum), four, ROW);
	atoll_session_reset(g.session);
	assert_memory_equal(graph_data(&g, sum), zero, ROW);
	graph_free(&g);
}

/* The classifier, its answer to one input, and sessions on it. */

static void fill_and_run(struct atoll_session *session)
{
	atoll_fill(ATOLL_FILL_LCG, 0, atoll_session_input(session, 0));
	assert_int_equal(atoll_session_invoke(session), 0);
}

static void assert_same_scores(const struct atoll_session *session, const uint8_t *scores)
{
	assert_memory_equal(atoll_session_output(session, 0)->data, scores, 10);
}

static void results_do_not_depend_on_the_number_of_threads(void **state)
{
	struct graph g = sample_classifier();
	uint8_t scores[10];

	(void)state;
	graph_open(&g);
	fill_and_run(g.session);
	memcpy(scores, graph_data(&g, g.output[0]), sizeof(scores));
	assert_true(memcmp(scores, scores + 1, 9) != 0); /* not all the same */
	for (uint32_t threads = 0; threads <= 5; threads++) {
		struct atoll_session_options options = { .threads = threads };
		struct atoll_session *session = atoll_session_open(g.model, &options, NULL);

		assert_non_null(session);
		if (threads > 0)
			assert_int_equal(atoll_session_plan(session)->threads, threads);
		for (int i = 0; i < 5; i++) {
			fill_and_run(session);
			assert_same_scores(session, scores);
		}
		atoll_session_close(session);
	}
	graph_free(&g);
}

static void results_do_not_depend_on_the_instructions(void **state)
{
	struct graph g = sample_classifier();
	struct atoll_session *plain;

	(void)state;
	graph_open(&g);
	fill_and_run(g.session);
	setenv("ATOLL_CPU", "plain", 1);
	plain = atoll_session_open(g.model, NULL, NULL);
	unsetenv("ATOLL_CPU");
	assert_non_null(plain);
	assert_string_equal(atoll_session_plan(plain)->instructions, "plain");
	fill_and_run(plain);
	assert_same_scores(plain, graph_data(&g, g.output[0]));
	atoll_session_close(plain);
	graph_free(&g);
}

static unsigned long allocations_in_ten_runs(struct atoll_session *session)
{
	unsigned long before = allocations();

	for (int i = 0; i < 10; i++) {
		assert_int_equal(atoll_session_invoke(session), 0);
		assert_int_equal(atoll_session_start(session), 0);
		assert_int_equal(atoll_session_wait(session, -1), 0);
	}
	atoll_session_reset(session);
	return allocations() - before;
}

/* Threads may still be starting in the first rounds, which takes memory. */
static void runs_take_no_memory(void **state)
{
	struct graph g = sample_classifier();

	(void)state;
	graph_open(&g);
	for (uint32_t threads = 1; threads <= 2; threads++) {
		struct atoll_session_options options = {
			.threads = threads, .is_profiled = true };
		unsigned long before = allocations();
		struct atoll_session *session = atoll_session_open(g.model, &options, NULL);
		int rounds = 0;

		assert_non_null(session);
		assert_true(allocations() > before); /* they are counted */
		while (allocations_in_ten_runs(session) > 0)
			assert_true(++rounds < 50);
		atoll_session_close(session);
	}
	graph_free(&g);
}

struct helper {
	const struct atoll_model *model;
	const uint8_t *expected;
	int differences;
	pthread_t thread;
};

static void *run_often(void *argument)
{
	struct helper *helper = argument;
	struct atoll_session_options options = { .threads = 2 };
	struct atoll_session *session = atoll_session_open(helper->model, &options, NULL);

	for (int i = 0; session && i < 20; i++) {
		atoll_fill(ATOLL_FILL_LCG, 0, atoll_session_input(session, 0));
		if (atoll_session_invoke(session) != 0 ||
		    memcmp(atoll_session_output(session, 0)->data, helper->expected, 10) != 0)
			helper->differences++;
	}
	helper->differences += !session;
	atoll_session_close(session);
	return NULL;
}

static void sessions_on_one_model_do_not_disturb_each_other(void **state)
{
	struct graph g = sample_classifier();
	struct helper helpers[4];

	(void)state;
	graph_open(&g);
	fill_and_run(g.session);
	for (int i = 0; i < 4; i++) {
		helpers[i] = (struct helper){ .model = g.model,
					      .expected = graph_data(&g, g.output[0]) };
		assert_int_equal(pthread_create(&helpers[i].thread, NULL, run_often,
						&helpers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(helpers[i].thread, NULL);
		assert_int_equal(helpers[i].differences, 0);
	}
	graph_free(&g);
}

static void a_started_run_is_waited_for(void **state)
{
	struct graph g = sample_classifier();
	uint8_t scores[10];
	struct pollfd item = { .events = POLLIN };
	int r;

	(void)state;
	graph_open(&g);
	fill_and_run(g.session);
	memcpy(scores, graph_data(&g, g.output[0]), sizeof(scores));
	memset(graph_data(&g, g.output[0]), 0, sizeof(scores));
	item.fd = atoll_session_fd(g.session);

	assert_int_equal(atoll_session_wait(g.session, 0), -EINVAL);
	assert_int_equal(poll(&item, 1, 0), 0);
	assert_int_equal(atoll_session_start(g.session), 0);
	assert_int_equal(atoll_session_start(g.session), -EBUSY);
	assert_int_equal(atoll_session_invoke(g.session), -EBUSY);
	assert_int_equal(poll(&item, 1, -1), 1);
	assert_int_equal(atoll_session_wait(g.session, 0), 0);
	assert_same_scores(g.session, scores);
	assert_int_equal(poll(&item, 1, 0), 0);

	assert_int_equal(atoll_session_start(g.session), 0);
	do
		r = atoll_session_wait(g.session, 1);
	while (r == -ETIMEDOUT);
	assert_int_equal(r, 0);
	assert_int_equal(atoll_session_invoke(g.session), 0);
	graph_free(&g);
}

static void close_waits_for_a_started_run(void **state)
{
	struct graph g = sample_classifier();

	(void)state;
	graph_open(&g);
	assert_int_equal(atoll_session_start(g.session), 0);
	graph_free(&g);
}

/* GATHER finds an index outside when it runs. */
static void what_an_operator_finds_wrong_is_the_result_of_the_run(void **state)
{
	const struct atoll_builder_tensor place = {
		.name = "place", .type = ATOLL_INT32, .rank = 1, .dims = { 1 } };
	const struct atoll_builder_tensor number = {
		.name = "number", .type = ATOLL_FLOAT32, .rank = 1, .dims = { 1 } };
	struct atoll_builder_tensor row = float_row;
	struct graph g = graph_new();
	int32_t in, where, out;

	(void)state;
	row.rank = 1;
	row.dims[0] = ROW;
	in = graph_input(&g, &row);
	where = graph_input(&g, &place);
	out = graph_output(&g, &number);
	graph_operator(&g, BUILTIN_GATHER, OPTIONS_GATHER, 0, NULL, 2,
		       (const int32_t[]){ in, where }, 1, &out);
	graph_open(&g);
	set_row(&g, in, 1);
	*(int32_t *)graph_data(&g, where) = 2;
	graph_run(&g);
	assert_true(*(float *)graph_data(&g, out) == 3);
	*(int32_t *)graph_data(&g, where) = ROW;
	assert_int_equal(atoll_session_invoke(g.session), -ERANGE);
	assert_int_equal(atoll_session_start(g.session), 0);
	assert_int_equal(atoll_session_wait(g.session, -1), -ERANGE);
	*(int32_t *)graph_data(&g, where) = 0;
	graph_run(&g);
	graph_free(&g);
}

static void a_profile_counts_runs_and_time(void **state)
{
	int32_t at[4];
	struct graph g = chain(3, at);
	const struct atoll_session_plan *plan;
	uint64_t time_ns = 0;

	(void)state;
	g.options.is_profiled = true;
	graph_open(&g);
	plan = atoll_session_plan(g.session);
	assert_int_equal(plan->steps, 3);
	for (int i = 0; i < 1000; i++)
		graph_run(&g);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(plan->step[i].op, i);
		assert_string_equal(plan->step[i].name, "ADD");
		assert_int_equal(plan->step[i].output_bytes, ROW * sizeof(float));
		assert_int_equal(plan->step[i].runs, 1000);
		time_ns += plan->step[i].time_ns;
	}
	assert_true(time_ns > 0);
	graph_free(&g);
}

/* Of one run, in the background too: not less than its operators took. */
static void the_plan_tells_how_long_the_last_run_took(void **state)
{
	int32_t at[4];
	struct graph g = chain(3, at);
	const struct atoll_session_plan *plan;
	uint64_t before_ns = 0;

	(void)state;
	g.options.is_profiled = true;
	graph_open(&g);
	plan = atoll_session_plan(g.session);
	assert_ptr_equal(atoll_session_model(g.session), g.model);
	assert_true(plan->run_ns == 0);
	for (int i = 0; i < 20; i++) {
		uint64_t sum_ns = 0;

		if (i % 2) {
			assert_int_equal(atoll_session_start(g.session), 0);
			assert_int_equal(atoll_session_wait(g.session, -1), 0);
		} else {
			graph_run(&g);
		}
		for (uint32_t step = 0; step < plan->steps; step++)
			sum_ns += plan->step[step].time_ns;
		assert_true(plan->run_ns >= sum_ns - before_ns);
		before_ns = sum_ns;
	}
	assert_true(before_ns > 0 && plan->run_ns > 0);
	graph_free(&g);
}

static void past_the_end_there_is_nothing(void **state)
{
	int32_t at[2];
	struct graph g = chain(1, at);

	(void)state;
	graph_open(&g);
	assert_null(atoll_session_input(g.session, 1));
	assert_null(atoll_session_output(g.session, 1));
	assert_null(atoll_session_tensor(g.session, 3));
	assert_non_null(atoll_session_tensor(g.session, 2));
	atoll_session_close(NULL);
	graph_free(&g);
}

/* Refusals */

static void assert_open_refused(struct graph *g, int code, const char *sentence)
{
	struct atoll_error err;

	graph_open_refused(g, &err);
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.code, code);
	graph_free(g);
}

static struct graph one_operator(uint32_t code, const char *custom, int32_t version)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &float_row), out = graph_output(&g, &float_row);

	atoll_builder_operator(g.builder, &(struct atoll_builder_operator){
		.code = code, .custom = custom, .version = version, .inputs = 1,
		.input = &in, .outputs = 1, .output = &out });
	return g;
}

static void unknown_operators_are_named(void **state)
{
	struct graph g = one_operator(BUILTIN_SVDF, NULL, 1);

	(void)state;
	assert_open_refused(&g, -ENOTSUP, "test: operator 0: operator SVDF (27) is not "
			    "supported; atoll-model ops lists the supported ones");
	g = one_operator(BUILTIN_CUSTOM, "fake-op-double", 1);
	assert_open_refused(&g, -ENOTSUP, "test: operator 0: custom operator fake-op-double "
			    "is unknown; atoll-model ops lists the supported ones");
}

static void a_compiled_model_is_said_to_be_one(void **state)
{
	struct graph g = one_operator(BUILTIN_CUSTOM, EDGETPU_OPERATOR, 1);

	(void)state;
	g.options.device = "cpu";
	assert_open_refused(&g, -ENOTSUP, "test: operator 0: compiled for the Edge TPU, which "
			    "device cpu is not; run the model it was compiled from");
}

static void newer_versions_than_ours_are_refused(void **state)
{
	struct graph g = one_operator(BUILTIN_RELU, NULL, 99);
	struct atoll_error err;

	(void)state;
	graph_open_refused(&g, &err);
	assert_int_equal(err.code, -ENOTSUP);
	assert_non_null(strstr(err.text, "test: operator 0: operator RELU: version 99, at most "));
	graph_free(&g);
}

static void a_wrong_type_names_operator_and_input(void **state)
{
	const struct atoll_builder_tensor flags = {
		.name = "flags", .type = ATOLL_BOOL, .rank = 1, .dims = { ROW } };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &flags), out = graph_output(&g, &flags);
	struct atoll_error err;

	(void)state;
	add(&g, in, in, out);
	graph_open_refused(&g, &err);
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, "test: operator 0: ADD: input 0 (flags): type bool"));
	graph_free(&g);
}

static void what_goes_wrong_at_open_names_the_operator(void **state)
{
	const int32_t outside[] = { ROW };
	const struct atoll_builder_tensor place = {
		.name = "place", .type = ATOLL_INT32, .rank = 1, .dims = { 1 },
		.data = outside, .bytes = sizeof(outside) };
	const struct atoll_builder_tensor number = {
		.name = "number", .type = ATOLL_FLOAT32, .rank = 2, .dims = { 1, ROW } };
	struct graph g = graph_new();
	int32_t row = constant_row(&g, 1), where = graph_tensor(&g, &place);
	int32_t out = graph_output(&g, &number);

	(void)state;
	graph_operator(&g, BUILTIN_GATHER, OPTIONS_GATHER, 0, NULL, 2,
		       (const int32_t[]){ row, where }, 1, &out);
	assert_open_refused(&g, -ERANGE, "test: operator 0: GATHER: "
			    "Numerical result out of range");
}

static void assert_options_refused(const struct atoll_session_options *options, int code,
				   const char *sentence)
{
	int32_t at[2];
	struct graph g = chain(1, at);
	struct atoll_error err;

	graph_open(&g);
	assert_null(atoll_session_open(g.model, options, &err));
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.code, code);
	assert_null(atoll_session_open(g.model, options, NULL));
	graph_free(&g);
}

static void options_that_cannot_be_are_refused(void **state)
{
	const struct atoll_session_options wrong_device = { .device = "gpu" };
	const struct atoll_session_options no_cpu = { .device = "tpu,emu" };
	const struct atoll_session_options many_threads = { .threads = 65 };

	(void)state;
	assert_options_refused(&wrong_device, -ENODEV, "device gpu: unknown; cpu, tpu, usb, "
			       "usb:N, usb:BUS-PORT, serve and emu are known");
	assert_options_refused(&no_cpu, -ENOTSUP, "test: not compiled for the Edge TPU; device "
			       "tpu,emu runs nothing else");
	assert_options_refused(&many_threads, -EINVAL, "threads: 65: must be 1 to 64");
}

static void a_word_that_is_no_instruction_set_is_refused(void **state)
{
	int32_t at[2];
	struct graph g = chain(1, at);

	(void)state;
	setenv("ATOLL_CPU", "fast", 1);
	assert_open_refused(&g, -EINVAL,
			    "ATOLL_CPU=fast: not one of plain, neon, avx2, vnni");
	unsetenv("ATOLL_CPU");
}

static void a_session_takes_no_more_memory_than_it_may(void **state)
{
	struct graph g = sample_classifier();
	struct atoll_session_options options = { .memory_max = 20000 };
	struct atoll_session *session;
	struct atoll_error err;

	(void)state;
	graph_open(&g);
	assert_null(atoll_session_open(g.model, &options, &err));
	assert_int_equal(err.code, -ENOMEM);
	assert_int_equal(strncmp(err.text, "test: ", 6), 0);
	options.memory_max = 10 << 20;
	session = atoll_session_open(g.model, &options, &err);
	assert_non_null(session);
	atoll_session_close(session);
	graph_free(&g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_computes_outputs_from_inputs),
		cmocka_unit_test(inputs_are_still_there_after_a_run),
		cmocka_unit_test(tensors_with_separate_lives_share_memory),
		cmocka_unit_test(views_share_memory_unless_all_tensors_are_kept),
		cmocka_unit_test(a_view_of_an_input_may_be_the_output),
		cmocka_unit_test(an_input_may_be_an_output_as_it_is),
		cmocka_unit_test(operators_on_constants_are_done_at_open),
		cmocka_unit_test(shapes_are_known_at_open),
		cmocka_unit_test(variables_keep_their_value_until_reset),
		cmocka_unit_test(nothing_else_is_put_where_a_variable_lives),
		cmocka_unit_test(a_fresh_int8_variable_is_the_real_zero),
		cmocka_unit_test(results_do_not_depend_on_the_number_of_threads),
		cmocka_unit_test(results_do_not_depend_on_the_instructions),
		cmocka_unit_test(runs_take_no_memory),
		cmocka_unit_test(sessions_on_one_model_do_not_disturb_each_other),
		cmocka_unit_test(a_started_run_is_waited_for),
		cmocka_unit_test(close_waits_for_a_started_run),
		cmocka_unit_test(what_an_operator_finds_wrong_is_the_result_of_the_run),
		cmocka_unit_test(a_profile_counts_runs_and_time),
		cmocka_unit_test(the_plan_tells_how_long_the_last_run_took),
		cmocka_unit_test(past_the_end_there_is_nothing),
		cmocka_unit_test(unknown_operators_are_named),
		cmocka_unit_test(a_compiled_model_is_said_to_be_one),
		cmocka_unit_test(newer_versions_than_ours_are_refused),
		cmocka_unit_test(a_wrong_type_names_operator_and_input),
		cmocka_unit_test(what_goes_wrong_at_open_names_the_operator),
		cmocka_unit_test(options_that_cannot_be_are_refused),
		cmocka_unit_test(a_word_that_is_no_instruction_set_is_refused),
		cmocka_unit_test(a_session_takes_no_more_memory_than_it_may),
	};

	return CHECK_RUN(tests);
}
