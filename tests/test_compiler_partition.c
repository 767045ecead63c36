/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/partition.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/edgetpu/package.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/drawn.h"

/* A model, and how it is divided. */
struct divided {
	struct graph g;
	struct atoll_model *model;
	struct compiler_graph graph;
	struct atoll_compile_job job;
	struct atoll_compile_options options;
	struct memory memory;
	struct compiler_partition partition;
};

static void divide(struct divided *d)
{
	struct atoll_error err;

	d->memory = MEMORY_UNLIMITED;
	if (compiler_graph_make(d->model, &d->graph, &err) < 0 ||
	    compiler_partition(&d->graph, &d->job, &d->options, &d->memory, &d->partition,
			       &err) < 0)
		fail_msg("%s", err.text);
}

static void release(struct divided *d)
{
	memory_free(&d->memory);
	compiler_graph_free(&d->graph);
}

static void free_divided(struct divided *d)
{
	release(d);
	if (!d->g.model)
		atoll_model_free(d->model);
	graph_free(&d->g);
}

#define DRAW(d, inputs, outputs, ...) \
	draw(d, DRAWN(inputs, outputs, __VA_ARGS__))

static void draw(struct divided *d, struct graph g)
{
	*d = (struct divided){ .g = g, .model = g.model };
}

static void assert_part(const struct divided *d, uint32_t index, const char *inputs,
			const char *outputs)
{
	const struct compiler_part *part = &d->partition.part[index];

	drawn_assert(&d->model->graph[0], part->inputs, part->input, inputs);
	drawn_assert(&d->model->graph[0], part->outputs, part->output, outputs);
}

/* "0P2" for operator 0, a part, operator 2. */
static void assert_steps(const struct compiler_partition *partition, const char *steps)
{
	char text[32] = "";

	for (uint32_t i = 0; i < partition->steps; i++)
		text[i] = (char)(partition->step[i] < 0 ? 'P' - 1 - partition->step[i] :
				 '0' + partition->step[i]);
	assert_string_equal(text, steps);
}

/* 'M' mapped, 'S' in a second part, 'L' limited, 'O' operator not supported. */
static void assert_mappings(const struct divided *d, const char *letters)
{
	static const char letter[] = {
		[ATOLL_MAPPED] = 'M', [ATOLL_NOT_MAPPED_SECOND_PART] = 'S',
		[ATOLL_NOT_MAPPED_LIMIT] = 'L', [ATOLL_NOT_MAPPED_OPERATOR] = 'O',
	};
	uint32_t mapped = 0;

	for (uint32_t o = 0; o < d->model->graph[0].operators; o++) {
		const struct atoll_compiled_op *op = &d->partition.op[o];

		assert_int_equal(letter[op->mapping], letters[o]);
		assert_true((op->mapping == ATOLL_MAPPED) == !op->why);
		mapped += op->mapping == ATOLL_MAPPED;
	}
	assert_int_equal(d->partition.mapped, mapped);
}

static void a_model_that_fits_is_one_part(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "c", "a>b", "b>c");
	divide(&d);
	assert_mappings(&d, "MM");
	assert_steps(&d.partition, "P");
	assert_int_equal(d.partition.parts, 1);
	assert_int_equal(d.partition.part[0].operators, 2);
	assert_part(&d, 0, "a", "c");
	free_divided(&d);
}

static void what_depends_on_the_cpu_is_a_second_part(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "d", "a>b", "b!c", "c>d");
	divide(&d);
	assert_mappings(&d, "MOS");
	assert_steps(&d.partition, "P12");
	assert_part(&d, 0, "a", "b");
	assert_string_equal(d.partition.op[2].why, "c is computed on the CPU");
	assert_non_null(d.partition.op[2].advice);
	free_divided(&d);
}

static void with_many_parts_each_group_is_one(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "d", "a>b", "b!c", "c>d");
	d.options.has_many_parts = true;
	divide(&d);
	assert_mappings(&d, "MOM");
	assert_steps(&d.partition, "P1Q");
	assert_int_equal(d.partition.parts, 2);
	assert_int_equal(d.partition.op[0].part, 0);
	assert_int_equal(d.partition.op[2].part, 1);
	assert_part(&d, 1, "c", "d");
	free_divided(&d);
}

