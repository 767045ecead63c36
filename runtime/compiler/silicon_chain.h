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
	uint32_t layers, rows;
};

/* The first one may be any that silicon_is_legal allows; false when it does not go on
   there, or there is no more room. */
bool silicon_chain_add(struct silicon_chain *chain, const struct compiler_graph *graph,
		       uint32_t op);

/* Of a QUANTIZE: is it before or behind a dense layer that is mapped? It is nothing on
   its own. */
bool silicon_is_beside(const struct compiler_graph *graph, uint32_t op, const bool *is_mapped);

/* The dense layers of a part, and their blocks. */
struct silicon_layers {
	uint32_t layers, rows;
	struct dense_layer layer[DENSE_LAYERS_MAX];
	struct compiler_block block[DENSE_LAYERS_MAX];
};

/* They lie behind each other, from `row` on. */
int silicon_layers_of(const struct compiler_graph *graph, const struct compiler_part *part,
		      uint32_t row, struct silicon_layers *layers, struct atoll_error *err);

#endif
