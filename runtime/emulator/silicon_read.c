/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program taken apart, once, before it runs: accesses, and what it waits for and
 * counts. Where those are in the instructions was found by comparing all compiled
 * models at hand: every number in the place of a counter is one of the 19 that the
 * vendor's driver has registers for, no wait that is not valid has a bit set, and the
 * counters that an opcode waits for are those of the engines around it.
 */
#include <errno.h>

#include "runtime/emulator/silicon_inside.h"

/* Behind the loops of a place: the loop by which a buffer of two parts turns, and the
   length of one; then how long the last iteration of loop 0 is, less one, the loop in
   whose last iteration that is, and by how much it is shorter. */
struct turn { uint16_t from; uint8_t loop_bits; uint16_t last; uint8_t last_bits; };
#define PART_BITS 16
#define LANE_BITS 14 /* of a mac's bases in wide memory: quarters of a row */

/* Where things are in an opcode. Loops of 3 bits belong to nests of 6 or 8. */
struct layout {
	uint8_t code;
	enum silicon_engine_kind kind;
	uint16_t make[2];         /* 0: none */
	uint8_t make_loop_bits;
	uint16_t wait;
	uint8_t waits, wait_loop_bits;
	bool has_reuse;           /* the bit behind a wait */
	uint16_t lead;            /* 0: none */
	uint8_t lead_loop_bits;
	int8_t place[SILICON_SIDES]; /* -1: the side is not in this tile's memory */
	struct turn turn[3];      /* of the first places; 0: none */
	uint16_t row_loop;        /* 0: none */
};

#define RECEIVE(c, k) \
	{ .code = (c), .kind = (k), .make = { 335 }, .make_loop_bits = 2, \
	  .wait = 339, .waits = 4, .wait_loop_bits = 2, \
	  .has_reuse = true, .lead = 267, .lead_loop_bits = 2, .place = { -1, 0 }, \
	  .turn = { { 214, 2, 233, 16 } } }
#define EXCHANGE(c, k) \
	{ .code = (c), .kind = (k), .make = { 473, 477 }, \
	  .make_loop_bits = 3, .wait = 481, \
	  .waits = 4, .wait_loop_bits = 2, .has_reuse = true, .place = { 0, 1 }, \
	  .turn = { { 214, 2, 233, 16 }, { 419, 2, 438, 16 } } }

static const struct layout layouts[] = {
	{ .code = 0x01, .kind = SILICON_MAC, .make = { 1563, 1568 },
	  .make_loop_bits = 3,
	  .wait = 1578, .waits = 6, .wait_loop_bits = 3, .place = { 0, 1 },
	  .turn = { { 513, 3, 535, 18 }, { 896, 3, 918, 18 }, { .from = 1211, .loop_bits = 3 } } },
	{ .code = 0x10, .kind = SILICON_SEND, .make = { 335, 339 },
	  .make_loop_bits = 2,
	  .wait = 343, .waits = 3, .wait_loop_bits = 2, .has_reuse = true,
	  .place = { 0, -1 }, .turn = { { 214, 2, 233, 16 } } },
	RECEIVE(0x11, SILICON_RECEIVE_A),
	RECEIVE(0x12, SILICON_RECEIVE_B),
	{ .code = 0x13, .kind = SILICON_TO_WIDE, .make = { 543 },
	  .make_loop_bits = 2,
	  .wait = 547, .waits = 6, .wait_loop_bits = 3, .has_reuse = true,
	  .place = { 0, 1 }, .turn = { { 0 }, { 489, 2, 508, 16 } }, .row_loop = 801 },
	{ .code = 0x14, .kind = SILICON_TO_NARROW, .make = { 611 },
	  .make_loop_bits = 3,
	  .wait = 615, .waits = 6, .wait_loop_bits = 3, .has_reuse = true,
	  .lead = 542, .lead_loop_bits = 3, .place = { 0, 1 },
	  .turn = { { 214, 2, 233, 16 }, { 487, 3, 507, 16 } }, .row_loop = 870 },
	EXCHANGE(0x15, SILICON_FROM_NORTH),
	EXCHANGE(0x16, SILICON_FROM_EAST),
	EXCHANGE(0x17, SILICON_FROM_SOUTH),
	EXCHANGE(0x18, SILICON_FROM_WEST),
	{ .code = 0x1a, .kind = SILICON_FENCE },
};

