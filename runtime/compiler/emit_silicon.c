/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A package of instructions that are our own:
 *
 *	caching      a program that brings the parameters, block by block
 *	execution    a program that computes a chain of layers with them
 *
 * What was read from the vendor's programs to write them, and how certain it is:
 * ../isa/README.md. An emulated chip computes with them; no real one was ever asked.
 */
#include <errno.h>
#include <stdlib.h>

#include "runtime/compiler/emit.h"
#include "runtime/compiler/emit_layers.h"
#include "runtime/compiler/silicon_chain.h"
#include "runtime/compiler/silicon_scalar.h"
#include "runtime/edgetpu/package_write.h"
#include "runtime/isa/caching.h"
#include "runtime/memory.h"

#define ADDRESS_BIT 70    /* 32 bits for half an address, in each word that loads one */
#define LANE_ROWS 16      /* outputs that share a unit of parameters */
#define GROUP_LANES 4

enum { FIELD_OUTPUT, FIELD_INPUT, FIELD_PARAMETERS, FIELD_SCRATCH };
#define MAIN_FIELDS 8

struct silicon_emission {
	const struct emit_input *input;
	struct memory memory;
	struct silicon_layers layers;
	struct words_program program;
	uint8_t *caching_bytes, *parameters;
	size_t caching_size;
	uint32_t parameter_bytes;
	struct edgetpu_layer in, out;
	struct edgetpu_field field[MAIN_FIELDS];
	struct edgetpu_chunk main_chunk, caching_chunk;
};

/* How a layer's block is cut, and from which row on it lies. */
struct placement {
	uint16_t groups;
	uint8_t lanes, tables;
	uint32_t row;
};

/* Groups of 64 rows, of 16 outputs to a lane; what is cut otherwise lies on tile 0 as it
   is. */
static struct placement placement_of(const struct silicon_layers *layers, uint32_t index)
{
	const struct dense_layer *dense = &layers->dense[index];
	const struct conv_layer *conv = &layers->conv[index];
	uint32_t outputs = layers->is_conv ? conv->outputs : dense->outputs;
	uint32_t lanes = (outputs + LANE_ROWS - 1) / LANE_ROWS;

	if (layers->is_conv && conv_is_narrow(conv))
		return (struct placement){ .groups = 1, .lanes = GROUP_LANES,
					   .row = conv->row };
	return (struct placement){
		.groups = (uint16_t)((outputs + DENSE_GROUP - 1) / DENSE_GROUP),
		.lanes = (uint8_t)(lanes < GROUP_LANES ? lanes : GROUP_LANES),
		.tables = (uint8_t)mac_tables(layers->is_conv ? &conv->numbers :
								&dense->numbers),
		.row = layers->is_conv ? conv->row : dense->row,
	};
}

/* Group g on tile g mod 16, as the program expects it. */
static int place_layer(const struct silicon_emission *emission, uint32_t index,
		       struct isa_caching_plan *plan, struct atoll_error *err)
{
	struct placement placement = placement_of(&emission->layers, index);
	const struct isa_caching_layer layer = {
		.units = emission->layers.block[index].bytes / ISA_CACHING_UNIT_BYTES,
		.lanes = placement.lanes, .groups = placement.groups,
		.tables = placement.tables,
	};
	struct isa_caching_plan alone;
	int r = isa_caching_place(&layer, 1, ISA_CACHING_SHORT, &alone, err);

	for (uint32_t i = 0; r == 0 && i < alone.blocks; i++) {
		struct isa_caching_block *block = &plan->block[plan->blocks++];

		*block = alone.block[i];
		block->row = (uint16_t)(block->row + placement.row);
	}
	if (r == 0)
		isa_caching_free(&alone);
	return r;
}

static int write_caching(struct silicon_emission *emission, struct atoll_error *err)
{
	struct isa_caching_plan plan = { .form = ISA_CACHING_SHORT };
	uint32_t blocks = 0;
	int r = 0;

	for (uint32_t i = 0; i < emission->layers.layers; i++)
		blocks += placement_of(&emission->layers, i).groups;
	plan.block = memory_take(&emission->memory, blocks * sizeof(*plan.block));
	if (!plan.block)
		return atoll_error_set(err, -ENOMEM, "no memory to place its parameters");
	for (uint32_t i = 0; i < emission->layers.layers && r == 0; i++)
		r = place_layer(emission, i, &plan, err);
	return r < 0 ? r : isa_caching_write(&plan, &emission->caching_bytes,
					     &emission->caching_size, err);
}

static int write_programs(struct silicon_emission *emission, struct atoll_error *err)
{
	const struct emit_input *input = emission->input;
	struct silicon_layers *layers = &emission->layers;
	int r = silicon_layers_of(input->graph, input->part, input->row, layers, err);

	if (r == 0 && layers->is_conv)
		r = conv_write(layers->conv, layers->layers, &emission->program, err);
	else if (r == 0)
		r = dense_write(layers->dense, layers->layers, &emission->program, err);
	if (r == 0)
		r = write_caching(emission, err);
	return r;
}

