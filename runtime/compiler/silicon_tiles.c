/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of moves and fences. Those in lists of constants are the same in all programs at
 * hand for a move of that purpose; the others have their reading in ../isa/README.md.
 */
#include "runtime/compiler/silicon_tiles.h"

enum { CODE_SEND = 0x10, CODE_RECEIVE, CODE_TO_WIDE = 0x13, CODE_TO_NARROW,
       CODE_FROM_NORTH, CODE_FENCE = 0x1a };

/* Counters, in the order of the registers that show them. */
enum { OUTPUTS = 0, WIDE_NARROW = 11, NARROW_WIDE = 13, RING_READ, RING_WRITE = 16,
       RING_TURN };

/* Places in wide memory. */
#define ROWS_END 2080
#define GIVE_ROW 2074
#define RING_ROW 2078
#define RING_ROWS 2      /* of a buffer: one is filled while the other is used */

#define BUFFER_BITS 16   /* how many rows it has; in front of them a bit: it has some */

static void put_buffer(uint8_t *at, uint32_t bit, uint32_t rows)
{
	isa_set_bits(at, bit, 1, 1);
	isa_set_bits(at, bit + 1, BUFFER_BITS, rows);
}

/* Fences */

#define FENCE_CLEARS 44  /* 19 bits: counters */
#define FENCE_ENGINES 79 /* 10 bits */
#define FENCE_CORE 107
#define FENCE_LAST 109   /* 2 bits, set in the last fence of all programs */

void tiles_fence(struct words *words, enum tiles_fence fence)
{
	static const struct {
		uint32_t clears, engines, core, last;
	} kinds[] = {
		[TILES_FENCE_FIRST] = { 0x7ffff, 0x3ff, 1, 0 },
		[TILES_FENCE_CORE] = { 0, 0x3ff, 1, 0 },
		[TILES_FENCE_HOST] = { 0, 0x020, 0, 0 },
		[TILES_FENCE_PLAIN] = { 0, 0x3ff, 0, 0 },
		[TILES_FENCE_CLEAR] = { 0x1ffff, 0x3ff, 0, 0 },
		[TILES_FENCE_CLEAR_CORE] = { 0x1ffff, 0x3ff, 1, 0 },
		[TILES_FENCE_RING] = { 1 << RING_TURN, 0x3ff, 1, 0 },
		[TILES_FENCE_LAST] = { 0, 0x3ff, 1, 3 },
	};
	uint8_t *at = words_add(words, ISA_TILES, CODE_FENCE, TILES_ALL);

	isa_set_bits(at, FENCE_CLEARS, 19, kinds[fence].clears);
	isa_set_bits(at, FENCE_ENGINES, 10, kinds[fence].engines);
	isa_set_bits(at, FENCE_CORE, 1, kinds[fence].core);
	isa_set_bits(at, FENCE_LAST, 2, kinds[fence].last);
}

/* Receivers */

#define RECEIVE_BUFFER 214
#define RECEIVE_COUNTS 335     /* at loop (2 bits) */

static const struct words_waits receive_waits = { .from = 339, .loop_bits = 2,
						  .has_reuse = true };

/* Its buffer has room again when rows before were taken: counted in units. */
static void receive(struct words *words, uint16_t tiles, uint32_t row, uint32_t buffer,
		    const struct words_until *room, bool has_many)
{
	uint8_t *at = words_add(words, ISA_TILES, CODE_RECEIVE, tiles);

	words_loops(at, 0, (int32_t)row, 1, &(struct words_loop){ 1, 1 });
	words_set(at, "into-used", has_many);
	put_buffer(at, RECEIVE_BUFFER, buffer);
	isa_set_bits(at, RECEIVE_COUNTS, 1, 1);
	isa_set_bits(at, RECEIVE_COUNTS + 1, 2, 1);
	words_wait(at, &receive_waits, 0, room);
}

void tiles_receive_host(struct words *words, uint16_t tiles, uint32_t rows)
{
	int32_t units = (int32_t)rows * 4 * TILES_GROUP_UNITS;
	const struct words_until room = { .counter = WIDE_NARROW, .loop = 1, .start = -units,
					  .step = units, .is_reuse = true };

	receive(words, tiles, ROWS_END - 2 * rows, 2 * rows, &room, rows > 1);
}

