/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/layers.h"

#include <errno.h>
#include <string.h>

#include "runtime/edgetpu/relayout.h"
#include "runtime/session.h"

static size_t wire_bytes(const struct edgetpu_layer *layer)
{
	return (size_t)layer->size * layer->executions;
}

/* Where the hint's bytes are in the `count` buffers of `layers`; NULL when the hint
   is not about them. */
static uint8_t *place(const struct edgetpu_hint *hint, uint8_t *const *buffer,
		      const struct edgetpu_layer *layers, uint32_t count)
{
	if (hint->index >= count || !layers_is_inside(hint, wire_bytes(&layers[hint->index])))
		return NULL;
	return buffer[hint->index] + hint->offset;
}

int layers_take(struct layers *layers, const struct edgetpu_hint *hint,
		const uint8_t *bytes)
{
	const struct edgetpu_executable *executable = layers->executable;
	uint8_t *to = place(hint, layers->input, executable->input, executable->inputs);

	if (!to)
		return -EINVAL;
	memcpy(to, bytes, hint->size);
	layers->is_computed = false;
	return 0;
}

/* The tensor of an output layer; a state is left in the input it came in by. */
static const struct atoll_tensor *result(const struct layers *layers, uint32_t output)
{
	int32_t state_of = layers->executable->output[output].state_of;

	return state_of < 0 ? atoll_session_output(layers->session, output) :
			      atoll_session_input(layers->session, (uint32_t)state_of);
}

static int compute(struct layers *layers)
{
	const struct edgetpu_executable *executable = layers->executable;
	int r;

	for (uint32_t i = 0; i < executable->inputs; i++)
		edgetpu_inward(&executable->input[i], layers->input[i],
			       atoll_session_input(layers->session, i)->data);
	r = atoll_session_invoke(layers->session);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < executable->outputs; i++)
		edgetpu_outward(&executable->output[i], result(layers, i)->data,
				layers->output[i]);
	layers->is_computed = true;
	return 0;
}

int layers_give(struct layers *layers, const struct edgetpu_hint *hint, uint8_t *bytes)
{
	const struct edgetpu_executable *executable = layers->executable;
	const uint8_t *from =
		place(hint, layers->output, executable->output, executable->outputs);
	int r = from && layers->session ? 0 : -EINVAL;

	if (r == 0 && !layers->is_computed)
		r = compute(layers);
	if (r == 0)
		memcpy(bytes, from, hint->size);
	return r;
}

static int check_layer(const struct atoll_model *model, const struct edgetpu_layer *layer,
		       const struct atoll_tensor *tensor, struct atoll_error *err)
{
	if (tensor && tensor->bytes == layer->bytes)
		return 0;
	if (!tensor)
		return atoll_error_set(err, -EINVAL, "%s: no tensor for layer %.60s",
				       model->path, layer->name);
	return atoll_error_set(err, -EINVAL, "%s: tensor %.60s: %zu bytes, %zu in layer %.60s",
			       model->path, tensor->name, tensor->bytes, layer->bytes,
			       layer->name);
}

static int check_layers(const struct layers *layers, const struct atoll_model *model,
			struct atoll_error *err)
{
	const struct edgetpu_executable *executable = layers->executable;
	int r = 0;

	for (uint32_t i = 0; i < executable->inputs && r == 0; i++)
		r = check_layer(model, &executable->input[i],
				atoll_session_input(layers->session, i), err);
	for (uint32_t i = 0; i < executable->outputs && r == 0; i++)
		r = check_layer(model, &executable->output[i], result(layers, i), err);
	return r;
}

void layers_forget(struct layers *layers)
{
	atoll_session_close(layers->session);
	layers->session = NULL;
	layers->is_computed = false;
}

int layers_use(struct layers *layers, const struct atoll_model *model,
	       struct atoll_error *err)
{
	/* Bytes have to be the same on every machine, not fast. */
	const struct atoll_session_options options = { .threads = 1 };
	int r;

	layers_forget(layers);
	layers->session = atoll_session_open(model, &options, err);
	if (!layers->session)
		return -EINVAL;
	r = check_layers(layers, model, err);
	if (r < 0)
		layers_forget(layers);
	return r;
}

/* One buffer for each layer. */
static uint8_t **take_buffers(struct memory *memory, const struct edgetpu_layer *layer,
			      uint32_t count)
{
	uint8_t **buffer = memory_take(memory, count * sizeof(*buffer));

	for (uint32_t i = 0; i < count && buffer; i++) {
		buffer[i] = memory_take(memory, wire_bytes(&layer[i]));
		if (!buffer[i])
			buffer = NULL;
	}
	return buffer;
}

int layers_open(struct layers *layers, const struct edgetpu_executable *executable,
		struct atoll_error *err)
{
	*layers = (struct layers){ .executable = executable, .memory = MEMORY_UNLIMITED };
	layers->input = take_buffers(&layers->memory, executable->input, executable->inputs);
	layers->output = take_buffers(&layers->memory, executable->output,
				      executable->outputs);
	if (layers->input && layers->output)
		return 0;
	return atoll_error_set(err, -ENOMEM, "emulator: no memory for tensors");
}

void layers_close(struct layers *layers)
{
	layers_forget(layers);
	memory_free(&layers->memory);
}
