/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other people's models, compiled by us, give on emulated Edge TPUs what they give on
 * the CPU, to the bit: alone, with another one on the same device and room for a part of
 * the parameters, and cut into segments on as many devices. All .tflite in the folder
 * MODELS that are not compiled.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/compiler/compile.h"
#include "runtime/compiler/segment.h"
#include "runtime/pipeline/pipeline.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/golden.h"

#define SEGMENTS_MAX 4
#define TENSORS_MAX 16

/* Little enough that every model but the smallest has to be sent in part. */
#define SMALL_CAPACITY (192 * 1024)

static struct atoll_model *load(const char *path)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(path, &err);

	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static struct atoll_model *load_compiled(const struct atoll_compiled_model *compiled)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load_bytes(compiled->bytes, compiled->size,
							   "compiled", &err);

	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static struct atoll_session *open_session(const struct atoll_model *model,
					  const char *device, struct atoll_devices *devices)
{
	const struct atoll_session_options options = {
		.device = device, .devices = devices, .threads = 1 };
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(model, &options, &err);

	if (!session)
		fail_msg("%s", err.text);
	return session;
}

static struct atoll_compiled *compile(const struct atoll_compile_job *job, uint32_t jobs,
				      const struct atoll_compile_options *options)
{
	struct atoll_error err;
	struct atoll_compiled *compiled = atoll_compile(job, jobs, options, NULL, &err);

	if (!compiled)
		fail_msg("%s", err.text);
	return compiled;
}

static struct atoll_devices *new_devices(void)
{
	struct atoll_error err;
	struct atoll_devices *devices = atoll_devices_new(NULL, &err);

	if (!devices)
		fail_msg("%s", err.text);
	return devices;
}

static void fill(const char *inputs, struct atoll_session *session)
{
	for (uint32_t i = 0; i < atoll_session_inputs(session); i++)
		golden_fill(inputs, i, atoll_session_input(session, i));
}

static const struct atoll_tensor *output_named(const struct atoll_session *session,
					       const char *name)
{
	for (uint32_t i = 0; i < atoll_session_outputs(session); i++)
		if (strcmp(atoll_session_output(session, i)->name, name) == 0)
			return atoll_session_output(session, i);
	fail_msg("no output %s", name);
	return NULL;
}

static void same_outputs(const struct atoll_session *session,
			 const struct atoll_session *cpu)
{
	for (uint32_t i = 0; i < atoll_session_outputs(cpu); i++) {
		const struct atoll_tensor *wanted = atoll_session_output(cpu, i);
		const struct atoll_tensor *output = atoll_session_output(session, i);

		assert_string_equal(output->name, wanted->name);
		assert_int_equal(output->bytes, wanted->bytes);
		assert_memory_equal(output->data, wanted->data, wanted->bytes);
	}
}

static void run_both(struct atoll_session *session, struct atoll_session *cpu,
		     const char *inputs)
{
	fill(inputs, session);
	fill(inputs, cpu);
	assert_int_equal(atoll_session_invoke(cpu), 0);
	assert_int_equal(atoll_session_invoke(session), 0);
	same_outputs(session, cpu);
}

/* It was really the device that computed. */
static void ran_on(const struct atoll_session *session, uint32_t parts, const char *device)
{
	const struct atoll_session_plan *plan = atoll_session_plan(session);
	uint32_t there = 0;

	for (uint32_t i = 0; i < plan->steps; i++)
		there += strcmp(plan->step[i].device, device) == 0;
	assert_int_equal(there, parts);
}

static void runs_alone(void **state)
{
	struct atoll_model *model = load(*state), *own;
	struct atoll_compile_job job = { .model = model };
	struct atoll_compiled *compiled =
		compile(&job, 1, &(struct atoll_compile_options){ .has_many_parts = true });
	struct atoll_session *cpu = open_session(model, "cpu", NULL), *session;

	own = load_compiled(&compiled->model[0]);
	session = open_session(own, "emu", NULL);
	run_both(session, cpu, "lcg");
	run_both(session, cpu, "pattern");
	ran_on(session, compiled->model[0].parts, "emu:0");
	atoll_session_close(session);
	atoll_session_close(cpu);
	atoll_model_free(own);
	atoll_compiled_free(compiled);
	atoll_model_free(model);
}

