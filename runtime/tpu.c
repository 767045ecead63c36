/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/carried.h"
#include "runtime/edgetpu/relayout.h"
#include "runtime/memory.h"

struct program {
	struct backend_program backend;
	struct tpu *tpu;
	struct edgetpu_package *package;
	struct edgetpu_program *program;
	bool is_taught;
	struct memory memory;           /* of tensors, states and the tables below */
	uint32_t inputs, outputs;       /* of the operator: states are not among them */
	struct atoll_tensor **input, **output;
	uint32_t batches;
	struct edgetpu_tensors tensors; /* of the run under way */
	const void **from;              /* tensors.input */
	void **to;                      /* tensors.output, states last */
	void **wide;                    /* [outputs] where numbers of old models come in
					   that become uint8; else NULL */
};

static enum atoll_type tensor_type(enum edgetpu_type type)
{
	switch (type) {
	case EDGETPU_UINT8: return ATOLL_UINT8;
	case EDGETPU_INT8: return ATOLL_INT8;
	case EDGETPU_UINT16:
	case EDGETPU_INT16: return ATOLL_INT16;
	case EDGETPU_INT32: return ATOLL_INT32;
	case EDGETPU_HALF: return ATOLL_FLOAT16;
	case EDGETPU_SINGLE: return ATOLL_FLOAT32;
	default: return ATOLL_VARIANT;  /* no tensor is of this kind */
	}
}

/* Outputs of old models: the device gives wider numbers than the tensor has. */
static bool is_narrowed(const struct edgetpu_layer *layer, const struct atoll_tensor *tensor)
{
	return tensor->type == ATOLL_UINT8 && edgetpu_is_plain(layer) &&
	       (layer->type == EDGETPU_SINGLE || layer->type == EDGETPU_UINT16);
}

/* Of one inference, in the tensor. */
static size_t tensor_bytes(const struct edgetpu_layer *layer,
			   const struct atoll_tensor *tensor)
{
	return is_narrowed(layer, tensor) ? layer->bytes / layer->element : layer->bytes;
}

/* The layer and the tensor of the operator are of one kind; how many times over
   the tensor has what one inference takes. */
static int match(bool is_input, uint32_t i, const struct edgetpu_layer *layer,
		 const struct atoll_tensor *tensor, uint32_t *batches,
		 struct atoll_error *err)
{
	const char *what = is_input ? "input" : "output";
	size_t bytes = tensor_bytes(layer, tensor);

	if (tensor_type(layer->type) != tensor->type &&
	    (is_input || !is_narrowed(layer, tensor)))
		return atoll_error_set(err, -EINVAL, "%s %u %s: type %s, the package has %s",
				       what, i, layer->name, atoll_type_name(tensor->type),
				       edgetpu_type_name(layer->type));
	if (bytes == 0 || tensor->bytes == 0 || tensor->bytes % bytes != 0)
		return atoll_error_set(err, -EINVAL,
			"%s %u %s: %zu bytes, the package has %zu or a multiple", what, i,
			layer->name, tensor->bytes, bytes);
	*batches = (uint32_t)(tensor->bytes / bytes);
	return 0;
}

static int match_all(struct program *p, const struct backend_part *part,
		     struct atoll_error *err)
{
	const struct edgetpu_executable *main = p->package->main;
	uint32_t outputs = edgetpu_own_outputs(main), batches = 0;

	if (main->inputs != part->inputs || outputs != part->outputs)
		return atoll_error_set(err, -EINVAL,
			"%u inputs and %u outputs, the package has %u and %u",
			part->inputs, part->outputs, main->inputs, outputs);
	p->inputs = part->inputs;
	p->outputs = part->outputs;
	for (uint32_t i = 0; i < p->inputs + p->outputs; i++) {
		bool is_input = i < p->inputs;
		uint32_t k = is_input ? i : i - p->inputs;
		int r = match(is_input, k, is_input ? &main->input[k] : &main->output[k],
			      is_input ? part->input[k] : part->output[k], &batches, err);

		if (r < 0)
			return r;
		if (i == 0)
			p->batches = batches;
		if (batches != p->batches)
			return atoll_error_set(err, -EINVAL, "%s %u is a batch of %u, "
				"input 0 one of %u", is_input ? "input" : "output", k,
				batches, p->batches);
	}
	if (outputs < main->outputs && p->batches > 1)
		return atoll_error_set(err, -ENOTSUP, "batches of a model with states");
	return 0;
}

/* Memory for a tensor that has none: what the wire carries, its end zero. */
static bool give_memory(struct program *p, struct atoll_tensor *tensor, size_t wire_bytes)
{
	size_t bytes = tensor->bytes > wire_bytes ? tensor->bytes : wire_bytes;

	if (!tensor->data)
		tensor->data = memory_take(&p->memory, bytes);
	return tensor->data != NULL;
}

static int take_memory(struct program *p, const struct backend_part *part,
		       struct atoll_error *err)
{
	const struct edgetpu_executable *main = p->package->main;
	bool has_all;