/* What engines count; the second of a mac and of a send is another. */
static uint8_t counter_of(const struct silicon_instruction *in, uint32_t make)
{
	switch (in->kind) {
	case SILICON_MAC:
		return make == 0 ? SILICON_ACTIVATIONS : SILICON_PARAMETERS;
	case SILICON_TO_NARROW:
		return isa_bits(in->bytes, 867, 1) ? SILICON_WIDE_SCALING :
						     SILICON_WIDE_NARROW;
	case SILICON_TO_WIDE:
		return SILICON_NARROW_WIDE;
	case SILICON_RECEIVE_A:
		return SILICON_RING_READ_A;
	case SILICON_RECEIVE_B:
		return SILICON_RING_READ_B;
	case SILICON_FROM_NORTH:
	case SILICON_FROM_EAST:
	case SILICON_FROM_SOUTH:
	case SILICON_FROM_WEST:
		if (make == 0) /* what is given to the other side */
			return (uint8_t)(SILICON_MESH_OUT + (in->kind - SILICON_FROM_NORTH + 2) % 4);
		return (uint8_t)(SILICON_MESH_IN + in->kind - SILICON_FROM_NORTH);
	default:
		if (make == 0)
			return SILICON_RING_WRITE;
		return isa_bits(in->bytes, 466, 1) ? SILICON_RING_PRODUCER_B :
						     SILICON_RING_PRODUCER_A;
	}
}

static void read_makes(struct silicon_instruction *in, const struct layout *layout)
{
	for (uint32_t i = 0; i < 2 && layout->make[i] > 0; i++)
		in->make[i] = (struct silicon_make){
			.is_there = isa_bits(in->bytes, layout->make[i], 1),
			.loop = (uint8_t)isa_bits(in->bytes, layout->make[i] + 1u,
						  layout->make_loop_bits),
			.counter = counter_of(in, i) };
}

/* Counter, loop, start, step, whether it is one at all, whether it is for reuse: then
   it is about where the instruction puts to. */
static int read_waits(struct silicon_instruction *in, const struct layout *layout,
		      struct atoll_error *err)
{
	uint32_t pitch = 5u + layout->wait_loop_bits + 16u + 16u + 1u + layout->has_reuse;

	for (uint32_t i = 0; i < layout->waits; i++) {
		uint32_t bit = layout->wait + i * pitch;
		uint32_t numbers = bit + 5 + layout->wait_loop_bits;
		struct silicon_wait *wait = &in->wait[in->waits];

		if (!isa_bits(in->bytes, numbers + 32, 1))
			continue;
		*wait = (struct silicon_wait){
			.counter = (uint8_t)isa_bits(in->bytes, bit, 5),
			.loop = (uint8_t)isa_bits(in->bytes, bit + 5, layout->wait_loop_bits),
			.start = isa_signed_bits(in->bytes, numbers, 16),
			.step = isa_signed_bits(in->bytes, numbers + 16, 16) };
		wait->side = layout->has_reuse && isa_bits(in->bytes, numbers + 33, 1) ?
			     SILICON_INTO : SILICON_FROM;
		if (wait->counter >= SILICON_COUNTERS)
			return atoll_error_set(err, -EINVAL, "instruction %u (%s, word %u): "
					       "counter %u is not understood", in->number,
					       in->opcode->name, in->word, wait->counter);
		in->waits++;
	}
	return 0;
}

