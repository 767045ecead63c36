/* SPDX-License-Identifier: Apache-2.0 */
/* Which tile and which rows the parameters of each layer get. */
#include "runtime/isa/caching_inside.h"

#include <errno.h>
#include <stdlib.h>

/*
 * A spread layer lies in rounds of 16 groups, one to a tile. Rounds that are full
 * come first and lie on top of each other, then those that end before tile 15, wider
 * ones first:
 *
 *	tile      0  1  2  3  ...  15
 *	        | b2 b2              |     last round of b: 2 groups
 *	        | c  c  c            |     c: 3 groups
 *	        | b1 b1 b1 b1 ... b1 |     b: 18 groups
 *	row 0   | a  a  a  a  ... a  |     a: 16 groups
 */
struct spot {
	bool is_spread;
	uint32_t share;                  /* units of a group, but for the last */
	uint32_t groups;
	uint32_t rows;                   /* of a group */
	uint32_t row;                    /* of the first full round */
	uint32_t last_row;               /* of the round that is not full */
};

struct placing {
	const struct isa_caching_layer *layer;
	uint32_t layers;
	struct spot *spot;               /* [layers] */
	uint32_t top[ISA_CACHING_TILES]; /* rows taken, from row 0 on */
	struct isa_caching_plan plan;
};

static int check_layer(const struct placing *placing, uint32_t index, struct atoll_error *err)
{
	const struct isa_caching_layer *layer = &placing->layer[index];

	if (!layer->units || !layer->lanes || layer->lanes > ISA_CACHING_LANES)
		return atoll_error_set(err, -EINVAL,
				       "caching: layer %u: %u units, %u to a row: it needs one, "
				       "and 1 to %u to a row", index, layer->units,
				       layer->lanes, ISA_CACHING_LANES);
	if (layer->tables && !layer->groups)
		return atoll_error_set(err, -EINVAL,
				       "caching: layer %u: %u rows of tables: only groups "
				       "have them", index, layer->tables);
	return 0;
}

/* All of a spread layer's rounds touch tile 0. */
static void decide(struct placing *placing, enum isa_caching_form form)
{
	uint64_t rows_taken = 0;

	for (uint32_t i = 0; i < placing->layers; i++) {
		const struct isa_caching_layer *layer = &placing->layer[i];
		struct spot *spot = &placing->spot[i];
		uint64_t rows, last_rows;

		if (!layer->groups)
			continue;
		spot->share = (layer->units - 1) / layer->groups + 1;
		spot->groups = (layer->units - 1) / spot->share + 1;
		spot->rows = (spot->share - 1) / layer->lanes + 1;
		last_rows = (layer->units - (spot->groups - 1) * spot->share - 1) /
			    layer->lanes + 1;
		rows = (uint64_t)spot->rows * ((spot->groups - 1) / ISA_CACHING_TILES + 1);
		spot->is_spread = rows_taken + rows <= ISA_CACHING_ROWS_PLACED &&
				  layer->tables < last_rows &&
				  !(form == ISA_CACHING_OLD && layer->tables > 1);
		if (spot->is_spread)
			rows_taken += rows;
	}
}

static uint32_t take(struct placing *placing, uint32_t tiles, uint32_t rows)
{
	uint32_t row = placing->top[0];

	for (uint32_t tile = 0; tile < tiles; tile++)
		placing->top[tile] += rows;
	return row;
}

static void place_spread(struct placing *placing)
{
	for (uint32_t i = 0; i < placing->layers; i++) {
		struct spot *spot = &placing->spot[i];

		if (spot->is_spread)
			spot->row = take(placing, ISA_CACHING_TILES,
					 spot->groups / ISA_CACHING_TILES * spot->rows);
	}
	for (uint32_t width = ISA_CACHING_TILES - 1; width; width--)
		for (uint32_t i = 0; i < placing->layers; i++) {
			struct spot *spot = &placing->spot[i];

			if (spot->is_spread && spot->groups % ISA_CACHING_TILES == width)
				spot->last_row = take(placing, width, spot->rows);
		}
}

static void add(struct placing *placing, uint32_t tile, uint32_t row, uint32_t units,
		const struct isa_caching_layer *layer)
{
	placing->plan.block[placing->plan.blocks++] = (struct isa_caching_block){
		.tiles = (uint16_t)(1u << tile),
		.row = (uint16_t)row,
		.units = units,
		.lanes = layer->lanes,
	};
}

