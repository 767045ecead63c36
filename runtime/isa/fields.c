/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: which bits of which opcode mean what, and how we know. */
#include "runtime/isa/isa.h"

#define FIELD(n, bit, bits, k, t, s) \
	{ .name = (n), .from = (bit), .width = (bits), .times = 1, .kind = (k), \
	  .trust = (t), .source = (s) }
#define FIELDS(n, bit, bits, count, apart, k, t, s) \
	{ .name = (n), .from = (bit), .width = (bits), .times = (count), \
	  .pitch = (apart), .kind = (k), .trust = (t), .source = (s) }
#define ONES(bit, bits, s) FIELD("ones", bit, bits, ISA_ONES, ISA_FITS, s)
#define FLAG(n, bit, t, s) FIELD(n, bit, 1, ISA_UNSIGNED, t, s)

/* The first field of a group, which text tells as one thing. */
#define GROUP(g, size, n, bit, bits, count, apart, k, t, s) \
	{ .name = (n), .from = (bit), .width = (bits), .times = (count), \
	  .pitch = (apart), .kind = (k), .trust = (t), .group = (g), \
	  .members = (size), .source = (s) }

/* A base and behind it, from bit `pairs` on, `count` pairs of increment and limit. */
#define ACCESS(n, mem, bit, bits, k, pairs, step, limit, count, t, s) \
	{ .name = n, .from = (bit), .width = (bits), .times = 1, .kind = (k), \
	  .trust = (t), .memory = (mem), .source = (s) }, \
	FIELDS(n "-step", pairs, step, count, (step) + (limit), ISA_SIGNED, t, s), \
	FIELDS(n "-count", (pairs) + (step), limit, count, (step) + (limit), \
	       ISA_LESS_ONE, t, s)

/* What is behind the pairs of every access: a bit for each loop; the loop by which a
   buffer of two parts turns, and the length of one; the last iteration of loop 0 of the
   last iteration of some loop, and how far that falls short. `lb` bits name a loop. */
#define NEST(n, at, count, lb, step, limit, t) \
	GROUP(ISA_NEST, 6, n "-used", at, count, 1, 0, ISA_MASK, ISA_GUESS, ISA_ALL), \
	FIELD(n "-turn", (at) + (count), lb, ISA_UNSIGNED, t, ISA_RUN), \
	FIELD(n "-part", (at) + (count) + (lb), step, ISA_UNSIGNED, t, ISA_RUN), \
	FIELD(n "-last", (at) + (count) + (lb) + (step), limit, ISA_UNSIGNED, t, ISA_LAYERS), \
	FIELD(n "-last-loop", (at) + (count) + (lb) + (step) + (limit), lb, \
	      ISA_UNSIGNED, t, ISA_LAYERS), \
	FIELD(n "-skip", (at) + (count) + 2 * (lb) + (step) + (limit), limit, \
	      ISA_UNSIGNED, ISA_FITS, ISA_OUTLINE)

/* Nests of 4 and of 6 loops. */
#define MOVE(n, mem, bit, t, s) \
	ACCESS(n, mem, bit, 16, ISA_UNSIGNED, (bit) + 16, 17, 16, 4, t, s), \
	NEST(n, (bit) + 148, 4, 2, 17, 16, ISA_FITS)
#define MOVE_6(n, mem, bit, t, s) \
	ACCESS(n, mem, bit, 16, ISA_UNSIGNED, (bit) + 16, 17, 16, 6, t, s), \
	NEST(n, (bit) + 214, 6, 3, 17, 16, ISA_FITS)

/* Units or rows in front of those of the loops, see struct silicon_lead. */
#define LEAD(at, lb, t, s) \
	GROUP(ISA_LEAD, 6, "lead", at, 1, 1, 0, ISA_UNSIGNED, t, s), \
	FIELD("lead-loop", (at) + 1, lb, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS), \
	FIELD("lead-base", (at) + 1 + (lb), 16, ISA_UNSIGNED, t, s), \
	FIELD("lead-count", (at) + 17 + (lb), 16, ISA_LESS_ONE, t, s), \
	FIELD("lead-last", (at) + 33 + (lb), 16, ISA_UNSIGNED, t, s), \
	FIELD("lead-step", (at) + 49 + (lb), 17, ISA_UNSIGNED, t, s)

