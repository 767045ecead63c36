/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Target silicon: dense layers of all kinds of sizes, drawn by chance, whose programs an
 * emulated chip executes to the answers of the CPU; and what stays on the CPU.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/compiler/compile.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/dense_chain.h"
#include "tests/golden.h"
#include "tests/graph.h"
#include "tests/must.h"
#include "tests/silicon_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
struct count {
	uint32_t off, elements, layers;
	uint64_t inside; /* of the elements, neither lowest nor highest */
};

static int64_t number(const struct atoll_tensor *tensor, const void *data, size_t i)
{
	return (tensor->type == ATOLL_INT8 ? ((const int8_t *)data)[i] :
					     ((const uint8_t *)data)[i]) -
	       tensor->quant.zero_point;
}

/* What an output of the first layer is before it is rounded. */
static double exactly(const struct atoll_graph *graph, const void *input, size_t output)
{
	const struct atoll_operator *op = &graph->op[0];
	const struct atoll_tensor *in = &graph->tensor[op->input[0]];
	const struct atoll_tensor *weights = &graph->tensor[op->input[1]];
	size_t inputs = (size_t)weights->dims[1];
	bool is_many = weights->quant.channels > 1;
	int64_t sum = 0;

	for (size_t i = 0; i < inputs; i++)
		sum += number(in, input, i) * number(weights, weights->data,
						     output * inputs + i);
	if (op->input[2] >= 0) {
		const struct atoll_tensor *bias = &graph->tensor[op->input[2]];

		sum += ((const int32_t *)bias->data)[output];
	}
	return (double)sum * (double)in->quant.scale *
	       (double)weights->quant.scales[is_many ? output : 0] /
	       (double)graph->tensor[op->output[0]].quant.scale;
}

/* The chip computes in single precision, the CPU does not: where one is off, the exact
   number lies in the middle of two, as near as single precision can tell. */
static void must_be_in_the_middle(double exact)
{
	double part = fabs(exact) - floor(fabs(exact));

	assert_true(fabs(part - 0.5) < 0x1p-20 * (1 + fabs(exact)));
}

static void compare(struct silicon_bench *b, uint64_t seed, struct count *count)
{
	const struct atoll_tensor *a = atoll_session_output(b->session, 0);
	const struct atoll_tensor *c = atoll_session_output(b->cpu, 0);
	struct atoll_tensor *in = atoll_session_input(b->session, 0);
	struct check_random random = { seed };

	for (size_t i = 0; i < in->bytes; i++)
		((uint8_t *)in->data)[i] = (uint8_t)check_random(&random);
	memcpy(atoll_session_input(b->cpu, 0)->data, in->data, in->bytes);
	silicon_bench_invoke(b);
	assert_int_equal(a->bytes, c->bytes);
	for (size_t i = 0; i < a->bytes; i++) {
		uint8_t flip = a->type == ATOLL_INT8 ? 0x80 : 0;
		int ours = ((uint8_t *)a->data)[i] ^ flip;
		int theirs = ((uint8_t *)c->data)[i] ^ flip;

		assert_true(abs(ours - theirs) <= 1);
		if (ours != theirs && b->twin->graph[0].operators == 1)
			must_be_in_the_middle(exactly(&b->twin->graph[0], in->data, i));
		count->off += ours != theirs;
		count->inside += theirs > 0 && theirs < 255;
	}
	count->elements += (uint32_t)a->bytes;
}

/* Those layers give what the CPU gives, and every instruction was executed. */
static void check_layers(const struct dense_shape *shape, uint32_t layers, uint32_t runs,
			 struct count *count)
{
	struct silicon_report report;
	struct silicon_bench b;
	size_t size;
	void *bytes = dense_chain(shape, layers, count->layers + 1, &size);

	b = silicon_bench_new(bytes, size);
	assert_int_equal(b.parts, 1);
	assert_int_equal(b.compiled->model[0].mapped, layers);
	for (uint32_t r = 0; r < runs; r++)
		compare(&b, r + 1, count);
	for (uint32_t p = 0; p < b.parts; p++) {
		silicon_report(b.program[p], &report);
		assert_string_equal(report.why, "");
		assert_int_equal(report.executed, report.instructions);
	}
	count->layers += layers;
	silicon_bench_free(&b);
}

static void tell(const char *what, const struct count *count)
{
	printf("# isa: generated: %s: %u layers, off by one %u of %u elements\n", what,
	       count->layers, count->off, count->elements);
	assert_true(count->inside * 2 > count->elements); /* the others prove little */
	assert_true(count->off * 1000 <= count->elements);
}

