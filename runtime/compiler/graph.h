/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_GRAPH_H
#define ATOLL_RUNTIME_COMPILER_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/compile.h"
#include "runtime/memory.h"
#include "runtime/model.h"

/*
 * A model as the compiler looks at it: who computes a tensor, who reads it.
 *
 *	struct compiler_graph graph;
 *
 *	r = compiler_import(model, &graph, &failure, &err);
 *	op = graph.producer[tensor];
 *	compiler_graph_free(&graph);
 *
 * Import refuses what the vendor's compiler refuses before it looks at any operator:
 * models that are not quantized, cannot run on the CPU, or have sizes that are known
 * only at run time (an unknown batch counts as one). The model must outlive it.
 */
struct compiler_graph {
	const struct atoll_model *model;
	const struct atoll_graph *graph; /* model->graph[0] */
	struct memory memory;
	const int32_t *producer;         /* [tensors] operator, or -1 */
	const bool *is_output;           /* [tensors] of the graph */
	/* Readers of tensor t: reader[first_reader[t]] to reader[first_reader[t + 1] - 1],
	   operators in order, each once. */
	const uint32_t *first_reader;    /* [tensors + 1] */
	const uint32_t *reader;
};

int compiler_import(const struct atoll_model *model, struct compiler_graph *graph,
		    enum atoll_compile_failure *failure, struct atoll_error *err);

/* The tables alone: nothing is refused, -ENOMEM is all that can go wrong. */
int compiler_graph_make(const struct atoll_model *model, struct compiler_graph *graph,
			struct atoll_error *err);

/* One that is all zero is allowed. */
void compiler_graph_free(struct compiler_graph *graph);

/* Contents known when compiling: what the file says, not what is computed. */
static inline bool compiler_is_constant(const struct compiler_graph *graph, int32_t tensor)
{
	return tensor >= 0 && graph->graph->tensor[tensor].data &&
	       !graph->graph->is_variable[tensor];
}

#endif
