/* SPDX-License-Identifier: Apache-2.0 */
/* What moves data and leaves it as it is: between the memories of a tile, and the ring. */
#include <string.h>

#include "runtime/emulator/silicon_inside.h"

static bool is_to_scaling(const struct silicon_instruction *in)
{
	return isa_bits(in->bytes, 867, 1);
}

static uint32_t units_of_row(const struct silicon_instruction *in)
{
	if (in->kind == SILICON_TO_NARROW && is_to_scaling(in))
		return SILICON_ROW_BYTES / SILICON_SCALING_BYTES;
	return SILICON_ROW_BYTES / SILICON_UNIT_BYTES;
}

int silicon_begin_move(struct silicon *s, const struct silicon_instruction *in,
		       struct silicon_engine *engine)
{
	for (uint32_t i = 0; i < SILICON_SIDES; i++)
		engine->is_done[i] = !in->has_side[i];
	if (in->kind == SILICON_TO_WIDE && isa_bits(in->bytes, 799, 2) > 1)
		return silicon_stop(s, in, "rows in pieces are not understood");
	if (in->kind == SILICON_SEND && isa_bits(in->bytes, 467, 17) == 0)
		return silicon_stop(s, in, "it sends to nobody");
	return 0;
}

/* Whether the row ends with this unit, before which the narrow side was at `level`. */
static bool ends_row(const struct silicon_instruction *in, struct silicon_engine *engine,
		     uint32_t level)
{
	if (++engine->used < units_of_row(in) && level < in->row_loop)
		return false;
	engine->used = 0;
	return true;
}

static int to_narrow(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		     struct silicon_engine *engine)
{
	struct silicon_walk *rows = &engine->walk[SILICON_FROM];
	struct silicon_walk *units = &engine->walk[SILICON_INTO];
	bool is_lead = engine->led < in->lead.count;
	int64_t unit = is_lead ? in->lead.base + engine->led :
				 silicon_address(&in->place[1], units);
	size_t bytes = is_to_scaling(in) ? SILICON_SCALING_BYTES : SILICON_UNIT_BYTES;
	const uint8_t *from = silicon_wide(s, in, tile, silicon_address(&in->place[0], rows));
	uint32_t bank = (uint32_t)s->tile[tile].counter[SILICON_WIDE_SCALING] % SILICON_BANKS;
	uint8_t *to = is_to_scaling(in) ? silicon_scaling_to(s, in, tile, bank, unit) :
					  silicon_narrow_to(s, in, tile, unit);
	uint32_t level = 0;

	if (!from || !to)
		return s->err.code;
	memcpy(to, from + bytes * engine->used, bytes);
	if (is_lead) {
		engine->led++;
	} else {
		level = silicon_advance(in->side[SILICON_INTO], units);
		silicon_count(&s->tile[tile], &in->make[0], level);
	}
	if (ends_row(in, engine, level)) {
		s->tile[tile].is_fresh[silicon_address(&in->place[0], rows)] = false;
		silicon_advance(in->side[SILICON_FROM], rows);
	}
	return level == ISA_LOOPS_MAX ? SILICON_DONE : 1;
}

/* Units come one behind the other, or in turns to each quarter of a row. */
static uint32_t place_in_row(const struct silicon_instruction *in,
			     const struct silicon_engine *engine)
{
	uint32_t quarter = SILICON_ROW_BYTES / SILICON_UNIT_BYTES / 4;

	if (!isa_bits(in->bytes, 799, 2))
		return engine->used;
	return engine->used % 4 * quarter + engine->used / 4;
}

static int to_wide(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		   struct silicon_engine *engine)
{
	struct silicon_walk *units = &engine->walk[SILICON_FROM];
	struct silicon_walk *rows = &engine->walk[SILICON_INTO];
	const uint8_t *from = silicon_narrow(s, in, tile, SILICON_UNIT_BYTES *
					     silicon_address(&in->place[0], units),
					     SILICON_UNIT_BYTES);
	uint8_t *to = silicon_wide_to(s, in, tile, silicon_address(&in->place[1], rows));
	uint32_t level;

	if (!from || !to)
		return s->err.code;
	memcpy(to + (size_t)SILICON_UNIT_BYTES * place_in_row(in, engine), from,
	       SILICON_UNIT_BYTES);
	level = silicon_advance(in->side[SILICON_FROM], units);
	if (ends_row(in, engine, level))
		silicon_count(&s->tile[tile], &in->make[0],
			      silicon_advance(in->side[SILICON_INTO], rows));
	return level == ISA_LOOPS_MAX ? SILICON_DONE : 1;
}

/* The row to receive into: of the lead, which begins again with iterations of its loop
   (with those of 0 it does not), or of the loops. */
static int64_t row_to_receive(const struct silicon_instruction *in,
			      const struct silicon_engine *engine)
{
	uint32_t length = in->lead.last - in->lead.base + 1;

	if (engine->led == in->lead.count)
		return silicon_address(&in->place[0], &engine->walk[SILICON_INTO]);
	return in->lead.base + engine->led +
	       (length > 0 ? engine->leads * in->lead.step % length : 0);
}

/* Rows that go on to narrow memory: those that wait for it count units as if all rows
   were full, so where they are not, a row could come too early. */
static bool waits_for_narrow(const struct silicon_instruction *in)
{
	for (uint32_t i = 0; i < in->waits; i++)
		if (in->wait[i].counter == SILICON_WIDE_NARROW)
			return true;
	return false;
}

static int receive(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		   struct silicon_engine *engine)
{
	struct silicon_ring *ring = &s->tile[tile].ring[in->kind == SILICON_RECEIVE_B];
	int64_t row = row_to_receive(in, engine);
	const uint8_t *from;
	uint8_t *to;
	uint32_t level;

	if (ring->rows == 0)
		return 0;
	to = silicon_wide_to(s, in, tile, row);
	if (!to)
		return s->err.code;
	if (waits_for_narrow(in) && s->tile[tile].is_fresh[row])
		return 0;
	s->tile[tile].is_fresh[row] = waits_for_narrow(in);
	from = silicon_ring_take(ring);
	memcpy(to, from, SILICON_ROW_BYTES);
	if (engine->led < in->lead.count) {
		engine->led++;
		return 1;
	}
	level = silicon_advance(in->side[SILICON_INTO], &engine->walk[SILICON_INTO]);
	silicon_count(&s->tile[tile], &in->make[0], level);
	if (in->lead.loop > 0 && level >= in->lead.loop) {
		engine->led = 0;
		engine->leads++;
	}
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
	from = silicon_wide(s, in, tile,
			    silicon_address(&in->place[0], &engine->walk[SILICON_FROM]));
	if (!from)
		return s->err.code;
	for (uint32_t t = 0; t < SILICON_TILES; t++)
		if (to >> t & 1)
			memcpy(silicon_ring_put(&s->tile[t].ring[is_b]), from,
			       SILICON_ROW_BYTES);
	if (is_to_host)
		memcpy(silicon_ring_put(&s->ring), from, SILICON_ROW_BYTES);
	level = silicon_advance(in->side[SILICON_FROM], &engine->walk[SILICON_FROM]);
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
	case SILICON_RECEIVE_A:
	case SILICON_RECEIVE_B:
		return receive(s, tile, in, engine);
	default:
		return silicon_exchange(s, tile, in, engine);
	}
}
