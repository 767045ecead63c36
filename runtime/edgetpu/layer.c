/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/layer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/schema/darwinn.h"

/* More than any operator has tensors; keeps looking for names cheap. */
#define LAYERS_MAX 256
#define NAME_MAX_BYTES 4096

/* The next value of the state in input NAME is the output NAME with this behind. */
#define STATE_SUFFIX "_variable_output"

uint64_t edgetpu_extent(struct edgetpu_range range)
{
	return (uint64_t)((int64_t)range.end - range.start + 1);
}

int edgetpu_shape_read(struct flatbuf_table shape, struct edgetpu_range range[5])
{
	struct flatbuf_vector ranges = flatbuf_vector(shape, DARWINN_TENSOR_SHAPE_DIMENSION);
	struct flatbuf_vector ends = { .at = ranges.at };

	if (ranges.count > 5)
		return -EINVAL;
	for (uint32_t i = 0; i < ranges.count; i++) {
		range[i].start = flatbuf_vector_i32(ends, 2 * i);
		range[i].end = flatbuf_vector_i32(ends, 2 * i + 1);
		if (range[i].start > range[i].end)
			return -EINVAL;
	}
	return (int)ranges.count;
}

static int read_type(struct flatbuf_table table, struct edgetpu_layer *layer,
		     struct atoll_error *err)
{
	static const uint8_t element[] = {
		[EDGETPU_UINT8] = 1, [EDGETPU_UINT16] = 2, [EDGETPU_INT32] = 4,
		[EDGETPU_BFLOAT] = 2, [EDGETPU_HALF] = 2, [EDGETPU_SINGLE] = 4,
		[EDGETPU_INT8] = 1, [EDGETPU_INT16] = 2,
	};
	int type = flatbuf_i16(table, DARWINN_LAYER_DATA_TYPE, 0);

	if (type < 0 || (size_t)type >= sizeof(element) || element[type] == 0)
		return atoll_error_set(err, -ENOTSUP, "numbers of type %d", type);
	layer->type = (enum edgetpu_type)type;
	layer->element = element[type];
	layer->is_signed = type == EDGETPU_INT8 || type == EDGETPU_INT16;
	return 0;
}

/* A number that counts something and is at least 1. */
static int read_count(struct flatbuf_table table, unsigned id, const char *what,
		      int32_t absent, uint32_t *count, struct atoll_error *err)
{
	int32_t value = flatbuf_i32(table, id, absent);

	if (value < 1)
		return atoll_error_set(err, -EINVAL, "%s %" PRId32, what, value);
	*count = (uint32_t)value;
	return 0;
}

/* The product, or 0 when it is past what one layer can have. */
static uint64_t bounded_product(uint64_t a, uint64_t b)
{
	return b != 0 && a > INT32_MAX / b ? 0 : a * b;
}

static int read_dimensions(struct flatbuf_table table, struct edgetpu_layer *layer,
			   struct atoll_error *err)
{
	int r = read_count(table, DARWINN_LAYER_Y_DIM, "y_dim", 1, &layer->y, err);

	if (r == 0)
		r = read_count(table, DARWINN_LAYER_X_DIM, "x_dim", 1, &layer->x, err);
	if (r == 0)
		r = read_count(table, DARWINN_LAYER_Z_DIM, "z_dim", 1, &layer->z, err);
	if (r < 0)
		return r;
	r = edgetpu_shape_read(flatbuf_child(table, DARWINN_LAYER_SHAPE), layer->shape);
	if (r < 0)
		return atoll_error_set(err, r,
				       "its shape has more than 5 or empty dimensions");
	layer->rank = (uint32_t)r;
	return 0;
}

/*
 * The size in the stream is the compiler's, that of the tensor follows from its
 * shape. The y, x and z of layers in slices are not looked at.
 */
static int read_sizes(struct flatbuf_table table, struct edgetpu_layer *layer,
		      bool is_sliced, struct atoll_error *err)
{
	uint64_t cube = bounded_product(bounded_product(layer->y, layer->x), layer->z);
	uint64_t elements = layer->rank ? 1 : cube;
	int r = read_count(table, DARWINN_LAYER_SIZE_BYTES, "size_bytes", 0,
			   &layer->size, err);

	if (r == 0)
		r = read_count(table, DARWINN_LAYER_EXECUTION_COUNT_PER_INFERENCE,
			       "execution_count_per_inference", 1, &layer->executions, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < layer->rank; i++)
		elements = bounded_product(elements, edgetpu_extent(layer->shape[i]));
	if (elements == 0 || (!is_sliced && elements != cube))
		return atoll_error_set(err, -EINVAL, "%" PRIu32 "x%" PRIu32 "x%" PRIu32
				       " numbers%s", layer->y, layer->x, layer->z,
				       elements ? ", which is not what its shape has" : "");
	if (elements * layer->element > layer->size ||
	    bounded_product(layer->size, layer->executions) == 0)
		return atoll_error_set(err, -EINVAL, "%" PRIu64 " numbers of %" PRIu32
				       " bytes in %" PRIu32 " x %" PRIu32 " bytes", elements,
				       layer->element, layer->executions, layer->size);
	layer->bytes = (size_t)(elements * layer->element * layer->executions);
	return 0;
}

