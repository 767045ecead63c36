/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/drawn.h"

#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"

static int32_t constant(struct graph *g, int32_t fours)
{
	static const int8_t ones[4 * 9] = { 1, 1, 1, 1, 1, 1, 1, 1 };

	return graph_tensor(g, &(struct atoll_builder_tensor){
		.name = "ones", .type = ATOLL_INT8, .rank = 2, .dims = { 1, 4 * fours },
		.scale = 0.5f, .data = ones, .bytes = 4 * (size_t)fours });
}

static void operator(struct graph *g, const char *text)
{
	int32_t in[2] = { text[0] - 'a', text[1] - 'a' };
	int32_t out = text[strcspn(text, ">!") + 1] - 'a';

	if (text[1] == '!') {
		graph_operator(g, BUILTIN_NEG, OPTIONS_NEG, 0, NULL, 1, in, 1, &out);
		return;
	}
	if (text[1] == '>')
		in[1] = constant(g, 1);
	else if (text[1] >= '1' && text[1] <= '9')
		in[1] = constant(g, text[1] - '0');
	graph_operator(g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2, in, 1, &out);
}

static char last_of(const char *text, char last)
{
	for (; *text; text++)
		last = *text > last ? *text : last;
	return last;
}

struct graph drawn(const char *inputs, const char *outputs, const char *const *op)
{
	struct graph g = graph_new();
	char last = last_of(inputs, 'a');

	for (const char *const *text = op; *text; text++)
		last = last_of(*text, last);
	for (char letter = 'a'; letter <= last; letter++) {
		const char name[2] = { letter, 0 };

		(void)graph_tensor(&g, &(struct atoll_builder_tensor){
			.name = name, .type = ATOLL_INT8, .rank = 2, .dims = { 1, 4 },
			.scale = 0.5f, .zero_point = -3 });
	}
	for (; *inputs; inputs++)
		g.input[g.inputs++] = *inputs - 'a';
	for (; *outputs; outputs++)
		g.output[g.outputs++] = *outputs - 'a';
	for (; *op; op++)
		operator(&g, *op);
	drawn_load(&g, "drawn");
	return g;
}

void drawn_load(struct graph *g, const char *name)
{
	struct atoll_error err;

	atoll_builder_inputs(g->builder, g->inputs, g->input);
	atoll_builder_outputs(g->builder, g->outputs, g->output);
	if (atoll_builder_finish(g->builder, &g->bytes, &g->size, &err) < 0)
		fail_msg("%s", err.text);
	g->model = atoll_model_load_bytes(g->bytes, g->size, name, &err);
	if (!g->model)
		fail_msg("%s", err.text);
}

void drawn_assert(const struct atoll_graph *graph, uint32_t count, const int32_t *tensor,
		  const char *letters)
{
	char text[64] = "";

	for (uint32_t i = 0; i < count; i++) {
		assert_true(strlen(text) + strlen(graph->tensor[tensor[i]].name) < sizeof(text));
		strcat(text, graph->tensor[tensor[i]].name);
	}
	assert_string_equal(text, letters);
}
