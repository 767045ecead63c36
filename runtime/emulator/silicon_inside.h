/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_SILICON_INSIDE_H
#define ATOLL_RUNTIME_EMULATOR_SILICON_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"
#include "runtime/emulator/silicon.h"
#include "runtime/isa/isa.h"
#include "runtime/memory.h"

/*
 * Inside the chip: 16 tiles and a scalar core, which issues instructions in order.
 *
 *	silicon_start(s, &code);
 *	r = silicon_run(s);            as far as it goes with the bytes that came
 *
 * A tile has engines that work side by side, each through its own instructions in
 * order. What keeps them in step are counters: an engine counts what it made, and
 * others wait for a number.
 *
 *	host -> send ----> ring -> receive -> wide -> wide-narrow -> narrow <-> neighbours
 *	          ^         ^                  |                       |
 *	          |         |                  +---> scaling -> mac <--+
 *	host <- collect <- ring-send <- wide <- narrow-wide <- narrow <-+
 *
 * Steps return 1 when something was done, 0 when they have to wait, or a negative
 * errno, and then the sentence is in s->err.
 */
#define SILICON_TILES 16
#define SILICON_ROW_BYTES 256
#define SILICON_ROWS 2080         /* the highest that any program names */
#define SILICON_UNIT_BYTES 4      /* an address of narrow memory */
#define SILICON_UNITS 65536       /* that an address of 16 bits can name */
#define SILICON_SCALING_BYTES 8   /* one float or bias of two channels */
#define SILICON_SCALINGS 128
#define SILICON_BANKS 2           /* of scaling memory: groups take them in turns */
#define SILICON_BIASES 64         /* the first of the biases; factors are from 0 on */
#define SILICON_WAITS 6           /* of an instruction */
#define SILICON_PATIENCE 8        /* engines that wait, for each step of a budget */
#define SILICON_INSTRUCTIONS_MAX 65536 /* of an executable; the longest of all compiled
				     models at hand has some thousand */
#define SILICON_MEMORY_MAX (256 << 20) /* bytes of a program, but for its tiles: what an
				     executable asks for is in its hands */

/* In the order of the registers that show them, as the vendor's driver names these. */
enum silicon_counter {
	SILICON_ACTIVATIONS,      /* AVDATA */
	SILICON_PARAMETERS,
	SILICON_PARTIAL_SUMS,
	SILICON_MESH_IN,          /* from the north, east, south, west */
	SILICON_MESH_OUT = SILICON_MESH_IN + 4, /* likewise to them */
	SILICON_WIDE_NARROW = SILICON_MESH_OUT + 4,
	SILICON_WIDE_SCALING,
	SILICON_NARROW_WIDE,
	SILICON_RING_READ_A,
	SILICON_RING_READ_B,
	SILICON_RING_WRITE,
	SILICON_RING_PRODUCER_A,
	SILICON_RING_PRODUCER_B,
	SILICON_COUNTERS,
};

/* Of a tile; the last three of the core. */
enum silicon_engine_kind {
	SILICON_MAC,
	SILICON_TO_NARROW,        /* from wide memory, or to scaling */
	SILICON_TO_WIDE,
	SILICON_RECEIVE_A,
	SILICON_RECEIVE_B,
	SILICON_SEND,
	SILICON_FROM_NORTH,       /* takes from there, and gives to the other side */
	SILICON_FROM_EAST,
	SILICON_FROM_SOUTH,
	SILICON_FROM_WEST,
	SILICON_ENGINES,
	SILICON_FENCE = SILICON_ENGINES,
	SILICON_HOST_SEND,
	SILICON_HOST_COLLECT,
	SILICON_NOTHING,          /* first, last, waits, registers, halt */
	SILICON_UNKNOWN,
};

/* An instruction has two nests of loops: where it takes from, and where it puts to. */
enum silicon_side { SILICON_FROM, SILICON_INTO, SILICON_SIDES };

/* Before a step that begins an iteration of `loop`, the k-th of it: */
struct silicon_wait {
	enum silicon_side side;
	uint8_t counter, loop;
	int32_t start, step;      /* start + k * step */
};

/* When an iteration of `loop` is complete. */
struct silicon_make {
	bool is_there;
	uint8_t counter, loop;
};

/* Units in front of those of the loops, somewhere else: what a tile leaves out of a row
   of the image, once; or the table in front of each iteration of `loop`, which is in
   turns somewhere from `base` to `last`. */
struct silicon_lead {
	uint32_t base, count, last, step;
	uint8_t loop;
};

/* Where loops walk. It may be a buffer of two parts, which iterations of the loop `turn`
   take in turns. */