static void layers_of_any_size_give_the_answers_of_the_cpu(void **state)
{
	static const uint32_t sizes[][2] = {
		{ 8, 8 }, { 64, 10 }, { 100, 37 }, { 256, 1000 }, { 512, 256 }, { 1024, 1024 },
		{ 1, 1 }, { 3, 2 }, { 65, 65 }, { 257, 63 }, { 1028, 20 }, { 2500, 130 },
		{ 30, 1100 }, { 1100, 2100 },
	};
	struct count count = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (uint32_t kind = 0; kind < 4; kind++) {
			const struct dense_shape shape = {
				.type = kind == 0 ? ATOLL_UINT8 : ATOLL_INT8,
				.inputs = sizes[i][0], .outputs = sizes[i][1],
				.is_per_channel = kind >= 2 && sizes[i][1] > 1,
				.has_equal_scales = false,
				.has_bias = (kind + i) % 2 == 0,
			};

			check_layers(&shape, 1, 3, &count);
		}
	tell("sizes", &count);
}

static void activations_and_tables_of_all_kinds_are_kept(void **state)
{
	struct count count = { 0 };

	(void)state;
	for (uint32_t kind = 0; kind < 32; kind++) {
		const struct dense_shape shape = {
			.type = kind & 16 ? ATOLL_INT8 : ATOLL_UINT8, .inputs = 150,
			.outputs = 90, .is_per_channel = (kind & 16) && (kind & 8),
			.has_equal_scales = kind & 4 && kind & 1, .has_bias = kind & 4,
			.activation = (int8_t)(kind & 3),
		};

		check_layers(&shape, 1, 2, &count);
	}
	tell("activations", &count);
}

static void layers_in_a_row_are_one_program(void **state)
{
	static const struct dense_shape shapes[] = {
		{ .type = ATOLL_INT8, .inputs = 200, .outputs = 300, .is_per_channel = true },
		{ .type = ATOLL_INT8, .inputs = 300, .outputs = 120, .has_bias = true },
		{ .type = ATOLL_INT8, .inputs = 120, .outputs = 16, .is_per_channel = true,
		  .has_bias = true },
	};
	struct count count = { 0 };

	(void)state;
	check_layers(shapes, COUNT(shapes), 5, &count);
	tell("in a row", &count);
}

static void chains_of_any_sizes_are_one_program(void **state)
{
	struct check_random random = { 11 };
	struct count count = { 0 };

	(void)state;
	for (int chain = 0; chain < 12; chain++) {
		uint32_t layers = 2 + check_random(&random) % 3;
		uint32_t at = 1 + check_random(&random) % 600;
		struct dense_shape shapes[4];

		for (uint32_t l = 0; l < layers; l++) {
			shapes[l] = (struct dense_shape){
				.type = ATOLL_INT8, .inputs = at,
				.outputs = 1 + check_random(&random) % 1500,
				.has_bias = check_random(&random) % 2,
				.activation = (int8_t)(check_random(&random) % 2) };
			shapes[l].is_per_channel = shapes[l].outputs > 1 &&
						   check_random(&random) % 2;
			at = shapes[l].outputs;
		}
		check_layers(shapes, layers, 2, &count);
	}
	printf("# isa: generated: chains: %u layers, off by one %u of %u elements\n",
	       count.layers, count.off, count.elements);
	assert_true(count.off * 1000 <= count.elements);
}

/* Between int8 and uint8: on the device that changes nothing. */
static void quantize_beside_a_layer_is_part_of_it(void **state)
{
	struct graph g = graph_new();
	struct check_random random = { 5 };
	const struct dense_shape shape = { .type = ATOLL_INT8, .inputs = 80, .outputs = 70 };
	struct atoll_builder_tensor tensor = { .name = "in", .type = ATOLL_UINT8, .rank = 2,
					       .dims = { 1, 80 }, .scale = 0.02f,
					       .zero_point = 120 };
	int32_t at[4], operand[3];
	struct count count = { 0 };
	struct silicon_bench b;
	void *bytes;
	size_t size;

	(void)state;
	at[0] = graph_input(&g, &tensor);
	tensor.type = ATOLL_INT8;
	tensor.zero_point = -8;
	at[1] = graph_tensor(&g, &tensor);
	tensor = (struct atoll_builder_tensor){ .name = "out", .type = ATOLL_INT8, .rank = 2,
						.dims = { 1, 70 }, .scale = 0.3f,
						.zero_point = 4 };
	at[2] = graph_tensor(&g, &tensor);
	tensor.type = ATOLL_UINT8;
	tensor.zero_point = 132;
	at[3] = graph_output(&g, &tensor);
	graph_operator(&g, BUILTIN_QUANTIZE, OPTIONS_QUANTIZE, 0, NULL, 1, &at[0], 1, &at[1]);
	operand[0] = at[1];
	operand[1] = dense_weights(&g, &random, &shape, 0.004f);
	operand[2] = -1;
	graph_operator(&g, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 0, NULL, 3,
		       operand, 1, &at[2]);
	graph_operator(&g, BUILTIN_QUANTIZE, OPTIONS_QUANTIZE, 0, NULL, 1, &at[2], 1, &at[3]);
	graph_open(&g);
	size = g.size;
	bytes = malloc(size);
	assert_non_null(bytes);
	memcpy(bytes, g.bytes, size);
	graph_free(&g);
	b = silicon_bench_new(bytes, size);
	assert_int_equal(b.parts, 1);
	assert_int_equal(b.compiled->model[0].mapped, 3);
	for (uint64_t run = 0; run < 10; run++)
		compare(&b, run + 1, &count);
	assert_int_equal(count.off, 0);
	silicon_bench_free(&b);
}

