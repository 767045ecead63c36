/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input comes in rows of 256 bytes, each to four tiles, of which every one keeps a
 * quarter; then each gives its quarter to all that compute. So 16 tiles take 1024 bytes
 * at a time, and longer inputs come in several rounds. Each tile computes a group of 64
 * outputs from all of the input; more than 16 groups make several rounds, too. Rounds
 * beyond the first repeat what the vendor's compiler does in one. Between layers the
 * groups are exchanged as quarters of the input are.
 *
 *	narrow memory   0            input, whole
 *	                units        output of the tile's group
 *	                units + 128  what it picked up, and what was in front of it
 *	                units + 192  the same for the next layer, from its input on
 */
#include "runtime/compiler/silicon_dense.h"

#include <errno.h>

#include "runtime/compiler/silicon_scalar.h"
#include "runtime/compiler/silicon_tiles.h"
#include "runtime/compiler/silicon_words.h"
#include "runtime/isa/caching.h"

#define ROW_BYTES 256
#define ROW_GROUPS (ROW_BYTES / DENSE_GROUP)
#define SLOT_APART 128              /* units, from the end of the input */
#define LAYER_APART (SLOT_APART + ROW_GROUPS * TILES_GROUP_UNITS)

/* Numbers of instructions have 13 bits, and a group takes one or a few. */
#define OUTPUTS_MAX 65536
/* Also what narrow memory and the start of a transfer can name. */
#define INPUTS_MAX 8192

/* A layer, and where it is in narrow memory. */
struct stage {
	const struct dense_layer *layer;
	uint32_t inputs, outputs;   /* groups */
	uint32_t base;              /* of its input */
};

struct dense {
	struct words words;
	uint32_t turn;              /* rows on the ring so far */
	uint32_t output_word;
};

