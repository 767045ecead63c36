/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_BLOCK_H
#define ATOLL_TESTS_BLOCK_H

#include <stdint.h>

#include "runtime/compiler/blocks.h"

/*
 * Blocks of parameters, written and read in tests.
 *
 *	struct compiler_block block = block_only(graph, 0);
 *	uint8_t *bytes = block_write(graph, &block);
 *
 *	block_assert_restored(graph, &block, bytes);
 *	free(bytes);
 */

/* The only block of an operator; fails the test when there are none or more. */
struct compiler_block block_only(const struct atoll_graph *graph, uint32_t op);

/* The bytes, malloc'ed. */
uint8_t *block_write(const struct atoll_graph *graph, const struct compiler_block *block);

/* What compiler_block_read says, and what it gives for each constant, malloc'ed. */
int block_read(const struct atoll_graph *graph, const struct compiler_block *block,
	       const uint8_t *bytes, void *data[3], struct atoll_error *err);
void block_free_data(const struct compiler_block *block, void *data[3]);

/* Fails the test unless the block holds what is in the graph. */
void block_assert_restored(const struct atoll_graph *graph, const struct compiler_block *block,
			   const uint8_t *bytes);

#endif
