/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is added is kept in lists until finish, which writes the file from front
 * to back: each table with its vtable before it, then what it refers to, whose
 * offsets are filled in once their places are known. Contents of constants come
 * last.
 *
 * The bytes depend on the calls alone.
 */
#include "runtime/builder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"

/* FlatBuffers measure with 31 bits. */
#define FILE_BYTES_MAX INT32_MAX

/* Readers map the file and use constants where they lie. */
#define CONSTANT_ALIGN 16

/* More than any table of the schema has. */
#define FIELDS_MAX 16

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

struct atoll_builder {
	const char *description;
	struct piece *pieces;
	struct list tensors;   /* struct atoll_builder_tensor */
	struct list codes;     /* struct code */
	struct list operators; /* struct operator */
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

	if (b)
		b->description = copy_text(b, description);
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
	bool fits = op->options <= FIELDS_MAX;

	for (uint32_t i = 0; i < op->options && fits; i++)
		fits = op->option[i].id < FIELDS_MAX;
	if (!fits && b->mistake.code == 0)
		atoll_error_set(&b->mistake, -EINVAL, "operator %" PRIu32
				": options have at most %d fields", b->operators.count,
				FIELDS_MAX);
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

/* The file so far. */
struct file {
	uint8_t *bytes;
	size_t size, room;
	int error; /* once set, nothing is written any more */
};

/* The place of `bytes` zeroed bytes whose `aligned`-th is at a multiple of `align`. */
static size_t reserve(struct file *file, size_t bytes, size_t aligned, size_t align)
{
	size_t start = file->size + (align - (file->size + aligned) % align) % align;
	size_t end, room = file->room;
	uint8_t *grown;

	if (file->error)
		return 0;
	if (__builtin_add_overflow(start, bytes, &end) || end > FILE_BYTES_MAX) {
		file->error = -EFBIG;
		return 0;
	}
	while (room < end)
		room = room ? 2 * room : 4096;
	if (room != file->room) {
		grown = realloc(file->bytes, room);
		if (!grown) {
			file->error = -ENOMEM;
			return 0;
		}
		file->bytes = grown;
		file->room = room;
	}
	memset(file->bytes + file->size, 0, end - file->size);
	file->size = end;
	return start;
}

static void store(struct file *file, size_t at, const void *value, size_t bytes)
{
	if (!file->error && bytes > 0)
		memcpy(file->bytes + at, value, bytes);
}

static void store_u16(struct file *file, size_t at, size_t value)
{
	uint16_t stored = (uint16_t)value;

	store(file, at, &stored, sizeof(stored));
}

/* Let the offset at `slot` lead to `target`, which lies behind it. */
static void point(struct file *file, size_t slot, size_t target)
{
	uint32_t distance = (uint32_t)(target - slot);

	store(file, slot, &distance, sizeof(distance));
}

/*
 * A field of a table to be written. An offset is left open; `slot` then says
 * where it is.
 */
struct field {
	unsigned id;
	uint8_t width; /* bytes; 0 leaves the field out */
	union {
		uint8_t u8;
		int8_t i8;
		uint32_t u32;
		int32_t i32;
		float f32;
	} value;
	size_t slot;
};

/* The place of a table with the given fields, in the order of their ids. */
static size_t write_table(struct file *file, struct field *field, uint32_t fields)
{
	uint16_t place[FIELDS_MAX] = { 0 };
	size_t ids = 0, bytes = 4, vtable, table;
	int32_t back;

	for (uint32_t i = 0; i < fields; i++) {
		if (field[i].width == 0)
			continue;
		bytes += (field[i].width - bytes % field[i].width) % field[i].width;
		place[field[i].id] = (uint16_t)bytes;
		bytes += field[i].width;
		if (ids < field[i].id + (size_t)1)
			ids = field[i].id + (size_t)1;
	}
	vtable = reserve(file, 4 + 2 * ids, 0, 2);
	table = reserve(file, bytes, 0, 4);
	store_u16(file, vtable, 4 + 2 * ids);
	store_u16(file, vtable + 2, bytes);
	for (size_t id = 0; id < ids; id++)
		store_u16(file, vtable + 4 + 2 * id, place[id]);
	back = (int32_t)(table - vtable);
	store(file, table, &back, sizeof(back));
	for (uint32_t i = 0; i < fields; i++) {
		field[i].slot = table + place[field[i].id];
		if (field[i].width > 0)
			store(file, field[i].slot, &field[i].value, field[i].width);
	}
	return table;
}

/* A vector behind `slot`; the place of its first element. */
static size_t write_vector(struct file *file, size_t slot, const void *items,
			   size_t count, size_t width, size_t align)
{
	size_t vector = reserve(file, 4 + count * width, 4, align);
	uint32_t stored = (uint32_t)count;

	point(file, slot, vector);
	store(file, vector, &stored, sizeof(stored));
	if (items)
		store(file, vector + 4, items, count * width);
	return vector + 4;
}

static void write_ints(struct file *file, const struct field *field, const int32_t *items,
		       uint32_t count)
{
	if (field->width > 0)
		write_vector(file, field->slot, items, count, 4, 4);
}

/* Offsets to tables that the caller writes; the place of the first of them. */
static size_t write_offsets(struct file *file, const struct field *field, uint32_t count)
{
	return write_vector(file, field->slot, NULL, count, 4, 4);
}

static void write_string(struct file *file, const struct field *field, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	size_t string = reserve(file, 4 + length + 1, 4, 4);
	uint32_t count = (uint32_t)length;

	point(file, field->slot, string);
	store(file, string, &count, sizeof(count));
	store(file, string + 4, text, length);
}

#define OFFSET(number) { .id = number, .width = 4 }
#define OFFSET_IF(condition, number) { .id = number, .width = (condition) ? 4 : 0 }

static void write_code(struct file *file, const struct code *code, size_t slot)
{
	int8_t old = (int8_t)(code->code < BUILTIN_PLACEHOLDER ? code->code :
								 BUILTIN_PLACEHOLDER);
	struct field field[] = {
		{ .id = OPERATOR_CODE_DEPRECATED_BUILTIN_CODE, .width = 1, .value.i8 = old },
		OFFSET_IF(code->custom, OPERATOR_CODE_CUSTOM_CODE),
		{ .id = OPERATOR_CODE_VERSION, .width = 4, .value.i32 = code->version },
		{ .id = OPERATOR_CODE_BUILTIN_CODE, .width = 4, .value.u32 = code->code },
	};

	point(file, slot, write_table(file, field, 4));
	if (code->custom)
		write_string(file, &field[1], code->custom);
}

static void write_codes(struct file *file, const struct atoll_builder *b,
			const struct field *field)
{
	const struct code *code = b->codes.items;
	size_t slot = write_offsets(file, field, b->codes.count);

	for (uint32_t i = 0; i < b->codes.count; i++, slot += 4)
		write_code(file, &code[i], slot);
}

static void write_quant(struct file *file, const struct atoll_builder_tensor *tensor,
			const struct field *parent)
{
	uint32_t channels = tensor->channels ? tensor->channels : 1;
	struct field field[] = {
		OFFSET(QUANTIZATION_SCALE),
		OFFSET(QUANTIZATION_ZERO_POINT),
		{ .id = QUANTIZATION_QUANTIZED_DIMENSION, .width = 4,
		  .value.i32 = tensor->axis },
	};
	size_t zero_points;

	point(file, parent->slot, write_table(file, field, 3));
	write_vector(file, field[0].slot,
		     tensor->channels ? tensor->scales : &tensor->scale, channels, 4, 4);
	zero_points = write_vector(file, field[1].slot, NULL, channels, 8, 8);
	for (uint32_t i = 0; i < channels; i++)
		store(file, zero_points + 8 * (size_t)i, &tensor->zero_point, 8);
}

static void write_tensor(struct file *file, const struct atoll_builder_tensor *tensor,
			 uint32_t buffer, size_t slot)
{
	bool is_quantized = tensor->channels > 0 || tensor->scale != 0;
	struct field field[] = {
		OFFSET(TENSOR_SHAPE),
		{ .id = TENSOR_TYPE, .width = 1, .value.i8 = (int8_t)tensor->type },
		{ .id = TENSOR_BUFFER, .width = 4, .value.u32 = buffer },
		OFFSET(TENSOR_NAME),
		OFFSET_IF(is_quantized, TENSOR_QUANTIZATION),
		{ .id = TENSOR_IS_VARIABLE, .width = tensor->is_variable ? 1 : 0,
		  .value.u8 = 1 },
	};

	point(file, slot, write_table(file, field, 6));
	write_ints(file, &field[0], tensor->dims, tensor->rank);
	write_string(file, &field[3], tensor->name);
	if (is_quantized)
		write_quant(file, tensor, &field[4]);
}

static void write_tensors(struct file *file, const struct atoll_builder *b,
			  const struct field *field)
{
	const struct atoll_builder_tensor *tensor = b->tensors.items;
	size_t slot = write_offsets(file, field, b->tensors.count);
	uint32_t buffers = 1; /* the first is the empty one */

	for (uint32_t i = 0; i < b->tensors.count; i++, slot += 4)
		write_tensor(file, &tensor[i], tensor[i].data ? buffers++ : 0, slot);
}

/* The field of an option. Vectors are offsets, filled in later. */
static struct field option_field(const struct atoll_builder_option *option)
{
	struct field field = { .id = option->id, .width = 4 };

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

static void write_options(struct file *file, const struct atoll_builder_operator *op,
			  const struct field *parent)
{
	struct field field[FIELDS_MAX];

	for (uint32_t i = 0; i < op->options; i++)
		field[i] = option_field(&op->option[i]);
	point(file, parent->slot, write_table(file, field, op->options));
	for (uint32_t i = 0; i < op->options; i++)
		if (op->option[i].kind == ATOLL_OPTION_I32S)
			write_ints(file, &field[i], op->option[i].is, op->option[i].count);
}

static void write_operator(struct file *file, const struct atoll_builder_operator *op,
			   uint32_t code, size_t slot)
{
	uint8_t tag_bytes = op->options_type ? 1 : 0;
	struct field field[] = {
		{ .id = OPERATOR_OPCODE_INDEX, .width = 4, .value.u32 = code },
		OFFSET(OPERATOR_INPUTS),
		OFFSET(OPERATOR_OUTPUTS),
		{ .id = OPERATOR_BUILTIN_OPTIONS_TYPE, .width = tag_bytes,
		  .value.u8 = op->options_type },
		OFFSET_IF(op->options_type, OPERATOR_BUILTIN_OPTIONS),
		OFFSET_IF(op->custom_options, OPERATOR_CUSTOM_OPTIONS),
		OFFSET_IF(op->intermediates, OPERATOR_INTERMEDIATES),
	};

	point(file, slot, write_table(file, field, 7));
	write_ints(file, &field[1], op->input, op->inputs);
	write_ints(file, &field[2], op->output, op->outputs);
	if (op->options_type)
		write_options(file, op, &field[4]);
	if (op->custom_options)
		write_vector(file, field[5].slot, op->custom_options,
			     op->custom_options_bytes, 1, 4);
	write_ints(file, &field[6], op->intermediate, op->intermediates);
}

static void write_operators(struct file *file, const struct atoll_builder *b,
			    const struct field *field)
{
	const struct operator *op = b->operators.items;
	size_t slot = write_offsets(file, field, b->operators.count);

	for (uint32_t i = 0; i < b->operators.count; i++, slot += 4)
		write_operator(file, &op[i].as_given, op[i].code, slot);
}

static void write_graph(struct file *file, const struct atoll_builder *b,
			const struct field *parent)
{
	struct field field[] = {
		OFFSET(SUBGRAPH_TENSORS), OFFSET(SUBGRAPH_INPUTS),
		OFFSET(SUBGRAPH_OUTPUTS), OFFSET(SUBGRAPH_OPERATORS),
		OFFSET(SUBGRAPH_NAME),
	};
	size_t slot = write_offsets(file, parent, 1);

	point(file, slot, write_table(file, field, 5));
	write_tensors(file, b, &field[0]);
	write_ints(file, &field[1], b->input, b->inputs);
	write_ints(file, &field[2], b->output, b->outputs);
	write_operators(file, b, &field[3]);
	write_string(file, &field[4], "main");
}

static void write_buffers(struct file *file, const struct atoll_builder *b,
			  const struct field *parent)
{
	const struct atoll_builder_tensor *tensor = b->tensors.items;
	uint32_t constants = 0;
	size_t slot;

	for (uint32_t i = 0; i < b->tensors.count; i++)
		constants += tensor[i].data != NULL;
	slot = write_offsets(file, parent, 1 + constants);
	point(file, slot, write_table(file, NULL, 0));
	for (uint32_t i = 0; i < b->tensors.count; i++) {
		struct field data = OFFSET(BUFFER_DATA);

		if (!tensor[i].data)
			continue;
		slot += 4;
		point(file, slot, write_table(file, &data, 1));
		write_vector(file, data.slot, tensor[i].data, tensor[i].bytes, 1,
			     CONSTANT_ALIGN);
	}
}

static void write_model(struct file *file, const struct atoll_builder *b)
{
	struct field field[] = {
		{ .id = MODEL_VERSION, .width = 4, .value.u32 = TFLITE_VERSION },
		OFFSET(MODEL_OPERATOR_CODES), OFFSET(MODEL_SUBGRAPHS),
		OFFSET(MODEL_DESCRIPTION), OFFSET(MODEL_BUFFERS),
	};
	size_t root = reserve(file, 8, 0, 4);

	store(file, root + 4, TFLITE_IDENTIFIER, 4);
	point(file, root, write_table(file, field, 5));
	write_codes(file, b, &field[1]);
	write_graph(file, b, &field[2]);
	write_string(file, &field[3], b->description);
	write_buffers(file, b, &field[4]);
}

ATOLL_API int atoll_builder_finish(struct atoll_builder *b, void **bytes, size_t *size,
				   struct atoll_error *err)
{
	struct file file = { .bytes = NULL };
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
