/* SPDX-License-Identifier: Apache-2.0 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/relayout.h"
#include "tests/compiled.h"

/* Larger layers take long to bring there and back. */
#define MODERATE (1 << 20)

struct inside {
	const uint8_t *bytes;
	size_t size;
};

/* What was read goes somewhere the compiler cannot foresee. */
static volatile uint8_t sum;

static void touch(const struct inside *inside, const void *at, size_t bytes)
{
	const uint8_t *from = at;

	if (bytes == 0)
		return;
	if (from < inside->bytes || from + bytes > inside->bytes + inside->size)
		errx(1, "%zu bytes that are not in the file", bytes);
	for (size_t i = 0; i < bytes; i++)
		sum ^= from[i];
}

static void touch_text(const struct inside *inside, const char *text)
{
	if (*text)
		touch(inside, text, strlen(text) + 1);
}

static void fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 13 + 5);
}

static void *take(size_t bytes)
{
	void *memory = malloc(bytes);

	if (!memory)
		err(1, "%zu bytes", bytes);
	return memory;
}

/* Both buffers have exactly the bytes that the layer says, for sanitizers. */
static void there_and_back(const struct edgetpu_layer *layer, bool is_output)
{
	size_t size = (size_t)layer->size * layer->executions;
	uint8_t *wire, *tensor, *again;

	if (size > MODERATE)
		return;
	wire = take(size);
	tensor = take(layer->bytes);
	again = take(layer->bytes);
	fill(tensor, layer->bytes);
	fill(wire, size);
	if (is_output) {
		/* tiles of a hostile file may lie on each other, so that the way
		   from the wire is walked twice and has to end in the same place */
		edgetpu_from_wire(layer, wire, tensor);
		edgetpu_outward(layer, tensor, wire);
		edgetpu_from_wire(layer, wire, again);
		edgetpu_outward(layer, again, wire);
		edgetpu_from_wire(layer, wire, tensor);
	} else {
		edgetpu_to_wire(layer, tensor, wire);
		edgetpu_inward(layer, wire, again);
	}
	if (memcmp(tensor, again, layer->bytes) != 0)
		errx(1, "layer %s does not come back as it was", layer->name);
	free(wire);
	free(tensor);
	free(again);
}

static void walk_layers(const struct edgetpu_layer *layer, uint32_t layers, bool is_output,
			const struct inside *inside)
{
	for (uint32_t i = 0; i < layers; i++) {
		touch_text(inside, layer[i].name);
		there_and_back(&layer[i], is_output);
	}
}

static void walk_chunk(const struct edgetpu_chunk *chunk, const struct inside *inside)
{
	touch(inside, chunk->bytes, chunk->size);
	for (uint32_t i = 0; i < chunk->fields; i++) {
		touch_text(inside, chunk->field[i].name);
		touch(inside, chunk->bytes + (chunk->field[i].bit + 31) / 8, 1);
	}
}

static void walk_hint(const struct edgetpu_executable *executable,
		      const struct edgetpu_hint *hint, const struct inside *inside)
{
	uint64_t end = (uint64_t)hint->offset + hint->size, room = UINT64_MAX;

	switch (hint->kind) {
	case EDGETPU_INSTRUCTIONS:
		touch(inside, executable->chunk[hint->index].bytes, hint->size);
		break;
	case EDGETPU_PARAMETERS:
		touch(inside, executable->parameters + hint->offset, hint->size);
		break;
	case EDGETPU_INPUT:
		room = (uint64_t)executable->input[hint->index].size *
		       executable->input[hint->index].executions;
		break;
	case EDGETPU_OUTPUT:
		room = (uint64_t)executable->output[hint->index].size *
		       executable->output[hint->index].executions;
		break;
	case EDGETPU_SCRATCH_OUT:
	case EDGETPU_SCRATCH_IN:
		room = executable->scratch_bytes;
		break;
	case EDGETPU_INTERRUPT:
		room = hint->index <= 3 ? room : 0;
		break;
	case EDGETPU_FENCE:
		break;
	}
	if (end > room)
		errx(1, "a hint leads to byte %zu of %zu", (size_t)end, (size_t)room);
}

static void walk_executable(const struct edgetpu_executable *executable,
			    const struct inside *inside)
{
	touch_text(inside, executable->name);
	touch(inside, executable->parameters, executable->parameter_bytes);
	for (uint32_t i = 0; i < executable->chunks; i++)
		walk_chunk(&executable->chunk[i], inside);
	for (uint32_t i = 0; i < executable->hints; i++)
		walk_hint(executable, &executable->hint[i], inside);
	walk_layers(executable->input, executable->inputs, false, inside);
	walk_layers(executable->output, executable->outputs, true, inside);
	for (uint32_t i = 0; i < executable->outputs; i++)
		if (executable->output[i].state_of >= (int32_t)executable->inputs)
			errx(1, "the state of an input that is not there");
	sum ^= (uint8_t)(edgetpu_bytes_out(executable) + edgetpu_bytes_in(executable));
}

void compiled_walk(const struct edgetpu_package *package, const uint8_t *options, size_t bytes)
{
	const struct inside inside = { options, bytes };

	touch_text(&inside, package->compiler);
	walk_executable(package->main, &inside);
	if (package->caching)
		walk_executable(package->caching, &inside);
}
