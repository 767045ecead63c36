/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FlatBuffers are written from front to back: each table with its vtable before
 * it, then what it refers to, whose distance is filled in when its place is known.
 */
#include "tests/compiled.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/builder.h"
#include "runtime/schema/darwinn.h"

struct file {
	uint8_t *bytes;
	size_t size, room; /* zeros from size to room */
};

static void grow(struct file *file, size_t room)
{
	uint8_t *grown = realloc(file->bytes, room);

	if (!grown)
		err(1, "compiled");
	memset(grown + file->room, 0, room - file->room);
	file->bytes = grown;
	file->room = room;
}

static size_t reserve(struct file *file, size_t bytes, size_t align)
{
	size_t at = (file->size + align - 1) / align * align;

	if (at + bytes >= file->room)
		grow(file, 2 * (at + bytes) + 4096);
	file->size = at + bytes;
	return at;
}

static void store(struct file *file, size_t at, uint64_t value, size_t width)
{
	memcpy(file->bytes + at, &value, width); /* little-endian, as all we run on */
}

/* A field of a table; width 0: a distance, to be filled in. */
struct slot {
	unsigned id;
	size_t width;
	uint64_t value;
};

#define SLOTS(...) (struct slot[]){ __VA_ARGS__ }, \
	sizeof((struct slot[]){ __VA_ARGS__ }) / sizeof(struct slot)

/* Where the table's vtable says that field `id` is. */
static size_t slot_at(const struct file *file, size_t table, unsigned id)
{
	int32_t back;
	uint16_t distance;

	memcpy(&back, file->bytes + table, 4);
	memcpy(&distance, file->bytes + table - (size_t)back + 4 + 2 * (size_t)id, 2);
	return table + distance;
}

static size_t write_table(struct file *file, const struct slot *slot, size_t slots)
{
	unsigned ids = 0;
	size_t vtable, table, bytes = 4;

	for (size_t i = 0; i < slots; i++)
		if (slot[i].id >= ids)
			ids = slot[i].id + 1;
	vtable = reserve(file, 4 + 2 * (size_t)ids, 2);
	table = reserve(file, 4 + 8 * slots, 8);
	for (size_t i = 0; i < slots; i++) {
		size_t width = slot[i].width ? slot[i].width : 4;

		bytes = (bytes + width - 1) / width * width;
		store(file, vtable + 4 + 2 * (size_t)slot[i].id, bytes, 2);
		store(file, table + bytes, slot[i].value, width);
		bytes += width;
	}
	store(file, vtable, 4 + 2 * (uint64_t)ids, 2);
	store(file, vtable + 2, 4 + 8 * slots, 2);
	store(file, table, table - vtable, 4);
	return table;
}

static void point(struct file *file, size_t slot, size_t target)
{
	store(file, slot, target - slot, 4);
}

/* A vector, or with the NUL behind it a string, whose elements begin at a multiple
   of `align`; returns where its elements are. */
static size_t write_vector(struct file *file, size_t slot, const void *items, size_t count,
			   size_t width, size_t align)
{
	size_t at = reserve(file, 0, align);

	at = reserve(file, 4 + count * width + 1 + align, 4);
	at = (at + 4 + align - 1) / align * align - 4;
	point(file, slot, at);
	store(file, at, count, 4);
	if (items && count > 0)
		memcpy(file->bytes + at + 4, items, count * width);
	return at + 4;
}

static void write_text(struct file *file, size_t table, unsigned id, const char *text)
{
	(void)write_vector(file, slot_at(file, table, id), text, strlen(text), 1, 4);
}

static size_t write_child(struct file *file, size_t slot, const struct slot *fields,
			  size_t count)
{
	size_t table = write_table(file, fields, count);

	point(file, slot, table);
	return table;
}

