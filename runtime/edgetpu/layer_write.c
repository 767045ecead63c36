/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/layer_write.h"

#include "runtime/schema/darwinn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Behind the offset at `slot`. */
static void write_child(struct flatwrite *file, size_t slot, struct flatwrite_field *field,
			uint32_t fields)
{
	flatwrite_point(file, slot, flatwrite_table(file, field, fields));
}

static void write_shape(struct flatwrite *file, size_t slot, const struct edgetpu_range *range,
			uint32_t rank)
{
	struct flatwrite_field field = FLATWRITE_OFFSET(DARWINN_TENSOR_SHAPE_DIMENSION);

	write_child(file, slot, &field, 1);
	(void)flatwrite_vector(file, field.slot, range, rank, sizeof(*range), 4);
}

static void write_layout(struct flatwrite *file, size_t slot,
			 const struct edgetpu_layout *layout, uint32_t y, uint32_t x)
{
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_LAYOUT_Y_COORDINATE_TO_LINEAR_TILE_ID_MAP),
		FLATWRITE_OFFSET(DARWINN_LAYOUT_X_COORDINATE_TO_LINEAR_TILE_ID_MAP),
		FLATWRITE_OFFSET(DARWINN_LAYOUT_LINEARIZED_TILE_BYTE_OFFSET),
		FLATWRITE_OFFSET(DARWINN_LAYOUT_X_COORDINATE_TO_LOCAL_BYTE_OFFSET),
		FLATWRITE_OFFSET(DARWINN_LAYOUT_Y_COORDINATE_TO_LOCAL_Y_OFFSET),
		FLATWRITE_OFFSET(DARWINN_LAYOUT_X_COORDINATE_TO_LOCAL_Y_ROW_SIZE),
	};

	write_child(file, slot, field, COUNT(field));
	flatwrite_ints(file, field[0].slot, layout->y_tile, y);
	flatwrite_ints(file, field[1].slot, layout->x_tile, x);
	flatwrite_ints(file, field[2].slot, layout->tile_offset, layout->tiles);
	flatwrite_ints(file, field[3].slot, layout->x_local, x);
	flatwrite_ints(file, field[4].slot, layout->y_local, y);
	flatwrite_ints(file, field[5].slot, layout->row_size, x);
}

/*
 * Vectors that nobody needs, since the numbers of a single pixel follow each other;
 * the vendor's compiler writes them, and its runtime may look at them. The channels go
 * to the tiles 64 at a time; how more than 1024 do was never seen.
 */
static void write_pixel(struct flatwrite *file, size_t slot, const struct edgetpu_layer *layer)
{
	static const int32_t zero;
	uint32_t all = (layer->z + 3) / 4 * 4, each = (all + 1023) / 1024 * 64;
	int32_t offset[16], row = (int32_t)(all < each ? all : each);
	struct edgetpu_layout layout = {
		.y_tile = &zero, .x_tile = &zero, .x_local = &zero, .y_local = &zero,
		.tile_offset = offset, .tiles = 16, .row_size = &row,
	};

	for (uint32_t i = 0; i < 16; i++)
		offset[i] = (int32_t)(i * each < all ? i * each : all);
	write_layout(file, slot, &layout, 1, 1);
}

static void write_slice(struct flatwrite *file, size_t slot, const struct edgetpu_slice *slice,
			uint32_t rank)
{
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_TENSOR_LAYOUT_SHAPE),
		FLATWRITE_OFFSET(DARWINN_TENSOR_LAYOUT_STRIDE),
	};

	write_child(file, slot, field, COUNT(field));
	write_shape(file, field[0].slot, slice->range, rank);
	(void)flatwrite_vector(file, field[1].slot, slice->stride, rank,
			       sizeof(slice->stride[0]), 4);
}

static void write_slices(struct flatwrite *file, size_t slot,
			 const struct edgetpu_slice *slice, uint32_t slices, uint32_t rank)
{
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_SHAPE_INFO_SLICE_LAYOUT),
		FLATWRITE_OFFSET(DARWINN_SHAPE_INFO_SLICE_OFFSET),
	};
	size_t table, offset;

	write_child(file, slot, field, COUNT(field));
	table = flatwrite_offsets(file, field[0].slot, slices);
	offset = flatwrite_vector(file, field[1].slot, NULL, slices, 4, 4);
	for (uint32_t i = 0; i < slices; i++, table += 4, offset += 4) {
		uint32_t at = (uint32_t)slice[i].offset;

		flatwrite_store(file, offset, &at, sizeof(at));
		write_slice(file, table, &slice[i], rank);
	}
}

