/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_CHAIN_H
#define ATOLL_RUNTIME_COMPILER_SILICON_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/graph.h"
#include "runtime/compiler/partition.h"
#include "runtime/compiler/silicon_layer.h"

/*
 * Operators of which each works on what the one before it made, and nobody else does:
 * they become one program.
 *
 *	struct silicon_chain chain = { 0 };
 *
 *	for each operator that could be mapped
 *		if (silicon_chain_add(&chain, graph, op))
 *			it is part of it
 */
struct silicon_chain {
	uint32_t operators, last;
	uint32_t layers;
	uint32_t rows;           /* of dense ones */
	bool is_conv;            /* layers are all of one kind */
	struct conv_layer conv[CONV_LAYERS_MAX];
};

/* The first one may be any that silicon_is_legal allows; false when it does not go on
   there, or there is no more room. */
bool silicon_chain_add(struct silicon_chain *chain, const struct compiler_graph *graph,
		       uint32_t op);

/* Of a QUANTIZE: is it before or behind a layer that is mapped? It is nothing on
   its own. */
bool silicon_is_beside(const struct compiler_graph *graph, uint32_t op, const bool *is_mapped);

/* The layers of a part, all dense or all convolutions, and their blocks. */
#define SILICON_LAYERS_MAX 32
struct silicon_layers {
	uint32_t layers, rows;
	bool is_conv;
	struct dense_layer dense[SILICON_LAYERS_MAX];
	struct conv_layer conv[SILICON_LAYERS_MAX];
	struct compiler_block block[SILICON_LAYERS_MAX];
};
_Static_assert(SILICON_LAYERS_MAX == DENSE_LAYERS_MAX && SILICON_LAYERS_MAX == CONV_LAYERS_MAX,
	       "a part is one program");

/* They lie behind each other, from `row` on. */
int silicon_layers_of(const struct compiler_graph *graph, const struct compiler_part *part,
		      uint32_t row, struct silicon_layers *layers, struct atoll_error *err);

#endif