/* The model that listens ends with two, and what is between them is an output of its own:
   so they are parts that share the chip. What is before them stays on the CPU. */
static void the_keywords_model_gives_the_answers_of_the_cpu(void **state)
{
	struct atoll_model *model = must_load("apps/models/keywords/keywords.tflite");
	struct count count = { 0 };
	void *bytes = malloc(model->size);
	struct silicon_bench b;

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes, model->bytes, model->size);
	b = silicon_bench_new(bytes, model->size);
	atoll_model_free(model);
	assert_int_equal(b.parts, 2);
	for (uint64_t run = 0; run < 20; run++)
		compare(&b, run + 1, &count);
	printf("# isa: generated: keywords: 2 layers, off by one %u of %u elements behind "
	       "them\n", count.off, count.elements);
	assert_int_equal(count.off, 0);
	silicon_bench_free(&b);
}

struct looked_at {
	uint32_t models;
	struct count count;
};

static bool has_convolution(const struct atoll_graph *graph)
{
	for (uint32_t i = 0; i < graph->operators; i++)
		if (graph->op[i].code == BUILTIN_CONV_2D)
			return true;
	return false;
}

/* What has dense layers and no convolution, and 8 bits at its ends. */
static void look_at(const char *folder, const char *file, void *context)
{
	struct looked_at *looked = context;
	char *path = golden_text("%s/%s", folder, file);
	struct atoll_model *model = strstr(file, "_edgetpu") ? NULL : atoll_model_load(path, NULL);
	const struct atoll_graph *graph = model ? &model->graph[0] : NULL;
	bool is_good = model && !has_convolution(graph) && graph->inputs == 1 &&
		       graph->tensor[graph->input[0]].bytes ==
			       graph->tensor[graph->input[0]].elements;
	struct atoll_compiled *compiled = is_good ? atoll_compile(
		&(struct atoll_compile_job){ .model = model }, 1, &silicon_bench_options,
		NULL, NULL) : NULL;

	if (compiled && compiled->model[0].parts > 0) {
		void *bytes = malloc(model->size);
		struct silicon_bench b;

		assert_non_null(bytes);
		memcpy(bytes, model->bytes, model->size);
		b = silicon_bench_new(bytes, model->size);
		for (uint64_t run = 0; run < 3; run++)
			compare(&b, run + 1, &looked->count);
		looked->models++;
		silicon_bench_free(&b);
	}
	atoll_compiled_free(compiled);
	atoll_model_free(model);
	free(path);
}

static void models_at_hand_give_the_answers_of_the_cpu(void **state)
{
	struct looked_at looked = { 0 };
	char *models = golden_models();

	(void)state;
	(void)check_data_path("models");
	golden_each(models, look_at, &looked);
	printf("# isa: generated: %u models with dense layers, off by one %u of %u elements "
	       "behind them\n", looked.models, looked.count.off, looked.count.elements);
	assert_true(looked.models > 0);
	assert_true(looked.count.off * 1000 <= looked.count.elements);
	free(models);
}