/* Both have parameters to send, and take turns. */
static void runs_beside_another(void **state)
{
	struct atoll_model *model[2] = {
		load(*state), load(check_data_path("models/%s.tflite",
						   "mobilenet_v1_0.25_128_quant")) };
	struct atoll_compile_job job[2] = { { .model = model[0] }, { .model = model[1] } };
	struct atoll_compiled *compiled = compile(
		job, 2, &(struct atoll_compile_options){ .capacity = SMALL_CAPACITY });
	struct atoll_devices *devices = new_devices();
	struct atoll_model *own[2];
	struct atoll_session *cpu[2], *session[2];
	uint64_t cached = 0;

	for (int i = 0; i < 2; i++) {
		own[i] = load_compiled(&compiled->model[i]);
		cpu[i] = open_session(model[i], "cpu", NULL);
		session[i] = open_session(own[i], "emu", devices);
		cached += compiled->model[i].cached_bytes;
	}
	assert_true(compiled->model[1].streamed_bytes > 0);
	assert_true(cached <= SMALL_CAPACITY);
	for (int turn = 0; turn < 2; turn++)
		for (int i = 0; i < 2; i++)
			run_both(session[i], cpu[i], turn ? "pattern" : "lcg");
	for (int i = 0; i < 2; i++) {
		ran_on(session[i], compiled->model[i].parts, "emu:0");
		atoll_session_close(session[i]);
		atoll_session_close(cpu[i]);
		atoll_model_free(own[i]);
		atoll_model_free(model[i]);
	}
	atoll_devices_free(devices);
	atoll_compiled_free(compiled);
}

/* Segments of one model, each compiled and on a device of its own. */
struct chain {
	struct atoll_model *cut[SEGMENTS_MAX], *own[SEGMENTS_MAX];
	struct atoll_compiled *compiled[SEGMENTS_MAX];
	struct atoll_session *session[SEGMENTS_MAX];
	uint32_t segments;
};

static void cut_and_compile(struct chain *chain, const struct atoll_segments *segments,
			    const uint32_t *count, struct atoll_devices *devices)
{
	const struct atoll_compile_options options = { .token = 0x1234 };
	struct atoll_error err;
	uint32_t first = 0;

	for (uint32_t i = 0; i < chain->segments; i++) {
		char device[16];
		struct atoll_compile_job job;

		chain->cut[i] = atoll_segments_cut(segments, first, count[i], &err);
		if (!chain->cut[i])
			fail_msg("%s", err.text);
		first += count[i];
		job = (struct atoll_compile_job){ .model = chain->cut[i] };
		chain->compiled[i] = compile(&job, 1, &options);
		chain->own[i] = load_compiled(&chain->compiled[i]->model[0]);
		snprintf(device, sizeof(device), "emu:%" PRIu32, i);
		chain->session[i] = open_session(chain->own[i], device, devices);
	}
	assert_int_equal(first, atoll_segments_operators(segments));
}

static void free_chain(struct chain *chain)
{
	for (uint32_t i = 0; i < chain->segments; i++) {
		atoll_session_close(chain->session[i]);
		atoll_model_free(chain->own[i]);
		atoll_compiled_free(chain->compiled[i]);
		atoll_model_free(chain->cut[i]);
	}
}

/* Two inputs follow each other through the pipeline. */
static void push_and_pop(struct chain *chain, struct atoll_session *cpu)
{
	static const char *const sets[] = { "lcg", "pattern" };
	const struct atoll_session *last = chain->session[chain->segments - 1];
	struct atoll_error err;
	struct atoll_pipeline *pipeline =
		atoll_pipeline_new(chain->session, chain->segments, NULL, &err);
	const void *input[TENSORS_MAX];
	void *output[TENSORS_MAX];

	if (!pipeline)
		fail_msg("%s", err.text);
	for (int i = 0; i < 2; i++) {
		fill(sets[i], cpu);
		for (uint32_t k = 0; k < atoll_session_inputs(cpu); k++)
			input[k] = atoll_session_input(cpu, k)->data;
		assert_int_equal(atoll_pipeline_push(pipeline, input, -1, &err), 0);
	}
	for (uint32_t k = 0; k < atoll_session_outputs(last); k++)
		output[k] = malloc(atoll_session_output(last, k)->bytes + 1);
	for (int i = 0; i < 2; i++) {
		if (atoll_pipeline_pop(pipeline, output, -1, &err) != 1)
			fail_msg("%s", err.text);
		fill(sets[i], cpu);
		assert_int_equal(atoll_session_invoke(cpu), 0);
		for (uint32_t k = 0; k < atoll_session_outputs(last); k++) {
			const struct atoll_tensor *wanted =
				output_named(cpu, atoll_session_output(last, k)->name);

			assert_memory_equal(output[k], wanted->data, wanted->bytes);
		}
	}
	for (uint32_t k = 0; k < atoll_session_outputs(last); k++)
		free(output[k]);
	atoll_pipeline_free(pipeline);
}

