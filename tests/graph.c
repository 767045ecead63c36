/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/graph.h"

#include <stdlib.h>

#include "tests/check.h"

struct graph graph_new(void)
{
	struct graph g = {
		.builder = atoll_builder_new("test"),
		.options = { .threads = 1, .keeps_tensors = true },
	};

	assert_non_null(g.builder);
	return g;
}

int32_t graph_tensor(struct graph *g, const struct atoll_builder_tensor *tensor)
{
	return atoll_builder_tensor(g->builder, tensor);
}

int32_t graph_input(struct graph *g, const struct atoll_builder_tensor *tensor)
{
	return g->input[g->inputs++] = graph_tensor(g, tensor);
}

int32_t graph_output(struct graph *g, const struct atoll_builder_tensor *tensor)
{
	return g->output[g->outputs++] = graph_tensor(g, tensor);
}

void graph_operator(struct graph *g, uint32_t code, uint8_t options_type,
		    uint32_t options, const struct atoll_builder_option *option,
		    uint32_t inputs, const int32_t *input,
		    uint32_t outputs, const int32_t *output)
{
	atoll_builder_operator(g->builder, &(struct atoll_builder_operator){
		.code = code, .version = 1,
		.inputs = inputs, .input = input,
		.outputs = outputs, .output = output,
		.options_type = options_type,
		.options = options, .option = option });
}

/* Everything up to the session, which is NULL when something refused. */
static void try_open(struct graph *g, struct atoll_error *err)
{
	int r;

	atoll_builder_inputs(g->builder, g->inputs, g->input);
	atoll_builder_outputs(g->builder, g->outputs, g->output);
	r = atoll_builder_finish(g->builder, &g->bytes, &g->size, err);
	if (r < 0)
		fail_msg("builder: %s", err->text);
	g->model = atoll_model_load_bytes(g->bytes, g->size, "test", err);
	if (g->model)
		g->session = atoll_session_open(g->model, &g->options, err);
}

void graph_open(struct graph *g)
{
	struct atoll_error err;

	try_open(g, &err);
	if (!g->session)
		fail_msg("%s", err.text);
}

void graph_open_refused(struct graph *g, struct atoll_error *err)
{
	try_open(g, err);
	assert_null(g->session);
}

const struct atoll_tensor *graph_info(struct graph *g, int32_t tensor)
{
	return atoll_session_tensor(g->session, (uint32_t)tensor);
}

void *graph_data(struct graph *g, int32_t tensor)
{
	return graph_info(g, tensor)->data;
}

void graph_run(struct graph *g)
{
	assert_int_equal(atoll_session_invoke(g->session), 0);
}

void graph_free(struct graph *g)
{
	atoll_session_close(g->session);
	atoll_model_free(g->model);
	atoll_builder_free(g->builder);
	free(g->bytes);
}