/* What does not fit beside the others drives them out, with another token. */
static void layers_that_do_not_fit_together_take_turns(void **state)
{
	static const struct dense_shape shapes[] = {
		{ .type = ATOLL_INT8, .inputs = 4000, .outputs = 70 },
		{ .type = ATOLL_INT8, .inputs = 70, .outputs = 3900 },
		{ .type = ATOLL_INT8, .inputs = 3900, .outputs = 8 },
	};
	struct count count = { 0 };
	struct silicon_bench b;
	size_t size;
	void *bytes = dense_chain(shapes, COUNT(shapes), 1, &size);

	(void)state;
	b = silicon_bench_new(bytes, size);
	assert_int_equal(b.parts, 2);
	assert_true(b.package[0]->main->token == SILICON_BENCH_TOKEN);
	assert_true(b.package[1]->main->token == SILICON_BENCH_TOKEN + 1);
	assert_true(b.package[1]->caching->token == SILICON_BENCH_TOKEN + 1);
	compare(&b, 1, &count);
	compare(&b, 2, &count);
	assert_int_equal(count.off, 0);
	silicon_bench_free(&b);
}

/* The mapping */

static void without_many_parts_the_first_chain_is_taken(void **state)
{
	const struct atoll_compile_options one = { .target = ATOLL_TARGET_SILICON };
	struct atoll_model *model = must_load("apps/models/keywords/keywords.tflite");
	struct atoll_compiled *compiled =
		must_compile(&(struct atoll_compile_job){ .model = model }, 1, &one);
	const struct atoll_compiled_op *op = compiled->model[0].op;

	(void)state;
	assert_int_equal(compiled->model[0].parts, 1);
	assert_int_equal(compiled->model[0].mapped, 1);
	while (op->mapping != ATOLL_MAPPED)
		op++;
	assert_int_equal(op[1].mapping, ATOLL_NOT_MAPPED_SECOND_PART);
	assert_string_equal(op[1].why, "on silicon a part is one chain of layers, and only the "
			    "first part is taken");
	atoll_compiled_free(compiled);
	atoll_model_free(model);
}

static void what_cannot_be_written_stays_on_the_cpu(void **state)
{
	struct atoll_model *model = must_load("apps/models/cards/cards.tflite");
	struct atoll_compiled *compiled = must_compile(
		&(struct atoll_compile_job){ .model = model }, 1, &silicon_bench_options);
	const struct atoll_compiled_model *it = &compiled->model[0];
	uint32_t pools = 0;

	(void)state;
	for (uint32_t i = 0; i < it->operators; i++) {
		const struct atoll_operator *op = &model->graph[0].op[i];

		if (op->code != BUILTIN_AVERAGE_POOL_2D)
			continue;
		pools++;
		assert_int_equal(it->op[i].mapping, ATOLL_NOT_MAPPED_OPERATOR);
		assert_string_equal(it->op[i].why, "AVERAGE_POOL_2D is not for target silicon "
				    "yet");
	}
	assert_true(pools > 0);
	assert_int_equal(it->op[0].mapping, ATOLL_MAPPED);
	assert_int_equal(it->op[4].mapping, ATOLL_NOT_MAPPED_LIMIT);
	assert_string_equal(it->op[4].why, "an image of 12 x 12: height and width have to be "
			    "multiples of 8 for target silicon");
	assert_true(it->size > 0);
	atoll_compiled_free(compiled);
	atoll_model_free(model);
}

static void targets_have_names_and_one_a_warning(void **state)
{
	(void)state;
	assert_string_equal(atoll_target_text(ATOLL_TARGET_EMULATOR), "emulator");
	assert_string_equal(atoll_target_text(ATOLL_TARGET_LIKE), "like");
	assert_string_equal(atoll_target_text(ATOLL_TARGET_SILICON), "silicon");
	assert_string_equal(atoll_target_text((enum atoll_compile_target)3), "?");
	assert_string_equal(atoll_target_warning(ATOLL_TARGET_SILICON),
			    "experimental: verified on the emulator, not on a chip");
	assert_null(atoll_target_warning(ATOLL_TARGET_EMULATOR));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_of_any_size_give_the_answers_of_the_cpu),
		cmocka_unit_test(activations_and_tables_of_all_kinds_are_kept),
		cmocka_unit_test(layers_in_a_row_are_one_program),
		cmocka_unit_test(chains_of_any_sizes_are_one_program),
		cmocka_unit_test(quantize_beside_a_layer_is_part_of_it),
		cmocka_unit_test(the_keywords_model_gives_the_answers_of_the_cpu),
		cmocka_unit_test(models_at_hand_give_the_answers_of_the_cpu),
		cmocka_unit_test(layers_that_do_not_fit_together_take_turns),
		cmocka_unit_test(without_many_parts_the_first_chain_is_taken),
		cmocka_unit_test(what_cannot_be_written_stays_on_the_cpu),
		cmocka_unit_test(targets_have_names_and_one_a_warning),
	};

	return CHECK_RUN(tests);
}
