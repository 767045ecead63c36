/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other people's models, each compiled together with another for one device that has room
 * for a part of their parameters: there they give, in turns, what they give on the CPU,
 * to the bit. All .tflite in the folder MODELS that are not compiled.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/compiler/compile.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/golden.h"
#include "tests/must.h"

/* Little enough that every model but the smallest has to be sent in part. */
#define SMALL_CAPACITY (192 * 1024)

static struct atoll_session *open_session(const struct atoll_model *model,
					  const char *device, struct atoll_devices *devices)
{
	const struct atoll_session_options options = {
		.device = device, .devices = devices, .threads = 1 };

	return must_open(model, &options);
}

static void fill(const char *inputs, struct atoll_session *session)
{
	for (uint32_t i = 0; i < atoll_session_inputs(session); i++)
		golden_fill(inputs, i, atoll_session_input(session, i));
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

/* Both have parameters to send, and take turns. */
static void two_share_a_device_too_small_for_both(void **state)
{
	struct atoll_model *model[2] = {
		must_load(*state), must_load(check_data_path("models/%s.tflite",
						   "mobilenet_v1_0.25_128_quant")) };
	struct atoll_compile_job job[2] = { { .model = model[0] }, { .model = model[1] } };
	struct atoll_compiled *compiled = must_compile(
		job, 2, &(struct atoll_compile_options){ .capacity = SMALL_CAPACITY });
	struct atoll_devices *devices = must_have_devices();
	struct atoll_model *own[2];
	struct atoll_session *cpu[2], *session[2];
	uint64_t cached = 0;

	for (int i = 0; i < 2; i++) {
		own[i] = must_load_compiled(&compiled->model[i]);
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

/* The list of models, in the order of their names. */

#define MODELS_MAX 64

static char *paths[MODELS_MAX];
static struct CMUnitTest tests[MODELS_MAX];
static size_t models;

static bool is_quantized(const char *path)
{
	struct atoll_model *model = must_load(path);
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
	tests[models] = (struct CMUnitTest){
		.name = strrchr(paths[models], '/') + 1,
		.test_func = two_share_a_device_too_small_for_both, .initial_state = paths[models],
	};
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
		failures = _cmocka_run_group_tests("tests", tests, models, NULL, NULL);
	for (size_t i = 0; i < models; i++)
		free(paths[i]);
	free(folder);
	return models == 0 ? 77 : failures != 0;
}
