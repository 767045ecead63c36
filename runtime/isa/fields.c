/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: which bits of which opcode mean what, and how we know. */
#include "runtime/isa/isa.h"

/* Where readings come from. Tests are named where one proves it. */
#define ALL     "comparison of compiled models, all streams"
#define CACHING "programs that bring parameters, rebuilt from templates of two"
#define DENSE   "dense layers: the one of 1024 foretold from those of 256 and 512"
#define NUMBERS "quantization of the source models"
#define CHAINS  "convolution chains foretold from a smaller one"
#define PATCHED "where packages patch addresses"
#define FRAMING "test_isa_streams: every stream parses to its last word"
#define NUMBER  "test_isa_streams: the numbers run on across chunks"
#define PRODUCT "test_isa_streams: loops and weights have the same product"
#define OUTER   "unused outer loops step back by the distance covered, all streams"
#define ALIKE   "the outline of the mac"

#define FIELD(n, bit, bits, k, t, s) \
	{ .name = (n), .from = (bit), .width = (bits), .times = 1, .kind = (k), \
	  .trust = (t), .source = (s) }
#define FIELDS(n, bit, bits, count, apart, k, t, s) \
	{ .name = (n), .from = (bit), .width = (bits), .times = (count), \
	  .pitch = (apart), .kind = (k), .trust = (t), .source = (s) }
#define ONES(bit, bits, s) FIELD("ones", bit, bits, ISA_ONES, ISA_FITS, s)

/* A base and behind it, from bit `pairs` on, `count` pairs of increment and limit. */
#define ACCESS(n, mem, bit, bits, k, pairs, step, limit, count, t, s) \
	{ .name = n, .from = (bit), .width = (bits), .times = 1, .kind = (k), \
	  .trust = (t), .memory = (mem), .source = (s) }, \
	FIELDS(n "-step", pairs, step, count, (step) + (limit), ISA_SIGNED, t, s), \
	FIELDS(n "-count", (pairs) + (step), limit, count, (step) + (limit), \
	       ISA_LESS_ONE, t, s)

#define MOVE(n, mem, bit, count, t, s) \
	ACCESS(n, mem, bit, 16, ISA_UNSIGNED, (bit) + 16, 17, 16, count, t, s)

#define TILES(bit) \
	FIELD("tiles", 12, 16, ISA_MASK, ISA_PROVEN, ALL), \
	FIELD("number", bit, 13, ISA_UNSIGNED, ISA_PROVEN, NUMBER)
#define PREDICATE \
	FIELD("if", 0, 1, ISA_UNSIGNED, ISA_FITS, ALL), \
	FIELD("if-register", 1, 3, ISA_UNSIGNED, ISA_FITS, ALL), \
	FIELD("if-sense", 4, 1, ISA_UNSIGNED, ISA_FITS, ALL)

static const struct isa_field scalar[] = {
	PREDICATE,
	FIELD("immediate", 70, 32, ISA_UNSIGNED, ISA_PROVEN, PATCHED),
};

static const struct isa_field bare[] = {
	PREDICATE,
};

/* The length of the stream without these two words. */
static const struct isa_field first[] = {
	PREDICATE,
	FIELD("words", 26, 32, ISA_UNSIGNED, ISA_PROVEN, FRAMING),
};

static const struct isa_field last[] = {
	PREDICATE,
	FIELD("end", 26, 32, ISA_UNSIGNED, ISA_FITS, FRAMING),
};

