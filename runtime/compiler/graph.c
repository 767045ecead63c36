/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import: the tables of producers and readers, and what is refused before any operator
 * is looked at. Cheap questions come first; opening a session on the CPU, which packs
 * all weights, is the last of them.
 */
#include "runtime/compiler/graph.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/edgetpu/package.h"
#include "runtime/flatbuf.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "runtime/support.h"

struct import {
	const struct atoll_model *model;
	const struct atoll_graph *graph;
	enum atoll_compile_failure failure;
	struct atoll_error *err;
};

/* "model.tflite: operator 3 CONV_2D", for the beginning of a sentence. */
static int name_operator(const struct import *import, uint32_t op)
{
	return atoll_error_prefix(import->err, "%s: operator %" PRIu32 " %.60s",
				  atoll_error_path(import->model->path), op,
				  import->graph->op[op].name);
}

/* Tables */

/* Operators are met in order, so an operator that reads a tensor twice is the last of
   its readers so far. */
static uint32_t count_readers(const struct atoll_graph *graph, uint32_t *count,
			      uint32_t *newest)
{
	uint32_t all = 0;

	for (uint32_t o = 0; o < graph->operators; o++)
		for (uint32_t i = 0; i < graph->op[o].inputs; i++) {
			int32_t tensor = graph->op[o].input[i];

			if (tensor < 0 || newest[tensor] == o + 1)
				continue;
			newest[tensor] = o + 1;
			count[tensor]++;
			all++;
		}
	return all;
}

static int list_readers(struct compiler_graph *graph)
{
	const struct atoll_graph *from = graph->graph;
	const size_t tensors = from->tensors;
	uint32_t *first = memory_take(&graph->memory, (tensors + 1) * sizeof(*first));
	uint32_t *count = calloc(tensors + 1, sizeof(*count));
	uint32_t *newest = calloc(tensors + 1, sizeof(*newest));
	uint32_t *reader = NULL;
	int r = -ENOMEM;

	if (!first || !count || !newest)
		goto done;
	reader = memory_take(&graph->memory,
			     count_readers(from, count, newest) * sizeof(*reader));
	if (!reader)
		goto done;
	for (size_t t = 0; t < tensors; t++) {
		first[t + 1] = first[t] + count[t];
		count[t] = first[t];
		newest[t] = 0;
	}
	for (uint32_t o = 0; o < from->operators; o++)
		for (uint32_t i = 0; i < from->op[o].inputs; i++) {
			int32_t tensor = from->op[o].input[i];

			if (tensor < 0 || newest[tensor] == o + 1)
				continue;
			newest[tensor] = o + 1;
			reader[count[tensor]++] = o;
		}
	graph->first_reader = first;
	graph->reader = reader;
	r = 0;
done:
	free(count);
	free(newest);
	return r;
}

static int list_producers(struct compiler_graph *graph)
{
	const struct atoll_graph *from = graph->graph;
	int32_t *producer = memory_take(&graph->memory, from->tensors * sizeof(*producer));
	bool *is_output = memory_take(&graph->memory, from->tensors * sizeof(*is_output));

	if (!producer || !is_output)
		return -ENOMEM;
	for (uint32_t t = 0; t < from->tensors; t++)
		producer[t] = -1;
	for (uint32_t o = 0; o < from->operators; o++)
		for (uint32_t i = 0; i < from->op[o].outputs; i++)
			producer[from->op[o].output[i]] = (int32_t)o;
	for (uint32_t i = 0; i < from->outputs; i++)
		is_output[from->output[i]] = true;
	graph->producer = producer;
	graph->is_output = is_output;
	return 0;
}

/* Refusals */

