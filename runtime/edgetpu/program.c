/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be on the chip is kept by the rules of the vendor's runtime: programs
 * with the same token share its memory, and any other token evicts them all.
 */
#include <errno.h>
#include <stdlib.h>

#include "runtime/edgetpu/device_inside.h"
#include "runtime/edgetpu/relayout.h"

#define ALIGNMENT 64u /* of buffers: a cache line */

struct edgetpu_program {
	struct edgetpu_device *device;
	const struct edgetpu_package *package;
	uint64_t residency;             /* of the device when its parameters went there */
	struct run_part main, caching;
	const uint8_t **input;          /* [inputs] what is sent in this run */
	struct run_sink *output;        /* [outputs] where its output goes */
	uint8_t **sent;                 /* [inputs] our own, or NULL: never needed */
	uint8_t **received;             /* [outputs] likewise */
	uint8_t *memory;                /* of those, and scratch */
};

/* The memory of a program, handed out piece by piece; while it is NULL, counted. */
struct supply {
	uint8_t *memory;
	size_t used;    /* SIZE_MAX: sizes are nonsense */
};

static uint8_t *hand_out(struct supply *supply, size_t size)
{
	size_t at = supply->used, rounded;

	if (__builtin_add_overflow(size, ALIGNMENT - 1, &rounded) ||
	    __builtin_add_overflow(at, rounded - rounded % ALIGNMENT, &supply->used))
		supply->used = SIZE_MAX;
	return supply->memory ? supply->memory + at : NULL;
}

static size_t wire_bytes(const struct edgetpu_layer *layer)
{
	size_t bytes;

	return __builtin_mul_overflow(layer->size, layer->executions, &bytes) ? SIZE_MAX : bytes;
}

/* Whether the tensor itself can always be sent. */
static bool is_always_direct(const struct edgetpu_layer *input)
{
	return edgetpu_is_plain(input) && input->bytes == wire_bytes(input);
}

static void lay_out(struct edgetpu_program *program, struct supply *supply)
{
	const struct edgetpu_executable *main = program->package->main;
	const struct edgetpu_executable *caching = program->package->caching;

	for (uint32_t i = 0; i < main->inputs; i++)
		if (!is_always_direct(&main->input[i]))
			program->sent[i] = hand_out(supply, wire_bytes(&main->input[i]));
	for (uint32_t i = 0; i < main->outputs; i++)
		if (!edgetpu_is_plain(&main->output[i]))
			program->received[i] = hand_out(supply, wire_bytes(&main->output[i]));
	program->main = (struct run_part){
		.executable = main,
		.input = program->input,
		.output = program->output,
		.scratch = hand_out(supply, main->scratch_bytes),
	};
	if (caching)
		program->caching = (struct run_part){
			.executable = caching,
			.scratch = hand_out(supply, caching->scratch_bytes),
		};
}

static bool take_memory(struct edgetpu_program *program)
{
	struct supply supply = { 0 };

	lay_out(program, &supply);
	if (supply.used < SIZE_MAX)
		program->memory = calloc(1, supply.used + 1);
	if (!program->memory)
		return false;
	supply = (struct supply){ .memory = program->memory };
	lay_out(program, &supply);
	return true;
}

/* What is brought onto the chip comes from the package alone. */
static int check_caching(const struct edgetpu_executable *caching, struct atoll_error *err)
{
	if (!caching->token)
		return atoll_error_set(err, -EINVAL, "edge TPU: the package has parameters to "
				       "keep on the chip, but no token to know them by");
	for (uint32_t i = 0; i < caching->hints; i++)
		if (caching->hint[i].kind == EDGETPU_INPUT ||
		    caching->hint[i].kind == EDGETPU_OUTPUT)
			return atoll_error_set(err, -EINVAL, "edge TPU: the package wants tensors "
					       "before the inference (hint %u)", i);
	return 0;
}

ATOLL_API struct edgetpu_program *edgetpu_program_new(struct edgetpu_device *device,
						      const struct edgetpu_package *package,
						      struct atoll_error *err)
{
	size_t inputs = package->main->inputs, outputs = package->main->outputs;
	struct edgetpu_program *program;