static void write_shape(struct file *file, size_t slot, const struct edgetpu_range *range,
			uint32_t rank)
{
	size_t shape = write_child(file, slot,
				   SLOTS({ DARWINN_TENSOR_SHAPE_DIMENSION, 0, 0 }));

	(void)write_vector(file, slot_at(file, shape, DARWINN_TENSOR_SHAPE_DIMENSION), range,
			   rank, sizeof(*range), 4);
}

static void write_tiles(struct file *file, size_t slot, const struct edgetpu_layer *layer)
{
	const struct edgetpu_layout *layout = &layer->layout;
	size_t table = write_child(file, slot, SLOTS({ 0, 0, 0 }, { 1, 0, 0 }, { 2, 0, 0 },
						     { 3, 0, 0 }, { 4, 0, 0 }, { 5, 0, 0 }));
	const struct {
		const int32_t *values;
		uint32_t count;
	} vector[] = { /* by id */
		{ layout->y_tile, layer->y }, { layout->x_tile, layer->x },
		{ layout->tile_offset, layout->tiles }, { layout->x_local, layer->x },
		{ layout->y_local, layer->y }, { layout->row_size, layer->x },
	};

	for (unsigned id = 0; id < 6; id++)
		(void)write_vector(file, slot_at(file, table, id), vector[id].values,
				   vector[id].values ? vector[id].count : 0, 4, 4);
}

static void write_slices(struct file *file, size_t slot, const struct edgetpu_layer *layer)
{
	const struct edgetpu_layout *layout = &layer->layout;
	size_t info = write_child(file, slot,
				  SLOTS({ DARWINN_SHAPE_INFO_SLICE_LAYOUT, 0, 0 },
					{ DARWINN_SHAPE_INFO_SLICE_OFFSET, 0, 0 }));
	size_t list = write_vector(file, slot_at(file, info, DARWINN_SHAPE_INFO_SLICE_LAYOUT),
				   NULL, layout->slices, 4, 4);
	size_t offsets = write_vector(file,
				      slot_at(file, info, DARWINN_SHAPE_INFO_SLICE_OFFSET),
				      NULL, layout->slices, 4, 4);

	for (uint32_t i = 0; i < layout->slices; i++) {
		const struct edgetpu_slice *slice = &layout->slice[i];
		size_t table = write_child(file, list + 4 * (size_t)i,
					   SLOTS({ DARWINN_TENSOR_LAYOUT_SHAPE, 0, 0 },
						 { DARWINN_TENSOR_LAYOUT_STRIDE, 0, 0 }));

		store(file, offsets + 4 * (size_t)i, slice->offset, 4);
		write_shape(file, slot_at(file, table, DARWINN_TENSOR_LAYOUT_SHAPE),
			    slice->range, layer->rank);
		(void)write_vector(file, slot_at(file, table, DARWINN_TENSOR_LAYOUT_STRIDE),
				   slice->stride, layer->rank, 4, 4);
	}
}

static void write_output(struct file *file, size_t slot, const struct edgetpu_layer *layer)
{
	size_t table;

	if (layer->layout.slices > 0) {
		table = write_child(file, slot, SLOTS({ DARWINN_OUTPUT_SHAPE_INFO, 0, 0 }));
		write_slices(file, slot_at(file, table, DARWINN_OUTPUT_SHAPE_INFO), layer);
	} else if (layer->layout.is_flat) {
		(void)write_child(file, slot, NULL, 0);
	} else {
		table = write_child(file, slot, SLOTS({ DARWINN_OUTPUT_LAYOUT, 0, 0 }));
		write_tiles(file, slot_at(file, table, DARWINN_OUTPUT_LAYOUT), layer);
	}
}