void tiles_receive(struct words *words, uint16_t tiles, uint32_t nth)
{
	int32_t row_units = 4 * TILES_GROUP_UNITS;
	const struct words_until room = {
		.counter = WIDE_NARROW, .loop = 1, .step = row_units, .is_reuse = true,
		.start = (int32_t)nth * TILES_GROUP_UNITS - row_units };

	receive(words, tiles, RING_ROW, RING_ROWS, &room, false);
}

/* From wide memory to narrow */

#define NARROW_MANY 210         /* set where tables are read */
#define NARROW_BUFFER 214
#define NARROW_LEAD 542         /* units in front, which are written where they do no harm */
#define NARROW_COUNTS 611       /* at loop (3 bits) */
#define NARROW_IS_TABLES 867
#define NARROW_USE 870          /* 2 bits: 2 where there are units in front, else 1 */

static const struct words_waits narrow_waits = { .from = 615, .loop_bits = 3,
						 .has_reuse = true };

/* What was in the place before is no longer needed, when nothing waits to be computed. */
static const struct words_until when_used = { .counter = OUTPUTS, .loop = 1, .start = -1,
					      .step = 1, .is_reuse = true };

static struct words_until when_received(uint32_t rows)
{
	return (struct words_until){ .counter = RING_READ, .loop = 1, .start = (int32_t)rows,
				     .step = 1 };
}

static uint8_t *to_narrow(struct words *words, uint16_t tiles, uint32_t row, uint32_t rows,
			  uint32_t narrow, uint32_t loops, const struct words_loop *loop)
{
	uint8_t *at = words_add(words, ISA_TILES, CODE_TO_NARROW, tiles);

	words_loops(at, 0, (int32_t)row, 1, &(struct words_loop){ rows, 1 });
	words_loops(at, 1, (int32_t)narrow, loops, loop);
	isa_set_bits(at, NARROW_COUNTS, 1, 1);
	isa_set_bits(at, NARROW_USE, 2, 1);
	return at;
}

/* What is in front of a tile's quarter goes to the same place before it. */
static void put_lead(uint8_t *at, uint32_t units, uint32_t place)
{
	const struct words_bits lead[] = {
		{ NARROW_LEAD, 1, 1 }, { NARROW_LEAD + 1, 3, 1 },
		{ NARROW_LEAD + 4, 16, place }, { NARROW_LEAD + 20, 16, units - 1 },
		{ NARROW_LEAD + 36, 16, place + units - 1 }, { NARROW_USE, 2, 2 },
	};

	WORDS_PUT(at, lead);
}

void tiles_pick_up(struct words *words, uint16_t tiles, uint32_t quarter, uint32_t rows,
		   uint32_t slot)
{
	static const struct words_bits constant[] = { { 481, 1, 1 }, { 487, 1, 1 },
						      { 496, 1, 1 } };
	const struct words_until received = when_received(1);
	uint8_t *at = to_narrow(words, tiles, ROWS_END - 2 * rows, 1, slot, 1,
				&(struct words_loop){ TILES_GROUP_UNITS, 1 });

	WORDS_PUT(at, constant);
	if (quarter > 0)
		put_lead(at, quarter * TILES_GROUP_UNITS, slot);
	words_wait(at, &narrow_waits, 0, &received);
	words_wait(at, &narrow_waits, 1, &when_used);
}

void tiles_take(struct words *words, uint16_t tiles, uint32_t nth, uint32_t narrow,
		uint32_t units)
{
	const struct words_until received = when_received(nth + 1);
	uint8_t *at = to_narrow(words, tiles, RING_ROW, 1, narrow, 1,
				&(struct words_loop){ units, 1 });

	isa_set_bits(at, 481, 1, 1);
	put_buffer(at, NARROW_BUFFER, RING_ROWS);
	words_wait(at, &narrow_waits, 0, &received);
}

/* A row of a table has 64 numbers of 4 bytes; 8 bytes are an address there. */
#define TABLE_ADDRESSES 32
#define TABLE_APART 64          /* biases begin there */

