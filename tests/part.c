/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/part.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/builder.h"
#include "runtime/edgetpu/relayout.h"
#include "runtime/memory.h"
#include "runtime/schema/tflite.h"
#include "tests/compiled.h"

static enum atoll_type type_of(const struct edgetpu_layer *layer)
{
	switch (layer->type) {
	case EDGETPU_INT8:   return ATOLL_INT8;
	case EDGETPU_INT16:
	case EDGETPU_UINT16: return ATOLL_INT16;
	case EDGETPU_INT32:  return ATOLL_INT32;
	case EDGETPU_SINGLE: return ATOLL_FLOAT32;
	default:             return ATOLL_UINT8;
	}
}

static void shape(struct atoll_tensor *tensor, const struct edgetpu_layer *layer,
		  uint32_t batches)
{
	*tensor = (struct atoll_tensor){
		.name = layer->name, .type = type_of(layer), .rank = 2,
		.dims = { (int32_t)batches, (int32_t)(layer->bytes / layer->element) },
		.elements = batches * layer->bytes / layer->element,
		.bytes = batches * layer->bytes };
}

/* The options become the part's. */
static struct part *take_options(void *options, size_t size, uint32_t batches)
{
	struct part *part = calloc(1, sizeof(*part));
	const struct edgetpu_executable *main;
	struct atoll_error error;
	uint32_t count = 0;

	if (!part || !options)
		err(1, "part");
	part->batches = batches;
	part->options = options;
	part->package = edgetpu_package_read(part->options, size, &error);
	if (!part->package)
		errx(1, "part: %s", error.text);
	main = part->package->main;
	part->backend = (struct backend_part){
		.options = part->options, .options_bytes = size, .inputs = main->inputs,
		.input = part->pointer, .output = part->pointer + main->inputs };
	for (uint32_t i = 0; i < main->inputs; i++)
		shape(&part->tensor[count++], &main->input[i], batches);
	for (uint32_t i = 0; i < main->outputs; i++)
		if (main->output[i].state_of < 0)
			shape(&part->tensor[count++], &main->output[i], batches);
	part->backend.outputs = count - main->inputs;
	for (uint32_t i = 0; i < count; i++)
		part->pointer[i] = &part->tensor[i];
	return part;
}

struct part *part_new(const struct edgetpu_package *package, uint32_t batches)
{
	size_t size;
	void *options = compiled_options(package, NULL, &size);

	return take_options(options, size, batches);
}

struct part *part_open(const void *options, size_t size)
{
	void *copy = malloc(size);

	if (copy)
		memcpy(copy, options, size);
	return take_options(copy, size, 1);
}

void part_free(struct part *part)
{
	for (uint32_t i = 0; i < PART_TENSORS_MAX; i++)
		free(part->own[i]);
	atoll_model_free(part->twin);
	free(part->twin_bytes);
	edgetpu_package_free(part->package);
	free(part->options);
	free(part);
}

static uint32_t tensors_of(const struct part *part)
{
	return part->backend.inputs + part->backend.outputs;
}

void part_take_memory(struct part *part)
{
	for (uint32_t i = 0; i < tensors_of(part); i++) {
		part->own[i] = calloc(1, part->tensor[i].bytes + MEMORY_MARGIN);
		if (!part->own[i])
			err(1, "part");
		part->tensor[i].data = part->own[i];
	}
}

void part_fill(struct part *part, uint32_t seed)
{
	uint32_t state = seed * 2654435761u + 1;

	for (uint32_t i = 0; i < tensors_of(part); i++)
		for (size_t j = 0; j < part->tensor[i].bytes; j++) {
			state = state * 1664525 + 1013904223;
			((uint8_t *)part->tensor[i].data)[j] = (uint8_t)(state >> 24);
		}
}

/* The bytes an emulator answers for one output layer, as they come over the wire. */
static void write_wire(const struct edgetpu_executable *main, uint32_t output, uint8_t *wire)
{
	uint32_t nth = 0;

	for (uint32_t i = 0; i < main->hints; i++) {
		const struct edgetpu_hint *hint = &main->hint[i];

		if (hint->kind != EDGETPU_OUTPUT && hint->kind != EDGETPU_SCRATCH_IN)
			continue;
		if (hint->kind == EDGETPU_OUTPUT && hint->index == output)
			for (uint32_t j = 0; j < hint->size; j++)
				wire[hint->offset + j] = (uint8_t)(13 * j + 5 + 29 * nth);
		nth++;
	}
}

static bool is_pattern(const struct part *part, uint32_t output, const uint8_t *bytes)
{
	const struct edgetpu_layer *layer = &part->package->main->output[output];
	uint8_t *wire = calloc(layer->executions + 1, layer->size);
	uint8_t *expected = calloc(1, layer->bytes + 1);
	bool is_so;

	if (!wire || !expected)
		err(1, "part");
	write_wire(part->package->main, output, wire);
	edgetpu_from_wire(layer, wire, expected);
	is_so = memcmp(expected, bytes, layer->bytes) == 0;
	free(wire);
	free(expected);
	return is_so;
}

