/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment as a model of its own. What it reads from others are its inputs, what others
 * read its outputs, by ascending index, so that the outputs of one and the inputs of the
 * next stand in the same order. The first has all inputs of the model and the last all
 * its outputs, as they stand there: an output of the model that is computed earlier is
 * handed on to the last, which has it as input and output.
 */
#include "runtime/compiler/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/builder.h"
#include "runtime/compiler/segment_inside.h"
#include "runtime/copy.h"

struct cut {
	const struct atoll_segments *segments;
	const struct compiler_graph *graph;
	const struct atoll_graph *from;
	uint32_t first, count;   /* places */
	struct memory memory;
	bool *is_needed;         /* [tensors] to be copied */
	bool *is_input;          /* [tensors] */
	int32_t *number;         /* [tensors] in the segment */
	uint32_t inputs, outputs;
	int32_t *input, *output; /* of the segment, numbers of the model */
	struct atoll_builder *builder;
	struct atoll_error *err;
};

static int no_memory(const struct cut *cut)
{
	return atoll_error_set(cut->err, -ENOMEM, "%s: no memory for a segment",
			       atoll_error_path(cut->graph->model->path));
}

static int refuse(const struct cut *cut, int32_t tensor, const char *why)
{
	return atoll_error_set(cut->err, -EINVAL, "%s: tensor %" PRId32 " %.60s: %s",
			       atoll_error_path(cut->graph->model->path), tensor,
			       cut->from->tensor[tensor].name, why);
}

static bool is_inside(const struct cut *cut, uint32_t op)
{
	return cut->segments->place[op] >= cut->first &&
	       cut->segments->place[op] - cut->first < cut->count;
}

static bool is_last(const struct cut *cut)
{
	return cut->first + cut->count == cut->segments->operators;
}

static bool is_read(const struct cut *cut, int32_t tensor, bool inside)
{
	const struct compiler_graph *graph = cut->graph;

	for (uint32_t i = graph->first_reader[tensor]; i < graph->first_reader[tensor + 1]; i++)
		if (is_inside(cut, graph->reader[i]) == inside)
			return true;
	return false;
}

static bool is_computed(const struct cut *cut, int32_t tensor)
{
	return cut->graph->producer[tensor] >= 0 &&
	       is_inside(cut, (uint32_t)cut->graph->producer[tensor]);
}

/* Has other contents in each run, which one operator or the caller gives it. */
static bool comes_and_goes(const struct cut *cut, int32_t tensor)
{
	return !cut->from->tensor[tensor].data && !cut->from->is_variable[tensor];
}

static bool is_input(const struct cut *cut, int32_t tensor)
{
	if (!comes_and_goes(cut, tensor) || is_computed(cut, tensor))
		return false;
	return is_read(cut, tensor, true) ||
	       (is_last(cut) && cut->graph->is_output[tensor]);
}

/* What others read comes later: all before this segment is computed already. */
static bool is_output(const struct cut *cut, int32_t tensor)
{
	return comes_and_goes(cut, tensor) && is_computed(cut, tensor) &&
	       (is_read(cut, tensor, false) || cut->graph->is_output[tensor]);
}

/* Segments find their tensors by name. */
static int check_name(const struct cut *cut, int32_t tensor)
{
	const char *name = cut->from->tensor[tensor].name;

	if (!*name)
		return refuse(cut, tensor, "goes from segment to segment, but has no name");
	for (uint32_t t = 0; t < cut->from->tensors; t++)
		if ((int32_t)t != tensor && comes_and_goes(cut, (int32_t)t) &&
		    strcmp(cut->from->tensor[t].name, name) == 0)
			return refuse(cut, tensor, "goes from segment to segment, but "
				      "another has its name");
	return 0;
}

/* What stays from run to run has to stay in one place. */
static int check_state(const struct cut *cut, int32_t tensor)
{
	bool is_ours = is_read(cut, tensor, true) || is_computed(cut, tensor);
	bool is_others = is_read(cut, tensor, false) ||
		(cut->graph->producer[tensor] >= 0 && !is_computed(cut, tensor));

	return is_ours && is_others ?
		refuse(cut, tensor, "keeps a state that two segments use") : 0;
}

static int check_tensors(const struct cut *cut)
{
	int r = 0;

	for (uint32_t t = 0; t < cut->from->tensors && r == 0; t++) {
		int32_t tensor = (int32_t)t;

		if (cut->from->is_variable[t])
			r = check_state(cut, tensor);
		else if ((cut->first > 0 && is_input(cut, tensor)) ||
			 (!is_last(cut) && is_output(cut, tensor)))
			r = check_name(cut, tensor);
	}
	return r;
}

static int take_tables(struct cut *cut)
{
	const size_t tensors = cut->from->tensors;
	/* A list of the model may name a tensor twice. */
	const size_t ends = tensors + cut->from->inputs + cut->from->outputs;

	cut->is_needed = memory_take(&cut->memory, tensors * sizeof(*cut->is_needed));
	cut->is_input = memory_take(&cut->memory, tensors * sizeof(*cut->is_input));
	cut->number = memory_take(&cut->memory, tensors * sizeof(*cut->number));
	cut->input = memory_take(&cut->memory, ends * sizeof(*cut->input));
	cut->output = memory_take(&cut->memory, ends * sizeof(*cut->output));
	return cut->is_needed && cut->is_input && cut->number && cut->input && cut->output ?
		0 : no_memory(cut);
}

static void add_input(struct cut *cut, int32_t tensor)
{
	if (cut->is_input[tensor])
		return;
	cut->is_input[tensor] = true;
	cut->is_needed[tensor] = true;
	cut->input[cut->inputs++] = tensor;
}