struct silicon_place {
	struct isa_access access;
	uint32_t part;            /* its length; 0: it is no such buffer */
	uint8_t turn;
	uint32_t last;            /* iterations of loop 0 when those from `last_loop` on are
				     at their last; 0: as always */
	uint8_t last_loop;
};

/* What a step multiplies. */
enum silicon_mode {
	SILICON_MATRIX,           /* 4 bytes of input with 4 weights for each output */
	SILICON_BYTES,            /* a byte of input with one weight for each output */
	SILICON_HALVES,           /* 2 bytes of input with 2 signed weights of 16 bits */
};

/* Numbers of a multiply-accumulate. */
struct silicon_mac {
	enum silicon_mode mode;
	uint32_t fours;           /* groups of four outputs, in a full group */
	bool has_bias, has_factor, has_zeros;
	uint32_t zeros[2];        /* places of the outputs' own zero points, which groups
				     take in turns */
	int32_t weight_zero, input_zero;
	int32_t output_zero, bias; /* of all outputs, beside those of each */
	float factor, lower, upper;
};

struct silicon_instruction {
	const struct isa_opcode *opcode;
	const uint8_t *bytes;
	enum silicon_engine_kind kind;
	const char *why;          /* it cannot be done; NULL: its opcode is unknown */
	uint32_t word, number;
	uint16_t tiles;
	uint32_t waits, accesses;
	struct silicon_wait wait[SILICON_WAITS];
	struct silicon_make make[2];
	struct silicon_lead lead;
	struct silicon_place loops; /* of a mac, apart from its operands' */
	struct silicon_place place[4];
	const struct silicon_place *side[SILICON_SIDES]; /* what waits are about */
	uint32_t row_loop;        /* a row ends with an iteration of this loop, or full */
	bool is_filled;           /* with `fill`, and not by a neighbour */
	uint32_t fill;
	bool has_side[SILICON_SIDES];
	struct silicon_mac mac;
};

struct silicon_code {
	uint32_t instructions;
	struct silicon_instruction *instruction;
};

/* Where loops are; at the beginning all is 0. */
struct silicon_walk {
	uint32_t at[ISA_LOOPS_MAX];
};

struct silicon_engine {
	uint32_t next;            /* to be looked at */
	uint32_t at;              /* worked on, or SILICON_IDLE */
	uint32_t led;             /* of the lead */
	uint32_t leads;           /* that there were before */
	uint32_t used;            /* units of a row */
	bool is_done[SILICON_SIDES];
	uint64_t run, passes;     /* steps to a sum without a pause, and how often again */
	uint64_t under_way;       /* sums, between two passes */
	uint64_t terms, runs;     /* of this run, and before it */
	int64_t group;            /* of outputs */
	uint32_t bank;            /* of scaling memory */
	struct silicon_walk walk[SILICON_SIDES], input, weights, sums;
	int32_t sum[64];
};
#define SILICON_IDLE UINT32_MAX

/* Rows on their way to one receiver, or to the host. */
#define SILICON_RING_ROWS 16
struct silicon_ring {
	uint32_t first, rows;
	uint8_t row[SILICON_RING_ROWS][SILICON_ROW_BYTES];
};

/* Units on their way from one neighbour. */
#define SILICON_MESH_UNITS 16
struct silicon_mesh {
	uint32_t first, units;
	uint8_t unit[SILICON_MESH_UNITS][SILICON_UNIT_BYTES];
};

struct silicon_tile {
	uint8_t wide[SILICON_ROWS][SILICON_ROW_BYTES];
	uint8_t narrow[SILICON_UNITS][SILICON_UNIT_BYTES];
	uint8_t scaling[SILICON_BANKS][SILICON_SCALINGS][SILICON_SCALING_BYTES];
	bool has_row[SILICON_ROWS], has_unit[SILICON_UNITS];
	bool has_scaling[SILICON_BANKS][SILICON_SCALINGS];
	bool is_fresh[SILICON_ROWS]; /* received, and not yet moved on */
	int64_t counter[SILICON_COUNTERS];
	struct silicon_engine engine[SILICON_ENGINES];
	struct silicon_ring ring[2];
	struct silicon_mesh mesh[4]; /* from the north, the east, the south, the west */
	uint32_t pending[SILICON_ENGINES]; /* issued instructions that are not done */
};

/* Bytes from or to the host, in order. */
struct silicon_stream {
	uint8_t *bytes;
	uint32_t size, came, taken;
};

