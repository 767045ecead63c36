/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_REWRITE_H
#define ATOLL_RUNTIME_COMPILER_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/builder.h"
#include "runtime/memory.h"
#include "runtime/model.h"

/*
 * Some tensors and operators of a graph as a new file: tensors keep their order and are
 * numbered anew.
 *
 *	struct rewrite rewrite;
 *
 *	r = rewrite_begin(&rewrite, model, "Exported from Subgraph.", &err);
 *	if (r == 0) {
 *		rewrite_use(&rewrite, count, tensors);          all that are needed
 *		rewrite_tensors(&rewrite, NULL);                then, once
 *		r = rewrite_operator(&rewrite, &op, &err);      in the order of running
 *		...
 *		r = rewrite_finish(&rewrite, &bytes, &size, &err);
 *	}
 *	rewrite_end(&rewrite);
 *
 * What the builder has no words for is dropped: ranges, names of dimensions that may
 * change, signatures.
 */
struct rewrite {
	const struct atoll_model *model;
	const struct atoll_graph *graph; /* model->graph[0] */
	struct atoll_builder *builder;
	struct memory memory;
	bool *is_used;                   /* [graph->tensors] */
	int32_t *number;                 /* [graph->tensors] in the new file */
};

int rewrite_begin(struct rewrite *rewrite, const struct atoll_model *model,
		  const char *description, struct atoll_error *err);
void rewrite_end(struct rewrite *rewrite);

/* Left-out tensors (-1) are allowed. */
void rewrite_use(struct rewrite *rewrite, uint32_t count, const int32_t *tensor);
void rewrite_use_operator(struct rewrite *rewrite, const struct atoll_operator *op);

/* Those of which `is_empty` (NULL: none) go without their contents. */
void rewrite_tensors(struct rewrite *rewrite, const bool *is_empty);

/* Its version may have been changed in a copy. */
int rewrite_operator(struct rewrite *rewrite, const struct atoll_operator *op,
		     struct atoll_error *err);

/* The list in new numbers; lives as long as the rewrite. NULL when out of memory. */
const int32_t *rewrite_list(struct rewrite *rewrite, uint32_t count, const int32_t *tensor);

int rewrite_finish(struct rewrite *rewrite, void **bytes, size_t *size,
		   struct atoll_error *err);

#endif
