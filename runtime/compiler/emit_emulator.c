/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A package as the vendor's compiler writes it, except for what the instructions say:
 * nobody but the vendor can tell the chip what to compute. Emulated devices take it from
 * the graph that travels along.
 *
 *	caching      instructions, all parameters that stay, interrupt
 *	execution    instructions, inputs, the other parameters block by block, outputs,
 *	             interrupt
 *
 * When nothing stays on the chip the second of them stands alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/carried.h"
#include "runtime/compiler/carry.h"
#include "runtime/compiler/emit.h"
#include "runtime/compiler/emit_layers.h"
#include "runtime/edgetpu/package_write.h"
#include "runtime/memory.h"

#define STATE_SUFFIX "_variable_output"

/* Later compilers leave out the number of the change they were built from. */
#define COMPILER "cl/"

/*
 * The vendor's compiler lets instructions 4 to 7 load the halves of two addresses,
 * parameters and scratch, and has 32 bits for each from bit 70 of an instruction on. The
 * halves of layers' addresses, upper first, come later; ours follow at once.
 */
#define INSTRUCTION_BYTES 16
#define FIRST_ADDRESS 4
#define ADDRESS_BIT 70

enum { FIELD_OUTPUT, FIELD_INPUT, FIELD_PARAMETERS, FIELD_SCRATCH };

struct emission {
	const struct emit_input *input;
	const struct atoll_graph *graph;
	struct memory memory;
	void *carried;
	size_t carried_bytes;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint32_t states;
	struct edgetpu_layer *in, *out;
	uint8_t *vector[2];            /* kept on the chip, sent for every run */
	uint32_t bytes[2];
	struct edgetpu_executable main, caching;
};

static int no_memory(const struct emission *emission, struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "%s: no memory to compile it",
			       atoll_error_path(emission->input->graph->model->path));
}

/* Layers */

/* The next value of the state in input `input`. */
static int set_state(struct emission *emission, uint32_t input, struct edgetpu_layer *layer,
		     struct atoll_error *err)
{
	int32_t index = emission->input->part->input[input];
	size_t room = strlen(emission->graph->tensor[index].name) + sizeof(STATE_SUFFIX);
	char *name = memory_take(&emission->memory, room);
	int r = emit_output(emission->input->graph, index, &emission->memory, layer, err);

	if (r < 0)
		return r;
	if (!name)
		return no_memory(emission, err);
	(void)snprintf(name, room, "%s" STATE_SUFFIX, layer->name);
	layer->name = name;
	layer->state_of = (int32_t)input;
	return 0;
}

static int set_layers(struct emission *emission, struct atoll_error *err)
{
	const struct compiler_part *part = emission->input->part;
	size_t most = 2 * (size_t)part->inputs + part->outputs;
	int r = 0;

	emission->in = memory_take(&emission->memory, most * sizeof(*emission->in));
	if (!emission->in)
		return no_memory(emission, err);
	emission->out = emission->in + part->inputs;
	for (uint32_t i = 0; i < part->inputs && r == 0; i++)
		r = emit_layer(emission->input->graph, part->input[i], &emission->in[i], err);
	for (uint32_t i = 0; i < part->outputs && r == 0; i++)
		r = emit_output(emission->input->graph, part->output[i],
				&emission->memory, &emission->out[i], err);
	for (uint32_t i = 0; i < part->inputs && r == 0; i++)
		if (emission->graph->is_variable[part->input[i]])
			r = set_state(emission, i,
				      &emission->out[part->outputs + emission->states++], err);
	return r;
}

/* Parameters */

static int write_parameters(struct emission *emission, struct atoll_error *err)
{
	const struct compiler_load *load = emission->input->load;
	uint64_t bytes[2] = { 0 };
	uint32_t at[2] = { 0 };

	for (uint32_t i = 0; i < load->blocks; i++)
		bytes[!load->is_cached[i]] += load->block[i].bytes;
	for (int v = 0; v < 2; v++) {
		if (bytes[v] > INT32_MAX)
			return atoll_error_set(err, -EFBIG, "%s: %" PRIu64
					       " bytes of parameters", atoll_error_path(
					       emission->input->graph->model->path), bytes[v]);
		emission->bytes[v] = (uint32_t)bytes[v];
		emission->vector[v] = memory_take(&emission->memory, bytes[v]);
		if (!emission->vector[v])
			return no_memory(emission, err);
	}
	for (uint32_t i = 0; i < load->blocks; i++) {
		int v = !load->is_cached[i];

		compiler_block_write(emission->graph, &load->block[i],
				     emission->vector[v] + at[v]);
		at[v] += load->block[i].bytes;
	}
	return 0;
}

