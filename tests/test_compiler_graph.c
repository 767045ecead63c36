/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/graph.h"

#include <stdio.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/drawn.h"
#include "tests/flatc.h"
#include "tests/graph.h"
#include "tests/sample.h"

#define ROW(what, number) { .name = (what), .type = (number), .rank = 2, .dims = { 1, 4 } }
#define QUANTIZED(what) { .name = (what), .type = ATOLL_INT8, .rank = 2, .dims = { 1, 4 }, \
			  .scale = 0.5f, .zero_point = -3 }

static const struct atoll_builder_tensor quantized = QUANTIZED("quantized"),
	real = ROW("real", ATOLL_FLOAT32);

static struct atoll_model *load(struct graph *g)
{
	drawn_load(g, "test.tflite");
	return g->model;
}

static void accept(struct graph *g)
{
	struct compiler_graph graph;
	struct atoll_error err;

	if (compiler_import(load(g), &graph, NULL, &err) < 0)
		fail_msg("%s", err.text);
	compiler_graph_free(&graph);
	graph_free(g);
}

static void refuse_model(const struct atoll_model *model, enum atoll_compile_failure failure,
			 const char *words)
{
	enum atoll_compile_failure told = ATOLL_COMPILE_OTHER;
	struct compiler_graph graph;
	struct atoll_error err;
	int r = compiler_import(model, &graph, &told, &err);

	assert_true(r < 0);
	assert_int_equal(err.code, r);
	assert_int_equal(told, failure);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in '%s'", words, err.text);
	/* Who asks for no reason gets none. */
	assert_int_equal(compiler_import(model, &graph, NULL, NULL), r);
	compiler_graph_free(&graph);
}

static void refuse(struct graph *g, enum atoll_compile_failure failure, const char *words)
{
	refuse_model(load(g), failure, words);
	graph_free(g);
}

static void one(struct graph *g, uint32_t code, int32_t in, int32_t out)
{
	graph_operator(g, code, tflite_operator_options(code), 0, NULL, 1, &in, 1, &out);
}

static void who_computes_and_who_reads_is_known(void **state)
{
	struct graph g = graph_new();
	int32_t a = graph_input(&g, &quantized), b = graph_tensor(&g, &quantized);
	int32_t c = graph_output(&g, &quantized), d = graph_output(&g, &quantized);
	struct compiler_graph graph;
	struct atoll_error err;

	(void)state;
	one(&g, BUILTIN_RELU, a, b);
	graph_operator(&g, BUILTIN_MUL, OPTIONS_MUL, 0, NULL, 2, (int32_t[]){ b, b }, 1, &c);
	graph_operator(&g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2, (int32_t[]){ a, b }, 1, &d);
	assert_int_equal(compiler_import(load(&g), &graph, NULL, &err), 0);
	assert_int_equal(graph.producer[a], -1);
	assert_int_equal(graph.producer[b], 0);
	assert_int_equal(graph.producer[d], 2);
	assert_false(graph.is_output[b]);
	assert_true(graph.is_output[c]);
	/* Once, though MUL reads it twice. */
	assert_int_equal(graph.first_reader[b + 1] - graph.first_reader[b], 2);
	assert_int_equal(graph.reader[graph.first_reader[b]], 1);
	assert_int_equal(graph.reader[graph.first_reader[b] + 1], 2);
	assert_int_equal(graph.first_reader[a + 1] - graph.first_reader[a], 2);
	assert_int_equal(graph.first_reader[c + 1] - graph.first_reader[c], 0);
	assert_false(compiler_is_constant(&graph, a));
	assert_false(compiler_is_constant(&graph, -1));
	compiler_graph_free(&graph);
	graph_free(&g);
}

static void a_float_model_is_not_quantized(void **state)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &real), out = graph_output(&g, &real);

	(void)state;
	one(&g, BUILTIN_RELU, in, out);
	refuse(&g, ATOLL_COMPILE_NOT_QUANTIZED, "test.tflite: not quantized");
}

static void weights_alone_do_not_make_it_quantized(void **state)
{
	static const int8_t weights[16] = { 1, 2, 3 };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &real), out = graph_output(&g, &real);
	int32_t w = graph_tensor(&g, &(struct atoll_builder_tensor){
		.name = "weights", .type = ATOLL_INT8, .rank = 2, .dims = { 4, 4 },
		.scale = 0.5f, .data = weights, .bytes = sizeof(weights) });

	(void)state;
	graph_operator(&g, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 0, NULL, 3,
		       (int32_t[]){ in, w, -1 }, 1, &out);
	refuse(&g, ATOLL_COMPILE_NOT_QUANTIZED, "none of 1 operators");
}

static void quantizing_only_to_go_back_computes_nothing(void **state)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &real), middle = graph_tensor(&g, &quantized);
	int32_t out = graph_output(&g, &real);

	(void)state;
	one(&g, BUILTIN_QUANTIZE, in, middle);
	one(&g, BUILTIN_DEQUANTIZE, middle, out);
	refuse(&g, ATOLL_COMPILE_NOT_QUANTIZED, "none of 2 operators");
}

