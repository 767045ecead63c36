/* SPDX-License-Identifier: Apache-2.0 */
/* Loops, and the counters that hold them back or are moved by them. */
#include "runtime/emulator/silicon_inside.h"

/* Iterations of the loops from `loop` on that are over. */
static int64_t nth_of(const struct isa_access *nest, const struct silicon_walk *walk,
		      uint32_t loop)
{
	int64_t nth = 0;

	for (uint32_t d = nest->loops; d-- > loop;)
		nth = nth * nest->loop[d].count + walk->at[d];
	return nth;
}

int64_t silicon_address(const struct silicon_place *place, const struct silicon_walk *walk)
{
	const struct isa_access *access = &place->access;
	int64_t address = access->base;

	for (uint32_t d = 0; d < access->loops; d++)
		address += (int64_t)walk->at[d] * access->loop[d].stride;
	if (place->part > 0)
		address += nth_of(access, walk, place->turn) % 2 * place->part;
	return address;
}

uint32_t silicon_innermost(const struct silicon_place *place, const struct silicon_walk *walk)
{
	const struct isa_access *access = &place->access;

	for (uint32_t d = place->last_loop; d < access->loops && place->last > 0; d++)
		if (walk->at[d] + 1 < access->loop[d].count)
			return access->loop[0].count;
	return place->last > 0 ? place->last : access->loop[0].count;
}

uint32_t silicon_advance(const struct silicon_place *place, struct silicon_walk *walk)
{
	const struct isa_access *access = &place->access;

	for (uint32_t d = 0; d < access->loops; d++) {
		if (++walk->at[d] < (d == 0 ? silicon_innermost(place, walk) : access->loop[d].count))
			return d;
		walk->at[d] = 0;
	}
	return ISA_LOOPS_MAX;
}

bool silicon_begins(const struct silicon_place *nest, const struct silicon_walk *walk,
		    uint32_t loop, int64_t *nth)
{
	*nth = nth_of(&nest->access, walk, loop);
	for (uint32_t d = 0; d < loop && d < nest->access.loops; d++)
		if (walk->at[d] > 0)
			return false;
	return true;
}

const struct silicon_wait *silicon_waits(const struct silicon_tile *tile,
					 const struct silicon_instruction *instruction,
					 const struct silicon_engine *engine,
					 enum silicon_side side, int64_t *needed)
{
	int64_t nth;

	for (uint32_t i = 0; i < instruction->waits; i++) {
		const struct silicon_wait *wait = &instruction->wait[i];

		if (wait->side != side || !silicon_begins(instruction->side[side],
							  &engine->walk[side], wait->loop,
							  &nth))
			continue;
		*needed = wait->start + wait->step * nth;
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
