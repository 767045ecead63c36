/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the output back over what only changes form, up to the layer that tells classes
 * apart.
 */
#include "runtime/learn/classifier.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "runtime/learn/network.h"
#include "runtime/schema/tflite.h"

__attribute__((format(printf, 3, 4)))
static int refuse(const struct atoll_model *model, struct atoll_error *err,
		  const char *format, ...)
{
	char why[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return atoll_error_set(err, -ENOTSUP, "%s: %s", atoll_error_path(model->path), why);
}

static bool changes_only_form(const struct atoll_operator *op)
{
	if (!network_has_ends(op, 1))
		return false;
	return op->code == BUILTIN_SOFTMAX || op->code == BUILTIN_LOGISTIC ||
	       op->code == BUILTIN_RESHAPE || op->code == BUILTIN_SQUEEZE ||
	       op->code == BUILTIN_QUANTIZE || op->code == BUILTIN_DEQUANTIZE;
}

static const struct atoll_operator *find_layer(const struct atoll_graph *graph)
{
	const struct atoll_operator *op = network_producer(graph, graph->output[0]);

	/* A variable may go round in circles. */
	for (uint32_t i = 0; i < graph->operators && op && changes_only_form(op); i++)
		op = network_producer(graph, op->input[0]);
	return op;
}

static bool is_byte(const struct atoll_tensor *tensor)
{
	return (tensor->type == ATOLL_UINT8 || tensor->type == ATOLL_INT8) &&
	       tensor->quant.channels > 0;
}

/* All of an embedding in its last dimension, the others 1. */
static bool is_row(const struct atoll_tensor *tensor)
{
	return (tensor->rank == 2 || tensor->rank == 4) && tensor->elements > 0 &&
	       tensor->elements == (size_t)tensor->dims[tensor->rank - 1] &&
	       is_byte(tensor) && tensor->quant.channels == 1;
}

static bool are_weights(const struct atoll_tensor *weights, const struct atoll_tensor *in)
{
	return weights->data && is_byte(weights) && weights->rank >= 2 &&
	       weights->dims[0] > 0 && weights->quant.axis == 0 &&
	       weights->elements / (size_t)weights->dims[0] == in->elements;
}

/* The picture's features that a mean over all places made this of. */
static int32_t find_map(const struct atoll_graph *graph, int32_t embedding, size_t size)
{
	const struct atoll_operator *op = network_producer(graph, embedding);
	const struct atoll_tensor *map;

	for (uint32_t i = 0; i < graph->operators && op && network_has_ends(op, 1) &&
	     (op->code == BUILTIN_RESHAPE || op->code == BUILTIN_SQUEEZE); i++)
		op = network_producer(graph, op->input[0]);
	if (!op || !network_has_ends(op, 1) ||
	    (op->code != BUILTIN_AVERAGE_POOL_2D && op->code != BUILTIN_MEAN))
		return -1;
	map = &graph->tensor[op->input[0]];
	if (map->rank != 4 || map->dims[0] != 1 || (size_t)map->dims[3] != size ||
	    !is_byte(map) || map->quant.channels != 1)
		return -1;
	return op->input[0];
}

int classifier_find(const struct atoll_model *model, struct classifier *classifier,
		    struct atoll_error *err)
{
	const struct atoll_graph *graph = &model->graph[0];
	const struct atoll_operator *op;
	const struct atoll_tensor *in, *weights;

	if (graph->outputs != 1)
		return refuse(model, err, "%u outputs, a classifier has one", graph->outputs);
	op = find_layer(graph);
	if (!op || (op->code != BUILTIN_FULLY_CONNECTED && op->code != BUILTIN_CONV_2D))
		return refuse(model, err, "ends in %s, where a classifier has FULLY_CONNECTED "
			      "or CONV_2D", op ? op->name : "nothing");
	if (!network_has_ends(op, 2))
		return refuse(model, err, "its last %s has no weights", op->name);
	in = &graph->tensor[op->input[0]];
	weights = &graph->tensor[op->input[1]];
	if (!is_row(in))
		return refuse(model, err, "what its last %s reads is not one row of uint8 or "
			      "int8", op->name);
	if (!are_weights(weights, in))
		return refuse(model, err, "the weights of its last %s are not those of a "
			      "classifier", op->name);
	*classifier = (struct classifier){
		.embedding = op->input[0], .weights = op->input[1],
		.map = find_map(graph, op->input[0], in->elements),
		.classes = (uint32_t)weights->dims[0], .size = (uint32_t)in->elements,
	};
	return 0;
}