/* When an iteration of a loop is complete, a counter goes up; `lb` bits name a loop, or
   all of them. */
#define MAKES(n, at, lb, s) \
	GROUP(ISA_MAKES, 2, "makes-" n, at, 1, 1, 0, ISA_UNSIGNED, ISA_FITS, s), \
	FIELD("makes-" n "-loop", (at) + 1, lb, ISA_UNSIGNED, ISA_FITS, s)

/* Before the k-th iteration of `loop` the counter is at least start + k step; where it is
   for reuse, k counts iterations of the loops that it puts to. */
#define WAITS(size, at, count, lb, apart) \
	GROUP(ISA_WAITS, size, "wait", at, 5, count, apart, ISA_UNSIGNED, ISA_FITS, ISA_RUN), \
	FIELDS("wait-loop", (at) + 5, lb, count, apart, ISA_UNSIGNED, ISA_FITS, ISA_RUN), \
	FIELDS("wait-start", (at) + 5 + (lb), 16, count, apart, ISA_SIGNED, ISA_FITS, \
	       ISA_RUN), \
	FIELDS("wait-step", (at) + 21 + (lb), 16, count, apart, ISA_SIGNED, ISA_FITS, ISA_RUN), \
	FIELDS("wait-is-valid", (at) + 37 + (lb), 1, count, apart, ISA_UNSIGNED, ISA_FITS, \
	       ISA_RUN)
#define WAITS_PLAIN(at, count, lb) WAITS(5, at, count, lb, 38 + (lb))
#define WAITS_REUSE(at, count, lb) \
	WAITS(6, at, count, lb, 39 + (lb)), \
	FIELDS("wait-is-reuse", (at) + 38 + (lb), 1, count, 39 + (lb), ISA_UNSIGNED, \
	       ISA_FITS, ISA_RUN)

#define TILES(bit) \
	FIELD("tiles", 12, 16, ISA_MASK, ISA_PROVEN, ISA_ALL), \
	FIELD("number", bit, 13, ISA_UNSIGNED, ISA_PROVEN, ISA_NUMBER)
#define PREDICATE \
	FIELD("if", 0, 1, ISA_UNSIGNED, ISA_FITS, ISA_ALL), \
	FIELD("if-register", 1, 3, ISA_UNSIGNED, ISA_FITS, ISA_ALL), \
	FIELD("if-sense", 4, 1, ISA_UNSIGNED, ISA_FITS, ISA_ALL)

/* A register is set to the immediate, or to the value of the register of that number;
   and, or instead, one is handed on to the host's DMA. */
static const struct isa_field scalar[] = {
	PREDICATE,
	FIELD("hand-on", 32, 4, ISA_UNSIGNED, ISA_FITS, ISA_WRITTEN),
	FIELD("hand-on-place", 36, 4, ISA_UNSIGNED, ISA_FITS, ISA_WRITTEN),
	FIELD("hand-on-register", 49, 4, ISA_UNSIGNED, ISA_FITS, ISA_WRITTEN),
	FIELD("operation", 54, 4, ISA_UNSIGNED, ISA_GUESS, ISA_ALL),
	FLAG("is-immediate", 59, ISA_FITS, ISA_WRITTEN),
	FIELD("register", 60, 4, ISA_UNSIGNED, ISA_FITS, ISA_WRITTEN),
	FIELD("immediate", 70, 32, ISA_UNSIGNED, ISA_PROVEN, ISA_PATCHED),
};

static const struct isa_field bare[] = {
	PREDICATE,
};

