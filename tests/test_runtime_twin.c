/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/backend.h"
#include "runtime/extract.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/graph.h"

#define ELEMENTS 4

/* out = in + 1 for float rows. */
static struct graph add_one(void)
{
	static const float ones[ELEMENTS] = { 1, 1, 1, 1 };
	struct atoll_builder_tensor tensor = {
		.name = "in", .type = ATOLL_FLOAT32, .rank = 2, .dims = { 1, ELEMENTS } };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &tensor), out, one;

	tensor.name = "out";
	out = graph_output(&g, &tensor);
	tensor.name = "one";
	tensor.data = ones;
	tensor.bytes = sizeof(ones);
	one = graph_tensor(&g, &tensor);
	graph_operator(&g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2,
		       (const int32_t[]){ in, one }, 1, &out);
	graph_open(&g);
	return g;
}

/* The tensors of the part: as those of the graph, with nothing behind them. */
struct ends {
	struct atoll_tensor in, out;
	struct atoll_tensor *input[1], *output[1];
	struct backend_part part;
};

static void ends_of(struct ends *ends, struct graph *g)
{
	const struct atoll_graph *graph = &g->model->graph[0];

	*ends = (struct ends){ .in = graph->tensor[graph->input[0]],
			       .out = graph->tensor[graph->output[0]],
			       .input = { &ends->in }, .output = { &ends->out } };
	ends->part = (struct backend_part){ .inputs = 1, .outputs = 1,
		.input = ends->input, .output = ends->output, .twin = g->model };
}

static struct backend_program *load(const struct backend_part *part)
{
	struct atoll_error err;
	struct backend_program *program = twin_load(part, 1, &err);

	if (!program)
		fail_msg("%s", err.text);
	return program;
}

static void run(struct backend_program *program)
{
	struct atoll_error err;

	if (program->ops->run(program, &err) < 0)
		fail_msg("%s", err.text);
}

static void tensors_without_memory_get_that_of_the_session(void **state)
{
	const float in[ELEMENTS] = { 1, 2, 3, 4 }, out[ELEMENTS] = { 2, 3, 4, 5 };
	struct graph g = add_one();
	struct backend_program *program;
	struct ends ends;

	(void)state;
	ends_of(&ends, &g);
	program = load(&ends.part);
	assert_string_equal(program->ops->name, "cpu");
	assert_string_equal(program->device, "cpu");
	assert_non_null(ends.in.data);
	assert_non_null(ends.out.data);
	memcpy(ends.in.data, in, sizeof(in));
	run(program);
	assert_memory_equal(ends.out.data, out, sizeof(out));
	program->ops->free(program);
	graph_free(&g);
}

static void tensors_with_memory_keep_it(void **state)
{
	float in[ELEMENTS] = { 1, 2, 3, 4 }, out[ELEMENTS] = { 0 };
	struct graph g = add_one();
	struct backend_program *program;
	struct ends ends;

	(void)state;
	ends_of(&ends, &g);
	ends.in.data = in;
	ends.out.data = out;
	program = load(&ends.part);
	assert_ptr_equal(ends.in.data, in);
	assert_ptr_equal(ends.out.data, out);
	for (int i = 0; i < 3; i++) {
		run(program);
		assert_true(out[3] == in[3] + 1);
		assert_true(in[0] == (float)(1 + i));
		in[0] += 1;
		in[3] = out[3];
	}
	program->ops->free(program);
	graph_free(&g);
}

static void memory_may_change_after_load(void **state)
{
	float in[ELEMENTS] = { 5, 6, 7, 8 }, out[ELEMENTS];
	struct graph g = add_one();
	struct backend_program *program;
	struct ends ends;

	(void)state;
	ends_of(&ends, &g);
	program = load(&ends.part);
	ends.in.data = in;
	ends.out.data = out;
	run(program);
	assert_true(out[0] == 6 && out[3] == 9);
	program->ops->free(program);
	graph_free(&g);
}

static void refused(const struct backend_part *part, const char *words)
{
	struct atoll_error err = { 0 };

	assert_null(twin_load(part, 1, &err));
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_null(twin_load(part, 1, NULL));
}

static void parts_that_do_not_fit_are_refused(void **state)
{
	struct graph g = add_one();
	struct ends ends;

	(void)state;
	ends_of(&ends, &g);
	ends.part.twin = NULL;
	refused(&ends.part, "cpu: only with the model it was compiled from");
	ends_of(&ends, &g);
	ends.part.inputs = 0;
	refused(&ends.part, "1 inputs and 1 outputs in place of 0 and 1");
	ends_of(&ends, &g);
	ends.out.type = ATOLL_INT32;
	refused(&ends.part, "tensor out: 16 bytes of float32 in place of 16 of int32");
	ends_of(&ends, &g);
	ends.in.bytes = 12;
	refused(&ends.part, "tensor in: 16 bytes of float32 in place of 12 of float32");
	graph_free(&g);
}

/* The states of the LSTM are inputs of the compiled part, and variables. */
static void states_go_on_from_run_to_run(void **state)
{
	static const char *const inputs[] = { "serving_default_x:0", "tfl.pseudo_qconst",
					      "tfl.pseudo_qconst1" };
	static const char *const outputs[] = { "StatefulPartitionedCall:0" };
	const char *path = check_data_path("models/keras_lstm_mnist_ptq.tflite");
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(path, &err);
	struct atoll_session *session = model ? atoll_session_open(model, NULL, &err) : NULL;
	struct atoll_model *part = session ?
		extract_part(model, 3, inputs, 1, outputs, &err) : NULL;
	struct atoll_tensor tensor[4], *list[4];
	int8_t hidden[20] = { 0 };
	struct backend_program *program;
	struct atoll_tensor *in;

	(void)state;
	if (!part)
		fail_msg("%s", err.text);
	in = atoll_session_input(session, 0);
	for (uint32_t i = 0; i < 4; i++) {
		const struct atoll_graph *graph = &part->graph[0];

		tensor[i] = graph->tensor[i < 3 ? graph->input[i] : graph->output[0]];
		list[i] = &tensor[i];
	}
	memset(hidden, tensor[1].quant.zero_point, sizeof(hidden));
	tensor[1].data = hidden;
	program = load(&(struct backend_part){ .inputs = 3, .outputs = 1, .input = list,
					       .output = list + 3, .twin = part });
	assert_ptr_equal(tensor[1].data, hidden);
	for (int i = 0; i < 3; i++) {
		memset(in->data, 50 * i, in->bytes);
		memset(tensor[0].data, 50 * i, tensor[0].bytes);
		assert_int_equal(atoll_session_invoke(session), 0);
		run(program);
		assert_memory_equal(tensor[3].data, atoll_session_output(session, 0)->data,
				    tensor[3].bytes);
	}
	/* A state that is set back counts. */
	memset(hidden, tensor[1].quant.zero_point, sizeof(hidden));
	memset(tensor[2].data, 0, tensor[2].bytes);
	atoll_session_reset(session);
	assert_int_equal(atoll_session_invoke(session), 0);
	run(program);
	assert_memory_equal(tensor[3].data, atoll_session_output(session, 0)->data,
			    tensor[3].bytes);
	program->ops->free(program);
	atoll_model_free(part);
	atoll_session_close(session);
	atoll_model_free(model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tensors_without_memory_get_that_of_the_session),
		cmocka_unit_test(tensors_with_memory_keep_it),
		cmocka_unit_test(memory_may_change_after_load),
		cmocka_unit_test(parts_that_do_not_fit_are_refused),
		cmocka_unit_test(states_go_on_from_run_to_run),
	};

	return CHECK_RUN(tests);
}
