/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/spread.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/model.h"
#include "tests/check.h"
#include "tests/compiled.h"

static void same_vector(const int32_t *a, const int32_t *b, uint32_t count)
{
	assert_memory_equal(a, b, count * sizeof(*a));
}

static void compare(const struct edgetpu_layer *theirs)
{
	struct memory memory = MEMORY_UNLIMITED;
	struct edgetpu_layer ours = { .y = theirs->y, .x = theirs->x, .z = theirs->z,
				      .element = theirs->element };
	const struct edgetpu_layout *a = &ours.layout, *b = &theirs->layout;

	assert_true(spread_output(&ours, &memory));
	assert_int_equal(ours.size, theirs->size);
	assert_int_equal(a->is_flat, b->is_flat);
	assert_int_equal(a->tiles, b->tiles);
	if (!a->is_flat) {
		same_vector(a->y_tile, b->y_tile, ours.y);
		same_vector(a->x_tile, b->x_tile, ours.x);
		same_vector(a->tile_offset, b->tile_offset, a->tiles);
		same_vector(a->x_local, b->x_local, ours.x);
		same_vector(a->y_local, b->y_local, ours.y);
		same_vector(a->row_size, b->row_size, ours.x);
	}
	memory_free(&memory);
}

static void every_output_lies_where_the_vendors_compiler_put_it(void **state)
{
	char pattern[4096];
	glob_t found;

	(void)state;
	(void)snprintf(pattern, sizeof(pattern), "%s/*_edgetpu.tflite",
		       check_data_path("models"));
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct atoll_model *model = atoll_model_load(found.gl_pathv[i], NULL);
		const struct atoll_operator *op;
		struct edgetpu_package *package;

		assert_non_null(model);
		op = edgetpu_next_compiled(&model->graph[0], NULL);
		package = compiled_read(op->custom_options, op->custom_options_bytes);
		for (uint32_t o = 0; o < package->main->outputs; o++)
			compare(&package->main->output[o]);
		edgetpu_package_free(package);
		atoll_model_free(model);
	}
	globfree(&found);
}

/* Element (y, x, 0), by the rule that readers follow. */
static uint32_t place(const struct edgetpu_layout *layout, uint32_t y, uint32_t x)
{
	return (uint32_t)(layout->tile_offset[layout->y_tile[y] + layout->x_tile[x]] +
			  layout->y_local[y] * layout->row_size[x] + layout->x_local[x]);
}

/* Sizes that do and do not divide, smaller than the tiles too. */
static void every_pixel_has_a_place_of_its_own(void **state)
{
	static const uint32_t sizes[][3] = {
		{ 1, 1, 1 }, { 1, 2, 5 }, { 2, 1, 4 }, { 3, 3, 3 }, { 5, 6, 1 }, { 10, 7, 9 },
		{ 17, 33, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct memory memory = MEMORY_UNLIMITED;
		struct edgetpu_layer layer = { .y = sizes[i][0], .x = sizes[i][1],
					       .z = sizes[i][2], .element = 1 };
		uint8_t used[17 * 33 * 4] = { 0 };

		assert_true(spread_output(&layer, &memory));
		assert_true(layer.size >= layer.y * layer.x * layer.z);
		assert_int_equal(layer.size % 8, 0);
		for (uint32_t y = 0; y < layer.y && !layer.layout.is_flat; y++)
			for (uint32_t x = 0; x < layer.x; x++) {
				uint32_t at = place(&layer.layout, y, x);

				assert_true(at + layer.z <= layer.size);
				for (uint32_t z = 0; z < layer.z; z++)
					assert_int_equal(used[at + z]++, 0);
			}
		memory_free(&memory);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_output_lies_where_the_vendors_compiler_put_it),
		cmocka_unit_test(every_pixel_has_a_place_of_its_own),
	};

	return CHECK_RUN(tests);
}
