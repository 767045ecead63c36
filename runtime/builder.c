/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is added is kept in lists until finish, which writes the file: contents of
 * constants come last. The bytes depend on the calls alone.
 */
#include "runtime/builder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/flatwrite.h"
#include "runtime/schema/tflite.h"

/* Readers map the file and use constants where they lie. */
#define CONSTANT_ALIGN 16

/* Something copied; all of them are freed together. */
struct piece {
	struct piece *next;
	alignas(max_align_t) uint8_t bytes[];
};

/* Copied structs one after the other. */
struct list {
	void *items;
	uint32_t count, room;
};

/* What distinguishes entries of the table of operator codes. */
struct code {
	uint32_t code;
	int32_t version;
	const char *custom; /* NULL when it has no name of its own */
};

struct operator {
	struct atoll_builder_operator as_given;
	uint32_t code; /* index in the table */
};

struct metadatum {
	const char *name;
	const void *bytes;
	size_t size;
};

struct atoll_builder {
	const char *description, *graph_name;
	struct piece *pieces;
	struct list tensors;   /* struct atoll_builder_tensor */
	struct list codes;     /* struct code */
	struct list operators; /* struct operator */
	struct list metadata;  /* struct metadatum */
	uint32_t inputs, outputs;
	const int32_t *input, *output;
	struct atoll_error mistake; /* the first; code 0 while there is none */
};

static void *new_piece(struct atoll_builder *b, size_t bytes)
{
	struct piece *piece = NULL;

	if (bytes < SIZE_MAX - sizeof(*piece))
		piece = calloc(1, sizeof(*piece) + bytes);
	if (!piece) {
		if (b->mistake.code == 0)
			atoll_error_set(&b->mistake, -ENOMEM, "no memory for %zu bytes",
					bytes);
		return NULL;
	}
	piece->next = b->pieces;
	b->pieces = piece;
	return piece->bytes;
}

/* NULL for nothing, and when there is no memory. */
static const void *copy(struct atoll_builder *b, const void *from, size_t count,
			size_t width)
{
	void *piece;
	size_t bytes;

	if (!from || count == 0)
		return NULL;
	if (__builtin_mul_overflow(count, width, &bytes))
		bytes = SIZE_MAX;
	piece = new_piece(b, bytes);
	return piece ? memcpy(piece, from, bytes) : NULL;
}

static const char *copy_text(struct atoll_builder *b, const char *text)
{
	return text ? copy(b, text, strlen(text) + 1, 1) : NULL;
}

/* Add `item` of `width` bytes at the end; without memory, remember that. */
static void append(struct atoll_builder *b, struct list *list, const void *item,
		   size_t width)
{
	if (list->count == list->room) {
		uint32_t room = list->room ? 2 * list->room : 16;
		void *items = realloc(list->items, room * width);

		if (!items) {
			if (b->mistake.code == 0)
				atoll_error_set(&b->mistake, -ENOMEM, "no memory");
			return;
		}
		list->items = items;
		list->room = room;
	}
	memcpy((uint8_t *)list->items + list->count++ * width, item, width);
}

ATOLL_API struct atoll_builder *atoll_builder_new(const char *description)
{
	struct atoll_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->description = copy_text(b, description);
	b->graph_name = "main";
	return b;
}

ATOLL_API void atoll_builder_free(struct atoll_builder *b)
{
	if (!b)
		return;
	while (b->pieces) {
		struct piece *piece = b->pieces;

		b->pieces = piece->next;
		free(piece);
	}
	free(b->tensors.items);
	free(b->codes.items);
	free(b->operators.items);
	free(b->metadata.items);
	free(b);
}