/* First place, one less than how many, the last place of all, and a step. */
static void read_lead(struct silicon_instruction *in, const struct layout *layout)
{
	uint32_t numbers = layout->lead + 1u + layout->lead_loop_bits;

	if (layout->lead == 0 || !isa_bits(in->bytes, layout->lead, 1))
		return;
	in->lead = (struct silicon_lead){
		.loop = (uint8_t)isa_bits(in->bytes, layout->lead + 1u,
					  layout->lead_loop_bits),
		.base = isa_bits(in->bytes, numbers, 16),
		.count = isa_bits(in->bytes, numbers + 16, 16) + 1,
		.last = isa_bits(in->bytes, numbers + 32, 16),
		.step = isa_bits(in->bytes, numbers + 48, 16) };
}

static void read_turn(struct silicon_instruction *in, struct silicon_place *place,
		      const struct turn *turn)
{
	uint32_t loop = turn->last + turn->last_bits;

	place->turn = (uint8_t)isa_bits(in->bytes, turn->from, turn->loop_bits);
	place->part = isa_bits(in->bytes, turn->from + turn->loop_bits, PART_BITS);
	if (turn->last == 0)
		return;
	place->last_loop = (uint8_t)isa_bits(in->bytes, loop, turn->loop_bits);
	if (place->last_loop > 0)
		place->last = isa_bits(in->bytes, turn->last, turn->last_bits) + 1;
}

static void read_places(struct silicon_instruction *in, const struct layout *layout)
{
	static const struct silicon_place none;

	for (uint32_t i = 0; i < 3; i++)
		if (layout->turn[i].from > 0)
			read_turn(in, &in->place[i], &layout->turn[i]);
	for (uint32_t i = 0; i < SILICON_SIDES; i++) {
		in->side[i] = layout->place[i] < 0 ? &none : &in->place[layout->place[i]];
		in->has_side[i] = layout->place[i] >= 0;
	}
	/* Scaling memory has two parts as well, and no loop that turns them. */
	if (in->kind == SILICON_TO_NARROW && isa_bits(in->bytes, 867, 1))
		in->place[1].part = 0;
	if (layout->row_loop > 0)
		in->row_loop = isa_bits(in->bytes, layout->row_loop, 3);
}

static float real(const struct silicon_instruction *in, uint32_t bit)
{
	return isa_real(isa_bits(in->bytes, bit, 32));
}

static void read_mac(struct silicon_instruction *in, const struct isa_instruction *isa)
{
	const uint32_t *limit = &isa->value[isa_slot(isa->opcode, "loops")];
	const uint8_t *bytes = in->bytes;

	in->loops = (struct silicon_place){ .access.loops = ISA_LOOPS_MAX };
	for (uint32_t d = 0; d < ISA_LOOPS_MAX; d++)
		in->loops.access.loop[d].count = limit[d] + 1;
	in->side[SILICON_FROM] = &in->loops;
	in->mac = (struct silicon_mac){
		.mode = isa_bits(bytes, 1846, 3),
		.fours = isa_bits(bytes, 1942, 4) + 1,
		.has_bias = isa_bits(bytes, 2093, 1),
		.has_factor = isa_bits(bytes, 2094, 1),
		.has_zeros = isa_bits(bytes, 1853, 1),
		.zeros = { isa_bits(bytes, 1908, LANE_BITS), isa_bits(bytes, 1884, LANE_BITS) },
		.weight_zero = (int32_t)isa_bits(bytes, 1854, 8),
		.input_zero = (int32_t)isa_bits(bytes, 1870, 8),
		.output_zero = (int32_t)isa_bits(bytes, 2077, 8),
		.bias = isa_signed_bits(bytes, 2045, 32),
		.factor = real(in, 1949), .upper = real(in, 1981), .lower = real(in, 2013) };
}

/* Filled by a number, not by a neighbour; without any bit of a side nothing is given,
   or got. */
static void read_exchange(struct silicon_instruction *in)
{
	bool gives = false, gets = false;

	for (uint32_t bit = 62; bit < 214; bit++)
		gives |= isa_bits(in->bytes, bit, 1);
	for (uint32_t bit = 267; bit < 419; bit++)
		gets |= isa_bits(in->bytes, bit, 1);
	in->is_filled = isa_bits(in->bytes, 727, 1);
	in->fill = isa_bits(in->bytes, 728, 32);
	in->has_side[SILICON_FROM] = gives;
	in->has_side[SILICON_INTO] = gets || in->is_filled;
}

