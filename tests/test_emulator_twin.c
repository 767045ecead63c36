/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of an emulated chip that runs the CPU model: first with a package
 * written down here, then with compiled models and the models they came from.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/relayout.h"
#include "runtime/emulator/program.h"
#include "runtime/extract.h"
#include "runtime/fill.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/graph.h"

/* Two int8 pictures of 2 x 2 pixels with 3 channels: the larger and the smaller of
   each number. */
#define NUMBERS 12

static struct graph extremes(void)
{
	struct atoll_builder_tensor tensor = {
		.name = "a", .type = ATOLL_INT8, .rank = 4, .dims = { 1, 2, 2, 3 },
		.scale = 0.5f, .zero_point = -3 };
	struct graph g = graph_new();
	int32_t in[2], out[2];

	in[0] = graph_input(&g, &tensor);
	tensor.name = "b";
	in[1] = graph_input(&g, &tensor);
	tensor.name = "larger";
	out[0] = graph_output(&g, &tensor);
	tensor.name = "smaller";
	out[1] = graph_output(&g, &tensor);
	graph_operator(&g, BUILTIN_MAXIMUM, OPTIONS_MAXIMUM_MINIMUM, 0, NULL, 2, in, 1, &out[0]);
	graph_operator(&g, BUILTIN_MINIMUM, OPTIONS_MAXIMUM_MINIMUM, 0, NULL, 2, in, 1, &out[1]);
	graph_open(&g);
	return g;
}

/* The package a compiler could have made of it. Its first output comes pixel by
   pixel from four tiles, in an order of their own, each padded to four bytes. */
#define PICTURE(text) .name = text, .size = 16, .y = 2, .x = 2, .z = 3, \
	.type = EDGETPU_INT8, .element = 1, .is_signed = true, .zero_point = 125, \
	.scale = 0.5f, .executions = 1, .bytes = NUMBERS, .state_of = -1

static const int32_t y_tile[2] = { 0, 2 }, x_tile[2] = { 0, 1 }, zeros[2];
static const int32_t tile_offset[4] = { 12, 8, 4, 0 }, row_size[2] = { 4, 4 };
static const struct edgetpu_run runs[2] = { { 0, 1, 3 }, { 1, 1, 3 } };

static const struct edgetpu_layer inputs[2] = {
	{ PICTURE("a"), .layout.is_flat = true }, { PICTURE("b"), .layout.is_flat = true },
};

static const struct edgetpu_layer outputs[2] = {
	{ PICTURE("larger"), .layout = {
		.y_tile = y_tile, .x_tile = x_tile, .tile_offset = tile_offset, .tiles = 4,
		.x_local = zeros, .y_local = zeros, .row_size = row_size, .runs = 2,
		.run = runs } },
	{ PICTURE("smaller"), .layout.is_flat = true },
};

