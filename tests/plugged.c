/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/plugged.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/relayout.h"
#include "tests/check.h"

#define GUARD_BYTES 16
#define GUARD 0x5a
#define SPOILT 0xa5
#define FIRMWARE_BYTES 10783 /* as the vendor's */

static void *take(size_t bytes)
{
	void *memory = calloc(1, bytes + 1);

	assert_non_null(memory);
	return memory;
}

static uint8_t input_byte(size_t i)
{
	return (uint8_t)(31 * i + 7);
}

static size_t wire_bytes(const struct edgetpu_layer *layer)
{
	return (size_t)layer->size * layer->executions;
}

/* What the pattern makes of one output, as a tensor. */
static void *expect(const struct edgetpu_executable *main, uint32_t output)
{
	const struct edgetpu_layer *layer = &main->output[output];
	uint8_t *wire = take(wire_bytes(layer)), *tensor = take(layer->bytes);
	uint32_t nth = 0;

	for (uint32_t i = 0; i < main->hints; i++) {
		const struct edgetpu_hint *hint = &main->hint[i];

		if (hint->kind != EDGETPU_OUTPUT && hint->kind != EDGETPU_SCRATCH_IN)
			continue;
		if (hint->kind == EDGETPU_OUTPUT && hint->index == output)
			for (uint32_t j = 0; j < hint->size; j++)
				wire[hint->offset + j] = (uint8_t)(13 * j + 5 + 29 * nth);
		nth++;
	}
	edgetpu_from_wire(layer, wire, tensor);
	free(wire);
	return tensor;
}

static void make_tensors(struct plugged_model *model)
{
	const struct edgetpu_executable *main = model->package->main;

	model->input = take(main->inputs * sizeof(void *));
	model->output = take(main->outputs * sizeof(void *));
	model->expected = take(main->outputs * sizeof(void *));
	for (uint32_t i = 0; i < main->inputs; i++) {
		uint8_t *bytes = take(wire_bytes(&main->input[i]));

		for (size_t j = 0; j < main->input[i].bytes; j++)
			bytes[j] = input_byte(j);
		model->input[i] = bytes;
	}
	for (uint32_t i = 0; i < main->outputs; i++) {
		model->output[i] = take(main->output[i].bytes + GUARD_BYTES);
		memset((uint8_t *)model->output[i] + main->output[i].bytes, GUARD, GUARD_BYTES);
		model->expected[i] = expect(main, i);
	}
	model->tensors = (struct edgetpu_tensors){ .input = (const void *const *)model->input,
						   .output = model->output };
}

static void read_package(struct plugged_model *model, const void *options, size_t bytes)
{
	struct atoll_error err;

	model->owned = edgetpu_package_read(options, bytes, &err);
	if (!model->owned)
		fail_msg("%s", err.text);
	model->package = model->owned;
	make_tensors(model);
}

struct plugged_model plugged_sample(enum compiled_sample sample)
{
	struct plugged_model model = { 0 };
	size_t bytes;

	model.options = compiled_options(compiled_sample(sample), NULL, &bytes);
	read_package(&model, model.options, bytes);
	return model;
}

struct plugged_model plugged_file(const char *name)
{
	const char *path = check_data_path("models/%s_edgetpu.tflite", name);
	struct plugged_model model = { 0 };
	const struct atoll_operator *op;
	struct atoll_error err;

	model.file = atoll_model_load(path, &err);
	if (!model.file)
		fail_msg("%s", err.text);
	op = edgetpu_next_compiled(&model.file->graph[0], NULL);
	assert_non_null(op);
	read_package(&model, op->custom_options, op->custom_options_bytes);
	assert_non_null(model.package);
	return model;
}

/* The same, with other instructions. */
static struct edgetpu_executable *vary(const struct edgetpu_executable *from, uint64_t token)
{
	struct edgetpu_executable *to = take(sizeof(*to));
	struct edgetpu_chunk *chunk = take(from->chunks * sizeof(*chunk));

	*to = *from;
	to->token = token;
	to->chunk = chunk;
	for (uint32_t i = 0; i < from->chunks; i++) {
		uint8_t *bytes = take(from->chunk[i].size);

		memcpy(bytes, from->chunk[i].bytes, from->chunk[i].size);
		bytes[0] ^= (uint8_t)(0x80 | (token & 0x7f));
		chunk[i] = from->chunk[i];
		chunk[i].bytes = bytes;
	}
	return to;
}