static void add_groups(struct placing *placing, uint32_t index)
{
	const struct isa_caching_layer *layer = &placing->layer[index];
	const struct spot *spot = &placing->spot[index];
	uint32_t units = layer->units;

	for (uint32_t i = 0; i < spot->groups; i++) {
		uint32_t round = i / ISA_CACHING_TILES, size;
		bool is_full = round < spot->groups / ISA_CACHING_TILES;

		size = units < spot->share ? units : spot->share;
		add(placing, i % ISA_CACHING_TILES,
		    is_full ? spot->row + round * spot->rows : spot->last_row, size, layer);
		placing->plan.block[placing->plan.blocks - 1].tables = layer->tables;
		units -= size;
	}
}

static uint32_t emptiest(const struct placing *placing)
{
	uint32_t best = 0;

	for (uint32_t tile = 1; tile < ISA_CACHING_TILES; tile++)
		if (placing->top[tile] < placing->top[best])
			best = tile;
	return best;
}

static int add_whole(struct placing *placing, uint32_t index, struct atoll_error *err)
{
	const struct isa_caching_layer *layer = &placing->layer[index];

	for (uint32_t units = layer->units, size; units; units -= size) {
		uint32_t tile = emptiest(placing), *top = &placing->top[tile];
		uint32_t room = (ISA_CACHING_ROWS_PLACED - *top) * layer->lanes;

		if (!room)
			return atoll_error_set(err, -ENOSPC,
					       "caching: layer %u: %u of its %u units find no "
					       "room: %u rows of each tile are taken", index,
					       units, layer->units, ISA_CACHING_ROWS_PLACED);
		size = units < room ? units : room;
		add(placing, tile, *top, size, layer);
		*top += (size - 1) / layer->lanes + 1;
	}
	return 0;
}

/* Blocks there can be at most: the groups, or a piece on each tile. */
static uint64_t blocks_most(const struct placing *placing)
{
	uint64_t blocks = 0;

	for (uint32_t i = 0; i < placing->layers; i++)
		blocks += placing->spot[i].is_spread ? placing->spot[i].groups :
						       ISA_CACHING_TILES;
	return blocks;
}

static int place_all(struct placing *placing, struct atoll_error *err)
{
	for (uint32_t i = 0; i < placing->layers; i++) {
		uint32_t first = placing->plan.blocks;
		int r = 0;

		if (placing->spot[i].is_spread)
			add_groups(placing, i);
		else
			r = add_whole(placing, i, err);
		if (r < 0)
			return r;
		placing->plan.block[first].begins_layer = true;
	}
	if (placing->plan.blocks > ISA_CACHING_BLOCKS_MAX)
		return atoll_error_set(err, -ENOSPC,
				       "caching: %u layers: become %u blocks: a program has at "
				       "most %u", placing->layers, placing->plan.blocks,
				       ISA_CACHING_BLOCKS_MAX);
	return 0;
}

int isa_caching_place(const struct isa_caching_layer *layer, uint32_t layers,
		      enum isa_caching_form form, struct isa_caching_plan *plan,
		      struct atoll_error *err)
{
	struct placing placing = {
		.layer = layer, .layers = layers, .plan = { .form = form },
	};
	int r;

	if (!layers || layers > ISA_CACHING_BLOCKS_MAX)
		return atoll_error_set(err, -EINVAL, "caching: %u layers: 1 to %u can be "
				       "placed", layers, ISA_CACHING_BLOCKS_MAX);
	for (uint32_t i = 0; i < layers; i++) {
		r = check_layer(&placing, i, err);
		if (r < 0)
			return r;
	}
	placing.spot = calloc(layers, sizeof(*placing.spot));
	if (!placing.spot)
		goto no_memory;
	decide(&placing, form);
	placing.plan.block = calloc(blocks_most(&placing), sizeof(*placing.plan.block));
	if (!placing.plan.block)
		goto no_memory;
	place_spread(&placing);
	r = place_all(&placing, err);
	free(placing.spot);
	if (r < 0)
		isa_caching_free(&placing.plan);
	else
		*plan = placing.plan;
	return r;

no_memory:
	free(placing.spot);
	return atoll_error_set(err, -ENOMEM, "caching: no memory to place %u layers", layers);
}