static void write_layer(struct file *file, size_t slot, const struct edgetpu_layer *layer,
			bool is_output)
{
	uint64_t tag = is_output ? DARWINN_LAYER_OUTPUT : DARWINN_LAYER_INPUT;
	uint32_t scale;
	size_t table, any;

	memcpy(&scale, &layer->scale, 4);
	table = write_child(file, slot, SLOTS(
		{ DARWINN_LAYER_NAME, 0, 0 },
		{ DARWINN_LAYER_SIZE_BYTES, 4, layer->size },
		{ DARWINN_LAYER_Y_DIM, 4, layer->y },
		{ DARWINN_LAYER_X_DIM, 4, layer->x },
		{ DARWINN_LAYER_Z_DIM, 4, layer->z },
		{ DARWINN_LAYER_NUMERICS, 0, 0 },
		{ DARWINN_LAYER_DATA_TYPE, 2, layer->type },
		{ DARWINN_LAYER_ANY_LAYER_TYPE, 1, tag },
		{ DARWINN_LAYER_ANY_LAYER, 0, 0 },
		{ DARWINN_LAYER_EXECUTION_COUNT_PER_INFERENCE, 4, layer->executions },
		{ DARWINN_LAYER_SHAPE, 0, 0 }));
	write_text(file, table, DARWINN_LAYER_NAME, layer->name);
	(void)write_child(file, slot_at(file, table, DARWINN_LAYER_NUMERICS), SLOTS(
		{ DARWINN_NUMERICS_ZERO_POINT, 4, (uint32_t)layer->zero_point },
		{ DARWINN_NUMERICS_DEQUANTIZATION_FACTOR, 4, scale }));
	any = slot_at(file, table, DARWINN_LAYER_ANY_LAYER);
	if (is_output)
		write_output(file, any, layer);
	else
		(void)write_child(file, any, NULL, 0);
	write_shape(file, slot_at(file, table, DARWINN_LAYER_SHAPE), layer->shape,
		    layer->rank);
}

static void write_layers(struct file *file, size_t slot, const struct edgetpu_layer *layer,
			 uint32_t layers, bool is_output)
{
	size_t list = write_vector(file, slot, NULL, layers, 4, 4);

	for (uint32_t i = 0; i < layers; i++)
		write_layer(file, list + 4 * (size_t)i, &layer[i], is_output);
}

static void write_meta(struct file *file, size_t slot, uint64_t desc, const char *name,
		       bool is_upper, int32_t batch)
{
	size_t meta = write_child(file, slot, SLOTS(
		{ DARWINN_META_DESC, 2, desc },
		{ DARWINN_META_BATCH, 4, (uint32_t)batch },
		{ DARWINN_META_NAME, 0, 0 },
		{ DARWINN_META_POSITION, 2, is_upper }));

	write_text(file, meta, DARWINN_META_NAME, name);
}

static void write_chunk(struct file *file, size_t slot, const struct edgetpu_chunk *chunk)
{
	size_t table = write_child(file, slot,
				   SLOTS({ DARWINN_BITSTREAM_BITSTREAM, 0, 0 },
					 { DARWINN_BITSTREAM_FIELD_OFFSETS, 0, 0 }));
	size_t list = write_vector(file, slot_at(file, table, DARWINN_BITSTREAM_FIELD_OFFSETS),
				   NULL, chunk->fields, 4, 4);

	(void)write_vector(file, slot_at(file, table, DARWINN_BITSTREAM_BITSTREAM),
			   chunk->bytes, chunk->size, 1, 16);
	for (uint32_t i = 0; i < chunk->fields; i++) {
		const struct edgetpu_field *field = &chunk->field[i];
		size_t entry = write_child(file, list + 4 * (size_t)i,
					   SLOTS({ DARWINN_FIELD_META, 0, 0 },
						 { DARWINN_FIELD_OFFSET_BIT, 4, field->bit }));

		write_meta(file, slot_at(file, entry, DARWINN_FIELD_META), field->kind,
			   field->name, field->is_upper, 0);
	}
}

static uint64_t description(enum edgetpu_hint_kind kind)
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

/* A hint may name a layer that there is not. */
static const char *layer_name(const struct edgetpu_executable *executable,
			      const struct edgetpu_hint *hint)
{
	if (hint->kind == EDGETPU_INPUT)
		return hint->index < executable->inputs ? executable->input[hint->index].name :
							  "nobody";
	if (hint->kind == EDGETPU_OUTPUT)
		return hint->index < executable->outputs ?
			       executable->output[hint->index].name : "nobody";
	return "";
}