static void check_tensor(struct atoll_builder *b, const struct atoll_builder_tensor *t)
{
	uint32_t index = b->tensors.count;

	if (b->mistake.code != 0)
		return;
	if (t->rank > ATOLL_RANK_MAX)
		atoll_error_set(&b->mistake, -EINVAL,
				"tensor %" PRIu32 ": %" PRIu32 " dimensions, at most %d fit",
				index, t->rank, ATOLL_RANK_MAX);
	else if (t->channels > 0 && !t->scales)
		atoll_error_set(&b->mistake, -EINVAL,
				"tensor %" PRIu32 ": no scales for %" PRIu32 " channels",
				index, t->channels);
	else if (t->channels > 0 && (t->axis < 0 || (uint32_t)t->axis >= t->rank))
		atoll_error_set(&b->mistake, -EINVAL,
				"tensor %" PRIu32 ": axis %" PRId32 " of %" PRIu32,
				index, t->axis, t->rank);
	else if (t->channels > 0 && t->channels != (uint32_t)t->dims[t->axis])
		atoll_error_set(&b->mistake, -EINVAL,
				"tensor %" PRIu32 ": %" PRIu32 " scales for dimension %" PRId32
				" of %" PRId32, index, t->channels, t->axis,
				t->dims[t->axis]);
	else if (t->bytes > 0 && !t->data)
		atoll_error_set(&b->mistake, -EINVAL,
				"tensor %" PRIu32 ": %zu bytes of no data", index, t->bytes);
}

ATOLL_API int32_t atoll_builder_tensor(struct atoll_builder *b,
				       const struct atoll_builder_tensor *tensor)
{
	struct atoll_builder_tensor kept = *tensor;

	check_tensor(b, tensor);
	kept.name = copy_text(b, tensor->name);
	kept.scales = copy(b, tensor->scales, tensor->channels, sizeof(*tensor->scales));
	kept.data = copy(b, tensor->data, tensor->bytes, 1);
	append(b, &b->tensors, &kept, sizeof(kept));
	return (int32_t)b->tensors.count - 1;
}

static void check_options(struct atoll_builder *b,
			  const struct atoll_builder_operator *op)
{
	bool fits = op->options <= FLATWRITE_FIELDS_MAX;

	for (uint32_t i = 0; i < op->options && fits; i++)
		fits = op->option[i].id < FLATWRITE_FIELDS_MAX;
	if (!fits && b->mistake.code == 0)
		atoll_error_set(&b->mistake, -EINVAL, "operator %" PRIu32
				": options have at most %d fields", b->operators.count,
				FLATWRITE_FIELDS_MAX);
}

static const struct atoll_builder_option *copy_options(
	struct atoll_builder *b, const struct atoll_builder_operator *op)
{
	size_t bytes = op->options * sizeof(*op->option);
	struct atoll_builder_option *kept;

	if (op->options == 0)
		return NULL;
	kept = new_piece(b, bytes);
	if (!kept)
		return NULL;
	memcpy(kept, op->option, bytes);
	for (uint32_t i = 0; i < op->options; i++)
		kept[i].is = copy(b, op->option[i].is, op->option[i].count,
				  sizeof(*op->option[i].is));
	return kept;
}

static bool is_same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The index of an operator's code, which is added when it is new. */
static uint32_t find_code(struct atoll_builder *b, const struct atoll_builder_operator *op)
{
	const struct code *known = b->codes.items;
	struct code code = { op->code, op->version, op->custom };

	for (uint32_t i = 0; i < b->codes.count; i++)
		if (known[i].code == code.code && known[i].version == code.version &&
		    is_same_name(known[i].custom, code.custom))
			return i;
	append(b, &b->codes, &code, sizeof(code));
	return b->codes.count - 1;
}

ATOLL_API void atoll_builder_operator(struct atoll_builder *b,
				      const struct atoll_builder_operator *op)
{
	struct operator kept = { .as_given = *op };
	struct atoll_builder_operator *own = &kept.as_given;

	check_options(b, op);
	own->version = op->version ? op->version : 1;
	own->custom = copy_text(b, op->custom);
	own->input = copy(b, op->input, op->inputs, sizeof(*op->input));
	own->output = copy(b, op->output, op->outputs, sizeof(*op->output));
	own->intermediate = copy(b, op->intermediate, op->intermediates,
				 sizeof(*op->intermediate));
	own->option = copy_options(b, op);
	own->custom_options = copy(b, op->custom_options, op->custom_options_bytes, 1);
	kept.code = find_code(b, own);
	append(b, &b->operators, &kept, sizeof(kept));
}