static int read_layer(struct flatbuf_table table, bool is_output,
		      struct edgetpu_layer *layer, struct memory *memory,
		      struct atoll_error *err)
{
	struct flatbuf_table numerics = flatbuf_child(table, DARWINN_LAYER_NUMERICS);
	struct flatbuf_table output = { .at = NULL };
	uint8_t tag = flatbuf_u8(table, DARWINN_LAYER_ANY_LAYER_TYPE, 0);
	bool is_sliced;
	int r;

	layer->zero_point = flatbuf_i32(numerics, DARWINN_NUMERICS_ZERO_POINT, 0);
	layer->scale = flatbuf_f32(numerics, DARWINN_NUMERICS_DEQUANTIZATION_FACTOR, 0);
	layer->state_of = -1;
	layer->layout.is_flat = true;
	if (tag != 0 && tag != (is_output ? DARWINN_LAYER_OUTPUT : DARWINN_LAYER_INPUT))
		return atoll_error_set(err, -EINVAL, "is of kind %u", tag);
	if (is_output && tag != 0)
		output = flatbuf_child(table, DARWINN_LAYER_ANY_LAYER);
	is_sliced = flatbuf_child(output, DARWINN_OUTPUT_SHAPE_INFO).at != NULL;

	r = read_type(table, layer, err);
	if (r == 0)
		r = read_dimensions(table, layer, err);
	if (r == 0)
		r = read_sizes(table, layer, is_sliced, err);
	if (r == 0 && is_output)
		r = edgetpu_layout_read(output, layer, memory, err);
	return r;
}

/* Hints and tensors go by name, so each layer has one that no other has. */
static int read_name(struct flatbuf_table table, struct edgetpu_layer *layers, uint32_t i,
		     struct atoll_error *err)
{
	const char *name = flatbuf_string(table, DARWINN_LAYER_NAME);

	if (!name || !*name)
		return atoll_error_set(err, -EINVAL, "has no name");
	if (strnlen(name, NAME_MAX_BYTES) == NAME_MAX_BYTES)
		return atoll_error_set(err, -EINVAL, "a name of more than %d bytes",
				       NAME_MAX_BYTES);
	for (uint32_t j = 0; j < i; j++)
		if (strcmp(name, layers[j].name) == 0)
			return atoll_error_set(err, -EINVAL, "has the name of layer %" PRIu32,
					       j);
	layers[i].name = name;
	return 0;
}

int edgetpu_layers_read(struct flatbuf_vector tables, bool is_output,
			struct memory *memory, struct edgetpu_layer **layer,
			uint32_t *layers, struct atoll_error *err)
{
	const char *what = is_output ? "output" : "input";
	struct edgetpu_layer *list;

	if (tables.count > LAYERS_MAX)
		return atoll_error_set(err, -ENOTSUP, "%" PRIu32 " %s layers", tables.count,
				       what);
	list = memory_take(memory, tables.count * sizeof(*list));
	if (!list)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < tables.count; i++) {
		struct flatbuf_table table = flatbuf_vector_table(tables, i);
		int r = read_name(table, list, i, err);

		if (r == 0)
			r = read_layer(table, is_output, &list[i], memory, err);
		if (r < 0) {
			(void)atoll_error_prefix(err, "%s layer %" PRIu32, what, i);
			return r;
		}
	}
	*layer = list;
	*layers = tables.count;
	return 0;
}

/* The input whose state `name` is the next value of: its index, -1 when `name` is
   no state, -ENOENT when there is no such input. */
static int find_state(const char *name, const struct edgetpu_layer *input, uint32_t inputs)
{
	size_t length = strlen(name), suffix = strlen(STATE_SUFFIX);

	if (length < suffix || strcmp(name + length - suffix, STATE_SUFFIX) != 0)
		return -1;
	for (uint32_t i = 0; i < inputs; i++)
		if (strlen(input[i].name) == length - suffix &&
		    memcmp(input[i].name, name, length - suffix) == 0)
			return (int)i;
	return -ENOENT;
}

int edgetpu_states_match(struct edgetpu_layer *output, uint32_t outputs,
			 const struct edgetpu_layer *input, uint32_t inputs,
			 struct atoll_error *err)
{
	for (uint32_t i = 0; i < outputs; i++) {
		int state = find_state(output[i].name, input, inputs);

		if (state == -ENOENT)
			return atoll_error_set(err, -EINVAL, "output layer %" PRIu32 ": no "
					       "input layer has this state", i);
		if (state < 0 && i > 0 && output[i - 1].state_of >= 0)
			return atoll_error_set(err, -EINVAL, "output layer %" PRIu32
					       ": comes behind a state", i);
		if (state >= 0 && (input[state].bytes != output[i].bytes ||
				   input[state].type != output[i].type))
			return atoll_error_set(err, -EINVAL, "output layer %" PRIu32 ": %zu "
					       "bytes for a state of %zu", i,
					       output[i].bytes, input[state].bytes);
		output[i].state_of = state;
	}
	return 0;
}
