/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the numbers of an output lie in the stream, checked so that whoever
 * follows the vectors never leaves it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/edgetpu/layer.h"
#include "runtime/schema/darwinn.h"

/* The chip has 16; checking takes time with the square of them. */
#define TILES_MAX 256
#define SLICES_MAX 64

static int read_vector(struct flatbuf_table layout, unsigned id, const char *what,
		       uint32_t at_least, struct memory *memory, const int32_t **values,
		       struct atoll_error *err)
{
	struct flatbuf_vector vector = flatbuf_vector(layout, id);
	int32_t *copy;

	if (vector.count < at_least)
		return atoll_error_set(err, -EINVAL, "%s has %" PRIu32 " entries for %" PRIu32,
				       what, vector.count, at_least);
	copy = memory_take(memory, at_least * sizeof(*copy));
	if (!copy)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < at_least; i++) {
		copy[i] = flatbuf_vector_i32(vector, i);
		if (copy[i] < 0)
			return atoll_error_set(err, -EINVAL, "%s[%" PRIu32 "] is %" PRId32,
					       what, i, copy[i]);
	}
	*values = copy;
	return 0;
}

static int read_vectors(struct flatbuf_table table, struct edgetpu_layer *layer,
			struct memory *memory, struct atoll_error *err)
{
	struct edgetpu_layout *layout = &layer->layout;
	struct {
		unsigned id;
		const char *what;
		uint32_t count;
		const int32_t **values;
	} vector[] = {
		{ DARWINN_LAYOUT_Y_COORDINATE_TO_LINEAR_TILE_ID_MAP, "y_tile", layer->y,
		  &layout->y_tile },
		{ DARWINN_LAYOUT_X_COORDINATE_TO_LINEAR_TILE_ID_MAP, "x_tile", layer->x,
		  &layout->x_tile },
		{ DARWINN_LAYOUT_LINEARIZED_TILE_BYTE_OFFSET, "tile_offset", layout->tiles,
		  &layout->tile_offset },
		{ DARWINN_LAYOUT_X_COORDINATE_TO_LOCAL_BYTE_OFFSET, "x_local", layer->x,
		  &layout->x_local },
		{ DARWINN_LAYOUT_Y_COORDINATE_TO_LOCAL_Y_OFFSET, "y_local", layer->y,
		  &layout->y_local },
		{ DARWINN_LAYOUT_X_COORDINATE_TO_LOCAL_Y_ROW_SIZE, "row_size", layer->x,
		  &layout->row_size },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(vector) / sizeof(vector[0]) && r == 0; i++)
		r = read_vector(table, vector[i].id, vector[i].what, vector[i].count, memory,
				vector[i].values, err);
	return r;
}

/* The farthest that any coordinate of a tile index reaches. */
struct reach {
	bool is_used;
	uint64_t local, row;
};

static void reach_further(struct reach *reach, int32_t local, int32_t row)
{
	reach->is_used = true;
	if ((uint64_t)local > reach->local)
		reach->local = (uint64_t)local;
	if ((uint64_t)row > reach->row)
		reach->row = (uint64_t)row;
}

static int gather_reach(const struct edgetpu_layer *layer, struct reach *of_y,
			struct reach *of_x, struct atoll_error *err)
{
	const struct edgetpu_layout *layout = &layer->layout;

	for (uint32_t y = 0; y < layer->y; y++) {
		if ((uint32_t)layout->y_tile[y] >= layout->tiles)
			return atoll_error_set(err, -EINVAL, "y_tile[%" PRIu32 "] is %" PRId32
					       " of %" PRIu32 " tiles", y, layout->y_tile[y],
					       layout->tiles);
		reach_further(&of_y[layout->y_tile[y]], layout->y_local[y], 0);
	}
	for (uint32_t x = 0; x < layer->x; x++) {
		if ((uint32_t)layout->x_tile[x] >= layout->tiles)
			return atoll_error_set(err, -EINVAL, "x_tile[%" PRIu32 "] is %" PRId32
					       " of %" PRIu32 " tiles", x, layout->x_tile[x],
					       layout->tiles);
		reach_further(&of_x[layout->x_tile[x]], layout->x_local[x],
			      layout->row_size[x]);
	}
	return 0;
}

