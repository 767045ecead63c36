/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pipeline/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/devices_inside.h"
#include "runtime/emulator/bus.h"
#include "runtime/extract.h"
#include "runtime/fill.h"
#include "runtime/schema/tflite.h"
#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/graph.h"

/* Nothing here takes longer, even under a sanitizer. */
#define LONG_MS 60000

#define ROW 4
#define SEGMENTS_MAX 4
#define NAMES(...) ((const char *const[]){ __VA_ARGS__ })

/* Segments of small graphs, and the pipeline of them. */
struct line {
	uint32_t segments;
	struct graph graph[SEGMENTS_MAX];
	struct atoll_session *session[SEGMENTS_MAX];
	struct atoll_pipeline *pipeline;
};

static struct atoll_builder_tensor row(const char *name, int32_t length)
{
	return (struct atoll_builder_tensor){
		.name = name, .type = ATOLL_FLOAT32, .rank = 2, .dims = { 1, length } };
}

static struct graph *new_segment(struct line *line)
{
	struct graph *g = &line->graph[line->segments++];

	*g = graph_new();
	g->options.keeps_tensors = false;
	return g;
}

static void close_segment(struct line *line)
{
	struct graph *g = &line->graph[line->segments - 1];

	graph_open(g);
	line->session[line->segments - 1] = g->session;
}

/* out = first + second + ... */
static void add_sum(struct line *line, const char *out, uint32_t terms,
		    const char *const *term)
{
	struct graph *g = new_segment(line);
	struct atoll_builder_tensor tensor = row(term[0], ROW);
	int32_t sum = graph_input(g, &tensor);

	for (uint32_t i = 1; i < terms; i++) {
		int32_t other, next;

		tensor = row(term[i], ROW);
		other = graph_input(g, &tensor);
		tensor = row(i + 1 < terms ? "between" : out, ROW);
		next = i + 1 < terms ? graph_tensor(g, &tensor) : graph_output(g, &tensor);
		graph_operator(g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2,
			       (const int32_t[]){ sum, other }, 1, &next);
		sum = next;
	}
	close_segment(line);
}

/* in squared, `times` over. */
static void add_squares(struct line *line, const char *in, const char *out, int32_t length,
			int times)
{
	struct graph *g = new_segment(line);
	struct atoll_builder_tensor tensor = row(in, length);
	int32_t from = graph_input(g, &tensor);

	for (int i = 1; i <= times; i++) {
		int32_t to;

		tensor = row(i < times ? "between" : out, length);
		to = i < times ? graph_tensor(g, &tensor) : graph_output(g, &tensor);
		graph_operator(g, BUILTIN_SQUARE, 0, 0, NULL, 1, &from, 1, &to);
		from = to;
	}
	close_segment(line);
}

/* Two outputs: in doubled, and in negated. */
static void add_two(struct line *line, const char *in, const char *doubled,
		    const char *negated)
{
	struct graph *g = new_segment(line);
	struct atoll_builder_tensor tensor = row(in, ROW);
	int32_t from = graph_input(g, &tensor), twice, minus;

	tensor = row(doubled, ROW);
	twice = graph_output(g, &tensor);
	tensor = row(negated, ROW);
	minus = graph_output(g, &tensor);
	graph_operator(g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2, (const int32_t[]){ from, from },
		       1, &twice);
	graph_operator(g, BUILTIN_NEG, OPTIONS_NEG, 0, NULL, 1, &from, 1, &minus);
	close_segment(line);
}

/* out = the places of a table [0, 10, 20, 30] that `in` [ROW] of int32 says; fails
   outside of it. */