/* Operators of the format: is there a kernel that knows this version? */
static int check_builtin_kernels(struct import *import)
{
	for (uint32_t o = 0; o < import->graph->operators; o++) {
		const struct atoll_operator *op = &import->graph->op[o];
		struct atoll_support support;
		int r = 0;

		if (op->code == BUILTIN_CUSTOM)
			continue;
		if (!atoll_support_of(op, &support))
			r = atoll_error_set(import->err, -ENOTSUP, "no kernel");
		else if (op->version > support.version_max)
			r = atoll_error_set(import->err, -ENOTSUP, "version %" PRId32
					    ", at most %" PRId32 " is supported",
					    op->version, support.version_max);
		if (r < 0) {
			import->failure = ATOLL_COMPILE_NO_KERNEL;
			(void)name_operator(import, o);
			return r;
		}
	}
	return 0;
}

/* Custom ones, such as those that decode detections, stay on the CPU, so the CPU has
   to know them. */
static int check_custom_kernels(struct import *import)
{
	for (uint32_t o = 0; o < import->graph->operators; o++) {
		const struct atoll_operator *op = &import->graph->op[o];
		struct atoll_support support;

		if (op->code != BUILTIN_CUSTOM || atoll_support_of(op, &support))
			continue;
		import->failure = ATOLL_COMPILE_NO_KERNEL;
		(void)atoll_error_set(import->err, -ENOTSUP, edgetpu_is_compiled(op) ?
				      "was compiled already" : "no kernel");
		(void)name_operator(import, o);
		return -ENOTSUP;
	}
	return 0;
}

static bool is_quantized(const struct atoll_tensor *tensor)
{
	return (tensor->type == ATOLL_UINT8 || tensor->type == ATOLL_INT8 ||
		tensor->type == ATOLL_INT16) && tensor->quant.scale > 0;
}

/*
 * Some operator computes on quantized numbers. Weights alone do not count, nor does a
 * graph that quantizes only to go back at once: DEQUANTIZE leaves the quantized world,
 * whoever else reads a quantized activation is in it.
 */
static int check_quantized(struct import *import)
{
	const struct atoll_graph *graph = import->graph;

	for (uint32_t o = 0; o < graph->operators; o++) {
		const struct atoll_operator *op = &graph->op[o];

		if (op->code == BUILTIN_DEQUANTIZE)
			continue;
		for (uint32_t i = 0; i < op->inputs; i++)
			if (op->input[i] >= 0 && !graph->tensor[op->input[i]].data &&
			    is_quantized(&graph->tensor[op->input[i]]))
				return 0;
	}
	import->failure = ATOLL_COMPILE_NOT_QUANTIZED;
	return atoll_error_set(import->err, -EINVAL, "%s: not quantized: none of %" PRIu32
			       " operators computes on quantized numbers",
			       atoll_error_path(import->model->path), graph->operators);
}

/*
 * shape_signature has -1 where a size is not known. The first dimension may be such,
 * when it is 1: it is the batch, and the vendor's compiler takes models whose files say
 * so (Keras writes them by default) for batches of one.
 */
static int check_signature(struct import *import, uint32_t index, struct flatbuf_table table)
{
	const struct atoll_tensor *tensor = &import->graph->tensor[index];
	struct flatbuf_vector signature = flatbuf_vector(table, TENSOR_SHAPE_SIGNATURE);

	for (uint32_t d = 0; d < signature.count; d++) {
		if (flatbuf_vector_i32(signature, d) >= 0)
			continue;
		if (d == 0 && tensor->rank > 0 && tensor->dims[0] == 1)
			continue;
		import->failure = ATOLL_COMPILE_DYNAMIC;
		return atoll_error_set(import->err, -EINVAL, "%s: tensor %.60s: dimension %"
				       PRIu32 " has a size that is known only at run time",
				       atoll_error_path(import->model->path), tensor->name,
				       d);
	}
	return 0;
}

