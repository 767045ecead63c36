/* SPDX-License-Identifier: Apache-2.0 */
/* From the plan to the program, bit by bit. */
#include "runtime/isa/caching_inside.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/isa/bits.h"

/* A field of the first and of the last word, and of the fence behind all blocks. */
#define PROGRAM_WORDS 26          /* 32, less 2 */
#define FENCE_NUMBER 28           /* 13 */

/* The word of the DMA request with the bytes; the immediate of a register write. */
#define REQUEST_BYTES 70          /* 32 */

/*
 * The opener. The host's stream lies in a ring of 2048 units, 128 KiB; of the old
 * form's program all that is known is that the last field does not follow the size.
 */
#define OPEN_PIECES 70            /* 16: pieces of 32 units, a multiple of 32, less 1 */
#define OPEN_REST (128 + 14)      /* 10: units of the last run, less 1 */
#define OPEN_REST_BACK (128 + 31) /* 10: from there to the end of the run */
#define OPEN_BACK (128 + 55)      /* 17, signed: to the first unit in the ring */
#define RING_UNITS 2048
#define OLD_BACK (-65536)

/* Receivers: one loop of up to four is used, its increment is a row. */
#define RECEIVE_OPCODE 6          /* 5 bits */
#define OPCODE_RECEIVE 0x11
#define RECEIVE_NUMBER 46         /* 13 */
#define RECEIVE_NEW 61            /* not set in the old form */
#define RECEIVE_LOOPS 78          /* increment 17, limit 16; times 4 */
#define LOOPS 4
#define INCREMENT_BITS 17
#define LIMIT_BITS 16
#define RECEIVE_IS_LONG 210       /* the loop has more than one row */
#define RECEIVE_TABLES_LIMIT 286  /* 16: rows of tables less 1 */
#define RECEIVE_TABLES_LAST 302   /* 16: the last row of tables */
/* Where there are tables the old form has a second loop, over a single body: it steps
   from the last row to the next one behind. The bits are set beside it. */
#define RECEIVE_OLD_LOOP (RECEIVE_LOOPS + INCREMENT_BITS + LIMIT_BITS)
#define RECEIVE_OLD_TWO 211
#define RECEIVE_OLD_TWO_TABLES 335

/* Senders. */
#define SEND_START 14             /* 11: first unit in the ring */
#define SEND_NEXT 320             /* 16: units before this block, plus 1; its lower bits */
#define SEND_TILES 409            /* 16 */
#define SEND_REST_BACK 205        /* 10: from the rest to the end of the run */

/* Set in every sender: opcode 6 of the scalar core (7, 8, 11), the rest not understood. */
static const uint16_t send_ones[] = {
	7, 8, 11, 34, 157, 160, 172, 311, 314, 336, 352, 392, 434, 435, 436, 437,
};

