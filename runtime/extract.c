/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the wanted outputs back to the given inputs: an operator belongs to the
 * part when a tensor it writes is needed, and then all it reads is needed too.
 * The rest is copying, with tensors numbered anew.
 */
#include "runtime/extract.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/builder.h"
#include "runtime/copy.h"
#include "runtime/memory.h"
#include "runtime/schema/tflite.h"

struct part {
	const struct atoll_model *model;
	const struct atoll_graph *graph;
	struct memory memory;          /* of all the lists */
	int32_t *input, *output;       /* tensors of the graph, as named */
	uint32_t inputs, outputs;
	bool *is_input, *is_needed;    /* [graph->tensors] */
	bool *is_taken;                /* [graph->operators] */
	int32_t *number;               /* [graph->tensors] in the part */
	struct atoll_builder *builder;
	struct atoll_error *err;
};

static int no_memory(const struct part *part)
{
	return atoll_error_set(part->err, -ENOMEM, "%s: no memory for a part of it",
			       atoll_error_path(part->model->path));
}

/* A sentence about one tensor. */
__attribute__((format(printf, 3, 4)))
static int refuse(const struct part *part, const char *tensor, const char *format, ...)
{
	char why[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return atoll_error_set(part->err, -EINVAL, "%s: tensor %.60s: %s",
			       atoll_error_path(part->model->path), tensor, why);
}

/* Converters give several constants the same name, but nothing that is computed. */
static int find_tensor(const struct part *part, const char *name, int32_t *index)
{
	const struct atoll_graph *graph = part->graph;
	bool is_constant = false;
	int32_t found = -1;

	for (uint32_t i = 0; i < graph->tensors; i++) {
		if (strcmp(graph->tensor[i].name, name) != 0)
			continue;
		if (graph->tensor[i].data)
			is_constant = true;
		else if (found >= 0)
			return refuse(part, name, "tensors %" PRId32 " and %" PRIu32
				      " both have this name", found, i);
		else
			found = (int32_t)i;
	}
	if (found < 0)
		return refuse(part, name, is_constant ? "is constant" : "there is none");
	*index = found;
	return 0;
}

static int find_tensors(struct part *part, uint32_t count, const char *const *name,
			int32_t **index)
{
	int r = 0;

	*index = memory_take(&part->memory, count * sizeof(**index));
	if (!*index)
		return no_memory(part);
	for (uint32_t i = 0; i < count && r == 0; i++)
		r = find_tensor(part, name[i], &(*index)[i]);
	return r;
}

static int find_ends(struct part *part, const char *const *input, const char *const *output)
{
	const struct atoll_graph *graph = part->graph;
	int r = find_tensors(part, part->inputs, input, &part->input);

	if (r == 0)
		r = find_tensors(part, part->outputs, output, &part->output);
	part->is_input = memory_take(&part->memory, graph->tensors);
	part->is_needed = memory_take(&part->memory, graph->tensors);
	part->is_taken = memory_take(&part->memory, graph->operators);
	part->number = memory_take(&part->memory, graph->tensors * sizeof(*part->number));
	if (r == 0 && (!part->is_input || !part->is_needed || !part->is_taken ||
		       !part->number))
		r = no_memory(part);
	for (uint32_t i = 0; i < part->inputs && r == 0; i++)
		part->is_input[part->input[i]] = true;
	for (uint32_t i = 0; i < part->outputs && r == 0; i++) {
		part->is_needed[part->output[i]] = true;
		if (part->is_input[part->output[i]])
			r = refuse(part, output[i], "is input and output at once");
	}
	return r;
}

static bool is_needed(const struct part *part, const struct atoll_operator *op)
{
	for (uint32_t i = 0; i < op->outputs; i++)
		if (part->is_needed[op->output[i]])
			return true;
	return false;
}

/* The tensors of a list: needed from now on, unless given. */
static void need(struct part *part, uint32_t count, const int32_t *tensor)
{
	for (uint32_t i = 0; i < count; i++)
		if (tensor[i] >= 0 && !part->is_input[tensor[i]])
			part->is_needed[tensor[i]] = true;
}

static bool has_graphs(const struct atoll_operator *op)
{
	return op->code == BUILTIN_IF || op->code == BUILTIN_WHILE ||
	       op->code == BUILTIN_CALL || op->code == BUILTIN_CALL_ONCE ||
	       (op->code >= BUILTIN_STABLEHLO_FIRST && op->code <= BUILTIN_STABLEHLO_LAST);
}

static int take_operator(struct part *part, const struct atoll_operator *op)
{
	if (has_graphs(op))
		return refuse(part, part->graph->tensor[op->output[0]].name,
			      "comes from %s, whose graphs cannot be taken along", op->name);
	for (uint32_t i = 0; i < op->outputs; i++)
		if (part->is_input[op->output[i]] &&
		    !part->graph->is_variable[op->output[i]])
			return refuse(part, part->graph->tensor[op->output[i]].name,
				      "is an input, but computed inside, by %s", op->name);
	need(part, op->inputs, op->input);
	need(part, op->outputs, op->output);
	need(part, op->intermediates, op->intermediate);
	return 0;
}

/* Again until nothing is added: what a later operator leaves in a variable is read
   by an earlier one in the next run. */
static int take_operators(struct part *part)
{
	const struct atoll_graph *graph = part->graph;
	bool is_done = false;

	while (!is_done) {
		is_done = true;
		for (uint32_t i = graph->operators; i-- > 0;) {
			int r;

			if (part->is_taken[i] || !is_needed(part, &graph->op[i]))
				continue;
			part->is_taken[i] = true;
			is_done = false;
			r = take_operator(part, &graph->op[i]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Everything needed has a source inside. */
static int check_sources(const struct part *part)
{
	const struct atoll_graph *graph = part->graph;

	for (uint32_t i = 0; i < graph->inputs; i++)
		if (part->is_needed[graph->input[i]])
			return refuse(part, graph->tensor[graph->input[i]].name,
				      "is needed, but not among the inputs");
	return 0;
}

static void add_tensor(struct part *part, uint32_t index)
{
	const struct atoll_builder_tensor copy = copy_tensor(part->graph, index);

	part->number[index] = atoll_builder_tensor(part->builder, &copy);
}

/* The list with the numbers of the part; left-out tensors stay left out. */
static const int32_t *renumber(struct part *part, uint32_t count, const int32_t *tensor)
{
	int32_t *list = memory_take(&part->memory, count * sizeof(*list));

	for (uint32_t i = 0; list && i < count; i++)
		list[i] = tensor[i] < 0 ? -1 : part->number[tensor[i]];
	return list;
}

static int add_operator(struct part *part, const struct atoll_operator *op)
{
	struct atoll_builder_operator copy;
	int r = copy_operator(op, &part->memory, &copy, part->err);

	if (r < 0) {
		atoll_error_prefix(part->err, "%s", atoll_error_path(part->model->path));
		return r;
	}
	copy.input = renumber(part, op->inputs, op->input);
	copy.output = renumber(part, op->outputs, op->output);
	copy.intermediate = renumber(part, op->intermediates, op->intermediate);
	if (!copy.input || !copy.output || !copy.intermediate)
		return no_memory(part);
	atoll_builder_operator(part->builder, &copy);
	return 0;
}

static int build(struct part *part)
{
	const struct atoll_graph *graph = part->graph;
	const int32_t *input, *output;

	for (uint32_t i = 0; i < graph->tensors; i++)
		if (part->is_needed[i] || part->is_input[i])
			add_tensor(part, i);
	for (uint32_t i = 0; i < graph->operators; i++) {
		int r = part->is_taken[i] ? add_operator(part, &graph->op[i]) : 0;

		if (r < 0)
			return r;
	}
	input = renumber(part, part->inputs, part->input);
	output = renumber(part, part->outputs, part->output);
	if (!input || !output)
		return no_memory(part);
	atoll_builder_inputs(part->builder, part->inputs, input);
	atoll_builder_outputs(part->builder, part->outputs, output);
	return 0;
}

static struct atoll_model *finish(struct part *part)
{
	void *bytes;
	size_t size;
	int r = atoll_builder_finish(part->builder, &bytes, &size, part->err);

	if (r == 0)
		return atoll_model_take_bytes(bytes, size, part->model->path, part->err);
	atoll_error_prefix(part->err, "%s", atoll_error_path(part->model->path));
	return NULL;
}

struct atoll_model *extract_part(const struct atoll_model *model, uint32_t inputs,
				 const char *const *input, uint32_t outputs,
				 const char *const *output, struct atoll_error *err)
{
	struct part part = {
		.model = model, .graph = &model->graph[0], .memory = MEMORY_UNLIMITED,
		.inputs = inputs, .outputs = outputs, .err = err,
		.builder = atoll_builder_new(model->description),
	};
	struct atoll_model *extracted = NULL;
	int r = part.builder ? find_ends(&part, input, output) : no_memory(&part);

	if (r == 0)
		r = take_operators(&part);
	if (r == 0)
		r = check_sources(&part);
	if (r == 0)
		r = build(&part);
	if (r == 0)
		extracted = finish(&part);
	atoll_builder_free(part.builder);
	memory_free(&part.memory);
	return extracted;
}
