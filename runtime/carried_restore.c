/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/carried_inside.h"
#include "runtime/copy.h"

struct restoring {
	const struct carried *carried;
	struct memory memory;
	struct atoll_graph graph;      /* with contents of the parameters */
	struct atoll_tensor *tensor;   /* graph.tensor */
	bool *is_known;                /* [graph.tensors] a block has told them */
	struct atoll_error *err;
};

static int take_room(struct restoring *restoring)
{
	const struct carried *carried = restoring->carried;
	uint32_t tensors = carried->graph.tensors;

	restoring->graph = carried->graph;
	restoring->tensor = memory_take(&restoring->memory,
					tensors * sizeof(*restoring->tensor));
	restoring->is_known = memory_take(&restoring->memory, tensors);
	if (!restoring->tensor || !restoring->is_known)
		return carried_no_memory(restoring->err);
	memcpy(restoring->tensor, carried->tensor, tensors * sizeof(*restoring->tensor));
	restoring->graph.tensor = restoring->tensor;
	for (uint32_t i = 0; i < tensors; i++) {
		if (!carried->is_parameter[i])
			continue;
		restoring->tensor[i].data = memory_take(&restoring->memory,
							restoring->tensor[i].bytes);
		if (!restoring->tensor[i].data)
			return carried_no_memory(restoring->err);
	}
	return 0;
}

/* A tensor of several blocks has to be the same in all. */
static int read_block(struct restoring *restoring, const struct compiler_block *block,
		      const uint8_t *from)
{
	void *data[3] = { NULL };
	int r;

	for (uint32_t i = 0; i < block->tensors; i++) {
		const struct atoll_tensor *tensor = &restoring->tensor[block->tensor[i]];

		data[i] = restoring->is_known[block->tensor[i]] ?
			memory_take(&restoring->memory, tensor->bytes) : tensor->data;
		if (!data[i])
			return carried_no_memory(restoring->err);
	}
	r = compiler_block_read(&restoring->graph, block, from, data, restoring->err);
	for (uint32_t i = 0; i < block->tensors && r == 0; i++) {
		const struct atoll_tensor *tensor = &restoring->tensor[block->tensor[i]];

		if (memcmp(data[i], tensor->data, tensor->bytes) != 0)
			r = atoll_error_set(restoring->err, -EBADMSG, "tensor %.60s differs "
					    "from another block's", tensor->name);
		restoring->is_known[block->tensor[i]] = true;
	}
	return r;
}

static int read_blocks(struct restoring *restoring, const uint8_t *const vector[2])
{
	const struct carried *carried = restoring->carried;

	for (uint32_t i = 0; i < carried->pieces; i++) {
		const struct carried_piece *piece = &carried->piece[i];
		int r = vector[piece->vector] ?
			read_block(restoring, &piece->block,
				   vector[piece->vector] + piece->offset) :
			atoll_error_set(restoring->err, -EINVAL, "not there");

		if (r < 0) {
			atoll_error_prefix(restoring->err, "block %" PRIu32, i);
			return r;
		}
	}
	return 0;
}

static int copy_graph(struct restoring *restoring, struct atoll_builder *builder)
{
	const struct atoll_graph *graph = &restoring->graph;
	struct atoll_builder_operator op;

	for (uint32_t i = 0; i < graph->tensors; i++) {
		const struct atoll_builder_tensor tensor = copy_tensor(graph, i);

		atoll_builder_tensor(builder, &tensor);
	}
	for (uint32_t i = 0; i < graph->operators; i++) {
		int r = copy_operator(&graph->op[i], &restoring->memory, &op, restoring->err);

		if (r < 0)
			return r;
		atoll_builder_operator(builder, &op);
	}
	atoll_builder_graph_name(builder, graph->name);
	atoll_builder_inputs(builder, graph->inputs, graph->input);
	atoll_builder_outputs(builder, graph->outputs, graph->output);
	return 0;
}

static int build(struct restoring *restoring, void **bytes, size_t *size)
{
	struct atoll_builder *builder =
		atoll_builder_new(restoring->carried->model->description);
	int r = builder ? copy_graph(restoring, builder) : carried_no_memory(restoring->err);

	if (r == 0)
		r = atoll_builder_finish(builder, bytes, size, restoring->err);
	atoll_builder_free(builder);
	return r;
}

struct atoll_model *carried_restore(const struct carried *carried, const uint8_t *cached,
				    const uint8_t *streamed, struct atoll_error *err)
{
	const uint8_t *const vector[2] = { cached, streamed };
	struct restoring restoring = {
		.carried = carried, .memory = MEMORY_UNLIMITED, .err = err };
	void *bytes = NULL;
	size_t size;
	int r = take_room(&restoring);

	if (r == 0)
		r = read_blocks(&restoring, vector);
	if (r == 0)
		r = build(&restoring, &bytes, &size);
	memory_free(&restoring.memory);
	if (r == 0)
		return atoll_model_take_bytes(bytes, size, CARRIED_NAME, err);
	atoll_error_prefix(err, CARRIED_NAME);
	return NULL;
}

struct atoll_model *carried_model(const struct edgetpu_package *package,
				  struct atoll_error *err)
{
	const uint8_t *cached = package->caching ? package->caching->parameters : NULL;
	struct carried *carried = carried_open(package, err);
	struct atoll_model *model = NULL;

	if (carried)
		model = carried_restore(carried, cached, package->main->parameters, err);
	carried_close(carried);
	return model;
}
