/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/block.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

struct compiler_block block_only(const struct atoll_graph *graph, uint32_t op)
{
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	struct atoll_error err;
	uint32_t blocks;

	if (compiler_blocks(graph, op, block, &blocks, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(blocks, 1);
	assert_int_equal(block[0].op, op);
	return block[0];
}

uint8_t *block_write(const struct atoll_graph *graph, const struct compiler_block *block)
{
	uint8_t *bytes = malloc(block->bytes);

	assert_non_null(bytes);
	memset(bytes, 0x5a, block->bytes);
	compiler_block_write(graph, block, bytes);
	return bytes;
}

/* What read gives for each constant, in memory of its own. */
int block_read(const struct atoll_graph *graph, const struct compiler_block *block,
	       const uint8_t *bytes, void *data[3], struct atoll_error *err)
{
	for (uint32_t i = 0; i < block->tensors; i++) {
		data[i] = malloc(graph->tensor[block->tensor[i]].bytes);
		assert_non_null(data[i]);
		memset(data[i], 0x33, graph->tensor[block->tensor[i]].bytes);
	}
	return compiler_block_read(graph, block, bytes, data, err);
}

void block_free_data(const struct compiler_block *block, void *data[3])
{
	for (uint32_t i = 0; i < block->tensors; i++)
		free(data[i]);
}

void block_assert_restored(const struct atoll_graph *graph, const struct compiler_block *block,
			   const uint8_t *bytes)
{
	struct atoll_error err;
	void *data[3];

	if (block_read(graph, block, bytes, data, &err) < 0)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < block->tensors; i++) {
		const struct atoll_tensor *tensor = &graph->tensor[block->tensor[i]];

		if (memcmp(data[i], tensor->data, tensor->bytes) != 0)
			fail_msg("%s is not restored", tensor->name);
	}
	block_free_data(block, data);
}