ATOLL_API void atoll_builder_inputs(struct atoll_builder *b, uint32_t count,
				    const int32_t *tensors)
{
	b->inputs = count;
	b->input = copy(b, tensors, count, sizeof(*tensors));
}

ATOLL_API void atoll_builder_outputs(struct atoll_builder *b, uint32_t count,
				     const int32_t *tensors)
{
	b->outputs = count;
	b->output = copy(b, tensors, count, sizeof(*tensors));
}

ATOLL_API void atoll_builder_graph_name(struct atoll_builder *b, const char *name)
{
	b->graph_name = copy_text(b, name);
}

ATOLL_API void atoll_builder_metadata(struct atoll_builder *b, const char *name,
				      const void *bytes, size_t size)
{
	struct metadatum kept = {
		.name = copy_text(b, name), .bytes = copy(b, bytes, size, 1), .size = size,
	};

	append(b, &b->metadata, &kept, sizeof(kept));
}

static int check_indices(const struct atoll_builder *b, const char *what, uint32_t of,
			 const int32_t *indices, uint32_t count, int32_t low,
			 struct atoll_error *err)
{
	if (count > 0 && !indices)
		return atoll_error_set(err, -EINVAL, "%s %" PRIu32 ": no list", what, of);
	for (uint32_t i = 0; i < count; i++)
		if (indices[i] < low || indices[i] >= (int64_t)b->tensors.count)
			return atoll_error_set(err, -EINVAL, "%s %" PRIu32 ": tensor %" PRId32
					       " of %" PRIu32, what, of, indices[i],
					       b->tensors.count);
	return 0;
}

/* Tensors may be added after the operators that name them, so this comes last. */
static int check(const struct atoll_builder *b, struct atoll_error *err)
{
	const struct operator *operators = b->operators.items;
	int r;

	if (b->mistake.code != 0)
		return atoll_error_set(err, b->mistake.code, "%s", b->mistake.text);
	r = check_indices(b, "inputs of graph", 0, b->input, b->inputs, 0, err);
	if (r == 0)
		r = check_indices(b, "outputs of graph", 0, b->output, b->outputs, 0, err);
	for (uint32_t i = 0; i < b->operators.count && r == 0; i++) {
		const struct atoll_builder_operator *op = &operators[i].as_given;

		r = check_indices(b, "inputs of operator", i, op->input, op->inputs, -1,
				  err);
		if (r == 0)
			r = check_indices(b, "outputs of operator", i, op->output,
					  op->outputs, 0, err);
		if (r == 0)
			r = check_indices(b, "intermediates of operator", i,
					  op->intermediate, op->intermediates, -1, err);
	}
	return r;
}

static void write_code(struct flatwrite *file, const struct code *code, size_t slot)
{
	int8_t old = (int8_t)(code->code < BUILTIN_PLACEHOLDER ? code->code :
								 BUILTIN_PLACEHOLDER);
	struct flatwrite_field field[] = {
		{ .id = OPERATOR_CODE_DEPRECATED_BUILTIN_CODE, .width = 1, .value.i8 = old },
		FLATWRITE_OFFSET_IF(code->custom, OPERATOR_CODE_CUSTOM_CODE),
		{ .id = OPERATOR_CODE_VERSION, .width = 4, .value.i32 = code->version },
		{ .id = OPERATOR_CODE_BUILTIN_CODE, .width = 4, .value.u32 = code->code },
	};

	flatwrite_point(file, slot, flatwrite_table(file, field, 4));
	if (code->custom)
		flatwrite_string(file, field[1].slot, code->custom);
}

