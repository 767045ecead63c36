/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/builder.h"
#include "runtime/compiler/archive.h"
#include "runtime/edgetpu/package.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/flatc.h"
#include "tests/must.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Of these the vendor's compiler wrote the whole file. */
static const char *const pairs[] = {
	"deeplab_mobilenet_edgetpu_slim_cityscapes_quant", "dense_256", "dense_512",
	"keras_lstm_mnist_ptq", "mobilenet_v1_0.25_128_quant",
	"movenet_single_pose_lightning_ptq", "split_concat",
};

static struct atoll_model *load_bytes(const void *bytes, size_t size)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load_bytes(bytes, size, "written", &err);

	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static void must(int r, const struct atoll_error *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

/* The model with these options in place of what is mapped. */
static struct atoll_model *emit(const struct atoll_model *model, const void *options,
				size_t options_bytes, void **bytes)
{
	const struct atoll_compile_options defaults = { .runtime_version = 14 };
	const struct atoll_compile_job job = { .model = model };
	struct emit_options emitted = { .size = options_bytes };
	struct memory memory = MEMORY_UNLIMITED;
	struct compiler_graph graph;
	struct compiler_partition partition;
	enum atoll_compile_failure failure;
	struct atoll_error err;
	size_t size;

	memcpy(&emitted.bytes, &options, sizeof(options)); /* it is only read */
	must(compiler_import(model, &graph, &failure, &err), &err);
	must(compiler_partition(&graph, &job, &defaults, &memory, &partition, &err), &err);
	assert_in_range(partition.parts, 0, 1);
	must(emit_model(&graph, &partition, &emitted, bytes, &size, &err), &err);
	compiler_graph_free(&graph);
	memory_free(&memory);
	return load_bytes(*bytes, size);
}

static void same_tensor(const struct atoll_graph *a, const struct atoll_graph *b, uint32_t i)
{
	const struct atoll_tensor *x = &a->tensor[i], *y = &b->tensor[i];

	assert_string_equal(x->name, y->name);
	assert_int_equal(x->type, y->type);
	assert_int_equal(x->rank, y->rank);
	assert_memory_equal(x->dims, y->dims, x->rank * sizeof(x->dims[0]));
	assert_int_equal(x->quant.channels, y->quant.channels);
	assert_true(x->quant.scale == y->quant.scale);
	assert_int_equal(x->quant.zero_point, y->quant.zero_point);
	assert_int_equal(a->is_variable[i], b->is_variable[i]);
	assert_int_equal(!x->data, !y->data);
	if (x->data)
		assert_memory_equal(x->data, y->data, x->bytes);
}

static void same_list(const int32_t *a, uint32_t count, const int32_t *b, uint32_t others)
{
	assert_int_equal(count, others);
	assert_memory_equal(a, b, count * sizeof(*a));
}

static void same_operator(const struct atoll_operator *a, const struct atoll_operator *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->version, b->version);
	same_list(a->input, a->inputs, b->input, b->inputs);
	same_list(a->output, a->outputs, b->output, b->outputs);
	/* Where the source leaves out options the vendor writes the defaults. */
	if (a->options_type)
		assert_int_equal(a->options_type, b->options_type);
	assert_int_equal(a->custom_options_bytes, b->custom_options_bytes);
	if (a->custom_options_bytes > 0)
		assert_memory_equal(a->custom_options, b->custom_options,
				    a->custom_options_bytes);
}

static struct flatbuf_table root(const struct atoll_model *model)
{
	struct flatbuf_table table;

	assert_int_equal(flatbuf_verify(model->bytes, model->size, &tflite_model_type,
					TFLITE_IDENTIFIER, &table, NULL), 0);
	return table;
}

