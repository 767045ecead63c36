/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/emit.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/carried.h"
#include "runtime/edgetpu/package.h"
#include "runtime/model.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/models.h"
#include "tests/must.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TOKEN UINT64_C(0x0123456789abcdef)

/* The first part of a model, compiled. */
struct emitted {
	struct memory memory;
	struct compiler_graph graph;
	struct compiler_partition partition;
	struct compiler_load load;
	struct emit_options options;
	struct edgetpu_package *package;
};

static void must(int r, const struct atoll_error *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

static void gather(struct emitted *emitted, const struct compiler_part *part)
{
	struct compiler_block *block = memory_take(
		&emitted->memory, part->operators * COMPILER_BLOCKS_MAX * sizeof(*block));
	struct atoll_error err;

	assert_non_null(block);
	emitted->load.block = block;
	for (uint32_t i = 0; i < part->operators; i++) {
		uint32_t blocks = 0;

		must(compiler_blocks(emitted->graph.graph, part->op[i],
				     block + emitted->load.blocks, &blocks, &err), &err);
		emitted->load.blocks += blocks;
	}
	emitted->load.is_cached = memory_take(&emitted->memory, emitted->load.blocks);
	assert_non_null(emitted->load.is_cached);
}

/* With so many bytes for parameters on the chip. */
static struct emitted *emit(const struct atoll_model *model, uint64_t capacity)
{
	const struct atoll_compile_options defaults = { .runtime_version = 14 };
	const struct atoll_compile_job job = { .model = model };
	struct emitted *emitted = calloc(1, sizeof(*emitted));
	const struct compiler_part *part;
	enum atoll_compile_failure failure;
	struct atoll_error err;

	assert_non_null(emitted);
	emitted->memory = MEMORY_UNLIMITED;
	must(compiler_import(model, &emitted->graph, &failure, &err), &err);
	must(compiler_partition(&emitted->graph, &job, &defaults, &emitted->memory,
				&emitted->partition, &err), &err);
	assert_int_equal(emitted->partition.parts, 1);
	part = &emitted->partition.part[0];
	gather(emitted, part);
	(void)compiler_allocate(&emitted->load, 1, capacity, false);
	must(emit_emulator(&(struct emit_input){
		.graph = &emitted->graph, .part = part, .load = &emitted->load,
		.runtime_version = 14, .token = TOKEN }, &emitted->options, &err), &err);
	emitted->package = compiled_read(emitted->options.bytes, emitted->options.size);
	return emitted;
}

static void emitted_free(struct emitted *emitted)
{
	edgetpu_package_free(emitted->package);
	free(emitted->options.bytes);
	compiler_graph_free(&emitted->graph);
	memory_free(&emitted->memory);
	free(emitted);
}

static void same_vector(const int32_t *a, const int32_t *b, uint32_t count)
{
	assert_memory_equal(a, b, count * sizeof(*a));
}

static void same_layer(const struct edgetpu_layer *a, const struct edgetpu_layer *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->y, b->y);
	assert_int_equal(a->x, b->x);
	assert_int_equal(a->z, b->z);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->zero_point, b->zero_point);
	assert_true(a->scale == b->scale);
	assert_int_equal(a->state_of, b->state_of);
	if (b->rank > 0) { /* compilers up to 15 left shapes out */
		assert_int_equal(a->rank, b->rank);
		assert_memory_equal(a->shape, b->shape, a->rank * sizeof(a->shape[0]));
	}
	assert_int_equal(a->layout.is_flat, b->layout.is_flat);
	if (a->layout.is_flat)
		return;
	same_vector(a->layout.y_tile, b->layout.y_tile, a->y);
	same_vector(a->layout.x_tile, b->layout.x_tile, a->x);
	same_vector(a->layout.tile_offset, b->layout.tile_offset, 16);
}

static const struct edgetpu_layer *find(const struct edgetpu_layer *layer, uint32_t layers,
					const char *name)
{
	for (uint32_t i = 0; i < layers; i++)
		if (strcmp(layer[i].name, name) == 0)
			return &layer[i];
	fail_msg("no layer %s", name);
	return NULL;
}

/* One of the vendor's files was made with another tool, which orders outputs its way. */
static void same_layers(const struct edgetpu_executable *a, const struct edgetpu_executable *b)
{
	assert_int_equal(a->inputs, b->inputs);
	for (uint32_t i = 0; i < a->inputs; i++)
		same_layer(&a->input[i], &b->input[i]);
	assert_int_equal(a->outputs, b->outputs);
	for (uint32_t i = 0; i < a->outputs; i++)
		same_layer(&a->output[i], find(b->output, b->outputs, a->output[i].name));
}

/* Where the block is among those bytes that were not found before. */
static bool find_block(const uint8_t *block, uint32_t bytes, const uint8_t *all, uint32_t size,
		       bool *is_found)
{
	for (uint32_t at = 0; at + bytes <= size; at += 64)
		if (!is_found[at / 64] && memcmp(all + at, block, bytes) == 0) {
			memset(is_found + at / 64, 1, bytes / 64);
			return true;
		}
	return false;
}