static void write_transfer(struct file *file, size_t slot,
			   const struct edgetpu_executable *executable,
			   const struct edgetpu_hint *hint, int32_t batch)
{
	size_t table = write_child(file, slot, SLOTS(
		{ DARWINN_DMA_META, 0, 0 },
		{ DARWINN_DMA_OFFSET_IN_BYTES, 4, hint->offset },
		{ DARWINN_DMA_SIZE_IN_BYTES, 4, hint->size }));

	write_meta(file, slot_at(file, table, DARWINN_DMA_META), description(hint->kind),
		   layer_name(executable, hint), false, batch);
}

static void write_hint(struct file *file, size_t slot,
		       const struct edgetpu_executable *executable,
		       const struct edgetpu_hint *hint, int32_t batch)
{
	bool is_in = hint->kind == EDGETPU_OUTPUT || hint->kind == EDGETPU_SCRATCH_IN ||
		     hint->kind == EDGETPU_INTERRUPT;
	uint64_t tag = hint->kind == EDGETPU_INSTRUCTIONS ? DARWINN_HINT_INSTRUCTION :
		       hint->kind == EDGETPU_INTERRUPT ? DARWINN_HINT_INTERRUPT :
		       hint->kind == EDGETPU_FENCE ? DARWINN_HINT_FENCE :
						     DARWINN_HINT_DMA_DESCRIPTOR;
	size_t table = write_child(file, slot, SLOTS({ DARWINN_HINT_ANY_HINT_TYPE, 1, tag },
						     { DARWINN_HINT_ANY_HINT, 0, 0 },
						     { DARWINN_HINT_DIRECTION, 2, is_in }));
	size_t any = slot_at(file, table, DARWINN_HINT_ANY_HINT);

	if (tag == DARWINN_HINT_DMA_DESCRIPTOR)
		write_transfer(file, any, executable, hint, batch);
	else if (tag == DARWINN_HINT_FENCE)
		(void)write_child(file, any, NULL, 0);
	else /* both have one number, of 4 and of 2 bytes */
		(void)write_child(file, any, SLOTS({ 0, tag == DARWINN_HINT_INTERRUPT ? 2 : 4,
						     hint->index }));
}

static void write_hints(struct file *file, size_t slot,
			const struct edgetpu_executable *executable, int32_t batch)
{
	size_t table = write_child(file, slot, SLOTS(
		{ DARWINN_HINTS_HINTS, 0, 0 },
		{ DARWINN_HINTS_FULLY_DETERMINISTIC, 1, executable->is_deterministic }));
	size_t list = write_vector(file, slot_at(file, table, DARWINN_HINTS_HINTS), NULL,
				   executable->hints, 4, 4);

	for (uint32_t i = 0; i < executable->hints; i++)
		write_hint(file, list + 4 * (size_t)i, executable, &executable->hint[i],
			   batch);
}