static const uint8_t streamed[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t cached[8] = { 9, 8, 7, 6, 5, 4, 3, 2 };

static const struct edgetpu_executable execution = {
	.type = EDGETPU_EXECUTION, .scratch_bytes = 32, .inputs = 2, .outputs = 2,
	.input = inputs, .output = outputs, .parameters = streamed, .parameter_bytes = 8,
};

static const struct edgetpu_executable caching = {
	.type = EDGETPU_CACHING, .parameters = cached, .parameter_bytes = 8,
};

static const struct edgetpu_package package = { .main = &execution, .caching = &caching };

static struct emulator_program *program_of(const struct edgetpu_package *of,
					   const struct atoll_model *part)
{
	struct atoll_error err;
	struct emulator_program *program = twin_program(of, part, &err);

	if (!program)
		fail_msg("%s", err.text);
	return program;
}

static int in(struct emulator_program *program, enum edgetpu_hint_kind kind, uint32_t index,
	      uint32_t offset, uint32_t size, const uint8_t *bytes)
{
	const struct edgetpu_hint hint = { kind, index, offset, size };

	return program->ops->infeed(program, &hint, bytes);
}

static int out(struct emulator_program *program, enum edgetpu_hint_kind kind, uint32_t index,
	       uint32_t offset, uint32_t size, uint8_t *bytes)
{
	const struct edgetpu_hint hint = { kind, index, offset, size };

	return program->ops->outfeed(program, &hint, 0, bytes);
}

/* Number i of a picture with and without its sign. */
static uint8_t a_at(int i)
{
	return (uint8_t)(20 * i);
}

static uint8_t b_at(int i)
{
	return (uint8_t)(230 - 20 * i);
}

static void send_pictures(struct emulator_program *program)
{
	uint8_t a[16], b[16];

	memset(a, 0xee, sizeof(a));
	memset(b, 0xee, sizeof(b));
	for (int i = 0; i < NUMBERS; i++) {
		a[i] = a_at(i);
		b[i] = b_at(i);
	}
	assert_int_equal(in(program, EDGETPU_INPUT, 1, 0, 16, b), 0);
	/* In two pieces. */
	assert_int_equal(in(program, EDGETPU_INPUT, 0, 0, 8, a), 0);
	assert_int_equal(in(program, EDGETPU_INPUT, 0, 8, 8, a + 8), 0);
}

static uint8_t larger(uint8_t a, uint8_t b)
{
	return a > b ? a : b;
}

static uint8_t smaller(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}

static void assert_pictures(struct emulator_program *program)
{
	static const int tile[4] = { 12, 8, 4, 0 };
	uint8_t wire[16];

	assert_int_equal(out(program, EDGETPU_OUTPUT, 1, 0, 16, wire), 0);
	for (int i = 0; i < NUMBERS; i++)
		assert_int_equal(wire[i], smaller(a_at(i), b_at(i)));
	assert_int_equal(out(program, EDGETPU_OUTPUT, 0, 0, 16, wire), 0);
	for (int i = 0; i < NUMBERS; i++)
		assert_int_equal(wire[tile[i / 3] + i % 3], larger(a_at(i), b_at(i)));
	assert_int_equal(out(program, EDGETPU_OUTPUT, 1, 8, 8, wire), 0);
	assert_int_equal(wire[0], smaller(a_at(8), b_at(8)));
}

static void outputs_are_what_the_model_computes_as_the_chip_sends_them(void **state)
{
	struct graph g = extremes();
	struct emulator_program *program = program_of(&package, g.model);

	(void)state;
	assert_string_equal(program->ops->grade, "twin");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(program->ops->begin(program, &execution), 0);
		send_pictures(program);
		assert_pictures(program);
	}
	program->ops->free(program);
	graph_free(&g);
}

static void an_input_after_an_output_counts_for_the_next_output(void **state)
{
	const uint8_t bright[16] = { 255, 255, 255, 255 };
	struct graph g = extremes();
	struct emulator_program *program = program_of(&package, g.model);
	uint8_t wire[16];

	(void)state;
	assert_int_equal(program->ops->begin(program, &execution), 0);
	send_pictures(program);
	assert_pictures(program);
	assert_int_equal(in(program, EDGETPU_INPUT, 0, 0, 16, bright), 0);
	assert_int_equal(out(program, EDGETPU_OUTPUT, 0, 0, 16, wire), 0);
	assert_int_equal(wire[12], 255);
	program->ops->free(program);
	graph_free(&g);
}

static void wrong_parameters_are_noticed(void **state)
{
	struct graph g = extremes();
	struct emulator_program *program = program_of(&package, g.model);

	(void)state;
	assert_int_equal(program->ops->begin(program, &caching), 0);
	assert_int_equal(in(program, EDGETPU_PARAMETERS, 0, 0, 8, cached), 0);
	assert_int_equal(in(program, EDGETPU_PARAMETERS, 0, 0, 8, streamed), -EBADMSG);
	assert_int_equal(program->ops->begin(program, &execution), 0);
	assert_int_equal(in(program, EDGETPU_PARAMETERS, 0, 4, 4, streamed + 4), 0);
	assert_int_equal(in(program, EDGETPU_PARAMETERS, 0, 0, 4, cached), -EBADMSG);
	program->ops->free(program);
	graph_free(&g);
}

static void what_was_put_aside_has_to_come_back_unchanged(void **state)
{
	struct graph g = extremes();
	struct emulator_program *program = program_of(&package, g.model);
	uint8_t scratch[32] = { 0 }, other[32];

	(void)state;
	assert_int_equal(program->ops->begin(program, &execution), 0);
	assert_int_equal(in(program, EDGETPU_SCRATCH_OUT, 0, 0, 32, scratch), 0);
	assert_int_equal(out(program, EDGETPU_SCRATCH_IN, 0, 0, 32, scratch), 0);
	assert_int_equal(in(program, EDGETPU_SCRATCH_OUT, 0, 0, 32, scratch), 0);
	assert_int_equal(in(program, EDGETPU_SCRATCH_OUT, 0, 8, 8, scratch + 8), 0);

	assert_int_equal(out(program, EDGETPU_SCRATCH_IN, 0, 0, 32, other), 0);
	assert_memory_not_equal(other, scratch, 32);
	assert_int_equal(in(program, EDGETPU_SCRATCH_OUT, 0, 0, 32, scratch), -EBADMSG);
	program->ops->free(program);
	graph_free(&g);
}