static void add_output(struct cut *cut, int32_t tensor)
{
	cut->is_needed[tensor] = true;
	cut->output[cut->outputs++] = tensor;
}

static void find_ends(struct cut *cut)
{
	const struct atoll_graph *from = cut->from;

	for (uint32_t i = 0; cut->first == 0 && i < from->inputs; i++)
		add_input(cut, from->input[i]);
	for (uint32_t t = 0; t < from->tensors; t++)
		if (is_input(cut, (int32_t)t))
			add_input(cut, (int32_t)t);
	for (uint32_t i = 0; is_last(cut) && i < from->outputs; i++)
		add_output(cut, from->output[i]);
	for (uint32_t t = 0; !is_last(cut) && t < from->tensors; t++)
		if (is_output(cut, (int32_t)t))
			add_output(cut, (int32_t)t);
}

static void need(struct cut *cut, uint32_t count, const int32_t *tensor)
{
	for (uint32_t i = 0; i < count; i++)
		if (tensor[i] >= 0)
			cut->is_needed[tensor[i]] = true;
}

/* The list with the numbers of the segment; left-out tensors stay left out. */
static const int32_t *renumber(struct cut *cut, uint32_t count, const int32_t *tensor)
{
	int32_t *list = memory_take(&cut->memory, count * sizeof(*list));

	for (uint32_t i = 0; list && i < count; i++)
		list[i] = tensor[i] < 0 ? -1 : cut->number[tensor[i]];
	return list;
}

static void add_tensors(struct cut *cut)
{
	for (uint32_t o = 0; o < cut->from->operators; o++) {
		const struct atoll_operator *op = &cut->from->op[o];

		if (!is_inside(cut, o))
			continue;
		need(cut, op->inputs, op->input);
		need(cut, op->outputs, op->output);
		need(cut, op->intermediates, op->intermediate);
	}
	for (uint32_t t = 0; t < cut->from->tensors; t++)
		if (cut->is_needed[t]) {
			const struct atoll_builder_tensor copy = copy_tensor(cut->from, t);

			cut->number[t] = atoll_builder_tensor(cut->builder, &copy);
		}
}

static int add_operator(struct cut *cut, const struct atoll_operator *op)
{
	struct atoll_builder_operator copy;
	int r = copy_operator(op, &cut->memory, &copy, cut->err);

	if (r < 0) {
		atoll_error_prefix(cut->err, "%s", atoll_error_path(cut->graph->model->path));
		return r;
	}
	copy.input = renumber(cut, op->inputs, op->input);
	copy.output = renumber(cut, op->outputs, op->output);
	copy.intermediate = renumber(cut, op->intermediates, op->intermediate);
	if (!copy.input || !copy.output || !copy.intermediate)
		return no_memory(cut);
	atoll_builder_operator(cut->builder, &copy);
	return 0;
}

/* Operators in the order of the file, which is one in which they can run. */
static int build(struct cut *cut)
{
	const int32_t *input, *output;
	int r = 0;

	if (*cut->from->name)
		atoll_builder_graph_name(cut->builder, cut->from->name);
	find_ends(cut);
	add_tensors(cut);
	for (uint32_t o = 0; o < cut->from->operators && r == 0; o++)
		if (is_inside(cut, o))
			r = add_operator(cut, &cut->from->op[o]);
	input = renumber(cut, cut->inputs, cut->input);
	output = renumber(cut, cut->outputs, cut->output);
	if (r < 0 || !input || !output)
		return r < 0 ? r : no_memory(cut);
	atoll_builder_inputs(cut->builder, cut->inputs, input);
	atoll_builder_outputs(cut->builder, cut->outputs, output);
	return 0;
}

static struct atoll_model *finish(const struct cut *cut)
{
	void *bytes;
	size_t size;
	int r = atoll_builder_finish(cut->builder, &bytes, &size, cut->err);

	if (r == 0)
		return atoll_model_take_bytes(bytes, size, cut->graph->model->path, cut->err);
	atoll_error_prefix(cut->err, "%s", atoll_error_path(cut->graph->model->path));
	return NULL;
}

ATOLL_API struct atoll_model *atoll_segments_cut(const struct atoll_segments *segments,
						 uint32_t first, uint32_t count,
						 struct atoll_error *err)
{
	const struct atoll_model *model = segments->graph.model;
	struct cut cut = {
		.segments = segments, .graph = &segments->graph, .from = &model->graph[0],
		.first = first, .count = count, .memory = MEMORY_UNLIMITED, .err = err,
	};
	struct atoll_model *made = NULL;
	int r;

	if (count == 0 || first > segments->operators || count > segments->operators - first) {
		atoll_error_set(err, -EINVAL, "%s: %" PRIu32 " operators from place %" PRIu32
				" of %" PRIu32, atoll_error_path(model->path), count, first,
				segments->operators);
		return NULL;
	}
	if (model->graphs > 1) {
		atoll_error_set(err, -EINVAL, "%s: %" PRIu32 " graphs, only one can be cut",
				atoll_error_path(model->path), model->graphs);
		return NULL;
	}
	cut.builder = atoll_builder_new(model->description);
	r = cut.builder ? take_tables(&cut) : no_memory(&cut);
	if (r == 0)
		r = check_tensors(&cut);
	if (r == 0)
		r = build(&cut);
	if (r == 0)
		made = finish(&cut);
	atoll_builder_free(cut.builder);
	memory_free(&cut.memory);
	return made;
}
