/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model file becomes the plain structs of model.h in three steps: map it,
 * verify that it is a FlatBuffer of the schema, then read it table by table,
 * checking what the schema cannot say: indices, sizes, shapes, scales, and
 * that every operator finds its inputs computed.
 *
 * Strings, constants and option tables stay in the file. Everything else is
 * copied, since nothing in a FlatBuffer has to be aligned.
 */
#include "runtime/model.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/schema/tflite.h"

#define ALIGNMENT 64      /* a cache line; kernels like it for constants */
#define BLOCK_BYTES 65536 /* what a small model needs in one piece */

/* Memory is only ever taken, and freed all at once with the model. */
struct block {
	struct block *next;
	size_t used, size;
	alignas(ALIGNMENT) uint8_t bytes[];
};

/* What atoll_model_load returns the address of: the model comes first. */
struct loaded {
	struct atoll_model model;
	struct block *blocks;
	void *mapping; /* of model.size bytes; NULL when they are the caller's */
};

struct reader {
	struct loaded *loaded;
	struct flatbuf_vector codes, buffers;
	uint32_t graph;          /* the one being read, for sentences */
	struct atoll_error *err; /* never NULL: sentences are put together in steps */
};

static struct block *new_block(struct loaded *loaded, size_t bytes)
{
	size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct block *block;

	if (size > SIZE_MAX - sizeof(*block) - ALIGNMENT)
		return NULL;
	block = aligned_alloc(ALIGNMENT, (sizeof(*block) + size + ALIGNMENT - 1) /
					 ALIGNMENT * ALIGNMENT);
	if (!block)
		return NULL;
	*block = (struct block){ .next = loaded->blocks, .size = size };
	loaded->blocks = block;
	return block;
}

/* Zeroed memory for `count` things; NULL, with the sentence, when there is none. */
static void *take(struct reader *reader, size_t count, size_t width, size_t align)
{
	struct block *block = reader->loaded->blocks;
	size_t bytes, start = 0;
	void *memory;

	if (__builtin_mul_overflow(count, width, &bytes))
		bytes = SIZE_MAX;
	if (block)
		start = (block->used + align - 1) / align * align;
	if (!block || start > block->size || bytes > block->size - start) {
		start = 0;
		block = new_block(reader->loaded, bytes);
	}
	if (!block) {
		atoll_error_set(reader->err, -ENOMEM, "no memory for %zu bytes", bytes);
		return NULL;
	}
	memory = block->bytes + start;
	block->used = start + bytes;
	return memset(memory, 0, bytes);
}

/* An array of `count` of what `pointer` points to. */
#define TAKE(reader, count, pointer) \
	take(reader, count, sizeof(*(pointer)), alignof(max_align_t))

/*
 * The contents of buffers[index]: inside the FlatBuffer or, in files too large
 * for its 32-bit offsets, behind it.
 */
static int behind(struct reader *reader, uint64_t offset, uint64_t size,
		  const uint8_t **bytes, size_t *length)
{
	const struct atoll_model *model = &reader->loaded->model;

	if (offset > model->size || size > model->size - offset)
		return atoll_error_set(reader->err, -EINVAL,
				       "%" PRIu64 " bytes at offset %" PRIu64
				       " run past the end of the file", size, offset);
	*bytes = model->bytes + offset;
	*length = (size_t)size;
	return 0;
}

static int read_buffer(struct reader *reader, uint32_t index, const uint8_t **bytes,
		       size_t *length)
{
	struct flatbuf_table buffer;
	struct flatbuf_vector data;
	uint64_t offset;

	*bytes = NULL;
	*length = 0;
	/* Graphs without constants may come without any buffer. */
	if (index == 0 && reader->buffers.count == 0)
		return 0;
	if (index >= reader->buffers.count)
		return atoll_error_set(reader->err, -EINVAL,
				       "buffer %" PRIu32 " of %" PRIu32, index,
				       reader->buffers.count);
	buffer = flatbuf_vector_table(reader->buffers, index);
	data = flatbuf_vector(buffer, BUFFER_DATA);
	offset = flatbuf_u64(buffer, BUFFER_OFFSET, 0);
	*bytes = data.at;
	*length = data.count;
	/* Writers leave 1 where they meant to fill in an offset and did not. */
	if (offset > 1)
		return behind(reader, offset, flatbuf_u64(buffer, BUFFER_SIZE, 0), bytes,
			      length);
	return 0;
}