static struct file write_executable(const struct edgetpu_executable *executable,
				    const struct compiled_more *more)
{
	struct file file = { 0 };
	size_t root = reserve(&file, 8, 8), table, list;

	table = write_child(&file, root, SLOTS(
		{ DARWINN_EXECUTABLE_NAME, 0, 0 },
		{ DARWINN_EXECUTABLE_BATCH_SIZE, 4, (uint32_t)more->batch_size },
		{ DARWINN_EXECUTABLE_SCRATCH_SIZE_BYTES, 4, executable->scratch_bytes },
		{ DARWINN_EXECUTABLE_INSTRUCTION_BITSTREAMS, 0, 0 },
		{ DARWINN_EXECUTABLE_SERIALIZED_MODEL, 0, 0 },
		{ DARWINN_EXECUTABLE_PARAMETERS, 0, 0 },
		{ DARWINN_EXECUTABLE_DMA_HINTS, 0, 0 },
		{ DARWINN_EXECUTABLE_INPUT_LAYERS, 0, 0 },
		{ DARWINN_EXECUTABLE_OUTPUT_LAYERS, 0, 0 },
		{ DARWINN_EXECUTABLE_CHIP, 0, 0 },
		{ DARWINN_EXECUTABLE_USED_NARROW_MEMORY_BYTES_PER_TILE, 4,
		  executable->narrow_bytes },
		{ DARWINN_EXECUTABLE_TYPE, 2, executable->type },
		{ DARWINN_EXECUTABLE_PARAMETER_CACHING_TOKEN, 8, executable->token }));
	write_text(&file, table, DARWINN_EXECUTABLE_NAME, executable->name);
	write_text(&file, table, DARWINN_EXECUTABLE_CHIP, "beagle");
	list = write_vector(&file,
			    slot_at(&file, table, DARWINN_EXECUTABLE_INSTRUCTION_BITSTREAMS),
			    NULL, executable->chunks, 4, 4);
	for (uint32_t i = 0; i < executable->chunks; i++)
		write_chunk(&file, list + 4 * (size_t)i, &executable->chunk[i]);
	write_hints(&file, slot_at(&file, table, DARWINN_EXECUTABLE_DMA_HINTS), executable,
		    more->batch);
	write_layers(&file, slot_at(&file, table, DARWINN_EXECUTABLE_INPUT_LAYERS),
		     executable->input, executable->inputs, false);
	write_layers(&file, slot_at(&file, table, DARWINN_EXECUTABLE_OUTPUT_LAYERS),
		     executable->output, executable->outputs, true);
	(void)write_vector(&file, slot_at(&file, table, DARWINN_EXECUTABLE_SERIALIZED_MODEL),
			   executable->model, executable->model_bytes, 1, 8);
	(void)write_vector(&file, slot_at(&file, table, DARWINN_EXECUTABLE_PARAMETERS),
			   executable->parameters, executable->parameter_bytes, 1, 8);
	return file;
}

static struct file write_executables(const struct edgetpu_package *package,
				     const struct compiled_more *more)
{
	const struct edgetpu_executable *pair[] = { package->main, package->caching };
	const struct edgetpu_executable *const *executable =
		more->executables ? more->executable : pair;
	uint32_t count = more->executables ? more->executables : package->caching ? 2 : 1;
	struct file file = { 0 };
	size_t root = reserve(&file, 8, 8);
	size_t table = write_child(&file, root,
				   SLOTS({ DARWINN_MULTI_EXECUTABLE_SERIALIZED_EXECUTABLES, 0,
					   0 }));
	size_t list = write_vector(&file, slot_at(&file, table, 0), NULL,
				   more->has_executables ? count : 0, 4, 4);

	for (uint32_t i = 0; i < count && more->has_executables; i++) {
		struct file one = write_executable(executable[i], more);

		(void)write_vector(&file, list + 4 * (size_t)i, one.bytes, one.size, 1, 8);
		free(one.bytes);
	}
	return file;
}

static struct file write_package(const struct edgetpu_package *package,
				 const struct compiled_more *more)
{
	struct file executables = write_executables(package, more), file = { 0 };
	size_t root = reserve(&file, 8, 8), table;

	memcpy(file.bytes + 4, more->identifier, 4);
	table = write_child(&file, root, SLOTS(
		{ DARWINN_PACKAGE_MIN_RUNTIME_VERSION, 4, (uint32_t)package->runtime_version },
		{ DARWINN_PACKAGE_SERIALIZED_MULTI_EXECUTABLE, 0, 0 },
		{ DARWINN_PACKAGE_COMPILER_VERSION, 0, 0 },
		{ DARWINN_PACKAGE_VIRTUAL_CHIP_ID, 4, (uint32_t)more->virtual_chip_id }));
	write_text(&file, table, DARWINN_PACKAGE_COMPILER_VERSION, package->compiler);
	(void)write_vector(&file,
			   slot_at(&file, table, DARWINN_PACKAGE_SERIALIZED_MULTI_EXECUTABLE),
			   executables.bytes,
			   more->has_multi_executable ? executables.size : 0, 1, 8);
	free(executables.bytes);
	return file;
}