static void same_codes(const struct atoll_model *a, const struct atoll_model *b)
{
	struct flatbuf_vector x = flatbuf_vector(root(a), MODEL_OPERATOR_CODES);
	struct flatbuf_vector y = flatbuf_vector(root(b), MODEL_OPERATOR_CODES);

	assert_int_equal(x.count, y.count);
	for (uint32_t i = 0; i < x.count; i++) {
		struct flatbuf_table one = flatbuf_vector_table(x, i);
		struct flatbuf_table other = flatbuf_vector_table(y, i);

		assert_int_equal(flatbuf_i32(one, OPERATOR_CODE_VERSION, 1),
				 flatbuf_i32(other, OPERATOR_CODE_VERSION, 1));
		/* Old compilers have the code in another field alone. */
		if (flatbuf_has(other, OPERATOR_CODE_DEPRECATED_BUILTIN_CODE))
			assert_int_equal(
				flatbuf_i8(one, OPERATOR_CODE_DEPRECATED_BUILTIN_CODE, 0),
				flatbuf_i8(other, OPERATOR_CODE_DEPRECATED_BUILTIN_CODE, 0));
	}
	assert_int_equal(flatbuf_vector(root(a), MODEL_BUFFERS).count,
			 flatbuf_vector(root(b), MODEL_BUFFERS).count);
}

static void same_metadata(const struct atoll_model *a, const struct atoll_model *b)
{
	assert_int_equal(a->metadata, b->metadata);
	for (uint32_t i = 0; i < a->metadata; i++) {
		assert_string_equal(a->metadatum[i].name, b->metadatum[i].name);
		assert_int_equal(a->metadatum[i].size, b->metadatum[i].size);
		assert_memory_equal(a->metadatum[i].bytes, b->metadatum[i].bytes,
				    a->metadatum[i].size);
	}
}

/* Of the one file in it: the vendor's compiler packed it anew and gave it the time. */
static void forget_times(uint8_t *archive, size_t bytes)
{
	uint8_t *entry = memmem(archive, bytes, "PK\1\2", 4);

	assert_non_null(entry);
	memset(archive + 10, 0, 4);
	memset(entry + 12, 0, 4);
}

static uint8_t *copy_archive(const struct atoll_model *model, size_t *bytes)
{
	size_t begin = archive_find(model->bytes, model->size);
	uint8_t *copy;

	*bytes = model->size - begin;
	if (*bytes == 0)
		return NULL;
	copy = malloc(*bytes);
	assert_non_null(copy);
	memcpy(copy, model->bytes + begin, *bytes);
	archive_move(copy, *bytes, 0);
	forget_times(copy, *bytes);
	return copy;
}

static void same_archive(const struct atoll_model *a, const struct atoll_model *b)
{
	size_t bytes, others;
	uint8_t *one = copy_archive(a, &bytes), *other = copy_archive(b, &others);

	assert_int_equal(bytes, others);
	if (bytes > 0)
		assert_memory_equal(one, other, bytes);
	free(one);
	free(other);
}

static void same_model(const struct atoll_model *a, const struct atoll_model *b)
{
	const struct atoll_graph *x = &a->graph[0], *y = &b->graph[0];

	assert_string_equal(a->description, b->description);
	assert_int_equal(a->graphs, b->graphs);
	assert_string_equal(x->name, y->name);
	assert_int_equal(x->tensors, y->tensors);
	for (uint32_t i = 0; i < x->tensors; i++)
		same_tensor(x, y, i);
	assert_int_equal(x->operators, y->operators);
	for (uint32_t i = 0; i < x->operators; i++)
		same_operator(&x->op[i], &y->op[i]);
	same_list(x->input, x->inputs, y->input, y->inputs);
	same_list(x->output, x->outputs, y->output, y->outputs);
	same_codes(a, b);
	same_metadata(a, b);
	same_archive(a, b);
}