static int read_metadata(struct reader *reader, struct flatbuf_vector list)
{
	struct atoll_model *model = &reader->loaded->model;
	struct atoll_metadata *metadatum = TAKE(reader, list.count, metadatum);

	if (!metadatum)
		return -ENOMEM;
	model->metadata = list.count;
	model->metadatum = metadatum;
	for (uint32_t i = 0; i < list.count; i++) {
		struct flatbuf_table entry = flatbuf_vector_table(list, i);
		const char *name = flatbuf_string(entry, METADATA_NAME);
		int r = read_buffer(reader, flatbuf_u32(entry, METADATA_BUFFER, 0),
				    &metadatum[i].bytes, &metadatum[i].size);

		if (r < 0) {
			atoll_error_prefix(reader->err, "metadata[%" PRIu32 "]", i);
			return r;
		}
		metadatum[i].name = name ? name : "";
	}
	return 0;
}

static int read_shape(struct reader *reader, struct flatbuf_table table,
		      struct atoll_tensor *tensor)
{
	struct flatbuf_vector shape = flatbuf_vector(table, TENSOR_SHAPE);
	int32_t dims[ATOLL_RANK_MAX] = { 0 };

	for (uint32_t i = 0; i < shape.count && i < ATOLL_RANK_MAX; i++)
		dims[i] = flatbuf_vector_i32(shape, i);
	return atoll_tensor_reshape(tensor, shape.count, dims, reader->err);
}

/* Smallest and largest stored value of the types whose zero points we use. */
static bool zero_point_fits(enum atoll_type type, int64_t zero_point)
{
	switch (type) {
	case ATOLL_UINT8:
		return zero_point >= 0 && zero_point <= UINT8_MAX;
	case ATOLL_INT8:
		return zero_point >= INT8_MIN && zero_point <= INT8_MAX;
	case ATOLL_INT16:
		return zero_point >= INT16_MIN && zero_point <= INT16_MAX;
	default:
		return zero_point >= INT32_MIN && zero_point <= INT32_MAX;
	}
}

/* Which dimension the scales of a tensor with more than one belong to. */
static int read_axis(struct reader *reader, struct flatbuf_table table,
		     struct atoll_tensor *tensor)
{
	int32_t axis = flatbuf_i32(table, QUANTIZATION_QUANTIZED_DIMENSION, 0);

	/* The person detection model that many tutorials use gives its biases, which
	   have one dimension, that of the filters: 3. */
	if (tensor->rank == 1)
		axis = 0;
	if (axis < 0 || (uint32_t)axis >= tensor->rank)
		return atoll_error_set(reader->err, -EINVAL, "quantized_dimension %" PRId32
				       " of %" PRIu32, axis, tensor->rank);
	if ((uint32_t)tensor->dims[axis] != tensor->quant.channels)
		return atoll_error_set(reader->err, -EINVAL,
				       "%" PRIu32 " scales for %" PRId32 " channels",
				       tensor->quant.channels, tensor->dims[axis]);
	tensor->quant.axis = (uint32_t)axis;
	return 0;
}

static int read_zero_points(struct reader *reader, struct flatbuf_table table,
			    struct atoll_tensor *tensor)
{
	struct flatbuf_vector zeros = flatbuf_vector(table, QUANTIZATION_ZERO_POINT);
	struct atoll_quant *quant = &tensor->quant;

	if (zeros.count > 1 && zeros.count != quant->channels)
		return atoll_error_set(reader->err, -EINVAL,
				       "%" PRIu32 " zero points for %" PRIu32 " scales",
				       zeros.count, quant->channels);
	for (uint32_t i = 0; i < zeros.count; i++) {
		int64_t zero_point = flatbuf_vector_i64(zeros, i);

		if (quant->channels > 1 && zero_point != 0)
			return atoll_error_set(reader->err, -EINVAL,
					       "zero point %" PRId64 " of channel %" PRIu32
					       ", only 0 is supported there",
					       zero_point, i);
		if (!zero_point_fits(tensor->type, zero_point))
			return atoll_error_set(reader->err, -EINVAL,
					       "zero point %" PRId64 " does not fit %s",
					       zero_point, atoll_type_name(tensor->type));
		quant->zero_point = (int32_t)zero_point;
	}
	return 0;
}