/* Waits of the core: for fences of tiles, what comes on the ring, or the host. */
static const struct isa_field core_wait[] = {
	PREDICATE,
	FIELD("tiles", 12, 16, ISA_MASK, ISA_FITS, ISA_WRITTEN),
	FIELD("for", 32, 9, ISA_UNSIGNED, ISA_GUESS, ISA_WRITTEN),
	FLAG("is-fence", 57, ISA_GUESS, ISA_WRITTEN),
	FIELD("tiles-done", 73, 16, ISA_MASK, ISA_FITS, ISA_WRITTEN),
	FIELD("rows", 173, 16, ISA_UNSIGNED, ISA_GUESS, ISA_WRITTEN),
};

/* The length of the stream without these two words. */
static const struct isa_field first[] = {
	PREDICATE,
	FIELD("words", 26, 32, ISA_UNSIGNED, ISA_PROVEN, ISA_FRAMING),
};

static const struct isa_field last[] = {
	PREDICATE,
	FIELD("end", 26, 32, ISA_UNSIGNED, ISA_FITS, ISA_FRAMING),
};

/* Parameters come in units of 64 bytes, activations of 8, what the core collected of 4:
   loops of a stream go over units, loop 0 over those of a block. */
#define KIND FIELD("of", 12, 2, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS)

static const struct isa_field open_stream[] = {
	PREDICATE,
	KIND,
	ACCESS("into", ISA_STREAM, 14, 14, ISA_UNSIGNED, 28, 16, 15, 3, ISA_FITS, ISA_CACHING),
	NEST("into", 121, 3, 2, 16, 15, ISA_FITS),
	ONES(174, 1, ISA_CACHING),
	ONES(177, 2, ISA_CACHING),
	FIELD("back", 183, 16, ISA_SIGNED, ISA_PROVEN, ISA_CACHING),
	ONES(199, 1, ISA_CACHING),
	ONES(215, 1, ISA_CACHING),
};

static const struct isa_field send[] = {
	PREDICATE,
	KIND,
	ACCESS("from", ISA_STREAM, 14, 20, ISA_UNSIGNED, 34, 21, 20, 3, ISA_PROVEN, ISA_CACHING),
	NEST("from", 157, 3, 2, 21, 20, ISA_FITS),
	ONES(311, 1, ISA_CACHING),
	FIELD("nth", 320, 16, ISA_UNSIGNED, ISA_PROVEN, ISA_CACHING),
	ONES(336, 1, ISA_CACHING),
	ONES(352, 1, ISA_CACHING),
	ONES(392, 1, ISA_CACHING),
	FIELD("to", 409, 16, ISA_MASK, ISA_PROVEN, ISA_CACHING),
	FIELD("row-units", 434, 6, ISA_LESS_ONE, ISA_PROVEN, ISA_CACHING),
};

/* 1: to be sent to tiles; 3: to the host; 0, with streamed parameters, is not known. */
static const struct isa_field collect[] = {
	PREDICATE,
	ACCESS("into", ISA_STREAM, 12, 15, ISA_UNSIGNED, 27, 16, 15, 3, ISA_FITS, ISA_LAYERS),
	NEST("into", 120, 3, 2, 16, 15, ISA_FITS),
	FIELD("to", 173, 2, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS),
};

/* Engines in the order of their opcodes; which of 1 to 4 is which is not known. */
static const struct isa_field fence[] = {
	TILES(28),
	FIELD("sets", 44, 19, ISA_COUNTERS, ISA_FITS, ISA_RUN),
	FIELD("to", 63, 16, ISA_UNSIGNED, ISA_FITS, ISA_RUN),
	FIELD("engines", 79, 10, ISA_MASK, ISA_FITS, ISA_RUN),
};

static const struct isa_field unknown[] = {
	TILES(46),
};

static const struct isa_field ring_send[] = {
	TILES(46),
	MOVE("from", ISA_WIDE, 62, ISA_FITS, ISA_ALL),
	LEAD(267, 2, ISA_GUESS, ISA_OUTLINE),
	MAKES("ring-write", 335, 3, ISA_RUN),
	MAKES("ring-producer", 339, 3, ISA_RUN),
	WAITS_REUSE(343, 3, 2),
	FLAG("to-receiver-b", 466, ISA_FITS, ISA_LAYERS),
	FIELD("to", 467, 16, ISA_MASK, ISA_PROVEN, ISA_DENSE),
	FLAG("to-host", 483, ISA_FITS, ISA_RUN),
};

