/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every model of the test data as flatc reads it, field by field against what
 * atoll_model_load made of it. Files up to SMALL_BYTES with the contents of
 * their buffers, the others without, since flatc writes a line for each byte.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/model.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/flatc.h"
#include "tests/models.h"

#define SMALL_BYTES 80000

static int64_t number(const json_t *object, const char *key, int64_t absent)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_boolean(value))
		return json_is_true(value);
	assert_true(!value || json_is_integer(value));
	return value ? json_integer_value(value) : absent;
}

static const char *text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value ? json_string_value(value) : "";
}

static void compare_ints(const json_t *list, uint32_t count, const int32_t *ours)
{
	assert_int_equal(json_array_size(list), count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(json_integer_value(json_array_get(list, i)), ours[i]);
}

static void compare_bytes(const json_t *list, size_t count, const uint8_t *ours)
{
	assert_int_equal(json_array_size(list), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(json_integer_value(json_array_get(list, i)), ours[i]);
}

static void compare_quant(const json_t *json, const struct atoll_tensor *tensor)
{
	const json_t *scales = json_object_get(json, "scale");
	const json_t *zeros = json_object_get(json, "zero_point");
	const struct atoll_quant *quant = &tensor->quant;
	uint32_t bits;

	assert_int_equal(json_array_size(scales), quant->channels);
	for (uint32_t i = 0; i < quant->channels; i++) {
		memcpy(&bits, &quant->scales[i], sizeof(bits));
		assert_int_equal(json_integer_value(json_array_get(scales, i)), bits);
	}
	for (uint32_t i = 0; i < json_array_size(zeros) && quant->channels > 0; i++)
		assert_int_equal(json_integer_value(json_array_get(zeros, i)),
				 quant->zero_point);
	if (quant->channels > 1 && tensor->rank > 1)
		assert_int_equal(number(json, "quantized_dimension", 0), quant->axis);
}

/* `buffers` is NULL when contents are left out. */
static void compare_tensor(const json_t *json, const json_t *buffers,
			   const struct atoll_tensor *tensor, uint8_t is_variable)
{
	int64_t buffer = number(json, "buffer", 0);
	const json_t *data = json_object_get(json_array_get(buffers, (size_t)buffer), "data");

	assert_string_equal(text(json, "name"), tensor->name);
	assert_int_equal(number(json, "type", 0), tensor->type);
	assert_int_equal(number(json, "is_variable", 0), is_variable);
	compare_ints(json_object_get(json, "shape"), tensor->rank, tensor->dims);
	compare_quant(json_object_get(json, "quantization"), tensor);
	if (!buffers)
		return;
	if (json_array_size(data) > 0)
		compare_bytes(data, tensor->bytes, tensor->data);
	else if (tensor->elements > 0)
		assert_null(tensor->data);
}

/* The value of a scalar option, `absent` when it is not stored. */
static int64_t read_option(struct flatbuf_table options, unsigned id, uint8_t width,
			   int32_t absent)
{
	if (width == 1)
		return flatbuf_i8(options, id, (int8_t)absent);
	assert_int_equal(width, 4);
	return flatbuf_i32(options, id, absent);
}

static void compare_option(const json_t *json, struct flatbuf_table options, unsigned id,
			   const struct flatbuf_field *field)
{
	const json_t *theirs = json_object_get(json, field->name);
	struct flatbuf_vector ours;

	if (field->kind == FLATBUF_SCALARS) {
		assert_int_equal(field->width, 4);
		ours = flatbuf_vector(options, id);
		assert_int_equal(json_array_size(theirs), ours.count);
		for (uint32_t i = 0; i < ours.count; i++)
			assert_int_equal(json_integer_value(json_array_get(theirs, i)),
					 flatbuf_vector_i32(ours, i));
	} else if (!theirs) {
		/* Two defaults that both come back: there is nothing stored. */
		assert_int_equal(read_option(options, id, field->width, 1), 1);
		assert_int_equal(read_option(options, id, field->width, 2), 2);
	} else {
		int64_t value = number(json, field->name, 0);

		assert_int_equal(read_option(options, id, field->width, !value),
				 field->width == 4 ? (int32_t)value : value);
	}
}

static void compare_options(const json_t *json, const struct atoll_operator *op)
{
	const char *name = text(json, "builtin_options_type");
	const json_t *options = json_object_get(json, "builtin_options");
	const struct flatbuf_field *member;

	if (op->options_type == OPTIONS_NONE) {
		assert_true(*name == '\0' || strcmp(name, "NONE") == 0);
		return;
	}
	assert_true(op->options_type < tflite_options_type.fields);
	member = &tflite_options_type.field[op->options_type];
	assert_string_equal(name, member->name);
	assert_int_equal(op->options.at != NULL, options != NULL);
	for (uint32_t id = 0; id < member->type->fields; id++)
		if (member->type->field[id].kind != FLATBUF_UNUSED)
			compare_option(options, op->options, id, &member->type->field[id]);
}

static void compare_operator(const json_t *json, const json_t *codes,
			     const struct atoll_operator *op, bool with_contents)
{
	const json_t *code = json_array_get(codes, (size_t)number(json, "opcode_index", 0));
	const json_t *custom = json_object_get(json, "custom_options");
	int64_t old = number(code, "deprecated_builtin_code", 0);
	int64_t new = number(code, "builtin_code", 0);

	assert_int_equal(old > new ? old : new, op->code);
	assert_int_equal(number(code, "version", 1), op->version);
	assert_string_equal(op->code == BUILTIN_CUSTOM ? text(code, "custom_code") :
				    atoll_operator_name(op->code), op->name);
	compare_ints(json_object_get(json, "inputs"), op->inputs, op->input);
	compare_ints(json_object_get(json, "outputs"), op->outputs, op->output);
	compare_ints(json_object_get(json, "intermediates"), op->intermediates,
		     op->intermediate);
	compare_options(json, op);
	if (with_contents)
		compare_bytes(custom, op->custom_options_bytes, op->custom_options);
	else
		assert_int_equal(op->custom_options != NULL, custom != NULL);
}

static void compare_graph(const json_t *model, const json_t *json,
			  const struct atoll_graph *graph, bool with_contents)
{
	const json_t *tensors = json_object_get(json, "tensors");
	const json_t *operators = json_object_get(json, "operators");
	const json_t *codes = json_object_get(model, "operator_codes");
	const json_t *buffers = json_object_get(model, "buffers");

	assert_string_equal(text(json, "name"), graph->name);
	assert_int_equal(json_array_size(tensors), graph->tensors);
	for (uint32_t i = 0; i < graph->tensors; i++)
		compare_tensor(json_array_get(tensors, i), with_contents ? buffers : NULL,
			       &graph->tensor[i], graph->is_variable[i]);
	compare_ints(json_object_get(json, "inputs"), graph->inputs, graph->input);
	compare_ints(json_object_get(json, "outputs"), graph->outputs, graph->output);
	assert_int_equal(json_array_size(operators), graph->operators);
	for (uint32_t i = 0; i < graph->operators; i++)
		compare_operator(json_array_get(operators, i), codes, &graph->op[i],
				 with_contents);
}

static void compare_model(const char *path)
{
	struct atoll_error err;
	struct atoll_model *ours = atoll_model_load(path, &err);
	const json_t *graphs, *metadata;
	bool with_contents;
	json_t *theirs;

	if (!ours)
		fail_msg("%s", err.text);
	with_contents = ours->size <= SMALL_BYTES;
	theirs = flatc_model_json(path, with_contents);
	graphs = json_object_get(theirs, "subgraphs");
	metadata = json_object_get(theirs, "metadata");
	assert_string_equal(text(theirs, "description"), ours->description);
	assert_int_equal(json_array_size(graphs), ours->graphs);
	for (uint32_t i = 0; i < ours->graphs; i++)
		compare_graph(theirs, json_array_get(graphs, i), &ours->graph[i],
			      with_contents);
	assert_int_equal(json_array_size(metadata), ours->metadata);
	for (uint32_t i = 0; i < ours->metadata; i++)
		assert_string_equal(text(json_array_get(metadata, i), "name"),
				    ours->metadatum[i].name);
	json_decref(theirs);
	atoll_model_free(ours);
}

static void compare_all(const char *pattern)
{
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		compare_model(found.gl_pathv[i]);
	print_message("# %zu models compared\n", found.gl_pathc);
	globfree(&found);
}

/* Needs no test data. */
static void every_built_model_reads_as_flatc_reads_it(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < models_count(); i++) {
		char path[] = "/tmp/atoll-model-XXXXXX";
		int fd = mkstemp(path);
		size_t size;
		void *bytes = models_build(i, &size);

		assert_true(fd >= 0);
		assert_int_equal(write(fd, bytes, size), size);
		(void)close(fd);
		free(bytes);
		compare_model(path);
		(void)unlink(path);
	}
}

static void every_model_reads_as_flatc_reads_it(void **state)
{
	char pattern[4096];

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/*.tflite", check_data_path("models"));
	compare_all(pattern);
}

static void every_single_operator_model_reads_as_flatc_reads_it(void **state)
{
	char pattern[4096];

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/*/*.tflite", check_data_path("golden/ops"));
	compare_all(pattern);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_built_model_reads_as_flatc_reads_it),
		cmocka_unit_test(every_model_reads_as_flatc_reads_it),
		cmocka_unit_test(every_single_operator_model_reads_as_flatc_reads_it),
	};

	return CHECK_RUN(tests);
}
