/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_CARRIED_INSIDE_H
#define ATOLL_RUNTIME_CARRIED_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/carried.h"
#include "runtime/memory.h"

/*
 * What is known of a carried graph once it is open, for the files that make it so.
 *
 *	carried.c           the graph, its parameters, where their blocks lie
 *	carried_check.c     what stands around the graph
 *	carried_restore.c   parameters out of vectors
 */
#define CARRIED_NAME "carried graph"

#define CARRIED_MAGIC_BYTES (sizeof(CARRIED_MAGIC) - 1)

/* Where a block lies. */
struct carried_piece {
	struct compiler_block block;
	uint32_t vector, offset;
};

struct carried {
	const struct edgetpu_package *package;
	struct atoll_model *model;      /* as it was carried */
	struct memory memory;
	struct atoll_graph graph;       /* of the part */
	struct atoll_tensor *tensor;    /* graph.tensor */
	bool *is_parameter;             /* [graph.tensors] */
	bool *is_held;                  /* [graph.tensors] by a block, or known to be 0 */
	size_t largest;                 /* bytes of a parameter */
	uint32_t pieces;
	struct carried_piece *piece;    /* [pieces] in the order of the records */
};

/*
 * Of what stands around the graph: instructions name it, and transfers bring each byte
 * once, and all of them before the first answer. 0, or -EINVAL with a sentence.
 */
int carried_check(const struct edgetpu_package *package, struct atoll_error *err);

int carried_no_memory(struct atoll_error *err);

#endif