/*
 * Does every (y, x) that meets in tile y + x stay inside the stream? Answered by
 * the corner that lies farthest, with one row size for a tile, as all files have
 * it; so it takes the sum of y and x and not their product.
 */
static int check_tiles(const struct edgetpu_layer *layer, struct atoll_error *err)
{
	const struct edgetpu_layout *layout = &layer->layout;
	struct reach of_y[TILES_MAX] = { 0 }, of_x[TILES_MAX] = { 0 };
	uint64_t room = layer->size / layer->element;
	int r = gather_reach(layer, of_y, of_x, err);

	for (uint32_t y = 0; y < layout->tiles && r == 0; y++)
		for (uint32_t x = 0; x < layout->tiles && r == 0; x++) {
			if (!of_y[y].is_used || !of_x[x].is_used)
				continue;
			if (y + x >= layout->tiles)
				r = atoll_error_set(err, -EINVAL, "uses tile %" PRIu32 " of %"
						    PRIu32, y + x, layout->tiles);
			else if ((uint64_t)layout->tile_offset[y + x] +
				 of_y[y].local * of_x[x].row + of_x[x].local + layer->z > room)
				r = atoll_error_set(err, -EINVAL, "tile %" PRIu32 " leads out "
						    "of its %" PRIu32 " bytes", y + x,
						    layer->size);
		}
	return r;
}

/* Elements from x - 1 to x, 0 when the two are in different runs. */
static uint32_t pitch_at(const struct edgetpu_layer *layer, uint32_t x)
{
	const struct edgetpu_layout *layout = &layer->layout;
	int64_t pitch = (int64_t)layout->x_local[x] - layout->x_local[x - 1];

	if (layout->x_tile[x] != layout->x_tile[x - 1] ||
	    layout->row_size[x] != layout->row_size[x - 1] || pitch < layer->z)
		return 0;
	return (uint32_t)pitch;
}

static int find_runs(struct edgetpu_layer *layer, struct memory *memory,
		     struct atoll_error *err)
{
	struct edgetpu_run *run = memory_take(memory, layer->x * sizeof(*run)), *last;

	if (!run)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	layer->layout.run = last = run;
	*last = (struct edgetpu_run){ .count = 1, .pitch = layer->z };
	for (uint32_t x = 1; x < layer->x; x++) {
		uint32_t pitch = pitch_at(layer, x);

		if (pitch == 0 || (last->count > 1 && pitch != last->pitch)) {
			*++last = (struct edgetpu_run){ .x = x, .count = 1,
							.pitch = layer->z };
		} else {
			last->pitch = pitch;
			last->count++;
		}
	}
	layer->layout.runs = (uint32_t)(last - run) + 1;
	return 0;
}

static int read_tiles(struct flatbuf_table table, struct edgetpu_layer *layer,
		      struct memory *memory, struct atoll_error *err)
{
	struct flatbuf_vector offsets =
		flatbuf_vector(table, DARWINN_LAYOUT_LINEARIZED_TILE_BYTE_OFFSET);
	int r;

	if (offsets.count > TILES_MAX)
		return atoll_error_set(err, -ENOTSUP, "%" PRIu32 " tiles", offsets.count);
	layer->layout.tiles = offsets.count;
	r = read_vectors(table, layer, memory, err);
	if (r == 0)
		r = check_tiles(layer, err);
	if (r == 0)
		r = find_runs(layer, memory, err);
	return r;
}

static int read_strides(struct flatbuf_vector strides, const struct edgetpu_layer *layer,
			struct edgetpu_slice *slice)
{
	if (strides.count != layer->rank)
		return -EINVAL;
	for (uint32_t i = 0; i < layer->rank; i++) {
		int32_t stride = flatbuf_vector_i32(strides, i);

		if (stride < 0)
			return -EINVAL;
		slice->stride[i] = (uint32_t)stride;
	}
	return 0;
}

/* Inside the layer's shape, and the last element inside the stream? */
static bool is_inside(const struct edgetpu_slice *slice, const struct edgetpu_layer *layer)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < layer->rank; i++) {
		if (slice->range[i].start < layer->shape[i].start ||
		    slice->range[i].end > layer->shape[i].end)
			return false;
		last += slice->stride[i] * (edgetpu_extent(slice->range[i]) - 1);
		if (last > layer->size)
			return false;
	}
	return slice->offset + (last + 1) * layer->element <= layer->size;
}

