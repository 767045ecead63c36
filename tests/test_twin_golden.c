/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled models give the golden results of the models they were compiled from: in
 * a session, through the driver and the USB ops to an emulated Edge TPU that
 * computes what the CPU model does, back through the relayout, and on with the
 * operators that the compiler left. See golden.h for the files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/edgetpu/package.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/golden.h"
#include "tests/must.h"

static unsigned compared, equal;

/* One model with one input set; the strings are the run's own. */
struct golden_run {
	char *model, *compiled; /* paths of the .tflite */
	char *folder;           /* of the outputs */
	char *inputs;           /* "pattern", "lcg", "img-cat" */
	char *name;             /* for people */
};

static void run(const struct golden_run *golden, struct atoll_session *session)
{
	for (uint32_t k = 0; k < atoll_session_inputs(session); k++)
		golden_fill(golden->inputs, k, atoll_session_input(session, k));
	assert_int_equal(atoll_session_invoke(session), 0);
}

static uint32_t compiled_operator(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);

	assert_non_null(op);
	return (uint32_t)(op - model->graph[0].op);
}

/* Others would need a device that announces its transfers. */
static bool has_all_hints(const struct atoll_model *compiled)
{
	const struct atoll_operator *op = &compiled->graph[0].op[compiled_operator(compiled)];
	struct atoll_error err;
	struct edgetpu_package *package =
		edgetpu_package_read(op->custom_options, op->custom_options_bytes, &err);
	bool has_all;

	if (!package)
		fail_msg("%s", err.text);
	has_all = package->main->is_deterministic;
	edgetpu_package_free(package);
	return has_all;
}

/* Floats are to be those of our CPU kernels to the last bit. */
static bool compare(const struct golden_run *golden, const struct atoll_session *session,
		    const struct atoll_session *cpu, const char *device)
{
	bool is_same = true;

	for (uint32_t k = 0; k < atoll_session_outputs(session); k++) {
		const struct atoll_tensor *output = atoll_session_output(session, k);

		compared++;
		if (golden_difference(golden->folder, k, output) < 0 &&
		    memcmp(output->data, atoll_session_output(cpu, k)->data,
			   output->bytes) == 0) {
			equal++;
			continue;
		}
		print_message("# %s on %s: output %u (%s) differs\n", golden->name, device, k,
			      output->name);
		is_same = false;
	}
	return is_same;
}

/* `where` of the devices it runs in the end. The second run finds its parameters on
   the chip. */
static bool run_twice(const struct golden_run *golden, const struct atoll_model *compiled,
		      const struct atoll_session *cpu, const char *device, const char *where)
{
	const struct atoll_session_options options = {
		.threads = 1, .device = device, .twin = atoll_session_model(cpu) };
	struct atoll_session *session = must_open(compiled, &options);
	const struct atoll_session_step *step =
		&atoll_session_plan(session)->step[compiled_operator(compiled)];
	bool is_same = true;

	for (int i = 0; i < 2; i++) {
		run(golden, session);
		assert_string_equal(step->device, where);
		is_same &= compare(golden, session, cpu, device);
		atoll_session_reset(session);
	}
	atoll_session_close(session);
	return is_same;
}

static void equals_the_reference_kernels(void **state)
{
	const struct golden_run *golden = *state;
	struct atoll_model *compiled = must_load(golden->compiled), *model = must_load(golden->model);
	struct atoll_session *cpu =
		must_open(model, &(struct atoll_session_options){ .threads = 1 });
	bool is_same;

	run(golden, cpu);
	if (has_all_hints(compiled))
		is_same = run_twice(golden, compiled, cpu, "emu", "emu:0");
	else
		is_same = run_twice(golden, compiled, cpu, "emu,cpu", "cpu");
	is_same &= run_twice(golden, compiled, cpu, "cpu", "cpu");
	atoll_session_close(cpu);
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