static void add_lookup(struct line *line, const char *in, const char *out)
{
	static const float values[4] = { 0, 10, 20, 30 };
	struct graph *g = new_segment(line);
	struct atoll_builder_tensor tensor = {
		.name = in, .type = ATOLL_INT32, .rank = 1, .dims = { ROW } };
	int32_t index = graph_input(g, &tensor), table, found;

	tensor = (struct atoll_builder_tensor){
		.name = "table", .type = ATOLL_FLOAT32, .rank = 1, .dims = { 4 },
		.data = values, .bytes = sizeof(values) };
	table = graph_tensor(g, &tensor);
	tensor = (struct atoll_builder_tensor){
		.name = out, .type = ATOLL_FLOAT32, .rank = 1, .dims = { ROW } };
	found = graph_output(g, &tensor);
	graph_operator(g, BUILTIN_GATHER, OPTIONS_GATHER, 0, NULL, 2,
		       (const int32_t[]){ table, index }, 1, &found);
	close_segment(line);
}

static void open_line(struct line *line, uint32_t input_max, uint32_t output_max)
{
	const struct atoll_pipeline_options options = {
		.input_max = input_max, .output_max = output_max };
	struct atoll_error err;

	line->pipeline = atoll_pipeline_new(line->session, line->segments, &options, &err);
	if (!line->pipeline)
		fail_msg("%s", err.text);
}

static void close_line(struct line *line)
{
	atoll_pipeline_free(line->pipeline);
	for (uint32_t s = 0; s < line->segments; s++)
		graph_free(&line->graph[s]);
}

static int push_row(struct line *line, float value, int timeout_ms, struct atoll_error *err)
{
	const float in[ROW] = { value, value + 1, value + 2, value + 3 };

	return atoll_pipeline_push(line->pipeline, (const void *[]){ in }, timeout_ms, err);
}

static void push(struct line *line, float value)
{
	struct atoll_error err;

	if (push_row(line, value, LONG_MS, &err) < 0)
		fail_msg("%s", err.text);
}

/* The first number of the next output. */
static float pop(struct line *line)
{
	float out[ROW];
	struct atoll_error err = { .text = "the end" };

	if (atoll_pipeline_pop(line->pipeline, (void *[]){ out }, LONG_MS, &err) != 1)
		fail_msg("%s", err.text);
	return out[0];
}

static void assert_ended(struct line *line)
{
	float out[ROW];

	assert_int_equal(atoll_pipeline_pop(line->pipeline, (void *[]){ out }, LONG_MS, NULL),
			 0);
}