/* Blocks that are spread over tiles have the rows of a table in front. */
#define RECEIVE(makes) \
	TILES(46), \
	FIELD("newer", 61, 1, ISA_UNSIGNED, ISA_PROVEN, ISA_CACHING), \
	MOVE("into", ISA_WIDE, 62, ISA_PROVEN, ISA_CACHING), \
	LEAD(267, 2, ISA_PROVEN, ISA_CACHING), \
	MAKES(makes, 335, 3, ISA_RUN), \
	WAITS_REUSE(339, 4, 2)

static const struct isa_field receive_a[] = { RECEIVE("ring-read-a") };
static const struct isa_field receive_b[] = { RECEIVE("ring-read-b") };

/* "pieces" are units of 4 bytes that go to quarters of a row in turns, when it is 1;
   above that it is not known. A row is full, or ends with an iteration of "row-loop". */
static const struct isa_field narrow_to_wide[] = {
	TILES(46),
	MOVE_6("from", ISA_NARROW, 62, ISA_FITS, ISA_OUTER),
	MOVE("into", ISA_WIDE, 337, ISA_FITS, ISA_OUTER),
	MAKES("narrow-wide", 543, 3, ISA_RUN),
	WAITS_REUSE(547, 6, 3),
	FIELD("pieces", 799, 2, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS),
	FIELD("row-loop", 801, 3, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS),
};

/* Where it fills the scaling memory it makes wide-scaling instead. */
static const struct isa_field wide_to_narrow[] = {
	TILES(46),
	MOVE("from", ISA_WIDE, 62, ISA_FITS, ISA_OUTER),
	MOVE_6("into", ISA_NARROW, 267, ISA_FITS, ISA_OUTER),
	LEAD(542, 3, ISA_FITS, ISA_RUN),
	MAKES("wide-narrow", 611, 3, ISA_RUN),
	WAITS_REUSE(615, 6, 3),
	FLAG("to-scaling", 867, ISA_FITS, ISA_RUN),
	FIELD("row-loop", 870, 3, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS),
};

/* It takes from one side and gives to the opposite one, or takes a number instead. */
#define EXCHANGE(out, in) \
	TILES(46), \
	MOVE("from", ISA_NARROW, 62, ISA_FITS, ISA_ALL), \
	MOVE("into", ISA_NARROW, 267, ISA_FITS, ISA_ALL), \
	MAKES(out, 473, 3, ISA_LAYERS), \
	MAKES(in, 477, 3, ISA_LAYERS), \
	WAITS_REUSE(481, 6, 2), \
	FLAG("is-filled", 727, ISA_FITS, ISA_LAYERS), \
	FIELD("fill", 728, 32, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS)

static const struct isa_field from_north[] = { EXCHANGE("south-out", "north-in") };
static const struct isa_field from_east[] = { EXCHANGE("west-out", "east-in") };
static const struct isa_field from_south[] = { EXCHANGE("north-out", "south-in") };
static const struct isa_field from_west[] = { EXCHANGE("east-out", "west-in") };

#define LOOPS(t, s) \
	FIELDS("loops", 62, 14, 8, 14, ISA_LESS_ONE, t, s), \
	FIELD("loops-last", 174, 14, ISA_UNSIGNED, ISA_GUESS, ISA_OUTLINE), \
	FIELD("loops-last-loop", 188, 3, ISA_UNSIGNED, ISA_GUESS, ISA_OUTLINE)