	p->input = memory_take(&p->memory, p->inputs * sizeof(*p->input));
	p->output = memory_take(&p->memory, p->outputs * sizeof(*p->output));
	p->from = memory_take(&p->memory, main->inputs * sizeof(*p->from));
	p->to = memory_take(&p->memory, main->outputs * sizeof(*p->to));
	p->wide = memory_take(&p->memory, p->outputs * sizeof(*p->wide));
	has_all = p->input && p->output && p->from && p->to && p->wide;
	p->tensors = (struct edgetpu_tensors){
		.input = p->from, .output = p->to, .is_padded = p->batches == 1 };
	for (uint32_t i = 0; i < p->inputs && has_all; i++) {
		p->input[i] = part->input[i];
		if (p->input[i]->data)
			p->tensors.is_padded = false;
		has_all = give_memory(p, p->input[i], (size_t)main->input[i].size *
						      main->input[i].executions);
	}
	for (uint32_t i = 0; i < p->outputs && has_all; i++) {
		p->output[i] = part->output[i];
		has_all = give_memory(p, p->output[i], 0);
		if (is_narrowed(&main->output[i], p->output[i]))
			has_all = has_all && (p->wide[i] = memory_take(&p->memory,
								       main->output[i].bytes));
	}
	for (uint32_t i = p->outputs; i < main->outputs && has_all; i++) {
		p->to[i] = memory_take(&p->memory, main->output[i].bytes);
		has_all = p->to[i] != NULL;
	}
	return has_all ? 0 : atoll_error_set(err, -ENOMEM, "out of memory");
}

static uint8_t *output_at(const struct program *p, uint32_t i, uint32_t batch)
{
	return (uint8_t *)p->output[i]->data +
	       batch * tensor_bytes(&p->package->main->output[i], p->output[i]);
}

static int run_one(struct program *p, uint32_t batch, struct atoll_error *err)
{
	const struct edgetpu_executable *main = p->package->main;
	int r;

	for (uint32_t i = 0; i < p->inputs; i++)
		p->from[i] = (const uint8_t *)p->input[i]->data +
			     batch * main->input[i].bytes;
	for (uint32_t i = 0; i < p->outputs; i++)
		p->to[i] = p->wide[i] ? p->wide[i] : output_at(p, i, batch);
	r = edgetpu_program_run(p->program, &p->tensors, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < p->outputs; i++)
		if (p->wide[i])
			edgetpu_from_wire_uint8(&main->output[i], p->wide[i],
						output_at(p, i, batch));
	for (uint32_t i = p->outputs; i < main->outputs; i++)
		memcpy(p->input[main->output[i].state_of]->data, p->to[i],
		       main->output[i].bytes);
	return 0;
}

static int run(struct backend_program *backend, struct atoll_error *err)
{
	struct program *p = (struct program *)backend;

	for (uint32_t batch = 0; batch < p->batches; batch++) {
		int r = run_one(p, batch, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* All but the device, which stays the caller's until the load has succeeded. */
static void undo(struct program *p)
{
	edgetpu_program_free(p->program);
	if (p->is_taught)
		p->tpu->unteach(p->tpu, p->package);
	edgetpu_package_free(p->package);
	memory_free(&p->memory);
	free(p);
}

static void leave(struct backend_program *backend)
{
	struct tpu *tpu = ((struct program *)backend)->tpu;

	undo((struct program *)backend);
	tpu->leave(tpu);
}

static const struct backend_ops ops = { .name = "tpu", .run = run, .free = leave };

static int refuse_carried(const char *device, struct atoll_error *err)
{
	return atoll_error_set(err, -ENOTSUP, "device %s: compiled for emulated devices, with "
			       "a graph in place of instructions", device);
}

int tpu_check_real(const char *device, const struct backend_part *part,
		   struct atoll_error *err)
{
	return part->is_carried ? refuse_carried(device, err) : 0;
}

static int load(struct program *p, const struct backend_part *part, struct atoll_error *err)
{
	int r;

	p->package = edgetpu_package_read(part->options, part->options_bytes, err);
	if (!p->package)
		return -EINVAL;
	if (carried_is(p->package) && !p->tpu->teach)
		return refuse_carried(p->tpu->name, err);
	r = match_all(p, part, err);
	if (r < 0)
		return r;
	if (p->tpu->teach) {
		r = p->tpu->teach(p->tpu, p->package, part->twin, err);
		if (r < 0)
			return r;
		p->is_taught = true;
	}
	p->program = edgetpu_program_new(p->tpu->device, p->package, err);
	if (!p->program)
		return -ENOMEM;
	/* Last: a tensor must not be left with memory that is gone. */
	return take_memory(p, part, err);
}

struct backend_program *tpu_load(struct tpu *tpu, const struct backend_part *part,
				 struct atoll_error *err)
{
	struct program *p = calloc(1, sizeof(*p));

	if (!p) {
		atoll_error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	p->backend.ops = &ops;
	snprintf(p->backend.device, sizeof(p->backend.device), "%s", tpu->name);
	p->tpu = tpu;
	p->memory = MEMORY_UNLIMITED;
	if (load(p, part, err) < 0) {
		undo(p);
		return NULL;
	}
	return &p->backend;
}