static void bytes_without_a_scale_are_not_quantized(void **state)
{
	static const struct atoll_builder_tensor bytes = ROW("bytes", ATOLL_UINT8);
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &bytes), out = graph_output(&g, &real);

	(void)state;
	one(&g, BUILTIN_CAST, in, out);
	refuse(&g, ATOLL_COMPILE_NOT_QUANTIZED, "not quantized");
}

static void a_quantized_model_may_have_a_float_shell(void **state)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &real), first = graph_tensor(&g, &quantized);
	int32_t second = graph_tensor(&g, &quantized), out = graph_output(&g, &real);

	(void)state;
	one(&g, BUILTIN_QUANTIZE, in, first);
	one(&g, BUILTIN_RELU, first, second);
	one(&g, BUILTIN_DEQUANTIZE, second, out);
	accept(&g);
}

static void a_model_without_weights_may_be_quantized(void **state)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &quantized), out = graph_output(&g, &quantized);

	(void)state;
	one(&g, BUILTIN_RELU, in, out);
	accept(&g);
}

static void an_operator_without_a_kernel_is_named(void **state)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &quantized), out = graph_output(&g, &quantized);

	(void)state;
	one(&g, BUILTIN_LSH_PROJECTION, in, out);
	refuse(&g, ATOLL_COMPILE_NO_KERNEL,
	       "test.tflite: operator 0 LSH_PROJECTION: no kernel");
}

static void a_version_without_a_kernel_is_named(void **state)
{
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &quantized), out = graph_output(&g, &quantized);

	(void)state;
	atoll_builder_operator(g.builder, &(struct atoll_builder_operator){
		.code = BUILTIN_RELU, .version = 99, .inputs = 1, .input = &in,
		.outputs = 1, .output = &out });
	refuse(&g, ATOLL_COMPILE_NO_KERNEL, "operator 0 RELU: version 99, at most");
}

static void custom(struct graph *g, const char *name)
{
	int32_t in = graph_input(g, &quantized), out = graph_output(g, &quantized);

	atoll_builder_operator(g->builder, &(struct atoll_builder_operator){
		.code = BUILTIN_CUSTOM, .custom = name, .inputs = 1, .input = &in,
		.outputs = 1, .output = &out });
}

static void a_custom_operator_nobody_knows_is_named(void **state)
{
	struct graph g = graph_new();

	(void)state;
	custom(&g, "Mystery");
	refuse(&g, ATOLL_COMPILE_NO_KERNEL, "operator 0 Mystery: no kernel");
}

static void what_was_compiled_is_not_compiled_again(void **state)
{
	struct graph g = graph_new();

	(void)state;
	custom(&g, "edgetpu-custom-op");
	refuse(&g, ATOLL_COMPILE_NO_KERNEL, "edgetpu-custom-op: was compiled already");
}

static void what_kernels_do_not_take_is_refused(void **state)
{
	static const struct atoll_builder_tensor other = { .name = "other",
		.type = ATOLL_INT8, .rank = 2, .dims = { 1, 3 }, .scale = 0.5f };
	struct graph g = graph_new();
	int32_t a = graph_input(&g, &quantized), b = graph_input(&g, &other);
	int32_t out = graph_output(&g, &quantized);

	(void)state;
	graph_operator(&g, BUILTIN_ADD, OPTIONS_ADD, 0, NULL, 2, (int32_t[]){ a, b }, 1, &out);
	refuse(&g, ATOLL_COMPILE_NO_KERNEL, "test.tflite: operator 0: ADD");
}

static void a_shape_that_is_computed_is_dynamic(void **state)
{
	static const struct atoll_builder_tensor shape = { .name = "shape",
		.type = ATOLL_INT32, .rank = 1, .dims = { 2 } };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &quantized), to = graph_input(&g, &shape);
	int32_t middle = graph_tensor(&g, &quantized), out = graph_output(&g, &quantized);

	(void)state;
	one(&g, BUILTIN_RELU, in, middle);
	graph_operator(&g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 0, NULL, 2,
		       (int32_t[]){ middle, to }, 1, &out);
	refuse(&g, ATOLL_COMPILE_DYNAMIC, "operator 1 RESHAPE: the size of its output is "
	       "known only at run time");
}

static void a_size_that_the_operator_does_not_make_is_refused(void **state)
{
	struct atoll_builder_tensor larger = quantized;
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &quantized), out;

	(void)state;
	larger.dims[0] = 1000000;
	out = graph_output(&g, &larger);
	one(&g, BUILTIN_RELU, in, out);
	refuse(&g, ATOLL_COMPILE_OTHER, "operator 0 RELU: its output is 1x4, the file says "
	       "1000000x4");
}

