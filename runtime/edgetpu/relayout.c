/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/relayout.h"

#include <string.h>

/* Tensors have numbers with signs where the device has none: the top bit of each
   is the other way round. */
static uint64_t sign_mask(const struct edgetpu_layer *layer)
{
	if (!layer->is_signed)
		return 0;
	return layer->element == 1 ? UINT64_C(0x8080808080808080) :
				     UINT64_C(0x8000800080008000);
}

/* Eight bytes at any address, with some bits turned. */
static inline void copy_word(uint8_t *to, const uint8_t *from, uint64_t mask)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	word ^= mask;
	memcpy(to, &word, sizeof(word));
}

/* `bytes` of whole elements. */
static void copy_turned(uint8_t *to, const uint8_t *from, size_t bytes, uint64_t mask)
{
	uint8_t turn[8];
	size_t i = 0;

	if (mask == 0) {
		memcpy(to, from, bytes);
		return;
	}
	for (; i + 8 <= bytes; i += 8)
		copy_word(to + i, from + i, mask);
	memcpy(turn, &mask, sizeof(turn));
	for (; i < bytes; i++)
		to[i] = from[i] ^ turn[i % 8];
}

/*
 * Pixels of `bytes` that are `pitch` apart to a place without gaps. All but the
 * last few are copied in whole words: what is too much is overwritten by the next
 * pixel, and was read out of it.
 */
static void close_gaps(uint8_t *to, const uint8_t *from, size_t pitch, size_t bytes,
		       uint32_t count, uint64_t mask)
{
	size_t words = (bytes + 7) / 8 * 8, too_much = words - bytes;
	/* After pixel i there are count - 1 - i more, each of at least `bytes`. */
	size_t exact = (too_much + bytes - 1) / bytes;
	uint32_t quick = exact < count ? count - (uint32_t)exact : 0;

	for (uint32_t i = 0; i < count; i++, to += bytes, from += pitch) {
		if (i >= quick)
			copy_turned(to, from, bytes, mask);
		else
			for (size_t j = 0; j < words; j += 8)
				copy_word(to + j, from + j, mask);
	}
}

static void open_gaps(uint8_t *to, const uint8_t *from, size_t pitch, size_t bytes,
		      uint32_t count, uint64_t mask)
{
	for (uint32_t i = 0; i < count; i++, to += pitch, from += bytes)
		copy_turned(to, from, bytes, mask);
}

/* Where a run begins in the stream, in bytes. */
static size_t run_at(const struct edgetpu_layer *layer, uint32_t y,
		     const struct edgetpu_run *run)
{
	const struct edgetpu_layout *layout = &layer->layout;
	uint32_t tile = (uint32_t)layout->y_tile[y] + (uint32_t)layout->x_tile[run->x];

	return layer->element *
	       ((size_t)layout->tile_offset[tile] +
		(size_t)layout->y_local[y] * (size_t)layout->row_size[run->x] +
		(size_t)layout->x_local[run->x]);
}

static void from_tiles(const struct edgetpu_layer *layer, const uint8_t *wire, uint8_t *tensor)
{
	size_t pixel = (size_t)layer->z * layer->element;
	uint64_t mask = sign_mask(layer);

	for (uint32_t y = 0; y < layer->y; y++)
		for (uint32_t i = 0; i < layer->layout.runs; i++) {
			const struct edgetpu_run *run = &layer->layout.run[i];
			const uint8_t *from = wire + run_at(layer, y, run);

			if (run->pitch == layer->z)
				copy_turned(tensor, from, run->count * pixel, mask);
			else
				close_gaps(tensor, from, (size_t)run->pitch * layer->element,
					   pixel, run->count, mask);
			tensor += run->count * pixel;
		}
}

static void to_tiles(const struct edgetpu_layer *layer, const uint8_t *tensor, uint8_t *wire)
{
	size_t pixel = (size_t)layer->z * layer->element;
	uint64_t mask = sign_mask(layer);

	for (uint32_t y = 0; y < layer->y; y++)
		for (uint32_t i = 0; i < layer->layout.runs; i++) {
			const struct edgetpu_run *run = &layer->layout.run[i];

			open_gaps(wire + run_at(layer, y, run), tensor,
				  (size_t)run->pitch * layer->element, pixel,
				  run->count, mask);
			tensor += run->count * pixel;
		}
}

/* A row of a slice: its elements along the last dimension. */
struct row {
	size_t wire, tensor; /* byte offsets of the first */
};

static struct row row_at(const struct edgetpu_layer *layer, const struct edgetpu_slice *slice,
			 const int32_t index[5])
{
	size_t wire = 0, tensor = 0;

	for (uint32_t i = 0; i < layer->rank; i++) {
		size_t extent = (size_t)((int64_t)layer->shape[i].end -
					 layer->shape[i].start + 1);

		wire += slice->stride[i] * (size_t)((int64_t)index[i] - slice->range[i].start);
		tensor = tensor * extent + (size_t)((int64_t)index[i] - layer->shape[i].start);
	}
	return (struct row){ .wire = slice->offset + wire * layer->element,
			     .tensor = tensor * layer->element };
}

static void first_row(const struct edgetpu_layer *layer, const struct edgetpu_slice *slice,
		      int32_t index[5])
{
	for (uint32_t i = 0; i < layer->rank; i++)
		index[i] = slice->range[i].start;
}

