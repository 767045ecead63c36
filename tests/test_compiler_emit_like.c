/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/emit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/copy.h"
#include "runtime/edgetpu/package.h"
#include "runtime/edgetpu/package_write.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/net.h"

#define TOKEN UINT64_C(0x0123456789abcdef)
#define VENDORS_TOKEN UINT64_C(0xfedcba9876543210)

static const struct net usual = { .seed = 0 };

/* A model on its way through the compiler, all in one part. */
struct job {
	struct memory memory;
	struct compiler_graph graph;
	struct compiler_partition partition;
	struct compiler_load load;
	struct emit_input input;
};

static void gather(struct job *job, const struct compiler_part *part)
{
	struct compiler_block *block = memory_take(
		&job->memory, part->operators * COMPILER_BLOCKS_MAX * sizeof(*block));
	struct atoll_error err;

	assert_non_null(block);
	job->load.block = block;
	for (uint32_t i = 0; i < part->operators; i++) {
		uint32_t blocks = 0;

		if (compiler_blocks(job->graph.graph, part->op[i], block + job->load.blocks,
				    &blocks, &err) < 0)
			fail_msg("%s", err.text);
		job->load.blocks += blocks;
	}
	job->load.is_cached = memory_take(&job->memory, job->load.blocks);
	assert_non_null(job->load.is_cached);
	(void)compiler_allocate(&job->load, 1, 1 << 23, false);
}

