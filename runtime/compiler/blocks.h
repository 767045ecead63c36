/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_BLOCKS_H
#define ATOLL_RUNTIME_COMPILER_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * Parameters as the device wants them: one block for each layer, some have several.
 *
 *	struct compiler_block block[COMPILER_BLOCKS_MAX];
 *	uint32_t blocks;
 *
 *	r = compiler_blocks(graph, op, block, &blocks, &err);
 *	for (uint32_t i = 0; i < blocks; i++)
 *		compiler_block_write(graph, &block[i], to);
 *
 * What `write` puts down `read` takes apart again: the contents of the constants it
 * was made of. Both work on the tensors' shapes, types and scales; `read` needs none of
 * their data, so it also serves a graph that came without.
 */
#define COMPILER_BLOCKS_MAX 16 /* of one operator */

enum compiler_block_kind {
	COMPILER_CONV,       /* CONV_2D, FULLY_CONNECTED, and depthwise of one channel */
	COMPILER_DEPTHWISE,  /* as many outputs as inputs */
	COMPILER_SOFTMAX,    /* tables that follow from the scale; no constants */
	COMPILER_GATE,       /* of an LSTM: bias, weights, recurrent weights */
	COMPILER_OPERAND,    /* constant activations, never kept on the chip */
	COMPILER_CONSTANT,   /* any other constant, as it is: a form of our own, for
				emulated devices only */
};

/* Tables in front of the weights of each group of rows. */
enum { COMPILER_TABLE_SCALE = 1, COMPILER_TABLE_BIAS = 2, COMPILER_TABLE_ZERO = 4 };

struct compiler_block {
	enum compiler_block_kind kind;
	uint32_t op;             /* index in the graph */
	uint32_t tables;         /* of the kinds that have them */
	uint32_t tensors;        /* constants it holds: weights, then bias if there is one,
				    be it left out for being zero; of a gate: weights,
				    recurrent weights, bias */
	int32_t tensor[3];
	uint32_t bytes;          /* a multiple of 64 */
	bool is_never_cached;
};

/*
 * The blocks of one operator that is mapped, in the order in which they are stored; of
 * constants that belong to the program (axes, paddings, shapes, operands of one number)
 * none is made. -EINVAL with a sentence when it has constants that cannot be laid out.
 */
int compiler_blocks(const struct atoll_graph *graph, uint32_t op,
		    struct compiler_block block[COMPILER_BLOCKS_MAX], uint32_t *blocks,
		    struct atoll_error *err);

/* All block->bytes, padding too. */
void compiler_block_write(const struct atoll_graph *graph, const struct compiler_block *block,
			  uint8_t *to);

/*
 * The contents of block->tensor[i] into data[i], which has room for all its bytes. A
 * bias that the block leaves out is zero; so are (as real numbers) weights that only
 * ever meet padding, whose values change no result. -EBADMSG with a sentence when tables
 * or filler are not what the graph asks for, -ENOMEM.
 */
int compiler_block_read(const struct atoll_graph *graph, const struct compiler_block *block,
			const uint8_t *from, void *const data[], struct atoll_error *err);

/* Of an input that is constant, without looking at data: is it in a block (and not in
   the program)? */
bool compiler_is_parameter(const struct atoll_graph *graph, uint32_t op, uint32_t input);

#endif
