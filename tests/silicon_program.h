/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SILICON_PROGRAM_H
#define ATOLL_TESTS_SILICON_PROGRAM_H

#include <stdint.h>

#include "runtime/edgetpu/package.h"
#include "runtime/emulator/program.h"
#include "runtime/isa/isa.h"

/*
 * A program of ours for the Edge TPU, written bit by bit, in a package.
 *
 *	struct ours *ours = ours_new(1);
 *
 *	isa_set_bits(ours->mac, 6, 5, 0x02);            as a test likes it
 *	program = silicon_program(&ours->package, &err);
 *	r = ours_bring(program, &ours->caching);
 *	r = ours_run(program, ours, output);
 *	...
 *	ours_free(ours);
 *
 * One tile multiplies 8 inputs with 64 x 8 weights, which the caching program brings
 * into its rows 4 and 5. What cannot be built fails the test.
 */
#define OURS_INPUTS 8
#define OURS_OUTPUTS 64
#define OURS_WORDS_MAX 96

struct ours {
	uint8_t code[OURS_WORDS_MAX * ISA_WORD_BYTES];
	uint32_t words, number;
	uint8_t *mac, *to_narrow, *receive, *send; /* in the code */
	uint8_t weights[2 * 256], input[OURS_INPUTS];
	uint8_t *caching_code;
	struct edgetpu_chunk chunk[2];             /* main, caching */
	struct edgetpu_hint hint[2][3];            /* instructions first */
	struct edgetpu_executable main, caching;
	struct edgetpu_package package;
};

/* Equal seeds give equal weights and inputs; the instructions are the same for all. */
struct ours *ours_new(uint64_t seed);
void ours_free(struct ours *ours);

/* 0, or what an op of the program gave. */
int ours_bring(struct emulator_program *program, const struct edgetpu_executable *caching);
int ours_run(struct emulator_program *program, const struct ours *ours,
	     uint8_t output[OURS_OUTPUTS]);

/* What it gives, as the mac is written. */
uint8_t ours_expected(const struct ours *ours, uint32_t output);

#endif