/* A table without scales, such as old float tensors have, quantizes nothing. */
static int read_quant(struct reader *reader, struct flatbuf_table table,
		      struct atoll_tensor *tensor)
{
	struct flatbuf_vector list = flatbuf_vector(table, QUANTIZATION_SCALE);
	struct atoll_quant *quant = &tensor->quant;
	float *scales;
	int r;

	if (list.count == 0)
		return 0;
	scales = TAKE(reader, list.count, scales);
	if (!scales)
		return -ENOMEM;
	for (uint32_t i = 0; i < list.count; i++) {
		scales[i] = flatbuf_vector_f32(list, i);
		if (!isfinite(scales[i]) || scales[i] < 0)
			return atoll_error_set(reader->err, -EINVAL,
					       "scale[%" PRIu32 "] is %g", i,
					       (double)scales[i]);
	}
	quant->channels = list.count;
	quant->scales = scales;
	quant->scale = scales[0];

	r = list.count > 1 ? read_axis(reader, table, tensor) : 0;
	return r < 0 ? r : read_zero_points(reader, table, tensor);
}

/* A copy where the contents lie at an address that their type cannot be read from. */
static const uint8_t *align_constant(struct reader *reader, const uint8_t *bytes,
				     size_t length, size_t width)
{
	uint8_t *copy;

	if (width <= 1 || (uintptr_t)bytes % width == 0)
		return bytes;
	copy = take(reader, length, 1, ALIGNMENT);
	if (copy)
		memcpy(copy, bytes, length);
	return copy;
}

/* Contents of types without a fixed element size are not looked into. */
static int read_constant(struct reader *reader, struct flatbuf_table table,
			 struct atoll_tensor *tensor)
{
	size_t width = atoll_type_bytes(tensor->type), length;
	const uint8_t *bytes;
	int r = read_buffer(reader, flatbuf_u32(table, TENSOR_BUFFER, 0), &bytes, &length);

	if (r < 0 || length == 0)
		return r;
	if (width != 0 && length != tensor->bytes)
		return atoll_error_set(reader->err, -EINVAL,
				       "%zu bytes in its buffer, %zu expected", length,
				       tensor->bytes);
	bytes = align_constant(reader, bytes, length, width);
	if (!bytes)
		return -ENOMEM;
	tensor->bytes = length;
	/* The struct serves outputs too; nobody writes through a constant. */
	tensor->data = (void *)(uintptr_t)bytes;
	return 0;
}

static int read_tensor(struct reader *reader, struct flatbuf_table table,
		       struct atoll_tensor *tensor, uint8_t *is_variable)
{
	const char *name = flatbuf_string(table, TENSOR_NAME);
	int8_t type = flatbuf_i8(table, TENSOR_TYPE, ATOLL_FLOAT32);
	int r;

	tensor->name = name ? name : "";
	if (type < 0 || type > TENSOR_TYPE_LAST)
		return atoll_error_set(reader->err, -EINVAL, "type %d is unknown", type);
	tensor->type = (enum atoll_type)type;
	if (flatbuf_child(table, TENSOR_SPARSITY).at)
		return atoll_error_set(reader->err, -EINVAL,
				       "sparse contents are not supported");
	if (flatbuf_u32(table, TENSOR_EXTERNAL_BUFFER, 0) != 0)
		return atoll_error_set(reader->err, -EINVAL,
				       "contents in another file are not supported");

	r = read_shape(reader, table, tensor);
	if (r == 0)
		r = read_quant(reader, flatbuf_child(table, TENSOR_QUANTIZATION), tensor);
	if (r == 0)
		r = read_constant(reader, table, tensor);
	if (r < 0)
		return r;

	*is_variable = flatbuf_bool(table, TENSOR_IS_VARIABLE, false);
	if (*is_variable && tensor->data)
		return atoll_error_set(reader->err, -EINVAL,
				       "is variable and constant at once");
	return 0;
}

