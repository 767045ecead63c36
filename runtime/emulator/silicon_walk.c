/* SPDX-License-Identifier: Apache-2.0 */
/* Loops, and the counters that hold them back or are moved by them. */
#include "runtime/emulator/silicon_inside.h"

int64_t silicon_address(const struct isa_access *access, const struct silicon_walk *walk)
{
	int64_t address = access->base;

	for (uint32_t d = 0; d < access->loops; d++)
		address += (int64_t)walk->at[d] * access->loop[d].stride;
	return address;
}

uint32_t silicon_advance(const struct isa_access *access, struct silicon_walk *walk)
{
	for (uint32_t d = 0; d < access->loops; d++) {
		if (++walk->at[d] < access->loop[d].count)
			return d;
		walk->at[d] = 0;
	}
	return ISA_LOOPS_MAX;
}

/* Which iteration of the loops from `loop` on begins here; false inside of one. */
static bool begins(const struct isa_access *nest, const struct silicon_walk *walk,
		   uint32_t loop, int64_t *nth)
{
	*nth = 0;
	for (uint32_t d = nest->loops; d-- > 0;) {
		if (d >= loop)
			*nth = *nth * nest->loop[d].count + walk->at[d];
		else if (walk->at[d] > 0)
			return false;
	}
	return true;
}

const struct silicon_wait *silicon_waits(const struct silicon_tile *tile,
					 const struct silicon_instruction *instruction,
					 const struct silicon_walk *walk, int64_t *needed)
{
	int64_t nth;

	for (uint32_t i = 0; i < instruction->waits; i++) {
		const struct silicon_wait *wait = &instruction->wait[i];

		if (!begins(&instruction->nest, walk, wait->loop, &nth))
			continue;
		*needed = wait->start + wait->step * (nth + wait->is_reuse);
		if (tile->counter[wait->counter] < *needed)
			return wait;
	}
	return NULL;
}

void silicon_count(struct silicon_tile *tile, const struct silicon_make *make, uint32_t level)
{
	if (make->is_there && level >= make->loop)
		tile->counter[make->counter]++;
}
