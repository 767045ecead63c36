/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/isa/caching.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/isa/bits.h"
#include "tests/check.h"
#include "tests/must.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A layer on one tile, one spread over two, one with a single unit. */
static struct isa_caching_block small_block[] = {
	{ .tiles = 1 << 5, .row = 7, .units = 9, .lanes = 2, .begins_layer = true },
	{ .tiles = 1 << 0, .row = 0, .units = 1284, .lanes = 4, .tables = 1,
	  .begins_layer = true },
	{ .tiles = 1 << 1, .row = 0, .units = 1284, .lanes = 4, .tables = 1 },
	{ .tiles = 1 << 15, .row = 2047, .units = 1, .lanes = 1, .begins_layer = true },
};

static struct isa_caching_plan small_plan(enum isa_caching_form form)
{
	return (struct isa_caching_plan){
		.form = form, .blocks = COUNT(small_block), .block = small_block,
	};
}

static uint8_t *must_write(const struct isa_caching_plan *plan, size_t *size)
{
	struct atoll_error err;
	uint8_t *bytes;

	if (isa_caching_write(plan, &bytes, size, &err) < 0)
		fail_msg("%s", err.text);
	return bytes;
}

static void must_be_same(const struct isa_caching_plan *a, const struct isa_caching_plan *b)
{
	assert_int_equal(a->form, b->form);
	assert_int_equal(a->blocks, b->blocks);
	for (uint32_t i = 0; i < a->blocks; i++) {
		const struct isa_caching_block *x = &a->block[i], *y = &b->block[i];

		assert_int_equal(x->tiles, y->tiles);
		assert_int_equal(x->row, y->row);
		assert_int_equal(x->units, y->units);
		assert_int_equal(x->lanes, y->lanes);
		assert_int_equal(x->tables, y->tables);
		assert_int_equal(x->begins_layer, y->begins_layer);
	}
}

/* Write, read, compare. */
static void must_come_back(const struct isa_caching_plan *plan)
{
	struct isa_caching_plan read;
	struct atoll_error err;
	size_t size;
	uint8_t *bytes = must_write(plan, &size);

	if (isa_caching_read(bytes, size, &read, &err) < 0)
		fail_msg("%s", err.text);
	must_be_same(plan, &read);
	isa_caching_free(&read);
	free(bytes);
}

static void a_program_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (int form = 0; form < ISA_CACHING_FORMS; form++) {
		struct isa_caching_plan plan = small_plan((enum isa_caching_form)form);

		must_come_back(&plan);
	}
}

/* Worked out by hand: the layer spread over two tiles in the short form. */
static void blocks_are_where_and_what_the_fields_say(void **state)
{
	struct isa_caching_plan plan = small_plan(ISA_CACHING_SHORT);
	size_t size;
	uint8_t *bytes = must_write(&plan, &size);
	const uint8_t *receive, *send;

	(void)state;
	assert_int_equal(size, (35 + 8 * 4) * 16);
	assert_int_equal(isa_bits(bytes, 26, 32), 35 + 8 * 4 - 2);
	assert_int_equal(isa_bits(bytes + 11 * 16, 70, 32), 64 * (9 + 2 * 1284 + 1));

	/* receivers 1, 2 and 3 at words 17, 25 and 29; their senders at 21, 33 and 37 */
	receive = bytes + 29 * 16;
	assert_int_equal(isa_bits(receive, 6, 6), 0x11);
	assert_int_equal(isa_bits(receive, 12, 16), 1 << 1);
	assert_int_equal(isa_bits(receive, 46, 13), 3);
	assert_int_equal(isa_bits(receive, 62, 16), 1);
	assert_int_equal(isa_bits(receive, 78, 17), 1);
	assert_int_equal(isa_bits(receive, 95, 16), 319);
	assert_int_equal(isa_signed_bits(receive, 111, 17), -319);
	assert_int_equal(isa_bits(receive, 267, 1), 1);
	assert_int_equal(isa_bits(receive, 318, 16), 1);
	send = bytes + 37 * 16;
	assert_int_equal(isa_bits(send, 6, 6), 0x26);
	assert_int_equal(isa_bits(send, 14, 11), 9 + 1284);
	assert_int_equal(isa_bits(send, 96, 3), 1);
	assert_int_equal(isa_bits(send, 183, 10), 259);
	assert_int_equal(isa_bits(send, 205, 10), 1023 - 259);
	assert_int_equal(isa_bits(send, 320, 16), 9 + 1284 + 1);
	assert_int_equal(isa_bits(send, 409, 16), 1 << 1);
	assert_int_equal(isa_bits(send, 438, 2), 3);

	/* the fence behind the blocks counts them */
	assert_int_equal(isa_bits(bytes + (17 + 8 * 4) * 16, 28, 13), 5);
	free(bytes);
}