/* What is flat and no single pixel is one slice that is the whole. */
static void write_whole(struct flatwrite *file, size_t slot, const struct edgetpu_layer *layer)
{
	struct edgetpu_slice slice = { .offset = 0 };
	uint32_t stride = 1;

	for (uint32_t i = layer->rank; i-- > 0;) {
		slice.range[i] = layer->shape[i];
		slice.stride[i] = stride;
		stride *= (uint32_t)(layer->shape[i].end - layer->shape[i].start + 1);
	}
	write_slices(file, slot, &slice, 1, layer->rank);
}

static void write_output(struct flatwrite *file, size_t slot,
			 const struct edgetpu_layer *layer)
{
	const struct edgetpu_layout *layout = &layer->layout;
	bool is_pixel = layout->is_flat && !layout->slice && layer->y == 1 && layer->x == 1;
	bool is_sliced = layout->slices > 0 || (layout->is_flat && !is_pixel);
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET_IF(!is_sliced, DARWINN_OUTPUT_LAYOUT),
		FLATWRITE_OFFSET_IF(is_sliced, DARWINN_OUTPUT_SHAPE_INFO),
	};

	write_child(file, slot, field, COUNT(field));
	if (is_pixel)
		write_pixel(file, field[0].slot, layer);
	else if (!is_sliced)
		write_layout(file, field[0].slot, layout, layer->y, layer->x);
	else if (layout->is_flat)
		write_whole(file, field[1].slot, layer);
	else
		write_slices(file, field[1].slot, layout->slice, layout->slices, layer->rank);
}

static void write_layer(struct flatwrite *file, size_t slot, const struct edgetpu_layer *layer,
			bool is_output)
{
	uint8_t tag = is_output ? DARWINN_LAYER_OUTPUT : DARWINN_LAYER_INPUT;
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_LAYER_NAME),
		FLATWRITE_OFFSET(DARWINN_LAYER_NUMERICS),
		FLATWRITE_OFFSET(DARWINN_LAYER_ANY_LAYER),
		FLATWRITE_OFFSET_IF(layer->rank, DARWINN_LAYER_SHAPE),
		{ DARWINN_LAYER_SIZE_BYTES, 4, .value.u32 = layer->size },
		{ DARWINN_LAYER_Y_DIM, 4, .value.u32 = layer->y },
		{ DARWINN_LAYER_X_DIM, 4, .value.u32 = layer->x },
		{ DARWINN_LAYER_Z_DIM, 4, .value.u32 = layer->z },
		{ DARWINN_LAYER_DATA_TYPE, 2, .value.i16 = (int16_t)layer->type },
		{ DARWINN_LAYER_ANY_LAYER_TYPE, 1, .value.u8 = tag },
		{ DARWINN_LAYER_EXECUTION_COUNT_PER_INFERENCE, 4,
		  .value.u32 = layer->executions },
	};
	struct flatwrite_field numerics[] = {
		{ DARWINN_NUMERICS_ZERO_POINT, 4, .value.i32 = layer->zero_point },
		{ DARWINN_NUMERICS_DEQUANTIZATION_FACTOR, 4, .value.f32 = layer->scale },
	};

	write_child(file, slot, field, COUNT(field));
	flatwrite_string(file, field[0].slot, layer->name);
	write_child(file, field[1].slot, numerics, COUNT(numerics));
	if (is_output)
		write_output(file, field[2].slot, layer);
	else
		write_child(file, field[2].slot, NULL, 0);
	if (layer->rank)
		write_shape(file, field[3].slot, layer->shape, layer->rank);
}

void edgetpu_layers_write(struct flatwrite *file, size_t slot,
			  const struct edgetpu_layer *layer, uint32_t layers, bool is_output)
{
	size_t table = flatwrite_offsets(file, slot, layers);

	for (uint32_t i = 0; i < layers; i++, table += 4)
		write_layer(file, table, &layer[i], is_output);
}