static void a_later_branch_that_needs_no_cpu_is_in_the_first_part(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "de", "a>b", "b!c", "c>d", "b>e");
	divide(&d);
	assert_mappings(&d, "MOSM");
	assert_steps(&d.partition, "P12");
	assert_int_equal(d.partition.part[0].operators, 2);
	assert_int_equal(d.partition.part[0].op[1], 3);
	assert_part(&d, 0, "a", "be");
	free_divided(&d);
}

static void branches_that_join_behind_the_cpu_stay_there(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "e", "a>b", "b!c", "b>d", "cd>e");
	divide(&d);
	assert_mappings(&d, "MOMS");
	assert_part(&d, 0, "a", "bd");
	free_divided(&d);
}

static void a_part_comes_after_the_cpu_operators_it_needs(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "d", "a!b", "b>c", "c!d");
	divide(&d);
	assert_mappings(&d, "OMO");
	assert_steps(&d.partition, "0P2");
	free_divided(&d);
}

static void cpu_operators_after_a_part_keep_their_order(void **state)
{
	struct divided d;

	(void)state;
	/* Epochs alone would run 1 and 4 before 2. */
	DRAW(&d, "a", "def", "a>b", "b!c", "c>d", "d!e", "c!f");
	divide(&d);
	assert_steps(&d.partition, "P1234");
	free_divided(&d);
}

static void with_no_operator_mapped_there_is_no_part(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "c", "a!b", "b!c");
	divide(&d);
	assert_mappings(&d, "OO");
	assert_int_equal(d.partition.parts, 0);
	assert_steps(&d.partition, "01");
	free_divided(&d);
}

static void inputs_and_outputs_of_a_part_ascend(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "cba", "ed", "cb>f", "fa>e", "a>d");
	divide(&d);
	assert_part(&d, 0, "abc", "de");
	free_divided(&d);
}

static void a_stop_ends_the_part_and_becomes_an_output(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "de", "a>b", "b>c", "c>d", "b>e");
	d.job.stops = 1;
	d.job.stop = (const char *const[]){ "c" };
	divide(&d);
	assert_mappings(&d, "MMSM");
	assert_steps(&d.partition, "P2");
	assert_part(&d, 0, "a", "ce");
	assert_string_equal(d.partition.op[2].why,
			    "it comes after c, where the part was asked to end");
	free_divided(&d);
}

static void what_comes_after_a_stop_is_no_other_part_either(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "d", "a>b", "b>c", "c>d");
	d.options.has_many_parts = true;
	d.job.stops = 1;
	d.job.stop = (const char *const[]){ "b" };
	divide(&d);
	/* "More than one subgraph" would be wrong where there may be more. */
	assert_mappings(&d, "MLL");
	assert_int_equal(d.partition.parts, 1);
	free_divided(&d);
}

static void a_stop_that_nothing_follows_changes_nothing(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "c", "a>b", "b>c");
	d.job.stops = 1;
	d.job.stop = (const char *const[]){ "c" };
	divide(&d);
	assert_mappings(&d, "MM");
	assert_part(&d, 0, "a", "c");
	free_divided(&d);
}

static void a_stop_nobody_reads_becomes_an_output_too(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "c", "a>b", "a>c");
	divide(&d);
	assert_part(&d, 0, "a", "c");
	release(&d);
	d.job.stops = 1;
	d.job.stop = (const char *const[]){ "b" };
	divide(&d);
	assert_mappings(&d, "MM");
	assert_part(&d, 0, "a", "bc");
	free_divided(&d);
}

static void an_unknown_stop_is_refused_by_name(void **state)
{
	struct atoll_error err;
	struct divided d;

	(void)state;
	DRAW(&d, "a", "b", "a>b");
	d.job.stops = 1;
	d.job.stop = (const char *const[]){ "nothing" };
	assert_int_equal(compiler_graph_make(d.model, &d.graph, &err), 0);
	d.memory = MEMORY_UNLIMITED;
	assert_int_equal(compiler_partition(&d.graph, &d.job, &d.options, &d.memory,
					    &d.partition, &err), -EINVAL);
	assert_string_equal(err.text, "drawn: tensor nothing: there is none");
	free_divided(&d);
}

