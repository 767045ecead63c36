/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pipeline/sets.h"

#include <errno.h>
#include <string.h>

static struct set *new_set(struct sets *sets)
{
	return memory_take(sets->memory,
			   sizeof(struct set) + sets->wires->wires * sizeof(void *));
}

/* A buffer that is free holds the address of the next. */
static void *new_buffer(struct sets *sets, uint32_t wire)
{
	size_t bytes = sets->wires->wire[wire].bytes;

	return memory_take(sets->memory, bytes < sizeof(void *) ? sizeof(void *) : bytes);
}

static void *take_buffer(struct sets *sets, uint32_t wire)
{
	void *buffer = sets->spare_buffer[wire];

	if (!buffer)
		return new_buffer(sets, wire);
	memcpy(&sets->spare_buffer[wire], buffer, sizeof(void *));
	return buffer;
}

static void give_buffer(struct sets *sets, struct set *set, uint32_t wire)
{
	void *buffer = set->data[wire];

	if (!buffer)
		return;
	memcpy(buffer, &sets->spare_buffer[wire], sizeof(void *));
	sets->spare_buffer[wire] = buffer;
	set->data[wire] = NULL;
}

struct set *sets_take(struct sets *sets)
{
	struct set *set = sets->spare;

	if (!set)
		return new_set(sets);
	sets->spare = set->next;
	set->next = NULL;
	return set;
}

void sets_give(struct sets *sets, struct set *set)
{
	for (uint32_t w = 0; w < sets->wires->wires; w++)
		give_buffer(sets, set, w);
	set->next = sets->spare;
	sets->spare = set;
}

bool sets_begin(struct sets *sets, struct set *set, uint32_t queue)
{
	for (uint32_t w = 0; w < sets->wires->wires; w++) {
		if (sets->wires->wire[w].from != queue)
			continue;
		set->data[w] = take_buffer(sets, w);
		if (!set->data[w])
			return false;
	}
	return true;
}

void sets_end(struct sets *sets, struct set *set, uint32_t queue)
{
	for (uint32_t w = 0; w < sets->wires->wires; w++)
		if (sets->wires->wire[w].to == queue)
			give_buffer(sets, set, w);
}

/*
 * How much can be on the way that begins and ends in these queues: as many as there is
 * room for in each, and one with each segment that makes it, passes it on or reads it.
 */
static uint32_t copies(uint32_t from, uint32_t to, uint32_t segments, const uint32_t *room)
{
	uint32_t count = from > 0 ? 1 : 0;

	for (uint32_t q = from; q <= to; q++)
		count += room[q] + (q < segments ? 1 : 0);
	return count;
}

int sets_make(struct sets *sets, const struct wires *wires, uint32_t segments,
	      const uint32_t *room, struct memory *memory)
{
	uint32_t all = copies(0, segments, segments, room);

	*sets = (struct sets){ .memory = memory, .wires = wires };
	sets->spare_buffer = memory_take(memory, wires->wires * sizeof(*sets->spare_buffer));
	if (!sets->spare_buffer)
		return -ENOMEM;
	for (uint32_t i = 0; i < all; i++) {
		struct set *set = new_set(sets);

		if (!set)
			return -ENOMEM;
		for (uint32_t w = 0; w < wires->wires; w++) {
			const struct wire *wire = &wires->wire[w];

			if (i >= copies(wire->from, wire->to, segments, room))
				continue;
			set->data[w] = new_buffer(sets, w);
			if (!set->data[w])
				return -ENOMEM;
		}
		sets_give(sets, set);
	}
	return 0;
}