void tiles_tables(struct words *words, uint16_t tiles, uint32_t row, bool has_factors,
		  bool has_biases)
{
	static const struct words_bits constant[] = {
		{ NARROW_MANY, 1, 1 }, { 481, 2, 3 }, { 488, 1, 1 }, { 495, 1, 1 },
		{ NARROW_IS_TABLES, 1, 1 }, { NARROW_COUNTS + 1, 3, 2 },
	};
	const struct words_until used = { .counter = OUTPUTS, .loop = 2, .start = -1,
					  .step = 1, .is_reuse = true };
	uint32_t tables = (uint32_t)has_factors + has_biases;
	const struct words_loop loop[] = { { TABLE_ADDRESSES, 1 }, { tables, TABLE_APART } };
	uint8_t *at = to_narrow(words, tiles, row, tables, has_factors ? 0 : TABLE_APART, 2,
				loop);

	WORDS_PUT(at, constant);
	words_wait(at, &narrow_waits, 0, &used);
}

/* From narrow memory to wide, and from there on the ring */

#define WIDE_BUFFER 489
#define WIDE_COUNTS 543         /* at loop (2 bits) */
#define WIDE_ROW_ENDS 801       /* with this loop, or full (3 bits) */
#define ROW_UNITS 64

static const struct words_waits wide_waits = { .from = 547, .loop_bits = 3,
					       .has_reuse = true };

void tiles_give(struct words *words, uint16_t tiles, uint32_t narrow, uint32_t units,
		bool is_to_host)
{
	static const struct words_bits constant[] = {
		{ 276, 1, 1 }, { WIDE_COUNTS, 1, 1 }, { WIDE_COUNTS + 1, 2, 1 },
		{ WIDE_ROW_ENDS, 3, 1 },
	};
	const struct words_until sent = { .counter = RING_WRITE, .loop = 1, .start = -1,
					  .step = 1, .is_reuse = true };
	uint8_t *at = words_add(words, ISA_TILES, CODE_TO_WIDE, tiles);

	words_loops(at, 0, (int32_t)narrow, 1, &(struct words_loop){ units, 1 });
	words_loops(at, 1, is_to_host ? RING_ROW : GIVE_ROW, 1, &(struct words_loop){ 1, 1 });
	WORDS_PUT(at, constant);
	put_buffer(at, WIDE_BUFFER, RING_ROWS);
	words_wait(at, &wide_waits, 0, &sent);
}

#define SEND_BUFFER 214
#define SEND_COUNTS 335         /* rows, at loop (2 bits) */
#define SEND_COUNTS_TURN 339    /* turns, likewise, and all tiles see it */
#define SEND_TO_HOST 483

static const struct words_waits send_waits = { .from = 343, .loop_bits = 2,
					       .has_reuse = true };

void tiles_send(struct words *words, uint32_t tile, uint16_t to, uint32_t turn)
{
	static const struct words_bits constant[] = {
		{ 210, 1, 1 }, { SEND_COUNTS, 1, 1 }, { SEND_COUNTS + 1, 2, 1 },
		{ SEND_COUNTS_TURN, 1, 1 }, { SEND_COUNTS_TURN + 1, 2, 2 },
	};
	const struct words_until turns = { .counter = RING_TURN, .loop = 2,
					   .start = (int32_t)turn, .step = 1 };
	const struct words_until given = { .counter = NARROW_WIDE, .loop = 1, .start = 1,
					   .step = 1 };
	uint8_t *at = words_add(words, ISA_TILES, CODE_SEND, (uint16_t)(1u << tile));

	words_loops(at, 0, to ? GIVE_ROW : RING_ROW, 1, &(struct words_loop){ 1, 1 });
	WORDS_PUT(at, constant);
	put_buffer(at, SEND_BUFFER, RING_ROWS);
	words_wait(at, &send_waits, 0, &turns);
	words_wait(at, &send_waits, 1, &given);
	words_set(at, "to", to);
	isa_set_bits(at, SEND_TO_HOST, 1, to == 0);
}

/* Images */

void tiles_receive_rows(struct words *words, uint16_t tiles, uint32_t row, uint32_t rows)
{
	uint8_t *at = words_add(words, ISA_TILES, CODE_RECEIVE, tiles);

	words_loops(at, 0, (int32_t)row, 1, &(struct words_loop){ rows, 1 });
	words_set(at, "into-used", rows > 1);
	isa_set_bits(at, RECEIVE_COUNTS, 1, 1);
	isa_set_bits(at, RECEIVE_COUNTS + 1, 2, 1);
}