static void only_as_many_operators_as_asked_for_are_mapped(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "d", "a>b", "b>c", "c>d");
	d.job.operators_max = 2;
	divide(&d);
	assert_mappings(&d, "MMS");
	assert_string_equal(d.partition.op[2].why,
			    "only the first 2 operators were asked for");
	assert_part(&d, 0, "a", "c");
	free_divided(&d);
}

static void an_older_runtime_maps_less(void **state)
{
	struct divided d;

	(void)state;
	DRAW(&d, "a", "b", "a>b");
	d.options.runtime_version = 11; /* before signed numbers */
	divide(&d);
	assert_int_equal(d.partition.parts, 0);
	assert_int_equal(d.partition.op[0].mapping, ATOLL_NOT_MAPPED_TYPE);
	free_divided(&d);
}

static void states_are_inputs_of_the_part(void **unused)
{
	struct atoll_builder_tensor tensor = { .name = "a", .type = ATOLL_INT8, .rank = 2,
					       .dims = { 1, 4 }, .scale = 0.5f };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &tensor), state, out;
	struct divided d;

	(void)unused;
	tensor.name = "s";
	tensor.is_variable = 1;
	state = graph_tensor(&g, &tensor);
	tensor.name = "b";
	tensor.is_variable = 0;
	out = graph_output(&g, &tensor);
	graph_operator(&g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2, (int32_t[]){ in, state }, 1,
		       &out);
	drawn_load(&g, "state");
	draw(&d, g);
	divide(&d);
	assert_mappings(&d, "M");
	assert_part(&d, 0, "as", "b");
	free_divided(&d);
}

/* Against the vendor's compiler: its files beside the models they were made from */

static struct atoll_model *load(const char *name)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(check_data_path("models/%s.tflite", name),
						     &err);

	if (!model)
		fail_msg("%s", err.text);
	return model;
}

/* The names of two lists, in one order or, for files that another tool has been at, in
   any. */
static void assert_names(const struct atoll_graph *ours, uint32_t count, const int32_t *mine,
			 const struct atoll_graph *theirs, uint32_t others,
			 const int32_t *other, bool is_ordered)
{
	assert_int_equal(count, others);
	for (uint32_t i = 0; i < count; i++) {
		const char *name = ours->tensor[mine[i]].name;
		uint32_t found = is_ordered ? i : 0;

		while (found < others && !is_ordered &&
		       strcmp(theirs->tensor[other[found]].name, name) != 0)
			found++;
		assert_true(found < others);
		assert_string_equal(theirs->tensor[other[found]].name, name);
	}
}

static void compare(const char *name, uint32_t mapped, bool is_ordered)
{
	struct divided d = { .model = load(name) };
	char compiled_name[128];
	struct atoll_model *compiled;
	const struct atoll_graph *ours = &d.model->graph[0], *theirs;

	snprintf(compiled_name, sizeof(compiled_name), "%s_edgetpu", name);
	compiled = load(compiled_name);
	theirs = &compiled->graph[0];
	divide(&d);
	assert_int_equal(d.partition.mapped, mapped);
	assert_int_equal(d.partition.steps, theirs->operators);
	for (uint32_t i = 0; i < d.partition.steps; i++) {
		const struct atoll_operator *op = &theirs->op[i];
		int32_t step = d.partition.step[i];

		assert_true((step < 0) == edgetpu_is_compiled(op));
		if (step < 0) {
			const struct compiler_part *part = &d.partition.part[-1 - step];

			assert_names(ours, part->inputs, part->input, theirs, op->inputs,
				     op->input, is_ordered);
			assert_names(ours, part->outputs, part->output, theirs, op->outputs,
				     op->output, is_ordered);
			continue;
		}
		assert_string_equal(op->name, ours->op[step].name);
		assert_names(ours, ours->op[step].inputs, ours->op[step].input, theirs,
			     op->inputs, op->input, true);
		assert_names(ours, ours->op[step].outputs, ours->op[step].output, theirs,
			     op->outputs, op->output, true);
	}
	atoll_model_free(compiled);
	release(&d);
	atoll_model_free(d.model);
}