	if (package->caching && check_caching(package->caching, err) < 0)
		return NULL;
	program = calloc(1, sizeof(*program));
	if (!program)
		goto no_memory;
	program->device = device;
	program->package = package;
	program->input = calloc(inputs + 1, sizeof(*program->input));
	program->sent = calloc(inputs + 1, sizeof(*program->sent));
	program->output = calloc(outputs + 1, sizeof(*program->output));
	program->received = calloc(outputs + 1, sizeof(*program->received));
	if (program->input && program->sent && program->output && program->received &&
	    take_memory(program))
		return program;

no_memory:
	edgetpu_program_free(program);
	(void)atoll_error_set(err, -ENOMEM, "edge TPU: out of memory for a program");
	return NULL;
}

ATOLL_API void edgetpu_program_free(struct edgetpu_program *program)
{
	if (!program)
		return;
	free(program->memory);
	free(program->received);
	free(program->output);
	free(program->sent);
	free(program->input);
	free(program);
}

/* In the words of the vendor's runtime, which people have searched for. */
static int check_hints(const struct edgetpu_executable *executable, struct atoll_error *err)
{
	if (executable->is_deterministic)
		return 0;
	return atoll_error_set(err, -ENOTSUP, "Failed to execute request. Executable '%s' must "
			       "have fully deterministic DMA hints when DMA descriptors from "
			       "device are disabled.", executable->name);
}

static void gather_inputs(struct edgetpu_program *program,
			  const struct edgetpu_tensors *tensors)
{
	const struct edgetpu_executable *main = program->package->main;

	for (uint32_t i = 0; i < main->inputs; i++) {
		const struct edgetpu_layer *layer = &main->input[i];

		if (!program->sent[i] || (tensors->is_padded && layer->executions == 1 &&
					  edgetpu_is_plain(layer))) {
			program->input[i] = tensors->input[i];
			continue;
		}
		edgetpu_to_wire(layer, tensors->input[i], program->sent[i]);
		program->input[i] = program->sent[i];
	}
}

static void place_outputs(struct edgetpu_program *program,
			  const struct edgetpu_tensors *tensors)
{
	const struct edgetpu_executable *main = program->package->main;

	for (uint32_t i = 0; i < main->outputs; i++) {
		if (!tensors->output[i])
			program->output[i] = (struct run_sink){ 0 };
		else if (program->received[i])
			program->output[i] = (struct run_sink){ program->received[i],
								wire_bytes(&main->output[i]) };
		else
			program->output[i] = (struct run_sink){ tensors->output[i],
								main->output[i].bytes };
	}
}

static void unfold_outputs(struct edgetpu_program *program,
			   const struct edgetpu_tensors *tensors)
{
	const struct edgetpu_executable *main = program->package->main;

	for (uint32_t i = 0; i < main->outputs; i++)
		if (tensors->output[i] && program->received[i])
			edgetpu_from_wire(&main->output[i], program->received[i],
					  tensors->output[i]);
}

/* Parameters first, unless they are there. */
static int run_on_chip(struct edgetpu_program *program, struct atoll_error *err)
{
	struct edgetpu_device *device = program->device;
	const struct edgetpu_package *package = program->package;
	uint64_t token = package->main->token;
	struct run_part part[2];
	struct atoll_error why;
	uint32_t parts = 0;
	int r;

	if (!token || token != device->token)
		device_forget_parameters(device);
	if (package->caching && program->residency != device->residency) {
		device->token = package->caching->token;
		program->residency = device->residency;
		part[parts++] = program->caching;
	}
	part[parts++] = program->main;

	r = run_parts(device->line, part, parts, &why);
	device_account(device, r, parts == 2);
	if (r == 0)
		return 0;
	device_mark_not_awake(device);
	return device_fail(device, &why, err);
}

ATOLL_API int edgetpu_program_run(struct edgetpu_program *program,
				  const struct edgetpu_tensors *tensors, struct atoll_error *err)
{
	struct edgetpu_device *device = program->device;
	int r = check_hints(program->package->main, err);

	if (r == 0 && program->package->caching)
		r = check_hints(program->package->caching, err);
	if (r < 0)
		return r;
	gather_inputs(program, tensors);
	place_outputs(program, tensors);

	r = device_take(device, err);
	if (r < 0)
		return r;
	r = run_on_chip(program, err);
	device_give(device);
	if (r == 0)
		unfold_outputs(program, tensors);
	return r;
}