/* Count up all dimensions but the last; false when that was the last row. */
static bool next_row(const struct edgetpu_layer *layer, const struct edgetpu_slice *slice,
		     int32_t index[5])
{
	for (uint32_t i = layer->rank - 1; i-- > 0;) {
		if (index[i] < slice->range[i].end) {
			index[i]++;
			return true;
		}
		index[i] = slice->range[i].start;
	}
	return false;
}

/* Single elements, `to_step` and `from_step` bytes apart. */
static void copy_strided(uint8_t *to, size_t to_step, const uint8_t *from, size_t from_step,
			 size_t count, const struct edgetpu_layer *layer)
{
	uint64_t mask = sign_mask(layer);

	for (size_t i = 0; i < count; i++)
		copy_turned(to + i * to_step, from + i * from_step, layer->element, mask);
}

static size_t row_length(const struct edgetpu_layer *layer, const struct edgetpu_slice *slice)
{
	const struct edgetpu_range *last = &slice->range[layer->rank - 1];

	return (size_t)((int64_t)last->end - last->start + 1);
}

static void from_slices(const struct edgetpu_layer *layer, const uint8_t *wire,
			uint8_t *tensor)
{
	for (uint32_t i = 0; i < layer->layout.slices; i++) {
		const struct edgetpu_slice *slice = &layer->layout.slice[i];
		size_t step = (size_t)slice->stride[layer->rank - 1] * layer->element;
		int32_t index[5];

		first_row(layer, slice, index);
		do {
			struct row row = row_at(layer, slice, index);

			copy_strided(tensor + row.tensor, layer->element,
				     wire + row.wire, step, row_length(layer, slice),
				     layer);
		} while (next_row(layer, slice, index));
	}
}

static void to_slices(const struct edgetpu_layer *layer, const uint8_t *tensor, uint8_t *wire)
{
	for (uint32_t i = 0; i < layer->layout.slices; i++) {
		const struct edgetpu_slice *slice = &layer->layout.slice[i];
		size_t step = (size_t)slice->stride[layer->rank - 1] * layer->element;
		int32_t index[5];

		first_row(layer, slice, index);
		do {
			struct row row = row_at(layer, slice, index);

			copy_strided(wire + row.wire, step, tensor + row.tensor,
				     layer->element, row_length(layer, slice), layer);
		} while (next_row(layer, slice, index));
	}
}

ATOLL_API bool edgetpu_is_plain(const struct edgetpu_layer *layer)
{
	return layer->layout.is_flat && !layer->is_signed &&
	       layer->bytes == (size_t)layer->size * layer->executions;
}

/* Every execution has its part of the tensor and its padded part of the wire. */
ATOLL_API void edgetpu_from_wire(const struct edgetpu_layer *output, const uint8_t *wire,
				 void *tensor)
{
	size_t part = output->bytes / output->executions;
	uint8_t *to = tensor;

	for (uint32_t i = 0; i < output->executions; i++, to += part, wire += output->size) {
		if (output->layout.is_flat)
			copy_turned(to, wire, part, sign_mask(output));
		else if (output->layout.slices > 0)
			from_slices(output, wire, to);
		else
			from_tiles(output, wire, to);
	}
}

ATOLL_API void edgetpu_outward(const struct edgetpu_layer *output, const void *tensor,
			       uint8_t *wire)
{
	size_t part = output->bytes / output->executions;
	const uint8_t *from = tensor;

	memset(wire, 0, (size_t)output->size * output->executions);
	for (uint32_t i = 0; i < output->executions; i++, from += part, wire += output->size) {
		if (output->layout.is_flat)
			copy_turned(wire, from, part, sign_mask(output));
		else if (output->layout.slices > 0)
			to_slices(output, from, wire);
		else
			to_tiles(output, from, wire);
	}
}

ATOLL_API void edgetpu_to_wire(const struct edgetpu_layer *input, const void *tensor,
			       uint8_t *wire)
{
	size_t part = input->bytes / input->executions;
	const uint8_t *from = tensor;

	for (uint32_t i = 0; i < input->executions; i++, from += part, wire += input->size) {
		copy_turned(wire, from, part, sign_mask(input));
		memset(wire + part, 0, input->size - part);
	}
}

ATOLL_API void edgetpu_inward(const struct edgetpu_layer *input, const uint8_t *wire,
			      void *tensor)
{
	size_t part = input->bytes / input->executions;
	uint8_t *to = tensor;

	for (uint32_t i = 0; i < input->executions; i++, to += part, wire += input->size)
		copy_turned(to, wire, part, sign_mask(input));
}

/* The nearest lower whole number that fits; what is no number is 0. */
static uint8_t to_uint8(float value)
{
	if (!(value > 0.0f))
		return 0;
	return value < 255.0f ? (uint8_t)value : 255;
}

ATOLL_API void edgetpu_from_wire_uint8(const struct edgetpu_layer *output,
				       const uint8_t *wire, uint8_t *tensor)
{
	size_t part = output->bytes / output->executions / output->element;

	for (uint32_t i = 0; i < output->executions; i++, wire += output->size)
		for (size_t j = 0; j < part; j++) {
			float value;
			int16_t fixed;

			if (output->type == EDGETPU_SINGLE) {
				memcpy(&value, wire + 4 * j, sizeof(value));
				value = value / output->scale + (float)output->zero_point;
			} else {
				memcpy(&fixed, wire + 2 * j, sizeof(fixed));
				value = fixed;
			}
			*tensor++ = to_uint8(value);
		}
}