static void write_codes(struct flatwrite *file, const struct atoll_builder *b,
			const struct flatwrite_field *field)
{
	const struct code *code = b->codes.items;
	size_t slot = flatwrite_offsets(file, field->slot, b->codes.count);

	for (uint32_t i = 0; i < b->codes.count; i++, slot += 4)
		write_code(file, &code[i], slot);
}

static void write_quant(struct flatwrite *file, const struct atoll_builder_tensor *tensor,
			const struct flatwrite_field *parent)
{
	uint32_t channels = tensor->channels ? tensor->channels : 1;
	bool has_range = tensor->real_min != 0 || tensor->real_max != 0;
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET_IF(has_range, QUANTIZATION_MIN),
		FLATWRITE_OFFSET_IF(has_range, QUANTIZATION_MAX),
		FLATWRITE_OFFSET(QUANTIZATION_SCALE),
		FLATWRITE_OFFSET(QUANTIZATION_ZERO_POINT),
		{ .id = QUANTIZATION_QUANTIZED_DIMENSION, .width = 4,
		  .value.i32 = tensor->axis },
	};
	size_t zero_points;

	flatwrite_point(file, parent->slot, flatwrite_table(file, field, 5));
	if (has_range) {
		flatwrite_vector(file, field[0].slot, &tensor->real_min, 1, 4, 4);
		flatwrite_vector(file, field[1].slot, &tensor->real_max, 1, 4, 4);
	}
	flatwrite_vector(file, field[2].slot,
			 tensor->channels ? tensor->scales : &tensor->scale, channels, 4, 4);
	zero_points = flatwrite_vector(file, field[3].slot, NULL, channels, 8, 8);
	for (uint32_t i = 0; i < channels; i++)
		flatwrite_store(file, zero_points + 8 * (size_t)i, &tensor->zero_point, 8);
}

static void write_tensor(struct flatwrite *file, const struct atoll_builder_tensor *tensor,
			 uint32_t buffer, size_t slot)
{
	bool is_quantized = tensor->channels > 0 || tensor->scale != 0;
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(TENSOR_SHAPE),
		{ .id = TENSOR_TYPE, .width = 1, .value.i8 = (int8_t)tensor->type },
		{ .id = TENSOR_BUFFER, .width = 4, .value.u32 = buffer },
		FLATWRITE_OFFSET(TENSOR_NAME),
		FLATWRITE_OFFSET_IF(is_quantized, TENSOR_QUANTIZATION),
		{ .id = TENSOR_IS_VARIABLE, .width = tensor->is_variable ? 1 : 0,
		  .value.u8 = 1 },
	};

	flatwrite_point(file, slot, flatwrite_table(file, field, 6));
	flatwrite_ints(file, field[0].slot, tensor->dims, tensor->rank);
	flatwrite_string(file, field[3].slot, tensor->name);
	if (is_quantized)
		write_quant(file, tensor, &field[4]);
}

static void write_tensors(struct flatwrite *file, const struct atoll_builder *b,
			  const struct flatwrite_field *field)
{
	const struct atoll_builder_tensor *tensor = b->tensors.items;
	size_t slot = flatwrite_offsets(file, field->slot, b->tensors.count);
	uint32_t buffers = 1; /* the first is the empty one */

	for (uint32_t i = 0; i < b->tensors.count; i++, slot += 4)
		write_tensor(file, &tensor[i], tensor[i].data ? buffers++ : 0, slot);
}

/* The field of an option. Vectors are offsets, filled in later. */
static struct flatwrite_field option_field(const struct atoll_builder_option *option)
{
	struct flatwrite_field field = { .id = option->id, .width = 4 };