static void job_open(struct job *job, const struct atoll_model *model)
{
	static const struct atoll_compile_options options = { .runtime_version = 14 };
	const struct atoll_compile_job what = { .model = model };
	enum atoll_compile_failure failure;
	struct atoll_error err;

	*job = (struct job){ .memory = MEMORY_UNLIMITED };
	if (compiler_import(model, &job->graph, &failure, &err) < 0 ||
	    compiler_partition(&job->graph, &what, &options, &job->memory, &job->partition,
			       &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(job->partition.parts, 1);
	gather(job, &job->partition.part[0]);
	job->input = (struct emit_input){
		.graph = &job->graph, .part = &job->partition.part[0], .load = &job->load,
		.runtime_version = 14, .token = TOKEN,
	};
}

static void job_close(struct job *job)
{
	compiler_graph_free(&job->graph);
	memory_free(&job->memory);
}

/*
 * As if the vendor had compiled it: instructions instead of the graph, and blocks in an
 * order of its own, the first at the end; outputs the other way round, too.
 */
static void *vendors_options(struct job *job, size_t *size)
{
	static const uint8_t noise[64] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	const struct edgetpu_chunk chunk = { .bytes = noise, .size = sizeof(noise) };
	uint32_t bytes, first = job->load.block[0].bytes;
	struct edgetpu_executable main, caching;
	struct edgetpu_package package, *read;
	struct edgetpu_hint hint[16];
	struct edgetpu_layer output[2];
	struct emit_options emitted;
	struct atoll_error err;
	uint8_t *parameters;
	void *options;

	job->input.token = VENDORS_TOKEN;
	if (emit_emulator(&job->input, &emitted, &err) < 0)
		fail_msg("%s", err.text);
	job->input.token = TOKEN;
	read = compiled_read(emitted.bytes, emitted.size);
	package = *read;
	main = *read->main;
	caching = *read->caching;
	main.model = NULL;
	main.model_bytes = 0;
	assert_int_equal(main.outputs, 2);
	output[0] = main.output[1];
	output[1] = main.output[0];
	main.output = output;
	assert_in_range(main.hints, 1, 16);
	memcpy(hint, main.hint, main.hints * sizeof(*hint));
	for (uint32_t i = 0; i < main.hints; i++)
		if (hint[i].kind == EDGETPU_OUTPUT)
			hint[i].index = 1 - hint[i].index;
	main.hint = hint;
	main.chunks = caching.chunks = 1;
	main.chunk = caching.chunk = &chunk;
	bytes = caching.parameter_bytes;
	assert_true(job->load.is_cached[0]);
	parameters = malloc(bytes);
	assert_non_null(parameters);
	memcpy(parameters, caching.parameters + first, bytes - first);
	memcpy(parameters + bytes - first, caching.parameters, first);
	caching.parameters = parameters;
	package.main = &main;
	package.caching = &caching;
	if (edgetpu_package_write(&package, &options, size, &err) < 0)
		fail_msg("%s", err.text);
	edgetpu_package_free(read);
	free(emitted.bytes);
	free(parameters);
	return options;
}

/* The file around it. */
static struct atoll_model *vendors_model(const struct job *job, const void *options,
					 size_t options_bytes)
{
	const struct compiler_part *part = job->input.part;
	struct atoll_builder *b = atoll_builder_new("");
	int32_t input, output[2];
	struct atoll_builder_tensor tensor;
	struct atoll_model *model;
	struct atoll_error err;
	void *bytes;
	size_t size;

	assert_non_null(b);
	assert_int_equal(part->outputs, 2);
	tensor = copy_tensor(job->graph.graph, (uint32_t)part->input[0]);
	input = atoll_builder_tensor(b, &tensor);
	for (int i = 0; i < 2; i++) {
		tensor = copy_tensor(job->graph.graph, (uint32_t)part->output[1 - i]);
		output[i] = atoll_builder_tensor(b, &tensor);
	}
	atoll_builder_operator(b, &(const struct atoll_builder_operator){
		.code = BUILTIN_CUSTOM, .custom = EDGETPU_OPERATOR, .inputs = 1,
		.input = &input, .outputs = 2, .output = output,
		.custom_options = options, .custom_options_bytes = options_bytes });
	atoll_builder_inputs(b, 1, &input);
	atoll_builder_outputs(b, 2, output);
	if (atoll_builder_finish(b, &bytes, &size, &err) < 0)
		fail_msg("%s", err.text);
	atoll_builder_free(b);
	model = atoll_model_take_bytes(bytes, size, "vendors.tflite", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

/* What was compiled, compiled. */
struct world {
	struct graph twin;
	struct job job;              /* of the twin */
	struct atoll_model *like;
};

static void world_open(struct world *world, const struct net *net)
{
	void *options;
	size_t size;

	world->twin = net_build(net);
	job_open(&world->job, world->twin.model);
	assert_int_equal(world->job.partition.mapped, world->twin.model->graph[0].operators);
	options = vendors_options(&world->job, &size);
	world->like = vendors_model(&world->job, options, size);
	free(options);
}

static void world_done(struct world *world)
{
	atoll_model_free(world->like);
	job_close(&world->job);
	graph_free(&world->twin);
}

static struct edgetpu_package *read_model(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);

	return compiled_read(op->custom_options, op->custom_options_bytes);
}

/* Compile like the vendor did; the options that come out. */
static struct emit_options emit(const struct world *world, const struct net *net)
{
	struct graph g = net_build(net);
	struct emit_options options;
	struct atoll_error err;
	struct job job;

	job_open(&job, g.model);
	if (emit_like(&job.input, world->like, world->twin.model, &options, &err) < 0)
		fail_msg("%s", err.text);
	job_close(&job);
	graph_free(&g);
	return options;
}

static void assert_refused(const struct world *world, const struct net *net,
			   const char *words)
{
	struct emit_options options = { .bytes = NULL };
	struct graph g = net_build(net);
	struct atoll_error err = { 0 };
	struct job job;

	job_open(&job, g.model);
	assert_int_equal(emit_like(&job.input, world->like, world->twin.model, &options, &err),
			 -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	assert_null(options.bytes);
	assert_int_equal(emit_like(&job.input, world->like, world->twin.model, &options, NULL),
			 -EINVAL);
	job_close(&job);
	graph_free(&g);
}

/* Bytes that differ between the options of a vendor's model and new ones. */
static size_t count_changes(const struct atoll_model *like, const struct emit_options *options)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&like->graph[0], NULL);
	const uint8_t *bytes = options->bytes;
	size_t changes = 0;

	assert_int_equal(options->size, op->custom_options_bytes);
	for (size_t i = 0; i < options->size; i++)
		changes += bytes[i] != op->custom_options[i];
	return changes;
}

static void assert_same_parameters(const struct edgetpu_package *a,
				   const struct edgetpu_package *b)
{
	assert_int_equal(a->main->parameter_bytes, b->main->parameter_bytes);
	assert_memory_equal(a->main->parameters, b->main->parameters,
			    a->main->parameter_bytes);
	assert_int_equal(a->caching->parameter_bytes, b->caching->parameter_bytes);
	assert_memory_equal(a->caching->parameters, b->caching->parameters,
			    a->caching->parameter_bytes);
}

static void assert_tokens(const struct edgetpu_package *package)
{
	assert_true(package->main->token == TOKEN);
	assert_true(package->caching->token == TOKEN);
}

static void without_changes_tokens_are_new_and_layers_in_order(void **state)
{
	struct world world;
	struct emit_options options;
	struct edgetpu_package *package, *before;

	(void)state;
	world_open(&world, &usual);
	options = emit(&world, &usual);
	package = compiled_read(options.bytes, options.size);
	before = read_model(world.like);
	/* Two tokens, and two slots of layers. */
	assert_in_range(count_changes(world.like, &options), 2 * 8 + 2, 2 * 8 + 2 * 2);
	assert_tokens(package);
	assert_same_parameters(before, package);
	assert_string_equal(before->main->output[0].name, "out");
	assert_string_equal(package->main->output[0].name, "twice");
	assert_string_equal(package->main->output[1].name, "out");
	edgetpu_package_free(before);
	edgetpu_package_free(package);
	free(options.bytes);
	world_done(&world);
}

/* Where the vendor's compiler would have put them. */
static void new_parameters_lie_where_the_old_ones_did(void **state)
{
	struct world world, other;
	struct edgetpu_package *package, *expected;
	struct emit_options options;
	struct net net = usual;

	(void)state;
	net.seed = 20;
	net.has_other_scales = true;
	world_open(&world, &usual);
	world_open(&other, &net);
	options = emit(&world, &net);
	package = compiled_read(options.bytes, options.size);
	expected = read_model(other.like);
	assert_tokens(package);
	assert_int_equal(package->main->parameter_bytes, 320); /* the image */
	assert_same_parameters(package, expected);
	edgetpu_package_free(expected);
	edgetpu_package_free(package);
	free(options.bytes);
	world_done(&other);
	world_done(&world);
}

static void what_differs_is_told_with_its_name(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, &usual);
	assert_refused(&world, &(const struct net){ .in_name = "inn" }, "vendors.tflite: input "
		       "inn was none when it was compiled, in was");
	assert_refused(&world, &(const struct net){ .outputs = 1 }, "operator 8 "
		       "(FULLY_CONNECTED): input 1 (last/weights): 6x288, compiled as 5x288");
	assert_refused(&world, &(const struct net){ .prelu_seed = 1 }, "operator 4 (PRELU): "
		       "its parameters differ, but how they lie in the compiled model is not "
		       "known");
	world_done(&world);
}

/* A twin whose weights are not those that were compiled. */
static void parameters_that_are_not_there_cannot_be_replaced(void **state)
{
	struct world world, other;
	struct net net = usual;

	(void)state;
	net.seed = 20;
	world_open(&world, &usual);
	world_open(&other, &net);
	{
		const struct world mixed = { .twin = other.twin, .like = world.like };

		net.seed = 40;
		assert_refused(&mixed, &net, "its parameters differ, but how they lie in the "
			       "compiled model is not known");
	}
	world_done(&other);
	world_done(&world);
}

static void a_model_without_instructions_is_refused(void **state)
{
	struct world world;
	struct emit_options emitted;
	struct atoll_model *emulated;
	struct atoll_error err;

	(void)state;
	world_open(&world, &usual);
	{
		const struct world plain = { .twin = world.twin, .like = world.twin.model };

		assert_refused(&plain, &usual, "was not compiled for the Edge TPU");
	}
	assert_int_equal(emit_emulator(&world.job.input, &emitted, &err), 0);
	emulated = vendors_model(&world.job, emitted.bytes, emitted.size);
	free(emitted.bytes);
	{
		const struct world carried = { .twin = world.twin, .like = emulated };

		assert_refused(&carried, &usual, "vendors.tflite: compiled for emulated "
			       "devices, there are no instructions in it");
	}
	atoll_model_free(emulated);
	world_done(&world);
}

/* Models that the vendor's compiler compiled. */
static const char *const pairs[] = {
	"mobilenet_v1_0.25_128_quant", "dense_256", "dense_512",
	"deeplab_mobilenet_edgetpu_slim_cityscapes_quant",
	"movenet_single_pose_lightning_ptq",
	"posenet_mobilenet_v1_075_353_481_16_quant_decoder",
	/* Parameters of these are not all known; those that are not stay. */
	"keras_lstm_mnist_ptq", "split_concat",
};

#define PAIRS_UNKNOWN 2
#define PAIRS_ALL (sizeof(pairs) / sizeof(*pairs))
#define PAIRS (PAIRS_ALL - PAIRS_UNKNOWN)

static struct atoll_model *load(const char *format, const char *name)
{
	char path[512];
	struct atoll_model *model;
	struct atoll_error err;

	(void)snprintf(path, sizeof(path), format, name);
	model = atoll_model_load(check_data_path("models/%s", path), &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

/* Layers stand where the operator has their tensors. */
static void assert_order(const struct edgetpu_package *package, const struct job *job)
{
	const struct compiler_part *part = job->input.part;

	for (uint32_t i = 0; i < part->inputs; i++)
		assert_string_equal(package->main->input[i].name,
				    job->graph.graph->tensor[part->input[i]].name);
	for (uint32_t i = 0; i < part->outputs; i++)
		assert_string_equal(package->main->output[i].name,
				    job->graph.graph->tensor[part->output[i]].name);
}

static void the_vendors_own_parameters_come_out_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS_ALL; i++) {
		struct atoll_model *twin = load("%s.tflite", pairs[i]);
		struct atoll_model *like = load("%s_edgetpu.tflite", pairs[i]);
		struct edgetpu_package *before, *after;
		struct emit_options options;
		struct atoll_error err;
		struct job job;

		job_open(&job, twin);
		if (emit_like(&job.input, like, twin, &options, &err) < 0)
			fail_msg("%s: %s", pairs[i], err.text);
		/* Tokens; outputs of the PoseNet were in another order. */
		assert_in_range(count_changes(like, &options), 2 * 6, 2 * 8 + 3 * 2);
		before = read_model(like);
		after = compiled_read(options.bytes, options.size);
		assert_tokens(after);
		assert_same_parameters(before, after);
		assert_order(after, &job);
		edgetpu_package_free(before);
		edgetpu_package_free(after);
		free(options.bytes);
		job_close(&job);
		atoll_model_free(like);
		atoll_model_free(twin);
	}
}

/* The same model with other bytes in the last weights that are a layer's. */
static struct atoll_model *change_last(const struct atoll_model *model, uint32_t *op)
{
	const struct atoll_graph *graph = &model->graph[0];
	uint8_t *bytes = malloc(model->size), *weights;
	struct atoll_model *changed;
	struct atoll_error err;

	assert_non_null(bytes);
	memcpy(bytes, model->bytes, model->size);
	for (*op = graph->operators - 1; graph->op[*op].code != BUILTIN_CONV_2D &&
	     graph->op[*op].code != BUILTIN_FULLY_CONNECTED; --*op)
		;
	weights = graph->tensor[graph->op[*op].input[1]].data;
	assert_in_range((uintptr_t)weights, (uintptr_t)model->bytes,
			(uintptr_t)model->bytes + model->size);
	bytes[weights - model->bytes] ^= 0x55;
	bytes[weights - model->bytes + 5] ^= 0x55;
	changed = atoll_model_take_bytes(bytes, model->size, "changed", &err);
	if (!changed)
		fail_msg("%s", err.text);
	return changed;
}

static void of_changed_last_weights_only_their_block_is_new(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		struct atoll_model *twin = load("%s.tflite", pairs[i]), *changed;
		struct atoll_model *like = load("%s_edgetpu.tflite", pairs[i]);
		struct edgetpu_package *before, *after;
		uint32_t op, changes = 0;
		struct emit_options options;
		struct atoll_error err;
		struct job job;

		changed = change_last(twin, &op);
		job_open(&job, changed);
		if (emit_like(&job.input, like, twin, &options, &err) < 0)
			fail_msg("%s: %s", pairs[i], err.text);
		before = read_model(like);
		after = compiled_read(options.bytes, options.size);
		for (uint32_t b = 0; b < before->caching->parameter_bytes; b++)
			changes += before->caching->parameters[b] !=
				   after->caching->parameters[b];
		assert_int_equal(changes, 2);
		edgetpu_package_free(before);
		edgetpu_package_free(after);
		free(options.bytes);
		job_close(&job);
		atoll_model_free(changed);
		atoll_model_free(like);
		atoll_model_free(twin);
	}
}

