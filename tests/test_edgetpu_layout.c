/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runtime/edgetpu/package.h"
#include "tests/check.h"
#include "tests/compiled.h"

/* The sample of slices with another first output. */
static void refuse(const struct edgetpu_layer *layer, const char *sentence)
{
	struct edgetpu_package package = *compiled_sample(COMPILED_SLICES);
	struct edgetpu_executable main = *package.main;
	struct edgetpu_layer out[2] = { *layer, main.output[1] };

	package.main = &main;
	main.output = out;
	compiled_refused(&package, NULL, -EINVAL, sentence);
}

/* One of 6 x 7 x 5 in tiles, in which anything may be changed. */
struct copy {
	struct edgetpu_layer layer;
	struct compiled_tiles tiles;
};

#define CHANGE(name, what) static void name(struct copy *c) { what; }

CHANGE(too_small_tiles, c->layer.size -= 8)
CHANGE(the_tile_of_a_row, c->tiles.y_tile[5] = 16)
CHANGE(the_tile_of_a_column, c->tiles.x_tile[6] = 99)
CHANGE(tiles_together, (c->tiles.y_tile[5] = 15, c->tiles.offset[15] = 0))
CHANGE(the_place_of_a_tile, c->tiles.offset[8] = 1000)
CHANGE(the_place_in_a_row, c->tiles.x_local[0] = 1000)
CHANGE(the_row, c->tiles.y_local[5] = 0x7fffffff)
CHANGE(the_rows_length, c->tiles.row_size[6] = 0x7fffffff)
CHANGE(a_negative_place, c->tiles.x_local[3] = -1)
CHANGE(no_columns, c->layer.layout.x_local = NULL)
CHANGE(no_tiles, c->layer.layout.tiles = 0)

static const struct {
	void (*change)(struct copy *c);
	const char *sentence;
} changes[] = {
	{ too_small_tiles, "(output layer 0: tile 11 leads out of its 328 bytes)..." },
	{ the_tile_of_a_row, "(output layer 0: y_tile[5] is 16 of 16 tiles)..." },
	{ the_tile_of_a_column, "(output layer 0: x_tile[6] is 99 of 16 tiles)..." },
	{ tiles_together, "(output layer 0: uses tile 16 of 16)..." },
	{ the_place_of_a_tile, "tile 8 leads out of its 336 bytes)..." },
	{ the_place_in_a_row, "tile 0 leads out of its 336 bytes)..." },
	{ the_row, "leads out of its 336 bytes)..." },
	{ the_rows_length, "leads out of its 336 bytes)..." },
	{ a_negative_place, "(output layer 0: x_local[3] is -1)..." },
	{ no_columns, "(output layer 0: x_local has 0 entries for 7)..." },
	{ no_tiles, "(output layer 0: y_tile[0] is 0 of 0 tiles)..." },
};

static void tiles_that_lead_out_of_the_stream_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct copy c = { .layer = compiled_sample(COMPILED_TILES)->main->output[0] };

		compiled_spread(&c.layer, 8, &c.tiles);
		changes[i].change(&c);
		refuse(&c.layer, changes[i].sentence);
	}
}

static void refuse_slices(const struct edgetpu_slice *slice, uint32_t slices,
			  const char *sentence)
{
	struct edgetpu_layer layer = compiled_sample(COMPILED_SLICES)->main->output[0];

	layer.layout.slice = slice;
	layer.layout.slices = slices;
	refuse(&layer, sentence);
}

static void slices_hold_each_number_once_and_stay_inside(void **state)
{
	const struct edgetpu_package *sample = compiled_sample(COMPILED_SLICES);
	const struct edgetpu_slice *right = sample->main->output[0].layout.slice;
	struct edgetpu_slice slice[3] = { right[0], right[1], right[1] };

	(void)state;
	refuse_slices(slice, 1, "its slices do not hold each number once)...");
	refuse_slices(slice, 3, "its slices do not hold each number once)...");
	slice[1].range[1].start = 1;
	refuse_slices(slice, 2, "its slices do not hold each number once)...");
	slice[1] = right[1];
	slice[0].offset = 42;
	refuse_slices(slice, 2, "slice 0 does not fit its shape or its 80 bytes)...");
	slice[0] = right[0];
	slice[1].stride[2] = 0x40000000;
	refuse_slices(slice, 2, "slice 1 does not fit its shape or its 80 bytes)...");
	slice[1] = right[1];
	slice[1].range[3].end = 3;
	refuse_slices(slice, 2, "slice 1 does not fit its shape or its 80 bytes)...");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_that_lead_out_of_the_stream_are_named),
		cmocka_unit_test(slices_hold_each_number_once_and_stay_inside),
	};

	return CHECK_RUN(tests);
}