	switch (option->kind) {
	case ATOLL_OPTION_BOOL:
		field.width = 1;
		field.value.u8 = option->i != 0;
		break;
	case ATOLL_OPTION_I8:
		field.width = 1;
		field.value.i8 = (int8_t)option->i;
		break;
	case ATOLL_OPTION_I32:
		field.value.i32 = option->i;
		break;
	case ATOLL_OPTION_F32:
		field.value.f32 = option->f;
		break;
	case ATOLL_OPTION_I32S:
		break;
	}
	return field;
}

static void write_options(struct flatwrite *file, const struct atoll_builder_operator *op,
			  const struct flatwrite_field *parent)
{
	struct flatwrite_field field[FLATWRITE_FIELDS_MAX];

	for (uint32_t i = 0; i < op->options; i++)
		field[i] = option_field(&op->option[i]);
	flatwrite_point(file, parent->slot, flatwrite_table(file, field, op->options));
	for (uint32_t i = 0; i < op->options; i++)
		if (op->option[i].kind == ATOLL_OPTION_I32S)
			flatwrite_ints(file, field[i].slot, op->option[i].is, op->option[i].count);
}

static void write_operator(struct flatwrite *file, const struct atoll_builder_operator *op,
			   uint32_t code, size_t slot)
{
	uint8_t tag_bytes = op->options_type ? 1 : 0;
	struct flatwrite_field field[] = {
		{ .id = OPERATOR_OPCODE_INDEX, .width = 4, .value.u32 = code },
		FLATWRITE_OFFSET(OPERATOR_INPUTS),
		FLATWRITE_OFFSET(OPERATOR_OUTPUTS),
		{ .id = OPERATOR_BUILTIN_OPTIONS_TYPE, .width = tag_bytes,
		  .value.u8 = op->options_type },
		FLATWRITE_OFFSET_IF(op->options_type, OPERATOR_BUILTIN_OPTIONS),
		FLATWRITE_OFFSET_IF(op->custom_options, OPERATOR_CUSTOM_OPTIONS),
		FLATWRITE_OFFSET_IF(op->intermediates, OPERATOR_INTERMEDIATES),
	};

	flatwrite_point(file, slot, flatwrite_table(file, field, 7));
	flatwrite_ints(file, field[1].slot, op->input, op->inputs);
	flatwrite_ints(file, field[2].slot, op->output, op->outputs);
	if (op->options_type)
		write_options(file, op, &field[4]);
	if (op->custom_options)
		flatwrite_vector(file, field[5].slot, op->custom_options,
			     op->custom_options_bytes, 1, 4);
	if (op->intermediates > 0)
		flatwrite_ints(file, field[6].slot, op->intermediate, op->intermediates);
}

static void write_operators(struct flatwrite *file, const struct atoll_builder *b,
			    const struct flatwrite_field *field)
{
	const struct operator *op = b->operators.items;
	size_t slot = flatwrite_offsets(file, field->slot, b->operators.count);

	for (uint32_t i = 0; i < b->operators.count; i++, slot += 4)
		write_operator(file, &op[i].as_given, op[i].code, slot);
}

static void write_graph(struct flatwrite *file, const struct atoll_builder *b,
			const struct flatwrite_field *parent)
{
	struct flatwrite_field field[] = {
		FLATWRITE_OFFSET(SUBGRAPH_TENSORS), FLATWRITE_OFFSET(SUBGRAPH_INPUTS),
		FLATWRITE_OFFSET(SUBGRAPH_OUTPUTS), FLATWRITE_OFFSET(SUBGRAPH_OPERATORS),
		FLATWRITE_OFFSET(SUBGRAPH_NAME),
	};
	size_t slot = flatwrite_offsets(file, parent->slot, 1);

	flatwrite_point(file, slot, flatwrite_table(file, field, 5));
	write_tensors(file, b, &field[0]);
	flatwrite_ints(file, field[1].slot, b->input, b->inputs);
	flatwrite_ints(file, field[2].slot, b->output, b->outputs);
	write_operators(file, b, &field[3]);
	flatwrite_string(file, field[4].slot, b->graph_name);
}