static void with_the_vendors_packages_files_say_what_the_vendors_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct atoll_model *model = must_load(check_data_path("models/%s.tflite",
								 pairs[i]));
		struct atoll_model *theirs = must_load(check_data_path("models/%s_edgetpu.tflite",
								  pairs[i]));
		const struct atoll_operator *op = edgetpu_next_compiled(&theirs->graph[0],
									NULL);
		void *bytes;
		struct atoll_model *ours = emit(model, op->custom_options,
						op->custom_options_bytes, &bytes);

		same_model(ours, theirs);
		atoll_model_free(ours);
		free(bytes);
		atoll_model_free(theirs);
		atoll_model_free(model);
	}
}

/* Numbers of the tensors of the model below. */
enum { UNUSED, SCORES, WEIGHTS, PICTURE, MIDDLE };

/* Two operators, the second of which nobody maps, and one tensor that nobody uses. */
static struct atoll_model *two_steps(void)
{
	static const uint8_t weights[4] = { 1, 2, 3, 4 };
	const struct atoll_builder_tensor tensors[] = {
		[UNUSED] = { .name = "unused", .type = ATOLL_UINT8 },
		[SCORES] = { .name = "scores", .type = ATOLL_FLOAT32 },
		[WEIGHTS] = { .name = "weights", .type = ATOLL_UINT8, .data = weights,
			      .bytes = 4 },
		[PICTURE] = { .name = "picture", .type = ATOLL_UINT8 },
		[MIDDLE] = { .name = "middle", .type = ATOLL_UINT8 },
	};
	struct atoll_builder *b = atoll_builder_new("made by hand");
	struct atoll_error err;
	struct atoll_model *model;
	void *bytes;
	size_t size;

	for (size_t i = 0; i < COUNT(tensors); i++) {
		struct atoll_builder_tensor tensor = tensors[i];

		tensor.rank = 2;
		tensor.dims[0] = 1;
		tensor.dims[1] = 4;
		tensor.scale = tensor.type == ATOLL_UINT8 ? 0.5f : 0;
		atoll_builder_tensor(b, &tensor);
	}
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_MAXIMUM, .version = 2, .inputs = 2,
		.input = (int32_t[]){ PICTURE, WEIGHTS }, .outputs = 1,
		.output = (int32_t[]){ MIDDLE } });
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_DEQUANTIZE, .version = 2, .inputs = 1,
		.input = (int32_t[]){ MIDDLE }, .outputs = 1,
		.output = (int32_t[]){ SCORES } });
	atoll_builder_inputs(b, 1, (int32_t[]){ PICTURE });
	atoll_builder_outputs(b, 1, (int32_t[]){ SCORES });
	atoll_builder_graph_name(b, "steps");
	atoll_builder_metadata(b, "min_runtime_version", "1.5.0", 6);
	atoll_builder_metadata(b, "TFLITE_METADATA", "about it", 9);
	must(atoll_builder_finish(b, &bytes, &size, &err), &err);
	atoll_builder_free(b);
	model = atoll_model_take_bytes(bytes, size, "two steps", &err);
	assert_non_null(model);
	return model;
}

static void *write_two_steps(const struct atoll_model *model,
			     const struct compiler_partition *partition, size_t *size)
{
	const struct compiler_graph graph = { .model = model, .graph = &model->graph[0] };
	char options[] = "any options";
	const struct emit_options emitted = { options, sizeof(options) };
	struct atoll_error err;
	void *bytes;

	must(emit_model(&graph, partition, &emitted, &bytes, size, &err), &err);
	return bytes;
}

/* The first mapped: picture, middle and scores are left, in the old order. */
static void *write_first_mapped(const struct atoll_model *model, size_t *size)
{
	const struct compiler_part part = {
		.operators = 1, .op = (uint32_t[]){ 0 },
		.inputs = 1, .input = (int32_t[]){ PICTURE },
		.outputs = 1, .output = (int32_t[]){ MIDDLE },
	};
	const struct compiler_partition partition = {
		.parts = 1, .part = &part, .steps = 2, .step = (int32_t[]){ -1, 1 },
	};

	return write_two_steps(model, &partition, size);
}

