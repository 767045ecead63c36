/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled models give the golden results of the models they were compiled from:
 * from the driver through the USB ops to an emulated Edge TPU that computes what
 * the CPU model does, and back through the relayout. See golden.h for the files.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/edgetpu/device.h"
#include "runtime/emulator/bus.h"
#include "runtime/extract.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/golden.h"

#define COMPILED "edgetpu-custom-op"

static unsigned compared, equal;

/* One model with one input set; the strings are the run's own. */
struct golden_run {
	char *model, *compiled; /* paths of the .tflite */
	char *folder;           /* of index.json and the outputs */
	char *inputs;           /* "pattern", "lcg", "img-cat" */
	char *name;             /* for people */
};

static struct atoll_model *load(const char *path)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(path, &err);

	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static const struct atoll_operator *compiled_operator(const struct atoll_model *model)
{
	for (uint32_t i = 0; i < model->graph[0].operators; i++)
		if (strcmp(model->graph[0].op[i].name, COMPILED) == 0)
			return &model->graph[0].op[i];
	fail_msg("%s is not compiled", model->path);
	return NULL;
}

/* The CPU model, run once on the golden inputs: what goes into the compiled part is
   among its tensors. */
static struct atoll_session *run_cpu(const struct golden_run *run,
				     const struct atoll_model *model)
{
	const struct atoll_session_options options = { .threads = 1, .keeps_tensors = true };
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(model, &options, &err);

	if (!session)
		fail_msg("%s", err.text);
	for (uint32_t k = 0; k < atoll_session_inputs(session); k++)
		golden_fill(run->inputs, k, atoll_session_input(session, k));
	assert_int_equal(atoll_session_invoke(session), 0);
	return session;
}

static const struct atoll_tensor *tensor_of(const struct atoll_session *session,
					    const char *name)
{
	uint32_t tensors = atoll_session_model(session)->graph[0].tensors;

	for (uint32_t i = 0; i < tensors; i++)
		if (strcmp(atoll_session_tensor(session, i)->name, name) == 0)
			return atoll_session_tensor(session, i);
	fail_msg("no tensor %s", name);
	return NULL;
}

/* A device that knows the package, and the driver that has it. */
struct tpu {
	struct usb_bus *bus;
	struct emulator *emulator;   /* the bus's */
	struct edgetpu_device *device;
	struct edgetpu_program *program;
};

static struct tpu open_tpu(const struct edgetpu_package *package,
			   const struct atoll_model *part)
{
	const struct emulator_bus_options options = { .is_time_virtual = true };
	const struct emulator_options chip = { .speed = USB_HIGH };
	struct atoll_error err = { .text = "" };
	struct tpu tpu = { .bus = emulator_bus_new(&options, &err) };
	struct usb_place place;

	tpu.emulator = emulator_new(&chip, &err);
	if (!tpu.bus || !tpu.emulator)
		fail_msg("%s", err.text);
	place = emulator_bus_plug(tpu.bus, tpu.emulator, &err);
	if (place.ports == 0 ||
	    emulator_teach(tpu.emulator, package, twin_program(package, part, &err), &err) < 0)
		fail_msg("%s", err.text);
	tpu.device = edgetpu_device_open(tpu.bus, &place, NULL, &err);
	tpu.program = tpu.device ? edgetpu_program_new(tpu.device, package, &err) : NULL;
	if (!tpu.program)
		fail_msg("%s", err.text);
	return tpu;
}

static void close_tpu(struct tpu *tpu)
{
	edgetpu_program_free(tpu->program);
	edgetpu_device_close(tpu->device);
	if (emulator_complaints(tpu->emulator) != 0)
		fail_msg("%s", emulator_complaint(tpu->emulator));
	tpu->bus->ops->free(tpu->bus);
}

/* What the golden run says of the tensor: its digest. */
static const char *golden_digest(json_t *index, const char *name)
{
	static const char *const lists[] = { "tensors", "outputs" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		json_t *tensor;
		size_t k;

		json_array_foreach(json_object_get(index, lists[i]), k, tensor)
			if (strcmp(json_string_value(json_object_get(tensor, "name")), name) == 0)
				return json_string_value(json_object_get(tensor, "sha256"));
	}
	fail_msg("no digest of tensor %s", name);
	return NULL;
}

static json_t *read_index(const struct golden_run *run)
{
	char *path = golden_text("%s/index.json", run->folder);
	json_error_t why;
	json_t *index = json_load_file(path, 0, &why);

	if (!index)
		fail_msg("%s: line %d: %s", path, why.line, why.text);
	free(path);
	return index;
}

/* Run the compiled part on the tensors of the session, with the driver's own view of
   inputs and outputs. The outputs are calloc'ed. */
