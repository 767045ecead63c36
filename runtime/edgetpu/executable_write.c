/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/executable_write.h"

#include "runtime/edgetpu/layer_write.h"
#include "runtime/schema/darwinn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define INSTRUCTION_BYTES 16

/* Of all there is for USB; the vendor's runtime does not look at it. */
#define CHIP "beagle"

static void write_child(struct flatwrite *file, size_t slot, struct flatwrite_field *field,
			uint32_t fields)
{
	flatwrite_point(file, slot, flatwrite_table(file, field, fields));
}

static void write_meta(struct flatwrite *file, size_t slot, int16_t desc, const char *name,
		       bool is_upper)
{
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_META_NAME),
		{ DARWINN_META_DESC, 2, .value.i16 = desc },
		{ DARWINN_META_BATCH, 4, .value.i32 = 0 },
		{ DARWINN_META_POSITION, 2, .value.i16 = is_upper },
	};

	write_child(file, slot, field, COUNT(field));
	flatwrite_string(file, field[0].slot, name);
}

static void write_field(struct flatwrite *file, size_t slot, const struct edgetpu_field *place)
{
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_FIELD_META),
		{ DARWINN_FIELD_OFFSET_BIT, 4, .value.u32 = place->bit },
	};

	write_child(file, slot, field, COUNT(field));
	write_meta(file, field[0].slot, place->kind, place->name, place->is_upper);
}

static void write_chunk(struct flatwrite *file, size_t slot, const struct edgetpu_chunk *chunk)
{
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_BITSTREAM_BITSTREAM),
		FLATWRITE_OFFSET(DARWINN_BITSTREAM_FIELD_OFFSETS),
	};
	size_t table;

	write_child(file, slot, field, COUNT(field));
	table = flatwrite_offsets(file, field[1].slot, chunk->fields);
	for (uint32_t i = 0; i < chunk->fields; i++, table += 4)
		write_field(file, table, &chunk->field[i]);
	(void)flatwrite_vector(file, field[0].slot, chunk->bytes, chunk->size, 1,
			       INSTRUCTION_BYTES);
}

static int16_t description(enum edgetpu_hint_kind kind)
{
	switch (kind) {
	case EDGETPU_OUTPUT:
		return DARWINN_OUTPUT_ACTIVATION;
	case EDGETPU_INPUT:
		return DARWINN_INPUT_ACTIVATION;
	case EDGETPU_PARAMETERS:
		return DARWINN_PARAMETER;
	default:
		return DARWINN_SCRATCH;
	}
}

static void write_transfer(struct flatwrite *file, size_t slot,
			   const struct edgetpu_executable *executable,
			   const struct edgetpu_hint *hint)
{
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_DMA_META),
		{ DARWINN_DMA_OFFSET_IN_BYTES, 4, .value.u32 = hint->offset },
		{ DARWINN_DMA_SIZE_IN_BYTES, 4, .value.u32 = hint->size },
	};
	const char *layer = "";

	if (hint->kind == EDGETPU_INPUT)
		layer = executable->input[hint->index].name;
	else if (hint->kind == EDGETPU_OUTPUT)
		layer = executable->output[hint->index].name;
	write_child(file, slot, field, COUNT(field));
	write_meta(file, field[0].slot, description(hint->kind), layer, false);
}

static uint8_t hint_tag(enum edgetpu_hint_kind kind)
{
	return kind == EDGETPU_INSTRUCTIONS ? DARWINN_HINT_INSTRUCTION :
	       kind == EDGETPU_INTERRUPT ? DARWINN_HINT_INTERRUPT :
	       kind == EDGETPU_FENCE ? DARWINN_HINT_FENCE : DARWINN_HINT_DMA_DESCRIPTOR;
}

static void write_hint(struct flatwrite *file, size_t slot,
		       const struct edgetpu_executable *executable,
		       const struct edgetpu_hint *hint)
{
	bool is_in = hint->kind == EDGETPU_OUTPUT || hint->kind == EDGETPU_SCRATCH_IN ||
		     hint->kind == EDGETPU_INTERRUPT;
	uint8_t tag = hint_tag(hint->kind);
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_HINT_ANY_HINT),
		{ DARWINN_HINT_ANY_HINT_TYPE, 1, .value.u8 = tag },
		{ DARWINN_HINT_DIRECTION, 2, .value.i16 = is_in },
	};
	struct flatwrite_field chunk = { DARWINN_INSTRUCTION_INSTRUCTION_CHUNK_INDEX, 4,
					 .value.u32 = hint->index };
	struct flatwrite_field interrupt = { DARWINN_INTERRUPT_TYPE, 2,
					     .value.i16 = (int16_t)hint->index };

	write_child(file, slot, field, COUNT(field));
	if (tag == DARWINN_HINT_DMA_DESCRIPTOR)
		write_transfer(file, field[0].slot, executable, hint);
	else if (tag == DARWINN_HINT_INSTRUCTION)
		write_child(file, field[0].slot, &chunk, 1);
	else if (tag == DARWINN_HINT_INTERRUPT)
		write_child(file, field[0].slot, &interrupt, 1);
	else
		write_child(file, field[0].slot, NULL, 0);
}