/*
 * FlexBuffers are written from the leaves to the root; distances lead back. All
 * numbers here have four bytes.
 */
enum { FLEX_INT = 1, FLEX_STRING = 5, FLEX_MAP = 9, FLEX_VECTOR = 10 };
#define FLEX_TYPE(kind) ((kind) << 2 | 2)

static size_t flex_number(struct file *file, uint64_t value)
{
	size_t at = reserve(file, 4, 1);

	store(file, at, value, 4);
	return at;
}

static void flex_back(struct file *file, size_t target)
{
	(void)flex_number(file, file->size - target);
}

static void flex_byte(struct file *file, unsigned value)
{
	size_t at = reserve(file, 1, 1);

	file->bytes[at] = (uint8_t)value;
}

static void flex_type(struct file *file, unsigned kind)
{
	flex_byte(file, FLEX_TYPE(kind));
}

/* Of `count` times the number 18, which is what the vendor's compiler writes. */
static size_t flex_vector(struct file *file, uint32_t count)
{
	size_t at;

	(void)flex_number(file, count);
	at = file->size;
	for (uint32_t i = 0; i < count; i++)
		(void)flex_number(file, 18);
	for (uint32_t i = 0; i < count; i++)
		flex_type(file, FLEX_INT);
	return at;
}

static size_t flex_keys(struct file *file, const char *keys)
{
	size_t first = file->size, count = strlen(keys), at;

	for (size_t i = 0; i < count; i++) {
		flex_byte(file, (unsigned char)keys[i]);
		flex_byte(file, '\0');
	}
	(void)flex_number(file, count);
	at = file->size;
	for (size_t i = 0; i < count; i++)
		flex_back(file, first + 2 * i);
	return at;
}

const struct compiled_more compiled_usual = {
	.identifier = DARWINN_IDENTIFIER, .batch_size = 1, .chips = 1, .has_package = true,
	.has_multi_executable = true, .has_executables = true,
};

void *compiled_options(const struct edgetpu_package *package, const struct compiled_more *more,
		       size_t *size)
{
	struct file inner, file = { 0 };
	size_t string, chips, packages, keys, map;

	more = more ? more : &compiled_usual;
	inner = write_package(package, more);
	(void)flex_number(&file, inner.size);
	string = reserve(&file, inner.size + 1, 1);
	memcpy(file.bytes + string, inner.bytes, inner.size);
	free(inner.bytes);
	chips = flex_vector(&file, more->chips);
	packages = flex_vector(&file, more->packages);
	keys = flex_keys(&file, more->has_package ? "1467" : "1567");
	flex_back(&file, keys);
	(void)flex_number(&file, 4); /* bytes of a distance to a key */
	(void)flex_number(&file, 4); /* elements */
	map = file.size;
	(void)flex_number(&file, (uint32_t)more->version);
	flex_back(&file, string);
	flex_back(&file, chips);
	flex_back(&file, packages);
	flex_type(&file, FLEX_INT);
	flex_type(&file, FLEX_STRING);
	flex_type(&file, FLEX_VECTOR);
	flex_type(&file, FLEX_VECTOR);
	flex_back(&file, map);
	flex_type(&file, FLEX_MAP);
	flex_byte(&file, 4); /* bytes of the root */
	*size = file.size;
	return file.bytes;
}

static enum atoll_type tensor_type(enum edgetpu_type type)
{
	switch (type) {
	case EDGETPU_INT8:
		return ATOLL_INT8;
	case EDGETPU_UINT16:
	case EDGETPU_INT16:
		return ATOLL_INT16;
	case EDGETPU_INT32:
		return ATOLL_INT32;
	case EDGETPU_SINGLE:
		return ATOLL_FLOAT32;
	default:
		return ATOLL_UINT8;
	}
}