/* Where one operator has more than its share of the parameters there is no balance:
   about as many operators each. False when there are too few of them. */
static bool divide(const struct atoll_segments *segments, uint32_t n, uint32_t *count)
{
	uint32_t operators = atoll_segments_operators(segments);
	uint32_t each = atoll_segments_first_output(segments) / n;

	if (atoll_segments_balance(segments, n, count, NULL) == 0)
		return true;
	if (each == 0)
		return false;
	for (uint32_t i = 0; i < n; i++)
		count[i] = i + 1 < n ? each : operators - i * each;
	return true;
}

static uint32_t chains;

static void runs_in_segments(void **state)
{
	struct atoll_model *model = load(*state);
	struct atoll_session *cpu = open_session(model, "cpu", NULL);
	struct atoll_error err;
	struct atoll_segments *segments = atoll_segments_new(model, &err);

	if (!segments)
		fail_msg("%s", err.text);
	for (uint32_t n = 2; n <= SEGMENTS_MAX; n++) {
		struct chain chain = { .segments = n };
		struct atoll_devices *devices = new_devices();
		uint32_t count[SEGMENTS_MAX];

		if (divide(segments, n, count)) {
			atoll_session_reset(cpu);
			cut_and_compile(&chain, segments, count, devices);
			push_and_pop(&chain, cpu);
			free_chain(&chain);
			chains++;
		}
		atoll_devices_free(devices);
	}
	atoll_segments_free(segments);
	atoll_session_close(cpu);
	atoll_model_free(model);
}

/* The list of models, in the order of their names, three tests for each. */

#define MODELS_MAX 64

static char *paths[MODELS_MAX];
static struct CMUnitTest tests[3 * MODELS_MAX];
static size_t models;

static void add_test(const char *what, CMUnitTestFunction function, size_t place)
{
	tests[place] = (struct CMUnitTest){
		.name = golden_text("%s: %s", strrchr(paths[models], '/') + 1, what),
		.test_func = function, .initial_state = paths[models],
	};
}

static bool is_quantized(const char *path)
{
	struct atoll_model *model = load(path);
	struct atoll_compile_job job = { .model = model };
	enum atoll_compile_failure failure = ATOLL_COMPILE_OTHER;
	struct atoll_compiled *compiled = atoll_compile(&job, 1, NULL, &failure, NULL);

	atoll_compiled_free(compiled);
	atoll_model_free(model);
	return failure != ATOLL_COMPILE_NOT_QUANTIZED;
}

static void add(const char *folder, const char *file, void *context)
{
	static const char ending[] = ".tflite", compiled[] = "_edgetpu.tflite";
	size_t length = strlen(file);

	(void)context;
	if (models == MODELS_MAX || length < strlen(compiled) ||
	    strcmp(file + length - strlen(ending), ending) != 0 ||
	    strcmp(file + length - strlen(compiled), compiled) == 0)
		return;
	paths[models] = golden_text("%s/%s", folder, file);
	if (!is_quantized(paths[models])) {
		printf("# left out, since it is not quantized: %s\n", file);
		free(paths[models]);
		return;
	}
	add_test("runs alone", runs_alone, 3 * models);
	add_test("runs beside another", runs_beside_another, 3 * models + 1);
	add_test("runs in segments", runs_in_segments, 3 * models + 2);
	models++;
}

int main(void)
{
	char *folder = golden_models();
	int failures = 0;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (access(folder, R_OK) == 0)
		golden_each(folder, add, NULL);
	if (models == 0)
		printf("# skipped: no models in %s (ATOLL_TEST_DATA)\n", folder);
	else
		failures = _cmocka_run_group_tests("tests", tests, 3 * models, NULL, NULL);
	printf("# %" PRIu32 " chains of segments\n", chains);
	for (size_t i = 0; i < 3 * models; i++)
		free((char *)(uintptr_t)tests[i].name);
	for (size_t i = 0; i < models; i++)
		free(paths[i]);
	free(folder);
	return models == 0 ? 77 : failures != 0;
}
