/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LAYOUT_H
#define ATOLL_RUNTIME_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/kernels/kernels.h"
#include "runtime/memory.h"
#include "runtime/model.h"

/*
 * Where the tensors of a prepared graph live.
 *
 *	struct layout layout = { .graph = graph, .tensor = tensors,
 *				 .node = nodes, .is_folded = is_folded };
 *
 *	r = layout_make(&layout, &memory);
 *
 * One arena holds every tensor that has no data yet and every operator's
 * scratch; those that are never alive at the same step share memory, and views
 * are the memory of what they show. Graph inputs and variables live all along,
 * outputs to the end.
 */
struct layout {
	const struct atoll_graph *graph;
	struct atoll_tensor *tensor;  /* [tensors]; data is set where it was NULL */
	struct kernel_node *node;     /* [operators], prepared; scratch is set */
	const uint8_t *is_folded;     /* [operators] these do not run any more */
	bool keeps_tensors;           /* nothing shares memory */

	/* Results: */
	uint8_t *arena;               /* taken from `memory`; NULL without some */
	size_t arena_bytes;
};

/* 0 or -ENOMEM. */
int layout_make(struct layout *layout, struct memory *memory);

#endif