static struct atoll_session *open_session(const struct atoll_model *model, const char *device,
					  const struct atoll_model *twin)
{
	const struct atoll_session_options options = { .device = device, .twin = twin };
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(model, &options, &err);

	if (!session)
		fail_msg("%s", err.text);
	return session;
}

/* On an emulated device and on the CPU, with the same bytes for inputs. */
static void assert_same_answers(const struct atoll_model *compiled,
				const struct atoll_model *model)
{
	struct atoll_session *session = open_session(compiled, "emu", model);
	struct atoll_session *cpu = open_session(model, "cpu", NULL);

	for (uint32_t i = 0; i < atoll_session_inputs(cpu); i++) {
		struct atoll_tensor *in = atoll_session_input(cpu, i);
		uint8_t *bytes = in->data;

		for (size_t b = 0; b < in->bytes; b++)
			bytes[b] = (uint8_t)(b * 7 + b / 251);
		memcpy(atoll_session_input(session, i)->data, bytes, in->bytes);
	}
	assert_int_equal(atoll_session_invoke(cpu), 0);
	assert_int_equal(atoll_session_invoke(session), 0);
	for (uint32_t i = 0; i < atoll_session_outputs(cpu); i++) {
		const struct atoll_tensor *out = atoll_session_output(cpu, i);

		assert_memory_equal(atoll_session_output(session, i)->data, out->data,
				    out->bytes);
	}
	atoll_session_close(session);
	atoll_session_close(cpu);
}