/* In narrow memory it counts bytes, in wide quarters of a row. */
#define OPERANDS \
	ACCESS("input", ISA_NARROW, 191, 18, ISA_UNSIGNED, 209, 19, 18, 8, ISA_FITS, ISA_RUN), \
	NEST("input", 505, 8, 3, 19, 18, ISA_FITS), \
	ACCESS("output", ISA_NARROW, 574, 18, ISA_UNSIGNED, 592, 19, 18, 8, ISA_FITS, ISA_RUN), \
	NEST("output", 888, 8, 3, 19, 18, ISA_FITS), \
	ACCESS("weights", ISA_WIDE, 957, 14, ISA_UNSIGNED, 971, 15, 14, 8, ISA_FITS, \
	       ISA_PRODUCT), \
	NEST("weights", 1203, 8, 3, 15, 14, ISA_FITS), \
	ACCESS("sums", ISA_WIDE, 1260, 14, ISA_UNSIGNED, 1274, 15, 14, 8, ISA_FITS, ISA_ALL), \
	NEST("sums", 1506, 8, 3, 15, 14, ISA_FITS)
#define STEPS \
	MAKES("activations", 1563, 4, ISA_RUN), \
	MAKES("parameters", 1568, 4, ISA_LAYERS), \
	MAKES("partial-sums", 1573, 4, ISA_OUTLINE), \
	WAITS_PLAIN(1578, 6, 3)

/* A table of outputs' own zero points is in wide memory, where groups find it at two
   places in turns. Counts of outputs are those of one group. */
static const struct isa_field mac[] = {
	TILES(46),
	LOOPS(ISA_PROVEN, ISA_PRODUCT),
	OPERANDS,
	STEPS,
	FLAG("has-layer-weights", 1843, ISA_GUESS, ISA_LAYERS),
	FIELD("mode", 1846, 3, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS),
	FIELD("scale", 1949, 32, ISA_FLOAT, ISA_PROVEN, ISA_NUMBERS),
	FIELD("lower", 2013, 32, ISA_FLOAT, ISA_PROVEN, ISA_NUMBERS),
	FIELD("upper", 1981, 32, ISA_FLOAT, ISA_PROVEN, ISA_NUMBERS),
	FIELD("weight-zero", 1854, 8, ISA_UNSIGNED, ISA_PROVEN, ISA_NUMBERS),
	FIELD("input-zero", 1870, 8, ISA_UNSIGNED, ISA_PROVEN, ISA_NUMBERS),
	FIELD("output-zero", 2077, 8, ISA_UNSIGNED, ISA_PROVEN, ISA_NUMBERS),
	FLAG("has-zeros", 1853, ISA_FITS, ISA_LAYERS),
	FIELD("zeros", 1908, 14, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS),
	FIELD("zeros-other", 1884, 14, ISA_UNSIGNED, ISA_FITS, ISA_LAYERS),
	FLAG("has-bias", 2093, ISA_FITS, ISA_LAYERS),
	FLAG("has-factor", 2094, ISA_FITS, ISA_RUN),
	FIELD("bias", 2045, 32, ISA_SIGNED, ISA_FITS, ISA_LAYERS),
	FIELD("last-outputs", 1934, 6, ISA_LESS_ONE, ISA_FITS, ISA_OUTLINE),
	FIELD("outputs", 1940, 6, ISA_LESS_ONE, ISA_FITS, ISA_LAYERS),
	FIELD("activation", 1946, 3, ISA_UNSIGNED, ISA_GUESS, ISA_ALL),
};

/* The clamps of opcode 0x05 are no floats: what they are is not known. */
static const struct isa_field whole[] = {
	TILES(46),
	LOOPS(ISA_GUESS, ISA_ALIKE),
	OPERANDS,
	STEPS,
	FIELD("scale", 1949, 32, ISA_FLOAT, ISA_GUESS, ISA_ALIKE),
	FIELD("output-zero", 2077, 8, ISA_UNSIGNED, ISA_GUESS, ISA_ALIKE),
};

#define OPCODE(u, c, w, n, f, t, what) \
	{ .unit = (u), .code = (c), .words = (w), .name = (n), .field = (f), \
	  .fields = sizeof(f) / sizeof((f)[0]), .trust = (t), .use = (what) }

