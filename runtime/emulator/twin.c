/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in is kept in the form of the wire. The first output that is asked
 * for makes the session run; all are answered from what it gave. Of parameters and
 * scratch nothing is computed, so they are compared: a chip that got wrong ones
 * would compute something else.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/relayout.h"
#include "runtime/emulator/program.h"
#include "runtime/memory.h"
#include "runtime/session.h"

struct twin {
	struct emulator_program program;
	const struct edgetpu_executable *main;
	const struct edgetpu_executable *running;
	struct atoll_session *session;
	struct memory memory;
	uint8_t **input, **output; /* of each layer, as on the wire */
	uint8_t *scratch;
	bool is_computed;          /* `output` belongs to `input` */
	bool is_spilled;           /* the host has `scratch` from us */
	uint8_t spills;
};

static size_t wire_bytes(const struct edgetpu_layer *layer)
{
	return (size_t)layer->size * layer->executions;
}

/* Where the hint's bytes are in the `count` buffers of `layers`; NULL when the hint
   is not about them. */
static uint8_t *place(const struct edgetpu_hint *hint, uint8_t *const *buffer,
		      const struct edgetpu_layer *layers, uint32_t count)
{
	size_t whole;

	if (hint->index >= count)
		return NULL;
	whole = wire_bytes(&layers[hint->index]);
	if (hint->offset > whole || hint->size > whole - hint->offset)
		return NULL;
	return buffer[hint->index] + hint->offset;
}

static bool is_inside(const struct edgetpu_hint *hint, uint32_t whole)
{
	return hint->offset <= whole && hint->size <= whole - hint->offset;
}

static int begin(struct emulator_program *program,
		 const struct edgetpu_executable *executable)
{
	struct twin *twin = (struct twin *)program;

	twin->running = executable;
	twin->is_computed = false;
	twin->is_spilled = false;
	return 0;
}

static int take_input(struct twin *twin, const struct edgetpu_hint *hint,
		      const uint8_t *bytes)
{
	uint8_t *to = twin->running == twin->main ?
		place(hint, twin->input, twin->main->input, twin->main->inputs) : NULL;

	if (!to)
		return -EINVAL;
	memcpy(to, bytes, hint->size);
	twin->is_computed = false;
	return 0;
}

static int take_parameters(const struct twin *twin, const struct edgetpu_hint *hint,
			   const uint8_t *bytes)
{
	const struct edgetpu_executable *running = twin->running;

	if (!is_inside(hint, running->parameter_bytes))
		return -EINVAL;
	return memcmp(running->parameters + hint->offset, bytes, hint->size) == 0 ?
		0 : -EBADMSG;
}

/* Before the chip wrote anything there, it may hold what it likes. */
static int take_scratch(const struct twin *twin, const struct edgetpu_hint *hint,
			const uint8_t *bytes)
{
	if (!is_inside(hint, twin->main->scratch_bytes))
		return -EINVAL;
	if (!twin->is_spilled)
		return 0;
	return memcmp(twin->scratch + hint->offset, bytes, hint->size) == 0 ? 0 : -EBADMSG;
}

static int infeed(struct emulator_program *program, const struct edgetpu_hint *hint,
		  const uint8_t *bytes)
{
	struct twin *twin = (struct twin *)program;

	switch (hint->kind) {
	case EDGETPU_INPUT:
		return take_input(twin, hint, bytes);
	case EDGETPU_PARAMETERS:
		return take_parameters(twin, hint, bytes);
	case EDGETPU_SCRATCH_OUT:
		return take_scratch(twin, hint, bytes);
	default:
		return -EINVAL;
	}
}

/* The tensor of an output layer; a state is left in the input it came in by. */
static const struct atoll_tensor *result(const struct twin *twin, uint32_t output)
{
	int32_t state_of = twin->main->output[output].state_of;

	return state_of < 0 ? atoll_session_output(twin->session, output) :
			      atoll_session_input(twin->session, (uint32_t)state_of);
}

static int compute(struct twin *twin)
{
	const struct edgetpu_executable *main = twin->main;
	int r;

	for (uint32_t i = 0; i < main->inputs; i++)
		edgetpu_inward(&main->input[i], twin->input[i],
			       atoll_session_input(twin->session, i)->data);
	r = atoll_session_invoke(twin->session);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < main->outputs; i++)
		edgetpu_outward(&main->output[i], result(twin, i)->data, twin->output[i]);
	twin->is_computed = true;
	return 0;
}

