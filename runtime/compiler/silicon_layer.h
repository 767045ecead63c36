/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_LAYER_H
#define ATOLL_RUNTIME_COMPILER_SILICON_LAYER_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/blocks.h"
#include "runtime/compiler/legal.h"
#include "runtime/compiler/silicon_conv.h"
#include "runtime/compiler/silicon_dense.h"

/*
 * What programs of our own can do of a graph: dense layers and convolutions, and QUANTIZE
 * beside them where it changes no byte on the device, which is the one between int8 and
 * uint8.
 *
 *	if (silicon_is_legal(&graph, op, &verdict) != ATOLL_MAPPED)
 *		puts(verdict.why);
 *	r = silicon_layer(&graph, op, &mapped, &err);
 *
 * The Edge TPU can do the operator at all (legal.h).
 */
enum atoll_mapping silicon_is_legal(const struct compiler_graph *graph, uint32_t op,
				    struct compiler_verdict *verdict);

/* An operator that computes: what it is, and the block of its parameters. */
struct silicon_mapped {
	bool is_conv;
	struct dense_layer dense; /* one of these, without its row */
	struct conv_layer conv;
	struct compiler_block block;
};

bool silicon_is_layer(const struct compiler_graph *graph, uint32_t op);

/* -ENOTSUP with a sentence; alone, it can be written. */
int silicon_layer(const struct compiler_graph *graph, uint32_t op,
		  struct silicon_mapped *mapped, struct atoll_error *err);

#endif