static int32_t add_tensor(struct atoll_builder *b, const struct edgetpu_layer *layer,
			  bool is_state)
{
	struct atoll_builder_tensor tensor = {
		.name = layer->name, .type = tensor_type(layer->type), .scale = layer->scale,
		.zero_point = layer->zero_point - (!layer->is_signed ? 0 :
						   layer->element == 1 ? 128 : 32768),
		.rank = 4, .is_variable = is_state,
		.dims = { (int32_t)layer->executions, (int32_t)layer->y, (int32_t)layer->x,
			  (int32_t)layer->z },
	};

	return atoll_builder_tensor(b, &tensor);
}

static bool is_state(const struct edgetpu_executable *executable, uint32_t input)
{
	for (uint32_t i = 0; i < executable->outputs; i++)
		if (executable->output[i].state_of == (int32_t)input)
			return true;
	return false;
}

void *compiled_model(const struct edgetpu_package *package, size_t *size)
{
	const struct edgetpu_executable *main = package->main;
	struct atoll_builder *b = atoll_builder_new("compiled");
	int32_t input[8], output[8], asked[8];
	uint32_t outputs = 0, questions = 0;
	size_t options_bytes;
	void *options = compiled_options(package, NULL, &options_bytes), *bytes;
	struct atoll_error why;

	for (uint32_t i = 0; i < main->inputs; i++) {
		input[i] = add_tensor(b, &main->input[i], is_state(main, i));
		if (!is_state(main, i))
			asked[questions++] = input[i];
	}
	for (uint32_t i = 0; i < main->outputs; i++)
		if (main->output[i].state_of < 0)
			output[outputs++] = add_tensor(b, &main->output[i], false);
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = 32, .custom = EDGETPU_OPERATOR, .inputs = main->inputs,
		.input = input, .outputs = outputs, .output = output,
		.custom_options = options, .custom_options_bytes = options_bytes });
	atoll_builder_inputs(b, questions, asked);
	atoll_builder_outputs(b, outputs, output);
	if (atoll_builder_finish(b, &bytes, size, &why) < 0)
		errx(1, "compiled: %s", why.text);
	atoll_builder_free(b);
	free(options);
	return bytes;
}

void compiled_spread(struct edgetpu_layer *layer, uint32_t pitch, struct compiled_tiles *tiles)
{
	uint32_t rows = (layer->y + 3) / 4, columns = (layer->x + 3) / 4, at = 0;

	for (uint32_t y = 0; y < layer->y; y++) {
		tiles->y_tile[y] = (int32_t)(y / rows * 4);
		tiles->y_local[y] = (int32_t)(y % rows);
	}
	for (uint32_t x = 0; x < layer->x; x++) {
		uint32_t left = layer->x - x / columns * columns;

		tiles->x_tile[x] = (int32_t)(x / columns);
		tiles->x_local[x] = (int32_t)(x % columns * pitch);
		tiles->row_size[x] = (int32_t)((left < columns ? left : columns) * pitch);
	}
	for (uint32_t tile = 0; tile < 16; tile++) {
		uint32_t top = tile / 4 * rows, left = tile % 4 * columns;
		uint32_t height = top >= layer->y ? 0 : layer->y - top;
		uint32_t width = left >= layer->x ? 0 : layer->x - left;

		tiles->offset[tile] = (int32_t)at;
		at += (height < rows ? height : rows) * (width < columns ? width : columns) *
		      pitch;
	}
	layer->size = (at * layer->element + 7) / 8 * 8;
	layer->layout = (struct edgetpu_layout){
		.y_tile = tiles->y_tile, .x_tile = tiles->x_tile, .tile_offset = tiles->offset,
		.tiles = 16, .x_local = tiles->x_local, .y_local = tiles->y_local,
		.row_size = tiles->row_size,
	};
}
