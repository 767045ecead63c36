/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SEGMENT_INSIDE_H
#define ATOLL_RUNTIME_COMPILER_SEGMENT_INSIDE_H

#include "runtime/compiler/graph.h"
#include "runtime/compiler/segment.h"

/*
 * A model in its order of execution; segment.c makes it, segment_cut.c cuts it.
 *
 *	if (segments->place[op] >= first && segments->place[op] - first < count)
 *		...
 */
struct atoll_segments {
	struct compiler_graph graph;
	uint32_t operators;
	uint32_t *order;       /* [operators] the operator at a place */
	uint32_t *place;       /* [operators] the place of an operator */
	uint64_t *bytes;       /* [operators] of its constant inputs */
	uint32_t first_output; /* place of the first operator nobody reads from */
};

#endif
