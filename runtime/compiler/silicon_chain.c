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

/* A layer more, if it goes together with those that are there. */
static bool add_layer(struct silicon_chain *chain, const struct silicon_mapped *mapped)
{
	uint32_t rows = mapped->is_conv ? 0 : chain->rows + dense_rows(&mapped->dense);

	if (chain->layers == SILICON_LAYERS_MAX || rows > ISA_CACHING_ROWS_PLACED ||
	    (chain->layers > 0 && chain->is_conv != mapped->is_conv))
		return false;
	chain->conv[chain->layers] = mapped->conv;
	if (mapped->is_conv && conv_check(chain->conv, chain->layers + 1, NULL) < 0)
		return false;
	chain->is_conv = mapped->is_conv;
	chain->layers++;
	chain->rows = rows;
	return true;
}

bool silicon_chain_add(struct silicon_chain *chain, const struct compiler_graph *graph,
		       uint32_t op)
{
	struct silicon_mapped mapped;

	if (chain->operators > 0 && !goes_on(graph, chain->last, op))
		return false;
	if (silicon_is_layer(graph, op) &&
	    (silicon_layer(graph, op, &mapped, NULL) < 0 || !add_layer(chain, &mapped)))
		return false;
	chain->last = op;
	chain->operators++;
	return true;
}

bool silicon_is_beside(const struct compiler_graph *graph, uint32_t op, const bool *is_mapped)
{
	int32_t behind = only_reader(graph, op);
	int32_t before = graph->producer[operator_at(graph, op)->input[0]];

	return (behind >= 0 && silicon_is_layer(graph, (uint32_t)behind) && is_mapped[behind]) ||
	       (before >= 0 && silicon_is_layer(graph, (uint32_t)before) && is_mapped[before] &&
		goes_on(graph, (uint32_t)before, op));
}

static void put_layer(struct silicon_layers *layers, const struct silicon_mapped *mapped)
{
	uint32_t at = layers->layers++;

	layers->is_conv = mapped->is_conv;
	layers->block[at] = mapped->block;
	layers->dense[at] = mapped->dense;
	layers->conv[at] = mapped->conv;
}

static void place(struct silicon_layers *layers, uint32_t row)
{
	layers->rows = 0;
	if (layers->is_conv)
		layers->rows = conv_place(layers->conv, layers->layers, row);
	for (uint32_t i = 0; i < layers->layers && !layers->is_conv; i++) {
		layers->dense[i].row = row + layers->rows;
		layers->rows += dense_rows(&layers->dense[i]);
	}
}

int silicon_layers_of(const struct compiler_graph *graph, const struct compiler_part *part,
		      uint32_t row, struct silicon_layers *layers, struct atoll_error *err)
{
	layers->layers = 0;
	layers->is_conv = false;
	for (uint32_t i = 0; i < part->operators; i++) {
		struct silicon_mapped mapped;
		int r;

		if (!silicon_is_layer(graph, part->op[i]))
			continue;
		if (layers->layers == SILICON_LAYERS_MAX)
			return atoll_error_set(err, -ENOTSUP, "more than %u layers in a part",
					       SILICON_LAYERS_MAX);
		r = silicon_layer(graph, part->op[i], &mapped, err);
		if (r < 0)
			return r;
		put_layer(layers, &mapped);
	}
	place(layers, row);
	return 0;
}
