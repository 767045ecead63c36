/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_BLOCKS_INSIDE_H
#define ATOLL_RUNTIME_COMPILER_BLOCKS_INSIDE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/compiler/blocks.h"

/*
 * How the blocks of one kind are laid out. blocks.c decides which there are and has the
 * table of these.
 *
 *	bytes = blocks_rows.bytes(graph, block);
 *	blocks_rows.write(graph, block, data, to);
 *	blocks_rows.read(graph, block, to, data);
 *
 * `data` holds the contents of block->tensor[], as they are in the model.
 */
struct blocks_layout {
	/* A multiple of 64; more than INT32_MAX cannot be stored. */
	uint64_t (*bytes)(const struct atoll_graph *graph, const struct compiler_block *block);

	/* Every byte. */
	void (*write)(const struct atoll_graph *graph, const struct compiler_block *block,
		      const void *const data[], uint8_t *to);

	/* What of `from` is contents; the rest is not looked at. */
	void (*read)(const struct atoll_graph *graph, const struct compiler_block *block,
		     const uint8_t *from, void *const data[]);

	/* What lies at a byte, for people: "the bias". */
	const char *(*what)(const struct atoll_graph *graph,
			    const struct compiler_block *block, size_t at);
};

/* Rows of weights behind tables: convolutions and gates. */
extern const struct blocks_layout blocks_rows;

/* May these be laid out in rows? Shapes and types of weights and bias (NULL: none), and
   of a convolution that its window fits. */
int blocks_rows_check(const struct atoll_graph *graph, const struct compiler_block *block,
		      struct atoll_error *err);

/* Words that follow from the scale of a softmax. */
extern const struct blocks_layout blocks_softmax;

/* Constant activations, and any other constant. */
extern const struct blocks_layout blocks_constant;

static inline uint64_t blocks_round(uint64_t x, uint64_t multiple)
{
	return (x + multiple - 1) / multiple * multiple;
}

/* What turns a number of the model into one of the device, which has no sign. */
static inline uint8_t blocks_flip(const struct atoll_tensor *tensor)
{
	return tensor->type == ATOLL_INT8 ? 0x80 : 0;
}

#endif
