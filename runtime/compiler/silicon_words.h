/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_WORDS_H
#define ATOLL_RUNTIME_COMPILER_SILICON_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/isa/isa.h"

/*
 * A program for the chip while it is being written, instruction by instruction.
 *
 *	struct words words = { 0 };
 *	uint8_t *at = words_add(&words, ISA_TILES, 0x11, 0x000f);
 *
 *	words_loops(at, 0, 2078, 1, &(struct words_loop){ 1, 1 });
 *	words_wait(at, &receiver_wait, 0, &(struct words_until){ .counter = 11 });
 *	r = words_end(&words, &program, &err);
 *	...
 *	free(program.bytes);
 *
 * An instruction is all zero but for opcode, tiles and number. When there is no memory,
 * what is written is lost, and words_end says so.
 */
#define WORDS_NUMBERS 8192 /* of instructions for tiles: 13 bits */

struct words {
	uint8_t *bytes;          /* malloc'ed */
	uint32_t words, room;
	uint32_t number;         /* of the next instruction for tiles */
	bool is_lost;
	uint8_t spare[ISA_WORDS_MAX * ISA_WORD_BYTES];
};

/* Valid until the next one is added. `tiles` is 0 for the scalar core. */
uint8_t *words_add(struct words *words, enum isa_unit unit, uint32_t code, uint16_t tiles);

/* A field by its name in the table of the opcode; counts as counts. */
void words_set(uint8_t *at, const char *field, uint32_t value);

/* Bits that have no name there. */
struct words_bits {
	uint16_t from, width;
	uint32_t value;
};
void words_put(uint8_t *at, const struct words_bits *bits, uint32_t count);
#define WORDS_PUT(at, list) words_put(at, list, sizeof(list) / sizeof((list)[0]))

/* An access of the instruction: base, and loops from the innermost; those that are not
   given stand still. */
struct words_loop {
	uint32_t count;
	int32_t stride;
};
void words_loops(uint8_t *at, uint32_t access, int32_t base, uint32_t loops,
		 const struct words_loop *loop);

/* Where an opcode has its waits, and until what: before the k-th iteration of the loop
   the counter is at least start + k step; for reuse k + 1. */
struct words_waits {
	uint16_t from;
	uint8_t loop_bits;
	bool has_reuse;
};
struct words_until {
	uint8_t counter, loop;
	int32_t start, step;
	bool is_reuse;
};
void words_wait(uint8_t *at, const struct words_waits *waits, uint32_t nth,
		const struct words_until *until);

/* One that is complete. */
struct words_program {
	uint8_t *bytes;          /* malloc'ed */
	uint32_t size;
	/* Words whose immediates are the upper halves of addresses; those of the lower
	   ones follow. */
	uint32_t input_word, output_word;
	uint32_t narrow_bytes;   /* of each tile */
};

/* Bytes and size of the program, or -ENOMEM; -EFBIG when numbers of instructions went
   beyond their 13 bits. Then nothing is left to free. */
int words_end(struct words *words, struct words_program *program, struct atoll_error *err);

#endif
