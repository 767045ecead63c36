/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/extract.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/fill.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/graph.h"
#include "tests/models.h"

#define NAMES(...) ((const char *[]){ __VA_ARGS__ })

static const struct atoll_builder_tensor row = {
	.name = "row", .type = ATOLL_FLOAT32, .rank = 2, .dims = { 1, 4 },
};

/* A row with a name. */
static struct atoll_builder_tensor named(const char *name)
{
	struct atoll_builder_tensor tensor = row;

	tensor.name = name;
	return tensor;
}

static int32_t constant(struct graph *g, const char *name, float value)
{
	const float values[4] = { value, value, value, value };
	struct atoll_builder_tensor tensor = named(name);

	tensor.data = values;
	tensor.bytes = sizeof(values);
	return graph_tensor(g, &tensor);
}

static void add(struct graph *g, int32_t a, int32_t b, int32_t out)
{
	graph_operator(g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2,
		       (const int32_t[]){ a, b }, 1, &out);
}

/*
 *	in --+1--> one --+10--> ten --+100--> hundred
 *	              \------+other--------> both
 */
static struct graph chain(void)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &(const struct atoll_builder_tensor){
		.name = "in", .type = ATOLL_FLOAT32, .rank = 2, .dims = { 1, 4 } });
	struct atoll_builder_tensor tensor = named("other");
	int32_t other = graph_input(&g, &tensor), one, ten, hundred, both;

	tensor = named("one");
	one = graph_tensor(&g, &tensor);
	tensor = named("ten");
	ten = graph_tensor(&g, &tensor);
	tensor = named("hundred");
	hundred = graph_output(&g, &tensor);
	tensor = named("both");
	both = graph_output(&g, &tensor);
	add(&g, in, constant(&g, "1", 1), one);
	add(&g, one, constant(&g, "10", 10), ten);
	add(&g, ten, constant(&g, "100", 100), hundred);
	add(&g, one, other, both);
	graph_open(&g);
	return g;
}

static struct atoll_model *extract(const struct atoll_model *model, uint32_t inputs,
				   const char *const *input, uint32_t outputs,
				   const char *const *output)
{
	struct atoll_error err;
	struct atoll_model *part = extract_part(model, inputs, input, outputs, output, &err);

	if (!part)
		fail_msg("%s", err.text);
	return part;
}

static struct atoll_session *open_session(const struct atoll_model *model,
					  const struct atoll_session_options *options)
{
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(model, options, &err);

	if (!session)
		fail_msg("%s", err.text);
	return session;
}

static void a_part_computes_what_lies_between(void **state)
{
	struct graph g = chain();
	struct atoll_model *part = extract(g.model, 1, NAMES("one"), 1, NAMES("hundred"));
	struct atoll_session *session = open_session(part, NULL);
	const float in[4] = { 1, 2, 3, 4 }, out[4] = { 111, 112, 113, 114 };

	(void)state;
	assert_int_equal(part->graph[0].operators, 2);
	assert_int_equal(part->graph[0].tensors, 5);
	memcpy(atoll_session_input(session, 0)->data, in, sizeof(in));
	assert_int_equal(atoll_session_invoke(session), 0);
	assert_memory_equal(atoll_session_output(session, 0)->data, out, sizeof(out));
	atoll_session_close(session);
	atoll_model_free(part);
	graph_free(&g);
}

static void inputs_and_outputs_keep_the_order_they_are_given_in(void **state)
{
	struct graph g = chain();
	struct atoll_model *part = extract(g.model, 2, NAMES("other", "in"), 3,
					   NAMES("both", "ten", "one"));
	const struct atoll_graph *graph = &part->graph[0];

	(void)state;
	assert_int_equal(graph->inputs, 2);
	assert_string_equal(graph->tensor[graph->input[0]].name, "other");
	assert_string_equal(graph->tensor[graph->input[1]].name, "in");
	assert_int_equal(graph->outputs, 3);
	assert_string_equal(graph->tensor[graph->output[0]].name, "both");
	assert_string_equal(graph->tensor[graph->output[2]].name, "one");
	assert_int_equal(graph->operators, 3);
	assert_string_equal(part->path, g.model->path);
	atoll_model_free(part);
	graph_free(&g);
}

