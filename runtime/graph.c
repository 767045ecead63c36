/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tensors and operators, with the checks that the schema cannot make: indices,
 * sizes, shapes, scales, and that every operator finds its inputs computed.
 *
 * Strings, constants and option tables stay in the file. Everything else is
 * copied, since nothing in a FlatBuffer has to be aligned.
 */
#include "runtime/graph.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"

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
	scales = READER_TAKE(reader, list.count, scales);
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
	copy = reader_take(reader, length, 1, READER_ALIGN_MAX);
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
	int r = reader_buffer(reader, flatbuf_u32(table, TENSOR_BUFFER, 0), &bytes, &length);

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
	uint8_t *is_variable = READER_TAKE(reader, list.count, is_variable);

	graph->tensor = READER_TAKE(reader, list.count, graph->tensor);
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
	int32_t *copy = READER_TAKE(reader, list.count, copy);

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
	char *name = reader_take(reader, room, 1, 1);

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
		return reader_behind(reader, offset, size, &op->custom_options,
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
	struct atoll_operator *op = READER_TAKE(reader, list.count, op);

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
		tensor->data = (void *)(uintptr_t)reader->model->bytes;
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

int graph_read(struct reader *reader, struct flatbuf_vector list)
{
	struct atoll_model *model = reader->model;
	struct atoll_graph *graph;
	int r = 0;

	if (list.count == 0)
		return atoll_error_set(reader->err, -EINVAL, "subgraphs: none");
	graph = READER_TAKE(reader, list.count, graph);
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
