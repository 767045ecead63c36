/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/silicon_chain.h"

#include <errno.h>

#include "runtime/isa/caching.h"
#include "runtime/schema/tflite.h"

static const struct atoll_operator *operator_at(const struct compiler_graph *graph,
						uint32_t op)
{
	return &graph->graph->op[op];
}

static bool is_dense(const struct compiler_graph *graph, uint32_t op)
{
	return operator_at(graph, op)->code == BUILTIN_FULLY_CONNECTED;
}

/* The only operator that reads what this one makes, or -1. */
static int32_t only_reader(const struct compiler_graph *graph, uint32_t op)
{
	int32_t output = operator_at(graph, op)->output[0];
	uint32_t first = graph->first_reader[output];

	if (graph->is_output[output] || graph->first_reader[output + 1] != first + 1)
		return -1;
	return (int32_t)graph->reader[first];
}

static bool goes_on(const struct compiler_graph *graph, uint32_t before, uint32_t op)
{
	return only_reader(graph, before) == (int32_t)op;
}

bool silicon_chain_add(struct silicon_chain *chain, const struct compiler_graph *graph,
		       uint32_t op)
{
	struct dense_layer layer;
	struct compiler_block block;
	uint32_t rows = 0;

	if (chain->operators > 0 && !goes_on(graph, chain->last, op))
		return false;
	if (is_dense(graph, op)) {
		if (silicon_layer(graph, op, &layer, &block, NULL) < 0)
			return false;
		rows = dense_rows(&layer);
		if (chain->layers == DENSE_LAYERS_MAX ||
		    chain->rows + rows > ISA_CACHING_ROWS_PLACED)
			return false;
		chain->layers++;
	}
	chain->rows += rows;
	chain->last = op;
	chain->operators++;
	return true;
}

bool silicon_is_beside(const struct compiler_graph *graph, uint32_t op, const bool *is_mapped)
{
	int32_t behind = only_reader(graph, op);
	int32_t before = graph->producer[operator_at(graph, op)->input[0]];

	return (behind >= 0 && is_dense(graph, (uint32_t)behind) && is_mapped[behind]) ||
	       (before >= 0 && is_dense(graph, (uint32_t)before) && is_mapped[before] &&
		goes_on(graph, (uint32_t)before, op));
}

int silicon_layers_of(const struct compiler_graph *graph, const struct compiler_part *part,
		      uint32_t row, struct silicon_layers *layers, struct atoll_error *err)
{
	layers->layers = layers->rows = 0;
	for (uint32_t i = 0; i < part->operators; i++) {
		struct dense_layer *layer = &layers->layer[layers->layers];
		int r;

		if (!is_dense(graph, part->op[i]))
			continue;
		if (layers->layers == DENSE_LAYERS_MAX)
			return atoll_error_set(err, -ENOTSUP, "more than %u dense layers in a "
					       "part", DENSE_LAYERS_MAX);
		r = silicon_layer(graph, part->op[i], layer, &layers->block[layers->layers],
				  err);
		if (r < 0)
			return r;
		layer->row = row + layers->rows;
		layers->rows += dense_rows(layer);
		layers->layers++;
	}
	return 0;
}