/* Instructions */

static struct edgetpu_field address(uint32_t instruction, uint8_t kind, bool is_upper,
				    const char *name)
{
	return (struct edgetpu_field){
		.bit = instruction * 8 * INSTRUCTION_BYTES + ADDRESS_BIT, .kind = kind,
		.is_upper = is_upper, .name = name,
	};
}

static uint32_t add_layers(struct edgetpu_field *field, uint32_t fields, uint8_t kind,
			   const struct edgetpu_layer *layer, uint32_t layers)
{
	for (uint32_t i = 0; i < layers; i++, fields += 2)
		for (uint32_t half = 0; half < 2; half++)
			field[fields + half] = address(FIRST_ADDRESS + fields + half, kind,
						       half == 0, layer[i].name);
	return fields;
}

/* One chunk of as many instructions as there are halves of addresses, and the first
   ones, that say what they stand for. */
static int write_chunk(struct emission *emission, struct edgetpu_executable *executable,
		       struct atoll_error *err)
{
	bool is_caching = executable->type == EDGETPU_CACHING;
	uint32_t fields = is_caching ? 2 :
			  4 + 2 * executable->inputs + 2 * executable->outputs;
	uint32_t size = (FIRST_ADDRESS + fields) * INSTRUCTION_BYTES;
	struct edgetpu_chunk *chunk = memory_take(&emission->memory, sizeof(*chunk));
	struct edgetpu_field *field = memory_take(&emission->memory, fields * sizeof(*field));
	uint8_t *bytes = memory_take(&emission->memory, size);

	if (!chunk || !field || !bytes)
		return no_memory(emission, err);
	memcpy(bytes, CARRIED_MAGIC, INSTRUCTION_BYTES);
	memcpy(bytes + INSTRUCTION_BYTES, emission->digest, sizeof(emission->digest));
	if (is_caching)
		bytes[0] = 'a';
	for (uint32_t i = 0; i < fields && i < 4; i++)
		field[i] = address(FIRST_ADDRESS + i, i < 2 ? FIELD_PARAMETERS : FIELD_SCRATCH,
				   i % 2 == 1, "");
	if (!is_caching)
		(void)add_layers(field, add_layers(field, 4, FIELD_INPUT, executable->input,
						   executable->inputs),
				 FIELD_OUTPUT, executable->output, executable->outputs);
	*chunk = (struct edgetpu_chunk){ .bytes = bytes, .size = size, .fields = fields,
					 .field = field };
	executable->chunk = chunk;
	executable->chunks = 1;
	return 0;
}

/* Hints */

static uint32_t add_parameters(const struct compiler_load *load, struct edgetpu_hint *hint)
{
	uint32_t hints = 0, at = 0;

	for (uint32_t i = 0; i < load->blocks; i++) {
		if (load->is_cached[i])
			continue;
		hint[hints++] = (struct edgetpu_hint){ .kind = EDGETPU_PARAMETERS,
						       .offset = at,
						       .size = load->block[i].bytes };
		at += load->block[i].bytes;
	}
	return hints;
}

static uint32_t add_transfers(enum edgetpu_hint_kind kind, const struct edgetpu_layer *layer,
			      uint32_t layers, struct edgetpu_hint *hint)
{
	for (uint32_t i = 0; i < layers; i++)
		hint[i] = (struct edgetpu_hint){ .kind = kind, .index = i,
						 .size = layer[i].size };
	return layers;
}