/* A sender of more than one unit counts runs of 1024 in a ring of 2048. */
static const struct {
	uint16_t from, width, value;
} send_long[] = {
	{ 55, 10, CACHING_RUN - 1 }, { SEND_IS_LONG, 1, 1 },
	{ 85, 11, RING_UNITS - 1 },  { 116, 1, 1 },
	{ 126, 11, RING_UNITS - 1 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void put_words(uint8_t *at, const struct caching_word *word, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++, at += ISA_WORD_BYTES)
		for (uint32_t k = 0; k < 8; k++) {
			at[k] = (uint8_t)(word[i].low >> 8 * k);
			at[8 + k] = (uint8_t)(word[i].high >> 8 * k);
		}
}

static void open_stream(uint8_t *at, uint32_t units, bool is_old)
{
	uint32_t pieces = (units + 31) / 32, rest = (units - 1) % CACHING_RUN;
	int32_t back = 1 - (int32_t)(units < RING_UNITS ? units : RING_UNITS);

	isa_set_bits(at, OPEN_PIECES, 16, (pieces + 31) / 32 * 32 - 1);
	isa_set_bits(at, OPEN_REST, 10, rest);
	isa_set_bits(at, OPEN_REST_BACK, 10, CACHING_RUN - 1 - rest);
	isa_set_bits(at, OPEN_BACK, INCREMENT_BITS, (uint32_t)(is_old ? OLD_BACK : back));
}

/* Tables lie in front of the body, and are received by a loop of their own. */
static void receive_tables(uint8_t *at, const struct isa_caching_block *block, bool is_old)
{
	uint32_t tables = block->tables;

	isa_set_bits(at, RECEIVE_HAS_TABLES, 1, 1);
	isa_set_bits(at, RECEIVE_TABLES_ROW, 16, block->row);
	isa_set_bits(at, RECEIVE_TABLES_LIMIT, 16, tables - 1);
	isa_set_bits(at, RECEIVE_TABLES_LAST, 16, block->row + tables - 1);
	isa_set_bits(at, RECEIVE_TABLES_ROWS, 16, tables);
	if (is_old) {
		isa_set_bits(at, RECEIVE_OLD_LOOP, INCREMENT_BITS, 1);
		isa_set_bits(at, RECEIVE_OLD_TWO, 1, 1);
		isa_set_bits(at, RECEIVE_OLD_TWO_TABLES, 1, 1);
	}
}

static void receive(uint8_t *at, const struct isa_caching_block *block, uint32_t number,
		    bool is_old)
{
	uint32_t rows = isa_caching_rows(block) - block->tables;

	isa_set_bits(at, RECEIVE_OPCODE, 5, OPCODE_RECEIVE);
	isa_set_bits(at, RECEIVE_TILES, 16, block->tiles);
	isa_set_bits(at, RECEIVE_NUMBER, 13, number);
	isa_set_bits(at, RECEIVE_NEW, 1, !is_old);
	isa_set_bits(at, RECEIVE_BASE, 16, block->row + block->tables);
	for (uint32_t i = 0; i < LOOPS; i++) {
		uint32_t loop = RECEIVE_LOOPS + i * (INCREMENT_BITS + LIMIT_BITS);

		/* Loops that are not used step back over those that are. */
		isa_set_bits(at, loop, INCREMENT_BITS, i == 0 ? 1 : 1 - rows);
		isa_set_bits(at, loop + INCREMENT_BITS, LIMIT_BITS, i == 0 ? rows - 1 : 0);
	}
	isa_set_bits(at, RECEIVE_IS_LONG, 1, rows > 1);
	if (block->tables)
		receive_tables(at, block, is_old);
}

static void send(uint8_t *at, const struct isa_caching_block *block, uint32_t start)
{
	uint32_t rest = (block->units - 1) % CACHING_RUN;

	for (size_t i = 0; i < COUNT(send_ones); i++)
		isa_set_bits(at, send_ones[i], 1, 1);
	isa_set_bits(at, SEND_START, 11, start % RING_UNITS);
	isa_set_bits(at, SEND_THOUSANDS, 3, (block->units - 1) / CACHING_RUN);
	isa_set_bits(at, SEND_NEXT, 16, start + 1);
	isa_set_bits(at, SEND_TILES, 16, block->tiles);
	isa_set_bits(at, SEND_LANES, 2, block->lanes - 1u);
	if (block->units == 1)
		return;
	for (size_t i = 0; i < COUNT(send_long); i++)
		isa_set_bits(at, send_long[i].from, send_long[i].width, send_long[i].value);
	if (rest == CACHING_RUN - 1)
		return;
	isa_set_bits(at, SEND_REST, 10, rest);
	isa_set_bits(at, SEND_HAS_REST, 1, 1);
	isa_set_bits(at, SEND_REST_BACK, 10, CACHING_RUN - 1 - rest);
}

/* The receivers of the layer that begins with this block, then its senders; how many
   blocks it has. */
static uint32_t put_layer(uint8_t *at, const struct isa_caching_plan *plan, uint32_t first,
			  uint32_t *start)
{
	uint32_t end = first + 1;

	while (end < plan->blocks && !plan->block[end].begins_layer)
		end++;
	for (uint32_t i = first; i < end; i++, at += CACHING_RECEIVE_WORDS * ISA_WORD_BYTES)
		receive(at, &plan->block[i], i + 1, plan->form == ISA_CACHING_OLD);
	for (uint32_t i = first; i < end; i++, at += CACHING_SEND_WORDS * ISA_WORD_BYTES) {
		send(at, &plan->block[i], *start);
		*start += plan->block[i].units;
	}
	return end - first;
}

static int check(const struct isa_caching_plan *plan, struct atoll_error *err)
{
	if ((uint32_t)plan->form >= ISA_CACHING_FORMS)
		return atoll_error_set(err, -EINVAL, "caching: form %u: there is none",
				       (unsigned)plan->form);
	if (plan->blocks < 1 || plan->blocks > ISA_CACHING_BLOCKS_MAX)
		return atoll_error_set(err, -EINVAL,
				       "caching: %u blocks: a program has 1 to %u",
				       plan->blocks, ISA_CACHING_BLOCKS_MAX);
	if (!plan->block[0].begins_layer)
		return atoll_error_set(err, -EINVAL,
				       "caching: block 0: is said to go on with a layer that "
				       "has not begun");
	for (uint32_t i = 0; i < plan->blocks; i++) {
		int r = caching_check_block(plan, i, err);

		if (r < 0) {
			atoll_error_prefix(err, "caching");
			return r;
		}
	}
	return 0;
}

/* Blocks of at most 8192 units, 8190 of them: units fit 32 bits, bytes need not. */
static int check_bytes(const struct isa_caching_plan *plan, struct atoll_error *err)
{
	uint64_t bytes = isa_caching_bytes(plan);
	uint64_t most = (uint64_t)ISA_CACHING_TILES * ISA_CACHING_ROWS * ISA_CACHING_LANES *
			ISA_CACHING_UNIT_BYTES;

	if (bytes > most)
		return atoll_error_set(err, -EINVAL,
				       "caching: %llu bytes of parameters: the chip has %llu",
				       (unsigned long long)bytes, (unsigned long long)most);
	return 0;
}

static void put_program(const struct isa_caching_plan *plan, const struct caching_form *form,
			uint8_t *program, uint32_t words)
{
	uint32_t bytes = (uint32_t)isa_caching_bytes(plan), start = 0;
	uint8_t *at = program + (size_t)form->heads * ISA_WORD_BYTES;

	put_words(program, form->head, form->heads);
	isa_set_bits(program, PROGRAM_WORDS, 32, words - 2);
	isa_set_bits(program + (size_t)form->length_word * ISA_WORD_BYTES, REQUEST_BYTES, 32,
		     bytes);
	open_stream(at - (size_t)2 * ISA_WORD_BYTES, bytes / ISA_CACHING_UNIT_BYTES,
		    plan->form == ISA_CACHING_OLD);
	for (uint32_t i = 0, blocks; i < plan->blocks; i += blocks) {
		blocks = put_layer(at, plan, i, &start);
		at += (size_t)blocks * CACHING_BLOCK_WORDS * ISA_WORD_BYTES;
	}
	put_words(at, form->tail, form->tails);
	isa_set_bits(at, FENCE_NUMBER, 13, plan->blocks + 1);
}

int isa_caching_write(const struct isa_caching_plan *plan, uint8_t **bytes, size_t *size,
		      struct atoll_error *err)
{
	const struct caching_form *form;
	uint8_t *program;
	uint32_t words;
	int r = check(plan, err);

	if (r == 0)
		r = check_bytes(plan, err);
	if (r < 0)
		return r;
	form = caching_form(plan->form);
	words = form->heads + plan->blocks * CACHING_BLOCK_WORDS + form->tails;
	program = calloc(words, ISA_WORD_BYTES);
	if (!program)
		return atoll_error_set(err, -ENOMEM, "caching: no memory for %u words", words);
	put_program(plan, form, program, words);
	*bytes = program;
	*size = (size_t)words * ISA_WORD_BYTES;
	return 0;
}