static void tensors_that_are_left_keep_their_order(void **state)
{
	struct atoll_model *model = two_steps(), *ours;
	const struct atoll_graph *graph;
	size_t size;
	void *bytes = write_first_mapped(model, &size);

	(void)state;
	ours = load_bytes(bytes, size);
	graph = &ours->graph[0];
	assert_int_equal(graph->tensors, 3);
	assert_string_equal(graph->tensor[0].name, "scores");
	assert_string_equal(graph->tensor[1].name, "picture");
	assert_string_equal(graph->tensor[2].name, "middle");
	assert_int_equal(graph->operators, 2);
	assert_string_equal(graph->op[0].name, EDGETPU_OPERATOR);
	assert_string_equal(graph->op[1].name, "DEQUANTIZE");
	assert_int_equal(graph->op[0].input[0], 1);
	assert_int_equal(graph->op[0].output[0], 2);
	assert_int_equal(graph->op[1].input[0], 2);
	assert_int_equal(graph->input[0], 1);
	assert_int_equal(graph->output[0], 0);
	assert_memory_equal(graph->op[0].custom_options, "any options", 12);
	atoll_model_free(ours);
	free(bytes);
	atoll_model_free(model);
}

static void words_and_versions_are_those_of_the_vendors_compiler(void **state)
{
	struct atoll_model *model = two_steps(), *ours;
	size_t size;
	void *bytes = write_first_mapped(model, &size);

	(void)state;
	ours = load_bytes(bytes, size);
	assert_string_equal(ours->description, "Exported from Subgraph.");
	assert_string_equal(ours->graph[0].name, "steps");
	assert_int_equal(ours->graph[0].op[0].version, 1);
	assert_int_equal(ours->graph[0].op[1].version, 1);
	assert_int_equal(ours->metadata, 1);
	assert_string_equal(ours->metadatum[0].name, "TFLITE_METADATA");
	assert_int_equal(ours->metadatum[0].size, 9);
	assert_int_equal(flatbuf_vector(root(ours), MODEL_BUFFERS).count, 2);
	atoll_model_free(ours);
	free(bytes);
	atoll_model_free(model);
}

static void a_model_of_which_nothing_is_mapped_is_written_as_it_is(void **state)
{
	const struct compiler_partition partition = {
		.steps = 2, .step = (int32_t[]){ 0, 1 },
	};
	struct atoll_model *model = two_steps(), *ours;
	size_t size;
	void *bytes = write_two_steps(model, &partition, &size);

	(void)state;
	ours = load_bytes(bytes, size);
	assert_int_equal(ours->graph[0].tensors, 4);
	assert_int_equal(ours->graph[0].operators, 2);
	assert_string_equal(ours->graph[0].op[0].name, "MAXIMUM");
	assert_memory_equal(ours->graph[0].tensor[1].data, "\1\2\3\4", 4);
	atoll_model_free(ours);
	free(bytes);
	atoll_model_free(model);
}

static void flatc_reads_what_was_written(void **state)
{
	struct atoll_model *model = two_steps();
	size_t size;
	void *bytes = write_first_mapped(model, &size);
	json_t *json = flatc_json(TFLITE_SCHEMA, bytes, size);
	json_t *graph = json_array_get(json_object_get(json, "subgraphs"), 0);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(graph, "tensors")), 3);
	assert_int_equal(json_array_size(json_object_get(graph, "operators")), 2);
	assert_string_equal(json_string_value(json_object_get(graph, "name")), "steps");
	json_decref(json);
	free(bytes);
	atoll_model_free(model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_the_vendors_packages_files_say_what_the_vendors_say),
		cmocka_unit_test(tensors_that_are_left_keep_their_order),
		cmocka_unit_test(words_and_versions_are_those_of_the_vendors_compiler),
		cmocka_unit_test(a_model_of_which_nothing_is_mapped_is_written_as_it_is),
		cmocka_unit_test(flatc_reads_what_was_written),
	};

	return CHECK_RUN(tests);
}