struct plugged_model plugged_variant(const struct plugged_model *of, uint64_t token)
{
	struct edgetpu_package *package = take(sizeof(*package));
	struct plugged_model model = { .package = package };

	*package = *of->package;
	package->main = vary(of->package->main, token);
	if (of->package->caching)
		package->caching = vary(of->package->caching, token);
	make_tensors(&model);
	return model;
}

static void free_variant(const struct edgetpu_executable *executable)
{
	if (!executable)
		return;
	for (uint32_t i = 0; i < executable->chunks; i++)
		free((void *)executable->chunk[i].bytes);
	free((void *)executable->chunk);
	free((void *)executable);
}

void plugged_model_free(struct plugged_model *model)
{
	const struct edgetpu_executable *main = model->package->main;

	for (uint32_t i = 0; i < main->inputs; i++)
		free(model->input[i]);
	for (uint32_t i = 0; i < main->outputs; i++) {
		free(model->output[i]);
		free(model->expected[i]);
	}
	free(model->input);
	free(model->output);
	free(model->expected);
	if (!model->owned) {
		free_variant(model->package->main);
		free_variant(model->package->caching);
		free((void *)model->package);
	}
	edgetpu_package_free(model->owned);
	free(model->options);
	atoll_model_free(model->file);
}

const struct edgetpu_tensors *plugged_tensors(struct plugged_model *model)
{
	const struct edgetpu_executable *main = model->package->main;

	for (uint32_t i = 0; i < main->outputs; i++)
		if (model->output[i])
			memset(model->output[i], SPOILT, main->output[i].bytes);
	return &model->tensors;
}

bool plugged_is_right(const struct plugged_model *model)
{
	const struct edgetpu_executable *main = model->package->main;

	for (uint32_t i = 0; i < main->outputs; i++)
		if (memcmp(model->output[i], model->expected[i], main->output[i].bytes) != 0)
			return false;
	return true;
}

void plugged_check(const struct plugged_model *model)
{
	const struct edgetpu_executable *main = model->package->main;

	for (uint32_t i = 0; i < main->outputs; i++) {
		const uint8_t *output = model->output[i];

		assert_memory_equal(output, model->expected[i], main->output[i].bytes);
		for (size_t j = 0; j < GUARD_BYTES; j++)
			assert_int_equal(output[main->output[i].bytes + j], GUARD);
	}
	for (uint32_t i = 0; i < main->inputs; i++)
		for (size_t j = 0; j < main->input[i].bytes; j++)
			assert_int_equal(((uint8_t *)model->input[i])[j], input_byte(j));
}

struct plugged plugged_new(const struct emulator_options *options, bool is_time_virtual,
			   uint32_t models, const struct plugged_model *model)
{
	const struct emulator_bus_options bus_options = { .is_time_virtual = is_time_virtual };
	struct plugged tpu = { 0 };
	struct atoll_error err;

	tpu.bus = emulator_bus_new(&bus_options, &err);
	if (!tpu.bus)
		fail_msg("%s", err.text);
	tpu.emulator = emulator_new(options, &err);
	tpu.place = emulator_bus_plug(tpu.bus, tpu.emulator, &err);
	if (!tpu.place.ports)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < models; i++)
		if (emulator_teach(tpu.emulator, model[i].package,
				   pattern_program(model[i].package), &err) < 0)
			fail_msg("%s", err.text);
	return tpu;
}

void plugged_free(struct plugged *tpu)
{
	struct emulator_bus_balance balance = emulator_bus_balance(tpu->bus);

	assert_int_equal(balance.handles, 0);
	assert_int_equal(balance.transfers, 0);
	assert_int_equal(balance.claims, 0);
	assert_int_equal(balance.allocations, 0);
	tpu->bus->ops->free(tpu->bus);
}

void plugged_faults(struct plugged *tpu, const char *text)
{
	struct fault_script script;
	struct atoll_error err;

	if (fault_script_read(text, &script, &err) < 0)
		fail_msg("%s", err.text);
	emulator_bus_set_faults(tpu->bus, &tpu->place, &script);
}

const struct edgetpu_firmware *plugged_firmware(void)
{
	static uint8_t bytes[FIRMWARE_BYTES];
	static const struct edgetpu_firmware firmware = {
		.bytes = bytes, .size = sizeof(bytes), .origin = "a test" };

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 11 + i / 256);
	return &firmware;
}