static enum silicon_engine_kind scalar_kind(const struct isa_opcode *opcode)
{
	switch (opcode->code) {
	case 0x02:
	case 0x03:
		return SILICON_UNKNOWN;
	case 0x05:
	case 0x06:
		return SILICON_HOST_SEND;
	case 0x07:
		return SILICON_HOST_COLLECT;
	default:
		return SILICON_NOTHING;
	}
}

static const struct layout *find_layout(const struct isa_opcode *opcode)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (opcode->unit == ISA_TILES && layouts[i].code == opcode->code)
			return &layouts[i];
	return NULL;
}

static int read_one(struct silicon_instruction *in, const struct isa_instruction *isa,
		    struct atoll_error *err)
{
	const struct layout *layout = find_layout(isa->opcode);
	int r;

	in->opcode = isa->opcode;
	in->kind = SILICON_UNKNOWN;
	if (isa->opcode->unit == ISA_SCALAR)
		in->kind = scalar_kind(isa->opcode);
	else
		in->number = isa->value[isa_slot(isa->opcode, "number")];
	if (!layout)
		return 0;
	in->kind = layout->kind;
	in->tiles = (uint16_t)isa_bits(in->bytes, 12, 16);
	while (in->accesses < 4 && isa_access(isa, in->accesses, &in->place[in->accesses].access))
		in->accesses++;
	read_makes(in, layout);
	r = read_waits(in, layout, err);
	read_lead(in, layout);
	read_places(in, layout);
	if (in->kind == SILICON_MAC)
		read_mac(in, isa);
	if (in->kind >= SILICON_FROM_NORTH && in->kind <= SILICON_FROM_WEST)
		read_exchange(in);
	return r;
}

static size_t count(const struct edgetpu_chunk *chunk)
{
	uint32_t words = chunk->size / ISA_WORD_BYTES, length;
	size_t instructions = 0;

	for (uint32_t word = 0; word < words; word += length > 0 ? length : words) {
		length = isa_length(chunk->bytes + (size_t)word * ISA_WORD_BYTES);
		instructions++;
	}
	return instructions;
}

static int read_chunk(const struct edgetpu_chunk *chunk, struct silicon_code *code,
		      struct atoll_error *err)
{
	uint32_t words = chunk->size / ISA_WORD_BYTES;
	struct isa_instruction isa;

	for (uint32_t word = 0; word < words; word += isa.opcode->words) {
		const struct silicon_instruction *before = code->instruction;
		struct silicon_instruction *in = &code->instruction[code->instructions];
		int r = isa_decode(chunk->bytes, words, word, &isa, err);

		if (r < 0)
			return r;
		in->bytes = chunk->bytes + (size_t)word * ISA_WORD_BYTES;
		in->word = word;
		/* Those of the core have no numbers: they go by the one before. */
		in->number = in == before ? 0 : in[-1].number;
		r = read_one(in, &isa, err);
		if (r < 0)
			return r;
		code->instructions++;
	}
	return 0;
}

int silicon_read(const struct edgetpu_executable *executable, struct memory *memory,
		 struct silicon_code *code, struct atoll_error *err)
{
	size_t instructions = 0;
	int r = 0;

	for (uint32_t i = 0; i < executable->chunks; i++)
		instructions += count(&executable->chunk[i]);
	code->instructions = 0;
	if (instructions == 0 || instructions > SILICON_INSTRUCTIONS_MAX)
		return atoll_error_set(err, -EINVAL, "%zu instructions, and not 1 to %d",
				       instructions, SILICON_INSTRUCTIONS_MAX);
	code->instruction = memory_take(memory, instructions * sizeof(*code->instruction));
	if (!code->instruction)
		return atoll_error_set(err, -ENOMEM, "no memory for %zu instructions",
				       instructions);
	for (uint32_t i = 0; i < executable->chunks && r == 0; i++)
		r = read_chunk(&executable->chunk[i], code, err);
	return r;
}
