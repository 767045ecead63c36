/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/executable.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/edgetpu/layer.h"
#include "runtime/schema/darwinn.h"

/* Of each list; real programs have some tens. Names are looked up for each. */
#define ENTRIES_MAX 65536

/* One instruction is 128 bits. */
#define INSTRUCTION_BYTES 16

static void *take_list(struct memory *memory, uint32_t count, size_t width,
		       const char *what, int *r, struct atoll_error *err)
{
	void *list = NULL;

	*r = 0;
	if (count > ENTRIES_MAX)
		*r = atoll_error_set(err, -ENOTSUP, "%" PRIu32 " %s", count, what);
	else if (!(list = memory_take(memory, count * width)))
		*r = atoll_error_set(err, -ENOMEM, "out of memory");
	return list;
}

/* The layer a Meta is about: of the outputs when it says so, else the inputs. */
static int find_layer(const struct edgetpu_executable *executable, struct flatbuf_table meta,
		      uint32_t *index)
{
	bool is_output = flatbuf_i16(meta, DARWINN_META_DESC, 0) == DARWINN_OUTPUT_ACTIVATION;
	const struct edgetpu_layer *layer = is_output ? executable->output : executable->input;
	uint32_t layers = is_output ? executable->outputs : executable->inputs;
	const char *name = flatbuf_string(meta, DARWINN_META_NAME);

	for (uint32_t i = 0; name && i < layers; i++)
		if (strcmp(name, layer[i].name) == 0) {
			*index = i;
			return 0;
		}
	return -ENOENT;
}

static int no_layer(struct flatbuf_table meta, struct atoll_error *err)
{
	const char *name = flatbuf_string(meta, DARWINN_META_NAME);

	return atoll_error_set(err, -EINVAL, "no layer '%.60s'", name ? name : "");
}

static int read_field(const struct edgetpu_executable *executable, struct flatbuf_table table,
		      const struct edgetpu_chunk *chunk, struct edgetpu_field *field,
		      struct atoll_error *err)
{
	struct flatbuf_table meta = flatbuf_child(table, DARWINN_FIELD_META);
	int32_t bit = flatbuf_i32(table, DARWINN_FIELD_OFFSET_BIT, 0);
	int16_t desc = flatbuf_i16(meta, DARWINN_META_DESC, 0);
	int16_t position = flatbuf_i16(meta, DARWINN_META_POSITION, 0);
	const char *name = flatbuf_string(meta, DARWINN_META_NAME);
	uint32_t layer;

	if (bit < 0 || (uint64_t)bit + 32 > 8 * (uint64_t)chunk->size)
		return atoll_error_set(err, -EINVAL, "at bit %" PRId32 " of %" PRIu32 " bytes",
				       bit, chunk->size);
	if (desc < DARWINN_OUTPUT_ACTIVATION || desc > DARWINN_SCRATCH)
		return atoll_error_set(err, -EINVAL, "the address of thing %d", desc);
	if (position < 0 || position > 1)
		return atoll_error_set(err, -EINVAL, "half %d of an address", position);
	if ((desc == DARWINN_OUTPUT_ACTIVATION || desc == DARWINN_INPUT_ACTIVATION) &&
	    find_layer(executable, meta, &layer) < 0)
		return no_layer(meta, err);
	*field = (struct edgetpu_field){ .bit = (uint32_t)bit, .kind = (uint8_t)desc,
					 .is_upper = position == 1,
					 .name = name ? name : "" };
	return 0;
}

static int read_chunk(const struct edgetpu_executable *executable, struct flatbuf_table table,
		      struct edgetpu_chunk *chunk, struct memory *memory,
		      struct atoll_error *err)
{
	struct flatbuf_vector bytes = flatbuf_vector(table, DARWINN_BITSTREAM_BITSTREAM);
	struct flatbuf_vector fields = flatbuf_vector(table, DARWINN_BITSTREAM_FIELD_OFFSETS);
	struct edgetpu_field *field;
	int r;

	if (bytes.count == 0 || bytes.count % INSTRUCTION_BYTES != 0)
		return atoll_error_set(err, -EINVAL, "%" PRIu32 " bytes are no whole "
				       "instructions", bytes.count);
	chunk->bytes = bytes.at;
	chunk->size = bytes.count;
	field = take_list(memory, fields.count, sizeof(*field), "fields", &r, err);
	for (uint32_t i = 0; i < fields.count && r == 0; i++) {
		r = read_field(executable, flatbuf_vector_table(fields, i), chunk, &field[i],
			       err);
		if (r < 0)
			(void)atoll_error_prefix(err, "field %" PRIu32, i);
	}
	chunk->fields = fields.count;
	chunk->field = field;
	return r;
}

