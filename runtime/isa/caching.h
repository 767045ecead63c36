/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_ISA_CACHING_H
#define ATOLL_RUNTIME_ISA_CACHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"

/*
 * Programs that bring parameters onto the chip, in both directions.
 *
 *	struct isa_caching_layer layer[] = {
 *		{ .units = 1040, .lanes = 4 },
 *		{ .units = 1056, .lanes = 4, .groups = 4, .tables = 2 },
 *	};
 *	struct isa_caching_plan plan;
 *
 *	if (isa_caching_place(layer, 2, ISA_CACHING_SHORT, &plan, &err) == 0 &&
 *	    isa_caching_write(&plan, &bytes, &size, &err) == 0)
 *		fwrite(bytes, size, 1, file);
 *	free(bytes);
 *	isa_caching_free(&plan);
 *
 * The vector of parameters is sent as one stream of units of 64 bytes. A block is
 * a piece of it that goes to a tile, into consecutive rows of its wide memory:
 *
 *	units    |0|1|2|3|4|5|6|7|8|        9 units, 4 lanes
 *	rows     row:     |0|1|2|3|
 *	         row + 1: |4|5|6|7|
 *	         row + 2: |8|
 *
 * Blocks of a layer that is spread over tiles have the rows of their tables (float
 * factors, biases, zero points) in front; the tile takes those in a loop of their
 * own. Nothing here was run on a chip: it is what the vendor's compiler writes, bit
 * for bit, for the models the tests are given.
 */
#define ISA_CACHING_TILES 16
#define ISA_CACHING_UNIT_BYTES 64
#define ISA_CACHING_LANES 4             /* units in a row of 256 bytes */
#define ISA_CACHING_ROWS 2048           /* of a tile's wide memory */

/* The number of the last fence has 13 bits, and counts the blocks before it. */
#define ISA_CACHING_BLOCKS_MAX 8190

struct isa_caching_block {
	uint16_t tiles;                  /* bit t: tile t; one of them, as far as seen */
	uint16_t row;                    /* the first */
	uint32_t units;
	uint8_t lanes;                   /* units to a row, 1 to 4 */
	uint8_t tables;                  /* of its rows; 0 when it has no loop for them */
	bool begins_layer;               /* all blocks of a layer are awaited, then sent */
};

/* How a program begins and ends. */
enum isa_caching_form {
	ISA_CACHING_SHORT,               /* numbers for the host's DMA written down, */
	ISA_CACHING_LONG,                /* and worked out from the patched addresses */
	ISA_CACHING_OLD,                 /* the same for runtime version 10; known from
					    a single model */
	ISA_CACHING_FORMS,
};

struct isa_caching_plan {
	enum isa_caching_form form;
	uint32_t blocks;                 /* 1 to ISA_CACHING_BLOCKS_MAX */
	struct isa_caching_block *block; /* [blocks], in the order of the vector */
};

/* Rows of its tiles that a block takes. */
static inline uint32_t isa_caching_rows(const struct isa_caching_block *block)
{
	return (block->units + block->lanes - 1) / block->lanes;
}

/* Of the vector of parameters. */
uint64_t isa_caching_bytes(const struct isa_caching_plan *plan);

/*
 * The program, in memory from malloc; or -EINVAL with a sentence that names the
 * block, -ENOMEM.
 */
int isa_caching_write(const struct isa_caching_plan *plan, uint8_t **bytes, size_t *size,
		      struct atoll_error *err);

/* Where in the program of that form the addresses of the parameters are filled in. */
const struct edgetpu_field *isa_caching_fields(enum isa_caching_form form, uint32_t *fields);

/*
 * What a program with no addresses in it does. Each bit is looked at: those of
 * isa_caching_write(plan) are the same. -EINVAL with a sentence that names the word
 * where this is no caching program of a known form, -ENOMEM. Blocks may lie on top
 * of each other.
 */
int isa_caching_read(const void *bytes, size_t size, struct isa_caching_plan *plan,
		     struct atoll_error *err);

/* The blocks; of a plan that was read or placed. */
void isa_caching_free(struct isa_caching_plan *plan);

/* The parameters of one layer, as they follow each other in the vector. */
struct isa_caching_layer {
	uint32_t units;
	uint8_t lanes;                   /* units to a row: 4 with 64 channels in a group
					    and for depthwise ones */
	uint8_t tables;                  /* rows of them in each group */
	uint16_t groups;                 /* equal pieces, group g to tile g mod 16; the last
					    may be shorter. 0: lies on one tile */
};

/* Rows of a tile that hold parameters; behind them the chip's operations have their
   buffers. No model of the vendor's is known that goes further. */
#define ISA_CACHING_ROWS_PLACED 1980

/*
 * Give each layer its place. How the vendor's compiler chooses is not known; this is
 * a choice of ours, by the rules that its choices obey:
 *
 *   - groups of a spread layer lie at one row, 16 of them at most; those that are on
 *     most tiles lie lowest, so no hole remains between them;
 *   - then the other layers, in order, each on the tile with the most room;
 *   - one that does not fit there is cut where that tile is full, and goes on on the
 *     one that then has the most. So does a spread one for which tile 0 has no room,
 *     and it has no rows of tables then.
 *
 * What has no more rows than 16 tiles of ISA_CACHING_ROWS_PLACED fits. -ENOSPC with
 * a sentence that names the layer where it does not, -EINVAL where a layer is none,
 * -ENOMEM.
 */
int isa_caching_place(const struct isa_caching_layer *layer, uint32_t layers,
		      enum isa_caching_form form, struct isa_caching_plan *plan,
		      struct atoll_error *err);

#endif
