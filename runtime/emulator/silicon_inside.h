/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_SILICON_INSIDE_H
#define ATOLL_RUNTIME_EMULATOR_SILICON_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"
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
 *	host -> send ----> ring -> receive -> wide -> wide-narrow -> narrow
 *	                    ^                  |                       |
 *	                    |                  +---> scaling -> mac <--+
 *	host <- collect <- ring-send <- wide <- narrow-wide <- narrow <-+
 *
 * Steps return 1 when something was done, 0 when they have to wait, or a negative
 * errno, and then the sentence is in s->err.
 */
#define SILICON_TILES 16
#define SILICON_ROW_BYTES 256
#define SILICON_ROWS 2080         /* 2048, and 32 that only moves reach: the highest that
				     any program names */
#define SILICON_UNIT_BYTES 4      /* an address of narrow memory */
#define SILICON_UNITS 65536       /* that an address of 16 bits can name */
#define SILICON_SCALING_BYTES 8   /* one float or bias of two channels */
#define SILICON_SCALINGS 128
#define SILICON_BIASES 64         /* the first of the biases; factors are from 0 on */
#define SILICON_WAITS 6           /* of an instruction */
#define SILICON_STEPS_MAX (UINT64_C(1) << 25) /* of a run: seconds */

/* In the order of the registers that show them, as the vendor's driver names these. */
enum silicon_counter {
	SILICON_ACTIVATIONS,      /* AVDATA */
	SILICON_PARAMETERS,
	SILICON_PARTIAL_SUMS,
	SILICON_MESH,             /* north, east, south, west: in, then out */
	SILICON_WIDE_NARROW = SILICON_MESH + 8,
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
	SILICON_ENGINES,
	SILICON_FENCE = SILICON_ENGINES,
	SILICON_HOST_SEND,
	SILICON_HOST_COLLECT,
	SILICON_NOTHING,          /* first, last, waits, registers, halt */
	SILICON_UNKNOWN,
};

/* Before a step that begins an iteration of `loop`, the k-th of it: */
struct silicon_wait {
	uint8_t counter, loop;
	bool is_reuse;            /* of room that others read from: k + 1 */
	int32_t start, step;      /* start + k * step */
};

/* When an iteration of `loop` is complete. */
struct silicon_make {
	bool is_there;
	uint8_t counter, loop;
};

/* Units in front of those of the loops, somewhere else: rows of tables, or what a tile
   leaves out of a row. */
struct silicon_lead {
	uint32_t base, count;
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
	struct isa_access nest;   /* what the waits are about: loops of a mac, else those
				     of the access that moves unit by unit */
	struct isa_access access[4];
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
	uint32_t share, used;     /* units to a row, and of this one */
	uint32_t depth, terms;    /* steps to a sum, and of this one */
	struct silicon_walk walk, from, into, weights;
	int32_t sum[64];
};
#define SILICON_IDLE UINT32_MAX

/* Rows on their way to one receiver, or to the host. */
#define SILICON_RING_ROWS 16
struct silicon_ring {
	uint32_t first, rows;
	uint8_t row[SILICON_RING_ROWS][SILICON_ROW_BYTES];
};

struct silicon_tile {
	uint8_t wide[SILICON_ROWS][SILICON_ROW_BYTES];
	uint8_t narrow[SILICON_UNITS][SILICON_UNIT_BYTES];
	uint8_t scaling[SILICON_SCALINGS][SILICON_SCALING_BYTES];
	bool has_row[SILICON_ROWS], has_unit[SILICON_UNITS], has_scaling[SILICON_SCALINGS];
	int64_t counter[SILICON_COUNTERS];
	struct silicon_engine engine[SILICON_ENGINES];
	struct silicon_ring ring[2];
	uint32_t pending;         /* instructions that were issued and are not done */
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
	uint32_t sent;             /* bytes, of the send under way */
	struct silicon_ring ring;  /* to the host */
	struct silicon_stream input, parameters, output;
	uint64_t steps;
	bool is_backwards;         /* which engine comes first in this turn */
	void (*done)(void *data, uint32_t tile, uint32_t nth); /* silicon_watch, or NULL */
	void *done_data;
	struct atoll_error err;    /* why it stopped; code 0 while it runs */
};

/* silicon_read.c: no memory, or an opcode of unknown length. */
int silicon_read(const struct edgetpu_executable *executable, struct memory *memory,
		 struct silicon_code *code, struct atoll_error *err);

/* silicon_run.c */
void silicon_start(struct silicon *s, const struct silicon_code *code);
int silicon_run(struct silicon *s); /* 0: done, or waits for bytes of the host */

/* Stop, with "instruction N (name, word W): ". */
int silicon_stop(struct silicon *s, const struct silicon_instruction *instruction,
		 const char *format, ...) __attribute__((format(printf, 3, 4)));

/* silicon_walk.c */
int64_t silicon_address(const struct isa_access *access, const struct silicon_walk *walk);
/* To the next: the loop that advanced, or ISA_LOOPS_MAX when all of them began anew. */
uint32_t silicon_advance(const struct isa_access *access, struct silicon_walk *walk);
/* The first wait that is not over, or NULL; and the count that it needs. */
const struct silicon_wait *silicon_waits(const struct silicon_tile *tile,
					 const struct silicon_instruction *instruction,
					 const struct silicon_walk *walk, int64_t *needed);
void silicon_count(struct silicon_tile *tile, const struct silicon_make *make,
		   uint32_t level);

/* silicon_memory.c: NULL, and stopped, when there is no such place or nothing in it. */
const uint8_t *silicon_wide(struct silicon *s, const struct silicon_instruction *by,
			    uint32_t tile, int64_t row);
uint8_t *silicon_wide_to(struct silicon *s, const struct silicon_instruction *by,
			 uint32_t tile, int64_t row);
const uint8_t *silicon_narrow(struct silicon *s, const struct silicon_instruction *by,
			      uint32_t tile, int64_t unit);
uint8_t *silicon_narrow_to(struct silicon *s, const struct silicon_instruction *by,
			   uint32_t tile, int64_t unit);
uint8_t *silicon_scaling_to(struct silicon *s, const struct silicon_instruction *by,
			    uint32_t tile, int64_t unit);
/* 4 bytes of a channel's factor (from 0) or bias (from SILICON_BIASES). */
const uint8_t *silicon_scaling(struct silicon *s, const struct silicon_instruction *by,
			       uint32_t tile, uint32_t from, uint32_t channel);
/* The place for one row more; NULL when there is no room. */
uint8_t *silicon_ring_put(struct silicon_ring *ring);
const uint8_t *silicon_ring_take(struct silicon_ring *ring);

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