static int read_chunks(struct flatbuf_table table, struct edgetpu_executable *executable,
		       struct memory *memory, struct atoll_error *err)
{
	struct flatbuf_vector tables =
		flatbuf_vector(table, DARWINN_EXECUTABLE_INSTRUCTION_BITSTREAMS);
	struct edgetpu_chunk *chunk;
	int r;

	if (tables.count == 0)
		return atoll_error_set(err, -EINVAL, "no instructions");
	chunk = take_list(memory, tables.count, sizeof(*chunk), "chunks", &r, err);
	for (uint32_t i = 0; i < tables.count && r == 0; i++) {
		r = read_chunk(executable, flatbuf_vector_table(tables, i), &chunk[i], memory,
			       err);
		if (r < 0)
			(void)atoll_error_prefix(err, "chunk %" PRIu32, i);
	}
	executable->chunk = chunk;
	executable->chunks = tables.count;
	return r;
}

/* What a transfer is of, and how many bytes that has. */
static int read_target(const struct edgetpu_executable *executable, struct flatbuf_table meta,
		       int16_t direction, struct edgetpu_hint *hint, uint64_t *room,
		       struct atoll_error *err)
{
	int16_t desc = flatbuf_i16(meta, DARWINN_META_DESC, 0);
	const struct edgetpu_layer *layer;

	switch (desc) {
	case DARWINN_OUTPUT_ACTIVATION:
	case DARWINN_INPUT_ACTIVATION:
		if (find_layer(executable, meta, &hint->index) < 0)
			return no_layer(meta, err);
		hint->kind = desc == DARWINN_OUTPUT_ACTIVATION ? EDGETPU_OUTPUT
							       : EDGETPU_INPUT;
		layer = desc == DARWINN_OUTPUT_ACTIVATION ? executable->output :
							    executable->input;
		*room = (uint64_t)layer[hint->index].size * layer[hint->index].executions;
		return 0;
	case DARWINN_PARAMETER:
		hint->kind = EDGETPU_PARAMETERS;
		*room = executable->parameter_bytes;
		return 0;
	case DARWINN_SCRATCH:
		if (direction != 0 && direction != 1)
			return atoll_error_set(err, -EINVAL, "direction %d", direction);
		hint->kind = direction == 0 ? EDGETPU_SCRATCH_OUT : EDGETPU_SCRATCH_IN;
		*room = executable->scratch_bytes;
		return 0;
	default:
		return atoll_error_set(err, -EINVAL, "a transfer of thing %d", desc);
	}
}

static int read_transfer(const struct edgetpu_executable *executable,
			 struct flatbuf_table transfer, int16_t direction,
			 struct edgetpu_hint *hint, struct atoll_error *err)
{
	struct flatbuf_table meta = flatbuf_child(transfer, DARWINN_DMA_META);
	int32_t offset = flatbuf_i32(transfer, DARWINN_DMA_OFFSET_IN_BYTES, 0);
	int32_t size = flatbuf_i32(transfer, DARWINN_DMA_SIZE_IN_BYTES, 0);
	int32_t batch = flatbuf_i32(meta, DARWINN_META_BATCH, 0);
	uint64_t room = 0;
	int r = read_target(executable, meta, direction, hint, &room, err);

	if (r < 0)
		return r;
	if (batch != 0)
		return atoll_error_set(err, -ENOTSUP, "batch %" PRId32 ", and only one is run",
				       batch);
	if (offset < 0 || size <= 0 || (uint64_t)offset + (uint64_t)size > room)
		return atoll_error_set(err, -EINVAL, "%" PRId32 " bytes from %" PRId32 " of %"
				       PRIu64, size, offset, room);
	hint->offset = (uint32_t)offset;
	hint->size = (uint32_t)size;
	return 0;
}

static int read_hint(const struct edgetpu_executable *executable, struct flatbuf_table table,
		     struct edgetpu_hint *hint, struct atoll_error *err)
{
	struct flatbuf_table what = flatbuf_child(table, DARWINN_HINT_ANY_HINT);
	uint8_t tag = flatbuf_u8(table, DARWINN_HINT_ANY_HINT_TYPE, 0);
	int32_t index;

