/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchange between neighbours: an instruction takes from one side and gives to the
 * opposite one. The tiles are a square of 4 x 4. What is given across its edge is lost;
 * a tile at the edge is told what to fill its place with.
 */
#include <string.h>

#include "runtime/emulator/silicon_inside.h"

#define WIDTH 4
#define HEIGHT (SILICON_TILES / WIDTH)

/* The tile that takes what this one gives, or SILICON_TILES. */
static uint32_t taker(uint32_t tile, enum silicon_engine_kind kind)
{
	uint32_t column = tile % WIDTH, row = tile / WIDTH;

	switch (kind) {
	case SILICON_FROM_NORTH:
		return row + 1 < HEIGHT ? tile + WIDTH : SILICON_TILES;
	case SILICON_FROM_SOUTH:
		return row > 0 ? tile - WIDTH : SILICON_TILES;
	case SILICON_FROM_WEST:
		return column + 1 < WIDTH ? tile + 1 : SILICON_TILES;
	default:
		return column > 0 ? tile - 1 : SILICON_TILES;
	}
}

static struct silicon_mesh *mesh_of(struct silicon *s, uint32_t tile,
				    enum silicon_engine_kind kind)
{
	return &s->tile[tile].mesh[kind - SILICON_FROM_NORTH];
}

static bool put(struct silicon_mesh *mesh, const uint8_t *unit)
{
	if (mesh->units == SILICON_MESH_UNITS)
		return false;
	memcpy(mesh->unit[(mesh->first + mesh->units++) % SILICON_MESH_UNITS], unit,
	       SILICON_UNIT_BYTES);
	return true;
}

static bool take(struct silicon_mesh *mesh, uint8_t *unit)
{
	if (mesh->units == 0)
		return false;
	memcpy(unit, mesh->unit[mesh->first], SILICON_UNIT_BYTES);
	mesh->units--;
	mesh->first = (mesh->first + 1) % SILICON_MESH_UNITS;
	return true;
}

/* One unit of a side is done. */
static int advance(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		   struct silicon_engine *engine, enum silicon_side side)
{
	uint32_t level = silicon_advance(in->side[side], &engine->walk[side]);

	silicon_count(&s->tile[tile], &in->make[side], level);
	engine->is_done[side] = level == ISA_LOOPS_MAX;
	return 1;
}

static int give(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		struct silicon_engine *engine)
{
	uint32_t to = taker(tile, in->kind);
	const uint8_t *unit;
	int64_t needed;

	if (silicon_waits(&s->tile[tile], in, engine, SILICON_FROM, &needed))
		return 0;
	unit = silicon_narrow(s, in, tile, SILICON_UNIT_BYTES *
			      silicon_address(&in->place[0], &engine->walk[SILICON_FROM]),
			      SILICON_UNIT_BYTES);
	if (!unit)
		return s->err.code;
	if (to < SILICON_TILES && !put(mesh_of(s, to, in->kind), unit))
		return 0;
	return advance(s, tile, in, engine, SILICON_FROM);
}

static int get(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
	       struct silicon_engine *engine)
{
	uint8_t unit[SILICON_UNIT_BYTES], *to;
	int64_t needed;

	if (silicon_waits(&s->tile[tile], in, engine, SILICON_INTO, &needed))
		return 0;
	if (in->is_filled)
		memcpy(unit, &in->fill, sizeof(unit));
	else if (!take(mesh_of(s, tile, in->kind), unit))
		return 0;
	to = silicon_narrow_to(s, in, tile,
			       silicon_address(&in->place[1], &engine->walk[SILICON_INTO]));
	if (!to)
		return s->err.code;
	memcpy(to, unit, sizeof(unit));
	return advance(s, tile, in, engine, SILICON_INTO);
}

int silicon_exchange(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		     struct silicon_engine *engine)
{
	int r = 0, moved = 0;

	if (!engine->is_done[SILICON_FROM])
		moved = give(s, tile, in, engine);
	if (moved >= 0 && !engine->is_done[SILICON_INTO])
		r = get(s, tile, in, engine);
	if (moved < 0 || r < 0)
		return moved < 0 ? moved : r;
	if (engine->is_done[SILICON_FROM] && engine->is_done[SILICON_INTO])
		return SILICON_DONE;
	return moved | r;
}