static void a_changed_model_in_the_vendors_form_gives_its_own_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		struct atoll_model *twin = load("%s.tflite", pairs[i]);
		struct atoll_model *like = load("%s_edgetpu.tflite", pairs[i]);
		uint32_t op;
		struct atoll_model *changed = change_last(twin, &op), *model;
		const struct atoll_compile_job job = { .model = changed };
		struct atoll_error err;
		struct atoll_compiled *compiled = atoll_compile(&job, 1,
			&(const struct atoll_compile_options){ .target = ATOLL_TARGET_LIKE,
				.like = like, .like_twin = twin }, NULL, &err);

		if (!compiled)
			fail_msg("%s: %s", pairs[i], err.text);
		model = atoll_model_load_bytes(compiled->model[0].bytes,
					       compiled->model[0].size, "compiled", &err);
		if (!model)
			fail_msg("%s: %s", pairs[i], err.text);
		assert_same_answers(model, changed);
		atoll_model_free(model);
		atoll_compiled_free(compiled);
		atoll_model_free(changed);
		atoll_model_free(like);
		atoll_model_free(twin);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_changes_tokens_are_new_and_layers_in_order),
		cmocka_unit_test(new_parameters_lie_where_the_old_ones_did),
		cmocka_unit_test(what_differs_is_told_with_its_name),
		cmocka_unit_test(parameters_that_are_not_there_cannot_be_replaced),
		cmocka_unit_test(a_model_without_instructions_is_refused),
		cmocka_unit_test(the_vendors_own_parameters_come_out_again),
		cmocka_unit_test(of_changed_last_weights_only_their_block_is_new),
		cmocka_unit_test(a_changed_model_in_the_vendors_form_gives_its_own_answers),
	};
	return CHECK_RUN(tests);
}
