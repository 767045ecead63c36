/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/builder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/model.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/flatc.h"
#include "tests/models.h"

/* Model `which` of tests/models.c, loaded; *bytes must be freed after it. */
static struct atoll_model *load(uint32_t which, void **bytes)
{
	struct atoll_model *model;
	struct atoll_error err;
	size_t size;

	*bytes = models_build(which, &size);
	model = atoll_model_load_bytes(*bytes, size, "built", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static void free_both(struct atoll_model *model, void *bytes)
{
	atoll_model_free(model);
	free(bytes);
}

static void tensors_come_back_as_they_were_given(void **state)
{
	void *bytes;
	struct atoll_model *model = load(1, &bytes);
	const struct atoll_graph *graph = &model->graph[0];
	const struct atoll_tensor *filter = &graph->tensor[2], *out = &graph->tensor[5];

	(void)state;
	assert_string_equal(model->description, "for tests");
	assert_int_equal(model->graphs, 1);
	assert_string_equal(graph->name, "main");
	assert_int_equal(graph->tensors, 6);

	assert_string_equal(filter->name, "filter");
	assert_int_equal(filter->type, ATOLL_INT8);
	assert_int_equal(filter->rank, 4);
	assert_int_equal(filter->dims[0], 2);
	assert_int_equal(filter->dims[3], 1);
	assert_int_equal(filter->bytes, 18);
	assert_int_equal(((const int8_t *)filter->data)[8], 9);
	assert_int_equal(filter->quant.channels, 2);
	assert_int_equal(filter->quant.axis, 0);
	assert_true(filter->quant.scales[1] == 0.125f);
	assert_int_equal(filter->quant.zero_point, 0);

	assert_null(out->data);
	assert_int_equal(out->quant.channels, 1);
	assert_true(out->quant.scale == 0.25f);
	assert_int_equal(out->quant.zero_point, -3);
	free_both(model, bytes);
}

static void operators_come_back_with_their_options(void **state)
{
	void *bytes;
	struct atoll_model *model = load(1, &bytes);
	const struct atoll_operator *conv = &model->graph[0].op[0];
	const struct atoll_operator *reshape = &model->graph[0].op[1];
	struct flatbuf_vector shape;

	(void)state;
	assert_int_equal(model->graph[0].operators, 2);
	assert_string_equal(conv->name, "CONV_2D");
	assert_int_equal(conv->version, 3);
	assert_int_equal(conv->inputs, 3);
	assert_int_equal(conv->input[2], 3);
	assert_int_equal(conv->options_type, OPTIONS_CONV_2D);
	assert_int_equal(flatbuf_i8(conv->options, CONV_2D_PADDING, 9), PADDING_VALID);
	assert_int_equal(flatbuf_i32(conv->options, CONV_2D_STRIDE_H, 9), 1);
	assert_int_equal(flatbuf_i8(conv->options, CONV_2D_FUSED_ACTIVATION, 9), 9);

	assert_int_equal(reshape->version, 1);
	shape = flatbuf_vector(reshape->options, RESHAPE_NEW_SHAPE);
	assert_int_equal(shape.count, 2);
	assert_int_equal(flatbuf_vector_i32(shape, 1), 18);
	free_both(model, bytes);
}

static void codes_above_127_and_left_out_inputs_come_back(void **state)
{
	void *bytes;
	struct atoll_model *model = load(2, &bytes);
	const struct atoll_operator *op = model->graph[0].op;

	(void)state;
	assert_int_equal(op[0].inputs, 3);
	assert_int_equal(op[0].input[2], -1);
	assert_non_null(op[0].options.at);
	assert_true(flatbuf_f32(op[1].options, SOFTMAX_BETA, 0) == 1.0f);
	assert_int_equal(op[2].code, BUILTIN_BROADCAST_TO);
	free_both(model, bytes);
}

static void custom_operators_and_variables_come_back(void **state)
{
	void *bytes;
	struct atoll_model *model = load(3, &bytes);
	const struct atoll_operator *op = model->graph[0].op;

	(void)state;
	assert_int_equal(op->code, BUILTIN_CUSTOM);
	assert_string_equal(op->name, "Remember");
	assert_int_equal(op->custom_options_bytes, 3);
	assert_memory_equal(op->custom_options, "\x07\x04\x01", 3);
	assert_int_equal(op->intermediates, 2);
	assert_int_equal(op->intermediate[1], -1);
	assert_true(model->graph[0].is_variable[3]);
	assert_false(model->graph[0].is_variable[0]);
	free_both(model, bytes);
}

static void metadata_and_the_name_of_the_graph_come_back(void **state)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	struct atoll_builder_tensor tensor = { .type = ATOLL_UINT8, .rank = 1, .dims = { 4 },
					       .data = "abcd", .bytes = 4 };
	struct atoll_model *model;
	struct atoll_error err;
	void *bytes;
	size_t size;

	(void)state;
	atoll_builder_graph_name(b, "other");
	atoll_builder_tensor(b, &tensor);
	atoll_builder_metadata(b, "first", "12345", 5);
	atoll_builder_metadata(b, "second", NULL, 0);
	assert_int_equal(atoll_builder_finish(b, &bytes, &size, &err), 0);
	atoll_builder_free(b);
	model = atoll_model_load_bytes(bytes, size, "built", &err);
	if (!model)
		fail_msg("%s", err.text);
	assert_string_equal(model->graph[0].name, "other");
	assert_memory_equal(model->graph[0].tensor[0].data, "abcd", 4);
	assert_int_equal(model->metadata, 2);
	assert_string_equal(model->metadatum[0].name, "first");
	assert_int_equal(model->metadatum[0].size, 5);
	assert_memory_equal(model->metadatum[0].bytes, "12345", 5);
	assert_string_equal(model->metadatum[1].name, "second");
	assert_int_equal(model->metadatum[1].size, 0);
	free_both(model, bytes);
}

static void equal_calls_give_equal_bytes(void **state)
{
	size_t size, again;

	(void)state;
	for (uint32_t i = 0; i < models_count(); i++) {
		void *first = models_build(i, &size), *second = models_build(i, &again);

		assert_int_equal(size, again);
		assert_memory_equal(first, second, size);
		free(first);
		free(second);
	}
}

static void constants_lie_at_multiples_of_16(void **state)
{
	void *bytes;
	struct atoll_model *model = load(1, &bytes);
	unsigned constants = 0;

	(void)state;
	for (uint32_t i = 0; i < model->graph[0].tensors; i++) {
		const uint8_t *data = model->graph[0].tensor[i].data;

		if (!data)
			continue;
		assert_int_equal((data - model->bytes) % 16, 0);
		constants++;
	}
	assert_int_equal(constants, 3);
	free_both(model, bytes);
}

/* The whole comparison is test_runtime_model_flatc.c's; this one needs no data. */
static void flatc_reads_what_was_built(void **state)
{
	size_t size;

	(void)state;
	for (uint32_t i = 0; i < models_count(); i++) {
		void *bytes = models_build(i, &size);
		json_t *json = flatc_json(TFLITE_SCHEMA, bytes, size);
		const json_t *graph = json_array_get(json_object_get(json, "subgraphs"), 0);
		const json_t *op = json_array_get(json_object_get(graph, "operators"), 0);

		assert_int_equal(json_integer_value(json_object_get(json, "version")), 3);
		assert_string_equal(json_string_value(json_object_get(json, "description")),
				    "for tests");
		assert_true(json_array_size(json_object_get(op, "inputs")) > 0);
		if (i == 1) {
			const json_t *options = json_object_get(op, "builtin_options");

			assert_string_equal(json_string_value(
				json_object_get(op, "builtin_options_type")), "Conv2DOptions");
			assert_string_equal(json_string_value(
				json_object_get(options, "padding")), "VALID");
		}
		json_decref(json);
		free(bytes);
	}
}

static struct atoll_builder_tensor plain_tensor(void)
{
	return (struct atoll_builder_tensor){
		.name = "t", .type = ATOLL_UINT8, .rank = 1, .dims = { 2 } };
}

/* Finish a builder with one tensor, expecting a refusal. */
static void refuse_tensor(struct atoll_builder_tensor tensor, const char *sentence)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	struct atoll_error err;
	void *bytes = b;
	size_t size = 17;

