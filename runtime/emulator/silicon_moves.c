/* SPDX-License-Identifier: Apache-2.0 */
/* What moves data and leaves it as it is: between the memories of a tile, and the ring. */
#include <string.h>

#include "runtime/emulator/silicon_inside.h"

/* The wide access of an instruction, and where the number of rows is that it goes
   around in: bit 0 of it says that there is such a number. */
static const struct isa_access *wide_access(const struct silicon_instruction *in,
					    uint32_t *around)
{
	*around = in->kind == SILICON_TO_WIDE ? 489 : 214;
	return &in->access[in->kind == SILICON_TO_WIDE ? 1 : 0];
}

/* Loops that stand still stand for further rounds of a buffer. */
static bool goes_around(const struct silicon_instruction *in)
{
	uint32_t around;
	const struct isa_access *wide = wide_access(in, &around);

	for (uint32_t d = 0; d < wide->loops; d++)
		if (wide->loop[d].count > 1 && wide->loop[d].stride == 0)
			return isa_bits(in->bytes, around, 1);
	return false;
}

static bool is_to_scaling(const struct silicon_instruction *in)
{
	return isa_bits(in->bytes, 867, 1);
}

/* A row has as many units as the counts say; with others in front it is a full one. */
static int share_rows(struct silicon *s, const struct silicon_instruction *in,
		      struct silicon_engine *engine)
{
	bool is_to_narrow = in->kind == SILICON_TO_NARROW;
	uint64_t units = isa_iterations(&in->access[is_to_narrow ? 1 : 0]);
	uint64_t rows = isa_iterations(&in->access[is_to_narrow ? 0 : 1]);
	uint64_t most = SILICON_ROW_BYTES / SILICON_UNIT_BYTES;

	if (is_to_narrow && is_to_scaling(in))
		most = SILICON_ROW_BYTES / SILICON_SCALING_BYTES;
	engine->share = (uint32_t)most;
	if (in->lead.count == 0 && units % rows == 0 && units / rows < most)
		engine->share = (uint32_t)(units / rows);
	if (units > UINT32_MAX || rows > UINT32_MAX ||
	    units + in->lead.count > rows * engine->share)
		return silicon_stop(s, in, "its rows have no room for what it moves");
	return 0;
}

int silicon_begin_move(struct silicon *s, const struct silicon_instruction *in,
		       struct silicon_engine *engine)
{
	if (goes_around(in))
		return silicon_stop(s, in, "a buffer over several rounds is not executed");
	if (in->kind == SILICON_TO_NARROW || in->kind == SILICON_TO_WIDE)
		return share_rows(s, in, engine);
	if (in->kind == SILICON_SEND && isa_bits(in->bytes, 467, 17) == 0)
		return silicon_stop(s, in, "it sends to nobody");
	return 0;
}

static int to_narrow(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		     struct silicon_engine *engine)
{
	bool is_lead = engine->led < in->lead.count;
	int64_t unit = is_lead ? in->lead.base + engine->led :
				 silicon_address(&in->access[1], &engine->walk);
	size_t bytes = is_to_scaling(in) ? SILICON_SCALING_BYTES : SILICON_UNIT_BYTES;
	const uint8_t *from =
		silicon_wide(s, in, tile, silicon_address(&in->access[0], &engine->from));
	uint8_t *to = is_to_scaling(in) ? silicon_scaling_to(s, in, tile, unit) :
					  silicon_narrow_to(s, in, tile, unit);
	uint32_t level;

	if (!from || !to)
		return s->err.code;
	memcpy(to, from + bytes * engine->used, bytes);
	if (++engine->used == engine->share) {
		engine->used = 0;
		silicon_advance(&in->access[0], &engine->from);
	}
	if (is_lead) {
		engine->led++;
		return 1;
	}
	level = silicon_advance(&in->access[1], &engine->walk);
	silicon_count(&s->tile[tile], &in->make[0], level);
	return level == ISA_LOOPS_MAX ? SILICON_DONE : 1;
}