static void refused(const struct line *line, const char *sentence)
{
	struct atoll_error err = { 0 };

	assert_null(atoll_pipeline_new(line->session, line->segments, NULL, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, sentence);
}

/* in to (2 in) + in - in + in: the second tensor skips a segment, and what was pushed is
   read by all three. */
static struct line three_segments(void)
{
	struct line line = { 0 };

	add_two(&line, "in", "double", "minus");
	add_sum(&line, "triple", 2, NAMES("double", "in"));
	add_sum(&line, "out", 3, NAMES("triple", "minus", "in"));
	return line;
}

static void what_comes_out_first_went_in_first(void **state)
{
	struct line line = three_segments();

	(void)state;
	open_line(&line, 0, 0);
	assert_int_equal(atoll_pipeline_inputs(line.pipeline), 1);
	assert_int_equal(atoll_pipeline_outputs(line.pipeline), 1);
	for (int i = 0; i < 100; i++)
		push(&line, (float)i);
	atoll_pipeline_end(line.pipeline);
	for (int i = 0; i < 100; i++)
		assert_true(pop(&line) == 3 * (float)i);
	assert_ended(&line);
	assert_ended(&line);
	close_line(&line);
}

static void tensors_are_matched_by_name_and_not_by_place(void **state)
{
	struct line line = { 0 };
	const float one[ROW] = { 1 }, ten[ROW] = { 10 };
	float minus[ROW], twice[ROW];

	(void)state;
	add_sum(&line, "sum", 2, NAMES("one", "ten"));
	/* The last has two outputs; one of the inputs is of the very first. */
	add_sum(&line, "most", 2, NAMES("ten", "sum"));
	add_two(&line, "most", "twice", "minus");
	open_line(&line, 0, 0);
	assert_int_equal(atoll_pipeline_inputs(line.pipeline), 2);
	assert_int_equal(atoll_pipeline_outputs(line.pipeline), 2);
	assert_int_equal(atoll_pipeline_push(line.pipeline, (const void *[]){ one, ten }, -1,
					     NULL), 0);
	assert_int_equal(atoll_pipeline_pop(line.pipeline, (void *[]){ twice, minus }, -1, NULL),
			 1);
	assert_true(twice[0] == 42);
	assert_true(minus[0] == -21);
	close_line(&line);
}

/* one = in + in, two = one + in, three = two + one, out = three + in. */
static struct graph whole_model(void)
{
	static const char *const name[] = { "in", "one", "two", "three", "out" };
	static const int left[] = { 0, 0, 1, 2, 3 }, right[] = { 0, 0, 0, 1, 0 };
	struct graph g = graph_new();
	int32_t at[5];

	for (int i = 0; i < 5; i++) {
		struct atoll_builder_tensor tensor = row(name[i], ROW);

		at[i] = i == 0 ? graph_input(&g, &tensor) :
			i == 4 ? graph_output(&g, &tensor) : graph_tensor(&g, &tensor);
		if (i > 0)
			graph_operator(&g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2,
				       (const int32_t[]){ at[left[i]], at[right[i]] }, 1,
				       &at[i]);
	}
	graph_open(&g);
	return g;
}

static struct atoll_session *open_part(struct graph *g, uint32_t inputs,
				       const char *const *input, const char *output,
				       struct atoll_model **part)
{
	struct atoll_error err;
	struct atoll_session *session = NULL;

	*part = extract_part(g->model, inputs, input, 1, &output, &err);
	if (*part)
		session = atoll_session_open(*part, NULL, &err);
	if (!session)
		fail_msg("%s", err.text);
	return session;
}

static void the_segments_of_a_cut_model_give_what_it_gives(void **state)
{
	struct graph g = whole_model();
	struct atoll_model *part[3];
	struct atoll_session *session[3] = {
		open_part(&g, 1, NAMES("in"), "one", &part[0]),
		open_part(&g, 2, NAMES("in", "one"), "two", &part[1]),
		open_part(&g, 3, NAMES("one", "two", "in"), "out", &part[2]),
	};
	struct atoll_pipeline *pipeline;
	struct atoll_error err;
	float out[ROW];

	(void)state;
	pipeline = atoll_pipeline_new(session, 3, NULL, &err);
	if (!pipeline)
		fail_msg("%s", err.text);
	for (uint32_t run = 0; run < 5; run++) {
		struct atoll_tensor *input = atoll_session_input(g.session, 0);

		atoll_fill(ATOLL_FILL_LCG, run, input);
		assert_int_equal(atoll_pipeline_push(pipeline, (const void *[]){ input->data },
						     LONG_MS, NULL), 0);
		graph_run(&g);
		assert_int_equal(atoll_pipeline_pop(pipeline, (void *[]){ out }, LONG_MS, NULL),
				 1);
		assert_memory_equal(out, atoll_session_output(g.session, 0)->data, sizeof(out));
	}
	atoll_pipeline_free(pipeline);
	for (uint32_t s = 0; s < 3; s++) {
		atoll_session_close(session[s]);
		atoll_model_free(part[s]);
	}
	graph_free(&g);
}

static void without_a_segment_there_is_no_pipeline(void **state)
{
	struct line line = { 0 };

	(void)state;
	refused(&line, "pipeline: at least one segment expected");
	assert_null(atoll_pipeline_new(NULL, 0, NULL, NULL));
	atoll_pipeline_free(NULL);
}

static void an_input_that_comes_from_nowhere_is_named(void **state)
{
	struct line line = { 0 };

	(void)state;
	add_squares(&line, "in", "a", ROW, 1);
	add_squares(&line, "a", "b", ROW, 1);
	add_sum(&line, "out", 2, NAMES("b", "later"));
	refused(&line, "segment 2 can not get its input tensor later");
	close_line(&line);
}

static void a_tensor_of_another_size_is_named(void **state)
{
	struct line line = { 0 };

	(void)state;
	add_squares(&line, "in", "a", ROW, 1);
	add_squares(&line, "a", "out", ROW + 1, 1);
	refused(&line, "segment 1: input tensor a has 20 bytes, but 16 where it comes from");
	close_line(&line);
}

static void an_output_that_nobody_uses_is_named(void **state)
{
	struct line line = { 0 };

	(void)state;
	add_two(&line, "in", "a", "b");
	add_squares(&line, "a", "out", ROW, 1);
	refused(&line, "segment 0: no later segment uses its output tensor b");
	close_line(&line);
}

static void after_the_end_nothing_is_taken_and_all_comes_out(void **state)
{
	struct line line = { 0 };
	struct atoll_error err;

	(void)state;
	add_squares(&line, "in", "middle", ROW, 1);
	add_squares(&line, "middle", "out", ROW, 1);
	open_line(&line, 0, 0);
	push(&line, 2);
	push(&line, 3);
	atoll_pipeline_end(line.pipeline);
	assert_int_equal(push_row(&line, 4, -1, &err), -EPIPE);
	assert_string_equal(err.text, "pipeline was turned off before");
	atoll_pipeline_end(line.pipeline);
	assert_true(pop(&line) == 16);
	assert_true(pop(&line) == 81);
	assert_ended(&line);
	close_line(&line);
}

static void an_end_without_any_push_is_an_end(void **state)
{
	struct line line = three_segments();

	(void)state;
	open_line(&line, 1, 1);
	atoll_pipeline_end(line.pipeline);
	assert_ended(&line);
	close_line(&line);
}

/* One in each of 4 places to wait, one in each of 3 segments. */
static void a_full_pipeline_takes_no_more_until_one_is_popped(void **state)
{
	struct line line = three_segments();
	struct atoll_error err;

	(void)state;
	open_line(&line, 1, 1);
	for (int i = 0; i < 7; i++)
		push(&line, (float)i);
	assert_int_equal(push_row(&line, 7, 20, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "pipeline: no room within 20 ms");
	assert_int_equal(push_row(&line, 7, 0, NULL), -ETIMEDOUT);
	assert_true(pop(&line) == 0);
	push(&line, 7);
	assert_int_equal(push_row(&line, 8, 0, NULL), -ETIMEDOUT);
	for (int i = 1; i <= 7; i++)
		assert_true(pop(&line) == 3 * (float)i);
	close_line(&line);
}

static void a_pop_of_nothing_ends_in_time(void **state)
{
	struct line line = three_segments();
	struct atoll_error err;
	float out[ROW] = { 77 };

	(void)state;
	open_line(&line, 0, 0);
	assert_int_equal(atoll_pipeline_pop(line.pipeline, (void *[]){ out }, 20, &err),
			 -ETIMEDOUT);
	assert_string_equal(err.text, "pipeline: nothing came within 20 ms");
	assert_int_equal(atoll_pipeline_pop(line.pipeline, (void *[]){ out }, 0, NULL),
			 -ETIMEDOUT);
	assert_true(out[0] == 77);
	close_line(&line);
}

static int push_places(struct line *line, int32_t place, struct atoll_error *err)
{
	const int32_t in[ROW] = { place, place, place, place };

	return atoll_pipeline_push(line->pipeline, (const void *[]){ in }, LONG_MS, err);
}

static void after_a_failure_all_get_its_sentence(void **state)
{
	static const char sentence[] = "segment 1: test: operator 0: GATHER: "
				       "Numerical result out of range";
	struct line line = { 0 };
	struct graph *g = new_segment(&line);
	struct atoll_builder_tensor tensor = {
		.name = "in", .type = ATOLL_INT32, .rank = 1, .dims = { ROW } };
	struct atoll_error err;
	int32_t in = graph_input(g, &tensor), out;
	float found[ROW];

	(void)state;
	tensor.name = "twice";
	out = graph_output(g, &tensor);
	graph_operator(g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2, (const int32_t[]){ in, in }, 1,
		       &out);
	close_segment(&line);
	add_lookup(&line, "twice", "found");
	add_squares(&line, "found", "out", ROW, 1);
	open_line(&line, 0, 0);
	assert_int_equal(push_places(&line, 1, &err), 0);
	assert_int_equal(push_places(&line, 0, &err), 0);
	assert_int_equal(push_places(&line, 7, &err), 0);
	assert_true(pop(&line) == 400);
	assert_true(pop(&line) == 0);
	for (int i = 0; i < 2; i++) {
		err = (struct atoll_error){ 0 };
		assert_int_equal(atoll_pipeline_pop(line.pipeline, (void *[]){ found }, LONG_MS,
						    &err), -ERANGE);
		assert_string_equal(err.text, sentence);
		assert_int_equal(push_places(&line, 1, &err), -ERANGE);
		assert_string_equal(err.text, sentence);
	}
	assert_int_equal(atoll_pipeline_stats(line.pipeline, 1).runs, 2);
	close_line(&line);
}

/* Whoever waits is told, too. */
static void *push_forever(void *argument)
{
	struct line *line = argument;
	int r;

	do
		r = push_row(line, 1, -1, NULL);
	while (r == 0);
	return (void *)(intptr_t)r;
}

static void the_end_wakes_who_waits_for_room(void **state)
{
	struct line line = three_segments();
	pthread_t thread;
	void *result;

	(void)state;
	open_line(&line, 1, 1);
	assert_int_equal(pthread_create(&thread, NULL, push_forever, &line), 0);
	for (int i = 0; i < 20; i++)
		assert_true(pop(&line) == 3);
	atoll_pipeline_end(line.pipeline);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_int_equal((intptr_t)result, -EPIPE);
	close_line(&line);
}

static void a_failure_wakes_who_waits_to_pop(void **state)
{
	struct line line = { 0 };
	struct atoll_error err;
	float found[ROW];

	(void)state;
	add_lookup(&line, "in", "out");
	open_line(&line, 1, 1);
	assert_int_equal(push_places(&line, 4, &err), 0);
	assert_int_equal(atoll_pipeline_pop(line.pipeline, (void *[]){ found }, -1, &err),
			 -ERANGE);
	assert_int_equal(strncmp(err.text, "segment 0: ", 11), 0);
	close_line(&line);
}

/* An emulated device that stops answering, behind a segment on the CPU. */
static void the_failure_of_a_device_is_told(void **state)
{
	struct line line = { 0 };
	struct atoll_builder_tensor tensor = {
		.name = "picture", .type = ATOLL_UINT8, .rank = 4, .dims = { 1, 1, 1, 20 },
		.scale = 0.5f, .zero_point = 128 };
	struct graph *g = new_segment(&line);
	struct atoll_error err = { 0 };
	struct usb_bus *bus = emulator_bus_new(
		&(struct emulator_bus_options){ .is_time_virtual = true }, &err);
	struct usb_place place = emulator_bus_plug(
		bus, emulator_new(&(struct emulator_options){ 0 }, &err), &err);
	struct atoll_devices *devices = atoll_devices_new(NULL, &err);
	const struct atoll_session_options options = { .device = "usb", .devices = devices };
	int32_t in = graph_input(g, &tensor), out;
	struct fault_script faults;
	struct atoll_model *model;
	uint8_t bytes[20] = { 0 }, answer[16];
	size_t size;
	void *file;

	(void)state;
	tensor.name = "in";
	out = graph_output(g, &tensor);
	graph_operator(g, BUILTIN_RELU, 0, 0, NULL, 1, &in, 1, &out);
	close_segment(&line);
	devices_use_emulators(devices, bus);
	file = compiled_model(compiled_sample(COMPILED_FLAT), &size);
	model = atoll_model_load_bytes(file, size, "compiled", &err);
	line.session[1] = model ? atoll_session_open(model, &options, &err) : NULL;
	if (!line.session[1])
		fail_msg("%s", err.text);
	line.segments = 2;
	open_line(&line, 0, 0);
	assert_int_equal(atoll_pipeline_push(line.pipeline, (const void *[]){ bytes }, -1, NULL),
			 0);
	assert_int_equal(atoll_pipeline_pop(line.pipeline, (void *[]){ answer }, -1, NULL), 1);
	assert_int_equal(answer[1], 18); /* the pattern */
	assert_int_equal(fault_script_read("stall@*", &faults, &err), 0);
	emulator_bus_set_faults(bus, &place, &faults);
	assert_int_equal(atoll_pipeline_push(line.pipeline, (const void *[]){ bytes }, -1, NULL),
			 0);
	assert_true(atoll_pipeline_pop(line.pipeline, (void *[]){ answer }, -1, &err) < 0);
	if (strncmp(err.text, "segment 1: compiled: operator 0: ", 33) != 0)
		fail_msg("%s", err.text);
	atoll_pipeline_free(line.pipeline);
	line.pipeline = NULL;
	atoll_session_close(line.session[1]);
	line.segments = 1;
	close_line(&line);
	atoll_devices_free(devices);
	atoll_model_free(model);
	free(file);
}

static void it_may_be_freed_at_any_time(void **state)
{
	(void)state;
	for (int pushes = 0; pushes <= 7; pushes++) {
		struct line line = three_segments();

		open_line(&line, 1, 1);
		for (int i = 0; i < pushes; i++)
			push(&line, 1);
		close_line(&line);
	}
}

static void a_slow_segment_is_not_overtaken(void **state)
{
	struct line line = { 0 };
	struct atoll_pipeline_stats slow, fast;
	float *in = calloc(20000, sizeof(*in)), *out = calloc(20000, sizeof(*out));

	(void)state;
	assert_non_null(in);
	assert_non_null(out);
	add_squares(&line, "in", "a", 20000, 1);
	add_squares(&line, "a", "b", 20000, 60);
	add_squares(&line, "b", "out", 20000, 1);
	open_line(&line, 0, 0);
	for (int i = 0; i < 10; i++) {
		in[0] = (float)(i % 2);
		assert_int_equal(atoll_pipeline_push(line.pipeline, (const void *[]){ in },
						     LONG_MS, NULL), 0);
	}
	for (int i = 0; i < 10; i++) {
		assert_int_equal(atoll_pipeline_pop(line.pipeline, (void *[]){ out }, LONG_MS,
						    NULL), 1);
		assert_true(out[0] == (float)(i % 2));
	}
	slow = atoll_pipeline_stats(line.pipeline, 1);
	fast = atoll_pipeline_stats(line.pipeline, 2);
	assert_int_equal(slow.runs, 10);
	assert_int_equal(fast.runs, 10);
	assert_true(slow.time_ns > fast.time_ns);
	assert_true(fast.time_ns > 0);
	assert_int_equal(atoll_pipeline_stats(line.pipeline, 3).runs, 0);
	close_line(&line);
	free(out);
	free(in);
}

/* Whatever is on the way: memory for all of it was taken in the beginning. */
static void nothing_is_allocated_once_every_segment_has_run(void **state)
{
	struct line line = three_segments();
	unsigned long before;

	(void)state;
	open_line(&line, 2, 3);
	push(&line, 1);
	assert_true(pop(&line) == 3);
	before = allocations();
	for (int round = 0; round < 10; round++) {
		int in = 0;

		while (push_row(&line, (float)in, 10, NULL) == 0)
			in++;
		assert_int_equal(in, 2 + 3 + 2 + 3);
		for (int i = 0; i < in; i++)
			assert_true(pop(&line) == 3 * (float)i);
	}
	assert_int_equal(allocations() - before, 0);
	close_line(&line);
}

/* At most 50 are inside: a set for each, and the tensors of the two queues without a
   limit; the others have their place. */
static void a_queue_without_a_limit_keeps_what_it_grew_to(void **state)
{
	struct line line = three_segments();
	unsigned long before;

	(void)state;
	open_line(&line, 0, 0);
	push(&line, 1);
	assert_true(pop(&line) == 3);
	before = allocations();
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 50; i++)
			push(&line, (float)i);
		for (int i = 0; i < 50; i++)
			assert_true(pop(&line) == 3 * (float)i);
	}
	assert_true(allocations() - before <= 3 * 50);
	close_line(&line);
}