static void what_no_hint_could_ask_for_is_refused(void **state)
{
	struct graph g = extremes();
	struct emulator_program *program = program_of(&package, g.model);
	uint8_t bytes[64] = { 0 };

	(void)state;
	assert_int_equal(program->ops->begin(program, &execution), 0);
	assert_int_equal(in(program, EDGETPU_INPUT, 2, 0, 16, bytes), -EINVAL);
	assert_int_equal(in(program, EDGETPU_INPUT, 0, 8, 16, bytes), -EINVAL);
	assert_int_equal(in(program, EDGETPU_INPUT, 0, 24, 0, bytes), -EINVAL);
	assert_int_equal(in(program, EDGETPU_OUTPUT, 0, 0, 16, bytes), -EINVAL);
	assert_int_equal(in(program, EDGETPU_PARAMETERS, 0, 0, 16, bytes), -EINVAL);
	assert_int_equal(in(program, EDGETPU_SCRATCH_OUT, 0, 0, 40, bytes), -EINVAL);
	assert_int_equal(out(program, EDGETPU_OUTPUT, 2, 0, 16, bytes), -EINVAL);
	assert_int_equal(out(program, EDGETPU_OUTPUT, 0, 0, 24, bytes), -EINVAL);
	assert_int_equal(out(program, EDGETPU_SCRATCH_IN, 0, 16, 24, bytes), -EINVAL);
	assert_int_equal(out(program, EDGETPU_INPUT, 0, 0, 16, bytes), -EINVAL);

	/* One that brings parameters has no other business. */
	assert_int_equal(program->ops->begin(program, &caching), 0);
	assert_int_equal(in(program, EDGETPU_INPUT, 0, 0, 16, bytes), -EINVAL);
	assert_int_equal(out(program, EDGETPU_OUTPUT, 0, 0, 16, bytes), -EINVAL);
	program->ops->free(program);
	graph_free(&g);
}

static void a_model_of_other_tensors_is_refused(void **state)
{
	struct edgetpu_layer more[3] = { inputs[0], inputs[1], inputs[1] };
	struct edgetpu_executable executable = execution;
	struct edgetpu_package other = { .main = &executable };
	struct graph g = extremes();
	struct atoll_error err;

	(void)state;
	executable.input = more;
	executable.inputs = 3;
	assert_null(twin_program(&other, g.model, &err));
	assert_non_null(strstr(err.text, "no tensor for layer b"));
	executable.inputs = 2;
	more[1].bytes = 8;
	assert_null(twin_program(&other, g.model, &err));
	assert_non_null(strstr(err.text, "tensor b: 12 bytes, 8 in layer b"));
	assert_null(twin_program(&other, g.model, NULL));
	graph_free(&g);
}

/* Compiled models and where they came from. */

struct pair {
	struct atoll_model *compiled, *model, *part;
	const struct atoll_operator *op; /* the compiled part */
	struct edgetpu_package *package;
	struct atoll_session *whole;     /* of the CPU model, with all its tensors */
	struct emulator_program *program;
};

static struct atoll_model *load(const char *name, const char *suffix)
{
	struct atoll_error err;
	struct atoll_model *model =
		atoll_model_load(check_data_path("models/%s%s.tflite", name, suffix), &err);

	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static const struct atoll_operator *compiled_operator(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);

	if (!op)
		fail_msg("%s is not compiled", model->path);
	return op;
}

static struct pair open_pair(const char *name, const char *compiled)
{
	const struct atoll_session_options options = { .threads = 1, .keeps_tensors = true };
	struct pair pair = { .compiled = load(compiled, "_edgetpu"), .model = load(name, "") };
	struct atoll_error err;

	pair.op = compiled_operator(pair.compiled);
	pair.part = extract_twin(pair.model, pair.op->custom_options,
				 pair.op->custom_options_bytes, &err);
	if (!pair.part)
		fail_msg("%s", err.text);
	pair.package = edgetpu_package_read(pair.op->custom_options,
					    pair.op->custom_options_bytes, &err);
	pair.whole = atoll_session_open(pair.model, &options, &err);
	if (!pair.package || !pair.whole)
		fail_msg("%s", err.text);
	pair.program = program_of(pair.package, pair.part);
	return pair;
}

