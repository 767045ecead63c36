/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SILICON_SCALAR_H
#define ATOLL_RUNTIME_COMPILER_SILICON_SCALAR_H

#include <stdint.h>

#include "runtime/compiler/silicon_words.h"

/*
 * What the scalar core does in a program: begin, end, ask the host for data, pass it on
 * to tiles, and collect what they made.
 *
 *	scalar_begin(&words, &places);
 *	scalar_open(&words, units);
 *	scalar_request(&words, SCALAR_INPUT, bytes);
 *	scalar_send(&words, 0, units, 0x000f);
 *	...
 *	scalar_end(&words);
 *
 * Data of activations comes in units of 8 bytes.
 */
#define SCALAR_UNIT_BYTES 8
#define SCALAR_UNITS_MAX 2048 /* that the start of a send can name */

/* What a request to the host is about. */
enum scalar_request {
	SCALAR_INPUT = 1,
	SCALAR_OUTPUT = 3,
	SCALAR_INTERRUPT = 4,
};

/* What it waits for: all tiles at their fence, or some engine of its own; what the
   numbers stand for is not known. */
enum scalar_wait {
	SCALAR_FENCE,
	SCALAR_ENGINES,
	SCALAR_INTAKE,
	SCALAR_OPENER,
	SCALAR_NOTHING,
};

/* First words, up to where addresses of parameters and scratch are loaded. */
void scalar_begin(struct words *words);

/* Words of the program that load those addresses; each for two halves. */
#define SCALAR_PARAMETERS_WORD 4 /* lower half, then upper */
#define SCALAR_SCRATCH_WORD 6    /* lower half, then upper */

void scalar_wait(struct words *words, enum scalar_wait wait);

/* Until so many rows were put on the ring, since the program began. */
void scalar_wait_rows(struct words *words, uint32_t rows);

/* Load the address of an input or output: the word with its upper half; the lower one
   follows. It is filled in later. */
uint32_t scalar_address(struct words *words);

/* For transfers: the address in two steps, as all programs do it, and then the request. */
void scalar_pass_address(struct words *words);
void scalar_request(struct words *words, enum scalar_request what, uint32_t bytes);

/* The stream of `units` from the host, a piece of it to tiles, and one to the host. */
void scalar_open(struct words *words, uint32_t units);
void scalar_send(struct words *words, uint32_t start, uint32_t units, uint16_t to);
void scalar_collect(struct words *words, uint32_t units);

/* What tiles give is kept by the core, and sent from there in rows of 16 bytes. `start`
   counts units of 4 bytes that were kept since the program began. */
#define SCALAR_KEPT_BYTES 4
#define SCALAR_KEPT_MAX 16384 /* units of one send */
void scalar_keep(struct words *words, uint32_t units);
void scalar_send_kept(struct words *words, uint32_t start, uint32_t units, uint16_t to);

/* Interrupt, halt, last word; and the length into the first. */
void scalar_end(struct words *words);

#endif