static void run_tpu(const struct tpu *tpu, const struct edgetpu_executable *main,
		    const struct atoll_session *cpu, void **output)
{
	const void *input[8];
	struct atoll_error err;

	assert_true(main->inputs <= 8);
	for (uint32_t i = 0; i < main->inputs; i++)
		input[i] = tensor_of(cpu, main->input[i].name)->data;
	for (uint32_t i = 0; i < main->outputs; i++) {
		output[i] = calloc(1, main->output[i].bytes);
		assert_non_null(output[i]);
	}
	if (edgetpu_program_run(tpu->program, &(struct edgetpu_tensors){
			.input = input, .output = output }, &err) < 0)
		fail_msg("%s", err.text);
}

static bool compare_layers(const struct golden_run *run, const struct edgetpu_executable *main,
			   void **output)
{
	json_t *index = read_index(run);
	bool is_same = true;

	for (uint32_t i = 0; i < main->outputs; i++) {
		const struct atoll_tensor tensor = { .data = output[i],
						     .bytes = main->output[i].bytes };
		char ours[ATOLL_DIGEST_TEXT];

		atoll_tensor_digest(&tensor, ours);
		compared++;
		if (strcmp(ours, golden_digest(index, main->output[i].name)) == 0) {
			equal++;
		} else {
			print_message("# %s: output %s differs\n", run->name,
				      main->output[i].name);
			is_same = false;
		}
		free(output[i]);
	}
	json_decref(index);
	return is_same;
}

static void equals_the_reference_kernels(void **state)
{
	const struct golden_run *run = *state;
	struct atoll_model *compiled = load(run->compiled), *model = load(run->model);
	const struct atoll_operator *op = compiled_operator(compiled);
	struct atoll_error err;
	struct edgetpu_package *package =
		edgetpu_package_read(op->custom_options, op->custom_options_bytes, &err);
	struct atoll_model *part = package ?
		extract_twin(model, op->custom_options, op->custom_options_bytes, &err) : NULL;
	struct atoll_session *cpu;
	struct tpu tpu;
	void *output[8];
	bool is_same;

	if (!part)
		fail_msg("%s", err.text);
	assert_true(package->main->outputs <= 8);
	if (!package->main->is_deterministic) {
		print_message("# %s: the device would have to announce transfers\n", run->name);
		edgetpu_package_free(package);
		atoll_model_free(part);
		atoll_model_free(model);
		atoll_model_free(compiled);
		skip();
	}
	cpu = run_cpu(run, model);
	tpu = open_tpu(package, part);
	run_tpu(&tpu, package->main, cpu, output);
	is_same = compare_layers(run, package->main, output);
	close_tpu(&tpu);
	atoll_session_close(cpu);
	atoll_model_free(part);
	edgetpu_package_free(package);
	atoll_model_free(model);
	atoll_model_free(compiled);
	assert_true(is_same);
}

/* The list of runs, in the order of their names. */

#define RUNS_MAX 64

static struct golden_run runs[RUNS_MAX];
static struct CMUnitTest tests[RUNS_MAX];
static size_t runs_used;

static void free_run(struct golden_run *run)
{
	free(run->model);
	free(run->compiled);
	free(run->folder);
	free(run->inputs);
	free(run->name);
}

/* Runs that lack a file, as most models are not compiled, are not added. */
static void add(const char *golden_of_model, const char *inputs, void *context)
{
	const char *models = context, *model = strrchr(golden_of_model, '/') + 1;
	struct golden_run run = {
		.model = golden_text("%s/%s.tflite", models, model),
		.compiled = golden_text("%s/%s_edgetpu.tflite", models, model),
		.folder = golden_text("%s/%s/reference", golden_of_model, inputs),
		.inputs = golden_text("%s", inputs),
		.name = golden_text("%s %s", model, inputs),
	};

	if (access(run.folder, R_OK) != 0 || access(run.model, R_OK) != 0 ||
	    access(run.compiled, R_OK) != 0) {
		free_run(&run);
		return;
	}
	if (runs_used == RUNS_MAX)
		abort();
	runs[runs_used] = run;
	tests[runs_used] = (struct CMUnitTest){
		.name = run.name,
		.test_func = equals_the_reference_kernels,
		.initial_state = &runs[runs_used],
	};
	runs_used++;
}

static void add_model(const char *golden, const char *model, void *context)
{
	char *folder = golden_text("%s/%s", golden, model);

	golden_each(folder, add, context);
	free(folder);
}

int main(void)
{
	char *golden = golden_folder(), *models = golden_models();
	int failures = 0;

	golden_each(golden, add_model, models);
	if (runs_used == 0) {
		printf("# skipped: no golden data in %s (ATOLL_TEST_DATA)\n", golden);
	} else {
		cmocka_set_message_output(CM_OUTPUT_TAP);
		failures = _cmocka_run_group_tests("twin", tests, runs_used, NULL, NULL);
		printf("# twin: %u of %u outputs equal\n", equal, compared);
	}
	for (size_t i = 0; i < runs_used; i++)
		free_run(&runs[i]);
	free(golden);
	free(models);
	return runs_used == 0 ? 77 : failures != 0;
}
