/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/allocate.h"

#include <inttypes.h>

/*
 * The chip keeps 8 MiB, less a reserve for programs and activations. In logs that people
 * published the vendor's compiler has this much for parameters, in MiB: 7.73 for a dense
 * layer of 256 x 256, 7.88 for one of 8192 x 8192, 8.02 to 8.05 where there is next to
 * nothing to keep; 7.67, 7.59 and 7.50 for small vision models, 7.15, 7.08, 6.99 and 6.86
 * for larger ones, 6.15, 6.08 and even 1.1 for a few. How that follows from a model is not
 * known; the sizes of parameters and activations do not tell. So the reserve is that of
 * the dense layer for all, which is up to 0.15 MiB too large for others of its kind, and
 * too small by 0.06 to 0.9 for most vision models.
 */
#define CHIP_BYTES (UINT64_C(8) << 20)
#define RESERVE_BYTES (UINT64_C(270) << 10)

/* The chip's array of tiles, over which images are spread. */
#define TILE_ROWS 4

/* Larger models are computed in pieces that stay below this. */
#define NARROW_MAX (UINT32_C(192) << 10)

/* Of three models of a layer or two. */
#define NARROW_LEAST 832
#define NARROW_MORE 64

/* The next smaller size among the blocks that may be cached and are no depthwise
   layers; 0 when there is none. */
static uint32_t next_size(const struct compiler_load *load, uint32_t loads, uint32_t below)
{
	uint32_t size = 0;

	for (uint32_t l = 0; l < loads; l++)
		for (uint32_t i = 0; i < load[l].blocks; i++) {
			const struct compiler_block *block = &load[l].block[i];

			if (!block->is_never_cached && block->kind != COMPILER_DEPTHWISE &&
			    block->bytes < below && block->bytes > size)
				size = block->bytes;
		}
	return size;
}

/* All depthwise layers (bytes 0), or all others of this size, while they fit. */
static uint64_t take(struct compiler_load *load, uint32_t loads, uint32_t bytes, uint64_t left)
{
	for (uint32_t l = 0; l < loads; l++)
		for (uint32_t i = 0; i < load[l].blocks; i++) {
			const struct compiler_block *block = &load[l].block[i];
			bool is_depthwise = block->kind == COMPILER_DEPTHWISE;

			if (block->is_never_cached || is_depthwise != (bytes == 0) ||
			    (bytes > 0 && block->bytes != bytes) || block->bytes > left)
				continue;
			load[l].is_cached[i] = true;
			left -= block->bytes;
		}
	return left;
}

/* All of these are one pool. */
static uint64_t allocate(struct compiler_load *load, uint32_t loads, uint64_t left)
{
	for (uint32_t l = 0; l < loads; l++)
		for (uint32_t i = 0; i < load[l].blocks; i++)
			load[l].is_cached[i] = false;
	left = take(load, loads, 0, left);
	for (uint32_t size = UINT32_MAX; (size = next_size(load, loads, size)) > 0;)
		left = take(load, loads, size, left);
	return left;
}

uint64_t compiler_allocate(struct compiler_load *load, uint32_t loads, uint64_t capacity,
			   bool is_in_order)
{
	if (!is_in_order)
		return allocate(load, loads, capacity);
	for (uint32_t l = 0; l < loads; l++)
		capacity = allocate(&load[l], 1, capacity);
	return capacity;
}

static bool has_parameters(const struct compiler_graph *graph, uint32_t op)
{
	const struct atoll_operator *it = &graph->graph->op[op];

	for (uint32_t i = 0; i < it->inputs; i++)
		if (compiler_is_constant(graph, it->input[i]) &&
		    compiler_is_parameter(graph->graph, op, i))
			return true;
	return false;
}

uint64_t compiler_capacity(const struct compiler_graph *graph, const struct compiler_part *part)
{
	for (uint32_t i = 0; i < part->operators; i++)
		if (has_parameters(graph, part->op[i]))
			return CHIP_BYTES - RESERVE_BYTES;
	return CHIP_BYTES;
}

/* The share of one tile: a rectangle of the image, all channels, in fours. */
static uint64_t tile_bytes(const struct atoll_tensor *tensor)
{
	uint64_t size[3] = { 1, 1, 1 };

	for (uint32_t d = 0; d < 3 && d < tensor->rank; d++)
		size[2 - d] = (uint64_t)tensor->dims[tensor->rank - 1 - d];
	return (size[0] + TILE_ROWS - 1) / TILE_ROWS * ((size[1] + TILE_ROWS - 1) / TILE_ROWS) *
	       ((size[2] + 3) / 4 * 4) * atoll_type_bytes(tensor->type);
}

static bool is_repeated(const struct atoll_operator *op, uint32_t input)
{
	for (uint32_t i = 0; i < input; i++)
		if (op->input[i] == op->input[input])
			return true;
	return false;
}

/* What one operator reads and writes. */
static uint64_t operator_bytes(const struct compiler_graph *graph, uint32_t op)
{
	const struct atoll_operator *it = &graph->graph->op[op];
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < it->inputs; i++)
		if (it->input[i] >= 0 && !compiler_is_constant(graph, it->input[i]) &&
		    !is_repeated(it, i))
			bytes += tile_bytes(&graph->graph->tensor[it->input[i]]);
	for (uint32_t i = 0; i < it->outputs; i++)
		bytes += tile_bytes(&graph->graph->tensor[it->output[i]]);
	return bytes;
}

/*
 * The operator that needs most. Exact for the vendor's files of a few dense models and
 * of one that splits and concatenates; a MoveNet has 73,824 where this says 69,184, a
 * MobileNet 8,996 for 6,208, a DeepLab 189,544 and a PoseNet 147,648 for 196,608.
 */
uint32_t compiler_narrow_bytes(const struct compiler_graph *graph,
			       const struct compiler_part *part)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < part->operators; i++) {
		uint64_t bytes = operator_bytes(graph, part->op[i]);

		if (bytes > most)
			most = bytes;
	}
	most += NARROW_MORE;
	if (most < NARROW_LEAST)
		return NARROW_LEAST;
	return most < NARROW_MAX ? (uint32_t)most : NARROW_MAX;
}