	assert_int_equal(atoll_builder_tensor(b, &tensor), 0);
	assert_int_equal(atoll_builder_finish(b, &bytes, &size, &err), -EINVAL);
	assert_string_equal(err.text, sentence);
	assert_ptr_equal(bytes, b);
	assert_int_equal(size, 17);
	atoll_builder_free(b);
}

static void tensors_that_cannot_be_are_refused_at_finish(void **state)
{
	static const float scales[3] = { 1, 2, 3 };
	struct atoll_builder_tensor t;

	(void)state;
	t = plain_tensor();
	t.rank = 9;
	refuse_tensor(t, "tensor 0: 9 dimensions, at most 8 fit");
	t = plain_tensor();
	t.channels = 2;
	refuse_tensor(t, "tensor 0: no scales for 2 channels");
	t.scales = scales;
	t.axis = 1;
	refuse_tensor(t, "tensor 0: axis 1 of 1");
	t.axis = 0;
	t.channels = 3;
	refuse_tensor(t, "tensor 0: 3 scales for dimension 0 of 2");
	t = plain_tensor();
	t.bytes = 2;
	refuse_tensor(t, "tensor 0: 2 bytes of no data");
}

static void refuse_operator(struct atoll_builder_operator op, const char *sentence)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	struct atoll_builder_tensor tensor = plain_tensor();
	struct atoll_error err;
	void *bytes;
	size_t size;

	atoll_builder_tensor(b, &tensor);
	atoll_builder_operator(b, &op);
	assert_int_equal(atoll_builder_finish(b, &bytes, &size, &err), -EINVAL);
	assert_string_equal(err.text, sentence);
	atoll_builder_free(b);
}