static int write_parameters(struct silicon_emission *emission, struct atoll_error *err)
{
	const struct silicon_layers *layers = &emission->layers;
	uint32_t at = 0;

	for (uint32_t i = 0; i < layers->layers; i++)
		emission->parameter_bytes += layers->block[i].bytes;
	emission->parameters = memory_take(&emission->memory, emission->parameter_bytes);
	if (!emission->parameters)
		return atoll_error_set(err, -ENOMEM, "no memory for parameters");
	for (uint32_t i = 0; i < layers->layers; i++) {
		compiler_block_write(emission->input->graph->graph, &layers->block[i],
				     emission->parameters + at);
		at += layers->block[i].bytes;
	}
	return 0;
}

static int set_layers(struct silicon_emission *emission, struct atoll_error *err)
{
	const struct emit_input *input = emission->input;
	int r = emit_layer(input->graph, input->part->input[0], &emission->in, err);

	return r < 0 ? r : emit_output(input->graph, input->part->output[0],
				       &emission->memory, &emission->out, err);
}

static struct edgetpu_field half(uint32_t word, uint8_t kind, bool is_upper, const char *name)
{
	return (struct edgetpu_field){
		.bit = word * 8 * ISA_WORD_BYTES + ADDRESS_BIT, .kind = kind,
		.is_upper = is_upper, .name = name,
	};
}

static void set_chunks(struct silicon_emission *emission)
{
	const struct words_program *program = &emission->program;
	const struct edgetpu_field field[MAIN_FIELDS] = {
		half(SCALAR_PARAMETERS_WORD, FIELD_PARAMETERS, false, ""),
		half(SCALAR_PARAMETERS_WORD + 1, FIELD_PARAMETERS, true, ""),
		half(SCALAR_SCRATCH_WORD, FIELD_SCRATCH, false, ""),
		half(SCALAR_SCRATCH_WORD + 1, FIELD_SCRATCH, true, ""),
		half(program->input_word, FIELD_INPUT, true, emission->in.name),
		half(program->input_word + 1, FIELD_INPUT, false, emission->in.name),
		half(program->output_word, FIELD_OUTPUT, true, emission->out.name),
		half(program->output_word + 1, FIELD_OUTPUT, false, emission->out.name),
	};

	for (uint32_t i = 0; i < MAIN_FIELDS; i++)
		emission->field[i] = field[i];
	emission->main_chunk = (struct edgetpu_chunk){
		.bytes = program->bytes, .size = program->size,
		.fields = MAIN_FIELDS, .field = emission->field };
	emission->caching_chunk = (struct edgetpu_chunk){
		.bytes = emission->caching_bytes, .size = (uint32_t)emission->caching_size };
	emission->caching_chunk.field =
		isa_caching_fields(ISA_CACHING_SHORT, &emission->caching_chunk.fields);
}

static int write_package(const struct silicon_emission *emission, struct emit_options *options,
			 struct atoll_error *err)
{
	const struct emit_input *input = emission->input;
	const struct edgetpu_hint main_hints[] = {
		{ .kind = EDGETPU_INSTRUCTIONS },
		{ .kind = EDGETPU_INPUT, .size = emission->in.size },
		{ .kind = EDGETPU_OUTPUT, .size = emission->out.size },
		{ .kind = EDGETPU_INTERRUPT } };
	const struct edgetpu_hint caching_hints[] = {
		{ .kind = EDGETPU_INSTRUCTIONS },
		{ .kind = EDGETPU_PARAMETERS, .size = emission->parameter_bytes },
		{ .kind = EDGETPU_INTERRUPT } };
	const struct edgetpu_executable main = {
		.name = *input->graph->graph->name ? "model" : "", .type = EDGETPU_EXECUTION,
		.token = input->token, .is_deterministic = true,
		.chunks = 1, .chunk = &emission->main_chunk,
		.hints = sizeof(main_hints) / sizeof(main_hints[0]), .hint = main_hints,
		.inputs = 1, .input = &emission->in, .outputs = 1, .output = &emission->out,
		.narrow_bytes = emission->program.narrow_bytes };
	const struct edgetpu_executable caching = {
		.name = "Unknown", .type = EDGETPU_CACHING, .token = input->token,
		.is_deterministic = true, .chunks = 1, .chunk = &emission->caching_chunk,
		.hints = sizeof(caching_hints) / sizeof(caching_hints[0]),
		.hint = caching_hints, .parameters = emission->parameters,
		.parameter_bytes = emission->parameter_bytes };
	const struct edgetpu_package package = {
		.runtime_version = input->runtime_version, .compiler = EDGETPU_OWN_COMPILER,
		.main = &main, .caching = &caching };

	return edgetpu_package_write(&package, &options->bytes, &options->size, err);
}

int emit_silicon(const struct emit_input *input, struct emit_options *options,
		 struct atoll_error *err)
{
	struct silicon_emission emission = { .input = input, .memory = MEMORY_UNLIMITED };
	int r = set_layers(&emission, err);

	if (r < 0)
		return r;
	r = write_programs(&emission, err);
	if (r == 0)
		r = write_parameters(&emission, err);
	if (r == 0) {
		set_chunks(&emission);
		r = write_package(&emission, options, err);
	}
	free(emission.program.bytes);
	free(emission.caching_bytes);
	memory_free(&emission.memory);
	if (r < 0)
		(void)atoll_error_prefix(err, "%s",
					 atoll_error_path(input->graph->model->path));
	return r;
}