static int check_signatures(struct import *import)
{
	struct flatbuf_table root;
	struct flatbuf_vector tensors;
	int r = flatbuf_verify(import->model->bytes, import->model->size, &tflite_model_type,
			       NULL, &root, import->err);

	if (r < 0)
		return r;
	root = flatbuf_vector_table(flatbuf_vector(root, MODEL_SUBGRAPHS), 0);
	tensors = flatbuf_vector(root, SUBGRAPH_TENSORS);
	for (uint32_t t = 0; t < tensors.count && r == 0; t++)
		r = check_signature(import, t, flatbuf_vector_table(tensors, t));
	return r;
}

/* Inputs that say what shape the output has, one bit each. */
static uint32_t shape_inputs(uint32_t code)
{
	switch (code) {
	case BUILTIN_SPLIT: case BUILTIN_FILL: case BUILTIN_TRANSPOSE_CONV:
		return 1 << 0;
	case BUILTIN_RESHAPE: case BUILTIN_RESIZE_BILINEAR: case BUILTIN_TRANSPOSE:
	case BUILTIN_RESIZE_NEAREST_NEIGHBOR: case BUILTIN_PAD: case BUILTIN_PADV2:
	case BUILTIN_MIRROR_PAD: case BUILTIN_TILE: case BUILTIN_BROADCAST_TO:
	case BUILTIN_EXPAND_DIMS: case BUILTIN_MEAN: case BUILTIN_SUM:
	case BUILTIN_REDUCE_MAX: case BUILTIN_REDUCE_MIN: case BUILTIN_REDUCE_PROD:
	case BUILTIN_REDUCE_ANY: case BUILTIN_REDUCE_ALL: case BUILTIN_ARG_MAX:
	case BUILTIN_ARG_MIN: case BUILTIN_TOPK_V2: case BUILTIN_ONE_HOT:
		return 1 << 1;
	case BUILTIN_SLICE: case BUILTIN_SPLIT_V: case BUILTIN_SPACE_TO_BATCH_ND:
	case BUILTIN_BATCH_TO_SPACE_ND:
		return 1 << 1 | 1 << 2;
	case BUILTIN_STRIDED_SLICE:
		return 1 << 1 | 1 << 2 | 1 << 3;
	case BUILTIN_RANGE:
		return 1 << 0 | 1 << 1 | 1 << 2;
	case BUILTIN_WHERE: case BUILTIN_UNIQUE: /* as many as there are */
		return 1 << 0;
	default:
		return 0;
	}
}

static bool is_shape_known(const struct atoll_operator *op, const bool *is_known)
{
	uint32_t mask = shape_inputs(op->code);

	for (uint32_t i = 0; i < op->inputs; i++)
		if (i < 32 && mask >> i & 1 && op->input[i] >= 0 && !is_known[op->input[i]])
			return false;
	return true;
}

/* Contents that follow from constants, or from shapes alone. */
static bool is_foldable(const struct atoll_operator *op, const bool *is_known)
{
	if (op->code == BUILTIN_SHAPE || op->code == BUILTIN_RANK)
		return true;
	for (uint32_t i = 0; i < op->inputs; i++)
		if (op->input[i] >= 0 && !is_known[op->input[i]])
			return false;
	return op->inputs > 0;
}

/* The first operator whose output has a size that its input decides, or -1. */
static int64_t first_dynamic(const struct atoll_graph *graph)
{
	bool *is_known = calloc(graph->tensors + (size_t)1, sizeof(*is_known));
	int64_t found = -1;

	for (uint32_t t = 0; is_known && t < graph->tensors; t++)
		is_known[t] = graph->tensor[t].data != NULL;
	for (uint32_t o = 0; is_known && o < graph->operators && found < 0; o++) {
		const struct atoll_operator *op = &graph->op[o];

		if (!is_shape_known(op, is_known))
			found = o;
		else if (is_foldable(op, is_known))
			for (uint32_t i = 0; i < op->outputs; i++)
				is_known[op->output[i]] = true;
	}
	free(is_known);
	return found;
}