static int read_tensors(struct reader *reader, struct flatbuf_vector list,
			struct atoll_graph *graph)
{
	uint8_t *is_variable = TAKE(reader, list.count, is_variable);

	graph->tensor = TAKE(reader, list.count, graph->tensor);
	if (!is_variable || !graph->tensor)
		return -ENOMEM;
	graph->tensors = list.count;
	graph->is_variable = is_variable;
	for (uint32_t i = 0; i < list.count; i++) {
		int r = read_tensor(reader, flatbuf_vector_table(list, i),
				    &graph->tensor[i], &is_variable[i]);

		if (r < 0) {
			atoll_error_prefix(reader->err,
					   "subgraphs[%" PRIu32 "].tensors[%" PRIu32 "]",
					   reader->graph, i);
			return r;
		}
	}
	return 0;
}

/* A list of tensor indices from `low` (0, or -1 where some may be left out) up. */
static int read_indices(struct reader *reader, struct flatbuf_vector list, int32_t low,
			const struct atoll_graph *graph, const int32_t **indices,
			uint32_t *count)
{
	int32_t *copy = TAKE(reader, list.count, copy);

	if (!copy)
		return -ENOMEM;
	for (uint32_t i = 0; i < list.count; i++) {
		copy[i] = flatbuf_vector_i32(list, i);
		if (copy[i] < low || copy[i] >= (int64_t)graph->tensors)
			return atoll_error_set(reader->err, -EINVAL,
					       "[%" PRIu32 "] is tensor %" PRId32
					       " of %" PRIu32, i, copy[i], graph->tensors);
	}
	*indices = copy;
	*count = list.count;
	return 0;
}

/* "operator 999" for codes that no name is known for. */
static const char *unnamed(struct reader *reader, uint32_t code)
{
	size_t room = sizeof("operator 4294967295");
	char *name = take(reader, room, 1, 1);

	if (name)
		snprintf(name, room, "operator %" PRIu32, code);
	return name;
}

static int read_code(struct reader *reader, uint32_t index, struct atoll_operator *op)
{
	struct flatbuf_table code;
	int32_t old, new;

	if (index >= reader->codes.count)
		return atoll_error_set(reader->err, -EINVAL,
				       "operator code %" PRIu32 " of %" PRIu32, index,
				       reader->codes.count);
	code = flatbuf_vector_table(reader->codes, index);
	old = flatbuf_i8(code, OPERATOR_CODE_DEPRECATED_BUILTIN_CODE, 0);
	new = flatbuf_i32(code, OPERATOR_CODE_BUILTIN_CODE, 0);
	if (old < 0 || new < 0)
		return atoll_error_set(reader->err, -EINVAL, "operator code %" PRId32,
				       old < 0 ? old : new);
	op->code = (uint32_t)(old > new ? old : new);
	op->version = flatbuf_i32(code, OPERATOR_CODE_VERSION, 1);
	if (op->code == BUILTIN_CUSTOM)
		op->name = flatbuf_string(code, OPERATOR_CODE_CUSTOM_CODE);
	else
		op->name = atoll_operator_name(op->code);
	if (op->name)
		return 0;
	if (op->code == BUILTIN_CUSTOM)
		return atoll_error_set(reader->err, -EINVAL,
				       "custom operator without a name");
	op->name = unnamed(reader, op->code);
	return op->name ? 0 : -ENOMEM;
}

/*
 * Verification went by the tag of the table, kernels read by the operator, so
 * the two have to agree. Like TFLite we treat a table of another operator as
 * none at all.
 */
static int read_options(struct reader *reader, struct flatbuf_table table,
			struct atoll_operator *op)
{
	struct flatbuf_vector custom = flatbuf_vector(table, OPERATOR_CUSTOM_OPTIONS);
	uint64_t offset = flatbuf_u64(table, OPERATOR_LARGE_CUSTOM_OPTIONS_OFFSET, 0);
	uint64_t size = flatbuf_u64(table, OPERATOR_LARGE_CUSTOM_OPTIONS_SIZE, 0);