static int give_output(struct twin *twin, const struct edgetpu_hint *hint, uint8_t *bytes)
{
	const uint8_t *from = twin->running == twin->main ?
		place(hint, twin->output, twin->main->output, twin->main->outputs) : NULL;
	int r = from ? 0 : -EINVAL;

	if (r == 0 && !twin->is_computed)
		r = compute(twin);
	if (r == 0)
		memcpy(bytes, from, hint->size);
	return r;
}

/* What a chip with too little memory would put aside; others each time, so that old
   ones are not taken for new. */
static int give_scratch(struct twin *twin, const struct edgetpu_hint *hint, uint8_t *bytes)
{
	uint32_t whole = twin->main->scratch_bytes;

	if (!is_inside(hint, whole))
		return -EINVAL;
	twin->spills++;
	for (uint32_t i = hint->offset; i < hint->offset + hint->size; i++)
		twin->scratch[i] = (uint8_t)(7 * i + twin->spills);
	memcpy(bytes, twin->scratch + hint->offset, hint->size);
	twin->is_spilled |= hint->size == whole;
	return 0;
}

static int outfeed(struct emulator_program *program, const struct edgetpu_hint *hint,
		   uint32_t nth, uint8_t *bytes)
{
	struct twin *twin = (struct twin *)program;

	(void)nth;
	switch (hint->kind) {
	case EDGETPU_OUTPUT:
		return give_output(twin, hint, bytes);
	case EDGETPU_SCRATCH_IN:
		return give_scratch(twin, hint, bytes);
	default:
		return -EINVAL;
	}
}

static void free_program(struct emulator_program *program)
{
	struct twin *twin = (struct twin *)program;

	atoll_session_close(twin->session);
	memory_free(&twin->memory);
	free(twin);
}

static const struct emulator_program_ops twin_ops = {
	.grade = "twin", .begin = begin, .infeed = infeed, .outfeed = outfeed,
	.free = free_program,
};

static int check_layer(const struct atoll_model *part, const struct edgetpu_layer *layer,
		       const struct atoll_tensor *tensor, struct atoll_error *err)
{
	if (tensor && tensor->bytes == layer->bytes)
		return 0;
	if (!tensor)
		return atoll_error_set(err, -EINVAL, "%s: no tensor for layer %.60s",
				       part->path, layer->name);
	return atoll_error_set(err, -EINVAL, "%s: tensor %.60s: %zu bytes, %zu in layer %.60s",
			       part->path, tensor->name, tensor->bytes, layer->bytes,
			       layer->name);
}

static int check_layers(const struct twin *twin, const struct atoll_model *part,
			struct atoll_error *err)
{
	const struct edgetpu_executable *main = twin->main;
	int r = 0;

	for (uint32_t i = 0; i < main->inputs && r == 0; i++)
		r = check_layer(part, &main->input[i],
				atoll_session_input(twin->session, i), err);
	for (uint32_t i = 0; i < main->outputs && r == 0; i++)
		r = check_layer(part, &main->output[i], result(twin, i), err);
	return r;
}

/* One buffer for each layer. */
static uint8_t **take_buffers(struct memory *memory, const struct edgetpu_layer *layers,
			      uint32_t count)
{
	uint8_t **buffer = memory_take(memory, count * sizeof(*buffer));

	for (uint32_t i = 0; i < count && buffer; i++) {
		buffer[i] = memory_take(memory, wire_bytes(&layers[i]));
		if (!buffer[i])
			buffer = NULL;
	}
	return buffer;
}

static int prepare(struct twin *twin, const struct atoll_model *part,
		   struct atoll_error *err)
{
	const struct edgetpu_executable *main = twin->main;
	/* Bytes have to be the same on every machine, not fast. */
	const struct atoll_session_options options = { .threads = 1 };

	twin->session = atoll_session_open(part, &options, err);
	if (!twin->session)
		return -EINVAL;
	twin->input = take_buffers(&twin->memory, main->input, main->inputs);
	twin->output = take_buffers(&twin->memory, main->output, main->outputs);
	twin->scratch = memory_take(&twin->memory, main->scratch_bytes);
	if (!twin->input || !twin->output || !twin->scratch)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", part->path);
	return check_layers(twin, part, err);
}

ATOLL_API struct emulator_program *twin_program(const struct edgetpu_package *package,
						const struct atoll_model *part,
						struct atoll_error *err)
{
	struct twin *twin = calloc(1, sizeof(*twin));

	if (!twin) {
		atoll_error_set(err, -ENOMEM, "%s: no memory", part->path);
		return NULL;
	}
	*twin = (struct twin){ .program = { .ops = &twin_ops }, .main = package->main,
			       .memory = MEMORY_UNLIMITED };
	if (prepare(twin, part, err) < 0) {
		free_program(&twin->program);
		return NULL;
	}
	return &twin->program;
}