static uint32_t count_constants(const struct atoll_builder *b)
{
	const struct atoll_builder_tensor *tensor = b->tensors.items;
	uint32_t constants = 0;

	for (uint32_t i = 0; i < b->tensors.count; i++)
		constants += tensor[i].data != NULL;
	return constants;
}

static void write_buffer(struct flatwrite *file, const void *bytes, size_t size, size_t slot)
{
	struct flatwrite_field data = FLATWRITE_OFFSET(BUFFER_DATA);

	flatwrite_point(file, slot, flatwrite_table(file, &data, 1));
	flatwrite_vector(file, data.slot, bytes, size, 1, CONSTANT_ALIGN);
}

/* The empty one, those of the constants, those of the metadata. */
static void write_buffers(struct flatwrite *file, const struct atoll_builder *b,
			  const struct flatwrite_field *parent)
{
	const struct atoll_builder_tensor *tensor = b->tensors.items;
	const struct metadatum *metadatum = b->metadata.items;
	size_t slot = flatwrite_offsets(file, parent->slot,
					1 + count_constants(b) + b->metadata.count);

	flatwrite_point(file, slot, flatwrite_table(file, NULL, 0));
	for (uint32_t i = 0; i < b->tensors.count; i++)
		if (tensor[i].data)
			write_buffer(file, tensor[i].data, tensor[i].bytes, slot += 4);
	for (uint32_t i = 0; i < b->metadata.count; i++)
		write_buffer(file, metadatum[i].bytes, metadatum[i].size, slot += 4);
}

static void write_metadata(struct flatwrite *file, const struct atoll_builder *b,
			   const struct flatwrite_field *parent)
{
	const struct metadatum *metadatum = b->metadata.items;
	uint32_t buffer = 1 + count_constants(b);
	size_t slot = flatwrite_offsets(file, parent->slot, b->metadata.count);

	for (uint32_t i = 0; i < b->metadata.count; i++, slot += 4) {
		struct flatwrite_field field[] = {
			FLATWRITE_OFFSET(METADATA_NAME),
			{ .id = METADATA_BUFFER, .width = 4, .value.u32 = buffer + i },
		};

		flatwrite_point(file, slot, flatwrite_table(file, field, 2));
		flatwrite_string(file, field[0].slot, metadatum[i].name);
	}
}

static void write_model(struct flatwrite *file, const struct atoll_builder *b)
{
	struct flatwrite_field field[] = {
		{ .id = MODEL_VERSION, .width = 4, .value.u32 = TFLITE_VERSION },
		FLATWRITE_OFFSET(MODEL_OPERATOR_CODES), FLATWRITE_OFFSET(MODEL_SUBGRAPHS),
		FLATWRITE_OFFSET(MODEL_DESCRIPTION), FLATWRITE_OFFSET(MODEL_BUFFERS),
		FLATWRITE_OFFSET_IF(b->metadata.count, MODEL_METADATA),
	};
	size_t root = flatwrite_root(file, TFLITE_IDENTIFIER);

	flatwrite_point(file, root, flatwrite_table(file, field, 6));
	write_codes(file, b, &field[1]);
	write_graph(file, b, &field[2]);
	flatwrite_string(file, field[3].slot, b->description);
	write_buffers(file, b, &field[4]);
	if (b->metadata.count > 0)
		write_metadata(file, b, &field[5]);
}

ATOLL_API int atoll_builder_finish(struct atoll_builder *b, void **bytes, size_t *size,
				   struct atoll_error *err)
{
	struct flatwrite file = { .bytes = NULL };
	int r = check(b, err);

	if (r < 0)
		return r;
	write_model(&file, b);
	if (file.error) {
		free(file.bytes);
		return atoll_error_set(err, file.error, file.error == -EFBIG ?
				       "the file would be larger than 2 GiB" :
				       "no memory for the file");
	}
	*bytes = file.bytes;
	*size = file.size;
	return 0;
}