	op->options_type = flatbuf_u8(table, OPERATOR_BUILTIN_OPTIONS_TYPE, OPTIONS_NONE);
	if (op->options_type == tflite_operator_options(op->code))
		op->options = flatbuf_child(table, OPERATOR_BUILTIN_OPTIONS);
	op->custom_options = custom.at;
	op->custom_options_bytes = custom.count;
	if (offset > 1)
		return behind(reader, offset, size, &op->custom_options,
			      &op->custom_options_bytes);
	return 0;
}

static int read_operator(struct reader *reader, struct flatbuf_table table,
			 const struct atoll_graph *graph, struct atoll_operator *op)
{
	const struct {
		const char *name;
		unsigned field;
		int32_t low;
		const int32_t **indices;
		uint32_t *count;
	} lists[] = {
		{ "inputs", OPERATOR_INPUTS, -1, &op->input, &op->inputs },
		{ "outputs", OPERATOR_OUTPUTS, 0, &op->output, &op->outputs },
		{ "intermediates", OPERATOR_INTERMEDIATES, -1, &op->intermediate,
		  &op->intermediates },
	};
	int r = read_code(reader, flatbuf_u32(table, OPERATOR_OPCODE_INDEX, 0), op);

	if (r == 0)
		r = read_options(reader, table, op);
	for (size_t i = 0; i < 3 && r == 0; i++) {
		r = read_indices(reader, flatbuf_vector(table, lists[i].field),
				 lists[i].low, graph, lists[i].indices, lists[i].count);
		if (r < 0)
			atoll_error_prefix(reader->err, "%s", lists[i].name);
	}
	return r;
}

/* Put "subgraphs[0].operators[3] CONV_2D" before the sentence. */
static void name_operator(const struct reader *reader, uint32_t i, const char *name)
{
	atoll_error_prefix(reader->err, "subgraphs[%" PRIu32 "].operators[%" PRIu32 "]%s%s",
			   reader->graph, i, name ? " " : "", name ? name : "");
}

static int read_operators(struct reader *reader, struct flatbuf_vector list,
			  struct atoll_graph *graph)
{
	struct atoll_operator *op = TAKE(reader, list.count, op);

	if (!op)
		return -ENOMEM;
	graph->op = op;
	graph->operators = list.count;
	for (uint32_t i = 0; i < list.count; i++) {
		int r = read_operator(reader, flatbuf_vector_table(list, i), graph, &op[i]);

		if (r < 0) {
			name_operator(reader, i, op[i].name);
			return r;
		}
	}
	return 0;
}

/* Where the contents of a tensor come from, as far as the graph was walked. */
enum origin { NOWHERE, CONSTANT, VARIABLE, INPUT, COMPUTED };

static int check_inputs(struct reader *reader, const struct atoll_graph *graph,
			const struct atoll_operator *op, uint8_t *origin)
{
	for (uint32_t i = 0; i < op->inputs; i++) {
		int32_t index = op->input[i];
		struct atoll_tensor *tensor;

		if (index < 0 || origin[index] != NOWHERE)
			continue;
		tensor = &graph->tensor[index];
		/* An empty list, say of axes, has no bytes that could be in a buffer. */
		if (tensor->elements != 0)
			return atoll_error_set(reader->err, -EINVAL,
					       "input %" PRIu32 " is tensor %" PRId32
					       ", which is not computed before it", i, index);
		origin[index] = CONSTANT;
		tensor->data = (void *)(uintptr_t)reader->loaded->model.bytes;
	}
	return 0;
}

static int check_outputs(struct reader *reader, const struct atoll_operator *op,
			 uint8_t *origin)
{
	static const char *const what[] = {
		[CONSTANT] = "is constant",
		[INPUT] = "is an input of the graph",
		[COMPUTED] = "is computed already",
	};

	for (uint32_t i = 0; i < op->outputs; i++) {
		int32_t index = op->output[i];

		if (origin[index] == VARIABLE)
			continue;
		if (origin[index] != NOWHERE)
			return atoll_error_set(reader->err, -EINVAL,
					       "output %" PRIu32 " is tensor %" PRId32
					       ", which %s", i, index, what[origin[index]]);
		origin[index] = COMPUTED;
	}
	return 0;
}