/* Where branches meet the vendor's compiler has an order of its own, so blocks are a
   set. */
static void same_parameters(const struct edgetpu_executable *a,
			    const struct edgetpu_executable *b,
			    const struct compiler_load *load)
{
	bool *is_found = calloc(b->parameter_bytes / 64 + 1, 1);
	uint32_t at = 0;

	assert_non_null(is_found);
	assert_int_equal(a->parameter_bytes, b->parameter_bytes);
	for (uint32_t i = 0; i < load->blocks; i++) {
		if (!load->is_cached[i])
			continue;
		assert_true(find_block(a->parameters + at, load->block[i].bytes, b->parameters,
				       b->parameter_bytes, is_found));
		at += load->block[i].bytes;
	}
	assert_int_equal(at, a->parameter_bytes);
	free(is_found);
}

/* Addresses of parameters and scratch are where the vendor's compiler has them. */
static void same_first_fields(const struct edgetpu_chunk *a, const struct edgetpu_chunk *b,
			      uint32_t fields)
{
	assert_true(a->fields >= fields && b->fields >= fields);
	for (uint32_t i = 0; i < fields; i++) {
		assert_int_equal(a->field[i].bit, b->field[i].bit);
		assert_int_equal(a->field[i].kind, b->field[i].kind);
		assert_int_equal(a->field[i].is_upper, b->field[i].is_upper);
	}
}

static void compare(const char *name, bool has_all_parameters)
{
	struct atoll_model *model = must_load(check_data_path("models/%s.tflite", name));
	struct atoll_model *compiled = must_load(check_data_path("models/%s_edgetpu.tflite", name));
	const struct atoll_operator *op = edgetpu_next_compiled(&compiled->graph[0], NULL);
	struct edgetpu_package *theirs = compiled_read(op->custom_options,
						       op->custom_options_bytes);
	struct emitted *emitted = emit(model, 8 << 20);
	const struct edgetpu_package *ours = emitted->package;

	same_layers(ours->main, theirs->main);
	assert_int_equal(ours->runtime_version, 14);
	assert_string_equal(ours->compiler, "cl/");
	same_first_fields(&ours->main->chunk[0], &theirs->main->chunk[0], 4);
	if (has_all_parameters) {
		assert_non_null(ours->caching);
		assert_int_equal(ours->main->type, theirs->main->type);
		assert_string_equal(ours->caching->name, theirs->caching->name);
		same_first_fields(&ours->caching->chunk[0], &theirs->caching->chunk[0], 2);
		assert_int_equal(ours->main->parameter_bytes, theirs->main->parameter_bytes);
		same_parameters(ours->caching, theirs->caching, &emitted->load);
	}
	emitted_free(emitted);
	edgetpu_package_free(theirs);
	atoll_model_free(compiled);
	atoll_model_free(model);
}

