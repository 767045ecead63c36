/* SPDX-License-Identifier: Apache-2.0 */
/* Every tensor of every golden model, against what the reference kernels gave. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/session.h"
#include "tests/check.h"
#include "tests/golden.h"

static unsigned compared, equal;

/* One model with one input set; the strings are the run's own. */
struct golden_run {
	char *model;  /* path of the .tflite */
	char *folder; /* of index.json and the outputs */
	char *inputs; /* "pattern", "lcg", "img-cat", or a folder of input<k>.bin */
	char *name;   /* for people */
};

/* The operator that writes a tensor, for the report. */
static const char *producer(const struct atoll_graph *graph, uint32_t tensor)
{
	for (uint32_t i = 0; i < graph->operators; i++)
		for (uint32_t k = 0; k < graph->op[i].outputs; k++)
			if (graph->op[i].output[k] == (int32_t)tensor)
				return graph->op[i].name;
	return "no operator";
}

/* Compare contents whose golden file keeps only the digest. */
static bool same_digest(const struct golden_run *run, const struct atoll_graph *graph,
			const struct atoll_tensor *tensor, json_t *expected)
{
	uint32_t index = (uint32_t)json_integer_value(json_object_get(expected, "index"));
	const char *digest = json_string_value(json_object_get(expected, "sha256"));
	char ours[ATOLL_DIGEST_TEXT];

	atoll_tensor_digest(tensor, ours);
	compared++;
	if (digest && strcmp(ours, digest) == 0) {
		equal++;
		return true;
	}
	print_message("# %s: operator %s, tensor %u (%s): contents differ\n", run->name,
		      producer(graph, index), index, tensor->name);
	return false;
}

static bool same_output(const struct golden_run *run, const struct atoll_session *session,
			const struct atoll_graph *graph, uint32_t k)
{
	const struct atoll_tensor *output = atoll_session_output(session, k);
	long i = golden_difference(run->folder, k, output);

	compared++;
	if (i < 0) {
		equal++;
		return true;
	}
	print_message("# %s: operator %s, output %u (%s): differs from element %ld on\n",
		      run->name, producer(graph, (uint32_t)graph->output[k]), k,
		      output->name, i);
	return false;
}

static bool compare_tensors(const struct golden_run *run,
			    const struct atoll_session *session,
			    const struct atoll_graph *graph, json_t *tensors)
{
	bool is_same = true;
	json_t *expected;
	size_t i;

	json_array_foreach(tensors, i, expected) {
		uint32_t index = (uint32_t)json_integer_value(
			json_object_get(expected, "index"));
		const char *kind = json_string_value(json_object_get(expected, "kind"));
		const struct atoll_tensor *tensor = atoll_session_tensor(session, index);

		if (!tensor || !kind || strcmp(kind, "intermediate") != 0 ||
		    tensor->type == ATOLL_FLOAT32 || !tensor->data)
			continue;
		is_same &= same_digest(run, graph, tensor, expected);
	}
	return is_same;
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

static void equals_the_reference_kernels(void **state)
{
	const struct golden_run *run = *state;
	struct atoll_session_options options = { .keeps_tensors = true };
	struct atoll_error err = { 0 };
	struct atoll_model *model = atoll_model_load(run->model, &err);
	struct atoll_session *session =
		model ? atoll_session_open(model, &options, &err) : NULL;
	const struct atoll_graph *graph;
	bool is_same;
	json_t *index;

	if (!session)
		fail_msg("%s", err.text);
	graph = &model->graph[0];
	index = read_index(run);
	for (uint32_t k = 0; k < graph->inputs; k++)
		golden_fill(run->inputs, k, atoll_session_input(session, k));
	assert_int_equal(atoll_session_invoke(session), 0);

	is_same = compare_tensors(run, session, graph, json_object_get(index, "tensors"));
	for (uint32_t k = 0; k < graph->outputs; k++)
		is_same &= same_output(run, session, graph, k);
	json_decref(index);
	atoll_session_close(session);
	atoll_model_free(model);
	assert_true(is_same);
}

/* The list of runs, in the order of their names. */

#define RUNS_MAX 1024

static struct golden_run runs[RUNS_MAX];
static struct CMUnitTest tests[RUNS_MAX];
static size_t runs_used;

static void free_run(struct golden_run *run)
{
	free(run->model);
	free(run->folder);
	free(run->inputs);
	free(run->name);
}

/* Takes the strings over; runs that lack a file are not added. */
static void add(struct golden_run run)
{
	if (access(run.folder, R_OK) != 0 || access(run.model, R_OK) != 0) {
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

static void add_inputs(const char *golden_of_model, const char *inputs, void *context)
{
	const char *model = strrchr(golden_of_model, '/') + 1;
	char *models = golden_models();

	(void)context;
	add((struct golden_run){
		.model = golden_text("%s/%s.tflite", models, model),
		.folder = golden_text("%s/%s/reference", golden_of_model, inputs),
		.inputs = golden_text("%s", inputs),
		.name = golden_text("%s %s", model, inputs),
	});
	free(models);
}

static void add_model(const char *golden, const char *model, void *context)
{
	char *folder = golden_text("%s/%s", golden, model);

	golden_each(folder, add_inputs, context);
	free(folder);
}

static void add_operator(const char *ops, const char *name, void *context)
{
	/* The reference SUM of int8 reads bytes as unsigned, a known mistake. */
	const char *kernels = strcmp(name, "sum_i8") == 0 ? "default" : "reference";

	(void)context;
	add((struct golden_run){
		.model = golden_text("%s/%s/model.tflite", ops, name),
		.folder = golden_text("%s/%s/%s", ops, name, kernels),
		.inputs = golden_text("%s/%s", ops, name),
		.name = golden_text("ops %s", name),
	});
}

int main(void)
{
	char *golden = golden_folder();
	char *ops = golden_text("%s/ops", golden);
	int failures;

	golden_each(golden, add_model, NULL);
	golden_each(ops, add_operator, NULL);
	free(ops);
	if (runs_used == 0) {
		printf("# skipped: no golden data in %s (ATOLL_TEST_DATA)\n", golden);
		free(golden);
		return 77;
	}
	free(golden);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failures = _cmocka_run_group_tests("golden", tests, runs_used, NULL, NULL);
	printf("# golden: %u of %u tensors equal\n", equal, compared);
	for (size_t i = 0; i < runs_used; i++)
		free_run(&runs[i]);
	return failures != 0;
}