static void plans_that_cannot_be_said_are_refused(void **state)
{
	static const struct {
		struct isa_caching_block block;
		const char *sentence;
	} wrong[] = {
		{ { .tiles = 0, .units = 1, .lanes = 1, .begins_layer = true },
		  "caching: block 0: goes to no tile" },
		{ { .tiles = 1, .units = 0, .lanes = 1, .begins_layer = true },
		  "caching: block 0: 0 units: a block has 1 to 8192" },
		{ { .tiles = 1, .units = 8193, .lanes = 4, .begins_layer = true },
		  "caching: block 0: 8193 units: a block has 1 to 8192" },
		{ { .tiles = 1, .units = 1, .lanes = 5, .begins_layer = true },
		  "caching: block 0: 5 units to a row: a row has 1 to 4" },
		{ { .tiles = 1, .row = 2047, .units = 5, .lanes = 4, .begins_layer = true },
		  "caching: block 0: 2 rows from row 2047 on: a tile has 2048" },
		{ { .tiles = 1, .units = 8, .lanes = 4, .tables = 2, .begins_layer = true },
		  "caching: block 0: 2 rows of tables: of 2 rows at most 3, and not all, "
		  "can be" },
		{ { .tiles = 1, .units = 8, .lanes = 4 },
		  "caching: block 0: is said to go on with a layer that has not begun" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct isa_caching_block block = wrong[i].block;
		struct isa_caching_plan plan = { .blocks = 1, .block = &block };
		struct atoll_error err;
		uint8_t *bytes;
		size_t size;

		assert_int_equal(isa_caching_write(&plan, &bytes, &size, &err), -EINVAL);
		assert_string_equal(err.text, wrong[i].sentence);
		assert_int_equal(isa_caching_write(&plan, &bytes, &size, NULL), -EINVAL);
	}
}

/* In memory of its own, so that a step too far is seen by the sanitizers. */
static int read_copy(const uint8_t *bytes, size_t size, struct isa_caching_plan *plan,
		     struct atoll_error *err)
{
	uint8_t *copy = malloc(size ? size : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	r = isa_caching_read(copy, size, plan, err);
	free(copy);
	return r;
}

static void must_refuse(const uint8_t *bytes, size_t size)
{
	struct isa_caching_plan plan;
	struct atoll_error err = { .text = "" };

	assert_int_equal(read_copy(bytes, size, &plan, &err), -EINVAL);
	if (strncmp(err.text, "caching: word ", 14) != 0)
		fail_msg("no word is named: %s", err.text);
}

/* A bit of a place, a size or a tile may be changed for another plan; it has to be
   the program of that plan then. */
static void every_bit_is_either_understood_or_missed(void **state)
{
	uint32_t refused = 0, bits = 0;

	(void)state;
	for (int form = 0; form < ISA_CACHING_FORMS; form++) {
		struct isa_caching_plan plan = small_plan((enum isa_caching_form)form), read;
		size_t size, again_size;
		uint8_t *bytes = must_write(&plan, &size), *again;

		for (uint32_t bit = 0; bit < size * 8; bit++, bits++) {
			struct atoll_error err = { .text = "" };

			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (read_copy(bytes, size, &read, &err) < 0) {
				assert_int_equal(strncmp(err.text, "caching: word ", 14), 0);
				refused++;
			} else {
				again = must_write(&read, &again_size);
				assert_int_equal(size, again_size);
				assert_memory_equal(bytes, again, size);
				isa_caching_free(&read);
				free(again);
			}
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		free(bytes);
	}
	assert_true(refused > bits / 10 * 9);
}

static void shortened_programs_are_refused(void **state)
{
	(void)state;
	for (int form = 0; form < ISA_CACHING_FORMS; form++) {
		struct isa_caching_plan plan = small_plan((enum isa_caching_form)form);
		size_t size;
		uint8_t *bytes = must_write(&plan, &size);

		for (size_t shorter = 0; shorter < size; shorter++)
			must_refuse(bytes, shorter);
		free(bytes);
	}
}

static void words_out_of_place_are_refused(void **state)
{
	struct isa_caching_plan plan = small_plan(ISA_CACHING_LONG), read;
	struct check_random random = { 9 };
	size_t size;
	uint8_t *bytes = must_write(&plan, &size);
	uint8_t *damaged = malloc(size);

	(void)state;
	assert_non_null(damaged);
	for (int i = 0; i < 20000; i++) {
		uint32_t words = (uint32_t)size / 16;
		uint32_t from = check_random(&random) % words;
		uint32_t to = check_random(&random) % words;

		memcpy(damaged, bytes, size);
		memcpy(damaged + to * 16, bytes + from * 16, 16);
		for (uint32_t k = check_random(&random) % 4; k; k--)
			damaged[check_random(&random) % size] = (uint8_t)check_random(&random);
		if (read_copy(damaged, size, &read, NULL) == 0)
			isa_caching_free(&read);
	}
	free(damaged);
	free(bytes);
}

static void what_is_wrong_is_said_with_its_word(void **state)
{
	struct isa_caching_plan plan = small_plan(ISA_CACHING_SHORT), read;
	struct atoll_error err;
	size_t size;
	uint8_t *bytes = must_write(&plan, &size);

	(void)state;
	isa_set_bits(bytes + 17 * 16, 61, 1, 0);
	assert_int_equal(isa_caching_read(bytes, size, &read, &err), -EINVAL);
	assert_string_equal(err.text, "caching: word 17: receive instruction: byte 7 is 0xc0: "
				      "0xe0 is what goes with the blocks");
	isa_set_bits(bytes + 17 * 16, 61, 1, 1);
	isa_set_bits(bytes + 17 * 16, 12, 16, 0);
	assert_int_equal(isa_caching_read(bytes, size, &read, &err), -EINVAL);
	assert_string_equal(err.text, "caching: word 17: block 0: goes to no tile");
	isa_set_bits(bytes + 21 * 16, 6, 5, 7);
	assert_int_equal(isa_caching_read(bytes, size, &read, &err), -EINVAL);
	assert_string_equal(err.text,
			    "caching: word 21: send instruction 1 of 1 is missing");
	isa_set_bits(bytes + 6 * 16, 70, 1, 0);
	assert_int_equal(isa_caching_read(bytes, size, &read, &err), -EINVAL);
	assert_string_equal(err.text, "caching: word 6: begins like no caching program that "
				      "is known");
	free(bytes);
}

/* No two blocks on the same row of a tile, none behind the last. */
static void must_not_overlap(const struct isa_caching_plan *plan, const char *what)
{
	static uint8_t is_taken[ISA_CACHING_TILES][ISA_CACHING_ROWS];

	memset(is_taken, 0, sizeof(is_taken));
	for (uint32_t i = 0; i < plan->blocks; i++) {
		const struct isa_caching_block *block = &plan->block[i];
		uint32_t end = block->row + isa_caching_rows(block);

		if (end > ISA_CACHING_ROWS_PLACED)
			fail_msg("%s: block %u ends at row %u", what, i, end);
		for (uint32_t tile = 0; tile < ISA_CACHING_TILES; tile++)
			for (uint32_t row = block->row; row < end; row++) {
				if (!(block->tiles >> tile & 1))
					continue;
				if (is_taken[tile][row]++)
					fail_msg("%s: block %u: row %u of tile %u has two",
						 what, i, row, tile);
			}
	}
}

static uint64_t layer_units(const struct isa_caching_layer *layer, uint32_t layers)
{
	uint64_t units = 0;

	for (uint32_t i = 0; i < layers; i++)
		units += layer[i].units;
	return units;
}

static void random_layers(struct check_random *random, struct isa_caching_layer *layer,
			  uint32_t layers)
{
	static const uint32_t most[] = { 10, 300, 3000, 30000 };

	for (uint32_t i = 0; i < layers; i++) {
		uint32_t lanes = check_random(random) % 4 + 1;

		layer[i] = (struct isa_caching_layer){
			.units = check_random(random) % most[check_random(random) % 4] + 1,
			.lanes = (uint8_t)lanes,
		};
		if (check_random(random) % 3)
			continue;
		layer[i].groups = (uint16_t)(check_random(random) % 40 + 1);
		layer[i].tables = (uint8_t)(check_random(random) % 4);
	}
}

/* Rows that are needed when nothing is shared: a plan for as many has to exist. */
static uint64_t layer_rows(const struct isa_caching_layer *layer, uint32_t layers)
{
	uint64_t rows = 0;

	for (uint32_t i = 0; i < layers; i++) {
		uint32_t pieces = layer[i].groups ? layer[i].groups : 1;
		uint32_t share = (layer[i].units - 1) / pieces + 1;

		rows += (uint64_t)pieces * ((share - 1) / layer[i].lanes + 1);
	}
	return rows;
}

static void layers_of_any_size_are_placed_where_they_fit(void **state)
{
	struct check_random random = { 2026 };
	uint32_t placed = 0, full = 0;

	(void)state;
	for (int i = 0; i < 1500; i++) {
		struct isa_caching_layer layer[64];
		uint32_t layers = check_random(&random) % 64 + 1;
		struct isa_caching_plan plan;
		struct atoll_error err;
		int r;

		random_layers(&random, layer, layers);
		r = isa_caching_place(layer, layers, ISA_CACHING_LONG, &plan, &err);
		if (r < 0) {
			assert_int_equal(r, -ENOSPC);
			assert_true(layer_rows(layer, layers) >
				    ISA_CACHING_TILES * ISA_CACHING_ROWS_PLACED);
			full++;
			continue;
		}
		assert_int_equal(isa_caching_bytes(&plan), layer_units(layer, layers) * 64);
		must_not_overlap(&plan, "random layers");
		must_come_back(&plan);
		isa_caching_free(&plan);
		placed++;
	}
	assert_true(placed > 100 && full > 100);
}

static void groups_lie_on_their_tiles_at_one_row(void **state)
{
	static const struct isa_caching_layer layer[] = {
		{ .units = 90, .lanes = 4 },
		{ .units = 4 * 264, .lanes = 4, .groups = 4, .tables = 2 },
		{ .units = 16 * 260, .lanes = 4, .groups = 16, .tables = 1 },
		{ .units = 18 * 100, .lanes = 4, .groups = 18, .tables = 1 },
	};
	struct isa_caching_plan plan;

	(void)state;
	assert_int_equal(isa_caching_place(layer, COUNT(layer), ISA_CACHING_SHORT, &plan,
					   NULL), 0);
	assert_int_equal(plan.blocks, 1 + 4 + 16 + 18);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(plan.block[1 + i].tiles, 1 << i);
		assert_int_equal(plan.block[1 + i].row, 65 + 25);
		assert_int_equal(plan.block[1 + i].tables, 2);
		assert_int_equal(plan.block[1 + i].begins_layer, i == 0);
	}
	for (uint32_t i = 0; i < 16; i++) {
		assert_int_equal(plan.block[5 + i].row, 0);
		assert_int_equal(plan.block[21 + i].row, 65);
	}
	assert_int_equal(plan.block[37].tiles, 1 << 0);
	assert_int_equal(plan.block[37].row, 65 + 25 + 66);
	must_not_overlap(&plan, "groups");
	isa_caching_free(&plan);
}

static void a_layer_too_large_for_a_tile_is_cut_at_a_row(void **state)
{
	static const struct isa_caching_layer layer[] = {
		{ .units = 16 * ISA_CACHING_ROWS_PLACED * 3, .lanes = 3 },
	}, more[] = {
		{ .units = 16 * ISA_CACHING_ROWS_PLACED * 3, .lanes = 3 },
		{ .units = 1, .lanes = 1 },
	};
	struct isa_caching_plan plan;
	struct atoll_error err;

	(void)state;
	assert_int_equal(isa_caching_place(layer, 1, ISA_CACHING_LONG, &plan, NULL), 0);
	assert_int_equal(plan.blocks, 16);
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(plan.block[i].units, ISA_CACHING_ROWS_PLACED * 3);
	must_not_overlap(&plan, "one layer");
	must_come_back(&plan);
	isa_caching_free(&plan);

	assert_int_equal(isa_caching_place(more, 2, ISA_CACHING_LONG, &plan, &err), -ENOSPC);
	assert_string_equal(err.text, "caching: layer 1: 1 of its 1 units find no room: 1980 "
				      "rows of each tile are taken");
}

/* The shared models: what the vendor's compiler wrote. */
struct vendor {
	struct atoll_model *model;
	struct edgetpu_package *package;
	const char *name;
};

/* Calls `look` for each of them that has a caching program; how many. */
static uint32_t each_vendor(void (*look)(const struct vendor *vendor, void *data), void *data)
{
	uint32_t count = 0;
	char pattern[4096];
	glob_t found;

	(void)snprintf(pattern, sizeof(pattern), "%s/*_edgetpu.tflite",
		       check_data_path("models"));
	if (glob(pattern, 0, NULL, &found) != 0)
		fail_msg("%s: there is none", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct vendor vendor = {
			.model = must_load(found.gl_pathv[i]),
			.name = strrchr(found.gl_pathv[i], '/') + 1,
		};
		const struct atoll_operator *op =
			edgetpu_next_compiled(&vendor.model->graph[0], NULL);

		for (; op; op = edgetpu_next_compiled(&vendor.model->graph[0], op)) {
			struct atoll_error err;

			vendor.package = edgetpu_package_read(op->custom_options,
							      op->custom_options_bytes, &err);
			if (!vendor.package)
				fail_msg("%s: %s", vendor.name, err.text);
			if (vendor.package->caching) {
				look(&vendor, data);
				count++;
			}
			edgetpu_package_free(vendor.package);
		}
		atoll_model_free(vendor.model);
	}
	globfree(&found);
	return count;
}

static struct isa_caching_plan vendor_plan(const struct vendor *vendor)
{
	const struct edgetpu_chunk *chunk = vendor->package->caching->chunk;
	struct isa_caching_plan plan;
	struct atoll_error err;

	if (isa_caching_read(chunk->bytes, chunk->size, &plan, &err) < 0)
		fail_msg("%s: %s", vendor->name, err.text);
	return plan;
}

static void look_at_bytes(const struct vendor *vendor, void *data)
{
	const struct edgetpu_executable *caching = vendor->package->caching;
	struct isa_caching_plan plan = vendor_plan(vendor);
	const struct edgetpu_field *field;
	uint32_t *equal = data, fields;
	size_t size;
	uint8_t *bytes = must_write(&plan, &size);

	assert_int_equal(caching->type, EDGETPU_CACHING);
	assert_int_equal(caching->chunks, 1);
	*equal += size == caching->chunk->size &&
		  memcmp(bytes, caching->chunk->bytes, size) == 0;
	assert_int_equal(isa_caching_bytes(&plan), caching->parameter_bytes);
	field = isa_caching_fields(plan.form, &fields);
	assert_int_equal(fields, caching->chunk->fields);
	for (uint32_t i = 0; i < fields; i++) {
		assert_int_equal(field[i].bit, caching->chunk->field[i].bit);
		assert_int_equal(field[i].kind, caching->chunk->field[i].kind);
		assert_int_equal(field[i].is_upper, caching->chunk->field[i].is_upper);
		assert_string_equal(field[i].name, caching->chunk->field[i].name);
	}
	must_not_overlap(&plan, vendor->name);
	isa_caching_free(&plan);
	free(bytes);
}

static void programs_of_shared_models_are_written_to_the_last_bit(void **state)
{
	uint32_t equal = 0, programs = each_vendor(look_at_bytes, &equal);

	(void)state;
	print_message("isa: caching programs %u of %u byte-equal\n", equal, programs);
	assert_int_equal(equal, programs);
}

/* The layers of a plan, to be placed anew: those in equal pieces at one row were
   spread, the others lie on a tile. */
static uint32_t plan_layers(const struct isa_caching_plan *plan,
			    struct isa_caching_layer *layer)
{
	uint32_t layers = 0;

	for (uint32_t i = 0, end; i < plan->blocks; i = end) {
		const struct isa_caching_block *block = &plan->block[i];
		struct isa_caching_layer *one = &layer[layers++];

		*one = (struct isa_caching_layer){ .lanes = block->lanes };
		for (end = i; end == i || (end < plan->blocks &&
					   !plan->block[end].begins_layer); end++)
			one->units += plan->block[end].units;
		if (block->tables || (end - i == ISA_CACHING_TILES)) {
			one->groups = (uint16_t)(end - i);
			one->tables = block->tables;
		}
	}
	return layers;
}

static void look_at_place(const struct vendor *vendor, void *data)
{
	struct isa_caching_plan plan = vendor_plan(vendor), placed;
	struct isa_caching_layer *layer = calloc(plan.blocks, sizeof(*layer));
	uint32_t *same = data, layers;
	struct atoll_error err;

	assert_non_null(layer);
	layers = plan_layers(&plan, layer);
	if (isa_caching_place(layer, layers, plan.form, &placed, &err) < 0)
		fail_msg("%s: %s", vendor->name, err.text);
	assert_int_equal(isa_caching_bytes(&placed), isa_caching_bytes(&plan));
	must_not_overlap(&placed, vendor->name);
	must_come_back(&placed);
	if (placed.blocks == plan.blocks)
		++*same;
	isa_caching_free(&placed);
	isa_caching_free(&plan);
	free(layer);
}

static void shared_models_are_placed_anew(void **state)
{
	uint32_t same = 0, programs = each_vendor(look_at_place, &same);

	(void)state;
	print_message("isa: placed anew %u of %u, as many blocks in %u\n", programs, programs,
		      same);
}

/* A model, and what the vendor's compiler made of it. */
struct pair {
	const char *source, *compiled;
};

struct tally {
	uint32_t blocks;                 /* of ours, that are cached */
	uint32_t in_place;               /* those that end where the vendor's layers do, */
	uint32_t elsewhere;              /* and those of the same size at another place */
};

/* Sizes of the layers of a plan, in order. */
static uint32_t layer_sizes(const struct isa_caching_plan *plan, uint32_t *bytes)
{
	uint32_t layers = 0;

	for (uint32_t i = 0; i < plan->blocks; i++) {
		if (plan->block[i].begins_layer)
			bytes[layers++] = 0;
		bytes[layers - 1] += plan->block[i].units * ISA_CACHING_UNIT_BYTES;
	}
	return layers;
}

/* Take the layers in [offset, offset + bytes), if they are so cut; the tables of a
   softmax are four of them. */
static bool take_at(uint32_t *layer, uint32_t layers, uint32_t offset, uint32_t bytes)
{
	uint32_t first = 0, end;

	for (; first < layers && offset >= (layer[first] & ~1u); first++)
		offset -= layer[first] & ~1u;
	if (offset)
		return false;
	for (end = first; end < layers && bytes >= (layer[end] & ~1u); end++)
		bytes -= layer[end] & ~1u;
	if (bytes)
		return false;
	for (; first < end; first++)
		layer[first] |= 1; /* sizes are multiples of 64: taken */
	return true;
}

/* Up to four neighbours that have this size together: a gate of an LSTM is two
   layers, for the input and for the state. */
static bool take_anywhere(uint32_t *layer, uint32_t layers, uint32_t bytes)
{
	for (uint32_t run = 1; run <= 4; run++)
		for (uint32_t i = 0; i + run <= layers; i++) {
			uint32_t sum = 0, taken = 0;

			for (uint32_t k = 0; k < run; k++) {
				sum += layer[i + k];
				taken |= layer[i + k] & 1;
			}
			if (taken || sum != bytes)
				continue;
			for (uint32_t k = 0; k < run; k++)
				layer[i + k] |= 1;
			return true;
		}
	return false;
}

static struct tally tally_model(const struct atoll_compiled_model *model,
				const struct isa_caching_plan *plan)
{
	uint32_t *layer = calloc(plan->blocks, sizeof(*layer)), layers;
	bool *is_found = calloc(model->blocks + 1, sizeof(*is_found));
	struct tally tally = { 0 };

	assert_non_null(layer);
	assert_non_null(is_found);
	layers = layer_sizes(plan, layer);
	for (uint32_t i = 0; i < model->blocks; i++) {
		is_found[i] = !model->block[i].is_cached ||
			      take_at(layer, layers, model->block[i].offset,
				      model->block[i].bytes);
		tally.blocks += model->block[i].is_cached;
		tally.in_place += model->block[i].is_cached && is_found[i];
	}
	for (uint32_t i = 0; i < model->blocks; i++)
		tally.elsewhere += !is_found[i] &&
				   take_anywhere(layer, layers, model->block[i].bytes);
	free(is_found);
	free(layer);
	return tally;
}

static struct isa_caching_plan pair_plan(const char *name)
{
	struct vendor vendor = {
		.model = must_load(check_data_path("models/%s.tflite", name)), .name = name,
	};
	const struct atoll_operator *op = edgetpu_next_compiled(&vendor.model->graph[0], NULL);
	struct isa_caching_plan plan;

	vendor.package = edgetpu_package_read(op->custom_options, op->custom_options_bytes,
					      NULL);
	assert_non_null(vendor.package);
	plan = vendor_plan(&vendor);
	edgetpu_package_free(vendor.package);
	atoll_model_free(vendor.model);
	return plan;
}

static void compare_pair(const struct pair *pair, struct tally *sum)
{
	struct atoll_model *source =
		must_load(check_data_path("models/%s.tflite", pair->source));
	struct atoll_compile_job job = { .model = source };
	struct atoll_compiled *compiled = must_compile(&job, 1, NULL);
	struct isa_caching_plan plan = pair_plan(pair->compiled);
	struct tally tally = tally_model(&compiled->model[0], &plan);
	uint64_t bytes = isa_caching_bytes(&plan), ours = compiled->model[0].cached_bytes;

	print_message("isa: %s: %llu of %llu bytes; of %u layers %u in place, %u elsewhere\n",
		      pair->compiled, (unsigned long long)ours, (unsigned long long)bytes,
		      tally.blocks, tally.in_place, tally.elsewhere);
	/* where the bytes are all ours, the layers are */
	if (ours == bytes)
		assert_int_equal(tally.in_place + tally.elsewhere, tally.blocks);
	sum->blocks += tally.blocks;
	sum->in_place += tally.in_place;
	sum->elsewhere += tally.elsewhere;
	isa_caching_free(&plan);
	atoll_compiled_free(compiled);
	atoll_model_free(source);
}

static void layers_of_programs_have_the_sizes_our_compiler_gives_them(void **state)
{
	static const struct pair pairs[] = {
		{ "deeplab_mobilenet_edgetpu_slim_cityscapes_quant",
		  "deeplab_mobilenet_edgetpu_slim_cityscapes_quant_edgetpu" },
		{ "dense_256", "dense_256_edgetpu" },
		{ "dense_512", "dense_512_edgetpu" },
		{ "keras_lstm_mnist_ptq", "keras_lstm_mnist_ptq_edgetpu" },
		{ "mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.25_128_quant_edgetpu" },
		{ "mobilenet_v1_0.25_128_quant",
		  "mobilenet_v1_0.25_128_quant_cocompiled_with_mobilenet_v1_0.5_160_quant"
		  "_edgetpu" },
		{ "movenet_single_pose_lightning_ptq",
		  "movenet_single_pose_lightning_ptq_edgetpu" },
		{ "posenet_mobilenet_v1_075_353_481_16_quant_decoder",
		  "posenet_mobilenet_v1_075_353_481_16_quant_decoder_edgetpu" },
		{ "split_concat", "split_concat_edgetpu" },
	};
	struct tally sum = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		compare_pair(&pairs[i], &sum);
	print_message("isa: of %u layers of ours %u in place, %u elsewhere\n", sum.blocks,
		      sum.in_place, sum.elsewhere);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_is_read_as_it_was_written),
		cmocka_unit_test(blocks_are_where_and_what_the_fields_say),
		cmocka_unit_test(plans_that_cannot_be_said_are_refused),
		cmocka_unit_test(every_bit_is_either_understood_or_missed),
		cmocka_unit_test(shortened_programs_are_refused),
		cmocka_unit_test(words_out_of_place_are_refused),
		cmocka_unit_test(what_is_wrong_is_said_with_its_word),
		cmocka_unit_test(layers_of_any_size_are_placed_where_they_fit),
		cmocka_unit_test(groups_lie_on_their_tiles_at_one_row),
		cmocka_unit_test(a_layer_too_large_for_a_tile_is_cut_at_a_row),
		cmocka_unit_test(programs_of_shared_models_are_written_to_the_last_bit),
		cmocka_unit_test(shared_models_are_placed_anew),
		cmocka_unit_test(layers_of_programs_have_the_sizes_our_compiler_gives_them),
	};

	return CHECK_RUN(tests);
}