static void operators_that_cannot_be_are_refused_at_finish(void **state)
{
	struct atoll_builder_option option = { .kind = ATOLL_OPTION_I8, .id = 20 };

	(void)state;
	refuse_operator((struct atoll_builder_operator){ .inputs = 1,
			.input = (int32_t[]){ 1 } },
			"inputs of operator 0: tensor 1 of 1");
	refuse_operator((struct atoll_builder_operator){ .outputs = 1,
			.output = (int32_t[]){ -1 } },
			"outputs of operator 0: tensor -1 of 1");
	refuse_operator((struct atoll_builder_operator){ .intermediates = 1,
			.intermediate = (int32_t[]){ -2 } },
			"intermediates of operator 0: tensor -2 of 1");
	refuse_operator((struct atoll_builder_operator){ .inputs = 1 },
			"inputs of operator 0: no list");
	refuse_operator((struct atoll_builder_operator){ .options = 1, .option = &option },
			"operator 0: options have at most 20 fields");
}

static void ends_of_the_graph_that_are_not_there_are_refused(void **state)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	struct atoll_error err;
	void *bytes;
	size_t size;

	(void)state;
	atoll_builder_outputs(b, 1, (int32_t[]){ 0 });
	assert_int_equal(atoll_builder_finish(b, &bytes, &size, &err), -EINVAL);
	assert_string_equal(err.text, "outputs of graph 0: tensor 0 of 0");
	atoll_builder_free(b);
}

static void the_first_mistake_is_the_one_that_is_told(void **state)
{
	struct atoll_builder *b = atoll_builder_new("two mistakes");
	struct atoll_builder_tensor tensor = plain_tensor();
	struct atoll_error err;
	void *bytes;
	size_t size;

	(void)state;
	tensor.rank = 10;
	atoll_builder_tensor(b, &tensor);
	tensor.rank = 11;
	atoll_builder_tensor(b, &tensor);
	assert_int_equal(atoll_builder_finish(b, &bytes, &size, &err), -EINVAL);
	assert_string_equal(err.text, "tensor 0: 10 dimensions, at most 8 fit");
	atoll_builder_free(b);
}

/* One million elements, so that everything that grows grows several times. */
static void many_operators_and_large_constants_fit(void **state)
{
	struct atoll_builder *b = atoll_builder_new("many");
	size_t bytes_large = 1 << 20, size;
	struct atoll_builder_tensor tensor = plain_tensor();
	void *large = calloc(1, bytes_large), *bytes;
	struct atoll_model *model;
	struct atoll_error err;
	int32_t in, out;

	(void)state;
	((uint8_t *)large)[bytes_large - 1] = 77;
	in = atoll_builder_tensor(b, &tensor);
	atoll_builder_inputs(b, 1, &in);
	for (int i = 0; i < 500; i++) {
		out = atoll_builder_tensor(b, &tensor);
		atoll_builder_operator(b, &(struct atoll_builder_operator){
			.code = i % 2 ? BUILTIN_RELU : BUILTIN_RELU6, .inputs = 1,
			.input = &in, .outputs = 1, .output = &out });
		in = out;
	}
	atoll_builder_outputs(b, 1, &out);
	tensor.dims[0] = (int32_t)bytes_large;
	tensor.data = large;
	tensor.bytes = bytes_large;
	atoll_builder_tensor(b, &tensor);
	assert_int_equal(atoll_builder_finish(b, &bytes, &size, &err), 0);
	atoll_builder_free(b);
	free(large);

	model = atoll_model_load_bytes(bytes, size, "many", &err);
	assert_non_null(model);
	assert_int_equal(model->graph[0].operators, 500);
	assert_int_equal(model->graph[0].op[499].code, BUILTIN_RELU);
	assert_int_equal(((uint8_t *)model->graph[0].tensor[501].data)[bytes_large - 1], 77);
	free_both(model, bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tensors_come_back_as_they_were_given),
		cmocka_unit_test(operators_come_back_with_their_options),
		cmocka_unit_test(codes_above_127_and_left_out_inputs_come_back),
		cmocka_unit_test(custom_operators_and_variables_come_back),
		cmocka_unit_test(metadata_and_the_name_of_the_graph_come_back),
		cmocka_unit_test(equal_calls_give_equal_bytes),
		cmocka_unit_test(constants_lie_at_multiples_of_16),
		cmocka_unit_test(flatc_reads_what_was_built),
		cmocka_unit_test(tensors_that_cannot_be_are_refused_at_finish),
		cmocka_unit_test(operators_that_cannot_be_are_refused_at_finish),
		cmocka_unit_test(ends_of_the_graph_that_are_not_there_are_refused),
		cmocka_unit_test(the_first_mistake_is_the_one_that_is_told),
		cmocka_unit_test(many_operators_and_large_constants_fit),
	};

	return CHECK_RUN(tests);
}