	switch (tag) {
	case DARWINN_HINT_DMA_DESCRIPTOR:
		return read_transfer(executable, what,
				     flatbuf_i16(table, DARWINN_HINT_DIRECTION, 0), hint, err);
	case DARWINN_HINT_INSTRUCTION:
		index = flatbuf_i32(what, DARWINN_INSTRUCTION_INSTRUCTION_CHUNK_INDEX, 0);
		if (index < 0 || (uint32_t)index >= executable->chunks)
			return atoll_error_set(err, -EINVAL, "chunk %" PRId32 " of %" PRIu32,
					       index, executable->chunks);
		*hint = (struct edgetpu_hint){ .kind = EDGETPU_INSTRUCTIONS,
					       .index = (uint32_t)index,
					       .size = executable->chunk[index].size };
		return 0;
	case DARWINN_HINT_INTERRUPT:
		index = flatbuf_i16(what, DARWINN_INTERRUPT_TYPE, 0);
		if (index < 0 || index > 3)
			return atoll_error_set(err, -EINVAL, "interrupt %" PRId32, index);
		*hint = (struct edgetpu_hint){ .kind = EDGETPU_INTERRUPT,
					       .index = (uint32_t)index };
		return 0;
	case DARWINN_HINT_FENCE:
		*hint = (struct edgetpu_hint){ .kind = EDGETPU_FENCE };
		return 0;
	default:
		return atoll_error_set(err, -EINVAL, "of kind %u", tag);
	}
}

static int read_hints(struct flatbuf_table table, struct edgetpu_executable *executable,
		      struct memory *memory, struct atoll_error *err)
{
	struct flatbuf_table all = flatbuf_child(table, DARWINN_EXECUTABLE_DMA_HINTS);
	struct flatbuf_vector tables = flatbuf_vector(all, DARWINN_HINTS_HINTS);
	struct edgetpu_hint *hint;
	int r;

	hint = take_list(memory, tables.count, sizeof(*hint), "hints", &r, err);
	for (uint32_t i = 0; i < tables.count && r == 0; i++) {
		r = read_hint(executable, flatbuf_vector_table(tables, i), &hint[i], err);
		if (r < 0)
			(void)atoll_error_prefix(err, "hint %" PRIu32, i);
	}
	executable->is_deterministic =
		flatbuf_bool(all, DARWINN_HINTS_FULLY_DETERMINISTIC, false);
	executable->hint = hint;
	executable->hints = tables.count;
	return r;
}

static int read_layers(struct flatbuf_table table, struct edgetpu_executable *executable,
		       struct memory *memory, struct atoll_error *err)
{
	struct edgetpu_layer *input, *output;
	int r = edgetpu_layers_read(flatbuf_vector(table, DARWINN_EXECUTABLE_INPUT_LAYERS),
				    false, memory, &input, &executable->inputs, err);

	if (r == 0)
		r = edgetpu_layers_read(
			flatbuf_vector(table, DARWINN_EXECUTABLE_OUTPUT_LAYERS), true,
			memory, &output, &executable->outputs, err);
	if (r == 0)
		r = edgetpu_states_match(output, executable->outputs, input,
					 executable->inputs, err);
	if (r < 0)
		return r;
	executable->input = input;
	executable->output = output;
	return 0;
}

static int read_numbers(struct flatbuf_table table, struct edgetpu_executable *executable,
			struct atoll_error *err)
{
	const char *name = flatbuf_string(table, DARWINN_EXECUTABLE_NAME);
	struct flatbuf_vector parameters =
		flatbuf_vector(table, DARWINN_EXECUTABLE_PARAMETERS);
	struct flatbuf_vector model =
		flatbuf_vector(table, DARWINN_EXECUTABLE_SERIALIZED_MODEL);
	int32_t scratch = flatbuf_i32(table, DARWINN_EXECUTABLE_SCRATCH_SIZE_BYTES, 0);
	int32_t narrow = flatbuf_i32(
		table, DARWINN_EXECUTABLE_USED_NARROW_MEMORY_BYTES_PER_TILE, 0);
	int16_t type = flatbuf_i16(table, DARWINN_EXECUTABLE_TYPE, 0);

	if (type < EDGETPU_STAND_ALONE || type > EDGETPU_EXECUTION)
		return atoll_error_set(err, -EINVAL, "of type %d", type);
	if (scratch < 0)
		return atoll_error_set(err, -EINVAL, "%" PRId32 " bytes of scratch", scratch);
	executable->name = name ? name : "";
	executable->type = (enum edgetpu_executable_type)type;
	executable->token = flatbuf_u64(table, DARWINN_EXECUTABLE_PARAMETER_CACHING_TOKEN, 0);
	executable->scratch_bytes = (uint32_t)scratch;
	executable->parameters = parameters.at;
	executable->parameter_bytes = parameters.count;
	executable->model = model.count > 0 ? model.at : NULL;
	executable->model_bytes = model.count;
	executable->narrow_bytes = narrow > 0 ? (uint32_t)narrow : 0;
	return 0;
}

int edgetpu_executable_read(struct flatbuf_table table, struct edgetpu_executable *executable,
			    struct memory *memory, struct atoll_error *err)
{
	int r = read_numbers(table, executable, err);

	if (r == 0)
		r = read_layers(table, executable, memory, err);
	if (r == 0)
		r = read_chunks(table, executable, memory, err);
	if (r == 0)
		r = read_hints(table, executable, memory, err);
	return r;
}
