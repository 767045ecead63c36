/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_TILES_H
#define ATOLL_RUNTIME_COMPILER_SILICON_TILES_H

#include <stdint.h>

#include "runtime/compiler/silicon_words.h"

/*
 * What moves data on the chip, as dense layers need it.
 *
 *	host -> receive_host, pick_up -> narrow memory of one tile
 *	narrow -> give, send -> ring -> receive, take -> narrow memory of all tiles
 *	narrow -> give, send -> host
 *	wide memory -> tables -> factors and biases of the multipliers
 *
 * Wide memory has rows of 256 bytes, addresses of narrow memory count 4 bytes. The last
 * rows are buffers, which go around:
 *
 *	2074, 2075   what a tile puts on the ring for others
 *	2080 - 2n    from the host, n rows in a transfer (n at most 4)
 *	2078, 2079   from the ring, and for the host
 *
 * Waits say how far others must have come: ../isa/README.md.
 */
#define TILES_ALL 0xffff
#define TILES_TILES 16
#define TILES_GROUP_UNITS 16  /* of narrow memory: 64 bytes, which a tile gives at once */

enum tiles_fence {
	TILES_FENCE_FIRST,      /* clears all counters; the core waits for it */
	TILES_FENCE_CORE,       /* the core waits for it */
	TILES_FENCE_HOST,       /* lets one engine finish; which one is not known */
	TILES_FENCE_PLAIN,
	TILES_FENCE_CLEAR,      /* clears counters, but those of the ring's turns */
	TILES_FENCE_CLEAR_CORE,
	TILES_FENCE_RING,       /* clears that one; the core waits for it */
	TILES_FENCE_LAST,
};
void tiles_fence(struct words *words, enum tiles_fence fence);

/* `rows` of 256 bytes come from the host, one to each set of 4 tiles; of its row a tile
   picks up its quarter, to `slot` of narrow memory. */
void tiles_receive_host(struct words *words, uint16_t tiles, uint32_t rows);
void tiles_pick_up(struct words *words, uint16_t tiles, uint32_t quarter, uint32_t rows,
		   uint32_t slot);

/* The nth row of an exchange: from the ring, and `units` of it to `narrow`. */
void tiles_receive(struct words *words, uint16_t tiles, uint32_t nth);
void tiles_take(struct words *words, uint16_t tiles, uint32_t nth, uint32_t narrow,
		uint32_t units);

/* `units` from `narrow` into a row for the ring, or for the host; and off. `turn` counts
   rows on the ring since the program began; `to` is 0 for the host. */
void tiles_give(struct words *words, uint16_t tiles, uint32_t narrow, uint32_t units,
		bool is_to_host);
void tiles_send(struct words *words, uint32_t tile, uint16_t to, uint32_t turn);

/* Images, which lie in rows of pixels. These wait for nothing: fences are between them. */

/* `rows` of the ring or the host to `row` on; that many from `row` on to the ring, and
   for nobody else to the host. */
void tiles_receive_rows(struct words *words, uint16_t tiles, uint32_t row, uint32_t rows);
void tiles_send_rows(struct words *words, uint32_t tile, uint16_t to, uint32_t row,
		     uint32_t rows, uint32_t turn);

/* A part of what lies in `rows` from `row` on: `units` to `narrow`, and those in front of
   them to where they do no harm. */
struct tiles_piece {
	uint32_t row, rows, before, units, narrow, spare;
};
void tiles_unpack(struct words *words, uint16_t tiles, const struct tiles_piece *piece);

/* `units` from `narrow` to as many rows as they fill. */
void tiles_pack(struct words *words, uint16_t tiles, uint32_t narrow, uint32_t units,
		uint32_t row);

/* What each tile gets from its neighbour on one side: rows of an image from there, while
   it gives its own to the other side. Tiles at the rim get `fill`. */
enum tiles_side { TILES_NORTH, TILES_EAST, TILES_SOUTH, TILES_WEST };
struct tiles_strip {
	uint32_t from, into;    /* narrow memory */
	struct words_loop loop[2];
	uint8_t fill;
};
void tiles_exchange(struct words *words, enum tiles_side side,
		    const struct tiles_strip *strip);

/* A number to one address of all tiles. */
void tiles_fill(struct words *words, uint32_t narrow, uint32_t number);

/* Rows of tables, factors and then biases as there are, become those of the next
   operation. */
void tiles_tables(struct words *words, uint16_t tiles, uint32_t row, bool has_factors,
		  bool has_biases);

#endif