#define PUSHES 200

struct pusher {
	struct line *line;
	float from;
	pthread_t thread;
};

static void *push_some(void *argument)
{
	struct pusher *pusher = argument;

	for (int i = 0; i < PUSHES; i++)
		if (push_row(pusher->line, pusher->from + (float)i, LONG_MS, NULL) < 0)
			return pusher;
	return NULL;
}

struct popper {
	struct line *line;
	double sum;
	int count;
	pthread_t thread;
};

static void *pop_all(void *argument)
{
	struct popper *popper = argument;
	float out[ROW];

	while (atoll_pipeline_pop(popper->line->pipeline, (void *[]){ out }, LONG_MS,
				  NULL) == 1) {
		popper->sum += (double)out[0];
		popper->count++;
	}
	return NULL;
}

static void any_thread_may_push_and_pop(void **state)
{
	struct line line = three_segments();
	struct pusher pusher[2] = { { .line = &line }, { .line = &line, .from = PUSHES } };
	struct popper popper[2] = { { .line = &line }, { .line = &line } };
	void *result;

	(void)state;
	open_line(&line, 2, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&pusher[i].thread, NULL, push_some, &pusher[i]),
				 0);
		assert_int_equal(pthread_create(&popper[i].thread, NULL, pop_all, &popper[i]),
				 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(pusher[i].thread, &result), 0);
		assert_null(result);
	}
	atoll_pipeline_end(line.pipeline);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(popper[i].thread, NULL), 0);
	assert_int_equal(popper[0].count + popper[1].count, 2 * PUSHES);
	/* 3 * (0 + 1 + ... + 399) */
	assert_true(popper[0].sum + popper[1].sum == 3.0 * PUSHES * (2 * PUSHES - 1));
	close_line(&line);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_out_first_went_in_first),
		cmocka_unit_test(tensors_are_matched_by_name_and_not_by_place),
		cmocka_unit_test(the_segments_of_a_cut_model_give_what_it_gives),
		cmocka_unit_test(without_a_segment_there_is_no_pipeline),
		cmocka_unit_test(an_input_that_comes_from_nowhere_is_named),
		cmocka_unit_test(a_tensor_of_another_size_is_named),
		cmocka_unit_test(an_output_that_nobody_uses_is_named),
		cmocka_unit_test(after_the_end_nothing_is_taken_and_all_comes_out),
		cmocka_unit_test(an_end_without_any_push_is_an_end),
		cmocka_unit_test(a_full_pipeline_takes_no_more_until_one_is_popped),
		cmocka_unit_test(a_pop_of_nothing_ends_in_time),
		cmocka_unit_test(after_a_failure_all_get_its_sentence),
		cmocka_unit_test(the_end_wakes_who_waits_for_room),
		cmocka_unit_test(a_failure_wakes_who_waits_to_pop),
		cmocka_unit_test(the_failure_of_a_device_is_told),
		cmocka_unit_test(it_may_be_freed_at_any_time),
		cmocka_unit_test(a_slow_segment_is_not_overtaken),
		cmocka_unit_test(nothing_is_allocated_once_every_segment_has_run),
		cmocka_unit_test(a_queue_without_a_limit_keeps_what_it_grew_to),
		cmocka_unit_test(any_thread_may_push_and_pop),
	};

	return CHECK_RUN(tests);
}