static void a_shape_that_follows_from_shapes_is_known(void **state)
{
	static const struct atoll_builder_tensor shape = { .name = "shape",
		.type = ATOLL_INT32, .rank = 1, .dims = { 2 } };
	const struct atoll_builder_option type = {
		.kind = ATOLL_OPTION_I8, .id = SHAPE_OUT_TYPE, .i = ATOLL_INT32 };
	struct graph g = graph_new();
	int32_t in = graph_input(&g, &quantized), to = graph_tensor(&g, &shape);
	int32_t out = graph_output(&g, &quantized);

	(void)state;
	graph_operator(&g, BUILTIN_SHAPE, OPTIONS_SHAPE, 1, &type, 1, &in, 1, &to);
	graph_operator(&g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 0, NULL, 2,
		       (int32_t[]){ in, to }, 1, &out);
	accept(&g);
}

/* RELU over [1][1][4], whose file says what is known of its size. */
static struct atoll_model *signed_model(const char *signature)
{
	struct atoll_model *model;
	struct atoll_error err;
	char json[1024];
	size_t size;
	void *bytes;

	snprintf(json, sizeof(json), "{version: 3, operator_codes: [{deprecated_builtin_code: 19,"
		 "builtin_code: \"RELU\"}], buffers: [{}], subgraphs: [{tensors: ["
		 "{shape: [1, 1, 4], type: \"INT8\", name: \"in\", shape_signature: %s,"
		 " quantization: {scale: [0.5], zero_point: [0]}},"
		 "{shape: [1, 1, 4], type: \"INT8\", name: \"out\", shape_signature: %s,"
		 " quantization: {scale: [0.5], zero_point: [0]}}],"
		 "inputs: [0], outputs: [1], operators: [{inputs: [0], outputs: [1]}]}]}",
		 signature, signature);
	bytes = flatc_binary(TFLITE_SCHEMA, json, &size);
	model = atoll_model_take_bytes(bytes, size, "signed.tflite", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static void sizes_that_the_file_leaves_open_are_dynamic(void **state)
{
	struct atoll_model *model = signed_model("[-1, -1, 4]");

	(void)state;
	refuse_model(model, ATOLL_COMPILE_DYNAMIC, "signed.tflite: tensor in: dimension 1");
	atoll_model_free(model);
}

static void an_open_batch_is_a_batch_of_one(void **state)
{
	struct atoll_model *model = signed_model("[-1, 1, 4]");
	struct compiler_graph graph;
	struct atoll_error err;

	(void)state;
	if (compiler_import(model, &graph, NULL, &err) < 0)
		fail_msg("%s", err.text);
	compiler_graph_free(&graph);
	atoll_model_free(model);
}

static void a_classifier_is_imported(void **state)
{
	struct graph g = sample_classifier();

	(void)state;
	accept(&g);
}

/* Among them batches left open (dense_256), a custom operator (posenet), no weights
   (split_concat), and a float shell (movenet). */
static void shared_models_are_imported(void **state)
{
	static const char *const names[] = {
		"dense_256", "keras_lstm_mnist_ptq", "movenet_single_pose_lightning_ptq",
		"posenet_mobilenet_v1_075_353_481_16_quant_decoder", "split_concat",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct atoll_error err;
		struct atoll_model *model = atoll_model_load(
			check_data_path("models/%s.tflite", names[i]), &err);
		struct compiler_graph graph;

		if (!model || compiler_import(model, &graph, NULL, &err) < 0)
			fail_msg("%s", err.text);
		compiler_graph_free(&graph);
		atoll_model_free(model);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_computes_and_who_reads_is_known),
		cmocka_unit_test(a_float_model_is_not_quantized),
		cmocka_unit_test(weights_alone_do_not_make_it_quantized),
		cmocka_unit_test(quantizing_only_to_go_back_computes_nothing),
		cmocka_unit_test(bytes_without_a_scale_are_not_quantized),
		cmocka_unit_test(a_quantized_model_may_have_a_float_shell),
		cmocka_unit_test(a_model_without_weights_may_be_quantized),
		cmocka_unit_test(an_operator_without_a_kernel_is_named),
		cmocka_unit_test(a_version_without_a_kernel_is_named),
		cmocka_unit_test(a_custom_operator_nobody_knows_is_named),
		cmocka_unit_test(what_was_compiled_is_not_compiled_again),
		cmocka_unit_test(what_kernels_do_not_take_is_refused),
		cmocka_unit_test(a_shape_that_is_computed_is_dynamic),
		cmocka_unit_test(a_size_that_the_operator_does_not_make_is_refused),
		cmocka_unit_test(a_shape_that_follows_from_shapes_is_known),
		cmocka_unit_test(sizes_that_the_file_leaves_open_are_dynamic),
		cmocka_unit_test(an_open_batch_is_a_batch_of_one),
		cmocka_unit_test(a_classifier_is_imported),
		cmocka_unit_test(shared_models_are_imported),
	};

	return CHECK_RUN(tests);
}
