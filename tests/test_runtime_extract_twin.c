/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/extract.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/graph.h"

/*
 * in --RELU--> a --+
 *                  +--MAXIMUM--> larger --RELU--> out
 * b ---------------+
 *
 * of which the compiler takes MAXIMUM.
 */
static struct graph whole(void)
{
	struct atoll_builder_tensor tensor = {
		.name = "in", .type = ATOLL_INT8, .rank = 4, .dims = { 1, 2, 2, 4 },
		.scale = 0.5f, .zero_point = -3 };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &tensor), a, b, larger, out;

	tensor.name = "a";
	a = graph_tensor(&g, &tensor);
	tensor.name = "b";
	b = graph_input(&g, &tensor);
	tensor.name = "larger";
	larger = graph_tensor(&g, &tensor);
	tensor.name = "out";
	out = graph_output(&g, &tensor);
	graph_operator(&g, BUILTIN_RELU, OPTIONS_NONE, 0, NULL, 1, &in, 1, &a);
	graph_operator(&g, BUILTIN_MAXIMUM, OPTIONS_MAXIMUM_MINIMUM, 0, NULL, 2,
		       (const int32_t[]){ a, b }, 1, &larger);
	graph_operator(&g, BUILTIN_RELU, OPTIONS_NONE, 0, NULL, 1, &larger, 1, &out);
	graph_open(&g);
	return g;
}

#define PICTURE(text) .name = text, .size = 16, .y = 2, .x = 2, .z = 4, \
	.type = EDGETPU_INT8, .element = 1, .is_signed = true, .zero_point = 125, \
	.scale = 0.5f, .executions = 1, .bytes = 16, .state_of = -1

/* A package that can be changed before it is written. */
struct parts {
	struct edgetpu_layer input[2], output[2];
	struct compiled_tiles tiles[2];
	struct edgetpu_chunk chunk;
	struct edgetpu_hint hint[5];
	struct edgetpu_executable main;
	struct edgetpu_package package;
};

static void fill(struct parts *parts)
{
	static const uint8_t instructions[16] = { 1 };

	*parts = (struct parts){
		.input = { { PICTURE("a") }, { PICTURE("b") } },
		.output = { { PICTURE("larger"), .rank = 4, .shape = {
			{ 0, 0 }, { 0, 1 }, { 0, 1 }, { 0, 3 } } } },
		.chunk = { .bytes = instructions, .size = sizeof(instructions) },
		.hint = { { EDGETPU_INSTRUCTIONS, 0, 0, 0 }, { EDGETPU_INPUT, 0, 0, 16 },
			  { EDGETPU_INPUT, 1, 0, 16 }, { EDGETPU_OUTPUT, 0, 0, 16 },
			  { EDGETPU_INTERRUPT, 0, 0, 0 } },
		.main = { .name = "model", .is_deterministic = true, .chunks = 1, .hints = 5,
			  .inputs = 2, .outputs = 1, .parameters = (const uint8_t *)"" },
		.package = { .runtime_version = 13, .compiler = "" },
	};
	compiled_spread(&parts->output[0], 4, &parts->tiles[0]);
	parts->main.chunk = &parts->chunk;
	parts->main.hint = parts->hint;
	parts->main.input = parts->input;
	parts->main.output = parts->output;
	parts->package.main = &parts->main;
}

static struct atoll_model *twin(const struct atoll_model *model, const struct parts *parts,
				struct atoll_error *err)
{
	size_t bytes;
	void *options = compiled_options(&parts->package, NULL, &bytes);
	struct atoll_model *part = extract_twin(model, options, bytes, err);

	free(options);
	return part;
}

static void the_twin_is_what_lies_between_the_layers(void **state)
{
	struct graph g = whole();
	const struct atoll_graph *graph;
	struct atoll_model *part;
	struct atoll_error err;
	struct parts parts;

	(void)state;
	fill(&parts);
	part = twin(g.model, &parts, &err);
	if (!part)
		fail_msg("%s", err.text);
	graph = &part->graph[0];
	assert_int_equal(graph->operators, 1);
	assert_string_equal(graph->op[0].name, "MAXIMUM");
	assert_int_equal(graph->inputs, 2);
	assert_string_equal(graph->tensor[graph->input[0]].name, "a");
	assert_string_equal(graph->tensor[graph->input[1]].name, "b");
	assert_int_equal(graph->outputs, 1);
	assert_string_equal(graph->tensor[graph->output[0]].name, "larger");
	atoll_model_free(part);
	graph_free(&g);
}