/* Files can say of a tensor what its operator does not make; sizes of what is compiled
   come from them. Custom operators' outputs often have none there. */
static int check_size(struct import *import, uint32_t op, const struct atoll_session *session,
		      int32_t index)
{
	const struct atoll_tensor *said = &import->graph->tensor[index];
	const struct atoll_tensor *made = atoll_session_tensor(session, (uint32_t)index);
	char said_text[ATOLL_SHAPE_TEXT], made_text[ATOLL_SHAPE_TEXT];

	if (said->elements == made->elements)
		return 0;
	import->failure = ATOLL_COMPILE_OTHER;
	(void)atoll_error_set(import->err, -EINVAL, "its output is %s, the file says %s",
			      atoll_shape_text(made->rank, made->dims, made_text),
			      atoll_shape_text(said->rank, said->dims, said_text));
	(void)name_operator(import, op);
	return -EINVAL;
}

static int check_sizes(struct import *import, const struct atoll_session *session)
{
	int r = 0;

	for (uint32_t o = 0; o < import->graph->operators && r == 0; o++) {
		const struct atoll_operator *op = &import->graph->op[o];

		for (uint32_t i = 0; i < op->outputs && r == 0; i++)
			if (op->code != BUILTIN_CUSTOM)
				r = check_size(import, o, session, op->output[i]);
	}
	return r;
}

/* What the kernels say, who look at types, shapes and options of every operator. */
static int check_prepares(struct import *import)
{
	const struct atoll_session_options options = { .device = "cpu", .threads = 1 };
	struct atoll_error why;
	struct atoll_session *session = atoll_session_open(import->model, &options, &why);
	int64_t dynamic;

	if (session) {
		int r = check_sizes(import, session);

		atoll_session_close(session);
		return r;
	}
	if (why.code == -ENOMEM) {
		import->failure = ATOLL_COMPILE_OTHER;
		return atoll_error_set(import->err, why.code, "%s", why.text);
	}
	dynamic = first_dynamic(import->graph);
	if (dynamic < 0) {
		import->failure = ATOLL_COMPILE_NO_KERNEL;
		return atoll_error_set(import->err, why.code, "%s", why.text);
	}
	import->failure = ATOLL_COMPILE_DYNAMIC;
	(void)atoll_error_set(import->err, -EINVAL,
			      "the size of its output is known only at run time");
	(void)name_operator(import, (uint32_t)dynamic);
	return -EINVAL;
}

static int check(struct import *import)
{
	int r = check_builtin_kernels(import);

	if (r == 0)
		r = check_quantized(import);
	if (r == 0)
		r = check_custom_kernels(import);
	if (r == 0)
		r = check_signatures(import);
	return r < 0 ? r : check_prepares(import);
}

int compiler_graph_make(const struct atoll_model *model, struct compiler_graph *graph,
			struct atoll_error *err)
{
	*graph = (struct compiler_graph){
		.model = model,
		.graph = &model->graph[0],
		.memory = MEMORY_UNLIMITED,
	};
	if (list_producers(graph) == 0 && list_readers(graph) == 0)
		return 0;
	compiler_graph_free(graph);
	return atoll_error_set(err, -ENOMEM, "%s: no memory for its graph",
			       atoll_error_path(model->path));
}

int compiler_import(const struct atoll_model *model, struct compiler_graph *graph,
		    enum atoll_compile_failure *failure, struct atoll_error *err)
{
	struct import import = { .model = model, .graph = &model->graph[0], .err = err,
				 .failure = ATOLL_COMPILE_OTHER };
	int r = check(&import);

	*graph = (struct compiler_graph){ 0 };
	if (r == 0)
		r = compiler_graph_make(model, graph, err);
	if (r < 0 && failure)
		*failure = import.failure;
	return r;
}

void compiler_graph_free(struct compiler_graph *graph)
{
	memory_free(&graph->memory);
	*graph = (struct compiler_graph){ 0 };
}