static const struct isa_opcode opcodes[] = {
	OPCODE(ISA_SCALAR, 0x00, 1, "scalar", scalar, ISA_PROVEN,
	       "arithmetic and registers of the scalar core, requests to the host"),
	OPCODE(ISA_SCALAR, 0x01, 1, "halt", bare, ISA_PROVEN, "the program is done"),
	OPCODE(ISA_SCALAR, 0x02, 1, "branch", bare, ISA_GUESS, "a branch"),
	OPCODE(ISA_SCALAR, 0x03, 1, "branch-back", bare, ISA_GUESS, "a branch"),
	OPCODE(ISA_SCALAR, 0x04, 2, "wait", core_wait, ISA_PROVEN, "wait"),
	OPCODE(ISA_SCALAR, 0x05, 2, "open", open_stream, ISA_PROVEN,
	       "open a stream of data from the host"),
	OPCODE(ISA_SCALAR, 0x06, 4, "send", send, ISA_PROVEN,
	       "send a piece of that stream to tiles"),
	OPCODE(ISA_SCALAR, 0x07, 2, "collect", collect, ISA_PROVEN,
	       "take output from tiles for the host"),
	OPCODE(ISA_SCALAR, 0x1e, 1, "first", first, ISA_PROVEN, "first word of a stream"),
	OPCODE(ISA_SCALAR, 0x1f, 1, "last", last, ISA_PROVEN, "last word of a stream"),
	OPCODE(ISA_TILES, 0x01, 17, "mac", mac, ISA_PROVEN,
	       "multiply and accumulate: convolution, dense, element-wise, average"),
	OPCODE(ISA_TILES, 0x02, 17, "op-02", mac, ISA_GUESS,
	       "other arithmetic, occurs in softmax"),
	OPCODE(ISA_TILES, 0x03, 17, "op-03", mac, ISA_GUESS,
	       "other arithmetic, occurs in softmax"),
	OPCODE(ISA_TILES, 0x05, 17, "op-05", whole, ISA_GUESS, "other arithmetic"),
	OPCODE(ISA_TILES, 0x10, 4, "ring-send", ring_send, ISA_PROVEN,
	       "from this tile's wide memory to the ring"),
	OPCODE(ISA_TILES, 0x11, 4, "receive-a", receive_a, ISA_PROVEN,
	       "from the ring into wide memory, first receiver"),
	OPCODE(ISA_TILES, 0x12, 4, "receive-b", receive_b, ISA_FITS,
	       "from the ring into wide memory, second receiver"),
	OPCODE(ISA_TILES, 0x13, 7, "narrow-wide", narrow_to_wide, ISA_PROVEN,
	       "from narrow memory to wide"),
	OPCODE(ISA_TILES, 0x14, 7, "wide-narrow", wide_to_narrow, ISA_PROVEN,
	       "from wide memory to narrow"),
	OPCODE(ISA_TILES, 0x15, 6, "from-north", from_north, ISA_PROVEN,
	       "from the tile in the north, and to the one in the south"),
	OPCODE(ISA_TILES, 0x16, 6, "from-east", from_east, ISA_PROVEN, "likewise, to the west"),
	OPCODE(ISA_TILES, 0x17, 6, "from-south", from_south, ISA_PROVEN,
	       "likewise, to the north"),
	OPCODE(ISA_TILES, 0x18, 6, "from-west", from_west, ISA_PROVEN, "likewise, to the east"),
	OPCODE(ISA_TILES, 0x19, 13, "op-19", unknown, ISA_PROVEN, "not known"),
	OPCODE(ISA_TILES, 0x1a, 1, "fence", fence, ISA_PROVEN, "a fence on tiles"),
};

#define OPCODES (sizeof(opcodes) / sizeof(opcodes[0]))

const struct isa_opcode *isa_opcode_at(uint32_t i)
{
	return i < OPCODES ? &opcodes[i] : NULL;
}

const struct isa_opcode *isa_opcode(const uint8_t *word)
{
	uint32_t code = isa_bits(word, 6, 5), unit = isa_bits(word, 11, 1);

	for (uint32_t i = 0; i < OPCODES; i++)
		if (opcodes[i].code == code && opcodes[i].unit == unit)
			return &opcodes[i];
	return NULL;
}