/* Each tensor has one source, and has it before it is used. */
static int check_order(struct reader *reader, const struct atoll_graph *graph)
{
	uint8_t *origin = calloc(graph->tensors + (size_t)1, 1);
	int r = 0;

	if (!origin)
		return atoll_error_set(reader->err, -ENOMEM, "no memory for %" PRIu32
				       " bytes", graph->tensors);
	for (uint32_t i = 0; i < graph->tensors; i++)
		origin[i] = graph->tensor[i].data ? CONSTANT :
			    graph->is_variable[i] ? VARIABLE : NOWHERE;
	for (uint32_t i = 0; i < graph->inputs && r == 0; i++) {
		int32_t index = graph->input[i];

		if (origin[index] == CONSTANT)
			r = atoll_error_set(reader->err, -EINVAL, "subgraphs[%" PRIu32
					    "].inputs: [%" PRIu32 "] is tensor %" PRId32
					    ", which is constant", reader->graph, i, index);
		origin[index] = INPUT;
	}
	for (uint32_t i = 0; i < graph->operators && r == 0; i++) {
		r = check_inputs(reader, graph, &graph->op[i], origin);
		if (r == 0)
			r = check_outputs(reader, &graph->op[i], origin);
		if (r < 0)
			name_operator(reader, i, graph->op[i].name);
	}
	for (uint32_t i = 0; i < graph->outputs && r == 0; i++)
		if (origin[graph->output[i]] == NOWHERE)
			r = atoll_error_set(reader->err, -EINVAL, "subgraphs[%" PRIu32
					    "].outputs: [%" PRIu32 "] is tensor %" PRId32
					    ", which is never computed", reader->graph, i,
					    graph->output[i]);
	free(origin);
	return r;
}

static int read_graph(struct reader *reader, struct flatbuf_table table,
		      struct atoll_graph *graph)
{
	const char *name = flatbuf_string(table, SUBGRAPH_NAME);
	int r = read_tensors(reader, flatbuf_vector(table, SUBGRAPH_TENSORS), graph);

	graph->name = name ? name : "";
	if (r < 0)
		return r;
	r = read_indices(reader, flatbuf_vector(table, SUBGRAPH_INPUTS), 0, graph,
			 &graph->input, &graph->inputs);
	if (r < 0) {
		atoll_error_prefix(reader->err, "subgraphs[%" PRIu32 "].inputs",
				   reader->graph);
		return r;
	}
	r = read_indices(reader, flatbuf_vector(table, SUBGRAPH_OUTPUTS), 0, graph,
			 &graph->output, &graph->outputs);
	if (r < 0) {
		atoll_error_prefix(reader->err, "subgraphs[%" PRIu32 "].outputs",
				   reader->graph);
		return r;
	}
	r = read_operators(reader, flatbuf_vector(table, SUBGRAPH_OPERATORS), graph);
	return r < 0 ? r : check_order(reader, graph);
}

static int read_graphs(struct reader *reader, struct flatbuf_vector list)
{
	struct atoll_model *model = &reader->loaded->model;
	struct atoll_graph *graph;
	int r = 0;

	if (list.count == 0)
		return atoll_error_set(reader->err, -EINVAL, "subgraphs: none");
	graph = TAKE(reader, list.count, graph);
	if (!graph)
		return -ENOMEM;
	model->graph = graph;
	model->graphs = list.count;
	for (uint32_t i = 0; i < list.count && r == 0; i++) {
		reader->graph = i;
		r = read_graph(reader, flatbuf_vector_table(list, i), &graph[i]);
	}
	return r;
}

/* Tensors without contents point to buffer 0. */
static int check_first_buffer(struct reader *reader)
{
	const uint8_t *bytes;
	size_t length;
	int r = read_buffer(reader, 0, &bytes, &length);

	if (r == 0 && length != 0)
		r = atoll_error_set(reader->err, -EINVAL,
				    "%zu bytes where none belong", length);
	if (r < 0)
		atoll_error_prefix(reader->err, "buffers[0]");
	return r;
}

