/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_ISA_CACHING_INSIDE_H
#define ATOLL_RUNTIME_ISA_CACHING_INSIDE_H

#include "runtime/isa/caching.h"

/* Words of 16 bytes: one to receive and one to send each block, 4 words each. */
#define CACHING_RECEIVE_WORDS 4
#define CACHING_SEND_WORDS 4
#define CACHING_BLOCK_WORDS (CACHING_RECEIVE_WORDS + CACHING_SEND_WORDS)

/* Fields that are written and read back; bits of the instruction. */
#define RECEIVE_TILES 12          /* 16 */
#define RECEIVE_BASE 62           /* 16: first row of the loop over the body */
#define RECEIVE_HAS_TABLES 267    /* a second loop, for the rows of tables */
#define RECEIVE_TABLES_ROW 270    /* 16: its first row */
#define RECEIVE_TABLES_ROWS 318   /* 16 */
#define SEND_IS_LONG 75           /* more than one unit */
#define SEND_THOUSANDS 96         /* 3: whole runs of 1024 units before the last one */
#define SEND_REST 183             /* 10: units of the last run, less 1 */
#define SEND_HAS_REST 203         /* the last run is not a whole one */
#define SEND_LANES 438            /* 2, less 1 */

/* Runs of units that the sender counts. */
#define CACHING_RUN 1024
#define CACHING_UNITS_MAX (8 * CACHING_RUN)

/* What is the same in all programs of a form; fields that vary are 0. */
struct caching_word {
	uint64_t high, low;
};

struct caching_form {
	uint32_t heads;                  /* the last two open the stream */
	const struct caching_word *head; /* [heads] */
	uint32_t length_word;            /* of the head: bytes to fetch from the host */
	uint32_t tails;                  /* the first is the fence behind all blocks */
	const struct caching_word *tail; /* [tails] */
};

const struct caching_form *caching_form(enum isa_caching_form form);

/* -EINVAL where block `index` cannot be said in a program, with a sentence that begins
   with the block; the caller puts in front where that was. */
int caching_check_block(const struct isa_caching_plan *plan, uint32_t index,
			struct atoll_error *err);

#endif