static int to_wide(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		   struct silicon_engine *engine)
{
	const uint8_t *from =
		silicon_narrow(s, in, tile, silicon_address(&in->access[0], &engine->walk));
	uint8_t *to = silicon_wide_to(s, in, tile,
				      silicon_address(&in->access[1], &engine->into));
	uint32_t level;

	if (!from || !to)
		return s->err.code;
	memcpy(to + (size_t)SILICON_UNIT_BYTES * engine->used, from, SILICON_UNIT_BYTES);
	level = silicon_advance(&in->access[0], &engine->walk);
	if (++engine->used == engine->share || level == ISA_LOOPS_MAX) {
		engine->used = 0;
		silicon_count(&s->tile[tile], &in->make[0],
			      silicon_advance(&in->access[1], &engine->into));
	}
	return level == ISA_LOOPS_MAX ? SILICON_DONE : 1;
}

static int receive(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		   struct silicon_engine *engine)
{
	struct silicon_ring *ring = &s->tile[tile].ring[in->kind == SILICON_RECEIVE_B];
	bool is_lead = engine->led < in->lead.count;
	int64_t row = is_lead ? in->lead.base + engine->led :
				silicon_address(&in->access[0], &engine->walk);
	const uint8_t *from;
	uint8_t *to;
	uint32_t level;

	if (ring->rows == 0)
		return 0;
	to = silicon_wide_to(s, in, tile, row);
	from = silicon_ring_take(ring);
	if (!to)
		return s->err.code;
	memcpy(to, from, SILICON_ROW_BYTES);
	if (is_lead) {
		engine->led++;
		return 1;
	}
	level = silicon_advance(&in->access[0], &engine->walk);
	silicon_count(&s->tile[tile], &in->make[0], level);
	return level == ISA_LOOPS_MAX ? SILICON_DONE : 1;
}

/* To a set of tiles, by one of their receivers, and to the host. All or nobody. */
static int send(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		struct silicon_engine *engine)
{
	uint32_t to = isa_bits(in->bytes, 467, 16), level;
	bool is_b = isa_bits(in->bytes, 466, 1), is_to_host = isa_bits(in->bytes, 483, 1);
	const uint8_t *from;

	for (uint32_t t = 0; t < SILICON_TILES; t++)
		if (to >> t & 1 && s->tile[t].ring[is_b].rows == SILICON_RING_ROWS)
			return 0;
	if (is_to_host && s->ring.rows == SILICON_RING_ROWS)
		return 0;
	from = silicon_wide(s, in, tile, silicon_address(&in->access[0], &engine->walk));
	if (!from)
		return s->err.code;
	for (uint32_t t = 0; t < SILICON_TILES; t++)
		if (to >> t & 1)
			memcpy(silicon_ring_put(&s->tile[t].ring[is_b]), from,
			       SILICON_ROW_BYTES);
	if (is_to_host)
		memcpy(silicon_ring_put(&s->ring), from, SILICON_ROW_BYTES);
	level = silicon_advance(&in->access[0], &engine->walk);
	silicon_count(&s->tile[tile], &in->make[0], level);
	/* Whose turn it is on the ring, all tiles know. */
	for (uint32_t t = 0; t < SILICON_TILES; t++)
		silicon_count(&s->tile[t], &in->make[1], level);
	return level == ISA_LOOPS_MAX ? SILICON_DONE : 1;
}

int silicon_move(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		 struct silicon_engine *engine)
{
	switch (in->kind) {
	case SILICON_TO_NARROW:
		return to_narrow(s, tile, in, engine);
	case SILICON_TO_WIDE:
		return to_wide(s, tile, in, engine);
	case SILICON_SEND:
		return send(s, tile, in, engine);
	default:
		return receive(s, tile, in, engine);
	}
}