static void layers_and_parameters_are_those_of_the_vendors_compiler(void **state)
{
	static const char *const names[] = {
		"deeplab_mobilenet_edgetpu_slim_cityscapes_quant", "dense_256", "dense_512",
		"mobilenet_v1_0.25_128_quant", "movenet_single_pose_lightning_ptq",
		"posenet_mobilenet_v1_075_353_481_16_quant_decoder",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		compare(names[i], true);
}

/* Of these not all parameters are understood. */
static void states_and_many_outputs_are_those_of_the_vendors_compiler(void **state)
{
	(void)state;
	compare("keras_lstm_mnist_ptq", false);
	compare("split_concat", false);
}

/* A model of our own that has something to keep on the chip. */
static struct atoll_model *own_model(void **bytes)
{
	struct atoll_error err;
	struct atoll_model *model;
	size_t size;

	*bytes = models_build(2, &size);
	model = atoll_model_load_bytes(*bytes, size, "ours", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static void check_instructions(const struct edgetpu_executable *executable,
			       const struct edgetpu_package *package, char first)
{
	const struct edgetpu_executable *main = package->main, *caching = package->caching;
	const struct edgetpu_chunk *chunk = &executable->chunk[0];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, main->model, main->model_bytes);
	SHA256Update(&sha, caching->parameters, caching->parameter_bytes);
	SHA256Update(&sha, main->parameters, main->parameter_bytes);
	SHA256Final(digest, &sha);
	assert_int_equal(executable->chunks, 1);
	assert_int_equal(chunk->bytes[0], first);
	assert_memory_equal(chunk->bytes + 1, &CARRIED_MAGIC[1], 15);
	assert_memory_equal(chunk->bytes + 16, digest, sizeof(digest));
	for (uint32_t i = 48; i < chunk->size; i++)
		assert_int_equal(chunk->bytes[i], 0);
}

static void instructions_name_graph_and_parameters(void **state)
{
	void *bytes;
	struct atoll_model *model = own_model(&bytes);
	struct emitted *emitted = emit(model, 8 << 20);
	const struct edgetpu_package *package = emitted->package;

	(void)state;
	assert_non_null(package->caching);
	check_instructions(package->main, package, 'A');
	check_instructions(package->caching, package, 'a');
	assert_true(carried_is(package));
	emitted_free(emitted);
	atoll_model_free(model);
	free(bytes);
}

static void what_stays_on_the_chip_has_a_token(void **state)
{
	void *bytes;
	struct atoll_model *model = own_model(&bytes);
	struct emitted *emitted = emit(model, 8 << 20);
	const struct edgetpu_package *package = emitted->package;
	const struct edgetpu_hint *hint = package->caching->hint;

	(void)state;
	assert_int_equal(package->main->type, EDGETPU_EXECUTION);
	assert_int_equal(package->main->token, TOKEN);
	assert_int_equal(package->caching->token, TOKEN);
	assert_int_equal(package->caching->hints, 3);
	assert_int_equal(hint[0].kind, EDGETPU_INSTRUCTIONS);
	assert_int_equal(hint[1].kind, EDGETPU_PARAMETERS);
	assert_int_equal(hint[1].size, package->caching->parameter_bytes);
	assert_int_equal(hint[2].kind, EDGETPU_INTERRUPT);
	emitted_free(emitted);
	atoll_model_free(model);
	free(bytes);
}

/* Nothing may be asked for before it can be computed. */
static void what_does_not_stay_is_sent_block_by_block(void **state)
{
	void *bytes;
	struct atoll_model *model = own_model(&bytes);
	struct emitted *emitted = emit(model, 0);
	const struct edgetpu_executable *main = emitted->package->main;
	uint32_t blocks = emitted->load.blocks, at = 0, i = 0;

	(void)state;
	assert_null(emitted->package->caching);
	assert_int_equal(main->type, EDGETPU_STAND_ALONE);
	assert_int_equal(main->token, 0);
	assert_true(blocks > 0 && main->is_deterministic);
	assert_int_equal(main->hints, 2 + main->inputs + blocks + main->outputs);
	assert_int_equal(main->hint[i++].kind, EDGETPU_INSTRUCTIONS);
	for (uint32_t input = 0; input < main->inputs; input++, i++) {
		assert_int_equal(main->hint[i].kind, EDGETPU_INPUT);
		assert_int_equal(main->hint[i].size, main->input[input].size);
	}
	for (uint32_t b = 0; b < blocks; b++, i++) {
		assert_int_equal(main->hint[i].kind, EDGETPU_PARAMETERS);
		assert_int_equal(main->hint[i].offset, at);
		assert_int_equal(main->hint[i].size, emitted->load.block[b].bytes);
		at += main->hint[i].size;
	}
	assert_int_equal(at, main->parameter_bytes);
	for (uint32_t output = 0; output < main->outputs; output++)
		assert_int_equal(main->hint[i++].kind, EDGETPU_OUTPUT);
	assert_int_equal(main->hint[i].kind, EDGETPU_INTERRUPT);
	emitted_free(emitted);
	atoll_model_free(model);
	free(bytes);
}

/* Half of it on the chip: what comes back is the part with its constants. */
static void the_graph_comes_back_with_its_parameters(void **state)
{
	void *bytes;
	struct atoll_model *model = own_model(&bytes), *restored;
	struct emitted *emitted = emit(model, 64);
	const struct atoll_graph *graph = &model->graph[0], *again;
	struct atoll_error err;
	uint32_t constants = 0;

	(void)state;
	restored = carried_model(emitted->package, &err);
	if (!restored)
		fail_msg("%s", err.text);
	again = &restored->graph[0];
	assert_int_equal(again->operators, emitted->partition.part[0].operators);
	for (uint32_t i = 0; i < again->tensors; i++)
		for (uint32_t j = 0; j < graph->tensors && again->tensor[i].data; j++)
			if (graph->tensor[j].data &&
			    strcmp(again->tensor[i].name, graph->tensor[j].name) == 0) {
				assert_int_equal(again->tensor[i].bytes,
						 graph->tensor[j].bytes);
				assert_memory_equal(again->tensor[i].data,
						    graph->tensor[j].data,
						    graph->tensor[j].bytes);
				constants++;
			}
	assert_true(constants > 0);
	atoll_model_free(restored);
	emitted_free(emitted);
	atoll_model_free(model);
	free(bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_and_parameters_are_those_of_the_vendors_compiler),
		cmocka_unit_test(states_and_many_outputs_are_those_of_the_vendors_compiler),
		cmocka_unit_test(instructions_name_graph_and_parameters),
		cmocka_unit_test(what_stays_on_the_chip_has_a_token),
		cmocka_unit_test(what_does_not_stay_is_sent_block_by_block),
		cmocka_unit_test(the_graph_comes_back_with_its_parameters),
	};

	return CHECK_RUN(tests);
}
