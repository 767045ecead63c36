/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/rewrite.h"

#include <errno.h>

#include "runtime/copy.h"

static int no_memory(const struct rewrite *rewrite, struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "%s: no memory to write it anew",
			       atoll_error_path(rewrite->model->path));
}

int rewrite_begin(struct rewrite *rewrite, const struct atoll_model *model,
		  const char *description, struct atoll_error *err)
{
	const struct atoll_graph *graph = &model->graph[0];

	*rewrite = (struct rewrite){ .model = model, .graph = graph,
				     .memory = MEMORY_UNLIMITED,
				     .builder = atoll_builder_new(description) };
	rewrite->is_used = memory_take(&rewrite->memory, graph->tensors);
	rewrite->number = memory_take(&rewrite->memory,
				      graph->tensors * sizeof(*rewrite->number));
	if (!rewrite->builder || !rewrite->is_used || !rewrite->number)
		return no_memory(rewrite, err);
	return 0;
}

void rewrite_end(struct rewrite *rewrite)
{
	atoll_builder_free(rewrite->builder);
	memory_free(&rewrite->memory);
}

void rewrite_use(struct rewrite *rewrite, uint32_t count, const int32_t *tensor)
{
	for (uint32_t i = 0; i < count; i++)
		if (tensor[i] >= 0)
			rewrite->is_used[tensor[i]] = true;
}

void rewrite_use_operator(struct rewrite *rewrite, const struct atoll_operator *op)
{
	rewrite_use(rewrite, op->inputs, op->input);
	rewrite_use(rewrite, op->outputs, op->output);
	rewrite_use(rewrite, op->intermediates, op->intermediate);
}

void rewrite_tensors(struct rewrite *rewrite, const bool *is_empty)
{
	for (uint32_t i = 0; i < rewrite->graph->tensors; i++) {
		struct atoll_builder_tensor copy;

		if (!rewrite->is_used[i])
			continue;
		copy = copy_tensor(rewrite->graph, i);
		if (is_empty && is_empty[i]) {
			copy.data = NULL;
			copy.bytes = 0;
		}
		rewrite->number[i] = atoll_builder_tensor(rewrite->builder, &copy);
	}
}

const int32_t *rewrite_list(struct rewrite *rewrite, uint32_t count, const int32_t *tensor)
{
	int32_t *list = memory_take(&rewrite->memory, count * sizeof(*list));

	for (uint32_t i = 0; list && i < count; i++)
		list[i] = tensor[i] < 0 ? -1 : rewrite->number[tensor[i]];
	return list;
}

int rewrite_operator(struct rewrite *rewrite, const struct atoll_operator *op,
		     struct atoll_error *err)
{
	struct atoll_builder_operator copy;
	int r = copy_operator(op, &rewrite->memory, &copy, err);

	if (r < 0) {
		(void)atoll_error_prefix(err, "%s", atoll_error_path(rewrite->model->path));
		return r;
	}
	copy.input = rewrite_list(rewrite, op->inputs, op->input);
	copy.output = rewrite_list(rewrite, op->outputs, op->output);
	copy.intermediate = rewrite_list(rewrite, op->intermediates, op->intermediate);
	if (!copy.input || !copy.output || !copy.intermediate)
		return no_memory(rewrite, err);
	atoll_builder_operator(rewrite->builder, &copy);
	return 0;
}

int rewrite_finish(struct rewrite *rewrite, void **bytes, size_t *size,
		   struct atoll_error *err)
{
	int r = atoll_builder_finish(rewrite->builder, bytes, size, err);

	if (r < 0)
		(void)atoll_error_prefix(err, "%s", atoll_error_path(rewrite->model->path));
	return r;
}
