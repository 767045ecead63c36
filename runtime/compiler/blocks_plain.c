/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks without weights: the words of a softmax, and constants that stand as they are.
 */
#include "runtime/compiler/blocks_inside.h"

#include <float.h>
#include <string.h>

#include "runtime/schema/tflite.h"

/*
 *   softmax   units of 64 bytes, four entries each: four words, then zeros
 *             [pieces][units], and one more unit after those of long ones
 *   pieces    which entries are there (twice), the scale of each
 *
 * Entries beyond the last make up the last unit.
 */
#define UNIT_BYTES 64
#define UNIT_ENTRIES 4
#define ENTRY_MISSING UINT32_C(0x80000000)

/* The unit at the end was seen with 1001 entries and not with 10. In between it is
   taken to begin where each of the 16 tiles has more than one unit. */
#define ENTRIES_SHORT 64

static uint32_t entries_of(const struct atoll_graph *graph, const struct compiler_block *block)
{
	const struct atoll_tensor *logits = &graph->tensor[graph->op[block->op].input[0]];

	return (uint32_t)logits->dims[logits->rank - 1];
}

static uint64_t softmax_bytes(const struct atoll_graph *graph,
			      const struct compiler_block *block)
{
	uint32_t entries = entries_of(graph, block);
	uint64_t units = blocks_round(entries, UNIT_ENTRIES) / UNIT_ENTRIES;

	return (3 * units + (entries > ENTRIES_SHORT)) * UNIT_BYTES;
}

static void put_word(uint8_t *piece, uint32_t entry, const void *word)
{
	memcpy(piece + (size_t)entry / UNIT_ENTRIES * UNIT_BYTES + entry % UNIT_ENTRIES * 4,
	       word, 4);
}

static void softmax_write(const struct atoll_graph *graph, const struct compiler_block *block,
			  const void *const data[], uint8_t *to)
{
	const struct atoll_operator *op = &graph->op[block->op];
	float scale = graph->tensor[op->input[0]].quant.scale *
		      flatbuf_f32(op->options, SOFTMAX_BETA, 0);
	float missing_scale = FLT_MAX * scale, one = 1;
	uint32_t entries = entries_of(graph, block);
	uint32_t all = (uint32_t)blocks_round(entries, UNIT_ENTRIES);
	size_t piece = (size_t)all / UNIT_ENTRIES * UNIT_BYTES;

	(void)data;
	memset(to, 0, block->bytes);
	for (uint32_t i = 0; i < all; i++) {
		uint32_t is_missing = i < entries ? 0 : ENTRY_MISSING;

		put_word(to, i, &is_missing);
		put_word(to + piece, i, &is_missing);
		put_word(to + 2 * piece, i, i < entries ? &scale : &missing_scale);
	}
	if (entries > ENTRIES_SHORT)
		put_word(to + 3 * piece, 0, &one);
}

/* All of it follows from the graph. */
static void softmax_read(const struct atoll_graph *graph, const struct compiler_block *block,
			 const uint8_t *from, void *const data[])
{
	(void)graph;
	(void)block;
	(void)from;
	(void)data;
}

static const char *softmax_what(const struct atoll_graph *graph,
				const struct compiler_block *block, size_t at)
{
	(void)graph;
	(void)block;
	(void)at;
	return "words of the softmax";
}

const struct blocks_layout blocks_softmax = {
	.bytes = softmax_bytes, .write = softmax_write, .read = softmax_read,
	.what = softmax_what,
};

static const struct atoll_tensor *tensor_of(const struct atoll_graph *graph,
					    const struct compiler_block *block, uint32_t i)
{
	return &graph->tensor[block->tensor[i]];
}

/* Both kinds are the bytes of the constant, then zeros; operands have no sign. */
static uint64_t constant_bytes(const struct atoll_graph *graph,
			       const struct compiler_block *block)
{
	return blocks_round(tensor_of(graph, block, 0)->bytes, 64);
}

static uint8_t flip_of(const struct compiler_block *block, const struct atoll_tensor *tensor)
{
	return block->kind == COMPILER_OPERAND ? blocks_flip(tensor) : 0;
}

static void constant_write(const struct atoll_graph *graph, const struct compiler_block *block,
			   const void *const data[], uint8_t *to)
{
	const struct atoll_tensor *tensor = tensor_of(graph, block, 0);
	const uint8_t *from = data[0];
	uint8_t flip = flip_of(block, tensor);

	for (size_t i = 0; i < tensor->bytes; i++)
		to[i] = from[i] ^ flip;
	memset(to + tensor->bytes, 0, block->bytes - tensor->bytes);
}

static void constant_read(const struct atoll_graph *graph, const struct compiler_block *block,
			  const uint8_t *from, void *const data[])
{
	const struct atoll_tensor *tensor = tensor_of(graph, block, 0);
	uint8_t *to = data[0], flip = flip_of(block, tensor);

	for (size_t i = 0; i < tensor->bytes; i++)
		to[i] = from[i] ^ flip;
}

static const char *constant_what(const struct atoll_graph *graph,
				 const struct compiler_block *block, size_t at)
{
	(void)graph;
	(void)block;
	(void)at;
	return "padding";
}

const struct blocks_layout blocks_constant = {
	.bytes = constant_bytes, .write = constant_write, .read = constant_read,
	.what = constant_what,
};