static int write_hints(struct emission *emission, struct edgetpu_executable *executable,
		       struct atoll_error *err)
{
	const struct compiler_load *load = emission->input->load;
	size_t most = 3 + (size_t)executable->inputs + executable->outputs + load->blocks;
	struct edgetpu_hint *hint = memory_take(&emission->memory, most * sizeof(*hint));
	uint32_t hints = 0;

	if (!hint)
		return no_memory(emission, err);
	hint[hints++] = (struct edgetpu_hint){ .kind = EDGETPU_INSTRUCTIONS };
	hints += add_transfers(EDGETPU_INPUT, executable->input, executable->inputs,
			       &hint[hints]);
	if (executable->type == EDGETPU_CACHING)
		hint[hints++] = (struct edgetpu_hint){ .kind = EDGETPU_PARAMETERS,
						       .size = executable->parameter_bytes };
	else
		hints += add_parameters(load, &hint[hints]);
	hints += add_transfers(EDGETPU_OUTPUT, executable->output, executable->outputs,
			       &hint[hints]);
	hint[hints++] = (struct edgetpu_hint){ .kind = EDGETPU_INTERRUPT };
	executable->hint = hint;
	executable->hints = hints;
	executable->is_deterministic = true;
	return 0;
}

/* Executables */

static int write_executable(struct emission *emission, struct edgetpu_executable *executable,
			    struct atoll_error *err)
{
	int r = write_chunk(emission, executable, err);

	return r < 0 ? r : write_hints(emission, executable, err);
}

static int write_executables(struct emission *emission, struct atoll_error *err)
{
	const struct emit_input *input = emission->input;
	bool is_cached = emission->bytes[0] > 0;
	int r;

	emission->main = (struct edgetpu_executable){
		.name = *emission->graph->name ? "model" : "",
		.type = is_cached ? EDGETPU_EXECUTION : EDGETPU_STAND_ALONE,
		.token = is_cached ? input->token : 0,
		.inputs = input->part->inputs, .input = emission->in,
		.outputs = input->part->outputs + emission->states, .output = emission->out,
		.parameters = emission->vector[1], .parameter_bytes = emission->bytes[1],
		.model = emission->carried, .model_bytes = (uint32_t)emission->carried_bytes,
		.narrow_bytes = compiler_narrow_bytes(input->graph, input->part),
	};
	emission->caching = (struct edgetpu_executable){
		.name = "Unknown", .type = EDGETPU_CACHING, .token = input->token,
		.parameters = emission->vector[0], .parameter_bytes = emission->bytes[0],
	};
	r = write_executable(emission, &emission->main, err);
	if (r == 0 && is_cached)
		r = write_executable(emission, &emission->caching, err);
	return r;
}

static int write_package(const struct emission *emission, struct emit_options *options,
			 struct atoll_error *err)
{
	const struct edgetpu_package package = {
		.runtime_version = emission->input->runtime_version, .compiler = COMPILER,
		.main = &emission->main,
		.caching = emission->bytes[0] > 0 ? &emission->caching : NULL,
	};
	int r = edgetpu_package_write(&package, &options->bytes, &options->size, err);

	if (r < 0)
		(void)atoll_error_prefix(err, "%s", atoll_error_path(
			emission->input->graph->model->path));
	return r;
}

/* Parameters too: models of the same graph need instructions of their own. */
static void sign(struct emission *emission)
{
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, emission->carried, emission->carried_bytes);
	for (int v = 0; v < 2; v++)
		SHA256Update(&sha, emission->vector[v], emission->bytes[v]);
	SHA256Final(emission->digest, &sha);
}

int emit_emulator(const struct emit_input *input, struct emit_options *options,
		  struct atoll_error *err)
{
	struct emission emission = { .input = input, .graph = input->graph->graph,
				     .memory = MEMORY_UNLIMITED };
	int r = carry_graph(input, &emission.carried, &emission.carried_bytes, err);

	if (r < 0)
		return r;
	r = set_layers(&emission, err);
	if (r == 0)
		r = write_parameters(&emission, err);
	if (r == 0) {
		sign(&emission);
		r = write_executables(&emission, err);
	}
	if (r == 0)
		r = write_package(&emission, options, err);
	memory_free(&emission.memory);
	free(emission.carried);
	return r;
}