static void inputs_that_nothing_reads_are_inputs_all_the_same(void **state)
{
	struct graph g = chain();
	struct atoll_model *part = extract(g.model, 2, NAMES("in", "other"), 1, NAMES("one"));

	(void)state;
	assert_int_equal(part->graph[0].inputs, 2);
	assert_int_equal(part->graph[0].operators, 1);
	atoll_model_free(part);
	graph_free(&g);
}

static void a_part_lives_on_without_the_model(void **state)
{
	struct graph g = chain();
	struct atoll_model *part = extract(g.model, 1, NAMES("in"), 1, NAMES("hundred"));
	struct atoll_model *again;

	(void)state;
	graph_free(&g);
	again = extract(part, 1, NAMES("in"), 1, NAMES("hundred"));
	assert_int_equal(again->size, part->size);
	assert_memory_equal(again->bytes, part->bytes, part->size);
	atoll_model_free(again);
	atoll_model_free(part);
}

static struct atoll_model *built(uint32_t which)
{
	struct atoll_model *model;
	struct atoll_error err;
	size_t size;
	void *bytes = models_build(which, &size);

	model = atoll_model_take_bytes(bytes, size, "built", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static void scales_per_channel_and_options_come_along(void **state)
{
	struct atoll_model *model = built(1);
	struct atoll_model *part = extract(model, 1, NAMES("in"), 1, NAMES("out"));
	const struct atoll_operator *conv = &part->graph[0].op[0];
	const struct atoll_operator *reshape = &part->graph[0].op[1];
	const struct atoll_tensor *filter = &part->graph[0].tensor[conv->input[1]];
	struct flatbuf_vector shape = flatbuf_vector(reshape->options, RESHAPE_NEW_SHAPE);

	(void)state;
	assert_string_equal(part->description, "for tests");
	assert_int_equal(conv->version, 3);
	assert_int_equal(flatbuf_i8(conv->options, CONV_2D_PADDING, 9), PADDING_VALID);
	assert_int_equal(flatbuf_i32(conv->options, CONV_2D_STRIDE_H, 9), 1);
	assert_false(flatbuf_has(conv->options, CONV_2D_FUSED_ACTIVATION));
	assert_int_equal(filter->quant.channels, 2);
	assert_true(filter->quant.scales[1] == 0.125f);
	assert_int_equal(((const int8_t *)filter->data)[8], 9);
	assert_int_equal(shape.count, 2);
	assert_int_equal(flatbuf_vector_i32(shape, 1), 18);
	atoll_model_free(part);
	atoll_model_free(model);
}

static void float_options_and_left_out_inputs_come_along(void **state)
{
	struct atoll_model *model = built(2);
	struct atoll_model *part = extract(model, 1, NAMES("in"), 1, NAMES("soft"));
	const struct atoll_operator *op = part->graph[0].op;

	(void)state;
	assert_int_equal(part->graph[0].operators, 2);
	assert_int_equal(op[0].input[2], -1);
	assert_true(flatbuf_f32(op[1].options, SOFTMAX_BETA, 0) == 1.0f);
	atoll_model_free(part);
	atoll_model_free(model);
}

static void custom_operators_and_variables_come_along(void **state)
{
	struct atoll_model *model = built(3);
	struct atoll_model *part = extract(model, 1, NAMES("in"), 1, NAMES("out"));
	const struct atoll_graph *graph = &part->graph[0];
	const struct atoll_operator *op = graph->op;

	(void)state;
	assert_string_equal(op->name, "Remember");
	assert_int_equal(op->custom_options_bytes, 3);
	assert_memory_equal(op->custom_options, "\x07\x04\x01", 3);
	assert_int_equal(op->intermediates, 2);
	assert_string_equal(graph->tensor[op->intermediate[0]].name, "gate");
	assert_int_equal(op->intermediate[1], -1);
	assert_true(graph->is_variable[op->input[1]]);
	atoll_model_free(part);

	part = extract(model, 2, NAMES("in", "state"), 1, NAMES("out"));
	graph = &part->graph[0];
	assert_int_equal(graph->inputs, 2);
	assert_true(graph->is_variable[graph->input[1]]);
	atoll_model_free(part);
	atoll_model_free(model);
}

static void refused(const struct atoll_model *model, const char *input, const char *output,
		    const char *words)
{
	struct atoll_error err = { 0 };

	assert_null(extract_part(model, 1, &input, 1, &output, &err));
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_int_equal(err.code, -EINVAL);
	assert_null(extract_part(model, 1, &input, 1, &output, NULL));
}

static void what_cannot_be_a_part_is_refused_with_the_tensors_name(void **state)
{
	struct graph g = chain();

	(void)state;
	refused(g.model, "nobody", "one", "tensor nobody: there is none");
	refused(g.model, "in", "nobody", "tensor nobody: there is none");
	refused(g.model, "10", "hundred", "tensor 10: is constant");
	refused(g.model, "in", "100", "tensor 100: is constant");
	refused(g.model, "one", "one", "tensor one: is input and output at once");
	refused(g.model, "one", "both", "tensor other: is needed, but not among the inputs");
	graph_free(&g);
}

static void a_name_that_two_computed_tensors_have_is_refused(void **state)
{
	struct graph g = graph_new();
	struct atoll_builder_tensor tensor = named("row");
	int32_t in = graph_input(&g, &tensor), middle = graph_tensor(&g, &tensor);
	int32_t out;

	(void)state;
	tensor = named("out");
	out = graph_output(&g, &tensor);
	add(&g, in, constant(&g, "out", 1), middle);
	add(&g, middle, constant(&g, "row", 1), out);
	graph_open(&g);
	refused(g.model, "row", "out", "tensor row: tensors 0 and 1 both have this name");
	graph_free(&g);
}

/* SPLIT gives both halves, of which one is to come from outside. */
static void an_input_that_the_part_computes_itself_is_refused(void **state)
{
	struct graph g = graph_new();
	struct atoll_builder_tensor tensor = named("in");
	int32_t in = graph_input(&g, &tensor), axis, left, right, out;

	(void)state;
	tensor.dims[1] = 2;
	tensor.name = "left";
	left = graph_tensor(&g, &tensor);
	tensor.name = "right";
	right = graph_tensor(&g, &tensor);
	tensor.name = "out";
	out = graph_output(&g, &tensor);
	axis = graph_tensor(&g, &(const struct atoll_builder_tensor){
		.name = "axis", .type = ATOLL_INT32, .data = &(const int32_t){ 1 }, .bytes = 4 });
	graph_operator(&g, BUILTIN_SPLIT, OPTIONS_SPLIT, 1, &(struct atoll_builder_option){
		.kind = ATOLL_OPTION_I32, .id = SPLIT_NUM_SPLITS, .i = 2 }, 2,
		(const int32_t[]){ axis, in }, 2, (const int32_t[]){ left, right });
	add(&g, left, right, out);
	graph_open(&g);
	refused(g.model, "left", "out", "tensor left: is an input, but computed inside, by SPLIT");
	graph_free(&g);
}

static void operators_with_graphs_of_their_own_are_refused(void **state)
{
	struct graph g = graph_new();
	struct atoll_builder_tensor tensor = named("in");
	int32_t in = graph_input(&g, &tensor), out;
	struct atoll_error err;

	(void)state;
	tensor = named("out");
	out = graph_output(&g, &tensor);
	graph_operator(&g, BUILTIN_WHILE, OPTIONS_WHILE, 0, NULL, 1, &in, 1, &out);
	graph_open_refused(&g, &err);
	refused(g.model, "in", "out", "tensor out: comes from WHILE, whose graphs cannot be");
	graph_free(&g);
}

/* Operators of models that are there, one by one. */

static bool is_among(const char *name, const char *const *names, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* The tensors that operator `op` reads and that are computed or given. */
static uint32_t sources(const struct atoll_graph *graph, const struct atoll_operator *op,
			const char **names, int32_t *tensors, bool *has_state)
{
	uint32_t count = 0;

	*has_state = false;
	for (uint32_t i = 0; i < op->inputs; i++) {
		const struct atoll_tensor *tensor;

		if (op->input[i] < 0)
			continue;
		tensor = &graph->tensor[op->input[i]];
		*has_state |= graph->is_variable[op->input[i]];
		if (tensor->data || is_among(tensor->name, names, count))
			continue;
		tensors[count] = op->input[i];
		names[count++] = tensor->name;
	}
	return count;
}

static void compare_operator(const struct atoll_session *whole, uint32_t index)
{
	const struct atoll_model *model = atoll_session_model(whole);
	const struct atoll_graph *graph = &model->graph[0];
	const struct atoll_operator *op = &graph->op[index];
	const char *input[32], *output[32];
	int32_t tensor[32];
	bool has_state;
	uint32_t inputs;
	struct atoll_model *part;
	struct atoll_session *session;

	assert_true(op->inputs <= 32 && op->outputs <= 32);
	inputs = sources(graph, op, input, tensor, &has_state);
	for (uint32_t i = 0; i < op->outputs; i++)
		output[i] = graph->tensor[op->output[i]].name;
	if (has_state) /* it has moved on since */
		return;
	part = extract(model, inputs, input, op->outputs, output);
	assert_int_equal(part->graph[0].operators, 1);
	session = open_session(part, &(struct atoll_session_options){ .threads = 1 });
	for (uint32_t i = 0; i < inputs; i++) {
		const struct atoll_tensor *from =
			atoll_session_tensor(whole, (uint32_t)tensor[i]);

		memcpy(atoll_session_input(session, i)->data, from->data, from->bytes);
	}
	assert_int_equal(atoll_session_invoke(session), 0);
	for (uint32_t i = 0; i < op->outputs; i++) {
		const struct atoll_tensor *expected =
			atoll_session_tensor(whole, (uint32_t)op->output[i]);
		const struct atoll_tensor *ours = atoll_session_output(session, i);

		assert_int_equal(ours->bytes, expected->bytes);
		if (memcmp(ours->data, expected->data, ours->bytes) != 0)
			fail_msg("%s: operator %u %s: output %u differs", model->path, index,
				 op->name, i);
	}
	atoll_session_close(session);
	atoll_model_free(part);
}

static void compare_operators(const char *path)
{
	const struct atoll_session_options options = { .threads = 1, .keeps_tensors = true };
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(path, &err);
	struct atoll_session *whole;

	if (!model)
		fail_msg("%s", err.text);
	whole = open_session(model, &options);
	for (uint32_t i = 0; i < atoll_session_inputs(whole); i++)
		atoll_fill(ATOLL_FILL_LCG, i, atoll_session_input(whole, i));
	assert_int_equal(atoll_session_invoke(whole), 0);
	for (uint32_t i = 0; i < model->graph[0].operators; i++)
		compare_operator(whole, i);
	atoll_session_close(whole);
	atoll_model_free(model);
}

static void every_operator_of_our_model_computes_the_same_alone(void **state)
{
	(void)state;
	compare_operators("apps/models/cards/cards.tflite");
}

static void every_operator_of_other_models_computes_the_same_alone(void **state)
{
	static const char *const models[] = {
		"keras_lstm_mnist_ptq", "mlperf_resnet8_int8", "mobilenet_v1_0.25_128_quant",
		"movenet_single_pose_lightning_ptq", "split_concat",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		compare_operators(check_data_path("models/%s.tflite", models[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_computes_what_lies_between),
		cmocka_unit_test(inputs_and_outputs_keep_the_order_they_are_given_in),
		cmocka_unit_test(inputs_that_nothing_reads_are_inputs_all_the_same),
		cmocka_unit_test(a_part_lives_on_without_the_model),
		cmocka_unit_test(scales_per_channel_and_options_come_along),
		cmocka_unit_test(float_options_and_left_out_inputs_come_along),
		cmocka_unit_test(custom_operators_and_variables_come_along),
		cmocka_unit_test(what_cannot_be_a_part_is_refused_with_the_tensors_name),
		cmocka_unit_test(a_name_that_two_computed_tensors_have_is_refused),
		cmocka_unit_test(an_input_that_the_part_computes_itself_is_refused),
		cmocka_unit_test(operators_with_graphs_of_their_own_are_refused),
		cmocka_unit_test(every_operator_of_our_model_computes_the_same_alone),
		cmocka_unit_test(every_operator_of_other_models_computes_the_same_alone),
	};

	return CHECK_RUN(tests);
}
