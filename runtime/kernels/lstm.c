/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/lstm.h"

#include <errno.h>
#include <string.h>

#include "runtime/schema/tflite.h"

const struct atoll_tensor *lstm_peephole(const struct lstm *lstm, enum lstm_gate gate)
{
	switch (gate) {
	case LSTM_IN:
		return lstm->tensor[LSTM_PEEPHOLES];
	case LSTM_FORGET:
		return lstm->tensor[LSTM_PEEPHOLES + 1];
	case LSTM_OUT:
		return lstm->tensor[LSTM_PEEPHOLES + 2];
	default:
		return NULL;
	}
}

int lstm_check_types(const struct kernel_node *node, uint32_t first, uint32_t count,
		     enum atoll_type type, struct atoll_error *err)
{
	for (uint32_t i = first; i < first + count && i < node->inputs; i++) {
		int r = node->input[i] ?
			kernel_check_input(node, i, KERNEL_TYPE(type), err) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int run(const struct kernel_node *node, struct pool *pool)
{
	const struct lstm *lstm = node->prepared;
	const uint8_t *in = node->input[LSTM_X]->data;
	uint8_t *out = node->output[0]->data;
	size_t type_bytes = atoll_type_bytes(node->output[0]->type);
	size_t x_bytes = lstm->inputs * type_bytes, h_bytes = lstm->outputs * type_bytes;
	size_t c_bytes = lstm->cells * atoll_type_bytes(node->input[LSTM_C_STATE]->type);

	(void)pool; /* each step waits for the one before */
	for (uint32_t b = 0; b < lstm->batches; b++) {
		uint8_t *h = (uint8_t *)node->input[LSTM_H_STATE]->data + b * h_bytes;
		uint8_t *c = (uint8_t *)node->input[LSTM_C_STATE]->data + b * c_bytes;

		for (uint32_t t = 0; t < lstm->steps; t++) {
			size_t row = lstm->is_time_major ?
				(size_t)t * lstm->batches + b : (size_t)b * lstm->steps + t;

			lstm->step(lstm, in + row * x_bytes, h, c, node->scratch);
			memcpy(out + row * h_bytes, h, h_bytes);
		}
	}
	return 0;
}

/* Input i is there, constant, and has the shape [rows][columns] or, with
   columns 0, [rows]. */
static int check_weights(const struct kernel_node *node, uint32_t i, uint32_t rows,
			 uint32_t columns, struct atoll_error *err)
{
	int32_t dims[2] = { (int32_t)rows, (int32_t)columns };
	char found[ATOLL_SHAPE_TEXT], wanted[ATOLL_SHAPE_TEXT];
	uint32_t rank = columns > 0 ? 2 : 1;
	const struct atoll_tensor *tensor;

	if (i >= node->inputs || !node->input[i])
		return kernel_error(node, err, "input %u is left out", i);
	tensor = node->input[i];
	if (tensor->rank != rank || memcmp(tensor->dims, dims, rank * sizeof(*dims)) != 0)
		return kernel_error(node, err, "input %u (%s): shape %s, expected %s", i,
				    tensor->name,
				    atoll_shape_text(tensor->rank, tensor->dims, found),
				    atoll_shape_text(rank, dims, wanted));
	if (!tensor->data)
		return kernel_error(node, err, "input %u (%s): weights that are not "
				    "constant are not supported", i, tensor->name);
	return 0;
}

static int check_gate(const struct kernel_node *node, const struct lstm *lstm,
		      enum lstm_gate gate, struct atoll_error *err)
{
	uint32_t peephole = gate == LSTM_OUT ? LSTM_PEEPHOLES + 2 : LSTM_PEEPHOLES + gate;
	int r = check_weights(node, LSTM_X_WEIGHTS + gate, lstm->cells, lstm->inputs, err);

	if (r == 0)
		r = check_weights(node, LSTM_H_WEIGHTS + gate, lstm->cells, lstm->outputs, err);
	if (r == 0)
		r = check_weights(node, LSTM_BIASES + gate, lstm->cells, 0, err);
	if (r == 0 && lstm->has_peepholes && gate != LSTM_CELL)
		r = check_weights(node, peephole, lstm->cells, 0, err);
	if (r == 0 && lstm->has_norms)
		r = check_weights(node, LSTM_NORMS + gate, lstm->cells, 0, err);
	return r;
}

static int check_state(const struct kernel_node *node, uint32_t i, uint32_t batches,
		       uint32_t width, struct atoll_error *err)
{
	const struct atoll_tensor *state = i < node->inputs ? node->input[i] : NULL;

	if (!state)
		return kernel_error(node, err, "input %u is left out", i);
	if (state->data)
		return kernel_error(node, err, "input %u (%s): a constant cannot keep state",
				    i, state->name);
	if (state->elements != (size_t)batches * width)
		return kernel_error(node, err, "input %u (%s): %zu values, expected %u of %u",
				    i, state->name, state->elements, batches, width);
	return 0;
}

/* Rows and steps of the input; [batch][inputs] alone is one step. */
static int measure_input(const struct kernel_node *node, struct lstm *lstm,
			 struct atoll_error *err)
{
	const struct atoll_tensor *x = node->input[LSTM_X];
	uint32_t rank = node->op->code == BUILTIN_LSTM ? 2 : 3;

	if (x->rank != rank || x->dims[rank - 1] == 0)
		return kernel_error(node, err, "input (%s): %u dimensions, expected %u, the "
				    "last not 0", x->name, x->rank, rank);
	lstm->inputs = (uint32_t)x->dims[rank - 1];
	lstm->steps = rank == 2 ? 1 : (uint32_t)x->dims[lstm->is_time_major ? 0 : 1];
	lstm->batches = (uint32_t)x->dims[rank == 3 && lstm->is_time_major ? 1 : 0];
	return 0;
}

/* The output gate's weights, which every kind has, tell the other sizes. */
static int measure_weights(const struct kernel_node *node, struct lstm *lstm,
			   struct atoll_error *err)
{
	const struct atoll_tensor *h = lstm->tensor[LSTM_H_WEIGHTS + LSTM_OUT];

	if (!h || h->rank != 2 || h->elements == 0)
		return kernel_error(node, err, "input %d: recurrent weights of the output "
				    "gate are left out or no matrix",
				    LSTM_H_WEIGHTS + LSTM_OUT);
	lstm->cells = (uint32_t)h->dims[0];
	lstm->outputs = (uint32_t)h->dims[1];
	lstm->has_in = lstm->tensor[LSTM_X_WEIGHTS + LSTM_IN] != NULL;
	lstm->has_peepholes = lstm->tensor[LSTM_PEEPHOLES + 1] != NULL;
	lstm->has_norms = lstm->tensor[LSTM_NORMS + LSTM_FORGET] != NULL;
	lstm->has_projection = lstm->tensor[LSTM_PROJECTION] != NULL;
	if (!lstm->has_projection && lstm->cells != lstm->outputs)
		return kernel_error(node, err, "%u cells and %u outputs without a projection",
				    lstm->cells, lstm->outputs);
	return 0;
}

static int check_shapes(const struct kernel_node *node, const struct lstm *lstm,
			struct atoll_error *err)
{
	int r = 0;

	for (enum lstm_gate gate = LSTM_IN; gate < LSTM_GATES && r == 0; gate++)
		if (lstm_has_gate(lstm, gate))
			r = check_gate(node, lstm, gate, err);
	if (r == 0 && lstm->has_projection)
		r = check_weights(node, LSTM_PROJECTION, lstm->outputs, lstm->cells, err);
	if (r == 0 && lstm->has_projection && lstm->tensor[LSTM_PROJECTION_BIAS])
		r = check_weights(node, LSTM_PROJECTION_BIAS, lstm->outputs, 0, err);
	if (r == 0)
		r = check_state(node, LSTM_H_STATE, lstm->batches, lstm->outputs, err);
	if (r == 0)
		r = check_state(node, LSTM_C_STATE, lstm->batches, lstm->cells, err);
	return r;
}

static int set_shape(const struct kernel_node *node, const struct lstm *lstm,
		     struct atoll_error *err)
{
	const struct atoll_tensor *x = node->input[LSTM_X];
	int32_t dims[3];

	memcpy(dims, x->dims, x->rank * sizeof(*dims));
	dims[x->rank - 1] = (int32_t)lstm->outputs;
	return kernel_set_shape(node, 0, x->rank, dims, err);
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   struct lstm *lstm, struct atoll_error *err)
{
	bool is_float;
	int r = kernel_check_counts(node, LSTM_NORMS, LSTM_INPUTS, 1, err);

	if (r == 0)
		r = kernel_check_input(node, LSTM_X, KERNEL_TYPE(ATOLL_INT8) |
				       KERNEL_TYPE(ATOLL_FLOAT32), err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < node->inputs; i++)
		lstm->tensor[i] = node->input[i];
	if (!(lstm->cell_clip >= 0) || !(lstm->projection_clip >= 0))
		return kernel_error(node, err, "clips %g and %g are negative",
				    (double)lstm->cell_clip, (double)lstm->projection_clip);
	r = measure_input(node, lstm, err);
	if (r == 0)
		r = measure_weights(node, lstm, err);
	if (r == 0)
		r = check_shapes(node, lstm, err);
	if (r == 0)
		r = set_shape(node, lstm, err);
	if (r < 0)
		return r;
	node->prepared = lstm;
	node->run = run;
	is_float = node->input[LSTM_X]->type == ATOLL_FLOAT32;
	return is_float ? lstm_prepare_float(lstm, node, setup, err) :
			  lstm_prepare_integer(lstm, node, setup, err);
}

static int prepare_lstm(struct kernel_node *node, struct kernel_setup *setup,
			struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	struct lstm *lstm = kernel_alloc(setup, sizeof(*lstm));
	int8_t kind = flatbuf_i8(options, LSTM_KERNEL_TYPE, LSTM_KERNEL_FULL);

	if (!lstm)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	if (kind != LSTM_KERNEL_FULL)
		return kernel_error(node, err, "kernel type %d; only FULL (0) is supported",
				    kind);
	lstm->activation = flatbuf_i8(options, LSTM_FUSED_ACTIVATION, 0);
	lstm->cell_clip = flatbuf_f32(options, LSTM_CELL_CLIP, 0);
	lstm->projection_clip = flatbuf_f32(options, LSTM_PROJ_CLIP, 0);
	return prepare(node, setup, lstm, err);
}

static int prepare_sequence(struct kernel_node *node, struct kernel_setup *setup,
			    struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	struct lstm *lstm = kernel_alloc(setup, sizeof(*lstm));

	if (!lstm)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	if (flatbuf_bool(options, UNIDIRECTIONAL_SEQUENCE_LSTM_DIAGONAL_RECURRENT_TENSORS,
			 false))
		return kernel_error(node, err, "diagonal recurrent weights are not supported");
	lstm->activation =
		flatbuf_i8(options, UNIDIRECTIONAL_SEQUENCE_LSTM_FUSED_ACTIVATION, 0);
	lstm->cell_clip = flatbuf_f32(options, UNIDIRECTIONAL_SEQUENCE_LSTM_CELL_CLIP, 0);
	lstm->projection_clip =
		flatbuf_f32(options, UNIDIRECTIONAL_SEQUENCE_LSTM_PROJ_CLIP, 0);
	lstm->is_time_major =
		flatbuf_bool(options, UNIDIRECTIONAL_SEQUENCE_LSTM_TIME_MAJOR, false);
	return prepare(node, setup, lstm, err);
}

const struct kernel kernel_lstm = {
	.code = BUILTIN_LSTM,
	.version_max = 4,
	.types = "int8 float32",
	.prepare = prepare_lstm,
};

const struct kernel kernel_unidirectional_sequence_lstm = {
	.code = BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM,
	.version_max = 4,
	.types = "int8 float32",
	.prepare = prepare_sequence,
};