static void write_hints(struct flatwrite *file, size_t slot,
			const struct edgetpu_executable *executable)
{
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_HINTS_HINTS),
		{ DARWINN_HINTS_FULLY_DETERMINISTIC, 1,
		  .value.u8 = executable->is_deterministic },
	};
	size_t table;

	write_child(file, slot, field, COUNT(field));
	table = flatwrite_offsets(file, field[0].slot, executable->hints);
	for (uint32_t i = 0; i < executable->hints; i++, table += 4)
		write_hint(file, table, executable, &executable->hint[i]);
}

static void write_chunks(struct flatwrite *file, size_t slot,
			 const struct edgetpu_executable *executable)
{
	size_t table = flatwrite_offsets(file, slot, executable->chunks);

	for (uint32_t i = 0; i < executable->chunks; i++, table += 4)
		write_chunk(file, table, &executable->chunk[i]);
}

/* Of those that bring parameters the vendor's compiler leaves out what they never have. */
static void write_executable(struct flatwrite *file,
			     const struct edgetpu_executable *executable)
{
	bool has_layers = executable->type != EDGETPU_CACHING || executable->inputs > 0 ||
			  executable->outputs > 0 || executable->model_bytes > 0;
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(DARWINN_EXECUTABLE_NAME),
		FLATWRITE_OFFSET_IF(has_layers, DARWINN_EXECUTABLE_SERIALIZED_MODEL),
		FLATWRITE_OFFSET(DARWINN_EXECUTABLE_INSTRUCTION_BITSTREAMS),
		FLATWRITE_OFFSET(DARWINN_EXECUTABLE_PARAMETERS),
		FLATWRITE_OFFSET(DARWINN_EXECUTABLE_DMA_HINTS),
		FLATWRITE_OFFSET_IF(has_layers, DARWINN_EXECUTABLE_INPUT_LAYERS),
		FLATWRITE_OFFSET_IF(has_layers, DARWINN_EXECUTABLE_OUTPUT_LAYERS),
		FLATWRITE_OFFSET(DARWINN_EXECUTABLE_CHIP),
		{ DARWINN_EXECUTABLE_BATCH_SIZE, 4, .value.i32 = 1 },
		{ DARWINN_EXECUTABLE_SCRATCH_SIZE_BYTES, 4,
		  .value.u32 = executable->scratch_bytes },
		{ DARWINN_EXECUTABLE_USED_NARROW_MEMORY_BYTES_PER_TILE, 4,
		  .value.u32 = executable->narrow_bytes },
		{ DARWINN_EXECUTABLE_TYPE, 2, .value.i16 = (int16_t)executable->type },
		{ DARWINN_EXECUTABLE_PARAMETER_CACHING_TOKEN, 8,
		  .value.u64 = executable->token },
	};
	size_t root = flatwrite_root(file, NULL);

	flatwrite_point(file, root, flatwrite_table(file, field, COUNT(field)));
	flatwrite_string(file, field[0].slot, executable->name);
	flatwrite_string(file, field[7].slot, CHIP);
	if (has_layers) {
		(void)flatwrite_vector(file, field[1].slot, executable->model,
				       executable->model_bytes, 1, 16);
		edgetpu_layers_write(file, field[5].slot, executable->input,
				     executable->inputs, false);
		edgetpu_layers_write(file, field[6].slot, executable->output,
				     executable->outputs, true);
	}
	write_hints(file, field[4].slot, executable);
	write_chunks(file, field[2].slot, executable);
	(void)flatwrite_vector(file, field[3].slot, executable->parameters,
			       executable->parameter_bytes, 1, EDGETPU_PAGE);
}

struct flatwrite edgetpu_executable_write(const struct edgetpu_executable *executable)
{
	struct flatwrite file = { .bytes = NULL };

	write_executable(&file, executable);
	(void)flatwrite_reserve(&file, 0, 0, EDGETPU_PAGE);
	return file;
}
