/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/learn/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/copy.h"
#include "runtime/extract.h"

static int no_memory(const struct network *network, struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "%s: out of memory",
			       atoll_error_path(network->model->path));
}

int network_open(struct network *network, const struct atoll_model *model,
		 struct atoll_error *err)
{
	const struct atoll_graph *graph = &model->graph[0];
	int r = 0;

	*network = (struct network){
		.model = model, .memory = MEMORY_UNLIMITED, .description = model->description,
		.tensors = graph->tensors, .operators = graph->operators,
		.outputs = graph->outputs, .output = graph->output,
	};
	if (model->graphs != 1)
		return atoll_error_set(err, -ENOTSUP, "%s: %u graphs, only models of one can "
				       "be taught", atoll_error_path(model->path),
				       model->graphs);
	network->tensor = memory_take(&network->memory, (graph->tensors + NETWORK_MORE) *
				      sizeof(*network->tensor));
	network->op = memory_take(&network->memory, (graph->operators + NETWORK_MORE) *
				  sizeof(*network->op));
	if (!network->tensor || !network->op)
		return no_memory(network, err);
	for (uint32_t i = 0; i < graph->tensors; i++)
		network->tensor[i] = copy_tensor(graph, i);
	for (uint32_t i = 0; i < graph->operators && r == 0; i++)
		r = copy_operator(&graph->op[i], &network->memory, &network->op[i], err);
	if (r < 0)
		atoll_error_prefix(err, "%s", atoll_error_path(model->path));
	return r;
}

void network_close(struct network *network)
{
	memory_free(&network->memory);
}

int32_t network_tensor(struct network *network, const struct atoll_builder_tensor *tensor)
{
	network->tensor[network->tensors] = *tensor;
	return (int32_t)network->tensors++;
}

/* Without memory there is no list, which finish tells. */
static const void *keep(struct network *network, const void *list, size_t bytes)
{
	void *copy = bytes > 0 ? memory_take(&network->memory, bytes) : NULL;

	return copy ? memcpy(copy, list, bytes) : NULL;
}

void network_operator(struct network *network, const struct atoll_builder_operator *op)
{
	struct atoll_builder_operator *copy = &network->op[network->operators++];

	*copy = *op;
	copy->input = keep(network, op->input, op->inputs * sizeof(*op->input));
	copy->output = keep(network, op->output, op->outputs * sizeof(*op->output));
	copy->option = keep(network, op->option, op->options * sizeof(*op->option));
}

void network_output(struct network *network, int32_t tensor)
{
	network->output = keep(network, &tensor, sizeof(tensor));
	network->outputs = 1;
}

static int build(const struct network *network, struct atoll_builder *builder, void **bytes,
		 size_t *size, struct atoll_error *err)
{
	const struct atoll_graph *graph = &network->model->graph[0];
	int r;

	for (uint32_t i = 0; i < network->tensors; i++)
		(void)atoll_builder_tensor(builder, &network->tensor[i]); /* the number is i */
	for (uint32_t i = 0; i < network->operators; i++) {
		if (network->op[i].options > 0 && !network->op[i].option)
			return no_memory(network, err);
		atoll_builder_operator(builder, &network->op[i]);
	}
	atoll_builder_inputs(builder, graph->inputs, graph->input);
	atoll_builder_outputs(builder, network->outputs, network->output);
	atoll_builder_graph_name(builder, graph->name);
	for (uint32_t i = 0; i < network->model->metadata; i++)
		atoll_builder_metadata(builder, network->model->metadatum[i].name,
				       network->model->metadatum[i].bytes,
				       network->model->metadatum[i].size);
	r = atoll_builder_finish(builder, bytes, size, err);
	if (r < 0)
		atoll_error_prefix(err, "%s", atoll_error_path(network->model->path));
	return r;
}

int network_finish(struct network *network, void **bytes, size_t *size,
		   struct atoll_error *err)
{
	struct atoll_builder *builder = atoll_builder_new(network->description);
	int r = builder ? build(network, builder, bytes, size, err) : no_memory(network, err);

	atoll_builder_free(builder);
	return r;
}

struct atoll_model *network_model(struct network *network, struct atoll_error *err)
{
	void *bytes;
	size_t size;

	if (network_finish(network, &bytes, &size, err) < 0)
		return NULL;
	return atoll_model_take_bytes(bytes, size, network->model->path, err);
}

bool network_has_ends(const struct atoll_operator *op, uint32_t inputs)
{
	if (op->outputs == 0 || op->inputs < inputs)
		return false;
	for (uint32_t i = 0; i < inputs; i++)
		if (op->input[i] < 0)
			return false;
	return true;
}

const struct atoll_operator *network_producer(const struct atoll_graph *graph, int32_t tensor)
{
	for (uint32_t i = 0; i < graph->operators; i++)
		for (uint32_t k = 0; k < graph->op[i].outputs; k++)
			if (graph->op[i].output[k] == tensor)
				return &graph->op[i];
	return NULL;
}

struct atoll_model *network_cut(const struct atoll_model *model, int32_t tensor,
				struct atoll_error *err)
{
	const struct atoll_graph *graph = &model->graph[0];
	const char **input = calloc(graph->inputs, sizeof(*input));
	struct atoll_model *part;

	if (!input) {
		atoll_error_set(err, -ENOMEM, "%s: out of memory",
				atoll_error_path(model->path));
		return NULL;
	}
	for (uint32_t i = 0; i < graph->inputs; i++)
		input[i] = graph->tensor[graph->input[i]].name;
	part = extract_part(model, graph->inputs, input, 1, &graph->tensor[tensor].name, err);
	free(input);
	return part;
}
