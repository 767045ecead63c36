/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/replay.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/emulator/bus.h"
#include "runtime/emulator/program.h"
#include "runtime/model.h"
#include "tests/check.h"
#include "tests/golden.h"
#include "tests/recorder.h"

#define FIRMWARE_BYTES 10783

static bool has(const char *name, const char *part)
{
	return strstr(name, part) != NULL;
}

/* The throttled build takes "max" for "high", and that by default. */
static enum edgetpu_clock clock_for(const char *name)
{
	if (has(name, "perf_low"))
		return EDGETPU_CLOCK_LOW;
	if (has(name, "perf_medium"))
		return EDGETPU_CLOCK_MEDIUM;
	if (has(name, "perf_high") || has(name, "throttled"))
		return EDGETPU_CLOCK_HIGH;
	return EDGETPU_CLOCK_MAX;
}

static struct emulator_options emulator_for(const char *name)
{
	return (struct emulator_options){
		.speed = has(name, "highspeed") ? USB_HIGH : USB_SUPER,
		.is_in_dfu = has(name, "dfu") && !has(name, "forced"),
		.is_fresh = has(name, "from_reset_defaults"),
		.is_clock_gated = has(name, "clock_gated"),
	};
}

static uint32_t interrupt_for(const char *name)
{
	if (has(name, "thermal_warning"))
		return EMULATOR_THERMAL_WARNING;
	return has(name, "thermal_shutdown") ? EMULATOR_THERMAL_SHUTDOWN : 0;
}

struct edgetpu_firmware *replay_firmware(void)
{
	struct edgetpu_firmware *firmware = calloc(1, sizeof(*firmware));

	assert_non_null(firmware);
	firmware->size = FIRMWARE_BYTES;
	firmware->bytes = malloc(firmware->size);
	assert_non_null(firmware->bytes);
	for (size_t i = 0; i < firmware->size; i++)
		firmware->bytes[i] = (uint8_t)(i * 251 >> 3);
	return firmware;
}

/* In the recordings the word came when the first input was on its way. */
static void interrupt_with_input(void *context, const struct usb_transfer *transfer)
{
	const uint8_t tag_input = 1;
	struct replay *replay = context;
	uint32_t word = replay->interrupt;

	if (!word || transfer->length != 8 || transfer->data[4] != tag_input)
		return;
	replay->interrupt = 0;
	emulator_interrupt(replay->emulator, word);
}

void replay_begin(struct replay *replay, const char *name,
		  const struct edgetpu_firmware *firmware)
{
	const struct emulator_options options = emulator_for(name);
	struct atoll_error err = { 0 };
	struct usb_bus *bus =
		emulator_bus_new(&(struct emulator_bus_options){ .is_time_virtual = true }, &err);

	if (!bus)
		fail_msg("%s", err.text);
	*replay = (struct replay){
		.name = name,
		.options = { .clock = clock_for(name), .firmware = firmware,
			     .downloads_always = has(name, "forced") },
		.emulator = emulator_new(&options, &err),
		.actual = trace_new(),
		.interrupt = interrupt_for(name),
	};
	replay->place = emulator_bus_plug(bus, replay->emulator, &err);
	if (!replay->place.ports)
		fail_msg("%s", err.text);
	replay->bus = recorder_new(bus, replay->actual);
	recorder_on_send(replay->bus, interrupt_with_input, replay);
}

void replay_open(struct replay *replay)
{
	struct atoll_error err;

	if (replay->device)
		return;
	replay->device = edgetpu_device_open(replay->bus, &replay->place, &replay->options, &err);
	if (!replay->device)
		fail_msg("%s: %s (%s)", replay->name, err.text,
			 emulator_complaint(replay->emulator));
}

/* The input of all recordings. */
static void fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 31 + 7);
}

void replay_take(struct replay *replay, struct replay_model *loaded)
{
	const struct edgetpu_executable *executable = loaded->package->main;
	struct atoll_error err;

	if (emulator_teach(replay->emulator, loaded->package, pattern_program(loaded->package),
			   &err) < 0)
		fail_msg("%s", err.text);
	replay_open(replay);
	loaded->program = edgetpu_program_new(replay->device, loaded->package, &err);
	if (!loaded->program)
		fail_msg("%s", err.text);

	assert_true(executable->inputs <= REPLAY_LAYERS_MAX && executable->outputs <= REPLAY_LAYERS_MAX);
	for (uint32_t i = 0; i < executable->inputs; i++) {
		loaded->input[i] = malloc(executable->input[i].bytes);
		assert_non_null(loaded->input[i]);
	}
	for (uint32_t i = 0; i < executable->outputs; i++) {
		loaded->output[i] = malloc(executable->output[i].bytes);
		assert_non_null(loaded->output[i]);
	}
}

static struct edgetpu_package *package_in(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);
	struct edgetpu_package *package;
	struct atoll_error err;

	if (!op)
		fail_msg("%s: is not compiled", model->path);
	package = edgetpu_package_read(op->custom_options, op->custom_options_bytes, &err);
	if (!package)
		fail_msg("%s: %s", model->path, err.text);
	return package;
}

void replay_load(struct replay *replay, const char *model)
{
	char *models = golden_models(), *path = golden_text("%s/%s.tflite", models, model);
	struct replay_model *loaded = &replay->loaded[replay->models++];
	struct atoll_error err;

	assert_true(replay->models <= REPLAY_MODELS_MAX);
	(void)snprintf(loaded->name, sizeof(loaded->name), "%s", model);
	loaded->model = atoll_model_load(path, &err);
	if (!loaded->model)
		fail_msg("%s", err.text);
	loaded->package = package_in(loaded->model);
	replay_take(replay, loaded);
	free(models);
	free(path);
}

struct replay_model *replay_find(struct replay *replay, const char *model)
{
	for (uint32_t i = 0; i < replay->models; i++)
		if (strcmp(replay->loaded[i].name, model) == 0)
			return &replay->loaded[i];
	fail_msg("%s: %s is not loaded", replay->name, model);
	return NULL;
}

void replay_invoke(struct replay *replay, struct replay_model *loaded)
{
	const struct edgetpu_executable *executable = loaded->package->main;
	struct atoll_error err;

	for (uint32_t i = 0; i < executable->inputs; i++)
		fill(loaded->input[i], executable->input[i].bytes);
	recorder_mark(replay->bus, "invoke begin");
	if (edgetpu_program_run(loaded->program, &(struct edgetpu_tensors){
			.input = (const void *const *)loaded->input,
			.output = (void *const *)loaded->output }, &err) < 0)
		fail_msg("%s: %s (%s)", replay->name, err.text,
			 emulator_complaint(replay->emulator));
	recorder_mark(replay->bus, "invoke end");
}

static void unload(struct replay_model *loaded)
{
	edgetpu_program_free(loaded->program);
	for (uint32_t i = 0; i < REPLAY_LAYERS_MAX; i++) {
		free(loaded->input[i]);
		free(loaded->output[i]);
	}
	edgetpu_package_free(loaded->package);
	atoll_model_free(loaded->model);
}

void replay_end(struct replay *replay)
{
	struct usb_bus *bus = replay->bus;

	for (uint32_t i = 0; i < replay->models; i++) {
		emulator_unteach(replay->emulator, replay->loaded[i].package);
		unload(&replay->loaded[i]);
	}
	replay->models = 0;
	edgetpu_device_close(replay->device);
	replay->device = NULL;
	if (emulator_complaints(replay->emulator))
		fail_msg("%s: the device complained: %s", replay->name,
			 emulator_complaint(replay->emulator));
	bus->ops->free(bus);
	replay->bus = NULL;
}