static void segmenters_lose_their_last_resize(void **state)
{
	(void)state;
	compare("deeplab_mobilenet_edgetpu_slim_cityscapes_quant", 82, true);
}

static void dense_layers_are_mapped_with_their_shell(void **state)
{
	(void)state;
	compare("dense_256", 3, true);
	compare("dense_512", 3, true);
}

static void an_lstm_has_its_states_as_inputs(void **state)
{
	(void)state;
	compare("keras_lstm_mnist_ptq", 6, true);
}

static void a_classifier_is_mapped_whole(void **state)
{
	(void)state;
	compare("mobilenet_v1_0.25_128_quant", 31, true);
}

static void movenet_keeps_59_operators_on_the_cpu(void **state)
{
	(void)state;
	compare("movenet_single_pose_lightning_ptq", 98, true);
}

static void posenet_keeps_its_decoder_on_the_cpu(void **state)
{
	(void)state;
	compare("posenet_mobilenet_v1_075_353_481_16_quant_decoder", 37, false);
}

static void data_movement_alone_is_mapped_too(void **state)
{
	(void)state;
	compare("split_concat", 3, true);
}

static void movenet_has_fifteen_epochs(void **state)
{
	struct divided d = { .model = load("movenet_single_pose_lightning_ptq"),
			     .options = { .has_many_parts = true } };
	uint32_t previous = 0, epochs = 0;

	(void)state;
	divide(&d);
	for (uint32_t i = 0; i < d.partition.steps; i++) {
		uint32_t kind = d.partition.step[i] < 0 ? 2 : 1;

		epochs += kind != previous;
		previous = kind;
	}
	assert_int_equal(epochs, 15);
	assert_int_equal(d.partition.parts, 7);
	release(&d);
	atoll_model_free(d.model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_that_fits_is_one_part),
		cmocka_unit_test(what_depends_on_the_cpu_is_a_second_part),
		cmocka_unit_test(with_many_parts_each_group_is_one),
		cmocka_unit_test(a_later_branch_that_needs_no_cpu_is_in_the_first_part),
		cmocka_unit_test(branches_that_join_behind_the_cpu_stay_there),
		cmocka_unit_test(a_part_comes_after_the_cpu_operators_it_needs),
		cmocka_unit_test(cpu_operators_after_a_part_keep_their_order),
		cmocka_unit_test(with_no_operator_mapped_there_is_no_part),
		cmocka_unit_test(inputs_and_outputs_of_a_part_ascend),
		cmocka_unit_test(a_stop_ends_the_part_and_becomes_an_output),
		cmocka_unit_test(what_comes_after_a_stop_is_no_other_part_either),
		cmocka_unit_test(a_stop_that_nothing_follows_changes_nothing),
		cmocka_unit_test(a_stop_nobody_reads_becomes_an_output_too),
		cmocka_unit_test(an_unknown_stop_is_refused_by_name),
		cmocka_unit_test(only_as_many_operators_as_asked_for_are_mapped),
		cmocka_unit_test(an_older_runtime_maps_less),
		cmocka_unit_test(states_are_inputs_of_the_part),
		cmocka_unit_test(segmenters_lose_their_last_resize),
		cmocka_unit_test(dense_layers_are_mapped_with_their_shell),
		cmocka_unit_test(an_lstm_has_its_states_as_inputs),
		cmocka_unit_test(a_classifier_is_mapped_whole),
		cmocka_unit_test(movenet_keeps_59_operators_on_the_cpu),
		cmocka_unit_test(posenet_keeps_its_decoder_on_the_cpu),
		cmocka_unit_test(data_movement_alone_is_mapped_too),
		cmocka_unit_test(movenet_has_fifteen_epochs),
	};

	return CHECK_RUN(tests);
}
