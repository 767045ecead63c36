/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/spread.h"

#include <stdint.h>

#define SIDE 4 /* tiles */

/* Where the i-th of 4 parts of n begins, n for i = 4. Halves are halved again and the
   first of two is the larger: 10 is 3, 2, 3, 2. */
static uint32_t edge(uint32_t n, uint32_t i)
{
	uint32_t half = (n + 1) / 2;

	switch (i) {
	case 0:
		return 0;
	case 1:
		return (half + 1) / 2;
	case 2:
		return half;
	case 3:
		return half + (n - half + 1) / 2;
	default:
		return n;
	}
}

static uint32_t extent(uint32_t n, uint32_t i)
{
	return edge(n, i + 1) - edge(n, i);
}

static void place_rows(uint32_t rows, int32_t *tile, int32_t *local)
{
	for (uint32_t i = 0; i < SIDE; i++)
		for (uint32_t y = edge(rows, i); y < edge(rows, i + 1); y++) {
			tile[y] = (int32_t)(i * SIDE);
			local[y] = (int32_t)(y - edge(rows, i));
		}
}

static void place_columns(uint32_t columns, uint32_t pitch, int32_t *tile, int32_t *local,
			  int32_t *row_size)
{
	for (uint32_t i = 0; i < SIDE; i++)
		for (uint32_t x = edge(columns, i); x < edge(columns, i + 1); x++) {
			tile[x] = (int32_t)i;
			local[x] = (int32_t)((x - edge(columns, i)) * pitch);
			row_size[x] = (int32_t)(extent(columns, i) * pitch);
		}
}

static void place_tiles(const struct edgetpu_layer *layer, uint32_t pitch, int32_t *offset)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < SIDE * SIDE; i++) {
		offset[i] = (int32_t)at;
		at += extent(layer->y, i / SIDE) * extent(layer->x, i % SIDE) * pitch;
	}
}

bool spread_output(struct edgetpu_layer *layer, struct memory *memory)
{
	uint32_t pitch = (layer->z + 3) / 4 * 4;
	size_t y = layer->y, x = layer->x;
	int32_t *vectors;

	layer->size = (layer->y * layer->x * pitch * layer->element + 7) / 8 * 8;
	layer->layout = (struct edgetpu_layout){ .is_flat = layer->y == 1 && layer->x == 1 };
	if (layer->layout.is_flat)
		return true;
	vectors = memory_take(memory, (2 * y + 3 * x + SIDE * SIDE) * sizeof(*vectors));
	if (!vectors)
		return false;
	layer->layout = (struct edgetpu_layout){
		.y_tile = vectors, .y_local = vectors + y,
		.x_tile = vectors + 2 * y, .x_local = vectors + 2 * y + x,
		.row_size = vectors + 2 * y + 2 * x,
		.tile_offset = vectors + 2 * y + 3 * x, .tiles = SIDE * SIDE,
	};
	place_rows(layer->y, vectors, vectors + y);
	place_columns(layer->x, pitch, vectors + 2 * y, vectors + 2 * y + x,
		      vectors + 2 * y + 2 * x);
	place_tiles(layer, pitch, vectors + 2 * y + 3 * x);
	return true;
}
