/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SILICON_SCRIPT_H
#define ATOLL_TESTS_SILICON_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/package.h"
#include "runtime/emulator/program.h"
#include "runtime/emulator/silicon.h"
#include "runtime/isa/isa.h"

/*
 * A program for the emulated chip, one instruction behind the other, with what the host
 * sends.
 *
 *	struct script *s = script_new();
 *	uint8_t *at;
 *
 *	script_narrow(s, 1 << 5, 0, bytes, sizeof(bytes)); into tile 5, from unit 0 on
 *	at = script_add(s, 0x15, 1 << 5);
 *	script_place(at, "from", 0, LOOPS({ 2, 1 }, { 3, 8 }));
 *	script_wait(at, 0, SCRIPT_NORTH_IN, 1, 1, 1);
 *	script_run(s);
 *	... silicon_unit(s->program, 9, 0) ...
 *	script_free(s);
 *
 * Where bits are is written here once more, and not taken from what reads them: that the
 * two agree is part of each test. What goes wrong fails the test.
 */
#define SCRIPT_WORDS_MAX 1024
#define SCRIPT_BYTES_MAX 65536
#define SCRIPT_ALL 0xffff /* tiles */

struct script {
	uint8_t code[SCRIPT_WORDS_MAX * ISA_WORD_BYTES];
	uint32_t words, number;
	uint8_t input[SCRIPT_BYTES_MAX], output[SCRIPT_BYTES_MAX];
	uint32_t input_bytes, output_bytes;
	uint32_t first_bytes; /* of the first of two inputs; 0: there is one */
	enum silicon_rounding rounding;
	struct edgetpu_chunk chunk;
	struct edgetpu_hint hint[3];
	struct edgetpu_executable main;
	struct edgetpu_package package;
	struct emulator_program *program; /* of the last run */
};

struct script *script_new(void);
void script_free(struct script *s);

/* To the end: all instructions are executed, the host has its output. */
void script_run(struct script *s);

/* It stops, and so ends its sentence. */
void script_stops(struct script *s, const char *why);

/* Of a tile's unit, behind the core's words; it has the next number. The fence waits for
   all engines and clears no counter. */
uint8_t *script_add(struct script *s, uint32_t code, uint32_t tiles);
uint8_t *script_scalar(struct script *s, uint32_t code);
uint8_t *script_fence(struct script *s);

/* Base, and loops, innermost first; all others go round once. */
struct script_loop { uint32_t count; int32_t stride; };
#define LOOPS(...) ((const struct script_loop[]){ __VA_ARGS__, { 0, 0 } })
void script_place(uint8_t *at, const char *access, int32_t base,
		  const struct script_loop *loops);

/* A buffer of two parts of such a length, which iterations of `loop` take in turns; and
   how often loop 0 goes round when the loops from `loop` on are at their last. */
void script_turn(uint8_t *at, const char *access, uint32_t loop, uint32_t part);
void script_last(uint8_t *at, const char *access, uint32_t loop, uint32_t count);

/* The nth wait or make; counters by the order of the driver's registers. */
enum { SCRIPT_NORTH_IN = 3, SCRIPT_NORTH_OUT = 7, SCRIPT_WIDE_NARROW = 11,
       SCRIPT_WIDE_SCALING, SCRIPT_NARROW_WIDE, SCRIPT_READ_A, SCRIPT_READ_B,
       SCRIPT_RING_WRITE, SCRIPT_PRODUCER_A, SCRIPT_PRODUCER_B };
void script_wait(uint8_t *at, uint32_t nth, uint32_t counter, uint32_t loop, int32_t start,
		 int32_t step);
/* The same, for room: about the side that is written. */
void script_reuse(uint8_t *at, uint32_t nth, uint32_t counter, uint32_t loop, int32_t start,
		  int32_t step);
void script_make(uint8_t *at, uint32_t nth, uint32_t loop);

/* A move that waits for more than `counter` ever counts: how it stops tells the number. */
void script_ask(struct script *s, uint32_t tile, uint32_t counter);

/* Rows of tiles from the host, and narrow memory through the rows from 2060 on; done
   when the next instruction is issued. */
void script_rows(struct script *s, uint32_t tiles, uint32_t row, const void *bytes,
		 uint32_t size);
void script_narrow(struct script *s, uint32_t tiles, uint32_t unit, const void *bytes,
		   uint32_t size);

/* What the host sends for a send of its own; the instruction, of rows of 64 units. */
uint8_t *script_send(struct script *s, uint32_t tiles, const void *bytes, uint32_t size);

/* Whether so many bytes are in narrow memory from this unit on. */
bool script_has(const struct script *s, uint32_t tile, uint32_t unit, const void *bytes,
		uint32_t size);

#endif