static uint32_t up(uint32_t x, uint32_t by)
{
	return (x + by - 1) / by;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint16_t first_tiles(uint32_t tiles)
{
	return (uint16_t)((1u << tiles) - 1);
}

/* Of one group. */
static uint32_t group_rows(const struct dense_layer *layer)
{
	return mac_tables(&layer->numbers) + up(layer->inputs, 4);
}

uint32_t dense_rows(const struct dense_layer *layer)
{
	return group_rows(layer) * up(layer->outputs, DENSE_GROUP * TILES_TILES);
}

int dense_check(const struct dense_layer *layer, struct atoll_error *err)
{
	if (layer->inputs == 0 || layer->inputs > INPUTS_MAX)
		return atoll_error_set(err, -ENOTSUP, "%u inputs, 1 to %u can be sent",
				       layer->inputs, INPUTS_MAX);
	if (layer->outputs == 0 || layer->outputs > OUTPUTS_MAX)
		return atoll_error_set(err, -ENOTSUP, "%u outputs, 1 to %u can be numbered",
				       layer->outputs, OUTPUTS_MAX);
	if (dense_rows(layer) > ISA_CACHING_ROWS_PLACED)
		return atoll_error_set(err, -ENOTSUP, "its weights take %u rows of each "
				       "tile's memory, there are %u", dense_rows(layer),
				       ISA_CACHING_ROWS_PLACED);
	return 0;
}

/* Input */

/* Where output begins. */
static uint32_t output_base(const struct stage *stage)
{
	return stage->base + stage->inputs * TILES_GROUP_UNITS;
}

static struct stage first_stage(const struct dense_layer *layer)
{
	return (struct stage){ .layer = layer, .inputs = up(layer->inputs, DENSE_GROUP),
			       .outputs = up(layer->outputs, DENSE_GROUP) };
}

static struct stage next_stage(const struct stage *before)
{
	struct stage stage = first_stage(before->layer + 1);

	stage.base = output_base(before) + LAYER_APART;
	return stage;
}

static uint32_t host_units(uint32_t bytes)
{
	return up(bytes, SCALAR_UNIT_BYTES);
}

/* Groups of 4 bytes that are there, of a group of 64. */
static uint32_t fours(uint32_t all, uint32_t group)
{
	return least(TILES_GROUP_UNITS, up(all - group * DENSE_GROUP, 4));
}

/* Groups `first` to `first` + tiles - 1, to as many tiles. */
static void distribute(struct dense *dense, const struct stage *stage, uint32_t first,
		       uint32_t tiles)
{
	uint32_t rows = up(tiles, ROW_GROUPS), all = host_units(stage->layer->inputs);
	uint32_t slot = output_base(stage) + SLOT_APART;

	for (uint32_t t = 0; t < least(tiles, ROW_GROUPS); t++) {
		uint16_t every_fourth = (uint16_t)(0x1111u << t);

		tiles_pick_up(&dense->words, every_fourth & first_tiles(tiles), t, rows, slot);
	}
	for (uint32_t row = 0; row < rows; row++) {
		uint32_t start = (first * DENSE_GROUP + row * ROW_BYTES) / SCALAR_UNIT_BYTES;
		uint16_t four = (uint16_t)(0xfu << row * ROW_GROUPS) & first_tiles(tiles);

		tiles_receive_host(&dense->words, four, rows);
		scalar_send(&dense->words, start,
			    least(ROW_BYTES / SCALAR_UNIT_BYTES, all - start), four);
	}
	tiles_fence(&dense->words, TILES_FENCE_PLAIN);
	tiles_fence(&dense->words, TILES_FENCE_CLEAR);
	tiles_fence(&dense->words, TILES_FENCE_CORE);
	scalar_wait(&dense->words, SCALAR_FENCE);
}

/* Groups of this layer's input from one tile after the other, where they are at `from`,
   to all that compute. */
static void exchange(struct dense *dense, const struct stage *stage, uint32_t first,
		     uint32_t tiles, uint32_t from)
{
	uint16_t to = first_tiles(least(stage->outputs, TILES_TILES));

	for (uint32_t t = 0; t < tiles; t++) {
		uint32_t units = fours(stage->layer->inputs, first + t);
		uint32_t narrow = stage->base + (first + t) * TILES_GROUP_UNITS;

		tiles_take(&dense->words, to, t, narrow, units);
		tiles_receive(&dense->words, to, t);
		tiles_send(&dense->words, t, to, dense->turn++);
		tiles_give(&dense->words, (uint16_t)(1u << t), from, units, false);
	}
	tiles_fence(&dense->words, TILES_FENCE_CORE);
	scalar_wait(&dense->words, SCALAR_FENCE);
	tiles_fence(&dense->words, TILES_FENCE_CLEAR);
}

static void input_is_there(struct dense *dense)
{
	scalar_wait(&dense->words, SCALAR_NOTHING);
	tiles_fence(&dense->words, TILES_FENCE_CLEAR);
}

static uint32_t input(struct dense *dense, const struct stage *stage)
{
	uint32_t address;

	tiles_fence(&dense->words, TILES_FENCE_CORE);
	scalar_wait(&dense->words, SCALAR_FENCE);
	tiles_fence(&dense->words, TILES_FENCE_HOST);
	address = scalar_address(&dense->words);
	scalar_wait(&dense->words, SCALAR_INTAKE);
	scalar_wait(&dense->words, SCALAR_OPENER);
	scalar_open(&dense->words, host_units(stage->layer->inputs));
	scalar_pass_address(&dense->words);
	scalar_request(&dense->words, SCALAR_INPUT,
		       host_units(stage->layer->inputs) * SCALAR_UNIT_BYTES);
	for (uint32_t first = 0; first < stage->inputs; first += TILES_TILES) {
		uint32_t tiles = least(stage->inputs - first, TILES_TILES);

		distribute(dense, stage, first, tiles);
		exchange(dense, stage, first, tiles, output_base(stage) + SLOT_APART);
	}
	input_is_there(dense);
	return address;
}

/* Multiply and accumulate */

#define STEP 4                      /* bytes of an address of narrow memory */
#define LANES 4                     /* of a row of wide memory */

/* Where the input has one length, a loop that is not used has a stride of all that the
   one inside covers; so have those of the output. */
static void multiply(struct dense *dense, const struct stage *stage, uint16_t tiles,
		     uint32_t row, uint32_t output_fours)
{
	const struct dense_layer *layer = stage->layer;
	uint32_t steps = up(layer->inputs, 4);
	int32_t covered = (int32_t)steps * STEP, group = (int32_t)output_fours * STEP;
	int32_t full = stage->outputs > 1 ? TILES_GROUP_UNITS * STEP : group;
	const struct words_loop in[] = { { steps, STEP }, { 1, covered }, { 1, covered } };
	const struct words_loop out[] = { { output_fours, STEP }, { 1, group }, { 1, full } };
	uint8_t *at = mac_add(&dense->words, tiles);

	words_set(at, "loops", steps);
	words_loops(at, MAC_INPUT, (int32_t)stage->base * STEP, 3, in);
	words_loops(at, MAC_OUTPUT, (int32_t)output_base(stage) * STEP, 3, out);
	words_loops(at, MAC_WEIGHTS,
		    (int32_t)(row + mac_tables(&layer->numbers)) * LANES, 1,
		    &(struct words_loop){ steps, LANES });
	words_loops(at, MAC_SUMS, 0, 1, &(struct words_loop){ steps, 0 });
	mac_counts(at, 2, 1);
	mac_put(at, &layer->numbers, output_fours, row, 1);
}

/* Output */

/* Of tiles 0 to tiles - 1, the last may have fewer outputs than the others: a set of its
   own, then. */
struct share {
	uint16_t tiles;
	uint32_t fours;
};

static uint32_t share(const struct stage *stage, uint32_t first, uint32_t tiles,
		      struct share shares[2])
{
	uint32_t last = fours(stage->layer->outputs, first + tiles - 1);
	uint16_t all = first_tiles(tiles), few = first_tiles(tiles - 1);

	shares[0] = (struct share){ all, last };
	if (last == TILES_GROUP_UNITS || tiles == 1)
		return 1;
	shares[0] = (struct share){ few, TILES_GROUP_UNITS };
	shares[1] = (struct share){ all & (uint16_t)~few, last };
	return 2;
}

static void compute(struct dense *dense, const struct stage *stage, uint32_t first,
		    uint32_t tiles)
{
	const struct dense_layer *layer = stage->layer;
	uint32_t row = layer->row + first / TILES_TILES * group_rows(layer);
	struct share shares[2];
	uint32_t count = share(stage, first, tiles, shares);

	if (layer->numbers.has_factors || layer->numbers.has_biases)
		tiles_tables(&dense->words, first_tiles(tiles), row, layer->numbers.has_factors,
			     layer->numbers.has_biases);
	for (uint32_t i = 0; i < count; i++)
		multiply(dense, stage, shares[i].tiles, row, shares[i].fours);
	tiles_fence(&dense->words, TILES_FENCE_CLEAR);
	tiles_fence(&dense->words, TILES_FENCE_CLEAR_CORE);
	scalar_wait(&dense->words, SCALAR_FENCE);
}

/* The request is for all of the output, in the first round. */
static void put_out(struct dense *dense, const struct stage *stage, uint32_t first,
		    uint32_t tiles)
{
	uint32_t all = host_units(stage->layer->outputs);
	uint32_t group = DENSE_GROUP / SCALAR_UNIT_BYTES;
	struct share shares[2];
	uint32_t count = share(stage, first, tiles, shares);

	tiles_fence(&dense->words, TILES_FENCE_CORE);
	scalar_wait(&dense->words, SCALAR_FENCE);
	if (first == 0) {
		dense->output_word = scalar_address(&dense->words);
		scalar_pass_address(&dense->words);
	}
	for (uint32_t i = 0; i < count; i++)
		tiles_give(&dense->words, shares[i].tiles, output_base(stage),
			   shares[i].fours, true);
	if (first == 0)
		scalar_request(&dense->words, SCALAR_OUTPUT, all * SCALAR_UNIT_BYTES);
	for (uint32_t t = 0; t < tiles; t++) {
		scalar_collect(&dense->words, least(group, all - (first + t) * group));
		tiles_send(&dense->words, t, 0, dense->turn++);
	}
	tiles_fence(&dense->words, TILES_FENCE_CLEAR);
	scalar_wait_rows(&dense->words, dense->turn);
}

/* Output of this stage becomes input of the next. */
static void pass_on(struct dense *dense, const struct stage *stage, const struct stage *next)
{
	for (uint32_t first = 0; first < stage->outputs; first += TILES_TILES) {
		uint32_t tiles = least(stage->outputs - first, TILES_TILES);

		compute(dense, stage, first, tiles);
		tiles_fence(&dense->words, TILES_FENCE_CLEAR);
		exchange(dense, next, first, tiles, output_base(stage));
	}
	input_is_there(dense);
}

static void output(struct dense *dense, const struct stage *stage)
{
	for (uint32_t first = 0; first < stage->outputs; first += TILES_TILES) {
		uint32_t tiles = least(stage->outputs - first, TILES_TILES);

		compute(dense, stage, first, tiles);
		put_out(dense, stage, first, tiles);
	}
	tiles_fence(&dense->words, TILES_FENCE_RING);
	scalar_wait(&dense->words, SCALAR_FENCE);
	tiles_fence(&dense->words, TILES_FENCE_LAST);
	scalar_wait(&dense->words, SCALAR_FENCE);
}

static int check_layers(const struct dense_layer *layer, uint32_t layers,
			struct atoll_error *err)
{
	uint32_t rows = 0;
	int r = 0;

	if (layers == 0 || layers > DENSE_LAYERS_MAX)
		return atoll_error_set(err, -EINVAL, "%u layers, 1 to %u make a program",
				       layers, DENSE_LAYERS_MAX);
	for (uint32_t i = 0; i < layers && r == 0; i++) {
		r = dense_check(&layer[i], err);
		if (r == 0 && i > 0 && layer[i].inputs != layer[i - 1].outputs)
			r = atoll_error_set(err, -EINVAL, "layer %u: %u inputs, the one "
					    "before has %u outputs", i, layer[i].inputs,
					    layer[i - 1].outputs);
		rows += dense_rows(&layer[i]);
	}
	if (r == 0 && rows > ISA_CACHING_ROWS_PLACED)
		r = atoll_error_set(err, -ENOTSUP, "%u layers take %u rows of each tile's "
				    "memory, there are %u", layers, rows,
				    ISA_CACHING_ROWS_PLACED);
	return r;
}

int dense_write(const struct dense_layer *layer, uint32_t layers,
		struct words_program *program, struct atoll_error *err)
{
	struct dense dense = { 0 };
	struct stage stage, next;
	int r = check_layers(layer, layers, err);

	if (r < 0)
		return r;
	stage = first_stage(layer);
	scalar_begin(&dense.words);
	program->input_word = input(&dense, &stage);
	for (uint32_t i = 1; i < layers; i++, stage = next) {
		next = next_stage(&stage);
		pass_on(&dense, &stage, &next);
	}
	output(&dense, &stage);
	scalar_end(&dense.words);
	program->output_word = dense.output_word;
	program->narrow_bytes = (output_base(&stage) + SLOT_APART + TILES_GROUP_UNITS) * 4;
	return words_end(&dense.words, program, err);
}