struct silicon {
	struct silicon_tile *tile; /* [SILICON_TILES] */
	const struct silicon_code *code;
	uint16_t *left;            /* tiles still at each instruction */
	uint32_t issued, executed;
	struct silicon_engine send, collect;
	uint64_t sent, collected;  /* bytes, of the send and the collect under way */
	struct silicon_ring ring;  /* to the core, and the host */
	struct silicon_stream input, parameters, output;
	struct silicon_stream again; /* collected by the core, to be sent to tiles */
	uint64_t steps, waits;     /* of the run, each up to its budget */
	uint64_t steps_max;
	bool is_backwards;         /* which engine comes first in this turn */
	enum silicon_rounding rounding;
	void (*done)(void *data, uint32_t tile, uint32_t nth); /* silicon_watch, or NULL */
	void *done_data;
	struct atoll_error err;    /* why it stopped; code 0 while it runs */
};

/* silicon_read.c: no memory, no or too many instructions, or an opcode of unknown
   length. */
int silicon_read(const struct edgetpu_executable *executable, struct memory *memory,
		 struct silicon_code *code, struct atoll_error *err);

/* silicon_run.c */
void silicon_start(struct silicon *s, const struct silicon_code *code);
int silicon_run(struct silicon *s); /* 0: done, or waits for bytes of the host */

/* Stop at the instruction that the core is at, for what the host does. */
int silicon_refuse(struct silicon *s, const char *why);

/* Stop, with "instruction N (name, word W): ". */
int silicon_stop(struct silicon *s, const struct silicon_instruction *instruction,
		 const char *format, ...) __attribute__((format(printf, 3, 4)));

/* silicon_walk.c */
int64_t silicon_address(const struct silicon_place *place, const struct silicon_walk *walk);
/* How often loop 0 goes round here. */
uint32_t silicon_innermost(const struct silicon_place *place, const struct silicon_walk *walk);
/* To the next: the loop that advanced, or ISA_LOOPS_MAX when all of them began anew. */
uint32_t silicon_advance(const struct silicon_place *place, struct silicon_walk *walk);
/* Whether an iteration of `loop` begins here, and which one of all, from 0. */
bool silicon_begins(const struct silicon_place *nest, const struct silicon_walk *walk,
		    uint32_t loop, int64_t *nth);
/* The first wait of this side that is not over, or NULL; and the count that it needs. */
const struct silicon_wait *silicon_waits(const struct silicon_tile *tile,
					 const struct silicon_instruction *instruction,
					 const struct silicon_engine *engine,
					 enum silicon_side side, int64_t *needed);
void silicon_count(struct silicon_tile *tile, const struct silicon_make *make,
		   uint32_t level);

/* silicon_memory.c: NULL, and stopped, when there is no such place or nothing in it. */
const uint8_t *silicon_wide(struct silicon *s, const struct silicon_instruction *by,
			    uint32_t tile, int64_t row);
uint8_t *silicon_wide_to(struct silicon *s, const struct silicon_instruction *by,
			 uint32_t tile, int64_t row);
/* 1 to 4 bytes from any byte on. */
const uint8_t *silicon_narrow(struct silicon *s, const struct silicon_instruction *by,
			      uint32_t tile, int64_t byte, uint32_t bytes);
uint8_t *silicon_narrow_to(struct silicon *s, const struct silicon_instruction *by,
			   uint32_t tile, int64_t unit);
uint8_t *silicon_scaling_to(struct silicon *s, const struct silicon_instruction *by,
			    uint32_t tile, uint32_t bank, int64_t unit);
/* 4 bytes of a channel's factor (from 0) or bias (from SILICON_BIASES). */
const uint8_t *silicon_scaling(struct silicon *s, const struct silicon_instruction *by,
			       uint32_t tile, uint32_t bank, uint32_t from,
			       uint32_t channel);
/* The place for one row more; NULL when there is no room. */
uint8_t *silicon_ring_put(struct silicon_ring *ring);
const uint8_t *silicon_ring_take(struct silicon_ring *ring);

/* silicon_mesh.c */
int silicon_exchange(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		     struct silicon_engine *engine);

/* silicon_moves.c, silicon_mac.c: begin checks that it can be done at all. */
int silicon_begin_move(struct silicon *s, const struct silicon_instruction *in,
		       struct silicon_engine *engine);
int silicon_move(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		 struct silicon_engine *engine);
int silicon_begin_mac(struct silicon *s, const struct silicon_instruction *in,
		      struct silicon_engine *engine);
int silicon_mac(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		struct silicon_engine *engine);
/* A step that was the last one of its instruction. */
#define SILICON_DONE 2

/* silicon_host.c */
int silicon_host_send(struct silicon *s, const struct silicon_instruction *in);
int silicon_host_collect(struct silicon *s, const struct silicon_instruction *in);

#endif
