/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_PARTITION_H
#define ATOLL_RUNTIME_COMPILER_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/compile.h"
#include "runtime/compiler/graph.h"
#include "runtime/memory.h"

/*
 * Which operators go to the Edge TPU, and in which pieces.
 *
 *	struct compiler_partition partition;
 *
 *	r = compiler_partition(&graph, &job, &options, &memory, &partition, &err);
 *	for (uint32_t p = 0; p < partition.parts; p++)
 *		use(partition.part[p].input, partition.part[p].inputs);
 *
 * Operators are placed in epochs: all that can be placed of one kind, mapped or not,
 * then all of the other, until none is left. Each epoch of the mapped kind is a part;
 * without `has_many_parts` there is only the first. Everything lives in `memory`.
 */
struct compiler_part {
	uint32_t operators;
	const uint32_t *op;          /* [operators] in the file's order */
	uint32_t inputs, outputs;    /* of the custom operator, by ascending index */
	const int32_t *input;        /* [inputs] tensors that are not constant; variables
					(states) too */
	const int32_t *output;       /* [outputs] tensors used elsewhere, outputs of the
					graph, and the stops that are computed inside */
};

struct compiler_partition {
	const struct atoll_compiled_op *op; /* [graph->operators] */
	uint32_t mapped;                 /* operators */
	uint32_t parts;
	const struct compiler_part *part; /* [parts] */
	/* How the new operator list runs: for each entry an operator of the graph, or
	   -1 - part for a custom operator. */
	uint32_t steps;
	const int32_t *step;
};

int compiler_partition(const struct compiler_graph *graph, const struct atoll_compile_job *job,
		       const struct atoll_compile_options *options, struct memory *memory,
		       struct compiler_partition *partition, struct atoll_error *err);

#endif