bool part_is_twin(const struct part *part)
{
	return memcmp(part->tensor[1].data, part->tensor[0].data, part->tensor[1].bytes) == 0;
}

bool part_is_pattern(const struct part *part)
{
	for (uint32_t i = 0; i < part->backend.outputs; i++)
		for (uint32_t batch = 0; batch < part->batches; batch++) {
			const struct atoll_tensor *tensor = part->backend.output[i];

			if (!is_pattern(part, i, (const uint8_t *)tensor->data +
					batch * (tensor->bytes / part->batches)))
				return false;
		}
	return true;
}

const struct edgetpu_package *part_sized(uint32_t in_bytes, uint32_t out_bytes,
					 uint64_t token)
{
	static struct sized {
		struct edgetpu_package package;
		struct edgetpu_executable main, caching;
		struct edgetpu_layer in, out;
		struct edgetpu_hint hint[4];
		struct edgetpu_chunk chunk, caching_chunk;
		uint8_t bytes[128], caching_bytes[64];
	} all[8];
	const struct edgetpu_package *flat = compiled_sample(COMPILED_FLAT);
	struct sized *sized = &all[token % 8];

	sized->package = *flat;
	sized->main = *flat->main;
	sized->caching = *flat->caching;
	sized->in = flat->main->input[0];
	sized->out = flat->main->output[0];
	sized->chunk = flat->main->chunk[0];
	sized->caching_chunk = flat->caching->chunk[0];
	memcpy(sized->hint, flat->main->hint, sizeof(sized->hint));

	sized->package.main = &sized->main;
	sized->package.caching = &sized->caching;
	sized->main.token = token;
	sized->caching.token = token;
	sized->main.hint = sized->hint;
	sized->main.input = &sized->in;
	sized->main.output = &sized->out;
	sized->main.chunk = &sized->chunk;
	sized->caching.chunk = &sized->caching_chunk;
	/* An emulator tells programs apart by their instructions. The last byte of each
	   is nobody's address. */
	memcpy(sized->bytes, sized->chunk.bytes, sizeof(sized->bytes));
	memcpy(sized->caching_bytes, sized->caching_chunk.bytes, sizeof(sized->caching_bytes));
	sized->bytes[sizeof(sized->bytes) - 1] = (uint8_t)token;
	sized->caching_bytes[sizeof(sized->caching_bytes) - 1] = (uint8_t)token;
	sized->chunk.bytes = sized->bytes;
	sized->caching_chunk.bytes = sized->caching_bytes;
	sized->in.z = in_bytes;
	sized->in.bytes = in_bytes;
	sized->in.size = (in_bytes + 7) / 8 * 8;
	sized->hint[1].size = sized->in.size;
	sized->out.z = out_bytes;
	sized->out.bytes = out_bytes;
	sized->out.size = (out_bytes + 7) / 8 * 8;
	sized->out.shape[3].end = (int32_t)out_bytes - 1;
	sized->hint[2].size = sized->out.size;
	return &sized->package;
}

void part_take_twin(struct part *part)
{
	static const int32_t begin[] = { 0, 0, 0, 0 }, size[] = { 1, 1, 1, 16 };
	struct atoll_builder *b = atoll_builder_new("the flat sample on the CPU");
	struct atoll_builder_tensor tensor = { .name = "in", .type = ATOLL_UINT8, .rank = 4,
		.dims = { 1, 1, 1, 20 }, .scale = 0.5f, .zero_point = 128 };
	int32_t in = atoll_builder_tensor(b, &tensor), out, from, sizes;
	struct atoll_error error;
	size_t count;

	tensor.name = "out";
	tensor.dims[3] = 16;
	out = atoll_builder_tensor(b, &tensor);
	tensor = (struct atoll_builder_tensor){ .name = "begin", .type = ATOLL_INT32, .rank = 1,
		.dims = { 4 }, .data = begin, .bytes = sizeof(begin) };
	from = atoll_builder_tensor(b, &tensor);
	tensor.name = "size";
	tensor.data = size;
	sizes = atoll_builder_tensor(b, &tensor);
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_SLICE, .version = 1, .inputs = 3,
		.input = (int32_t[]){ in, from, sizes }, .outputs = 1, .output = &out });
	atoll_builder_inputs(b, 1, &in);
	atoll_builder_outputs(b, 1, &out);
	if (atoll_builder_finish(b, &part->twin_bytes, &count, &error) < 0)
		errx(1, "part: %s", error.text);
	atoll_builder_free(b);
	part->twin = atoll_model_load_bytes(part->twin_bytes, count, "twin", &error);
	if (!part->twin)
		errx(1, "part: %s", error.text);
	part->backend.twin = part->twin;
}