/* Data comes in units of 64 bytes. The second word begins at 128. */
static const struct isa_field stream_in[] = {
	PREDICATE,
	FIELD("blocks", 70, 16, ISA_LESS_ONE, ISA_PROVEN, CACHING),
	FIELD("units", 142, 10, ISA_LESS_ONE, ISA_PROVEN, CACHING),
	FIELD("units-left", 159, 10, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("back", 183, 17, ISA_SIGNED, ISA_PROVEN, CACHING),
	ONES(136, 1, CACHING),
	ONES(157, 1, CACHING),
	ONES(174, 1, CACHING),
	ONES(177, 2, CACHING),
	ONES(215, 1, CACHING),
};

static const struct isa_field send[] = {
	PREDICATE,
	ONES(34, 1, CACHING),
	FIELD("start", 14, 11, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("many-0", 55, 10, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("many-1", 75, 1, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("many-2", 85, 11, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("thousands", 96, 3, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("many-3", 116, 1, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("many-4", 126, 11, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	ONES(157, 1, CACHING),
	ONES(160, 1, CACHING),
	ONES(172, 1, CACHING),
	FIELD("rest", 183, 10, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("has-rest", 203, 1, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("rest-left", 205, 10, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	ONES(311, 1, CACHING),
	ONES(314, 1, CACHING),
	FIELD("after", 320, 16, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	ONES(336, 1, CACHING),
	ONES(352, 1, CACHING),
	ONES(392, 1, CACHING),
	FIELD("to", 409, 16, ISA_MASK, ISA_PROVEN, CACHING),
	ONES(434, 4, CACHING),
	FIELD("lanes", 438, 2, ISA_LESS_ONE, ISA_PROVEN, CACHING),
};

static const struct isa_field fence[] = {
	TILES(28),
};

static const struct isa_field unknown[] = {
	TILES(46),
};

static const struct isa_field ring_send[] = {
	TILES(46),
	MOVE("from", ISA_WIDE, 62, 4, ISA_FITS, ALL),
	FIELD("to", 467, 16, ISA_MASK, ISA_PROVEN, DENSE),
};

/* Blocks that are spread over tiles have the rows of a table in front. In programs that
   bring parameters "many" is set when there are several rows; in others it need not be. */
static const struct isa_field receive[] = {
	TILES(46),
	FIELD("newer", 61, 1, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	MOVE("into", ISA_WIDE, 62, 4, ISA_PROVEN, CACHING),
	FIELD("many", 210, 1, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("has-table", 267, 1, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("table", 270, 16, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("table-less", 286, 16, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("table-last", 302, 16, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("table-rows", 318, 16, ISA_UNSIGNED, ISA_PROVEN, CACHING),
	FIELD("turn", 350, 12, ISA_SIGNED, ISA_PROVEN, DENSE),
};

static const struct isa_field narrow_to_wide[] = {
	TILES(46),
	MOVE("from", ISA_NARROW, 62, 6, ISA_FITS, OUTER),
	MOVE("into", ISA_WIDE, 337, 4, ISA_FITS, OUTER),
};

static const struct isa_field wide_to_narrow[] = {
	TILES(46),
	MOVE("from", ISA_WIDE, 62, 4, ISA_FITS, OUTER),
	MOVE("into", ISA_NARROW, 267, 6, ISA_FITS, OUTER),
};

static const struct isa_field neighbour[] = {
	TILES(46),
	MOVE("from", ISA_NARROW, 62, 4, ISA_FITS, ALL),
	MOVE("into", ISA_NARROW, 267, 4, ISA_FITS, ALL),
};

#define LOOPS(t, s) FIELDS("loops", 62, 14, 8, 14, ISA_LESS_ONE, t, s)
#define OPERANDS \
	ACCESS("input", ISA_NARROW, 190, 17, ISA_UNSIGNED, 207, 21, 16, 8, ISA_FITS, ALL), \
	ACCESS("output", ISA_NARROW, 573, 17, ISA_UNSIGNED, 590, 21, 16, 8, ISA_FITS, ALL), \
	ACCESS("weights", ISA_WIDE, 957, 13, ISA_SIGNED, 971, 15, 14, 8, ISA_FITS, \
	       PRODUCT), \
	ACCESS("sums", ISA_WIDE, 1260, 13, ISA_SIGNED, 1274, 15, 14, 8, ISA_FITS, ALL)

/* A wait is for a counter, at each step of one of the loops. In copies and fills, whose
   clamps are infinite, the same bits hold something else. */
static const struct isa_field mac[] = {
	TILES(46),
	LOOPS(ISA_PROVEN, PRODUCT),
	OPERANDS,
	FIELD("scale", 1949, 32, ISA_FLOAT, ISA_PROVEN, NUMBERS),
	FIELD("lower", 2013, 32, ISA_FLOAT, ISA_PROVEN, NUMBERS),
	FIELD("upper", 1981, 32, ISA_FLOAT, ISA_PROVEN, NUMBERS),
	FIELD("weight-zero", 1854, 8, ISA_UNSIGNED, ISA_PROVEN, NUMBERS),
	FIELD("input-zero", 1870, 8, ISA_UNSIGNED, ISA_PROVEN, NUMBERS),
	FIELD("output-zero", 2077, 8, ISA_UNSIGNED, ISA_PROVEN, NUMBERS),
	FIELD("receiver", 1578, 1, ISA_UNSIGNED, ISA_PROVEN, CHAINS),
	FIELD("await-weights", 1586, 16, ISA_UNSIGNED, ISA_PROVEN, CHAINS),
	FIELD("at-loop", 1583, 3, ISA_UNSIGNED, ISA_PROVEN, CHAINS),
	FIELD("await-outputs", 1627, 16, ISA_UNSIGNED, ISA_PROVEN, CHAINS),
	FIELD("at-output-loop", 1624, 3, ISA_UNSIGNED, ISA_PROVEN, CHAINS),
	FIELD("last-fours", 1936, 4, ISA_LESS_ONE, ISA_FITS, CHAINS),
	FIELD("fours", 1942, 4, ISA_LESS_ONE, ISA_FITS, CHAINS),
};

/* The clamps of opcode 0x05 are no floats: what they are is not known. */
static const struct isa_field whole[] = {
	TILES(46),
	LOOPS(ISA_GUESS, ALIKE),
	OPERANDS,
	FIELD("scale", 1949, 32, ISA_FLOAT, ISA_GUESS, ALIKE),
	FIELD("output-zero", 2077, 8, ISA_UNSIGNED, ISA_GUESS, ALIKE),
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
	OPCODE(ISA_SCALAR, 0x04, 2, "wait", bare, ISA_PROVEN, "wait"),
	OPCODE(ISA_SCALAR, 0x05, 2, "open", stream_in, ISA_PROVEN,
	       "open a stream of data from the host"),
	OPCODE(ISA_SCALAR, 0x06, 4, "send", send, ISA_PROVEN,
	       "send a piece of that stream to tiles"),
	OPCODE(ISA_SCALAR, 0x07, 2, "collect", bare, ISA_PROVEN,
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
	OPCODE(ISA_TILES, 0x11, 4, "receive-0", receive, ISA_PROVEN,
	       "from the ring into wide memory, first receiver"),
	OPCODE(ISA_TILES, 0x12, 4, "receive-1", receive, ISA_FITS,
	       "from the ring into wide memory, second receiver"),
	OPCODE(ISA_TILES, 0x13, 7, "narrow-wide", narrow_to_wide, ISA_PROVEN,
	       "from narrow memory to wide"),
	OPCODE(ISA_TILES, 0x14, 7, "wide-narrow", wide_to_narrow, ISA_PROVEN,
	       "from wide memory to narrow"),
	OPCODE(ISA_TILES, 0x15, 6, "neighbour-0", neighbour, ISA_PROVEN,
	       "exchange with the tile in one of four directions"),
	OPCODE(ISA_TILES, 0x16, 6, "neighbour-1", neighbour, ISA_PROVEN, "likewise"),
	OPCODE(ISA_TILES, 0x17, 6, "neighbour-2", neighbour, ISA_PROVEN, "likewise"),
	OPCODE(ISA_TILES, 0x18, 6, "neighbour-3", neighbour, ISA_PROVEN, "likewise"),
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