static void a_state_is_an_input_and_no_output(void **state)
{
	struct graph g = whole();
	struct atoll_model *part;
	struct atoll_error err;
	struct parts parts;

	(void)state;
	fill(&parts);
	parts.output[1] = (struct edgetpu_layer){ PICTURE("b_variable_output") };
	parts.output[1].state_of = 1;
	compiled_spread(&parts.output[1], 4, &parts.tiles[1]);
	parts.main.outputs = 2;
	part = twin(g.model, &parts, &err);
	if (!part)
		fail_msg("%s", err.text);
	assert_int_equal(part->graph[0].inputs, 2);
	assert_int_equal(part->graph[0].outputs, 1);
	atoll_model_free(part);
	graph_free(&g);
}

static void refused(const struct parts *parts, const char *words)
{
	struct graph g = whole();
	struct atoll_error err = { 0 };

	assert_null(twin(g.model, parts, &err));
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_null(twin(g.model, parts, NULL));
	graph_free(&g);
}

static void layers_that_do_not_fit_the_tensors_are_refused(void **state)
{
	struct parts parts;

	(void)state;
	fill(&parts);
	parts.input[1].name = "nobody";
	refused(&parts, "tensor nobody: there is none");

	fill(&parts);
	parts.input[0].type = EDGETPU_UINT8;
	parts.input[0].is_signed = false;
	refused(&parts, "not what was compiled: tensor a: int8, compiled as uint8");

	fill(&parts);
	parts.input[1].z = 2;
	parts.input[1].bytes = 8;
	parts.input[1].size = 8;
	parts.hint[2].size = 8;
	refused(&parts, "tensor b: 1x2x2x4, compiled as 2x2x2");

	fill(&parts);
	parts.output[0].shape[2].end = 3;
	parts.output[0].shape[3].end = 1;
	parts.output[0].x = 4;
	parts.output[0].z = 2;
	compiled_spread(&parts.output[0], 2, &parts.tiles[0]);
	refused(&parts, "tensor larger: 1x2x2x4, compiled as 2x4x2");

	fill(&parts);
	parts.output[0].scale = 0.25f;
	refused(&parts, "tensor larger: scale 0.5, zero point -3, compiled with 0.25, -3");

	fill(&parts);
	parts.input[0].zero_point = 126;
	refused(&parts, "tensor a: scale 0.5, zero point -3, compiled with 0.5, -2");
}

static void what_is_no_package_is_refused(void **state)
{
	struct graph g = whole();
	struct atoll_error err = { 0 };

	(void)state;
	assert_null(extract_twin(g.model, (const uint8_t *)"none", 4, &err));
	assert_string_not_equal(err.text, "");
	graph_free(&g);
}

/* Compiled models of others. */

static struct atoll_model *load(const char *name, const char *suffix)
{
	struct atoll_error err;
	struct atoll_model *model =
		atoll_model_load(check_data_path("models/%s%s.tflite", name, suffix), &err);

	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static void refused_pair(const char *name, const char *compiled, const char *words)
{
	struct atoll_model *model = load(name, ""), *other = load(compiled, "_edgetpu");
	const struct atoll_operator *op = &other->graph[0].op[0];
	struct atoll_error err = { 0 };

	assert_string_equal(op->name, EDGETPU_OPERATOR);
	assert_null(extract_twin(model, op->custom_options, op->custom_options_bytes, &err));
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	atoll_model_free(other);
	atoll_model_free(model);
}

#define MOBILENET "mobilenet_v1_0.25_128_quant"

static void a_model_it_was_not_compiled_from_is_refused(void **state)
{
	(void)state;
	refused_pair(MOBILENET, "mobilenet_v1_0.5_160_quant_cocompiled_with_" MOBILENET,
		     "not what was compiled: tensor input: 1x128x128x3, compiled as 160x160x3");
	refused_pair("dense_512", "dense_256",
		     "tensor serving_default_keras_tensor:0: there is none");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_twin_is_what_lies_between_the_layers),
		cmocka_unit_test(a_state_is_an_input_and_no_output),
		cmocka_unit_test(layers_that_do_not_fit_the_tensors_are_refused),
		cmocka_unit_test(what_is_no_package_is_refused),
		cmocka_unit_test(a_model_it_was_not_compiled_from_is_refused),
	};

	return CHECK_RUN(tests);
}
