/* SPDX-License-Identifier: Apache-2.0 */
/* Memories that know what was written, so that nobody computes with what never came. */
#include "runtime/emulator/silicon_inside.h"

#include <inttypes.h>

static struct silicon_tile *find_row(struct silicon *s, const struct silicon_instruction *by,
				     uint32_t tile, int64_t row)
{
	if (row >= 0 && row < SILICON_ROWS)
		return &s->tile[tile];
	silicon_stop(s, by, "tile %u: no row %" PRId64 " in wide memory", tile, row);
	return NULL;
}

const uint8_t *silicon_wide(struct silicon *s, const struct silicon_instruction *by,
			    uint32_t tile, int64_t row)
{
	struct silicon_tile *t = find_row(s, by, tile, row);

	if (!t || t->has_row[row])
		return t ? t->wide[row] : NULL;
	silicon_stop(s, by, "tile %u: nothing is in wide row %" PRId64, tile, row);
	return NULL;
}

uint8_t *silicon_wide_to(struct silicon *s, const struct silicon_instruction *by,
			 uint32_t tile, int64_t row)
{
	struct silicon_tile *t = find_row(s, by, tile, row);

	if (!t)
		return NULL;
	t->has_row[row] = true;
	return t->wide[row];
}

static struct silicon_tile *find_unit(struct silicon *s, const struct silicon_instruction *by,
				      uint32_t tile, int64_t unit)
{
	if (unit >= 0 && unit < SILICON_UNITS)
		return &s->tile[tile];
	silicon_stop(s, by, "tile %u: no address %" PRId64 " in narrow memory", tile, unit);
	return NULL;
}

const uint8_t *silicon_narrow(struct silicon *s, const struct silicon_instruction *by,
			      uint32_t tile, int64_t byte, uint32_t bytes)
{
	int64_t unit = byte / SILICON_UNIT_BYTES;
	int64_t last = (byte + bytes - 1) / SILICON_UNIT_BYTES;
	struct silicon_tile *t = find_unit(s, by, tile, byte < 0 ? byte : unit);

	if (t && last != unit)
		t = find_unit(s, by, tile, last);
	if (!t || t->has_unit[unit] || by->kind != SILICON_MAC)
		return t ? (const uint8_t *)t->narrow + byte : NULL;
	silicon_stop(s, by, "tile %u: nothing is at narrow %" PRId64, tile, unit);
	return NULL;
}

uint8_t *silicon_narrow_to(struct silicon *s, const struct silicon_instruction *by,
			   uint32_t tile, int64_t unit)
{
	struct silicon_tile *t = find_unit(s, by, tile, unit);

	if (!t)
		return NULL;
	t->has_unit[unit] = true;
	return t->narrow[unit];
}

uint8_t *silicon_scaling_to(struct silicon *s, const struct silicon_instruction *by,
			    uint32_t tile, uint32_t bank, int64_t unit)
{
	if (unit >= 0 && unit < SILICON_SCALINGS) {
		s->tile[tile].has_scaling[bank][unit] = true;
		return s->tile[tile].scaling[bank][unit];
	}
	silicon_stop(s, by, "tile %u: no address %" PRId64 " in scaling memory", tile, unit);
	return NULL;
}

const uint8_t *silicon_scaling(struct silicon *s, const struct silicon_instruction *by,
			       uint32_t tile, uint32_t bank, uint32_t from,
			       uint32_t channel)
{
	uint32_t unit = from + channel / 2;

	if (s->tile[tile].has_scaling[bank][unit])
		return s->tile[tile].scaling[bank][unit] + (size_t)channel % 2 * 4;
	silicon_stop(s, by, "tile %u: nothing is in scaling memory for channel %u", tile,
		     channel);
	return NULL;
}

uint8_t *silicon_ring_put(struct silicon_ring *ring)
{
	if (ring->rows == SILICON_RING_ROWS)
		return NULL;
	return ring->row[(ring->first + ring->rows++) % SILICON_RING_ROWS];
}

const uint8_t *silicon_ring_take(struct silicon_ring *ring)
{
	const uint8_t *row = ring->row[ring->first];

	if (ring->rows == 0)
		return NULL;
	ring->rows--;
	ring->first = (ring->first + 1) % SILICON_RING_ROWS;
	return row;
}
