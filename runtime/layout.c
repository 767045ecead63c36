/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/layout.h"

#include <errno.h>

#include "runtime/plan.h"

/*
 * A block of the arena belongs to a tensor, or to the first of a chain of views
 * on the same bytes, or is an operator's scratch.
 */
struct arrangement {
	struct layout *layout;
	struct plan_block *block; /* [blocks] */
	uint32_t blocks;
	uint32_t *of_tensor;      /* [tensors] block or NONE */
	uint32_t *of_scratch;     /* [operators] block or NONE */
};

#define NONE UINT32_MAX

static uint32_t tensor_index(const struct arrangement *a,
			     const struct atoll_tensor *tensor)
{
	return (uint32_t)(tensor - a->layout->tensor);
}

static uint32_t new_block(struct arrangement *a, size_t bytes, uint32_t first,
			  uint32_t last)
{
	a->block[a->blocks] = (struct plan_block){
		.bytes = bytes, .first = first, .last = last };
	return a->blocks++;
}

/* A block for a tensor that is born at `first`, unless it has one already or
   needs none. */
static void born(struct arrangement *a, const struct atoll_tensor *tensor,
		 uint32_t first, uint32_t last)
{
	uint32_t index = tensor_index(a, tensor);

	if (!tensor->data && a->of_tensor[index] == NONE)
		a->of_tensor[index] = new_block(a, tensor->bytes, first, last);
}

static void used(struct arrangement *a, const struct atoll_tensor *tensor, uint32_t step)
{
	uint32_t block = a->of_tensor[tensor_index(a, tensor)];

	if (block != NONE && a->block[block].last < step)
		a->block[block].last = step;
}

/* May output 0 be the same memory as input 0? */
static bool is_shared_view(const struct arrangement *a, const struct kernel_node *node)
{
	return node->is_view && !a->layout->keeps_tensors &&
	       !node->input[0]->data && !node->output[0]->data &&
	       !a->layout->graph->is_variable[tensor_index(a, node->input[0])] &&
	       node->input[0]->bytes == node->output[0]->bytes;
}

static void arrange_operator(struct arrangement *a, uint32_t step)
{
	const struct kernel_node *node = &a->layout->node[step];
	uint32_t last = a->layout->keeps_tensors ? a->layout->graph->operators : step;

	for (uint32_t i = 0; i < node->inputs; i++)
		if (node->input[i])
			used(a, node->input[i], step);
	if (is_shared_view(a, node))
		a->of_tensor[tensor_index(a, node->output[0])] =
			a->of_tensor[tensor_index(a, node->input[0])];
	for (uint32_t i = 0; i < node->outputs; i++) {
		born(a, node->output[i], step, last);
		used(a, node->output[i], step);
	}
	if (node->scratch_bytes > 0)
		a->of_scratch[step] = new_block(a, node->scratch_bytes, step, step);
}

static void arrange(struct arrangement *a)
{
	const struct atoll_graph *graph = a->layout->graph;
	uint32_t end = graph->operators;

	/* Inputs stay as the caller wrote them, so that a run can be repeated. */
	for (uint32_t i = 0; i < graph->inputs; i++)
		born(a, &a->layout->tensor[graph->input[i]], 0, end);
	for (uint32_t i = 0; i < graph->tensors; i++)
		if (graph->is_variable[i])
			born(a, &a->layout->tensor[i], 0, end);
	for (uint32_t step = 0; step < end; step++)
		if (!a->layout->is_folded[step])
			arrange_operator(a, step);
	for (uint32_t i = 0; i < graph->outputs; i++) {
		born(a, &a->layout->tensor[graph->output[i]], 0, end);
		used(a, &a->layout->tensor[graph->output[i]], end);
	}
}

/* Take the arena and tell everyone their place in it. */
static int place(struct arrangement *a, struct memory *memory)
{
	struct layout *layout = a->layout;
	int r = plan_pack(a->block, a->blocks, &layout->arena_bytes);

	if (r < 0)
		return r;
	layout->arena = memory_take(memory, layout->arena_bytes);
	if (!layout->arena)
		return -ENOMEM;
	for (uint32_t i = 0; i < layout->graph->tensors; i++)
		if (a->of_tensor[i] != NONE)
			layout->tensor[i].data =
				layout->arena + a->block[a->of_tensor[i]].offset;
	for (uint32_t i = 0; i < layout->graph->operators; i++) {
		/* Never NULL: kernels with no need of it add 0 to it. */
		layout->node[i].scratch = layout->arena;
		if (a->of_scratch[i] != NONE)
			layout->node[i].scratch =
				layout->arena + a->block[a->of_scratch[i]].offset;
	}
	return 0;
}

int layout_make(struct layout *layout, struct memory *memory)
{
	uint32_t tensors = layout->graph->tensors, operators = layout->graph->operators;
	struct memory work = MEMORY_UNLIMITED;
	struct arrangement a = {
		.layout = layout,
		.block = memory_take(&work, ((size_t)tensors + operators) *
					    sizeof(*a.block)),
		.of_tensor = memory_take(&work, tensors * sizeof(*a.of_tensor)),
		.of_scratch = memory_take(&work, operators * sizeof(*a.of_scratch)),
	};
	int r = -ENOMEM;

	if (a.block && a.of_tensor && a.of_scratch) {
		for (uint32_t i = 0; i < tensors; i++)
			a.of_tensor[i] = NONE;
		for (uint32_t i = 0; i < operators; i++)
			a.of_scratch[i] = NONE;
		arrange(&a);
		r = place(&a, memory);
	}
	memory_free(&work);
	return r;
}
