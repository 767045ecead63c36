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
	uint8_t nest;             /* the access that waits are about */
};

static const struct layout layouts[] = {
	{ .code = 0x01, .kind = SILICON_MAC, .make = { 1563, 1568 }, .make_loop_bits = 3,
	  .wait = 1578, .waits = 6, .wait_loop_bits = 3 },
	{ .code = 0x10, .kind = SILICON_SEND, .make = { 335, 339 }, .make_loop_bits = 2,
	  .wait = 343, .waits = 3, .wait_loop_bits = 2, .has_reuse = true },
	{ .code = 0x11, .kind = SILICON_RECEIVE_A, .make = { 335 }, .make_loop_bits = 2,
	  .wait = 339, .waits = 4, .wait_loop_bits = 2, .has_reuse = true,
	  .lead = 267, .lead_loop_bits = 2 },
	{ .code = 0x12, .kind = SILICON_RECEIVE_B, .make = { 335 }, .make_loop_bits = 2,
	  .wait = 339, .waits = 4, .wait_loop_bits = 2, .has_reuse = true,
	  .lead = 267, .lead_loop_bits = 2 },
	{ .code = 0x13, .kind = SILICON_TO_WIDE, .make = { 543 }, .make_loop_bits = 2,
	  .wait = 547, .waits = 6, .wait_loop_bits = 3, .has_reuse = true },
	{ .code = 0x14, .kind = SILICON_TO_NARROW, .make = { 611 }, .make_loop_bits = 3,
	  .wait = 615, .waits = 6, .wait_loop_bits = 3, .has_reuse = true,
	  .lead = 542, .lead_loop_bits = 3, .nest = 1 },
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

/* Counter, loop, start, step, whether it is one at all, whether it is for reuse. */
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
			.step = isa_signed_bits(in->bytes, numbers + 16, 16),
			.is_reuse = layout->has_reuse &&
				    isa_bits(in->bytes, numbers + 33, 1) };
		if (wait->counter >= SILICON_COUNTERS)
			return atoll_error_set(err, -EINVAL, "instruction %u (%s, word %u): "
					       "counter %u is not understood", in->number,
					       in->opcode->name, in->word, wait->counter);
		in->waits++;
	}
	return 0;
}

/* Whether the loops from `loop` on have one iteration; those of 0 are one in all. */
static bool is_once(const struct isa_access *nest, uint32_t loop)
{
	for (uint32_t d = loop; d < nest->loops && loop > 0; d++)
		if (nest->loop[d].count > 1)
			return false;
	return true;
}

/* First place and one less than how many; then the last place and a step, which repeat
   it where loops are outside. */
static void read_lead(struct silicon_instruction *in, const struct layout *layout)
{
	uint32_t numbers = layout->lead + 1u + layout->lead_loop_bits;

	if (layout->lead == 0 || !isa_bits(in->bytes, layout->lead, 1))
		return;
	in->lead.base = isa_bits(in->bytes, numbers, 16);
	in->lead.count = isa_bits(in->bytes, numbers + 16, 16) + 1;
	if (is_once(&in->nest, isa_bits(in->bytes, layout->lead + 1u, layout->lead_loop_bits)))
		return;
	in->kind = SILICON_UNKNOWN;
	in->why = "units in front of the others more than once are not understood";
}

static void read_loops(struct silicon_instruction *in, const struct isa_instruction *isa)
{
	const uint32_t *limit = &isa->value[isa_slot(isa->opcode, "loops")];

	in->nest = (struct isa_access){ .loops = ISA_LOOPS_MAX };
	for (uint32_t d = 0; d < ISA_LOOPS_MAX; d++)
		in->nest.loop[d].count = limit[d] + 1;
}

static enum silicon_engine_kind scalar_kind(const struct isa_opcode *opcode)
{
	switch (opcode->code) {
	case 0x02:
	case 0x03:
		return SILICON_UNKNOWN;
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
	while (in->accesses < 4 && isa_access(isa, in->accesses, &in->access[in->accesses]))
		in->accesses++;
	if (in->kind == SILICON_MAC)
		read_loops(in, isa);
	else
		in->nest = in->access[layout->nest];
	read_makes(in, layout);
	r = read_waits(in, layout, err);
	read_lead(in, layout);
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
	code->instruction = memory_take(memory, instructions * sizeof(*code->instruction));
	if (!code->instruction)
		return atoll_error_set(err, -ENOMEM, "silicon: no memory for instructions");
	for (uint32_t i = 0; i < executable->chunks && r == 0; i++)
		r = read_chunk(&executable->chunk[i], code, err);
	return r;
}