/* The whole file, whose bytes are in place. */
static int read_model(struct loaded *loaded, const char *name, struct atoll_error *err)
{
	struct reader reader = { .loaded = loaded, .err = err };
	struct atoll_model *model = &loaded->model;
	struct flatbuf_table root;
	const char *description;
	uint32_t version;
	char *path = TAKE(&reader, strlen(name) + 1, path);
	int r;

	if (!path)
		return -ENOMEM;
	model->path = strcpy(path, name);
	r = flatbuf_verify(model->bytes, model->size, &tflite_model_type,
			   TFLITE_IDENTIFIER, &root, err);
	if (r < 0)
		return r;
	version = flatbuf_u32(root, MODEL_VERSION, 0);
	if (version != TFLITE_VERSION)
		return atoll_error_set(err, -EINVAL, "version %" PRIu32 ", expected %d",
				       version, TFLITE_VERSION);
	description = flatbuf_string(root, MODEL_DESCRIPTION);
	model->description = description ? description : "";
	reader.codes = flatbuf_vector(root, MODEL_OPERATOR_CODES);
	reader.buffers = flatbuf_vector(root, MODEL_BUFFERS);

	r = check_first_buffer(&reader);
	if (r == 0)
		r = read_metadata(&reader, flatbuf_vector(root, MODEL_METADATA));
	if (r == 0)
		r = read_graphs(&reader, flatbuf_vector(root, MODEL_SUBGRAPHS));
	return r;
}

/* Finish what holds the bytes; frees it and returns NULL when they are no model. */
static struct atoll_model *finish(struct loaded *loaded, const char *name,
				  struct atoll_error *err)
{
	struct atoll_error why;

	if (read_model(loaded, name, &why) == 0)
		return &loaded->model;
	atoll_error_set(err, why.code, "%s: %s", name, why.text);
	atoll_model_free(&loaded->model);
	return NULL;
}

ATOLL_API struct atoll_model *atoll_model_load_bytes(const void *bytes, size_t size,
						     const char *name,
						     struct atoll_error *err)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));

	if (!loaded) {
		atoll_error_set(err, -ENOMEM, "%s: no memory", name);
		return NULL;
	}
	loaded->model.bytes = bytes;
	loaded->model.size = size;
	return finish(loaded, name, err);
}

/* Map the regular file behind `fd`. */
static int map_file(struct loaded *loaded, int fd, const char *path,
		    struct atoll_error *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return atoll_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return atoll_error_set(err, -EISDIR, "%s: is a directory", path);
	if (!S_ISREG(status.st_mode))
		return atoll_error_set(err, -EINVAL, "%s: is not a regular file", path);
	if (status.st_size == 0)
		return atoll_error_set(err, -EINVAL, "%s: is empty", path);
	if ((uintmax_t)status.st_size > PTRDIFF_MAX)
		return atoll_error_set(err, -EFBIG, "%s: is too large to map", path);

	loaded->model.size = (size_t)status.st_size;
	loaded->mapping = mmap(NULL, loaded->model.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (loaded->mapping == MAP_FAILED) {
		loaded->mapping = NULL;
		return atoll_error_set(err, -errno, "%s: map: %s", path, strerror(errno));
	}
	loaded->model.bytes = loaded->mapping;
	loaded->model.is_mapped = 1;
	return 0;
}

ATOLL_API struct atoll_model *atoll_model_load(const char *path, struct atoll_error *err)
{
	struct loaded *loaded;
	/* A pipe would otherwise keep us waiting for someone to open its other end. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0) {
		atoll_error_set(err, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	loaded = calloc(1, sizeof(*loaded));
	if (loaded)
		r = map_file(loaded, fd, path, err);
	else
		r = atoll_error_set(err, -ENOMEM, "%s: no memory", path);
	(void)close(fd); /* the mapping stays; nothing was written */
	if (r < 0) {
		free(loaded);
		return NULL;
	}
	return finish(loaded, path, err);
}

ATOLL_API void atoll_model_free(struct atoll_model *model)
{
	struct loaded *loaded = (struct loaded *)model;

	if (!loaded)
		return;
	while (loaded->blocks) {
		struct block *block = loaded->blocks;

		loaded->blocks = block->next;
		free(block);
	}
	if (loaded->mapping)
		(void)munmap(loaded->mapping, loaded->model.size); /* ours: cannot fail */
	free(loaded);
}