void tiles_send_rows(struct words *words, uint32_t tile, uint16_t to, uint32_t row,
		     uint32_t rows, uint32_t turn)
{
	static const struct words_bits constant[] = {
		{ 210, 1, 1 }, { SEND_COUNTS, 1, 1 }, { SEND_COUNTS + 1, 2, 1 },
		{ SEND_COUNTS_TURN, 1, 1 }, { SEND_COUNTS_TURN + 1, 2, 2 },
	};
	const struct words_until turns = { .counter = RING_TURN, .loop = 2,
					   .start = (int32_t)turn, .step = 1 };
	uint8_t *at = words_add(words, ISA_TILES, CODE_SEND, (uint16_t)(1u << tile));

	words_loops(at, 0, (int32_t)row, 1, &(struct words_loop){ rows, 1 });
	WORDS_PUT(at, constant);
	words_wait(at, &send_waits, 0, &turns);
	words_set(at, "to", to);
	isa_set_bits(at, SEND_TO_HOST, 1, to == 0);
}

void tiles_unpack(struct words *words, uint16_t tiles, const struct tiles_piece *piece)
{
	uint8_t *at = to_narrow(words, tiles, piece->row, piece->rows, piece->narrow, 1,
				&(struct words_loop){ piece->units, 1 });

	if (piece->before > 0)
		put_lead(at, piece->before, piece->spare);
}

void tiles_pack(struct words *words, uint16_t tiles, uint32_t narrow, uint32_t units,
		uint32_t row)
{
	static const struct words_bits constant[] = {
		{ 276, 1, 1 }, { WIDE_COUNTS, 1, 1 }, { WIDE_COUNTS + 1, 2, 1 },
		{ WIDE_ROW_ENDS, 3, 1 },
	};
	uint32_t rows = (units + ROW_UNITS - 1) / ROW_UNITS;
	uint8_t *at = words_add(words, ISA_TILES, CODE_TO_WIDE, tiles);

	words_loops(at, 0, (int32_t)narrow, 1, &(struct words_loop){ units, 1 });
	words_loops(at, 1, (int32_t)row, 1, &(struct words_loop){ rows, 1 });
	WORDS_PUT(at, constant);
}

/* Of an exchange: its two sides, and a number in place of what comes. */
enum { GIVES, GETS };
#define EXCHANGE_FILLS 727
#define EXCHANGE_FILL 728      /* 32 bits */

static void put_fill(uint8_t *at, uint32_t number)
{
	isa_set_bits(at, EXCHANGE_FILLS, 1, 1);
	isa_set_bits(at, EXCHANGE_FILL, 32, number);
}

/* The south's engine is as good as any. */
void tiles_fill(struct words *words, uint32_t narrow, uint32_t number)
{
	uint8_t *at = words_add(words, ISA_TILES, CODE_FROM_NORTH + TILES_SOUTH, TILES_ALL);

	words_loops(at, GETS, (int32_t)narrow, 1, &(struct words_loop){ 1, 1 });
	put_fill(at, number);
}

/* One of its kinds of tiles. */
static void exchange(struct words *words, enum tiles_side side, uint16_t tiles, bool gives,
		     bool is_filled, const struct tiles_strip *strip)
{
	uint8_t *at = words_add(words, ISA_TILES, CODE_FROM_NORTH + side, tiles);

	if (gives)
		words_loops(at, GIVES, (int32_t)strip->from, 2, strip->loop);
	words_loops(at, GETS, (int32_t)strip->into, 2, strip->loop);
	if (is_filled)
		put_fill(at, strip->fill * UINT32_C(0x01010101));
}

/* Tiles are a square of 4 x 4, row by row. */
void tiles_exchange(struct words *words, enum tiles_side side,
		    const struct tiles_strip *strip)
{
	static const uint16_t rim[] = {
		[TILES_NORTH] = 0x000f, [TILES_EAST] = 0x8888,
		[TILES_SOUTH] = 0xf000, [TILES_WEST] = 0x1111,
	};
	uint16_t filled = rim[side], last = rim[(side + 2) % 4];

	exchange(words, side, last, false, false, strip);
	exchange(words, side, (uint16_t)~(filled | last), true, false, strip);
	exchange(words, side, filled, true, true, strip);
}
