/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of plans without a program. */
#include "runtime/isa/caching_inside.h"

#include <errno.h>
#include <stdlib.h>

/* Rows of tables a group can have: factors, biases, zero points, one row each. */
#define TABLES_MAX 3

uint64_t isa_caching_bytes(const struct isa_caching_plan *plan)
{
	uint64_t units = 0;

	for (uint32_t i = 0; i < plan->blocks; i++)
		units += plan->block[i].units;
	return units * ISA_CACHING_UNIT_BYTES;
}

void isa_caching_free(struct isa_caching_plan *plan)
{
	free(plan->block);
	*plan = (struct isa_caching_plan){ .block = NULL };
}

static int check_tables(const struct isa_caching_plan *plan, uint32_t index,
			struct atoll_error *err)
{
	const struct isa_caching_block *block = &plan->block[index];

	/* The one old program there is has one row of tables where it has any; what
	   changes with more of them is not known. */
	if (plan->form == ISA_CACHING_OLD && block->tables > 1)
		return atoll_error_set(err, -EINVAL,
				       "block %u: %u rows of tables: the old form "
				       "is only known with 1", index, block->tables);
	if (block->tables > TABLES_MAX || block->tables >= isa_caching_rows(block))
		return atoll_error_set(err, -EINVAL,
				       "block %u: %u rows of tables: of %u rows at "
				       "most %u, and not all, can be", index, block->tables,
				       isa_caching_rows(block), TABLES_MAX);
	return 0;
}

int caching_check_block(const struct isa_caching_plan *plan, uint32_t index,
			struct atoll_error *err)
{
	const struct isa_caching_block *block = &plan->block[index];

	if (!block->tiles)
		return atoll_error_set(err, -EINVAL, "block %u: goes to no tile",
				       index);
	if (block->units < 1 || block->units > CACHING_UNITS_MAX)
		return atoll_error_set(err, -EINVAL,
				       "block %u: %u units: a block has 1 to %u",
				       index, block->units, CACHING_UNITS_MAX);
	if (block->lanes < 1 || block->lanes > ISA_CACHING_LANES)
		return atoll_error_set(err, -EINVAL,
				       "block %u: %u units to a row: a row has 1 to "
				       "%u", index, block->lanes, ISA_CACHING_LANES);
	if (block->row + isa_caching_rows(block) > ISA_CACHING_ROWS)
		return atoll_error_set(err, -EINVAL,
				       "block %u: %u rows from row %u on: a tile has "
				       "%u", index, isa_caching_rows(block), block->row,
				       ISA_CACHING_ROWS);
	return check_tables(plan, index, err);
}