static int read_slice(struct flatbuf_table table, int32_t offset,
		      const struct edgetpu_layer *layer, struct edgetpu_slice *slice)
{
	int rank = edgetpu_shape_read(flatbuf_child(table, DARWINN_TENSOR_LAYOUT_SHAPE),
				      slice->range);

	if (rank < 0 || (uint32_t)rank != layer->rank || offset < 0)
		return -EINVAL;
	slice->offset = (size_t)offset;
	if (read_strides(flatbuf_vector(table, DARWINN_TENSOR_LAYOUT_STRIDE), layer,
			 slice) < 0 ||
	    !is_inside(slice, layer))
		return -EINVAL;
	return 0;
}

static bool overlap(const struct edgetpu_slice *a, const struct edgetpu_slice *b,
		    uint32_t rank)
{
	for (uint32_t i = 0; i < rank; i++)
		if (a->range[i].end < b->range[i].start || b->range[i].end < a->range[i].start)
			return false;
	return true;
}

static uint64_t volume(const struct edgetpu_slice *slice, uint32_t rank)
{
	uint64_t elements = 1;

	for (uint32_t i = 0; i < rank; i++)
		elements *= edgetpu_extent(slice->range[i]);
	return elements;
}

/* Does each element of the layer lie in exactly one slice? */
static bool is_partition(const struct edgetpu_slice *slice, uint32_t slices,
			 const struct edgetpu_layer *layer)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < slices; i++) {
		for (uint32_t j = 0; j < i; j++)
			if (overlap(&slice[i], &slice[j], layer->rank))
				return false;
		sum += volume(&slice[i], layer->rank);
	}
	return sum * layer->element * layer->executions == layer->bytes;
}

/* One slice that is the tensor as it should be. */
static bool is_dense(const struct edgetpu_slice *slice, const struct edgetpu_layer *layer)
{
	uint64_t stride = 1;

	for (uint32_t i = layer->rank; i-- > 0;) {
		uint64_t extent = edgetpu_extent(slice->range[i]);

		if (extent > 1 && slice->stride[i] != stride)
			return false;
		stride *= extent;
	}
	return slice->offset == 0;
}

static int read_slices(struct flatbuf_table info, struct edgetpu_layer *layer,
		       struct memory *memory, struct atoll_error *err)
{
	struct flatbuf_vector layouts = flatbuf_vector(info, DARWINN_SHAPE_INFO_SLICE_LAYOUT);
	struct flatbuf_vector offsets = flatbuf_vector(info, DARWINN_SHAPE_INFO_SLICE_OFFSET);
	struct edgetpu_slice *slice;

	if (layouts.count == 0 || layouts.count > SLICES_MAX ||
	    layouts.count != offsets.count || layer->rank == 0)
		return atoll_error_set(err, -EINVAL, "%" PRIu32 " slices and %" PRIu32
				       " offsets for %" PRIu32 " dimensions", layouts.count,
				       offsets.count, layer->rank);
	slice = memory_take(memory, layouts.count * sizeof(*slice));
	if (!slice)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < layouts.count; i++)
		if (read_slice(flatbuf_vector_table(layouts, i),
			       flatbuf_vector_i32(offsets, i), layer, &slice[i]) < 0)
			return atoll_error_set(err, -EINVAL, "slice %" PRIu32 " does not fit "
					       "its shape or its %" PRIu32 " bytes", i,
					       layer->size);
	if (!is_partition(slice, layouts.count, layer))
		return atoll_error_set(err, -EINVAL,
				       "its slices do not hold each number once");
	layer->layout.is_flat = layouts.count == 1 && is_dense(&slice[0], layer);
	layer->layout.slices = layer->layout.is_flat ? 0 : layouts.count;
	layer->layout.slice = slice;
	return 0;
}

int edgetpu_layout_read(struct flatbuf_table output, struct edgetpu_layer *layer,
			struct memory *memory, struct atoll_error *err)
{
	struct flatbuf_table info = flatbuf_child(output, DARWINN_OUTPUT_SHAPE_INFO);

	if (info.at)
		return read_slices(info, layer, memory, err);
	layer->layout.is_flat = layer->y == 1 && layer->x == 1;
	if (layer->layout.is_flat)
		return 0;
	return read_tiles(flatbuf_child(output, DARWINN_OUTPUT_LAYOUT), layer, memory, err);
}