static void close_pair(struct pair *pair)
{
	pair->program->ops->free(pair->program);
	atoll_session_close(pair->whole);
	edgetpu_package_free(pair->package);
	atoll_model_free(pair->part);
	atoll_model_free(pair->model);
	atoll_model_free(pair->compiled);
}

/* The tensor of the whole model that a layer is about. */
static const struct atoll_tensor *tensor_of(const struct pair *pair, const char *name)
{
	for (uint32_t i = 0; i < pair->model->graph[0].tensors; i++) {
		const struct atoll_tensor *tensor = atoll_session_tensor(pair->whole, i);

		if (strcmp(tensor->name, name) == 0)
			return tensor;
	}
	fail_msg("no tensor %s", name);
	return NULL;
}

static uint8_t *new_wire(const struct edgetpu_layer *layer)
{
	uint8_t *wire = calloc(layer->executions, layer->size);

	assert_non_null(wire);
	return wire;
}

/* Inputs that are states, or all others. */
static void send_inputs(const struct pair *pair, bool are_states)
{
	for (uint32_t i = 0; i < pair->package->main->inputs; i++) {
		const struct edgetpu_layer *layer = &pair->package->main->input[i];
		uint8_t *wire;

		if (pair->compiled->graph[0].is_variable[pair->op->input[i]] != are_states)
			continue;
		wire = new_wire(layer);
		edgetpu_to_wire(layer, tensor_of(pair, layer->name)->data, wire);
		assert_int_equal(in(pair->program, EDGETPU_INPUT, i, 0, layer->size, wire), 0);
		free(wire);
	}
}

static void compare_output(const struct pair *pair, uint32_t i)
{
	const struct edgetpu_executable *main = pair->package->main;
	const struct edgetpu_layer *layer = &main->output[i];
	const char *name = layer->state_of < 0 ? layer->name : main->input[layer->state_of].name;
	uint8_t *wire = new_wire(layer), *tensor = malloc(layer->bytes);

	assert_non_null(tensor);
	assert_int_equal(out(pair->program, EDGETPU_OUTPUT, i, 0, layer->size, wire), 0);
	edgetpu_from_wire(layer, wire, tensor);
	assert_int_equal(layer->bytes, tensor_of(pair, name)->bytes);
	if (memcmp(tensor, tensor_of(pair, name)->data, layer->bytes) != 0)
		fail_msg("%s: output %s differs", pair->model->path, name);
	free(tensor);
	free(wire);
}

/* What the CPU model computes between the tensors of the layers. Two runs, so that
   states move on. */
static void compare_pair(const char *name, const char *compiled)
{
	struct pair pair = open_pair(name, compiled);

	for (enum atoll_fill fill = ATOLL_FILL_PATTERN; fill <= ATOLL_FILL_LCG; fill++) {
		for (uint32_t i = 0; i < atoll_session_inputs(pair.whole); i++)
			atoll_fill(fill, i, atoll_session_input(pair.whole, i));
		assert_int_equal(pair.program->ops->begin(pair.program, pair.package->main), 0);
		send_inputs(&pair, true);
		assert_int_equal(atoll_session_invoke(pair.whole), 0);
		send_inputs(&pair, false);
		for (uint32_t i = 0; i < pair.package->main->outputs; i++)
			compare_output(&pair, i);
	}
	close_pair(&pair);
}

#define MOBILENET "mobilenet_v1_0.25_128_quant"

static void compiled_models_compute_what_they_came_from_computes(void **state)
{
	static const char *const names[] = {
		"deeplab_mobilenet_edgetpu_slim_cityscapes_quant", "dense_256", "dense_512",
		"keras_lstm_mnist_ptq", MOBILENET, "movenet_single_pose_lightning_ptq",
		"posenet_mobilenet_v1_075_353_481_16_quant_decoder", "split_concat",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		compare_pair(names[i], names[i]);
	compare_pair(MOBILENET, MOBILENET "_cocompiled_with_mobilenet_v1_0.5_160_quant");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_are_what_the_model_computes_as_the_chip_sends_them),
		cmocka_unit_test(an_input_after_an_output_counts_for_the_next_output),
		cmocka_unit_test(wrong_parameters_are_noticed),
		cmocka_unit_test(what_was_put_aside_has_to_come_back_unchanged),
		cmocka_unit_test(what_no_hint_could_ask_for_is_refused),
		cmocka_unit_test(a_model_of_other_tensors_is_refused),
		cmocka_unit_test(compiled_models_compute_what_they_came_from_computes),
	};

	return CHECK_RUN(tests);
}
